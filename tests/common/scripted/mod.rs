//! A server that does to every connection exactly what a test says, and remembers what it was sent.
#![allow(dead_code, missing_docs)] // Each test file uses a part of it.

use probity::device::{Device, Options};
use probity::exchange::{Exchange, HttpRequest, Outcome, RawRequest, Request, Segment, Template};
use probity::profile::Profile;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Runs `serve` on every connection, in order of arrival, until it is dropped.
pub struct Server {
    pub addr: SocketAddr,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a script has in hand: the connection, its number, and the log of requests.
pub struct Visit {
    pub stream: TcpStream,
    pub number: usize,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Visit {
    /// Reads one request (head and a body of its `Content-Length`) and logs it; `None` at the end.
    pub async fn request(&mut self) -> Option<Vec<u8>> {
        let bytes = read_request(&mut self.stream).await?;
        self.log(bytes.clone());
        Some(bytes)
    }

    pub fn log(&self, bytes: Vec<u8>) {
        self.received.lock().unwrap().push(bytes);
    }

    /// Closes with a reset instead of an orderly end.
    pub fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Keeps the connection open and silent until the client closes it.
    pub async fn hold(mut self) {
        let mut sink = [0; 4096];
        while matches!(self.stream.read(&mut sink).await, Ok(n) if n > 0) {}
    }
}

impl Server {
    pub async fn start<F, T>(serve: F) -> Server
    where
        F: Fn(Visit) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        let task = tokio::spawn(async move {
            for number in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                tokio::spawn(serve(Visit {
                    stream,
                    number,
                    received: Arc::clone(&log),
                }));
            }
        });
        Server {
            addr,
            received,
            task,
        }
    }

    /// Answers every request of every connection with the same bytes and keeps it open.
    pub async fn answering(answer: impl Into<Vec<u8>>) -> Server {
        let answer: Arc<[u8]> = answer.into().into();
        Server::start(move |mut visit| {
            let answer = Arc::clone(&answer);
            async move {
                use tokio::io::AsyncWriteExt as _;
                while visit.request().await.is_some() {
                    if visit.stream.write_all(&answer).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    /// Answers the first request of a connection with these bytes and closes it in order.
    pub async fn once(answer: impl Into<Vec<u8>>) -> Server {
        let answer: Arc<[u8]> = answer.into().into();
        Server::start(move |mut visit| {
            let answer = Arc::clone(&answer);
            async move {
                use tokio::io::AsyncWriteExt as _;
                visit.request().await;
                let _ = visit.stream.write_all(&answer).await;
                let _ = visit.stream.shutdown().await;
                visit.hold().await;
            }
        })
        .await
    }

    /// What came, one entry a request.
    pub fn received(&self) -> Vec<Vec<u8>> {
        self.received.lock().unwrap().clone()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Options with a time-out that no loaded machine exceeds.
    pub fn options(&self) -> Options {
        Options {
            base_url: self.url(),
            timeout: Duration::from_secs(10),
            ..Options::default()
        }
    }

    /// Options for what has to run into the time-out.
    pub fn impatient(&self) -> Options {
        Options {
            timeout: Duration::from_millis(300),
            ..self.options()
        }
    }

    pub fn device(&self) -> Device {
        device(self.options())
    }
}

pub fn device(options: Options) -> Device {
    Device::new(options, Arc::new(Profile::default())).unwrap()
}

/// Reads one request: a head and a body of its `Content-Length`.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 16 * 1024];
        let n = stream.read(&mut buffer).await.ok()?;
        if n == 0 {
            return (!bytes.is_empty()).then_some(bytes);
        }
        bytes.extend_from_slice(&buffer[..n]);
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length: usize = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length:"))
                .and_then(|v| v.trim().parse().ok())
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Some(bytes);
            }
        }
    }
}

pub fn get(target: &str) -> Request {
    Request::Http(HttpRequest {
        method: "GET".to_owned(),
        target: Template::from(target),
        ..HttpRequest::default()
    })
}

pub fn post(target: &str, body: impl Into<Vec<u8>>) -> Request {
    Request::Http(HttpRequest {
        method: "POST".to_owned(),
        target: Template::from(target),
        headers: vec![("Content-Type".to_owned(), "application/json".into())],
        body: Some(body.into()),
    })
}

pub fn raw(bytes: impl Into<Vec<u8>>) -> Request {
    Request::Raw(RawRequest {
        segments: vec![Segment::Bytes(bytes.into())],
        answers: 1,
        head: false,
    })
}

/// `GET /` byte for byte.
pub fn raw_get() -> Request {
    raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
}

/// One word for an exchange: status and anomalies, or the class of the failure.
pub fn class(exchange: &Exchange) -> String {
    match &exchange.outcome {
        Outcome::Answered(a) if a.anomalies.is_empty() => a.status.to_string(),
        Outcome::Answered(a) => format!("{} {:?}", a.status, a.anomalies),
        Outcome::Failed { failure, .. } => failure.class().to_owned(),
    }
}

/// The same request by an ordinary client.
pub async fn ordinary(device: &Device, request: &Request) -> Exchange {
    match request {
        Request::Http(http) => device.ordinary().send(http).await,
        Request::Raw(_) => panic!("no ordinary client sends this"),
    }
}
