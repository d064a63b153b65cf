//! Parameters of a request: there where they have to be, and of the type and the rules that the
//! contract gives them.

use super::{Ask, Service, decode, header};
use crate::validate::Validator;
use probity_contract::{FieldPath, Operation, Parameter, Place};
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
