//! Surely invalid strings, one edit away from surely valid ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use super::super::explore::{self};
use super::super::text::{Assessment, Sample, Text};
use super::{Collector, spell, valid_cover};

/// See [`Text::near_misses`].
pub(in super::super) fn near_misses(text: &Text, limit: usize) -> Vec<Sample> {
    let mut collector = Collector {
        text,
        wanted: Assessment::SurelyInvalid,
        limit,
        seen: BTreeSet::new(),
        out: Vec::new(),
        tries: 6_000,
    };
    let mut bases: Vec<String> = Vec::new();
    let cover = valid_cover(text, 12);
    // Shortest and longest first, then one for each branch.
    for sample in &cover {
        bases.push(sample.text.clone());
    }
    let alphabet = edit_alphabet(text);
    for base in bases.iter().take(2) {
        // The edges of the length come first: they are what hand-written checks get wrong.
        let shorter: String = base.chars().skip(1).collect();
        if !base.is_empty() {
            collector.offer(shorter, || "delete:start".to_owned());
        }
        if let Some(last) = base.chars().last() {
            collector.offer(format!("{base}{last}"), || "append:same".to_owned());
        } else {
            collector.offer("a".to_owned(), || "append:a".to_owned());
        }
    }
    // Over and under what any reading allows, where the readings differ about the bound.
    if let Some(base) = bases.first() {
        let piece = base.chars().next().unwrap_or('a');
        let most = text.plausible.iter().filter_map(|d| d.max).max();
        if let Some(over) = most.and_then(|most| most.checked_add(1))
            && over <= explore::MAX_SAMPLE
        {
            let mut string = base.clone();
            while (string.chars().count() as u64) < over {
                string.push(piece);
            }
            collector.offer(string, || "length:over".to_owned());
        }
        let least = text.plausible.iter().map(|d| d.min).min().unwrap_or(0);
        if let Some(under) = least.checked_sub(1)
            && under <= explore::MAX_SAMPLE
        {
            let string: String = std::iter::repeat_n(piece, under as usize).collect();
            collector.offer(string, || "length:under".to_owned());
        }
    }
    // One queue for each kind of edit and place; one string from each in turn.
    let mut queues: Vec<Vec<(String, String)>> = Vec::new();
    for base in &bases {
        queues.extend(edits(base, &alphabet));
    }
    for queue in &mut queues {
        queue.reverse();
    }
    while !collector.full() && queues.iter().any(|queue| !queue.is_empty()) {
        for queue in &mut queues {
            // From each queue the next one that is surely invalid.
            while let Some((string, idea)) = queue.pop() {
                if collector.full() {
                    return collector.out;
                }
                if collector.offer(string, || idea) {
                    break;
                }
            }
        }
    }
    collector.out
}

/// Characters that edits put in: one of each class that some plausible reading tells apart, and
/// some that are special to many checks.
fn edit_alphabet(text: &Text) -> Vec<char> {
    let mut out: Vec<char> = Vec::new();
    let mut bank = text.bank.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(product) = explore::product(&mut bank, &text.plausible) {
        out.extend(product.classes().iter().map(|class| class.sample));
    }
    for c in [
        ' ',
        '\\',
        '"',
        '\'',
        '`',
        '/',
        ':',
        '\t',
        '\n',
        '\0',
        '\u{e4}',
        '\u{1F600}',
    ] {
        if !out.contains(&c) {
            out.push(c);
        }
    }
    out
}

/// All single edits of a string, a queue for each kind and place.
fn edits(base: &str, alphabet: &[char]) -> Vec<Vec<(String, String)>> {
    let chars: Vec<char> = base.chars().collect();
    // In long strings only the ends and the middle are edited.
    let places: Vec<usize> = if chars.len() <= 24 {
        (0..chars.len()).collect()
    } else {
        (0..8)
            .chain(chars.len() / 2..chars.len() / 2 + 4)
            .chain(chars.len() - 8..chars.len())
            .collect()
    };
    let word = |at: usize| {
        if at == 0 {
            "start"
        } else if at + 1 >= chars.len() {
            "end"
        } else {
            "middle"
        }
    };
    let joined = |parts: &[&[char]]| -> String { parts.iter().flat_map(|p| p.iter()).collect() };
    let mut queues: BTreeMap<(&str, &str), Vec<(String, String)>> = BTreeMap::new();
    let mut push = |kind: &'static str, place: &'static str, string: String, what: String| {
        let idea = if what.is_empty() {
            format!("{kind}:{place}")
        } else {
            format!("{kind}:{place}:{what}")
        };
        queues
            .entry((kind, place))
            .or_default()
            .push((string, idea));
    };
    let split = |at: usize| -> (&[char], &[char]) { chars.split_at(at.min(chars.len())) };
    for &c in alphabet {
        push("append", "end", joined(&[&chars, &[c]]), spell(c));
        push("prepend", "start", joined(&[&[c], &chars]), spell(c));
    }
    for &at in &places {
        let (before, rest) = split(at);
        let after = rest.get(1..).unwrap_or(&[]);
        push("delete", word(at), joined(&[before, after]), String::new());
        if let (Some(a), Some(b)) = (rest.first(), rest.get(1))
            && a != b
        {
            let tail = rest.get(2..).unwrap_or(&[]);
            push(
                "swap",
                word(at),
                joined(&[before, &[*b, *a], tail]),
                String::new(),
            );
        }
    }
    for &c in alphabet {
        for &at in &places {
            let (before, rest) = split(at);
            let after = rest.get(1..).unwrap_or(&[]);
            if rest.first() != Some(&c) {
                push(
                    "replace",
                    word(at),
                    joined(&[before, &[c], after]),
                    spell(c),
                );
            }
            if at > 0 {
                push("insert", word(at), joined(&[before, &[c], rest]), spell(c));
            }
        }
    }
    queues.into_values().collect()
}
