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

#[test]
fn announced_forms_of_texts_are_the_same_and_other_words_announce_none() {
    use Likeness::{Near, Other, Same};
    let (colons, hyphens) = ("00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e");
    let (loose, composed) = ("e\u{301}a", "\u{e9}a");
    let table: &[(&str, &str, &str, Likeness)] = &[
        ("Stored with colons and in capitals", hyphens, colons, Same),
        (
            "It is stored with colons, in upper case",
            hyphens,
            colons,
            Same,
        ),
        ("With colons or hyphens.", hyphens, colons, Other),
        (
            "Blanks and hyphens are removed before it is stored.",
            "+49 30-12",
            "+493012",
            Same,
        ),
        ("Separators are dropped", "+49 30-12", "+493012", Same),
        (
            "Leerzeichen und Bindestriche werden entfernt",
            "+49 30-12",
            "+493012",
            Same,
        ),
        ("Hyphens are removed", "+49 30-12", "+493013", Other),
        ("Hyphens are not removed", "30-12", "3012", Other),
        (
            "Leading and trailing blanks are removed",
            "a b",
            "ab",
            Other,
        ),
        ("May hold hyphens", "30-12", "3012", Other),
        ("Stored in capitals.", "#00ff00", "#00FF00", Same),
        ("Not stored in capitals.", "#00ff00", "#00FF00", Near),
        ("Not case-sensitive.", "Ab", "aB", Same),
        ("Case is not significant", "Ab", "aB", Same),
        ("Case-sensitive.", "Ab", "aB", Near),
        (
            "A slash is added at the end where there is none.",
            "http://a",
            "http://a/",
            Same,
        ),
        ("A trailing slash is removed", "http://a/", "http://a", Same),
        ("No slash is needed", "http://a", "http://a/", Other),
        (
            "`https://` is added in front where it is missing",
            "a.b",
            "https://a.b",
            Same,
        ),
        ("It is added to the list", "a.b", "https://a.b", Other),
        (
            "It is stored in Unicode normalization form C.",
            loose,
            composed,
            Same,
        ),
        ("Normalised to NFC", loose, composed, Same),
        (
            "Stored in Unicode normalization form C.",
            "abc",
            "abd",
            Other,
        ),
        ("Any text of Unicode", loose, composed, Other),
    ];
    for (words, written, shown, want) in table {
        let stored = stored("", &json!({"type": "string", "description": words}));
        let got = stored.likeness("/x", &json!(written), &json!(shown));
        assert_eq!(got, *want, "{words:?} {written} {shown}");
    }
}

#[test]
fn an_order_that_is_announced_is_none_that_was_lost() {
    use Likeness::{Other, Same};
    for (words, want) in [
        ("Shown in ascending order.", Same),
        ("Descending by number", Same),
        ("Aufsteigend sortiert", Same),
        (
            "The order is not kept, and what is there twice is stored once.",
            Same,
        ),
        ("Climbing routes", Other),
    ] {
        let rules = json!({"type": "array", "description": words, "items": {"type": "integer"}});
        let got = stored("", &rules).likeness("/x", &json!([3, 1, 2]), &json!([1, 2, 3]));
        assert_eq!(got, want, "{words}");
    }
    let once =
        json!({"type": "array", "description": "A set: what is there twice is stored once."});
    let got = stored("", &once).likeness("/x", &json!([3, 1, 3]), &json!([1, 3]));
    assert_eq!(got, Same);
}

#[test]
fn what_counts_under_a_condition_need_not_be_kept() {
    let table = [
        (
            "",
            "Counts in mode `sta` only and is dropped in mode `ap`.",
            true,
        ),
        ("", "Ignored if `dhcp` is true", true),
        ("", "Only used when the relay is on", true),
        ("", "Has no effect while the lamp is off", true),
        ("", "Wird ignoriert, wenn DHCP an ist", true),
        ("", "Never ignored if it is set", false),
        ("", "The text that is shown", false),
        ("", "Unknown values are ignored if they come", false),
        ("`x` is ignored unless `other` is set", "", true),
        ("`other` is ignored unless it is long", "", false),
        ("What is not known is ignored if it comes", "", false),
    ];
    for (operation, words, may) in table {
        let stored = stored(operation, &json!({"type": "string", "description": words}));
        assert_eq!(stored.may_not_count("/x"), may, "{operation:?} {words:?}");
    }
}
