//! From text to values: parameters in the styles of OpenAPI 3.1.1 §4.8.12.3, forms, multipart. The
//! other way round from what the program writes, and written apart from it.

use super::Ask;
use super::header;
use percent_encoding::percent_decode_str;
use probity_contract::{Body, Format, JsonType, Parameter, Place, Schema, Serialization, Style};
use serde_json::{Map, Value};

/// A parameter whose whole text is given (in a path or a header field, decoded), as a value.
pub(super) fn text(parameter: &Parameter, text: &str) -> Value {
    let (style, explode) = match &parameter.serialization {
        Serialization::Content(media) => return document(media, text),
        Serialization::Style { style, explode, .. } => (*style, *explode),
    };
    let schema = &parameter.schema;
    let name = &parameter.name;
    match style {
        Style::Matrix => {
            let pieces: Vec<&str> = text.split(';').skip(1).collect();
            let own = |piece: &&str| {
                let (n, v) = piece.split_once('=').unwrap_or((piece, ""));
                (n == name).then(|| v.to_owned())
            };
            match (explode, wants(schema)) {
                (true, Some(JsonType::Array)) => list(schema, pieces.iter().filter_map(own)),
                (true, Some(JsonType::Object)) => members(schema, pieces.iter().copied(), '='),
                _ => {
                    let found = pieces.iter().find_map(own).unwrap_or_default();
                    plain(schema, &found, ',', false)
                }
            }
        }
        Style::Label => {
            let text = text.strip_prefix('.').unwrap_or(text);
            plain(schema, text, if explode { '.' } else { ',' }, explode)
        }
        _ => plain(schema, text, ',', explode),
    }
}

/// A parameter of a query or of cookies: `pairs` are decoded names and values. `None`: absent.
pub(super) fn pairs(parameter: &Parameter, pairs: &[(String, String)]) -> Option<Value> {
    let name = &parameter.name;
    let schema = &parameter.schema;
    let own = || pairs.iter().filter(|(n, _)| n == name).map(|(_, v)| v);
    let (style, explode) = match &parameter.serialization {
        Serialization::Content(media) => return own().next().map(|t| document(media, t)),
        Serialization::Style { style, explode, .. } => (*style, *explode),
    };
    let separator = match style {
        Style::SpaceDelimited => ' ',
        Style::PipeDelimited => '|',
        _ => ',',
    };
    match (wants(schema), style, explode) {
        (Some(JsonType::Object), Style::DeepObject, _) => {
            let start = format!("{name}[");
            let inner = |(n, v): &(String, String)| {
                let member = n.strip_prefix(&start)?.strip_suffix(']')?;
                Some((member.to_owned(), v.clone()))
            };
            object(schema, pairs.iter().filter_map(inner))
        }
        (Some(JsonType::Object), Style::Form, true) => {
            let known =
                |(n, _): &&(String, String)| part(schema, JsonType::Object).property(n).is_some();
            object(schema, pairs.iter().filter(known).cloned())
        }
        (Some(JsonType::Array), _, true) => {
            own().next()?;
            Some(list(schema, own().cloned()))
        }
        _ => own()
            .next()
            .map(|text| plain(schema, text, separator, false)),
    }
}

