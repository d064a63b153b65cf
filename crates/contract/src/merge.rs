//! `allOf` as one schema, exactly: what only one of two schemas can say at a time, and differs,
//! stays behind in `all_of`.

use super::model::*;
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// A schema that allows exactly what both allow. Where a keyword cannot be said once for both, the
/// second's is kept in [`Schema::all_of`].
pub(super) fn merge(mut a: Schema, mut b: Schema) -> Schema {
    if !b.pointer.is_empty() && a == b {
        return a;
    }
    if !members_merge(&a, &b) || !items_merge(&a, &b) || sees_beside(&b) {
        // `additionalProperties` sees the members of its own schema object only (JSON Schema
        // 2020-12 §10.3.2.3); merged it would see those of both. So do `items` and the
        // `unevaluated` keywords with theirs.
        mark(&mut a, &b);
        a.all_of.push(SchemaRef::new(b));
        return a;
    }
    let parts = std::mem::take(&mut b.all_of);
    let mut merging = Merging::of(a, b);
    merging.types();
    merging.enumeration();
    merging.limits();
    merging.stated_once();
    merging.items();
    merging.conditions();
    merging.names_and_dependents();
    merging.first_of_both();
    merging.members();
    merging.annotations();
    let Merging { mut ours, rest, .. } = merging;
    ours.all_of.extend(parts);
    if said(&rest) {
        ours.all_of.push(SchemaRef::new(rest));
    }
    ours
}

/// Takes over what is said of a value's use: it holds however it is said.
fn mark(ours: &mut Schema, theirs: &Schema) {
    ours.read_only |= theirs.read_only;
    ours.of_device |= theirs.of_device;
    ours.write_only |= theirs.write_only;
    ours.secret |= theirs.secret;
}

/// Which end of a range a keyword bounds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Low,
    High,
}

/// Two schemas on their way to one. Each step takes some keywords out of `theirs`.
struct Merging {
    ours: Schema,
    theirs: Schema,
    /// What of `theirs` cannot be said in `ours`.
    rest: Schema,
    from: Origins,
}

impl Merging {
    fn of(ours: Schema, theirs: Schema) -> Merging {
        let rest = Schema {
            pointer: theirs.pointer.clone(),
            page_line: theirs.page_line,
            ..Schema::default()
        };
        let from = Origins::of(&theirs);
        Merging {
            ours,
            theirs,
            rest,
            from,
        }
    }

    /// Notes that `keyword` of the whole is theirs.
    fn say(&mut self, keyword: &str) {
        self.from.say(&mut self.ours.origins, keyword);
    }

    fn types(&mut self) {
        let (ours, theirs) = (&mut self.ours, &mut self.theirs);
        if theirs.types.is_empty() {
            return;
        }
        if ours.types.is_empty() {
            ours.types = std::mem::take(&mut theirs.types);
            return self.say("type");
        }
        let shared = ours.types.iter().copied().filter(|t| theirs.allows(*t));
        let mut both: Vec<JsonType> = shared.collect();
        let narrowed = ours.types.contains(&JsonType::Number)
            && theirs.types.contains(&JsonType::Integer)
            && !both.contains(&JsonType::Integer);
        if narrowed && !both.contains(&JsonType::Number) {
            both.push(JsonType::Integer);
        }
        if both.is_empty() {
            self.rest.types = std::mem::take(&mut theirs.types); // nothing is of both
        } else if both != ours.types {
            ours.types = both;
            self.say("type");
        }
    }

    fn enumeration(&mut self) {
        let Some(theirs) = self.theirs.enum_values.take() else {
            return;
        };
        match &mut self.ours.enum_values {
            Some(ours) => ours.retain(|v| theirs.iter().any(|w| same(v, w))),
            none => {
                *none = Some(theirs);
                self.say("enum");
            }
        }
    }

    fn limits(&mut self) {
        self.count("minLength", End::Low, |s| &mut s.min_length);
        self.count("maxLength", End::High, |s| &mut s.max_length);
        self.count("minItems", End::Low, |s| &mut s.min_items);
        self.count("maxItems", End::High, |s| &mut s.max_items);
        self.count("minProperties", End::Low, |s| &mut s.min_properties);
        self.count("maxProperties", End::High, |s| &mut s.max_properties);
        self.bound("minimum", End::Low, |s| &mut s.minimum);
        self.bound("maximum", End::High, |s| &mut s.maximum);
    }

    /// The tighter of two counts.
    fn count(&mut self, keyword: &str, end: End, of: fn(&mut Schema) -> &mut Option<u64>) {
        let Some(theirs) = of(&mut self.theirs).take() else {
            return;
        };
        let ours = of(&mut self.ours);
        let tighter = ours.is_none_or(|ours| match end {
            End::Low => theirs > ours,
            End::High => theirs < ours,
        });
        if tighter {
            *ours = Some(theirs);
            self.say(keyword);
        }
    }

