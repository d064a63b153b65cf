//! Who wrote a line of a journal. What is put back on a device and removed from it is read from
//! lines, and a journal may come from a ticket: those lines carry a seal that nobody can make without
//! the key, which stays on the machine that ran the job.

use super::Record;
use ring::hmac;

/// Octets of a key.
pub const KEY: usize = 32;
/// Stands in front of the seal, at the end of its line.
const MEMBER: &[u8] = b",\"seal\":\"";
/// Hexadecimal digits of a seal.
const DIGITS: usize = 64;
/// Stands behind the seal.
const END: &[u8] = b"\"}";

/// Makes seals and looks at them.
#[derive(Clone, Debug)]
pub struct Seal(hmac::Key);

impl Seal {
    /// With a key of random octets.
    pub fn new(key: &[u8; KEY]) -> Seal {
        Seal(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The line of a record (a JSON object) with the seal as its last member. It holds for the
    /// journal that begins with `header` alone.
    pub(super) fn put(&self, header: &[u8], mut line: Vec<u8>) -> Vec<u8> {
        let tag = hmac::sign(&self.0, &message(header, &line));
        // Its closing brace comes again behind the seal.
        line.pop();
        line.extend_from_slice(MEMBER);
        line.extend(hex(tag.as_ref()).bytes());
        line.extend_from_slice(END);
        line
    }

    /// Whether a line carries the seal of this key and of this header.
    pub(super) fn holds(&self, header: &[u8], line: &[u8]) -> bool {
        taken_off(line).is_some_and(|(mut plain, tag)| {
            plain.push(b'}');
            hmac::verify(&self.0, &message(header, &plain), &tag).is_ok()
        })
    }
}

/// A line without its seal and its brace, and the octets of the seal.
fn taken_off(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (rest, digits) = line.strip_suffix(END)?.split_last_chunk::<DIGITS>()?;
    let plain = rest.strip_suffix(MEMBER)?;
    let digit = |b: u8| char::from(b).to_digit(16);
    let octet = |pair: &[u8; 2]| {
        let value = digit(pair[0])? << 4 | digit(pair[1])?;
        u8::try_from(value).ok()
    };
    let (pairs, _) = digits.as_chunks::<2>();
    let tag: Option<Vec<u8>> = pairs.iter().map(octet).collect();
    Some((plain.to_vec(), tag?))
}

fn message(header: &[u8], line: &[u8]) -> Vec<u8> {
    // No line of a journal has a line end inside.
    [header, b"\n", line].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether a record chooses what is put back or removed, and so has to be our own.
pub(super) fn chooses(record: &Record) -> bool {
    matches!(
        record,
        Record::Settings { .. } | Record::Baseline { .. } | Record::Creating { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_holds_for_its_key_its_journal_and_its_line() {
        let seal = Seal::new(&[1; KEY]);
        let line = seal.put(b"header", b"{\"a\":1}".to_vec());
        assert!(line.starts_with(b"{\"a\":1,\"seal\":\""));
        assert!(serde_json::from_slice::<serde_json::Value>(&line).is_ok());
        assert!(seal.holds(b"header", &line));
        assert!(!seal.holds(b"other", &line));
        assert!(!Seal::new(&[2; KEY]).holds(b"header", &line));
        for at in 0..line.len() {
            let mut other = line.clone();
            other[at] ^= 1;
            assert!(!seal.holds(b"header", &other), "octet {at}");
            assert!(!seal.holds(b"header", &line[..at]), "{at} octets");
        }
        assert!(!seal.holds(b"header", b"{\"a\":1}"));
    }
}
