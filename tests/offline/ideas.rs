//! The ledger of ideas: what a plan has of them, and that packed bodies hold them.

use probity::case::{ANOTHER_SHARE, BUDGET, Case, Context, Fate, Ideas, Plan, plan, plan_under};
use probity::contract::{self, Allowed, Contract, Policy};
use probity::exchange::Request;
use probity::pattern::Texts;
use probity::profile::Profile;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

type Idea = (String, String);

fn planned(plan: &Plan) -> BTreeSet<Idea> {
    fates(&plan.ideas, |fate| *fate == Fate::Planned)
}

fn fates(ideas: &Ideas, wanted: impl Fn(&Fate) -> bool) -> BTreeSet<Idea> {
    let all = ideas.by_promise().flat_map(|(promise, ideas)| {
        let such = ideas.iter().filter(|(_, fate)| wanted(fate));
        such.map(|(class, _)| (promise.to_string(), class.to_string()))
    });
    all.collect()
}

fn ideas_of(cases: &[Case]) -> BTreeSet<Idea> {
    let ideas = cases.iter().flat_map(Case::ideas);
    ideas
        .map(|(promise, class)| (promise.to_string(), class.to_string()))
        .collect()
}

fn other(file: &str) -> (Contract, Profile, Texts) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let contract = contract::load(&path).expect("the document loads");
    let texts = contract.texts();
    (contract, Profile::default(), texts)
}

fn embedded() -> (Contract, Profile, Texts) {
    let (contract, profile) = contract::embedded::sip_settings();
    let texts = contract.texts();
    (contract, profile, texts)
}

#[test]
fn a_plan_knows_every_idea_that_it_does_not_send_and_why() {
    let (contract, profile, texts) = embedded();
    let context = Context::new(&contract, &profile, &texts);
    let whole = plan(&context, None);
    let small = plan(&context, Some(200));
    assert_eq!(planned(&small), ideas_of(&small.cases));
    assert_eq!(planned(&whole), ideas_of(&whole.cases));
    let cut = fates(&small.ideas, |fate| *fate == Fate::NotSent(BUDGET.into()));
    assert!(cut.len() > 100, "{}", cut.len());
    let all: BTreeSet<Idea> = cut.union(&planned(&small)).cloned().collect();
    assert_eq!(
        all,
        planned(&whole),
        "a budget changes what is sent, not what there is"
    );
    assert_eq!(small.ideas.len(), all.len());
    assert_eq!(small.ideas.planned(), planned(&small).len());
    for (promise, _) in &all {
        assert!(contract.promise(promise).is_some(), "{promise}");
    }
}

#[test]
fn shares_have_their_ideas_and_know_of_the_others() {
    let (contract, profile, texts) = embedded();
    let whole = plan(&Context::new(&contract, &profile, &texts), Some(200));
    let shares: Vec<Plan> = (1..=3).map(|i| whole.clone().share(i, 3)).collect();
    let mut together = BTreeSet::new();
    for share in &shares {
        assert_eq!(share.ideas.len(), whole.ideas.len());
        assert_eq!(planned(share), ideas_of(&share.cases));
        let others = fates(&share.ideas, |f| *f == Fate::NotSent(ANOTHER_SHARE.into()));
        assert!(others.is_disjoint(&planned(share)));
        together.extend(planned(share));
    }
    assert_eq!(together, planned(&whole));
}

#[test]
fn what_a_policy_forbids_is_an_idea_that_is_not_sent() {
    let (contract, profile, texts) = other("tests/contracts/thermostat.yaml");
    let allowed = Allowed {
        read_only: true,
        ..Allowed::default()
    };
    let policy = Policy::new(&contract, &profile, &allowed).expect("policy");
    let context = Context::new(&contract, &profile, &texts);
    let plan = plan_under(&context, Some(600), Some(&policy), &|_| true);
    let left: BTreeSet<&str> = plan.left_out.iter().map(|l| l.reason.as_str()).collect();
    let forbidden = fates(
        &plan.ideas,
        |f| matches!(f, Fate::NotSent(why) if left.contains(&**why)),
    );
    assert!(
        forbidden.iter().any(|(p, _)| p.starts_with("putSchedule.")),
        "{forbidden:?}"
    );
    assert!(forbidden.is_disjoint(&planned(&plan)));
}

/// A value at a dotted path; of lists the first item.
fn at<'v>(body: &'v Value, field: &str) -> Option<&'v Value> {
    let mut value = body;
    for part in field.split('.') {
        let (name, items) = match part.find('[') {
            Some(end) => (&part[..end], part[end..].matches("[]").count()),
            None => (part, 0),
        };
        if !name.is_empty() {
            value = value.get(name)?;
        }
        for _ in 0..items {
            value = value.get(0)?;
        }
    }
    Some(value)
}

