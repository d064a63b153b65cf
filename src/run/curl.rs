//! A request as something that people can run and read: a shell line that really sends it, and its
//! text with the credentials named.

use crate::exchange::{
    Answer, Exchange, HttpRequest, Outcome, Part, RawRequest, Request, Secret, Segment, Template,
};
use crate::profile::Login;
use std::fmt::Write as _;

/// Longest body that evidence shows, in octets.
const SHOWN: usize = 2_048;

/// A shell line that sends a request again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curl {
    /// For a POSIX shell (raw requests: bash). Credentials are `$PROBITY_…` variables.
    pub line: String,
    /// File name and content of what the shell cannot carry.
    pub file: Option<(String, Vec<u8>)>,
}

impl Curl {
    /// The line for `request` against `base` (`http://host[:port][/prefix]`). A file that it needs
    /// is called `name` and looked for in `folder`.
    pub fn new(request: &Request, base: &str, folder: &str, name: &str) -> Curl {
        match request {
            Request::Http(request) => Self::http(request, base, folder, name),
            Request::Raw(request) => Self::raw(request, base, folder, name),
        }
    }

    fn http(request: &HttpRequest, base: &str, folder: &str, name: &str) -> Curl {
        // `Expect: 100-continue` is curl's own idea for large bodies.
        let mut line = String::from("curl -sS -i --http1.1 --path-as-is -H 'Expect:'");
        if request.method == "HEAD" {
            line.push_str(" --head");
        } else {
            let _ = write!(line, " -X {}", quote(&request.method));
        }
        let mut names: Vec<String> = Vec::new();
        for (header, value) in &request.headers {
            names.push(header.to_ascii_lowercase());
            let empty = value
                .0
                .iter()
                .all(|p| matches!(p, Part::Text(t) if t.is_empty()));
            let field = if empty {
                // curl sends an empty field only when it ends with a semicolon.
                Template::from(format!("{header};"))
            } else {
                let mut field = Template::from(format!("{header}: "));
                field.0.extend(value.0.iter().cloned());
                field
            };
            let _ = write!(line, " -H {}", template(&field));
        }
        if request.body.is_some() && !names.iter().any(|n| n == "content-type") {
            line.push_str(" -H 'Content-Type:'");
        }
        let mut file = None;
        if let Some(body) = &request.body {
            match carried(body) {
                Some(text) => {
                    let _ = write!(line, " --data-raw {}", quote(text));
                }
                None => {
                    let file_name = format!("{name}.bin");
                    let _ = write!(
                        line,
                        " --data-binary {}",
                        quote(&format!("@{folder}/{file_name}"))
                    );
                    file = Some((file_name, body.clone()));
                }
            }
        }
        let mut url = Template::from(base.trim_end_matches('/'));
        url.0.extend(request.target.0.iter().cloned());
        let _ = write!(line, " {}", template(&url));
        Curl { line, file }
    }

    /// Bytes over bash's `/dev/tcp`: curl would mend them. Over TLS openssl carries them.
    fn raw(request: &RawRequest, base: &str, folder: &str, name: &str) -> Curl {
        let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
        let authority = rest.split('/').next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
            _ => (authority, if scheme == "https" { "443" } else { "80" }),
        };
        let mut steps: Vec<String> = Vec::new();
        let mut bytes: Vec<u8> = Vec::new();
        let file_name = format!("{name}.bin");
        let path = quote(&format!("{folder}/{file_name}"));
        for segment in &request.segments {
            match segment {
                Segment::Bytes(piece) => {
                    let from = bytes.len();
                    bytes.extend_from_slice(piece);
                    steps.push(format!(
                        "tail -c +{} {path} | head -c {}",
                        from + 1,
                        piece.len()
                    ));
                }
                Segment::Host => steps.push(format!("printf %s {}", quote(authority))),
                Segment::Secret(secret) => steps.push(format!("printf %s {}", variable(*secret))),
                Segment::Pause(time) => steps.push(format!("sleep {:.3}", time.as_secs_f64())),
                Segment::ShutdownWrite => {}
            }
        }
        let steps = steps.join("; ");
        let line = if scheme == "https" {
            format!(
                "{{ {steps}; sleep 2; }} | openssl s_client -quiet -connect {}",
                quote(&format!("{host}:{port}"))
            )
        } else {
            format!(
                "bash -c {}",
                quote(&format!(
                    "exec 3<>/dev/tcp/{host}/{port}; {{ {steps}; }} >&3; timeout 5 cat <&3"
                ))
            )
        };
        Curl {
            line,
            file: Some((file_name, bytes)),
        }
    }
}

