//! What is seen of one case.

use crate::case::Case;
use crate::contract::PromiseId;
use crate::exchange::Exchange;
use crate::judge::{Deviation, Judgement, Kind, Ruling};
use serde_json::Value;

/// What was seen of one case.
#[derive(Clone, Debug)]
pub struct Observation {
    /// What came back.
    pub exchange: Exchange,
    /// What the judge says of it.
    pub judgement: Judgement,
    /// Every broken promise: the judge's, and what the looks show.
    pub deviations: Vec<(PromiseId, Deviation)>,
    /// JSON pointer at which a read-back differs.
    pub differs: Option<String>,
    /// The settings as they were read after the exchange, where they were.
    pub read: Option<Value>,
    /// A read-back that was asked for and did not come: state tells nothing.
    pub unread: bool,
}

impl Observation {
    /// One more promise that is broken, which the judge could not see.
    pub(super) fn broken(&mut self, promise: PromiseId, deviation: Deviation) {
        self.judgement.broken(&promise, deviation.clone());
        self.deviations.push((promise, deviation));
    }

    /// Nothing was sent that says anything about the case.
    pub fn undecided(case: &Case, why: &str) -> Observation {
        Observation {
            exchange: Exchange::not_sent(why),
            judgement: Judgement::undecided(case, why),
            deviations: Vec::new(),
            differs: None,
            read: None,
            unread: false,
        }
    }

    /// Whether it says anything about the case: a complete answer of a device that was not too
    /// busy, or a deviation.
    pub fn tells(&self) -> bool {
        let busy = matches!(self.exchange.status(), Some(429 | 503));
        !self.deviations.is_empty()
            || (!busy && self.exchange.answer().is_some())
            // The end of a connection is an answer to what is no message.
            || self.judgement.verdicts.iter().any(|v| v.ruling == Ruling::Kept)
    }

    /// The deviation from a promise.
    pub fn deviation(&self, promise: &PromiseId) -> Option<&Deviation> {
        let found = self.deviations.iter().find(|(p, _)| p == promise);
        found.map(|(_, deviation)| deviation)
    }

    /// Whether some deviation is of one of these kinds.
    pub fn shows(&self, kinds: &[Kind]) -> bool {
        self.deviations.iter().any(|(_, d)| kinds.contains(&d.kind))
    }
}
