//! Every security scheme of OpenAPI is fed, at the operations and in requests of our own; a run that
//! cannot be let in is no success.

use crate::support;

use probity::contract::load_bytes;
use probity::device::Credentials;
use probity::mock;
use probity::run::Verdict;
use probity::run::result::Status;
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
