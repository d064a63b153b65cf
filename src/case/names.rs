//! Names of members: misspelt, unknown, dangerous.

use super::bodies::main_type;
use super::build::{get, remove, rename, set};
use super::builder::{BodyCases, BodyDraft, WhenOpen};
use super::model::{Case, Context, Strategy};
use super::words::{mark, shown};
use crate::contract::{Field, FieldPath, JsonType, Operation};
use serde_json::{Value, json};

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Names;

impl Strategy for Names {
    fn name(&self) -> &'static str {
        "names"
    }

    fn explain(&self) -> &'static str {
        "Required members under a name that is almost right (other case, a space, a prefix, NUL, \
         a look-alike letter), or in another place: the member is absent and must be named as \
         absent. Some JSON libraries of firmware compare names without case (Go, cJSON by \
         default) or by prefix, search the whole text, or look up what is inherited. A misspelt name beside the right one must not win. Members that the page does not know \
         are sent with ordinary, empty, very long and dangerous names: the page leaves open \
         whether they are ignored, but not a crash or a changed setting."
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        if let Some(mut builder) = BodyCases::of(context, op, self.name()) {
            misspelt(&mut builder);
            shadowed(&mut builder);
            misplaced(&mut builder);
            unknown(&mut builder);
            cases.append(&mut builder.into_cases());
        }
        cases
    }
}

/// A name that is almost right, and how.
fn almost(name: &str) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let mut push = |idea, text: String| {
        if text != name && !text.is_empty() {
            out.push((idea, text));
        }
    };
    push("upper", name.to_uppercase());
    push("trailing-space", format!("{name} "));
    push("cut", cut(name));
    push("longer", format!("{name}2"));
    push("nul", format!("{name}\0"));
    push("look-alike", look_alike(name));
    push("capital", capital(name));
    push("leading-space", format!(" {name}"));
    push("separator", separator(name));
    push("doubled", format!("{name}{name}"));
    out
}

fn cut(name: &str) -> String {
    let mut text = name.to_owned();
    text.pop();
    text
}

