//! The instrument against independent truths.
//!
//! `cargo test --test validation` remakes each report in `results/validation/` from the evidence
//! kept beside it, and fails where one differs (bounds that it misses are shown in it); with
//! `-- --accept` it writes them anew. `cargo test --release --test validation -- --measure bottlenecks`
//! (or another name of [`ALL`]) measures anew, as root, on a machine that does nothing else; it exits
//! with 1 where a bound is missed. With CIPHER_SURVEY_FEW=1 it is tried in its smallest form: its report is
//! printed, and nothing of it is kept. The pages of the surveys kept in `results/` are remade likewise;
//! `results/make` surveys anew.

mod bed;
mod bottlenecks;
#[cfg(feature = "russh")]
mod builtin_ssh;
mod costs;
mod decisions;
mod efficiency;
mod ends;
mod evidence;
mod labels;
#[cfg(feature = "russh")]
mod minimal;
mod ranking;
mod rates;
mod series;
mod surveys;
#[path = "../testbed/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of the whole program")]
mod testbed;
mod whole_file;

use std::path::Path;
use std::process::ExitCode;

/// One claim: how its evidence is gathered, and what the evidence says.
struct Validation {
    name: &'static str,
    /// A file of the evidence that the report is made from.
    evidence: &'static str,
    measure: fn(&Path),
    report: fn(&Path) -> Report,
}

/// What the evidence says.
pub struct Report {
    pub text: String,
    /// The bounds that are missed, one sentence each.
    pub missed: Vec<String>,
}

macro_rules! validation {
    ($name:ident, $evidence:literal) => {
        Validation {
            name: stringify!($name),
            evidence: $evidence,
            measure: $name::measure,
            report: $name::report,
        }
    };
}

const ALL: &[Validation] = &[
    validation!(rates, "surveys.jsonl.gz"),
    validation!(costs, "openssh-9.2-root-walls.jsonl.gz"),
    validation!(whole_file, "openssh-9.2-root-walls.jsonl.gz"),
    validation!(efficiency, ""),
    validation!(ranking, "aes.jsonl.gz"),
    validation!(labels, "one-cipher.jsonl.gz"),
    validation!(bottlenecks, "link.jsonl.gz"),
    validation!(decisions, "quick.jsonl.gz"),
    #[cfg(feature = "russh")]
    validation!(builtin_ssh, "runs.jsonl.gz"),
];

fn main() -> ExitCode {
    #[cfg(feature = "russh")]
    if std::env::args().nth(1).as_deref() == Some(minimal::WORD) {
        return minimal::run(&std::env::args().skip(2).collect::<Vec<_>>());
    }
    // `results/make`
    if let Some(at) = std::env::args().position(|word| word == "--surveys") {
        surveys::make(&std::env::args().skip(at + 1).collect::<Vec<_>>());
        surveys::differing(true);
        return ExitCode::SUCCESS;
    }
    let wanted = std::env::args().skip_while(|word| word != "--measure").nth(1);
    let accept = std::env::args().any(|word| word == "--accept");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/validation");
    let mut failures = Vec::new();
    let is_wanted =
        |validation: &&Validation| wanted.as_ref().is_none_or(|name| name == validation.name);
    assert!(ALL.iter().any(|validation| is_wanted(&validation)), "no measurement: {wanted:?}");
    for validation in ALL.iter().filter(is_wanted) {
        if wanted.is_some() && series::is_few() {
            tried(validation);
            continue;
        }
        let evidence = root.join(validation.name);
        if wanted.is_some() {
            (validation.measure)(&evidence);
        }
        let kept = root.join(format!("{}.md", validation.name));
        failures.extend(remade(validation, &evidence, &kept, accept || wanted.is_some()));
    }
    if wanted.is_none() {
        let differing = surveys::differing(accept);
        if differing.is_empty() {
            println!("validation surveys: their pages remade from their journals, equal");
        }
        failures.extend(differing);
    }
    for failure in &failures {
        eprintln!("{failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The smallest form of a measurement, of which nothing is kept.
fn tried(validation: &Validation) {
    let place = tempfile::tempdir().unwrap();
    let directory = series::left_in().unwrap_or_else(|| place.path().to_owned());
    (validation.measure)(&directory);
    print!("{}", full(validation, &directory).text);
    println!("\nTried only ({} is set): nothing of it is kept.", series::FEW);
}

/// Makes a report from its evidence; what is wrong with it, or with the one that is kept.
fn remade(validation: &Validation, evidence: &Path, kept: &Path, write: bool) -> Vec<String> {
    let first = evidence.join(validation.evidence);
    if !first.exists() {
        let Validation { name, .. } = validation;
        // A report that is kept has evidence; without one nothing is claimed.
        if !kept.exists() {
            println!("validation {name}: not measured yet; `-- --measure {name}` does it");
            return Vec::new();
        }
        return vec![format!("{name}: no {}; `-- --measure {name}` makes it", first.display())];
    }
    let report = full(validation, evidence);
    if write {
        std::fs::write(kept, &report.text).unwrap();
        print!("{}", report.text);
        return report.missed;
    }
    if std::fs::read_to_string(kept).unwrap_or_default() == report.text {
        // Bounds that it misses are shown in it, and explained in docs/bias.md.
        println!("validation {}: remade from its evidence, equal", validation.name);
        return Vec::new();
    }
    vec![format!(
        "{} is not what its evidence says, which is:\n{}\n\
         `cargo test --test validation -- --accept` writes it",
        kept.display(),
        report.text
    )]
}

/// The report with its bounds and the command that makes it.
fn full(validation: &Validation, evidence: &Path) -> Report {
    let mut report = (validation.report)(evidence);
    report.text += match report.missed.is_empty() {
        true => "\nAll bounds are met.\n",
        false => "\nMissed:\n\n",
    };
    for missed in &report.missed {
        report.text += &format!("- {missed}\n");
    }
    report.text += &format!(
        "\nMade by `cargo test --release --test validation -- --measure {}`; the machine is \
         described in [README.md](README.md).\n",
        validation.name
    );
    report
}
