//! Opens a session as the profile says.

use super::digest::Offers;
use super::login_answer::{identifier, in_page, is_refusal, token, whole};
use super::session::{Opened, Session};
use super::{Device, lock, ordinary, unknown};
use crate::exchange::{Answer, Exchange, Failure, HttpRequest, Part, Request, Secret, Template};
use crate::profile::{Csrf, Login};
use reqwest::cookie::{CookieStore as _, Jar};
use serde_json::Value;
use std::sync::Arc;
use url::Url;

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
    /// The device takes no Basic credentials, and does not say which it takes.
    #[error(
        "the device asks for credentials at {url} (status {status}) and names no scheme in \
         WWW-Authenticate (RFC 9110 §15.5.2), and neither does the document; user name and password \
         by the Basic scheme are refused: check them, or describe the login in the profile, or give \
         --token-env VAR"
    )]
    NoScheme {
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

/// The client of one login: cookies of its own, redirects on the same origin.
struct Client<'d> {
    device: &'d Device,
    http: reqwest::Client,
    jar: Arc<Jar>,
}

impl Device {
    /// Opens the session: logs in as the profile says, or fetches a token as the contract's OAuth 2
    /// flow wants it, or asks for the device's challenge and sees whether it takes user name and
    /// password. Does nothing where the user gave a token or nothing has to be opened.
    ///
    /// # Errors
    /// See [`LoginError`]; the session is then as before.
    pub async fn login(&self) -> Result<(), LoginError> {
        if lock(&self.session).credentials.token.is_some() && self.has_token() {
            return Ok(());
        }
        if let Some(login) = &self.profile.login {
            self.log_in(login).await?;
            return match login.cookies {
                true => self.check_entry().await,
                false => Ok(()),
            };
        }
        if self.profile.oauth2.is_some() {
            return self.fetch_token().await;
        }
        match self.is_challenged() {
            true => self.check_entry().await,
            false => Ok(()),
        }
    }

    /// Whether an answer says that the request had no session: 401 (RFC 9110 §15.5.2), or a redirect to
    /// where the user logs in, as web interfaces have it.
    pub fn denies(&self, exchange: &Exchange) -> bool {
        let Some(answer) = exchange.answer() else {
            return false;
        };
        if answer.status == 401 {
            return true;
        }
        let location = answer.header("location").unwrap_or_default();
        let path = location.split(['?', '#']).next().unwrap_or_default();
        let last = path.trim_end_matches('/').rsplit('/').next();
        let last = last.unwrap_or_default().to_ascii_lowercase();
        let page = ["login", "signin", "logon", "sign-in", "sign_in"];
        let named = page.iter().any(|word| last.starts_with(word));
        let ours = self.profile.login.as_ref();
        let ours = ours.is_some_and(|login| path.ends_with(&login.path));
        matches!(answer.status, 302 | 303 | 307) && (named || ours)
    }

    /// Whether [`login`](Self::login) brings a session, with what the user gave.
    pub fn can_login(&self) -> bool {
        match &self.profile.login {
            Some(login) => self.missing(login).is_none(),
            None => {
                let session = lock(&self.session);
                self.profile.oauth2.is_some() && self.token_request(&session, None).is_ok()
            }
        }
    }

    /// Whether a session has to be opened and can be, or a challenge is still to be answered.
    pub fn needs_login(&self) -> bool {
        let challenged = self.profile.login.is_none() && self.is_challenged();
        let asked = lock(&self.session).asked();
        !self.has_token() && (self.can_login() || challenged && !asked)
    }

    /// Whether requests of our own answer a challenge.
    pub(super) fn is_challenged(&self) -> bool {
        let (headers, _) = &*lock(&self.auth);
        headers
            .iter()
            .flat_map(|(_, value)| &value.0)
            .any(|part| matches!(part, Part::Secret(Secret::Digest(_) | Secret::Offered)))
    }

    /// Whether requests of our own carry what the device asks for, whatever that is.
    fn tries_what_is_offered(&self) -> bool {
        let (headers, _) = &*lock(&self.auth);
        headers
            .iter()
            .flat_map(|(_, value)| &value.0)
            .any(|part| matches!(part, Part::Secret(Secret::Offered)))
    }

