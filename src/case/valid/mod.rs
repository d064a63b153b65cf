//! What the page allows, to be accepted and read back.

mod packed;
mod variants;

use super::bodies::Bodies;
use super::build::{emit, get, remove, set};
use super::builder::{BodyCases, BodyDraft, Draft, WhenOpen};
use super::model::{Case, Check, Context, Expect, Strategy};
use super::reach::{UNSURE_BODY, may_call, unsure_target};
use super::spell::spellings;
use super::words::{mark, shown};
use crate::contract::{FaultKind, FieldPath, Operation};
use crate::exchange::Request;
use crate::pattern::Assessment;
pub use packed::apart;
use serde_json::Value;
use variants::alternatives;

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
        if let Some(mut builder) = BodyCases::of(context, op, self.name()) {
            wholes(&mut builder);
            presence(&mut builder);
            whole_alternatives(&mut builder);
            packed::bodies(&mut builder);
            other_spellings(&mut builder);
            cases.append(&mut builder.into_cases());
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
    promises.extend(status.map(|status| format!("responses.{status}")));
    promises.push("http.answers".to_owned());
    let draft = Draft {
        about: "",
        name: "plain".to_owned(),
        title: "a plain call".to_owned(),
        class: "plain".to_owned(),
        tier: 0,
        promises,
        request: Request::Http(context.request(op, None)),
        expect,
        check: match reads {
            true => Check::Nothing,
            false => Check::Unchanged,
        },
    };
    let mut case = draft.case(op, "valid");
    case.promises
        .retain(|id| context.contract.promise(id).is_some());
    Some(case)
}

/// Whether a path ends with an item that the run creates itself.
fn names_its_own(context: &Context<'_>, op: &Operation) -> bool {
    let parameters = op.path.matches('{').count();
    op.body.is_none() && parameters > 0 && context.own_parameters(op) == parameters
}

/// The kind of input by the first word of a name: `cover`, `mixed`, `text`.
fn class_of(name: &str) -> String {
    format!("valid:{}", name.split('-').next().unwrap_or_default())
}

/// One body that is to be accepted; dropped where the page does not say so.
fn accepted(
    builder: &mut BodyCases<'_, '_>,
    field: &FieldPath,
    keyword: &'static str,
    (name, title, tier): (String, String, u8),
    body: Value,
) -> bool {
    if builder.bodies.assess(&body).certainty != Assessment::SurelyValid {
        return false;
    }
    let class = class_of(&name);
    builder.add_body(BodyDraft {
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
    builder: &mut BodyCases<'_, '_>,
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
    let start = if get(&builder.bodies.full, field).is_some() {
        Some(builder.bodies.full.clone())
    } else {
        builder.context.base_with(builder.op, field)
    };
    let Some(body) = start.and_then(|body| set(&body, field, value)) else {
        return false;
    };
    accepted(builder, field, keyword, (name, title, tier), body)
}

fn wholes(builder: &mut BodyCases<'_, '_>) {
    let root = FieldPath::root();
    let bodies = [
        (
            "minimal",
            "required members only",
            builder.bodies.minimal.clone(),
        ),
        ("full", "every member", builder.bodies.full.clone()),
        (
            "second",
            "every member, with other values",
            builder.bodies.second.clone(),
        ),
    ];
    for (name, title, body) in bodies {
        if !builder.bodies.sure {
            nearest(builder, name, title, body);
            continue;
        }
        let sketch = (name.to_owned(), title.to_owned(), 0);
        accepted(builder, &root, "type", sketch, body);
    }
    let examples = builder.op.body.iter().flat_map(|b| b.examples.clone());
    for (_, example) in examples.collect::<Vec<_>>() {
        let name = format!("example-{}", mark(&example.to_string()));
        builder.add_body(BodyDraft {
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
fn nearest(builder: &mut BodyCases<'_, '_>, name: &str, title: &str, body: Value) {
    // One that keeps every rule, and only an annotation may mean more, shows by being accepted that
    // the operation works.
    let kind = match builder.bodies.assess(&body).is_hinted() {
        true => "valid",
        false => "nearest",
    };
    builder.add_body(BodyDraft {
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
fn presence(builder: &mut BodyCases<'_, '_>) {
    let optional: Vec<FieldPath> = builder
        .bodies
        .fields()
        .into_iter()
        .filter(|f| !f.required && f.path.leaf().is_some())
        .filter(|f| !matches!(f.path.0.last(), Some(crate::contract::Step::Item)))
        .map(|f| f.path)
        .collect();
    let many = optional.len() > 1;
    for path in &optional {
        let present = get(&builder.bodies.minimal, path).is_none() && many;
        if present && let Some(body) = builder.context.base_with(builder.op, path) {
            let title = format!("{path} is the only optional member");
            accepted(
                builder,
                path,
                "type",
                ("alone-present".to_owned(), title, 2),
                body,
            );
        }
        if let Some(body) = remove(&builder.bodies.full, path) {
            if body == builder.bodies.minimal {
                continue;
            }
            let title = format!("{path} is absent");
            accepted(
                builder,
                path,
                "type",
                ("alone-absent".to_owned(), title, 1),
                body,
            );
        }
    }
}

/// The alternatives of the body itself.
fn whole_alternatives(builder: &mut BodyCases<'_, '_>) {
    let root = FieldPath::root();
    let mut all = Vec::new();
    alternatives(&builder.bodies, &builder.bodies.schema.clone(), &mut all);
    for choice in all {
        let title = format!("the body as {}", choice.name);
        accepted(
            builder,
            &root,
            choice.keyword,
            (choice.name, title, 1),
            choice.value,
        );
    }
}

/// The body with `wanted` in a string, where the rules of one allow it and it is nowhere yet.
fn with_text(bodies: &Bodies<'_, '_>, body: &Value, wanted: &str) -> Value {
    if body.to_string().contains(wanted) {
        return body.clone();
    }
    let fields = bodies.fields().into_iter().map(|f| f.path);
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
        .find(|body| bodies.assess(body).certainty == Assessment::SurelyValid)
        .unwrap_or_else(|| body.clone())
}

/// The same JSON in other bytes.
fn other_spellings(builder: &mut BodyCases<'_, '_>) {
    let root = FieldPath::root();
    let (a, b) = (builder.bodies.full.clone(), builder.bodies.second.clone());
    for (i, spelling) in spellings().iter().enumerate() {
        // Two bodies in turn, so that each spelling changes what is stored.
        let body = if i % 2 == 0 { &b } else { &a };
        let body = &with_text(&builder.bodies, body, spelling.wants);
        let bytes = (spelling.write)(body);
        if bytes == emit(body) {
            continue;
        }
        builder.add_body(BodyDraft {
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
