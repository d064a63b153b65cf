//! Edits of JSON text at its structure, without parsing it into values: what they make need not be
//! JSON any more. Pure; imports nothing of this crate.

/// A structural character of RFC 8259 §2 outside strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Offset in octets.
    pub at: usize,
    /// One of `{ } [ ] : ,`.
    pub byte: u8,
    /// Containers around it; 1 for what stands directly in the root and for its own brackets.
    pub depth: usize,
}

/// The structural characters of a JSON text, in order.
pub(super) fn marks(text: &[u8]) -> Vec<Mark> {
    let mut out = Vec::new();
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().copied().enumerate() {
        if in_string {
            (in_string, escaped) = (escaped || byte != b'"', !escaped && byte == b'\\');
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                out.push(Mark { at, byte, depth });
            }
            b'}' | b']' => {
                out.push(Mark { at, byte, depth });
                depth = depth.saturating_sub(1);
            }
            b':' | b',' => out.push(Mark { at, byte, depth }),
            _ => {}
        }
    }
    out
}

/// The first mark of this kind directly in the root.
pub(super) fn first(text: &[u8], byte: u8) -> Option<usize> {
    let mark = marks(text)
        .into_iter()
        .find(|m| m.byte == byte && m.depth == 1)?;
    Some(mark.at)
}

/// The last mark of this kind directly in the root.
pub(super) fn last(text: &[u8], byte: u8) -> Option<usize> {
    let mark = marks(text)
        .into_iter()
        .rfind(|m| m.byte == byte && m.depth == 1)?;
    Some(mark.at)
}

/// `text` with `piece` put in before the octet at `at`.
pub(super) fn insert(text: &[u8], at: usize, piece: &[u8]) -> Vec<u8> {
    replace(text, at, 0, piece)
}

/// `text` with `len` octets from `at` replaced by `piece`.
pub(super) fn replace(text: &[u8], at: usize, len: usize, piece: &[u8]) -> Vec<u8> {
    let at = at.min(text.len());
    let (before, rest) = text.split_at(at);
    let after = rest.get(len..).unwrap_or_default();
    [before, piece, after].concat()
}

/// The root object with `member` before all others; `None` where the text is no object.
pub(super) fn prepend(text: &[u8], member: &[u8]) -> Option<Vec<u8>> {
    let open = first(text, b'{')?;
    Some(insert(text, open + 1, &[member, comma(text)].concat()))
}

/// The root object with `member` behind all others; `None` where the text is no object.
pub(super) fn append(text: &[u8], member: &[u8]) -> Option<Vec<u8>> {
    let close = last(text, b'}')?;
    Some(insert(text, close, &[comma(text), member].concat()))
}

/// What stands between one more member and those of the root object: nothing where it has none.
fn comma(text: &[u8]) -> &'static [u8] {
    match first(text, b':') {
        Some(_) => b",",
        None => b"",
    }
}

/// The first name of the root object: offset of its opening quotation mark, and length with both.
pub(super) fn first_name(text: &[u8]) -> Option<(usize, usize)> {
    let open = first(text, b'{')? + 1;
    let colon = first(text, b':')?;
    Some((open, colon.checked_sub(open)?))
}

/// The first value of the root object that is a string: offset and length with quotation marks.
pub(super) fn first_text(text: &[u8]) -> Option<(usize, usize)> {
    let all = marks(text);
    all.windows(2).find_map(|pair| {
        let [colon, end] = pair else { return None };
        let from = colon.at + 1;
        let is_text = colon.byte == b':' && colon.depth == 1 && text.get(from) == Some(&b'"');
        is_text.then(|| (from, end.at - from))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = br#"{"a,\"":{"b":[1,"}"]},"c":"x:\\","d":2}"#;

    #[test]
    fn marks_skip_strings_and_count_depth() {
        let got: String = marks(TEXT)
            .into_iter()
            .map(|m| format!("{}{} ", char::from(m.byte), m.depth))
            .collect();
        assert_eq!(got, "{1 :1 {2 :2 [3 ,3 ]3 }2 ,1 :1 ,1 :1 }1 ");
    }

    #[test]
    fn names_and_texts_are_found_with_their_quotation_marks() {
        let (at, len) = first_name(TEXT).expect("a name");
        assert_eq!(&TEXT[at..at + len], br#""a,\"""#);
        let (at, len) = first_text(TEXT).expect("a text");
        assert_eq!(&TEXT[at..at + len], br#""x:\\""#);
        assert_eq!(first_text(br#"{"a":1}"#), None);
        assert_eq!(first_name(b"[1]"), None);
    }

    #[test]
    fn edits_never_leave_the_text() {
        assert_eq!(insert(b"ab", 1, b"-"), b"a-b");
        assert_eq!(replace(b"ab", 9, 4, b"-"), b"ab-");
        assert_eq!(replace(b"abc", 1, 9, b""), b"a");
    }
}
