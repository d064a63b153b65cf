//! Lists that come in parts or by choice, held against the whole: each item is shown once, in the same
//! order, the total is that of the list, and what was asked for is there.

use super::engine::Probe;
use super::observation::Observation;
use crate::case::{Case, Check};
use crate::contract::{
    Chooses, Filter, Listing, Parameter, PromiseId, query_value, with_query, without_query,
};
use crate::device::pages;
use crate::exchange::{Answer, Exchange, HttpRequest, Request, Template};
use crate::json;
use crate::judge::{Acceptance, Deviation};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Parts that are read behind the first.
const MOST_PARTS: u64 = 5;
/// Items of a list that is taken for the whole.
const WHOLE: u64 = 50;
/// Members that name an item, where each has another value.
const NAMES: [&str; 6] = ["id", "uuid", "guid", "key", "name", "number"];

/// One answer of a list.
struct Shown {
    items: Vec<Value>,
    total: Option<u64>,
    /// What asks for the next part, where the answer says it.
    cursor: Option<String>,
}

/// What the parts came to.
enum Walk {
    /// Keys of the items in the order of the parts, each with the target that showed it; whether the last
    /// part was seen to be the last.
    Through {
        keys: Vec<(String, String)>,
        ended: bool,
    },
    /// Nothing is said.
    Open,
}

