//! The mock's HTTP front: any bytes on a connection, over an in-memory stream. It ends, and what it
//! says is HTTP, answer by answer.

use super::stage;
use probity::device::answer::{Caps, parse};
use probity::exchange::Outcome;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Stands for a token that the mock takes.
const TOKEN: &[u8] = b"@TOKEN@";

/// The first byte chooses a device; the rest is what a client sends before it closes its side.
pub fn body(data: &[u8]) {
    let Some((which, bytes)) = data.split_first() else {
        return;
    };
    let devices = &stage::embedded().devices;
    let Some(device) = devices.get(usize::from(*which) % devices.len()) else {
        return;
    };
    let sent = with_token(bytes, device.token.as_deref().unwrap_or_default());
    let got = stage::block_on(async {
        let (near, far) = tokio::io::duplex(sent.len().max(1 << 16));
        let (mut from, mut to) = tokio::io::split(near);
        let client = async {
            let _ = to.write_all(&sent).await;
            let _ = to.shutdown().await;
            let mut got = Vec::new();
            let _ = from.read_to_end(&mut got).await;
            got
        };
        let both = async { tokio::join!(client, device.front.serve(far)).0 };
        tokio::time::timeout(Duration::from_secs(10), both).await
    });
    let Ok(got) = got else {
        panic!("the connection does not end");
    };
    let head = contains(&sent, b"HEAD");
    let mut rest = got.as_slice();
    while !rest.is_empty() {
        rest = one_answer(rest, head);
    }
}

/// Checks the first answer; returns what comes after it. `head`: a request may have been a `HEAD`.
fn one_answer(bytes: &[u8], head: bool) -> &[u8] {
    let shown = || String::from_utf8_lossy(bytes).into_owned();
    let read = |head| parse(bytes, head, true, Caps::default());
    let mut parsed = read(false);
    // Without knowing which request it answers: as the answer to a HEAD, if it is none otherwise.
    let next_is_odd = |used: usize| {
        bytes
            .get(used..)
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(b"HTTP/1."))
    };
    if head && (!matches!(parsed.outcome, Some(Outcome::Answered(_))) || next_is_odd(parsed.used)) {
        parsed = read(true);
    }
    match &parsed.outcome {
        Some(Outcome::Answered(answer)) => {
            assert_eq!(answer.anomalies, [], "{}", shown());
            assert!(
                matches!(answer.status, 200..=299 | 400..=431),
                "{}",
                shown()
            );
        }
        // A client that announced a body and went: told to go on, and no more.
        _ if bytes == b"HTTP/1.1 100 Continue\r\n\r\n" => return &[],
        other => panic!("{other:?}: {}", shown()),
    }
    assert!(parsed.used > 0);
    bytes.get(parsed.used..).unwrap_or_default()
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|w| w == what)
}

fn with_token(bytes: &[u8], token: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(TOKEN) {
            out.extend_from_slice(token.as_bytes());
            rest = after;
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}