    /// The first credential that a login needs and nobody gave. What it fetches itself is none.
    fn missing(&self, login: &Login) -> Option<Secret> {
        let session = lock(&self.session);
        let mut needed = login.secrets().into_iter().filter(|s| *s != Secret::Csrf);
        needed.find(|s| session.value(*s).is_none())
    }

    /// Sends the profile's login and keeps what it brings.
    async fn log_in(&self, login: &Login) -> Result<(), LoginError> {
        if let Some(missing) = self.missing(login) {
            return Err(LoginError::Missing(unknown(missing)));
        }
        let entry = self.at_the_door(login).await?;
        // The one request in which credentials may stand in a body, which has no place for names:
        // it is made here, sent at once and kept nowhere.
        let filled = entry.fill(login, &lock(&self.session));
        let opened = entry.enter(login, &filled).await?;
        lock(&self.session).open(opened);
        Ok(())
    }

    /// What stands before the login: a client of its own, and the token against forgery where a page
    /// gives one.
    pub(super) async fn at_the_door(&self, login: &Login) -> Result<Entry<'_>, LoginError> {
        let client = self.login_client().map_err(LoginError::Missing)?;
        let csrf = match login.csrf.as_ref().and_then(|c| c.page.as_ref()) {
            Some(page) => Some(client.csrf_of(login, page).await?),
            None => None,
        };
        Ok(Entry { client, csrf })
    }

    /// A client with cookies of its own that follows redirects on the device.
    fn login_client(&self) -> Result<Client<'_>, String> {
        let jar = Arc::new(Jar::default());
        let http = ordinary::builder(&self.options, self.tls.clone())
            .redirect(ordinary::same_origin())
            .cookie_provider(Arc::clone(&jar))
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Client {
            device: self,
            http,
            jar,
        })
    }

    /// Sends a request of a login, without credentials by name, over the ordinary client.
    pub(super) async fn send_login(&self, url: &str, http: &HttpRequest) -> Exchange {
        match self.login_client() {
            Ok(client) => client.send_to(url, http).await,
            Err(why) => Exchange::not_sent(why),
        }
    }

    /// Asks for the device's challenge: a harmless read without credentials.
    pub(super) async fn draw_challenge(&self) {
        if let Some(offers) = self.challenge().await {
            lock(&self.session).offered(offers);
        }
    }

    /// What the device offers to who shows no credentials.
    pub(super) async fn challenge(&self) -> Option<Offers> {
        for path in &self.profile.protected {
            let bare = Request::Http(HttpRequest {
                method: "GET".to_owned(),
                target: Template::from(path.as_str()),
                ..HttpRequest::default()
            });
            let exchange = self.send_by(&bare, false, self.options.timeout).await;
            if let Some(answer) = exchange.answer().filter(|a| a.status == 401) {
                return Some(Offers::of(&answer.headers));
            }
        }
        None
    }

    /// Whether the device lets us in: a read that asks for credentials, with them.
    async fn check_entry(&self) -> Result<(), LoginError> {
        let Some(path) = self.profile.protected.first() else {
            return Ok(());
        };
        let url = format!("{}{path}", self.base.url);
        let request = self.own_request("GET", path);
        let exchange = Box::new(self.send_own(&request).await);
        let answer = whole(&exchange, &url)?;
        let status = answer.status;
        if status != 401 {
            return Ok(());
        }
        let (unspoken, silent) = {
            let session = lock(&self.session);
            let unspoken = session.unspoken().map(str::to_owned);
            (unspoken, session.is_asked_silently())
        };
        let challenged = self.is_challenged();
        Err(match unspoken.filter(|_| challenged) {
            Some(why) => LoginError::NotTheApi { url, why, exchange },
            None if silent && self.tries_what_is_offered() => LoginError::NoScheme {
                url,
                status,
                exchange,
            },
            None => LoginError::Refused {
                url,
                status,
                exchange,
            },
        })
    }
}

/// A login that has begun.
pub(super) struct Entry<'d> {
    client: Client<'d>,
    csrf: Option<String>,
}

