//! The language of a pattern as a deterministic automaton over code points that is built while it
//! is walked.
//!
//! A state of the automaton is a set of *threads*; a thread is a state of the [`Nfa`] and the
//! look-aheads that it still owes (*obligations*), each again a set of threads. Conditions on the
//! next symbol are decided when that symbol is read, conditions on the previous one are part of
//! the state, look-behinds run along as sets of their own. So `$` before a final line feed and
//! Unicode `\b` need no special machine, and nesting works by recursion. States are interned:
//! equal sets are equal numbers, and the number of states is capped.
//!
//! Imports [`super::alphabet`], [`super::class`], [`super::hash`], [`super::nfa`].

use super::alphabet::{Classes, Spelling};
use super::ast::Look;
use super::class::Set;
use super::hash::Table;
use super::nfa::{Nfa, State};

/// A state of an [`Automaton`]; valid for that automaton only.
pub type StateId = u32;

/// No continuation is accepted.
pub const DEAD: StateId = 0;
/// Every continuation is accepted.
pub const ALL: StateId = 1;

/// The automaton needs more states than the limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapReached;

/// What an automaton may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Deterministic states.
    pub states: usize,
    /// Threads in all interned sets.
    pub threads: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            states: 20_000,
            threads: 1_000_000,
        }
    }
}

type SetId = u32;
type ObsId = u32;
const NO_SET: SetId = 0;
const ALL_SET: SetId = 1;
const NO_OBS: ObsId = 0;
const UNKNOWN: u32 = u32::MAX;

/// A state of the NFA and what it owes.
type Thread = (u32, ObsId);
/// A look-ahead that was entered: negative or not, and where it stands.
type Obligation = (bool, SetId);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// What of the previous symbol matters.
    kind: u16,
    main: SetId,
    behinds: Box<[SetId]>,
}

/// What the conditions say about one place.
struct Place {
    kind: u16,
    /// Class of the next symbol; `None` at the end.
    next: Option<u16>,
    behind: Vec<bool>,
}

/// A deterministic automaton, built on demand.
pub struct Automaton {
    nfa: Nfa,
    units: Classes,
    spelling: Option<Spelling>,
    limits: Limits,
    /// `member[set * classes + class]`
    member: Vec<bool>,
    /// The same for each look: its set.
    look_member: Vec<bool>,
    /// Kind of each class as a previous symbol.
    kind_of: Vec<u16>,
    /// For each kind: for each look, whether the previous symbol is in its set (or is the start).
    kinds: Vec<Vec<bool>>,
    start_kind: u16,
    sets: Vec<Box<[Thread]>>,
    set_ids: Table<Box<[Thread]>, SetId>,
    obs: Vec<Box<[Obligation]>>,
    obs_ids: Table<Box<[Obligation]>, ObsId>,
    states: Vec<Key>,
    state_ids: Table<Key, StateId>,
    /// Symbol steps, `states × units`.
    steps: Vec<StateId>,
    /// Code point steps where symbols are not code points, `states × points`.
    point_steps: Vec<StateId>,
    accepting: Vec<Option<bool>>,
    /// The set in which each look-ahead begins, by its first state.
    ahead_starts: Table<u32, SetId>,
    threads: usize,
    /// Scratch: visited NFA states without obligations.
    seen: Vec<u32>,
    round: u32,
    start: StateId,
    /// Work done so far, in threads moved; callers may watch it.
    pub work: u64,
}

impl std::fmt::Debug for Automaton {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Automaton")
            .field("nfa_states", &self.nfa.states.len())
            .field("states", &self.states.len())
            .field("classes", &self.units.count())
            .finish_non_exhaustive()
    }
}

