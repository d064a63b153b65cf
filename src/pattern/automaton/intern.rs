//! Sets of threads and obligations, each once: equal sets are equal numbers. Part of
//! [`super::Automaton`].

use super::*;

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
            // A thread that owes less makes one that owes more superfluous.
            let lists: Vec<&[Obligation]> =
                out.iter().map(|&(_, owed)| self.obs.get(owed)).collect();
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
