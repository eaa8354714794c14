//! The samples that a configuration's connection gives in a round, one per direction.

use crate::model::record::{Asked, Outcome, Phase, Sample};
use crate::model::{Configuration, Direction};
use crate::remote::target::Target;
use crate::remote::whole_host::{Remote, whole_host, within_busy};
use crate::survey::context::Context;
use crate::survey::slices::live::Live;
use crate::survey::slices::sizes::Sizes;
use crate::survey::slices::slice::Slice;
use crate::survey::slices::sum::{Of, Sum, sum};

/// What a sample is of, before it is measured.
#[derive(Clone, Copy)]
pub struct OfMember<'a> {
    pub round: u32,
    pub configuration: &'a Configuration,
    pub directions: &'a [Direction],
    /// Why there is no connection, and what to do about it.
    pub failed: Option<&'a (String, Option<String>)>,
    /// Seconds for which the connection is to be fed.
    pub feed_s: f64,
}

/// The samples of one configuration.
pub fn samples(
    context: &Context,
    sizes: &Sizes,
    of: &OfMember,
    live: Option<&mut Live>,
) -> Vec<Sample> {
    let target = &context.targets[of.configuration.pairing];
    let at_s = context.at_s();
    let blank = |direction| Sample { at_s, ..blank(of, direction) };
    let Some(live) = live else {
        let (reason, remedy) = of.failed.cloned().unwrap_or(("not measured".into(), None));
        let outcome = Outcome::Failed { reason, remedy };
        let failed = |&direction| Sample { outcome: outcome.clone(), ..blank(direction) };
        return of.directions.iter().map(failed).collect();
    };
    let with_key_exchange = live.with_key_exchange();
    let one = |&direction: &Direction| {
        let own: Vec<(Slice, bool)> = live
            .slices
            .iter()
            .cloned()
            .zip(with_key_exchange.iter().copied())
            .filter(|(slice, _)| slice.direction == direction)
            .collect();
        let (slices, with_keys): (Vec<Slice>, Vec<bool>) = own.into_iter().unzip();
        let setup_server = live.setup_server();
        let race = of.configuration.clone().toward(direction).race();
        let summed = sum(
            &slices,
            &with_keys,
            &Of {
                setup_client: live.connection.setup().client,
                setup_server,
                fine: live.is_fine(),
                fixed: sizes.fixed(race),
                ticks_per_s: target.local.ticks_per_s,
                remote_ticks_per_s: target.remote.ticks_per_s,
            },
        );
        let sample = Sample {
            connection: Some(live.number),
            negotiated: Some(live.negotiated.clone()),
            setup_s: Some(live.connection.setup().times.ready_s),
            backoff_s: live.backoff_s,
            sha256: slices.iter().find_map(|slice| slice.sha256.clone()),
            ..blank(direction)
        };
        match summed {
            Some(summed) => measured(sample, summed, target, slices.first()),
            None => Sample { outcome: nothing_counts(&slices, &with_keys), ..sample },
        }
    };
    of.directions.iter().map(one).collect()
}

fn measured(sample: Sample, summed: Sum, target: &Target, first: Option<&Slice>) -> Sample {
    let host = summed.remote_host.as_ref();
    let server = match summed.server {
        Some(spent) => within_busy(spent, host),
        None => whole_host(host, &Remote::of(target)),
    };
    let (server, server_missing) = match server {
        Ok(spent) => (Some(spent), None),
        Err(reason) => (None, Some(reason)),
    };
    Sample {
        outcome: Outcome::Measured,
        started: first.map_or(sample.started.clone(), |slice| slice.started.clone()),
        bytes: Some(summed.bytes),
        real_s: Some(summed.real_s),
        slices: Some(summed.slices),
        client: Some(summed.client),
        server,
        server_missing,
        wire: summed.wire,
        local_host: summed.local_host,
        remote_host: summed.remote_host,
        ..sample
    }
}

/// Why a sample has no slice that counts.
fn nothing_counts(slices: &[Slice], with_key_exchange: &[bool]) -> Outcome {
    let suspended = slices.iter().find_map(|slice| slice.suspended.clone());
    let reason = match suspended {
        Some(reason) => reason,
        None if with_key_exchange.contains(&true) => {
            "keys were exchanged again in each of its slices".into()
        }
        None => "the round ended before its first slice".into(),
    };
    Outcome::Failed { reason, remedy: None }
}

/// The record of a sample before it is measured.
fn blank(of: &OfMember, direction: Direction) -> Sample {
    let each_s = of.feed_s / of.directions.len().max(1) as f64;
    of.configuration.clone().toward(direction).sample(
        (Phase::Round, of.round),
        Asked::Seconds(each_s),
        jiff::Timestamp::now().to_string(),
    )
}
