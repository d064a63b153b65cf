//! Parameters outside the body: absent, of another type, outside their rules.

use super::bodies::main_type;
use super::build::Change;
use super::builder::Draft;
use super::model::{Case, Check, Context, Expect, Fault, Strategy};
use super::mutate::mutants;
use super::reach::{NO_REFUSAL, UNSURE_BODY, UNSURE_TARGET, may_call, unsure_target};
use super::serialize::{self, escape};
use super::words::{mark, shown};
use super::{meaning, unstated};
use crate::contract::{
    self, FaultKind, FieldPath, JsonType, Operation, Parameter, Place, Schema, Serialization,
    StatusKey,
};
use crate::exchange::Request;
use crate::pattern::Assessment;
use serde_json::Value;

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Parameters;

impl Strategy for Parameters {
    fn name(&self) -> &'static str {
        "parameters"
    }

    fn explain(&self) -> &'static str {
        "Query, header and path parameters: required ones absent, numbers that are none, words \
         outside an enumeration, values one outside their bounds. Everything arrives as text, and \
         firmware converts it by hand: `atoi` makes 0 of a word and 12 of 12abc, and a missing \
         parameter is often an empty string that no check refuses. Lists and objects arrive in \
         the style that the page gives them, with one item or member changed at a time."
    }

    fn is_first(&self) -> bool {
        true
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        if !may_call(context, op) || !has_body(context, op) {
            return cases;
        }
        for parameter in &op.parameters {
            one_parameter(context, op, parameter, &mut cases);
        }
        cases
    }
}

/// Whether a body can be sent beside parameters where one has to be.
fn has_body(context: &Context<'_>, op: &Operation) -> bool {
    !op.body.as_ref().is_some_and(|body| body.required) || body_of(context, op).is_some()
}

/// The body beside the parameters, and whether it is surely valid.
fn body_of(context: &Context<'_>, op: &Operation) -> Option<(Vec<u8>, bool)> {
    let bodies = context.bodies(op)?;
    let octets = context.encoded(op, &bodies.second)?;
    Some((octets, bodies.sure))
}

/// What a parameter is changed to, before it is a case.
struct ParameterDraft {
    /// Last part of the id.
    name: String,
    /// Keyword of the promise that it tests.
    keyword: &'static str,
    /// See [`Case::tier`].
    tier: u8,
    /// What the page says of it.
    certainty: Assessment,
}

fn one_parameter(
    context: &Context<'_>,
    op: &Operation,
    parameter: &Parameter,
    cases: &mut Vec<Case>,
) {
    if parameter.required && can_be_absent(parameter) {
        let idea = ParameterDraft {
            name: "absent".to_owned(),
            keyword: "required",
            tier: 0,
            certainty: Assessment::SurelyInvalid,
        };
        cases.push(case(context, op, parameter, idea, Change::Absent));
    }
    if matches!(
        main_type(&parameter.schema),
        Some(JsonType::Array | JsonType::Object)
    ) || matches!(parameter.serialization, Serialization::Content(_))
    {
        compounds(context, op, parameter, cases);
        return;
    }
    for (idea, tier, text) in candidates(context, parameter) {
        if !carried(parameter, &text) {
            continue;
        }
        let (certainty, broken) = assess(context, parameter, &text);
        // Whether texts are held against their format is the device's choice; that it lives on is not.
        let asked = idea.starts_with(OF_FORMAT) && parameter.place == Place::Query;
        if certainty == Assessment::Open && !(asked && refuses(op)) {
            continue;
        }
        let idea = ParameterDraft {
            name: format!("{idea}-{}", mark(&text)),
            // What is refused is charged to the rule that it breaks.
            keyword: broken.unwrap_or_else(|| keyword(&parameter.schema)),
            tier,
            certainty,
        };
        cases.push(case(context, op, parameter, idea, Change::Text(&text)));
    }
}

/// Whether a request can go without a parameter: a path cannot, and clients add some fields of
/// their own (RFC 9110 §7.2, §10.1.5, §12.5.1).
fn can_be_absent(parameter: &Parameter) -> bool {
    let added = ["host", "user-agent", "accept", "content-length"];
    match parameter.place {
        Place::Path => false,
        Place::Header => !added.contains(&parameter.name.to_ascii_lowercase().as_str()),
        Place::Query | Place::Cookie => true,
    }
}

