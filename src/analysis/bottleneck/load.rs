//! What each end did while bytes flowed: the figures by which a bottleneck is named.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::end::End;
use crate::analysis::samples::series::{costs_s, steady_rate};
use crate::analysis::samples::startup::Startups;
use crate::model::Method;
use crate::model::record::{HostDelta, Outcome, Pairing, Sample, Spent};
use crate::stats::statistics::{median, quotient};

/// What one end did during the transfer, as shares of its real time; medians over the samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize)]
pub struct Load {
    /// CPU of the SSH process while bytes flow, of one core.
    pub busy: Option<f64>,
    /// Waiting for a CPU (runnable, not running), less the time throttled by a quota.
    pub delayed: Option<f64>,
    /// Throttled by a quota.
    pub throttled: Option<f64>,
    /// CPU of sftp-server and the like, of one core.
    pub helpers: Option<f64>,
    /// CPU of the whole host, of all its cores.
    pub host_busy: Option<f64>,
    /// What of it other work has: neither the SSH process and its helpers nor the kernel's interrupts (softirq).
    pub other_work: Option<f64>,
    /// Time stolen by other virtual machines, of one core.
    pub stolen: Option<f64>,
    /// Idle while waiting for a disk (iowait), of one core.
    pub disk_wait: Option<f64>,
    /// The disk of the directory busy.
    pub disk_busy: Option<f64>,
}

/// A clock of CPU time whose resolution is a larger share of a transfer tells no share of it.
const COARSE: f64 = 0.1;

/// The loads of the client and of the server.
pub fn loads(samples: &[&Sample], pairing: &Pairing, startups: &Startups) -> (Load, Load) {
    let measured: Vec<&Sample> =
        samples.iter().copied().filter(|sample| sample.outcome == Outcome::Measured).collect();
    let of = |end| load(end, &measured, pairing, startups);
    (of(End::Client), of(End::Server))
}

fn load(end: End, samples: &[&Sample], pairing: &Pairing, startups: &Startups) -> Load {
    let cores = match end {
        End::Client => pairing.client.host.cores,
        End::Server => pairing.server.host.cores,
    };
    let spent_of = |sample: &Sample| if end == End::Client { sample.client } else { sample.server };
    // While bytes flow: CPU per byte times bytes per second. Or of the whole transfer, if that is
    // more: start-up is mostly waiting, but a rate that falls later lowers the first figure.
    let busy = samples.iter().filter_map(|sample| {
        let (client_s, server_s) = costs_s(sample, startups);
        let cpu_s = if end == End::Client { client_s } else { server_s };
        let bytes = sample.bytes.filter(|&bytes| bytes > 0)? as f64;
        let flowing = cpu_s? / bytes * steady_rate(sample, startups)?;
        let spent = spent_of(sample)?;
        let fine = sample.real_s.is_some_and(|real_s| spent.resolution_s <= COARSE * real_s);
        let whole = spent.real_s.or(sample.real_s).and_then(|s| quotient(spent.bulk.total_s, s));
        fine.then(|| whole.map_or(flowing, |whole| whole.max(flowing)))
    });
    let busy = median(&busy.collect::<Vec<_>>());
    // Start-up and rate are not known exactly, but one process uses at most one core. The clients of
    // sftp and scp are two processes.
    let alone = end == End::Server || samples.iter().all(|sample| sample.method == Method::Pipe);
    let of_process = |share: &dyn Fn(&Spent) -> Option<f64>| {
        let shares = samples.iter().filter_map(|sample| {
            let spent = spent_of(sample)?;
            let real_s = spent.real_s.or(sample.real_s).filter(|&real_s| real_s > 0.0)?;
            Some(share(&spent)? / real_s)
        });
        median(&shares.collect::<Vec<_>>())
    };
    let of_host = |share: &dyn Fn(&HostDelta) -> Option<f64>| {
        let shares = samples.iter().filter_map(|sample| {
            let delta = match end {
                End::Client => sample.local_host.as_ref(),
                End::Server => sample.remote_host.as_ref(),
            };
            let delta = delta.filter(|delta| delta.real_s > 0.0)?;
            Some(share(delta)? / delta.real_s)
        });
        median(&shares.collect::<Vec<_>>())
    };
    let throttled = of_process(&|spent| spent.waits.throttled_s);
    let quota = throttled.unwrap_or(0.0);
    // Where both ends share one machine its counters belong to neither.
    let cores = cores.filter(|_| !pairing.loopback).map(|cores| f64::from(cores.max(1)));
    let busy = busy.map(|busy| if alone { busy.min(1.0) } else { busy });
    let helpers = of_process(&|spent| Some(spent.helpers?.total_s));
    let host_busy = of_host(&|delta| Some(delta.busy_s() / cores?));
    let interrupts = of_host(&|delta| Some(delta.softirq_s / cores?));
    let other_work = || {
        let own = (busy? + helpers.unwrap_or(0.0)) / cores?;
        Some((host_busy? - interrupts? - own).max(0.0))
    };
    Load {
        busy,
        delayed: of_process(&|spent| spent.waits.run_delay_s).map(|all| (all - quota).max(0.0)),
        throttled,
        helpers,
        host_busy,
        other_work: other_work(),
        stolen: of_host(&|delta| Some(delta.steal_s)),
        disk_wait: of_host(&|delta| Some(delta.iowait_s)),
        disk_busy: of_host(&|delta| Some(delta.disk.as_ref()?.busy_s)),
    }
}
