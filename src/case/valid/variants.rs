//! The values of one field that the document allows, each worth a request.

use crate::case::bodies::{Bodies, main_type};
use crate::case::constraints::stretched;
use crate::case::mutate::mutants;
use crate::case::unstated::stated_range;
use crate::case::weaken::Checks;
use crate::case::words::mark;
use crate::contract::number::number;
use crate::contract::{self, FieldPath, JsonType, Schema};
use crate::pattern::Assessment;
use serde_json::{Number, Value, json};

/// Most words of an enumeration that are sent: of more, evenly chosen ones, the ends among them.
const MOST_WORDS: usize = 100;

pub(super) fn words(values: &[Value], out: &mut Vec<Variant>) {
    let last = values.len().saturating_sub(1);
    let count = values.len().min(MOST_WORDS);
    let chosen = (0..count).filter_map(|i| values.get(i * last / (count - 1).max(1)));
    for value in chosen {
        let word = value.as_str().map_or(value.to_string(), str::to_owned);
        out.push(Variant::new("enum", format!("value-{word}"), value.clone()));
    }
}

/// One value to be accepted at one field.
#[derive(Clone)]
pub(super) struct Variant {
    pub(super) keyword: &'static str,
    pub(super) name: String,
    pub(super) value: Value,
}

impl Variant {
    pub(super) fn new(keyword: &'static str, name: String, value: Value) -> Variant {
        Variant {
            keyword,
            name,
            value,
        }
    }
}

/// Every value that a field is worth trying with, the most telling first; all surely valid.
pub(super) fn choices(bodies: &Bodies<'_, '_>, path: &FieldPath, schema: &Schema) -> Vec<Variant> {
    let mut all = Vec::new();
    alternatives(bodies, schema, &mut all);
    if let Some(values) = &schema.enum_values {
        words(values, &mut all);
    } else {
        match main_type(schema) {
            Some(JsonType::String) => texts(bodies, path, schema, &mut all),
            Some(JsonType::Integer | JsonType::Number) => inside(path, schema, &mut all),
            Some(JsonType::Boolean) => words(&[json!(true), json!(false)], &mut all),
            Some(JsonType::Array) => sizes(bodies, schema, &mut all),
            _ => {}
        }
    }
    let mut out: Vec<Variant> = Vec::new();
    for choice in all {
        let known = out.iter().any(|c| c.value == choice.value);
        let covered = COVERED.iter().any(|(by, names)| {
            names.contains(&choice.name.as_str()) && out.iter().any(|c| c.name == *by)
        });
        if !known && !covered && bodies.fits(path, &choice.value) {
            out.push(choice);
        }
    }
    out
}

/// Text that a layer of firmware may trim, decode, escape, cut or expand on its way to the store
/// and back; the first that the field's rules allow, then what each layer alone would change.
const TELLING: &[(&str, &str)] = &[
    ("everything", " %41+/&amp;<b>\"q'\\n$HOME é "),
    ("decoded", "%41+&amp;%s"),
    ("expanded", "a%41b%s $HOME $(id)"),
    ("percent", "a%41b%s"),
    ("quoted", "a\"b\\c'd"),
    ("markup", "<b>&lt;"),
    ("blanks", " a  b\tc "),
    ("edges", " a b "),
    ("not-ascii", "Zoë 日本"),
    ("beyond-16-bits", "😀"),
    ("beyond-16-bits-of-three", "a😀b"),
    ("beyond-16-bits-of-eight", "ab😀cd😀ef"),
];

/// Words that some layer takes for something else: a number, nothing, a name whose case does not
/// matter.
const WORDS: &[(&str, &str)] = &[
    ("number-like", "007"),
    ("word-null", "null"),
    ("word-false", "false"),
    ("dotted-capitals", "A.B"),
];

