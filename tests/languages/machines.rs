//! The parts under the languages, each by its own definition: divisions of the alphabet, spellings,
//! trees under full match, numbered sets, and what an automaton keeps.

use super::{automaton, least, raw, texts};
use probity::pattern::alphabet::{Classes, FRIENDLY, Spelling, join};
use probity::pattern::automaton::{ALL, Automaton, CapReached, DEAD, Limits};
use probity::pattern::class::Set;
use probity::pattern::dialect::{Alphabet, Dialect, Mode};
use probity::pattern::language;
use probity::pattern::nfa::{MAX_STATES, NO_ORIGIN, Nfa, State};
use probity::pattern::parse;
use probity::pattern::product::{Budget, Product};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Places where an encoding changes with their neighbours, and a sample of the rest.
fn points() -> Vec<char> {
    let places = "0 20 7f 80 bf c0 ff 100 7ff 800 fff 1000 cfff d7ff e000 fffd ffff 10000 103ff 10400 1f5ff \
                  1f600 3ffff 40000 fffff 100000 10fbff 10fffe";
    let places = places.split_whitespace();
    let places = places.map(|hex| u32::from_str_radix(hex, 16).expect("a number"));
    let all = places.flat_map(|p| p.saturating_sub(2)..p + 3);
    let all = all.chain((0..0x11_0000).step_by(97));
    all.filter_map(char::from_u32).collect()
}

#[test]
fn characters_are_spelt_in_symbols() {
    let divisions: [&[(u32, u32)]; 7] = [
        &[],
        &[(0x61, 0x7a)],
        &[(0x80, 0xff)],
        &[(0x80, 0x8f), (0x90, 0xbf)],
        &[(0xc3, 0xc3), (0xe0, 0xef)],
        &[(0xd800, 0xdbff), (0xe9, 0xe9)],
        &[(0xd83d, 0xd83d), (0xde00, 0xde00), (0xff, 0xffff)],
    ];
    for division in divisions {
        for alphabet in [Alphabet::CodePoints, Alphabet::Utf16, Alphabet::Bytes] {
            let inside = Set::range(0, alphabet.max());
            let sets = division
                .iter()
                .map(|&(low, high)| Set::range(low, high).intersect(&inside));
            let sets: Vec<Set> = sets.collect();
            let refs: Vec<&Set> = sets.iter().collect();
            let units = Classes::of(&refs, alphabet.max()).expect("few");
            let spelling = Spelling::new(&units, alphabet).expect("few");
            for c in points() {
                let symbols = alphabet.symbols(c.encode_utf8(&mut [0; 4]));
                let wanted: Vec<u16> = symbols.iter().map(|&s| units.class(s)).collect();
                let class = spelling.points.class(u32::from(c));
                assert_eq!(
                    spelling.symbols[usize::from(class)],
                    wanted,
                    "{c:?} {alphabet:?}"
                );
            }
            // Each spelling once, each stretch as long as it can be.
            let distinct: BTreeSet<&Vec<u16>> = spelling.symbols.iter().collect();
            assert_eq!(distinct.len(), spelling.symbols.len());
            let stretches = spelling.points.stretches();
            assert!(
                stretches
                    .windows(2)
                    .all(|two| two[0].1 != two[1].1 && two[0].0 < two[1].0)
            );
        }
    }
    // Every byte by itself: more stretches than are modelled.
    let sets: Vec<Set> = (0..0x100).map(Set::single).collect();
    let refs: Vec<&Set> = sets.iter().collect();
    let units = Classes::of(&refs, 0xff).expect("256");
    assert!(Spelling::new(&units, Alphabet::Bytes).is_none());
}

#[test]
fn at_most_65_000_classes() {
    // Symbols told apart by the bits of their numbers.
    let division = |count: u32| {
        let sets: Vec<Set> = (0..17)
            .map(|bit| {
                let members = (0..count).filter(|n| n >> bit & 1 == 1);
                Set::from_ranges(members.map(|n| (n, n)))
            })
            .collect();
        let refs: Vec<&Set> = sets.iter().collect();
        Classes::of(&refs, count - 1).map(|classes| u32::from(classes.count()))
    };
    assert_eq!([65_000, 65_001].map(division), [Some(65_000), None]);
}

