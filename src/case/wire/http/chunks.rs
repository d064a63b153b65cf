//! Chunked bodies (RFC 9112 §7.1: every recipient must be able to read them).
//!
//! Whatever leaves a server waiting for more (a missing last chunk) is sent with the writing half of
//! the connection shut down behind it, so that waiting is no excuse.

use super::super::THOROUGH;
use super::super::raw::Wire;
use super::Sent;
use crate::case::builder::{ExchangeCases, Label};
use crate::exchange::{Request, Template};

/// Statuses that refuse a body without a length: 411 (RFC 9112 §6.3), and 501 of servers that know
/// no transfer coding and say so (RFC 9112 §6.1).
const WITHOUT_LENGTH: [u16; 2] = [411, 501];

const CODING: &str = "Transfer-Encoding";

const LAST: &[u8] = b"0\r\n\r\n";

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

/// The whole body as one chunk and the last one.
fn one(sent: &Sent) -> Vec<u8> {
    [chunk(&sent.body, hex), LAST.to_vec()].concat()
}

/// The header with this coding.
fn coded(sent: &Sent, coding: &str) -> Wire {
    sent.head().field(CODING, &Template::from(coding)).end()
}

fn label(name: &'static str, tier: u8, title: &str) -> Label {
    Label::new("chunks", name, tier, title)
}

/// Chunks right and wrong, and codings that are something else.
pub(super) fn chunked(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    for (label, request) in spellings(sent) {
        label.or(builder, &WITHOUT_LENGTH, request);
    }
    broken(builder, sent);
    codings(builder, sent);
}

/// Spellings of one and the same body in chunks.
fn spellings(sent: &Sent) -> Vec<(Label, Request)> {
    let body = sent.body.as_slice();
    let send = |pieces: &[&[u8]]| coded(sent, "chunked").bytes(&pieces.concat()).done();
    let (front, back) = body.split_at(body.len() / 2);
    let small: Vec<u8> = body.iter().flat_map(|b| chunk(&[*b], hex)).collect();
    // RFC 9112 §7.1.1: extensions that are not known are ignored; §7.1.2: so may trailers be.
    let extended = chunk(body, |n| format!("{n:x};name=value;other=\"a;b\""));
    let trailer = b"0\r\nX-Padding: trailer\r\n\r\n";
    let capitals = [
        chunk(front, |n| format!("{n:X}")),
        chunk(back, |n| format!("000{n:X}")),
    ]
    .concat();
    let paused = coded(sent, "chunked")
        .pause(30)
        .bytes(&chunk(front, hex))
        .pause(30)
        .bytes(&chunk(back, hex))
        .pause(30)
        .bytes(LAST)
        .done();
    vec![
        (
            label("one", 1, "the body is one chunk"),
            send(&[&one(sent)]),
        ),
        (
            label("many", 1, "every octet of the body is a chunk"),
            send(&[&small, LAST]),
        ),
        (
            label("extensions", 2, "chunks have extensions and a trailer"),
            send(&[&extended, trailer]),
        ),
        (
            label(
                "sizes",
                2,
                "sizes of chunks have capital digits and leading zeros",
            ),
            send(&[&capitals, b"000\r\n\r\n"]),
        ),
        (label("paused", 2, "chunks arrive one by one"), paused),
        (
            label("capital-coding", 3, "the coding is spelt Chunked"),
            coded(sent, "Chunked").bytes(&one(sent)).done(),
        ),
    ]
}

/// Chunks that no recipient can read as the body.
fn broken(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let body = sent.body.as_slice();
    let cut = |pieces: &[&[u8]]| {
        let wire = coded(sent, "chunked").bytes(&pieces.concat());
        wire.shutdown().done()
    };
    // A chunk of this size around the whole body, and the last one.
    let sized = |size: &str| cut(&[size.as_bytes(), b"\r\n", body, b"\r\n", LAST]);
    // RFC 9112 §8: incomplete without the chunk of size zero.
    label("no-last", 2, "the last chunk is missing").wrong(builder, cut(&[&chunk(body, hex)]));
    let more = hex(body.len() + 9);
    label("size-beyond", 3, "a chunk is shorter than its size")
        .wrong(builder, cut(&[more.as_bytes(), b"\r\n", body]));
    label("size-not-hex", 2, "the size of a chunk is no number").wrong(builder, sized("zz"));
    label("size-negative", 3, "the size of a chunk is negative")
        .wrong(builder, cut(&[b"-", &one(sent)]));
    // 2^64 more than the real size: what a wrapping counter takes for it.
    let wraps = format!("1{:016x}", body.len());
    label("size-wraps", 3, "the size of a chunk is beyond 64 bits").wrong(builder, sized(&wraps));
    label(
        "size-long",
        THOROUGH,
        "the size of a chunk has 5,000 digits",
    )
    .survived(builder, cut(&[&[b'0'; 5_000], &one(sent)]));
    if body.len() > 1 {
        let less = hex(body.len() - 1);
        label("data-unended", 3, "a chunk is longer than its size").wrong(builder, sized(&less));
    }
}

/// A coding that nobody knows, and chunks beside a length.
fn codings(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let one = one(sent);
    let unknown = coded(sent, "xchunked").bytes(&one).shutdown().done();
    label("unknown-coding", 3, "the transfer coding is unknown").survived(builder, unknown);
    // RFC 9112 §6.1: chunks win, or the server refuses.
    let beside = |length: &str| {
        let head = sent.head().length(length);
        let head = head.field(CODING, &Template::from("chunked")).end();
        head.bytes(&one).shutdown().done()
    };
    label("with-length", 2, "there are chunks and a length")
        .survived(builder, beside(&one.len().to_string()));
    label(
        "with-short-length",
        3,
        "there are chunks and a shorter length",
    )
    .survived(builder, beside("4"));
}
