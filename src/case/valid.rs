//! What the page allows, to be accepted and read back. May import what [`crate::case`] may.

use super::build::{emit, get, remove, set};
use super::constraints::{samples, stretched, text_of};
use super::draft::{
    Scene, Sketch, WhenOpen, main_type, mark, may_call, scenes, shown, unsure_target,
};
use super::model::{Case, Check, Context, Expect, Strategy};
use super::spell::spellings;
use super::unstated::stated_range;
use crate::contract::{FaultKind, FieldPath, JsonType, Operation, Schema};
use crate::exchange::Request;
use crate::pattern::Assessment;
use serde_json::{Number, Value, json};

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Valid;

impl Strategy for Valid {
    fn name(&self) -> &'static str {
        "valid"
    }

    fn explain(&self) -> &'static str {
        "Bodies that every plausible reading of the page allows must be accepted and read back \
         the same: the smallest and the fullest, each optional member alone present and alone \
         absent, every word of an enumeration, every bound from the inside, every branch and \
         character class of a pattern, lists of every size, text that some layer may trim, \
         decode, escape or cut, and the same JSON in other spellings. A device that refuses or \
         changes a documented value breaks a promise too."
    }

    fn cases(&self, context: &Context<'_>) -> Vec<Case> {
        let mut cases = Vec::new();
        for op in &context.contract.operations {
            if op.body.is_none() && may_call(context, op) {
                cases.extend(without_body(context, op));
            }
        }
        for mut scene in scenes(context, self.name()) {
            wholes(&mut scene);
            presence(&mut scene);
            let fields: Vec<(FieldPath, Schema)> = scene
                .fields()
                .into_iter()
                .map(|f| (f.path, f.schema.clone()))
                .collect();
            for (path, schema) in &fields {
                alternatives(&mut scene, path, schema);
                if let Some(values) = &schema.enum_values {
                    words(&mut scene, path, values);
                    continue;
                }
                match main_type(schema) {
                    Some(JsonType::String) => texts(&mut scene, path, schema),
                    Some(JsonType::Integer | JsonType::Number) => inside(&mut scene, path, schema),
                    Some(JsonType::Boolean) => {
                        words(&mut scene, path, &[json!(true), json!(false)]);
                    }
                    Some(JsonType::Array) => sizes(&mut scene, path, schema),
                    _ => {}
                }
            }
            let schema = scene.schema.clone();
            alternatives(&mut scene, &FieldPath::root(), &schema);
            other_spellings(&mut scene);
            cases.append(&mut scene.into_cases());
        }
        cases
    }
}

/// The plain call of an operation that takes no JSON body and cannot change anything.
fn without_body(context: &Context<'_>, op: &Operation) -> Option<Case> {
    if !matches!(op.method.as_str(), "GET" | "HEAD") || op.success_statuses().is_empty() {
        return None;
    }
    let status = op.success_statuses().first().copied()?;
    let expect = match unsure_target(op) {
        None => Expect::Accepted,
        Some(question) => Expect::Either {
            question: question.to_owned(),
            faults: vec![super::model::Fault::whole(FaultKind::Parameter)],
        },
    };
    let mut promises = vec![
        format!("{}.responses.{status}", op.id),
        format!("{}.http.answers", op.id),
    ];
    promises.retain(|id| context.contract.promise(id).is_some());
    Some(Case {
        id: super::build::case_id(&op.id, "valid", "", "plain"),
        strategy: "valid",
        operation: op.id.clone(),
        promises,
        title: "a plain call".to_owned(),
        request: Request::Http(context.request(op, None)),
        expect,
        input_class: "plain".to_owned(),
        check: Check::Nothing,
        tier: 0,
    })
}

/// One body that is to be accepted; dropped where the page does not say so.
fn accepted(
    scene: &mut Scene<'_, '_>,
    field: &FieldPath,
    keyword: &'static str,
    (name, title, tier): (String, String, u8),
    body: Value,
) -> bool {
    if scene.assess(&body).certainty != Assessment::SurelyValid {
        return false;
    }
    let class = format!(
        "valid:{}",
        name.trim_end_matches(|c: char| c.is_ascii_hexdigit())
            .trim_end_matches('-')
    );
    scene.add(Sketch {
        field,
        keyword,
        name,
        title,
        class,
        tier,
        body,
        bytes: None,
        when_open: WhenOpen::Drop,
    });
    true
}

/// [`accepted`] with one value changed in the full body.
fn accepted_value(
    scene: &mut Scene<'_, '_>,
    field: &FieldPath,
    keyword: &'static str,
    (name, tier): (String, u8),
    value: Value,
) -> bool {
    let title = match &value {
        Value::String(text) => format!("{field} is {}", shown(text)),
        Value::Array(items) if items.len() > 4 => format!("{field} has {} items", items.len()),
        other => format!("{field} is {other}"),
    };
    let start = if get(&scene.full, field).is_some() {
        Some(scene.full.clone())
    } else {
        scene.context.base_with(scene.op, field)
    };
    let Some(body) = start.and_then(|body| set(&body, field, value)) else {
        return false;
    };
    accepted(scene, field, keyword, (name, title, tier), body)
}

