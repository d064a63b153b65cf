//! A stream that masks what passes it.

use super::Redactor;
use std::io::{self, Write};

/// A line without an end is passed on when it is this long, in octets.
const LONGEST: usize = 1 << 20;

/// Masks secrets in text on its way to another stream. Text goes on in whole lines, so that no
/// secret is torn between two writes; the rest goes with [`Write::flush`] at the end.
pub struct Stream<W: Write> {
    to: W,
    redactor: Redactor,
    held: Vec<u8>,
}

impl<W: Write> Stream<W> {
    /// In front of `to`.
    pub fn new(to: W, redactor: Redactor) -> Self {
        Stream {
            to,
            redactor,
            held: Vec::new(),
        }
    }

    fn pass(&mut self, until: usize) -> io::Result<()> {
        let rest = self.held.split_off(until);
        let text = std::mem::replace(&mut self.held, rest);
        let text = String::from_utf8_lossy(&text);
        self.to.write_all(self.redactor.text(&text).as_bytes())
    }
}

impl<W: Write> Write for Stream<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        let lines = self.held.iter().rposition(|b| *b == b'\n').map(|at| at + 1);
        if let Some(until) = lines {
            self.pass(until)?;
        } else if self.held.len() > LONGEST {
            self.pass(self.held.len())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.held.is_empty() {
            self.pass(self.held.len())?;
        }
        self.to.flush()
    }
}
