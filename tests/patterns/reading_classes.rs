//! The readings of small rules: into which classes they fall, which strings they yield, and what is
//! found out about a device by asking (`reading_classes/devices.txt`). What is concluded is checked
//! against what the readings and the device do; the texts that are chosen are pinned.

use probity::pattern::axes::Axes;
use probity::pattern::classify::{Classifier, Outcome};
use probity::pattern::dialect::{Dialect, Mode};
use probity::pattern::language::language;
use probity::pattern::relation::Kind;
use probity::pattern::survey::{Scope, Survey};
use probity::pattern::{Assessment, Rule, Sample, Text, Texts};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

fn number(text: &str) -> Option<u64> {
    (text != "-").then(|| text.parse().unwrap_or_else(|e| panic!("{text}: {e}")))
}

/// `MIN..MAX PATTERN @FORMAT|FORMAT`
fn rule(text: &str) -> Rule {
    let (text, formats) = text.split_once(" @").unwrap_or((text, ""));
    let (bounds, pattern) = text.split_once(' ').unwrap_or((text, ""));
    let formats = formats.split('|').filter(|f| !f.is_empty());
    let (min, max) = bounds.split_once("..").expect("MIN..MAX");
    Rule {
        pattern: (!pattern.is_empty()).then(|| pattern.to_owned()),
        min_length: number(min),
        max_length: number(max),
        formats: formats.map(str::to_owned).collect(),
    }
}

/// The rules of `rules.txt`.
fn rules() -> Vec<(String, Text)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reading_classes/rules.txt");
    let table = std::fs::read_to_string(path).expect("readable");
    let rows = table
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with("# "));
    rows.map(|row| (row.to_owned(), Text::new(rule(row))))
        .collect()
}

/// All texts over a few characters up to a length, the shortest first.
fn texts(alphabet: &str, longest: usize) -> Vec<String> {
    let (mut all, mut from) = (vec![String::new()], 0);
    for _ in 0..longest {
        let to = all.len();
        for i in from..to {
            let longer = alphabet.chars().map(|c| format!("{}{c}", all[i]));
            all.extend(longer.collect::<Vec<_>>());
        }
        from = to;
    }
    all
}

/// A device of the table: what it takes.
fn device(text: &str) -> impl Fn(&str) -> bool {
    let words: Vec<&str> = text.splitn(5, ' ').collect();
    let [dialect, mode, unit, bounds, pattern] = words[..] else {
        panic!("{text}");
    };
    let dialect = Dialect::by_id(dialect).expect("a dialect");
    let mode = Mode::by_id(mode).expect("a mode");
    let automaton = language(pattern, dialect, mode).unwrap_or_else(|e| panic!("{pattern}: {e}"));
    let automaton = std::cell::RefCell::new(automaton);
    let (min, max) = bounds.split_once("..").expect("MIN..MAX");
    let (min, max) = (number(min).unwrap_or(0), number(max).unwrap_or(u64::MAX));
    let unit = unit.to_owned();
    move |text| {
        let length = match unit.as_str() {
            "bytes" => text.len(),
            "utf16" => text.encode_utf16().count(),
            _ => text.chars().count(),
        };
        (min..=max).contains(&(length as u64)) && automaton.borrow_mut().accepts(text)
    }
}

/// A text with long runs of one character counted.
fn brief(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for run in chars.chunk_by(|a, b| a == b) {
        let c = run[0].escape_debug().to_string();
        let _ = match run.len() {
            many @ 7.. => write!(out, "{c}{{{many}}}"),
            few => write!(out, "{}", c.repeat(few)),
        };
    }
    format!("\"{out}\"")
}

