//! Digest (RFC 7616, RFC 2069) as a server checks it. Own arithmetic, which the client side of
//! Probity does not share.

use super::{Ask, Reply, Service, header, hex};
use md5::{Digest as _, Md5};
use sha2::Sha256;
use std::collections::BTreeMap;

const REALM: &str = "probity mock";
/// Requests that one nonce serves before it is stale.
const USES: usize = 40;

/// Nonces that were given out, with the counts that came with each.
#[derive(Default)]
pub(super) struct Nonces(BTreeMap<String, Vec<String>>);

/// What becomes of an answer to a challenge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Checked {
    Right,
    /// Right, but for a nonce that is used up (RFC 7616 §3.3, `stale`).
    Stale,
    Wrong,
}

impl Service {
    /// Whether a request answers a challenge of ours.
    pub(super) fn grants_digest(&self, ask: &Ask<'_>) -> bool {
        self.check_digest(ask) == Checked::Right
    }

    fn check_digest(&self, ask: &Ask<'_>) -> Checked {
        let Some(given) = header(ask, "authorization").and_then(parameters) else {
            return Checked::Wrong;
        };
        let get = |name: &str| given.get(name).map_or("", String::as_str);
        let planted = |id: &str| self.planted.has(id);
        let target = match ask.query {
            "" => ask.path.to_owned(),
            query => format!("{}?{query}", ask.path),
        };
        let same = |fault: &str, is: bool| is || planted(fault);
        let any_uri = ask.absolute || self.chosen.is("digest", "any-uri");
        if !(any_uri || get("uri") == target)
            || !same("digest-any-realm", get("realm") == REALM)
            || !same(
                "digest-any-user",
                self.password_of(get("username")).is_some(),
            )
            || !same(
                "digest-any-response",
                get("response") == self.response(ask, &given),
            )
        {
            return Checked::Wrong;
        }
        let mut state = self.lock();
        let Some(counts) = state.nonces.0.get_mut(get("nonce")) else {
            // Right for a nonce that nobody gave: as good as one that is long forgotten.
            return match planted("digest-any-nonce") {
                true => Checked::Right,
                false => Checked::Stale,
            };
        };
        let uses = if self.chosen.is("digest", "one-time") {
            1
        } else {
            USES
        };
        if counts.len() >= uses {
            return Checked::Stale;
        }
        let count = get("nc").to_owned();
        if !count.is_empty() && counts.contains(&count) {
            return Checked::Wrong;
        }
        counts.push(count);
        Checked::Right
    }

    /// What `response` must be, for what the request says of itself.
    fn response(&self, ask: &Ask<'_>, given: &BTreeMap<String, String>) -> String {
        let get = |name: &str| given.get(name).map_or("", String::as_str);
        let hash = |text: String| match self.chosen.is("digest", "sha-256") {
            true => hex(&Sha256::digest(text)),
            false => hex(&Md5::digest(text)),
        };
        let user = get("username");
        let password = self.password_of(user).unwrap_or(&self.password);
        let mut a1 = hash(format!("{user}:{}:{password}", get("realm")));
        if self.chosen.is("digest", "md5-sess") {
            a1 = hash(format!("{a1}:{}:{}", get("nonce"), get("cnonce")));
        }
        let a2 = hash(format!("{}:{}", ask.method, get("uri")));
        match self.chosen.is("digest", "legacy") {
            true => hash(format!("{a1}:{}:{a2}", get("nonce"))),
            false => hash(format!(
                "{a1}:{}:{}:{}:{}:{a2}",
                get("nonce"),
                get("nc"),
                get("cnonce"),
                get("qop")
            )),
        }
    }

    /// Adds a challenge with a new nonce to a refusal.
    pub(super) fn challenge(&self, ask: &Ask<'_>, reply: &mut Reply) {
        let stale = self.check_digest(ask) == Checked::Stale;
        let mut state = self.lock();
        let seed = format!("{}:{:?}", state.nonces.0.len(), state.boot);
        let nonce = hex(&Md5::digest(seed));
        state.nonces.0.insert(nonce.clone(), Vec::new());
        let mut value = format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\"");
        match self.chosen.get("digest") {
            "legacy" => {}
            "sha-256" => value.push_str(", qop=\"auth\", algorithm=SHA-256"),
            "md5-sess" => value.push_str(", qop=\"auth\", algorithm=MD5-sess"),
            _ => value.push_str(", qop=\"auth, auth-int\", algorithm=MD5, opaque=\"cHJvYml0eQ==\""),
        }
        if stale {
            value.push_str(", stale=true");
        }
        reply.headers.push(("WWW-Authenticate".to_owned(), value));
    }
}

/// The parameters of a Digest `Authorization`.
fn parameters(field: &str) -> Option<BTreeMap<String, String>> {
    let (scheme, mut rest) = field.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("digest") {
        return None;
    }
    let mut out = BTreeMap::new();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, behind) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        let name = name.trim_matches([' ', ',']).to_ascii_lowercase();
        out.insert(name, value.trim().to_owned());
        rest = behind;
    }
    Some(out)
}
