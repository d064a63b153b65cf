//! What works before anything is tested: the device is reached, logged in to, and everything is read
//! that may be, with `GET` alone. The schedule is on the probe, like every other; what is missing comes
//! with what would add it.

mod doubt;
mod model;

pub use model::{Checked, Hint, Item, Part, State};

use crate::case::{Case, Context, Strategy, strategies};
use crate::contract::{Access, Effect, Operation, Place, Policy};
use crate::device::{Device, GuardedWrite, ReadBackError, StateRead};
use crate::exchange::{Answer, Exchange, Failure, HttpRequest, Outcome, Request, Template};
use crate::pointer::escape;
use crate::probe::{Known, Observation, Probe, guarded, never_reached};
use doubt::doubt;
use serde_json::Value;
use std::collections::BTreeSet;

/// Requests without a connection in a row after which nobody is there.
const NOBODY: usize = 3;
/// Reads that refuse the credentials, with none that takes them, after which no more are sent: failed
/// logins lock accounts.
const MOST_REFUSED: usize = 3;
/// Most octets of a `Location` that is shown.
const SHOWN: usize = 200;

/// Looks at everything that a run under `policy` would need. What is sent passes the policy of the
/// probe's device, which is to permit reads alone.
pub async fn check(probe: &mut Probe<'_>, context: &Context<'_>, policy: &Policy) -> Checked {
    context.tell_kept(policy);
    let mut checked = Checked::default();
    for operation in &context.contract.operations {
        let id = &operation.id;
        if let Err(refusal) = policy.operation(id) {
            checked.left_out.push((id.clone(), refusal));
        } else if let Some(reason) = context.profile.cannot_judge.get(id) {
            checked.given_up.push((id.clone(), reason.clone()));
        }
    }
    if !enter(probe, context, &mut checked).await {
        return checked;
    }
    if reads(probe, context, policy, &mut checked).await {
        states(probe, context, policy, &mut checked).await;
        checked.whole = true;
    }
    // What one read took down, no run can judge.
    if checked.whole && !probe.session().is_there().await {
        let what = "the device takes no connection any more".to_owned();
        checked.add(Part::Reach, "device", what, State::Missing, Vec::new());
    }
    needs(context, policy, &mut checked);
    checked
}

/// Reach and login, and what the device says of itself.
async fn enter(probe: &mut Probe<'_>, context: &Context<'_>, checked: &mut Checked) -> bool {
    let device = probe.device();
    // A ready token is no login; whether it is taken, the reads show.
    let logs_in = device.can_login() && !device.has_token();
    if let Err(why) = probe.open(context, Vec::new(), &BTreeSet::new(), &[]).await {
        let hint = Hint::Say(
            "check --username, --password-env and [login] of the profile; nothing more was sent, \
             because failed logins lock accounts"
                .to_owned(),
        );
        checked.add(Part::Login, "login", why, State::Missing, vec![hint]);
        return false;
    }
    if !probe.session().is_there().await {
        let what = format!("{} does not answer", device.base_url());
        let hint = Hint::Say("check --target: scheme, address, port".to_owned());
        checked.add(Part::Reach, "device", what, State::Missing, vec![hint]);
        return false;
    }
    let what = format!("{} takes connections", device.base_url());
    checked.add(Part::Reach, "device", what, State::Works, Vec::new());
    if logs_in {
        let what = "the device lets us in".to_owned();
        checked.add(Part::Login, "login", what, State::Works, Vec::new());
    }
    if context.profile.roles.viewer.is_some() {
        viewer(device.admits_viewer().await, checked);
    }
    life(probe, checked);
    true
}

fn viewer(admitted: bool, checked: &mut Checked) {
    let (what, state, hints) = match admitted {
        true => ("the second user is let in", State::Works, Vec::new()),
        false => (
            "the second user is not let in: no read that asks for credentials is answered",
            State::Missing,
            vec![Hint::Say("check [roles.viewer] of the profile".to_owned())],
        ),
    };
    checked.add(Part::Login, "roles.viewer", what.to_owned(), state, hints);
}