#[test]
fn what_is_found_out_about_a_device() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reading_classes/devices.txt");
    let table = std::fs::read_to_string(path).expect("readable");
    let texts: Vec<(&str, Text)> = table
        .lines()
        .filter_map(|line| line.strip_prefix("= "))
        .map(|line| (line, Text::new(rule(line))))
        .collect();
    let mut texts = texts.iter();
    let mut current = None;
    let mut out = String::new();
    for line in table
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
    {
        if line.starts_with("= ") {
            current = texts.next().map(|(_, text)| (text, Classifier::new(text)));
            let _ = writeln!(out, "\n{line}");
            continue;
        }
        let (text, fresh) = current.as_ref().expect("a rule");
        let takes = device(line);
        let mut classifier = fresh.clone();
        while let Some(probe) = classifier
            .next(|s| s.len() as u32)
            .or_else(|| classifier.doubt())
        {
            let accepted = takes(&probe);
            classifier.answer(&probe, accepted);
            assert!(classifier.asked().len() < 400, "no end");
        }
        let asked: Vec<String> = classifier
            .asked()
            .iter()
            .map(|(text, accepted)| {
                assert_eq!(takes(text), *accepted);
                format!("{}{}", brief(text), if *accepted { '+' } else { '-' })
            })
            .collect();
        let _ = writeln!(
            out,
            "{line}\n    asked {}: {}",
            asked.len(),
            asked.join(" ")
        );
        match classifier.outcome() {
            Outcome::Fits { readings, proved } => {
                for id in &readings {
                    let reading = text
                        .readings()
                        .iter()
                        .find(|r| r.id == *id)
                        .expect("listed");
                    for (asked, accepted) in classifier.asked() {
                        assert_eq!(reading.accepts(asked), *accepted, "{line} {id} {asked:?}");
                    }
                }
                let _ = writeln!(
                    out,
                    "    fits {} as {}{}",
                    readings.len(),
                    readings[0],
                    if proved { "" } else { ", not proved" }
                );
            }
            Outcome::Unlisted {
                contradiction,
                description,
            } => {
                // Up to the contradiction some class was left, with it none.
                let asked = classifier.asked();
                let at = asked
                    .iter()
                    .position(|a| *a == contradiction)
                    .expect("asked");
                for (many, left) in [(at, true), (at + 1, false)] {
                    let fits = text
                        .readings()
                        .iter()
                        .filter(|r| r.compiles && r.modelled());
                    let mut fits = fits.filter(|reading| {
                        asked[..many]
                            .iter()
                            .all(|(s, accepted)| reading.accepts(s) == *accepted)
                    });
                    assert_eq!(fits.next().is_some(), left, "{line} {contradiction:?}");
                }
                let _ = writeln!(
                    out,
                    "    unlisted by {}: {description}",
                    brief(&contradiction.0)
                );
            }
            other => panic!("{line}: {other:?}"),
        }
    }
    insta::assert_snapshot!("devices", out);
}

#[test]
fn strings_that_readings_yield() {
    let mut out = String::new();
    let short = texts("abc0.x", 4);
    for (row, text) in rules() {
        let valid = text.valid();
        // Nothing shorter is surely valid, of what may be read.
        let length = valid.as_ref().map_or(usize::MAX, |v| v.chars().count());
        let shorter = short
            .iter()
            .find(|s| s.chars().count() < length && text.assess(s) == Assessment::SurelyValid);
        assert_eq!(shorter, None, "{row} {valid:?}");
        let (cover, near) = (text.valid_cover(16), text.near_misses(24));
        let again = Text::new(text.rule().clone());
        assert_eq!(
            (again.valid_cover(16), again.near_misses(24)),
            (cover.clone(), near.clone())
        );
        let _ = writeln!(out, "\n{row}");
        for (name, samples, wanted) in [
            ("valid", &cover, Assessment::SurelyValid),
            ("refused", &near, Assessment::SurelyInvalid),
        ] {
            let mut seen: Vec<&str> = Vec::new();
            for Sample { text: string, .. } in samples {
                assert_eq!(text.assess(string), wanted, "{row} {string:?}");
                assert!(!seen.contains(&string.as_str()), "{row} {string:?} twice");
                seen.push(string);
            }
            let shown: Vec<String> = samples
                .iter()
                .map(|s| format!("{} {}", s.idea, brief(&s.text)))
                .collect();
            let _ = writeln!(out, "    {name} {}: {}", shown.len(), shown.join(", "));
        }
        assert_eq!(valid.as_ref(), cover.first().map(|s| &s.text), "{row}");
        assert_eq!(text.valid_cover(2), cover[..cover.len().min(2)], "{row}");
        assert_eq!(text.near_misses(3), near[..near.len().min(3)], "{row}");
    }
    insta::assert_snapshot!("strings", out);
}

