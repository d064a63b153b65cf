//! One case alone, with everything that can be seen of it at once: its answer, the settings before
//! and after, the life of the device, the session. A run spreads the same looks over a window to
//! save requests.

use super::clock::went_on;
use super::difference::Difference;
use super::engine::Probe;
use super::observation::Observation;
use super::settings::Written;
use crate::case::{Case, Check};
use crate::contract::{PromiseId, StatePromise};
use crate::device::ReadBackError;
use crate::exchange::{Failure, Request};
use crate::judge::{Acceptance, Deviation};
use serde_json::Value;
use std::time::Duration;

/// How long a clock that shows seconds may show the same one, and a little.
const A_TICK: Duration = Duration::from_millis(1_100);

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

impl Probe<'_> {
    /// Sends what has to come before, then the case, and looks.
    pub async fn observe(&mut self, before: &[Request], case: &Case, looks: Looks) -> Observation {
        if self.session.lost().is_some() {
            return Observation::undecided(case, "the device is lost");
        }
        // Where it fails, the requests are not sent and say so.
        let _ = self.session.log_in().await;
        for request in before {
            let exchange = self.send_before(request, looks.fresh).await;
            if exchange.failure().is_some() && !self.session.wait().await {
                let why = "the device was lost before the case was sent";
                return Observation::undecided(case, why);
            }
        }
        if !before.is_empty() {
            self.settings.forget();
            // What a write leaves out, and what names its state, is told by the state before it.
            if looks.written && matches!(case.check, Check::ReadsBack(_)) {
                self.compare(&case.operation).await;
            }
        }
        let baseline = match looks.refused && case.check == Check::Unchanged {
            true => self.read(&case.operation).await,
            false => None,
        };
        let mut seen = self.send_patiently(case, looks.fresh).await;
        self.note(case, &seen, None);
        self.look_at_life(case, looks, &mut seen).await;
        self.look_at_settings(case, looks, baseline, &mut seen)
            .await;
        if looks.session {
            self.look_at_session(case, &mut seen).await;
        }
        seen
    }

    /// Whether a member that changed once while requests were refused goes on changing while nothing is
    /// sent, or tells the time: then it is left aside from now on.
    pub async fn moves_by_itself(&mut self, operation: &str, seen: &Difference) -> bool {
        let before = self.settings.baseline(operation);
        let before = before.and_then(|state| state.pointer(&seen.pointer).cloned());
        let mut moves = went_on(&seen.expected, &seen.observed);
        if !moves {
            tokio::time::sleep(A_TICK).await;
            let Some(now) = self.settings.read(self.session.device(), operation).await else {
                return false;
            };
            moves = before.as_ref() != now.pointer(&seen.pointer);
        }
        if moves {
            self.settings.leave_aside(operation, &seen.pointer);
        }
        moves
    }

    async fn look_at_life(&mut self, case: &Case, looks: Looks, seen: &mut Observation) {
        let failed = seen
            .exchange
            .failure()
            .is_some_and(|f| !matches!(f, Failure::NotSent(_)));
        if !failed && !looks.life {
            return;
        }
        let restarted = match failed {
            true => self.revive().await,
            false => self.session.wait().await && self.restarted().await,
        };
        let deviation = if self.session.lost().is_some() {
            Deviation::gone()
        } else if restarted {
            Deviation::restart()
        } else {
            return;
        };
        let promise = PromiseId::answers(&case.operation);
        seen.deviations.retain(|(p, _)| *p != promise);
        seen.deviations.push((promise, deviation));
    }

    async fn look_at_settings(
        &mut self,
        case: &Case,
        looks: Looks,
        baseline: Option<Value>,
        seen: &mut Observation,
    ) {
        let device = self.device();
        let (what, deviation) = match seen.judgement.acceptance {
            Acceptance::Accepted if looks.written => {
                let Some(written) = Written::by(case, seen) else {
                    return;
                };
                if !self.settings.watches(&case.operation) {
                    seen.unread = true;
                    return;
                }
                let after = self.settings.after_write(device, &case.operation, written);
                let Some((difference, now)) = after.await else {
                    seen.unread = true;
                    return;
                };
                seen.read = now;
                let difference = match difference {
                    Some(difference) => Some(difference),
                    None => self.changed_beside(&case.operation, written.value).await,
                };
                let Some(difference) = difference else { return };
                seen.differs = Some(difference.pointer.clone());
                (StatePromise::ReadBack, difference.not_read_back())
            }
            Acceptance::Refused if looks.refused && case.check == Check::Unchanged => {
                let Some(baseline) = baseline else {
                    seen.unread = self.settings.watches(&case.operation);
                    return;
                };
                self.settings.set_baseline(&case.operation, baseline);
                let Some(difference) = self.settings.compare(device, &case.operation).await else {
                    seen.unread = true;
                    return;
                };
                seen.read = self.settings.baseline(&case.operation).cloned();
                let Some(difference) = difference else { return };
                self.changed();
                seen.differs = Some(difference.pointer.clone());
                (StatePromise::Refusal, difference.changed_by_refusal())
            }
            _ => return,
        };
        seen.deviations.push((what.of(&case.operation), deviation));
    }

    /// A refused attempt to get in must not end the session that stands.
    async fn look_at_session(&mut self, case: &Case, seen: &mut Observation) {
        let attempt = case.expect.is_trespass();
        if !attempt || seen.exchange.answer().is_none() || !self.settings.watches(&case.operation) {
            return;
        }
        let read = self.device().read_back(&case.operation).await;
        if !matches!(read, Err(ReadBackError::Status(401))) {
            return;
        }
        let _ = self.session.open_again().await;
        seen.deviations.push((
            PromiseId::new(&case.operation, "auth.session"),
            Deviation::session_ended(),
        ));
    }
}
