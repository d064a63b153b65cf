//! What the words of a document say of members that depend on each other ("`night` must not be above
//! `day`"): no schema of it holds that, so a body which keeps the schema may still be refused. Pure.

use super::model::{Operation, Schema};
use super::shape;
use serde_json::Value;

/// Words that set one thing against another.
const RELATIONS: [&str; 38] = [
    "must not",
    "must be",
    "must have",
    "may not",
    "cannot",
    "can not",
    "can't",
    "not allowed",
    "not possible",
    "above",
    "below",
    "less",
    "greater",
    "smaller",
    "larger",
    "higher",
    "lower than",
    "longer",
    "shorter",
    "more than",
    "exceed",
    "before",
    "after",
    "later",
    "earlier",
    "requires",
    "required if",
    "required when",
    "needs",
    "only if",
    "only when",
    "only with",
    "unless",
    "together",
    "depends",
    "combin",
    "exclusive",
    "not both",
];

/// The sentences of a text that set one thing against another.
pub(crate) fn tied(text: &str) -> Vec<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Enough for every description that a person has written.
    let sentences = text.split(['.', ';', '!']).take(1_000);
    let relates = |sentence: &&str| {
        let lower = sentence.to_lowercase();
        RELATIONS.iter().any(|word| lower.contains(word))
    };
    sentences.filter(relates).map(str::to_owned).collect()
}

/// Members of a body of which the document says that they depend on each other, the first that the body
/// has one of.
#[must_use]
pub fn tie(operation: &Operation, body: &Value) -> Option<(String, String)> {
    let schema = &operation.body.as_ref()?.schema;
    let members = shape::members(schema);
    let object = body.as_object()?;
    let others = |sentence: &str, own: Option<&str>| -> Option<(String, String)> {
        let named = members.iter().map(|(name, _)| *name);
        let mut named = named.filter(|name| Some(*name) != own && names(sentence, name));
        let first = own.or_else(|| named.next())?;
        let second = named.next()?;
        let sent = object.contains_key(first) || object.contains_key(second);
        sent.then(|| (first.to_owned(), second.to_owned()))
    };
    let whole = parts(schema).flat_map(|s| &s.tied);
    let mut whole = operation.tied.iter().chain(whole);
    let found = whole.find_map(|sentence| others(sentence, None));
    found.or_else(|| {
        members.iter().find_map(|(name, member)| {
            let mut said = parts(member).flat_map(|s| &s.tied);
            said.find_map(|sentence| others(sentence, Some(name)))
        })
    })
}

/// A schema and what it is put together from.
fn parts(schema: &Schema) -> impl Iterator<Item = &Schema> {
    std::iter::once(schema).chain(schema.all_of.iter().map(|part| &**part))
}

/// Whether a sentence has a name as a word; a short word that is no name by its spelling counts in marks
/// only.
fn names(sentence: &str, name: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let marked = |c: char| matches!(c, '`' | '"' | '\'' | '*');
    sentence.match_indices(name).any(|(at, _)| {
        let before = sentence.get(..at).and_then(|s| s.chars().next_back());
        let after = sentence.get(at + name.len()..);
        let after = after.and_then(|s| s.chars().next());
        let alone = !before.is_some_and(inner) && !after.is_some_and(inner);
        let plain = name.len() > 2
            && !matches!(
                name,
                "and" | "for" | "the" | "not" | "than" | "before" | "after"
            );
        alone && (plain || before.is_some_and(marked) && after.is_some_and(marked))
    })
}

#[cfg(test)]
mod tests {
    use super::{names, tied};

    #[test]
    fn sentences_that_relate_are_kept() {
        for (text, want) in [
            ("`night` must not be above `day` (422).", 1),
            ("Replaces the settings. Members may be left out.", 0),
            (
                "gateway is required if dhcp is false; else it is ignored",
                1,
            ),
            ("", 0),
        ] {
            assert_eq!(tied(text).len(), want, "{text}");
        }
    }

    #[test]
    fn names_are_words() {
        for (sentence, name, want) in [
            ("night must not be above day", "day", true),
            ("nightly must not", "night", false),
            ("the x-day must", "day", false),
            ("to must be later", "to", false),
            ("`to` must be later", "to", true),
        ] {
            assert_eq!(names(sentence, name), want, "{sentence}");
        }
    }
}