impl Automaton {
    /// Prepares an automaton; no state is built yet. `None` where the alphabet has too many
    /// classes to model.
    pub fn new(nfa: Nfa, limits: Limits) -> Option<Automaton> {
        let empty = Set::empty();
        let mut all: Vec<&Set> = nfa.sets.iter().collect();
        for look in &nfa.looks {
            all.push(match look {
                Look::Prev { set, .. } | Look::Next { set, .. } => set,
                Look::Boundary { word, .. } => word,
            });
        }
        all.push(&empty);
        let units = Classes::of(&all, nfa.alphabet.max())?;
        let spelling = match nfa.alphabet {
            super::dialect::Alphabet::CodePoints => None,
            other => Some(Spelling::new(&units, other)?),
        };
        let count = usize::from(units.count());
        let mut samples = vec![0u32; count];
        for &(from, class) in units.stretches() {
            if let Some(place) = samples.get_mut(usize::from(class)) {
                *place = from;
            }
        }
        let table = |sets: &mut dyn Iterator<Item = &Set>| -> Vec<bool> {
            sets.flat_map(|set| samples.iter().map(|&s| set.contains(s)).collect::<Vec<_>>())
                .collect()
        };
        let member = table(&mut nfa.sets.iter());
        let look_member = table(&mut all.iter().skip(nfa.sets.len()).copied());
        let mut kinds: Vec<Vec<bool>> = Vec::new();
        let mut kind = |bits: Vec<bool>| -> u16 {
            let at = kinds.iter().position(|k| *k == bits).unwrap_or_else(|| {
                kinds.push(bits);
                kinds.len() - 1
            });
            at as u16
        };
        let start_kind = kind(
            nfa.looks
                .iter()
                .map(|look| matches!(look, Look::Prev { start: true, .. }))
                .collect(),
        );
        let kind_of = (0..count)
            .map(|class| {
                kind(
                    nfa.looks
                        .iter()
                        .enumerate()
                        .map(|(i, look)| match look {
                            Look::Next { .. } => false,
                            _ => look_member.get(i * count + class).copied().unwrap_or(false),
                        })
                        .collect(),
                )
            })
            .collect();
        let seen = vec![0; nfa.states.len()];
        let mut automaton = Automaton {
            nfa,
            units,
            spelling,
            limits,
            member,
            look_member,
            kind_of,
            kinds,
            start_kind,
            sets: Vec::new(),
            set_ids: Table::default(),
            obs: Vec::new(),
            obs_ids: Table::default(),
            states: Vec::new(),
            state_ids: Table::default(),
            steps: Vec::new(),
            point_steps: Vec::new(),
            accepting: Vec::new(),
            ahead_starts: Table::default(),
            threads: 0,
            seen,
            round: 0,
            start: DEAD,
            work: 0,
        };
        automaton.clear();
        Some(automaton)
    }

    /// Forgets all states; ids given out before are void.
    pub fn clear(&mut self) {
        self.sets.clear();
        self.set_ids.clear();
        self.obs.clear();
        self.obs_ids.clear();
        self.states.clear();
        self.state_ids.clear();
        self.steps.clear();
        self.point_steps.clear();
        self.accepting.clear();
        self.threads = 0;
        // Set 0 and 1 are "nothing" and "everything"; neither has threads of its own.
        self.sets.push(Box::default());
        self.set_ids.insert(Box::default(), NO_SET);
        self.sets.push(Box::default());
        self.obs.push(Box::default());
        self.obs_ids.insert(Box::default(), NO_OBS);
        for main in [NO_SET, ALL_SET] {
            let id = self.push_state(Key {
                kind: 0,
                main,
                behinds: Box::default(),
            });
            let width = self.units.count().into();
            self.steps
                .truncate(id as usize * usize::from(self.units.count()));
            self.steps.extend(std::iter::repeat_n(id, width));
            if let Some(spelling) = &self.spelling {
                let width = usize::from(spelling.points.count());
                self.point_steps.truncate(id as usize * width);
                self.point_steps.extend(std::iter::repeat_n(id, width));
            }
        }
        if let Some(place) = self.accepting.get_mut(0) {
            *place = Some(false);
        }
        if let Some(place) = self.accepting.get_mut(1) {
            *place = Some(true);
        }
        let aheads: Vec<u32> = self
            .nfa
            .states
            .iter()
            .filter_map(|state| match state {
                State::Ahead { start, .. } => Some(*start),
                _ => None,
            })
            .collect();
        self.ahead_starts.clear();
        for start in aheads {
            let set = self.spread(vec![(start, NO_OBS)]);
            self.ahead_starts.insert(start, set);
        }
        let main = self.spread(vec![(self.nfa.start, NO_OBS)]);
        let behinds = self.behind_starts(vec![NO_SET; self.nfa.behinds.len()]);
        let kind = self.start_kind;
        self.start = self.intern_state(kind, main, behinds);
    }

