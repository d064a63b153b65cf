//! Sends a write of settings that has to arrive: waits where the device is busy, locked or away,
//! logs in again, and gives the validator that a device asks for.

use super::read_back::StateRead;
use super::{Device, ReadBackError, ReadBackState, written};
use crate::exchange::{Exchange, Failure, HttpRequest, Request, Template};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a device that refuses for now may go on refusing.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first wait, doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait, also where `Retry-After` asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long a write that was accepted may take to show.
const SETTLES_IN: Duration = Duration::from_secs(5);
/// How long one of which nobody knows is waited for.
const SHOWS_IN: Duration = Duration::from_secs(2);

/// Whether an answer speaks of the moment, not of the request: locked out (401), in conflict (409,
/// 423), too many (429), unavailable (503).
fn for_now(status: u16) -> bool {
    matches!(status, 401 | 409 | 423 | 429 | 503)
}

/// Waits between tries, as long as there is patience.
struct Waits {
    end: Instant,
    next: Duration,
}

impl Waits {
    fn new() -> Waits {
        Waits {
            end: Instant::now() + PATIENCE,
            next: FIRST_WAIT,
        }
    }

    /// Waits once more; `false` where patience is at its end.
    async fn again(&mut self, asked: Option<Duration>) -> bool {
        if Instant::now() >= self.end {
            return false;
        }
        let wait = asked.unwrap_or(self.next).min(LONGEST_WAIT);
        self.next = (self.next * 2).min(LONGEST_WAIT);
        sleep(wait).await;
        true
    }
}

impl Device {
    /// A request with the validator of the state that it changes (`If-Match`, RFC 9110 §13.1.1), as
    /// a read of the same target shows it; `None` where that cannot be read, or shows no `ETag`:
    /// `*` would overwrite whatever somebody else has written meanwhile.
    pub async fn validated(&self, request: &HttpRequest) -> Option<HttpRequest> {
        let described = |(name, _): &(String, Template)| {
            !name.to_ascii_lowercase().starts_with("content-")
                && !name.eq_ignore_ascii_case("if-match")
        };
        let read = HttpRequest {
            method: "GET".to_owned(),
            target: request.target.clone(),
            headers: request
                .headers
                .iter()
                .filter(|h| described(h))
                .cloned()
                .collect(),
            body: None,
        };
        let exchange = self.send(&Request::Http(read), false).await;
        let answer = exchange
            .answer()
            .filter(|a| (200..300).contains(&a.status))?;
        let mut request = request.clone();
        name_state(&mut request, Some(answer.header("etag")?));
        Some(request)
    }

    /// Reads the state of a resource; a device that refuses for the moment, is away or has ended the
    /// session is asked again for a while.
    ///
    /// # Errors
    /// As the last try came out.
    pub async fn read_patiently(&self, read: &StateRead) -> Result<ReadBackState, ReadBackError> {
        patiently(self, read).await
    }
}

/// See [`Device::read_patiently`].
pub(super) async fn patiently(
    device: &Device,
    read: &StateRead,
) -> Result<ReadBackState, ReadBackError> {
    let mut waits = Waits::new();
    loop {
        let result = device.read_state(read).await;
        let wait = match &result {
            Err(ReadBackError::Status(401)) => log_in_again(device).await,
            Err(ReadBackError::Status(status)) => for_now(*status),
            // Nobody is asked twice who has never answered.
            Err(ReadBackError::Failed(failure)) => device.answered() > 0 && comes_back(failure),
            _ => false,
        };
        if !wait || !waits.again(None).await {
            return result;
        }
    }
}

/// Reads a state until it is as it should be, at most for a while; the last one.
pub(super) async fn settled(
    device: &Device,
    read: &StateRead,
    wanted: impl Fn(&ReadBackState) -> bool,
) -> Result<ReadBackState, ReadBackError> {
    let end = Instant::now() + SETTLES_IN;
    loop {
        let state = patiently(device, read).await?;
        if wanted(&state) || Instant::now() >= end {
            return Ok(state);
        }
        sleep(FIRST_WAIT).await;
    }
}

/// Reads a state for a while, until it is another one than it should be; the last one.
pub(super) async fn watched(
    device: &Device,
    read: &StateRead,
    changed: impl Fn(&ReadBackState) -> bool,
) -> Result<ReadBackState, ReadBackError> {
    let end = Instant::now() + SHOWS_IN;
    loop {
        let state = patiently(device, read).await?;
        if changed(&state) || Instant::now() >= end {
            return Ok(state);
        }
        sleep(FIRST_WAIT).await;
    }
}

/// Sends a write until it is answered for good. `revision`: where in its body the state may have to be
/// named that it replaces; whether that was done.
pub(super) async fn put_back(
    device: &Device,
    mut request: HttpRequest,
    read: &StateRead,
    revision: Option<&str>,
) -> (Exchange, bool) {
    let mut waits = Waits::new();
    let (mut validated, mut looked, mut revised) = (false, false, false);
    loop {
        let exchange = device.send_back(&Request::Http(request.clone())).await;
        let again = match (exchange.status(), exchange.failure()) {
            // RFC 6585 §3, RFC 9110 §13.1.1: the state that is replaced has to be named.
            (Some(412 | 428), _) if !validated => {
                validated = true;
                let state = device.read_state(read).await.ok();
                let etag = state.and_then(|s| s.etag);
                name_state(&mut request, etag);
                continue;
            }
            (Some(409 | 412), _) if !looked && revision.is_some() => {
                looked = true;
                let state = revision.zip(device.read_state(read).await.ok());
                revised = state.is_some_and(|(at, now)| name_in_body(&mut request, at, &now));
                if revised {
                    continue;
                }
                true
            }
            (Some(401), _) => log_in_again(device).await,
            (Some(status), _) => for_now(status),
            (None, Some(failure)) => comes_back(failure),
            (None, None) => false,
        };
        // A validator is good for one state.
        validated = false;
        if !again || !waits.again(asked(&exchange)).await {
            return (exchange, revised);
        }
    }
}

/// Names the state that a request changes in its body; whether another one stood there.
fn name_in_body(request: &mut HttpRequest, at: &str, state: &ReadBackState) -> bool {
    let body = request.body.as_deref().unwrap_or_default();
    let Ok(mut body) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    let Some((place, now)) = body.pointer_mut(at).zip(state.get(at)) else {
        return false;
    };
    let other = place != now;
    *place = now.clone();
    written::write(request, &body);
    other
}

/// Names the state that a request changes; without a validator, whatever stands there.
fn name_state(request: &mut HttpRequest, etag: Option<String>) {
    let etag = etag.unwrap_or_else(|| "*".to_owned());
    let named = |(n, _): &(String, Template)| !n.eq_ignore_ascii_case("if-match");
    request.headers.retain(named);
    let value = Template::from(etag.as_str());
    request.headers.push(("If-Match".to_owned(), value));
}

/// Opens a new session where the old one has ended; whether another try makes sense.
async fn log_in_again(device: &Device) -> bool {
    if device.can_login() {
        device.forget_token();
        let _ = device.login().await;
    }
    // Without a login it may be a lock-out, which ends.
    true
}

/// Whether a device that failed so may answer later.
fn comes_back(failure: &Failure) -> bool {
    !matches!(failure, Failure::NotSent(_) | Failure::Tls(_))
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3).
fn asked(exchange: &Exchange) -> Option<Duration> {
    let text = exchange.answer()?.header("retry-after")?;
    text.parse().ok().map(Duration::from_secs)
}
