//! The working set's faults of each field, generated from the contract: every rule dropped, off by
//! one either way, taken for another type, stored wrongly.

use super::fault::{Class, FaultInfo, Set};
use super::fault_id::FaultId;
use probity_contract::{Field, JsonType, Schema};

/// What a client sees of a generated fault.
fn seen(what: &str, class: Class) -> &'static str {
    match class {
        Class::State => "what was accepted reads back differently",
        Class::Availability => "the connection ends, uptime starts again",
        Class::ErrorShape => "the error names a field that is not wrong",
        _ if what.starts_with("tight-") || what == "enum-misses-last" => "a valid value is refused",
        _ => "an invalid value is accepted",
    }
}

/// Whether a value may be valid that 16 bits do not hold.
fn reaches_past_16_bits(schema: &Schema) -> bool {
    let limit = schema.maximum.as_ref().and_then(|m| m.value.as_f64());
    schema.enum_values.is_none() && limit.is_none_or(|limit| limit > f64::from(u16::MAX))
}

/// Adds the fault of a format that is a rule.
pub(super) fn of_format(field: &Field<'_>, out: &mut Vec<FaultInfo>) {
    let known = |format: &str| probity_pattern::surely_not(format, "\u{1}");
    let format = field
        .schema
        .format
        .as_deref()
        .filter(|format| known(format));
    let Some(format) = format.filter(|_| field.schema.pattern.is_none()) else {
        return;
    };
    let path = field.path.dotted();
    let id = FaultId::of_field("format-ignored", &field.path);
    if out.iter().all(|fault| fault.id != id) {
        out.push(FaultInfo {
            id,
            class: Class::Validation,
            description: format!("any text is taken for `{path}`, which is of the format {format}"),
            promise: format!("body.{path}.format"),
            seen: "an invalid value is accepted".to_owned(),
            set: Set::Working,
        });
    }
}

/// Adds the faults of one field; an id that is there already is not added again.
pub(super) fn of_field(field: &Field<'_>, out: &mut Vec<FaultInfo>) {
    let path = field.path.dotted();
    let mut add = |what: &str, class: Class, keyword: &str, description: String| {
        let id = FaultId::of_field(what, &field.path);
        if out.iter().all(|f| f.id != id) {
            out.push(FaultInfo {
                id,
                class,
                description,
                promise: format!("body.{path}.{keyword}"),
                seen: seen(what, class).to_owned(),
                set: Set::Working,
            });
        }
    };
    use Class::{Pattern, State, Validation};
    if field.required {
        add(
            "not-required",
            Validation,
            "required",
            format!("`{path}` may be absent"),
        );
    }
    let types = &field.schema.types;
    if !types.is_empty() && !types.contains(&JsonType::Null) {
        add(
            "null-as-value",
            Validation,
            "type",
            format!("null is taken for `{path}`"),
        );
    }
    if *types == [JsonType::String] {
        add(
            "number-as-string",
            Validation,
            "type",
            format!("a number is taken for `{path}`"),
        );
        add(
            "boolean-as-string",
            Validation,
            "type",
            format!("true and false are taken for `{path}`"),
        );
        add(
            "object-as-string",
            Validation,
            "type",
            format!("objects and arrays are taken for `{path}`"),
        );
        add(
            "stores-truncated",
            State,
            "readback",
            format!("`{path}` is stored in a buffer of 16 bytes"),
        );
        add(
            "stores-lower-case",
            State,
            "readback",
            format!("`{path}` is stored in lower case"),
        );
        add(
            "stores-escaped",
            State,
            "readback",
            format!("`{path}` is stored with &, < and > escaped for HTML"),
        );
        add(
            "crash-on-long",
            Class::Availability,
            "type",
            format!("300 bytes in `{path}` crash the device"),
        );
    }
    if types.contains(&JsonType::Integer) {
        add(
            "string-as-integer",
            Validation,
            "type",
            format!("\"5\" is taken for `{path}`"),
        );
        add(
            "fraction-as-integer",
            Validation,
            "type",
            format!("5.5 is taken for `{path}`"),
        );
        add(
            "boolean-as-integer",
            Validation,
            "type",
            format!("true is taken for `{path}`"),
        );
        if reaches_past_16_bits(field.schema) {
            add(
                "wraps-16-bits",
                State,
                "readback",
                format!("`{path}` keeps its low 16 bits"),
            );
        }
    }
    if types.contains(&JsonType::Object) {
        add(
            "string-as-object",
            Validation,
            "type",
            format!("a string is taken for `{path}`"),
        );
        add(
            "array-as-object",
            Validation,
            "type",
            format!("an array is taken for `{path}`"),
        );
    }
    if field.schema.enum_values.is_some() {
        add(
            "enum-any",
            Validation,
            "enum",
            format!("any string is taken for `{path}`"),
        );
        if types.contains(&JsonType::String) {
            add(
                "enum-any-case",
                Validation,
                "enum",
                format!("case does not matter in `{path}`"),
            );
            add(
                "enum-prefix",
                Validation,
                "enum",
                format!("`{path}` is compared up to the length of the known value"),
            );
            add(
                "enum-trimmed",
                Validation,
                "enum",
                format!("blanks around `{path}` do not matter"),
            );
        }
        add(
            "enum-misses-last",
            Validation,
            "enum",
            format!("the last documented value of `{path}` is refused"),
        );
    }
    for (keyword, limit) in [
        ("minLength", field.schema.min_length),
        ("maxLength", field.schema.max_length),
    ] {
        if limit.is_some() {
            add(
                &format!("no-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is not checked"),
            );
            add(
                &format!("loose-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is off by one, too loose"),
            );
            add(
                &format!("tight-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is off by one, too tight"),
            );
        }
    }
    for (keyword, bound) in [
        ("minimum", &field.schema.minimum),
        ("maximum", &field.schema.maximum),
    ] {
        if bound.is_some() {
            add(
                &format!("no-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is not checked"),
            );
            add(
                &format!("loose-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is off by one, too loose"),
            );
            add(
                &format!("tight-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is off by one, too tight"),
            );
        }
    }
    if field.schema.pattern.is_some() {
        add(
            "no-pattern",
            Pattern,
            "pattern",
            format!("the pattern of `{path}` is not checked"),
        );
        add(
            "pattern-first-line",
            Pattern,
            "pattern",
            format!("only the first line of `{path}` is checked"),
        );
        add(
            "pattern-until-nul",
            Pattern,
            "pattern",
            format!("`{path}` is checked up to a NUL"),
        );
        add(
            "pattern-trimmed",
            Pattern,
            "pattern",
            format!("blanks around `{path}` are cut off before the check"),
        );
        add(
            "pattern-any-quotes",
            Pattern,
            "pattern",
            format!("quotes and backslashes in `{path}` are not looked at"),
        );
    }
    add(
        "not-stored",
        State,
        "readback",
        format!("a new value of `{path}` is accepted and not stored"),
    );
    add(
        "wrong-name",
        Class::ErrorShape,
        "required",
        format!("errors of `{path}` name another field"),
    );
}
