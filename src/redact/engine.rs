//! Finds secrets in bytes: whole, in pieces, and where a text was cut inside one. Pure.

use super::spellings::{Spelling, spellings};
use super::views::{View, views};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use std::collections::HashMap;
use std::ops::Range;

/// Pieces of a secret of [`PIECE`] characters and more are found by their anchors: so many bytes,
/// every [`STRIDE`].
const ANCHOR: usize = 8;
const STRIDE: usize = 4;
/// The shortest piece of a secret that is masked wherever it stands.
pub(super) const PIECE: usize = ANCHOR + STRIDE - 1;
/// So many of the first and of the last anchors with the same text are looked for.
const ALIKE: usize = 4;
/// Letters of the longest word.
const LONGEST_WORD: usize = 40;
/// The shortest beginning of a secret that is masked where a text is cut (`…`) behind it.
const AT_CUT: usize = 3;
/// The same for an encoding, whose beginning says less.
const ENCODED_AT_CUT: usize = 6;
/// What Probity puts where it cuts a text.
const CUT: &[u8] = "…".as_bytes();

/// How sure it is that a text which shows a secret's characters shows the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// Masked wherever it stands, and in pieces.
    Strong,
    /// Too short for that: masked where no letter or digit stands beside it.
    Short,
    /// A word that stands in texts anyway: masked where it stands for a value.
    Ordinary,
}

/// A secret and the name that stands for it in texts.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) strength: Strength,
    spellings: Vec<Spelling>,
}

impl Entry {
    pub(super) fn new(name: &str, value: &str, strength: Strength) -> Entry {
        Entry {
            name: name.to_owned(),
            strength,
            spellings: spellings(value),
        }
    }

    /// The secret itself.
    pub(super) fn value(&self) -> &str {
        let value = self.spellings.first().map_or(&[][..], |s| &s.bytes);
        std::str::from_utf8(value).unwrap_or_default()
    }
}

/// A place to be masked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it is the whole of a spelling.
    whole: bool,
    /// Which of the engine's entries.
    pub(super) entry: usize,
}

/// An automaton over the spellings of some secrets.
pub(super) struct Engine {
    automaton: AhoCorasick,
    /// Per pattern: entry, spelling, offset in it, length.
    patterns: Vec<Anchor>,
}

struct Anchor {
    entry: usize,
    spelling: usize,
    offset: usize,
    length: usize,
}

impl Engine {
    pub(super) fn new(entries: &[Entry]) -> Option<Engine> {
        let mut patterns = Vec::new();
        for (entry, about) in entries.iter().enumerate() {
            for (spelling, text) in about.spellings.iter().enumerate() {
                let all = text.bytes.len();
                let mut anchor = |offset: usize, length: usize| {
                    patterns.push(Anchor {
                        entry,
                        spelling,
                        offset,
                        length,
                    });
                };
                if all < ANCHOR || about.strength != Strength::Strong && text.plain {
                    anchor(0, all);
                    continue;
                }
                for offset in anchors(&text.bytes) {
                    anchor(offset, ANCHOR);
                }
            }
        }
        let texts = patterns.iter().map(|p| {
            let text = &entries[p.entry].spellings[p.spelling].bytes;
            text.get(p.offset..p.offset + p.length).unwrap_or_default()
        });
        let automaton = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(texts)
            .ok()?;
        Some(Engine {
            automaton,
            patterns,
        })
    }

    /// Adds to `hits` every place of `text` that shows one of the secrets. `least` is how sure it
    /// has to be: of less sure secrets only encodings are looked for, of a word not even those.
    pub(super) fn find(
        &self,
        entries: &[Entry],
        views: &[View],
        least: impl Fn(Strength) -> bool,
        hits: &mut Vec<Hit>,
    ) {
        for view in views {
            let text = view.bytes.as_slice();
            let mut last: Option<(usize, usize, Range<usize>)> = None;
            for found in self.automaton.find_overlapping_iter(text) {
                let Some(anchor) = self.patterns.get(found.pattern().as_usize()) else {
                    continue;
                };
                let entry = &entries[anchor.entry];
                let spelling = &entry.spellings[anchor.spelling];
                // Encodings of a word stand in what is made of words.
                let made_of = spelling.plain || entry.strength == Strength::Ordinary;
                if made_of && !least(entry.strength) {
                    continue;
                }
                let key = (anchor.entry, anchor.spelling);
                // The next anchor of a place that is known already. The same text may stand elsewhere
                // in a secret that repeats itself, with more of it before.
                if let Some((e, s, range)) = &last
                    && (*e, *s) == key
                    && range.start < found.start()
                    && range.end >= found.end()
                {
                    continue;
                }
                let range = extend(text, &spelling.bytes, found.start(), anchor);
                let whole = range.len() == spelling.bytes.len();
                let source = view.source(range.clone());
                // Nobody writes a word with its letters escaped but to show what it stands for.
                let escaped = whole && range.len() >= AT_CUT && source.len() > range.len();
                if !escaped && !counts(text, entry.strength, spelling, &range, whole) {
                    continue;
                }
                last = Some((anchor.entry, anchor.spelling, range));
                hits.push(Hit {
                    start: source.start,
                    end: source.end,
                    whole,
                    entry: anchor.entry,
                });
            }
            cuts(entries, view, &least, hits);
        }
    }
}

