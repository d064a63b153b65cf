//! A pattern as a nondeterministic automaton with look-around (Thompson's construction).

use std::collections::HashMap;

use super::ast::{Look, Node};
use super::class::Set;
use super::dialect::{Alphabet, Mode};

/// Patterns that need more states than this are not modelled.
pub const MAX_STATES: usize = 60_000;

/// One state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Reads one symbol of a set.
    Set {
        /// Index into [`Nfa::sets`].
        set: u32,
        /// Where it leads.
        next: u32,
    },
    /// Goes on at any of [`Nfa::targets`].
    Split {
        /// Where they begin in [`Nfa::splits`].
        from: u32,
        /// Where they end.
        to: u32,
    },
    /// Goes on where a condition on the neighbours holds.
    Look {
        /// Index into [`Nfa::looks`].
        look: u32,
        /// Where it leads.
        next: u32,
    },
    /// Goes on where (or, negative, only where not) the text that follows has a prefix that the
    /// automaton at `start` matches.
    Ahead {
        /// First state of the look-ahead; it ends in [`State::MatchAny`].
        start: u32,
        /// `(?!…)`
        negative: bool,
        /// Where it leads.
        next: u32,
    },
    /// Goes on where (or where not) the text before has a suffix that matches.
    Behind {
        /// Index into [`Nfa::behinds`].
        index: u32,
        /// `(?<!…)`
        negative: bool,
        /// Where it leads.
        next: u32,
    },
    /// A match, whatever follows.
    MatchAny,
    /// A match if the text ends here.
    MatchEnd,
}

/// An automaton over the symbols of one alphabet.
#[derive(Clone, Debug)]
pub struct Nfa {
    /// All states.
    pub states: Vec<State>,
    /// The first state.
    pub start: u32,
    /// Where splits lead, those of one after those of another.
    pub splits: Vec<u32>,
    /// The sets that states read.
    pub sets: Vec<Set>,
    /// The conditions that states test.
    pub looks: Vec<Look>,
    /// First states of the look-behinds, inner ones before those that contain them; they end in
    /// [`State::MatchEnd`].
    pub behinds: Vec<u32>,
    /// What a symbol is.
    pub alphabet: Alphabet,
    /// For each state that reads a set: which set of the pattern it came from, in the order of
    /// the text (copies that a repetition makes share a number).
    pub origins: Vec<u32>,
}

/// Why there is no automaton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// More than [`MAX_STATES`].
    TooLarge,
    /// A look-ahead inside a look-behind.
    AheadInBehind,
}

impl std::fmt::Display for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BuildError::TooLarge => write!(f, "more than {MAX_STATES} states"),
            BuildError::AheadInBehind => f.write_str("a look-ahead inside a look-behind"),
        }
    }
}

impl std::error::Error for BuildError {}

impl Nfa {
    /// Builds the automaton of the texts in which `node` matches in `mode`.
    ///
    /// # Errors
    /// [`BuildError`] where it would be too large or is not modelled.
    pub fn new(node: &Node, alphabet: Alphabet, mode: Mode) -> Result<Nfa, BuildError> {
        let mut builder = Builder {
            nfa: Nfa {
                states: Vec::new(),
                start: 0,
                splits: Vec::new(),
                sets: Vec::new(),
                looks: Vec::new(),
                behinds: Vec::new(),
                alphabet,
                origins: Vec::new(),
            },
            sets: HashMap::new(),
            looks: HashMap::new(),
            in_behind: false,
            in_around: 0,
            next_origin: 0,
        };
        let end = builder.push(match mode {
            Mode::Full => State::MatchEnd,
            _ => State::MatchAny,
        })?;
        let mut start = builder.node(node, end)?;
        if matches!(mode, Mode::Search | Mode::FullGrouped) {
            let any = Set::range(0, alphabet.max());
            let around = builder.push(State::Split { from: 0, to: 0 })?;
            builder.in_around += 1;
            let skip = builder.set(&any, around, NO_ORIGIN)?;
            builder.in_around -= 1;
            builder.split_at(around, &[start, skip]);
            start = around;
        }
        let mut nfa = builder.nfa;
        nfa.start = start;
        nfa.states.shrink_to_fit();
        nfa.splits.shrink_to_fit();
        nfa.origins.shrink_to_fit();
        nfa.sets.shrink_to_fit();
        Ok(nfa)
    }

    /// Where a [`State::Split`] leads, the preferred way first; nothing for another state.
    pub fn targets(&self, state: &State) -> &[u32] {
        match state {
            State::Split { from, to } => self
                .splits
                .get(*from as usize..*to as usize)
                .unwrap_or_default(),
            _ => &[],
        }
    }
}

/// The origin of states that no set of the pattern made.
pub const NO_ORIGIN: u32 = u32::MAX;

struct Builder {
    nfa: Nfa,
    sets: HashMap<Set, u32>,
    looks: HashMap<Look, u32>,
    in_behind: bool,
    /// Inside look-around, whose symbols are not part of the match.
    in_around: u32,
    next_origin: u32,
}

impl Builder {
    fn push(&mut self, state: State) -> Result<u32, BuildError> {
        if self.nfa.states.len() >= MAX_STATES {
            return Err(BuildError::TooLarge);
        }
        self.nfa.states.push(state);
        self.nfa.origins.push(NO_ORIGIN);
        u32::try_from(self.nfa.states.len() - 1).map_err(|_| BuildError::TooLarge)
    }

    fn split(&mut self, targets: &[u32]) -> Result<u32, BuildError> {
        let at = self.push(State::Split { from: 0, to: 0 })?;
        self.split_at(at, targets);
        Ok(at)
    }