fn wholes(scene: &mut Scene<'_, '_>) {
    let root = FieldPath::root();
    let bodies = [
        ("minimal", "required members only", scene.minimal.clone()),
        ("full", "every member", scene.full.clone()),
        (
            "other",
            "every member, with other values",
            scene.other.clone(),
        ),
    ];
    for (name, title, body) in bodies {
        let sketch = (name.to_owned(), title.to_owned(), 0);
        accepted(scene, &root, "type", sketch, body);
    }
    let examples = scene.op.body.iter().flat_map(|b| b.examples.clone());
    for (_, example) in examples.collect::<Vec<_>>() {
        let name = format!("example-{}", mark(&example.to_string()));
        scene.add(Sketch {
            field: &root,
            keyword: "type",
            name,
            title: "the page's own example".to_owned(),
            class: "valid:example".to_owned(),
            tier: 1,
            body: example,
            bytes: None,
            when_open: WhenOpen::AskAndRead("the page's own example breaks its own rules"),
        });
    }
}

/// Each optional member alone present and alone absent.
fn presence(scene: &mut Scene<'_, '_>) {
    let optional: Vec<FieldPath> = scene
        .fields()
        .into_iter()
        .filter(|f| !f.required && f.path.leaf().is_some())
        .filter(|f| !matches!(f.path.0.last(), Some(crate::contract::Step::Item)))
        .map(|f| f.path)
        .collect();
    let many = optional.len() > 1;
    for path in &optional {
        let present = get(&scene.minimal, path).is_none() && many;
        if present && let Some(body) = scene.context.base_with(scene.op, path) {
            let title = format!("{path} is the only optional member");
            accepted(
                scene,
                path,
                "type",
                ("alone-present".to_owned(), title, 2),
                body,
            );
        }
        if let Some(body) = remove(&scene.full, path) {
            if body == scene.minimal {
                continue;
            }
            let title = format!("{path} is absent");
            accepted(
                scene,
                path,
                "type",
                ("alone-absent".to_owned(), title, 1),
                body,
            );
        }
    }
}

fn words(scene: &mut Scene<'_, '_>, path: &FieldPath, values: &[Value]) {
    for value in values {
        let known = [&scene.full, &scene.other];
        if known.iter().any(|body| get(body, path) == Some(value)) {
            continue;
        }
        let name = format!(
            "value-{}",
            value.as_str().map_or(value.to_string(), str::to_owned)
        );
        accepted_value(scene, path, "enum", (name, 1), value.clone());
    }
}

/// Text that a layer of firmware may trim, decode, escape, cut or expand on its way to the store
/// and back; the first that the field's rules allow, then what each layer alone would change.
const TELLING: &[(&str, &str)] = &[
    ("everything", " %41+&amp;<b>\"q'\\n$HOME é "),
    ("decoded", "%41+&amp;%s"),
    ("quoted", "a\"b\\c'd"),
    ("markup", "<b>&lt;"),
    ("edges", " a b "),
    ("not-ascii", "Zoë 日本"),
    ("beyond-16-bits", "😀"),
    ("number-like", "007"),
    ("word-null", "null"),
    ("word-false", "false"),
    ("dotted-capitals", "A.B"),
];

fn texts(scene: &mut Scene<'_, '_>, path: &FieldPath, schema: &Schema) {
    let samples = samples(scene, path, schema);
    for (keyword, idea, length) in [
        ("minLength", "shortest", schema.min_length),
        ("maxLength", "longest", schema.max_length),
    ] {
        let length = length
            .or((idea == "shortest").then_some(0))
            .and_then(|l| usize::try_from(l).ok())
            .filter(|l| *l <= 4_096);
        let Some(length) = length else { continue };
        for text in stretched(&samples, length) {
            let name = idea.to_owned();
            if accepted_value(scene, path, keyword, (name, 1), Value::from(text)) {
                break;
            }
        }
    }
    if let Some(text) = text_of(scene, schema) {
        let limit = if scene.context.thorough { 60 } else { 8 };
        for (i, sample) in text.valid_cover(limit).into_iter().enumerate() {
            let name = format!("cover-{}-{}", sample.idea, mark(&sample.text));
            let tier = if i < 4 { 1 } else { 2 };
            let keyword = super::constraints::text_keyword(schema);
            accepted_value(scene, path, keyword, (name, tier), Value::from(sample.text));
        }
    }
    let mut one_is_in = false;
    for (idea, text) in TELLING {
        if one_is_in
            && matches!(
                *idea,
                "decoded" | "quoted" | "markup" | "edges" | "not-ascii"
            )
        {
            continue;
        }
        let name = format!("text-{idea}");
        let keyword = super::constraints::text_keyword(schema);
        let tier = if *idea == "everything" { 1 } else { 2 };
        let done = accepted_value(scene, path, keyword, (name, tier), Value::from(*text));
        one_is_in |= done && *idea == "everything";
    }
}

