//! Builds bodies and requests from a contract: the surely valid body that every case starts from,
//! changes at one place of it, the bytes on the wire, credentials by name, ids of cases. Every
//! strategy uses this and nothing else to make requests. May import what [`crate::case`] may.

use super::model::Context;
use super::unstated;
use crate::contract::{
    self, Bound, FieldPath, JsonType, Operation, Parameter, Place, Schema, SecurityScheme, Step,
};
use crate::exchange::{HttpRequest, Part, Secret, Template};
use crate::pattern::Assessment;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Number, Value};

/// Octets that stay as they are in a path segment, a query value or a cookie value made by us:
/// the unreserved characters of RFC 3986 §2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Which optional members a built body holds.
enum Members<'p> {
    /// Required ones only. A required object that marks none of its members as required gets all
    /// of them: an empty object is the least certain of all its valid forms.
    Required,
    /// All.
    All,
    /// Required ones, and whatever lies on the way to this field.
    Holding(&'p FieldPath),
}

impl Members<'_> {
    fn holds(&self, path: &FieldPath, required: bool, only_optional_siblings: bool) -> bool {
        match self {
            Members::All => true,
            Members::Required => required || only_optional_siblings,
            Members::Holding(target) => {
                required || only_optional_siblings || target.0.starts_with(&path.0)
            }
        }
    }
}

