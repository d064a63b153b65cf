//! Signals that end a job: Ctrl-C, and what an operating system, a service manager or a closed
//! terminal sends.

use super::out::say;
use crate::run::Verdict;
use tokio::sync::watch;

/// How often a signal has to come before the settings are left as they are.
const ABANDONS: u32 = 3;

/// The first signal ends the job, which then puts the settings back; the second says so; the third
/// ends the process, because a device may be gone for good. Inside a runtime.
pub(super) fn interrupts(stop: watch::Sender<bool>) {
    let Ok(mut signals) = Signals::new() else {
        return;
    };
    tokio::spawn(async move {
        for count in 1u32.. {
            let name = signals.next().await;
            match count {
                1 => {
                    say(&format!(
                        "{name}: ending the job and putting the settings back"
                    ));
                    let _ = stop.send(true);
                }
                ABANDONS => {
                    say(&format!(
                        "{name}: given up; the device may be left with changed settings \
                         (a job with a journal puts them back with --resume)"
                    ));
                    std::process::exit(Verdict::NotRestored.code().into());
                }
                _ => say(&format!(
                    "{name}: the settings are being put back; once more leaves the device as it is"
                )),
            }
        }
    });
}

/// Waits for a signal that ends a server: then nothing is left to put back.
pub(super) async fn ended() -> std::io::Result<()> {
    Signals::new()?.next().await;
    Ok(())
}

#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    /// The name of the next one.
    async fn next(&mut self) -> &'static str {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => "interrupted",
            _ = terminate.recv() => "terminated",
            _ = hangup.recv() => "hung up",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "interrupted"
    }
}
