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
    /// How the next part is asked for where an answer says it.
    pub cursor: Option<Cursor<'o>>,
    /// Parameters that choose items by a member of theirs.
    pub filters: Vec<Filter<'o>>,
    /// The parameter whose words name the member that items are sorted by.
    pub sort: Option<&'o Parameter>,
    /// The parameter that says whether the largest comes last or first, where it has one of its own.
    pub direction: Option<&'o Parameter>,
}

/// A parameter that asks for the next part by what the answer before has said.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'o> {
    /// The parameter.
    pub parameter: &'o Parameter,
    /// The member of answers that holds its next value; nothing, `null` or an empty text behind the last
    /// part.
    pub member: &'o str,
    /// Whether the member may be `null`.
    pub null: bool,
}

/// A parameter that chooses items.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'o> {
    /// The parameter.
    pub parameter: &'o Parameter,
    /// The member of items that it is about.
    pub member: &'o str,
    /// Which of them come.
    pub chooses: Chooses,
}

/// Which items come, by what the parameter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chooses {
    /// Those whose member is that.
    Equal,
    /// Those whose member is that, and perhaps what stands above it: its words have an order.
    Among,
    /// Those at that time or later.
    From,
    /// Those at that time or earlier.
    To,
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

/// Names of a parameter that asks for the next part by what an answer has said, in words. The member of
/// the answer has the same name, or begins with `next`.
const CURSORS: [&[&str]; 6] = [
    &["cursor"],
    &["next", "cursor"],
    &["page", "token"],
    &["next", "page", "token"],
    &["next", "token"],
    &["continuation", "token"],
];

/// Names of a parameter that says from when on items come, and until when, in words.
const FROM: [&[&str]; 7] = [
    &["from"],
    &["since"],
    &["start"],
    &["start", "time"],
    &["from", "time"],
    &["from", "date"],
    &["start", "date"],
];
const TO: [&[&str]; 7] = [
    &["to"],
    &["until"],
    &["end"],
    &["end", "time"],
    &["to", "time"],
    &["to", "date"],
    &["end", "date"],
];

/// Names of a parameter that says what items are sorted by, in words.
const SORTS: [&[&str]; 5] = [
    &["sort"],
    &["sort", "by"],
    &["sortby"],
    &["order", "by"],
    &["orderby"],
];

/// Names of a parameter that says in which direction items are sorted, in words.
const DIRECTIONS: [&[&str]; 7] = [
    &["order"],
    &["direction"],
    &["dir"],
    &["sort", "order"],
    &["sort", "dir"],
    &["sort", "direction"],
    &["order", "direction"],
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
        let called = |p: &Parameter, names: &[&[&str]]| {
            let words = tokens(&p.name);
            names.iter().any(|name| words == *name)
        };
        let sort = query.clone().find(|p| called(p, &SORTS));
        let cursor = query.clone().find_map(|p| cursor(p, answer));
        let words = |p: &Parameter| {
            let words = p.schema.enum_values.iter().flatten();
            let mut words = words.map(|word| falls(word.as_str()?)).peekable();
            words.peek().is_some() && words.all(|falls| falls.is_some())
        };
        let direction = query.clone().find(|p| called(p, &DIRECTIONS) && words(p));
        let moment = moment(items);
        let asks = cursor.map(|cursor| cursor.parameter);
        let cuts = [limit, next, asks].map(|p| p.map(|p| &p.name));
        let chooses = |p: &&Parameter| !cuts.contains(&Some(&p.name));
        let filters = query.by_ref().filter(chooses).filter_map(|parameter| {
            let at = moment.filter(|_| is_moment(&parameter.schema));
            let (member, chooses) = match at {
                Some(at) if called(parameter, &FROM) => (at, Chooses::From),
                Some(at) if called(parameter, &TO) => (at, Chooses::To),
                _ => filtered(parameter, items)?,
            };
            Some(Filter {
                parameter,
                member,
                chooses,
            })
        });
        Some(Listing {
            array,
            limit,
            paging,
            next,
            cursor,
            filters: filters.collect(),
            sort: sort.filter(|p| p.schema.enum_values.is_some()),
            direction,
        })
    }
}

impl<'o> Listing<'o> {
    /// The parameter that asks for the next part, where no reading of its name says anything else: the
    /// items that it leaves out are counted from none, or its parts from a number that is known once one
    /// is seen. `start` and `from` may be times, and `startIndex` counts from one (RFC 7644 §3.4.2.4).
    pub fn parts(&self) -> Option<&'o Parameter> {
        self.limit?;
        let sure = match self.paging.as_ref() {
            Some(Paging::Offset { name }) => matches!(name.as_str(), "offset" | "skip"),
            Some(Paging::Page { .. }) => true,
            None => return self.cursor.map(|cursor| cursor.parameter),
        };
        self.next.filter(|_| sure)
    }
}

