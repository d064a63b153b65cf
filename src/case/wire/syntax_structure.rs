//! Structure that is not JSON: what stands between, around and inside members, and texts that end
//! too early; part of the strategy `json-syntax`.

use super::edits::{append, first, first_name, first_text, insert, last, marks, replace};
use super::syntax::Broken;
use super::{EXTRA, THOROUGH};

/// Structure that RFC 8259 §2, §4 and §5 do not allow.
pub(super) fn structure(text: &[u8]) -> Vec<Broken> {
    let about = "structure";
    let mut out = Vec::new();
    let mut add = |name: &'static str, tier: u8, title: &str, bytes: Option<Vec<u8>>| {
        out.extend(bytes.map(|b| Broken::new(about, (name, tier), title, b)));
    };
    let open = first(text, b'{');
    let close = last(text, b'}');
    let comma = first(text, b',');
    let colon = first(text, b':');
    let has_members = |at: usize| !text.get(..at).unwrap_or_default().ends_with(b"{");
    let inner = marks(text)
        .into_iter()
        .find(|m| m.byte == b'}' && m.depth > 1 && has_members(m.at));
    let extra = |piece: &str| append(text, piece.as_bytes());
    let for_comma = |piece: &[u8]| comma.map(|at| replace(text, at, 1, piece));
    let for_colon = |piece: &[u8]| colon.map(|at| replace(text, at, 1, piece));

    add(
        "trailing-comma",
        0,
        "has a comma after the last member",
        colon.and(close).map(|at| insert(text, at, b",")),
    );
    add(
        "trailing-comma-inner",
        2,
        "has a comma after the last member of an inner object",
        inner.map(|m| insert(text, m.at, b",")),
    );
    add(
        "trailing-comma-array",
        3,
        "has a comma after the last item of an array",
        extra(&format!("\"{EXTRA}\":[1,]")),
    );
    add(
        "leading-comma",
        3,
        "has a comma before the first member",
        open.map(|at| insert(text, at + 1, b",")),
    );
    add(
        "double-comma",
        1,
        "has two commas between members",
        for_comma(b",,"),
    );
    add(
        "no-comma",
        0,
        "has no comma between two members",
        for_comma(b" "),
    );
    add(
        "line-for-comma",
        THOROUGH,
        "has a line end for a comma",
        for_comma(b"\n"),
    );
    add(
        "semicolon",
        1,
        "has a semicolon for a comma",
        for_comma(b";"),
    );
    add("no-colon", 1, "has no colon after a name", for_colon(b" "));
    add("equals", 1, "has = for a colon", for_colon(b"="));
    add("arrow", THOROUGH, "has => for a colon", for_colon(b"=>"));
    add(
        "double-colon",
        3,
        "has two colons after a name",
        for_colon(b"::"),
    );
    add(
        "comma-for-colon",
        3,
        "has a comma for a colon",
        for_colon(b","),
    );
    add(
        "comment-line",
        0,
        "has a // comment",
        comma.map(|at| insert(text, at + 1, b" // note\n")),
    );
    add(
        "comment-block",
        1,
        "has a /* */ comment",
        comma.map(|at| insert(text, at + 1, b"/* note */")),
    );
    add(
        "comment-hash",
        2,
        "has a # comment",
        comma.map(|at| insert(text, at + 1, b" # note\n")),
    );
    add(
        "comment-first",
        THOROUGH,
        "begins with a comment",
        Some(insert(text, 0, b"/**/")),
    );

    if let Some((at, len)) = first_name(text) {
        let bare = text
            .get(at + 1..(at + len).saturating_sub(1))
            .unwrap_or_default();
        let quoted =
            |open: &[u8], shut: &[u8]| Some(replace(text, at, len, &[open, bare, shut].concat()));
        add(
            "bare-name",
            0,
            "has a name without quotation marks",
            quoted(b"", b""),
        );
        add(
            "single-quoted-name",
            1,
            "has a name in single quotes",
            quoted(b"'", b"'"),
        );
        add(
            "name-not-closed",
            3,
            "has a name without its closing quotation mark",
            quoted(b"\"", b""),
        );
        add(
            "name-not-opened",
            3,
            "has a name without its opening quotation mark",
            quoted(b"", b"\""),
        );
        add(
            "backtick-name",
            THOROUGH,
            "has a name in backticks",
            quoted(b"`", b"`"),
        );
        add(
            "array-of-pairs",
            3,
            "has brackets for braces",
            brackets(text),
        );
    }
    if let Some((at, len)) = first_text(text) {
        let bare = text
            .get(at + 1..(at + len).saturating_sub(1))
            .unwrap_or_default();
        let quoted =
            |open: &[u8], shut: &[u8]| Some(replace(text, at, len, &[open, bare, shut].concat()));
        add(
            "single-quoted-text",
            0,
            "has a string in single quotes",
            quoted(b"'", b"'"),
        );
        add(
            "bare-text",
            1,
            "has a string without quotation marks",
            quoted(b"", b""),
        );
        add(
            "text-not-closed",
            1,
            "has a string without its closing quotation mark",
            quoted(b"\"", b""),
        );
        add(
            "text-not-opened",
            3,
            "has a string without its opening quotation mark",
            quoted(b"", b"\""),
        );
        add(
            "typographic-quotes",
            THOROUGH,
            "has a string in typographic quotation marks",
            quoted("“".as_bytes(), "”".as_bytes()),
        );
        let half = len / 2;
        add(
            "joined-texts",
            4,
            "has a string in two pieces",
            Some(insert(text, at + half.max(1), b"\" \"")),
        );
    }
    add(
        "no-value",
        1,
        "has a name without a value at the end",
        extra(&format!("\"{EXTRA}\":")),
    );
    add(
        "no-value-inside",
        3,
        "has a name without a value between others",
        colon.zip(comma.or(close)).map(|(at, end)| {
            let rest = end.saturating_sub(at + 1);
            replace(text, at + 1, rest, b"")
        }),
    );
    add(
        "name-only",
        3,
        "has a name alone as a member",
        extra(&format!("\"{EXTRA}\"")),
    );
    add("number-name", 3, "has a number for a name", extra("1:1"));
    add("no-name", 4, "has a value without a name", extra(":1"));
    add(
        "empty-item",
        3,
        "has an empty item in an array",
        extra(&format!("\"{EXTRA}\":[1,,2]")),
    );
    add(
        "wrong-closer",
        2,
        "closes its object with ]",
        close.map(|at| replace(text, at, 1, b"]")),
    );
    out
}