fn life(probe: &Probe<'_>, checked: &mut Checked) {
    let device = probe.device();
    let Some(life) = &device.profile().life else {
        return;
    };
    let name = format!("GET {}", life.path);
    let Some(sign) = probe.session().sign() else {
        let what = "no JSON with status 2xx comes".to_owned();
        let hint = Hint::Say("correct `path` of [life] in the profile, or leave it out".to_owned());
        // A run goes on without it.
        checked.add(Part::Life, &name, what, State::Fails, vec![hint]);
        return;
    };
    let known = [
        ("model", sign.model.clone()),
        ("firmware", sign.firmware.clone()),
        ("uptime", sign.uptime.map(|s| format!("{s:.0} s"))),
        ("boot id", sign.boot_id.clone()),
    ];
    let known = known
        .into_iter()
        .filter_map(|(n, v)| Some(format!("{n} {}", v?)));
    let known: Vec<String> = known.collect();
    let what = device.mask(&known.join(", "));
    checked.add(Part::Life, &name, what, State::Works, Vec::new());
}

/// Whether a run is to judge an operation.
fn asked(context: &Context<'_>, policy: &Policy, op: &Operation) -> bool {
    let given_up = context.profile.cannot_judge.contains_key(&op.id);
    policy.operation(&op.id).is_ok() && !given_up
}

/// Asks every read that may be sent. `false`: nobody is there any more.
async fn reads(
    probe: &mut Probe<'_>,
    context: &Context<'_>,
    policy: &Policy,
    checked: &mut Checked,
) -> bool {
    let strategies = strategies();
    let (mut unreached, mut refused, mut admitted) = (0, 0, false);
    for op in &context.contract.operations {
        let reads = policy.effects().get(&op.id).map(|e| e.effect) == Some(Effect::Reads);
        let fed = !matches!(op.access, Access::Unfed(_));
        if op.method != "GET" || !reads || !fed || !asked(context, policy, op) {
            continue;
        }
        // Why there is no call is said with what operations need.
        let Some(case) = plain_call(&strategies, context, op) else {
            continue;
        };
        let seen = probe.send_in_session(&case, false).await;
        let gone = seen.exchange.failure().is_some_and(never_reached);
        unreached = if gone { unreached + 1 } else { 0 };
        if matches!(op.access, Access::With(_)) {
            admitted |= seen.exchange.status().is_some_and(|s| s < 300);
            refused += usize::from(seen.exchange.status() == Some(401));
        }
        let locks = !admitted && refused >= MOST_REFUSED;
        let (mut what, mut state, mut hints) = read(context, op, &seen);
        let absent = matches!(seen.exchange.status(), Some(404 | 410));
        if absent && on_own(context, policy, op) {
            what.push_str(CREATED);
            (state, hints) = (State::Works, Vec::new());
        }
        if state == State::Works
            && let Some(doubt) = doubt(context, &strategies, policy, op, true)
        {
            what.push_str(&format!(", but {}", doubt.why));
            (state, hints) = (State::Missing, doubt.hints);
        }
        if locks {
            let why = "nothing more was sent with them: failed logins lock accounts";
            hints.push(Hint::Say(why.to_owned()));
        }
        let what = probe.device().mask(&what);
        checked.add(Part::Read, &op.id, what, state, hints);
        if locks || unreached >= NOBODY || interrupted(&seen.exchange) {
            return false;
        }
    }
    true
}

/// Why an item that is not there keeps nobody from judging.
const CREATED: &str = ", and a run creates an item of its own for it";

/// Whether a run sends an operation to items that it creates itself.
fn on_own(context: &Context<'_>, policy: &Policy, op: &Operation) -> bool {
    policy.removes() && context.is_of_own_item(op)
}

/// The call of a read that the plan begins with.
fn plain_call(
    strategies: &[Box<dyn Strategy>],
    context: &Context<'_>,
    op: &Operation,
) -> Option<Case> {
    let valid = strategies.iter().find(|s| s.name() == "valid")?;
    let mut cases = valid.cases(context, op).into_iter();
    cases.find(|c| matches!(&c.request, Request::Http(http) if http.body.is_none()))
}

