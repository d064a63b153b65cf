//! The plan through the public interface: what `run` would send, for the embedded contract and for
//! a document that has what the embedded one lacks.

use probity::case::{
    Case, Check, Context, DEFAULT_BUDGET, Expect, Plan, RESERVE, Tier, plan, plan_where, strategies,
};
use probity::contract::{self, Contract, Effect, Effects, FaultKind, Operation};
use probity::exchange::Request;
use probity::pattern::{Assessment, Texts};
use probity::profile::Profile;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{LazyLock, OnceLock};

/// Strategies of values; the others (bytes, HTTP, credentials) have tests of their own.
const VALUES: &[&str] = &[
    "valid",
    "types",
    "constraints",
    "names",
    "parameters",
    "pairs",
    "hostile",
];

struct Subject {
    contract: Contract,
    profile: Profile,
    texts: Texts,
    /// Every case of seed 0, the plan of the default budget: made once, for making them takes a
    /// second or two.
    all: OnceLock<Plan>,
    usual: OnceLock<Plan>,
}

impl Subject {
    fn new((contract, profile): (Contract, Profile)) -> Subject {
        let texts = contract.texts();
        Subject {
            contract,
            profile,
            texts,
            all: OnceLock::new(),
            usual: OnceLock::new(),
        }
    }

    fn context(&self, seed: u64, thorough: bool) -> Context<'_> {
        Context::new(&self.contract, &self.profile, &self.texts)
            .seeded(seed)
            .thorough(thorough)
    }

    fn plan(&self) -> &Plan {
        self.usual
            .get_or_init(|| plan(&self.context(0, false), Some(DEFAULT_BUDGET)))
    }

    fn all(&self) -> &Plan {
        self.all.get_or_init(|| plan(&self.context(0, false), None))
    }

    /// The cases of values among all.
    fn values(&self) -> impl Iterator<Item = &Case> {
        self.all().cases.iter().filter(|case| of_values(case))
    }

    fn operation(&self, case: &Case) -> &Operation {
        self.contract
            .operation(&case.operation)
            .expect("a case names an operation of the contract")
    }
}

static EMBEDDED: LazyLock<Subject> =
    LazyLock::new(|| Subject::new(contract::embedded::sip_settings()));

static RELAY: LazyLock<Subject> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan/relay.yaml");
    let contract = contract::load(&path).expect("the document loads");
    Subject::new((contract, Profile::default()))
});

/// Both, and every document in `tests/contracts`, where other tests keep theirs.
fn subjects() -> Vec<(String, &'static Subject)> {
    static OTHERS: LazyLock<Vec<(String, Subject)>> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts");
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = entries.flatten().map(|e| e.path()).collect();
        paths.retain(|p| p.extension().is_some_and(|e| e == "yaml" || e == "json"));
        paths.sort();
        paths
            .iter()
            .filter_map(|p| Some((p.display().to_string(), contract::load(p).ok()?)))
            .map(|(name, contract)| (name, Subject::new((contract, Profile::default()))))
            .collect()
    });
    let mut all = vec![
        ("embedded".to_owned(), &*EMBEDDED),
        ("relay".to_owned(), &*RELAY),
    ];
    all.extend(OTHERS.iter().map(|(name, subject)| (name.clone(), subject)));
    all
}

/// The body as JSON, where the request has one that is.
fn body(case: &Case) -> Option<Value> {
    let Request::Http(request) = &case.request else {
        return None;
    };
    serde_json::from_slice(request.body.as_ref()?).ok()
}

fn of_values(case: &Case) -> bool {
    VALUES.contains(&case.strategy)
}

#[test]
fn ids_of_the_embedded_contract() {
    let ids: Vec<String> = EMBEDDED
        .values()
        .filter(|case| case.tier < Tier::new(3))
        .map(|case| format!("{} {} [{}]", case.tier, case.id, case.cost()))
        .collect();
    insta::assert_snapshot!(ids.join("\n"));
}

#[test]
fn ids_of_a_document_with_arrays_alternatives_and_parameters() {
    let ids: Vec<String> = RELAY
        .values()
        .filter(|case| case.tier < Tier::new(2))
        .map(|case| format!("{} {} [{}]", case.tier, case.id, case.cost()))
        .collect();
    insta::assert_snapshot!(ids.join("\n"));
}

