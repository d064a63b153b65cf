//! A three-valued validator: what every plausible reading of a schema says of a value. Surely
//! valid: all rules hold under every reading. Surely invalid: some rule is broken under every
//! reading. Everything else is open.
//!
//! Left open although JSON Schema 2020-12 decides it, because devices that read a page do not agree
//! and the page says nothing:
//!
//! - `5060.0` where an integer is asked for (§6.1.1), integers beyond 32 bits and negative ones
//!   where no bound is stated;
//! - members that no schema names where `additionalProperties` is not stated;
//! - a value of another type where keywords for objects, arrays, strings or numbers are stated and
//!   `type` is not;
//! - strings between two readings of a pattern, lengths in bytes, UTF-16 units or code points,
//!   multiples that binary fractions blur;
//! - values that the schema itself shows as example or default and forbids by another rule, or of
//!   which its description says what they are taken for ([`Schema::excused`]);
//! - values under keywords that could not be read ([`Schema::unchecked`]).
//!
//! Annotations are no rules: a format that nobody here knows, a discriminator that names no
//! alternative, an encoding that does not decode leave a value open as a *hint* only
//! ([`Violation::hint`]): it may be sent, and whatever the answer is accuses nobody.
//!
//! A second validator ([`super::second`]) is asked about whole bodies, parameters and answers: where
//! it does not agree with what is sure here, nothing is.

mod array;
mod evaluated;
mod object;
mod scalar;

use super::merge::same;
use super::model::*;
use super::schema::about;
use super::second::Opinion;
use probity_pattern::{Assessment, Texts};
use scalar::is_a;
use serde_json::Value;
use std::cell::Cell;
use std::rc::Rc;

/// What is wrong, or may be wrong, with one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What kind of fault an error answer would call it.
    pub kind: FaultKind,
    /// The field at fault; of arrays the first item is named whatever the index.
    pub path: FieldPath,
    /// The keyword that is broken.
    pub keyword: &'static str,
    /// Whether every plausible reading says so; `false`: readings differ.
    pub certain: bool,
    /// Whether it is no rule but an annotation that may mean something to the device.
    pub hint: bool,
}

/// The result of [`assess`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessed {
    /// What all readings say together.
    pub certainty: Assessment,
    /// What is or may be wrong, in the order of the schema.
    pub faults: Vec<Violation>,
}

impl Assessed {
    /// Whether the value keeps every rule and only an annotation (an unknown `format`, say) may
    /// mean more: worth sending where nothing surely valid is known, with any answer expected.
    pub fn is_hinted(&self) -> bool {
        !self.faults.is_empty() && self.faults.iter().all(|f| f.hint)
    }

    /// Whether the value is surely valid, or but for annotations.
    pub fn is_sendable(&self) -> bool {
        self.certainty == Assessment::SurelyValid || self.is_hinted()
    }
}

/// Assesses a value under a schema. `texts` holds the readings of the contract's string rules. Of
/// a body, a parameter and an answer, the second validator has a say, too.
pub fn assess(schema: &Schema, value: &Value, texts: &Texts) -> Assessed {
    let mut ours = assess_alone(schema, value, texts);
    let Some(opinion) = schema.validator.opinion(value) else {
        return ours;
    };
    match (ours.certainty, opinion) {
        (Assessment::SurelyValid, Opinion::Invalid) => {
            ours.certainty = Assessment::Open;
            ours.faults.push(Violation {
                kind: FaultKind::Constraint,
                path: FieldPath::root(),
                keyword: "schema",
                certain: false,
                hint: false,
            });
        }
        (Assessment::SurelyInvalid, Opinion::Valid) => {
            // The other knows of formats and of damaged patterns nothing, of lengths code points.
            let of_text = |f: &Violation| {
                matches!(f.keyword, "pattern" | "format" | "minLength" | "maxLength")
            };
            for fault in &mut ours.faults {
                fault.certain &= of_text(fault);
            }
            if !ours.faults.iter().any(|f| f.certain) {
                ours.certainty = Assessment::Open;
            }
        }
        (Assessment::Open, Opinion::Invalid) => ours.faults.iter_mut().for_each(|f| f.hint = false),
        _ => {}
    }
    ours
}

