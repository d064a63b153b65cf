//! From bytes of unknown origin to a case: what the page says of a body that a generator made.
//! Nothing is accused here that the page, RFC 8259 or RFC 9112 leave open: such a body must only be
//! survived.

use super::bodies::{Bodies, main_type};
use super::build::{Change, get};
use super::builder::{BodyCases, BodyDraft, Draft, WhenOpen};
use super::identity::InputClass;
use super::model::{Case, Check, Context, Expect, Fault, SuccessIs};
use super::wire::is_json;
use super::words::mark;
use crate::contract::{FaultKind, FieldPath, JsonType, Operation};
use crate::exchange::Request;
use crate::exchange::octets;
use crate::pattern::Assessment;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, de};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

/// From this size on a server may refuse any body for its size (413, or the end of the connection).
pub const LARGE: usize = 16 * 1024;
/// From this size on nobody says that a valid body has to be taken.
const ORDINARY: usize = 2 * 1024;
/// Values in values beyond which a reader may give up (RFC 8259 §9).
const DEEP: usize = 16;

/// One request that a generator made: an operation, its body, and texts of its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// Id of the operation.
    pub operation: String,
    /// The body, byte for byte.
    #[serde(with = "octets")]
    pub body: Vec<u8>,
    /// Texts of parameters by name, where they are not the plain valid ones.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

/// Name of the strategy in the ids of such cases.
const FUZZ: &str = "fuzz";

/// Says what may come back to steps. Holds the bodies that each operation starts from.
pub struct Weigher<'c, 'a> {
    operations: Vec<BodyCases<'c, 'a>>,
}

impl<'c, 'a> Weigher<'c, 'a> {
    /// A weigher for every operation with a JSON body that may be called.
    pub fn new(context: &'c Context<'a>) -> Self {
        Weigher {
            operations: context
                .contract
                .operations
                .iter()
                .filter_map(|op| BodyCases::of(context, op, FUZZ))
                .collect(),
        }
    }

    /// Leaves out the operations that `keep` does not want.
    pub fn retain(&mut self, keep: impl Fn(&Operation) -> bool) {
        self.operations.retain(|builder| keep(builder.op));
    }

    /// The operations, in the contract's order.
    pub fn operations(&self) -> impl Iterator<Item = &'c Operation> {
        self.operations.iter().map(|s| s.op)
    }

    /// Surely valid bodies of an operation: required members only, then every member with
    /// different values.
    pub fn bodies(&self, operation: &str) -> Vec<Value> {
        let builder = self.operations.iter().find(|s| s.op.id == operation);
        builder.map_or_else(Vec::new, |s| {
            vec![
                s.bodies.minimal.clone(),
                s.bodies.full.clone(),
                s.bodies.second.clone(),
                s.bodies.other.clone(),
            ]
        })
    }

    /// Surely valid strings for a field of an operation.
    pub fn samples(&self, operation: &str, field: &FieldPath) -> Vec<String> {
        let builder = self.operations.iter().find(|s| s.op.id == operation);
        let Some((builder, schema)) = builder.and_then(|s| {
            let fields = s.bodies.fields();
            let found = fields.iter().find(|f| f.path == *field)?;
            Some((s, found.schema.clone()))
        }) else {
            return Vec::new();
        };
        if main_type(&schema) != Some(JsonType::String) {
            return Vec::new();
        }
        builder.bodies.samples(field, &schema).to_vec()
    }

    /// The case for a step; `None` where it names no operation that may be called.
    pub fn weigh(&mut self, step: &Step) -> Option<Case> {
        let builder = self
            .operations
            .iter_mut()
            .find(|s| s.op.id == step.operation)?;
        let mut case = body_case(builder, &step.body)?;
        if !step.parameters.is_empty() {
            parameters(&builder.bodies, step, &mut case);
        }
        Some(case)
    }
}

fn body_case(builder: &mut BodyCases<'_, '_>, bytes: &[u8]) -> Option<Case> {
    let root = FieldPath::root();
    let name = mark(&String::from_utf8_lossy(bytes));
    let title = format!("a generated body of {} octets", bytes.len());
    let blank = bytes.iter().all(u8::is_ascii_whitespace);
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return open(builder, bytes, name, title, "a byte order mark");
    }
    if !is_json(bytes) {
        let required = builder.op.body.as_ref().is_some_and(|b| b.required);
        if blank && !required {
            return open(builder, bytes, name, title, "no body");
        }
        return Some(not_json(builder, bytes, name, title, blank));
    }
    let value = match serde_json::from_slice::<Value>(bytes) {
        Ok(value) if !oddly_spelled(bytes) && depth(&value) <= DEEP => value,
        // Numbers beyond machine types, lone surrogates, names given twice, deep nesting.
        _ => {
            return open(
                builder,
                bytes,
                name,
                title,
                "JSON that readers understand differently",
            );
        }
    };
    let changed = changed_fields(&builder.bodies, &value);
    let (field, keyword) = match changed.as_slice() {
        [one] => (one.clone(), "type"),
        _ => (root.clone(), "type"),
    };
    let certainty = builder.add_body(BodyDraft {
        field: &field,
        keyword,
        name,
        title: title.clone(),
        class: String::new(),
        tier: 0,
        body: value,
        bytes: Some(bytes.to_vec()),
        when_open: WhenOpen::Ask("a generated body"),
    });
    let mut case = builder.take()?;
    case.input_class = class(&case, &changed);
    case.title = title_of(&case, &changed, bytes.len());
    // What makes a body too large, or unusual enough, for a device to refuse it as such.
    if bytes.len() > LARGE {
        case.expect = match certainty {
            Assessment::SurelyInvalid => Expect::NotServed {
                success: SuccessIs::AcceptsInvalid,
            },
            _ => Expect::Survived {
                question: "a large body".to_owned(),
            },
        };
    } else if bytes.len() > ORDINARY && certainty == Assessment::SurelyValid {
        case.expect = Expect::Either {
            question: "a large body".to_owned(),
            faults: Vec::new(),
        };
        case.check = Check::Unchanged;
    }
    Some(case)
}

