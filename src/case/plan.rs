//! From the cases of all strategies to the plan of a run: order, budget, unique ids.

use super::breadth::broadened;
use super::constraints::Constraints;
use super::elements::Elements;
use super::formats::Formats;
use super::forms::Forms;
use super::hostile::Hostile;
use super::ideas::{ANOTHER_SHARE, BUDGET, Fate, Ideas};
use super::identity::Tier;
use super::lists::Lists;
use super::model::{Case, Context, Expect, Strategy};
use super::moves::moved;
use super::names::Names;
use super::order::by_information;
use super::pairs::Pairs;
use super::parameters::Parameters;
use super::targets::Targets;
use super::turns::{begun, interleaved};
use super::types::Types;
use super::valid::Valid;
use super::wire::{Auth, Conditions, Http, JsonCorners, JsonSyntax, State};
use crate::contract::{Contract, Effect, Operation, Policy, Refusal};
use crate::exchange::{Request, Segment};
use hashbrown::HashTable;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

/// Requests of a run with the default budget, everything included (two minutes at five
/// requests a second).
pub const DEFAULT_BUDGET: usize = 600;

/// Operations that [`DEFAULT_BUDGET`] is enough for.
const ENOUGH_FOR: usize = 3;
/// Requests of a run for each operation of a contract with many of them, at least.
const FOR_EACH: usize = 12;

/// Requests of a run without an option that says otherwise: [`DEFAULT_BUDGET`] for up to three
/// operations, and for more of them as its square root grows: 1,095 for ten, 1,897 for thirty, 3,464 for
/// a hundred, and never fewer than twelve for each. What operations share is asked once, so that each
/// needs less the more there are.
pub fn default_budget(contract: &Contract) -> usize {
    let operations = contract.operations.len();
    let square = DEFAULT_BUDGET * DEFAULT_BUDGET * operations / ENOUGH_FOR;
    DEFAULT_BUDGET
        .max(square.isqrt())
        .max(RESERVE + FOR_EACH * operations)
}

/// Requests of a budget that are kept for login, life probes, read-backs at checkpoints, the
/// restore, and the questions that tell readings apart.
pub const RESERVE: usize = 50 + QUESTIONS_AT_MOST;

/// Questions of a run with the default budget about how the device reads ambiguous string rules.
pub const QUESTIONS_AT_MOST: usize = 36;

/// Names of the strategies that are about what all operations share.
fn of_the_server() -> BTreeSet<&'static str> {
    let strategies = strategies();
    let shared = strategies.iter().filter(|s| s.is_of_the_server());
    shared.map(|s| s.name()).collect()
}

/// What a run sends, in order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The cases.
    pub cases: Vec<Case>,
    /// How many cases the budget cut, the least telling ones.
    pub dropped: usize,
    /// Requests that the cases cost, their read-backs included ([`Case::cost`]).
    pub requests: usize,
    /// What the policy leaves out, with its reason; it counts as untested.
    pub left_out: Vec<LeftOut>,
    /// Strategies whose cases the budget cut altogether, with the number of their cases.
    pub silenced: Vec<(&'static str, usize)>,
    /// The ideas of all cases that were made, whether they are sent or not. Of an operation that must not
    /// be called, and where many operations share few requests, only those of the first strategies are made.
    pub ideas: Ideas,
}

/// Cases that are not sent because of what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The operation that they concern.
    pub operation: String,
    /// What they may do.
    pub effect: Effect,
    /// Why, in words, with what opens it.
    pub reason: String,
    /// How many.
    pub cases: usize,
}

impl Plan {
    /// Keeps the cases (by place in the plan) that `keep` wants, and counts their requests anew.
    /// To choose cases before the budget cuts the plan, see [`plan_where`].
    pub fn retain(&mut self, mut keep: impl FnMut(usize, &Case) -> bool) {
        let mut at = 0;
        self.cases.retain(|case| {
            at += 1;
            keep(at - 1, case)
        });
        self.count_anew(NOT_CHOSEN);
    }

    /// Requests and ideas of what is left of the cases; why the ideas of the others are not sent.
    fn count_anew(&mut self, why: &str) {
        self.requests = self.cases.iter().map(Case::cost).sum();
        self.ideas.plan_anew(&self.cases, why);
    }
}

