//! Walks the product of all readings for strings that every one of them accepts: the shortest, and
//! a few that use every printable character and every transition.

use super::reading::{Reading, formats_allow, start};
use super::{Rule, Sample};
use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::primitives::StateID;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// Product states that are explored at most.
const STATES: usize = 60_000;
/// Strings that the cover is made of at most.
const COVER: usize = 40;

type Dfa = Arc<dense::DFA<Vec<u32>>>;
type State = Vec<StateID>;

/// The readings side by side, with the length bounds that all of them share.
#[derive(Debug)]
pub(super) struct Product {
    dfas: Vec<Dfa>,
    rule: Rule,
    min: usize,
    max: usize,
    hopeless: bool,
}

/// Printable ASCII, the friendliest first.
fn alphabet() -> impl Iterator<Item = u8> {
    (b'a'..=b'z')
        .chain(b'0'..=b'9')
        .chain(b'A'..=b'Z')
        .chain(b".-_".iter().copied())
        .chain((b' '..=b'~').filter(|b| !b.is_ascii_alphanumeric() && !b".-_".contains(b)))
}

impl Product {
    pub(super) fn new(rule: &Rule, readings: &[Reading]) -> Product {
        let mut dfas: Vec<Dfa> = Vec::new();
        for dfa in readings.iter().filter(|r| r.compiles).filter_map(|r| r.dfa.as_ref()) {
            if !dfas.iter().any(|d| Arc::ptr_eq(d, dfa)) {
                dfas.push(dfa.clone());
            }
        }
        let cap = |v: u64| usize::try_from(v).unwrap_or(usize::MAX);
        Product {
            hopeless: !readings.iter().any(|r| r.compiles),
            dfas,
            rule: rule.clone(),
            min: rule.min_length.map_or(0, cap),
            max: rule.max_length.map_or(4_096, cap),
        }
    }

    fn start(&self) -> Option<State> {
        self.dfas.iter().map(|d| start(d)).collect()
    }

    fn next(&self, state: &State, byte: u8) -> Option<State> {
        let next: State =
            self.dfas.iter().zip(state).map(|(d, s)| d.next_state(*s, byte)).collect();
        self.dfas.iter().zip(&next).all(|(d, s)| !d.is_dead_state(*s)).then_some(next)
    }

    fn accepts(&self, state: &State) -> bool {
        self.dfas.iter().zip(state).all(|(d, s)| d.is_match_state(d.next_eoi_state(*s)))
    }

    /// Breadth first to the shortest string of at least `least` characters that all accept and
    /// that begins with `path`.
    fn finish(&self, path: &str, from: &State, least: usize) -> Option<String> {
        let mut queue = VecDeque::from([(path.to_owned(), from.clone())]);
        let mut seen: HashSet<(State, usize)> = HashSet::new();
        while let Some((path, state)) = queue.pop_front() {
            if path.len() >= least && self.accepts(&state) && formats_allow(&self.rule, &path) {
                return Some(path);
            }
            if path.len() >= self.max || seen.len() > STATES {
                continue;
            }
            for byte in alphabet() {
                if let Some(next) = self.next(&state, byte)
                    && seen.insert((next.clone(), (path.len() + 1).min(least)))
                {
                    let mut longer = path.clone();
                    longer.push(char::from(byte));
                    queue.push_back((longer, next));
                }
            }
        }
        None
    }

    pub(super) fn shortest(&self) -> Option<String> {
        if self.hopeless {
            return None;
        }
        let start = self.start()?;
        self.finish("", &start, self.min.max(1)).or_else(|| self.finish("", &start, self.min))
    }

