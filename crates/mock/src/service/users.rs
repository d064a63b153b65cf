//! The second user, who may read and not write.

use super::access::{bearer_of, given_key};
use super::{Ask, Reply, Service, header, json_reply};
use base64::Engine as _;
use probity_contract::{Operation, SecurityScheme};
use serde_json::json;

/// A second user whom a mock knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// User name and password.
    User(String, String),
    /// A ready token.
    Token(String),
}

impl Service {
    /// User name and password of the second user.
    pub(super) fn second(&self) -> Option<(&str, &str)> {
        match &self.viewer {
            Some(Viewer::User(name, password)) => Some((name, password)),
            Some(Viewer::Token(_)) | None => None,
        }
    }

    /// The password of a user whom the mock knows.
    pub(super) fn password_of(&self, name: &str) -> Option<&str> {
        match self.second() {
            _ if name == self.username => Some(&self.password),
            Some((second, password)) if name == second => Some(password),
            _ => None,
        }
    }

    /// Whether a token is one that the second user brought along.
    pub(super) fn is_their_token(&self, given: &str) -> bool {
        matches!(&self.viewer, Some(Viewer::Token(token)) if token == given)
    }

    /// What Basic credentials have to be, of every user.
    pub(super) fn basic_pairs(&self) -> impl Iterator<Item = String> {
        let own = Some((self.username.as_str(), self.password.as_str()));
        own.into_iter()
            .chain(self.second())
            .map(|(name, password)| {
                base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"))
            })
    }

    /// The refusal of what the second user may not do.
    pub(super) fn forbids(&self, operation: &Operation, ask: &Ask<'_>) -> Option<Reply> {
        let may = self.profile.roles.viewer.as_ref()?.may_call(operation);
        if may || self.planted.has("viewer-may-write") || !self.comes_from_viewer(operation, ask) {
            return None;
        }
        Some(json_reply(403, &json!({"error": "Not allowed"})))
    }

    fn comes_from_viewer(&self, operation: &Operation, ask: &Ask<'_>) -> bool {
        let authorization = header(ask, "authorization").unwrap_or_default();
        if let Some((name, password)) = self.second() {
            let pair =
                base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
            let digest = format!("username=\"{name}\"");
            if authorization.ends_with(&pair) || authorization.contains(&digest) {
                return true;
            }
        }
        let keys = operation.security.iter().flatten();
        let keys = keys.filter_map(|scheme| match scheme {
            SecurityScheme::ApiKey { name, place } => given_key(name, *place, ask),
            _ => None,
        });
        let viewers = self.lock().viewers.clone();
        let mut given = keys.chain(bearer_of(ask));
        given.any(|token| viewers.contains(&token) || self.is_their_token(&token))
    }
}
