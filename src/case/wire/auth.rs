//! Credentials that are absent, damaged, of another scheme or in another place.

use super::auth_bodies;
use super::auth_others::is_first_read;
use super::auth_tables::{
    BASIC, BEARER, Credentials, DIGEST, KEY, KNOWN_USER, NOT_BASIC, NOT_BEARER, Row, template,
};
use super::login;
use super::{EXTRA, THOROUGH};
use crate::case::build::emit;
use crate::case::builder::{Draft, ExchangeCases};
use crate::case::reach::may_call;
use crate::case::{Case, Check, Context, Expect, Fault, Strategy};
use crate::contract::{Access, FaultKind, Operation, Place, SecurityScheme};
use crate::exchange::{HttpRequest, Request, Secret, Template};

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Auth;

impl Strategy for Auth {
    fn name(&self) -> &'static str {
        "auth"
    }

    fn explain(&self) -> &'static str {
        "Every operation without credentials, with empty, unknown, damaged, shortened, extended \
         and over-long ones, under another scheme and in another place, with valid and with \
         broken bodies: none may be served or change a setting, and the session must go on. The \
         same under other spellings of the path, and of the settings that it protects. \
         Firmware compares only as many characters as were sent, looks only whether the field is \
         there, or checks credentials after it has stored the body. At the login: wrong \
         passwords, unknown users, shortened hashes, as few as accounts that lock allow; the \
         session after its log-out, what the device gave before the login, and the writes of a \
         second user who may only read, where the profile knows them."
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        if let Some(mut builder) = ExchangeCases::of(context, op, self.name()) {
            if builder.op.needs_auth() {
                let mut cases = CredentialCases::new(&mut builder);
                cases.nothing();
                cases.scheme();
                cases.hints();
                cases.side_doors();
                cases.order();
                cases.session();
                // Logging in is tried once, whatever the number of operations.
                let mut earlier = context.contract.operations.iter();
                let mut earlier = earlier.by_ref().take_while(|other| other.id != op.id);
                if !earlier.any(|other| other.needs_auth() && may_call(context, other)) {
                    login::cases(&mut builder);
                }
            }
            if context.contract.guards(op) {
                CredentialCases::new(&mut builder).others();
            }
            cases.append(&mut builder.into_cases());
        }
        cases
    }
}

/// One operation that asks for credentials.
pub(super) struct CredentialCases<'b, 'c, 'a> {
    pub(super) builder: &'b mut ExchangeCases<'c, 'a>,
    body: Option<Vec<u8>>,
    schemes: Vec<SecurityScheme>,
}

impl<'b, 'c, 'a> CredentialCases<'b, 'c, 'a> {
    fn new(builder: &'b mut ExchangeCases<'c, 'a>) -> Self {
        let body = builder.fresh(6).map(|v| emit(&v));
        let mut schemes: Vec<SecurityScheme> = Vec::new();
        // What requests carry comes first.
        let chosen = match &builder.op.access {
            Access::With(schemes) => schemes.as_slice(),
            Access::Open | Access::Unfed(_) => &[],
        };
        for scheme in chosen.iter().chain(builder.op.security.iter().flatten()) {
            if !schemes.contains(scheme) {
                schemes.push(scheme.clone());
            }
        }
        CredentialCases {
            builder,
            body,
            schemes,
        }
    }

    /// The request without credentials.
    pub(super) fn bare(&self) -> HttpRequest {
        self.builder
            .context
            .unauthorized_request(self.builder.op, self.body.clone())
    }

