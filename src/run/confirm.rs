//! From a deviation to a finding: sent again on fresh connections, with a reproducer and evidence.

use super::progress::Doubt;
use super::result::{Evidence, Finding, Reproducer};
use super::runner::Run;
use super::tally::{finding, fingerprint};
use crate::case::{Case, Expect, InputClass, QUESTIONS, Recipe};
use crate::contract::{PromiseId, Resource};
use crate::device::Device;
use crate::exchange::{Exchange, Request};
use crate::judge::{Acceptance, Deviation, Kind};
use crate::probe::Observation;
use crate::reproduce::{self, Curl, render_answer, render_request};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

/// How often a deviation has to happen in all.
const TIMES: u32 = 3;
/// Findings of the kind "no answer" after which that is a habit of the device: further ones join the
/// last finding unconfirmed, and are waited for no longer than a slow answer would take. With a
/// time-out of 5 s and two confirmations each, a plan of 500 requests would take two hours.
const HABIT: u32 = 8;
/// The longest wait for an answer of such a device: so many times the median of its answers.
const SLOWER: u32 = 20;
/// And at least this.
const SHORTEST_WAIT: Duration = Duration::from_millis(500);
/// Requests after which a finding is confirmed once instead of twice: a device that breaks
/// everything must not triple the run.
const THRIFT_AFTER: u64 = 150;

/// What confirming has cost.
#[derive(Debug, Default)]
pub(super) struct Confirmations {
    requests: u64,
    /// Findings that are a missing answer.
    hangs: u32,
    /// First writer of a state → the last case that has written it.
    last_writes: BTreeMap<String, usize>,
    /// Operation and what was sent to it → fingerprint of the server error that it drew.
    failures: BTreeMap<(String, String), String>,
}

impl Confirmations {
    /// Remembers the last write of a state, and gives the one before.
    pub(super) fn wrote(&mut self, resource: String, case: usize) -> Option<usize> {
        self.last_writes.insert(resource, case)
    }

    /// Remembers that an input draws a server error, where it does.
    pub(super) fn failed(&mut self, case: &Case, promise: &PromiseId, kind: Kind) {
        if kind == Kind::ServerError {
            let input = (case.operation.clone(), case.title.clone());
            let id = fingerprint(promise, kind, case);
            self.failures.entry(input).or_insert(id);
        }
    }

    /// Counts requests of a confirmation.
    pub(super) fn spend(&mut self, requests: u64) {
        self.requests += requests;
    }
}

/// What another look at a deviation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// It is there, or it is not.
    Told(bool),
    /// Nothing can be said.
    Untold,
    /// Two clients see different things.
    Disputed,
}

impl Sight {
    fn of(seen: &Observation, kinds: &[Kind]) -> Sight {
        let same = seen.shows(kinds);
        // A create may draw 409 the second time: that speaks of state, not of the first answer.
        let elsewhere = seen.exchange.answer().is_none() || seen.judgement.circumstance;
        match elsewhere && !same {
            true => Sight::Untold,
            false => Sight::Told(same),
        }
    }
}

/// Whether a deviation is of what an answer says, and not of how it is written or whether it comes.
fn well_formed(deviation: &Deviation, exchange: &Exchange) -> bool {
    let of_the_message = matches!(
        deviation.kind,
        Kind::Hang
            | Kind::Slow
            | Kind::ConnectionLost
            | Kind::Restart
            | Kind::MalformedResponse
            | Kind::ResponseSplitting
    );
    let answer = exchange.answer();
    !of_the_message && answer.is_some_and(|answer| answer.anomalies.is_empty())
}