/// Whether a text arrives at the parameter's place as it is.
fn carried(parameter: &Parameter, text: &str) -> bool {
    match parameter.place {
        // A path with an empty or relative segment is another path.
        Place::Path => !matches!(text, "" | "." | ".."),
        // Control characters cannot stand in a header (RFC 9110 §5.5), and blanks at its ends are
        // no part of it.
        Place::Header => {
            text.trim() == text && text.chars().all(|c| c.is_ascii() && !c.is_control())
        }
        // Whether percent-encoding of a cookie is undone is not said anywhere.
        Place::Cookie => !text.is_empty() && escape(text) == text,
        Place::Query => true,
    }
}

/// Lists, objects and documents: one item or member changed, missing, or too much.
fn compounds(context: &Context<'_>, op: &Operation, parameter: &Parameter, cases: &mut Vec<Case>) {
    let plain = context.parameter(parameter);
    let Some(value) = &plain.value else { return };
    // Nothing is written of an object without members, and what that means is left open.
    let whole = with_all_members(context, &parameter.schema, value);
    if plain.question.is_some() && whole.is_none() {
        return;
    }
    let value = whole.as_ref().unwrap_or(value);
    let document = matches!(parameter.serialization, Serialization::Content(_));
    if document {
        let idea = ParameterDraft {
            name: "not-json".to_owned(),
            keyword: "type",
            tier: 0,
            certainty: Assessment::SurelyInvalid,
        };
        cases.push(case(context, op, parameter, idea, Change::Text("{probity")));
    }
    let schema = &parameter.schema;
    for (idea, tier, changed) in changed_values(context, schema, value, parameter.required) {
        // Nothing at all is written of an empty list in some styles, and no style says what an
        // empty text in a list is.
        let empty = |v: &Value| v.as_str() == Some("");
        let nothing = match &changed {
            Value::Array(items) => items.is_empty() || items.iter().any(empty),
            Value::Object(members) => members.is_empty() || members.values().any(empty),
            _ => false,
        };
        let clear = document || (!nothing && serialize::doubtful(parameter, &changed).is_none());
        let writes = serialize::write(parameter, &changed).is_some_and(|written| match written {
            serialize::Written::Text(text) => {
                parameter.place != Place::Header || carried(parameter, &text)
            }
            serialize::Written::Pairs(_) => true,
        });
        if !clear || !writes {
            continue;
        }
        let assessed = contract::assess(schema, &changed, context.texts);
        let unstated = is_unstated(parameter, &changed);
        if assessed.certainty == Assessment::Open
            || (assessed.certainty == Assessment::SurelyValid && unstated)
        {
            continue;
        }
        let broken = assessed.faults.iter().find(|fault| fault.certain);
        let keyword = broken.map_or("type", |fault| fault.keyword);
        // Members of an exploded object are parameters of their own to a device, which may take
        // one that it does not know for somebody else's.
        if keyword == "additionalProperties" && !document {
            continue;
        }
        let idea = ParameterDraft {
            name: format!("{idea}-{}", mark(&changed.to_string())),
            keyword,
            tier,
            certainty: assessed.certainty,
        };
        cases.push(case(context, op, parameter, idea, Change::Value(&changed)));
    }
}

/// An object with a value for each member, in place of one without any.
fn with_all_members(context: &Context<'_>, schema: &Schema, value: &Value) -> Option<Value> {
    let empty = value.as_object().is_some_and(serde_json::Map::is_empty);
    let members = schema.properties.iter().filter(|_| empty);
    let members = members.filter_map(|(name, rules)| {
        let value = context.value(rules)?;
        serialize::scalar(&value)?;
        Some((name.clone(), value))
    });
    let all = Value::Object(members.collect());
    let kept = all.as_object().is_some_and(|all| !all.is_empty())
        && contract::assess(schema, &all, context.texts).certainty == Assessment::SurelyValid;
    kept.then_some(all)
}

