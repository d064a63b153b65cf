//! One case alone, with everything that can be seen of it: its answer, the settings before and
//! after, the life of the device, the session. What the runner spreads over a window to save
//! requests is done here at once, for those who ask about single cases: replay, the unattended job
//! and shrinking. May import what [`crate::run`] may.

use super::budget;
use super::recover::{BETWEEN_LOOKS, LOOKS, guarded, uses_session};
use super::runner::never_reached;
use super::state::{Difference, Unread, Watched};
use crate::case::build::own_credentials;
use crate::case::{Case, Check, Context, Expect};
use crate::contract::answers_promise;
use crate::device::{Device, Guard, LifeSign, ReadBackError, Restored};
use crate::exchange::{Exchange, Failure, Request};
use crate::judge::{Deviation, Judgement, Law, Took, judge};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;

/// How long a device that has not answered anything yet may take to do so.
const FIRST_CONTACT: Duration = Duration::from_secs(5);

/// What to look at beyond the answer. Each look costs requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Read an accepted write back.
    pub written: bool,
    /// Read the settings before and after a refusal.
    pub refused: bool,
    /// Ask for a sign of life afterwards, also where an answer came.
    pub life: bool,
    /// Ask afterwards whether the session goes on.
    pub session: bool,
    /// Use a connection of its own.
    pub fresh: bool,
}

impl Looks {
    /// Everything.
    pub const ALL: Looks = Looks {
        written: true,
        refused: true,
        life: true,
        session: true,
        fresh: true,
    };
}

/// What was seen of one case.
#[derive(Debug)]
pub struct Seen {
    /// What came back.
    pub exchange: Exchange,
    /// What the judge says of it.
    pub judgement: Judgement,
    /// Every broken promise: the judge's, and what the looks show.
    pub deviations: Vec<(String, Deviation)>,
    /// JSON pointer at which a read-back differs.
    pub differs: Option<String>,
    /// The settings as they were read after the exchange, where they were.
    pub read: Option<Value>,
    /// A read-back that was asked for and did not come: state tells nothing.
    pub unread: bool,
}

impl Seen {
    /// Whether it says anything about the case: a complete answer of a device that was not too
    /// busy, or a deviation.
    pub fn tells(&self) -> bool {
        let busy = matches!(self.exchange.status(), Some(429 | 503));
        !self.deviations.is_empty()
            || (!busy && self.exchange.answer().is_some())
            || self.judgement.verdicts.iter().any(|v| {
                // The end of a connection is an answer to what is no message.
                v.ruling == crate::judge::Ruling::Kept
            })
    }

    /// The deviation from a promise.
    pub fn deviation(&self, promise: &str) -> Option<&Deviation> {
        let found = self.deviations.iter().find(|(p, _)| p == promise);
        found.map(|(_, deviation)| deviation)
    }
}

/// Looks at single cases on one device.
pub struct Observer<'a> {
    law: Law<'a>,
    device: &'a Device,
    recovery: Duration,
    stop: watch::Receiver<bool>,
    sign: Option<LifeSign>,
    watched: BTreeMap<String, Watched>,
    guard: Option<Guard>,
    wrote: bool,
    /// Restarts that were seen.
    pub restarts: u64,
    /// Why the device counts as lost; nothing is sent from then on.
    pub lost: Option<String>,
}

