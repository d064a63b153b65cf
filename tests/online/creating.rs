//! What a run creates it removes, and nothing else; what a device does wrong when it creates, lists
//! and removes is found.

use crate::support;

use probity::case::{self, Context, DEFAULT_BUDGET};
use probity::contract::{Allowed, Policy, load_bytes};
use probity::device::{Device, Options as DeviceOptions};
use probity::mock::{self, Mock, MockConfig};
use probity::profile::Profile;
use probity::run::result::Report;
use probity::run::{self, Job, Options};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use support::Suite;
use tokio::sync::watch;

/// The shop, with partial writes.
fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/shop.yaml");
    let text = std::fs::read_to_string(path).expect("contract");
    let patch = r##"    patch:
      operationId: changeProduct
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: "#/components/schemas/NewProduct" } } }
      responses:
        "200":
          description: Changed
          content: { application/json: { schema: { $ref: "#/components/schemas/Product" } } }
        "404": { description: No such product }
    delete:
      operationId: deleteProduct
"##;
    let plain = "    delete:\n      operationId: deleteProduct\n";
    assert!(text.contains(plain));
    text.replace(plain, patch)
}

fn shop() -> Suite {
    let contract = load_bytes("shop.yaml", document().as_bytes());
    Suite::new(contract.expect("contract"), Profile::default())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime")
}

/// What a GET shows.
fn get(mock: &Mock, target: &str) -> Value {
    let options = DeviceOptions {
        base_url: format!("http://{}", mock.addr()),
        ..DeviceOptions::default()
    };
    let device = Device::new(options, Arc::new(Profile::default())).expect("device");
    let read = probity::device::StateRead {
        method: "GET".to_owned(),
        target: target.to_owned(),
        root: String::new(),
        unreadable: Default::default(),
    };
    let state = runtime().block_on(device.read_state(&read));
    state.map_or(Value::Null, |s| s.value)
}

/// Everything that the shop holds.
fn store(mock: &Mock) -> Value {
    json!([get(mock, "/products"), get(mock, "/profile")])
}

/// A run as the command does it against a real device: nothing is allowed beyond what can be undone.
fn run_on(suite: &Suite, mock: &Mock) -> Report {
    let policy = Policy::new(&suite.contract, &suite.profile, &Allowed::default())
        .expect("policy")
        .removing();
    let context = Context {
        contract: &suite.contract,
        profile: &suite.profile,
        texts: &suite.texts,
        seed: 0,
        thorough: false,
        memo: Default::default(),
    };
    let plan = case::plan_under(&context, Some(DEFAULT_BUDGET), Some(&policy), &|_| true);
    let options = DeviceOptions {
        base_url: format!("http://{}", mock.addr()),
        timeout: Duration::from_secs(5),
        ..DeviceOptions::default()
    };
    let device = Device::new(options, suite.profile.clone()).expect("device");
    let (_stop, stopped) = watch::channel(false);
    let job = Job {
        contract: suite.contract.clone(),
        profile: suite.profile.clone(),
        texts: suite.texts.clone(),
        plan,
        device: device.with_policy(Arc::new(policy)),
        issues: Vec::new(),
        options: Options {
            seed: 0,
            time_limit: Some(Duration::from_secs(120)),
            max_requests: None,
            questions: 4,
            concurrency: 1,
            stop: stopped,
            restore: Default::default(),
            recovery: Duration::from_secs(3),
            files: "reproducers".to_owned(),
            started_at: "2026-01-01T00:00:00Z".to_owned(),
        },
    };
    runtime().block_on(run::run(&job, &mut ())).report
}

fn told(report: &Report) -> String {
    let findings = report.findings.iter().map(|f| {
        format!(
            "  {} | {} | {} | {} | {}\n",
            f.case, f.promise, f.title, f.expected, f.observed
        )
    });
    let operations = report
        .operations
        .iter()
        .map(|o| format!("  {} {:?} {:?} {}\n", o.id, o.state, o.reason, o.cases));
    format!(
        "exit {} {}\n{}{}{:#?}\n{} requests",
        report.exit.code,
        report.exit.reason,
        findings.collect::<String>(),
        operations.collect::<String>(),
        report.notes,
        report.requests.sent
    )
}

#[test]
fn a_clean_shop_is_judged_whole_and_left_as_it_was() {
    let suite = shop();
    let mock = mock::spawn(suite.mock()).expect("mock");
    let before = store(&mock);
    let report = run_on(&suite, &mock);
    println!("{}", told(&report));
    assert_eq!(store(&mock), before);
    assert_eq!(report.findings, [], "{}", told(&report));
    assert_eq!(report.exit.code, 0, "{}", told(&report));
    assert_eq!(report.device.restored, Some(true));
    for operation in &report.operations {
        assert_eq!(
            format!("{:?}", operation.state),
            "Judged",
            "{}",
            told(&report)
        );
    }
    mock.stop();
}

#[test]
fn what_a_device_does_wrong_with_items_is_found() {
    let suite = shop();
    for (fault, promise, code) in [
        ("create-twice", "createProduct.state.created", 1),
        ("create-not-listed", "createProduct.state.created", 1),
        ("create-stores-nothing", "createProduct.state.created", 1),
        ("create-wrong-location", "createProduct.state.created", 1),
        // What cannot be removed, or took another one with it, is owned up to.
        ("delete-keeps", "deleteProduct.state.removed", 6),
        ("delete-wrong-one", "deleteProduct.state.removed", 6),
        ("list-forgets-last", "listProducts.state.listed", 1),
        ("unknown-item-served", "getProduct.responses.404", 1),
        ("patch-replaces", "changeProduct.state.readback", 1),
        ("patch-ignored", "changeProduct.state.readback", 1),
    ] {
        let config: MockConfig = suite.mock().with_faults([fault.to_owned()]);
        let mock = mock::spawn(config).expect("mock");
        let before = store(&mock);
        let report = run_on(&suite, &mock);
        let told = told(&report);
        let found: Vec<&str> = report.findings.iter().map(|f| f.promise.as_str()).collect();
        assert!(
            !found.is_empty() && found.iter().all(|p| *p == promise),
            "{fault}: {told}"
        );
        assert_eq!(report.exit.code, code, "{fault}: {told}");
        assert_eq!(store(&mock) == before, code == 1, "{fault}: {told}");
        assert_eq!(report.device.restored, Some(code == 1), "{fault}: {told}");
        mock.stop();
    }
}
