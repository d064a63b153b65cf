//! Parameters of a request: there where they have to be, and of the type and the rules that the
//! contract gives them. Imports [`probity_contract`] and the mock's validator.

use super::{Ask, Service, decode, header};
use probity_contract::{FieldPath, JsonType, Operation, Parameter, Place};
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
                Some(value) => validator
                    .check_at(&parameter.schema, &value, path)
                    .is_some(),
            })
            .map(|(_, path)| path)
    }
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
            let found = super::route::arguments(&operation.path, ask.path)?;
            let (_, text) = found.into_iter().find(|(n, _)| n == name)?;
            Some(decode::text(parameter, &text))
        }
    }
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
