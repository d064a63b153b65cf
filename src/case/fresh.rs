//! What makes an item that Probity creates its own: a recognisable, unique name, and a password
//! that nobody can guess. Changes of a body are made in its text, so that the spelling which a case
//! is about stays. Pure; randomness comes from the caller.

use super::items::id_text;
use super::model::{Case, Check};
use super::serialize::escape;
use crate::contract::{Schema, assess};
use crate::exchange::{Request, Segment};
use crate::pattern::{Assessment, Texts};
use serde_json::Value;
use std::collections::BTreeSet;

/// A member of a body that gets a value of its own in every item.
#[derive(Clone, Debug)]
pub struct Member {
    /// JSON pointer.
    pub pointer: String,
    name: String,
    schema: Schema,
    /// What plans put there where a case is about something else.
    bases: Vec<Value>,
}

/// Which item it is.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'m> {
    /// Tells runs apart.
    pub run: &'m str,
    /// Counts within a run.
    pub n: u64,
}

impl Mark<'_> {
    /// What every name begins with that has room for it.
    pub fn text(&self) -> String {
        format!("probity-{}-{}", self.run, self.n)
    }
}

/// What a case was changed to.
#[derive(Clone, Debug, Default)]
pub struct Fresh {
    /// Pointer and value of the names that were put in.
    pub names: Vec<(String, Value)>,
    /// Pointer and value of the passwords that were put in.
    pub passwords: Vec<(String, String)>,
    /// Passwords that the case itself gives, or leaves out.
    pub guessable: bool,
    /// Names out of so few that somebody else may give the same.
    pub narrow: Vec<Value>,
}

impl Fresh {
    /// The names among them that nobody else gives.
    pub fn recognisable(&self) -> Vec<String> {
        let texts = self.names.iter().filter_map(|(_, v)| v.as_str());
        let ours = texts.filter(|t| t.starts_with("probity"));
        ours.map(str::to_owned).collect()
    }
}

/// Words of names that tell one thing from another.
const NAMES: [&str; 22] = [
    "alias",
    "code",
    "email",
    "extension",
    "hostname",
    "id",
    "identifier",
    "key",
    "label",
    "login",
    "mail",
    "name",
    "nickname",
    "number",
    "serial",
    "sku",
    "slug",
    "title",
    "uid",
    "user",
    "username",
    "uuid",
];

/// Whether a member's name says that it tells one thing from another.
pub(super) fn names_things(name: &str) -> bool {
    let mut words: Vec<String> = vec![String::new()];
    for c in name.chars() {
        match c.is_alphanumeric() {
            true if c.is_uppercase() => words.push(c.to_lowercase().collect()),
            true => words.iter_mut().last().into_iter().for_each(|w| w.push(c)),
            false => words.push(String::new()),
        }
    }
    words.retain(|w| !w.is_empty());
    words.last().is_some_and(|w| NAMES.contains(&w.as_str()))
}

/// A UUID that no other run gives, in the form of version 4 (RFC 9562 §5.4).
fn uuid(run: &str, n: u64) -> String {
    // FNV-1a.
    let hash = run.bytes().fold(0x811c_9dc5_u32, |hash, b| {
        (hash ^ u32::from(b)).wrapping_mul(0x0100_0193)
    });
    format!("{hash:08x}-0000-4000-8000-{n:012x}")
}

impl Member {
    pub(super) fn new(pointer: &str, name: &str, schema: &Schema, bases: &[Value]) -> Member {
        let mut bases = bases.to_vec();
        bases.dedup();
        Member {
            pointer: pointer.to_owned(),
            name: name.to_owned(),
            schema: schema.clone(),
            bases,
        }
    }

    /// Whether plans put this there where a case is about something else.
    pub(super) fn plans(&self, id: &str) -> bool {
        let mut bases = self.bases.iter().filter_map(id_text);
        bases.any(|base| base == id)
    }

    /// Whether a value surely keeps the rules of the member.
    fn is_sure(&self, value: &Value, texts: &Texts) -> bool {
        assess(&self.schema, value, texts).certainty == Assessment::SurelyValid
    }

