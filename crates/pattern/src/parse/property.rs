//! Properties, `\p{…}`: which names a dialect knows and what they stand for.

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
        // Onigmo folds some of them, and ASCII apart from the rest.
        if self.flags.ignore_case && self.family == Family::Ruby {
            return Err(self.unsupported("a property without regard to case"));
        }
        let set = self
            .named_property(plain)
            .ok_or_else(|| self.unknown_property(at, plain))?;
        let set = self.cased_property(set)?;
        let set = match self.family {
            Family::Go => self.folded(self.set(&set)),
            _ => self.set(&set),
        };
        Ok(self.negated(set, negative))
    }

    /// Without regard to case upper, lower and title case are one (JDK 16 and later in Java), by
    /// whatever name; what else is named is not folded.
    fn cased_property(&self, set: Set) -> Parsed<Set> {
        let family = matches!(self.family, Family::Perl | Family::Java | Family::DotNet);
        if !family || !self.flags.ignore_case {
            return Ok(set);
        }
        let is = |name: &str| unicode::property(name).as_ref() == Some(&set);
        let title = is("Lt");
        if !title && !is("Lu") && !is("Ll") {
            return Ok(set);
        }
        if self.dialect.is_pcre2() {
            return Err(self.unsupported("\\p{Lu} without regard to case: depends on the version"));
        }
        // Perl: of title case more than letters.
        let name = if title && self.dialect == Dialect::Perl {
            "Cased"
        } else {
            "LC"
        };
        Ok(unicode::property(name).unwrap_or(set))
    }

    fn unknown_property(&self, at: usize, name: &str) -> super::ParseError {
        match self.family {
            // These have names of their own that we do not list completely.
            Family::Java
                if !(name.starts_with("java")
                    || name.starts_with("In")
                    || name.starts_with("Is")
                    || name.contains('=')) =>
            {
                self.error_at(at, format!("unknown character property name {{{name}}}"))
            }
            Family::Ruby if name.contains(['=', ':']) => {
                self.error_at(at, format!("invalid character property name {{{name}}}"))
            }
            Family::Perl
                if self.dialect.is_pcre2() && !name.to_ascii_lowercase().contains("bidi") =>
            {
                self.error_at(at, format!("unknown property {name}"))
            }
            // regex-syntax has no table of it.
            Family::EcmaScript if matches!(name, "Changes_When_NFKC_Casefolded" | "CWKCF") => {
                self.unsupported(format!("the property {name}"))
            }
            Family::Perl | Family::Java | Family::DotNet | Family::Ruby => {
                self.unsupported(format!("the property {name}"))
            }
            _ => self.error_at(at, format!("unknown property {name}")),
        }
    }

    fn named_property(&self, name: &str) -> Option<Set> {
        match self.family {
            Family::Java => self.java_property(name),
            Family::Perl if self.dialect.is_pcre2() => pcre2_property(name),
            Family::Perl => self.perl_property(name),
            Family::Ruby => self.ruby_property(name),
            Family::Go => go_property(name),
            // General categories; named blocks have no table here.
            Family::DotNet => is_category(name).then(|| unicode::property(name)).flatten(),
            Family::EcmaScript => ecma_property(name),
            _ => unicode::property(name),
        }
    }

    fn perl_property(&self, name: &str) -> Option<Set> {
        match name {
            "L&" | "L_" | "LC" => return unicode::property("LC"),
            "Any" => return Some(Set::range(0, 0x10_FFFF)),
            _ => {}
        }
        let lower = name.to_ascii_lowercase();
        if self.flags.ignore_case
            && ["upper", "lower", "title"]
                .iter()
                .any(|case| lower.contains(case))
        {
            return None;
        }
        let posix = lower.strip_prefix("xposix").unwrap_or(&lower);
        if matches!(
            posix,
            "print" | "graph" | "alnum" | "blank" | "word" | "xdigit"
        ) {
            return unicode::posix_unicode(posix, self.dialect);
        }
        // perlunicode: a script by its name alone means its extensions.
        unicode::property(&format!("scx={name}")).or_else(|| unicode::property(name))
    }

    fn ruby_property(&self, name: &str) -> Option<Set> {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            // Not \p{Punct}: that is the category, [[:punct:]] more than that.
            "alnum" | "alpha" | "blank" | "cntrl" | "digit" | "graph" | "lower" | "print"
            | "space" | "upper" | "xdigit" | "word" => unicode::posix_unicode(&lower, self.dialect),
            _ if lower.starts_with("is") || lower.contains(['=', ':']) => None,
            _ => unicode::property(name),
        }
    }

    /// `java.util.regex`: categories and POSIX classes by their exact names, scripts and binary
    /// properties behind "Is".
    fn java_property(&self, name: &str) -> Option<Set> {
        let unicode = self.flags.unicode == Some(true);
        let upper_lower = |name: &str| matches!(name, "lower" | "upper");
        let posix = match name {
            "Lower" | "Upper" | "Alpha" | "Digit" | "Alnum" | "Punct" | "Graph" | "Print"
            | "Blank" | "Cntrl" | "XDigit" | "Space" | "ASCII" => name.to_ascii_lowercase(),
            _ if unicode && !matches!(name.to_ascii_lowercase().as_str(), "ascii" | "word") => {
                name.to_ascii_lowercase()
            }
            _ => String::new(),
        };
        if !posix.is_empty()
            && let Some(ascii) = unicode::posix_ascii(&posix)
        {
            let folds = self.flags.ignore_case && upper_lower(&posix);
            return match (unicode && posix != "ascii", folds) {
                // Without regard to case (Pattern: CharPredicates with caseIns).
                (true, true) => Some(
                    unicode::property("Uppercase")?
                        .union(&unicode::property("Lowercase")?)
                        .union(&unicode::property("Lt")?),
                ),
                (false, true) => unicode::posix_ascii("alpha"),
                (true, false) => match posix.as_str() {
                    "punct" => unicode::property("P"),
                    "xdigit" => Some(unicode::decimal().union(&unicode::property("Hex_Digit")?)),
                    _ => unicode::posix_unicode(&posix, self.dialect),
                },
                (false, false) => Some(ascii),
            };
        }
        match name {
            "L1" => return Some(Set::range(0, 0xFF)),
            "all" => return Some(Set::range(0, 0x10_FFFF)),
            "LC" => return unicode::property("LC"),
            "LD" => return Some(unicode::property("L")?.union(&unicode::decimal())),
            _ if is_category(name) => return unicode::property(name),
            _ => {}
        }
        // Character.UnicodeScript.forName: in any case, but with the underscores.
        let script = |name: &str| {
            let bytes = name.as_bytes();
            let camel = bytes
                .windows(2)
                .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
            if camel && !name.eq_ignore_ascii_case("SignWriting") || name.contains([' ', '-']) {
                return None;
            }
            unicode::property(&format!("sc={name}"))
        };
        if let Some((key, value)) = name.split_once('=') {
            return match key.to_ascii_lowercase().as_str() {
                "sc" | "script" => script(value),
                "gc" | "general_category" if is_category(value) => unicode::property(value),
                _ => None,
            };
        }
        let rest = name.strip_prefix("Is")?;
        if is_category(rest) {
            return unicode::property(rest);
        }
        let cased = self.flags.ignore_case
            && matches!(
                rest.to_ascii_lowercase().as_str(),
                "lowercase" | "uppercase" | "titlecase"
            );
        match rest.to_ascii_uppercase().as_str() {
            _ if cased => None,
            "ALPHABETIC"
            | "IDEOGRAPHIC"
            | "LOWERCASE"
            | "UPPERCASE"
            | "WHITE_SPACE"
            | "NONCHARACTER_CODE_POINT"
            | "JOIN_CONTROL" => unicode::property(rest),
            "LETTER" => unicode::property("L"),
            "TITLECASE" => unicode::property("Lt"),
            "CONTROL" => unicode::property("Cc"),
            "PUNCTUATION" => unicode::property("P"),
            "DIGIT" => Some(unicode::decimal()),
            "HEX_DIGIT" => Some(unicode::decimal().union(&unicode::property("Hex_Digit")?)),
            _ => script(rest),
        }
    }
}

