//! CPU of both ends against the kernel's own account of the same processes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cipher_survey::model::record::{Outcome, Phase, Sample, Spent};
use cipher_survey::model::survey::Survey;
use cipher_survey::model::{Direction, Method, Source};
use serde::{Deserialize, Serialize};

use crate::Report;
use crate::evidence::{self, error_percent, middle};
use crate::testbed::cgroup::{Cgroup, sampled};
use crate::testbed::hosts::{Host, OPENSSH_10};
use crate::testbed::{CHACHA, GCM, Options, Run, Testbed};

/// Samples that spend less are not judged.
const LEAST_S: f64 = 0.5;
/// Nor those whose accounts are known to no better than this.
const MOST_GAP_S: f64 = 0.02;
/// Of a file that takes more than that with the cheapest cipher.
const FILE: u64 = 500 << 20;

/// Who serves whom.
struct Combination {
    name: &'static str,
    ordinary: bool,
    new: bool,
}

const ALL: [Combination; 4] = [
    Combination { name: "openssh-9.2-root", ordinary: false, new: false },
    Combination { name: "openssh-9.2-ordinary", ordinary: true, new: false },
    Combination { name: "openssh-10.0-root", ordinary: false, new: true },
    Combination { name: "openssh-10.0-ordinary", ordinary: true, new: true },
];

/// The kernel's account of one sample's bulk.
#[derive(Serialize, Deserialize)]
struct Truth {
    /// Tells the sample.
    started: String,
    client_s: f64,
    server_s: f64,
    /// How long nobody looked at the accounts around the bulk's begin or end.
    gap_s: f64,
}

fn files(directory: &Path, combination: &Combination) -> [PathBuf; 2] {
    ["", "-cgroup"].map(|what| directory.join(format!("{}{what}.jsonl.gz", combination.name)))
}

pub fn measure(directory: &Path) {
    evidence::begin(directory);
    for combination in &ALL {
        let (journal, truths) = survey(combination);
        let [kept_journal, kept_truths] = files(directory, combination);
        evidence::keep_journals(&kept_journal, &[journal]);
        evidence::keep_figures(&kept_truths, &truths);
    }
}