impl Run<'_> {
    /// Confirms a deviation and adds it to the findings, unless its fingerprint is known. Returns
    /// whether the promise is broken.
    pub(super) async fn found(
        &mut self,
        at: usize,
        promise: &PromiseId,
        mut deviation: Deviation,
        exchange: &Exchange,
    ) -> bool {
        let case = self.case(at);
        let doubt = |deviation: Deviation| Doubt {
            at,
            operation: case.operation.clone(),
            promise: promise.to_owned(),
            deviation,
            exchange: exchange.clone(),
        };
        if self.progress.doubtful(case, &deviation, exchange) {
            self.progress.doubt(doubt(deviation));
            return false;
        }
        if self.joins(promise, &deviation, case) {
            // Its effect on the session or the device still has to be dealt with.
            if exchange.failure().is_some() {
                self.revive(at).await;
            }
            return true;
        }
        if self.is_taken_apart(at, &deviation) {
            self.apart.wait(doubt(deviation));
            return false;
        }
        let restarted = exchange.failure().is_some() && self.revive(at).await;
        let mut kinds = vec![deviation.kind];
        if restarted {
            deviation = deviation.as_restart();
            kinds.push(Kind::Restart);
        }
        let (mut hits, mut tries) = (1, 1);
        for nth in 1..self.times() {
            if self.stopped() {
                break;
            }
            if restarted {
                self.probe.until_a_restart_would_show().await;
            }
            let last = nth + 1 == self.times() && hits == tries;
            let same = match last && well_formed(&deviation, exchange) {
                true => self.seen_by_both(at, &kinds).await,
                false => self.seen_again(at, &kinds).await,
            };
            match same {
                Sight::Untold => {}
                Sight::Disputed => return false,
                Sight::Told(same) => {
                    tries += 1;
                    hits += u32::from(same);
                }
            }
        }
        if deviation.kind == Kind::RejectsValid && !self.still_accepts(at).await {
            return false;
        }
        if deviation.kind == Kind::Hang && hits == tries {
            self.count_hang();
        }
        self.confirmations.failed(case, promise, deviation.kind);
        let answer = render_answer(exchange);
        self.ledger
            .publish(case, promise, &deviation, (hits, tries), answer);
        true
    }

    /// Sends a case again: whether it still shows a deviation of one of these kinds.
    async fn seen_again(&mut self, at: usize, kinds: &[Kind]) -> Sight {
        let case = self.case(at);
        let again = self.probe.send_in_session(case, true).await;
        self.confirmations.spend(1);
        let sight = Sight::of(&again, kinds);
        if again.exchange.failure().is_some() {
            self.revive(at).await;
        }
        self.probe.note(case, &again, None);
        sight
    }

    /// [`Run::seen_again`] by an ordinary HTTP client: no mistake in our own HTTP code may accuse a
    /// device. Where the two differ each is asked once more; a finding that only ours sees, twice,
    /// is about neither.
    async fn seen_by_both(&mut self, at: usize, kinds: &[Kind]) -> Sight {
        let case = self.case(at);
        let Some(first) = self.by_ordinary_client(case).await else {
            return self.seen_again(at, kinds).await;
        };
        let sight = Sight::of(&first, kinds);
        if !matches!(sight, Sight::Told(false)) {
            return sight;
        }
        let ours = self.seen_again(at, kinds).await;
        let Some(second) = self.by_ordinary_client(case).await else {
            return ours;
        };
        match (ours, Sight::of(&second, kinds)) {
            (Sight::Told(true), Sight::Told(false)) => {
                self.ledger.note(format!(
                    "{}: not told: our own HTTP client sees a deviation, an ordinary one does not",
                    case.id
                ));
                Sight::Disputed
            }
            // It comes and goes.
            _ => Sight::Told(false),
        }
    }

    async fn by_ordinary_client(&mut self, case: &Case) -> Option<Observation> {
        let seen = self.probe.send_by_ordinary_client(case).await?;
        self.confirmations.spend(1);
        self.probe.note(case, &seen, None);
        Some(seen)
    }

    /// Whether the operation still accepts what it accepted before: a refusal in another state of
    /// the device says nothing of the content.
    async fn still_accepts(&mut self, at: usize) -> bool {
        let case = self.case(at);
        if !matches!(case.expect, Expect::Accepted | Expect::AcceptedOr { .. }) {
            return true;
        }
        let controls = self.progress.controls(&case.operation);
        let Some(last) = controls.first().copied() else {
            return true;
        };
        for control in controls {
            let control = self.case(control);
            let seen = self.probe.send_in_session(control, true).await;
            self.confirmations.spend(1);
            self.probe.note(control, &seen, None);
            if seen.judgement.content() != Acceptance::Refused {
                return true;
            }
        }
        self.ledger.note(format!(
            "{}: could not judge a refusal: the device now refuses what it accepted before ({})",
            case.operation,
            self.case(last).id
        ));
        false
    }

    /// What is told once the plan is through of refusals by operations that had accepted nothing.
    pub(super) async fn weigh_doubts(&mut self) {
        let mut told = BTreeSet::new();
        for doubt in self.progress.take_doubts() {
            if self.progress.accepted_case(&doubt.operation).is_some() {
                if !self.over() {
                    self.found(doubt.at, &doubt.promise, doubt.deviation, &doubt.exchange)
                        .await;
                    self.take_apart().await;
                }
            } else if told.insert(doubt.operation.clone())
                && let Some(statuses) = self.progress.declined(&doubt.operation)
            {
                let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
                self.ledger.note(format!(
                    "{}: could not judge: {} to every valid request",
                    doubt.operation,
                    statuses.join(", ")
                ));
            }
        }
    }

    /// Whether a deviation is another sight of a finding that is there.
    fn joins(&mut self, promise: &PromiseId, deviation: &Deviation, case: &Case) -> bool {
        let kind = deviation.kind;
        let id = fingerprint(promise, kind, case);
        let asked =
            case.strategy == QUESTIONS && matches!(kind, Kind::AcceptsInvalid | Kind::RejectsValid);
        let habit = kind == Kind::Hang && self.confirmations.hangs >= HABIT;
        if self.ledger.known(&id, &case.id) {
            self.confirmations.failed(case, promise, kind);
            return true;
        }
        kind == Kind::ServerError && self.failed_before(case)
            || kind == Kind::MalformedResponse && self.shows_what_was_accepted(case, deviation)
            || self.ledger.explained(promise, kind, case)
            // What a question comes upon is another string for what a case has shown.
            || (asked || habit) && self.ledger.join_last(promise, kind, case)
    }

    /// Whether a read shows what a write at its path was found to accept, against the same rule: one cause.
    fn shows_what_was_accepted(&self, case: &Case, deviation: &Deviation) -> bool {
        let contract = &self.job.contract;
        let Some(read) = contract
            .operation(&case.operation)
            .filter(|o| o.method == "GET")
        else {
            return false;
        };
        let all = contract.operations.iter();
        let writes = all.filter(|o| o.path == read.path && o.body.is_some());
        let writes: Vec<&str> = writes.map(|o| o.id.as_str()).collect();
        let keyword = deviation.broken_keyword();
        keyword.is_some_and(|keyword| self.ledger.accepts_against(&writes, keyword))
    }

    /// Whether an operation is known to fail at the same input, whichever promise was asked about.
    fn failed_before(&mut self, case: &Case) -> bool {
        let input = (case.operation.clone(), case.title.clone());
        let known = self.confirmations.failures.get(&input);
        known.is_some_and(|id| self.ledger.known(id, &case.id))
    }

    /// Counts an input that drew no answer every time; from some on nobody waits long.
    fn count_hang(&mut self) {
        self.confirmations.hangs += 1;
        if self.confirmations.hangs == HABIT {
            let wait = self.progress.usual_latency() * SLOWER;
            self.job.device.hurry(wait.max(SHORTEST_WAIT));
            self.ledger.note(format!(
                "{HABIT} inputs draw no answer; further ones are counted with the last finding"
            ));
        }
    }

    /// How often a deviation has to be seen, the first time included.
    pub(super) fn times(&self) -> u32 {
        if self.confirmations.requests > THRIFT_AFTER {
            2
        } else {
            TIMES
        }
    }

    /// Adds a finding that is about the run rather than about one exchange.
    pub(super) fn add_plain(
        &mut self,
        at: usize,
        promise: fn(&str) -> PromiseId,
        deviation: Deviation,
        class: InputClass,
    ) {
        let mut case = self.case(at).clone();
        case.input_class = class;
        let promise = promise(&case.operation);
        self.ledger
            .publish_new(&case, &promise, &deviation, (1, 1), String::new());
    }
}

