//! What was not judged, what the document leaves open, and the figures.

use super::page::Page;
use super::*;
use crate::contract::Severity;

/// Groups of choices that are shown without `verbose`.
const CHOICES_SHOWN: usize = 10;
/// Operations that are named without `verbose` where they were not judged.
const OPERATIONS_SHOWN: usize = 12;

impl Page {
    /// Operations that were not judged, or in part, each with the reason.
    pub(super) fn operations(&mut self, report: &Report) {
        let verbose = self.style.verbose;
        let open = report
            .operations
            .iter()
            .filter(|o| verbose || o.left_out || o.state != OperationState::Judged);
        if open.clone().count() == 0 {
            return;
        }
        self.title("Operations");
        let shown = if verbose {
            usize::MAX
        } else {
            OPERATIONS_SHOWN
        };
        for operation in open.clone().take(shown) {
            let state = match operation.left_out {
                true => "left out",
                false => operation.state.words(),
            };
            let mut text = format!("{}: {state}", visible::line(&operation.id));
            if let Some(reason) = &operation.reason {
                let _ = write!(text, ": {}", clean(reason));
            }
            self.item(&text);
        }
        let more = open.count().saturating_sub(shown);
        if more > 0 {
            self.item(&format!("{more} more (--verbose shows all)"));
        }
    }

    pub(super) fn divergences(&mut self, divergences: &[Divergence]) {
        let probed = divergences.iter().filter(|d| !d.device.probes.is_empty());
        if probed.clone().count() == 0 {
            return;
        }
        self.title("How the device reads what the document leaves ambiguous");
        for divergence in probed {
            let text = divergence::line(divergence, self.style.verbose);
            self.item(&text);
        }
    }

    pub(super) fn choices(&mut self, choices: &[Choice]) {
        let mut groups: Vec<(&Choice, usize)> = Vec::new();
        let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for choice in choices {
            let key = (choice.question.as_str(), choice.device.as_str());
            match places.get(&key).and_then(|at| groups.get_mut(*at)) {
                Some((_, n)) if !self.style.verbose => *n += 1,
                _ => {
                    places.insert(key, groups.len());
                    groups.push((choice, 1));
                }
            }
        }
        if groups.is_empty() {
            return;
        }
        self.title("What the device chose where the document leaves it open");
        let shown = if self.style.verbose {
            usize::MAX
        } else {
            CHOICES_SHOWN
        };
        for (choice, times) in groups.iter().take(shown) {
            let place = match times {
                1 => visible::line(&choice.promise),
                n => format!("{} and {} more", visible::line(&choice.promise), n - 1),
            };
            let text = format!(
                "{}: {} ({place})",
                clean(&choice.question),
                clean(&choice.device)
            );
            self.item(&text);
        }
        if groups.len() > shown {
            self.item(&format!(
                "{} more (--verbose shows all)",
                groups.len() - shown
            ));
        }
    }

    pub(super) fn open_promises(&mut self, report: &Report) {
        for (status, title) in [
            (Status::Undecided, "Undecided: tested, but no answer tells"),
            (Status::Untested, "Untested by this run"),
        ] {
            let ids = report.promises.iter().filter(|p| p.status == status);
            if ids.clone().count() > 0 {
                self.title(title);
                for promise in ids {
                    self.item(&visible::line(&promise.id));
                }
            }
        }
    }

    /// Promises of which not every idea was judged, with the reasons.
    pub(super) fn open_ideas(&mut self, report: &Report) {
        let of = |p: &&PromiseResult| p.ideas.judged.len() < p.ideas.len();
        let open = report.promises.iter().filter(of);
        if open.clone().count() == 0 {
            return;
        }
        self.title("Ideas: kinds of input that were judged, of those that there are");
        for promise in open {
            let ideas = &promise.ideas;
            let reasons = ideas.open.iter().chain(&ideas.not_sent);
            let reasons: Vec<String> = reasons
                .map(|(why, classes)| format!("{} not: {}", classes.len(), clean(why)))
                .collect();
            self.item(&format!(
                "{}: {} of {}; {}",
                visible::line(&promise.id),
                ideas.judged.len(),
                ideas.len(),
                reasons.join("; ")
            ));
        }
    }

    pub(super) fn unsupported(&mut self, report: &Report) {
        if !report.unsupported.is_empty() {
            self.title("Stated by the contract, but checked by nothing here");
            for entry in &report.unsupported {
                let text = format!(
                    "{}: {}",
                    visible::line(&entry.pointer),
                    visible::line(&entry.what)
                );
                self.item(&text);
            }
        }
    }

