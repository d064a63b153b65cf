//! What a run does when the session, the device, or its life ends: waits, and looks which case it was.

use super::job::Stop;
use super::journal::Past;
use super::runner::Run;
use crate::case::{Case, InputClass};
use crate::contract::PromiseId;
use crate::exchange::Exchange;
use crate::judge::{Deviation, Kind};
use crate::probe::{Observation, guarded};
use crate::reproduce::render_answer;

/// What became of a device that did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    Alive,
    Lost,
}

impl Run<'_> {
    /// Is the device there, does it know us, what are its settings? Whether it let us in; sets
    /// `stop` where there is nothing to judge.
    pub(super) async fn preflight(&mut self, past: &Past) -> bool {
        let context = self.job.context();
        let plan = self.cases.plan().iter().map(|c| c.operation.clone());
        let operations = plan.collect();
        let policy = self.job.device.policy().map(|policy| &**policy);
        let restore = &self.job.options.restore;
        let writes = guarded(&context, restore, Some(&operations), policy);
        let steps = past.steps();
        let opened = self.probe.open(&context, writes, &operations, &steps).await;
        self.heed(None);
        if self.probe.session().sign().is_none() && self.job.profile.life.is_some() {
            self.ledger.note(
                "the life probe does not answer; restarts are judged by connections alone"
                    .to_owned(),
            );
        }
        if let Err(error) = opened {
            self.stop(Stop::Preflight(error));
            return false;
        }
        if !self.job.profile.hooks.is_empty() {
            self.ledger
                .note("the hooks of the device profile are not used by this version".to_owned());
        }
        let Some(guard) = self.probe.guard() else {
            return false;
        };
        for (operation, why) in guard.unread() {
            let sent = match self.job.device.may_test(&operation) {
                true => "state is not judged and nothing is put back",
                false => "nothing could be put back, so it is not tested without --allow",
            };
            self.ledger.note(format!(
                "{operation}: settings cannot be read back ({why}); {sent}"
            ));
        }
        for (operation, member, env) in guard.lost() {
            let help = env.map_or(String::new(), |e| format!("; give its value in ${e}"));
            self.ledger.note(format!(
                "{operation}: {member} reads back as a placeholder, so it cannot be put back{help}"
            ));
        }
        true
    }

    /// Logs in anew and sends the case again. If that helps, the session had ended: by itself, or
    /// by the last refused attempt to get in, which is then tried.
    pub(super) async fn renew_session(&mut self, at: usize, seen: Observation) -> Observation {
        let case = self.case(at);
        let opened = self.probe.open_again().await;
        self.heed(Some(at));
        if let Err(why) = opened {
            // What was answered to a dead session says nothing about the case.
            return Observation::undecided(case, &why);
        }
        let again = self.probe.send(case, false).await;
        if again.exchange.status() == Some(401) {
            return again;
        }
        let Some(suspect) = self.progress.take_attempt() else {
            self.session_ended_by_itself();
            return again;
        };
        let suspect = self.case(suspect);
        let mut hits = 0;
        for _ in 0..2 {
            self.probe.send(suspect, false).await;
            let after = self.probe.send(case, false).await;
            if after.exchange.status() == Some(401) {
                hits += 1;
                if self.probe.open_again().await.is_err() {
                    break;
                }
            }
        }
        if hits == 0 {
            self.session_ended_by_itself();
            return again;
        }
        let promise = PromiseId::new(&suspect.operation, "auth.session");
        let answer = render_answer(&seen.exchange);
        let confirmed = (hits + 1, 3);
        self.ledger.publish_new(
            suspect,
            &promise,
            &Deviation::session_ended(),
            confirmed,
            answer,
        );
        again
    }

    fn session_ended_by_itself(&mut self) {
        self.ledger
            .note("the session ended by itself and was renewed".to_owned());
    }

    /// The device did not even take the connection: waits for it, and looks whether the case
    /// before this one sent it away.
    pub(super) async fn gone(&mut self, at: usize) -> Recovery {
        let restarted = self.revive(at).await;
        if self.stopped() {
            self.blame_last();
            return Recovery::Lost;
        }
        let Some(suspect) = self.progress.answered().filter(|s| *s != at) else {
            return Recovery::Alive;
        };
        let case = self.case(suspect);
        let mut hits = 1;
        for _ in 1..self.times() {
            if self.stopped() {
                break;
            }
            self.probe.until_a_restart_would_show().await;
            self.probe.send_in_session(case, true).await;
            if self.probe.went_down().await {
                hits += 1;
            }
            self.heed(Some(at));
        }
        if hits == 1 {
            self.ledger.note(format!(
                "the device was away for a moment before {}",
                self.case(at).id
            ));
            return Recovery::Alive;
        }
        let confirmed = (hits, self.times());
        let deviation = Deviation::went_down(restarted);
        self.publish_end(case, &deviation, confirmed, String::new());
        match self.stopped() {
            true => Recovery::Lost,
            false => Recovery::Alive,
        }
    }

    /// A finding about a device that does not go on serving, unless it is known.
    fn publish_end(
        &mut self,
        case: &Case,
        deviation: &Deviation,
        confirmed: (u32, u32),
        answer: String,
    ) {
        let promise = PromiseId::answers(&case.operation);
        self.ledger
            .publish_new(case, &promise, deviation, confirmed, answer);
    }

    /// The device restarted after an exchange that is no deviation by itself. Confirms it.
    pub(super) async fn restarts_again(
        &mut self,
        at: usize,
        promise: &PromiseId,
        exchange: &Exchange,
    ) -> bool {
        let case = self.case(at);
        let id = super::tally::fingerprint(promise, Kind::Restart, case);
        if self.ledger.known(&id, &case.id) {
            return true;
        }
        let (mut hits, mut tries) = (1, 1);
        for _ in 1..self.times() {
            if self.stopped() {
                break;
            }
            self.probe.until_a_restart_would_show().await;
            self.probe.send_in_session(case, true).await;
            self.confirmations.spend(1);
            tries += 1;
            hits += u32::from(self.probe.went_down().await);
            self.heed(Some(at));
        }
        let answer = render_answer(exchange);
        self.publish_end(case, &Deviation::restart(), (hits, tries), answer);
        true
    }

    /// After an exchange without an answer: waits for the device, opens the session again where it
    /// restarted. Returns whether it restarted; stops where it does not come back.
    pub(super) async fn revive(&mut self, at: usize) -> bool {
        let restarted = self.probe.revive().await;
        self.heed(Some(at));
        restarted
    }

    /// At the end of a window: has the device restarted without anybody noticing? If so, the cases
    /// of the window are gone through one by one.
    pub(super) async fn watch_life(&mut self, window: &[usize]) {
        if self.probe.session().sign().is_none() || !self.probe.restarted().await {
            return;
        }
        self.heed(None);
        for at in window {
            let restarts = self.probe.session().restarts();
            if self.stopped() || restarts > self.job.profile.limits.reboots {
                return;
            }
            let case = self.case(*at);
            self.probe.until_a_restart_would_show().await;
            self.probe.send_in_session(case, true).await;
            let down = self.probe.went_down().await;
            self.heed(Some(*at));
            if down {
                self.publish_end(case, &Deviation::restart(), (2, 2), String::new());
                return;
            }
        }
        self.ledger
            .note("the device restarted once, and no single case does it again".to_owned());
    }

    /// A device that does not come back: the last case that it answered or was sent is what there
    /// is to say.
    fn blame_last(&mut self) {
        if let Some(at) = self.progress.answered() {
            let deviation = Deviation::gone_after_the_last();
            self.add_plain(at, PromiseId::answers, deviation, InputClass::GONE);
        }
    }
}