#[test]
fn the_budget_is_kept_and_what_it_cuts_is_counted() {
    for (name, subject) in subjects() {
        let context = subject.context(0, false);
        let all = subject.all();
        assert_eq!(all.dropped, 0, "{name}");
        // Making a plan takes a second or two for the embedded contract; the small one has the
        // corners.
        let small = [DEFAULT_BUDGET, 200, RESERVE + 7, RESERVE, 0];
        let budgets = if name == "relay" {
            &small[..]
        } else {
            &small[..1]
        };
        for &budget in budgets {
            let cut = plan(&context, Some(budget));
            let cost: usize = cut.cases.iter().map(Case::cost).sum();
            assert_eq!(cut.requests, cost, "{name}");
            assert!(
                cut.requests <= budget.saturating_sub(RESERVE),
                "{name} {budget}"
            );
            assert_eq!(
                cut.cases.len() + cut.dropped,
                all.cases.len(),
                "{name} {budget}"
            );
        }
    }
}

#[test]
fn what_the_budget_cuts_is_the_least_telling() {
    let small = plan(&EMBEDDED.context(0, false), Some(RESERVE + 60));
    let all = EMBEDDED.all();
    let kept: BTreeSet<&str> = small.cases.iter().map(|c| c.id.as_str()).collect();
    let worst = small
        .cases
        .iter()
        .map(|c| c.tier)
        .max()
        .unwrap_or(Tier::FIRST);
    for case in &all.cases {
        assert!(
            case.tier >= worst || kept.contains(case.id.as_str()),
            "{} of tier {} was cut although tier {worst} was kept",
            case.id,
            case.tier
        );
    }
}

#[test]
fn operations_that_share_a_budget_leave_room_for_new_kinds_of_input() {
    let ideas = |cases: &[Case]| -> BTreeSet<(&'static str, String)> {
        let idea = |c: &Case| (c.strategy, c.input_class.to_string());
        cases.iter().map(idea).collect()
    };
    let budget = RESERVE + 120;
    let shared = plan(&RELAY.context(0, false), Some(budget));
    assert!(shared.dropped > 0 && RELAY.contract.operations.len() > 1);
    // What the same budget affords of the cases in their order alone.
    let mut left = budget - RESERVE;
    let mut in_order = RELAY.all().cases.clone();
    in_order.retain(|case| {
        let affords = case.cost() <= left;
        left -= if affords { case.cost() } else { 0 };
        affords
    });
    let (more, fewer) = (ideas(&shared.cases).len(), ideas(&in_order).len());
    assert!(more > fewer, "{more} kinds of input instead of {fewer}");
}

#[test]
fn values_leave_room_for_bytes_http_and_credentials() {
    let telling = EMBEDDED.values().filter(|case| case.tier < Tier::new(3));
    let requests: usize = telling.map(Case::cost).sum();
    assert!(requests <= 390, "{requests} requests");
}

#[test]
fn the_same_seed_gives_the_same_plan_and_ids_do_not_depend_on_the_budget() {
    for (name, subject) in subjects() {
        let fingerprint =
            |plan: &Plan| -> Vec<String> { plan.cases.iter().map(|c| format!("{c:?}")).collect() };
        let plan_of_default = subject.plan();
        let once = fingerprint(plan_of_default);
        let fresh = Subject::new((subject.contract.clone(), subject.profile.clone()));
        assert_eq!(
            once,
            fingerprint(fresh.plan()),
            "{name}, texts compiled anew"
        );
        let all = subject.all();
        let by_id: BTreeMap<&str, &Case> = all.cases.iter().map(|c| (c.id.as_str(), c)).collect();
        for case in &plan_of_default.cases {
            let same = by_id
                .get(case.id.as_str())
                .expect("the id is in the whole plan");
            assert_eq!(format!("{same:?}"), format!("{case:?}"), "{name}");
        }
    }
}

