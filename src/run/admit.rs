//! Findings of a report that somebody else may have written, made safe to be sent again. A report
//! says which case it was; what is sent comes from contract and seed where the plan has that case.
//! Where it has not (inputs of the unattended job), the report's own request is taken apart and
//! held against the contract: one of its operations, credentials only where the contract puts them,
//! nothing that the profile denies, nothing whose effect is not known, no more and no larger than
//! Probity itself would send.

use super::result::Finding;
use crate::case::{Case, CaseId, Context, Recipe, permits, plan};
use crate::contract::{Operation, Policy};
use crate::exchange::{HttpRequest, Part, Request, Template};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most requests in front of the one that shows a finding.
const MOST_BEFORE: usize = 40;
/// Largest body, in octets.
const LARGEST_BODY: usize = 1 << 20;
/// Longest target or header value, in octets.
const LONGEST_TEXT: usize = 64 << 10;
/// Most header fields.
const MOST_FIELDS: usize = 64;
/// Fields that say where a request ends or to whom it goes: the transport's alone.
const TRANSPORT: [&str; 7] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// What findings are held against.
pub struct Admission<'c> {
    context: &'c Context<'c>,
    policy: Option<Arc<Policy>>,
    cases: BTreeMap<CaseId, Case>,
}

impl<'c> Admission<'c> {
    /// For these findings, under the policy of the device that they go to; makes the plan once.
    pub fn new<'f>(
        context: &'c Context<'c>,
        policy: Option<Arc<Policy>>,
        findings: impl IntoIterator<Item = &'f Finding>,
    ) -> Admission<'c> {
        let wanted: BTreeSet<&str> = findings.into_iter().map(|f| f.case.as_str()).collect();
        let mut cases = BTreeMap::new();
        for thorough in [false, true] {
            if wanted.iter().all(|id| cases.contains_key(*id)) {
                break;
            }
            let context = Context::new(context.contract, context.profile, context.texts)
                .seeded(context.seed)
                .thorough(thorough);
            for case in plan(&context, None).cases {
                if wanted.contains(case.id.as_str()) {
                    cases.entry(case.id.clone()).or_insert(case);
                }
            }
        }
        Admission {
            context,
            policy,
            cases,
        }
    }

    /// The finding with a recipe that may be sent. One without a recipe stays without.
    ///
    /// # Errors
    /// Why it is not sent.
    pub fn admit(&self, finding: &Finding) -> Result<Finding, String> {
        let mut finding = finding.clone();
        let Some(recipe) = &mut finding.reproducer.recipe else {
            return Ok(finding);
        };
        if recipe.before.len() > MOST_BEFORE {
            return Err(format!(
                "its recipe sends {} requests first, and {MOST_BEFORE} is the most",
                recipe.before.len()
            ));
        }
        for request in &recipe.before {
            self.check(request)?;
        }
        match self.cases.get(&finding.case) {
            Some(case) => {
                let before = std::mem::take(&mut recipe.before);
                **recipe = Recipe::of(case);
                recipe.before = before;
            }
            None => {
                self.operation(&recipe.operation)?;
                self.check(&recipe.request)?;
            }
        }
        self.permitted(&recipe.request)?;
        Ok(finding)
    }

    fn permitted(&self, request: &Request) -> Result<(), String> {
        let policy = self.policy.iter();
        let mut refused = policy.filter_map(|p| permits(self.context, p, request).err());
        refused.next().map_or(Ok(()), |r| Err(r.to_string()))
    }

    fn operation(&self, id: &str) -> Result<&Operation, String> {
        let found = self.context.contract.operation(id);
        found.ok_or_else(|| format!("its recipe is of {id:?}, which the contract does not have"))
    }

    /// Whether a request of the report is one that the contract knows.
    fn check(&self, request: &Request) -> Result<(), String> {
        let Request::Http(http) = request else {
            return Err(
                "its recipe is octets that the plan of this contract and seed does not have"
                    .to_owned(),
            );
        };
        well_formed(http)?;
        let op = self.context.contract.operations.iter().find(|op| {
            op.method.eq_ignore_ascii_case(&http.method) && serves(&op.path, &http.target)
        });
        let op = op.ok_or_else(|| {
            format!(
                "its recipe sends {:?} to a path that is none of the contract's operations",
                http.method
            )
        })?;
        let own = self.context.request(op, None);
        credentials(http, &own)?;
        self.permitted(request)
    }
}

