//! Several automata walked side by side over their common alphabet: the ground on which relations
//! are decided and witnesses are found. Imports [`super::alphabet`], [`super::automaton`].

use super::alphabet::{self, JointClass};
use super::automaton::{ALL, Automaton, CapReached, DEAD, StateId};
use super::hash::Table;

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
    nodes: Vec<Box<[StateId]>>,
    ids: Table<Box<[StateId]>, NodeId>,
    accepts: Vec<Option<Box<[bool]>>>,
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
            nodes: Vec::new(),
            ids: Table::default(),
            accepts: Vec::new(),
            budget,
            steps: 0,
            scratch: Vec::new(),
        };
        let start: Vec<StateId> = product.parts.iter().map(|part| part.start()).collect();
        product.intern(start);
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
        self.nodes.is_empty()
    }

    /// The states of a node.
    pub fn states(&self, node: NodeId) -> &[StateId] {
        self.nodes.get(node as usize).map_or(&[], |states| states)
    }

    fn intern(&mut self, states: Vec<StateId>) -> NodeId {
        if let Some(&id) = self.ids.get(states.as_slice()) {
            return id;
        }
        let id = self.nodes.len() as NodeId;
        let states: Box<[StateId]> = states.into();
        self.nodes.push(states.clone());
        self.ids.insert(states, id);
        self.accepts.push(None);
        id
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
            let state = self
                .nodes
                .get(node as usize)
                .and_then(|n| n.get(i))
                .copied()
                .unwrap_or(DEAD);
            let symbol = self
                .classes
                .get(class)
                .and_then(|c| c.parts.get(i))
                .copied()
                .unwrap_or(0);
            let to = match self.parts.get_mut(i) {
                Some(_) if state == DEAD || state == ALL => state,
                Some(part) => part.step(state, symbol)?,
                None => DEAD,
            };
            next.push(to);
        }
        let known = self.ids.get(next.as_slice()).copied();
        let id = match known {
            Some(id) => id,
            None => {
                if self.nodes.len() >= self.budget.nodes {
                    self.scratch = next;
                    return Err(CapReached);
                }
                let id = self.intern(next.clone());
                self.scratch = next;
                return Ok(id);
            }
        };
        self.scratch = next;
        Ok(id)
    }

    /// Which automata accept if the text ends here.
    pub fn accepts(&mut self, node: NodeId) -> Box<[bool]> {
        if let Some(Some(known)) = self.accepts.get(node as usize) {
            return known.clone();
        }
        let states = self.nodes.get(node as usize).cloned().unwrap_or_default();
        let bits: Box<[bool]> = states
            .iter()
            .zip(self.parts.iter_mut())
            .map(|(&state, part)| part.accepts_here(state))
            .collect();
        if let Some(slot) = self.accepts.get_mut(node as usize) {
            *slot = Some(bits.clone());
        }
        bits
    }
}

/// The text that leads to a place of a walk; for each place the one before it and the class that
/// led here, `usize::MAX` for the first.
pub fn text_to(parents: &[(usize, usize)], classes: &[JointClass], mut at: usize) -> String {
    let mut out = Vec::new();
    while let Some(&(from, class)) = parents.get(at) {
        if from == usize::MAX {
            break;
        }
        out.push(classes.get(class).map_or('?', |c| c.sample));
        at = from;
    }
    out.iter().rev().collect()
}
