//! The value of a parameter as text in a path, a query, a header field or a cookie: styles of
//! OpenAPI 3.1.1 §4.8.12.2 and §4.8.12.3, `content`.

use crate::contract::{Format, Parameter, Place, Serialization, Style};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// Octets that stay as they are in a path segment, a query value or a cookie value made by us:
/// the unreserved characters of RFC 3986 §2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// [`ESCAPED`] without the reserved characters that say nothing within a query value
/// (`allowReserved`): `#`, `[`, `]`, `&`, `=` and `+` do, to URL or form parsers.
const RESERVED_KEPT: &AsciiSet = &ESCAPED
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';');

/// A parameter as it goes into a request; percent-encoded where its place wants that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// In place of `{name}` in a path, or the value of a header field.
    Text(String),
    /// Names and values of a query or of cookies; none where nothing is written.
    Pairs(Vec<(String, String)>),
}

/// A path of a document as a request line has it: what is no character of a URI is percent-encoded as
/// UTF-8 (RFC 3986 §2.5), what is encoded stays.
pub(super) fn path(written: &str) -> String {
    const NO_CHARACTERS: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'<')
        .add(b'>')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'|');
    utf8_percent_encode(written, NO_CHARACTERS).to_string()
}

/// Percent-encodes everything but unreserved characters.
pub(super) fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// A value as the parameter's style or media type writes it; `None` where OpenAPI does not say how
/// (a list in a list, `null`, a media type that is not generated).
pub(super) fn write(parameter: &Parameter, value: &Value) -> Option<Written> {
    match &parameter.serialization {
        Serialization::Content(media_type) => {
            let text = match Format::of(media_type) {
                Format::Text => scalar(value)?,
                format if format.is_json() => value.to_string(),
                _ => return None,
            };
            Some(document(parameter, &text))
        }
        Serialization::Style {
            style,
            explode,
            allow_reserved,
        } => {
            let encode = Encode::at(parameter.place, *allow_reserved);
            styled(&parameter.name, value, *style, *explode, encode)
        }
    }
}

/// A text at the parameter's place, whatever its type: as a plain value of its style, or as the
/// whole document where it has a media type.
pub(super) fn write_text(parameter: &Parameter, text: &str) -> Written {
    match parameter.serialization {
        Serialization::Content(_) => document(parameter, text),
        Serialization::Style { .. } => {
            write(parameter, &Value::from(text)).unwrap_or_else(|| document(parameter, text))
        }
    }
}

/// What is not said of a value that is written: of two ways of OpenAPI's own versions, or of tools.
pub(super) fn doubtful(parameter: &Parameter, value: &Value) -> Option<&'static str> {
    let Serialization::Style { style, explode, .. } = parameter.serialization else {
        return None;
    };
    let compound = value.is_array() || value.is_object();
    if !compound {
        return None;
    }
    match (style, explode) {
        // `.blue.black` in OpenAPI 3.0.3, `.blue,black` in 3.0.4.
        (Style::Label, false) => Some("label style without explode"),
        (Style::SpaceDelimited | Style::PipeDelimited, true) => {
            Some("a delimited style with explode")
        }
        (Style::SpaceDelimited | Style::PipeDelimited, false) if value.is_object() => {
            Some("an object in a delimited style")
        }
        // RFC 6265 §4.1.1 has no commas in cookies and one value for a name.
        (Style::Form, _) if parameter.place == Place::Cookie => {
            Some("a list or object in a cookie")
        }
        _ => delimited(value, style).then_some("a delimiter within a value"),
    }
}

/// Whether a value is known that the parameter's style does not write.
pub(super) fn unwritten(parameter: &Parameter, value: &Option<Value>) -> bool {
    value
        .as_ref()
        .is_some_and(|value| write(parameter, value).is_none())
}

/// Whether an item has a character that separates items: the point of a fraction does in `label`.
pub(super) fn delimited(value: &Value, style: Style) -> bool {
    let separates = |v: &Value| {
        let signs = [',', ' ', '|', '.', ';', '=', '&', '[', ']', '%'];
        match v {
            Value::Number(n) => style == Style::Label && n.to_string().contains(signs),
            v => v.as_str().is_some_and(|text| text.contains(signs)),
        }
    };
    match value {
        Value::Array(items) => items.iter().any(separates),
        Value::Object(members) => members.values().any(separates),
        _ => false,
    }
}

fn document(parameter: &Parameter, text: &str) -> Written {
    let encode = Encode::at(parameter.place, false);
    match parameter.place {
        Place::Path | Place::Header => Written::Text(encode.text(text)),
        Place::Query | Place::Cookie => {
            Written::Pairs(vec![(name_of(parameter), encode.text(text))])
        }
    }
}

fn name_of(parameter: &Parameter) -> String {
    match parameter.place {
        Place::Query => escape(&parameter.name),
        _ => parameter.name.clone(),
    }
}