impl Context<'_> {
    /// A minimal body of the operation: required members only, plus all members of a required
    /// object that marks none as required. `None` where the operation takes no body or where no
    /// body is surely valid.
    pub fn base(&self, op: &Operation) -> Option<Value> {
        self.sure(op, &Members::Required)
    }

    /// A body with every member (`readOnly` ones excepted, OpenAPI 3.0.4 §4.7.24.2). `None` as for
    /// [`Context::base`].
    pub fn full(&self, op: &Operation) -> Option<Value> {
        self.sure(op, &Members::All)
    }

    /// A minimal body in which `field` is present, whatever optional parents it has. `None` as for
    /// [`Context::base`].
    pub fn base_with(&self, op: &Operation, field: &FieldPath) -> Option<Value> {
        let body = self.sure(op, &Members::Holding(field))?;
        get(&body, field).is_some().then_some(body)
    }

    /// One value that `schema` allows, required members only, surely valid; `None` where there is
    /// none that could be found.
    pub fn value(&self, schema: &Schema) -> Option<Value> {
        self.build(schema, &FieldPath::root(), &Members::Required, 0)
            .filter(|v| self.assess(schema, v) == Assessment::SurelyValid)
    }

    /// [`Context::full`] with other values as far as the rules have them: a different `nth` gives
    /// different values.
    pub fn full_nth(&self, op: &Operation, nth: usize) -> Option<Value> {
        let schema = &op.body.as_ref()?.schema;
        self.build(schema, &FieldPath::root(), &Members::All, nth)
            .filter(|v| self.assess(schema, v) == Assessment::SurelyValid)
    }

    /// Up to `count` items for an array, different from each other as far as the rules have values.
    pub fn items(&self, array: &Schema, count: usize) -> Vec<Value> {
        let none = Schema::default();
        let item = array.items.as_deref().unwrap_or(&none);
        let mut out: Vec<Value> = Vec::new();
        for nth in 0..count {
            let value = if *item == none {
                Some(Value::from(nth))
            } else {
                self.build(item, &FieldPath::root(), &Members::Required, nth)
            };
            match value {
                Some(value) if !(array.unique_items && out.contains(&value)) => out.push(value),
                Some(_) if array.unique_items => {}
                _ => match out.first().cloned() {
                    Some(first) if !array.unique_items => out.push(first),
                    _ => {}
                },
            }
        }
        out
    }

    /// A value of one alternative of `oneOf` or `anyOf`, with what the schema itself asks for.
    pub fn choice(&self, schema: &Schema, alternative: &Schema) -> Option<Value> {
        let root = FieldPath::root();
        let mut own = schema.clone();
        own.one_of.clear();
        own.any_of.clear();
        let value = merge(
            self.build(alternative, &root, &Members::All, 0),
            self.build(&own, &root, &Members::All, 0),
        );
        value.filter(|v| self.assess(schema, v) == Assessment::SurelyValid)
    }

    fn sure(&self, op: &Operation, members: &Members<'_>) -> Option<Value> {
        let schema = &op.body.as_ref()?.schema;
        self.build(schema, &FieldPath::root(), members, 0)
            .filter(|v| self.assess(schema, v) == Assessment::SurelyValid)
    }

    /// What all plausible readings of a schema say of a value, and whether it keeps to limits that
    /// pages do not state.
    fn assess(&self, schema: &Schema, value: &Value) -> Assessment {
        let certainty = contract::assess(schema, value, self.texts).certainty;
        if certainty == Assessment::SurelyValid && unstated::exceeded(schema, None, value).is_some()
        {
            return Assessment::Open;
        }
        certainty
    }

    /// The `nth` of the values that can be built; different `nth` give different values as far as
    /// the schema has them.
    fn build(
        &self,
        schema: &Schema,
        at: &FieldPath,
        members: &Members<'_>,
        nth: usize,
    ) -> Option<Value> {
        if let Some(value) = &schema.const_value {
            return Some(value.clone());
        }
        if let Some(values) = &schema.enum_values {
            let fits =
                |v: &&Value| schema.types.is_empty() || schema.types.iter().any(|t| is_type(v, *t));
            let values: Vec<&Value> = values.iter().filter(fits).collect();
            return values.get(nth % values.len().max(1)).map(|v| (*v).clone());
        }
        let alternatives = if schema.one_of.is_empty() {
            &schema.any_of
        } else {
            &schema.one_of
        };
        let own = self.build_own(schema, at, members, nth);
        if alternatives.is_empty() && schema.all_of.is_empty() {
            return own;
        }
        let mut found = None;
        let no_choice = [Schema::default()];
        let choices: &[Schema] = if alternatives.is_empty() {
            &no_choice
        } else {
            alternatives
        };
        for choice in choices {
            let mut value = own.clone();
            for part in std::iter::once(choice).chain(&schema.all_of) {
                if *part == Schema::default() {
                    continue;
                }
                let other = self.build(part, at, members, nth);
                value = merge(value, other);
            }
            match &value {
                Some(v) if self.assess(schema, v) == Assessment::SurelyValid => return value,
                Some(_) if found.is_none() => found = value,
                _ => {}
            }
        }
        found
    }

    fn build_own(
        &self,
        schema: &Schema,
        at: &FieldPath,
        members: &Members<'_>,
        nth: usize,
    ) -> Option<Value> {
        let kind = schema
            .types
            .iter()
            .copied()
            .find(|t| *t != JsonType::Null)
            .or_else(|| schema.types.first().copied())
            .or_else(|| implied_type(schema));
        match kind {
            None => schema.examples.first().cloned(),
            Some(JsonType::Null) => Some(Value::Null),
            Some(JsonType::Boolean) => Some(Value::Bool(nth == 0)),
            Some(JsonType::Integer | JsonType::Number) => self.build_number(schema, nth),
            Some(JsonType::String) => self.build_string(schema, at, nth).map(Value::String),
            Some(JsonType::Array) => self.build_array(schema, at, members, nth),
            Some(JsonType::Object) => self.build_object(schema, at, members, nth),
        }
    }

    fn build_string(&self, schema: &Schema, at: &FieldPath, nth: usize) -> Option<String> {
        let example = schema
            .examples
            .iter()
            .filter_map(Value::as_str)
            .nth(nth)
            .filter(|text| self.assess(schema, &Value::from(*text)) == Assessment::SurelyValid);
        if let Some(example) = example {
            return Some(example.to_owned());
        }
        let sure = |text: &String| {
            self.assess(schema, &Value::from(text.as_str())) == Assessment::SurelyValid
        };
        // The literal beginning of the pattern, where it is a scheme: cheaper than to ask for a
        // valid string, which walks automata.
        let pattern = schema.pattern.as_deref().unwrap_or_default();
        let scheme = scheme_of(pattern.trim_start_matches('^')).unwrap_or_default();
        let friendly = friendly(scheme, at, nth);
        if let Some(text) = friendly.into_iter().find(sure) {
            return Some(text);
        }
        let text = schema.rule().and_then(|rule| self.texts.get(&rule))?;
        let shortest = text.valid()?;
        let other = changed_end(&shortest, nth).find(sure).or_else(|| {
            let cover = text.valid_cover(nth + 1);
            cover.into_iter().nth(nth).map(|sample| sample.text)
        });
        Some(other.unwrap_or(shortest))
    }

    /// A published example, else the small positive number closest to the lower bound.
    fn build_number(&self, schema: &Schema, nth: usize) -> Option<Value> {
        let published = schema
            .examples
            .get(nth)
            .filter(|v| v.is_number() && self.assess(schema, v) == Assessment::SurelyValid);
        if let Some(value) = published {
            return Some(value.clone());
        }
        let step = schema
            .multiple_of
            .as_ref()
            .and_then(Number::as_f64)
            .unwrap_or(1.0);
        let low = schema.minimum.as_ref().and_then(edge);
        let high = schema.maximum.as_ref().and_then(edge);
        let first = match (low, high) {
            (Some((low, open)), _) => {
                let first = (low / step).ceil() * step;
                if open && first <= low {
                    first + step
                } else {
                    first
                }
            }
            (None, Some((high, open))) if high < step || (open && high <= step) => {
                let last = (high / step).floor() * step;
                let last = if open && last >= high {
                    last - step
                } else {
                    last
                };
                last - 2.0 * step * nth as f64
            }
            (None, _) => step,
        };
        let wanted = first + step * nth as f64;
        let fits = |v: f64| high.is_none_or(|(h, open)| if open { v < h } else { v <= h });
        let value = if fits(wanted) { wanted } else { first };
        if fits(value) {
            return number(value);
        }
        // Bounds with no multiple of the step between them; a fraction may lie there.
        match (low, high) {
            (Some((l, _)), Some((h, _))) if l < h && !schema.types.contains(&JsonType::Integer) => {
                number((l + h) / 2.0)
            }
            _ => None,
        }
    }

    fn build_array(
        &self,
        schema: &Schema,
        at: &FieldPath,
        members: &Members<'_>,
        nth: usize,
    ) -> Option<Value> {
        let least = schema.min_items.unwrap_or(0);
        let most = schema.max_items.unwrap_or(u64::MAX);
        // One item is the most ordinary array; none may be taken for absence.
        let count = least.max(1).min(most);
        let none = Schema::default();
        let item = schema.items.as_deref().unwrap_or(&none);
        let mut items = Vec::new();
        for i in 0..count.min(MOST_ITEMS) {
            let i = usize::try_from(i).ok()?;
            let value = self
                .build(item, &at.item(), members, nth + i)
                .or_else(|| (*item == none).then(|| Value::from(i)))?;
            items.push(value);
        }
        Some(Value::Array(items))
    }

    fn build_object(
        &self,
        schema: &Schema,
        at: &FieldPath,
        members: &Members<'_>,
        nth: usize,
    ) -> Option<Value> {
        let sendable = || schema.properties.iter().filter(|(_, s)| !s.read_only);
        let none_required =
            !at.0.is_empty() && sendable().all(|(name, _)| !schema.required.contains(name));
        let mut map = Map::new();
        for (name, member) in sendable() {
            let path = at.member(name);
            let required = schema.required.contains(name);
            if !members.holds(&path, required, none_required) {
                continue;
            }
            match self.build(member, &path, members, nth) {
                Some(value) => {
                    map.insert(name.clone(), value);
                }
                None if required => return None,
                None => {}
            }
        }
        for name in &schema.required {
            if schema.property(name).is_none() && !map.contains_key(name) {
                // Required and not described: any value is allowed.
                map.insert(name.clone(), Value::from("probity"));
            }
        }
        Some(Value::Object(map))
    }

    /// The operation's request with `body`: path parameters filled, required query, header and
    /// cookie parameters present, credentials by name, `Content-Type` where there is a body.
    pub fn request(&self, op: &Operation, body: Option<Vec<u8>>) -> HttpRequest {
        self.build_request(op, body, true, None)
    }

    /// [`Context::request`] without any credential.
    pub fn unauthorized_request(&self, op: &Operation, body: Option<Vec<u8>>) -> HttpRequest {
        self.build_request(op, body, false, None)
    }

    /// [`Context::request`] with one parameter changed: `Some` text, sent as it is in a header
    /// and percent-encoded elsewhere, or `None` to leave it out.
    pub fn request_with(
        &self,
        op: &Operation,
        body: Option<Vec<u8>>,
        parameter: &Parameter,
        text: Option<&str>,
    ) -> HttpRequest {
        self.build_request(op, body, true, Some((parameter, text)))
    }

    fn build_request(
        &self,
        op: &Operation,
        body: Option<Vec<u8>>,
        credentials: bool,
        changed: Option<(&Parameter, Option<&str>)>,
    ) -> HttpRequest {
        let mut query: Vec<Vec<Part>> = Vec::new();
        let mut cookies: Vec<Vec<Part>> = Vec::new();
        let mut headers: Vec<(String, Template)> = Vec::new();
        let mut path = op.path.clone();
        for parameter in &op.parameters {
            let change = changed.and_then(|(p, text)| {
                (p.name == parameter.name && p.place == parameter.place).then_some(text)
            });
            if !parameter.required && parameter.place != Place::Path && change.is_none() {
                continue;
            }
            let plain = match change {
                Some(Some(text)) => text.to_owned(),
                Some(None) => continue,
                None => self.parameter_text(parameter),
            };
            let text = || escape(&plain);
            match parameter.place {
                Place::Path => path = path.replace(&format!("{{{}}}", parameter.name), &text()),
                Place::Query => query.push(vec![Part::Text(format!(
                    "{}={}",
                    escape(&parameter.name),
                    text()
                ))]),
                Place::Cookie => {
                    cookies.push(vec![Part::Text(format!("{}={}", parameter.name, text()))])
                }
                Place::Header => headers.push((parameter.name.clone(), Template::from(plain))),
            }
        }
        if credentials {
            for scheme in usable_schemes(op) {
                match scheme {
                    SecurityScheme::Bearer => headers.push((
                        "Authorization".to_owned(),
                        Template::from("Bearer ").secret(Secret::Token),
                    )),
                    SecurityScheme::Basic => headers.push((
                        "Authorization".to_owned(),
                        Template::from("Basic ").secret(Secret::Basic),
                    )),
                    SecurityScheme::ApiKey { name, place } => {
                        let pair = vec![
                            Part::Text(format!("{}=", escape(name))),
                            Part::Secret(Secret::Token),
                        ];
                        match place {
                            Place::Query => query.push(pair),
                            Place::Cookie => cookies.push(pair),
                            Place::Header | Place::Path => headers
                                .push((name.clone(), Template::default().secret(Secret::Token))),
                        }
                    }
                    SecurityScheme::Other(_) => {}
                }
            }
        }
        if !cookies.is_empty() {
            headers.push(("Cookie".to_owned(), Template(join(cookies, "; "))));
        }
        if body.is_some() {
            let media_type = op
                .body
                .as_ref()
                .map_or("application/json", |b| b.media_type.as_str());
            headers.push(("Content-Type".to_owned(), media_type.into()));
        }
        let mut target = Template::from(path);
        if !query.is_empty() {
            target = target.text("?");
            target.0.extend(join(query, "&"));
        }
        HttpRequest {
            method: op.method.clone(),
            target,
            headers,
            body,
        }
    }

    /// A valid value of a parameter as text (`style: simple` for scalars; arrays and objects are
    /// written as compact JSON, which no style of OpenAPI forbids a client to quote).
    pub fn parameter_text(&self, parameter: &Parameter) -> String {
        match self.value(&parameter.schema) {
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
            None => "1".to_owned(),
        }
    }
}