#[test]
fn readings_of_one_class_are_the_same() {
    let mut out = String::new();
    let short = texts("a0é😀\n", 3);
    for (row, text) in rules() {
        let probes = |survey: &Survey| -> Vec<String> {
            survey
                .probes()
                .iter()
                .map(|(probe, _)| probe.clone())
                .collect()
        };
        let all = Survey::new(&text, Scope::Modelled);
        let plausible = Survey::new(&text, Scope::Plausible);
        for survey in [&all, &plausible] {
            for (i, class) in survey.classes().iter().enumerate() {
                let reading = |at: &usize| &text.readings()[*at];
                let first = reading(&class.readings[0]);
                let any = class.readings.iter().any(|at| reading(at).plausible);
                assert_eq!(class.plausible, any, "{row}");
                for other in class.readings.iter().skip(1).map(reading) {
                    let differ = short.iter().find(|s| first.accepts(s) != other.accepts(s));
                    assert_eq!(differ, None, "{row} {} {}", first.id, other.id);
                }
                for (probe, answers) in survey.probes() {
                    assert_eq!(
                        answers[i],
                        first.accepts(probe),
                        "{row} {} {probe:?}",
                        first.id
                    );
                }
            }
            // Each class has its own answers, unless a limit was reached.
            let answers: Vec<Vec<bool>> = (0..survey.classes().len())
                .map(|i| {
                    survey
                        .probes()
                        .iter()
                        .map(|(_, answers)| answers[i])
                        .collect()
                })
                .collect();
            for (i, mine) in answers.iter().enumerate() {
                for (j, theirs) in answers.iter().enumerate().skip(i + 1) {
                    let undecided = survey.undecided().contains(&(i, j));
                    assert_eq!(mine == theirs, undecided, "{row} {i} {j}");
                }
            }
            for (probe, answers) in survey.probes().iter().take(3) {
                assert_eq!(&survey.judge(&text, probe), answers, "{row} {probe:?}");
                let mut left = vec![true; answers.len()];
                survey.refute(&text, probe, true, &mut left);
                assert_eq!(&left, answers, "{row} {probe:?}");
                survey.refute(&text, probe, false, &mut left);
                assert!(!left.contains(&true), "{row} {probe:?}");
            }
        }
        // Readings share a number exactly where no text tells them apart.
        let counted: Vec<_> = text
            .readings()
            .iter()
            .filter(|r| r.plausible && r.modelled())
            .collect();
        for (i, a) in counted.iter().enumerate().step_by(7) {
            for b in &counted[i + 1..] {
                let differ = short.iter().any(|s| a.accepts(s) != b.accepts(s));
                assert!(!differ || a.class() != b.class(), "{row} {} {}", a.id, b.id);
            }
        }
        let mut languages: Vec<_> = counted.iter().map(|r| r.class().0).collect();
        languages.sort_unstable();
        languages.dedup();
        let relations: Vec<String> = (1..plausible.classes().len().min(7))
            .map(|i| match plausible.relation(&text, 0, i) {
                None => "too large".to_owned(),
                Some(found) if found.kind == Kind::Unknown => "unknown".to_owned(),
                Some(found) => {
                    let words = [&found.a_only, &found.b_only].map(|w| w.shortest.as_ref());
                    let words = words.map(|w| w.map_or("none".to_owned(), |w| brief(w)));
                    format!("{} {}", found.kind, words.join(" "))
                }
            })
            .collect();
        let _ = writeln!(
            out,
            "\n{row}\n    {} readings, {} plausible of {} languages; {} classes, {} of them plausible, \
             {} undecided\n    the first beside others: {}\n    probes {}",
            text.readings().len(),
            text.readings().iter().filter(|r| r.plausible).count(),
            languages.len(),
            all.classes().len(),
            plausible.classes().len(),
            all.undecided().len(),
            relations.join(", "),
            probes(&all)
                .iter()
                .map(|p| brief(p))
                .collect::<Vec<_>>()
                .join(" ")
        );
    }
    insta::assert_snapshot!("classes", out);
}

#[test]
fn readings_that_are_listed() {
    // Rule, part of an id, and what holds of all readings with that part: compiles, is modelled, is
    // plausible; `None` where there must be none.
    type Holds = Option<(bool, bool, bool)>;
    let yes = Some((true, true, true));
    let table: &[(&str, &str, Holds)] = &[
        // Bounds of the prose instead of the pattern's own: one repeated class and nothing else.
        ("2..6 ^[a-z]{2,4}$", "/prose", yes),
        ("-..6 ^[a-z]{2,4}$", "/prose", yes),
        ("1..- ^[a-z]{2,4}$", "/prose", yes),
        ("2..4 ^[a-z]{2,4}$", "/prose", None),
        ("-..- ^[a-z]{2,4}$", "/prose", None),
        ("2..6 ^[a-z]{2,}$", "/prose", None),
        ("2..6 ^(ab){2,4}$", "/prose", None),
        ("2..6 ^a[a-z]{2,4}$", "/prose", None),
        ("2..6 ^[a-z]{2,4}[0-9]{2,4}$", "/prose", None),
        // Perl's syntax compiles in POSIX by accident.
        ("-..- ^a\\.b$", "/posix-ere/", yes),
        ("-..- ^a\\[b$", "/posix-ere/", Some((true, true, false))),
        ("-..- ^a\\]b$", "/posix-ere/", Some((true, true, false))),
        ("-..- ^a\\-b$", "/posix-ere/", Some((true, true, false))),
        ("-..- ^a+?b$", "/posix-ere/", Some((true, true, false))),
        ("-..- ^\\(?a+$", "/posix-ere/", yes),
        // What an engine refuses inside a group, or what ends the group itself.
        (
            "-..- (?i)a",
            "/python/full-grouped/",
            Some((false, true, false)),
        ),
        ("-..- (?i)a", "/python/full/", yes),
        (
            "-..- a)b",
            "/posix-ere/full-grouped/",
            Some((true, false, false)),
        ),
        ("-..- a)b", "/posix-ere/full/", Some((true, true, false))),
        ("-..- (?<=a)b", "/go/", Some((false, true, false))),
        ("-..- (a)\\1", "/python/", Some((true, false, true))),
        // Units count where lengths do.
        ("-..- ^a$", "/utf16/", None),
        ("-..3 ^a$", "/utf16/", yes),
    ];
    for (row, part, holds) in table {
        let text = Text::new(rule(row));
        assert!(
            text.repairs().first().is_some_and(|r| r.id == "none"),
            "{row}"
        );
        let ours = text
            .readings()
            .iter()
            .filter(|r| r.id.starts_with("none/") && r.id.contains(part));
        let mut found: Vec<_> = ours
            .map(|r| (r.compiles, r.modelled(), r.plausible))
            .collect();
        found.dedup();
        assert_eq!(
            found,
            holds.iter().copied().collect::<Vec<_>>(),
            "{row} {part}"
        );
    }
}

