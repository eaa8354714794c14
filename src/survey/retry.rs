//! When a sample is tried again: after a server refused connections, a link was down, or the control
//! connection was lost.

use crate::local::interrupt::Interrupt;
use crate::remote::control::error::ControlError;
use crate::remote::target::Target;
use crate::ssh::FailureKind;
use crate::survey::ended::Stopped;

/// Seconds to wait before each retry: together longer than any PerSourcePenalty of a single offence and
/// than the window of a firewall's rate limit.
pub const BACKOFF_S: [u64; 7] = [2, 5, 10, 20, 40, 60, 60];

/// Opens the control connection again where it has ended. Returns the reason where that fails for now and
/// a retry may help: the first connection has shown that the name is right and the link was up.
pub fn reconnect(target: &mut Target, interrupt: &Interrupt) -> Result<Option<String>, Stopped> {
    let Err(error) = target.ensure_control(interrupt) else { return Ok(None) };
    match error.downcast_ref::<ControlError>() {
        Some(ControlError::Interrupted) => Err(Stopped::Interrupted),
        Some(ControlError::Connect(failure, _)) if may_pass(failure.kind) => {
            Ok(Some(failure.reason.clone()))
        }
        Some(
            ControlError::Ended { .. }
            | ControlError::NoAnswer { .. }
            | ControlError::LoginHangs { .. },
        ) => Ok(Some(error.to_string())),
        _ => Err(Stopped::Lost(format!("{error:#}"))),
    }
}

/// Where somebody has removed the survey's directory, ends the control connection: the next one creates
/// it again.
pub fn check_directory(target: &mut Target) -> anyhow::Result<()> {
    if target.holds_directory()? {
        return Ok(());
    }
    target.control.end();
    let reason = format!("{} was removed or changed", target.directory.shown());
    Err(ControlError::Ended { host: target.host(), reason }.into())
}

fn may_pass(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Refused
            | FailureKind::Dropped
            | FailureKind::Unreachable
            | FailureKind::UnknownHost
            | FailureKind::Broken
    )
}
