//! Languages by definition: what automata say of all short texts, how pairs relate and the witnesses
//! that show it, what walks may cost, and how long an engine that backtracks would take. Patterns
//! stand in `languages/`; `languages/reference.rs` knows what they mean without any automaton.

use probity::pattern::ambiguity::{self, Growth};
use probity::pattern::automaton::{Automaton, Limits};
use probity::pattern::dialect::{Dialect, Mode};
use probity::pattern::language::language;
use probity::pattern::nfa::Nfa;
use probity::pattern::parse;
use probity::pattern::product::Budget;
use probity::pattern::relation::{self, Relation, Witness};
use reference::{Meaning, PATIENCE, texts};
use std::fmt::Write as _;
use std::path::Path;

#[path = "../languages/machines.rs"]
mod machines;
#[path = "../languages/reference.rs"]
mod reference;

/// The lines of a file that are no remarks, with the heading (`= …`) that they stand under.
fn rows(file: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/languages")
        .join(file);
    let text = std::fs::read_to_string(path).expect("readable");
    let mut heading = String::new();
    let mut rows = Vec::new();
    for line in text.lines() {
        if let Some(new) = line.strip_prefix("= ") {
            heading = new.to_owned();
        } else if !line.is_empty() && !line.starts_with("# ") {
            rows.push((heading.clone(), line.to_owned()));
        }
    }
    assert!(!rows.is_empty(), "{file}");
    rows
}

fn dialect(id: &str) -> Dialect {
    Dialect::by_id(id).unwrap_or_else(|| panic!("{id}"))
}

fn mode(id: &str) -> Mode {
    Mode::by_id(id).unwrap_or_else(|| panic!("{id}"))
}

/// The characters of a JSON string.
fn alphabet(json: &str) -> Vec<char> {
    let text: String = serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
    text.chars().collect()
}

fn automaton(pattern: &str, dialect: Dialect, mode: Mode) -> Automaton {
    language(pattern, dialect, mode).unwrap_or_else(|e| panic!("{pattern} {dialect}: {e}"))
}

/// As the pattern stands, without what makes its automaton smaller, and as small as it can be.
fn raw(pattern: &str, dialect: Dialect, mode: Mode, limits: Limits) -> Option<Automaton> {
    let node = parse::parse(pattern, dialect).expect("parsed before");
    let nfa = Nfa::new(&node, dialect.alphabet(), mode).expect("small");
    Automaton::new(nfa, limits)
}

