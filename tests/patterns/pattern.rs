//! The readings of string rules through the public interface.

use crate::page;

use page::rules;
use probity::pattern::{Assessment, Rule, Text};

#[test]
fn samples_are_what_they_say_and_are_stable() {
    for (name, rule) in rules() {
        let text = Text::new(rule.clone());
        let cover = text.valid_cover(40);
        let near = text.near_misses(60);
        assert!(
            !cover.is_empty() && near.len() == 60,
            "{name}: {} {}",
            cover.len(),
            near.len()
        );
        for sample in &cover {
            assert_eq!(
                text.assess(&sample.text),
                Assessment::SurelyValid,
                "{name} {sample:?}"
            );
        }
        for sample in &near {
            assert_eq!(
                text.assess(&sample.text),
                Assessment::SurelyInvalid,
                "{name} {sample:?}"
            );
        }
        if name == "user" {
            let again = Text::new(rule);
            assert_eq!(again.valid_cover(40), cover);
            assert_eq!(again.near_misses(60), near);
        }
    }
}

#[test]
fn the_page() {
    use Assessment::{Open, SurelyInvalid, SurelyValid};
    let long = |n: usize| "a".repeat(n);
    let table: Vec<(&str, Vec<(String, Assessment)>)> = vec![
        (
            "realm",
            vec![
                ("sip.bas-ip.com".into(), SurelyValid),
                ("1.2.3.4".into(), SurelyValid),
                // The port is inside one octet alternative of the pattern, and no part of a name.
                ("1.2.3.199:5060".into(), Open),
                ("1.2.3.200:5060".into(), SurelyInvalid),
                ("junk !! a.b".into(), Open),
                ("1.2.3.4.evil".into(), Open),
                ("a.b\n".into(), Open),
                ("a b".into(), SurelyInvalid),
                ("1.2.3.256".into(), SurelyInvalid),
                ("".into(), SurelyInvalid),
            ],
        ),
        (
            "proxy",
            vec![
                ("sip:1.2.3.4".into(), SurelyValid),
                // The page's own example: under full match the alternatives say no.
                ("sip:sip.bas-ip.com".into(), Open),
                ("sip.bas-ip.com".into(), Open),
                ("sip:".into(), SurelyInvalid),
                ("http://1.2.3.4".into(), SurelyInvalid),
            ],
        ),
        (
            "user",
            vec![
                ("101".into(), SurelyValid),
                ("a-b_c".into(), SurelyValid),
                ("a[b]".into(), SurelyValid),
                ("a`b".into(), Open),
                ("a;b".into(), Open),
                ("a:b".into(), SurelyInvalid),
                ("a\\b".into(), SurelyInvalid),
                ("a\u{a0}b".into(), Open),
                ("".into(), SurelyInvalid),
                (long(31), SurelyValid),
                (long(32), SurelyInvalid),
            ],
        ),
        (
            "password",
            vec![
                ("123ab6".into(), SurelyValid),
                (long(5), SurelyInvalid),
                (long(31), SurelyValid),
                (long(32), Open),
                (long(100), Open),
                (long(101), SurelyInvalid),
            ],
        ),
        (
            "user_id",
            vec![("".into(), SurelyValid), ("user126".into(), SurelyValid)],
        ),
        (
            "stun.ip",
            vec![
                ("stun.l.google.com".into(), SurelyValid),
                ("10.0.0.1".into(), SurelyValid),
                ("a.b:3478".into(), SurelyInvalid),
                ("localhost".into(), SurelyInvalid),
            ],
        ),
    ];
    for ((name, rule), (expected, strings)) in rules().into_iter().zip(table) {
        assert_eq!(name, expected);
        let text = Text::new(rule);
        for (string, assessment) in strings {
            assert_eq!(text.assess(&string), assessment, "{name} {string:?}");
        }
    }
}

#[test]
fn a_page_pattern_damaged_by_markdown_is_found_again() {
    let (_, rule) = rules().swap_remove(3);
    let text = Text::new(rule);
    let wanted = [
        (
            "markdown",
            r##"^[0-9a-zA-Z\s`~!@#$%^&;*()_\-+={[}\]|"<,>.?/]{6,31}?$"##,
        ),
        (
            "escape-dash+close-later+drop-suffix",
            r##"^[0-9a-zA-Z\s~!@#$%^&;*()_\-+={[}\]|"<,>.?/]{6,31}?$"##,
        ),
    ];
    for (id, pattern) in wanted {
        let repair = text.repairs().iter().find(|r| r.id == id);
        assert!(
            repair.is_some_and(|r| r.pattern == pattern && r.plausible),
            "{id}: {repair:?}"
        );
    }
    let published = text.repairs().first();
    assert!(published.is_some_and(|r| r.id == "none" && !r.plausible));
}

