//! Walks over what all plausible readings have in common: the shortest string that all accept, the
//! graph that samples are taken from.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::automaton::{Automaton, CapReached, DEAD};
use super::product::{Budget, NodeId, Product, Trail};
use super::reading::{Acceptor, Language};

/// Strings longer than this are not made.
pub const MAX_SAMPLE: u64 = 100_000;

const BUDGET: Budget = Budget {
    nodes: 30_000,
    steps: 400_000,
};

/// The lengths that all deciders allow, for strings of printable ASCII.
pub fn window(deciders: &[Acceptor]) -> (u64, Option<u64>) {
    let min = deciders.iter().map(|d| d.min).max().unwrap_or(0);
    let max = deciders.iter().filter_map(|d| d.max).min();
    (min, max)
}

/// The product of the languages that the deciders use. `None` where one of them is not known.
pub fn product<'a>(bank: &'a mut [Automaton], deciders: &[Acceptor]) -> Option<Product<'a>> {
    let mut wanted = BTreeSet::new();
    for decider in deciders {
        match decider.language {
            Language::Known(index) => {
                wanted.insert(index);
            }
            Language::Any => {}
            Language::Unknown => return None,
        }
    }
    let parts: Vec<&mut Automaton> = bank
        .iter_mut()
        .enumerate()
        .filter(|(index, _)| wanted.contains(index))
        .map(|(_, automaton)| automaton)
        .collect();
    Some(Product::new(parts, BUDGET))
}

/// The shortest string, friendliest first, that all deciders accept; lengths count in characters
/// (the caller checks strings that are not ASCII). `Ok(None)`: there is none, proved.
///
/// # Errors
/// [`CapReached`] where the search was not finished, or a language is not known.
pub fn shortest(
    bank: &mut [Automaton],
    deciders: &[Acceptor],
    printable: bool,
) -> Result<Option<String>, CapReached> {
    let (min, max) = window(deciders);
    if max.is_some_and(|max| max < min) {
        return Ok(None);
    }
    if min > MAX_SAMPLE {
        return Err(CapReached);
    }
    if deciders.is_empty() {
        return Err(CapReached);
    }
    let Some(mut product) = product(bank, deciders) else {
        return Err(CapReached);
    };
    let min = min as usize;
    let classes: Vec<usize> = (0..product.classes().len())
        .filter(|&i| !printable || product.classes()[i].printable)
        .collect();
    if product.states(product.start()).is_empty() {
        // Nothing but bounds.
        return Ok(Some("a".repeat(min)));
    }
    // Up to the shortest length allowed the length is part of the place.
    let mut order: Vec<(NodeId, usize)> = vec![(product.start(), 0)];
    let mut trail = Trail::default();
    let mut depths: Vec<usize> = vec![0];
    let mut seen: HashSet<(NodeId, usize)> = HashSet::from([(product.start(), 0)]);
    let mut at = 0;
    while let Some(&(node, counted)) = order.get(at) {
        let depth = depths[at];
        if max.is_some_and(|max| depth as u64 > max) {
            return Ok(None);
        }
        if counted >= min && product.accepts(node).iter().all(|&accepts| accepts) {
            return Ok(Some(trail.text(product.classes(), at)));
        }
        if !product.states(node).contains(&DEAD) {
            for &class in &classes {
                let next = (product.step(node, class)?, (counted + 1).min(min));
                if seen.insert(next) {
                    if seen.len() > 300_000 {
                        return Err(CapReached);
                    }
                    order.push(next);
                    trail.push(at, class);
                    depths.push(depth + 1);
                }
            }
        }
        at += 1;
    }
    Ok(None)
}

/// The graph of everything that may still become surely valid: nodes of the product with their
/// steps by class, from which no automaton is dead.
pub struct Graph {
    /// For each node the steps as (class, node); printable classes only.
    pub steps: Vec<Vec<(usize, usize)>>,
    /// Whether all accept.
    pub accepting: Vec<bool>,
    /// The sample of each class.
    pub samples: Vec<char>,
    /// Which class each printable character is in.
    pub class_of: BTreeMap<char, usize>,
}

/// More nodes than this are not looked at; samples then come from the part near the start.
const GRAPH_NODES: usize = 8_000;

