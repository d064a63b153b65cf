//! Lists of items: read to their end where the device says how they go on, and honest about it where
//! it does not.

use crate::case::items::ListRequest;
use crate::device::Device;
use crate::device::pages::{Next, next, total};
use crate::exchange::{HttpRequest, Request, Template};
use crate::json;
use serde_json::Value;
use std::collections::BTreeMap;

/// Parts of a list that are read at most.
pub(super) const MOST_PARTS: usize = 50;
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
    /// Whether it goes on after the most parts that are read.
    pub endless: bool,
    /// Items of the first part.
    pub first: usize,
}

/// Reads a list; `None` where it cannot be read, or its elements have no ids. It goes on where its
/// answers say, else where the document's parameters ask for the next part. `known`: as many items as
/// it has shown in one part before, and nothing behind them.
pub(super) async fn list(
    device: &Device,
    how: &ListRequest,
    request: &HttpRequest,
    known: usize,
) -> Option<Listed> {
    let start = request.target.clone();
    let mut request = request.clone();
    let mut out = Listed::default();
    // The part that a parameter asked for, and whether an answer has said where the list goes on.
    let (mut asked, mut led) = (0, false);
    for _ in 0..MOST_PARTS {
        let exchange = device.send(&Request::Http(request.clone()), false).await;
        let answer = exchange.answer().filter(|a| (200..300).contains(&a.status));
        let Some(answer) = answer else {
            // Behind the last part there may be none; what else is refused says nothing.
            let behind = matches!(exchange.status(), Some(404 | 416));
            return (asked > 0).then(|| out.ends(how, behind));
        };
        let body: Value = json::read(&answer.body)?;
        let elements = body.pointer(&how.array)?.as_array()?;
        let before = out.items.len();
        for element in elements {
            out.items
                .insert(id_of(element.pointer(&how.id)?)?, element.clone());
        }
        let count = out.items.len();
        let new = count > before;
        if asked == 0 && !led {
            out.first = count;
        }
        let more = next(device, answer, &body);
        let less = total(&body).is_some_and(|total| total > count as u64);
        let paging = how.paging.as_ref();
        match (more, paging) {
            (Next::At(target), _) if new => {
                led = true;
                request.target = Template::from(target);
                continue;
            }
            // A list that goes on without showing anything new has no end.
            (Next::At(_), _) | (Next::Somewhere, None) => return Some(out),
            (Next::None, _) if led && !less => return Some(out.ends(how, true)),
            (Next::None, None) if less => return Some(out),
            (Next::None, None) => return Some(out.ends(how, false)),
            (Next::None, Some(_)) if !less && asked == 0 && count <= known => {
                return Some(out.ends(how, true));
            }
            (Next::None, Some(_)) if !less && elements.is_empty() => {
                return Some(out.ends(how, true));
            }
            (more, Some(paging)) if asked > 0 && !new && !paging.may_repeat(asked) => {
                // The same again: this device does not heed the parameter.
                let on = matches!(more, Next::Somewhere) || less;
                return Some(if on { out } else { out.ends(how, false) });
            }
            (_, Some(paging)) => {
                asked += 1;
                request.target = paging.target(&start, asked, count);
            }
        }
    }
    out.endless = true;
    Some(out)
}

impl Listed {
    /// Nothing more is shown. `seen`: where more would be, nothing is.
    fn ends(mut self, how: &ListRequest, seen: bool) -> Listed {
        self.round = !seen && how.chosen && PARTS.contains(&self.items.len());
        self.whole = !self.round;
        self
    }
}

/// An id as a path names it.
pub(super) fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}