/// What came, and what would help.
fn read(context: &Context<'_>, op: &Operation, seen: &Observation) -> (String, State, Vec<Hint>) {
    match &seen.exchange.outcome {
        Outcome::Answered(answer) => {
            let mut what = format!("{} {}: {}", op.method, op.path, answer.status);
            let (mut state, hints) = answered(context, op, answer);
            let kinds: BTreeSet<&str> = seen.deviations.iter().map(|(_, d)| d.kind.id()).collect();
            if state == State::Works && !kinds.is_empty() {
                state = State::Fails;
                let kinds: Vec<&str> = kinds.into_iter().collect();
                what.push_str(&format!(
                    ", and a run will look closer: {}",
                    kinds.join(", ")
                ));
            }
            (what, state, hints)
        }
        Outcome::Failed { failure, .. } => {
            let (state, hints) = failed(context, failure);
            (
                format!("{} {}: {failure}", op.method, op.path),
                state,
                hints,
            )
        }
    }
}

fn answered(context: &Context<'_>, op: &Operation, answer: &Answer) -> (State, Vec<Hint>) {
    let say = |text: &str| Hint::Say(text.to_owned());
    let cannot = |reason: &str| Hint::CannotJudge {
        operation: op.id.clone(),
        reason: reason.to_owned(),
    };
    let hints = match answer.status {
        200..=299 => return (State::Works, Vec::new()),
        300..=399 => {
            let to = answer.header("location").unwrap_or_default();
            let end = op.path.rsplit('/').find(|part| !part.is_empty());
            let slash = !op.path.ends_with('}')
                && to.ends_with('/') != op.path.ends_with('/')
                && to.rsplit('/').find(|part| !part.is_empty()) == end;
            let to: String = to.chars().take(SHOWN).collect();
            let how = match slash {
                true => "the document and the device differ in the slash at its end",
                false => "give the address behind it with --target",
            };
            vec![Hint::Say(format!("it leads to {to:?}: {how}"))]
        }
        401 => vec![match op.access {
            Access::Open
                if context
                    .contract
                    .operations
                    .iter()
                    .all(|o| o.security.is_empty()) =>
            {
                say(
                    "the document asks for no credentials, and the device does: give --username U \
                     --password-env VAR, or --token-env VAR, or [login] in the profile",
                )
            }
            Access::Open => cannot("the device asks for credentials here, the document for none"),
            _ => say("the credentials are not taken: check user, password, token or key"),
        }],
        403 => vec![
            say("this user may not read it: give one who may"),
            cannot("the user of the test may not read it"),
        ],
        404 | 410 if !in_path(op).is_empty() => vec![Hint::Values {
            of: op.path.clone(),
            parameters: in_path(op),
        }],
        404 | 405 | 410 | 501 => vec![
            cannot("this device does not have it"),
            say("if nothing else answers either, the path of --target is wrong"),
        ],
        429 | 503 => vec![Hint::Limit {
            key: "rate",
            value: slower(context),
        }],
        400 | 422 => {
            let sent = op.parameters.iter().filter(|p| p.required);
            let parameters: Vec<String> = sent.map(|p| p.name.clone()).collect();
            match parameters.is_empty() {
                true => vec![say("it wants something that the document does not ask for")],
                false => vec![Hint::Values {
                    of: op.id.clone(),
                    parameters,
                }],
            }
        }
        // The device's own fault is what a run is for.
        500.. => return (State::Fails, Vec::new()),
        _ => vec![say("the document says nothing of this status")],
    };
    (State::Missing, hints)
}

/// The path parameters of an operation.
fn in_path(op: &Operation) -> Vec<String> {
    let path = op.parameters.iter().filter(|p| p.place == Place::Path);
    path.map(|p| p.name.clone()).collect()
}

/// Half of the rate that is set, or a slow one.
fn slower(context: &Context<'_>) -> String {
    let rate = context.profile.limits.rate.map_or(5.0, |rate| rate / 2.0);
    format!("{rate:?}")
}

