//! The lines of a journal, and what they say together.

use super::super::result::Finding;
use crate::case::{Case, CaseId};
use crate::contract::PromiseId;
use crate::exchange::octets;
use crate::judge::{Acceptance, Deviation, Judgement, Kind, Ruling, Verdict};
use crate::probe::Step;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One line behind the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The device's settings before the first write, by operation, without what the profile calls
    /// secret. Restored at the end of the job, also by a process that resumes it.
    Settings {
        /// Operation → settings.
        before: BTreeMap<String, Value>,
    },
    /// A case was sent and judged.
    Case(CaseRecord),
    /// A statement about a promise that no single case makes.
    Stated {
        /// The promise.
        promise: PromiseId,
        /// Kept, or undecided.
        kept: bool,
    },
    /// The settings as they stood before the cases that follow, which must change nothing.
    Baseline {
        /// Operation → settings.
        states: BTreeMap<String, Value>,
    },
    /// Something is about to be created, was created, or is gone.
    Creating {
        /// The step.
        #[serde(flatten)]
        step: Step,
    },
    /// The settings were looked at: refusals before this line changed nothing, or were found out.
    Checkpoint,
    /// A confirmed finding.
    Found {
        /// The finding.
        finding: Box<Finding>,
    },
    /// The exact bytes of a reproducer.
    File {
        /// File name.
        name: String,
        /// Content.
        #[serde(with = "octets")]
        content: Vec<u8>,
    },
    /// Something that the user should know.
    Note {
        /// The text.
        text: String,
    },
    /// Of the unattended job, in its own form.
    #[serde(alias = "night")]
    Campaign {
        /// See [`crate::campaign`].
        entry: Value,
    },
    /// The job came to its end.
    End {
        /// Exit code.
        code: u8,
    },
}

/// What the runner has to know of a case that an earlier process sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// Its id.
    pub id: CaseId,
    /// `true` accepted, `false` refused, `null` neither.
    #[serde(alias = "took")]
    pub acceptance: Option<bool>,
    /// Whether a complete answer came.
    pub answered: bool,
    /// Promises kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<PromiseId>,
    /// Promises left undecided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<PromiseId>,
    /// Whether a refusal speaks of rights, place or state, and not of what the request held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub circumstance: bool,
    /// Promises that it shows broken (which count when confirmed), and how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<(PromiseId, Deviation)>,
    /// An open question and what the device chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<(String, String)>,
    /// Fingerprints of known findings that it shows too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<String>,
}

impl CaseRecord {
    /// What a judgement says, for the journal.
    pub fn of(case: &Case, judgement: &Judgement, answered: bool, joined: Vec<String>) -> Self {
        let ids = |of: fn(&Ruling) -> bool| {
            let such = judgement.verdicts.iter().filter(|v| of(&v.ruling));
            such.map(|v| v.promise.clone()).collect()
        };
        let broken = judgement.deviations();
        CaseRecord {
            id: case.id.clone(),
            acceptance: match judgement.acceptance {
                Acceptance::Accepted => Some(true),
                Acceptance::Refused => Some(false),
                Acceptance::Neither => None,
            },
            answered,
            kept: ids(|r| *r == Ruling::Kept),
            undecided: ids(|r| matches!(r, Ruling::Undecided(_))),
            circumstance: judgement.circumstance,
            broken: broken.map(|(p, d)| (p.clone(), d.clone())).collect(),
            choice: judgement.choice.clone(),
            joined,
        }
    }

    /// A judgement that counts the same.
    pub fn judgement(&self) -> Judgement {
        let kept = self.kept.iter().map(|p| (p, Ruling::Kept));
        let undecided = self
            .undecided
            .iter()
            .map(|p| (p, Ruling::Undecided(String::new())));
        let broken = self.broken.iter();
        let broken = broken.map(|(p, d)| (p, Ruling::Broken(d.clone())));
        Judgement {
            verdicts: kept
                .chain(undecided)
                .chain(broken)
                .map(|(promise, ruling)| Verdict {
                    promise: promise.clone(),
                    ruling,
                })
                .collect(),
            acceptance: match self.acceptance {
                Some(true) => Acceptance::Accepted,
                Some(false) => Acceptance::Refused,
                None => Acceptance::Neither,
            },
            circumstance: self.circumstance,
            choice: self.choice.clone(),
            shape: None,
        }
    }
}

