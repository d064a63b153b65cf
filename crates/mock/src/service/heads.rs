//! Heads of answers as HTTP and the document want them, lists as their parameters want them, and
//! the faults of both.

use super::resources::reader;
use super::sample::plausible;
use super::{Ask, Reply, Service, header, query_value, route};
use crate::fault::{FaultInfo, Set, table};
use probity_contract::{
    Chooses, Contract, Listing, Operation, Paging, Parameter, Response, SecurityScheme, assess,
};
use probity_pattern::Assessment;
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The faults of heads and lists, as far as a contract has what they are about.
pub(crate) fn faults(contract: &Contract) -> Vec<FaultInfo> {
    let operations = &contract.operations;
    let required = operations.iter().flat_map(|op| &op.responses);
    let required = required.flat_map(|r| &r.headers).any(|h| h.required);
    let challenged = operations.iter().any(|op| challenge(op).is_some());
    let problems = operations.iter().flat_map(|op| &op.responses);
    let problems = problems.filter(|r| r.media_type.as_deref() == Some(PROBLEM));
    let problems = problems.filter_map(|r| r.schema.as_ref());
    let problems = problems.into_iter().any(|s| s.property("status").is_some());
    let lists: Vec<Listing<'_>> = operations.iter().filter_map(Operation::listing).collect();
    let fits = |fault: &FaultInfo| match fault.id.as_str() {
        "answer-without-field" | "answer-field-wrong" => required,
        "refusal-without-challenge" => challenged,
        "problem-status-other" => problems,
        "parts-overlap" | "parts-skip" | "part-ignored" => {
            lists.iter().any(|list| list.parts().is_some())
        }
        "total-one-more" => operations.iter().any(counts),
        "list-default-other" => lists.iter().any(|list| {
            let limit = list.limit.filter(|_| list.parts().is_some());
            limit.is_some_and(|p| p.schema.default.is_some())
        }),
        "version-sent-again" | "version-alone-known" => operations.iter().any(names_versions),
        "media-type-ignored" => operations.iter().any(tells_media_types),
        "id-wraps" | "item-beside" => operations.iter().any(route::reads_numbered),
        "version-other-status" => {
            let told = |op: &Operation| minds_versions(operations, op) && op.documents(412);
            operations.iter().any(told)
        }
        "version-unminded" | "version-cut" | "version-refused" => {
            operations.iter().any(|op| minds_versions(operations, op))
        }
        "answer-with-mark" => operations.iter().any(answers_json),
        "limit-ignored" | "limit-one-more" => lists.iter().any(|list| list.limit.is_some()),
        "filter-ignored" | "filter-inverted" => lists.iter().any(|list| !list.filters.is_empty()),
        _ => true,
    };
    table(include_str!("../heads.txt"), Set::Working)
        .into_iter()
        .filter(fits)
        .collect()
}

/// Whether the document says that a version which a client has is not sent again.
fn names_versions(operation: &Operation) -> bool {
    let named = operation.documents(304) || operation.header_parameter("If-None-Match").is_some();
    operation.method == "GET" && named
}

/// Whether the document says that a write may name the version that it replaces, of what can be read.
fn minds_versions(operations: &[Operation], operation: &Operation) -> bool {
    operation.minds_versions() && reader(operations, operation).is_some()
}

/// Whether an answer has a field that says how many items the list has.
fn has_count(response: &Response) -> bool {
    let mut headers = response.headers.iter();
    headers.any(|h| h.name.eq_ignore_ascii_case(COUNT))
}

/// Whether a list that comes in parts says how many items it has.
fn counts(operation: &Operation) -> bool {
    let parts = operation.listing().is_some_and(|l| l.parts().is_some());
    let body = |r: &Response| {
        let schema = r.schema.as_ref();
        schema.is_some_and(|s| TOTALS.iter().any(|name| s.property(name).is_some()))
    };
    parts && operation.responses.iter().any(|r| has_count(r) || body(r))
}

/// The version of an answer.
fn tag(body: &[u8]) -> String {
    let mut hash = DefaultHasher::new();
    body.hash(&mut hash);
    format!("\"{:016x}\"", hash.finish())
}

/// Whether the document has a status for bodies of another media type.
fn tells_media_types(operation: &Operation) -> bool {
    operation.documents(415) && operation.body.as_ref().is_some_and(|body| body.only)
}

/// Whether a condition names a version (RFC 9110 §13.1.2).
fn names(condition: &str, tag: &str) -> bool {
    condition == "*"
        || condition
            .split(',')
            .any(|named| named.trim().trim_start_matches("W/") == tag)
}

/// Whether the document promises JSON of a success.
fn answers_json(operation: &Operation) -> bool {
    let successes = operation.success_statuses().into_iter();
    let mut types = successes.filter_map(|s| operation.response(s)?.media_type.as_deref());
    types.any(|media| media == "application/json")
}

