//! Why a transfer did not come to its end.

use std::io;
use std::os::unix::process::ExitStatusExt;

use crate::local::child::Reaped;
use crate::remote::control::ControlError;
use crate::ssh::{Failure, FailureKind};

/// Why a transfer did not come to its end.
#[derive(Debug)]
pub enum Broken {
    Interrupted,
    /// The client's log tells why.
    Client(Failure),
    /// It is not the transfer's fault: the monitor is gone, without which no trial counts.
    Unwatched(String),
    /// The client's log does not tell, or it was not the client.
    Other(String),
}

impl Broken {
    /// Of a client that ended with an error: what it says, else the signal that ended it.
    pub fn of_client(reaped: &Reaped, log: &str, host: &str) -> Broken {
        let failure = Failure::read(log, host);
        match reaped.status.signal() {
            Some(signal) if failure.kind == FailureKind::Other => {
                let name = signal_hook::low_level::signal_name(signal).unwrap_or("no name for it");
                Broken::Other(format!("the SSH client was ended by signal {signal} ({name})"))
            }
            _ => Broken::Client(failure),
        }
    }

    /// Where the client's log holds a reason of its own, that one is told.
    pub fn explained(self, log: &str, host: &str) -> Broken {
        match self {
            Broken::Client(_) => Broken::Client(Failure::read(log, host)),
            Broken::Other(reason) => {
                let failure = Failure::read(log, host);
                if failure.kind == FailureKind::Other {
                    Broken::Other(reason)
                } else {
                    Broken::Client(failure)
                }
            }
            Broken::Interrupted | Broken::Unwatched(_) => self,
        }
    }
}

impl From<ControlError> for Broken {
    fn from(error: ControlError) -> Broken {
        match error {
            ControlError::Interrupted => Broken::Interrupted,
            gone => Broken::Unwatched(gone.to_string()),
        }
    }
}

impl From<anyhow::Error> for Broken {
    fn from(error: anyhow::Error) -> Broken {
        match error.downcast::<ControlError>() {
            Ok(error) => error.into(),
            Err(error) => Broken::Other(format!("{error:#}")),
        }
    }
}

pub fn other(what: &'static str) -> impl Fn(io::Error) -> Broken {
    move |error| Broken::Other(format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_own_words_come_first() {
        let log = "Connection to 10.0.0.1 closed by remote host.\n";
        let told = |broken: Broken| match broken.explained(log, "pi1") {
            Broken::Client(failure) => failure.reason,
            other => format!("{other:?}"),
        };
        assert!(told(Broken::Other("no byte moved for 30 s".into())).contains("closed by remote"));
        assert_eq!(told(Broken::Unwatched("gone".into())), "Unwatched(\"gone\")");
        let silent = Broken::Other("no byte moved".into()).explained("", "pi1");
        assert!(matches!(silent, Broken::Other(reason) if reason == "no byte moved"));
    }

    #[test]
    fn a_control_that_is_gone_is_told_from_all_else() {
        let gone = || ControlError::Gone { host: "pi1".into(), reason: "reset".into() };
        let inside = anyhow::Error::from(gone()).context("the upload could not be counted");
        assert!(matches!(Broken::from(inside), Broken::Unwatched(_)));
        assert!(matches!(Broken::from(anyhow::anyhow!("disk full")), Broken::Other(_)));
        assert!(matches!(Broken::from(ControlError::Interrupted), Broken::Interrupted));
    }
}
