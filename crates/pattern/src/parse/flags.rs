//! Flags in a pattern, `(?i)` and `(?i:…)`: which a dialect knows, and how far they hold.

use super::super::ast::Node;
use super::super::dialect::{Dialect, Family};
use super::{Flags, Last, Parsed, Parser};

/// The flags of a group as far as they are read.
struct Switches {
    flags: Flags,
    /// Whether the next one is switched on.
    on: bool,
    /// Whether one was named.
    any: bool,
    /// Whether a minus was read.
    minus: bool,
}

impl Parser {
    /// `(?flags)` and `(?flags:…)`.
    pub(super) fn flag_group(&mut self, open: usize) -> Parsed<(Node, Last)> {
        let mut read = Switches {
            flags: self.flags,
            on: true,
            any: false,
            minus: false,
        };
        if self.next_ascii() == '^' && self.family == Family::Perl {
            self.pos += 1;
            // Nothing can be switched off behind it.
            read = Switches {
                flags: Flags::default(),
                on: true,
                any: true,
                minus: true,
            };
        }
        loop {
            if self.family == Family::Java {
                // Switched on, (?x) holds in here as well.
                let outer = std::mem::replace(&mut self.flags, read.flags);
                self.skip_extended();
                self.flags = outer;
            }
            let c = self.next_ascii();
            if self.family == Family::Python && read.minus && !read.any && matches!(c, ':' | ')') {
                return Err(self.error("missing flag"));
            }
            match c {
                ':' if read.any || self.family != Family::Go => {
                    return self.flags_for_group(open, &read);
                }
                ')' => return self.flags_from_here(open, &read),
                '-' if !read.minus || self.family == Family::Ruby => {
                    read.minus = true;
                    read.on = false;
                    read.any = match self.family {
                        Family::Go => read.any,
                        Family::Python => false,
                        _ => true,
                    };
                }
                'c' if self.family == Family::Java => {
                    return Err(self.unsupported("(?c): canonical equivalence"));
                }
                _ => {
                    if !self.flag(c, read.on, &mut read.flags) {
                        return Err(self.error_at(open, "unknown extension after (?"));
                    }
                    read.any = true;
                }
            }
            self.pos += 1;
        }
    }

    /// `(?flags:…)`; `self.pos` is at the colon.
    fn flags_for_group(&mut self, open: usize, read: &Switches) -> Parsed<(Node, Last)> {
        if self.family == Family::EcmaScript {
            return Err(self.unsupported("a group with flags: taken from ECMAScript 2025 on"));
        }
        self.pos += 1;
        let outer = self.switch(read)?;
        let node = self.body(open)?;
        self.flags = outer;
        Ok((node, Last::Item))
    }

    /// `(?flags)`, which holds up to the end of the group around it; `self.pos` is at its end.
    fn flags_from_here(&mut self, open: usize, read: &Switches) -> Parsed<(Node, Last)> {
        self.check_bare_flags(open, read)?;
        self.pos += 1;
        self.flags_until = self.pos;
        let outer = self.switch(read)?;
        match self.family {
            Family::Python => {
                let letters = self.input.get(open..self.pos).unwrap_or_default();
                self.global.0 |= letters.contains(&u32::from('a'));
                self.global.1 |= letters.contains(&u32::from('u'));
                if self.global == (true, true) {
                    return Err(self.error_at(open, "ASCII and UNICODE flags are incompatible"));
                }
                Ok((Node::Empty, Last::Nothing))
            }
            Family::Ruby => {
                // Onigmo: the flags hold for the rest of the group, alternatives included:
                // a(?i)b|c is a(?i:b|c).
                let rest = self.alternation()?;
                self.flags = outer;
                Ok((rest, Last::Item))
            }
            // Go does not see the flags when it looks for what to repeat.
            Family::Go => Ok((Node::Empty, Last::Invisible)),
            _ => Ok((Node::Empty, Last::Nothing)),
        }
    }