    /// As [`Automaton::clear`], and gives the memory back.
    pub fn shrink(&mut self) {
        self.clear();
        self.sets.shrink_to_fit();
        self.set_ids.shrink_to_fit();
        self.obs.shrink_to_fit();
        self.obs_ids.shrink_to_fit();
        self.states.shrink_to_fit();
        self.state_ids.shrink_to_fit();
        self.steps.shrink_to_fit();
        self.point_steps.shrink_to_fit();
        self.accepting.shrink_to_fit();
    }

    /// The state before the first symbol.
    pub fn start(&self) -> StateId {
        self.start
    }

    /// The classes of code points that [`Automaton::step`] takes.
    pub fn classes(&self) -> &Classes {
        match &self.spelling {
            Some(spelling) => &spelling.points,
            None => &self.units,
        }
    }

    /// The underlying automaton.
    pub fn nfa(&self) -> &Nfa {
        &self.nfa
    }

    /// How many states have been built.
    pub fn built(&self) -> usize {
        self.states.len()
    }

    /// Where a code point of `class` leads.
    ///
    /// # Errors
    /// [`CapReached`] where that state is new and the limit is reached.
    pub fn step(&mut self, state: StateId, class: u16) -> Result<StateId, CapReached> {
        let Some(spelling) = &self.spelling else {
            return self.unit_step(state, class);
        };
        let at = state as usize * usize::from(spelling.points.count()) + usize::from(class);
        match self.point_steps.get(at) {
            Some(&to) if to != UNKNOWN => return Ok(to),
            _ => {}
        }
        let symbols = spelling
            .symbols
            .get(usize::from(class))
            .cloned()
            .unwrap_or_default();
        let mut to = state;
        for symbol in symbols {
            to = self.unit_step(to, symbol)?;
        }
        if let Some(place) = self.point_steps.get_mut(at) {
            *place = to;
        }
        Ok(to)
    }

    fn unit_step(&mut self, state: StateId, class: u16) -> Result<StateId, CapReached> {
        let at = state as usize * usize::from(self.units.count()) + usize::from(class);
        match self.steps.get(at) {
            Some(&to) if to != UNKNOWN => return Ok(to),
            _ => {}
        }
        if self.states.len() >= self.limits.states || self.threads >= self.limits.threads {
            return Err(CapReached);
        }
        let Some(key) = self.states.get(state as usize).cloned() else {
            return Ok(DEAD);
        };
        let (place, closed_behinds) = self.place(&key, Some(class));
        let mut memo = Table::default();
        let main = self.advance(key.main, &place, class, &mut memo);
        let to = if main == NO_SET {
            DEAD
        } else if main == ALL_SET {
            ALL
        } else {
            let moved: Vec<SetId> = closed_behinds
                .into_iter()
                .map(|closed| self.moved(&closed, &place, class, &mut memo))
                .collect();
            let behinds = self.behind_starts(moved);
            let kind = self.kind_of.get(usize::from(class)).copied().unwrap_or(0);
            self.intern_state(kind, main, behinds)
        };
        if let Some(slot) = self.steps.get_mut(at) {
            *slot = to;
        }
        Ok(to)
    }

    /// Whether the text may end here.
    pub fn accepts_here(&mut self, state: StateId) -> bool {
        if let Some(Some(known)) = self.accepting.get(state as usize) {
            return *known;
        }
        let Some(key) = self.states.get(state as usize).cloned() else {
            return false;
        };
        let (place, _) = self.place(&key, None);
        let accepts = self.holds_at_end(key.main, &place);
        if let Some(slot) = self.accepting.get_mut(state as usize) {
            *slot = Some(accepts);
        }
        accepts
    }

    /// Whether `text` is in the language; forgets states when there are too many, so memory is
    /// bounded. Time is linear in `text` for a given automaton.
    ///
    /// # Errors
    /// [`CapReached`] where a single state is over the limit.
    pub fn decide(&mut self, text: &str) -> Result<bool, CapReached> {
        let mut state = self.start;
        for c in text.chars() {
            if state == DEAD || state == ALL {
                break;
            }
            let class = self.classes().class(u32::from(c));
            state = match self.step(state, class) {
                Ok(next) => next,
                Err(CapReached) => {
                    state = self.restart_from(state);
                    self.step(state, class)?
                }
            };
        }
        Ok(self.accepts_here(state))
    }

