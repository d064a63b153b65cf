//! The octets of settings that are put back, in the media type that their write takes: a form that
//! is sent JSON refuses it, and the device keeps what a test wrote.

use crate::exchange::{HttpRequest, Template};
use serde_json::Value;

/// What no text of a device holds.
const BOUNDARY: &str = "probity-7MA4YWxkTrZu0gW";

/// Gives a request the settings as its body.
pub(super) fn write(request: &mut HttpRequest, settings: &Value) {
    for (name, template) in &mut request.headers {
        let media = template.render(|_| String::new());
        let typed = name.eq_ignore_ascii_case("content-type");
        if typed && media.starts_with("multipart/form-data") && !media.contains("boundary=") {
            *template = Template::from(format!("{media}; boundary={BOUNDARY}"));
        }
    }
    request.body = Some(octets(request, settings));
}

/// The settings as the request's `Content-Type` wants them; JSON where it names no form.
fn octets(request: &HttpRequest, settings: &Value) -> Vec<u8> {
    let json = || settings.to_string().into_bytes();
    let mut headers = request.headers.iter();
    let typed = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let (Some((_, template)), Value::Object(members)) = (typed, settings) else {
        return json();
    };
    let media = template.render(|_| String::new());
    let mut fields: Vec<(&str, String)> = Vec::new();
    for (name, value) in members {
        match value {
            Value::Null => {}
            Value::Array(items) => {
                fields.extend(items.iter().map(|item| (name.as_str(), text(item))))
            }
            other => fields.push((name, text(other))),
        }
    }
    if media.starts_with("application/x-www-form-urlencoded") {
        let encode = crate::profile::encode_query;
        let pairs = fields
            .iter()
            .map(|(n, v)| format!("{}={}", encode(n), encode(v)));
        return pairs.collect::<Vec<_>>().join("&").into_bytes();
    }
    match media.split_once("boundary=") {
        Some((kind, boundary)) if kind.starts_with("multipart/form-data") => {
            let mut out = String::new();
            for (name, value) in &fields {
                out += &format!(
                    "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                );
            }
            format!("{out}--{boundary}--\r\n").into_bytes()
        }
        _ => json(),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_go_back_in_the_form_that_their_write_takes() {
        let settings = json!({"name": "a b", "list": [1, 2], "none": null});
        let table = [
            ("application/json", settings.to_string()),
            (
                "application/x-www-form-urlencoded",
                "name=a%20b&list=1&list=2".to_owned(),
            ),
            (
                "multipart/form-data; boundary=B",
                ["name", "list", "list"]
                    .iter()
                    .zip(["a b", "1", "2"])
                    .map(|(n, v)| {
                        format!(
                            "--B\r\nContent-Disposition: form-data; name=\"{n}\"\r\n\r\n{v}\r\n"
                        )
                    })
                    .collect::<String>()
                    + "--B--\r\n",
            ),
        ];
        for (media, wanted) in table {
            let headers = vec![("Content-Type".to_owned(), Template::from(media))];
            let request = HttpRequest {
                method: "POST".to_owned(),
                target: Template::from("/"),
                headers,
                body: None,
            };
            let body = String::from_utf8(octets(&request, &settings)).unwrap_or_default();
            assert_eq!(body, wanted, "{media}");
        }
    }
}
