//! Values and bodies from the contract and its languages.

use super::dictionary::Dictionary;
use super::random::Random;
use crate::case::build::{get, remove, set};
use crate::case::{Context, Weigher};
use crate::contract::{FieldPath, JsonType, Schema};
use crate::pattern::{Assessment, Text};
use serde_json::{Number, Value, json};
use std::sync::Arc;

/// Strings of each kind that are made once for a field.
const SAMPLES: usize = 24;
/// Longest string that is made.
const LONGEST: usize = 8 * 1024;
/// Lengths behind which fixed buffers end.
const LENGTHS: [usize; 26] = [
    1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257,
    512, 1_025,
];

/// One field of an operation, with strings that were made for it.
pub struct Field {
    /// Where it stands.
    pub path: FieldPath,
    /// Whether its parent needs it.
    pub required: bool,
    schema: Schema,
    kind: Option<JsonType>,
    valid: Vec<String>,
    near: Vec<String>,
    lengths: Vec<usize>,
}

/// One operation with everything that inputs for it are made of.
pub struct Grammar<'a> {
    /// Id of the operation.
    pub operation: String,
    /// Names of its parameters.
    pub parameters: Vec<String>,
    /// Surely valid bodies.
    pub bodies: Vec<Value>,
    /// Fields that a client may send, leaves and inner ones.
    pub fields: Vec<Field>,
    context: &'a Context<'a>,
}