fn survey(combination: &Combination) -> (Vec<u8>, Vec<Truth>) {
    let host = if combination.new { Host::openssh_10() } else { Host::default() };
    let server = if combination.new { Host::openssh_10_config() } else { String::new() };
    let testbed = Testbed::with(Options {
        ordinary: combination.ordinary,
        cgroup: true,
        host,
        server: &server,
        ..Options::default()
    });
    // The client programs join a group of their own.
    let clients = Cgroup::empty("client");
    let bin = testbed.path("bin");
    fs::create_dir(&bin).unwrap();
    for name in ["ssh", "scp"] {
        let program = match combination.new {
            true => OPENSSH_10.wrapped(name).display().to_string(),
            false => format!("/usr/bin/{name}"),
        };
        let script = format!(
            "#!/bin/sh\necho $$ > {}\nexec {program} \"$@\"\n",
            clients.processes().display()
        );
        fs::write(bin.join(name), script).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let file = testbed.file("data", FILE);
    let journal = testbed.path("journal");
    let mut program = testbed.program();
    let path = std::env::var("PATH").unwrap();
    program.env("PATH", format!("{}:{path}", bin.display()));
    let ciphers = [GCM, CHACHA, "aes128-ctr"].join(",");
    program.args(["--method", "scp,pipe", "--rounds", "2", "--full", "-q", "--ciphers", &ciphers]);
    program.arg("--journal").arg(&journal).arg("--ssh-config").arg(testbed.path("ssh_config"));
    program.arg(testbed.target()).arg(&file);
    let groups = [&clients, testbed.cgroup.as_ref().unwrap()];
    let (output, samples) = sampled(&groups, || program.output().unwrap());
    let run = Run::of(output);
    assert_eq!(run.code, Some(0), "{run:?}\n{}", testbed.server_log());
    let text = fs::read(&journal).unwrap();
    let survey = Survey::read(&text).unwrap();
    let truths = judged(&survey).map(|sample| {
        let started: jiff::Timestamp = sample.started.parse().unwrap();
        let begin = started.as_nanosecond() as f64 / 1e9 + sample.setup_s.unwrap();
        let end = begin + sample.real_s.unwrap();
        // What a client does at its very end, after the last byte, is in its account by wait4.
        let grown = |k: usize, more: f64| samples.at(k, end + more) - samples.at(k, begin);
        Truth {
            started: sample.started.clone(),
            client_s: grown(0, 0.03),
            server_s: grown(1, 0.0),
            gap_s: samples.gap_s(begin).max(samples.gap_s(end)).max(samples.gap_s(end + 0.03)),
        }
    });
    let truths = truths.collect();
    (text, truths)
}

fn judged(survey: &Survey) -> impl Iterator<Item = &Sample> {
    let samples = survey.samples.iter();
    samples.filter(|sample| sample.phase == Phase::Round && sample.outcome == Outcome::Measured)
}

pub fn report(directory: &Path) -> Report {
    let mut text = format!(
        "# CPU against the kernel's own account\n\n\
         Clients and servers in a control group each, their accounts sampled while whole files of \
         {} MiB move both ways by scp and pipe; samples of {LEAST_S} CPU-s and more, those left out \
         around whose begin or end nobody looked for over {} ms. The server's figures hold its \
         helpers, as its group does. Bounds: the median of the errors 3 %, none above 10 %.\n\n\
         | server and account | method | direction | end | samples | source | median error | largest |\n\
         | --- | --- | --- | --- | ---: | --- | ---: | ---: |\n",
        FILE >> 20,
        MOST_GAP_S * 1e3
    );
    let (mut all, mut unknown, mut missed) = (Vec::new(), 0, Vec::new());
    for combination in &ALL {
        let accounts = accounts(directory, combination);
        for same in accounts.chunk_by(|a, b| a.what() == b.what()) {
            let known: Vec<&Account> = same.iter().filter(|one| one.gap_s <= MOST_GAP_S).collect();
            unknown += same.len() - known.len();
            let errors: Vec<f64> = known.iter().map(|one| one.error_percent).collect();
            let Some(largest) = errors.iter().copied().reduce(f64::max) else { continue };
            let what = format!("{} | {}", combination.name, same[0].what());
            let source = format!("{:?}", same[0].source).to_lowercase();
            let (many, middle) = (errors.len(), middle(&errors));
            text += &format!("| {what} | {many} | {source} | {middle:.1} % | {largest:.1} % |\n");
            if largest > 10.0 {
                missed.push(format!("{}: {largest:.1} %", what.replace(" |", "")));
            }
            all.extend(errors);
        }
    }
    let median = middle(&all);
    text += &format!(
        "\nThe median of the errors of all {} accounts is {median:.1} %; {unknown} left out.\n",
        all.len()
    );
    if all.len() < 40 {
        missed.push(format!("only {} accounts of {LEAST_S} CPU-s and more", all.len()));
    }
    if median > 3.0 {
        missed.push(format!("the median of the errors is {median:.1} %"));
    }
    Report { text, missed }
}

/// One end's figure of one sample against the account of its group.
struct Account {
    method: Method,
    direction: Direction,
    end: &'static str,
    source: Source,
    error_percent: f64,
    gap_s: f64,
}

impl Account {
    fn what(&self) -> String {
        format!("{} | {} | {}", self.method, self.direction, self.end)
    }
}

/// Those of [`LEAST_S`] and more, alike ones together.
fn accounts(directory: &Path, combination: &Combination) -> Vec<Account> {
    let [journal, truths] = files(directory, combination);
    let survey = evidence::surveys(&journal).remove(0);
    let truths: Vec<Truth> = evidence::figures(&truths);
    let of = |sample: &Sample| {
        let truth = truths.iter().find(|truth| truth.started == sample.started).unwrap();
        let ends = [
            ("client", sample.client.unwrap(), truth.client_s),
            ("server", sample.server.unwrap(), truth.server_s),
        ];
        let fair = ends.into_iter().filter(|(.., truth_s)| *truth_s >= LEAST_S);
        let account = |(end, spent, truth_s): (&'static str, Spent, f64)| {
            let helpers_s = spent.helpers.map_or(0.0, |helpers| helpers.total_s);
            Account {
                method: sample.method,
                direction: sample.direction,
                end,
                source: spent.source,
                error_percent: error_percent((spent.bulk.total_s + helpers_s) / truth_s),
                gap_s: truth.gap_s,
            }
        };
        fair.map(account).collect::<Vec<_>>()
    };
    let mut accounts: Vec<Account> = judged(&survey).flat_map(of).collect();
    accounts.sort_by_key(Account::what);
    accounts
}
