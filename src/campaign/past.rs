//! What earlier processes of an unattended job left in its journal and its corpus.

use super::corpus;
use super::engine::{Campaign, Entry};
use super::input::Input;
use crate::run::journal::{Past, Record};
use serde::Deserialize as _;
use std::time::Duration;

impl Campaign<'_, '_> {
    /// Takes what earlier processes left; whether there was any.
    pub(super) fn remember(&mut self, past: &Past, seeds: &mut Vec<Input>) -> bool {
        let mut begun = false;
        // What was being gone into.
        let mut open: Option<(u64, String)> = None;
        let mut joined: Vec<(u64, Input)> = Vec::new();
        for record in &past.records {
            match record {
                Record::Found { finding } => {
                    // Killed between the finding and the line that says that it was gone into: it
                    // was, and would be accused once more by another input.
                    if let Some(done) = open.take() {
                        self.went_into(done);
                    }
                    if self.known.insert(finding.fingerprint.clone()) {
                        self.harvest.findings.push((**finding).clone());
                    }
                }
                Record::File { name, content } => {
                    self.harvest.files.push((name.clone(), content.clone()));
                }
                Record::Campaign { entry } => match Entry::deserialize(entry) {
                    Ok(Entry::Seeds { inputs }) => {
                        *seeds = inputs.into_iter().filter(|i| self.takes(i)).collect();
                        begun = true;
                    }
                    Ok(Entry::Suspect { n, key }) => open = Some((n, key)),
                    // Said already by the finding in front of it.
                    Ok(Entry::Key { n, key }) if open.take().is_none() && n.is_some() => {
                        drop(key);
                    }
                    Ok(Entry::Key { n, key }) => self.went_into((n.unwrap_or(u64::MAX), key)),
                    Ok(Entry::Class { n, class, input }) => {
                        self.classes.see(class);
                        let input = input.filter(|input| self.takes(input));
                        joined.extend(input.map(|input| (n, input)));
                        self.harvest.inputs = self.harvest.inputs.max(n);
                    }
                    Ok(Entry::Shrunk { shrunk }) => {
                        if !self.harvest.shrunk.contains(&shrunk) {
                            self.harvest.shrunk.push(shrunk);
                        }
                    }
                    Ok(Entry::Progress {
                        n,
                        elapsed_ms,
                        requests,
                    }) => {
                        self.requests_before = requests;
                        self.harvest.inputs = self.harvest.inputs.max(n);
                        self.elapsed_before = Duration::from_millis(elapsed_ms);
                    }
                    Err(e) => self.note(format!("a line of the journal is passed over: {e}")),
                },
                _ => {}
            }
        }
        // The input under way is sent again, from the corpus that it was made from.
        let under_way = self.harvest.inputs;
        for (n, input) in joined {
            match n == under_way {
                true => self.held.push(input),
                false => self.corpus.remember(input),
            }
        }
        begun
    }

    /// Whether an input of the journal is one that a job makes; says so where it is not.
    fn takes(&mut self, input: &Input) -> bool {
        let fit = input.check();
        if let Err(why) = &fit {
            self.note(format!("an input of the journal is passed over: {why}"));
        }
        fit.is_ok()
    }

    /// An earlier process went into a deviation of this key at this input.
    fn went_into(&mut self, (n, key): (u64, String)) {
        *self.keys.entry(key.clone()).or_default() += 1;
        *self.gone.entry((n, key)).or_default() += 1;
    }

    /// Puts the corpus of earlier jobs before what is sent first.
    pub(super) fn load(&mut self, seeds: &mut Vec<Input>) {
        let Some(folder) = &self.job.options.corpus else {
            self.entry(&Entry::Seeds {
                inputs: seeds.clone(),
            });
            return;
        };
        match corpus::load(folder) {
            Ok(loaded) => {
                for skipped in loaded.skipped {
                    self.note(format!("corpus file skipped: {skipped}"));
                }
                for input in loaded.inputs {
                    if !seeds.contains(&input) {
                        seeds.push(input);
                    }
                }
            }
            Err(e) => self.stop = Some(format!("--corpus {}: {e}", folder.display())),
        }
        self.entry(&Entry::Seeds {
            inputs: seeds.clone(),
        });
    }
}
