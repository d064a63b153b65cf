//! One line on a divergence: how the device reads a promise that can be read in several ways.

use super::visible;
use crate::run::result::{
    DeviceReading, Divergence, Measured, ReadingOutcome, ReadingRef, Slowness,
};

/// Values of one axis that are named; more are counted.
const NAMED: usize = 3;

/// What the device's answers say about the readings of one promise.
pub(super) fn line(divergence: &Divergence, verbose: bool) -> String {
    match &divergence.device.slowness {
        Some(slowness) => format!("{}; {}", meaning(divergence, verbose), time(slowness)),
        None => meaning(divergence, verbose),
    }
}

/// Predicted against measured time.
fn time(slowness: &Slowness) -> String {
    let words = |growth: Measured| match growth {
        Measured::Linear => "linear",
        Measured::Quadratic => "quadratic",
        Measured::Polynomial => "polynomial",
        Measured::Exponential => "exponential",
        Measured::NotMeasurable => "not measurable",
    };
    let longest = slowness.samples.iter().max_by_key(|s| s.micros);
    let longest = longest.map_or_else(String::new, |s| {
        format!(
            ", at most {} ms for {} characters",
            s.micros / 1_000,
            s.length
        )
    });
    format!(
        "time for such strings: {} predicted for an engine that backtracks, {} measured{longest}",
        words(slowness.predicted),
        words(slowness.measured)
    )
}

fn meaning(divergence: &Divergence, verbose: bool) -> String {
    let device = &divergence.device;
    let promise = visible::line(&divergence.promise);
    let words = |most: usize| {
        let shown: Vec<String> = device.description.iter().take(most).cloned().collect();
        let more = match device.description.len().saturating_sub(most) {
            0 => String::new(),
            n => format!("; or {n} more (--verbose names them)"),
        };
        visible::line(&format!("{}{more}", shown.join("; or ")))
    };
    let most = if verbose { usize::MAX } else { NAMED };
    match device.outcome {
        ReadingOutcome::Fits => {
            let alike = match device.fits.len() {
                1 => "one reading".to_owned(),
                n => format!("{n} readings that accept the same"),
            };
            format!(
                "{promise}: read as {} ({alike}; {})",
                words(most),
                asked(device)
            )
        }
        ReadingOutcome::Unlisted => format!(
            "{promise}: no engine reads it as the device does, which is: {} ({})",
            words(usize::MAX),
            asked(device)
        ),
        ReadingOutcome::Unstable => {
            format!("{promise}: the device is not stable: {}", words(usize::MAX))
        }
        ReadingOutcome::Open => open(divergence, &promise, verbose),
    }
}

/// What it took.
fn asked(device: &DeviceReading) -> String {
    match device.requests {
        1 => "1 question".to_owned(),
        n => format!("{n} questions"),
    }
}

/// Several meanings are left: by their axes.
fn open(divergence: &Divergence, promise: &str, verbose: bool) -> String {
    let device = &divergence.device;
    let compiling = divergence.readings.iter().filter(|r| r.compiles).count();
    let answers = match device.probes.len() {
        1 => "1 answer".to_owned(),
        n => format!("{n} answers"),
    };
    let fits: Vec<&ReadingRef> = divergence
        .readings
        .iter()
        .filter(|r| device.fits.contains(&r.id))
        .collect();
    if fits.is_empty() {
        return format!("{promise}: none of {compiling} readings fits the {answers}");
    }
    let head = format!(
        "{promise}: {} of {compiling} readings fit the {answers}",
        fits.len()
    );
    if verbose {
        return format!("{head}: {}", visible::line(&device.fits.join(", ")));
    }
    type Axis = fn(&ReadingRef) -> &str;
    let axes: [(&str, Axis); 4] = [
        ("mode", |r| &r.mode),
        ("repair", |r| &r.repair),
        ("unit", |r| &r.unit),
        ("dialect", |r| &r.dialect),
    ];
    let told: Vec<String> = axes
        .into_iter()
        .filter_map(|(name, of)| {
            let all = distinct(divergence.readings.iter().filter(|r| r.compiles).map(of));
            let left = distinct(fits.iter().map(|r| of(r)));
            // An axis that the answers do not narrow says nothing.
            if left.len() == all.len() {
                return None;
            }
            // Name the shorter list.
            let gone: Vec<&str> = all.into_iter().filter(|v| !left.contains(v)).collect();
            let (not, named) = if gone.len() < left.len() {
                ("not ", gone)
            } else {
                ("", left)
            };
            let shown: Vec<&str> = named.iter().take(NAMED).copied().collect();
            let more = match named.len().saturating_sub(NAMED) {
                0 => String::new(),
                n => format!(" or {n} more"),
            };
            Some(format!("{name} {not}{}{more}", shown.join(" or ")))
        })
        .collect();
    if told.is_empty() {
        format!("{head}: nothing told them apart")
    } else {
        format!("{head}: {}", visible::line(&told.join("; ")))
    }
}

fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    for value in values {
        if !out.contains(&value) {
            out.push(value);
        }
    }
    out
}
