//! Whether every member that a write may change can be read, or has a stand-in.

use super::words::tokens;
use super::{read_line, toml_key};
use crate::model::{Additional, JsonType, Operation, Schema};
use crate::pointer::{escape, unescape};
use crate::profile::{Profile, ReadBack};
use crate::serialization::Format;
use crate::shape;

/// A member that cannot be read.
pub(super) struct Unreadable {
    /// In words.
    pub reason: String,
    /// What would open it: the variable and the profile's line.
    pub opens: String,
}

/// Members further down than this count as unreadable.
const DEEPEST: usize = 12;

/// Schemas that are compared at most; what is larger counts as unreadable.
const MOST: usize = 5_000;

/// Whether what `write` may change shows in what `reader` answers. `reader` is `None` where the
/// profile names a read that the document does not have.
///
/// `root` is the JSON pointer to the state in that answer; `replaces`: it can be replaced as a whole.
///
/// `Ok` is how, for a reason that goes on.
pub(super) fn readable(
    write: &Operation,
    reader: Option<&Operation>,
    root: &str,
    profile: &Profile,
    replaces: bool,
) -> Result<String, Unreadable> {
    let said = profile.named(&profile.read_back, write);
    let body = write.body.as_ref().map(|b| &b.schema);
    let answer = reader.and_then(shape::answer);
    // Nobody says what it holds, but it is read in the words in which it is written: what was read is
    // what is to be written.
    if let (Some(body), None, None) = (body, said, answer)
        && reader.is_some_and(|reader| says_as_little(write, body, reader))
    {
        return Ok(", described in the same words".to_owned());
    }
    let (Some(body), Some(answer)) = (body, answer) else {
        return match (said, body) {
            // Whoever wrote the profile has looked at it; what cannot be read is listed there.
            (Some(said), Some(body)) => match secret_member(body, said, "", &mut 0) {
                Some(at) => Err(no_stand_in(write, &at, "is not shown (writeOnly)")),
                None => Ok(", as the profile says".to_owned()),
            },
            (_, _) => Err(Unreadable {
                reason: match reader {
                    Some(reader) if shape::unread_media(reader).is_some() => format!(
                        "{} answers {}, of which nobody here can tell what was there",
                        reader.id,
                        shape::unread_media(reader).unwrap_or_default()
                    ),
                    Some(reader) => format!(
                        "the document does not say what {} answers, so nobody knows whether it shows what was there",
                        reader.id
                    ),
                    None => "nothing reads what it changes".to_owned(),
                },
                opens: read_line(write),
            }),
        };
    };
    if write
        .body
        .as_ref()
        .is_some_and(|b| b.format == Format::JsonPatch)
        && said.is_none()
    {
        return Err(Unreadable {
            reason: "its body is a list of steps (JSON Patch, RFC 6902), which is no state that could be \
                     written back"
                .to_owned(),
            opens: read_line(write),
        });
    }
    let shown = below(answer, root).unwrap_or(answer);
    let mut walk = Walk {
        write,
        said,
        open: Vec::new(),
        steps: 0,
    };
    walk.object(body, shown, "", 0)?;
    if free(body) && !replaces && !removes_with_null(write) {
        return Err(Unreadable {
            reason: "it adds members of any name, and the document does not say how one is taken \
                     away again"
                .to_owned(),
            opens: read_line(write),
        });
    }
    Ok(match free(body) {
        true => ", as a whole".to_owned(),
        false => ", every member of its body".to_owned(),
    })
}

/// Whether the answer of a read is the schema of a body: the same one, or both say nothing of any value
/// of the same media type. A text that sets what reads as JSON is described in other words.
fn says_as_little(write: &Operation, body: &Schema, reader: &Operation) -> bool {
    let json = write.body.as_ref().is_some_and(|b| b.format.is_json());
    let bare = |schema: &Schema| {
        let rules = Schema {
            pointer: String::new(),
            page_line: None,
            origins: Vec::new(),
            examples: Vec::new(),
            default: None,
            validator: Default::default(),
            ..schema.clone()
        };
        rules == Schema::default()
    };
    let success = reader
        .responses
        .iter()
        .filter(|r| shape::is_success(r.status));
    let mut shown = success.filter_map(|r| r.schema.as_ref());
    shown.any(|shown| {
        let same = !body.pointer.is_empty() && body.pointer == shown.pointer;
        json && (same || bare(body) && bare(shown))
    })
}