    /// The tighter of two bounds of a number.
    fn bound(&mut self, keyword: &str, end: End, of: fn(&mut Schema) -> &mut Option<Bound>) {
        let Some(theirs) = of(&mut self.theirs).take() else {
            return;
        };
        let ours = of(&mut self.ours);
        let low = end == End::Low;
        if ours.as_ref().is_none_or(|ours| tighter(&theirs, ours, low)) {
            *ours = Some(theirs);
            self.say(keyword);
        }
    }

    /// What a schema object states once; a second statement stays behind.
    fn stated_once(&mut self) {
        self.single("const", |s| &mut s.const_value);
        self.single("multipleOf", |s| &mut s.multiple_of);
        self.single("pattern", |s| &mut s.pattern);
        self.single("format", |s| &mut s.format);
        self.single("not", |s| &mut s.not);
        self.list("anyOf", |s| &mut s.any_of);
        self.list("oneOf", |s| &mut s.one_of);
        self.list("x-published-type", |s| &mut s.published_types);
    }

    fn single<T: PartialEq>(&mut self, keyword: &str, of: fn(&mut Schema) -> &mut Option<T>) {
        let theirs = of(&mut self.theirs).take();
        let ours = of(&mut self.ours);
        if theirs.is_none() || *ours == theirs {
            return;
        }
        if ours.is_none() {
            *ours = theirs;
            self.say(keyword);
        } else {
            *of(&mut self.rest) = theirs;
        }
    }

    fn list<T: PartialEq>(&mut self, keyword: &str, of: fn(&mut Schema) -> &mut Vec<T>) {
        let theirs = std::mem::take(of(&mut self.theirs));
        let ours = of(&mut self.ours);
        if theirs.is_empty() || *ours == theirs {
            return;
        }
        if ours.is_empty() {
            *ours = theirs;
            self.say(keyword);
        } else {
            *of(&mut self.rest) = theirs;
        }
    }

    fn items(&mut self) {
        let (ours, theirs) = (&mut self.ours, &mut self.theirs);
        ours.items = match (ours.items.take(), theirs.items.take()) {
            (Some(x), Some(y)) => Some(both(x, y)),
            (x, y) => x.or(y),
        };
        if ours.prefix_items.is_empty() {
            ours.prefix_items = std::mem::take(&mut theirs.prefix_items);
        }
        // The counts belong to their `contains` and mean nothing without it.
        let taken = ours.contains.is_some();
        let (min, max) = (theirs.min_contains.take(), theirs.max_contains.take());
        let Some(contains) = theirs.contains.take() else {
            return;
        };
        let place = if taken { &mut self.rest } else { ours };
        place.contains = Some(contains);
        (place.min_contains, place.max_contains) = (min, max);
        if !taken {
            self.say("contains");
        }
    }

    /// `if` with its branches, which belong together.
    fn conditions(&mut self) {
        if self.theirs.if_schema.is_none() {
            return;
        }
        let place = match self.ours.if_schema {
            Some(_) => &mut self.rest,
            None => &mut self.ours,
        };
        place.if_schema = self.theirs.if_schema.take();
        place.then_schema = self.theirs.then_schema.take();
        place.else_schema = self.theirs.else_schema.take();
    }

    fn names_and_dependents(&mut self) {
        self.single("propertyNames", |s| &mut s.property_names);
        let (ours, theirs) = (&mut self.ours, &mut self.theirs);
        ours.dependent_required
            .append(&mut theirs.dependent_required);
        ours.dependent_schemas.append(&mut theirs.dependent_schemas);
    }

    /// What only the first says where both do.
    fn first_of_both(&mut self) {
        fn first<T>(ours: &mut Option<T>, theirs: &mut Option<T>) {
            *ours = ours.take().or(theirs.take());
        }
        let (ours, theirs) = (&mut self.ours, &mut self.theirs);
        first(&mut ours.discriminator, &mut theirs.discriminator);
        first(&mut ours.content_encoding, &mut theirs.content_encoding);
        first(&mut ours.content_media_type, &mut theirs.content_media_type);
        first(&mut ours.default, &mut theirs.default);
        first(&mut ours.page_line, &mut theirs.page_line);
        if theirs.unique_items && !ours.unique_items {
            ours.unique_items = true;
            self.say("uniqueItems");
        }
    }

    fn members(&mut self) {
        self.described(|s| &mut s.properties);
        self.described(|s| &mut s.pattern_properties);
        for name in std::mem::take(&mut self.theirs.required) {
            if !self.ours.required.contains(&name) {
                self.say(&required_of(&name));
                self.ours.required.push(name);
            }
        }
        let ours = &mut self.ours.additional;
        if matches!(ours, Additional::Unstated | Additional::Allowed)
            && self.theirs.additional != Additional::Unstated
        {
            *ours = std::mem::take(&mut self.theirs.additional);
            self.say("additionalProperties");
        }
    }

    /// Members by name; one that both describe keeps both rules.
    fn described(&mut self, of: fn(&mut Schema) -> &mut Vec<(String, SchemaRef)>) {
        let members = of(&mut self.ours);
        for (name, theirs) in std::mem::take(of(&mut self.theirs)) {
            match members.iter_mut().find(|(n, _)| *n == name) {
                Some((_, ours)) => *ours = both(std::mem::take(ours), theirs),
                None => members.push((name, theirs)),
            }
        }
    }

