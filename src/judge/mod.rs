//! What one exchange says about the promises that its case tests. Pure: no I/O, no time.
//!
//! Three rules hold everywhere:
//!
//! - No answer is neither accept nor reject. A time-out, a reset, 429 and 503 leave the promises of
//!   the case undecided; that the device hung or dropped the connection is a finding of its own,
//!   about [`crate::contract::PromiseId`].
//! - What the page leaves open is never accused ([`Expect::Either`], [`Expect::Answered`]); only
//!   what holds whatever the choice (a complete answer, no 5xx, the documented schema) is.
//! - The text of a refusal is judged against the fault that was sent: one of the shapes that the
//!   contract gives for it, naming the field at fault.

mod basis;
mod body;
pub mod catalogue;
mod deviation;
mod head;
mod list;

mod model;
pub mod normalise;
mod refusal;
pub mod shape;
pub mod status;
mod wording;

pub use basis::Ground;
pub use catalogue::{Kind, Severity};
pub use deviation::Deviation;
pub use model::*;
pub use wording::{IN_GENERAL, Inputs, Told, title};

use crate::case::moves::body_of;
use crate::case::{Case, Expect, ORDINARY, SuccessIs};
use crate::contract::outcome::{self, Carried};
use crate::contract::{Contract, ErrorShape, Operation, Parameter, PromiseId, Stored, assess, tie};
use crate::exchange::{Anomaly, Answer, Exchange, Failure, Outcome, Phase};
use crate::json;
use crate::pattern::{Assessment, Texts};
use crate::profile::Profile;

use serde_json::Value;

/// Prefix of header names that only text injected by a case can bring into an answer.
pub const INJECTED_HEADER: &str = "x-probity";

/// What the judge knows besides the case and the exchange.
#[derive(Clone, Copy, Debug)]
pub struct JudgeContext<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// Readings of its string rules, for the bodies of answers.
    pub texts: &'a Texts,
    /// Where a login answer holds its token.
    pub profile: &'a Profile,
}

/// Judges one exchange. Total: every case and every exchange get a judgement.
pub fn judge(judging: JudgeContext<'_>, case: &Case, exchange: &Exchange) -> Judgement {
    let answers = PromiseId::answers(&case.operation);
    let answer = match &exchange.outcome {
        Outcome::Failed { failure, partial } => {
            return judge_failure(case, failure, partial.as_ref(), answers);
        }
        Outcome::Answered(answer) => answer,
    };
    if matches!(answer.status, 429 | 503) {
        let why = format!("the device answered {}: too busy to tell", answer.status);
        return Judgement::undecided(case, &why);
    }
    let Some(operation) = judging.contract.operation(&case.operation) else {
        return Judgement::undecided(case, "the case names no operation of the contract");
    };
    let mut judgement = Judgement::default();
    if let Some(deviation) = wire_fault(case, answer) {
        judgement.broken(&answers, deviation);
        judgement.acceptance = acceptance(operation, answer);
        return judgement;
    }
    let allowed = match &case.expect {
        Expect::NotServed { .. } | Expect::Survived { .. } => matches!(answer.status, 501 | 505),
        Expect::AcceptedOr { statuses, .. } => statuses.contains(&answer.status),
        _ => false,
    };
    if status::documented_limit(operation, answer.status) && !allowed {
        // The document owns up to it: a part that this device does not have or cannot reach now.
        return Judgement::undecided(case, &status::told(answer.status));
    }
    if (500..600).contains(&answer.status) && !allowed {
        // 5xx says that the device failed, never that the request did (RFC 9110 §15.6). Where the
        // contract promises a definite answer to this request, that promise is the broken one.
        let promise = match case.expect {
            Expect::Accepted
            | Expect::Refused { .. }
            | Expect::Unauthorized { .. }
            | Expect::Forbidden => case.main_promise(),
            _ => answers,
        };
        judgement.broken(&promise, Deviation::server_error(case, operation, answer));
        return judgement;
    }
    judgement.kept(&answers);
    let (acceptance, carried) = taken(operation, answer);
    judgement.acceptance = acceptance;
    judgement.circumstance = status::speaks_of_circumstance(answer.status);
    let ctx = CaseJudge {
        judging,
        case,
        operation,
        answer,
        carried,
    };
    if let Some(why) = ctx.half_told(&judgement) {
        judgement.leave_all(case, why);
        judgement.acceptance = Acceptance::Neither;
        return judgement;
    }
    match &case.expect {
        Expect::Accepted => ctx.accepted(&mut judgement),
        Expect::Refused { faults } => refusal::refused(&ctx, faults, &mut judgement),
        Expect::Either { question, faults } => {
            refusal::either(&ctx, question, faults, &mut judgement);
        }
        Expect::Unauthorized { faults } => refusal::unauthorized(&ctx, faults, &mut judgement),
        Expect::Forbidden => refusal::forbidden(&ctx, &mut judgement),
        Expect::LoginRefused => ctx.login_refused(&mut judgement),
        Expect::Answered { question } => {
            judgement.choice = Some((question.clone(), choice_line(judgement.acceptance, answer)));
            judgement.keep_all(case);
        }
        Expect::AcceptedOr { question, statuses } => {
            if statuses.contains(&answer.status) {
                judgement.choice =
                    Some((question.clone(), choice_line(judgement.acceptance, answer)));
                judgement.leave_all(case, "HTTP leaves it open; the device refuses");
            } else {
                ctx.accepted(&mut judgement);
            }
        }
        Expect::Survived { question } => {
            judgement.choice = Some((question.clone(), choice_line(judgement.acceptance, answer)));
            judgement.keep_all(case);
        }
        Expect::NotServed { success } => ctx.not_served(*success, &mut judgement),
    }
    ctx.head(&mut judgement);
    ctx.list(&mut judgement);
    judgement
}

