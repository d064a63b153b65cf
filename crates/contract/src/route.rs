//! Which operations a concrete request may reach. HTTP servers read targets in more than one way
//! (percent-encoding, `//`, `/./`, `;parameters`, capitals, a slash at the end), so a target has
//! several readings here; in each, concrete paths are matched before templated ones (OpenAPI
//! 3.1.1 §4.8.8.2).

use percent_encoding::percent_decode_str;
use std::collections::BTreeSet;

/// A path template with `{}` for each of its variables: what two templates have in common that the
/// same requests fit.
pub(crate) fn form(template: &str) -> String {
    let mut form = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        form.push_str(before);
        form.push_str("{}");
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    form + rest
}

/// A path template, ready to be matched.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Literal text before, between and after the variables of each segment.
    segments: Vec<Vec<String>>,
}

impl Route {
    /// The route of a path template such as `/users/{id}`; a query is left out.
    pub(crate) fn new(template: &str) -> Route {
        let path = template.split(['?', '#']).next().unwrap_or_default();
        let segment = |s: &str| -> Vec<String> {
            let mut pieces = vec![String::new()];
            let mut rest = s;
            while let Some((before, after)) = rest.split_once('{') {
                let Some((_, after)) = after.split_once('}') else {
                    break;
                };
                if let Some(last) = pieces.last_mut() {
                    last.push_str(&before.to_lowercase());
                }
                pieces.push(String::new());
                rest = after;
            }
            if let Some(last) = pieces.last_mut() {
                last.push_str(&rest.to_lowercase());
            }
            pieces
        };
        Route {
            segments: path
                .split('/')
                .filter(|s| !s.is_empty())
                .map(segment)
                .collect(),
        }
    }

    /// Whether the segments of a path are this route's.
    fn matches(&self, path: &[String]) -> bool {
        path.len() == self.segments.len()
            && self
                .segments
                .iter()
                .zip(path)
                .all(|(pieces, text)| fits(pieces, text))
    }

    /// Whether some reading of a target begins with this route.
    pub(crate) fn begins(&self, target: &str) -> bool {
        readings(target).iter().any(|path| {
            let head = path.get(..self.segments.len());
            head.is_some_and(|head| self.matches(head))
        })
    }

    /// Which segments have variables: concrete ones come first.
    fn rank(&self) -> Vec<bool> {
        self.segments
            .iter()
            .map(|pieces| pieces.len() > 1)
            .collect()
    }
}

/// Whether `text` is the literal pieces with something between each two of them.
fn fits(pieces: &[String], text: &str) -> bool {
    let Some((first, more)) = pieces.split_first() else {
        return text.is_empty();
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for (at, piece) in more.iter().enumerate() {
        let last = at + 1 == more.len();
        let mut ends = rest
            .char_indices()
            .skip(1)
            .map(|(i, _)| i)
            .chain([rest.len()]);
        if rest.is_empty() {
            return false;
        }
        let found = match last {
            true => rest
                .ends_with(piece.as_str())
                .then(|| rest.len() - piece.len())
                .filter(|i| *i > 0),
            false => ends.find(|i| {
                rest.get(*i..)
                    .is_some_and(|r| r.starts_with(piece.as_str()))
            }),
        };
        match found.and_then(|i| rest.get(i + piece.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

/// The ways in which servers read the path of a request target: segments in lower case, without
/// empty ones, dot segments and `;parameters`.
fn readings(target: &str) -> BTreeSet<Vec<String>> {
    // Absolute form (RFC 9112 §3.2.2).
    let path = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => target,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut once = path.to_owned();
    let mut out = BTreeSet::new();
    // As it is, decoded, and decoded twice.
    for _ in 0..3 {
        for cut in [true, false] {
            out.insert(segments(&once, cut));
        }
        let decoded = percent_decode_str(&once).decode_utf8_lossy().into_owned();
        if decoded == once {
            break;
        }
        once = decoded;
    }
    out
}

fn segments(path: &str, cut: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for segment in path.split(['/', '\\']) {
        let segment = match cut {
            true => segment.split([';', '\0']).next().unwrap_or_default(),
            false => segment,
        };
        match segment.trim() {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            name => out.push(name.to_lowercase()),
        }
    }
    out
}

/// Places in `routes` that a target may reach: of each reading the most concrete ones. Equal
/// templates are all given.
pub(crate) fn reached<'r>(
    routes: impl Iterator<Item = (usize, &'r Route)> + Clone,
    target: &str,
) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    for path in readings(target) {
        let fitting: Vec<_> = routes
            .clone()
            .filter(|(_, route)| route.matches(&path))
            .collect();
        let best = fitting.iter().map(|(_, route)| route.rank()).min();
        let best = fitting.iter().filter(|(_, r)| Some(r.rank()) == best);
        out.extend(best.map(|(at, _)| *at));
    }
    out
}

/// The words of a target's path, for targets that no operation has.
pub(crate) fn literal(target: &str) -> Vec<String> {
    readings(target).into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_reach_what_servers_would_serve() {
        let templates = [
            "/x/all",
            "/x/{id}",
            "/s/{n}.jpg",
            "/",
            "/a/{b}/c",
            "/a/b/{c}",
        ];
        let routes: Vec<Route> = templates.iter().map(|t| Route::new(t)).collect();
        let table: [(&str, &[usize]); 15] = [
            ("/x/all", &[0]),
            ("/x/7", &[1]),
            ("/x/7?y=/x/all", &[1]),
            ("//x/./all/", &[0]),
            ("/X/ALL", &[0]),
            ("/x/%61ll", &[0, 1]),
            ("/x/%2561ll", &[0, 1]),
            ("/x/all;v=1", &[0, 1]),
            ("/y/../x/all", &[0]),
            ("/s/1.jpg", &[2]),
            ("/s/.jpg", &[]),
            ("http://host/x/all", &[0]),
            ("/", &[3]),
            ("/a/b/c", &[5]),
            ("/nothing", &[]),
        ];
        for (target, want) in table {
            let got = reached(routes.iter().enumerate(), target);
            assert_eq!(got.into_iter().collect::<Vec<_>>(), want, "{target}");
        }
    }
}
