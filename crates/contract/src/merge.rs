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
        a.read_only |= b.read_only;
        a.of_device |= b.of_device;
        a.write_only |= b.write_only;
        a.secret |= b.secret;
        a.all_of.push(SchemaRef::new(b));
        return a;
    }
    let mut rest = Schema {
        pointer: b.pointer.clone(),
        page_line: b.page_line,
        ..Schema::default()
    };
    let from = Origins::of(&b);
    let parts = std::mem::take(&mut b.all_of);

    types(&mut a, &mut b, &mut rest, &from);
    a.enum_values = match (a.enum_values.take(), b.enum_values.take()) {
        (Some(x), Some(y)) => Some(
            x.into_iter()
                .filter(|v| y.iter().any(|w| same(v, w)))
                .collect(),
        ),
        (None, Some(y)) => {
            from.say(&mut a.origins, "enum");
            Some(y)
        }
        (x, None) => x,
    };
    let mut limit = |keyword, ours: &mut Option<u64>, theirs: Option<u64>, low: bool| {
        let Some(theirs) = theirs else { return };
        if ours.is_none_or(|ours| if low { theirs > ours } else { theirs < ours }) {
            *ours = Some(theirs);
            from.say(&mut a.origins, keyword);
        }
    };
    limit("minLength", &mut a.min_length, b.min_length, true);
    limit("maxLength", &mut a.max_length, b.max_length, false);
    limit("minItems", &mut a.min_items, b.min_items, true);
    limit("maxItems", &mut a.max_items, b.max_items, false);
    limit(
        "minProperties",
        &mut a.min_properties,
        b.min_properties,
        true,
    );
    limit(
        "maxProperties",
        &mut a.max_properties,
        b.max_properties,
        false,
    );
    for (keyword, ours, theirs, low) in [
        ("minimum", &mut a.minimum, b.minimum.take(), true),
        ("maximum", &mut a.maximum, b.maximum.take(), false),
    ] {
        let Some(theirs) = theirs else { continue };
        if ours.as_ref().is_none_or(|ours| tighter(&theirs, ours, low)) {
            *ours = Some(theirs);
            from.say(&mut a.origins, keyword);
        }
    }
    if single(
        &mut a.const_value,
        b.const_value.take(),
        &mut rest.const_value,
    ) {
        from.say(&mut a.origins, "const");
    }
    if single(
        &mut a.multiple_of,
        b.multiple_of.take(),
        &mut rest.multiple_of,
    ) {
        from.say(&mut a.origins, "multipleOf");
    }
    if single(&mut a.pattern, b.pattern.take(), &mut rest.pattern) {
        from.say(&mut a.origins, "pattern");
    }
    if single(&mut a.format, b.format.take(), &mut rest.format) {
        from.say(&mut a.origins, "format");
    }
    if single(&mut a.not, b.not.take(), &mut rest.not) {
        from.say(&mut a.origins, "not");
    }
    if list(&mut a.any_of, &mut b.any_of, &mut rest.any_of) {
        from.say(&mut a.origins, "anyOf");
    }
    if list(&mut a.one_of, &mut b.one_of, &mut rest.one_of) {
        from.say(&mut a.origins, "oneOf");
    }
    if list(
        &mut a.published_types,
        &mut b.published_types,
        &mut rest.published_types,
    ) {
        from.say(&mut a.origins, "x-published-type");
    }
    a.items = match (a.items.take(), b.items.take()) {
        (Some(x), Some(y)) => Some(both(x, y)),
        (x, y) => x.or(y),
    };
    if a.prefix_items.is_empty() {
        a.prefix_items = std::mem::take(&mut b.prefix_items);
    }
    let contains = |s: &mut Schema| {
        let counts = (s.min_contains.take(), s.max_contains.take());
        s.contains.take().map(|contains| (contains, counts))
    };
    match (a.contains.is_some(), contains(&mut b)) {
        (_, None) => {}
        (taken, Some((contains, (min, max)))) => {
            let place = if taken { &mut rest } else { &mut a };
            place.contains = Some(contains);
            (place.min_contains, place.max_contains) = (min, max);
            if !taken {
                from.say(&mut a.origins, "contains");
            }
        }
    }
    if b.if_schema.is_some() {
        let place = if a.if_schema.is_some() {
            &mut rest
        } else {
            &mut a
        };
        place.if_schema = b.if_schema.take();
        place.then_schema = b.then_schema.take();
        place.else_schema = b.else_schema.take();
    }
    if single(
        &mut a.property_names,
        b.property_names.take(),
        &mut rest.property_names,
    ) {
        from.say(&mut a.origins, "propertyNames");
    }
    a.dependent_required.append(&mut b.dependent_required);
    a.dependent_schemas.append(&mut b.dependent_schemas);
    a.discriminator = a.discriminator.take().or(b.discriminator.take());
    a.content_encoding = a.content_encoding.take().or(b.content_encoding.take());
    a.content_media_type = a.content_media_type.take().or(b.content_media_type.take());
    a.default = a.default.take().or(b.default.take());
    if b.unique_items && !a.unique_items {
        a.unique_items = true;
        from.say(&mut a.origins, "uniqueItems");
    }
    for (name, theirs) in std::mem::take(&mut b.properties) {
        match a.properties.iter_mut().find(|(n, _)| *n == name) {
            Some((_, ours)) => *ours = both(std::mem::take(ours), theirs),
            None => a.properties.push((name, theirs)),
        }
    }
    for (name, theirs) in std::mem::take(&mut b.pattern_properties) {
        match a.pattern_properties.iter_mut().find(|(n, _)| *n == name) {
            Some((_, ours)) => *ours = both(std::mem::take(ours), theirs),
            None => a.pattern_properties.push((name, theirs)),
        }
    }
    for name in std::mem::take(&mut b.required) {
        if !a.required.contains(&name) {
            from.say(&mut a.origins, &required_of(&name));
            a.required.push(name);
        }
    }
    if matches!(a.additional, Additional::Unstated | Additional::Allowed)
        && b.additional != Additional::Unstated
    {
        a.additional = std::mem::take(&mut b.additional);
        from.say(&mut a.origins, "additionalProperties");
    }
    a.page_line = a.page_line.or(b.page_line);
    a.examples.append(&mut b.examples);
    a.excused |= b.excused;
    a.zero_succeeds |= b.zero_succeeds;
    a.stored.append(&mut b.stored);
    a.read_only |= b.read_only;
    a.of_device |= b.of_device;
    a.write_only |= b.write_only;
    a.secret |= b.secret;
    a.may_loop |= b.may_loop;
    for keyword in b.unchecked {
        if !a.unchecked.contains(&keyword) {
            a.unchecked.push(keyword);
        }
    }
    a.all_of.extend(parts);
    if said(&rest) {
        a.all_of.push(SchemaRef::new(rest));
    }
    a
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

