//! What is said about rules: repairs of damaged patterns, explanations, answers of the batch,
//! descriptions of a device, and the readings, formats and dialects that all of these name. Tables
//! in `repairs/`, with what comes of them as pinned text.

use probity::pattern::axes::Description;
use probity::pattern::batch::Batch;
use probity::pattern::dialect::{Alphabet, Dialect, Mode};
use probity::pattern::explain::{Choice, Explanation, ModeView, Telling, explain};
use probity::pattern::language::language;
use probity::pattern::repair::{repairs, top_level_bars};
use probity::pattern::{Rule, Text, format_pattern};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

/// Every line of a table that is no comment with what `answer` says of it, as one text.
fn answered(table: &str, mut answer: impl FnMut(&str) -> String) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/repairs");
    let text = std::fs::read_to_string(path.join(table)).expect("the table");
    let mut out = String::new();
    for line in text.lines() {
        let _ = writeln!(out, "{line}");
        if !line.is_empty() && !line.starts_with('#') {
            out.push_str(&answer(line));
        }
    }
    out
}

#[test]
fn damaged_patterns() {
    let out = answered("patterns.txt", |line| {
        let published: String = serde_json::from_str(line).expect("a JSON string");
        let mut out = String::new();
        for repair in repairs(&published) {
            let doubt = if repair.plausible {
                ""
            } else {
                " (does not count)"
            };
            let (id, pattern, why) = (repair.id, repair.pattern, repair.derivation);
            let _ = writeln!(out, "    {id}{doubt}: {pattern:?}, {why}");
        }
        out
    });
    insta::assert_snapshot!(out);
}

#[test]
fn bars_on_the_top_level() {
    for (pattern, places) in [
        ("a|b", &[1][..]),
        ("|a|", &[0, 2]),
        (r"a\|b|c", &[4]),
        (r"\\|a", &[2]),
        ("[|]|a", &[3]),
        (r"[\]|]|a", &[5]),
        ("[[]|a", &[3]),
        ("(a|b)|c", &[5]),
        ("((a)|b)|c", &[7]),
        ("[(]|a", &[3]),
        ("([)]|a)|b", &[7]),
        ("a)|(b|c", &[2]),
        (r"\(|a", &[2]),
        ("é|a", &[1]),
        ("", &[]),
    ] {
        let text: Vec<char> = pattern.chars().collect();
        assert_eq!(top_level_bars(&text), places, "{pattern}");
    }
}

fn told(telling: &[Telling]) -> String {
    let told = |t: &Telling| format!("{:?} {}", t.text, t.taken_by.join(" "));
    telling.iter().map(told).collect::<Vec<_>>().join("; ")
}

fn taken(mode: &ModeView) -> String {
    let (mode, yes, no) = (mode.mode, mode.dialects.join(" "), mode.refused_by.len());
    format!("{mode}: {no} refuse it, it is taken by {yes}")
}

