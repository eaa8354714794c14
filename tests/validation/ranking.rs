//! Time to a ranking against the straightforward way: five interleaved rounds of every cipher with
//! the whole file, by hand, and medians.

use std::path::{Path, PathBuf};

use cipher_survey::analysis::rows::table::rows;
use cipher_survey::analysis::summarise;
use cipher_survey::model::Direction;
use cipher_survey::model::survey::Survey;
use cipher_survey::stats::intervals::t_quantile;
use serde::{Deserialize, Serialize};

use crate::Report;
use crate::ends::Ends;
use crate::evidence::{self, middle};
use crate::series::many;
use crate::testbed::hosts::{AES_VARIABLE, Host};
use crate::testbed::{ALL_CIPHERS, CHACHA, GCM, Options};

/// Every cipher of OpenSSH 9.2.
const CIPHERS: [&str; 10] = [
    CHACHA,
    GCM,
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
    "aes128-cbc",
    "aes192-cbc",
    "aes256-cbc",
    "3des-cbc",
];
const SURVEYS: usize = 5;
/// Rounds of the straightforward way, and their file.
const ROUNDS: usize = 5;
const FILE: u64 = 500 << 20;
/// What the truth must part two ciphers by for their order to count.
const APART: f64 = 1.10;
const LEAST_RIGHT_PERCENT: f64 = 95.0;

/// A pair of ends.
struct World {
    name: &'static str,
    about: &'static str,
    host: fn() -> Host,
    /// Rounds by hand after each survey of ours.
    rounds: usize,
    /// Of a file of so many bytes.
    bytes: u64,
    /// The straightforward way may take no less than so many times as long.
    times: f64,
}

const WORLDS: [World; 3] = [
    World {
        name: "aes",
        about: "AES at both ends",
        host: Host::default,
        rounds: 2,
        bytes: FILE,
        times: 5.0,
    },
    World {
        name: "aes-disabled",
        about: "AES disabled at the server",
        host: || Host { environment: vec![AES_VARIABLE], ..Host::default() },
        rounds: 2,
        bytes: FILE,
        times: 8.0,
    },
    World {
        name: "arm",
        about: "emulated Arm without AES",
        host: || Host::arm(false),
        rounds: 1,
        bytes: 32 << 20,
        times: 150.0,
    },
];

/// One transfer by hand.
#[derive(Serialize, Deserialize)]
struct ByHand {
    round: usize,
    /// Absent: an empty one.
    cipher: Option<String>,
    real_s: f64,
}

/// How long one survey of ours took.
#[derive(Serialize, Deserialize)]
struct Elapsed {
    wall_s: f64,
}

fn files(directory: &Path, world: &World) -> [PathBuf; 3] {
    ["", "-walls", "-by-hand"].map(|what| directory.join(format!("{}{what}.jsonl.gz", world.name)))
}

pub fn measure(directory: &Path) {
    evidence::begin(directory);
    for world in &WORLDS {
        let ends =
            Ends::new(Options { host: (world.host)(), server: ALL_CIPHERS, ..Options::default() });
        let (file, empty) = (ends.testbed.file("data", world.bytes), ends.testbed.file("empty", 0));
        let (mut journals, mut walls, mut by_hand) = (Vec::new(), Vec::new(), Vec::new());
        for survey in 0..many(SURVEYS) {
            let seed = survey.to_string();
            let (wall_s, journal) = ends.survey(&["--directions", "upload", "--seed", &seed]);
            eprintln!("{} survey {survey}: {wall_s:.0} s", world.name);
            journals.push(journal);
            walls.push(Elapsed { wall_s });
            for _ in 0..many(world.rounds) {
                let round = by_hand.len() / (CIPHERS.len() + 1);
                let real_s = ends.by_hand(GCM, Direction::Upload, &empty);
                by_hand.push(ByHand { round, cipher: None, real_s });
                for k in 0..CIPHERS.len() {
                    // Another order each time.
                    let cipher = CIPHERS[(3 * k + round) % CIPHERS.len()];
                    let real_s = ends.by_hand(cipher, Direction::Upload, &file);
                    by_hand.push(ByHand { round, cipher: Some(cipher.into()), real_s });
                }
                let own = by_hand.iter().filter(|one| one.round == round).map(|one| one.real_s);
                eprintln!("{} round {round} by hand: {:.0} s", world.name, own.sum::<f64>());
            }
        }
        let [kept_journals, kept_walls, kept_by_hand] = files(directory, world);
        evidence::keep_journals(&kept_journals, &journals);
        evidence::keep_figures(&kept_walls, &walls);
        evidence::keep_figures(&kept_by_hand, &by_hand);
    }
}

