//! One step: which conditions hold at a place, where threads go without reading, and what a symbol
//! makes of them. Part of [`super::Automaton`].

use super::*;

impl Automaton {
    /// What holds between the previous symbol and the next: look-behinds are closed in order, so
    /// that inner ones are known when outer ones ask. Also returns the closed look-behinds.
    pub(super) fn place(&mut self, key: Key<'_>, next: Option<u16>) -> (Place, Vec<Vec<Thread>>) {
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

    pub(super) fn look_holds(&self, look: u32, place: &Place) -> bool {
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
    pub(super) fn close(&mut self, set: SetId, place: &Place) -> Vec<Thread> {
        let mut stack: Vec<Thread> = self.sets.get(set).iter().rev().copied().collect();
        self.round = self.round.wrapping_add(1);
        let round = self.round;
        let mut seen_owing: Table<Thread, ()> = Table::default();
        let mut out = Vec::new();
        while let Some((q, owed)) = stack.pop() {
            let mark = &mut self.seen[q as usize];
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
            let state = &self.nfa.states[q as usize];
            match state {
                State::Set { .. } | State::MatchAny | State::MatchEnd => out.push((q, owed)),
                State::Split { .. } => {
                    let targets = self.nfa.targets(state).iter().rev();
                    stack.extend(targets.map(|&target| (target, owed)));
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
                    let matched = place.behind[*index as usize];
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
                        _ if !self.has_room() => {}
                        _ => {
                            let mut list = self.obs.get(owed).to_vec();
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
    pub(super) fn advance(
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

    pub(super) fn moved(
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
            let debts = self.obs.get(owed).to_vec();
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
            if alive && self.has_room() {
                let owed = self.intern_obs(left);
                out.push((next, owed));
            }
        }
        self.spread(out)
    }

    /// Whether a set accepts the empty rest.
    pub(super) fn holds_at_end(&mut self, set: SetId, place: &Place) -> bool {
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
            let debts = self.obs.get(owed).to_vec();
            if debts
                .into_iter()
                .all(|(negative, debt)| self.holds_at_end(debt, place) != negative)
            {
                return true;
            }
        }
        false
    }
}
