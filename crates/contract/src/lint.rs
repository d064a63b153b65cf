//! Contract issues: contradictions and gaps of the published text, each with what proves it. One
//! function a rule; a rule holds for any contract.

use super::assess::{Assessed, assess, assess_shown};
use super::contradictions::{contradictions, paths};
use super::gaps::gaps;
use super::locate::Positions;
use super::misstated::misstated;
use super::model::*;
use super::promise_id::PromiseId;
use super::source::split;
use probity_pattern::check::ecma_script;
use probity_pattern::dialect::{Dialect, Mode};
use probity_pattern::language;
use probity_pattern::parse::{ParseError, parse};
use probity_pattern::{Assessment, Texts};
use serde_json::Value;
use std::cell::RefCell;
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

    /// ECMA-262 is the dialect of `pattern` (OpenAPI, JSON Schema Validation §6.3.3); whether any
    /// other dialect takes it is told as well.
    fn does_not_compile(&mut self, field: &Field<'_>, pattern: &str, ecmascript: &str) {
        let refusal = |dialect: &Dialect| match parse(pattern, *dialect) {
            Err(error @ ParseError::Syntax { .. }) => Some((dialect.id(), error.to_string())),
            _ => None,
        };
        let refusals: Vec<_> = Dialect::ALL.iter().filter_map(refusal).collect();
        let all = Dialect::ALL.len();
        let title = match refusals.len() == all {
            true => format!(
                "the pattern of `{}` compiles in none of {all} dialects",
                field.path
            ),
            false => format!(
                "the pattern of `{}` does not compile in ECMAScript",
                field.path
            ),
        };
        let mut proof = format!("ECMAScript: {ecmascript}");
        for (id, refusal) in &refusals {
            if ["python", "pcre2", "java", "rust"].contains(id) {
                proof.push_str(&format!("; {id}: {refusal}"));
            }
        }
        let promise = Some(field.promise("pattern"));
        self.add(
            "pattern-does-not-compile",
            field.schema,
            promise,
            title,
            proof,
        );
    }

    /// `^a|b$`: each anchor binds one alternative only.
    fn unanchored(&mut self, field: &Field<'_>, pattern: &str) {
        if !several_alternatives(pattern) || !pattern.contains(['^', '$']) {
            return;
        }
        let Some(search) = matcher(pattern, Mode::Search) else {
            return;
        };
        let seeds = self.samples(field.schema);
        let accepted = |text: &str| search(text);
        let mut seen = HashSet::new();
        let proof: Vec<String> = seeds
            .iter()
            .filter(|s| accepted(s))
            .flat_map(|s| [format!("junk !! {s}"), format!("{s}.evil !! junk")])
            .filter(|text| accepted(text) && seen.insert(text.clone()))
            .map(|text| format!("{text:?}"))
            .take(3)
            .collect();
        if !proof.is_empty() {
            self.add(
                "anchors-bind-one-alternative",
                field.schema,
                Some(field.promise("pattern")),
                format!("`^` and `$` of `{}` bind one alternative each", field.path),
                format!("ECMAScript search accepts {}", proof.join(" and ")),
            );
        }
    }

    /// An optional suffix inside one alternative of several for a number holds for some numbers
    /// only: of two strings that differ in a number alone, both valid, the suffix goes with one and
    /// not with the other, which is no longer.
    fn suffix_in_one_alternative(&mut self, field: &Field<'_>, pattern: &str) {
        let Some(whole) = matcher(pattern, Mode::FullGrouped) else {
            return;
        };
        let samples = self.samples(field.schema);
        // A port, the length of a prefix, another part, the end of a range.
        let usual = [":0", "/0", ".0", "-0"].into_iter();
        let mut seen = HashSet::new();
        let suffixes: Vec<&str> = usual
            .chain(samples.iter().flat_map(|sample| pieces(sample)))
            .filter(|suffix| seen.insert(*suffix))
            .take(12)
            .collect();
        for sample in &samples {
            let bases = numbered(sample).filter(|base| whole(base));
            let bases: Vec<String> = bases.collect();
            for suffix in &suffixes {
                let (with, without): (Vec<&String>, Vec<&String>) = bases
                    .iter()
                    .partition(|base| whole(&format!("{base}{suffix}")));
                let pair = with.iter().find_map(|good| {
                    let bad = without.iter().find(|bad| bad.len() <= good.len())?;
                    Some((format!("{good}{suffix}"), format!("{bad}{suffix}")))
                });
                let Some((good, bad)) = pair else { continue };
                self.add(
                    "suffix-in-one-alternative",
                    field.schema,
                    Some(field.promise("pattern")),
                    format!(
                        "what may follow a number in `{}` follows some numbers only",
                        field.path
                    ),
                    format!("as a whole, ECMAScript matches {good:?} and not {bad:?}"),
                );
                return;
            }
        }
    }

    /// Strings that are valid under every reading, the friendliest first.
    fn samples(&self, schema: &Schema) -> Vec<String> {
        let Some(text) = schema.rule().and_then(|rule| self.texts.get(&rule)) else {
            return Vec::new();
        };
        let cover = text.valid_cover(24).into_iter().map(|sample| sample.text);
        text.valid().into_iter().chain(cover).collect()
    }

    /// What a documentation generator leaves behind.
    fn damage(&mut self, field: &Field<'_>, pattern: &str) {
        if pattern.ends_with("$`") {
            self.add(
                "stray-suffix",
                field.schema,
                Some(field.promise("pattern")),
                format!("a stray backtick ends the pattern of `{}`", field.path),
                "after `$` nothing can match; the backtick closed a code span of the page's source"
                    .to_owned(),
            );
        }
        if pattern.contains("}?$") {
            self.add(
                "lazy-without-effect",
                field.schema,
                Some(field.promise("pattern")),
                format!(
                    "the lazy quantifier before `$` of `{}` has no effect",
                    field.path
                ),
                "`{m,n}?$` and `{m,n}$` accept the same strings".to_owned(),
            );
        }
    }

    /// Bounds in prose against those of a pattern that is one repeated class.
    fn lengths(&mut self, field: &Field<'_>, pattern: &str) {
        let Some((low, high)) = counted(pattern) else {
            return;
        };
        let (min, max) = (field.schema.min_length, field.schema.max_length);
        // A length that one of the two allows.
        let between = match (min, max) {
            (_, Some(max)) if max != high => Some(max.max(high)),
            (Some(min), _) if min != low => Some(min.min(low)),
            _ => None,
        };
        if let Some(between) = between {
            let show = |v: Option<u64>| v.map_or("not stated".to_owned(), |v| v.to_string());
            self.add(
                "length-contradiction",
                field.schema,
                Some(field.promise("maxLength")),
                format!("prose and pattern of `{}` give different lengths", field.path),
                format!(
                    "prose: {} to {}; pattern: {{{low},{high}}}; a length of {} is allowed by one and not by the other",
                    show(min),
                    show(max),
                    between
                ),
            );
        }
    }

    /// A published type that the field's own pattern excludes.
    fn published_type(&mut self, field: &Field<'_>) {
        let schema = field.schema;
        let pattern = schema.pattern.as_deref();
        let Some(whole) = pattern.and_then(|p| matcher(p, Mode::FullGrouped)) else {
            return;
        };
        for (kind, example) in [("ipv4", "192.168.1.20"), ("dns", "host")] {
            if schema.published_types.iter().any(|t| t == kind) && !whole(example) {
                self.add(
                    "type-against-pattern",
                    schema,
                    Some(field.promise("pattern")),
                    format!(
                        "`{}` is published as {}, and its pattern excludes some of that",
                        field.path,
                        schema.published_types.join("|")
                    ),
                    format!("{example:?} is {kind}; as a whole, ECMAScript does not match it"),
                );
            }
        }
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

/// Whether ECMAScript matches a text; a text that takes too much is not matched. `None`: there is
/// no automaton for the pattern.
fn matcher(pattern: &str, mode: Mode) -> Option<impl Fn(&str) -> bool> {
    let automaton = language::language(pattern, Dialect::EcmaScript, mode).ok()?;
    let automaton = RefCell::new(automaton);
    Some(move |text: &str| automaton.borrow_mut().decide(text).unwrap_or(false))
}

/// The bounds of a pattern that is nothing but one repeated class, with whatever a generator left
/// at its end: `^[0-9a-z]{1,31}?$`.
fn counted(pattern: &str) -> Option<(u64, u64)> {
    let (class, rest) = pattern
        .trim_start_matches('^')
        .strip_prefix('[')?
        .split_once("]{")?;
    let (bounds, end) = rest.split_once('}')?;
    // `[a-z]-[0-9]{2,3}`: more than one class. In a damaged one a `]` may stand.
    let more = class.split_once(']').is_some_and(|(_, c)| c.contains('['));
    if more || !end.chars().all(|c| "?$`".contains(c)) {
        return None;
    }
    let (low, high) = bounds.split_once(',')?;
    Some((low.parse().ok()?, high.parse().ok()?))
}

/// The parts of a text that begin with a character other than a letter or digit and go on to the
/// next such character.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mark = |c: char| !c.is_alphanumeric();
    text.match_indices(mark).map(move |(at, _)| {
        let piece = text.get(at..).unwrap_or_default();
        let mut marks = piece.match_indices(mark).map(|(end, _)| end);
        let end = marks.nth(1).unwrap_or(piece.len());
        piece.get(..end).unwrap_or_default()
    })
}

/// The text with another number at its end: both sides of where ranges written as alternatives
/// change their branch.
fn numbered(text: &str) -> impl Iterator<Item = String> {
    const NUMBERS: &[&str] = &[
        "0", "9", "10", "19", "99", "100", "199", "200", "249", "250", "255", "999",
    ];
    let start = text.trim_end_matches(|c: char| c.is_ascii_digit());
    NUMBERS.iter().map(move |number| format!("{start}{number}"))
}

/// Whether a pattern has alternatives outside of every group and class.
fn several_alternatives(pattern: &str) -> bool {
    let (mut depth, mut class, mut escaped) = (0_usize, false, false);
    for c in pattern.chars() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            ']' => class = false,
            _ if class => {}
            '[' => class = true,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}
