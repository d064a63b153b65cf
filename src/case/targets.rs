//! Request targets as clients, crawlers and attackers spell them: queries that are no plain pairs,
//! paths that are almost those of the document.

use super::bodies::main_type;
use super::build::Change;
use super::builder::{Draft, ExchangeCases};
use super::model::{Case, Check, Context, Expect, Fault, Strategy};
use super::reach::{NO_REFUSAL, is_plain_read, unsure_target};
use super::serialize::escape;
use super::words::shown;
use crate::contract::{FaultKind, FieldPath, JsonType, Operation, Parameter, Place, assess};
use crate::exchange::{HttpRequest, Part, Request};
use crate::pattern::Assessment;
use serde_json::Value;

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Targets;

impl Strategy for Targets {
    fn name(&self) -> &'static str {
        "targets"
    }

    fn explain(&self) -> &'static str {
        "Reads whose target is spelt in another way: a parameter twice, empty, blank, hexadecimal, \
         beyond 64 bits, with broken percent-encoding or octets that are no UTF-8; paths in capitals, \
         encoded once more, with a slash or a dot segment more, cut at NUL. Firmware takes targets \
         apart by hand. What names nothing that the document allows is refused; where several answers \
         are right the choice is recorded, and a crash or a 5xx never is."
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        // What a write does under a target that is taken for another is not known.
        if !is_plain_read(op) {
            return Vec::new();
        }
        let Some(mut builder) = ExchangeCases::of(context, op, self.name()) else {
            return Vec::new();
        };
        queries(&mut builder, op);
        items(&mut builder, op);
        paths(&mut builder, op);
        builder.into_cases()
    }
}

/// The first parameter of the query with a type, which is sent spelt in odd ways.
fn queries(builder: &mut ExchangeCases<'_, '_>, op: &Operation) {
    let query = || op.parameters.iter().filter(|p| p.place == Place::Query);
    let of = |kind| query().find(|p| main_type(&p.schema) == Some(kind) && p.given.is_none());
    if let Some(number) = of(JsonType::Integer) {
        let sample = builder.context.parameter_text(number);
        for (name, tier, text) in [
            ("hexadecimal", 0, "0x10".to_owned()),
            ("letters-behind", 0, format!("{sample}abc")),
            ("wraps-8", 2, "257".to_owned()),
            ("wraps-16", 1, "65537".to_owned()),
            ("wraps-32", 1, "4294967297".to_owned()),
            ("wraps-64", 1, "18446744073709551617".to_owned()),
            ("exponent", 3, "1e1".to_owned()),
        ] {
            refused(builder, number, (name, tier), &text);
        }
        let name = escape(&number.name);
        for (idea, tier, pairs) in [
            ("blank-in-front", 2, format!("{name}=%20{sample}")),
            ("empty", 1, format!("{name}=")),
            ("no-value", 2, name.clone()),
            ("broken-percent", 0, format!("{name}=%zz")),
            ("plus", 3, format!("{name}=+{sample}")),
        ] {
            open(builder, number, (idea, tier), &pairs);
        }
    }
    if let Some(any) = of(JsonType::Integer).or_else(|| of(JsonType::String)) {
        let (name, sample) = (
            escape(&any.name),
            escape(&builder.context.parameter_text(any)),
        );
        open(
            builder,
            any,
            ("twice", 1),
            &format!("{name}={sample}&{name}={sample}"),
        );
        open(
            builder,
            any,
            ("array-name", 3),
            &format!("{name}[]={sample}"),
        );
        open(builder, any, ("unknown", 2), "probity=1");
        open(builder, any, ("many", 3), &vec!["probity=1"; 200].join("&"));
    }
    if let Some(text) = of(JsonType::String) {
        let name = escape(&text.name);
        open(builder, text, ("no-utf-8", 0), &format!("{name}=%FF%FE"));
        open(builder, text, ("quotes", 1), &format!("{name}=%27%22"));
        open(builder, text, ("cut-percent", 2), &format!("{name}=a%4"));
        open(builder, text, ("nul", 2), &format!("{name}=%00"));
    }
}

