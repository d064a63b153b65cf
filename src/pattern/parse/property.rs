//! Properties, `\p{…}`: which names a dialect knows and what they stand for. Imports what its
//! siblings do.

use super::super::class::Set;
use super::super::dialect::{Dialect, Family};
use super::super::unicode::{self, Shorthand};
use super::{Parsed, Parser};

impl Parser {
    /// `\p{…}`; `self.pos` is behind the letter.
    pub(super) fn property(&mut self, at: usize, negative: bool) -> Parsed<Set> {
        let mut negative = negative;
        let name = if self.eat("{") {
            let mut name = String::new();
            loop {
                match self.bump().and_then(char::from_u32) {
                    Some('}') => break,
                    Some(c) => name.push(c),
                    None => return Err(self.error_at(at, "malformed \\p")),
                }
            }
            name
        } else {
            if matches!(
                self.family,
                Family::EcmaScript | Family::Ruby | Family::DotNet
            ) {
                if self.family == Family::Ruby {
                    return Ok(Set::single(u32::from(if negative { 'P' } else { 'p' })));
                }
                return Err(self.error_at(at, "malformed \\p"));
            }
            match self.bump().and_then(char::from_u32) {
                Some(c) => c.to_string(),
                None => return Err(self.error_at(at, "malformed \\p")),
            }
        };
        let mut plain = name.as_str();
        if matches!(self.family, Family::Perl | Family::Ruby | Family::Go)
            && let Some(rest) = plain.strip_prefix('^')
        {
            negative = !negative;
            plain = rest;
        }
        let set = self
            .named_property(plain)
            .ok_or_else(|| self.unknown_property(at, plain))?;
        let set = self.folded(self.set(&set));
        Ok(self.negated(set, negative))
    }

    fn unknown_property(&self, at: usize, name: &str) -> super::ParseError {
        match self.family {
            // These have names of their own that we do not list completely.
            Family::Perl | Family::Java | Family::DotNet | Family::Ruby => {
                self.unsupported(format!("the property {name}"))
            }
            _ => self.error_at(at, format!("unknown property {name}")),
        }
    }

    fn named_property(&self, name: &str) -> Option<Set> {
        match self.family {
            Family::Java => {
                let ascii = match name {
                    "Lower" | "Upper" | "Alpha" | "Digit" | "Alnum" | "Punct" | "Graph"
                    | "Print" | "Blank" | "Cntrl" | "XDigit" | "Space" | "ASCII" => {
                        name.to_ascii_lowercase()
                    }
                    _ => String::new(),
                };
                if !ascii.is_empty() {
                    return if self.flags.unicode == Some(true) && ascii != "ascii" {
                        unicode::posix_unicode(&ascii, self.dialect)
                    } else {
                        unicode::posix_ascii(&ascii)
                    };
                }
                match name {
                    "L1" => return Some(Set::range(0, 0xFF)),
                    "all" => return Some(Set::range(0, 0x10_FFFF)),
                    _ => {}
                }
                if name.starts_with("java") || name.starts_with("In") || name.starts_with("blk=") {
                    return None;
                }
                unicode::property(name.strip_prefix("Is").unwrap_or(name))
            }
            Family::Perl => match name {
                "L&" | "LC" => unicode::property("LC"),
                "Any" => Some(Set::range(0, 0x10_FFFF)),
                "Xan" => unicode::posix_unicode("alnum", Dialect::Pcre2Ucp),
                "Xwd" => Some(unicode::shorthand(Shorthand::Word, Dialect::Pcre2Ucp, None)),
                "Xsp" | "Xps" => Some(unicode::shorthand(
                    Shorthand::Space,
                    Dialect::Pcre2Ucp,
                    None,
                )),
                _ => unicode::property(name),
            },
            Family::Ruby => {
                let lower = name.to_ascii_lowercase();
                match lower.as_str() {
                    "alnum" | "alpha" | "blank" | "cntrl" | "digit" | "graph" | "lower"
                    | "print" | "punct" | "space" | "upper" | "xdigit" | "word" => {
                        unicode::posix_unicode(&lower, self.dialect)
                    }
                    _ => unicode::property(name),
                }
            }
            Family::Go if name == "Any" => Some(Set::range(0, 0x10_FFFF)),
            Family::Go => {
                // General categories (short names) and scripts only.
                let short = name.len() <= 2 && name.chars().next().is_some_and(char::is_uppercase);
                if short {
                    unicode::property(name)
                } else {
                    unicode::property(&format!("Script={name}"))
                }
            }
            Family::DotNet => {
                // General categories; named blocks have no table here.
                (name.len() <= 2).then(|| unicode::property(name)).flatten()
            }
            Family::EcmaScript => {
                // ECMA-262 takes exact names only, regex-syntax also loose ones.
                if name.contains([' ', '-']) || name.to_ascii_lowercase().starts_with("is") {
                    return None;
                }
                let value = name.split('=').next_back().unwrap_or(name);
                // The aliases of general categories that are written small.
                let category = match value {
                    "digit" => Some("Nd"),
                    "cntrl" => Some("Cc"),
                    "punct" => Some("P"),
                    _ => None,
                };
                if let Some(category) = category
                    && matches!(
                        name.split_once('='),
                        None | Some(("General_Category" | "gc", _))
                    )
                {
                    return unicode::property(category);
                }
                if !value.starts_with(|c: char| c.is_ascii_uppercase()) {
                    return None;
                }
                match name.split_once('=') {
                    Some(("General_Category" | "gc", value)) => unicode::property(value),
                    Some(("Script" | "sc", value)) => unicode::property(&format!("sc={value}")),
                    Some(("Script_Extensions" | "scx", value)) => {
                        unicode::property(&format!("scx={value}"))
                    }
                    Some(_) => None,
                    // A lone script name is no property in ECMAScript.
                    None if unicode::property(&format!("sc={name}")).is_some()
                        && unicode::property(&format!("gc={name}")).is_none() =>
                    {
                        None
                    }
                    None => unicode::property(name),
                }
            }
            _ => unicode::property(name),
        }
    }
}
