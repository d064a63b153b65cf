//! In which other form a device may show what was written to it: as the words of the document say
//! (trimmed, lower case, rounded, a set), and as a `format` has several spellings of one value. Pure.

use crate::pointer;
use crate::{Additional, Operation, Schema};
use serde_json::Value;
use std::net::Ipv6Addr;
use std::ops::Deref;

/// What one clause of a description says of the form in which values are stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    text: String,
    forms: u16,
}

/// What the operations that write one state say of the form in which it is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stored(Vec<(Schema, Vec<Said>)>);

/// How what reads back compares with what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// The same value, or the form of it that the document tells.
    Same,
    /// Another form of which the document says nothing: blanks at the ends or letter case of a text,
    /// the order of a list of different items.
    Near,
    /// Another value.
    Other,
}

const TRIMMED: u16 = 1;
const LOWER: u16 = 2;
const UPPER: u16 = 4;
const ANY_CASE: u16 = 8;
const ROUNDED: u16 = 16;
const REORDERED: u16 = 32;
const IN_ORDER: u16 = 64;
const CANONICAL: u16 = 128;
const NO_TWICE: u16 = 256;
const DEFAULTED: u16 = 512;
const CUT: u16 = 1024;

/// Words for a form. English, German, French, Spanish; each a part of the text in lower case.
const WORDS: &[(u16, &[&str])] = &[
    (
        TRIMMED,
        &[
            "trimm",
            " trims ",
            " trim ",
            "stripp",
            "leading and trailing",
            "leading or trailing",
            "surrounding blank",
            "surrounding space",
            "at both ends",
            "leerzeichen am",
            "leerzeichen werden",
            "espaces en d",
            "espaces superflus",
            "espacios al ",
        ],
    ),
    (
        LOWER,
        &[
            "lower case",
            "lower-case",
            "lowercase",
            "kleinbuchstab",
            "klein geschrieben",
            "kleingeschrieben",
            "kleinschreibung",
            "minuscul",
            "minúscul",
        ],
    ),
    (
        UPPER,
        &[
            "upper case",
            "upper-case",
            "uppercase",
            "capital letter",
            "großbuchstab",
            "grossbuchstab",
            "großgeschrieben",
            "majuscul",
            "mayúscul",
        ],
    ),
    (
        ANY_CASE,
        &[
            "case-insensitive",
            "case insensitive",
            "case is ignored",
            "case does not matter",
            "ignoring case",
            "regardless of case",
            "groß- und kleinschreibung",
            "insensible à la casse",
        ],
    ),
    (
        ROUNDED,
        &[
            " rounded",
            " rounds ",
            " round to",
            " rounding",
            "gerundet",
            "arrondi",
            "redonde",
        ],
    ),
    (
        REORDERED,
        &[
            " sorted",
            "own order",
            "any order",
            "order is not",
            "order does not",
            "order may ",
            "unordered",
            "alphabetical",
            "shown in the order",
            "stored in the order",
            " a set ",
            "sortiert",
            "reihenfolge spielt keine",
            " trié",
            "ordenad",
        ],
    ),
    (
        IN_ORDER,
        &[
            "preference",
            "priority",
            "order matters",
            "order is kept",
            "order counts",
            "in this order",
            "präferenz",
            "priorität",
            "reihenfolge bleibt",
            "préférence",
            "priorité",
            "preferencia",
            "prioridad",
        ],
    ),
    (
        CANONICAL,
        &[
            "normalis",
            "normaliz",
            "normal form",
            "canonical",
            "canonique",
            "canónic",
            "kanonisch",
        ],
    ),
    (
        NO_TWICE,
        &[
            "duplicates are ",
            "deduplicat",
            "de-duplicat",
            "doppelte werden",
        ],
    ),
    (
        DEFAULTED,
        &[
            "default",
            "standardwert",
            "défaut",
            "defecto",
            "predeterminad",
        ],
    ),
    (
        CUT,
        &[
            "truncat",
            " cut to ",
            " cut after ",
            " cut off ",
            "shortened to",
            "abgeschnitten",
            "gekürzt",
            "tronqu",
            "truncad",
        ],
    ),
];

/// Forms that a clause with a negation does not give: "is not trimmed". That an order is *not* kept
/// gives one.
const DENIED: u16 = TRIMMED | LOWER | UPPER | ROUNDED | CANONICAL | NO_TWICE | CUT;
const NEGATIONS: [&str; 8] = [
    " not ",
    " never ",
    "n't ",
    " without ",
    " nicht ",
    " kein",
    " pas ",
    " sin ",
];

/// Clauses of one description that are looked at.
const MOST_CLAUSES: usize = 1_000;

