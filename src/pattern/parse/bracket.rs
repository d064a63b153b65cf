//! Bracket expressions: `[…]`.

use super::super::ast::Node;
use super::super::class::Set;
use super::super::dialect::{Alphabet, Dialect, Family};
use super::super::unicode;
use super::escape::Item;
use super::{Parsed, Parser};

impl Parser {
    /// A class; `self.pos` is at its bracket.
    pub(super) fn bracket(&mut self) -> Parsed<Node> {
        if self.dialect == Dialect::EcmaScriptV {
            return self.bracket_v().map(Node::Set);
        }
        self.class().map(Node::Set)
    }

    fn nested(&self) -> bool {
        matches!(self.family, Family::Java | Family::Ruby)
    }

    fn class(&mut self) -> Parsed<Set> {
        let open = self.pos;
        self.depth += 1;
        if self.depth > super::MAX_DEPTH {
            return Err(self.unsupported("classes nested too deep"));
        }
        self.pos += 1;
        let negative = self.eat("^");
        let set = self.members(open, true)?;
        self.depth -= 1;
        if !self.eat("]") {
            return Err(self.error_at(open, "missing terminating ]"));
        }
        // ECMA-262 CharacterSetMatcher canonicalizes every member.
        let set = if self.family == Family::EcmaScript {
            self.folded(set)
        } else {
            set
        };
        Ok(self.negated(set, negative))
    }

    /// Everywhere but in ECMAScript case variants are added to symbols and ranges as they are
    /// read, not to `\w` and its like.
    fn folded_member(&self, set: Set) -> Set {
        if self.family == Family::EcmaScript {
            set
        } else {
            self.folded(set)
        }
    }

    /// The members up to the closing bracket, which stays unread.
    fn members(&mut self, open: usize, mut first: bool) -> Parsed<Set> {
        let mut set = Set::empty();
        let mut any = false;
        // What may begin a range: a symbol; or a set, which may not.
        loop {
            if self.at_end() {
                return Err(self.error_at(open, "missing terminating ]"));
            }
            let c = self.next_ascii();
            if c == ']' {
                let literal = first && !any && self.literal_bracket_first();
                if !literal {
                    if self.family == Family::Ruby && !any && first {
                        return Err(self.error_at(open, "empty char-class"));
                    }
                    break;
                }
            }
            if self.extended_blank(c) {
                continue;
            }
            if c == '[' && !any_posix(self) && self.nested() {
                let inner = self.class()?;
                set = set.union(&inner);
                any = true;
                first = false;
                continue;
            }
            if self.nested() && self.looking_at("&&") {
                self.pos += 2;
                while self.family == Family::Java && self.eat("&&") {}
                let right = self.members(open, false)?;
                if self.family == Family::Java && right.is_empty() {
                    if set.is_empty() {
                        return Err(self.error("bad class syntax"));
                    }
                    return Ok(set);
                }
                return Ok(set.intersect(&right));
            }
            if self.family == Family::DotNet && any && self.looking_at("-[") {
                self.pos += 1;
                let minus = self.class()?;
                if self.next_ascii() != ']' {
                    return Err(self.error("a subtraction must be the last element in a class"));
                }
                return Ok(set.minus(&minus));
            }
            let at = self.pos;
            let item = self.member()?;
            any = true;
            first = false;
            if self.next_ascii() == '-'
                && self.ascii_at(1) != ']'
                && self.pos + 1 < self.input.len()
                && let Some(range) = self.range(at, &item)?
            {
                set = set.union(&self.folded_member(range));
                continue;
            }
            match item {
                Item::Symbol(symbol) => {
                    set = set.union(&self.folded_member(self.symbols_of(symbol)));
                }
                Item::Set(members) => set = set.union(&members),
            }
        }
        Ok(set)
    }

    /// A code point as symbols: in UTF-16 both of its units are members.
    fn symbols_of(&self, symbol: u32) -> Set {
        if self.alphabet == Alphabet::Utf16
            && symbol > 0xFFFF
            && let Some(c) = char::from_u32(symbol)
        {
            return Alphabet::Utf16
                .symbols(c.encode_utf8(&mut [0; 4]))
                .into_iter()
                .map(|unit| (unit, unit))
                .collect();
        }
        Set::single(symbol)
    }

    /// `[]a]` and `[^]a]`: whether the first bracket is a member.
    fn literal_bracket_first(&self) -> bool {
        match self.family {
            Family::EcmaScript => false,
            Family::Ruby => self.input[self.pos..]
                .iter()
                .skip(1)
                .any(|&s| s == u32::from(']')),
            _ => true,
        }
    }

    fn extended_blank(&mut self, c: char) -> bool {
        let skip = match self.family {
            Family::Java => {
                self.flags.extended && matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0B' | '\x0C')
            }
            Family::Perl => self.flags.extended_more && matches!(c, ' ' | '\t'),
            _ => false,
        };
        if skip {
            self.pos += 1;
        } else if self.family == Family::Java && self.flags.extended && c == '#' {
            while let Some(symbol) = self.bump() {
                if symbol == 10 {
                    break;
                }
            }
            return true;
        }
        skip
    }

