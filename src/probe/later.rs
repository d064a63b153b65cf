//! Writes that a device accepts and completes later (202, RFC 9110 §15.3.3): when one is done. Its
//! status resource tells, where the answer names one; else the writes before it tell how long the
//! next one takes.

use crate::device::Device;
use crate::device::pages::below;
use crate::exchange::Exchange;
use crate::json;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a write that was accepted for later may take where nothing tells that it goes on.
pub(super) const SETTLES_IN: Duration = Duration::from_secs(5);
/// The same where its status resource says that it is under way.
const RUNS_FOR: Duration = Duration::from_secs(30);
/// Between two looks: the first, doubled each time, and the longest.
const FIRST_LOOK: Duration = Duration::from_millis(25);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// Waits of full length that nothing came of, from which on shorter ones do.
const IN_VAIN: u32 = 3;
/// What such a wait has at least.
const SHORT: Duration = Duration::from_secs(1);

/// A write that was accepted for later.
#[derive(Clone, Debug)]
pub(super) struct Later {
    since: Instant,
    /// Target of its status resource.
    word: Option<String>,
}

impl Later {
    /// What an answer of 202 promises.
    pub fn promised(device: &Device, exchange: &Exchange) -> Option<Later> {
        let answer = exchange.answer().filter(|a| a.status == 202)?;
        let named = ["location", "operation-location", "azure-asyncoperation"];
        let named = named.iter().find_map(|name| answer.header(name));
        Some(Later {
            since: Instant::now(),
            word: named.and_then(|url| below(device, &url)),
        })
    }

    /// Asks the status resource until it no longer says that the write is under way. `false`: it
    /// tells nothing.
    async fn told(&self, device: &Device) -> bool {
        let Some(target) = &self.word else {
            return false;
        };
        let mut waits = Waits::new();
        loop {
            match word(&device.get(target).await) {
                Word::Done => return true,
                Word::Nothing => return false,
                Word::Running if self.since.elapsed() >= RUNS_FOR => return false,
                Word::Running => waits.wait().await,
            }
        }
    }
}

/// What a status resource says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Running,
    Done,
    Nothing,
}

fn word(exchange: &Exchange) -> Word {
    let Some(answer) = exchange.answer() else {
        return Word::Nothing;
    };
    match answer.status {
        202 => Word::Running,
        // Gone, or elsewhere: where its result is.
        303 | 404 | 410 => Word::Done,
        200 => json::read(&answer.body).map_or(Word::Nothing, |body| said(&body)),
        _ => Word::Nothing,
    }
}

/// The word for the state of something, in the members that are called so.
fn said(body: &Value) -> Word {
    const NAMES: [&str; 8] = [
        "status",
        "state",
        "TaskState",
        "taskState",
        "jobState",
        "phase",
        "provisioningState",
        "result",
    ];
    const RUNNING: [&str; 14] = [
        "running",
        "pending",
        "queued",
        "accepted",
        "processing",
        "inprogress",
        "new",
        "started",
        "starting",
        "waiting",
        "scheduled",
        "active",
        "executing",
        "submitted",
    ];
    const DONE: [&str; 14] = [
        "done",
        "completed",
        "complete",
        "succeeded",
        "success",
        "successful",
        "finished",
        "failed",
        "failure",
        "error",
        "cancelled",
        "canceled",
        "ok",
        "exception",
    ];
    let plain = |text: &str| {
        let letters = text.chars().filter(char::is_ascii_alphabetic);
        letters.collect::<String>().to_ascii_lowercase()
    };
    let texts = NAMES.iter().filter_map(|name| body.get(name)?.as_str());
    for text in texts.map(plain) {
        if RUNNING.contains(&text.as_str()) {
            return Word::Running;
        }
        if DONE.contains(&text.as_str()) {
            return Word::Done;
        }
    }
    match body.get("done").or_else(|| body.get("completed")) {
        Some(Value::Bool(true)) => Word::Done,
        Some(Value::Bool(false)) => Word::Running,
        _ => Word::Nothing,
    }
}

/// Waits between looks.
pub(super) struct Waits(Duration);

impl Waits {
    pub fn new() -> Waits {
        Waits(FIRST_LOOK)
    }

    pub async fn wait(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(BETWEEN_LOOKS);
    }
}

/// Writes of which is known how long they took.
const KNOWN: usize = 8;

/// How long the last writes of one resource took, as far as was seen.
#[derive(Debug, Default)]
pub(super) struct Pace {
    took: VecDeque<Duration>,
    in_vain: u32,
}

impl Pace {
    /// A write is seen to be done.
    pub fn learn(&mut self, later: &Later) {
        self.took.push_back(later.since.elapsed());
        // The first are measured coarsely: nobody knew when to look.
        if self.took.len() > KNOWN {
            self.took.pop_front();
        }
        self.in_vain = 0;
    }

    fn longest(&self) -> Option<Duration> {
        self.took.iter().max().copied()
    }

    /// A write was waited for as long as there was patience.
    pub fn in_vain(&mut self) {
        self.in_vain += 1;
    }

    /// The end of the patience with a write that does not show.
    pub fn end(&self, later: &Later) -> Instant {
        let patience = match self.in_vain >= IN_VAIN {
            true => self.longest().map_or(SHORT, |l| (l * 3).max(SHORT)),
            false => SETTLES_IN,
        };
        later.since + patience.min(SETTLES_IN)
    }

    /// Waits until a write most likely shows, where the ones before it tell when.
    pub async fn likely(&self, later: &Later) {
        if let Some(longest) = self.longest() {
            tokio::time::sleep_until(later.since + longest.mul_f64(0.8)).await;
        }
    }

    /// Waits until a write is done of which nothing is known that would show it. `false`: nobody
    /// can tell.
    pub async fn over(&self, device: &Device, later: &Later) -> bool {
        if later.told(device).await {
            return true;
        }
        match self.longest() {
            Some(longest) => {
                let margin = longest.mul_f64(0.5) + FIRST_LOOK;
                tokio::time::sleep_until(later.since + longest + margin).await;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_word_of_a_status_resource_is_understood() {
        for (body, want) in [
            (json!({"status": "running"}), Word::Running),
            (json!({"status": "In-Progress"}), Word::Running),
            (json!({"state": "COMPLETED", "status": 7}), Word::Done),
            (json!({"TaskState": "Exception"}), Word::Done),
            (json!({"done": false}), Word::Running),
            (json!({"done": true}), Word::Done),
            (json!({"status": "sunny"}), Word::Nothing),
            (json!([1, 2]), Word::Nothing),
        ] {
            assert_eq!(said(&body), want, "{body}");
        }
    }

    #[test]
    fn patience_shortens_where_nothing_comes_of_it() {
        let later = Later {
            since: Instant::now(),
            word: None,
        };
        let mut pace = Pace::default();
        assert_eq!(pace.end(&later), later.since + SETTLES_IN);
        (0..IN_VAIN).for_each(|_| pace.in_vain());
        assert_eq!(pace.end(&later), later.since + SHORT);
        pace.learn(&later);
        assert_eq!(pace.end(&later), later.since + SETTLES_IN);
    }
}
