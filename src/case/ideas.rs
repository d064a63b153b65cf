//! The ledger of ideas: which kinds of input there are to try on each promise, and what became of each.
//!
//! An idea is a kind of input ([`InputClass`]) that is tried on a promise. A case holds one of the promise
//! that a deviation of it is charged to; a body that is packed holds one more in each of its fields. The
//! unit of progress is an idea that was judged, not a request: ten bodies of one kind tell as much as one.

use super::identity::InputClass;
use super::model::Case;
use crate::contract::PromiseId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What became of an idea. Of several cases that hold it the one counts that came furthest: the last here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// No request was made of it; why.
    NotSent(Arc<str>),
    /// The plan has it.
    Planned,
    /// It was sent and nothing was told; why.
    Open(Arc<str>),
    /// The device kept the promise, or broke it.
    Judged,
}

impl Fate {
    /// How far an idea came.
    fn rank(&self) -> u8 {
        match self {
            // Whoever has another share says more of it.
            Fate::NotSent(why) if &**why == ANOTHER_SHARE => 0,
            Fate::NotSent(_) => 1,
            Fate::Planned => 2,
            Fate::Open(_) => 3,
            Fate::Judged => 4,
        }
    }
}

/// Why an idea is not sent for which a budget has no room.
pub const BUDGET: &str = "the budget has no room for it";
/// Why an idea is not sent that another share of the plan has.
pub const ANOTHER_SHARE: &str = "another share of the plan has it";

/// Ideas by promise, each with what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ideas(BTreeMap<PromiseId, BTreeMap<InputClass, Fate>>);

impl Ideas {
    /// Adds an idea, unless it is known to have come as far.
    pub fn add(&mut self, promise: PromiseId, class: InputClass, fate: Fate) {
        let ideas = self.0.entry(promise).or_default();
        match ideas.get_mut(&class) {
            Some(known) if known.rank() >= fate.rank() => {}
            Some(known) => *known = fate,
            None => {
                ideas.insert(class, fate);
            }
        }
    }

    /// Adds all that a case holds.
    pub fn add_case(&mut self, case: &Case, fate: &Fate) {
        for (promise, class) in case.ideas() {
            self.add(promise, class, fate.clone());
        }
    }

    /// The plan has these cases; why it does not have the others.
    pub fn plan_anew(&mut self, cases: &[Case], why: &str) {
        let why: Arc<str> = why.into();
        for fate in self.0.values_mut().flat_map(BTreeMap::values_mut) {
            if *fate == Fate::Planned {
                *fate = Fate::NotSent(why.clone());
            }
        }
        for case in cases {
            self.add_case(case, &Fate::Planned);
        }
    }

    /// With what is known of these ideas from elsewhere. Ideas that are not among these stay away.
    #[must_use]
    pub fn told_by(mut self, other: &Ideas) -> Ideas {
        for (promise, ideas) in &mut self.0 {
            let Some(told) = other.0.get(promise) else {
                continue;
            };
            for (class, fate) in ideas {
                if let Some(told) = told.get(class).filter(|told| told.rank() > fate.rank()) {
                    *fate = told.clone();
                }
            }
        }
        self
    }

    /// Takes back that anything was judged; why.
    pub fn withdraw(&mut self, why: &str) {
        let why: Arc<str> = why.into();
        for fate in self.0.values_mut().flat_map(BTreeMap::values_mut) {
            if *fate == Fate::Judged {
                *fate = Fate::Open(why.clone());
            }
        }
    }

    /// The ideas of each promise that has some.
    pub fn by_promise(&self) -> impl Iterator<Item = (&PromiseId, &BTreeMap<InputClass, Fate>)> {
        self.0.iter()
    }

    /// Those of one promise.
    pub fn of(&self, promise: &str) -> impl Iterator<Item = (&InputClass, &Fate)> {
        self.0.get(promise).into_iter().flatten()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of them the plan has.
    pub fn planned(&self) -> usize {
        let fates = self.0.values().flat_map(BTreeMap::values);
        fates.filter(|fate| **fate == Fate::Planned).count()
    }
}
