//! Sequences that show only in the device's settings.
//!
//! A case is one request; the runner sends the refused ones of a window between two looks at the
//! settings and reads every accepted write back. So a sequence is a row of cases whose values
//! differ from whatever may stand before them.

use super::edits::last;
use super::{THOROUGH, not_json};
use crate::case::build::{emit, get, remove, set};
use crate::case::builder::{Draft, ExchangeCases};
use crate::case::unstated::PLAIN_LENGTH;
use crate::case::{Case, Check, Context, Expect, Fault, Strategy};
use crate::contract::{FaultKind, FieldPath, JsonType, Operation, Schema, Step};
use crate::exchange::Request;
use crate::pattern::Assessment;
use serde_json::{Value, json};

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct State;

impl Strategy for State {
    fn name(&self) -> &'static str {
        "state"
    }

    fn explain(&self) -> &'static str {
        "Writes in a row: the longest values in every field and then the shortest, the same body \
         again, one member alone changed, and bodies that are refused for their last member or \
         their last character, whose other members are valid and new. Firmware stores member by \
         member as it reads, keeps the rest of a longer text behind a shorter one, sees no change \
         where only one member changes, or exchanges two fields when it stores them."
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        if let Some(mut builder) = ExchangeCases::of(context, op, self.name()) {
            if builder.bodies.is_some() {
                extremes(&mut builder);
                again(&mut builder);
                one_changed(&mut builder);
                half_stored(&mut builder);
            }
            cases.append(&mut builder.into_cases());
        }
        cases
    }
}

fn write(
    builder: &mut ExchangeCases<'_, '_>,
    (name, tier): (String, u8),
    title: String,
    body: &Value,
    bytes: Vec<u8>,
) {
    builder.add(Draft {
        about: "writes",
        name: name.clone(),
        title,
        class: format!("state:{name}"),
        tier,
        promises: vec!["state.readback".to_owned()],
        request: Request::Http(builder.context.request(builder.op, Some(bytes))),
        expect: Expect::Accepted,
        check: Check::ReadsBack(body.clone()),
    });
}

/// The longest surely valid values in all fields, then the shortest: what stays of the longer ones
/// shows behind the shorter ones.
fn extremes(builder: &mut ExchangeCases<'_, '_>) {
    let Some(start) = builder.fresh(0) else {
        return;
    };
    let (mut long, mut short) = (start.clone(), start.clone());
    let fields: Vec<(FieldPath, Schema)> = builder
        .bodies
        .as_ref()
        .map(|s| {
            s.fields()
                .into_iter()
                .map(|f| (f.path, f.schema.clone()))
                .collect()
        })
        .unwrap_or_default();
    for (path, schema) in fields {
        if get(&start, &path).is_none_or(|v| v.is_object() || v.is_array()) {
            continue;
        }
        let values = candidates(builder, &schema);
        let fit = |body: &mut Value, better: fn(usize, usize) -> bool| {
            for value in &values {
                let size = |v: &Value| v.as_str().map_or_else(|| v.to_string().len(), str::len);
                let now = get(body, &path).map(size).unwrap_or_default();
                if !better(size(value), now) {
                    continue;
                }
                if let Some(changed) = set(body, &path, value.clone())
                    && builder.certainty(&changed) == Assessment::SurelyValid
                {
                    *body = changed;
                }
            }
        };
        fit(&mut long, |new, old| new > old);
        fit(&mut short, |new, old| new < old);
    }
    if long != short {
        write(
            builder,
            ("longest".to_owned(), 1),
            "every field has its longest value".to_owned(),
            &long,
            emit(&long),
        );
        write(
            builder,
            ("shortest".to_owned(), 1),
            "every field has its shortest value, after the longest".to_owned(),
            &short,
            emit(&short),
        );
    }
}

