//! Which set of a pattern reads which character, on the ways through all its readings at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::alphabet::FRIENDLY;
use super::super::dialect::Mode;
use super::super::explore::Graph;
use super::super::nfa::{NO_ORIGIN, Nfa, State};
use super::super::product::Trail;
use super::super::text::Text;

/// The automaton of the reference reading without its conditions: which set of the pattern reads
/// which character.
pub(super) struct Shape {
    pub(super) nfa: Nfa,
    /// For each state that reads: the reading states that may follow.
    pub(super) follow: HashMap<u32, Vec<u32>>,
    pub(super) first: Vec<u32>,
    pub(super) last: BTreeSet<u32>,
    pub(super) nullable: bool,
}

impl Shape {
    pub(super) fn of(text: &Text) -> Option<Shape> {
        let (node, alphabet) = text.reference.as_ref()?;
        let nfa = Nfa::new(&node.without_conditions(), *alphabet, Mode::Full).ok()?;
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

    pub(super) fn reads(&self, q: u32, c: char) -> bool {
        match self.nfa.states.get(q as usize) {
            Some(State::Set { set, .. }) => self
                .nfa
                .sets
                .get(*set as usize)
                .is_some_and(|set| set.contains(u32::from(c))),
            _ => false,
        }
    }

    pub(super) fn origin(&self, q: u32) -> u32 {
        self.nfa
            .origins
            .get(q as usize)
            .copied()
            .unwrap_or(NO_ORIGIN)
    }

    /// The printable members and range ends of each set of the pattern, by its number.
    pub(super) fn members(&self) -> BTreeMap<u32, Vec<char>> {
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
pub(super) struct Walk {
    /// Node of the graph and reading state that led there (`u32::MAX` at the start).
    pub(super) places: Vec<(usize, u32)>,
    /// How each was reached.
    pub(super) trail: Trail,
    /// Fewest steps from each place to the end of a surely valid string, the next place and class.
    pub(super) ahead: Vec<Option<(u32, u32, u32)>>,
    /// All steps: from, class, to; ascending by the first.
    pub(super) steps: Vec<(u32, u32, u32)>,
}

pub(super) const WALK_PLACES: usize = 40_000;

pub(super) fn walk(graph: &Graph, shape: &Shape) -> Walk {
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
        for &(class, next) in &graph.steps[node] {
            let sample = graph.samples[class];
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
        if ends && graph.accepting[node] {
            walk.ahead[i] = Some((0, u32::MAX, 0));
            queue.push(i as u32);
        }
    }
    let mut at = 0;
    while let Some(&place) = queue.get(at) {
        at += 1;
        let distance = walk.ahead[place as usize].map_or(0, |a| a.0);
        for &(_, from, class) in leaving(&back, place) {
            let slot = &mut walk.ahead[from as usize];
            if slot.is_none() {
                *slot = Some((distance + 1, place, class));
                queue.push(from);
            }
        }
    }
    walk
}

/// The steps that begin at a place, of steps that ascend by where they begin.
pub(super) fn leaving(steps: &[(u32, u32, u32)], place: u32) -> &[(u32, u32, u32)] {
    let from = steps.partition_point(|step| step.0 < place);
    let count = steps[from..].partition_point(|step| step.0 == place);
    &steps[from..from + count]
}

impl Walk {
    /// The reading state that led to a place.
    pub(super) fn read_by(&self, place: u32) -> u32 {
        self.places[place as usize].1
    }

    /// The fewest steps from a place to an end, where there is one.
    pub(super) fn rest(&self, place: u32) -> Option<usize> {
        self.ahead[place as usize].map(|ahead| ahead.0 as usize)
    }

    /// Characters and the sets that read them, from the start to a place.
    pub(super) fn before(&self, place: u32, graph: &Graph, shape: &Shape) -> Vec<(char, u32)> {
        let mut out: Vec<(char, u32)> = self
            .trail
            .back(place as usize)
            .map(|(at, class)| {
                let q = self.read_by(at as u32);
                let sample = graph.samples[class];
                (sample, shape.origin(q))
            })
            .collect();
        out.reverse();
        out
    }

    /// The same from a place to the nearest end.
    pub(super) fn after(&self, place: u32, graph: &Graph, shape: &Shape) -> Vec<(char, u32)> {
        let mut out = Vec::new();
        let mut at = place;
        while let Some((distance, next, class)) = self.ahead[at as usize] {
            if distance == 0 {
                break;
            }
            let q = self.read_by(next);
            out.push((graph.samples[class as usize], shape.origin(q)));
            at = next;
        }
        out
    }
}