    fn present(
        &mut self,
        (name, tier): (&'static str, u8),
        title: &str,
        request: HttpRequest,
        credentials: Credentials,
    ) {
        let expect = match credentials {
            Credentials::Wrong => Expect::Unauthorized { faults: Vec::new() },
            Credentials::WrongForm => Expect::Unauthorized {
                faults: vec![Fault::whole(FaultKind::Parameter)],
            },
            Credentials::Open(question) => Expect::Either {
                question: question.to_owned(),
                faults: vec![Fault::whole(FaultKind::Unauthenticated)],
            },
        };
        self.send("credentials", (name, tier), title, request, expect);
    }

    fn send(
        &mut self,
        about: &'static str,
        (name, tier): (&'static str, u8),
        title: &str,
        request: HttpRequest,
        expect: Expect,
    ) {
        let mut promises = vec!["auth.required".to_owned()];
        if matches!(expect, Expect::Unauthorized { .. }) {
            let shapes = self.builder.op.error_shapes();
            let drawn = shapes.filter(|s| s.answers.contains(&FaultKind::Unauthenticated));
            let own = format!("{}.", self.builder.op.id);
            promises.extend(drawn.filter_map(|s| Some(s.promise.strip_prefix(&own)?.to_owned())));
            promises.push("state.refusal".to_owned());
        }
        self.builder.add(Draft {
            about,
            name: name.to_owned(),
            title: title.to_owned(),
            class: format!("auth:{}", class(about, name)),
            tier,
            promises,
            request: Request::Http(request),
            expect,
            check: Check::Unchanged,
        });
    }

    /// No credentials.
    fn nothing(&mut self) {
        let bare = self.bare();
        self.present(
            ("absent", 0),
            "there are no credentials",
            bare,
            Credentials::Wrong,
        );
    }

    fn scheme(&mut self) {
        match self.schemes.first().cloned() {
            Some(
                SecurityScheme::Bearer | SecurityScheme::OAuth2(_) | SecurityScheme::OpenIdConnect,
            ) => self.bearer(),
            Some(SecurityScheme::Digest) => self.digest(),
            Some(SecurityScheme::Basic) => self.basic(),
            Some(SecurityScheme::ApiKey { name, place }) => self.key(&name, place),
            Some(
                SecurityScheme::MutualTls | SecurityScheme::Offered | SecurityScheme::Other(_),
            )
            | None => {}
        }
    }

    fn with_header(&self, name: &str, value: Template) -> HttpRequest {
        let mut request = self.bare();
        request.headers.push((name.to_owned(), value));
        request
    }

    fn with_query(&self, name: &str, value: Template) -> HttpRequest {
        let mut request = self.bare();
        let sign = if request.target.to_string().contains('?') {
            '&'
        } else {
            '?'
        };
        request.target = request.target.text(format!("{sign}{name}="));
        request.target.0.extend(value.0);
        request
    }

    fn authorization(&self, value: Template) -> HttpRequest {
        self.with_header("Authorization", value)
    }

    /// Whether another alternative takes credentials of this scheme.
    fn offers(&self, scheme: &SecurityScheme) -> bool {
        self.schemes.contains(scheme)
    }

    /// Everything that a table holds, in the place where credentials of its scheme go.
    fn table(&mut self, rows: &[Row], place: &dyn Fn(&Self, Template) -> HttpRequest) {
        for row in rows {
            let request = place(self, template(row.value));
            self.present((row.name, row.tier), row.title, request, row.credentials);
        }
    }

    /// RFC 6750.
    fn bearer(&mut self) {
        use Credentials::{Open, WrongForm};
        self.table(BEARER, &Self::authorization);
        if !self.offers(&SecurityScheme::Basic) {
            self.table(NOT_BEARER, &Self::authorization);
        }
        self.long("Bearer ", WrongForm);
        let places = [
            (
                "in-query",
                self.with_query("access_token", template("{token}")),
            ),
            (
                "in-cookie",
                self.with_header("Cookie", template("token={token}")),
            ),
            (
                "in-other-field",
                self.with_header("X-Auth-Token", template("{token}")),
            ),
        ];
        for (name, request) in places {
            let title = format!("the right token stands elsewhere ({name})");
            self.present(
                (name, 3),
                &title,
                request,
                Open("the right token in another place"),
            );
        }
        for (name, tier, first, title, credentials) in [
            (
                "right-and-wrong",
                3,
                "{token}",
                "two Authorizations, the second unknown",
                Open("two Authorizations"),
            ),
            (
                "two-wrong",
                3,
                "0123456789abcdee",
                "two unknown Authorizations",
                WrongForm,
            ),
        ] {
            let mut request = self.authorization(template(&format!("Bearer {first}")));
            let second = Template::from("Bearer 0123456789abcdef");
            request.headers.push(("Authorization".to_owned(), second));
            self.present(
                (name, tier),
                &format!("there are {title}"),
                request,
                credentials,
            );
        }
    }

    /// What gateways and web pages add, and what some servers trust for it.
    fn hints(&mut self) {
        use Credentials::Wrong;
        for (name, tier, field) in [
            ("forwarded", 1, "X-Forwarded-For"),
            ("real-ip", THOROUGH, "X-Real-IP"),
            ("user", THOROUGH, "X-Remote-User"),
        ] {
            let request = self.with_header(field, Template::from("127.0.0.1"));
            let title = format!("there are no credentials, and {field} says 127.0.0.1");
            self.present((name, tier), &title, request, Wrong);
        }
        // The names that such doors have; one request serves them all.
        let doors = "0&access_token=0&auth=YWRtaW46MTEK&session=1&user=admin&key=0&debug=1";
        let request = self.with_query("token", Template::from(doors));
        self.present(
            ("wrong-in-query", 2),
            "there are unknown credentials in the query",
            request,
            Wrong,
        );
        let cookies = Template::from("token=1; session=1; auth=1; admin=true");
        let request = self.with_header("Cookie", cookies);
        let title = "there are no credentials but made-up cookies";
        self.present(("cookies", 2), title, request, Wrong);
        // Servers that let pictures and scripts pass without credentials sometimes look at the end
        // of the whole target.
        let request = self.with_query(EXTRA, Template::from(".css"));
        let title = "there are no credentials, and the query ends in .css";
        self.present(("file-in-query", 3), title, request, Wrong);
    }

    /// Credentials of 4 KiB.
    fn long(&mut self, scheme: &str, credentials: Credentials) {
        let request = self.authorization(Template::from(format!("{scheme}{}", "a".repeat(4_096))));
        self.present(
            ("long", 2),
            "the credentials have 4,096 characters",
            request,
            credentials,
        );
    }

    /// RFC 7617.
    fn basic(&mut self) {
        self.table(BASIC, &Self::authorization);
        if is_first_read(self.builder.context, self.builder.op) {
            self.table(KNOWN_USER, &Self::authorization);
        }
        if !self.offers(&SecurityScheme::Bearer) {
            self.table(NOT_BASIC, &Self::authorization);
        }
        self.long("Basic ", Credentials::WrongForm);
    }

    /// RFC 7616 §3.4.6, §5: answers to the challenge that are right but for one thing.
    fn digest(&mut self) {
        for row in DIGEST {
            let value = Template::default().secret(Secret::Digest(row.form));
            let request = self.authorization(value);
            self.present((row.name, row.tier), row.title, request, row.credentials);
        }
        if !self.offers(&SecurityScheme::Basic) {
            let open = Credentials::Open("the right password by Basic where Digest is asked for");
            let request = self.authorization(template("Basic {basic}"));
            self.present(
                ("basic", 3),
                "user and password come by Basic",
                request,
                open,
            );
        }
        self.long("Digest ", Credentials::WrongForm);
    }

    /// A key in a field, in the query or in a cookie.
    fn key(&mut self, name: &str, place: Place) {
        let place_key = |cases: &Self, value: Template| match place {
            Place::Query => cases.with_query(name, value),
            Place::Cookie => {
                let mut cookie = Template::from(format!("{name}="));
                cookie.0.extend(value.0);
                cases.with_header("Cookie", cookie)
            }
            Place::Header | Place::Path => cases.with_header(name, value),
        };
        self.table(KEY, &place_key);
        let long = place_key(self, Template::from("a".repeat(4_096)));
        self.present(
            ("long", 2),
            "the key has 4,096 characters",
            long,
            Credentials::WrongForm,
        );
        if place != Place::Query {
            let request = self.with_query(name, template("{token}"));
            let open = Credentials::Open("the right key in another place");
            self.present(
                ("in-query", 3),
                "the key stands in the query",
                request,
                open,
            );
        }
    }

    /// No credentials and a body that is wrong too: whether 400 or 401 comes first is open, but it
    /// must be refused, and nothing of it may be stored.
    fn order(&mut self) {
        let Some(known) = self.builder.bodies.as_ref() else {
            return;
        };
        let bodies = auth_bodies::all(known);
        let context = self.builder.context;
        let op = self.builder.op;
        for (name, tier, title, body, faults) in bodies {
            let request = context.unauthorized_request(op, body);
            self.send(
                "order",
                (name, tier),
                title,
                request,
                Expect::Unauthorized { faults },
            );
        }
    }

    /// After refusals, good credentials still work. The plan sends no request twice, so each has a
    /// field that says what clients say anyway.
    fn session(&mut self) {
        if !matches!(self.builder.op.access, Access::With(_)) {
            // Nobody has given Probity such credentials.
            return;
        }
        for (name, tier, nth, accept) in [
            ("goes-on", 2, 7, "*/*"),
            ("still-goes-on", 4, 8, "application/json, */*;q=0.5"),
        ] {
            let body = self.builder.fresh(nth);
            let mut request = match &body {
                Some(body) => self.builder.http(body),
                // Nothing is known that the device must accept.
                None if self.builder.op.body.is_some() => return,
                None => self.builder.context.request(self.builder.op, None),
            };
            request
                .headers
                .push(("Accept".to_owned(), Template::from(accept)));
            self.builder.add(Draft {
                about: "session",
                name: name.to_owned(),
                title: "the credentials are good, after others were refused".to_owned(),
                class: "auth:session".to_owned(),
                tier,
                promises: vec!["auth.session".to_owned()],
                request: Request::Http(request),
                expect: Expect::Accepted,
                check: body.map_or(Check::Nothing, Check::ReadsBack),
            });
        }
    }
}

/// The mistake of a check that these credentials take advantage of, so that one mistake is one
/// finding however many of them show it.
fn class(about: &'static str, name: &'static str) -> &'static str {
    const MISTAKES: [(&str, &[&str]); 5] = [
        (
            "none",
            &[
                "absent",
                "empty",
                "scheme-alone",
                "cookies",
                "forwarded",
                "real-ip",
                "user",
                "wrong-in-query",
                "file-in-query",
            ],
        ),
        (
            "unknown",
            &[
                "unknown",
                "zero",
                "null",
                "undefined",
                "true",
                "long",
                "quote",
                "wildcard",
                "percent",
                "format",
                "path",
                "unsigned",
                "two-wrong",
                "digest",
                "digest-password",
                "digest-user",
                "empty-pair",
                "no-colon",
                "not-base64",
            ],
        ),
        (
            "damaged",
            &[
                "shortened",
                "halved",
                "first-only",
                "beheaded",
                "tail-changed",
                "middle-changed",
                "extended",
                "prefixed",
                "doubled",
                "extended-long",
                "upper-case",
            ],
        ),
        ("digest-response", &["digest-response", "digest-empty"]),
        ("scheme", &["other-scheme", "basic-unknown", "basic-empty"]),
    ];
    if about == "order" {
        return about;
    }
    let found = MISTAKES.iter().find(|(_, names)| names.contains(&name));
    found.map_or(name, |(mistake, _)| mistake)
}
