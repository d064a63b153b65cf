//! Escapes outside classes, and what escapes mean as a member of a class.

use super::super::ast::{Look, Node};
use super::super::class::Set;
use super::super::dialect::{Dialect, Family};
use super::super::unicode::{self, Shorthand};
use super::{Last, Parsed, Parser};

/// What an escape stands for where only members of classes may stand.
pub(super) enum Item {
    /// One symbol (or, in UTF-16, one code point).
    Symbol(u32),
    /// Any of these.
    Set(Set),
}

impl Parser {
    /// An escape outside a class; `self.pos` is at the backslash.
    pub(super) fn escape(&mut self, _last: Last) -> Parsed<(Node, Last)> {
        let at = self.pos;
        self.pos += 1;
        let c = self.next_ascii();
        if self.at_end() {
            return Err(self.error_at(at, "a lone backslash at the end"));
        }
        if let Some(node) = self.assertion(c)? {
            return Ok((node, Last::Anchor));
        }
        if let Some(node) = self.special(at, c)? {
            return Ok((node, Last::Item));
        }
        match self.item_escape(at, false)? {
            Item::Symbol(symbol) => {
                let node = self.symbol(symbol);
                // Onigmo does not join what is given by its number.
                if self.family == Family::Ruby {
                    self.literal.set(None);
                }
                Ok((node, Last::Item))
            }
            Item::Set(set) => Ok((Node::Set(self.set(&set)), Last::Item)),
        }
    }

    /// `\b \B \A \z \Z \G \< \>` and the like.
    fn assertion(&mut self, c: char) -> Parsed<Option<Node>> {
        let node = match (c, self.family) {
            ('b', _) => {
                if matches!(self.family, Family::Perl | Family::Java)
                    && self.ascii_at(1) == '{'
                    && !self.dialect.is_pcre2()
                {
                    return Err(self.unsupported("\\b{…}"));
                }
                self.boundary(false)
            }
            ('B', Family::Perl) if self.ascii_at(1) == '{' && !self.dialect.is_pcre2() => {
                return Err(self.unsupported("\\B{…}"));
            }
            // Python before 3.14: \B does not match in the empty text.
            ('B', Family::Python) => Node::concat(vec![
                self.boundary(true),
                Node::alt(vec![
                    Node::Look(Look::Prev {
                        set: self.all(),
                        start: false,
                    }),
                    Node::Look(Look::Next {
                        set: self.all(),
                        end: false,
                    }),
                ]),
            ]),
            ('B', _) => self.boundary(true),
            (_, Family::EcmaScript) => return Ok(None),
            ('A', Family::Posix) | ('z' | 'Z', Family::Posix) => return Ok(None),
            ('`', Family::Posix) => Node::start(),
            ('\'', Family::Posix) => Node::end(),
            ('<' | '>', Family::Posix) => {
                let word = unicode::boundary_word(self.dialect, None);
                let other = word.complement(self.alphabet.max());
                let (before, after) = if c == '<' {
                    (other, word)
                } else {
                    (word, other)
                };
                Node::concat(vec![
                    Node::Look(Look::Prev {
                        set: before,
                        start: c == '<',
                    }),
                    Node::Look(Look::Next {
                        set: after,
                        end: c == '>',
                    }),
                ])
            }
            // Onigmo: ALLOWED_ANCHOR_IN_LB has no ends of the text.
            ('z' | 'Z', Family::Ruby) if self.behind => {
                return Err(self.error("invalid pattern in look-behind"));
            }
            ('A', _) => Node::start(),
            ('Z', Family::Python) => Node::end(),
            ('Z', Family::Go) => return Ok(None),
            ('Z', _) => self.end_or_final(),
            ('z', Family::Python) => return Ok(None),
            ('z', _) => Node::end(),
            ('G', Family::Perl | Family::Java | Family::Ruby | Family::DotNet) => {
                return Err(self.unsupported("\\G"));
            }
            _ => return Ok(None),
        };
        self.pos += 1;
        Ok(Some(node))
    }

