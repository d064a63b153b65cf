//! A value as the octets of a body in the media type of its operation: JSON, forms (OpenAPI 3.1.1
//! §4.8.15), multipart (RFC 7578), text, octets.

use super::edit::emit;
use super::serialize::{delimited, escape, scalar};
use crate::contract::{Body, Encoding, Format, Schema, Serialization, Style};
use serde_json::Value;

/// Separates the parts of a multipart body; no generated value has it.
pub(super) const BOUNDARY: &str = "probity-7MA4YWxkTrZu0gW";

/// The value of `Content-Type` for bodies of an operation.
pub(super) fn content_type(body: &Body) -> String {
    match body.format {
        Format::Multipart => format!("{}; boundary={BOUNDARY}", body.media_type),
        // What takes anything takes JSON.
        _ if body.media_type.contains('*') => "application/json".to_owned(),
        _ => body.media_type.clone(),
    }
}

/// The octets of a value; `None` where the format cannot hold it (a list in a list of a form, an
/// object as text) or is not generated.
pub(super) fn encode(body: &Body, value: &Value) -> Option<Vec<u8>> {
    match body.format {
        Format::Json | Format::MergePatch | Format::JsonPatch => Some(emit(value)),
        Format::Form => form(body, value).map(String::into_bytes),
        Format::Multipart => multipart(body, value),
        Format::Text | Format::Octets => scalar(value).map(String::into_bytes),
        Format::Unsupported => None,
    }
}

/// Why bodies of an operation are not sent, where they are not.
pub(super) fn unsupported(body: &Body) -> Option<String> {
    (body.format == Format::Unsupported).then(|| format!("unsupported: {}", body.media_type))
}

fn encoding<'b>(body: &'b Body, name: &str) -> Option<&'b Encoding> {
    body.encodings.iter().find(|e| e.name == name)
}

/// `application/x-www-form-urlencoded`: by `style` and `explode` where the encoding states them,
/// else values as text, lists exploded, objects as JSON (OpenAPI 3.1.1 §4.8.15.1.2).
fn form(body: &Body, value: &Value) -> Option<String> {
    let mut pairs: Vec<String> = Vec::new();
    for (name, member) in value.as_object()? {
        let style = encoding(body, name).and_then(|e| e.style.as_ref());
        let written = match (member, style) {
            (Value::Null, _) => continue,
            (
                Value::Array(items),
                Some(Serialization::Style {
                    style,
                    explode: false,
                    ..
                }),
            ) => {
                // An item that holds a separator reads as two.
                if delimited(member, *style) {
                    return None;
                }
                let separator = match style {
                    Style::SpaceDelimited => "%20",
                    Style::PipeDelimited => "%7C",
                    _ => ",",
                };
                let items: Option<Vec<String>> = items
                    .iter()
                    .map(|item| Some(escape(&scalar(item)?)))
                    .collect();
                vec![(escape(name), items?.join(separator))]
            }
            (Value::Object(members), Some(Serialization::Style { style, explode, .. })) => {
                let value = |v: &Value| Some(escape(&scalar(v)?));
                let members = members.iter();
                match (style, explode) {
                    (Style::DeepObject, _) => members
                        .map(|(n, v)| {
                            Some((format!("{}%5B{}%5D", escape(name), escape(n)), value(v)?))
                        })
                        .collect::<Option<_>>()?,
                    (_, true) => members
                        .map(|(n, v)| Some((escape(n), value(v)?)))
                        .collect::<Option<_>>()?,
                    (_, false) => {
                        let parts =
                            members.map(|(n, v)| Some(format!("{},{}", escape(n), value(v)?)));
                        vec![(escape(name), parts.collect::<Option<Vec<_>>>()?.join(","))]
                    }
                }
            }
            (Value::Array(items), _) => items
                .iter()
                .map(|item| Some((escape(name), escape(&text_or_json(item)?))))
                .collect::<Option<_>>()?,
            (other, _) => vec![(escape(name), escape(&text_or_json(other)?))],
        };
        pairs.extend(written.into_iter().map(|(n, v)| format!("{n}={v}")));
    }
    Some(pairs.join("&"))
}

/// Text of a plain value, JSON of an object or list.
fn text_or_json(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Array(_) | Value::Object(_) => Some(value.to_string()),
        plain => scalar(plain),
    }
}