/// What there is to say about a broken promise.
pub struct FindingDraft<'a> {
    /// What was sent before.
    pub before: &'a [Request],
    /// The case that shows it.
    pub case: &'a Case,
    /// The promise.
    pub promise: &'a PromiseId,
    /// How it was broken.
    pub deviation: &'a Deviation,
    /// How often, of how often.
    pub confirmed: (u32, u32),
    /// The answer as text.
    pub answer: String,
    /// Read-backs and life probes that show it.
    pub observations: Vec<String>,
}

/// The finding, masked, with its reproducer; and the exact bytes that shell lines cannot carry: file
/// name → content. `folder` is where they will be.
pub fn compose(
    device: &Device,
    folder: &str,
    story: FindingDraft<'_>,
) -> (Finding, Vec<(String, Vec<u8>)>) {
    let case = story.case;
    let deviation = story.deviation.masked(|text| device.mask(text));
    let requests = story.before.iter().chain([&case.request]);
    let shown: Vec<String> = requests.map(render_request).collect();
    let evidence = Evidence {
        request: device.mask(&shown.join("\n\n")),
        answer: device.mask(&story.answer),
        observations: story.observations.iter().map(|o| device.mask(o)).collect(),
    };
    let name = fingerprint(story.promise, deviation.kind, case);
    let (reproducer, files) = reproducer(device, folder, &name, story.before, case);
    let found = finding(
        case,
        story.promise,
        &deviation,
        story.confirmed,
        reproducer,
        evidence,
    );
    (found, files)
}