    /// Where a dialect does not take `(?flags)`.
    fn check_bare_flags(&self, open: usize, read: &Switches) -> Parsed<()> {
        let bare = matches!(self.family, Family::Python | Family::Ruby | Family::DotNet);
        if self.family == Family::EcmaScript {
            return Err(self.error_at(open, "invalid group"));
        }
        if !read.any && (bare || read.minus && self.family == Family::Go) {
            return Err(self.error_at(open, "missing flag"));
        }
        if self.family == Family::Python && open != self.flags_until {
            return Err(self.error_at(open, "global flags not at the start of the expression"));
        }
        if self.family == Family::Python && read.minus {
            return Err(self.error("missing :"));
        }
        Ok(())
    }

    /// Lets the flags hold; returns those that held.
    fn switch(&mut self, read: &Switches) -> Parsed<Flags> {
        if read.flags.ascii_case && read.flags.ignore_case {
            return Err(self.unsupported("(?aa) without regard to case"));
        }
        Ok(std::mem::replace(&mut self.flags, read.flags))
    }

    /// Switches one flag; `false` where the dialect does not know it.
    fn flag(&self, c: char, on: bool, flags: &mut Flags) -> bool {
        match (c, self.family) {
            ('i', _) => flags.ignore_case = on,
            ('m', Family::Ruby) => flags.dot_all = on,
            ('m', _) => flags.multi_line = on,
            ('s', Family::Ruby) => return false,
            ('s', _) => flags.dot_all = on,
            ('x', Family::EcmaScript | Family::Go) => return false,
            ('x', Family::Perl) => {
                flags.extended_more = on && self.ascii_before() == 'x';
                flags.extended = on;
            }
            ('x', _) => flags.extended = on,
            ('U', Family::Go) => {}
            ('U' | 'J', Family::Perl) if self.dialect.is_pcre2() => {}
            ('U', Family::Java) => {
                flags.unicode = Some(on);
                flags.unicode_case = on;
            }
            ('u', Family::Java) => flags.unicode_case = on,
            ('d', Family::Java) => flags.unix_lines = on,
            ('n', Family::DotNet | Family::Perl) => flags.no_capture = on,
            ('a', Family::Python) if on => flags.unicode = Some(false),
            ('u', Family::Python) if on && self.dialect != Dialect::PythonBytes => {
                flags.unicode = None;
            }
            ('L', Family::Python) if on && self.dialect == Dialect::PythonBytes => {}
            ('a', Family::Perl) if self.dialect == Dialect::Perl && on => {
                match self.charsets_before().as_str() {
                    "" => {}
                    "a" => flags.ascii_case = true,
                    _ => return false,
                }
                flags.unicode = Some(false);
            }
            ('u' | 'd' | 'l', Family::Perl) if self.dialect == Dialect::Perl && on => {
                if !self.charsets_before().is_empty() {
                    return false;
                }
                flags.unicode = None;
            }
            // Of /p and of what is useless in a group (/c, /g, /o) Perl says no more than that.
            ('c' | 'g' | 'o' | 'p', Family::Perl) if self.dialect == Dialect::Perl => {}
            ('a', Family::Ruby) if on => flags.unicode = Some(false),
            ('u', Family::Ruby) if on => flags.unicode = Some(true),
            ('d', Family::Ruby) if on => flags.unicode = None,
            _ => return false,
        }
        true
    }

    /// Perl: the flags for a character set that stand in this group before this place.
    fn charsets_before(&self) -> String {
        let before = self.input.get(..self.pos).unwrap_or_default().iter().rev();
        before
            .filter_map(|&symbol| char::from_u32(symbol))
            .take_while(|&c| c != '?')
            .filter(|c| matches!(c, 'a' | 'd' | 'l' | 'u'))
            .collect()
    }

    fn ascii_before(&self) -> char {
        self.pos
            .checked_sub(1)
            .and_then(|pos| self.input.get(pos).copied())
            .and_then(char::from_u32)
            .unwrap_or('\0')
    }
}
