//! Strings made from the readings: surely valid ones that use every part of the pattern, surely
//! invalid ones that are one edit away. Imports [`super::explore`], [`super::nfa`],
//! [`super::product`], [`super::text`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::PoisonError;

use super::alphabet::FRIENDLY;
use super::ast::Node;
use super::dialect::Mode;
use super::explore::{self, Graph};
use super::nfa::{NO_ORIGIN, Nfa, State};
use super::product::Trail;
use super::text::{Assessment, Sample, Text};

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

/// The automaton of the reference reading without its conditions: which set of the pattern reads
/// which character.
struct Shape {
    nfa: Nfa,
    /// For each state that reads: the reading states that may follow.
    follow: HashMap<u32, Vec<u32>>,
    first: Vec<u32>,
    last: BTreeSet<u32>,
    nullable: bool,
}

fn without_conditions(node: &Node) -> Node {
    match node {
        Node::Look(_) | Node::Around { .. } => Node::Empty,
        Node::Concat(nodes) => Node::concat(nodes.iter().map(without_conditions).collect()),
        Node::Alt(nodes) => Node::alt(nodes.iter().map(without_conditions).collect()),
        Node::Repeat { node, min, max } => Node::repeat(without_conditions(node), *min, *max),
        other => other.clone(),
    }
}

impl Shape {
    fn of(text: &Text) -> Option<Shape> {
        let (node, alphabet) = text.reference.as_ref()?;
        let nfa = Nfa::new(&without_conditions(node), *alphabet, Mode::Full).ok()?;
        if nfa.states.len() > 5_000 {
            return None;
        }
        let reach = |from: u32| -> (Vec<u32>, bool) {
            let (mut stack, mut seen, mut out, mut end) =
                (vec![from], BTreeSet::new(), Vec::new(), false);
            while let Some(q) = stack.pop() {
                if !seen.insert(q) {
                    continue;
                }
                match nfa.states.get(q as usize) {
                    Some(State::Set { .. }) => out.push(q),
                    Some(split @ State::Split { .. }) => {
                        stack.extend(nfa.targets(split).iter().rev());
                    }
                    Some(State::MatchEnd | State::MatchAny) => end = true,
                    _ => {}
                }
            }
            (out, end)
        };
        let (first, nullable) = reach(nfa.start);
        let (mut follow, mut last) = (HashMap::new(), BTreeSet::new());
        for (q, state) in nfa.states.iter().enumerate() {
            if let State::Set { next, .. } = state {
                let (after, end) = reach(*next);
                follow.insert(q as u32, after);
                if end {
                    last.insert(q as u32);
                }
            }
        }
        Some(Shape {
            nfa,
            follow,
            first,
            last,
            nullable,
        })
    }

    fn reads(&self, q: u32, c: char) -> bool {
        match self.nfa.states.get(q as usize) {
            Some(State::Set { set, .. }) => self
                .nfa
                .sets
                .get(*set as usize)
                .is_some_and(|set| set.contains(u32::from(c))),
            _ => false,
        }
    }

    fn origin(&self, q: u32) -> u32 {
        self.nfa
            .origins
            .get(q as usize)
            .copied()
            .unwrap_or(NO_ORIGIN)
    }

    /// The printable members and range ends of each set of the pattern, by its number.
    fn members(&self) -> BTreeMap<u32, Vec<char>> {
        let mut out: BTreeMap<u32, Vec<char>> = BTreeMap::new();
        for (q, state) in self.nfa.states.iter().enumerate() {
            let origin = self.origin(q as u32);
            let State::Set { set, .. } = state else {
                continue;
            };
            if origin == NO_ORIGIN || out.contains_key(&origin) {
                continue;
            }
            let mut ends = BTreeSet::new();
            if let Some(set) = self.nfa.sets.get(*set as usize) {
                for &(low, high) in set.ranges() {
                    // Ranges that people mean: letters, digits and signs are separate.
                    for (from, to) in [(low, high)].into_iter().chain(
                        [(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)]
                            .map(|(a, b)| (low.max(a), high.min(b))),
                    ) {
                        if from <= to {
                            ends.extend([from, to]);
                        }
                    }
                }
            }
            // Signs are listed one by one, letters and digits as ranges; the tree keeps no
            // difference, so every sign counts as a member.
            let set = self.nfa.sets.get(*set as usize);
            let sign = |c: char| {
                !c.is_ascii_alphanumeric() && set.is_some_and(|set| set.contains(u32::from(c)))
            };
            let members = FRIENDLY
                .chars()
                .filter(|&c| ends.contains(&u32::from(c)) || sign(c))
                .collect();
            out.insert(origin, members);
        }
        out
    }
}

/// A place in the walk over graph and shape together.
struct Walk {
    /// Node of the graph and reading state that led there (`u32::MAX` at the start).
    places: Vec<(usize, u32)>,
    /// How each was reached.
    trail: Trail,
    /// Fewest steps from each place to the end of a surely valid string, the next place and class.
    ahead: Vec<Option<(u32, u32, u32)>>,
    /// All steps: from, class, to; ascending by the first.
    steps: Vec<(u32, u32, u32)>,
}

