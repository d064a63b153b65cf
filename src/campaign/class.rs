//! What kind of answer came: the coverage of a device that nobody can look into. An input whose
//! answer is of a class that was not seen before has reached something new.

use crate::case::{Case, Expect, Fault};
use crate::contract::Contract;
use crate::exchange::{Answer, Exchange, Outcome};
use crate::judge::Acceptance;
use crate::judge::normalise::normalise;
use crate::probe::Observation;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::time::Duration;

/// Most classes that are told apart; a device whose answers are never the same must not fill the
/// memory.
const MOST: usize = 20_000;

/// Classes seen so far.
#[derive(Debug, Default)]
pub struct Classes(BTreeSet<u64>);

impl Classes {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Remembers a class; whether it is new.
    pub fn see(&mut self, class: u64) -> bool {
        self.0.len() < MOST && self.0.insert(class)
    }
}

/// The class of what was seen of a case: operation, what the page says of the input (which rules it
/// breaks, at most two of them), status, text of the error without what differs from one answer to
/// the next, the field that it names, time on a logarithmic scale from half a second on, what
/// became of the connection, where a read-back differs.
pub fn class(contract: &Contract, case: &Case, seen: &Observation) -> u64 {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    part(&case.operation);
    part(&rules(&case.expect));
    part(match seen.judgement.acceptance {
        Acceptance::Accepted => "accepted",
        Acceptance::Refused => "refused",
        Acceptance::Neither => "neither",
    });
    part(&answer(contract, &case.operation, &seen.exchange));
    part(&slowness(seen.exchange.timings.total).to_string());
    part(seen.differs.as_deref().unwrap_or_default());
    let digest = hash.finalize();
    digest.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b))
}

fn rules(expect: &Expect) -> String {
    let faults: &[Fault] = match expect {
        Expect::Accepted => return "valid".to_owned(),
        Expect::Refused { faults } => faults,
        Expect::Either { question, faults } if faults.is_empty() => return question.clone(),
        Expect::Either { faults, .. } => faults,
        _ => return "other".to_owned(),
    };
    let mut words: Vec<String> = faults
        .iter()
        .take(2)
        .map(|f| {
            let field = f.field.as_ref().map(|f| f.dotted()).unwrap_or_default();
            match f.kind {
                crate::contract::FaultKind::UnknownMember => "unknown".to_owned(),
                kind => format!("{kind:?} {field}"),
            }
        })
        .collect();
    words.sort();
    words.join("+")
}

/// An answer, or how none came, without what differs from one to the next.
pub fn answer(contract: &Contract, operation: &str, exchange: &Exchange) -> String {
    let text = |answer: &Answer| {
        // The names that it says are told by the text itself: they are the field at fault.
        let named: BTreeSet<String> = contract
            .operation(operation)
            .into_iter()
            .flat_map(|op| op.fields())
            .filter_map(|f| f.path.leaf().map(str::to_owned))
            .filter(|name| {
                let quoted = [
                    format!("`{name}`"),
                    format!("\"{name}\""),
                    format!("'{name}'"),
                ];
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                quoted.iter().any(|q| body.contains(q.as_str()))
            })
            .collect();
        let names: Vec<&str> = named.iter().map(String::as_str).collect();
        format!(
            "{} {names:?} {:?}",
            normalise(answer, &names),
            answer.anomalies
        )
    };
    match &exchange.outcome {
        Outcome::Answered(answer) if (200..300).contains(&answer.status) => {
            // What a success says is the data's, not the code's.
            format!(
                "{} {:?} {:?}",
                answer.status,
                answer.media_type(),
                answer.anomalies
            )
        }
        Outcome::Answered(answer) => text(answer),
        Outcome::Failed { failure, .. } => failure.class().to_owned(),
    }
}

/// 0 below half a second, then one more with every doubling.
fn slowness(time: Duration) -> u32 {
    let halves = time.as_millis() / 500;
    128 - halves.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slow_answers_differ_in_time() {
        let table = [
            (0, 0),
            (20, 0),
            (499, 0),
            (500, 1),
            (1_000, 2),
            (2_100, 3),
            (9_000, 5),
        ];
        for (ms, want) in table {
            assert_eq!(slowness(Duration::from_millis(ms)), want, "{ms}");
        }
    }

    #[test]
    fn a_class_is_new_once() {
        let mut classes = Classes::default();
        assert!(classes.see(7));
        assert!(!classes.see(7));
        assert_eq!(classes.len(), 1);
    }
}
