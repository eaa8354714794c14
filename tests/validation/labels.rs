//! One cipher under six names: each "slower" is false.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cipher_survey::analysis::rows::table::rows;
use cipher_survey::analysis::samples::series::{Figure, field};
use cipher_survey::analysis::samples::startup::Startups;
use cipher_survey::analysis::summarise;
use cipher_survey::model::record::{Outcome, Phase, Sample};
use cipher_survey::model::survey::Survey;
use cipher_survey::stats::fit::fit;
use cipher_survey::stats::intervals::{ALPHA, Known, paired};
use cipher_survey::stats::race::Label;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::Report;
use crate::ends::Ends;
use crate::evidence::{middle, rounds};
use crate::series::{self, Kept, Series, many};
use crate::testbed::{CHACHA, GCM, Options, Testbed};

const SURVEYS: usize = 20;
/// Surveys that may have failed.
const MOST_FAILED: usize = 1;
/// So that all of them take ten minutes.
const BUDGET: &str = "20s";
const LABELS: [&str; 6] =
    [GCM, "aes256-gcm@openssh.com", CHACHA, "aes128-ctr", "aes192-ctr", "aes256-ctr"];
/// Surveys in which a label may be called slower.
const MOST_SLOWER: usize = 1;
/// Most pairs, in per cent, outside their pointwise 95 % interval.
const MOST_OUTSIDE_PERCENT: f64 = 8.0;
/// Of each survey.
const PERMUTATIONS: u64 = 25;
/// Most permutations, in per cent, in which a label may be called slower.
const MOST_PERMUTED_PERCENT: f64 = 10.0;

/// The evidence.
pub const NAME: &str = "one-cipher";

pub fn measure(directory: &Path) {
    crate::evidence::begin(directory);
    let ends = Ends::new(Options::default());
    let client = of_one_cipher(&ends.testbed);
    let (labels, journal) = (LABELS.join(","), ends.testbed.path("journal"));
    let mut series = Series::default();
    for seed in 0..many(SURVEYS) {
        let (what, seed) = (format!("survey {seed}"), seed.to_string());
        let long = ["--budget", BUDGET, "--directions", "upload", "--ciphers", &labels];
        let arguments = [&long[..], &["--client", &client, "--seed", &seed]].concat();
        let mut command = ends.command(None, &arguments, &journal);
        if let Some(journal) = series.add(&what, &mut command, &journal) {
            let (slower, conclusion) = verdict(&Survey::read(journal).unwrap());
            eprintln!("{slower} slower: {conclusion}");
        }
    }
    series.keep(directory, NAME);
}

/// A client that uses one cipher, whatever it is asked for, and says otherwise in its log. The lines pass one
/// by one, as they are written: their times tell the setup and the ends of slices.
fn of_one_cipher(testbed: &Testbed) -> String {
    let client = testbed.path("client");
    let script = format!(
        r#"#!/bin/bash
arguments=() label=
while [ $# -gt 0 ]; do
  case $1 in
    -c) label=$2; arguments+=(-c {GCM}); shift 2;;
    --) break;;
    *) arguments+=("$1"); shift;;
  esac
done
[ ! "$label" ] || exec 2> >(exec sed -u "s/{GCM}/$label/g" >&2)
exec ssh "${{arguments[@]}}" "$@"
"#
    );
    fs::write(&client, script).unwrap();
    fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).unwrap();
    client.display().to_string()
}

/// How many labels are called slower, and the conclusion.
fn verdict(survey: &Survey) -> (usize, String) {
    let summary = summarise(survey);
    let slower = rows(&summary.tables)
        .filter(|row| row.speed.is_some_and(|speed| speed.label == Label::Slower))
        .count();
    let section = summary.tables.first().and_then(|table| table.sections.first());
    let conclusion = section.and_then(|section| section.conclusion.as_ref());
    (slower, conclusion.map(|conclusion| conclusion.text.clone()).unwrap_or_default())
}

