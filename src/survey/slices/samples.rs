//! The samples that a configuration's connection gives in a round, one per direction.

use crate::model::record::{Asked, Outcome, Phase, Sample, Spent};
use crate::model::{Configuration, CpuTimes, Direction, Source, Waits};
use crate::remote::target::Target;
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
    let (server, server_missing) = match server_cpu(&summed, target) {
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

/// The CPU of the server's processes, else what the whole host has spent beyond its idle load, or why there
/// is none.
fn server_cpu(summed: &Sum, target: &Target) -> Result<Spent, String> {
    let host = summed.remote_host.as_ref();
    if let Some(spent) = summed.server {
        // The kernel samples the host's counters by clock ticks: a fifth and 0.1 s are allowed for that.
        return match host {
            Some(host) if spent.bulk.total_s > 1.2 * host.busy_s() + 0.1 => Err(format!(
                "the source \"{}\" shows {:.2} s, but the whole host was busy for only {:.2} s",
                spent.source,
                spent.bulk.total_s,
                host.busy_s()
            )),
            _ => Ok(spent),
        };
    }
    if target.spec.server.loopback {
        return Err("the server's processes can't be read, and both ends share the counters of \
                    this host"
            .into());
    }
    if !target.has_shell() {
        return Err("the account allows SFTP alone, and SFTP shows no counters".into());
    }
    let host = host.ok_or("the remote host shows no counters (it has no /proc)")?;
    let tick = 1.0 / f64::from(target.remote.ticks_per_s.max(1));
    let idle_s = target.idle_busy * host.real_s;
    let resolution_s = (0.1 * idle_s).max(4.0 * tick);
    Ok(Spent {
        source: Source::Host,
        resolution_s,
        split_resolution_s: resolution_s,
        bulk: CpuTimes {
            user_s: host.user_s,
            system_s: host.system_s + host.softirq_s,
            total_s: (host.busy_s() - idle_s).max(0.0),
        },
        real_s: Some(host.real_s),
        setup: None,
        helpers: None,
        with_helpers: true,
        waits: Waits::default(),
    })
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