/// [`assess`] without the second validator.
pub fn assess_alone(schema: &Schema, value: &Value, texts: &Texts) -> Assessed {
    Assessor::new(texts).run(schema, value, &FieldPath::root(), &[])
}

/// [`assess_alone`] that does not excuse what the schema itself shows; for [`mod@super::lint`].
pub(crate) fn assess_shown(schema: &Schema, value: &Value, texts: &Texts) -> Assessed {
    let mut assessor = Assessor::new(texts);
    assessor.strict = true;
    assessor.run(schema, value, &FieldPath::root(), &[])
}

/// Most schemas that are asked about one value, alternatives counted each time.
const MOST_STEPS: usize = 200_000;
/// Keywords that a value breaks which lies beyond its bounds, and which the nearest one within them keeps.
pub const BOUNDS: [&str; 5] = ["minimum", "maximum", "multipleOf", "minLength", "maxLength"];
/// Deepest value that is looked into.
const DEEPEST: usize = 128;

struct Assessor<'t> {
    texts: &'t Texts,
    faults: Vec<Violation>,
    /// While set, what is found is not certain.
    blurred: bool,
    /// Whether values that the schema shows are judged like others.
    strict: bool,
    steps: Rc<Cell<usize>>,
}

impl<'t> Assessor<'t> {
    fn new(texts: &'t Texts) -> Self {
        Assessor {
            texts,
            faults: Vec::new(),
            blurred: false,
            strict: false,
            steps: Rc::default(),
        }
    }

    /// What a part says by itself.
    fn ask(
        &self,
        schema: &Schema,
        value: &Value,
        path: &FieldPath,
        around: &[&Schema],
    ) -> Assessed {
        let inner = Assessor {
            texts: self.texts,
            faults: Vec::new(),
            blurred: false,
            strict: self.strict,
            steps: Rc::clone(&self.steps),
        };
        inner.run(schema, value, path, around)
    }

    fn run(
        mut self,
        schema: &Schema,
        value: &Value,
        path: &FieldPath,
        around: &[&Schema],
    ) -> Assessed {
        self.value(schema, value, path, around);
        let faults = self.faults;
        let certainty = if faults.is_empty() {
            Assessment::SurelyValid
        } else if faults.iter().any(|f| f.certain) {
            Assessment::SurelyInvalid
        } else {
            Assessment::Open
        };
        Assessed { certainty, faults }
    }

    /// An annotation that may mean more than it says.
    fn hint(&mut self, path: &FieldPath, keyword: &'static str) {
        self.faults.push(Violation {
            kind: FaultKind::Constraint,
            path: path.clone(),
            keyword,
            certain: false,
            hint: true,
        });
    }

    fn fault(&mut self, kind: FaultKind, path: &FieldPath, keyword: &'static str, certain: bool) {
        self.faults.push(Violation {
            kind,
            path: path.clone(),
            keyword,
            certain: certain && !self.blurred,
            hint: false,
        });
    }

    /// `around`: schemas that hold for the same value (of which this one is a part), the outermost
    /// first.
    fn value(&mut self, schema: &Schema, value: &Value, path: &FieldPath, around: &[&Schema]) {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MOST_STEPS || path.0.len() > DEEPEST {
            self.fault(FaultKind::Constraint, path, "schema", false);
            return;
        }
        let again = |s: &&Schema| !s.pointer.is_empty() && s.pointer == schema.pointer;
        if schema.may_loop && around.iter().any(again) {
            // It leads to itself for the same value, which JSON Schema leaves undefined (2020-12
            // §9.4.1); what else holds for the value decides.
            self.hint(path, "$ref");
            return;
        }
        let was = self.blurred;
        let shown = !self.strict && schema.examples.iter().any(|shown| same(shown, value));
        // Of an object the words may be meant of members.
        let whole = schema.types.iter().all(|t| *t != JsonType::Object) && !value.is_object();
        let otherwise = !self.strict && self.may_be_read_otherwise(schema, value, path);
        self.blurred |= shown || otherwise || schema.excused && whole && !self.strict;
        let first = self.faults.len();
        self.rules(schema, value, path, around);
        self.blurred = was;
        if schema.clamped && !self.strict {
            let beyond =
                |fault: &&mut Violation| fault.path == *path && BOUNDS.contains(&fault.keyword);
            let faults = self.faults.iter_mut().skip(first).filter(beyond);
            faults.for_each(|fault| fault.certain = false);
        }
    }

