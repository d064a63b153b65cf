//! Faults that firmware really has, planted one by one: each field's systematic ones are generated
//! from the contract ([`super::fields`]), the others are written out: the working set's in
//! `working.txt`, the held-back set's in `held_back/faults.txt`. Adding one is a line there and a
//! branch where its effect belongs.

use super::fault_id::FaultId;
use super::place::Places;
use super::{fields, held_back};
use probity_contract::profile::Profile;
use probity_contract::{Contract, FieldPath, OAuthFlows, SecurityScheme};
use std::fmt;

/// The area of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A rule is not checked, or checked wrongly.
    Validation,
    /// A pattern is understood in a way that no reading allows.
    Pattern,
    /// The error answer is not the documented one.
    ErrorShape,
    /// Credentials are not enforced.
    Authorization,
    /// What is no JSON is taken, or JSON is not.
    Json,
    /// HTTP is not kept.
    Http,
    /// What is stored is not what was accepted.
    State,
    /// Hangs, crashes, slows down.
    Availability,
    /// What no plan of single requests meets: see [`super::rare_faults`].
    Rare,
}

/// The classes of [`faults`], in the order of reports.
pub const CLASSES: [Class; 8] = [
    Class::Validation,
    Class::Pattern,
    Class::ErrorShape,
    Class::Authorization,
    Class::Json,
    Class::Http,
    Class::State,
    Class::Availability,
];

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::Validation => "validation",
            Class::Pattern => "pattern",
            Class::ErrorShape => "error-shape",
            Class::Authorization => "authorization",
            Class::Json => "json",
            Class::Http => "http",
            Class::State => "state",
            Class::Availability => "availability",
            Class::Rare => "rare",
        })
    }
}

/// Which part of the faults one belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Set {
    /// Cases are made with it in mind; all of them are to be caught.
    Working,
    /// The suite is only measured against it: the faults of `held_back/faults.txt`.
    HeldBack,
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Set::Working => "working",
            Set::HeldBack => "held-back",
        })
    }
}

/// One fault that can be planted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultInfo {
    /// Its id.
    pub id: FaultId,
    /// Its area.
    pub class: Class,
    /// What the firmware does wrong.
    pub description: String,
    /// The promise that it breaks, without the operation.
    pub promise: String,
    /// What a client sees.
    pub seen: String,
    /// Whether cases are made with it in mind.
    pub set: Set,
}

/// All faults that a contract has a place for: those of every field, then those of the whole device.
pub fn faults(contract: &Contract, profile: &Profile) -> Vec<FaultInfo> {
    let places = Places::of(contract, profile);
    let mut faults = plantable(contract, profile);
    faults.retain(|fault| places.has(fault));
    faults
}

/// [`faults`], and those that would change nothing that is promised.
fn plantable(contract: &Contract, profile: &Profile) -> Vec<FaultInfo> {
    let mut out: Vec<FaultInfo> = Vec::new();
    for operation in contract.operations.iter().filter(|o| o.body.is_some()) {
        for field in operation.fields() {
            // What clients never send cannot be taken wrongly.
            if !field.schema.read_only && operation.acts != Some(true) {
                fields::of_field(&field, &mut out);
                if contract.formats_bind {
                    fields::of_format(&field, &mut out);
                }
            }
        }
    }
    let rest = table(WORKING, Set::Working)
        .into_iter()
        .chain(of_resources(contract))
        .chain(super::service::heads::faults(contract))
        .chain(held_back::faults());
    let schemes = || {
        contract
            .operations
            .iter()
            .flat_map(|op| op.security.iter().flatten())
    };
    let flow = |wanted: fn(&OAuthFlows) -> bool| {
        schemes().any(|s| matches!(s, SecurityScheme::OAuth2(flows) if wanted(flows)))
    };
    let login = profile.login.as_ref();
    let fits = |fault: &FaultInfo| match fault.id.as_str() {
        "login-keeps-session-id" | "csrf-ignored" => login.is_some_and(|l| l.csrf.is_some()),
        "viewer-may-write" => profile.roles.viewer.is_some(),
        "logout-keeps-session" => login.is_some_and(|l| l.logout.is_some()),
        _ if fault.id.family() == "login" => login.is_some(),
        _ if fault.id.family() == "digest" => schemes().any(|s| *s == SecurityScheme::Digest),
        "oauth-any-password" => flow(|f| f.password.is_some()),
        "oauth-any-client" => flow(|f| f.client_credentials.is_some()),
        _ => true,
    };
    out.extend(rest.filter(fits));
    out
}

