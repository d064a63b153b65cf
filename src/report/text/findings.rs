//! What is broken: each finding with its request, what stands for others, how to see it again.

use super::page::{BOLD, DIM, LABEL, NARROWEST, Page, wrap};
use super::*;

/// Most lines of a request body or an observation without `verbose`.
const LINES_SHOWN: usize = 4;
/// Further cases and operations of a cause that are named without `verbose`.
const MEMBERS_SHOWN: usize = 3;
/// Titles of findings that another stands for.
const ALIKE_SHOWN: usize = 3;

impl Page {
    pub(super) fn findings(&mut self, report: &Report) {
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

    pub(super) fn finding(
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
        self.reproducer(finding);
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

    /// The line that sends the request again, to be copied.
    fn reproducer(&mut self, finding: &Finding) {
        let label = self.paint(&format!("{:<LABEL$}", "replay"), DIM);
        // As it is, to be copied. A request holds credentials by name only, so there is nothing to
        // mask, and a masked line would send something else.
        let blank = " ".repeat(4 + LABEL);
        for (at, line) in visible::reproducer(&finding.reproducer.curl)
            .iter()
            .enumerate()
        {
            let before = if at == 0 {
                format!("    {label}")
            } else {
                blank.clone()
            };
            self.line(&format!("{before}{line}"));
        }
        if let Some(file) = &finding.reproducer.request_file {
            self.line(&format!("{blank}(reads {})", visible::line(file)));
        }
    }

    /// The further cases of a cause and its operations.
    pub(super) fn members(&mut self, finding: &Finding) {
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
    pub(super) fn alike(&mut self, findings: &[&Finding]) {
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

    pub(super) fn setup(&mut self, report: &Report, setup: Option<&str>) {
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
    pub(super) fn brief(&mut self, finding: &Finding) {
        let (word, ansi) = severity_word(finding.severity);
        let word = self.paint(&format!("{word:<8}"), ansi);
        self.line(&format!(
            "{word}  {}  {}  {}",
            visible::line(&finding.fingerprint),
            visible::line(&finding.promise),
            clean(&finding.title)
        ));
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
