//! How values become text: styles of parameters (OpenAPI 3.1.1 §4.8.12.2 and §4.8.12.3) and formats
//! of bodies. What is stated, not the text itself.

use super::model::Place;
use serde_json::{Map, Value};

/// How the value of a parameter is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Serialization {
    /// By `style`, or by the default style of its place.
    Style {
        /// `style`
        style: Style,
        /// `explode`
        explode: bool,
        /// `allowReserved`: the reserved characters of RFC 3986 §2.2 stay as they are.
        allow_reserved: bool,
    },
    /// By `content`: as a document of this media type (without parameters, in lower case).
    Content(String),
}

/// `style` of a Parameter Object or an Encoding Object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `;color=blue` (RFC 6570 §3.2.7), in a path.
    Matrix,
    /// `.blue` (RFC 6570 §3.2.5), in a path.
    Label,
    /// `blue,black` (RFC 6570 §3.2.2), in a path or a header field.
    Simple,
    /// `color=blue` (RFC 6570 §3.2.8), in a query or a cookie.
    Form,
    /// `color=blue%20black`, in a query.
    SpaceDelimited,
    /// `color=blue%7Cblack`, in a query.
    PipeDelimited,
    /// `color[R]=100`, in a query.
    DeepObject,
}

impl Style {
    fn named(name: &str) -> Option<Style> {
        Some(match name {
            "matrix" => Style::Matrix,
            "label" => Style::Label,
            "simple" => Style::Simple,
            "form" => Style::Form,
            "spaceDelimited" => Style::SpaceDelimited,
            "pipeDelimited" => Style::PipeDelimited,
            "deepObject" => Style::DeepObject,
            _ => return None,
        })
    }

    /// Where the style may stand (OpenAPI 3.1.1 §4.8.12.3).
    fn fits(self, place: Place) -> bool {
        match self {
            Style::Matrix | Style::Label => place == Place::Path,
            Style::Simple => matches!(place, Place::Path | Place::Header),
            Style::Form => matches!(place, Place::Query | Place::Cookie),
            Style::SpaceDelimited | Style::PipeDelimited | Style::DeepObject => {
                place == Place::Query
            }
        }
    }
}

impl Serialization {
    /// What holds where a parameter states nothing (OpenAPI 3.1.1 §4.8.12.2.2).
    pub fn usual(place: Place) -> Serialization {
        let style = match place {
            Place::Path | Place::Header => Style::Simple,
            Place::Query | Place::Cookie => Style::Form,
        };
        Serialization::Style {
            style,
            explode: style == Style::Form,
            allow_reserved: false,
        }
    }

    /// What a Parameter Object or Encoding Object states. A style that its place does not have is
    /// told in words, beside the usual one, which is used instead.
    pub(super) fn stated(
        map: &Map<String, Value>,
        place: Place,
    ) -> (Serialization, Option<String>) {
        if let Some(media) = content_of(map) {
            return (Serialization::Content(essence(media)), None);
        }
        let usual = Serialization::usual(place);
        let Serialization::Style {
            style: usual_style, ..
        } = usual
        else {
            return (usual, None);
        };
        let (style, wrong) = match map.get("style").and_then(Value::as_str) {
            // `cookie` of OpenAPI 3.2 (§4.12.3) is `form` but for its percent-encoding.
            None | Some("cookie") if place == Place::Cookie => (usual_style, None),
            None => (usual_style, None),
            Some(name) => match Style::named(name).filter(|style| style.fits(place)) {
                Some(style) => (style, None),
                None => {
                    let why = format!("the style `{name}` does not exist at this place");
                    (usual_style, Some(why))
                }
            },
        };
        let flag = |name: &str| map.get(name).and_then(Value::as_bool);
        let stated = Serialization::Style {
            style,
            explode: flag("explode").unwrap_or(style == Style::Form),
            allow_reserved: place == Place::Query && flag("allowReserved").unwrap_or(false),
        };
        (stated, wrong)
    }
}

/// The media type of `content`, which has exactly one (OpenAPI 3.1.1 §4.8.12.2.4).
pub(super) fn content_of(map: &Map<String, Value>) -> Option<&str> {
    let content = map.get("content")?.as_object()?;
    content.keys().next().map(String::as_str)
}

/// What kind of document a media type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// `application/json`, `…+json`
    Json,
    /// `application/merge-patch+json` (RFC 7396): a member that is `null` is removed.
    MergePatch,
    /// `application/json-patch+json` (RFC 6902): a list of operations.
    JsonPatch,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `multipart/form-data` (RFC 7578)
    Multipart,
    /// `text/…`
    Text,
    /// `application/octet-stream` and anything else whose octets are not described.
    Octets,
    /// XML and what else has a grammar that is not generated.
    Unsupported,
}

