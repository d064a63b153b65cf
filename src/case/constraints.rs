//! Just inside, on and just outside each edge of each rule, and what hand-written checks let
//! through.

use super::bodies::{Bodies, main_type};
use super::builder::{BodyCases, BodyDraft, WhenOpen};
use super::counts::counts;
use super::model::{Case, Context, Strategy};
use super::mutate::{SHORTENED, family, mutants, with_character};
use super::numbers;
use super::weaken::Checks;
use super::words::{mark, shown};
use crate::contract::{self, FieldPath, JsonType, Operation, Schema};
use crate::pattern::Assessment;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Constraints;

impl Strategy for Constraints {
    fn name(&self) -> &'static str {
        "constraints"
    }

    fn explain(&self) -> &'static str {
        "For every rule of every field, values just outside its edges: lengths one off, numbers \
         one off and where integers of 8 to 64 bits wrap round, words of an enumeration in \
         capitals, cut, extended, joined; strings one edit outside the language of the pattern, \
         computed from its automaton; and what checks by hand let through: blanks, line ends and \
         NUL around a valid value, valid parts of invalid wholes, other digits of Unicode, \
         escapes. Only strings that no plausible reading of the page accepts are called invalid."
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        if let Some(mut builder) = BodyCases::of(context, op, self.name()) {
            let fields: Vec<(FieldPath, Schema)> = builder
                .bodies
                .fields_and_entries()
                .into_iter()
                .map(|f| (f.path, f.schema.clone()))
                .collect();
            let mut shared: Vec<&str> = SHARED.to_vec();
            let root = (FieldPath::root(), builder.bodies.schema.clone());
            // A body may be a list or a map itself.
            match main_type(&root.1) {
                Some(JsonType::Array) => sizes(&mut builder, &root.0, &root.1),
                Some(JsonType::Object) => counts(&mut builder, &root.0, &root.1),
                _ => {}
            }
            for (path, schema) in &fields {
                if let Some(values) = &schema.enum_values {
                    enumeration(&mut builder, path, values);
                    continue;
                }
                match main_type(schema) {
                    Some(JsonType::String) => {
                        lengths(&mut builder, path, schema);
                        texts(&mut builder, path, schema, &mut shared);
                    }
                    Some(JsonType::Integer | JsonType::Number) => {
                        numbers::edges(&mut builder, path, schema);
                    }
                    Some(JsonType::Array) => sizes(&mut builder, path, schema),
                    Some(JsonType::Object) => counts(&mut builder, path, schema),
                    _ => {}
                }
            }
            cases.append(&mut builder.into_cases());
        }
        cases
    }
}

/// What the page says of the body with `text` at the field.
fn assess(bodies: &Bodies<'_, '_>, path: &FieldPath, text: &str) -> Option<Assessment> {
    let body = bodies.with(path, Value::from(text))?;
    Some(bodies.assess(&body).certainty)
}

