//! Contract issues: contradictions and gaps of the published text, each with what proves it. One
//! function a rule; a rule holds for any contract.

mod patterns;

use super::assess::{Assessed, assess, assess_shown};
use super::contradictions::{contradictions, paths};
use super::gaps::gaps;
use super::locate::Positions;
use super::misstated::misstated;
use super::model::*;
use super::promise_id::PromiseId;
use super::source::split;
use probity_pattern::check::ecma_script;
use probity_pattern::{Assessment, Texts};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// All issues of a contract, in the order of the rules: first what breaks the OpenAPI Specification
/// itself.
pub fn lint(contract: &Contract, texts: &Texts) -> Vec<ContractIssue> {
    let mut linter = Linter {
        texts,
        issues: contract.issues.clone(),
    };
    for operation in &contract.operations {
        for field in operation.fields() {
            linter.field(&field);
        }
        if let Some(body) = &operation.body {
            linter.examples(&body.schema, &body.examples, None);
        }
        linter.responses(operation);
        linter.issues.extend(gaps(contract, operation));
    }
    linter.values(contract);
    let mut wrong = paths(contract);
    contract.schemas(&mut |schema| wrong.extend(contradictions(schema)));
    linter.issues.extend(wrong);
    linter.issues.extend(misstated(contract));
    let mut issues = linter.issues;
    let mut seen = HashSet::new();
    issues.retain(|issue| seen.insert(issue.id.clone()));
    for issue in &mut issues {
        if let Some((severity, why)) = judged(issue.rule()) {
            (issue.severity, issue.why) = (severity, why.to_owned());
        }
    }
    place(contract, &mut issues);
    grouped(contract, issues)
}

/// Issues of one cause as one: a pattern, or what cannot be read, that many places repeat word for word
/// is mended once.
fn grouped(contract: &Contract, issues: Vec<ContractIssue>) -> Vec<ContractIssue> {
    let cause = |issue: &ContractIssue| match issue.rule() {
        "pattern-does-not-compile" => {
            let at = format!("{}/pattern", issue.pointer);
            contract.stated(&at).map(Value::to_string)
        }
        // What names nothing of the document ("must be an object") is another mistake each time.
        "cannot-be-read" => {
            let why = issue.proof.split_once(": ").map(|(_, why)| why.to_owned());
            why.filter(|why| why.contains('`'))
        }
        _ => None,
    };
    let mut first: HashMap<(String, String), usize> = HashMap::new();
    let mut more: HashMap<usize, Vec<Option<u32>>> = HashMap::new();
    let mut out: Vec<ContractIssue> = Vec::new();
    for issue in issues {
        if let Some(cause) = cause(&issue) {
            let key = (format!("{} {}", issue.rule(), issue.file), cause);
            if let Some(at) = first.get(&key) {
                more.entry(*at).or_default().push(issue.line);
                continue;
            }
            first.insert(key, out.len());
        }
        out.push(issue);
    }
    for (at, lines) in more {
        if let Some(issue) = out.get_mut(at) {
            let places = match lines.len() {
                1 => "one more place".to_owned(),
                n => format!("{n} more places"),
            };
            let mut known: Vec<u32> = lines.into_iter().flatten().collect();
            known.dedup();
            let shown: Vec<String> = known.iter().take(4).map(u32::to_string).collect();
            let dots = if known.len() > shown.len() {
                ", …"
            } else {
                ""
            };
            let lines = match known.len() {
                0 => String::new(),
                1 => format!(" (line {})", shown.join("")),
                _ => format!(" (lines {}{dots})", shown.join(", ")),
            };
            issue
                .proof
                .push_str(&format!("; the same at {places}{lines}"));
        }
    }
    out
}

/// Characters of a value that a proof shows: an example may be a page of its own.
const SHOWN: usize = 160;

