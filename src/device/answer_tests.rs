//! What [`parse`] makes of bytes, whole and cut at every place.

use super::*;

const CAPS: Caps = Caps {
    head: 512,
    body: 256,
};

/// `status body [anomalies]` or `class (partial status)` in a few words.
fn show(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered(a) => format!(
            "{} {:?} {:?}",
            a.status,
            String::from_utf8_lossy(&a.body),
            a.anomalies
        ),
        Outcome::Failed { failure, partial } => format!(
            "{}{}",
            failure.class(),
            partial
                .as_ref()
                .map_or_else(String::new, |p| format!(" after {}", p.status))
        ),
    }
}

/// Parses at once and octet by octet, which must agree.
fn read(bytes: &[u8], head: bool, eof: bool) -> (String, usize) {
    let parsed = parse(bytes, head, eof, CAPS);
    let mut reader = Reader::new(head, CAPS);
    for byte in bytes {
        reader.push(std::slice::from_ref(byte));
    }
    if eof {
        reader.eof();
    }
    let at_once = parsed.outcome.as_ref().map(show);
    let used = parsed.used;
    let dripped = reader.finished().then(|| {
        assert_eq!(bytes.len() - reader.leftover().len(), used);
        show(&reader.into_outcome())
    });
    assert_eq!(at_once, dripped, "{:?}", String::from_utf8_lossy(bytes));
    (
        at_once.unwrap_or_else(|| format!("more: {}", parsed.phase)),
        used,
    )
}

#[test]
fn framing_of_complete_answers() {
    for (bytes, expected, rest) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
            "200 \"hi\" []",
            0,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!!",
            "200 \"hi\" []",
            2,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "200 \"\" []",
            0,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n+",
            "200 \"abc\" []",
            1,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"\\\";\";b\r\na\r\n00\r\nX: y\r\n\r\n",
            "200 \"a\" []",
            0,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
            "200 \"a\" [BadChunk(\"blanks after a chunk size\")]",
            0,
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
            "204 \"\" []",
            0,
        ),
        (
            "HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nhi",
            "204 \"\" [UnexpectedBody]",
            2,
        ),
        (
            "HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\n",
            "304 \"\" []",
            0,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
            "200 \"hi\" [AmbiguousLength]",
            0,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi",
            "200 \"hi\" [AmbiguousLength]",
            0,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            "200 \"a\" [AmbiguousLength]",
            0,
        ),
        (
            "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
            "200 \"\" [BareLf]",
            0,
        ),
        (
            "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
            "200 \"\" []",
            0,
        ),
    ] {
        let (got, used) = read(bytes.as_bytes(), false, false);
        assert_eq!(got, expected, "{bytes:?}");
        assert_eq!(bytes.len() - used, rest, "{bytes:?}");
    }
}

#[test]
fn the_end_of_the_connection_ends_or_cuts() {
    for (bytes, expected) in [
        ("", "closed"),
        ("HTT", "truncated"),
        ("HTTP/1.1 200 OK\r\nA: b\r\n", "truncated"),
        ("HTTP/1.1 100 Continue\r\n\r\n", "truncated"),
        ("HTTP/1.1 200 OK\r\n\r\nto the end", "200 \"to the end\" []"),
        ("HTTP/1.0 200 OK\r\n\r\n", "200 \"\" []"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
            "truncated after 200",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            "truncated after 200",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            "truncated after 200",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
            "200 \"x\" [BadHeader(\"Transfer-Encoding: gzip\")]",
        ),
    ] {
        assert_eq!(read(bytes.as_bytes(), false, true).0, expected, "{bytes:?}");
    }
}

#[test]
fn a_head_answer_has_no_body() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(
        read(bytes, true, false),
        ("200 \"\" []".to_owned(), bytes.len())
    );
}

