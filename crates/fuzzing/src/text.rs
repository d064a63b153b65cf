//! Rules with all their readings: *surely valid* is what every plausible reading takes, *surely
//! invalid* what none does, samples are what they claim, and a reading decides as its engine does.
//! These are the words that accuse, so this is the dearest and the most important target of
//! patterns.

use super::pieces;
use arbitrary::{Result, Unstructured};
use probity::pattern::{Assessment, Rule, Text};

/// A rule, and texts for it.
pub fn body(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let pattern = u.ratio(7, 8)?.then(|| pieces::pattern(u)).transpose()?;
    let bound = |u: &mut Unstructured<'_>| -> Result<Option<u64>> {
        Ok(match u.int_in_range(0..=3)? {
            0 => Some(u.int_in_range(0..=8)?),
            _ => None,
        })
    };
    let rule = Rule {
        pattern,
        min_length: bound(u)?,
        max_length: bound(u)?,
        formats: match u.int_in_range(0..=15)? {
            0 => vec!["ipv4".to_owned()],
            1 => vec!["ipv4".to_owned(), "dns".to_owned()],
            _ => Vec::new(),
        },
    };
    let text = Text::new(rule.clone());
    if let Some(valid) = text.valid() {
        agrees(&text, &valid, Some(Assessment::SurelyValid));
    }
    for sample in text.valid_cover(4) {
        agrees(&text, &sample.text, Some(Assessment::SurelyValid));
    }
    for sample in text.near_misses(4) {
        agrees(&text, &sample.text, Some(Assessment::SurelyInvalid));
    }
    for _ in 0..3 {
        let other = pieces::text(u, rule.pattern.as_deref().unwrap_or_default())?;
        agrees(&text, &other, None);
    }
    Ok(())
}

/// The assessment is what the plausible readings say one by one, and what was expected.
fn agrees(text: &Text, input: &str, expected: Option<Assessment>) {
    let assessed = text.assess(input);
    let what = || format!("{:?} on {input:?}", text.rule());
    if let Some(expected) = expected {
        assert_eq!(assessed, expected, "{}", what());
    }
    let (mut yes, mut no, mut blind) = (Vec::new(), Vec::new(), false);
    for reading in text.readings().iter().filter(|r| r.plausible) {
        if reading.accepts(input) {
            blind |= !reading.modelled();
            yes.push(&reading.id);
        } else {
            no.push(&reading.id);
        }
    }
    // A published format takes a string; that alone makes it no valid one.
    let by_format_alone = yes.iter().all(|id| id.starts_with("format/"));
    match assessed {
        Assessment::SurelyValid => assert!(no.is_empty(), "{}: {no:?} refuse", what()),
        Assessment::SurelyInvalid => assert!(by_format_alone, "{}: {yes:?} take it", what()),
        Assessment::Open => assert!(
            // Where no reading is plausible, nothing is known.
            blind || yes.is_empty() == no.is_empty() || (no.is_empty() && by_format_alone),
            "{}: all agree: {yes:?} {no:?}",
            what()
        ),
    }
}
