//! The session with a device: log in, notice that the session ended, wait for a device that is busy
//! or away, notice that it restarted. Owns what is known of the device's life.

use crate::case::{Case, Expect};
use crate::device::{Device, LifeSign};
use crate::exchange::{Exchange, Failure, HttpRequest, Phase, Request, Secret, Segment};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Looks at the device after a suspect request, because a crash may take a moment.
const LOOKS: u32 = 4;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// How often a request is sent again to a device that says it is busy.
const PATIENCE: u32 = 3;
/// Answers "busy" in a row, each after [`PATIENCE`], from which on nobody waits any more.
const BUSY_FOR_GOOD: u32 = 3;
/// Waits before what is in conflict with the moment is sent again.
const CONFLICTS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];
/// Lock-outs waited for in vain from which on a refusal is what it says.
const LOCKED_FOR_GOOD: u32 = 2;
/// Refusals for want of credentials since the last success after which good ones are good no longer.
const SHUT_OUT: u32 = 15;
/// A wait that costs a run little.
const SHORT: Duration = Duration::from_secs(1);
/// Longest wait that a `Retry-After` (RFC 9110 §10.2.3) may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(5);

/// How a session is kept.
#[derive(Clone, Debug)]
pub struct Patience {
    /// How long the device may stay away before it counts as lost.
    pub recovery: Duration,
    /// Becomes true when the user wants the job to end.
    pub stop: watch::Receiver<bool>,
}

/// A device as the probe drives it.
pub struct Session<'a> {
    device: &'a Device,
    patience: Patience,
    sign: Option<LifeSign>,
    restarts: u64,
    lost: Option<String>,
    /// Answers in a row that say "busy" after all patience.
    busy: AtomicU32,
    /// Long waits that ended with "busy" all the same, whatever came between: one operation may say
    /// so for a day while the others serve.
    waited_in_vain: AtomicU32,
    /// Conflicts in a row that did not end.
    conflicts: AtomicU32,
    /// Whether the credentials were taken, and whether wrong ones were sent since.
    admitted: bool,
    wrong_since: bool,
    /// Requests since the last success that were refused for want of credentials although they had
    /// them.
    denied: u32,
    /// Operations with statuses that right credentials drew while nothing speaks of a lock-out.
    refuses: BTreeSet<(String, u16)>,
    /// See [`Session::good`].
    good: Option<Box<Case>>,
    /// Lock-outs that did not end.
    in_vain: u32,
    /// A request that changes nothing and drew an answer: what a living device answers again.
    pulse: Option<Request>,
}

impl<'a> Session<'a> {
    /// A session that is not open yet; sends nothing.
    pub fn new(device: &'a Device, patience: Patience) -> Session<'a> {
        Session {
            device,
            patience,
            sign: None,
            restarts: 0,
            lost: None,
            busy: AtomicU32::new(0),
            waited_in_vain: AtomicU32::new(0),
            conflicts: AtomicU32::new(0),
            admitted: false,
            wrong_since: false,
            denied: 0,
            in_vain: 0,
            refuses: BTreeSet::new(),
            good: None,
            pulse: None,
        }
    }

    /// Where requests go.
    pub fn device(&self) -> &'a Device {
        self.device
    }

    /// What the device says of itself, where it does.
    pub fn sign(&self) -> Option<&LifeSign> {
        self.sign.as_ref()
    }

