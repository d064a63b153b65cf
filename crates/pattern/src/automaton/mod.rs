//! The language of a pattern as a deterministic automaton over code points that is built while it
//! is walked.
//!
//! A state of the automaton is a set of *threads*; a thread is a state of the [`Nfa`] and the
//! look-aheads that it still owes (*obligations*), each again a set of threads. Conditions on the
//! next symbol are decided when that symbol is read, conditions on the previous one are part of the
//! state, look-behinds run along as sets of their own. So `$` before a final line feed and Unicode
//! `\b` need no special machine, and nesting works by recursion. States are interned: equal sets
//! are equal numbers, and the number of states is capped.

mod advance;
mod intern;

use std::collections::HashSet;
use std::sync::Arc;

use crate::alphabet::{Classes, Spelling};
use crate::arena::Arena;
use crate::ast::Look;
use crate::class::Set;
use crate::hash::Table;
use crate::nfa::{Nfa, State};

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

/// A state: what of the previous symbol matters (its kind), the set of threads, and the sets of the
/// look-behinds. In [`Automaton::states`] these numbers stand one after the other.
#[derive(Clone, Copy)]
struct Key<'a> {
    kind: u16,
    main: SetId,
    behinds: &'a [SetId],
}

impl<'a> Key<'a> {
    fn read(numbers: &'a [u32]) -> Option<Key<'a>> {
        let [kind, main, behinds @ ..] = numbers else {
            return None;
        };
        Some(Key {
            kind: u16::try_from(*kind).ok()?,
            main: *main,
            behinds,
        })
    }
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
    units: Arc<Classes>,
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
    sets: Arena<Thread>,
    obs: Arena<Obligation>,
    states: Arena<u32>,
    /// Symbol steps, `states × units`.
    steps: Vec<StateId>,
    /// Code point steps where symbols are not code points, `states × points`.
    point_steps: Vec<StateId>,
    accepting: Vec<Option<bool>>,
    /// The set in which each look-ahead begins, by its first state.
    ahead_starts: Table<u32, SetId>,
    threads: usize,
    /// Whether something had to be left out since the last look, because a single step went over
    /// the limit.
    over: bool,
    /// See [`Automaton::tire`].
    tired: bool,
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
    /// Prepares an automaton; no state but the first is built yet. `None` where the alphabet has too
    /// many classes to model, or where so many look-aheads begin at once that the first state is
    /// over the limit.
    pub fn new(mut nfa: Nfa, limits: Limits) -> Option<Automaton> {
        // Which set of the pattern a state came from matters to those who make samples only.
        nfa.origins = Vec::new();
        let empty = Set::empty();
        let mut all: Vec<&Set> = nfa.sets.iter().collect();
        for look in &nfa.looks {
            all.push(match look {
                Look::Prev { set, .. } | Look::Next { set, .. } => set,
                Look::Boundary { word, .. } => word,
            });
        }
        all.push(&empty);
        let units = Arc::new(Classes::of(&all, nfa.alphabet.max())?);
        let spelling = match nfa.alphabet {
            super::dialect::Alphabet::CodePoints => None,
            other => Some(Spelling::new(&units, other)?),
        };
        let count = usize::from(units.count());
        let mut samples = vec![0u32; count];
        for &(from, class) in units.stretches() {
            samples[usize::from(class)] = from;
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
                            _ => look_member[i * count + class],
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
            sets: Arena::default(),
            obs: Arena::default(),
            states: Arena::default(),
            steps: Vec::new(),
            point_steps: Vec::new(),
            accepting: Vec::new(),
            ahead_starts: Table::default(),
            threads: 0,
            over: false,
            tired: false,
            seen,
            round: 0,
            start: DEAD,
            work: 0,
        };
        automaton.clear();
        (!automaton.over).then_some(automaton)
    }

    /// Forgets all states and gives their memory back; ids given out before are void.
    pub fn clear(&mut self) {
        self.sets.clear();
        self.obs.clear();
        self.states.clear();
        self.steps = Vec::new();
        self.point_steps = Vec::new();
        self.accepting = Vec::new();
        self.threads = 0;
        // Set 0 and 1 are "nothing" and "everything"; neither has threads of its own.
        self.sets.intern(&[]);
        self.sets.push(&[]);
        self.obs.intern(&[]);
        for main in [NO_SET, ALL_SET] {
            let id = self.state_of(&[0, main]);
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
        self.over = false;
        self.start = self.intern_state(kind, main, &behinds);
        // Known within the whole limit when the automaton was made: that may not be lost.
        let tired = std::mem::take(&mut self.tired);
        self.know_end(self.start);
        self.tired = tired;
    }

    /// Finds out now whether a state accepts, where that can fail: where look-aheads are owed. So
    /// [`Automaton::accepts_here`] never fails for a state that was given out.
    fn know_end(&mut self, state: StateId) {
        if !self.ahead_starts.is_empty() {
            self.accepts_here(state);
        }
    }

    /// For those who walk the whole automaton and came to its limit: the next walk gets a tenth of
    /// it, so that many walks over a hopeless automaton cost little more than one.
    pub fn tire(&mut self) {
        self.tired = true;
    }

    fn limits(&self) -> Limits {
        let share = if self.tired { 10 } else { 1 };
        Limits {
            states: self.limits.states / share,
            threads: self.limits.threads / share,
        }
    }

    /// Whether a step may go on to keep what it finds. One step may go beyond the limit of threads
    /// (the last one did) but not many times beyond it.
    fn has_room(&mut self) -> bool {
        self.over |= self.threads > self.limits().threads.saturating_mul(2);
        !self.over
    }

    /// Takes its division of the alphabet from `known` where an equal one is there, and adds it
    /// otherwise: the languages of one rule differ in anchors and modes more than in classes.
    pub fn share(&mut self, known: &mut HashSet<Arc<Classes>>) {
        match known.get(&self.units) {
            Some(same) => self.units = same.clone(),
            None => {
                known.insert(self.units.clone());
            }
        }
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
        let symbols = spelling.symbols[usize::from(class)].clone();
        let mut to = state;
        for symbol in symbols {
            to = self.unit_step(to, symbol)?;
        }
        if let Some(place) = self.point_steps.get_mut(at) {
            *place = to;
        }
        Ok(to)
    }

    /// What a state is made of, see [`Key`].
    fn numbers(&self, state: StateId) -> Vec<u32> {
        self.states.get(state).to_vec()
    }

    fn unit_step(&mut self, state: StateId, class: u16) -> Result<StateId, CapReached> {
        let at = state as usize * usize::from(self.units.count()) + usize::from(class);
        match self.steps.get(at) {
            Some(&to) if to != UNKNOWN => return Ok(to),
            _ => {}
        }
        let limits = self.limits();
        if self.states.len() >= limits.states || self.threads >= limits.threads {
            return Err(CapReached);
        }
        self.over = false;
        let numbers = self.numbers(state);
        let Some(key) = Key::read(&numbers) else {
            return Ok(DEAD);
        };
        let (place, closed_behinds) = self.place(key, Some(class));
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
            let kind = self.kind_of[usize::from(class)];
            self.intern_state(kind, main, &behinds)
        };
        self.know_end(to);
        if self.over {
            // It took long to find out, and the next text may come to the same place.
            self.tire();
            return Err(CapReached);
        }
        if let Some(slot) = self.steps.get_mut(at) {
            *slot = to;
        }
        Ok(to)
    }

    /// Whether the text may end here, in a state that [`Automaton::step`] led to.
    pub fn accepts_here(&mut self, state: StateId) -> bool {
        if let Some(Some(known)) = self.accepting.get(state as usize) {
            return *known;
        }
        let numbers = self.numbers(state);
        let Some(key) = Key::read(&numbers) else {
            return false;
        };
        let (place, _) = self.place(key, None);
        let accepts = self.holds_at_end(key.main, &place);
        if self.over {
            return false;
        }
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
        let numbers = self.numbers(state);
        let Some(key) = Key::read(&numbers) else {
            return DEAD;
        };
        let sets = std::mem::take(&mut self.sets);
        let obs = std::mem::take(&mut self.obs);
        self.clear();
        let mut memo = Table::default();
        let main = self.copy_set(&sets, &obs, key.main, &mut memo);
        let behinds: Vec<SetId> = key
            .behinds
            .iter()
            .map(|&set| self.copy_set(&sets, &obs, set, &mut memo))
            .collect();
        self.intern_state(key.kind, main, &behinds)
    }

    fn copy_set(
        &mut self,
        sets: &Arena<Thread>,
        obs: &Arena<Obligation>,
        set: SetId,
        memo: &mut Table<SetId, SetId>,
    ) -> SetId {
        if set <= ALL_SET {
            return set;
        }
        if let Some(&known) = memo.get(&set) {
            return known;
        }
        let threads = sets
            .get(set)
            .iter()
            .map(|&(q, owed)| {
                let list: Vec<Obligation> = obs
                    .get(owed)
                    .iter()
                    .map(|&(negative, s)| (negative, self.copy_set(sets, obs, s, memo)))
                    .collect();
                (q, self.intern_obs(list))
            })
            .collect();
        let copy = self.intern_set(threads);
        memo.insert(set, copy);
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialect::{Dialect, Mode};
    use super::super::language::language;
    use super::*;

    #[test]
    fn one_step_ends_at_the_limit_of_threads() {
        // One or the other is owed, twenty times: a million sets of debts after the first symbol.
        let debts: String = ('a'..='t')
            .map(|c| format!("(?:(?!.*{c})|(?!.*{}))", c.to_ascii_uppercase()))
            .collect();
        let pattern = format!("^x{debts}.*$");
        let mut automaton = language(&pattern, Dialect::Perl, Mode::Search).expect("a model");
        automaton.limits.threads = 20_000;
        assert_eq!(automaton.decide("x"), Err(CapReached));
        // Begun beyond the limit, but not by much.
        assert!(automaton.threads < 60_000, "{}", automaton.threads);
        assert_eq!(automaton.decide("y"), Ok(false));
    }
}
