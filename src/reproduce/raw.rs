//! Requests that curl cannot send, as perl lines: each write of the case is one `write(2)`. Over
//! TLS perl writes into `openssl s_client`.

use super::shell::{perl, quote, shows};
use super::{Base, Curl, File, INLINE, Options, RAW_WAIT};
use crate::exchange::{RawRequest, Secret, Segment};
use std::fmt::Write as _;
use std::time::Duration;

/// One thing to do on the connection.
pub(super) enum Step {
    /// Write this at once.
    Write(Bytes),
    /// Wait.
    Pause(Duration),
    /// Shut down the writing half.
    Shutdown,
}

/// Bytes with credentials among them.
#[derive(Default)]
pub(super) struct Bytes(Vec<Piece>);

enum Piece {
    Text(Vec<u8>),
    /// A credential, percent-encoded or not.
    Secret(Secret, bool),
}

impl Bytes {
    /// Appends bytes.
    pub(super) fn text(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            _ if bytes.is_empty() => {}
            Some(Piece::Text(before)) => before.extend_from_slice(bytes),
            _ => self.0.push(Piece::Text(bytes.to_vec())),
        }
    }

    /// Appends a credential, percent-encoded where it stands in a target.
    pub(super) fn secret(&mut self, secret: Secret, encode: bool) {
        self.0.push(Piece::Secret(secret, encode));
    }
}

/// The steps of a raw request. A credential or authority is one write with the bytes around it, as
/// in the device layer; bytes that stand next to bytes stay apart.
pub(super) fn steps(request: &RawRequest, base: &Base) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inserted = false;
    for segment in &request.segments {
        let insert = matches!(
            segment,
            Segment::Secret(_) | Segment::Host | Segment::Prefix
        );
        let mut piece = Bytes::default();
        let bytes = match steps.last_mut() {
            Some(Step::Write(before)) if insert || inserted => before,
            _ => &mut piece,
        };
        match segment {
            Segment::Bytes(text) => bytes.text(text),
            Segment::Host => bytes.text(base.authority.as_bytes()),
            Segment::Prefix => bytes.text(base.prefix.as_bytes()),
            Segment::Secret(secret) => bytes.secret(*secret, false),
            Segment::Pause(time) => steps.push(Step::Pause(*time)),
            Segment::ShutdownWrite => steps.push(Step::Shutdown),
        }
        if !piece.0.is_empty() {
            steps.push(Step::Write(piece));
        }
        inserted = insert;
    }
    steps
}

/// The line that does these steps and shows what comes back.
pub(super) fn line(steps: &[Step], options: &Options, base: &Base, file: &File) -> Curl {
    let mut script = Script {
        code: String::new(),
        stored: None,
    };
    script.steps(steps, base.https);
    if script.code.len() > INLINE {
        script = Script {
            code: String::new(),
            stored: Some(Vec::new()),
        };
        script.steps(steps, base.https);
    }
    let pauses: Duration = steps
        .iter()
        .map(|s| match s {
            Step::Pause(time) => *time,
            _ => Duration::ZERO,
        })
        .sum();
    let wait = (options.timeout.unwrap_or(RAW_WAIT) + pauses)
        .as_secs_f64()
        .ceil()
        .max(1.0);
    let (open, argument) = match script.stored {
        Some(_) => (
            "open F,\"<:raw\",$ARGV[0] or die$!;",
            format!(" {}", quote(&file.path)),
        ),
        None => ("", String::new()),
    };
    let code = script.code;
    let line = if base.https {
        let mut line = format!(
            "perl -e '$|=1;{open}{code}'{argument} | perl -e 'alarm shift;exec@ARGV' {wait} \
             openssl s_client -quiet -connect {} -servername {}",
            quote(&bracketed(base)),
            quote(&base.host)
        );
        if steps.iter().any(|s| matches!(s, Step::Shutdown)) {
            line.push_str(" -no_ign_eof");
        }
        if let Some(path) = &options.ca_file {
            let _ = write!(line, " -CAfile {}", quote(&path.display().to_string()));
        }
        if let Some(path) = &options.client_cert {
            let path = quote(&path.display().to_string());
            let _ = write!(line, " -cert {path} -key {path}");
        }
        line
    } else {
        format!(
            "perl -MIO::Socket::IP -e '$|=1;$SIG{{PIPE}}=\"IGNORE\";\
             $SIG{{ALRM}}=sub{{die\"(nothing more in {wait} s)\\n\"}};alarm {wait};{open}\
             $s=IO::Socket::IP->new(PeerHost=>{},PeerPort=>{})or die\"$@\\n\";{code}\
             print while sysread$s,$_,65536'{argument}",
            string(base.host.as_bytes()),
            base.port,
        )
    };
    Curl {
        line,
        file: script.stored.map(|bytes| (file.name.clone(), bytes)),
    }
}

