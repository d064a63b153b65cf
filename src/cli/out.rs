//! The doors of the process: whatever goes to stdout or stderr is masked by what knows the secrets of
//! the job, and shown so that it cannot drive a terminal. A reader that has gone away is no error: the
//! job goes on, and its verdict stays.

use crate::redact::Redactor;
use crate::report::visible;
use std::io::{self, Write};
use std::sync::OnceLock;

/// What knows the secrets of this process's job.
static REDACTOR: OnceLock<Redactor> = OnceLock::new();

/// From now on the secrets of this job are masked in everything that the process prints, its last
/// words included. Words that its contract uses are no secrets by themselves.
pub(super) fn guard<'w>(redactor: &Redactor, words: impl IntoIterator<Item = &'w str>) {
    redactor.ordinary(words);
    let _ = REDACTOR.set(redactor.clone());
}

/// Makes panics pass the same door.
pub(super) fn guard_panics() {
    std::panic::set_hook(Box::new(|panic| {
        say(&format!(
            "internal error: {panic}\nThis is a defect of Probity, please report it."
        ));
    }));
}

/// The text without secrets, fit for people.
pub(super) fn shown(text: &str) -> String {
    let masked = REDACTOR.get().map(|redactor| redactor.text(text));
    visible::block(masked.as_deref().unwrap_or(text))
}

/// Writes a result to stdout, as [`shown`].
pub(super) fn print(text: &str) -> io::Result<()> {
    print_styled(&shown(text))
}

/// Writes a result to stdout whose parts went through [`shown`]: escapes for colours are our own.
pub(super) fn print_styled(text: &str) -> io::Result<()> {
    let mut stdout = anstream::AutoStream::auto(io::stdout().lock());
    quiet(
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush()),
    )
    .map_err(|e| io::Error::new(e.kind(), format!("stdout: {e}")))
}

/// Writes data to stdout for programs: JSON, in which nothing hidden stands, or a script.
pub(super) fn print_data(text: &str) -> io::Result<()> {
    let masked = REDACTOR.get().map(|redactor| redactor.text(text));
    let mut stdout = io::stdout().lock();
    // On a terminal it is read by people too, and JSON's writer leaves C1 and bidi as they are.
    let text = visible::json(masked.as_deref().unwrap_or(text));
    quiet(
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush()),
    )
    .map_err(|e| io::Error::new(e.kind(), format!("stdout: {e}")))
}

/// Tells the user something on stderr; where nobody reads that, nobody does.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "probity: {}", shown(text));
}

/// No error where the reader has seen enough (`| head`).
pub(super) fn quiet(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
