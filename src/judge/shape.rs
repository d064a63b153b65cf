//! Error shapes: does a body have a documented shape, and which field does it name? Pure; imports
//! only [`crate::contract`].

use crate::contract::{ErrorShape, FieldPath, Step};
use serde_json::Value;

/// A shape that a body has.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeMatch<'a> {
    /// The shape.
    pub shape: &'a ErrorShape,
    /// What stands where the template says `{param}`, where it says so.
    pub param: Option<String>,
}

/// The shapes among `shapes` that `body` has. Members that a shape does not name are allowed: the
/// page states members, not that there are no others.
pub fn matches<'a>(
    shapes: impl IntoIterator<Item = &'a ErrorShape>,
    body: &Value,
) -> Vec<ShapeMatch<'a>> {
    shapes
        .into_iter()
        .filter_map(|shape| {
            let mut param = None;
            fits(&shape.body, body, &mut param).then_some(ShapeMatch { shape, param })
        })
        .collect()
}

fn fits(template: &Value, value: &Value, param: &mut Option<String>) -> bool {
    match (template, value) {
        (Value::String(t), Value::String(v)) => text_fits(t, v, param),
        (Value::Object(t), Value::Object(v)) => t
            .iter()
            .all(|(name, t)| v.get(name).is_some_and(|v| fits(t, v, param))),
        (Value::Array(t), Value::Array(v)) => {
            t.len() == v.len() && t.iter().zip(v).all(|(t, v)| fits(t, v, param))
        }
        (t, v) => t == v,
    }
}

/// Matches `text` against a template with `{param}`s, all of which must stand for the same name.
fn text_fits(template: &str, text: &str, param: &mut Option<String>) -> bool {
    let Some((head, rest)) = template.split_once("{param}") else {
        return template == text;
    };
    let Some(text) = text.strip_prefix(head) else {
        return false;
    };
    let (until, more) = match rest.split_once("{param}") {
        Some((until, _)) => (until, true),
        None => (rest, false),
    };
    // The name ends at the last place where what follows fits: names may hold any character.
    let mut ends: Vec<usize> = text.match_indices(until).map(|(at, _)| at).collect();
    if until.is_empty() {
        ends = vec![text.len()];
    }
    for end in ends.into_iter().rev() {
        let (name, tail) = text.split_at(end);
        if param.as_deref().is_some_and(|p| p != name) {
            continue;
        }
        let mut found = Some(name.to_owned());
        let fits = if more {
            text_fits(rest, tail, &mut found)
        } else {
            tail == until
        };
        if fits {
            *param = found;
            return true;
        }
    }
    false
}

/// Whether `name` is one of the usual ways to write the path of `field`: `port`, `stun.port`,
/// `/stun/port`, `stun/port`, `stun[port]`, `$.stun.port`, `users[0].name`, `users.0.name`. The page says only "param is a
/// field", so the choice among them is the device's.
pub fn names_field(name: &str, field: &FieldPath) -> bool {
    let Some(leaf) = field.leaf() else {
        return true; // the root has no name of its own
    };
    // A name of its own may begin like a path.
    if name == leaf || name == field.dotted() {
        return true;
    }
    let bare = name.trim_start_matches(['$', '/', '.', '#']);
    if bare == leaf || bare == field.dotted() {
        return true;
    }
    let mut spoken = String::with_capacity(bare.len());
    for c in bare.chars() {
        match c {
            '[' | '/' | '.' | ']' => {
                if !spoken.is_empty() && !spoken.ends_with('.') {
                    spoken.push('.');
                }
            }
            '"' | '\'' => {}
            other => spoken.push(other),
        }
    }
    let spoken = spoken.trim_end_matches('.').split('.');
    let steps: Vec<&str> = spoken.collect();
    let full: Vec<Option<&str>> = field
        .0
        .iter()
        .map(|s| match s {
            Step::Member(m) => Some(m.as_str()),
            Step::Item => None,
        })
        .collect();
    let same = |want: &[Option<&str>], have: &[&str]| {
        want.len() == have.len()
            && want.iter().zip(have).all(|(w, h)| match w {
                Some(name) => name == h,
                None => h.bytes().all(|b| b.is_ascii_digit()),
            })
    };
    let without_items: Vec<Option<&str>> = full.iter().copied().filter(Option::is_some).collect();
    same(&full, &steps) || same(&without_items, &steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> FieldPath {
        let mut path = FieldPath::root();
        for part in text.split('.') {
            match part.strip_suffix("[]") {
                Some(name) => path = path.member(name).item(),
                None => path = path.member(part),
            }
        }
        path
    }

    #[test]
    fn a_field_may_be_named_in_the_usual_ways_and_no_other() {
        let table = [
            ("port", "stun.port", true),
            ("stun.port", "stun.port", true),
            ("/stun/port", "stun.port", true),
            ("$.stun.port", "stun.port", true),
            ("stun[port]", "stun.port", true),
            ("stun['port']", "stun.port", true),
            ("stun", "stun.port", false),
            ("ip", "stun.port", false),
            ("Port", "stun.port", false),
            ("", "stun.port", false),
            ("users[0].name", "users[].name", true),
            ("users.0.name", "users[].name", true),
            ("users[].name", "users[].name", true),
            ("users.name", "users[].name", true),
            ("name", "users[].name", true),
            ("users.x.name", "users[].name", false),
            // Marks of a path in front, and names that begin like one.
            ("#port", "stun.port", true),
            ("#stun.port", "stun.port", true),
            ("$id", "stun.$id", true),
            ("stun.$id", "stun.$id", true),
            ("id", "stun.$id", false),
        ];
        for (name, field, want) in table {
            assert_eq!(names_field(name, &path(field)), want, "{name} for {field}");
        }
    }

    #[test]
    fn a_body_fits_a_template_of_any_form() {
        let template = json!({"errors": [{"param": "{param}"}, 7], "code": 400});
        let table = [
            (json!({"errors": [{"param": "a"}, 7], "code": 400}), true),
            // Members that the template does not have are the device's own.
            (
                json!({"errors": [{"param": "a", "at": 1}, 7], "code": 400, "id": 9}),
                true,
            ),
            (json!({"errors": [{"param": "a"}, 7], "code": 401}), false),
            (json!({"errors": [{"param": "a"}, 8], "code": 400}), false),
            (json!({"errors": [{"param": "a"}], "code": 400}), false),
            (
                json!({"errors": [{"param": "a"}, 7, 7], "code": 400}),
                false,
            ),
            (json!({"errors": [{}, 7], "code": 400}), false),
            (json!({"errors": {"param": "a"}, "code": 400}), false),
            (json!({"errors": [{"param": "a"}, 7]}), false),
        ];
        for (body, want) in table {
            let mut param = None;
            assert_eq!(fits(&template, &body, &mut param), want, "{body}");
        }
    }

    #[test]
    fn templates_capture_the_name() {
        let table = [
            (
                "no value for `{param}`",
                "no value for `a`",
                Some(Some("a")),
            ),
            (
                "no value for `{param}`",
                "no value for `a`b`",
                Some(Some("a`b")),
            ),
            ("no value for `{param}`", "no value for a", None),
            ("{param} and {param}", "x and x", Some(Some("x"))),
            ("{param} and {param}", "x and y", None),
            ("{param}", "", Some(Some(""))),
            ("plain", "plain", Some(None)),
            ("plain", "plain ", None),
        ];
        for (template, text, want) in table {
            let mut param = None;
            let got = text_fits(template, text, &mut param).then_some(param);
            assert_eq!(
                got,
                want.map(|p| p.map(str::to_owned)),
                "{template} on {text}"
            );
        }
    }
}