    /// Back-references, quoting and what else cannot stand in a class.
    fn special(&mut self, at: usize, c: char) -> Parsed<Option<Node>> {
        use Family::{DotNet, EcmaScript, Java, Perl, Ruby};
        match (c, self.family) {
            ('1'..='9', _) => self.reference(at),
            ('k', EcmaScript) if self.scan.named || self.dialect.ecma_unicode() => {
                if self.ascii_at(1) != '<' {
                    return Err(self.error_at(at, "invalid named reference"));
                }
                Err(self.not_regular())
            }
            ('k', Perl | Java | Ruby | DotNet) => {
                let opens = match self.family {
                    Ruby => matches!(self.ascii_at(1), '<' | '\''),
                    Java => self.ascii_at(1) == '<',
                    _ => matches!(self.ascii_at(1), '<' | '{' | '\''),
                };
                if opens {
                    return Err(self.not_regular());
                }
                // Onigmo: the letter.
                if self.family == Ruby {
                    return Ok(None);
                }
                Err(self.error_at(at, "malformed \\k"))
            }
            ('g', Perl | Ruby) => Err(self.not_regular()),
            ('K', Perl | Ruby) => Err(self.unsupported("\\K")),
            ('X', Perl | Java | Ruby) => Err(self.unsupported("\\X")),
            ('C', Perl) if self.dialect.is_pcre2() => Err(self.unsupported("\\C")),
            ('R', Perl | Java | Ruby) => {
                self.pos += 1;
                Ok(Some(self.line_break()))
            }
            ('N', Perl) if self.ascii_at(1) != '{' || self.braces_at(1) => {
                self.pos += 1;
                Ok(Some(Node::Set(self.all().minus(&Set::single(10)))))
            }
            _ => Ok(None),
        }
    }

    /// Whether braces this far ahead are a quantifier.
    pub(super) fn braces_at(&mut self, ahead: usize) -> bool {
        self.pos += ahead;
        let found = self.braces().is_some();
        self.pos -= ahead;
        found
    }

    /// `\R`: CR LF as one, or any line end; atomic, so CR alone only where no LF follows. Not so in
    /// Java (Pattern.LineEnding tries both).
    fn line_break(&self) -> Node {
        let ends = self.set(&Set::from_ranges([
            (10, 13),
            (0x85, 0x85),
            (0x2028, 0x2029),
        ]));
        let cr_lf = Node::literal([13, 10]);
        if self.family == Family::Java {
            return Node::alt(vec![cr_lf, Node::Set(ends)]);
        }
        Node::alt(vec![
            cr_lf.clone(),
            Node::concat(vec![Node::ahead(cr_lf, true), Node::Set(ends)]),
        ])
    }

    /// `\1`…: a back-reference, or an octal escape, or an error, as the dialect decides.
    fn reference(&mut self, at: usize) -> Parsed<Option<Node>> {
        let start = self.pos;
        let number = self.digits(10, 9).unwrap_or(0);
        self.pos = start;
        let exists = number <= self.scan.groups;
        match self.family {
            // Where the group does not exist: with `u` no escape, else an octal one.
            Family::EcmaScript => {
                if exists {
                    return Err(self.not_regular());
                }
                Ok(None)
            }
            Family::Python => {
                // Three octal digits are a symbol.
                if (0..3).all(|i| self.ascii_at(i).is_digit(8)) {
                    let value = self.digits(8, 3).unwrap_or(0);
                    if value > 0o377 {
                        return Err(self.error_at(at, "octal escape outside of range 0-0o377"));
                    }
                    return Ok(Some(self.symbol(value)));
                }
                let number = {
                    let value = self.digits(10, 2).unwrap_or(0);
                    self.pos = start;
                    value
                };
                if number <= self.groups {
                    return Err(self.not_regular());
                }
                Err(self.error_at(at, format!("invalid group reference {number}")))
            }
            Family::Perl | Family::Ruby => {
                if exists {
                    return Err(self.not_regular());
                }
                // Perl and PCRE2: no octal number begins with 8 or 9.
                let octal = self.family == Family::Ruby || self.ascii_at(0).is_digit(8);
                if number < 10 || !octal {
                    return Err(self.error_at(at, "reference to nonexistent group"));
                }
                Ok(None)
            }
            Family::Java => {
                // Java takes as many digits as there are groups; a group that does not exist never
                // matches.
                let first = self.digits(10, 1).unwrap_or(0);
                if first <= self.scan.groups {
                    return Err(self.not_regular());
                }
                if self.behind {
                    return Err(self.error_at(at, "look-behind is not limited in length"));
                }
                Ok(Some(Node::never()))
            }
            Family::DotNet => {
                if exists {
                    return Err(self.not_regular());
                }
                if self.dialect == Dialect::DotNetEcmaScript && !self.ascii_at(0).is_digit(8) {
                    let symbol = self.bump().unwrap_or(0);
                    return Ok(Some(self.symbol(symbol)));
                }
                if self.dialect == Dialect::DotNetEcmaScript
                    || (number >= 10 && self.ascii_at(0).is_digit(8))
                {
                    return Ok(None);
                }
                Err(self.error_at(at, "reference to undefined group"))
            }
            Family::Posix => {
                let first = self.digits(10, 1).unwrap_or(0);
                if first <= self.groups {
                    return Err(self.not_regular());
                }
                Err(self.error_at(at, "invalid back reference"))
            }
            Family::Go | Family::Rust => Ok(None),
        }
    }

