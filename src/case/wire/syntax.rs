//! Bodies that are not JSON. Everything else about them is right, so that a lenient parser finds a
//! surely valid body in them.

use super::edits::{first, insert};
use super::{THOROUGH, not_json};
use super::{syntax_structure, syntax_tokens};
use crate::case::build::emit;
use crate::case::builder::{Draft, ExchangeCases};
use crate::case::{Case, Check, Context, Expect, Fault, Strategy, SuccessIs};
use crate::contract::{FaultKind, Operation};
use crate::exchange::Request;
use serde_json::Value;

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct JsonSyntax;

impl Strategy for JsonSyntax {
    fn name(&self) -> &'static str {
        "json-syntax"
    }

    fn explain(&self) -> &'static str {
        "Bodies that RFC 8259 does not call JSON: nothing, plain text, other formats, JSON cut off \
         or with something behind it, and one leniency at a time of the parsers that firmware \
         uses: trailing commas and comments (json-c, Hjson), single quotes and bare names \
         (ArduinoJson, JSON5, eval), leading zeros and raw control characters (cJSON), no commas \
         at all (jsmn, strstr, sscanf), text after the object (cJSON, Jackson, json-c), broken \
         UTF-8, NUL. The rest of the body is valid, so that a lenient device shows itself by \
         accepting, and its values are new, so that one that stores half of it does too."
    }

    fn is_of_the_server(&self) -> bool {
        true
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        if let Some(mut builder) = ExchangeCases::of(context, op, self.name()) {
            if let Some(body) = builder.fresh(2) {
                let required = builder.op.body.as_ref().is_some_and(|b| b.required);
                let mut all = empty(required);
                all.extend(other_formats(&body));
                all.extend(syntax_structure::structure(&emit(&body)));
                all.extend(around(&emit(&body)));
                all.extend(syntax_structure::cut(&emit(&body)));
                all.extend(encodings(&emit(&body)));
                all.extend(syntax_tokens::numbers(&builder, &body));
                all.extend(syntax_tokens::strings(&builder, &body));
                all.extend(syntax_tokens::literals(&builder, &body));
                for broken in all {
                    refused(&mut builder, broken);
                }
                no_body(&mut builder, required);
                deep(&mut builder);
            }
            cases.append(&mut builder.into_cases());
        }
        cases
    }
}

/// A body that is not JSON.
pub(super) struct Broken {
    /// Third part of the id.
    pub about: &'static str,
    /// Last part of the id.
    pub name: &'static str,
    /// What is sent, in words.
    pub title: String,
    /// See [`Case::tier`].
    pub tier: u8,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What else a reader may find wrong that is lenient here and strict elsewhere.
    pub also: Vec<Fault>,
}

