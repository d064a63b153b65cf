//! The string rules of the first contract's page, byte for byte, shared by tests.

use probity::pattern::Rule;

const IPV4: &str = r"((25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?(?::\d{1,5})?)(\.|$)){4}\b";
const DOMAIN: &str = r"([0-9]*[A-Za-z+\-_]+[0-9]*)((\.([0-9]*[A-Za-z+\-_]+[0-9]*))+\b)";

fn realm() -> Rule {
    Rule {
        pattern: Some(format!(r"^\b{IPV4}|{DOMAIN}(?::\d{{1,5}})?$")),
        formats: vec!["ipv4".to_owned(), "dns".to_owned()],
        ..Rule::default()
    }
}

fn proxy() -> Rule {
    Rule {
        pattern: Some(format!(r"^sip:(\b{IPV4})|{DOMAIN}(?::\d{{1,5}})?$")),
        formats: vec!["ipv4".to_owned(), "dns".to_owned()],
        ..Rule::default()
    }
}

fn stun_ip() -> Rule {
    let octets = r"((25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)(\.|$)){4}\b";
    Rule {
        pattern: Some(format!(r"^\b{octets}|{DOMAIN}$")),
        formats: vec!["ipv4".to_owned(), "dns".to_owned()],
        ..Rule::default()
    }
}

fn damaged(count: &str, min: Option<u64>, max: Option<u64>) -> Rule {
    Rule {
        pattern: Some(format!(
            "^[0-9a-zA-Z\\s~!@#$%^&;*()_-+={{[}}]|\"<,>.?/]{{{count}}}?$`"
        )),
        min_length: min,
        max_length: max,
        formats: Vec::new(),
    }
}

/// Name and rule of every string field that has a pattern.
pub fn rules() -> Vec<(&'static str, Rule)> {
    vec![
        ("realm", realm()),
        ("proxy", proxy()),
        ("user", damaged("1,31", Some(1), Some(31))),
        ("password", damaged("6,31", Some(6), Some(100))),
        ("user_id", damaged("0,31", None, Some(31))),
        ("stun.ip", stun_ip()),
    ]
}
