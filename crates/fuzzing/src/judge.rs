//! Judging: any answer, byte for byte, to any case of the plan gets one judgement, which does not
//! contradict itself and never counts no answer as an answer.

use super::stage;
use probity::case::{Case, Expect};
use probity::contract::PromiseId;
use probity::device::answer::{Caps, parse};
use probity::exchange::{Exchange, Outcome, Timings};
use probity::judge::normalise::error_answer;
use probity::judge::{Acceptance, JudgeContext, Judgement, Kind, Ruling, judge};
use probity::reproduce::render_answer;
use std::collections::HashMap;

/// Two bytes choose the case, one says how to read; the rest is what the device sent.
pub fn body(data: &[u8]) {
    let Some(([high, low, how], bytes)) = data.split_first_chunk::<3>() else {
        return;
    };
    let plan = stage::plan();
    let nth = usize::from(u16::from_be_bytes([*high, *low])) % plan.len().max(1);
    let Some(case) = plan.get(nth) else { return };
    let caps = Caps {
        head: 4_096,
        body: 4_096,
    };
    let Some(outcome) = parse(bytes, how & 1 == 1, true, caps).outcome else {
        panic!("the end ends reading");
    };
    let exchange = Exchange {
        outcome,
        timings: Timings::default(),
        reused: false,
    };
    let stage = stage::embedded();
    let judging = JudgeContext {
        contract: &stage.contract,
        texts: &stage.texts,
        profile: &stage.profile,
    };
    let judgement = judge(judging, case, &exchange);
    let what = || {
        format!(
            "{}\n{:?}\n{exchange:?}\n{judgement:#?}",
            case.id, case.expect
        )
    };
    assert_eq!(judgement, judge(judging, case, &exchange), "{}", what());
    promises(case, &judgement, &what);
    acceptance(&exchange, &judgement, &what);
    accusations(case, &exchange, &judgement, &what);
    let shown = render_answer(&exchange);
    assert!(
        shown.len() <= 64 * 1024,
        "evidence of {} octets",
        shown.len()
    );
    if let Outcome::Answered(answer) = &exchange.outcome
        && let Some(class) = error_answer(&stage.contract, case, answer)
    {
        assert_eq!(class.status, answer.status);
        assert!(!class.text.contains('\0'), "{}", what());
    }
}

/// Only promises that exist, and each ruled on one way.
fn promises(case: &Case, judgement: &Judgement, what: &dyn Fn() -> String) {
    let contract = &stage::embedded().contract;
    let mut rulings: HashMap<&str, bool> = HashMap::new();
    for verdict in &judgement.verdicts {
        let known = contract.promise(&verdict.promise).is_some()
            || case.promises.contains(&verdict.promise);
        assert!(known, "no promise {}\n{}", verdict.promise, what());
        let broken = match &verdict.ruling {
            Ruling::Kept => false,
            Ruling::Broken(deviation) => {
                for line in [&deviation.expected, &deviation.observed] {
                    assert!(line.len() < 4_096, "a line of {} octets", line.len());
                    assert!(!line.contains(char::is_control), "{line:?}");
                }
                true
            }
            Ruling::Undecided(_) => continue,
        };
        if let Some(before) = rulings.insert(&verdict.promise, broken) {
            assert_eq!(before, broken, "{}\n{}", verdict.promise, what());
        }
    }
}

/// No answer is neither accept nor reject, and neither is one that says that it is too busy.
fn acceptance(exchange: &Exchange, judgement: &Judgement, what: &dyn Fn() -> String) {
    let fits = match (judgement.acceptance, exchange.status()) {
        (Acceptance::Accepted, Some(status)) => (200..300).contains(&status),
        (Acceptance::Refused, Some(status)) => {
            ((200..300).contains(&status) || (400..500).contains(&status)) && status != 429
        }
        (Acceptance::Neither, _) => true,
        (_, None) => false,
    };
    assert!(fits, "{}", what());
}

fn accusations(case: &Case, exchange: &Exchange, judgement: &Judgement, what: &dyn Fn() -> String) {
    let answers = PromiseId::answers(&case.operation);
    let busy = matches!(exchange.status(), Some(429 | 503));
    for (promise, deviation) in judgement.deviations() {
        assert!(!busy, "{}", what());
        // That nothing came says nothing about what was asked.
        if exchange.status().is_none() {
            assert_eq!(*promise, answers, "{}", what());
        }
        let about_validity = matches!(deviation.kind, Kind::AcceptsInvalid | Kind::RejectsValid);
        let open = matches!(
            case.expect,
            Expect::Either { .. } | Expect::Answered { .. } | Expect::Survived { .. }
        );
        assert!(!(about_validity && open), "{}", what());
        match deviation.kind {
            Kind::AcceptsInvalid => {
                assert_eq!(judgement.acceptance, Acceptance::Accepted, "{}", what())
            }
            Kind::RejectsValid => {
                assert_eq!(judgement.acceptance, Acceptance::Refused, "{}", what())
            }
            Kind::ServerError => {
                let status = exchange.status().unwrap_or_default();
                assert!((500..600).contains(&status), "{}", what());
            }
            _ => {}
        }
    }
}
