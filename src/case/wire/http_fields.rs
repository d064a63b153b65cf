//! The header: spelling of fields, broken lines, sizes, media types; part of the strategy `http`.

use super::edits::{append, first, insert};
use super::http::Sent;
use super::raw::{Style, Wire};
use super::{EXTRA, THOROUGH, not_json};
use crate::case::builder::ExchangeCases;
use crate::case::builder::Label;
use crate::case::{Check, Expect, Fault, SuccessIs};
use crate::contract::FaultKind;
use crate::exchange::{HttpRequest, Request, Segment, Template};

/// Statuses that refuse a header for its size (RFC 9110 §5.4, RFC 6585 §5).
const TOO_LARGE: [u16; 3] = [400, 413, 431];

fn with_field(sent: &Sent, name: &str, value: &str) -> HttpRequest {
    let mut request = sent.request.clone();
    request
        .headers
        .push((name.to_owned(), Template::from(value)));
    request
}

/// Spellings of one and the same header.
pub(super) fn spelling(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let about = "fields";
    let body = sent.body.as_slice();
    let styled = |style: Style| Wire::head(&sent.request, style).body(body).done();
    // RFC 9110 §5.1: names compare without case.
    let upper = Style {
        name: str::to_ascii_uppercase,
        ..Style::PLAIN
    };
    let lower = Style {
        name: str::to_ascii_lowercase,
        ..Style::PLAIN
    };
    Label::new(about, "upper-case", 1, "names of fields are in capitals")
        .valid(builder, styled(upper));
    Label::new(
        about,
        "lower-case",
        1,
        "names of fields are in small letters",
    )
    .valid(builder, styled(lower));
    // RFC 9112 §5: white space around a value is optional and no part of it.
    let tight = Style {
        colon: ":",
        ..Style::PLAIN
    };
    // (Not tabs: a parser in wide use takes none after a length.)
    let wide = Style {
        colon: ":   ",
        behind: "  ",
        ..Style::PLAIN
    };
    Label::new(about, "no-blank", 1, "there is no blank before values")
        .valid(builder, styled(tight));
    Label::new(
        about,
        "more-blanks",
        2,
        "there are several blanks around values",
    )
    .valid(builder, styled(wide));
    let empty = Wire::head(&sent.request, Style::PLAIN)
        .text("X-Padding:\r\n")
        .body(body)
        .done();
    Label::new(about, "empty-value", 3, "a field has no value").valid(builder, empty);
    let mut turned = sent.request.clone();
    turned.headers.reverse();
    let turned = Wire::line(
        &turned.method,
        &turned.target,
        Style {
            host: false,
            ..Style::PLAIN
        },
    )
    .length(&body.len().to_string())
    .fields(&turned)
    .host()
    .end()
    .bytes(body)
    .done();
    Label::new(
        about,
        "reversed",
        3,
        "the length comes first and the host last",
    )
    .valid(builder, turned);
    // RFC 9110 §5.5: octets above 0x7F are opaque, and may be refused.
    let opaque = Wire::head(&sent.request, Style::PLAIN)
        .bytes(b"X-Padding: \xff\xe9\r\n")
        .body(body)
        .done();
    Label::new(about, "opaque-octets", 3, "a field has octets above 0x7F").or(
        builder,
        &[400],
        opaque,
    );
    for (name, value) in [
        ("Accept", "application/json"),
        ("Accept", "application/json;q=0.5, */*;q=0.1"),
    ] {
        let label = if value.contains(',') {
            "accept-list"
        } else {
            "accept-json"
        };
        Label::new(about, label, 3, format!("{name} is {value}"))
            .valid(builder, Request::Http(with_field(sent, name, value)));
    }
    // RFC 9110 §12.5.1: 406, or as if there were no such field.
    Label::new(about, "accept-html", 3, "only HTML is accepted").or(
        builder,
        &[406],
        Request::Http(with_field(sent, "Accept", "text/html")),
    );
    // What the page does not name must not change the method. Whether it does is recorded only:
    // the token is one that no server gives a meaning.
    for name in ["X-HTTP-Method-Override", "X-Method-Override"] {
        let label = if name.contains("HTTP") {
            "override"
        } else {
            "override-short"
        };
        Label::new(
            about,
            label,
            THOROUGH,
            format!("{name} names an unknown method"),
        )
        .survived(builder, Request::Http(with_field(sent, name, "PROBITY")));
    }
}

