//! Versions that a client names because it has them: what it was shown is not sent to it again.

use super::engine::Probe;
use super::observation::Observation;
use crate::case::wire::FOREIGN_TAG;
use crate::case::{Case, Check};
use crate::contract::PromiseId;
use crate::exchange::{Answer, Exchange, HttpRequest, Request, Template};
use crate::judge::{Acceptance, Deviation};

/// How a client may name a version (RFC 9110 §13.1.2: a list of tags, compared weakly, or `*`).
struct Named {
    /// In words, for people and for the cause of a finding.
    how: &'static str,
    value: fn(&str) -> String,
}

const NAMED: [Named; 3] = [
    Named {
        how: "the version that it was shown",
        value: str::to_owned,
    },
    Named {
        how: "the version that it was shown, behind another one",
        value: |tag| format!("{FOREIGN_TAG}, {tag}"),
    },
    Named {
        how: "any version (`*`)",
        value: |_| "*".to_owned(),
    },
];

/// Other tags than the one that stands, made of it: how, and the tag.
type Other = (&'static str, fn(&str) -> Option<String>);

const OTHERS: [Other; 2] = [
    ("a version whose tag is one letter shorter", |tag| {
        let inside = tag.strip_suffix('"')?;
        let mut shorter = inside.to_owned();
        shorter.pop().filter(|last| *last != '"')?;
        Some(format!("{shorter}\""))
    }),
    // Tags are compared strongly where something is written (RFC 9110 §8.8.3.2).
    ("the version that stands by a weak tag", |tag| {
        tag.starts_with('"').then(|| format!("W/{tag}"))
    }),
];

/// What one conditional read came to.
enum Told {
    /// 304, as it should be.
    Known,
    /// The state is another one by now, or nothing can be said.
    Open,
    Wrong(Deviation),
    /// A right status, and an answer that HTTP does not allow.
    Malformed(Deviation),
}

impl Probe<'_> {
    /// Asks again for what an answer has shown, on the condition that it is another version by now.
    pub(super) async fn look_at_versions(&self, case: &Case, seen: &mut Observation) {
        if case.check != Check::Versions || seen.judgement.acceptance != Acceptance::Accepted {
            return;
        }
        let Request::Http(http) = &case.request else {
            return;
        };
        let shown = seen
            .exchange
            .answer()
            .and_then(|answer| answer.header("etag"));
        let Some(tag) = shown.filter(|tag| is_tag(tag)) else {
            return left(case, seen, "the answer names no version (`ETag`)");
        };
        for named in &NAMED {
            let (promise, deviation) = match self.conditional(http, &tag, named).await {
                Told::Known => continue,
                Told::Open => return left(case, seen, "it is another version by now"),
                Told::Wrong(deviation) => (case.main_promise(), deviation),
                Told::Malformed(deviation) => (PromiseId::answers(&case.operation), deviation),
            };
            return seen.broken(promise, deviation);
        }
    }

    /// Writes once more, on the condition that it is the version that stands, and that it is another.
    pub(super) async fn look_at_preconditions(&self, case: &Case, seen: &mut Observation) {
        let Check::Preconditions(body) = &case.check else {
            return;
        };
        let Request::Http(http) = &case.request else {
            return;
        };
        let mut http = http.clone();
        let by_field = case.is_about_header("If-Match");
        if seen.judgement.acceptance != Acceptance::Accepted && by_field {
            // `*` is any version, and one can be read.
            let refused = seen.exchange.answer().filter(|answer| answer.status == 412);
            if let Some(answer) = refused.cloned()
                && self.standing(&http).await.is_some()
            {
                let deviation = Deviation::version_refused("any version (`*`)", &answer);
                seen.broken(case.main_promise(), deviation);
            }
            return;
        }
        http.body = Some(body.clone().into_bytes());
        for (how, other) in OTHERS {
            let Some(tag) = self.standing(&http).await else {
                return left(case, seen, "no version can be read (`ETag`)");
            };
            let Some(named) = other(&tag) else { continue };
            let exchange = self.write_if(&http, &named).await;
            let Some(answer) = exchange.answer() else {
                return left(case, seen, "no answer came");
            };
            if !(200..300).contains(&answer.status) {
                continue;
            }
            // What is stored already may be called done (RFC 9110 §13.1.1).
            if self.standing(&http).await.is_none_or(|now| now == tag) {
                return left(case, seen, "what was written may have stood there");
            }
            let deviation = Deviation::version_ignored(how, answer);
            return seen.broken(case.main_promise(), deviation);
        }
        let Some(tag) = self.standing(&http).await else {
            return left(case, seen, "no version can be read (`ETag`)");
        };
        let exchange = self.write_if(&http, &tag).await;
        match exchange.answer() {
            Some(answer) if (200..300).contains(&answer.status) => {
                self.look_at_lost_update(case, seen, &http, &tag).await;
            }
            Some(answer) if answer.status == 412 && self.standing(&http).await == Some(tag) => {
                let deviation = Deviation::version_refused("the version that stands", answer);
                seen.broken(case.main_promise(), deviation);
            }
            _ => left(case, seen, "the write is refused for another reason"),
        }
    }

    /// Writes as a client does that has not seen the last write: `old` is the version before it.
    async fn look_at_lost_update(
        &self,
        case: &Case,
        seen: &mut Observation,
        last: &HttpRequest,
        old: &str,
    ) {
        let Request::Http(first) = &case.request else {
            return;
        };
        let Some(tag) = self.standing(last).await.filter(|tag| tag != old) else {
            return left(case, seen, "what was written may have stood there");
        };
        let exchange = self.write_if(first, old).await;
        let done = exchange
            .answer()
            .filter(|answer| (200..300).contains(&answer.status));
        if let Some(answer) = done
            && self.standing(last).await.is_some_and(|now| now != tag)
        {
            let how = "the version that stood before another client's write";
            let deviation = Deviation::version_ignored(how, answer);
            seen.broken(case.main_promise(), deviation);
        }
    }

    /// The version that stands where a request writes.
    async fn standing(&self, http: &HttpRequest) -> Option<String> {
        let named = self.device().validated(http).await?;
        let mut fields = named.headers.iter();
        let field = fields.find(|(name, _)| name.eq_ignore_ascii_case("if-match"))?;
        // Weak ones are none that a write can name (RFC 9110 §13.1.1).
        Some(field.1.to_string()).filter(|tag| is_tag(tag) && tag.starts_with('"'))
    }

    async fn write_if(&self, http: &HttpRequest, tag: &str) -> Exchange {
        let mut request = http.clone();
        request
            .headers
            .retain(|(n, _)| !n.eq_ignore_ascii_case("if-match"));
        request
            .headers
            .push(("If-Match".to_owned(), Template::from(tag)));
        let exchange = self.session().send(&Request::Http(request), false).await;
        if exchange.status().is_some_and(|s| (200..300).contains(&s)) {
            self.wrote_again();
        }
        exchange
    }

    async fn conditional(&self, http: &HttpRequest, tag: &str, named: &Named) -> Told {
        let mut request = http.clone();
        let value = (named.value)(tag);
        let field = ("If-None-Match".to_owned(), Template::from(value.as_str()));
        request
            .headers
            .retain(|(n, _)| !n.eq_ignore_ascii_case("if-none-match"));
        request.headers.push(field);
        let exchange = self.session().send(&Request::Http(request), false).await;
        let Some(answer) = exchange.answer() else {
            return Told::Open;
        };
        match answer.status {
            304 => told_of_known(answer),
            // A limit, a session that has ended: of no version.
            401 | 403 | 408 | 429 | 500..=599 => Told::Open,
            _ if answer.header("etag").is_some_and(|now| now != tag) => Told::Open,
            _ => Told::Wrong(Deviation::known_version(named.how, answer)),
        }
    }
}

/// Nothing is said of what the case is about but that there was an answer.
fn left(case: &Case, seen: &mut Observation, why: &str) {
    let answers = PromiseId::answers(&case.operation);
    for promise in case.promises.iter().filter(|promise| **promise != answers) {
        seen.judgement.left(promise, why.to_owned());
    }
}

/// A 304 has no content (RFC 9110 §15.4.5).
fn told_of_known(answer: &Answer) -> Told {
    match answer.anomalies.first() {
        Some(anomaly) => Told::Malformed(Deviation::malformed_http(answer, anomaly)),
        None => Told::Known,
    }
}

/// Whether a text is an entity tag (RFC 9110 §8.8.3).
fn is_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inside = opaque
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inside.is_some_and(|inside| !inside.contains(['"', ' ']))
}

#[cfg(test)]
mod tests {
    use super::is_tag;

    #[test]
    fn tags_stand_in_quotes() {
        for (text, want) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"\"", true),
            ("a", false),
            ("\"a", false),
            ("w/\"a\"", false),
            ("\"a\", \"b\"", false),
        ] {
            assert_eq!(is_tag(text), want, "{text}");
        }
    }
}
