//! Raw bytes of HTTP answers: [`parse`] takes any, within its limits; cut anywhere it reads the
//! same; and hyper, which reads the ordinary exchanges, reads the same answer.

use super::stage;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use probity::device::answer::{Caps, Parsed, Reader, parse};
use probity::exchange::{Answer, Failure, Outcome};
use tokio::io::AsyncWriteExt;

/// The first byte says how to read, the second where to cut; the rest is what the device sent.
pub fn body(data: &[u8]) {
    let Some(([how, cut], bytes)) = data.split_first_chunk::<2>() else {
        return;
    };
    let head = how & 1 == 1;
    total(bytes, head);
    in_pieces(bytes, head, usize::from(*cut));
    if how & 2 == 2 {
        as_hyper(bytes, head);
    }
}

/// Small limits are kept, on whole and broken answers.
fn total(bytes: &[u8], head: bool) {
    let caps = Caps { head: 96, body: 32 };
    for eof in [false, true] {
        let parsed = parse(bytes, head, eof, caps);
        assert!(parsed.used <= bytes.len());
        assert!(parsed.outcome.is_some() || !eof, "the end ends reading");
        match parsed.outcome {
            Some(Outcome::Answered(answer)) => whole(&answer, caps),
            Some(Outcome::Failed {
                partial: Some(answer),
                ..
            }) => assert!(answer.body.len() <= caps.body),
            _ => {}
        }
    }
}

fn whole(answer: &Answer, caps: Caps) {
    assert!((200..1000).contains(&answer.status), "{}", answer.status);
    assert!(answer.body.len() <= caps.body);
    let head: usize = answer.headers.iter().map(|(n, v)| n.len() + v.len()).sum();
    assert!(head <= caps.head);
}

/// Bytes that come one by one, or in two pieces, say what they say at once.
fn in_pieces(bytes: &[u8], head: bool, cut: usize) {
    let caps = Caps::default();
    let Parsed { outcome, used, .. } = parse(bytes, head, true, caps);
    let at = cut.min(bytes.len());
    let (first, second) = bytes.split_at(at);
    // One by one costs a parse for each of the first bytes: only of short ones.
    let single = bytes.len() <= 64;
    let pieces: Vec<&[u8]> = if single {
        bytes.chunks(1).collect()
    } else {
        vec![first, second]
    };
    let mut reader = Reader::new(head, caps);
    for piece in pieces {
        reader.push(piece);
    }
    reader.eof();
    let left = reader.leftover().len();
    match (outcome, reader.into_outcome()) {
        (Some(Outcome::Answered(whole)), Outcome::Answered(again)) => {
            assert_eq!(again, whole);
            assert_eq!(bytes.len() - left, used);
        }
        // The words may differ: reading stops at the first piece that shows it.
        (Some(Outcome::Failed { failure: whole, .. }), Outcome::Failed { failure: again, .. }) => {
            assert_eq!(again.class(), whole.class(), "{again} / {whole}")
        }
        (whole, again) => panic!("whole {whole:?}, in pieces {again:?}"),
    }
}

/// Hyper reads the same status and body, or both read none.
fn as_hyper(bytes: &[u8], head: bool) {
    let ours = parse(bytes, head, true, Caps::default()).outcome;
    let theirs = stage::block_on(hyper_reads(bytes, head));
    // Nobody asked to switch protocols: no answer for us, the end of HTTP for hyper.
    if matches!(theirs, Some((101, _))) {
        return;
    }
    // A transfer coding with octets that no coding has (RFC 9112 §7): hyper takes the list for one
    // that does not end in `chunked` and reads to the end, we read the last coding.
    if odd_coding(bytes) {
        return;
    }
    let ours = match ours {
        Some(Outcome::Answered(answer)) => Some((answer.status, answer.body)),
        // What hyper has no limit for.
        Some(Outcome::Failed {
            failure: Failure::TooLarge { .. },
            ..
        }) => return,
        _ => None,
    };
    // Hyper takes lone line ends and odd octets in places where RFC 9112 §2.2 lets one refuse them.
    if ours.is_none() && theirs.is_some() && lone_ends(bytes) {
        return;
    }
    // Hyper reads at most a hundred trailer fields; RFC 9110 §6.5 has no limit.
    if theirs.is_none() && bytes.iter().filter(|b| **b == b'\n').count() > 100 {
        return;
    }
    assert_eq!(ours, theirs, "{:?}", String::from_utf8_lossy(bytes));
}

/// Whether a line feed or a carriage return stands without the other.
fn lone_ends(bytes: &[u8]) -> bool {
    let feeds = bytes.iter().filter(|b| **b == b'\n').count();
    let returns = bytes.iter().filter(|b| **b == b'\r').count();
    let pairs = bytes.windows(2).filter(|w| w == b"\r\n").count();
    feeds != pairs || returns != pairs
}

/// Whether a line that begins like `Transfer-Encoding` has octets beyond visible ASCII.
fn odd_coding(bytes: &[u8]) -> bool {
    bytes.split(|b| *b == b'\n').any(|line| {
        let name = b"transfer-encoding";
        line.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
            && line
                .iter()
                .any(|b| !(b' '..=b'~').contains(b) && !b"\t\r".contains(b))
    })
}

/// Status and body of the first final answer as hyper's client reads it from a peer that sends
/// `bytes` and closes.
async fn hyper_reads(bytes: &[u8], head: bool) -> Option<(u16, Vec<u8>)> {
    // Room for everything: nobody has to read while the other writes.
    let (near, mut far) = tokio::io::duplex(bytes.len() + 4096);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(near))
        .await
        .ok()?;
    let request = hyper::Request::builder()
        .method(if head { "HEAD" } else { "GET" })
        .uri("/")
        .header("host", "device")
        .body(Empty::<Bytes>::new())
        .ok()?;
    let peer = async {
        // The answer follows the request: hyper takes nothing that comes before.
        let mut asked = [0_u8; 1];
        let _ = tokio::io::AsyncReadExt::read(&mut far, &mut asked).await;
        let _ = far.write_all(bytes).await;
        let _ = far.shutdown().await;
        far
    };
    let asking = async {
        let response = sender.send_request(request).await.ok()?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some((status, body.to_vec()))
    };
    let (answer, _, _far) = tokio::join!(asking, connection, peer);
    answer
}
