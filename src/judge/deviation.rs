//! How a deviation of each kind is worded: the only place where one is made.
//!
//! `expected` and `observed` are lines for people and may hold text of the device. `symptom` says in
//! stable words what is wrong, without payload, order or seed: deviations of one promise with one
//! symptom are one cause, and the fingerprint is made from it.

mod head;
mod items;

use super::basis::{self, Ground};
use super::catalogue::{Kind, Severity};
use super::{Acceptance, describe, expected_line, one_line};
use crate::case::{Case, SuccessIs};
use crate::contract::Operation;
use crate::exchange::{Answer, Failure};
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::time::Duration;

/// How a promise was broken. Made by the functions below and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviation {
    /// The kind of finding.
    pub kind: Kind,
    /// What had to come, in one line.
    pub expected: String,
    /// What came, in one line.
    pub observed: String,
    symptom: String,
    /// Why it is arguable; absent where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ground: Option<Ground>,
    /// Whether it is untidy and no more, whatever its kind.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    untidy: bool,
}

/// What is wrong with the body of an answer.
pub(super) enum BodyFault<'a> {
    /// It calls itself JSON and is not.
    NotAsItSays,
    /// Another media type than this one, which is documented.
    MediaType(&'a str),
    /// It is not JSON.
    NotJson,
    /// JSON behind a byte order mark, which nobody may add (RFC 8259 §8.1).
    ByteOrderMark,
    /// It breaks the documented schema: where (dotted path; empty: the whole body), which keyword.
    Schema(Option<(String, String)>),
}

const GOES_ON: &str = "the device goes on serving after a request";
const NO_TOKEN: &str = "no token for wrong credentials";

impl Deviation {
    fn new(
        kind: Kind,
        symptom: impl Into<String>,
        expected: impl Into<String>,
        observed: impl Into<String>,
    ) -> Deviation {
        Deviation {
            kind,
            // Names of fields come from a document or a case and may hold anything; a line stays one.
            expected: visible(&expected.into()),
            observed: visible(&observed.into()),
            symptom: visible(&symptom.into()),
            ground: None,
            untidy: false,
        }
    }

    fn on(self, ground: Option<Ground>) -> Deviation {
        Deviation { ground, ..self }
    }

    /// Why the expectation is arguable; `None`: a sentence says what had to come.
    pub fn ground(&self) -> Option<Ground> {
        self.ground
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self.untidy {
            true => Severity::Low,
            false => self.kind.severity(),
        }
    }

    /// Of what `case` has done: what the document leaves open about that is arguable here, too.
    #[must_use]
    pub fn after(self, case: &Case) -> Deviation {
        let ground = self.ground.or_else(|| basis::of_effect(case, self.kind));
        self.on(ground)
    }

    fn answered(kind: Kind, case: &Case, answer: &Answer) -> Deviation {
        let symptom = format!("with status {}", answer.status);
        Deviation::new(kind, symptom, expected_line(case), describe(answer))
    }

    /// What is wrong, in stable words: no payload, no order, no seed.
    pub fn symptom(&self) -> &str {
        &self.symptom
    }

    /// The keyword of the documented schema that an answer breaks, if that is what is wrong.
    pub fn broken_keyword(&self) -> Option<&str> {
        let (_, keyword) = self.symptom.rsplit_once("breaks ")?;
        keyword.rsplit(' ').next()
    }

    /// Whether a member is missing in an answer.
    pub(super) fn is_of_what_lacks(&self) -> bool {
        self.kind == Kind::MalformedResponse && self.symptom.starts_with("without `")
    }

    /// With its lines as `mask` leaves them; for credentials and other secrets.
    #[must_use]
    pub fn masked(&self, mask: impl Fn(&str) -> String) -> Deviation {
        Deviation {
            kind: self.kind,
            expected: mask(&self.expected),
            observed: mask(&self.observed),
            symptom: mask(&self.symptom),
            ground: self.ground,
            untidy: self.untidy,
        }
    }

    /// The same request, after which the device turned out to have restarted.
    #[must_use]
    pub fn as_restart(self) -> Deviation {
        Deviation {
            kind: Kind::Restart,
            symptom: String::new(),
            ground: None,
            untidy: false,
            ..self
        }
    }

