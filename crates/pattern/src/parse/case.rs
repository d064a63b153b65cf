//! Literals under a flag that ignores case: single symbols, and, in Perl and Onigmo, several that
//! one symbol stands for (`ss` and `ß`).

use super::super::ast::Node;
use super::super::class::Set;
use super::super::dialect::{Dialect, Family};
use super::super::fold;
use super::{Parsed, Parser};

/// Foldings that overlap in more symbols than this are not modelled: each may be read in two ways.
const LONGEST: usize = 10;

/// The symbols with which a match of a node may begin or end.
fn edge(node: &Node, end: bool) -> Set {
    match node {
        Node::Set(set) => set.clone(),
        Node::Alt(nodes) => nodes
            .iter()
            .fold(Set::empty(), |all, node| all.union(&edge(node, end))),
        Node::Concat(nodes) => {
            let mut nodes: Vec<&Node> = nodes.iter().collect();
            if end {
                nodes.reverse();
            }
            let mut all = Set::empty();
            for node in nodes {
                all = all.union(&edge(node, end));
                if node.width().0 > 0 {
                    break;
                }
            }
            all
        }
        Node::Repeat { node, .. } => edge(node, end),
        Node::Empty | Node::Look(_) | Node::Around { .. } => Set::empty(),
    }
}

impl Parser {
    /// One symbol. (No escape of the dialects that work on units stands for more than one of them.)
    pub(super) fn symbol(&self, symbol: u32) -> Node {
        if self.folds_many() {
            self.literal.set(Some(symbol));
        }
        Node::Set(self.folded_symbol(symbol))
    }

    fn wide(&self) -> Option<bool> {
        match self.family {
            Family::Java => Some(self.flags.unicode_case),
            _ => self.flags.unicode,
        }
    }

    /// A set with the case variants of its members, where case is ignored.
    pub(super) fn folded(&self, set: Set) -> Set {
        if !self.flags.ignore_case {
            return set;
        }
        self.set(&fold::fold(&set, self.dialect, self.wide()))
    }

    /// A symbol with its case variants, where case is ignored.
    pub(super) fn folded_symbol(&self, symbol: u32) -> Set {
        if !self.flags.ignore_case {
            return Set::single(symbol);
        }
        self.set(&fold::fold_symbol(symbol, self.dialect, self.wide()))
    }

    /// Whether one symbol may stand for several here.
    pub(super) fn folds_many(&self) -> bool {
        self.flags.ignore_case && (self.family == Family::Ruby || self.dialect == Dialect::Perl)
    }

    /// The parts of a sequence, neighbouring literals joined.
    pub(super) fn join_literals(&self, nodes: Vec<Node>, literals: &[Option<u32>]) -> Parsed<Node> {
        let mut out = Vec::with_capacity(nodes.len());
        let mut run: Vec<u32> = Vec::new();
        self.check_parts(&nodes, literals)?;
        for (i, node) in nodes.into_iter().enumerate() {
            match literals.get(i).copied().flatten() {
                Some(symbol) => run.push(symbol),
                None => {
                    out.push(self.run(&std::mem::take(&mut run))?);
                    out.push(node);
                }
            }
        }
        out.push(self.run(&run)?);
        Ok(Node::concat(out))
    }

    /// Whether letters of neighbouring parts, of which not both are literals, fold into one symbol:
    /// Perl and Onigmo join them or not as they put the parts together.
    pub(super) fn check_parts(&self, nodes: &[Node], literals: &[Option<u32>]) -> Parsed<()> {
        if !self.folds_many() && literals.iter().all(Option::is_none) {
            return Ok(());
        }
        let mut before = Set::empty();
        for (i, node) in nodes.iter().enumerate() {
            // Perl does not join what is repeated.
            if self.dialect == Dialect::Perl && matches!(node, Node::Repeat { .. }) {
                before = Set::empty();
                continue;
            }
            let literal = |i: usize| literals.get(i).copied().flatten().is_some();
            let joins = |pair: &[u32]| matches!(pair, [a, b] if before.contains(*a) && edge(node, false).contains(*b));
            if i > 0
                && !(literal(i) && literal(i - 1))
                && fold::longer()
                    .iter()
                    .any(|(_, folding)| folding.windows(2).any(joins))
            {
                return Err(self.unsupported("letters that fold into one, in several parts"));
            }
            if *node != Node::Empty {
                before = edge(node, true);
            }
        }
        Ok(())
    }

    /// Literals under full case folding: a symbol of the text may stand for several of them.
    pub(super) fn run(&self, symbols: &[u32]) -> Parsed<Node> {
        let folded: Vec<u32> = symbols.iter().flat_map(|&s| fold::folding(s)).collect();
        // Onigmo looks for what several letters stand for before it folds one into several.
        if self.family == Family::Ruby && symbols.len() > 1 && folded.len() > symbols.len() {
            return Err(self.unsupported("a letter that folds into several among others"));
        }
        // Whatever the flag is by now: it was on where the literals stood.
        let variants = |symbol: u32| fold::fold_symbol(symbol, self.dialect, None);
        // Which symbols stand for what begins at a place, by its length.
        let joined = |at: usize| -> Vec<(usize, Set)> {
            let rest = folded.get(at..).unwrap_or_default();
            let mut by_length: Vec<(usize, Set)> = Vec::new();
            for (symbol, folding) in fold::longer() {
                let fits = folding.len() <= rest.len()
                    && folding
                        .iter()
                        .zip(rest)
                        .all(|(&a, &b)| a == b || variants(a).contains(b));
                if fits {
                    by_length.push((folding.len(), Set::single(*symbol)));
                }
            }
            by_length
        };
        let mut nodes = Vec::new();
        let mut at = 0;
        while at < folded.len() {
            // Up to a place over which no folding reaches.
            let mut end = at + 1;
            let mut here = at;
            while here < end {
                for (length, _) in joined(here) {
                    end = end.max(here + length);
                }
                here += 1;
            }
            if end - at > LONGEST {
                return Err(self.unsupported("many letters that fold into one another"));
            }
            // From the end: `tails[i]` is what may follow from `at + i` on.
            let mut tails = vec![Node::Empty];
            for place in (at..end).rev() {
                let mut ways = vec![Node::concat(vec![
                    Node::Set(variants(folded.get(place).copied().unwrap_or(0))),
                    tails.last().cloned().unwrap_or(Node::Empty),
                ])];
                for (length, set) in joined(place) {
                    let tail = (end - place).checked_sub(length).and_then(|i| tails.get(i));
                    ways.push(Node::concat(vec![
                        Node::Set(set),
                        tail.cloned().unwrap_or(Node::Empty),
                    ]));
                }
                tails.push(Node::alt(ways));
            }
            nodes.push(tails.pop().unwrap_or(Node::Empty));
            at = end;
        }
        Ok(Node::concat(nodes))
    }

    /// What members of a class stand for beside themselves: several symbols each.
    pub(super) fn longer_members(&self, members: &Set) -> Parsed<Vec<Node>> {
        let mut out: Vec<Node> = Vec::new();
        for (symbol, folding) in fold::longer() {
            if members.contains(*symbol) {
                let node = self.run(folding)?;
                if !out.contains(&node) {
                    out.push(node);
                }
            }
        }
        Ok(out)
    }
}