/// One case with the answer to it.
pub(crate) struct CaseJudge<'a> {
    pub(crate) judging: JudgeContext<'a>,
    pub(crate) case: &'a Case,
    pub(crate) operation: &'a Operation,
    pub(crate) answer: &'a Answer,
    /// What its body says of the request under a success status.
    carried: Carried,
}

impl CaseJudge<'_> {
    fn accepted(&self, judgement: &mut Judgement) {
        let main = self.case.main_promise();
        match judgement.acceptance {
            Acceptance::Accepted => {
                judgement.keep_all(self.case);
                self.success_body(judgement);
            }
            Acceptance::Refused if self.error_under_success() => {
                let deviation = Deviation::error_under_success(self.case, self.answer);
                judgement.broken(&main, deviation);
            }
            _ if status::leaves_open(self.operation, self.answer.status) || self.is_too_large() => {
                judgement.leave_all(self.case, &status::told(self.answer.status));
            }
            Acceptance::Refused if self.fails_for_whatever() => {
                let why = "the answer speaks of a failure under a success status: whether of the \
                           request's content or of the device's state, the document does not say";
                judgement.leave_all(self.case, why);
            }
            Acceptance::Refused if self.may_be_for_another() => {
                let why = "which alternative of its body an item takes, the document does not say";
                judgement.leave_all(self.case, why);
            }
            acceptance => match self.may_break_what_words_say(acceptance) {
                Some(why) => judgement.leave_all(self.case, &why),
                None => {
                    let deviation =
                        Deviation::not_accepted(self.case, self.operation, self.answer, acceptance);
                    judgement.broken(&main, deviation);
                }
            },
        }
    }

    /// Why an answer under a success status tells neither: it says that a part was carried out, or
    /// something like a failure in a form of which the document says nothing.
    fn half_told(&self, judgement: &Judgement) -> Option<&'static str> {
        let taken = judgement.acceptance == Acceptance::Accepted;
        match self.carried {
            Carried::Partly => {
                Some("the answer says that a part was carried out and a part was not")
            }
            Carried::Unclear if taken => Some(
                "the answer speaks of a failure under a success status, and the document does not",
            ),
            _ => None,
        }
    }

    /// Whether an answer under a success status says that the request failed, and the document does not
    /// say whether that is for what the request holds: nothing else can say so under one status for all.
    fn fails_for_whatever(&self) -> bool {
        self.carried == Carried::Failed
            || self.says_refused() && crate::exchange::is_safe(&self.operation.method)
    }

    /// Whether a request that is larger than what any server takes was refused for its size.
    fn is_too_large(&self) -> bool {
        status::speaks_of_size(self.answer.status) && self.case.octets() > ORDINARY
    }

    /// Whether a body of several alternatives was refused where the path says what is written: one item
    /// may take one of them, and another another.
    fn may_be_for_another(&self) -> bool {
        let body = self.operation.body.as_ref().map(|b| &b.schema);
        let several = body.is_some_and(|b| b.one_of.len() > 1 || b.any_of.len() > 1);
        several
            && self.operation.path.contains('{')
            && status::speaks_of_content(self.answer.status)
    }

    /// Why a body that keeps its schema may be refused: the document says in words that some of its members
    /// depend on each other, or takes blanks away without which a text breaks its rules.
    fn may_break_what_words_say(&self, acceptance: Acceptance) -> Option<String> {
        let content = status::speaks_of_content(self.answer.status) || self.says_refused();
        let content = content && acceptance == Acceptance::Refused;
        let body = body_of(&self.case.request).filter(|_| content)?;
        if let Some((one, other)) = tie(self.operation, &body) {
            return Some(format!(
                "the document says in words that `{one}` and `{other}` depend on each other"
            ));
        }
        let stored = Stored::of(self.operation);
        let trimmed = stored.trimmed(&body);
        let schema = &self.operation.body.as_ref()?.schema;
        let short = trimmed != body && {
            let of = assess(schema, &trimmed, self.judging.texts);
            of.certainty != Assessment::SurelyValid
        };
        let why = "without the blanks that the document has taken away, it breaks its rules";
        short.then(|| why.to_owned())
    }

    /// Whether the answer carries an error text under a success status that documents none.
    pub(crate) fn error_under_success(&self) -> bool {
        let status = self.answer.status;
        if self.says_refused() {
            return false;
        }
        (200..300).contains(&status) && !self.operation.error_shapes().any(|s| s.status == status)
    }

    /// Whether it refuses under a success status as the document describes it.
    pub(crate) fn says_refused(&self) -> bool {
        self.carried.is_refusal()
    }

    /// Status and body of a success against what the contract documents.
    pub(crate) fn success_body(&self, judgement: &mut Judgement) {
        let status = self.answer.status;
        let documented = self.operation.response(status);
        let successes = self.operation.success_statuses();
        if documented.is_none() && !successes.is_empty() {
            judgement.broken(
                &PromiseId::response(&self.operation.id, successes[0]),
                Deviation::undocumented_success(&successes, self.answer).after(self.case),
            );
            return;
        }
        let ruling = match self.body_ruling(status) {
            Ruling::Broken(deviation) => Ruling::Broken(deviation.after(self.case)),
            ruling => ruling,
        };
        judgement.rule(&self.response_promise(status), ruling);
    }

    /// Id of the promise about the answer of this status; where none is documented, of the promise
    /// that there is an answer.
    pub(crate) fn response_promise(&self, status: u16) -> PromiseId {
        match self.operation.response(status) {
            Some(response) => PromiseId::response(&self.operation.id, response.key()),
            None => PromiseId::answers(&self.operation.id),
        }
    }

    pub(crate) fn json(&self) -> Option<Value> {
        json::read(&self.answer.body)
    }

    fn login_refused(&self, judgement: &mut Judgement) {
        let main = self.case.main_promise();
        let token = self.judging.profile.token_in(self.answer);
        let token = token.map(|token| token.chars().count());
        match self.answer.status {
            status @ 200..=299 if token.is_some() => {
                judgement.broken(&main, Deviation::token_given(status));
            }
            200..=299 => judgement.leave_all(self.case, "a success without a token"),
            // A word for "none" may stand there; so long a one does not.
            status if token >= Some(SHORTEST_TOKEN) => {
                judgement.broken(&main, Deviation::token_given(status));
            }
            _ => judgement.keep_all(self.case),
        }
    }

    fn not_served(&self, success: SuccessIs, judgement: &mut Judgement) {
        match self.answer.status {
            300..=399 if judgement.acceptance == Acceptance::Accepted => {
                judgement.leave_all(self.case, &status::told(self.answer.status));
            }
            // A page for people is what some servers give for every path that they do not know.
            200..=299
                if success == SuccessIs::AuthNotEnforced
                    && self.answer.media_type().as_deref() == Some("text/html") =>
            {
                judgement.leave_all(self.case, "a page for people");
            }
            200..=299 if judgement.acceptance == Acceptance::Accepted => judgement.broken(
                &self.case.main_promise(),
                Deviation::served(self.case, success, self.operation, self.answer),
            ),
            status if self.misses_precondition(status) => {
                let deviation = Deviation::refusal_status(self.case, Some(&[412]), self.answer);
                judgement.broken(&self.case.main_promise(), deviation);
            }
            _ => judgement.keep_all(self.case),
        }
    }

    /// Whether a request whose only fault is that `If-Match` names no version that stands is refused for
    /// another reason than that, where the document gives the status for it (RFC 9110 §13.1.1).
    fn misses_precondition(&self, status: u16) -> bool {
        let any = |p: &Parameter| {
            let rules = &p.schema;
            rules.pattern.is_none() && rules.enum_values.is_none() && rules.max_length.is_none()
        };
        matches!(status, 400 | 409 | 422)
            && self.case.is_about_header("If-Match")
            && self.operation.documents(412)
            && self.operation.header_parameter("If-Match").is_some_and(any)
    }
}

