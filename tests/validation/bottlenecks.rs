//! Testbeds with one bottleneck each: how often it is named, and how often another.

use std::fs;
use std::path::Path;

use cipher_survey::analysis::bottleneck::kind::Bottleneck;
use cipher_survey::analysis::rows::table::rows;
use cipher_survey::analysis::summarise;
use cipher_survey::model::survey::Survey;

use crate::Report;
use crate::evidence;
use crate::series::{chosen, many};
use crate::testbed::scenarios::{ALL, Scenario};

const REPETITIONS: usize = 10;

/// Repetitions of ten in which a bottleneck has to be named.
fn at_least(bottleneck: &str) -> usize {
    match bottleneck {
        "storage" | "window" | "contention" => 7,
        _ => 9,
    }
}

/// Measures all testbeds, or with `--setting NAME` that one; what is kept of the others stays.
pub fn measure(directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    let chosen = chosen(ALL.iter().map(|scenario| scenario.name));
    let scenarios: Vec<&Scenario> = ALL.iter().filter(|scenario| chosen(scenario.name)).collect();
    let mut journals: Vec<Vec<Vec<u8>>> = vec![Vec::new(); scenarios.len()];
    // One of each in turn, so that all have the same conditions.
    for repetition in 1..=many(REPETITIONS) {
        for (scenario, kept) in scenarios.iter().zip(&mut journals) {
            let directory = tempfile::tempdir().unwrap();
            let journal = directory.path().join("journal");
            scenario.run(&journal);
            kept.push(std::fs::read(&journal).unwrap());
            let survey = Survey::read(kept.last().unwrap()).unwrap();
            for (cipher, bottleneck) in bottlenecks(&survey) {
                eprintln!(
                    "{repetition} {} {cipher}: {} ({})",
                    scenario.name, bottleneck.kind, bottleneck.evidence
                );
            }
        }
    }
    for (scenario, journals) in scenarios.iter().zip(&journals) {
        evidence::keep_journals(&directory.join(file(scenario)), journals);
    }
}

fn file(scenario: &Scenario) -> String {
    format!("{}.jsonl.gz", scenario.name)
}

fn bottlenecks(survey: &Survey) -> Vec<(String, Bottleneck)> {
    let summary = summarise(survey);
    rows(&summary.tables)
        .filter_map(|row| Some((row.cipher.to_string(), row.bottleneck.clone()?)))
        .collect()
}

/// The name of a bottleneck as it is in JSON.
fn name(bottleneck: &Bottleneck) -> String {
    serde_json::to_value(bottleneck.kind).unwrap().as_str().unwrap().to_owned()
}

pub fn report(directory: &Path) -> Report {
    let mut text = format!(
        "# The bottleneck, where it is known\n\n\
         Each testbed has one bottleneck (`tests/testbed/scenarios.rs`): two ciphers, uploads, one round, \
         {REPETITIONS} repetitions. Named: for both ciphers, or rightly left unknown. Wrong: another name for either. \
         Bounds: CPU, quota, network and what is to be left unknown in 9 of 10, storage, window and contention in 7, \
         wrong in none.\n\n\
         | testbed | bottleneck | named | unknown | wrong | in the survey's words |\n\
         | --- | --- | ---: | ---: | ---: | --- |\n"
    );
    let mut missed = Vec::new();
    for scenario in &ALL {
        let (mut named, mut wrong, mut words) = (0, 0, String::new());
        let evidence = directory.join(file(scenario));
        if !evidence.exists() {
            missed.push(format!("{}: not measured", scenario.name));
            continue;
        }
        let surveys = evidence::surveys(&evidence);
        for survey in &surveys {
            let bottlenecks = bottlenecks(survey);
            let right =
                |(_, bottleneck): &&(String, Bottleneck)| name(bottleneck) == scenario.bottleneck;
            let is_wrong = |one: &(String, Bottleneck)| !right(&one) && name(&one.1) != "unknown";
            wrong += usize::from(bottlenecks.iter().any(is_wrong));
            if bottlenecks.len() == scenario.ciphers.len()
                && bottlenecks.iter().filter(right).count() == bottlenecks.len()
            {
                named += 1;
                words = bottlenecks[0].1.evidence.clone();
            }
        }
        let unknown = surveys.len() - named - wrong;
        text += &format!(
            "| {} | {} | {named} | {unknown} | {wrong} | {words} |\n",
            scenario.name, scenario.bottleneck
        );
        let least = at_least(scenario.bottleneck);
        if surveys.len() < REPETITIONS {
            missed.push(format!("{}: only {} repetitions", scenario.name, surveys.len()));
        }
        if named < least {
            missed.push(format!("{}: named in {named}, not in {least} of 10", scenario.name));
        }
        if wrong > 0 {
            missed.push(format!("{}: wrong in {wrong}", scenario.name));
        }
    }
    Report { text, missed }
}