/// Shell lines that log in and set `PROBITY_TOKEN`, from `PROBITY_USERNAME` and `PROBITY_PASSWORD`.
pub fn login_lines(login: &Login, base: &str) -> String {
    let curl = Curl::new(&Request::Http(login.request()), base, ".", "login");
    let member = login.token.rsplit('/').next().unwrap_or("token");
    format!(
        "PROBITY_PASSWORD_MD5=$(printf %s \"$PROBITY_PASSWORD\" | md5sum | cut -c1-32)\n\
         PROBITY_TOKEN=$({} | sed -n 's/.*\"{member}\" *: *\"\\([^\"]*\\)\".*/\\1/p')",
        curl.line
    )
}

/// Text that an argument of a shell can carry: UTF-8 without NUL, not too long, and not beginning
/// with what curl would take for a file.
fn carried(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    (body.len() <= 8_192 && !text.contains('\0')).then_some(text)
}

/// Single quotes; a quote inside ends, escapes and begins again.
fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn variable(secret: Secret) -> String {
    format!("\"${}\"", secret.env_name())
}

fn template(template: &Template) -> String {
    let mut out = String::new();
    for part in &template.0 {
        match part {
            Part::Text(text) if text.is_empty() => {}
            Part::Text(text) => out.push_str(&quote(text)),
            Part::Secret(secret) => out.push_str(&variable(*secret)),
        }
    }
    out
}

/// A request as text: credentials by name, control characters visible, long bodies cut.
pub fn render_request(request: &Request) -> String {
    match request {
        Request::Http(request) => {
            let mut out = format!("{} {} HTTP/1.1\n", request.method, request.target);
            for (name, value) in &request.headers {
                let _ = writeln!(out, "{name}: {value}");
            }
            if let Some(body) = &request.body {
                out.push('\n');
                out.push_str(&visible(body));
            }
            out
        }
        Request::Raw(request) => request
            .segments
            .iter()
            .map(|segment| match segment {
                Segment::Bytes(bytes) => visible(bytes),
                Segment::Secret(secret) => format!("${}", secret.env_name()),
                Segment::Host => "$HOST".to_owned(),
                Segment::Pause(time) => format!("⟨pause {time:?}⟩"),
                Segment::ShutdownWrite => "⟨end of sending⟩".to_owned(),
            })
            .collect(),
    }
}

/// What came back as text: control characters visible, long bodies cut.
pub fn render_answer(exchange: &Exchange) -> String {
    match &exchange.outcome {
        Outcome::Answered(answer) => render(answer),
        Outcome::Failed {
            failure,
            partial: None,
        } => failure.to_string(),
        Outcome::Failed {
            failure,
            partial: Some(answer),
        } => format!("{failure}; so far:\n{}", render(answer)),
    }
}

fn render(answer: &Answer) -> String {
    let mut out = format!("{}\n", answer.status);
    for (name, value) in &answer.headers {
        let _ = writeln!(out, "{name}: {}", visible(value));
    }
    for anomaly in &answer.anomalies {
        let _ = writeln!(out, "⟨{anomaly}⟩");
    }
    if !answer.body.is_empty() {
        out.push('\n');
        out.push_str(&visible(&answer.body));
    }
    out
}

/// UTF-8 as it is but for control characters, other bytes as `\xNN`; cut after [`SHOWN`] octets.
fn visible(bytes: &[u8]) -> String {
    let cut = bytes.get(..SHOWN).unwrap_or(bytes);
    let mut out = String::new();
    for chunk in cut.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push('\n'),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if c.is_control() => {
                    let _ = write!(out, "\\x{:02x}", c as u32);
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    if bytes.len() > cut.len() {
        let _ = write!(out, "… ({} octets in all)", bytes.len());
    }
    out
}