fn judge_failure(
    case: &Case,
    failure: &Failure,
    partial: Option<&Answer>,
    answers: PromiseId,
) -> Judgement {
    let mut judgement = Judgement::undecided(case, &failure.to_string());
    let kind = match failure {
        // How much of an answer is read is ours to say, and a stream has no end.
        Failure::TooLarge { what: "body", .. } => return judgement,
        Failure::Timeout(Phase::Body) if partial.is_some_and(status::streams) => return judgement,
        // Nothing reached the device, or it is not there: no statement about this case.
        Failure::NotSent(_)
        | Failure::Refused
        | Failure::Unreachable(_)
        | Failure::Tls(_)
        | Failure::Timeout(Phase::Connect | Phase::Tls) => return judgement,
        Failure::Timeout(_) => Kind::Hang,
        Failure::Truncated { .. } | Failure::MalformedHttp(_)
            if matches!(case.expect, Expect::Survived { .. }) =>
        {
            // Some servers answer what they cannot read without a status line, or break off.
            return judgement;
        }
        Failure::Closed | Failure::Reset => {
            let may_end = match case.expect {
                Expect::NotServed { .. } => true,
                // A target that is one is answered, whatever it asks for (RFC 9112 §3.2, §9.6).
                Expect::Survived { .. } => !is_plain_get(case),
                _ => false,
            };
            if may_end {
                // Ending the connection is a way to refuse what is no message (RFC 9112 §9.5).
                judgement = Judgement::default();
                judgement.keep_all(case);
                judgement.kept(&answers);
                return judgement;
            }
            Kind::ConnectionLost
        }
        Failure::Truncated { .. } | Failure::MalformedHttp(_) | Failure::TooLarge { .. } => {
            Kind::MalformedResponse
        }
    };
    judgement.broken(&answers, Deviation::no_answer(kind, failure));
    judgement
}