/// Why an idea is not sent whose cases nobody wants.
const NOT_CHOSEN: &str = "its cases were not asked for";

/// All strategies, in the order in which they come within a tier. Adding one is a file and a line
/// here.
pub fn strategies() -> Vec<Box<dyn Strategy>> {
    vec![
        Box::new(Valid),
        Box::new(Types),
        Box::new(Constraints),
        Box::new(Formats),
        Box::new(Elements),
        Box::new(Names),
        Box::new(Parameters),
        Box::new(Lists),
        Box::new(Targets),
        Box::new(Forms),
        Box::new(Pairs),
        Box::new(Hostile),
        Box::new(JsonSyntax),
        Box::new(JsonCorners),
        Box::new(Http),
        Box::new(Conditions),
        Box::new(Auth),
        Box::new(State),
    ]
}

impl Plan {
    /// The `i`th of `n` shares (from 1): disjoint, together complete, the same for the same plan.
    pub fn share(mut self, i: usize, n: usize) -> Plan {
        let mut at = 0;
        self.cases.retain(|_| {
            at += 1;
            n > 0 && (at - 1) % n == i.saturating_sub(1)
        });
        self.count_anew(ANOTHER_SHARE);
        self
    }
}

/// The plan for a contract: deterministic for a seed, ids unique, cheap and telling cases first.
///
/// `budget` is the number of requests of the whole run; [`RESERVE`] of them are left for what is
/// not a case. To choose what is sent, cases are sorted by tier and interleaved over operations, strategies
/// and fields within a tier, so that several operations share a budget by what each of them needs. Where
/// the budget ends, whatever follows in that order is dropped; where operations share it, its last part
/// goes to kinds of input that are new. `None` keeps every case. What was chosen is sent in the order of
/// what each case tells that none before it does ([`super::order`]); only the first case that is surely
/// valid comes before them all, and each operation has its first cases before any has depth.
///
/// Of several cases that send the same request and may expect the same, the first is kept; of
/// several with the same id (a defect of a strategy), too.
pub fn plan(context: &Context<'_>, budget: Option<usize>) -> Plan {
    plan_where(context, budget, &|_| true)
}

/// [`plan`] of the cases that `keep` keeps; the budget is theirs alone.
pub fn plan_where(
    context: &Context<'_>,
    budget: Option<usize>,
    keep: &dyn Fn(&Case) -> bool,
) -> Plan {
    plan_under(context, budget, None, keep)
}

/// [`plan_where`] of the cases that a policy permits; the others are counted in
/// [`Plan::left_out`]. Without a policy what the document says acts (`x-acts`) is left out.
pub fn plan_under(
    context: &Context<'_>,
    budget: Option<usize>,
    policy: Option<&Policy>,
    keep: &dyn Fn(&Case) -> bool,
) -> Plan {
    plan_of_operations(context, budget, policy, &|_| true, keep)
}

