//! Credentials that are absent, damaged, of another scheme or in another place. May import what
//! [`crate::case`] may.

use super::bench::{Bench, EXTRA, Shot, THOROUGH, not_json};
use super::login;
use crate::case::build::emit;
use crate::case::{Case, Check, Context, Expect, Fault, Strategy};
use crate::contract::{FaultKind, Place, SecurityScheme};
use crate::exchange::{Alteration, HttpRequest, Original, Request, Secret, Template};
use serde_json::Value;

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
         broken bodies: none may be served or change a setting, and the session must go on. \
         Firmware compares only as many characters as were sent, looks only whether the field is \
         there, or checks credentials after it has stored the body. At the login: wrong \
         passwords, unknown users, shortened hashes, as few as accounts that lock allow."
    }

    fn cases(&self, context: &Context<'_>) -> Vec<Case> {
        let mut cases = Vec::new();
        let mut login_tried = false;
        for mut bench in Bench::all(context, self.name()) {
            if bench.op.needs_auth() {
                let mut door = Door::new(&mut bench);
                door.nothing();
                door.scheme();
                door.order();
                door.session();
                if !login_tried {
                    login::cases(&mut bench);
                    login_tried = true;
                }
            }
            cases.append(&mut bench.into_cases());
        }
        cases
    }
}

/// One operation that asks for credentials.
struct Door<'b, 'c, 'a> {
    bench: &'b mut Bench<'c, 'a>,
    body: Option<Vec<u8>>,
    schemes: Vec<SecurityScheme>,
}

/// What the page says of credentials like these.
#[derive(Clone, Copy, PartialEq)]
enum Credentials {
    /// No credentials at all, or none that could be right: refused as unauthorized.
    Wrong,
    /// The same, in a form that may also be refused as no proper request (RFC 6750 §3.1,
    /// `invalid_request`, 400).
    WrongForm,
    /// The right secret in a form that the page does not give, or a form that HTTP allows and
    /// servers do not always know.
    Open(&'static str),
}

impl<'b, 'c, 'a> Door<'b, 'c, 'a> {
    fn new(bench: &'b mut Bench<'c, 'a>) -> Self {
        let body = bench.fresh(6).map(|v| emit(&v));
        let mut schemes: Vec<SecurityScheme> = Vec::new();
        for scheme in bench.op.security.iter().flatten() {
            if !schemes.contains(scheme) {
                schemes.push(scheme.clone());
            }
        }
        Door {
            bench,
            body,
            schemes,
        }
    }

    /// The request without credentials.
    fn bare(&self) -> HttpRequest {
        self.bench
            .context
            .unauthorized_request(self.bench.op, self.body.clone())
    }

