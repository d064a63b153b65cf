//! Readings of a rule as dense DFAs over bytes, decided with regex-automata. The differences
//! between engines that these express: search, prefix or full match; `$` at the end only or also
//! before a final line feed; which bound holds where prose and pattern contradict each other; and
//! for a text that compiles nowhere, the repairs that make it compile.

use super::{Assessment, Rule};
use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::{primitives::StateID, syntax};
use regex_automata::{Anchored, util::start};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Largest automaton of one reading, in bytes; a reading that needs more does not compile.
const DFA_LIMIT: usize = 8 << 20;

/// One way to understand a rule (DESIGN §1).
#[derive(Clone, Debug)]
pub struct Reading {
    /// Stable id, `REPAIR/DIALECT/MODE/UNIT/BOUNDS`.
    pub id: String,
    /// How the published text was repaired; `none` where it was not.
    pub repair: String,
    /// Dialect id, e.g. `ecmascript-u`.
    pub dialect: String,
    /// `search`, `prefix`, `full`.
    pub mode: String,
    /// `bytes`, `utf16`, `codepoints`.
    pub unit: String,
    /// Whether the (repaired) pattern compiles in the dialect.
    pub compiles: bool,
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
    pub(super) line_feed: bool,
    pub(super) dfa: Option<Arc<dense::DFA<Vec<u32>>>>,
}

impl Reading {
    /// Whether a device that implements this reading takes `text`. A reading that does not compile
    /// takes everything that the bounds allow.
    pub fn accepts(&self, text: &str) -> bool {
        let length = length(text, &self.unit);
        if self.min.is_some_and(|m| length < m) || self.max.is_some_and(|m| length > m) {
            return false;
        }
        let Some(dfa) = &self.dfa else { return true };
        matches(dfa, text)
            || (self.line_feed && text.strip_suffix('\n').is_some_and(|t| matches(dfa, t)))
    }
}

fn length(text: &str, unit: &str) -> u64 {
    (match unit {
        "bytes" => text.len(),
        "utf16" => text.encode_utf16().count(),
        _ => text.chars().count(),
    }) as u64
}

pub(super) fn start(dfa: &dense::DFA<Vec<u32>>) -> Option<StateID> {
    dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()
}

fn matches(dfa: &dense::DFA<Vec<u32>>, text: &str) -> bool {
    let Some(mut state) = start(dfa) else { return false };
    for byte in text.bytes() {
        state = dfa.next_state(state, byte);
        if dfa.is_dead_state(state) {
            return false;
        }
    }
    dfa.is_match_state(dfa.next_eoi_state(state))
}

fn compile(pattern: &str, mode: &str) -> Option<Arc<dense::DFA<Vec<u32>>>> {
    let whole = match mode {
        "search" => format!(r"\A(?s-u:.)*(?:{pattern})(?s-u:.)*\z"),
        "prefix" => format!(r"\A(?:{pattern})(?s-u:.)*\z"),
        _ => format!(r"\A(?:{pattern})\z"),
    };
    dense::Builder::new()
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .configure(
            dense::Config::new()
                .dfa_size_limit(Some(DFA_LIMIT))
                .determinize_size_limit(Some(DFA_LIMIT))
                .minimize(false)
                .start_kind(regex_automata::dfa::StartKind::Anchored),
        )
        .build(&whole)
        .ok()
        .map(Arc::new)
}

/// Sources that may have been meant, the published one first: `(repair, source)`.
fn repairs(pattern: &str) -> Vec<(&'static str, String)> {
    let escaped = |text: &str| {
        // ECMAScript takes `[` inside a class as itself; the Rust parser would open a nested one.
        let mut out = String::new();
        let (mut inside, mut chars) = (false, text.chars().peekable());
        while let Some(c) = chars.next() {
            match c {
                '\\' => {
                    out.push(c);
                    out.extend(chars.next());
                    continue;
                }
                '[' if !inside => inside = true,
                '[' => out.push('\\'),
                ']' => inside = false,
                '&' | '~' if inside => out.push('\\'),
                _ => {}
            }
            out.push(c);
        }
        out
    };
    let mut list = vec![("none", escaped(pattern))];
    if regress::Regex::new(pattern).is_ok() {
        if let Some(grouped) = grouped(pattern) {
            list.push(("group-alternatives", escaped(&grouped)));
        }
        return list;
    }
    list.clear();
    // The backtick inside the class closed a code span early; the rest lost the backslashes before
    // punctuation, and the closing backtick stayed at the end. Escaping the dash alone would close
    // the class at its first `]` and leave an alternative that contradicts every published length.
    let trimmed = pattern.strip_suffix('`').unwrap_or(pattern);
    let dash = trimmed.replacen("_-+", r"_\-+", 1);
    let later = dash.replacen("{[}]|", r"{\[}\]|", 1);
    list.push(("close-class-later", escaped(&later)));
    let backtick = later.replacen(r"\s~", r"\s~`", 1);
    list.push(("inverted-markdown", escaped(&backtick)));
    list
}