    /// A surely invalid request was accepted.
    pub(super) fn accepts_invalid(case: &Case, of: &Operation, answer: &Answer) -> Deviation {
        let line = (expected_line(case), describe(answer));
        let ground = basis::of_acceptance(case, of);
        Deviation::new(Kind::AcceptsInvalid, "", line.0, line.1).on(ground)
    }

    /// A surely valid request was refused, or neither accepted nor refused.
    pub(super) fn not_accepted(
        case: &Case,
        of: &Operation,
        answer: &Answer,
        acceptance: Acceptance,
    ) -> Deviation {
        match acceptance {
            Acceptance::Refused => Deviation::answered(Kind::RejectsValid, case, answer)
                .on(basis::of_refusal(case, of, answer)),
            _ => Deviation::answered(Kind::WrongStatus, case, answer),
        }
    }

    /// 5xx.
    pub(super) fn server_error(case: &Case, of: &Operation, answer: &Answer) -> Deviation {
        let ground = basis::of_failure(of, answer);
        Deviation::answered(Kind::ServerError, case, answer).on(ground)
    }

    /// A success status over an error text.
    pub(super) fn error_under_success(case: &Case, answer: &Answer) -> Deviation {
        let observed = format!("{} that carries an error text", describe(answer));
        let symptom = format!("with status {} and an error text", answer.status);
        Deviation::new(Kind::WrongStatus, symptom, expected_line(case), observed)
    }

    /// A success status that the document does not give.
    pub(super) fn undocumented_success(documented: &[u16], answer: &Answer) -> Deviation {
        Deviation::new(
            Kind::WrongStatus,
            format!("with status {}", answer.status),
            format!("one of the documented statuses {documented:?}"),
            describe(answer),
        )
    }

    /// A refusal with a status that is none of `allowed`; `None`: any 4xx would do.
    pub(super) fn refusal_status(
        case: &Case,
        allowed: Option<&[u16]>,
        answer: &Answer,
    ) -> Deviation {
        let wanted = match allowed {
            Some(list) => format!("status {}", or(list)),
            None => "a 4xx status".to_owned(),
        };
        Deviation::new(
            Kind::WrongStatus,
            format!("with status {}", answer.status),
            format!("{} with {wanted}", expected_line(case)),
            describe(answer),
        )
    }

    /// A refusal with a 4xx that neither the document nor RFC 9110 §15.5 defines.
    pub(super) fn undocumented_refusal(answer: &Answer) -> Deviation {
        Deviation::new(
            Kind::WrongStatus,
            format!("status {}", answer.status),
            "a refusal with a documented status, or one that RFC 9110 §15.5 defines",
            describe(answer),
        )
        .on(Some(Ground::StatusNotListed))
    }

    /// None of the error texts that the document gives for the fault.
    pub(super) fn error_shape(case: &Case, shapes: &[String], answer: &Answer) -> Deviation {
        Deviation::new(
            Kind::WrongErrorShape,
            format!("with status {}", answer.status),
            format!("{} as {}", expected_line(case), shapes.join(" or ")),
            describe(answer),
        )
    }

    /// An error text that names a field that is not at fault.
    pub(super) fn error_field(
        case: &Case,
        at_fault: &[String],
        answer: &Answer,
        named: &str,
    ) -> Deviation {
        Deviation::new(
            Kind::WrongErrorField,
            format!("with status {}", answer.status),
            format!("{}, naming {}", expected_line(case), at_fault.join(" or ")),
            format!("{} names `{named}`", describe(answer)),
        )
    }

    /// What is wrong with the body of an answer.
    pub(super) fn body(fault: &BodyFault<'_>, answer: &Answer) -> Deviation {
        let (expected, symptom) = match fault {
            BodyFault::NotAsItSays => (
                "a body that is JSON, as its media type says".to_owned(),
                "that is not JSON".to_owned(),
            ),
            BodyFault::MediaType(documented) => (
                format!("a body of media type {documented}"),
                match answer.media_type() {
                    Some(media) => format!("of media type {}", one_line(&media, 80)),
                    None => "without a media type".to_owned(),
                },
            ),
            BodyFault::NotJson => (
                "a body that is JSON (RFC 8259)".to_owned(),
                "that is not JSON".to_owned(),
            ),
            BodyFault::ByteOrderMark => (
                "JSON without a byte order mark (RFC 8259 §8.1)".to_owned(),
                "that begins with a byte order mark".to_owned(),
            ),
            BodyFault::Schema(at) => schema_lines(at.as_ref()),
        };
        let untyped = answer.media_type().is_none() && !answer.body.is_empty();
        let bare = matches!(fault, BodyFault::MediaType(_)) && untyped;
        Deviation::new(Kind::MalformedResponse, symptom, expected, describe(answer))
            .on(bare.then_some(Ground::NoMediaType))
    }