    /// One member: a symbol, an escape, a POSIX class.
    fn member(&mut self) -> Parsed<Item> {
        let at = self.pos;
        let c = self.next_ascii();
        if c == '\\' && self.family != Family::Posix {
            self.pos += 1;
            if self.at_end() {
                return Err(self.error_at(at, "a lone backslash at the end"));
            }
            return self.item_escape(at, true);
        }
        if c == '['
            && let Some(set) = self.posix_class()?
        {
            return Ok(Item::Set(set));
        }
        if c == '[' && self.family == Family::DotNet && self.ascii_at(1) == ':' {
            // RegexParser.ScanCharClass: "[:name:]" is read as "[" and the rest is skipped.
            let here = self.pos;
            self.pos += 2;
            while self.next_ascii().is_ascii_alphanumeric() {
                self.pos += 1;
            }
            if !self.eat(":]") {
                self.pos = here + 1;
            }
            return Ok(Item::Symbol(u32::from('[')));
        }
        match self.bump() {
            Some(symbol) => Ok(Item::Symbol(symbol)),
            None => Err(self.error_at(at, "missing terminating ]")),
        }
    }

    /// A range that starts with `low`; `self.pos` is at the dash. `None` where the dash is a
    /// literal after all.
    fn range(&mut self, at: usize, low: &Item) -> Parsed<Option<Set>> {
        let dash = self.pos;
        // .NET and Java: "a-[" starts a subtraction or a nested class.
        if self.ascii_at(1) == '[' && matches!(self.family, Family::DotNet | Family::Java) {
            return Ok(None);
        }
        if self.family == Family::Ruby && self.ascii_at(1) == '[' {
            return Ok(None);
        }
        self.pos += 1;
        let high = self.member()?;
        match (low, high) {
            (Item::Symbol(low), Item::Symbol(high)) => {
                if self.alphabet == Alphabet::Utf16 && (*low > 0xFFFF || high > 0xFFFF) {
                    return Err(self.unsupported("a range outside the basic plane"));
                }
                if *low > high {
                    return Err(self.error_at(at, "range out of order in character class"));
                }
                if self.family == Family::Posix {
                    if high > 0x7F {
                        return Err(self.unsupported("a range by the locale's collation"));
                    }
                    if self.next_ascii() == '-' && self.ascii_at(1) != ']' {
                        return Err(self.error("invalid range end"));
                    }
                }
                Ok(Some(Set::range(*low, high)))
            }
            (low, high) => {
                let members = |parser: &Parser, item: &Item| match item {
                    Item::Symbol(symbol) => parser.symbols_of(*symbol),
                    Item::Set(set) => set.clone(),
                };
                match self.family {
                    // Annex B: the dash is a member.
                    Family::EcmaScript if !self.dialect.ecma_unicode() => Ok(Some(
                        members(self, low)
                            .union(&members(self, &high))
                            .union(&Set::single(u32::from('-'))),
                    )),
                    Family::Perl if self.dialect == Dialect::Perl => {
                        self.pos = dash;
                        self.pos += 1;
                        let dash_set = Set::single(u32::from('-'));
                        Ok(Some(members(self, low).union(&dash_set)))
                    }
                    Family::Java if matches!(low, Item::Set(_)) => {
                        self.pos = dash;
                        Ok(None)
                    }
                    Family::DotNet if matches!(low, Item::Set(_)) => {
                        self.pos = dash;
                        Ok(None)
                    }
                    Family::Go if matches!(low, Item::Set(_)) => {
                        self.pos = dash;
                        Ok(None)
                    }
                    _ => Err(self.error_at(at, "a class is no end of a range")),
                }
            }
        }
    }

    /// `[:name:]`; `None` where the bracket is a literal.
    fn posix_class(&mut self) -> Parsed<Option<Set>> {
        if !any_posix(self) {
            return Ok(None);
        }
        let kind = self.ascii_at(1);
        let at = self.pos;
        let close = format!("{kind}]");
        let mut end = self.pos + 2;
        let mut name = String::new();
        loop {
            let here = self.pos;
            self.pos = end;
            let found = self.looking_at(&close);
            let symbol = self.peek().and_then(char::from_u32);
            self.pos = here;
            if found {
                break;
            }
            match symbol {
                Some(c) if c != ']' || self.family == Family::Posix => name.push(c),
                _ => return Ok(None),
            }
            end += 1;
        }
        if kind != ':' {
            if self.family == Family::Posix {
                if name.chars().count() == 1 {
                    self.pos = end + 2;
                    return Ok(Some(Set::of(&name)));
                }
                return Err(self.error_at(at, "invalid collation character"));
            }
            return Err(self.error_at(at, "POSIX collating elements are not supported"));
        }
        let (negative, plain) = match name.strip_prefix('^') {
            Some(rest) if self.family != Family::Posix => (true, rest),
            _ => (false, name.as_str()),
        };
        let ascii = match self.dialect {
            Dialect::Pcre2Ucp | Dialect::Ruby | Dialect::PosixEre => false,
            Dialect::Perl => self.flags.unicode == Some(false),
            _ => true,
        };
        let set = if ascii {
            unicode::posix_ascii(plain)
        } else {
            unicode::posix_unicode(plain, self.dialect)
        };
        match set {
            Some(set) => {
                self.pos = end + 2;
                let set = self.folded(self.set(&set));
                Ok(Some(self.negated(set, negative)))
            }
            None => Err(self.error_at(at, format!("unknown POSIX class name {plain}"))),
        }
    }
}

/// Whether a POSIX class (or, in POSIX, a collating element) starts here.
fn any_posix(parser: &Parser) -> bool {
    let next = parser.ascii_at(1);
    match parser.family {
        Family::Posix => matches!(next, ':' | '.' | '='),
        Family::Perl => matches!(next, ':' | '.' | '='),
        Family::Ruby | Family::Go => next == ':',
        _ => false,
    }
}