/// One string at a field that is to be refused; dropped where the page does not say so.
fn refused(
    builder: &mut BodyCases<'_, '_>,
    path: &FieldPath,
    (keyword, idea, tier): (&'static str, &str, u8),
    text: &str,
) {
    let Some(body) = builder.bodies.with(path, Value::from(text)) else {
        return;
    };
    if builder.bodies.assess(&body).certainty != Assessment::SurelyInvalid {
        return;
    }
    let sketch = BodyDraft {
        field: path,
        keyword,
        name: format!("{idea}-{}", mark(text)),
        title: format!("{path} is {}", shown(text)),
        class: format!("{keyword}:{}", family(idea)),
        tier,
        body,
        bytes: None,
        when_open: WhenOpen::Drop,
    };
    builder.add_sized(text.len(), sketch);
}

/// One character too few and too many, then far too many.
fn lengths(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    let samples = builder.bodies.samples(path, schema);
    let mut wanted: Vec<(&'static str, &'static str, u64, u8)> = Vec::new();
    if let Some(min) = schema.min_length.filter(|m| *m > 0) {
        wanted.push(("minLength", "one-too-short", min - 1, 0));
        wanted.push(("minLength", "empty", 0, 1));
    }
    if let Some(max) = schema.max_length {
        wanted.push(("maxLength", "one-too-long", max + 1, 0));
        wanted.push((
            "maxLength",
            "twice-too-long",
            max.saturating_mul(2).max(2),
            2,
        ));
        // Eight bits of length wrap round to something short.
        wanted.push(("maxLength", "wraps-at-256", 256 + max.min(8), 2));
    }
    for (keyword, idea, length, tier) in wanted {
        let Some(length) = sendable(length) else {
            continue;
        };
        let found = stretched(&samples, length)
            .into_iter()
            .find(|text| assess(&builder.bodies, path, text) == Some(Assessment::SurelyInvalid));
        if let Some(text) = found {
            refused(builder, path, (keyword, idea, tier), &text);
        }
    }
    // Blanks count. A check that trims first finds the longest valid string, or what looks like it.
    let longest = schema.max_length.and_then(sendable);
    if let Some(max) = longest {
        let full = stretched(&samples, max)
            .into_iter()
            .map(|text| format!("{text} "));
        let found = full
            .into_iter()
            .find(|text| assess(&builder.bodies, path, text) == Some(Assessment::SurelyInvalid));
        if let Some(text) = found {
            refused(
                builder,
                path,
                ("maxLength", "trailing-space-too-long", 2),
                &text,
            );
        }
    }
    // A character of several octets on the edge: devices count octets or UTF-16 units.
    for (idea, tier, character) in [("two-octets", 3, 'é'), ("four-octets", 2, '😀')] {
        if let Some(max) = longest {
            let text: String = std::iter::repeat_n(character, max + 1).collect();
            refused(builder, path, ("maxLength", idea, tier), &text);
        }
    }
}

/// Ideas against code that all fields share (a normalisation, a reader of quoted text): the first
/// field that forbids the result sends them early, the others when there is room.
const SHARED: [&str; 2] = ["full-width-letter", "quoted"];

/// A length, where it is not beyond what is sent: longer strings are the business of the strategy
/// `hostile`.
fn sendable(length: u64) -> Option<usize> {
    const MOST_CHARACTERS: usize = 70_000;
    let length = usize::try_from(length).ok()?;
    (length <= MOST_CHARACTERS).then_some(length)
}

/// The samples brought to a length by repeating or dropping characters at their end, middle and
/// start.
pub(super) fn stretched(samples: &[String], length: usize) -> Vec<String> {
    let mut out = Vec::new();
    let spare = ["a".to_owned()];
    let samples: &[String] = if samples.is_empty() { &spare } else { samples };
    for sample in samples.iter().take(6) {
        let chars: Vec<char> = sample.chars().collect();
        if length <= chars.len() {
            out.push(chars[..length].iter().collect());
            out.push(chars[chars.len() - length..].iter().collect());
            continue;
        }
        let more = length - chars.len();
        let last = chars.len().saturating_sub(1);
        for at in [last, chars.len() / 2, 0] {
            let filler = chars.get(at).copied().unwrap_or('a');
            let mut text: String = chars.iter().take(at).collect();
            text.extend(std::iter::repeat_n(filler, more));
            text.extend(chars.iter().skip(at));
            out.push(text);
        }
    }
    out
}

/// Strings outside the rules of a field: one edit outside the language, computed from the
/// automaton, and what hand-written checks let through; each idea once, with the first valid
/// sample for which the page surely forbids the result. Those come first that show most mistakes
/// in the pattern.
fn texts(
    builder: &mut BodyCases<'_, '_>,
    path: &FieldPath,
    schema: &Schema,
    shared: &mut Vec<&'static str>,
) {
    let keyword = text_keyword(schema);
    if keyword == "type" {
        return;
    }
    refused(builder, path, (keyword, "empty", 0), "");
    let mut place = Place::default();
    for (idea, text, rank) in ranked(&builder.bodies, path, schema) {
        let Some(mut tier) = place.next(rank, builder.context.thorough) else {
            continue;
        };
        if shared.contains(&idea.as_str()) {
            shared.retain(|s| *s != idea);
            tier = tier.min(2);
        }
        refused(builder, path, (keyword, &idea, tier), &text);
    }
}

/// How much a string tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    /// It shows mistakes in the pattern that none before it shows.
    Shows,
    /// A mistake of hand-written checks, by how common it is (1 to 3).
    Common(u8),
    /// One more edit.
    Near,
}

