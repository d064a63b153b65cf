//! The parts that patterns are made of: sets of symbols, trees, and the engines of the build that the
//! models are compared with.

use probity::pattern::ast::{Look, Node};
use probity::pattern::check::{self, Engine};
use probity::pattern::class::Set;
use probity::pattern::dialect::{Dialect, Mode};
use probity::pattern::parse::{MAX_PATTERN, ParseError, parse};

#[test]
fn sets_of_symbols_print_as_classes() {
    let table = [
        (Set::empty(), "[]"),
        (Set::single(97), "[a]"),
        (Set::range(97, 122), "[a-z]"),
        (Set::range(2, 1), "[]"),
        (Set::range(5, 5), "[\\x{5}]"),
        // Neighbours and overlaps are one range, whatever their order.
        (Set::from_ranges([(100, 102), (97, 99)]), "[a-f]"),
        (Set::from_ranges([(97, 101), (99, 100)]), "[a-e]"),
        (Set::from_ranges([(97, 98), (100, 101)]), "[a-bd-e]"),
        (Set::from_ranges([(9, 8), (97, 97)]), "[a]"),
        (Set::of("az\n"), "[\\x{a}az]"),
        (Set::range(0xD800, 0xDFFF), "[\\x{d800}-\\x{dfff}]"),
    ];
    for (set, text) in table {
        assert_eq!(format!("{set:?}"), text);
    }
}

#[test]
fn sets_of_symbols_are_counted() {
    for (set, count) in [
        (Set::empty(), 0),
        (Set::single(7), 1),
        (Set::from_ranges([(10, 12), (20, 29)]), 13),
        (Set::range(0, u32::MAX), 1 << 32),
    ] {
        assert_eq!(set.len(), count, "{set:?}");
        assert_eq!(set.is_empty(), count == 0);
    }
}

fn repeat(node: &Node, min: u32, max: Option<u32>) -> Node {
    Node::repeat(node.clone(), min, max)
}

/// Trees that mean the same are the same, so that automata are shared and compared by their trees.
#[test]
fn trees_have_one_form() {
    let (a, b) = (Node::literal([97]), Node::literal([98]));
    let ab = Node::literal([97, 98]);
    let table = [
        (Node::concat(vec![]), Node::Empty),
        (Node::concat(vec![Node::Empty, a.clone()]), a.clone()),
        (
            Node::concat(vec![ab.clone(), a.clone()]),
            Node::Concat(vec![a.clone(), b.clone(), a.clone()]),
        ),
        (Node::alt(vec![a.clone()]), a.clone()),
        (
            Node::alt(vec![Node::alt(vec![a.clone(), b.clone()]), a.clone()]),
            Node::Alt(vec![a.clone(), b.clone(), a.clone()]),
        ),
        (repeat(&a, 1, Some(1)), a.clone()),
        (repeat(&a, 0, Some(0)), Node::Empty),
    ];
    for (made, plain) in table {
        assert_eq!(made, plain);
    }
}

#[test]
fn trees_know_their_widths() {
    let (a, ab) = (Node::literal([97]), Node::literal([97, 98]));
    let either = Node::alt(vec![a.clone(), ab.clone()]);
    let table = [
        (Node::Empty, 0, Some(0)),
        (Node::start(), 0, Some(0)),
        (Node::end(), 0, Some(0)),
        (Node::ahead(ab.clone(), false), 0, Some(0)),
        (Node::behind(ab.clone(), true), 0, Some(0)),
        (Node::never(), 1, Some(1)),
        (ab.clone(), 2, Some(2)),
        (either.clone(), 1, Some(2)),
        (repeat(&either, 2, Some(3)), 2, Some(6)),
        (repeat(&ab, 2, None), 4, None),
        (repeat(&Node::start(), 2, None), 0, Some(0)),
        (Node::concat(vec![ab.clone(), repeat(&a, 1, None)]), 3, None),
        (Node::alt(vec![a.clone(), repeat(&a, 0, None)]), 0, None),
        (Node::Alt(vec![]), 0, Some(0)),
    ];
    for (node, min, max) in table {
        assert_eq!(node.width(), (min, max), "{node:?}");
    }
}

