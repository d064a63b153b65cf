//! The probe: a case goes out, the answer is judged and searched for secrets.

use super::account::{Log, Step};
use super::beside::Before;
use super::creations::Creations;
use super::difference::Difference;
use super::guarded::{Known, guarded};
use super::later::Later;
use super::limits::Spent;
use super::observation::Observation;
use super::session::{Patience, Session, never_reached};
use super::settings::{Checkpoint, Settings, Written, written};
use crate::case::build::own_credentials;
use crate::case::moves::path_of;
use crate::case::{Case, Context};
use crate::contract::{Contract, Effect, Place, PromiseId};
use crate::device::{Device, Guard, GuardedWrite, Unproven};
use crate::exchange::{self, Exchange, Failure, Request};
use crate::json;
use crate::judge::{Acceptance, Deviation, JudgeContext, judge};
use crate::pattern::Texts;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// How long a device that has not answered anything yet may take to do so.
const FIRST_CONTACT: Duration = Duration::from_secs(5);

/// Sends cases to one device and looks at what they do.
pub struct Probe<'a> {
    judging: JudgeContext<'a>,
    pub(super) session: Session<'a>,
    pub(super) settings: Settings,
    pub(super) creations: Creations<'a>,
    pub(super) guard: Option<Guard>,
    /// Lists that the job does not write, as they were.
    pub(super) beside: Vec<Before>,
    spent: Spent,
    /// Whether anything was sent that the device did not plainly refuse.
    pub(super) wrote: AtomicBool,
    /// Whether a request that writes was accepted.
    pub(super) stored: AtomicBool,
    /// Whether one was accepted whose state is kept by nobody, though something reads it.
    pub(super) unseen: AtomicBool,
}

