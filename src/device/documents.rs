//! Documents by URL, over the ordinary client: bounded in size and time, redirects on the same
//! origin alone, nobody's credentials.

use super::{Caps, Credentials, Device, Options, Tls};
use crate::exchange::{Failure, HttpRequest, Outcome, Template};
use crate::profile::Profile;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// Most octets of one document, as many as the loader takes.
const LARGEST: usize = 16 << 20;
/// Longest wait for one document.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest wait for all documents of a contract together.
const PATIENCE_FOR_ALL: Duration = Duration::from_secs(120);
/// Most characters of a `Location` that is shown.
const SHOWN: usize = 200;

/// Reads the documents of one contract.
#[derive(Debug)]
pub struct Documents {
    end: Instant,
}

impl Default for Documents {
    fn default() -> Self {
        Documents {
            end: Instant::now() + PATIENCE_FOR_ALL,
        }
    }
}

impl Documents {
    /// The octets at an `http:` or `https:` URL. `tls`: how the certificate of its host is looked at.
    ///
    /// # Errors
    /// Why not, in words that do not name the URL.
    pub async fn read(&self, url: &Url, tls: &Tls) -> Result<Vec<u8>, String> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err("credentials do not belong into a URL".to_owned());
        }
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let all = PATIENCE_FOR_ALL.as_secs();
            return Err(format!("the documents together took longer than {all} s"));
        }
        let options = Options {
            base_url: url.origin().ascii_serialization(),
            credentials: Credentials::default(),
            tls: tls.clone(),
            timeout: PATIENCE.min(left.max(Duration::from_millis(1))),
            limits: Caps {
                body: LARGEST,
                ..Caps::default()
            },
            ..Options::default()
        };
        let host = Device::new(options, Arc::new(Profile::default())).map_err(|e| e.to_string())?;
        let accept = "application/json, application/yaml, */*;q=0.8";
        let request = HttpRequest {
            method: "GET".to_owned(),
            target: Template::default(),
            headers: vec![("Accept".to_owned(), Template::from(accept))],
            body: None,
        };
        let mut url = url.clone();
        url.set_fragment(None);
        let exchange = host.send_login(url.as_str(), &request).await;
        let answer = match exchange.outcome {
            Outcome::Answered(answer) => answer,
            Outcome::Failed { failure, .. } => return Err(failed(&failure)),
        };
        match answer.status {
            200 => Ok(answer.body),
            status @ 300..=399 => {
                let to = answer.header("location").unwrap_or_default();
                let to: String = to.chars().take(SHOWN).collect();
                Err(format!(
                    "status {status}: it leads to {to:?}, which is another origin or too far: give \
                     the URL behind it"
                ))
            }
            status @ (401 | 403) => Err(format!(
                "status {status}: it asks for credentials, which are not sent for a document; save \
                 it to a file"
            )),
            status => Err(format!("status {status}")),
        }
    }
}

fn failed(failure: &Failure) -> String {
    match failure {
        Failure::TooLarge { what: "body", .. } => format!("larger than {LARGEST} octets"),
        other => other.to_string(),
    }
}
