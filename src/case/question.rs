//! One string in an otherwise valid body, asked while the run goes on: which string comes next
//! depends on what the device answered before.

use super::builder::{BodyCases, BodyDraft, WhenOpen};
use super::constraints::text_keyword;
use super::identity::CaseId;
use super::model::{Case, Check, Context, Expect};
use super::words::{mark, shown};
use crate::contract::{FieldPath, Operation, Schema};
use crate::exchange::{Request, Template};
use crate::pattern::surely_not;
use serde_json::Value;

/// Name of the strategy in the ids of such cases.
pub const QUESTIONS: &str = "readings";

/// What is left open about a string that readings of its rule judge differently.
pub const HOW_READ: &str = "how a string rule is to be read";

/// What is left open about a text that is none of its field's format.
pub(super) const HELD: &str = "whether texts are held against their format";

/// The case that asks whether the device takes `text` in a field. What the page says of it counts
/// as for any other case: a string that every reading allows must be accepted, one that none allows
/// refused, in between either will do. `None` where no body has the field, or where the operation
/// must not be called.
pub fn question(
    context: &Context<'_>,
    op: &Operation,
    path: &FieldPath,
    text: &str,
) -> Option<Case> {
    // No question is worth an operation that the document says acts.
    if op.acts == Some(true) {
        return None;
    }
    let mut builder = BodyCases::of(context, op, QUESTIONS)?;
    let fields = builder.bodies.fields();
    let keyword = fields.iter().find(|f| f.path == *path)?;
    let keyword = text_keyword(keyword.schema);
    let body = builder.bodies.with(path, Value::from(text))?;
    builder.add_body(BodyDraft {
        field: path,
        keyword,
        name: format!("ask-{}", mark(text)),
        title: format!("{path} is {}", shown(text)),
        class: format!("{keyword}:reading"),
        tier: 0,
        body,
        bytes: None,
        // What a device takes it has to keep, whether the page allows it or not. Blanks at the ends
        // and what is not printed may be brought into a form on the way.
        when_open: match text.trim() == text && text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            true => WhenOpen::AskAndRead(HOW_READ),
            false => WhenOpen::Ask(HOW_READ),
        },
    });
    builder.take()
}

/// [`question`] whether the device takes a text that is surely none of the field's format; `None` where
/// the document leaves nothing open about it. Nothing is said of what becomes of it.
pub fn format_question(
    context: &Context<'_>,
    op: &Operation,
    path: &FieldPath,
    text: &str,
) -> Option<Case> {
    let mut case = question(context, op, path, text)?;
    let Expect::Either { question, .. } = &mut case.expect else {
        return None;
    };
    // Whatever else is left open (where the request goes, what the body names) is the same for all texts
    // of a field: one that is taken has answered it.
    *question = HELD.to_owned();
    case.check = match case.check {
        Check::ReadsBack(_) => Check::Unchanged,
        other => other,
    };
    Some(case)
}

/// A [`format_question`] of a device that holds the field against its format: it must refuse the text.
pub fn format_demand(question: &Case) -> Option<Case> {
    let Expect::Either { faults, .. } = &question.expect else {
        return None;
    };
    let mut case = question.clone();
    case.id = CaseId::known(format!("{}-again", question.id));
    case.expect = Expect::Refused {
        faults: faults.clone(),
    };
    Some(case)
}

/// The texts that are surely none of a field's format and that checks by hand let through, the most common
/// mistakes first; nothing where a pattern or words say more.
pub fn format_misses(schema: &Schema) -> Vec<&'static str> {
    let format = schema.format.as_deref().unwrap_or_default();
    let near = super::formats::near(schema).iter().map(|(_, text)| *text);
    near.filter(|text| surely_not(format, text)).collect()
}

/// The case that writes a state as the device shows it, to where it shows it: a device that accepts
/// this has to show it again. `None` where the document does not surely allow that state.
pub fn as_it_stands(
    context: &Context<'_>,
    op: &Operation,
    (target, state): &(Template, Value),
) -> Option<Case> {
    let mut builder = BodyCases::of_any(context, op, "state")?;
    builder.add_body(BodyDraft {
        field: &FieldPath::root(),
        keyword: "type",
        name: "as-it-stands".to_owned(),
        title: "the state is written back as it was read".to_owned(),
        class: "as-it-stands".to_owned(),
        tier: 0,
        body: state.clone(),
        bytes: None,
        when_open: WhenOpen::Drop,
    });
    let mut case = builder.take()?;
    if case.expect != Expect::Accepted || !matches!(case.check, Check::ReadsBack(_)) {
        return None;
    }
    if let Request::Http(http) = &mut case.request {
        http.target = target.clone();
    }
    Some(case)
}
