//! The reading states of a pattern as a graph, and the two shapes in it that cost time.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::super::alphabet::{Classes, FRIENDLY};
use super::super::ast::Node;
use super::super::automaton::{Automaton, DEAD};
use super::super::class::Set;
use super::super::dialect::{Alphabet, Mode};
use super::super::nfa::{Nfa, State};
use super::{Attack, MAX_POSITIONS};

/// The reading states of a pattern without its conditions, and in how many ways one follows
/// another.
pub(super) struct Machine {
    /// Symbol classes that each reads.
    reads: Vec<Vec<u16>>,
    /// Followers, with whether there is more than one way without reading.
    next: Vec<Vec<(usize, bool)>>,
    first: Vec<usize>,
    /// Strongly connected component of each.
    component: Vec<usize>,
    /// Whether a component holds a cycle.
    cyclic: Vec<bool>,
    samples: Vec<char>,
}

impl Machine {
    pub(super) fn new(node: &Node, alphabet: Alphabet, mode: Mode) -> Option<Machine> {
        let bare = node.without_conditions();
        let mode = if anchored(node) && mode == Mode::Search {
            Mode::Prefix
        } else {
            mode
        };
        let nfa = Nfa::new(&bare, alphabet, mode).ok()?;
        let mut number: HashMap<u32, usize> = HashMap::new();
        for (q, state) in nfa.states.iter().enumerate() {
            if matches!(state, State::Set { .. }) {
                number.insert(q as u32, number.len());
            }
        }
        if number.len() > MAX_POSITIONS {
            return None;
        }
        let sets: Vec<&Set> = nfa.sets.iter().collect();
        let classes = Classes::of(&sets, alphabet.max())?;
        let mut samples = vec!['\u{0}'; usize::from(classes.count())];
        let mut fill = |symbol: u32, force: bool| {
            let slot = &mut samples[usize::from(classes.class(symbol))];
            if let Some(c) = char::from_u32(symbol)
                && (force || *slot == '\u{0}')
            {
                *slot = c;
            }
        };
        for &(from, _) in classes.stretches() {
            fill(from, false);
        }
        for c in FRIENDLY.chars().rev() {
            fill(u32::from(c), true);
        }
        let mut member = vec![BTreeSet::new(); nfa.sets.len()];
        for &(from, class) in classes.stretches() {
            for (set, classes) in nfa.sets.iter().zip(&mut member) {
                if set.contains(from) {
                    classes.insert(class);
                }
            }
        }
        let (mut reads, mut next) = (
            vec![Vec::new(); number.len()],
            vec![Vec::new(); number.len()],
        );
        for (q, state) in nfa.states.iter().enumerate() {
            let (State::Set { set, next: to }, Some(&i)) = (state, number.get(&(q as u32))) else {
                continue;
            };
            reads[i] = member[*set as usize].iter().copied().collect();
            next[i] = follow(&nfa, *to, &number)?;
        }
        let first = follow(&nfa, nfa.start, &number)?
            .into_iter()
            .map(|(to, _)| to)
            .collect();
        let (component, cyclic) = components(&next);
        Some(Machine {
            reads,
            next,
            first,
            component,
            cyclic,
            samples,
        })
    }

    fn loops(&self, q: usize) -> bool {
        self.cyclic[self.component[q]]
    }

    fn same(&self, a: usize, b: usize) -> bool {
        self.component[a] == self.component[b]
    }

    fn common(&self, a: usize, b: usize) -> Option<u16> {
        let (left, right) = (&self.reads[a], &self.reads[b]);
        left.iter().find(|class| right.contains(class)).copied()
    }

    fn edges(&self, q: usize) -> &[(usize, bool)] {
        &self.next[q]
    }

    fn sample(&self, class: u16) -> char {
        self.samples[usize::from(class)]
    }

