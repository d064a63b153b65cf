//! Escapes as Python, Go and the family of Perl (PCRE2, Java, Ruby, .NET, Rust's relatives) spell
//! them.

use super::super::dialect::{Dialect, Family};
use super::super::unicode::{self, Shorthand};
use super::escape::Item;
use super::{Parsed, Parser};

impl Parser {
    pub(super) fn python_escape(&mut self, at: usize) -> Parsed<Item> {
        let bytes = self.dialect == Dialect::PythonBytes;
        let c = self.next_ascii();
        let Some(symbol) = self.bump() else {
            return Err(self.error_at(at, "bad escape (end of pattern)"));
        };
        let simple = match c {
            'a' => Some(7),
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'v' => Some(11),
            'b' => Some(8),
            _ => None,
        };
        if let Some(simple) = simple {
            return Ok(Item::Symbol(simple));
        }
        let exact = |parser: &mut Parser, count: usize| {
            parser
                .hex(count)
                .filter(|&value| value <= 0x10_FFFF)
                .ok_or_else(|| parser.error_at(at, format!("incomplete escape \\{c}")))
        };
        match c {
            'x' => exact(self, 2).map(Item::Symbol),
            'u' if !bytes => exact(self, 4).map(Item::Symbol),
            'U' if !bytes => exact(self, 8).map(Item::Symbol),
            'N' if !bytes => Err(self.unsupported("\\N{name}")),
            '0' => {
                let more = self.digits(8, 2);
                Ok(Item::Symbol(more.unwrap_or(0)))
            }
            '1'..='7' => {
                self.pos -= 1;
                let value = self.digits(8, 3).unwrap_or(0);
                if value > 0o377 {
                    return Err(self.error_at(at, "octal escape outside of range 0-0o377"));
                }
                Ok(Item::Symbol(value))
            }
            c if c.is_ascii_alphanumeric() => Err(self.error_at(at, format!("bad escape \\{c}"))),
            _ => Ok(Item::Symbol(symbol)),
        }
    }

    pub(super) fn go_escape(&mut self, at: usize) -> Parsed<Item> {
        let c = self.next_ascii();
        let Some(symbol) = self.bump() else {
            return Err(self.error_at(at, "trailing backslash at end of expression"));
        };
        let refused = self.error_at(at, format!("invalid escape sequence: \\{c}"));
        let bad = || Err(refused.clone());
        match c {
            'a' => Ok(Item::Symbol(7)),
            'f' => Ok(Item::Symbol(12)),
            't' => Ok(Item::Symbol(9)),
            'n' => Ok(Item::Symbol(10)),
            'r' => Ok(Item::Symbol(13)),
            'v' => Ok(Item::Symbol(11)),
            '1'..='7' if !self.next_ascii().is_digit(8) => bad(),
            '0'..='7' => {
                self.pos -= 1;
                Ok(Item::Symbol(self.digits(8, 3).unwrap_or(0)))
            }
            'x' if self.eat("{") => match self.digits(16, 16) {
                Some(value) if value <= 0x10_FFFF && self.eat("}") => Ok(Item::Symbol(value)),
                _ => bad(),
            },
            'x' => match self.hex(2) {
                Some(value) => Ok(Item::Symbol(value)),
                None => bad(),
            },
            c if symbol < 0x80 && !c.is_ascii_alphanumeric() => Ok(Item::Symbol(symbol)),
            _ => bad(),
        }
    }

    /// PCRE2, Perl, Java, Ruby and .NET share most of their escapes.
    pub(super) fn perl_escape(&mut self, at: usize, in_class: bool) -> Parsed<Item> {
        let c = self.next_ascii();
        let Some(symbol) = self.bump() else {
            return Err(self.error_at(at, "\\ at end of pattern"));
        };
        let (perl, java) = (self.family == Family::Perl, self.family == Family::Java);
        let (ruby, net) = (self.family == Family::Ruby, self.family == Family::DotNet);
        match c {
            'a' => Ok(Item::Symbol(7)),
            'e' => Ok(Item::Symbol(27)),
            'f' => Ok(Item::Symbol(12)),
            'n' => Ok(Item::Symbol(10)),
            'r' => Ok(Item::Symbol(13)),
            't' => Ok(Item::Symbol(9)),
            'v' => Ok(Item::Symbol(11)),
            'b' if !java => Ok(Item::Symbol(8)),
            'c' => self.control_escape(at),
            'x' => self.hex_escape(at),
            'u' if ruby && self.eat("{") => self.ruby_braced(at),
            'u' if java || net || ruby => self.unicode_escape(at),
            '0' if java => self.java_octal(at),
            'o' if perl && self.eat("{") => self.braced_octal(at),
            // PCRE2: only with UTF.
            'N' if perl
                && self.looking_at("{U+")
                && matches!(self.dialect, Dialect::Perl | Dialect::Pcre2Ucp) =>
            {
                self.code_point(at)
            }
            'N' if (java || self.dialect == Dialect::Perl) && self.next_ascii() == '{' => {
                Err(self.unsupported("\\N{name}"))
            }
            '0'..='7' if !java => self.octal(at),
            '8' | '9' if !java && !net => Ok(Item::Symbol(symbol)),
            _ => self.letter_or_sign(at, symbol, in_class),
        }
    }