/// The same rounds, their labels dealt anew in each.
fn permuted(survey: &Survey, random: &mut ChaCha8Rng) -> Survey {
    let mut survey = survey.clone();
    for round in 1..=rounds(&survey) {
        let of_round = survey.samples.iter_mut().filter(|sample| sample.round == round);
        let mut samples: Vec<_> = of_round.collect();
        let mut labels: Vec<_> = samples.iter().map(|sample| sample.cipher.clone()).collect();
        labels.sort();
        labels.shuffle(random);
        for (sample, label) in samples.iter_mut().zip(labels) {
            sample.cipher = label;
        }
    }
    survey
}

/// Whether every label was measured in every round, as permuting them asks for.
fn is_complete(survey: &Survey) -> bool {
    (1..=rounds(survey)).all(|round| {
        let of_round = measured(survey).filter(|sample| sample.round == round);
        of_round.count() == LABELS.len()
    })
}

fn measured(survey: &Survey) -> impl Iterator<Item = &Sample> {
    let of_rounds = survey.samples.iter().filter(|sample| sample.phase == Phase::Round);
    of_rounds.filter(|sample| sample.outcome == Outcome::Measured)
}

/// Pairs of labels, and how many of them are outside the interval of their ratio.
#[derive(Clone, Copy, Default)]
struct Outside {
    outside: usize,
    pairs: usize,
}

impl Outside {
    fn add(&mut self, outside: bool) {
        self.outside += usize::from(outside);
        self.pairs += 1;
    }

    fn percent(&self) -> f64 {
        100.0 * self.outside as f64 / self.pairs.max(1) as f64
    }

    fn said(&self) -> String {
        format!("{} of {} ({:.1} %)", self.outside, self.pairs, self.percent())
    }
}

/// What the surveys say together.
#[derive(Default)]
struct Together {
    /// Each row of a table against the leader, by the interval that is shown.
    shown: Outside,
    /// Each label against each other one.
    all: Outside,
    /// Half the intervals that are shown, in per cent.
    halves_percent: Vec<f64>,
    spreads: Vec<Spread>,
}

/// What a survey's connections and slices differ by, in `ln` of the rate.
struct Spread {
    /// Standard deviation of a sample about the fit of all.
    of_samples: f64,
    /// Of slices within a connection, for a second of them.
    of_slices: f64,
    /// Seconds of a sample.
    time_s: f64,
}

impl Together {
    fn add(&mut self, survey: &Survey) {
        for row in rows(&summarise(survey).tables) {
            if let Some(times) = row.speed.and_then(|speed| speed.times_leader) {
                self.shown.add(!(times.low..=times.high).contains(&1.0));
                self.halves_percent.push(50.0 * (times.high / times.low).ln());
            }
        }
        let own = |label: &&str| -> Vec<&Sample> {
            measured(survey).filter(|sample| sample.cipher.as_str() == *label).collect()
        };
        let samples: Vec<Vec<&Sample>> = LABELS.iter().map(own).collect();
        let field = field(&samples, Figure::Rate, &Startups::of(&survey.samples));
        let Some(fitted) = fit(&field.values) else { return };
        for a in 0..LABELS.len() {
            for b in 0..a {
                if let Some(interval) = paired(&fitted, a, b, ALPHA, Known::of(&field, a, b)) {
                    self.all.add(!(interval.lower()..=interval.upper()).contains(&0.0));
                }
            }
        }
        let slices: Vec<(f64, f64)> = measured(survey)
            .filter_map(|sample| {
                let (slices, real_s) = (sample.slices?, sample.real_s?);
                let slice_s = real_s / f64::from(slices.count.max(1));
                Some((slices.spread? * slice_s.sqrt(), real_s))
            })
            .collect();
        if !slices.is_empty() {
            let (spreads, times): (Vec<f64>, Vec<f64>) = slices.into_iter().unzip();
            self.spreads.push(Spread {
                of_samples: fitted.scale,
                of_slices: middle(&spreads),
                time_s: middle(&times),
            });
        }
    }

