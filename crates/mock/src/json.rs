//! The mock's JSON reader: strict, with the choices that RFC 8259 leaves to a reader, and with the
//! leniencies of real parsers as faults.

use super::choice::Chosen;
use super::fault::Planted;
use super::held_back;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Reads a body; `None`: not JSON for this device.
pub(super) fn read(body: &[u8], planted: &Planted, chosen: &Chosen) -> Option<Value> {
    let mut bytes = body;
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        if chosen.is("bom", "refuse") {
            return None;
        }
        bytes = rest;
    }
    if planted.none() {
        return strict(bytes, chosen);
    }
    if planted.has("json-empty-is-object") && bytes.iter().all(u8::is_ascii_whitespace) {
        return Some(Value::Null);
    }
    if planted.has("json-no-whitespace") && bytes.iter().any(|b| matches!(b, b'\n' | b'\r' | b'\t'))
    {
        return None;
    }
    let bytes = held_back::bytes::rewrite(bytes, planted)?;
    let owned;
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(_) if planted.has("json-bad-utf8") => {
            owned = String::from_utf8_lossy(&bytes).into_owned();
            &owned
        }
        Err(_) => return None,
    };
    if planted.has("json-form-body") && !text.starts_with('{') && text.contains('=') {
        return Some(Value::Null);
    }
    let mut text = rewrite(text, planted);
    if planted.has("json-leading-garbage")
        && let Some(at) = text.find('{')
    {
        text.drain(..at);
    }
    if planted.has("json-unclosed") {
        let open = text.matches('{').count();
        let closed = text.matches('}').count();
        if open == closed + 1 {
            text.push('}');
        }
    }
    if planted.has("json-trailing-garbage") {
        let mut stream = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        return stream.next().and_then(Result::ok);
    }
    strict(text.as_bytes(), chosen)
}

fn strict(bytes: &[u8], chosen: &Chosen) -> Option<Value> {
    under(
        bytes,
        match chosen.get("duplicates") {
            "first" => Duplicates::First,
            "refuse" => Duplicates::Refuse,
            _ => Duplicates::Last,
        },
    )
}

/// Whether a JSON text has a member name twice in one object.
pub(super) fn doubles(bytes: &[u8]) -> bool {
    under(bytes, Duplicates::Last).is_some() && under(bytes, Duplicates::Refuse).is_none()
}

fn under(bytes: &[u8], policy: Duplicates) -> Option<Value> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Seed(policy).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(value)
}

/// Rewrites the leniencies of a planted fault into strict JSON; everything else stays as it is.
fn rewrite(text: &str, planted: &Planted) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut in_string = false;
    while let Some(c) = chars.next() {
        if in_string {
            match c {
                '\\' => match chars.next() {
                    Some(e) if planted.has("json-bad-escapes") && !"\"\\/bfnrtu".contains(e) => {
                        out.push(e)
                    }
                    Some(e) if planted.has("json-no-escapes") && e != '"' && e != '\\' => {
                        out.push_str("\\\\");
                        out.push(e);
                    }
                    Some(e) => {
                        out.push(c);
                        out.push(e);
                    }
                    None => out.push(c),
                },
                '"' => {
                    in_string = false;
                    out.push(c);
                }
                c if planted.has("json-control-characters") && (c as u32) < 0x20 => {
                    out.push_str(&format!("\\u{:04x}", c as u32));
                }
                c => out.push(c),
            }
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            '\'' if planted.has("json-single-quotes") => {
                out.push('"');
                for c in chars.by_ref().take_while(|c| *c != '\'') {
                    out.push(c);
                }
                out.push('"');
            }
            '/' if planted.has("json-comments") && chars.peek() == Some(&'/') => {
                for c in chars.by_ref() {
                    if c == '\n' {
                        break;
                    }
                }
            }
            '/' if planted.has("json-comments") && chars.peek() == Some(&'*') => {
                let mut before = ' ';
                for c in chars.by_ref().skip(1) {
                    if before == '*' && c == '/' {
                        break;
                    }
                    before = c;
                }
            }
            '}' | ']' if planted.has("json-trailing-comma") => {
                let kept = out.trim_end().trim_end_matches(',').len();
                if out.trim_end().ends_with(',') {
                    out.truncate(kept);
                }
                out.push(c);
            }
            c if planted.has("json-unquoted-names") && (c.is_ascii_alphabetic() || c == '_') => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    word.push(c);
                }
                if chars.peek() == Some(&':') {
                    out.push_str(&format!("\"{word}\""));
                } else {
                    out.push_str(&word);
                }
            }
            '0' if planted.has("json-leading-zeros")
                && !out.ends_with(|c: char| c.is_ascii_digit() || c == '.')
                && chars.peek().is_some_and(char::is_ascii_digit) => {}
            c => out.push(c),
        }
    }
    out
}

#[derive(Clone, Copy)]
enum Duplicates {
    First,
    Last,
    Refuse,
}

struct Seed(Duplicates);

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Seed(self.0))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(Seed(self.0))?;
            match (self.0, map.contains_key(&name)) {
                (Duplicates::Refuse, true) => return Err(de::Error::custom("duplicate member")),
                (Duplicates::First, true) => {}
                _ => {
                    map.insert(name, value);
                }
            }
        }
        Ok(Value::Object(map))
    }
}
