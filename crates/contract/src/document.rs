//! From bytes to one JSON value: YAML 1.2 or JSON, bounded in size, depth and expansion. A member
//! that is there twice with different values is none of them.

use super::model::ContractError;
use super::pointer::escape;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, json};
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

/// Largest document, in octets.
pub(super) const LARGEST: usize = 16 << 20;
/// Deepest nesting of a document; `serde_json` has the same limit for JSON.
const DEEPEST: usize = 128;
/// Most mappings, sequences and scalars of a YAML document.
const MOST_NODES: usize = 1_000_000;
/// Most events that the aliases of a YAML document may expand to ("billion laughs").
const MOST_ALIASED: usize = 200_000;

/// The reference that stands instead of a member that is there twice with different values, so
/// that what depends on it is left out like anything that cannot be read.
pub(super) const TWICE: &str = "#there-twice";
/// Why it is.
pub(super) const WHY_TWICE: &str =
    "the member is there twice, with different values: which of them holds differs between readers";

/// A document.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) value: Value,
    /// Pointers of members that are there twice, and whether the values are the same.
    pub(super) twice: Vec<(String, bool)>,
}

/// The text of a file: UTF-8, or what begins as UTF-16 or UTF-32 does (YAML 1.2.2 §5.2).
///
/// # Errors
/// Where it is not UTF-8, and how.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, (String, String)> {
    let wide = |size: usize, big: bool| -> String {
        let units = bytes.chunks(size).map(|unit| {
            let digits: Vec<u8> = match big {
                true => unit.to_vec(),
                false => unit.iter().rev().copied().collect(),
            };
            digits.iter().fold(0_u32, |sum, b| sum << 8 | u32::from(*b))
        });
        match size {
            2 => char::decode_utf16(units.map(|unit| unit as u16))
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
            _ => units
                .map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
        }
    };
    let decoded = match bytes {
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, _, ..] => wide(4, true),
        [0xff, 0xfe, 0, 0, ..] | [_, 0, 0, 0, ..] => wide(4, false),
        [0xfe, 0xff, ..] | [0, _, ..] => wide(2, true),
        [0xff, 0xfe, ..] | [_, 0, ..] => wide(2, false),
        _ => {
            let text = std::str::from_utf8(bytes).map_err(|e| not_utf8(bytes, e.valid_up_to()))?;
            return Ok(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)));
        }
    };
    let plain = decoded.strip_prefix('\u{feff}');
    Ok(Cow::Owned(plain.unwrap_or(&decoded).to_owned()))
}

fn not_utf8(bytes: &[u8], at: usize) -> (String, String) {
    let before = bytes.get(..at).unwrap_or_default();
    let line = 1 + before.iter().filter(|b| **b == b'\n').count();
    let begins = before
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |n| n + 1);
    let characters = String::from_utf8_lossy(before.get(begins..).unwrap_or_default());
    let column = 1 + characters.chars().count();
    let octet = bytes.get(at).copied().unwrap_or_default();
    let reason = format!("not UTF-8: octet 0x{octet:02X}; save the file as UTF-8");
    (format!("line {line}, column {column}"), reason)
}

/// Parses a document: JSON where it begins like JSON, YAML otherwise. Plain scalars are read by the
/// core schema of YAML 1.2 (§10.3.2), as OpenAPI asks (3.1 §4.3): `yes`, `no`, `on`, `off` and `y`
/// are text.
///
/// # Errors
/// Not UTF-8, too large, too deep, not well-formed: with line and column.
pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Parsed, ContractError> {
    let error = |place: String, reason: String| ContractError {
        file: file.to_owned(),
        place,
        reason,
        lawful: false,
    };
    if bytes.len() > LARGEST {
        return Err(error(
            String::new(),
            format!("larger than {LARGEST} octets"),
        ));
    }
    let text = text(bytes).map_err(|(place, reason)| error(place, reason))?;
    let text = text.as_ref();
    if text.trim_start().starts_with('/')
        && let Some(place) = commented(text)
    {
        return Err(error(place, COMMENT.to_owned()));
    }
    if !text.trim_start().starts_with(['{', '[']) {
        return yaml(text).map_err(|(place, reason)| error(place, reason));
    }
    match json(text) {
        Ok(value) => Ok(value),
        Err((place, reason)) => match commented(text) {
            // YAML takes the words of a comment for names.
            Some(place) => Err(error(place, COMMENT.to_owned())),
            // Flow collections of YAML begin like this, too. The error of JSON is the better guess.
            None => yaml(text).map_err(|_| error(place, reason)),
        },
    }
}

const COMMENT: &str = "a comment, which JSON does not have (RFC 8259): take out this and every other, \
                       or save the document as YAML, whose comments begin with `#`";

/// The place of the first comment of a text that is JSON but for comments as JavaScript has them.
fn commented(text: &str) -> Option<String> {
    let (mut plain, mut first) = (String::with_capacity(text.len()), None);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' => {
                let mut escaped = false;
                let closes = |c: char| {
                    let quote = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    quote
                };
                rest.get(1..)?.find(closes)? + 2
            }
            '/' => {
                first.get_or_insert(text.len() - rest.len());
                let end = match rest.get(..2)? {
                    "//" => rest.find('\n').unwrap_or(rest.len()),
                    "/*" => rest.get(2..)?.find("*/")? + 4,
                    _ => return None,
                };
                plain.push(' ');
                rest = rest.get(end..)?;
                continue;
            }
            c => c.len_utf8(),
        };
        let (same, after) = rest.split_at_checked(length)?;
        plain.push_str(same);
        rest = after;
    }
    let before = text.get(..first?)?;
    json(&plain).ok()?;
    let line = 1 + before.matches('\n').count();
    let begins = before.rfind('\n').map_or(0, |at| at + 1);
    let column = 1 + before.get(begins..)?.chars().count();
    Some(format!("line {line}, column {column}"))
}

