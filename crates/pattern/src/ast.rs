//! What a pattern means once its dialect has been applied: one tree for all dialects. Flags,
//! escapes, classes and the meaning of `^`, `$`, `.` and `\b` are resolved by the parser; what is
//! left is regular-expression algebra with look-around.

use super::class::Set;

/// A pattern without its dialect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// The empty string.
    Empty,
    /// One symbol out of a set; the empty set matches nothing.
    Set(Set),
    /// One after the other.
    Concat(Vec<Node>),
    /// Any of these; no branch at all matches nothing.
    Alt(Vec<Node>),
    /// `min` to `max` times; without `max` without end.
    Repeat {
        /// What is repeated.
        node: Box<Node>,
        /// Fewest times.
        min: u32,
        /// Most times.
        max: Option<u32>,
    },
    /// A condition on the symbols on both sides of a place.
    Look(Look),
    /// `(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)`
    Around {
        /// What must match (or must not).
        node: Box<Node>,
        /// After the place, else before it.
        ahead: bool,
        /// Must not match.
        negative: bool,
    },
}

/// A condition on the two neighbours of a place between symbols.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Look {
    /// The symbol before is in the set, or this is the start and `start` holds.
    Prev {
        /// Symbols that may stand before.
        set: Set,
        /// Whether the start of the text does as well.
        start: bool,
    },
    /// The symbol after is in the set, or this is the end and `end` holds.
    Next {
        /// Symbols that may stand after.
        set: Set,
        /// Whether the end of the text does as well.
        end: bool,
    },
    /// Exactly one neighbour is in the set (`\b`); or, negated, both or none (`\B`).
    Boundary {
        /// Word symbols.
        word: Set,
        /// `\B`
        negative: bool,
    },
}

impl Node {
    /// The tree without what only looks: conditions and look-arounds.
    pub(crate) fn without_conditions(&self) -> Node {
        let bare = |nodes: &[Node]| nodes.iter().map(Node::without_conditions).collect();
        match self {
            Node::Look(_) | Node::Around { .. } => Node::Empty,
            Node::Concat(nodes) => Node::concat(bare(nodes)),
            Node::Alt(nodes) => Node::alt(bare(nodes)),
            Node::Repeat { node, min, max } => Node::repeat(node.without_conditions(), *min, *max),
            other => other.clone(),
        }
    }

    /// The start of the text, `\A`.
    pub fn start() -> Node {
        Node::Look(Look::Prev {
            set: Set::empty(),
            start: true,
        })
    }

    /// The very end of the text, `\z`.
    pub fn end() -> Node {
        Node::Look(Look::Next {
            set: Set::empty(),
            end: true,
        })
    }

    /// What matches nothing.
    pub fn never() -> Node {
        Node::Set(Set::empty())
    }

    /// Exactly these symbols in this order.
    pub fn literal(symbols: impl IntoIterator<Item = u32>) -> Node {
        Node::concat(
            symbols
                .into_iter()
                .map(|s| Node::Set(Set::single(s)))
                .collect(),
        )
    }

    /// One after the other, flattened.
    pub fn concat(nodes: Vec<Node>) -> Node {
        let mut out = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node {
                Node::Empty => {}
                Node::Concat(inner) => out.extend(inner),
                other => out.push(other),
            }
        }
        match out.len() {
            0 => Node::Empty,
            1 => out.remove(0),
            _ => Node::Concat(out),
        }
    }

    /// Any of these, flattened.
    pub fn alt(nodes: Vec<Node>) -> Node {
        let mut out = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node {
                Node::Alt(inner) => out.extend(inner),
                other => out.push(other),
            }
        }
        if out.len() == 1 {
            return out.remove(0);
        }
        Node::Alt(out)
    }

    /// `node` from `min` to `max` times.
    pub fn repeat(node: Node, min: u32, max: Option<u32>) -> Node {
        match (min, max) {
            (1, Some(1)) => node,
            (_, Some(0)) => Node::Empty,
            _ => Node::Repeat {
                node: Box::new(node),
                min,
                max,
            },
        }
    }

    /// `(?=node)` or, negative, `(?!node)`.
    pub fn ahead(node: Node, negative: bool) -> Node {
        Node::Around {
            node: Box::new(node),
            ahead: true,
            negative,
        }
    }

    /// `(?<=node)` or, negative, `(?<!node)`.
    pub fn behind(node: Node, negative: bool) -> Node {
        Node::Around {
            node: Box::new(node),
            ahead: false,
            negative,
        }
    }

    /// Shortest and longest match in symbols (`None`: without end), assertions counted as empty.
    pub fn width(&self) -> (u64, Option<u64>) {
        match self {
            Node::Empty | Node::Look(_) | Node::Around { .. } => (0, Some(0)),
            Node::Set(_) => (1, Some(1)),
            Node::Concat(nodes) => nodes.iter().fold((0, Some(0)), |sum, node| {
                let (min, max) = node.width();
                (
                    u64::saturating_add(sum.0, min),
                    sum.1.zip(max).map(|(a, b)| u64::saturating_add(a, b)),
                )
            }),
            Node::Alt(nodes) => {
                let widths: Vec<_> = nodes.iter().map(Node::width).collect();
                let min = widths.iter().map(|w| w.0).min().unwrap_or(0);
                let max = widths
                    .iter()
                    .map(|w| w.1)
                    .try_fold(0, |max: u64, w| w.map(|w| max.max(w)));
                (min, max)
            }
            Node::Repeat { node, min, max } => {
                let (low, high) = node.width();
                let most = match (high, max) {
                    (Some(0), _) => Some(0),
                    (Some(high), Some(max)) => Some(high.saturating_mul(u64::from(*max))),
                    _ => None,
                };
                (low.saturating_mul(u64::from(*min)), most)
            }
        }
    }
}