/// The short names of the general categories, exactly as Unicode writes them.
const CATEGORIES: &str = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z \
                          Zs Zl Zp C Cc Cf Co Cn Cs";

fn is_category(name: &str) -> bool {
    CATEGORIES.split(' ').any(|known| known == name)
}

/// General categories (short names) and scripts only.
fn go_property(name: &str) -> Option<Set> {
    if name == "Any" {
        return Some(Set::range(0, 0x10_FFFF));
    }
    let short = name.len() <= 2 && name.chars().next().is_some_and(char::is_uppercase);
    if short {
        unicode::property(name)
    } else {
        unicode::property(&format!("Script={name}"))
    }
}

/// ECMA-262 takes exact names only, regex-syntax also loose ones.
fn ecma_property(name: &str) -> Option<Set> {
    if name.to_ascii_lowercase().starts_with("is") {
        return None;
    }
    let (key, value) = match name.split_once('=') {
        Some((key, value)) => (Some(key), value),
        None => (None, name),
    };
    // The aliases of general categories that are written small.
    let last = value.rsplit('=').next().unwrap_or(value);
    let category = match last {
        "digit" => Some("Nd"),
        "cntrl" => Some("Cc"),
        "punct" => Some("P"),
        _ => None,
    };
    if let Some(category) = category
        && matches!(key, None | Some("General_Category" | "gc"))
    {
        return unicode::property(category);
    }
    if name == "space" {
        return unicode::property("White_Space");
    }
    if !written_as_listed(last) {
        return None;
    }
    match key {
        Some("General_Category" | "gc") => unicode::property(&format!("gc={value}")),
        Some("Script" | "sc") => unicode::property(&format!("sc={value}")),
        Some("Script_Extensions" | "scx") => unicode::property(&format!("scx={value}")),
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

/// pcre2pattern, "Unicode character properties": case, blanks, dashes and underscores make no
/// difference (from 10.40 on); no long names of categories, no "Is"; a script by its name alone means
/// its extensions, and what is of the script itself among them.
fn pcre2_property(name: &str) -> Option<Set> {
    let loose = name.to_ascii_lowercase().replace(
        |c: char| c.is_ascii_whitespace() || matches!(c, '-' | '_'),
        "",
    );
    let extended = |script: &str| {
        let own = unicode::property(&format!("sc={script}"))?;
        Some(own.union(&unicode::property(&format!("scx={script}"))?))
    };
    if let Some(category) = CATEGORIES
        .split(' ')
        .find(|c| c.eq_ignore_ascii_case(&loose))
    {
        return unicode::property(category);
    }
    match loose.as_str() {
        "l&" | "lc" => return unicode::property("LC"),
        "any" => return Some(Set::range(0, 0x10_FFFF)),
        "ascii" => return unicode::property("ASCII"),
        "xan" => return unicode::posix_unicode("alnum", Dialect::Pcre2Ucp),
        "xwd" => return Some(unicode::shorthand(Shorthand::Word, Dialect::Pcre2Ucp, None)),
        "xsp" | "xps" => {
            return Some(unicode::shorthand(
                Shorthand::Space,
                Dialect::Pcre2Ucp,
                None,
            ));
        }
        "xuc" => {
            return Some(
                Set::of("$@`").union(&Set::from_ranges([(0xA0, 0xD7FF), (0xE000, 0x10_FFFF)])),
            );
        }
        _ => {}
    }
    match loose.split_once(['=', ':']) {
        Some(("script" | "sc", script)) => unicode::property(&format!("sc={script}")),
        Some(("scriptextensions" | "scx", script)) => extended(script),
        Some(_) => None,
        None if loose.starts_with("is") || unicode::property(&format!("gc={loose}")).is_some() => {
            None
        }
        None => extended(&loose).or_else(|| unicode::property(&loose)),
    }
}

/// Whether a name is written as PropertyValueAliases.txt and its like write names: words with a
/// capital first, underscores between them. Two names have a capital inside a word.
fn written_as_listed(name: &str) -> bool {
    match name {
        "SignWriting" | "ExtPict" => return true,
        // The aliases of these are written small, and the script has its capital inside.
        "Digit" | "Cntrl" | "Punct" | "Space" | "Signwriting" => return false,
        "Ascii" | "Ascii_Hex_Digit" => return false,
        // Aliases of two letters: of categories as they are, of other properties in capitals.
        _ if name.len() <= 2 && !is_category(name) && name != "LC" => {
            return name.bytes().all(|b| b.is_ascii_uppercase())
                && unicode::property(&format!("gc={name}")).is_none();
        }
        _ => {}
    }
    name.split('_').all(|word| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.bytes().all(|b| b.is_ascii_alphanumeric())
            && !word
                .as_bytes()
                .windows(2)
                .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
    })
}
