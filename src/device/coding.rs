//! Content codings of answers (RFC 9110 §8.4): nobody is asked for one, and some devices code all the
//! same. Undone where that can be done within the limit of a body; else an answer stays as it came,
//! and nothing is judged of what it holds.

use crate::exchange::{Answer, Exchange, Outcome};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::io::Read;

/// An exchange whose answer is decoded, where it is coded. `most`: octets of a body.
pub(super) fn decoded(mut exchange: Exchange, most: usize) -> Exchange {
    if let Outcome::Answered(answer) = &mut exchange.outcome
        && let Some(body) = decode(answer, most)
    {
        answer.body = body;
        answer.decoded = true;
    }
    exchange
}

/// The content of an answer; `None` where it is not coded, or cannot be decoded.
fn decode(answer: &Answer, most: usize) -> Option<Vec<u8>> {
    let codings = answer.header("content-encoding")?.to_ascii_lowercase();
    let plain = |coding: &&str| !matches!(*coding, "" | "identity");
    let mut codings: Vec<&str> = codings.split(',').map(str::trim).filter(plain).collect();
    if answer.body.is_empty() || codings.is_empty() || codings.len() > MOST_CODINGS {
        return None;
    }
    // The last was applied last (RFC 9110 §8.4).
    codings.reverse();
    let body = answer.body.clone();
    codings
        .into_iter()
        .try_fold(body, |body, coding| undo(coding, &body, most))
}

/// How many codings are undone one after the other.
const MOST_CODINGS: usize = 3;

fn undo(coding: &str, body: &[u8], most: usize) -> Option<Vec<u8>> {
    match coding {
        "gzip" | "x-gzip" => all(MultiGzDecoder::new(body), most),
        // Meant is the format of zlib; some send what is in it only (RFC 9110 §8.4.1.2).
        "deflate" => {
            all(ZlibDecoder::new(body), most).or_else(|| all(DeflateDecoder::new(body), most))
        }
        _ => None,
    }
}

/// Everything; `None`: it is not whole, or is more than `most` octets.
fn all(reader: impl Read, most: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut out).ok()?;
    (out.len() <= most).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write};
    use std::io::Write as _;

    const TEXT: &[u8] = br#"{"name":"front"}"#;

    fn coded(coding: &str, body: Vec<u8>) -> Answer {
        Answer {
            status: 200,
            headers: vec![("Content-Encoding".to_owned(), coding.as_bytes().to_vec())],
            body,
            ..Answer::default()
        }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut out = write::GzEncoder::new(Vec::new(), Compression::default());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut out = write::ZlibEncoder::new(Vec::new(), Compression::default());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    fn bare(text: &[u8]) -> Vec<u8> {
        let mut out = write::DeflateEncoder::new(Vec::new(), Compression::default());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn what_is_coded_is_decoded_or_left_alone() {
        let half = gzip(TEXT)[..12].to_vec();
        for (name, answer, want) in [
            ("gzip", coded("GZip", gzip(TEXT)), Some(TEXT)),
            (
                "twice",
                coded("gzip", [gzip(&TEXT[..4]), gzip(&TEXT[4..])].concat()),
                Some(TEXT),
            ),
            ("zlib", coded("deflate", zlib(TEXT)), Some(TEXT)),
            ("deflate", coded("deflate", bare(TEXT)), Some(TEXT)),
            (
                "one over the other",
                coded("deflate, gzip", gzip(&zlib(TEXT))),
                Some(TEXT),
            ),
            ("unknown inside", coded("br, gzip", gzip(TEXT)), None),
            ("unknown", coded("br", TEXT.to_vec()), None),
            ("identity", coded("identity", TEXT.to_vec()), None),
            ("half", coded("gzip", half), None),
            ("not gzip", coded("gzip", TEXT.to_vec()), None),
            ("nothing", coded("gzip", Vec::new()), None),
            // A thousand times what came.
            ("bomb", coded("gzip", gzip(&vec![b'a'; 1 << 20])), None),
        ] {
            assert_eq!(decode(&answer, 1 << 16).as_deref(), want, "{name}");
        }
    }
}