/// Where the anchors of a spelling begin. Of anchors with the same text, as a token of one letter has
/// them, some are enough: each is tried wherever that text stands.
fn anchors(spelling: &[u8]) -> Vec<usize> {
    let last = spelling.len().saturating_sub(ANCHOR);
    let mut alike: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for offset in (0..last).step_by(STRIDE).chain([last]) {
        let text = spelling.get(offset..offset + ANCHOR).unwrap_or_default();
        let places = alike.entry(text.to_ascii_lowercase()).or_default();
        // The first, where a repetition begins, and the last, where it ends.
        if places.len() == 2 * ALIKE {
            places.remove(ALIKE);
        }
        places.push(offset);
    }
    let mut all: Vec<usize> = alike.into_values().flatten().collect();
    all.sort_unstable();
    all
}

/// The longest piece of the spelling that the text has around an anchor.
fn extend(text: &[u8], spelling: &[u8], start: usize, anchor: &Anchor) -> Range<usize> {
    let before = text.get(..start).unwrap_or_default().iter().rev();
    let head = spelling.get(..anchor.offset).unwrap_or_default();
    let left = before
        .zip(head.iter().rev())
        .take_while(|(a, b)| a.eq_ignore_ascii_case(b))
        .count();
    let end = start + anchor.length;
    let behind = text.get(end..).unwrap_or_default().iter();
    let tail = spelling.get(anchor.offset + anchor.length..);
    let right = behind
        .zip(tail.unwrap_or_default())
        .take_while(|(a, b)| a.eq_ignore_ascii_case(b))
        .count();
    start - left..end + right
}

fn counts(
    text: &[u8],
    strength: Strength,
    spelling: &Spelling,
    range: &Range<usize>,
    whole: bool,
) -> bool {
    let found = text.get(range.clone()).unwrap_or_default();
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    let behind = text.get(range.end);
    match strength {
        _ if !spelling.plain => whole || range.len() >= PIECE,
        Strength::Strong => whole || range.len() >= PIECE && !is_word(found),
        Strength::Short => {
            let joined = |inside: Option<&u8>, beside: Option<&u8>| {
                inside.is_some_and(u8::is_ascii_alphanumeric)
                    && beside.is_some_and(u8::is_ascii_alphanumeric)
            };
            whole && !joined(found.first(), before) && !joined(found.last(), behind)
        }
        Strength::Ordinary => whole && is_value(text, range),
    }
}

/// A piece that is a word of a language stands in texts for other reasons.
fn is_word(text: &[u8]) -> bool {
    if text.len() > LONGEST_WORD {
        return false;
    }
    let upper = text.iter().skip(1).any(u8::is_ascii_uppercase);
    let lower = text.iter().any(u8::is_ascii_lowercase);
    text.iter().all(u8::is_ascii_alphabetic) && !(upper && lower)
}

/// Whether what stands there is a value: the whole text, a string behind a colon in JSON, or what
/// follows an equals sign up to the next delimiter.
fn is_value(text: &[u8], range: &Range<usize>) -> bool {
    let mut before = text.get(..range.start).unwrap_or_default();
    let mut behind = text.get(range.end..).unwrap_or_default();
    if before.trim_ascii().is_empty() && behind.trim_ascii().is_empty() {
        return true;
    }
    // Quotes may be escaped: JSON in a string of JSON.
    for escape in [b"".as_slice(), b"\\"] {
        let quote = [escape, b"\""].concat();
        if let (Some(head), Some(tail)) = (
            before.strip_suffix(quote.as_slice()),
            behind.strip_prefix(quote.as_slice()),
        ) {
            (before, behind) = (head, tail);
            return before.trim_ascii_end().ends_with(b":")
                && !behind.trim_ascii_start().starts_with(b":");
        }
    }
    let ends = behind
        .first()
        .is_none_or(|b| b.is_ascii_whitespace() || b"&;,\"'\\)".contains(b));
    before.ends_with(b"=") && ends
}

