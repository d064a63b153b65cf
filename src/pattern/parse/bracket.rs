//! Bracket expressions: `[…]`.

use super::super::ast::Node;
use super::super::class::Set;
use super::super::dialect::{Alphabet, Dialect, Family};
use super::escape::Item;
use super::{Parsed, Parser};

/// A class as it was read, before it is negated.
struct Class {
    set: Set,
    negative: bool,
    /// Members that may stand for several symbols when case is ignored (Perl, Onigmo).
    longer: Set,
    /// .NET: what is taken away from it, after it was negated.
    minus: Set,
}

impl Parser {
    /// A class; `self.pos` is at its bracket.
    pub(super) fn bracket(&mut self) -> Parsed<Node> {
        if self.dialect == Dialect::EcmaScriptV {
            return self.bracket_v().map(Node::Set);
        }
        if self.family == Family::Java {
            return self.java_class(true).map(Node::Set);
        }
        self.check_outside_class()?;
        let class = self.class()?;
        let mut nodes = if class.negative || !self.folds_many() {
            Vec::new()
        } else {
            self.longer_members(&class.longer)?
        };
        nodes.push(Node::Set(self.finished(class)));
        Ok(Node::alt(nodes))
    }

    fn finished(&self, class: Class) -> Set {
        self.negated(class.set, class.negative).minus(&class.minus)
    }

    /// PCRE2 refuses a POSIX class outside brackets, and has two that mean word boundaries.
    fn check_outside_class(&self) -> Parsed<()> {
        if !self.dialect.is_pcre2() {
            return Ok(());
        }
        if self.looking_at("[[:<:]]") || self.looking_at("[[:>:]]") {
            return Err(self.unsupported("a word boundary written as a class"));
        }
        if self.pcre2_posix_end(self.pos).is_some() {
            return Err(self.error("POSIX named classes are supported only within a class"));
        }
        Ok(())
    }

    /// Where PCRE2 sees the end of `[:…:]`, `[.….]` or `[=…=]` that starts at `at`
    /// (check_posix_syntax): an escaped bracket or backslash is passed over.
    fn pcre2_posix_end(&self, at: usize) -> Option<usize> {
        let symbol = |i: usize| self.input.get(i).copied().and_then(char::from_u32);
        let kind = symbol(at + 1).filter(|c| matches!(c, ':' | '.' | '='))?;
        let mut i = at + 2;
        while i + 1 < self.input.len() {
            match (symbol(i), symbol(i + 1)) {
                (Some('\\'), Some(']' | '\\')) => i += 1,
                (Some(']'), _) => return None,
                (Some('['), Some(next)) if next == kind => return None,
                (Some(c), Some(']')) if c == kind => return Some(i),
                _ => {}
            }
            i += 1;
        }
        None
    }

    fn class(&mut self) -> Parsed<Class> {
        let open = self.pos;
        self.depth += 1;
        self.class_depth += 1;
        if self.depth > super::MAX_DEPTH {
            return Err(self.unsupported("classes nested too deep"));
        }
        self.pos += 1;
        let negative = self.eat("^");
        let mut class = Class {
            set: Set::empty(),
            negative,
            longer: Set::empty(),
            minus: Set::empty(),
        };
        self.members(open, true, &mut class)?;
        self.depth -= 1;
        self.class_depth -= 1;
        if !self.eat("]") {
            return Err(self.error_at(open, "missing terminating ]"));
        }
        // ECMA-262 CharacterSetMatcher canonicalizes every member.
        if self.family == Family::EcmaScript {
            class.set = self.folded(class.set);
        }
        // Onigmo folds when the outermost class has been read.
        let inner = self.family == Family::Ruby && self.class_depth > 0;
        if inner && class.negative && self.flags.ignore_case {
            return Err(self.unsupported("a negated class in a class without regard to case"));
        }
        Ok(class)
    }

    /// Elsewhere case variants are added to symbols and ranges as they are read, not to `\w` and its
    /// like.
    fn folded_member(&self, set: Set) -> Set {
        match self.family {
            Family::EcmaScript => set,
            _ => self.folded(set),
        }
    }