    /// Says where the split that was pushed as `at` leads.
    fn split_at(&mut self, at: u32, targets: &[u32]) {
        let from = self.nfa.splits.len() as u32;
        self.nfa.splits.extend_from_slice(targets);
        let to = self.nfa.splits.len() as u32;
        self.nfa.states[at as usize] = State::Split { from, to };
    }

    fn set(&mut self, set: &Set, next: u32, origin: u32) -> Result<u32, BuildError> {
        let index = match self.sets.get(set) {
            Some(&index) => index,
            None => {
                let index = self.nfa.sets.len() as u32;
                self.nfa.sets.push(set.clone());
                self.sets.insert(set.clone(), index);
                index
            }
        };
        let state = self.push(State::Set { set: index, next })?;
        if self.in_around == 0
            && let Some(place) = self.nfa.origins.last_mut()
        {
            *place = origin;
        }
        Ok(state)
    }

    /// The states of `node` that lead to `next`; returns the first.
    fn node(&mut self, node: &Node, next: u32) -> Result<u32, BuildError> {
        match node {
            Node::Empty => Ok(next),
            Node::Set(set) => {
                let origin = self.next_origin;
                self.next_origin += 1;
                self.set(set, next, origin)
            }
            Node::Concat(nodes) => self.concat(nodes, next),
            Node::Alt(nodes) => {
                let mut targets = Vec::with_capacity(nodes.len());
                for node in nodes {
                    targets.push(self.node(node, next)?);
                }
                self.split(&targets)
            }
            Node::Repeat { node, min, max } => self.repeat(node, *min, *max, next),
            Node::Look(look) => {
                let look = self.look(look);
                self.push(State::Look { look, next })
            }
            Node::Around {
                node,
                ahead,
                negative,
            } => {
                let negative = *negative;
                if *ahead {
                    let start = self.ahead(node)?;
                    self.push(State::Ahead {
                        start,
                        negative,
                        next,
                    })
                } else {
                    let index = self.behind(node)?;
                    self.push(State::Behind {
                        index,
                        negative,
                        next,
                    })
                }
            }
        }
    }

    fn concat(&mut self, nodes: &[Node], next: u32) -> Result<u32, BuildError> {
        // Origins count in the order of the text, states are made from the end.
        let first = self.next_origin;
        let starts: Vec<u32> = nodes
            .iter()
            .scan(first, |sum, node| {
                let here = *sum;
                *sum += count_sets(node);
                Some(here)
            })
            .collect();
        let mut target = next;
        for (node, origin) in nodes.iter().zip(&starts).rev() {
            self.next_origin = *origin;
            target = self.node(node, target)?;
        }
        self.next_origin = first + nodes.iter().map(count_sets).sum::<u32>();
        Ok(target)
    }

    fn repeat(
        &mut self,
        node: &Node,
        min: u32,
        max: Option<u32>,
        next: u32,
    ) -> Result<u32, BuildError> {
        if max.is_none() && min == 0 && self.reads_all(node, next) {
            self.next_origin += 1;
            return self.push(State::MatchAny);
        }
        let origin = self.next_origin;
        let again = |builder: &mut Builder, target| {
            builder.next_origin = origin;
            builder.node(node, target)
        };
        let mut target = next;
        match max {
            None => {
                let split = self.push(State::Split { from: 0, to: 0 })?;
                let inner = again(self, split)?;
                self.split_at(split, &[inner, next]);
                target = split;
            }
            Some(max) => {
                for _ in min..max {
                    let inner = again(self, target)?;
                    target = self.split(&[inner, next])?;
                }
            }
        }
        for _ in 0..min {
            target = again(self, target)?;
        }
        self.next_origin = origin + count_sets(node);
        Ok(target)
    }

    /// Whether `node` again and again is anything up to the end: a match, whatever follows.
    fn reads_all(&self, node: &Node, next: u32) -> bool {
        self.nfa.states.get(next as usize) == Some(&State::MatchEnd)
            && !self.in_behind
            && *node == Node::Set(Set::range(0, self.nfa.alphabet.max()))
    }

    /// The number of a condition on the neighbours.
    fn look(&mut self, look: &Look) -> u32 {
        if let Some(&index) = self.looks.get(look) {
            return index;
        }
        let index = self.nfa.looks.len() as u32;
        self.nfa.looks.push(look.clone());
        self.looks.insert(look.clone(), index);
        index
    }

    /// The first state of a look-ahead.
    fn ahead(&mut self, node: &Node) -> Result<u32, BuildError> {
        if self.in_behind {
            return Err(BuildError::AheadInBehind);
        }
        self.around(node, State::MatchAny)
    }

    /// The number of a look-behind.
    fn behind(&mut self, node: &Node) -> Result<u32, BuildError> {
        let outer = std::mem::replace(&mut self.in_behind, true);
        let start = self.around(node, State::MatchEnd)?;
        self.in_behind = outer;
        let index = self.nfa.behinds.len() as u32;
        self.nfa.behinds.push(start);
        Ok(index)
    }

    /// The first state of what looks around and ends so.
    fn around(&mut self, node: &Node, end: State) -> Result<u32, BuildError> {
        self.in_around += 1;
        let end = self.push(end)?;
        let start = self.node(node, end)?;
        self.in_around -= 1;
        Ok(start)
    }
}

/// How many sets a node contains as written.
fn count_sets(node: &Node) -> u32 {
    match node {
        Node::Empty | Node::Look(_) => 0,
        Node::Set(_) => 1,
        Node::Concat(nodes) | Node::Alt(nodes) => nodes.iter().map(count_sets).sum(),
        Node::Repeat { node, .. } | Node::Around { node, .. } => count_sets(node),
    }
}
