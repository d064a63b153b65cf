//! Versions that a client names because it has them: what it was shown is not sent to it again.

use super::engine::{Observation, Probe};
use crate::case::wire::FOREIGN_TAG;
use crate::case::{Case, Check};
use crate::contract::PromiseId;
use crate::exchange::{Answer, HttpRequest, Request, Template};
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
            seen.judgement.broken(&promise, deviation.clone());
            seen.deviations.push((promise, deviation));
            return;
        }
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
