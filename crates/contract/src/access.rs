//! Which credentials the requests of an operation carry: chosen once before a run, from what the
//! document asks for (alternatives of schemes that hold together, OpenAPI 3.1 §4.8.30) and what the
//! user can show. An operation that cannot be fed is not judged, with the reason; the others are.

use super::model::{Access, Contract, Operation, SecurityScheme};
use super::profile::{Grant, OAuth2, Profile};
use super::promises;
use std::collections::BTreeSet;
use url::Url;

/// What the user can show. The default is everything but a certificate: for what sends nothing.
#[derive(Clone, Debug)]
pub struct Means {
    /// A user name and a password.
    pub user: bool,
    /// A ready token or API key.
    pub token: bool,
    /// A client certificate.
    pub certificate: bool,
    /// Nothing is shown, whatever is asked for (`--no-auth`).
    pub nothing: bool,
    /// The base URL of the device, where it is known: passwords go to its origin alone.
    pub target: Option<String>,
    /// Token endpoints elsewhere that the user names themselves, to which passwords go too.
    pub token_urls: Vec<String>,
}

impl Default for Means {
    fn default() -> Self {
        Means {
            user: true,
            token: true,
            certificate: false,
            nothing: false,
            target: None,
            token_urls: Vec::new(),
        }
    }
}

/// Before anybody has said what they can show: the first alternative of schemes that there is a
/// way to feed.
pub fn first(security: &[Vec<SecurityScheme>]) -> Access {
    let means = Means {
        certificate: true,
        ..Means::default()
    };
    access(security, &means, &Profile::default())
}

/// Chooses [`Operation::access`] for each operation, and completes the profile with what the
/// document says of the token endpoint and with harmless reads that draw a challenge.
///
/// With `means.nothing` the contract is taken as if it asked for no credentials at all.
pub fn choose(contract: &mut Contract, profile: &mut Profile, means: &Means) {
    if means.nothing {
        for operation in &mut contract.operations {
            operation.security.clear();
            operation.access = Access::Open;
        }
        return;
    }
    let undeclared = contract.operations.iter().all(|op| op.security.is_empty());
    for operation in &mut contract.operations {
        operation.access = match undeclared {
            true => unasked(profile, means),
            false => access(&operation.security, means, profile),
        };
    }
    complete(contract, profile, means);
    promises::of_users(contract, profile);
}

/// A document that declares nothing: what the user gave is shown as they gave it.
fn unasked(profile: &Profile, means: &Means) -> Access {
    match &profile.login {
        Some(login) if means.user && login.gives_token() => {
            Access::With(vec![SecurityScheme::Bearer])
        }
        Some(_) if means.user => Access::Open,
        // Where a token belongs unless somebody says otherwise (RFC 6750 §2.1).
        _ if means.token && means.target.is_some() => Access::With(vec![SecurityScheme::Bearer]),
        _ if means.user && means.target.is_some() => Access::With(vec![SecurityScheme::Offered]),
        _ => Access::Open,
    }
}

fn access(security: &[Vec<SecurityScheme>], means: &Means, profile: &Profile) -> Access {
    if security.is_empty() {
        return Access::Open;
    }
    let mut reasons: Vec<String> = Vec::new();
    for all in security.iter().filter(|all| !all.is_empty()) {
        match together(all, means, profile) {
            Ok(()) => return Access::With(all.clone()),
            Err(why) if !reasons.contains(&why) => reasons.push(why),
            Err(_) => {}
        }
    }
    if security.iter().any(Vec::is_empty) {
        return Access::Open;
    }
    Access::Unfed(reasons.join("; or "))
}

/// Whether schemes that hold together can all be fed.
fn together(all: &[SecurityScheme], means: &Means, profile: &Profile) -> Result<(), String> {
    let in_authorization = |s: &&SecurityScheme| {
        use SecurityScheme::{Basic, Bearer, Digest, OAuth2, Offered, OpenIdConnect};
        matches!(
            s,
            Basic | Bearer | Digest | OAuth2(_) | Offered | OpenIdConnect
        )
    };
    let words: BTreeSet<&str> = all.iter().filter(in_authorization).map(word).collect();
    if words.len() > 1 {
        let words: Vec<&str> = words.into_iter().collect();
        return Err(format!(
            "{} at once do not fit into one Authorization field",
            words.join(" and ")
        ));
    }
    all.iter().try_for_each(|s| feed(s, means, profile))
}

fn word(scheme: &SecurityScheme) -> &'static str {
    match scheme {
        SecurityScheme::Basic => "Basic",
        SecurityScheme::Digest => "Digest",
        _ => "a token",
    }
}

const USER: &str = "give --username U --password-env VAR";

