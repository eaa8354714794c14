//! CPU of both ends against the kernel's own account of the same processes, connection by connection.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cipher_survey::model::record::{Connection, ConnectionCpu, Outcome, Sample, SliceSum, Spent};
use cipher_survey::model::survey::Survey;
use serde::{Deserialize, Serialize};

use crate::Report;
use crate::bed::{ALL, Bed, Combination, begun};
use crate::evidence::{self, error_percent, middle};
use crate::series::{self, Series, is_few};
use crate::testbed::cgroup::{Samples, sampled};
use crate::testbed::{CHACHA, GCM};

/// Connections that spend less are not judged.
const LEAST_S: f64 = 0.3;
const ROUNDS: u32 = 4;
const METHODS: [&str; 3] = ["pipe", "sftp", "scp"];
/// One at a time, so that one connection is open at a time.
const CIPHERS: [&str; 2] = [GCM, CHACHA];
const FILE: u64 = 256 << 20;
/// By how much slices may exceed their connection's total: clocks of different resolution.
const BEYOND: f64 = 0.01;

/// The kernel's account of one connection.
#[derive(Serialize, Deserialize)]
struct Truth {
    /// Which of the surveys that are kept, from 0, and the number of the connection there.
    survey: usize,
    number: u32,
    client_s: f64,
    server_s: f64,
}

pub fn measure(directory: &Path) {
    evidence::begin(directory);
    for combination in &ALL {
        let bed = Bed::new(combination, FILE);
        let (mut series, mut truths, mut survey) = (Series::default(), Vec::new(), 0);
        for method in METHODS {
            for cipher in CIPHERS {
                let what = format!("{} {method} {cipher}", combination.name);
                if let Some(found) = survey_of(&bed, &what, method, cipher, &mut series) {
                    truths.extend(found.into_iter().map(|truth| Truth { survey, ..truth }));
                    survey += 1;
                }
            }
        }
        series.keep(directory, combination.name);
        evidence::keep_figures(&combination.file(directory, "cgroup"), &truths);
    }
}

/// A survey of one cipher by one method; what its connections have spent. Absent: it has failed.
fn survey_of(
    bed: &Bed,
    what: &str,
    method: &str,
    cipher: &str,
    series: &mut Series,
) -> Option<Vec<Truth>> {
    let (journal, mut program) = (bed.testbed.path("journal"), bed.testbed.program());
    let path = std::env::var("PATH").unwrap();
    program.env("PATH", format!("{}:{path}", bed.testbed.path("bin").display()));
    let rounds = if is_few() { 2 } else { ROUNDS }.to_string();
    program.args(["--method", method, "--ciphers", cipher, "--rounds", &rounds, "-q"]);
    program.arg("--journal").arg(&journal).arg("--ssh-config");
    program.arg(bed.testbed.path("ssh_config")).arg(bed.testbed.target()).arg(&bed.file);
    let _ = fs::remove_file(begun(&bed.testbed));
    let groups = [&bed.clients, bed.testbed.cgroup.as_ref().unwrap()];
    let stop = AtomicBool::new(false);
    let (text, samples) = std::thread::scope(|scope| {
        scope.spawn(|| bed.keep_control_apart(&stop));
        let mut run = || series.add(what, &mut program, &journal).map(<[u8]>::to_vec);
        let found = sampled(&groups, || {
            let text = run();
            // Until the last server process has gone.
            std::thread::sleep(Duration::from_millis(300));
            text
        });
        stop.store(true, Ordering::Relaxed);
        found
    });
    Some(truths(&Survey::read(&text?).unwrap(), &samples))
}

/// For the ends of a run of a program to go.
const TAIL_S: f64 = 0.05;

/// What the groups have spent from the start of each connection until the start of the next one; of a run of a
/// program until its end, since files may be staged by others after it.
fn truths(survey: &Survey, samples: &Samples) -> Vec<Truth> {
    let start = |connection: &Connection| {
        let started: jiff::Timestamp = connection.started.parse().unwrap();
        started.as_nanosecond() as f64 / 1e9
    };
    let ran_s = |number: u32| {
        let own = |sample: &&Sample| sample.connection == Some(number) && sample.slices.is_none();
        let sample = survey.samples.iter().find(own)?;
        Some(sample.setup_s? + sample.real_s? + TAIL_S)
    };
    let mut starts: Vec<(f64, u32)> =
        survey.connections.iter().map(|one| (start(one), one.number)).collect();
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let next = starts.iter().skip(1).map(|(start, _)| *start).chain([samples.end()]);
    let of = |(&(begin, number), next): (&(f64, u32), f64)| {
        let end = ran_s(number).map_or(next, |seconds| next.min(begin + seconds));
        let grown = |group: usize| samples.at(group, end) - samples.at(group, begin);
        Truth { survey: 0, number, client_s: grown(0), server_s: grown(1) }
    };
    starts.iter().zip(next).map(of).collect()
}

