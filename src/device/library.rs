//! The ordinary path over reqwest and its kept-alive connections. May import [`crate::exchange`].

use super::classify::{self, Stage};
use super::fields::oddities;
use super::{Device, DeviceError, Options, lock, session, unknown};
use crate::exchange::{Answer, Exchange, Failure, HttpRequest, Outcome, Phase, Timings};
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// What we call ourselves.
pub(super) const USER_AGENT: &str = concat!("probity/", env!("CARGO_PKG_VERSION"));
/// The most that hyper reads of a head before it gives up.
const LIBRARY_HEAD_LIMIT: u64 = 8192 + 4096 * 100;
/// Fields whose meaning the HTTP library would take into its own hands.
const FRAMING: [&str; 8] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "te",
    "upgrade",
    "expect",
];

/// The client for a device: HTTP/1.1, nothing that a case did not ask for.
pub(super) fn client(
    options: &Options,
    tls: rustls::ClientConfig,
) -> Result<reqwest::Client, DeviceError> {
    // A little less than the time-out, so that a connect that hangs is told from an answer that
    // does not come.
    let connect = options.timeout - (options.timeout / 20).min(Duration::from_millis(50));
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        .http1_title_case_headers()
        .tcp_nodelay(true)
        .connect_timeout(connect)
        .build()
        .map_err(|e| DeviceError::Tls(e.to_string()))
}