fn failed(context: &Context<'_>, failure: &Failure) -> (State, Vec<Hint>) {
    match failure {
        Failure::NotSent(_) => (State::Missing, Vec::new()),
        Failure::Timeout(_) if !never_reached(failure) => {
            let value = context
                .profile
                .limits
                .timeout_ms
                .saturating_mul(4)
                .to_string();
            let key = "timeout-ms";
            (State::Missing, vec![Hint::Limit { key, value }])
        }
        failure if never_reached(failure) => {
            let why = "the device takes no connection any more: [limits] rate may spare it";
            (State::Missing, vec![Hint::Say(why.to_owned())])
        }
        _ => (State::Fails, Vec::new()),
    }
}

/// Reads the states that permitted writes are put back to.
async fn states(
    probe: &mut Probe<'_>,
    context: &Context<'_>,
    policy: &Policy,
    checked: &mut Checked,
) {
    let writes = |op: &&Operation| {
        let effect = policy.effects().get(&op.id).map(|e| e.effect);
        effect == Some(Effect::Writes) && asked(context, policy, op)
    };
    let written = context.contract.operations.iter().filter(writes);
    let written: BTreeSet<String> = written.map(|op| op.id.clone()).collect();
    if written.is_empty() {
        return;
    }
    for state in guarded(context, &Known::default(), Some(&written), Some(policy)) {
        let read = &state.read;
        let name = format!("{} {}", read.method, read.target);
        if let Some(why) = unasked(probe.device(), read) {
            checked.add(Part::State, &name, why, State::Unseen, Vec::new());
            continue;
        }
        let (mut what, mut how, mut hints) = look(probe, context, &state).await;
        let operation = context.contract.operation(&state.operation);
        if how == State::Missing && operation.is_some_and(|op| on_own(context, policy, op)) {
            what.push_str(CREATED);
            (how, hints) = (State::Works, Vec::new());
        }
        let what = probe.device().mask(&what);
        checked.add(Part::State, &name, what, how, hints);
    }
}

/// Why a state is not read here, where it is not.
fn unasked(device: &Device, read: &StateRead) -> Option<String> {
    if read.method != "GET" {
        return Some(format!(
            "read with {}, which check does not send",
            read.method
        ));
    }
    let request = Request::Http(HttpRequest {
        method: read.method.clone(),
        target: Template::from(read.target.as_str()),
        ..HttpRequest::default()
    });
    let refused = device.policy().and_then(|p| p.permits(&request).err());
    refused.map(|refusal| format!("not sent: {refusal}"))
}

async fn look(
    probe: &Probe<'_>,
    context: &Context<'_>,
    state: &GuardedWrite,
) -> (String, State, Vec<Hint>) {
    let device = probe.device();
    let of = format!("put back with {}", state.operation);
    let error = match device.read_state(&state.read).await {
        Ok(read) => {
            let members = state.own_members();
            let own: Vec<&str> = members.iter().filter_map(|p| top(p)).collect();
            let there = own.iter().any(|name| read.value.get(*name).is_some());
            if own.is_empty() || there {
                return (of, State::Works, Vec::new());
            }
            let what = format!("{of}; it shows none of the members that are written");
            return match place_of(&own, &read.value, 2) {
                Some(below) => {
                    let root = format!("{}{below}", state.read.root);
                    (what, State::Missing, vec![read_back(state, &root)])
                }
                // Optional members may all be unset.
                None => (what, State::Fails, Vec::new()),
            };
        }
        Err(error) => error,
    };
    let what = format!("{of}; it cannot be read: {error}");
    (
        what,
        State::Missing,
        unread(probe, context, state, &error).await,
    )
}

