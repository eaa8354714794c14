//! One cipher under ten names: each "slower" is false.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cipher_survey::analysis::rows::table::rows;
use cipher_survey::analysis::summarise;
use cipher_survey::model::record::{Outcome, Phase};
use cipher_survey::model::survey::Survey;
use cipher_survey::stats::race::Label;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::Report;
use crate::ends::Ends;
use crate::evidence::{self, merged, rounds};
use crate::naive::calls_one_slower;
use crate::testbed::{ALL_CIPHERS, GCM, Options, Testbed};

const SURVEYS: usize = 5;
const LABELS: usize = 10;
const PERMUTATIONS: u64 = 500;
/// Most permutations, in per cent, in which a label may be called slower.
const MOST_PERCENT: f64 = 10.0;

pub fn measure(directory: &Path) {
    evidence::begin(directory);
    let ends = Ends::new(Options { server: ALL_CIPHERS, ..Options::default() });
    let client = of_one_cipher(&ends.testbed);
    let mut journals = Vec::new();
    for seed in 0..SURVEYS {
        let seed = seed.to_string();
        let arguments = ["--directions", "upload", "--client", &client, "--seed", &seed];
        let (wall_s, journal) = ends.survey(&arguments);
        let (slower, conclusion) = verdict(&Survey::read(&journal).unwrap());
        eprintln!("{wall_s:.0} s, {slower} slower: {conclusion}");
        journals.push(journal);
    }
    evidence::keep_journals(&directory.join("surveys.jsonl.gz"), &journals);
}

/// A client that uses one cipher, whatever it is asked for, and says otherwise in its log.
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
    let conclusion = summary.tables[0].sections[0].conclusion.as_ref();
    (slower, conclusion.map(|conclusion| conclusion.text.clone()).unwrap_or_default())
}

/// The rounds in which every label was measured, one after another.
fn recorded(surveys: Vec<Survey>) -> Survey {
    let mut all = merged(surveys);
    let complete: Vec<u32> = (1..=rounds(&all))
        .filter(|&round| {
            let measured = |sample: &&cipher_survey::model::record::Sample| {
                sample.round == round && sample.outcome == Outcome::Measured
            };
            all.samples.iter().filter(measured).count() == LABELS
        })
        .collect();
    all.samples
        .retain(|sample| sample.phase == Phase::Calibration || complete.contains(&sample.round));
    for sample in &mut all.samples {
        if sample.phase == Phase::Round {
            sample.round = complete.binary_search(&sample.round).unwrap() as u32 + 1;
        }
    }
    all
}

/// The same rounds, their labels dealt anew in each.
fn permuted(recorded: &Survey, seed: u64) -> Survey {
    let mut survey = recorded.clone();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for round in 1..=rounds(&survey) {
        let of_round = survey.samples.iter_mut().filter(|sample| sample.round == round);
        let mut samples: Vec<_> = of_round.collect();
        let mut labels: Vec<_> = samples.iter().map(|sample| sample.cipher.clone()).collect();
        labels.sort();
        labels.shuffle(&mut random);
        for (sample, label) in samples.iter_mut().zip(labels) {
            sample.cipher = label;
        }
    }
    survey
}

pub fn report(directory: &Path) -> Report {
    let surveys = evidence::surveys(&directory.join("surveys.jsonl.gz"));
    let mut text = format!(
        "# One cipher under ten names\n\n\
         A client that uses {GCM} whatever it is asked for is surveyed with ten ciphers (`pipe`, \
         uploads, no other flags), {SURVEYS} times: whoever is called slower is called so \
         falsely. Then the rounds of these surveys as one record, their labels permuted within \
         each round {PERMUTATIONS} times, through the analysis with all its interim analyses. Bounds: no \
         false \"slower\" in the surveys, one in at most {MOST_PERCENT} % of the permutations.\n\n\
         | survey | rounds | false \"slower\" | its conclusion |\n\
         | ---: | ---: | ---: | --- |\n"
    );
    let mut missed = Vec::new();
    for (number, survey) in (1..).zip(&surveys) {
        let (slower, conclusion) = verdict(survey);
        text += &format!("| {number} | {} | {slower} | {conclusion} |\n", rounds(survey));
        if slower > 0 {
            missed.push(format!("survey {number}: {slower} labels are called slower"));
        }
    }
    if surveys.len() < SURVEYS {
        missed.push(format!("only {} surveys", surveys.len()));
    }
    let recorded = recorded(surveys);
    let (mut false_ones, mut naive) = (0, 0);
    for seed in 0..PERMUTATIONS {
        let survey = permuted(&recorded, seed);
        false_ones += u32::from(verdict(&survey).0 > 0);
        naive += u32::from(calls_one_slower(&survey.samples));
    }
    let percent = |count: u32| 100.0 * f64::from(count) / PERMUTATIONS as f64;
    text += &format!(
        "\n{} recorded rounds, permuted: a false \"slower\" in {:.1} % (a t test after each round \
         would call one slower in {:.0} %).\n",
        rounds(&recorded),
        percent(false_ones),
        percent(naive)
    );
    if percent(false_ones) > MOST_PERCENT {
        missed.push(format!("a false \"slower\" in {:.1} % of permutations", percent(false_ones)));
    }
    Report { text, missed }
}
