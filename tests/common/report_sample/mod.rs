//! Reports made by hand.

use probity::case::{CaseId, InputClass};
use probity::contract::{ContractIssue, PromiseSource, Unsupported};
use probity::judge::{Ground, Kind};
use probity::run::result::*;

/// Nothing was tested.
pub fn empty() -> Report {
    Report {
        schema: SCHEMA_ID.to_owned(),
        tool: Tool {
            name: "probity".to_owned(),
            version: "0.0.0".to_owned(),
        },
        seed: 0,
        contract: ContractRef {
            id: "empty".to_owned(),
            sha256: "0".repeat(64),
        },
        target: "http://192.0.2.1".to_owned(),
        device: DeviceInfo::default(),
        started_at: "2026-11-23T09:00:00Z".to_owned(),
        duration_ms: 0,
        requests: Requests::default(),
        exit: Exit {
            code: 3,
            reason: "could not judge: connection refused".to_owned(),
        },
        operations: Vec::new(),
        floor: None,
        promises: Vec::new(),
        findings: Vec::new(),
        divergences: Vec::new(),
        choices: Vec::new(),
        contract_issues: Vec::new(),
        unsupported: Vec::new(),
        notes: Vec::new(),
        shard: None,
        campaign: None,
        baseline: None,
    }
}

/// So many that were judged, and two that were not.
fn ideas(judged: u64) -> IdeaResult {
    let classes = (0..judged).map(|n| InputClass::new(format!("class:{n}")));
    let of = |class: &'static str| vec![InputClass::new(class)];
    let mut ideas = IdeaResult {
        judged: classes.collect(),
        ..IdeaResult::default()
    };
    if judged > 0 {
        ideas
            .open
            .insert("the answer does not tell".to_owned(), of("class:open"));
        ideas
            .not_sent
            .insert("the budget has no room for it".to_owned(), of("class:cut"));
    }
    ideas
}

fn promise(
    id: &str,
    pointer: &str,
    page_line: Option<u32>,
    status: Status,
    cases: u64,
) -> PromiseResult {
    PromiseResult {
        id: id.into(),
        source: PromiseSource {
            pointer: pointer.to_owned(),
            page_line,
        },
        status,
        cases,
        ideas: ideas(cases),
    }
}

fn reading(id: &str, mode: &str, dialect: &str, compiles: bool) -> ReadingRef {
    ReadingRef {
        id: id.to_owned(),
        repair: "none".to_owned(),
        dialect: dialect.to_owned(),
        mode: mode.to_owned(),
        unit: "chars".to_owned(),
        compiles,
    }
}

fn choice(question: &str, promise: &str, device: &str) -> Choice {
    Choice {
        question: question.to_owned(),
        promise: promise.into(),
        device: device.to_owned(),
        case: CaseId::known(format!("setDoor/names/{promise}/x")),
    }
}

fn operations() -> Vec<OperationResult> {
    let operation = |id: &str, state, reason: Option<&str>, left_out, cases| OperationResult {
        id: id.to_owned(),
        effect: None,
        state,
        reason: reason.map(str::to_owned),
        left_out,
        cases,
    };
    let refused = "no valid request was accepted: 403 (12 times)";
    vec![
        operation("setDoor", OperationState::Judged, None, false, 40),
        operation("getDoor", OperationState::InPart, Some(refused), false, 12),
        operation(
            "setPicture",
            OperationState::NotJudged,
            Some("unsupported: multipart/form-data; no body is sent"),
            false,
            0,
        ),
        operation(
            "reboot",
            OperationState::NotJudged,
            Some("not allowed: acts"),
            true,
            0,
        ),
    ]
}

