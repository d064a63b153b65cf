//! What the strategies below the values send, octet by octet: small contracts with their profiles
//! (`wire_plan/*.yaml`, `*.toml`) and their cases as pinned text, to be read beside RFC 8259, 9110,
//! 9112, 6750 and 7617. No device and no slow pattern.

use probity::case::{Case, Check, Context, Expect, Fault, strategies};
use probity::contract::{Contract, Operation, PromiseId, load, load_bytes};
use probity::exchange::{HttpRequest, Request, Segment};
use probity::profile::Profile;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const NAMES: [&str; 5] = ["json-syntax", "json-corners", "http", "auth", "state"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire_plan")
}

/// Octets as text: printable ASCII as it is, control characters as their pictures (`␍␊`), others
/// as `‹ff›`; `⟨a⟩×4096·` for what is written more than twenty times in a row.
fn octets(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (unit, times) = (1..=12)
            .map(|n| {
                let unit = &rest[..n.min(rest.len())];
                (unit, rest.chunks(n).take_while(|c| *c == unit).count())
            })
            .find(|(_, times)| *times > 20)
            .unwrap_or((&rest[..1], 1));
        let shown: String = unit.iter().map(|b| octet(*b)).collect();
        let _ = match times {
            1 => write!(out, "{shown}"),
            _ => write!(out, "⟨{shown}⟩×{times}·"),
        };
        rest = &rest[unit.len() * times..];
    }
    out
}

fn octet(byte: u8) -> String {
    match byte {
        b' '..=b'~' => char::from(byte).to_string(),
        0..=0x1f => char::from_u32(0x2400 + u32::from(byte)).map_or(String::new(), String::from),
        _ => format!("‹{byte:02x}›"),
    }
}

/// What is written in order, `⏎` between two writes; `{head}` is [`head`].
fn raw(segments: &[Segment], head: &str) -> String {
    let mut out = String::new();
    for (i, segment) in segments.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| segments.get(i));
        if let (Some(Segment::Bytes(_)), Segment::Bytes(_)) = (before, segment) {
            out.push_str(" ⏎ ");
        }
        let _ = match segment {
            Segment::Bytes(bytes) => write!(out, "{}", octets(bytes)),
            Segment::Secret(secret) => write!(out, "${}", secret.env_name()),
            Segment::Prefix => write!(out, "{{prefix}}"),
            Segment::Host => write!(out, "{{host}}"),
            Segment::Pause(time) => write!(out, " ⏸{}ms ", time.as_millis()),
            Segment::ShutdownWrite => write!(out, " ⏹"),
        };
    }
    out.replace(head, "{head}")
}

/// Request line and header of the ordinary request, as everybody writes them.
fn head(request: &HttpRequest) -> String {
    let mut out = format!("{} {{prefix}}{} HTTP/1.1", request.method, request.target);
    let _ = write!(out, "␍␊Host: {{host}}␍␊");
    for (name, value) in &request.headers {
        let _ = write!(out, "{name}: {value}␍␊");
    }
    out
}

/// Method, target, fields, body, with ` | ` between them. What is as in the `ordinary` request and
/// comes before all changes is `{head}`.
fn http(request: &HttpRequest, ordinary: &HttpRequest) -> String {
    let mut fields = request.headers.as_slice();
    let mut out = match fields.strip_prefix(ordinary.headers.as_slice()) {
        Some(more)
            if (&request.method, &request.target) == (&ordinary.method, &ordinary.target) =>
        {
            fields = more;
            "{head}".to_owned()
        }
        _ => {
            let target = request.target.to_string();
            octets(format!("{} {target}", request.method).as_bytes())
        }
    };
    let shown: Vec<String> = fields
        .iter()
        .map(|(name, value)| octets(format!("{name}: {value}").as_bytes()))
        .collect();
    match shown.as_slice() {
        [first, .., last] if shown.len() > 20 => {
            let _ = write!(out, " | {first} … {last} ({} fields)", shown.len());
        }
        all => all.iter().for_each(|field| {
            let _ = write!(out, " | {field}");
        }),
    }
    if let Some(body) = &request.body {
        let _ = write!(out, " | {}", octets(body));
    }
    out
}

/// The start and the end of a long text.
fn ends(text: String) -> String {
    let count = text.chars().count();
    if count < 900 {
        return text;
    }
    let start: String = text.chars().take(300).collect();
    let end: String = text.chars().skip(count - 100).collect();
    format!("{start} … {end}")
}

fn faults(faults: &[Fault]) -> String {
    let mut out = String::new();
    for fault in faults {
        let kind = serde_json::to_value(fault.kind).expect("a word");
        let _ = write!(out, " {}", kind.as_str().expect("a word"));
        if let Some(path) = &fault.field {
            let _ = write!(out, ":{}", path.dotted());
        }
    }
    out
}

