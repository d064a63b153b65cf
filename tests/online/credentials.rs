//! Every security scheme of OpenAPI is fed, at the operations and in requests of our own; a run that
//! cannot be let in is no success.

use crate::support;

use probity::contract::load_bytes;
use probity::device::{Credentials, Viewer};
use probity::mock;
use probity::run::Verdict;
use probity::run::result::{Report, Status};
use std::time::Duration;
use support::Suite;

fn suite(scheme: &str) -> Suite {
    let document = format!(
        r#"
openapi: 3.0.3
info: {{title: a device with a name, version: "1"}}
components:
  securitySchemes:
    door: {scheme}
paths:
  /name:
    get:
      operationId: getName
      security: [{{door: []}}]
      responses:
        "200":
          description: the name
          content: {{application/json: {{schema: {{type: object, required: [name], properties: {{name: {{type: string, minLength: 1, maxLength: 12}}}}}}}}}}
        "401": {{description: who are you}}
    put:
      operationId: putName
      security: [{{door: []}}]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties:
                name: {{type: string, minLength: 1, maxLength: 12}}
      responses:
        "200": {{description: stored}}
        "400": {{description: not stored}}
        "401": {{description: who are you}}
"#
    );
    let contract = load_bytes("name.yaml", document.as_bytes()).expect("contract");
    let profile = toml::from_str("[read-back.putName]\npath = \"/name\"\n").expect("profile");
    Suite::new(contract, profile)
}

const SCHEMES: [&str; 8] = [
    "{type: http, scheme: bearer}",
    "{type: http, scheme: basic}",
    "{type: apiKey, name: X-Key, in: header}",
    "{type: apiKey, name: key, in: query}",
    "{type: apiKey, name: key, in: cookie}",
    "{type: http, scheme: digest}",
    "{type: oauth2, flows: {password: {tokenUrl: /token, scopes: {}}}}",
    "{type: oauth2, flows: {clientCredentials: {tokenUrl: /oauth/token, scopes: {a: b}}}}",
];

#[test]
fn every_scheme_is_fed_and_the_settings_are_read_with_it() {
    for scheme in SCHEMES {
        let suite = suite(scheme);
        let report = suite.run(suite.mock(), &mut ()).report;
        assert_eq!(
            report.exit.code,
            0,
            "{scheme}: {:?}",
            report.findings.first()
        );
        for promise in &report.promises {
            let told = ["putName.state.readback", "putName.state.refusal"];
            if told.contains(&promise.id.as_str()) {
                assert_eq!(promise.status, Status::Kept, "{scheme}: {}", promise.id);
            }
        }
        assert_eq!(report.device.restored, Some(true), "{scheme}");
    }
}

#[test]
fn a_run_that_is_not_let_in_judges_nothing() {
    for scheme in SCHEMES {
        let suite = suite(scheme);
        let mock = mock::spawn(suite.mock()).expect("mock");
        let nobody = Credentials::default();
        let outcome = suite.run_on(&mock, nobody, &mut (), Duration::from_millis(1_500));
        mock.stop();
        assert_eq!(outcome.verdict, Verdict::NotJudged, "{scheme}");
        assert!(outcome.report.findings.is_empty(), "{scheme}");
        let kept = |id: &str| {
            let promises = &outcome.report.promises;
            promises
                .iter()
                .any(|p| p.id == id && p.status == Status::Kept)
        };
        assert!(!kept("putName.state.refusal"), "nothing was read: {scheme}");
    }
}

/// A second user, whose credentials come as those of the first do.
fn with_viewer(scheme: &str, more: &str) -> Suite {
    let suite = suite(scheme);
    let client = scheme.contains("clientCredentials");
    let ready = scheme.contains("bearer") || scheme.contains("apiKey") || client;
    let who = match ready {
        true => "token-env = 'PROBITY_VIEWER'",
        false => "username = 'guest'\npassword-env = 'PROBITY_VIEWER'",
    };
    let profile = format!("[read-back.putName]\npath = '/name'\n[roles.viewer]\n{who}\n{more}\n");
    let profile = probity::profile::Profile::from_toml(&profile).expect("profile");
    Suite::new(std::sync::Arc::unwrap_or_clone(suite.contract), profile)
}

fn status(report: &Report, promise: &str) -> Option<Status> {
    let mut promises = report.promises.iter();
    promises.find(|p| p.id == promise).map(|p| p.status)
}