fn json(text: &str) -> Result<Parsed, (String, String)> {
    let seen = RefCell::default();
    let mut from = serde_json::Deserializer::from_str(text);
    let read = Tree(&seen).deserialize(&mut from);
    read.and_then(|value| from.end().map(|()| value))
        .map(|value| Parsed {
            value,
            twice: seen.take().twice,
        })
        .map_err(|e| {
            let place = format!("line {}, column {}", e.line(), e.column());
            let reason = e.to_string();
            let suffix = format!(" at line {} column {}", e.line(), e.column());
            let reason = reason.strip_suffix(&suffix).unwrap_or(&reason);
            let reason = match reason {
                "recursion limit exceeded" => too_deep(),
                reason => format!("not JSON: {reason}"),
            };
            (place, reason)
        })
}

/// How YAML is read: plain scalars as core schema says, everything bounded.
pub(super) fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::PassThrough,
        // No JSON number: what wants one says so, and the rest is read.
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::AsString,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(LARGEST),
            max_depth: DEEPEST,
            max_nodes: MOST_NODES,
            max_events: 3 * MOST_NODES,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MOST_ALIASED,
        },
    }
}

fn yaml(text: &str) -> Result<Parsed, (String, String)> {
    let seen = RefCell::default();
    let read =
        serde_saphyr::with_deserializer_from_str_with_options(text, yaml_options(), |from| {
            Tree(&seen).deserialize(from)
        });
    read.map(|value| Parsed {
        value,
        twice: seen.take().twice,
    })
    .map_err(|e| {
        let reason = e.to_string();
        let Some(location) = e.location() else {
            return (String::new(), format!("not YAML: {reason}"));
        };
        let (line, column) = (location.line(), location.column());
        let suffix = format!(" at line {line}, column {column}");
        let reason = reason.strip_suffix(&suffix).unwrap_or(&reason);
        (format!("line {line}, column {column}"), in_words(reason))
    })
}

fn too_deep() -> String {
    format!("nested deeper than {DEEPEST} levels")
}

/// What the reader of YAML says, for those who write documents.
fn in_words(reason: &str) -> String {
    let told = [
        (
            "Documents {",
            "more than one document in the file: a second `---`".to_owned(),
        ),
        ("Depth {", too_deep()),
        (
            "weak recursion",
            "an alias within its own anchor: the value would have no end".to_owned(),
        ),
        (
            "replay limit",
            format!("aliases stand for more than {MOST_ALIASED} values"),
        ),
        (
            "expected string scalar",
            "a key that is a list or a mapping: JSON has none".to_owned(),
        ),
    ];
    let known = told.into_iter().find(|(sign, _)| reason.contains(sign));
    known.map_or_else(|| format!("not YAML: {reason}"), |(_, words)| words)
}

/// Where the reader is, and what was there twice.
#[derive(Default)]
struct Seen {
    at: String,
    twice: Vec<(String, bool)>,
}

/// Most members that are there twice that are told.
const MOST_TWICE: usize = 1_000;

/// Reads a [`Value`]. Which of two members of one name holds differs between parsers (RFC 8259 §4):
/// none of them does here, unless they are the same.
#[derive(Clone, Copy)]
struct Tree<'s>(&'s RefCell<Seen>);

impl<'s> Tree<'s> {
    /// One step down.
    fn below<T>(self, name: &str, read: impl FnOnce(Tree<'s>) -> T) -> T {
        let before = {
            let at = &mut self.0.borrow_mut().at;
            let before = at.len();
            at.push('/');
            at.push_str(&escape(name));
            before
        };
        let out = read(self);
        self.0.borrow_mut().at.truncate(before);
        out
    }

    fn twice(self, same: bool) {
        let mut seen = self.0.borrow_mut();
        let at = seen.at.clone();
        let known = seen.twice.iter().position(|(place, _)| *place == at);
        let room = seen.twice.len() < MOST_TWICE;
        match known.and_then(|known| seen.twice.get_mut(known)) {
            Some((_, all)) => *all &= same,
            None if room => seen.twice.push((at, same)),
            None => {}
        }
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    // Integers beyond 64 bits come as this, and lose precision, as everywhere in JSON (RFC 8259 §6).
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let name = items.len().to_string();
            match self.below(&name, |tree| from.next_element_seed(tree))? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = from.next_key::<Option<String>>()? {
            // YAML has a key `null`; JSON has the text.
            let name = name.unwrap_or_else(|| "null".to_owned());
            let value = self.below(&name, |tree| {
                let value = from.next_value_seed(tree)?;
                let Some(known) = members.get(&name) else {
                    return Ok(value);
                };
                let same = *known == value;
                tree.twice(same);
                Ok(if same { value } else { json!({"$ref": TWICE}) })
            })?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