struct Walk<'w> {
    write: &'w Operation,
    said: Option<&'w ReadBack>,
    /// Places of the pairs that are being compared: schemas may contain themselves, and one that is
    /// put together from parts is another object each time.
    open: Vec<(&'w str, &'w str)>,
    steps: usize,
}

impl<'w> Walk<'w> {
    /// Every member of `body` must be in `answer`.
    fn object(
        &mut self,
        body: &'w Schema,
        answer: &'w Schema,
        at: &str,
        depth: usize,
    ) -> Result<(), Unreadable> {
        let pair = (body.pointer.as_str(), answer.pointer.as_str());
        let placed = !pair.0.is_empty() && !pair.1.is_empty();
        if placed && self.open.contains(&pair) {
            return Ok(());
        }
        self.steps += 1;
        self.open.push(pair);
        let compared = self.compare(body, answer, at, depth);
        self.open.pop();
        compared
    }

    fn compare(
        &mut self,
        body: &'w Schema,
        answer: &'w Schema,
        at: &str,
        depth: usize,
    ) -> Result<(), Unreadable> {
        if depth > DEEPEST || self.steps > MOST {
            return Err(no_stand_in(
                self.write,
                at,
                "is nested too deep to be compared",
            ));
        }
        let shown = shape::members(answer);
        if free(body) && !shown.is_empty() && !open(answer) && self.said.is_none() {
            let what = match at {
                "" => "its body".to_owned(),
                at => format!("`{at}`"),
            };
            return Err(Unreadable {
                reason: format!(
                    "{what} may have any member, and what reads it shows {} only",
                    names(&shown)
                ),
                opens: read_line(self.write),
            });
        }
        if let (Some(sent), Some(items)) = (&body.items, &answer.items) {
            self.object(sent, items, &format!("{at}/-"), depth + 1)?;
        }
        if !types_meet(body, answer) {
            return Err(no_stand_in(
                self.write,
                at,
                "reads as a value of another type",
            ));
        }
        for (name, member) in shape::members(body) {
            let at = format!("{at}/{}", escape(name));
            if member.read_only || self.stands_in(&at) {
                continue;
            }
            let there = shown.iter().find(|(n, _)| *n == name).map(|(_, s)| *s);
            // An answer whose members are not listed shows what there is.
            let open_answer = shown.is_empty() && answer.allows(JsonType::Object);
            match there {
                _ if member.write_only => return Err(no_stand_in(self.write, &at, "is writeOnly")),
                Some(there) if there.write_only => {
                    return Err(no_stand_in(self.write, &at, "is writeOnly"));
                }
                None if !open_answer => {
                    return Err(no_stand_in(self.write, &at, "is not in what reads it"));
                }
                _ if self.masked(name, member) => {
                    let why = "is a secret, for which devices show a placeholder";
                    return Err(no_stand_in(self.write, &at, why));
                }
                Some(there) => self.object(member, there, &at, depth + 1)?,
                None => {}
            }
        }
        Ok(())
    }

    fn stands_in(&self, at: &str) -> bool {
        self.said.is_some_and(|s| {
            s.unreadable
                .get(at)
                .is_some_and(|u| u.restore_env.is_some())
        })
    }

    /// Whether a device is likely to show a placeholder instead of the value. Where the profile
    /// describes the read, it lists those.
    fn masked(&self, name: &str, member: &Schema) -> bool {
        member.secret || self.said.is_none() && is_password(name) && member.allows(JsonType::String)
    }
}

