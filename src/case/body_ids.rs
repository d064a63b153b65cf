//! The members of a body by which a write names the item that it is about. A server that goes by them
//! writes another item than the one of the path, or gives that another name, so they say what the path
//! says. Read from the octets, also of what is no JSON: somebody may read it all the same. Pure.

use super::items::id_text;
use super::model::{Case, Context, Expect};
use super::moves::{id_in, path_of};
use super::{fresh, serialize};
use crate::contract::{Operation, Reach, shape, without_slash};
use crate::exchange::{HttpRequest, Request, Segment, is_safe};
use serde_json::Value;
use std::ops::Range;

/// The members of one write.
#[derive(Clone, Debug)]
pub struct BodyIds {
    /// The operation.
    pub operation: String,
    /// Member at the top of the body → the segment of the path that it repeats.
    pub members: Vec<(String, usize)>,
    /// Whether what it writes is an item that the run creates itself.
    pub own: bool,
    method: String,
    reach: Reach,
}

impl BodyIds {
    /// The target of a request that may be this write, of the [`calls`](crate::contract::calls) that it
    /// may be taken for.
    pub fn target_in<'t>(&self, calls: &'t [(String, String)]) -> Option<&'t str> {
        let here =
            |(m, t): &&(String, String)| m.eq_ignore_ascii_case(&self.method) && self.reach.has(t);
        calls.iter().find(here).map(|(_, t)| t.as_str())
    }

    /// The same whatever the method: one that the document does not name may write there all the same.
    pub fn place_in<'t>(&self, calls: &'t [(String, String)]) -> Option<&'t str> {
        let here = |(_, t): &&(String, String)| self.reach.has(t);
        calls.iter().find(here).map(|(_, t)| t.as_str())
    }

    /// What the members have to be at a target; nothing where it has another number of segments.
    pub fn at(&self, target: &str) -> Vec<(String, Value)> {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').collect();
        let value = |(name, at): &(String, usize)| {
            let segment = segments.get(*at).filter(|s| !s.is_empty())?;
            let text = percent_encoding::percent_decode_str(segment).decode_utf8();
            Some((name.clone(), Value::from(text.ok()?.as_ref())))
        };
        self.members.iter().filter_map(value).collect()
    }
}

impl Context<'_> {
    /// Of every write of one of many things.
    pub fn body_ids(&self) -> Vec<BodyIds> {
        let operations = self.contract.operations.iter();
        let of_many = operations.filter(|op| op.path.contains('{'));
        let writes = of_many.filter(|op| op.body.is_some() && !is_safe(&op.method));
        let of = writes.map(|op| BodyIds {
            operation: op.id.clone(),
            members: self.id_members(op),
            own: self.own_parameters(op) > 0,
            method: op.method.clone(),
            reach: Reach::new(&op.path),
        });
        of.collect()
    }

    /// Members of the body of a write of an item that are its id: devices keep that, whatever a
    /// client writes.
    pub(super) fn own_ids(&self, op: &Operation) -> Vec<String> {
        let members = self.id_members(op).into_iter();
        let mut out: Vec<String> = members.map(|(name, _)| name).collect();
        if self.own_parameters(op) > 0 {
            let more = names_of(op).filter(|name| shape::is_usual_id(name) && !out.contains(name));
            let more: Vec<String> = more.collect();
            out.extend(more);
        }
        out
    }

    fn id_members(&self, op: &Operation) -> Vec<(String, usize)> {
        let names = || names_of(op);
        let segments: Vec<&str> = without_slash(&op.path).split('/').collect();
        let mut out: Vec<(String, usize)> = Vec::new();
        let mut add = |name: String, at: usize| {
            if out.iter().all(|(known, _)| *known != name) {
                out.push((name, at));
            }
        };
        let parameter = |segment: &str| {
            let name = segment.strip_prefix('{')?.strip_suffix('}')?;
            Some(name.to_owned())
        };
        let last = segments.len().saturating_sub(1);
        let mut item = None;
        for (at, segment) in segments.iter().enumerate() {
            let Some(parameter) = parameter(segment) else {
                continue;
            };
            let same = |name: &String| shape::same_name(name, &parameter);
            names().filter(same).for_each(|name| add(name, at));
            item = Some((parameter, at)).filter(|_| at == last);
        }
        let Some((parameter, at)) = item else {
            return out;
        };
        // `{presetName}` is `name`.
        let found = names().any(|name| shape::same_name(&name, &parameter));
        if let Some(short) = shape::last_word(&parameter).filter(|_| !found && at == last) {
            names()
                .filter(|name| shape::same_name(name, &short))
                .for_each(|name| add(name, at));
        }
        names()
            .filter(|n| shape::is_usual_id(n))
            .for_each(|n| add(n, at));
        out
    }
}

