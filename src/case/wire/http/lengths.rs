//! `Content-Length` that does not fit the body (RFC 9112 §6.3).
//!
//! Whatever leaves a server waiting for more (a length beyond the body) is sent with the writing
//! half of the connection shut down behind it, so that waiting is no excuse.

use super::super::THOROUGH;
use super::super::raw::Wire;
use super::Sent;
use crate::case::builder::{ExchangeCases, Label};

fn label(name: &'static str, tier: u8, title: &str) -> Label {
    Label::new("length", name, tier, title)
}

/// The whole body behind this length.
fn with(sent: &Sent, length: &str) -> Wire {
    sent.head().length(length).end().bytes(&sent.body)
}

/// Whether a body is a whole one before its end already, as `1` of `12` is, or nothing.
fn whole_before(body: &[u8], end: usize) -> bool {
    let front = body.get(..end).unwrap_or_default();
    front.is_empty() || serde_json::from_slice::<serde::de::IgnoredAny>(front).is_ok()
}

/// Lengths that are another number, no number, or two.
pub(super) fn lengths(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    too_small(builder, sent);
    too_large(builder, sent);
    not_numbers(builder, sent);
    other_numbers(builder, sent);
    two(builder, sent);
}

/// Less than the body, or no length at all.
fn too_small(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let len = sent.body.len();
    for (label, less) in [
        (label("half", 1, "the length is half of the body"), len / 2),
        (
            label("one-less", 2, "the length is one less than the body"),
            len.saturating_sub(1),
        ),
    ] {
        let wrong = !whole_before(&sent.body, less);
        label.wrong_if(wrong, builder, with(sent, &less.to_string()).done());
    }
    // Where the body is optional, a request without one is good, and what follows is the next.
    let required = builder.op.body.as_ref().is_some_and(|body| body.required);
    label("zero", 1, "the length is 0 before a body").wrong_if(
        required,
        builder,
        with(sent, "0").done(),
    );
    // Without length and coding there is no body (RFC 9112 §6.3).
    let absent = sent.head().end().bytes(&sent.body).done();
    label("absent", 2, "there is a body and no length").wrong_if(required, builder, absent);
}

/// More than the body that follows.
fn too_large(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let len = sent.body.len();
    let (front, _) = sent.body.split_at(len / 2);
    let ended = || sent.head().length(&len.to_string()).end();
    label("body-cut", 1, "the body ends before its length").wrong_if(
        !whole_before(&sent.body, front.len()),
        builder,
        ended().bytes(front).shutdown().done(),
    );
    // The JSON is complete, the message is not (RFC 9112 §8); common servers pass on what they got.
    let beyond = with(sent, &(len + 10).to_string()).shutdown().done();
    label("beyond", 1, "the length is more than the body").survived(builder, beyond);
    label("no-body", 2, "there is a length and no body").wrong(builder, ended().shutdown().done());
}

/// What RFC 9110 §8.6 does not call a length.
fn not_numbers(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let len = sent.body.len();
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
        label(name, tier, title).wrong(builder, with(sent, &value).shutdown().done());
    }
}

/// Lengths that servers read in several ways.
fn other_numbers(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let len = sent.body.len();
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
        label(name, tier, title).survived(builder, with(sent, &value).shutdown().done());
    }
}

/// Two fields with a length each.
fn two(builder: &mut ExchangeCases<'_, '_>, sent: &Sent) {
    let len = sent.body.len();
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
        let wire = sent.head().length(&first.to_string());
        let wire = wire.length(&second.to_string()).end().bytes(&sent.body);
        label(name, tier, title).survived(builder, wire.shutdown().done());
    }
}
