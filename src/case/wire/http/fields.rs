//! The header: spelling of fields, broken lines.

use super::super::THOROUGH;
use super::super::raw::{Style, Wire};
use super::Sent;
use crate::case::builder::{ExchangeCases, Label};
use crate::exchange::{Request, Segment};

fn label(name: &'static str, tier: u8, title: impl Into<String>) -> Label {
    Label::new("fields", name, tier, title)
}

/// Spellings of one and the same header.
pub(super) fn spelling(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    for (name, tier, title, style) in STYLES {
        label(name, tier, title).valid(builder, sent.styled(style).body(&sent.body).done());
    }
    values_and_order(builder, sent);
    accepted(builder, sent);
    overrides(builder, sent);
}

/// Styles of the whole header: name, tier, title and style.
const STYLES: [(&str, u8, &str, Style); 4] = [
    // RFC 9110 §5.1: names compare without case.
    (
        "upper-case",
        1,
        "names of fields are in capitals",
        Style {
            name: str::to_ascii_uppercase,
            ..Style::PLAIN
        },
    ),
    (
        "lower-case",
        1,
        "names of fields are in small letters",
        Style {
            name: str::to_ascii_lowercase,
            ..Style::PLAIN
        },
    ),
    // RFC 9112 §5: white space around a value is optional and no part of it.
    (
        "no-blank",
        1,
        "there is no blank before values",
        Style {
            colon: ":",
            ..Style::PLAIN
        },
    ),
    // (Not tabs: a parser in wide use takes none after a length.)
    (
        "more-blanks",
        2,
        "there are several blanks around values",
        Style {
            colon: ":   ",
            behind: "  ",
            ..Style::PLAIN
        },
    ),
];

/// A field of nothing, one of octets above ASCII, and the fields in another order.
fn values_and_order(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let empty = sent.head().text("X-Padding:\r\n").body(&sent.body).done();
    label("empty-value", 3, "a field has no value").valid(builder, empty);
    let mut turned = sent.request.clone();
    turned.headers.reverse();
    let hostless = Style {
        host: false,
        ..Style::PLAIN
    };
    let turned = Wire::line(&turned.method, &turned.target, hostless)
        .length(&sent.body.len().to_string())
        .fields(&turned)
        .host()
        .end()
        .bytes(&sent.body)
        .done();
    label("reversed", 3, "the length comes first and the host last").valid(builder, turned);
    // RFC 9110 §5.5: octets above 0x7F are opaque, and may be refused.
    let opaque = sent
        .head()
        .bytes(b"X-Padding: \xff\xe9\r\n")
        .body(&sent.body);
    label("opaque-octets", 3, "a field has octets above 0x7F").or(builder, &[400], opaque.done());
}

/// Media types that the client accepts.
fn accepted(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let accepting = |value: &str| Request::Http(sent.with_field("Accept", value));
    for (name, value) in [
        ("accept-json", "application/json"),
        ("accept-list", "application/json;q=0.5, */*;q=0.1"),
    ] {
        label(name, 3, format!("Accept is {value}")).valid(builder, accepting(value));
    }
    // RFC 9110 §12.5.1: 406, or as if there were no such field.
    label("accept-html", 3, "only HTML is accepted").or(builder, &[406], accepting("text/html"));
}

/// What the page does not name must not change the method. Whether it does is recorded only: the
/// token is one that no server gives a meaning.
fn overrides(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    for (name, field) in [
        ("override", "X-HTTP-Method-Override"),
        ("override-short", "X-Method-Override"),
    ] {
        let request = Request::Http(sent.with_field(field, "PROBITY"));
        label(name, THOROUGH, format!("{field} names an unknown method"))
            .survived(builder, request);
    }
}