/// Whether a scheme can be fed, or what to give.
fn feed(scheme: &SecurityScheme, means: &Means, profile: &Profile) -> Result<(), String> {
    let ready = means.token || profile.login.is_some() && means.user;
    let need = |what: &str| match profile.login.is_some() {
        true => format!("{what}: {USER} for the login of the profile, or --token-env VAR"),
        false => format!("{what}: give --token-env VAR, or describe the login in the profile"),
    };
    match scheme {
        SecurityScheme::Basic | SecurityScheme::Digest | SecurityScheme::Offered => {
            match means.user {
                true => Ok(()),
                false => Err(format!("asks for {} credentials: {USER}", word(scheme))),
            }
        }
        SecurityScheme::Bearer | SecurityScheme::OpenIdConnect if ready => Ok(()),
        SecurityScheme::Bearer => Err(need("asks for a bearer token")),
        SecurityScheme::OpenIdConnect => Err(need("asks for a token of OpenID Connect")),
        SecurityScheme::ApiKey { name, .. } if ready || profile.keys.contains_key(name) => Ok(()),
        SecurityScheme::ApiKey { name, .. } => Err(need(&format!("asks for the key `{name}`"))),
        SecurityScheme::OAuth2(_) if ready => Ok(()),
        SecurityScheme::OAuth2(flows) => {
            let Some((_, url)) = endpoint(scheme, profile) else {
                let other = flows.password.is_none() && flows.client_credentials.is_none();
                return Err(need(match other {
                    true => "asks for a token of OAuth 2, by a flow that wants a browser",
                    false => "asks for a token of OAuth 2",
                }));
            };
            same_origin(&url, means)?;
            let own = profile
                .oauth2
                .as_ref()
                .is_some_and(|o| o.client_secret_env.is_some());
            match means.user || own {
                true => Ok(()),
                false => Err(format!(
                    "asks for a token of OAuth 2: {USER}, or --token-env VAR"
                )),
            }
        }
        SecurityScheme::MutualTls if means.certificate => Ok(()),
        SecurityScheme::MutualTls => {
            Err("asks for a client certificate: give --client-cert PEM".to_owned())
        }
        SecurityScheme::Other(what) => Err(format!("asks for {what}, which Probity cannot feed")),
    }
}

/// The flow to go through and the URL of its token endpoint; the profile's words win.
fn endpoint(scheme: &SecurityScheme, profile: &Profile) -> Option<(Grant, String)> {
    let own = profile.oauth2.clone().unwrap_or_default();
    let SecurityScheme::OAuth2(flows) = scheme else {
        return None;
    };
    let stated = [
        (Grant::Password, &flows.password),
        (Grant::ClientCredentials, &flows.client_credentials),
    ];
    let of = |grant: Grant| {
        let url = stated.iter().find(|(g, _)| *g == grant)?.1.clone();
        own.token_url.clone().or(url).map(|url| (grant, url))
    };
    match own.grant {
        Some(grant) => of(grant),
        None => stated.iter().find_map(|(grant, url)| {
            let stated = url.is_some() || own.token_url.is_some();
            stated.then(|| of(*grant)).flatten()
        }),
    }
}

/// Credentials go to the device alone, unless the user says where else: neither document nor profile
/// may choose that.
fn same_origin(url: &str, means: &Means) -> Result<(), String> {
    let target = means.target.as_deref();
    let Some(base) = target.and_then(|t| Url::parse(t).ok()) else {
        return Ok(());
    };
    let full = base
        .join(url)
        .map_err(|e| format!("the token endpoint {url:?} is no URL ({e})"))?;
    let mut allowed = means.token_urls.iter().filter_map(|u| Url::parse(u).ok());
    match full.origin() == base.origin() || allowed.any(|allowed| allowed == full) {
        true => Ok(()),
        false => Err(format!(
            "the token endpoint {full} is not on the device: confirm it with --allow-token-url \
             {full}, or give --token-env VAR"
        )),
    }
}

/// The endpoint of the embedded mock that stands for a token endpoint: nothing that is made for no
/// device goes to the host that a document names.
fn on_the_mock(url: String) -> String {
    match Url::parse(&url) {
        Ok(full) => full.path().to_owned(),
        Err(_) => url,
    }
}

fn complete(contract: &Contract, profile: &mut Profile, means: &Means) {
    let with = |op: &Operation| match &op.access {
        Access::With(schemes) => schemes.clone(),
        Access::Open | Access::Unfed(_) => Vec::new(),
    };
    if profile.login.is_none() && !means.token {
        let mut scopes: Vec<String> = Vec::new();
        let mut found = None;
        for scheme in contract.operations.iter().flat_map(with) {
            if let SecurityScheme::OAuth2(flows) = &scheme {
                scopes.extend(
                    flows
                        .scopes
                        .iter()
                        .filter(|s| !scopes.contains(s))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
                found = found.or_else(|| endpoint(&scheme, profile));
            }
        }
        if let Some((grant, url)) = found {
            let own = profile.oauth2.get_or_insert_with(OAuth2::default);
            own.grant = Some(grant);
            own.token_url.get_or_insert(match means.target {
                Some(_) => url,
                None => on_the_mock(url),
            });
            if own.scope.is_none() && !scopes.is_empty() {
                own.scope = Some(scopes.join(" "));
            }
        }
    }
    let undeclared = contract.operations.iter().all(|op| op.security.is_empty());
    let asks = |op: &&Operation| undeclared || !with(op).is_empty();
    let reads = contract.operations.iter().filter(asks);
    let reads =
        reads.filter(|op| op.method == "GET" && !op.path.contains('{') && op.acts != Some(true));
    let mut paths: Vec<String> = reads.map(|op| op.path.clone()).collect();
    let own = profile.read_back.values().filter(|r| r.method == "GET");
    paths.extend(own.map(|r| r.path.clone()));
    paths.dedup();
    paths.truncate(3);
    profile.protected = paths;
}
