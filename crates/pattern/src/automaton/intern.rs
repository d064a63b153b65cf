//! Sets of threads and obligations, each once: equal sets are equal numbers. Part of
//! [`super::Automaton`].

use super::*;

/// Threads of one place that differ in what they owe: each is compared with each.
const MOST_ALIKE: usize = 2_000;

impl Automaton {
    /// Follows splits and interns; a match that owes nothing makes the set everything.
    pub(super) fn spread(&mut self, threads: Vec<Thread>) -> SetId {
        let mut stack = threads;
        stack.reverse();
        self.round = self.round.wrapping_add(1);
        let round = self.round;
        let mut seen_owing: Table<Thread, ()> = Table::default();
        let mut out: Vec<Thread> = Vec::new();
        while let Some((q, owed)) = stack.pop() {
            let mark = &mut self.seen[q as usize];
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
                Some(split @ State::Split { .. }) => {
                    let targets = self.nfa.targets(split).iter().rev();
                    stack.extend(targets.map(|&target| (target, owed)));
                }
                Some(State::MatchAny) if owed == NO_OBS => return ALL_SET,
                Some(_) => out.push((q, owed)),
                None => {}
            }
        }
        if !seen_owing.is_empty() {
            out = self.least_owing(out);
        }
        self.intern_set(out)
    }

    /// A thread that owes less makes one of the same place that owes more superfluous.
    fn least_owing(&mut self, mut threads: Vec<Thread>) -> Vec<Thread> {
        threads.sort_unstable();
        let mut out = Vec::with_capacity(threads.len());
        for alike in threads.chunk_by(|a, b| a.0 == b.0) {
            if alike.len() > MOST_ALIKE {
                self.over = true;
                return Vec::new();
            }
            out.extend(alike.iter().filter(|thread| {
                let all = self.obs.get(thread.1);
                !alike.iter().any(|other| {
                    other != *thread && self.obs.get(other.1).iter().all(|debt| all.contains(debt))
                })
            }));
        }
        out
    }

    pub(super) fn intern_set(&mut self, mut threads: Vec<Thread>) -> SetId {
        threads.sort_unstable();
        threads.dedup();
        let before = self.sets.len();
        let id = self.sets.intern(&threads);
        if self.sets.len() > before {
            self.threads += threads.len();
        }
        id
    }

    pub(super) fn intern_obs(&mut self, mut list: Vec<Obligation>) -> ObsId {
        list.sort_unstable();
        list.dedup();
        let before = self.obs.len();
        let id = self.obs.intern(&list);
        if self.obs.len() > before {
            self.threads += list.len();
        }
        id
    }

    /// Look-behinds may begin anywhere, so each of their sets gets its first state again.
    pub(super) fn behind_starts(&mut self, sets: Vec<SetId>) -> Vec<SetId> {
        sets.into_iter()
            .enumerate()
            .map(|(i, set)| {
                let mut threads = self.sets.get(set).to_vec();
                if let Some(&start) = self.nfa.behinds.get(i) {
                    threads.push((start, NO_OBS));
                }
                self.spread(threads)
            })
            .collect()
    }

    pub(super) fn intern_state(&mut self, kind: u16, main: SetId, behinds: &[SetId]) -> StateId {
        match main {
            NO_SET => return DEAD,
            ALL_SET => return ALL,
            _ => {}
        }
        let mut numbers = Vec::with_capacity(2 + behinds.len());
        numbers.extend([u32::from(kind), main]);
        numbers.extend_from_slice(behinds);
        self.state_of(&numbers)
    }

    /// The state of these numbers; a new one gets room for its steps.
    pub(super) fn state_of(&mut self, numbers: &[u32]) -> StateId {
        let before = self.states.len();
        let id = self.states.intern(numbers);
        if self.states.len() == before {
            return id;
        }
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