/// [`plan_under`] of the operations that `operations` wants: nothing is made for the others.
pub fn plan_of_operations(
    context: &Context<'_>,
    budget: Option<usize>,
    policy: Option<&Policy>,
    operations: &dyn Fn(&Operation) -> bool,
    keep: &dyn Fn(&Case) -> bool,
) -> Plan {
    let mut ideas = Ideas::default();
    let (made, refused) = all(context, budget, policy, operations, keep, &mut ideas);
    let (permitted, left_out) = permitted(made, refused, context, policy, &mut ideas);
    let mut cases: Vec<Case> = Vec::new();
    // Places in `cases` by what is sent: requests are large, so none is stored twice.
    let (mut ids, mut sent) = (BTreeSet::new(), HashTable::new());
    let hasher = RandomState::new();
    let message = |case: &Case| hasher.hash_one((&case.operation, &case.request));
    for case in interleaved(permitted) {
        let hash = message(&case);
        let same = |at: &usize| {
            // What asks more behind the answer is another case.
            cases.get(*at).is_some_and(|c| {
                c.operation == case.operation
                    && c.request == case.request
                    && (c.check == case.check
                        || !(c.check.is_dialogue() || case.check.is_dialogue()))
            })
        };
        let twin = sent.find(hash, same).copied();
        if let Some(twin) = twin.and_then(|at| cases.get_mut(at)) {
            // It holds the same, whoever made it first.
            if twin.carries.is_empty() && twin.expect == case.expect {
                twin.carries = case.carries;
            }
        } else if ids.insert(case.id.clone()) {
            sent.insert_unique(hash, cases.len(), |at| cases.get(*at).map_or(0, message));
            cases.push(case);
        }
    }
    let cut = Fate::NotSent(BUDGET.into());
    cases.iter().for_each(|case| ideas.add_case(case, &cut));
    let shared = of_the_server();
    cases = begun(cases, alone(context));
    let mut planned: BTreeMap<&'static str, usize> = BTreeMap::new();
    for case in &cases {
        *planned.entry(case.strategy).or_default() += 1;
    }
    let most = budget.map(|b| b.saturating_sub(RESERVE));
    if let Some(most) = most.filter(|_| context.contract.operations.len() > 1) {
        let contract = context.contract;
        let rule = |case: &Case| {
            contract
                .promise(case.main_promise().as_str())?
                .stated
                .as_deref()
        };
        cases = broadened(cases, most, &shared, rule);
    }
    let mut plan = trimmed(cases, most);
    plan.cases = begun(by_information(plan.cases, &shared), alone(context));
    // What may remove something comes last: until then the others find what they name.
    let removes = |case: &Case| {
        let op = context.contract.operation(&case.operation);
        let refused = matches!(case.expect, Expect::Refused { .. });
        !refused && op.is_some_and(|op| op.method == "DELETE")
    };
    // And behind those what a device may take and stumble over at every request from then on.
    plan.cases
        .sort_by_cached_key(|case| (!alone(context) && is_deep(&case.request), removes(case)));
    let kept = |strategy: &str| plan.cases.iter().any(|c| c.strategy == strategy);
    plan.silenced = planned.into_iter().filter(|(s, _)| !kept(s)).collect();
    plan.left_out = left_out;
    plan.ideas = ideas;
    plan.count_anew(BUDGET);
    plan
}

/// Whether a contract has one operation.
fn alone(context: &Context<'_>) -> bool {
    context.contract.operations.len() < 2
}

