//! Published formats and types of strings (`ipv4`, `dns`, `uuid`, …) as patterns, strict: what one
//! of these takes, every reasonable check of that format takes.

/// Characters that a text of a format has at most, where its document says so.
pub fn longest(format: &str) -> Option<u64> {
    match format {
        // RFC 1035 §2.3.4, without the octets of lengths.
        "dns" | "hostname" | "idn-hostname" => Some(253),
        // RFC 5321 §4.5.3.1.3, without the angle brackets.
        "email" | "idn-email" => Some(254),
        _ => None,
    }
}

/// The pattern (ECMAScript with `u`, full match) of a format; `None` for formats that say nothing
/// about the text or that we do not know.
pub fn pattern(format: &str) -> Option<&'static str> {
    Some(match format {
        // RFC 2673 §3.2, dotted quad without leading zeros.
        "ipv4" => {
            r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}"
        }
        // RFC 1123 §2.1 labels; the last one not numeric only, so that it is no address.
        "dns" | "hostname" | "idn-hostname" => {
            r"(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
        }
        // RFC 4291 §2.2 form 1.
        "ipv6" => r"(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}",
        // RFC 5321 §4.1.2, dot-string only, of at most 64 characters in front of the @ (§4.5.3.1.1).
        "email" | "idn-email" => {
            r"[A-Za-z0-9_+]{1,20}(?:[.\-][A-Za-z0-9_+]{1,21}){0,2}@[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?)+"
        }
        // RFC 3986, http with a registered name that the DNS can have (§3.2.2) and a plain path.
        "uri" | "iri" | "url" => {
            r"https?:\/\/[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9\-]{0,29}[a-z0-9])?){0,5}(?::[1-9][0-9]{0,3})?(?:\/[A-Za-z0-9._~\-]*)*"
        }
        "uri-reference" | "iri-reference" => r"\/(?:[A-Za-z0-9._~\-]+\/?)*",
        // RFC 9562 §4
        "uuid" => r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        // RFC 3339 §5.6, days that every month has.
        "date" => r"[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])",
        "date-time" => {
            r"[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+\-](?:0[0-9]|1[0-3]):[0-5][0-9])"
        }
        "time" => {
            r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+\-](?:0[0-9]|1[0-3]):[0-5][0-9])"
        }
        // RFC 3339 appendix A
        "duration" => r"P(?:[1-9][0-9]{0,3}[YMWD]|T[1-9][0-9]{0,3}[HMS])",
        "mac" => r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}",
        "byte" => r"(?:[A-Za-z0-9+\/]{4})*(?:[A-Za-z0-9+\/]{3}=)?",
        _ => return None,
    })
}