impl Probe<'_> {
    /// Reads the parts behind the one that a case asked for, or the whole behind what it chose: where the
    /// whole is the same before and after, the answers have to be of that.
    pub(super) async fn look_at_parts(&self, case: &Case, seen: &mut Observation) {
        if case.check != Check::Parts || seen.judgement.acceptance != Acceptance::Accepted {
            return;
        }
        let operation = self.contract().operation(&case.operation);
        let listing = operation.and_then(|op| Some((op, op.listing()?)));
        let (Some((operation, listing)), Request::Http(http)) = (listing, &case.request) else {
            return;
        };
        let target = http.target.to_string();
        let asks = |parameter: &Parameter| query_value(&target, &parameter.name);
        let filter = listing
            .filters
            .iter()
            .find_map(|f| Some((f, asks(f.parameter)?)));
        let limit = listing.limit.and_then(asks);
        let (parameter, statement, ruling) = match (filter, listing.parts()) {
            (Some((filter, wanted)), _) => {
                let ruling = self.choice(http, &listing, (filter, &wanted), &seen.exchange);
                let ruling = match ruling.await {
                    Some(Some(deviation)) => Some(Some(deviation)),
                    other => self.middle(http, &listing, filter).await.or(other),
                };
                (filter.parameter, "filters", ruling)
            }
            (None, Some(parts)) if limit.is_some() => {
                let ruling = self.parts(http, &listing, &seen.exchange).await;
                (parts, "pages", ruling)
            }
            _ => return,
        };
        let key = operation.parameter_key(parameter);
        let promise = PromiseId::new(&operation.id, &format!("parameters.{key}.{statement}"));
        match ruling {
            Some(Some(deviation)) => seen.broken(promise, deviation),
            Some(None) => seen.judgement.kept(&promise),
            // What was wrong with the answer alone stays so.
            None if statement == "filters" => {}
            None => seen.judgement.left(
                &promise,
                "the list is too short, or it changed meanwhile".to_owned(),
            ),
        }
    }

    /// An item that a parameter asks for and that does not come; `None` where nothing can be said of it.
    async fn choice(
        &self,
        http: &HttpRequest,
        listing: &Listing<'_>,
        (filter, wanted): (&Filter<'_>, &str),
        answered: &Exchange,
    ) -> Option<Option<Deviation>> {
        let chosen = shown(listing, answered.answer()?)?;
        let all = without_query(&http.target, &filter.parameter.name);
        let before = self.shown_at(http, &all, listing).await?;
        let keys = keys(&before)?;
        // What does not fit into one part may stand in the next.
        if keys.is_empty() || chosen.items.len() >= keys.len() {
            return None;
        }
        let fits = |item: &Value| match (item.get(filter.member), filter.chooses) {
            (Some(Value::String(text)), Chooses::Equal | Chooses::Among) => text == wanted,
            (Some(Value::Bool(set)), Chooses::Equal) => set.to_string() == wanted,
            // Those that are sent are before and after everything.
            (Some(_), Chooses::From) => wanted.starts_with("19"),
            (Some(_), Chooses::To) => wanted.starts_with("29"),
            _ => false,
        };
        let asked = before
            .items
            .iter()
            .zip(&keys)
            .filter(|(item, _)| fits(item));
        let asked: Vec<&String> = asked.map(|(_, key)| key).collect();
        let came = keyed(&before, &chosen.items)?;
        let missing = asked.iter().find(|key| !came.contains(key));
        let after = self.shown_at(http, &all, listing).await?;
        if keyed(&before, &after.items)? != keys || asked.is_empty() {
            return None;
        }
        let lacks = |key: &String| Deviation::list_lacks(filter.member, &Value::from(wanted), key);
        if let Some(key) = missing {
            return Some(Some(lacks(key)));
        }
        // Where none of the first part fits, a list that is cut before it is chosen from is empty.
        let cut = listing.limit.filter(|_| listing.cursor.is_none());
        if let Some(limit) = cut.filter(|_| !before.items.first().is_some_and(fits)) {
            let one = with_query(&http.target, &limit.name, "1");
            let one = self.shown_at(http, &one, listing).await;
            if one.is_some_and(|one| one.items.is_empty()) {
                return Some(asked.first().map(|key| lacks(key)));
            }
        }
        Some(None)
    }

    /// A moment between those of the items, in another offset: what is after it comes and what is before
    /// it does not, or the other way round; `None` where nothing can be said.
    async fn middle(
        &self,
        http: &HttpRequest,
        listing: &Listing<'_>,
        filter: &Filter<'_>,
    ) -> Option<Option<Deviation>> {
        let from = match filter.chooses {
            Chooses::From => true,
            Chooses::To => false,
            Chooses::Equal | Chooses::Among => return None,
        };
        let rules = &filter.parameter.schema;
        if rules.pattern.is_some() || rules.max_length.is_some_and(|most| most < 25) {
            return None;
        }
        let (most, whole) = whole(
            listing,
            &without_query(&http.target, &filter.parameter.name),
        );
        let before = self.shown_at(http, &whole, listing).await?;
        let keys = keys(&before)?;
        let moments: Vec<jiff::Timestamp> = before
            .items
            .iter()
            .map(|item| item.get(filter.member)?.as_str()?.parse().ok())
            .collect::<Option<_>>()?;
        let (wanted, text) = between(&moments)?;
        let value = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
        let target = with_query(&whole, &filter.parameter.name, &value);
        let chosen = self.shown_at(http, &target, listing).await?;
        let after = self.shown_at(http, &whole, listing).await?;
        if keyed(&before, &after.items)? != keys {
            return None;
        }
        let text = Value::from(text);
        let fits = |at: jiff::Timestamp| (at > wanted) == from;
        for item in &chosen.items {
            let shown = item.get(filter.member)?;
            if !fits(shown.as_str()?.parse().ok()?) {
                let deviation = Deviation::list_unfiltered(filter.member, &text, shown);
                return Some(Some(deviation));
            }
        }
        let came = keyed(&before, &chosen.items)?;
        // What does not fit into one part may stand in the next.
        if chosen.items.len() as u64 >= most {
            return Some(None);
        }
        let asked = keys.iter().zip(&moments).filter(|(_, at)| fits(**at));
        let missing = asked.map(|(key, _)| key).find(|key| !came.contains(key));
        Some(missing.map(|key| Deviation::list_lacks(filter.member, &text, key)))
    }

    /// What is wrong with the parts; `None` where nothing can be said of them.
    async fn parts(
        &self,
        http: &HttpRequest,
        listing: &Listing<'_>,
        first: &Exchange,
    ) -> Option<Option<Deviation>> {
        let first = shown(listing, first.answer()?)?;
        listing.limit?;
        let (most, whole) = whole(listing, &http.target);
        let before = self.shown_at(http, &whole, listing).await?;
        let cut = before.items.len() as u64 >= most;
        let keys = keys(&before)?;
        let size = first.items.len();
        if size == 0 || keys.len() <= size {
            return None;
        }
        let walk = self.walk(http, listing, &first, &before).await;
        let after = self.shown_at(http, &whole, listing).await?;
        if keyed(&before, &after.items)? != keys {
            return None;
        }
        let Walk::Through {
            keys: walked,
            ended,
        } = walk
        else {
            return None;
        };
        let total = before.total.filter(|_| after.total == before.total);
        if let (Some(total), Some(part)) = (total, first.total)
            && total != part
        {
            // It may have grown since the part was read: that is seen between two looks at the whole.
            let again = self.shown_at(http, &http.target, listing).await?.total;
            let stands = self.shown_at(http, &whole, listing).await?.total == Some(total);
            let part = again.filter(|part| stands && *part != total);
            return part.map(|part| Some(Deviation::total_of_part(total, part)));
        }
        let ruling = verdict(&keys, &walked, ended && !cut)?;
        if ruling.is_some() {
            return Some(ruling);
        }
        let shown = keys.len() as u64;
        // That there are more than can be shown is seen where the list has ended.
        let wrong = |total: &u64| *total < shown || *total > shown && ended && !cut;
        if let Some(total) = total.filter(wrong) {
            return Some(Some(Deviation::total_differs(shown, total)));
        }
        Some(self.usual(http, listing, (&before, &keys, cut)).await)
    }

    /// What is wrong with the list where the parameter that cuts it is left out, and its default counts.
    async fn usual(
        &self,
        http: &HttpRequest,
        listing: &Listing<'_>,
        (whole, keys, cut): (&Shown, &[String], bool),
    ) -> Option<Deviation> {
        let limit = listing.limit?;
        let default = limit.schema.default.as_ref()?.as_u64()?;
        let plain = without_query(&http.target, &limit.name);
        let shown = self.shown_at(http, &plain, listing).await?;
        let shown = keyed(whole, &shown.items)?;
        let wanted = default.min(keys.len() as u64);
        let count = shown.len() as u64;
        // Behind the end of what was read there may be more.
        let open = cut && default > wanted;
        // The list may have grown since.
        let same = shown.iter().zip(keys).all(|(shown, key)| shown == key);
        let differs = same && !open && (count < wanted || count > default);
        differs.then(|| Deviation::list_default(&limit.name, default, wanted, count))
    }

    /// Follows the parts until one shows nothing, for a while.
    async fn walk(
        &self,
        http: &HttpRequest,
        listing: &Listing<'_>,
        first: &Shown,
        whole: &Shown,
    ) -> Walk {
        let mut cursor = first.cursor.clone();
        let Some(first) = keyed(whole, &first.items) else {
            return Walk::Open;
        };
        let size = first.len();
        let at = |target: &Template, keys: Vec<String>| {
            let target = target.to_string();
            keys.into_iter().map(move |key| (key, target.clone()))
        };
        let mut walked: Vec<(String, String)> = at(&http.target, first.clone()).collect();
        for part in 1..=MOST_PARTS {
            let target = match (&listing.paging, listing.cursor) {
                (Some(paging), _) => paging.target(&http.target, part, walked.len()),
                (None, Some(asks)) => {
                    let Some(next) = cursor.take() else {
                        return Walk::Through {
                            keys: walked,
                            ended: true,
                        };
                    };
                    let next = utf8_percent_encode(&next, NON_ALPHANUMERIC).to_string();
                    with_query(&http.target, &asks.parameter.name, &next)
                }
                (None, None) => return Walk::Open,
            };
            let Some(exchange) = self.read_at(http, &target).await else {
                return Walk::Open;
            };
            let keys = match exchange.status() {
                Some(404 | 416) => Vec::new(),
                _ => {
                    let shown = exchange.answer().and_then(|a| shown(listing, a));
                    cursor = shown.as_ref().and_then(|s| s.cursor.clone());
                    match shown.and_then(|s| keyed(whole, &s.items)) {
                        Some(keys) => keys,
                        None => return Walk::Open,
                    }
                }
            };
            // Behind a part that shows nothing, one that a cursor leads to may show more.
            if keys.is_empty() && cursor.is_some() && listing.paging.is_none() {
                continue;
            }
            if keys.is_empty() {
                return Walk::Through {
                    keys: walked,
                    ended: true,
                };
            }
            // Where nobody says how the first part is numbered, the one of number 1 may be the first again.
            let paging = listing.paging.as_ref();
            if paging.is_some_and(|p| p.may_repeat(part)) && keys == first {
                continue;
            }
            walked.extend(at(&target, keys));
            // What is ignored shows the first part for ever.
            if walked.len() > size * (MOST_PARTS as usize + 1) {
                break;
            }
        }
        Walk::Through {
            keys: walked,
            ended: false,
        }
    }

    async fn read_at(&self, http: &HttpRequest, target: &Template) -> Option<Exchange> {
        let request = HttpRequest {
            target: target.clone(),
            ..http.clone()
        };
        let exchange = self.session().send(&Request::Http(request), false).await;
        exchange.answer().is_some().then_some(exchange)
    }

    async fn shown_at(
        &self,
        http: &HttpRequest,
        target: &Template,
        listing: &Listing<'_>,
    ) -> Option<Shown> {
        let exchange = self.read_at(http, target).await?;
        shown(listing, exchange.answer()?)
    }
}

