//! The summary for people: who was judged against what, what is broken first and how to see it
//! again, then what the page leaves open, then the figures and the verdict.

use super::{divergence, visible};
use crate::contract::PromiseSource;
use crate::judge::Kind;
use crate::reproduce::mask_credentials;
use crate::run::result::{Choice, Divergence, Finding, OperationState, Report, Severity, Status};
use anstyle::{AnsiColor, Style as Ansi};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How the summary looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub colour: bool,
    /// One line a finding and the final line only.
    pub quiet: bool,
    /// With evidence, all choices and readings, and the promises that were not decided.
    pub verbose: bool,
    /// Columns to wrap at; lines to be copied (replay) are never wrapped.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Style {
            colour: false,
            quiet: false,
            verbose: false,
            width: 100,
        }
    }
}

/// Narrower than this, labels and text no longer stand beside each other.
const NARROWEST: usize = 40;
/// Groups of choices that are shown without `verbose`.
const CHOICES_SHOWN: usize = 10;
/// Most lines of a request body or an observation without `verbose`.
const LINES_SHOWN: usize = 4;
/// Width of the column of labels.
const LABEL: usize = 10;
/// That of the labels of figures.
const FIGURE: usize = 12;
/// Further cases and operations of a cause that are named without `verbose`.
const MEMBERS_SHOWN: usize = 3;
/// Operations that are named without `verbose` where they were not judged.
const OPERATIONS_SHOWN: usize = 12;
/// Titles of findings that another stands for.
const ALIKE_SHOWN: usize = 3;

const BOLD: Ansi = Ansi::new().bold();
const DIM: Ansi = Ansi::new().dimmed();

const fn ink(colour: AnsiColor) -> Ansi {
    Ansi::new()
        .bold()
        .fg_color(Some(anstyle::Color::Ansi(colour)))
}

/// The summary as text.
pub fn render(report: &Report, style: Style) -> String {
    render_with(report, style, None)
}

/// The summary with shell lines that set the `$PROBITY_…` variables of its replay lines, shown
/// where a replay line needs them.
pub fn render_with(report: &Report, style: Style, setup: Option<&str>) -> String {
    let mut page = Page {
        out: String::new(),
        style: Style {
            width: style.width.max(NARROWEST),
            ..style
        },
    };
    if style.quiet {
        for finding in &report.findings {
            page.brief(finding);
        }
    } else {
        page.heading(report);
        page.findings(report);
        page.setup(report, setup);
        page.operations(report);
        page.divergences(&report.divergences);
        page.choices(&report.choices);
        if style.verbose {
            page.open_promises(report);
        }
        page.unsupported(report);
        page.notes(report);
        page.figures(report);
    }
    page.verdict(report);
    page.out
}

struct Page {
    out: String,
    style: Style,
}

/// Device text on one line, without credentials.
pub(super) fn clean(text: &str) -> String {
    mask_credentials(&visible::line(text)).into_owned()
}

/// Lines of at most `width` columns; names and paths are not broken at their hyphens.
fn wrap(text: &str, width: usize) -> Vec<Cow<'_, str>> {
    let options =
        textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options)
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