/// The clauses of a description that speak of a form.
pub(crate) fn said(description: &str) -> Vec<Said> {
    let mut out = Vec::new();
    let text = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let ends = |c| matches!(c, ';' | '!');
    let sentences = text.split(". ").flat_map(|s| s.split(ends));
    for sentence in sentences.take(MOST_CLAUSES) {
        // "`a`, `b` are trimmed, `c` is rounded": a clause that says nothing belongs to the next.
        let mut open = String::new();
        for clause in sentence.split(',') {
            open.push_str(clause);
            open.push(' ');
            let forms = forms(clause);
            if forms != 0 {
                let text = std::mem::take(&mut open);
                out.push(Said { text, forms });
            }
        }
    }
    out
}

fn forms(clause: &str) -> u16 {
    let plain = |c: char| match c {
        ':' | '(' | ')' | '.' | '`' | '"' | '\'' => ' ',
        c => c,
    };
    // Apostrophes go last: "isn't" is a negation.
    let lower = format!(" {} ", clause.to_lowercase());
    let denied = NEGATIONS.iter().any(|n| lower.contains(n));
    let lower: String = lower.chars().map(plain).collect();
    let said = WORDS
        .iter()
        .filter(|(_, words)| words.iter().any(|word| lower.contains(word)))
        .fold(0, |all, (form, _)| all | form);
    match denied {
        true => said & !DENIED,
        false => said,
    }
}

/// What is said of one place of a body.
struct Here<'s> {
    schemas: Vec<&'s Schema>,
    forms: u16,
    /// The clauses that say so.
    clauses: Vec<&'s str>,
}

impl Stored {
    /// What an operation says of its body.
    #[must_use]
    pub fn of(operation: &Operation) -> Stored {
        let body = operation.body.as_ref();
        Stored(
            body.map(|body| (body.schema.clone(), operation.stored.clone()))
                .into_iter()
                .collect(),
        )
    }

    /// What another operation that writes the same state says holds as well.
    pub fn add(&mut self, other: Stored) {
        self.0.extend(other.0);
    }

    /// How a value that reads back at a JSON pointer compares with the one that was written there.
    #[must_use]
    pub fn likeness(&self, at: &str, written: &Value, shown: &Value) -> Likeness {
        if written == shown {
            return Likeness::Same;
        }
        let here = self.here(at);
        match (written, shown) {
            (Value::String(w), Value::String(s)) => of_texts(&here, w, s),
            (Value::Number(w), Value::Number(s)) => {
                let near = w.as_f64().zip(s.as_f64());
                let within = |(w, s): (f64, f64)| (w - s).abs() < here.rounding();
                match here.has(ROUNDED | CANONICAL) && near.is_some_and(within) {
                    true => Likeness::Same,
                    false => Likeness::Other,
                }
            }
            (Value::Array(w), Value::Array(s)) => self.of_lists(&here, at, w, s),
            _ if here.has(DEFAULTED) && is_nothing(written) => {
                let mut defaults = here.schemas.iter().filter_map(|s| s.default.as_ref());
                match defaults.any(|d| d == shown) {
                    true => Likeness::Same,
                    false => Likeness::Other,
                }
            }
            _ => Likeness::Other,
        }
    }

    fn of_lists(&self, here: &Here<'_>, at: &str, written: &[Value], shown: &[Value]) -> Likeness {
        let item = format!("{at}/0");
        let alike = |w: &Value, s: &Value| self.likeness(&item, w, s) == Likeness::Same;
        let in_order = written.len() == shown.len();
        if in_order && written.iter().zip(shown).all(|(w, s)| alike(w, s)) {
            return Likeness::Same;
        }
        let mut wanted: Vec<&Value> = written.iter().collect();
        if here.has(NO_TWICE) {
            let mut once: Vec<&Value> = Vec::new();
            for value in wanted {
                if !once.contains(&value) {
                    once.push(value);
                }
            }
            wanted = once;
        }
        if wanted.len() != shown.len() {
            return Likeness::Other;
        }
        let plain = wanted.iter().zip(shown).all(|(w, s)| alike(w, s));
        for value in shown {
            match wanted.iter().position(|w| alike(w, value)) {
                Some(at) => wanted.remove(at),
                None => return Likeness::Other,
            };
        }
        let set = here.schemas.iter().any(|s| s.unique_items);
        match () {
            () if plain => Likeness::Same,
            () if here.has(REORDERED) => Likeness::Same,
            // JSON arrays have an order (RFC 8259 §1), sets have none: the document leaves open
            // which one it means.
            () if set && !here.has(IN_ORDER) => Likeness::Near,
            () => Likeness::Other,
        }
    }

    fn here(&self, at: &str) -> Here<'_> {
        let segments: Vec<String> = at.split('/').skip(1).map(pointer::unescape).collect();
        let mut here = Here {
            schemas: Vec::new(),
            forms: 0,
            clauses: Vec::new(),
        };
        for (body, words) in &self.0 {
            let names = names(body);
            here.take(words, &names, &segments);
            here.walk(body, &segments, &segments, DEEPEST);
        }
        here
    }
}

