//! The next input: from the grammar, from the corpus, by mutation of structure and bytes, by
//! splicing, as a sequence.

use super::corpus::Corpus;
use super::dictionary::Dictionary;
use super::grammar::{Field, Grammar, number, sized, with_word};
use super::input::{Input, LARGEST, MOST_STEPS};
use super::random::Random;
use crate::case::Step;
use crate::case::build::{emit, get, remove, rename, set};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Where inputs come from.
pub trait Source {
    /// The next input.
    fn next(&mut self, random: &mut Random, corpus: &Corpus) -> Input;
}

/// Generation by grammar and mutation.
pub struct Generator<'a> {
    grammars: Vec<Arc<Grammar<'a>>>,
    words: Dictionary,
}

/// Octets that parsers trip over.
const BYTES: &[u8] =
    b"\0\x01\t\n\r \"'\\/{}[]:,0123456789-+.eEtfnux\x7f\x80\xbf\xc0\xc3\xed\xf0\xff";

impl<'a> Generator<'a> {
    /// A generator for these operations.
    pub fn new(grammars: Vec<Arc<Grammar<'a>>>, words: Dictionary) -> Self {
        Generator { grammars, words }
    }

    /// What is sent first: the surely valid bodies, one after the other.
    pub fn seeds(&self) -> Vec<Input> {
        let mut seeds = Vec::new();
        for grammar in &self.grammars {
            for body in &grammar.bodies {
                let input = Input::one(step(grammar, emit(body)));
                if !seeds.contains(&input) {
                    seeds.push(input);
                }
            }
        }
        seeds
    }