/// What is not sent beside a text that shows as much.
const COVERED: &[(&str, &[&str])] = &[
    (
        "text-everything",
        &[
            "text-decoded",
            "text-expanded",
            "text-percent",
            "text-quoted",
            "text-markup",
            "text-edges",
            "text-not-ascii",
        ],
    ),
    ("text-expanded", &["text-percent"]),
    ("text-blanks", &["text-edges"]),
    (
        "text-beyond-16-bits",
        &[
            "text-beyond-16-bits-of-three",
            "text-beyond-16-bits-of-eight",
        ],
    ),
    (
        "text-beyond-16-bits-of-three",
        &["text-beyond-16-bits-of-eight"],
    ),
];

pub(super) fn texts(
    bodies: &Bodies<'_, '_>,
    path: &FieldPath,
    schema: &Schema,
    out: &mut Vec<Variant>,
) {
    let samples = bodies.samples(path, schema);
    let mut ends: Vec<Variant> = Vec::new();
    for (keyword, idea, length) in [
        ("maxLength", "longest", schema.max_length),
        ("minLength", "shortest", schema.min_length.or(Some(0))),
    ] {
        let length = length
            .and_then(|l| usize::try_from(l).ok())
            .filter(|l| *l <= 4_096);
        let Some(length) = length else { continue };
        let fits = |text: &String| bodies.fits(path, &Value::from(text.as_str()));
        if let Some(text) = stretched(&samples, length).into_iter().find(fits) {
            ends.push(Variant::new(keyword, idea.to_owned(), Value::from(text)));
        }
        // Twice as long in JSON, six times in HTML.
        let quotes = Some("\"".repeat(length)).filter(|text| idea == "longest" && fits(text));
        if let Some(text) = quotes {
            ends.push(Variant::new(
                keyword,
                "longest-escaped".to_owned(),
                Value::from(text),
            ));
        }
    }
    // Blanks count: trimmed, this is too short.
    let least = schema.min_length.and_then(|l| usize::try_from(l).ok());
    if let Some(least) = least.filter(|l| (1..=4_096).contains(l)) {
        let blank = samples
            .iter()
            .map(|s| s.chars().take(least - 1).chain([' ']).collect::<String>())
            .find(|text| bodies.fits(path, &Value::from(text.as_str())));
        if let Some(text) = blank {
            let name = "shortest-with-blank".to_owned();
            ends.push(Variant::new("minLength", name, Value::from(text)));
        }
    }
    out.append(&mut ends);
    let keyword = crate::case::constraints::text_keyword(schema);
    let telling = |(idea, text): &(&str, &str)| {
        Variant::new(keyword, format!("text-{idea}"), Value::from(*text))
    };
    out.extend(TELLING.iter().map(telling));
    let mut more: Vec<(String, String)> = Vec::new();
    if bodies.context.thorough
        && let Some(text) = bodies.text_of(schema)
    {
        let cover = text.valid_cover(60).into_iter();
        more.extend(cover.map(|s| (format!("cover-{}-{}", s.idea, mark(&s.text)), s.text)));
    }
    let cover = samples.iter().skip(1);
    more.extend(cover.map(|text| (format!("cover-{}", mark(text)), text.clone())));
    for sample in samples.iter().take(6) {
        let longer = with_numbers(sample, "255");
        more.push((format!("long-numbers-{}", mark(&longer)), longer));
        // What is invalid for one field is an unusual value of another.
        for mutant in mutants(sample) {
            let name = format!("{}-{}", mutant.idea, mark(&mutant.text));
            more.push((name, mutant.text));
        }
    }
    let sure = |text: &str| {
        let value = Value::from(text);
        contract::assess(schema, &value, bodies.context.texts).certainty == Assessment::SurelyValid
    };
    let mut strings: Vec<String> = Vec::new();
    more.retain(|(_, text)| {
        let keep = !strings.contains(text) && sure(text);
        if keep {
            strings.push(text.clone());
        }
        keep
    });
    // Those that a slightly too strict check refuses come first; the others are the cover's.
    let checks = Checks::of(schema.pattern.as_deref().unwrap_or_default());
    for (at, shows) in checks.order(&strings, true) {
        if let Some((name, text)) = more.get(at)
            && (shows || SENT.iter().any(|sent| name.starts_with(sent)))
        {
            out.push(Variant::new(
                keyword,
                name.clone(),
                Value::from(text.as_str()),
            ));
        }
    }
    out.extend(WORDS.iter().map(telling));
}

