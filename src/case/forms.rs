//! Bodies that are no JSON: forms, multipart, text and octets.

use super::build::{remove, set};
use super::draft::{Scene, Sketch, UNSURE_BODY, WhenOpen, mark};
use super::media;
use super::model::{Case, Check, Context, Expect, Strategy};
use super::parameters::changed_values;
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
        let Some(mut scene) = Scene::of_any(context, op, self.name()) else {
            return Vec::new();
        };
        wholes(&mut scene);
        match format {
            Some(Format::Form | Format::Multipart) => {
                absences(&mut scene);
                values(&mut scene);
                if format == Some(Format::Multipart) {
                    without_parts(&mut scene);
                }
            }
            _ => whole_values(&mut scene),
        }
        scene.into_cases()
    }
}

/// One body, sent where its format can hold it.
fn send(
    scene: &mut Scene<'_, '_>,
    field: &FieldPath,
    (name, title, tier): (String, String, u8),
    class: String,
    body: Value,
) {
    let Some(octets) = scene.context.encoded(scene.op, &body) else {
        return;
    };
    let certainty = scene.assess(&body).certainty;
    let required = scene.op.body.as_ref().is_some_and(|body| body.required);
    if octets.is_empty() && !required && certainty != Assessment::SurelyValid {
        // A form without fields is no octet: the body that may be absent is.
        return;
    }
    let file =
        scene.fields().iter().any(|f| media::is_file(f.schema)) || media::is_file(scene.schema);
    let nearest = !scene.sure && name == "full";
    scene.add(Sketch {
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
        && let Some(mut case) = scene.take()
    {
        case.expect = Expect::Either {
            question: FILE.to_owned(),
            faults: Vec::new(),
        };
        case.check = Check::Nothing;
        scene.push(case);
    }
}

fn wholes(scene: &mut Scene<'_, '_>) {
    let root = FieldPath::root();
    let bodies = [
        ("minimal", "required fields only", scene.minimal.clone()),
        ("full", "every field", scene.full.clone()),
        (
            "second",
            "every field, with other values",
            scene.second.clone(),
        ),
    ];
    for (name, title, body) in bodies {
        let words = (name.to_owned(), title.to_owned(), 0);
        send(scene, &root, words, format!("valid:{name}"), body);
    }
}

/// Each required field absent, and all of them.
fn absences(scene: &mut Scene<'_, '_>) {
    let fields = scene.fields().into_iter();
    let required: Vec<FieldPath> = fields
        .filter(|f| f.required && f.path.0.len() == 1)
        .map(|f| f.path)
        .collect();
    for path in &required {
        if let Some(body) = remove(&scene.other, path) {
            let words = ("absent".to_owned(), format!("{path} is absent"), 0);
            send(scene, path, words, "absent".to_owned(), body);
        }
    }
    if !required.is_empty() {
        let words = ("empty".to_owned(), "the form is empty".to_owned(), 0);
        let root = FieldPath::root();
        send(scene, &root, words, "absent".to_owned(), json!({}));
    }
}

/// Each field with values near its own.
fn values(scene: &mut Scene<'_, '_>) {
    let fields: Vec<_> = scene
        .fields()
        .into_iter()
        .filter(|f| f.path.0.len() == 1 && !media::is_file(f.schema))
        .map(|f| (f.path.clone(), f.schema.clone()))
        .collect();
    for (path, rules) in fields {
        let Some(sample) = scene.sample(&path) else {
            continue;
        };
        for (idea, tier, value) in changed_values(scene.context, &rules, &sample, true) {
            // An empty text may count as absent.
            if value == "" {
                continue;
            }
            let title = format!("{path} is {value}");
            let name = format!("{idea}-{}", mark(&value.to_string()));
            let Some(body) = set(&scene.other, &path, value) else {
                continue;
            };
            send(
                scene,
                &path,
                (name, title, tier),
                format!("value:{idea}"),
                body,
            );
        }
    }
}

/// A text that breaks the rules of the body as a whole.
fn whole_values(scene: &mut Scene<'_, '_>) {
    let root = FieldPath::root();
    if media::is_file(scene.schema) {
        return;
    }
    for (idea, tier, value) in changed_values(scene.context, scene.schema, &scene.other, true) {
        if value == "" {
            continue;
        }
        let title = format!("the body is {value}");
        let name = format!("{idea}-{}", mark(&value.to_string()));
        send(
            scene,
            &root,
            (name, title, tier),
            format!("value:{idea}"),
            value,
        );
    }
}

/// No boundary in the body, so that it has no part (RFC 2046 §5.1.1). Where no part has to be there,
/// a reader that finds none may go on.
fn without_parts(scene: &mut Scene<'_, '_>) {
    if scene.schema.required.is_empty() {
        return;
    }
    scene.add(Sketch {
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
