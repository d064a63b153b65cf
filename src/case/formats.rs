//! Texts that are almost of a published format: what a check by hand of an address, a name, a date lets
//! through.

use super::bodies::main_type;
use super::builder::{BodyCases, BodyDraft, WhenOpen};
use super::model::{Case, Check, Context, Strategy};
use super::question::HELD;
use super::words::shown;
use crate::contract::{FieldPath, JsonType, Operation, Schema};
use crate::pattern::Assessment;
use serde_json::Value;

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Formats;

impl Strategy for Formats {
    fn name(&self) -> &'static str {
        "formats"
    }

    fn explain(&self) -> &'static str {
        "Fields with a format and no pattern: addresses with an octet too large or too few, names with \
         an empty label, dates that no calendar has, times without their offset, addresses of mail \
         with two @; and forms that are right and that such checks refuse. A format is an annotation (JSON Schema 2020-12 §7.2.1), so what a device does is \
         recorded; with `formats = \"checked\"` in the profile it must refuse what no reading of the \
         format's own document takes."
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let Some(mut builder) = BodyCases::of(context, op, self.name()) else {
            return Vec::new();
        };
        let fields: Vec<(FieldPath, Schema)> = builder
            .bodies
            .fields()
            .into_iter()
            .filter(|field| main_type(field.schema) == Some(JsonType::String))
            .map(|field| (field.path, field.schema.clone()))
            .collect();
        for (path, schema) in &fields {
            of_field(&mut builder, path, schema);
            from_inside(&mut builder, path, schema);
        }
        builder.into_cases()
    }
}

fn of_field(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    for (nth, (idea, text)) in near(schema).iter().enumerate() {
        let Some(body) = builder.bodies.with(path, Value::from(*text)) else {
            continue;
        };
        let tier = match (builder.bodies.assess(&body).certainty, nth) {
            (Assessment::SurelyInvalid, 0..=1) => 0,
            (Assessment::SurelyInvalid, 2..=4) => 1,
            (Assessment::SurelyInvalid, _) => 2,
            // One choice of each field, and two more of those that differ most, tell enough.
            (_, 0) => 2,
            (_, 1 | 2) => 4,
            _ => continue,
        };
        builder.add_body(BodyDraft {
            field: path,
            keyword: "format",
            name: (*idea).to_owned(),
            title: format!("{path} is {}", shown(text)),
            class: format!("format:{idea}"),
            tier,
            body,
            bytes: None,
            when_open: WhenOpen::Ask(HELD),
        });
    }
}

/// Texts of a format as its own document has them and as a check by hand refuses them. A device may
/// show what they mean in another form, so that none is read back.
fn from_inside(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    if schema.pattern.is_some() || schema.enum_values.is_some() {
        return;
    }
    let format = schema.format.as_deref().unwrap_or_default();
    let Some((_, texts)) = INSIDE.iter().find(|(formats, _)| formats.contains(&format)) else {
        return;
    };
    for (nth, (idea, text)) in texts.iter().enumerate() {
        let body = builder.bodies.with(path, Value::from(*text));
        let sure = |body: &Value| builder.bodies.assess(body).certainty == Assessment::SurelyValid;
        let Some(body) = body.filter(sure) else {
            continue;
        };
        builder.add_body(BodyDraft {
            field: path,
            keyword: "format",
            name: (*idea).to_owned(),
            title: format!("{path} is {}", shown(text)),
            class: format!("valid:{idea}"),
            tier: u8::from(nth > 0),
            body,
            bytes: None,
            when_open: WhenOpen::Drop,
        });
        if let Some(mut case) = builder.take() {
            case.check = Check::Nothing;
            case.promises.retain(|promise| !promise.is_of_settings());
            builder.push(case);
        }
    }
}

/// Texts near the format of a schema, the mistakes that are most common first.
pub(super) fn near(schema: &Schema) -> &'static [(&'static str, &'static str)] {
    if schema.pattern.is_some() || schema.enum_values.is_some() {
        return &[];
    }
    let format = schema.format.as_deref().unwrap_or_default();
    let row = NEAR.iter().find(|(formats, _)| formats.contains(&format));
    row.map_or(&[], |(_, texts)| texts)
}

