//! Quantifiers: `* + ? {n,m}`, lazy and possessive, and what they may stand behind.

use super::super::ast::Node;
use super::super::dialect::{Dialect, Family};
use super::{Last, Parsed, Parser, group};

impl Parser {
    /// Whether a quantifier starts here.
    pub(super) fn quantifier_ahead(&self, last: Last) -> bool {
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
    pub(super) fn braces(&self) -> Option<(u32, Option<u32>, usize)> {
        let blanks = (self.dialect.is_pcre2() || self.dialect == Dialect::Perl) as usize;
        let blank = |i: &mut usize| {
            while blanks > 0 && matches!(self.ascii_at(*i), ' ' | '\t') {
                *i += 1;
            }
        };
        // Go: a number with a leading zero makes the brace a literal.
        let strict = self.family == Family::Go;
        let number = |i: &mut usize| {
            let mut value: Option<u32> = None;
            if strict && self.ascii_at(*i) == '0' && self.ascii_at(*i + 1).is_ascii_digit() {
                return None;
            }
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

    pub(super) fn quantifier(&mut self, nodes: &mut Vec<Node>, last: &mut Last) -> Parsed<()> {
        let at = self.pos;
        self.check_braces()?;
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
                    if self.flags.extended {
                        return Err(self.unsupported("blanks in braces under (?x)"));
                    }
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
            // Onigmo: a{n}? is not lazy but optional, by a quantifier of its own.
            Family::Ruby if self.next_ascii() == '?' && was_braces && max == Some(min) => {}
            _ if self.next_ascii() == '?' => self.pos += 1,
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
        if max.is_some_and(|max| max < min) {
            nodes.push(Node::never());
            *last = Last::Quantified;
            return Ok(());
        }
        let line_break =
            at >= 2 && self.input.get(at - 2..at) == Some(&[u32::from('\\'), u32::from('R')][..]);
        if line_break
            && matches!(
                self.dialect,
                Dialect::Perl | Dialect::Java | Dialect::JavaUnicode | Dialect::JavaUnixLines
            )
        {
            return Err(self.unsupported("a repeated \\R: not matched as it is alone"));
        }
        // Onigmo may write a counted literal out, and then joins its letters.
        if self.family == Family::Ruby && was_braces && self.flags.ignore_case && max != Some(1) {
            self.check_parts(&[node.clone(), node.clone()], &[])?;
        }
        self.check_repeated_anchor(&node, max)?;
        nodes.push(if possessive {
            self.possessive(node, min, max)?
        } else {
            Node::repeat(node, min, max)
        });
        *last = Last::Quantified;
        Ok(())
    }

    /// `x*+` is `(?>x*)`.
    fn possessive(&self, node: Node, min: u32, max: Option<u32>) -> Parsed<Node> {
        group::atomic(Node::repeat(node, min, max))
            .ok_or_else(|| self.unsupported("a possessive quantifier on more than one symbol"))
    }

    /// Braces on which versions of an engine differ, or that it refuses.
    fn check_braces(&self) -> Parsed<()> {
        let Some((_, _, length)) = self.braces() else {
            return Ok(());
        };
        if self.next_ascii() != '{' {
            return Ok(());
        }
        let inside: String = (1..length).map(|i| self.ascii_at(i)).collect();
        let blank = inside.contains([' ', '\t']);
        if self.dialect.is_pcre2() && (blank || inside.starts_with(',')) {
            return Err(self.unsupported(
                "blanks in braces and {,n}: a quantifier from PCRE2 10.43 on, literal before",
            ));
        }
        let zero = |number: &str| number.len() > 1 && number.starts_with('0');
        if self.dialect == Dialect::Perl && inside.split([' ', '\t', ',', '}']).any(zero) {
            return Err(self.error("invalid quantifier in {,}"));
        }
        Ok(())
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
            // Perl warns and matches nothing (perldiag "Quantifier {n,m} with n > m can't match").
            if self.dialect == Dialect::Perl {
                return match self.next_ascii() {
                    '?' | '+' => Err(self.error("quantifier follows nothing")),
                    '{' | '*' => Err(self.unsupported("two quantifiers")),
                    _ => Ok(()),
                };
            }
            // Onigmo swaps the two and makes it possessive.
            if self.family == Family::Ruby {
                return Err(self.unsupported("a quantifier with its bounds in reverse"));
            }
            return Err(self.error_at(at, "repeat bounds out of order"));
        }
        Ok(())
    }
}
