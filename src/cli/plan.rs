//! `probity plan`: lists the cases that `run` would send, and sends nothing.

use super::common::{Error, PolicyArgs, plan_of};
use super::contract_args::ContractArgs;
use super::device_args::DeviceArgs;
use super::out::{print, print_data};
use super::values::shard;
use crate::case::{
    Case, Context, Expect, Fate, Fault, LeftOut, Plan, RESERVE, default_budget, strategies,
};
use crate::contract::{Contract, OperationEffect, Policy};
use crate::exchange::{Request, Segment};
use crate::run::Verdict;
use globset::Glob;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  probity plan
  probity plan --explain
  probity plan --contract api.yaml --only '*.pattern' --format json
  probity plan --thorough --seed 7")]
pub(super) struct Args {
    #[command(flatten)]
    contract: ContractArgs,
    /// Device profile: which operations can be read back, which paths are never probed
    #[arg(long = "profile", alias = "device", value_name = "profile.toml")]
    device: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Seed of everything random; the same seed gives the same plan
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Keep every case, whatever it costs
    #[arg(long, conflicts_with = "max_requests")]
    thorough: bool,
    /// Requests of the whole run, login, read-back and restore included
    #[arg(long, value_name = "N")]
    max_requests: Option<usize>,
    /// Only cases that test a promise whose id matches; may be repeated
    #[arg(long, value_name = "PROMISE-GLOB")]
    only: Vec<Glob>,
    /// Only the Ith of N shares: disjoint, together complete, the same for the same plan
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// Say of each strategy what it is after and what it costs
    #[arg(long)]
    explain: bool,
    /// Say of each promise how many ideas there are (kinds of input to try on it), how many are sent, and
    /// why the others are not
    #[arg(long, conflicts_with = "explain")]
    ideas: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people: one case a line
    Text,
    /// One JSON object, `probity-plan/1`
    Json,
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let (mut contract, built_in) = args.contract.load()?;
    let profile = DeviceArgs::profile_from(args.device.as_deref(), built_in, &mut contract)?;
    let policy = args.policy.policy(&contract, &profile, false)?;
    let texts = contract.texts();
    let context = Context::new(&contract, &profile, &texts)
        .seeded(args.seed)
        .thorough(args.thorough);
    let budget = args
        .max_requests
        .unwrap_or_else(|| default_budget(&contract));
    let budget = (!args.thorough).then_some(budget);
    let mut plan = plan_of(&context, budget, &args.only, &policy)?;
    if let Some((i, n)) = args.shard {
        plan = plan.share(i, n);
    }
    match args.format {
        Format::Text => {
            let table = table(&contract, &plan, &policy);
            print(&format!("{table}{}", text(&plan, &args, budget)))?;
        }
        Format::Json => {
            let json = json_plan(&plan, &contract, &policy, &args, budget);
            print_data(&format!("{json:#}\n"))?;
        }
    }
    Ok(Verdict::Kept)
}

/// Resources, and what each operation may do, with the reason and what would open it.
fn table(contract: &Contract, plan: &Plan, policy: &Policy) -> String {
    let effects = policy.effects();
    let mut of: BTreeMap<&str, Vec<&OperationEffect>> = BTreeMap::new();
    for effect in effects.iter() {
        of.entry(&effect.resource).or_default().push(effect);
    }
    let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
    for left in &plan.left_out {
        *left_out.entry(&left.operation).or_default() += left.cases;
    }
    let mut out = String::from("Resources and the effects of their operations:\n");
    for resource in effects.resources.iter() {
        let kind = json!(resource.kind);
        let state = match &resource.read {
            Some(read) => format!("its state reads at {} {}", read.method, read.path),
            None => "nothing reads its state".to_owned(),
        };
        let kind = kind.as_str().unwrap_or_default();
        out.push_str(&format!("{}  [{kind}] {state}\n", resource.path));
        for effect in of.get(resource.id.as_str()).into_iter().flatten() {
            let Some(op) = contract.operation(&effect.operation) else {
                continue;
            };
            let name = match op.id == op.signature() {
                true => String::new(),
                false => format!(" {}", op.id),
            };
            let (what, why) = (effect.effect, &effect.reason);
            out.push_str(&format!("  {}{name}: {what} ({why})\n", op.signature()));
            if let Err(refusal) = policy.operation(&op.id) {
                let cases = left_out.get(op.id.as_str()).copied().unwrap_or_default();
                out.push_str(&format!(
                    "    left out, {cases} cases; {}\n",
                    refusal.reason
                ));
            }
        }
    }
    out.push('\n');
    out
}