/// A body that must be survived and may be answered either way.
fn open(
    builder: &mut BodyCases<'_, '_>,
    bytes: &[u8],
    name: String,
    title: String,
    question: &'static str,
) -> Option<Case> {
    builder.add(Draft {
        about: "",
        name,
        title,
        class: format!("fuzz:{question}"),
        tier: 0,
        promises: vec!["http.answers".to_owned(), "body.type".to_owned()],
        request: Request::Http(builder.context.request(builder.op, Some(bytes.to_vec()))),
        expect: Expect::Either {
            question: question.to_owned(),
            faults: vec![
                Fault::whole(FaultKind::NotJson),
                Fault::at(FaultKind::Constraint, &FieldPath::root()),
                Fault::at(FaultKind::WrongType, &FieldPath::root()),
            ],
        },
        check: Check::Unchanged,
    });
    let mut case = builder.take()?;
    if bytes.len() > LARGE {
        case.expect = Expect::Survived {
            question: question.to_owned(),
        };
    }
    Some(case)
}

/// What is no JSON must be refused. A lenient parser that goes on and finds something else wrong
/// refuses too, so every documented refusal will do.
fn not_json(
    builder: &mut BodyCases<'_, '_>,
    bytes: &[u8],
    name: String,
    title: String,
    blank: bool,
) -> Case {
    let op = builder.op;
    let mut faults = vec![Fault::whole(FaultKind::NotJson)];
    if blank {
        faults.push(Fault::whole(FaultKind::NoBody));
    }
    faults.push(Fault::whole(FaultKind::WrongRoot));
    for field in op.fields() {
        faults.push(Fault::at(FaultKind::Missing, &field.path));
        faults.push(Fault::at(FaultKind::WrongType, &field.path));
        faults.push(Fault::at(FaultKind::Constraint, &field.path));
    }
    let known = builder
        .context
        .contract
        .promise(&format!("{}.body.json", op.id));
    let promise = known.map_or("http.answers", |_| "body.json");
    let draft = Draft {
        about: "",
        name,
        title,
        class: "fuzz:not JSON".to_owned(),
        tier: 0,
        promises: vec![promise.to_owned()],
        request: Request::Http(builder.context.request(op, Some(bytes.to_vec()))),
        expect: match bytes.len() > LARGE {
            true => Expect::NotServed {
                success: SuccessIs::AcceptsInvalid,
            },
            false => Expect::Refused { faults },
        },
        check: match builder.context.reads_back(op) {
            true => Check::Unchanged,
            false => Check::Nothing,
        },
    };
    draft.case(op, FUZZ)
}

/// Parameters of the generator's making: whether they are valid is not decided, so a success or a
/// refusal for them is open, and only what the body breaks in any case is still broken.
fn parameters(bodies: &Bodies<'_, '_>, step: &Step, case: &mut Case) {
    let op = bodies.op;
    let Some((parameter, text)) = op
        .parameters
        .iter()
        .find_map(|p| Some((p, step.parameters.get(&p.name)?)))
    else {
        return;
    };
    let body = Some(step.body.clone());
    let request = bodies
        .context
        .request_with(op, body, parameter, Change::Text(text));
    case.request = Request::Http(request);
    let fault = Fault::whole(FaultKind::Parameter);
    case.expect = match std::mem::replace(&mut case.expect, Expect::Accepted) {
        Expect::Refused { mut faults } => {
            faults.push(fault);
            Expect::Refused { faults }
        }
        Expect::Either {
            question,
            mut faults,
        } => {
            faults.push(fault);
            Expect::Either { question, faults }
        }
        Expect::Accepted => Expect::Either {
            question: "a generated parameter".to_owned(),
            faults: vec![fault],
        },
        other => other,
    };
    case.check = match case.check {
        Check::Nothing => Check::Nothing,
        _ => Check::Unchanged,
    };
    case.input_class = case.input_class.with_parameter();
}

