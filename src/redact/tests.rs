//! What the redactor masks, and what it leaves.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

fn knowing(value: &str) -> Redactor {
    let redactor = Redactor::default();
    redactor.add("$S", value);
    redactor
}

#[test]
fn a_secret_is_found_however_it_is_spelled() {
    let secret = "s3c/ret\"p\u{e4}ss%41+ 9";
    let redactor = knowing(secret);
    let json = serde_json::Value::from(secret).to_string();
    let percent: String = secret.bytes().map(|b| format!("%{b:02x}")).collect();
    let partly: String = secret
        .char_indices()
        .map(|(i, c)| match i % 2 {
            0 if c.is_ascii() => format!("%{:02X}", u32::from(c)),
            _ if c == '%' => "%25".to_owned(),
            _ => c.to_string(),
        })
        .collect();
    let unicode: String = secret
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04X}"))
        .collect();
    let entities: String = secret
        .chars()
        .map(|c| format!("&#{};", u32::from(c)))
        .collect();
    let table = [
        secret.to_owned(),
        secret.to_uppercase().replace('\u{c4}', "\u{e4}"),
        json.trim_matches('"').to_owned(),
        json.trim_matches('"').replace('/', "\\/"),
        unicode.clone(),
        unicode.replace('\\', "\\\\"),
        percent.to_uppercase(),
        percent.replace('%', "%25"),
        percent,
        partly,
        entities,
        STANDARD.encode(secret),
        STANDARD.encode(format!("admin:{secret}")),
        STANDARD.encode(format!("<<{secret}>>")),
        STANDARD.encode(format!(
            "id:{}",
            utf8_percent_encode(secret, NON_ALPHANUMERIC)
        )),
        STANDARD.encode(format!("{{\"p\":{json}}}")),
        spellings::hex(secret.as_bytes()),
        spellings::hex(secret.as_bytes()).to_uppercase(),
    ];
    for spelling in table {
        let shown = redactor
            .text(&format!("before {spelling} behind"))
            .into_owned();
        let left = shown.replace("$S", "");
        assert!(shown.contains("$S"), "{spelling}: {shown}");
        // Characters of a base64 text that neighbours decide on may stay.
        assert!(
            left.len() <= "before  behind".len() + 16,
            "{spelling}: {shown}"
        );
        assert!(shown.starts_with("before "), "{spelling}: {shown}");
    }
}

#[test]
fn pieces_and_cuts() {
    let redactor = knowing("0123456789abcdefghijklmnopqrstuv!");
    let table = [
        ("x 456789abcdefg y", "x $S y"),
        ("x 456789abc y", "x 456789abc y"),
        ("x 01234…", "x $S…"),
        ("x 0123456789abcdefghijklmnopqrst", "x $S"),
        // Letters alone are a word.
        ("x klmnopqrstuvw", "x klmnopqrstuvw"),
        ("nothing…", "nothing…"),
    ];
    for (text, want) in table {
        assert_eq!(redactor.text(text), want);
    }
    assert_eq!(knowing("a/bcdefgh").text("see a%2fb%6…"), "see $S…");
}