    /// EDA: a state and a text that leads back to it in two ways. `None`: not known;
    /// `Some(None)`: there is none.
    #[allow(clippy::type_complexity)]
    pub(super) fn exponential(&self, steps: &mut usize) -> Option<Option<(usize, String)>> {
        // Two ways without reading between two states of one loop.
        for q in 0..self.next.len() {
            for &(to, many) in self.edges(q) {
                if many && self.loops(q) && self.same(q, to) {
                    let back = self.path(to, q, steps)?;
                    let class = self.reads.get(to)?.first().copied()?;
                    return Some(Some((q, format!("{}{back}", self.sample(class)))));
                }
            }
        }
        // Two different states of one loop that are reached from one by one text and lead back by
        // one text.
        for q in 0..self.next.len() {
            if !self.loops(q) {
                continue;
            }
            // Forward over pairs from (q, q), within the component.
            let mut parent: HashMap<(usize, usize), ((usize, usize), u16)> = HashMap::new();
            let mut queue = VecDeque::from([(q, q)]);
            while let Some((a, b)) = queue.pop_front() {
                for &(x, _) in self.edges(a) {
                    for &(y, _) in self.edges(b) {
                        *steps = steps.checked_sub(1)?;
                        if !self.same(x, q) || !self.same(y, q) {
                            continue;
                        }
                        let Some(class) = self.common(x, y) else {
                            continue;
                        };
                        if (x, y) == (q, q) && a != b {
                            // Back by two ways.
                            let mut text = vec![self.sample(class)];
                            let mut at = (a, b);
                            while let Some(&(before, class)) = parent.get(&at) {
                                text.push(self.sample(class));
                                at = before;
                            }
                            return Some(Some((q, text.iter().rev().collect())));
                        }
                        if (x, y) != (q, q) && !parent.contains_key(&(x, y)) {
                            parent.insert((x, y), ((a, b), class));
                            queue.push_back((x, y));
                        }
                    }
                }
            }
        }
        Some(None)
    }

    /// A text from a state to another within a loop.
    fn path(&self, from: usize, to: usize, steps: &mut usize) -> Option<String> {
        if from == to {
            return Some(String::new());
        }
        let mut parent: HashMap<usize, usize> = HashMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(q) = queue.pop_front() {
            for &(x, _) in self.edges(q) {
                *steps = steps.checked_sub(1)?;
                if x != from && !parent.contains_key(&x) {
                    parent.insert(x, q);
                    queue.push_back(x);
                }
            }
            if parent.contains_key(&to) {
                break;
            }
        }
        let mut text = Vec::new();
        let mut at = to;
        while at != from {
            let class = self.reads.get(at)?.first().copied()?;
            text.push(self.sample(class));
            at = *parent.get(&at)?;
        }
        Some(text.iter().rev().collect())
    }

    /// IDA: chains of loops in which neighbours share a text. The longest chains first, as degree,
    /// first state and text. `None`: not known.
    pub(super) fn polynomial(&self, steps: &mut usize) -> Option<Vec<(u32, usize, String)>> {
        let looping: Vec<usize> = (0..self.next.len()).filter(|&q| self.loops(q)).collect();
        // One state for each loop is enough where loops are single states; larger ones are tried
        // from each of their states.
        let mut links: Vec<(usize, usize, String)> = Vec::new();
        let mut linked: HashSet<(usize, usize)> = HashSet::new();
        for &p in &looping {
            for &q in &looping {
                let pair = (self.component[p], self.component[q]);
                if pair.0 == pair.1 || linked.contains(&pair) {
                    continue;
                }
                if let Some(text) = self.linked(p, q, steps)? {
                    linked.insert(pair);
                    links.push((p, q, text));
                }
            }
        }
        let chains = chains(&linked);
        let mut best: Vec<(u32, usize, String)> = Vec::new();
        for (p, _, text) in &links {
            let start = self.component[*p];
            let degree = 1 + chains.get(&start).copied().unwrap_or(0);
            best.push((degree, *p, text.clone()));
        }
        best.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        Some(best)
    }