fn written(e: &Explanation) -> String {
    let mut out = String::new();
    let modelled = e
        .dialects
        .iter()
        .filter(|d| d.compiles && d.error.is_none());
    let _ = writeln!(out, "    modelled in {} dialects", modelled.count());
    for d in e.dialects.iter().filter(|d| d.error.is_some()) {
        let (id, error, at) = (d.dialect, d.error.as_deref().unwrap_or(""), d.offset);
        let _ = writeln!(out, "    {id}: compiles {}, {error}, at {at:?}", d.compiles);
    }
    let ids: Vec<&str> = e.repairs.iter().map(|r| r.id.as_str()).collect();
    let _ = writeln!(out, "    repairs: {}", ids.join(" "));
    for m in &e.meanings {
        let doubt = if m.plausible { "" } else { " (does not count)" };
        let _ = writeln!(out, "    {}{doubt} {} readings", m.id, m.readings.len());
        for who in &m.who {
            let _ = writeln!(out, "        {who}");
        }
    }
    for r in e.relations.iter().take(12) {
        let _ = write!(out, "    {} {} {}", r.a, r.relation, r.b);
        for (name, witness, printable) in [
            ("first only", &r.a_only, &r.a_only_printable),
            ("second only", &r.b_only, &r.b_only_printable),
            ("both", &r.both, &r.both),
        ] {
            if let Some(witness) = witness {
                let _ = write!(out, ", {name} {witness:?}");
            }
            if let Some(printable) = printable.as_ref().filter(|p| Some(*p) != witness.as_ref()) {
                let _ = write!(out, " or {printable:?}");
            }
        }
        out.push('\n');
    }
    if e.relations.len() > 12 {
        let _ = writeln!(out, "    … {} relations", e.relations.len());
    }
    let _ = writeln!(out, "    told apart by {}", told(&e.telling));
    let d = &e.differences;
    let _ = writeln!(out, "    {} has {} meanings", d.repair, d.meanings);
    for text in &d.texts {
        let _ = writeln!(out, "      {:?} ({})", text.text, text.note);
        for mode in &text.taken_by {
            let _ = writeln!(out, "        {}", taken(mode));
        }
    }
    let _ = writeln!(out, "    guesses: {}", told(&e.guesses));
    let (valid, longest) = (&e.surely_valid, &e.surely_valid_longest);
    let _ = writeln!(
        out,
        "    valid {valid:?} to {longest:?}, invalid {:?}",
        e.surely_invalid
    );
    for c in &e.contradictions {
        let _ = writeln!(out, "    ! {c}");
    }
    for r in &e.risks {
        let (repair, mode, growth) = (&r.repair, r.mode, r.growth);
        let _ = writeln!(
            out,
            "    {repair}, {mode}: {growth} {:?} {:?}",
            r.degree, r.attack
        );
    }
    out
}

fn rule(question: &Value) -> Rule {
    let text = |v: &Value| v.as_str().expect("a string").to_owned();
    Rule {
        pattern: question.get("pattern").map(text),
        min_length: question.get("min").and_then(Value::as_u64),
        max_length: question.get("max").and_then(Value::as_u64),
        formats: question["formats"]
            .as_array()
            .into_iter()
            .flatten()
            .map(text)
            .collect(),
    }
}

#[test]
fn explanations() {
    let out = answered("explained.txt", |line| {
        let question: Value = serde_json::from_str(line).expect("JSON");
        let dialects = question["dialects"].as_array().into_iter().flatten();
        let choice = Choice {
            dialects: dialects
                .filter_map(|d| Dialect::by_id(d.as_str()?))
                .collect(),
            all: question["all"] == true,
        };
        written(&explain(&Text::new(rule(&question)), &choice))
    });
    insta::assert_snapshot!(out);
}

#[test]
fn questions_and_answers() {
    let mut batch = Batch::new();
    let out = answered("batch.txt", |line| format!("    {}\n", batch.answer(line)));
    insta::assert_snapshot!(out);
}

/// More patterns than are kept, each asked twice: an answer is that of its own pattern.
#[test]
fn many_patterns_in_turn() {
    let mut batch = Batch::new();
    for round in 0..2 {
        for n in 0..20 {
            for (input, accepts) in [(n, true), (n + 1, false)] {
                let question = format!(
                    r#"{{"pattern": "^{n}$", "dialect": "go", "mode": "full", "input": "{input}"}}"#
                );
                let answer = batch.answer(&question);
                assert_eq!(answer["accepts"], accepts, "{round} {question}: {answer}");
            }
        }
    }
}

