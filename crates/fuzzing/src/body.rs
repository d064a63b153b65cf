//! Request bodies: what [`contract::assess`](probity::contract::assess) says of a body, what a mock
//! with a validator of its own does with it, and what the judge says of that answer. Three routes
//! that share the schema and the readings and nothing else; where two differ, one is wrong.

use super::stage::{self, Stage};
use arbitrary::{Result, Unstructured};
use probity::case::wire::is_json;
use probity::case::{Case, CaseId, Check, Expect, Fault, InputClass, Tier};
use probity::contract::PromiseId;
use probity::contract::{FaultKind, JsonType, Operation, Schema, assess};
use probity::exchange::{Answer, Exchange, HttpRequest, Outcome, Request, Timings};
use probity::judge::{Acceptance, JudgeContext, judge};
use probity::pattern::Assessment;
use serde_json::{Map, Value};

/// The first byte chooses the operation, the second the device; then raw bytes or a structure.
pub fn body(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = run(&mut u);
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let operations: Vec<(&Stage, &Operation)> = stage::stages()
        .iter()
        .flat_map(|s| s.contract.operations.iter().map(move |o| (s, o)))
        .collect();
    let (stage, operation) = *u.choose(&operations)?;
    let device = u.choose(&stage.devices)?;
    let Some(schema) = operation.body.as_ref().map(|b| &b.schema) else {
        return Ok(());
    };
    let bytes = if u.ratio(1, 3)? {
        u.bytes(u.len())?.to_vec()
    } else {
        value(u, schema, stage, 0)?.to_string().into_bytes()
    };
    let Some(expect) = expectation(schema, &bytes, stage) else {
        return Ok(());
    };
    let (status, headers, answer) = device.front.answer(
        &operation.method,
        &operation.path,
        &device.headers(),
        &bytes,
    );
    let headers = headers.into_iter().map(|(n, v)| (n, v.into_bytes()));
    let exchange = Exchange {
        outcome: Outcome::Answered(Answer {
            status,
            headers: headers.collect(),
            body: answer,
            decoded: false,
            anomalies: Vec::new(),
        }),
        timings: Timings::default(),
        reused: false,
    };
    let judging = JudgeContext {
        contract: &stage.contract,
        texts: &stage.texts,
        profile: &stage.profile,
    };
    let case = case(operation, &bytes, expect);
    let judgement = judge(judging, &case, &exchange);
    let shown = String::from_utf8_lossy(&bytes);
    let what = format!("{}: {shown}\n{:?}", operation.id, case.expect);
    match case.expect {
        Expect::Accepted => assert_eq!(
            judgement.acceptance,
            Acceptance::Accepted,
            "{what}\n{exchange:?}"
        ),
        Expect::Refused { .. } => {
            assert_eq!(
                judgement.acceptance,
                Acceptance::Refused,
                "{what}\n{exchange:?}"
            );
        }
        _ => assert_ne!(
            judgement.acceptance,
            Acceptance::Neither,
            "{what}\n{exchange:?}"
        ),
    }
    let deviations: Vec<_> = judgement.deviations().collect();
    assert!(
        deviations.is_empty(),
        "{what}\n{exchange:?}\n{deviations:#?}"
    );
    Ok(())
}

/// What may come back; `None` where it depends on what RFC 8259 leaves to the reader.
fn expectation(schema: &Schema, bytes: &[u8], stage: &Stage) -> Option<Expect> {
    if bytes.is_empty() {
        let faults = vec![Fault::whole(FaultKind::NoBody)];
        return Some(Expect::Refused { faults });
    }
    // §8.1: a reader may ignore a byte order mark.
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return None;
    }
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(_) if is_json(bytes) => return None, // §9: limits of depth and range, lone surrogates
        Err(_) => {
            let mut faults = vec![Fault::whole(FaultKind::NotJson)];
            if bytes.iter().all(|b| b" \t\r\n".contains(b)) {
                faults.push(Fault::whole(FaultKind::NoBody));
            }
            return Some(Expect::Refused { faults });
        }
    };
    let assessed = assess(schema, &value, &stage.texts);
    let faults: Vec<Fault> = assessed
        .faults
        .iter()
        .map(|f| Fault::at(f.kind, &f.path))
        .collect();
    Some(match assessed.certainty {
        Assessment::SurelyValid => Expect::Accepted,
        Assessment::SurelyInvalid => Expect::Refused { faults },
        Assessment::Open => Expect::Either {
            question: "what the page leaves open".to_owned(),
            faults,
        },
    })
}

fn case(operation: &Operation, bytes: &[u8], expect: Expect) -> Case {
    Case {
        id: CaseId::known("fuzz"),
        strategy: "fuzz",
        operation: operation.id.clone(),
        promises: vec![PromiseId::new(&operation.id, "body.type")],
        title: "a body".to_owned(),
        request: Request::Http(HttpRequest {
            method: operation.method.clone(),
            target: operation.path.as_str().into(),
            headers: Vec::new(),
            body: Some(bytes.to_vec()),
        }),
        expect,
        input_class: InputClass::new("fuzz"),
        check: Check::Nothing,
        tier: Tier::FIRST,
        carries: Vec::new(),
    }
}