fn bracketed(base: &Base) -> String {
    if base.host.contains(':') {
        format!("[{}]:{}", base.host, base.port)
    } else {
        format!("{}:{}", base.host, base.port)
    }
}

/// Perl code. It stands between single quotes of the shell, so it holds none.
struct Script {
    code: String,
    /// The bytes that the code reads from a file instead of holding them.
    stored: Option<Vec<u8>>,
}

impl Script {
    fn steps(&mut self, steps: &[Step], to_stdout: bool) {
        let sink = if to_stdout { "STDOUT" } else { "$s" };
        for step in steps {
            match step {
                Step::Write(bytes) => {
                    let value = self.value(bytes);
                    let _ = write!(self.code, "syswrite {sink},{value};");
                }
                Step::Pause(time) => {
                    let _ = write!(
                        self.code,
                        "select undef,undef,undef,{};",
                        time.as_secs_f64()
                    );
                }
                Step::Shutdown if to_stdout => self.code.push_str("close STDOUT;"),
                Step::Shutdown => self.code.push_str("shutdown$s,1;"),
            }
        }
    }

    fn value(&mut self, bytes: &Bytes) -> String {
        let mut terms: Vec<String> = Vec::new();
        for piece in &bytes.0 {
            match (piece, &mut self.stored) {
                (Piece::Text(text), Some(stored)) => {
                    stored.extend_from_slice(text);
                    terms.push(format!("do{{read F,$b,{};$b}}", text.len()));
                }
                (Piece::Text(text), None) => terms.extend(literals(text)),
                (Piece::Secret(secret, false), _) => {
                    terms.push(perl(*secret));
                }
                (Piece::Secret(secret, true), _) => terms.push(format!(
                    "join(\"\",map{{/[A-Za-z0-9._~-]/?$_:sprintf(\"%%%02X\",ord)}}split//,{})",
                    perl(*secret)
                )),
            }
        }
        if terms.is_empty() {
            return "\"\"".to_owned();
        }
        terms.join(".")
    }
}

/// Runs of one octet that are shorter stay as they are.
const RUN: usize = 24;

/// Perl terms for these bytes: strings, and `("A"x5000)` for long runs.
fn literals(bytes: &[u8]) -> Vec<String> {
    let mut terms = Vec::new();
    let mut plain: Vec<u8> = Vec::new();
    for run in bytes.chunk_by(|a, b| a == b) {
        match run.first() {
            Some(first) if run.len() >= RUN => {
                if !plain.is_empty() {
                    terms.push(string(&plain));
                    plain.clear();
                }
                terms.push(format!("({}x{})", string(&[*first]), run.len()));
            }
            _ => plain.extend_from_slice(run),
        }
    }
    if !plain.is_empty() {
        terms.push(string(&plain));
    }
    terms
}

/// A perl string of exactly these bytes, without interpolation and without a single quote.
fn string(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in bytes {
        match byte {
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'"' | b'\\' | b'$' | b'@' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            byte if *byte != b'\'' && byte.is_ascii() && shows(char::from(*byte)) => {
                out.push(char::from(*byte));
            }
            byte => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
}