/// The members at the top of a body.
fn names_of(op: &Operation) -> impl Iterator<Item = String> {
    let fields = op.fields().into_iter().filter(|f| f.path.0.len() == 1);
    fields.filter_map(|f| Some(f.path.leaf()?.to_owned()))
}

/// The members of a state that name it: those that are called like ids, and names that are what the path
/// of a write of it ends with.
pub fn naming(state: &Value, write: &HttpRequest) -> Vec<(String, Value)> {
    let id = path_of(write).map(|path| id_in(&path)).unwrap_or_default();
    let members = state.as_object().into_iter().flatten();
    let named = members.filter(|(name, value)| {
        let here = id_text(value).is_some_and(|text| text == id);
        shape::is_usual_id(name) && id_text(value).is_some() || here && fresh::names_things(name)
    });
    named.map(|(n, v)| (n.clone(), v.clone())).collect()
}

/// Whether a case is about the value of a member.
pub fn is_about(case: &Case, member: &str) -> bool {
    let refused = matches!(
        case.expect,
        Expect::Refused { .. } | Expect::NotServed { .. }
    );
    case.id.is_of_field(member) || refused && is_charged(case, member)
}

/// Whether a case tests a rule of a member.
fn is_charged(case: &Case, member: &str) -> bool {
    let of_it = format!("body.{member}.");
    let mut promises = case.promises.iter();
    promises.any(|p| p.statement().starts_with(&of_it))
}

/// Whether a case has the value of a member refused.
pub fn has_refused(case: &Case, member: &str) -> bool {
    let refused = matches!(
        case.expect,
        Expect::Refused { .. } | Expect::NotServed { .. }
    );
    refused && is_charged(case, member)
}

/// A request with these values wherever its body gives the members others, apart from what is no name at
/// all: an item keeps its id, so another one would be a fault of its own.
pub fn identified(request: Request, ids: &[(String, Value)]) -> Request {
    let Request::Http(mut http) = request else {
        return request;
    };
    let Some(body) = http.body.take() else {
        return Request::Http(http);
    };
    let mut out = body.clone();
    for said in said_in(&body).into_iter().rev() {
        let id = ids.iter().find(|(name, _)| said.is(name));
        let Some(text) = id.and_then(|(_, value)| id_text(value)) else {
            continue;
        };
        let new = match (&said.value, text.parse::<i64>()) {
            _ if said.form => serialize::escape(&text),
            (Some(Value::Number(_)), Ok(number)) => number.to_string(),
            (Some(Value::String(_)), _) => Value::from(text).to_string(),
            _ => continue,
        };
        out.splice(said.at, new.into_bytes());
    }
    http.body = Some(out);
    Request::Http(http)
}

/// Whether some reader of the body of a request finds another value for one of the members than these.
pub fn misnamed(request: &Request, ids: &[(String, Value)]) -> bool {
    if ids.is_empty() {
        return false;
    }
    match request {
        Request::Http(http) => {
            let coded = http.headers.iter().any(|(name, value)| {
                let plain = value.render(|_| String::new());
                name.eq_ignore_ascii_case("content-encoding")
                    && !plain.trim().eq_ignore_ascii_case("identity")
            });
            let body = http.body.as_deref().unwrap_or_default();
            !body.is_empty() && (coded || names_another(body, ids))
        }
        Request::Raw(raw) => {
            let mut all = Vec::new();
            for segment in &raw.segments {
                if let Segment::Bytes(bytes) = segment {
                    all.extend_from_slice(bytes);
                }
            }
            let end = all.windows(4).position(|w| w == b"\r\n\r\n");
            let body = end.and_then(|end| all.get(end + 4..)).unwrap_or(&all);
            let joined = super::moves::joined(&all);
            names_another(body, ids) || joined.is_some_and(|body| names_another(&body, ids))
        }
    }
}