impl Page {
    fn paint(&self, text: &str, ansi: Ansi) -> String {
        if self.style.colour {
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn title(&mut self, text: &str) {
        self.gap();
        let title = self.paint(text, BOLD);
        self.line(&title);
    }

    /// A label and text beside it, wrapped, `limit` lines at most.
    fn entry(&mut self, indent: usize, label: &str, text: &str, limit: usize) {
        let column = indent + LABEL;
        let width = self.style.width.saturating_sub(column).max(NARROWEST / 2);
        let mut lines: Vec<String> = text
            .split('\n')
            .flat_map(|l| wrap(l, width))
            .map(|l| l.into_owned())
            .collect();
        while lines.last().is_some_and(|l| l.trim().is_empty()) {
            lines.pop();
        }
        if lines.len() > limit {
            lines.truncate(limit);
            if let Some(last) = lines.last_mut() {
                last.push_str(" …");
            }
        }
        let label = self.paint(&format!("{label:<LABEL$}"), DIM);
        for (i, line) in lines.iter().enumerate() {
            let lead = if i == 0 { &label } else { &" ".repeat(LABEL) };
            self.line(&format!("{:indent$}{lead}{line}", ""));
        }
    }

    /// Text behind a bullet, wrapped.
    fn item(&mut self, text: &str) {
        let width = self.style.width.saturating_sub(4).max(NARROWEST / 2);
        for (i, line) in wrap(text, width).iter().enumerate() {
            let lead = if i == 0 { "  · " } else { "    " };
            self.line(&format!("{lead}{line}"));
        }
    }

    fn heading(&mut self, report: &Report) {
        let device = &report.device;
        let mut name = match &device.model {
            Some(model) => visible::line(model),
            None => "Device".to_owned(),
        };
        if let Some(firmware) = &device.firmware {
            let _ = write!(name, ", firmware {}", visible::line(firmware));
        }
        let name = self.paint(&name, BOLD);
        self.line(&format!("{name} at {}", clean(&report.target)));
        self.line(&format!(
            "judged against {}",
            visible::line(&report.contract.id)
        ));
    }

    fn findings(&mut self, report: &Report) {
        let mut number = 0;
        // Looked up: a merged report has very many of both.
        let mut sources: BTreeMap<&str, &PromiseSource> = BTreeMap::new();
        for promise in &report.promises {
            sources.entry(&promise.id).or_insert(&promise.source);
        }
        for severity in [
            Severity::Critical,
            Severity::High,
            Severity::Medium,
            Severity::Low,
        ] {
            let group = report.findings.iter().filter(|f| f.severity == severity);
            let total = group.clone().count();
            if total == 0 {
                continue;
            }
            self.gap();
            let (word, ansi) = severity_word(severity);
            let head = self.paint(&word.to_uppercase(), ansi);
            self.line(&format!("{head}  {}", count(total, "finding", "findings")));
            let mut shown: Vec<(&Finding, Vec<&Finding>)> = Vec::new();
            let mut leaders: BTreeMap<(&str, String), usize> = BTreeMap::new();
            for finding in group {
                let answer = answer_of(finding).filter(|_| !self.style.verbose);
                let leader = answer.as_ref().and_then(|a| leaders.get(a));
                match leader.and_then(|at| shown.get_mut(*at)) {
                    Some((_, alike)) => alike.push(finding),
                    None => {
                        leaders.extend(answer.map(|a| (a, shown.len())));
                        shown.push((finding, Vec::new()));
                    }
                }
            }
            for (finding, alike) in shown {
                number += 1;
                self.gap();
                let source = sources.get(finding.promise.as_str()).copied();
                self.finding(number, finding, source, ansi);
                self.alike(&alike);
            }
        }
    }

    fn finding(
        &mut self,
        number: usize,
        finding: &Finding,
        source: Option<&PromiseSource>,
        ansi: Ansi,
    ) {
        let verbose = self.style.verbose;
        let limit = if verbose { usize::MAX } else { LINES_SHOWN };
        let figure = self.paint(&format!("{number:>3} "), ansi);
        let width = self.style.width.saturating_sub(4).max(NARROWEST / 2);
        for (i, line) in wrap(&clean(&finding.title), width).iter().enumerate() {
            let line = self.paint(line, BOLD);
            let lead = if i == 0 { figure.as_str() } else { "    " };
            self.line(&format!("{lead}{line}"));
        }
        let place = source
            .map(|source| match source.page_line {
                Some(line) => format!(" (document line {line})"),
                // A pointer into the document says little to a person; an RFC does.
                None if source.pointer.starts_with('/') && !verbose => String::new(),
                None if source.pointer.is_empty() => String::new(),
                None => format!(" ({})", visible::line(&source.pointer)),
            })
            .unwrap_or_default();
        self.entry(
            4,
            "promise",
            &format!("{}{place}", visible::line(&finding.promise)),
            limit,
        );
        let request = &finding.evidence.request;
        let request = if verbose {
            visible::block(request)
        } else {
            short_request(request)
        };
        self.entry(4, "request", &request, limit);
        self.entry(4, "expected", &clean(&finding.expected), limit);
        self.entry(4, "observed", &clean(&finding.observed), limit);
        if let Some(why) = &finding.arguable {
            self.entry(4, "arguable", &clean(why), limit);
        }
        if verbose {
            let evidence = &finding.evidence;
            let answer = ("answer", &evidence.answer);
            for (label, text) in
                std::iter::once(answer).chain(evidence.observations.iter().map(|o| ("looked", o)))
            {
                if !text.is_empty() {
                    self.entry(4, label, &mask_credentials(&visible::block(text)), limit);
                }
            }
        }
        let label = self.paint(&format!("{:<LABEL$}", "replay"), DIM);
        // As it is, to be copied. A request holds credentials by name only, so there is nothing to
        // mask, and a masked line would send something else.
        self.line(&format!(
            "    {label}{}",
            visible::line(&finding.reproducer.curl)
        ));
        if let Some(file) = &finding.reproducer.request_file {
            let blank = " ".repeat(4 + LABEL);
            self.line(&format!("{blank}(reads {})", visible::line(file)));
        }
        let mut seen = format!(
            "{} times · {} · {} · {}",
            visible::line(&finding.confirmed).replace('/', " of "),
            finding.kind.id(),
            visible::line(&finding.fingerprint),
            visible::line(&finding.case)
        );
        if !finding.members.is_empty() {
            let _ = write!(
                seen,
                " and {}",
                count(finding.members.len(), "case like it", "cases like it")
            );
        }
        self.entry(4, "seen", &seen, limit);
        self.members(finding);
    }

    /// The further cases of a cause and its operations.
    fn members(&mut self, finding: &Finding) {
        let verbose = self.style.verbose;
        let shown = if verbose { usize::MAX } else { MEMBERS_SHOWN };
        if finding.operations.len() > 1 {
            let names: Vec<String> = finding
                .operations
                .iter()
                .take(shown)
                .map(|o| visible::line(o))
                .collect();
            let more = finding.operations.len() - names.len();
            let more = match more {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            self.entry(4, "in", &format!("{}{more}", names.join(", ")), usize::MAX);
        }
        let members: Vec<String> = finding
            .members
            .iter()
            .take(shown)
            .map(|m| match (m.title.is_empty(), verbose) {
                (false, false) => clean(&m.title),
                (false, true) => format!("{} ({})", clean(&m.title), visible::line(&m.case)),
                (true, _) => visible::line(&m.case),
            })
            .collect();
        if members.is_empty() {
            return;
        }
        let mut text = members.join("; ");
        if finding.members.len() > members.len() {
            text.push_str("; … (--verbose shows all)");
        }
        self.entry(4, "also", &text, usize::MAX);
    }

    /// Findings that one finding, shown before, stands for.
    fn alike(&mut self, findings: &[&Finding]) {
        if findings.is_empty() {
            return;
        }
        let titles: Vec<String> = findings
            .iter()
            .take(ALIKE_SHOWN)
            .map(|f| clean(&f.title))
            .collect();
        let mut text = format!(
            "{} answered in the same way: {}",
            count(findings.len(), "more finding", "more findings"),
            titles.join("; ")
        );
        if findings.len() > titles.len() {
            text.push_str("; … (--verbose shows all)");
        }
        self.entry(4, "alike", &text, usize::MAX);
    }

    fn setup(&mut self, report: &Report, setup: Option<&str>) {
        let needed = |f: &Finding| f.reproducer.curl.contains("PROBITY_");
        let Some(setup) = setup.filter(|_| report.findings.iter().any(needed)) else {
            return;
        };
        self.title("Before a replay, with PROBITY_USERNAME and PROBITY_PASSWORD exported");
        for line in visible::block(setup).lines() {
            self.line(&format!("  {line}"));
        }
    }

    /// One line of a quiet report.
    fn brief(&mut self, finding: &Finding) {
        let (word, ansi) = severity_word(finding.severity);
        let word = self.paint(&format!("{word:<8}"), ansi);
        self.line(&format!(
            "{word}  {}  {}  {}",
            visible::line(&finding.fingerprint),
            visible::line(&finding.promise),
            clean(&finding.title)
        ));
    }

    /// Operations that were not judged, or in part, each with the reason.
    fn operations(&mut self, report: &Report) {
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

    fn divergences(&mut self, divergences: &[Divergence]) {
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

    fn choices(&mut self, choices: &[Choice]) {
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

    fn open_promises(&mut self, report: &Report) {
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

    fn unsupported(&mut self, report: &Report) {
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

    fn notes(&mut self, report: &Report) {
        if !report.notes.is_empty() {
            self.title("Notes");
            for note in &report.notes {
                self.item(&clean(note));
            }
        }
    }

    fn figures(&mut self, report: &Report) {
        self.gap();
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
        self.figure("promises", &promises);
        let issues = report.contract_issues.len();
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
        let settings = match report.device.restored {
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

    /// A figure with its label; may hold colours, is not wrapped.
    fn figure(&mut self, label: &str, text: &str) {
        let label = self.paint(&format!("{label:<FIGURE$}"), DIM);
        self.line(&format!("{label}{text}"));
    }

    fn verdict(&mut self, report: &Report) {
        if !self.style.quiet {
            self.gap();
        }
        let (word, colour) = match report.exit.code {
            0 => ("KEPT", AnsiColor::Green),
            1 => ("BROKEN", AnsiColor::Red),
            3 => ("NOT JUDGED", AnsiColor::Yellow),
            4 => ("STALE", AnsiColor::Yellow),
            5 => ("FLAKY", AnsiColor::Yellow),
            6 => ("NOT RESTORED", AnsiColor::Red),
            _ => ("ERROR", AnsiColor::Red),
        };
        let word = self.paint(word, ink(colour));
        let text = format!(
            "{word}  {} (exit code {})",
            clean(&report.exit.reason),
            report.exit.code
        );
        self.line(&text);
    }
}

/// What two findings have in common that are one answer to two inputs: the answer as such is what is
/// wrong, and it is the same but for what it quotes. `None`: it is not the answer as such.
fn answer_of(finding: &Finding) -> Option<(&'static str, String)> {
    let answers = matches!(
        finding.kind,
        Kind::ServerError
            | Kind::WrongStatus
            | Kind::WrongErrorShape
            | Kind::WrongErrorField
            | Kind::MalformedResponse
    );
    let unquoted = || finding.observed.split('`').step_by(2).collect();
    answers.then(|| (finding.kind.id(), unquoted()))
}

pub(super) fn severity_word(severity: Severity) -> (&'static str, Ansi) {
    match severity {
        Severity::Critical => ("critical", ink(AnsiColor::Red)),
        Severity::High => ("high", ink(AnsiColor::Red)),
        Severity::Medium => ("medium", ink(AnsiColor::Yellow)),
        Severity::Low => ("low", ink(AnsiColor::Cyan)),
    }
}

/// The request line, and the body where there is one: header fields are in the replay line.
fn short_request(request: &str) -> String {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let first = head.lines().next().unwrap_or_default();
    let first = visible::line(first.strip_suffix(" HTTP/1.1").unwrap_or(first));
    if body.is_empty() {
        first
    } else {
        format!("{first}\n{}", visible::line(body))
    }
}
