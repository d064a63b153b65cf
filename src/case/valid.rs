//! What the page allows, to be accepted and read back.

use super::build::{emit, get, remove, set};
use super::constraints::stretched;
use super::draft::{
    Scene, Sketch, UNSURE_BODY, WhenOpen, main_type, mark, may_call, shown, unsure_target,
};
use super::model::{Case, Check, Context, Expect, Strategy};
use super::mutate::mutants;
use super::spell::spellings;
use super::unstated::stated_range;
use super::values::number;
use super::weaken::Checks;
use crate::contract::{self, FaultKind, FieldPath, JsonType, Operation, Schema, answers_promise};
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

    fn is_first(&self) -> bool {
        true
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        let required = op.body.as_ref().is_some_and(|body| body.required);
        if !required && may_call(context, op) {
            cases.extend(without_body(context, op));
        }
        if let Some(mut scene) = Scene::of(context, op, self.name()) {
            wholes(&mut scene);
            presence(&mut scene);
            whole_alternatives(&mut scene);
            mixed(&mut scene);
            other_spellings(&mut scene);
            cases.append(&mut scene.into_cases());
        }
        cases
    }
}

/// The plain call of an operation that cannot change anything, or whose body may be absent.
fn without_body(context: &Context<'_>, op: &Operation) -> Option<Case> {
    let reads = matches!(op.method.as_str(), "GET" | "HEAD");
    let open = match (op.success_statuses().is_empty(), reads) {
        (true, _) => Some("which success an operation has that documents none"),
        (false, true) => None,
        // An item that the run has created for it is there to be removed.
        (false, false) if op.method == "DELETE" && names_its_own(context, op) => None,
        // What stands may not allow it: nothing is there to be removed, or it is on already.
        (false, false) if op.body.is_none() => Some("whether the call can be done now"),
        (false, false) => Some("what a call without its optional body does"),
    };
    let expect = match unsure_target(context, op).or(open) {
        None => Expect::Accepted,
        Some(question) => Expect::Either {
            question: question.to_owned(),
            faults: vec![super::model::Fault::whole(FaultKind::Parameter)],
        },
    };
    let status = op.success_statuses().first().copied();
    let mut promises: Vec<String> = Vec::new();
    promises.extend(status.map(|status| format!("{}.responses.{status}", op.id)));
    promises.push(answers_promise(&op.id));
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
        check: match reads {
            true => Check::Nothing,
            false => Check::Unchanged,
        },
        tier: 0,
    })
}