/// The target that shows as much of a list as one part may have, and how many items these are.
fn whole(listing: &Listing<'_>, target: &Template) -> (u64, Template) {
    let Some(limit) = listing.limit else {
        return (u64::MAX, target.clone());
    };
    let most = limit.schema.maximum.as_ref();
    let most = most.and_then(|bound| bound.value.as_u64());
    // Exclusive bounds allow one less.
    let most = most.map_or(WHOLE, |most| most.saturating_sub(1).clamp(1, WHOLE));
    (most, with_query(target, &limit.name, &most.to_string()))
}

/// A moment that is some seconds away from all of these and has some on both sides, and how it is spelt
/// in an offset that few devices use.
fn between(moments: &[jiff::Timestamp]) -> Option<(jiff::Timestamp, String)> {
    const APART: i64 = 4;
    let mut seconds: Vec<i64> = moments.iter().map(|at| at.as_second()).collect();
    seconds.sort_unstable();
    let middle = seconds.len() / 2;
    let gaps = seconds.windows(2).enumerate().filter_map(|(at, pair)| {
        let [one, next] = pair else { return None };
        (next - one >= APART).then_some((at.abs_diff(middle), one + (next - one) / 2))
    });
    let (_, second) = gaps.min()?;
    let wanted = jiff::Timestamp::from_second(second).ok()?;
    let offset = jiff::tz::Offset::from_seconds(5 * 3600 + 1800).ok()?;
    let spelt = offset.to_datetime(wanted);
    Some((
        wanted,
        format!("{}+05:30", spelt.strftime("%Y-%m-%dT%H:%M:%S")),
    ))
}