/// How to send a case again after `before`; and the exact bytes that shell lines cannot carry: file
/// name, made from `name`, → content. `folder` is where they will be.
pub(super) fn reproducer(
    device: &Device,
    folder: &str,
    name: &str,
    before: &[Request],
    case: &Case,
) -> (Reproducer, Vec<(String, Vec<u8>)>) {
    let requests: Vec<&Request> = before.iter().chain([&case.request]).collect();
    let tls = device.tls();
    let reach = reproduce::Options {
        base: device.base_url().to_owned(),
        insecure: tls.insecure,
        ca_file: tls.ca_file.clone(),
        client_cert: tls.client_cert.clone(),
        timeout: None,
    };
    let mut lines: Vec<String> = of_own_item(device, case).into_iter().collect();
    let mut files = Vec::new();
    let mut request_file = None;
    for (at, request) in requests.iter().enumerate() {
        let last = at + 1 == requests.len();
        let name = match last {
            true => name.to_owned(),
            false => format!("{name}-{}", at + 1),
        };
        let curl = Curl::with(request, &reach, folder, &name);
        lines.push(curl.line);
        if let Some((file, bytes)) = curl.file {
            if last {
                request_file = Some(format!("{folder}/{file}"));
            }
            files.push((file, bytes));
        }
    }
    let recipe = (!case.input_class.is_of_the_run()).then(|| {
        let mut recipe = Recipe::of(case);
        recipe.before = before.to_vec();
        Box::new(recipe)
    });
    let reproducer = Reproducer {
        curl: lines.join("\n"),
        request_file,
        recipe,
    };
    (reproducer, files)
}

/// What a line has to say whose path names an item that the run has made for it: such items are gone
/// when somebody reads the line.
fn of_own_item(device: &Device, case: &Case) -> Option<String> {
    let resources = &device.policy()?.effects().resources;
    let resource = resources.of_operation(&case.operation)?;
    let above: Vec<&Resource> = resources.upwards(resource).collect();
    let makes = |create: &&str| {
        let made = resources.plain_items(create);
        made.is_some_and(|(_, _, item)| above.iter().any(|r| r.id == item.id))
    };
    let mut creating = above.iter().filter_map(|r| r.create.as_deref());
    let create = creating.find(makes)?;
    Some(reproduce::comment(&format!(
        "the path names an item that {create} creates, and the run has removed its own: create one \
         first, and name it in the line (`probity replay` does both)"
    )))
}
