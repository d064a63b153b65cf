//! Issues of patterns: what compiles in no engine, what anchors and suffixes bind, what a generator of
//! documents left behind.

use super::Linter;
use crate::model::*;
use probity_pattern::dialect::{Dialect, Mode};
use probity_pattern::language;
use probity_pattern::parse::{ParseError, parse};
use std::cell::RefCell;
use std::collections::HashSet;

impl Linter<'_> {
    /// ECMA-262 is the dialect of `pattern` (OpenAPI, JSON Schema Validation §6.3.3); whether any
    /// other dialect takes it is told as well.
    pub(super) fn does_not_compile(&mut self, field: &Field<'_>, pattern: &str, ecmascript: &str) {
        let refusal = |dialect: &Dialect| match parse(pattern, *dialect) {
            Err(error @ ParseError::Syntax { .. }) => Some((dialect.id(), error.to_string())),
            _ => None,
        };
        let refusals: Vec<_> = Dialect::ALL.iter().filter_map(refusal).collect();
        let all = Dialect::ALL.len();
        let title = match refusals.len() == all {
            true => format!(
                "the pattern of `{}` compiles in none of {all} dialects",
                field.path
            ),
            false => format!(
                "the pattern of `{}` does not compile in ECMAScript",
                field.path
            ),
        };
        let mut proof = format!("ECMAScript: {ecmascript}");
        for (id, refusal) in &refusals {
            if ["python", "pcre2", "java", "rust"].contains(id) {
                proof.push_str(&format!("; {id}: {refusal}"));
            }
        }
        let promise = Some(field.promise("pattern"));
        self.add(
            "pattern-does-not-compile",
            field.schema,
            promise,
            title,
            proof,
        );
    }

    /// `^a|b$`: each anchor binds one alternative only.
    pub(super) fn unanchored(&mut self, field: &Field<'_>, pattern: &str) {
        if !several_alternatives(pattern) || !pattern.contains(['^', '$']) {
            return;
        }
        let Some(search) = matcher(pattern, Mode::Search) else {
            return;
        };
        let seeds = self.samples(field.schema);
        let accepted = |text: &str| search(text);
        let mut seen = HashSet::new();
        let proof: Vec<String> = seeds
            .iter()
            .filter(|s| accepted(s))
            .flat_map(|s| [format!("junk !! {s}"), format!("{s}.evil !! junk")])
            .filter(|text| accepted(text) && seen.insert(text.clone()))
            .map(|text| format!("{text:?}"))
            .take(3)
            .collect();
        if !proof.is_empty() {
            self.add(
                "anchors-bind-one-alternative",
                field.schema,
                Some(field.promise("pattern")),
                format!("`^` and `$` of `{}` bind one alternative each", field.path),
                format!("ECMAScript search accepts {}", proof.join(" and ")),
            );
        }
    }

    /// An optional suffix inside one alternative of several for a number holds for some numbers
    /// only: of two strings that differ in a number alone, both valid, the suffix goes with one and
    /// not with the other, which is no longer.
    pub(super) fn suffix_in_one_alternative(&mut self, field: &Field<'_>, pattern: &str) {
        let Some(whole) = matcher(pattern, Mode::FullGrouped) else {
            return;
        };
        let samples = self.samples(field.schema);
        // A port, the length of a prefix, another part, the end of a range.
        let usual = [":0", "/0", ".0", "-0"].into_iter();
        let mut seen = HashSet::new();
        let suffixes: Vec<&str> = usual
            .chain(samples.iter().flat_map(|sample| pieces(sample)))
            .filter(|suffix| seen.insert(*suffix))
            .take(12)
            .collect();
        for sample in &samples {
            let bases = numbered(sample).filter(|base| whole(base));
            let bases: Vec<String> = bases.collect();
            for suffix in &suffixes {
                let (with, without): (Vec<&String>, Vec<&String>) = bases
                    .iter()
                    .partition(|base| whole(&format!("{base}{suffix}")));
                let pair = with.iter().find_map(|good| {
                    let bad = without.iter().find(|bad| bad.len() <= good.len())?;
                    Some((format!("{good}{suffix}"), format!("{bad}{suffix}")))
                });
                let Some((good, bad)) = pair else { continue };
                self.add(
                    "suffix-in-one-alternative",
                    field.schema,
                    Some(field.promise("pattern")),
                    format!(
                        "what may follow a number in `{}` follows some numbers only",
                        field.path
                    ),
                    format!("as a whole, ECMAScript matches {good:?} and not {bad:?}"),
                );
                return;
            }
        }
    }

    /// Strings that are valid under every reading, the friendliest first.
    fn samples(&self, schema: &Schema) -> Vec<String> {
        let Some(text) = schema.rule().and_then(|rule| self.texts.get(&rule)) else {
            return Vec::new();
        };
        let cover = text.valid_cover(24).into_iter().map(|sample| sample.text);
        text.valid().into_iter().chain(cover).collect()
    }

    /// What a documentation generator leaves behind.
    pub(super) fn damage(&mut self, field: &Field<'_>, pattern: &str) {
        if pattern.ends_with("$`") {
            self.add(
                "stray-suffix",
                field.schema,
                Some(field.promise("pattern")),
                format!("a stray backtick ends the pattern of `{}`", field.path),
                "after `$` nothing can match; the backtick closed a code span of the page's source"
                    .to_owned(),
            );
        }
        if pattern.contains("}?$") {
            self.add(
                "lazy-without-effect",
                field.schema,
                Some(field.promise("pattern")),
                format!(
                    "the lazy quantifier before `$` of `{}` has no effect",
                    field.path
                ),
                "`{m,n}?$` and `{m,n}$` accept the same strings".to_owned(),
            );
        }
    }

    /// Bounds in prose against those of a pattern that is one repeated class.
    pub(super) fn lengths(&mut self, field: &Field<'_>, pattern: &str) {
        let Some((low, high)) = counted(pattern) else {
            return;
        };
        let (min, max) = (field.schema.min_length, field.schema.max_length);
        // A length that one of the two allows.
        let between = match (min, max) {
            (_, Some(max)) if max != high => Some(max.max(high)),
            (Some(min), _) if min != low => Some(min.min(low)),
            _ => None,
        };
        if let Some(between) = between {
            let show = |v: Option<u64>| v.map_or("not stated".to_owned(), |v| v.to_string());
            self.add(
                "length-contradiction",
                field.schema,
                Some(field.promise("maxLength")),
                format!("prose and pattern of `{}` give different lengths", field.path),
                format!(
                    "prose: {} to {}; pattern: {{{low},{high}}}; a length of {} is allowed by one and not by the other",
                    show(min),
                    show(max),
                    between
                ),
            );
        }
    }

    /// A published type that the field's own pattern excludes.
    pub(super) fn published_type(&mut self, field: &Field<'_>) {
        let schema = field.schema;
        let pattern = schema.pattern.as_deref();
        let Some(whole) = pattern.and_then(|p| matcher(p, Mode::FullGrouped)) else {
            return;
        };
        for (kind, example) in [("ipv4", "192.168.1.20"), ("dns", "host")] {
            if schema.published_types.iter().any(|t| t == kind) && !whole(example) {
                self.add(
                    "type-against-pattern",
                    schema,
                    Some(field.promise("pattern")),
                    format!(
                        "`{}` is published as {}, and its pattern excludes some of that",
                        field.path,
                        schema.published_types.join("|")
                    ),
                    format!("{example:?} is {kind}; as a whole, ECMAScript does not match it"),
                );
            }
        }
    }
}

