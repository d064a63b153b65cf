//! Where a message ends, and how it arrives: chunks, lengths, pieces, connections; part of the
//! strategy `http`.
//!
//! Whatever leaves a server waiting for more (a length beyond the body, a missing last chunk) is
//! sent with the writing half of the connection shut down behind it, so that waiting is no excuse.

use super::THOROUGH;
use super::http::Sent;
use super::raw::{Style, Wire};
use crate::case::builder::ExchangeCases;
use crate::case::builder::Label;
use crate::exchange::{Request, Template};

/// Statuses that refuse a body without a length: 411 (RFC 9112 §6.3), and 501 of servers that know
/// no transfer coding and say so (RFC 9112 §6.1).
const WITHOUT_LENGTH: [u16; 2] = [411, 501];

const CHUNKED: &str = "Transfer-Encoding";

fn head(sent: &Sent) -> Wire {
    Wire::head(&sent.request, Style::PLAIN)
}

fn coded(sent: &Sent, coding: &str) -> Wire {
    head(sent).field(CHUNKED, &Template::from(coding)).end()
}

/// One chunk with its size as `size` writes it; of nothing none, since a chunk of size 0 is the last
/// one (RFC 9112 §7.1).
fn chunk(data: &[u8], size: impl Fn(usize) -> String) -> Vec<u8> {
    if data.is_empty() {
        return Vec::new();
    }
    [size(data.len()).as_bytes(), b"\r\n", data, b"\r\n"].concat()
}

fn hex(n: usize) -> String {
    format!("{n:x}")
}

const LAST: &[u8] = b"0\r\n\r\n";

/// Chunked bodies (RFC 9112 §7.1: every recipient must be able to read them).
pub(super) fn chunked(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let about = "chunks";
    let body = sent.body.as_slice();
    let one = [chunk(body, hex), LAST.to_vec()].concat();
    let send = |bytes: &[u8]| coded(sent, "chunked").bytes(bytes).done();
    let (front, back) = body.split_at(body.len() / 2);

    Label::new(about, "one", 1, "the body is one chunk").or(builder, &WITHOUT_LENGTH, send(&one));
    let small: Vec<u8> = body.iter().flat_map(|b| chunk(&[*b], hex)).collect();
    let small = [small.as_slice(), LAST].concat();
    Label::new(about, "many", 1, "every octet of the body is a chunk").or(
        builder,
        &WITHOUT_LENGTH,
        send(&small),
    );
    let extended = |n: usize| format!("{n:x};name=value;other=\"a;b\"");
    let decorated = [
        chunk(body, extended).as_slice(),
        b"0\r\nX-Padding: trailer\r\n\r\n",
    ]
    .concat();
    // RFC 9112 §7.1.1: extensions that are not known are ignored; §7.1.2: so may trailers be.
    Label::new(
        about,
        "extensions",
        2,
        "chunks have extensions and a trailer",
    )
    .or(builder, &WITHOUT_LENGTH, send(&decorated));
    let capitals = [
        chunk(front, |n| format!("{n:X}")),
        chunk(back, |n| format!("000{n:X}")),
        b"000\r\n\r\n".to_vec(),
    ]
    .concat();
    Label::new(
        about,
        "sizes",
        2,
        "sizes of chunks have capital digits and leading zeros",
    )
    .or(builder, &WITHOUT_LENGTH, send(&capitals));
    let paused = coded(sent, "chunked")
        .pause(30)
        .bytes(&chunk(front, hex))
        .pause(30)
        .bytes(&chunk(back, hex))
        .pause(30)
        .bytes(LAST)
        .done();
    Label::new(about, "paused", 2, "chunks arrive one by one").or(builder, &WITHOUT_LENGTH, paused);
    let capital = coded(sent, "Chunked").bytes(&one).done();
    Label::new(about, "capital-coding", 3, "the coding is spelt Chunked").or(
        builder,
        &WITHOUT_LENGTH,
        capital,
    );

    let cut = |bytes: &[u8]| coded(sent, "chunked").bytes(bytes).shutdown().done();
    // RFC 9112 §8: incomplete without the chunk of size zero.
    Label::new(about, "no-last", 2, "the last chunk is missing")
        .wrong(builder, cut(&chunk(body, hex)));
    Label::new(about, "size-beyond", 3, "a chunk is shorter than its size").wrong(
        builder,
        cut(&[hex(body.len() + 9).as_bytes(), b"\r\n", body].concat()),
    );
    Label::new(about, "size-not-hex", 2, "the size of a chunk is no number")
        .wrong(builder, cut(&[b"zz\r\n", body, b"\r\n", LAST].concat()));
    Label::new(about, "size-negative", 3, "the size of a chunk is negative")
        .wrong(builder, cut(&[b"-", one.as_slice()].concat()));
    // 2^64 more than the real size: what a wrapping counter takes for it.
    let wraps = format!("1{:016x}", body.len());
    Label::new(
        about,
        "size-wraps",
        3,
        "the size of a chunk is beyond 64 bits",
    )
    .wrong(
        builder,
        cut(&[wraps.as_bytes(), b"\r\n", body, b"\r\n", LAST].concat()),
    );
    Label::new(
        about,
        "size-long",
        THOROUGH,
        "the size of a chunk has 5,000 digits",
    )
    .survived(builder, cut(&[&[b'0'; 5_000], one.as_slice()].concat()));
    if body.len() > 1 {
        let less = hex(body.len() - 1);
        Label::new(about, "data-unended", 3, "a chunk is longer than its size").wrong(
            builder,
            cut(&[less.as_bytes(), b"\r\n", body, b"\r\n", LAST].concat()),
        );
    }
    let unknown = coded(sent, "xchunked").bytes(&one).shutdown().done();
    Label::new(about, "unknown-coding", 3, "the transfer coding is unknown")
        .survived(builder, unknown);
    // RFC 9112 §6.1: chunks win, or the server refuses.
    let both = head(sent)
        .length(&one.len().to_string())
        .field(CHUNKED, &Template::from("chunked"))
        .end()
        .bytes(&one)
        .shutdown()
        .done();
    Label::new(about, "with-length", 2, "there are chunks and a length").survived(builder, both);
    let short = head(sent)
        .length("4")
        .field(CHUNKED, &Template::from("chunked"))
        .end()
        .bytes(&one)
        .shutdown()
        .done();
    Label::new(
        about,
        "with-short-length",
        3,
        "there are chunks and a shorter length",
    )
    .survived(builder, short);
}