    fn valid(&self, value: &Value, texts: &Texts) -> bool {
        let fits = match assess(&self.schema, value, texts).certainty {
            Assessment::SurelyValid => true,
            // No page states the range of its ids; one that is taken already says nothing.
            Assessment::Open => value.is_number(),
            Assessment::SurelyInvalid => false,
        };
        fits && !self.bases.contains(value)
    }

    /// A value that no other item has, and whether its rules leave room for few; `None` where they leave
    /// none beside what is `taken`.
    fn name(
        &self,
        mark: Mark<'_>,
        texts: &Texts,
        taken: &BTreeSet<String>,
    ) -> Option<(Value, bool)> {
        let free = |value: &Value| !id_text(value).is_some_and(|id| taken.contains(&id));
        let own = self.own_name(mark, texts).filter(free);
        let own = own.map(|value| (value, false));
        own.or_else(|| Some((self.narrow_name(mark, texts, &free)?, true)))
    }

    /// One of the few values that the rules allow: an enumerated one, or a neighbour of those of the plan.
    fn narrow_name(
        &self,
        mark: Mark<'_>,
        texts: &Texts,
        free: &dyn Fn(&Value) -> bool,
    ) -> Option<Value> {
        let first = usize::try_from(mark.n % NEIGHBOURS).unwrap_or(0);
        let all = self.schema.enum_values.iter().flatten().cloned();
        let near = (1..=NEIGHBOURS).flat_map(|step| {
            let bases = self.bases.iter();
            bases.filter_map(move |base| neighbour(base, mark.n % NEIGHBOURS + step))
        });
        let all: Vec<Value> = all.collect();
        let turned = all.iter().cycle().skip(first).take(all.len()).cloned();
        let mut new = turned.chain(near).filter(free);
        let new = new.find(|value| self.valid(value, texts));
        // Where that is all there is, another request of the plan may give it as well.
        let plain = |value: &&Value| free(value) && self.is_sure(value, texts);
        new.or_else(|| all.iter().chain(&self.bases).find(plain).cloned())
    }

    /// A value that tells of this run, or is long enough to be nobody else's.
    fn own_name(&self, mark: Mark<'_>, texts: &Texts) -> Option<Value> {
        let (run, n) = (mark.run, mark.n);
        let text = mark.text();
        let digits = digits(run, n);
        let length = self.bases.iter().find_map(|b| Some(b.as_str()?.len()));
        let cut = length.map(|l| {
            digits
                .get(digits.len().saturating_sub(l)..)
                .unwrap_or(&digits)
        });
        let candidates = [
            text.clone(),
            format!("probity{run}{n}"),
            format!("{text}@example.com"),
            format!("p{run}{n}"),
            format!("p{n}"),
            uuid(run, n),
            digits.clone(),
            cut.unwrap_or_default().to_owned(),
        ];
        let texts_of = candidates
            .into_iter()
            .filter(|c| !c.is_empty())
            .map(Value::from);
        let number = digits.parse::<u32>().ok().map(Value::from);
        texts_of.chain(number).find(|v| self.valid(v, texts))
    }

    /// A password that nobody can guess; `None` where its rules leave no room for one.
    fn password(
        &self,
        texts: &Texts,
        length: Option<usize>,
        random: &mut dyn FnMut() -> u64,
    ) -> Option<String> {
        const SYMBOLS: &str = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_.";
        let lengths = length.map_or_else(|| vec![24, 20, 16, 12], |length| vec![length]);
        for (alphabet, start) in [
            (SYMBOLS, "Aa1-"),
            (&SYMBOLS[..57], "Aa1"),
            (&SYMBOLS[..25], ""),
            ("0123456789abcdef", ""),
            ("0123456789", ""),
        ] {
            let digits = alphabet.len() == 10;
            let shortest = if digits { SHORTEST_NUMBER } else { SHORTEST };
            for length in lengths.iter().filter(|l| **l >= shortest) {
                let letters = alphabet.as_bytes();
                let mut text = start.to_owned();
                while text.len() < *length {
                    let at = usize::try_from(random() % letters.len() as u64).unwrap_or(0);
                    text.push(char::from(letters.get(at).copied().unwrap_or(b'x')));
                }
                if self.valid(&Value::from(text.as_str()), texts) {
                    return Some(text);
                }
            }
        }
        None
    }