/// Whether what is sent is well-formed and nested as deep as few readers can write it out again.
fn is_deep(request: &Request) -> bool {
    const FEW: usize = 1_000;
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut read = |octets: &[u8]| {
        for octet in octets {
            match octet {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
    };
    match request {
        Request::Http(http) => read(http.body.as_deref().unwrap_or_default()),
        Request::Raw(raw) => raw.segments.iter().for_each(|segment| {
            if let Segment::Bytes(octets) = segment {
                read(octets);
            }
        }),
    }
    deepest >= FEW && depth == 0
}

/// The cases that may be sent, and what is left out of the others.
fn permitted(
    cases: Vec<Case>,
    refused: Vec<LeftOut>,
    context: &Context<'_>,
    policy: Option<&Policy>,
    ideas: &mut Ideas,
) -> (Vec<Case>, Vec<LeftOut>) {
    let Some(policy) = policy else {
        let acts = |id: &str| {
            context
                .contract
                .operation(id)
                .is_some_and(|o| o.acts == Some(true))
        };
        return (
            cases.into_iter().filter(|c| !acts(&c.operation)).collect(),
            Vec::new(),
        );
    };
    context.tell_kept(policy);
    let mut permitted = Vec::new();
    let mut counted: BTreeMap<(String, Effect, String), usize> = BTreeMap::new();
    for LeftOut {
        operation,
        effect,
        reason,
        cases,
    } in refused
    {
        counted.insert((operation, effect, reason), cases);
    }
    let moves = stand_ins(context, policy);
    moves.values().for_each(|own| policy.created(own));
    for case in cases {
        let request = moved(&case.request, &moves);
        let request = request.as_ref().unwrap_or(&case.request);
        match policy.permits(request) {
            Ok(()) => permitted.push(case),
            Err(refusal) => {
                ideas.add_case(&case, &Fate::NotSent(refusal.reason.as_str().into()));
                let key = (case.operation, refusal.effect, refusal.reason);
                *counted.entry(key).or_default() += 1;
            }
        }
    }
    moves.values().for_each(|own| policy.removed(own));
    let left_out = counted
        .into_iter()
        .map(|((operation, effect, reason), cases)| LeftOut {
            operation,
            effect,
            reason,
            cases,
        });
    (permitted, left_out.collect())
}

/// Whether a policy permits a request as it is going to be sent: at an item of our own where it names
/// one that the run creates.
///
/// # Errors
/// As [`Policy::permits`].
pub fn permits(context: &Context<'_>, policy: &Policy, request: &Request) -> Result<(), Refusal> {
    let moves = stand_ins(context, policy);
    moves.values().for_each(|own| policy.created(own));
    let own = moved(request, &moves);
    let permitted = policy.permits(own.as_ref().unwrap_or(request));
    moves.values().for_each(|own| policy.removed(own));
    permitted
}

/// Items that the run is going to create, by the paths at which planned requests name them. What
/// stands for them here is never sent: the device layer permits only what was created indeed.
fn stand_ins(context: &Context<'_>, policy: &Policy) -> BTreeMap<String, String> {
    if !policy.removes() {
        return BTreeMap::new();
    }
    let places = context.places().into_iter();
    places
        .filter(|place| policy.operation(&place.create).is_ok())
        .filter_map(|place| {
            let above = place.item.rsplit_once('/')?.0;
            Some((place.item.clone(), format!("{above}/probity-own")))
        })
        .collect()
}

/// Operations up to which every strategy makes its cases for each of them.
const MANY: usize = 16;

/// Requests for each operation below which not every strategy has its turn at each of them.
const FEW_EACH: usize = 24;

/// Fields of a body that are gone through for each request that an operation has: a body of thousands
/// must not cost more than one of a few where the same number of cases is sent.
const FIELDS_EACH: usize = 4;

/// The cases of all operations that `operations` wants and the policy permits, and what it leaves out of
/// the others. Where the budget gives each of them few requests, only the first strategies make cases
/// for every operation, and the others take turns: what would be cut is not made.
fn all(
    context: &Context<'_>,
    budget: Option<usize>,
    policy: Option<&Policy>,
    operations: &dyn Fn(&Operation) -> bool,
    keep: &dyn Fn(&Case) -> bool,
    ideas: &mut Ideas,
) -> (Vec<Case>, Vec<LeftOut>) {
    let operations = context
        .contract
        .operations
        .iter()
        .filter(|op| operations(op));
    let refusal = |op: &Operation| policy.and_then(|policy| policy.operation(&op.id).err());
    let (sent, refused): (Vec<_>, Vec<_>) = operations
        .map(|op| (op, refusal(op)))
        .partition(|(_, refusal)| refusal.is_none());
    let share = Share {
        each: budget.map(|budget| budget / sent.len().max(1)),
        many: sent.len() > MANY,
    };
    let made = |strategy: &dyn Strategy, op: &Operation| {
        let cases = strategy.cases(context, op).into_iter();
        // One operation stores what it likes; where there are others, what is stored at one may be in
        // the way of all.
        let kept = |case: &Case| {
            let plain = case.tier < Tier::THOROUGH && (alone(context) || !is_deep(&case.request));
            context.thorough || plain
        };
        let cases = cases.filter(kept);
        cases.filter(|case| keep(case)).collect::<Vec<Case>>()
    };
    context
        .memo
        .go_through(share.each.map(|each| each.max(FOR_EACH) * FIELDS_EACH));
    let mut cases = Vec::new();
    let mut large = Large::default();
    for (at, (op, _)) in sent.into_iter().enumerate() {
        let made = share.of(at, &|strategy| made(strategy, op)).into_iter();
        cases
            .extend(made.filter(|case| !(share.many && share.each.is_some()) || large.keeps(case)));
        if let (true, Some(budget), Some(each)) = (share.many, budget, share.each)
            && cases.len() > HELD * budget
        {
            cut_each(&mut cases, HELD / 2 * budget, MOST_EACH * each);
        }
    }
    let mut left_out = Vec::new();
    for (op, refusal) in refused {
        let Some(Refusal { effect, reason, .. }) = refusal else {
            continue;
        };
        let strategies = strategies();
        let fate = Fate::NotSent(reason.as_str().into());
        let mut count = || -> usize {
            let first = strategies.iter().filter(|s| s.is_first());
            let made = first.flat_map(|strategy| made(strategy.as_ref(), op));
            made.inspect(|case| ideas.add_case(case, &fate)).count()
        };
        // Only what is left out is told, so the fields nearest to the root are enough, unless those that
        // are asked for lie deeper.
        context.memo.go_through(budget.map(|_| FOR_EACH));
        let mut cases = count();
        if cases == 0 && op.body.is_some() {
            context.memo.go_through(None);
            cases = count();
        }
        let operation = op.id.clone();
        left_out.extend((cases > 0).then_some(LeftOut {
            operation,
            effect,
            reason,
            cases,
        }));
    }
    context.memo.go_through(None);
    (cases, left_out)
}

/// Cases for each request of a budget that are held at once, where many operations share it.
const HELD: usize = 4;

/// Leaves of the cases of each operation, which stand side by side, the most telling ones: `least` of
/// each, and more where `wanted` of all would not be left.
fn cut_each(cases: &mut Vec<Case>, wanted: usize, least: usize) {
    let counts: Vec<usize> = cases
        .chunk_by(|a, b| a.operation == b.operation)
        .map(<[Case]>::len)
        .collect();
    let left = |most: usize| -> usize { counts.iter().map(|count| (*count).min(most)).sum() };
    let (mut low, mut high) = (least, least.max(cases.len()));
    while low < high {
        let most = low.midpoint(high);
        match left(most) < wanted {
            true => low = most + 1,
            false => high = most,
        }
    }
    let (mut kept, mut all) = (
        Vec::with_capacity(left(low)),
        std::mem::take(cases).into_iter(),
    );
    for count in counts {
        let mut own: Vec<Case> = all.by_ref().take(count).collect();
        own.sort_by_key(|case| case.tier);
        own.truncate(low);
        kept.append(&mut own);
    }
    *cases = kept;
}

/// What is large and about the program that all operations share, by strategy and name: every operation
/// would hold the same megabytes, and a budget sends them to one or two.
struct Large {
    strategies: BTreeSet<&'static str>,
    kept: BTreeMap<(&'static str, String), usize>,
}

impl Default for Large {
    fn default() -> Self {
        Large {
            strategies: of_the_server(),
            kept: BTreeMap::new(),
        }
    }
}

impl Large {
    /// Octets from which on a case is large.
    const FROM: usize = 16 << 10;
    /// Operations that have a large case of one name.
    const AT: usize = 8;

    /// Whether a case is none of these, or of one of the first operations that have it.
    fn keeps(&mut self, case: &Case) -> bool {
        if !self.strategies.contains(case.strategy) || case.octets() < Large::FROM {
            return true;
        }
        let key = (case.strategy, case.id.name().to_owned());
        let times = self.kept.entry(key).or_default();
        *times += 1;
        *times <= Large::AT
    }
}

/// What of a budget each operation has.
struct Share {
    /// Requests; `None` without a budget.
    each: Option<usize>,
    /// Whether there are many operations.
    many: bool,
}

impl Share {
    /// The cases of the `at`th operation, as `made` makes them.
    fn of(&self, at: usize, made: &dyn Fn(&dyn Strategy) -> Vec<Case>) -> Vec<Case> {
        let strategies = strategies();
        let few = self.each.filter(|each| *each < FEW_EACH && self.many);
        let Some(few) = few else {
            return strategies.iter().flat_map(|s| made(s.as_ref())).collect();
        };
        let (first, others): (Vec<_>, Vec<_>) = strategies.iter().partition(|s| s.is_first());
        let mut cases: Vec<Case> = first.into_iter().flat_map(|s| made(s.as_ref())).collect();
        for turn in 0..others.len() {
            if turn > 0 && cases.len() >= 2 * few {
                break;
            }
            if let Some(strategy) = others.get((at + turn) % others.len()) {
                cases.extend(made(strategy.as_ref()));
            }
        }
        // The least telling of an operation cannot be sent in any case.
        cases.sort_by_key(|case| case.tier);
        cases.truncate(MOST_EACH * few.max(1));
        cases
    }
}

/// Cases of one operation that are kept for each request that its share of the budget has.
const MOST_EACH: usize = 6;

fn trimmed(cases: Vec<Case>, most: Option<usize>) -> Plan {
    let mut plan = Plan::default();
    for case in cases {
        let cost = case.cost();
        if most.is_some_and(|most| plan.requests + cost > most) {
            plan.dropped += 1;
        } else {
            plan.requests += cost;
            plan.cases.push(case);
        }
    }
    plan
}
