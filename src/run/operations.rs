//! How far each operation was judged, why not further, and whether that is enough. Pure.
//!
//! An operation is *judged* where a valid request of it was accepted or drew another decided
//! verdict and, where the plan holds surely invalid requests of it, one of those was decided too, for each
//! rule of its body and parameters that any were sent for. Of what has a body, most valid ones have to be
//! decided as well: a device that takes only a few of them may break every rule of the others.
//! It is judged *in part* where anything else was decided.

use super::exit::Verdict;
use super::result::{Floor, OperationResult, OperationState, Report};
use crate::case::{Case, Expect, LeftOut, Plan};
use crate::contract::{Contract, Effects, Operation, shape};
use crate::exchange::Exchange;
use crate::judge::{Acceptance, Judgement, Ruling};
use std::collections::BTreeMap;
use std::str::FromStr;

/// What is known of one operation.
#[derive(Debug, Default)]
pub(super) struct Progress {
    cases: u64,
    /// Valid requests that were accepted or showed a deviation.
    valid: u64,
    /// Invalid requests with a decided verdict.
    invalid: u64,
    /// Valid requests that were answered, and of which no answer tells.
    open: u64,
    /// Other decided verdicts.
    others: u64,
    /// What valid requests drew that were not accepted → how many.
    instead: BTreeMap<String, u64>,
}

impl Progress {
    pub(super) fn count(&mut self, case: &Case, judgement: &Judgement, answered: bool) {
        self.cases += 1;
        let broken = judgement.deviations().next().is_some();
        let kept = judgement
            .verdicts
            .iter()
            .any(|v| v.ruling == Ruling::Kept && case.promises.contains(&v.promise));
        match case.expect {
            // A refusal is a finding where another one was accepted, and says nothing where none was.
            _ if case.is_valid() => {
                let counts = match judgement.acceptance {
                    Acceptance::Accepted => true,
                    Acceptance::Refused => false,
                    Acceptance::Neither => broken,
                };
                self.valid += u64::from(counts);
                self.open += u64::from(answered && !counts && !broken);
            }
            Expect::Refused { .. } => self.invalid += u64::from(broken || kept),
            _ => self.others += u64::from(broken || kept),
        }
    }

    pub(super) fn drew(&mut self, case: &Case, exchange: &Exchange, acceptance: Acceptance) {
        if !case.is_valid() {
            return;
        }
        let what = match (exchange.answer(), exchange.failure()) {
            (Some(answer), _) if (200..300).contains(&answer.status) => {
                if acceptance == Acceptance::Accepted {
                    return;
                }
                format!("{} with a body that says that it failed", answer.status)
            }
            (Some(answer), _) => {
                let to = answer.headers.iter().find_map(|(name, value)| {
                    name.eq_ignore_ascii_case("location")
                        .then(|| String::from_utf8_lossy(value).into_owned())
                });
                match to {
                    Some(to) => format!("{} with Location {to}", answer.status),
                    None => answer.status.to_string(),
                }
            }
            (None, Some(failure)) => failure.to_string(),
            (None, None) => "no answer".to_owned(),
        };
        // Texts of a device without end must not fill the memory.
        if self.instead.len() < 8 || self.instead.contains_key(&what) {
            *self.instead.entry(what).or_default() += 1;
        }
    }

    /// Whether every valid request was told that what it names is not there.
    fn only_unknown(&self) -> bool {
        self.instead
            .keys()
            .all(|what| what == "404" || what == "410")
    }

    /// What valid requests drew, the most frequent first.
    fn drawn(&self) -> String {
        let mut drawn: Vec<(&String, &u64)> = self.instead.iter().collect();
        drawn.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let words: Vec<String> = drawn
            .iter()
            .take(3)
            .map(|(what, n)| match n {
                1 => (*what).clone(),
                n => format!("{what} ({n} times)"),
            })
            .collect();
        words.join(", ")
    }
}

/// What the answers tell of the operations.
pub(super) struct Told<'t> {
    pub progress: &'t BTreeMap<String, Progress>,
    /// By operation: rules of its input of which no request that breaks them was decided, and why.
    pub open: &'t BTreeMap<&'t str, Vec<(&'t str, &'t str)>>,
}

/// Cases of the plan for one operation.
#[derive(Debug, Default)]
struct Planned {
    valid: bool,
    invalid: bool,
    any: bool,
}

