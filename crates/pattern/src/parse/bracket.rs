//! Bracket expressions: `[…]`.

use super::super::ast::Node;
use super::super::class::Set;
use super::super::dialect::{Dialect, Family};
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
        loop {
            match (symbol(i)?, symbol(i + 1)) {
                ('\\', Some(']' | '\\')) => i += 1,
                (']', _) => return None,
                ('[', Some(next)) if next == kind => return None,
                (c, Some(']')) if c == kind => return Some(i),
                _ => {}
            }
            i += 1;
        }
    }

    fn class(&mut self) -> Parsed<Class> {
        let open = self.pos;
        self.depth += 1;
        self.class_depth += 1;
        if self.depth > super::MAX_DEPTH {
            return Err(self.unsupported("classes nested too deep"));
        }
        self.pos += 1;
        self.quote_in_class();
        let negative = !self.quoting && self.eat("^");
        let mut class = Class {
            set: Set::empty(),
            negative,
            longer: Set::empty(),
            minus: Set::empty(),
        };
        self.members(open, true, &mut class)?;
        self.depth -= 1;
        self.class_depth -= 1;
        self.pos += 1;
        if self.family == Family::Ruby && self.flags.ignore_case {
            // Onigmo folds when the outermost class has been read.
            if self.class_depth > 0 && class.negative {
                return Err(self.unsupported("a negated class in a class without regard to case"));
            }
            // And loses what folding adds between U+0080 and U+00FF (i_apply_case_fold), unless the
            // class is one symbol and becomes a literal.
            let added = self.folded(class.longer.clone()).minus(&class.longer);
            if !added.intersect(&Set::range(0x80, 0xFF)).is_empty()
                && (class.negative || class.longer.len() > 1)
            {
                return Err(
                    self.unsupported("letters of Latin-1 in a class without regard to case")
                );
            }
        }
        Ok(class)
    }

    /// The members up to the closing bracket, which stays unread.
    fn members(&mut self, open: usize, mut first: bool, class: &mut Class) -> Parsed<()> {
        loop {
            self.quote_in_class();
            if self.at_end() {
                return Err(self.error_at(open, "missing terminating ]"));
            }
            let c = if self.quoting {
                '\0'
            } else {
                self.next_ascii()
            };
            if c == ']' {
                // `[]a]` and `[^]a]`: the first bracket is a member, but in ECMAScript.
                if !first || self.family == Family::EcmaScript {
                    break;
                }
            }
            if self.family == Family::Perl && self.flags.extended_more && matches!(c, ' ' | '\t') {
                self.pos += 1;
                continue;
            }
            if self.family == Family::Ruby {
                if c == '[' && !self.posix_class_ahead()? {
                    let inner = self.class()?;
                    class.longer = class.longer.union(&inner.longer);
                    class.set = class.set.union(&self.finished(inner));
                    first = false;
                    continue;
                }
                if self.looking_at("&&") {
                    // Onigmo intersects before it folds.
                    if self.flags.ignore_case {
                        return Err(self.unsupported("&& without regard to case"));
                    }
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
            if self.family == Family::DotNet && !first && self.looking_at("-[") {
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
            first = false;
            if matches!(item, Item::Symbol(_)) {
                self.quote_in_class();
            }
            if !self.quoting
                && self.next_ascii() == '-'
                && self.ascii_at(1) != ']'
                && self.pos + 1 < self.input.len()
                && let Some(range) = self.range(at, &item)?
            {
                // Perl lets single members stand for several symbols, Onigmo ranges as well.
                if self.family == Family::Ruby {
                    class.longer = class.longer.union(&range);
                }
                // Case variants are added to symbols and ranges as they are read, not to `\w` and its
                // like.
                class.set = class.set.union(&self.folded(range));
                continue;
            }
            match item {
                Item::Symbol(symbol) => {
                    class.longer = class.longer.union(&Set::single(symbol));
                    class.set = class.set.union(&self.folded(Set::single(symbol)));
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

    /// PCRE2: `\Q` and `\E` in a class, which are no members. (Java has [`Parser::java_class`]; to Go
    /// they are no escapes there.)
    fn quote_in_class(&mut self) {
        if self.dialect.is_pcre2() {
            self.quote();
        }
    }

    /// One member: a symbol, an escape, a POSIX class.
    fn member(&mut self, ends_range: bool) -> Parsed<Item> {
        let at = self.pos;
        let c = if self.quoting {
            '\0'
        } else {
            self.next_ascii()
        };
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
        self.quote_in_class();
        if !self.quoting && self.next_ascii() == ']' {
            self.pos = dash;
            return Ok(None);
        }
        let high = self.member(true)?;
        match (low, high) {
            (Item::Symbol(low), Item::Symbol(high)) => {
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
                let members = |item: &Item| match item {
                    Item::Symbol(symbol) => Set::single(*symbol),
                    Item::Set(set) => set.clone(),
                };
                match self.family {
                    // Annex B: the dash is a member.
                    Family::EcmaScript if !self.dialect.ecma_unicode() => Ok(Some(
                        members(low)
                            .union(&members(&high))
                            .union(&Set::single(u32::from('-'))),
                    )),
                    Family::Perl if self.dialect == Dialect::Perl => {
                        self.pos = dash;
                        self.bump();
                        let dash_set = Set::single(u32::from('-'));
                        Ok(Some(members(low).union(&dash_set)))
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
