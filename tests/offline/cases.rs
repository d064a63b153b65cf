//! Small contracts, each about one thing (`cases/bodies.yaml`), and every case that the strategies
//! of values make of them, pinned as lines that can be checked by eye: what is sent, what may come
//! back, which promises it tests.

use crate::told;

use probity::case::build::{remove, set};
use probity::case::{
    Case, CaseId, Check, Context, Plan, RESERVE, Recipe, Tier, Weigher, plan, plan_where,
    strategies,
};
use probity::contract::{Contract, FieldPath, load_bytes};
use probity::exchange::{HttpRequest, Request, Template};
use probity::pattern::Texts;
use probity::profile::Profile;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use told::{expected, printable};

/// One entry of `cases/bodies.yaml`.
#[derive(Deserialize)]
struct Body {
    of: Vec<String>,
    schema: Value,
    example: Option<Value>,
    #[serde(default)]
    seed: u64,
    /// Shows what is sent without a budget only.
    #[serde(default)]
    thorough: bool,
}

/// A contract with its readings, and a profile that reads settings back.
struct Stage {
    contract: Contract,
    texts: Texts,
    profile: Profile,
}

impl Stage {
    /// One operation, `set`, whose body is of `schema`.
    fn of(schema: &Value, example: Option<&Value>) -> Stage {
        let mut media = json!({"schema": schema});
        if let Some(example) = example {
            media["example"] = example.clone();
        }
        let error = json!({
            "description": "refused",
            "x-error-shapes": [
                {"id": "missing", "body": {"e": "missing {param}"}, "answers": ["missing", "null"]},
                {"id": "wrong", "body": {"e": "wrong {param}"}, "answers": ["wrong-type", "constraint"]},
            ],
        });
        Stage::new(&json!({
            "openapi": "3.0.3",
            "info": {"title": "Small", "version": "1"},
            "paths": {"/set": {"put": {
                "operationId": "set",
                "requestBody": {"required": true, "content": {"application/json": media}},
                "responses": {"204": {"description": "stored"}, "400": error},
            }}},
        }))
    }

    fn new(document: &Value) -> Stage {
        let contract = load_bytes("small.json", document.to_string().as_bytes())
            .unwrap_or_else(|e| panic!("{e}\n{document:#}"));
        let texts = contract.texts();
        let profile = "deny = [\"/denied\"]\n[read-back.set]\npath = \"/state\"";
        let profile = Profile::from_toml(profile).expect("profile");
        Stage {
            contract,
            texts,
            profile,
        }
    }

    fn context(&self, seed: u64, thorough: bool) -> Context<'_> {
        Context::new(&self.contract, &self.profile, &self.texts)
            .seeded(seed)
            .thorough(thorough)
    }

    fn cases(&self, strategy: &str, seed: u64, thorough: bool) -> Vec<Case> {
        let all = strategies();
        let found = all.iter().find(|s| s.name() == strategy);
        let found = found.unwrap_or_else(|| panic!("no strategy {strategy}"));
        let context = self.context(seed, thorough);
        found.all_cases(&context)
    }
}

fn http(case: &Case) -> &HttpRequest {
    match &case.request {
        Request::Http(request) => request,
        other => panic!("{}: {other:?}", case.id),
    }
}