    /// Restarts that were seen.
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Why the device counts as lost.
    pub fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }

    /// Asks for a sign of life and logs in.
    ///
    /// # Errors
    /// The device does not let us in; secrets masked.
    pub async fn open(&mut self) -> Result<(), String> {
        self.sign = self.device.life().await;
        self.log_in().await
    }

    /// Opens a session where the profile says how and nobody gave a token.
    ///
    /// # Errors
    /// As [`Device::login`]; secrets masked.
    pub async fn log_in(&self) -> Result<(), String> {
        if !self.device.needs_login() {
            return Ok(());
        }
        let opened = self.device.login().await;
        opened.map_err(|e| self.device.mask(&e.to_string()))
    }

    /// Whether a request with good credentials was answered as if it had none.
    pub fn ended(&self, case: &Case, exchange: &Exchange) -> bool {
        self.device.denies(exchange)
            && self.device.can_login()
            && carries_credentials(&case.request)
            && !case.expect.is_trespass()
            && !matches!(case.expect, Expect::Answered { .. })
    }

    /// Remembers what an answer says of the credentials that were sent, in the order of sending.
    pub fn note_credentials(&mut self, case: &Case, exchange: &Exchange) {
        let Some(status) = exchange.status() else {
            return;
        };
        let wrong = case.expect.is_trespass();
        // Right credentials written in an odd way may be refused for that.
        if carries_credentials(&case.request) && !wrong && case.strategy != "auth" {
            self.denied = match (self.device.denies(exchange), status) {
                (true, _) => self.denied + 1,
                // What is refused otherwise may be refused before anybody looks at credentials.
                (false, 200..=299) => 0,
                (false, _) => self.denied,
            };
        }
        if wrong {
            self.wrong_since = true;
        } else if carries_credentials(&case.request) && (200..300).contains(&status) {
            self.admitted = true;
            self.wrong_since = false;
            let reads = matches!(&case.request, Request::Http(r) if r.method == "GET");
            if reads && self.good.is_none() {
                self.good = Some(Box::new(case.clone()));
            }
        } else if carries_credentials(&case.request) && !self.wrong_since {
            // No wrong credentials came before: it is a matter of rights or of state.
            self.refuses.insert((case.operation.clone(), status));
        }
    }

    /// Whether credentials that were good are refused by now, however often they are sent: a session or
    /// a token that has ended and that nobody can renew.
    pub fn shut_out(&self) -> bool {
        self.admitted && self.denied >= SHUT_OUT
    }

    /// Opens the session again where the last request was refused for want of one.
    pub(super) async fn renew(&self) {
        if self.denied > 0 && self.device.can_login() {
            self.device.forget_token();
            // Where that fails, what follows says so.
            let _ = self.log_in().await;
        }
    }

    /// Whether credentials that were good before wrong ones were sent are refused: an account or
    /// address that is locked for a while, where there is no session to open again.
    pub fn locked_out(&self, case: &Case, exchange: &Exchange) -> bool {
        let right = !case.expect.is_trespass() && !matches!(case.expect, Expect::Answered { .. });
        // Right credentials written in an odd way may be refused for that.
        let odd = case.strategy == "auth" && case.expect != Expect::Accepted;
        let usual = |status| self.refuses.contains(&(case.operation.clone(), status));
        matches!(exchange.status(), Some(401 | 403 | 423))
            && !exchange.status().is_some_and(usual)
            && right
            && !odd
            && self.admitted
            && self.wrong_since
            && self.in_vain < LOCKED_FOR_GOOD
            && !self.device.can_login()
            && carries_credentials(&case.request)
    }

    /// A read that right credentials were let in with: the measure of a lock-out.
    pub fn good(&self) -> Option<Case> {
        self.good.as_deref().cloned()
    }

    /// What right credentials drew was no lock-out.
    pub fn not_locked(&mut self, case: &Case, exchange: &Exchange) {
        let status = exchange.status();
        self.refuses
            .extend(status.map(|status| (case.operation.clone(), status)));
    }

    /// A lock-out did not end.
    pub fn locked_in_vain(&mut self) {
        self.in_vain += 1;
    }

    /// Opens a new session in place of one that has ended; a device that is just restarting (which
    /// is what forgets sessions) is waited for.
    ///
    /// # Errors
    /// As [`Session::log_in`].
    pub async fn open_again(&mut self) -> Result<(), String> {
        self.device.forget_token();
        if self.log_in().await.is_ok() {
            return Ok(());
        }
        self.revive().await;
        self.log_in().await
    }

    /// One exchange; ends early, as not sent, when the user wants the job to end. A device that
    /// says it is busy (429, 503) is asked again a few times, after as long as it wants.
    pub async fn send(&self, request: &Request, fresh: bool) -> Exchange {
        let mut tries = 0;
        loop {
            let exchange = self.exchange(request, fresh).await;
            let Some(wait) = self.wait_for(&exchange, tries) else {
                return exchange;
            };
            tries += 1;
            self.pause(wait).await;
        }
    }

    /// [`Session::send`] of what must not be left half done: what was begun comes to its end, and
    /// nothing is begun where the user wants the job to end.
    pub async fn send_to_the_end(&self, request: &Request, fresh: bool) -> Exchange {
        let mut tries = 0;
        loop {
            if *self.patience.stop.borrow() {
                return Exchange::not_sent("interrupted");
            }
            let exchange = self.device.send(request, fresh).await;
            let Some(wait) = self.wait_for(&exchange, tries) else {
                return exchange;
            };
            tries += 1;
            self.pause(wait).await;
        }
    }

    /// What came of a request that has to be accepted: a device that is busy with something else, or
    /// locked by somebody else, (409, RFC 9110 §15.5.10; 423) is asked again. One that says so
    /// whenever it is asked means the request.
    pub async fn past_conflict(
        &self,
        case: &Case,
        request: &Request,
        first: Exchange,
        fresh: bool,
    ) -> Exchange {
        let in_conflict = |e: &Exchange| matches!(e.status(), Some(409 | 423));
        let hopeless = self.conflicts.load(Relaxed) >= BUSY_FOR_GOOD;
        if !in_conflict(&first) || hopeless || !matches!(case.expect, Expect::Accepted) {
            return first;
        }
        let mut last = first;
        for wait in CONFLICTS {
            self.pause(wait).await;
            if *self.patience.stop.borrow() {
                return last;
            }
            last = self.send_to_the_end(request, fresh).await;
            if !in_conflict(&last) {
                self.conflicts.store(0, Relaxed);
                return last;
            }
        }
        self.conflicts.fetch_add(1, Relaxed);
        last
    }

    async fn exchange(&self, request: &Request, fresh: bool) -> Exchange {
        let mut stop = self.patience.stop.clone();
        tokio::select! {
            biased;
            exchange = self.device.send(request, fresh) => exchange,
            _ = stop.wait_for(|stop| *stop) => Exchange::not_sent("interrupted"),
        }
    }

    /// Waits, but not when the user wants the job to end.
    pub async fn pause(&self, time: Duration) {
        let mut stop = self.patience.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep(time) => {}
        }
    }

    /// How long to wait before a busy device is asked again, for the nth time; `None`: not again.
    fn wait_for(&self, exchange: &Exchange, tries: u32) -> Option<Duration> {
        exchange.answer()?;
        let Some(wait) = busy(exchange) else {
            self.busy.store(0, Relaxed);
            return None;
        };
        let in_vain = self.waited_in_vain.load(Relaxed) >= BUSY_FOR_GOOD && wait > SHORT;
        if tries >= PATIENCE || self.busy_for_good() || in_vain {
            self.busy.fetch_add(1, Relaxed);
            if wait > SHORT {
                self.waited_in_vain.fetch_add(1, Relaxed);
            }
            return None;
        }
        Some(wait)
    }

    /// Whether the device says to everything that it is busy.
    pub fn busy_for_good(&self) -> bool {
        self.busy.load(Relaxed) >= BUSY_FOR_GOOD
    }

    /// Remembers a request that changes nothing and drew an answer: asking it again tells a device
    /// that is there from a forwarder that only takes connections.
    pub fn answers_to(&mut self, request: &Request, refused: bool) {
        let safe = |http: &HttpRequest| matches!(http.method.as_str(), "GET" | "HEAD");
        if let Request::Http(http) = request
            && (safe(http) || refused && self.pulse.is_none())
        {
            self.pulse = Some(request.clone());
        }
    }

    /// Whether the device is there at once.
    pub async fn is_there(&self) -> bool {
        self.there(Duration::ZERO).await
    }

    /// Waits until the device takes connections and answers, at most `most`.
    async fn there(&self, most: Duration) -> bool {
        let end = Instant::now() + most;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if !self.device.wait_alive(left).await {
                return false;
            }
            // A life probe was answered; without one a connection alone says little.
            let Some(pulse) = self
                .pulse
                .as_ref()
                .filter(|_| !self.device.has_life_probe())
            else {
                return true;
            };
            let exchange = self.exchange(pulse, true).await;
            if exchange.answer().is_some()
                || matches!(exchange.failure(), Some(Failure::NotSent(_)))
            {
                return true;
            }
            if left <= BETWEEN_LOOKS {
                return false;
            }
            self.pause(BETWEEN_LOOKS).await;
        }
    }

    /// Waits for the device, at most as long as it may stay away; remembers that it is lost.
    pub async fn wait(&mut self) -> bool {
        let recovery = self.patience.recovery;
        let mut stop = self.patience.stop.clone();
        let back = tokio::select! {
            biased;
            back = self.there(recovery) => back,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        if !back && self.lost.is_none() {
            self.lost = Some(format!("no sign of life for {} s", recovery.as_secs()));
        }
        back
    }

    /// After an exchange without an answer: waits for the device, opens the session again where it
    /// restarted. Returns whether it restarted; [`Session::lost`] where it does not come back.
    pub async fn revive(&mut self) -> bool {
        // A device that falls over may still take a connection for a moment.
        tokio::time::sleep(BETWEEN_LOOKS).await;
        self.wait().await && self.restarted().await
    }

    /// Whether the device has restarted since the last look; logs in again where it has.
    pub async fn restarted(&mut self) -> bool {
        let Some(before) = self.sign.clone() else {
            self.sign = self.device.life().await;
            return false;
        };
        let mut now = None;
        for _ in 0..LOOKS {
            now = self.device.life().await;
            if now.is_some() {
                break;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        let Some(now) = now else { return false };
        let restarted = now.restarted_since(&before);
        self.sign = Some(now);
        if restarted {
            self.restarts += 1;
            self.device.forget_token();
            if let Err(why) = self.log_in().await {
                self.lost.get_or_insert(why);
            }
        }
        restarted
    }

    /// Waits until another restart could be told from the last one.
    pub async fn until_a_restart_would_show(&mut self) {
        if self.sign.is_some()
            && let Some(now) = self.device.settled_life().await
        {
            self.sign = Some(now);
        }
    }

    /// Looks a few times whether the device is away or has restarted; waits until it is back.
    pub async fn went_down(&mut self) -> bool {
        for _ in 0..LOOKS {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            if !self.is_there().await {
                self.revive().await;
                return true;
            }
            if self.restarted().await {
                return true;
            }
        }
        false
    }
}

/// How long a device that says it is busy (429, 503) wants to be left alone, within reason; `None`
/// where it does not say so.
pub(super) fn busy(exchange: &Exchange) -> Option<Duration> {
    let answer = exchange
        .answer()
        .filter(|answer| matches!(answer.status, 429 | 503))?;
    let asked = answer.header("retry-after").and_then(|s| s.parse().ok());
    let wait = asked.map_or(Duration::from_millis(500), Duration::from_secs);
    Some(wait.min(LONGEST_RETRY_AFTER))
}

/// Whether the request met nobody.
pub fn never_reached(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Refused
            | Failure::Unreachable(_)
            | Failure::Tls(_)
            | Failure::Timeout(Phase::Connect | Phase::Tls)
    )
}

/// Whether the request carries the session's credentials.
fn carries_credentials(request: &Request) -> bool {
    match request {
        Request::Http(r) => {
            r.target.has_secret() || r.headers.iter().any(|(_, value)| value.has_secret())
        }
        Request::Raw(r) => r
            .segments
            .iter()
            .any(|s| matches!(s, Segment::Secret(Secret::Token))),
    }
}