impl Broken {
    /// Without further faults.
    pub fn new(
        about: &'static str,
        (name, tier): (&'static str, u8),
        title: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> Broken {
        Broken {
            about,
            name,
            title: title.into(),
            tier,
            bytes: bytes.into(),
            also: Vec::new(),
        }
    }
}

fn refused(builder: &mut ExchangeCases<'_, '_>, broken: Broken) {
    // An edit that finds nothing to break in this body leaves it JSON, or leaves none, which is
    // no broken JSON where a body may be absent.
    let required = builder.op.body.as_ref().is_some_and(|body| body.required);
    if super::is_json(&broken.bytes) || broken.bytes.is_empty() && !required {
        return;
    }
    let mut faults = vec![not_json()];
    faults.extend(broken.also);
    builder.add(Draft {
        about: broken.about,
        name: broken.name.to_owned(),
        title: format!("the body {}", broken.title),
        class: format!("json-syntax:{}", leniency(broken.about, broken.name)),
        tier: broken.tier,
        promises: vec!["body.json".to_owned()],
        request: Request::Http(builder.context.request(builder.op, Some(broken.bytes))),
        expect: Expect::Refused { faults },
        check: Check::Unchanged,
    });
}

/// The leniency of a parser that takes this body, so that one leniency is one finding however many
/// bodies show it.
fn leniency(about: &'static str, name: &'static str) -> &'static str {
    // The first family counts whose start of a name fits: `empty-item` is no `empty`.
    const FAMILIES: [(&str, &[&str]); 12] = [
        ("trailing-comma", &["trailing-comma"]),
        ("comment", &["comment"]),
        (
            "other-quotes",
            &["single-quoted", "backtick", "typographic", "python"],
        ),
        ("no-quotes", &["bare-", "name-not-", "text-not-"]),
        (
            "separator",
            &[
                "no-comma",
                "line-for-comma",
                "semicolon",
                "double-comma",
                "leading-comma",
                "empty-item",
            ],
        ),
        (
            "colon",
            &[
                "no-colon",
                "equals",
                "arrow",
                "double-colon",
                "comma-for-colon",
            ],
        ),
        (
            "member",
            &["no-value", "name-only", "number-name", "no-name"],
        ),
        ("number-base", &["hexadecimal", "octal", "binary"]),
        (
            "not-finite",
            &["not-a-number", "infinity", "minus-infinity", "not-finite"],
        ),
        ("number-point", &["no-fraction", "no-integer", "two-points"]),
        (
            "number-tail",
            &[
                "no-exponent",
                "unit",
                "suffix",
                "space-inside",
                "underscore",
            ],
        ),
        ("nothing", &["empty", "blank", "line-end"]),
    ];
    if matches!(about, "cut") {
        return about;
    }
    if about == "around" {
        // Twice the object: whoever takes it has not looked behind the first.
        return if name == "twice" || name.ends_with("behind") {
            "behind"
        } else {
            "before"
        };
    }
    let prefixes: [(&str, &str); 4] = [
        ("escape-", "escape"),
        ("raw-", "control-character"),
        ("utf8-", "not-utf-8"),
        ("nul-between", "between-tokens"),
    ];
    let found = FAMILIES
        .iter()
        .find(|(_, starts)| starts.iter().any(|s| name.starts_with(s)))
        .map(|(family, _)| *family);
    found
        .or_else(|| {
            prefixes
                .iter()
                .find(|(start, _)| name.starts_with(start))
                .map(|(_, f)| *f)
        })
        .unwrap_or(if about == "literals" { "word" } else { name })
}

/// Nothing, and nothing but white space.
fn empty(required: bool) -> Vec<Broken> {
    if !required {
        return Vec::new();
    }
    let none = |name, title, bytes: &[u8]| Broken {
        also: vec![Fault::whole(FaultKind::NoBody)],
        ..Broken::new("text", name, title, bytes)
    };
    vec![
        none(("empty", 0), "is empty", b""),
        none(("blank", 2), "is white space only", b" \r\n\t "),
        none(("line-end", THOROUGH), "is one line end", b"\n"),
        Broken::new("text", ("nul", 2), "is one NUL", b"\0".as_slice()),
    ]
}

/// Neither a body nor `Content-Length`. RFC 9110 §15.5.12 lets a server ask for a length first, so
/// any refusal will do.
fn no_body(builder: &mut ExchangeCases<'_, '_>, required: bool) {
    if !required {
        return;
    }
    builder.add(Draft {
        about: "text",
        name: "no-body".to_owned(),
        title: "there is no body at all".to_owned(),
        class: "json-syntax:no-body".to_owned(),
        tier: 1,
        promises: vec!["body.required".to_owned()],
        request: Request::Http(builder.context.request(builder.op, None)),
        expect: Expect::NotServed {
            success: SuccessIs::AcceptsInvalid,
        },
        check: Check::Unchanged,
    });
}

/// The same content in formats that some servers take for JSON or guess.
fn other_formats(body: &Value) -> Vec<Broken> {
    let about = "text";
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let members: Vec<(&String, &Value)> = body.as_object().into_iter().flatten().collect();
    let form: Vec<String> = members
        .iter()
        .map(|(name, value)| {
            let enc = crate::profile::encode_query;
            format!("{}={}", enc(name), enc(&text(value)))
        })
        .collect();
    let yaml: String = members
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    let xml: String = members
        .iter()
        .map(|(name, value)| format!("<{name}>{}</{name}>", text(value)))
        .collect();
    let ini: String = members
        .iter()
        .map(|(name, value)| format!("{name} = {}\n", text(value)))
        .collect();
    let json = String::from_utf8(emit(body)).unwrap_or_default();
    let python = json
        .replace('"', "'")
        .replace(":null", ":None")
        .replace(":true", ":True")
        .replace(":false", ":False");
    let encoded = crate::profile::encode_query(&json);
    let escaped = json.replace('"', "\\\"");
    let entities = json.replace('"', "&quot;");
    vec![
        Broken::new(about, ("plain", 0), "is plain text", "settings"),
        Broken::new(about, ("form", 1), "is form-urlencoded", form.join("&")),
        Broken::new(
            about,
            ("python", 1),
            "is a Python literal, in single quotes",
            python,
        ),
        Broken::new(about, ("yaml", 1), "is YAML", yaml),
        Broken::new(
            about,
            ("xml", 3),
            "is XML",
            format!("<?xml version=\"1.0\"?><settings>{xml}</settings>"),
        ),
        Broken::new(about, ("ini", THOROUGH), "is an INI file", ini),
        Broken::new(
            about,
            ("form-json", THOROUGH),
            "is JSON as a form value",
            format!("json={encoded}"),
        ),
        Broken::new(
            about,
            ("percent-encoded", 3),
            "is JSON, percent-encoded",
            encoded,
        ),
        Broken::new(
            about,
            ("escaped-quotes", 3),
            "is JSON with escaped quotation marks",
            escaped,
        ),
        Broken::new(
            about,
            ("entities", THOROUGH),
            "is JSON with HTML entities",
            entities,
        ),
        Broken::new(
            about,
            ("undefined", 3),
            "is the word undefined",
            "undefined",
        ),
    ]
}

/// A valid text with something before or behind it (RFC 8259 §2: a text is one value).
fn around(text: &[u8]) -> Vec<Broken> {
    let about = "around";
    let behind = |name, tier, title, piece: &[u8]| {
        Broken::new(about, (name, tier), title, [text, piece].concat())
    };
    let before = |name, tier, title, piece: &[u8]| {
        Broken::new(about, (name, tier), title, [piece, text].concat())
    };
    let within = |name, tier, title, open: &[u8], shut: &[u8]| {
        Broken::new(about, (name, tier), title, [open, text, shut].concat())
    };
    vec![
        behind("word-behind", 0, "has a word behind the object", b" x"),
        behind("twice", 1, "is the object twice", text),
        behind("brace-behind", 1, "has one closing brace too many", b"}"),
        behind("nul-behind", 1, "has a NUL behind the object", b"\0"),
        behind(
            "nul-and-more-behind",
            2,
            "has NUL and more text behind the object",
            b"\0{\"a\":",
        ),
        behind("comma-behind", 3, "has a comma behind the object", b","),
        behind(
            "semicolon-behind",
            3,
            "has a semicolon behind the object",
            b";",
        ),
        behind(
            "empty-object-behind",
            3,
            "has an empty object behind the object",
            b"\n{}",
        ),
        behind(
            "comment-behind",
            3,
            "has a comment behind the object",
            b" // end",
        ),
        behind(
            "control-z-behind",
            THOROUGH,
            "has U+001A behind the object",
            b"\x1a",
        ),
        behind(
            "form-behind",
            THOROUGH,
            "has a form value behind the object",
            b"&a=1",
        ),
        before("word-before", 1, "has a word before the object", b"x "),
        before("guard-before", 3, "begins with )]}'", b")]}',\n"),
        before(
            "assignment-before",
            THOROUGH,
            "begins with an assignment",
            b"var s=",
        ),
        before("brace-before", 3, "has one opening brace too many", b"{"),
        before("nul-before", 3, "begins with a NUL", b"\0"),
        within("in-parentheses", 3, "stands in parentheses", b"(", b")"),
        within(
            "as-call",
            THOROUGH,
            "is a function call",
            b"callback(",
            b");",
        ),
        before("vertical-tab", 2, "begins with a vertical tab", b"\x0b"),
        before("form-feed", THOROUGH, "begins with a form feed", b"\x0c"),
        before(
            "no-break-space",
            3,
            "begins with U+00A0",
            "\u{a0}".as_bytes(),
        ),
        before(
            "line-separator",
            THOROUGH,
            "begins with U+2028",
            "\u{2028}".as_bytes(),
        ),
        before("control-one", 4, "begins with U+0001", b"\x01"),
    ]
}

/// Octets that are no JSON in any encoding that readers detect. UTF-16 and UTF-32, which some
/// detect, are the strategy `json-corners`'.
fn encodings(text: &[u8]) -> Vec<Broken> {
    let about = "encoding";
    let high: Vec<u8> = text.iter().map(|b| b | 0x80).collect();
    let gzip_head = [0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3];
    let mut out = vec![
        Broken::new(
            about,
            ("high-octets", THOROUGH),
            "is octets above 0x7F",
            high,
        ),
        Broken::new(
            about,
            ("gzip-head", THOROUGH),
            "begins like gzip",
            [&gzip_head, text].concat(),
        ),
        Broken::new(
            about,
            ("octet-ff", 3),
            "begins with 0xFF",
            [b"\xff", text].concat(),
        ),
    ];
    if let Some(at) = first(text, b',') {
        out.push(Broken::new(
            about,
            ("octet-between", 3),
            "has the octet 0xC3 between tokens",
            insert(text, at + 1, b"\xc3"),
        ));
        out.push(Broken::new(
            about,
            ("nul-between", 2),
            "has a NUL between tokens",
            insert(text, at + 1, b"\0"),
        ));
        out.push(Broken::new(
            about,
            ("mark-between", THOROUGH),
            "has a byte order mark between tokens",
            insert(text, at + 1, "\u{feff}".as_bytes()),
        ));
    }
    out
}

/// Nesting that never ends, or ends and is no object. Limits on depth and size are allowed
/// (RFC 8259 §9), so any refusal will do; a parser that recurses falls over.
fn deep(builder: &mut ExchangeCases<'_, '_>) {
    let open = |n: usize, piece: &str| piece.repeat(n).into_bytes();
    let balanced = |n: usize| [open(n, "["), open(n, "]")].concat();
    let table = [
        (
            "brackets-1000",
            1,
            "1,000 opening brackets",
            open(1_000, "["),
        ),
        (
            "objects-1000",
            3,
            "1,000 objects in each other, not closed",
            open(1_000, "{\"a\":"),
        ),
        (
            "balanced-10000",
            3,
            "10,000 arrays in each other",
            balanced(10_000),
        ),
        (
            "brackets-100000",
            2,
            "100,000 opening brackets",
            open(100_000, "["),
        ),
        (
            "objects-100000",
            THOROUGH,
            "100,000 objects in each other, not closed",
            open(100_000, "{\"a\":"),
        ),
        (
            "text-100000",
            THOROUGH,
            "a string of 100,000 characters, not closed",
            [b"{\"".to_vec(), open(100_000, "a")].concat(),
        ),
        (
            "digits-100000",
            THOROUGH,
            "a minus and 100,000 zeros",
            [b"-".to_vec(), open(100_000, "0")].concat(),
        ),
        (
            "escapes-10000",
            THOROUGH,
            "10,000 escapes, not closed",
            [b"{\"".to_vec(), open(10_000, "\\u0041")].concat(),
        ),
    ];
    for (name, tier, title, bytes) in table {
        builder.add(Draft {
            about: "depth",
            name: name.to_owned(),
            title: format!("the body is {title}"),
            class: "json-syntax:depth".to_owned(),
            tier,
            promises: vec!["body.json".to_owned()],
            request: Request::Http(builder.context.request(builder.op, Some(bytes))),
            expect: Expect::NotServed {
                success: SuccessIs::AcceptsInvalid,
            },
            check: Check::Unchanged,
        });
    }
}