/// Ordinary texts, hosts and addresses that are set aside for documentation (RFC 2606, RFC 5737):
/// a device that acts on them reaches nobody. Every field has its own, so that values that go to
/// the wrong field show.
fn friendly(scheme: &str, at: &FieldPath, nth: usize) -> Vec<String> {
    let dotted = at.dotted();
    let word: String = dotted.chars().filter(char::is_ascii_alphanumeric).collect();
    let word = if word.is_empty() { "probity" } else { &word };
    let number = dotted
        .bytes()
        .fold(7_usize, |sum, b| (sum * 31 + usize::from(b)) % 80);
    let texts = [
        format!("{word}{nth}"),
        format!("probity-{word}{nth}"),
        format!("{word}{nth}.example.com"),
        format!("192.0.2.{}", 10 + (number * 3 + nth) % 240),
    ];
    texts.iter().map(|text| format!("{scheme}{text}")).collect()
}

/// `sip:` of `sip:a.b`.
fn scheme_of(text: &str) -> Option<&str> {
    let colon = text.find(':')?;
    let scheme = text.get(..colon)?;
    let letters = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphabetic());
    letters.then(|| text.get(..=colon)).flatten()
}

/// The text with its last letter or digit replaced by others of its kind, from the `nth` on.
fn changed_end(text: &str, nth: usize) -> impl Iterator<Item = String> {
    let at = text.rfind(|c: char| c.is_ascii_alphanumeric());
    let of = |c: u8| -> &'static [u8] {
        match c {
            b'0'..=b'9' => b"0123456789",
            b'A'..=b'Z' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            _ => b"abcdefghijklmnopqrstuvwxyz",
        }
    };
    let text = text.to_owned();
    at.into_iter().flat_map(move |at| {
        let c = text.as_bytes().get(at).copied().unwrap_or(b'a');
        let kind = of(c);
        let from = kind.iter().position(|k| *k == c).unwrap_or(0);
        let text = text.clone();
        (0..kind.len()).filter_map(move |step| {
            let other = char::from(*kind.get((from + nth + step) % kind.len())?);
            Some(format!("{}{other}{}", text.get(..at)?, text.get(at + 1..)?))
        })
    })
}

