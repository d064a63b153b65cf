//! Members that go on by themselves: the time of day, and what else changes while nobody writes it. Pure.

use jiff::civil::{DateTime, Time};
use jiff::{Timestamp, Unit};
use serde_json::Value;

/// Seconds that a clock may have gone on between a write and the look at it.
const AT_ONCE: f64 = 5.0;
/// Seconds that it may have gone on over a window of requests.
const A_WHILE: f64 = 180.0;

/// Whether `now` is the time `then`, a moment later.
pub(super) fn ticked(then: &Value, now: &Value) -> bool {
    passed(then, now).is_some_and(|seconds| seconds > 0.0 && seconds <= AT_ONCE)
}

/// Whether two texts of JSON are times, the second of them a while after the first.
pub fn went_on(then: &str, now: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let both = read(then).zip(read(now));
    let passed = both.and_then(|(then, now)| passed(&then, &now));
    passed.is_some_and(|seconds| seconds > 0.0 && seconds <= A_WHILE)
}

/// Seconds between two times, written in the same way (RFC 3339, ISO 8601 without offset, time of day).
fn passed(then: &Value, now: &Value) -> Option<f64> {
    let (then, now) = (then.as_str()?, now.as_str()?);
    let moments = then
        .parse::<Timestamp>()
        .ok()
        .zip(now.parse::<Timestamp>().ok());
    if let Some((then, now)) = moments {
        return (now - then).total(Unit::Second).ok();
    }
    let days = then
        .parse::<DateTime>()
        .ok()
        .zip(now.parse::<DateTime>().ok());
    if let Some((then, now)) = days.filter(|_| then.contains(':')) {
        return (now - then).total(Unit::Second).ok();
    }
    let (then, now) = then.parse::<Time>().ok().zip(now.parse::<Time>().ok())?;
    (now - then).total(Unit::Second).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_clock_goes_on_and_nothing_else_does() {
        // Then, now, whether at once, whether over a while.
        let table = [
            (
                json!("2026-11-30T02:41:56Z"),
                json!("2026-11-30T02:41:57Z"),
                true,
                true,
            ),
            (
                json!("2026-11-30T02:41:56Z"),
                json!("2026-11-30T03:41:57.5+01:00"),
                true,
                true,
            ),
            (
                json!("2026-11-30T02:41:56"),
                json!("2026-11-30T02:43:00"),
                false,
                true,
            ),
            (json!("02:41"), json!("02:42"), false, true),
            (json!("02:41:00"), json!("02:41:01"), true, true),
            // Back, by far too much, and no times.
            (
                json!("2026-11-30T02:41:56Z"),
                json!("2026-11-30T02:41:00Z"),
                false,
                false,
            ),
            (
                json!("2026-11-30T02:41:56Z"),
                json!("2026-12-30T02:41:56Z"),
                false,
                false,
            ),
            (json!("02:41"), json!("02:41"), false, false),
            (json!("2026-11-30"), json!("2026-12-01"), false, false),
            (json!(1), json!(2), false, false),
            (json!("1"), json!("2"), false, false),
        ];
        for (then, now, at_once, in_a_while) in table {
            assert_eq!(ticked(&then, &now), at_once, "{then} {now}");
            let told = went_on(&then.to_string(), &now.to_string());
            assert_eq!(told, in_a_while, "{then} {now}");
        }
    }
}