/// Whether a path ends with an item that the run creates itself.
fn names_its_own(context: &Context<'_>, op: &Operation) -> bool {
    let parameters = op.path.matches('{').count();
    op.body.is_none() && parameters > 0 && context.own_parameters(op) == parameters
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
    // The first word of the name: `cover`, `mixed`, `text`.
    let class = format!("valid:{}", name.split('-').next().unwrap_or_default());
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
            "second",
            "every member, with other values",
            scene.second.clone(),
        ),
    ];
    for (name, title, body) in bodies {
        if !scene.sure {
            nearest(scene, name, title, body);
            continue;
        }
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

/// A body that may be valid: taken or refused, it tells what the operation says to either.
fn nearest(scene: &mut Scene<'_, '_>, name: &str, title: &str, body: Value) {
    // One that keeps every rule, and only an annotation may mean more, shows by being accepted that
    // the operation works.
    let kind = match scene.assess(&body).is_hinted() {
        true => "valid",
        false => "nearest",
    };
    scene.add(Sketch {
        field: &FieldPath::root(),
        keyword: "type",
        name: name.to_owned(),
        title: title.to_owned(),
        class: format!("{kind}:{name}"),
        tier: 0,
        body,
        bytes: None,
        when_open: WhenOpen::AskAndRead(UNSURE_BODY),
    });
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

/// Most words of an enumeration that are sent: of more, evenly chosen ones, the ends among them.
const MOST_WORDS: usize = 100;

fn words(values: &[Value], out: &mut Vec<Choice>) {
    let last = values.len().saturating_sub(1);
    let count = values.len().min(MOST_WORDS);
    let chosen = (0..count).filter_map(|i| values.get(i * last / (count - 1).max(1)));
    for value in chosen {
        let word = value.as_str().map_or(value.to_string(), str::to_owned);
        out.push(Choice::new("enum", format!("value-{word}"), value.clone()));
    }
}

/// One value to be accepted at one field.
#[derive(Clone)]
struct Choice {
    keyword: &'static str,
    name: String,
    value: Value,
}

impl Choice {
    fn new(keyword: &'static str, name: String, value: Value) -> Choice {
        Choice {
            keyword,
            name,
            value,
        }
    }
}

/// Every value that a field is worth trying with, the most telling first; all surely valid.
fn choices(scene: &Scene<'_, '_>, path: &FieldPath, schema: &Schema) -> Vec<Choice> {
    let mut all = Vec::new();
    alternatives(scene, schema, &mut all);
    if let Some(values) = &schema.enum_values {
        words(values, &mut all);
    } else {
        match main_type(schema) {
            Some(JsonType::String) => texts(scene, path, schema, &mut all),
            Some(JsonType::Integer | JsonType::Number) => inside(path, schema, &mut all),
            Some(JsonType::Boolean) => words(&[json!(true), json!(false)], &mut all),
            Some(JsonType::Array) => sizes(scene, schema, &mut all),
            _ => {}
        }
    }
    let mut out: Vec<Choice> = Vec::new();
    for choice in all {
        let known = out.iter().any(|c| c.value == choice.value);
        let covered = COVERED.iter().any(|(by, names)| {
            names.contains(&choice.name.as_str()) && out.iter().any(|c| c.name == *by)
        });
        if !known && !covered && valid_at(scene, path, &choice.value) {
            out.push(choice);
        }
    }
    out
}

fn valid_at(scene: &Scene<'_, '_>, path: &FieldPath, value: &Value) -> bool {
    scene
        .with(path, value.clone())
        .is_some_and(|body| scene.assess(&body).certainty == Assessment::SurelyValid)
}

/// Bodies in which every field takes another of its values at once: as many as the field with most
/// values needs. Each value alone is sent where there is no budget.
fn mixed(scene: &mut Scene<'_, '_>) {
    let fields: Vec<(FieldPath, Schema)> = scene
        .fields()
        .into_iter()
        .map(|f| (f.path, f.schema.clone()))
        .collect();
    let choices: Vec<(FieldPath, Vec<Choice>)> = fields
        .iter()
        .map(|(path, schema)| (path.clone(), choices(scene, path, schema)))
        .collect();
    let rounds = choices.iter().map(|(_, c)| c.len()).max().unwrap_or(0);
    let root = FieldPath::root();
    for round in 0..rounds {
        let mut body = scene.full.clone();
        for (path, choices) in &choices {
            let Some(choice) = choices.get(round % choices.len().max(1)) else {
                continue;
            };
            // Of a list that was set as a whole, the first item goes on to change.
            if get(&body, path).is_none() {
                continue;
            }
            let Some(next) = set(&body, path, choice.value.clone()) else {
                continue;
            };
            if scene.assess(&next).certainty == Assessment::SurelyValid {
                body = next;
            }
        }
        let name = format!("mixed-{round:02}");
        let title = format!("every member, with values of cover {round}");
        let tier = match round {
            0..=5 => 1,
            6..=14 => 2,
            _ => 4,
        };
        accepted(scene, &root, "type", (name, title, tier), body);
    }
    for (path, choices) in choices {
        for (i, choice) in choices.into_iter().enumerate() {
            let tier = if i < 4 { 4 } else { 5 };
            accepted_value(
                scene,
                &path,
                choice.keyword,
                (choice.name, tier),
                choice.value,
            );
        }
    }
}

/// Text that a layer of firmware may trim, decode, escape, cut or expand on its way to the store
/// and back; the first that the field's rules allow, then what each layer alone would change.
const TELLING: &[(&str, &str)] = &[
    ("everything", " %41+/&amp;<b>\"q'\\n$HOME é "),
    ("decoded", "%41+&amp;%s"),
    ("expanded", "a%41b%s $HOME $(id)"),
    ("percent", "a%41b%s"),
    ("quoted", "a\"b\\c'd"),
    ("markup", "<b>&lt;"),
    ("blanks", " a  b\tc "),
    ("edges", " a b "),
    ("not-ascii", "Zoë 日本"),
    ("beyond-16-bits", "😀"),
];

/// Words that some layer takes for something else: a number, nothing, a name whose case does not
/// matter.
const WORDS: &[(&str, &str)] = &[
    ("number-like", "007"),
    ("word-null", "null"),
    ("word-false", "false"),
    ("dotted-capitals", "A.B"),
];

/// What is not sent beside a text that shows as much.
const COVERED: &[(&str, &[&str])] = &[
    (
        "text-everything",
        &[
            "text-decoded",
            "text-expanded",
            "text-percent",
            "text-quoted",
            "text-markup",
            "text-edges",
            "text-not-ascii",
        ],
    ),
    ("text-expanded", &["text-percent"]),
    ("text-blanks", &["text-edges"]),
];

fn texts(scene: &Scene<'_, '_>, path: &FieldPath, schema: &Schema, out: &mut Vec<Choice>) {
    let samples = scene.samples(path, schema);
    let mut ends: Vec<Choice> = Vec::new();
    for (keyword, idea, length) in [
        ("maxLength", "longest", schema.max_length),
        ("minLength", "shortest", schema.min_length.or(Some(0))),
    ] {
        let length = length
            .and_then(|l| usize::try_from(l).ok())
            .filter(|l| *l <= 4_096);
        let Some(length) = length else { continue };
        let fits = |text: &String| valid_at(scene, path, &Value::from(text.as_str()));
        if let Some(text) = stretched(&samples, length).into_iter().find(fits) {
            ends.push(Choice::new(keyword, idea.to_owned(), Value::from(text)));
        }
        // Twice as long in JSON, six times in HTML.
        let quotes = Some("\"".repeat(length)).filter(|text| idea == "longest" && fits(text));
        if let Some(text) = quotes {
            ends.push(Choice::new(
                keyword,
                "longest-escaped".to_owned(),
                Value::from(text),
            ));
        }
    }
    // Blanks count: trimmed, this is too short.
    let least = schema.min_length.and_then(|l| usize::try_from(l).ok());
    if let Some(least) = least.filter(|l| (1..=4_096).contains(l)) {
        let blank = samples
            .iter()
            .map(|s| s.chars().take(least - 1).chain([' ']).collect::<String>())
            .find(|text| valid_at(scene, path, &Value::from(text.as_str())));
        if let Some(text) = blank {
            let name = "shortest-with-blank".to_owned();
            ends.push(Choice::new("minLength", name, Value::from(text)));
        }
    }
    out.append(&mut ends);
    let keyword = super::constraints::text_keyword(schema);
    let telling = |(idea, text): &(&str, &str)| {
        Choice::new(keyword, format!("text-{idea}"), Value::from(*text))
    };
    out.extend(TELLING.iter().map(telling));
    let mut more: Vec<(String, String)> = Vec::new();
    if scene.context.thorough
        && let Some(text) = scene.text_of(schema)
    {
        let cover = text.valid_cover(60).into_iter();
        more.extend(cover.map(|s| (format!("cover-{}-{}", s.idea, mark(&s.text)), s.text)));
    }
    let cover = samples.iter().skip(1);
    more.extend(cover.map(|text| (format!("cover-{}", mark(text)), text.clone())));
    for sample in samples.iter().take(6) {
        let longer = with_numbers(sample, "255");
        more.push((format!("long-numbers-{}", mark(&longer)), longer));
        // What is invalid for one field is an unusual value of another.
        for mutant in mutants(sample) {
            let name = format!("{}-{}", mutant.idea, mark(&mutant.text));
            more.push((name, mutant.text));
        }
    }
    let sure = |text: &str| {
        let value = Value::from(text);
        contract::assess(schema, &value, scene.context.texts).certainty == Assessment::SurelyValid
    };
    let mut strings: Vec<String> = Vec::new();
    more.retain(|(_, text)| {
        let keep = !strings.contains(text) && sure(text);
        if keep {
            strings.push(text.clone());
        }
        keep
    });
    // Those that a slightly too strict check refuses come first; the others are the cover's.
    let checks = Checks::of(schema.pattern.as_deref().unwrap_or_default());
    for (at, shows) in checks.order(&strings, true) {
        if let Some((name, text)) = more.get(at)
            && (shows || SENT.iter().any(|sent| name.starts_with(sent)))
        {
            out.push(Choice::new(
                keyword,
                name.clone(),
                Value::from(text.as_str()),
            ));
        }
    }
    out.extend(WORDS.iter().map(telling));
}

/// Variations of samples that are sent where they are valid, whatever they show of the pattern.
const SENT: &[&str] = &["cover-", "long-numbers", "port-behind"];

/// The text with every run of digits replaced.
fn with_numbers(text: &str, number: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !inside {
            out.push_str(number);
        }
        inside = c.is_ascii_digit();
    }
    out
}

/// A published range from the inside: its ends, the numbers beside them, and where machine
/// integers end within it.
fn inside(path: &FieldPath, schema: &Schema, out: &mut Vec<Choice>) {
    let (low, high) = stated_range(schema, path.leaf());
    let whole = schema.types.contains(&JsonType::Integer);
    let step = schema
        .multiple_of
        .as_ref()
        .and_then(Number::as_f64)
        .unwrap_or(1.0);
    let mut wanted: Vec<(&str, f64)> = Vec::new();
    let exclusive = |b: &Option<crate::contract::Bound>| b.as_ref().is_some_and(|b| b.exclusive);
    let lowest = low.map(|low| {
        if exclusive(&schema.minimum) {
            low + step
        } else {
            low
        }
    });
    let highest = high.map(|high| {
        if exclusive(&schema.maximum) {
            high - step
        } else {
            high
        }
    });
    wanted.extend(highest.map(|at| ("highest", at)));
    wanted.extend(lowest.map(|at| ("lowest", at)));
    for (idea, edge) in [
        ("above-15-bits", 32_768.0),
        ("above-8-bits", 256.0),
        ("above-16-bits", 65_536.0),
        ("above-7-bits", 128.0),
    ] {
        wanted.push((idea, (edge / step).ceil() * step));
    }
    wanted.extend(highest.map(|at| ("highest-but-one", at - step)));
    wanted.extend(lowest.map(|at| ("lowest-but-one", at + step)));
    if !whole {
        wanted.extend(low.map(|low| ("just-inside-low", low + 0.25)));
        wanted.extend(high.map(|high| ("just-inside-high", high - 0.25)));
    }
    for (idea, value) in wanted {
        let Some(value) = number(value) else { continue };
        let keyword = if idea.contains("low") {
            "minimum"
        } else {
            "maximum"
        };
        out.push(Choice::new(keyword, idea.to_owned(), value));
    }
}

fn sizes(scene: &Scene<'_, '_>, schema: &Schema, out: &mut Vec<Choice>) {
    let least = schema.min_items.unwrap_or(0);
    let most = schema.max_items.unwrap_or(least.max(3)).min(200);
    for (idea, keyword, count) in [
        ("most", "maxItems", most),
        ("fewest", "minItems", least),
        ("two", "maxItems", 2),
    ] {
        let Ok(count) = usize::try_from(count) else {
            continue;
        };
        let items = scene.items(schema, count);
        if items.len() == count {
            out.push(Choice::new(
                keyword,
                format!("{idea}-items"),
                Value::Array(items),
            ));
        }
    }
}

/// Each alternative of `oneOf` and `anyOf`, and `null` where it is allowed.
fn alternatives(scene: &Scene<'_, '_>, schema: &Schema, out: &mut Vec<Choice>) {
    let (keyword, list) = if schema.one_of.is_empty() {
        ("anyOf", &schema.any_of)
    } else {
        ("oneOf", &schema.one_of)
    };
    for (i, value) in scene.choices(schema, list).into_iter().enumerate() {
        let value = value.map(|v| Choice::new(keyword, format!("alternative-{i}"), v));
        out.extend(value);
    }
    if schema.types.contains(&JsonType::Null) {
        out.push(Choice::new("type", "null".to_owned(), Value::Null));
    }
}

/// The alternatives of the body itself.
fn whole_alternatives(scene: &mut Scene<'_, '_>) {
    let root = FieldPath::root();
    let mut all = Vec::new();
    alternatives(scene, &scene.schema.clone(), &mut all);
    for choice in all {
        let title = format!("the body as {}", choice.name);
        accepted(
            scene,
            &root,
            choice.keyword,
            (choice.name, title, 1),
            choice.value,
        );
    }
}

/// The body with `wanted` in a string, where the rules of one allow it and it is nowhere yet.
fn with_text(scene: &Scene<'_, '_>, body: &Value, wanted: &str) -> Value {
    if body.to_string().contains(wanted) {
        return body.clone();
    }
    let fields = scene.fields().into_iter().map(|f| f.path);
    let strings = fields.filter_map(|path| {
        let text = get(body, &path)?.as_str()?.to_owned();
        Some((path, text))
    });
    let texts = strings.flat_map(|(path, text)| {
        let mut chars = text.chars();
        chars.next_back();
        let shorter = format!("{}{wanted}", chars.as_str());
        [text + wanted, shorter].map(|t| (path.clone(), t))
    });
    texts
        .filter_map(|(path, text)| set(body, &path, Value::from(text)))
        .find(|body| scene.assess(body).certainty == Assessment::SurelyValid)
        .unwrap_or_else(|| body.clone())
}

/// The same JSON in other bytes.
fn other_spellings(scene: &mut Scene<'_, '_>) {
    let root = FieldPath::root();
    let (a, b) = (scene.full.clone(), scene.second.clone());
    for (i, spelling) in spellings().iter().enumerate() {
        // Two bodies in turn, so that each spelling changes what is stored.
        let body = if i % 2 == 0 { &b } else { &a };
        let body = &with_text(scene, body, spelling.wants);
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