/// JSON pointer to a member that is never shown and has no stand-in.
fn secret_member(body: &Schema, said: &ReadBack, at: &str, steps: &mut usize) -> Option<String> {
    *steps += 1;
    // A schema that contains itself shows nothing new further down.
    if at.split('/').count() > DEEPEST || *steps > MOST {
        return None;
    }
    shape::members(body).into_iter().find_map(|(name, member)| {
        let at = format!("{at}/{}", escape(name));
        let stands_in = said
            .unreadable
            .get(&at)
            .is_some_and(|u| u.restore_env.is_some());
        match member.secret && !stands_in {
            true => Some(at),
            false => secret_member(member, said, &at, steps),
        }
    })
}

fn no_stand_in(write: &Operation, at: &str, why: &str) -> Unreadable {
    let variable = variable(at);
    Unreadable {
        reason: match at {
            "" => format!("its body {why}"),
            at => format!(
                "`{}` {why}, and nothing stands in for it",
                at.trim_start_matches('/')
            ),
        },
        opens: format!(
            "{variable} in the environment and unreadable = {{ {at:?} = {{ restore-env = {variable:?} }} }} under [read-back.{}] in the profile",
            toml_key(&write.id)
        ),
    }
}

/// `PROBITY_RESTORE_PASSWORD` for `/sip/password`.
fn variable(at: &str) -> String {
    let leaf = at
        .rsplit('/')
        .find(|s| !s.is_empty() && *s != "-")
        .unwrap_or("VALUE");
    let plain: String = tokens(leaf).join("_").to_uppercase();
    let plain: String = plain
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    format!("PROBITY_RESTORE_{plain}")
}

/// Whether an object may have members that nobody listed: none are, or more are allowed.
fn free(schema: &Schema) -> bool {
    let object = schema.allows(JsonType::Object);
    object
        && (open(schema)
            || shape::members(schema).is_empty() && schema.items.is_none() && !scalar(schema))
}

/// Whether `null` takes a member away: a JSON Merge Patch (RFC 7396 §1).
fn removes_with_null(write: &Operation) -> bool {
    let body = write.body.as_ref();
    body.is_some_and(|b| b.media_type.starts_with("application/merge-patch+json"))
}

/// Whether more members than those listed are stated as allowed.
fn open(schema: &Schema) -> bool {
    matches!(
        schema.additional,
        Additional::Allowed | Additional::Schema(_)
    )
}

fn scalar(schema: &Schema) -> bool {
    !schema.types.is_empty() && !schema.types.contains(&JsonType::Object)
        || schema.enum_values.is_some()
        || schema.const_value.is_some()
}

/// Whether some JSON type is allowed by both.
fn types_meet(a: &Schema, b: &Schema) -> bool {
    if a.types.is_empty() || b.types.is_empty() {
        return true;
    }
    a.types.iter().any(|t| b.allows(*t)) || b.types.iter().any(|t| a.allows(*t))
}

/// The part of an answer that a JSON pointer names.
fn below<'s>(schema: &'s Schema, pointer: &str) -> Option<&'s Schema> {
    let mut at = schema;
    for step in pointer.split('/').skip(1) {
        let step = unescape(step);
        at = shape::members(at).into_iter().find(|(n, _)| *n == step)?.1;
    }
    Some(at)
}

fn names(members: &[(&str, &Schema)]) -> String {
    let shown: Vec<String> = members
        .iter()
        .take(4)
        .map(|(n, _)| format!("`{n}`"))
        .collect();
    shown.join(", ")
}

/// Whether a member is a password by its name.
pub fn is_password(name: &str) -> bool {
    let secret = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "psk",
        "passcode",
        "pwd",
        "passwort",
    ];
    tokens(name).iter().any(|w| secret.contains(&w.as_str()))
}

/// Whether the body of an operation can be nothing but a list.
pub(super) fn is_list(op: &Operation) -> bool {
    let body = op.body.as_ref();
    body.is_some_and(|b| b.schema.types == [JsonType::Array])
}

/// The password of a new account that cannot be random, because its rules leave few values.
pub(super) fn guessable(create: &Operation) -> Option<String> {
    let body = &create.body.as_ref()?.schema;
    shape::members(body).into_iter().find_map(|(name, member)| {
        let few = member.enum_values.is_some()
            || member.const_value.is_some()
            || member.max_length.is_some_and(|n| n < 8);
        ((is_password(name) || member.secret) && few).then(|| name.to_owned())
    })
}