/// What of the plan is not sent, and why.
fn omissions(plan: &Plan) -> String {
    let mut out = String::new();
    let cases: usize = plan.left_out.iter().map(|l| l.cases).sum();
    if cases > 0 {
        out.push_str(&format!(
            "{cases} cases are left out for what they may do, and count as untested:\n"
        ));
    }
    for left in &plan.left_out {
        out.push_str(&format!(
            "  {}: {} cases, {}: {}\n",
            left.operation, left.cases, left.effect, left.reason
        ));
    }
    for (strategy, cases) in &plan.silenced {
        out.push_str(&format!(
            "strategy {strategy}: the budget drops all of its {cases} cases; raise --max-requests \
             or give --thorough\n"
        ));
    }
    out
}

/// Every operation with its effect and what of it is sent.
fn json_operations(plan: &Plan, policy: &Policy) -> Vec<Value> {
    let mut cases: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &plan.cases {
        *cases.entry(&case.operation).or_default() += 1;
    }
    let effects = policy.effects().iter();
    effects
        .map(|effect| {
            let mut value = json!(effect);
            let cases = cases.get(effect.operation.as_str());
            value["cases"] = json!(cases.copied().unwrap_or_default());
            if let Err(refusal) = policy.operation(&effect.operation) {
                value["left_out"] = json!(refusal.reason);
            }
            value
        })
        .collect()
}

/// What the policy leaves out of a plan.
fn json_left_out(left: &LeftOut) -> Value {
    json!({
        "operation": left.operation,
        "effect": left.effect,
        "reason": left.reason,
        "cases": left.cases,
    })
}

fn text(plan: &Plan, args: &Args, budget: Option<usize>) -> String {
    let mut out = String::new();
    if args.explain {
        out.push_str(&explained(plan));
    } else if args.ideas {
        out.push_str(&ideas(plan));
    } else {
        for case in &plan.cases {
            out.push_str(&format!(
                "{}  {}  {}  [{}]\n",
                case.id,
                case.title,
                expectation(&case.expect),
                case.cost()
            ));
        }
    }
    out.push_str(&format!(
        "{} cases, {} requests",
        plan.cases.len(),
        plan.requests
    ));
    if let Some(budget) = budget {
        out.push_str(&format!(
            " of {} ({RESERVE} more are kept for login, read-back and restore)",
            budget.saturating_sub(RESERVE)
        ));
    }
    if plan.dropped > 0 {
        out.push_str(&format!(
            "; {} cases dropped for the budget, --thorough sends them",
            plan.dropped
        ));
    }
    out.push('\n');
    out.push_str(&format!(
        "{} of {} ideas are sent (--ideas tells of each promise)\n",
        plan.ideas.planned(),
        plan.ideas.len()
    ));
    out.push_str(&omissions(plan));
    out
}

/// The ideas of one promise: those that the plan has, and the others by the reason.
type Sorted<'p> = (Vec<&'p str>, BTreeMap<&'p str, Vec<&'p str>>);

/// Ideas by promise.
fn sorted(plan: &Plan) -> impl Iterator<Item = (&str, Sorted<'_>)> {
    plan.ideas.by_promise().map(|(promise, ideas)| {
        let (mut sent, mut others) = (Vec::new(), BTreeMap::new());
        for (class, fate) in ideas {
            let list: &mut Vec<&str> = match fate {
                Fate::NotSent(why) | Fate::Open(why) => others.entry(&**why).or_default(),
                Fate::Planned | Fate::Judged => &mut sent,
            };
            list.push(class.as_str());
        }
        (promise.as_str(), (sent, others))
    })
}

/// Of each promise: how many ideas there are, how many are sent, and why the others are not.
fn ideas(plan: &Plan) -> String {
    let mut out = String::new();
    for (promise, (sent, others)) in sorted(plan) {
        let all = sent.len() + others.values().map(Vec::len).sum::<usize>();
        out.push_str(&format!("{promise}  {} of {all}", sent.len()));
        for (why, classes) in others {
            out.push_str(&format!("; {} not: {why}", classes.len()));
        }
        out.push('\n');
    }
    out
}

/// [`ideas`] by name.
fn json_ideas(plan: &Plan) -> Vec<Value> {
    let ideas = sorted(plan);
    ideas
        .map(|(promise, (sent, others))| {
            json!({"promise": promise, "sent": sent, "not_sent": others})
        })
        .collect()
}

/// Cases and requests of each strategy.
fn totals(plan: &Plan) -> BTreeMap<&'static str, (usize, usize)> {
    let mut totals: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    for case in &plan.cases {
        let (cases, requests) = totals.entry(case.strategy).or_default();
        *cases += 1;
        *requests += case.cost();
    }
    totals
}

