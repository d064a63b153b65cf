//! The parameters of an operation.

use super::exchange::is_token;
use super::model::*;
use super::operations::{Loader, Part};
use super::pointer::escape;
use super::reader::Flaw;
use super::serialization::{Serialization, content_of};
use super::source::Way;
use serde_json::{Map, Value};

/// Header fields that say how a message is read, where it ends and what becomes of the connection
/// (RFC 9110 §7, §8.4, §8.6, §10.1.1; RFC 9112 §6, §9): a value of a parameter's schema in one of
/// them makes another message, or none.
const FRAMING: [&str; 11] = [
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether every request that needs it has the field, with the only value that is right.
fn is_always_there(name: &str) -> bool {
    ["host", "content-length"].contains(&name.to_ascii_lowercase().as_str())
}

/// Whether two parameters are the same one: header fields whatever their case (RFC 9110 §5.1).
fn same(one: &Parameter, other: &Parameter) -> bool {
    one.place == other.place
        && match one.place {
            Place::Header => one.name.eq_ignore_ascii_case(&other.name),
            _ => one.name == other.name,
        }
}

impl<'d> Loader<'d> {
    /// Parameters of the path item and of the operation; the operation's replace the path item's
    /// of the same name and place (OpenAPI 3.1.1 §4.8.10.1).
    pub(super) fn parameters(
        &mut self,
        id: &str,
        item: &[Part<'d>],
        operation: &'d Map<String, Value>,
        pointer: &str,
    ) -> Result<Vec<Parameter>, Flaw> {
        let mut out: Vec<Parameter> = Vec::new();
        let own = (operation, pointer.to_owned());
        for (owner, at) in item.iter().rev().chain([&own]) {
            let Some(list) = owner.get("parameters") else {
                continue;
            };
            let listed = self.list_of_parameters(id, list, &format!("{at}/parameters"))?;
            out.retain(|p| !listed.iter().any(|new| same(p, new)));
            out.extend(listed);
        }
        Ok(out)
    }

    /// One list of parameters. A name and place that it has twice is a flaw: which of the two holds,
    /// nothing says.
    fn list_of_parameters(
        &mut self,
        id: &str,
        list: &'d Value,
        at: &str,
    ) -> Result<Vec<Parameter>, Flaw> {
        let mut out: Vec<Parameter> = Vec::new();
        let mut twice: Vec<Parameter> = Vec::new();
        for (i, parameter) in self.schemas.reader.list(list, at)?.iter().enumerate() {
            let place = format!("{at}/{i}");
            match self.parameter(parameter, &place) {
                Ok(Some(parameter)) => {
                    if let Some(known) = out.iter().find(|known| same(known, &parameter)) {
                        if known.pointer == parameter.pointer {
                            continue;
                        }
                        let why = format!(
                            "the parameter `{}` is there twice: which of them holds is not said",
                            parameter.name
                        );
                        let flaw = self.schemas.reader.error(&place, why);
                        if known.required || parameter.required {
                            return Err(flaw);
                        }
                        self.leave_out_part(id, &format!("parameters.{i}"), flaw);
                        twice.push(parameter);
                        continue;
                    }
                    out.push(parameter);
                }
                Ok(None) => {}
                // One that may be absent is left out alone.
                Err(flaw) if self.may_be_absent(parameter, &place) => {
                    self.leave_out_part(id, &format!("parameters.{i}"), flaw);
                }
                Err(flaw) => return Err(flaw),
            }
        }
        out.retain(|p| !twice.iter().any(|other| same(p, other)));
        Ok(out)
    }

    /// Whether a parameter that cannot be read is one that is not required.
    fn may_be_absent(&self, value: &'d Value, pointer: &str) -> bool {
        let Ok((value, _)) = self.schemas.reader.follow(value, pointer) else {
            return false;
        };
        let member = |name: &str| value.get(name);
        value.is_object()
            && member("required").is_none_or(|r| r == &Value::Bool(false))
            && member("in") != Some(&Value::from("path"))
    }

    fn parameter(&mut self, value: &'d Value, pointer: &str) -> Result<Option<Parameter>, Flaw> {
        let (value, at) = self.schemas.reader.follow(value, pointer)?;
        let map = self.schemas.reader.object(value, &at)?;
        let Some(name) = map.get("name").and_then(Value::as_str) else {
            let why = "a parameter without `name`";
            return Err(self.schemas.reader.error(&at, why));
        };
        let place = match map.get("in").and_then(Value::as_str) {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            Some("cookie") => Place::Cookie,
            Some("querystring") => {
                let why = "a query as a whole (`in: querystring`, OpenAPI 3.2) is not sent";
                return Err(self.schemas.reader.beyond(&format!("{at}/in"), why));
            }
            _ => {
                let why = "must be path, query, header or cookie";
                return Err(self.schemas.reader.error(&format!("{at}/in"), why));
            }
        };
        // OpenAPI 3.1.1 §4.8.12.1: these three are ignored as header parameters.
        let ignored = ["accept", "content-type", "authorization"];
        if place == Place::Header && ignored.contains(&name.to_ascii_lowercase().as_str()) {
            self.schemas
                .reader
                .skip(&at, "OpenAPI ignores a header parameter of this name");
            return Ok(None);
        }
        let framing =
            place == Place::Header && FRAMING.contains(&name.to_ascii_lowercase().as_str());
        if framing && map.get("required") == Some(&Value::Bool(true)) && !is_always_there(name) {
            let why = format!("`{name}` says how the message itself is read: it is not sent");
            return Err(self.schemas.reader.beyond(&at, why));
        }
        if framing {
            let why = "HTTP itself says what this header field holds: no other value is sent";
            self.schemas.reader.skip(&at, why);
            return Ok(None);
        }
        if place == Place::Header && !is_token(name) {
            let why = format!("`{name}` is no name of a header field (RFC 9110 §5.1)");
            return Err(self.schemas.reader.error(&format!("{at}/name"), why));
        }
        let used = [
            "name",
            "in",
            "description",
            "required",
            "deprecated",
            "schema",
            "example",
            "examples",
            "style",
            "explode",
            "allowReserved",
            "content",
        ];
        self.schemas.reader.leave_out(map, &used, &at);
        let (serialization, wrong) = Serialization::stated(map, place);
        if let Some(why) = wrong {
            let flaw = self.schemas.reader.error(&format!("{at}/style"), why);
            self.schemas.reader.note(flaw);
        }
        let (rules, rules_at) = match content_of(map) {
            Some(media) => {
                let at = format!("{at}/content/{}", escape(media));
                let media = map.get("content").and_then(|content| content.get(media));
                (media.and_then(|m| m.get("schema")), format!("{at}/schema"))
            }
            None => (map.get("schema"), format!("{at}/schema")),
        };
        let mut schema = match rules {
            Some(schema) => self.schema(schema, &rules_at, Way::Request),
            None => {
                self.schemas.reader.skip(
                    &at,
                    "a parameter without `schema` has no rules that are checked",
                );
                Schema::default()
            }
        };
        let described = map.get("description").and_then(Value::as_str);
        schema.excused |= described.is_some_and(super::excuse::excuses);
        schema.clamped |= described.is_some_and(super::excuse::clamps);
        if let Some(example) = map
            .get("example")
            .filter(|_| !self.schemas.reader.is_twice_within(&at))
        {
            schema.examples.push(example.clone());
        }
        let examples = map.get("examples").and_then(Value::as_object);
        let examples = examples.filter(|_| !self.schemas.reader.is_twice_within(&at));
        for example in examples.into_iter().flatten().map(|(_, example)| example) {
            schema.examples.extend(example.get("value").cloned());
        }
        Ok(Some(Parameter {
            name: name.to_owned(),
            place,
            required: self.schemas.reader.member_flag(value, "required", &at)?
                || place == Place::Path,
            schema,
            serialization,
            given: None,
            pointer: at,
        }))
    }
}