/// All rounds by hand.
struct Hands {
    /// Seconds of the bulk, by round and cipher in the order of [`CIPHERS`].
    bulk_s: Vec<Vec<f64>>,
    setup_s: f64,
}

impl Hands {
    fn of(by_hand: &[ByHand]) -> Hands {
        let empty = by_hand.iter().filter(|one| one.cipher.is_none()).map(|one| one.real_s);
        let setup_s = middle(&empty.collect::<Vec<_>>());
        let rounds = by_hand.iter().map(|one| one.round).max().unwrap() + 1;
        let bulk = |round: usize, cipher: &str| {
            let is = |one: &&ByHand| one.round == round && one.cipher.as_deref() == Some(cipher);
            by_hand.iter().find(is).unwrap().real_s - setup_s
        };
        let bulk_s = (0..rounds).map(|n| CIPHERS.iter().map(|c| bulk(n, c)).collect()).collect();
        Hands { bulk_s, setup_s }
    }

    /// `ln` of one cipher's rate over another's by all rounds, and half its 95 % interval.
    fn ratio(&self, k: usize, other: usize) -> (f64, f64) {
        let ratios: Vec<f64> =
            self.bulk_s.iter().map(|round| (round[other] / round[k]).ln()).collect();
        let n = ratios.len() as f64;
        let mean = ratios.iter().sum::<f64>() / n;
        let squares: f64 = ratios.iter().map(|ratio| (ratio - mean).powi(2)).sum();
        (mean, t_quantile(0.975, n - 1.0) * (squares / (n - 1.0) / n).sqrt())
    }

    fn fastest(&self) -> usize {
        let ahead = |k: &usize| self.ratio(*k, 0).0;
        (0..CIPHERS.len()).max_by(|a, b| ahead(a).total_cmp(&ahead(b))).unwrap()
    }

    /// Surveys of the straightforward way: wall seconds for files of [`FILE`] bytes, and the rates
    /// by their medians. Where a round is of a smaller file each is a survey of its own, scaled.
    fn surveys(&self, bytes: u64) -> Vec<(f64, Vec<f64>)> {
        let scale = FILE as f64 / bytes as f64;
        let many = if bytes == FILE { ROUNDS } else { 1 };
        let survey = |rounds: &[Vec<f64>]| {
            let transfers = rounds.iter().flatten().map(|bulk_s| scale * bulk_s + self.setup_s);
            let wall_s = transfers.sum::<f64>() * ROUNDS as f64 / many as f64;
            let median_s = |k: usize| middle(&rounds.iter().map(|all| all[k]).collect::<Vec<_>>());
            (wall_s, (0..CIPHERS.len()).map(|k| median_s(k).recip()).collect())
        };
        self.bulk_s.chunks_exact(many).map(survey).collect()
    }

    /// Pairs that the truth parts, and how many of them these rates order rightly.
    fn order(&self, rates: &[f64]) -> (usize, usize) {
        let (mut pairs, mut right) = (0, 0);
        for a in 0..CIPHERS.len() {
            for b in 0..a {
                let (truth, _) = self.ratio(a, b);
                if truth.abs() >= APART.ln() {
                    pairs += 1;
                    let (ahead, behind) = (rates[a] > rates[b], rates[a] < rates[b]);
                    right += usize::from(if truth > 0.0 { ahead } else { behind });
                }
            }
        }
        (pairs, right)
    }
}

/// Our leader and our rates, in the order of [`CIPHERS`].
fn ours(survey: &Survey) -> (usize, Vec<f64>) {
    let summary = summarise(survey);
    let index = |name: &str| CIPHERS.iter().position(|cipher| *cipher == name).unwrap();
    let mut rates = vec![f64::NAN; CIPHERS.len()];
    for row in rows(&summary.tables) {
        // One that was left out for lack of time is ordered wrongly.
        rates[index(row.cipher.as_str())] = row.rate_mb_per_s.unwrap_or(f64::NAN);
    }
    let conclusion = summary.tables[0].sections[0].conclusion.as_ref().unwrap();
    (index(conclusion.fastest.leader.cipher.as_str()), rates)
}

