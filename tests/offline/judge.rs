//! What the judge says, exchange by exchange: one small contract (`judge/contract.yaml`), a table
//! of expectations and answers (`judge/exchanges.txt`), and the verdicts on them as one pinned text,
//! with the class of an error answer as snapshots name it.
//! No device, no plan: this is the quick test of the room that accuses.

use probity::case::{Case, CaseId, Check, Expect, Fault, InputClass, SuccessIs, Tier};
use probity::contract::{Contract, FaultKind, FieldPath, PromiseId, load};
use probity::exchange::{
    Anomaly, Answer, Exchange, Failure, HttpRequest, Outcome, Phase, Request, Timings,
};
use probity::judge::normalise::error_answer;
use probity::judge::{JudgeContext, Judgement, Ruling, Verdict, judge};
use probity::pattern::Texts;
use probity::profile::Profile;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge")
}

/// The contract with its readings; the profile tells where a login answer holds its token.
static STAGE: LazyLock<(Contract, Texts, Profile)> = LazyLock::new(|| {
    let contract = load(&folder().join("contract.yaml")).unwrap_or_else(|e| panic!("{e}"));
    let (_, profile) = probity::contract::embedded::sip_settings();
    let texts = contract.texts();
    (contract, texts, profile)
});

/// `missing:name`, `wrong-type:inner.port`, `not-json`.
fn fault(text: &str) -> Fault {
    let (kind, field) = match text.split_once(':') {
        Some((kind, field)) => (kind, Some(field)),
        None => (text, None),
    };
    let kind: FaultKind = serde_json::from_value(kind.into()).expect("a kind of fault");
    let mut path = FieldPath::root();
    for name in field
        .unwrap_or_default()
        .split('.')
        .filter(|n| !n.is_empty())
    {
        path = match name.strip_suffix("[]") {
            Some(list) => path.member(list).item(),
            None => path.member(name),
        };
    }
    Fault {
        kind,
        field: field.map(|_| path),
    }
}

/// The first word says what is expected, the others are faults or statuses.
fn expect(text: &str) -> Expect {
    let mut words = text.split_whitespace();
    let first = words.next().expect("an expectation");
    let rest: Vec<&str> = words.collect();
    let faults = || rest.iter().map(|word| fault(word)).collect();
    let question = "a question".to_owned();
    match first {
        "accepted" => Expect::Accepted,
        "refused" => Expect::Refused { faults: faults() },
        "either" => Expect::Either {
            question,
            faults: faults(),
        },
        "unauthorized" => Expect::Unauthorized { faults: faults() },
        "forbidden" => Expect::Forbidden,
        "login-refused" => Expect::LoginRefused,
        "answered" => Expect::Answered { question },
        "survived" => Expect::Survived { question },
        "accepted-or" => Expect::AcceptedOr {
            question,
            statuses: rest.iter().map(|s| s.parse().expect("a status")).collect(),
        },
        "not-served" => Expect::NotServed {
            success: match rest.as_slice() {
                ["invalid"] => SuccessIs::AcceptsInvalid,
                ["method"] => SuccessIs::MethodNotRefused,
                ["auth"] => SuccessIs::AuthNotEnforced,
                other => panic!("{other:?}"),
            },
        },
        other => panic!("no expectation is called {other}"),
    }
}

/// `200 {"ok":true}`, `200 text/html <p>`, `404`, `closed`, `timeout`; a media type is JSON where
/// none is named and a body follows, `-` is none at all. `!anomaly` and `+name=value` (a header) at
/// the end; `goes-on MEDIA` is a head without an end announced.
fn outcome(text: &str) -> Outcome {
    let failed = |failure| Outcome::Failed {
        failure,
        partial: None,
    };
    if let Some(media) = text.strip_prefix("goes-on ") {
        let field = ("Content-Type".to_owned(), media.as_bytes().to_vec());
        return Outcome::Failed {
            failure: Failure::Timeout(Phase::Body),
            partial: Some(Answer {
                status: 200,
                headers: vec![field],
                ..Answer::default()
            }),
        };
    }
    match text {
        "closed" => return failed(Failure::Closed),
        "reset" => return failed(Failure::Reset),
        "refused" => return failed(Failure::Refused),
        "unreachable" => return failed(Failure::Unreachable("no route".to_owned())),
        "tls" => return failed(Failure::Tls("no certificate".to_owned())),
        "not-sent" => return failed(Failure::NotSent("interrupted".to_owned())),
        "malformed" => return failed(Failure::MalformedHttp("HTPT/1.1\u{7}".to_owned())),
        "truncated" => {
            return failed(Failure::Truncated {
                promised: Some(10),
                got: 3,
            });
        }
        "too-large" => {
            return failed(Failure::TooLarge {
                what: "body",
                limit: 100,
            });
        }
        "timeout" => return failed(Failure::Timeout(Phase::FirstByte)),
        "timeout-connect" => return failed(Failure::Timeout(Phase::Connect)),
        "timeout-tls" => return failed(Failure::Timeout(Phase::Tls)),
        _ => {}
    }
    let (mut text, mut answer) = (text, Answer::default());
    if let Some((before, name)) = text.rsplit_once(" +") {
        let (name, value) = name.split_once('=').unwrap_or((name, "1"));
        answer
            .headers
            .push((name.to_owned(), value.as_bytes().to_vec()));
        text = before;
    }
    if let Some(before) = text.strip_suffix(" !bare-lf") {
        answer.anomalies.push(Anomaly::BareLf);
        text = before;
    }
    let (status, rest) = text.split_once(' ').unwrap_or((text, ""));
    answer.status = status.parse().expect("a status");
    let (media, body) = match rest.split_once(' ') {
        Some((media, body)) if media.contains('/') || media == "-" => (media, body),
        _ if rest.is_empty() => ("-", ""),
        _ => ("application/json; charset=utf-8", rest),
    };
    if media != "-" {
        let field = ("Content-Type".to_owned(), media.as_bytes().to_vec());
        answer.headers.push(field);
    }
    answer.body = body.as_bytes().to_vec();
    Outcome::Answered(answer)
}

