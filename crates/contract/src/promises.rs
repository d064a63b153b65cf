//! The list of promises: one for every checkable statement, with a stable id and its source.

use super::lists::Chooses;
use super::model::*;
use super::profile::Profile;
use super::promise_id::PromiseId;
use probity_pattern::{Rule, Texts};
use std::collections::{HashMap, HashSet};

/// What every operation promises, stated or not.
const ANSWERS: &str = "http.answers";

/// Most schemas that are visited.
const MOST_SCHEMAS: usize = 1_000_000;

/// Writes [`Contract::promises`].
pub(super) fn fill(contract: &mut Contract) {
    let mut out = Vec::new();
    for operation in &contract.operations {
        Lister {
            contract,
            operation,
            known: HashSet::new(),
            out: &mut out,
        }
        .list();
    }
    share(contract, &mut out);
    let ids = out.iter().enumerate();
    contract.promise_index = ids.map(|(at, p)| (p.id.clone(), at)).collect();
    contract.promises = out;
}

/// Adds what holds because the profile says who else there is, and how a session ends.
pub(super) fn of_users(contract: &mut Contract, profile: &Profile) {
    let viewer = profile.roles.viewer.as_ref();
    let logout = profile.login.as_ref().is_some_and(|l| l.logout.is_some());
    let mut more = Vec::new();
    for op in &contract.operations {
        if !contract.guards(op) {
            continue;
        }
        let mut add = |id: &str, text: &str| {
            let id = PromiseId::new(&op.id, id);
            if contract.promise(&id).is_none() {
                more.push(Promise {
                    id,
                    operation: op.id.clone(),
                    source: PromiseSource {
                        pointer: op.security_pointer.clone(),
                        page_line: contract.page_line(&op.security_pointer),
                    },
                    stated: None,
                    text: text.to_owned(),
                });
            }
        };
        if viewer.is_some_and(|viewer| !viewer.may_call(op)) {
            add("auth.roles", "who may only read changes nothing");
        }
        if logout && op.method == "GET" {
            add("auth.logout", "a session that was logged out is none");
        }
    }
    for promise in more {
        let at = contract.promises.len();
        contract.promise_index.insert(promise.id.clone(), at);
        contract.promises.push(promise);
    }
}

/// Fills [`Promise::stated`]: what several operations are promised by the same place of the document,
/// a component that they refer to.
fn share(contract: &Contract, promises: &mut [Promise]) {
    let mut operations: HashMap<&str, HashSet<&str>> = HashMap::new();
    let places: Vec<Option<&str>> = promises.iter().map(|p| place_of(contract, p)).collect();
    for (promise, place) in promises.iter().zip(&places) {
        if let Some(place) = place {
            let of = operations.entry(place).or_default();
            of.insert(promise.operation.as_str());
        }
    }
    let shared = |place: &&str| operations.get(place).is_some_and(|of| of.len() > 1);
    let stated: Vec<Option<String>> = places
        .iter()
        .map(|place| place.filter(shared).map(str::to_owned))
        .collect();
    for (promise, stated) in promises.iter_mut().zip(stated) {
        promise.stated = stated;
    }
}

/// Where the document states a promise about input or an answer.
fn place_of<'a>(contract: &'a Contract, promise: &'a Promise) -> Option<&'a str> {
    let part = promise.id.strip_prefix(promise.operation.as_str())?;
    let mut parts = part.trim_start_matches('.').split('.');
    match (parts.next()?, parts.next(), parts.next()) {
        ("body" | "parameters", ..) => Some(&promise.source.pointer),
        // An answer written out in the operation may have the schema of a component all the same.
        ("responses", Some(key), None) => {
            let operation = contract.operation(&promise.operation)?;
            let response = operation.responses.iter().find(|r| r.key() == key)?;
            let schema = response.schema.as_ref().map(|s| s.pointer.as_str());
            Some(schema.unwrap_or(&response.pointer))
        }
        _ => None,
    }
}

struct Lister<'a> {
    contract: &'a Contract,
    operation: &'a Operation,
    known: HashSet<PromiseId>,
    out: &'a mut Vec<Promise>,
}