fn explained(plan: &Plan) -> String {
    let totals = totals(plan);
    let mut out = String::new();
    for strategy in strategies() {
        let (cases, requests) = totals.get(strategy.name()).copied().unwrap_or_default();
        out.push_str(&format!(
            "{}: {cases} cases, {requests} requests\n",
            strategy.name()
        ));
        for line in wrapped(strategy.explain(), 92) {
            out.push_str(&format!("    {line}\n"));
        }
        out.push('\n');
    }
    out
}

/// Words in lines of at most `width` characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn fault(fault: &Fault) -> String {
    let kind = serde_json::to_value(fault.kind);
    let kind = kind.ok().and_then(|k| k.as_str().map(str::to_owned));
    let kind = kind.unwrap_or_default();
    match &fault.field {
        Some(field) => format!("{kind} {}", field.dotted().escape_debug()),
        None => kind,
    }
}

fn expectation(expect: &Expect) -> String {
    let list = |faults: &[Fault]| faults.iter().map(fault).collect::<Vec<_>>().join(", ");
    match expect {
        Expect::Accepted => "accepted".to_owned(),
        Expect::Refused { faults } => format!("refused: {}", list(faults)),
        Expect::Either { question, .. } => format!("open: {question}"),
        Expect::Unauthorized { .. } => "unauthorized".to_owned(),
        Expect::Forbidden => "forbidden".to_owned(),
        Expect::LoginRefused => "login refused".to_owned(),
        Expect::Answered { question } => format!("answered: {question}"),
        Expect::AcceptedOr { statuses, .. } => format!("accepted, or one of {statuses:?}"),
        Expect::Survived { question } => format!("survived: {question}"),
        Expect::NotServed { .. } => "not served".to_owned(),
    }
}

fn json_plan(
    plan: &Plan,
    contract: &Contract,
    policy: &Policy,
    args: &Args,
    budget: Option<usize>,
) -> Value {
    let totals = totals(plan);
    let strategies: Vec<Value> = strategies()
        .iter()
        .map(|s| {
            let (cases, requests) = totals.get(s.name()).copied().unwrap_or_default();
            json!({
                "name": s.name(),
                "explain": s.explain(),
                "cases": cases,
                "requests": requests,
            })
        })
        .collect();
    json!({
        "schema": "probity-plan/1",
        "contract": {"id": contract.id, "sha256": contract.sha256},
        "seed": args.seed,
        "budget": budget,
        "reserve": RESERVE,
        "requests": plan.requests,
        "dropped": plan.dropped,
        "resources": policy.effects().resources.iter().collect::<Vec<_>>(),
        "operations": json_operations(plan, policy),
        "left_out": plan.left_out.iter().map(json_left_out).collect::<Vec<_>>(),
        "silenced": plan.silenced.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        "strategies": strategies,
        "ideas": json_ideas(plan),
        "cases": plan.cases.iter().map(json_case).collect::<Vec<_>>(),
    })
}

fn json_case(case: &Case) -> Value {
    json!({
        "id": case.id,
        "operation": case.operation,
        "strategy": case.strategy,
        "title": case.title,
        "promises": case.promises,
        "expect": expectation(&case.expect),
        "input_class": case.input_class,
        "tier": case.tier,
        "cost": case.cost(),
        "request": json_request(&case.request),
    })
}

/// Credentials show as `$NAME`; octets that are not UTF-8 as U+FFFD.
fn json_request(request: &Request) -> Value {
    match request {
        Request::Http(http) => json!({
            "method": http.method,
            "target": http.target.to_string(),
            "headers": http
                .headers
                .iter()
                .map(|(name, value)| json!([name, value.to_string()]))
                .collect::<Vec<_>>(),
            "body": http.body.as_ref().map(|b| String::from_utf8_lossy(b)),
        }),
        Request::Raw(raw) => json!({
            "segments": raw
                .segments
                .iter()
                .map(|segment| match segment {
                    Segment::Bytes(bytes) => json!({"bytes": String::from_utf8_lossy(bytes)}),
                    Segment::Secret(secret) => json!({"secret": secret.env_name()}),
                    Segment::Host => json!("host"),
                    Segment::Prefix => json!("prefix"),
                    Segment::Pause(time) => json!({"pause_ms": time.as_millis() as u64}),
                    Segment::ShutdownWrite => json!("shutdown"),
                })
                .collect::<Vec<_>>(),
        }),
    }
}
