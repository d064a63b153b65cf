//! The working set's faults of each field, generated from the contract: every rule dropped, off by
//! one either way, taken for another type, stored wrongly.

use super::fault::Class::{self, Availability, ErrorShape, Pattern, State, Validation};
use super::fault::{FaultInfo, Set};
use super::fault_id::FaultId;
use probity_contract::{Field, JsonType, Schema};

/// What a client sees of a generated fault.
fn seen(what: &str, class: Class) -> &'static str {
    match class {
        State => "what was accepted reads back differently",
        Availability => "the connection ends, uptime starts again",
        ErrorShape => "the error names a field that is not wrong",
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
    let description = format!("any text is taken for `{path}`, which is of the format {format}");
    add(
        field,
        ("format-ignored", Validation, "format"),
        description,
        out,
    );
}

/// A fault that a field may have: how its id begins, its class, the keyword of the promise that it
/// breaks, and what it is, with `{path}` for the field.
type Row = (&'static str, Class, &'static str, &'static str);

/// Faults, each group with the fields that have them.
type Table = [(fn(&Field<'_>) -> bool, &'static [Row])];

fn is_of(field: &Field<'_>, json_type: JsonType) -> bool {
    field.schema.types.contains(&json_type)
}

/// Faults of presence, type and enumeration.
const OF_TYPES: &Table = &[
    (
        |field| field.required,
        &[(
            "not-required",
            Validation,
            "required",
            "`{path}` may be absent",
        )],
    ),
    (
        |field| !field.schema.types.is_empty() && !is_of(field, JsonType::Null),
        &[(
            "null-as-value",
            Validation,
            "type",
            "null is taken for `{path}`",
        )],
    ),
    (
        |field| *field.schema.types == [JsonType::String],
        &[
            (
                "number-as-string",
                Validation,
                "type",
                "a number is taken for `{path}`",
            ),
            (
                "boolean-as-string",
                Validation,
                "type",
                "true and false are taken for `{path}`",
            ),
            (
                "object-as-string",
                Validation,
                "type",
                "objects and arrays are taken for `{path}`",
            ),
            (
                "stores-truncated",
                State,
                "readback",
                "`{path}` is stored in a buffer of 16 bytes",
            ),
            (
                "stores-lower-case",
                State,
                "readback",
                "`{path}` is stored in lower case",
            ),
            (
                "stores-escaped",
                State,
                "readback",
                "`{path}` is stored with &, < and > escaped for HTML",
            ),
            (
                "crash-on-long",
                Availability,
                "type",
                "300 bytes in `{path}` crash the device",
            ),
        ],
    ),
    (
        |field| is_of(field, JsonType::Integer),
        &[
            (
                "string-as-integer",
                Validation,
                "type",
                "\"5\" is taken for `{path}`",
            ),
            (
                "fraction-as-integer",
                Validation,
                "type",
                "5.5 is taken for `{path}`",
            ),
            (
                "boolean-as-integer",
                Validation,
                "type",
                "true is taken for `{path}`",
            ),
        ],
    ),
    (
        |field| is_of(field, JsonType::Integer) && reaches_past_16_bits(field.schema),
        &[(
            "wraps-16-bits",
            State,
            "readback",
            "`{path}` keeps its low 16 bits",
        )],
    ),
    (
        |field| is_of(field, JsonType::Object),
        &[
            (
                "string-as-object",
                Validation,
                "type",
                "a string is taken for `{path}`",
            ),
            (
                "array-as-object",
                Validation,
                "type",
                "an array is taken for `{path}`",
            ),
        ],
    ),
    (
        |field| field.schema.enum_values.is_some(),
        &[(
            "enum-any",
            Validation,
            "enum",
            "any string is taken for `{path}`",
        )],
    ),
    (
        |field| field.schema.enum_values.is_some() && is_of(field, JsonType::String),
        &[
            (
                "enum-any-case",
                Validation,
                "enum",
                "case does not matter in `{path}`",
            ),
            (
                "enum-prefix",
                Validation,
                "enum",
                "`{path}` is compared up to the length of the known value",
            ),
            (
                "enum-trimmed",
                Validation,
                "enum",
                "blanks around `{path}` do not matter",
            ),
        ],
    ),
    (
        |field| field.schema.enum_values.is_some(),
        &[(
            "enum-misses-last",
            Validation,
            "enum",
            "the last documented value of `{path}` is refused",
        )],
    ),
];

/// Whether a schema states a keyword.
type Stated = fn(&Schema) -> bool;

/// The keywords of a length or a size.
const BOUNDS: [(&str, Stated); 4] = [
    ("minLength", |schema| schema.min_length.is_some()),
    ("maxLength", |schema| schema.max_length.is_some()),
    ("minimum", |schema| schema.minimum.is_some()),
    ("maximum", |schema| schema.maximum.is_some()),
];

/// What goes wrong with a bound: how the id begins before the keyword, and how it is checked.
const OF_BOUNDS: [(&str, &str); 3] = [
    ("no", "is not checked"),
    ("loose", "is off by one, too loose"),
    ("tight", "is off by one, too tight"),
];

/// Faults of the pattern, and those of every field.
const OF_TEXTS_AND_ALL: &Table = &[
    (
        |field| field.schema.pattern.is_some(),
        &[
            (
                "no-pattern",
                Pattern,
                "pattern",
                "the pattern of `{path}` is not checked",
            ),
            (
                "pattern-first-line",
                Pattern,
                "pattern",
                "only the first line of `{path}` is checked",
            ),
            (
                "pattern-until-nul",
                Pattern,
                "pattern",
                "`{path}` is checked up to a NUL",
            ),
            (
                "pattern-trimmed",
                Pattern,
                "pattern",
                "blanks around `{path}` are cut off before the check",
            ),
            (
                "pattern-any-quotes",
                Pattern,
                "pattern",
                "quotes and backslashes in `{path}` are not looked at",
            ),
        ],
    ),
    (
        |_| true,
        &[
            (
                "not-stored",
                State,
                "readback",
                "a new value of `{path}` is accepted and not stored",
            ),
            (
                "wrong-name",
                ErrorShape,
                "required",
                "errors of `{path}` name another field",
            ),
        ],
    ),
];

/// Adds the faults of one field; an id that is there already is not added again.
pub(super) fn of_field(field: &Field<'_>, out: &mut Vec<FaultInfo>) {
    of_table(OF_TYPES, field, out);
    of_bounds(field, out);
    of_table(OF_TEXTS_AND_ALL, field, out);
}

fn of_table(table: &Table, field: &Field<'_>, out: &mut Vec<FaultInfo>) {
    let path = field.path.dotted();
    let rows = table.iter().filter(|(has, _)| has(field));
    for (what, class, keyword, description) in rows.flat_map(|(_, rows)| *rows) {
        let description = description.replace("{path}", &path);
        add(field, (what, *class, keyword), description, out);
    }
}

fn of_bounds(field: &Field<'_>, out: &mut Vec<FaultInfo>) {
    let path = field.path.dotted();
    for (keyword, _) in BOUNDS.iter().filter(|(_, has)| has(field.schema)) {
        for (begin, how) in OF_BOUNDS {
            let what = format!("{begin}-{keyword}");
            let description = format!("{keyword} of `{path}` {how}");
            add(field, (&what, Validation, keyword), description, out);
        }
    }
}

fn add(
    field: &Field<'_>,
    (what, class, keyword): (&str, Class, &str),
    description: String,
    out: &mut Vec<FaultInfo>,
) {
    let id = FaultId::of_field(what, &field.path);
    if out.iter().all(|fault| fault.id != id) {
        out.push(FaultInfo {
            id,
            class,
            description,
            promise: format!("body.{}.{keyword}", field.path.dotted()),
            seen: seen(what, class).to_owned(),
            set: Set::Working,
        });
    }
}