fn names_another(body: &[u8], ids: &[(String, Value)]) -> bool {
    // UTF-16 without its zeros is nearly the text.
    let body: Vec<u8> = body.iter().copied().filter(|b| *b != 0).collect();
    let said = said_in(&body);
    let read = crate::contract::json::read(&body);
    ids.iter().any(|(name, value)| {
        let mut of_it = said.iter().filter(|s| s.is(name));
        let other = of_it.any(|s| s.value.as_ref().and_then(id_text) != id_text(value));
        let told = said.iter().filter(|s| s.is(name)).count();
        // Quotes of another kind, none at all, elements, parts: who knows what is read there.
        let hidden = || read.is_none() && words_in(&body, name) > told;
        other || hidden() || read.as_ref().is_some_and(|r| patches(r, name, value))
    })
}

/// Whether a JSON Patch (RFC 6902) gives a member another value, or takes it away.
fn patches(body: &Value, name: &str, value: &Value) -> bool {
    let pointer = format!("/{}", crate::contract::pointer::escape(name));
    let steps = body.as_array().into_iter().flatten();
    let mut changing = steps.filter(|step| {
        let path = step.get("path").and_then(Value::as_str);
        path.is_some_and(|p| p.is_empty() || p.eq_ignore_ascii_case(&pointer))
    });
    changing.any(|step| step.get("value").and_then(id_text) != id_text(value))
}

/// A member at the top of an object, or of a form, as the octets have it.
#[derive(Debug)]
struct Said {
    name: String,
    value: Option<Value>,
    at: Range<usize>,
    form: bool,
}