#[test]
fn ids_are_unique_and_say_where_a_case_comes_from() {
    for (name, subject) in subjects() {
        // The embedded contract's thousands of thorough cases add time and no new idea.
        for &thorough in if name == "embedded" {
            &[false][..]
        } else {
            &[false, true]
        } {
            let context = subject.context(1, thorough);
            let made: Vec<Case> = strategies()
                .iter()
                .flat_map(|s| s.all_cases(&context))
                .filter(of_values)
                .collect();
            let mut seen: BTreeMap<&str, &Case> = BTreeMap::new();
            for case in &made {
                if let Some(other) = seen.insert(&case.id, case) {
                    assert_eq!(
                        other.request, case.request,
                        "{name}: {} is two cases",
                        case.id
                    );
                }
                let parts: Vec<&str> = case.id.split('/').collect();
                assert_eq!(parts.len(), 4, "{}", case.id);
                assert_eq!(parts[1], case.strategy);
                assert!(case.id.is_ascii() && !case.id.contains(char::is_whitespace));
                assert!(!case.title.contains(char::is_control), "{:?}", case.title);
            }
            if name == "embedded" {
                continue;
            }
            let planned = plan(&context, None);
            let ids: BTreeSet<&str> = planned.cases.iter().map(|c| c.id.as_str()).collect();
            assert_eq!(ids.len(), planned.cases.len(), "{name}");
        }
    }
}

#[test]
fn every_promise_that_a_case_names_is_one_of_the_contract() {
    for (name, subject) in subjects() {
        for case in &subject.plan().cases {
            assert!(!case.promises.is_empty(), "{name}: {}", case.id);
            for promise in &case.promises {
                assert!(
                    subject.contract.promise(promise).is_some(),
                    "{name}: {} names {promise}",
                    case.id
                );
            }
        }
    }
}

/// Promises about single fields are charged to the field, not to something general.
#[test]
fn a_refusal_is_charged_to_the_rule_that_is_broken() {
    for (name, subject) in subjects() {
        for case in subject.values() {
            if let Expect::Refused { .. } = case.expect {
                let first = &case.promises[0];
                assert!(
                    first.contains(".body.") || first.contains(".parameters."),
                    "{name}: {} is charged to {first}",
                    case.id
                );
            }
        }
    }
}

#[test]
fn accepted_is_surely_valid_and_refused_is_surely_invalid() {
    for (name, subject) in subjects() {
        let thorough = if name == "relay" {
            plan_where(&subject.context(3, true), None, &of_values)
        } else {
            Plan::default()
        };
        for cases in [&thorough.cases, &subject.all().cases] {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for case in cases.iter().filter(|case| of_values(case)) {
                if case.strategy == "parameters" {
                    continue;
                }
                let (Some(value), Some(rules)) = (body(case), &subject.operation(case).body) else {
                    continue;
                };
                let assessed = contract::assess(&rules.schema, &value, &subject.texts);
                match &case.expect {
                    Expect::Accepted => {
                        *counts.entry("accepted").or_default() += 1;
                        let certainty = assessed.certainty;
                        assert_eq!(certainty, Assessment::SurelyValid, "{name}: {}", case.id);
                    }
                    Expect::Refused { faults } => {
                        *counts.entry("refused").or_default() += 1;
                        let certainty = assessed.certainty;
                        assert_eq!(certainty, Assessment::SurelyInvalid, "{name}: {}", case.id);
                        for violation in &assessed.faults {
                            let named = faults.iter().any(|f| {
                                let field = f.field.clone().unwrap_or_default();
                                f.kind == violation.kind && field == violation.path
                            });
                            assert!(named, "{name}: {}: {violation:?} is not expected", case.id);
                        }
                        let more = faults.len() > assessed.faults.len();
                        let whole = faults.iter().any(|f| f.kind == FaultKind::Parameter);
                        assert!(!more || whole, "{name}: {}: {faults:?}", case.id);
                    }
                    _ => {}
                }
            }
            if cases.is_empty() {
                continue;
            }
            let (accepted, refused) = (counts.get("accepted"), counts.get("refused"));
            assert!(refused.is_some_and(|n| *n > 20), "{name}: {counts:?}");
            // Every answer is left open where nobody knows whether the resource exists.
            assert!(
                accepted.is_some_and(|n| *n > 3) || name.contains("contracts"),
                "{name}"
            );
        }
    }
}

