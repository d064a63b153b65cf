//! Exit codes as a type. What each means is said here and nowhere else: `--help` and `probity explain`
//! print it.

use std::process::ExitCode;

/// How the process ends. Where several apply, [`Verdict::worst`] chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// All judged promises were kept.
    Kept = 0,
    /// There are findings.
    Findings = 1,
    /// Usage, contract or configuration error.
    Usage = 2,
    /// The device was unreachable or lost, or nothing was really tested.
    NotJudged = 3,
    /// A known-issue file is stale.
    StaleKnownIssues = 4,
    /// Only flaky results.
    Flaky = 5,
    /// The device was left with changed settings.
    NotRestored = 6,
}

impl Verdict {
    /// Every one, in the order of the codes.
    pub const ALL: [Verdict; 7] = [
        Verdict::Kept,
        Verdict::Findings,
        Verdict::Usage,
        Verdict::NotJudged,
        Verdict::StaleKnownIssues,
        Verdict::Flaky,
        Verdict::NotRestored,
    ];

    /// The one with this code.
    pub fn of(code: u8) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|v| v.code() == code)
    }

    /// In one line.
    pub fn summary(self) -> &'static str {
        match self {
            Verdict::Kept => "all judged promises kept (or known)",
            Verdict::Findings => "new findings",
            Verdict::Usage => "usage, contract or configuration error",
            Verdict::NotJudged => {
                "could not judge: device unreachable or lost, nothing really tested"
            }
            Verdict::StaleKnownIssues => "known-issue file stale",
            Verdict::Flaky => "flaky results only",
            Verdict::NotRestored => "device left with changed settings",
        }
    }

    /// What it says of the job, in a sentence or two.
    pub fn meaning(self) -> &'static str {
        match self {
            Verdict::Kept => {
                "Every promise that was judged was kept or is known, and as many operations were \
                 judged as --floor asks."
            }
            Verdict::Findings => {
                "A promise is broken, confirmed on fresh connections, and neither a baseline nor a \
                 known-issue file knows it."
            }
            Verdict::Usage => {
                "Nothing was judged: the command line, the document, the profile or a file that \
                 was named cannot be used. The last line on stderr says which."
            }
            Verdict::NotJudged => {
                "The job could not judge: the device was not reached, was lost or let nobody in, \
                 or fewer operations were judged than --floor asks. Nothing tested is never a \
                 success."
            }
            Verdict::StaleKnownIssues => {
                "An entry of the known-issue file is of a finding that is no more: its promise was \
                 judged and kept."
            }
            Verdict::Flaky => {
                "Nothing is broken for sure, but the same request drew different verdicts."
            }
            Verdict::NotRestored => {
                "A setting differs from before the job and could not be put back, or could not be \
                 looked at any more; the report says which."
            }
        }
    }

    /// What to do then.
    pub fn advice(self) -> &'static str {
        match self {
            Verdict::Kept => "Nothing.",
            Verdict::Findings => {
                "Read the report; `probity explain KIND` explains a kind of finding, `probity \
                 replay` sends one again."
            }
            Verdict::Usage => "Correct what the message names; `--help` shows examples.",
            Verdict::NotJudged => {
                "Give or repair what the reason in the report names, and run again."
            }
            Verdict::StaleKnownIssues => "Remove the entry from the known-issue file.",
            Verdict::Flaky => "Run again with nothing else using the device.",
            Verdict::NotRestored => {
                "Put the setting back by hand; after a job that was killed `probity restore` does it."
            }
        }
    }

    /// In order of precedence: 2, 6, 3, 1, 4, 5, 0.
    const PRECEDENCE: [Verdict; 7] = [
        Verdict::Usage,
        Verdict::NotRestored,
        Verdict::NotJudged,
        Verdict::Findings,
        Verdict::StaleKnownIssues,
        Verdict::Flaky,
        Verdict::Kept,
    ];

    /// The one that the process ends with; [`Verdict::Kept`] where the list is empty.
    pub fn worst(all: &[Verdict]) -> Verdict {
        Verdict::PRECEDENCE
            .into_iter()
            .find(|v| all.contains(v))
            .unwrap_or(Verdict::Kept)
    }

    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        ExitCode::from(verdict.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{self, *};

    #[test]
    fn every_code_has_its_words() {
        for (at, verdict) in Verdict::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(verdict.code()), at);
            assert_eq!(Verdict::of(verdict.code()), Some(verdict));
            assert!(verdict.meaning().ends_with('.'), "{verdict:?}");
            assert!(verdict.advice().ends_with('.'), "{verdict:?}");
        }
        assert_eq!(Verdict::of(7), None);
    }

    #[test]
    fn precedence_is_2_6_3_1_4_5() {
        let table: [(&[Verdict], Verdict); 6] = [
            (&[], Kept),
            (&[Findings, Flaky], Findings),
            (&[Findings, NotRestored, NotJudged], NotRestored),
            (&[Findings, NotJudged], NotJudged),
            (&[Flaky, StaleKnownIssues], StaleKnownIssues),
            (&[NotRestored, Usage], Usage),
        ];
        for (all, want) in table {
            assert_eq!(Verdict::worst(all), want, "{all:?}");
        }
    }
}