/// Everything that an earlier process wrote.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Lines behind the first, in order.
    pub records: Vec<Record>,
    /// Whether a line that chooses what is put back or removed carries no seal of ours: somebody
    /// else may have written it.
    pub unsealed: bool,
}

impl Past {
    /// The settings before the first write of the job.
    pub fn settings(&self) -> Option<&BTreeMap<String, Value>> {
        self.records.iter().find_map(|r| match r {
            Record::Settings { before } => Some(before),
            _ => None,
        })
    }

    /// Whether the job knew anything that it could have changed: settings, or items that it created.
    pub fn may_have_changed(&self) -> bool {
        let settings = self.settings().is_some_and(|settings| !settings.is_empty());
        let borrowed = |step: &Step| matches!(step, Step::Borrowed { .. });
        settings || !self.steps().iter().all(borrowed)
    }

    /// All settings that it has, for what only the device layer may put back into them.
    pub fn settings_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let records = self.records.iter_mut();
        records.flat_map(|record| match record {
            Record::Settings { before } => before.values_mut().collect(),
            Record::Baseline { states } => states.values_mut().collect(),
            _ => Vec::new(),
        })
    }

    /// Parts it into what the plan of a job needs and what its campaign does. What the job created
    /// and removed is for the plan where there is one: it is dealt with once.
    pub fn parted(self, planned: bool) -> (Past, Past) {
        let (mut plan, mut campaign) = (Past::default(), Past::default());
        for record in self.records {
            match &record {
                Record::Campaign { .. } => campaign.records.push(record),
                Record::Creating { .. } if !planned => campaign.records.push(record),
                Record::Settings { .. } | Record::Found { .. } | Record::File { .. } => {
                    campaign.records.push(record.clone());
                    plan.records.push(record);
                }
                _ => plan.records.push(record),
            }
        }
        (plan, campaign)
    }

    /// What the job created and removed, in order.
    pub fn steps(&self) -> Vec<Step> {
        let steps = self.records.iter().filter_map(|r| match r {
            Record::Creating { step } => Some(step.clone()),
            _ => None,
        });
        steps.collect()
    }

    /// Cases that need not be sent again. One whose refusal was not followed by a look at the
    /// settings (`quiet`, by id) does not count: nobody knows what it changed.
    pub fn done(&self, quiet: impl Fn(&str) -> bool) -> BTreeSet<&str> {
        let mut done = BTreeSet::new();
        let mut looked_at = false;
        for record in self.records.iter().rev() {
            match record {
                Record::Checkpoint => looked_at = true,
                Record::Case(case) if looked_at || !quiet(&case.id) => {
                    done.insert(case.id.as_str());
                }
                _ => {}
            }
        }
        done
    }

    /// The settings as they stood before the last refusals, and those refusals by id, where the
    /// process ended before anybody looked at what they changed.
    pub fn not_looked_at(&self) -> Option<(&BTreeMap<String, Value>, Vec<&str>)> {
        let mut refused = Vec::new();
        for record in self.records.iter().rev() {
            match record {
                Record::Checkpoint | Record::End { .. } => return None,
                // What was accepted may have changed them as it should.
                Record::Case(case) if case.acceptance != Some(false) => return None,
                // The same where its process ended between the finding and the case that shows it.
                Record::Found { finding } if shows_accepted(finding) => return None,
                Record::Case(case) => refused.push(case.id.as_str()),
                Record::Baseline { states } => {
                    refused.reverse();
                    return Some((states, refused));
                }
                _ => {}
            }
        }
        None
    }

    /// Whether the job had come to its end.
    pub fn ended(&self) -> bool {
        matches!(self.records.last(), Some(Record::End { .. }))
    }
}

/// Whether a finding is that something was accepted, so that the settings may have changed.
fn shows_accepted(finding: &Finding) -> bool {
    finding.shows.unwrap_or(finding.kind) == Kind::AcceptsInvalid
}