/// How many schemas of one value are gone through, one within another.
const DEEPEST: usize = 24;

/// The names of the members of an object, its alternatives' among them.
fn names(schema: &Schema) -> Vec<&str> {
    let parts = [&schema.all_of, &schema.any_of, &schema.one_of];
    let parts = parts.into_iter().flatten().flat_map(|p| &p.properties);
    let members = schema.properties.iter().chain(parts);
    members.map(|(name, _)| name.as_str()).collect()
}

impl<'s> Here<'s> {
    fn has(&self, forms: u16) -> bool {
        self.forms & forms != 0
    }

    /// Takes clauses that speak of members `names`, of which some may be on the way.
    fn take(&mut self, said: &'s [Said], names: &[&str], way: &[String]) {
        for clause in said {
            let named = names.iter().filter(|n| speaks_of(&clause.text, n));
            let named: Vec<_> = named.collect();
            if named.is_empty() || named.iter().any(|n| way.iter().any(|w| w == *n)) {
                self.forms |= clause.forms;
                self.clauses.push(&clause.text);
            }
        }
    }

    fn walk(&mut self, schema: &'s Schema, rest: &[String], way: &[String], depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        let own = names(schema);
        match rest.is_empty() {
            // What a value's own description says, it says of that value.
            true if own.is_empty() => self.take(&schema.stored, &[], way),
            true => {}
            false => self.take(&schema.stored, &own, rest),
        }
        let parts = [&schema.all_of, &schema.any_of, &schema.one_of];
        let branches = [&schema.then_schema, &schema.else_schema];
        let parts = parts.into_iter().flatten();
        for part in parts.chain(branches.into_iter().flatten()) {
            self.walk(part, rest, way, depth);
        }
        let Some((first, below)) = rest.split_first() else {
            self.schemas.push(schema);
            return;
        };
        let property = schema.properties.iter().filter(|(n, _)| n == first);
        let mut next: Vec<&Schema> = property.map(|(_, s)| s.deref()).collect();
        if next.is_empty() {
            if let Ok(at) = first.parse::<usize>() {
                let item = schema.prefix_items.get(at).or(schema.items.as_ref());
                next.extend(item.map(Deref::deref));
            }
            next.extend(schema.pattern_properties.iter().map(|(_, s)| s.deref()));
            if let Additional::Schema(values) = &schema.additional {
                next.push(values);
            }
        }
        for schema in next {
            self.walk(schema, below, way, depth);
        }
    }

    /// How far a number may be from the one that was written, as the clauses say: "to 2 decimals",
    /// "to 5", to whole ones where they name no number.
    fn rounding(&self) -> f64 {
        let of = |clause: &&str| {
            let words = ["decimal", "place", "digit", "nachkomma", "décimal"];
            let text = clause.to_lowercase();
            let number = numbers(&text).next();
            match number {
                Some(n) if words.iter().any(|w| text.contains(w)) => 10_f64.powf(-n),
                Some(n) if n > 0.0 => n,
                _ => 1.0,
            }
        };
        self.clauses.iter().map(of).fold(0.0, f64::max)
    }

    /// Whether the clauses let a text be cut after so many characters.
    fn cut_at(&self, length: usize) -> bool {
        let mut all = self.clauses.iter().filter(|c| forms(c) & CUT != 0);
        all.any(|clause| {
            let mut numbers = numbers(clause).peekable();
            #[expect(clippy::cast_precision_loss, reason = "lengths of texts are small")]
            let is = |n: f64| (n - length as f64).abs() < 0.5;
            numbers.peek().is_none() || numbers.any(is)
        })
    }
}

fn numbers(text: &str) -> impl Iterator<Item = f64> + '_ {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|word| word.trim_matches('.').parse().ok())
}

/// Whether a text has a name as a word of its own.
fn speaks_of(text: &str, name: &str) -> bool {
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let after = text.get(at + name.len()..).and_then(|t| t.chars().next());
            !part(before) && !part(after)
        })
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

fn of_texts(here: &Here<'_>, written: &str, shown: &str) -> Likeness {
    let mut spellings = here.schemas.iter().flat_map(|schema| {
        let published = schema.published_types.iter().map(String::as_str);
        schema.format.as_deref().into_iter().chain(published)
    });
    if spellings.any(|format| same_value(format, written, shown)) || reached(here, written, shown) {
        return Likeness::Same;
    }
    let near = |text: &str| text.trim().to_lowercase();
    match near(written) == near(shown) {
        true => Likeness::Near,
        false => Likeness::Other,
    }
}

/// A form, and what makes it of a text.
type Step<'f> = (u16, &'f dyn Fn(&str) -> String);