#[test]
fn a_second_user_may_read_and_not_write() {
    for scheme in SCHEMES {
        let suite = with_viewer(scheme, "");
        let report = suite.run(suite.mock(), &mut ()).report;
        assert_eq!(report.exit.code, 0, "{scheme}: {}", support::told(&report));
        let kept = status(&report, "putName.auth.roles");
        assert_eq!(
            kept,
            Some(Status::Kept),
            "{scheme}: {}",
            support::told(&report)
        );

        let fault = ["viewer-may-write".to_owned()];
        let report = suite.run(suite.mock().with_faults(fault), &mut ()).report;
        let told: Vec<&str> = report.findings.iter().map(|f| f.promise.as_str()).collect();
        assert_eq!(told, ["putName.auth.roles"], "{scheme}");
        assert_eq!(report.device.restored, Some(true), "{scheme}");
    }
}

/// What the profile lets them do is not held against the device; nor is anything where they are not
/// let in at all, which is no refusal of rights.
#[test]
fn a_second_user_is_tested_where_it_means_something() {
    let suite = with_viewer(SCHEMES[1], "may = ['putName']");
    let fault = ["viewer-may-write".to_owned()];
    let report = suite.run(suite.mock().with_faults(fault), &mut ()).report;
    assert!(report.findings.is_empty(), "{}", support::told(&report));
    assert_eq!(status(&report, "putName.auth.roles"), None);

    for scheme in SCHEMES {
        let suite = with_viewer(scheme, "");
        let config = suite.mock();
        let mut credentials = support::credentials(&config);
        credentials.viewer = Some(Viewer::User("guest".to_owned(), "wrong".into()));
        if let Some(Viewer::Token(_)) = support::credentials(&config).viewer {
            credentials.viewer = Some(Viewer::Token("wrong".into()));
        }
        let mock = mock::spawn(config).expect("mock");
        let outcome = suite.run_on(&mock, credentials, &mut (), Duration::from_millis(1_500));
        mock.stop();
        assert!(outcome.report.findings.is_empty(), "{scheme}");
        let undecided = status(&outcome.report, "putName.auth.roles");
        assert_eq!(undecided, Some(Status::Undecided), "{scheme}");
    }
}

/// Logins of the profile: a token in the answer, and the cookies of a page.
const LOGINS: [(&str, &str); 2] = [
    (
        "{type: http, scheme: bearer}",
        "[login]\nmethod = 'POST'\npath = '/login'\ntoken = '/token'\n\
         body = { user = '{username}', pass = '{password}' }\nlogout = { path = '/logout' }\n",
    ),
    (
        "{type: apiKey, name: session, in: cookie}",
        "[login]\nmethod = 'POST'\npath = '/login'\ncookies = true\n\
         form = { user = '{username}', pass = '{password}', csrf = '{csrf}' }\n\
         logout = { path = '/logout' }\n[login.csrf]\npage = '/page'\nfield = 'csrf'\n\
         send = 'X-CSRF-Token'\n",
    ),
];

fn with_login((scheme, login): (&str, &str)) -> Suite {
    let suite = suite(scheme);
    let profile = format!(
        "{login}[read-back.putName]\npath = '/name'\n[roles.viewer]\nusername = 'guest'\n\
         password-env = 'PROBITY_VIEWER'\n"
    );
    let profile = probity::profile::Profile::from_toml(&profile).expect("profile");
    Suite::new(std::sync::Arc::unwrap_or_clone(suite.contract), profile)
}

#[test]
fn a_session_ends_with_its_log_out_and_begins_with_its_login() {
    for login in LOGINS {
        let suite = with_login(login);
        let report = suite.run(suite.mock(), &mut ()).report;
        assert_eq!(report.exit.code, 0, "{login:?}: {}", support::told(&report));
        for promise in ["getName.auth.logout", "putName.auth.roles"] {
            let kept = status(&report, promise);
            assert_eq!(kept, Some(Status::Kept), "{promise} {login:?}");
        }
        let cookies = login.1.contains("cookies");
        let faults = [
            ("logout-keeps-session", "getName.auth.logout", true),
            ("login-keeps-session-id", "getName.auth.login", cookies),
            ("viewer-may-write", "putName.auth.roles", true),
        ];
        for (fault, promise, there) in faults {
            if !there {
                continue;
            }
            let config = suite.mock().with_faults([fault.to_owned()]);
            let report = suite.run(config, &mut ()).report;
            let told: Vec<&str> = report.findings.iter().map(|f| f.promise.as_str()).collect();
            assert_eq!(told, [promise], "{fault} {login:?}");
        }
    }
}
