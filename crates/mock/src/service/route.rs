//! Which operation a path means: concrete segments before templated ones (OpenAPI 3.1 §4.8.8.1), several
//! parameters in one segment, percent-encoding removed from what they hold.

use percent_encoding::{CONTROLS, percent_decode_str, utf8_percent_encode};
use probity_contract::{JsonType, Operation, Parameter};
use std::borrow::Cow;

/// The values of the parameters of a template in a path, in order; `None` where it does not fit.
/// A parameter holds at least one character and no slash.
///
/// A template with a query in it, which OpenAPI does not allow and documents have, wants those
/// pairs of the target, in its order; others may follow.
pub(super) fn arguments(template: &str, target: &str) -> Option<Vec<(String, String)>> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let Some((template, wanted)) = template.split_once('?') else {
        return in_path(template, path);
    };
    let mut found = in_path(template, path)?;
    let pairs = wanted.split('&').count();
    let given: Vec<&str> = query.split('&').take(pairs).collect();
    segment(wanted, &given.join("&"), &mut found)?;
    Some(found)
}

fn in_path(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut found = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(found),
            (Some(t), Some(p)) => segment(t, p, &mut found)?,
            _ => return None,
        }
    }
}

/// Literal text of a template as a request line has it: what is no ASCII is percent-encoded UTF-8
/// (RFC 3987 §3.1).
fn encoded(literal: &str) -> Cow<'_, str> {
    match literal.is_ascii() {
        true => Cow::Borrowed(literal),
        false => Cow::Owned(utf8_percent_encode(literal, CONTROLS).to_string()),
    }
}

/// Fits one segment: literal text and parameters in turn, each parameter as short as what follows
/// it allows.
fn segment(template: &str, text: &str, found: &mut Vec<(String, String)>) -> Option<()> {
    let Some((literal, rest)) = template.split_once('{') else {
        return (template == text || encoded(template) == text).then_some(());
    };
    let (name, rest) = rest.split_once('}')?;
    let text = text
        .strip_prefix(literal)
        .or_else(|| text.strip_prefix(encoded(literal).as_ref()))?;
    let next = rest.split('{').next().unwrap_or_default();
    let end = match (rest.is_empty(), next.is_empty()) {
        (true, _) => text.len(),
        // Two parameters side by side: nothing says where one ends.
        (false, true) => text.char_indices().nth(1).map(|(at, _)| at)?,
        // The last piece of literal text ends the segment, one between parameters comes first.
        (false, false) if next.len() == rest.len() => text.len().checked_sub(next.len())?,
        (false, false) => text.find(next)?,
    };
    let value = text.get(..end).filter(|v| !v.is_empty())?;
    found.push((
        name.to_owned(),
        percent_decode_str(value).decode_utf8_lossy().into_owned(),
    ));
    segment(rest, text.get(end..)?, found)
}

/// Whether an operation reads an item that a number names, and shows that.
pub(super) fn reads_numbered(operation: &Operation) -> bool {
    let named = operation.item_parameter();
    let numbered = named.filter(|p| p.schema.types == [JsonType::Integer]);
    let status = operation.success_statuses().first().copied();
    let shown = status.and_then(|status| operation.response(status)?.schema.as_ref());
    let shows = |p: &Parameter| shown.is_some_and(|shown| shown.property(&p.name).is_some());
    operation.method == "GET" && numbered.is_some_and(shows)
}

/// A path whose last number begins again after sixteen bits; `None` where it does not.
pub(super) fn wrapped(path: &str) -> Option<String> {
    let (above, last) = path.rsplit_once('/')?;
    let number: u64 = last.parse().ok()?;
    let kept = number & 0xFFFF;
    (kept != number).then(|| format!("{above}/{kept}"))
}

/// The operations whose path is the most concrete one that fits.
pub(super) fn here<'a>(operations: &'a [Operation], target: &str) -> Vec<&'a Operation> {
    let fitting: Vec<&Operation> = operations
        .iter()
        .filter(|o| arguments(&o.path, target).is_some())
        .collect();
    let best = fitting.iter().map(|o| concreteness(&o.path)).max();
    let mut here: Vec<&Operation> = fitting
        .into_iter()
        .filter(|o| Some(concreteness(&o.path)) == best)
        .collect();
    // Of several for one method, the one whose query is there.
    here.sort_by_key(|o| !o.path.contains('?'));
    here
}

/// For each segment: 2 concrete, 1 partly, 0 a parameter alone.
fn concreteness(template: &str) -> Vec<u8> {
    let path = template.split('?').next().unwrap_or_default();
    path.split('/')
        .map(|segment| match segment.contains('{') {
            false => 2,
            true => u8::from(!(segment.starts_with('{') && segment.ends_with('}'))),
        })
        .collect()
}

/// The template of the collection that a template names an item of: all but a last segment that is
/// a parameter.
pub(super) fn collection_of(template: &str) -> Option<(&str, &str)> {
    let (before, last) = template.trim_end_matches('/').rsplit_once('/')?;
    let name = last.strip_prefix('{')?.strip_suffix('}')?;
    (!name.contains('{') && !before.is_empty()).then_some((before, name))
}

#[cfg(test)]
mod tests {
    use super::arguments;

    /// Template, path, and the parameters that it holds.
    type Row = (
        &'static str,
        &'static str,
        Option<&'static [(&'static str, &'static str)]>,
    );

    #[test]
    fn parameters_are_taken_from_their_places() {
        let rows: &[Row] = &[
            ("/a", "/a", Some(&[])),
            ("/a", "/b", None),
            ("/a/{x}", "/a/", None),
            ("/a/{x}", "/a/1/2", None),
            ("/a/{x}", "/a/b%20c", Some(&[("x", "b c")])),
            ("/s/{i}.jpg", "/s/7.jpg", Some(&[("i", "7")])),
            ("/s/{i}.jpg", "/s/.jpg", None),
            ("/s/{i}.jpg", "/s/a.jpg.jpg", Some(&[("i", "a.jpg")])),
            ("/p/{x},{y}", "/p/1,2", Some(&[("x", "1"), ("y", "2")])),
            ("/p/({x})", "/p/(3)", Some(&[("x", "3")])),
            ("/p/{x}{y}", "/p/ab", Some(&[("x", "a"), ("y", "b")])),
            ("/p/{x}", "/p/1?q=2", Some(&[("x", "1")])),
            ("/s?i={i}", "/s?i=7&r=90", Some(&[("i", "7")])),
            ("/s?i={i}", "/s?r=90", None),
            ("/s?i={i}", "/s", None),
            ("/gr\u{f6}\u{df}e", "/gr%C3%B6%C3%9Fe", Some(&[])),
            ("/\u{fc}{x}", "/%C3%BC7", Some(&[("x", "7")])),
        ];
        for (template, path, wanted) in rows {
            let found = arguments(template, path);
            let found: Option<Vec<(&str, &str)>> = found
                .as_ref()
                .map(|f| f.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect());
            assert_eq!(found.as_deref(), *wanted, "{template} {path}");
        }
    }
}
