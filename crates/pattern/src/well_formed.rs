//! What no reading of a published format takes. [`super::format_pattern`] is the strict side: what
//! it takes every check takes. Here is the other: what is outside the grammar of the format's own
//! document however wide it is read. Between the two a format leaves open.

use std::net::Ipv6Addr;

/// Whether a text is surely none of the format; `false` for formats that we do not know.
#[must_use]
pub fn surely_not(format: &str, text: &str) -> bool {
    match format {
        "ipv4" => !ipv4(text),
        // A zone (RFC 4007 §11) is no part of the address and is taken by many.
        "ipv6" => !text.contains('%') && text.parse::<Ipv6Addr>().is_err(),
        "dns" | "hostname" => !hostname(text),
        "email" => !email(text),
        "uri" | "url" => !uri(text),
        "uri-reference" => !plain(text) || broken_percent(text),
        "uuid" => !uuid(text),
        "date" => !date(text),
        "time" => !time(text),
        "date-time" => !date_time(text),
        "mac" => !mac(text),
        _ => false,
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A number of so many digits, within bounds.
fn number(text: &str, digits: usize, least: u32, most: u32) -> bool {
    text.len() == digits
        && all_digits(text)
        && text
            .parse::<u32>()
            .is_ok_and(|n| (least..=most).contains(&n))
}

/// RFC 2673 §3.2 lets leading zeros stand.
fn ipv4(text: &str) -> bool {
    let octet = |part: &str| all_digits(part) && part.len() <= 3 && part.parse::<u8>().is_ok();
    text.split('.').count() == 4 && text.split('.').all(octet)
}

/// RFC 1123 §2.1; underscores and a dot at the end are taken by many, letters beyond ASCII by those
/// that know RFC 5890.
fn hostname(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let known = |c: char| c.is_alphanumeric() || !c.is_ascii() || matches!(c, '-' | '_');
    let label = |label: &str| {
        let length = label.chars().count();
        let hyphen = label.starts_with('-') || label.ends_with('-');
        (1..=63).contains(&length) && !hyphen && label.chars().all(known)
    };
    text.chars().count() <= 253 && text.split('.').all(label)
}

/// RFC 5321 §4.1.2: something, `@`, something; what is quoted may hold anything.
fn email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let quoted = local.starts_with('"');
    let bare = |c: char| c == '@' || c.is_whitespace() || c.is_control();
    !local.is_empty()
        && !domain.is_empty()
        && !domain.chars().any(bare)
        && (quoted || !local.chars().any(bare))
}

/// No blanks, no controls, none of the signs that RFC 3986 gives no place.
fn plain(text: &str) -> bool {
    let none = |c: char| c.is_control() || c == ' ' || "<>\"{}|\\^`".contains(c);
    !text.chars().any(none)
}

fn broken_percent(text: &str) -> bool {
    let mut parts = text.split('%');
    parts.next();
    let hex = |part: &str| part.len() >= 2 && part.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    !parts.all(hex)
}

/// RFC 3986 §3: a scheme comes first.
fn uri(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    let letter = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let known = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
    letter && scheme.chars().all(known) && plain(text) && !broken_percent(text)
}

/// RFC 9562 §4, of any version and variant.
fn uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    parts.len() == lengths.len()
        && parts
            .iter()
            .zip(lengths)
            .all(|(p, n)| p.len() == n && hex(p))
}

/// RFC 3339 §5.6 with the days of §5.7.
fn date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    if !number(year, 4, 0, 9999) || !number(month, 2, 1, 12) {
        return false;
    }
    let (of_year, of_month) = (
        year.parse().unwrap_or(0_u32),
        month.parse().unwrap_or(1_u32),
    );
    let leap =
        of_year.is_multiple_of(4) && (!of_year.is_multiple_of(100) || of_year.is_multiple_of(400));
    let days = match of_month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    number(day, 2, 1, days)
}

/// RFC 3339 §5.6; a leap second may stand at the end of any minute, as offsets shift it.
fn time(text: &str) -> bool {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => return false,
    };
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else {
        return false;
    };
    let offset = match offset.strip_prefix(['+', '-']) {
        Some(offset) => offset
            .split_once(':')
            .is_some_and(|(h, m)| number(h, 2, 0, 23) && number(m, 2, 0, 59)),
        None => offset.len() == 1,
    };
    number(hour, 2, 0, 23)
        && number(minute, 2, 0, 59)
        && number(second, 2, 0, 60)
        && fraction.is_none_or(all_digits)
        && offset
}

/// RFC 3339 §5.6, whose note lets a blank stand for the T.
fn date_time(text: &str) -> bool {
    let Some((day, rest)) = text.split_at_checked(10) else {
        return false;
    };
    rest.strip_prefix(['T', 't', ' ', '_'])
        .is_some_and(|clock| date(day) && time(clock))
}

/// Six octets, whatever stands between them.
fn mac(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let others = text.chars().filter(|c| !c.is_ascii_hexdigit());
    digits.len() == 12 && others.into_iter().all(|c| matches!(c, ':' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::surely_not;
    use crate::format_pattern;

    #[test]
    fn what_is_surely_none_is_outside_every_reading() {
        let table: [(&str, &[&str], &[&str]); 11] = [
            (
                "ipv4",
                &["0.0.0.0", "01.2.3.4"],
                &["1.2.3.256", "1.2.3", "1.2.3.4.5", "", "1.2.3.4 ", "::1"],
            ),
            (
                "ipv6",
                &["::", "::ffff:1.2.3.4", "fe80::1%eth0"],
                &["1::2::3", "1:2:3:4:5:6:7:8:9", "12345::", "1.2.3.4"],
            ),
            (
                "hostname",
                &["a", "a_b.c", "1.2", "a.", "é"],
                &["-a", "a-", "a..b", "a b", "", "a/b"],
            ),
            (
                "email",
                &["a@b", "\"a b\"@c.d", "a@[1.2.3.4]"],
                &["a", "@b", "a@", "a@b@c", "a b@c"],
            ),
            (
                "uri",
                &["urn:a", "ftp://a/%20#x"],
                &["/a", "a b:c", "http://a/%zz", "1a:b", ""],
            ),
            ("uri-reference", &["", "a", "//b"], &["a b", "%z"]),
            (
                "uuid",
                &["00000000-0000-0000-0000-000000000000"],
                &["0", "00000000-0000-0000-0000-00000000000g"],
            ),
            (
                "date",
                &["2024-02-29", "0000-01-01"],
                &[
                    "2023-02-29",
                    "2024-02-30",
                    "1900-02-29",
                    "2024-2-9",
                    "2024-13-01",
                ],
            ),
            (
                "time",
                &["23:59:60Z", "00:00:00.1-23:59"],
                &[
                    "24:00:00Z",
                    "00:00:00",
                    "0:00:00Z",
                    "00:00:00+24:00",
                    "00:00Z",
                ],
            ),
            (
                "date-time",
                &["2024-01-01 00:00:00z"],
                &["2024-01-01", "2024-01-01T00:00:00", "2024-02-30T00:00:00Z"],
            ),
            (
                "mac",
                &["00-1b-44-11-3A-B7", "001b.4411.3ab7"],
                &["00:1b:44:11:3a", "0g:00:00:00:00:00"],
            ),
        ];
        for (format, open, not) in table {
            for text in open {
                assert!(!surely_not(format, text), "{format} {text:?}");
            }
            for text in not {
                assert!(surely_not(format, text), "{format} {text:?}");
            }
            assert!(format_pattern(format).is_some(), "{format}");
        }
        assert!(!surely_not("colour", ""));
    }
}
