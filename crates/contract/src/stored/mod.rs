//! In which other form a device may show what was written to it: as the words of the document say
//! (trimmed, lower case, rounded, a set), and as a `format` has several spellings of one value. Pure.

mod spelling;
mod words;

pub(crate) use words::said;

use crate::pointer;
use crate::shape;
use crate::{Additional, Operation, Schema};
use serde_json::Value;
use spelling::same_value;
use std::ops::Deref;
use words::*;

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

    /// Members that a body leaves out and whose default the document gives: JSON pointer → default. Only
    /// truth values, numbers and words: a text may well be worked out from other members.
    #[must_use]
    pub fn left_out(&self, written: &Value) -> Vec<(String, Value)> {
        let mut out = Vec::new();
        for (body, _) in &self.0 {
            defaults(body, written, "", &mut out);
        }
        // Where operations differ about it, nobody can say.
        let all = out.clone();
        out.retain(|(at, value)| all.iter().all(|(a, v)| a != at || v == value));
        out.dedup();
        out
    }

    /// A body without the blanks that the document has taken away from its texts.
    #[must_use]
    pub fn trimmed(&self, body: &Value) -> Value {
        fn walk(stored: &Stored, value: &mut Value, at: &str) {
            match value {
                Value::String(text) if text.trim() != text && stored.here(at).has(TRIMMED) => {
                    *text = text.trim().to_owned();
                }
                Value::Array(items) => {
                    let items = items.iter_mut().enumerate();
                    items.for_each(|(i, item)| walk(stored, item, &format!("{at}/{i}")));
                }
                Value::Object(members) => members.iter_mut().for_each(|(name, m)| {
                    walk(stored, m, &format!("{at}/{}", pointer::escape(name)))
                }),
                _ => {}
            }
        }
        let mut body = body.clone();
        walk(self, &mut body, "");
        body
    }

    /// Whether the document says that what is written there is kept under some condition only.
    #[must_use]
    pub fn may_not_count(&self, at: &str) -> bool {
        self.here(at).has(SOMETIMES)
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
                // What is said of an object and names no member of it ("what is not known is ignored
                // if…") is no word about all of them.
                let of_all = !names.is_empty() && named.is_empty();
                self.forms |= clause.forms & if of_all { !SOMETIMES } else { u16::MAX };
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
    texts.iter().any(|t| {
        t == shown
            || here.has(SEPARATORS) && are_joined_alike(t, shown)
            || here.has(ADDED) && is_longer_by_little(t, shown)
            || here.has(UNICODE) && !(t.is_ascii() && shown.is_ascii())
    })
}

/// Whether two texts are the same but for what stands between their parts.
fn are_joined_alike(one: &str, other: &str) -> bool {
    let between = |c: &char| !(c.is_whitespace() || "-.:/()[]_,+".contains(*c));
    let bare = |text: &str| text.chars().filter(between).collect::<String>();
    let one = bare(one);
    !one.is_empty() && one == bare(other)
}

/// What is put in front of a text, or behind it, at most: `https://www.`
const LITTLE: usize = 16;

/// Whether a text has something more in front or behind, or lacks the slash at its end.
fn is_longer_by_little(written: &str, shown: &str) -> bool {
    let more = shown.len().saturating_sub(written.len());
    let longer = shown.starts_with(written) || shown.ends_with(written);
    longer && !written.is_empty() && more <= LITTLE || written.trim_end_matches('/') == shown
}

/// One form of a text.
type Form = fn(&str) -> String;

/// Other forms in which a device may read a text before it looks at the rules, as the words say.
pub(crate) fn read_as(said: &[Said], text: &str) -> Vec<String> {
    let forms = said.iter().fold(0, |all, clause| all | clause.forms);
    let mut texts = vec![text.to_owned()];
    let steps: [(u16, Form); 4] = [
        (TRIMMED, |t| t.trim().to_owned()),
        (LOWER | ANY_CASE, str::to_lowercase),
        (UPPER | ANY_CASE, str::to_uppercase),
        (SEPARATORS, |t| {
            let kept = t.chars().filter(|c| !c.is_whitespace() && *c != '-');
            kept.collect()
        }),
    ];
    for (form, step) in steps {
        if forms & form != 0 {
            let more: Vec<String> = texts.iter().map(|t| step(t)).collect();
            texts.extend(more);
        }
    }
    texts.retain(|t| t != text);
    texts
}

/// See [`Stored::left_out`].
fn defaults(schema: &Schema, written: &Value, at: &str, out: &mut Vec<(String, Value)>) {
    let Some(members) = written.as_object() else {
        return;
    };
    // Alternatives may have a default each.
    if !schema.one_of.is_empty() || !schema.any_of.is_empty() {
        return;
    }
    for (name, member) in shape::members(schema) {
        let pointer = format!("{at}/{}", pointer::escape(name));
        if let Some(inner) = members.get(name) {
            defaults(member, inner, &pointer, out);
            continue;
        }
        let Some(default) = &member.default else {
            continue;
        };
        let word = default.is_string() && member.enum_values.is_some();
        let plain = default.is_boolean() || default.is_number() || word;
        if plain && !member.read_only && !member.write_only {
            out.push((pointer, default.clone()));
        }
    }
}
