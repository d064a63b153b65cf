//! Several automata walked side by side over their common alphabet: the ground on which relations
//! are decided and witnesses are found.

use super::alphabet::{self, JointClass};
use super::arena::Arena;
use super::automaton::{ALL, Automaton, CapReached, DEAD, StateId};

/// A node of a product: one state of each automaton.
pub type NodeId = u32;

/// What a search may cost.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Nodes of the product.
    pub nodes: usize,
    /// Steps from node to node.
    pub steps: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            nodes: 100_000,
            steps: 2_000_000,
        }
    }
}

/// Automata that read the same text.
pub struct Product<'a> {
    parts: Vec<&'a mut Automaton>,
    classes: Vec<JointClass>,
    nodes: Arena<StateId>,
    budget: Budget,
    steps: usize,
    scratch: Vec<StateId>,
}

impl<'a> Product<'a> {
    /// Nothing is walked yet.
    pub fn new(parts: Vec<&'a mut Automaton>, budget: Budget) -> Product<'a> {
        let all: Vec<_> = parts.iter().map(|part| part.classes()).collect();
        let classes = alphabet::join(&all);
        let mut product = Product {
            parts,
            classes,
            nodes: Arena::default(),
            budget,
            steps: 0,
            scratch: Vec::new(),
        };
        let start: Vec<StateId> = product.parts.iter().map(|part| part.start()).collect();
        product.nodes.intern(&start);
        product
    }

    /// The common alphabet, the friendliest class first.
    pub fn classes(&self) -> &[JointClass] {
        &self.classes
    }

    /// The classes of a character in each automaton.
    pub fn parts_of(&self, c: char) -> Vec<u16> {
        self.parts
            .iter()
            .map(|part| part.classes().class(u32::from(c)))
            .collect()
    }

    /// The node before the first symbol.
    pub fn start(&self) -> NodeId {
        0
    }

    /// How many nodes were met.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no node was met: never.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 0
    }

    /// The states of a node.
    pub fn states(&self, node: NodeId) -> &[StateId] {
        self.nodes.get(node)
    }

    /// Where the class with this index leads.
    ///
    /// # Errors
    /// [`CapReached`] where a limit of an automaton or of the product is reached.
    pub fn step(&mut self, node: NodeId, class: usize) -> Result<NodeId, CapReached> {
        self.steps += 1;
        if self.steps > self.budget.steps {
            return Err(CapReached);
        }
        let mut next = std::mem::take(&mut self.scratch);
        next.clear();
        for i in 0..self.parts.len() {
            let state = self.nodes.get(node)[i];
            let symbol = self.classes[class].parts[i];
            let part = &mut self.parts[i];
            let to = match state {
                DEAD | ALL => state,
                _ => part.step(state, symbol).inspect_err(|_| part.tire())?,
            };
            next.push(to);
        }
        let id = match self.nodes.find(&next) {
            Some(id) => Ok(id),
            None if self.nodes.len() >= self.budget.nodes => Err(CapReached),
            None => Ok(self.nodes.intern(&next)),
        };
        self.scratch = next;
        id
    }

    /// Which automata accept if the text ends here.
    pub fn accepts(&mut self, node: NodeId) -> Vec<bool> {
        self.nodes
            .get(node)
            .iter()
            .zip(self.parts.iter_mut())
            .map(|(&state, part)| part.accepts_here(state))
            .collect()
    }
}

/// How each place of a walk was reached: the place before it and the class that was read.
#[derive(Debug)]
pub struct Trail(Vec<(u32, u32)>);

/// A walk that stands at its first place, number 0.
impl Default for Trail {
    fn default() -> Trail {
        Trail(vec![Trail::FIRST])
    }
}

impl Trail {
    const FIRST: (u32, u32) = (u32::MAX, 0);

    /// One more place.
    pub fn push(&mut self, from: usize, class: usize) {
        self.0.push((from as u32, class as u32));
    }

    /// The place before a place; `None` at the first.
    pub fn before(&self, at: usize) -> Option<usize> {
        let step = self.0.get(at).filter(|step| **step != Trail::FIRST)?;
        Some(step.0 as usize)
    }

    /// From a place back to the first: each place on the way but the first, and the class that led
    /// there.
    pub fn back(&self, at: usize) -> impl Iterator<Item = (usize, usize)> {
        std::iter::successors(Some(at), |&at| self.before(at)).filter_map(|at| {
            self.before(at)
                .and(self.0.get(at))
                .map(|step| (at, step.1 as usize))
        })
    }

    /// The text that leads to a place.
    pub fn text(&self, classes: &[JointClass], at: usize) -> String {
        let mut out: Vec<char> = self
            .back(at)
            .map(|(_, class)| classes[class].sample)
            .collect();
        out.reverse();
        out.into_iter().collect()
    }
}
