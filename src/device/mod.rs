//! HTTP transport byte for byte, login session, settings guard, life monitor.
//!
//! Requests are written byte for byte and answers read by [`answer`]: on kept-alive connections
//! ([`Device::send`] with a [`Request::Http`]), or on fresh ones, as every [`Request::Raw`] is.
//! [`Ordinary`] sends the same requests as any HTTP client would (reqwest), so that no mistake of
//! ours accuses a device; logins go over it too.

pub mod answer;
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
mod members;
mod oauth;
mod ordinary;
mod others;
pub mod pages;
mod put_back;
mod read_back;
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
use crate::exchange::{
    DigestForm, Exchange, Failure, Held, Holder, HttpRequest, Outcome, Phase, Request, Secret,
    Template,
};
use crate::profile::Profile;
use crate::redact::{Redactor, Sensitive};
use session::Session;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

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

/// Where a device is.
#[derive(Debug)]
struct Base {
    /// Normalised, without a slash at the end.
    url: String,
    /// Length of the part of `url` before the path.
    origin: usize,
    host: String,
    port: u16,
    https: bool,
}

impl Base {
    fn parse(text: &str) -> Result<Base, DeviceError> {
        let error = |why: &str| DeviceError::BaseUrl {
            url: text.to_owned(),
            why: why.to_owned(),
        };
        let url = Url::parse(text.trim()).map_err(|e| {
            error(&format!(
                "{e}; write it like http://192.168.1.20 or https://panel.example:8443"
            ))
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(error(
                "it must begin with http:// or https://, like http://192.168.1.20:8080",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(error(
                "credentials do not belong into it; use --username and --password-env",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(error("leave out what follows the path (`?…`, `#…`)"));
        }
        let host = url.host().ok_or_else(|| error("it names no host"))?;
        let port = url
            .port_or_known_default()
            .ok_or_else(|| error("it names no port"))?;
        Ok(Base {
            host: match host {
                // Without the brackets that a URL wants around it.
                url::Host::Ipv6(address) => address.to_string(),
                other => other.to_string(),
            },
            port,
            https: url.scheme() == "https",
            origin: url[..url::Position::BeforePath].len(),
            url: url.as_str().trim_end_matches('/').to_owned(),
        })
    }

    /// `host[:port]` as a `Host` field wants it.
    fn authority(&self) -> &str {
        let origin = self.url.get(..self.origin).unwrap_or_default();
        origin.split_once("://").map_or(origin, |(_, a)| a)
    }

    /// The path before every target; empty or `/…` without a slash at the end.
    fn prefix(&self) -> &str {
        self.url.get(self.origin..).unwrap_or_default()
    }
}

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

    /// Whether a request with these credentials should go once more, because its Digest challenge was
    /// too old.
    fn digest_renewed(&self, secrets: &[Secret], exchange: &Exchange) -> bool {
        let Some(answer) = exchange.answer() else {
            return false;
        };
        let mut session = lock(&self.session);
        secrets.iter().any(|secret| match secret {
            Secret::Digest(DigestForm::Right) | Secret::Offered => {
                session.digest_answered(answer.status, &answer.headers)
            }
            Secret::Of(holder, Held::Digest | Held::Offered) => session
                .other(*holder)
                .is_some_and(|other| other.digest_answered(answer.status, &answer.headers)),
            _ => false,
        })
    }

    /// Brings what a request needs: the device's challenge, a token that has not ended.
    async fn prepare(&self, secrets: &[Secret]) {
        let challenged = |s: &Secret| matches!(s, Secret::Digest(_) | Secret::Offered);
        if secrets.iter().any(challenged) && !lock(&self.session).asked() {
            self.draw_challenge().await;
        }
        if secrets.contains(&Secret::Token) {
            self.refresh_token().await;
        }
        let other = secrets.iter().find_map(|secret| match secret {
            Secret::Of(holder, _) => Some(*holder),
            _ => None,
        });
        if let Some(holder) = other {
            self.bring(holder).await;
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

    /// The headers and the query (without `?`) that carry the session's credentials in requests of
    /// our own (read-back, life probe), as the contract's security scheme wants them. Without this
    /// it is `Authorization: Bearer` with the token, or `Basic` where there is no token.
    pub fn set_auth(&self, headers: Vec<(String, Template)>, query: Template) {
        *lock(&self.auth) = (headers, query);
    }

    /// See [`set_auth`](Self::set_auth); leaves out what is not known.
    fn auth(&self) -> (Vec<(String, Template)>, Template) {
        let (headers, query) = lock(&self.auth).clone();
        let session = lock(&self.session);
        let known = |t: &Template| {
            let offered = |s: Secret| matches!(s, Secret::Digest(_) | Secret::Offered);
            t.try_render(|s| {
                let value = session.value(s).map(|v| v.into_owned());
                value.or_else(|| offered(s).then(String::new))
            })
            .is_ok()
        };
        if !headers.is_empty() || !query.0.is_empty() {
            let headers = headers.into_iter().filter(|(_, t)| known(t)).collect();
            return (
                headers,
                if known(&query) {
                    query
                } else {
                    Template::default()
                },
            );
        }
        let headers = [
            Template::from("Bearer ").secret(Secret::Token),
            Template::from("Basic ").secret(Secret::Basic),
        ]
        .into_iter()
        .find(known)
        .map(|t| ("Authorization".to_owned(), t))
        .into_iter()
        .collect();
        (headers, Template::default())
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

    /// Whether there is a session: a token, from a login or from the user, or cookies.
    pub fn has_token(&self) -> bool {
        lock(&self.session).is_open()
    }

    /// Forgets the session, also a token that the user gave.
    pub fn forget_token(&self) {
        lock(&self.session).forget();
    }

    /// Uses this token from now on.
    pub fn set_token(&self, token: impl Into<Sensitive>) {
        lock(&self.session).set_token(Some(token.into()));
    }

    /// Whether the value of a credential is known.
    pub fn knows(&self, secret: Secret) -> bool {
        lock(&self.session).value(secret).is_some()
    }

    /// Whether a credential of the session stands in `text`; short ones, which may stand there by
    /// chance, are not looked for.
    pub fn shows_secret(&self, text: &str) -> bool {
        lock(&self.session).shows(text)
    }

    /// Masks every secret of the job in any text: credentials by their environment variable
    /// (`$PROBITY_TOKEN`), secret settings that the guard saw by `***`.
    pub fn mask(&self, text: &str) -> String {
        self.redactor().text(text).into_owned()
    }

    /// From now on a text is masked as a secret setting is: a password that was given to something.
    pub fn hide(&self, text: &str) {
        lock(&self.session).add_setting(text);
    }

    /// Puts credentials back where [`mask`](Self::mask) left their names: in settings that a journal
    /// kept. What it does not know stays a name.
    pub fn reveal(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) if text.contains("$PROBITY_") => {
                *text = lock(&self.session).reveal(text);
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(|v| self.reveal(v)),
            serde_json::Value::Object(map) => map.values_mut().for_each(|v| self.reveal(v)),
            _ => {}
        }
    }

    /// What knows all secrets of the job, those to come too.
    pub fn redactor(&self) -> Redactor {
        lock(&self.session).redactor.clone()
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

/// What to say where a credential is missing.
fn unknown(secret: Secret) -> String {
    match secret {
        Secret::Token => "there is no token: log in first, or give one with --token-env".to_owned(),
        Secret::Username => "there is no user name: give one with --username".to_owned(),
        Secret::Password | Secret::PasswordMd5 => {
            "there is no password: give one with --password-env".to_owned()
        }
        Secret::Cookies => "there are no cookies of a session: log in first".to_owned(),
        Secret::Csrf => "there is no token against request forgery: log in first".to_owned(),
        Secret::Key(at) => format!("the key {} of the profile is not known", at + 1),
        Secret::Digest(DigestForm::Right) => {
            "the device gave no Digest challenge that can be answered, or user name and password \
             are not both known: give them with --username and --password-env"
                .to_owned()
        }
        Secret::Digest(form) => format!(
            "there is no {form:?} answer to a Digest challenge: none was given, or none answered before"
        ),
        Secret::Offered => "the device asks for no credentials".to_owned(),
        Secret::Altered(original, how) => format!(
            "there is no {how:?} form of {}: it is not known, or too short, or the same",
            original.secret().env_name()
        ),
        Secret::Of(Holder::Viewer, _) => {
            "the user of [roles.viewer] is not let in: no read that asks for credentials is answered"
                .to_owned()
        }
        Secret::Of(Holder::LoggedOut, _) => {
            "no session was logged out: its login, a read with it or [login.logout] did not work"
                .to_owned()
        }
        Secret::Of(Holder::BeforeLogin, _) => {
            "nothing is known that the device gives before a login and that is not let in with"
                .to_owned()
        }
        Secret::Basic => {
            "user name and password are not both known: give them with --username and \
             --password-env"
                .to_owned()
        }
    }
}