type Row = (
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

/// A label of 64 letters, one more than RFC 1123 lets stand.
const LONG_LABEL: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// RFC 4291 §2.2, RFC 3339 §5.6, RFC 5322 §3.4.1, RFC 1123 §2.1.
const INSIDE: &[Row] = &[
    (
        &["ipv6"],
        &[
            ("address-with-a-gap", "2001:db8::5"),
            ("address-with-an-ipv4-address", "2001:db8::192.0.2.5"),
            ("address-in-full", "2001:0db8:0000:0000:0000:0000:0000:0005"),
        ],
    ),
    (
        &["date-time"],
        &[
            ("moment-with-an-offset", "2026-05-05T10:00:00-05:30"),
            ("moment-with-a-fraction", "2026-05-05T10:00:00.25Z"),
        ],
    ),
    (&["date"], &[("leap-day", "2028-02-29")]),
    (
        &["email"],
        &[
            ("mail-with-a-plus", "first+second@example.com"),
            ("mail-with-dots", "first.second@mail.example.com"),
        ],
    ),
    (
        &["hostname"],
        &[
            ("host-with-a-digit-first", "3com.example.com"),
            ("host-with-hyphens", "a-b--c.example.com"),
        ],
    ),
];

const NEAR: &[Row] = &[
    (
        &["ipv4"],
        &[
            ("octet-256", "192.0.2.256"),
            ("three-octets", "192.0.2"),
            ("five-octets", "192.0.2.1.5"),
            ("letters-behind", "192.0.2.1x"),
            ("prefix-length", "192.0.2.1/24"),
            ("empty-octet", "192.0..1"),
            ("sign", "192.0.2.-1"),
            ("blank-behind", "192.0.2.1 "),
            ("name", "localhost"),
            ("ipv6", "2001:db8::1"),
            ("port", "192.0.2.1:80"),
            ("hexadecimal", "0xc0000201"),
            ("number", "3221225985"),
        ],
    ),
    (
        &["ipv6"],
        &[
            ("two-gaps", "2001:db8::1::2"),
            ("nine-groups", "1:2:3:4:5:6:7:8:9"),
            ("five-digits", "2001:db8::12345"),
            ("seven-groups", "1:2:3:4:5:6:7"),
            ("letter-g", "2001:db8::g"),
            ("three-colons", "2001:db8:::1"),
            ("prefix-length", "2001:db8::1/64"),
            ("ipv4", "192.0.2.1"),
            ("brackets", "[2001:db8::1]"),
        ],
    ),
    (
        &["hostname", "dns"],
        &[
            ("hyphen-in-front", "-camera"),
            ("empty-label", "camera..example"),
            ("hyphen-behind", "camera-"),
            ("label-of-64", LONG_LABEL),
            ("blank-inside", "camera one"),
            ("slash", "camera/one"),
            ("semicolon", "camera;one"),
            ("port", "camera:80"),
            ("dot-in-front", ".camera"),
        ],
    ),
    (
        &["date"],
        &[
            ("february-30", "2024-02-30"),
            ("no-leap-year", "2023-02-29"),
            ("without-zeros", "2024-2-9"),
            ("month-13", "2024-13-01"),
            ("century", "1900-02-29"),
            ("day-0", "2024-01-00"),
            ("with-time", "2024-01-01T00:00:00Z"),
            ("two-digit-year", "24-01-01"),
            ("no-hyphens", "20240101"),
            ("slashes", "2024/01/01"),
        ],
    ),
    (
        &["time"],
        &[
            ("hour-24", "24:00:00Z"),
            ("no-offset", "03:30:00"),
            ("minute-60", "03:60:00Z"),
            ("without-zero", "3:30:00Z"),
            ("no-seconds", "03:30Z"),
            ("offset-24", "03:30:00+24:00"),
            ("empty-fraction", "03:30:00.Z"),
        ],
    ),
    (
        &["date-time"],
        &[
            ("date-only", "2027-01-31"),
            ("february-30", "2027-02-30T10:00:00Z"),
            ("offset-24", "2027-01-31T10:00:00+24:00"),
            ("no-offset", "2027-01-31T10:00:00"),
            ("hour-24", "2027-01-31T24:00:00Z"),
            ("month-13", "2027-13-01T10:00:00Z"),
            ("second-61", "2027-01-31T10:00:61Z"),
            ("number", "1801389600"),
            ("no-seconds", "2027-01-31T10:00Z"),
            ("compact", "20270131T100000Z"),
            ("offset-without-colon", "2027-01-31T10:00:00+0100"),
        ],
    ),
    (
        &["email"],
        &[
            ("no-at", "probity.example.com"),
            ("two-ats", "probity@one@example.com"),
            ("nobody", "@example.com"),
            ("nowhere", "probity@"),
            ("blank", "pro bity@example.com"),
            ("blank-behind", "probity@example.com "),
        ],
    ),
    (
        &["uri", "url"],
        &[
            ("relative", "/probity"),
            ("blank", "https://example.com/a b"),
            ("no-scheme", "example.com/probity"),
            ("broken-percent", "https://example.com/%zz"),
            ("brackets", "https://example.com/<a>"),
        ],
    ),
    (
        &["uri-reference"],
        &[("blank", "/pro bity"), ("broken-percent", "/%zz")],
    ),
    (
        &["uuid"],
        &[
            ("one-short", "0f8fad5b-d9cb-469f-a165-70867728950"),
            ("no-hyphens", "0f8fad5bd9cb469fa16570867728950e"),
            ("letter-g", "0f8fad5b-d9cb-469f-a165-70867728950g"),
            ("one-more", "0f8fad5b-d9cb-469f-a165-70867728950e0"),
            ("moved-hyphen", "0f8fad5bd-9cb-469f-a165-70867728950e"),
            ("braces", "{0f8fad5b-d9cb-469f-a165-70867728950e}"),
        ],
    ),
    (
        &["mac"],
        &[
            ("five-octets", "00:1B:44:11:3A"),
            ("letter-g", "00:1B:44:11:3A:G7"),
            ("seven-octets", "00:1B:44:11:3A:B7:00"),
        ],
    ),
];
