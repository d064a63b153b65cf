//! Verdicts as plain data.

use super::Deviation;
use crate::case::Case;
use crate::contract::PromiseId;

/// Everything that one exchange says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// One for each promise that it says something about.
    pub verdicts: Vec<Verdict>,
    /// Whether the device took the request.
    pub acceptance: Acceptance,
    /// Whether it was refused for want of rights, for the place or for the state
    /// ([`super::status`]), which says nothing of what the request held.
    pub circumstance: bool,
    /// Where the page leaves something open: the question, and what the device chose.
    pub choice: Option<(String, String)>,
    /// Id of the error shape that the answer has.
    pub shape: Option<String>,
}

/// Whether the device took a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Acceptance {
    /// A success.
    Accepted,
    /// A refusal.
    Refused,
    /// No answer, or one that tells neither.
    #[default]
    Neither,
}

impl Judgement {
    /// What the answer says of what the request held.
    #[must_use]
    pub fn content(&self) -> Acceptance {
        match self.acceptance {
            Acceptance::Refused if self.circumstance => Acceptance::Neither,
            acceptance => acceptance,
        }
    }

    /// All promises of the case left undecided for one reason.
    pub(crate) fn undecided(case: &Case, why: &str) -> Self {
        let mut judgement = Judgement::default();
        judgement.leave_all(case, why);
        judgement
    }

    /// Notes that a promise was kept, unless the same exchange has said so or has broken it.
    pub(crate) fn kept(&mut self, promise: &PromiseId) {
        let told = |v: &Verdict| !matches!(v.ruling, Ruling::Undecided(_));
        if self
            .verdicts
            .iter()
            .any(|v| v.promise == *promise && told(v))
        {
            return;
        }
        self.verdicts.push(Verdict {
            promise: promise.to_owned(),
            ruling: Ruling::Kept,
        });
    }

    /// Notes that the exchange does not tell about a promise, though the device took the request.
    pub(crate) fn left(&mut self, promise: &PromiseId, why: String) {
        self.verdicts
            .retain(|v| v.promise != *promise || matches!(v.ruling, Ruling::Broken(_)));
        self.verdicts.push(Verdict {
            promise: promise.to_owned(),
            ruling: Ruling::Undecided(why),
        });
    }

    /// Notes what was found of a promise.
    pub(crate) fn rule(&mut self, promise: &PromiseId, ruling: Ruling) {
        match ruling {
            Ruling::Kept => self.kept(promise),
            Ruling::Broken(deviation) => self.broken(promise, deviation),
            Ruling::Undecided(why) => self.left(promise, why),
        }
    }

    /// Notes that a promise was broken; that it looked kept before no longer counts.
    pub(crate) fn broken(&mut self, promise: &PromiseId, deviation: Deviation) {
        self.verdicts
            .retain(|v| v.promise != *promise || matches!(v.ruling, Ruling::Broken(_)));
        let ruling = Ruling::Broken(deviation);
        self.verdicts.push(Verdict {
            promise: promise.to_owned(),
            ruling,
        });
    }

    /// Notes that the case's promises were kept, but for those that only the settings, read
    /// afterwards, can tell.
    pub(crate) fn keep_all(&mut self, case: &Case) {
        for promise in &case.promises {
            if promise.is_of_settings() {
                self.verdicts.push(Verdict {
                    promise: promise.clone(),
                    ruling: Ruling::Undecided("the settings tell".to_owned()),
                });
            } else {
                self.kept(promise);
            }
        }
    }

    pub(crate) fn leave_all(&mut self, case: &Case, why: &str) {
        for promise in &case.promises {
            let ruling = Ruling::Undecided(why.to_owned());
            self.verdicts.push(Verdict {
                promise: promise.clone(),
                ruling,
            });
        }
    }

    /// With the lines of its deviations as `mask` leaves them.
    #[must_use]
    pub fn masked(mut self, mask: impl Fn(&str) -> String) -> Self {
        for verdict in &mut self.verdicts {
            if let Ruling::Broken(deviation) = &verdict.ruling {
                verdict.ruling = Ruling::Broken(deviation.masked(&mask));
            }
        }
        self
    }

    /// The broken promises with their deviations.
    pub fn deviations(&self) -> impl Iterator<Item = (&PromiseId, &Deviation)> {
        self.verdicts.iter().filter_map(|v| match &v.ruling {
            Ruling::Broken(deviation) => Some((&v.promise, deviation)),
            _ => None,
        })
    }
}

/// What one exchange says about one promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The promise.
    pub promise: PromiseId,
    /// Kept, broken, undecided.
    pub ruling: Ruling,
}

/// Kept, broken or undecided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The device did what the promise says.
    Kept,
    /// It did not.
    Broken(Deviation),
    /// The exchange does not tell; why.
    Undecided(String),
}