/// What says how many items a list has, and what stands in front of the number of a part.
const COUNT: &str = "X-Total-Count";
const TOTALS: [&str; 5] = [
    "total",
    "total_count",
    "totalCount",
    "totalItems",
    "total_items",
];
const PART: &str = "part-";

const PROBLEM: &str = "application/problem+json";

/// What a 401 of an operation offers, where it has a scheme of HTTP.
fn challenge(operation: &Operation) -> Option<&'static str> {
    let mut schemes = operation.security.iter().flatten();
    schemes.find_map(|scheme| match scheme {
        SecurityScheme::Basic => Some("Basic realm=\"mock\""),
        SecurityScheme::Bearer => Some("Bearer"),
        _ => None,
    })
}

impl Service {
    /// Completes the head of an answer.
    pub(super) fn heads(&self, ask: &Ask<'_>, reply: &mut Reply) {
        let here = route::here(&self.contract.operations, &ask.target());
        let has = |reply: &Reply, name: &str| {
            let mut names = reply.headers.iter();
            names.any(|(n, _)| n.eq_ignore_ascii_case(name))
        };
        let challenge = here.iter().find_map(|op| challenge(op));
        if let Some(challenge) = challenge.filter(|_| reply.status == 401)
            && !self.planted.has("refusal-without-challenge")
            && !has(reply, "WWW-Authenticate")
        {
            let field = ("WWW-Authenticate".to_owned(), challenge.to_owned());
            reply.headers.push(field);
        }
        if self.planted.has("not-allowed-without-methods") && reply.status == 405 {
            reply.headers.retain(|(name, _)| name != "Allow");
        }
        let Some(operation) = here.iter().find(|op| op.method == ask.method) else {
            return;
        };
        self.problem(reply);
        if self.planted.has("answer-with-mark") && answers_json(operation) && reply.status < 300 {
            reply.body.splice(0..0, *b"\xEF\xBB\xBF");
        }
        self.version(operation, ask, reply);
        let Some(response) = operation.response(reply.status) else {
            return;
        };
        for header in &response.headers {
            if has(reply, &header.name) || self.planted.has("answer-without-field") {
                continue;
            }
            let value = plausible(&header.schema, &self.texts);
            let value = match self.planted.has("answer-field-wrong") {
                true => wrong(|value| self.surely_wrong(&header.schema, value)),
                false => value,
            };
            let text = match value {
                Some(Value::String(text)) => text,
                Some(other) => other.to_string(),
                None => "1".to_owned(),
            };
            reply.headers.push((header.name.clone(), text));
        }
    }

    /// Names the version of what is read, and does not send again what the client has.
    fn version(&self, operation: &Operation, ask: &Ask<'_>, reply: &mut Reply) {
        let operations = &self.contract.operations;
        let minded = |op: &Operation| op.path == operation.path && minds_versions(operations, op);
        let named = names_versions(operation) || operations.iter().any(minded);
        if operation.method != "GET" || !named || reply.status != 200 {
            return;
        }
        let tag = tag(&reply.body);
        let known = header(ask, "if-none-match").is_some_and(|condition| {
            let alone = self.planted.has("version-alone-known");
            let named = if alone {
                condition == tag || condition == "*"
            } else {
                names(condition, &tag)
            };
            named && names_versions(operation) && !self.planted.has("version-sent-again")
        });
        reply.headers.push(("ETag".to_owned(), tag));
        if known {
            reply.status = 304;
            reply.body.clear();
            reply.headers.retain(|(name, _)| name != "Content-Type");
        }
    }

    /// The refusal of a write that names another version than the one that stands.
    pub(super) fn precondition(&self, operation: &Operation, ask: &Ask<'_>) -> Option<Reply> {
        let operations = &self.contract.operations;
        let condition = header(ask, "if-match")?;
        if !minds_versions(operations, operation) || self.planted.has("version-unminded") {
            return None;
        }
        let tag = tag(&self.serve(reader(operations, operation)?, ask, None).body);
        let begins = |named: &str| tag.starts_with(named.trim_end_matches('"'));
        let named = match () {
            () if self.planted.has("version-cut") => condition == "*" || begins(condition),
            () if self.planted.has("version-refused") => condition == "*",
            () => condition == "*" || condition.split(',').any(|named| named.trim() == tag),
        };
        let status = if self.planted.has("version-other-status") {
            400
        } else {
            412
        };
        (!named).then(|| self.answer_of(operation, status))
    }

    fn surely_wrong(&self, schema: &probity_contract::Schema, value: &Value) -> bool {
        assess(schema, value, &self.texts).certainty == Assessment::SurelyInvalid
    }

