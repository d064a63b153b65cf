//! Answers that show a part of something: where it goes on, as far as the answer says it.

use super::Device;
use crate::exchange::Answer;
use serde_json::Value;

/// Where a list goes on.
pub enum Next {
    /// Nowhere.
    None,
    /// At this target below the base.
    At(String),
    /// It does, and nobody knows where.
    Somewhere,
}

/// Where an answer says that what it shows goes on (RFC 8288 §3, or a member of its body).
pub fn next(device: &Device, answer: &Answer, body: &Value) -> Next {
    let link = answer.header("link").and_then(|link| {
        let mut parts = link.split(',');
        let part = parts.find(|p| p.contains("rel=\"next\"") || p.contains("rel=next"))?;
        let (_, rest) = part.split_once('<')?;
        Some(rest.split_once('>')?.0.to_owned())
    });
    let says = |name: &str| body.get(name).filter(|v| !v.is_null());
    let inner = |object: &str| body.get(object)?.get("next").filter(|v| !v.is_null());
    let told = says("next")
        .or_else(|| inner("links"))
        .or_else(|| inner("_links"));
    let told = told.map(|v| v.get("href").unwrap_or(v));
    match link.or_else(|| Some(told?.as_str()?.to_owned())) {
        Some(url) => below(device, &url).map_or(Next::Somewhere, Next::At),
        None if told.is_some_and(|v| *v != Value::Bool(false)) => Next::Somewhere,
        None => {
            let more = ["has_more", "hasMore", "more"]
                .iter()
                .filter_map(|n| says(n));
            let cursor = [
                "next_cursor",
                "nextCursor",
                "nextPageToken",
                "next_page",
                "nextPage",
            ];
            let cursor = cursor
                .iter()
                .filter_map(|n| says(n))
                .any(|v| v.as_str() != Some(""));
            match cursor || more.into_iter().any(|v| *v == Value::Bool(true)) {
                true => Next::Somewhere,
                false => Next::None,
            }
        }
    }
}

/// How many items the list says that there are.
pub fn total(body: &Value) -> Option<u64> {
    let names = [
        "total",
        "count",
        "total_count",
        "totalCount",
        "totalItems",
        "total_items",
    ];
    names.iter().find_map(|name| body.get(name)?.as_u64())
}

/// How many items the whole list has, by a name that says nothing else: `count` may be of a part.
pub fn whole_total(body: &Value) -> Option<u64> {
    let names = [
        "total",
        "total_count",
        "totalCount",
        "totalItems",
        "total_items",
    ];
    names.iter().find_map(|name| body.get(name)?.as_u64())
}

/// A URL of the device as a target below its base; `None` for one elsewhere.
pub fn below(device: &Device, location: &str) -> Option<String> {
    let base = url::Url::parse(&format!("{}/", device.base_url())).ok()?;
    let url = base.join(location).ok()?;
    if url.origin() != base.origin() || !url.username().is_empty() {
        return None;
    }
    let path = url.path().strip_prefix(base.path().trim_end_matches('/'));
    // Behind a proxy that takes a prefix away, devices name themselves without it.
    let path = path.unwrap_or_else(|| url.path());
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    Some(match url.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    })
}