#[test]
fn what_is_not_http_is_malformed_without_waiting_for_its_end() {
    for bytes in [
        "SSH-2.0-dropbear",
        "HTTP/2.0 200 OK\r\n",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 099 Low\r\n\r\n",
        "HTTP/1.1 101 Switching\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n",
        "HTTP/1.1 200 OK\r\nSpace : x\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\0\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n",
    ] {
        let got = read(bytes.as_bytes(), false, false).0;
        assert!(got.starts_with("malformed-http"), "{bytes:?}: {got}");
    }
}

#[test]
fn nothing_costs_more_than_the_caps() {
    let endless_head = "HTTP/1.1 200 OK\r\nA: ".to_owned() + &"x".repeat(CAPS.head);
    let many_fields = "HTTP/1.1 200 OK\r\n".to_owned() + &"A:\r\n".repeat(MAX_FIELDS + 1);
    let blank = "\r\n".repeat(CAPS.head);
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned()
        + "40\r\n"
        + &"x".repeat(64)
        + "\r\nff\r\n"
        + &"y".repeat(255);
    let open = "HTTP/1.1 200 OK\r\n\r\n".to_owned() + &"x".repeat(CAPS.body + 1);
    let length = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n{}",
        "x".repeat(CAPS.body + 1)
    );
    for bytes in [endless_head, many_fields, blank, chunks, open, length] {
        let parsed = parse(bytes.as_bytes(), false, false, CAPS);
        let Some(Outcome::Failed {
            failure: Failure::TooLarge { .. },
            partial,
        }) = parsed.outcome
        else {
            panic!("{:?} for {:?}", parsed.outcome, &bytes[..40]);
        };
        assert!(partial.is_none_or(|p| p.body.len() <= CAPS.body));
    }
    let extension = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;".to_owned()
        + &"x".repeat(17 * 1024);
    let interim = "HTTP/1.1 100 C\r\n\r\n".repeat(MAX_INTERIM + 1);
    for bytes in [extension, interim] {
        let caps = Caps {
            head: 1 << 16,
            body: 16,
        };
        let outcome = parse(bytes.as_bytes(), false, false, caps).outcome;
        assert_eq!(
            outcome.map(|o| show(&o)[..9].to_owned()).as_deref(),
            Some("malformed")
        );
    }
}

#[test]
fn exactly_the_cap_is_allowed() {
    let bytes = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}",
        CAPS.body,
        "x".repeat(CAPS.body)
    );
    let outcome = parse(bytes.as_bytes(), false, false, CAPS).outcome;
    assert!(matches!(outcome, Some(Outcome::Answered(a)) if a.body.len() == CAPS.body));
}

#[test]
fn a_head_that_drips_in_stays_linear() {
    // 64 KiB of short lines, an octet at a time: quadratic work would take minutes.
    let caps = Caps {
        head: 1 << 16,
        body: 16,
    };
    let mut reader = Reader::new(false, caps);
    reader.push(b"HTTP/1.1 200 OK\r\nA: ");
    let start = std::time::Instant::now();
    while !reader.finished() {
        reader.push(b"x");
    }
    assert!(start.elapsed().as_secs() < 5);
    assert!(matches!(
        reader.into_outcome(),
        Outcome::Failed {
            failure: Failure::TooLarge { what: "head", .. },
            ..
        }
    ));
}

#[test]
fn any_bytes_end_in_something() {
    // A short deterministic mutation walk over a good answer: total, and the phases add up.
    let good =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n";
    let mut state = 0x2545_f491_u32;
    for _ in 0..20_000 {
        let mut bytes = good.to_vec();
        for _ in 0..3 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (state >> 8) as usize % bytes.len();
            let odd = b"\r\n\0 :;=0fxHTP/1.\xff";
            bytes[at] = odd[(state >> 3) as usize % odd.len()];
        }
        let parsed = parse(&bytes, false, true, CAPS);
        assert!(parsed.outcome.is_some());
        assert!(parsed.used <= bytes.len());
    }
}
