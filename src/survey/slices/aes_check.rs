//! Whether AES is disabled where it should be: the costs of ciphers show it, before the first round.

use crate::analysis::warnings::aes::{CHACHA, GCM};
use crate::model::record::{Outcome, Record};
use crate::model::{Cipher, Configuration, Direction, Method};
use crate::survey::context::Context;
use crate::survey::ended::Stopped;
use crate::survey::ended::{Ended, Recorder, record};
use crate::survey::events::Events;
use crate::survey::slices::feed::Feeding;
use crate::survey::slices::live::{CLOSE_TIME, Live, sums};
use crate::survey::slices::opening::{Opening, open};
use crate::survey::slices::state::SliceState;
use crate::transfer::error::TransferError;

/// How often it is measured where it does not look like it: other work can spoil a measurement.
const TRIES: usize = 3;
/// Slices per cipher that tell its cost.
const SLICES: usize = 3;

/// Checks a target, and keeps the doubt with it, where there is one.
pub fn check(
    context: &mut Context,
    state: &mut SliceState,
    pairing: usize,
    recorder: &mut Recorder,
    events: &mut dyn Events,
) -> Result<(), Ended> {
    let spec = &context.targets[pairing].spec;
    let (client, server) =
        (spec.setting.aes_disabled_by.is_some(), spec.server.aes_disabled_by.is_some());
    if !client && !server {
        return Ok(());
    }
    // A few slices tell a cost, whatever the survey's are.
    let whole = state.whole.take();
    let mut doubt = None;
    for _ in 0..TRIES {
        let mut costs = Vec::new();
        for name in [GCM, CHACHA] {
            costs.push(cost(context, state, pairing, name, recorder, events)?);
        }
        doubt = aes_doubt(&costs, client, server);
        if doubt.is_none() {
            break;
        }
    }
    state.whole = whole;
    if let Some(doubt) = &doubt {
        events.say(&format!("warning: {doubt}"));
    }
    context.targets[pairing].aes_doubt = doubt;
    Ok(())
}

/// CPU-seconds per GB of a cipher at the client and at the server, or why it can't be measured.
type Cost = Result<(f64, f64), String>;

/// Measures the cost of a cipher.
fn cost(
    context: &mut Context,
    state: &mut SliceState,
    pairing: usize,
    cipher: &str,
    recorder: &mut Recorder,
    events: &mut dyn Events,
) -> Result<Cost, Ended> {
    let shell = context.targets[pairing].has_shell();
    let method = if shell { Method::Pipe } else { Method::Sftp };
    let configuration = Configuration { pairing, method, cipher: Cipher::from(cipher), mac: None };
    let mut live = match open(context, &configuration, None, None, events)? {
        Opening::Open(live) => *live,
        Opening::Failed((reason, _)) => return Ok(Err(reason)),
        Opening::NoMoreAtOnce => return Ok(Err("the server refuses a connection".into())),
    };
    let entry = configuration.toward(Direction::Upload);
    let fed = context.transferring(|context| {
        state.with(context, pairing, |feeding| fed(feeding, &mut live, &entry))
    });
    let ticks_per_s = context.targets[pairing].remote.ticks_per_s;
    let cost = sums(live.slices.iter()).first().and_then(|sum| {
        let gb = sum.bytes as f64 / 1e9;
        Some((sum.client_s? / gb, sum.server_s? / gb))
    });
    // Its slices are no sample's.
    live.start_up.append(&mut live.slices);
    let (outcome, cost) = match fed {
        Ok(()) => (Outcome::Measured, cost.ok_or("the server's CPU can't be read".to_owned())),
        Err(error) => {
            let reason = error.reason();
            (Outcome::Failed { reason: reason.clone(), remedy: None }, Err(reason))
        }
    };
    let line = live.close(0, outcome, ticks_per_s, CLOSE_TIME);
    record(recorder, Record::Connection(Box::new(line)))?;
    Stopped::if_raised(&context.interrupt)?;
    Ok(cost)
}

fn fed(
    feeding: &mut Feeding,
    live: &mut Live,
    entry: &crate::model::Entry,
) -> Result<(), TransferError> {
    feeding.calibrate(live, entry)?;
    for _ in 0..SLICES {
        let slice = feeding.slice(live, entry)?;
        live.slices.push(slice);
    }
    Ok(())
}

/// Why AES does not count as disabled where it should be, by the costs of [`GCM`] and [`CHACHA`] at client
/// and server: without AES instructions AES costs more than ChaCha20.
fn aes_doubt(costs: &[Cost], client: bool, server: bool) -> Option<String> {
    let (aes, chacha) = match costs {
        [Ok(aes), Ok(chacha)] => (aes, chacha),
        [Err(reason), ..] | [_, Err(reason), ..] => {
            return Some(format!("whether AES is disabled can't be checked: {reason}"));
        }
        _ => return None,
    };
    [("client", client, aes.0, chacha.0), ("server", server, aes.1, chacha.1)]
        .into_iter()
        .find(|(_, disabled, aes, chacha)| *disabled && aes <= chacha)
        .map(|(end, _, aes, chacha)| {
            format!(
                "AES should be disabled at the {end} and is not: {GCM} costs it {aes:.2} CPU-s per GB, \
                 no more than {CHACHA} with {chacha:.2}"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aes_that_costs_no_more_than_chacha_is_not_disabled() {
        let costs = [Ok((1.0, 0.4)), Ok((0.9, 0.9))];
        assert_eq!(aes_doubt(&costs, true, false), None);
        assert!(aes_doubt(&costs, true, true).unwrap().contains("at the server and is not"));
        let failed = [costs[0].clone(), Err("the connection was closed".into())];
        let doubt = aes_doubt(&failed, true, false).unwrap();
        assert_eq!(doubt, "whether AES is disabled can't be checked: the connection was closed");
    }
}
