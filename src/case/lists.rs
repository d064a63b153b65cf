//! Lists whose parameters say how much of them comes, and which items.

use super::build::Change;
use super::builder::{Draft, ExchangeCases};
use super::model::{Case, Check, Context, Expect, Strategy};
use super::reach::is_plain_read;
use crate::contract::{Chooses, JsonType, Operation, Parameter, assess, falls, with_query};
use crate::exchange::Request;
use crate::pattern::Assessment;
use serde_json::{Value, json};

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Lists;

impl Strategy for Lists {
    fn name(&self) -> &'static str {
        "lists"
    }

    fn explain(&self) -> &'static str {
        "Lists with parameters that choose from them: one item, two items, each word of a parameter \
         that is also a member of the items. Firmware reads the parameter and forgets to apply it, \
         counts from one where it should from none, or cuts before it filters; what comes is held \
         against what was asked for, and the parts of a list against the whole."
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let (Some(listing), Some(mut builder)) =
            (op.listing(), ExchangeCases::of(context, op, self.name()))
        else {
            return Vec::new();
        };
        if !is_plain_read(op) {
            return Vec::new();
        }
        if let Some(limit) = listing.limit {
            // In parts of one, what is repeated or left out shows first; in parts of two, what is counted
            // in parts where it should be in items.
            for (count, tier) in [(1, 0), (2, 0)] {
                let check = match listing.parts() {
                    Some(_) => Check::Parts,
                    None => Check::Nothing,
                };
                add(&mut builder, limit, &json!(count), tier, check);
            }
        }
        for filter in &listing.filters {
            let words = match filter.chooses {
                Chooses::Equal | Chooses::Among => match &filter.parameter.schema.enum_values {
                    Some(words) => words.clone(),
                    None if filter.parameter.schema.types == [JsonType::Boolean] => {
                        vec![json!(false), json!(true)]
                    }
                    None => context
                        .parameter(filter.parameter)
                        .value
                        .iter()
                        .cloned()
                        .collect(),
                },
                // None and all, whatever the device has.
                Chooses::From | Chooses::To => vec![json!(NEVER), json!(ALWAYS)],
            };
            // The plain value may be the only one that the items of a new device have.
            // What leaves everything out shows whether a moment is looked at.
            let telling = usize::from(filter.chooses != Chooses::From);
            for (nth, word) in words.iter().take(MOST_WORDS).enumerate() {
                let tier = if nth == telling { 0 } else { 1 };
                add(&mut builder, filter.parameter, word, tier, Check::Parts);
            }
        }
        let sorts = listing.sort.iter();
        for (sort, words) in sorts.filter_map(|p| Some((*p, p.schema.enum_values.as_ref()?))) {
            for word in words.iter().take(MOST_WORDS) {
                add(&mut builder, sort, word, 1, Check::Nothing);
                directed(&mut builder, (sort, word), listing.direction);
            }
        }
        builder.into_cases()
    }
}

/// The list by one member, both ways round.
fn directed(
    builder: &mut ExchangeCases<'_, '_>,
    (sort, word): (&Parameter, &Value),
    direction: Option<&Parameter>,
) {
    let (Some(direction), Some(word)) = (direction, word.as_str()) else {
        return;
    };
    let words = direction.schema.enum_values.iter().flatten();
    for way in words.filter_map(Value::as_str).take(MOST_WORDS) {
        let change = Change::Text(word);
        let mut request = builder.context.request_with(builder.op, None, sort, change);
        request.target = with_query(&request.target, &direction.name, way);
        let key = builder.op.parameter_key(sort);
        builder.add(Draft {
            about: &key,
            name: format!("asks-{word}-{way}"),
            title: format!("the list is asked for by {word}, {way}"),
            class: "valid:list".to_owned(),
            tier: u8::from(falls(way) != Some(true)),
            promises: vec![format!("parameters.{key}.sorts")],
            request: Request::Http(request),
            expect: Expect::Accepted,
            check: Check::Nothing,
        });
    }
}

/// A moment after all, and one before all that a device keeps.
const NEVER: &str = "2999-01-01T00:00:00Z";
const ALWAYS: &str = "1971-01-01T00:00:00Z";

/// Words of a filter that are sent.
const MOST_WORDS: usize = 4;

fn add(
    builder: &mut ExchangeCases<'_, '_>,
    parameter: &Parameter,
    value: &Value,
    tier: u8,
    check: Check,
) {
    let assessed = assess(&parameter.schema, value, builder.context.texts);
    if assessed.certainty != Assessment::SurelyValid {
        return;
    }
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let key = builder.op.parameter_key(parameter);
    let change = Change::Text(&text);
    let request = builder
        .context
        .request_with(builder.op, None, parameter, change);
    let mut promises = vec![
        format!("parameters.{key}.type"),
        format!("parameters.{key}.enum"),
    ];
    let parts = builder.op.listing().and_then(|l| l.parts());
    let limits = builder.op.listing().and_then(|l| l.limit);
    let limits = limits.is_some_and(|limit| limit.name == parameter.name);
    if let Some(parts) = parts.filter(|_| limits) {
        promises.push(format!(
            "parameters.{}.pages",
            builder.op.parameter_key(parts)
        ));
    }
    promises.push(format!("parameters.{key}.filters"));
    promises.push(format!("parameters.{key}.sorts"));
    builder.add(Draft {
        about: &key,
        name: format!("asks-{text}"),
        title: format!("the list is asked for with {} {text}", parameter.name),
        class: "valid:list".to_owned(),
        tier,
        promises,
        request: Request::Http(request),
        expect: Expect::Accepted,
        check,
    });
}
