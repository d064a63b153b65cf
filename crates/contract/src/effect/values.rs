//! Values that make a call act: switches and commands in the query, members of a body whose
//! enumerated values are commands.

use super::words::{self, tokens};
use crate::model::{JsonType, Operation, Parameter, Place, Schema};
use crate::shape;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Members further down are not looked at: what stands so deep in a body is no command.
const DEEPEST: usize = 4;

/// What a parameter of the query must not carry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ActingParameter {
    name: String,
    /// The values that act; `None`: each but `false`.
    values: Option<Vec<String>>,
}

impl ActingParameter {
    /// What a parameter must not carry, where it is one that may make a call act.
    fn of(parameter: &Parameter) -> Option<ActingParameter> {
        let words = tokens(&parameter.name);
        if parameter.place != Place::Query || words::is_condition(&words) {
            return None;
        }
        let name = parameter.name.clone();
        let texts = texts(&parameter.schema);
        // `turn=on`, `move=left`: the parameter is the verb, and each value its object.
        if !texts.is_empty() && matches!(words.as_slice(), [one] if MOVES.contains(&one.as_str())) {
            let values = Some(texts);
            return Some(ActingParameter { name, values });
        }
        let is_truth = parameter.schema.types == [JsonType::Boolean]
            || !texts.is_empty() && texts.iter().all(|t| is_truth(t));
        if is_truth || texts.is_empty() {
            let plain = is_truth || is_scalar(&parameter.schema);
            let values = None;
            // `format=json` and `ring=3` may be anything; `reboot=1` may not.
            let acts = match is_truth {
                true => words::is_switch(&words),
                false => words::unmistakable(&words) || words == ["clear"] || words == ["flush"],
            };
            return (plain && acts).then_some(ActingParameter { name, values });
        }
        // `action=restore`: where the parameter is a command, so is each of its verbs.
        let commanded = words.last().is_some_and(|w| COMMANDS.contains(&w.as_str()));
        let acts = |text: &String| {
            let words = tokens(text);
            words::unmistakable(&words)
                || commanded && (words::command(&words).0 != words::Command::No)
        };
        let values: Vec<String> = texts.into_iter().filter(acts).collect();
        (!values.is_empty()).then_some(ActingParameter {
            name,
            values: Some(values),
        })
    }

    fn forbids(&self, value: &str) -> bool {
        let parts = || value.split([',', '|', ' ']).map(str::trim);
        match &self.values {
            None => !value.eq_ignore_ascii_case("false"),
            Some(values) => values
                .iter()
                .any(|v| parts().chain([value]).any(|p| p.eq_ignore_ascii_case(v))),
        }
    }
}

/// Parameters that name what is to be done.
const COMMANDS: [&str; 8] = [
    "action",
    "cmd",
    "command",
    "do",
    "op",
    "operation",
    "task",
    "aktion",
];

/// Parameters that are a verb of switching or moving.
const MOVES: [&str; 4] = ["turn", "move", "ptz", "toggle"];

/// Why a call makes the device fetch whatever is named: a parameter that must be there is any URL.
pub(super) fn fetching_parameter(op: &Operation) -> Option<String> {
    let parameter = op.parameters.iter().find(|p| {
        let words = tokens(&p.name);
        let url = words
            .last()
            .is_some_and(|w| matches!(w.as_str(), "url" | "uri"));
        let short = words.len() < 3 && !words.iter().any(|w| w == "redirect" || w == "return");
        p.required && p.place == Place::Query && url && short && texts(&p.schema).is_empty()
    })?;
    let name = &parameter.name;
    Some(format!(
        "its parameter `{name}` may be any address, which the device then asks"
    ))
}

/// The parameters of an operation that may make it act.
pub(crate) fn acting_parameters(op: &Operation) -> Vec<ActingParameter> {
    match op.acts {
        Some(false) => Vec::new(),
        _ => op
            .parameters
            .iter()
            .filter_map(ActingParameter::of)
            .collect(),
    }
}

/// Why the query of a target makes a call act, by the parameters of its operation.
pub(crate) fn acting_query(parameters: &[ActingParameter], target: &str) -> Option<String> {
    let (_, query) = target.split_once('?').filter(|_| !parameters.is_empty())?;
    let mut pairs = query.split(['&', ';', '#']).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (plain(name), plain(value))
    });
    pairs.find_map(|(name, value)| {
        let bare = name.trim_end_matches("[]");
        let mut those = parameters.iter();
        let found = those.find(|p| p.name.eq_ignore_ascii_case(bare) && p.forbids(&value))?;
        Some(match found.values {
            None => format!("`{}` in its query may make the call act", found.name),
            Some(_) => format!(
                "`{}={value}` in its query may make the call act",
                found.name
            ),
        })
    })
}

