//! Hostile files: reports that want to choose what is sent, journals that want to choose where is
//! written. Each row is an attack; what holds is that it is refused, with a reason.

use probity::case::{CaseId, Check, Context, Expect, InputClass, Recipe};
use probity::contract::embedded;
use probity::exchange::{HttpRequest, Part, RawRequest, Request, Secret, Segment, Template};
use probity::files::is_plain_name;
use probity::run::admit::Admission;
use probity::run::journal;
use probity::run::result::{Finding, Report};
use std::time::Duration;

const PATH: &str = "/api/v1/device/sip/settings";

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

fn bearer() -> (String, Template) {
    let value = Template::from("Bearer ").secret(Secret::Token);
    ("Authorization".to_owned(), value)
}

fn http(method: &str, target: Vec<Part>, headers: Vec<(String, Template)>) -> Request {
    Request::Http(HttpRequest {
        method: method.to_owned(),
        target: Template(target),
        headers,
        body: Some(b"{}".to_vec()),
    })
}

fn finding(request: Request, before: Vec<Request>) -> Finding {
    let report: Report =
        serde_json::from_str(include_str!("../../crates/fuzzing/src/report.json")).expect("report");
    let mut finding = report.findings[0].clone();
    finding.case = CaseId::known("made/up/by/somebody");
    finding.reproducer.recipe = Some(Box::new(Recipe {
        operation: "setSipSettings".to_owned(),
        promises: Vec::new(),
        title: String::new(),
        input_class: InputClass::default(),
        before,
        request,
        expect: Expect::Accepted,
        check: Check::Nothing,
    }));
    finding
}

#[test]
fn a_report_does_not_choose_what_is_sent() {
    let (contract, profile) = embedded::by_name("sip-settings").expect("embedded");
    let texts = contract.texts();
    let context = Context::new(&contract, &profile, &texts);
    let admission = Admission::new(&context, None, []);
    let own = || http("POST", vec![text(PATH)], vec![bearer()]);
    assert!(admission.admit(&finding(own(), vec![own()])).is_ok());

    let mut attacks: Vec<(String, Request)> = Vec::new();
    let secrets = [
        Secret::Password,
        Secret::PasswordMd5,
        Secret::Token,
        Secret::Username,
        Secret::Basic,
    ];
    for secret in secrets {
        let name = secret.env_name();
        for (place, target) in [
            (
                "query",
                vec![text(&format!("{PATH}?x=")), Part::Secret(secret)],
            ),
            (
                "path",
                vec![text(&format!("{PATH}/")), Part::Secret(secret)],
            ),
            ("start", vec![Part::Secret(secret), text(PATH)]),
        ] {
            attacks.push((format!("{name} in {place}"), http("POST", target, vec![])));
        }
        for header in ["X-Leak", "Cookie", "User-Agent", "Authorization"] {
            let value = Template::from("x ").secret(secret);
            let headers = vec![(header.to_owned(), value)];
            attacks.push((
                format!("{name} in {header}"),
                http("POST", vec![text(PATH)], headers),
            ));
        }
        let raw = Request::Raw(RawRequest {
            segments: vec![Segment::Bytes(b"GET /".to_vec()), Segment::Secret(secret)],
            answers: 1,
            head: false,
        });
        attacks.push((format!("{name} in octets"), raw));
    }
    for method in [
        "GET",
        "PUT",
        "DELETE",
        "PATCH",
        "TRACE",
        "",
        "PO ST",
        "POST\r\nX: y",
    ] {
        attacks.push((
            format!("method {method:?}"),
            http(method, vec![text("/api/reboot")], vec![]),
        ));
    }
    for target in [
        "/api/reboot",
        "/",
        "",
        "http://elsewhere/",
        "//elsewhere/api/v1/device/sip/settings",
        "/api/v1/device/sip/settings/../../reboot",
        "/api/v1/device/sip/settings HTTP/1.1\r\nHost: elsewhere",
        "/api/v1/device/sip/settings#x",
        "/api/v1/device/sip/settings?x=\u{202e}",
        "/api/v1/device/sip/settings?x=a b",
    ] {
        attacks.push((
            format!("target {target:?}"),
            http("POST", vec![text(target)], vec![]),
        ));
    }
    for (name, value) in [
        ("Host", "elsewhere"),
        ("host", "elsewhere"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Upgrade", "h2c"),
        ("Expect", "100-continue"),
        ("X", "a\r\nHost: elsewhere"),
        ("X", "a\n\nGET /api/reboot HTTP/1.1"),
        ("X\r\nY", "a"),
        ("", "a"),
        ("X Y", "a"),
        ("X", "\0"),
    ] {
        let headers = vec![(name.to_owned(), Template::from(value))];
        attacks.push((
            format!("{name:?}: {value:?}"),
            http("POST", vec![text(PATH)], headers),
        ));
    }
    let pause = Request::Raw(RawRequest {
        segments: vec![Segment::Pause(Duration::from_secs(1_000_000_000))],
        answers: 1,
        head: false,
    });
    attacks.push(("a pause of 1e9 s".to_owned(), pause));
    let mut large = own();
    if let Request::Http(http) = &mut large {
        http.body = Some(vec![b'x'; 2 << 20]);
    }
    attacks.push(("a body of 2 MiB".to_owned(), large));

    for (what, request) in &attacks {
        let alone = admission.admit(&finding(request.clone(), Vec::new()));
        assert!(alone.is_err(), "admitted: {what}");
        let before = admission.admit(&finding(own(), vec![request.clone()]));
        assert!(before.is_err(), "admitted in front: {what}");
    }
    let many = admission.admit(&finding(own(), vec![own(); 1_000]));
    assert!(many.is_err(), "admitted: a thousand requests in front");
    println!("{} attacks", 2 * attacks.len() + 1);
    assert!(2 * attacks.len() >= 120, "{}", attacks.len());
}

#[test]
fn a_journal_names_no_path() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("journal.jsonl");
    let header = serde_json::json!({
        "journal": journal::SCHEMA_ID, "job": "run", "contract": {"id": "x", "sha256": "0"},
        "target": "http://x", "seed": 0, "plan": "0", "cases": 0, "shard": null,
    });
    let names = [
        "../x",
        "../../x",
        "/etc/x",
        "a/b",
        "..",
        ".",
        "",
        ".bashrc",
        "a\\b",
        "c:x",
        "x\0y",
        "x\ny",
        "~/x",
        "\u{202e}x",
        "a b",
    ];
    for name in names {
        assert!(!is_plain_name(name), "{name:?}");
        let record = serde_json::json!({"record": "file", "name": name, "content": "x"});
        std::fs::write(&path, format!("{header}\n{record}\n")).expect("file");
        let error = journal::read(&path).expect_err(name).to_string();
        assert!(error.contains("line 2"), "{error}");
    }
}
