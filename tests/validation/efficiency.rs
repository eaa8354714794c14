//! What a minute of a survey tells, against the program as it was before connections stayed open.

use std::path::{Path, PathBuf};
use std::process::Command;

use cipher_survey::analysis::samples::series::{Figure, levels};
use cipher_survey::analysis::samples::startup::Startups;
use cipher_survey::model::record::{Phase, Sample};
use cipher_survey::model::survey::Survey;
use cipher_survey::model::units::significant;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Report;
use crate::evidence::middle;
use crate::series::{self, Kept, Series, chosen, many};
use crate::testbed::hosts::{AES_VARIABLE, Host, Link};
use crate::testbed::{CHACHA, GCM, Options, PROGRAM, Testbed};

const SURVEYS: usize = 10;
/// Surveys of ten that may have failed, each program's.
const MOST_FAILED: usize = 1;
/// Of both programs. A round of the earlier one has a login and two seconds of transfer per cipher.
const ROUNDS: u32 = 3;
/// The same where a login takes seconds.
const SLOW_ROUNDS: u32 = 2;
/// What sshd offers by default.
const CIPHERS: [&str; 6] =
    [GCM, "aes256-gcm@openssh.com", CHACHA, "aes128-ctr", "aes192-ctr", "aes256-ctr"];

/// The program of that commit.
const BEFORE: &str = "CIPHER_SURVEY_BEFORE";
const COMMIT: &str = "2405299";

const RESAMPLES: usize = 4000;

/// A pair of ends.
struct Setting {
    name: &'static str,
    about: &'static str,
    options: fn() -> Options<'static>,
    rounds: u32,
    /// The improvement that is asked for, and what is aimed at.
    bounds: (f64, Option<f64>),
}

const SETTINGS: [Setting; 4] = [
    Setting {
        name: "aes",
        about: "AES at both ends",
        options: Options::default,
        rounds: ROUNDS,
        bounds: (6.0, Some(10.0)),
    },
    Setting {
        name: "aes-disabled",
        about: "AES disabled at the server",
        options: || Options {
            host: Host { environment: vec![AES_VARIABLE], ..Host::default() },
            ..Options::default()
        },
        rounds: ROUNDS,
        bounds: (6.0, Some(10.0)),
    },
    Setting {
        name: "arm",
        about: "emulated Arm without AES",
        options: || Options { host: Host::arm(false), ..Options::default() },
        rounds: SLOW_ROUNDS,
        bounds: (3.0, None),
    },
    Setting {
        name: "link",
        about: "behind 100 Mbit/s",
        options: || {
            let link = Link::new();
            Options { host: link.host(), link: Some(link), ..Options::default() }
        },
        rounds: ROUNDS,
        bounds: (3.0, None),
    },
];

/// Measures all settings, or with `--setting NAME` that one; what is kept of the others stays.
pub fn measure(directory: &Path) {
    let before = before();
    let chosen = chosen(SETTINGS.iter().map(|setting| setting.name));
    std::fs::create_dir_all(directory).unwrap();
    for setting in SETTINGS.iter().filter(|setting| chosen(setting.name)) {
        let testbed = Testbed::with((setting.options)());
        let mut all = programs(&before).map(|(name, program)| (name, program, Series::default()));
        for number in 0..many(SURVEYS) {
            // Each is the first of two as often as the other.
            for k in [number % 2, 1 - number % 2] {
                let (name, program, series) = &mut all[k];
                let what = format!("{} {number} {name}", setting.name);
                survey(&testbed, program, series, &what, (setting.rounds, number));
            }
        }
        for (name, _, series) in all {
            series.keep(directory, &format!("{}-{name}", setting.name));
        }
    }
}

