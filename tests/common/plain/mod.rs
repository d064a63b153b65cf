//! A server that answers by request line and remembers what it was asked, for tests that start the
//! binary: plain threads, no runtime.
#![allow(dead_code, missing_docs)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A device that has what a test says.
pub struct Plain {
    pub url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Plain {
    /// Answers with the first entry whose beginning a request line has, else with 404. An answer is
    /// status, header fields, an empty line and a body; `Content-Length` is added.
    pub fn new<A: Into<String>, B: Into<String>>(
        answers: impl IntoIterator<Item = (A, B)>,
    ) -> Plain {
        let answers: Vec<(String, String)> = answers
            .into_iter()
            .map(|(line, answer)| (line.into(), answer.into()))
            .collect();
        let answers = Arc::new(answers);
        let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answers) = (Arc::clone(&log), Arc::clone(&answers));
                std::thread::spawn(move || serve(stream, &log, &answers));
            }
        });
        Plain { url, heads }
    }

    /// The heads of the requests that came.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("log").clone()
    }
}

fn serve(stream: std::net::TcpStream, log: &Mutex<Vec<String>>, answers: &[(String, String)]) {
    let mut out = stream.try_clone().expect("clones");
    let mut lines = BufReader::new(stream).lines();
    loop {
        let mut head = String::new();
        loop {
            match lines.next() {
                Some(Ok(line)) if line.is_empty() => break,
                Some(Ok(line)) => head.push_str(&(line + "\n")),
                _ => return,
            }
        }
        let found = answers.iter().find(|(line, _)| head.starts_with(line));
        let answer = found.map_or("404 Not Found\r\n\r\n", |(_, answer)| answer);
        let (fields, body) = answer.split_once("\r\n\r\n").expect("an answer");
        log.lock().expect("log").push(head);
        let length = body.len();
        let text = format!("HTTP/1.1 {fields}\r\nContent-Length: {length}\r\n\r\n{body}");
        if out.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}
