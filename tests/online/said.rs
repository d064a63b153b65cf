//! What the words of a document say and its schemas do not: members that depend on each other, blanks
//! that are taken away. A refusal for that is no broken promise; any other is.

use crate::handler::{Asked, Drawn, bare, json as drawn, judged, serve};
use serde_json::{Value, json};
use std::sync::Mutex;

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: {title: Heating, version: "1"}
paths:
  /heating:
    get:
      operationId: getHeating
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Heating"}}}}}
    put:
      operationId: putHeating
      description: "SAID"
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Heating"}}}}
      responses: {"204": {description: stored}, "400": {description: invalid}, "422": {description: "ANSWER"}}
components:
  schemas:
    Heating:
      type: object
      required: [day, night, label]
      properties:
        day: {type: integer, minimum: 5, maximum: 30}
        night: {type: integer, minimum: 5, maximum: 30, description: "NIGHT"}
        label: {type: string, minLength: 1, maxLength: 20, description: "LABEL"}
"##;

#[derive(Clone, Copy, Debug)]
enum Way {
    /// `night` is never above `day`.
    Night,
    /// Blanks at the ends go before the rules are looked at.
    Trims,
}

fn answer(state: &mut Value, way: Way, asked: &Asked) -> Drawn {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET" | "HEAD", "/heating") => drawn(200, state),
        ("PUT", "/heating") => {
            let mut sent = asked.json().unwrap_or_default();
            let degrees = |name: &str| {
                let value = sent[name].as_f64().filter(|v| v.fract() == 0.0);
                value.filter(|v| (5.0..=30.0).contains(v))
            };
            let text = sent["label"].as_str().map(str::to_owned);
            let (Some(day), Some(night), Some(mut text)) = (degrees("day"), degrees("night"), text)
            else {
                return bare(400);
            };
            if !(1..=20).contains(&text.chars().count()) {
                return bare(400);
            }
            match way {
                Way::Night if night > day => return bare(422),
                Way::Night => {}
                Way::Trims => text = text.trim().to_owned(),
            }
            if text.is_empty() {
                return bare(400);
            }
            sent["label"] = json!(text);
            *state = sent;
            bare(204)
        }
        (_, "/heating") => bare(405).with("Allow", "GET, HEAD, PUT"),
        _ => bare(404),
    }
}

#[test]
fn what_is_said_in_words_is_heeded() {
    let trims = "Blanks at the ends are trimmed";
    for (way, [said, answer_said, night, label], accused) in [
        (
            Way::Night,
            ["`night` must not be above `day`.", "", "", ""],
            false,
        ),
        (Way::Night, ["", "night above day", "", ""], false),
        (Way::Night, ["", "", "Never higher than day", ""], false),
        (
            Way::Night,
            ["Sets day and night", "no", "At night", ""],
            true,
        ),
        (Way::Trims, ["", "", "", trims], false),
        (Way::Trims, ["", "", "", "A text"], true),
    ] {
        let state = Mutex::new(json!({"day": 21, "night": 17, "label": "Hall"}));
        let addr = serve(move |asked| {
            answer(
                &mut state.lock().unwrap_or_else(|e| e.into_inner()),
                way,
                asked,
            )
        });
        let document = DOCUMENT
            .replace("SAID", said)
            .replace("ANSWER", answer_said)
            .replace("NIGHT", night)
            .replace("LABEL", label);
        let (_, report) = judged(&document, addr, &["-q"]);
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        let refused = findings.iter().any(|f| f["kind"] == "rejects-valid");
        assert_eq!(
            refused, accused,
            "{way:?} {said} {night} {label}: {findings:?}"
        );
        assert!(accused || findings.is_empty(), "{findings:?}");
    }
}