impl Said {
    /// Some servers do not tell capital letters from small ones.
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

fn said_in(body: &[u8]) -> Vec<Said> {
    match body.contains(&b'{') {
        true => members_in(body),
        false => pairs_in(body),
    }
}

/// The members of every object that is in no other, whether the rest is JSON or not.
fn members_in(body: &[u8]) -> Vec<Said> {
    let (mut out, mut at, mut depth) = (Vec::new(), 0, 0_usize);
    while let Some(byte) = body.get(at) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = end_of_text(body, at);
                let value = after_blanks(body, end);
                if depth == 1
                    && body.get(value) == Some(&b':')
                    && let Some(name) = text_at(body, at..end)
                {
                    let from = after_blanks(body, value + 1);
                    let to = end_of_value(body, from);
                    let value = body.get(from..to);
                    out.push(Said {
                        name,
                        value: value.and_then(|v| serde_json::from_slice(v).ok()),
                        at: from..to,
                        form: false,
                    });
                    at = to;
                    continue;
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    out
}

fn text_at(body: &[u8], at: Range<usize>) -> Option<String> {
    let token = body.get(at)?;
    let read = serde_json::from_slice(token).ok();
    read.or_else(|| Some(String::from_utf8_lossy(token).trim_matches('"').to_owned()))
}

/// Behind the quotation mark that ends the text which begins here.
fn end_of_text(body: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(byte) = body.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    body.len()
}

fn after_blanks(body: &[u8], from: usize) -> usize {
    let rest = body.get(from..).unwrap_or_default();
    let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace());
    from + blanks.count()
}

/// Behind the value that begins here.
fn end_of_value(body: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_usize);
    while let Some(byte) = body.get(at) {
        match byte {
            b'"' => {
                at = end_of_text(body, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => break,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    let value = body.get(from..at.min(body.len())).unwrap_or_default();
    from + value.trim_ascii_end().len()
}

/// The pairs of a form.
fn pairs_in(body: &[u8]) -> Vec<Said> {
    let (mut out, mut from) = (Vec::new(), 0);
    for pair in body.split(|b| *b == b'&') {
        let here = from;
        from += pair.len() + 1;
        let Some(sign) = pair.iter().position(|b| *b == b'=') else {
            continue;
        };
        let (name, value) = (
            pair.get(..sign).unwrap_or_default(),
            pair.get(sign + 1..).unwrap_or_default(),
        );
        out.push(Said {
            name: decoded(name),
            value: Some(Value::from(decoded(value))),
            at: here + sign + 1..here + pair.len(),
            form: true,
        });
    }
    out
}

fn decoded(text: &[u8]) -> String {
    let blanks: Vec<u8> = text
        .iter()
        .map(|b| if *b == b'+' { b' ' } else { *b })
        .collect();
    percent_encoding::percent_decode(&blanks)
        .decode_utf8_lossy()
        .into_owned()
}

/// How often a name stands in a body as a word of its own.
fn words_in(body: &[u8], name: &str) -> usize {
    let inner = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let mut windows = body.windows(name.len().max(1)).enumerate();
    let mut found = 0;
    for (at, window) in windows.by_ref() {
        let before = at.checked_sub(1).and_then(|at| body.get(at));
        let after = body.get(at + name.len());
        let alone = !before.is_some_and(inner) && !after.is_some_and(inner);
        found += usize::from(alone && window.eq_ignore_ascii_case(name.as_bytes()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn put(body: &str) -> Request {
        Request::Http(HttpRequest {
            method: "PUT".to_owned(),
            target: "/x/gate".into(),
            headers: Vec::new(),
            body: Some(body.as_bytes().to_vec()),
        })
    }

    #[test]
    fn another_name_is_found_in_whatever_form_it_is_given() {
        let ids = [("name".to_owned(), json!("gate"))];
        for (body, other) in [
            (r#"{"name":"gate","zoom":3}"#, false),
            (r#"{"zoom":3}"#, false),
            (r#"{"zoom":{"name":"x"}}"#, false),
            (r#"{"zoom":"name"}"#, false),
            (r#"{"name":"yard"}"#, true),
            (r#"{"NAME":"yard","name":"gate"}"#, true),
            (r#"{"n\u0061me":"yard"}"#, true),
            (r#"{"name":"gate","name":"yard"}"#, true),
            (r#"{"name":"gate"}{"name":"yard"}"#, true),
            (r#"{"name":"yard","zoom":3"#, true),
            (r#"{"name":"gate","zoom":3"#, false),
            ("{'name':'yard'}", true),
            ("{name:\"yard\"}", true),
            (r#"{"name":null}"#, true),
            (r#"{"name":["gate"]}"#, true),
            ("name=gate&zoom=3", false),
            ("name=yard&zoom=3", true),
            ("<x><name>yard</name></x>", true),
            ("{\0\"\0n\0a\0m\0e\0\"\0:\0\"\0x\0\"\0}\0", true),
            (r#"[{"op":"replace","path":"/name","value":"yard"}]"#, true),
            (r#"[{"op":"replace","path":"/zoom","value":3}]"#, false),
            (r#"[{"op":"remove","path":"/name"}]"#, true),
        ] {
            assert_eq!(misnamed(&put(body), &ids), other, "{body}");
        }
    }

    #[test]
    fn a_name_is_given_wherever_one_stands() {
        let ids = [
            ("name".to_owned(), json!("gate")),
            ("no".to_owned(), json!("7")),
        ];
        for (body, want) in [
            (
                r#"{"zone":{"name":"name1"},"name": "name1" ,"no":1}"#,
                r#"{"zone":{"name":"name1"},"name": "gate" ,"no":7}"#,
            ),
            (
                r#"{"name":"a","name":"b"}"#,
                r#"{"name":"gate","name":"gate"}"#,
            ),
            (r#"{"name":["a"]}"#, r#"{"name":["a"]}"#),
            (r#"{"name":"a","zoom":"#, r#"{"name":"gate","zoom":"#),
            ("no=1&name=a%20b", "no=7&name=gate"),
        ] {
            let Request::Http(got) = identified(put(body), &ids) else {
                panic!("{body}");
            };
            let got = got.body.map(|b| String::from_utf8_lossy(&b).into_owned());
            assert_eq!(got.as_deref(), Some(want), "{body}");
        }
    }
}