    /// σc, σs and the seconds of a sample, over all surveys.
    fn spread(&self) -> String {
        if self.spreads.is_empty() {
            return "The journals show no slices.\n".into();
        }
        let of = |figure: fn(&Spread) -> f64| {
            middle(&self.spreads.iter().map(figure).collect::<Vec<_>>())
        };
        let (samples, slices) = (of(|one| one.of_samples), of(|one| one.of_slices));
        let time_s = of(|one| one.time_s);
        let connections = (samples.powi(2) - slices.powi(2) / time_s).max(0.0).sqrt();
        format!(
            "A sample ({time_s:.2} s of slices) varies by {:.1} % about the fit of its survey. A second of \
             slices tells the rate of its connection to {:.1} % (σs); what is left are \
             {:.1} % by which connections differ (σc). Medians over the surveys.\n",
            100.0 * samples,
            100.0 * slices,
            100.0 * connections
        )
    }
}

pub fn report(directory: &Path) -> Report {
    let (kept, failed) = series::kept(directory, NAME);
    let mut text = format!(
        "# One cipher under six names\n\n\
         A client that uses {GCM} whatever it is asked for is surveyed with six ciphers (`--method pipe \
         --directions upload --budget {BUDGET}`), {SURVEYS} times: whoever is called slower is called so \
         falsely. Outside its pointwise 95 % interval is a ratio whose interval does not hold 1: of \
         each row against its leader, as tables show it, and of each label against each other one. Bounds: \
         a false \"slower\" in at most {MOST_SLOWER} of {SURVEYS} surveys; at most \
         {MOST_OUTSIDE_PERCENT} % of the pairs outside. Then the labels of each survey's rounds permuted \
         within each round, {PERMUTATIONS} times, through the analysis with all its interim analyses: a false \
         \"slower\" in at most {MOST_PERMUTED_PERCENT} %.\n\n\
         | survey | wall | rounds | false \"slower\" | its conclusion |\n\
         | ---: | ---: | ---: | ---: | --- |\n"
    );
    let (mut missed, mut together, mut wrong) = (Vec::new(), Together::default(), 0);
    for (number, Kept { wall_s, survey }) in (1..).zip(&kept) {
        let (slower, conclusion) = verdict(survey);
        let rounds = rounds(survey);
        text += &format!("| {number} | {wall_s:.0} s | {rounds} | {slower} | {conclusion} |\n");
        wrong += usize::from(slower > 0);
        together.add(survey);
    }
    for reason in &failed {
        text += &format!("\nOne survey failed: {reason}\n");
    }
    text += &format!(
        "\nA false \"slower\" in {wrong} of {} surveys. Outside their intervals: {} of the rows, \
         whose intervals are ±{:.1} % (median), and {} of all pairs of labels.\n\n{}",
        kept.len(),
        together.shown.said(),
        if together.halves_percent.is_empty() { 0.0 } else { middle(&together.halves_percent) },
        together.all.said(),
        together.spread()
    );
    if kept.len() + failed.len() < SURVEYS || failed.len() > MOST_FAILED {
        missed.push(format!("only {} surveys", kept.len()));
    }
    if wrong > MOST_SLOWER {
        missed.push(format!("a false \"slower\" in {wrong} surveys"));
    }
    for (what, outside) in [("rows", together.shown), ("pairs", together.all)] {
        if outside.percent() > MOST_OUTSIDE_PERCENT {
            missed.push(format!("{} of the {what} are outside", outside.said()));
        }
    }
    text += &permutations(&kept, &mut missed);
    Report { text, missed }
}

/// What the same rounds say with their labels dealt anew.
fn permutations(kept: &[Kept], missed: &mut Vec<String>) -> String {
    let (mut random, mut false_ones, mut all) = (ChaCha8Rng::seed_from_u64(0), 0, 0);
    for Kept { survey, .. } in kept.iter().filter(|kept| is_complete(&kept.survey)) {
        for _ in 0..PERMUTATIONS {
            false_ones += u32::from(verdict(&permuted(survey, &mut random)).0 > 0);
            all += 1;
        }
    }
    let percent = 100.0 * f64::from(false_ones) / f64::from(all.max(1));
    if percent > MOST_PERMUTED_PERCENT {
        missed.push(format!("a false \"slower\" in {percent:.1} % of permutations"));
    }
    format!("\n{all} permutations: a false \"slower\" in {percent:.1} %.\n")
}