/// Whether ECMAScript matches a text; a text that takes too much is not matched. `None`: there is
/// no automaton for the pattern.
fn matcher(pattern: &str, mode: Mode) -> Option<impl Fn(&str) -> bool> {
    let automaton = language::language(pattern, Dialect::EcmaScript, mode).ok()?;
    let automaton = RefCell::new(automaton);
    Some(move |text: &str| automaton.borrow_mut().decide(text).unwrap_or(false))
}

/// The bounds of a pattern that is nothing but one repeated class, with whatever a generator left
/// at its end: `^[0-9a-z]{1,31}?$`.
fn counted(pattern: &str) -> Option<(u64, u64)> {
    let (class, rest) = pattern
        .trim_start_matches('^')
        .strip_prefix('[')?
        .split_once("]{")?;
    let (bounds, end) = rest.split_once('}')?;
    // `[a-z]-[0-9]{2,3}`: more than one class. In a damaged one a `]` may stand.
    let more = class.split_once(']').is_some_and(|(_, c)| c.contains('['));
    if more || !end.chars().all(|c| "?$`".contains(c)) {
        return None;
    }
    let (low, high) = bounds.split_once(',')?;
    Some((low.parse().ok()?, high.parse().ok()?))
}

/// The parts of a text that begin with a character other than a letter or digit and go on to the
/// next such character.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mark = |c: char| !c.is_alphanumeric();
    text.match_indices(mark).map(move |(at, _)| {
        let piece = text.get(at..).unwrap_or_default();
        let mut marks = piece.match_indices(mark).map(|(end, _)| end);
        let end = marks.nth(1).unwrap_or(piece.len());
        piece.get(..end).unwrap_or_default()
    })
}

/// The text with another number at its end: both sides of where ranges written as alternatives
/// change their branch.
fn numbered(text: &str) -> impl Iterator<Item = String> {
    const NUMBERS: &[&str] = &[
        "0", "9", "10", "19", "99", "100", "199", "200", "249", "250", "255", "999",
    ];
    let start = text.trim_end_matches(|c: char| c.is_ascii_digit());
    NUMBERS.iter().map(move |number| format!("{start}{number}"))
}

/// Whether a pattern has alternatives outside of every group and class.
fn several_alternatives(pattern: &str) -> bool {
    let (mut depth, mut class, mut escaped) = (0_usize, false, false);
    for c in pattern.chars() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            ']' => class = false,
            _ if class => {}
            '[' => class = true,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}
