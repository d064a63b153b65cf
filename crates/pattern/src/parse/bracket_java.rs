//! Classes of `java.util.regex`: unions, nested classes and `&&` as `Pattern.clazz` reads them,
//! with its oddities.

use super::super::class::Set;
use super::escape::Item;
use super::{Parsed, Parser};

impl Parser {
    /// A class; `self.pos` is at its bracket. The right side of `&&` is read without a bracket of its
    /// own (`bracketed` is false) and leaves the closing one unread.
    pub(super) fn java_class(&mut self, bracketed: bool) -> Parsed<Set> {
        let open = self.pos;
        self.depth += 1;
        if self.depth > super::MAX_DEPTH {
            return Err(self.unsupported("classes nested too deep"));
        }
        let mut negative = false;
        if bracketed {
            self.pos += 1;
            // Not behind a blank.
            negative = !self.quote() && self.eat("^");
        }
        // What was put together, the part added last, and single symbols that Java keeps apart in
        // a table of bits until the end.
        let (mut all, mut last): (Option<Set>, Option<Set>) = (None, None);
        let mut bits: Option<Set> = None;
        loop {
            let quoted = self.java_blanks();
            if self.at_end() {
                return Err(self.error_at(open, "unclosed character class"));
            }
            let c = if quoted { '\0' } else { self.next_ascii() };
            if c == '[' {
                let inner = self.java_class(true)?;
                all = Some(all.unwrap_or_default().union(&inner));
                last = Some(inner);
                continue;
            }
            if !quoted && self.looking_at("&&") {
                self.pos += 2;
                let right = self.java_right()?;
                if let Some(bits) = bits.take() {
                    if all.is_none() {
                        last = Some(bits.clone());
                    }
                    all = Some(all.unwrap_or_default().union(&bits));
                }
                let found = right.is_some();
                last = right.or(last);
                all = match (all, &last) {
                    (None, _) if !found => return Err(self.error("bad class syntax")),
                    (None, right) => right.clone(),
                    (Some(_), None) => {
                        return Err(self.unsupported(
                            "&& at the end of a class: Java throws a NullPointerException",
                        ));
                    }
                    (Some(left), Some(right)) => Some(left.intersect(right)),
                };
                if self.next_ascii() == '&' {
                    return Err(self.unsupported("&&& in a class"));
                }
                continue;
            }
            if c == ']' && (all.is_some() || bits.is_some()) {
                if bracketed {
                    self.pos += 1;
                }
                break;
            }
            match self.java_member()? {
                (set, true) => {
                    bits = Some(bits.unwrap_or_default().union(&set));
                    last = None;
                }
                (set, false) => {
                    all = Some(all.unwrap_or_default().union(&set));
                    last = Some(set);
                }
            }
        }
        self.depth -= 1;
        let set = all.unwrap_or_default().union(&bits.unwrap_or_default());
        Ok(self.negated(set, negative))
    }

    /// The right side of `&&`: nested classes, or members without brackets; `None` where there is
    /// nothing.
    fn java_right(&mut self) -> Parsed<Option<Set>> {
        let mut right: Option<Set> = None;
        loop {
            let quoted = self.java_blanks();
            match self.next_ascii() {
                ']' | '&' if !quoted => return Ok(right),
                _ if self.at_end() => return Err(self.error("unclosed character class")),
                '[' if !quoted => {
                    let inner = self.java_class(true)?;
                    right = Some(right.unwrap_or_default().union(&inner));
                }
                _ if right.is_some() => {
                    return Err(self.unsupported(
                        "members behind a class behind &&: before JDK 16 they replace it (JDK-8037397)",
                    ));
                }
                // Members without brackets end the class.
                _ => right = Some(self.java_class(false)?),
            }
        }
    }

    /// One member, and whether Java keeps it in its table of bits.
    fn java_member(&mut self) -> Parsed<(Set, bool)> {
        let at = self.pos;
        let low = match self.java_item(false)? {
            Item::Set(set) => return Ok((set, false)),
            Item::Symbol(low) => low,
        };
        let dash = !self.java_blanks() && self.next_ascii() == '-';
        let here = self.pos;
        self.pos += 1;
        // What is quoted is no bracket.
        let quoted = dash && self.java_blanks();
        if !dash || self.at_end() || (!quoted && matches!(self.next_ascii(), '[' | ']')) {
            self.pos = here;
            let apart = self.flags.ignore_case
                && self.flags.unicode_case
                && matches!(
                    low,
                    0xFF | 0xB5 | 0x49 | 0x69 | 0x53 | 0x73 | 0x4B | 0x6B | 0xC5 | 0xE5
                );
            return Ok((self.folded_symbol(low), low < 256 && !apart));
        }
        match self.java_item(true)? {
            Item::Symbol(high) if high >= low => Ok((self.folded(Set::range(low, high)), false)),
            _ => Err(self.error_at(at, "illegal character range")),
        }
    }

    fn java_item(&mut self, ends_range: bool) -> Parsed<Item> {
        let at = self.pos;
        let Some(symbol) = self.bump() else {
            return Err(self.error_at(at, "unclosed character class"));
        };
        if self.quoting || symbol != u32::from('\\') {
            return Ok(Item::Symbol(symbol));
        }
        if self.at_end() {
            return Err(self.error_at(at, "a lone backslash at the end"));
        }
        // Pattern.escape: next to a dash \v is what it was before Java 8, a vertical tab.
        if self.next_ascii() == 'v' && (ends_range || self.ascii_at(1) == '-') {
            self.pos += 1;
            return Ok(Item::Symbol(11));
        }
        self.item_escape(at, true)
    }

    /// Passes over `\Q` and `\E`, and blanks and comments under `x`; whether a quoted symbol is next.
    fn java_blanks(&mut self) -> bool {
        loop {
            let here = self.pos;
            if self.quote() {
                return true;
            }
            self.skip_extended();
            if self.pos == here {
                return false;
            }
        }
    }
}