#[test]
fn long_strings() {
    // At the ends and in the middle of a long string one character is left out.
    let alphabet = "abcdefghijklmnopqrstuvwxyz0123";
    let text = Text::new(rule(&format!("-..- ^{alphabet}$")));
    let near = text.near_misses(600);
    let deleted: Vec<usize> = (0..alphabet.len())
        .filter(|&at| {
            let shorter = format!("{}{}", &alphabet[..at], &alphabet[at + 1..]);
            near.iter().any(|s| s.text == shorter)
        })
        .collect();
    let expected: Vec<usize> = (0..8).chain(15..19).chain(22..30).collect();
    assert_eq!(deleted, expected);
    // Beyond 100,000 characters none are made.
    for (row, length) in [("100000..-", Some(100_000)), ("100001..-", None)] {
        let valid = Text::new(rule(row)).valid();
        assert_eq!(valid.map(|v| v.len()), length, "{row}");
    }
}

/// A text of the same length that was refused for its characters says nothing of the bound.
#[test]
fn a_bound_is_doubted_beside_another_text_of_its_length() {
    let text = Text::new(rule("-..- ^[a-z]{2,4}$"));
    let mut classifier = Classifier::new(&text);
    let takes = device("python full codepoints -..- [a-z]{2,5}");
    classifier.answer("00000", false);
    while let Some(probe) = classifier.next(|_| 0).or_else(|| classifier.doubt()) {
        let accepted = takes(&probe);
        classifier.answer(&probe, accepted);
    }
    let outcome = classifier.outcome();
    assert!(!matches!(outcome, Outcome::Fits { .. }), "{outcome:?}");
}

#[test]
fn a_classifier_keeps_its_word() {
    let text = Text::new(rule("-..- ^[a-z]+$"));
    let mut classifier = Classifier::new(&text);
    let classes = classifier.survey().classes().len();
    assert_eq!(classifier.left().len(), classes);
    assert_eq!(classifier.outcome(), Outcome::Open { classes });
    let probe = classifier.next(|_| 0).expect("something to ask");
    for _ in 0..2 {
        // The same answer once more changes nothing.
        classifier.answer(&probe, false);
        assert!(matches!(classifier.outcome(), Outcome::Open { classes: left } if left < classes));
    }
    classifier.answer(&probe, true);
    assert_eq!(classifier.outcome(), Outcome::Unstable { text: probe });
    assert_eq!((classifier.next(|_| 0), classifier.doubt()), (None, None));
    // A rule with one class: nothing to ask, and it is what fits.
    let text = Text::new(rule("-..-"));
    let classifier = Classifier::new(&text);
    assert_eq!(classifier.next(|_| 0), None);
    assert!(matches!(
        classifier.outcome(),
        Outcome::Fits { proved: true, .. }
    ));
    // What every reading accepts, a device that does not is described as far as it goes.
    let texts = Texts::new([rule("1..8"), rule("-..- ^a$")]);
    assert!(texts.get(&rule("1..9")).is_none() && texts.survey(&rule("1..9")).is_none());
    let text = texts.get(&rule("1..8")).expect("given");
    assert_eq!(
        texts.survey(&rule("1..8")).expect("given").classes().len(),
        3
    );
    let axes = Axes::new(text);
    let answers = BTreeMap::from([(axes.next(&BTreeMap::new()).expect("a base"), false)]);
    assert_eq!(axes.describe(&answers).base, None);
    assert_eq!(axes.text().rule(), &rule("1..8"));
}
