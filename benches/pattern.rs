//! How long it takes to understand a rule, to judge a string, and to decide how two patterns
//! relate; the last next to dense DFAs of regex-automata (build both, search their product) on
//! pairs that these can express.
//!
//! ```text
//! cargo bench -p probity-benches --bench pattern
//! ```

use std::collections::{HashMap, VecDeque};
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use probity::pattern::dialect::{Dialect, Mode};
use probity::pattern::language::language;
use probity::pattern::product::Budget;
use probity::pattern::relation::compare;
use probity::pattern::{Rule, Text};
use regex_automata::dfa::{Automaton as _, dense};
use regex_automata::util::start;
use regex_automata::{Anchored, util::primitives::StateID};

const REALM: &str = r"^\b((25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?(?::\d{1,5})?)(\.|$)){4}\b|([0-9]*[A-Za-z+\-_]+[0-9]*)((\.([0-9]*[A-Za-z+\-_]+[0-9]*))+\b)(?::\d{1,5})?$";

/// Pairs without assertions, full match.
const PAIRS: [(&str, &str); 4] = [
    ("[a-z][a-z0-9]*", "[a-z0-9]+"),
    (
        r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}",
        r"((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])",
    ),
    ("(a|b)*abb", "(a|b)*(a|b)(a|b)b"),
    ("[a-zA-Z0-9._%+-]+@[a-z]{2,8}", "[a-z]+@[a-z]{2,4}"),
];

fn dense(pattern: &str) -> dense::DFA<Vec<u32>> {
    dense::Builder::new()
        .configure(dense::Config::new().start_kind(regex_automata::dfa::StartKind::Anchored))
        .build(pattern)
        .expect("it compiles")
}

/// Walks two dense DFAs side by side and counts what tells them apart, as `compare` does.
fn dense_relation(a: &str, b: &str) -> [bool; 3] {
    let wrap = |p: &str| format!(r"\A(?:{p})\z");
    let (a, b) = (dense(&wrap(a)), dense(&wrap(b)));
    let first = |dfa: &dense::DFA<Vec<u32>>| {
        dfa.start_state(&start::Config::new().anchored(Anchored::Yes))
            .expect("a start state")
    };
    let start = (first(&a), first(&b));
    let mut seen: HashMap<(StateID, StateID), ()> = HashMap::from([(start, ())]);
    let mut queue = VecDeque::from([start]);
    let mut found = [false; 3];
    while let Some((x, y)) = queue.pop_front() {
        let ends = (
            a.is_match_state(a.next_eoi_state(x)),
            b.is_match_state(b.next_eoi_state(y)),
        );
        match ends {
            (true, false) => found[0] = true,
            (false, true) => found[1] = true,
            (true, true) => found[2] = true,
            _ => {}
        }
        if found == [true; 3] {
            break;
        }
        for byte in 0..=255u8 {
            let next = (a.next_state(x, byte), b.next_state(y, byte));
            if a.is_dead_state(next.0) && b.is_dead_state(next.1) {
                continue;
            }
            if seen.insert(next, ()).is_none() {
                queue.push_back(next);
            }
        }
    }
    found
}

fn benches(c: &mut Criterion) {
    let rule = Rule {
        pattern: Some(REALM.to_owned()),
        ..Rule::default()
    };
    c.bench_function("Text::new of a page pattern", |b| {
        b.iter(|| Text::new(black_box(rule.clone())));
    });
    let text = Text::new(rule);
    c.bench_function("assess a short string", |b| {
        b.iter(|| text.assess(black_box("sip.example-host.com:5060")));
    });
    let long = "a".repeat(1_000_000);
    c.bench_function("assess a million characters", |b| {
        b.iter(|| text.assess(black_box(&long)));
    });
    for (i, (left, right)) in PAIRS.into_iter().enumerate() {
        c.bench_function(&format!("pair {i}: this model"), |b| {
            b.iter(|| {
                let mut x = language(black_box(left), Dialect::Rust, Mode::Full).expect("compiles");
                let mut y =
                    language(black_box(right), Dialect::Rust, Mode::Full).expect("compiles");
                compare(&mut x, &mut y, Budget::default()).kind
            });
        });
        c.bench_function(&format!("pair {i}: dense DFAs"), |b| {
            b.iter(|| dense_relation(black_box(left), black_box(right)));
        });
    }
}

criterion_group!(pattern, benches);
criterion_main!(pattern);
