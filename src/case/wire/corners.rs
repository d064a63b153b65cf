//! JSON that parsers disagree on.

use super::corners_unknown::unknown_members;
use super::edits::{append, first, first_name, insert, last};
use super::syntax_tokens::BAD_UTF8;
use super::{EXTRA, THOROUGH, not_json};
use crate::case::build::{emit, emit_with_raw, set};
use crate::case::builder::{Draft, ExchangeCases};
use crate::case::{Case, Check, Context, Expect, Fault, Strategy};
use crate::contract::{FaultKind, FieldPath, Operation, Step};
use crate::exchange::Request;
use crate::pattern::Assessment;
use serde_json::Value;

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct JsonCorners;

impl Strategy for JsonCorners {
    fn name(&self) -> &'static str {
        "json-corners"
    }

    fn explain(&self) -> &'static str {
        "JSON that is valid and unusual, or that RFC 8259 leaves to the reader: a name in escapes \
         is the same name and a gap of any white space is no fault, so those must be accepted; \
         members twice, a byte order mark, UTF-16, unpaired surrogates, numbers beyond every \
         machine type, deep and large members that no page names may be taken or refused, but \
         must not hang, crash or confuse the device."
    }

    fn is_of_the_server(&self) -> bool {
        true
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        if let Some(mut builder) = ExchangeCases::of(context, op, self.name()) {
            if let (Some(body), Some(other)) = (builder.fresh(3), builder.fresh(4)) {
                same_value(&mut builder, &body);
                names_as_values(&mut builder, &body);
                duplicates(&mut builder, &body, &other);
                encodings(&mut builder, &body);
                numbers(&mut builder, &body);
                texts(&mut builder, &body);
                unknown_members(&mut builder, &body, &other);
            }
            cases.append(&mut builder.into_cases());
        }
        cases
    }
}

