//! Hostile text in every string field. Only payloads that do no harm where they work: they sleep
//! for no time, add a header of ours, calculate forty-nine.

use super::bodies::main_type;
use super::builder::{BodyCases, BodyDraft, Draft, WhenOpen, body_promise};
use super::constraints::text_keyword;
use super::model::{Case, Check, Context, Expect, Fault, Strategy};
use super::words::shown;
use crate::contract::{FaultKind, FieldPath, JsonType, Operation, Schema};
use crate::exchange::Request;
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

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        if let Some(mut builder) = BodyCases::of(context, op, self.name()) {
            let fields: Vec<(FieldPath, Schema)> = builder
                .bodies
                .fields()
                .into_iter()
                .filter(|f| main_type(f.schema) == Some(JsonType::String))
                .map(|f| (f.path, f.schema.clone()))
                .collect();
            let turn = usize::try_from(context.seed % 97).unwrap_or(0);
            for (i, (path, schema)) in fields.iter().enumerate() {
                for (j, payload) in PAYLOADS.iter().enumerate() {
                    let mine = (j + turn) % fields.len().max(1) == i;
                    send(&mut builder, path, schema, payload, mine);
                }
                for (j, (name, tier, length)) in LENGTHS.iter().enumerate() {
                    let mine = (j + turn) % fields.len().max(1) == i;
                    let tier = if mine { (*tier).min(3) } else { *tier };
                    over_long(&mut builder, path, schema, (name, tier, *length));
                }
            }
            if let Some((path, _)) = fields.get(turn % fields.len().max(1)) {
                lone_surrogates(&mut builder, path);
            }
            cases.append(&mut builder.into_cases());
        }
        cases
    }
}

struct Payload {
    name: &'static str,
    text: &'static str,
    reach: Reach,
}

/// Into how many fields a payload goes.
#[derive(Clone, Copy)]
enum Reach {
    /// Into every one: each has a format string of its own.
    Every,
    /// Into one field in turn, among the first: what it does is the worst.
    First,
    /// Into one field in turn, early: what it does shows in the answer or in the device's state.
    Early,
    /// Into one field in turn.
    One,
}
use Reach::{Early, Every, First, One};

const fn payload(name: &'static str, text: &'static str, reach: Reach) -> Payload {
    Payload { name, text, reach }
}

const PAYLOADS: &[Payload] = &[
    payload("format", "%x%s%n", Every),
    payload("shell-substitution", "$(sleep 0)", First),
    payload("header", "x\r\nX-Probity: injected", First),
    payload("configuration-line", "x\nprobity=1", Early),
    payload("sql", "' OR '1'='1", Early),
    payload("markup", "<script>0</script>", One),
    payload("path", "../../../../dev/null", One),
    payload("nul-inside", "a\0b", One),
    payload("shell-chain", ";true;", One),
    payload("shell-backticks", "`true`", One),
    payload("quote-end", "\"}", One),
    payload("template", "{{7*7}}${7*7}", One),
    payload("terminal", "\u{1b}[31m\u{7}", One),
    payload("highest-code-point", "\u{10FFFF}", One),
    payload(
        "many-marks",
        "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}",
        One,
    ),
    payload("ldap", "*)(uid=*", One),
    payload("xml", "]]><!--&e;", One),
    payload("backslashes", "\\\\x\\n\\", One),
    payload("bidi", "\u{202e}abc\u{2066}", One),
    payload("formula", "=1+1", One),
];

/// Name, tier, characters: behind the sizes that fixed buffers have.
const LENGTHS: &[(&str, u8, usize)] = &[
    ("1024", 1, 1_024),
    ("300", 4, 300),
    ("4096", 4, 4_096),
    ("65536", 5, 65_536),
];

fn send(
    builder: &mut BodyCases<'_, '_>,
    path: &FieldPath,
    schema: &Schema,
    payload: &Payload,
    mine: bool,
) {
    // An enumeration has few ways to misuse a string; the rest is the same code as another field's.
    let tier = match (payload.reach, mine, builder.context.thorough) {
        (First, true, _) => 1,
        (Every, ..) | (Early, true, _) => 2,
        (One, true, _) => 3,
        (_, _, true) => 6,
        _ => return,
    };
    let Some(body) = builder.bodies.with(path, Value::from(payload.text)) else {
        return;
    };
    // What it does matters more than whether it is allowed; see `over_long`.
    let early = matches!(payload.reach, Early | First);
    let open = builder.bodies.assess(&body).certainty == Assessment::Open;
    let tier = tier - u8::from(early && open);
    builder.add_body(BodyDraft {
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
    builder: &mut BodyCases<'_, '_>,
    path: &FieldPath,
    schema: &Schema,
    (name, tier, length): (&str, u8, usize),
) {
    // A valid beginning takes the text past checks of the beginning only.
    let start = match builder.bodies.sample(path) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let mut text = start.clone();
    let last = start.chars().last().unwrap_or('A');
    text.extend(std::iter::repeat_n(
        last,
        length.saturating_sub(start.chars().count()),
    ));
    let Some(body) = builder.bodies.with(path, Value::from(text)) else {
        return;
    };
    let keyword = if schema.max_length.is_some() {
        "maxLength"
    } else {
        text_keyword(schema)
    };
    let open = u8::from(builder.bodies.assess(&body).certainty == Assessment::Open);
    let sketch = BodyDraft {
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
    builder.add_sized(length, sketch);
}

/// Escapes of half a surrogate pair, which are JSON but no text (RFC 8259 §8.2: unpredictable).
fn lone_surrogates(builder: &mut BodyCases<'_, '_>, path: &FieldPath) {
    for (name, token) in [
        ("lone-high-surrogate", r#""\ud800""#),
        ("lone-low-surrogate", r#""x\udc00y""#),
        ("surrogates-swapped", r#""\ude00\ud83d""#),
    ] {
        let Some(bytes) = builder.bodies.raw(path, token) else {
            continue;
        };
        builder.add(Draft {
            about: &path.dotted(),
            name: name.to_owned(),
            title: format!("{path} is {token}"),
            class: "hostile:surrogate".to_owned(),
            tier: 3,
            promises: vec!["http.answers".to_owned(), body_promise(path, "type")],
            request: Request::Http(builder.context.request(builder.op, Some(bytes))),
            expect: Expect::Either {
                question: "escape of half a surrogate pair".to_owned(),
                faults: vec![
                    Fault::whole(FaultKind::NotJson),
                    Fault::at(FaultKind::Constraint, path),
                    Fault::at(FaultKind::WrongType, path),
                ],
            },
            check: Check::Unchanged,
        });
    }
}
