//! Which operations a concrete request may reach. HTTP servers read targets in more than one way
//! (percent-encoding, `//`, `/./`, `;parameters`, capitals, a slash at the end), so a target has
//! several readings here; in each, concrete paths are matched before templated ones (OpenAPI
//! 3.1.1 §4.8.8.2).

use percent_encoding::percent_decode_str;
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// Many routes by their segments: a plan asks for each of its requests which operations it may reach,
/// and going through all of them each time would cost operations × requests.
#[derive(Clone, Debug)]
pub(crate) struct Routes {
    /// The first is where paths begin.
    nodes: Vec<Node>,
}

/// What routes have in common up to a segment.
#[derive(Clone, Debug, Default)]
struct Node {
    /// By the text of a segment without variables.
    concrete: HashMap<String, usize>,
    /// By the literal pieces of a segment with variables.
    templated: BTreeMap<Vec<String>, usize>,
    /// Routes that end here.
    ends: Vec<usize>,
}

impl Routes {
    /// Of routes, which are known by their place.
    pub(crate) fn of<'r>(routes: impl Iterator<Item = &'r Route>) -> Routes {
        let mut nodes = vec![Node::default()];
        for (place, route) in routes.enumerate() {
            let mut at = 0;
            for pieces in &route.segments {
                let new = nodes.len();
                let Some(node) = nodes.get_mut(at) else { break };
                at = match pieces.as_slice() {
                    [text] => *node.concrete.entry(text.clone()).or_insert(new),
                    _ => *node.templated.entry(pieces.clone()).or_insert(new),
                };
                if at == new {
                    nodes.push(Node::default());
                }
            }
            if let Some(node) = nodes.get_mut(at) {
                node.ends.push(place);
            }
        }
        Routes { nodes }
    }

    /// [`reached`] of those whose places `keep` wants.
    pub(crate) fn reached(&self, target: &str, keep: impl Fn(usize) -> bool) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        for path in readings(target) {
            let fitting = self.fitting(&path);
            let mut fitting: Vec<_> = fitting.into_iter().filter(|(_, at)| keep(*at)).collect();
            let best = fitting.iter().map(|(rank, _)| rank).min().cloned();
            fitting.retain(|(rank, _)| Some(rank) == best.as_ref());
            out.extend(fitting.into_iter().map(|(_, at)| at));
        }
        out
    }

    /// The places of routes that a path fits, with their [`Route::rank`].
    fn fitting(&self, path: &[String]) -> Vec<(Vec<bool>, usize)> {
        let mut out = Vec::new();
        let mut left: Vec<(usize, Vec<bool>)> = vec![(0, Vec::new())];
        while let Some((node, rank)) = left.pop() {
            let Some(node) = self.nodes.get(node) else {
                continue;
            };
            let Some(text) = path.get(rank.len()) else {
                out.extend(node.ends.iter().map(|at| (rank.clone(), *at)));
                continue;
            };
            let behind = |next: usize, templated: bool| {
                let mut rank = rank.clone();
                rank.push(templated);
                (next, rank)
            };
            left.extend(node.concrete.get(text).map(|next| behind(*next, false)));
            let templated = node.templated.iter().filter(|(p, _)| fits(p, text));
            left.extend(templated.map(|(_, next)| behind(*next, true)));
        }
        out
    }
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
        let many = Routes::of(routes.iter());
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
            let got = many.reached(target, |_| true);
            assert_eq!(got.into_iter().collect::<Vec<_>>(), want, "{target}");
            // Where some do not count, the others are asked alone.
            let odd = |at: &usize| at % 2 == 1;
            let alone = reached(routes.iter().enumerate().filter(|(at, _)| odd(at)), target);
            assert_eq!(many.reached(target, |at| odd(&at)), alone, "{target}");
        }
    }

    /// What a target reaches takes as long among many routes as among few.
    #[test]
    fn many_routes_take_no_longer_than_few() {
        let time = |count: usize| {
            let templates = (0..count).map(|n| format!("/r{n}/things/{{id}}"));
            let routes: Vec<Route> = templates.map(|t| Route::new(&t)).collect();
            let many = Routes::of(routes.iter());
            let once = |_| {
                let started = std::time::Instant::now();
                for n in 0..400 {
                    let target = format!("/r{}/things/7", n * count / 400);
                    assert_eq!(many.reached(&target, |_| true).len(), 1, "{target}");
                }
                started.elapsed()
            };
            (0..3).map(once).min().unwrap_or_default()
        };
        let (few, many) = (time(400), time(20_000));
        assert!(many < few * 12, "{few:?}, {many:?}");
    }
}