fn written(judgement: &Judgement) -> String {
    let mut out = String::new();
    let _ = write!(out, "    took {:?}", judgement.acceptance);
    if let Some((question, choice)) = &judgement.choice {
        let _ = write!(out, "; {question}: {choice}");
    }
    if let Some(shape) = &judgement.shape {
        let _ = write!(out, "; shape {shape}");
    }
    out.push('\n');
    for verdict in &judgement.verdicts {
        let promise = &verdict.promise;
        let _ = match &verdict.ruling {
            Ruling::Kept => writeln!(out, "    kept {promise}"),
            Ruling::Undecided(why) => writeln!(out, "    undecided {promise}: {why}"),
            Ruling::Broken(d) => writeln!(
                out,
                "    BROKEN {promise}: {:?}{}\n        expected {}\n        observed {}",
                d.kind,
                d.ground()
                    .map_or(String::new(), |g| format!(", arguable: {g:?}")),
                d.expected,
                d.observed
            ),
        };
    }
    out
}

fn case(operation: &str, method: &str, expect: Expect, promises: &[&str]) -> Case {
    Case {
        id: CaseId::known(format!("{operation}/any/thing")),
        strategy: "any",
        promises: promises
            .iter()
            .map(|p| PromiseId::new(operation, p))
            .collect(),
        operation: operation.to_owned(),
        title: "any".to_owned(),
        request: Request::Http(HttpRequest {
            method: method.split(' ').next().unwrap_or_default().to_owned(),
            target: method.split(' ').nth(1).unwrap_or_default().into(),
            ..HttpRequest::default()
        }),
        expect,
        input_class: InputClass::new("any"),
        check: Check::Nothing,
        tier: Tier::FIRST,
        carries: Vec::new(),
    }
}

fn judged(case: &Case, came: &str) -> Judgement {
    let (contract, texts, profile) = &*STAGE;
    let judging = JudgeContext {
        contract,
        texts,
        profile,
    };
    let exchange = Exchange {
        outcome: outcome(came),
        timings: Timings::default(),
        reused: false,
    };
    judge(judging, case, &exchange)
}

fn verdict(line: &str) -> String {
    let parts: Vec<&str> = line.split(" | ").collect();
    let [operation, expected, came] = parts.as_slice() else {
        panic!("three parts in {line:?}");
    };
    let (operation, word) = operation.split_once(' ').unwrap_or((operation, "POST"));
    let (method, promises): (_, &[&str]) = match word {
        "state" => (
            "POST",
            &["state.refusal", "body.name.required", "state.readback"],
        ),
        method => (method, &["body.name.required"]),
    };
    let case = case(operation, method, expect(expected), promises);
    let judgement = judged(&case, came);
    let broken = |v: &&Verdict| matches!(v.ruling, Ruling::Broken(_));
    let count = judgement.verdicts.iter().filter(broken).count();
    assert_eq!(judgement.deviations().count(), count, "{line}");
    let mut out = written(&judgement);
    if let Outcome::Answered(answer) = outcome(came)
        && let Some(class) = error_answer(&STAGE.0, &case, &answer)
    {
        let text: Vec<&str> = class.text.split_whitespace().collect();
        let _ = writeln!(
            out,
            "    snapshot {}.{}.{}: {}",
            class.operation,
            class.fault,
            class.status,
            text.join(" ")
        );
    }
    out
}

#[test]
fn verdicts() {
    let table = std::fs::read_to_string(folder().join("exchanges.txt")).expect("the table");
    let mut out = String::new();
    for line in table.lines() {
        if line.is_empty() || line.starts_with('#') {
            let _ = writeln!(out, "{line}");
        } else {
            let _ = write!(out, "{line}\n{}", verdict(line));
        }
    }
    insta::assert_snapshot!(out);
}

/// A promise is never kept and broken at once.
#[test]
fn an_exchange_says_one_thing_about_a_promise() {
    for (expected, came, promise) in [
        // The case's promise is the answer's own.
        ("accepted", "200 {}", "responses.200"),
        (
            "refused missing:name",
            r#"400 {"error":"bad"}"#,
            "responses.400.missing",
        ),
        ("refused not-json", "400 {", "responses.400"),
    ] {
        let case = case("full", "POST", expect(expected), &[promise]);
        let judgement = judged(&case, came);
        let about: Vec<&Ruling> = judgement
            .verdicts
            .iter()
            .filter(|v| v.promise == case.promises[0])
            .map(|v| &v.ruling)
            .collect();
        assert!(
            matches!(about.as_slice(), [Ruling::Broken(_)]),
            "{expected} {came}: {judgement:?}"
        );
    }
}