/// Builds the graph, breadth first.
pub fn graph(bank: &mut [Automaton], deciders: &[Acceptor]) -> Option<Graph> {
    let mut product = product(bank, deciders)?;
    let classes: Vec<usize> = (0..product.classes().len())
        .filter(|&i| product.classes()[i].printable)
        .collect();
    let samples: Vec<char> = product.classes().iter().map(|c| c.sample).collect();
    let mut by_parts: BTreeMap<Vec<u16>, usize> = BTreeMap::new();
    for (i, class) in product.classes().iter().enumerate() {
        by_parts.insert(class.parts.clone(), i);
    }
    let mut number: BTreeMap<NodeId, usize> = BTreeMap::from([(product.start(), 0)]);
    let mut order = vec![product.start()];
    let mut graph = Graph {
        steps: Vec::new(),
        accepting: Vec::new(),
        samples,
        class_of: BTreeMap::new(),
    };
    let mut at = 0;
    while let Some(&node) = order.get(at) {
        graph
            .accepting
            .push(product.accepts(node).iter().all(|&accepts| accepts));
        let mut steps = Vec::new();
        for &class in &classes {
            let Ok(next) = product.step(node, class) else {
                break;
            };
            if product.states(next).contains(&DEAD) {
                continue;
            }
            let index = match number.get(&next) {
                Some(&index) => index,
                None if order.len() >= GRAPH_NODES => continue,
                None => {
                    let index = order.len();
                    number.insert(next, index);
                    order.push(next);
                    index
                }
            };
            steps.push((class, index));
        }
        graph.steps.push(steps);
        at += 1;
    }
    for c in super::alphabet::FRIENDLY.chars() {
        let parts = product.parts_of(c);
        if let Some(&class) = by_parts.get(&parts) {
            graph.class_of.insert(c, class);
        }
    }
    Some(graph)
}

/// A set of nodes, a bit each: there may be thousands of sets of thousands.
struct Nodes(Vec<u64>);

impl Nodes {
    /// Of the nodes in turn, those that are in it.
    fn of(members: impl Iterator<Item = bool>) -> Nodes {
        let mut words = Vec::new();
        for (node, member) in members.enumerate() {
            if node % 64 == 0 {
                words.push(0);
            }
            if let Some(word) = words.last_mut() {
                *word |= u64::from(member) << (node % 64);
            }
        }
        words.shrink_to_fit();
        Nodes(words)
    }

    fn has(&self, node: usize) -> bool {
        self.0
            .get(node / 64)
            .is_some_and(|word| word >> (node % 64) & 1 == 1)
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

impl Graph {
    /// The longest accepted string of at most `most` characters; `None` where there is none or
    /// where, without `most`, strings have no longest.
    pub fn longest(&self, most: Option<u64>) -> Option<String> {
        let nodes = self.steps.len();
        let limit = match most {
            Some(most) => most.min(MAX_SAMPLE) as usize,
            None => nodes,
        };
        let work: usize = self.steps.iter().map(Vec::len).sum::<usize>().max(1);
        if most.is_none() && nodes > 2_000 {
            return None;
        }
        let limit = limit.min(20_000_000 / work);
        // live[k][n]: from n an accepting node is exactly k steps away.
        let mut live = vec![Nodes::of(self.accepting.iter().copied())];
        let mut best = self.accepting.first().copied()?.then_some(0);
        for k in 1..=limit {
            let previous = live.last()?;
            let layer = Nodes::of(
                self.steps
                    .iter()
                    .map(|steps| steps.iter().any(|&(_, to)| previous.has(to))),
            );
            if layer.is_empty() {
                break;
            }
            if layer.has(0) {
                best = Some(k);
            }
            live.push(layer);
        }
        let best = best?;
        if most.is_none() && best >= limit {
            return None;
        }
        let (mut node, mut out) = (0, String::new());
        for k in (0..best).rev() {
            let layer = live.get(k)?;
            let &(class, next) = self
                .steps
                .get(node)?
                .iter()
                .find(|&&(_, to)| layer.has(to))?;
            out.push(self.samples.get(class).copied()?);
            node = next;
        }
        Some(out)
    }
}
