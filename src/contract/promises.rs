//! The list of promises: one for every checkable statement, with a stable id and its source.

use super::model::*;
use crate::pattern::{Rule, Texts};

/// Writes [`Contract::promises`].
pub(super) fn fill(contract: &mut Contract) {
    let mut out = Vec::new();
    for operation in &contract.operations {
        Lister {
            operation,
            out: &mut out,
        }
        .list();
    }
    contract.promises = out;
}

struct Lister<'a> {
    operation: &'a Operation,
    out: &'a mut Vec<Promise>,
}

impl Lister<'_> {
    fn add(&mut self, id: &str, pointer: &str, page_line: Option<u32>, text: impl Into<String>) {
        let id = format!("{}.{id}", self.operation.id);
        if self.out.iter().all(|p| p.id != id) {
            self.out.push(Promise {
                id,
                operation: self.operation.id.clone(),
                source: PromiseSource {
                    pointer: pointer.to_owned(),
                    page_line,
                },
                text: text.into(),
            });
        }
    }

    fn list(mut self) {
        let operation = self.operation;
        let at = &operation.pointer;
        if let Some(body) = &operation.body {
            let pointer = format!("{at}/requestBody");
            let line = body.schema.page_line;
            if body.required {
                self.add(
                    "body.required",
                    &pointer,
                    line,
                    "a request without a body is refused",
                );
            }
            self.add(
                "body.json",
                &pointer,
                line,
                format!("the body is {}", body.media_type),
            );
            self.schema("body", "the body", &body.schema, false);
            for field in operation.fields() {
                let name = format!("`{}`", field.path);
                let prefix = format!("body.{}", field.path);
                self.schema(&prefix, &name, field.schema, field.required);
            }
        }
        for parameter in &operation.parameters {
            let prefix = format!("parameters.{}", parameter.name);
            let name = format!("the parameter `{}`", parameter.name);
            self.schema(&prefix, &name, &parameter.schema, parameter.required);
        }
        for response in &operation.responses {
            let key = match response.status {
                StatusKey::Exact(code) => code.to_string(),
                StatusKey::Range(digit) => format!("{digit}XX"),
                StatusKey::Default => "default".to_owned(),
            };
            let line = response.schema.as_ref().and_then(|s| s.page_line);
            let what = match &response.media_type {
                Some(media) => format!("an answer {key} has a body of {media} and its schema"),
                None => format!("an answer {key} comes when documented"),
            };
            self.add(&format!("responses.{key}"), &response.pointer, line, what);
            for shape in &response.shapes {
                let text = format!("an error answer {}", shape.body);
                self.add(
                    &format!("responses.{key}.{}", shape.id),
                    &shape.pointer,
                    line,
                    text,
                );
            }
        }
        if operation.needs_auth() {
            let pointer = format!("{at}/security");
            self.add(
                "auth.required",
                &pointer,
                None,
                "nothing is served without credentials",
            );
            self.add(
                "auth.session",
                &pointer,
                None,
                "a refusal does not end the session",
            );
            self.add(
                "auth.login",
                &pointer,
                None,
                "wrong credentials get no token",
            );
        }
        self.add(
            "http.answers",
            "RFC 9110 §3.4, §15.6; RFC 9112 §6",
            None,
            "every request gets one complete, well-formed answer; no crash, hang or 5xx",
        );
        self.add(
            "http.framing",
            "RFC 9112 §6, §7",
            None,
            "messages are framed as HTTP/1.1 says",
        );
        self.add(
            "http.method",
            "RFC 9110 §9.1, §15.5.6",
            None,
            "other methods are not served",
        );
        self.add(
            "http.mediaType",
            "RFC 9110 §8.3",
            None,
            "the media type of a body is minded",
        );
        if operation.body.is_some() {
            self.add(
                "state.readback",
                at,
                None,
                "what was accepted reads back the same",
            );
            self.add(
                "state.refusal",
                at,
                None,
                "what was refused changed nothing",
            );
        }
        self.add(
            "state.alive",
            at,
            None,
            "the device is as alive and quick at the end as at the start",
        );
    }

    fn schema(&mut self, prefix: &str, name: &str, schema: &Schema, required: bool) {
        let (pointer, line) = (schema.pointer.clone(), schema.page_line);
        let mut add = |keyword: &str, text: String| {
            self.add(
                &format!("{prefix}.{keyword}"),
                &format!("{pointer}/{keyword}"),
                line,
                text,
            );
        };
        if required {
            add("required", format!("{name} must be there"));
        }
        if !schema.types.is_empty() {
            let types: Vec<String> = schema.types.iter().map(ToString::to_string).collect();
            add("type", format!("{name} is of type {}", types.join(" or ")));
        }
        if let Some(values) = &schema.enum_values {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            add("enum", format!("{name} is one of {}", values.join(", ")));
        }
        if let Some(value) = &schema.const_value {
            add("const", format!("{name} is {value}"));
        }
        for (keyword, limit) in [
            ("minLength", schema.min_length),
            ("maxLength", schema.max_length),
            ("minItems", schema.min_items),
            ("maxItems", schema.max_items),
        ] {
            if let Some(limit) = limit {
                add(keyword, format!("{name}: {keyword} {limit}"));
            }
        }
        for (keyword, bound) in [("minimum", &schema.minimum), ("maximum", &schema.maximum)] {
            if let Some(bound) = bound {
                let exclusive = if bound.exclusive {
                    ", itself excluded"
                } else {
                    ""
                };
                add(
                    keyword,
                    format!("{name}: {keyword} {}{exclusive}", bound.value),
                );
            }
        }
        if let Some(step) = &schema.multiple_of {
            add("multipleOf", format!("{name} is a multiple of {step}"));
        }
        if let Some(pattern) = &schema.pattern {
            add("pattern", format!("{name} matches {pattern}"));
        }
        if let Some(format) = &schema.format {
            add("format", format!("{name} has the format {format}"));
        }
        if schema.unique_items {
            add("uniqueItems", format!("{name} has no item twice"));
        }
        match schema.additional {
            Additional::Forbidden => {
                add(
                    "additionalProperties",
                    format!("{name} has no other members"),
                );
            }
            Additional::Schema(_) => {
                add(
                    "additionalProperties",
                    format!("other members of {name} keep their rules"),
                );
            }
            Additional::Unstated | Additional::Allowed => {}
        }
        for (keyword, there) in [
            ("oneOf", !schema.one_of.is_empty()),
            ("anyOf", !schema.any_of.is_empty()),
            ("not", schema.not.is_some()),
        ] {
            if there {
                add(keyword, format!("{name} keeps its {keyword}"));
            }
        }
    }
}