/// What a shown value breaks, each rule once.
fn broken(value: &Value, assessed: &Assessed) -> String {
    const MOST: usize = 6;
    if value
        .as_object()
        .is_some_and(|map| map.len() == 1 && map.contains_key("$ref"))
    {
        return format!("{value}: a `$ref` inside of a value is the value, and leads nowhere");
    }
    let mut rules: Vec<String> = Vec::new();
    for fault in assessed.faults.iter().filter(|f| f.certain) {
        let rule = match fault.path.0.is_empty() {
            true => fault.keyword.to_owned(),
            false => format!("{} of `{}`", fault.keyword, fault.path),
        };
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    let more = match rules.len().saturating_sub(MOST) {
        0 => String::new(),
        n => format!(" and {n} more rules"),
    };
    rules.truncate(MOST);
    let mut text = value.to_string();
    if let Some((cut, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(cut);
        text.push('…');
    }
    format!("{text} breaks {}{more}", rules.join(", "))
}

/// How much each rule matters, and why; those that are not here say it themselves.
fn judged(rule: &str) -> Option<(Severity, &'static str)> {
    Some(match rule {
        "number-without-range" | "string-without-limit" => (
            Severity::Note,
            "whether any value must be taken, whatever its size, is left to the reader",
        ),
        "no-member-required" => (
            Severity::Note,
            "an empty object keeps every rule: nobody can count on any member",
        ),
        "success-without-body" => (Severity::Note, "clients cannot know what they get"),
        "lazy-without-effect" | "example-repeated" => (Severity::Note, "it says nothing"),
        "pattern-does-not-compile" => (
            Severity::Error,
            "no client can check a value before it sends it",
        ),
        "anchors-bind-one-alternative" => (
            Severity::Error,
            "texts with anything before or behind a value keep the pattern",
        ),
        "length-contradiction" | "type-against-pattern" | "example-against-schema" => (
            Severity::Error,
            "readers who go by one of the two break the other",
        ),
        "stray-suffix" | "suffix-in-one-alternative" => (
            Severity::Warning,
            "values that look valid are refused, or the other way round",
        ),
        "name-of-nested-not-stated" | "order-of-faults-not-stated" => (
            Severity::Warning,
            "clients cannot rely on the text of the error",
        ),
        other if other.starts_with("answer-not-stated") => (
            Severity::Warning,
            "clients cannot rely on the text of the error",
        ),
        _ => return None,
    })
}

/// Files, lines and columns.
fn place(contract: &Contract, issues: &mut [ContractIssue]) {
    let mut known: HashMap<&str, Positions> = HashMap::new();
    for issue in issues {
        let (name, pointer) = split(&issue.pointer);
        let Some((name, file)) = contract.source.files.get_key_value(name) else {
            continue;
        };
        let positions = known
            .entry(name)
            .or_insert_with(|| Positions::of(&file.text));
        issue.file = match name.is_empty() {
            true => contract.file.clone(),
            false => name.clone(),
        };
        if let Some((line, column)) = positions.get(pointer) {
            (issue.line, issue.column) = (Some(line), Some(column));
        }
    }
}

struct Linter<'a> {
    texts: &'a Texts,
    issues: Vec<ContractIssue>,
}

impl Linter<'_> {
    /// Values that a schema shows and forbids.
    fn values(&mut self, contract: &Contract) {
        let texts = self.texts;
        let mut found = Vec::new();
        contract.schemas(&mut |schema| {
            // Where nothing that is listed is of the type, that is the flaw, and it is told.
            let listed = schema.enum_values.as_ref().filter(|all| !all.is_empty());
            let forbids =
                |v: &Value| assess_shown(schema, v, texts).certainty == Assessment::SurelyInvalid;
            if listed.is_some_and(|all| all.iter().take(8).all(forbids)) {
                return;
            }
            for value in schema.shown_values().iter().take(8) {
                let stated = schema.enum_values.iter().flatten();
                if schema.const_value.as_ref() == Some(value) || stated.clone().any(|v| v == value)
                {
                    continue;
                }
                let assessed = assess_shown(schema, value, texts);
                if assessed.certainty != Assessment::SurelyInvalid {
                    continue;
                }
                let what = match schema.default.as_ref() == Some(value) {
                    true => "default",
                    false => "example",
                };
                found.push(ContractIssue {
                    id: format!("{what}-against-schema:{}", schema.pointer),
                    title: format!("a published {what} breaks its own schema"),
                    proof: broken(value, &assessed),
                    page_line: schema.page_line,
                    severity: Severity::Error,
                    why: "who copies it is refused, or the rule is not the real one".to_owned(),
                    pointer: schema.keyword_pointer(what),
                    ..ContractIssue::default()
                });
            }
        });
        self.issues.extend(found);
    }

    fn add(
        &mut self,
        rule: &str,
        schema: &Schema,
        promise: Option<PromiseId>,
        title: String,
        proof: String,
    ) {
        self.issues.push(ContractIssue {
            id: format!("{rule}:{}", schema.pointer),
            promise,
            title,
            proof,
            page_line: schema.page_line,
            pointer: schema.pointer.clone(),
            ..ContractIssue::default()
        });
    }

    fn field(&mut self, field: &Field<'_>) {
        let (schema, path) = (field.schema, &field.path);
        let promise = |keyword: &str| Some(field.promise(keyword));
        if let Some(pattern) = &schema.pattern {
            // Compiled for what the engine says of it; texts are held against automata, which do
            // not take longer for one text than for another.
            let compiled = ["", "u"].map(|flags| ecma_script(pattern, flags));
            let refused = compiled.iter().flatten().find_map(|c| c.as_ref().err());
            match refused {
                Some(error) => self.does_not_compile(field, pattern, &error.text),
                None => {
                    self.unanchored(field, pattern);
                    self.suffix_in_one_alternative(field, pattern);
                }
            }
            self.damage(field, pattern);
            self.lengths(field, pattern);
        }
        let numbers = [JsonType::Integer, JsonType::Number];
        if schema.types.iter().any(|t| numbers.contains(t))
            && schema.minimum.is_none()
            && schema.maximum.is_none()
            && schema.enum_values.is_none()
            && schema.const_value.is_none()
        {
            self.add(
                "number-without-range",
                schema,
                promise("type"),
                format!("`{path}` is a number without a range"),
                "neither minimum nor maximum: -1, 0, 65536 and 2147483648 keep every published rule".to_owned(),
            );
        }
        if schema.types == [JsonType::Object]
            && !schema.properties.is_empty()
            && schema.required.is_empty()
        {
            self.add(
                "no-member-required",
                schema,
                promise("type"),
                format!("`{path}` is an object of which no member is marked required"),
                format!("`{{}}` keeps every published rule of `{path}`"),
            );
        }
        if schema.types == [JsonType::String]
            && schema.max_length.is_none()
            && schema.enum_values.is_none()
            && schema.const_value.is_none()
        {
            self.add(
                "string-without-limit",
                schema,
                promise("type"),
                format!("`{path}` is a string without a longest length"),
                "no maxLength: whether a device must take a megabyte is not stated".to_owned(),
            );
        }
        self.published_type(field);
    }

    /// Examples of a media type against its schema.
    fn examples(
        &mut self,
        schema: &Schema,
        examples: &[(String, Value)],
        promise: Option<&PromiseId>,
    ) {
        for (pointer, example) in examples {
            let assessed = assess(schema, example, self.texts);
            if assessed.certainty == Assessment::SurelyInvalid {
                let at = Schema {
                    pointer: pointer.clone(),
                    page_line: schema.page_line,
                    ..Schema::default()
                };
                self.add(
                    "example-against-schema",
                    &at,
                    promise.cloned(),
                    "a published example breaks its own schema".to_owned(),
                    broken(example, &assessed),
                );
            }
        }
    }

    fn responses(&mut self, operation: &Operation) {
        for response in &operation.responses {
            let promise = response
                .status
                .exact()
                .map(|s| PromiseId::response(&operation.id, s));
            let here = Schema {
                pointer: response.pointer.clone(),
                page_line: response.schema.as_ref().and_then(|s| s.page_line),
                ..Schema::default()
            };
            // 204 and 205 have no body to describe (RFC 9110 §15.3.5, §15.3.6).
            let success = matches!(response.status.exact(), Some(200..=203 | 206..=299));
            if success && response.media_type.is_none() {
                self.add(
                    "success-without-body",
                    &here,
                    promise.clone(),
                    "what a success answers is not described".to_owned(),
                    "no media type and no schema: an empty body and any JSON keep the promise"
                        .to_owned(),
                );
            }
            let Some(schema) = &response.schema else {
                continue;
            };
            self.examples(schema, &response.examples, promise.as_ref());
            let repeated = response
                .examples
                .iter()
                .enumerate()
                .find(|(i, (_, example))| {
                    response.examples[..*i]
                        .iter()
                        .any(|(_, earlier)| earlier == example)
                });
            if let Some((_, (pointer, example))) = repeated {
                let at = Schema {
                    pointer: pointer.clone(),
                    ..here.clone()
                };
                self.add(
                    "example-repeated",
                    &at,
                    promise.clone(),
                    "the same example is published twice".to_owned(),
                    example.to_string(),
                );
            }
            let members_optional = !schema.properties.is_empty() && schema.required.is_empty();
            if members_optional {
                self.add(
                    "no-member-required",
                    schema,
                    promise,
                    "no member of this answer is marked required".to_owned(),
                    "`{}` keeps the published schema".to_owned(),
                );
            }
        }
    }
}
