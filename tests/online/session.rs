//! Login, read-back, life probe and masking against a small scripted device that keeps
//! settings behind a token.
#![allow(missing_docs)]

use super::guarding::guarded;
use crate::scripted;
use probity::device::{Credentials, Device, Guard, LifeSign, LoginError, Options, ReadBackError};
use probity::exchange::{Part, Request, Secret, Template};
use probity::profile::Profile;
use scripted::{Server, Visit, class, get};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// MD5 of `123456`.
const MD5: &str = "e10adc3949ba59abbe56e057f20f883e";

pub(super) const PROFILE: &str = r#"
[login]
path = "/login"
query = { username = "{username}", password = "{password-md5}" }
token = "/token"

[read-back.write]
path = "/settings"
root = "/settings"
[read-back.write.unreadable."/secret"]
placeholders = ["***"]
restore-env = "PROBITY_TEST_UNSET_VARIABLE"

[life]
path = "/info"
uptime = "/uptime"
boot-id = "/boot"
model = "/model"
firmware = "/version"
"#;

/// The device: settings as written, shown with a placeholder for the secret.
#[derive(Default)]
pub(super) struct Model {
    pub(super) settings: Value,
    pub(super) uptime: f64,
    /// Whether the secret is shown as it is.
    pub(super) clear: bool,
    /// Answers that come instead of the right ones: path → whole answer.
    pub(super) instead: BTreeMap<&'static str, String>,
    pub(super) writes: Vec<Value>,
    /// Refuses writes without the secret.
    pub(super) needs_secret: bool,
}

pub(super) type Shared = Arc<Mutex<Model>>;

fn respond(model: &mut Model, request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let line = head.lines().next().unwrap();
    let path = line.split([' ', '?']).nth(1).unwrap();
    if let Some(answer) = model.instead.get(path) {
        return answer.clone();
    }
    let authorized = head.contains("\r\nAuthorization: Bearer t0ken");
    let (status, body) = match path {
        "/login" if line.contains(&format!("?password={MD5}&username=admin ")) => {
            (200, json!({"token": "t0ken"}))
        }
        "/login" => (400, json!({"error": "wrong"})),
        "/info" => (
            200,
            json!({"uptime": model.uptime, "model": "M1", "version": 7}),
        ),
        _ if !authorized => (401, json!({"error": "Log In"})),
        "/settings" if line.starts_with("POST ") => {
            let new: Value = serde_json::from_str(body).unwrap();
            model.writes.push(new.clone());
            let whole = new.get("secret").is_some() || !model.needs_secret;
            if new["name"].is_string() && whole {
                // Members of its own that no write knows.
                model.settings = new;
                model.settings["counter"] = model.writes.len().into();
                (200, json!({}))
            } else {
                (400, json!({"error": "name"}))
            }
        }
        "/settings" => {
            let mut shown = model.settings.clone();
            if shown.get("secret").is_some() && !model.clear {
                shown["secret"] = "***".into();
            }
            (200, json!({"settings": shown}))
        }
        _ => (404, json!({})),
    };
    answer(status, &body.to_string())
}

