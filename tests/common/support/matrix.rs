//! The kill matrix: faults × cases. Runs the plan once for each fault, several at a time (runs
//! mostly wait), and writes what caught what as JSON and as Markdown.

use super::support::{FirstFinding, Suite, in_parallel};
use probity::mock::{self, CLASSES, FaultInfo, Set};
use probity::run::event::{Event, Listener};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// One fault and what caught it.
pub struct Row {
    pub fault: FaultInfo,
    /// Why nobody can see it from outside, where nobody can.
    pub unseen: Option<&'static str>,
    /// Cases with a broken verdict, and those that findings name.
    pub cases: BTreeSet<String>,
    /// Promise, kind and case of each finding.
    pub findings: Vec<(String, String, String)>,
    /// Requests sent when the first finding showed.
    pub first_at: Option<u64>,
    /// Requests of the run.
    pub sent: u64,
    /// Exit code of the run.
    pub exit: u8,
}

impl Row {
    /// Whether a finding shows it. A missing answer that a repetition brought is no proof of
    /// another fault: the machine that runs so many devices at once may have been busy.
    pub fn caught(&self) -> bool {
        let about_answers = matches!(self.fault.promise.as_str(), "http.answers" | "state.alive");
        let counts = |(promise, kind, _): &(String, String, String)| {
            about_answers || kind != "flaky" || !promise.ends_with(".http.answers")
        };
        self.findings.iter().any(counts)
    }
}

/// Every fault with what caught it, over one contract.
pub struct Matrix {
    pub contract: String,
    /// Id and strategy of every case of the plan, in its order.
    plan: Vec<(String, String)>,
    requests: usize,
    pub rows: Vec<Row>,
}

#[derive(Default)]
struct Watch {
    first: FirstFinding,
    broken: BTreeSet<String>,
}

impl Listener for Watch {
    fn on(&mut self, event: &Event<'_>) {
        self.first.on(event);
        if let Event::CaseDone {
            case, broken: true, ..
        } = event
        {
            self.broken.insert((*case).to_owned());
        }
    }
}

