//! POSIX classes and collating elements in brackets: `[:alpha:]`, `[.a.]`, `[=a=]`.

use super::super::class::Set;
use super::super::dialect::{Dialect, Family};
use super::super::unicode;
use super::escape::Item;
use super::{Parsed, Parser};

/// What stands where a POSIX class might: which kind, its name, and where its closing part starts.
struct Found {
    kind: char,
    name: String,
    end: usize,
}

impl Parser {
    /// Whether a bracket opens no class in a class (Onigmo): a POSIX class, or what has the end of
    /// one and is none.
    pub(super) fn posix_class_ahead(&self) -> Parsed<bool> {
        Ok(self.posix_found()?.is_some())
    }

    /// `[:name:]` and its like; `None` where the bracket is a literal (or opens a class).
    pub(super) fn posix_class(&mut self) -> Parsed<Option<Item>> {
        let at = self.pos;
        let Some(found) = self.posix_found()? else {
            return Ok(None);
        };
        if found.kind != ':' {
            if self.family != Family::Posix {
                return Err(self.error_at(at, "POSIX collating elements are not supported"));
            }
            let mut symbols = found.name.chars();
            let (Some(symbol), None) = (symbols.next(), symbols.next()) else {
                return Err(self.error_at(at, "invalid collation character"));
            };
            self.pos = found.end + 2;
            return Ok(Some(match found.kind {
                '.' => Item::Symbol(u32::from(symbol)),
                _ => Item::Set(Set::single(u32::from(symbol))),
            }));
        }
        let (negative, plain) = match found.name.strip_prefix('^') {
            Some(rest) if self.family != Family::Posix => (true, rest),
            _ => (false, found.name.as_str()),
        };
        if self.dialect == Dialect::Pcre2Ucp
            && self.flags.ignore_case
            && matches!(plain, "upper" | "lower")
        {
            return Err(
                self.unsupported("[:upper:] without regard to case: depends on the version")
            );
        }
        let Some(set) = self.posix_set(plain) else {
            // Onigmo: a literal bracket after all, unless it is closed within 20 symbols.
            if self.family == Family::Ruby && (plain.contains([':', ']']) || plain.len() > 20) {
                return Ok(None);
            }
            // Perl guesses whether it was meant to be one.
            if self.dialect == Dialect::Perl {
                return Err(self.unsupported("what looks like a misspelled POSIX class"));
            }
            return Err(self.error_at(at, format!("unknown POSIX class name {plain}")));
        };
        self.pos = found.end + 2;
        // PCRE2 ERR50: a dash behind it is taken for a mistake.
        if self.dialect.is_pcre2() && self.next_ascii() == '-' && self.ascii_at(1) != ']' {
            return Err(self.error("invalid range in character class"));
        }
        let set = self.set(&set);
        if self.family == Family::Ruby && self.folded(set.clone()) != set {
            return Err(self.unsupported("a POSIX class without regard to case"));
        }
        // Go and RE2 fold the named sets as well.
        let set = if self.family == Family::Go {
            self.folded(set)
        } else {
            set
        };
        Ok(Some(Item::Set(self.negated(set, negative))))
    }

    fn posix_set(&self, name: &str) -> Option<Set> {
        let ascii = match self.dialect {
            Dialect::Pcre2Ucp | Dialect::PosixEre => false,
            Dialect::Perl | Dialect::Ruby => self.flags.unicode == Some(false),
            _ => true,
        };
        // Perl and PCRE2: without regard to case both mean all cased letters.
        let cased = self.flags.ignore_case
            && self.family == Family::Perl
            && matches!(name, "upper" | "lower");
        match (ascii, cased) {
            (true, true) => unicode::posix_ascii("alpha"),
            (true, false) => unicode::posix_ascii(name),
            (false, true) => unicode::property("Cased"),
            (false, false) => unicode::posix_unicode(name, self.dialect),
        }
    }

    fn posix_found(&self) -> Parsed<Option<Found>> {
        let kind = self.ascii_at(1);
        let possible = match self.family {
            Family::Posix | Family::Perl => matches!(kind, ':' | '.' | '='),
            Family::Ruby | Family::Go => kind == ':',
            _ => false,
        };
        if !possible {
            return Ok(None);
        }
        let at = |i: usize| self.input.get(i).copied().and_then(char::from_u32);
        let posix = self.family == Family::Posix;
        let mut name = String::new();
        let mut end = self.pos + 2;
        let closed = loop {
            match at(end) {
                Some(c) if c == kind && at(end + 1) == Some(']') => break true,
                // PCRE2 gives up at the next bracket of that kind; it passes over some escapes,
                // Onigmo over all.
                Some('[') if self.dialect.is_pcre2() && at(end + 1) == Some(kind) => break false,
                Some('\\')
                    if self.family == Family::Ruby
                        || (self.dialect.is_pcre2() && matches!(at(end + 1), Some(']' | '\\'))) =>
                {
                    name.push('\\');
                    end += 1;
                    name.extend(at(end));
                }
                // Go looks for the end in all that follows.
                Some(c) if c != ']' || posix || self.family == Family::Go => name.push(c),
                _ => break false,
            }
            end += 1;
        };
        if closed && !(self.dialect == Dialect::Perl && kind == ':' && name.is_empty()) {
            return Ok(Some(Found { kind, name, end }));
        }
        // glibc: what opens such an element must close it. Perl guesses what a misspelled one means.
        if posix {
            return Err(self.error("unmatched [, [^, [:, [., or [="));
        }
        if self.dialect == Dialect::Perl && !closed && name.contains(|c: char| c.is_alphabetic()) {
            return Err(self.unsupported("what looks like a misspelled POSIX class"));
        }
        Ok(None)
    }
}
