//! Reads one HTTP/1.x answer from bytes: no I/O, no clock, bounded memory, total. The socket path
//! feeds it as bytes come; fuzzing calls [`parse`].
//!
//! Strict where a client must not guess (RFC 9112 §6.3), and exactly as lenient as hyper, which
//! reads the ordinary exchanges, everywhere else: what both can read is an answer on both paths,
//! and what HTTP forbids about it is noted as an [`Anomaly`].

use super::chunked::{ChunkError, Chunks};
use super::fields::{content_length, has_bare_lf, head_error, list, oddities};
use crate::exchange::{Anomaly, Answer, Failure, Outcome, Phase};

/// Most octets that an answer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Status line and header section, interim answers included.
    pub head: usize,
    /// The body after transfer decoding.
    pub body: usize,
}

impl Default for Caps {
    /// 64 KiB of head and 1 MiB of body.
    fn default() -> Self {
        Caps {
            head: 64 * 1024,
            body: 1024 * 1024,
        }
    }
}

/// Most header fields of one answer; hyper's default, so that both paths agree.
const MAX_FIELDS: usize = 100;
/// Most interim (1xx) answers before the final one.
const MAX_INTERIM: usize = 64;
/// How often an unfinished head is parsed to find an error before its end. After that only a
/// complete head is, so that one that drips in byte by byte does not cost quadratic time.
const MAX_EARLY_PARSES: usize = 64;

/// What [`parse`] made of some bytes.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The answer or why there is none; `None`: more bytes are needed.
    pub outcome: Option<Outcome>,
    /// What the next byte would belong to.
    pub phase: Phase,
    /// Octets that belong to the answer (interim ones included); the rest came after it.
    pub used: usize,
    /// Whether the connection ends with this answer (RFC 9112 §9.3).
    pub close: bool,
}

/// Reads one answer from the start of `bytes`.
///
/// `head`: the request was a `HEAD`, whose answer has no body. `eof`: the connection has ended
/// after `bytes`. Never panics; takes time and memory linear in `bytes`, and memory of at most
/// `caps` beyond it.
pub fn parse(bytes: &[u8], head: bool, eof: bool, caps: Caps) -> Parsed {
    let mut reader = Reader::new(head, caps);
    reader.push(bytes);
    if eof {
        reader.eof();
    }
    let used = bytes.len() - reader.leftover().len();
    Parsed {
        phase: reader.phase(),
        used,
        close: reader.closes(),
        outcome: reader.finished().then(|| reader.into_outcome()),
    }
}

/// Where reading stands.
#[derive(Debug)]
enum State {
    /// In the status line or header section.
    Head,
    /// In a body of known length; so many octets are missing of so many.
    Length { left: u64, promised: u64 },
    /// In a chunked body.
    Chunked(Chunks),
    /// In a body that ends with the connection.
    Close,
    /// The answer is complete.
    Done,
    /// There will be none.
    Failed(Failure),
}

/// Reads one answer, fed as its bytes come.
#[derive(Debug)]
pub struct Reader {
    caps: Caps,
    /// The request was a `HEAD`.
    head: bool,
    /// Octets not yet understood; after the end, those that came after the answer.
    buf: Vec<u8>,
    /// Octets of `buf` in which the end of the head was looked for.
    scanned: usize,
    early_parses: usize,
    /// Octets of head so far, interim answers included.
    head_octets: usize,
    interim: usize,
    state: State,
    /// Status and header are there.
    has_head: bool,
    close: bool,
    answer: Answer,
}

impl Reader {
    /// A reader for the answer to a request (`head`: to a `HEAD` request).
    pub fn new(head: bool, caps: Caps) -> Self {
        Reader {
            caps,
            head,
            buf: Vec::new(),
            scanned: 0,
            early_parses: 0,
            head_octets: 0,
            interim: 0,
            state: State::Head,
            has_head: false,
            close: false,
            answer: Answer::default(),
        }
    }

    /// Takes the next bytes. Once [`finished`](Self::finished), it keeps them as leftover, up to
    /// the head's limit.
    pub fn push(&mut self, bytes: &[u8]) {
        match self.state {
            State::Failed(_) => {}
            State::Done => {
                let room = self.caps.head.saturating_sub(self.buf.len());
                self.buf
                    .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            }
            State::Head => {
                self.buf.extend_from_slice(bytes);
                self.read_head();
            }
            _ => {
                let rest = self.read_body(bytes);
                if matches!(self.state, State::Done) && rest > 0 {
                    let start = bytes.len() - rest;
                    self.push(bytes.get(start..).unwrap_or_default());
                }
            }
        }
    }

