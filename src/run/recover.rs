//! Opening, losing and renewing the session; noticing that the device is gone, back, or restarted.

use super::job::{Attempt, Stop};
use super::runner::Runner;
use super::state::Watched;
use crate::case::build::own_credentials;
use crate::case::{Case, Context, Expect};
use crate::contract::{Operation, answers_promise};
use crate::device::{Guard, GuardedWrite};
use crate::exchange::Request;
use crate::judge::{Deviation, Kind, Took};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// What became of a device that did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    Alive,
    Lost,
}

/// Looks at the device after a suspect request, because a crash may take a moment.
pub(super) const LOOKS: u32 = 4;
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl Runner<'_> {
    /// Is the device there, does it know us, what are its settings? Sets `stop` where there is
    /// nothing to judge.
    pub(super) async fn preflight(&mut self) -> Option<Guard> {
        let device = &self.job.device;
        if let Some((headers, query)) = own_credentials(&self.job.contract) {
            device.set_auth(headers, query);
        }
        self.sign = device.life().await;
        if self.sign.is_none() && self.job.profile.life.is_some() {
            self.note(
                "the life probe does not answer; restarts are judged by connections alone"
                    .to_owned(),
            );
        }
        if let Err(error) = self.login().await {
            self.stop = Some(Stop::Preflight(error));
            return None;
        }
        if !self.job.profile.hooks.is_empty() {
            self.note("the hooks of the device profile are not used by this version".to_owned());
        }
        let guard = Guard::take(device, self.guarded()).await;
        for (operation, why) in guard.unread() {
            self.note(format!(
                "{operation}: settings cannot be read back ({why}); \
                 state is not judged and nothing is put back"
            ));
        }
        for (operation, member, env) in guard.lost(device) {
            let help = env.map_or(String::new(), |e| format!("; give its value in ${e}"));
            self.note(format!(
                "{operation}: {member} reads back as a placeholder, so it cannot be put back{help}"
            ));
        }
        for (operation, how) in &self.job.profile.read_back {
            let Some(before) = guard.before(operation) else {
                continue;
            };
            let placeholders: BTreeMap<String, Vec<String>> = how
                .unreadable
                .iter()
                .map(|(pointer, u)| (pointer.clone(), u.placeholders.clone()))
                .collect();
            let mut watched = Watched::new(placeholders);
            // What two readings in a row show differently changes by itself.
            match device.read_back(operation).await {
                Ok(second) => watched.learn(&before.value, second.value),
                Err(_) => watched.learn(&before.value, before.value.clone()),
            }
            self.watched.insert(operation.clone(), watched);
        }
        Some(guard)
    }

    /// The writes whose settings the guard keeps, with the members that their bodies know.
    fn guarded(&self) -> Vec<GuardedWrite> {
        guarded(&self.job.context(), &self.job.options.restore)
    }

    /// Opens a session where the profile says how and nobody gave a token.
    pub(super) async fn login(&mut self) -> Result<(), String> {
        let device = &self.job.device;
        if self.job.profile.login.is_none() || device.has_token() || !self.can_login() {
            return Ok(());
        }
        match device.login().await {
            Ok(()) => Ok(()),
            Err(error) => Err(device.mask(&error.to_string())),
        }
    }

    /// Whether the profile's login can be fed with what the user gave.
    fn can_login(&self) -> bool {
        let login = self.job.profile.login.as_ref();
        login.is_some_and(|l| l.secrets().into_iter().all(|s| self.job.device.knows(s)))
    }

    /// Whether a request with good credentials was answered as if it had none.
    pub(super) fn session_ended(&self, case: &Case, attempt: &Attempt) -> bool {
        attempt.exchange.status() == Some(401)
            && uses_session(case)
            && self.can_login()
            && matches!(
                case.expect,
                Expect::Accepted
                    | Expect::AcceptedOr { .. }
                    | Expect::Refused { .. }
                    | Expect::Either { .. }
            )
    }

    /// Logs in anew and sends the case again. If that helps, the session had ended: by itself, or
    /// by the last refused attempt to get in, which is then tried.
    pub(super) async fn renew_session(&mut self, at: usize, attempt: Attempt) -> Attempt {
        let case = self.case(at);
        if let Err(why) = self.open_again(at).await {
            // What was answered to a dead session says nothing about the case.
            return Attempt::undecided(case, &why);
        }
        let again = self.attempt(case, false).await;
        if again.exchange.status() == Some(401) {
            return again;
        }
        if let Some(suspect) = self.suspect.take() {
            let mut hits = 0;
            for _ in 0..2 {
                self.attempt(self.case(suspect), false).await;
                let after = self.attempt(case, false).await;
                if after.exchange.status() == Some(401) {
                    hits += 1;
                    self.job.device.forget_token();
                    if self.login().await.is_err() {
                        break;
                    }
                }
            }
            if hits > 0 {
                let suspect = self.case(suspect).clone();
                let deviation = Deviation::session_ended();
                let promise = format!("{}.auth.session", suspect.operation);
                let id = super::tally::fingerprint(&promise, deviation.kind, &suspect);
                if !self.tally.known(&id, &suspect.id) {
                    self.publish(
                        &suspect,
                        &promise,
                        &deviation,
                        (hits + 1, 3),
                        crate::reproduce::render_answer(&attempt.exchange),
                        Vec::new(),
                    );
                }
            } else {
                self.note("the session ended by itself and was renewed".to_owned());
            }
        } else {
            self.note("the session ended by itself and was renewed".to_owned());
        }
        again
    }

    /// The device did not even take the connection: waits for it, and looks whether the case
    /// before this one sent it away.
    pub(super) async fn gone(&mut self, at: usize) -> Recovery {
        let restarted = self.revive(at).await;
        if self.stop.is_some() {
            self.blame_last("gone");
            return Recovery::Lost;
        }
        let Some(suspect) = self.answered.filter(|s| *s != at) else {
            return Recovery::Alive;
        };
        let case = self.case(suspect).clone();
        let mut hits = 1;
        for _ in 1..self.times() {
            if self.stop.is_some() {
                break;
            }
            self.until_a_restart_would_show().await;
            self.attempt_in_session(suspect).await;
            if self.went_down(at).await {
                hits += 1;
            }
        }
        if hits == 1 {
            self.note(format!(
                "the device was away for a moment before {}",
                self.case(at).id
            ));
            return Recovery::Alive;
        }
        let deviation = Deviation::went_down(restarted);
        let promise = answers_promise(&case.operation);
        let id = super::tally::fingerprint(&promise, deviation.kind, &case);
        if !self.tally.known(&id, &case.id) {
            self.publish(
                &case,
                &promise,
                &deviation,
                (hits, self.times()),
                String::new(),
                Vec::new(),
            );
        }
        if self.stop.is_some() {
            Recovery::Lost
        } else {
            Recovery::Alive
        }
    }

    /// Opens a new session in place of one that has ended; a device that is just restarting (which
    /// is what forgets sessions) is waited for.
    async fn open_again(&mut self, at: usize) -> Result<(), String> {
        self.job.device.forget_token();
        if self.login().await.is_ok() {
            return Ok(());
        }
        self.revive(at).await;
        self.login().await
    }

    /// Sends a case on a fresh connection; where the session has ended meanwhile (a restart forgets
    /// it), logs in and sends it again.
    pub(super) async fn attempt_in_session(&mut self, at: usize) -> Attempt {
        let case = self.case(at);
        let attempt = self.attempt(case, true).await;
        if !self.session_ended(case, &attempt) {
            return attempt;
        }
        match self.open_again(at).await {
            Ok(()) => self.attempt(case, true).await,
            Err(why) => Attempt::undecided(case, &why),
        }
    }

    /// Waits until another restart could be told from the last one.
    pub(super) async fn until_a_restart_would_show(&mut self) {
        if self.sign.is_some()
            && let Some(now) = self.job.device.settled_life().await
        {
            self.sign = Some(now);
        }
    }

    /// The device restarted after an exchange that is no deviation by itself. Confirms it.
    pub(super) async fn restarts_again(
        &mut self,
        at: usize,
        promise: &str,
        exchange: &crate::exchange::Exchange,
    ) -> bool {
        let case = self.case(at);
        let id = super::tally::fingerprint(promise, Kind::Restart, case);
        if self.tally.known(&id, &case.id) {
            return true;
        }
        let (mut hits, mut tries) = (1, 1);
        for _ in 1..self.times() {
            if self.stop.is_some() {
                break;
            }
            self.until_a_restart_would_show().await;
            self.attempt_in_session(at).await;
            self.confirming += 1;
            tries += 1;
            hits += u32::from(self.went_down(at).await);
        }
        let deviation = Deviation::restart();
        let answer = crate::reproduce::render_answer(exchange);
        self.publish(case, promise, &deviation, (hits, tries), answer, Vec::new());
        true
    }

    /// Looks a few times whether the device is away or has restarted; waits until it is back.
    async fn went_down(&mut self, at: usize) -> bool {
        for _ in 0..LOOKS {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            if !self.job.device.wait_alive(Duration::ZERO).await {
                self.revive(at).await;
                return true;
            }
            if self.restarted().await {
                return true;
            }
        }
        false
    }

    /// After an exchange without an answer: waits for the device, opens the session again where it
    /// restarted. Returns whether it restarted; sets `stop` where it does not come back.
    pub(super) async fn revive(&mut self, at: usize) -> bool {
        // A device that falls over may still take a connection for a moment.
        tokio::time::sleep(BETWEEN_LOOKS).await;
        if !self.job.device.wait_alive(self.job.options.recovery).await {
            if self.stop.is_none() {
                self.stop = Some(Stop::Lost(format!(
                    "no sign of life for {} s after {}",
                    self.job.options.recovery.as_secs(),
                    self.case(at).id
                )));
            }
            return false;
        }
        self.restarted().await
    }

    /// Compares the life sign with the last one; counts a restart and logs in again.
    async fn restarted(&mut self) -> bool {
        let mut seen = None;
        for _ in 0..LOOKS {
            seen = self.job.device.life().await;
            if seen.is_some() || self.sign.is_none() {
                break;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        let Some(now) = seen else { return false };
        let restarted = self
            .sign
            .as_ref()
            .is_some_and(|before| now.restarted_since(before));
        self.sign = Some(now);
        if restarted {
            self.restarts += 1;
            self.job.device.forget_token();
            if let Err(error) = self.login().await {
                self.stop = Some(Stop::Lost(error));
            }
            self.forget_standing();
        }
        restarted
    }

    /// At the end of a window: has the device restarted without anybody noticing? If so, the cases
    /// of the window are gone through one by one.
    pub(super) async fn watch_life(&mut self, window: &[usize]) {
        if self.sign.is_none() || !self.restarted().await {
            return;
        }
        for at in window {
            if self.stop.is_some() || self.restarts > self.job.profile.limits.reboots {
                return;
            }
            let case = self.case(*at).clone();
            self.until_a_restart_would_show().await;
            self.attempt_in_session(*at).await;
            if self.went_down(*at).await {
                let deviation = Deviation::restart();
                let promise = answers_promise(&case.operation);
                let id = super::tally::fingerprint(&promise, deviation.kind, &case);
                if !self.tally.known(&id, &case.id) {
                    self.publish(
                        &case,
                        &promise,
                        &deviation,
                        (2, 2),
                        String::new(),
                        Vec::new(),
                    );
                }
                return;
            }
        }
        self.note("the device restarted once, and no single case does it again".to_owned());
    }

    /// A device that does not come back: the last case that it answered or was sent is what there
    /// is to say.
    pub(super) fn blame_last(&mut self, class: &str) {
        if let Some(at) = self.answered {
            self.add_plain(at, "http.answers", Deviation::gone_after_the_last(), class);
        }
    }

    /// Judges one case again without counting it, for those who only want to know whether it was
    /// taken.
    pub(super) async fn took(&self, case: &Case) -> Took {
        self.attempt(case, false).await.judgement.took
    }
}

/// The writes of a contract whose settings are guarded, with the members that their bodies know.
/// `restore`: operation → JSON pointer → value of what cannot be read.
pub(super) fn guarded(
    context: &Context<'_>,
    restore: &BTreeMap<String, BTreeMap<String, Value>>,
) -> Vec<GuardedWrite> {
    let writes = context.contract.operations.iter();
    writes
        .filter(|operation| operation.body.is_some())
        .map(|operation| GuardedWrite {
            operation: operation.id.clone(),
            request: context.request(operation, None),
            members: operation
                .fields()
                .iter()
                .map(|f| f.path.pointer())
                .collect(),
            values: restore.get(&operation.id).cloned().unwrap_or_default(),
            stand_ins: stand_ins(context, operation),
        })
        .collect()
}

/// Surely valid values of an operation's members.
fn stand_ins(context: &Context<'_>, operation: &Operation) -> BTreeMap<String, Value> {
    let body = context.full(operation).unwrap_or_default();
    let fields = operation.fields();
    let paths = fields.iter().map(|f| f.path.pointer());
    paths
        .filter_map(|p| Some((p.clone(), body.pointer(&p)?.clone())))
        .collect()
}

/// Whether the request carries the session's token.
pub(super) fn uses_session(case: &Case) -> bool {
    use crate::exchange::{Secret, Segment};
    match &case.request {
        Request::Http(r) => {
            r.target.has_secret() || r.headers.iter().any(|(_, value)| value.has_secret())
        }
        Request::Raw(r) => r
            .segments
            .iter()
            .any(|s| matches!(s, Segment::Secret(Secret::Token))),
    }
}