impl Device {
    /// The request for reqwest, if that sends exactly these bytes: `None` where it would rewrite
    /// the target, the spelling or order of fields, or where it cannot carry a value.
    pub(super) fn library_request(
        &self,
        http: &HttpRequest,
    ) -> Option<Result<reqwest::Request, Failure>> {
        let session = lock(&self.session);
        let mut full = String::with_capacity(self.base.url.len() + 64);
        full.push_str(&self.base.url);
        for part in &http.target.0 {
            match part {
                crate::exchange::Part::Text(text) => full.push_str(text),
                crate::exchange::Part::Secret(secret) => match session.value(*secret) {
                    Some(value) => full.push_str(&session::query_value(&value)),
                    None => return Some(Err(Failure::NotSent(unknown(*secret)))),
                },
            }
        }
        let url = Url::parse(&full).ok()?;
        if url.as_str() != full
            || url.fragment().is_some()
            || full.as_bytes().get(self.base.url.len()) != Some(&b'/')
        {
            return None;
        }
        let method = Method::from_bytes(http.method.as_bytes()).ok()?;
        if method == Method::CONNECT {
            return None;
        }
        let mut request = reqwest::Request::new(method, url);
        let headers = request.headers_mut();
        for (i, (name, value)) in http.headers.iter().enumerate() {
            if !title_case(name) || FRAMING.iter().any(|f| f.eq_ignore_ascii_case(name)) {
                return None;
            }
            let earlier = http.headers.get(..i).unwrap_or_default();
            if let Some(at) = earlier
                .iter()
                .rposition(|(n, _)| n.eq_ignore_ascii_case(name))
                && at + 1 != i
            {
                // The map would draw fields of one name together.
                return None;
            }
            let value = match value.0.as_slice() {
                [crate::exchange::Part::Text(text)] => HeaderValue::from_bytes(text.as_bytes()),
                _ => match value.try_render(|s| session.value(s).map(|v| v.into_owned())) {
                    Ok(text) => HeaderValue::from_bytes(text.as_bytes()),
                    Err(secret) => return Some(Err(Failure::NotSent(unknown(secret)))),
                },
            };
            headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, value.ok()?);
        }
        if let Some(body) = &http.body {
            if body.is_empty() {
                // The library sends no length with an empty body unless it is told to.
                headers.append(
                    reqwest::header::CONTENT_LENGTH,
                    HeaderValue::from_static("0"),
                );
            } else {
                *request.body_mut() = Some(body.clone().into());
            }
        }
        Some(Ok(request))
    }

    /// Sends it and reads the answer.
    pub(super) async fn by_library(
        &self,
        request: Result<reqwest::Request, Failure>,
        timeout: Duration,
    ) -> Exchange {
        let start = Instant::now();
        let mut exchange = Exchange {
            outcome: Outcome::Answered(Answer::default()),
            timings: Timings::default(),
            reused: false,
        };
        exchange.outcome = match request {
            Ok(request) => {
                self.library_outcome(request, start, start + timeout, &mut exchange)
                    .await
            }
            Err(failure) => Outcome::Failed {
                failure,
                partial: None,
            },
        };
        exchange.timings.total = start.elapsed();
        exchange
    }

    async fn library_outcome(
        &self,
        request: reqwest::Request,
        start: Instant,
        deadline: Instant,
        exchange: &mut Exchange,
    ) -> Outcome {
        // What has come stays outside of the future that the deadline may cut off.
        let mut partial = None;
        let reading = self.read_answer(request, start, exchange, &mut partial);
        let failure = match timeout_at(deadline, reading).await {
            Ok(Ok(())) => match partial {
                Some(answer) => return Outcome::Answered(answer),
                None => Failure::Closed,
            },
            Ok(Err(failure)) => failure,
            Err(_) if partial.is_some() => Failure::Timeout(Phase::Body),
            // The library does not tell whether a part of the head had come.
            Err(_) => Failure::Timeout(Phase::FirstByte),
        };
        Outcome::Failed { failure, partial }
    }

    /// Fills `place` with the answer, as far as it comes.
    async fn read_answer(
        &self,
        request: reqwest::Request,
        start: Instant,
        exchange: &mut Exchange,
        place: &mut Option<Answer>,
    ) -> Result<(), Failure> {
        let mut response = self
            .client
            .execute(request)
            .await
            .map_err(|e| classify::reqwest(&e, Stage::Head, LIBRARY_HEAD_LIMIT))?;
        exchange.timings.first_byte = start.elapsed();
        if let Some(info) = response.extensions().get::<HttpInfo>() {
            exchange.reused = self.remember(info.local_addr());
        }
        let status = response.status().as_u16();
        if status < 200 {
            let why = "101 Switching Protocols, which nobody asked for".to_owned();
            return Err(Failure::MalformedHttp(why));
        }
        let answer = place.insert(Answer {
            status,
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .collect(),
            ..Answer::default()
        });
        let caps = self.options.limits;
        let head: usize = answer
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 4)
            .sum();
        if head > caps.head {
            return Err(Failure::TooLarge {
                what: "head",
                limit: caps.head as u64,
            });
        }
        answer.anomalies = oddities(answer);
        let promised = response.content_length();
        loop {
            let chunk = response.chunk().await.map_err(|e| {
                let got = answer.body.len() as u64;
                classify::reqwest(&e, Stage::Body { got, promised }, LIBRARY_HEAD_LIMIT)
            })?;
            let Some(chunk) = chunk else {
                return Ok(());
            };
            let room = caps.body.saturating_sub(answer.body.len());
            answer
                .body
                .extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if chunk.len() > room {
                return Err(Failure::TooLarge {
                    what: "body",
                    limit: caps.body as u64,
                });
            }
        }
    }

    /// Whether a connection, known by our end of it, has carried an exchange before.
    fn remember(&self, end: std::net::SocketAddr) -> bool {
        /// More than anybody keeps alive at a time.
        const MOST: usize = 64;
        let mut known = lock(&self.connections);
        if known.last() == Some(&end) || known.contains(&end) {
            return true;
        }
        if known.len() == MOST {
            known.remove(0);
        }
        known.push(end);
        false
    }
}

/// Whether a field name is spelled as the HTTP library writes it: a capital at the start and after
/// each hyphen, all else in lower case.
fn title_case(name: &str) -> bool {
    let mut start = true;
    name.bytes().all(|b| {
        let fits = if start {
            !b.is_ascii_lowercase()
        } else {
            !b.is_ascii_uppercase()
        };
        start = b == b'-';
        fits
    })
}