/// A published range from the inside: its ends, the numbers beside them, and where machine
/// integers end within it.
fn inside(scene: &mut Scene<'_, '_>, path: &FieldPath, schema: &Schema) {
    let (low, high) = stated_range(schema, path.leaf());
    let whole = schema.types.contains(&JsonType::Integer);
    let step = schema
        .multiple_of
        .as_ref()
        .and_then(Number::as_f64)
        .unwrap_or(1.0);
    let mut wanted: Vec<(&str, f64, u8)> = Vec::new();
    let exclusive = |b: &Option<crate::contract::Bound>| b.as_ref().is_some_and(|b| b.exclusive);
    if let Some(low) = low {
        let at = if exclusive(&schema.minimum) {
            low + step
        } else {
            low
        };
        wanted.push(("lowest", at, 1));
        wanted.push(("lowest-but-one", at + step, 3));
        if !whole {
            wanted.push(("just-inside-low", low + 0.25, 2));
        }
    }
    if let Some(high) = high {
        let at = if exclusive(&schema.maximum) {
            high - step
        } else {
            high
        };
        wanted.push(("highest", at, 1));
        wanted.push(("highest-but-one", at - step, 3));
        if !whole {
            wanted.push(("just-inside-high", high - 0.25, 2));
        }
    }
    for (idea, edge) in [
        ("above-7-bits", 128.0),
        ("above-8-bits", 256.0),
        ("above-15-bits", 32_768.0),
        ("above-16-bits", 65_536.0),
    ] {
        wanted.push((idea, (edge / step).ceil() * step, 2));
    }
    for (idea, value, tier) in wanted {
        let value = if value.fract() == 0.0 && value.abs() < 9e15 {
            json!(value as i64)
        } else {
            json!(value)
        };
        let keyword = if idea.starts_with("low") {
            "minimum"
        } else {
            "maximum"
        };
        accepted_value(scene, path, keyword, (idea.to_owned(), tier), value);
    }
}

fn sizes(scene: &mut Scene<'_, '_>, path: &FieldPath, schema: &Schema) {
    let least = schema.min_items.unwrap_or(0);
    let most = schema.max_items.unwrap_or(least.max(3)).min(200);
    for (idea, keyword, count) in [
        ("fewest", "minItems", least),
        ("most", "maxItems", most),
        ("two", "maxItems", 2),
    ] {
        let Ok(count) = usize::try_from(count) else {
            continue;
        };
        let items = scene.items(schema, count);
        if items.len() == count {
            let name = format!("{idea}-items");
            accepted_value(scene, path, keyword, (name, 1), Value::Array(items));
        }
    }
}

/// Each alternative of `oneOf` and `anyOf`, and `null` where it is allowed.
fn alternatives(scene: &mut Scene<'_, '_>, path: &FieldPath, schema: &Schema) {
    let choices = if schema.one_of.is_empty() {
        ("anyOf", &schema.any_of)
    } else {
        ("oneOf", &schema.one_of)
    };
    let (keyword, list) = choices;
    for (i, value) in scene.choices(schema, list).into_iter().enumerate() {
        let Some(value) = value else { continue };
        let name = format!("alternative-{i}");
        if path.0.is_empty() {
            let title = format!("alternative {i} of the body");
            accepted(scene, path, keyword, (name, title, 1), value);
        } else {
            accepted_value(scene, path, keyword, (name, 1), value);
        }
    }
    if schema.types.contains(&JsonType::Null) && !path.0.is_empty() {
        accepted_value(scene, path, "type", ("null".to_owned(), 1), Value::Null);
    }
}

/// The same JSON in other bytes.
fn other_spellings(scene: &mut Scene<'_, '_>) {
    let root = FieldPath::root();
    let (a, b) = (scene.full.clone(), scene.other.clone());
    for (i, spelling) in spellings().iter().enumerate() {
        // Two bodies in turn, so that each spelling changes what is stored.
        let body = if i % 2 == 0 { &b } else { &a };
        let bytes = (spelling.write)(body);
        if bytes == emit(body) {
            continue;
        }
        scene.add(Sketch {
            field: &root,
            keyword: "type",
            name: format!("spelling-{}", spelling.name),
            title: format!("every member, {}", spelling.title),
            class: format!("spelling:{}", spelling.name),
            tier: spelling.tier,
            body: body.clone(),
            bytes: Some(bytes),
            when_open: WhenOpen::Drop,
        });
    }
}