/// The faults of collections and of partial writes, as far as the contract has them.
fn of_resources(contract: &Contract) -> Vec<FaultInfo> {
    let has = super::service::Kept::of(contract);
    let patches = contract.operations.iter().any(|o| o.method == "PATCH");
    let mut posts = contract.operations.iter().filter(|o| o.method == "POST");
    let conflicts = posts.any(|o| o.documents(409));
    let fits = |fault: &FaultInfo| match fault.id.family() {
        _ if fault.id.as_str().starts_with("create-again") => has.creates && conflicts,
        "patch" => patches,
        "create" => has.creates,
        "delete" => has.deletes,
        "list" => has.creates && has.lists,
        "unauthorized" => has.deletes && has.reads && has.creates,
        _ => has.reads,
    };
    table(RESOURCES, Set::Working)
        .into_iter()
        .filter(fits)
        .collect()
}

const RESOURCES: &str = include_str!("resources.txt");

/// The working set's faults of the whole device.
const WORKING: &str = include_str!("working.txt");

/// The faults of a table, one a line; a line that is none is left out (a test counts them).
pub(super) fn table(text: &str, set: Set) -> Vec<FaultInfo> {
    let rows = text.lines().filter(|l| !l.starts_with('#'));
    rows.filter_map(|line| {
        let mut cells = line.split(" | ").map(str::to_owned);
        let id = FaultId::of_device(&cells.next()?);
        let class = cells.next()?;
        let class = CLASSES.into_iter().find(|c| c.to_string() == class)?;
        let (promise, description, seen) = (cells.next()?, cells.next()?, cells.next()?);
        cells.next().is_none().then_some(FaultInfo {
            id,
            class,
            description,
            promise,
            seen,
            set,
        })
    })
    .collect()
}

/// The faults of one mock, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Planted(Vec<FaultId>);

impl Planted {
    pub(super) fn new(
        ids: &[String],
        contract: &Contract,
        profile: &Profile,
    ) -> Result<Planted, String> {
        let mut known = plantable(contract, profile);
        known.extend(super::rare::rare_faults());
        let planted = ids.iter().map(|id| {
            let fault = known.iter().find(|f| f.id == **id);
            fault
                .map(|fault| fault.id.clone())
                .ok_or_else(|| format!("no fault `{id}` (see --list-faults)"))
        });
        planted.collect::<Result<_, _>>().map(Planted)
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|f| *f == *id)
    }

    pub(super) fn at(&self, what: &str, path: &FieldPath) -> bool {
        let such = |id: &&FaultId| id.what() == what;
        self.0
            .iter()
            .filter(such)
            .any(|id| *id == FaultId::of_field(what, path))
    }

    /// Whether a fault of [`super::rare`] is planted.
    pub(super) fn rare(&self) -> bool {
        self.0.iter().any(|f| f.family() == "rare")
    }

    /// Whether what is kept, and so what is shown, may be what a fault made of it.
    pub(super) fn spoils_state(&self) -> bool {
        const OF_STATE: [&str; 5] = ["stores", "wraps", "reads", "patch", "create"];
        let spoils = |id: &FaultId| OF_STATE.contains(&id.family()) || id.what() == "not-stored";
        self.0.iter().any(spoils)
    }

    pub(super) fn none(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_contract::embedded::sip_settings;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_is_a_fault_and_every_id_is_one() {
        let lines = WORKING.lines().filter(|l| !l.starts_with('#'));
        assert_eq!(lines.count(), table(WORKING, Set::Working).len());
        let (contract, profile) = sip_settings();
        let all = faults(&contract, &profile);
        let ids: BTreeSet<&str> = all.iter().map(|f| f.id.as_str()).collect();
        assert_eq!(ids.len(), all.len());
        let held = all.iter().filter(|f| f.set == Set::HeldBack).count();
        assert!(held * 4 >= all.len(), "{held} of {}", all.len());
    }
}