#[test]
fn rules_without_a_pattern() {
    use Assessment::{Open, SurelyInvalid, SurelyValid};
    let text = Text::new(Rule {
        min_length: Some(2),
        max_length: Some(5),
        ..Rule::default()
    });
    assert_eq!(text.valid().as_deref(), Some("aa"));
    for (string, expected) in [
        ("a", SurelyInvalid),
        ("aaaaa", SurelyValid),
        ("aaaaaa", SurelyInvalid),
        // Three characters, six bytes; one character, two UTF-16 units.
        ("äää", Open),
        ("😀", Open),
    ] {
        assert_eq!(text.assess(string), expected, "{string}");
    }
    assert!(text.valid_cover(20).iter().any(|s| s.text.len() == 5));
    let near: Vec<String> = text.near_misses(10).into_iter().map(|s| s.text).collect();
    assert!(
        near.iter().any(|s| s == "a") && near.iter().any(|s| s.len() == 6),
        "{near:?}"
    );

    let free = Text::new(Rule::default());
    assert_eq!(free.valid().as_deref(), Some(""));
    assert_eq!(free.assess("anything\n"), SurelyValid);
    assert!(free.near_misses(10).is_empty());
    assert!(free.valid_cover(10).len() > 4);
}

#[test]
fn a_format_is_one_more_reading() {
    let text = Text::new(Rule {
        formats: vec!["ipv4".to_owned()],
        ..Rule::default()
    });
    assert_eq!(text.assess("1.2.3.4"), Assessment::SurelyValid);
    // A format may be an annotation only (JSON Schema 2020-12 §7.2.1).
    assert_eq!(text.assess("nonsense"), Assessment::Open);
    assert_eq!(text.valid().as_deref(), Some("0.0.0.0"));
}

#[test]
fn what_is_longer_than_a_format_lets_it_be_is_not_surely_valid() {
    let label = "a".repeat(63);
    let table = [
        // RFC 5321 §4.5.3.1.1 and §4.5.3.1.3.
        ("email", format!("{}@example.com", "a".repeat(20)), true),
        ("email", format!("{}@example.com", "a".repeat(65)), false),
        ("email", format!("a@{label}.{label}.{label}.{label}"), false),
        // RFC 1035 §2.3.4.
        ("hostname", [label.as_str(); 3].join("."), true),
        ("hostname", [label.as_str(); 4].join("."), false),
        ("uri", format!("http://{label}.com/a"), true),
        ("uri", format!("http://{label}a.com/a"), false),
        ("uri", "http://192.0.2.1:8080/a".to_owned(), true),
    ];
    for (format, text, valid) in table {
        let rule = Text::new(Rule {
            formats: vec![format.to_owned()],
            max_length: Some(400),
            ..Rule::default()
        });
        let sure = rule.assess(&text) == Assessment::SurelyValid;
        assert_eq!(sure, valid, "{format} {text}");
    }
}

#[test]
fn any_input_is_bounded() {
    let text = Text::new(Rule {
        pattern: Some("^(a|b|ab)*c{2,300}(?=d|e)[^x]*$".to_owned()),
        ..Rule::default()
    });
    let mut long = "ab".repeat(200_000);
    long.push_str("cccd");
    assert_eq!(text.assess(&long), Assessment::SurelyValid);
    for pattern in [
        "", "(", "\\", "(a)\\1", "[", "a{99999}", "(?<=a*)b", "\u{0}", "((((((", "*",
    ] {
        let text = Text::new(Rule {
            pattern: Some(pattern.to_owned()),
            ..Rule::default()
        });
        let _ = (
            text.assess("a"),
            text.valid(),
            text.near_misses(5),
            text.valid_cover(5),
        );
    }
}

#[test]
fn readings_decide() {
    let text = Text::new(Rule {
        pattern: Some("^a$".to_owned()),
        ..Rule::default()
    });
    let accepts = |id: &str, string: &str| {
        text.readings()
            .iter()
            .find(|r| r.id == id)
            .map(|r| r.accepts(string))
    };
    for (id, expected) in [
        ("none/python/search/codepoints/both", true),
        ("none/python/full/codepoints/both", false),
        ("none/python/full-grouped/codepoints/both", true),
        ("none/ecmascript/search/codepoints/both", false),
        ("none/go/search/codepoints/both", false),
        ("none/ruby/search/codepoints/both", true),
        ("none/pcre2-dollar-endonly/search/codepoints/both", false),
    ] {
        assert_eq!(accepts(id, "a\n"), Some(expected), "{id}");
    }
    // A reading that does not compile lets everything through.
    let broken = Text::new(Rule {
        pattern: Some("(?<=a)b".to_owned()),
        ..Rule::default()
    });
    let go = broken.readings().iter().find(|r| r.dialect == "go");
    assert!(go.is_some_and(|r| !r.compiles && r.accepts("zzz")));
}