fn types(a: &mut Schema, b: &mut Schema, rest: &mut Schema, from: &Origins) {
    if b.types.is_empty() {
        return;
    }
    if a.types.is_empty() {
        a.types = std::mem::take(&mut b.types);
        from.say(&mut a.origins, "type");
        return;
    }
    let mut both: Vec<JsonType> = a.types.iter().copied().filter(|t| b.allows(*t)).collect();
    let narrowed = a.types.contains(&JsonType::Number)
        && b.types.contains(&JsonType::Integer)
        && !both.contains(&JsonType::Integer);
    if narrowed && !both.contains(&JsonType::Number) {
        both.push(JsonType::Integer);
    }
    if both.is_empty() {
        rest.types = std::mem::take(&mut b.types); // nothing is of both
    } else if both != a.types {
        a.types = both;
        from.say(&mut a.origins, "type");
    }
}

/// A keyword that a schema object states once; whether it was taken from the second.
fn single<T: PartialEq>(ours: &mut Option<T>, theirs: Option<T>, rest: &mut Option<T>) -> bool {
    if theirs.is_none() || *ours == theirs {
        return false;
    }
    let free = ours.is_none();
    *if free { ours } else { rest } = theirs;
    free
}

fn list<T: PartialEq>(ours: &mut Vec<T>, theirs: &mut Vec<T>, rest: &mut Vec<T>) -> bool {
    if theirs.is_empty() || *ours == *theirs {
        return false;
    }
    let free = ours.is_empty();
    *if free { ours } else { rest } = std::mem::take(theirs);
    free
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
