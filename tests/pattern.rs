//! The readings of string rules through the public interface.

use probity::pattern::{Assessment, Rule, Text};

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

fn rules() -> Vec<(&'static str, Rule)> {
    vec![
        ("realm", realm()),
        ("proxy", proxy()),
        ("user", damaged("1,31", Some(1), Some(31))),
        ("password", damaged("6,31", Some(6), Some(100))),
        ("user_id", damaged("0,31", None, Some(31))),
    ]
}

#[test]
fn look_at_it() {
    for (name, rule) in rules() {
        let start = std::time::Instant::now();
        let text = Text::new(rule);
        println!("== {name}: {:?}", start.elapsed());
        for repair in text.repairs() {
            println!(
                "   {} {} {:?} {}",
                repair.plausible, repair.id, repair.pattern, repair.derivation
            );
        }
        println!(
            "   readings {} plausible {}",
            text.readings().len(),
            text.readings().iter().filter(|r| r.plausible).count()
        );
        let start = std::time::Instant::now();
        println!("   valid {:?} {:?}", text.valid(), start.elapsed());
        let start = std::time::Instant::now();
        let cover = text.valid_cover(40);
        println!("   cover {} {:?}", cover.len(), start.elapsed());
        for s in &cover {
            println!("      {:?} {}", s.text, s.idea);
            assert_eq!(text.assess(&s.text), Assessment::SurelyValid);
        }
        let start = std::time::Instant::now();
        let near = text.near_misses(40);
        println!("   near {} {:?}", near.len(), start.elapsed());
        for s in &near {
            println!("      {:?} {}", s.text, s.idea);
            assert_eq!(text.assess(&s.text), Assessment::SurelyInvalid);
        }
    }
}
