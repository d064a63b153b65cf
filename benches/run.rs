//! Requests per second of a run with all judging on, next to `wrk` with the same requests on the
//! same mock over one connection, in one sitting, as a ratio, because machines differ:
//! `cargo bench -p probity-benches --bench run`. Both send the plan's ordinary requests: those that go to the
//! operation itself as HTTP libraries send them, so that one connection serves them all. What the
//! whole plan costs, pauses and fresh connections included, is printed beside.

use md5::{Digest, Md5};
use probity::case::{Case, Plan};
use probity::exchange::Request;
use probity::mock::{self, Mock};
use probity::run::event::{Event, Listener};
use probity_benches::support::{Suite, credentials};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

/// From here on a case waited for the clock, not for the mock (which answers within a millisecond).
const PAUSE: Duration = Duration::from_millis(50);
const SITTINGS: usize = 7;
/// Runs of a sitting, of which the median counts: one run lasts some fifty milliseconds.
const RUNS: usize = 31;
const LOAD_SECONDS: u32 = 2;

/// When the first case began and the last one ended, and what took long.
#[derive(Default)]
struct Clock {
    first: Option<Instant>,
    last: Option<Instant>,
    before: u64,
    sent: u64,
    pauses: Duration,
}

impl Listener for Clock {
    fn on(&mut self, event: &Event<'_>) {
        if let Event::CaseDone { sent, .. } = event {
            let now = Instant::now();
            if let Some(last) = self.last {
                let took = now - last;
                if took >= PAUSE {
                    self.pauses += took;
                }
            } else {
                (self.first, self.before) = (Some(now), *sent);
            }
            (self.last, self.sent) = (Some(now), *sent);
        }
    }
}

impl Clock {
    /// From the first case to the last.
    fn took(&self) -> Duration {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last - first,
            _ => Duration::ZERO,
        }
    }

    /// Requests a second from the first case to the last.
    fn rate(&self) -> f64 {
        match self.took() {
            Duration::ZERO => 0.0,
            took => (self.sent - self.before) as f64 / took.as_secs_f64(),
        }
    }
}

fn main() {
    let whole = Suite::embedded();
    let mut ordinary = Suite::embedded();
    let target = ordinary.contract.operations.first().map(|o| o.path.clone());
    let target = target.unwrap_or_default();
    ordinary.plan.retain(|_, case| is_ordinary(case, &target));
    // What a run thinks about between its questions does not depend on the number of its cases.
    let asked = ordinary.questions;
    ordinary.questions = 0;
    let config = whole.mock();
    let allowed = credentials(&config);
    let mock = mock::spawn(config).expect("mock starts");
    let run = |suite: &Suite| {
        let mut clock = Clock::default();
        let timeout = Duration::from_millis(1_500);
        let outcome = suite.run_on(&mock, allowed.clone(), &mut clock, timeout);
        assert_eq!(outcome.report.findings.len(), 0, "the mock is clean");
        clock
    };
    // Automata grow as strings come; both sides start warm.
    let clock = run(&whole);
    println!(
        "whole plan: {} cases, {} requests, {:.2} s in cases that pause on purpose",
        whole.plan.cases.len(),
        clock.sent,
        clock.pauses.as_secs_f64()
    );
    println!("ordinary requests: {} cases", ordinary.plan.cases.len());
    let cases = run(&ordinary).took();
    ordinary.questions = asked;
    run(&ordinary);
    let with_questions = run(&ordinary).took();
    ordinary.questions = 0;
    println!(
        "their run takes {:.0} ms, {:.0} ms with the questions behind it",
        cases.as_secs_f64() * 1e3,
        with_questions.as_secs_f64() * 1e3
    );
    let mut ratios = Vec::new();
    for _ in 0..SITTINGS {
        let mut rates: Vec<f64> = (0..RUNS).map(|_| run(&ordinary).rate()).collect();
        rates.sort_by(f64::total_cmp);
        let rate = rates.get(RUNS / 2).copied().unwrap_or_default();
        match wrk(&mock, &whole, &ordinary.plan, &target) {
            Ok(load) => {
                ratios.push(rate / load);
                println!("run {rate:.0}/s, wrk {load:.0}/s, ratio {:.2}", rate / load);
            }
            Err(why) => println!("run {rate:.0}/s; no figure from wrk: {why}"),
        }
    }
    ratios.sort_by(f64::total_cmp);
    if let Some(median) = ratios.get(ratios.len() / 2) {
        println!("median ratio {median:.2}");
    }
    mock.stop();
}

fn is_ordinary(case: &Case, target: &str) -> bool {
    match &case.request {
        Request::Http(request) => {
            request.method == "POST"
                && request.target.to_string() == target
                && request.body.as_ref().is_some_and(|b| b.len() < 4_096)
                && case.strategy != "auth"
                && case.strategy != "http"
        }
        Request::Raw(_) => false,
    }
}

/// Requests per second of `wrk` with the bodies of this plan in turn, over one connection.
fn wrk(mock: &Mock, suite: &Suite, plan: &Plan, target: &str) -> Result<f64, String> {
    let config = suite.mock();
    let digest: String = Md5::digest(config.password.as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let user = &config.username;
    let login = format!("/api/v1/login?username={user}&password={digest}");
    let text = |e: std::io::Error| e.to_string();
    let mut stream = TcpStream::connect(mock.addr()).map_err(text)?;
    write!(
        stream,
        "GET {login} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n"
    )
    .map_err(text)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(text)?;
    let (_, json) = answer
        .split_once("\r\n\r\n")
        .ok_or("no answer to the login")?;
    let answer: Value = serde_json::from_str(json).map_err(|e| e.to_string())?;
    let token = answer["token"].as_str().ok_or("no token")?;
    let mut lua = String::from("local bodies = {\n");
    for case in &plan.cases {
        if let Request::Http(request) = &case.request {
            lua.push('"');
            for octet in request.body.iter().flatten() {
                let _ = write!(lua, "\\{octet:03}");
            }
            lua.push_str("\",\n");
        }
    }
    let _ = write!(
        lua,
        "}}\nlocal at = 0\nlocal requests = {{}}\n\
         function init()\n\
         wrk.headers['Content-Type'] = 'application/json'\n\
         wrk.headers['Authorization'] = 'Bearer {token}'\n\
         for i, body in ipairs(bodies) do\n\
         requests[i] = wrk.format('POST', '{target}', nil, body)\nend\nend\n\
         function request()\nat = at % #requests + 1\nreturn requests[at]\nend\n"
    );
    let script = tempfile::Builder::new()
        .suffix(".lua")
        .tempfile()
        .map_err(text)?;
    std::fs::write(script.path(), lua).map_err(text)?;
    let output = Command::new("wrk")
        .args(["-t1", "-c1", &format!("-d{LOAD_SECONDS}s"), "-s"])
        .arg(script.path())
        .arg(format!("http://{}{target}", mock.addr()))
        .output()
        .map_err(|e| format!("wrk: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .find_map(|line| {
            line.trim()
                .strip_prefix("Requests/sec:")?
                .trim()
                .parse()
                .ok()
        })
        .ok_or_else(|| format!("wrk said {text}"))
}
