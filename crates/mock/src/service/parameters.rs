//! Parameters of a request: there where they have to be, and of the type and the rules that the
//! contract gives them.

use super::{Ask, Service, decode, header};
use crate::validate::Validator;
use probity_contract::{FieldPath, JsonType, Operation, Parameter, Place, Schema};
use serde_json::Value;

impl Service {
    /// The first parameter that is missing or breaks a rule.
    pub(super) fn wrong_parameter(
        &self,
        operation: &Operation,
        ask: &Ask<'_>,
    ) -> Option<FieldPath> {
        let validator = self.validators.get(&operation.id)?;
        operation
            .parameters
            .iter()
            .map(|parameter| (parameter, FieldPath::root().member(&parameter.name)))
            .find(|(parameter, path)| match given(operation, parameter, ask) {
                None => parameter.required,
                Some(value) => !takes(validator, parameter, &value, path),
            })
            .map(|(_, path)| path)
    }
}

/// Whether the rules of a parameter take a value, or the text that it was read from: `12` is a
/// number and a string.
fn takes(validator: &Validator, parameter: &Parameter, value: &Value, path: &FieldPath) -> bool {
    let check = |value: &Value| validator.check_at(&parameter.schema, value, path).is_none();
    let scalar = value.is_number() || value.is_boolean() || value.is_null();
    check(value) || scalar && check(&Value::String(value.to_string()))
}

/// The value of a parameter, percent-encoding removed where the place has it.
fn given(operation: &Operation, parameter: &Parameter, ask: &Ask<'_>) -> Option<Value> {
    let name = parameter.name.as_str();
    match parameter.place {
        Place::Query => decode::pairs(parameter, &decode::query(ask.query)),
        Place::Header => Some(decode::text(parameter, header(ask, name)?)),
        Place::Cookie => {
            let cookies = header(ask, "cookie")?.split(';');
            let cookies = cookies.filter_map(|pair| pair.trim().split_once('='));
            let cookies: Vec<(String, String)> = cookies
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            decode::pairs(parameter, &cookies)
        }
        Place::Path => {
            let found = super::route::arguments(&operation.path, &ask.target())?;
            let (_, text) = found.into_iter().find(|(n, _)| n == name)?;
            Some(decode::text(parameter, &text))
        }
    }
}

/// How deep alternatives in alternatives are asked for their types.
const DEEPEST: usize = 8;

/// The types that values of a schema may be of, those of its parts and its listed values too.
pub(super) fn kinds(schema: &Schema) -> Vec<JsonType> {
    fn collect(schema: &Schema, left: usize, out: &mut Vec<JsonType>) {
        out.extend(&schema.types);
        if !schema.types.is_empty() || left == 0 {
            return;
        }
        let listed = schema.enum_values.iter().flatten();
        out.extend(listed.chain(&schema.const_value).map(|value| match value {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }));
        let parts = schema.any_of.iter().chain(&schema.one_of);
        for part in parts.chain(&schema.all_of) {
            collect(part, left - 1, out);
        }
    }
    let mut out = Vec::new();
    collect(schema, DEEPEST, &mut out);
    out
}

/// The value that a text stands for under the types of a schema (`style: simple` and `form` of
/// OpenAPI for scalars); what is of none of them stays text, which the validator then refuses.
pub(super) fn typed(types: &[JsonType], text: String) -> Value {
    let number = types
        .iter()
        .any(|t| matches!(t, JsonType::Integer | JsonType::Number));
    let is_number = |t: &str| t.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    match text.as_str() {
        "true" | "false" if types.contains(&JsonType::Boolean) => Value::Bool(text == "true"),
        t if number && is_number(t) => match serde_json::from_str(t) {
            Ok(value) => value,
            Err(_) => Value::String(text),
        },
        _ => Value::String(text),
    }
}
