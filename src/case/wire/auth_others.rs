//! Credentials that were good, or are good for something else: of a second user who may less, of a
//! session that has been logged out, of the time before a login; part of the strategy `auth`.

use super::auth::CredentialCases;
use crate::case::builder::Draft;
use crate::case::reach::may_call;
use crate::case::{Check, Context, Expect};
use crate::contract::Operation;
use crate::exchange::{Holder, HttpRequest, Request};

impl CredentialCases<'_, '_, '_> {
    /// What [`Holder`] says of somebody else's credentials.
    pub(super) fn others(&mut self) {
        let (context, op) = (self.builder.context, self.builder.op);
        let viewer = context.profile.roles.viewer.as_ref();
        if viewer.is_some_and(|viewer| !viewer.may_call(op)) {
            self.of(
                Holder::Viewer,
                "viewer",
                "the user of [roles.viewer] writes",
            );
        }
        let login = context.profile.login.as_ref();
        if !is_first_read(context, op) {
            return;
        }
        if login.is_some_and(|login| login.logout.is_some()) {
            self.of(
                Holder::LoggedOut,
                "logged-out",
                "the session has been logged out",
            );
        }
        let page = login.and_then(|login| login.csrf.as_ref()?.page.as_ref());
        if page.is_some() && login.is_some_and(|login| login.cookies) {
            self.of(
                Holder::BeforeLogin,
                "before-login",
                "the cookies are those of before the login",
            );
        }
    }

    fn of(&mut self, holder: Holder, name: &str, title: &str) {
        let Some(request) = self.good().and_then(|request| request.of(holder)) else {
            return;
        };
        let (promise, expect) = match holder {
            Holder::Viewer => ("auth.roles", Expect::Forbidden),
            Holder::LoggedOut => ("auth.logout", Expect::Unauthorized { faults: Vec::new() }),
            Holder::BeforeLogin => ("auth.login", Expect::Unauthorized { faults: Vec::new() }),
        };
        self.builder.add(Draft {
            about: "others",
            name: name.to_owned(),
            title: title.to_owned(),
            class: format!("auth:{name}"),
            tier: u8::from(holder != Holder::Viewer),
            promises: vec![promise.to_owned(), "state.refusal".to_owned()],
            request: Request::Http(request),
            expect,
            check: Check::Unchanged,
        });
    }

    /// The request that the session's own credentials would be let in with.
    fn good(&self) -> Option<HttpRequest> {
        let (context, op) = (self.builder.context, self.builder.op);
        let body = self.builder.fresh(9);
        match (&body, op.body.is_some()) {
            (Some(body), _) => Some(self.builder.http(body)),
            // Nothing is known that the device must accept.
            (None, true) => None,
            (None, false) => Some(context.request(op, None)),
        }
    }
}

/// Whether an operation is the first read that asks for credentials: what is about the session is
/// tried once, whatever the number of operations.
pub(super) fn is_first_read(context: &Context<'_>, op: &Operation) -> bool {
    let reads = |op: &&Operation| {
        op.method == "GET" && context.contract.guards(op) && may_call(context, op)
    };
    let first = context.contract.operations.iter().find(reads);
    first.is_some_and(|first| first.id == op.id)
}
