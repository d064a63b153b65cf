//! From text to automaton: the language of a pattern in a dialect and a mode.

use super::ast::{Look, Node};
use super::automaton::{Automaton, Limits};
use super::canonical::canonical;
use super::class::Set;
use super::dialect::{Alphabet, Dialect, Mode};
use super::nfa::Nfa;
use super::parse::{self, ParseError};

/// The language of `pattern` as `dialect` reads it, asked in `mode`.
///
/// # Errors
/// As [`parse::parse`]; what is too large to model is [`ParseError::Unsupported`].
///
/// ```
/// use probity_pattern::dialect::{Dialect, Mode};
/// let mut python = probity_pattern::language::language("^a$", Dialect::Python, Mode::Search)?;
/// let mut go = probity_pattern::language::language("^a$", Dialect::Go, Mode::Search)?;
/// assert!(python.accepts("a\n"));
/// assert!(!go.accepts("a\n"));
/// # Ok::<(), probity_pattern::parse::ParseError>(())
/// ```
pub fn language(pattern: &str, dialect: Dialect, mode: Mode) -> Result<Automaton, ParseError> {
    let mut node = parse::parse(pattern, dialect)?;
    let mut asked = mode;
    if mode == Mode::FullGrouped {
        // Refused where the engine would refuse the composition.
        let grouped = read(pattern, dialect, mode)?;
        if closes_the_group(pattern, dialect, &node) {
            (node, asked) = (grouped, Mode::Search);
        }
    }
    let (node, alphabet) = full(&node, dialect, asked);
    build(&node, alphabet)
}

/// Whether a pattern that is put into a group ends the group itself: in POSIX a `)` without its `(`
/// is a character like others (glibc's `RE_UNMATCHED_RIGHT_PAREN_ORD`), so `^(a)b)$` is not `a)b`
/// as a whole. `node` is the pattern alone.
pub fn closes_the_group(pattern: &str, dialect: Dialect, node: &Node) -> bool {
    dialect == Dialect::PosixEre
        && pattern.contains(')')
        && parse::parse(&format!("({pattern})"), dialect).as_ref() != Ok(node)
}

/// The texts in which `node` matches in `mode`, as a tree under full match, over code points
/// where that is the same.
pub fn full(node: &Node, dialect: Dialect, mode: Mode) -> (Node, Alphabet) {
    let alphabet = dialect.alphabet();
    let [caret, dollar] = ["^", "$"].map(|text| parse::parse(text, dialect).unwrap_or(Node::Empty));
    let node = canonical(node, mode, alphabet, [&caret, &dollar]);
    match over_code_points(&node, alphabet) {
        Some(wide) => (wide, Alphabet::CodePoints),
        None => (node, alphabet),
    }
}

/// The tree of a pattern in a mode: `full-grouped` is the pattern `^(?:…)$`.
///
/// # Errors
/// As [`parse::parse`].
pub fn read(pattern: &str, dialect: Dialect, mode: Mode) -> Result<Node, ParseError> {
    let node = parse::parse(pattern, dialect)?;
    if mode != Mode::FullGrouped {
        return Ok(node);
    }
    let grouped = if dialect == Dialect::PosixEre {
        format!("^({pattern})$")
    } else {
        format!("^(?:{pattern})$")
    };
    parse::parse(&grouped, dialect)
}

/// The automaton of a tree under full match.
///
/// # Errors
/// [`ParseError::Unsupported`] where it is too large or not modelled.
pub fn build(node: &Node, alphabet: Alphabet) -> Result<Automaton, ParseError> {
    let unsupported = |message: String| ParseError::Unsupported { offset: 0, message };
    let nfa =
        Nfa::new(node, alphabet, Mode::Full).map_err(|error| unsupported(error.to_string()))?;
    Automaton::new(nfa, Limits::default()).ok_or_else(|| {
        unsupported(
            "more classes of symbols, or of look-aheads at once, than can be modelled".to_owned(),
        )
    })
}

/// The same language over code points, where the symbols of `alphabet` make no difference: every
/// set that is read consists of symbols that are whole code points (ASCII bytes, units that are no
/// surrogates), and conditions hold for all other symbols or for none. Most patterns of units and
/// bytes become comparable to the others by that without any work.
pub fn over_code_points(node: &Node, alphabet: Alphabet) -> Option<Node> {
    let (parts, beyond) = match alphabet {
        Alphabet::CodePoints => return Some(node.clone()),
        Alphabet::Utf16 => (Set::range(0xD800, 0xDFFF), Set::range(0x1_0000, 0x10_FFFF)),
        Alphabet::Bytes => (Set::range(0x80, 0xFF), Set::range(0x80, 0x10_FFFF)),
    };
    widen(node, &parts, &beyond)
}

fn widen(node: &Node, parts: &Set, beyond: &Set) -> Option<Node> {
    let whole = |set: &Set| set.intersect(parts).is_empty().then(|| set.clone());
    let all_or_none = |set: &Set| {
        if parts.minus(set).is_empty() {
            Some(set.minus(parts).union(beyond))
        } else {
            whole(set)
        }
    };
    let many = |nodes: &[Node]| -> Option<Vec<Node>> {
        nodes
            .iter()
            .map(|node| widen(node, parts, beyond))
            .collect()
    };
    // Anything at all is anything at all in every alphabet.
    if let Node::Repeat {
        node: inner,
        min: 0,
        max: None,
    } = node
        && let Node::Set(set) = inner.as_ref()
        && parts.minus(set).is_empty()
        && let rest = set.minus(parts).union(beyond)
        && rest.union(&Set::range(0xD800, 0xDFFF)) == Set::range(0, 0x10_FFFF)
    {
        return Some(Node::repeat(Node::Set(Set::range(0, 0x10_FFFF)), 0, None));
    }
    Some(match node {
        Node::Empty => Node::Empty,
        Node::Set(set) => Node::Set(whole(set)?),
        Node::Concat(nodes) => Node::Concat(many(nodes)?),
        Node::Alt(nodes) => Node::Alt(many(nodes)?),
        Node::Repeat { node, min, max } => Node::Repeat {
            node: Box::new(widen(node, parts, beyond)?),
            min: *min,
            max: *max,
        },
        Node::Look(Look::Prev { set, start }) => Node::Look(Look::Prev {
            set: all_or_none(set)?,
            start: *start,
        }),
        Node::Look(Look::Next { set, end }) => Node::Look(Look::Next {
            set: all_or_none(set)?,
            end: *end,
        }),
        Node::Look(Look::Boundary { word, negative }) => Node::Look(Look::Boundary {
            word: all_or_none(word)?,
            negative: *negative,
        }),
        Node::Around {
            node,
            ahead,
            negative,
        } => Node::Around {
            node: Box::new(widen(node, parts, beyond)?),
            ahead: *ahead,
            negative: *negative,
        },
    })
}
