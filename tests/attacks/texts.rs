//! Hostile texts, and files that hold them wherever a text may stand.

use serde_json::{Value, json};
use std::path::Path;

/// Shows that a text reached the page.
pub const MARK: &str = "mArK";
/// What drives a terminal or hides: title, clear screen, the same with C1, clipboard, hyperlink,
/// cursor home, backspaces, DEL, reversed text, isolates, zero width, tags.
pub const DRIVERS: [&str; 14] = [
    "\u{1b}]0;owned\u{7}",
    "\u{1b}[2J",
    "\u{9b}2J",
    "\u{9d}0;owned\u{9c}",
    "\u{1b}]52;c;b3duZWQ=\u{7}",
    "\u{1b}]8;;http://127.0.0.1/\u{1b}\\",
    "\u{1b}[H",
    "\u{1b}c",
    "\u{8}\u{8}",
    "\u{7f}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{e0041}",
];

/// The mark and everything that drives.
pub fn hostile() -> String {
    format!("{MARK}{}", DRIVERS.concat())
}

/// The first of [`DRIVERS`] that went through as it is.
pub fn driven(bytes: &[u8]) -> Option<&'static str> {
    let shows = |driver: &&str| {
        let driver = driver.as_bytes();
        bytes.windows(driver.len()).any(|window| window == driver)
    };
    DRIVERS.into_iter().find(shows)
}

/// A document whose every text is hostile.
pub fn document() -> Value {
    let bad = hostile();
    let member = format!("name{bad}");
    let answer = json!({"description": bad});
    json!({
        "openapi": "3.1.0",
        "info": {"title": bad, "version": bad, "description": bad},
        "paths": {
            "/settings": {
                "get": {
                    "operationId": format!("get{bad}"),
                    "responses": {"200": {"description": bad, "content": {"application/json": {
                        "schema": {"type": "object"}}}}}
                },
                "put": {
                    "operationId": format!("set{bad}"),
                    "summary": bad,
                    "description": bad,
                    "parameters": [{"name": format!("q{bad}"), "in": "query", "schema":
                        {"type": "string", "pattern": format!("^({bad}")}}],
                    "requestBody": {"required": true, "content": {"application/json": {"schema": {
                        "type": "object",
                        "required": [member, "missing"],
                        "properties": {
                            member: {"type": "string", "pattern": format!("^{bad}\\z[a-z]+$"),
                                "description": bad, "example": bad, "maxLength": 400},
                            "plain": {"type": "string", "enum": [bad, "b"], "default": 7},
                            "number": {"type": "integer", "minimum": 9, "maximum": 3, "x-y": bad},
                        }
                    }}}},
                    "responses": {"200": answer, "400": answer, format!("4{bad}"): answer}
                }
            },
            format!("/x{bad}/{{id{bad}}}"): {"delete": {
                "operationId": format!("delete{bad}"), "responses": {"204": answer}}},
        }
    })
}

/// A report, every text of it hostile but for what has to be what it is.
pub fn report() -> Value {
    let bad = hostile();
    let operation = format!("set{bad}");
    let promise = format!("{operation}.body.port.type");
    let place = json!({"pointer": bad, "page_line": null});
    json!({
        "schema": "probity-report/2",
        "tool": {"name": bad, "version": bad},
        "seed": 0,
        "contract": {"id": bad, "sha256": bad},
        "target": bad,
        "device": {"model": bad, "firmware": bad, "restarts": 0, "restored": true},
        "started_at": bad,
        "duration_ms": 1,
        "requests": {"planned": 1, "sent": 1, "answered": 1},
        "exit": {"code": 1, "reason": bad},
        "operations": [],
        "promises": [{"id": promise, "statement": bad, "source": place, "status": "broken",
            "cases": 1}],
        "findings": [{
            "fingerprint": bad, "promise": promise, "kind": "accepts-invalid",
            "severity": "medium", "title": bad, "expected": bad, "observed": bad, "case": bad,
            "confirmed": bad, "operations": [operation], "symptom": bad, "example": bad,
            "instance": bad, "shown": {"cases": 1, "of": 1},
            "reproducer": {"curl": bad, "request_file": bad},
            "evidence": {"request": bad, "answer": bad, "observations": [bad]},
        }],
        "divergences": [],
        "choices": [{"question": bad, "promise": bad, "device": bad, "case": bad}],
        "contract_issues": [],
        "unsupported": [],
        "notes": [bad],
    })
}

/// The same with plain texts.
pub fn plain_report() -> Value {
    let hostile = json!(hostile()).to_string();
    let text = report().to_string();
    let mut report: Value =
        serde_json::from_str(&text.replace(&hostile[1..hostile.len() - 1], "plain")).expect("JSON");
    report["findings"][0]["kind"] = json!("accepts-invalid");
    report
}

/// A known-issue file of one entry with this text wherever one may stand.
pub fn issue(text: &str, fingerprint: &str) -> String {
    let text = json!(text).to_string().replace('\u{7f}', "\\u007f");
    // Tags lie beyond what JSON's four digits say.
    format!(
        "[[issue]]\nfingerprint = {}\npromise = {text}\ntitle = {text}\nreason = {text}\n\
         owner = {text}\nsince = 2026-11-26\nticket = {text}\n",
        json!(fingerprint)
    )
}

/// Writes a value.
pub fn write(folder: &Path, name: &str, value: &Value) {
    std::fs::write(folder.join(name), value.to_string()).expect("file");
}