    /// `status` of problem details is the status of the answer (RFC 9457 §3.1.2).
    fn problem(&self, reply: &mut Reply) {
        let media = reply.headers.iter().find(|(n, _)| n == "Content-Type");
        if media.is_none_or(|(_, media)| media != PROBLEM) {
            return;
        }
        let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else {
            return;
        };
        let Some(status) = body.get_mut("status").filter(|status| status.is_number()) else {
            return;
        };
        *status = match self.planted.has("problem-status-other") {
            true => json!(if reply.status == 404 { 400 } else { 404 }),
            false => json!(reply.status),
        };
        reply.body = body.to_string().into_bytes();
    }

    /// The items of a list that the parameters choose.
    pub(super) fn choose(&self, operation: &Operation, ask: &Ask<'_>, reply: &mut Reply) {
        let Some(listing) = operation.listing() else {
            return;
        };
        let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else {
            return;
        };
        let Some(Value::Array(items)) = body.pointer_mut(&listing.array) else {
            return;
        };
        let asked = |name: &str| query_value(ask.query, name)?.parse::<usize>().ok();
        for filter in &listing.filters {
            let Some(wanted) = query_value(ask.query, &filter.parameter.name) else {
                continue;
            };
            if self.planted.has("filter-ignored") {
                continue;
            }
            let turned = self.planted.has("filter-inverted");
            items.retain(|item| {
                let value = item.get(filter.member);
                let text = match value {
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                    None => return !turned,
                };
                turned != chosen(filter.chooses, &text, &wanted)
            });
        }
        let total = items.len() + usize::from(self.planted.has("total-one-more"));
        let usual = |p: &Parameter| {
            let default = p.schema.default.as_ref()?.as_u64()?;
            let default = usize::try_from(default).ok()?;
            let less = default > 1 && self.planted.has("list-default-other");
            Some(if less { default - 1 } else { default })
        };
        let limit = listing
            .limit
            .and_then(|p| asked(&p.name).or_else(|| usual(p)));
        let skipped = match &listing.paging {
            Some(Paging::Offset { name }) => asked(name),
            Some(Paging::Page { name, first }) => asked(name).map(|page| {
                let first = first.map_or(1, |first| usize::try_from(first).unwrap_or(1));
                let pages = page.saturating_sub(first);
                pages.saturating_mul(limit.unwrap_or(usize::MAX))
            }),
            None => listing.cursor.and_then(|cursor| {
                let text = query_value(ask.query, &cursor.parameter.name)?;
                text.strip_prefix(PART)?.parse().ok()
            }),
        };
        let skipped = match skipped.unwrap_or(0) {
            0 => 0,
            _ if self.planted.has("part-ignored") => 0,
            n if self.planted.has("parts-overlap") => n - 1,
            n if self.planted.has("parts-skip") => n.saturating_add(1),
            n => n,
        };
        items.drain(..skipped.min(items.len()));
        let behind = items.len();
        if let Some(limit) = limit.filter(|_| !self.planted.has("limit-ignored")) {
            items.truncate(limit + usize::from(self.planted.has("limit-one-more")));
        }
        let shown = items.len();
        if let (Some(cursor), Some(object)) = (listing.cursor, body.as_object_mut()) {
            let next = format!("{PART}{}", skipped + shown);
            let next = match shown < behind {
                true => json!(next),
                false if cursor.null => Value::Null,
                false => json!(""),
            };
            object.insert(cursor.member.to_owned(), next);
        }
        for name in TOTALS {
            if let Some(said) = body.get_mut(name).filter(|said| said.is_number()) {
                *said = json!(total);
            }
        }
        let response = operation.response(reply.status);
        let wrong = ["answer-without-field", "answer-field-wrong"];
        let wrong = wrong.iter().any(|fault| self.planted.has(fault));
        if response.is_some_and(has_count) && !wrong {
            reply.headers.push((COUNT.to_owned(), total.to_string()));
        }
        reply.body = body.to_string().into_bytes();
    }
}

/// Whether an item whose member is this comes.
fn chosen(chooses: Chooses, value: &str, wanted: &str) -> bool {
    let read = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let order = match (read(value), read(wanted)) {
        (Some(value), Some(wanted)) => value.cmp(&wanted),
        _ => value.cmp(wanted),
    };
    match chooses {
        Chooses::Equal | Chooses::Among => value == wanted,
        Chooses::From => order.is_ge(),
        Chooses::To => order.is_le(),
    }
}

/// A text that is surely no value of a header field.
fn wrong(invalid: impl Fn(&Value) -> bool) -> Option<Value> {
    let texts = ["probity", "-1", "?", "0"].into_iter().map(Value::from);
    let numbers = [json!(-1), json!(0)].into_iter();
    texts.chain(numbers).find(|value| invalid(value))
}