/// A parameter that takes what a member of the answer says, where both are texts of such names.
fn cursor<'o>(parameter: &'o Parameter, answer: &'o Schema) -> Option<Cursor<'o>> {
    let words = tokens(&parameter.name);
    let text = |schema: &Schema| {
        let of = |kind| schema.types.contains(&kind);
        of(JsonType::String) && !of(JsonType::Integer) && schema.pattern.is_none()
    };
    if !CURSORS.iter().any(|name| words == *name) || !text(&parameter.schema) {
        return None;
    }
    let next: Vec<String> = std::iter::once("next".to_owned())
        .chain(words.clone())
        .collect();
    let moves = matches!(
        words.first().map(String::as_str),
        Some("next" | "continuation")
    );
    let leads = |name: &str| {
        let name = tokens(name);
        name == next || moves && name == words
    };
    let members = shape::members(answer).into_iter();
    let mut members = members.filter(|(name, schema)| leads(name) && text(schema));
    let (member, schema) = members.next()?;
    let null = schema.types.contains(&JsonType::Null);
    Some(Cursor {
        parameter,
        member,
        null,
    })
}

/// Whether an answer has more than one list at its top: which of them is cut is not said.
fn several(answer: &Schema) -> bool {
    let lists = shape::members(answer).into_iter();
    lists
        .filter(|(_, s)| s.types.contains(&JsonType::Array))
        .count()
        > 1
}

/// The member of items that a parameter has the name and the values of.
fn filtered<'o>(parameter: &Parameter, items: &'o Schema) -> Option<(&'o str, Chooses)> {
    let (name, member) = shape::members(items)
        .into_iter()
        .find(|(name, _)| *name == parameter.name)?;
    if parameter.schema.types == [JsonType::Boolean] && member.types == [JsonType::Boolean] {
        return Some((name, Chooses::Equal));
    }
    if is_exact(&parameter.schema, member) {
        return Some((name, Chooses::Equal));
    }
    let words = parameter.schema.enum_values.as_ref()?;
    let same = member.enum_values.as_ref()?;
    let texts = words.iter().all(|word| word.is_string());
    let all = words.len() == same.len() && words.iter().all(|word| same.contains(word));
    let ordered = tokens(name)
        .iter()
        .any(|word| ORDERED.contains(&word.as_str()));
    let chooses = match ordered {
        true => Chooses::Among,
        false => Chooses::Equal,
    };
    (texts && all).then_some((name, chooses))
}

/// Whether a parameter takes whole values of a member and nothing that could be a part of one: numbers,
/// or texts of the very pattern that the member has.
fn is_exact(parameter: &Schema, member: &Schema) -> bool {
    let free = parameter.enum_values.is_none() && member.enum_values.is_none();
    let both = |kind| parameter.types == [kind] && member.types == [kind];
    let same = parameter.pattern.is_some() && parameter.pattern == member.pattern;
    free && (both(JsonType::Integer) || both(JsonType::String) && same)
}

/// Whether a word of a direction lets the largest come first; `None` for another word.
pub fn falls(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "asc" | "ascending" => Some(false),
        "desc" | "descending" => Some(true),
        _ => None,
    }
}

fn is_moment(schema: &Schema) -> bool {
    schema.types == [JsonType::String] && schema.format.as_deref() == Some("date-time")
}

/// The one member of items that is a moment.
fn moment(items: &Schema) -> Option<&str> {
    let mut moments = shape::members(items)
        .into_iter()
        .filter(|(_, member)| is_moment(member));
    let (name, _) = moments.next()?;
    moments.next().is_none().then_some(name)
}

/// The member that a word of [`Listing::sort`] names, and whether the largest comes first, where it says
/// so: `time`, `-time`, `+time`, `time:desc`, `time_asc`.
pub fn sorted_by(word: &str) -> (&str, Option<bool>) {
    for (sign, falls) in [("-", true), ("+", false)] {
        if let Some(name) = word.strip_prefix(sign) {
            return (name, Some(falls));
        }
    }
    for (end, falls) in [("desc", true), ("asc", false)] {
        let name = word.strip_suffix(end);
        if let Some(name) = name.and_then(|n| n.strip_suffix([':', '_', '-', '.', ' ', ','])) {
            return (name, Some(falls));
        }
    }
    (word, None)
}