/// Names and values of a query or a form, decoded.
pub(super) fn query(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pieces = text.split('&').filter(|pair| !pair.is_empty());
    pieces
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// A body that is no JSON text, as a value; `None` where it breaks the syntax of its format.
pub(super) fn body(body: &Body, ask: &Ask<'_>, octets: &[u8]) -> Option<Value> {
    let schema = &body.schema;
    let pairs = match body.format {
        Format::Form => query(std::str::from_utf8(octets).ok()?),
        Format::Multipart => parts(header(ask, "content-type")?, octets)?,
        _ => {
            let text = String::from_utf8_lossy(octets).into_owned();
            return Some(typed(&kinds(schema), text));
        }
    };
    let parameter = |name: &str| {
        let encoding = body.encodings.iter().find(|e| e.name == name);
        let stated = encoding.and_then(|e| e.style.clone());
        Parameter {
            name: name.to_owned(),
            place: Place::Query,
            required: false,
            schema: schema.property(name).cloned().unwrap_or_default(),
            serialization: stated.unwrap_or_else(|| Serialization::usual(Place::Query)),
            given: None,
            pointer: String::new(),
        }
    };
    let mut map = Map::new();
    for (name, _) in &schema.properties {
        let parameter = parameter(name);
        let styled = body
            .encodings
            .iter()
            .any(|e| e.name == *name && e.style.is_some());
        let given = pairs.iter().find(|(n, _)| n == name);
        let value = match (wants(&parameter.schema), styled, given) {
            (Some(JsonType::Object), false, Some((_, text))) => {
                Some(document("application/json", text))
            }
            (Some(JsonType::Object), false, None) => None,
            _ => self::pairs(&parameter, &pairs),
        };
        map.extend(value.map(|value| (name.clone(), value)));
    }
    let unknown = |(name, _): &&(String, String)| {
        schema.property(name).is_none() && !name.contains('[') && !map.contains_key(name)
    };
    let others: Vec<(String, String)> = pairs.iter().filter(unknown).cloned().collect();
    map.extend(
        others
            .into_iter()
            .map(|(name, text)| (name, Value::String(text))),
    );
    Some(Value::Object(map))
}

/// Names and contents of the parts of a multipart body (RFC 2046 §5.1.1, RFC 7578 §4).
fn parts(content_type: &str, octets: &[u8]) -> Option<Vec<(String, String)>> {
    let (_, boundary) = content_type.split_once("boundary=")?;
    let boundary = boundary.split(';').next()?.trim().trim_matches('"');
    let text = String::from_utf8_lossy(octets);
    let (found, _) = text.split_once(&format!("--{boundary}--"))?;
    let mut out = Vec::new();
    for part in found.split(&format!("--{boundary}\r\n")).skip(1) {
        let (head, content) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("name=\"")?;
        let (name, _) = name.split_once('"')?;
        let content = content.strip_suffix("\r\n").unwrap_or(content);
        out.push((name.to_owned(), content.to_owned()));
    }
    Some(out)
}

/// The type that decides how a text is taken apart.
fn wants(schema: &Schema) -> Option<JsonType> {
    let compound = |t: &&JsonType| matches!(t, JsonType::Array | JsonType::Object);
    kinds(schema).iter().find(compound).copied()
}

/// The part of a schema that says what values of a type are like: itself, or an alternative.
fn part(schema: &Schema, wanted: JsonType) -> &Schema {
    let parts = schema
        .any_of
        .iter()
        .chain(&schema.one_of)
        .chain(&schema.all_of);
    let mut parts = parts.filter(|part| part.types.contains(&wanted));
    match schema.types.is_empty() {
        true => parts.next().map_or(schema, |part| part),
        false => schema,
    }
}

fn plain(schema: &Schema, text: &str, separator: char, equals: bool) -> Value {
    match wants(schema) {
        Some(JsonType::Array) => list(schema, text.split(separator).map(str::to_owned)),
        Some(JsonType::Object) if equals => members(schema, text.split(separator), '='),
        Some(JsonType::Object) => {
            let pieces: Vec<&str> = text.split(separator).collect();
            let pairs = pieces.chunks(2).map(|pair| {
                let value = pair.get(1).copied().unwrap_or_default();
                (
                    pair.first().copied().unwrap_or_default().to_owned(),
                    value.to_owned(),
                )
            });
            object(schema, pairs).unwrap_or_default()
        }
        _ => typed(&kinds(schema), text.to_owned()),
    }
}

fn members<'t>(schema: &Schema, pieces: impl Iterator<Item = &'t str>, between: char) -> Value {
    let pairs = pieces.map(|piece| {
        let (name, value) = piece.split_once(between).unwrap_or((piece, ""));
        (name.to_owned(), value.to_owned())
    });
    object(schema, pairs).unwrap_or_default()
}

fn list(schema: &Schema, items: impl Iterator<Item = String>) -> Value {
    let schema = part(schema, JsonType::Array);
    let types = schema.items.as_deref().map(kinds).unwrap_or_default();
    Value::Array(items.map(|item| typed(&types, item)).collect())
}

/// `None` where no member is there.
fn object(schema: &Schema, pairs: impl Iterator<Item = (String, String)>) -> Option<Value> {
    let schema = part(schema, JsonType::Object);
    let mut map = Map::new();
    for (name, text) in pairs {
        let types = schema.property(&name).map(kinds);
        map.insert(name, typed(&types.unwrap_or_default(), text));
    }
    (!map.is_empty()).then_some(Value::Object(map))
}

/// A document as a value; what is none stays text, which the validator refuses.
fn document(media: &str, text: &str) -> Value {
    match Format::of(media).is_json() {
        true => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        false => Value::from(text),
    }
}

/// How deep alternatives in alternatives are asked for their types.
const DEEPEST: usize = 8;

/// The types that values of a schema may be of, those of its parts and its listed values too.
fn kinds(schema: &Schema) -> Vec<JsonType> {
    fn collect(schema: &Schema, left: usize, out: &mut Vec<JsonType>) {
        out.extend(&schema.types);
        if !schema.types.is_empty() || left == 0 {
            return;
        }
        let listed = schema.enum_values.iter().flatten();
        out.extend(listed.chain(&schema.const_value).map(|value| match value {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }));
        let parts = schema.any_of.iter().chain(&schema.one_of);
        for part in parts.chain(&schema.all_of) {
            collect(part, left - 1, out);
        }
    }
    let mut out = Vec::new();
    collect(schema, DEEPEST, &mut out);
    out
}

/// The value that a text stands for under the types of a schema (`style: simple` and `form` of
/// OpenAPI for scalars); what is of none of them stays text, which the validator then refuses.
fn typed(types: &[JsonType], text: String) -> Value {
    let number = types
        .iter()
        .any(|t| matches!(t, JsonType::Integer | JsonType::Number));
    let is_number = |t: &str| t.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    match text.as_str() {
        "true" | "false" if types.contains(&JsonType::Boolean) => Value::Bool(text == "true"),
        t if number && is_number(t) => match serde_json::from_str(t) {
            Ok(value) => value,
            Err(_) => Value::String(text),
        },
        _ => Value::String(text),
    }
}