    /// Strings that use every printable character and every transition that some accepted string
    /// uses, the shortest and the longest.
    pub(super) fn cover(&self) -> Vec<Sample> {
        let (Some(start), Some(shortest)) = (self.start(), self.shortest()) else {
            return Vec::new();
        };
        let mut out = vec![Sample { text: shortest.clone(), idea: "shortest".to_owned() }];
        if self.min == 0 && self.accepts(&start) {
            out.push(Sample { text: String::new(), idea: "empty".to_owned() });
        }
        if let Some(text) = self.longest(&shortest) {
            out.push(Sample { text, idea: "longest".to_owned() });
        }
        let mut used: HashSet<(State, u8)> = HashSet::new();
        let mut chars: HashSet<u8> = HashSet::new();
        let mut reach = HashMap::new();
        while out.len() < COVER {
            let (mut path, mut state, mut fresh) = (String::new(), start.clone(), 0);
            loop {
                // The first byte not yet used anywhere, else one not yet used here.
                let pick = alphabet()
                    .filter(|b| !used.contains(&(state.clone(), *b)))
                    .filter_map(|b| self.next(&state, b).map(|next| (b, next)))
                    .filter(|(_, next)| self.alive(&mut reach, next, self.max.saturating_sub(path.len() + 1)))
                    .min_by_key(|(b, _)| chars.contains(b));
                let Some((byte, next)) = pick else { break };
                if path.len() >= self.max.min(40) || (path.len() > 12 && chars.contains(&byte)) {
                    break;
                }
                used.insert((state, byte));
                fresh += u32::from(chars.insert(byte));
                path.push(char::from(byte));
                state = next;
            }
            if path.is_empty() {
                break;
            }
            if let Some(text) = self.finish(&path, &state, self.min)
                && !out.iter().any(|s| s.text == text)
            {
                out.push(Sample { text, idea: format!("cover-{}", out.len()) });
            } else if fresh == 0 && used.len() > 4 * COVER * 95 {
                break;
            }
        }
        out
    }

    /// Whether some accepted string goes on from here within `left` characters.
    fn alive(&self, reach: &mut HashMap<State, Option<usize>>, state: &State, left: usize) -> bool {
        if let Some(known) = reach.get(state) {
            return known.is_some_and(|d| d <= left);
        }
        let mut queue = VecDeque::from([(state.clone(), 0)]);
        let mut seen = HashSet::from([state.clone()]);
        let mut found = None;
        while let Some((at, depth)) = queue.pop_front() {
            if self.accepts(&at) {
                found = Some(depth);
                break;
            }
            if depth > 64 || seen.len() > STATES {
                break;
            }
            for byte in alphabet() {
                if let Some(next) = self.next(&at, byte)
                    && seen.insert(next.clone())
                {
                    queue.push_back((next, depth + 1));
                }
            }
        }
        reach.insert(state.clone(), found);
        found.is_some_and(|d| d <= left)
    }

    fn longest(&self, shortest: &str) -> Option<String> {
        let bound = [self.max, 31, 15].into_iter().filter(|m| *m <= self.max && *m < 512);
        for want in bound {
            // Repeats the first character that may be repeated.
            for (at, c) in shortest.char_indices() {
                let fill = want.saturating_sub(shortest.len());
                let text = format!(
                    "{}{}{}",
                    &shortest[..at],
                    c.to_string().repeat(fill),
                    &shortest[at..]
                );
                let end = self.start().and_then(|start| {
                    text.bytes().try_fold(start, |state, byte| self.next(&state, byte))
                });
                if text.len() <= self.max
                    && end.is_some_and(|e| self.accepts(&e))
                    && formats_allow(&self.rule, &text)
                {
                    return Some(text);
                }
            }
        }
        None
    }
}

/// Strings one edit away from the seeds, by kind of edit.
pub(super) fn edits(seeds: &[String]) -> BTreeMap<&'static str, Vec<String>> {
    const MARKS: [char; 14] =
        [' ', '\n', '\t', '\u{0}', '"', '\'', '\\', '/', ':', '.', '-', ';', '\u{7f}', 'é'];
    let mut out: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for seed in seeds {
        let chars: Vec<char> = seed.chars().collect();
        let mut add = |edit: &'static str, text: Vec<char>| {
            out.entry(edit).or_default().push(text.into_iter().collect());
        };
        add("empty", Vec::new());
        for at in 0..chars.len() {
            let mut text = chars.clone();
            text.remove(at);
            add("delete", text);
        }
        for mark in MARKS {
            let mut text = chars.clone();
            text.push(mark);
            add("append", text);
            let mut text = chars.clone();
            text.insert(0, mark);
            add("prepend", text);
            let mut text = chars.clone();
            text.insert(chars.len() / 2, mark);
            add("insert", text);
            if !chars.is_empty() {
                let mut text = chars.clone();
                text[chars.len() / 2] = mark;
                add("replace", text);
            }
        }
        for at in 1..chars.len() {
            let mut text = chars.clone();
            text.swap(at - 1, at);
            add("swap", text);
        }
    }
    out
}