fn body(case: &Case) -> Value {
    let Request::Http(http) = &case.request else {
        panic!("{}: no message", case.id);
    };
    serde_json::from_slice(http.body.as_deref().expect("a body")).expect("JSON")
}

#[test]
fn packed_bodies_hold_each_valid_idea_of_each_field() {
    for (contract, profile, texts) in [
        embedded(),
        other("tests/contracts/thermostat.yaml"),
        other("tests/plan/relay.yaml"),
    ] {
        let whole = plan(&Context::new(&contract, &profile, &texts), None);
        let packed: Vec<&Case> = whole
            .cases
            .iter()
            .filter(|c| !c.carries.is_empty())
            .collect();
        assert!(packed.len() > 3, "{}: {}", contract.id, packed.len());
        let mut held: BTreeSet<(String, String)> = BTreeSet::new();
        for case in &packed {
            let body = body(case);
            for carried in &case.carries {
                let field = carried.field.dotted();
                let value = at(&body, &field).unwrap_or_else(|| panic!("{}: {field}", case.id));
                assert!(contract.promise(&carried.promise).is_some());
                held.insert((format!("{}/{field}", case.operation), value.to_string()));
            }
        }
        // The cases that hold one such value alone.
        for case in whole.cases.iter().filter(|c| c.strategy == "valid") {
            let parts: Vec<&str> = case.id.split('/').collect();
            let field = parts[parts.len() - 2];
            let alone = case.tier.number() >= 4 && case.carries.is_empty() && field != "body";
            let value = alone
                .then(|| body(case))
                .and_then(|body| at(&body, field).cloned());
            let Some(value) = value else { continue };
            let idea = (format!("{}/{field}", case.operation), value.to_string());
            assert!(held.contains(&idea), "{} is in no packed body", case.id);
        }
    }
}

/// `src/case/mistakes.txt` as words: mistake, where it is made, what shows it.
fn mistakes() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let text = include_str!("../../src/case/mistakes.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let mistake = words.next().expect("a mistake");
            let place = words.next().expect("a place");
            (mistake, place, words.collect())
        })
        .collect()
}

#[test]
fn the_table_of_mistakes_names_what_there_is() {
    let mut made = BTreeSet::new();
    for (contract, profile, texts) in [
        embedded(),
        other("tests/contracts/thermostat.yaml"),
        other("tests/plan/relay.yaml"),
    ] {
        let whole = plan(&Context::new(&contract, &profile, &texts), None);
        made.extend(
            whole
                .cases
                .iter()
                .map(|case| format!("{}/{}", case.strategy, case.id.idea())),
        );
    }
    let mut known = BTreeSet::new();
    let mut stale = Vec::new();
    for (mistake, place, shows) in mistakes() {
        assert!(["field", "once"].contains(&place), "{mistake}: {place}");
        assert!(known.insert((mistake, place)), "{mistake}: twice");
        assert!(!shows.is_empty(), "{mistake}: nothing shows it");
        let name = |shows: &&str| !made.contains(shows.trim_start_matches('*'));
        stale.extend(shows.into_iter().filter(name));
    }
    assert!(known.len() > 80, "{}", known.len());
    assert!(
        stale.is_empty(),
        "make it anew with tests/servers/order-table: {stale:?}"
    );
}

#[test]
fn what_shows_most_mistakes_comes_first() {
    let (contract, profile, texts) = embedded();
    let whole = plan(&Context::new(&contract, &profile, &texts), Some(600));
    let name = |case: &Case| format!("{}/{}", case.strategy, case.id.idea());
    let shown = |cases: &[Case]| {
        let names: BTreeSet<String> = cases.iter().map(name).collect();
        let all = mistakes().into_iter();
        let shown = all.filter(|(.., shows)| {
            shows
                .iter()
                .any(|s| names.contains(s.trim_start_matches('*')))
        });
        shown.count()
    };
    let mut spent = 0;
    let early = whole.cases.iter().take_while(|case| {
        spent += case.cost();
        spent <= 150
    });
    let early = early.count();
    assert_eq!(shown(&whole.cases[..early]), shown(&whole.cases));
    let first = &whole.cases[0];
    assert!(first.is_plain() && first.carries.is_empty(), "{}", first.id);
}

#[test]
fn every_operation_begins_with_plain_calls() {
    let (contract, profile, texts) = other("tests/contracts/thermostat.yaml");
    let whole = plan(&Context::new(&contract, &profile, &texts), Some(600));
    let operations: BTreeSet<&str> = whole.cases.iter().map(|c| c.operation.as_str()).collect();
    let valid = |case: &&Case| case.is_valid();
    for operation in operations {
        let mut of_it = whole.cases.iter().filter(|c| c.operation == operation);
        let has_plain = of_it.clone().any(|c| c.is_plain());
        let first = of_it.find(valid);
        assert!(
            !has_plain || first.is_some_and(Case::is_plain),
            "{operation}: {:?}",
            first.map(|c| &c.id)
        );
    }
}