    /// The connection has ended.
    pub fn eof(&mut self) {
        let failure = match &self.state {
            State::Done | State::Failed(_) => return,
            State::Close => {
                self.state = State::Done;
                return;
            }
            State::Head if self.buf.is_empty() && self.interim == 0 => Failure::Closed,
            State::Head => {
                while self.parse_head() {}
                if !matches!(self.state, State::Head) {
                    // The head turned out to be wrong.
                    if !self.finished() {
                        self.eof();
                    }
                    return;
                }
                Failure::Truncated {
                    promised: None,
                    got: 0,
                }
            }
            State::Length { promised, left } => Failure::Truncated {
                promised: Some(*promised),
                got: promised - left,
            },
            State::Chunked(_) => Failure::Truncated {
                promised: None,
                got: self.answer.body.len() as u64,
            },
        };
        self.state = State::Failed(failure);
    }

    /// The connection has ended in a way that may have cut off data (TLS without `close_notify`):
    /// a body that ends with the connection is then incomplete (RFC 9112 §9.8).
    pub fn cut(&mut self) {
        if matches!(self.state, State::Close) {
            self.state = State::Failed(Failure::Truncated {
                promised: None,
                got: self.answer.body.len() as u64,
            });
        } else {
            self.eof();
        }
    }

    /// Whether the answer is complete or has failed.
    pub fn finished(&self) -> bool {
        matches!(self.state, State::Done | State::Failed(_))
    }

    /// Whether there will be no complete answer.
    pub fn failed(&self) -> bool {
        matches!(self.state, State::Failed(_))
    }

    /// Whether a byte of an answer has come.
    pub fn started(&self) -> bool {
        self.has_head || self.interim > 0 || !self.buf.is_empty()
    }

    /// Whether status and header are there.
    pub fn has_head(&self) -> bool {
        self.has_head
    }

    /// Whether the answer ends the connection.
    pub fn closes(&self) -> bool {
        self.close
    }

    /// What the next byte would belong to.
    pub fn phase(&self) -> Phase {
        if self.has_head {
            Phase::Body
        } else if self.started() {
            Phase::Head
        } else {
            Phase::FirstByte
        }
    }

    /// What came after the answer, once it is complete.
    pub fn leftover(&self) -> &[u8] {
        if matches!(self.state, State::Done) {
            &self.buf
        } else {
            &[]
        }
    }

    /// Takes the leftover out.
    pub fn take_leftover(&mut self) -> Vec<u8> {
        if matches!(self.state, State::Done) {
            std::mem::take(&mut self.buf)
        } else {
            Vec::new()
        }
    }

    /// Notes something odd about the answer.
    pub fn note(&mut self, anomaly: Anomaly) {
        if !self.answer.anomalies.contains(&anomaly) {
            self.answer.anomalies.push(anomaly);
        }
    }

    /// Whether the status or the method allows no body (RFC 9112 §6.3, 1.).
    pub fn bodiless(&self) -> bool {
        self.has_head && (self.head || matches!(self.answer.status, 204 | 304))
    }

    /// Ends reading with a failure, unless it has ended.
    pub fn fail(&mut self, failure: Failure) {
        if !self.finished() {
            self.state = State::Failed(failure);
        }
    }

    /// The answer or the failure; an unfinished one counts as truncated.
    pub fn into_outcome(mut self) -> Outcome {
        if !self.finished() {
            self.cut();
        }
        match self.state {
            State::Failed(failure) => Outcome::Failed {
                failure,
                partial: (self.answer.status != 0).then_some(self.answer),
            },
            _ => Outcome::Answered(self.answer),
        }
    }

    /// Looks for a complete head in `buf`, or for an error in an unfinished one.
    fn read_head(&mut self) {
        while matches!(self.state, State::Head) && !self.buf.is_empty() {
            let complete = self.scan_head_end();
            if complete || self.early_parses < MAX_EARLY_PARSES {
                self.early_parses += 1;
                if self.parse_head() {
                    continue;
                }
            }
            if matches!(self.state, State::Head)
                && self.head_octets + self.buf.len() > self.caps.head
            {
                self.fail(Failure::TooLarge {
                    what: "head",
                    limit: self.caps.head as u64,
                });
            }
            return;
        }
    }

    /// Whether an empty line ends somewhere in what was not looked at before.
    fn scan_head_end(&mut self) -> bool {
        let from = self.scanned.saturating_sub(2);
        self.scanned = self.buf.len();
        let new = self.buf.get(from..).unwrap_or_default();
        new.windows(2).any(|w| w == b"\n\n") || new.windows(3).any(|w| w == b"\n\r\n")
    }

