//! Exit codes as a type (DESIGN §3).

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