    pub(super) fn notes(&mut self, report: &Report) {
        if !report.notes.is_empty() {
            self.title("Notes");
            for note in &report.notes {
                self.item(&clean(note));
            }
        }
    }

    pub(super) fn figures(&mut self, report: &Report) {
        self.gap();
        self.judged(report);
        self.promises(report);
        self.ideas(report);
        self.findings_in_figures(report);
        self.requests(report);
        self.device(report);
    }

    /// How many operations were judged.
    fn judged(&mut self, report: &Report) {
        let judged = |state| {
            let such = report.operations.iter();
            such.filter(|o| !o.left_out && o.state == state).count()
        };
        if !report.operations.is_empty() {
            let left_out = report.operations.iter().filter(|o| o.left_out).count();
            let mut text = format!(
                "{} judged, {} in part, {} not judged",
                judged(OperationState::Judged),
                judged(OperationState::InPart),
                judged(OperationState::NotJudged),
            );
            if left_out > 0 {
                let _ = write!(text, ", {left_out} left out");
            }
            self.figure("operations", &text);
        }
    }

    /// How many promises are kept.
    fn promises(&mut self, report: &Report) {
        let with = |status| {
            report
                .promises
                .iter()
                .filter(|p| p.status == status)
                .count()
        };
        let promises = [
            (Status::Kept, "kept", Some(AnsiColor::Green)),
            (Status::Broken, "broken", Some(AnsiColor::Red)),
            (Status::Undecided, "undecided", None),
            (Status::Untested, "untested", None),
        ]
        .into_iter()
        .map(|(status, word, colour)| {
            let n = with(status);
            match colour {
                Some(colour) if n > 0 => self.paint(&format!("{n} {word}"), ink(colour)),
                _ => format!("{n} {word}"),
            }
        })
        .collect::<Vec<_>>()
        .join(", ");
        self.figure("promises", &promises);
    }

    /// How many ideas were judged: what there is to try, and not how often it was tried.
    fn ideas(&mut self, report: &Report) {
        let (judged, all) = report.ideas();
        if all > 0 {
            let (judged, all) = (thousands(judged), thousands(all));
            self.figure("ideas", &format!("{judged} of {all} judged"));
        }
    }

    /// What was found and made of it.
    fn findings_in_figures(&mut self, report: &Report) {
        // As many as `probity lint` lists: notes are told with --pedantic alone.
        let told = report.contract_issues.iter();
        let issues = told
            .filter(|issue| issue.severity != Severity::Note)
            .count();
        if issues > 0 {
            let text = format!(
                "{} of the published text itself (`probity lint` shows them with their proof)",
                count(issues, "issue", "issues")
            );
            self.figure("contract", &text);
        }
        if let Some(campaign) = &report.campaign {
            let text = format!(
                "{} inputs in {} requests, {} classes of answers, corpus {} (+{}), {} restarts of \
                 the device, {} requests to make findings small",
                campaign.inputs,
                campaign.requests,
                campaign.classes,
                campaign.corpus,
                campaign.grown,
                report.device.restarts,
                campaign.shrink_requests
            );
            self.figure("campaign", &text);
        }
        let arguable = report.findings.iter().filter(|f| f.arguable.is_some());
        let arguable = arguable.count();
        if arguable > 0 {
            let all = count(report.findings.len(), "finding", "findings");
            self.figure("arguable", &format!("{arguable} of {all}"));
        }
        if let Some(compared) = &report.baseline {
            self.figure("baseline", &compared.line());
        }
    }

    /// How many requests it took.
    fn requests(&mut self, report: &Report) {
        let requests = report.requests;
        let seconds = report.duration_ms as f64 / 1_000.0;
        let mut text = format!(
            "{} sent, {} answered, in {seconds:.1} s",
            requests.sent, requests.answered
        );
        if report.duration_ms > 0 && requests.sent > 0 {
            let _ = write!(text, " ({:.0}/s)", requests.sent as f64 / seconds);
        }
        let _ = write!(text, "; {} planned, seed {}", requests.planned, report.seed);
        self.figure("requests", &text);
    }

    /// How the device is left.
    fn device(&mut self, report: &Report) {
        let settings = match report.device.restored {
            Some(true) if report.device.rounded => {
                "as they were before the run, but for what the device rounds (notes)".to_owned()
            }
            Some(true) => "as they were before the run".to_owned(),
            Some(false) => self.paint("NOT as they were before the run", ink(AnsiColor::Red)),
            None => "could not be looked at".to_owned(),
        };
        self.figure("settings", &settings);
        if report.device.restarts > 0 {
            let text = count(
                report.device.restarts.try_into().unwrap_or(usize::MAX),
                "time",
                "times",
            );
            self.figure("restarted", &text);
        }
    }
}
