//! Parsers: the text of a pattern in a dialect → [`Node`]. One file for what all dialects share
//! (alternatives, sequences), one each for quantifiers, groups and flags, look-behinds, escapes,
//! classes, case and the meaning of anchors.

mod anchor;
mod behind;
mod bracket;
mod bracket_java;
mod bracket_posix;
mod bracket_v;
mod case;
mod escape;
mod escape_perl;
mod flags;
mod group;
mod prescan;
mod property;
mod quantifier;
mod rust;

use std::cell::Cell;
use std::fmt;

use super::ast::Node;
use super::class::Set;
use super::dialect::{Alphabet, Dialect, Family};

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
    /// Perl `aa`: no ASCII symbol folds to another.
    ascii_case: bool,
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
    /// Python: flags that were asked for globally.
    global: (bool, bool),
    /// The literal that was read last, where case folding may join it with its neighbours.
    literal: Cell<Option<u32>>,
    /// Between `\Q` and `\E`.
    quoting: bool,
    /// How many classes are open.
    class_depth: u32,
    /// How many branches the choice had that was read last.
    branches: usize,
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
            global: (dialect == Dialect::PythonAscii, false),
            literal: Cell::new(None),
            quoting: false,
            class_depth: 0,
            branches: 0,
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
        self.branches = branches.len();
        Ok(Node::alt(branches))
    }

    fn sequence(&mut self) -> Parsed<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        // Which of them are single literals under a flag that may fold several into one.
        let mut literals: Vec<Option<u32>> = Vec::new();
        let mut last = Last::Nothing;
        loop {
            // `\Q…\E`: symbols without a meaning; a quantifier behind them is about the last one.
            if self.quote()
                && let Some(symbol) = self.bump()
            {
                nodes.push(self.symbol(symbol));
                literals.push(self.literal.take());
                last = Last::Item;
                continue;
            }
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
                if let Some(Some(symbol)) = literals.last().copied()
                    && let Some(node) = nodes.last_mut()
                {
                    *node = self.run(&[symbol])?;
                }
                self.quantifier(&mut nodes, &mut last)?;
                literals.truncate(nodes.len().saturating_sub(1));
                literals.resize(nodes.len(), None);
                continue;
            }
            self.literal.set(None);
            let (node, kind) = self.atom(last)?;
            match (kind, node) {
                // A comment: what was before stays what a quantifier repeats.
                (Last::Invisible, Node::Empty) => {}
                (kind, node) => {
                    let literal = self.literal.take();
                    self.check_posix_anchor(&nodes, &node)?;
                    nodes.push(node);
                    literals.push(literal);
                    last = kind;
                }
            }
        }
        self.join_literals(nodes, &literals)
    }

    /// Reads `\Q` and `\E` as they come; whether a quoted symbol is next. Perl's belong to its
    /// strings, not to its patterns; PCRE2 passes over a lone `\E`.
    fn quote(&mut self) -> bool {
        let known = match self.family {
            Family::Perl => self.dialect.is_pcre2(),
            Family::Java | Family::Go => true,
            _ => false,
        };
        if !known {
            return false;
        }
        loop {
            if self.quoting {
                if !self.eat("\\E") {
                    break;
                }
                self.quoting = false;
            } else if self.eat("\\Q") {
                self.quoting = true;
            } else if !(self.family == Family::Perl && self.eat("\\E")) {
                break;
            }
        }
        self.quoting
    }

    /// Blanks and comments under `x`.
    fn skip_extended(&mut self) {
        let wide = self.family == Family::Perl;
        while self.flags.extended {
            let c = self.next_ascii();
            let blank = self.peek().is_some_and(|symbol| match symbol {
                // Onigmo and .NET (RegexParser's table of categories): no vertical tab.
                11 => !matches!(self.family, Family::Ruby | Family::DotNet),
                9..=13 | 32 => true,
                // Perl and PCRE2: Pattern_White_Space.
                0x85 | 0x200E | 0x200F | 0x2028 | 0x2029 => wide,
                _ => false,
            });
            if blank {
                self.pos += 1;
            } else if c == '#' {
                let ends = match self.family {
                    Family::Java => self.line_ends(),
                    _ => Set::single(10),
                };
                while self.peek().is_some_and(|symbol| !ends.contains(symbol)) {
                    self.pos += 1;
                }
            } else {
                break;
            }
        }
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
}