    /// `\d \D \s \S \w \W` and their relatives; `None` for other letters.
    pub(super) fn shorthand(&mut self, c: char) -> Option<Set> {
        let kind = match c.to_ascii_lowercase() {
            'd' => Shorthand::Digit,
            's' => Shorthand::Space,
            'w' => Shorthand::Word,
            'h' if matches!(self.family, Family::Perl | Family::Java) => {
                let mut blank = Set::from_ranges([
                    (9, 9),
                    (0x20, 0x20),
                    (0xA0, 0xA0),
                    (0x1680, 0x1680),
                    (0x180E, 0x180E),
                    (0x2000, 0x200A),
                    (0x202F, 0x202F),
                    (0x205F, 0x205F),
                    (0x3000, 0x3000),
                ]);
                if self.dialect == Dialect::Perl {
                    blank = blank.minus(&Set::single(0x180E));
                }
                self.pos += 1;
                return Some(self.negated(self.set(&blank), c == 'H'));
            }
            'h' if self.family == Family::Ruby => {
                let hex = unicode::posix_ascii("xdigit").unwrap_or_default();
                self.pos += 1;
                return Some(self.negated(hex, c == 'H'));
            }
            'v' if matches!(self.family, Family::Perl | Family::Java) => {
                let vertical = Set::from_ranges([(10, 13), (0x85, 0x85), (0x2028, 0x2029)]);
                self.pos += 1;
                return Some(self.negated(self.set(&vertical), c == 'V'));
            }
            _ => return None,
        };
        if self.family == Family::Posix && kind == Shorthand::Digit {
            return None;
        }
        self.pos += 1;
        let mut set = self.set(&unicode::shorthand(kind, self.dialect, self.flags.unicode));
        if self.family == Family::Ruby && kind == Shorthand::Word {
            if self.flags.ignore_case && self.flags.unicode == Some(true) {
                self.pos -= 1;
                return None;
            }
            // Onigmo asks its table of Latin-1 outside classes (ONIGENC_IS_CODE_WORD).
            if self.flags.unicode == Some(true) && self.class_depth == 0 {
                set = set.union(&unicode::LATIN_1_WORD.iter().map(|&c| (c, c)).collect());
            }
        }
        if self.family == Family::Go {
            // regexp/syntax appendGroup folds them too.
            set = self.folded(set);
        }
        Some(self.negated(set, c.is_ascii_uppercase()))
    }

    pub(super) fn negated(&self, set: Set, negative: bool) -> Set {
        if negative {
            set.complement(self.alphabet.max())
        } else {
            set
        }
    }

    /// An escape that may stand inside and outside a class; `self.pos` is behind the backslash
    /// that is at `at`.
    pub(super) fn item_escape(&mut self, at: usize, in_class: bool) -> Parsed<Item> {
        let c = self.next_ascii();
        if let Some(set) = self.shorthand(c) {
            return Ok(Item::Set(set));
        }
        if matches!(c, 'w' | 'W') && self.family == Family::Ruby {
            return Err(self.unsupported("\\w under (?u) without regard to case"));
        }
        if matches!(c, 'p' | 'P') && self.has_properties() {
            self.pos += 1;
            return self.property(at, c == 'P').map(Item::Set);
        }
        match self.family {
            Family::EcmaScript => self.ecma_escape(at, in_class),
            Family::Python => self.python_escape(at),
            Family::Perl | Family::Java | Family::Ruby | Family::DotNet => {
                self.perl_escape(at, in_class)
            }
            Family::Go => self.go_escape(at),
            Family::Posix | Family::Rust => {
                // glibc: an escaped symbol stands for itself.
                Ok(Item::Symbol(self.bump().unwrap_or(u32::from('\\'))))
            }
        }
    }