    /// A text that loops at `p`, leads from `p` to `q`, and loops at `q`.
    #[allow(clippy::type_complexity)]
    fn linked(&self, p: usize, q: usize, steps: &mut usize) -> Option<Option<String>> {
        type Triple = (usize, usize, usize);
        let mut parent: HashMap<Triple, (Triple, u16)> = HashMap::new();
        let start = (p, p, q);
        let mut queue = VecDeque::from([start]);
        while let Some((a, b, c)) = queue.pop_front() {
            for &(x, _) in self.edges(a) {
                if !self.same(x, p) {
                    continue;
                }
                for &(z, _) in self.edges(c) {
                    if !self.same(z, q) {
                        continue;
                    }
                    for &(y, _) in self.edges(b) {
                        *steps = steps.checked_sub(1)?;
                        let Some(class) = self.common3(x, y, z) else {
                            continue;
                        };
                        let to = (x, y, z);
                        if to == (p, q, q) {
                            let mut text = vec![self.sample(class)];
                            let mut at = (a, b, c);
                            while let Some(&(before, class)) = parent.get(&at) {
                                text.push(self.sample(class));
                                at = before;
                            }
                            return Some(Some(text.iter().rev().collect()));
                        }
                        if to != start && !parent.contains_key(&to) {
                            parent.insert(to, ((a, b, c), class));
                            queue.push_back(to);
                        }
                    }
                }
            }
        }
        Some(None)
    }

    fn common3(&self, a: usize, b: usize, c: usize) -> Option<u16> {
        let (x, y, z) = (self.reads.get(a)?, self.reads.get(b)?, self.reads.get(c)?);
        x.iter()
            .find(|class| y.contains(class) && z.contains(class))
            .copied()
    }

    /// A text that leads to a state.
    fn reach(&self, to: usize) -> Option<String> {
        let mut parent: HashMap<usize, Option<usize>> = HashMap::new();
        let mut queue = VecDeque::new();
        for &q in &self.first {
            if parent.insert(q, None).is_none() {
                queue.push_back(q);
            }
        }
        while let Some(q) = queue.pop_front() {
            for &(x, _) in self.edges(q) {
                if let Entry::Vacant(place) = parent.entry(x) {
                    place.insert(Some(q));
                    queue.push_back(x);
                }
            }
        }
        let mut text = Vec::new();
        let mut at = Some(to);
        while let Some(q) = at {
            let class = self.reads.get(q)?.first().copied()?;
            text.push(self.sample(class));
            at = *parent.get(&q)?;
        }
        Some(text.iter().rev().collect())
    }

    /// The whole attack, if there is a text after it that is refused.
    pub(super) fn attack(
        &self,
        automaton: &mut Automaton,
        at: usize,
        pump: &str,
    ) -> Option<Attack> {
        let prefix = self.reach(at)?;
        let mut state = automaton.start();
        for c in prefix.chars().chain(pump.repeat(40).chars()) {
            let class = automaton.classes().class(u32::from(c));
            state = automaton.step(state, class).ok()?;
        }
        let mut tried: Vec<(u32, String)> = vec![(state, String::new())];
        let mut seen = HashSet::from([state]);
        let mut i = 0;
        while let Some((state, suffix)) = tried.get(i).cloned() {
            i += 1;
            if tried.len() > 400 {
                continue;
            }
            if state == DEAD || !automaton.accepts_here(state) {
                // Failing at once costs nothing: something must follow the loops.
                if !(suffix.is_empty() && state == DEAD) {
                    return Some(Attack {
                        prefix,
                        pump: pump.to_owned(),
                        suffix,
                    });
                }
                continue;
            }
            for c in FRIENDLY.chars().rev().chain(['\n', '\u{0}']) {
                let class = automaton.classes().class(u32::from(c));
                let Ok(next) = automaton.step(state, class) else {
                    continue;
                };
                if seen.insert(next) {
                    tried.push((next, format!("{suffix}{c}")));
                }
            }
        }
        None
    }
}

