//! What one schedule of the probe sees, every other sees too: a fault that `run` finds is still
//! failing for `replay` on the same device, and fixed on one that keeps the promise.

use crate::support;

use probity::case::Context;
use probity::device::{Device, Options};
use probity::judge::{Kind, Law};
use probity::mock::{self, MockConfig};
use probity::probe::{Patience, Probe};
use probity::run::replay::{Fate, replay};
use probity::run::result::Finding;
use std::time::Duration;
use support::{Suite, credentials, in_parallel};
use tokio::sync::watch;

/// Faults that only a look beyond the status shows: secrets in answers, and the state behind them.
const FAULTS: [&str; 10] = [
    "unauthorized-shows-settings",
    "shows-token",
    "unauthorized-writes",
    "refusal-stores-all",
    "not-stored:user",
    "stores-truncated:user",
    "stores-lower-case:user",
    "refusal-ends-session",
    "array-crash",
    "token-prefix",
];

/// Sends findings again to a device.
fn again(suite: &Suite, config: MockConfig, findings: &[Finding]) -> Vec<Fate> {
    let credentials = credentials(&config);
    let mock = mock::spawn(config).expect("mock");
    let device = Device::new(
        Options {
            base_url: format!("http://{}", mock.addr()),
            credentials,
            timeout: Duration::from_millis(1_500),
            ..Options::default()
        },
        suite.profile.clone(),
    )
    .expect("device");
    let context = Context {
        contract: &suite.contract,
        profile: &suite.profile,
        texts: &suite.texts,
        seed: 0,
        thorough: false,
        memo: Default::default(),
    };
    let law = Law {
        contract: &suite.contract,
        texts: &suite.texts,
        profile: &suite.profile,
    };
    let (_stop, stop) = watch::channel(false);
    let recovery = Duration::from_secs(3);
    let mut probe = Probe::new(law, &device, Patience { recovery, stop });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    let fates = runtime.block_on(async {
        probe
            .start(&context, &mock.unreadable(), &Default::default(), &[])
            .await
            .expect("the mock lets us in");
        let mut fates = Vec::new();
        for finding in findings {
            fates.push(replay(&mut probe, finding).await);
        }
        fates
    });
    mock.stop();
    fates
}

#[test]
fn what_a_run_finds_replay_finds() {
    let suite = Suite::embedded();
    in_parallel(&FAULTS, |fault| {
        let config = suite.mock().with_faults([(*fault).to_owned()]);
        let found = suite.run(config.clone(), &mut ()).report.findings;
        // What takes a whole run to see cannot be sent again alone.
        let findings: Vec<Finding> = found
            .into_iter()
            .filter(|f| f.reproducer.recipe.is_some() && f.kind != Kind::Flaky)
            .collect();
        assert!(!findings.is_empty(), "{fault}: no finding");
        let faulty = again(&suite, config, &findings);
        for (finding, fate) in findings.iter().zip(faulty) {
            let failing = matches!(fate, Fate::StillFailing { .. });
            assert!(failing, "{fault}: {}: {fate:?}", finding.title);
        }
        let clean = again(&suite, suite.mock(), &findings);
        for (finding, fate) in findings.iter().zip(clean) {
            assert_eq!(fate, Fate::Fixed, "{fault}: {}", finding.title);
        }
    });
}
