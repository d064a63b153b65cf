//! The one place that keeps secrets out of what leaves the program: stdout, stderr, reports,
//! journals, snapshots, corpora, reproducers, panics.
//!
//! A [`Redactor`] knows all secrets of a job, earlier ones too, and masks them however they are
//! spelled: as they are, in JSON escapes, percent-encoded in any case and in part, as character
//! references, in base64 at any alignment, in hexadecimal, and as the digests that logins send.
//! Escapes are decoded and the rest is searched for (Aho–Corasick), so that no spelling has to be
//! listed that mixes them. Pieces of a secret of eleven characters and more are masked too, and what
//! is left of one in front of the `…` that a cut leaves.
//!
//! **What is masked of a secret that is no secret.** `admin` as a password stands in every second
//! text. So a secret is *strong*, and masked wherever it stands, where it has eight characters or
//! more; *short* under that, and masked where no letter or digit stands beside it; and *ordinary*
//! where it has fewer than four or is a word that the contract or Probity's own pages use (`words.txt`:
//! masking it there would tell it, for the sentence is known), and then it
//! is masked where it is a value only: the whole text, a JSON string behind a colon, what follows an
//! equals sign. Encodings and digests of all three are masked wherever they stand.

mod engine;
mod sensitive;
mod spellings;
mod stream;
mod views;
mod walk;

pub use sensitive::Sensitive;
pub use stream::Stream;

use engine::{Engine, Entry, Hit, Strength};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// From here a secret is strong, in characters.
const STRONG_FROM: usize = 8;
/// Under this it is ordinary, in characters.
const SHORT_FROM: usize = 4;
/// Secrets of one automaton, and their octets: those that are full are not built again when a session
/// gets another token.
const CHUNK: usize = 32;
const CHUNK_OCTETS: usize = 4 << 10;
/// Most secrets that are remembered, and most octets of them, which take many times as much in
/// automata; a device that gives out more tokens than this in one job has its oldest forgotten.
const MOST: usize = 4_096;
const MOST_OCTETS: usize = 256 << 10;

/// Words that stand in what Probity itself prints, one a line. Masking one of them where it stands in a
/// sentence of Probity's would not hide it: the sentence is known.
static WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("words.txt").lines().collect());

/// Stands for a secret that has no name of its own, and for settings that hold one.
pub const MASK: &str = "***";
/// How the names begin that stand for credentials.
const NAMES_BEGIN: &str = "$PROBITY_";
/// The name of the one credential that another process gets again from its user.
const PASSWORD: &str = "$PROBITY_PASSWORD";

/// What it knows. Clones share it.
#[derive(Clone, Default)]
pub struct Redactor(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    chunks: Vec<Chunk>,
    /// Name and value of every secret, so that none is added twice.
    seen: HashSet<(String, Sensitive)>,
    /// Lower-case words that are no secrets.
    ordinary: HashSet<String>,
}

#[derive(Default)]
struct Chunk {
    entries: Vec<Entry>,
    engine: Option<Engine>,
}

impl Chunk {
    fn octets(&self) -> usize {
        self.entries.iter().map(|entry| entry.value().len()).sum()
    }

    fn takes(&self, value: &str) -> bool {
        self.entries.is_empty()
            || self.entries.len() < CHUNK && self.octets() + value.len() <= CHUNK_OCTETS
    }
}

/// Says how much it knows, not what.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.known().seen.len())
    }
}

impl Redactor {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on `value` is shown as `name`.
    pub fn add(&self, name: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let mut known = self.known();
        if !known.seen.insert((name.to_owned(), value.into())) {
            return;
        }
        let strength = known.strength(value);
        if known.chunks.last().is_none_or(|c| !c.takes(value)) {
            known.chunks.push(Chunk::default());
        }
        known.make_room(value.len());
        if let Some(chunk) = known.chunks.last_mut() {
            chunk.entries.push(Entry::new(name, value, strength));
            chunk.engine = None;
        }
    }

    /// Whether the password in place of its name makes the text from what it was masked to.
    fn gives_back(&self, masked: &str, text: &str) -> bool {
        let known = self.known();
        let mut passwords = known.seen.iter().filter(|(name, _)| name == PASSWORD);
        passwords.any(|(name, value)| masked.replace(name.as_str(), value.expose()) == text)
    }

