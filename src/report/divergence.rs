//! One line on a divergence: which readings of a promise the device's answers allow.

use super::visible;
use crate::run::result::{Divergence, ReadingRef};

/// Values of one axis that are named; more are counted.
const NAMED: usize = 3;

/// Which readings of one promise the device's answers allow, by their axes.
pub(super) fn line(divergence: &Divergence, verbose: bool) -> String {
    let device = &divergence.device;
    let compiling = divergence.readings.iter().filter(|r| r.compiles).count();
    let promise = visible::line(&divergence.promise);
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