    /// `\cX`; `self.pos` is behind the `c`.
    fn control_escape(&mut self, at: usize) -> Parsed<Item> {
        let (java, ruby) = (self.family == Family::Java, self.family == Family::Ruby);
        match self.bump() {
            Some(x) if java => Ok(Item::Symbol(x ^ 64)),
            Some(0x7B) if self.dialect == Dialect::Perl => {
                Err(self.error_at(at, "use ; instead of \\c{"))
            }
            // Onigmo: what follows may be an escape itself.
            Some(0x3F) if ruby => {
                Err(self.unsupported("\\c?: DEL in Ruby's literals, U+001F by its Regexp.new"))
            }
            Some(0x5C) if ruby => match self.bump() {
                Some(0x5C) => Ok(Item::Symbol(0x1C)),
                Some(_) => Err(self.unsupported("a control escape of an escape")),
                None => Err(self.error_at(at, "too short control sequence")),
            },
            Some(x) if ruby && x < 0x80 => Ok(Item::Symbol(x & 0x9F)),
            Some(_) if ruby => Err(self.unsupported("a control escape outside ASCII")),
            Some(x) if (0x20..0x7F).contains(&x) => {
                let upper = if (0x61..=0x7A).contains(&x) {
                    x - 32
                } else {
                    x
                };
                if self.family == Family::DotNet && !(0x40..=0x5F).contains(&upper) {
                    return Err(self.error_at(at, "unrecognized control character"));
                }
                Ok(Item::Symbol(upper ^ 64))
            }
            _ => Err(self.error_at(at, "bad control escape")),
        }
    }

    /// `\xHH` and `\x{…}`; `self.pos` is behind the `x`.
    fn hex_escape(&mut self, at: usize) -> Parsed<Item> {
        let (java, net) = (self.family == Family::Java, self.family == Family::DotNet);
        let ruby = self.family == Family::Ruby;
        if !net && !ruby && self.eat("{") {
            if self.dialect == Dialect::Perl {
                return self.perl_braced(at, 16);
            }
            return self
                .braced(16)
                .ok_or_else(|| self.error_at(at, "bad \\x{} escape"));
        }
        if java || net {
            let value = self.hex(2).map(Item::Symbol);
            return value.ok_or_else(|| self.error_at(at, "illegal hexadecimal escape"));
        }
        match self.digits(16, 2) {
            None if ruby => Err(self.error_at(at, "invalid hex escape")),
            None if self.dialect.is_pcre2() => Err(self.unsupported(
                "\\x without digits: U+0000 before PCRE2 10.45, an error from there on",
            )),
            Some(value) if ruby && value > 0x7F => {
                Err(self.unsupported("a byte escape in a UTF-8 pattern"))
            }
            value => Ok(Item::Symbol(value.unwrap_or(0))),
        }
    }

    /// The number and the closing brace of PCRE2's and Java's `\x{…}` and `\o{…}`.
    fn braced(&mut self, radix: u32) -> Option<Item> {
        let value = self.digits(radix, 16)?;
        (value <= self.limit() && self.eat("}")).then_some(Item::Symbol(value))
    }

    /// Ruby's `\u{…}`; `self.pos` is behind the brace.
    fn ruby_braced(&mut self, at: usize) -> Parsed<Item> {
        match self.digits(16, 8) {
            Some(value) if char::from_u32(value).is_some() && self.eat("}") => {
                Ok(Item::Symbol(value))
            }
            _ if matches!(self.next_ascii(), ' ' | '\t') => {
                Err(self.unsupported("several code points in \\u{}"))
            }
            _ => Err(self.error_at(at, "invalid Unicode escape")),
        }
    }

    /// `\uHHHH` of Java, .NET and Ruby; `self.pos` is behind the `u`.
    fn unicode_escape(&mut self, at: usize) -> Parsed<Item> {
        let Some(high) = self.hex(4) else {
            return Err(self.error_at(at, "illegal Unicode escape"));
        };
        if self.family == Family::Ruby && (0xD800..0xE000).contains(&high) {
            return Err(self.error_at(at, "invalid Unicode range"));
        }
        Ok(Item::Symbol(match self.family {
            Family::Java => self.paired(high),
            _ => high,
        }))
    }