/// What a run against a faulty device leaves.
pub fn everyday() -> Report {
    let auth = Finding {
        fingerprint: "0123456789abcdef".to_owned(),
        promise: "setDoor.auth.required".into(),
        kind: Kind::AuthNotEnforced,
        severity: Severity::Critical,
        title: "no credentials: served without valid credentials".to_owned(),
        expected: "401 with `{\"error\":\"Log In\"}`".to_owned(),
        observed: "200 with an empty body".to_owned(),
        case: CaseId::known("setDoor/authorization/-/absent"),
        confirmed: "3/3".to_owned(),
        reproducer: Reproducer {
            curl: "curl -sS -i --http1.1 -X POST -H \"Authorization: Bearer $PROBITY_TOKEN\" \
                   -H 'Content-Type: application/json' --data-binary '{\"name\":\"Front\"}' \
                   http://192.0.2.1/api/v1/door"
                .to_owned(),
            request_file: None,
            ..Reproducer::default()
        },
        evidence: Evidence {
            request:
                "POST /api/v1/door HTTP/1.1\nContent-Type: application/json\n\n{\"name\":\"Front\"}"
                    .to_owned(),
            answer: "HTTP 200\nContent-Length: 0\n".to_owned(),
            observations: vec!["GET /api/v1/door answers {\"name\":\"Front\"}".to_owned()],
        },
        arguable: None,
        operations: vec!["setDoor".to_owned()],
        symptom: String::new(),
        stated: String::new(),
        shows: None,
        example: "no credentials".to_owned(),
        instance: "0123456789abcde0".to_owned(),
        shown: Shown {
            cases: 3,
            of: 3,
            inputs: Inputs::Unauthorized,
        },
        members: ["empty", "other"]
            .map(|name| Member {
                fingerprint: format!("{:0<16}", "0123456789abcd"),
                promise: "setDoor.auth.required".into(),
                case: CaseId::known(format!("setDoor/authorization/-/{name}")),
                title: format!("{name} credentials"),
                observed: "200 with an empty body".to_owned(),
                reproducer: Reproducer::default(),
            })
            .to_vec(),
    };
    let long = Finding {
        fingerprint: "1111111111111111".to_owned(),
        promise: "setDoor.body.name.maxLength".into(),
        kind: Kind::AcceptsInvalid,
        severity: Severity::High,
        title: "name is 5000 characters long: accepted though no reading of the page allows it"
            .to_owned(),
        expected:
            "400 in the shape `wrong-type` or `base`, naming `name`, because the name may have at \
                   most 31 characters however they are counted"
                .to_owned(),
        observed: "200 with `{}`".to_owned(),
        case: CaseId::known("setDoor/constraints/name/over"),
        confirmed: "3/3".to_owned(),
        reproducer: Reproducer {
            curl: "curl -sS -i -X POST --data-binary @probity-reproducers/1111111111111111.bin \
                   http://192.0.2.1/api/v1/door"
                .to_owned(),
            request_file: Some("probity-reproducers/1111111111111111.bin".to_owned()),
            ..Reproducer::default()
        },
        evidence: Evidence {
            request: format!(
                "POST /api/v1/door HTTP/1.1\n\n{{\"name\":\"{}\"}}… ⟨5011 octets in all⟩",
                "a".repeat(600)
            ),
            answer: "HTTP 200\n\n{}".to_owned(),
            observations: Vec::new(),
        },
        arguable: Some(Ground::Format.words().to_owned()),
        operations: vec!["setDoor".to_owned()],
        symptom: String::new(),
        stated: String::new(),
        shows: None,
        example: "name is 5000 characters long".to_owned(),
        instance: "1111111111111110".to_owned(),
        shown: Shown::default(),
        members: Vec::new(),
    };
    let flaky = Finding {
        fingerprint: "2222222222222222".to_owned(),
        promise: "setDoor.http.answers".into(),
        kind: Kind::Flaky,
        severity: Severity::Low,
        title: "a header field of 8 KiB: the server fails (5xx), but not every time".to_owned(),
        expected: "a complete answer, not a 5xx".to_owned(),
        observed: "500 without a body".to_owned(),
        case: CaseId::known("setDoor/http/-/long-field"),
        confirmed: "1/3".to_owned(),
        reproducer: Reproducer {
            curl: "# create an item first\ncurl http://192.0.2.1/".to_owned(),
            request_file: None,
            ..Reproducer::default()
        },
        evidence: Evidence::default(),
        arguable: None,
        operations: vec!["setDoor".to_owned()],
        symptom: String::new(),
        stated: String::new(),
        shows: Some(Kind::ServerError),
        example: "a header field of 8 KiB".to_owned(),
        instance: "2222222222222220".to_owned(),
        shown: Shown::default(),
        members: Vec::new(),
    };
    Report {
        operations: operations(),
        floor: Some(Floor {
            share: 0.5,
            asked: 3,
            judged: 1,
            met: false,
        }),
        seed: 7,
        contract: ContractRef {
            id: "door".to_owned(),
            sha256: "ab".repeat(32),
        },
        device: DeviceInfo {
            model: Some("DP-1".to_owned()),
            firmware: Some("2.6.0".to_owned()),
            restarts: 1,
            rounded: false,
            restored: Some(true),
        },
        duration_ms: 12_345,
        requests: Requests {
            planned: 590,
            sent: 612,
            answered: 611,
        },
        exit: Exit {
            code: 1,
            reason: "2 promises are broken".to_owned(),
        },
        promises: vec![
            promise(
                "setDoor.body.required",
                "/paths/~1door/post/requestBody",
                Some(4),
                Status::Kept,
                3,
            ),
            promise(
                "setDoor.body.name.maxLength",
                "/paths/~1door/post/x",
                Some(9),
                Status::Broken,
                12,
            ),
            promise(
                "setDoor.body.name.pattern",
                "/paths/~1door/post/y",
                Some(9),
                Status::Undecided,
                20,
            ),
            promise(
                "setDoor.auth.required",
                "/paths/~1door/post/security",
                None,
                Status::Broken,
                9,
            ),
            promise(
                "setDoor.http.answers",
                "RFC 9110 §15.6",
                None,
                Status::Undecided,
                200,
            ),
            promise(
                "GET /a.body/x.responses.200",
                "/paths/~1a/get",
                None,
                Status::Untested,
                0,
            ),
        ],
        findings: vec![auth, long, flaky],
        divergences: vec![
            Divergence {
                promise: "setDoor.body.name.pattern".into(),
                published: "^[a-z]+$".to_owned(),
                readings: vec![
                    reading("none.search.python", "search", "python", true),
                    reading("none.full.python", "full", "python", true),
                    reading("none.full.go", "full", "go", true),
                    reading("none.full.java", "full", "java", false),
                ],
                device: DeviceReading {
                    fits: vec!["none.full.python".to_owned(), "none.full.go".to_owned()],
                    outcome: ReadingOutcome::Fits,
                    description: vec!["full: python go".to_owned()],
                    classes: 1,
                    excluded: 1,
                    requests: 2,
                    separating: 2,
                    probes: vec![
                        Probe {
                            input: "a\n".to_owned(),
                            accepted: false,
                        },
                        Probe {
                            input: "a".to_owned(),
                            accepted: true,
                        },
                    ],
                    slowness: None,
                },
            },
            Divergence {
                promise: "setDoor.body.zone.pattern".into(),
                readings: vec![reading("none.full.go", "full", "go", true)],
                device: DeviceReading {
                    probes: vec![Probe {
                        input: "b".to_owned(),
                        accepted: true,
                    }],
                    excluded: 1,
                    requests: 1,
                    separating: 1,
                    ..DeviceReading::default()
                },
                ..Divergence::default()
            },
            Divergence {
                promise: "setDoor.body.note.pattern".into(),
                ..Divergence::default()
            },
        ],
        choices: vec![
            choice(
                "unknown member",
                "setDoor.body.additionalProperties",
                "accepted",
            ),
            choice(
                "unknown member",
                "setDoor.body.stun.additionalProperties",
                "accepted",
            ),
            choice("null", "setDoor.body.name.type", "refused: wrong-type"),
        ],
        contract_issues: vec![ContractIssue {
            id: "pattern-compiles-nowhere:/x".to_owned(),
            promise: Some("setDoor.body.name.pattern".into()),
            title: "the pattern compiles nowhere".to_owned(),
            proof: "[_-+".to_owned(),
            page_line: Some(9),
            ..ContractIssue::default()
        }],
        unsupported: vec![Unsupported {
            pointer: "/components/securitySchemes/oauth".to_owned(),
            what: "OAuth flows: operations that ask for them are not sent".to_owned(),
        }],
        notes: vec!["the write budget of the profile cut 12 cases".to_owned()],
        ..empty()
    }
}