fn body(case: &Case) -> String {
    let bytes = http(case).body.as_deref().unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

/// The body: as one change of a valid one, where it is that, or byte for byte.
fn sent(case: &Case, starts: &[(&str, Value)]) -> String {
    let text = body(case);
    let Ok(value) = serde_json::from_str::<Value>(&text) else {
        return printable(&text);
    };
    for (name, start) in starts {
        let mut places = Vec::new();
        changed(start, &value, FieldPath::root(), &mut places);
        let (place, after) = match places.as_slice() {
            [] if text == start.to_string().as_str() => return (*name).to_owned(),
            [(place, after)] if !place.0.is_empty() => (place, after),
            _ => continue,
        };
        let same = match after {
            Some(after) => set(start, place, after.clone()),
            None => remove(start, place),
        };
        if same.is_some_and(|same| text == same.to_string().as_str()) {
            let after = after.as_ref().map_or("absent".to_owned(), Value::to_string);
            let place = printable(&place.dotted());
            return format!("{name}, {place} {}", printable(&after));
        }
    }
    printable(&text)
}

/// The places at which two values differ, with what stands there in the second.
fn changed(a: &Value, b: &Value, at: FieldPath, out: &mut Vec<(FieldPath, Option<Value>)>) {
    match (a, b) {
        (a, b) if a == b => {}
        (Value::Object(a), Value::Object(b)) => {
            for name in a.keys().chain(b.keys().filter(|n| !a.contains_key(*n))) {
                match (a.get(name), b.get(name)) {
                    (Some(a), Some(b)) => changed(a, b, at.member(name), out),
                    (_, b) => out.push((at.member(name), b.cloned())),
                }
            }
        }
        (_, b) => out.push((at, Some(b.clone()))),
    }
}

/// What follows from the case: what may come back, the promises, what is looked at afterwards.
fn outcome(case: &Case) -> String {
    let check = match &case.check {
        Check::Nothing => " | not looked at".to_owned(),
        Check::Unchanged => String::new(),
        Check::ReadsBack(value)
            if serde_json::from_str(&body(case)).ok().as_ref() == Some(value) =>
        {
            " | reads back".to_owned()
        }
        Check::ReadsBack(value) => format!(" | reads back {}", printable(&value.to_string())),
        Check::Parts => " | read part by part".to_owned(),
        Check::Versions => " | versions".to_owned(),
        Check::Names => " | other names".to_owned(),
        Check::Preconditions(_) => " | preconditions".to_owned(),
    };
    let promises: Vec<&str> = case
        .promises
        .iter()
        .map(|p| p.trim_start_matches("set.").trim_start_matches("body."))
        .collect();
    format!("{} | {}{check}", expected(&case.expect), promises.join(" "))
}

/// Field and name of a case, without the mark of its text.
fn name(case: &Case) -> String {
    let mut parts = case.id.split('/').skip(2);
    let (field, name) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let name = match name.rsplit_once('-') {
        Some((name, mark)) if mark.len() == 8 && u32::from_str_radix(mark, 16).is_ok() => name,
        _ => name,
    };
    format!("{field} {name}")
}

/// The cases in order, under what follows from them.
fn listed(cases: &[Case], show: impl Fn(&Case) -> String) -> String {
    let mut out = String::new();
    for group in cases.chunk_by(|a, b| outcome(a) == outcome(b)) {
        writeln!(out, "{}", outcome(&group[0])).expect("text");
        for case in group {
            writeln!(out, "  {} {}  {}", case.tier, name(case), show(case)).expect("text");
        }
    }
    out
}

/// Target, headers and body, as far as they are there.
fn head(case: &Case) -> String {
    let request = http(case);
    let text = |t: &Template| printable(&t.render(|s| format!("<{s:?}>")));
    let mut out = text(&request.target);
    for (name, value) in &request.headers {
        if name != "Content-Type" {
            write!(out, " {name}: {}", text(value)).expect("text");
        }
    }
    if request.body.is_some() {
        write!(out, " {}", printable(&body(case))).expect("text");
    }
    out
}

#[test]
fn cases_of_small_bodies() {
    let table: BTreeMap<String, Body> =
        serde_saphyr::from_str(include_str!("../cases/bodies.yaml")).expect("the table reads");
    for (name, entry) in table {
        let stage = Stage::of(&entry.schema, entry.example.as_ref());
        let context = stage.context(entry.seed, entry.thorough);
        let starts = Weigher::new(&context).bodies("set");
        let names = ["minimal", "full", "second", "other"];
        // Small bodies are shown as they are.
        let mut starts: Vec<(&str, Value)> = names.into_iter().zip(starts).collect();
        starts.retain(|(_, start)| start.as_object().is_some_and(|o| o.len() > 1));
        starts.reverse();
        let mut text = String::new();
        for (name, start) in &starts {
            writeln!(text, "{name} {start}").expect("text");
        }
        for strategy in &entry.of {
            writeln!(text, "# {strategy}").expect("text");
            let mut cases = stage.cases(strategy, entry.seed, entry.thorough);
            if entry.thorough {
                let usual = stage.cases(strategy, entry.seed, false);
                cases.retain(|case| usual.iter().all(|u| u.id != case.id));
            }
            text += &listed(&cases, |case| sent(case, &starts));
        }
        insta::assert_snapshot!(name.as_str(), text);
    }
}

#[test]
fn parameters_outside_the_body() {
    let document = include_str!("../cases/parameters.yaml");
    let document: Value = serde_saphyr::from_str(document).expect("the document reads");
    let stage = Stage::new(&document);
    let mut text = String::new();
    for strategy in [
        "parameters",
        "valid",
        "types",
        "lists",
        "targets",
        "conditions",
    ] {
        writeln!(text, "# {strategy}").expect("text");
        text += &listed(&stage.cases(strategy, 0, false), head);
    }
    insta::assert_snapshot!(text);
}

/// What belongs together in a report: ideas by the kind of input, with the words of the first.
#[test]
fn kinds_of_input() {
    let stage = Stage::of(
        &json!({
            "type": "object",
            "required": ["uri", "mode"],
            "properties": {
                "uri": {
                    "type": "string",
                    "maxLength": 40,
                    "pattern": "^sip:[a-z]+\\.[a-z]+[0-9]\\.[0-9]+(\\n[a-z]+)?$",
                },
                "mode": {"type": "string", "enum": ["udp", "tcp", "tls"]},
                "count": {"type": "integer", "minimum": 1, "maximum": 9},
                "list": {"type": "array", "minItems": 4, "maxItems": 5, "items": {"type": "integer", "minimum": 0, "maximum": 9}},
                "other": {"type": "string", "maxLength": 9},
            },
        }),
        None,
    );
    let mut classes: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for strategy in ["valid", "types", "constraints", "names", "pairs", "hostile"] {
        for case in stage.cases(strategy, 0, true) {
            let kind = classes
                .entry(case.input_class.to_string())
                .or_insert_with(|| (case.title.clone(), BTreeSet::new()));
            let name = name(&case);
            kind.1
                .insert(name.split(' ').nth(1).unwrap_or("").to_owned());
        }
    }
    let mut out = String::new();
    for (class, (title, names)) in classes {
        let names = Vec::from_iter(names).join(" ");
        writeln!(out, "{class} | {title}\n    {names}").expect("text");
    }
    insta::assert_snapshot!(out);
}

/// A body whose one member is `name`, a truth value.
fn flag(name: &str) -> Value {
    json!({"type": "object", "required": [name], "properties": {name: {"type": "boolean"}}})
}

/// The order of a plan: an acceptance, a plain call and a refusal of each operation, then by what each
/// case tells that none before it does.
#[test]
fn the_order_of_a_plan() {
    let put = |schema: Value| {
        json!({"put": {
            "security": [{"token": []}],
            "requestBody": {"content": {"application/json": {"schema": schema}}},
            "responses": {
                "204": {"description": "stored"},
                "400": {"description": "refused"},
                "401": {"description": "who?"},
            },
        }})
    };
    let stage = Stage::new(&json!({
        "openapi": "3.0.3",
        "info": {"title": "Planned", "version": "1"},
        "paths": {"/a": put(flag("a")), "/b": put(flag("b"))},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }));
    let context = stage.context(0, false);
    let keep = |case: &Case| {
        case.tier < Tier::new(3) && matches!(case.strategy, "valid" | "types" | "names")
    };
    let planned = plan_where(&context, None, &keep);
    let lines = planned
        .cases
        .iter()
        .map(|case| format!("{} {}", case.tier, case.id.replace("PUT--", "")));
    insta::assert_snapshot!(Vec::from_iter(lines).join("\n"));

    let all = plan(&context, None);
    assert!(all.cases.iter().all(|case| case.tier < Tier::THOROUGH));
    let thorough = plan(&stage.context(0, true), None);
    assert!(
        thorough
            .cases
            .iter()
            .any(|case| case.tier == Tier::THOROUGH)
    );
    let sent: Vec<_> = all
        .cases
        .iter()
        .map(|c| (&c.operation, &c.request))
        .collect();
    for (at, request) in sent.iter().enumerate() {
        assert!(
            !sent[..at].contains(request),
            "{} is sent twice",
            all.cases[at].id
        );
    }
}

/// Shares are disjoint and together complete; what is kept is counted anew; a budget takes what
/// fits, a later cheap case where a dear one does not.
#[test]
fn parts_of_a_plan() {
    let stage = Stage::of(&flag("a"), None);
    let context = stage.context(0, false);
    let keep = |case: &Case| matches!(case.strategy, "valid" | "types");
    let whole = plan_where(&context, None, &keep);
    let ids =
        |plan: &Plan| -> Vec<String> { plan.cases.iter().map(|c| c.id.to_string()).collect() };
    let cost = |plan: &Plan| plan.cases.iter().map(Case::cost).sum::<usize>();
    let (all, requests) = (ids(&whole), cost(&whole));
    assert_eq!((whole.requests, whole.dropped), (requests, 0));
    assert_eq!(whole.cases[0].cost(), 2, "an acceptance is read back");
    assert_eq!(whole.cases[1].cost(), 1, "refusals share a look");

    for (i, n, want) in [
        (1, 1, all.clone()),
        (1, 3, all.iter().step_by(3).cloned().collect()),
        (2, 3, all.iter().skip(1).step_by(3).cloned().collect()),
        (3, 3, all.iter().skip(2).step_by(3).cloned().collect()),
        (4, 3, Vec::new()),
        (1, 0, Vec::new()),
    ] {
        let share = whole.clone().share(i, n);
        assert_eq!(ids(&share), want, "share {i} of {n}");
        assert_eq!(share.requests, cost(&share), "share {i} of {n}");
    }

    let mut kept = whole.clone();
    let mut places = Vec::new();
    kept.retain(|at, case| {
        places.push(at);
        assert_eq!(case.id, all[at]);
        at % 2 == 1
    });
    assert_eq!(places, Vec::from_iter(0..all.len()));
    assert_eq!(
        ids(&kept),
        Vec::from_iter(all.iter().skip(1).step_by(2).cloned())
    );
    assert_eq!(kept.requests, cost(&kept));

    for budget in [
        0,
        1,
        2,
        3,
        requests / 2,
        requests - 1,
        requests,
        requests + 1,
    ] {
        let cut = plan_where(&context, Some(RESERVE + budget), &keep);
        let sent = ids(&cut);
        assert!(sent.iter().all(|id| all.contains(id)), "{budget}");
        assert_eq!(cut.requests, cost(&cut), "{budget}");
        assert_eq!(cut.dropped, all.len() - sent.len(), "{budget}");
        // Nothing that is left out would have fitted in.
        assert!(cut.requests <= budget, "{budget}");
        let mut out = whole
            .cases
            .iter()
            .filter(|c| !sent.contains(&c.id.to_string()));
        assert!(
            out.all(|case| cut.requests + case.cost() > budget),
            "{budget}"
        );
    }
    assert_eq!(plan_where(&context, Some(RESERVE - 1), &keep).requests, 0);
}

/// A case says what it is charged to and what it follows from; a recipe is the case again.
#[test]
fn a_case_and_its_recipe() {
    let stage = Stage::of(&flag("a"), None);
    let all = plan(&stage.context(0, false), None).cases;
    let named = |end: &str| all.iter().find(|c| c.id.ends_with(end)).expect("a case");
    let (misspelt, absent, unknown) = (
        named("/a/name-upper"),
        named("/a/absent"),
        named("/unknown-ccb691ce"),
    );
    assert_eq!(misspelt.main_promise(), "set.body.a.required");
    assert_eq!(misspelt.follows_from(), Some("absent"));
    assert_eq!(absent.input_class, "absent");
    assert_eq!(
        absent.follows_from(),
        None,
        "it follows from nothing but itself"
    );
    assert_eq!(unknown.follows_from(), None);
    let shadowing = Case {
        promises: Vec::new(),
        ..misspelt.clone()
    };
    assert_eq!(shadowing.main_promise(), "set.http.answers");
    assert_eq!(shadowing.follows_from(), None, "nothing is missing");
    let again = Recipe::of(misspelt).case("other");
    let want = Case {
        id: CaseId::known("other"),
        strategy: "replay",
        tier: Tier::FIRST,
        ..misspelt.clone()
    };
    assert_eq!(format!("{again:?}"), format!("{want:?}"));
}

#[test]
fn every_strategy_says_what_it_is_after() {
    let mut names: Vec<&str> = Vec::new();
    for strategy in strategies() {
        let (name, text) = (strategy.name(), strategy.explain());
        assert!(text.len() > 100 && text.ends_with('.'), "{name}: {text:?}");
        assert!(!names.contains(&name), "{name}");
        names.push(name);
    }
}
