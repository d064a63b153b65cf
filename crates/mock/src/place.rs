//! Which faults a document has a place for. One that breaks a promise which the contract does not make, a
//! token of a device without tokens, the wording of texts that nobody documented, can be planted and
//! changes nothing that a client could hold against the document.

use super::fault::FaultInfo;
use probity_contract::profile::Profile;
use probity_contract::{Contract, Operation, PromiseId, Resources, SecurityScheme};
use std::collections::BTreeSet;

/// What of a contract faults need.
pub(super) struct Places<'c> {
    contract: &'c Contract,
    /// Error answers whose texts are documented.
    texts: bool,
    /// Objects within bodies.
    nested: bool,
    /// Places in bodies of writes whose state can be read.
    read: BTreeSet<String>,
    /// Credentials that are one text.
    tokens: bool,
    /// Credentials behind the word `Bearer`.
    bearer: bool,
}

/// Faults of the wording of errors.
const OF_TEXTS: [&str; 9] = [
    "missing-as-base",
    "type-as-base",
    "missing-as-type",
    "not-json-as-missing",
    "error-name-stale",
    "error-names-first",
    "error-straight-quotes",
    "error-lower-case",
    "unauthorized-text",
];

/// Faults of what stands in objects of a body.
const OF_NESTED: [&str; 4] = [
    "nested-unchecked",
    "nested-types-unchecked",
    "error-nested-200",
    "crash-on-empty-object",
];

/// Faults of how a token is compared.
const OF_TOKENS: [&str; 7] = [
    "any-token",
    "token-prefix",
    "token-suffix",
    "token-any-case",
    "empty-token",
    "null-token",
    "long-token-overflows",
];

impl<'c> Places<'c> {
    pub(super) fn of(contract: &'c Contract, profile: &Profile) -> Places<'c> {
        let resources = Resources::of(contract, profile);
        let read = |op: &&Operation| {
            let resource = resources.of_operation(&op.id);
            resource.is_some_and(|r| r.read.is_some()) || profile.read_back.contains_key(&op.id)
        };
        let read = contract.operations.iter().filter(read);
        let read = read.flat_map(|op| op.fields().into_iter().map(|f| f.path.dotted()));
        let schemes = || {
            let operations = contract.operations.iter();
            operations.flat_map(|op| op.security.iter().flatten())
        };
        let bearer = |scheme: &SecurityScheme| {
            use SecurityScheme::{Bearer, OAuth2, OpenIdConnect};
            matches!(scheme, Bearer | OAuth2(_) | OpenIdConnect)
        };
        let key = |scheme: &SecurityScheme| matches!(scheme, SecurityScheme::ApiKey { .. });
        let mut operations = contract.operations.iter();
        let inner = |id: &PromiseId| {
            let statement = id.statement();
            statement.starts_with("body.") && statement.matches('.').count() > 2
        };
        Places {
            contract,
            read: read.collect(),
            nested: contract.promises.iter().any(|p| inner(&p.id)),
            texts: operations.any(|op| op.error_shapes().next().is_some()),
            tokens: schemes().any(|s| bearer(s) || key(s)),
            bearer: schemes().any(bearer),
        }
    }

    /// Whether a fault can show.
    pub(super) fn has(&self, fault: &FaultInfo) -> bool {
        let id = fault.id.what();
        let fits = match id {
            "any-scheme" => self.bearer,
            "wrong-name" => self.texts,
            _ if OF_TEXTS.contains(&id) => self.texts,
            _ if OF_NESTED.contains(&id) => self.nested,
            _ if OF_TOKENS.contains(&id) => self.tokens,
            "shows-token" => self.promised("auth.required"),
            _ if id.starts_with("unauthorized-") => self.promised("auth.required"),
            _ => true,
        };
        fits && self.promised(&fault.promise)
    }

    /// Whether the contract makes a promise: of HTTP to everybody, of a body wherever one has the rule.
    fn promised(&self, statement: &str) -> bool {
        let any =
            |is: &dyn Fn(&PromiseId) -> bool| self.contract.promises.iter().any(|p| is(&p.id));
        let mut parts = statement.split('.');
        if let Some(rest) = statement.strip_suffix(".readback") {
            return match rest.strip_prefix("body.") {
                Some(path) => self.read.contains(path),
                None => !self.read.is_empty(),
            };
        }
        match (parts.next(), parts.next(), parts.next()) {
            (Some("state"), Some("refusal"), None) => !self.read.is_empty(),
            (Some("body"), Some("json"), None) => any(&|id| id.statement() == "body.json"),
            (Some("body"), Some(keyword), None) => any(&|id| {
                let same = id.keyword() == keyword
                    || keyword == "pattern"
                        && self.contract.formats_bind
                        && id.keyword() == "format";
                same && id.statement().starts_with("body.")
            }),
            // A promise may be about one shape of an answer.
            (Some("responses"), Some("400"), None) => any(&|id| {
                ["400", "422", "4XX", "default"]
                    .iter()
                    .any(|s| answers(id, s))
            }),
            (Some("responses"), Some("401"), None) => any(&|id| answers(id, "401")),
            (Some("auth"), Some("required" | "session"), None) => {
                any(&|id| id.statement() == statement)
            }
            _ => true,
        }
    }
}

/// Whether a promise is about the answers of a status.
fn answers(id: &PromiseId, status: &str) -> bool {
    let rest = id.statement().strip_prefix("responses.");
    let rest = rest.and_then(|rest| rest.strip_prefix(status));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