pub fn report(directory: &Path) -> Report {
    let mut text = format!(
        "# CPU against the kernel's own account\n\n\
         Surveys of one cipher each ({}), both ways, {ROUNDS} rounds, so that one connection is open \
         at a time. All CPU of a connection, setup included, as its line in the journal has it, against the control \
         groups (cpuacct) of the client programs and of the server's processes: what they grow by from its start \
         until the next one's (with scp until its end). Kept out of the groups: the control connection (its client does not join; its \
         server processes are moved out as soon as they are there), and the server's helpers (a ForceCommand \
         moves them out first; their shell reads no .bashrc). So the server's group holds the listener and \
         the connection's own processes. Connections of {LEAST_S} CPU-s and more. Bounds: the median of the \
         errors 3 %, none above 10 %; the slices of no connection exceed its total.\n\n\
         | server and account | method | end | connections | source | median error | largest |\n\
         | --- | --- | --- | ---: | --- | ---: | ---: |\n",
        CIPHERS.join(", ")
    );
    let (mut all, mut missed, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for combination in &ALL {
        let (accounts, failed) = accounts(directory, combination);
        missed.extend(failed.iter().map(|why| format!("{}: {why}", combination.name)));
        for same in accounts.chunk_by(|a, b| a.what() == b.what()) {
            let fair: Vec<f64> = same
                .iter()
                .filter(|one| one.truth_s >= LEAST_S)
                .map(|one| one.error_percent())
                .collect();
            let Some(largest) = fair.iter().copied().reduce(f64::max) else { continue };
            let what = format!("{} | {}", combination.name, same[0].what());
            let source = format!("{:?}", same[0].cpu.source).to_lowercase();
            let (many, middle) = (fair.len(), middle(&fair));
            text += &format!("| {what} | {many} | {source} | {middle:.1} % | {largest:.1} % |\n");
            if largest > 10.0 {
                missed.push(format!("{}: {largest:.1} %", what.replace(" |", "")));
            }
            all.extend(fair);
        }
        for one in &accounts {
            let share = one.parts_s / one.cpu.times.total_s;
            shares.push(share);
            if one.parts_s > one.cpu.times.total_s * (1.0 + BEYOND) + one.cpu.resolution_s {
                let percent = 100.0 * share;
                let what = one.what().replace(" |", "");
                missed.push(format!("{} {what}: {percent:.1} % in parts", combination.name));
            }
        }
    }
    text += &judged(&all, &shares, &mut missed);
    Report { text, missed }
}

/// The last sentences, by all errors and all shares that parts have of their connection's total.
fn judged(all: &[f64], shares: &[f64], missed: &mut Vec<String>) -> String {
    if all.len() < 40 {
        missed.push(format!("only {} accounts of {LEAST_S} CPU-s and more", all.len()));
    }
    if all.is_empty() {
        return String::new();
    }
    let median = middle(all);
    if median > 3.0 {
        missed.push(format!("the median of the errors is {median:.1} %"));
    }
    format!(
        "\nThe median of the errors of all {} accounts is {median:.1} %. Setup and slices of a connection sum up \
         to {:.1} % of its total (median), {:.1} % at most.\n",
        all.len(),
        100.0 * middle(shares),
        100.0 * shares.iter().copied().fold(0.0, f64::max)
    )
}

/// One end's figure of one connection, and the account of its group.
struct Account {
    method: String,
    end: &'static str,
    cpu: ConnectionCpu,
    /// Setup and all slices, or the sample, that it consists of.
    parts_s: f64,
    truth_s: f64,
}

impl Account {
    fn what(&self) -> String {
        format!("{} | {}", self.method, self.end)
    }

    fn error_percent(&self) -> f64 {
        error_percent(self.cpu.times.total_s / self.truth_s)
    }
}

/// Those of all connections, alike ones together; and why surveys have failed.
fn accounts(directory: &Path, combination: &Combination) -> (Vec<Account>, Vec<String>) {
    let (kept, failed) = series::kept(directory, combination.name);
    let truths: Vec<Truth> = evidence::figures(&combination.file(directory, "cgroup"));
    let mut accounts = Vec::new();
    for truth in &truths {
        let survey = &kept[truth.survey].survey;
        let connections = survey.connections.iter();
        let measured = |one: &&Connection| one.outcome == Outcome::Measured;
        let own = |one: &&Connection| one.number == truth.number;
        let Some(connection) = connections.filter(measured).find(own) else { continue };
        let client = End {
            name: "client",
            cpu: connection.client,
            of_sample: |sample| sample.client,
            of_slices: |sum| sum.client_s,
        };
        let server = End {
            name: "server",
            cpu: connection.server,
            of_sample: |sample| sample.server,
            of_slices: |sum| sum.server_s,
        };
        for (end, truth_s) in [(client, truth.client_s), (server, truth.server_s)] {
            accounts.extend(end.account(survey, connection, truth_s));
        }
    }
    accounts.sort_by_key(Account::what);
    (accounts, failed)
}

/// Where one end's figures are.
struct End {
    name: &'static str,
    cpu: Option<ConnectionCpu>,
    of_sample: fn(&Sample) -> Option<Spent>,
    of_slices: fn(&SliceSum) -> Option<f64>,
}

impl End {
    fn account(&self, survey: &Survey, connection: &Connection, truth_s: f64) -> Option<Account> {
        let cpu = self.cpu?;
        let samples = survey.samples.iter();
        let own = samples.filter(|sample| sample.connection == Some(connection.number));
        let slices = connection.start_up.iter().chain(&connection.key_exchanges);
        let parts_s = cpu.setup.unwrap_or_default().total_s
            + own.filter_map(self.of_sample).map(|spent| spent.bulk.total_s).sum::<f64>()
            + slices.filter_map(self.of_slices).sum::<f64>();
        let method = connection.method.to_string();
        Some(Account { method, end: self.name, cpu, parts_s, truth_s })
    }
}
