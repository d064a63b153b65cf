//! From text to automaton: the language of a pattern in a dialect and a mode. Imports the parser
//! and the automata.

use super::ast::{Look, Node};
use super::automaton::{Automaton, Limits};
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
/// use probity::pattern::dialect::{Dialect, Mode};
/// let mut python = probity::pattern::language::language("^a$", Dialect::Python, Mode::Search)?;
/// let mut go = probity::pattern::language::language("^a$", Dialect::Go, Mode::Search)?;
/// assert!(python.accepts("a\n"));
/// assert!(!go.accepts("a\n"));
/// # Ok::<(), probity::pattern::parse::ParseError>(())
/// ```
pub fn language(pattern: &str, dialect: Dialect, mode: Mode) -> Result<Automaton, ParseError> {
    let node = read(pattern, dialect, mode)?;
    build(&node, dialect.alphabet(), mode)
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

/// The automaton of a tree.
///
/// # Errors
/// [`ParseError::Unsupported`] where it is too large or not modelled.
pub fn build(node: &Node, alphabet: Alphabet, mode: Mode) -> Result<Automaton, ParseError> {
    let unsupported = |message: String| ParseError::Unsupported { offset: 0, message };
    let nfa = Nfa::new(node, alphabet, mode).map_err(|error| unsupported(error.to_string()))?;
    Automaton::new(nfa, Limits::default())
        .ok_or_else(|| unsupported("more classes of symbols than can be modelled".to_owned()))
}

/// Whether a tree begins with the start of the text in every branch, so that searching it is the
/// same as matching at the start.
pub fn anchored_at_start(node: &Node) -> bool {
    match node {
        Node::Look(Look::Prev { set, start: true }) => *set == Set::empty(),
        Node::Concat(nodes) => nodes.first().is_some_and(anchored_at_start),
        Node::Alt(nodes) => !nodes.is_empty() && nodes.iter().all(anchored_at_start),
        _ => false,
    }
}