impl Entry<'_> {
    /// What the device has given so far.
    pub(super) fn before(&self) -> Opened {
        Opened {
            cookies: self.client.cookies(),
            csrf: self.csrf.clone(),
            ..Opened::default()
        }
    }

    /// The login request with what a session knows.
    pub(super) fn fill(&self, login: &Login, session: &Session) -> HttpRequest {
        login.request_with(&|secret| {
            Part::Text(match secret {
                Secret::Csrf => self.csrf.clone().unwrap_or_default(),
                other => session.value(other).unwrap_or_default().into_owned(),
            })
        })
    }

    /// Sends the login; what it brings.
    pub(super) async fn enter(
        mut self,
        login: &Login,
        filled: &HttpRequest,
    ) -> Result<Opened, LoginError> {
        let exchange = Box::new(self.client.send(filled).await);
        let url = format!("{}{}", self.client.device.base.url, login.path);
        let answer = whole(&exchange, &url)?;
        let status = answer.status;
        if is_refusal(login, status) {
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
        let token = match token(answer, login) {
            Ok(token) => token,
            Err(why) => return Err(LoginError::NotTheApi { url, why, exchange }),
        };
        let cookies = self.client.cookies();
        if login.cookies && cookies.is_none() {
            let why = format!("status {status} sets no cookie");
            return Err(LoginError::NotTheApi { url, why, exchange });
        }
        if let Some(how) = &login.csrf {
            self.csrf = match &how.page {
                // Many servers give another one to a session that is logged in.
                Some(page) => {
                    let renewed = self.client.csrf_of(login, page).await.ok();
                    Some(renewed.or(self.csrf).unwrap_or_default())
                }
                None => self.client.csrf_in(how, answer),
            };
        }
        let csrf = self.csrf;
        let token = match token {
            Some(token) => Some(token),
            None => cookies
                .as_deref()
                .and_then(|c| identifier(c, csrf.as_deref())),
        };
        Ok(Opened {
            token,
            cookies: cookies.filter(|_| login.cookies),
            csrf,
            ..Opened::default()
        })
    }
}

impl Client<'_> {
    async fn send(&self, http: &HttpRequest) -> Exchange {
        let target = http.target.to_string();
        self.send_to(&format!("{}{target}", self.device.base.url), http)
            .await
    }

    async fn send_to(&self, url: &str, http: &HttpRequest) -> Exchange {
        let device = self.device;
        device.pace().await;
        // A device that serves one connection at a time must not wait for ours.
        lock(&device.idle).clear();
        let request = ordinary::request(url, http);
        let timeout = device.options.timeout;
        device.count(device.by_library(&self.http, request, timeout).await)
    }

    /// The cookies that the device has set, as a request below the base URL carries them.
    fn cookies(&self) -> Option<String> {
        let base = format!("{}/", self.device.base.url);
        let pages = self.device.profile.protected.iter();
        let urls = pages.map(|p| format!("{}{p}", self.device.base.url));
        let mut urls = urls.chain([base]).filter_map(|u| Url::parse(&u).ok());
        urls.find_map(|url| Some(self.jar.cookies(&url)?.to_str().ok()?.to_owned()))
    }

    /// Fetches the page that holds the token against request forgery, and takes it from there.
    async fn csrf_of(&self, login: &Login, page: &str) -> Result<String, LoginError> {
        let request = HttpRequest {
            method: "GET".to_owned(),
            target: Template::from(page),
            ..HttpRequest::default()
        };
        let url = format!("{}{page}", self.device.base.url);
        let exchange = Box::new(self.send(&request).await);
        let answer = whole(&exchange, &url)?;
        let found = login
            .csrf
            .as_ref()
            .and_then(|how| self.csrf_in(how, answer));
        let why = format!(
            "status {} without the token that [login.csrf] names",
            answer.status
        );
        match found {
            Some(token) => Ok(token),
            None => Err(LoginError::NotTheApi { url, why, exchange }),
        }
    }

    fn csrf_in(&self, how: &Csrf, answer: &Answer) -> Option<String> {
        if let Some(name) = &how.cookie {
            let all = self.cookies()?;
            let mut pairs = all.split("; ").filter_map(|pair| pair.split_once('='));
            return pairs.find(|(n, _)| n == name).map(|(_, v)| v.to_owned());
        }
        if let Some(name) = &how.header {
            return answer.header(name);
        }
        let name = how.field.as_deref()?;
        let text = String::from_utf8_lossy(&answer.body);
        if name.starts_with('/') {
            let body: Value = serde_json::from_str(&text).ok()?;
            return body.pointer(name)?.as_str().map(str::to_owned);
        }
        in_page(&text, name)
    }
}