#[test]
fn words_are_masked_where_they_are_values() {
    let redactor = knowing("name");
    let table = [
        (r#"{"name":"x"}"#, r#"{"name":"x"}"#),
        (r#"{"given": "name"}"#, r#"{"given": "$S"}"#),
        ("the name of a field", "the name of a field"),
        ("?password=name&x", "?password=$S&x"),
        ("name", "$S"),
        ("filename=a", "filename=a"),
        // Encodings stand for it wherever they stand, but for four characters of base64.
        ("the bmFtZQ== of a field", "the $SQ== of a field"),
        ("the %6E%61%6d%65 of it", "the $S of it"),
        ("the \\u006e\\u0061me of it", "the $S of it"),
        ("the &#110;&#97;&#109;&#101; of it", "the $S of it"),
        ("eG5hbWU=", "eG5hbWU="),
    ];
    for (text, want) in table {
        assert_eq!(redactor.text(text), want);
    }
    let contract = Redactor::default();
    contract.ordinary(["transport"]);
    contract.add("$S", "transport");
    assert_eq!(
        contract.text("the transport is wrong"),
        "the transport is wrong"
    );
    let short = knowing("hunter");
    assert_eq!(short.text("a hunter, hunters"), "a $S, hunters");
}

#[test]
fn the_secret_that_stands_there_whole_has_the_name() {
    let redactor = Redactor::default();
    redactor.add("$SHORT", "abcdefgh1234");
    redactor.add("$LONG", "abcdefgh1234567890");
    assert_eq!(
        redactor.text("abcdefgh1234 abcdefgh1234567890"),
        "$SHORT $LONG"
    );
    assert_eq!(redactor.text("abcdefgh12345-"), "$SHORT-");
}

#[test]
fn json_keeps_names_and_ids() {
    let redactor = knowing("correct horse 7");
    let mut value = serde_json::json!({
        "id": "correct horse 7",
        "correct horse 7": ["correct horse 7", 1],
        "reproducer": {"recipe": {"request": {"body": "correct%20horse 7"}}, "curl": "x"},
    });
    redactor.json(&mut value);
    assert_eq!(
        value,
        serde_json::json!({
            "id": "correct horse 7",
            "correct horse 7": ["$S", 1],
            "reproducer": {"curl": "x"},
        })
    );
}

#[test]
fn every_token_of_a_job_is_remembered() {
    let redactor = Redactor::default();
    let token = |n: usize| format!("tok-{:016x}", n * 0x9e37_79b9_7f4a);
    for n in 0..500 {
        redactor.add("$T", &token(n));
    }
    for n in 0..500 {
        assert_eq!(redactor.text(&token(n)), "$T");
    }
}

#[test]
fn a_stream_masks_across_writes() {
    use std::io::Write as _;
    let mut out = Vec::new();
    let mut stream = Stream::new(&mut out, knowing("correct horse 7"));
    for piece in ["a corr", "ect hor", "se 7 b\nc correct", " horse 7"] {
        stream.write_all(piece.as_bytes()).expect("written");
    }
    stream.flush().expect("flushed");
    assert_eq!(String::from_utf8_lossy(&out), "a $S b\nc $S");
}

#[test]
fn settings_that_are_kept_are_given_back_or_not_kept() {
    let redactor = Redactor::default();
    redactor.add("$PROBITY_PASSWORD", "swordfish-1");
    redactor.add("$PROBITY_TOKEN", "tok-0123456789abcdef");
    redactor.add("***", "hidden setting");
    let table = [
        ("plain", "plain"),
        ("swordfish-1", "$PROBITY_PASSWORD"),
        ("sip:swordfish-1@host", "sip:$PROBITY_PASSWORD@host"),
        // Another process gets another token.
        ("tok-0123456789abcdef", "***"),
        ("a hidden setting here", "***"),
        // Base64 of the password: its name in place of that says something else.
        ("c3dvcmRmaXNoLTE=", "***"),
        ("$PROBITY_PASSWORD", "***"),
    ];
    for (setting, want) in table {
        let mut value = serde_json::json!({ "a": [setting] });
        redactor.values(&mut value);
        assert_eq!(value["a"][0], want, "{setting}");
    }
}

#[test]
fn tokens_without_end_are_forgotten_and_remembered_when_they_come_again() {
    let redactor = knowing("the user's own");
    let token = |n: usize| format!("{n:05}-").repeat(2_000);
    let first = token(0);
    redactor.add("$T", &first);
    for n in 1..200 {
        redactor.add("$T", &token(n));
    }
    let known = redactor.known();
    let octets: usize = known.chunks.iter().map(Chunk::octets).sum();
    let remembered = known.seen.len();
    drop(known);
    assert!(octets <= MOST_OCTETS, "{octets}");
    assert!(remembered < 50, "{remembered}");
    redactor.add("$T", &first);
    for secret in [first, token(199), "the user's own".to_owned()] {
        assert!(!redactor.text(&format!("is {secret}.")).contains(&secret));
    }
}

#[test]
fn a_secret_that_repeats_itself_is_found_in_bounded_time() {
    for unit in ["a", "ab", "0", "Zq7-"] {
        let secret = unit.repeat(16_000 / unit.len());
        let redactor = knowing(&secret);
        for piece in [secret.len(), 12_000, 400, 48] {
            let text = format!("<{}>", &secret[..piece]);
            assert_eq!(redactor.text(&text), "<$S>", "{unit} {piece}");
            let cut = format!("<{}…", &secret[..piece]);
            assert_eq!(redactor.text(&cut), "<$S…", "{unit} {piece}");
        }
    }
    // The end of a repetition, and what stands between two.
    let secret = format!(
        "{}-the-middle-{}.end",
        "abcd3fgh".repeat(99),
        "abcd3fgh".repeat(99)
    );
    for piece in [
        "abcd3fgh-the",
        "the-middle-abc",
        "abcd3fgh.end",
        "habcd3fghabcd3fgha",
    ] {
        let shown = knowing(&secret).text(&format!("<{piece}>")).into_owned();
        assert_eq!(shown, "<$S>", "{piece}");
    }
}