    fn grammar(&self, operation: &str) -> Option<&Grammar<'a>> {
        self.grammars
            .iter()
            .find(|g| g.operation == operation)
            .map(AsRef::as_ref)
    }

    /// One request.
    fn single(&self, random: &mut Random, corpus: &Corpus) -> Option<Step> {
        if random.percent(45)
            && let Some(input) = random.pick(corpus.inputs())
            && let Some(step) = random.pick(&input.steps)
            && let Some(grammar) = self.grammar(&step.operation)
        {
            return Some(self.mutated(step.clone(), grammar, random, corpus));
        }
        let grammar = random.pick(&self.grammars)?;
        let body = grammar.body(random, &self.words);
        let fresh = step(grammar, emit(&body));
        // Some stay as the grammar made them: all valid.
        Some(match random.percent(25) {
            true => fresh,
            false => self.mutated(fresh, grammar, random, corpus),
        })
    }

    fn mutated(
        &self,
        mut step: Step,
        grammar: &Grammar<'a>,
        random: &mut Random,
        corpus: &Corpus,
    ) -> Step {
        if let Ok(mut body) = serde_json::from_slice::<Value>(&step.body) {
            for _ in 0..random.times(6) {
                body = self.change(body, grammar, random, corpus);
            }
            step.body = emit(&body);
            if random.percent(12) {
                step.body = self.spelling(&body, step.body, random);
            }
            if random.percent(85) {
                step.body.truncate(LARGEST);
                return self.with_parameter(step, grammar, random);
            }
        }
        for _ in 0..random.times(4) {
            self.change_bytes(&mut step.body, random);
        }
        step.body.truncate(LARGEST);
        step
    }

    fn with_parameter(&self, mut step: Step, grammar: &Grammar<'a>, random: &mut Random) -> Step {
        if random.percent(25)
            && let Some(name) = random.pick(&grammar.parameters)
            && let Some(word) = random.pick(&self.words.words)
            // A header field cannot carry control characters.
            && !word.is_empty() && !word.chars().any(char::is_control)
        {
            step.parameters.insert(name.clone(), word.clone());
        }
        step
    }

    /// One change of structure or of a value.
    fn change(
        &self,
        body: Value,
        grammar: &Grammar<'a>,
        random: &mut Random,
        corpus: &Corpus,
    ) -> Value {
        let Some(field) = random.pick(&grammar.fields) else {
            return body;
        };
        let changed = match random.below(20) {
            0..=4 => grammar
                .valid(field, random, &self.words)
                .and_then(|value| set(&body, &field.path, value)),
            5..=8 => set(&body, &field.path, grammar.odd(field, random, &self.words)),
            9 => remove(&body, &field.path),
            10 if random.percent(30) => Some(all_the_same(body.clone(), field, grammar)),
            10 => self.same_as_another(&body, field, grammar, random),
            11 | 12 => self.text_change(&body, field, random),
            13 if random.percent(60) => self.number_change(&body, field, random),
            13 => retyped(&body, field, random),
            14 | 15 => self.unknown(&body, random),
            16 => self.crowd(&body, random),
            17 => {
                let name = random.pick(&self.words.names).cloned().unwrap_or_default();
                rename(&body, &field.path, &name)
            }
            18 => splice(&body, field, random, corpus),
            _ => shuffled(&body, random),
        };
        changed.unwrap_or(body)
    }

    /// A field gets the value of another.
    fn same_as_another(
        &self,
        body: &Value,
        field: &Field,
        grammar: &Grammar<'a>,
        random: &mut Random,
    ) -> Option<Value> {
        let other = random.pick(&grammar.fields)?;
        set(body, &field.path, get(body, &other.path)?.clone())
    }

    fn text_change(&self, body: &Value, field: &Field, random: &mut Random) -> Option<Value> {
        let text = get(body, &field.path)?.as_str()?;
        let changed = match random.below(8) {
            6 | 7 => with_sign(text, random),
            0 => sized(text, random.below(72)),
            1 => sized(text, 1 << random.below(13)),
            2 => text.to_uppercase(),
            3 => text.repeat(2),
            _ => with_word(text, random, &self.words),
        };
        set(body, &field.path, Value::from(changed))
    }

    fn number_change(&self, body: &Value, field: &Field, random: &mut Random) -> Option<Value> {
        let n = get(body, &field.path)?.as_f64()?;
        let changed = match random.below(6) {
            0 => n + 1.0,
            1 => n - 1.0,
            2 => -n,
            3 => n * 2.0,
            4 => n + 65_536.0,
            _ => random.pick(&self.words.numbers).copied()?,
        };
        set(body, &field.path, number(changed)?)
    }

    /// A member that no page names, somewhere.
    fn unknown(&self, body: &Value, random: &mut Random) -> Option<Value> {
        let mut body = body.clone();
        let name = random.pick(&self.words.names)?.clone();
        let name = match random.below(8) {
            0 => sized(&name, 1 << random.below(10)),
            _ => name,
        };
        let value = self.any(random);
        let map = any_object(&mut body, random)?;
        map.insert(name, value);
        Some(body)
    }

    fn any(&self, random: &mut Random) -> Value {
        match random.below(8) {
            0 => Value::Null,
            1 | 2 => Value::Bool(true),
            3 => random
                .pick(&self.words.numbers)
                .and_then(|n| number(*n))
                .unwrap_or_default(),
            4 => {
                let depth = 1 + random.below(14);
                (0..depth).fold(json!({}), |inner, _| json!({"a": inner}))
            }
            5 => {
                let depth = 1 + random.below(14);
                (0..depth).fold(json!([]), |inner, _| json!([inner]))
            }
            _ => random
                .pick(&self.words.words)
                .cloned()
                .unwrap_or_default()
                .into(),
        }
    }

    /// More members than a fixed table has room for.
    fn crowd(&self, body: &Value, random: &mut Random) -> Option<Value> {
        let mut body = body.clone();
        let many = [8, 9, 16, 17, 32, 33, 64, 65, 129];
        let count = random.pick(&many).copied().unwrap_or(8);
        let map = any_object(&mut body, random)?;
        for i in 0..count {
            map.entry(format!("m{i}")).or_insert(Value::from(i));
        }
        Some(body)
    }

    /// The same value, written otherwise: white space, escapes, names given twice, a size that is a
    /// power of two.
    fn spelling(&self, body: &Value, plain: Vec<u8>, random: &mut Random) -> Vec<u8> {
        let text = String::from_utf8_lossy(&plain).into_owned();
        match random.below(6) {
            0 => serde_json::to_vec_pretty(body).unwrap_or(plain),
            1 => {
                let blanks = " ".repeat(1 + random.below(300));
                [blanks.as_bytes(), &plain].concat()
            }
            2 => {
                let blanks = "\n".repeat(1 + random.below(300));
                [&plain, blanks.as_bytes()].concat()
            }
            3 => {
                // Up to a size at which buffers end.
                let size = 1_usize << (6 + random.below(6));
                let more = size.saturating_sub(plain.len()) + random.below(2);
                let at = text.rfind('}').unwrap_or(0);
                let (before, behind) = plain.split_at(at.min(plain.len()));
                [before, " ".repeat(more.min(4_096)).as_bytes(), behind].concat()
            }
            4 => {
                let letters: Vec<usize> = text
                    .char_indices()
                    .filter(|(_, c)| c.is_ascii_alphanumeric())
                    .map(|(at, _)| at)
                    .collect();
                let Some(at) = random.pick(&letters).copied() else {
                    return plain;
                };
                let (before, rest) = text.split_at(at);
                let mut rest = rest.chars();
                let c = rest.next().unwrap_or('a');
                format!("{before}\\u{:04x}{}", u32::from(c), rest.as_str()).into_bytes()
            }
            _ => {
                let Value::Object(map) = body else {
                    return plain;
                };
                let members: Vec<(&String, &Value)> = map.iter().collect();
                let Some((name, value)) = random.pick(&members) else {
                    return plain;
                };
                let again = match random.percent(50) {
                    true => (*value).clone(),
                    false => self.any(random),
                };
                let end = text.rfind('}').unwrap_or(text.len());
                let name = Value::from(name.as_str());
                format!("{},{name}:{again}{}", &text[..end], &text[end..]).into_bytes()
            }
        }
    }

    fn change_bytes(&self, bytes: &mut Vec<u8>, random: &mut Random) {
        let at = random.below(bytes.len() + 1);
        let byte = random.pick(BYTES).copied().unwrap_or(0);
        match random.below(7) {
            0 if at < bytes.len() => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 if at < bytes.len() => {
                bytes.remove(at);
            }
            3 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            4 => {
                let end = (at + random.below(32)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            5 => bytes.truncate(at),
            _ => {
                let word = random.pick(&self.words.words).cloned().unwrap_or_default();
                bytes.splice(at..at, word.into_bytes());
            }
        }
    }

    fn sequence(&self, random: &mut Random, corpus: &Corpus) -> Option<Input> {
        let mut steps = Vec::new();
        match random.below(4) {
            // What is no message of the API again and again, then something valid.
            3 => {
                let grammar = random.pick(&self.grammars)?;
                let mut broken = step(grammar, emit(&grammar.body(random, &self.words)));
                let end = random.below(broken.body.len());
                broken.body.truncate(end);
                let count = 2 + random.below(MOST_STEPS - 3);
                steps.extend(std::iter::repeat_n(broken, count));
            }
            // The same again and again, then something valid: counters, locks, leaks.
            0 => {
                let again = match random.pick(corpus.inputs()) {
                    Some(input) if random.percent(70) => random.pick(&input.steps)?.clone(),
                    _ => self.single(random, corpus)?,
                };
                let count = 2 + random.below(MOST_STEPS - 3);
                steps.extend(std::iter::repeat_n(again, count));
            }
            // One after the other what showed something new before.
            1 => {
                for _ in 0..2 + random.below(4) {
                    let input = random.pick(corpus.inputs())?;
                    steps.push(random.pick(&input.steps)?.clone());
                }
            }
            _ => {
                for _ in 0..2 + random.below(3) {
                    steps.push(self.single(random, corpus)?);
                }
            }
        }
        let grammar = random.pick(&self.grammars)?;
        if random.percent(60) {
            let body = grammar.body(random, &self.words);
            steps.push(step(grammar, emit(&body)));
        }
        steps.truncate(MOST_STEPS);
        Some(Input { steps })
    }
}

impl Source for Generator<'_> {
    fn next(&mut self, random: &mut Random, corpus: &Corpus) -> Input {
        let made = match random.percent(8) {
            true => self.sequence(random, corpus),
            false => self.single(random, corpus).map(Input::one),
        };
        made.unwrap_or_default()
    }
}