    /// Java's `\0` and octal digits; `self.pos` is behind the zero.
    fn java_octal(&mut self, at: usize) -> Parsed<Item> {
        if !self.next_ascii().is_digit(8) {
            return Err(self.error_at(at, "illegal octal escape"));
        }
        let most = if self.next_ascii() <= '3' { 3 } else { 2 };
        Ok(Item::Symbol(self.digits(8, most).unwrap_or(0)))
    }

    /// `\o{…}` of Perl and PCRE2; `self.pos` is behind the brace.
    fn braced_octal(&mut self, at: usize) -> Parsed<Item> {
        if self.dialect != Dialect::Perl {
            return self
                .braced(8)
                .ok_or_else(|| self.error_at(at, "bad \\o{} escape"));
        }
        if self.next_ascii() == '}' {
            return Err(self.error_at(at, "empty \\o{}"));
        }
        self.perl_braced(at, 8)
    }

    /// `\N{U+…}`; `self.pos` is behind the `N`.
    fn code_point(&mut self, at: usize) -> Parsed<Item> {
        self.pos += 3;
        match self.digits(16, 8) {
            Some(value) if value <= 0x10_FFFF && self.eat("}") => Ok(Item::Symbol(value)),
            Some(_) if self.dialect == Dialect::Perl && self.eat("}") => {
                Err(self.unsupported("a code point beyond Unicode"))
            }
            _ => Err(self.error_at(at, "bad \\N{U+} escape")),
        }
    }

    /// Octal digits without a mark, of all but Java; `self.pos` is behind the first.
    fn octal(&mut self, at: usize) -> Parsed<Item> {
        self.pos -= 1;
        // RegexParser.ScanOctal: with RegexOptions.ECMAScript it ends at 32 or more.
        let mut most = 3;
        if self.dialect == Dialect::DotNetEcmaScript {
            let two = [0, 1].map(|i| self.ascii_at(i).to_digit(8));
            if let [Some(a), Some(b)] = two
                && a * 8 + b >= 32
            {
                most = 2;
            }
        }
        let value = self.digits(8, most).unwrap_or(0);
        if value > self.limit() || (self.family == Family::Ruby && value > 0x7F) {
            return Err(self.error_at(at, "octal value is greater than \\377"));
        }
        let net = self.family == Family::DotNet;
        Ok(Item::Symbol(if net { value & 0xFF } else { value }))
    }

    /// An escaped symbol that means nothing of its own: itself or an error.
    fn letter_or_sign(&self, at: usize, symbol: u32, in_class: bool) -> Parsed<Item> {
        let c = char::from_u32(symbol)
            .filter(char::is_ascii)
            .unwrap_or('\0');
        let ruby = self.family == Family::Ruby;
        let bad = || Err(self.error_at(at, format!("unrecognized escape \\{c}")));
        match c {
            'N' if in_class && self.family == Family::Perl => {
                Err(self.error_at(at, "\\N in a class must be a named character"))
            }
            'g' if in_class && self.dialect.is_pcre2() => Err(self.unsupported("\\g in a class")),
            'C' | 'M' if ruby && self.next_ascii() == '-' => {
                Err(self.unsupported("a control or meta escape"))
            }
            'C' | 'M' if ruby => bad(),
            // perldiag "\C no longer supported".
            'C' if self.dialect == Dialect::Perl && !in_class => bad(),
            // Perl warns "unrecognized escape passed through", Onigmo takes the letter.
            c if c.is_ascii_alphanumeric() && (self.dialect == Dialect::Perl || ruby) => {
                if self.dialect == Dialect::Perl && c == 'o' {
                    return Err(self.error_at(at, "missing braces on \\o"));
                }
                Ok(Item::Symbol(symbol))
            }
            // RegexOptions.ECMAScript takes unknown escapes as themselves.
            _ if self.dialect == Dialect::DotNetEcmaScript => Ok(Item::Symbol(symbol)),
            // .NET: every word symbol must be known.
            _ if self.family == Family::DotNet
                && unicode::shorthand(Shorthand::Word, self.dialect, None).contains(symbol) =>
            {
                bad()
            }
            c if c.is_ascii_alphanumeric() => bad(),
            _ => Ok(Item::Symbol(symbol)),
        }
    }

    /// Perl's `\x{…}` and `\o{…}`: what is no digit ends the number early, with a warning.
    fn perl_braced(&mut self, at: usize, radix: u32) -> Parsed<Item> {
        while matches!(self.next_ascii(), ' ' | '\t') {
            self.pos += 1;
        }
        let value = self.digits(radix, 16).unwrap_or(0);
        while let Some(symbol) = self.bump() {
            if symbol == u32::from('}') {
                return if value <= 0x10_FFFF {
                    Ok(Item::Symbol(value))
                } else {
                    Err(self.unsupported("a code point beyond Unicode"))
                };
            }
        }
        Err(self.error_at(at, "missing right brace"))
    }
}
