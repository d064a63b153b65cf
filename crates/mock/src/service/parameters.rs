//! Parameters of a request: there where they have to be, and of the type and the rules that the
//! contract gives them. Imports [`probity_contract`] and the mock's validator.

use super::{Ask, Service, header, query_value};
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
                Some(text) => {
                    let value = typed(&parameter.schema.types, text);
                    validator
                        .check_at(&parameter.schema, &value, path)
                        .is_some()
                }
            })
            .map(|(_, path)| path)
    }
}

/// The text of a parameter, percent-encoding removed where the place has it.
fn given(operation: &Operation, parameter: &Parameter, ask: &Ask<'_>) -> Option<String> {
    let name = parameter.name.as_str();
    match parameter.place {
        Place::Query => query_value(ask.query, name),
        Place::Header => header(ask, name).map(str::to_owned),
        Place::Cookie => header(ask, "cookie")?.split(';').find_map(|pair| {
            let (n, value) = pair.trim().split_once('=')?;
            (n == name).then(|| value.to_owned())
        }),
        Place::Path => {
            let found = super::route::arguments(&operation.path, ask.path)?;
            found
                .into_iter()
                .find_map(|(n, value)| (n == name).then_some(value))
        }
    }
}

/// The value that a text stands for under the types of a schema (`style: simple` and `form` of
/// OpenAPI for scalars); what is of none of them stays text, which the validator then refuses.
fn typed(types: &[JsonType], text: String) -> Value {
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