/// Values of one field that are worth a try as its longest or shortest.
fn candidates(builder: &ExchangeCases<'_, '_>, schema: &Schema) -> Vec<Value> {
    let mut out: Vec<Value> = schema.enum_values.iter().flatten().cloned().collect();
    if schema.allows(JsonType::String) {
        let rule = schema
            .rule()
            .and_then(|rule| builder.context.texts.get(&rule));
        let cover = rule.map(|t| t.valid_cover(40)).unwrap_or_default();
        if schema.max_length.is_none() {
            let texts = cover.iter().map(|s| s.text.as_str());
            let shown = schema.examples.iter().filter_map(Value::as_str);
            out.extend(texts.chain(shown).flat_map(stretched).map(Value::from));
        }
        out.extend(cover.into_iter().map(|s| Value::from(s.text)));
        let most = schema
            .max_length
            .and_then(|m| usize::try_from(m).ok())
            .unwrap_or(63)
            .min(1_024);
        out.extend(
            // Lengths beyond `most` are not surely valid, so they are not taken.
            [most, 100, 64, 63, 32, 31, 16].map(|n| Value::from("a".repeat(n))),
        );
        out.extend(["a", ""].map(Value::from));
    }
    if schema.allows(JsonType::Integer) {
        out.extend(
            schema
                .maximum
                .iter()
                .map(|b| Value::Number(b.value.clone())),
        );
        out.extend(
            schema
                .minimum
                .iter()
                .map(|b| Value::Number(b.value.clone())),
        );
        out.extend([json!(65_535), json!(1)]);
    }
    out
}

/// The text with its first or its last letter repeated, up to lengths that any device stores.
fn stretched(text: &str) -> Vec<String> {
    let letters = |(_, c): &(usize, char)| c.is_ascii_alphabetic();
    let mut places = text.char_indices().filter(letters);
    let places = [places.next(), places.next_back()];
    let mut out = Vec::new();
    for (at, letter) in places.into_iter().flatten() {
        for length in [PLAIN_LENGTH, 40] {
            let more = length.saturating_sub(text.chars().count());
            let (front, back) = text.split_at(at);
            out.push([front, &letter.to_string().repeat(more), back].concat());
        }
    }
    out
}

/// The same settings again, and others in turn.
fn again(builder: &mut ExchangeCases<'_, '_>) {
    let (Some(one), Some(two)) = (builder.fresh(1), builder.fresh(2)) else {
        return;
    };
    // A blank behind: the plan sends no request twice.
    let spaced = |body: &Value, blanks: &str| [emit(body).as_slice(), blanks.as_bytes()].concat();
    for (name, tier, title, body, blanks) in [
        ("first", 2, "all members, one set of values", &one, " "),
        ("repeated", 2, "the same settings again", &one, "  "),
        ("second", 3, "all members, another set of values", &two, " "),
        ("back", 3, "the first set of values again", &one, "   "),
    ] {
        write(
            builder,
            (name.to_owned(), tier),
            title.to_owned(),
            body,
            spaced(body, blanks),
        );
    }
}

/// One member differs from the write before, each in turn.
fn one_changed(builder: &mut ExchangeCases<'_, '_>) {
    let (Some(one), Some(two)) = (builder.fresh(1), builder.fresh(2)) else {
        return;
    };
    let paths: Vec<FieldPath> = builder
        .bodies
        .as_ref()
        .map(|s| s.fields().into_iter().map(|f| f.path).collect())
        .unwrap_or_default();
    let mut tier = 2;
    // The last ones first: a comparison of old and new that ends early misses those.
    for path in paths.into_iter().rev() {
        let Some(value) = get(&two, &path).filter(|v| !v.is_object() && !v.is_array()) else {
            continue;
        };
        if get(&one, &path) == Some(value) {
            continue;
        }
        let Some(changed) = set(&one, &path, value.clone()) else {
            continue;
        };
        if builder.certainty(&changed) != Assessment::SurelyValid {
            continue;
        }
        let title = format!("{path} alone differs");
        let name = format!("only-{}", path.dotted());
        let bytes = [emit(&changed).as_slice(), b" "].concat();
        builder.add(Draft {
            about: "changes",
            name,
            title,
            class: "state:one-member".to_owned(),
            tier,
            promises: vec!["state.readback".to_owned()],
            request: Request::Http(builder.context.request(builder.op, Some(bytes))),
            expect: Expect::Accepted,
            check: Check::ReadsBack(changed),
        });
        tier = (tier + 1).min(THOROUGH);
    }
}