/// Values near a valid list or object.
pub(super) fn changed_values(
    context: &Context<'_>,
    schema: &Schema,
    value: &Value,
    required: bool,
) -> Vec<(String, u8, Value)> {
    let mut out: Vec<(String, u8, Value)> = Vec::new();
    if !required {
        out.push(("present".to_owned(), 1, value.clone()));
    }
    match value {
        Value::Array(items) => {
            if let (Some(first), Some(rules)) = (items.first(), schema.items.as_deref()) {
                for (idea, tier, item) in near_values(context, rules, first) {
                    let mut items = items.clone();
                    if let Some(first) = items.first_mut() {
                        *first = item;
                    }
                    out.push((format!("item-{idea}"), tier, Value::Array(items)));
                }
                // Behind a right one: many readers look at the first item only.
                let near = near_values(context, rules, first).into_iter();
                for (idea, tier, item) in near.take(MOST_BEHIND) {
                    let behind = Value::Array(vec![first.clone(), item]);
                    out.push((format!("second-item-{idea}"), tier, behind));
                }
            }
            let count = |bound: Option<u64>| bound.and_then(|n| usize::try_from(n).ok());
            if let Some(least) = count(schema.min_items).filter(|least| *least > 1) {
                let fewer = items.iter().take(least - 1).cloned().collect();
                out.push(("too-few".to_owned(), 0, Value::Array(fewer)));
            }
            if let Some(most) = count(schema.max_items).filter(|most| *most <= 100) {
                let mut more = context.items(schema, most + 1);
                let last = more.last().or(items.last()).cloned();
                more.extend(last.filter(|_| !schema.unique_items && more.len() == most));
                if more.len() > most {
                    out.push(("too-many".to_owned(), 0, Value::Array(more)));
                }
            }
        }
        Value::Object(members) => {
            for name in &schema.required {
                let mut fewer = members.clone();
                fewer.shift_remove(name);
                out.push((format!("without-{name}"), 0, Value::Object(fewer)));
            }
            for (name, member) in members {
                let Some(rules) = schema.property(name) else {
                    continue;
                };
                for (idea, tier, value) in near_values(context, rules, member) {
                    let mut changed = members.clone();
                    changed.insert(name.clone(), value);
                    out.push((format!("{name}-{idea}"), tier, Value::Object(changed)));
                }
            }
        }
        plain => out.extend(near_values(context, schema, plain)),
    }
    out
}

/// Wrong items of a list that are sent behind a right one.
const MOST_BEHIND: usize = 2;

/// Values near a plain one.
fn near_values(context: &Context<'_>, rules: &Schema, value: &Value) -> Vec<(String, u8, Value)> {
    let Some(sample) = serialize::scalar(value) else {
        return Vec::new();
    };
    let texts = texts(context, rules, &sample).into_iter();
    texts
        .filter_map(|(idea, tier, text)| Some((idea, tier, typed(rules, &text)?)))
        .collect()
}

/// The value that a text spells where the type is not a string; `None` where devices differ.
fn typed(schema: &Schema, text: &str) -> Option<Value> {
    Some(match main_type(schema) {
        Some(JsonType::Integer | JsonType::Number) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
        }
        Some(JsonType::Boolean) => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            // Many frameworks take these for booleans; the page does not say.
            "0" | "1" | "TRUE" | "FALSE" | "True" | "False" | "yes" | "no" | "on" | "off" => {
                return None;
            }
            _ => Value::from(text),
        },
        Some(JsonType::Array | JsonType::Object) | None => return None,
        _ => Value::from(text),
    })
}

/// Whether a device may refuse a value although the document allows it: for a bound that nobody
/// states, or because it has to know what the value means.
fn is_unstated(parameter: &Parameter, value: &Value) -> bool {
    let (schema, name) = (&parameter.schema, Some(parameter.name.as_str()));
    unstated::exceeded(schema, name, value).is_some()
        || meaning::invented(schema, name, value).is_some()
}