impl Format {
    /// The format of a media type; parameters and case do not matter.
    pub fn of(media_type: &str) -> Format {
        let essence = essence(media_type);
        match essence.as_str() {
            "application/json" | "text/json" | "*/*" | "application/*" => Format::Json,
            "application/merge-patch+json" => Format::MergePatch,
            "application/json-patch+json" => Format::JsonPatch,
            "application/x-www-form-urlencoded" => Format::Form,
            "multipart/form-data" => Format::Multipart,
            "application/octet-stream" => Format::Octets,
            "text/xml" | "application/xml" => Format::Unsupported,
            other if other.ends_with("+json") => Format::Json,
            other if other.ends_with("+xml") => Format::Unsupported,
            other if other.starts_with("text/") => Format::Text,
            other => {
                let opaque = ["image/", "audio/", "video/", "font/"];
                let archives = ["application/zip", "application/gzip", "application/x-tar"];
                let octets = opaque.iter().any(|start| other.starts_with(start))
                    || archives.contains(&other);
                if octets {
                    Format::Octets
                } else {
                    Format::Unsupported
                }
            }
        }
    }

    /// Whether bodies are JSON texts.
    pub fn is_json(self) -> bool {
        matches!(self, Format::Json | Format::MergePatch | Format::JsonPatch)
    }
}

/// What an Encoding Object says of one member of a form (OpenAPI 3.1.1 §4.8.15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Name of the member.
    pub name: String,
    /// `contentType`; the first where there are several.
    pub content_type: Option<String>,
    /// `style` and `explode`, where one of them is stated.
    pub style: Option<Serialization>,
}

/// `encoding` of a Media Type Object.
pub(super) fn encodings(media: &Map<String, Value>) -> Vec<Encoding> {
    let encodings = media.get("encoding").and_then(Value::as_object);
    let read = |(name, encoding): (&String, &Value)| {
        let map = encoding.as_object()?;
        let types = map.get("contentType").and_then(Value::as_str);
        let first = types.and_then(|types| types.split(',').next());
        let styled = ["style", "explode", "allowReserved"];
        let stated = styled.iter().any(|keyword| map.contains_key(*keyword));
        Some(Encoding {
            name: name.clone(),
            content_type: first.map(|t| t.trim().to_owned()),
            style: stated.then(|| Serialization::stated(map, Place::Query).0),
        })
    };
    encodings.into_iter().flatten().filter_map(read).collect()
}

/// A media type without parameters, in lower case.
pub(super) fn essence(key: &str) -> String {
    let essence = key.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn defaults_are_those_of_the_place() {
        let stated = |value: Value, place| {
            let map = value.as_object().cloned().unwrap_or_default();
            Serialization::stated(&map, place)
        };
        let style = |style, explode, allow_reserved| Serialization::Style {
            style,
            explode,
            allow_reserved,
        };
        let table = [
            (
                json!({}),
                Place::Path,
                style(Style::Simple, false, false),
                false,
            ),
            (
                json!({}),
                Place::Query,
                style(Style::Form, true, false),
                false,
            ),
            (
                json!({}),
                Place::Cookie,
                style(Style::Form, true, false),
                false,
            ),
            (
                json!({}),
                Place::Header,
                style(Style::Simple, false, false),
                false,
            ),
            (
                json!({"style": "pipeDelimited"}),
                Place::Query,
                style(Style::PipeDelimited, false, false),
                false,
            ),
            (
                json!({"explode": false, "allowReserved": true}),
                Place::Query,
                style(Style::Form, false, true),
                false,
            ),
            (
                json!({"style": "matrix", "explode": true}),
                Place::Path,
                style(Style::Matrix, true, false),
                false,
            ),
            (
                json!({"style": "cookie"}),
                Place::Cookie,
                style(Style::Form, true, false),
                false,
            ),
            (
                json!({"style": "deepObject"}),
                Place::Header,
                style(Style::Simple, false, false),
                true,
            ),
            (
                json!({"content": {"application/json; charset=utf-8": {}}}),
                Place::Query,
                Serialization::Content("application/json".to_owned()),
                false,
            ),
        ];
        for (value, place, want, wrong) in table {
            let (got, why) = stated(value.clone(), place);
            assert_eq!(got, want, "{value} {place:?}");
            assert_eq!(why.is_some(), wrong, "{value} {place:?}");
        }
    }

    #[test]
    fn media_types_have_formats() {
        for (media_type, want) in [
            ("application/json; charset=utf-8", Format::Json),
            ("application/vnd.device.v2+json", Format::Json),
            ("application/merge-patch+json", Format::MergePatch),
            ("Application/JSON-Patch+JSON", Format::JsonPatch),
            ("application/x-www-form-urlencoded", Format::Form),
            ("multipart/form-data", Format::Multipart),
            ("multipart/mixed", Format::Unsupported),
            ("text/plain", Format::Text),
            ("text/json", Format::Json),
            ("text/xml", Format::Unsupported),
            ("application/soap+xml", Format::Unsupported),
            ("image/png", Format::Octets),
            ("application/octet-stream", Format::Octets),
        ] {
            assert_eq!(Format::of(media_type), want, "{media_type}");
        }
    }
}