impl<'a> Probe<'a> {
    /// A probe that has sent nothing yet.
    pub fn new(judging: JudgeContext<'a>, device: &'a Device, patience: Patience) -> Probe<'a> {
        Probe {
            judging,
            session: Session::new(device, patience),
            settings: Settings::default(),
            creations: Creations::default(),
            guard: None,
            beside: Vec::new(),
            spent: Spent::default(),
            wrote: AtomicBool::new(false),
            stored: AtomicBool::new(false),
            unseen: AtomicBool::new(false),
        }
    }

    /// Names what this job creates after `run`, counts it behind what this process has sent so far,
    /// and tells `log` of every step of creating and removing before it goes on.
    #[must_use]
    pub fn with_account(mut self, run: &str, log: Log<'a>) -> Probe<'a> {
        self.creations.keep(run, self.device().sent(), log);
        self
    }

    /// Where requests go.
    pub fn device(&self) -> &'a Device {
        self.session.device()
    }

    /// Opens the session, remembers the settings and the sign of life.
    ///
    /// # Errors
    /// The device does not let us in; secrets masked.
    pub async fn open(
        &mut self,
        context: &Context<'_>,
        guarded: Vec<GuardedWrite>,
        operations: &BTreeSet<String>,
        past: &[Step],
    ) -> Result<(), String> {
        let device = self.device();
        if let Some((headers, query)) = own_credentials(context.contract, context.profile) {
            device.set_auth(headers, query);
        }
        self.session.open().await?;
        if let Some(policy) = device.policy() {
            context.tell_kept(policy);
        }
        self.creations.learn(context, device);
        self.take_over(past).await;
        self.borrow_listed(context, past).await;
        // Lists as they are before anything of ours is in them.
        let (of_items, others) = self.of_items(guarded);
        let others = self.at_borrowed(others);
        let mut guard = Guard::take(device, others).await;
        self.remember_beside(context, &guard).await;
        self.stand_in(context, operations).await;
        guard.take_more(device, self.at_our_own(of_items)).await;
        for (write, state, _) in guard.states() {
            self.creations.name(write, state);
        }
        self.settings = Settings::learn(&guard);
        // Plans put another name there than is sent.
        for (operation, pointer) in self.creations.named_by_state() {
            self.settings.leave_aside(&operation, &pointer);
        }
        for place in &self.creations.places {
            self.settings.forget_at(&place.collection);
        }
        self.guard = Some(guard);
        Ok(())
    }

    /// Finds out, before the first write of a job, whether the device takes back the state that it
    /// shows. What could not be put back is to be [withheld](Self::withhold).
    pub async fn prove(&mut self) -> Vec<Unproven> {
        let device = self.device();
        // Nothing can be harmed, or the caller has not asked what may be sent.
        if device.policy().is_none_or(|p| p.is_harmless()) {
            return Vec::new();
        }
        let Some(guard) = &self.guard else {
            return Vec::new();
        };
        self.withhold_unreadable();
        let unproven = guard.prove(device).await;
        for (operation, pointer) in guard.revisions() {
            self.settings.leave_aside(operation, pointer);
        }
        // A device may show in another form what it was told itself.
        for operation in self.settings.operations() {
            self.settings.compare(device, &operation).await;
        }
        unproven
    }

    /// From now on nothing is sent that writes a state of which nobody knows what it was.
    pub fn withhold_unreadable(&self) {
        if let Some(guard) = &self.guard {
            withhold(self.device(), guard.not_restorable());
        }
    }

    /// From now on nothing is sent that writes these states ([`Policy::withhold`]).
    ///
    /// [`Policy::withhold`]: crate::contract::Policy::withhold
    pub fn withhold(&self, unproven: Vec<Unproven>) {
        for state in unproven {
            let why = |writer| (writer, state.why.clone());
            withhold(self.device(), state.writers.into_iter().map(why).collect());
        }
    }

    /// [`Probe::open`] for a device that nothing else is known of. `restore`: operation → JSON
    /// pointer → value of what cannot be read. `operations`: those of which something will be sent.
    /// `past`: what an earlier process created.
    ///
    /// # Errors
    /// The device does not answer, or does not let us in; secrets masked.
    pub async fn start(
        &mut self,
        context: &Context<'_>,
        restore: &Known,
        operations: &BTreeSet<String>,
        past: &[Step],
    ) -> Result<(), String> {
        let policy = self.device().policy().map(|policy| &**policy);
        let guarded = guarded(context, restore, None, policy);
        self.open(context, guarded, operations, past).await?;
        self.contact().await
    }

    /// Login, life, patience.
    pub fn session(&self) -> &Session<'a> {
        &self.session
    }

    /// Logs in anew, in place of a session that has ended.
    ///
    /// # Errors
    /// As [`Session::open_again`].
    pub async fn open_again(&mut self) -> Result<(), String> {
        self.session.open_again().await
    }

    /// Logs in where nobody is.
    ///
    /// # Errors
    /// As [`Session::log_in`].
    pub async fn log_in(&self) -> Result<(), String> {
        self.session.log_in().await
    }

    /// As [`Session::revive`]; after a restart nothing is known of the settings.
    pub async fn revive(&mut self) -> bool {
        let restarted = self.session.revive().await;
        self.after_life(restarted)
    }

    /// As [`Session::restarted`], likewise.
    pub async fn restarted(&mut self) -> bool {
        let restarted = self.session.restarted().await;
        self.after_life(restarted)
    }

    /// As [`Session::went_down`], likewise.
    pub async fn went_down(&mut self) -> bool {
        let down = self.session.went_down().await;
        self.after_life(down)
    }

    fn after_life(&mut self, restarted: bool) -> bool {
        if restarted {
            self.settings.forget();
        }
        restarted
    }

    /// As [`Session::until_a_restart_would_show`].
    pub async fn until_a_restart_would_show(&mut self) {
        self.session.until_a_restart_would_show().await;
    }

    /// The state of the resources that are written.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the user should know since the last call.
    pub fn take_notes(&mut self) -> Vec<String> {
        let mut notes = self.settings.take_notes();
        notes.extend(self.creations.take_notes());
        notes
    }

    /// Whether anything answers there at all, once the session is open.
    ///
    /// # Errors
    /// Nothing does.
    async fn contact(&self) -> Result<(), String> {
        let device = self.device();
        if device.answered() > 0 || device.wait_alive(FIRST_CONTACT).await {
            return Ok(());
        }
        Err(format!("{} does not answer", device.base_url()))
    }

    /// What keeps the settings over the job, once the session is open.
    pub fn guard(&self) -> Option<&Guard> {
        self.guard.as_ref()
    }

    /// The limit of the profile that forbids to send a case, as the profile names it.
    pub fn forbidden(&self, case: &Case) -> Option<&'static str> {
        self.spent.forbids(self.judging, case)
    }

    /// Counts another accepted write of a case.
    pub(super) fn wrote_again(&self) {
        self.spent.wrote();
    }

    /// Sends one case, judges it, and looks for secrets in the answer. Several may be under way at
    /// once.
    ///
    /// What it creates is found and removed before this returns; what it is to remove is created
    /// before.
    pub async fn send(&self, case: &Case, fresh: bool) -> Observation {
        if let Some(place) = self.creations.creates(&case.request) {
            return Box::pin(self.create(place, case, fresh)).await;
        }
        if let Some(place) = self.creations.removes(&case.request) {
            return Box::pin(self.remove_one(place, case, fresh)).await;
        }
        let case = match self.addressed(case) {
            Ok(case) => case,
            Err(why) => return Observation::undecided(case, why),
        };
        let mut exchange = self.session.send(&case.request, fresh).await;
        if let Some(again) = self.named_state(&case, &case.request, &exchange).await {
            exchange = self.session.send(&again, fresh).await;
        }
        if matches!(exchange.status(), Some(409 | 423)) {
            exchange = self
                .past_conflict(&case, &case.request, exchange, fresh)
                .await;
        }
        self.note_removal(&case.request, &exchange).await;
        let mut seen = self.observation(&case, exchange);
        self.look_at_parts(&case, &mut seen).await;
        self.look_at_versions(&case, &mut seen).await;
        self.look_at_names(&case, &mut seen).await;
        self.look_at_preconditions(&case, &mut seen).await;
        seen
    }

    /// The case at an item of our own, where it is about one.
    ///
    /// # Errors
    /// Why it is not sent.
    fn addressed<'c>(&self, case: &'c Case) -> Result<Cow<'c, Case>, &'static str> {
        let moved = self.creations.moved_case(case);
        let case = moved.map_or(Cow::Borrowed(case), Cow::Owned);
        if self.creations.strays(&case.request) {
            return Err("it may write an item that this run has not created");
        }
        if self.creations.misnames(&case, &case.request) {
            return Err("it gives the item another id than its path");
        }
        Ok(case)
    }

    /// [`Probe::send`] by an ordinary HTTP client, which shares no code with ours that writes
    /// requests or reads answers. `None` where it cannot send the case as it is.
    pub async fn send_by_ordinary_client(&self, case: &Case) -> Option<Observation> {
        // What creates or removes, and a list in parts, is a dialogue of its own.
        let creations = &self.creations;
        if case.check.is_dialogue()
            || creations.creates(&case.request).is_some()
            || creations.removes(&case.request).is_some()
        {
            return None;
        }
        let case = self.addressed(case).ok()?;
        let Request::Http(http) = &case.request else {
            return None;
        };
        let exchange = self.device().ordinary().send(http).await;
        let sent = !matches!(exchange.failure(), Some(Failure::NotSent(_)));
        sent.then(|| self.observation(&case, exchange))
    }

    /// Sends a request that has to come before a case.
    pub(super) async fn send_before(&self, request: &Request, fresh: bool) -> Exchange {
        self.wrote.store(true, Relaxed);
        let case = Case::before(request);
        self.send(&case, fresh).await.exchange
    }

    /// What the device is held to.
    pub(super) fn contract(&self) -> &'a Contract {
        self.judging.contract
    }

    /// Readings of the contract's string rules.
    pub(super) fn texts(&self) -> &'a Texts {
        self.judging.texts
    }

    /// Whether a case is a request of an operation that reads, whatever its method.
    fn asks(&self, case: &Case) -> bool {
        let op = self.contract().operation(&case.operation);
        let effects = self.device().policy().map(|policy| policy.effects());
        let effect = effects.and_then(|effects| effects.get(&case.operation));
        let Request::Http(http) = &case.request else {
            return false;
        };
        op.is_some_and(|op| op.method == http.method && path_of(http).as_ref() == Some(&op.path))
            && effect.is_some_and(|e| e.effect == Effect::Reads)
    }

    /// Whether a request writes, by its query alone, what a read at its path shows and nobody keeps: a
    /// body that is written is kept, or said to be lost, by whoever keeps states.
    fn changes_unseen(&self, case: &Case) -> bool {
        let operations = &self.contract().operations;
        let Some(op) = self.contract().operation(&case.operation) else {
            return false;
        };
        let asked = |o: &crate::contract::Operation| o.method == "GET" && o.path == op.path;
        let query = op.parameters.iter().any(|p| p.place == Place::Query);
        let kept = self.guard.as_ref().and_then(|guard| guard.before(&op.id));
        let writes = matches!(op.method.as_str(), "POST" | "PUT" | "PATCH");
        let creates = self.creations.creates(&case.request).is_some();
        writes
            && op.body.is_none()
            && query
            && kept.is_none()
            && !creates
            && operations.iter().any(asked)
    }

    /// What an exchange says.
    pub(super) fn observation(&self, case: &Case, exchange: Exchange) -> Observation {
        let judgement = judge(self.judging, case, &exchange);
        self.spent.count(self.judging, case, &exchange, &judgement);
        let safe = is_safe(&case.request) || self.asks(case);
        if judgement.acceptance != Acceptance::Refused && !safe {
            self.wrote.store(true, Relaxed);
        }
        if judgement.acceptance == Acceptance::Accepted && !safe {
            self.stored.store(true, Relaxed);
            if self.changes_unseen(case) {
                self.unseen.store(true, Relaxed);
            }
        }
        let judged = judgement.deviations();
        let mut deviations: Vec<_> = judged.map(|(p, d)| (p.clone(), d.clone())).collect();
        if let Some(leak) = self.leak(&exchange) {
            deviations.push((PromiseId::answers(&case.operation), leak));
        }
        Observation {
            exchange,
            judgement,
            deviations,
            differs: None,
            read: None,
            unread: false,
        }
    }

    /// A refusal that shows the session's credentials, or the settings to whom it lets see none.
    fn leak(&self, exchange: &Exchange) -> Option<Deviation> {
        let answer = exchange.answer().filter(|a| a.status >= 400)?;
        let text = String::from_utf8_lossy(&answer.body);
        let settings = matches!(answer.status, 401 | 403)
            && json::read(&answer.body).is_some_and(|body| self.settings.are_in(&body));
        (settings || self.device().shows_secret(&text)).then(|| {
            Deviation::secret_leak(settings, answer).masked(|text| self.device().mask(text))
        })
    }

    /// Sends a case; where the session has ended meanwhile (a restart forgets it), logs in and
    /// sends it again.
    pub async fn send_in_session(&mut self, case: &Case, fresh: bool) -> Observation {
        self.rest(&case.operation).await;
        let first = self.send(case, fresh).await;
        if self.session.locked_out(case, &first.exchange) {
            return self.after_lockout(case, first).await;
        }
        if !self.session.ended(case, &first.exchange) {
            return first;
        }
        match self.session.open_again().await {
            Ok(()) => self.send(case, fresh).await,
            // What was answered to a dead session says nothing about the case.
            Err(why) => Observation::undecided(case, &why),
        }
    }

    /// Something changed the settings that was not accepted.
    pub fn changed(&self) {
        self.wrote.store(true, Relaxed);
    }

    /// As [`Settings::go_on`].
    pub fn go_on(&mut self, states: &BTreeMap<String, Value>, refused: &[(String, usize)]) {
        self.settings.go_on(states, refused);
    }

    /// Waits until a write that was accepted for later (202) has been completed.
    pub async fn rest(&mut self, operation: &str) {
        let device = self.device();
        self.settings.rest(device, operation).await;
    }

    /// Reads what is not known of the settings, before cases that must not change it.
    pub async fn look_again(&mut self) {
        let device = self.device();
        self.settings.look_again(device).await;
    }

    /// Do the settings stand as before the refused cases since the last look?
    pub async fn checkpoint(&mut self) -> Vec<Checkpoint> {
        let device = self.device();
        self.settings.checkpoint(device).await
    }

    /// Gives up the look at the refused cases since the last one.
    pub fn pass_over(&mut self) {
        self.settings.pass_over();
    }

    /// As [`Settings::compare`].
    pub async fn compare(&mut self, operation: &str) -> Option<Option<Difference>> {
        let device = self.device();
        self.settings.compare(device, operation).await
    }

    /// What the settings show otherwise than an accepted write; `None` where nothing can be said of
    /// it.
    pub async fn after_write(
        &mut self,
        operation: &str,
        written: Written<'_>,
    ) -> Option<Option<Difference>> {
        let device = self.device();
        let seen = self.settings.after_write(device, operation, written).await;
        match seen.map(|(difference, _)| difference) {
            Some(None) => Some(self.changed_beside(operation, written.value).await),
            other => other,
        }
    }

    /// The state that an operation writes; `None` where it cannot be read.
    pub async fn read(&mut self, operation: &str) -> Option<Value> {
        let device = self.device();
        self.settings.read(device, operation).await
    }

    /// What an exchange means for the settings and for the life of the device; to be called in the
    /// order of sending. `number`: how the schedule knows the case at the next look.
    pub fn note(&mut self, case: &Case, seen: &Observation, number: Option<usize>) {
        let acceptance = seen.judgement.acceptance;
        let later = Later::promised(self.device(), &seen.exchange);
        if acceptance != Acceptance::Refused {
            let moved = self.creations.moved(&case.request);
            let sent = moved.as_ref().unwrap_or(&case.request);
            self.settings.forget_around(&case.operation, sent);
        }
        self.settings.note(case, acceptance, later, number);
        let went_out = |f: &Failure| !never_reached(f) && !matches!(f, Failure::NotSent(_));
        let silent = seen.exchange.failure().is_some_and(went_out);
        if silent && super::limits::writes(case) {
            self.settings.left_unanswered(&case.operation);
        }
        self.session.note_credentials(case, &seen.exchange);
        if seen.exchange.answer().is_some() {
            self.session
                .answers_to(&case.request, acceptance == Acceptance::Refused);
        }
    }
}

/// Operations that are not sent from now on, and why.
fn withhold(device: &Device, operations: Vec<(String, String)>) {
    for (operation, why) in operations {
        if let Some(policy) = device.policy() {
            policy.withhold(&operation, &why);
        }
    }
}

impl<'w> Written<'w> {
    /// What an accepted case has to read back as; `None` where it says nothing of it.
    pub fn by(case: &'w Case, seen: &Observation) -> Option<Written<'w>> {
        let value = written(case).filter(|_| seen.judgement.acceptance == Acceptance::Accepted)?;
        let partial = matches!(&case.request, Request::Http(http) if http.method == "PATCH");
        Some(Written { value, partial })
    }
}

/// Whether a request only reads, in every way that servers read it (RFC 9110 §9.2.1).
pub(super) fn is_safe(request: &Request) -> bool {
    let calls = crate::contract::calls(request);
    let safe = |method: &str| exchange::is_safe(&method.to_ascii_uppercase());
    !calls.is_empty() && calls.iter().all(|(method, _)| safe(method))
}
