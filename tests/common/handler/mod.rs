//! A device in a closure: what a request draws is what the closure says.
#![allow(dead_code, missing_docs)] // Each test file uses a part of it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

/// One request as the closure sees it.
pub struct Asked {
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// What follows `?`, or nothing.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The connection ends with the answer.
    last: bool,
}

impl Asked {
    /// The value of a header field; `""` where there is none.
    pub fn field(&self, name: &str) -> &str {
        let mut fields = self.headers.iter();
        fields
            .find(|(n, _)| n == name)
            .map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// What it draws.
pub struct Drawn {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Drawn {
    /// The same with a header field.
    pub fn with(mut self, name: &str, value: &str) -> Drawn {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A JSON answer.
pub fn json(status: u16, body: &Value) -> Drawn {
    Drawn {
        status,
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into_bytes(),
    }
}

/// An answer without a body. A 405 names the methods that are served (RFC 9110 §15.5.6), here none.
pub fn bare(status: u16) -> Drawn {
    let drawn = Drawn {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    };
    match status {
        405 => drawn.with("Allow", ""),
        _ => drawn,
    }
}

/// Serves the closure on loopback for the rest of the process.
pub fn serve(answer: impl Fn(&Asked) -> Drawn + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("its address");
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || connection(stream, &*answer));
        }
    });
    addr
}

fn connection(stream: TcpStream, answer: &dyn Fn(&Asked) -> Drawn) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        // The end of the connection is no message.
        reader.fill_buf().ok().filter(|bytes| !bytes.is_empty())?;
        let Some(asked) = read(&mut reader) else {
            let _ = stream
                .write_all(b"HTTP/1.1 400 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return None;
        };
        let drawn = answer(&asked);
        let mut head = format!("HTTP/1.1 {} Of its own\r\n", drawn.status);
        for (name, value) in &drawn.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if drawn.status != 204 {
            head.push_str(&format!("Content-Length: {}\r\n", drawn.body.len()));
        }
        head.push_str("\r\n");
        // In one segment: a body that waits for the acknowledgement of its head costs 40 ms.
        let mut answer = head.into_bytes();
        if asked.method != "HEAD" {
            answer.extend_from_slice(&drawn.body);
        }
        stream.write_all(&answer).ok()?;
        if asked.last {
            return None;
        }
    }
}

/// One request; `None` for what is no plain message.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let line = line(reader)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let version = words.next()?;
    (matches!(version, "HTTP/1.1" | "HTTP/1.0") && words.next().is_none()).then_some(())?;
    let mut headers: Vec<(String, String)> = Vec::new();
    loop {
        let line = self::line(reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        name.chars().all(token).then_some(())?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let field = |name: &str| {
        let mut all = headers.iter().filter(|(n, _)| n == name);
        let first = all.next().map(|(_, v)| v.clone());
        (first, all.next().is_some())
    };
    let ((length, more), (coding, _)) = (field("content-length"), field("transfer-encoding"));
    let host = field("host");
    (host.0.is_some() && !host.1 && !more && (length.is_none() || coding.is_none()))
        .then_some(())?;
    let mut body = Vec::new();
    match (length, coding) {
        (Some(length), _) => {
            length.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
            let length: u64 = length.parse().ok().filter(|n| *n < 1 << 20)?;
            reader.take(length).read_to_end(&mut body).ok()?;
        }
        (_, Some(coding)) if coding.eq_ignore_ascii_case("chunked") => loop {
            let line = self::line(reader)?;
            let size = line.split(';').next()?.trim_end();
            let size = u64::from_str_radix(size, 16)
                .ok()
                .filter(|n| *n < 1 << 20)?;
            reader.take(size).read_to_end(&mut body).ok()?;
            if size == 0 {
                // Trailers.
                while !self::line(reader)?.is_empty() {}
                break;
            }
            if !self::line(reader)?.is_empty() {
                return None;
            }
        },
        (_, Some(_)) => return None,
        _ => {}
    }
    Some(Asked {
        method,
        path: target.split('?').next()?.to_owned(),
        query: target.split_once('?').map_or("", |(_, q)| q).to_owned(),
        headers,
        body,
        last: version == "HTTP/1.0",
    })
}

/// One line that ends with CR LF.
fn line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut bytes = Vec::new();
    reader.read_until(b'\n', &mut bytes).ok()?;
    let line = bytes.strip_suffix(b"\r\n")?;
    String::from_utf8(line.to_vec()).ok()
}

/// The binary on a document and a device: how it ended, and its report.
pub fn judged(document: &str, addr: SocketAddr, arguments: &[&str]) -> (Output, Value) {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("api.yaml"), document).expect("document");
    let output = command(folder.path(), addr, arguments)
        .output()
        .expect("the program runs");
    let report = std::fs::read(folder.path().join("report.json")).unwrap_or_default();
    let report = serde_json::from_slice(&report).unwrap_or_else(|e| {
        panic!("{e}: {}", String::from_utf8_lossy(&output.stderr));
    });
    (output, report)
}

/// The command that [`judged`] runs, in a folder that holds `api.yaml`.
pub fn command(folder: &Path, addr: SocketAddr, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probity"));
    command
        .args([
            "run",
            "--contract",
            "api.yaml",
            "--report",
            "json=report.json",
        ])
        .args(["--target", &format!("http://{addr}")])
        .args(arguments)
        .env("XDG_STATE_HOME", folder)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
