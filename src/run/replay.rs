//! Findings of an earlier run, sent again: fixed, still failing, or nobody can tell.

use super::result::Finding;
use crate::judge::Kind;
use crate::probe::{Looks, Observation, Probe};
use std::fmt;

/// How often each finding is sent.
const TIMES: u32 = 3;
/// How often a finding is sent that did not come every time.
const TIMES_FLAKY: u32 = 10;

/// What became of one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayOutcome {
    /// The promise was kept every time.
    Fixed,
    /// The promise was broken.
    StillFailing {
        /// How often.
        hits: u32,
        /// Of how often.
        tries: u32,
        /// What came.
        observed: String,
    },
    /// It does not tell; why.
    Unclear(String),
}

impl fmt::Display for ReplayOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplayOutcome::Fixed => f.write_str("fixed"),
            ReplayOutcome::StillFailing { hits, tries, .. } => {
                write!(f, "still failing ({hits}/{tries})")
            }
            ReplayOutcome::Unclear(_) => f.write_str("could not tell"),
        }
    }
}

/// Sends one finding again.
///
/// Fixed is only what kept the promise in every repetition, so one repetition without an answer
/// leaves it unclear; still failing is what broke the same promise at least once, whatever the
/// kind of failure is today.
pub async fn replay(probe: &mut Probe<'_>, finding: &Finding) -> ReplayOutcome {
    let Some(recipe) = &finding.reproducer.recipe else {
        return ReplayOutcome::Unclear("it takes a whole run to see".to_owned());
    };
    let flaky = finding.kind == Kind::Flaky;
    let case = recipe.case(&finding.case);
    let (mut hits, mut tries, mut observed) = (0, 0, None);
    let mut unclear = None;
    for _ in 0..if flaky { TIMES_FLAKY } else { TIMES } {
        let seen = probe.observe(&recipe.before, &case, Looks::ALL).await;
        if let Some(deviation) = seen.deviation(&finding.promise) {
            hits += 1;
            tries += 1;
            observed.get_or_insert_with(|| deviation.observed.clone());
        } else if let Some(why) = silence(&seen, finding) {
            unclear.get_or_insert(why);
        } else {
            tries += 1;
        }
        if probe.session().lost().is_some() {
            break;
        }
    }
    match (observed, unclear) {
        (Some(observed), _) => ReplayOutcome::StillFailing {
            hits,
            tries,
            observed,
        },
        (None, Some(why)) => ReplayOutcome::Unclear(why),
        (None, None) if flaky => {
            ReplayOutcome::Unclear(format!("it was flaky, and {tries} times it did not happen"))
        }
        (None, None) => ReplayOutcome::Fixed,
    }
}

/// Why an observation without a deviation does not say that the promise was kept.
fn silence(seen: &Observation, finding: &Finding) -> Option<String> {
    if !seen.tells() {
        return Some(match (seen.exchange.failure(), seen.exchange.status()) {
            (Some(failure), _) => failure.to_string(),
            (None, Some(status)) => format!("the device answered {status}: too busy to tell"),
            (None, None) => "no answer".to_owned(),
        });
    }
    let about_state = finding.promise.state().is_some();
    if about_state && seen.unread {
        return Some("the settings cannot be read back".to_owned());
    }
    // Without a sign of life nobody can say whether the device restarted; the answer that came
    // says at least that it serves, so only the finding's own kind counts.
    None
}

#[cfg(test)]
mod tests {
    use super::ReplayOutcome;

    #[test]
    fn fates_read_as_the_command_line_says() {
        let failing = ReplayOutcome::StillFailing {
            hits: 3,
            tries: 3,
            observed: "200".to_owned(),
        };
        let table = [
            (ReplayOutcome::Fixed, "fixed"),
            (failing, "still failing (3/3)"),
            (ReplayOutcome::Unclear("x".to_owned()), "could not tell"),
        ];
        for (fate, want) in table {
            assert_eq!(fate.to_string(), want);
        }
    }
}
