//! How a message arrives, and what the connection does before and after it.

use super::super::THOROUGH;
use super::super::raw::{Style, Wire};
use super::Sent;
use crate::case::builder::{ExchangeCases, Label};
use crate::exchange::Request;

/// The same message in several packets: TCP has no message boundaries (RFC 9293 §3.8).
pub(super) fn pieces(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let label = |name, tier, title: &str| Label::new("pieces", name, tier, title);
    let body = sent.body.as_slice();
    let len = body.len();
    let (front, back) = body.split_at(len / 2);
    let ended = || sent.head().length(&len.to_string()).end();

    label("body-later", 0, "the body arrives after the header")
        .valid(builder, ended().pause(60).bytes(body).done());
    let three = ended()
        .bytes(front)
        .pause(60)
        .bytes(back.get(..back.len() / 2).unwrap_or_default())
        .pause(60)
        .bytes(back.get(back.len() / 2..).unwrap_or_default())
        .done();
    label("body-in-three", 1, "the body arrives in three pieces").read(builder, sent, three);
    let last = ended()
        .bytes(body.get(..len - 1).unwrap_or_default())
        .pause(120)
        .bytes(body.get(len - 1..).unwrap_or_default())
        .done();
    label(
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
    label("head-in-four", 1, "the header arrives in four pieces").valid(builder, split);
    let mut slow = ended();
    for piece in body.chunks(4) {
        slow = slow.bytes(piece).pause(1);
    }
    label(
        "body-in-many",
        THOROUGH,
        "the body arrives four octets at a time",
    )
    .valid(builder, slow.done());
    let half_head = Wire::line(&sent.request.method, &sent.request.target, Style::PLAIN)
        .text("Content-Le")
        .shutdown()
        .done();
    label("head-cut", 3, "the header ends in the middle of a name").wrong(builder, half_head);
}

fn label(name: &'static str, tier: u8, title: impl Into<String>) -> Label {
    Label::new("connection", name, tier, title)
}

/// What the connection does before and after a message.
pub(super) fn connections(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    expectations(builder, sent);
    in_turn(builder, sent);
    behind(builder, sent);
    versions(builder, sent);
    // RFC 9110 §7.8: an upgrade that the server does not know is no reason to do anything else.
    let upgrade = sent
        .head()
        .text("Connection: Upgrade\r\nUpgrade: probity/1\r\n")
        .body(&sent.body)
        .done();
    label(
        "upgrade",
        3,
        "the client offers to go on with an unknown protocol",
    )
    .or(builder, &[400, 426], upgrade);
}

/// What the client says that it expects or will do.
fn expectations(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    label("close", 2, "the connection is to end after the answer").valid(
        builder,
        Request::Http(sent.with_field("Connection", "close")),
    );
    // RFC 9110 §10.1.1: 100 or a final status, and no waiting for a body that was not asked for;
    // the client sends it anyway after a while. 417 refuses the expectation.
    let expecting = |what: &str| Wire::head(&sent.with_field("Expect", what), Style::PLAIN);
    let paused = expecting("100-continue")
        .length(&sent.body.len().to_string())
        .end()
        .pause(150)
        .bytes(&sent.body)
        .done();
    label(
        "expect-continue",
        1,
        "the client expects 100 before it sends the body",
    )
    .or(builder, &[417], paused);
    label(
        "expect-other",
        THOROUGH,
        "the client expects what nobody knows",
    )
    .survived(builder, expecting("probity").body(&sent.body).done());
}

/// Several requests on one connection (RFC 9112 §9.3.2). A server may end the connection after any
/// answer, so that one comes only tells nothing; that none comes or that the device hangs does.
fn in_turn(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let whole = || sent.head().body(&sent.body);
    label(
        "pipelined",
        2,
        "a second request follows before the first is answered",
    )
    .survived(builder, whole().then(whole()).answers(2));
    let three = whole().pause(150).then(whole()).pause(150).then(whole());
    label(
        "three-in-turn",
        3,
        "three requests come one after the other on a connection",
    )
    .survived(builder, three.answers(3));
}

/// What follows a whole request.
fn behind(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let whole = || sent.head().body(&sent.body);
    label(
        "half-closed",
        3,
        "the client shuts down its half after the request",
    )
    .survived(builder, whole().shutdown().done());
    label("line-end-behind", 3, "a line end follows the body")
        .survived(builder, whole().text("\r\n").done());
    label(
        "garbage-behind",
        3,
        "text that is no request follows the body",
    )
    .survived(builder, whole().text("garbage\r\n\r\n").done());
}

/// Other versions of HTTP.
fn versions(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let saying = |version: &'static str| {
        let style = Style {
            version,
            ..Style::PLAIN
        };
        sent.styled(style).body(&sent.body).done()
    };
    label("version-1.0", 2, "the request is HTTP/1.0").or(builder, &[426, 505], saying("HTTP/1.0"));
    for (name, tier, version) in [
        ("version-1.2", 3, "HTTP/1.2"),
        ("version-9.9", 3, "HTTP/9.9"),
        ("version-small", THOROUGH, "http/1.1"),
    ] {
        label(name, tier, format!("the request says {version}")).survived(builder, saying(version));
    }
}