/// Arrays are never built longer than this, whatever `minItems` says.
const MOST_ITEMS: u64 = 1_000;

/// The first alternative of the operation's security that Probity can feed.
fn usable_schemes(op: &Operation) -> &[SecurityScheme] {
    let feedable = |schemes: &&Vec<SecurityScheme>| {
        !schemes.is_empty()
            && schemes
                .iter()
                .all(|s| !matches!(s, SecurityScheme::Other(_)))
    };
    op.security.iter().find(feedable).map_or(&[], Vec::as_slice)
}

fn join(items: Vec<Vec<Part>>, separator: &str) -> Vec<Part> {
    let mut out = Vec::new();
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(Part::Text(separator.to_owned()));
        }
        out.extend(item);
    }
    out
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The type that the keywords of a schema without `type` are about.
fn implied_type(schema: &Schema) -> Option<JsonType> {
    if !schema.properties.is_empty() || !schema.required.is_empty() {
        Some(JsonType::Object)
    } else if schema.items.is_some() || schema.min_items.is_some() {
        Some(JsonType::Array)
    } else if schema.pattern.is_some() || schema.min_length.is_some() || schema.max_length.is_some()
    {
        Some(JsonType::String)
    } else if schema.minimum.is_some() || schema.maximum.is_some() || schema.multiple_of.is_some() {
        Some(JsonType::Number)
    } else {
        None
    }
}

