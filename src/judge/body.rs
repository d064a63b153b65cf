//! What an answer's body says of the promise about it: media type, JSON, schema, and where none of
//! them can be held against the device. Part of [`super`].

use super::deviation::BodyFault;
use super::{CaseJudge, Deviation, Ruling, is_head, is_json_media_type, status};
use crate::case::chooses_members;
use crate::contract::{Schema, StatusKey, assess, shape};
use crate::exchange::Request;
use crate::pattern::Assessment;
use serde_json::Value;

/// Whether a schema has members that answers have which tell of an error.
fn is_like_an_error(schema: &Schema) -> bool {
    const NAMES: [&str; 14] = [
        "error",
        "errors",
        "code",
        "errorcode",
        "message",
        "detail",
        "details",
        "title",
        "status",
        "statuscode",
        "reason",
        "fault",
        "description",
        "success",
    ];
    let members = shape::members(schema);
    members.is_empty()
        || members
            .iter()
            .any(|(name, _)| NAMES.contains(&shape::plain_name(name).as_str()))
}

impl CaseJudge<'_> {
    /// What media type, JSON and schema of the answer's body say of it; kept where nothing is
    /// documented. What only `default` documents may be meant of other answers.
    pub(crate) fn body_ruling(&self, status: u16) -> Ruling {
        let ruling = self.documented_ruling(status);
        let broken = matches!(ruling, Ruling::Broken(_));
        if let Ruling::Broken(deviation) = &ruling
            && deviation.is_of_what_lacks()
            && self.chooses_members()
        {
            return Ruling::Undecided("the request chooses which members come".to_owned());
        }
        match self.operation.response(status).map(|r| r.status) {
            Some(StatusKey::Default) if broken => self.meant_otherwise(status).unwrap_or(ruling),
            _ => ruling,
        }
    }

    /// Whether a parameter of the query chooses which members the answer shows.
    fn chooses_members(&self) -> bool {
        let Request::Http(request) = &self.case.request else {
            return false;
        };
        let target = request.target.to_string();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let mut names = query
            .split('&')
            .map(|pair| pair.split('=').next().unwrap_or(pair));
        names.any(chooses_members)
    }

    /// Why an answer that breaks what `default` says breaks nothing.
    fn meant_otherwise(&self, status: u16) -> Option<Ruling> {
        let json = self
            .answer
            .media_type()
            .is_some_and(|m| is_json_media_type(&m));
        let schema = self
            .operation
            .responses
            .first()
            .and_then(|r| r.schema.as_ref());
        let of_success =
            (200..300).contains(&status) && schema.is_some_and(|schema| !is_like_an_error(schema));
        let why = if self.operation.responses.len() == 1 && !of_success {
            "`default` is all that is documented: of successes or of errors"
        } else if status::of_any_server(status) && !json {
            "any server answers so in front of what the document describes"
        } else {
            return None;
        };
        Some(Ruling::Undecided(why.to_owned()))
    }

    fn documented_ruling(&self, status: u16) -> Ruling {
        let head = is_head(self.case);
        let Some(response) = self.operation.response(status) else {
            return Ruling::Kept;
        };
        let malformed = |fault: BodyFault<'_>| Ruling::Broken(Deviation::body(&fault, self.answer));
        let empty = self.answer.body.is_empty();
        let coding = status::coding(self.answer);
        let Some(media_type) = &response.media_type else {
            // Nothing documented: only a body that calls itself JSON and is not can be wrong.
            let media = self.answer.media_type();
            let says_json = media.is_some_and(|m| is_json_media_type(&m));
            let plain = says_json && !head && !empty && coding.is_none();
            return match plain && self.json().is_none() {
                true => malformed(BodyFault::NotAsItSays),
                false => Ruling::Kept,
            };
        };
        // Answers to HEAD and these statuses have no body, whatever `default` documents
        // (RFC 9110 §9.3.2, §15.3.5, §15.3.6, §15.4.5).
        if head || matches!(status, 204 | 205 | 304) {
            return Ruling::Kept;
        }
        if let Some(coding) = coding {
            return Ruling::Undecided(format!("the body is coded ({coding}) and was not read"));
        }
        if empty && response.schema.is_none() {
            return Ruling::Undecided("no body came, and the document describes none".to_owned());
        }
        let sent = self.answer.media_type();
        // Any JSON type is JSON by its suffix (RFC 6839 §3.1): which of them is no fault that a
        // client of this document could meet. But by its type a client knows a problem from what else
        // an answer may be (RFC 9457 §3).
        let problem =
            media_type == "application/problem+json" && sent.as_deref() == Some("application/json");
        let both_json =
            sent.as_deref().is_some_and(is_json_media_type) && is_json_media_type(media_type);
        let both_json = both_json && !problem;
        if sent.as_deref() != Some(media_type.as_str()) {
            // Each media type has rules of its own (OpenAPI 3.1.1 §4.8.14): only those of one are read here.
            if response.comes_in_several() {
                let came = sent.as_deref().unwrap_or("none");
                let why = format!("the body came with the media type {came} and was not read");
                return Ruling::Undecided(why);
            }
            if !both_json {
                return malformed(BodyFault::MediaType(media_type));
            }
        }
        let Some(body) = self.json() else {
            return malformed(BodyFault::NotJson);
        };
        // Problem details (RFC 9457 §3) have members of their own.
        if sent.as_deref() == Some("application/problem+json")
            && media_type != "application/problem+json"
        {
            return Ruling::Kept;
        }
        let schema = response.schema.as_ref();
        let ruling = schema.map_or(Ruling::Kept, |schema| self.schema_ruling(schema, &body));
        // Readers may refuse the mark, and many do.
        match ruling {
            Ruling::Kept if self.answer.body.starts_with(b"\xEF\xBB\xBF") => {
                malformed(BodyFault::ByteOrderMark)
            }
            ruling => ruling,
        }
    }

    /// What an answer's schema says of its body.
    fn schema_ruling(&self, schema: &Schema, body: &Value) -> Ruling {
        let texts = self.judging.texts;
        let assessed = assess(schema, body, texts);
        if assessed.certainty != Assessment::SurelyInvalid {
            return Ruling::Kept;
        }
        let certain = || assessed.faults.iter().filter(|f| f.certain);
        // Rules that contradict each other are the document's fault.
        let mut possible = certain().filter(|f| !schema.is_impossible_at(&f.path, texts));
        match (possible.next(), certain().next()) {
            (None, Some(fault)) => Ruling::Undecided(format!(
                "nothing keeps the document's own rules of `{}`",
                fault.path.dotted()
            )),
            (first, _) => {
                let at = first.map(|f| (f.path.dotted(), f.keyword.to_owned()));
                Ruling::Broken(Deviation::body(&BodyFault::Schema(at), self.answer))
            }
        }
    }
}
