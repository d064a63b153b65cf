//! The end of a job: settings are put back, what was created is removed.

use super::engine::Probe;
use crate::device::{Guard, Restored};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

impl Probe<'_> {
    /// The settings that will be put back, without what cannot be read: see [`Guard::snapshot`].
    pub fn snapshot(&self) -> BTreeMap<String, Value> {
        let guard = self.guard.as_ref();
        guard.map(Guard::snapshot).unwrap_or_default()
    }

    /// Puts these settings back at the end, not those that stood at the start.
    pub fn adopt(&mut self, before: &BTreeMap<String, Value>) {
        if let Some(guard) = &mut self.guard {
            guard.adopt(before);
        }
        // An earlier process wrote.
        self.wrote.store(true, Relaxed);
    }

    /// Puts the settings back where something may have changed them, and removes what was created.
    pub async fn restore(&self) -> Restored {
        self.session.renew().await;
        let created = match self.session.lost().is_none() || self.session.is_there().await {
            true => self.clean_up().await,
            false => None,
        };
        let mut all = self.restore_settings().await;
        if let Some(mut created) = created {
            if !self.guard.as_ref().is_some_and(Guard::keeps) {
                all.ok = Some(true);
            }
            created.join(all);
            all = created;
        }
        if self.session.lost().is_none() {
            for beside in [self.left_beside().await, self.altered_beside().await] {
                all.join(beside);
            }
        }
        all
    }

    /// Whether the job was let write and there is a state to put back.
    pub fn may_have_changed(&self) -> bool {
        let device = self.device();
        let changes = |guard: &Guard| guard.may_be_changed(device);
        self.guard.as_ref().is_some_and(changes)
            && self.session.lost().is_none()
            && self.stored.load(Relaxed)
    }

    /// Whether something was written that nobody could look at afterwards.
    pub fn has_written_unseen(&self) -> bool {
        self.unseen.load(Relaxed)
    }

    async fn restore_settings(&self) -> Restored {
        let Some(guard) = &self.guard else {
            return Restored::default();
        };
        if self.session.lost().is_some() && !self.session.is_there().await {
            let why = "the device is gone: its settings could be neither looked at nor put back";
            return Restored {
                reasons: vec![why.to_owned()],
                ..Restored::default()
            };
        }
        let device = self.device();
        if self.wrote.load(Relaxed) || !guard.stands(device).await {
            return guard.restore(device).await;
        }
        Restored::of_nothing()
    }
}
