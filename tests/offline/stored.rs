//! In which other form a value may read back, as the document says.

use probity::contract::{Likeness, Stored, load_bytes};
use serde_json::{Value, json};

/// An operation that writes one member `x` beside `other`, with these rules and words.
fn stored(operation: &str, rules: &Value) -> Stored {
    let document = json!({
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "paths": {"/x": {"put": {
            "operationId": "putX",
            "description": operation,
            "requestBody": {"content": {"application/json": {"schema": {
                "type": "object",
                "properties": {"x": rules, "other": {"type": "string"}},
            }}}},
            "responses": {"204": {"description": "stored"}},
        }}},
    });
    let contract = load_bytes("x.json", document.to_string().as_bytes()).expect("it loads");
    Stored::of(contract.operations.first().expect("one"))
}

#[test]
fn what_the_words_allow_is_the_same() {
    use Likeness::{Near, Other, Same};
    let cut = "d".repeat(41);
    let table: &[(&str, &str, &str, Likeness)] = &[
        ("", " A b ", "A b", Near),
        ("", "A", "a", Near),
        ("", "A b", "Ab", Other),
        ("Blanks at both ends are trimmed.", " A b ", "A b", Same),
        ("Blanks at both ends are trimmed.", " A b ", "a b", Near),
        ("Blanks at both ends are trimmed.", " A b ", "A", Other),
        ("It is not trimmed.", " A ", "A", Near),
        ("Stored in lower case.", "Pbx.Example", "pbx.example", Same),
        ("Stored in lower case.", "Pbx", "PBX", Near),
        ("Stored in lower case.", &cut, &cut[..32], Other),
        ("Stored in lower case and trimmed", " Pbx ", "pbx", Same),
        ("Wird in Großbuchstaben gespeichert", "ab", "AB", Same),
        ("Enregistré en minuscules", "AB", "ab", Same),
        ("Se guarda en mayúsculas", "ab", "AB", Same),
        ("Names are case-insensitive", "Ab", "aB", Same),
        (
            "Numbers are normalised",
            "+49 (30) 12-34",
            "+49301234",
            Same,
        ),
        ("Numbers are normalised", "+49 30 12", "+493013", Other),
        ("Cut to 32 characters", &cut, &cut[..32], Same),
        ("Cut to 32 characters", &cut, &cut[..31], Other),
    ];
    for (words, written, shown, want) in table {
        let (written, shown) = (json!(written), json!(shown));
        let of_member = stored("", &json!({"type": "string", "description": words}));
        let of_operation = stored(words, &json!({"type": "string"}));
        for (who, stored) in [("member", of_member), ("operation", of_operation)] {
            let got = stored.likeness("/x", &written, &shown);
            assert_eq!(got, *want, "{who}: {words:?} {written} {shown}");
        }
    }
}

#[test]
fn words_hold_for_the_members_that_they_name() {
    let words = "Blanks around `x` are trimmed, `other` is stored in lower case; the rest is kept.";
    let stored = stored(words, &json!({"type": "string"}));
    for (at, written, shown, want) in [
        ("/x", " a", "a", Likeness::Same),
        ("/x", "A", "a", Likeness::Near),
        ("/other", "A", "a", Likeness::Same),
        ("/other", " a", "a", Likeness::Near),
    ] {
        let got = stored.likeness(at, &json!(written), &json!(shown));
        assert_eq!(got, want, "{at} {written:?}");
    }
}

#[test]
fn spellings_of_one_value_are_the_same() {
    let table = [
        (
            "date-time",
            "2026-02-28T23:30:00.500-01:00",
            "2026-03-01T00:30:00.5Z",
            true,
        ),
        (
            "date-time",
            "2024-02-29T00:00:00+00:00",
            "2024-02-29T00:00:00.000Z",
            true,
        ),
        (
            "date-time",
            "2024-02-29T00:00:00Z",
            "2024-02-29T00:00:01Z",
            false,
        ),
        (
            "date-time",
            "2024-02-29T00:00:00.5Z",
            "2024-02-29T00:00:00Z",
            false,
        ),
        ("ipv6", "2001:DB8:0:0::1", "2001:db8::1", true),
        ("ipv6", "2001:db8::1", "2001:db8::2", false),
        (
            "uuid",
            "0A000000-0000-4000-8000-000000000000",
            "0a000000-0000-4000-8000-000000000000",
            true,
        ),
        ("hostname", "Pbx.example", "pbx.example", true),
        ("mac", "00-1A-2B-3C-4D-5E", "00:1a:2b:3c:4d:5e", true),
        ("mac", "00-1A-2B-3C-4D-5E", "00:1a:2b:3c:4d:5f", false),
        ("uri", "HTTP://Pbx.example:80", "http://pbx.example/", true),
        ("uri", "http://pbx.example/A", "http://pbx.example/b", false),
        ("uri", "http://pbx.example:81", "http://pbx.example/", false),
        ("email", "a@Pbx.example", "a@pbx.example", true),
        ("", "00-1A-2B-3C-4D-5E", "00:1a:2b:3c:4d:5e", false),
    ];
    for (format, one, other, same) in table {
        let stored = stored("", &json!({"type": "string", "format": format}));
        let got = stored.likeness("/x", &json!(one), &json!(other));
        assert_eq!(got == Likeness::Same, same, "{format}: {one} {other}");
    }
}

#[test]
fn numbers_lists_and_defaults_follow_the_words() {
    use Likeness::{Near, Other, Same};
    let number = |words: &str| json!({"type": "number", "description": words});
    let list = |words: &str, set: bool| {
        json!({
            "type": "array",
            "uniqueItems": set,
            "description": words,
            "items": {"type": "string", "description": "in lower case"},
        })
    };
    let or_none = json!({"type": ["integer", "null"], "default": 5060, "description": "null sets the default"});
    let table = [
        (number(""), json!(12.34), json!(12.3), Other),
        (
            number("Rounded to 1 decimal"),
            json!(12.34),
            json!(12.3),
            Same,
        ),
        (
            number("Rounded to 1 decimal"),
            json!(12.34),
            json!(12),
            Other,
        ),
        (number("Rounded to 5 seconds"), json!(12), json!(10), Same),
        (number("Background level"), json!(12), json!(11.5), Other),
        (list("", false), json!(["b", "a"]), json!(["a", "b"]), Other),
        (list("", true), json!(["b", "a"]), json!(["a", "b"]), Near),
        (
            list("A set: shown in the order of the week.", true),
            json!(["b", "a"]),
            json!(["a", "b"]),
            Same,
        ),
        (
            list("In order of preference", true),
            json!(["b", "a"]),
            json!(["a", "b"]),
            Other,
        ),
        (
            list("Sorted by name", true),
            json!(["b", "a"]),
            json!(["a"]),
            Other,
        ),
        (
            list("Sorted by name", true),
            json!(["B", "a"]),
            json!(["a", "b"]),
            Same,
        ),
        (or_none.clone(), Value::Null, json!(5060), Same),
        (or_none, Value::Null, json!(5061), Other),
    ];
    for (rules, written, shown, want) in table {
        let got = stored("", &rules).likeness("/x", &written, &shown);
        assert_eq!(got, want, "{rules} {written} {shown}");
    }
}