impl<'a> Grammar<'a> {
    /// The grammar of each operation with a body.
    pub fn all(context: &'a Context<'a>, weigher: &Weigher<'_, '_>) -> Vec<Arc<Grammar<'a>>> {
        let operations = weigher.operations();
        operations
            .map(|op| {
                let fields = op.fields().into_iter().filter(|f| !f.schema.read_only);
                Arc::new(Grammar {
                    operation: op.id.clone(),
                    parameters: op.parameters.iter().map(|p| p.name.clone()).collect(),
                    bodies: weigher.bodies(&op.id),
                    fields: fields
                        .map(|f| {
                            let text = f.schema.rule().and_then(|r| context.texts.get(&r));
                            let mut valid = weigher.samples(&op.id, &f.path);
                            let mut near = Vec::new();
                            if let Some(text) = text {
                                valid.extend(text.valid_cover(SAMPLES).into_iter().map(|s| s.text));
                                near.extend(text.near_misses(SAMPLES).into_iter().map(|s| s.text));
                            }
                            valid.sort();
                            valid.dedup();
                            let edges = [f.schema.min_length, f.schema.max_length];
                            let edges = edges.into_iter().flatten();
                            let lengths = edges.filter_map(|n| usize::try_from(n).ok());
                            Field {
                                path: f.path,
                                required: f.required,
                                kind: f
                                    .schema
                                    .types
                                    .iter()
                                    .copied()
                                    .find(|t| *t != JsonType::Null),
                                lengths: lengths
                                    .flat_map(|n| [n.saturating_sub(1), n, n.saturating_add(1)])
                                    .filter(|n| *n <= LONGEST)
                                    .collect(),
                                schema: f.schema.clone(),
                                valid,
                                near,
                            }
                        })
                        .collect(),
                    context,
                })
            })
            .collect()
    }

    /// A body that is mostly valid: one of the surely valid ones with other values and without
    /// some members.
    pub fn body(&self, random: &mut Random, words: &Dictionary) -> Value {
        let mut body = random
            .pick(&self.bodies)
            .cloned()
            .unwrap_or_else(|| json!({}));
        for field in &self.fields {
            if get(&body, &field.path).is_none() {
                continue;
            }
            if !field.required && random.percent(20) {
                body = remove(&body, &field.path).unwrap_or(body);
            } else if random.percent(40)
                && let Some(value) = self.valid(field, random, words)
            {
                body = set(&body, &field.path, value).unwrap_or(body);
            }
        }
        body
    }

    /// A value that the field's rules allow, as far as one can be made.
    pub fn valid(&self, field: &Field, random: &mut Random, words: &Dictionary) -> Option<Value> {
        if let Some(values) = &field.schema.enum_values {
            return random.pick(values).cloned();
        }
        match field.kind? {
            JsonType::String => {
                let text = random.pick(&field.valid)?.clone();
                let varied = match self.text(field) {
                    Some(rule) if random.percent(15) => fresh(rule, field, random).unwrap_or(text),
                    Some(rule) if random.percent(60) => vary(rule, &text, field, random),
                    _ => text,
                };
                Some(Value::from(varied))
            }
            JsonType::Boolean => Some(Value::Bool(random.percent(50))),
            JsonType::Integer | JsonType::Number => {
                let edge = |b: &Option<crate::contract::Bound>| b.as_ref()?.value.as_f64();
                let low = edge(&field.schema.minimum).unwrap_or(1.0);
                let high = edge(&field.schema.maximum).unwrap_or(65_535.0);
                let inside: Vec<f64> = words
                    .numbers
                    .iter()
                    .copied()
                    .filter(|n| (low..=high).contains(n))
                    .collect();
                match random.pick(&inside) {
                    Some(n) if random.percent(70) => number(*n),
                    _ => {
                        let span = (high - low).clamp(0.0, 1e15);
                        let part = random.below(1 << 20) as f64 / f64::from(1 << 20);
                        number((low + span * part).floor())
                    }
                }
            }
            _ => None,
        }
    }

    /// A value that the field's rules may or may not allow.
    pub fn odd(&self, field: &Field, random: &mut Random, words: &Dictionary) -> Value {
        let text = field.kind == Some(JsonType::String);
        match random.below(14) {
            12 | 13 if text => Value::from(noise(random)),
            0 | 1 if text => near(field, random),
            2 | 3 if text => Value::from(
                words
                    .words
                    .get(random.below(words.words.len()))
                    .cloned()
                    .unwrap_or_default(),
            ),
            4 | 5 if text => {
                let base = random.pick(&field.valid).cloned().unwrap_or_default();
                Value::from(with_word(&base, random, words))
            }
            6 if text => {
                let base = random.pick(&field.valid).cloned().unwrap_or_default();
                Value::from(sized(&base, length(field, random)))
            }
            0..=6 if matches!(field.kind, Some(JsonType::Integer | JsonType::Number)) => {
                let n = random.pick(&words.numbers).copied().unwrap_or_default();
                number(n).unwrap_or(Value::Null)
            }
            7 => Value::Null,
            8 => Value::Bool(random.percent(50)),
            9 => number(random.pick(&words.numbers).copied().unwrap_or_default())
                .unwrap_or(Value::Null),
            10 => match random.below(4) {
                0 => json!([]),
                1 => json!({}),
                2 => json!([random.pick(&field.valid)]),
                _ => json!({"a": random.pick(&field.valid)}),
            },
            _ => match random.percent(50) {
                true => Value::from(
                    words
                        .words
                        .get(random.below(words.words.len()))
                        .cloned()
                        .unwrap_or_default(),
                ),
                false => near(field, random),
            },
        }
    }

    fn text(&self, field: &Field) -> Option<&Text> {
        self.context.texts.get(&field.schema.rule()?)
    }
}

fn near(field: &Field, random: &mut Random) -> Value {
    Value::from(random.pick(&field.near).cloned().unwrap_or_default())
}

/// A JSON number: an integer where it is one.
pub fn number(n: f64) -> Option<Value> {
    if n.fract() == 0.0 && n.abs() < 9.1e15 {
        return Some(Value::from(n as i64));
    }
    Number::from_f64(n).map(Value::Number)
}

fn length(field: &Field, random: &mut Random) -> usize {
    match random.percent(40) {
        true => random.pick(&field.lengths).copied(),
        false => None,
    }
    .or_else(|| random.pick(&LENGTHS).copied())
    .unwrap_or(64)
}

/// A text of so many characters: cut, or with its middle repeated, so that beginning and end stay.
pub fn sized(text: &str, length: usize) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    if chars.is_empty() {
        chars.push('a');
    }
    let length = length.min(LONGEST);
    let middle = chars.len() / 2;
    if chars.len() > length {
        chars.drain(length / 2..length / 2 + chars.len() - length);
    }
    if let (true, Some(c)) = (chars.len() < length, chars.get(middle).copied()) {
        let more = length - chars.len();
        chars.splice(middle..middle, std::iter::repeat_n(c, more));
    }
    chars.into_iter().collect()
}

