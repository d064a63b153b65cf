//! Opens a session as the profile says. May import [`crate::exchange`] and [`crate::profile`].

use super::{Device, lock, unknown};
use crate::exchange::{Answer, Exchange, Failure, Outcome, Part, Request};
use serde_json::Value;

/// Why there is no session. Each variant that saw an exchange carries it, for the message.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// A credential that the login needs was not given.
    #[error("cannot log in: {0}")]
    Missing(String),
    /// No complete answer came.
    #[error("cannot log in at {url}: {failure}")]
    Unreachable {
        /// What was asked, without credentials.
        url: String,
        /// What went wrong.
        failure: Failure,
        /// The exchange.
        exchange: Box<Exchange>,
    },
    /// The device says that the credentials are wrong.
    #[error(
        "the device refuses the login at {url} with status {status}: check user name and password"
    )]
    Refused {
        /// What was asked, without credentials.
        url: String,
        /// Its answer.
        status: u16,
        /// The exchange.
        exchange: Box<Exchange>,
    },
    /// What answers is not the API that the profile describes.
    #[error("what answers at {url} is not the expected API: {why}")]
    NotTheApi {
        /// What was asked, without credentials.
        url: String,
        /// What is wrong with the answer.
        why: String,
        /// The exchange.
        exchange: Box<Exchange>,
    },
    /// The device cannot log anybody in at the moment (429 or 5xx).
    #[error("the device cannot log in at the moment: {url} answers with status {status}")]
    Unable {
        /// What was asked, without credentials.
        url: String,
        /// Its answer.
        status: u16,
        /// The exchange.
        exchange: Box<Exchange>,
    },
}

impl Device {
    /// Logs in as the profile says and keeps the token. Does nothing where the user gave a token
    /// or the profile has no login.
    ///
    /// # Errors
    /// See [`LoginError`]; the session is then as before.
    pub async fn login(&self) -> Result<(), LoginError> {
        let Some(login) = &self.profile.login else {
            return Ok(());
        };
        if lock(&self.session).credentials.token.is_some() && self.has_token() {
            return Ok(());
        }
        // The one request in which credentials may stand in a body, which has no place for names:
        // it is made here, sent at once and kept nowhere.
        let filled = {
            let session = lock(&self.session);
            if let Some(missing) = login
                .secrets()
                .into_iter()
                .find(|s| session.value(*s).is_none())
            {
                return Err(LoginError::Missing(unknown(missing)));
            }
            login.request_with(&|secret| {
                Part::Text(session.value(secret).unwrap_or_default().into_owned())
            })
        };
        let exchange = Box::new(self.send_own(&Request::Http(filled)).await);
        let url = format!("{}{}", self.base.url, login.path);
        let answer = match &exchange.outcome {
            Outcome::Answered(answer) => answer,
            Outcome::Failed { failure, .. } => {
                let failure = failure.clone();
                return Err(match failure {
                    Failure::MalformedHttp(why) => LoginError::NotTheApi {
                        why: format!("malformed HTTP: {why}"),
                        url,
                        exchange,
                    },
                    failure => LoginError::Unreachable {
                        url,
                        failure,
                        exchange,
                    },
                });
            }
        };
        let status = answer.status;
        let refused = if login.refused.is_empty() {
            // No such path, no such method: that says nothing of the credentials.
            (400..500).contains(&status) && !matches!(status, 404 | 405 | 429)
        } else {
            login.refused.contains(&status)
        };
        if refused {
            return Err(LoginError::Refused {
                url,
                status,
                exchange,
            });
        }
        if status == 429 || status >= 500 {
            return Err(LoginError::Unable {
                url,
                status,
                exchange,
            });
        }
        match token(answer, &login.token) {
            Ok(token) => {
                self.set_token(token);
                Ok(())
            }
            Err(why) => Err(LoginError::NotTheApi { url, why, exchange }),
        }
    }
}

/// The token in the answer to a login.
fn token(answer: &Answer, pointer: &str) -> Result<String, String> {
    let status = answer.status;
    if !(200..300).contains(&status) {
        return Err(format!("status {status}"));
    }
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|e| format!("status {status} with a body that is no JSON ({e})"))?;
    match body.pointer(pointer) {
        Some(Value::String(token)) if !token.is_empty() => Ok(token.clone()),
        Some(_) => Err(format!("`{pointer}` in its JSON is not a token")),
        None => Err(format!("its JSON has no `{pointer}`")),
    }
}
