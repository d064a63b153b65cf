//! An ordinary client, reqwest: what confirms a finding independently of our own HTTP code, and
//! carries logins and documents.

use super::classify::{self, Stage};
use super::fields::oddities;
use super::{Device, Options, coding, lock, session, unknown};
use crate::exchange::{Answer, Exchange, Failure, HttpRequest, Outcome, Phase, Request, Timings};
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

/// The most redirects of a login that are followed.
const REDIRECTS: usize = 5;

/// What every client of ours has in common: HTTP/1.1, nothing that was not asked for, a connection
/// for each request (a device that serves one at a time must not wait for an idle one).
pub(super) fn builder(options: &Options, tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
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
        .pool_max_idle_per_host(0)
        .connect_timeout(connect)
}

/// Redirects on the same origin only: credentials and cookies go nowhere else.
pub(super) fn same_origin() -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(|attempt| {
        let from = attempt.previous().first().map(Url::origin);
        if from.is_some_and(|from| from != attempt.url().origin())
            || attempt.previous().len() > REDIRECTS
        {
            attempt.stop()
        } else {
            attempt.follow()
        }
    })
}

/// A device as an ordinary HTTP client sees it. It knows the session of its device.
#[derive(Clone, Copy)]
pub struct Ordinary<'d> {
    device: &'d Device,
}

impl Ordinary<'_> {
    /// Sends a request over a connection of its own and reads the answer. What the client cannot
    /// send as it is (it would change the target, the spelling or order of fields) is not sent:
    /// [`Failure::NotSent`]. It does not tell half a head from silence or from the end of a
    /// connection, nor what follows an answer.
    pub async fn send(self, http: &HttpRequest) -> Exchange {
        let device = self.device;
        if let Some(policy) = &device.policy
            && let Err(refusal) = policy.permits(&Request::Http(http.clone()))
        {
            return Exchange::not_sent(refusal.to_string());
        }
        device.prepare(&http.secrets()).await;
        device.pace().await;
        lock(&device.idle).clear();
        let request = match device.library_request(http) {
            Some(request) => request,
            None => Err(Failure::NotSent(
                "an ordinary HTTP client would change this request".to_owned(),
            )),
        };
        let timeout = device.options.timeout;
        let exchange = device.by_library(&device.client, request, timeout).await;
        coding::decoded(device.count(exchange), device.options.limits.body)
    }
}

impl Device {
    /// The ordinary client.
    pub fn ordinary(&self) -> Ordinary<'_> {
        Ordinary { device: self }
    }

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
        let uri = full.get(self.base.origin..).unwrap_or_default();
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
            if session::stands_for_nothing(&session, value) {
                continue;
            }
            let value = match value.0.as_slice() {
                [crate::exchange::Part::Text(text)] => HeaderValue::from_bytes(text.as_bytes()),
                _ => match value
                    .try_render(|s| Some(session.placed(s, &http.method, uri)?.into_owned()))
                {
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

    /// Sends it with a client and reads the answer.
    pub(super) async fn by_library(
        &self,
        client: &reqwest::Client,
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
                self.library_outcome(client, request, start, start + timeout, &mut exchange)
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
        client: &reqwest::Client,
        request: reqwest::Request,
        start: Instant,
        deadline: Instant,
        exchange: &mut Exchange,
    ) -> Outcome {
        // What has come stays outside of the future that the deadline may cut off.
        let mut partial = None;
        let reading = self.read_answer(client, request, start, exchange, &mut partial);
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
        client: &reqwest::Client,
        request: reqwest::Request,
        start: Instant,
        exchange: &mut Exchange,
        place: &mut Option<Answer>,
    ) -> Result<(), Failure> {
        let mut response = client
            .execute(request)
            .await
            .map_err(|e| classify::reqwest(&e, Stage::Head, LIBRARY_HEAD_LIMIT))?;
        exchange.timings.first_byte = start.elapsed();
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
}

/// A request without credentials by name, to any URL.
pub(super) fn request(url: &str, http: &HttpRequest) -> Result<reqwest::Request, Failure> {
    let bad = |why: String| Failure::NotSent(format!("{url}: {why}"));
    let method = Method::from_bytes(http.method.as_bytes()).map_err(|e| bad(e.to_string()))?;
    let url = Url::parse(url).map_err(|e| bad(e.to_string()))?;
    let mut request = reqwest::Request::new(method, url);
    for (name, value) in &http.headers {
        let value = HeaderValue::from_bytes(value.render(|_| String::new()).as_bytes());
        let name = HeaderName::from_bytes(name.as_bytes());
        match (name, value) {
            (Ok(name), Ok(value)) => request.headers_mut().append(name, value),
            _ => {
                return Err(Failure::NotSent(
                    "a field that HTTP cannot carry".to_owned(),
                ));
            }
        };
    }
    if let Some(body) = &http.body {
        *request.body_mut() = Some(body.clone().into());
    }
    Ok(request)
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