    /// Whether the document says that a text is read in another form than it is written ("not
    /// case-sensitive", "blanks are removed"), and that one keeps the rules.
    fn may_be_read_otherwise(&mut self, schema: &Schema, value: &Value, path: &FieldPath) -> bool {
        let Some(text) = value.as_str().filter(|_| !schema.stored.is_empty()) else {
            return false;
        };
        let first = self.faults.len();
        let forms = crate::stored::read_as(&schema.stored, text);
        forms.into_iter().any(|form| {
            self.string(schema, &form, path);
            let kept = self.faults.len() == first;
            self.faults.truncate(first);
            let form = Value::String(form);
            let mut listed = schema.enum_values.iter().flatten().peekable();
            kept && (listed.peek().is_none() || listed.any(|v| same(v, &form)))
        })
    }

    fn rules(&mut self, schema: &Schema, value: &Value, path: &FieldPath, around: &[&Schema]) {
        if !self.type_fits(schema, value, path) {
            return; // no other rule is about a value of a type that is not allowed
        }
        if let Some(values) = &schema.enum_values
            && !values.iter().any(|v| same(v, value))
        {
            // `nullable` beside an `enum` without null: OpenAPI 3.0.4 says no, tools say yes.
            let sure = !(value.is_null() && schema.types.contains(&JsonType::Null));
            self.fault(FaultKind::Constraint, path, "enum", sure);
        }
        if let Some(constant) = &schema.const_value
            && !same(constant, value)
        {
            self.fault(FaultKind::Constraint, path, "const", true);
        }
        match value {
            Value::String(text) => self.string(schema, text, path),
            Value::Number(number) => self.number(schema, number, path),
            Value::Array(items) => self.array(schema, items, path, around),
            Value::Object(members) => self.object(schema, members, path, around),
            Value::Null | Value::Bool(_) => {}
        }
        self.combined(schema, value, path, around);
        let of_type = type_of(value);
        for keyword in &schema.unchecked {
            let fits = about(keyword).is_none_or(|t| is_a(of_type, t) && t != JsonType::Null);
            if fits {
                self.fault(FaultKind::Constraint, path, "schema", false);
            }
        }
    }

    fn combined(&mut self, schema: &Schema, value: &Value, path: &FieldPath, around: &[&Schema]) {
        let mut inner: Vec<&Schema> = around.to_vec();
        inner.push(schema);
        for part in &schema.all_of {
            self.value(part, value, path, &inner);
        }
        for (keyword, list) in [("anyOf", &schema.any_of), ("oneOf", &schema.one_of)] {
            if list.is_empty() {
                continue;
            }
            let all: Vec<Assessed> = list
                .iter()
                .map(|s| self.ask(s, value, path, &inner))
                .collect();
            let of = |what| all.iter().filter(|a| a.certainty == what).count();
            let valid = of(Assessment::SurelyValid);
            let invalid = of(Assessment::SurelyInvalid);
            let hinted = all.iter().filter(|a| a.is_hinted()).count();
            let (kept, hinted, broken) = if keyword == "anyOf" {
                (valid > 0, hinted > 0, invalid == all.len())
            } else {
                let others = all.len() - 1;
                let one = valid == 1 && invalid == others;
                let hinted = hinted == 1 && invalid == others;
                (one, hinted, valid > 1 || invalid == all.len())
            };
            if kept {
                continue;
            }
            if hinted {
                let hints = all.into_iter().filter(Assessed::is_hinted);
                self.faults.extend(hints.flat_map(|a| a.faults));
                continue;
            }
            self.alternatives(all, path, keyword, broken, value);
        }
        if let Some(not) = &schema.not {
            let inside = self.ask(not, value, path, &inner);
            match inside.certainty {
                Assessment::SurelyValid => self.fault(FaultKind::Constraint, path, "not", true),
                Assessment::Open => self.fault(FaultKind::Constraint, path, "not", false),
                Assessment::SurelyInvalid => {}
            }
        }
        self.conditional(schema, value, path, &inner);
    }