/// Whether a case is a read whose target is well-formed (RFC 3986 §2.1) and of usual length, and asks for
/// nothing but that.
fn is_plain_get(case: &Case) -> bool {
    let crate::exchange::Request::Http(http) = &case.request else {
        return false;
    };
    let target = http.target.to_string();
    let octets = target.as_bytes();
    let hex = |at: usize| octets.get(at).is_some_and(u8::is_ascii_hexdigit);
    let well = octets.iter().enumerate().all(|(at, octet)| match octet {
        b'%' => hex(at + 1) && hex(at + 2),
        b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
        other => other.is_ascii_graphic(),
    });
    case.strategy == "targets" && http.method == "GET" && octets.len() < 1_000 && well
}

/// What HTTP does not allow in this answer, whatever the case.
fn wire_fault(case: &Case, answer: &Answer) -> Option<Deviation> {
    if let Some((name, _)) = answer
        .headers
        .iter()
        .find(|(n, _)| n.to_ascii_lowercase().starts_with(INJECTED_HEADER))
    {
        return Some(Deviation::splitting(name));
    }
    // RFC 9110 §9.3.2: whatever a server makes of HEAD, no content follows.
    let body_to_head = answer.anomalies.contains(&Anomaly::UnexpectedBody)
        && matches!(&case.request, crate::exchange::Request::Http(r) if r.method == "HEAD");
    if body_to_head {
        return Some(Deviation::malformed_http(answer, Anomaly::UnexpectedBody));
    }
    // After a message with broken framing a second answer is what RFC 9112 §11.2 warns of; the
    // request asked for it.
    if matches!(
        case.expect,
        Expect::NotServed { .. } | Expect::Answered { .. } | Expect::Survived { .. }
    ) {
        return None;
    }
    // Whoever refuses a request whose framing servers may refuse need not have read its body, and
    // may take what is left of it for another request.
    if let Expect::AcceptedOr { statuses, .. } = &case.expect
        && statuses.contains(&answer.status)
    {
        return None;
    }
    let anomaly = answer.anomalies.first()?;
    Some(Deviation::malformed_http(answer, anomaly))
}

