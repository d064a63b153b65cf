//! A device's reading is found from its answers: under every reading of every page pattern, and
//! for implementations that are no reading.

use crate::page;

use probity::pattern::Text;
use probity::pattern::classify::{Classifier, Outcome};

/// Asks a device until nothing is left to ask; returns the outcome and the number of requests.
fn classify(mut classifier: Classifier<'_>, device: &dyn Fn(&str) -> bool) -> (Outcome, usize) {
    let mut requests = 0;
    while let Some(probe) = classifier.next(|s| s.len() as u32) {
        requests += 1;
        assert!(requests < 400, "no end: {:?}", classifier.asked());
        let accepted = device(&probe);
        classifier.answer(&probe, accepted);
    }
    (classifier.outcome(), requests)
}

#[test]
fn every_reading_of_the_page_is_found_again() {
    let mut all = Vec::new();
    // An answer tells one bit at most: no way of asking needs fewer on average over the classes.
    let (mut bits, mut classes_in_all) = (0.0, 0);
    for (name, rule) in page::rules() {
        let text = Text::new(rule);
        let fresh = Classifier::new(&text);
        assert_eq!(fresh.survey().undecided(), [], "{name}");
        let classes: Vec<Vec<usize>> = fresh
            .survey()
            .classes()
            .iter()
            .map(|c| c.readings.clone())
            .collect();
        bits += classes.len() as f64 * (classes.len() as f64).log2();
        classes_in_all += classes.len();
        let mut counts = Vec::new();
        for class in &classes {
            // Any reading of the class is a device.
            for &index in class.iter().take(1) {
                let reading = &text.readings()[index];
                let (outcome, requests) = classify(fresh.clone(), &|s| reading.accepts(s));
                let Outcome::Fits { readings, proved } = outcome else {
                    panic!("{name} {}: {outcome:?}", reading.id);
                };
                assert!(proved, "{name} {}", reading.id);
                let expected: Vec<&str> = class
                    .iter()
                    .map(|&i| text.readings()[i].id.as_str())
                    .collect();
                assert_eq!(readings, expected, "{name} {}", reading.id);
                counts.extend(std::iter::repeat_n(requests, class.len()));
            }
        }
        counts.sort_unstable();
        println!(
            "{name}: {} readings in {} classes; requests median {} most {}",
            text.readings().len(),
            classes.len(),
            counts[counts.len() / 2],
            counts[counts.len() - 1],
        );
        all.extend(counts);
    }
    all.sort_unstable();
    println!(
        "all: median {} most {}; {classes_in_all} classes, {:.2} bits on average",
        all[all.len() / 2],
        all[all.len() - 1],
        bits / classes_in_all as f64
    );
    assert!(all[all.len() / 2] <= 8);
}

#[test]
fn a_device_that_is_not_stable_is_reported() {
    let (_, rule) = page::rules().swap_remove(2);
    let text = Text::new(rule);
    let mut classifier = Classifier::new(&text);
    let probe = classifier.next(|_| 0).expect("something to ask");
    classifier.answer(&probe, true);
    classifier.answer(&probe, false);
    assert_eq!(classifier.outcome(), Outcome::Unstable { text: probe });
    assert_eq!(classifier.next(|_| 0), None);
}