/// Variations of samples that are sent where they are valid, whatever they show of the pattern.
const SENT: &[&str] = &["cover-", "long-numbers", "port-behind"];

/// The text with every run of digits replaced.
pub(super) fn with_numbers(text: &str, number: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !inside {
            out.push_str(number);
        }
        inside = c.is_ascii_digit();
    }
    out
}

/// A published range from the inside: its ends, the numbers beside them, and where machine
/// integers end within it.
pub(super) fn inside(path: &FieldPath, schema: &Schema, out: &mut Vec<Variant>) {
    let (low, high) = stated_range(schema, path.leaf());
    let whole = schema.types.contains(&JsonType::Integer);
    let step = schema
        .multiple_of
        .as_ref()
        .and_then(Number::as_f64)
        .unwrap_or(1.0);
    let mut wanted: Vec<(&str, f64)> = Vec::new();
    let exclusive = |b: &Option<crate::contract::Bound>| b.as_ref().is_some_and(|b| b.exclusive);
    let lowest = low.map(|low| {
        if exclusive(&schema.minimum) {
            low + step
        } else {
            low
        }
    });
    let highest = high.map(|high| {
        if exclusive(&schema.maximum) {
            high - step
        } else {
            high
        }
    });
    wanted.extend(highest.map(|at| ("highest", at)));
    wanted.extend(lowest.map(|at| ("lowest", at)));
    for (idea, edge) in [
        ("above-15-bits", 32_768.0),
        ("above-8-bits", 256.0),
        ("above-16-bits", 65_536.0),
        ("above-7-bits", 128.0),
    ] {
        wanted.push((idea, (edge / step).ceil() * step));
    }
    wanted.extend(highest.map(|at| ("highest-but-one", at - step)));
    wanted.extend(lowest.map(|at| ("lowest-but-one", at + step)));
    if !whole {
        wanted.extend(low.map(|low| ("just-inside-low", low + 0.25)));
        wanted.extend(high.map(|high| ("just-inside-high", high - 0.25)));
    }
    for (idea, value) in wanted {
        let Some(value) = number(value) else { continue };
        let keyword = if idea.contains("low") {
            "minimum"
        } else {
            "maximum"
        };
        out.push(Variant::new(keyword, idea.to_owned(), value));
    }
}

pub(super) fn sizes(bodies: &Bodies<'_, '_>, schema: &Schema, out: &mut Vec<Variant>) {
    let least = schema.min_items.unwrap_or(0);
    let most = schema.max_items.unwrap_or(least.max(3)).min(200);
    for (idea, keyword, count) in [
        ("most", "maxItems", most),
        ("fewest", "minItems", least),
        ("two", "maxItems", 2),
    ] {
        let Ok(count) = usize::try_from(count) else {
            continue;
        };
        let items = bodies.items(schema, count);
        if items.len() == count {
            out.push(Variant::new(
                keyword,
                format!("{idea}-items"),
                Value::Array(items),
            ));
        }
    }
}

/// Each alternative of `oneOf` and `anyOf`, and `null` where it is allowed.
pub(super) fn alternatives(bodies: &Bodies<'_, '_>, schema: &Schema, out: &mut Vec<Variant>) {
    let keyword = match schema.one_of.is_empty() {
        true => "anyOf",
        false => "oneOf",
    };
    for (i, value) in bodies
        .choices(schema, schema.alternatives())
        .into_iter()
        .enumerate()
    {
        let value = value.map(|v| Variant::new(keyword, format!("alternative-{i}"), v));
        out.extend(value);
    }
    if schema.types.contains(&JsonType::Null) {
        out.push(Variant::new("type", "null".to_owned(), Value::Null));
    }
}