/// Refused for what stands last; everything before it is valid and new.
fn half_stored(builder: &mut ExchangeCases<'_, '_>) {
    let Some(body) = builder.fresh(9) else {
        return;
    };
    let members: Vec<String> = body
        .as_object()
        .into_iter()
        .flatten()
        .map(|(n, _)| n.clone())
        .collect();
    let required: Vec<FieldPath> = builder
        .bodies
        .as_ref()
        .map(|s| {
            s.fields()
                .into_iter()
                .filter(|f| f.required && f.path.0.len() == 1)
                .map(|f| f.path)
                .collect()
        })
        .unwrap_or_default();
    for (nth, name) in members.iter().enumerate() {
        let path = FieldPath(vec![Step::Member(name.clone())]);
        let wrong = match get(&body, &path) {
            Some(Value::String(_)) => json!(7),
            _ => json!("text"),
        };
        // Taken out and put in again, it stands last.
        let Some(changed) = remove(&body, &path).and_then(|b| set(&b, &path, wrong)) else {
            continue;
        };
        if builder.certainty(&changed) != Assessment::SurelyInvalid {
            continue;
        }
        let tier = match nth {
            0 => 1,
            n if n == members.len() / 2 || n + 1 == members.len() => 2,
            _ => THOROUGH,
        };
        refused(
            builder,
            (format!("wrong-{name}-last"), tier),
            format!("{name} is of another type and stands last"),
            emit(&changed),
            Fault::at(FaultKind::WrongType, &path),
        );
    }
    for (nth, path) in required.iter().enumerate() {
        if let Some(changed) = remove(&body, path) {
            let tier = if nth + 1 == required.len() {
                2
            } else {
                THOROUGH
            };
            refused(
                builder,
                (format!("no-{}", path.dotted()), tier),
                format!("{path} is absent, all else is new"),
                emit(&changed),
                Fault::at(FaultKind::Missing, path),
            );
        }
    }
    let text = emit(&body);
    if let Some(at) = last(&text, b'}') {
        let cut = text.get(..at).unwrap_or_default().to_vec();
        refused(
            builder,
            ("cut-at-the-end".to_owned(), 1),
            "all members are new and the closing brace is absent".to_owned(),
            cut,
            not_json(),
        );
        let behind = [text.as_slice(), b"]"].concat();
        refused(
            builder,
            ("bracket-at-the-end".to_owned(), 2),
            "all members are new and a bracket follows".to_owned(),
            behind,
            not_json(),
        );
    }
}

/// The promise that a device breaks which accepts such a body: that is not a matter of state.
fn broken_rule(fault: &Fault) -> String {
    let at = fault
        .field
        .as_ref()
        .map(FieldPath::dotted)
        .unwrap_or_default();
    match fault.kind {
        FaultKind::Missing => format!("body.{at}.required"),
        FaultKind::WrongType => format!("body.{at}.type"),
        _ => "body.json".to_owned(),
    }
}

fn refused(
    builder: &mut ExchangeCases<'_, '_>,
    (name, tier): (String, u8),
    title: String,
    bytes: Vec<u8>,
    fault: Fault,
) {
    builder.add(Draft {
        about: "refusals",
        name,
        title,
        class: "state:refused-late".to_owned(),
        tier,
        promises: vec!["state.refusal".to_owned(), broken_rule(&fault)],
        request: Request::Http(builder.context.request(builder.op, Some(bytes))),
        expect: Expect::Refused {
            faults: vec![fault],
        },
        check: Check::Unchanged,
    });
}
