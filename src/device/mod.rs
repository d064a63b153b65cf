//! HTTP transport byte for byte, login session, settings guard, life monitor.
//!
//! Requests are written byte for byte and answers read by [`answer`]: on kept-alive connections
//! ([`Device::send`] with a [`Request::Http`]), or on fresh ones, as every [`Request::Raw`] is.
//! [`Ordinary`] sends the same requests as any HTTP client would (reqwest), so that no mistake of
//! ours accuses a device; logins go over it too.

pub mod answer;
mod base;
mod chunked;
mod classify;
mod coding;
mod digest;
mod documents;
mod fields;
mod guard;
mod hidden;
mod kept;
mod life;
mod login;
mod login_answer;
mod members;
mod oauth;
mod ordinary;
mod others;
pub mod pages;
mod put_back;
mod read_back;
mod secrets;
mod session;
mod socket;
mod tls;
mod written;

pub use answer::Caps;
pub use documents::Documents;
pub use guard::{Guard, GuardedWrite, Restored, Unproven};
pub use hidden::masked;
pub use life::LifeSign;
pub use login::LoginError;
pub use ordinary::Ordinary;
pub use read_back::{ReadBackError, ReadBackState, StateRead};
pub use session::{Credentials, Viewer};
pub use tls::Tls;

use crate::contract::Policy;
use crate::exchange::{Exchange, Failure, HttpRequest, Outcome, Phase, Request, Template};
use crate::profile::Profile;
use base::Base;
use secrets::unknown;
use session::Session;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How a device is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// `http://host[:port][/prefix]` or `https://…`; targets of requests are appended to it.
    pub base_url: String,
    /// Who we are.
    pub credentials: Credentials,
    /// For `https`.
    pub tls: Tls,
    /// Longest time that one exchange may take from its first step to the last byte of the
    /// answer; pauses that a case asks for come on top.
    pub timeout: Duration,
    /// Most requests a second; `None`: as many as the device answers.
    pub rate: Option<f64>,
    /// Most octets of one answer.
    pub limits: Caps,
    /// How long the socket path looks for bytes after a complete answer, where the device does not
    /// close the connection before.
    pub grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            base_url: String::new(),
            credentials: Credentials::default(),
            tls: Tls::default(),
            timeout: Duration::from_secs(5),
            rate: None,
            limits: Caps::default(),
            grace: Duration::from_millis(30),
        }
    }
}

/// A configuration that no device can be reached with (exit code 2).
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The base URL is none that can be used.
    #[error("target {url:?}: {why}")]
    BaseUrl {
        /// As given.
        url: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A certificate or key file cannot be used.
    #[error("{option} {}: {why}", file.display())]
    File {
        /// The option that names it.
        option: &'static str,
        /// Its path.
        file: PathBuf,
        /// What is wrong and what would be right.
        why: String,
    },
    /// TLS cannot be set up at all.
    #[error("TLS: {0}")]
    Tls(String),
    /// A number is out of its range.
    #[error("{0}")]
    Option(String),
}

/// Bodies over this are written while the answer is read, on a connection of their own, so that an
/// answer before their end (413 and close) is seen.
const LARGE_BODY: usize = 64 * 1024;

/// The longest time that an option may name, so that adding it to a clock cannot overflow.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A device that answers over HTTP, and the session with it. Shared by reference between tasks.
pub struct Device {
    base: Base,
    options: Options,
    profile: Arc<Profile>,
    policy: Option<Arc<Policy>>,
    client: reqwest::Client,
    /// For the clients of logins, which have cookies of their own.
    tls: rustls::ClientConfig,
    connector: tokio_rustls::TlsConnector,
    session: Mutex<Session>,
    auth: Mutex<(Vec<(String, Template)>, Template)>,
    /// When the next request may go, where a rate is set.
    next_slot: Mutex<Option<Instant>>,
    /// Kept-alive connections of our own.
    idle: Mutex<Vec<kept::Line>>,
    /// Whether the device serves one connection at a time, as far as it has shown.
    alone: AtomicBool,
    sent: AtomicU64,
    answered: AtomicU64,
    /// The longest wait for an answer, in nanoseconds, where it is less than the options say.
    patience: AtomicU64,
}

