//! Hostile text in every string field. Only payloads that do no harm where they work: they sleep
//! for no time, add a header of ours, calculate forty-nine. May import what [`crate::case`] may.

use super::constraints::text_keyword;
use super::draft::{Scene, Sketch, WhenOpen, main_type, scenes, shown};
use super::model::{Case, Context, Strategy};
use crate::contract::{FieldPath, JsonType, Schema};
use crate::pattern::Assessment;
use serde_json::Value;

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Hostile;

impl Strategy for Hostile {
    fn name(&self) -> &'static str {
        "hostile"
    }

    fn explain(&self) -> &'static str {
        "What ends up in a header, a shell, a query, a format string, a configuration file, a \
         page, a log or a fixed buffer: sent in every string field. Where the page forbids the \
         text it must be refused, where it allows it, accepted and read back unchanged; in both \
         cases the device must answer and live on. Payloads do no harm where they work."
    }

    fn cases(&self, context: &Context<'_>) -> Vec<Case> {
        let mut cases = Vec::new();
        for mut scene in scenes(context, self.name()) {
            let fields: Vec<(FieldPath, Schema)> = scene
                .fields()
                .into_iter()
                .filter(|f| main_type(f.schema) == Some(JsonType::String))
                .map(|f| (f.path, f.schema.clone()))
                .collect();
            let turn = usize::try_from(context.seed % 97).unwrap_or(0);
            for (i, (path, schema)) in fields.iter().enumerate() {
                for (j, payload) in PAYLOADS.iter().enumerate() {
                    let mine = (j + turn) % fields.len().max(1) == i;
                    send(&mut scene, path, schema, payload, mine);
                }
                for (j, (name, tier, length)) in LENGTHS.iter().enumerate() {
                    let mine = (j + turn) % fields.len().max(1) == i;
                    let tier = if mine { (*tier).min(3) } else { *tier };
                    over_long(&mut scene, path, schema, (name, tier, *length));
                }
            }
            if let Some((path, _)) = fields.get(turn % fields.len().max(1)) {
                lone_surrogates(&mut scene, path);
            }
            cases.append(&mut scene.into_cases());
        }
        cases
    }
}

struct Payload {
    name: &'static str,
    text: &'static str,
    /// Sent in every field, not in one in turn.
    everywhere: bool,
}

const fn payload(name: &'static str, text: &'static str, everywhere: bool) -> Payload {
    Payload {
        name,
        text,
        everywhere,
    }
}

const PAYLOADS: &[Payload] = &[
    payload("format", "%x%s%n", true),
    payload("shell-substitution", "$(sleep 0)", true),
    payload("header", "x\r\nX-Probity: injected", false),
    payload("configuration-line", "x\nprobity=1", false),
    payload("sql", "' OR '1'='1", false),
    payload("markup", "<script>0</script>", false),
    payload("path", "../../../../dev/null", false),
    payload("nul-inside", "a\0b", false),
    payload("shell-chain", ";true;", false),
    payload("shell-backticks", "`true`", false),
    payload("quote-end", "\"}", false),
    payload("template", "{{7*7}}${7*7}", false),
    payload("terminal", "\u{1b}[31m\u{7}", false),
    payload("highest-code-point", "\u{10FFFF}", false),
    payload(
        "many-marks",
        "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}",
        false,
    ),
    payload("ldap", "*)(uid=*", false),
    payload("xml", "]]><!--&e;", false),
    payload("backslashes", "\\\\x\\n\\", false),
    payload("bidi", "\u{202e}abc\u{2066}", false),
    payload("formula", "=1+1", false),
];

/// Name, tier, characters: behind the sizes that fixed buffers have.
const LENGTHS: &[(&str, u8, usize)] = &[
    ("1024", 1, 1_024),
    ("300", 4, 300),
    ("4096", 4, 4_096),
    ("65536", 5, 65_536),
];

fn send(
    scene: &mut Scene<'_, '_>,
    path: &FieldPath,
    schema: &Schema,
    payload: &Payload,
    mine: bool,
) {
    // An enumeration has few ways to misuse a string; the rest is the same code as another field's.
    let tier = match (payload.everywhere, mine, scene.context.thorough) {
        (true, ..) => 2,
        (_, true, _) => 3,
        (_, _, true) => 6,
        _ => return,
    };
    let Some(body) = scene.with(path, Value::from(payload.text)) else {
        return;
    };
    scene.add(Sketch {
        field: path,
        keyword: text_keyword(schema),
        name: payload.name.to_owned(),
        title: format!("{path} is {}", shown(payload.text)),
        class: format!("hostile:{}", payload.name),
        tier,
        body,
        bytes: None,
        when_open: WhenOpen::AskAndRead("hostile text that the rules do not settle"),
    });
}

fn over_long(
    scene: &mut Scene<'_, '_>,
    path: &FieldPath,
    schema: &Schema,
    (name, tier, length): (&str, u8, usize),
) {
    // A valid beginning takes the text past checks of the beginning only.
    let start = match scene.sample(path) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let mut text = start.clone();
    let last = start.chars().last().unwrap_or('A');
    text.extend(std::iter::repeat_n(
        last,
        length.saturating_sub(start.chars().count()),
    ));
    let Some(body) = scene.with(path, Value::from(text)) else {
        return;
    };
    let keyword = if schema.max_length.is_some() {
        "maxLength"
    } else {
        text_keyword(schema)
    };
    let open = u8::from(scene.assess(&body).certainty == Assessment::Open);
    let sketch = Sketch {
        field: path,
        keyword,
        name: format!("over-long-{name}"),
        title: format!("{path} has {length} characters"),
        class: "hostile:over-long".to_owned(),
        // Whether it is allowed matters less than whether it is survived: what the page leaves
        // open comes a tier later, so it starts one earlier.
        tier: if length == 1_024 { tier - open } else { tier },
        body,
        bytes: None,
        when_open: WhenOpen::Ask("length of a text not stated"),
    };
    if length > MOST_OF_A_BODY {
        scene.add_too_large(sketch);
    } else {
        scene.add(sketch);
    }
}

/// Octets that any HTTP server reads of a body; beyond, 413 (RFC 9110 §15.5.14) and a closed
/// connection are no less right than the documented refusal.
const MOST_OF_A_BODY: usize = 8_192;

/// Escapes of half a surrogate pair, which are JSON but no text (RFC 8259 §8.2: unpredictable).
fn lone_surrogates(scene: &mut Scene<'_, '_>, path: &FieldPath) {
    for (name, token) in [
        ("lone-high-surrogate", r#""\ud800""#),
        ("lone-low-surrogate", r#""x\udc00y""#),
        ("surrogates-swapped", r#""\ude00\ud83d""#),
    ] {
        let Some(bytes) = scene.raw(path, token) else {
            continue;
        };
        scene.open(super::draft::OpenSketch {
            field: path,
            keyword: "type",
            name: name.to_owned(),
            title: format!("{path} is {token}"),
            class: "hostile:surrogate".to_owned(),
            tier: 3,
            bytes,
            question: "escape of half a surrogate pair",
        });
    }
}