    /// Words that stand in texts for other reasons: names of the contract's fields.
    pub fn ordinary<'w>(&self, words: impl IntoIterator<Item = &'w str>) {
        let words = words.into_iter().map(str::to_ascii_lowercase);
        let mut known = self.known();
        known.ordinary.extend(words);
        let mut chunks = std::mem::take(&mut known.chunks);
        for chunk in &mut chunks {
            chunk.engine = None;
            for entry in &mut chunk.entries {
                entry.strength = known.strength(entry.value());
            }
        }
        known.chunks = chunks;
    }

    /// The text with every secret replaced by its name.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.masked(text, |_| true)
    }

    /// Like [`text`](Self::text), for what Probity made itself before it knew any secret (requests,
    /// their titles): a short secret that stands there stands there by chance.
    pub fn own_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.masked(text, |strength| strength == Strength::Strong)
    }

    /// Octets with every secret replaced by its name.
    pub fn bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        match self.replaced(bytes, &|strength| strength == Strength::Strong) {
            Some(masked) => Cow::Owned(masked),
            None => Cow::Borrowed(bytes),
        }
    }

    fn masked<'t>(&self, text: &'t str, least: impl Fn(Strength) -> bool) -> Cow<'t, str> {
        match self.replaced(text.as_bytes(), &least) {
            // Places lie between characters: spellings and escapes are whole characters, and those
            // that are none (Latin-1) stand in no text.
            Some(masked) => Cow::Owned(
                String::from_utf8(masked)
                    .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
            ),
            None => Cow::Borrowed(text),
        }
    }

    fn replaced(&self, text: &[u8], least: &dyn Fn(Strength) -> bool) -> Option<Vec<u8>> {
        let mut known = self.known();
        if known.chunks.is_empty() || text.is_empty() {
            return None;
        }
        for chunk in &mut known.chunks {
            if chunk.engine.is_none() {
                chunk.engine = Engine::new(&chunk.entries);
            }
        }
        let readings = engine::readings(text);
        let mut all: Vec<(Hit, &str)> = Vec::new();
        for chunk in &known.chunks {
            let mut hits = Vec::new();
            if let Some(engine) = &chunk.engine {
                engine.find(&chunk.entries, &readings, least, &mut hits);
            }
            let named = |hit: Hit| (hit, chunk.entries[hit.entry].name.as_str());
            all.extend(hits.into_iter().map(named));
        }
        if all.is_empty() {
            return None;
        }
        let mut out = Vec::with_capacity(text.len());
        let mut done = 0;
        for (range, name) in engine::merged(all) {
            out.extend_from_slice(text.get(done..range.start).unwrap_or_default());
            out.extend_from_slice(name.as_bytes());
            done = range.end;
        }
        out.extend_from_slice(text.get(done..).unwrap_or_default());
        Some(out)
    }
}

impl Known {
    /// Forgets the oldest secrets where there are too many with one of so many octets. The first
    /// automaton has the credentials that the user gave, the last gets what is new.
    fn make_room(&mut self, octets: usize) {
        let full = |chunks: &[Chunk]| {
            let secrets: usize = chunks.iter().map(|c| c.entries.len()).sum();
            let all: usize = chunks.iter().map(Chunk::octets).sum();
            secrets >= MOST || all + octets > MOST_OCTETS
        };
        while self.chunks.len() > 2 && full(&self.chunks) {
            for entry in self.chunks.remove(1).entries {
                // Should it come again, it is remembered again.
                self.seen
                    .remove(&(entry.name.clone(), entry.value().into()));
            }
        }
    }

    fn strength(&self, value: &str) -> Strength {
        let length = value.chars().count();
        let word = value.to_ascii_lowercase();
        if length < SHORT_FROM || WORDS.contains(&word.as_str()) || self.ordinary.contains(&word) {
            Strength::Ordinary
        } else if length < STRONG_FROM {
            Strength::Short
        } else {
            Strength::Strong
        }
    }
}

#[cfg(test)]
mod tests;