/// Whether the device took the request: a 2xx that does not carry an error text is an acceptance,
/// a 4xx or an error text is a refusal. Where the contract documents error texts under success
/// statuses, only those of this status count: others may be what its successes look like.
pub(crate) fn acceptance(operation: &Operation, answer: &Answer) -> Acceptance {
    taken(operation, answer).0
}

/// [`acceptance`], and what the body of an answer under a success status says of the request.
fn taken(operation: &Operation, answer: &Answer) -> (Acceptance, Carried) {
    let plain = match answer.status {
        200..=299 => Acceptance::Accepted,
        400..=499 => Acceptance::Refused,
        status if operation.sends_elsewhere_with(status) => Acceptance::Accepted,
        _ => Acceptance::Neither,
    };
    let success = (200..300).contains(&answer.status);
    let Some(body) = success.then(|| json::read(&answer.body)).flatten() else {
        return (plain, Carried::Nothing);
    };
    let carried = outcome::carried(operation, answer.status, &body);
    let acceptance = match carried {
        Carried::Refused | Carried::Failed => Acceptance::Refused,
        Carried::Partly => Acceptance::Neither,
        Carried::Nothing | Carried::Unclear => {
            let under_success = |s: &ErrorShape| (200..300).contains(&s.status);
            let any = operation.error_shapes().any(under_success);
            let here = operation
                .error_shapes()
                .filter(|s| !any || s.status == answer.status);
            match shape::matches(here, &body).is_empty() {
                true => Acceptance::Accepted,
                false => Acceptance::Refused,
            }
        }
    };
    (acceptance, carried)
}

/// Characters from which on the member for the token holds one, and not a word for "none".
const SHORTEST_TOKEN: usize = 16;

fn is_json_media_type(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json")
}

fn is_head(case: &Case) -> bool {
    match &case.request {
        crate::exchange::Request::Http(r) => r.method == "HEAD",
        crate::exchange::Request::Raw(r) => r.head,
    }
}

/// What must come, in one line.
pub fn expected_line(case: &Case) -> String {
    match &case.expect {
        Expect::Accepted => "success: every plausible reading of the page accepts it".to_owned(),
        Expect::Refused { faults } => format!("refusal: {}", refusal::describe_faults(faults)),
        Expect::Either { question, .. } => format!("success or a documented refusal ({question})"),
        Expect::Unauthorized { .. } => "refusal for want of credentials".to_owned(),
        Expect::Forbidden => "refusal for want of rights".to_owned(),
        Expect::LoginRefused => "no token for wrong credentials".to_owned(),
        Expect::AcceptedOr { statuses, .. } => {
            format!("success, or one of the statuses {statuses:?} that HTTP lets any server give")
        }
        Expect::Answered { .. } => "an answer".to_owned(),
        Expect::Survived { .. } => "an answer or the end of the connection".to_owned(),
        Expect::NotServed {
            success: SuccessIs::AcceptsInvalid,
        } => {
            "refusal of an invalid message (4xx, 501, 505 or the end of the connection)".to_owned()
        }
        Expect::NotServed {
            success: SuccessIs::MethodNotRefused,
        } => "refusal of a method that the contract does not offer (405, 404, 501…)".to_owned(),
        Expect::NotServed {
            success: SuccessIs::AuthNotEnforced,
        } => "refusal, of whatever kind, for want of credentials".to_owned(),
    }
}

/// Status and beginning of the body, in one line.
pub fn describe(answer: &Answer) -> String {
    let text = one_line(&String::from_utf8_lossy(&answer.body), 160);
    let text = text.trim();
    // What the device calls its media type is text of the device like the body.
    let media = answer.media_type().map(|media| one_line(&media, 80));
    match (text.is_empty(), media) {
        (true, _) => format!("{} without a body", answer.status),
        (false, Some(media)) if !is_json_media_type(&media) => {
            format!("{} ({media}) {text}", answer.status)
        }
        (false, _) => format!("{} {text}", answer.status),
    }
}

/// Text of a device for a line of a report: so many characters, blanks for controls.
fn one_line(text: &str, most: usize) -> String {
    let blank = |c: char| if c.is_control() { ' ' } else { c };
    let mut line: String = text.chars().map(blank).take(most).collect();
    if text.chars().nth(most).is_some() {
        // What masks secrets later has to see that a text was cut.
        line.push('…');
    }
    line
}

pub(crate) fn choice_line(acceptance: Acceptance, answer: &Answer) -> String {
    match acceptance {
        Acceptance::Accepted => "accepted".to_owned(),
        _ => format!("refused: {}", describe(answer)),
    }
}