/// The operation's plain request with more in its query, which does not have the parameter yet.
fn with_query(
    builder: &ExchangeCases<'_, '_>,
    parameter: &Parameter,
    pairs: &str,
) -> Option<HttpRequest> {
    let mut request = builder.context.request(builder.op, None);
    let plain = request.target.to_string();
    if parameter.required {
        return None;
    }
    let sign = if plain.contains('?') { "&" } else { "?" };
    request.target.0.push(Part::Text(format!("{sign}{pairs}")));
    Some(request)
}

/// A query that the document does not speak of: any documented answer.
fn open(
    builder: &mut ExchangeCases<'_, '_>,
    parameter: &Parameter,
    (idea, tier): (&str, u8),
    pairs: &str,
) {
    let Some(request) = with_query(builder, parameter, pairs) else {
        return;
    };
    let question = format!("a query as in {}", shown(&idea.replace('-', " ")));
    let expect = Expect::Survived { question };
    let key = builder.op.parameter_key(parameter);
    add(
        builder,
        &key,
        (idea, tier),
        format!("the query is {}", shown(pairs)),
        request,
        expect,
        Vec::new(),
    );
}

/// A text that no reading of the document takes for a value of the parameter.
fn refused(
    builder: &mut ExchangeCases<'_, '_>,
    parameter: &Parameter,
    idea: (&str, u8),
    text: &str,
) {
    let pairs = format!("{}={}", escape(&parameter.name), escape(text));
    let Some(request) = with_query(builder, parameter, &pairs) else {
        return;
    };
    let survived = Expect::Survived {
        question: NO_REFUSAL.to_owned(),
    };
    let open = (!super::parameters::refuses(builder.op)).then_some(survived);
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    outside(builder, (parameter, &value, text), idea, request, open);
}

/// A request with a value that no reading of the document takes for the parameter; nothing where one
/// does. What it must draw is a refusal unless `open` says otherwise.
fn outside(
    builder: &mut ExchangeCases<'_, '_>,
    (parameter, value, text): (&Parameter, &Value, &str),
    idea: (&str, u8),
    request: HttpRequest,
    open: Option<Expect>,
) {
    let assessed = assess(&parameter.schema, value, builder.context.texts);
    let broken = assessed.faults.iter().find(|fault| fault.certain);
    let (Assessment::SurelyInvalid, Some(broken)) = (assessed.certainty, broken) else {
        return;
    };
    let key = builder.op.parameter_key(parameter);
    let at = FieldPath::root().member(&parameter.name);
    let expect = open.unwrap_or_else(|| Expect::Refused {
        faults: vec![Fault::at(FaultKind::Parameter, &at)],
    });
    let title = format!("parameter {} is {}", parameter.name, shown(text));
    let promises = vec![format!("parameters.{key}.{}", broken.keyword)];
    add(builder, &key, idea, title, request, expect, promises);
}

/// Names of an item that are almost the one that is there, where the rules of the parameter forbid
/// them: what is served all the same was cut, folded or decoded twice.
fn items(builder: &mut ExchangeCases<'_, '_>, op: &Operation) {
    let Some(parameter) = op.item_parameter() else {
        return;
    };
    // What an almost good name is as a list or an object, its style says: mostly a good one.
    let kind = main_type(&parameter.schema);
    if matches!(kind, Some(JsonType::Array | JsonType::Object)) {
        return;
    }
    let uuid = parameter.schema.format.as_deref() == Some("uuid");
    if kind == Some(JsonType::Integer) || uuid {
        let key = op.parameter_key(parameter);
        builder.add(Draft {
            about: &key,
            name: "wraps".to_owned(),
            title: "an item, which is the one that was asked for and no other".to_owned(),
            class: "target:wraps".to_owned(),
            tier: 0,
            promises: vec![format!("parameters.{key}.type"), "http.answers".to_owned()],
            request: Request::Http(builder.context.request(op, None)),
            expect: match unsure_target(builder.context, op) {
                None => Expect::Accepted,
                Some(question) => Expect::Either {
                    question: question.to_owned(),
                    faults: vec![Fault::whole(FaultKind::Parameter)],
                },
            },
            check: Check::Names,
        });
    }
    let sample = builder.context.parameter_text(parameter);
    let Some(first) = sample.chars().next().filter(char::is_ascii) else {
        return;
    };
    let once_more = format!(
        "%{:02x}{}",
        u32::from(first),
        sample.get(1..).unwrap_or_default()
    );
    for (idea, tier, text) in [
        ("capitals", 0, sample.to_uppercase()),
        ("encoded-twice", 0, once_more),
        ("nul-behind", 0, format!("{sample}\0x")),
        ("blank-behind", 1, format!("{sample} ")),
        ("extension", 2, format!("{sample}.json")),
        ("semicolon", 2, format!("{sample};x=1")),
        ("letters-behind", 1, format!("{sample}abc")),
    ] {
        if text == sample {
            continue;
        }
        let typed = match kind {
            Some(JsonType::String) => Value::from(text.as_str()),
            _ => serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.as_str())),
        };
        let request = text
            .strip_prefix(&sample)
            .and_then(|behind| with_behind(builder, parameter, (&sample, behind)));
        let request = request.unwrap_or_else(|| {
            let change = Change::Text(&text);
            builder.context.request_with(op, None, parameter, change)
        });
        let outside_of = (parameter, &typed, text.as_str());
        outside(builder, outside_of, (idea, tier), request, None);
    }
}