impl Matrix {
    /// Runs the plan once for each fault.
    pub fn run(suite: &Suite, faults: &[FaultInfo], unseen: &[(&str, &'static str)]) -> Matrix {
        let rows = in_parallel(faults, |fault| {
            let mut watch = Watch::default();
            let config = suite.mock().with_faults([fault.id.clone()]);
            let report = suite.run(config, &mut watch).report;
            let findings: Vec<_> = report
                .findings
                .iter()
                .map(|f| {
                    let kind = f.kind.id().to_owned();
                    (f.promise.to_string(), kind, f.case.to_string())
                })
                .collect();
            let mut cases = watch.broken;
            cases.extend(findings.iter().map(|(_, _, case)| case.clone()));
            let row = Row {
                unseen: unseen
                    .iter()
                    .find(|(id, _)| fault.id == **id)
                    .map(|(_, why)| *why),
                fault: fault.clone(),
                cases,
                findings,
                first_at: watch.first.at,
                sent: report.requests.sent,
                exit: report.exit.code,
            };
            eprintln!("{}", line(&row));
            row
        });
        Matrix {
            contract: suite.contract.title.clone(),
            plan: suite
                .plan
                .cases
                .iter()
                .map(|c| (c.id.to_string(), c.strategy.to_owned()))
                .collect(),
            requests: suite.plan.requests,
            rows,
        }
    }

    /// Faults that should have been caught and were not.
    pub fn missed(&self, set: Set) -> Vec<&Row> {
        let open = |r: &&Row| r.fault.set == set && r.unseen.is_none() && !r.caught();
        self.rows.iter().filter(open).collect()
    }

    /// Faults that are said to be unseen and were seen.
    pub fn seen_after_all(&self) -> Vec<&Row> {
        let seen = |r: &&Row| r.unseen.is_some() && r.caught();
        self.rows.iter().filter(seen).collect()
    }

    /// Caught and countable faults of a class (or all) and a set.
    fn score(&self, class: Option<mock::Class>, set: Set) -> (usize, usize, usize) {
        let rows: Vec<&Row> = self
            .rows
            .iter()
            .filter(|r| r.fault.set == set && class.is_none_or(|c| r.fault.class == c))
            .collect();
        let caught = rows.iter().filter(|r| r.caught()).count();
        let unseen = rows.iter().filter(|r| r.unseen.is_some()).count();
        (caught, rows.len(), unseen)
    }

    /// Share of the faults that were caught at all by a number of requests.
    fn caught_by(&self, requests: u64) -> f64 {
        let caught = self.rows.iter().filter(|r| r.caught()).count();
        let early = self
            .rows
            .iter()
            .filter(|r| r.first_at.is_some_and(|at| at <= requests) && r.caught());
        early.count() as f64 / caught.max(1) as f64
    }

    /// Requests until nine of ten faults that can be seen are caught; `None`: fewer are.
    fn until_nine_of_ten(&self) -> Option<u64> {
        let open = self.rows.iter().filter(|r| r.unseen.is_none()).count();
        let mut at: Vec<u64> = self.rows.iter().filter_map(|r| r.first_at).collect();
        at.sort_unstable();
        at.get((open * 9).div_ceil(10).checked_sub(1)?).copied()
    }

    /// For each strategy: cases, cases that catch something, faults caught, faults that it alone
    /// catches.
    fn strategies(&self) -> BTreeMap<&str, (usize, usize, usize, usize)> {
        let strategy: BTreeMap<&str, &str> = self
            .plan
            .iter()
            .map(|(id, strategy)| (id.as_str(), strategy.as_str()))
            .collect();
        let useful: BTreeSet<&str> = self
            .rows
            .iter()
            .flat_map(|r| r.cases.iter().map(String::as_str))
            .collect();
        let mut out: BTreeMap<&str, (usize, usize, usize, usize)> = BTreeMap::new();
        for (id, name) in &self.plan {
            let entry = out.entry(name).or_default();
            entry.0 += 1;
            entry.1 += usize::from(useful.contains(id.as_str()));
        }
        for row in &self.rows {
            let by: BTreeSet<&str> = row
                .cases
                .iter()
                .filter_map(|c| strategy.get(c.as_str()).copied())
                .collect();
            for name in &by {
                let entry = out.entry(name).or_default();
                entry.2 += 1;
                entry.3 += usize::from(by.len() == 1);
            }
        }
        out
    }

    /// Cases of the plan that caught nothing, by strategy.
    pub fn idle(&self) -> BTreeMap<&str, Vec<&str>> {
        let useful: BTreeSet<&str> = self
            .rows
            .iter()
            .flat_map(|r| r.cases.iter().map(String::as_str))
            .collect();
        let mut out: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, strategy) in &self.plan {
            if !useful.contains(id.as_str()) {
                out.entry(strategy).or_default().push(id);
            }
        }
        out
    }

    /// The whole matrix.
    pub fn json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|r| {
                json!({
                    "fault": r.fault.id,
                    "class": r.fault.class,
                    "set": r.fault.set,
                    "promise": r.fault.promise,
                    "caught": r.caught(),
                    "unseen": r.unseen,
                    "requests_until_caught": r.first_at,
                    "requests": r.sent,
                    "exit": r.exit,
                    "cases": r.cases,
                    "findings": r.findings.iter().map(|(promise, kind, case)| json!({
                        "promise": promise, "kind": kind, "case": case,
                    })).collect::<Vec<_>>(),
                })
            })
            .collect();
        let by_class: Vec<Value> = CLASSES
            .iter()
            .map(|class| {
                let of = |set| {
                    let (caught, all, unseen) = self.score(Some(*class), set);
                    json!({"caught": caught, "faults": all, "unseen": unseen})
                };
                json!({
                    "class": class,
                    "working": of(Set::Working),
                    "held_back": of(Set::HeldBack),
                })
            })
            .collect();
        json!({
            "contract": self.contract,
            "plan": {"cases": self.plan.len(), "requests": self.requests},
            "score": by_class,
            "caught_after": ECONOMY.map(|n| json!({"requests": n, "share": self.caught_by(n)})),
            "requests_until_90_percent": self.until_nine_of_ten(),
            "caught_by_one_case": self.alone(),
            "cases_that_catch_nothing": self.idle(),
            "faults": rows,
        })
    }

    fn alone(&self) -> BTreeMap<&str, &str> {
        self.rows
            .iter()
            .filter(|r| r.cases.len() == 1)
            .filter_map(|r| Some((r.fault.id.as_str(), r.cases.first()?.as_str())))
            .collect()
    }

    /// The scores as a table, then what was missed, what hangs on one case, what catches nothing.
    pub fn markdown(&self) -> String {
        let mut out = format!(
            "# Kill matrix: {}\n\n{} faults, {} cases, {} requests planned.\n\n",
            self.contract,
            self.rows.len(),
            self.plan.len(),
            self.requests
        );
        out.push_str("| class | working | held back |\n|---|---|---|\n");
        for (name, class) in CLASSES
            .iter()
            .map(|c| (c.to_string(), Some(*c)))
            .chain([("all".to_owned(), None)])
        {
            let cell = |set| {
                let (caught, all, unseen) = self.score(class, set);
                match unseen {
                    0 => format!("{caught}/{all}"),
                    n => format!("{caught}/{} (+{n} unseen)", all - n),
                }
            };
            let _ = writeln!(
                out,
                "| {name} | {} | {} |",
                cell(Set::Working),
                cell(Set::HeldBack)
            );
        }
        out.push_str("\n| requests | share of the caught faults |\n|---|---|\n");
        for n in ECONOMY {
            let _ = writeln!(out, "| {n} | {:.1} % |", 100.0 * self.caught_by(n));
        }
        let nine = self.until_nine_of_ten();
        let nine = nine.map_or("not reached".to_owned(), |n| n.to_string());
        let _ = writeln!(
            out,
            "\nRequests until 90 % of the faults that can be seen are caught: {nine}\n"
        );
        for (title, set) in [("working", Set::Working), ("held-back", Set::HeldBack)] {
            let _ = writeln!(out, "## Missed, {title} set\n");
            for row in self.missed(set) {
                let _ = writeln!(
                    out,
                    "- `{}` ({}): {}",
                    row.fault.id, row.fault.class, row.fault.description
                );
            }
            out.push('\n');
        }
        out.push_str("## Not to be seen from outside\n\n");
        for row in self.rows.iter().filter(|r| r.unseen.is_some()) {
            let _ = writeln!(
                out,
                "- `{}`: {}",
                row.fault.id,
                row.unseen.unwrap_or_default()
            );
        }
        out.push_str("\n## Strategies\n\n| strategy | cases | that catch something | faults caught | caught by it alone |\n|---|---|---|---|---|\n");
        for (name, (cases, useful, faults, alone)) in self.strategies() {
            let _ = writeln!(out, "| {name} | {cases} | {useful} | {faults} | {alone} |");
        }
        out.push_str("\n## Caught by one case only\n\n");
        for (fault, case) in self.alone() {
            let _ = writeln!(out, "- `{fault}`: {case}");
        }
        out.push_str("\n## Cases that catch nothing\n\n");
        for (strategy, cases) in self.idle() {
            let _ = writeln!(out, "- {strategy} ({})", cases.len());
            for case in cases {
                let _ = writeln!(out, "  - {case}");
            }
        }
        out.push_str("\n## Every fault\n\n```\n");
        for row in &self.rows {
            let _ = writeln!(out, "{}", line(row));
        }
        out.push_str("```\n");
        out
    }

    /// Writes `NAME.json` and `NAME.md` into the directory of test output.
    pub fn write(&self, name: &str) {
        let base = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let json = serde_json::to_string_pretty(&self.json()).expect("matrix is JSON");
        std::fs::write(base.with_extension("json"), json).expect("JSON is written");
        std::fs::write(base.with_extension("md"), self.markdown()).expect("table is written");
    }
}

/// Requests after which the share of caught faults is told.
const ECONOMY: [u64; 4] = [50, 150, 300, 600];

fn line(row: &Row) -> String {
    let first = row
        .findings
        .first()
        .map_or(String::new(), |(p, k, c)| format!("{p} {k} {c}"));
    format!(
        "{:28} {:13} {:9} exit {} findings {:3} cases {:3} first at {:4} requests {} {first}",
        row.fault.id,
        row.fault.class.to_string(),
        row.fault.set.to_string(),
        row.exit,
        row.findings.len(),
        row.cases.len(),
        row.first_at.map_or("-".to_owned(), |n| n.to_string()),
        row.sent,
    )
}
