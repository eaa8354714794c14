//! Opens the connection of a configuration, with retries where the server refuses for now.

use std::time::Instant;

use crate::model::Configuration;
use crate::survey::context::Context;
use crate::survey::ended::Stopped;
use crate::survey::events::Events;
use crate::survey::slices::failures::Reason;
use crate::survey::slices::live::Live;
use crate::transfer::error::TransferError;

/// What came of it.
pub enum Opening {
    Open(Box<Live>),
    /// The server refuses while others are open.
    NoMoreAtOnce,
    Failed(Reason),
}

/// What is said where a server refuses more than so many connections.
pub fn no_more_at_once(host: &str, open: usize) -> String {
    let plural = if open == 1 { "" } else { "s" };
    format!(
        "{host} refuses more than {open} connection{plural} at once: the rest are opened in turn"
    )
}

/// Opens a connection. `refusals`: so many mean that it has to wait until others are closed; absent: it is tried
/// again while retries last.
pub fn open(
    context: &mut Context,
    configuration: &Configuration,
    refusals: Option<usize>,
    events: &mut dyn Events,
) -> Result<Opening, Stopped> {
    let began = Instant::now();
    let (mut tries, mut backoff_s) = (0, 0.0);
    loop {
        Stopped::if_raised(&context.interrupt)?;
        context.ensure_control(configuration.pairing, events)?;
        let number = context.next_number();
        let target = &mut context.targets[configuration.pairing];
        let opened = Live::open(number, configuration, target, &context.files, &context.interrupt);
        let again = match opened {
            Ok(mut live) => {
                live.opened_s = began.elapsed().as_secs_f64();
                live.backoff_s = backoff_s;
                return Ok(Opening::Open(Box::new(live)));
            }
            // What fails after an interrupt fails because of it.
            Err(_) if context.interrupt.is_raised() => return Err(Stopped::Interrupted),
            Err(TransferError::Interrupted) => return Err(Stopped::Interrupted),
            Err(TransferError::ControlLost(reason)) => reason,
            Err(TransferError::Client(failure)) if failure.is_refusal() => {
                if refusals.is_some_and(|most| tries + 1 >= most) {
                    return Ok(Opening::NoMoreAtOnce);
                }
                failure.reason
            }
            Err(TransferError::Client(failure)) => {
                return Ok(Opening::Failed((failure.reason, failure.remedy)));
            }
            Err(TransferError::Other(reason)) => return Ok(Opening::Failed((reason, None))),
        };
        backoff_s += context.back_off(tries, &again, events)?;
        tries += 1;
    }
}