/// Lines that RFC 9112 forbids, or lets servers read in several ways.
pub(super) fn broken(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    line_ends(builder, sent);
    for (name, tier, title, line) in BROKEN {
        let wire = sent.head().bytes(line).body(&sent.body);
        Label::new("lines", name, tier, title).survived(builder, wire.done());
    }
    hosts(builder, sent);
    // RFC 9112 §3.2.2: must be understood; servers that route by text do not.
    Label::new("lines", "absolute-target", 3, "the target is a whole URL")
        .survived(builder, absolute(sent, &sent.body));
}

/// Lines that end or begin otherwise (RFC 9112 §2.2).
fn line_ends(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let bare = Style {
        end: "\n",
        ..Style::PLAIN
    };
    // A server that knows CR LF alone waits for the end of the first line.
    let bare = sent.styled(bare).body(&sent.body).shutdown().done();
    Label::new("lines", "bare-line-feeds", 2, "lines end in LF alone").survived(builder, bare);
    let leading = prefixed(b"\r\n", sent.head().body(&sent.body).done());
    let title = "there is an empty line before the request";
    Label::new("lines", "empty-line-first", 3, title).survived(builder, leading);
}

/// Header lines that are not, or not surely, a field: name, tier, title and line.
const BROKEN: [(&str, u8, &str, &[u8]); 7] = [
    // RFC 9112 §5.1
    (
        "blank-before-colon",
        3,
        "there is a blank before the colon of a field",
        b"X-Padding : 1\r\n",
    ),
    // RFC 9112 §5.2
    (
        "folded",
        3,
        "a field goes on in the next line",
        b"X-Padding: 1\r\n 2\r\n",
    ),
    // RFC 9110 §5.5
    ("nul", 2, "a field has a NUL", b"X-Padding: a\0b\r\n"),
    (
        "bare-return",
        THOROUGH,
        "a field has a CR",
        b"X-Padding: a\rb\r\n",
    ),
    ("no-colon", 3, "a field has no colon", b"X-Padding\r\n"),
    ("no-name", 3, "a field has no name", b": value\r\n"),
    (
        "name-not-ascii",
        THOROUGH,
        "the name of a field is not ASCII",
        "X-Füllung: 1\r\n".as_bytes(),
    ),
];

/// No host, two, and a long one. RFC 9112 §3.2: 400 for no host and for two. Common servers let both
/// pass.
fn hosts(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let none = Style {
        host: false,
        ..Style::PLAIN
    };
    Label::new("lines", "no-host", 3, "there is no Host")
        .survived(builder, sent.styled(none).body(&sent.body).done());
    let two = sent.head().text("Host: other.example\r\n");
    Label::new("lines", "two-hosts", 3, "there are two Hosts")
        .survived(builder, two.body(&sent.body).done());
    let long = Wire::line(&sent.request.method, &sent.request.target, none)
        .text(&format!("Host: {}\r\n", "a".repeat(2_000)))
        .fields(&sent.request)
        .body(&sent.body)
        .done();
    Label::new("lines", "long-host", 3, "Host has 2,000 characters").survived(builder, long);
}

/// The same request with octets before it.
fn prefixed(bytes: &[u8], request: Request) -> Request {
    match request {
        Request::Raw(mut raw) => {
            match raw.segments.first_mut() {
                Some(Segment::Bytes(first)) => *first = [bytes, first.as_slice()].concat(),
                _ => raw.segments.insert(0, Segment::Bytes(bytes.to_vec())),
            }
            Request::Raw(raw)
        }
        other => other,
    }
}

/// `POST http://host/path HTTP/1.1`
fn absolute(sent: &Sent, body: &[u8]) -> Request {
    let rest = Wire::line("", &sent.request.target, Style::PLAIN)
        .fields(&sent.request)
        .body(body);
    match rest.done() {
        Request::Raw(mut raw) => {
            // `line` has written the blank between method and target.
            if let Some(Segment::Bytes(first)) = raw.segments.first_mut() {
                *first = format!("{} http://", sent.request.method).into_bytes();
            }
            raw.segments.insert(1, Segment::Host);
            Request::Raw(raw)
        }
        other => other,
    }
}
