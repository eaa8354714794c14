//! Why a transfer failed.

use std::io;
use std::os::unix::process::ExitStatusExt;

use crate::local::child::Reaped;
use crate::remote::control::error::ControlError;
use crate::ssh::{Failure, FailureKind};

/// Why a transfer failed.
#[derive(Debug)]
pub enum TransferError {
    Interrupted,
    /// The client failed, and its log tells why.
    Client(Failure),
    /// The control connection is lost, without which no sample counts. The transfer may have been fine.
    ControlLost(String),
    /// Something else, or the client's log does not tell.
    Other(String),
}

impl TransferError {
    /// In words.
    pub fn reason(self) -> String {
        match self {
            TransferError::Interrupted => "it was interrupted".into(),
            TransferError::Client(failure) => failure.reason,
            TransferError::ControlLost(reason) | TransferError::Other(reason) => reason,
        }
    }

    /// Why a client ended with an error: what its log says, else the signal that ended it.
    pub fn of_client(reaped: &Reaped, log: &str, host: &str) -> TransferError {
        let failure = Failure::read(log, host);
        match reaped.status.signal() {
            Some(signal) if failure.kind == FailureKind::Other => {
                let name = signal_hook::low_level::signal_name(signal).unwrap_or("unknown");
                TransferError::Other(format!(
                    "the SSH client was killed by signal {signal} ({name})"
                ))
            }
            _ => TransferError::Client(failure),
        }
    }

    /// Prefers the reason in the client's log, where it has one.
    pub fn explained(self, log: &str, host: &str) -> TransferError {
        match self {
            TransferError::Client(_) => TransferError::Client(Failure::read(log, host)),
            TransferError::Other(reason) => {
                let failure = Failure::read(log, host);
                if failure.kind == FailureKind::Other {
                    TransferError::Other(reason)
                } else {
                    TransferError::Client(failure)
                }
            }
            TransferError::Interrupted | TransferError::ControlLost(_) => self,
        }
    }
}

impl From<ControlError> for TransferError {
    fn from(error: ControlError) -> TransferError {
        match error {
            ControlError::Interrupted => TransferError::Interrupted,
            lost => TransferError::ControlLost(lost.to_string()),
        }
    }
}

impl From<anyhow::Error> for TransferError {
    fn from(error: anyhow::Error) -> TransferError {
        match error.downcast::<ControlError>() {
            Ok(error) => error.into(),
            Err(error) => TransferError::Other(format!("{error:#}")),
        }
    }
}

/// Names the step at which an I/O error came.
pub fn failed(what: &'static str) -> impl Fn(io::Error) -> TransferError {
    move |error| TransferError::Other(format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_in_the_clients_log_is_preferred() {
        let log = "Connection to 10.0.0.1 closed by remote host.\n";
        let reason = |error: TransferError| match error.explained(log, "pi1") {
            TransferError::Client(failure) => failure.reason,
            other => format!("{other:?}"),
        };
        assert!(
            reason(TransferError::Other("no byte moved for 30 s".into()))
                .contains("closed by remote")
        );
        assert_eq!(reason(TransferError::ControlLost("gone".into())), "ControlLost(\"gone\")");
        let silent = TransferError::Other("no byte moved".into()).explained("", "pi1");
        assert!(matches!(silent, TransferError::Other(reason) if reason == "no byte moved"));
    }

    #[test]
    fn a_lost_control_connection_is_distinguished_from_other_errors() {
        let lost = || ControlError::Ended { host: "pi1".into(), reason: "reset".into() };
        let inside = anyhow::Error::from(lost()).context("the upload could not be counted");
        assert!(matches!(TransferError::from(inside), TransferError::ControlLost(_)));
        assert!(matches!(
            TransferError::from(anyhow::anyhow!("disk full")),
            TransferError::Other(_)
        ));
        assert!(matches!(
            TransferError::from(ControlError::Interrupted),
            TransferError::Interrupted
        ));
    }
}
