//! What a request may be taken for: methods and targets, in every way that servers and the front ends
//! before them read it.

use super::exchange::{HttpRequest, RawRequest, Request, Segment};

/// Method and target of everything that a request may be taken for, the plainest first.
pub fn calls(request: &Request) -> Vec<(String, String)> {
    match request {
        Request::Http(http) => calls_of(http),
        Request::Raw(raw) => calls_in(raw),
    }
}

/// Fields with which some frameworks let a request change its method.
const METHOD_FIELDS: [&str; 3] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];

/// Fields with which some front ends let a request change its target.
const TARGET_FIELDS: [&str; 4] = [
    "x-original-url",
    "x-rewrite-url",
    "x-forwarded-uri",
    "x-original-uri",
];

/// What a request may be taken for: method and target, and those that its fields override.
fn calls_of(http: &HttpRequest) -> Vec<(String, String)> {
    let target = http.target.render(|_| String::new());
    let (mut methods, mut targets) = (vec![http.method.clone()], vec![target.clone()]);
    for (name, value) in &http.headers {
        let value = value.render(|_| String::new()).trim().to_owned();
        overrides(name, value, &mut methods, &mut targets);
    }
    if let Some((_, after)) = target.split_once("_method=") {
        let method = after.split(['&', '#']).next().unwrap_or_default();
        methods.push(method.to_owned());
    }
    products(&methods, &targets)
}

fn overrides(name: &str, value: String, methods: &mut Vec<String>, targets: &mut Vec<String>) {
    let name = name.trim().to_ascii_lowercase();
    if METHOD_FIELDS.contains(&name.as_str()) {
        methods.push(value);
    } else if TARGET_FIELDS.contains(&name.as_str()) {
        targets.push(value);
    }
}

fn products(methods: &[String], targets: &[String]) -> Vec<(String, String)> {
    let pairs = methods
        .iter()
        .flat_map(|m| targets.iter().map(move |t| (m.clone(), t.clone())));
    pairs.collect()
}

/// Methods that a server may find at the beginning of a line.
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
];

/// What the bytes of a request may be taken for. Every line that begins like a request counts: a
/// server that reads lengths in another way finds a second request in the body of the first.
fn calls_in(raw: &RawRequest) -> Vec<(String, String)> {
    let mut bytes = Vec::new();
    for segment in &raw.segments {
        match segment {
            Segment::Bytes(b) => bytes.extend_from_slice(b),
            // Stands in a value or a target; what it is does not matter.
            Segment::Secret(_) => bytes.extend_from_slice(b"secret"),
            Segment::Host => bytes.extend_from_slice(b"device"),
            Segment::Prefix | Segment::Pause(_) | Segment::ShutdownWrite => {}
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut first = true;
    let (mut out, mut methods, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    for line in text.split(['\n', '\r']) {
        let mut words = line.split_ascii_whitespace();
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            continue;
        };
        let known = METHODS
            .iter()
            .any(|m| method.to_ascii_uppercase().ends_with(m));
        let place = target.starts_with('/') || target.contains("://") || target == "*";
        if first || known && place {
            // What comes before a method (an empty line, stray bytes) does not make it another.
            let method = METHODS
                .iter()
                .find(|m| known && method.to_ascii_uppercase().ends_with(*m));
            methods.push(method.map_or_else(|| line_method(line), |m| (*m).to_owned()));
            targets.push(target.to_owned());
            if let (Some(m), Some(t)) = (methods.last(), targets.last()) {
                out.push((m.clone(), t.clone()));
            }
            first = false;
        } else if let Some((name, value)) = line.split_once(':') {
            overrides(name, value.trim().to_owned(), &mut methods, &mut targets);
        }
    }
    out.extend(products(&methods, &targets));
    out
}

fn line_method(line: &str) -> String {
    line.split_ascii_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}