#[test]
fn short_texts_are_decided_by_definition() {
    let mut wrong = String::new();
    for (heading, pattern) in rows("members.txt") {
        let (id, letters) = heading.split_once(' ').expect("a heading");
        let dialect = dialect(id);
        let letters = alphabet(letters);
        let texts = texts(&letters, if letters.len() > 3 { 4 } else { 5 });
        let meaning = Meaning::of(&pattern, dialect);
        // Dead, all, the first state, one on the way, and those that the next character needs.
        let longest = meaning.alphabet.symbols("\u{1f600}").len();
        let tight = Limits {
            states: 4 + longest,
            ..Limits::default()
        };
        for &mode in Mode::ALL {
            let mut automata = vec![automaton(&pattern, dialect, mode)];
            if mode != Mode::FullGrouped {
                automata.extend(raw(&pattern, dialect, mode, tight));
                automata.extend(raw(&pattern, dialect, mode, Limits::default()));
                assert_eq!(automata.len(), 3, "{pattern}");
            }
            for text in &texts {
                let expected = meaning.accepts(mode, text);
                for automaton in &mut automata {
                    let said = automaton.decide(text);
                    if said != Ok(expected) {
                        let _ = writeln!(wrong, "{dialect} {mode} {pattern} {text:?}: {said:?}");
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// One side of a pair: `@DIALECT MODE PATTERN`, or a pattern for the heading's.
fn side<'a>(text: &'a str, heading: &[&'a str]) -> (&'a str, Dialect, Mode) {
    match text.strip_prefix('@') {
        Some(own) => {
            let parts: Vec<&str> = own.splitn(3, ' ').collect();
            (parts[2], dialect(parts[0]), mode(parts[1]))
        }
        None => (text, dialect(heading[0]), mode(heading[1])),
    }
}

fn show(witness: &Witness) -> String {
    match (&witness.shortest, &witness.printable) {
        (Some(short), Some(plain)) if short == plain => format!("{short:?}"),
        (Some(short), Some(plain)) => format!("{short:?} or {plain:?}"),
        (Some(short), None) => format!("{short:?}, none printable"),
        (None, None) => "none".to_owned(),
        (None, Some(_)) => panic!("{witness:?}"),
    }
}

/// A witness shows what it should, and no text over the alphabet does that is shorter.
fn check(witness: &Witness, texts: &[String], shows: &dyn Fn(&str) -> bool) -> Result<(), String> {
    let printable = |text: &str| text.bytes().all(|b| (0x20..0x7f).contains(&b));
    for (found, plain) in [(&witness.shortest, false), (&witness.printable, true)] {
        if let Some(text) = found
            && (!shows(text) || plain && !printable(text))
        {
            return Err(format!("{text:?} does not show it"));
        }
        let length = found
            .as_ref()
            .map_or(usize::MAX, |text| text.chars().count());
        let better = texts
            .iter()
            .find(|t| t.chars().count() < length && (!plain || printable(t)) && shows(t));
        if let Some(better) = better {
            return Err(format!("{better:?} is shorter than {found:?}"));
        }
    }
    Ok(())
}

#[test]
fn relations_and_their_witnesses() {
    let mut out = String::new();
    for (heading, row) in rows("relations.txt") {
        let heading: Vec<&str> = heading.splitn(3, ' ').collect();
        let texts = texts(&alphabet(heading[2]), 5);
        let (a, b) = row.split_once(" ~ ").expect("a pair");
        let sides = [a, b].map(|text| side(text, &heading));
        let [mut x, mut y] = sides.map(|(p, d, m)| automaton(p, d, m));
        let found = relation::compare(&mut x, &mut y, Budget::default());
        let _ = writeln!(
            out,
            "{row}\n    {}; first {}; second {}; both {}",
            found.kind,
            show(&found.a_only),
            show(&found.b_only),
            show(&found.both)
        );
        let means = sides.map(|(p, d, m)| (Meaning::of(p, d), m));
        let accepts = |text: &str| {
            means
                .each_ref()
                .map(|(meaning, m)| meaning.accepts(*m, text))
        };
        for (witness, wanted) in [
            (&found.a_only, [true, false]),
            (&found.b_only, [false, true]),
            (&found.both, [true, true]),
        ] {
            check(witness, &texts, &|t| accepts(t) == wanted)
                .unwrap_or_else(|e| panic!("{row}: {e}"));
        }
        let difference = relation::difference(&mut x, &mut y, Budget::default());
        let Relation { a_only, b_only, .. } = &found;
        let shortest = [a_only, b_only].map(|w| w.shortest.as_ref().map(|t| t.chars().count()));
        let shortest = shortest.into_iter().flatten().min();
        let length = difference
            .expect("within the budget")
            .map(|t| t.chars().count());
        assert_eq!(length, shortest, "{row}");
    }
    insta::assert_snapshot!("relations", out);
}

/// The least that answers; more answers the same.
fn least(answers: impl Fn(usize) -> bool) -> usize {
    let least = (0..5_000)
        .find(|&n| answers(n))
        .expect("some budget suffices");
    assert!(answers(least + 1) && answers(2 * least), "{least}");
    least
}

#[test]
fn what_a_walk_costs() {
    // Places are left alone as soon as nothing wanted can come from them: both sides dead, one dead
    // and the other of no interest any more, both certain.
    let pairs = [
        ("^a$", "^b$"),
        ("^a{20}$", "^a{20}$"),
        ("^a{20}$", "^a{10}$"),
        ("^a{20}", "^a{10}"),
        ("^a", "^b"),
        ("^ab*$", "^a"),
        ("^a", "^ab*$"),
        ("^(a|b)*a(a|b){2}$", "^(a|b)*b(a|b){2}$"),
        ("^a{3,20}$", "[]"),
        ("[]", "^a{3,20}$"),
        ("^[ab]{20}$", "^[bc]{20}$"),
        ("", "^a{3}"),
        ("^(?:a|\\n)$", "^\\n$"),
    ];
    let mut out = String::new();
    for (a, b) in pairs {
        let free = usize::MAX;
        let ask = |nodes, steps| {
            let [mut x, mut y] = [a, b].map(|p| automaton(p, Dialect::EcmaScriptU, Mode::Search));
            let budget = Budget { nodes, steps };
            let difference = relation::difference(&mut x, &mut y, budget);
            (relation::compare(&mut x, &mut y, budget), difference)
        };
        let (full, difference) = ask(free, free);
        let cost = |answers: &dyn Fn(usize, usize) -> bool| {
            (least(|n| answers(n, free)), least(|n| answers(free, n)))
        };
        let related = cost(&|n, s| ask(n, s).0 == full);
        let kind = cost(&|n, s| ask(n, s).0.kind == full.kind);
        let told = cost(&|n, s| ask(n, s).1.is_ok());
        assert_eq!(ask(told.0, told.1).1, difference, "{a} {b}");
        let _ = writeln!(
            out,
            "{a} ~ {b}: {} takes {} nodes, {} steps ({}, {} with printable witnesses); a difference \
             {}, {}",
            full.kind, kind.0, kind.1, related.0, related.1, told.0, told.1
        );
    }
    insta::assert_snapshot!("costs", out);
}

#[test]
fn sides_of_several_parts() {
    let mut parts =
        ["^a", "b$", "c$", "^[abc]{3}$"].map(|p| automaton(p, Dialect::EcmaScriptU, Mode::Search));
    let mut compare = |sides: [&[usize]; 2]| {
        let parts = parts.iter_mut().collect();
        let found = relation::compare_sides(parts, sides, Budget::default());
        let first = |w: Witness| w.shortest.unwrap_or("none".to_owned());
        let words = [found.a_only, found.b_only, found.both].map(first);
        format!("{} {}", found.kind, words.join(" "))
    };
    // Begins with a and ends with b; the same of three letters; ends with b and with c.
    assert_eq!(compare([&[0, 1], &[0, 2]]), "disjoint ab ac none");
    assert_eq!(compare([&[0, 1, 3], &[0, 1]]), "subset none ab aab");
    assert_eq!(compare([&[0, 1], &[3]]), "overlap ab aaa aab");
    assert_eq!(compare([&[1, 2], &[0]]), "subset none a none");
    // Nothing is asked of a side without parts.
    assert_eq!(compare([&[0], &[]]), "subset none  a");
    let mut parts = ["^a\\n?$", "^a$"].map(|p| automaton(p, Dialect::EcmaScriptU, Mode::Search));
    let mut differ = |printable| {
        let parts = parts.iter_mut().collect();
        relation::difference_sides(parts, [&[0], &[1]], printable, Budget::default())
    };
    assert_eq!(differ(false), Ok(Some("a\n".to_owned())));
    assert_eq!(differ(true), Ok(None));
}

/// Whether steps grow as predicted where a text is repeated.
fn grows(meaning: &Meaning, mode: Mode, attack: &ambiguity::Attack, growth: Growth) -> bool {
    let steps = |times| {
        let steps = meaning.steps_to_refuse(mode, &attack.text(times));
        steps.unwrap_or_else(|| panic!("{attack:?} is not refused")) as f64
    };
    match growth {
        Growth::Linear => false,
        Growth::Polynomial(degree) => {
            let times = 24 / attack.pump.len();
            let power = (steps(2 * times) / steps(times)).log2();
            (power - f64::from(degree)).abs() < 0.5
        }
        Growth::Exponential => steps(8) == PATIENCE as f64 || steps(8) > 13.0 * steps(4),
    }
}

/// A text of two short ones around a third one many times that costs more than its length.
fn slow_text(meaning: &Meaning, mode: Mode, alphabet: &[char]) -> Option<String> {
    let (around, pumps) = (texts(alphabet, 1), texts(alphabet, 3));
    for prefix in &around {
        for pump in pumps.iter().skip(1) {
            for suffix in around.iter().map(String::as_str).chain(["!"]) {
                let steps = |times| {
                    let text = format!("{prefix}{}{suffix}", pump.repeat(times));
                    meaning.steps_to_refuse(mode, &text)
                };
                let (Some(few), Some(many)) = (steps(6), steps(12)) else {
                    continue;
                };
                if many > few * 2 + few / 2 {
                    return Some(format!("{prefix:?} {pump:?} {suffix:?}: {few}, {many}"));
                }
            }
        }
    }
    None
}

#[test]
fn growth_of_the_time_of_an_engine() {
    let (mut out, mut wrong) = (String::new(), String::new());
    for (heading, pattern) in rows("growth.txt") {
        let words: Vec<&str> = heading.splitn(3, ' ').collect();
        let (dialect, mode) = (dialect(words[0]), mode(words[1]));
        let risk = ambiguity::risk(&pattern, dialect, mode).expect("compiles");
        let meaning = Meaning::of(&pattern, dialect);
        let growth = match risk.growth {
            None => "not known".to_owned(),
            Some(Growth::Polynomial(degree)) => format!("power {degree}"),
            Some(Growth::Linear) => "linear".to_owned(),
            Some(Growth::Exponential) => "exponential".to_owned(),
        };
        let _ = write!(out, "{} {pattern}: {growth}", words[1]);
        match (&risk.attack, risk.growth) {
            (Some(attack), Some(growth)) => {
                if !grows(&meaning, mode, attack, growth) {
                    let _ = writeln!(wrong, "{pattern} {risk:?}");
                }
                let (before, after) = (&attack.prefix, &attack.suffix);
                let _ = write!(out, " by {before:?} {:?}… {after:?}", attack.pump);
            }
            (None, Some(Growth::Linear)) => {
                let slow = slow_text(&meaning, mode, &alphabet(words[2]));
                if let Some(slow) = slow {
                    let _ = writeln!(wrong, "{pattern} {slow}");
                }
            }
            (attack, _) => assert_eq!(*attack, None, "{pattern}"),
        }
        out.push('\n');
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!("growth", out);
}

#[test]
fn large_patterns_are_not_predicted() {
    // States that read beyond which nothing is predicted.
    for (count, growth) in [(1_500, Some(Growth::Linear)), (1_501, None)] {
        let pattern = format!("[ab]{{{count}}}");
        let risk = ambiguity::risk(&pattern, Dialect::Python, Mode::Full).expect("compiles");
        assert_eq!(risk.growth, growth, "{count}");
    }
}