/// How characters are written at a place.
#[derive(Clone, Copy)]
struct Encode {
    place: Place,
    allow_reserved: bool,
}

impl Encode {
    fn at(place: Place, allow_reserved: bool) -> Encode {
        Encode {
            place,
            allow_reserved,
        }
    }

    fn text(self, text: &str) -> String {
        match (self.place, self.allow_reserved) {
            // Header fields have no percent-encoding.
            (Place::Header, _) => text.to_owned(),
            (Place::Query, true) => utf8_percent_encode(text, RESERVED_KEPT).to_string(),
            _ => escape(text),
        }
    }

    /// The name of a member or parameter.
    fn name(self, text: &str) -> String {
        match self.place {
            Place::Header | Place::Cookie => text.to_owned(),
            _ => escape(text),
        }
    }
}

fn styled(
    name: &str,
    value: &Value,
    style: Style,
    explode: bool,
    encode: Encode,
) -> Option<Written> {
    match style {
        Style::Matrix => matrix(name, value, explode, encode).map(Written::Text),
        Style::Label => {
            let separator = if explode { "." } else { "," };
            Some(Written::Text(format!(
                ".{}",
                joined(value, separator, explode, encode)?
            )))
        }
        Style::Simple => joined(value, ",", explode, encode).map(Written::Text),
        Style::Form => form(name, value, explode, ",", encode).map(Written::Pairs),
        Style::SpaceDelimited => form(name, value, explode, "%20", encode).map(Written::Pairs),
        Style::PipeDelimited => form(name, value, explode, "%7C", encode).map(Written::Pairs),
        Style::DeepObject => deep(name, value, encode).map(Written::Pairs),
    }
}

/// Items or members one behind the other; a member is `name,value`, exploded `name=value`.
fn joined(value: &Value, separator: &str, explode: bool, encode: Encode) -> Option<String> {
    let parts = match value {
        Value::Array(items) => texts(items, encode)?,
        Value::Object(members) => {
            let between = if explode { "=" } else { separator };
            pairs(members, encode)?
                .into_iter()
                .map(|(name, value)| format!("{name}{between}{value}"))
                .collect()
        }
        other => vec![encode.text(&scalar(other)?)],
    };
    Some(parts.join(separator))
}

fn matrix(name: &str, value: &Value, explode: bool, encode: Encode) -> Option<String> {
    let name = encode.name(name);
    let pair = |(name, value): (&str, &str)| match value {
        "" => format!(";{name}"),
        value => format!(";{name}={value}"),
    };
    Some(match value {
        Value::Array(items) if explode => {
            let items = texts(items, encode)?;
            items.iter().map(|item| pair((&name, item))).collect()
        }
        Value::Object(members) if explode => {
            let members = pairs(members, encode)?;
            members
                .iter()
                .map(|(name, value)| pair((name, value)))
                .collect()
        }
        other => pair((&name, &joined(other, ",", false, encode)?)),
    })
}

fn form(
    name: &str,
    value: &Value,
    explode: bool,
    separator: &str,
    encode: Encode,
) -> Option<Vec<(String, String)>> {
    let name = encode.name(name);
    Some(match value {
        Value::Array(items) if explode => {
            let items = texts(items, encode)?;
            items.into_iter().map(|item| (name.clone(), item)).collect()
        }
        Value::Object(members) if explode => pairs(members, encode)?,
        other => vec![(name, joined(other, separator, false, encode)?)],
    })
}

fn deep(name: &str, value: &Value, encode: Encode) -> Option<Vec<(String, String)>> {
    let Value::Object(members) = value else {
        // Not defined for anything else; a plain pair is what a device then sees.
        return form(name, value, true, ",", encode);
    };
    let name = encode.name(name);
    let members = pairs(members, encode)?;
    let bracketed = |(member, value): (String, String)| (format!("{name}%5B{member}%5D"), value);
    Some(members.into_iter().map(bracketed).collect())
}

fn texts(items: &[Value], encode: Encode) -> Option<Vec<String>> {
    items
        .iter()
        .map(|item| Some(encode.text(&scalar(item)?)))
        .collect()
}

fn pairs(members: &Map<String, Value>, encode: Encode) -> Option<Vec<(String, String)>> {
    members
        .iter()
        .map(|(name, value)| Some((encode.name(name), encode.text(&scalar(value)?))))
        .collect()
}

