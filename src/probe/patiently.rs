//! Sending once more what a lock-out, a conflict or a missing version has turned away.

use super::engine::Probe;
use super::observation::Observation;
use super::session::never_reached;
use crate::case::{Case, Expect};
use crate::exchange::{Exchange, Request};
use std::time::Duration;
use tokio::time::Instant;

impl Probe<'_> {
    /// Waits for the end of a lock-out and sends the case again; undecided where it does not end.
    pub async fn after_lockout(&mut self, case: &Case, seen: Observation) -> Observation {
        // Who is let in with a plain read is not locked out: it is a matter of rights, of state or
        // of how the credentials were written.
        if let Some(good) = self.session.good() {
            let control = self.send(&good, true).await;
            if control.exchange.status().is_some_and(|s| s < 300) {
                if good.operation != case.operation {
                    self.session.not_locked(case, &seen.exchange);
                }
                return seen;
            }
        }
        let mut last = seen;
        let mut wait = LOCKED_FIRST;
        let end = Instant::now() + LOCKED_FOR;
        while self.session.locked_out(case, &last.exchange) {
            if Instant::now() >= end {
                self.session.locked_in_vain();
                return Observation::undecided(case, "the device lets nobody in for a while");
            }
            self.session.pause(wait).await;
            wait = (wait * 2).min(LOCKED_LONGEST);
            last = self.send(case, true).await;
        }
        self.settings.say(
            "the device locks out right credentials for a while after wrong ones; it was waited for"
                .to_owned(),
        );
        last
    }

    /// As [`Probe::send_in_session`]; a device that takes no connection is waited for, and asked
    /// once more when it does.
    pub(super) async fn send_patiently(&mut self, case: &Case, fresh: bool) -> Observation {
        let seen = self.send_in_session(case, fresh).await;
        if !seen.exchange.failure().is_some_and(never_reached) {
            return seen;
        }
        if !self.session.wait().await {
            return Observation::undecided(case, "the device does not take connections");
        }
        self.send(case, fresh).await
    }

    /// A request that names the state which it changes, where the device wants that (428, RFC 6585
    /// §3) or it names another one for want of knowing it (412, RFC 9110 §13.1.1). `None` where the
    /// case is to be refused before anybody looks at a state, or is about that name.
    pub(super) async fn named_state(
        &self,
        case: &Case,
        request: &Request,
        exchange: &Exchange,
    ) -> Option<Request> {
        let early = case.expect.is_trespass() || matches!(case.expect, Expect::NotServed { .. });
        let Request::Http(http) = request else {
            return None;
        };
        if early {
            return None;
        }
        if let Some(again) = self.revised(case, http, exchange).await {
            return Some(again);
        }
        let wanted = match exchange.status() {
            Some(428) => true,
            // Some want a name and have no status of their own for its absence.
            Some(412) => {
                let mut names = http.headers.iter().map(|(name, _)| name);
                http.method != "POST" || names.any(|name| name.eq_ignore_ascii_case("If-Match"))
            }
            _ => false,
        };
        let about = case.is_about_header("If-Match") || case.check.is_of_versions();
        if !wanted || about {
            return None;
        }
        let again = self.device().validated(http).await?;
        Some(Request::Http(again))
    }

    /// As [`past_conflict`](super::session::Session::past_conflict), with the name of the state that the device wants now.
    pub(super) async fn past_conflict(
        &self,
        case: &Case,
        request: &Request,
        exchange: Exchange,
        fresh: bool,
    ) -> Exchange {
        let session = &self.session;
        let exchange = session.past_conflict(case, request, exchange, fresh).await;
        match self.named_state(case, request, &exchange).await {
            Some(again) => session.send_to_the_end(&again, fresh).await,
            None => exchange,
        }
    }
}

/// How long a lock-out may last, and the waits between two looks whether it has ended.
const LOCKED_FOR: Duration = Duration::from_secs(45);
const LOCKED_FIRST: Duration = Duration::from_millis(250);
const LOCKED_LONGEST: Duration = Duration::from_secs(5);