/// Whether a value is of a JSON type; a number without a fraction is an integer
/// (JSON Schema 2020-12 §6.1.1).
pub fn is_type(value: &Value, t: JsonType) -> bool {
    match t {
        JsonType::Null => value.is_null(),
        JsonType::Boolean => value.is_boolean(),
        JsonType::Integer => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|f| f.fract() == 0.0)
        }
        JsonType::Number => value.is_number(),
        JsonType::String => value.is_string(),
        JsonType::Array => value.is_array(),
        JsonType::Object => value.is_object(),
    }
}

fn edge(bound: &Bound) -> Option<(f64, bool)> {
    Some((bound.value.as_f64()?, bound.exclusive))
}

/// A JSON number; whole ones without a fraction.
fn number(value: f64) -> Option<Value> {
    /// 2^53: whole numbers up to here are exact in a double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Some(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number)
}

/// Two objects as one; otherwise the first value that is there.
fn merge(a: Option<Value>, b: Option<Value>) -> Option<Value> {
    match (a, b) {
        (Some(Value::Object(mut a)), Some(Value::Object(b))) => {
            for (name, value) in b {
                a.entry(name).or_insert(value);
            }
            Some(Value::Object(a))
        }
        (a, b) => a.or(b),
    }
}

/// The value at a field; arrays enter their first item.
pub fn get<'v>(root: &'v Value, path: &FieldPath) -> Option<&'v Value> {
    path.0.iter().try_fold(root, |value, step| match step {
        Step::Member(name) => value.as_object()?.get(name),
        Step::Item => value.as_array()?.first(),
    })
}

