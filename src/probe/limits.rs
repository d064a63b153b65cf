//! What a job may spend on a device: writes and failed logins of the profile.

use crate::case::{Case, Check, Expect, logs_in};
use crate::exchange::{Exchange, Request};
use crate::judge::{Acceptance, JudgeContext, Judgement};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What was spent.
#[derive(Debug, Default)]
pub(super) struct Spent {
    writes: AtomicU64,
    failed_logins: AtomicU64,
}

impl Spent {
    /// Counts one judged exchange.
    pub(super) fn count(
        &self,
        judging: JudgeContext<'_>,
        case: &Case,
        exchange: &Exchange,
        judgement: &Judgement,
    ) {
        if judgement.acceptance == Acceptance::Accepted && writes(case) {
            self.wrote();
        }
        let failed =
            case.expect == Expect::LoginRefused || judgement.acceptance != Acceptance::Accepted;
        if failed && tries_login(judging, case) && exchange.answer().is_some() {
            self.failed_logins.fetch_add(1, Relaxed);
        }
    }

    /// Counts one accepted write.
    pub(super) fn wrote(&self) {
        self.writes.fetch_add(1, Relaxed);
    }

    /// The limit that forbids to send a case, as the profile names it.
    pub(super) fn forbids(&self, judging: JudgeContext<'_>, case: &Case) -> Option<&'static str> {
        let limits = &judging.profile.limits;
        let over = |spent: &AtomicU64, limit: Option<u64>| {
            limit.is_some_and(|limit| spent.load(Relaxed) >= limit)
        };
        if tries_login(judging, case) && over(&self.failed_logins, limits.failed_logins) {
            Some("failed-logins")
        } else if !must_be_refused(case) && writes(case) && over(&self.writes, limits.writes) {
            Some("writes")
        } else {
            None
        }
    }
}

/// Whether a case changes nothing on a device that keeps its promises.
pub fn must_be_refused(case: &Case) -> bool {
    let refused = matches!(
        case.expect,
        Expect::Refused { .. } | Expect::NotServed { .. }
    );
    (refused || case.expect.is_trespass()) && !matches!(case.check, Check::ReadsBack(_))
}

/// Whether a case tries to log in, with whatever credentials: accounts lock for any of them.
fn tries_login(judging: JudgeContext<'_>, case: &Case) -> bool {
    let login = |o| logs_in(judging.profile, o);
    case.expect == Expect::LoginRefused
        || judging
            .contract
            .operation(&case.operation)
            .is_some_and(login)
}

/// Whether a case may change the device.
pub(super) fn writes(case: &Case) -> bool {
    match &case.request {
        Request::Http(http) => !matches!(http.method.as_str(), "GET" | "HEAD" | "OPTIONS"),
        Request::Raw(_) => true,
    }
}