/// Spreads one field's strings over the tiers, so that no field takes the budget of another.
#[derive(Default)]
struct Place {
    shows: usize,
    near: usize,
}

impl Place {
    fn next(&mut self, rank: Rank, thorough: bool) -> Option<u8> {
        let tier = match rank {
            Rank::Shows => {
                self.shows += 1;
                match self.shows {
                    0..=4 => 1,
                    5..=12 => 2,
                    13..=20 => 3,
                    _ => 4,
                }
            }
            Rank::Common(tier) => tier + 1,
            Rank::Near => {
                self.near += 1;
                match self.near {
                    0..=8 => 3,
                    9..=14 => 4,
                    _ if thorough => 6,
                    _ => return None,
                }
            }
        };
        Some(tier)
    }
}

/// Strings that the page surely forbids for a field, the most telling first.
fn ranked(
    bodies: &Bodies<'_, '_>,
    path: &FieldPath,
    schema: &Schema,
) -> Vec<(String, String, Rank)> {
    let thorough = bodies.context.thorough;
    let assess = |text: &str| contract::assess(schema, &Value::from(text), bodies.context.texts);
    let invalid = |text: &str| assess(text).certainty == Assessment::SurelyInvalid;
    let by_length = |text: &str| {
        let faults = assess(text).faults;
        faults
            .iter()
            .any(|f| f.certain && f.keyword.ends_with("Length"))
    };
    let mut candidates: Vec<(String, String, Rank)> = Vec::new();
    let mut ideas: BTreeMap<&'static str, usize> = BTreeMap::new();
    let most = if thorough { 4 } else { 1 };
    for sample in bodies.samples(path, schema).iter() {
        for mutant in mutants(sample) {
            let count = ideas.entry(mutant.idea).or_default();
            if *count < most
                && invalid(&mutant.text)
                && (SHORTENED.contains(&mutant.idea) || !by_length(&mutant.text))
            {
                *count += 1;
                let rank = Rank::Common(mutant.tier);
                candidates.push((mutant.idea.to_owned(), mutant.text, rank));
            }
        }
    }
    foreign_characters(bodies, path, schema, &invalid, &mut candidates);
    // A check copied from another field takes what that field takes.
    for field in bodies.fields() {
        let Some(Value::String(text)) = bodies.sample(&field.path) else {
            continue;
        };
        let known = candidates.iter().any(|c| c.1 == text);
        if field.path != *path && !known && invalid(&text) && !by_length(&text) {
            let idea = format!("value-of-{}", field.path);
            candidates.push((idea, text, Rank::Common(2)));
        }
    }
    if let Some(text) = bodies.text_of(schema) {
        let limit = if thorough { 400 } else { 80 };
        for sample in text.near_misses(limit) {
            let known = candidates.iter().any(|c| c.1 == sample.text);
            if !known && invalid(&sample.text) && !by_length(&sample.text) {
                candidates.push((format!("near-{}", sample.idea), sample.text, Rank::Near));
            }
        }
    }
    let strings: Vec<String> = candidates.iter().map(|c| c.1.clone()).collect();
    let checks = Checks::of(schema.pattern.as_deref().unwrap_or_default());
    let order = checks.order(&strings, false);
    let ranked = order.into_iter().filter_map(|(at, shows)| {
        let (idea, text, rank) = candidates.get(at)?.clone();
        Some((idea, text, if shows { Rank::Shows } else { rank }))
    });
    ranked.collect()
}

/// Each printable ASCII character, control character and letter that the page surely forbids
/// somewhere in a valid string: what a class that is too wide, or none, lets through.
fn foreign_characters(
    bodies: &Bodies<'_, '_>,
    path: &FieldPath,
    schema: &Schema,
    invalid: &dyn Fn(&str) -> bool,
    candidates: &mut Vec<(String, String, Rank)>,
) {
    let Some(Value::String(sample)) = bodies.sample(path) else {
        return;
    };
    if schema.pattern.is_none() {
        return;
    }
    // Those first that separate, quote or escape somewhere.
    let first = ":'\\/@;\"<% \t\u{1}\u{7f}é,|&#?*=";
    let others = (' '..='~').filter(|c| !c.is_ascii_alphanumeric() && !first.contains(*c));
    for (at, c) in first.chars().chain(others).enumerate() {
        let mut texts = with_character(&sample, c).into_iter();
        let Some(text) = texts.find(|text| invalid(text)) else {
            continue;
        };
        if candidates.iter().all(|known| known.1 != text) {
            let rank = Rank::Common(match at {
                0..=1 => 1,
                2..=14 => 2,
                _ => 3,
            });
            candidates.push((format!("char-{:02x}", u32::from(c)), text, rank));
        }
    }
}