/// A part of a query as a server reads it.
fn plain(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text)
        .decode_utf8_lossy()
        .trim()
        .to_owned()
}

/// Why no request of an operation is free of what acts: a parameter that must be there, or holds where
/// it is absent, acts with each value.
pub(super) fn acting_parameter(op: &Operation) -> Option<String> {
    op.parameters.iter().find_map(|parameter| {
        let name = &parameter.name;
        let words = tokens(name);
        // A command that the document does not list may be any.
        let commanded = words.len() == 1 && words.iter().all(|w| COMMANDS.contains(&w.as_str()));
        let texts = texts(&parameter.schema);
        let query = parameter.place == Place::Query;
        if query && parameter.required && commanded && texts.is_empty() && !lists(op) {
            return Some(format!(
                "its parameter `{name}` says what it does, and may be anything"
            ));
        }
        let acting = ActingParameter::of(parameter)?;
        let forced =
            parameter.required && !texts.is_empty() && texts.iter().all(|t| acting.forbids(t));
        let default = parameter.schema.default.as_ref().and_then(text);
        let default = default.filter(|d| acting.forbids(d));
        match (forced, default) {
            (true, _) => Some(format!("each value of its parameter `{name}` acts")),
            (_, Some(value)) => Some(format!(
                "its parameter `{name}` is `{value}` where it is absent"
            )),
            _ => None,
        }
    })
}

/// A parameter that must be there and whose values are all commands (`state=on`): a call that answers
/// with nothing but how it went has done one of them.
pub(super) fn switching_parameter(op: &Operation) -> Option<&str> {
    let commands = |p: &&Parameter| {
        let texts = texts(&p.schema);
        let command = |t: &String| words::command(&tokens(t)).0 != words::Command::No;
        let placed = matches!(p.place, Place::Query | Place::Path);
        placed && p.required && texts.len() > 1 && texts.iter().all(command)
    };
    op.parameters.iter().find(commands).map(|p| p.name.as_str())
}

fn lists(op: &Operation) -> bool {
    shape::answer(op).is_some_and(|s| shape::array_in(s).is_some())
}

/// A member of a body that makes a write act: one of its listed values is a command that cannot be
/// taken for anything else, or it is a switch whose name is one. Schedules, rules and what a device
/// does in some event are settings.
pub(super) fn acting_member(op: &Operation, literals: &[Vec<String>]) -> Option<String> {
    if literals.last().is_some_and(|l| words::is_condition(l)) {
        return None;
    }
    let body = &op.body.as_ref()?.schema;
    below(body, 0)
}

fn below(schema: &Schema, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    shape::members(schema)
        .into_iter()
        .find_map(|(name, member)| {
            let words = tokens(name);
            if member.read_only || words::is_condition(&words) {
                return None;
            }
            // A list of commands may be one of rights; where it is named like a command, in doubt not.
            let last = words
                .last()
                .map_or("", |w| w.strip_suffix('s').unwrap_or(w));
            let commanded = COMMANDS.contains(&last);
            let lists = member.types == [JsonType::Array];
            let texts = match lists && !commanded {
                true => Vec::new(),
                false => texts(member),
            };
            let acts = |text: &&String| {
                let words = tokens(text);
                words::unmistakable(&words)
                    || commanded && words::command(&words).0 == words::Command::Does
            };
            let value = texts.iter().find(acts);
            if let Some(value) = value {
                return Some(format!("the value `{value}` of its member `{name}` acts"));
            }
            let switch = member.types == [JsonType::Boolean] && words::unmistakable(&words);
            match switch {
                true => Some(format!("its member `{name}` acts")),
                false => below(member, depth + 1),
            }
        })
}

/// The texts that a schema lists.
fn texts(schema: &Schema) -> Vec<String> {
    let listed = schema
        .enum_values
        .iter()
        .flatten()
        .chain(&schema.const_value);
    let parts = (schema.any_of.iter())
        .chain(&schema.one_of)
        .chain(&schema.all_of);
    let items = schema.items.iter();
    let deeper = parts
        .chain(items)
        .flat_map(|p| p.enum_values.iter().flatten().chain(&p.const_value));
    listed.chain(deeper).filter_map(text).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn is_truth(text: &str) -> bool {
    let texts = ["true", "false", "0", "1", "yes", "no", "on", "off"];
    texts.contains(&text.to_ascii_lowercase().as_str())
}

fn is_scalar(schema: &Schema) -> bool {
    !schema.allows(JsonType::Object) && !schema.allows(JsonType::Array)
}
