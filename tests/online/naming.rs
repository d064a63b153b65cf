//! Writes of items that nothing creates but the write itself: the body names what the path names, or
//! another item is written, or this one gets another name.

use crate::handler::{Asked, Drawn, bare, json as drawn, judged, serve};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// `LIST` is a path with a list or without; `PARAMETER` and `MEMBER` name an item.
const DOCUMENT: &str = r##"
openapi: 3.1.0
info: {title: Presets, version: "1"}
paths:
  LIST:
    get:
      operationId: listPresets
      responses: {"200": {description: all, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Preset"}}}}}}
  /presets/{PARAMETER}:
    parameters: [{name: PARAMETER, in: path, required: true, schema: {$ref: "#/components/schemas/Name"}}]
    get:
      operationId: getPreset
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Preset"}}}}, "404": {description: none}}
    METHOD:
      operationId: setPreset
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Preset"}}}}
      responses: {"200": {description: stored}, "201": {description: new}, "400": {description: invalid}, "404": {description: none}}
components:
  schemas:
    Name: {type: string, minLength: 1, maxLength: 20, pattern: '^[a-z][a-z0-9]*$', example: gate}
    Preset:
      type: object
      required: [MEMBER, zoom]
      properties: {MEMBER: {$ref: "#/components/schemas/Name"}, zoom: {type: integer, minimum: 1, maximum: 30}}
"##;

type Presets = BTreeMap<String, Value>;

/// A device that goes by the name in the body, whatever the path says.
fn answer(presets: &mut Presets, member: &str, asked: &Asked) -> Drawn {
    let is_name = |name: &str| {
        let mut letters = name.chars();
        let first = letters.next().is_some_and(|c| c.is_ascii_lowercase());
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        first && name.len() <= 20 && letters.all(plain)
    };
    let id = asked.path.strip_prefix("/presets/").map(str::to_owned);
    match (asked.method.as_str(), id) {
        ("GET" | "HEAD", None) if asked.path == "/presets" => {
            drawn(200, &presets.values().cloned().collect())
        }
        ("GET" | "HEAD", Some(id)) => match presets.get(&id) {
            Some(preset) => drawn(200, preset),
            None => bare(404),
        },
        ("PUT" | "PATCH", Some(id)) => {
            let sent = asked.json().unwrap_or_default();
            let zoom = sent["zoom"].as_f64().filter(|z| z.fract() == 0.0);
            let name = sent[member].as_str().filter(|name| is_name(name));
            match (name, zoom) {
                (Some(name), Some(1.0..=30.0)) => {
                    presets.remove(&id);
                    presets.insert(name.to_owned(), json!({member: name, "zoom": sent["zoom"]}));
                    bare(200)
                }
                _ => bare(400),
            }
        }
        (_, Some(_)) => bare(405).with("Allow", "GET, HEAD"),
        (_, None) if asked.path == "/presets" => bare(405).with("Allow", "GET, HEAD"),
        _ => bare(404),
    }
}

#[test]
fn the_body_of_a_write_names_what_its_path_names() {
    for (list, parameter, member, method) in [
        ("/presets", "name", "name", "put"),
        ("/presets", "presetName", "name", "put"),
        ("/presets", "name", "name", "patch"),
        ("/presets", "preset", "id", "put"),
        // The item of the plan is there.
        ("/other", "name", "name", "put"),
        // Nothing but the state itself shows that it is named so.
        ("/other", "preset", "label", "put"),
    ] {
        let of = |name: &str, zoom: u8| json!({member: name, "zoom": zoom});
        let before: Presets = [("gate", 3), ("yard", 9)]
            .map(|(name, zoom)| (name.to_owned(), of(name, zoom)))
            .into();
        let presets = Arc::new(Mutex::new((before.clone(), 0)));
        let (shared, member_of) = (presets.clone(), member.to_owned());
        let addr = serve(move |asked| {
            let mut held = shared.lock().unwrap_or_else(|e| e.into_inner());
            let offered = !["PUT", "PATCH"].contains(&asked.method.as_str())
                || asked.method.eq_ignore_ascii_case(method);
            let drawn = match offered {
                true => answer(&mut held.0, &member_of, asked),
                false => bare(405).with("Allow", &format!("GET, HEAD, {}", method.to_uppercase())),
            };
            held.1 += usize::from(drawn.status == 200 && asked.method.starts_with('P'));
            drawn
        });
        let document = DOCUMENT
            .replace("LIST", list)
            .replace("PARAMETER", parameter)
            .replace("MEMBER", member)
            .replace("METHOD", method);
        let (_, report) = judged(&document, addr, &["-q"]);
        let row = format!("{list} {parameter} {member} {method}");
        let (after, writes) = presets.lock().unwrap_or_else(|e| e.into_inner()).clone();
        assert_eq!(after, before, "{row}");
        assert!(writes > 10, "{row}: {writes}");
        assert_eq!(report["findings"], json!([]), "{row}");
        // What could not be sent is not called kept.
        let promises = report["promises"].as_array().cloned().unwrap_or_default();
        let of_name = format!("setPreset.body.{member}.maxLength");
        let of_name = promises.iter().find(|p| p["id"] == json!(of_name));
        assert!(
            of_name.is_some_and(|p| p["status"] != "kept"),
            "{row}: {of_name:?}"
        );
    }
}