/// Lines that RFC 9112 forbids, or lets servers read in several ways.
pub(super) fn broken(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let about = "lines";
    let body = sent.body.as_slice();
    let line = |bytes: &[u8]| {
        Wire::head(&sent.request, Style::PLAIN)
            .bytes(bytes)
            .body(body)
            .done()
    };
    let styled = |style: Style| Wire::head(&sent.request, style).body(body).done();

    // RFC 9112 §2.2
    Label::new(about, "bare-line-feeds", 2, "lines end in LF alone").survived(
        builder,
        // A server that knows CR LF alone waits for the end of the first line.
        Wire::head(
            &sent.request,
            Style {
                end: "\n",
                ..Style::PLAIN
            },
        )
        .body(body)
        .shutdown()
        .done(),
    );
    let leading = Wire::line(&sent.request.method, &sent.request.target, Style::PLAIN)
        .fields(&sent.request)
        .body(body);
    let leading = prefixed(b"\r\n", leading.done());
    Label::new(
        about,
        "empty-line-first",
        3,
        "there is an empty line before the request",
    )
    .survived(builder, leading);
    // RFC 9112 §5.1
    Label::new(
        about,
        "blank-before-colon",
        3,
        "there is a blank before the colon of a field",
    )
    .survived(builder, line(b"X-Padding : 1\r\n"));
    // RFC 9112 §5.2
    Label::new(about, "folded", 3, "a field goes on in the next line")
        .survived(builder, line(b"X-Padding: 1\r\n 2\r\n"));
    // RFC 9110 §5.5
    Label::new(about, "nul", 2, "a field has a NUL")
        .survived(builder, line(b"X-Padding: a\0b\r\n"));
    Label::new(about, "bare-return", THOROUGH, "a field has a CR")
        .survived(builder, line(b"X-Padding: a\rb\r\n"));
    Label::new(about, "no-colon", 3, "a field has no colon")
        .survived(builder, line(b"X-Padding\r\n"));
    Label::new(about, "no-name", 3, "a field has no name").survived(builder, line(b": value\r\n"));
    Label::new(
        about,
        "name-not-ascii",
        THOROUGH,
        "the name of a field is not ASCII",
    )
    .survived(builder, line("X-Füllung: 1\r\n".as_bytes()));
    // RFC 9112 §3.2: 400 for no host and for two. Common servers let both pass.
    Label::new(about, "no-host", 3, "there is no Host").survived(
        builder,
        styled(Style {
            host: false,
            ..Style::PLAIN
        }),
    );
    let two = Wire::head(&sent.request, Style::PLAIN)
        .text("Host: other.example\r\n")
        .body(body)
        .done();
    Label::new(about, "two-hosts", 3, "there are two Hosts").survived(builder, two);
    let long = format!("Host: {}\r\n", "a".repeat(2_000));
    let long = Wire::line(
        &sent.request.method,
        &sent.request.target,
        Style {
            host: false,
            ..Style::PLAIN
        },
    )
    .text(&long)
    .fields(&sent.request)
    .body(body)
    .done();
    Label::new(about, "long-host", 3, "Host has 2,000 characters").survived(builder, long);
    // RFC 9112 §3.2.2: must be understood; servers that route by text do not.
    Label::new(about, "absolute-target", 3, "the target is a whole URL")
        .survived(builder, absolute(sent, body));
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

/// Large heads and bodies.
pub(super) fn sizes(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let about = "size";
    let padded = |n: usize| Request::Http(with_field(sent, "X-Padding", &"a".repeat(n)));
    // RFC 9110 §5.4: a 4xx when it is more than the server wishes to process.
    Label::new(about, "field-4096", 2, "a field has 4,096 characters").or(
        builder,
        &TOO_LARGE,
        padded(4_096),
    );
    Label::new(about, "field-65536", 2, "a field has 65,536 characters")
        .survived(builder, padded(65_536));
    let many = |n: usize| {
        let mut request = sent.request.clone();
        request
            .headers
            .extend((0..n).map(|i| (format!("X-Padding-{i}"), Template::from("a"))));
        Request::Http(request)
    };
    Label::new(about, "fields-80", 3, "there are 80 more fields").or(builder, &TOO_LARGE, many(80));
    Label::new(about, "fields-1000", 3, "there are 1,000 more fields")
        .survived(builder, many(1_000));
    let mut named = sent.request.clone();
    named
        .headers
        .push((format!("X-{}", "a".repeat(1_000)), Template::from("1")));
    Label::new(
        about,
        "name-1000",
        3,
        "the name of a field has 1,000 characters",
    )
    .or(builder, &TOO_LARGE, Request::Http(named));
    let mut queried = sent.request.clone();
    let sign = if builder
        .op
        .parameters
        .iter()
        .any(|p| p.required && p.place == crate::contract::Place::Query)
    {
        '&'
    } else {
        '?'
    };
    queried.target = queried
        .target
        .text(format!("{sign}{EXTRA}={}", "a".repeat(2_048)));
    let expect = Expect::Either {
        question: "a long query that the page does not name".to_owned(),
        faults: vec![Fault::whole(FaultKind::Parameter)],
    };
    Label::new(
        about,
        "query-2048",
        3,
        "the target has an unknown parameter of 2,048 characters",
    )
    .add(builder, Request::Http(queried), expect, Check::Nothing);

    // RFC 8259 §9: limits on size are the reader's. Up to a few KiB they are recorded, beyond that
    // a server may even end the connection while the client still writes.
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
    let expect = || Expect::Either {
        question: "a body of several KiB".to_owned(),
        faults: vec![not_json()],
    };
    Label::new(about, "blanks-4096", 1, "the body has 4,096 blanks").add(
        builder,
        blanks(4_096),
        expect(),
        Check::Nothing,
    );
    for (name, tier, n) in [
        ("blanks-65536", 3, 65_536),
        ("blanks-1-mib", THOROUGH, 1 << 20),
    ] {
        Label::new(about, name, tier, format!("the body has {n} blanks"))
            .survived(builder, blanks(n));
    }
    for (name, tier, n) in [("member-65536", 3, 65_536), ("member-1-mib", 3, 1 << 20)] {
        Label::new(
            about,
            name,
            tier,
            format!("an unknown member has {n} characters"),
        )
        .survived(builder, member(n));
    }
}

/// The media type of the body.
pub(super) fn media_types(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let about = "media-type";
    let own = builder
        .op
        .body
        .as_ref()
        .map_or("application/json", |b| b.media_type.as_str())
        .to_owned();
    let typed = |value: Option<&str>| {
        let mut request = sent.request.clone();
        request
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        request
            .headers
            .extend(value.map(|v| ("Content-Type".to_owned(), Template::from(v))));
        Request::Http(request)
    };
    // RFC 9110 §8.3.1: type, subtype and names of parameters have no case, a parameter's value may
    // be quoted; RFC 8259 §11: charset means nothing here.
    for (name, tier, value) in [
        ("charset", 1, format!("{own}; charset=utf-8")),
        ("upper-case", 2, own.to_ascii_uppercase()),
        ("charset-tight", 3, format!("{own};charset=UTF-8")),
        ("charset-quoted", 3, format!("{own} ; Charset=\"utf-8\"")),
    ] {
        Label::new(about, name, tier, format!("Content-Type is {value}"))
            .valid(builder, typed(Some(&value)));
    }
    // The page names one media type, and mostly does not say what becomes of others. Where it has a status
    // for those (RFC 9110 §15.5.16), one that is written and is another is not taken.
    let told = builder.op.documents(415) && builder.op.body.as_ref().is_some_and(|b| b.only);
    let other = |value: &str| {
        let essence = value.split(';').next().unwrap_or_default().trim();
        let odd = essence.is_empty() || !essence.contains('/') || own.contains('*');
        !odd && !essence.eq_ignore_ascii_case(&own)
    };
    for (name, tier, value) in [
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
        (
            "plain-json",
            3,
            (own != "application/json").then_some("application/json"),
        ),
        ("other-charset", 3, Some("application/json; charset=utf-16")),
    ] {
        let title = value.map_or("there is no Content-Type".to_owned(), |v| {
            format!("Content-Type is \"{v}\"")
        });
        if name == "plain-json" && value.is_none() {
            continue;
        }
        if told && value.is_some_and(other) {
            let expect = Expect::NotServed {
                success: SuccessIs::AcceptsInvalid,
            };
            let label = Label::new(about, name, tier.min(1), title);
            label.add(builder, typed(value), expect, Check::Unchanged);
            continue;
        }
        let expect = Expect::Either {
            question: title.clone(),
            faults: vec![Fault::whole(FaultKind::NoBody), not_json()],
        };
        Label::new(about, name, tier, title).add(builder, typed(value), expect, Check::Nothing);
    }
    let long = format!("{own}; a={}", "b".repeat(1_024));
    Label::new(
        about,
        "long",
        3,
        "Content-Type has a parameter of 1,024 characters",
    )
    .or(builder, &[400, 413, 415, 431], typed(Some(&long)));
}