    /// A body with a password that nobody can guess in place of the one that it gives; of the same
    /// length where a case is about that, or where a message says how long it is.
    fn with_password(
        &self,
        body: &[u8],
        exact: bool,
        texts: &Texts,
        random: &mut dyn FnMut() -> u64,
    ) -> Option<(Vec<u8>, String)> {
        let base = self.bases.iter().find(|base| {
            let probe = Value::from("");
            replaced(body, &self.name, base, &probe).is_some()
        });
        let given: Option<Value> = serde_json::from_slice(body).ok();
        let given = given.and_then(|b| b.pointer(&self.pointer).cloned());
        let (old, exact) = match base {
            Some(base) => (base.clone(), exact),
            // One that a case gives to have it refused stays what it is.
            None => (given.filter(|given| self.is_sure(given, texts))?, true),
        };
        let length = exact.then(|| old.as_str().map(str::len)).flatten();
        if exact && length.is_none() {
            return None;
        }
        let text = self.password(texts, length, random)?;
        let body = replaced(body, &self.name, &old, &Value::from(text.as_str()))?;
        Some((body, text))
    }
}

/// How many values next to one of the plan are looked at.
const NEIGHBOURS: u64 = 400;

/// The nth value behind one: a number counts on, a text with its digits and letters, each staying what it
/// is, the last first.
fn neighbour(base: &Value, n: u64) -> Option<Value> {
    if let Some(number) = base.as_i64() {
        return number.checked_add_unsigned(n).map(Value::from);
    }
    let mut left = n;
    let mut turn = |c: char| {
        let (first, many) = match c {
            '0'..='9' => (b'0', 10),
            'a'..='z' => (b'a', 26),
            'A'..='Z' => (b'A', 26),
            _ => return c,
        };
        let now = u64::from(c as u8 - first) + left;
        left = now / many;
        char::from(first + u8::try_from(now % many).unwrap_or(0))
    };
    let turned: Vec<char> = base.as_str()?.chars().rev().map(&mut turn).collect();
    let text: String = turned.into_iter().rev().collect();
    Some(Value::from(text))
}

/// Passwords are never shorter.
const SHORTEST: usize = 8;
/// Those of digits alone.
const SHORTEST_NUMBER: usize = 12;

/// Eight digits that differ from run to run and from item to item.
fn digits(run: &str, n: u64) -> String {
    let of_run = run.bytes().fold(7_u64, |sum, b| sum * 31 + u64::from(b)) % 8_999;
    format!("{}{:04}", 1_000 + of_run, n % 10_000)
}