/// Takes a lock whose data stay right even if a holder panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Device {
    /// Prepares the way to a device; sends nothing.
    ///
    /// # Errors
    /// Configuration that cannot work: base URL, certificate files, rate, time-out.
    pub fn new(options: Options, profile: Arc<Profile>) -> Result<Device, DeviceError> {
        let base = Base::parse(&options.base_url)?;
        if options.timeout.is_zero() || options.timeout.max(options.grace) > DAY {
            return Err(DeviceError::Option(format!(
                "a time-out of {:?} is of no use; use something between 1ms and a day, 5s say",
                options.timeout
            )));
        }
        if let Some(rate) = options.rate
            && !(rate.is_finite() && rate >= 1.0 / DAY.as_secs_f64())
        {
            return Err(DeviceError::Option(format!(
                "a rate of {rate} requests a second cannot be kept; use a number above 0"
            )));
        }
        let tls = tls::config(&options.tls, base.https)?;
        let client = ordinary::builder(&options, tls.clone())
            .build()
            .map_err(|e| DeviceError::Tls(e.to_string()))?;
        Ok(Device {
            connector: tokio_rustls::TlsConnector::from(Arc::new(tls.clone())),
            tls,
            session: Mutex::new(Session::new(options.credentials.clone())),
            auth: Mutex::default(),
            next_slot: Mutex::new(None),
            idle: Mutex::new(Vec::new()),
            alone: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            patience: AtomicU64::new(u64::MAX),
            base,
            options,
            profile,
            client,
            policy: None,
        })
    }

    /// From now on [`send`](Self::send) asks this policy.
    pub fn with_policy(mut self, policy: Arc<Policy>) -> Device {
        self.policy = Some(policy);
        self
    }

    /// What may be sent; `None`: everything.
    pub fn policy(&self) -> Option<&Arc<Policy>> {
        self.policy.as_ref()
    }

    /// Why an operation is not sent whose effect could not be put back on this device.
    pub fn withheld(&self, operation: &str) -> Option<String> {
        self.policy.as_ref()?.withheld(operation)
    }

    /// Whether the operation with this id may be tested.
    pub fn may_test(&self, operation: &str) -> bool {
        self.policy
            .as_ref()
            .is_none_or(|p| p.operation(operation).is_ok())
    }

    /// Whether an operation may be tested on what stands at a target, which may be another's: one that
    /// is sent to things of our own only may be tested, and changes nothing else.
    pub fn may_change(&self, operation: &str, target: &Template) -> bool {
        let path = target.to_string();
        self.policy
            .as_ref()
            .is_none_or(|p| p.operation_at(operation, &path).is_ok())
    }

    /// The base URL, normalised, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base.url
    }

    /// How its certificate is looked at, for reproducers.
    pub fn tls(&self) -> &Tls {
        &self.options.tls
    }

    /// How it is driven.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Requests that were sent or tried, logins and read-backs included.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Complete answers.
    pub fn answered(&self) -> u64 {
        self.answered.load(Relaxed)
    }

    /// Sends a request and waits for its answer. Takes at most the time-out (and the request's own
    /// pauses), and memory within the limits. `fresh` wants a connection of its own; a
    /// [`Request::Raw`] always has one.
    ///
    /// A kept-alive connection may end at any time (RFC 9112 §9.5). Where one ended before the
    /// first byte of an answer, nobody can tell whether the device dropped the request or had
    /// closed the connection before: the request is sent once more, on a fresh one, and that
    /// exchange counts, unless the device then takes no connection at all.
    ///
    /// What the policy does not permit is not sent, whoever asks: the plan, a probe, an input of
    /// the campaign, a replay.
    pub async fn send(&self, request: &Request, fresh: bool) -> Exchange {
        if let Some(policy) = &self.policy
            && let Err(refusal) = policy.permits(request)
        {
            return Exchange::not_sent(refusal.to_string());
        }
        self.send_permitted(request, fresh).await
    }

    /// [`Device::send`] of what puts back a state that was read before.
    async fn send_back(&self, request: &Request) -> Exchange {
        if let Some(policy) = &self.policy
            && let Err(refusal) = policy.permits_putting_back(request)
        {
            return Exchange::not_sent(refusal.to_string());
        }
        self.send_permitted(request, true).await
    }

    async fn send_permitted(&self, request: &Request, fresh: bool) -> Exchange {
        let patience = Duration::from_nanos(self.patience.load(Relaxed)).min(self.options.timeout);
        let exchange = self.send_in_session(request, fresh, patience).await;
        coding::decoded(exchange, self.options.limits.body)
    }

    /// From now on [`send`](Self::send) waits at most so long for an answer: for a device that is
    /// known to leave requests without one.
    pub fn hurry(&self, patience: Duration) {
        let nanos = u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX);
        self.patience.store(nanos, Relaxed);
    }

    /// A request of our own (login, life probe, read-back), which is never a test of the transport.
    /// Carried as the ordinary ones are: on another connection it would wait for theirs where the
    /// device serves one at a time.
    async fn send_own(&self, request: &Request) -> Exchange {
        let exchange = self
            .send_in_session(request, false, self.options.timeout)
            .await;
        coding::decoded(exchange, self.options.limits.body)
    }

    /// Sends a request with what the session has to bring first: a challenge, a fresh token. One
    /// that answered a Digest challenge that was too old goes once more, with the new one.
    async fn send_in_session(&self, request: &Request, fresh: bool, timeout: Duration) -> Exchange {
        let secrets = request.secrets();
        if secrets.is_empty() {
            return self.send_by(request, fresh, timeout).await;
        }
        self.prepare(&secrets).await;
        let exchange = self.send_by(request, fresh, timeout).await;
        match self.digest_renewed(&secrets, &exchange) {
            true => self.send_by(request, fresh, timeout).await,
            false => exchange,
        }
    }

    /// [`send`](Self::send) with a time-out of its own, and the session as it is.
    async fn send_by(&self, request: &Request, fresh: bool, timeout: Duration) -> Exchange {
        self.pace().await;
        match request {
            Request::Raw(raw) => {
                let job = || self.raw_job(raw);
                self.apart(job, timeout).await
            }
            Request::Http(http) => {
                let mut first = None;
                let large = http.body.as_ref().is_some_and(|b| b.len() > LARGE_BODY);
                if !fresh && !large {
                    let exchange = self.kept(http, timeout).await;
                    let exchange = self.count(exchange);
                    if !(exchange.reused && is_silent_end(&exchange)) {
                        return exchange;
                    }
                    first = Some(exchange);
                    self.pace().await;
                }
                let job = || self.http_job(http);
                let second = self.apart(job, timeout).await;
                match first {
                    // The device no longer takes connections: it was not the idle connection that
                    // ended but the device that fell over this request.
                    Some(first) if is_unreachable(&second) => first,
                    _ => second,
                }
            }
        }
    }

    fn count(&self, exchange: Exchange) -> Exchange {
        if !matches!(exchange.failure(), Some(Failure::NotSent(_))) {
            self.sent.fetch_add(1, Relaxed);
        }
        if exchange.answer().is_some() {
            self.answered.fetch_add(1, Relaxed);
        }
        exchange
    }

    /// Waits until the rate allows another request.
    async fn pace(&self) {
        let Some(rate) = self.options.rate else {
            return;
        };
        let slot = {
            let mut next = lock(&self.next_slot);
            let slot = next.map_or_else(Instant::now, |n| n.max(Instant::now()));
            *next = Some(slot + Duration::from_secs_f64(1.0 / rate));
            slot
        };
        tokio::time::sleep_until(slot).await;
    }

    /// Reads what stands at a target that the device has named, with credentials, where the policy
    /// permits it.
    pub async fn get(&self, target: &str) -> Exchange {
        self.send(&self.own_request("GET", target), false).await
    }

    /// A request of our own, with credentials.
    fn own_request(&self, method: &str, path: &str) -> Request {
        // Many interfaces show JSON of a type of their own (RFC 9110 §12.5.1).
        let accept = "application/json, */*;q=0.5";
        let mut headers = vec![("Accept".to_owned(), Template::from(accept))];
        let (auth, query) = self.auth();
        headers.extend(auth);
        let mut target = Template::from(path);
        if !query.0.is_empty() {
            target = target.text(if path.contains('?') { "&" } else { "?" });
            target.0.extend(query.0);
        }
        Request::Http(HttpRequest {
            method: method.to_owned(),
            target,
            headers,
            body: None,
        })
    }
}

/// Whether the connection ended before the first byte of an answer.
fn is_silent_end(exchange: &Exchange) -> bool {
    matches!(
        exchange.outcome,
        Outcome::Failed {
            failure: Failure::Closed | Failure::Reset,
            partial: None,
        }
    )
}

/// Whether there was not even a connection.
fn is_unreachable(exchange: &Exchange) -> bool {
    matches!(
        exchange.failure(),
        Some(Failure::Refused | Failure::Unreachable(_) | Failure::Timeout(Phase::Connect))
    )
}
