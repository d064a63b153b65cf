//! A request as something that people can run and read: a shell line that really sends it, the
//! lines that log in before it, and the text of requests and answers for evidence. Pure.
//!
//! An ordinary request becomes a `curl` line. Where curl would mend or change what has to go over
//! the wire byte for byte (malformed framing, pauses, half-closed connections) it becomes a `perl`
//! line: of the interpreters that a plain Linux, macOS or Git for Windows has, perl is the one that
//! writes a request with one `write(2)`, can shut down its half of a connection and has an alarm.
//! (bash's `/dev/tcp` writes line by line, which alone makes some small servers fail, and
//! `curl telnet://` doubles `0xFF` and hangs up when its input ends.)

mod evidence;
mod http;
mod login;
mod raw;
mod shell;

pub use evidence::{mask_credentials, render_answer, render_request};
pub use login::{basic_lines, login_lines};

use crate::exchange::{Part, Request, Template};
use std::path::PathBuf;
use std::time::Duration;

/// Longest body or raw request, in octets, that stands in the line itself. More goes into a file:
/// the line has to stay readable, and Linux takes at most 128 KiB in one argument.
const INLINE: usize = 2_048;

/// How a reproducer reaches the device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `http://host[:port][/prefix]` or `https://…`.
    pub base: String,
    /// Accept any certificate.
    pub insecure: bool,
    /// PEM file with the certificates to trust.
    pub ca_file: Option<PathBuf>,
    /// PEM file with the client's certificate and key.
    pub client_cert: Option<PathBuf>,
    /// When to give up; `None`: curl waits for ever, a raw line for [`RAW_WAIT`].
    pub timeout: Option<Duration>,
}

/// How long a raw line listens where [`Options::timeout`] says nothing: what it sends may well get
/// no answer, and a connection that stays open has no end.
pub const RAW_WAIT: Duration = Duration::from_secs(5);

/// A shell line that sends a request again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curl {
    /// For bash. Credentials are exported `$PROBITY_…` variables, see [`login_lines`].
    pub line: String,
    /// File name and content of what the shell cannot carry.
    pub file: Option<(String, Vec<u8>)>,
}

impl Curl {
    /// The line for `request` against `base` (`http://host[:port][/prefix]`). A file that it needs
    /// is called `name` (plus `.bin`) and looked for in `folder`.
    pub fn new(request: &Request, base: &str, folder: &str, name: &str) -> Curl {
        let options = Options {
            base: base.to_owned(),
            ..Options::default()
        };
        Curl::with(request, &options, folder, name)
    }

    /// Like [`Curl::new`], with certificates and time-out.
    pub fn with(request: &Request, options: &Options, folder: &str, name: &str) -> Curl {
        let base = Base::new(&options.base);
        let file = File {
            name: format!("{name}.bin"),
            path: match folder {
                "" | "." => format!("{name}.bin"),
                folder => format!("{}/{name}.bin", folder.trim_end_matches('/')),
            },
        };
        match request {
            Request::Http(request) => match http::line(request, options, &base, &file) {
                Some(curl) => curl,
                None => raw::line(&http::as_raw(request, &base), options, &base, &file),
            },
            Request::Raw(request) => raw::line(&raw::steps(request, &base), options, &base, &file),
        }
    }
}

/// A line that shells leave out. What does not show becomes a blank, so that it stays one line.
pub fn comment(text: &str) -> String {
    let seen = |c: char| if shell::shows(c) { c } else { ' ' };
    format!("# {}", text.chars().map(seen).collect::<String>())
}

/// Where bytes go that the line cannot hold.
struct File {
    /// Its name.
    name: String,
    /// As the line names it.
    path: String,
}

/// The parts of a base URL.
struct Base {
    https: bool,
    /// `host[:port]`, as `Host` wants it.
    authority: String,
    /// Without brackets.
    host: String,
    port: u16,
    /// Path before every target, without a slash at the end.
    prefix: String,
}

impl Base {
    /// Takes any text; what is no URL gives a line that fails with curl's own message.
    fn new(text: &str) -> Base {
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .unwrap_or(("http", text.trim()));
        let https = scheme.eq_ignore_ascii_case("https");
        let (authority, prefix) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let default = if https { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(default)),
            _ => (authority, default),
        };
        Base {
            https,
            authority: authority.to_owned(),
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            prefix: prefix.trim_end_matches('/').to_owned(),
        }
    }

    fn origin(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    /// The target as it goes over the wire: below the prefix where it is in origin form.
    fn full(&self, target: &Template) -> Template {
        let origin_form = matches!(target.0.first(), Some(Part::Text(t)) if t.starts_with('/'));
        let mut full = Template::default();
        if origin_form && !self.prefix.is_empty() {
            full = full.text(self.prefix.as_str());
        }
        full.0.extend(target.0.iter().cloned());
        full
    }
}