/// The object in brackets for braces: `["a":1]`.
fn brackets(text: &[u8]) -> Option<Vec<u8>> {
    let (open, close) = (first(text, b'{')?, last(text, b'}')?);
    Some(replace(&replace(text, close, 1, b"]"), open, 1, b"["))
}

/// Cut off at each kind of place: before the closing brace, inside a string, after a colon, after
/// a comma, in the middle, after the first brace.
pub(super) fn cut(text: &[u8]) -> Vec<Broken> {
    let about = "cut";
    let upto = |at: usize| text.get(..at).unwrap_or(text).to_vec();
    let mut out = vec![
        Broken::new(
            about,
            ("last-brace", 0),
            "lacks its closing brace",
            upto(text.len().saturating_sub(1)),
        ),
        Broken::new(
            about,
            ("half", 1),
            "is cut in the middle",
            upto(text.len() / 2),
        ),
        Broken::new(
            about,
            ("only-brace", 1),
            "is one opening brace",
            b"{".as_slice(),
        ),
    ];
    let mut add = |name, tier, title: &str, at: Option<usize>| {
        out.extend(at.map(|at| Broken::new(about, (name, tier), title, upto(at))));
    };
    add(
        "after-comma",
        3,
        "is cut after a comma",
        last(text, b',').map(|at| at + 1),
    );
    add(
        "after-colon",
        2,
        "is cut after a colon",
        last(text, b':').map(|at| at + 1),
    );
    add("after-name", 3, "is cut after a name", last(text, b':'));
    add(
        "after-value",
        3,
        "is cut after the first value",
        first(text, b','),
    );
    let inside = first_text(text).map(|(at, len)| at + (len / 2).max(1));
    add("inside-text", 2, "is cut inside a string", inside);
    let inside = first_name(text).map(|(at, len)| at + (len / 2).max(1));
    add("inside-name", THOROUGH, "is cut inside a name", inside);
    let closers = marks(text)
        .into_iter()
        .rev()
        .take_while(|m| matches!(m.byte, b'}' | b']'))
        .count();
    if closers > 1 {
        add(
            "all-closers",
            2,
            "lacks all its closing brackets",
            Some(text.len() - closers),
        );
    }
    out
}
