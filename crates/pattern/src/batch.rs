//! One question a line, one answer a line (`probity pattern --batch`): whether a pattern
//! compiles and accepts a text, or how two patterns relate.

use serde_json::{Map, Value, json};

use super::automaton::Automaton;
use super::dialect::{Dialect, Mode};
use super::language;
use super::parse::ParseError;
use super::product::Budget;
use super::relation::{self, Kind};

/// Answers questions; keeps the automata of recent patterns.
#[derive(Debug, Default)]
pub struct Batch {
    recent: Vec<(Asked, Automaton)>,
}

/// How many automata are kept.
const KEPT: usize = 16;

/// A pair is decided within this, else the answer is "unknown".
const PAIR: Budget = Budget {
    nodes: 60_000,
    steps: 1_000_000,
};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    pattern: String,
    dialect: Dialect,
    mode: Mode,
}

impl Batch {
    /// Nothing kept yet.
    pub fn new() -> Batch {
        Batch::default()
    }

    /// The answer to one line. Never fails: what is no question gets `{"error": …}`.
    ///
    /// ```
    /// let mut batch = probity_pattern::batch::Batch::new();
    /// let answer = batch.answer(
    ///     r#"{"pattern": "^a$", "dialect": "python", "mode": "search", "input": "a\n"}"#,
    /// );
    /// assert_eq!(answer.to_string(), r#"{"compiles":true,"accepts":true}"#);
    /// ```
    pub fn answer(&mut self, line: &str) -> Value {
        let question: Map<String, Value> = match serde_json::from_str(line) {
            Ok(question) => question,
            Err(_) if line.trim().is_empty() => return json!({ "error": "an empty line" }),
            Err(_) if serde_json::from_str::<Map<String, Value>>(&whole(line)).is_ok() => {
                return json!({ "unsupported": "a lone surrogate: texts are Unicode here" });
            }
            Err(error) => return json!({ "error": format!("not a JSON object: {error}") }),
        };
        let answered = if question.contains_key("a") || question.contains_key("b") {
            self.relate(&question)
        } else {
            self.accept(&question)
        };
        answered.unwrap_or_else(|error| json!({ "error": error }))
    }

    fn accept(&mut self, question: &Map<String, Value>) -> Result<Value, String> {
        let asked = asked(question)?;
        let input = match question.get("input") {
            Some(Value::String(input)) => Some(input),
            None => None,
            Some(_) => return Err("\"input\" is not a string".to_owned()),
        };
        let automaton = match self.automaton(&asked) {
            Ok(automaton) => automaton,
            Err(error) => return Ok(refusal(&error)),
        };
        let Some(input) = input else {
            return Ok(json!({ "compiles": true }));
        };
        Ok(match automaton.decide(input) {
            Ok(accepts) => json!({ "compiles": true, "accepts": accepts }),
            Err(_) => json!({ "unsupported": "the automaton is too large" }),
        })
    }

    fn relate(&mut self, question: &Map<String, Value>) -> Result<Value, String> {
        let mut sides = Vec::new();
        for name in ["a", "b"] {
            let Some(Value::Object(side)) = question.get(name) else {
                return Err(format!("\"{name}\" is missing or not an object"));
            };
            let asked = asked(side).map_err(|error| format!("{name}: {error}"))?;
            match language::language(&asked.pattern, asked.dialect, asked.mode) {
                Ok(automaton) => sides.push(automaton),
                Err(error) => {
                    let mut refusal = refusal(&error);
                    if let Some(object) = refusal.as_object_mut() {
                        object.insert("side".to_owned(), json!(name));
                    }
                    return Ok(refusal);
                }
            }
        }
        let [a, b] = sides.as_mut_slice() else {
            return Err("two sides are needed".to_owned());
        };
        let relation = relation::compare(a, b, PAIR);
        let mut answer = json!({
            "relation": relation.kind.id(),
            "a_only": relation.a_only.shortest,
            "b_only": relation.b_only.shortest,
            "both": relation.both.shortest,
        });
        // Where the shortest is not printable the shortest printable one says it to people.
        let printable = [
            ("a_only_printable", &relation.a_only),
            ("b_only_printable", &relation.b_only),
            ("both_printable", &relation.both),
        ];
        if let Some(object) = answer.as_object_mut() {
            for (key, witness) in printable {
                if witness.printable != witness.shortest
                    && let Some(text) = &witness.printable
                {
                    object.insert(key.to_owned(), json!(text));
                }
            }
            if relation.kind == Kind::Unknown {
                object.insert("why".to_owned(), json!("cap reached"));
            }
        }
        Ok(answer)
    }