fn step(grammar: &Grammar<'_>, body: Vec<u8>) -> Step {
    Step {
        operation: grammar.operation.clone(),
        body,
        ..Step::default()
    }
}

/// The root, or an object somewhere below it.
fn any_object<'v>(value: &'v mut Value, random: &mut Random) -> Option<&'v mut Map<String, Value>> {
    let Value::Object(map) = value else {
        return None;
    };
    let inner: Vec<String> = map
        .iter()
        .filter(|(_, v)| v.is_object())
        .map(|(name, _)| name.clone())
        .collect();
    match random.pick(&inner) {
        Some(name) if random.percent(30) => any_object(map.get_mut(name)?, random),
        _ => Some(map),
    }
}

/// A sign that is neither letter nor digit at the start, at the end or within: what parsers of
/// paths, lists, quotes and escapes look at.
fn with_sign(text: &str, random: &mut Random) -> String {
    const SIGNS: &[char] = &[
        ' ', '!', '"', '#', '$', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', ':', ';',
        '<', '=', '>', '?', '@', '[', '\\', ']', '^', '_', '`', '{', '|', '}', '~',
    ];
    let sign = random.pick(SIGNS).copied().unwrap_or(' ');
    let ends: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let at = match random.below(3) {
        0 => 0,
        1 => text.len(),
        _ => random.pick(&ends).copied().unwrap_or(0),
    };
    let (before, after) = text.split_at(at);
    format!("{before}{sign}{after}")
}