#[test]
fn the_friendliest_member_stands_for_a_class() {
    let table: &[(&[(u32, u32)], &str)] = &[
        (&[(0, 0x10_ffff)], "a"),
        (&[(0x42, 0x5a)], "B"),
        (&[(0x21, 0x2f)], "."),
        (&[(0x22, 0x22), (0x5c, 0x5c)], "\""),
        // Outside printable ASCII: letters and digits, visible ones, white space, the rest.
        (&[(0, 0x1f)], "\t"),
        (&[(0, 8)], "\0"),
        (&[(1, 8), (0xa0, 0xa0)], "\u{a0}"),
        (&[(10, 10), (0xa0, 0xa0)], "\n"),
        (&[(0x85, 0x85), (0x81, 0x81)], "\u{85}"),
        (&[(0xa0, 0xa1)], "¡"),
        (&[(0x7f, 0xa9)], "¡"),
        (&[(0xa1, 0xaa)], "ª"),
        (&[(0x200b, 0x200f)], "\u{200b}"),
        (&[(0x200b, 0x2010)], "\u{2010}"),
        (&[(0x2028, 0x202e)], "\u{2028}"),
        (&[(0xfe00, 0xfe0f), (0x2190, 0x2190)], "←"),
        (&[(0xe000, 0xf8ff), (0xfff0, 0xfffb)], "\u{e000}"),
        (&[(0xfff0, 0xffff)], "\u{fff0}"),
        (&[(0xfeff, 0xfeff), (0x85, 0x85)], "\u{85}"),
        // A letter far from the start of its stretch is known by name.
        (&[(0x2190, 0x4fff)], "中"),
        (&[(0x2191, 0x21d0), (0x4e00, 0x4e2f)], "一"),
        (&[(0x1_f300, 0x1_ffff)], "🌀"),
        (&[(0xd800, 0xdfff), (0xe001, 0xe002)], "\u{e001}"),
        (&[(0x391, 0x391), (0xe4, 0xe4)], "ä"),
        (&[(0x2190, 0x2190), (0x391, 0x391)], "Α"),
        (&[(0x391, 0x391), (0x2190, 0x2190), (0xa1, 0xa1)], "Α"),
    ];
    for (ranges, expected) in table {
        let set = Set::from_ranges(ranges.iter().copied());
        let classes = Classes::of(&[&set], 0x10_ffff).expect("two");
        let inside = classes.class(ranges[0].0);
        let joint = join(&[&classes, &classes]);
        let class = joint
            .iter()
            .find(|c| c.parts == [inside; 2])
            .expect("there is one");
        assert_eq!(class.sample.to_string(), *expected, "{ranges:x?}");
        assert_eq!(
            class.printable,
            FRIENDLY.contains(class.sample),
            "{ranges:x?}"
        );
        assert_eq!(joint.len(), usize::from(classes.count()), "{ranges:x?}");
    }
    // A better member may stand in a later stretch.
    let sets = ["\u{1}\u{391}", "\u{2}\u{3b1}", "\u{3}\u{e9}"].map(Set::of);
    let classes = Classes::of(&sets.each_ref(), 0x10_ffff).expect("four");
    let samples: String = join(&[&classes]).iter().map(|c| c.sample).collect();
    assert_eq!(samples, "aéΑα");
    // The common refinement: what two divisions tell apart, each once, the friendliest first.
    let [a, b] = [Set::of("a\u{e4}\u{a0}"), Set::of("ab\u{a0}\n")]
        .map(|set| Classes::of(&[&set], 0x10_ffff).expect("two"));
    let samples: String = join(&[&a, &b]).iter().map(|c| c.sample).collect();
    assert_eq!(samples, "abcä\u{a0}".replace('\u{a0}', ""));
}

