//! Parameters outside the body: absent, of another type, outside their rules. May import what
//! [`crate::case`] may.

use super::build::{case_id, emit};
use super::draft::{UNSURE_TARGET, main_type, mark, may_call, shown, unsure_target};
use super::model::{Case, Check, Context, Expect, Fault, Strategy};
use super::mutate::mutants;
use super::unstated;
use crate::contract::{
    self, FaultKind, FieldPath, JsonType, Operation, Parameter, Place, StatusKey,
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
         parameter is often an empty string that no check refuses."
    }

    fn cases(&self, context: &Context<'_>) -> Vec<Case> {
        let mut cases = Vec::new();
        for op in &context.contract.operations {
            if !may_call(context, op) || (op.body.is_some() && context.base(op).is_none()) {
                continue;
            }
            for parameter in &op.parameters {
                one_parameter(context, op, parameter, &mut cases);
            }
        }
        cases
    }
}

fn one_parameter(
    context: &Context<'_>,
    op: &Operation,
    parameter: &Parameter,
    cases: &mut Vec<Case>,
) {
    if parameter.place == Place::Cookie {
        return;
    }
    if parameter.required && parameter.place != Place::Path {
        let sketch = ("absent".to_owned(), "required", 0);
        cases.push(case(
            context,
            op,
            parameter,
            sketch,
            None,
            Assessment::SurelyInvalid,
        ));
    }
    for (idea, tier, text) in candidates(context, parameter) {
        // A path with an empty or relative segment is another path.
        if parameter.place == Place::Path && matches!(text.as_str(), "" | "." | "..") {
            continue;
        }
        // Control characters cannot stand in a header (RFC 9110 §5.5), and blanks at its ends are
        // no part of it.
        if parameter.place == Place::Header
            && (text.trim() != text || text.chars().any(|c| !c.is_ascii() || c.is_control()))
        {
            continue;
        }
        let (certainty, broken) = assess(context, parameter, &text);
        if certainty == Assessment::Open {
            continue;
        }
        // What is refused is charged to the rule that it breaks.
        let keyword = broken.unwrap_or_else(|| keyword(parameter));
        let sketch = (format!("{idea}-{}", mark(&text)), keyword, tier);
        cases.push(case(context, op, parameter, sketch, Some(&text), certainty));
    }
}

/// What the page says of a parameter's text, as the value that it spells where the type is not a
/// string; and the rule that is surely broken.
fn assess(
    context: &Context<'_>,
    parameter: &Parameter,
    text: &str,
) -> (Assessment, Option<&'static str>) {
    let schema = &parameter.schema;
    let value = match main_type(schema) {
        Some(JsonType::Integer | JsonType::Number) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
        }
        Some(JsonType::Boolean) => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            // Many frameworks take these for booleans; the page does not say.
            "0" | "1" | "TRUE" | "FALSE" | "True" | "False" | "yes" | "no" | "on" | "off" => {
                return (Assessment::Open, None);
            }
            _ => Value::from(text),
        },
        Some(JsonType::Array | JsonType::Object) | None => return (Assessment::Open, None),
        _ => Value::from(text),
    };
    let assessed = contract::assess(schema, &value, context.texts);
    let unstated = unstated::exceeded(schema, Some(&parameter.name), &value).is_some();
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

fn keyword(parameter: &Parameter) -> &'static str {
    let schema = &parameter.schema;
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
    let schema = &parameter.schema;
    let sample = context.parameter_text(parameter);
    let mut out: Vec<(String, u8, String)> = Vec::new();
    let mut push = |idea: &str, tier: u8, text: String| out.push((idea.to_owned(), tier, text));
    if !parameter.required {
        push("present", 1, sample.clone());
    }
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
            if let Some(max) = schema.max_length.and_then(|m| usize::try_from(m).ok())
                && max < 4_000
            {
                push("too-long", 0, "a".repeat(max + 1));
            }
            let ruled = schema.pattern.is_some() || schema.max_length.is_some();
            for mutant in mutants(&sample)
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
fn refuses(op: &Operation) -> bool {
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
    (name, keyword, tier): (String, &'static str, u8),
    text: Option<&str>,
    certainty: Assessment,
) -> Case {
    let body = context
        .full_nth(op, 1)
        .or_else(|| context.base(op))
        .map(|body| emit(&body));
    let field = FieldPath::root().member(&parameter.name);
    let fault = Fault::at(FaultKind::Parameter, &field);
    let valid = certainty == Assessment::SurelyValid;
    let unsure =
        unsure_target(op).or_else(|| (!names_known(parameter, text)).then_some(UNSURE_TARGET));
    let expect = match (valid, unsure) {
        (false, _) if !refuses(op) => Expect::Either {
            question: "a parameter outside its rules, and no refusal documented".to_owned(),
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
        format!("{}.parameters.{key}.{keyword}", op.id),
        format!("{}.parameters.{key}.type", op.id),
    ];
    if valid {
        let status = op.success_statuses().into_iter().next();
        promises.extend(status.map(|s| format!("{}.responses.{s}", op.id)));
    }
    promises.push(format!("{}.http.answers", op.id));
    promises.retain(|id| context.contract.promise(id).is_some());
    promises.dedup();
    let changes = context.profile.read_back.contains_key(&op.id);
    Case {
        id: case_id(&op.id, "parameters", &key, &name),
        strategy: "parameters",
        operation: op.id.clone(),
        promises,
        title: match text {
            Some(text) => format!("parameter {} is {}", parameter.name, shown(text)),
            None => format!("parameter {} is absent", parameter.name),
        },
        request: Request::Http(context.request_with(op, body, parameter, text)),
        expect,
        input_class: format!("parameter:{keyword}"),
        check: if changes {
            Check::Unchanged
        } else {
            Check::Nothing
        },
        tier,
    }
}