/// The keyword that most rules of the string stand under.
pub(super) fn text_keyword(schema: &Schema) -> &'static str {
    if schema.pattern.is_some() {
        "pattern"
    } else if schema.format.is_some() || !schema.published_types.is_empty() {
        "format"
    } else if schema.max_length.is_some() {
        "maxLength"
    } else if schema.min_length.is_some() {
        "minLength"
    } else {
        "type"
    }
}

/// Most words of an enumeration that others are made from.
const MOST_WORDS: usize = 100;

/// Words that are almost those of an enumeration.
fn enumeration(builder: &mut BodyCases<'_, '_>, path: &FieldPath, values: &[Value]) {
    let words = values.iter().filter_map(Value::as_str);
    let words: Vec<&str> = words.take(MOST_WORDS).collect();
    if words.is_empty() {
        foreign_values(builder, path, values);
        return;
    }
    let joined = words.join(",");
    let turn = usize::try_from(builder.context.seed % 97).unwrap_or(0);
    let word = |i: usize| words[(i + turn) % words.len()];
    let ideas: Vec<(&'static str, u8, String)> = vec![
        ("other-word", 0, "probity".to_owned()),
        ("empty", 0, String::new()),
        ("upper-case", 0, word(0).to_uppercase()),
        ("longer", 0, format!("{}x", word(1))),
        ("cut", 1, cut(word(2))),
        ("trailing-space", 1, format!("{} ", word(0))),
        ("leading-space", 1, format!(" {}", word(1))),
        ("joined", 1, joined.clone()),
        ("nul-and-more", 1, format!("{}\0x", word(2))),
        // Compared by length and beginning, or by a hash of both.
        ("other-end", 1, format!("{}_", cut(word(0)))),
        ("capital", 1, capital(word(1))),
        ("trailing-lf", 1, format!("{}\n", word(2))),
        ("nul-at-end", 2, format!("{}\0", word(1))),
        ("first-letter", 2, word(0).chars().take(1).collect()),
        ("inside-of-joined", 2, inside(&joined)),
        ("two-joined", 2, format!("{}|{}", word(0), word(1))),
        ("longer-in-front", 2, format!("x{}", word(0))),
        ("digit", 2, "0".to_owned()),
        ("number-one", 3, "1".to_owned()),
        ("look-alike", 2, full_width(word(2))),
        ("quoted", 3, format!("\"{}\"", word(1))),
        ("blank", 3, " ".to_owned()),
        ("word-null", 3, "null".to_owned()),
        ("doubled", 3, format!("{0}{0}", word(0))),
        ("swapped", 3, swapped(word(1))),
    ];
    for (idea, tier, text) in ideas {
        refused(builder, path, ("enum", idea, tier), &text);
    }
    // What the library behind the field knows beside them.
    let known = |family: &&&[&str]| words.iter().filter(|w| family.contains(w)).count();
    let family = FAMILIES.iter().filter(|f| known(f) > 0).max_by_key(known);
    let sibling = family.and_then(|family| family.iter().find(|w| !words.contains(w)));
    if let Some(sibling) = sibling {
        refused(builder, path, ("enum", "sibling", 1), sibling);
    }
}

/// Words that stand together in libraries and other products, of which a page lists some.
const FAMILIES: &[&[&str]] = &[
    &["udp", "tcp", "tls", "sctp", "ws", "wss", "dtls"],
    &["http", "https", "ftp", "sftp", "rtsp", "tftp"],
    &["on", "off", "auto"],
    &["yes", "no", "auto"],
    &["low", "medium", "high", "highest"],
    &["none", "open", "wep", "wpa", "wpa2", "wpa3"],
    &["none", "basic", "digest", "bearer"],
    &["dhcp", "static", "pppoe", "auto"],
    &["pcmu", "pcma", "g722", "g729", "opus", "ilbc"],
    &["h264", "h265", "mjpeg", "vp8", "vp9"],
    &["rfc2833", "inband", "info", "auto"],
    &["md5", "sha1", "sha256", "sha512"],
    &["debug", "info", "warning", "error", "critical"],
    &["heat", "cool", "auto", "off", "dry", "fan"],
    &["open", "closed", "locked", "unlocked"],
    &["admin", "user", "guest", "operator"],
];

