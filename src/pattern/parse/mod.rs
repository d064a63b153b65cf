//! Parsers: the text of a pattern in a dialect → [`Node`]. One file for what all dialects share
//! (alternatives, sequences, quantifiers), one each for groups and flags, escapes, classes and the
//! meaning of anchors. Imports [`super::ast`], [`super::class`], [`super::dialect`],
//! [`super::unicode`].

mod anchor;
mod bracket;
mod bracket_v;
mod escape;
mod escape_perl;
mod group;
mod prescan;
mod property;
mod rust;

use std::fmt;

use super::ast::Node;
use super::class::Set;
use super::dialect::{Alphabet, Dialect, Family};
use super::unicode;

/// Why there is no tree for a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The engine refuses the pattern.
    Syntax {
        /// Where, in code points from the start of the pattern.
        offset: usize,
        /// Why.
        message: String,
    },
    /// The engine takes it, and we have no model for it.
    Unsupported {
        /// Where, in code points from the start of the pattern.
        offset: usize,
        /// What.
        message: String,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseError::Syntax { offset, message } => write!(f, "{message} (at {offset})"),
            ParseError::Unsupported { offset, message } => {
                write!(f, "not modelled: {message} (at {offset})")
            }
        }
    }
}

impl std::error::Error for ParseError {}

/// Parses `pattern` as `dialect` does.
///
/// # Errors
/// [`ParseError::Syntax`] where the engine would refuse it, [`ParseError::Unsupported`] where the
/// language is not regular (back-references, recursion) or the construct has no model.
pub fn parse(pattern: &str, dialect: Dialect) -> Result<Node, ParseError> {
    if pattern.len() > MAX_PATTERN {
        return Err(ParseError::Unsupported {
            offset: 0,
            message: format!("a pattern of more than {MAX_PATTERN} bytes"),
        });
    }
    if dialect == Dialect::Rust {
        return rust::parse(pattern);
    }
    let mut parser = Parser::new(pattern, dialect);
    parser.leading_verbs()?;
    let node = parser.alternation()?;
    if parser.pos < parser.input.len() {
        return Err(parser.error("unmatched closing parenthesis"));
    }
    parser.finish()?;
    Ok(node)
}

/// Patterns longer than this are not modelled.
pub const MAX_PATTERN: usize = 100_000;
/// Groups nested deeper than this are not modelled (the parser recurses).
const MAX_DEPTH: u32 = 200;

/// Inline flags, as far as they matter for what is accepted.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    ignore_case: bool,
    multi_line: bool,
    dot_all: bool,
    extended: bool,
    /// PCRE2 and Perl `xx`: blanks in classes as well.
    extended_more: bool,
    /// Java `d`.
    unix_lines: bool,
    /// Asked for by flag: Unicode classes (Java `U`, Ruby `u`), or ASCII (Python, Perl, Ruby `a`).
    unicode: Option<bool>,
    /// Java `u`: Unicode case.
    unicode_case: bool,
    /// `n`: plain groups do not capture.
    no_capture: bool,
}

/// What a quantifier may stand behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Last {
    /// Nothing yet.
    Nothing,
    /// Something repeatable.
    Item,
    /// An anchor or boundary.
    Anchor,
    /// A look-ahead.
    LookAhead,
    /// A look-behind.
    LookBehind,
    /// Something that already has a quantifier.
    Quantified,
    /// A group of flags only, or a comment.
    Invisible,
}

struct Parser {
    /// The pattern in symbols of the alphabet.
    input: Vec<u32>,
    /// Offset in code points of each symbol, and of the end.
    offsets: Vec<usize>,
    pos: usize,
    dialect: Dialect,
    family: Family,
    alphabet: Alphabet,
    flags: Flags,
    depth: u32,
    /// Capturing groups opened so far.
    groups: u32,
    names: Vec<String>,
    scan: prescan::Scan,
    /// Inside a look-behind; inside a negative one.
    behind: bool,
    behind_negative: bool,
    /// Python: where global flags may still stand.
    flags_until: usize,
}

