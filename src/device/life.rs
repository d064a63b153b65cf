//! Tells whether the device lives, and whether it has restarted.

use super::{DAY, Device};
use crate::exchange::{Outcome, Request};
use crate::json;
use crate::profile::Life;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What a life probe answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LifeSign {
    /// Seconds since boot.
    pub uptime: Option<f64>,
    /// An id that changes with every boot.
    pub boot_id: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Firmware version.
    pub firmware: Option<String>,
    /// From sending the probe to the end of its answer.
    pub latency: Duration,
}

/// Seconds of uptime after which a restart shows as an uptime that went back.
const TELLABLE: f64 = 1.3;

impl LifeSign {
    /// Whether the device has surely restarted since `earlier`: another boot id, or an uptime that
    /// went back by a second or more. An uptime that stands still or lags proves nothing.
    pub fn restarted_since(&self, earlier: &LifeSign) -> bool {
        if let (Some(now), Some(then)) = (&self.boot_id, &earlier.boot_id)
            && now != then
        {
            return true;
        }
        matches!((self.uptime, earlier.uptime), (Some(now), Some(then)) if now + 1.0 <= then)
    }
}

impl Device {
    /// Asks for a sign of life. `None`: the profile names no probe, or the answer is no success
    /// with JSON.
    pub async fn life(&self) -> Option<LifeSign> {
        let life = self.profile.life.as_ref()?;
        let exchange = self.send_own(&self.own_request("GET", &life.path)).await;
        let answer = exchange.answer()?;
        if !(200..300).contains(&answer.status) {
            return None;
        }
        let body = json::read(&answer.body)?;
        Some(sign(&body, life, exchange.timings.total))
    }

    /// [`life`](Self::life), once the device is up for so long that a restart after it could be
    /// told from one before it (see [`LifeSign::restarted_since`]). Waits little more than a second.
    pub async fn settled_life(&self) -> Option<LifeSign> {
        let now = self.life().await?;
        let up = now.uptime.unwrap_or(TELLABLE);
        if now.boot_id.is_some() || !(0.0..TELLABLE).contains(&up) {
            return Some(now);
        }
        sleep(Duration::from_secs_f64(TELLABLE - up)).await;
        self.life().await.or(Some(now))
    }

    /// Waits until the device answers again, at most `max`. It counts as alive when any complete
    /// HTTP answer comes to the life probe; without a probe, when it takes a connection.
    pub async fn wait_alive(&self, max: Duration) -> bool {
        const BETWEEN: Duration = Duration::from_millis(100);
        let end = Instant::now() + max.min(DAY);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            // At least one try, and none that a dead device can hang for good.
            let patience = left
                .max(Duration::from_millis(50))
                .min(self.options.timeout);
            if self.answers(patience).await {
                return true;
            }
            if left <= BETWEEN {
                return false;
            }
            sleep(BETWEEN).await;
        }
    }

    /// Whether the profile names a request that tells that the device lives.
    pub fn has_life_probe(&self) -> bool {
        self.profile.life.is_some()
    }

    async fn answers(&self, patience: Duration) -> bool {
        match &self.profile.life {
            Some(life) => {
                let request: Request = self.own_request("GET", &life.path);
                let exchange = self.send_by(&request, true, patience).await;
                matches!(exchange.outcome, Outcome::Answered(_))
            }
            None => self.connect(Instant::now() + patience).await.is_ok(),
        }
    }
}

fn sign(body: &Value, life: &Life, latency: Duration) -> LifeSign {
    let at = |pointer: &Option<String>| pointer.as_ref().and_then(|p| body.pointer(p));
    let text = |pointer: &Option<String>| match at(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    };
    LifeSign {
        uptime: at(&life.uptime)
            .and_then(|v| match v {
                Value::Number(n) => n.as_f64(),
                Value::String(text) => text.trim().parse().ok(),
                _ => None,
            })
            .filter(|n: &f64| n.is_finite()),
        boot_id: text(&life.boot_id),
        model: text(&life.model),
        firmware: text(&life.firmware),
        latency,
    }
}