/// A word of the dictionary put into a text, or several times.
pub fn with_word(text: &str, random: &mut Random, words: &Dictionary) -> String {
    let word = random.pick(&words.words).map_or("", String::as_str);
    let times = if random.percent(20) {
        1 + random.below(8)
    } else {
        1
    };
    let chars: Vec<char> = text.chars().collect();
    let at = match random.below(4) {
        0 => 0,
        1 => chars.len(),
        _ => random.below(chars.len() + 1),
    };
    let (before, behind) = chars.split_at(at);
    before
        .iter()
        .copied()
        .chain(word.repeat(times).chars())
        .chain(behind.iter().copied())
        .collect()
}

/// Another surely valid text near this one: characters exchanged for others of their kind, pieces
/// repeated or left out, lengths that the rule allows; the text itself where nothing fits.
fn vary(rule: &Text, text: &str, field: &Field, random: &mut Random) -> String {
    for _ in 0..3 {
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..random.times(4) {
            let at = random.below(chars.len());
            match random.below(5) {
                0 | 1 => {
                    if let Some(c) = chars.get_mut(at) {
                        *c = sibling(*c, random);
                    }
                }
                2 => {
                    let end = (at + 1 + random.below(6)).min(chars.len());
                    let piece: Vec<char> = chars.get(at..end).unwrap_or_default().to_vec();
                    chars.splice(at..at, piece);
                }
                3 if chars.len() > 1 => {
                    chars.remove(at);
                }
                _ => {
                    let whole: String = chars.iter().collect();
                    chars = sized(&whole, length(field, random).min(128))
                        .chars()
                        .collect();
                }
            }
        }
        let varied: String = chars.into_iter().collect();
        if rule.assess(&varied) == Assessment::SurelyValid {
            return varied;
        }
    }
    text.to_owned()
}

/// A text that has nothing to do with any rule: printable ASCII, and now and then something else.
/// It meets what words and neighbours of valid texts never say together.
fn noise(random: &mut Random) -> String {
    (0..random.below(64))
        .map(|_| match random.percent(97) {
            true => char::from(b' ' + random.below(95) as u8),
            false => char::from_u32(random.below(0x3000) as u32).unwrap_or('\u{fffd}'),
        })
        .collect()
}

/// A surely valid text whose characters were drawn one by one, where the rule is wide enough for
/// luck.
fn fresh(rule: &Text, field: &Field, random: &mut Random) -> Option<String> {
    for _ in 0..3 {
        let most = length(field, random).clamp(1, 64);
        let length = random.below(most + 1);
        let drawn: String = (0..length)
            .map(|_| {
                let sample = random.pick(&field.valid).map_or("a", String::as_str);
                let chars: Vec<char> = sample.chars().collect();
                let kind = random.pick(&chars).copied().unwrap_or('a');
                sibling(kind, random)
            })
            .collect();
        if rule.assess(&drawn) == Assessment::SurelyValid {
            return Some(drawn);
        }
    }
    None
}

/// Another character of the same kind; a sign becomes any sign.
fn sibling(c: char, random: &mut Random) -> char {
    let list: &[u8] = match c {
        '0'..='9' => b"0123456789",
        'a'..='z' => b"abcdefghijklmnopqrstuvwxyz",
        'A'..='Z' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        _ => b" ~!@#$%^&;*()_-+={[}]|\"<,>.?/",
    };
    random.pick(list).map_or(c, |b| char::from(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gets_any_length_and_keeps_its_ends() {
        for (text, length, want) in [
            ("abc", 6, "abbbbc"),
            ("abcdef", 3, "aef"),
            ("", 2, "aa"),
            ("é", 3, "ééé"),
        ] {
            assert_eq!(sized(text, length), want, "{text} {length}");
        }
    }

    #[test]
    fn whole_numbers_are_written_without_a_fraction() {
        assert_eq!(
            number(5060.0).map(|v| v.to_string()).as_deref(),
            Some("5060")
        );
        assert_eq!(number(0.5).map(|v| v.to_string()).as_deref(), Some("0.5"));
        assert_eq!(number(f64::NAN), None);
    }
}