fn get_mut<'v>(root: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(root, |value, step| match step {
        Step::Member(name) => value.as_object_mut()?.get_mut(name),
        Step::Item => value.as_array_mut()?.first_mut(),
    })
}

/// `root` with `value` at the field, which is put in at the end of its parent where it was absent.
/// `None` where the parent is not there or cannot hold it.
pub fn set(root: &Value, path: &FieldPath, value: Value) -> Option<Value> {
    let Some((last, parents)) = path.0.split_last() else {
        return Some(value);
    };
    let mut out = root.clone();
    let parent = get_mut(&mut out, parents)?;
    match last {
        Step::Member(name) => {
            parent.as_object_mut()?.insert(name.clone(), value);
        }
        Step::Item => {
            let items = parent.as_array_mut()?;
            match items.first_mut() {
                Some(first) => *first = value,
                None => items.push(value),
            }
        }
    }
    Some(out)
}

/// `root` without the field. `None` where it is absent, or is the root.
pub fn remove(root: &Value, path: &FieldPath) -> Option<Value> {
    let (last, parents) = path.0.split_last()?;
    let mut out = root.clone();
    let parent = get_mut(&mut out, parents)?;
    match last {
        Step::Member(name) => {
            parent.as_object_mut()?.shift_remove(name)?;
        }
        Step::Item => {
            let items = parent.as_array_mut()?;
            if items.is_empty() {
                return None;
            }
            items.remove(0);
        }
    }
    Some(out)
}

/// `root` with the member at `path` under another name, in the same place. `None` where it is
/// absent or no member.
pub fn rename(root: &Value, path: &FieldPath, name: &str) -> Option<Value> {
    let (Step::Member(old), parents) = path.0.split_last()? else {
        return None;
    };
    let mut out = root.clone();
    let parent = get_mut(&mut out, parents)?.as_object_mut()?;
    parent.get(old)?;
    *parent = std::mem::take(parent)
        .into_iter()
        .map(|(n, v)| {
            if n == *old {
                (name.to_owned(), v)
            } else {
                (n, v)
            }
        })
        .collect();
    Some(out)
}

/// Compact JSON (RFC 8259), members in the value's order.
pub fn emit(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// Compact JSON with the value at `path` replaced by a token that need not be JSON: `0x10`,
/// `1e400`, `"\ud800"`. Where `path` is absent the value is emitted as it is.
pub fn emit_with_raw(value: &Value, path: &FieldPath, raw_token: &str) -> Vec<u8> {
    let mut out = String::new();
    write_raw(value, Some(&path.0), raw_token, &mut out);
    out.into_bytes()
}

/// `rest` is the way that is left to the replaced node, `None` off that way.
fn write_raw(value: &Value, rest: Option<&[Step]>, raw: &str, out: &mut String) {
    let (step, below) = match rest {
        None => return out.push_str(&value.to_string()),
        Some([]) => return out.push_str(raw),
        Some([step, below @ ..]) => (step, below),
    };
    match value {
        Value::Object(map) => {
            out.push('{');
            for (i, (name, member)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                let on_the_way = matches!(step, Step::Member(n) if n == name);
                write_raw(member, on_the_way.then_some(below), raw, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                let on_the_way = i == 0 && *step == Step::Item;
                write_raw(item, on_the_way.then_some(below), raw, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// The id of a case, `OPERATION/STRATEGY/FIELD/NAME`. Each part keeps letters, digits and
/// `.`, `-`, `_`, `:`, `[`, `]`, `+`; anything else becomes `-`. An empty field (the body as a
/// whole) is written `body`.
pub fn case_id(operation: &str, strategy: &str, field: &str, name: &str) -> String {
    let clean = |text: &str| -> String {
        let keep = |c: char| c.is_ascii_alphanumeric() || ".-_:[]+".contains(c);
        text.chars()
            .map(|c| if keep(c) { c } else { '-' })
            .collect()
    };
    let field = if field.is_empty() { "body" } else { field };
    format!(
        "{}/{}/{}/{}",
        clean(operation),
        clean(strategy),
        clean(field),
        clean(name)
    )
}