fn shown(listing: &Listing<'_>, answer: &Answer) -> Option<Shown> {
    if !(200..300).contains(&answer.status) {
        return None;
    }
    let body: Value = json::read(&answer.body)?;
    let items = body.pointer(&listing.array)?.as_array()?.clone();
    let header = answer.header("x-total-count").and_then(|v| v.parse().ok());
    let total = header.or_else(|| pages::whole_total(&body));
    let cursor = listing.cursor.and_then(|c| body.get(c.member)?.as_str());
    let cursor = cursor.filter(|next| !next.is_empty()).map(str::to_owned);
    Some(Shown {
        items,
        total,
        cursor,
    })
}

/// What names each item of the whole; `None` where nothing tells them apart.
fn keys(whole: &Shown) -> Option<Vec<String>> {
    let keys = keyed(whole, &whole.items)?;
    let different: BTreeSet<&String> = keys.iter().collect();
    (different.len() == keys.len()).then_some(keys)
}

/// The same of items of a part.
fn keyed(whole: &Shown, items: &[Value]) -> Option<Vec<String>> {
    let name = name(&whole.items);
    items.iter().map(|item| key(name, item)).collect()
}

/// The member that tells items apart.
fn name(items: &[Value]) -> Option<&'static str> {
    NAMES.into_iter().find(|name| {
        let values: Option<BTreeSet<String>> =
            items.iter().map(|item| key(Some(name), item)).collect();
        values.is_some_and(|values| values.len() == items.len())
    })
}