/// The most links in a row from each component. What comes after a component does not lead back to
/// it, so there is a longest chain, and every round settles at least those that are one link longer.
fn chains(linked: &HashSet<(usize, usize)>) -> HashMap<usize, u32> {
    let mut longest: HashMap<usize, u32> = HashMap::new();
    for _ in 0..linked.len() {
        let mut settled = true;
        for (from, to) in linked {
            let longer = 1 + longest.get(to).copied().unwrap_or(0);
            let known = longest.entry(*from).or_default();
            if *known < longer {
                *known = longer;
                settled = false;
            }
        }
        if settled {
            break;
        }
    }
    longest
}

fn anchored(node: &Node) -> bool {
    match node {
        Node::Concat(nodes) => nodes.first().is_some_and(anchored),
        Node::Alt(nodes) => !nodes.is_empty() && nodes.iter().all(anchored),
        other => *other == Node::start(),
    }
}

/// Reading states that can be reached without reading, and whether in more than one way.
fn follow(nfa: &Nfa, from: u32, number: &HashMap<u32, usize>) -> Option<Vec<(usize, bool)>> {
    let mut ways: HashMap<usize, u32> = HashMap::new();
    // A loop is a split whose first branch is the body. Engines do not go around a body without
    // reading, but they leave a loop and enter it again ((a*)*). The number of paths is limited,
    // patterns with more are not analysed.
    let mut stack: Vec<(u32, Vec<(u32, usize)>)> = vec![(from, Vec::new())];
    let mut limit = 20_000;
    while let Some((q, path)) = stack.pop() {
        limit -= 1;
        if limit == 0 {
            return None;
        }
        if let Some(&i) = number.get(&q) {
            *ways.entry(i).or_default() += 1;
            continue;
        }
        let before: Vec<usize> = path.iter().filter(|p| p.0 == q).map(|p| p.1).collect();
        if before.contains(&0) || before.len() > 1 {
            continue;
        }
        if let Some(split) = nfa.states.get(q as usize) {
            for (branch, &target) in nfa.targets(split).iter().enumerate() {
                let mut longer = path.clone();
                longer.push((q, branch));
                stack.push((target, longer));
            }
        }
    }
    let mut out: Vec<(usize, bool)> = ways.into_iter().map(|(i, n)| (i, n > 1)).collect();
    out.sort_unstable();
    Some(out)
}

/// Strongly connected components (Tarjan, without recursion) and which of them hold a cycle.
fn components(next: &[Vec<(usize, bool)>]) -> (Vec<usize>, Vec<bool>) {
    let n = next.len();
    let (mut index, mut low) = (vec![usize::MAX; n], vec![0usize; n]);
    let (mut component, mut on) = (vec![usize::MAX; n], vec![false; n]);
    let (mut stack, mut cyclic, mut counter) = (Vec::new(), Vec::new(), 0);
    for root in 0..n {
        if index[root] != usize::MAX {
            continue;
        }
        let mut work = vec![(root, 0usize)];
        while let Some(&(q, i)) = work.last() {
            if i == 0 {
                index[q] = counter;
                low[q] = counter;
                counter += 1;
                stack.push(q);
                on[q] = true;
            }
            if let Some(&(to, _)) = next[q].get(i) {
                if let Some(top) = work.last_mut() {
                    top.1 += 1;
                }
                if index[to] == usize::MAX {
                    work.push((to, 0));
                } else if on[to] {
                    low[q] = low[q].min(index[to]);
                }
                continue;
            }
            work.pop();
            if let Some(&(parent, _)) = work.last() {
                low[parent] = low[parent].min(low[q]);
            }
            if low[q] == index[q] {
                let id = cyclic.len();
                let mut size = 0;
                while let Some(member) = stack.pop() {
                    on[member] = false;
                    component[member] = id;
                    size += 1;
                    if member == q {
                        break;
                    }
                }
                let own = next[q].iter().any(|&(to, _)| to == q);
                cyclic.push(size > 1 || own);
            }
        }
    }
    (component, cyclic)
}