pub(super) fn answer(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(super) async fn serve(settings: Value) -> (Server, Shared) {
    let model = Arc::new(Mutex::new(Model {
        settings,
        uptime: 100.0,
        ..Model::default()
    }));
    let shared = Arc::clone(&model);
    let server = Server::start(move |mut visit: Visit| {
        let model = Arc::clone(&shared);
        async move {
            while let Some(request) = visit.request().await {
                let answer = respond(&mut model.lock().unwrap(), &request);
                if visit.stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    })
    .await;
    (server, model)
}

pub(super) fn device(server: &Server, profile: &str) -> Device {
    with(server, profile, "admin", Some("123456"), None)
}

fn with(
    server: &Server,
    profile: &str,
    username: &str,
    password: Option<&str>,
    token: Option<&str>,
) -> Device {
    let options = Options {
        credentials: Credentials {
            username: Some(username.to_owned()),
            password: password.map(Into::into),
            token: token.map(Into::into),
            ..Credentials::default()
        },
        ..server.options()
    };
    Device::new(options, Arc::new(Profile::from_toml(profile).unwrap())).unwrap()
}

pub(super) fn first() -> Value {
    json!({"name": "one", "secret": "s3cret", "inner": {"a": 1, "b": [1, 2]}, "own": true})
}

// ---- login ----

#[tokio::test]
async fn a_login_keeps_the_token() {
    let (server, _) = serve(first()).await;
    let device = device(&server, PROFILE);
    assert!(!device.has_token());
    device.login().await.unwrap();
    assert!(device.has_token() && device.knows(Secret::Token));
    assert_eq!(
        device.read_back("write").await.unwrap().value["name"],
        "one"
    );
    device.forget_token();
    assert!(!device.has_token());
    device.set_token("t0ken");
    assert!(device.read_back("write").await.is_ok());
    assert_eq!(device.sent(), 3);
}

#[tokio::test]
async fn a_token_of_the_user_needs_no_login() {
    let (server, _) = serve(first()).await;
    let device = with(&server, PROFILE, "admin", None, Some("t0ken"));
    device.login().await.unwrap();
    assert!(device.read_back("write").await.is_ok());
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_login_in_a_body_is_escaped() {
    let profile = r#"
        [login]
        method = "POST"
        path = "/enter"
        body = { user = "{username}", key = ["x{password}y", 1] }
        token = "/token"
    "#;
    let server = Server::answering(answer(200, r#"{"token":"t"}"#)).await;
    let device = with(&server, profile, "a\"b", Some("p\\w"), None);
    device.login().await.unwrap();
    let sent = server.received().remove(0);
    let text = String::from_utf8(sent).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /enter HTTP/1.1\r\nContent-Type: application/json\r\n"));
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body, json!({"user": "a\"b", "key": ["xp\\wy", 1]}));
}

#[tokio::test]
async fn a_login_that_fails_says_how() {
    let (server, model) = serve(first()).await;
    let wrong = with(&server, PROFILE, "admin", Some("wrong"), None);
    let error = wrong.login().await.unwrap_err();
    assert!(
        matches!(error, LoginError::Refused { status: 400, .. }),
        "{error}"
    );
    let missing = with(&server, PROFILE, "admin", None, None);
    let error = missing.login().await.unwrap_err();
    assert!(error.to_string().contains("--password-env"), "{error}");

    let good = device(&server, PROFILE);
    let later = device(&server, PROFILE);
    for (instead, expected) in [
        (answer(200, "<html>"), "no JSON"),
        (answer(200, "{\"other\":1}"), "has no `/token`"),
        (answer(200, "{\"token\":1}"), "is not a token"),
        (answer(200, "{\"token\":\"\"}"), "is not a token"),
        (answer(302, ""), "status 302"),
        (answer(404, "{}"), "status 404"),
        ("nonsense\r\n".to_owned(), "malformed HTTP"),
    ] {
        model.lock().unwrap().instead.insert("/login", instead);
        let error = good.login().await.unwrap_err();
        assert!(matches!(error, LoginError::NotTheApi { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert!(!error.to_string().contains(MD5), "{error}");
    }
    for status in [429, 503] {
        model
            .lock()
            .unwrap()
            .instead
            .insert("/login", answer(status, ""));
        let error = good.login().await.unwrap_err();
        assert!(matches!(error, LoginError::Unable { .. }), "{error}");
    }
    drop(server);
    let error = later.login().await.unwrap_err();
    assert!(matches!(error, LoginError::Unreachable { .. }), "{error}");
    assert!(!good.has_token());
}

#[tokio::test]
async fn other_credentials_leave_the_session_alone() {
    let (server, _) = serve(first()).await;
    let device = device(&server, PROFILE);
    device.login().await.unwrap();
    let login = Profile::from_toml(PROFILE).unwrap().login.unwrap();
    for (name, md5, status) in [
        ("admin", "no", "400"),
        ("a&username=admin", MD5, "400"),
        ("admin", MD5, "200"),
    ] {
        let request = login.request_with(&|secret| {
            Part::Text(
                if secret == Secret::Username {
                    name
                } else {
                    md5
                }
                .to_owned(),
            )
        });
        let exchange = device.send(&Request::Http(request), false).await;
        assert_eq!(class(&exchange), status, "{name} {md5}");
    }
    assert!(device.read_back("write").await.is_ok());
}

// ---- read-back ----

#[tokio::test]
async fn a_read_back_names_what_it_cannot_show() {
    let (server, model) = serve(first()).await;
    let device = device(&server, PROFILE);
    let error = device.read_back("write").await.unwrap_err();
    assert!(matches!(error, ReadBackError::Status(401)), "{error}");
    device.login().await.unwrap();
    let one = device.read_back("write").await.unwrap();
    assert_eq!(one.unreadable.iter().collect::<Vec<_>>(), ["/secret"]);
    assert_eq!(one.get("/secret"), None);
    assert_eq!(one.get("/inner/b/1"), Some(&json!(2)));

    model.lock().unwrap().settings =
        json!({"own": true, "inner": {"b": [1, 3], "c/d": 0}, "name": "one"});
    let two = device.read_back("write").await.unwrap();
    assert_eq!(one.differences(&one), Vec::<String>::new());
    assert_eq!(
        one.differences(&two),
        ["/inner/a", "/inner/b/1", "/inner/c~1d"]
    );

    for (instead, expected) in [
        (answer(500, "{}"), "status 500"),
        (answer(200, "{"), "no JSON"),
        (answer(200, "{}"), "no `/settings`"),
        (String::from("HTTP/9"), "malformed"),
    ] {
        model.lock().unwrap().instead.insert("/settings", instead);
        let error = device.read_back("write").await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let error = device.read_back("other").await.unwrap_err();
    assert!(matches!(error, ReadBackError::NotConfigured(_)));
}

#[tokio::test]
async fn requests_of_our_own_carry_what_the_contract_wants() {
    let (server, _) = serve(first()).await;
    let device = device(&server, PROFILE);
    let last = || String::from_utf8(server.received().pop().unwrap()).unwrap();
    let _ = device.read_back("write").await;
    assert!(last().contains("\r\nAuthorization: Basic YWRtaW46MTIzNDU2\r\n"));
    device.set_auth(
        vec![
            (
                "X-Key".to_owned(),
                Template::default().secret(Secret::Token),
            ),
            (
                "X-User".to_owned(),
                Template::default().secret(Secret::Username),
            ),
        ],
        Template::from("user=").secret(Secret::Username),
    );
    let _ = device.read_back("write").await;
    assert!(!last().contains("X-Key") && last().contains("\r\nX-User: admin\r\n"));
    assert!(!last().contains("Authorization"));
    assert!(last().starts_with("GET /settings?user=admin HTTP/1.1\r\n"));
}

// ---- life ----

#[tokio::test]
async fn a_sign_of_life_tells_a_restart() {
    let (server, model) = serve(first()).await;
    let device = device(&server, PROFILE);
    let sign = device.life().await.unwrap();
    assert_eq!(sign.uptime, Some(100.0));
    assert_eq!(sign.model.as_deref(), Some("M1"));
    assert_eq!(sign.firmware.as_deref(), Some("7"));
    assert_eq!(sign.boot_id, None);
    assert!(sign.latency > Duration::ZERO);

    let at = |uptime: Option<f64>, boot_id: Option<&str>| LifeSign {
        uptime,
        boot_id: boot_id.map(str::to_owned),
        ..LifeSign::default()
    };
    for (then, now, restarted) in [
        (at(Some(100.0), None), at(Some(3.0), None), true),
        (at(Some(100.0), None), at(Some(99.5), None), false),
        (at(Some(100.0), None), at(Some(100.0), None), false),
        (at(Some(100.0), None), at(None, None), false),
        (at(None, Some("a")), at(None, Some("b")), true),
        (at(None, Some("a")), at(None, Some("a")), false),
        (at(None, None), at(Some(1.0), Some("b")), false),
    ] {
        assert_eq!(now.restarted_since(&then), restarted, "{then:?} {now:?}");
    }
    for instead in [answer(404, "{}"), answer(200, "alive")] {
        model.lock().unwrap().instead.insert("/info", instead);
        assert_eq!(device.life().await, None);
        // It answers HTTP, and that is all that being alive takes.
        assert!(device.wait_alive(Duration::from_millis(10)).await);
    }
}

#[tokio::test]
async fn a_device_that_comes_back_is_waited_for() {
    let (server, _) = serve(first()).await;
    let (addr, one) = (server.addr, device(&server, PROFILE));
    let two = with(&server, "", "admin", None, None);
    drop(server);
    for device in [&one, &two] {
        let start = Instant::now();
        assert!(!device.wait_alive(Duration::from_millis(200)).await);
        assert!(start.elapsed() < Duration::from_secs(2));
    }
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let listener = tokio::net::TcpListener::bind(addr).await.unwrap();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(answer(200, "{}").as_bytes()).await;
        }
    });
    assert!(one.wait_alive(Duration::from_secs(10)).await);
    assert!(two.wait_alive(Duration::from_secs(10)).await);
}

// ---- guard ----

// ---- masking ----

#[tokio::test]
async fn no_secret_survives_masking() {
    let (server, model) = serve(json!({"name": "one", "secret": "shown \"in\" clear"})).await;
    model.lock().unwrap().clear = true;
    let device = with(&server, PROFILE, "admin", Some("pass/word"), Some("t0ken"));
    Guard::take(&device, vec![guarded(&[])]).await;
    assert_eq!(
        device.mask(
            "admin t0ken pass/word pass%2Fword Basic YWRtaW46cGFzcy93b3Jk \
             {\"secret\":\"shown \\\"in\\\" clear\"}"
        ),
        "admin $PROBITY_TOKEN $PROBITY_PASSWORD $PROBITY_PASSWORD Basic $PROBITY_BASIC \
         {\"secret\":\"***\"}"
    );
}

#[tokio::test]
async fn every_spelling_of_a_secret_is_masked() {
    let (server, _) = serve(first()).await;
    let device = device(&server, PROFILE);
    assert_eq!(
        device.mask(&format!("{MD5} {}", MD5.to_uppercase())),
        "$PROBITY_PASSWORD_MD5 $PROBITY_PASSWORD_MD5"
    );
    let values = [("/secret", json!("q\"uote"))];
    Guard::take(&device, vec![guarded(&values)]).await;
    assert_eq!(device.mask(r#"q"uote q\"uote q%22uote"#), "*** *** ***");
    // One secret may be a part of another.
    let nested = with(&server, PROFILE, "admin", Some("d33p"), Some("d33p-er"));
    assert_eq!(
        nested.mask("d33p d33p-er"),
        "$PROBITY_PASSWORD $PROBITY_TOKEN"
    );
    // Too short to be told from anything else.
    let short = with(&server, PROFILE, "admin", Some("pw"), None);
    assert_eq!(short.mask("the pw is wrong"), "the pw is wrong");
    assert!(!format!("{:?}", server.options().credentials).contains("pw"));
}

#[tokio::test]
async fn a_request_shows_names_and_the_wire_values() {
    let (server, _) = serve(first()).await;
    let device = device(&server, PROFILE);
    device.login().await.unwrap();
    let login = Profile::from_toml(PROFILE).unwrap().login.unwrap();
    let request = login.request();
    assert_eq!(
        request.target.to_string(),
        "/login?password=$PROBITY_PASSWORD_MD5&username=$PROBITY_USERNAME"
    );
    assert_eq!(login.secrets(), [Secret::PasswordMd5, Secret::Username]);
    let exchange = device.send(&Request::Http(request), false).await;
    assert_eq!(class(&exchange), "200");
    assert_eq!(class(&device.send(&get("/info"), false).await), "200");
}
