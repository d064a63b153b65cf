//! The socket path: the bytes of the request as they are, on a fresh connection, and the answer
//! read while they are written.

use super::answer::Reader;
use super::{Device, classify, lock, ordinary, session, unknown};
use crate::exchange::{
    Anomaly, Exchange, Failure, HttpRequest, Outcome, Phase, RawRequest, Segment, Timings,
};
use rustls::pki_types::ServerName;
use std::io;
use std::pin::pin;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

/// One thing to do on the connection.
enum Step {
    Write(Vec<u8>),
    Pause(Duration),
    Shutdown,
}

/// A request with its credentials in it, ready to go.
pub(super) struct Job {
    steps: Vec<Step>,
    /// Final answers that it should draw, at least 1.
    answers: usize,
    /// The answers have no body.
    head: bool,
}

/// A first byte that comes later than this may have waited for another connection to end.
const LATE: Duration = Duration::from_millis(250);

impl Device {
    /// An exchange on a connection of its own. A device that serves one connection at a time leaves
    /// it waiting for as long as another of ours is kept alive: where an answer is late or does not
    /// come, those are closed, a request without an answer is sent once more, and from then on no
    /// connection is kept beside another.
    pub(super) async fn apart(
        &self,
        job: impl Fn() -> Result<Job, String>,
        timeout: Duration,
    ) -> Exchange {
        if self.alone.load(Relaxed) {
            lock(&self.idle).clear();
        }
        let exchange = self.count(self.on_socket(job(), timeout).await);
        let silent = matches!(
            exchange.outcome,
            Outcome::Failed {
                failure: Failure::Timeout(_),
                partial: None,
            }
        );
        if !(silent || exchange.timings.first_byte > LATE) || lock(&self.idle).is_empty() {
            return exchange;
        }
        self.alone.store(true, Relaxed);
        lock(&self.idle).clear();
        if !silent {
            return exchange;
        }
        self.pace().await;
        self.count(self.on_socket(job(), timeout).await)
    }

    /// A raw request with its credentials put in.
    pub(super) fn raw_job(&self, raw: &RawRequest) -> Result<Job, String> {
        let session = lock(&self.session);
        let mut steps = Vec::with_capacity(raw.segments.len());
        // What was written so far: a Digest answer belongs to the request line before it.
        let mut written: Vec<u8> = Vec::new();
        for segment in &raw.segments {
            let bytes = match segment {
                Segment::Bytes(bytes) => {
                    written.extend_from_slice(bytes);
                    // Segments are writes of their own: where one ends may be what a case tests.
                    steps.push(Step::Write(bytes.clone()));
                    continue;
                }
                Segment::Pause(time) => {
                    steps.push(Step::Pause(*time));
                    continue;
                }
                Segment::ShutdownWrite => {
                    steps.push(Step::Shutdown);
                    continue;
                }
                Segment::Secret(secret) => {
                    let (method, uri) = request_line(&written);
                    session
                        .placed(*secret, &method, &uri)
                        .ok_or_else(|| unknown(*secret))?
                        .into_owned()
                }
                Segment::Prefix => self.base.prefix().to_owned(),
                Segment::Host => self.base.authority().to_owned(),
            };
            written.extend_from_slice(bytes.as_bytes());
            steps.push(Step::Write(bytes.into_bytes()));
        }
        join_inserts(&raw.segments, &mut steps);
        Ok(Job {
            steps,
            answers: raw.answers.max(1),
            head: raw.head,
        })
    }

    /// A well-formed request as a job of its own connection.
    pub(super) fn http_job(&self, http: &HttpRequest) -> Result<Job, String> {
        Ok(Job {
            steps: vec![Step::Write(self.http_bytes(http)?)],
            answers: 1,
            head: http.method == "HEAD",
        })
    }