    /// As [`Automaton::decide`]; what cannot be decided is not accepted.
    pub fn accepts(&mut self, text: &str) -> bool {
        self.decide(text).unwrap_or(false)
    }

    /// Forgets everything but one state; returns its new number.
    fn restart_from(&mut self, state: StateId) -> StateId {
        let Some(key) = self.states.get(state as usize).cloned() else {
            return DEAD;
        };
        let sets = std::mem::take(&mut self.sets);
        let obs = std::mem::take(&mut self.obs);
        self.clear();
        let mut memo = Table::default();
        let main = self.copy_set(&sets, &obs, key.main, &mut memo);
        let behinds = key
            .behinds
            .iter()
            .map(|&set| self.copy_set(&sets, &obs, set, &mut memo))
            .collect();
        self.intern_state(key.kind, main, behinds)
    }

    fn copy_set(
        &mut self,
        sets: &[Box<[Thread]>],
        obs: &[Box<[Obligation]>],
        set: SetId,
        memo: &mut Table<SetId, SetId>,
    ) -> SetId {
        if set <= ALL_SET {
            return set;
        }
        if let Some(&known) = memo.get(&set) {
            return known;
        }
        let threads: Vec<Thread> = sets
            .get(set as usize)
            .map(|t| t.to_vec())
            .unwrap_or_default();
        let threads = threads
            .into_iter()
            .map(|(q, owed)| {
                let list: Vec<Obligation> = obs
                    .get(owed as usize)
                    .map(|o| o.to_vec())
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(negative, s)| (negative, self.copy_set(sets, obs, s, memo)))
                    .collect();
                (q, self.intern_obs(list))
            })
            .collect();
        let copy = self.intern_set(threads);
        memo.insert(set, copy);
        copy
    }

    // ── places ──

    /// What holds between the previous symbol and the next: look-behinds are closed in order, so
    /// that inner ones are known when outer ones ask. Also returns the closed look-behinds.
    fn place(&mut self, key: &Key, next: Option<u16>) -> (Place, Vec<Vec<Thread>>) {
        let mut place = Place {
            kind: key.kind,
            next,
            behind: Vec::with_capacity(key.behinds.len()),
        };
        let mut closed = Vec::with_capacity(key.behinds.len());
        for &set in key.behinds.iter() {
            let threads = self.close(set, &place);
            let matched = threads
                .iter()
                .any(|&(q, _)| self.nfa.states.get(q as usize) == Some(&State::MatchEnd));
            place.behind.push(matched);
            closed.push(threads);
        }
        (place, closed)
    }

    fn look_holds(&self, look: u32, place: &Place) -> bool {
        let index = look as usize;
        let before = self
            .kinds
            .get(usize::from(place.kind))
            .and_then(|kind| kind.get(index))
            .copied()
            .unwrap_or(false);
        let after = place.next.is_some_and(|class| {
            self.look_member
                .get(index * usize::from(self.units.count()) + usize::from(class))
                .copied()
                .unwrap_or(false)
        });
        match self.nfa.looks.get(index) {
            Some(Look::Prev { .. }) => before,
            Some(Look::Next { end, .. }) => match place.next {
                None => *end,
                Some(_) => after,
            },
            Some(Look::Boundary { negative, .. }) => (before != after) != *negative,
            None => false,
        }
    }

    /// All threads that can be reached from a set without reading, at a place.
    fn close(&mut self, set: SetId, place: &Place) -> Vec<Thread> {
        let mut stack: Vec<Thread> = self
            .sets
            .get(set as usize)
            .map(|threads| threads.iter().rev().copied().collect())
            .unwrap_or_default();
        self.round = self.round.wrapping_add(1);
        let round = self.round;
        let mut seen_owing: Table<Thread, ()> = Table::default();
        let mut out = Vec::new();
        while let Some((q, owed)) = stack.pop() {
            let Some(mark) = self.seen.get_mut(q as usize) else {
                continue;
            };
            if *mark == round {
                // Without debts is better than with.
                continue;
            }
            if owed == NO_OBS {
                *mark = round;
            } else if seen_owing.insert((q, owed), ()).is_some() {
                continue;
            }
            self.work += 1;
            let Some(state) = self.nfa.states.get(q as usize) else {
                continue;
            };
            match state {
                State::Set { .. } | State::MatchAny | State::MatchEnd => out.push((q, owed)),
                State::Split(targets) => {
                    stack.extend(targets.iter().rev().map(|&target| (target, owed)));
                }
                State::Look { look, next } => {
                    let (look, next) = (*look, *next);
                    if self.look_holds(look, place) {
                        stack.push((next, owed));
                    }
                }
                State::Behind {
                    index,
                    negative,
                    next,
                } => {
                    let matched = place.behind.get(*index as usize).copied().unwrap_or(false);
                    if matched != *negative {
                        stack.push((*next, owed));
                    }
                }
                State::Ahead {
                    start,
                    negative,
                    next,
                } => {
                    let (start, negative, next) = (*start, *negative, *next);
                    let debt = self.ahead_starts.get(&start).copied().unwrap_or(NO_SET);
                    match (debt, negative) {
                        (ALL_SET, false) | (NO_SET, true) => stack.push((next, owed)),
                        (ALL_SET, true) | (NO_SET, false) => {}
                        _ => {
                            let mut list = self
                                .obs
                                .get(owed as usize)
                                .map(|o| o.to_vec())
                                .unwrap_or_default();
                            list.push((negative, debt));
                            let owed = self.intern_obs(list);
                            stack.push((next, owed));
                        }
                    }
                }
            }
        }
        out
    }

    /// The set after one symbol.
    fn advance(
        &mut self,
        set: SetId,
        place: &Place,
        class: u16,
        memo: &mut Table<SetId, SetId>,
    ) -> SetId {
        if set <= ALL_SET {
            return set;
        }
        if let Some(&known) = memo.get(&set) {
            return known;
        }
        let closed = self.close(set, place);
        let to = self.moved(&closed, place, class, memo);
        memo.insert(set, to);
        to
    }

    fn moved(
        &mut self,
        closed: &[Thread],
        place: &Place,
        class: u16,
        memo: &mut Table<SetId, SetId>,
    ) -> SetId {
        let width = usize::from(self.units.count());
        let mut out: Vec<Thread> = Vec::new();
        for &(q, owed) in closed {
            let next = match self.nfa.states.get(q as usize) {
                Some(State::Set { set, next }) => {
                    let reads = self
                        .member
                        .get(*set as usize * width + usize::from(class))
                        .copied()
                        .unwrap_or(false);
                    if !reads {
                        continue;
                    }
                    *next
                }
                Some(State::MatchAny) => {
                    if owed == NO_OBS {
                        return ALL_SET;
                    }
                    q
                }
                _ => continue,
            };
            if owed == NO_OBS {
                out.push((next, NO_OBS));
                continue;
            }
            let debts: Vec<Obligation> = self
                .obs
                .get(owed as usize)
                .map(|o| o.to_vec())
                .unwrap_or_default();
            let mut left = Vec::with_capacity(debts.len());
            let mut alive = true;
            for (negative, debt) in debts {
                match (self.advance(debt, place, class, memo), negative) {
                    (ALL_SET, false) | (NO_SET, true) => {}
                    (ALL_SET, true) | (NO_SET, false) => {
                        alive = false;
                        break;
                    }
                    (other, _) => left.push((negative, other)),
                }
            }
            if alive {
                let owed = self.intern_obs(left);
                out.push((next, owed));
            }
        }
        self.spread(out)
    }

    /// Whether a set accepts the empty rest.
    fn holds_at_end(&mut self, set: SetId, place: &Place) -> bool {
        if set <= ALL_SET {
            return set == ALL_SET;
        }
        let closed = self.close(set, place);
        for (q, owed) in closed {
            if !matches!(
                self.nfa.states.get(q as usize),
                Some(State::MatchAny | State::MatchEnd)
            ) {
                continue;
            }
            let debts: Vec<Obligation> = self
                .obs
                .get(owed as usize)
                .map(|o| o.to_vec())
                .unwrap_or_default();
            if debts
                .into_iter()
                .all(|(negative, debt)| self.holds_at_end(debt, place) != negative)
            {
                return true;
            }
        }
        false
    }

    // ── interning ──

    /// Follows splits and interns; a match that owes nothing makes the set everything.
    fn spread(&mut self, threads: Vec<Thread>) -> SetId {
        let mut stack = threads;
        stack.reverse();
        self.round = self.round.wrapping_add(1);
        let round = self.round;
        let mut seen_owing: Table<Thread, ()> = Table::default();
        let mut out: Vec<Thread> = Vec::new();
        while let Some((q, owed)) = stack.pop() {
            let Some(mark) = self.seen.get_mut(q as usize) else {
                continue;
            };
            if *mark == round {
                continue;
            }
            if owed == NO_OBS {
                *mark = round;
            } else if seen_owing.insert((q, owed), ()).is_some() {
                continue;
            }
            self.work += 1;
            match self.nfa.states.get(q as usize) {
                Some(State::Split(targets)) => {
                    stack.extend(targets.iter().rev().map(|&target| (target, owed)));
                }
                Some(State::MatchAny) if owed == NO_OBS => return ALL_SET,
                Some(_) => out.push((q, owed)),
                None => {}
            }
        }
        if !seen_owing.is_empty() {
            // A thread that owes less makes one that owes more superfluous.
            let lists: Vec<Box<[Obligation]>> = out
                .iter()
                .map(|&(_, owed)| self.obs.get(owed as usize).cloned().unwrap_or_default())
                .collect();
            let keep: Vec<bool> = (0..out.len())
                .map(|i| {
                    !(0..out.len()).any(|j| {
                        i != j
                            && out.get(i).map(|t| t.0) == out.get(j).map(|t| t.0)
                            && out.get(i) != out.get(j)
                            && lists.get(j).is_some_and(|small| {
                                lists
                                    .get(i)
                                    .is_some_and(|big| small.iter().all(|debt| big.contains(debt)))
                            })
                    })
                })
                .collect();
            let mut flags = keep.into_iter();
            out.retain(|_| flags.next().unwrap_or(true));
        }
        self.intern_set(out)
    }

    fn intern_set(&mut self, mut threads: Vec<Thread>) -> SetId {
        threads.sort_unstable();
        threads.dedup();
        if let Some(&id) = self.set_ids.get(threads.as_slice()) {
            return id;
        }
        let id = self.sets.len() as SetId;
        self.threads += threads.len();
        let threads: Box<[Thread]> = threads.into();
        self.sets.push(threads.clone());
        self.set_ids.insert(threads, id);
        id
    }

    fn intern_obs(&mut self, mut list: Vec<Obligation>) -> ObsId {
        list.sort_unstable();
        list.dedup();
        if let Some(&id) = self.obs_ids.get(list.as_slice()) {
            return id;
        }
        let id = self.obs.len() as ObsId;
        self.threads += list.len();
        let list: Box<[Obligation]> = list.into();
        self.obs.push(list.clone());
        self.obs_ids.insert(list, id);
        id
    }

    /// Look-behinds may begin anywhere, so each of their sets gets its first state again.
    fn behind_starts(&mut self, sets: Vec<SetId>) -> Vec<SetId> {
        sets.into_iter()
            .enumerate()
            .map(|(i, set)| {
                let mut threads: Vec<Thread> = self
                    .sets
                    .get(set as usize)
                    .map(|t| t.to_vec())
                    .unwrap_or_default();
                if let Some(&start) = self.nfa.behinds.get(i) {
                    threads.push((start, NO_OBS));
                }
                self.spread(threads)
            })
            .collect()
    }

    fn intern_state(&mut self, kind: u16, main: SetId, behinds: Vec<SetId>) -> StateId {
        match main {
            NO_SET => return DEAD,
            ALL_SET => return ALL,
            _ => {}
        }
        let key = Key {
            kind,
            main,
            behinds: behinds.into(),
        };
        if let Some(&id) = self.state_ids.get(&key) {
            return id;
        }
        let id = self.push_state(key.clone());
        self.state_ids.insert(key, id);
        id
    }

    fn push_state(&mut self, key: Key) -> StateId {
        let id = self.states.len() as StateId;
        self.states.push(key);
        self.accepting.push(None);
        self.steps
            .extend(std::iter::repeat_n(UNKNOWN, self.units.count().into()));
        if let Some(spelling) = &self.spelling {
            self.point_steps
                .extend(std::iter::repeat_n(UNKNOWN, spelling.points.count().into()));
        }
        id
    }
}