pub(super) fn results(
    contract: &Contract,
    plan: &Plan,
    told: Told<'_>,
    stopped: Option<&str>,
    effects: Option<&Effects>,
) -> Vec<OperationResult> {
    let mut plans: BTreeMap<&str, Planned> = BTreeMap::new();
    for case in &plan.cases {
        let plan = plans.entry(case.operation.as_str()).or_default();
        plan.any = true;
        plan.valid |= case.is_valid();
        plan.invalid |= matches!(case.expect, Expect::Refused { .. });
    }
    let left_out: BTreeMap<&str, &LeftOut> = plan
        .left_out
        .iter()
        .map(|l| (l.operation.as_str(), l))
        .collect();
    let (nothing, unplanned) = (Progress::default(), Planned::default());
    let mut results = Vec::new();
    for operation in &contract.operations {
        let seen = told.progress.get(&operation.id).unwrap_or(&nothing);
        let plan = plans.get(operation.id.as_str()).unwrap_or(&unplanned);
        let unsupported = || {
            // Of what a request is made of; callbacks and links keep none from being made.
            let here = |u: &&crate::contract::Unsupported| {
                let rest = u.pointer.strip_prefix(operation.pointer.as_str());
                let parts = ["/requestBody", "/parameters", "/security"];
                rest.is_some_and(|rest| parts.iter().any(|part| rest.starts_with(part)))
            };
            let listed = || {
                let first = contract.unsupported.iter().find(here)?;
                Some(format!("unsupported: {}", first.what))
            };
            operation.obstacle().or_else(listed)
        };
        let named = operation.path.contains('{');
        let (mut state, mut reason) = state(seen, plan, (named, stopped), unsupported);
        let open = told.open.get(operation.id.as_str());
        if state == OperationState::Judged
            && let Some(why) = left_open(seen, operation, open.map_or(&[], Vec::as_slice))
        {
            (state, reason) = (OperationState::InPart, Some(why));
        }
        // One of which some cases may be sent is asked for all the same.
        let left_out = left_out.get(operation.id.as_str());
        let all_of_it = left_out.filter(|_| !plan.any);
        results.push(OperationResult {
            id: operation.id.clone(),
            // That some request at its path was not sent says nothing of what it does itself.
            effect: all_of_it
                .map(|l| l.effect)
                .or_else(|| effects?.get(&operation.id).map(|e| e.effect))
                .or(left_out.map(|l| l.effect)),
            state,
            reason: all_of_it.map_or(reason, |l| Some(l.reason.clone())),
            left_out: all_of_it.is_some(),
            cases: seen.cases,
        });
    }
    results
}

fn state(
    seen: &Progress,
    plan: &Planned,
    (named, stopped): (bool, Option<&str>),
    unsupported: impl Fn() -> Option<String>,
) -> (OperationState, Option<String>) {
    let enough = seen.valid > 0 && (seen.invalid > 0 || !plan.invalid);
    if enough {
        return (OperationState::Judged, None);
    }
    let decided = seen.valid + seen.invalid + seen.others > 0;
    let reached = |reason: &str| match stopped {
        Some(why) => format!("{reason}: {why}"),
        None => reason.to_owned(),
    };
    let reason = if seen.cases == 0 {
        match (plan.any, stopped) {
            (false, _) => unsupported().unwrap_or_else(|| "no request could be built".to_owned()),
            (true, _) => reached("not reached"),
        }
    } else if seen.valid == 0 && !plan.valid {
        unsupported().unwrap_or_else(|| "no request that is surely valid could be built".to_owned())
    } else if seen.valid == 0 && seen.instead.is_empty() {
        reached("no valid request was answered")
    } else if seen.valid == 0 && named && seen.only_unknown() {
        format!("no valid id known: {}", seen.drawn())
    } else if seen.valid == 0 {
        format!("no valid request was accepted: {}", seen.drawn())
    } else {
        reached("no invalid request was decided")
    };
    let state = match decided {
        true => OperationState::InPart,
        false => OperationState::NotJudged,
    };
    (state, Some(reason))
}

/// What of an operation has no verdict, though both valid and invalid requests of it were decided.
fn left_open(seen: &Progress, operation: &Operation, rules: &[(&str, &str)]) -> Option<String> {
    if operation.body.is_some() && seen.open > seen.valid {
        let of = seen.open + seen.valid;
        let drawn = seen.drawn();
        return Some(format!(
            "{} of {of} valid requests have no verdict: {drawn}",
            seen.open
        ));
    }
    let (rule, why) = rules.first()?;
    let others = match rules.len() - 1 {
        0 => String::new(),
        1 => " and of 1 other rule".to_owned(),
        n => format!(" and of {n} other rules"),
    };
    Some(format!(
        "no request that breaks {rule}{others} was decided: {why}"
    ))
}