fn capital(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

/// `user_id` ↔ `userId` and `user-id`: what a name becomes in another style.
fn separator(name: &str) -> String {
    if let Some((a, b)) = name.split_once('_') {
        return format!("{a}{}", capital(b));
    }
    if let Some((a, b)) = name.split_once('-') {
        return format!("{a}_{b}");
    }
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The first letter that has a Cyrillic double replaced by it (Unicode TS #39, confusables).
fn look_alike(name: &str) -> String {
    const PAIRS: &[(char, char)] = &[
        ('a', 'а'),
        ('e', 'е'),
        ('o', 'о'),
        ('p', 'р'),
        ('c', 'с'),
        ('x', 'х'),
        ('i', 'і'),
        ('s', 'ѕ'),
    ];
    let mut done = false;
    name.chars()
        .map(|c| match PAIRS.iter().find(|(latin, _)| *latin == c) {
            Some((_, double)) if !done => {
                done = true;
                *double
            }
            _ => c,
        })
        .collect()
}

/// Every required member in capitals; the other misspellings go round over the members, one each,
/// all of them where there is no budget.
fn misspelt(builder: &mut BodyCases<'_, '_>) {
    let required: Vec<FieldPath> = builder
        .bodies
        .fields()
        .into_iter()
        .filter(|f| f.required)
        .map(|f| f.path)
        .collect();
    let turn = usize::try_from(builder.context.seed % 97).unwrap_or(0);
    for (i, path) in required.iter().enumerate() {
        let (Some(name), Some(body)) = (path.leaf(), builder.bodies.holding(path)) else {
            continue;
        };
        let ideas = almost(name);
        let count = ideas.len();
        for (j, (idea, text)) in ideas.into_iter().enumerate() {
            let mine = (j + turn) % required.len().max(1) == i % count.max(1);
            let tier = match (j, mine) {
                (0, _) => 1,
                (_, true) => 2,
                _ if builder.context.thorough => 6,
                _ => continue,
            };
            let Some(body) = rename(&body, path, &text) else {
                continue;
            };
            builder.add_body(BodyDraft {
                field: path,
                keyword: "required",
                name: format!("name-{idea}"),
                title: format!("{path} is called {}", shown(&text)),
                class: format!("name:{idea}"),
                tier,
                body,
                bytes: None,
                when_open: WhenOpen::Drop,
            });
        }
    }
}

/// The right name and, after and before it, the name in capitals with another value: what is
/// stored must come from the right one.
fn shadowed(builder: &mut BodyCases<'_, '_>) {
    let fields: Vec<FieldPath> = builder
        .bodies
        .fields()
        .into_iter()
        .filter(|f| main_type(f.schema) == Some(JsonType::String))
        .map(|f| f.path)
        .take(1)
        .collect();
    for path in &fields {
        let (Some(leaf), Some(parent)) = (path.leaf(), path.parent()) else {
            continue;
        };
        let upper = leaf.to_uppercase();
        let Some(value) = get(&builder.bodies.other, path).cloned() else {
            continue;
        };
        if upper == leaf || get(&builder.bodies.full, path) == Some(&value) {
            continue;
        }
        let Some(body) = set(&builder.bodies.full, &parent.member(&upper), value) else {
            continue;
        };
        builder.add_body(BodyDraft {
            field: path,
            keyword: "type",
            name: "shadowed-by-capitals".to_owned(),
            title: format!("{path}, and another value called {}", shown(&upper)),
            class: "name:shadowed".to_owned(),
            tier: 2,
            body,
            bytes: None,
            when_open: WhenOpen::AskAndRead("unknown member"),
        });
    }
}

/// A required member that is absent where it belongs and stands somewhere else: in what JavaScript
/// takes for the prototype of the body, in an inner object (readers that search the text find it), or,
/// for a member of an inner object, in the body under its path with dots.
fn misplaced(builder: &mut BodyCases<'_, '_>) {
    let fields = builder.bodies.fields();
    let first = |kind| {
        let of_root = fields.iter().filter(|f| f.required && f.path.0.len() == 1);
        let mut paths = of_root.filter(|f| main_type(f.schema) == Some(kind));
        paths.next().map(|f| f.path.clone())
    };
    let text = first(JsonType::String);
    let inner = first(JsonType::Object).and_then(|object| {
        let below = |f: &&Field<'_>| f.path.parent().as_ref() == Some(&object);
        let inner = fields.iter().find(below)?.path.clone();
        Some((object, inner))
    });
    let full = &builder.bodies.full;
    let mut sent: Vec<(&'static str, FieldPath, String, Option<Value>)> = Vec::new();
    if let Some(path) = text
        && let (Some(name), Some(value)) = (path.leaf(), get(full, &path))
        && let Some(without) = remove(full, &path)
    {
        let proto = FieldPath::root().member("__proto__");
        let body = set(&without, &proto, json!({name: value}));
        let title = format!("{path} stands in `__proto__`");
        sent.push(("in-prototype", path.clone(), title, body));
        if let Some((object, _)) = &inner {
            let body = set(&without, &object.member(name), value.clone());
            let title = format!("{path} stands in {object}");
            sent.push(("in-inner-object", path.clone(), title, body));
        }
    }
    if let Some((object, inner)) = inner
        && let Some(value) = get(full, &inner)
        && let Some(without) = remove(full, &object)
    {
        let dotted = inner.dotted();
        let body = set(&without, &FieldPath::root().member(&dotted), value.clone());
        let title = format!(
            "{object} is absent, and a member is called {}",
            shown(&dotted)
        );
        sent.push(("dotted", object, title, body));
    }
    for (idea, path, title, body) in sent {
        let Some(body) = body else { continue };
        builder.add_body(BodyDraft {
            field: &path,
            keyword: "required",
            name: format!("misplaced-{idea}"),
            title,
            class: format!("name:misplaced-{idea}"),
            tier: 2,
            body,
            bytes: None,
            when_open: WhenOpen::Drop,
        });
    }
}

/// Members that the page does not know, in every object.
fn unknown(builder: &mut BodyCases<'_, '_>) {
    let mut objects = vec![FieldPath::root()];
    objects.extend(
        builder
            .bodies
            .fields()
            .into_iter()
            .filter(|f| main_type(f.schema) == Some(JsonType::Object))
            .map(|f| f.path),
    );
    let names: [(&str, String, Value, u8); 6] = [
        ("unknown", "probity".to_owned(), json!("text"), 0),
        ("proto", "__proto__".to_owned(), json!({"probity": true}), 2),
        (
            "constructor",
            "constructor".to_owned(),
            json!({"prototype": {}}),
            3,
        ),
        ("empty-name", String::new(), json!(1), 2),
        // Early for what is open: a buffer for names overflows before anybody decides.
        ("long-name", "n".repeat(300), json!(1), 0),
        ("header-name", "x\r\nX-Probity: 1".to_owned(), json!(1), 3),
    ];
    for (depth, object) in objects.iter().enumerate() {
        for (idea, name, value, tier) in &names {
            if depth > 0 && *idea != "unknown" && !builder.context.thorough {
                continue;
            }
            let path = object.member(name);
            let holder = builder.bodies.holding(object);
            let Some(body) = holder.and_then(|body| set(&body, &path, value.clone())) else {
                continue;
            };
            let place = if object.0.is_empty() {
                "the body".to_owned()
            } else {
                object.dotted()
            };
            builder.add_body(BodyDraft {
                field: object,
                keyword: "additionalProperties",
                name: format!("{idea}-{}", mark(name)),
                title: format!("{place} has a member called {}", shown(name)),
                class: format!("unknown-member:{idea}"),
                tier: *tier,
                body,
                bytes: None,
                when_open: WhenOpen::Ask("unknown member"),
            });
        }
    }
}
