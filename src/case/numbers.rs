//! Numbers at and around the edges of their rules and of machine integers; part of the strategy
//! `constraints`.

use super::build::set;
use super::builder::{BodyCases, BodyDraft, WhenOpen};
use crate::contract::number::{number, whole_number};
use crate::contract::{Bound, FieldPath, JsonType, Schema};
use crate::pattern::Assessment;
use serde_json::{Number, Value, json};

const RANGE: &str = "range of a number not stated";

/// Everything about one numeric field.
pub(super) fn edges(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    bounds(builder, path, schema);
    multiples(builder, path, schema);
    machine_edges(builder, path, schema);
    spellings(builder, path, schema);
}

/// One number that is to be refused; dropped where the page does not say so.
pub(super) fn refused(
    builder: &mut BodyCases<'_, '_>,
    path: &FieldPath,
    (keyword, idea, tier): (&'static str, &str, u8),
    value: Value,
) -> bool {
    let Some(body) = builder.bodies.with(path, value.clone()) else {
        return false;
    };
    if builder.bodies.assess(&body).certainty != Assessment::SurelyInvalid {
        return false;
    }
    builder.add_body(BodyDraft {
        field: path,
        keyword,
        name: format!("{keyword}-{idea}"),
        title: format!("{path} is {value}"),
        class: format!("{keyword}:{idea}"),
        tier,
        body,
        bytes: None,
        when_open: WhenOpen::Drop,
    });
    true
}

/// One step outside each published bound.
fn bounds(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    let whole = schema.types.contains(&JsonType::Integer);
    let step = schema
        .multiple_of
        .as_ref()
        .and_then(Number::as_f64)
        .unwrap_or(1.0);
    for (bound, keyword, sign) in [
        (&schema.minimum, "minimum", -1.0),
        (&schema.maximum, "maximum", 1.0),
    ] {
        let Some(Bound { value, exclusive }) = bound else {
            continue;
        };
        if *exclusive {
            refused(
                builder,
                path,
                (keyword, "on-the-open-bound", 0),
                Value::Number(value.clone()),
            );
        }
        let next = match value
            .as_i64()
            .map(i128::from)
            .or(value.as_u64().map(i128::from))
        {
            Some(edge) if step.fract() == 0.0 => {
                whole_number(edge + (sign * step) as i128).map(Value::Number)
            }
            _ => value.as_f64().and_then(|edge| number(edge + sign * step)),
        };
        if let Some(next) = next {
            refused(builder, path, (keyword, "one-outside", 0), next);
        }
        let near = value
            .as_f64()
            .and_then(|edge| number(edge + sign * 0.01 * step.min(1.0)));
        if let Some(near) = near.filter(|_| !whole) {
            refused(builder, path, (keyword, "just-outside", 1), near);
        }
        if let Some(far) = value
            .as_f64()
            .and_then(|edge| number(edge + sign * 1000.0 * step))
        {
            refused(builder, path, (keyword, "far-outside", 1), far);
        }
    }
    if let Some(low) = schema.minimum.as_ref().and_then(|b| b.value.as_f64())
        && low >= 0.0
        && let Some(sample) = builder.bodies.sample(path).and_then(|v| v.as_f64())
        && let Some(negative) = number(-sample)
    {
        refused(builder, path, ("minimum", "sign-lost", 1), negative);
    }
}

fn multiples(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    let Some(step) = schema.multiple_of.as_ref().and_then(Number::as_f64) else {
        return;
    };
    let Some(sample) = builder.bodies.sample(path).and_then(|v| v.as_f64()) else {
        return;
    };
    let candidates = [
        ("between-multiples", sample + 1.0),
        ("half-a-step", sample + step / 2.0),
    ];
    for (idea, value) in candidates {
        if let Some(value) = number(value) {
            refused(builder, path, ("multipleOf", idea, 0), value);
        }
    }
}

/// Where integers of firmware wrap round: 2^n beyond the sample reads as the sample in n bits.
/// Refused where a bound says so; otherwise the page leaves the range open, and what is accepted
/// must read back.
fn machine_edges(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    let Some(sample) = builder.bodies.sample(path).and_then(|v| v.as_i64()) else {
        return;
    };
    let wide = |bits: u32| {
        let wide = whole_number(i128::from(sample) + (1_i128 << bits));
        json!(wide.unwrap_or_else(|| u64::MAX.into()))
    };
    let candidates: [(&str, Value, u8); 14] = [
        ("wraps-16", wide(16), 0),
        ("wraps-32", wide(32), 0),
        ("negative-one", json!(-1), 1),
        ("wraps-8", wide(8), 3),
        ("above-16", json!(65_536), 2),
        ("largest-32-signed-and-one", json!(2_147_483_648_u64), 2),
        ("smallest-32-signed-less-one", json!(-2_147_483_649_i64), 3),
        ("largest-32-and-one", json!(4_294_967_296_u64), 3),
        (
            "largest-64-signed-and-one",
            json!(9_223_372_036_854_775_808_u64),
            3,
        ),
        ("beyond-53-bits", json!(9_007_199_254_740_993_u64), 3),
        ("largest-64", json!(u64::MAX), 3),
        ("zero", json!(0), 2),
        ("largest-16-signed-and-one", json!(32_768), 2),
        ("largest-16", json!(65_535), 2),
    ];
    let bounded = |v: &Value| {
        let body = builder.bodies.with(path, v.clone())?;
        Some(builder.bodies.assess(&body).certainty)
    };
    let assessed: Vec<Option<Assessment>> = candidates.iter().map(|(_, v, _)| bounded(v)).collect();
    let mut invalid = 0;
    for ((idea, value, tier), certainty) in candidates.into_iter().zip(assessed) {
        let keyword = match (&schema.maximum, &schema.minimum) {
            (Some(_), _) if value.as_f64().is_some_and(|v| v > 0.0) => "maximum",
            (_, Some(_)) => "minimum",
            _ => "type",
        };
        let tier = match certainty {
            None => continue,
            Some(Assessment::SurelyInvalid) => {
                invalid += 1;
                if invalid > 4 { tier + 2 } else { tier }
            }
            // The edges of a published range from the inside are the strategy `valid`'s.
            Some(Assessment::SurelyValid) => tier.max(2),
            Some(Assessment::Open) => tier,
        };
        let Some(body) = builder.bodies.with(path, value.clone()) else {
            continue;
        };
        builder.add_body(BodyDraft {
            field: path,
            keyword,
            name: idea.to_owned(),
            title: format!("{path} is {value}"),
            class: match holds(schema, &value) {
                // It may be refused; that it is kept where it is taken is said.
                true => format!("valid:number:{idea}"),
                false => format!("number:{idea}"),
            },
            tier,
            body,
            bytes: None,
            when_open: WhenOpen::AskAndRead(RANGE),
        });
    }
}

/// Whether a number is of those that the width of a format has room for (OpenAPI Format Registry).
fn holds(schema: &Schema, value: &Value) -> bool {
    schema.format.as_deref() == Some("int64") && value.is_i64()
}

/// Other spellings of a number that is valid: whole numbers with a fraction of zero or an
/// exponent, which JSON Schema counts as integers and many parsers do not.
fn spellings(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    let Some(sample) = builder.bodies.sample(path) else {
        return;
    };
    let whole = schema.types.contains(&JsonType::Integer);
    let Some(number) = sample.as_i64().filter(|n| *n > 0) else {
        return;
    };
    let tokens = [
        ("fraction-of-zero", format!("{number}.0"), 2),
        ("exponent", format!("{number}e0"), 3),
        ("capital-exponent", format!("{number}E+0"), 4),
    ];
    for (idea, token, tier) in tokens {
        let (Some(bytes), Some(mut body)) = (
            builder.bodies.raw(path, &token),
            builder.bodies.holding(path),
        ) else {
            continue;
        };
        // What the token means is the sample; whether an integer may be written so is open.
        if whole && let Some(written) = set(&body, path, json!(number as f64)) {
            body = written;
        }
        builder.add_body(BodyDraft {
            field: path,
            keyword: "type",
            name: idea.to_owned(),
            title: format!("{path} is written {token}"),
            class: format!("number:{idea}"),
            tier,
            body,
            bytes: Some(bytes),
            when_open: WhenOpen::Ask("whether an integer may be written with a fraction of zero"),
        });
    }
}