#[test]
fn trees_of_one_language_are_equal() {
    use Dialect::{EcmaScript, PosixEre, Python, Ruby};
    let full = |dialect, mode, pattern: &str| {
        language::full(
            &parse::parse(pattern, dialect).expect("parses"),
            dialect,
            mode,
        )
    };
    let same = [
        "ecmascript-u search ^a$ ~ ecmascript-u full a",
        "ecmascript-u prefix a$ ~ ecmascript-u full a",
        "ecmascript-u search ^^a$$ ~ ecmascript-u full a",
        "ecmascript-u full-grouped a ~ ecmascript-u full ^a$",
        "ecmascript-u search ^a ~ ecmascript-u prefix a",
        "ecmascript-u search a$ ~ ecmascript-u full [^]*a",
        "ecmascript-u search ^a|b$ ~ ecmascript-u full a[^]*|[^]*b",
        r"python search ^a$ ~ ruby search \Aa\Z",
        "python search ^a$$ ~ python search ^a$",
        r"python search ^a$\Z ~ python full a",
        "python search ^a$ ~ python full-grouped a",
        "java search ^a$ ~ java full-grouped a",
        // Units and bytes that are whole characters make no difference.
        "ecmascript search ^[a-z]+$ ~ ecmascript-u full [a-z]+",
        "ecmascript search [a-z] ~ ecmascript-u search [a-z]",
        "python-bytes full [a-z]+ ~ ecmascript-u full [a-z]+",
        r"python-bytes search \ba ~ python-ascii search \ba",
    ];
    let other = [
        "ecmascript-u search a ~ ecmascript-u full a",
        "python search ^a$ ~ ecmascript-u search ^a$",
        "java search ^a$ ~ java full a",
        "ecmascript full [^a] ~ ecmascript-u full [^a]",
        // What must follow is no end.
        "ecmascript-u full a(?=b$) ~ ecmascript-u full a",
    ];
    for (rows, equal) in [(&same[..], true), (&other[..], false)] {
        for row in rows {
            let (a, b) = row.split_once(" ~ ").expect("a pair");
            let [a, b] = [a, b].map(|side| {
                let words: Vec<&str> = side.splitn(3, ' ').collect();
                full(super::dialect(words[0]), super::mode(words[1]), words[2])
            });
            assert_eq!(a == b, equal, "{row}");
        }
    }
    // What may follow is text then, no look-ahead.
    for &dialect in Dialect::ALL {
        let (node, _) = full(dialect, Mode::Search, "^a$");
        assert!(
            dialect == Ruby || !format!("{node:?}").contains("Around"),
            "{dialect}"
        );
    }
    let closes = |pattern: &str, dialect| {
        let node = parse::parse(pattern, dialect).expect("parses");
        language::closes_the_group(pattern, dialect, &node)
    };
    assert!(closes("a)b", PosixEre) && !closes("(a))", PosixEre));
    assert!(!closes("(a)b", PosixEre) && !closes("[)]", PosixEre) && !closes("a", PosixEre));
    assert!(!closes("(?i)(a)", Python) && !closes("[)]", EcmaScript));
}

#[test]
fn sets_are_numbered_in_the_order_of_the_text() {
    let table = [
        ("(a|b)c", "a0 b1 c2"),
        ("a{2}b", "a0 a0 b1"),
        ("a{1,3}b", "a0 a0 a0 b1"),
        ("(ab)*c", "a0 b1 c2"),
        ("(ab){2}(c|d)e", "a0 a0 b1 b1 c2 d3 e4"),
        ("a(?=bc)d", "a0 d3"),
        ("(?<=ab)c(?!d)e", "c2 e4"),
        ("(?:(?<=(?:a)b)c)*d", "c2 d3"),
        ("(a|(b|c){2})d", "a0 b1 b1 c2 c2 d3"),
        ("[^]*a", "a1"),
        ("a[^]*", "a0"),
        ("x(ab|cd)e", "x0 a1 b2 c3 d4 e5"),
        ("(?:x|a*|b)c", "x0 a1 b2 c3"),
        ("x(?<=ab)c", "x0 c3"),
        ("(?:|a)b^c$", "a0 b1 c2"),
    ];
    for (pattern, expected) in table {
        let node = parse::parse(pattern, Dialect::EcmaScriptU).expect("parses");
        for mode in [Mode::Search, Mode::Full] {
            let nfa = Nfa::new(&node, Alphabet::CodePoints, mode).expect("small");
            let mut found: Vec<(u32, char)> = Vec::new();
            for (state, &origin) in nfa.states.iter().zip(&nfa.origins) {
                if let State::Set { set, .. } = state
                    && let ranges = nfa.sets[*set as usize].ranges()
                    && let (true, low) = (ranges.len() == 1, ranges[0].0)
                    && low == ranges[0].1
                    && origin != NO_ORIGIN
                {
                    found.push((origin, char::from_u32(low).expect("a character")));
                }
            }
            found.sort_unstable();
            let found: Vec<String> = found.iter().map(|(n, c)| format!("{c}{n}")).collect();
            assert_eq!(found.join(" "), expected, "{pattern} {mode}");
        }
    }
    // Everything up to the end is read by no state of its own.
    let node = parse::parse("(?:x|[^]*|b)", Dialect::EcmaScriptU).expect("parses");
    let nfa = Nfa::new(&node, Alphabet::CodePoints, Mode::Full).expect("small");
    let mut origins: Vec<u32> = nfa
        .origins
        .into_iter()
        .filter(|&o| o != NO_ORIGIN)
        .collect();
    origins.sort_unstable();
    assert_eq!(origins, [0, 2]);
    let large = format!("a{{{MAX_STATES}}}");
    let node = parse::parse(&large, Dialect::EcmaScriptU).expect("parses");
    let error = Nfa::new(&node, Alphabet::CodePoints, Mode::Full).expect_err("too large");
    assert_eq!(error.to_string(), "more than 60000 states");
    let node = parse::parse("(?<=(?=a)b)c", Dialect::EcmaScriptU).expect("parses");
    let error = Nfa::new(&node, Alphabet::CodePoints, Mode::Full).expect_err("not modelled");
    assert_eq!(error.to_string(), "a look-ahead inside a look-behind");
}

