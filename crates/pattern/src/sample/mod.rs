//! Strings made from the readings: surely valid ones that use every part of the pattern, surely
//! invalid ones that are one edit away.

mod near;
mod shape;

pub(super) use near::near_misses;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use super::explore::{self, Graph};
use super::nfa::NO_ORIGIN;
use super::text::{Assessment, Sample, Text};
use shape::{Shape, Walk, leaving, walk};

/// Collects samples once each, up to a limit.
struct Collector<'a> {
    text: &'a Text,
    wanted: Assessment,
    limit: usize,
    seen: BTreeSet<String>,
    out: Vec<Sample>,
    /// How many strings may still be assessed.
    tries: usize,
}

impl Collector<'_> {
    fn full(&self) -> bool {
        self.out.len() >= self.limit || self.tries == 0
    }

    fn offer(&mut self, text: String, idea: impl FnOnce() -> String) -> bool {
        if self.full() || self.seen.contains(&text) {
            return false;
        }
        self.tries -= 1;
        if self.text.assess(&text) != self.wanted {
            return false;
        }
        self.seen.insert(text.clone());
        self.out.push(Sample { text, idea: idea() });
        true
    }
}

/// A character in an idea: itself where it is a letter or digit, else its name or number.
fn spell(c: char) -> String {
    match c {
        c if c.is_ascii_alphanumeric() => c.to_string(),
        ' ' => "space".to_owned(),
        '\n' => "lf".to_owned(),
        '\r' => "cr".to_owned(),
        '\t' => "tab".to_owned(),
        c => format!("U+{:04X}", u32::from(c)),
    }
}

/// See [`Text::valid_cover`].
pub(super) fn valid_cover(text: &Text, limit: usize) -> Vec<Sample> {
    let mut collector = Collector {
        text,
        wanted: Assessment::SurelyValid,
        limit,
        seen: BTreeSet::new(),
        out: Vec::new(),
        tries: 4_000,
    };
    let Some(shortest) = text.valid() else {
        return Vec::new();
    };
    collector.offer(shortest, || "shortest".to_owned());
    let graph = {
        let mut bank = text.bank.lock().unwrap_or_else(PoisonError::into_inner);
        explore::graph(&mut bank, &text.plausible)
    };
    let Some(graph) = graph else {
        return collector.out;
    };
    let (min, max) = explore::window(&text.plausible);
    if let Some(longest) = graph.longest(max) {
        collector.offer(longest, || "longest".to_owned());
    }
    if let Some(shape) = Shape::of(text) {
        cover_sets(&mut collector, &graph, &shape, min as usize, max);
    } else {
        free_text(&mut collector, min as usize, max);
    }
    collector.out
}

/// Where there is no pattern: one string of each kind of character.
fn free_text(collector: &mut Collector<'_>, min: usize, max: Option<u64>) {
    let kinds = [
        ("digits", "0"),
        ("upper", "A"),
        ("sign", "-"),
        ("space-inside", "a a"),
        ("non-ascii", "\u{e4}"),
        ("non-bmp", "\u{1F600}"),
        ("quote", "\""),
        ("backslash", "\\"),
    ];
    for (idea, piece) in kinds {
        let mut string = piece.to_owned();
        while string.chars().count() < min && string.len() < explore::MAX_SAMPLE as usize {
            string.push('a');
        }
        if max.is_none_or(|max| string.chars().count() as u64 <= max) {
            collector.offer(string, || format!("kind:{idea}"));
        }
    }
}

/// Every set of the pattern with each of its members and range ends, as few strings as is easy.
fn cover_sets(
    collector: &mut Collector<'_>,
    graph: &Graph,
    shape: &Shape,
    min: usize,
    max: Option<u64>,
) {
    let walk = walk(graph, shape);
    // Cheapest step that reads a class by a set of the pattern.
    let mut best: BTreeMap<(u32, usize), (usize, usize)> = BTreeMap::new();
    let mut depth: Vec<u32> = vec![0; walk.places.len()];
    for i in 0..walk.places.len() {
        if let Some(from) = walk.trail.before(i) {
            depth[i] = depth[from] + 1;
        }
    }
    for (i, &(from, class, to)) in walk.steps.iter().enumerate() {
        let Some(rest) = walk.rest(to) else {
            continue;
        };
        let origin = shape.origin(walk.read_by(to));
        if origin == NO_ORIGIN {
            continue;
        }
        let before = depth[from as usize] as usize;
        let cost = before + 1 + rest;
        let entry = best
            .entry((origin, class as usize))
            .or_insert((usize::MAX, 0));
        if cost < entry.0 {
            *entry = (cost, i);
        }
    }
    let members = shape.members();
    let mut covered: BTreeSet<(u32, char)> = BTreeSet::new();
    // First one string for each set (each branch), then the members.
    for all in [false, true] {
        for (&origin, members) in &members {
            for &c in members {
                if collector.full() {
                    return;
                }
                if covered.contains(&(origin, c)) {
                    continue;
                }
                let Some(&class) = graph.class_of.get(&c) else {
                    continue;
                };
                let Some(&(_, step)) = best.get(&(origin, class)) else {
                    continue;
                };
                let Some(&(from, _, to)) = walk.steps.get(step) else {
                    continue;
                };
                let mut string = walk.before(from, graph, shape);
                string.push((c, origin));
                let room = max.unwrap_or(40).min(40) as usize;
                let mut at = to;
                if all {
                    let mut pending: Vec<char> = members
                        .iter()
                        .copied()
                        .filter(|&m| m != c && !covered.contains(&(origin, m)))
                        .collect();
                    at = extend(
                        &walk,
                        graph,
                        shape,
                        at,
                        origin,
                        &mut pending,
                        &mut string,
                        room,
                    );
                }
                string.extend(walk.after(at, graph, shape));
                lengthen(&mut string, min);
                let plain: String = string.iter().map(|s| s.0).collect();
                let idea = || {
                    if all {
                        format!("class:{origin}:{}", spell(c))
                    } else {
                        format!("branch:{origin}")
                    }
                };
                let known = collector.seen.contains(&plain);
                if collector.offer(plain, idea) || known {
                    covered.extend(string.iter().map(|&(c, origin)| (origin, c)));
                }
                if !all {
                    break;
                }
            }
        }
    }
}

/// Goes on from a place by steps of the same set that read members which are still to be covered.
#[allow(clippy::too_many_arguments)]
fn extend(
    walk: &Walk,
    graph: &Graph,
    shape: &Shape,
    mut at: u32,
    origin: u32,
    pending: &mut Vec<char>,
    string: &mut Vec<(char, u32)>,
    room: usize,
) -> u32 {
    'next: while string.len() < room {
        for (i, &c) in pending.iter().enumerate() {
            let Some(&class) = graph.class_of.get(&c) else {
                continue;
            };
            let step = leaving(&walk.steps, at).iter().find(|&&(_, read, to)| {
                read as usize == class && shape.origin(walk.read_by(to)) == origin
            });
            if let Some(&(_, _, to)) = step
                && let Some(rest) = walk.rest(to)
                && string.len() + 1 + rest <= room
            {
                string.push((c, origin));
                at = to;
                pending.remove(i);
                continue 'next;
            }
        }
        break;
    }
    at
}

/// Where the bounds ask for more than the walk gave: repeats the last character.
fn lengthen(string: &mut Vec<(char, u32)>, min: usize) {
    while string.len() < min {
        match string.last().copied() {
            Some(last) => string.push(last),
            None => return,
        }
    }
}