/// A case with names and passwords of its own, wherever it has those of the plan. `taken`: names that
/// items have.
pub fn freshened(
    case: &Case,
    members: (&[Member], &[Member]),
    (mark, taken): (Mark<'_>, &BTreeSet<String>),
    texts: &Texts,
    random: &mut dyn FnMut() -> u64,
) -> (Case, Fresh) {
    let (names, passwords) = members;
    let mut case = case.clone();
    let mut fresh = Fresh::default();
    // What the octets of a message say of its length has to stay right.
    let exact = matches!(case.request, Request::Raw(_));
    for member in passwords {
        let put = bodies(&mut case.request).into_iter().find_map(|body| {
            let (changed, text) = member.with_password(body, exact, texts, random)?;
            *body = changed;
            Some(text)
        });
        match put {
            Some(text) => {
                written(&mut case, &member.pointer, &Value::from(text.as_str()));
                fresh.passwords.push((member.pointer.clone(), text));
            }
            None => fresh.guessable = true,
        }
    }
    for member in names.iter().filter(|_| !exact) {
        let Some((value, narrow)) = member.name(mark, texts, taken) else {
            continue;
        };
        let put = bodies(&mut case.request).into_iter().any(|body| {
            let mut base = member.bases.iter();
            // The first of the plan's own values that stands there once.
            let changed = base.find_map(|b| replaced(body, &member.name, b, &value));
            changed.map(|changed| *body = changed).is_some()
        });
        if put {
            written(&mut case, &member.pointer, &value);
            fresh.narrow.extend(narrow.then(|| value.clone()));
            fresh.names.push((member.pointer.clone(), value));
        }
    }
    (case, fresh)
}

/// The octets of a request that may hold its body.
fn bodies(request: &mut Request) -> Vec<&mut Vec<u8>> {
    match request {
        Request::Http(http) => http.body.iter_mut().collect(),
        Request::Raw(raw) => {
            let segments = raw.segments.iter_mut();
            segments
                .filter_map(|segment| match segment {
                    Segment::Bytes(bytes) => Some(bytes),
                    _ => None,
                })
                .collect()
        }
    }
}

/// What a case has to read back as is changed with it.
fn written(case: &mut Case, pointer: &str, value: &Value) {
    if let Check::ReadsBack(written) = &mut case.check
        && let Some(place) = written.pointer_mut(pointer)
    {
        *place = value.clone();
    }
}

/// A body with the value of a member replaced, in JSON or a form; `None` where that value does not
/// stand there exactly once.
pub(super) fn replaced(body: &[u8], name: &str, old: &Value, new: &Value) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body).ok()?;
    let (key, token) = (Value::from(name).to_string(), old.to_string());
    let mut found = text.match_indices(&key).filter_map(|(at, _)| {
        let rest = text.get(at + key.len()..)?;
        let value = rest.trim_start().strip_prefix(':')?.trim_start();
        let after = value.strip_prefix(&token)?;
        // `1` is not the beginning of `10`.
        let ends = after.starts_with([',', '}', ' ', '\n', '\r', '\t']);
        ends.then(|| (text.len() - value.len(), token.len()))
    });
    let (at, length, new) = match (found.next(), found.next()) {
        (Some((at, length)), None) => (at, length, new.to_string()),
        (None, _) => {
            let plain = |v: &Value| match v {
                Value::String(text) => escape(text),
                other => other.to_string(),
            };
            let pair = format!("{}={}", escape(name), plain(old));
            let ends = |at: usize| {
                let before = at == 0 || text.as_bytes().get(at - 1) == Some(&b'&');
                let after = text.as_bytes().get(at + pair.len());
                before && after.is_none_or(|b| *b == b'&')
            };
            let at = text
                .match_indices(&pair)
                .map(|(at, _)| at)
                .find(|at| ends(*at))?;
            let skip = escape(name).len() + 1;
            (at + skip, pair.len() - skip, plain(new))
        }
        _ => return None,
    };
    let mut out = text.get(..at)?.as_bytes().to_vec();
    out.extend_from_slice(new.as_bytes());
    out.extend_from_slice(text.get(at + length..)?.as_bytes());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_replaced_where_they_stand_once() {
        let table = [
            (r#"{"name": "a", "x": 1}"#, Some(r#"{"name": "b", "x": 1}"#)),
            (r#"{"name":"ab"}"#, None),
            (r#"{"name":"a","name":"a"}"#, None),
            (r#"{"other":"a"}"#, None),
            ("x=1&name=a", Some("x=1&name=b")),
            ("surname=a", None),
        ];
        for (body, want) in table {
            let got = replaced(body.as_bytes(), "name", &json!("a"), &json!("b"));
            assert_eq!(got.as_deref(), want.map(str::as_bytes), "{body}");
        }
    }

    #[test]
    fn neighbours_stay_what_they_are() {
        for (base, n, want) in [
            (json!("100"), 1, json!("101")),
            (json!("109"), 1, json!("110")),
            (json!("zone-9"), 1, json!("zonf-0")),
            (json!("AZ9"), 1, json!("BA0")),
            (json!(7), 3, json!(10)),
        ] {
            assert_eq!(neighbour(&base, n), Some(want), "{base}");
        }
        assert_eq!(neighbour(&json!(true), 1), None);
    }

    #[test]
    fn names_are_told_by_their_last_word() {
        for (name, want) in [
            ("name", true),
            ("displayName", true),
            ("user_name", true),
            ("nameServer", false),
            ("enabled", false),
        ] {
            assert_eq!(names_things(name), want, "{name}");
        }
    }
}
