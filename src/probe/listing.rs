//! Lists of items: read to their end where the device says how they go on, and honest about it where
//! it does not.

use crate::case::items::Listing;
use crate::device::Device;
use crate::exchange::{Answer, HttpRequest, Request, Template};
use crate::json;
use serde_json::Value;
use std::collections::BTreeMap;

/// Parts of a list that are read at most.
const MOST_PARTS: usize = 20;
/// How many items the parts of lists have, most often.
const PARTS: [usize; 20] = [
    10, 12, 15, 16, 20, 24, 25, 30, 32, 40, 50, 60, 64, 75, 100, 128, 200, 250, 500, 1000,
];

/// The items of a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    /// Id → element.
    pub items: BTreeMap<String, Value>,
    /// Whether nothing is left out, as far as anybody can tell.
    pub whole: bool,
    /// Whether only its length makes that doubtful: as many as lists that come in parts often have
    /// in the first.
    pub round: bool,
}

/// Reads a list; `None` where it cannot be read, or its elements have no ids.
pub(super) async fn list(device: &Device, how: &Listing, request: &HttpRequest) -> Option<Listed> {
    let mut request = request.clone();
    let mut out = Listed::default();
    for _ in 0..MOST_PARTS {
        let exchange = device.send(&Request::Http(request.clone()), false).await;
        let answer = exchange
            .answer()
            .filter(|a| (200..300).contains(&a.status))?;
        let body: Value = json::read(&answer.body)?;
        let elements = body.pointer(&how.array)?.as_array()?;
        let before = out.items.len();
        for element in elements {
            out.items
                .insert(id_of(element.pointer(&how.id)?)?, element.clone());
        }
        match next(device, answer, &body) {
            Next::None => {
                let all = total(&body).is_none_or(|total| total <= out.items.len() as u64);
                out.round = all && how.chosen && PARTS.contains(&out.items.len());
                out.whole = all && !out.round;
                return Some(out);
            }
            Next::At(target) if out.items.len() > before => {
                request.target = Template::from(target);
            }
            // A list that goes on without showing anything new has no end.
            Next::At(_) | Next::Somewhere => return Some(out),
        }
    }
    Some(out)
}

/// An id as a path names it.
pub(super) fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

/// Where a list goes on.
enum Next {
    None,
    At(String),
    /// It does, and nobody knows where.
    Somewhere,
}

fn next(device: &Device, answer: &Answer, body: &Value) -> Next {
    let link = answer.header("link").and_then(|link| {
        // RFC 8288 §3
        let parts = link.split(',').map(str::to_owned).collect::<Vec<_>>();
        let part = parts
            .iter()
            .find(|p| p.contains("rel=\"next\"") || p.contains("rel=next"))?;
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
fn total(body: &Value) -> Option<u64> {
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

/// A URL of the device as a target below its base; `None` for one elsewhere.
pub(super) fn below(device: &Device, location: &str) -> Option<String> {
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
