//! Other ways to what asks for credentials, without any; part of the strategy `auth`.

use super::auth::CredentialCases;
use crate::case::builder::Draft;
use crate::case::reach::denied;
use crate::case::{Check, Expect, SuccessIs};
use crate::exchange::{HttpRequest, Part, Request, Template};

impl CredentialCases<'_, '_, '_> {
    /// Other ways to the same operation without credentials: a list of protected paths that is
    /// compared exactly while routes are not, a check in the reader of another media type. Nobody
    /// has to serve them, so any refusal will do.
    pub(super) fn side_doors(&mut self) {
        let mut doors = Vec::new();
        let context = self.builder.context;
        if let Some(Part::Text(text)) = self.bare().target.0.first()
            && self.builder.op.path.len() > 1
        {
            let (path, query) = text.split_at(text.find('?').unwrap_or(text.len()));
            let open = context.profile.login.as_ref();
            let open = open.map_or("/login", |login| login.path.as_str());
            for (name, what, path) in other_paths(path, open) {
                let mut cases = self.bare();
                if let Some(first) = cases.target.0.first_mut()
                    && !denied(context, &path)
                {
                    *first = Part::Text(path + query);
                    doors.push((name, what, cases));
                }
            }
        }
        if let Some(shown) = self.shown() {
            doors.push(("read-back", "the settings are asked for", shown));
        }
        let mut other = self.bare();
        let typed = other
            .headers
            .iter_mut()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if let Some((_, value)) = typed {
            *value = Template::from("text/plain");
            doors.push(("other-media-type", "the media type is text/plain", other));
        }
        for (name, what, request) in doors {
            self.builder.add(Draft {
                about: "side-doors",
                name: name.to_owned(),
                title: format!("there are no credentials, and {what}"),
                class: format!("auth:{name}"),
                tier: 2,
                promises: vec!["auth.required".to_owned(), "state.refusal".to_owned()],
                request: Request::Http(request),
                expect: Expect::NotServed {
                    success: SuccessIs::AuthNotEnforced,
                },
                check: Check::Unchanged,
            });
        }
    }

    /// The read-back without credentials, where it stands under the path that is protected and the
    /// contract says nothing of it by itself.
    fn shown(&self) -> Option<HttpRequest> {
        let context = self.builder.context;
        let how = context.profile.read_back.get(&self.builder.op.id)?;
        let described = context
            .contract
            .operations
            .iter()
            .any(|op| op.method == how.method && op.path == how.path);
        (how.path == self.builder.op.path && !described).then(|| HttpRequest {
            method: how.method.clone(),
            target: Template::from(how.path.as_str()),
            ..HttpRequest::default()
        })
    }
}

/// Other spellings of a path, under which a router may find what a list of protected paths does
/// not: name, what it is, the path. `open` is a path that asks for no credentials.
fn other_paths(path: &str, open: &str) -> Vec<(&'static str, &'static str, String)> {
    let mut out = vec![(
        "slash-behind",
        "a slash stands behind the path",
        format!("{path}/"),
    )];
    // Not in front: a target that begins with // names a host (RFC 3986 §4.2).
    if let Some(at) = path.match_indices('/').nth(1).map(|(at, _)| at) {
        let double = format!("{}/{}", &path[..at], &path[at..]);
        out.push(("double-slash", "a slash of the path stands twice", double));
    }
    let last = path.rfind('/').map_or(0, |at| at + 1);
    let (before, name) = path.split_at(last);
    if let Some(first) = name.chars().next().filter(char::is_ascii_alphanumeric) {
        // The same path by RFC 3986 §6.2.2.2.
        let coded = format!("{before}%{:02X}{}", u32::from(first), &name[1..]);
        out.push(("percent", "a letter of the path is percent-encoded", coded));
    }
    // RFC 3986 §5.2.4 makes the protected path of it.
    let up = "/..".repeat(open.matches('/').count());
    let through = format!("{open}{up}{path}");
    out.push((
        "dot-segments",
        "the path leads through an open one",
        through,
    ));
    let parameter = format!("{path};probity=1");
    out.push(("parameter", "a parameter stands behind the path", parameter));
    if name.to_uppercase() != name {
        let capitals = format!("{before}{}", name.to_uppercase());
        out.push(("capitals", "the path ends in capitals", capitals));
    }
    let file = format!("{path}/probity.css");
    out.push(("file", "the path ends like that of a style sheet", file));
    out
}
