//! Ordinary requests as curl lines. Everything that curl adds of its own is made what
//! [`crate::device`] sends, or is left out, so that the same request goes over the wire.

use super::raw::{Bytes, Step};
use super::shell::{quote, quote_bytes, target_word, word};
use super::{Base, Curl, File, INLINE, Options};
use crate::exchange::{HttpRequest, Part, Template};
use std::fmt::Write as _;

/// What the device layer calls itself where a case does not say otherwise.
const USER_AGENT: &str = concat!("probity/", env!("CARGO_PKG_VERSION"));
/// curl asks `Expect: 100-continue` for bodies from this size on (older ones from 1,024 octets).
const EXPECT_FROM: usize = 1_024;
/// Fields that steer curl itself.
const FRAMING: [&str; 5] = [
    "content-length",
    "transfer-encoding",
    "te",
    "upgrade",
    "expect",
];

/// The line, or `None` where curl would not send exactly this request.
pub(super) fn line(
    request: &HttpRequest,
    options: &Options,
    base: &Base,
    file: &File,
) -> Option<Curl> {
    if !carries(request) {
        return None;
    }
    let target = Target::of(base.full(&request.target))?;
    // A proxy of the environment would come between; the device layer uses none.
    let mut line = String::from("curl -sS -i --http1.1 --noproxy '*'");
    if let Some(timeout) = options.timeout {
        let _ = write!(line, " -m {}", timeout.as_secs_f64());
    }
    tls(&mut line, options, base);
    if request.method == "HEAD" {
        line.push_str(" --head");
    } else {
        let _ = write!(line, " -X {}", quote(&request.method));
    }
    let given = |name: &str| {
        let mut names = request.headers.iter().map(|(n, _)| n);
        names.any(|n| n.eq_ignore_ascii_case(name))
    };
    if !given("user-agent") {
        let _ = write!(line, " -A {USER_AGENT}");
    }
    for (name, value) in &request.headers {
        let empty = value.to_string().is_empty();
        let field = if empty {
            // With a colon curl would take it for "leave this field out".
            Template::from(format!("{name};"))
        } else {
            let mut field = Template::from(format!("{name}: "));
            field.0.extend(value.0.iter().cloned());
            field
        };
        let _ = write!(line, " -H {}", word(&field));
    }
    let mut needed = None;
    if let Some(body) = &request.body {
        if !given("content-type") {
            line.push_str(" -H Content-Type:");
        }
        if body.len() >= EXPECT_FROM {
            line.push_str(" -H Expect:");
        }
        match inline(body) {
            // `--data-binary @…` names a file.
            Some(text) if body.starts_with(b"@") => {
                let _ = write!(line, " --data-raw {text}");
            }
            Some(text) => {
                let _ = write!(line, " --data-binary {text}");
            }
            None => {
                let at = quote(&format!("@{}", file.path));
                let _ = write!(line, " --data-binary {at}");
                needed = Some((file.name.clone(), body.clone()));
            }
        }
    }
    target.write(&mut line, base);
    Some(Curl { line, file: needed })
}

fn tls(line: &mut String, options: &Options, base: &Base) {
    if !base.https {
        return;
    }
    if options.insecure {
        line.push_str(" -k");
    }
    if let Some(path) = &options.ca_file {
        let _ = write!(line, " --cacert {}", quote(&path.display().to_string()));
    }
    if let Some(path) = &options.client_cert {
        let _ = write!(line, " --cert {}", quote(&path.display().to_string()));
    }
}

/// Whether curl can send method and fields as they are.
fn carries(request: &HttpRequest) -> bool {
    let hosts = request
        .headers
        .iter()
        .filter(|(n, _)| n.eq_ignore_ascii_case("host"));
    let head_with_body = request.method == "HEAD" && request.body.is_some();
    !request.method.is_empty()
        && !request.method.contains('\0')
        && !head_with_body
        && hosts.count() <= 1
        && request.headers.iter().all(|(name, value)| {
            let text = value.to_string();
            // A value of blanks alone means "leave out", `@` a file, `;` at the end an empty field.
            let blank = text.trim().is_empty() && !value.has_secret();
            let framing = FRAMING.iter().any(|f| f.eq_ignore_ascii_case(name));
            !framing
                && !name.is_empty()
                && !name.starts_with('@')
                && !name.contains([':', ';', '\0'])
                && (text.is_empty() || !blank)
                && !text.contains(['\r', '\n', '\0'])
        })
}

/// The body as a word, where it is short enough and has no NUL.
fn inline(body: &[u8]) -> Option<String> {
    let word = quote_bytes(body)?;
    (word.len() <= INLINE).then_some(word)
}

/// How curl is told the target.
enum Target {
    /// In the URL.
    Url(Template),
    /// Verbatim, because curl would change or refuse it in a URL.
    Verbatim(Template),
}

impl Target {
    /// `None` where curl cannot send it.
    fn of(full: Template) -> Option<Target> {
        let mut safe = matches!(full.0.first(), Some(Part::Text(t)) if t.starts_with('/'));
        for part in &full.0 {
            let Part::Text(text) = part else { continue };
            if text.bytes().any(|b| b <= b' ' || b == 0x7f) {
                return None;
            }
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=:@/?".contains(c);
            safe &= text.chars().all(plain);
        }
        Some(if safe {
            Target::Url(full)
        } else {
            Target::Verbatim(full)
        })
    }

    fn write(&self, line: &mut String, base: &Base) {
        match self {
            Target::Url(target) => {
                if target.to_string().contains("/.") {
                    line.push_str(" --path-as-is");
                }
                let mut url = Template::from(base.origin());
                url.0.extend(target.0.iter().cloned());
                let _ = write!(line, " {}", target_word(&url));
            }
            Target::Verbatim(target) => {
                let origin = quote(&base.origin());
                let _ = write!(line, " --request-target {} {origin}", target_word(target));
            }
        }
    }
}

/// What the device layer writes for it on a connection of its own: one write.
pub(super) fn as_raw(request: &HttpRequest, base: &Base) -> Vec<Step> {
    let given = |name: &str| {
        let mut names = request.headers.iter().map(|(n, _)| n);
        names.any(|n| n.eq_ignore_ascii_case(name))
    };
    let mut bytes = Bytes::default();
    let mut add = |template: &Template, in_target: bool| {
        for part in &template.0 {
            match part {
                Part::Text(text) => bytes.text(text.as_bytes()),
                Part::Secret(secret) => bytes.secret(*secret, in_target),
            }
        }
    };
    add(&Template::from(format!("{} ", request.method)), false);
    add(&base.full(&request.target), true);
    add(&" HTTP/1.1\r\n".into(), false);
    let mut field = |name: &str, value: &Template| {
        add(&Template::from(format!("{name}: ")), false);
        add(value, false);
        add(&"\r\n".into(), false);
    };
    if !given("host") {
        field("Host", &base.authority.as_str().into());
    }
    for (name, value) in &request.headers {
        field(name, value);
    }
    if !given("accept") {
        field("Accept", &"*/*".into());
    }
    if !given("user-agent") {
        field("User-Agent", &USER_AGENT.into());
    }
    if let Some(body) = &request.body
        && !given("content-length")
        && !given("transfer-encoding")
    {
        field("Content-Length", &body.len().to_string().into());
    }
    bytes.text(b"\r\n");
    bytes.text(request.body.as_deref().unwrap_or_default());
    vec![Step::Write(bytes)]
}
