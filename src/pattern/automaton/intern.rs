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

    pub(super) fn intern_set(&mut self, mut threads: Vec<Thread>) -> SetId {
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

    pub(super) fn intern_obs(&mut self, mut list: Vec<Obligation>) -> ObsId {
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
    pub(super) fn behind_starts(&mut self, sets: Vec<SetId>) -> Vec<SetId> {
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

    pub(super) fn intern_state(&mut self, kind: u16, main: SetId, behinds: Vec<SetId>) -> StateId {
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

    pub(super) fn push_state(&mut self, key: Key) -> StateId {
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