    /// What HTTP does not allow in an answer.
    pub fn malformed_http(answer: &Answer, anomaly: impl Display) -> Deviation {
        let anomaly = one_line(&anomaly.to_string(), 200);
        Deviation::new(
            Kind::MalformedResponse,
            format!("that is malformed: {}", without_digits(&anomaly)),
            "one well-formed answer (RFC 9112)",
            format!("{}: {anomaly}", describe(answer)),
        )
    }

    /// A header field of the answer that only the request's text can have named.
    pub(super) fn splitting(header: &str) -> Deviation {
        Deviation::new(
            Kind::ResponseSplitting,
            "",
            "text from the request never becomes a header field of the answer",
            format!("the answer has the header field `{header}` that the request's text named"),
        )
    }

    /// No complete answer: a hang, a lost connection, what is no HTTP.
    pub(super) fn no_answer(kind: Kind, failure: &Failure) -> Deviation {
        let observed = one_line(&failure.to_string(), 400);
        let symptom = match failure {
            Failure::Timeout(_) => "no answer",
            Failure::Closed | Failure::Reset => "no answer, connection ended",
            Failure::Truncated { .. } => "half an answer",
            Failure::TooLarge { .. } => "an answer without end",
            _ => "an answer that is no HTTP",
        };
        let expected = "one complete HTTP answer within the time limit";
        Deviation::new(kind, symptom, expected, observed)
    }

    /// Served without valid credentials.
    pub(super) fn auth_not_enforced(case: &Case, answer: &Answer) -> Deviation {
        let line = (expected_line(case), describe(answer));
        Deviation::new(Kind::AuthNotEnforced, "", line.0, line.1)
    }

    /// A token for wrong credentials, under this status.
    pub(super) fn token_given(status: u16) -> Deviation {
        let observed = match status {
            200..=299 => format!("{status} with a token"),
            _ => format!("{status}, with a token all the same"),
        };
        Deviation::new(Kind::AuthNotEnforced, "a token", NO_TOKEN, observed)
    }

    /// What must not be served was served.
    pub(super) fn served(
        case: &Case,
        success: SuccessIs,
        of: &Operation,
        answer: &Answer,
    ) -> Deviation {
        let kind = match success {
            SuccessIs::AcceptsInvalid => Kind::AcceptsInvalid,
            SuccessIs::MethodNotRefused => Kind::MethodNotRefused,
            SuccessIs::AuthNotEnforced => Kind::AuthNotEnforced,
        };
        Deviation::new(kind, "", expected_line(case), describe(answer))
            .on(basis::of_service(case, success, of))
    }

    /// An error answer that shows credentials or, where `settings`, the settings to whom may not see
    /// them. Mask it: what it shows is in the line.
    pub fn secret_leak(settings: bool, answer: &Answer) -> Deviation {
        let what = if settings { "settings" } else { "credentials" };
        Deviation::new(
            Kind::SecretLeak,
            what,
            format!("an error answer without {what} in it"),
            describe(answer),
        )
    }

    /// The device takes no connection any more.
    pub fn gone() -> Deviation {
        let observed = "the device takes no connection any more";
        Deviation::new(Kind::ConnectionLost, "gone", GOES_ON, observed)
    }

    /// The device takes no connection any more, and no single request was shown to do it.
    pub fn gone_after_the_last() -> Deviation {
        Deviation::new(
            Kind::ConnectionLost,
            "gone",
            "the device goes on serving",
            "the device takes no connection any more; this is the last request that it answered",
        )
    }

    /// After its answer the device stopped taking connections for a while; where `restarted`, its
    /// uptime started again.
    pub fn went_down(restarted: bool) -> Deviation {
        let kind = match restarted {
            true => Kind::Restart,
            false => Kind::ConnectionLost,
        };
        let observed = "the device stopped taking connections after its answer";
        Deviation::new(kind, "gone for a while", GOES_ON, observed)
    }

