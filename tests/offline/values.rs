//! `[values]` of the profile: parameters that no document knows.

use probity::case::{Context, Expect, plan};
use probity::contract::{Contract, load_bytes, values};
use probity::exchange::Request;
use probity::profile::Profile;

const DOCUMENT: &str = r#"openapi: 3.1.0
info: {title: users, version: "1"}
paths:
  /users/{id}:
    parameters: [{$ref: '#/components/parameters/id'}]
    get:
      operationId: getUser
      parameters:
      - {name: depth, in: query, schema: {type: integer, maximum: 9}}
      responses: {"200": {description: ok}}
  /doors/{id}:
    parameters: [{$ref: '#/components/parameters/id'}]
    get:
      operationId: getDoor
      responses: {"200": {description: ok}}
components:
  parameters:
    id: {name: id, in: path, required: true, schema: {type: string, maxLength: 8}}
"#;

fn contract() -> Contract {
    load_bytes("users.yaml", DOCUMENT.as_bytes()).expect("loads")
}

fn given(profile: &str) -> Result<Contract, String> {
    let mut contract = contract();
    let profile = Profile::from_toml(profile)?;
    values::give(&mut contract, &profile)?;
    Ok(contract)
}

/// Targets of the plain call of each operation, and whether it must be accepted.
fn calls(contract: &Contract) -> Vec<(String, bool)> {
    let profile = Profile::default();
    let texts = contract.texts();
    let context = Context::new(contract, &profile, &texts);
    let cases = plan(&context, None).cases.into_iter();
    let plain = cases.filter(|case| case.strategy == "valid");
    let call = plain.filter_map(|case| match &case.request {
        Request::Http(http) => Some((http.target.to_string(), case.expect == Expect::Accepted)),
        Request::Raw(_) => None,
    });
    call.collect()
}

#[test]
fn each_path_gets_its_own_value() {
    for (_, sure) in calls(&contract()) {
        assert!(!sure, "nobody knows which user there is");
    }
    let table = [
        (
            "[values.\"/users/{id}\"]\nid = \"ada\"\n[values.getDoor]\nid = \"f door\"\n",
            vec![("/users/ada", true), ("/doors/f%20door", true)],
        ),
        (
            "[values.\"GET /users/{id}\"]\nid = \"ada\"\ndepth = 3\n",
            vec![("/users/ada?depth=3", true)],
        ),
    ];
    for (profile, wanted) in table {
        let contract = given(profile).expect(profile);
        let calls = calls(&contract);
        for (target, sure) in wanted {
            let call = (target.to_owned(), sure);
            assert!(
                calls.contains(&call),
                "{profile}: {call:?} is not in {calls:?}"
            );
        }
    }
}

#[test]
fn what_can_mean_nothing_is_refused() {
    for (profile, want) in [
        (
            "[values.\"/user/{id}\"]\nid = \"1\"\n",
            "did you mean /users/{id}?",
        ),
        (
            "[values.getUser]\nkey = \"1\"\n",
            "there is no such parameter; it has",
        ),
        (
            "[values.getUser]\nid = \"123456789\"\n",
            "the document does not allow this value",
        ),
        (
            "[values.getUser]\nid = 7\n",
            "the document does not allow this value",
        ),
        (
            "[values.getUser]\ndepth = 10\n",
            "the document does not allow this value",
        ),
        ("[values.getUser]\nid = \"..\"\n", "no segment of a path"),
        ("values = 1\n", "invalid type"),
    ] {
        let error = given(profile).expect_err(profile);
        assert!(error.contains(want), "{profile}: {error}");
    }
}
