//! Spellings of one value of a `format`.

use std::net::Ipv6Addr;

/// Whether two texts are spellings of one value of a `format`.
pub(super) fn same_value(format: &str, one: &str, other: &str) -> bool {
    let both = |read: fn(&str) -> Option<String>| {
        let one = read(one);
        one.is_some() && one == read(other)
    };
    match format {
        // RFC 3339 §4.1, §5.6.
        "date-time" => both(instant),
        // RFC 4291 §2.2, RFC 5952.
        "ipv6" | "ip" => both(|t| t.parse::<Ipv6Addr>().ok().map(|a| a.to_string())),
        // RFC 9562 §4: letter case does not matter.
        "uuid" | "guid" => one.eq_ignore_ascii_case(other),
        // RFC 4343.
        "hostname" | "idn-hostname" | "dns" | "host" => one.eq_ignore_ascii_case(other),
        "mac" | "mac-address" | "macaddr" | "macaddress" => both(octets),
        "uri" | "url" | "uri-reference" | "iri" => both(uri),
        // RFC 5321 §2.4: the domain; the mailbox keeps its case.
        "email" | "idn-email" => both(|t| {
            let (mailbox, domain) = t.rsplit_once('@')?;
            Some(format!("{mailbox}@{}", domain.to_ascii_lowercase()))
        }),
        _ => false,
    }
}

/// Twelve hexadecimal digits, without what stands between them.
fn octets(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let mut between = text.chars().filter(|c| !c.is_ascii_hexdigit());
    let plain = between.all(|c| matches!(c, ':' | '-' | '.' | ' '));
    (digits.len() == 12 && plain).then(|| digits.to_ascii_lowercase())
}

/// A URI with scheme and host in lower case, an empty path as `/` and without the scheme's own port
/// (RFC 3986 §6.2.2.1, §6.2.3).
fn uri(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host),
        None => (String::new(), authority),
    };
    let host = host.to_ascii_lowercase();
    let port = match scheme.as_str() {
        "http" | "ws" => ":80",
        "https" | "wss" => ":443",
        "rtsp" => ":554",
        "ftp" => ":21",
        _ => ":",
    };
    let host = host.strip_suffix(port).unwrap_or(&host);
    let path = if rest.starts_with('/') { "" } else { "/" };
    Some(format!("{scheme}://{user}{host}{path}{rest}"))
}

/// The moment that an RFC 3339 date-time names: seconds since 1970 and the fraction without zeros at
/// its end.
fn instant(text: &str) -> Option<String> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        let all = digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|_| all)
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let mut rest = text.get(19..)?;
    let mut fraction = "";
    if let Some(digits) = rest.strip_prefix('.') {
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        fraction = digits.get(..end)?.trim_end_matches('0');
        rest = digits.get(end..)?;
    }
    let offset = match rest {
        "Z" | "z" => 0,
        _ => {
            let sign = match rest.chars().next()? {
                '+' => 1,
                '-' => -1,
                _ => return None,
            };
            let (hours, minutes) = rest.get(1..)?.split_once(':')?;
            sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
        }
    };
    // Days of the Gregorian calendar, years beginning in March.
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let minutes = ((days + of_year) * 24 + hour) * 60 + minute - offset;
    Some(format!("{}.{fraction}", minutes * 60 + second))
}
