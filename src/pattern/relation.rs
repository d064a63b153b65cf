//! How two languages relate, proved by walking both automata side by side, with the shortest
//! texts that show it. Imports [`super::automaton`], [`super::product`].

use std::fmt;

use super::automaton::{ALL, Automaton, CapReached, DEAD};
use super::product::{self, Budget, Product};

/// How two sets of texts relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The same texts; proved by exhausting the product.
    Equal,
    /// Every text of the first is in the second, not the other way round.
    Subset,
    /// Every text of the second is in the first, not the other way round.
    Superset,
    /// Some in both, some in only the first, some in only the second.
    Overlap,
    /// No text in both; at least one of the languages is not empty.
    Disjoint,
    /// A limit was reached before this could be decided.
    Unknown,
}

impl Kind {
    /// The word in output.
    pub fn id(self) -> &'static str {
        match self {
            Kind::Equal => "equal",
            Kind::Subset => "subset",
            Kind::Superset => "superset",
            Kind::Overlap => "overlap",
            Kind::Disjoint => "disjoint",
            Kind::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A text that shows something: the shortest, and the shortest of printable ASCII.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// No shorter text shows it; among those of that length printable ASCII is preferred, then
    /// the one that reads best.
    pub shortest: Option<String>,
    /// The shortest of printable ASCII only, where there is one within the limits.
    pub printable: Option<String>,
}

/// The relation of two languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// What was proved.
    pub kind: Kind,
    /// In the first, not in the second.
    pub a_only: Witness,
    /// In the second, not in the first.
    pub b_only: Witness,
    /// In both.
    pub both: Witness,
}

/// Compares two languages within a budget.
pub fn compare(a: &mut Automaton, b: &mut Automaton, budget: Budget) -> Relation {
    let mut product = Product::new(vec![a, b], budget);
    let (found, complete) = walk(&mut product, false, [true; 3]);
    let mut printable = if found.iter().flatten().all(|text| is_printable(text)) {
        found.clone()
    } else {
        let wanted = [0, 1, 2].map(|i| found.get(i).is_some_and(Option::is_some));
        walk(&mut product, true, wanted).0
    };
    for (plain, all) in printable.iter_mut().zip(&found) {
        if all.is_none() {
            *plain = None;
        }
    }
    let kind = match (&found[0], &found[1], &found[2]) {
        (Some(_), Some(_), Some(_)) => Kind::Overlap,
        _ if !complete => Kind::Unknown,
        (None, None, _) => Kind::Equal,
        (None, Some(_), Some(_)) => Kind::Subset,
        (Some(_), None, Some(_)) => Kind::Superset,
        // One of them is empty: the empty language is a subset of everything, but "no text in
        // both" says more.
        (_, _, None) => Kind::Disjoint,
    };
    let mut witnesses = found
        .into_iter()
        .zip(printable)
        .map(|(shortest, printable)| {
            // The same length and printable reads better.
            let shortest = match (&shortest, &printable) {
                (Some(s), Some(p)) if s.chars().count() == p.chars().count() => printable.clone(),
                _ => shortest,
            };
            Witness {
                shortest,
                printable,
            }
        });
    Relation {
        kind,
        a_only: witnesses.next().unwrap_or_default(),
        b_only: witnesses.next().unwrap_or_default(),
        both: witnesses.next().unwrap_or_default(),
    }
}

/// The shortest text on which two languages differ; `Ok(None)` where they are proved equal.
///
/// # Errors
/// [`CapReached`] where the budget did not suffice.
pub fn difference(
    a: &mut Automaton,
    b: &mut Automaton,
    budget: Budget,
) -> Result<Option<String>, CapReached> {
    let mut product = Product::new(vec![a, b], budget);
    let goals = [true, true, false];
    let (found, complete) = walk_until(&mut product, false, goals, true);
    match found.into_iter().flatten().next() {
        Some(text) => Ok(Some(text)),
        None if complete => Ok(None),
        None => Err(CapReached),
    }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7F).contains(&b))
}

fn walk(
    product: &mut Product<'_>,
    printable: bool,
    wanted: [bool; 3],
) -> ([Option<String>; 3], bool) {
    walk_until(product, printable, wanted, false)
}

/// Breadth-first over the product: the first text of each kind that is wanted (only the first,
/// only the second, both), and whether everything reachable was seen.
fn walk_until(
    product: &mut Product<'_>,
    printable: bool,
    wanted: [bool; 3],
    first_only: bool,
) -> ([Option<String>; 3], bool) {
    let mut found: [Option<String>; 3] = [None, None, None];
    let classes: Vec<usize> = (0..product.classes().len())
        .filter(|&i| !printable || product.classes().get(i).is_some_and(|c| c.printable))
        .collect();
    // Order of the walk: node and how it was reached.
    let mut order = vec![product.start()];
    let mut parents: Vec<(usize, usize)> = vec![(usize::MAX, 0)];
    let mut seen = vec![true];
    let mut complete = true;
    let mut at = 0;
    while let Some(&node) = order.get(at) {
        let bits = product.accepts(node);
        let slot = match (bits.first(), bits.get(1)) {
            (Some(true), Some(false)) => Some(0),
            (Some(false), Some(true)) => Some(1),
            (Some(true), Some(true)) => Some(2),
            _ => None,
        };
        if let Some(slot) = slot
            && wanted.get(slot).copied().unwrap_or(false)
            && let Some(place) = found.get_mut(slot)
            && place.is_none()
        {
            *place = Some(product::text_to(&parents, product.classes(), at));
            if first_only {
                return (found, false);
            }
        }
        let open = (0..3).any(|i| {
            wanted.get(i).copied().unwrap_or(false) && found.get(i).is_some_and(Option::is_none)
        });
        if !open {
            return (found, complete && at + 1 == order.len());
        }
        if hopeless(product.states(node), &wanted, &found) {
            at += 1;
            continue;
        }
        for &class in &classes {
            let Ok(next) = product.step(node, class) else {
                complete = false;
                continue;
            };
            if seen.len() <= next as usize {
                seen.resize(next as usize + 1, false);
            }
            if let Some(mark) = seen.get_mut(next as usize)
                && !*mark
            {
                *mark = true;
                order.push(next);
                parents.push((at, class));
            }
        }
        if !complete {
            // What is in the queue may still hold witnesses, but the limit is for all of them.
            return (found, false);
        }
        at += 1;
    }
    (found, complete)
}

/// Whether nothing that is still wanted can come from here.
fn hopeless(states: &[u32], wanted: &[bool; 3], found: &[Option<String>; 3]) -> bool {
    let open = |i: usize| {
        wanted.get(i).copied().unwrap_or(false) && found.get(i).is_some_and(Option::is_none)
    };
    match (states.first(), states.get(1)) {
        (Some(&a), Some(&b)) => {
            let only_a = a != DEAD && b != ALL;
            let only_b = b != DEAD && a != ALL;
            let both = a != DEAD && b != DEAD;
            !((only_a && open(0)) || (only_b && open(1)) || (both && open(2)))
        }
        _ => true,
    }
}