    /// A well-formed request with its credentials and framing put in.
    pub(super) fn http_bytes(&self, http: &HttpRequest) -> Result<Vec<u8>, String> {
        let session = lock(&self.session);
        let mut bytes = Vec::with_capacity(512 + http.body.as_ref().map_or(0, Vec::len));
        let target = http
            .target
            .try_render(|secret| Some(session::query_value(&session.value(secret)?)))
            .map_err(unknown)?;
        check("method", &http.method, |b| b <= b' ')?;
        check("target", &target, |b| b <= b' ')?;
        bytes.extend_from_slice(http.method.as_bytes());
        bytes.push(b' ');
        let line = bytes.len();
        if target.starts_with('/') {
            bytes.extend_from_slice(self.base.prefix().as_bytes());
        }
        bytes.extend_from_slice(target.as_bytes());
        let uri = String::from_utf8_lossy(bytes.get(line..).unwrap_or_default()).into_owned();
        bytes.extend_from_slice(b" HTTP/1.1\r\n");
        let mut field = |name: &str, value: &str| {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        };
        let given = |name: &str| {
            http.headers
                .iter()
                .any(|(n, _)| n.eq_ignore_ascii_case(name))
        };
        if !given("host") {
            field("Host", self.base.authority());
        }
        for (name, value) in &http.headers {
            if session::stands_for_nothing(&session, value) {
                continue;
            }
            let value = value
                .try_render(|s| Some(session.placed(s, &http.method, &uri)?.into_owned()))
                .map_err(unknown)?;
            check("header name", name, |b| b <= b' ' || b == b':')?;
            check("header value", &value, |b| matches!(b, b'\r' | b'\n' | 0))?;
            field(name, &value);
        }
        if !given("accept") {
            field("Accept", "*/*");
        }
        if !given("user-agent") {
            field("User-Agent", ordinary::USER_AGENT);
        }
        if let Some(body) = &http.body
            && !given("content-length")
            && !given("transfer-encoding")
        {
            field("Content-Length", &body.len().to_string());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(http.body.as_deref().unwrap_or_default());
        Ok(bytes)
    }

    /// Connects, writes, reads.
    pub(super) async fn on_socket(&self, job: Result<Job, String>, timeout: Duration) -> Exchange {
        let job = match job {
            Ok(job) => job,
            Err(why) => return Exchange::not_sent(why),
        };
        let pauses: Duration = job
            .steps
            .iter()
            .map(|s| match s {
                Step::Pause(time) => *time,
                _ => Duration::ZERO,
            })
            .sum();
        let start = Instant::now();
        let deadline = start + timeout + pauses;
        let mut timings = Timings::default();
        let outcome = match self.connect(deadline).await {
            Err(failure) => Outcome::Failed {
                failure,
                partial: None,
            },
            Ok(tcp) if !self.base.https => {
                timings.connect = start.elapsed();
                self.converse(tcp, job, start, deadline, &mut timings).await
            }
            Ok(tcp) => match self.handshake(tcp, deadline).await {
                Err(failure) => Outcome::Failed {
                    failure,
                    partial: None,
                },
                Ok(tls) => {
                    timings.connect = start.elapsed();
                    self.converse(tls, job, start, deadline, &mut timings).await
                }
            },
        };
        if timings.total.is_zero() {
            timings.total = start.elapsed();
        }
        Exchange {
            outcome,
            timings,
            reused: false,
        }
    }

    /// A connection to the first address of the device that takes one.
    pub(super) async fn connect(&self, deadline: Instant) -> Result<TcpStream, Failure> {
        let connecting = async {
            let addresses = tokio::net::lookup_host((self.base.host.as_str(), self.base.port))
                .await
                .map_err(|e| Failure::Unreachable(e.to_string()))?;
            let mut last = Failure::Unreachable("the name has no address".to_owned());
            for address in addresses {
                match TcpStream::connect(address).await {
                    Ok(stream) => {
                        // Only a matter of speed where it fails.
                        let _ = stream.set_nodelay(true);
                        return Ok(stream);
                    }
                    Err(e) => {
                        last = classify::system(&e)
                            .unwrap_or_else(|| Failure::Unreachable(e.to_string()));
                    }
                }
            }
            Err(last)
        };
        timeout_at(deadline, connecting)
            .await
            .unwrap_or(Err(Failure::Timeout(Phase::Connect)))
    }

    pub(super) async fn handshake(
        &self,
        tcp: TcpStream,
        deadline: Instant,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Failure> {
        let name = ServerName::try_from(self.base.host.clone())
            .map_err(|e| Failure::Tls(e.to_string()))?;
        match timeout_at(deadline, self.connector.connect(name, tcp)).await {
            Err(_) => Err(Failure::Timeout(Phase::Tls)),
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(e)) => Err(match classify::system(&e) {
                Some(failure) => failure,
                None => Failure::Tls(e.to_string()),
            }),
        }
    }

    /// Writes the steps and reads the answers at the same time: an answer that comes before the
    /// request is through counts, and ends the writing.
    async fn converse<S: AsyncRead + AsyncWrite>(
        &self,
        stream: S,
        job: Job,
        start: Instant,
        deadline: Instant,
        timings: &mut Timings,
    ) -> Outcome {
        let caps = self.options.limits;
        let (mut read, write) = tokio::io::split(stream);
        let mut writing = pin!(write_steps(write, job.steps));
        let mut written = None;
        let mut reader = Reader::new(job.head, caps);
        let mut expected = job.answers;
        // The answer before the one that `reader` reads, in a pipeline.
        let mut before: Option<Reader> = None;
        let mut buffer = vec![0; 8 * 1024];
        loop {
            let step = tokio::select! {
                biased;
                result = &mut writing, if written.is_none() => {
                    written = Some(result);
                    continue;
                }
                result = timeout_at(deadline, read.read(&mut buffer)) => result,
            };
            match step {
                Err(_) => {
                    let phase = match reader.phase() {
                        Phase::FirstByte if !matches!(written, Some(Ok(_))) => Phase::Send,
                        phase => phase,
                    };
                    reader.fail(Failure::Timeout(phase));
                }
                Ok(Ok(0)) => reader.eof(),
                Ok(Ok(n)) => reader.push(buffer.get(..n).unwrap_or_default()),
                Ok(Err(e)) if e.kind() == io::ErrorKind::UnexpectedEof => reader.cut(),
                Ok(Err(e)) => read_failure(&mut reader, &e),
            }
            if timings.first_byte.is_zero() && reader.has_head() {
                timings.first_byte = start.elapsed();
            }
            while reader.finished() && expected > 1 && !reader.failed() && !reader.closes() {
                expected -= 1;
                let rest = reader.take_leftover();
                let next = Reader::new(job.head, caps);
                before = Some(std::mem::replace(&mut reader, next));
                reader.push(&rest);
            }
            if reader.finished() {
                break;
            }
        }
        timings.total = start.elapsed();
        if reader.failed() {
            let silent = !reader.started();
            let broken_pipe = matches!(written, Some(Err(_)));
            return match reader.into_outcome() {
                // The end of the connection was seen first, the reset by the writer.
                Outcome::Failed {
                    failure: Failure::Closed,
                    partial: None,
                } if silent && broken_pipe && before.is_none() => Outcome::Failed {
                    failure: Failure::Reset,
                    partial: None,
                },
                Outcome::Failed {
                    failure,
                    partial: None,
                } => Outcome::Failed {
                    failure,
                    partial: before.and_then(|b| match b.into_outcome() {
                        Outcome::Answered(answer) => Some(answer),
                        Outcome::Failed { partial, .. } => partial,
                    }),
                },
                outcome => outcome,
            };
        }
        // Nothing more is asked on this connection, so the device may close it at once, and most
        // do: then the wait for more bytes is short.
        if let Some(Ok(mut write)) = written {
            // A peer that is gone has closed it already.
            let _ = timeout_at(Instant::now() + self.options.grace, write.shutdown()).await;
        }
        let grace = Instant::now() + self.options.grace;
        while reader.leftover().len() < buffer.len() {
            match timeout_at(grace, read.read(&mut buffer)).await {
                Ok(Ok(n)) if n > 0 => reader.push(buffer.get(..n).unwrap_or_default()),
                _ => break,
            }
        }
        note_leftover(&mut reader);
        reader.into_outcome()
    }
}

/// Ends reading with what an error of the connection means there.
pub(super) fn read_failure(reader: &mut Reader, error: &io::Error) {
    let failure = match classify::system(error) {
        // The system gave up sending again what the peer does not acknowledge.
        Some(Failure::Timeout(_)) => Failure::Timeout(reader.phase()),
        Some(failure) => failure,
        None => Failure::MalformedHttp(error.to_string()),
    };
    reader.fail(failure);
}

/// Says what came after the last expected answer.
pub(super) fn note_leftover(reader: &mut Reader) {
    let extra = reader.take_leftover();
    if extra.is_empty() {
        return;
    }
    let anomaly = if extra.starts_with(b"HTTP/") {
        Anomaly::SecondAnswer
    } else if reader.bodiless() {
        Anomaly::UnexpectedBody
    } else {
        Anomaly::ExtraBytes(extra.len())
    };
    reader.note(anomaly);
}

/// Does one step after the other; gives the writing half back when all went well.
async fn write_steps<W: AsyncWrite + Unpin>(mut write: W, steps: Vec<Step>) -> io::Result<W> {
    for step in steps {
        match step {
            Step::Write(bytes) => {
                write.write_all(&bytes).await?;
                write.flush().await?;
            }
            Step::Pause(time) => sleep(time).await,
            Step::Shutdown => write.shutdown().await?,
        }
    }
    Ok(write)
}

/// Joins an inserted credential or authority with the bytes around it, so that it does not make a
/// write of its own; bytes that stand next to bytes stay apart.
fn join_inserts(segments: &[Segment], steps: &mut Vec<Step>) {
    let inserted = |i: usize| {
        matches!(
            segments.get(i),
            Some(Segment::Secret(_) | Segment::Host | Segment::Prefix)
        )
    };
    let mut joined: Vec<Step> = Vec::with_capacity(steps.len());
    for (i, step) in steps.drain(..).enumerate() {
        match (joined.last_mut(), step) {
            (Some(Step::Write(before)), Step::Write(bytes))
                if inserted(i) || i > 0 && inserted(i - 1) =>
            {
                before.extend_from_slice(&bytes);
            }
            (_, step) => joined.push(step),
        }
    }
    *steps = joined;
}

/// A request that is no longer one request must come as [`crate::exchange::Request::Raw`].
fn check(what: &str, text: &str, bad: impl Fn(u8) -> bool) -> Result<(), String> {
    match text.bytes().find(|b| bad(*b)) {
        None => Ok(()),
        Some(octet) => Err(format!(
            "the {what} contains octet {octet:#04x}, which would change the framing; such a case \
             must be raw"
        )),
    }
}

/// Method and target of the last request line in what was written; empty where there is none.
fn request_line(written: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(written);
    let line = text.lines().rev().find(|line| line.contains(" HTTP/1."));
    let mut words = line.unwrap_or_default().split(' ');
    let mut next = || words.next().unwrap_or_default().to_owned();
    (next(), next())
}