/// The value of a field from an input that showed something new.
fn splice(body: &Value, field: &Field, random: &mut Random, corpus: &Corpus) -> Option<Value> {
    let input = random.pick(corpus.inputs())?;
    let step = random.pick(&input.steps)?;
    let other: Value = serde_json::from_slice(&step.body).ok()?;
    set(body, &field.path, get(&other, &field.path)?.clone())
}

/// All fields of a field's type get its value.
fn all_the_same(mut body: Value, field: &Field, grammar: &Grammar<'_>) -> Value {
    let Some(value) = get(&body, &field.path).cloned() else {
        return body;
    };
    for other in &grammar.fields {
        let alike = get(&body, &other.path)
            .is_some_and(|v| std::mem::discriminant(v) == std::mem::discriminant(&value));
        if alike && !value.is_object() {
            body = set(&body, &other.path, value.clone()).unwrap_or(body);
        }
    }
    body
}

/// The value of a field as another type writes it: `5060` as `"5060"`, `true` as `1`, in an array.
fn retyped(body: &Value, field: &Field, random: &mut Random) -> Option<Value> {
    let value = get(body, &field.path)?;
    let other = match value {
        _ if random.percent(15) => json!([value]),
        Value::String(text) => text
            .parse()
            .ok()
            .and_then(number)
            .unwrap_or(Value::Bool(true)),
        Value::Bool(set) => Value::from(i32::from(*set)),
        Value::Null => Value::from("null"),
        Value::Number(n) if random.percent(20) => number(n.as_f64()? + 0.5)?,
        other => Value::from(other.to_string()),
    };
    set(body, &field.path, other)
}

/// Members in another order.
fn shuffled(body: &Value, random: &mut Random) -> Option<Value> {
    let Value::Object(map) = body else {
        return None;
    };
    let mut members: Vec<(String, Value)> = map.clone().into_iter().collect();
    for i in (1..members.len()).rev() {
        members.swap(i, random.below(i + 1));
    }
    Some(Value::Object(members.into_iter().collect()))
}
