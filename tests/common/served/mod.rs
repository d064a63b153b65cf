//! HTTP/1.1 over plain threads, kept alive, for doubles of devices that keep a state: what they do is
//! one function from a request to an answer.
#![allow(dead_code, missing_docs)]

use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// What came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub target: String,
    /// Names in lower case.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    /// The value of a header field; `""` where there is none.
    pub fn field(&self, name: &str) -> &str {
        let mut fields = self.fields.iter();
        fields
            .find(|(n, _)| n == name)
            .map_or("", |(_, value)| value)
    }

    /// Target without its query, and the query.
    pub fn parts(&self) -> (&str, &str) {
        self.target
            .split_once('?')
            .unwrap_or((self.target.as_str(), ""))
    }
}

/// What goes back. `fields`: whole lines.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    pub status: u16,
    pub fields: String,
    pub body: String,
    /// `application/json` where it is empty.
    pub media: &'static str,
}

impl Answered {
    pub fn empty(status: u16) -> Answered {
        Answered {
            status,
            ..Answered::default()
        }
    }

    pub fn json(status: u16, body: impl ToString) -> Answered {
        Answered {
            status,
            body: body.to_string(),
            ..Answered::default()
        }
    }

    pub fn with(mut self, line: &str) -> Answered {
        self.fields += line;
        self.fields += "\r\n";
        self
    }
}

/// Serves until the test ends.
pub fn start(answer: impl Fn(&Asked) -> Answered + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let addr = listener.local_addr().expect("address");
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || serve(&stream, &*answer));
        }
    });
    addr
}

fn serve(stream: &TcpStream, answer: &dyn Fn(&Asked) -> Answered) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let asked = read(&mut reader)?;
        let answered = answer(&asked);
        let body = match asked.method.as_str() {
            "HEAD" => "",
            _ => answered.body.as_str(),
        };
        let typed = match (body.is_empty(), answered.media) {
            (true, _) => String::new(),
            (false, "") => "Content-Type: application/json\r\n".to_owned(),
            (false, media) => format!("Content-Type: {media}\r\n"),
        };
        let length = match answered.status {
            204 => String::new(),
            // To HEAD, the length that the body would have (RFC 9110 §8.6).
            _ => format!("Content-Length: {}\r\n", answered.body.len()),
        };
        let length = match answered.status {
            405 if !answered.fields.contains("Allow:") => format!("Allow: GET\r\n{length}"),
            _ => length,
        };
        let (status, fields) = (answered.status, &answered.fields);
        let text = format!("HTTP/1.1 {status} X\r\n{typed}{fields}{length}\r\n{body}");
        (&*stream).write_all(text.as_bytes()).ok()?;
    }
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut fields = Vec::new();
    loop {
        let mut field = Vec::new();
        reader.read_until(b'\n', &mut field).ok()?;
        let field = String::from_utf8_lossy(&field);
        if field.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = field.split_once(':') {
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let mut words = line.split_whitespace();
    let mut asked = Asked {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        fields,
        body: Vec::new(),
    };
    asked.body = match (
        asked.field("transfer-encoding"),
        asked.field("content-length"),
    ) {
        ("", "") => Vec::new(),
        ("", length) => {
            let mut body = vec![0; length.parse().ok()?];
            reader.read_exact(&mut body).ok()?;
            body
        }
        _ => chunks(reader)?,
    };
    Some(asked)
}

/// A body in chunks (RFC 9112 §7.1).
fn chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let size = usize::from_str_radix(line.trim().split(';').next()?, 16).ok()?;
        let mut chunk = vec![0; size];
        reader.read_exact(&mut chunk).ok()?;
        body.extend(chunk);
        let mut end = String::new();
        while reader.read_line(&mut end).ok()? > 2 {
            end.clear();
        }
        if size == 0 {
            return Some(body);
        }
    }
}
