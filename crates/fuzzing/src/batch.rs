//! Lines of `probity pattern --batch`: one answer each.

use probity::pattern::batch::Batch;
use serde_json::Value;

/// The bytes are lines.
pub fn body(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut batch = Batch::new();
    // What was asked before must not change an answer: the last line is asked again, alone.
    let mut last = None;
    for line in text.lines().take(4) {
        let answer = batch.answer(line);
        well_formed(line, &answer);
        last = Some((line, answer));
    }
    if let Some((line, answer)) = last {
        assert_eq!(Batch::new().answer(line), answer, "{line}");
    }
}

fn well_formed(line: &str, answer: &Value) {
    let has = |name: &str| answer.get(name).is_some();
    let compiles = answer.get("compiles").and_then(Value::as_bool);
    let fits = match compiles {
        Some(true) => answer.get("accepts").is_none_or(Value::is_boolean),
        Some(false) => has("error") && has("offset"),
        None => has("unsupported") || has("relation") || has("error"),
    };
    assert!(fits, "{line} drew {answer}");
    let Some(relation) = answer.get("relation").and_then(Value::as_str) else {
        return;
    };
    let shown = |name: &str| answer.get(name).is_some_and(Value::is_string);
    let (a, b, both) = (shown("a_only"), shown("b_only"), shown("both"));
    let fits = match relation {
        "equal" => !a && !b,
        "subset" => !a && b,
        "superset" => a && !b,
        "overlap" => a && b && both,
        "disjoint" => a && b && !both,
        "unknown" => true,
        _ => false,
    };
    assert!(fits, "{line} drew {answer}");
}