type Parsed<T> = Result<T, ParseError>;

impl Parser {
    fn new(pattern: &str, dialect: Dialect) -> Parser {
        let alphabet = dialect.alphabet();
        let (mut input, mut offsets) = (Vec::new(), Vec::new());
        for (offset, c) in pattern.chars().enumerate() {
            let symbols = alphabet.symbols(c.encode_utf8(&mut [0; 4]));
            offsets.extend(symbols.iter().map(|_| offset));
            input.extend(symbols);
        }
        offsets.push(pattern.chars().count());
        let scan = prescan::scan(&input, dialect);
        Parser {
            input,
            offsets,
            pos: 0,
            dialect,
            family: dialect.family(),
            alphabet,
            flags: Flags {
                unix_lines: dialect == Dialect::JavaUnixLines,
                unicode: (dialect == Dialect::JavaUnicode).then_some(true),
                unicode_case: dialect == Dialect::JavaUnicode,
                ..Flags::default()
            },
            depth: 0,
            groups: 0,
            names: Vec::new(),
            scan,
            behind: false,
            behind_negative: false,
            flags_until: 0,
        }
    }

    // ── reading symbols ──

    fn peek(&self) -> Option<u32> {
        self.input.get(self.pos).copied()
    }

    /// The next symbol as ASCII; NUL for the end and for anything else.
    fn next_ascii(&self) -> char {
        self.ascii_at(0)
    }

    fn ascii_at(&self, ahead: usize) -> char {
        self.input
            .get(self.pos + ahead)
            .and_then(|&s| u8::try_from(s).ok())
            .filter(u8::is_ascii)
            .map_or('\0', char::from)
    }

    fn at_end(&self) -> bool {
        self.pos >= self.input.len()
    }

    fn bump(&mut self) -> Option<u32> {
        let symbol = self.peek()?;
        self.pos += 1;
        Some(symbol)
    }

    fn eat(&mut self, text: &str) -> bool {
        if self.looking_at(text) {
            self.pos += text.len();
            true
        } else {
            false
        }
    }

    fn looking_at(&self, text: &str) -> bool {
        text.bytes()
            .enumerate()
            .all(|(i, b)| self.input.get(self.pos + i) == Some(&u32::from(b)))
    }

    fn digits(&mut self, radix: u32, most: usize) -> Option<u32> {
        let mut value: u32 = 0;
        let mut count = 0;
        while count < most
            && let Some(digit) = self.next_ascii().to_digit(radix)
        {
            value = value.saturating_mul(radix).saturating_add(digit);
            self.pos += 1;
            count += 1;
        }
        (count > 0).then_some(value)
    }

    fn offset_at(&self, pos: usize) -> usize {
        self.offsets
            .get(pos)
            .or(self.offsets.last())
            .copied()
            .unwrap_or(0)
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        self.error_at(self.pos, message)
    }

    fn error_at(&self, pos: usize, message: impl Into<String>) -> ParseError {
        ParseError::Syntax {
            offset: self.offset_at(pos),
            message: message.into(),
        }
    }

    fn unsupported(&self, message: impl Into<String>) -> ParseError {
        ParseError::Unsupported {
            offset: self.offset_at(self.pos),
            message: message.into(),
        }
    }

    // ── building nodes ──

    fn all(&self) -> Set {
        Set::range(0, self.alphabet.max())
    }

    /// A set as it stands, cut to the alphabet.
    fn set(&self, set: &Set) -> Set {
        set.intersect(&self.all())
    }

    /// One symbol, or, where it is outside the basic plane and the alphabet is units, two.
    fn symbol(&self, symbol: u32) -> Node {
        if self.alphabet == Alphabet::Utf16
            && symbol > 0xFFFF
            && let Some(c) = char::from_u32(symbol)
        {
            return Node::literal(Alphabet::Utf16.symbols(c.encode_utf8(&mut [0; 4])));
        }
        Node::Set(self.folded(Set::single(symbol)))
    }

