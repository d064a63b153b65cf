//! The JSON Schema of `probity-report/2`, generated from the result model and published as
//! `schema/probity-report-2.schema.json`.

use crate::run::result::{Report, SCHEMA_ID};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use std::io;

/// The schema (JSON Schema 2020-12) of what [`super::json::render`] writes, as pretty JSON with a
/// final line feed.
///
/// # Errors
/// None in practice.
pub fn render() -> io::Result<String> {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<Report>().to_value();
    for (pointer, member, value) in [
        ("", "title", json!(SCHEMA_ID)),
        (
            "/properties/schema",
            "description",
            json!("Which format this is."),
        ),
        // What the types of the model cannot say.
        ("/properties/schema", "const", json!(SCHEMA_ID)),
        ("/properties/started_at", "format", json!("date-time")),
        ("/$defs/Exit/properties/code", "maximum", json!(6)),
        (
            "/$defs/ContractRef/properties/sha256",
            "pattern",
            json!("^[0-9a-f]{64}$"),
        ),
        (
            "/$defs/Finding/properties/fingerprint",
            "pattern",
            json!("^[0-9a-f]{16}$"),
        ),
        (
            "/$defs/Finding/properties/confirmed",
            "pattern",
            json!("^[0-9]+/[0-9]+$"),
        ),
    ] {
        set(&mut schema, pointer, member, value)?;
    }
    let mut text = serde_json::to_string_pretty(&schema).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

/// Puts a keyword into the subschema at `pointer`; fails where the model no longer has that place.
fn set(schema: &mut Value, pointer: &str, member: &str, value: Value) -> io::Result<()> {
    match schema.pointer_mut(pointer).and_then(Value::as_object_mut) {
        Some(object) => {
            object.insert(member.to_owned(), value);
            Ok(())
        }
        None => Err(io::Error::other(format!(
            "the result model has no {pointer}"
        ))),
    }
}
