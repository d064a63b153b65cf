//! Ordinary requests on kept-alive connections of our own: the same bytes and the same strict
//! reader as on the socket path, at less than half of the HTTP library's price.

use super::answer::Reader;
use super::socket::{note_leftover, read_failure};
use super::{Device, lock};
use crate::exchange::{Exchange, Failure, HttpRequest, Outcome, Phase, Timings};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

/// TCP or TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    fn tcp(&self) -> &TcpStream;

    /// Has what comes next acknowledged at once, where the system can (Linux; see tcp(7)). Many
    /// servers write the head and the body of an answer apart and wait for the acknowledgement of
    /// the first (RFC 896), which is delayed by 40 ms on a connection that is kept alive.
    fn acknowledge_at_once(&self) {
        // Only a matter of speed where it fails. It lasts for the next segments alone.
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(self.tcp()).set_tcp_quickack(true);
    }
}

impl Stream for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Stream for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// A connection that waits for its next request, with its read buffer.
pub(super) struct Line {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

/// More than anybody keeps alive at a time.
const MOST_IDLE: usize = 64;

impl Device {
    /// Sends a request on a kept-alive connection, or on a new one that is kept alive.
    pub(super) async fn kept(&self, http: &HttpRequest, timeout: Duration) -> Exchange {
        let bytes = match self.http_bytes(http) {
            Ok(bytes) => bytes,
            Err(why) => return Exchange::not_sent(why),
        };
        let start = Instant::now();
        let deadline = start + timeout;
        let mut exchange = Exchange {
            outcome: Outcome::Failed {
                failure: Failure::Closed,
                partial: None,
            },
            timings: Timings::default(),
            reused: true,
        };
        let mut line = match self.idle_line().await {
            Some(line) => line,
            None => {
                exchange.reused = false;
                match self.new_line(deadline).await {
                    Ok(line) => {
                        exchange.timings.connect = start.elapsed();
                        line
                    }
                    Err(failure) => {
                        exchange.outcome = Outcome::Failed {
                            failure,
                            partial: None,
                        };
                        exchange.timings.total = start.elapsed();
                        return exchange;
                    }
                }
            }
        };
        let mut reader = Reader::new(http.method == "HEAD", self.options.limits);
        let mut written = false;
        let mut first_byte = Duration::ZERO;
        let conversation = async {
            // An answer may have come before the error; if not, reading tells.
            let broken =
                line.stream.write_all(&bytes).await.is_err() || line.stream.flush().await.is_err();
            written = true;
            while !reader.finished() {
                line.stream.acknowledge_at_once();
                match line.stream.read(&mut line.buffer).await {
                    Ok(0) if broken && !reader.started() => reader.fail(Failure::Reset),
                    Ok(0) => reader.eof(),
                    Ok(n) => reader.push(line.buffer.get(..n).unwrap_or_default()),
                    Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => reader.cut(),
                    Err(e) => read_failure(&mut reader, &e),
                }
                if first_byte.is_zero() && reader.has_head() {
                    first_byte = start.elapsed();
                }
            }
        };
        if timeout_at(deadline, conversation).await.is_err() {
            let phase = if written { reader.phase() } else { Phase::Send };
            reader.fail(Failure::Timeout(phase));
        }
        exchange.timings.first_byte = first_byte;
        exchange.timings.total = start.elapsed();
        if reader.leftover().is_empty() {
            if !reader.failed() && !reader.closes() {
                let mut idle = lock(&self.idle);
                if idle.len() < MOST_IDLE {
                    idle.push(line);
                }
            }
        } else {
            note_leftover(&mut reader);
        }
        exchange.outcome = reader.into_outcome();
        exchange
    }

    /// A waiting connection on which nothing has come since its last answer. One that has ended,
    /// or that carries what nobody asked for, is dropped.
    async fn idle_line(&self) -> Option<Line> {
        loop {
            let mut line = lock(&self.idle).pop()?;
            let silent = poll_fn(|context| {
                let mut buffer = ReadBuf::new(&mut line.buffer);
                let read = Pin::new(&mut line.stream).poll_read(context, &mut buffer);
                Poll::Ready(read.is_pending())
            });
            if silent.await {
                return Some(line);
            }
        }
    }

    async fn new_line(&self, deadline: Instant) -> Result<Line, Failure> {
        let tcp = self.connect(deadline).await?;
        let stream: Box<dyn Stream> = if self.base.https {
            Box::new(self.handshake(tcp, deadline).await?)
        } else {
            Box::new(tcp)
        };
        Ok(Line {
            stream,
            buffer: vec![0; 8 * 1024],
        })
    }
}