/// Whether a body is a whole one before its end already, as `1` of `12` is, or nothing.
fn whole_before(body: &[u8], end: usize) -> bool {
    let front = body.get(..end).unwrap_or_default();
    front.is_empty() || serde_json::from_slice::<serde::de::IgnoredAny>(front).is_ok()
}

/// `Content-Length` that does not fit the body (RFC 9112 §6.3).
pub(super) fn lengths(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let about = "length";
    let body = sent.body.as_slice();
    let len = body.len();
    let with = |length: &str| head(sent).length(length).end().bytes(body);
    let (front, _) = body.split_at(len / 2);

    for (name, tier, title, less) in [
        ("half", 1, "the length is half of the body", len / 2),
        (
            "one-less",
            2,
            "the length is one less than the body",
            len.saturating_sub(1),
        ),
    ] {
        let (label, request) = (
            Label::new(about, name, tier, title),
            with(&less.to_string()).done(),
        );
        match whole_before(body, less) {
            true => label.survived(builder, request),
            false => label.wrong(builder, request),
        }
    }
    let zero = Label::new(about, "zero", 1, "the length is 0 before a body");
    // Where the body is optional, a request without one is good, and what follows is the next.
    let required = builder.op.body.as_ref().is_some_and(|body| body.required);
    match required {
        true => zero.wrong(builder, with("0").done()),
        false => zero.survived(builder, with("0").done()),
    }
    // Without length and coding there is no body (RFC 9112 §6.3).
    let absent = Label::new(about, "absent", 2, "there is a body and no length");
    let request = head(sent).end().bytes(body).done();
    match required {
        true => absent.wrong(builder, request),
        false => absent.survived(builder, request),
    }
    let cut = head(sent)
        .length(&len.to_string())
        .end()
        .bytes(front)
        .shutdown()
        .done();
    let label = Label::new(about, "body-cut", 1, "the body ends before its length");
    match whole_before(body, front.len()) {
        true => label.survived(builder, cut),
        false => label.wrong(builder, cut),
    }
    // The JSON is complete, the message is not (RFC 9112 §8); common servers pass on what they got.
    Label::new(about, "beyond", 1, "the length is more than the body")
        .survived(builder, with(&(len + 10).to_string()).shutdown().done());
    let none = head(sent).length(&len.to_string()).end().shutdown().done();
    Label::new(about, "no-body", 2, "there is a length and no body").wrong(builder, none);

    for (name, tier, title, value) in [
        ("letters", 2, "the length is a word", "abc".to_owned()),
        (
            "letters-behind",
            3,
            "the length has letters behind it",
            format!("{len}abc"),
        ),
        (
            "hexadecimal",
            3,
            "the length is hexadecimal",
            format!("0x{len:x}"),
        ),
        (
            "fraction",
            THOROUGH,
            "the length has a fraction",
            format!("{len}.0"),
        ),
    ] {
        Label::new(about, name, tier, title).wrong(builder, with(&value).shutdown().done());
    }
    for (name, tier, title, value) in [
        (
            "huge",
            1,
            "the length is beyond 64 bits",
            "99999999999999999999".to_owned(),
        ),
        ("large", 3, "the length is 2 GiB", "2147483648".to_owned()),
        (
            "wraps-32",
            3,
            "the length is 2^32 more than the body",
            (len + (1 << 32)).to_string(),
        ),
        ("negative", 2, "the length is negative", "-1".to_owned()),
        ("plus", 3, "the length has a sign", format!("+{len}")),
        ("empty", 3, "the length is empty", String::new()),
        (
            "list",
            4,
            "the length is given twice in one field",
            format!("{len}, {len}"),
        ),
        (
            "zeros",
            THOROUGH,
            "the length has leading zeros",
            format!("000{len}"),
        ),
    ] {
        Label::new(about, name, tier, title).survived(builder, with(&value).shutdown().done());
    }
    for (name, tier, title, first, second) in [
        ("twice", 3, "the length is given twice", len, len),
        (
            "conflict-long",
            3,
            "there are two lengths, the second longer",
            len,
            len + 10,
        ),
        (
            "conflict-short",
            3,
            "there are two lengths, the first shorter",
            len / 2,
            len,
        ),
    ] {
        let request = head(sent)
            .length(&first.to_string())
            .length(&second.to_string())
            .end()
            .bytes(body)
            .shutdown()
            .done();
        Label::new(about, name, tier, title).survived(builder, request);
    }
}