impl Lister<'_> {
    fn add(&mut self, id: &str, pointer: &str, text: impl Into<String>) {
        self.add_of(id, pointer, pointer, text);
    }

    /// `lines` points to what stands on the page's line, where that is not `pointer`.
    fn add_of(&mut self, id: &str, pointer: &str, lines: &str, text: impl Into<String>) {
        let id = PromiseId::new(&self.operation.id, id);
        if self.known.insert(id.clone()) {
            self.out.push(Promise {
                id,
                operation: self.operation.id.clone(),
                source: PromiseSource {
                    pointer: pointer.to_owned(),
                    page_line: self.contract.page_line(lines),
                },
                stated: None,
                text: text.into(),
            });
        }
    }

    fn list(mut self) {
        self.body();
        self.parameters();
        self.responses();
        let operation = self.operation;
        let at = &operation.pointer;
        if operation.needs_auth() {
            let pointer = &operation.security_pointer;
            for (id, text) in [
                ("auth.required", "nothing is served without credentials"),
                ("auth.session", "a refusal does not end the session"),
                ("auth.login", "wrong credentials get no token"),
            ] {
                self.add(id, pointer, text);
            }
        }
        for (id, source, text) in [
            (
                ANSWERS,
                "RFC 9110 §3.4, §15.6; RFC 9112 §6",
                "every request gets one complete, well-formed answer; no crash, hang or 5xx",
            ),
            (
                "http.framing",
                "RFC 9112 §6, §7",
                "messages are framed as HTTP/1.1 says",
            ),
            (
                "http.method",
                "RFC 9110 §9.1, §15.5.6",
                "other methods are not served",
            ),
            (
                "http.mediaType",
                "RFC 9110 §8.3",
                "the media type of a body is minded",
            ),
        ] {
            self.add(id, source, text);
        }
        if operation.body.is_some() {
            self.add(
                "state.readback",
                at,
                "what was accepted reads back the same",
            );
            self.add("state.refusal", at, "what was refused changed nothing");
        }
        self.add(
            "state.alive",
            at,
            "the device is as alive and quick at the end as at the start",
        );
    }

    fn body(&mut self) {
        let operation = self.operation;
        let Some(body) = &operation.body else { return };
        if body.required {
            let pointer = format!("{}/required", body.pointer);
            self.add(
                "body.required",
                &pointer,
                "a request without a body is refused",
            );
        }
        let media = format!("the body is {}", body.media_type);
        // A form or a text has a syntax of its own.
        let syntax = if body.format.is_json() {
            "body.json"
        } else {
            "body.syntax"
        };
        self.add(syntax, &format!("{}/content", body.pointer), media);
        self.schema("body", "the body", &body.schema);
        self.required("body", "", &body.schema);
        for field in operation.fields() {
            let prefix = format!("body.{}", field.path);
            self.schema(&prefix, &format!("`{}`", field.path), field.schema);
            self.required(&prefix, &format!("{}.", field.path), field.schema);
        }
    }

    /// The promises that members must be there: stated by their parent, named after them.
    fn required(&mut self, prefix: &str, path: &str, parent: &Schema) {
        for name in &parent.required {
            let text = format!("`{path}{name}` must be there");
            let id = format!("{prefix}.{name}.required");
            // A page says with each member that it is required, a schema in a list beside them.
            let pointer = parent.required_pointer(name);
            let member = parent.property(name).map(|m| m.pointer.as_str());
            self.add_of(&id, &pointer, member.unwrap_or(&pointer), text);
        }
    }

    fn parameters(&mut self) {
        for parameter in &self.operation.parameters {
            let prefix = format!("parameters.{}", self.operation.parameter_key(parameter));
            let name = format!("the parameter `{}`", parameter.name);
            if parameter.required {
                let pointer = format!("{}/required", parameter.pointer);
                let text = format!("{name} must be there");
                self.add(&format!("{prefix}.required"), &pointer, text);
            }
            self.schema(&prefix, &name, &parameter.schema);
        }
        let operation = self.operation;
        let Some(listing) = operation.listing() else {
            return;
        };
        if let Some(limit) = listing.limit {
            let id = format!("parameters.{}.limits", operation.parameter_key(limit));
            let text = format!(
                "no more items come than the parameter `{}` says",
                limit.name
            );
            self.add(&id, &limit.pointer, text);
        }
        if let Some(parts) = listing.parts() {
            let id = format!("parameters.{}.pages", operation.parameter_key(parts));
            let text = "the parts of the list show each of its items once".to_owned();
            self.add(&id, &parts.pointer, text);
        }
        for filter in listing.filters {
            let (parameter, member) = (filter.parameter, filter.member);
            let id = format!("parameters.{}.filters", operation.parameter_key(parameter));
            let text = match filter.chooses {
                Chooses::Equal => {
                    format!("only items come whose `{member}` is what the parameter says")
                }
                Chooses::Among => format!("items come whose `{member}` is what the parameter says"),
                Chooses::From => {
                    format!("only items come whose `{member}` is not before that time")
                }
                Chooses::To => format!("only items come whose `{member}` is not after that time"),
            };
            self.add(&id, &parameter.pointer, text);
        }
        if let Some(sort) = listing.sort {
            let id = format!("parameters.{}.sorts", operation.parameter_key(sort));
            let text = "the items come in the order of the member that the parameter names";
            self.add(&id, &sort.pointer, text.to_owned());
        }
    }

    fn responses(&mut self) {
        for response in &self.operation.responses {
            let key = response.key();
            let what = match &response.media_type {
                Some(media) => format!("an answer {key} has a body of {media} and its schema"),
                None => format!("an answer {key} comes when documented"),
            };
            self.add(&format!("responses.{key}"), &response.pointer, what);
            for header in &response.headers {
                let text = match header.required {
                    true => format!("an answer {key} has the header field `{}`", header.name),
                    false => format!("`{}` of an answer {key} keeps its rules", header.name),
                };
                let id = format!("responses.{key}.headers.{}", header.name);
                self.add(&id, &header.pointer, text);
            }
            for shape in &response.shapes {
                let text = format!("an error answer {}", shape.body);
                let id = format!("responses.{key}.{}", shape.id);
                self.add(&id, &shape.pointer, text);
            }
        }
    }

    fn schema(&mut self, prefix: &str, name: &str, schema: &Schema) {
        let mut add = |keyword: &str, text: String| {
            let pointer = schema.keyword_pointer(keyword);
            self.add(&format!("{prefix}.{keyword}"), &pointer, text);
        };
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
            ("minProperties", schema.min_properties),
            ("maxProperties", schema.max_properties),
        ] {
            if let Some(limit) = limit {
                add(keyword, format!("{name}: {keyword} {limit}"));
            }
        }
        for (keyword, bound) in [("minimum", &schema.minimum), ("maximum", &schema.maximum)] {
            let Some(bound) = bound else { continue };
            let except = if bound.exclusive {
                ", itself excluded"
            } else {
                ""
            };
            add(
                keyword,
                format!("{name}: {keyword} {}{except}", bound.value),
            );
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
        let others = match schema.additional {
            Additional::Forbidden => Some(format!("{name} has no other members")),
            Additional::Schema(_) => Some(format!("other members of {name} keep their rules")),
            Additional::Unstated | Additional::Allowed => None,
        };
        if let Some(text) = others {
            add("additionalProperties", text);
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

    /// The parts of this schema, of whatever kind.
    pub fn parts(&self) -> impl Iterator<Item = &SchemaRef> {
        let additional = match &self.additional {
            Additional::Schema(schema) => Some(schema),
            _ => None,
        };
        let lists = [&self.all_of, &self.any_of, &self.one_of, &self.prefix_items];
        let members = [
            &self.properties,
            &self.pattern_properties,
            &self.dependent_schemas,
        ];
        let single = [
            &self.items,
            &self.not,
            &self.if_schema,
            &self.then_schema,
            &self.else_schema,
            &self.contains,
            &self.property_names,
            &self.unevaluated_items,
            &self.unevaluated_properties,
        ];
        members
            .into_iter()
            .flatten()
            .map(|(_, s)| s)
            .chain(lists.into_iter().flatten())
            .chain(single.into_iter().filter_map(Option::as_ref))
            .chain(additional)
    }
}

/// The rule for the names that a key of `patternProperties` is about.
pub(super) fn names_rule(pattern: &str) -> Rule {
    Rule {
        pattern: Some(pattern.to_owned()),
        ..Rule::default()
    }
}

impl Contract {
    /// Visits all schemas: bodies, parameters, answers and their parts, each place of the document
    /// once for each set of rules that was merged into it.
    pub(super) fn schemas<'a>(&'a self, visit: &mut dyn FnMut(&'a Schema)) {
        let mut seen: HashSet<(&'a str, usize, Option<Rule>)> = HashSet::new();
        let mut left: Vec<&'a Schema> = Vec::new();
        for operation in &self.operations {
            let body = operation.body.iter().map(|b| &b.schema);
            let parameters = operation.parameters.iter().map(|p| &p.schema);
            let responses = operation.responses.iter();
            left.extend(body.chain(parameters));
            for response in responses {
                left.extend(response.schema.as_ref());
                left.extend(response.headers.iter().map(|header| &header.schema));
            }
        }
        left.reverse();
        while let Some(schema) = left.pop() {
            let key = (schema.pointer.as_str(), schema.origins.len(), schema.rule());
            if (!schema.pointer.is_empty() && !seen.insert(key)) || seen.len() > MOST_SCHEMAS {
                continue;
            }
            visit(schema);
            let parts: Vec<&'a Schema> = schema.parts().map(|s| &**s).collect();
            left.extend(parts.into_iter().rev());
        }
    }

    /// The readings of every string rule, compiled.
    pub fn texts(&self) -> Texts {
        let mut rules = Vec::new();
        self.schemas(&mut |schema| {
            rules.extend(schema.rule());
            let patterns = schema.pattern_properties.iter();
            rules.extend(patterns.map(|(pattern, _)| names_rule(pattern)));
            let texts = schema
                .property_names
                .iter()
                .filter_map(|names| names.rule());
            rules.extend(texts);
        });
        Texts::new(rules).with_formats(self.formats_bind)
    }
}
