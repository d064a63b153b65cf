//! Credentials that are not those of the run: of a second user, of a session that has been logged
//! out, of the time before a login. Each is brought when a request names it, and only where a control
//! shows that a refusal would mean something.

use super::session::{Opened, Session};
use super::{Device, lock};
use crate::exchange::{Holder, HttpRequest, Request, Template};
use crate::profile::{Login, Logout};

/// Reads that a second user is tried with: not every user may read everything.
const CONTROLS: usize = 3;

impl Device {
    /// Whether the second user is let in.
    pub async fn admits_viewer(&self) -> bool {
        self.bring_viewer().await;
        lock(&self.session).other(Holder::Viewer).is_some()
    }

    /// Makes ready what a request names of somebody else; where that does not come about, they have
    /// nothing, and the request is not sent.
    pub(super) async fn bring(&self, holder: Holder) {
        match holder {
            Holder::Viewer => self.bring_viewer().await,
            Holder::LoggedOut | Holder::BeforeLogin => {
                let ready = lock(&self.session).other(holder).is_some();
                let login = self.profile.login.as_ref().filter(|_| !ready);
                let Some(login) = login else { return };
                let opened = match holder {
                    Holder::BeforeLogin => self.before_login(login).await,
                    _ => self.logged_out(login).await,
                };
                if opened.is_none() {
                    lock(&self.session).lend(holder, None);
                }
            }
        }
    }

    /// Sees before each request whether the second user is let in at all, and logs in anew otherwise:
    /// what is refused for want of a session says nothing of rights.
    async fn bring_viewer(&self) {
        let holder = Holder::Viewer;
        let there = lock(&self.session).other(holder).is_some();
        if there && self.lets_in(holder).await {
            return;
        }
        let viewer = lock(&self.session).of_another(holder);
        let ready = match viewer.is_open() {
            // A token of theirs.
            true => Some(viewer),
            false => self.open_for(viewer).await,
        };
        let known = ready.is_some();
        lock(&self.session).lend(holder, ready);
        if !known || !self.lets_in(holder).await {
            lock(&self.session).lend(holder, None);
        }
    }

    /// Opens a session with the credentials of this one, as the profile or the contract says.
    async fn open_for(&self, mut session: Session) -> Option<Session> {
        if let Some(login) = &self.profile.login {
            return self.entered(login, session).await;
        }
        if self.profile.oauth2.is_some() {
            let asked = self.token_request(&session, None).ok()?;
            session.open(self.token_for(asked, None).await.ok()?);
        } else if self.is_challenged() {
            session.offered(self.challenge().await?);
        }
        Some(session)
    }

    async fn entered(&self, login: &Login, mut session: Session) -> Option<Session> {
        let entry = self.at_the_door(login).await.ok()?;
        let filled = entry.fill(login, &session);
        session.open(entry.enter(login, &filled).await.ok()?);
        Some(session)
    }

    /// Opens a session, sees that it is one, and logs it out as the profile says.
    async fn logged_out(&self, login: &Login) -> Option<()> {
        let holder = Holder::LoggedOut;
        let logout = login.logout.as_ref()?;
        let session = lock(&self.session).of_another(holder);
        let session = self.entered(login, session).await?;
        lock(&self.session).lend(holder, Some(session));
        if !self.lets_in(holder).await {
            return None;
        }
        let request = self.logout_request(login, logout)?;
        let exchange = self
            .send_by(&Request::Http(request), true, self.options.timeout)
            .await;
        let ended = exchange.status().is_some_and(|s| (200..400).contains(&s));
        ended.then_some(())
    }

    fn logout_request(&self, login: &Login, logout: &Logout) -> Option<HttpRequest> {
        let Request::Http(mut request) = self.own_request(&logout.method, &logout.path) else {
            return None;
        };
        let csrf = login.csrf.as_ref().and_then(|c| c.send.as_ref());
        if let Some(field) = csrf {
            let value = Template::default().secret(crate::exchange::Secret::Csrf);
            request.headers.push((field.clone(), value));
        }
        request.of(Holder::LoggedOut)
    }

    /// What the device gives before a login, from which a login then makes a session. Where it lets
    /// in by itself, or the login does not, nothing can be said of it.
    async fn before_login(&self, login: &Login) -> Option<()> {
        let holder = Holder::BeforeLogin;
        let entry = self.at_the_door(login).await.ok()?;
        let before = entry.before();
        before.cookies.as_ref()?;
        let lend = |opened: Opened| {
            let mut session = lock(&self.session).of_another(holder);
            session.open(opened);
            lock(&self.session).lend(holder, Some(session));
        };
        lend(before.clone());
        if self.lets_in(holder).await {
            return None;
        }
        let filled = {
            let session = lock(&self.session);
            entry.fill(login, &session)
        };
        lend(entry.enter(login, &filled).await.ok()?);
        if !self.lets_in(holder).await {
            return None;
        }
        lend(before);
        Some(())
    }

    /// Whether a plain read that asks for credentials is answered to them.
    async fn lets_in(&self, holder: Holder) -> bool {
        for path in self.profile.protected.iter().take(CONTROLS) {
            let Request::Http(own) = self.own_request("GET", path) else {
                continue;
            };
            let Some(request) = own.of(holder).map(Request::Http) else {
                continue;
            };
            let timeout = self.options.timeout;
            let mut exchange = self.send_by(&request, false, timeout).await;
            if self.digest_renewed(&request.secrets(), &exchange) {
                exchange = self.send_by(&request, false, timeout).await;
            }
            if exchange.status().is_some_and(|s| (200..300).contains(&s)) {
                return true;
            }
        }
        false
    }
}