    fn automaton(&mut self, asked: &Asked) -> Result<&mut Automaton, ParseError> {
        let at = match self.recent.iter().position(|(known, _)| known == asked) {
            Some(at) => at,
            None => {
                let automaton = language::language(&asked.pattern, asked.dialect, asked.mode)?;
                if self.recent.len() >= KEPT {
                    self.recent.remove(0);
                }
                self.recent.push((asked.clone(), automaton));
                self.recent.len() - 1
            }
        };
        match self.recent.get_mut(at) {
            Some((_, automaton)) => Ok(automaton),
            None => Err(ParseError::Unsupported {
                offset: 0,
                message: "nothing kept".to_owned(),
            }),
        }
    }
}

/// The line without escapes of surrogates: where only these were wrong, it is JSON.
fn whole(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let surrogate = escape.get(..6).is_some_and(|escape| {
            let digits = escape.get(2..).unwrap_or_default();
            escape.starts_with("\\u")
                && u32::from_str_radix(digits, 16).is_ok_and(|v| (0xD800..0xE000).contains(&v))
        });
        // An escape is two characters at least, so that an escaped backslash opens none.
        let second = escape.chars().nth(1).map_or(0, char::len_utf8);
        let length = if surrogate { 6 } else { 1 + second };
        if !surrogate {
            out.push_str(escape.get(..length).unwrap_or_default());
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn asked(object: &Map<String, Value>) -> Result<Asked, String> {
    let text = |key: &str| match object.get(key) {
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) => Err(format!("\"{key}\" is not a string")),
        None => Err(format!("\"{key}\" is missing")),
    };
    let (dialect, mode) = (text("dialect")?, text("mode")?);
    Ok(Asked {
        pattern: text("pattern")?.to_owned(),
        dialect: Dialect::by_id(dialect).ok_or_else(|| format!("unknown dialect \"{dialect}\""))?,
        mode: Mode::by_id(mode).ok_or_else(|| format!("unknown mode \"{mode}\""))?,
    })
}

fn refusal(error: &ParseError) -> Value {
    match error {
        ParseError::Syntax { offset, message } => {
            json!({ "compiles": false, "error": message, "offset": offset })
        }
        ParseError::Unsupported { message, .. } => json!({ "unsupported": message }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_and_answers() {
        let table = [
            (
                r#"{"pattern": "^a$", "dialect": "go", "mode": "search", "input": "a\n"}"#,
                r#"{"compiles":true,"accepts":false}"#,
            ),
            (
                r#"{"pattern": "a(", "dialect": "go", "mode": "search", "input": ""}"#,
                r#"{"compiles":false,"error":"missing )","offset":1}"#,
            ),
            (
                r#"{"pattern": "(a)\\1", "dialect": "perl", "mode": "search", "input": ""}"#,
                r#"{"unsupported":"a back-reference: not regular"}"#,
            ),
            (
                r#"{"a": {"pattern": "^a$", "dialect": "python", "mode": "search"}, "b": {"pattern": "^a$", "dialect": "go", "mode": "search"}}"#,
                r#"{"relation":"superset","a_only":"a\n","b_only":null,"both":"a"}"#,
            ),
            (
                r#"{"a": {"pattern": "[", "dialect": "go", "mode": "full"}, "b": {"pattern": "a", "dialect": "go", "mode": "full"}}"#,
                r#"{"compiles":false,"error":"missing terminating ]","offset":0,"side":"a"}"#,
            ),
            (
                r#"{"pattern": "a", "dialect": "cobol", "mode": "full", "input": ""}"#,
                r#"{"error":"unknown dialect \"cobol\""}"#,
            ),
            (" ", r#"{"error":"an empty line"}"#),
            (
                r#"{"pattern": "\\d\ud800", "dialect": "go", "mode": "full", "input": ""}"#,
                r#"{"unsupported":"a lone surrogate: texts are Unicode here"}"#,
            ),
            (
                "[]",
                r#"{"error":"not a JSON object: invalid type: sequence, expected a map at line 1 column 0"}"#,
            ),
        ];
        let mut batch = Batch::new();
        for (question, answer) in table {
            assert_eq!(batch.answer(question).to_string(), answer, "{question}");
        }
    }
}
