//! Error chains of reqwest, hyper, rustls and the operating system → [`Failure`]. The only place
//! that knows the libraries' error types.

use crate::exchange::{Failure, Phase};
use std::error::Error;
use std::io;

/// Where an error of the ordinary path came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before the head of the answer was there.
    Head,
    /// In its body, of which so many octets had come of so many.
    Body { got: u64, promised: Option<u64> },
}

/// A failure of the system or of TLS, where the error is one.
pub(super) fn system(error: &io::Error) -> Option<Failure> {
    // `source` of an I/O error skips what it wraps, so that has to be asked for.
    if let Some(inner) = error.get_ref() {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return Some(Failure::Tls(super::tls::words(tls)));
        }
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            return system(inner);
        }
    }
    Some(match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected => Failure::Reset,
        // ETIMEDOUT: the system gave up connecting or retransmitting.
        io::ErrorKind::TimedOut => Failure::Timeout(Phase::Connect),
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => Failure::Unreachable(error.to_string()),
        _ => return None,
    })
}

/// A failure of the ordinary path. Where the library does not tell, the coarse class is given:
/// an end of the connection inside the head counts as [`Failure::Closed`].
pub(super) fn reqwest(error: &reqwest::Error, stage: Stage, head_limit: u64) -> Failure {
    let mut deepest = None;
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(e) = next {
        if let Some(io) = e.downcast_ref::<io::Error>() {
            if let Some(failure) = system(io) {
                return timeout_phase(failure, stage);
            }
            if let Stage::Body { got, promised } = stage {
                match io.kind() {
                    io::ErrorKind::UnexpectedEof => return Failure::Truncated { promised, got },
                    io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                        return Failure::MalformedHttp(io.to_string());
                    }
                    _ => {}
                }
            }
            if io.kind() == io::ErrorKind::UnexpectedEof {
                // TLS ended without close_notify before an answer.
                return Failure::Closed;
            }
        }
        if let Some(hyper) = e.downcast_ref::<hyper::Error>() {
            if hyper.is_parse_too_large() {
                return Failure::TooLarge {
                    what: "head",
                    limit: head_limit,
                };
            }
            if hyper.is_parse() || hyper.is_parse_status() || hyper.is_parse_version_h2() {
                return Failure::MalformedHttp(hyper.to_string());
            }
            if hyper.is_incomplete_message() || hyper.is_closed() || hyper.is_canceled() {
                return match stage {
                    Stage::Head => Failure::Closed,
                    Stage::Body { got, promised } => Failure::Truncated { promised, got },
                };
            }
        }
        deepest = Some(e);
        next = e.source();
    }
    if error.is_timeout() {
        return timeout_phase(Failure::Timeout(Phase::Connect), stage);
    }
    let why = deepest.map_or_else(|| error.to_string(), ToString::to_string);
    if error.is_connect() {
        Failure::Unreachable(why)
    } else if error.is_builder() {
        Failure::NotSent(why)
    } else {
        match stage {
            Stage::Head => Failure::MalformedHttp(why),
            Stage::Body { got, promised } => Failure::Truncated { promised, got },
        }
    }
}

fn timeout_phase(failure: Failure, stage: Stage) -> Failure {
    match (failure, stage) {
        (Failure::Timeout(_), Stage::Body { .. }) => Failure::Timeout(Phase::Body),
        (failure, _) => failure,
    }
}
