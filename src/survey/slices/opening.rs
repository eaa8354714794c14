//! Opens the connection of a configuration, with retries where the server refuses for now.

use std::time::Instant;

use crate::model::Configuration;
use crate::survey::context::Context;
use crate::survey::ended::Stopped;
use crate::survey::events::Events;
use crate::survey::slices::failures::Reason;
use crate::survey::slices::live::{Live, Login};
use crate::transfer::error::TransferError;
use crate::transfer::pipe::PARTIAL;

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
        "{host} refuses more than {open} connection{plural} at once: the rest follow when these are closed"
    )
}

/// Says once how payload is read by a dd that may read less than it is asked for.
pub fn tell_of_dd(host: &str, told: &mut bool, live: &Live, events: &mut dyn Events) {
    let reads_short = live.connection.setup().way.as_deref() == Some(PARTIAL);
    if reads_short && !std::mem::replace(told, true) {
        events.say(&format!(
            "dd on {host} knows no iflag=fullblock: it is started again for what a short read leaves"
        ));
    }
}

/// Begins to open a connection.
pub fn begin(context: &mut Context, configuration: &Configuration) -> Result<Login, TransferError> {
    let number = context.next_number();
    let Context { targets, files, .. } = context;
    Login::begin(number, configuration, &mut targets[configuration.pairing], files)
}

/// Opens a connection. `login`: one that is under way for it. `refusals`: so many mean that it has to wait until others are closed; absent: it is tried
/// again while retries last.
pub fn open(
    context: &mut Context,
    configuration: &Configuration,
    mut login: Option<Login>,
    refusals: Option<usize>,
    events: &mut dyn Events,
) -> Result<Opening, Stopped> {
    let (mut tries, mut backoff_s) = (0, 0.0);
    let mut failed_s = 0.0;
    loop {
        Stopped::if_raised(&context.interrupt)?;
        context.ensure_control(configuration.pairing, events)?;
        let began = Instant::now();
        let ahead = login.is_some();
        let begun = match login.take() {
            Some(login) => Ok(login),
            None => begin(context, configuration),
        };
        let target = &mut context.targets[configuration.pairing];
        let again = match begun.and_then(|login| login.end(target, &context.interrupt)) {
            Ok(mut live) => {
                live.opened_s += failed_s + backoff_s;
                live.backoff_s = backoff_s;
                return Ok(Opening::Open(Box::new(live)));
            }
            // What fails after an interrupt fails because of it.
            Err(_) if context.interrupt.is_raised() => return Err(Stopped::Interrupted),
            Err(TransferError::Interrupted) => return Err(Stopped::Interrupted),
            // Something that befell a slice may have ended a login beside it: it has its turn yet.
            Err(TransferError::Client(failure)) if ahead && !failure.is_refusal() => continue,
            Err(TransferError::Other(_)) if ahead => continue,
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
        failed_s += began.elapsed().as_secs_f64();
        backoff_s += context.back_off(tries, &again, events)?;
        tries += 1;
    }
}