    fn knock(
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
            let shapes = self.bench.op.error_shapes();
            let drawn = shapes.filter(|s| s.answers.contains(&FaultKind::Unauthenticated));
            let own = format!("{}.", self.bench.op.id);
            promises.extend(drawn.filter_map(|s| Some(s.promise.strip_prefix(&own)?.to_owned())));
            promises.push("state.refusal".to_owned());
        }
        self.bench.shoot(Shot {
            about,
            name: name.to_owned(),
            title: title.to_owned(),
            class: format!("auth:{name}"),
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
        self.knock(
            ("absent", 0),
            "there are no credentials",
            bare,
            Credentials::Wrong,
        );
    }

    fn scheme(&mut self) {
        match self.schemes.first().cloned() {
            Some(SecurityScheme::Bearer) => self.bearer(),
            Some(SecurityScheme::Basic) => self.basic(),
            Some(SecurityScheme::ApiKey { name, place }) => self.key(&name, place),
            Some(SecurityScheme::Other(_)) | None => {}
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

    /// RFC 6750.
    fn bearer(&mut self) {
        use Credentials::{Open, Wrong, WrongForm};
        let bearer = || Template::from("Bearer ");
        let token = || Template::default().secret(Secret::Token);
        let altered = |how| bearer().secret(Secret::Altered(Original::Token, how));
        let with =
            |before: &str, behind: &str| Template::from(before).secret(Secret::Token).text(behind);
        let question = "the right token in another form than the page gives";
        let mut table: Vec<(&'static str, u8, &str, Template, Credentials)> = vec![
            (
                "empty",
                1,
                "Authorization is empty",
                Template::from(""),
                Wrong,
            ),
            (
                "scheme-alone",
                1,
                "Authorization is the word Bearer",
                Template::from("Bearer"),
                WrongForm,
            ),
            (
                "unknown",
                0,
                "the token is unknown",
                Template::from("Bearer 0123456789abcdef0123456789abcdef01234567"),
                Wrong,
            ),
            (
                "zero",
                1,
                "the token is 0",
                Template::from("Bearer 0"),
                Wrong,
            ),
            (
                "null",
                2,
                "the token is the word null",
                Template::from("Bearer null"),
                Wrong,
            ),
            (
                "undefined",
                3,
                "the token is the word undefined",
                Template::from("Bearer undefined"),
                Wrong,
            ),
            (
                "true",
                THOROUGH,
                "the token is the word true",
                Template::from("Bearer true"),
                Wrong,
            ),
            (
                "shortened",
                1,
                "the token lacks its last character",
                altered(Alteration::Shortened),
                Wrong,
            ),
            (
                "halved",
                2,
                "the token is its first half",
                altered(Alteration::Halved),
                Wrong,
            ),
            (
                "first-only",
                2,
                "the token is its first character",
                altered(Alteration::FirstOnly),
                Wrong,
            ),
            (
                "beheaded",
                3,
                "the token lacks its first character",
                altered(Alteration::Beheaded),
                Wrong,
            ),
            (
                "tail-changed",
                1,
                "the last characters of the token are others",
                altered(Alteration::TailChanged),
                Wrong,
            ),
            (
                "middle-changed",
                2,
                "a character in the middle of the token is another",
                altered(Alteration::MiddleChanged),
                Wrong,
            ),
            (
                "extended",
                1,
                "the token has one character more",
                with("Bearer ", "0"),
                Wrong,
            ),
            (
                "prefixed",
                2,
                "the token has one character more before it",
                with("Bearer 0", ""),
                Wrong,
            ),
            (
                "doubled",
                3,
                "the token stands twice in a row",
                with("Bearer ", "").secret(Secret::Token),
                Wrong,
            ),
            (
                "long",
                2,
                "the token has 4,096 characters",
                Template::from(format!("Bearer {}", "a".repeat(4_096))),
                WrongForm,
            ),
            (
                "extended-long",
                3,
                "4,096 characters follow the token",
                with("Bearer ", &"a".repeat(4_096)),
                WrongForm,
            ),
            (
                "quote",
                2,
                "the token is a condition of a query",
                Template::from("Bearer ' OR '1'='1"),
                WrongForm,
            ),
            (
                "wildcard",
                3,
                "the token is *",
                Template::from("Bearer *"),
                WrongForm,
            ),
            (
                "percent",
                3,
                "the token is %",
                Template::from("Bearer %"),
                WrongForm,
            ),
            (
                "format",
                3,
                "the token is a format string",
                Template::from("Bearer %s%s%s%n"),
                WrongForm,
            ),
            (
                "path",
                THOROUGH,
                "the token is a path",
                Template::from("Bearer ../../../../dev/null"),
                WrongForm,
            ),
            (
                "unsigned",
                3,
                "the token is an unsigned JWT",
                Template::from(UNSIGNED_JWT),
                Wrong,
            ),
            (
                "upper-case",
                2,
                "the token is in capitals",
                altered(Alteration::Capitals),
                Open("case of the token"),
            ),
            (
                "bare",
                2,
                "the token stands without a scheme",
                token(),
                Open(question),
            ),
            (
                "scheme-small",
                2,
                "the scheme is bearer in small letters",
                with("bearer ", ""),
                Open("case of the scheme (RFC 9110 §11.1: none)"),
            ),
            (
                "two-blanks",
                3,
                "two blanks stand before the token",
                with("Bearer  ", ""),
                Open(question),
            ),
            (
                "tab",
                4,
                "a tab stands before the token",
                with("Bearer\t", ""),
                Open(question),
            ),
            (
                "no-blank",
                3,
                "no blank stands before the token",
                with("Bearer", ""),
                Open(question),
            ),
            (
                "quoted",
                4,
                "the token stands in quotation marks",
                with("Bearer \"", "\""),
                Open(question),
            ),
            (
                "more-behind",
                3,
                "another word follows the token",
                with("Bearer ", " 0"),
                Open(question),
            ),
        ];
        if !self.offers(&SecurityScheme::Basic) {
            // `basic` credentials are base64 of user and password (RFC 7617 §2).
            table.extend([
                (
                    "other-scheme",
                    1,
                    "the token stands under the scheme Basic",
                    with("Basic ", ""),
                    Wrong,
                ),
                (
                    "basic-unknown",
                    2,
                    "an unknown user and password under the scheme Basic",
                    Template::from("Basic cHJvYml0eTpwcm9iaXR5"),
                    Wrong,
                ),
                (
                    "basic-empty",
                    3,
                    "an empty user and password under the scheme Basic",
                    Template::from("Basic Og=="),
                    Wrong,
                ),
                (
                    "basic",
                    3,
                    "user and password under the scheme Basic",
                    Template::from("Basic ").secret(Secret::Basic),
                    Open("user and password where the page asks for a token"),
                ),
            ]);
        }
        table.push((
            "digest",
            THOROUGH,
            "an empty answer under the scheme Digest",
            Template::from("Digest username=\"admin\""),
            WrongForm,
        ));
        for (name, tier, title, value, credentials) in table {
            let request = self.authorization(value);
            self.knock((name, tier), title, request, credentials);
        }
        let places = [
            (
                "in-query",
                3,
                "the token stands in the query",
                self.with_query("access_token", token()),
            ),
            (
                "in-cookie",
                3,
                "the token stands in a cookie",
                self.with_header("Cookie", with("token=", "")),
            ),
            (
                "in-other-field",
                3,
                "the token stands in X-Auth-Token",
                self.with_header("X-Auth-Token", token()),
            ),
        ];
        for (name, tier, title, request) in places {
            self.knock(
                (name, tier),
                title,
                request,
                Open("the right token in another place"),
            );
        }
        let unknown = || Template::from("Bearer 0123456789abcdef");
        let mut request = self.authorization(bearer().secret(Secret::Token));
        request
            .headers
            .push(("Authorization".to_owned(), unknown()));
        self.knock(
            ("right-and-wrong", 3),
            "there are two Authorizations, the second unknown",
            request,
            Open("two Authorizations"),
        );
        let mut request = self.authorization(unknown());
        request
            .headers
            .push(("Authorization".to_owned(), unknown()));
        self.knock(
            ("two-wrong", 3),
            "there are two unknown Authorizations",
            request,
            WrongForm,
        );
        let request = self.with_query("token", Template::from("0"));
        self.knock(
            ("wrong-in-query", 4),
            "there is an unknown token in the query",
            request,
            Wrong,
        );
        // What gateways in front of a device may say; behind none, everybody may.
        for (name, tier, field) in [
            ("forwarded", 3, "X-Forwarded-For"),
            ("real-ip", THOROUGH, "X-Real-IP"),
            ("user", THOROUGH, "X-Remote-User"),
        ] {
            let request = self.with_header(field, Template::from("127.0.0.1"));
            let title = format!("there are no credentials, and {field} says 127.0.0.1");
            self.knock((name, tier), &title, request, Wrong);
        }
        let request = self.with_header(
            "Cookie",
            Template::from("token=1; session=1; auth=1; admin=true"),
        );
        self.knock(
            ("cookies", 3),
            "there are no credentials but made-up cookies",
            request,
            Wrong,
        );
    }

    /// RFC 7617.
    fn basic(&mut self) {
        use Credentials::{Open, Wrong, WrongForm};
        let mut table = vec![
            (
                "empty",
                1,
                "Authorization is empty",
                Template::from(""),
                Wrong,
            ),
            (
                "scheme-alone",
                1,
                "Authorization is the word Basic",
                Template::from("Basic"),
                WrongForm,
            ),
            (
                "unknown",
                0,
                "user and password are unknown",
                Template::from("Basic cHJvYml0eTpwcm9iaXR5"),
                Wrong,
            ),
            (
                "empty-pair",
                1,
                "user and password are empty",
                Template::from("Basic Og=="),
                Wrong,
            ),
            (
                "no-colon",
                2,
                "there is no colon between user and password",
                Template::from("Basic cHJvYml0eQ=="),
                WrongForm,
            ),
            (
                "not-base64",
                2,
                "the credentials are not base64",
                Template::from("Basic !!!!"),
                WrongForm,
            ),
            (
                "quote",
                2,
                "the user is a condition of a query",
                Template::from("Basic JyBPUiAnMSc9JzE6JyBPUiAnMSc9JzE="),
                Wrong,
            ),
            (
                "long",
                2,
                "the credentials have 4,096 characters",
                Template::from(format!("Basic {}", "YWFh".repeat(1_024))),
                WrongForm,
            ),
            (
                "scheme-small",
                2,
                "the scheme is basic in small letters",
                Template::from("basic ").secret(Secret::Basic),
                Open("case of the scheme (RFC 9110 §11.1: none)"),
            ),
            (
                "bare",
                3,
                "the credentials stand without a scheme",
                Template::default().secret(Secret::Basic),
                Open("the right credentials in another form than the page gives"),
            ),
        ];
        if !self.offers(&SecurityScheme::Bearer) {
            table.push((
                "other-scheme",
                1,
                "the credentials stand under the scheme Bearer",
                Template::from("Bearer ").secret(Secret::Basic),
                Wrong,
            ));
        }
        for (name, tier, title, value, credentials) in table {
            let request = self.authorization(value);
            self.knock((name, tier), title, request, credentials);
        }
    }

    /// A key in a field, in the query or in a cookie.
    fn key(&mut self, name: &str, place: Place) {
        use Credentials::{Open, Wrong, WrongForm};
        let place_key = |door: &Self, value: Template| match place {
            Place::Query => door.with_query(name, value),
            Place::Cookie => {
                let mut cookie = Template::from(format!("{name}="));
                cookie.0.extend(value.0);
                door.with_header("Cookie", cookie)
            }
            Place::Header | Place::Path => door.with_header(name, value),
        };
        let altered = |how| Template::default().secret(Secret::Altered(Original::Token, how));
        let table = [
            ("empty", 1, "the key is empty", Template::from(""), Wrong),
            (
                "unknown",
                0,
                "the key is unknown",
                Template::from("0123456789abcdef0123456789abcdef"),
                Wrong,
            ),
            ("zero", 2, "the key is 0", Template::from("0"), Wrong),
            (
                "null",
                2,
                "the key is the word null",
                Template::from("null"),
                Wrong,
            ),
            (
                "shortened",
                1,
                "the key lacks its last character",
                altered(Alteration::Shortened),
                Wrong,
            ),
            (
                "first-only",
                2,
                "the key is its first character",
                altered(Alteration::FirstOnly),
                Wrong,
            ),
            (
                "tail-changed",
                1,
                "the last characters of the key are others",
                altered(Alteration::TailChanged),
                Wrong,
            ),
            (
                "extended",
                1,
                "the key has one character more",
                Template::default().secret(Secret::Token).text("0"),
                Wrong,
            ),
            (
                "long",
                2,
                "the key has 4,096 characters",
                Template::from("a".repeat(4_096)),
                WrongForm,
            ),
            (
                "quote",
                2,
                "the key is a condition of a query",
                Template::from("'OR'1'='1"),
                WrongForm,
            ),
            (
                "upper-case",
                3,
                "the key is in capitals",
                altered(Alteration::Capitals),
                Open("case of the key"),
            ),
        ];
        for (idea, tier, title, value, credentials) in table {
            let request = place_key(self, value);
            self.knock((idea, tier), title, request, credentials);
        }
        if place != Place::Query {
            let request = self.with_query(name, Template::default().secret(Secret::Token));
            self.knock(
                ("in-query", 3),
                "the key stands in the query",
                request,
                Open("the right key in another place"),
            );
        }
    }

    /// No credentials and a body that is wrong too: whether 400 or 401 comes first is open, but it
    /// must be refused, and nothing of it may be stored.
    fn order(&mut self) {
        let Some(scene) = self.bench.scene() else {
            return;
        };
        let context = self.bench.context;
        let op = self.bench.op;
        let whole = emit(&scene.other);
        let root = Fault::whole(FaultKind::WrongRoot);
        let mut bodies: Vec<(&'static str, u8, &str, Option<Vec<u8>>, Vec<Fault>)> = vec![
            (
                "no-body",
                2,
                "there are no credentials and no body",
                None,
                vec![Fault::whole(FaultKind::NoBody), not_json()],
            ),
            (
                "not-json",
                1,
                "there are no credentials and the body is not JSON",
                Some(b"settings".to_vec()),
                vec![not_json()],
            ),
            (
                "cut",
                3,
                "there are no credentials and the body is cut off",
                Some(whole.get(..whole.len() / 2).unwrap_or_default().to_vec()),
                vec![not_json()],
            ),
            (
                "root-array",
                3,
                "there are no credentials and the body is an array",
                Some(b"[]".to_vec()),
                vec![root],
            ),
            (
                "deep",
                3,
                "there are no credentials and the body is 1,000 brackets",
                Some(b"[".repeat(1_000)),
                vec![not_json()],
            ),
        ];
        let first_required = scene
            .fields()
            .into_iter()
            .find(|f| f.required)
            .map(|f| f.path);
        if let Some(path) = first_required {
            if let Some(body) = crate::case::build::remove(&scene.other, &path) {
                bodies.push((
                    "missing",
                    3,
                    "there are no credentials and a member is absent",
                    Some(emit(&body)),
                    vec![Fault::at(FaultKind::Missing, &path)],
                ));
            }
            if let Some(body) = crate::case::build::set(&scene.other, &path, Value::Null) {
                bodies.push((
                    "null",
                    4,
                    "there are no credentials and a member is null",
                    Some(emit(&body)),
                    vec![Fault::at(FaultKind::Null, &path)],
                ));
            }
        }
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
        let large = format!("{{\"{EXTRA}\":\"{}\"}}", "a".repeat(65_536));
        let request = context.unauthorized_request(op, Some(large.into_bytes()));
        // A server may end the connection before it has read so much.
        let faults = vec![
            not_json(),
            Fault::whole(FaultKind::UnknownMember),
            Fault::whole(FaultKind::Missing),
        ];
        self.send(
            "order",
            ("large", THOROUGH),
            "there are no credentials and the body has 64 KiB",
            request,
            Expect::Unauthorized { faults },
        );
    }

    /// After refusals, good credentials still work.
    fn session(&mut self) {
        for (name, tier, nth) in [("goes-on", 2, 7), ("still-goes-on", 4, 8)] {
            let body = self.bench.fresh(nth);
            let request = match &body {
                Some(body) => self.bench.http(body),
                None => self.bench.context.request(self.bench.op, None),
            };
            self.bench.shoot(Shot {
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

/// `{"alg":"none"}` and `{"sub":"admin"}` (RFC 7519 §6).
const UNSIGNED_JWT: &str = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.";