/// The names of the two programs in evidence, and their paths.
fn programs(before: &Path) -> [(&'static str, PathBuf); 2] {
    [("before", before.to_owned()), ("now", PathBuf::from(PROGRAM))]
}

/// The program of commit [`COMMIT`].
fn before() -> PathBuf {
    let path = std::env::var_os(BEFORE).map(PathBuf::from).filter(|path| path.exists());
    path.unwrap_or_else(|| {
        panic!(
            "{BEFORE} has to name the program of commit {COMMIT}: git worktree add /tmp/before \
             {COMMIT} && (cd /tmp/before && cargo build --locked --release) && export \
             {BEFORE}=/tmp/before/target/release/cipher-survey"
        )
    })
}

fn survey(
    testbed: &Testbed,
    program: &Path,
    series: &mut Series,
    what: &str,
    (rounds, seed): (u32, usize),
) {
    let (own, journal) = (testbed.program(), testbed.path("journal"));
    let mut command = Command::new(program);
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(["--method", "pipe", "--directions", "upload", "-q"]);
    command.args(["--rounds", &rounds.to_string()]);
    // The earlier one has no bound.
    if program == Path::new(PROGRAM) {
        command.args(["--max-bytes", "1TB"]);
    }
    command.args(["--ciphers", &CIPHERS.join(","), "--seed", &seed.to_string()]);
    command.arg("--journal").arg(&journal);
    command.arg("--ssh-config").arg(testbed.path("ssh_config")).arg(testbed.target());
    let text = series.add(what, &mut command, &journal).unwrap_or_default();
    let schema = if program == Path::new(PROGRAM) { "cipher-survey/2" } else { "cipher-survey/1" };
    let header = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    assert!(
        header.is_empty() || header.contains(schema),
        "{} is not the program of commit {COMMIT}: {header}",
        program.display()
    );
}

/// What the surveys of one program say.
struct Measured {
    /// `ln` of each cipher's rate by survey, in the order of [`CIPHERS`].
    rates: Vec<[f64; CIPHERS.len()]>,
    wall_s: Vec<f64>,
    failed: Vec<String>,
}

impl Measured {
    fn of(directory: &Path, setting: &Setting, program: &str) -> Option<Measured> {
        let name = format!("{}-{program}", setting.name);
        if !series::files(directory, &name).iter().all(|file| file.exists()) {
            return None;
        }
        let (kept, failed) = series::kept(directory, &name);
        let mut measured = Measured { rates: Vec::new(), wall_s: Vec::new(), failed };
        for Kept { wall_s, survey } in kept {
            match rates(&survey) {
                Some(rates) => {
                    measured.rates.push(rates);
                    measured.wall_s.push(wall_s);
                }
                None => measured.failed.push("a cipher was not measured".into()),
            }
        }
        Some(measured)
    }

    /// Variance of each cipher's ratio to the leader over some of the surveys, times their mean wall; the
    /// leader left out.
    fn costs(&self, of: &[usize], leader: usize) -> Vec<f64> {
        let wall_s = mean(of.iter().map(|&n| self.wall_s[n]));
        let others = (0..CIPHERS.len()).filter(|&k| k != leader);
        others.map(|k| variance(of.iter().map(|&n| self.ratio(n, k, leader))) * wall_s).collect()
    }

    fn ratio(&self, survey: usize, k: usize, leader: usize) -> f64 {
        self.rates[survey][k] - self.rates[survey][leader]
    }

    fn all(&self) -> Vec<usize> {
        (0..self.rates.len()).collect()
    }
}

/// `ln` of the rates that all rounds of a survey say, rounds taken out.
fn rates(survey: &Survey) -> Option<[f64; CIPHERS.len()]> {
    let of = |cipher: &&str| -> Vec<&Sample> {
        let own = survey.samples.iter().filter(|sample| sample.phase == Phase::Round);
        own.filter(|sample| sample.cipher.as_str() == *cipher).collect()
    };
    let samples: Vec<Vec<&Sample>> = CIPHERS.iter().map(of).collect();
    let levels = levels(&samples, Figure::Rate, &Startups::of(&survey.samples));
    let logs: Option<Vec<f64>> = levels.into_iter().map(|level| Some(level?.ln())).collect();
    logs?.try_into().ok()
}

pub fn report(directory: &Path) -> Report {
    let mut text = format!(
        "# What a survey's time tells\n\n\
         Surveys of the program of commit {COMMIT}, which makes a connection for each transfer, and of \
         today's, in turn on the same server: six ciphers, uploads, `pipe`, {ROUNDS} rounds \
         ({SLOW_ROUNDS} on emulated Arm, where a login takes seconds), \
         {SURVEYS} surveys each. Nothing is held to a core. Each survey gives a cipher's rate over that of the \
         leader (the fastest over all of them), by the fit of all its rounds. What that costs is its variance \
         over the surveys, times the mean wall of a survey, from the start of the process to its end; of \
         that the median over the five ciphers. Improvement is how many times less it is today; its 95 % \
         interval is a bootstrap's over surveys ({RESAMPLES} resamples): ten of them tell a \
         variance to a factor of two, no better. Bounds: an improvement of at least 6 with AES at both \
         ends and with AES disabled at the server (10 aimed at), of at least 3 on emulated Arm and behind \
         100 Mbit/s.\n\n\
         | ends | surveys | wall, before | wall, now | variance × wall, before | now | improvement | 95 % \
         interval |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    );
    let (mut ciphers, mut missed) = (String::new(), Vec::new());
    for setting in &SETTINGS {
        let measured = ["before", "now"].map(|name| Measured::of(directory, setting, name));
        let [Some(before), Some(now)] = measured else {
            missed.push(format!("{}: not measured", setting.about));
            continue;
        };
        for (name, measured) in [("before", &before), ("now", &now)] {
            let (many, failed) = (measured.rates.len(), measured.failed.len());
            if many + failed < SURVEYS || failed > MOST_FAILED {
                missed.push(format!("{}, {name}: only {many} surveys", setting.about));
            }
        }
        if before.rates.len() < 2 || now.rates.len() < 2 {
            continue;
        }
        text += &row(setting, &before, &now, &mut missed);
        ciphers += &each_cipher(setting, &before, &now);
    }
    text += &format!(
        "\nStandard deviation of the ratio to the leader over surveys, in per cent; improvement for the \
         same wall:\n\n\
         | ends | cipher | rate over the leader's | before | now | improvement |\n\
         | --- | --- | ---: | ---: | ---: | ---: |\n{ciphers}"
    );
    Report { text, missed }
}

fn row(setting: &Setting, before: &Measured, now: &Measured, missed: &mut Vec<String>) -> String {
    let leader = leader(before, now);
    let costs = [before, now].map(|measured| middle(&measured.costs(&measured.all(), leader)));
    let improvement = costs[0] / costs[1];
    let [low, high] = bootstrap(before, now, leader);
    let (least, aimed_at) = setting.bounds;
    if improvement < least {
        missed.push(format!("{}: {improvement:.1} times, not {least}", setting.about));
    }
    let short = aimed_at.filter(|aim| improvement >= least && improvement < *aim);
    let short = short.map_or(String::new(), |aim| format!(" ({aim} aimed at)"));
    let failed = |measured: &Measured| match &measured.failed[..] {
        [] => format!("{}", measured.rates.len()),
        failed => format!("{} ({} failed: {})", measured.rates.len(), failed.len(), failed[0]),
    };
    format!(
        "| {} | {}, {} | {:.0} s | {:.0} s | {:.2e} | {:.2e} | {improvement:.1}{short} | {low:.1} to \
         {high:.1} |\n",
        setting.about,
        failed(before),
        failed(now),
        mean(before.wall_s.iter().copied()),
        mean(now.wall_s.iter().copied()),
        costs[0],
        costs[1]
    )
}

fn each_cipher(setting: &Setting, before: &Measured, now: &Measured) -> String {
    let leader = leader(before, now);
    let costs = [before, now].map(|measured| measured.costs(&measured.all(), leader));
    let others = (0..CIPHERS.len()).filter(|&k| k != leader);
    let row = |(index, k): (usize, usize)| {
        let ratios = |of: &Measured| -> Vec<f64> {
            of.all().into_iter().map(|n| of.ratio(n, k, leader)).collect()
        };
        let spread = |of: &Measured| 100.0 * variance(ratios(of).into_iter()).sqrt();
        format!(
            "| {} | {} | {:.2} | {} % | {} % | {:.1} |\n",
            setting.about,
            CIPHERS[k],
            mean(ratios(now).into_iter()).exp(),
            significant(spread(before)),
            significant(spread(now)),
            costs[0][index] / costs[1][index]
        )
    };
    others.enumerate().map(row).collect()
}

/// The fastest over all surveys of both programs.
fn leader(before: &Measured, now: &Measured) -> usize {
    let level = |k: usize| mean(before.rates.iter().chain(&now.rates).map(|rates| rates[k]));
    (0..CIPHERS.len()).max_by(|&a, &b| level(a).total_cmp(&level(b))).unwrap()
}

/// The middle 95 % of the improvement where each program's surveys are drawn anew, with replacement.
fn bootstrap(before: &Measured, now: &Measured, leader: usize) -> [f64; 2] {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut cost = |measured: &Measured| {
        let many = measured.rates.len();
        let drawn: Vec<usize> = (0..many).map(|_| random.random_range(0..many)).collect();
        middle(&measured.costs(&drawn, leader))
    };
    let mut found: Vec<f64> =
        (0..RESAMPLES).map(|_| cost(before) / cost(now)).filter(|one| one.is_finite()).collect();
    found.sort_by(f64::total_cmp);
    let last = found.len().saturating_sub(1) as f64;
    let at = |share: f64| found.get((share * last).round() as usize).copied().unwrap_or(f64::NAN);
    [at(0.025), at(0.975)]
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    let center = mean(values.iter().copied());
    let squares: f64 = values.iter().map(|value| (value - center).powi(2)).sum();
    squares / (values.len() as f64 - 1.0)
}
