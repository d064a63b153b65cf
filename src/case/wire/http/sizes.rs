//! Sizes of heads and bodies, and the media type of the body.

use super::super::edits::{append, first, insert};
use super::super::{EXTRA, THOROUGH, not_json};
use super::Sent;
use crate::case::builder::{ExchangeCases, Label};
use crate::case::{Check, Expect, Fault, SuccessIs};
use crate::contract::FaultKind;
use crate::exchange::{Request, Template};

/// Statuses that refuse a header for its size (RFC 9110 §5.4, RFC 6585 §5).
const TOO_LARGE: [u16; 3] = [400, 413, 431];

/// Large heads and bodies.
pub(super) fn sizes(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    heads(builder, sent);
    long_query(builder, sent);
    bodies(builder, sent);
}

fn label(name: &'static str, tier: u8, title: impl Into<String>) -> Label {
    Label::new("size", name, tier, title)
}

/// Long fields, and many.
fn heads(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let padded = |n: usize| Request::Http(sent.with_field("X-Padding", &"a".repeat(n)));
    // RFC 9110 §5.4: a 4xx when it is more than the server wishes to process.
    label("field-4096", 2, "a field has 4,096 characters").or(builder, &TOO_LARGE, padded(4_096));
    label("field-65536", 2, "a field has 65,536 characters").survived(builder, padded(65_536));
    let many = |n: usize| {
        let mut request = sent.request.clone();
        request
            .headers
            .extend((0..n).map(|i| (format!("X-Padding-{i}"), Template::from("a"))));
        Request::Http(request)
    };
    label("fields-80", 3, "there are 80 more fields").or(builder, &TOO_LARGE, many(80));
    label("fields-1000", 3, "there are 1,000 more fields").survived(builder, many(1_000));
    let named = sent.with_field(&format!("X-{}", "a".repeat(1_000)), "1");
    label("name-1000", 3, "the name of a field has 1,000 characters").or(
        builder,
        &TOO_LARGE,
        Request::Http(named),
    );
}

/// A parameter of the query that the page does not name.
fn long_query(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let has_query = builder
        .op
        .parameters
        .iter()
        .any(|p| p.required && p.place == crate::contract::Place::Query);
    let sign = if has_query { '&' } else { '?' };
    let mut queried = sent.request.clone();
    queried.target = queried
        .target
        .text(format!("{sign}{EXTRA}={}", "a".repeat(2_048)));
    let expect = Expect::Either {
        question: "a long query that the page does not name".to_owned(),
        faults: vec![Fault::whole(FaultKind::Parameter)],
    };
    label(
        "query-2048",
        3,
        "the target has an unknown parameter of 2,048 characters",
    )
    .add(builder, Request::Http(queried), expect, Check::Nothing);
}

/// Bodies with much white space, or a long member. RFC 8259 §9: limits on size are the reader's. Up
/// to a few KiB they are recorded, beyond that a server may even end the connection while the client
/// still writes.
fn bodies(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let Some(open) = first(&sent.body, b'{') else {
        return;
    };
    let with_body = |body: Vec<u8>| {
        let mut request = sent.request.clone();
        request.body = Some(body);
        Request::Http(request)
    };
    let blanks = |n: usize| with_body(insert(&sent.body, open + 1, &vec![b' '; n]));
    let member = |n: usize| {
        let member = format!("\"{EXTRA}\":\"{}\"", "a".repeat(n));
        with_body(append(&sent.body, member.as_bytes()).unwrap_or_default())
    };
    let expect = Expect::Either {
        question: "a body of several KiB".to_owned(),
        faults: vec![not_json()],
    };
    label("blanks-4096", 1, "the body has 4,096 blanks").add(
        builder,
        blanks(4_096),
        expect,
        Check::Nothing,
    );
    for (name, tier, n) in [
        ("blanks-65536", 3, 65_536),
        ("blanks-1-mib", THOROUGH, 1 << 20),
    ] {
        label(name, tier, format!("the body has {n} blanks")).survived(builder, blanks(n));
    }
    for (name, tier, n) in [("member-65536", 3, 65_536), ("member-1-mib", 3, 1 << 20)] {
        let title = format!("an unknown member has {n} characters");
        label(name, tier, title).survived(builder, member(n));
    }
}

