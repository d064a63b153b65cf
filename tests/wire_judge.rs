//! What the judge says of messages that HTTP leaves open: `AcceptedOr` and `Survived`.

use probity::case::{Case, Check, Expect};
use probity::contract;
use probity::exchange::{Answer, Exchange, Failure, Outcome, Phase, Request, Timings};
use probity::judge::{Kind, Law, judge};

fn answered(status: u16) -> Outcome {
    Outcome::Answered(Answer {
        status,
        ..Answer::default()
    })
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failed {
        failure,
        partial: None,
    }
}

/// The kinds of deviations that the judge sees in one outcome.
fn kinds(expect: Expect, outcome: Outcome) -> Vec<Kind> {
    let (contract, profile) = contract::embedded::sip_settings();
    let texts = contract.texts();
    let law = Law {
        contract: &contract,
        texts: &texts,
        profile: &profile,
    };
    let operation = contract.operations[0].id.clone();
    let case = Case {
        id: format!("{operation}/http/length/any"),
        strategy: "http",
        promises: vec![format!("{operation}.http.framing")],
        operation,
        title: "any".to_owned(),
        request: Request::Http(Default::default()),
        expect,
        input_class: "http:any".to_owned(),
        check: Check::Nothing,
        tier: 0,
    };
    let exchange = Exchange {
        outcome,
        timings: Timings::default(),
        reused: false,
    };
    let judgement = judge(law, &case, &exchange);
    judgement.deviations().map(|(_, d)| d.kind).collect()
}

#[test]
fn a_valid_message_is_accepted_or_refused_as_http_allows() {
    let table = [
        (answered(200), None),
        (answered(411), None),
        (answered(501), None),
        (answered(400), Some(Kind::RejectsValid)),
        (answered(500), Some(Kind::ServerError)),
        (answered(302), Some(Kind::WrongStatus)),
        (failed(Failure::Closed), Some(Kind::ConnectionLost)),
        (failed(Failure::Timeout(Phase::FirstByte)), Some(Kind::Hang)),
        (failed(Failure::NotSent(String::new())), None),
    ];
    for (outcome, want) in table {
        let shown = format!("{outcome:?}");
        let expect = Expect::AcceptedOr {
            question: "any".to_owned(),
            statuses: vec![411, 501],
        };
        let got = kinds(expect, outcome);
        assert_eq!(got.first().copied(), want, "{shown}");
    }
}

#[test]
fn what_http_leaves_open_has_only_to_be_survived() {
    let table = [
        (answered(200), None),
        (answered(400), None),
        (answered(501), None),
        (answered(505), None),
        (answered(500), Some(Kind::ServerError)),
        (failed(Failure::Closed), None),
        (failed(Failure::Reset), None),
        (failed(Failure::MalformedHttp("<html>".to_owned())), None),
        (failed(Failure::Timeout(Phase::FirstByte)), Some(Kind::Hang)),
    ];
    for (outcome, want) in table {
        let shown = format!("{outcome:?}");
        let expect = Expect::Survived {
            question: "any".to_owned(),
        };
        let got = kinds(expect, outcome);
        assert_eq!(got.first().copied(), want, "{shown}");
    }
}