impl Schema {
    /// The string rule that this schema states; `None` where it says nothing about strings.
    pub fn rule(&self) -> Option<Rule> {
        let mut formats: Vec<String> = self.format.iter().cloned().collect();
        if formats.is_empty() {
            formats.extend(
                self.published_types
                    .iter()
                    .filter(|t| *t != "string")
                    .cloned(),
            );
        }
        let rule = Rule {
            pattern: self.pattern.clone(),
            min_length: self.min_length,
            max_length: self.max_length,
            formats,
        };
        let strings = self.types.contains(&JsonType::String) || rule != Rule::default();
        strings.then_some(rule)
    }

    /// This schema and all below it.
    pub(super) fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Schema)) {
        visit(self);
        let lists = [&self.all_of, &self.any_of, &self.one_of];
        let additional = match &self.additional {
            Additional::Schema(schema) => Some(schema.as_ref()),
            _ => None,
        };
        let below = self
            .properties
            .iter()
            .map(|(_, s)| s)
            .chain(lists.into_iter().flatten())
            .chain(self.items.as_deref())
            .chain(self.not.as_deref())
            .chain(additional);
        for schema in below {
            schema.walk(visit);
        }
    }
}

impl Contract {
    /// All schemas: bodies, parameters, answers.
    pub(super) fn schemas(&self) -> Vec<&Schema> {
        let mut out = Vec::new();
        for operation in &self.operations {
            let roots = operation
                .body
                .iter()
                .map(|b| &b.schema)
                .chain(operation.parameters.iter().map(|p| &p.schema))
                .chain(operation.responses.iter().filter_map(|r| r.schema.as_ref()));
            for root in roots {
                root.walk(&mut |schema| out.push(schema));
            }
        }
        out
    }

    /// The readings of every string rule, compiled.
    pub fn texts(&self) -> Texts {
        Texts::new(self.schemas().into_iter().filter_map(Schema::rule))
    }
}