const WALK_PLACES: usize = 40_000;

fn walk(graph: &Graph, shape: &Shape) -> Walk {
    let mut walk = Walk {
        places: vec![(0, u32::MAX)],
        trail: Trail::default(),
        ahead: Vec::new(),
        steps: Vec::new(),
    };
    let mut number: HashMap<(usize, u32), usize> = HashMap::from([((0, u32::MAX), 0)]);
    let mut at = 0;
    while let Some(&(node, q)) = walk.places.get(at) {
        let after = if q == u32::MAX {
            Some(&shape.first)
        } else {
            shape.follow.get(&q)
        };
        for &(class, next) in graph.steps.get(node).map_or(&[][..], Vec::as_slice) {
            let sample = graph.samples.get(class).copied().unwrap_or('a');
            for &to in after.map_or(&[][..], Vec::as_slice) {
                if !shape.reads(to, sample) {
                    continue;
                }
                let place = (next, to);
                let index = match number.get(&place) {
                    Some(&index) => index,
                    None if walk.places.len() >= WALK_PLACES => continue,
                    None => {
                        let index = walk.places.len();
                        number.insert(place, index);
                        walk.places.push(place);
                        walk.trail.push(at, class);
                        index
                    }
                };
                walk.steps.push((at as u32, class as u32, index as u32));
            }
        }
        at += 1;
    }
    walk.ahead = vec![None; walk.places.len()];
    // The same steps by where they lead.
    let mut back: Vec<(u32, u32, u32)> = walk
        .steps
        .iter()
        .map(|&(from, class, to)| (to, from, class))
        .collect();
    back.sort_by_key(|step| step.0);
    let mut queue: Vec<u32> = Vec::new();
    for (i, &(node, q)) in walk.places.iter().enumerate() {
        let ends = if q == u32::MAX {
            shape.nullable
        } else {
            shape.last.contains(&q)
        };
        if ends
            && graph.accepting.get(node).copied().unwrap_or(false)
            && let Some(slot) = walk.ahead.get_mut(i)
        {
            *slot = Some((0, u32::MAX, 0));
            queue.push(i as u32);
        }
    }
    let mut at = 0;
    while let Some(&place) = queue.get(at) {
        at += 1;
        let ahead = walk.ahead.get(place as usize);
        let distance = ahead.copied().flatten().map_or(0, |a| a.0);
        for &(_, from, class) in leaving(&back, place) {
            if let Some(slot) = walk.ahead.get_mut(from as usize)
                && slot.is_none()
            {
                *slot = Some((distance + 1, place, class));
                queue.push(from);
            }
        }
    }
    walk
}

/// The steps that begin at a place, of steps that ascend by where they begin.
fn leaving(steps: &[(u32, u32, u32)], place: u32) -> &[(u32, u32, u32)] {
    let from = steps.partition_point(|step| step.0 < place);
    let rest = steps.get(from..).unwrap_or_default();
    let count = rest.partition_point(|step| step.0 == place);
    rest.get(..count).unwrap_or_default()
}

impl Walk {
    /// The reading state that led to a place.
    fn read_by(&self, place: u32) -> u32 {
        self.places.get(place as usize).map_or(u32::MAX, |p| p.1)
    }

    /// The fewest steps from a place to an end, where there is one.
    fn rest(&self, place: u32) -> Option<usize> {
        let ahead = self.ahead.get(place as usize).copied().flatten()?;
        Some(ahead.0 as usize)
    }

    /// Characters and the sets that read them, from the start to a place.
    fn before(&self, place: u32, graph: &Graph, shape: &Shape) -> Vec<(char, u32)> {
        let mut out: Vec<(char, u32)> = self
            .trail
            .back(place as usize)
            .map(|(at, class)| {
                let q = self.read_by(at as u32);
                let sample = graph.samples.get(class).copied().unwrap_or('a');
                (sample, shape.origin(q))
            })
            .collect();
        out.reverse();
        out
    }

    /// The same from a place to the nearest end.
    fn after(&self, place: u32, graph: &Graph, shape: &Shape) -> Vec<(char, u32)> {
        let mut out = Vec::new();
        let mut at = place;
        while let Some(&Some((distance, next, class))) = self.ahead.get(at as usize) {
            if distance == 0 {
                break;
            }
            let q = self.read_by(next);
            out.push((
                graph.samples.get(class as usize).copied().unwrap_or('a'),
                shape.origin(q),
            ));
            at = next;
        }
        out
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
            let before = depth.get(from).copied().unwrap_or(0);
            if let Some(slot) = depth.get_mut(i) {
                *slot = before + 1;
            }
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
        let before = depth.get(from as usize).copied().unwrap_or(0) as usize;
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

/// See [`Text::near_misses`].
pub(super) fn near_misses(text: &Text, limit: usize) -> Vec<Sample> {
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