/// Whether some operations are left out, and of the others that were judged the document says neither what
/// they take nor what they answer: then nothing of it was tested.
pub(super) fn says_nothing(contract: &Contract, results: &[OperationResult]) -> bool {
    let says = |op: &Operation| {
        let answers = shape::answer(op).is_some() && shape::unread_media(op).is_none();
        answers || op.body.is_some() || !op.parameters.is_empty()
    };
    let judged = results
        .iter()
        .filter(|r| r.state != OperationState::NotJudged);
    let mut judged = judged.filter_map(|r| contract.operation(&r.id)).peekable();
    results.iter().any(|r| r.left_out) && judged.peek().is_some() && !judged.any(says)
}

/// How many of the operations that were asked for have to be judged: a share, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloorWanted(f64);

impl FloorWanted {
    /// Every one.
    pub const ALL: FloorWanted = FloorWanted(1.0);
    /// None.
    pub const NONE: FloorWanted = FloorWanted(0.0);
}

impl FloorWanted {
    /// As a run was asked for.
    pub(super) fn of(floor: &Floor) -> FloorWanted {
        FloorWanted(floor.share)
    }
}

impl Default for FloorWanted {
    fn default() -> Self {
        FloorWanted::ALL
    }
}

impl FromStr for FloorWanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => return Ok(FloorWanted::ALL),
            "none" => return Ok(FloorWanted::NONE),
            _ => {}
        }
        match text.parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(FloorWanted(share)),
            _ => Err(format!(
                "`{text}` is not a floor: give a share from 0 to 1, `all` or `none`"
            )),
        }
    }
}

/// Marks operations that the user left out, with the reason.
pub fn leave_out(report: &mut Report, left_out: &BTreeMap<String, String>) {
    for operation in &mut report.operations {
        if let Some(why) = left_out.get(&operation.id) {
            operation.left_out = true;
            operation.reason = Some(why.clone());
        }
    }
}

/// Holds a report against the floor. One that would end with 0, or with flaky results only, and has
/// fewer operations judged ends with 3; everything else keeps its exit.
pub fn hold(report: &mut Report, wanted: FloorWanted) -> Option<Verdict> {
    let floor = measure(report, wanted);
    let met = floor.met;
    report.floor = Some(floor);
    let passes = [Verdict::Kept, Verdict::Flaky]
        .iter()
        .any(|v| v.code() == report.exit.code);
    if met || !passes {
        return None;
    }
    report.exit.code = Verdict::NotJudged.code();
    if let Some(why) = short_of(report, wanted) {
        // What cut the run stands behind it.
        let cut = report.exit.reason.split_once("; ").map(|(_, cut)| cut);
        let cut = cut.map(|cut| format!("; {cut}")).unwrap_or_default();
        report.exit.reason = format!("could not judge: {why}{cut}");
    }
    Some(Verdict::NotJudged)
}

fn measure(report: &Report, wanted: FloorWanted) -> Floor {
    let asked = report.operations.iter().filter(|o| !o.left_out);
    let judged = asked.clone().filter(|o| o.state == OperationState::Judged);
    let (asked, judged) = (asked.count() as u64, judged.count() as u64);
    // A share such as 0.8 of 5 operations is 4, whatever binary fractions make of it.
    let enough = judged as f64 + 1e-9 >= wanted.0 * asked as f64;
    Floor {
        share: wanted.0,
        asked,
        judged,
        met: wanted == FloorWanted::NONE || asked > 0 && enough,
    }
}

/// Where fewer operations were judged than wanted: how many, and why the first was not.
pub(super) fn short_of(report: &Report, wanted: FloorWanted) -> Option<String> {
    let floor = measure(report, wanted);
    if floor.met {
        return None;
    }
    let mut line = format!("{} of {} operations were judged", floor.judged, floor.asked);
    let short = |o: &&OperationResult| !o.left_out && o.state != OperationState::Judged;
    if let Some(first) = report.operations.iter().find(short) {
        let why = first.reason.as_deref().unwrap_or("no reason is known");
        line.push_str(&format!(" ({}: {why})", first.id));
    }
    Some(line)
}