    /// A set with the case variants of its members, where case is ignored.
    fn folded(&self, set: Set) -> Set {
        if !self.flags.ignore_case {
            return set;
        }
        let unicode = match self.family {
            Family::Java => Some(self.flags.unicode_case),
            _ => self.flags.unicode,
        };
        self.set(&unicode::fold(&set, self.dialect, unicode))
    }

    // ── grammar ──

    fn alternation(&mut self) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.unsupported(format!("groups nested deeper than {MAX_DEPTH}")));
        }
        // Flags that a bare (?i) switches hold to the end of the group; whether they reach into
        // the next alternative depends on the engine and is what group.rs leaves in `self.flags`.
        let mut branches = vec![self.sequence()?];
        while self.eat("|") {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(Node::alt(branches))
    }

    fn sequence(&mut self) -> Parsed<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut last = Last::Nothing;
        loop {
            self.skip_extended();
            let c = self.next_ascii();
            if self.at_end() || c == '|' {
                break;
            }
            if c == ')' {
                // POSIX and ERE: an unmatched ")" is a literal in glibc at top level.
                if self.depth > 1 || self.family != Family::Posix {
                    break;
                }
            }
            if self.quantifier_ahead(last) {
                self.quantifier(&mut nodes, &mut last)?;
                continue;
            }
            let (node, kind) = self.atom(last)?;
            match (kind, node) {
                // A comment: what was before stays what a quantifier repeats.
                (Last::Invisible, Node::Empty) => {}
                (kind, node) => {
                    nodes.push(node);
                    last = kind;
                }
            }
        }
        Ok(Node::concat(nodes))
    }

    /// Blanks and comments under `x`.
    fn skip_extended(&mut self) {
        while self.flags.extended {
            let c = self.next_ascii();
            if matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0B' | '\x0C') {
                self.pos += 1;
            } else if c == '#' {
                while let Some(symbol) = self.peek() {
                    if symbol == 10 {
                        break;
                    }
                    self.pos += 1;
                }
            } else {
                break;
            }
        }
    }

    /// Whether a quantifier starts here.
    fn quantifier_ahead(&self, last: Last) -> bool {
        match self.next_ascii() {
            '*' | '+' | '?' => {
                // glibc: a leading * in an ERE is an error ("Invalid preceding"), + and ? too.
                true
            }
            '{' => {
                // Perl: "{" where a piece begins is a literal.
                if self.dialect == Dialect::Perl && last == Last::Nothing {
                    return false;
                }
                // Java and glibc: a brace is always a quantifier, or an error.
                matches!(self.family, Family::Java | Family::Posix) || self.braces().is_some()
            }
            _ => false,
        }
    }

    /// `{n}`, `{n,}`, `{n,m}`, `{,m}` as the dialect has them: bounds and length, else `None`.
    fn braces(&self) -> Option<(u32, Option<u32>, usize)> {
        let blanks = (self.dialect.is_pcre2() || self.dialect == Dialect::Perl) as usize;
        let blank = |i: &mut usize| {
            while blanks > 0 && matches!(self.ascii_at(*i), ' ' | '\t') {
                *i += 1;
            }
        };
        let number = |i: &mut usize| {
            let mut value: Option<u32> = None;
            while let Some(digit) = self.ascii_at(*i).to_digit(10) {
                value = Some(value.unwrap_or(0).saturating_mul(10).saturating_add(digit));
                *i += 1;
            }
            value
        };
        let mut i = 1;
        blank(&mut i);
        let low = number(&mut i);
        blank(&mut i);
        let (min, max) = if self.ascii_at(i) == ',' {
            i += 1;
            blank(&mut i);
            let high = number(&mut i);
            blank(&mut i);
            let open_start = matches!(
                self.family,
                Family::Python | Family::Perl | Family::Ruby | Family::Posix
            );
            match (low, high) {
                (None, _) if !open_start => return None,
                (None, None) if !matches!(self.family, Family::Python | Family::Posix) => {
                    return None;
                }
                (low, high) => (low.unwrap_or(0), high),
            }
        } else {
            (low?, low)
        };
        if self.ascii_at(i) != '}' {
            return None;
        }
        Some((min, max, i + 1))
    }

    fn quantifier(&mut self, nodes: &mut Vec<Node>, last: &mut Last) -> Parsed<()> {
        let at = self.pos;
        self.check_quantifiable(*last)?;
        if self.family == Family::Java
            && self.next_ascii() == '{'
            && *last != Last::Item
            && !matches!(last, Last::Anchor | Last::LookAhead | Last::LookBehind)
        {
            nodes.push(Node::Empty);
        }
        let (min, max) = match self.next_ascii() {
            '*' => (0, None),
            '+' => (1, None),
            '?' => (0, Some(1)),
            _ => {
                let Some((min, max, length)) = self.braces() else {
                    return Err(self.error("illegal repetition"));
                };
                self.pos += length - 1;
                (min, max)
            }
        };
        self.pos += 1;
        self.check_bounds(at, min, max)?;
        let was_braces = self.input.get(at) == Some(&u32::from('{'));
        let mut possessive = false;
        match self.family {
            Family::Posix => {}
            _ if self.next_ascii() == '?' => {
                // Onigmo: a{n}? is not lazy but optional.
                if self.family == Family::Ruby && was_braces && max == Some(min) {
                    if let Some(node) = nodes.pop() {
                        self.pos += 1;
                        let inner = Node::repeat(node, min, max);
                        nodes.push(Node::repeat(inner, 0, Some(1)));
                        *last = Last::Quantified;
                    }
                    return Ok(());
                }
                self.pos += 1;
            }
            Family::Perl | Family::Java | Family::Python if self.next_ascii() == '+' => {
                possessive = true;
                self.pos += 1;
            }
            Family::Ruby if self.next_ascii() == '+' && !was_braces => {
                possessive = true;
                self.pos += 1;
            }
            _ => {}
        }
        let Some(node) = nodes.pop() else {
            // Nothing to repeat, and the dialect allows that: a literal (glibc) or nothing.
            return Ok(());
        };
        nodes.push(if possessive {
            self.possessive(node, min, max)?
        } else {
            Node::repeat(node, min, max)
        });
        *last = Last::Quantified;
        Ok(())
    }

    /// `x*+` for a set is `x*(?!x)`: the repetition takes what it can and gives nothing back.
    fn possessive(&self, node: Node, min: u32, max: Option<u32>) -> Parsed<Node> {
        if let Some(set) = group::as_set(&node) {
            let stop = Node::ahead(Node::Set(set.clone()), true);
            let one = Node::Set(set);
            return Ok(match max {
                None => Node::concat(vec![Node::repeat(one, min, None), stop]),
                Some(max) if max == min => Node::repeat(one, min, Some(min)),
                Some(max) => Node::alt(vec![
                    Node::repeat(one.clone(), max, Some(max)),
                    Node::concat(vec![
                        Node::repeat(one, min, Some(max.saturating_sub(1))),
                        stop,
                    ]),
                ]),
            });
        }
        group::atomic(Node::repeat(node, min, max))
            .ok_or_else(|| self.unsupported("a possessive quantifier on more than one symbol"))
    }

    fn check_quantifiable(&self, last: Last) -> Parsed<()> {
        use Family::{DotNet, EcmaScript, Go, Java, Perl, Posix, Python, Ruby, Rust};
        let what = self.next_ascii();
        let nothing = Err(self.error(format!("nothing to repeat before '{what}'")));
        match (last, self.family) {
            (Last::Item, _) => Ok(()),
            // Java: braces without anything before them repeat the empty text.
            (Last::Nothing | Last::Quantified, Java) if what == '{' => Ok(()),
            (Last::Nothing | Last::Invisible, _) => nothing,
            (Last::Anchor, EcmaScript | Python) => nothing,
            (Last::Anchor, Posix) => nothing,
            // PCRE2 10.45 and later.
            (Last::Anchor, Perl) if self.dialect.is_pcre2() => nothing,
            (Last::LookAhead, EcmaScript) if !self.dialect.ecma_unicode() => Ok(()),
            (Last::LookAhead | Last::LookBehind, EcmaScript) => nothing,
            (Last::Anchor | Last::LookAhead | Last::LookBehind, _) => Ok(()),
            (Last::Quantified, Ruby | Posix | Rust) => Ok(()),
            (Last::Quantified, Java) => {
                Err(self.error(format!("dangling meta character '{what}'")))
            }
            (Last::Quantified, EcmaScript | Python | Perl | Go | DotNet) => {
                Err(self.error(format!("multiple repeat '{what}'")))
            }
        }
    }

    fn check_bounds(&self, at: usize, min: u32, max: Option<u32>) -> Parsed<()> {
        let limit = match self.family {
            Family::Perl if self.dialect == Dialect::Perl => Some(65_534),
            Family::Perl => Some(65_535),
            Family::Go => Some(1_000),
            Family::Ruby => Some(100_000),
            Family::Posix => Some(32_767),
            Family::Java | Family::DotNet => Some(2_147_483_647),
            _ => None,
        };
        if let Some(limit) = limit
            && min.max(max.unwrap_or(0)) > limit
        {
            return Err(self.error_at(at, format!("repeat count over {limit}")));
        }
        if let Some(max) = max
            && max < min
        {
            // Perl warns and matches nothing; Onigmo swaps the two and makes it possessive.
            if self.dialect == Dialect::Perl || self.family == Family::Ruby {
                return Err(self.unsupported("a quantifier with its bounds in reverse"));
            }
            return Err(self.error_at(at, "repeat bounds out of order"));
        }
        Ok(())
    }

    fn atom(&mut self, last: Last) -> Parsed<(Node, Last)> {
        let c = self.next_ascii();
        match c {
            '(' => self.group(),
            '[' => {
                let set = self.bracket()?;
                Ok((set, Last::Item))
            }
            '.' => {
                self.pos += 1;
                Ok((Node::Set(self.dot()), Last::Item))
            }
            '^' => {
                self.pos += 1;
                Ok((self.caret(), Last::Anchor))
            }
            '$' => {
                self.pos += 1;
                Ok((self.dollar(), Last::Anchor))
            }
            '\\' => self.escape(last),
            ']' | '}' if self.dialect.ecma_unicode() => Err(self.error(format!("lone '{c}'"))),
            '{' if self.dialect.ecma_unicode() => Err(self.error("lone '{'")),
            _ => {
                if c == '{' && self.dialect == Dialect::Perl && self.after_letter_escape() {
                    return Err(self.error("unescaped left brace is illegal here"));
                }
                let Some(symbol) = self.bump() else {
                    return Err(self.error("unexpected end"));
                };
                Ok((self.symbol(symbol), Last::Item))
            }
        }
    }

    /// perldiag "Unescaped left brace in regex is illegal here": after a backslash and a letter.
    fn after_letter_escape(&self) -> bool {
        let at = |back: usize| {
            self.pos
                .checked_sub(back)
                .and_then(|i| self.input.get(i).copied())
                .and_then(char::from_u32)
        };
        at(1).is_some_and(|c| c.is_ascii_alphabetic()) && at(2) == Some('\\')
    }

    /// What can only be judged at the end of the pattern.
    fn finish(&self) -> Parsed<()> {
        Ok(())
    }
}