/// Neighbours of an enumeration of numbers or mixed values.
fn foreign_values(builder: &mut BodyCases<'_, '_>, path: &FieldPath, values: &[Value]) {
    let numbers: Vec<i64> = values.iter().filter_map(Value::as_i64).collect();
    let (Some(least), Some(most)) = (numbers.iter().min(), numbers.iter().max()) else {
        return;
    };
    let candidates = [
        ("above", 0, most.saturating_add(1)),
        ("below", 0, least.saturating_sub(1)),
        ("between", 1, least.saturating_add(1)),
        ("negative", 2, most.saturating_neg()),
        ("wraps-8", 2, most.saturating_add(256)),
        ("wraps-16", 2, most.saturating_add(65_536)),
        ("wraps-32", 2, most.saturating_add(1 << 32)),
    ];
    for (idea, tier, number) in candidates {
        numbers::refused(builder, path, ("enum", idea, tier), json!(number));
    }
}

fn cut(word: &str) -> String {
    let mut text = word.to_owned();
    text.pop();
    text
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// The characters round the first comma: what a search in the joined list finds.
fn inside(joined: &str) -> String {
    let chars: Vec<char> = joined.chars().collect();
    let comma = chars.iter().position(|c| *c == ',').unwrap_or(0);
    let from = comma.saturating_sub(1);
    chars.iter().skip(from).take(3).collect()
}

fn full_width(word: &str) -> String {
    word.chars()
        .map(|c| match c {
            '!'..='~' => char::from_u32(c as u32 + 0xFEE0).unwrap_or(c),
            other => other,
        })
        .collect()
}

fn swapped(word: &str) -> String {
    let mut chars: Vec<char> = word.chars().collect();
    if chars.len() > 1 {
        chars.swap(0, 1);
    }
    chars.into_iter().collect()
}

/// One item too few and too many, and items that repeat.
fn sizes(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    let Some(Value::Array(items)) = builder.bodies.sample(path) else {
        return;
    };
    let Some(first) = items.first().cloned() else {
        return;
    };
    let mut sent: Vec<(&'static str, &'static str, u8, Vec<Value>)> = Vec::new();
    if let Some(min) = schema.min_items.filter(|m| *m > 0)
        && let Ok(min) = usize::try_from(min)
    {
        let few: Vec<Value> = items.iter().take(min - 1).cloned().collect();
        sent.push(("minItems", "one-too-few", 0, few));
        if min > 1 {
            sent.push(("minItems", "none", 1, Vec::new()));
        }
    }
    if let Some(max) = schema.max_items
        && let Ok(max) = usize::try_from(max)
        && max < 1_000
    {
        for (idea, tier, count) in [
            ("one-too-many", 0, max + 1),
            ("far-too-many", 2, max * 4 + 64),
        ] {
            sent.push(("maxItems", idea, tier, builder.bodies.items(schema, count)));
        }
    }
    // Behind the places that have rules of their own there may be none (`items: false`).
    if !schema.prefix_items.is_empty() && schema.max_items.is_none() {
        let more = items.iter().cloned().chain([first.clone()]).collect();
        sent.push(("items", "one-too-many", 0, more));
    }
    if schema.unique_items {
        let twice = vec![first.clone(), first];
        sent.push(("uniqueItems", "same-twice", 0, twice));
    }
    for (keyword, idea, tier, items) in sent {
        let count = items.len();
        let Some(body) = builder.bodies.with(path, Value::Array(items)) else {
            continue;
        };
        if builder.bodies.assess(&body).certainty != Assessment::SurelyInvalid {
            continue;
        }
        builder.add_body(BodyDraft {
            field: path,
            keyword,
            name: idea.to_owned(),
            title: format!("{path} has {count} items"),
            class: format!("{keyword}:{idea}"),
            tier,
            body,
            bytes: None,
            when_open: WhenOpen::Drop,
        });
    }
}