/// `^x(a)|b$` as `^x(?:(a)|b)$`: what an author may have meant whose anchors and prefix bind one
/// alternative only.
fn grouped(pattern: &str) -> Option<String> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let start = inner.find(['(', '\\', '[', '|'])?;
    let (prefix, rest) = inner.split_at(start);
    let (mut depth, mut class, mut escaped) = (0_i32, false, false);
    let mut split = None;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => class = false,
            _ if class => {}
            '[' => class = true,
            '(' => depth += 1,
            ')' => depth -= 1,
            '|' if depth == 0 => split = Some(at),
            _ => {}
        }
    }
    split.map(|_| format!("^{prefix}(?:{rest})$"))
}

/// The last `{m,n}` of a pattern with the prose bounds in its place, where they differ.
fn with_prose(pattern: &str, rule: &Rule) -> Option<String> {
    let (open, close) = (pattern.rfind('{')?, pattern.rfind('}')?);
    let (low, high) = pattern.get(open + 1..close)?.split_once(',')?;
    let (low, high): (u64, u64) = (low.parse().ok()?, high.parse().ok()?);
    let (min, max) = (rule.min_length.unwrap_or(low), rule.max_length.unwrap_or(high));
    if (min, max) == (low, high) || max < min {
        return None;
    }
    Some(format!("{}{{{min},{max}}}{}", &pattern[..open], &pattern[close + 1..]))
}

pub(super) fn readings(rule: &Rule) -> Vec<Reading> {
    let mut out = Vec::new();
    let units = ["codepoints", "utf16", "bytes"];
    let mut add = |repair: &str, mode: &str, bounds: &str, line_feed: bool, source: Option<&str>| {
        let dfa = source.and_then(|s| compile(s, mode));
        for unit in units {
            let dialect = if line_feed { "python" } else { "ecmascript" };
            out.push(Reading {
                id: format!("{repair}/{dialect}/{mode}/{unit}/{bounds}"),
                repair: repair.to_owned(),
                dialect: dialect.to_owned(),
                mode: mode.to_owned(),
                unit: unit.to_owned(),
                compiles: source.is_none() || dfa.is_some(),
                min: rule.min_length,
                max: rule.max_length,
                line_feed,
                dfa: dfa.clone(),
            });
        }
    };
    let Some(pattern) = &rule.pattern else {
        add("none", "full", "prose", false, None);
        return out;
    };
    for (repair, source) in repairs(pattern) {
        let prose = with_prose(&source, rule);
        for (mode, line_feed) in
            [("search", false), ("search", true), ("prefix", false), ("prefix", true), ("full", false)]
        {
            add(repair, mode, "both", line_feed, Some(&source));
            if let Some(prose) = &prose {
                add(repair, mode, "prose", line_feed, Some(prose));
            }
        }
    }
    out
}

pub(super) fn assess(rule: &Rule, readings: &[Reading], text: &str) -> Assessment {
    let compiling: Vec<&Reading> = readings.iter().filter(|r| r.compiles).collect();
    let accepting = compiling.iter().filter(|r| r.accepts(text)).count();
    if compiling.is_empty() {
        return Assessment::Open;
    }
    if accepting == 0 {
        return Assessment::SurelyInvalid;
    }
    // Byte automata know nothing of Unicode classes: beyond ASCII a pattern decides nothing here.
    let beyond = !text.is_ascii() && rule.pattern.is_some();
    if accepting == compiling.len() && !beyond && formats_allow(rule, text) {
        return Assessment::SurelyValid;
    }
    Assessment::Open
}

/// Whether a string has one of the published formats; formats that are not known allow all. Where
/// the pattern excludes the formats (a prefix that neither has), they are no plausible reading.
pub(super) fn formats_allow(rule: &Rule, text: &str) -> bool {
    if rule.formats.is_empty() || rule.pattern.as_ref().is_some_and(|p| p.starts_with("^sip:")) {
        return true;
    }
    rule.formats.iter().any(|f| match f.as_str() {
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "dns" | "hostname" => {
            !text.is_empty()
                && text.len() <= 253
                && text.split('.').all(|label| {
                    !label.is_empty()
                        && label.len() <= 63
                        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                        && !label.starts_with('-')
                        && !label.ends_with('-')
                })
        }
        _ => true,
    })
}
