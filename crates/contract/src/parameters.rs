//! The parameters of an operation.

use super::model::*;
use super::operations::Loader;
use super::pointer::escape;
use super::reader::Flaw;
use super::serialization::{Serialization, content_of};
use super::source::Way;
use serde_json::{Map, Value};

impl<'d> Loader<'d> {
    /// Parameters of the path item and of the operation; the operation's replace the path item's
    /// of the same name and place (OpenAPI 3.1.1 §4.8.10.1).
    pub(super) fn parameters(
        &mut self,
        id: &str,
        item: &'d Map<String, Value>,
        operation: &'d Map<String, Value>,
        pointer: &str,
    ) -> Result<Vec<Parameter>, Flaw> {
        let owner = pointer.rsplit_once('/').map_or("", |(owner, _)| owner);
        let mut out: Vec<Parameter> = Vec::new();
        for (list, owner) in [
            (item.get("parameters"), owner),
            (operation.get("parameters"), pointer),
        ] {
            let Some(list) = list else { continue };
            let at = format!("{owner}/parameters");
            for (i, parameter) in self.schemas.reader.list(list, &at)?.iter().enumerate() {
                let place = format!("{at}/{i}");
                match self.parameter(parameter, &place) {
                    Ok(Some(parameter)) => {
                        out.retain(|p| (&p.name, p.place) != (&parameter.name, parameter.place));
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
        }
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
            self.schemas.reader.skip(&format!("{at}/style"), why);
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