/// A request that ends where it seems to.
fn well_formed(http: &HttpRequest) -> Result<(), String> {
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let texts = |template: &Template, allowed: fn(u8) -> bool| {
        template.0.iter().all(|part| match part {
            Part::Text(text) => text.len() <= LONGEST_TEXT && text.bytes().all(allowed),
            Part::Secret(_) => true,
        })
    };
    let faults = [
        (!token(&http.method), "method is no token"),
        (
            !matches!(http.target.0.first(), Some(Part::Text(text)) if text.starts_with('/')),
            "target is no path",
        ),
        (
            !texts(&http.target, |b| b.is_ascii_graphic() && b != b'#'),
            "target has characters that no target has, or too many",
        ),
        (
            http.headers.len() > MOST_FIELDS
                || http.headers.iter().any(|(name, value)| {
                    !token(name) || !texts(value, |b| b == b'\t' || b >= b' ' && b != 0x7f)
                }),
            "header has characters that no header has, or too many",
        ),
        (
            http.headers
                .iter()
                .any(|(name, _)| TRANSPORT.contains(&name.to_ascii_lowercase().as_str())),
            "header says where the request ends or to whom it goes",
        ),
        (
            http.body.as_ref().is_some_and(|b| b.len() > LARGEST_BODY),
            "body is larger than Probity sends",
        ),
    ];
    match faults.iter().find(|(is, _)| *is) {
        Some((_, what)) => Err(format!("its recipe is refused: its {what}")),
        None => Ok(()),
    }
}

/// Whether a path template of the contract has the path of a target.
fn serves(path: &str, target: &Template) -> bool {
    let shown = target.to_string();
    let given = shown.split(['?', '#']).next().unwrap_or_default();
    let (template, given): (Vec<&str>, Vec<&str>) =
        (path.split('/').collect(), given.split('/').collect());
    template.len() == given.len()
        && template.iter().zip(&given).all(|(template, given)| {
            match template.find('{') {
                // A credential would show as `$NAME`.
                Some(at) => {
                    let head = template.get(..at).unwrap_or_default();
                    given.len() > head.len() && given.starts_with(head) && !given.contains('$')
                }
                None => template == given,
            }
        })
}

/// Credentials stand where the operation's own request has them, and nowhere else.
fn credentials(http: &HttpRequest, own: &HttpRequest) -> Result<(), String> {
    for (name, value) in http.headers.iter().filter(|(_, v)| v.has_secret()) {
        let allowed = own
            .headers
            .iter()
            .any(|(n, v)| n.eq_ignore_ascii_case(name) && v == value);
        if !allowed {
            return Err(format!(
                "its recipe puts a credential into the header {name:?}, where the contract has none"
            ));
        }
    }
    let allowed = places(&own.target).ok_or("the contract's own credentials cannot be told")?;
    let given = places(&http.target);
    if !given.is_some_and(|given| given.is_subset(&allowed)) {
        return Err(
            "its recipe puts a credential into the URL, where the contract has none".to_owned(),
        );
    }
    Ok(())
}

/// The query parameters of a target that are a credential and nothing else; `None` where one stands
/// in another place.
fn places(target: &Template) -> Option<BTreeSet<String>> {
    let mut places = BTreeSet::new();
    for (at, part) in target.0.iter().enumerate() {
        let Part::Secret(secret) = part else { continue };
        let Some(Part::Text(before)) = at.checked_sub(1).and_then(|at| target.0.get(at)) else {
            return None;
        };
        let name = before.rsplit(['?', '&']).next()?.strip_suffix('=')?;
        let closed = match target.0.get(at + 1) {
            None => true,
            Some(Part::Text(behind)) => behind.is_empty() || behind.starts_with('&'),
            Some(Part::Secret(_)) => false,
        };
        if !closed || name.contains('=') || !before.contains(['?', '&']) {
            return None;
        }
        places.insert(format!("{name}={}", secret.env_name()));
    }
    Some(places)
}