/// The same message in several packets: TCP has no message boundaries (RFC 9293 §3.8).
pub(super) fn pieces(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let about = "pieces";
    let body = sent.body.as_slice();
    let len = body.len();
    let (front, back) = body.split_at(len / 2);
    let ended = || head(sent).length(&len.to_string()).end();

    Label::new(about, "body-later", 0, "the body arrives after the header")
        .valid(builder, ended().pause(60).bytes(body).done());
    let three = ended()
        .bytes(front)
        .pause(60)
        .bytes(back.get(..back.len() / 2).unwrap_or_default())
        .pause(60)
        .bytes(back.get(back.len() / 2..).unwrap_or_default())
        .done();
    Label::new(
        about,
        "body-in-three",
        1,
        "the body arrives in three pieces",
    )
    .read(builder, sent, three);
    let last = ended()
        .bytes(body.get(..len - 1).unwrap_or_default())
        .pause(120)
        .bytes(body.get(len - 1..).unwrap_or_default())
        .done();
    Label::new(
        about,
        "last-octet-later",
        2,
        "the last octet of the body arrives later",
    )
    .valid(builder, last);
    let split = Wire::line(&sent.request.method, &sent.request.target, Style::PLAIN)
        .text("X-Pad")
        .pause(60)
        .text("ding: 1\r")
        .pause(30)
        .text("\n")
        .fields(&sent.request)
        .pause(30)
        .body(body)
        .done();
    Label::new(
        about,
        "head-in-four",
        1,
        "the header arrives in four pieces",
    )
    .valid(builder, split);
    let mut slow = ended();
    for piece in body.chunks(4) {
        slow = slow.bytes(piece).pause(1);
    }
    Label::new(
        about,
        "body-in-many",
        THOROUGH,
        "the body arrives four octets at a time",
    )
    .valid(builder, slow.done());
    let half_head = Wire::line(&sent.request.method, &sent.request.target, Style::PLAIN)
        .text("Content-Le")
        .shutdown()
        .done();
    Label::new(
        about,
        "head-cut",
        3,
        "the header ends in the middle of a name",
    )
    .wrong(builder, half_head);
}