    /// `if`, `then`, `else`: where it is not clear whether the condition holds, what either says
    /// is not certain, unless both say it.
    fn conditional(
        &mut self,
        schema: &Schema,
        value: &Value,
        path: &FieldPath,
        around: &[&Schema],
    ) {
        let Some(condition) = &schema.if_schema else {
            return;
        };
        let holds = self.ask(condition, value, path, around).certainty;
        let mut branches: Vec<(&'static str, &SchemaRef)> = Vec::new();
        if holds != Assessment::SurelyInvalid {
            branches.extend(schema.then_schema.as_ref().map(|s| ("then", s)));
        }
        if holds != Assessment::SurelyValid {
            branches.extend(schema.else_schema.as_ref().map(|s| ("else", s)));
        }
        let was = self.blurred;
        self.blurred |= holds == Assessment::Open;
        for (keyword, branch) in branches {
            let inside = self.ask(branch, value, path, around);
            if inside.is_hinted() {
                self.faults.extend(inside.faults);
            } else if inside.certainty != Assessment::SurelyValid {
                let sure = inside.certainty == Assessment::SurelyInvalid;
                self.fault(FaultKind::Constraint, path, keyword, sure);
                self.possible(inside.faults);
            }
        }
        self.blurred = was;
    }

    /// None or too many alternatives fit, or it is not clear. A device that knows which one was
    /// meant may name what is wrong inside it.
    fn alternatives(
        &mut self,
        all: Vec<Assessed>,
        path: &FieldPath,
        keyword: &'static str,
        certain: bool,
        value: &Value,
    ) {
        let of_wrong_type = |a: &Assessed| {
            a.faults
                .iter()
                .any(|f| f.keyword == "type" && f.path == *path && f.certain)
        };
        let kind = match (all.iter().all(of_wrong_type), path.0.is_empty()) {
            (true, true) => FaultKind::WrongRoot,
            (true, false) if value.is_null() => FaultKind::Null,
            (true, false) => FaultKind::WrongType,
            (false, _) => FaultKind::Constraint,
        };
        self.fault(kind, path, keyword, certain);
        if kind != FaultKind::Constraint {
            // A device may as well call it what it is: a broken `oneOf`, a rule like another.
            self.fault(FaultKind::Constraint, path, keyword, false);
        }
        self.possible(all.into_iter().flat_map(|a| a.faults).collect());
    }

    /// What a device may name instead of the keyword around it.
    fn possible(&mut self, faults: Vec<Violation>) {
        for fault in faults {
            let fault = Violation {
                certain: false,
                hint: false,
                ..fault
            };
            if !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
    }
}

/// The type that the stated keywords are about, where it is one.
fn implied(schema: &Schema) -> Option<JsonType> {
    let object = !schema.properties.is_empty()
        || !schema.required.is_empty()
        || !schema.pattern_properties.is_empty()
        || schema.min_properties.is_some()
        || schema.max_properties.is_some()
        || schema.additional != Additional::Unstated;
    let array = schema.items.is_some()
        || !schema.prefix_items.is_empty()
        || schema.contains.is_some()
        || schema.min_items.is_some()
        || schema.max_items.is_some();
    let string =
        schema.pattern.is_some() || schema.min_length.is_some() || schema.max_length.is_some();
    let number =
        schema.minimum.is_some() || schema.maximum.is_some() || schema.multiple_of.is_some();
    match (object, array, string, number) {
        (true, false, false, false) => Some(JsonType::Object),
        (false, true, false, false) => Some(JsonType::Array),
        (false, false, true, false) => Some(JsonType::String),
        (false, false, false, true) => Some(JsonType::Number),
        _ => None,
    }
}

fn type_of(value: &Value) -> JsonType {
    match value {
        Value::Null => JsonType::Null,
        Value::Bool(_) => JsonType::Boolean,
        Value::Number(n) if n.is_f64() => JsonType::Number,
        Value::Number(_) => JsonType::Integer,
        Value::String(_) => JsonType::String,
        Value::Array(_) => JsonType::Array,
        Value::Object(_) => JsonType::Object,
    }
}
