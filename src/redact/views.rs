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

    /// Dumps in hexadecimal (`54 72 30`, `54:72:30`, `0x54, 0x72, 0x30`) without what stands between
    /// their octets; `None` where there is none.
    fn joined(&self) -> Option<View> {
        let text = self.bytes.as_slice();
        let mut kept: Vec<Range<usize>> = Vec::new();
        let (mut at, mut from) = (0, 0);
        while at < text.len() {
            let begun = at;
            let mut octets = Vec::new();
            let first = pair(&text[at..]).map(|(between, _)| between);
            while let Some((_, next)) = pair(&text[at..]).filter(|(b, _)| Some(*b) == first) {
                octets.push(at..at + 2);
                at += next;
            }
            if octets.len() + 1 >= DUMP {
                kept.push(from..begun);
                kept.extend(octets);
                from = at;
            } else {
                at = begun;
            }
            at += 1;
        }
        if kept.is_empty() {
            return None;
        }
        kept.push(from..text.len());
        let indices = || kept.iter().cloned().flatten();
        Some(View {
            bytes: indices().filter_map(|at| text.get(at).copied()).collect(),
            places: Some(indices().map(|at| self.place(at)).collect()),
        })
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
                Decoded::Nothing => &[],
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

/// What stands between the octets of a dump in hexadecimal.
const BETWEEN: [&[u8]; 9] = [
    b", 0x", b",0x", b" 0x", b"\r\n", b", ", b" ", b":", b"-", b",",
];
/// Octets of the shortest dump that is looked at.
const DUMP: usize = 3;

/// What stands between two octets in hexadecimal at the beginning of a text, and what both take.
fn pair(text: &[u8]) -> Option<(&'static [u8], usize)> {
    let octet = |digits: Option<&[u8]>| digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit));
    if !octet(text.get(..2)) {
        return None;
    }
    let rest = text.get(2..)?;
    let between = BETWEEN.into_iter().find(|b| rest.starts_with(b))?;
    let end = 2 + between.len();
    octet(text.get(end..end + 2)).then_some((between, end))
}

/// What an escape stands for.
enum Decoded {
    Byte(u8),
    Char(char),
    Nothing,
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
            more.extend(view.decoded(b'=', quoted_printable));
            more.extend(view.decoded(0, dropped));
            more.extend(view.joined());
        }
        from = until;
        all.extend(more);
    }
    all
}

/// Escapes of JSON strings (RFC 8259 §7), `\xNN` and `\u{N}` as Probity's own texts have them, and
/// `\NNN` and `\UNNNNNNNN` as programs in C do.
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
        b'0'..=b'3' => {
            let digits = std::str::from_utf8(rest.get(1..4)?).ok()?;
            Some((4, Decoded::Byte(u8::from_str_radix(digits, 8).ok()?)))
        }
        b'U' => {
            let digits = rest.get(2..10)?.strip_prefix(b"00")?;
            Some((10, Decoded::Char(char::from_u32(hex(digits)?)?)))
        }
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

/// RFC 2045 §6.7: an octet, or a line end that is none.
fn quoted_printable(rest: &[u8]) -> Option<(usize, Decoded)> {
    if rest.starts_with(b"=\r\n") {
        return Some((3, Decoded::Nothing));
    }
    let byte = u8::try_from(hex(rest.get(1..3)?)?).ok()?;
    Some((3, Decoded::Byte(byte)))
}

/// NUL between the letters of a text: UTF-16 that was taken for something else.
fn dropped(_: &[u8]) -> Option<(usize, Decoded)> {
    Some((1, Decoded::Nothing))
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
        let table: [(&str, &str, &str); 14] = [
            (r"x a\/b y", "a/b", r"a\/b"),
            (r"x \u0061\u00e9 y", "a\u{e9}", r"\u0061\u00e9"),
            (r"x \ud83d\ude00 y", "\u{1f600}", r"\ud83d\ude00"),
            (r"x \u{1f600}\x41 y", "\u{1f600}A", r"\u{1f600}\x41"),
            ("x a%2Fb%c3%a9 y", "a/b\u{e9}", "a%2Fb%c3%a9"),
            ("x a&#x2f;&quot;&#98; y", "a/\"b", "a&#x2f;&quot;&#98;"),
            (r"x a%5C%2fb y", "a/b", "a%5C%2fb"),
            (r"x \141\057\142 y", "a/b", r"\141\057\142"),
            (
                r"x \U00000061\U0001f600 y",
                "a\u{1f600}",
                r"\U00000061\U0001f600",
            ),
            ("x a=2F=\r\nb=c3=a9 y", "a/b\u{e9}", "a=2F=\r\nb=c3=a9"),
            ("x a\0/\0b\0 y", "a/b", "a\0/\0b"),
            ("x 61 2f 62 63 y", "612f6263", "61 2f 62 63"),
            ("x 61:2F:62:63 y", "612F6263", "61:2F:62:63"),
            (
                "x 0x61, 0x2f, 0x62, 0x63 y",
                "612f6263",
                "61, 0x2f, 0x62, 0x63",
            ),
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