/// What the connection does before and after a message.
pub(super) fn connections(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let about = "connection";
    let body = sent.body.as_slice();
    let field = |name: &str, value: &str| {
        let mut request = sent.request.clone();
        request
            .headers
            .push((name.to_owned(), Template::from(value)));
        request
    };

    Label::new(
        about,
        "close",
        2,
        "the connection is to end after the answer",
    )
    .valid(builder, Request::Http(field("Connection", "close")));
    // RFC 9110 §10.1.1: 100 or a final status, and no waiting for a body that was not asked for;
    // the client sends it anyway after a while. 417 refuses the expectation.
    let expecting = Wire::head(&field("Expect", "100-continue"), Style::PLAIN)
        .length(&body.len().to_string())
        .end()
        .pause(150)
        .bytes(body)
        .done();
    Label::new(
        about,
        "expect-continue",
        1,
        "the client expects 100 before it sends the body",
    )
    .or(builder, &[417], expecting);
    let other = Wire::head(&field("Expect", "probity"), Style::PLAIN)
        .body(body)
        .done();
    Label::new(
        about,
        "expect-other",
        THOROUGH,
        "the client expects what nobody knows",
    )
    .survived(builder, other);
    // RFC 9112 §9.3.2. A server may end the connection after any answer, so that one comes only
    // tells nothing; that none comes or that the device hangs does.
    let twice = head(sent).body(body).then(head(sent).body(body)).answers(2);
    Label::new(
        about,
        "pipelined",
        2,
        "a second request follows before the first is answered",
    )
    .survived(builder, twice);
    let mut three = head(sent).body(body);
    for _ in 0..2 {
        three = three.pause(150).then(head(sent).body(body));
    }
    Label::new(
        about,
        "three-in-turn",
        3,
        "three requests come one after the other on a connection",
    )
    .survived(builder, three.answers(3));
    Label::new(
        about,
        "half-closed",
        3,
        "the client shuts down its half after the request",
    )
    .survived(builder, head(sent).body(body).shutdown().done());
    Label::new(about, "line-end-behind", 3, "a line end follows the body")
        .survived(builder, head(sent).body(body).text("\r\n").done());
    Label::new(
        about,
        "garbage-behind",
        3,
        "text that is no request follows the body",
    )
    .survived(
        builder,
        head(sent).body(body).text("garbage\r\n\r\n").done(),
    );
    Label::new(about, "version-1.0", 2, "the request is HTTP/1.0").or(
        builder,
        &[426, 505],
        Wire::head(
            &sent.request,
            Style {
                version: "HTTP/1.0",
                ..Style::PLAIN
            },
        )
        .body(body)
        .done(),
    );
    for (name, tier, version) in [
        ("version-1.2", 3, "HTTP/1.2"),
        ("version-9.9", 3, "HTTP/9.9"),
        ("version-small", THOROUGH, "http/1.1"),
    ] {
        let style = Style {
            version,
            ..Style::PLAIN
        };
        Label::new(about, name, tier, format!("the request says {version}"))
            .survived(builder, Wire::head(&sent.request, style).body(body).done());
    }
    // RFC 9110 §7.8: an upgrade that the server does not know is no reason to do anything else.
    let upgrade = Wire::head(&sent.request, Style::PLAIN)
        .text("Connection: Upgrade\r\nUpgrade: probity/1\r\n")
        .body(body)
        .done();
    Label::new(
        about,
        "upgrade",
        3,
        "the client offers to go on with an unknown protocol",
    )
    .or(builder, &[400, 426], upgrade);
}
