//! Steady rates against transfers by hand: plain ssh, two sizes, the slope between them.

use std::path::Path;

use cipher_survey::analysis::samples::series::steady_rate;
use cipher_survey::analysis::samples::startup::Startups;
use cipher_survey::model::record::{Phase, Sample};
use cipher_survey::model::{Direction, Survey};
use serde::{Deserialize, Serialize};

use crate::Report;
use crate::ends::Ends;
use crate::evidence::{self, middle, pseudo_median};
use crate::series::many;
use crate::testbed::{CHACHA, GCM, Options};

const PAIRS: usize = 40;
/// What sshd offers by default.
const CIPHERS: [&str; 6] =
    [GCM, "aes256-gcm@openssh.com", CHACHA, "aes128-ctr", "aes192-ctr", "aes256-ctr"];
const SMALL: u64 = 64 << 20;
const LARGE: u64 = 512 << 20;

/// One transfer of each size by hand.
#[derive(Serialize, Deserialize)]
struct ByHand {
    pair: usize,
    cipher: String,
    direction: Direction,
    small_s: f64,
    large_s: f64,
}

impl ByHand {
    fn mb_per_s(&self) -> f64 {
        (LARGE - SMALL) as f64 / 1e6 / (self.large_s - self.small_s)
    }
}

pub fn measure(directory: &Path) {
    evidence::begin(directory);
    // An ordinary account's login is shorter, which leaves more time for transfers.
    let ends = Ends::new(Options { ordinary: true, ..Options::default() });
    let files = [ends.testbed.file("small", SMALL), ends.testbed.file("large", LARGE)];
    let (mut journals, mut by_hand) = (Vec::new(), Vec::new());
    let ciphers = CIPHERS.join(",");
    for pair in 0..many(PAIRS) {
        let (seed, own) = (pair.to_string(), ["--rounds", "1", "--ciphers", &ciphers]);
        // The same bytes as by hand: a small file would stay in the CPU's caches.
        let arguments = [&own[..], &["--seed", &seed]].concat();
        journals.push(ends.survey_of(Some(&files[1]), &arguments).1);
        for k in 0..CIPHERS.len() {
            // Another order each time.
            let cipher = CIPHERS[(k + pair) % CIPHERS.len()];
            for direction in [Direction::Upload, Direction::Download] {
                let [small_s, large_s] = match direction {
                    Direction::Upload => {
                        files.each_ref().map(|file| ends.by_hand(cipher, direction, file))
                    }
                    Direction::Download => {
                        [SMALL, LARGE].map(|bytes| ends.zeros_by_hand(cipher, bytes))
                    }
                };
                let one = ByHand { pair, cipher: cipher.into(), direction, small_s, large_s };
                eprintln!("{pair} {cipher} {direction}: {:.0} MB/s", one.mb_per_s());
                by_hand.push(one);
            }
        }
    }
    evidence::keep_journals(&directory.join("surveys.jsonl.gz"), &journals);
    evidence::keep_figures(&directory.join("by-hand.jsonl.gz"), &by_hand);
}

pub fn report(directory: &Path) -> Report {
    let surveys = evidence::surveys(&directory.join("surveys.jsonl.gz"));
    let by_hand: Vec<ByHand> = evidence::figures(&directory.join("by-hand.jsonl.gz"));
    let mut text = format!(
        "# Steady rates against transfers by hand\n\n\
         {} pairs, interleaved: a survey of one round (`pipe`), then by hand, with plain `ssh`, \
         each cipher with {} and {} MiB, whose slope is the rate. One transfer varies here by 15 \
         to 20 %, so what is judged is the pseudo-median of the ratios within a pair (Hodges and \
         Lehmann), with the 95 % interval that belongs to it (Wilcoxon). Bounds: the median of the \
         errors 3 %, none above 8 %.\n\n\
         | direction | cipher | survey, MB/s | by hand, MB/s | error | 95 % interval |\n\
         | --- | --- | ---: | ---: | ---: | ---: |\n",
        surveys.len(),
        SMALL >> 20,
        LARGE >> 20
    );
    let (mut errors, mut missed) = (Vec::new(), Vec::new());
    for direction in [Direction::Upload, Direction::Download] {
        for cipher in CIPHERS {
            let pairs: Vec<(f64, f64)> = by_hand
                .iter()
                .filter(|one| one.direction == direction && one.cipher == cipher)
                .filter_map(|one| {
                    Some((surveyed(&surveys[one.pair], direction, cipher)?, one.mb_per_s()))
                })
                .collect();
            let (ours, hands): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let ratios: Vec<f64> = pairs.iter().map(|(own, hand)| (own / hand).ln()).collect();
            let [low, ratio, high] = pseudo_median(&ratios).map(|log| 100.0 * log.exp_m1());
            text += &format!(
                "| {direction} | {cipher} | {:.0} | {:.0} | {ratio:+.1} % | {low:+.1} to \
                 {high:+.1} % |\n",
                middle(&ours),
                middle(&hands)
            );
            errors.push(ratio.abs());
            if ratio.abs() > 8.0 {
                missed.push(format!("{direction} {cipher}: {ratio:+.1} %"));
            }
        }
    }
    let median = middle(&errors);
    text += &format!("\nMedian error: {median:.1} %.\n");
    if surveys.len() < PAIRS {
        missed.push(format!("only {} pairs", surveys.len()));
    }
    if median > 3.0 {
        missed.push(format!("the median of the errors is {median:.1} %"));
    }
    Report { text, missed }
}

/// MB/s of a survey's one sample.
fn surveyed(survey: &Survey, direction: Direction, cipher: &str) -> Option<f64> {
    let startups = Startups::of(&survey.samples);
    let is = |sample: &&Sample| {
        (sample.phase, sample.direction) == (Phase::Round, direction)
            && sample.cipher.as_str() == cipher
    };
    Some(steady_rate(survey.samples.iter().find(is)?, &startups)? / 1e6)
}