/// Every text is hostile to terminals, XML and JSON.
pub fn nasty() -> Report {
    let evil = "\u{1b}[2J\u{0}\u{7}]]>&<\"'\r\n\t\u{202e}\u{feff}\u{fffe}\u{ffff}\u{85}é漢🦀%s{}\\"
        .to_owned();
    let mut report = everyday();
    report.contract.id = evil.clone();
    report.target = evil.clone();
    report.device.model = Some(evil.clone());
    report.device.firmware = Some(evil.clone());
    report.exit.reason = evil.clone();
    report.promises.push(promise(
        &format!("{evil}.body"),
        &evil,
        None,
        Status::Kept,
        1,
    ));
    for finding in &mut report.findings {
        finding.case = CaseId::known(evil.clone());
        for text in [
            &mut finding.title,
            &mut finding.expected,
            &mut finding.observed,
            &mut finding.reproducer.curl,
            &mut finding.evidence.request,
            &mut finding.evidence.answer,
        ] {
            *text = evil.clone();
        }
        finding.evidence.observations = vec![evil.clone(), "]]>".to_owned()];
        finding.reproducer.request_file = Some(evil.clone());
        finding.example = evil.clone();
        finding.operations = vec![evil.clone(); 2];
        finding.members = vec![Member {
            case: CaseId::known(evil.clone()),
            title: evil.clone(),
            ..Member::default()
        }];
    }
    // Not among the promises.
    let mut stray = report.findings[0].clone();
    stray.promise = evil.clone().into();
    report.findings.push(stray);
    for choice in &mut report.choices {
        choice.question = evil.clone();
        choice.device = evil.clone();
        choice.promise = evil.clone().into();
    }
    for divergence in &mut report.divergences {
        divergence.promise = evil.clone().into();
        divergence.device.fits.push(evil.clone());
    }
    report.unsupported[0].what = evil.clone();
    report.notes = vec![evil; 2];
    report
}