/// The plain request with something behind the name that ends its path: a part of its own, so that an
/// item of our own takes the place of the name when it is sent. `None` where the path has the parameter
/// elsewhere too: which of them counts, no document says.
fn with_behind(
    builder: &ExchangeCases<'_, '_>,
    parameter: &Parameter,
    (name, behind): (&str, &str),
) -> Option<HttpRequest> {
    let template = format!("{{{}}}", parameter.name);
    if builder.op.path.matches(&template).count() > 1 {
        return None;
    }
    let mut request = builder.context.request(builder.op, None);
    match request.target.0.as_slice() {
        [Part::Text(path)] if path.ends_with(&format!("/{}", escape(name))) => {}
        _ => return None,
    }
    request.target.0.push(Part::Text(escape(behind)));
    Some(request)
}

/// The path in other spellings. RFC 3986 calls some of them the same and servers differ in all of
/// them: the choice is recorded.
fn paths(builder: &mut ExchangeCases<'_, '_>, op: &Operation) {
    let request = builder.context.request(op, None);
    let Some(Part::Text(whole)) = request.target.0.first() else {
        return;
    };
    let (path, query) = whole.split_at(whole.find('?').unwrap_or(whole.len()));
    let Some((above, last)) = path.rsplit_once('/').filter(|(_, last)| !last.is_empty()) else {
        return;
    };
    let first = last.chars().next().filter(char::is_ascii_alphanumeric);
    let encoded =
        first.map(|c| format!("%{:02X}{}", u32::from(c), last.get(1..).unwrap_or_default()));
    let mut spelt = vec![
        ("slash-behind", 3, format!("{path}/")),
        ("two-slashes", 3, format!("{above}//{last}")),
        ("dot-segment", 3, format!("{above}/./{last}")),
        ("encoded-dots", 3, format!("{above}/x/%2e%2e/{last}")),
        ("capitals", 3, format!("{above}/{}", last.to_uppercase())),
        ("nul-behind", 2, format!("{path}%00")),
        ("broken-percent", 2, format!("{path}%")),
        ("no-utf-8", 2, format!("{path}%FF")),
    ];
    if let Some(encoded) = encoded {
        spelt.push(("encoded-letter", 3, format!("{above}/{encoded}")));
    }
    for (idea, tier, path) in spelt {
        let mut request = request.clone();
        if super::reach::denied(builder.context, &path) || path == whole.as_str() {
            continue;
        }
        if let Some(part) = request.target.0.first_mut() {
            *part = Part::Text(format!("{path}{query}"));
        }
        let question = format!("a path as in {}", shown(&idea.replace('-', " ")));
        let title = format!("the path is {}", shown(&path));
        add(
            builder,
            "path",
            (idea, tier),
            title,
            request,
            Expect::Survived { question },
            Vec::new(),
        );
    }
}

fn add(
    builder: &mut ExchangeCases<'_, '_>,
    about: &str,
    (idea, tier): (&str, u8),
    title: String,
    request: HttpRequest,
    expect: Expect,
    mut promises: Vec<String>,
) {
    promises.push("http.answers".to_owned());
    builder.add(Draft {
        about,
        name: idea.to_owned(),
        title,
        class: format!("target:{idea}"),
        tier,
        promises,
        request: Request::Http(request),
        expect,
        check: Check::Nothing,
    });
}