/// `multipart/form-data`: a part for each member, for each item of a list (RFC 7578 §4.3).
fn multipart(body: &Body, value: &Value) -> Option<Vec<u8>> {
    let mut out = String::new();
    for (name, member) in value.as_object()? {
        let items = match member {
            Value::Null => continue,
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        let rules = body.schema.property(name);
        for item in items {
            let stated = encoding(body, name).and_then(|e| e.content_type.as_deref());
            part(&mut out, name, stated, rules, item)?;
        }
    }
    out.push_str(&format!("--{BOUNDARY}--\r\n"));
    Some(out.into_bytes())
}

/// Default media types by type: OpenAPI 3.1.1 §4.8.15.1.1.
fn part(
    out: &mut String,
    name: &str,
    stated: Option<&str>,
    rules: Option<&Schema>,
    value: &Value,
) -> Option<()> {
    // RFC 7578 §2: quotation marks and line ends of a name are percent-encoded.
    let name = name
        .replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    out.push_str(&format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\""
    ));
    let file = rules.is_some_and(is_file);
    if file {
        out.push_str("; filename=\"probity.bin\"");
    }
    let usual = match value {
        Value::Object(_) | Value::Array(_) => Some("application/json"),
        _ if file => Some("application/octet-stream"),
        _ => None,
    };
    if let Some(media_type) = stated.filter(|t| !t.contains('*')).or(usual) {
        out.push_str(&format!("\r\nContent-Type: {media_type}"));
    }
    out.push_str(&format!("\r\n\r\n{}\r\n", text_or_json(value)?));
    Some(())
}

/// Whether a member is a file: `format: binary` (OpenAPI 3.0.4 §4.7.14.2), or a string of which
/// only a media type is stated (3.1.1 §4.8.14.3).
pub(super) fn is_file(rules: &Schema) -> bool {
    let items = rules.items.as_deref();
    rules.format.as_deref() == Some("binary") || items.is_some_and(is_file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::JsonType;
    use serde_json::json;

    fn body(media_type: &str, encodings: Vec<Encoding>) -> Body {
        Body {
            required: true,
            media_type: media_type.to_owned(),
            only: true,
            format: Format::of(media_type),
            encodings,
            schema: Schema::default(),
            examples: Vec::new(),
            pointer: String::new(),
            given: None,
        }
    }

    #[test]
    fn forms_are_encoded_as_their_encoding_says() {
        let style = |name: &str, style, explode| Encoding {
            name: name.to_owned(),
            content_type: None,
            style: Some(Serialization::Style {
                style,
                explode,
                allow_reserved: false,
            }),
        };
        let media = "application/x-www-form-urlencoded";
        let value = json!({"a": "b c&d", "n": 5, "l": ["x", "y"], "o": {"R": 1}, "z": null});
        let table = [
            (vec![], "a=b%20c%26d&n=5&l=x&l=y&o=%7B%22R%22%3A1%7D"),
            (
                vec![
                    style("l", Style::Form, false),
                    style("o", Style::DeepObject, true),
                ],
                "a=b%20c%26d&n=5&l=x,y&o%5BR%5D=1",
            ),
            (
                vec![
                    style("l", Style::PipeDelimited, false),
                    style("o", Style::Form, true),
                ],
                "a=b%20c%26d&n=5&l=x%7Cy&R=1",
            ),
        ];
        for (encodings, want) in table {
            let got = encode(&body(media, encodings), &value);
            let got = got.map(|octets| String::from_utf8_lossy(&octets).into_owned());
            assert_eq!(got.as_deref(), Some(want));
        }
    }

    #[test]
    fn parts_have_names_types_and_an_end() {
        let mut body = body("multipart/form-data", Vec::new());
        let file = Schema {
            types: vec![JsonType::String],
            format: Some("binary".to_owned()),
            ..Schema::default()
        };
        body.schema.properties.push(("f".to_owned(), file.into()));
        let octets = encode(&body, &json!({"f": "x", "o": {"a": 1}, "l": [1, 2]}));
        let text = String::from_utf8(octets.unwrap_or_default()).unwrap_or_default();
        let part =
            |rest: &str| format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {rest}\r\n");
        let want = [
            part(
                "name=\"f\"; filename=\"probity.bin\"\r\nContent-Type: application/octet-stream\r\n\r\nx",
            ),
            part("name=\"o\"\r\nContent-Type: application/json\r\n\r\n{\"a\":1}"),
            part("name=\"l\"\r\n\r\n1"),
            part("name=\"l\"\r\n\r\n2"),
            format!("--{BOUNDARY}--\r\n"),
        ];
        assert_eq!(text, want.concat());
        assert_eq!(
            content_type(&body),
            format!("multipart/form-data; boundary={BOUNDARY}")
        );
    }
}
