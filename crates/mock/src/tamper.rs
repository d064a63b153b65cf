//! A stream that breaks HTTP on its way out, for faults that no HTTP library would commit.

use super::choice::Chosen;
use super::fault::Planted;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is done to answers with an error status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tamper {
    Nothing,
    ShortLength,
    LongLength,
    Twice,
    BadStatusLine,
    BareLf,
    LengthTwice,
    ChunksUnended,
    /// A second answer behind a 401 only.
    UnreadBody,
}

/// Which of several lengths in one head is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    All,
    First,
    Last,
}

/// A stream whose outgoing bytes may be changed.
pub(super) struct Tampered<S> {
    stream: S,
    tamper: Tamper,
    kept: Kept,
    /// Changed bytes that are not written yet, and how many were taken from the writer for them.
    pending: Vec<u8>,
    taken: usize,
}

impl<S> Tampered<S> {
    pub(super) fn new(stream: S, planted: &Planted, chosen: &Chosen) -> Self {
        let table = [
            ("length-short", Tamper::ShortLength),
            ("length-long", Tamper::LongLength),
            ("double-answer", Tamper::Twice),
            ("bad-status-line", Tamper::BadStatusLine),
            ("answers-bare-lf", Tamper::BareLf),
            ("length-twice", Tamper::LengthTwice),
            ("chunks-unended", Tamper::ChunksUnended),
            ("unread-body-answered", Tamper::UnreadBody),
        ];
        let tamper = table
            .iter()
            .find(|(id, _)| planted.has(id))
            .map_or(Tamper::Nothing, |(_, t)| *t);
        Tampered {
            stream,
            tamper,
            kept: match chosen.get("ambiguous-length") {
                "first" => Kept::First,
                "last" => Kept::Last,
                _ => Kept::All,
            },
            pending: Vec::new(),
            taken: 0,
        }
    }

    fn change(&self, bytes: &[u8]) -> Vec<u8> {
        let error = bytes.starts_with(b"HTTP/1.1 4");
        if !error {
            return bytes.to_vec();
        }
        match self.tamper {
            Tamper::Nothing => bytes.to_vec(),
            Tamper::Twice => bytes.repeat(2),
            Tamper::BadStatusLine => {
                let mut out = b"HTTP/1.1 BAD".to_vec();
                out.extend_from_slice(bytes.get(12..).unwrap_or_default());
                out
            }
            Tamper::ShortLength | Tamper::LongLength => self.change_length(bytes),
            Tamper::BareLf => {
                let (head, body) = halves(bytes);
                let mut out: Vec<u8> = head.iter().copied().filter(|b| *b != b'\r').collect();
                out.extend_from_slice(body);
                out
            }
            Tamper::LengthTwice => {
                let (head, body) = halves(bytes);
                let mut out = head
                    .get(..head.len().saturating_sub(2))
                    .unwrap_or_default()
                    .to_vec();
                out.extend_from_slice(b"content-length: 1\r\n\r\n");
                out.extend_from_slice(body);
                out
            }
            Tamper::ChunksUnended => {
                let (head, body) = halves(bytes);
                let head = String::from_utf8_lossy(head);
                let kept = head.split_inclusive("\r\n").filter(|l| {
                    *l != "\r\n" && !l.to_ascii_lowercase().starts_with("content-length:")
                });
                let mut out = kept.collect::<String>().into_bytes();
                out.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
                out.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
                out.extend_from_slice(body);
                out.extend_from_slice(b"\r\n");
                out
            }
            Tamper::UnreadBody if bytes.starts_with(b"HTTP/1.1 401") => {
                let mut out = bytes.to_vec();
                out.extend_from_slice(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
                out
            }
            Tamper::UnreadBody => bytes.to_vec(),
        }
    }

    fn change_length(&self, bytes: &[u8]) -> Vec<u8> {
        const NAME: &[u8] = b"content-length: ";
        let Some(at) = bytes
            .windows(NAME.len())
            .position(|w| w.eq_ignore_ascii_case(NAME))
        else {
            return bytes.to_vec();
        };
        let (head, rest) = bytes.split_at(at + NAME.len());
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (number, tail) = rest.split_at(digits);
        let length: i64 = std::str::from_utf8(number)
            .ok()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let length = if self.tamper == Tamper::ShortLength {
            (length - 3).max(0)
        } else {
            length + 7
        };
        let mut out = head.to_vec();
        out.extend_from_slice(length.to_string().as_bytes());
        out.extend_from_slice(tail);
        out
    }
}

/// Octets with the one length that counts, where a head that they hold whole has several; never
/// more octets than before.
fn settle(came: &[u8], kept: Kept) -> Option<Vec<u8>> {
    let (head, rest) = halves(came);
    let lines: Vec<&[u8]> = head.split_inclusive(|b| *b == b'\n').collect();
    let length = |line: &&[u8]| {
        line.get(..15)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"content-length:"))
    };
    let count = lines.iter().filter(|l| length(l)).count();
    if count < 2 {
        return None;
    }
    let keep = if kept == Kept::First { 1 } else { count };
    let mut nth = 0;
    let mut out = Vec::with_capacity(came.len());
    for line in lines {
        nth += usize::from(length(&line));
        if !length(&line) || nth == keep {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// Head, with the empty line that ends it, and body.
fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
    bytes.split_at(end.map_or(bytes.len(), |e| e + 4))
}

impl<S: AsyncWrite + Unpin> Tampered<S> {
    fn flush_pending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.pending.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.pending) {
                Poll::Ready(Ok(n)) => {
                    self.pending.drain(..n);
                }
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tampered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if self.kept != Kept::All && matches!(polled, Poll::Ready(Ok(()))) {
            let came = buf.filled().get(before..).unwrap_or_default();
            if let Some(settled) = settle(came, self.kept) {
                buf.set_filled(before);
                buf.put_slice(&settled);
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tampered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.tamper == Tamper::Nothing {
            return Pin::new(&mut self.stream).poll_write(cx, buf);
        }
        if self.taken == 0 {
            self.pending = self.change(buf);
            self.taken = buf.len();
        }
        match self.flush_pending(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(std::mem::take(&mut self.taken))),
            Poll::Ready(Err(e)) => Poll::Ready(Err(e)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_write_vectored(&self) -> bool {
        // A changed answer has to come in one piece.
        self.tamper == Tamper::Nothing && self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.tamper == Tamper::Nothing {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        }
        let all: Vec<u8> = bufs.iter().flat_map(|b| b.iter().copied()).collect();
        self.poll_write(cx, &all)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.flush_pending(cx) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_flush(cx),
            other => other,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_length_of_several_counts() {
        let head = b"POST / HTTP/1.1\r\nContent-Length: 3\r\nA: b\r\ncontent-length: 5\r\n\r\nxyz";
        let first = settle(head, Kept::First).unwrap_or_default();
        let last = settle(head, Kept::Last).unwrap_or_default();
        assert_eq!(
            String::from_utf8_lossy(&first),
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nA: b\r\n\r\nxyz"
        );
        assert_eq!(
            String::from_utf8_lossy(&last),
            "POST / HTTP/1.1\r\nA: b\r\ncontent-length: 5\r\n\r\nxyz"
        );
        assert_eq!(settle(b"GET / HTTP/1.1\r\n\r\n", Kept::First), None);
    }
}
