//! Steady rates against transfers by hand: plain ssh, two sizes, the slope between them.

use std::path::Path;

use cipher_survey::analysis::summarise;
use cipher_survey::model::Direction;
use serde::{Deserialize, Serialize};

use crate::Report;
use crate::ends::Ends;
use crate::evidence::{self, error_percent, merged, middle};
use crate::lab::{CHACHA, GCM, Options};

const PAIRS: usize = 20;
/// What sshd offers by default.
const CIPHERS: [&str; 6] =
    [GCM, "aes256-gcm@openssh.com", CHACHA, "aes128-ctr", "aes192-ctr", "aes256-ctr"];
const SMALL: u64 = 64 << 20;
const LARGE: u64 = 384 << 20;

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
    let ends = Ends::new(Options::default());
    let files = [ends.lab.file("small", SMALL), ends.lab.file("large", LARGE)];
    let (mut journals, mut by_hand) = (Vec::new(), Vec::new());
    let ciphers = CIPHERS.join(",");
    for pair in 0..PAIRS {
        let (seed, own) = (pair.to_string(), ["--rounds", "1", "--ciphers", &ciphers]);
        journals.push(ends.survey(&[&own[..], &["--seed", &seed]].concat()).1);
        for k in 0..CIPHERS.len() {
            // Another order each time.
            let cipher = CIPHERS[(k + pair) % CIPHERS.len()];
            for direction in [Direction::Upload, Direction::Download] {
                let [small_s, large_s] =
                    files.each_ref().map(|file| ends.by_hand(cipher, direction, file));
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
    let pairs = surveys.len();
    let summary = summarise(&merged(surveys));
    let mut text = format!(
        "# Steady rates against transfers by hand\n\n\
         {pairs} pairs, interleaved: a survey of one round (`pipe`), then by hand, with plain \
         `ssh`, each cipher with {} and {} MiB, whose slope is the rate. Medians. Bounds: the \
         median of the errors 3 %, none above 8 %.\n\n\
         | direction | cipher | survey, MB/s | by hand, MB/s | error |\n\
         | --- | --- | ---: | ---: | ---: |\n",
        SMALL >> 20,
        LARGE >> 20
    );
    let (mut errors, mut missed) = (Vec::new(), Vec::new());
    for table in &summary.tables {
        for row in &table.sections[0].rows {
            let of = |one: &&ByHand| {
                one.direction == table.direction && one.cipher == row.cipher.as_str()
            };
            let hands: Vec<f64> = by_hand.iter().filter(of).map(ByHand::mb_per_s).collect();
            let (ours, hand) = (row.rate_mb_per_s.unwrap(), middle(&hands));
            let error = error_percent(ours / hand);
            text += &format!(
                "| {} | {} | {ours:.0} | {hand:.0} | {:+.1} % |\n",
                table.direction,
                row.cipher,
                100.0 * (ours / hand - 1.0)
            );
            errors.push(error);
            if error > 8.0 {
                missed.push(format!("{} {}: {error:.1} %", table.direction, row.cipher));
            }
        }
    }
    let median = middle(&errors);
    text += &format!("\nMedian error: {median:.1} %.\n");
    if pairs < 20 {
        missed.push(format!("only {pairs} pairs"));
    }
    if median > 3.0 {
        missed.push(format!("the median of the errors is {median:.1} %"));
    }
    Report { text, missed }
}