/// Builds every state; how many there are.
fn walk(automaton: &mut Automaton) -> Result<usize, CapReached> {
    let mut order = vec![automaton.start()];
    let mut at = 0;
    while let Some(&state) = order.get(at) {
        at += 1;
        for class in 0..automaton.classes().count() {
            let next = automaton.step(state, class)?;
            if !order.contains(&next) {
                order.push(next);
            }
        }
    }
    Ok(automaton.built())
}

#[test]
fn states_are_built_once_and_counted() {
    // Pattern, states (with the dead one and that of everything), threads in all sets.
    let table = [
        // The first, after each letter.
        ("aaa", 6, 4),
        // Which of the last four letters were a.
        ("(a|b)*a(a|b){3}", 18, 0),
        // The first, both owed, one of them.
        ("(?=[^]*a)(?=[^]*b)[^]*", 6, 12),
        ("(?![^]*a)(?![^]*b)[^]*", 4, 9),
        // Who owes less makes who owes more superfluous.
        ("(?=[^]*a)(?:|(?=[^]*b))[^]*", 4, 10),
        ("a[^]*", 3, 0),
        ("[^]*(?<=a)b", 5, 0),
        ("(?:a|b)*|(?:b|a)*", 3, 0),
    ];
    for (pattern, states, threads) in table {
        let build = |limits| raw(pattern, Dialect::EcmaScriptU, Mode::Full, limits);
        let mut automaton = build(Limits::default()).expect("small");
        assert_eq!(walk(&mut automaton), Ok(states), "{pattern}");
        assert!(automaton.work > 0, "{pattern}");
        assert_eq!(
            [DEAD, ALL].map(|s| automaton.accepts_here(s)),
            [false, true]
        );
        let needed = least(|n| {
            build(Limits {
                states: n,
                ..Limits::default()
            })
            .is_some_and(|mut a| walk(&mut a).is_ok())
        });
        // A step is taken only while there is room for one more.
        assert_eq!(needed, states + 1, "{pattern}");
        let needed = least(|n| {
            build(Limits {
                threads: n,
                ..Limits::default()
            })
            .is_some_and(|mut a| walk(&mut a).is_ok())
        });
        assert!(threads == 0 || needed == threads + 1, "{pattern} {needed}");
        // A tired one has a tenth, until it is made anew.
        let mut automaton = build(Limits {
            states: states * 10 + 10,
            ..Limits::default()
        })
        .expect("small");
        automaton.tire();
        assert_eq!(walk(&mut automaton), Ok(states), "{pattern}");
        let mut automaton = build(Limits {
            states: states * 10 + 9,
            ..Limits::default()
        })
        .expect("small");
        automaton.tire();
        assert_eq!(walk(&mut automaton), Err(CapReached), "{pattern}");
        for text in texts(&['a', 'b'], 4) {
            let mut fresh = build(Limits::default()).expect("small");
            let said = automaton.decide(&text);
            assert!(
                said.is_err() || said == Ok(fresh.accepts(&text)),
                "{pattern} {text}"
            );
        }
    }
}

#[test]
fn divisions_of_the_alphabet_are_shared() {
    let mut known = HashSet::new();
    let counts: Vec<usize> = ["a", "a+", "(a|a)b?", "[^a]"]
        .map(|p| {
            automaton(p, Dialect::EcmaScriptU, Mode::Full).share(&mut known);
            known.len()
        })
        .to_vec();
    assert_eq!(counts, [1, 1, 2, 2]);
}

#[test]
fn a_product_has_a_node_for_each_pair_that_is_met() {
    let mut parts = ["a*", "(aa)*"].map(|p| automaton(p, Dialect::EcmaScriptU, Mode::Full));
    let mut product = Product::new(parts.iter_mut().collect(), Budget::default());
    assert!(!product.is_empty());
    let a = product
        .classes()
        .iter()
        .position(|c| c.sample == 'a')
        .expect("a class");
    assert_eq!(product.parts_of('a'), product.classes()[a].parts);
    assert_ne!(product.parts_of('b'), product.parts_of('a'));
    let mut node = product.start();
    let mut seen = BTreeMap::new();
    for length in 0..6 {
        assert_eq!(product.accepts(node), [true, length % 2 == 0]);
        *seen.entry(node).or_insert(0) += 1;
        node = product.step(node, a).expect("within the budget");
    }
    assert_eq!((product.len(), seen.len()), (seen.len(), seen.len()));
}