/// `(name, tier, title, bytes)` of one case.
pub(super) type UnusualBody = (&'static str, u8, String, Vec<u8>);

pub(super) fn open(
    builder: &mut ExchangeCases<'_, '_>,
    about: &'static str,
    question: &str,
    faults: &[Fault],
    unusual: UnusualBody,
) {
    either(
        builder,
        (about, ANSWERED, question, faults),
        unusual,
        Check::Unchanged,
    );
}

/// What an answer of any kind keeps.
const ANSWERED: &[&str] = &["http.answers", "body.json"];

/// Taken or refused; `check` holds as far as it is about the one that comes.
pub(super) fn either(
    builder: &mut ExchangeCases<'_, '_>,
    (about, promises, question, faults): (&'static str, &[&str], &str, &[Fault]),
    (name, tier, title, bytes): UnusualBody,
    check: Check,
) {
    builder.add(Draft {
        about,
        name: name.to_owned(),
        title,
        class: format!("json-corner:{name}"),
        tier,
        promises: promises.iter().map(|p| (*p).to_owned()).collect(),
        request: Request::Http(builder.context.request(builder.op, Some(bytes))),
        expect: Expect::Either {
            question: question.to_owned(),
            faults: faults.to_vec(),
        },
        check,
    });
}

/// Other spellings of the same value: RFC 8259 §2 (white space), §7 (any character may be
/// escaped), §8.3 (names compare after unescaping).
fn same_value(builder: &mut ExchangeCases<'_, '_>, body: &Value) {
    let text = emit(body);
    let mut all: Vec<UnusualBody> = Vec::new();
    if let Some((at, _)) = first_name(&text)
        && let Some(letter) = text.get(at + 1).filter(|b| b.is_ascii_alphanumeric())
    {
        let escape = format!("\\u{letter:04x}");
        all.push((
            "escaped-name",
            1,
            "the first letter of a name is an escape".to_owned(),
            super::edits::replace(&text, at + 1, 1, escape.as_bytes()),
        ));
    }
    if let Some(at) = first(&text, b':') {
        all.push((
            "wide-gap",
            3,
            "there are 200 blanks before a value".to_owned(),
            insert(&text, at + 1, " ".repeat(200).as_bytes()),
        ));
        all.push((
            "line-ends-around-colon",
            3,
            "there are line ends around a colon".to_owned(),
            super::edits::replace(&text, at, 1, b"\r\n:\t\n"),
        ));
    }
    for (name, tier, title, bytes) in all {
        builder.add(Draft {
            about: "spelling",
            name: name.to_owned(),
            title,
            class: format!("json-corner:{name}"),
            tier,
            promises: vec!["body.json".to_owned()],
            request: Request::Http(builder.context.request(builder.op, Some(bytes))),
            expect: Expect::Accepted,
            check: Check::ReadsBack(body.clone()),
        });
    }
}

/// The value of one field is the name of a later one: a search for the name in the text finds the
/// value first. Nothing about such a body is unusual.
fn names_as_values(builder: &mut ExchangeCases<'_, '_>, body: &Value) {
    let names: Vec<String> = body
        .as_object()
        .into_iter()
        .flatten()
        .map(|(n, _)| n.clone())
        .collect();
    let mut found = Vec::new();
    for (path, _) in builder.strings(body) {
        let [Step::Member(own)] = path.0.as_slice() else {
            continue;
        };
        let later = names.iter().skip_while(|n| *n != own).skip(1);
        let valid = later
            .filter_map(|name| Some((name, set(body, &path, Value::from(name.as_str()))?)))
            .find(|(_, b)| builder.certainty(b) == Assessment::SurelyValid);
        if let Some((name, changed)) = valid {
            found.push((path.clone(), name.clone(), changed));
        }
    }
    for (nth, (path, name, changed)) in found.into_iter().take(3).enumerate() {
        builder.add(Draft {
            about: "names",
            name: format!("{}-is-{name}", path.dotted()),
            title: format!("the value of {path} is the word {name}, before the member {name}"),
            class: "json-corner:name-as-value".to_owned(),
            tier: if nth == 0 { 1 } else { 3 },
            promises: vec!["body.json".to_owned()],
            request: Request::Http(builder.http(&changed)),
            expect: Expect::Accepted,
            check: Check::ReadsBack(changed),
        });
    }
}

/// Names that occur twice: RFC 8259 §4 calls the behaviour unpredictable.
fn duplicates(builder: &mut ExchangeCases<'_, '_>, body: &Value, other: &Value) {
    let about = "duplicates";
    let question = "a member that occurs twice";
    let text = emit(body);
    let Some((name, value)) = body.as_object().and_then(|m| m.iter().next()) else {
        return;
    };
    let (Some(open_at), Some(close_at)) = (first(&text, b'{'), last(&text, b'}')) else {
        return;
    };
    let key = Value::from(name.as_str()).to_string();
    let path = FieldPath::root().member(name);
    let faults = [
        not_json(),
        Fault::at(FaultKind::WrongType, &path),
        Fault::at(FaultKind::Constraint, &path),
        Fault::at(FaultKind::Null, &path),
        Fault::at(FaultKind::UnknownMember, &path),
    ];
    let wrong = if value.is_string() { "1" } else { "\"text\"" };
    // Where any type will do, either may have been taken.
    let other_type = serde_json::from_str(wrong)
        .ok()
        .and_then(|wrong| set(body, &path, wrong));
    let is_wrong = other_type.is_some_and(|b| builder.certainty(&b) == Assessment::SurelyInvalid);
    let another = other.get(name).unwrap_or(value).to_string();
    let behind = |v: &str| insert(&text, close_at, format!(",{key}:{v}").as_bytes());
    let before = |v: &str| insert(&text, open_at + 1, format!("{key}:{v},").as_bytes());
    let all = [
        (
            "twice-same",
            3,
            "twice with the same value",
            behind(&value.to_string()),
        ),
        (
            "twice-different",
            1,
            "twice with different valid values",
            behind(&another),
        ),
        (
            "wrong-type-last",
            1,
            "twice, the second time of another type",
            behind(wrong),
        ),
        (
            "wrong-type-first",
            2,
            "twice, the first time of another type",
            before(wrong),
        ),
        (
            "null-last",
            3,
            "twice, the second time null",
            behind("null"),
        ),
    ];
    for (case, tier, what, bytes) in all {
        // Where one of the two is wrong, only the other can have been taken.
        let check = match case {
            "wrong-type-last" | "wrong-type-first" if is_wrong => Check::ReadsBack(body.clone()),
            _ => Check::Unchanged,
        };
        let unusual = (case, tier, format!("`{name}` occurs {what}"), bytes);
        either(
            builder,
            (about, ANSWERED, question, &faults),
            unusual,
            check,
        );
    }
    let many = format!("\"{EXTRA}\":0,").repeat(1_000);
    let bytes = insert(&text, open_at + 1, many.as_bytes());
    let title = "an unknown member occurs 1,000 times".to_owned();
    open(
        builder,
        about,
        question,
        &unknown(),
        ("twice-a-thousand", 4, title, bytes),
    );
}

/// Encodings other than plain UTF-8 (RFC 8259 §8.1): some readers detect them.
fn encodings(builder: &mut ExchangeCases<'_, '_>, body: &Value) {
    let about = "encoding";
    let faults = [not_json()];
    let text = emit(body);
    let units: Vec<u16> = String::from_utf8_lossy(&text).encode_utf16().collect();
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| units.iter().copied().flat_map(bytes).collect::<Vec<u8>>();
    let scalars: Vec<u32> = String::from_utf8_lossy(&text)
        .chars()
        .map(u32::from)
        .collect();
    let utf32 = scalars
        .iter()
        .flat_map(|c| c.to_le_bytes())
        .collect::<Vec<u8>>();
    let bom = |mark: &[u8], text: &[u8]| [mark, text].concat();
    let all: [(&str, UnusualBody); 5] = [
        (
            "byte order mark",
            (
                "utf8-mark",
                1,
                "the body begins with a byte order mark".to_owned(),
                bom("\u{feff}".as_bytes(), &text),
            ),
        ),
        (
            "body in UTF-16",
            (
                "utf16-little",
                2,
                "the body is UTF-16, little endian, with a mark".to_owned(),
                bom(b"\xff\xfe", &utf16(u16::to_le_bytes)),
            ),
        ),
        (
            "body in UTF-16",
            (
                "utf16-big",
                4,
                "the body is UTF-16, big endian, without a mark".to_owned(),
                utf16(u16::to_be_bytes),
            ),
        ),
        (
            "body in UTF-32",
            (
                "utf32-little",
                THOROUGH,
                "the body is UTF-32, little endian".to_owned(),
                utf32,
            ),
        ),
        (
            "byte order mark",
            (
                "two-marks",
                THOROUGH,
                "the body begins with two byte order marks".to_owned(),
                bom("\u{feff}\u{feff}".as_bytes(), &text),
            ),
        ),
    ];
    for (question, unusual) in all {
        open(builder, about, question, &faults, unusual);
    }
    bad_utf8(builder, body);
}

/// Octets that are not UTF-8 at the end of the last string.
fn bad_utf8(builder: &mut ExchangeCases<'_, '_>, body: &Value) {
    let Some((path, text)) = builder.strings(body).into_iter().next_back() else {
        return;
    };
    for (name, tier, what, octets) in BAD_UTF8 {
        let bytes = [b"\"", text.as_bytes(), octets, b"\""].concat();
        let holder = "\u{1}";
        let whole = emit_with_raw(body, &path, holder);
        let Some(at) = whole.iter().position(|b| *b == 1) else {
            continue;
        };
        let title = format!("{path} has {what} at its end");
        let bytes = super::edits::replace(&whole, at, 1, &bytes);
        open(
            builder,
            "encoding",
            "text that is not UTF-8",
            &about_field(&path),
            (name, tier + THOROUGH, title, bytes),
        );
    }
}

/// Numbers that RFC 8259 §6 allows and no machine type holds.
fn numbers(builder: &mut ExchangeCases<'_, '_>, body: &Value) {
    let Some((path, n)) = builder.number(body) else {
        return;
    };
    let tokens = [
        ("huge-exponent", 1, "1e400".to_owned()),
        ("twenty-digits", 1, "12345678901234567890".to_owned()),
        ("tiny-exponent", 3, format!("{n}e-400")),
        ("long-fraction", 3, format!("{n}.{}", "0".repeat(400))),
        ("long-exponent", 3, format!("{n}e0000000000000000000000")),
        ("minus-zero", 3, "-0".to_owned()),
        ("thousand-digits", 2, "9".repeat(1_000)),
        ("scaled", 3, format!("{n}0e-1")),
        ("zero-exponent", THOROUGH, "0e999999999".to_owned()),
        ("exponent-overflow", 2, "1e99999999999999999999".to_owned()),
    ];
    for (name, tier, token) in tokens {
        let shown: String = token.chars().take(24).collect();
        let bytes = emit_with_raw(body, &path, &token);
        let title = format!("{path} is the number {shown}");
        let question = "a number beyond machine types or in an unusual spelling";
        open(
            builder,
            "numbers",
            question,
            &about_field(&path),
            (name, tier, title, bytes),
        );
    }
}

/// Escapes that RFC 8259 §8.2 leaves open, in a field and in a name.
fn texts(builder: &mut ExchangeCases<'_, '_>, body: &Value) {
    let question = "unpaired surrogates and U+0000 in escapes";
    if let Some((path, text)) = builder.strings(body).into_iter().next_back() {
        let inner = Value::from(text).to_string();
        let inner = inner.trim_matches('"');
        let tokens = [
            ("high-surrogate", 1, "an unpaired high surrogate", "\\ud800"),
            ("low-surrogate", 3, "an unpaired low surrogate", "\\udc00"),
            (
                "surrogates-swapped",
                4,
                "a surrogate pair the wrong way round",
                "\\udc00\\ud800",
            ),
            (
                "surrogate-and-text",
                THOROUGH,
                "a high surrogate before a letter",
                "\\ud800a",
            ),
            (
                "escaped-noncharacter",
                THOROUGH,
                "U+FFFF as an escape",
                "\\uffff",
            ),
        ];
        for (name, tier, what, escape) in tokens {
            let bytes = emit_with_raw(body, &path, &format!("\"{inner}{escape}\""));
            let title = format!("{path} ends in {what}");
            open(
                builder,
                "texts",
                question,
                &about_field(&path),
                (name, tier, title, bytes),
            );
        }
    }
    let text = emit(body);
    for (name, tier, what, member) in [
        (
            "nul-in-unknown-name",
            3,
            "U+0000 in its name",
            "\"a\\u0000b\":1",
        ),
        (
            "nul-in-unknown-text",
            3,
            "U+0000 in its text",
            "\"probity\":\"a\\u0000b\"",
        ),
        (
            "surrogate-in-unknown-name",
            THOROUGH,
            "an unpaired surrogate in its name",
            "\"\\ud800\":1",
        ),
    ] {
        let Some(bytes) = append(&text, member.as_bytes()) else {
            return;
        };
        let title = format!("an unknown member has {what}");
        open(
            builder,
            "texts",
            question,
            &unknown(),
            (name, tier, title, bytes),
        );
    }
}

/// A member that no page names, and everything that a limit on size or depth may be answered with.
pub(super) fn unknown() -> Vec<Fault> {
    let path = FieldPath::root().member(EXTRA);
    vec![Fault::at(FaultKind::UnknownMember, &path), not_json()]
}

fn about_field(path: &FieldPath) -> Vec<Fault> {
    vec![
        not_json(),
        Fault::at(FaultKind::WrongType, path),
        Fault::at(FaultKind::Constraint, path),
    ]
}