    pub(super) fn has_properties(&self) -> bool {
        match self.family {
            Family::EcmaScript => self.dialect.ecma_unicode(),
            Family::Perl | Family::Java | Family::Ruby | Family::Go => true,
            Family::DotNet => true,
            _ => false,
        }
    }

    fn ecma_escape(&mut self, at: usize, in_class: bool) -> Parsed<Item> {
        let strict = self.dialect.ecma_unicode();
        let c = self.next_ascii();
        let Some(symbol) = self.bump() else {
            return Err(self.error_at(at, "\\ at end of pattern"));
        };
        let control = match c {
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'v' => Some(11),
            'b' => Some(8),
            '-' if in_class => Some(u32::from('-')),
            _ => None,
        };
        if let Some(control) = control {
            return Ok(Item::Symbol(control));
        }
        let refused = self.error_at(at, "invalid escape");
        let invalid = || Err(refused.clone());
        match c {
            'c' => {
                let next = self.next_ascii();
                if next.is_ascii_alphabetic()
                    || (in_class && !strict && (next.is_ascii_digit() || next == '_'))
                {
                    self.pos += 1;
                    return Ok(Item::Symbol(u32::from(next) % 32));
                }
                if strict {
                    return invalid();
                }
                self.pos -= 1;
                Ok(Item::Symbol(u32::from('\\')))
            }
            '0' if !self.next_ascii().is_ascii_digit() => Ok(Item::Symbol(0)),
            '0'..='9' if strict => invalid(),
            '0'..='7' => {
                self.pos -= 1;
                let most = if c <= '3' { 3 } else { 2 };
                Ok(Item::Symbol(self.digits(8, most).unwrap_or(0)))
            }
            'x' => match self.hex(2) {
                Some(value) => Ok(Item::Symbol(value)),
                None if strict => invalid(),
                None => Ok(Item::Symbol(u32::from('x'))),
            },
            'u' => {
                if strict && self.eat("{") {
                    let value = self.digits(16, 32);
                    return match value {
                        Some(value) if value <= 0x10_FFFF && self.eat("}") => {
                            Ok(Item::Symbol(value))
                        }
                        _ => Err(self.error_at(at, "invalid Unicode escape")),
                    };
                }
                let Some(high) = self.hex(4) else {
                    return if strict {
                        invalid()
                    } else {
                        Ok(Item::Symbol(u32::from('u')))
                    };
                };
                Ok(Item::Symbol(if strict { self.paired(high) } else { high }))
            }
            'k' if self.scan.named => invalid(),
            _ if strict && !"^$\\.*+?()[]{}|/".contains(c) => {
                if self.dialect == Dialect::EcmaScriptV && in_class && "&-!#%,:;<=>@`~".contains(c)
                {
                    return Ok(Item::Symbol(symbol));
                }
                invalid()
            }
            _ => Ok(Item::Symbol(symbol)),
        }
    }

    /// Exactly `count` hex digits, else nothing is read.
    pub(super) fn hex(&mut self, count: usize) -> Option<u32> {
        if (0..count).all(|i| self.ascii_at(i).is_ascii_hexdigit()) {
            self.digits(16, count)
        } else {
            None
        }
    }

    /// The code point of a unit of UTF-16 and the low surrogate that may follow as `\uXXXX`; the unit itself
    /// where none follows.
    pub(super) fn paired(&mut self, high: u32) -> u32 {
        if !(0xD800..0xDC00).contains(&high) || !self.looking_at("\\u") {
            return high;
        }
        let here = self.pos;
        self.pos += 2;
        match self.hex(4) {
            Some(low) if (0xDC00..0xE000).contains(&low) => {
                0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
            }
            _ => {
                self.pos = here;
                high
            }
        }
    }

    pub(super) fn limit(&self) -> u32 {
        if self.alphabet == super::super::dialect::Alphabet::Bytes {
            0xFF
        } else {
            0x10_FFFF
        }
    }
}