/// Leaf fields whose value is none that the bodies to start from have.
fn changed_fields(bodies: &Bodies<'_, '_>, value: &Value) -> Vec<FieldPath> {
    let plain = [&bodies.minimal, &bodies.full, &bodies.second, &bodies.other];
    bodies
        .fields()
        .into_iter()
        .filter(|f| f.schema.properties.is_empty())
        .filter(|f| match get(value, &f.path) {
            Some(v) => plain.iter().all(|p| get(p, &f.path) != Some(v)),
            None => f.required && plain.iter().any(|p| get(p, &f.path).is_some()),
        })
        .map(|f| f.path)
        .collect()
}

/// Free of payload: which rules are broken, or which fields are unusual.
fn class(case: &Case, changed: &[FieldPath]) -> InputClass {
    let fields = || changed.iter().map(FieldPath::dotted).collect::<Vec<_>>();
    let of = match &case.expect {
        Expect::Refused { faults } => {
            let mut kinds: BTreeSet<String> = BTreeSet::new();
            for fault in faults {
                let field = fault.field.as_ref().map(FieldPath::dotted);
                // Names of members that no page names are payload.
                let field = match fault.kind {
                    FaultKind::UnknownMember => "*".to_owned(),
                    _ => field.unwrap_or_default(),
                };
                kinds.insert(format!("{:?} {field}", fault.kind));
            }
            Vec::from_iter(kinds).join("+")
        }
        _ => fields().join("+"),
    };
    InputClass::new(format!("fuzz:{of}"))
}

fn title_of(case: &Case, changed: &[FieldPath], octets: usize) -> String {
    let names: Vec<String> = changed.iter().take(4).map(FieldPath::dotted).collect();
    let what = match case.expect {
        Expect::Accepted => "a valid generated body",
        Expect::Refused { .. } => "an invalid generated body",
        _ => "a generated body",
    };
    match names.as_slice() {
        [] => format!("{what} of {octets} octets"),
        names => format!("{what}, unusual in {}", names.join(", ")),
    }
}

/// How many values stand in each other.
fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Object(map) => map.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Whether a name stands twice in an object (RFC 8259 §4 leaves open what that means).
fn oddly_spelled(bytes: &[u8]) -> bool {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    reader.deserialize_any(Names).is_ok_and(|twice| twice)
}

/// Goes through a text and says whether a name stands twice in one object.
struct Names;

impl<'de> de::DeserializeSeed<'de> for Names {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Names {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut twice = false;
        while let Some(inside) = items.next_element_seed(Names)? {
            twice |= inside;
        }
        Ok(twice)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let mut names: HashSet<String> = HashSet::new();
        let mut twice = false;
        while let Some(name) = members.next_key::<String>()? {
            twice |= !names.insert(name);
            twice |= members.next_value_seed(Names)?;
        }
        Ok(twice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::embedded::sip_settings;

    #[test]
    fn what_is_open_is_never_expected() {
        let (contract, profile) = sip_settings();
        let texts = contract.texts();
        let context = Context::new(&contract, &profile, &texts);
        let mut weigher = Weigher::new(&context);
        let operation = weigher.operations().next().expect("operation").id.clone();
        let full = weigher.bodies(&operation).swap_remove(1);
        let text = full.to_string();
        let with = |name: &str, raw: &str| {
            format!(
                "{},\"{name}\":{raw}}}",
                text.trim_end_matches('}').to_owned() + "}"
            )
        };
        let mut word = |body: &[u8]| {
            let step = Step {
                operation: operation.clone(),
                body: body.to_vec(),
                parameters: BTreeMap::new(),
            };
            match weigher.weigh(&step).expect("case").expect {
                Expect::Accepted => "accepted",
                Expect::Refused { .. } => "refused",
                Expect::Either { .. } => "either",
                Expect::Survived { .. } => "survived",
                Expect::NotServed { .. } => "not served",
                _ => "other",
            }
        };
        let spaced = format!("  {text}\n");
        let huge = format!("{text}{}", " ".repeat(LARGE));
        let table: [(Vec<u8>, &str); 12] = [
            (text.clone().into_bytes(), "accepted"),
            (spaced.into_bytes(), "accepted"),
            (b"{}".to_vec(), "refused"),
            (b"".to_vec(), "refused"),
            (b"[1,]".to_vec(), "refused"),
            (b"\xff".to_vec(), "refused"),
            ([b"\xEF\xBB\xBF", text.as_bytes()].concat(), "either"),
            (with("extra", "1").into_bytes(), "either"),
            (with("proxy", "\"x\"").into_bytes(), "either"),
            (with("extra", "\"\\ud800\"").into_bytes(), "either"),
            (with("extra", "1e999").into_bytes(), "either"),
            (huge.into_bytes(), "survived"),
        ];
        for (body, want) in table {
            let shown = String::from_utf8_lossy(&body).into_owned();
            assert_eq!(word(&body), want, "{}", shown.get(..120).unwrap_or(&shown));
        }
    }
}
