//! What in a rule contradicts itself, with the texts that prove it, and how slow it may be.

use super::RiskView;
use crate::ambiguity::{self, Growth};
use crate::dialect::{Dialect, Mode};
use crate::text::{Assessment, Text};

/// What in the rule contradicts itself, with the texts that prove it.
pub(super) fn contradictions(text: &Text) -> Vec<String> {
    let mut out = Vec::new();
    let rule = text.rule();
    if let Some(published) = text.repairs().first()
        && !published.plausible
    {
        out.push("the pattern compiles in no dialect: the published text is damaged".to_owned());
    }
    if let Some(repair) = text.repairs().iter().find(|r| r.id == "anchor-all") {
        let search = |id: &str| {
            text.readings()
                .iter()
                .find(|r| *r.repair == *id && r.dialect == "ecmascript" && r.mode == "search")
        };
        let (published, meant) = (search("none"), search("anchor-all"));
        let proof = text.valid().and_then(|valid| {
            [
                format!("{valid}!!"),
                format!("!!{valid}"),
                format!("!!{valid}!!"),
            ]
            .into_iter()
            .find(|s| {
                published.is_some_and(|r| r.accepts(s)) && meant.is_some_and(|r| !r.accepts(s))
            })
        });
        let proof = proof.map_or_else(String::new, |s| format!("; searched, it takes {s:?}"));
        out.push(format!(
            "^ and $ hold for one alternative each, not for all (meant may be {}){proof}",
            repair.pattern
        ));
    }
    if text.readings().iter().any(|r| r.id.ends_with("/prose")) {
        let say = |n: Option<u64>| n.map_or("no limit".to_owned(), |n| n.to_string());
        let (min, max) = (rule.min_length.unwrap_or(0), rule.max_length);
        let lengths = (1..=2_000u64).filter(|&n| {
            let string: String = std::iter::repeat_n('a', n as usize).collect();
            text.assess(&string) == Assessment::Open
        });
        let open: Vec<u64> = lengths.collect();
        let proof = match (open.first(), open.last()) {
            (Some(first), Some(last)) => {
                format!(
                    ": lengths from {first} to {last} are allowed by one and refused by the other"
                )
            }
            _ => String::new(),
        };
        out.push(format!(
            "the pattern counts other lengths than the published {min} to {}{proof}",
            say(max)
        ));
    }
    if text
        .readings()
        .iter()
        .any(|r| *r.repair == *"format" && !r.plausible)
    {
        out.push(format!(
            "no text that every plausible reading of the pattern takes is of the published type {}",
            rule.formats.join("|")
        ));
    }
    if text.valid().is_none() {
        out.push("no text was found that every plausible reading takes".to_owned());
    }
    out
}

pub(super) fn risks(text: &Text) -> Vec<RiskView> {
    let mut out: Vec<RiskView> = Vec::new();
    let Some(repair) = text.repairs().iter().find(|r| r.plausible) else {
        return out;
    };
    for mode in [Mode::Search, Mode::Full] {
        let Ok(risk) = ambiguity::risk(&repair.pattern, Dialect::EcmaScript, mode) else {
            continue;
        };
        let (growth, degree) = match risk.growth {
            Some(Growth::Linear) => ("linear", None),
            Some(Growth::Polynomial(degree)) => ("polynomial", Some(degree)),
            Some(Growth::Exponential) => ("exponential", None),
            None => ("unknown", None),
        };
        out.push(RiskView {
            repair: repair.id.clone(),
            mode: mode.id(),
            growth,
            degree,
            attack: risk.attack.map(|a| [a.prefix, a.pump, a.suffix]),
        });
    }
    out
}
