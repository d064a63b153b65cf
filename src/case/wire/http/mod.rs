//! HTTP as small servers get it wrong: the strategy, and the bodies that its parts send.

mod chunks;
mod connections;
mod fields;
mod lengths;
mod methods;
mod sizes;

use super::raw::{Style, Wire};
use crate::case::builder::{Draft, ExchangeCases, Label};
use crate::case::{Case, Check, Context, Expect, Strategy, SuccessIs};
use crate::contract::Operation;
use crate::exchange::{HttpRequest, Request, Template};
use serde_json::Value;

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Http;

impl Strategy for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn explain(&self) -> &'static str {
        "The same valid request in other HTTP: chunked, in pieces with pauses between them, with \
         field names in capitals, with media types in other spellings, on a connection that goes \
         on or ends. Small servers read one packet and call it the request, look for \
         `Content-Length` by its exact letters, or know no chunks. Then lengths that lie, lines \
         that break, fields beyond every buffer, and methods that the page does not offer: what \
         is wrong may be refused in any way, but not accepted, and nothing may hang or crash the \
         device."
    }

    fn is_of_the_server(&self) -> bool {
        true
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        if let Some(mut builder) = ExchangeCases::of(context, op, self.name()) {
            if let Some(sent) = Sent::new(&builder) {
                chunks::chunked(&mut builder, &sent);
                lengths::lengths(&mut builder, &sent);
                connections::pieces(&mut builder, &sent);
                connections::connections(&mut builder, &sent);
                fields::spelling(&mut builder, &sent);
                fields::broken(&mut builder, &sent);
                sizes::sizes(&mut builder, &sent);
                sizes::media_types(&mut builder, &sent);
            }
            methods::methods(&mut builder);
            cases.append(&mut builder.into_cases());
        }
        cases
    }
}

/// The request that every case of this strategy varies.
pub(super) struct Sent {
    /// The value of the body, surely valid.
    pub value: Value,
    /// Its octets.
    pub body: Vec<u8>,
    /// Method, target, credentials, media type; its body is [`Sent::body`].
    pub request: HttpRequest,
}

impl Sent {
    fn new(builder: &ExchangeCases<'_, '_>) -> Option<Sent> {
        let value = builder.fresh(5)?;
        let request = builder.http(&value);
        let body = request.body.clone()?;
        Some(Sent {
            value,
            body,
            request,
        })
    }

    /// Its request line and header in the usual style, without framing fields.
    fn head(&self) -> Wire {
        self.styled(Style::PLAIN)
    }

    /// The same in another style.
    fn styled(&self, style: Style) -> Wire {
        Wire::head(&self.request, style)
    }

    /// The same request with one more header field.
    fn with_field(&self, name: &str, value: &str) -> HttpRequest {
        let mut request = self.request.clone();
        let fields = &mut request.headers;
        fields.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        fields.push((name.to_owned(), Template::from(value)));
        request
    }
}

impl Label {
    /// A valid message: it must be accepted.
    pub(super) fn valid(self, builder: &mut ExchangeCases<'_, '_>, request: Request) {
        self.add(builder, request, Expect::Accepted, Check::Nothing);
    }

    /// A valid message whose effect is read back.
    pub(super) fn read(self, builder: &mut ExchangeCases<'_, '_>, sent: &Sent, request: Request) {
        let check = Check::ReadsBack(sent.value.clone());
        self.add(builder, request, Expect::Accepted, check);
    }

    /// A valid message that HTTP lets any server refuse with one of `statuses`.
    pub(super) fn or(
        self,
        builder: &mut ExchangeCases<'_, '_>,
        statuses: &[u16],
        request: Request,
    ) {
        let expect = Expect::AcceptedOr {
            question: self.title.clone(),
            statuses: statuses.to_vec(),
        };
        self.add(builder, request, expect, Check::Nothing);
    }

    /// A message that says that it is incomplete or something else than the body that it carries:
    /// whoever accepts it has read beyond it.
    pub(super) fn wrong(self, builder: &mut ExchangeCases<'_, '_>, request: Request) {
        let expect = Expect::NotServed {
            success: SuccessIs::AcceptsInvalid,
        };
        self.add(builder, request, expect, Check::Unchanged);
    }

    /// A message that servers treat differently, or that HTTP lets them: they have to live on.
    pub(super) fn survived(self, builder: &mut ExchangeCases<'_, '_>, request: Request) {
        let expect = Expect::Survived {
            question: self.title.clone(),
        };
        self.add(builder, request, expect, Check::Nothing);
    }

    /// A message that is wrong, or, where `wrong` does not hold, one that servers treat differently.
    pub(super) fn wrong_if(
        self,
        wrong: bool,
        builder: &mut ExchangeCases<'_, '_>,
        request: Request,
    ) {
        match wrong {
            true => self.wrong(builder, request),
            false => self.survived(builder, request),
        }
    }

    /// Any message with its expectation.
    pub(super) fn add(
        self,
        builder: &mut ExchangeCases<'_, '_>,
        request: Request,
        expect: Expect,
        check: Check,
    ) {
        let promise = match self.about {
            "media-type" => "http.mediaType",
            "method" => "http.method",
            _ => "http.framing",
        };
        let mut promises = vec![promise.to_owned()];
        if matches!(expect, Expect::Survived { .. }) {
            promises.insert(0, "http.answers".to_owned());
        }
        builder.add(Draft {
            about: self.about,
            name: self.name.to_owned(),
            title: self.title,
            class: format!("http:{}", class(self.about, self.name)),
            tier: self.tier,
            promises,
            request,
            expect,
            check,
        });
    }
}

/// The mistake of a server that shows in this request, so that one mistake is one finding however
/// many requests show it.
fn class(about: &'static str, name: &'static str) -> &'static str {
    match (about, name) {
        ("chunks", "one" | "many" | "extensions" | "sizes" | "paused" | "capital-coding") => {
            "chunked"
        }
        ("chunks", "no-last" | "size-beyond") => "incomplete-chunks",
        ("chunks", "size-not-hex" | "size-negative" | "size-wraps" | "data-unended") => "bad-chunk",
        ("length", "half" | "one-less" | "zero" | "absent") => "length-ignored",
        ("length", "body-cut" | "no-body") => "incomplete",
        ("length", "letters" | "letters-behind" | "hexadecimal" | "fraction") => "length-no-number",
        ("pieces", "head-cut") => "incomplete",
        ("pieces", _) => "pieces",
        ("fields", "upper-case" | "lower-case") => "field-case",
        ("fields", "no-blank" | "more-blanks") => "field-blanks",
        ("media-type", "charset" | "charset-tight" | "charset-quoted") => "media-type-parameter",
        ("method", "put" | "post" | "patch" | "unknown" | "letter-behind" | "put-unauthorized") => {
            "other-method"
        }
        _ => name,
    }
}
