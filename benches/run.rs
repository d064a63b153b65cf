//! Requests per second of a whole run with all judging on, next to `wrk` on the same kind of mock
//! over one connection, in one sitting, as a ratio, because machines differ:
//! `cargo bench --bench run`. Cases that pause on purpose (a body that comes later, a connection
//! that must stay open) are listed with their time and left out of the rate.

#[path = "../tests/support/mod.rs"]
mod support;

use md5::{Digest, Md5};
use probity::mock;
use probity::run::event::{Event, Listener};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};
use support::Suite;

/// From here on a case waited for the clock, not for the mock (which answers within a millisecond).
const PAUSE: Duration = Duration::from_millis(50);
const SITTINGS: usize = 5;
const LOAD_SECONDS: u32 = 2;

/// How long each case took, its confirmation and read-backs included.
struct Clock {
    last: Instant,
    sent: u64,
    steps: Vec<(Duration, u64, String)>,
}

impl Listener for Clock {
    fn on(&mut self, event: &Event<'_>) {
        if let Event::CaseDone { case, sent, .. } = event {
            let now = Instant::now();
            self.steps
                .push((now - self.last, sent - self.sent, (*case).to_owned()));
            (self.last, self.sent) = (now, *sent);
        }
    }
}

fn main() {
    let suite = Suite::embedded();
    println!(
        "plan: {} cases, {} requests",
        suite.plan.cases.len(),
        suite.plan.requests
    );
    let mut ratios = Vec::new();
    for sitting in 0..SITTINGS {
        let (rate, pauses) = run(&suite);
        if sitting == 0 {
            println!("cases that pause on purpose, left out of the rate:");
            for (time, _, case) in &pauses {
                println!("  {:>6.0} ms {case}", time.as_secs_f64() * 1e3);
            }
        }
        let Some(load) = wrk(&suite) else {
            println!("run {rate:.0}/s; wrk is not installed, so no ratio");
            continue;
        };
        ratios.push(rate / load);
        println!("run {rate:.0}/s, wrk {load:.0}/s, ratio {:.2}", rate / load);
    }
    ratios.sort_by(f64::total_cmp);
    if let Some(median) = ratios.get(ratios.len() / 2) {
        println!("median ratio {median:.2}");
    }
}

/// Requests per second of a whole run, and the cases that pause.
fn run(suite: &Suite) -> (f64, Vec<(Duration, u64, String)>) {
    let mut clock = Clock {
        last: Instant::now(),
        sent: 0,
        steps: Vec::with_capacity(suite.plan.cases.len()),
    };
    let started = Instant::now();
    let outcome = suite.run(suite.mock(), &mut clock);
    let total = started.elapsed();
    assert_eq!(
        outcome.verdict.code(),
        0,
        "the clean mock keeps its promises"
    );
    let mut pauses = clock.steps;
    pauses.retain(|(time, ..)| *time >= PAUSE);
    let paused: Duration = pauses.iter().map(|(time, ..)| *time).sum();
    let sent = outcome.report.requests.sent - pauses.iter().map(|(_, n, _)| n).sum::<u64>();
    (sent as f64 / (total - paused).as_secs_f64(), pauses)
}

/// Requests per second of `wrk`: the plan's first valid body, one connection.
fn wrk(suite: &Suite) -> Option<f64> {
    let config = suite.mock();
    let digest = Md5::digest(config.password.as_bytes());
    let digest: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    let login = format!(
        "/api/v1/login?username={}&password={digest}",
        config.username
    );
    let mock = mock::spawn(config).ok()?;
    let base = format!("http://{}", mock.addr());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let answer =
        runtime.block_on(async { reqwest::get(format!("{base}{login}")).await?.text().await });
    let answer: Value = serde_json::from_str(&answer.ok()?).ok()?;
    let token = answer.get("token")?.as_str()?;
    let operation = suite.contract.operations.first()?;
    let (_, body) = operation.body.as_ref()?.examples.first()?;
    let script = tempfile::Builder::new().suffix(".lua").tempfile().ok()?;
    let text = format!(
        "wrk.method = 'POST'\nwrk.body = [==[{body}]==]\n\
         wrk.headers['Content-Type'] = 'application/json'\n\
         wrk.headers['Authorization'] = 'Bearer {token}'\n"
    );
    std::fs::write(script.path(), text).ok()?;
    let output = Command::new("wrk")
        .args(["-t1", "-c1", &format!("-d{LOAD_SECONDS}s"), "-s"])
        .arg(script.path())
        .arg(format!("{base}{}", operation.path))
        .output()
        .ok()?;
    mock.stop();
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().find_map(|line| {
        line.trim()
            .strip_prefix("Requests/sec:")?
            .trim()
            .parse()
            .ok()
    })
}
