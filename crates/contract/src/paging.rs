//! Lists that come in parts: which parameters of an operation ask for the next one.

use super::exchange::{Part, Template};
use super::model::{JsonType, Operation, Place};

/// How the next part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paging {
    /// By the number of items to leave out.
    Offset {
        /// The parameter.
        name: String,
    },
    /// By the number of the part.
    Page {
        /// The parameter.
        name: String,
        /// The number of the first part, where the document says it.
        first: Option<u64>,
    },
}

/// Names of parameters without case, `-`, `_` and `$`.
const OFFSETS: [&str; 6] = ["offset", "skip", "start", "startindex", "startat", "from"];
const PAGES: [&str; 6] = [
    "page",
    "pagenumber",
    "pageno",
    "pageindex",
    "pagenum",
    "currentpage",
];

impl Paging {
    /// As the document says of an operation that lists.
    pub fn of(operation: &Operation) -> Option<Paging> {
        let plain = |name: &str| {
            let kept = name.chars().filter(|c| !matches!(c, '-' | '_' | '$'));
            kept.collect::<String>().to_ascii_lowercase()
        };
        let numbers = operation.parameters.iter().filter(|p| {
            let types = &p.schema.types;
            let number = |t: &JsonType| matches!(t, JsonType::Integer | JsonType::Number);
            p.place == Place::Query && (types.is_empty() || types.iter().any(number))
        });
        let numbers: Vec<_> = numbers.collect();
        let called = |names: &[&str]| {
            let mut all = numbers.iter();
            all.find(|p| names.contains(&plain(&p.name).as_str()))
        };
        if let Some(offset) = called(&OFFSETS) {
            let name = offset.name.clone();
            return Some(Paging::Offset { name });
        }
        let page = called(&PAGES)?;
        let default = page.schema.default.as_ref().and_then(|v| v.as_u64());
        let least = page.schema.minimum.as_ref().and_then(|b| b.value.as_u64());
        Some(Paging::Page {
            name: page.name.clone(),
            // That 0 is allowed does not say that it is the first.
            first: default.filter(|d| *d < 2).or(least.filter(|l| *l == 1)),
        })
    }

    /// The name of the parameter.
    pub fn parameter(&self) -> &str {
        match self {
            Paging::Offset { name } | Paging::Page { name, .. } => name,
        }
    }

    /// The target of a part: `part` from 1 on, the first being what is shown without asking; `seen`
    /// items were shown before it.
    pub fn target(&self, list: &Template, part: u64, seen: usize) -> Template {
        match self {
            Paging::Offset { name } => with_query(list, name, &seen.to_string()),
            // Where nobody says how the first part is numbered, none is left out.
            Paging::Page { name, first } => {
                let number = first.unwrap_or(0) + part;
                with_query(list, name, &number.to_string())
            }
        }
    }

    /// Whether a part may show again what the one before it has shown, and the list go on after it.
    pub fn may_repeat(&self, part: u64) -> bool {
        part == 1 && matches!(self, Paging::Page { first: None, .. })
    }
}

/// A target with this query parameter, in place of the one of that name.
pub fn with_query(target: &Template, name: &str, value: &str) -> Template {
    let mut out = joined(target);
    for part in &mut out.0 {
        let Part::Text(text) = part else { continue };
        let Some(at) = place_of(text, name) else {
            continue;
        };
        let from = at + name.len() + 2;
        let rest = text.get(from..).unwrap_or_default();
        let to = from + rest.find('&').unwrap_or(rest.len());
        text.replace_range(from..to, value);
        return out;
    }
    let asks = |part: &Part| matches!(part, Part::Text(text) if text.contains('?'));
    let join = if out.0.iter().any(asks) { '&' } else { '?' };
    out.text(format!("{join}{name}={value}"))
}

/// Where the mark in front of a parameter stands in a text of a target.
fn place_of(text: &str, name: &str) -> Option<usize> {
    let marks = ["?", "&"].into_iter();
    marks
        .filter_map(|mark| text.find(&format!("{mark}{name}=")))
        .next()
}

/// The same target, with texts that whoever built it has cut in pieces as one.
fn joined(target: &Template) -> Template {
    let mut out = Template(Vec::new());
    for part in &target.0 {
        match (part, out.0.last_mut()) {
            (Part::Text(more), Some(Part::Text(text))) => text.push_str(more),
            _ => out.0.push(part.clone()),
        }
    }
    out
}

/// A target without a query parameter.
pub fn without_query(target: &Template, name: &str) -> Template {
    let mut out = joined(target);
    for part in &mut out.0 {
        let Part::Text(text) = part else { continue };
        let Some(at) = place_of(text, name) else {
            continue;
        };
        let rest = text.get(at + 1..).unwrap_or_default();
        // The mark in front stays where another parameter follows.
        let range = match rest.find('&') {
            Some(end) => at + 1..at + 2 + end,
            None => at..text.len(),
        };
        text.replace_range(range, "");
        return out;
    }
    out
}

/// The value of a parameter in the query of a target, decoded, where it is there once.
pub fn query_value(target: &str, name: &str) -> Option<String> {
    let (_, query) = target.split_once('?')?;
    let read = |text: &str| {
        let octets = percent_encoding::percent_decode_str(text);
        octets.decode_utf8().ok().map(|text| text.into_owned())
    };
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(n, _)| read(n).as_deref() == Some(name));
    match (values.next(), values.next()) {
        (Some((_, value)), None) => read(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Secret;

    #[test]
    fn parts_are_asked_for_where_the_list_is() {
        let offset = Paging::Offset {
            name: "skip".to_owned(),
        };
        let page = |first| Paging::Page {
            name: "page".to_owned(),
            first,
        };
        let table = [
            (&offset, "/a", 1, "/a?skip=7"),
            (&offset, "/a?x=1", 1, "/a?x=1&skip=7"),
            (&offset, "/a?skip=0&x=1", 1, "/a?skip=7&x=1"),
            (&page(None), "/a", 1, "/a?page=1"),
            (&page(Some(0)), "/a", 1, "/a?page=1"),
            (&page(Some(1)), "/a?page=1", 2, "/a?page=3"),
        ];
        for (paging, list, part, want) in table {
            let target = paging.target(&Template::from(list), part, 7);
            assert_eq!(target.to_string(), want);
        }
        let pieces = Template(
            ["/a", "?x=1", "&skip=", "0"]
                .map(|t| Part::Text(t.to_owned()))
                .into(),
        );
        let target = offset.target(&pieces, 1, 3).to_string();
        assert_eq!(target, "/a?x=1&skip=3");
        for (target, want) in [
            ("/a?x=1", "/a"),
            ("/a?x=1&y=2", "/a?y=2"),
            ("/a?y=2&x=1", "/a?y=2"),
            ("/a?y=2", "/a?y=2"),
        ] {
            let cut = without_query(&Template::from(target), "x");
            assert_eq!(cut.to_string(), want);
        }
        assert_eq!(
            query_value("/a?b%20c=d%3A&x=1", "b c").as_deref(),
            Some("d:")
        );
        let keyed = Template::from("/a?key=").secret(Secret::Token);
        let target = offset.target(&keyed, 1, 3).to_string();
        assert!(target.ends_with("&skip=3"), "{target}");
    }
}
