//! Tokens of OAuth 2 (RFC 6749): the flows `password` and `clientCredentials`, and refreshing.

use super::login::LoginError;
use super::login_answer::{LONGEST_TOKEN, token_at};
use super::session::{Opened, Session};
use super::{Device, lock, unknown};
use crate::exchange::{Answer, HttpRequest, Outcome, Secret, Template};
use crate::profile::{ClientAuth, Grant, encode_query};
use base64::Engine as _;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// A token is renewed so long before it ends, that none ends on its way.
const EARLY: Duration = Duration::from_secs(5);

impl Device {
    /// Fetches a token, with the refresh token where there is one that still works.
    pub(super) async fn fetch_token(&self) -> Result<(), LoginError> {
        let refresh = lock(&self.session).refresh.take();
        if let Some(refresh) = refresh
            && self.ask_token(Some(refresh.expose())).await.is_ok()
        {
            return Ok(());
        }
        self.ask_token(None).await
    }

    /// Renews a token that is about to end. Where that fails the old one goes: the device tells.
    pub(super) async fn refresh_token(&self) {
        let ends = lock(&self.session).expires;
        if ends.is_some_and(|end| Instant::now() + EARLY >= end) {
            // Not again with the next request, if this fails.
            lock(&self.session).expires = None;
            let _ = self.fetch_token().await;
        }
    }

    /// The request for a token: where, and what. An error says what is missing.
    pub(super) fn token_request(
        &self,
        session: &Session,
        refresh: Option<&str>,
    ) -> Result<(String, HttpRequest), String> {
        let own = self.profile.oauth2.as_ref().ok_or("no token endpoint")?;
        let endpoint = own.token_url.as_deref().ok_or("no token endpoint")?;
        let base = Url::parse(&format!("{}/", self.base.url)).map_err(|e| e.to_string())?;
        let url = base
            .join(endpoint)
            .map_err(|e| format!("{endpoint}: {e}"))?;
        let need = |secret| {
            let value = session.value(secret);
            value.map(|v| v.into_owned()).ok_or_else(|| unknown(secret))
        };
        let grant = own.grant.unwrap_or(Grant::Password);
        let mut form: Vec<(&str, String)> = match (refresh, grant) {
            (Some(token), _) => vec![
                ("grant_type", "refresh_token".to_owned()),
                ("refresh_token", token.to_owned()),
            ],
            (None, Grant::Password) => vec![
                ("grant_type", "password".to_owned()),
                ("username", need(Secret::Username)?),
                ("password", need(Secret::Password)?),
            ],
            (None, Grant::ClientCredentials) => {
                vec![("grant_type", "client_credentials".to_owned())]
            }
        };
        if let Some(scope) = &own.scope {
            form.push(("scope", scope.clone()));
        }
        let mut headers = vec![
            (
                "Content-Type".to_owned(),
                Template::from("application/x-www-form-urlencoded"),
            ),
            ("Accept".to_owned(), Template::from("application/json")),
        ];
        let secret = session.credentials.client_secret.as_ref();
        let secret = secret.map(|s| s.expose().to_owned());
        let client = match (&own.client_id, grant) {
            (Some(id), _) => Some((id.clone(), secret.unwrap_or_default())),
            (None, Grant::Password) => None,
            (None, Grant::ClientCredentials) => {
                let secret = secret.map_or_else(|| need(Secret::Password), Ok)?;
                Some((need(Secret::Username)?, secret))
            }
        };
        match (client, own.client_auth) {
            (Some((id, secret)), ClientAuth::Basic) if !secret.is_empty() => {
                // RFC 6749 §2.3.1: both are form-encoded before.
                let pair = format!("{}:{}", encode_query(&id), encode_query(&secret));
                let coded = base64::engine::general_purpose::STANDARD.encode(pair);
                let value = Template::from(format!("Basic {coded}"));
                headers.push(("Authorization".to_owned(), value));
            }
            (Some((id, secret)), _) => {
                form.push(("client_id", id));
                if !secret.is_empty() {
                    form.push(("client_secret", secret));
                }
            }
            (None, _) => {}
        }
        let member = |(name, value): &(&str, String)| format!("{name}={}", encode_query(value));
        let form = form.iter().map(member).collect::<Vec<_>>().join("&");
        let request = HttpRequest {
            method: "POST".to_owned(),
            target: Template::from(url.path()),
            headers,
            body: Some(form.into_bytes()),
        };
        Ok((url.to_string(), request))
    }

    async fn ask_token(&self, refresh: Option<&str>) -> Result<(), LoginError> {
        let asked = {
            let session = lock(&self.session);
            self.token_request(&session, refresh)
        };
        let asked = asked.map_err(LoginError::Missing)?;
        let opened = self.token_for(asked, refresh).await?;
        lock(&self.session).open(opened);
        Ok(())
    }

    /// What a request for a token brings.
    pub(super) async fn token_for(
        &self,
        (url, request): (String, HttpRequest),
        refresh: Option<&str>,
    ) -> Result<Opened, LoginError> {
        let exchange = Box::new(self.send_login(&url, &request).await);
        let answer = match &exchange.outcome {
            Outcome::Answered(answer) => answer,
            Outcome::Failed { failure, .. } => {
                let failure = failure.clone();
                return Err(LoginError::Unreachable {
                    url,
                    failure,
                    exchange,
                });
            }
        };
        let status = answer.status;
        match status {
            400 | 401 | 403 => {
                return Err(LoginError::Refused {
                    url,
                    status,
                    exchange,
                });
            }
            429 | 500.. => {
                return Err(LoginError::Unable {
                    url,
                    status,
                    exchange,
                });
            }
            _ => {}
        }
        let found = match status {
            200..300 => token_at(answer, "/access_token"),
            _ => Err(format!("status {status}")),
        };
        match found {
            Ok(token) => Ok(opened(token, answer, refresh)),
            Err(why) => Err(LoginError::NotTheApi { url, why, exchange }),
        }
    }
}

/// RFC 6749 §5.1.
fn opened(token: String, answer: &Answer, refresh: Option<&str>) -> Opened {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let given = body.get("refresh_token").and_then(Value::as_str);
    let given = given.filter(|token| token.len() <= LONGEST_TOKEN);
    let seconds = body.get("expires_in").and_then(Value::as_u64);
    Opened {
        token: Some(token),
        refresh: given.or(refresh).map(str::to_owned),
        // A life of seconds would be renewed with every request.
        expires: seconds
            .filter(|s| (2 * EARLY.as_secs()..1 << 30).contains(s))
            .map(|s| Instant::now() + Duration::from_secs(s)),
        ..Opened::default()
    }
}