pub fn report(directory: &Path) -> Report {
    let mut text = format!(
        "# Time to a ranking\n\n\
         Surveys by `pipe`, uploads, no other flags, all {} ciphers of OpenSSH 9.2, alternating \
         with rounds by hand on the same sshd: each cipher once with the whole file, `ssh -c \
         CIPHER testbed 'cat >/dev/null' < FILE`. The straightforward way is {ROUNDS} such rounds of \
         {} MiB and their medians; of the Arm server one round of 32 MiB, scaled. The truth is all \
         rounds by hand. Order: of pairs that the truth parts by 10 % and more, how many are right, \
         over all surveys. Bounds: the straightforward way takes at least 5, 8 and 150 times as \
         long; our leader's interval of truth reaches to 3 % of the fastest; the order is right \
         in {LEAST_RIGHT_PERCENT} % and as often as by the straightforward way.\n\n\
         | ends | our time (median of {SURVEYS}) | straightforward | times | our order right | \
         theirs | our leaders, truth against the fastest |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | --- |\n",
        CIPHERS.len(),
        FILE >> 20
    );
    let mut missed = Vec::new();
    for world in &WORLDS {
        text += &row(directory, world, &mut missed);
    }
    Report { text, missed }
}

/// The row of one pair of ends.
fn row(directory: &Path, world: &World, missed: &mut Vec<String>) -> String {
    let [journals, walls, by_hand] = files(directory, world);
    let surveys = evidence::surveys(&journals);
    let walls: Vec<Elapsed> = evidence::figures(&walls);
    let hands = Hands::of(&evidence::figures::<ByHand>(&by_hand));
    let percent = |orders: Vec<(usize, usize)>| {
        let pairs: usize = orders.iter().map(|order| order.0).sum();
        100.0 * orders.iter().map(|order| order.1).sum::<usize>() as f64 / pairs as f64
    };
    let ours: Vec<_> = surveys.iter().map(ours).collect();
    let theirs = hands.surveys(world.bytes);
    let our_percent = percent(ours.iter().map(|(_, rates)| hands.order(rates)).collect());
    let their_percent = percent(theirs.iter().map(|(_, rates)| hands.order(rates)).collect());
    let our_s = middle(&walls.iter().map(|wall| wall.wall_s).collect::<Vec<_>>());
    let their_s = middle(&theirs.iter().map(|(wall_s, _)| *wall_s).collect::<Vec<_>>());
    let words = leaders(&ours, &hands, world, missed);
    let times = their_s / our_s;
    let row = format!(
        "| {} | {our_s:.0} s | {their_s:.0} s | {times:.1} | {our_percent:.1} % | \
             {their_percent:.1} % | {words} |\n",
        world.about
    );
    if surveys.len() < SURVEYS {
        missed.push(format!("{}: only {} surveys", world.about, surveys.len()));
    }
    if times < world.times {
        missed.push(format!("{}: {times:.1} times, not {}", world.about, world.times));
    }
    if our_percent < LEAST_RIGHT_PERCENT.max(their_percent) {
        missed.push(format!(
            "{}: {our_percent:.1} % of the order are right, {their_percent:.1} % of theirs",
            world.about
        ));
    }
    row
}

/// Those that led our surveys, each with what the truth says of it.
fn leaders(
    ours: &[(usize, Vec<f64>)],
    hands: &Hands,
    world: &World,
    missed: &mut Vec<String>,
) -> String {
    let fastest = hands.fastest();
    let mut leaders: Vec<usize> = ours.iter().map(|(leader, _)| *leader).collect();
    leaders.sort_unstable();
    let words = leaders.chunk_by(|a, b| a == b).map(|same| {
        let (mean, half) = hands.ratio(same[0], fastest);
        if same[0] != fastest && mean + half < -0.03 {
            missed.push(format!("{}: {} led", world.about, CIPHERS[same[0]]));
        }
        let interval = match same[0] == fastest {
            true => "the fastest".to_owned(),
            false => format!(
                "{:+.1} % ({:+.1} to {:+.1})",
                100.0 * mean.exp_m1(),
                100.0 * (mean - half).exp_m1(),
                100.0 * (mean + half).exp_m1()
            ),
        };
        format!("{} × {}: {interval}", same.len(), CIPHERS[same[0]])
    });
    words.collect::<Vec<_>>().join("; ")
}
