//! What one schedule of the probe sees, every other sees too: a fault that `run` finds is still
//! failing for `replay` on the same device, and fixed on one that keeps the promise.

use crate::small::Scene;
use crate::support;

use probity::case::Context;
use probity::device::{Device, Options};
use probity::judge::{JudgeContext, Kind};
use probity::mock::{self, MockConfig};
use probity::probe::{Patience, Probe};
use probity::run::replay::{ReplayOutcome, replay};
use probity::run::result::Finding;
use std::time::Duration;
use support::{Suite, credentials, in_parallel};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
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
fn again(suite: &Suite, config: MockConfig, findings: &[Finding]) -> Vec<ReplayOutcome> {
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
    let context = Context::new(&suite.contract, &suite.profile, &suite.texts);
    let judging = JudgeContext {
        contract: &suite.contract,
        texts: &suite.texts,
        profile: &suite.profile,
    };
    let (_stop, stop) = watch::channel(false);
    let recovery = Duration::from_secs(3);
    let mut probe = Probe::new(judging, &device, Patience { recovery, stop });
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
            let failing = matches!(fate, ReplayOutcome::StillFailing { .. });
            assert!(failing, "{fault}: {}: {fate:?}", finding.title);
        }
        let clean = again(&suite, suite.mock(), &findings);
        for (finding, fate) in findings.iter().zip(clean) {
            assert_eq!(fate, ReplayOutcome::Fixed, "{fault}: {}", finding.title);
        }
    });
}

/// A device that breaks its promises for our own HTTP client only (whose `Host` stands first) stands
/// for a mistake in that client.
#[tokio::test]
async fn what_an_ordinary_client_does_not_see_accuses_nobody() {
    let ours = Scene::new(&["not-required:name", "tight-maximum:port"]);
    let ordinary = Scene::new(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let target = format!("http://{}", listener.local_addr().expect("an address"));
    let (one, other) = (ours.mock.addr(), ordinary.mock.addr());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut begun = [0; 256];
                let read = client.peek(&mut begun).await.unwrap_or_default();
                let begun = String::from_utf8_lossy(&begun[..read]).into_owned();
                let first = begun.lines().nth(1).unwrap_or_default();
                let to = if first.starts_with("Host:") {
                    one
                } else {
                    other
                };
                if let Ok(mut server) = TcpStream::connect(to).await {
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_probity"));
    command
        .args([
            "run",
            "--contract",
            "small.yaml",
            "--profile",
            "device.toml",
        ])
        .args(["--target", &target])
        .current_dir(ours.folder.path());
    let output = tokio::task::spawn_blocking(move || command.output().expect("runs"));
    let output = output.await.expect("ends");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("an ordinary one does not"), "{said}");
    for rule in ["setSettings.body.name.required", "rejects-valid"] {
        assert!(!said.contains(rule), "{said}");
    }
}