#[test]
fn descriptions() {
    let nothing = Description::default;
    let mode = |mode: &'static str| Description {
        mode: Some(mode),
        ..nothing()
    };
    let full = |ends: &[&'static str], known: bool| Description {
        final_line_ends: ends.to_vec(),
        line_ends_known: known,
        ..mode("full")
    };
    let tried = |how: &'static str, members: &str, outsiders: &str| Description {
        members: members.to_owned(),
        outsiders: outsiders.to_owned(),
        ..mode(how)
    };
    let long = |min, max, unit| Description {
        min,
        max,
        unit,
        ..nothing()
    };
    for (description, said) in [
        (
            nothing(),
            "nothing could be found out: no string is taken that every reading allows",
        ),
        (mode("search"), "match anywhere"),
        (mode("prefix"), "match at the start, anything after it"),
        (mode("suffix"), "match at the end, anything before it"),
        (full(&["LF"], false), "full match"),
        (full(&[], true), "full match, no line end after it"),
        (
            full(&["LF", "CR LF"], true),
            "full match, a final LF, CR LF let through",
        ),
        (
            Description {
                line_ends_known: true,
                ..mode("search")
            },
            "match anywhere",
        ),
        // What does not look at the pattern takes letters and signs anywhere.
        (tried("search", "a;", ""), "no pattern at all, takes a ;"),
        (tried("search", "a1", ""), "match anywhere, takes a 1"),
        (tried("search", ";!", ""), "match anywhere, takes ; !"),
        (
            tried("search", "a;", "!"),
            "match anywhere, takes a ;, refuses !",
        ),
        (
            tried("prefix", "a;", ""),
            "match at the start, anything after it, takes a ;",
        ),
        (
            tried("full", "a\té", " "),
            r"full match, takes a \u{9} \u{e9}, refuses \u{20}",
        ),
        (
            long(Some(1), Some(Some(9)), Some("bytes")),
            "1 to 9 bytes of UTF-8",
        ),
        (
            long(Some(1), Some(None), Some("utf16")),
            "1 or more UTF-16 units, no limit found",
        ),
        (
            long(None, Some(Some(9)), Some("codepoints")),
            "up to 9 code points",
        ),
        (long(None, Some(None), None), "no limit of length found"),
        (long(Some(2), None, None), "at least 2 characters"),
        (
            Description {
                beyond: vec![20, 30],
                ..long(None, Some(Some(9)), None)
            },
            "up to 9 characters, and 20 and 30 again",
        ),
    ] {
        assert_eq!(description.to_string(), said);
    }
}

#[test]
fn readings_decide() {
    answered("readings.txt", |line| {
        let parts: Vec<&str> = line.split(" | ").collect();
        let [question, id, text, told] = parts.as_slice() else {
            panic!("four parts in {line}");
        };
        let question: Value = serde_json::from_str(question).expect("JSON");
        let input: String = serde_json::from_str(text).expect("a JSON string");
        let rule = Text::new(rule(&question));
        let ids: Vec<&str> = rule.readings().iter().map(|r| r.id.as_str()).collect();
        let found = rule.readings().iter().find(|r| r.id == *id);
        let reading = found.unwrap_or_else(|| panic!("no {id} among {ids:?}"));
        let say = |yes: bool| if yes { "yes" } else { "no" };
        let engine = reading.accepts_by_engine(&input).map_or("-", say);
        let (within, accepts) = (reading.within_bounds(&input), reading.accepts(&input));
        let got = format!("{} {} {engine}", say(within), say(accepts));
        assert_eq!(got, *told, "{line}");
        String::new()
    });
}

#[test]
fn readings_of_the_same_meaning_share_a_class() {
    let text = Text::new(Rule {
        pattern: Some("^a$".to_owned()),
        max_length: Some(3),
        ..Rule::default()
    });
    let class = |id: &str| {
        let id = format!("none/{id}/both");
        let reading = text.readings().iter().find(|r| r.id == id);
        reading.unwrap_or_else(|| panic!("no {id}")).class()
    };
    let go = class("go/search/codepoints");
    assert!(go.0.is_some());
    assert_eq!((go.1, go.2, go.3), ("codepoints", 0, Some(3)));
    assert_eq!(go, class("rust/full/codepoints"));
    assert_ne!(go, class("python/search/codepoints"));
    assert_ne!(go, class("go/search/bytes"));
    let free = Text::new(Rule {
        min_length: Some(1),
        ..Rule::default()
    });
    let classes: Vec<_> = free.readings().iter().map(|r| r.class()).collect();
    assert!(classes.contains(&(None, "utf16", 1, None)), "{classes:?}");
}

