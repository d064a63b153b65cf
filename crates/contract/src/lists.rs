//! What parameters of a list say of its answer, by the names that they have nearly everywhere: how
//! many items it has at most, where it begins, which of the items it shows.

use super::effect::words::tokens;
use super::model::{JsonType, Operation, Parameter, Place, Schema};
use super::paging::Paging;
use super::shape;

/// A `GET` whose answer is a list, with the parameters that choose from it.
#[derive(Clone, Debug)]
pub struct Listing<'o> {
    /// JSON pointer to the list in the answer; empty: the answer itself.
    pub array: String,
    /// The parameter that says how many items come at most.
    pub limit: Option<&'o Parameter>,
    /// How the next part is asked for.
    pub paging: Option<Paging>,
    /// The parameter that asks for it.
    next: Option<&'o Parameter>,
    /// Parameters that choose items by a member of theirs, with its name.
    pub filters: Vec<(&'o Parameter, &'o str)>,
}

/// Names of a parameter that says how many items come at most, in words.
const LIMITS: [&[&str]; 9] = [
    &["limit"],
    &["page", "limit"],
    &["page", "size"],
    &["pagesize"],
    &["per", "page"],
    &["perpage"],
    &["max", "items"],
    &["max", "results"],
    &["items", "per", "page"],
];

/// Words whose values have an order: `severity=warning` may well mean "at least warning".
const ORDERED: [&str; 8] = [
    "severity",
    "level",
    "loglevel",
    "priority",
    "importance",
    "urgency",
    "quality",
    "resolution",
];

impl Operation {
    /// What chooses from the list that this operation answers with; `None` where it is no `GET` or its
    /// answer holds no list, or several.
    pub fn listing(&self) -> Option<Listing<'_>> {
        if self.method != "GET" {
            return None;
        }
        let answer = shape::answer(self)?;
        let (array, items) = shape::array_in(answer)?;
        if several(answer) {
            return None;
        }
        let mut query = self.parameters.iter().filter(|p| p.place == Place::Query);
        let whole = |p: &&Parameter| p.schema.types == [JsonType::Integer];
        let limit = query.clone().filter(whole).find(|p| {
            let words = tokens(&p.name);
            LIMITS.iter().any(|name| words == *name)
        });
        let paging = Paging::of(self);
        let next = paging.as_ref().and_then(|paging| {
            let mut query = query.clone();
            query.find(|p| p.name == paging.parameter())
        });
        let filters = query
            .by_ref()
            .filter_map(|p| Some((p, filtered(p, items)?)));
        Some(Listing {
            array,
            limit,
            paging,
            next,
            filters: filters.collect(),
        })
    }
}

impl<'o> Listing<'o> {
    /// The parameter that asks for the next part, where no reading of its name says anything else: the
    /// items that it leaves out are counted from none, or its parts from a number that is known once one
    /// is seen. `start` and `from` may be times, and `startIndex` counts from one (RFC 7644 §3.4.2.4).
    pub fn parts(&self) -> Option<&'o Parameter> {
        self.limit?;
        let sure = match self.paging.as_ref()? {
            Paging::Offset { name } => matches!(name.as_str(), "offset" | "skip"),
            Paging::Page { .. } => true,
        };
        self.next.filter(|_| sure)
    }
}

/// Whether an answer has more than one list at its top: which of them is cut is not said.
fn several(answer: &Schema) -> bool {
    let lists = shape::members(answer).into_iter();
    lists
        .filter(|(_, s)| s.types.contains(&JsonType::Array))
        .count()
        > 1
}

/// The member of items that a parameter has the name and the words of.
fn filtered<'o>(parameter: &Parameter, items: &'o Schema) -> Option<&'o str> {
    let words = parameter.schema.enum_values.as_ref()?;
    let (name, member) = shape::members(items)
        .into_iter()
        .find(|(name, _)| *name == parameter.name)?;
    let same = member.enum_values.as_ref()?;
    let texts = words.iter().all(|word| word.is_string());
    let all = words.len() == same.len() && words.iter().all(|word| same.contains(word));
    let ordered = tokens(name)
        .iter()
        .any(|word| ORDERED.contains(&word.as_str()));
    (texts && all && !ordered).then_some(name)
}