/// Whether what is shown is a form of a text that the document tells, or several of them in a row.
fn reached(here: &Here<'_>, written: &str, shown: &str) -> bool {
    if here.has(CANONICAL) {
        let bare = |text: &str| -> String {
            let kept = text.chars().filter(|c| c.is_alphanumeric());
            kept.flat_map(char::to_lowercase).collect()
        };
        let (w, s) = (bare(written), bare(shown));
        if w == s && !w.is_empty() {
            return true;
        }
    }
    if here.has(ANY_CASE) && written.to_lowercase() == shown.to_lowercase() {
        return true;
    }
    let mut texts = vec![written.to_owned()];
    let length = shown.chars().count();
    let steps: [Step<'_>; 6] = [
        (TRIMMED, &|t| t.trim().to_owned()),
        (CUT, &|t| match here.cut_at(length) {
            true => t.chars().take(length).collect(),
            false => t.to_owned(),
        }),
        (TRIMMED, &|t| t.trim().to_owned()),
        (LOWER, &|t| t.to_lowercase()),
        (LOWER, &|t| t.to_ascii_lowercase()),
        (UPPER, &|t| t.to_uppercase()),
    ];
    for (form, step) in steps {
        if here.has(form) {
            let more: Vec<String> = texts.iter().map(|t| step(t)).collect();
            texts.extend(more);
        }
    }
    if here.has(DEFAULTED) && written.is_empty() {
        let defaults = here.schemas.iter().filter_map(|s| s.default.as_ref());
        texts.extend(defaults.filter_map(|d| d.as_str().map(str::to_owned)));
    }
    texts.iter().any(|t| t == shown)
}

/// Whether two texts are spellings of one value of a `format`.
fn same_value(format: &str, one: &str, other: &str) -> bool {
    let both = |read: fn(&str) -> Option<String>| {
        let one = read(one);
        one.is_some() && one == read(other)
    };
    match format {
        // RFC 3339 §4.1, §5.6.
        "date-time" => both(instant),
        // RFC 4291 §2.2, RFC 5952.
        "ipv6" | "ip" => both(|t| t.parse::<Ipv6Addr>().ok().map(|a| a.to_string())),
        // RFC 9562 §4: letter case does not matter.
        "uuid" | "guid" => one.eq_ignore_ascii_case(other),
        // RFC 4343.
        "hostname" | "idn-hostname" | "dns" | "host" => one.eq_ignore_ascii_case(other),
        "mac" | "mac-address" | "macaddr" | "macaddress" => both(octets),
        "uri" | "url" | "uri-reference" | "iri" => both(uri),
        // RFC 5321 §2.4: the domain; the mailbox keeps its case.
        "email" | "idn-email" => both(|t| {
            let (mailbox, domain) = t.rsplit_once('@')?;
            Some(format!("{mailbox}@{}", domain.to_ascii_lowercase()))
        }),
        _ => false,
    }
}

/// Twelve hexadecimal digits, without what stands between them.
fn octets(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let mut between = text.chars().filter(|c| !c.is_ascii_hexdigit());
    let plain = between.all(|c| matches!(c, ':' | '-' | '.' | ' '));
    (digits.len() == 12 && plain).then(|| digits.to_ascii_lowercase())
}

/// A URI with scheme and host in lower case, an empty path as `/` and without the scheme's own port
/// (RFC 3986 §6.2.2.1, §6.2.3).
fn uri(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host),
        None => (String::new(), authority),
    };
    let host = host.to_ascii_lowercase();
    let port = match scheme.as_str() {
        "http" | "ws" => ":80",
        "https" | "wss" => ":443",
        "rtsp" => ":554",
        "ftp" => ":21",
        _ => ":",
    };
    let host = host.strip_suffix(port).unwrap_or(&host);
    let path = if rest.starts_with('/') { "" } else { "/" };
    Some(format!("{scheme}://{user}{host}{path}{rest}"))
}

/// The moment that an RFC 3339 date-time names: seconds since 1970 and the fraction without zeros at
/// its end.
fn instant(text: &str) -> Option<String> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        let all = digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|_| all)
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let mut rest = text.get(19..)?;
    let mut fraction = "";
    if let Some(digits) = rest.strip_prefix('.') {
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        fraction = digits.get(..end)?.trim_end_matches('0');
        rest = digits.get(end..)?;
    }
    let offset = match rest {
        "Z" | "z" => 0,
        _ => {
            let sign = match rest.chars().next()? {
                '+' => 1,
                '-' => -1,
                _ => return None,
            };
            let (hours, minutes) = rest.get(1..)?.split_once(':')?;
            sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
        }
    };
    // Days of the Gregorian calendar, years beginning in March.
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let minutes = ((days + of_year) * 24 + hour) * 60 + minute - offset;
    Some(format!("{}.{fraction}", minutes * 60 + second))
}