/// Where Probity cut a text inside a secret, its beginning is left.
fn cuts(entries: &[Entry], view: &View, least: impl Fn(Strength) -> bool, hits: &mut Vec<Hit>) {
    let text = view.bytes.as_slice();
    let mut from = 0;
    while let Some(at) = find(text.get(from..).unwrap_or_default(), CUT) {
        let at = from + at;
        from = at + CUT.len();
        let whole = text.get(..at).unwrap_or_default();
        let before = without_torn_escape(whole);
        for (place, entry) in entries.iter().enumerate() {
            if entry.strength != Strength::Strong || !least(entry.strength) {
                continue;
            }
            let longest = entry
                .spellings
                .iter()
                .filter_map(|s| {
                    let shortest = if s.plain { AT_CUT } else { ENCODED_AT_CUT };
                    Some(left_over(before, &s.bytes)).filter(|n| *n >= shortest)
                })
                .max();
            if let Some(length) = longest {
                let source = view.source(before.len() - length..whole.len());
                hits.push(Hit {
                    start: source.start,
                    end: source.end,
                    whole: false,
                    entry: place,
                });
            }
        }
    }
}

/// How much of its beginning a text ends with: the most there is (Knuth, Morris and Pratt, for a secret
/// may repeat itself).
fn left_over(text: &[u8], spelling: &[u8]) -> usize {
    let next = |falls: &[usize], mut n: usize, byte: u8| loop {
        match spelling.get(n) {
            Some(wanted) if wanted.eq_ignore_ascii_case(&byte) => return n + 1,
            _ if n == 0 => return 0,
            // The longest beginning that what fits so far ends with.
            _ => n = falls.get(n - 1).copied().unwrap_or(0),
        }
    };
    let mut falls = Vec::with_capacity(spelling.len());
    for (at, byte) in spelling.iter().enumerate() {
        let before = falls.last().copied().unwrap_or(0);
        let fall = if at == 0 {
            0
        } else {
            next(&falls, before, *byte)
        };
        falls.push(fall);
    }
    let tail = text.len().saturating_sub(spelling.len());
    let tail = text.get(tail..).unwrap_or_default();
    tail.iter().fold(0, |n, byte| next(&falls, n, *byte))
}

/// Without the beginning of an escape at the end: `%2`, `\u00`.
fn without_torn_escape(text: &[u8]) -> &[u8] {
    let tail = text.len().saturating_sub(5);
    let torn = text.get(tail..).unwrap_or_default();
    let at = torn.iter().rposition(|b| matches!(b, b'%' | b'\\'));
    let at = at.filter(|at| {
        let rest = torn.get(at + 1..).unwrap_or_default();
        let digits = rest.strip_prefix(b"u").unwrap_or(rest);
        digits.iter().all(u8::is_ascii_hexdigit)
    });
    at.and_then(|at| text.get(..tail + at)).unwrap_or(text)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|w| w == what)
}

/// Places in order, without overlaps: where several secrets overlap, one place with the name of the
/// one that stands there whole, or most.
pub(super) fn merged(mut hits: Vec<(Hit, &str)>) -> Vec<(Range<usize>, &str)> {
    hits.sort_by_key(|(hit, _)| (hit.start, hit.end));
    let mut out: Vec<(Range<usize>, &str, (bool, usize))> = Vec::new();
    for (hit, name) in hits {
        let weight = (hit.whole, hit.end - hit.start);
        match out.last_mut() {
            Some((range, known, best)) if hit.start < range.end => {
                range.end = range.end.max(hit.end);
                if weight > *best {
                    (*known, *best) = (name, weight);
                }
            }
            _ => out.push((hit.start..hit.end, name, weight)),
        }
    }
    out.into_iter()
        .map(|(range, name, _)| (range, name))
        .collect()
}

/// All readings of a text in which secrets are looked for.
pub(super) fn readings(text: &[u8]) -> Vec<View> {
    views(text)
}