/// `regress` is not asked where it is known to leave ECMA-262 (`\b*`, Annex B's `\u{…}`, signs of
/// numbers, classes with `v`), nor about a group that repeats in one that repeats; `regex-automata`
/// is asked in any case, and of the other dialects there is no engine.
#[test]
fn who_is_asked() {
    use Dialect::{EcmaScript, EcmaScriptU, EcmaScriptV, Python, Rust};
    let table: &[(&str, Dialect, bool)] = &[
        ("a", Python, false),
        ("a", EcmaScript, true),
        ("a", EcmaScriptU, true),
        ("a", EcmaScriptV, true),
        ("(", EcmaScript, true),
        (r"\b*", EcmaScript, false),
        (r"\B+", EcmaScript, false),
        (r"\b?", EcmaScriptU, false),
        (r"\b{2}", EcmaScript, false),
        (r"\b*", Rust, true),
        (r"\bx", EcmaScript, true),
        (r"\d*", EcmaScript, true),
        (r"\\b*", EcmaScript, true),
        (r"a*\b", EcmaScript, true),
        (r"\u{61}", EcmaScript, false),
        (r"\u{61}", EcmaScriptU, true),
        (r"\u0061", EcmaScript, true),
        (r"\x{61}", EcmaScript, true),
        (r"\w{61}", EcmaScript, true),
        (r"\u+061", EcmaScript, false),
        (r"\x+1", EcmaScript, false),
        (r"\x1", EcmaScript, true),
        (r"\u{+61}", EcmaScriptU, false),
        (r"\w+1", EcmaScript, true),
        ("[?!]", EcmaScriptV, false),
        ("[?!]", EcmaScriptU, true),
        ("[!!]", EcmaScriptV, true),
        ("[a!b]", EcmaScriptV, true),
        ("?!", EcmaScriptV, true),
        (r"a.*\b", EcmaScriptV, true),
        (r"[\b]", EcmaScriptV, false),
        (r"[\b]", EcmaScriptU, true),
        (r"[a]\b", EcmaScriptV, false),
        ("(a+)+", EcmaScript, true),
        ("(a)+(b)+", EcmaScript, true),
        ("((a)+b)+", EcmaScript, false),
        ("((a)*)*", EcmaScript, false),
        ("((a){2}){2}", EcmaScript, false),
        ("((a)+)?", EcmaScript, false),
        ("((a)?)+", EcmaScript, true),
        ("((a+)?)+", EcmaScript, false),
        ("(((a+))?)+", EcmaScript, false),
        ("(((a)+))+", EcmaScript, false),
        ("((a)+)", EcmaScript, true),
        ("((a)+b)c", EcmaScript, true),
        (r"\((a)+\)+", EcmaScript, true),
        (r"(\(a+\))+", EcmaScript, true),
        (r"(\*(a)?)+", EcmaScript, true),
        ("((a)+)+", Rust, true),
        ("(a)+)+", EcmaScript, false),
    ];
    for &(pattern, dialect, asked) in table {
        let engine = Engine::new(pattern, dialect, Mode::Search);
        assert_eq!(engine.is_some(), asked, "{dialect} {pattern}");
    }
}

/// A backtracking engine gets texts as long as the predicted growth allows.
#[test]
fn how_long_a_text_may_be() {
    let table = [
        ("^a$", Dialect::EcmaScript, 1 << 20, true),
        ("^a$", Dialect::EcmaScript, (1 << 20) + 1, false),
        ("^(?:a|a)*$", Dialect::EcmaScript, 1, false),
        ("^(?:a|a)*$", Dialect::Rust, 1 << 21, true),
        ("^a*a*$", Dialect::EcmaScript, 4_000, true),
        ("^a*a*$", Dialect::EcmaScript, 4_001, false),
        ("^a*a*a*$", Dialect::EcmaScript, 300, true),
        ("^a*a*a*$", Dialect::EcmaScript, 301, false),
        ("^a*a*a*a*$", Dialect::EcmaScript, 60, true),
        ("^a*a*a*a*$", Dialect::EcmaScript, 61, false),
    ];
    for (pattern, dialect, length, asked) in table {
        let answer = check::engine(pattern, dialect, &"a".repeat(length));
        assert_eq!(answer.is_some(), asked, "{dialect} {pattern} {length}");
    }
    assert_eq!(check::engine("(", Dialect::EcmaScript, ""), Some(None));
    for (text, found) in [("b", true), ("ab", true), ("a", false)] {
        for dialect in [Dialect::EcmaScript, Dialect::EcmaScriptU, Dialect::Rust] {
            assert_eq!(check::engine("b$", dialect, text), Some(Some(found)));
        }
    }
}

