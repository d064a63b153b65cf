//! Strategies below the values: bodies that are not JSON, JSON that parsers disagree on, HTTP as
//! small servers get it wrong, credentials, and sequences that only the device's state shows.
//!
//! What is accused here is what RFC 8259, RFC 9110 and RFC 9112 leave no doubt about *and* no
//! server in common use does otherwise; where they say SHOULD or MAY, or where common servers are
//! lenient, the answer is recorded and only hangs, crashes and 5xx are accused.

mod auth;
mod auth_bodies;
mod auth_doors;
mod auth_others;
mod auth_tables;
mod conditions;
mod corners;
mod corners_unknown;
mod edits;
mod http;
mod login;
mod raw;
mod state;
mod syntax;
mod syntax_structure;
mod syntax_tokens;

pub use auth::Auth;
pub use conditions::{Conditions, FOREIGN_TAG};
pub use corners::JsonCorners;
pub use http::Http;
pub use state::State;
pub use syntax::JsonSyntax;

use super::identity::Tier;
use super::model::Fault;
use crate::contract::FaultKind;
use crate::exchange::{RawRequest, Request, Segment};
use serde::de::IgnoredAny;

/// Turns that only a run without a budget has.
const THOROUGH: u8 = Tier::THOROUGH.number();
/// The name of a member that no document names, for bodies that need one.
const EXTRA: &str = "probity";

/// One final answer, with a body as its header says.
fn raw(segments: Vec<Segment>) -> Request {
    Request::Raw(RawRequest {
        segments,
        answers: 1,
        head: false,
    })
}

/// A body that is not JSON.
fn not_json() -> Fault {
    Fault::whole(FaultKind::NotJson)
}

/// Whether `bytes` are one JSON text in the grammar of RFC 8259 §2, in UTF-8 (§8.1) and without a
/// byte order mark. Depth, size of numbers and unpaired surrogate escapes do not matter: the
/// grammar has no limits for them. Takes time and memory linear in the input, on any input.
pub fn is_json(bytes: &[u8]) -> bool {
    // serde_json does not look at the encoding of strings that it skips; it skips without
    // recursion, so depth costs no stack.
    std::str::from_utf8(bytes).is_ok() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_json;

    #[test]
    fn grammar_and_nothing_else_decides() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let table: [(&[u8], bool); 16] = [
            (b"{}", true),
            (b" \t\r\n[1e400,-0,5060.0]\n", true),
            (b"\"\\ud800\"", true),
            (b"123456789012345678901234567890", true),
            (deep.as_bytes(), true),
            (b"\"\xff\"", false),
            (b"\"\xed\xa0\x80\"", false),
            (b"\xef\xbb\xbf{}", false),
            (b"", false),
            (b"{} x", false),
            (b"{}\0", false),
            (b"[1,]", false),
            (b"01", false),
            (b"\"a\tb\"", false),
            (b"NaN", false),
            (b"{\x0b}", false),
        ];
        for (bytes, want) in table {
            let shown = String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes)).into_owned();
            assert_eq!(is_json(bytes), want, "{shown:?}");
        }
    }
}