/// The media type of the body.
pub(super) fn media_types(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let body = builder.op.body.as_ref();
    let own = body.map_or(JSON, |b| b.media_type.as_str()).to_owned();
    same_media_type(builder, sent, &own);
    let plain = ("plain-json", 3, Some(JSON));
    let more = (own != JSON).then_some(plain);
    for other in OTHER_MEDIA_TYPES.into_iter().chain(more) {
        other_media_type(builder, sent, &own, other);
    }
    let long = format!("{own}; a={}", "b".repeat(1_024));
    let title = "Content-Type has a parameter of 1,024 characters";
    Label::new(ABOUT, "long", 3, title).or(
        builder,
        &[400, 413, 415, 431],
        typed(sent, Some(&long)),
    );
}

const ABOUT: &str = "media-type";
const JSON: &str = "application/json";

/// Values of `Content-Type` that name no documented media type: name, tier, value.
const OTHER_MEDIA_TYPES: [(&str, u8, Option<&str>); 11] = [
    ("absent", 2, None),
    ("text", 3, Some("text/plain")),
    ("xml", 3, Some("application/xml")),
    ("form", 3, Some("application/x-www-form-urlencoded")),
    (
        "multipart",
        3,
        Some("multipart/form-data; boundary=probity"),
    ),
    ("multipart-unbounded", 3, Some("multipart/form-data")),
    ("empty", 3, Some("")),
    ("no-subtype", THOROUGH, Some("json")),
    ("longer", THOROUGH, Some("application/jsonp")),
    ("octets", THOROUGH, Some("application/octet-stream")),
    ("other-charset", 3, Some("application/json; charset=utf-16")),
];

/// The request with this `Content-Type`.
fn typed(sent: &Sent, value: Option<&str>) -> Request {
    let mut request = sent.request.clone();
    let headers = &mut request.headers;
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    headers.extend(value.map(|v| ("Content-Type".to_owned(), Template::from(v))));
    Request::Http(request)
}

/// Spellings of the documented media type. RFC 9110 §8.3.1: type, subtype and names of parameters have no
/// case, a parameter's value may be quoted; RFC 8259 §11: charset means nothing here.
fn same_media_type(builder: &mut ExchangeCases<'_, '_>, sent: &Sent, own: &str) {
    for (name, tier, value) in [
        ("charset", 1, format!("{own}; charset=utf-8")),
        ("upper-case", 2, own.to_ascii_uppercase()),
        ("charset-tight", 3, format!("{own};charset=UTF-8")),
        ("charset-quoted", 3, format!("{own} ; Charset=\"utf-8\"")),
    ] {
        Label::new(ABOUT, name, tier, format!("Content-Type is {value}"))
            .valid(builder, typed(sent, Some(&value)));
    }
}

/// Another media type. A document mostly does not say what becomes of those; where it has a status for
/// them (RFC 9110 §15.5.16), one that is written and is another is not taken.
fn other_media_type(
    builder: &mut ExchangeCases<'_, '_>,
    sent: &Sent,
    own: &str,
    (name, tier, value): (&'static str, u8, Option<&str>),
) {
    let title = match value {
        Some(value) => format!("Content-Type is \"{value}\""),
        None => "there is no Content-Type".to_owned(),
    };
    let told = builder.op.documents(415) && builder.op.body.as_ref().is_some_and(|b| b.only);
    let request = typed(sent, value);
    if told && value.is_some_and(|value| is_another(value, own)) {
        let expect = Expect::NotServed {
            success: SuccessIs::AcceptsInvalid,
        };
        let label = Label::new(ABOUT, name, tier.min(1), title);
        return label.add(builder, request, expect, Check::Unchanged);
    }
    let expect = Expect::Either {
        question: title.clone(),
        faults: vec![Fault::whole(FaultKind::NoBody), not_json()],
    };
    Label::new(ABOUT, name, tier, title).add(builder, request, expect, Check::Nothing);
}

/// Whether a value is a well-formed media type other than `own`.
fn is_another(value: &str, own: &str) -> bool {
    let essence = value.split(';').next().unwrap_or_default().trim();
    let known = essence.contains('/') && !own.contains('*');
    known && !essence.eq_ignore_ascii_case(own)
}