/// Whether a pattern has a model in a dialect.
fn modelled(pattern: &str, dialect: Dialect) -> bool {
    match parse(pattern, dialect) {
        Ok(_) => true,
        Err(ParseError::Unsupported { .. }) => false,
        Err(error) => panic!("{dialect}: {error}"),
    }
}

#[test]
fn what_is_too_long_or_too_deep_has_no_model() {
    for dialect in [Dialect::Python, Dialect::Rust] {
        assert!(modelled(&"a".repeat(MAX_PATTERN), dialect));
        assert!(!modelled(&"a".repeat(MAX_PATTERN + 1), dialect));
    }
    // 200 levels, the pattern itself the first of them.
    let table: &[(&str, &str, &str, Dialect)] = &[
        ("(", "a", ")", Dialect::Python),
        ("(?=", "a", ")", Dialect::Java),
        ("[", "a", "]", Dialect::Ruby),
        ("[", "a", "]", Dialect::Java),
        ("[", "a", "]", Dialect::EcmaScriptV),
        ("[a-z-", "[b]", "]", Dialect::DotNet),
    ];
    for &(open, inside, close, dialect) in table {
        let nested = |levels: usize| {
            let levels = levels - usize::from(inside.starts_with('['));
            format!("{}{inside}{}", open.repeat(levels), close.repeat(levels))
        };
        assert!(modelled(&nested(199), dialect), "{dialect} {open}");
        assert!(!modelled(&nested(200), dialect), "{dialect} {open}");
        // Side by side is not one in the other.
        assert!(
            modelled(&nested(1).repeat(250), dialect),
            "{dialect} {open}"
        );
        assert!(
            modelled(&nested(2).repeat(150), dialect),
            "{dialect} {open}"
        );
    }
}

#[test]
fn errors_say_where() {
    let said = |pattern| parse(pattern, Dialect::Python).map_err(|error| error.to_string());
    assert_eq!(
        said("a)"),
        Err("unmatched closing parenthesis (at 1)".to_owned())
    );
    assert_eq!(
        said("é(a)\\1"),
        Err("not modelled: a back-reference: not regular (at 5)".to_owned())
    );
}

#[test]
fn places_look_at_their_neighbours() {
    let start = Look::Prev {
        set: Set::empty(),
        start: true,
    };
    assert_eq!(Node::start(), Node::Look(start));
    let around = |ahead, negative| Node::Around {
        node: Box::new(Node::Empty),
        ahead,
        negative,
    };
    assert_eq!(Node::ahead(Node::Empty, true), around(true, true));
    assert_eq!(Node::behind(Node::Empty, false), around(false, false));
}

/// `regress` 0.12 knows Unicode 17, the tables of the model are of Unicode 16: U+A7CE is new. What is
/// longer than 200 bytes is not put to a backtracking engine.
#[test]
fn a_disagreement_is_told() {
    let told = |pattern: &str, text: &str| {
        check::disagreement(pattern, text).map(|d| (d.dialect, d.model, d.engine))
    };
    let difference = Some((Dialect::EcmaScriptU, Some(false), Some(true)));
    assert_eq!(told(r"^\p{Lu}x*$", "\u{A7CE}"), difference);
    assert_eq!(told(r"^\p{Lu}x*$", "A"), None);
    // The length of pattern and of text at which nobody is asked any more.
    let pattern = |length: usize| format!(r"\p{{Lu}}{}", "|a".repeat((length - 6) / 2));
    let text = |length: usize| format!("\u{A7CE}{}", "b".repeat(length - 3));
    assert_eq!(told(&pattern(200), &text(200)), difference);
    assert_eq!(told(&pattern(202), &text(199)), None);
    assert_eq!(told(&pattern(198), &text(201)), None);
}
