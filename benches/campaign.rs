//! Requests per second of the unattended job, generation, judging and read-backs included, next to
//! `wrk` with the same bodies on the same mock over one connection, in one sitting, as a ratio:
//! `cargo bench -p probity-benches --bench campaign`.

use md5::{Digest, Md5};
use probity::campaign::corpus::Corpus;
use probity::campaign::dictionary::Dictionary;
use probity::campaign::engine::{Job, Options, fuzz};
use probity::campaign::generate::{Generator, Source};
use probity::campaign::grammar::Grammar;
use probity::campaign::input::Input;
use probity::campaign::random::Random;
use probity::case::{Context, Weigher};
use probity::device::{Device, Options as DeviceOptions};
use probity::mock::{self, Mock};
use probity::run::journal::Past;
use probity_benches::support::{Suite, credentials};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::sync::watch;

const SITTINGS: u64 = 5;
const REQUESTS: u64 = 10_000;
const LOAD_SECONDS: u32 = 3;
/// Bodies that `wrk` sends in turn.
const BODIES: usize = 1_000;

/// Remembers what was generated.
struct Recorder<'a> {
    inner: Generator<'a>,
    bodies: Vec<Vec<u8>>,
}

impl Source for Recorder<'_> {
    fn next(&mut self, random: &mut Random, corpus: &Corpus) -> Input {
        let input = self.inner.next(random, corpus);
        if self.bodies.len() < BODIES {
            self.bodies
                .extend(input.steps.iter().map(|s| s.body.clone()));
        }
        input
    }
}

fn main() {
    let suite = Suite::embedded();
    let config = suite.mock();
    let allowed = credentials(&config);
    let mock = mock::spawn(config).expect("mock starts");
    let target = suite
        .contract
        .operations
        .first()
        .map(|o| o.path.clone())
        .unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    let mut ratios = Vec::new();
    for seed in 0..SITTINGS {
        let device = Device::new(
            DeviceOptions {
                base_url: format!("http://{}", mock.addr()),
                credentials: allowed.clone(),
                ..DeviceOptions::default()
            },
            suite.profile.clone(),
        )
        .expect("device");
        let context = Context::new(&suite.contract, &suite.profile, &suite.texts).seeded(seed);
        let weigher = Weigher::new(&context);
        let mut source = Recorder {
            inner: Generator::new(
                Grammar::all(&context, &weigher),
                Dictionary::new(&suite.contract, &[]),
            ),
            bodies: Vec::new(),
        };
        let (_stop, stopped) = watch::channel(false);
        let job = Job {
            context: &context,
            device: &device,
            options: Options {
                name: String::new(),
                seed,
                requests: Some(REQUESTS),
                time_limit: None,
                stop: stopped,
                recovery: Duration::from_secs(5),
                restore: mock.unreadable(),
                files: "reproducers".to_owned(),
                corpus: None,
                words: Vec::new(),
                shrink: 0,
                restarts: 1,
            },
        };
        let started = Instant::now();
        let harvest = runtime.block_on(fuzz(&job, &Past::default(), &mut (), Some(&mut source)));
        let rate = harvest.requests as f64 / started.elapsed().as_secs_f64();
        assert_eq!(harvest.findings.len(), 0, "the mock is clean");
        match wrk(&mock, &suite, &target, &source.bodies) {
            Ok(load) => {
                ratios.push(rate / load);
                println!(
                    "fuzz {rate:.0}/s, wrk {load:.0}/s, ratio {:.2}",
                    rate / load
                );
            }
            Err(why) => println!("fuzz {rate:.0}/s; no figure from wrk: {why}"),
        }
    }
    ratios.sort_by(f64::total_cmp);
    if let Some(median) = ratios.get(ratios.len() / 2) {
        println!("median ratio {median:.2}");
    }
    mock.stop();
}

/// Requests per second of `wrk` with these bodies in turn, over one connection.
fn wrk(mock: &Mock, suite: &Suite, target: &str, bodies: &[Vec<u8>]) -> Result<f64, String> {
    let text = |e: std::io::Error| e.to_string();
    let config = suite.mock();
    let digest = Md5::digest(config.password.as_bytes());
    let digest: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    let user = &config.username;
    let mut stream = TcpStream::connect(mock.addr()).map_err(text)?;
    let login = format!("/api/v1/login?username={user}&password={digest}");
    let asked = write!(
        stream,
        "GET {login} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n"
    );
    asked.map_err(text)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(text)?;
    let (_, json) = answer
        .split_once("\r\n\r\n")
        .ok_or("no answer to the login")?;
    let answer: Value = serde_json::from_str(json).map_err(|e| e.to_string())?;
    let token = answer["token"].as_str().ok_or("no token")?;
    let mut lua = String::from("local bodies = {\n");
    for body in bodies {
        lua.push('"');
        for octet in body {
            let _ = write!(lua, "\\{octet:03}");
        }
        lua.push_str("\",\n");
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
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines()
        .find_map(|line| {
            line.trim()
                .strip_prefix("Requests/sec:")?
                .trim()
                .parse()
                .ok()
        })
        .ok_or_else(|| format!("wrk said {said}"))
}