/// What the page says of a parameter's text, and the rule that is surely broken.
fn assess(
    context: &Context<'_>,
    parameter: &Parameter,
    text: &str,
) -> (Assessment, Option<&'static str>) {
    let schema = &parameter.schema;
    let Some(value) = typed(schema, text) else {
        return (Assessment::Open, None);
    };
    let assessed = contract::assess(schema, &value, context.texts);
    let unstated = is_unstated(parameter, &value);
    // An empty text may count as absent, and blanks round a number may be dropped.
    let open =
        text.is_empty() || (value.is_string() && numeral(text.trim()) && text.trim() != text);
    if (assessed.certainty == Assessment::SurelyValid && unstated) || open {
        return (Assessment::Open, None);
    }
    let broken = assessed.faults.iter().find(|fault| fault.certain);
    (assessed.certainty, broken.map(|fault| fault.keyword))
}

/// A plain decimal number.
fn numeral(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all(whole) && all(fraction)
}

fn keyword(schema: &Schema) -> &'static str {
    if schema.enum_values.is_some() {
        "enum"
    } else if schema.pattern.is_some() {
        "pattern"
    } else if schema.maximum.is_some() {
        "maximum"
    } else if schema.minimum.is_some() {
        "minimum"
    } else if schema.max_length.is_some() {
        "maxLength"
    } else {
        "type"
    }
}

fn candidates(context: &Context<'_>, parameter: &Parameter) -> Vec<(String, u8, String)> {
    let sample = context.parameter_text(parameter);
    let mut out = Vec::new();
    if !parameter.required {
        out.push(("present".to_owned(), 1, sample.clone()));
    }
    out.extend(texts(context, &parameter.schema, &sample));
    out
}

/// How the ideas begin that are about the format of a text.
const OF_FORMAT: &str = "format-";

/// Texts near a valid one, each with an idea and a tier.
fn texts(context: &Context<'_>, schema: &Schema, sample: &str) -> Vec<(String, u8, String)> {
    let mut out: Vec<(String, u8, String)> = Vec::new();
    let mut push = |idea: &str, tier: u8, text: String| out.push((idea.to_owned(), tier, text));
    if let Some(values) = &schema.enum_values {
        for value in values.iter().filter_map(Value::as_str) {
            push("word", 1, value.to_owned());
        }
        push("other-word", 0, "probity".to_owned());
        push("upper-case", 1, sample.to_uppercase());
        push("longer", 1, format!("{sample}x"));
        return out;
    }
    match main_type(schema) {
        Some(JsonType::Integer | JsonType::Number) => {
            push("word", 0, "probity".to_owned());
            push("number-and-word", 1, format!("{sample}abc"));
            push("fraction", 1, format!("{sample}.5"));
            push("hexadecimal", 2, "0x1".to_owned());
            push("not-a-number", 2, "NaN".to_owned());
            for (bound, idea, by) in [
                (&schema.minimum, "below", -1),
                (&schema.maximum, "above", 1),
            ] {
                if let Some(edge) = bound.as_ref().and_then(|b| b.value.as_i64()) {
                    push("edge", 1, edge.to_string());
                    push(idea, 0, edge.saturating_add(by).to_string());
                    push(
                        "wraps",
                        2,
                        edge.saturating_add(by.signum() * (1 << 32)).to_string(),
                    );
                }
            }
        }
        Some(JsonType::Boolean) => {
            push("word", 0, "probity".to_owned());
            push("number", 2, "2".to_owned());
            push("other-value", 1, "false".to_owned());
        }
        Some(JsonType::String) => {
            let text = schema.rule().and_then(|rule| context.texts.get(&rule));
            if let Some(text) = text {
                for (i, near) in text.near_misses(6).into_iter().enumerate() {
                    let tier = if i < 2 { 1 } else { 2 };
                    push(&format!("near-{}", near.idea), tier, near.text);
                }
            }
            let near = super::formats::near(schema);
            if !near.is_empty() {
                push(&format!("{OF_FORMAT}word"), 1, "probity".to_owned());
            }
            for (nth, (idea, text)) in near.iter().take(3).enumerate() {
                push(
                    &format!("{OF_FORMAT}{idea}"),
                    u8::from(nth > 0),
                    (*text).to_owned(),
                );
            }
            if let Some(max) = schema.max_length.and_then(|m| usize::try_from(m).ok())
                && max < 4_000
            {
                push("too-long", 0, "a".repeat(max + 1));
            }
            let ruled = schema.pattern.is_some() || schema.max_length.is_some();
            for mutant in mutants(sample)
                .into_iter()
                .filter(|m| ruled && m.tier == 1)
                .take(6)
            {
                push(mutant.idea, 2, mutant.text);
            }
        }
        _ => {}
    }
    out
}