#[test]
fn formats() {
    answered("formats.txt", |line| {
        let parts: Vec<&str> = line.split(" | ").collect();
        let [format, takes, refuses] = parts.as_slice() else {
            panic!("three parts in {line}");
        };
        let pattern = format_pattern(format).unwrap_or_else(|| panic!("{format}"));
        let mut model = language(pattern, Dialect::EcmaScriptU, Mode::Full).expect("it compiles");
        for (texts, taken) in [(takes, true), (refuses, false)] {
            let texts: Vec<String> = serde_json::from_str(texts).expect("a list");
            for text in texts {
                assert_eq!(model.accepts(&text), taken, "{format} {text:?}");
            }
        }
        String::new()
    });
    assert_eq!(format_pattern("password"), None);
}

#[test]
fn dialects_and_modes_have_ids_and_alphabets() {
    for &dialect in Dialect::ALL {
        assert_eq!(Dialect::by_id(dialect.id()), Some(dialect));
        assert_eq!(dialect.to_string(), dialect.id());
    }
    for &mode in Mode::ALL {
        assert_eq!(Mode::by_id(mode.id()), Some(mode));
        assert_eq!(mode.to_string(), mode.id());
    }
    assert_eq!(Mode::by_id("anywhere"), None);
    // ECMA-262 §22.2.1: without `u` and `v` the input is UTF-16 units, as in .NET; the manual of
    // PCRE2: without UTF one octet is one character.
    for (id, alphabet, symbols) in [
        ("ecmascript", Alphabet::Utf16, &[0xE9, 0xD83D, 0xDE00][..]),
        ("ecmascript-u", Alphabet::CodePoints, &[0xE9, 0x1F600]),
        ("dotnet", Alphabet::Utf16, &[0xE9, 0xD83D, 0xDE00]),
        (
            "dotnet-ecmascript",
            Alphabet::Utf16,
            &[0xE9, 0xD83D, 0xDE00],
        ),
        ("python", Alphabet::CodePoints, &[0xE9, 0x1F600]),
        (
            "python-bytes",
            Alphabet::Bytes,
            &[0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80],
        ),
        (
            "pcre2",
            Alphabet::Bytes,
            &[0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80],
        ),
        (
            "pcre2-dollar-endonly",
            Alphabet::Bytes,
            &[0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80],
        ),
        ("pcre2-ucp", Alphabet::CodePoints, &[0xE9, 0x1F600]),
        ("java", Alphabet::CodePoints, &[0xE9, 0x1F600]),
    ] {
        let dialect = Dialect::by_id(id).expect("an id");
        assert_eq!(dialect.alphabet(), alphabet, "{id}");
        assert_eq!(alphabet.symbols("é😀"), symbols, "{id}");
    }
    let highest = [Alphabet::Bytes, Alphabet::Utf16, Alphabet::CodePoints].map(Alphabet::max);
    assert_eq!(highest, [0xFF, 0xFFFF, 0x10_FFFF]);
    for (id, unicode, pcre2) in [
        ("ecmascript", false, false),
        ("ecmascript-u", true, false),
        ("ecmascript-v", true, false),
        ("pcre2", false, true),
        ("pcre2-ucp", false, true),
        ("pcre2-dollar-endonly", false, true),
        ("perl", false, false),
    ] {
        let dialect = Dialect::by_id(id).expect("an id");
        assert_eq!(
            (dialect.ecma_unicode(), dialect.is_pcre2()),
            (unicode, pcre2),
            "{id}"
        );
    }
}
