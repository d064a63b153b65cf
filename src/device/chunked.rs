//! The chunked transfer coding (RFC 9112 §7.1), decoded as bytes come.

use crate::exchange::is_token_octet;

/// Most octets of chunk extensions and trailers in one body; hyper's limits, so that both paths
/// agree.
const MAX_LINES: usize = 16 * 1024;

/// Why decoding stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ChunkError {
    /// The data exceed the limit.
    TooLarge,
    /// Not the chunked coding.
    Malformed(String),
}

/// What the next octet belongs to.
#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// A line with the size and extensions.
    #[default]
    Size,
    /// So many octets of data.
    Data(u64),
    /// The CR after the data.
    DataCr,
    /// The LF after it.
    DataLf,
    /// A trailer line, or the empty one that ends the body.
    Trailer,
}

/// Decoder of one body.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    state: State,
    /// The line that is being read.
    line: Vec<u8>,
    /// Octets of lines so far beyond the sizes.
    lines: usize,
    /// What was odd, each kind once.
    pub(super) anomalies: Vec<&'static str>,
}

impl Chunks {
    /// Decodes `bytes` to the end of `body`, which may grow to `limit`. `Some(n)`: the body is
    /// complete and the last `n` octets came after it.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        body: &mut Vec<u8>,
        limit: usize,
    ) -> Result<Option<usize>, ChunkError> {
        while let Some((&octet, rest)) = bytes.split_first() {
            match &mut self.state {
                State::Data(left) => {
                    let take = usize::try_from(*left)
                        .unwrap_or(usize::MAX)
                        .min(bytes.len());
                    let (data, after) = bytes.split_at(take);
                    let room = limit.saturating_sub(body.len());
                    body.extend_from_slice(data.get(..room).unwrap_or(data));
                    if data.len() > room {
                        return Err(ChunkError::TooLarge);
                    }
                    *left -= take as u64;
                    if *left == 0 {
                        self.state = State::DataCr;
                    }
                    bytes = after;
                    continue;
                }
                State::DataCr if octet == b'\r' => self.state = State::DataLf,
                State::DataLf if octet == b'\n' => self.state = State::Size,
                State::DataCr | State::DataLf => {
                    return Err(malformed("chunk data is longer than its size says"));
                }
                State::Size | State::Trailer if octet != b'\n' => {
                    self.line.push(octet);
                    self.lines += 1;
                    if self.lines > MAX_LINES {
                        return Err(malformed("chunk extensions or trailers of over 16 KiB"));
                    }
                    if self.state == State::Size {
                        self.early()?;
                    }
                }
                State::Size => self.size_line()?,
                State::Trailer => {
                    if self.trailer_line()? {
                        return Ok(Some(rest.len()));
                    }
                }
            }
            bytes = rest;
        }
        Ok(None)
    }

    /// Refuses a size line at its first octet, so that garbage does not have to end in LF.
    fn early(&self) -> Result<(), ChunkError> {
        match self.line.as_slice() {
            [octet] if !octet.is_ascii_hexdigit() => Err(malformed("no chunk size")),
            _ => Ok(()),
        }
    }

    fn size_line(&mut self) -> Result<(), ChunkError> {
        let line = std::mem::take(&mut self.line);
        let Some(line) = line.strip_suffix(b"\r") else {
            return Err(malformed("chunk size line ends in LF without CR"));
        };
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let (digits, rest) = line.split_at(digits);
        let size = std::str::from_utf8(digits)
            .ok()
            .and_then(|d| u64::from_str_radix(d, 16).ok())
            .ok_or_else(|| malformed("chunk size is missing or too large"))?;
        self.lines = self.lines.saturating_sub(digits.len() + 1);
        if rest.contains(&b'\r') {
            return Err(malformed("CR without LF in a chunk size line"));
        }
        let blank = rest
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        match rest.get(blank) {
            None if blank > 0 => self.note("blanks after a chunk size"),
            None => {}
            Some(b';') if extensions_ok(rest) => {}
            Some(b';') => self.note("chunk extension that is not name[=value]"),
            Some(_) => return Err(malformed("chunk size is followed by something else")),
        }
        self.state = if size == 0 {
            State::Trailer
        } else {
            State::Data(size)
        };
        Ok(())
    }

    /// True at the end of the body.
    fn trailer_line(&mut self) -> Result<bool, ChunkError> {
        let line = std::mem::take(&mut self.line);
        let Some(line) = line.strip_suffix(b"\r") else {
            return Err(malformed("trailer line ends in LF without CR"));
        };
        if line.is_empty() {
            return Ok(true);
        }
        let colon = line.iter().position(|b| *b == b':').unwrap_or(0);
        let (name, value) = line.split_at(colon);
        if name.is_empty() || !name.iter().all(|b| is_token_octet(*b)) {
            Err(malformed("trailer that is not `name: value`"))
        } else if value.iter().any(|b| is_control(*b)) {
            Err(malformed("control character in a trailer"))
        } else {
            Ok(false)
        }
    }

    fn note(&mut self, what: &'static str) {
        if !self.anomalies.contains(&what) {
            self.anomalies.push(what);
        }
    }
}

fn malformed(why: &str) -> ChunkError {
    ChunkError::Malformed(why.to_owned())
}

fn is_control(octet: u8) -> bool {
    octet != b'\t' && octet.is_ascii_control()
}

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`, RFC 9112 §7.1.1.
fn extensions_ok(mut rest: &[u8]) -> bool {
    fn skip(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
        let n = bytes.iter().take_while(|b| wanted(**b)).count();
        bytes.split_at(n)
    }
    let blank = |b: u8| b == b' ' || b == b'\t';
    loop {
        rest = skip(rest, blank).1;
        if rest.is_empty() {
            return true;
        }
        let Some(after) = rest.strip_prefix(b";") else {
            return false;
        };
        let (name, after) = skip(skip(after, blank).1, is_token_octet);
        if name.is_empty() {
            return false;
        }
        rest = skip(after, blank).1;
        let Some(value) = rest.strip_prefix(b"=") else {
            continue;
        };
        let value = skip(value, blank).1;
        if let Some(mut quoted) = value.strip_prefix(b"\"") {
            loop {
                match quoted {
                    [b'"', after @ ..] => {
                        rest = after;
                        break;
                    }
                    [b'\\', _, after @ ..] => quoted = after,
                    [octet, after @ ..] if !is_control(*octet) => quoted = after,
                    _ => return false,
                }
            }
        } else {
            let (token, after) = skip(value, is_token_octet);
            if token.is_empty() {
                return false;
            }
            rest = after;
        }
    }
}
