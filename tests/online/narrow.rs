//! Items whose ids the client chooses out of few, items that are made at a path of their own, and answers
//! that are coded though nobody asked.

use crate::handler::{Asked, Drawn, bare, json as drawn, judged, serve};
use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: {title: Exchange, version: "1"}
paths:
  /settings:
    get:
      operationId: getSettings
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Settings"}}}}}
    put:
      operationId: putSettings
      summary: Replaces the settings
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Settings"}}}}
      responses: {"204": {description: stored}, "400": {description: invalid}}
  /lines:
    get:
      operationId: listLines
      responses: {"200": {description: all, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Line"}}}}}}
  MADE:
    post:
      operationId: addLine
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Line"}}}}
      responses: {"201": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Line"}}}}, "400": {description: invalid}, "409": {description: taken}}
  /lines/{number}:
    parameters: [{name: number, in: path, required: true, schema: RULES}]
    get:
      operationId: getLine
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Line"}}}}, "404": {description: none}}
    delete:
      operationId: deleteLine
      responses: {"204": {description: gone}, "404": {description: none}}
components:
  schemas:
    Settings: {type: object, required: [level], properties: {level: {type: integer, minimum: 0, maximum: 10}}}
    Line: {type: object, required: [number, name], properties: {number: RULES, name: {type: string, minLength: 1, maxLength: 40}}}
"##;

/// What the device takes for a number, as the document says it.
type Fits = fn(&str) -> bool;

const DIGITS: (&str, Fits) = ("{type: string, pattern: '^[1-9][0-9]{2,4}$'}", |text| {
    (3..=5).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
        && !text.starts_with('0')
});
const SLOTS: (&str, Fits) = ("{type: string, enum: [a, b, c, d, e, f, g]}", |text| {
    ["a", "b", "c", "d", "e", "f", "g"].contains(&text)
});
const SHORT: (&str, Fits) = (
    "{type: string, minLength: 1, maxLength: 4, pattern: '^[a-z]+$'}",
    |text| (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase()),
);

struct Exchange {
    lines: Mutex<Vec<Value>>,
    level: Mutex<i64>,
    fits: Fits,
    made: &'static str,
    /// Codes every body.
    code: fn(Drawn) -> Drawn,
}

fn start(
    fits: Fits,
    made: &'static str,
    code: fn(Drawn) -> Drawn,
    taken: &[&str],
) -> (SocketAddr, Arc<Exchange>) {
    let line = |number: &&str| json!({"number": number, "name": "theirs"});
    let exchange = Arc::new(Exchange {
        lines: Mutex::new(taken.iter().map(line).collect()),
        level: Mutex::new(3),
        fits,
        made,
        code,
    });
    let device = exchange.clone();
    (serve(move |asked| device.answer(asked)), exchange)
}

impl Exchange {
    fn lines(&self) -> Vec<Value> {
        self.lines.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    fn answer(&self, asked: &Asked) -> Drawn {
        let drawn = self.plain(asked);
        match drawn.body.is_empty() {
            true => drawn,
            false => (self.code)(drawn),
        }
    }

    fn plain(&self, asked: &Asked) -> Drawn {
        let mut lines = self.lines.lock().unwrap_or_else(|e| e.into_inner());
        let mut level = self.level.lock().unwrap_or_else(|e| e.into_inner());
        let sent = asked.json().unwrap_or_default();
        if asked.method == "POST" && asked.path == self.made {
            let number = sent["number"].as_str().filter(|n| (self.fits)(n));
            let name = sent["name"]
                .as_str()
                .filter(|n| (1..=40).contains(&n.chars().count()));
            let Some((number, name)) = number.zip(name) else {
                return bare(400);
            };
            if lines.iter().any(|l| l["number"] == number) {
                return bare(409);
            }
            let line = json!({"number": number, "name": name});
            lines.push(line.clone());
            return drawn(201, &line);
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET" | "HEAD", "/settings") => drawn(200, &json!({"level": *level})),
            ("PUT", "/settings") => {
                let whole = sent["level"].as_f64().filter(|l| l.fract() == 0.0);
                let Some(new) = whole.filter(|l| (0.0..=10.0).contains(l)) else {
                    return bare(400);
                };
                *level = new as i64;
                bare(204)
            }
            ("GET" | "HEAD", "/lines") => drawn(200, &json!(*lines)),
            (_, "/settings") => bare(405).with("Allow", "GET, HEAD, PUT"),
            (_, path) if path == "/lines" || path == self.made => match asked.path.as_str() {
                "/lines/add" => bare(405).with("Allow", "POST"),
                _ => bare(405).with("Allow", "GET, HEAD, POST"),
            },
            (method, path) => {
                let number = path.strip_prefix("/lines/").unwrap_or_default();
                let Some(at) = lines.iter().position(|l| l["number"] == number) else {
                    return bare(404);
                };
                match method {
                    "GET" | "HEAD" => drawn(200, &lines[at]),
                    "DELETE" => {
                        lines.remove(at);
                        bare(204)
                    }
                    _ => bare(405).with("Allow", "GET, HEAD, DELETE"),
                }
            }
        }
    }
}

fn as_it_is(drawn: Drawn) -> Drawn {
    drawn
}

fn document(made: &str, rules: &str) -> String {
    let whole = DOCUMENT.replace("RULES", rules);
    match made {
        "/lines" => whole.replace("  MADE:\n", ""),
        made => whole.replace("MADE", made),
    }
}

/// How an operation was judged, and what is said of it.
fn state_of(report: &Value, operation: &str) -> String {
    let operations = report["operations"].as_array().expect("operations");
    let found = operations
        .iter()
        .find(|o| o["operation"] == operation || o["id"] == operation);
    found.map_or_else(|| "absent".to_owned(), Value::to_string)
}

#[test]
fn ids_that_clients_choose_out_of_few_are_chosen_so_that_none_is_taken() {
    for (what, (rules, fits), taken) in [
        ("digits", DIGITS, &["100", "101", "102", "999"][..]),
        ("slots", SLOTS, &["a", "b"]),
        ("short", SHORT, &["aaaa", "a", "name"]),
    ] {
        let (addr, exchange) = start(fits, "/lines", as_it_is, taken);
        let before = exchange.lines();
        let (output, report) = judged(&document("/lines", rules), addr, &["--no-auth"]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(exchange.lines(), before, "{what}: {text}");
        assert_eq!(output.status.code(), Some(0), "{what}: {text}");
        for operation in ["addLine", "getLine", "deleteLine"] {
            let state = state_of(&report, operation);
            assert!(state.contains("\"judged\""), "{what}: {state} {text}");
        }
    }
}

#[test]
fn where_every_id_is_taken_nothing_is_created_and_the_reason_is_said() {
    let all = ["a", "b", "c", "d", "e", "f", "g"];
    let (rules, fits) = SLOTS;
    let (addr, exchange) = start(fits, "/lines", as_it_is, &all);
    let before = exchange.lines();
    let (output, report) = judged(&document("/lines", rules), addr, &["--no-auth"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(exchange.lines(), before, "{text}");
    assert_ne!(output.status.code(), Some(6), "{text}");
    let said = report.to_string();
    assert!(
        said.contains("every id that its rules allow is taken"),
        "{said}"
    );
}

#[test]
fn what_is_made_at_a_path_of_its_own_is_found_in_the_list_and_removed() {
    let (rules, fits) = DIGITS;
    let (addr, exchange) = start(fits, "/lines/add", as_it_is, &["100"]);
    let before = exchange.lines();
    let (output, report) = judged(&document("/lines/add", rules), addr, &["--no-auth"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(exchange.lines(), before, "{text}");
    assert_eq!(output.status.code(), Some(0), "{text}");
    for operation in ["addLine", "deleteLine"] {
        let state = state_of(&report, operation);
        assert!(state.contains("\"judged\""), "{state} {text}");
    }
}

fn twice_coded(mut drawn: Drawn) -> Drawn {
    let mut inner = ZlibEncoder::new(Vec::new(), Compression::default());
    inner.write_all(&drawn.body).expect("memory");
    let inner = inner.finish().expect("memory");
    let mut outer = GzEncoder::new(Vec::new(), Compression::default());
    outer.write_all(&inner).expect("memory");
    drawn.body = outer.finish().expect("memory");
    drawn.with("Content-Encoding", "deflate, gzip")
}

fn coded_by_nobody(mut drawn: Drawn) -> Drawn {
    drawn.body.iter_mut().for_each(|octet| *octet ^= 0x80);
    drawn.with("Content-Encoding", "br")
}

#[test]
fn answers_that_are_coded_though_nobody_asked_are_read_or_nothing_is_written() {
    let (rules, fits) = DIGITS;
    let (addr, exchange) = start(fits, "/lines", twice_coded, &["100"]);
    let before = exchange.lines();
    let (output, _) = judged(&document("/lines", rules), addr, &["--no-auth"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(exchange.lines(), before, "{text}");
    assert_eq!(output.status.code(), Some(0), "{text}");

    let (addr, exchange) = start(fits, "/lines", coded_by_nobody, &["100"]);
    let before = exchange.lines();
    let (output, report) = judged(&document("/lines", rules), addr, &["--no-auth"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(exchange.lines(), before, "{text}");
    let state = state_of(&report, "putSettings");
    assert!(state.contains("coded (br)"), "{state} {text}");
    // Nothing was sent that writes what nobody can read.
    assert_ne!(output.status.code(), Some(6), "{text}");
}