    /// The members up to the closing bracket, which stays unread.
    fn members(&mut self, open: usize, mut first: bool, class: &mut Class) -> Parsed<()> {
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
            if self.family == Family::Perl && self.flags.extended_more && matches!(c, ' ' | '\t') {
                self.pos += 1;
                continue;
            }
            // PCRE2: no member, so that a bracket behind it is still the first.
            if self.dialect.is_pcre2() && (self.eat("\\E") || self.eat("\\Q\\E")) {
                continue;
            }
            if self.family == Family::Ruby {
                if c == '[' && !self.posix_class_ahead()? {
                    let inner = self.class()?;
                    class.longer = class.longer.union(&inner.longer);
                    class.set = class.set.union(&self.finished(inner));
                    any = true;
                    first = false;
                    continue;
                }
                if self.looking_at("&&") {
                    self.pos += 2;
                    let mut right = Class {
                        set: Set::empty(),
                        negative: false,
                        longer: Set::empty(),
                        minus: Set::empty(),
                    };
                    self.members(open, false, &mut right)?;
                    class.set = class.set.intersect(&right.set);
                    class.longer = class.longer.intersect(&right.longer);
                    return Ok(());
                }
            }
            if self.family == Family::DotNet && any && self.looking_at("-[") {
                self.pos += 1;
                let minus = self.class()?;
                class.minus = self.finished(minus);
                if self.next_ascii() != ']' {
                    return Err(self.error("a subtraction must be the last element in a class"));
                }
                return Ok(());
            }
            let at = self.pos;
            let item = self.member(false)?;
            any = true;
            first = false;
            if self.next_ascii() == '-'
                && self.ascii_at(1) != ']'
                && self.pos + 1 < self.input.len()
                && let Some(range) = self.range(at, &item)?
            {
                // Perl lets single members stand for several symbols, Onigmo ranges as well.
                if self.family == Family::Ruby {
                    class.longer = class.longer.union(&range);
                }
                class.set = class.set.union(&self.folded_member(range));
                continue;
            }
            match item {
                Item::Symbol(symbol) => {
                    let symbols = self.symbols_of(symbol);
                    class.longer = class.longer.union(&symbols);
                    class.set = class.set.union(&self.folded_member(symbols));
                }
                Item::Set(members) => {
                    // Onigmo counts all that is not ASCII to the complement of such a class.
                    if self.family == Family::Ruby
                        && class.negative
                        && self.class_depth > 1
                        && members.contains(0x10_FFFF)
                    {
                        return Err(self.unsupported("\\D and its like in a negated inner class"));
                    }
                    class.set = class.set.union(&members);
                }
            }
        }
        Ok(())
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

    /// One member: a symbol, an escape, a POSIX class.
    fn member(&mut self, ends_range: bool) -> Parsed<Item> {
        let at = self.pos;
        let c = self.next_ascii();
        if c == '\\' && self.family != Family::Posix {
            self.pos += 1;
            if self.at_end() {
                return Err(self.error_at(at, "a lone backslash at the end"));
            }
            return self.item_escape(at, true);
        }
        // Go: what ends a range is a symbol in any case.
        if c == '['
            && !(ends_range && self.family == Family::Go)
            && let Some(item) = self.posix_class()?
        {
            return Ok(item);
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
        // .NET: "a-[" starts a subtraction.
        if self.ascii_at(1) == '[' && self.family == Family::DotNet {
            return Ok(None);
        }
        if self.family == Family::Ruby && self.ascii_at(1) == '[' {
            self.pos += 1;
            let named = self.posix_class_ahead();
            self.pos = dash;
            return match low {
                Item::Set(_) => Err(self.error("unmatched range specifier in char-class")),
                Item::Symbol(_) if named? => Err(self.error("char-class value at end of range")),
                // Onigmo loses the symbol and the dash.
                Item::Symbol(_) => Err(self.unsupported("a range that ends with a class")),
            };
        }
        if self.family == Family::Ruby && self.ascii_at(1) == '&' && self.ascii_at(2) == '&' {
            return Err(self.unsupported("a dash before &&"));
        }
        self.pos += 1;
        if self.family == Family::DotNet && self.looking_at("\\-") {
            return Err(self.unsupported(
                "an escaped dash that ends a range: .NET 5 and later take it, .NET Framework not",
            ));
        }
        let high = self.member(true)?;
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
}
