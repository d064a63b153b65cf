//! What HTTP promises of conditional requests, of `HEAD` and of what a client says that it takes.

use crate::case::builder::{Draft, ExchangeCases};
use crate::case::reach::is_plain_read;
use crate::case::{Case, Check, Context, Expect, Strategy, SuccessIs};
use crate::contract::Operation;
use crate::exchange::{HttpRequest, Request, Template};
use serde_json::Value;

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Conditions;

/// An entity tag that no version of anything has.
pub const FOREIGN_TAG: &str = "\"probity-no-version\"";

impl Strategy for Conditions {
    fn name(&self) -> &'static str {
        "conditions"
    }

    fn explain(&self) -> &'static str {
        "Reads on the condition that a version is another one than a client has, writes on the \
         condition that it is a version which never was: a 304 then shows nobody anything new, and a \
         write that goes through overwrites what somebody else has stored meanwhile. HEAD, which is \
         GET without a body, media types that nobody offers, and `Expect: 100-continue`, at which \
         servers of a few lines stop."
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let Some(mut builder) = ExchangeCases::of(context, op, self.name()) else {
            return Vec::new();
        };
        match op.method.as_str() {
            "GET" if is_plain_read(op) => reads(&mut builder),
            "PUT" | "PATCH" | "DELETE" | "POST" => writes(&mut builder),
            _ => {}
        }
        builder.into_cases()
    }
}

fn reads(builder: &mut ExchangeCases<'_, '_>) {
    let plain = builder.context.request(builder.op, None);
    let other = with(&plain, "If-None-Match", FOREIGN_TAG);
    let title = "If-None-Match names a version that never was";
    // Not to know the field is lawful; to call the answer known is not.
    add(
        builder,
        ("if-none-match", 1),
        title,
        other,
        Expect::Accepted,
        Check::Nothing,
    );
    if names_versions(builder.op) {
        let title = "a read, and once more with the version that it showed";
        let check = Check::Versions;
        let plain = plain.clone();
        add(
            builder,
            ("versions", 0),
            title,
            plain,
            Expect::Accepted,
            check,
        );
    }
    let long_ago = with(&plain, "If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT");
    let title = "If-Modified-Since is 1970";
    add(
        builder,
        ("if-modified-since", 3),
        title,
        long_ago,
        survived(title),
        Check::Nothing,
    );
    let mut head = plain.clone();
    head.method = "HEAD".to_owned();
    let title = "the method is HEAD";
    add(
        builder,
        ("head", 1),
        title,
        head,
        survived(title),
        Check::Nothing,
    );
    let xml = with(&plain, "Accept", "application/x-probity");
    let title = "Accept names a media type that nobody offers";
    let refused = Expect::AcceptedOr {
        question: title.to_owned(),
        statuses: vec![406],
    };
    add(
        builder,
        ("accept-other", 3),
        title,
        xml,
        refused,
        Check::Nothing,
    );
}

/// Whether the document says that a version which the client has is not sent again: only then is a
/// server that sends it held to RFC 9110 §13.1.2.
fn names_versions(op: &Operation) -> bool {
    op.documents(304) || op.header_parameter("If-None-Match").is_some()
}

fn writes(builder: &mut ExchangeCases<'_, '_>) {
    let Some(body) = builder.fresh(3) else {
        if builder.op.method == "DELETE" {
            let plain = builder.context.request(builder.op, None);
            versions(builder, &plain, None);
        }
        return;
    };
    let plain = builder.http(&body);
    let title = "Expect is 100-continue";
    let expect = Expect::AcceptedOr {
        question: title.to_owned(),
        statuses: vec![417],
    };
    let asked = with(&plain, "Expect", "100-continue");
    add(
        builder,
        ("expect-continue", 2),
        title,
        asked,
        expect,
        Check::Nothing,
    );
    let other = builder.fresh(4).filter(|other| *other != body);
    versions(builder, &plain, other.as_ref());
}

/// Writes that name a version (RFC 9110 §13.1.1), where the document says that they are minded.
fn versions(builder: &mut ExchangeCases<'_, '_>, plain: &HttpRequest, other: Option<&Value>) {
    if !builder.op.minds_versions() {
        return;
    }
    // Where the document has the status only, the device has to show that it names versions.
    if builder.op.takes_versions() {
        let expect = Expect::NotServed {
            success: SuccessIs::AcceptsInvalid,
        };
        let title = "If-Match names a version that never was";
        let request = with(plain, "If-Match", FOREIGN_TAG);
        add(
            builder,
            ("if-match", 0),
            title,
            request,
            expect,
            Check::Unchanged,
        );
    }
    let other = other.and_then(|other| builder.http(other).body);
    let other = other.and_then(|octets| String::from_utf8(octets).ok());
    if let Some(other) = other.filter(|_| builder.op.method != "POST") {
        let title = "If-Match names any version, then the one that stands, then others";
        let request = with(plain, "If-Match", "*");
        // `*` is of HTTP; prose may mean tags only.
        let expect = match builder.op.header_parameter("If-Match") {
            Some(_) => Expect::Accepted,
            None => Expect::AcceptedOr {
                question: "If-Match is `*`".to_owned(),
                statuses: vec![400, 409, 412, 422, 428],
            },
        };
        let check = Check::Preconditions(other);
        add(
            builder,
            ("if-match-current", 0),
            title,
            request,
            expect,
            check,
        );
    }
}

fn survived(question: &str) -> Expect {
    Expect::Survived {
        question: question.to_owned(),
    }
}

fn with(request: &HttpRequest, name: &str, value: &str) -> HttpRequest {
    let mut request = request.clone();
    request
        .headers
        .retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    request
        .headers
        .push((name.to_owned(), Template::from(value)));
    request
}

fn add(
    builder: &mut ExchangeCases<'_, '_>,
    (name, tier): (&str, u8),
    title: &str,
    request: HttpRequest,
    expect: Expect,
    check: Check,
) {
    let field = builder.op.header_parameter("If-Match").is_some();
    let documented: &[&str] = match name {
        "if-match" | "if-match-current" if field => &["parameters.If-Match.type"],
        "if-match" | "if-match-current" if builder.op.documents(412) => &["responses.412"],
        "if-match" | "if-match-current" if builder.op.documents(428) => &["responses.428"],
        "versions" => &["parameters.If-None-Match.type", "responses.304"],
        _ => &[],
    };
    let promises = documented.iter().chain(&["http.answers"]);
    let promises = promises.map(|promise| (*promise).to_owned());
    builder.add(Draft {
        about: "exchange",
        name: name.to_owned(),
        title: title.to_owned(),
        class: format!("condition:{name}"),
        tier,
        promises: promises.collect(),
        request: Request::Http(request),
        expect,
        check,
    });
}