/// What would help where a state cannot be read.
async fn unread(
    probe: &Probe<'_>,
    context: &Context<'_>,
    state: &GuardedWrite,
    error: &ReadBackError,
) -> Vec<Hint> {
    let operation = context.contract.operation(&state.operation);
    match error {
        ReadBackError::NoRoot(_) => {
            let whole = StateRead {
                root: String::new(),
                ..state.read.clone()
            };
            let whole = probe.device().read_state(&whole).await;
            let members = state.own_members();
            let own: Vec<&str> = members.iter().filter_map(|p| top(p)).collect();
            let found = whole.ok().and_then(|w| place_of(&own, &w.value, 2));
            vec![read_back(state, &found.unwrap_or_default())]
        }
        ReadBackError::Status(404 | 410) if operation.is_some_and(|op| !in_path(op).is_empty()) => {
            let values = |op: &Operation| Hint::Values {
                of: op.path.clone(),
                parameters: in_path(op),
            };
            operation.map(values).into_iter().collect()
        }
        ReadBackError::Status(401 | 403) => {
            vec![Hint::Say(
                "give credentials of somebody who may read it".to_owned(),
            )]
        }
        ReadBackError::Status(_) | ReadBackError::NotJson(_) => vec![read_back(state, "")],
        ReadBackError::NotConfigured(_) | ReadBackError::Failed(_) | ReadBackError::Coded(_) => {
            Vec::new()
        }
    }
}

/// That a state is read where it is, and what of it mirrors the body.
fn read_back(state: &GuardedWrite, root: &str) -> Hint {
    Hint::ReadBack {
        operation: state.operation.clone(),
        path: state.read.target.clone(),
        root: root.to_owned(),
    }
}

/// The name of the outermost member of a JSON pointer, where it needs no unescaping.
fn top(pointer: &str) -> Option<&str> {
    let name = pointer.strip_prefix('/')?.split('/').next()?;
    (!name.contains('~')).then_some(name)
}

/// JSON pointer to the object below a value that has at least half of these members.
fn place_of(own: &[&str], value: &Value, depth: usize) -> Option<String> {
    let object = value.as_object()?;
    let there = own
        .iter()
        .filter(|name| object.contains_key(**name))
        .count();
    if there > 0 && 2 * there >= own.len() {
        return Some(String::new());
    }
    if depth == 0 {
        return None;
    }
    object.iter().find_map(|(name, inner)| {
        let below = place_of(own, inner, depth - 1)?;
        Some(format!("/{}{below}", escape(name)))
    })
}

/// What stands in the way of operations that may be sent, apart from the device.
fn needs(context: &Context<'_>, policy: &Policy, checked: &mut Checked) {
    let strategies = strategies();
    let read = checked.items.iter().filter(|i| i.part == Part::Read);
    let read: BTreeSet<String> = read.map(|i| i.name.clone()).collect();
    let works = checked.items.iter().filter(|i| i.state == State::Works);
    let works = works.filter_map(|i| context.contract.operation(&i.name));
    let shown: BTreeSet<&str> = works.map(|op| op.path.as_str()).collect();
    let mut operations = context.contract.operations.iter();
    if !operations.any(|op| asked(context, policy, op)) {
        // Nothing tested is never a success.
        let what = "no operation may be sent".to_owned();
        let why = "see below what is left out, why, and what would allow it";
        let hints = vec![Hint::Say(why.to_owned())];
        checked.add(Part::Operation, "all", what, State::Missing, hints);
    }
    for op in &context.contract.operations {
        if !asked(context, policy, op) || read.contains(&op.id) {
            continue;
        }
        if let Access::Unfed(why) = &op.access {
            let hints = vec![Hint::Say(WITHOUT.to_owned())];
            checked.add(Part::Operation, &op.id, why.clone(), State::Missing, hints);
            continue;
        }
        let exists = shown.contains(op.path.as_str());
        let unsupported = context.unsupported(op);
        if let Some(first) = unsupported.first() {
            let hint = Hint::CannotJudge {
                operation: op.id.clone(),
                reason: first.clone(),
            };
            let what = unsupported.join("; ");
            checked.add(Part::Operation, &op.id, what, State::Missing, vec![hint]);
        } else if let Some(doubt) = doubt(context, &strategies, policy, op, exists) {
            let missing = State::Missing;
            checked.add(Part::Operation, &op.id, doubt.why, missing, doubt.hints);
        }
    }
}

/// What helps where a device asks for less than its document says.
const WITHOUT: &str = "--no-auth, where the device lets anybody in";

/// Whether an exchange was cut off by the user.
fn interrupted(exchange: &Exchange) -> bool {
    matches!(exchange.failure(), Some(Failure::NotSent(why)) if why == "interrupted")
}
