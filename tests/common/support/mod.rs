//! Runs the whole suite against a mock, in process, over real HTTP.
#![allow(dead_code)]

use probity::case::{self, Context, DEFAULT_BUDGET, Plan, QUESTIONS_AT_MOST};
use probity::contract::access::{self, Means};
use probity::contract::{self, Allowed, Contract, ContractIssue, Policy};
use probity::device::{Credentials, Device, Options as DeviceOptions, Viewer};
use probity::mock::{self, Mock, MockConfig};
use probity::pattern::Texts;
use probity::profile::Profile;
use probity::run::event::{Event, Listener};
use probity::run::result::Report;
use probity::run::{self, Job, Options, Outcome};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// A contract with everything that is made from it once.
pub struct Suite {
    pub contract: Arc<Contract>,
    pub profile: Arc<Profile>,
    pub texts: Arc<Texts>,
    pub plan: Plan,
    pub issues: Vec<ContractIssue>,
    /// Questions beside the plan.
    pub questions: usize,
}

impl Suite {
    pub fn new(mut contract: Contract, mut profile: Profile) -> Suite {
        let means = Means {
            token: mock::takes_password(&contract, &profile),
            ..Means::default()
        };
        access::choose(&mut contract, &mut profile, &means);
        let texts = contract.texts();
        let plan = case::plan(
            &Context::new(&contract, &profile, &texts),
            Some(DEFAULT_BUDGET),
        );
        let issues = contract::lint(&contract, &texts);
        Suite {
            contract: Arc::new(contract),
            profile: Arc::new(profile),
            texts: Arc::new(texts),
            plan,
            issues,
            questions: QUESTIONS_AT_MOST,
        }
    }

    pub fn embedded() -> Suite {
        let (contract, profile) = contract::embedded::sip_settings();
        Suite::new(contract, profile)
    }

    pub fn mock(&self) -> MockConfig {
        MockConfig::clean(self.contract.clone(), self.profile.clone())
            .with_texts(self.texts.clone())
    }

    /// Runs the plan against a mock of this configuration.
    pub fn run(&self, config: MockConfig, listener: &mut dyn Listener) -> Outcome {
        self.run_with(config, listener, Duration::from_millis(1_500))
    }

    pub fn run_with(
        &self,
        config: MockConfig,
        listener: &mut dyn Listener,
        timeout: Duration,
    ) -> Outcome {
        let credentials = credentials(&config);
        let mock = mock::spawn(config).expect("mock starts");
        let outcome = self.run_on(&mock, credentials, listener, timeout);
        mock.stop();
        outcome
    }

    /// [`Suite::run`] with so many requests at most.
    pub fn run_at_most(&self, config: MockConfig, requests: Option<u64>) -> Outcome {
        let credentials = credentials(&config);
        let mock = mock::spawn(config).expect("mock starts");
        let timeout = Duration::from_millis(1_500);
        let outcome = self.run_within(&mock, credentials, &mut (), (timeout, requests));
        mock.stop();
        outcome
    }

    /// Runs the plan against a mock that goes on afterwards.
    pub fn run_on(
        &self,
        mock: &Mock,
        credentials: Credentials,
        listener: &mut dyn Listener,
        timeout: Duration,
    ) -> Outcome {
        self.run_within(mock, credentials, listener, (timeout, None))
    }

    /// [`Suite::run_on`] with a time-out and, where there is a limit, so many requests at most.
    fn run_within(
        &self,
        mock: &Mock,
        credentials: Credentials,
        listener: &mut dyn Listener,
        (timeout, max_requests): (Duration, Option<u64>),
    ) -> Outcome {
        let device = Device::new(
            DeviceOptions {
                base_url: format!("http://{}", mock.addr()),
                credentials,
                timeout,
                ..DeviceOptions::default()
            },
            self.profile.clone(),
        )
        .expect("device options");
        let (_stop, stopped) = watch::channel(false);
        let job = Job {
            contract: self.contract.clone(),
            profile: self.profile.clone(),
            texts: self.texts.clone(),
            plan: self.plan.clone(),
            device,
            issues: self.issues.clone(),
            options: Options {
                seed: 0,
                time_limit: Some(Duration::from_secs(60)),
                max_requests,
                questions: self.questions,
                concurrency: 1,
                stop: stopped,
                restore: mock.unreadable(),
                recovery: Duration::from_secs(3),
                files: "reproducers".to_owned(),
                started_at: "2026-01-01T00:00:00Z".to_owned(),
            },
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("runtime");
        runtime.block_on(run::run(&job, listener))
    }
}

/// A run as the command does it against a real device: nothing is allowed beyond what can be undone.
pub fn careful_run(suite: &Suite, addr: SocketAddr) -> Report {
    let policy = Policy::new(&suite.contract, &suite.profile, &Allowed::default())
        .expect("policy")
        .removing();
    let context = Context::new(&suite.contract, &suite.profile, &suite.texts);
    let plan = case::plan_under(&context, Some(DEFAULT_BUDGET), Some(&policy), &|_| true);
    let options = DeviceOptions {
        base_url: format!("http://{addr}"),
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    runtime.block_on(run::run(&job, &mut ())).report
}

/// A report in a few lines, for messages.
pub fn told(report: &Report) -> String {
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

/// What a mock of this configuration takes.
pub fn credentials(config: &MockConfig) -> Credentials {
    Credentials {
        username: Some(config.username.clone()),
        password: Some(config.password.as_str().into()),
        token: mock::takes_password(&config.contract, &config.profile)
            .then(|| config.password.as_str().into()),
        keys: vec![config.password.as_str().into(); config.profile.keys.len()],
        client_secret: None,
        viewer: mock::viewer(config).map(|viewer| match viewer {
            mock::Viewer::User(name, password) => Viewer::User(name, password.into()),
            mock::Viewer::Token(token) => Viewer::Token(token.into()),
        }),
    }
}

/// Remembers after how many requests the first finding came.
#[derive(Default)]
pub struct FirstFinding {
    sent: u64,
    pub at: Option<u64>,
}

impl Listener for FirstFinding {
    fn on(&mut self, event: &Event<'_>) {
        match event {
            Event::CaseDone { sent, .. } => self.sent = *sent,
            Event::Found(_) if self.at.is_none() => self.at = Some(self.sent + 1),
            _ => {}
        }
    }
}

/// Calls `work` with every item from several threads; what it returns is in the order of items.
/// `PROBITY_THREADS` says how many.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::env::var("PROBITY_THREADS").ok();
    let threads = threads.and_then(|t| t.parse().ok()).unwrap_or(THREADS);
    let next = AtomicUsize::new(0);
    let out = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    let result = work(item);
                    out.lock().expect("results").push((at, result));
                }
            });
        }
    });
    let mut out = out.into_inner().expect("results");
    out.sort_by_key(|(at, _)| *at);
    out.into_iter().map(|(_, result)| result).collect()
}

/// Runs at a time: a run waits for most of its time.
const THREADS: usize = 6;