    /// What adds up.
    fn annotations(&mut self) {
        let (ours, theirs) = (&mut self.ours, &mut self.theirs);
        mark(ours, theirs);
        ours.examples.append(&mut theirs.examples);
        ours.excused |= theirs.excused;
        ours.clamped |= theirs.clamped;
        ours.successes.append(&mut theirs.successes);
        ours.stored.append(&mut theirs.stored);
        ours.tied.append(&mut theirs.tied);
        ours.may_loop |= theirs.may_loop;
        for keyword in std::mem::take(&mut theirs.unchecked) {
            if !ours.unchecked.contains(&keyword) {
                ours.unchecked.push(keyword);
            }
        }
    }
}

/// Key of [`Schema::origins`] for one name in `required`.
pub(super) fn required_of(name: &str) -> String {
    format!("required {name}")
}

/// Key of [`Schema::origins`] for the keyword that a bound was spelled with (`exclusiveMinimum`).
pub(super) fn spelled_as(keyword: &str) -> String {
    format!("{keyword} keyword")
}

/// Where the second schema states its keywords.
struct Origins {
    pointer: String,
    stated: Vec<(String, String)>,
}

impl Origins {
    fn of(schema: &Schema) -> Origins {
        Origins {
            pointer: schema.pointer.clone(),
            stated: schema.origins.clone(),
        }
    }

    fn say(&self, origins: &mut Vec<(String, String)>, keyword: &str) {
        let at = self
            .stated
            .iter()
            .find(|(k, _)| k == keyword)
            .map_or(&self.pointer, |(_, pointer)| pointer);
        let spelled = spelled_as(keyword);
        origins.retain(|(k, _)| k != keyword && *k != spelled);
        origins.push((keyword.to_owned(), at.clone()));
        let theirs = self.stated.iter().find(|(k, _)| *k == spelled);
        origins.extend(theirs.cloned());
    }
}

/// Both rules for one value; put off where one of them may lead round in a circle.
fn both(a: SchemaRef, b: SchemaRef) -> SchemaRef {
    if a == b {
        return a;
    }
    if a.pending().is_none() && b.pending().is_none() {
        return SchemaRef::new(merge((*a).clone(), (*b).clone()));
    }
    SchemaRef::later(Pending::Both(a, b))
}

/// Whether a schema has keywords that see what is stated beside them: merged into another they
/// would see that, too. The other way round they see through `allOf` anyway.
fn sees_beside(schema: &Schema) -> bool {
    schema.unevaluated_properties.is_some() || schema.unevaluated_items.is_some()
}

/// Whether `items` of neither schema is about items that `prefixItems` of the other names.
fn items_merge(a: &Schema, b: &Schema) -> bool {
    let with = |s: &Schema| s.items.is_some() || !s.prefix_items.is_empty();
    !with(a) || !with(b) || (a.prefix_items.is_empty() && b.prefix_items.is_empty())
}

/// Whether `additionalProperties` of neither schema is about members of the other.
fn members_merge(a: &Schema, b: &Schema) -> bool {
    let closed = |s: &Schema| matches!(s.additional, Additional::Forbidden | Additional::Schema(_));
    let patterns = |s: &Schema| !s.pattern_properties.is_empty();
    if (closed(a) && patterns(b)) || (closed(b) && patterns(a)) {
        return false;
    }
    let knows = |s: &Schema, other: &Schema| {
        other
            .properties
            .iter()
            .all(|(name, _)| s.property(name).is_some())
    };
    match (closed(a), closed(b)) {
        (false, false) => true,
        (true, true) => a.additional == b.additional && knows(a, b) && knows(b, a),
        (true, false) => knows(a, b),
        (false, true) => knows(b, a),
    }
}

/// Whether a schema states anything about values.
fn said(schema: &Schema) -> bool {
    let silent = Schema {
        pointer: schema.pointer.clone(),
        page_line: schema.page_line,
        ..Schema::default()
    };
    *schema != silent
}

/// Whether the first bound leaves less room than the second.
pub(super) fn tighter(new: &Bound, old: &Bound, low: bool) -> bool {
    match (compare(&new.value, &old.value), low) {
        (Some(Ordering::Equal), _) => new.exclusive && !old.exclusive,
        (Some(Ordering::Greater), low) => low,
        (Some(Ordering::Less), low) => !low,
        (None, _) => false,
    }
}

/// Order of two numbers; `None` where doubles do not tell.
pub(super) fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    if let (Some(a), Some(b)) = (whole(a), whole(b)) {
        return Some(a.cmp(&b));
    }
    let (x, y) = (a.as_f64()?, b.as_f64()?);
    // Integers from 2^53 on may round onto the other number.
    let blurred = x == y && x.abs() >= 9_007_199_254_740_992.0;
    if blurred { None } else { x.partial_cmp(&y) }
}

/// The integer that a number was written as.
pub(super) fn whole(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

/// Equality of JSON values as JSON Schema means it: `1` equals `1.0` (2020-12 §4.2.2). What doubles
/// do not tell apart is the same.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            !matches!(compare(a, b), Some(Ordering::Less | Ordering::Greater))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}