    /// Parses `buf` as a head. True: an interim answer was skipped and `buf` has to be looked at
    /// again.
    fn parse_head(&mut self) -> bool {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let used = match response.parse(&self.buf) {
            Ok(httparse::Status::Partial) => return false,
            Ok(httparse::Status::Complete(used)) => used,
            Err(error) => {
                let status = response.code.filter(|c| *c >= 100).unwrap_or(0);
                let failure = head_error(error, &self.buf, self.caps);
                self.answer.status = status;
                self.state = State::Failed(failure);
                return false;
            }
        };
        let status = response.code.unwrap_or(0);
        let old = response.version == Some(0);
        let headers: Vec<(String, Vec<u8>)> = response
            .headers
            .iter()
            .map(|h| (h.name.to_owned(), h.value.to_vec()))
            .collect();
        let bare_lf = has_bare_lf(self.buf.get(..used).unwrap_or_default());

        self.head_octets += used;
        if self.head_octets > self.caps.head {
            self.fail(Failure::TooLarge {
                what: "head",
                limit: self.caps.head as u64,
            });
            return false;
        }
        self.buf.drain(..used);
        self.scanned = 0;
        if bare_lf {
            self.note(Anomaly::BareLf);
        }
        match status {
            0..=99 => {
                self.fail(Failure::MalformedHttp(format!(
                    "status code {status:03} is below 100"
                )));
                false
            }
            101 => {
                self.fail(Failure::MalformedHttp(
                    "101 Switching Protocols, which nobody asked for".to_owned(),
                ));
                false
            }
            100..=199 => {
                self.interim += 1;
                if self.interim > MAX_INTERIM {
                    self.fail(Failure::MalformedHttp(format!(
                        "more than {MAX_INTERIM} interim (1xx) answers"
                    )));
                    return false;
                }
                true
            }
            _ => {
                self.answer.status = status;
                self.answer.headers = headers;
                self.has_head = true;
                self.start_body(old);
                false
            }
        }
    }

    /// Decides how the body ends (RFC 9112 §6.3) and reads what has come of it.
    fn start_body(&mut self, old: bool) {
        self.close = match self.connection() {
            (true, _) => true,
            (false, keep_alive) => old && !keep_alive,
        };
        for anomaly in oddities(&self.answer) {
            self.note(anomaly);
        }
        let codings = list(&self.answer, "transfer-encoding");
        let length = match content_length(&list(&self.answer, "content-length")) {
            Ok(length) => length,
            Err(why) if self.bodiless() => {
                self.note(Anomaly::BadHeader(why));
                None
            }
            // Beside a transfer coding the field is overridden, whatever it says.
            Err(_) if !codings.is_empty() => None,
            Err(why) => {
                self.fail(Failure::MalformedHttp(why));
                return;
            }
        };
        if self.bodiless() {
            self.state = State::Done;
            return;
        }
        if !codings.is_empty() {
            if old {
                self.fail(Failure::MalformedHttp(
                    "Transfer-Encoding in an HTTP/1.0 answer (RFC 9112 §6.1)".to_owned(),
                ));
                return;
            }
            self.state = if codings.last().is_some_and(|c| c == "chunked") {
                State::Chunked(Chunks::default())
            } else {
                self.close = true;
                State::Close
            };
        } else if let Some(promised) = length {
            self.state = if promised == 0 {
                State::Done
            } else {
                State::Length {
                    left: promised,
                    promised,
                }
            };
        } else {
            self.close = true;
            self.state = State::Close;
        }
        if !matches!(self.state, State::Done) {
            let rest = std::mem::take(&mut self.buf);
            self.push(&rest);
        }
    }

    /// Takes body octets; tells how many of them came after its end.
    fn read_body(&mut self, bytes: &[u8]) -> usize {
        let room = self.caps.body.saturating_sub(self.answer.body.len());
        let mut rest = 0;
        let mut too_large = false;
        match &mut self.state {
            State::Length { left, .. } => {
                let take = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                rest = bytes.len() - take;
                let keep = take.min(room);
                too_large = take > room;
                self.answer
                    .body
                    .extend_from_slice(bytes.get(..keep).unwrap_or_default());
                *left -= take as u64;
                if *left == 0 && !too_large {
                    self.state = State::Done;
                }
            }
            State::Close => {
                too_large = bytes.len() > room;
                self.answer
                    .body
                    .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            }
            State::Chunked(chunks) => {
                match chunks.push(bytes, &mut self.answer.body, self.caps.body) {
                    Ok(None) => {}
                    Ok(Some(after)) => {
                        rest = after;
                        let anomalies = std::mem::take(&mut chunks.anomalies);
                        for why in anomalies {
                            self.note(Anomaly::BadChunk(why.to_owned()));
                        }
                        self.state = State::Done;
                    }
                    Err(ChunkError::TooLarge) => too_large = true,
                    Err(ChunkError::Malformed(why)) => {
                        self.fail(Failure::MalformedHttp(why));
                    }
                }
            }
            State::Head | State::Done | State::Failed(_) => {}
        }
        if too_large {
            self.fail(Failure::TooLarge {
                what: "body",
                limit: self.caps.body as u64,
            });
        }
        rest
    }

    /// Whether `Connection` says `close`, and whether it says `keep-alive`.
    fn connection(&self) -> (bool, bool) {
        let options = list(&self.answer, "connection");
        (
            options.iter().any(|o| o == "close"),
            options.iter().any(|o| o == "keep-alive"),
        )
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