#[test]
fn what_is_read_back_is_what_was_sent() {
    for (name, subject) in subjects() {
        for case in subject.values() {
            let Check::ReadsBack(shown) = &case.check else {
                continue;
            };
            // The profile says how, or the document that a read shows what is written.
            let effects = Effects::of(&subject.contract, &subject.profile);
            let effect = effects.get(&case.operation).map(|e| e.effect);
            assert!(
                subject.profile.read_back.contains_key(&case.operation)
                    || effect == Some(Effect::Writes),
                "{name}: {}",
                case.id
            );
            let sent = body(case).expect("what is read back was JSON");
            fn within(part: &Value, whole: &Value) -> bool {
                match (part, whole) {
                    (Value::Object(p), Value::Object(w)) => p
                        .iter()
                        .all(|(n, v)| w.get(n).is_some_and(|w| within(v, w))),
                    (p, w) => p == w || p.as_f64().is_some_and(|p| w.as_f64() == Some(p)),
                }
            }
            assert!(within(shown, &sent), "{}: {shown} of {sent}", case.id);
        }
    }
}

#[test]
fn what_is_refused_differs_from_what_was_accepted_in_every_other_field() {
    let plan = EMBEDDED.plan();
    let find = |id: &str| {
        let case = plan.cases.iter().find(|c| c.id == id);
        body(case.expect("the case is planned")).expect("its body is JSON")
    };
    let full = find("setSipSettings/valid/body/full");
    let second = find("setSipSettings/valid/body/second");
    let refused = find("setSipSettings/types/proxy/number");
    for name in ["realm", "user", "password", "transport", "user_id"] {
        assert_ne!(refused[name], full[name], "{name}");
        assert_ne!(refused[name], second[name], "{name}");
        assert_ne!(full[name], second[name], "{name}");
    }
    let values: BTreeSet<String> = ["realm", "user", "password", "user_id"]
        .iter()
        .map(|n| full[*n].to_string())
        .collect();
    assert_eq!(
        values.len(),
        4,
        "values that go to the wrong field must show: {full}"
    );
}

#[test]
fn operations_that_act_are_never_called() {
    let plan = plan(&RELAY.context(0, true), None);
    assert!(
        plan.cases
            .iter()
            .all(|c| c.operation != "reboot" || !of_values(c))
    );
    assert!(plan.cases.iter().any(|c| c.operation == "listRelays"));
    let profile = Profile {
        deny: vec!["/api/relays*".to_owned(), "/api/relays/*".to_owned()],
        ..Profile::default()
    };
    let denied = Subject::new((RELAY.contract.clone(), profile));
    let case = denied.values().next();
    assert!(case.is_none(), "{:?}", case.map(|c| &c.id));
}

#[test]
fn credentials_are_named_and_never_values() {
    let plan = EMBEDDED.plan();
    let case = &plan.cases[0];
    let Request::Http(request) = &case.request else {
        panic!("the first case is ordinary HTTP");
    };
    let shown: Vec<String> = request
        .headers
        .iter()
        .map(|(n, v)| format!("{n}: {v}"))
        .collect();
    assert_eq!(
        shown,
        [
            "Authorization: Bearer $PROBITY_TOKEN",
            "Content-Type: application/json"
        ]
    );
    let keyed = RELAY.plan();
    let case = keyed
        .cases
        .iter()
        .find(|c| c.operation == "setRelay")
        .expect("it is planned");
    let Request::Http(request) = &case.request else {
        panic!("ordinary HTTP");
    };
    assert_eq!(request.target.to_string(), "/api/relays/2?mode=now");
    assert!(
        request
            .headers
            .iter()
            .any(|(n, v)| n == "X-Api-Key" && v.has_secret())
    );
}

#[test]
fn strategies_of_values_are_among_all() {
    let all = strategies();
    let known = |name: &str| all.iter().any(|strategy| strategy.name() == name);
    assert!(VALUES.iter().all(|name| known(name)));
}