fn expect(case: &Case) -> String {
    let ask = |question: &str| match question == case.title {
        true => String::new(),
        false => format!(" ({question})"),
    };
    match &case.expect {
        Expect::Accepted => "accepted".to_owned(),
        Expect::Refused { faults: f } => format!("refused{}", faults(f)),
        Expect::Either {
            question,
            faults: f,
        } => format!("either{}{}", ask(question), faults(f)),
        Expect::Unauthorized { faults: f } => format!("unauthorized{}", faults(f)),
        Expect::Forbidden => "forbidden".to_owned(),
        Expect::LoginRefused => "login refused".to_owned(),
        Expect::Answered { question } => format!("answered{}", ask(question)),
        Expect::AcceptedOr { question, statuses } => {
            format!("accepted or {statuses:?}{}", ask(question))
        }
        Expect::Survived { question } => format!("survived{}", ask(question)),
        Expect::NotServed { success } => format!("not served, else {success:?}"),
    }
}

/// The body that is sent, where it is JSON.
fn body(case: &Case) -> Option<serde_json::Value> {
    match &case.request {
        Request::Http(request) => serde_json::from_slice(request.body.as_ref()?).ok(),
        Request::Raw(_) => None,
    }
}

/// Two lines: id, tier, expectation, look at the settings, class; what is sent. Promises are in the
/// first line where they are not those of the case before.
fn written(case: &Case, ordinary: &HttpRequest, promises: &mut Vec<PromiseId>) -> String {
    let mut out = String::new();
    if *promises != case.promises {
        promises.clone_from(&case.promises);
        let _ = writeln!(
            out,
            "# {}",
            promises
                .iter()
                .map(PromiseId::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    let check = match &case.check {
        Check::Nothing => String::new(),
        Check::Unchanged => ", unchanged".to_owned(),
        Check::ReadsBack(value) if body(case).as_ref() == Some(value) => ", reads back".to_owned(),
        Check::ReadsBack(value) => format!(", reads back {value}"),
        Check::Parts => ", read part by part".to_owned(),
        Check::Versions => ", versions".to_owned(),
        Check::Names => ", other names".to_owned(),
        Check::Preconditions(_) => ", preconditions".to_owned(),
    };
    let class = case.input_class.as_str();
    let (tier, title, expect) = (case.tier, &case.title, expect(case));
    let _ = writeln!(
        out,
        "{} [{tier}] {title}: {expect}{check}; {class}",
        case.id
    );
    let _ = match &case.request {
        Request::Http(request) => writeln!(out, "    {}", ends(http(request, ordinary))),
        Request::Raw(request) => {
            let answers = match request.answers {
                1 => String::new(),
                n => format!(" ({n} answers)"),
            };
            let sent = raw(&request.segments, &head(ordinary));
            writeln!(out, "    {}{answers}", ends(sent))
        }
    };
    out
}

/// The cases of one contract under a profile that `keep` keeps.
fn plan(name: &str, profile: &Profile, thorough: bool, keep: &dyn Fn(&Case) -> bool) -> String {
    let path = folder().join(format!("{name}.yaml"));
    let contract = load(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    plan_of(&contract, profile, thorough, keep)
}

fn plan_of(
    contract: &Contract,
    profile: &Profile,
    thorough: bool,
    keep: &dyn Fn(&Case) -> bool,
) -> String {
    let texts = contract.texts();
    let context = Context::new(contract, profile, &texts).thorough(thorough);
    let ordinary = |op: &Operation| context.request(op, op.body.as_ref().map(|_| Vec::new()));
    let mut out = String::new();
    let mut promises = Vec::new();
    for strategy in strategies() {
        if !NAMES.contains(&strategy.name()) {
            continue;
        }
        for case in strategy.all_cases(&context).iter().filter(|c| keep(c)) {
            let op = contract.operation(&case.operation).expect("an operation");
            out.push_str(&written(case, &ordinary(op), &mut promises));
        }
    }
    let heads = contract.operations.iter().map(|op| {
        let head = head(&ordinary(op));
        format!("{}: {{head}} is {head}\n", op.id)
    });
    match out.contains("{head}") {
        true => heads.collect::<String>() + &out,
        false => out,
    }
}

fn profile(name: &str) -> Profile {
    let text = std::fs::read_to_string(folder().join(format!("{name}.toml"))).expect("a profile");
    Profile::from_toml(&text).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Whether the id goes on with one of these behind the operation.
fn about(case: &Case, starts: &[&str]) -> bool {
    let rest = case.id.split_once('/').map_or("", |(_, rest)| rest);
    starts.iter().any(|start| rest.starts_with(start))
}

#[test]
fn a_write_behind_a_token() {
    insta::assert_snapshot!(plan("door", &profile("door"), true, &|_| true));
}

#[test]
fn other_credentials_and_paths_with_several_operations() {
    let keep = |case: &Case| match case.operation.as_str() {
        // A body without numbers and strings.
        "setLamp" => about(
            case,
            &[
                "auth",
                "state",
                "http/method",
                "http/size/query",
                "json-syntax/text",
                "json-syntax/structure",
                "json-syntax/cut",
                "json-syntax/numbers/l",
                "json-syntax/numbers/u",
                "json-syntax/strings/escape-x",
                "json-corners/unknown/deco",
            ],
        ),
        "changeLamp" => about(
            case,
            &[
                "auth/side",
                "state",
                "http/method",
                "http/size/query",
                "json-syntax/encoding/high",
            ],
        ),
        // A body without members: a member more needs no comma.
        "setNothing" => about(
            case,
            &[
                "json-syntax/text",
                "json-syntax/structure",
                "json-syntax/numbers/l",
                "json-corners/unknown",
                "json-corners/texts",
                "http/size/member",
                "state",
            ],
        ),
        "closed" => about(
            case,
            &["auth/order", "auth/session", "auth/side", "http/method"],
        ),
        // The token's table is that of the other contract, but for what Basic may be taken for.
        "either" => about(
            case,
            &["auth/credentials/b", "auth/credentials/o", "auth/session"],
        ),
        _ => true,
    };
    insta::assert_snapshot!(plan("keys", &profile("keys"), true, &keep));
}

/// Also what is left of the plan where only a run without a budget sends everything.
#[test]
fn bodies_of_many_members() {
    let keep = |case: &Case| match case.operation.as_str() {
        "setPanel" => about(
            case,
            &[
                "state",
                "json-corners/names",
                "json-corners/dupl",
                "json-corners/unknown/deco",
                "json-syntax/structure/trailing",
                "json-syntax/cut",
                "json-syntax/numbers",
                "json-syntax/strings",
                "json-syntax/encoding",
            ],
        ),
        _ => about(
            case,
            &[
                "state",
                "json-syntax/strings",
                "json-syntax/encoding",
                "json-syntax/numbers/e",
            ],
        ),
    };
    insta::assert_snapshot!(plan("panel", &Profile::default(), false, &keep));
}

/// Logins of other kinds, and budgets of failed ones. No try is the right login.
#[test]
fn logins() {
    let (user, password) = (r#"u = "{username}""#, r#"p = "{password}""#);
    let both = format!("query = {{ {user}, {password} }}");
    let table = [
        ("eight may fail", false, both.clone(), None),
        ("three may fail", false, both.clone(), Some(3)),
        ("none may fail", true, both.clone(), Some(0)),
        ("twenty may fail", true, both, Some(20)),
        (
            "a password alone",
            true,
            r#"query = { p = "0{password-md5}" }"#.to_owned(),
            Some(20),
        ),
        ("a user alone", true, format!("query = {{ {user} }}"), None),
        (
            "no credentials by name",
            true,
            r#"query = { u = "admin" }"#.to_owned(),
            None,
        ),
        (
            "no credentials by name, in the body",
            true,
            r#"body = { u = "admin" }"#.to_owned(),
            None,
        ),
        (
            "query and body",
            true,
            format!("query = {{ {user} }}, body = {{ {password} }}"),
            None,
        ),
    ];
    let mut out = String::new();
    for (what, thorough, login, budget) in table {
        let text = format!(r#"login = {{ path = "/in", token = "", {login} }}"#);
        let mut profile = Profile::from_toml(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        profile.limits.failed_logins = budget;
        let cases = plan("door", &profile, thorough, &|case| {
            about(case, &["auth/login"])
        });
        let _ = writeln!(out, "== {what}\n{cases}");
    }
    insta::assert_snapshot!(out);
}

/// The settings are asked for without credentials where they stand under the protected path and the
/// contract has nothing of its own to say of that.
#[test]
fn settings_behind_the_protected_path() {
    let document = include_str!("../wire_plan/door.yaml");
    let one = |method: &str| {
        format!(
            "    {method}: {{operationId: {method}, responses: {{'200': {{description: x}}}}}}\n"
        )
    };
    let beside = |method: &str| document.replace("    post:\n", &(one(method) + "    post:\n"));
    let other = format!("  /api/other:\n{}components:", one("get"));
    let table = [
        ("nothing more", document.to_owned(), "/api/door", true),
        (
            "the read-back is described",
            beside("get"),
            "/api/door",
            false,
        ),
        (
            "another method is described",
            beside("put"),
            "/api/door",
            true,
        ),
        (
            "another path is described",
            document.replace("components:", &other),
            "/api/door",
            true,
        ),
        (
            "another path is read",
            document.to_owned(),
            "/api/state",
            false,
        ),
    ];
    for (what, document, path, sent) in table {
        let contract = load_bytes("door", document.as_bytes()).expect("a contract");
        let profile = format!("[read-back.setDoor]\npath = \"{path}\"");
        let profile = Profile::from_toml(&profile).expect("a profile");
        let door = |case: &Case| case.id == "setDoor/auth/side-doors/read-back";
        let door = plan_of(&contract, &profile, false, &door);
        assert_eq!(!door.is_empty(), sent, "{what}");
    }
}