    /// The device's uptime started again.
    pub fn restart() -> Deviation {
        let observed = "its uptime starts again after this request";
        Deviation::new(Kind::Restart, "", GOES_ON, observed)
    }

    /// A refused request ended the session.
    pub fn session_ended() -> Deviation {
        Deviation::new(
            Kind::RejectsValid,
            "session ended",
            "the session goes on after a refused request",
            "the next request with the session's token was answered 401",
        )
    }

    /// A member at `pointer` reads back as something else after an accepted write. An empty pointer:
    /// nothing can be read back after it, and `observed` says what came.
    pub fn readback(pointer: &str, expected: &str, observed: &str) -> Deviation {
        let (expected, observed) = match pointer.is_empty() {
            true => (
                "the settings can be read back".to_owned(),
                format!("reading them back after it: {observed}"),
            ),
            false => (
                format!("`{pointer}` reads back as {expected}"),
                format!("`{pointer}` reads back as {observed}"),
            ),
        };
        Deviation::new(Kind::ReadbackDiffers, pointer, expected, observed)
    }

    /// The same, of a value that reads back in another form: without the blanks at its ends, in
    /// another letter case or order, of which the document says nothing.
    #[must_use]
    pub fn in_another_form(self) -> Deviation {
        let symptom = format!("{} in another form", self.symptom);
        Deviation { symptom, ..self }.on(Some(Ground::OtherForm))
    }

    /// At the end of a run a member is not what was last stored.
    pub fn not_kept(pointer: &str, expected: &str, observed: &str) -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            format!("{pointer} is not kept"),
            format!("`{pointer}` still reads back as {expected}"),
            format!("`{pointer}` reads back as {observed}"),
        )
    }

    /// A refused request changed the member at `pointer`.
    pub fn state_changed(pointer: &str, expected: &str, observed: &str) -> Deviation {
        Deviation::new(
            Kind::StateChangedByRefusal,
            pointer,
            format!("`{pointer}` stays {expected}"),
            format!("the request was refused, and `{pointer}` is now {observed}"),
        )
    }

    /// One of so many refused requests changed a member, and none of them does it again.
    pub fn state_changed_once(
        refusals: usize,
        pointer: &str,
        expected: &str,
        observed: &str,
    ) -> Deviation {
        Deviation::new(
            Kind::StateChangedByRefusal,
            "once",
            format!("`{pointer}` stays {expected}"),
            format!(
                "after {refusals} refused requests `{pointer}` was {observed}; none of them does \
                 it again"
            ),
        )
    }

    /// Answers at the end of a run take so much longer than at its start (medians).
    pub fn slower(early: Duration, late: Duration) -> Deviation {
        Deviation::new(
            Kind::Slow,
            "slower over time",
            format!("answers as quick as at the start ({early:.0?} median)"),
            format!("{late:.0?} median at the end of the run"),
        )
        .on(Some(Ground::Time))
    }
}

fn schema_lines(at: Option<&(String, String)>) -> (String, String) {
    let expected = "a body of the documented schema";
    match at {
        None => (expected.to_owned(), "of another schema".to_owned()),
        Some((path, keyword)) if path.is_empty() => (
            format!("{expected}: it breaks {keyword}"),
            format!("that breaks {keyword}"),
        ),
        Some((path, keyword)) => (
            format!("{expected}: `{path}` breaks {keyword}"),
            match keyword.as_str() {
                "required" => format!("without `{path}`"),
                _ => format!("whose `{path}` breaks {keyword}"),
            },
        ),
    }
}

fn or(statuses: &[u16]) -> String {
    let words: Vec<String> = statuses.iter().map(u16::to_string).collect();
    words.join(" or ")
}

/// Numbers of an anomaly (lengths, places) are payload.
fn without_digits(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' if out.ends_with('N') => {}
            '0'..='9' => out.push('N'),
            c => out.push(c),
        }
    }
    out
}

/// The text with its control characters as `\u{…}`.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symptom_has_no_payload_and_one_line() {
        assert_eq!(without_digits("42 bytes, 7 left"), "N bytes, N left");
        let d = Deviation::readback("/a\nb", "1", "2");
        assert_eq!(d.symptom(), "/a\\u{a}b");
        assert_eq!(
            schema_lines(Some(&("id".into(), "required".into()))).1,
            "without `id`"
        );
    }
}