/// A value that is no list, object or `null` as text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Schema;
    use serde_json::json;

    fn parameter(place: Place, serialization: Serialization) -> Parameter {
        Parameter {
            name: "color".to_owned(),
            place,
            required: true,
            schema: Schema::default(),
            serialization,
            given: None,
            pointer: String::new(),
        }
    }

    fn shown(written: Option<Written>) -> Option<String> {
        Some(match written? {
            Written::Text(text) => text,
            Written::Pairs(pairs) => {
                let pairs = pairs.iter().map(|(n, v)| format!("{n}={v}"));
                pairs.collect::<Vec<_>>().join("&")
            }
        })
    }

    /// The table of OpenAPI 3.1.1 §4.8.12.4, "Style Examples".
    #[test]
    fn the_style_examples_of_the_specification() {
        use Style::*;
        let values = [
            json!(""),
            json!("blue"),
            json!(["blue", "black", "brown"]),
            json!({"R": 100, "G": 200, "B": 150}),
        ];
        let none = None;
        let table: [(Place, Style, bool, [Option<&str>; 4]); 11] = [
            (
                Place::Path,
                Matrix,
                false,
                [
                    Some(";color"),
                    Some(";color=blue"),
                    Some(";color=blue,black,brown"),
                    Some(";color=R,100,G,200,B,150"),
                ],
            ),
            (
                Place::Path,
                Matrix,
                true,
                [
                    Some(";color"),
                    Some(";color=blue"),
                    Some(";color=blue;color=black;color=brown"),
                    Some(";R=100;G=200;B=150"),
                ],
            ),
            (
                Place::Path,
                Label,
                false,
                [
                    Some("."),
                    Some(".blue"),
                    Some(".blue,black,brown"),
                    Some(".R,100,G,200,B,150"),
                ],
            ),
            (
                Place::Path,
                Label,
                true,
                [
                    Some("."),
                    Some(".blue"),
                    Some(".blue.black.brown"),
                    Some(".R=100.G=200.B=150"),
                ],
            ),
            (
                Place::Path,
                Simple,
                false,
                [
                    Some(""),
                    Some("blue"),
                    Some("blue,black,brown"),
                    Some("R,100,G,200,B,150"),
                ],
            ),
            (
                Place::Header,
                Simple,
                true,
                [
                    Some(""),
                    Some("blue"),
                    Some("blue,black,brown"),
                    Some("R=100,G=200,B=150"),
                ],
            ),
            (
                Place::Query,
                Form,
                false,
                [
                    Some("color="),
                    Some("color=blue"),
                    Some("color=blue,black,brown"),
                    Some("color=R,100,G,200,B,150"),
                ],
            ),
            (
                Place::Query,
                Form,
                true,
                [
                    Some("color="),
                    Some("color=blue"),
                    Some("color=blue&color=black&color=brown"),
                    Some("R=100&G=200&B=150"),
                ],
            ),
            (
                Place::Query,
                SpaceDelimited,
                false,
                [
                    Some("color="),
                    Some("color=blue"),
                    Some("color=blue%20black%20brown"),
                    Some("color=R%20100%20G%20200%20B%20150"),
                ],
            ),
            (
                Place::Query,
                PipeDelimited,
                false,
                [
                    Some("color="),
                    Some("color=blue"),
                    Some("color=blue%7Cblack%7Cbrown"),
                    Some("color=R%7C100%7CG%7C200%7CB%7C150"),
                ],
            ),
            (
                Place::Query,
                DeepObject,
                true,
                [
                    Some("color="),
                    Some("color=blue"),
                    Some("color=blue&color=black&color=brown"),
                    Some("color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
                ],
            ),
        ];
        for (place, style, explode, wanted) in table {
            let serialization = Serialization::Style {
                style,
                explode,
                allow_reserved: false,
            };
            let parameter = parameter(place, serialization);
            for (value, want) in values.iter().zip(wanted) {
                let got = shown(write(&parameter, value));
                assert_eq!(got.as_deref(), want, "{style:?} {explode} {value}");
            }
            for nested in [json!([["a"]]), json!({"a": {}}), json!([null])] {
                assert_eq!(
                    shown(write(&parameter, &nested)),
                    none,
                    "{style:?} {nested}"
                );
            }
        }
    }

    #[test]
    fn reserved_characters_and_documents() {
        let style = |allow_reserved| Serialization::Style {
            style: Style::Form,
            explode: true,
            allow_reserved,
        };
        let json_text = Serialization::Content("application/json".to_owned());
        let table = [
            (
                parameter(Place::Query, style(false)),
                json!("a/b?c d&e"),
                "color=a%2Fb%3Fc%20d%26e",
            ),
            (
                parameter(Place::Query, style(true)),
                json!("a/b?c d&e"),
                "color=a/b?c%20d%26e",
            ),
            (
                parameter(Place::Query, json_text.clone()),
                json!({"x": [1]}),
                "color=%7B%22x%22%3A%5B1%5D%7D",
            ),
            (
                parameter(Place::Header, json_text),
                json!({"x": "é"}),
                "{\"x\":\"é\"}",
            ),
        ];
        for (parameter, value, want) in table {
            assert_eq!(shown(write(&parameter, &value)).as_deref(), Some(want));
        }
    }
}
