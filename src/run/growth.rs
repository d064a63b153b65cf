//! How the time that a device takes for a string grows with its length, from a few measured times.
//! Pure: what is sent when, and what follows from the times.

use super::result::{Measured, TimeSample};
use crate::pattern::ambiguity::Growth;
use std::time::Duration;

/// How often the pump of an attack, `pump` characters long, is repeated, one request after the
/// other. Steps are small enough that a device which answered within the budget does not take much
/// more the next time: where every character doubles the time, four times.
pub(super) fn schedule(predicted: Growth, pump: usize) -> Vec<usize> {
    match predicted {
        // 2^26 steps take every device more than half a second.
        Growth::Exponential => {
            let characters = (4..18).step_by(2).chain(18..=26);
            let mut pumps: Vec<usize> = characters.map(|c| c / pump.max(1)).collect();
            pumps.dedup();
            pumps.retain(|&n| n > 0);
            pumps
        }
        // The last steps are small: on a fast device only the longest texts take longer than noise.
        Growth::Polynomial(2) => vec![16, 64, 256, 1_024, 2_048, 4_096, 8_192, 16_384],
        Growth::Polynomial(_) => vec![8, 16, 32, 64, 128, 256, 512, 1_024],
        Growth::Linear => Vec::new(),
    }
}

/// Longest string that is sent, in bytes: no contract says how large a body may be, and an embedded
/// device may have little room.
pub(super) const LONGEST: usize = 20_000;

/// Nothing longer is sent once an answer took longer than this: five usual answers and a quarter of
/// a second.
pub(super) fn budget(usual: Duration) -> Duration {
    usual * 5 + Duration::from_millis(250)
}

/// What does not count as growth: twice the usual answer and 8 ms more than the shortest string
/// took, which scheduling and networks explain.
pub(super) fn noise(usual: Duration) -> Duration {
    usual * 2 + Duration::from_millis(8)
}

/// What the times say. `complete`: the schedule was sent to its end.
pub(super) fn measured(samples: &[TimeSample], usual: Duration, complete: bool) -> Measured {
    let Some(least) = samples.iter().map(|s| s.micros).min() else {
        return Measured::NotMeasurable;
    };
    let floor = u64::try_from(noise(usual).as_micros()).unwrap_or(u64::MAX);
    // The last run of samples that rise above the noise, each more than the one before.
    let mut rising: Vec<(f64, f64)> = Vec::new();
    for sample in samples {
        let more = sample.micros - least;
        if more <= floor {
            rising.clear();
        } else if rising
            .last()
            .is_some_and(|(_, before)| more as f64 <= *before)
        {
            return Measured::NotMeasurable;
        } else {
            rising.push((sample.pumps as f64, more as f64));
        }
    }
    let (Some(first), Some(last)) = (rising.first(), rising.last()) else {
        return if complete {
            Measured::Linear
        } else {
            Measured::NotMeasurable
        };
    };
    if last.0 <= first.0 {
        // One slow answer may be anything.
        return Measured::NotMeasurable;
    }
    // The power of the length that explains the growth; doubling again and again looks like a power
    // that no chain of loops in a pattern of ordinary size has.
    match (last.1 / first.1).ln() / (last.0 / first.0).ln() {
        power if power < 1.5 => Measured::Linear,
        power if power < 2.5 => Measured::Quadratic,
        power if power < 5.0 => Measured::Polynomial,
        _ => Measured::Exponential,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(of: impl Fn(f64) -> f64, pumps: &[usize]) -> Vec<TimeSample> {
        pumps
            .iter()
            .map(|&pumps| TimeSample {
                pumps: pumps as u64,
                length: pumps as u64,
                micros: of(pumps as f64) as u64,
            })
            .collect()
    }

    /// As the runner does: until the budget is passed.
    fn told(of: impl Fn(f64) -> f64, predicted: Growth) -> Measured {
        let usual = Duration::from_millis(1);
        let all = samples(of, &schedule(predicted, 1));
        let most = budget(usual).as_micros() as u64;
        let sent = all.iter().position(|s| s.micros > most);
        let sent = sent.map_or(all.len(), |at| at + 1);
        measured(&all[..sent], usual, sent == all.len())
    }

    #[test]
    fn growth_is_told_from_times() {
        let base = 900.0;
        type Case<'a> = (&'a str, Measured, Growth, &'a dyn Fn(f64) -> f64);
        let cases: [Case<'_>; 6] = [
            ("flat", Measured::Linear, Growth::Exponential, &|_| base),
            (
                "doubling",
                Measured::Exponential,
                Growth::Exponential,
                &|n| base + 0.05 * n.exp2(),
            ),
            (
                "tripling",
                Measured::Exponential,
                Growth::Exponential,
                &|n| base + 0.05 * 3_f64.powf(n),
            ),
            ("square", Measured::Quadratic, Growth::Polynomial(2), &|n| {
                base + 0.01 * n * n
            }),
            ("cube", Measured::Polynomial, Growth::Polynomial(3), &|n| {
                base + 0.01 * n * n * n
            }),
            ("length", Measured::Linear, Growth::Polynomial(2), &|n| {
                base + 4.0 * n
            }),
        ];
        for (name, expected, predicted, of) in cases {
            assert_eq!(told(of, predicted), expected, "{name}");
        }
    }

    #[test]
    fn noise_does_not_accuse() {
        let usual = Duration::from_millis(1);
        // One slow answer in the middle, and one at the end.
        let hiccup = |at: f64| move |n: f64| if n == at { 400_000.0 } else { 900.0 };
        let plan = &schedule(Growth::Exponential, 1);
        let all = samples(hiccup(18.0), plan);
        assert_eq!(measured(&all, usual, true), Measured::Linear);
        let all = samples(hiccup(18.0), &plan[..8]);
        assert_eq!(measured(&all, usual, false), Measured::NotMeasurable);
        // Slow, then faster with more: not the string's doing.
        let falling = samples(|n| if n > 20.0 { 2e6 / n } else { 900.0 }, plan);
        assert_eq!(measured(&falling, usual, true), Measured::NotMeasurable);
        assert_eq!(measured(&[], usual, false), Measured::NotMeasurable);
    }
}
