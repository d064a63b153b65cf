//! Structure that is not JSON: what stands between, around and inside members, and texts that end
//! too early; part of the strategy `json-syntax`.

use super::edits::{append, first, first_name, first_text, insert, last, marks, replace};
use super::syntax::Broken;
use super::{EXTRA, THOROUGH};
use Edit::{AfterComma, By, Colon, Comma, Member, Name, Named, Text};

/// How a text is edited; nothing where it lacks what is edited.
enum Edit {
    /// This for the first comma between members.
    Comma(&'static str),
    /// This behind the first comma between members.
    AfterComma(&'static str),
    /// This for the first colon.
    Colon(&'static str),
    /// One more member at the end: the name that no document names, and this.
    Named(&'static str),
    /// One more member at the end: this alone.
    Member(&'static str),
    /// The first name between these, without its quotation marks.
    Name(&'static str, &'static str),
    /// The first string that is a value between these, without its quotation marks.
    Text(&'static str, &'static str),
    /// Whatever this makes of the text.
    By(fn(&[u8]) -> Option<Vec<u8>>),
}

impl Edit {
    fn of(&self, text: &[u8]) -> Option<Vec<u8>> {
        let instead = |at: usize, piece: &str| replace(text, at, 1, piece.as_bytes());
        match *self {
            Edit::Comma(piece) => first(text, b',').map(|at| instead(at, piece)),
            Edit::AfterComma(piece) => {
                first(text, b',').map(|at| insert(text, at + 1, piece.as_bytes()))
            }
            Edit::Colon(piece) => first(text, b':').map(|at| instead(at, piece)),
            Edit::Named(rest) => append(text, format!("\"{EXTRA}\"{rest}").as_bytes()),
            Edit::Member(member) => append(text, member.as_bytes()),
            Edit::Name(open, shut) => first_name(text).map(|at| quoted(text, at, open, shut)),
            Edit::Text(open, shut) => first_text(text).map(|at| quoted(text, at, open, shut)),
            Edit::By(edit) => edit(text),
        }
    }
}

/// Structure that RFC 8259 §2, §4 and §5 do not allow: name, tier, title and edit of each case.
const STRUCTURE: &[(&str, u8, &str, Edit)] = &[
    (
        "trailing-comma",
        0,
        "has a comma after the last member",
        By(trailing_comma),
    ),
    (
        "trailing-comma-inner",
        2,
        "has a comma after the last member of an inner object",
        By(trailing_comma_inner),
    ),
    (
        "trailing-comma-array",
        3,
        "has a comma after the last item of an array",
        Named(":[1,]"),
    ),
    (
        "leading-comma",
        3,
        "has a comma before the first member",
        By(leading_comma),
    ),
    (
        "double-comma",
        1,
        "has two commas between members",
        Comma(",,"),
    ),
    (
        "no-comma",
        0,
        "has no comma between two members",
        Comma(" "),
    ),
    (
        "line-for-comma",
        THOROUGH,
        "has a line end for a comma",
        Comma("\n"),
    ),
    ("semicolon", 1, "has a semicolon for a comma", Comma(";")),
    ("no-colon", 1, "has no colon after a name", Colon(" ")),
    ("equals", 1, "has = for a colon", Colon("=")),
    ("arrow", THOROUGH, "has => for a colon", Colon("=>")),
    (
        "double-colon",
        3,
        "has two colons after a name",
        Colon("::"),
    ),
    ("comma-for-colon", 3, "has a comma for a colon", Colon(",")),
    (
        "comment-line",
        0,
        "has a // comment",
        AfterComma(" // note\n"),
    ),
    (
        "comment-block",
        1,
        "has a /* */ comment",
        AfterComma("/* note */"),
    ),
    (
        "comment-hash",
        2,
        "has a # comment",
        AfterComma(" # note\n"),
    ),
    (
        "comment-first",
        THOROUGH,
        "begins with a comment",
        By(|text| Some(insert(text, 0, b"/**/"))),
    ),
    (
        "bare-name",
        0,
        "has a name without quotation marks",
        Name("", ""),
    ),
    (
        "single-quoted-name",
        1,
        "has a name in single quotes",
        Name("'", "'"),
    ),
    (
        "name-not-closed",
        3,
        "has a name without its closing quotation mark",
        Name("\"", ""),
    ),
    (
        "name-not-opened",
        3,
        "has a name without its opening quotation mark",
        Name("", "\""),
    ),
    (
        "backtick-name",
        THOROUGH,
        "has a name in backticks",
        Name("`", "`"),
    ),
    ("array-of-pairs", 3, "has brackets for braces", By(brackets)),
    (
        "single-quoted-text",
        0,
        "has a string in single quotes",
        Text("'", "'"),
    ),
    (
        "bare-text",
        1,
        "has a string without quotation marks",
        Text("", ""),
    ),
    (
        "text-not-closed",
        1,
        "has a string without its closing quotation mark",
        Text("\"", ""),
    ),
    (
        "text-not-opened",
        3,
        "has a string without its opening quotation mark",
        Text("", "\""),
    ),
    (
        "typographic-quotes",
        THOROUGH,
        "has a string in typographic quotation marks",
        Text("“", "”"),
    ),
    (
        "joined-texts",
        4,
        "has a string in two pieces",
        By(joined_texts),
    ),
    (
        "no-value",
        1,
        "has a name without a value at the end",
        Named(":"),
    ),
    (
        "no-value-inside",
        3,
        "has a name without a value between others",
        By(no_value_inside),
    ),
    ("name-only", 3, "has a name alone as a member", Named("")),
    ("number-name", 3, "has a number for a name", Member("1:1")),
    ("no-name", 4, "has a value without a name", Member(":1")),
    (
        "empty-item",
        3,
        "has an empty item in an array",
        Named(":[1,,2]"),
    ),
    (
        "wrong-closer",
        2,
        "closes its object with ]",
        By(wrong_closer),
    ),
];

/// The text with each edit of [`STRUCTURE`] that it has a place for.
pub(super) fn structure(text: &[u8]) -> Vec<Broken> {
    let broken = |(name, tier, title, edit): &(&'static str, u8, &str, Edit)| {
        let bytes = edit.of(text)?;
        Some(Broken::new("structure", (name, *tier), *title, bytes))
    };
    STRUCTURE.iter().filter_map(broken).collect()
}

/// The string at `at`, of `len` octets with its quotation marks, between others.
fn quoted(text: &[u8], (at, len): (usize, usize), open: &str, shut: &str) -> Vec<u8> {
    let bare = text
        .get(at + 1..(at + len).saturating_sub(1))
        .unwrap_or_default();
    replace(
        text,
        at,
        len,
        &[open.as_bytes(), bare, shut.as_bytes()].concat(),
    )
}

fn trailing_comma(text: &[u8]) -> Option<Vec<u8>> {
    first(text, b':')?;
    Some(insert(text, last(text, b'}')?, b","))
}

fn trailing_comma_inner(text: &[u8]) -> Option<Vec<u8>> {
    let has_members = |at: usize| !text.get(..at).unwrap_or_default().ends_with(b"{");
    let all = marks(text);
    let inner = all
        .iter()
        .find(|m| m.byte == b'}' && m.depth > 1 && has_members(m.at))?;
    Some(insert(text, inner.at, b","))
}

fn leading_comma(text: &[u8]) -> Option<Vec<u8>> {
    Some(insert(text, first(text, b'{')? + 1, b","))
}

/// The object in brackets for braces: `["a":1]`.
fn brackets(text: &[u8]) -> Option<Vec<u8>> {
    first_name(text)?;
    let (open, close) = (first(text, b'{')?, last(text, b'}')?);
    Some(replace(&replace(text, close, 1, b"]"), open, 1, b"["))
}

fn joined_texts(text: &[u8]) -> Option<Vec<u8>> {
    let (at, len) = first_text(text)?;
    Some(insert(text, at + (len / 2).max(1), b"\" \""))
}

fn no_value_inside(text: &[u8]) -> Option<Vec<u8>> {
    let from = first(text, b':')? + 1;
    let end = first(text, b',').or_else(|| last(text, b'}'))?;
    Some(replace(text, from, end.saturating_sub(from), b""))
}

fn wrong_closer(text: &[u8]) -> Option<Vec<u8>> {
    Some(replace(text, last(text, b'}')?, 1, b"]"))
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
