//! Numbers that the rules of a schema allow: within the bounds, on the step, whole ones exact
//! beyond the integers that a double holds.

use crate::merge::whole;
use crate::model::{Bound, JsonType, Schema};
use serde_json::{Number, Value};

/// 2^53: whole numbers up to here are exact in a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The `nth` number within the bounds of a schema, on its step: from the lower bound upwards, and
/// where there is none the step itself or the upper bound, whichever is smaller. `None` where
/// there is no such number, or none that JSON readers keep (64 bits, or a double).
pub fn within(schema: &Schema, nth: usize) -> Option<Value> {
    let integer = !schema.types.is_empty() && !schema.types.contains(&JsonType::Number);
    let exact = match integer {
        true => Exact::of(schema),
        false => None,
    };
    match exact {
        Some(rules) => rules.value(nth).and_then(whole_number).map(Value::Number),
        None => real(schema, nth, integer),
    }
}

/// A JSON number; whole ones without a fraction.
pub fn number(value: f64) -> Option<Value> {
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Some(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number)
}

/// A whole number of at most 64 bits.
pub fn whole_number(value: i128) -> Option<Number> {
    let signed = i64::try_from(value).map(Number::from);
    signed
        .or_else(|_| u64::try_from(value).map(Number::from))
        .ok()
}

/// Bounds and step of an integer.
struct Exact {
    low: Option<i128>,
    high: Option<i128>,
    step: i128,
}

impl Exact {
    /// `None` where the step is no whole number, or a bound is beyond any integer.
    fn of(schema: &Schema) -> Option<Exact> {
        let step = match &schema.multiple_of {
            None => 1,
            Some(step) => whole(step).filter(|s| *s > 0)?,
        };
        let inner = |bound: &Bound, inward: i128| {
            let (edge, on) = match whole(&bound.value) {
                Some(edge) => (edge, true),
                None => {
                    let value = bound.value.as_f64().filter(|v| v.abs() < 1e30)?;
                    let rounded = match inward > 0 {
                        true => value.ceil(),
                        false => value.floor(),
                    };
                    (rounded as i128, rounded == value)
                }
            };
            Some(match bound.exclusive && on {
                true => edge + inward,
                false => edge,
            })
        };
        let edge = |bound: &Option<Bound>, inward| match bound {
            None => Some(None),
            Some(bound) => inner(bound, inward).map(Some),
        };
        Some(Exact {
            low: edge(&schema.minimum, 1)?,
            high: edge(&schema.maximum, -1)?,
            step,
        })
    }

    fn value(&self, nth: usize) -> Option<i128> {
        let up = |v: i128| v.div_euclid(self.step) + i128::from(v.rem_euclid(self.step) != 0);
        let first = match (self.low, self.high) {
            (Some(low), _) => up(low).checked_mul(self.step)?,
            // Below a bound, nothing is sure but the bound itself and the number one.
            (None, Some(high)) => self.step.min(high),
            (None, None) => self.step,
        };
        let fits = |v: &i128| self.high.is_none_or(|high| *v <= high);
        let further = self.step.checked_mul(i128::try_from(nth).ok()?)?;
        let wanted = first.checked_add(further).filter(fits);
        wanted.or(Some(first).filter(fits))
    }
}

/// [`within`] by doubles.
fn real(schema: &Schema, nth: usize, integer: bool) -> Option<Value> {
    let edge = |bound: &Bound| Some((bound.value.as_f64()?, bound.exclusive));
    let step = schema.multiple_of.as_ref().and_then(Number::as_f64);
    let step = step.filter(|s| *s > 0.0).unwrap_or(1.0);
    let low = schema.minimum.as_ref().and_then(edge);
    let high = schema.maximum.as_ref().and_then(edge);
    let first = match (low, high) {
        (Some((low, open)), _) => {
            let first = (low / step).ceil() * step;
            match open && first <= low {
                true => first + step,
                false => first,
            }
        }
        (None, Some((high, _))) => step.min(high),
        (None, None) => step,
    };
    let wanted = first + step * nth as f64;
    let fits = |v: f64| high.is_none_or(|(h, open)| if open { v < h } else { v <= h });
    let value = if fits(wanted) { wanted } else { first };
    if fits(value) {
        return number(value);
    }
    // Bounds with no multiple of the step between them; a fraction may lie there, or be both.
    match (low, high) {
        (Some((l, _)), Some((h, _))) if l <= h && !integer => number((l + h) / 2.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::within;
    use crate::model::{Bound, JsonType, Schema};
    use serde_json::{Number, Value, json};

    /// Type, minimum, maximum (each with whether it is exclusive), step, and the first value.
    type Row = (
        JsonType,
        Option<(Value, bool)>,
        Option<(Value, bool)>,
        Option<Value>,
        Option<Value>,
    );

    fn of(value: &Value) -> Number {
        value.as_number().cloned().expect("a number")
    }

    #[test]
    fn numbers_lie_within_any_bounds() {
        use JsonType::{Integer, Number as Real};
        let closed = |v: Value| Some((v, false));
        let open = |v: Value| Some((v, true));
        let (max, odd) = (json!(i64::MAX), json!(9_007_199_254_740_993_u64));
        let rows: Vec<Row> = vec![
            (Integer, None, None, None, Some(json!(1))),
            (Integer, open(json!(5.0)), None, None, Some(json!(6))),
            (Integer, closed(json!(4.5)), None, None, Some(json!(5))),
            (
                Integer,
                closed(json!(7)),
                None,
                Some(json!(5)),
                Some(json!(10)),
            ),
            (Integer, None, closed(json!(-3)), None, Some(json!(-3))),
            (Integer, None, open(json!(0)), None, Some(json!(-1))),
            (Real, open(json!(0)), open(json!(1)), None, Some(json!(0.5))),
            (Integer, open(json!(0)), open(json!(1)), None, None),
            // Beyond 2^53, where doubles skip every other integer.
            (
                Integer,
                closed(odd.clone()),
                closed(max.clone()),
                None,
                Some(odd.clone()),
            ),
            (
                Integer,
                closed(odd.clone()),
                closed(odd.clone()),
                None,
                Some(odd.clone()),
            ),
            (
                Integer,
                open(odd.clone()),
                None,
                None,
                Some(json!(9_007_199_254_740_994_u64)),
            ),
            (
                Integer,
                closed(max.clone()),
                closed(max.clone()),
                None,
                Some(max.clone()),
            ),
            (
                Integer,
                closed(json!(i64::MIN)),
                closed(json!(-9_007_199_254_740_993_i64)),
                None,
                Some(json!(i64::MIN)),
            ),
            (
                Integer,
                closed(json!(u64::MAX)),
                None,
                None,
                Some(json!(u64::MAX)),
            ),
            (Integer, open(json!(u64::MAX)), None, None, None),
        ];
        let bound = |b: Option<(Value, bool)>| {
            b.map(|(value, exclusive)| Bound {
                value: of(&value),
                exclusive,
            })
        };
        for (kind, minimum, maximum, step, want) in rows {
            let schema = Schema {
                types: vec![kind],
                minimum: bound(minimum),
                maximum: bound(maximum),
                multiple_of: step.as_ref().map(of),
                ..Schema::default()
            };
            assert_eq!(within(&schema, 0), want, "{schema:?}");
        }
    }
}