impl<'a> Observer<'a> {
    /// An observer that has sent nothing yet. `recovery`: how long the device may stay away.
    pub fn new(
        law: Law<'a>,
        device: &'a Device,
        recovery: Duration,
        stop: watch::Receiver<bool>,
    ) -> Observer<'a> {
        Observer {
            law,
            device,
            recovery,
            stop,
            sign: None,
            watched: BTreeMap::new(),
            guard: None,
            wrote: false,
            restarts: 0,
            lost: None,
        }
    }

    /// Opens the session, remembers the settings and the sign of life.
    ///
    /// # Errors
    /// The device does not answer, or does not let us in; secrets masked.
    pub async fn start(
        &mut self,
        context: &Context<'_>,
        restore: &BTreeMap<String, BTreeMap<String, Value>>,
    ) -> Result<(), String> {
        if let Some((headers, query)) = own_credentials(context.contract) {
            self.device.set_auth(headers, query);
        }
        self.sign = self.device.life().await;
        self.login().await?;
        let guard = Guard::take(self.device, guarded(context, restore)).await;
        for (operation, how) in &self.law.profile.read_back {
            let Some(before) = guard.before(operation) else {
                continue;
            };
            let placeholders = how
                .unreadable
                .iter()
                .map(|(pointer, u)| (pointer.clone(), u.placeholders.clone()))
                .collect();
            let mut watched = Watched::new(placeholders);
            match self.device.read_back(operation).await {
                Ok(second) => watched.learn(&before.value, second.value),
                Err(_) => watched.learn(&before.value, before.value.clone()),
            }
            self.watched.insert(operation.clone(), watched);
        }
        self.guard = Some(guard);
        if self.device.answered() == 0 && !self.device.wait_alive(FIRST_CONTACT).await {
            return Err(format!("{} does not answer", self.device.base_url()));
        }
        Ok(())
    }

    /// The settings that will be put back, without what cannot be read: see [`Guard::snapshot`].
    pub fn snapshot(&self) -> BTreeMap<String, Value> {
        let guard = self.guard.as_ref();
        guard.map(|g| g.snapshot(self.device)).unwrap_or_default()
    }

    /// Puts these settings back at the end, not those that stood at the start.
    pub fn adopt(&mut self, before: &BTreeMap<String, Value>) {
        if let Some(guard) = &mut self.guard {
            guard.adopt(self.device, before);
        }
        // An earlier process wrote.
        self.wrote = true;
    }

    /// What the device says of itself, where it does.
    pub fn sign(&self) -> Option<&LifeSign> {
        self.sign.as_ref()
    }

    /// Puts the settings back where something may have changed them.
    pub async fn restore(&self) -> Restored {
        match &self.guard {
            Some(guard) if self.wrote => guard.restore(self.device).await,
            _ => Restored {
                ok: self.guard.as_ref().map(|_| true),
                reasons: Vec::new(),
            },
        }
    }

    /// Sends what has to come before, then the case, and looks.
    pub async fn observe(&mut self, before: &[Request], case: &Case, looks: Looks) -> Seen {
        if self.lost.is_some() {
            return silent(case, "the device is lost");
        }
        if self.law.profile.login.is_some() && !self.device.has_token() {
            // Where it fails, the requests are not sent and say so.
            let _ = self.login().await;
        }
        let standing = match looks.refused && case.check == Check::Unchanged {
            true => self.read(&case.operation).await,
            false => None,
        };
        for request in before {
            let exchange = self.exchange(request, looks.fresh).await;
            self.wrote = true;
            if exchange.failure().is_some() && !self.alive().await {
                return silent(case, "the device was lost before the case was sent");
            }
        }
        let standing = match before.is_empty() || standing.is_none() {
            true => standing,
            false => self.read(&case.operation).await,
        };
        let mut exchange = self.patiently(&case.request, looks.fresh).await;
        if exchange.status() == Some(401) && self.wants_session(case) {
            if let Err(why) = self.open_again().await {
                // What was answered to a dead session says nothing about the case.
                return silent(case, &why);
            }
            exchange = self.patiently(&case.request, looks.fresh).await;
        }
        if exchange.failure().is_some_and(never_reached) {
            if !self.alive().await {
                return silent(case, "the device does not take connections");
            }
            exchange = self.patiently(&case.request, looks.fresh).await;
        }
        let judgement = judge(self.law, case, &exchange);
        self.wrote |= judgement.took != Took::Refused;
        let mut seen = Seen {
            deviations: judgement
                .deviations()
                .map(|(p, d)| (p.to_owned(), d.clone()))
                .collect(),
            exchange,
            judgement,
            differs: None,
            read: None,
            unread: false,
        };
        self.look_for_secrets(case, &mut seen);
        self.look_at_life(case, looks, &mut seen).await;
        self.look_at_settings(case, looks, standing, &mut seen)
            .await;
        if looks.session {
            self.look_at_session(case, &mut seen).await;
        }
        seen
    }

    fn look_for_secrets(&self, case: &Case, seen: &mut Seen) {
        let Some(answer) = seen.exchange.answer().filter(|a| a.status >= 400) else {
            return;
        };
        if self
            .device
            .shows_secret(&String::from_utf8_lossy(&answer.body))
        {
            let deviation = Deviation::secret_leak(false, answer);
            let deviation = deviation.masked(|text| self.device.mask(text));
            seen.deviations
                .push((answers_promise(&case.operation), deviation));
        }
    }

    async fn look_at_life(&mut self, case: &Case, looks: Looks, seen: &mut Seen) {
        let failed = seen
            .exchange
            .failure()
            .is_some_and(|f| !matches!(f, Failure::NotSent(_)));
        if !failed && !looks.life {
            return;
        }
        if failed {
            // A device that falls over may still take a connection for a moment.
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        if !self.alive().await {
            let deviation = Deviation::gone();
            let promise = answers_promise(&case.operation);
            seen.deviations.retain(|(p, _)| *p != promise);
            seen.deviations.push((promise, deviation));
            return;
        }
        if !self.restarted().await {
            return;
        }
        let promise = answers_promise(&case.operation);
        let deviation = Deviation::restart();
        seen.deviations.retain(|(p, _)| *p != promise);
        seen.deviations.push((promise, deviation));
    }

    async fn look_at_settings(
        &mut self,
        case: &Case,
        looks: Looks,
        standing: Option<Value>,
        seen: &mut Seen,
    ) {
        let promise_of = |what: &str| format!("{}.state.{what}", case.operation);
        match (seen.judgement.took, &case.check) {
            (Took::Accepted, Check::ReadsBack(written))
                if looks.written
                    && matches!(
                        case.expect,
                        Expect::Accepted | Expect::AcceptedOr { .. } | Expect::Either { .. }
                    ) =>
            {
                let readable = self.watched.get_mut(&case.operation);
                let Some(watched) = readable.filter(|w| w.readable()) else {
                    // Nobody reads what was given up.
                    seen.unread = true;
                    return;
                };
                let read = self.device.read_back(&case.operation).await;
                let difference = match watched.take_after_write(read) {
                    Ok(now) => {
                        let difference = watched.differs_from_written(written, &now);
                        seen.read = Some(now);
                        difference
                    }
                    Err(Unread::Broken(difference)) => Some(difference),
                    Err(Unread::Failed(_)) => {
                        seen.unread = true;
                        return;
                    }
                };
                let Some(d) = difference else {
                    return;
                };
                seen.deviations
                    .push((promise_of("readback"), d.not_read_back()));
                seen.differs = Some(d.pointer);
            }
            (Took::Refused, Check::Unchanged) if looks.refused => {
                let now = self.read(&case.operation).await;
                let (Some(before), Some(now)) = (standing, now) else {
                    seen.unread = self.watched.contains_key(&case.operation);
                    return;
                };
                seen.read = Some(now.clone());
                let Some(d) = self.changed(&case.operation, before, &now) else {
                    return;
                };
                self.wrote = true;
                seen.differs = Some(d.pointer.clone());
                seen.deviations
                    .push((promise_of("refusal"), d.changed_by_refusal()));
            }
            _ => {}
        }
    }

    /// A refused attempt to get in must not end the session that stands.
    async fn look_at_session(&mut self, case: &Case, seen: &mut Seen) {
        if !matches!(
            case.expect,
            Expect::Unauthorized { .. } | Expect::LoginRefused
        ) || seen.exchange.answer().is_none()
            || !self.watched.contains_key(&case.operation)
        {
            return;
        }
        let read = self.device.read_back(&case.operation).await;
        if !matches!(read, Err(ReadBackError::Status(401))) {
            return;
        }
        self.device.forget_token();
        let _ = self.login().await;
        seen.deviations.push((
            format!("{}.auth.session", case.operation),
            Deviation::session_ended(),
        ));
    }

    /// The settings as they stand, before and after some refusals: what changed between.
    pub fn changed(&mut self, operation: &str, before: Value, now: &Value) -> Option<Difference> {
        let watched = self.watched.get_mut(operation)?;
        watched.standing = Some(before);
        watched.differs_from_standing(now)
    }

    /// Reads the settings; `None` where they cannot be read (three times in a row: for good).
    pub async fn read(&mut self, operation: &str) -> Option<Value> {
        if !self.watched.get(operation)?.readable() {
            return None;
        }
        let read = self.device.read_back(operation).await;
        self.watched.get_mut(operation)?.take(read).ok()
    }

    async fn exchange(&self, request: &Request, fresh: bool) -> Exchange {
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            exchange = self.device.send(request, fresh) => exchange,
            _ = stop.wait_for(|stop| *stop) => Exchange::not_sent("interrupted"),
        }
    }

    /// A device that says it is busy is asked again, after as long as it wants.
    async fn patiently(&self, request: &Request, fresh: bool) -> Exchange {
        for _ in 0..3 {
            let exchange = self.exchange(request, fresh).await;
            let Some(wait) = budget::busy(&exchange) else {
                return exchange;
            };
            tokio::time::sleep(wait).await;
        }
        self.exchange(request, fresh).await
    }

    fn wants_session(&self, case: &Case) -> bool {
        uses_session(case)
            && matches!(
                case.expect,
                Expect::Accepted
                    | Expect::AcceptedOr { .. }
                    | Expect::Refused { .. }
                    | Expect::Either { .. }
                    | Expect::NotServed { .. }
                    | Expect::Survived { .. }
            )
    }

    async fn login(&self) -> Result<(), String> {
        let Some(login) = &self.law.profile.login else {
            return Ok(());
        };
        if self.device.has_token() || !login.secrets().into_iter().all(|s| self.device.knows(s)) {
            return Ok(());
        }
        let opened = self.device.login().await;
        opened.map_err(|e| self.device.mask(&e.to_string()))
    }

    /// Opens a new session in place of one that has ended; a device that is just restarting (which
    /// is what forgets sessions) is waited for.
    async fn open_again(&mut self) -> Result<(), String> {
        self.device.forget_token();
        if self.login().await.is_ok() {
            return Ok(());
        }
        self.alive().await;
        self.login().await
    }

    /// Waits for the device, at most as long as it may stay away; remembers that it is lost.
    pub async fn alive(&mut self) -> bool {
        let mut stop = self.stop.clone();
        let back = tokio::select! {
            biased;
            back = self.device.wait_alive(self.recovery) => back,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        if !back {
            self.lost = Some(format!("no sign of life for {} s", self.recovery.as_secs()));
        }
        back
    }

    /// Waits until another restart could be told from the last one.
    pub async fn until_a_restart_would_show(&mut self) {
        self.sign = self.device.settled_life().await.or(self.sign.take());
    }

    /// Whether the device has restarted since the last look; logs in again where it has.
    pub async fn restarted(&mut self) -> bool {
        let Some(before) = self.sign.clone() else {
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
            if let Err(why) = self.login().await {
                self.lost = Some(why);
            }
        }
        restarted
    }
}

/// Nothing was sent.
fn silent(case: &Case, why: &str) -> Seen {
    Seen {
        exchange: Exchange::not_sent(why),
        judgement: Judgement::undecided(case, why),
        deviations: Vec::new(),
        differs: None,
        read: None,
        unread: false,
    }
}
