//! A text read as if it were encoded: each byte of a view knows the bytes of the text that it stands
//! for, so that what is found in a view can be masked in the text. Pure.

use std::ops::Range;

/// How often decoders are put behind each other: JSON inside percent-encoding, a query inside JSON.
const DEPTH: usize = 2;

/// One reading of a text.
pub(super) struct View {
    /// The decoded bytes.
    pub(super) bytes: Vec<u8>,
    /// Where each of them comes from; `None`: the text itself.
    places: Option<Vec<(usize, usize)>>,
}

impl View {
    /// The bytes of the text that a range of the view stands for.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        let Some(places) = &self.places else {
            return range;
        };
        let inside = places.get(range).unwrap_or_default();
        let start = inside.first().map_or(0, |p| p.0);
        start..inside.last().map_or(start, |p| p.1)
    }

    fn place(&self, at: usize) -> (usize, usize) {
        match &self.places {
            None => (at, at + 1),
            Some(places) => places.get(at).copied().unwrap_or((0, 0)),
        }
    }

    /// What a decoder makes of it; `None` where it changes nothing.
    fn decoded(&self, sign: u8, unit: fn(&[u8]) -> Option<(usize, Decoded)>) -> Option<View> {
        if !self.bytes.contains(&sign) {
            return None;
        }
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut places = Vec::with_capacity(self.bytes.len());
        let mut at = 0;
        let mut changed = false;
        while let Some(byte) = self.bytes.get(at) {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let found = (*byte == sign).then(|| unit(rest)).flatten();
            let (length, decoded) = match found {
                Some(found) => {
                    changed = true;
                    found
                }
                None => (1, Decoded::Byte(*byte)),
            };
            let place = (self.place(at).0, self.place(at + length - 1).1);
            let mut room = [0; 4];
            let out: &[u8] = match &decoded {
                Decoded::Byte(byte) => std::slice::from_ref(byte),
                Decoded::Char(c) => c.encode_utf8(&mut room).as_bytes(),
            };
            bytes.extend_from_slice(out);
            places.extend(std::iter::repeat_n(place, out.len()));
            at += length;
        }
        changed.then_some(View {
            bytes,
            places: Some(places),
        })
    }
}

/// What an escape stands for.
enum Decoded {
    Byte(u8),
    Char(char),
}

/// The text itself and every way to decode it, up to [`DEPTH`] decoders deep.
pub(super) fn views(text: &[u8]) -> Vec<View> {
    let mut all = vec![View {
        bytes: text.to_vec(),
        places: None,
    }];
    let mut from = 0;
    for _ in 0..DEPTH {
        let until = all.len();
        let mut more = Vec::new();
        for view in all.get(from..until).unwrap_or_default() {
            more.extend(view.decoded(b'\\', backslash));
            more.extend(view.decoded(b'%', percent));
            more.extend(view.decoded(b'+', plus));
            more.extend(view.decoded(b'&', entity));
        }
        from = until;
        all.extend(more);
    }
    all
}

/// Escapes of JSON strings (RFC 8259 §7), and `\xNN` and `\u{N}` as Probity's own texts have them.
fn backslash(rest: &[u8]) -> Option<(usize, Decoded)> {
    let plain = |byte| Some((2, Decoded::Byte(byte)));
    match rest.get(1)? {
        byte @ (b'"' | b'\\' | b'/' | b'\'') => plain(*byte),
        b'b' => plain(8),
        b'f' => plain(12),
        b'n' => plain(b'\n'),
        b'r' => plain(b'\r'),
        b't' => plain(b'\t'),
        b'x' => Some((4, Decoded::Byte(u8::try_from(hex(rest.get(2..4)?)?).ok()?))),
        b'u' if rest.get(2) == Some(&b'{') => {
            let digits = rest.get(3..)?.iter().take(7).position(|b| *b == b'}')?;
            let c = char::from_u32(hex(rest.get(3..3 + digits)?)?)?;
            Some((4 + digits, Decoded::Char(c)))
        }
        b'u' => {
            let first = hex(rest.get(2..6)?)?;
            if let Some(c) = char::from_u32(first) {
                return Some((6, Decoded::Char(c)));
            }
            // A surrogate pair.
            let second = rest.get(6..8).filter(|s| *s == b"\\u");
            let second = second.and_then(|_| hex(rest.get(8..12)?))?;
            let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
            let high = first.checked_sub(0xd800).filter(|high| *high < 0x400)?;
            let c = char::from_u32(0x1_0000 + (high << 10) + low)?;
            Some((12, Decoded::Char(c)))
        }
        _ => None,
    }
}

/// RFC 3986 §2.1.
fn percent(rest: &[u8]) -> Option<(usize, Decoded)> {
    let byte = u8::try_from(hex(rest.get(1..3)?)?).ok()?;
    Some((3, Decoded::Byte(byte)))
}

/// A space in a form.
fn plus(_: &[u8]) -> Option<(usize, Decoded)> {
    Some((1, Decoded::Byte(b' ')))
}

/// Character references of HTML and XML: the five that XML knows, and numbers.
fn entity(rest: &[u8]) -> Option<(usize, Decoded)> {
    let end = rest.iter().take(10).position(|b| *b == b';')?;
    let name = rest.get(1..end)?;
    let c = match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(digits)?)?,
        [b'#', digits @ ..] => {
            let digits = std::str::from_utf8(digits).ok()?;
            char::from_u32(digits.parse().ok()?)?
        }
        _ => return None,
    };
    Some((end + 1, Decoded::Char(c)))
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 6 {
        return None;
    }
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + char::from(*digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_knows_what_its_bytes_stand_for() {
        let table: [(&str, &str, &str); 7] = [
            (r"x a\/b y", "a/b", r"a\/b"),
            (r"x \u0061\u00e9 y", "a\u{e9}", r"\u0061\u00e9"),
            (r"x \ud83d\ude00 y", "\u{1f600}", r"\ud83d\ude00"),
            (r"x \u{1f600}\x41 y", "\u{1f600}A", r"\u{1f600}\x41"),
            ("x a%2Fb%c3%a9 y", "a/b\u{e9}", "a%2Fb%c3%a9"),
            ("x a&#x2f;&quot;&#98; y", "a/\"b", "a&#x2f;&quot;&#98;"),
            (r"x a%5C%2fb y", "a/b", "a%5C%2fb"),
        ];
        for (text, decoded, source) in table {
            let found = views(text.as_bytes()).into_iter().find_map(|view| {
                let length = decoded.len();
                let at = view
                    .bytes
                    .windows(length)
                    .position(|w| w == decoded.as_bytes())?;
                text.get(view.source(at..at + length))
            });
            assert_eq!(found, Some(source), "{text}");
        }
    }
}