/// A value that mostly keeps the schema, so that more than its type is looked at.
fn value(u: &mut Unstructured<'_>, schema: &Schema, stage: &Stage, depth: u32) -> Result<Value> {
    if depth > 5 || u.ratio(1, 16)? {
        return any(u, depth);
    }
    if let Some(part) = pick(u, &schema.one_of)?.or(pick(u, &schema.any_of)?) {
        return value(u, part, stage, depth + 1);
    }
    if let Some(values) = &schema.enum_values
        && u.ratio(3, 4)?
        && let Some(known) = pick(u, values)?
    {
        return Ok(known.clone());
    }
    if let Some(constant) = &schema.const_value
        && u.ratio(3, 4)?
    {
        return Ok(constant.clone());
    }
    let Some(of_type) = pick(u, &schema.types)? else {
        return any(u, depth);
    };
    Ok(match of_type {
        JsonType::Null => Value::Null,
        JsonType::Boolean => u.ratio(1, 2)?.into(),
        JsonType::Integer | JsonType::Number => number(u, schema)?,
        JsonType::String => string(u, schema, stage)?.into(),
        JsonType::Array => {
            let mut items = Vec::new();
            for _ in 0..u.int_in_range(0..=5)? {
                items.push(match &schema.items {
                    Some(rules) => value(u, rules, stage, depth + 1)?,
                    None => any(u, depth + 1)?,
                });
            }
            Value::Array(items)
        }
        JsonType::Object => {
            let mut members = Map::new();
            let parts = schema.all_of.iter().flat_map(|part| &part.properties);
            for (name, rules) in schema.properties.iter().chain(parts) {
                let usual = if schema.required.contains(name) {
                    15
                } else {
                    8
                };
                if u.ratio(usual, 16)? {
                    members.insert(name.clone(), value(u, rules, stage, depth + 1)?);
                }
            }
            if u.ratio(1, 8)? {
                let name = super::pieces::raw(u, 6)?;
                members.insert(name, any(u, depth + 1)?);
            }
            Value::Object(members)
        }
    })
}

fn pick<'a, T>(u: &mut Unstructured<'_>, list: &'a [T]) -> Result<Option<&'a T>> {
    if list.is_empty() {
        return Ok(None);
    }
    u.choose(list).map(Some)
}

fn number(u: &mut Unstructured<'_>, schema: &Schema) -> Result<Value> {
    let bounds = [&schema.minimum, &schema.maximum];
    let bound = u
        .choose(&bounds)?
        .as_ref()
        .and_then(|b| b.value.as_i64())
        .unwrap_or(0);
    Ok(match u.int_in_range(0..=7)? {
        0 => u.arbitrary::<i64>()?.into(),
        1 => u.arbitrary::<u64>()?.into(),
        2 => u.arbitrary::<f64>()?.into(),
        3 => (bound as f64 + f64::from(u.int_in_range(-4_i8..=4)?) / 8.0).into(),
        _ => bound.saturating_add(u.int_in_range(-12_i64..=12)?).into(),
    })
}

fn string(u: &mut Unstructured<'_>, schema: &Schema, stage: &Stage) -> Result<String> {
    let text = schema.rule().and_then(|rule| stage.texts.get(&rule));
    let mut base = match text {
        Some(text) if u.ratio(7, 8)? => text.valid().unwrap_or_default(),
        _ => at_a_bound(u, schema)?,
    };
    // Edits at any place: what lies around a valid text is where readings part.
    for _ in 0..u.int_in_range(0..=3)? {
        let mut chars: Vec<char> = base.chars().collect();
        let at = u.int_in_range(0..=chars.len())?;
        let symbol = *u.choose(super::pieces::SYMBOLS)?;
        if u.ratio(1, 3)? && at < chars.len() {
            chars.remove(at);
        } else {
            chars.splice(at..at, symbol.chars());
        }
        base = chars.into_iter().collect();
    }
    if u.ratio(1, 8)? {
        base.push_str(&super::pieces::raw(u, 40)?);
    }
    Ok(base)
}

/// About as long as a bound wants, of characters of one to four octets: units of length part there.
/// Empty where there is no bound.
fn at_a_bound(u: &mut Unstructured<'_>, schema: &Schema) -> Result<String> {
    let bounds: Vec<u64> = [schema.min_length, schema.max_length]
        .into_iter()
        .flatten()
        .filter(|bound| *bound < 256)
        .collect();
    let Some(bound) = pick(u, &bounds)? else {
        return Ok(String::new());
    };
    let length = bound.saturating_add_signed(u.int_in_range(-1_i64..=1)?);
    let symbol = u.choose(&["a", "é", "€", "😀"])?;
    Ok(symbol.repeat(usize::try_from(length).unwrap_or_default()))
}

/// Any JSON value.
fn any(u: &mut Unstructured<'_>, depth: u32) -> Result<Value> {
    let most = if depth > 5 { 5 } else { 7 };
    Ok(match u.int_in_range(0..=most)? {
        0 => Value::Null,
        1 => u.ratio(1, 2)?.into(),
        2 => u.arbitrary::<i32>()?.into(),
        3 => u.arbitrary::<f64>()?.into(),
        4 | 5 => super::pieces::raw(u, 12)?.into(),
        6 => {
            let mut items = Vec::new();
            for _ in 0..u.int_in_range(0..=3)? {
                items.push(any(u, depth + 1)?);
            }
            Value::Array(items)
        }
        _ => {
            let mut members = Map::new();
            for _ in 0..u.int_in_range(0..=3)? {
                members.insert(super::pieces::raw(u, 6)?, any(u, depth + 1)?);
            }
            Value::Object(members)
        }
    })
}
