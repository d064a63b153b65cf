//! Bodies that are no JSON: forms, multipart, text and octets.

use super::build::{remove, set};
use super::builder::{BodyCases, BodyDraft, WhenOpen};
use super::media;
use super::model::{Case, Check, Context, Expect, Strategy};
use super::parameters::changed_values;
use super::reach::UNSURE_BODY;
use super::words::mark;
use crate::contract::{FieldPath, Format, Operation};
use crate::pattern::Assessment;
use serde_json::{Value, json};

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Forms;

/// What is left open of a body with a file in it: the page does not describe its octets.
const FILE: &str = "whether the content of a file is valid";

impl Strategy for Forms {
    fn name(&self) -> &'static str {
        "forms"
    }

    fn explain(&self) -> &'static str {
        "Form-urlencoded and multipart bodies, text and octets: the smallest and the fullest body \
         that the page allows, each required field absent, words for numbers, values one outside \
         their bounds and lengths, texts beside their pattern. Forms have no types and old \
         parsers: firmware converts them by hand, cuts what is too long and takes what is missing \
         for an empty text."
    }

    fn is_first(&self) -> bool {
        true
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let format = op.body.as_ref().map(|body| body.format);
        if format.is_none_or(Format::is_json) {
            return Vec::new();
        }
        let Some(mut builder) = BodyCases::of_any(context, op, self.name()) else {
            return Vec::new();
        };
        wholes(&mut builder);
        match format {
            Some(Format::Form | Format::Multipart) => {
                absences(&mut builder);
                values(&mut builder);
                if format == Some(Format::Multipart) {
                    without_parts(&mut builder);
                }
            }
            _ => whole_values(&mut builder),
        }
        builder.into_cases()
    }
}

/// One body, sent where its format can hold it.
fn send(
    builder: &mut BodyCases<'_, '_>,
    field: &FieldPath,
    (name, title, tier): (String, String, u8),
    class: String,
    body: Value,
) {
    let Some(octets) = builder.context.encoded(builder.op, &body) else {
        return;
    };
    let certainty = builder.bodies.assess(&body).certainty;
    let required = builder.op.body.as_ref().is_some_and(|body| body.required);
    if octets.is_empty() && !required && certainty != Assessment::SurelyValid {
        // A form without fields is no octet: the body that may be absent is.
        return;
    }
    let file = builder
        .bodies
        .fields()
        .iter()
        .any(|f| media::is_file(f.schema))
        || media::is_file(builder.bodies.schema);
    let nearest = !builder.bodies.sure && name == "full";
    builder.add_body(BodyDraft {
        field,
        keyword: "type",
        name,
        title,
        class,
        tier,
        body,
        bytes: Some(octets),
        when_open: match nearest {
            true => WhenOpen::Ask(UNSURE_BODY),
            false => WhenOpen::Drop,
        },
    });
    if file
        && certainty == Assessment::SurelyValid
        && let Some(mut case) = builder.take()
    {
        case.expect = Expect::Either {
            question: FILE.to_owned(),
            faults: Vec::new(),
        };
        case.check = Check::Nothing;
        builder.push(case);
    }
}

fn wholes(builder: &mut BodyCases<'_, '_>) {
    let root = FieldPath::root();
    let bodies = [
        (
            "minimal",
            "required fields only",
            builder.bodies.minimal.clone(),
        ),
        ("full", "every field", builder.bodies.full.clone()),
        (
            "second",
            "every field, with other values",
            builder.bodies.second.clone(),
        ),
    ];
    for (name, title, body) in bodies {
        let words = (name.to_owned(), title.to_owned(), 0);
        send(builder, &root, words, format!("valid:{name}"), body);
    }
}

/// Each required field absent, and all of them.
fn absences(builder: &mut BodyCases<'_, '_>) {
    let fields = builder.bodies.fields().into_iter();
    let required: Vec<FieldPath> = fields
        .filter(|f| f.required && f.path.0.len() == 1)
        .map(|f| f.path)
        .collect();
    for path in &required {
        if let Some(body) = remove(&builder.bodies.other, path) {
            let words = ("absent".to_owned(), format!("{path} is absent"), 0);
            send(builder, path, words, "absent".to_owned(), body);
        }
    }
    if !required.is_empty() {
        let words = ("empty".to_owned(), "the form is empty".to_owned(), 0);
        let root = FieldPath::root();
        send(builder, &root, words, "absent".to_owned(), json!({}));
    }
}

/// Each field with values near its own.
fn values(builder: &mut BodyCases<'_, '_>) {
    let fields: Vec<_> = builder
        .bodies
        .fields()
        .into_iter()
        .filter(|f| f.path.0.len() == 1 && !media::is_file(f.schema))
        .map(|f| (f.path.clone(), f.schema.clone()))
        .collect();
    for (path, rules) in fields {
        let Some(sample) = builder.bodies.sample(&path) else {
            continue;
        };
        for (idea, tier, value) in changed_values(builder.context, &rules, &sample, true) {
            // An empty text may count as absent.
            if value == "" {
                continue;
            }
            let title = format!("{path} is {value}");
            let name = format!("{idea}-{}", mark(&value.to_string()));
            let Some(body) = set(&builder.bodies.other, &path, value) else {
                continue;
            };
            send(
                builder,
                &path,
                (name, title, tier),
                format!("value:{idea}"),
                body,
            );
        }
    }
}

/// A text that breaks the rules of the body as a whole.
fn whole_values(builder: &mut BodyCases<'_, '_>) {
    let root = FieldPath::root();
    if media::is_file(builder.bodies.schema) {
        return;
    }
    for (idea, tier, value) in changed_values(
        builder.context,
        builder.bodies.schema,
        &builder.bodies.other,
        true,
    ) {
        if value == "" {
            continue;
        }
        let title = format!("the body is {value}");
        let name = format!("{idea}-{}", mark(&value.to_string()));
        send(
            builder,
            &root,
            (name, title, tier),
            format!("value:{idea}"),
            value,
        );
    }
}

/// No boundary in the body, so that it has no part (RFC 2046 §5.1.1). Where no part has to be there,
/// a reader that finds none may go on.
fn without_parts(builder: &mut BodyCases<'_, '_>) {
    if builder.bodies.schema.required.is_empty() {
        return;
    }
    builder.add_body(BodyDraft {
        field: &FieldPath::root(),
        keyword: "required",
        name: "no-boundary".to_owned(),
        title: "the body has no boundary and so no part".to_owned(),
        class: "multipart:no-boundary".to_owned(),
        tier: 1,
        body: json!({}),
        bytes: Some(b"probity".to_vec()),
        when_open: WhenOpen::Drop,
    });
}