/// Whether the operation documents that it refuses requests for what they hold: many servers drop
/// parameters that they cannot read, and nothing but such an answer says that this one does not.
pub(super) fn refuses(op: &Operation) -> bool {
    op.responses.iter().any(|r| match r.status {
        StatusKey::Exact(code) => {
            (400..500).contains(&code) && !matches!(code, 401 | 403 | 404 | 405 | 429)
        }
        StatusKey::Range(digit) => digit == 4,
        StatusKey::Default => true,
    })
}

/// Whether the page shows this text where it names a resource: that one exists says nothing of the
/// others which the rules allow.
fn names_known(parameter: &Parameter, text: Option<&str>) -> bool {
    let schema = &parameter.schema;
    let spelt = |example: &Value| {
        let word = example.as_str().map(str::to_owned);
        word.unwrap_or_else(|| example.to_string())
    };
    let shown = |example: &Value| Some(spelt(example).as_str()) == text;
    parameter.place != Place::Path
        || schema.enum_values.is_some()
        || schema.const_value.is_some()
        || schema.examples.iter().any(shown)
}

fn case(
    context: &Context<'_>,
    op: &Operation,
    parameter: &Parameter,
    idea: ParameterDraft,
    change: Change<'_>,
) -> Case {
    let (keyword, tier) = (idea.keyword, idea.tier);
    let body = body_of(context, op);
    let unsure_body = body.as_ref().is_some_and(|(_, sure)| !sure);
    let body = body.map(|(octets, _)| octets);
    let spelt = match change {
        Change::Absent => None,
        Change::Text(text) => Some(text.to_owned()),
        Change::Value(value) => Some(value.to_string()),
    };
    let text = spelt.as_deref();
    let field = FieldPath::root().member(&parameter.name);
    let fault = Fault::at(FaultKind::Parameter, &field);
    let valid = idea.certainty == Assessment::SurelyValid;
    let unsure = unsure_target(context, op)
        .or_else(|| (!names_known(parameter, text)).then_some(UNSURE_TARGET));
    let unsure = unsure.or_else(|| unsure_body.then_some(UNSURE_BODY));
    let expect = match (valid, unsure) {
        _ if idea.certainty == Assessment::Open => Expect::Either {
            question: super::question::HELD.to_owned(),
            faults: vec![fault],
        },
        (false, _) if !refuses(op) => Expect::Either {
            question: NO_REFUSAL.to_owned(),
            faults: vec![fault],
        },
        (false, _) => Expect::Refused {
            faults: vec![fault],
        },
        (true, Some(question)) => Expect::Either {
            question: question.to_owned(),
            faults: vec![fault],
        },
        (true, None) if matches!(op.method.as_str(), "GET" | "HEAD") || op.body.is_some() => {
            Expect::Accepted
        }
        (true, None) => Expect::Either {
            question: "whether the call can be done now".to_owned(),
            faults: vec![fault],
        },
    };
    let key = op.parameter_key(parameter);
    let mut promises = vec![
        format!("parameters.{key}.{keyword}"),
        format!("parameters.{key}.type"),
    ];
    if valid {
        let status = op.success_statuses().into_iter().next();
        promises.extend(status.map(|s| format!("responses.{s}")));
    }
    promises.push("http.answers".to_owned());
    let draft = Draft {
        about: &key,
        name: idea.name,
        title: match (change, text) {
            (Change::Value(value), _) => format!("parameter {} is {value}", parameter.name),
            (_, Some(text)) => format!("parameter {} is {}", parameter.name, shown(text)),
            (_, None) => format!("parameter {} is absent", parameter.name),
        },
        class: format!("parameter:{keyword}"),
        tier,
        promises,
        request: Request::Http(context.request_with(op, body, parameter, change)),
        expect,
        check: match context.reads_back(op) {
            true => Check::Unchanged,
            false => Check::Nothing,
        },
    };
    let mut case = draft.case(op, "parameters");
    case.promises
        .retain(|id| context.contract.promise(id).is_some());
    case.promises.dedup();
    case
}