fn key(name: Option<&str>, item: &Value) -> Option<String> {
    let value = match name {
        Some(name) => item.get(name).filter(|v| v.is_string() || v.is_number())?,
        None => item,
    };
    Some(value.to_string())
}

/// What the parts show otherwise than the whole; the inner `None`: nothing.
fn verdict(
    whole: &[String],
    walked: &[(String, String)],
    ended: bool,
) -> Option<Option<Deviation>> {
    let mut seen = BTreeMap::new();
    for (key, target) in walked {
        let Some(before) = seen.insert(key, target) else {
            continue;
        };
        let observed = format!("{before} and {target} show {key}");
        return Some(Some(Deviation::parts_differ("an item twice", observed)));
    }
    // Another order is another list.
    let places: Vec<usize> = walked
        .iter()
        .map(|(key, _)| whole.iter().position(|known| known == key))
        .collect::<Option<_>>()?;
    if !places.is_sorted() {
        return None;
    }
    let end = match ended {
        true => whole.len(),
        false => places.last().map_or(0, |last| last + 1),
    };
    let missing = (0..end).find(|at| !places.contains(at));
    Some(missing.map(|at| {
        let behind = walked.get(at).or(walked.last());
        let target = behind.map_or("", |(_, target)| target);
        let observed = format!("{} is left out before or in {target}", whole[at]);
        Deviation::parts_differ("an item left out", observed)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_held_against_the_whole() {
        let list =
            |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        // The whole, the parts, whether they ended, what is observed.
        let table = [
            ("a b c", "a b c", true, Some(None)),
            ("a b c d", "a b c", false, Some(None)),
            ("a b c", "a a", false, Some(Some("0 and 1 show a"))),
            (
                "a b c",
                "a c",
                false,
                Some(Some("b is left out before or in 1")),
            ),
            (
                "a b c",
                "a b",
                true,
                Some(Some("c is left out before or in 1")),
            ),
            // Another order, other items.
            ("a b c", "b a", false, None),
            ("a b c", "a x", false, None),
        ];
        for (whole, walked, ended, want) in table {
            let walked = list(walked).into_iter().enumerate();
            let walked: Vec<_> = walked.map(|(at, key)| (key, at.to_string())).collect();
            let got = verdict(&list(whole), &walked, ended);
            let got = got.map(|d| d.map(|d| d.observed));
            let want = want.map(|w: Option<&str>| w.map(str::to_owned));
            assert_eq!(got, want, "{whole}: {walked:?}");
        }
    }

    #[test]
    fn a_moment_lies_between_those_of_the_items() {
        let between = |moments: &[&str]| {
            let moments = moments.iter().map(|text| text.parse().expect("a moment"));
            between(&moments.collect::<Vec<_>>()).map(|(_, text)| text)
        };
        let (a, b, c) = (
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:01:00Z",
            "2026-01-01T00:01:02Z",
        );
        let want = Some("2026-01-01T05:30:30+05:30".to_owned());
        assert_eq!(between(&[a, b, c]), want);
        assert_eq!(
            between(&[c, a]),
            Some("2026-01-01T05:30:31+05:30".to_owned())
        );
        // As good as the same moment, one alone, none.
        assert_eq!(between(&[b, c]), None);
        assert_eq!(between(&[a]), None);
        assert_eq!(between(&[]), None);
    }
}
