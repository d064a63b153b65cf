//! What a tree means, straight from the definition and as slow as that is: which places a match may
//! end at, and how long an engine that backtracks tries. Knows nothing of automata.

use probity::pattern::ast::{Look, Node};
use probity::pattern::dialect::{Alphabet, Dialect, Mode};
use probity::pattern::language;

/// A pattern as a dialect reads it.
pub struct Meaning {
    node: Node,
    grouped: Node,
    pub alphabet: Alphabet,
}

impl Meaning {
    pub fn of(pattern: &str, dialect: Dialect) -> Meaning {
        let read = |mode| {
            language::read(pattern, dialect, mode).unwrap_or_else(|e| panic!("{pattern}: {e}"))
        };
        Meaning {
            node: read(Mode::Search),
            grouped: read(Mode::FullGrouped),
            alphabet: dialect.alphabet(),
        }
    }

    pub fn accepts(&self, mode: Mode, text: &str) -> bool {
        let text = self.alphabet.symbols(text);
        let end = 1 << text.len();
        match mode {
            Mode::Search => ends(&self.node, &text, end * 2 - 1) != 0,
            Mode::Prefix => ends(&self.node, &text, 1) != 0,
            Mode::Full => ends(&self.node, &text, 1) & end != 0,
            Mode::FullGrouped => ends(&self.grouped, &text, end * 2 - 1) != 0,
        }
    }

    /// Steps that an engine which backtracks takes to refuse a text; `None` where it matches.
    pub fn steps_to_refuse(&self, mode: Mode, text: &str) -> Option<u64> {
        let text = self.alphabet.symbols(text);
        let mut engine = Engine {
            text: &text,
            steps: 0,
        };
        let full = mode == Mode::Full;
        let starts = if mode == Mode::Search { text.len() } else { 0 };
        let found = (0..=starts).any(|from| {
            engine.run(&self.node, from, &mut |engine, at| {
                !full || at == engine.text.len()
            })
        });
        (!found).then_some(engine.steps)
    }
}

/// Where matches may end that begin at one of `starts`; places are bits.
fn ends(node: &Node, text: &[u32], starts: u64) -> u64 {
    match node {
        Node::Empty => starts,
        Node::Set(set) => {
            places(text, starts & !(1 << text.len()), |at| {
                set.contains(text[at])
            }) << 1
        }
        Node::Concat(nodes) => nodes.iter().fold(starts, |at, n| ends(n, text, at)),
        Node::Alt(nodes) => nodes.iter().fold(0, |all, n| all | ends(n, text, starts)),
        Node::Repeat { node, min, max } => {
            let mut at = starts;
            for _ in 0..*min {
                at = ends(node, text, at);
            }
            for _ in *min..max.unwrap_or(u32::MAX) {
                let more = at | ends(node, text, at);
                if more == at {
                    break;
                }
                at = more;
            }
            at
        }
        Node::Look(look) => places(text, starts, |at| holds(look, text, at)),
        Node::Around {
            node,
            ahead,
            negative,
        } => places(text, starts, |at| {
            around(node, *ahead, text, at) != *negative
        }),
    }
}

fn places(text: &[u32], starts: u64, holds: impl Fn(usize) -> bool) -> u64 {
    (0..=text.len())
        .filter(|&at| starts >> at & 1 == 1 && holds(at))
        .fold(0, |all, at| all | 1 << at)
}

fn around(node: &Node, ahead: bool, text: &[u32], at: usize) -> bool {
    if ahead {
        ends(node, text, 1 << at) != 0
    } else {
        ends(node, text, (2 << at) - 1) >> at & 1 == 1
    }
}

fn holds(look: &Look, text: &[u32], at: usize) -> bool {
    let before = at.checked_sub(1).map(|i| text[i]);
    let after = text.get(at).copied();
    match look {
        Look::Prev { set, start } => before.map_or(*start, |s| set.contains(s)),
        Look::Next { set, end } => after.map_or(*end, |s| set.contains(s)),
        Look::Boundary { word, negative } => {
            let is = |symbol: Option<u32>| symbol.is_some_and(|s| word.contains(s));
            (is(before) != is(after)) != *negative
        }
    }
}

/// An engine that tries one way after the other, greedy ways first. A round of a loop that reads
/// nothing ends the loop.
struct Engine<'a> {
    text: &'a [u32],
    steps: u64,
}

/// Steps that nobody waits for the end of.
pub const PATIENCE: u64 = 200_000;

type Then<'t> = &'t mut dyn FnMut(&mut Engine<'_>, usize) -> bool;

impl Engine<'_> {
    fn run(&mut self, node: &Node, at: usize, then: Then<'_>) -> bool {
        if self.steps == PATIENCE {
            return false;
        }
        self.steps += 1;
        match node {
            Node::Empty => then(self, at),
            Node::Set(set) => {
                self.text.get(at).is_some_and(|&s| set.contains(s)) && then(self, at + 1)
            }
            Node::Concat(nodes) => self.all(nodes, at, then),
            Node::Alt(nodes) => nodes.iter().any(|node| self.run(node, at, then)),
            Node::Repeat { node, min, max } => self.again(node, *min, *max, at, then),
            Node::Look(look) => holds(look, self.text, at) && then(self, at),
            Node::Around {
                node,
                ahead,
                negative,
            } => around(node, *ahead, self.text, at) != *negative && then(self, at),
        }
    }

    fn all(&mut self, nodes: &[Node], at: usize, then: Then<'_>) -> bool {
        match nodes.split_first() {
            None => then(self, at),
            Some((first, rest)) => {
                self.run(first, at, &mut |engine, at| engine.all(rest, at, then))
            }
        }
    }

    fn again(
        &mut self,
        node: &Node,
        min: u32,
        max: Option<u32>,
        at: usize,
        then: Then<'_>,
    ) -> bool {
        let more = max != Some(0)
            && self.run(node, at, &mut |engine, to| {
                (to > at || min > 0)
                    && engine.again(node, min.saturating_sub(1), max.map(|m| m - 1), to, then)
            });
        more || (min == 0 && then(self, at))
    }
}

/// All texts over an alphabet up to a length, the shortest first.
pub fn texts(alphabet: &[char], longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..longest {
        let to = all.len();
        for i in from..to {
            all.extend(
                alphabet
                    .iter()
                    .map(|c| format!("{}{c}", all[i]))
                    .collect::<Vec<_>>(),
            );
        }
        from = to;
    }
    all
}
