//! The instrument against independent truths.
//!
//! `cargo test --test validation` remakes each report in `results/validation/` from the evidence
//! kept beside it, and fails where one differs (bounds that it misses are shown in it); with
//! `-- --accept` it writes them anew. `cargo test --release --test validation -- --measure bottlenecks`
//! (or another name of [`ALL`]) measures anew, as root, in less than an hour on a machine that does
//! nothing else; it exits with 1 where a bound is missed. The pages of the surveys kept in `results/`
//! are remade likewise; `results/make` surveys anew.

mod bottlenecks;
#[cfg(feature = "russh")]
mod builtin_ssh;
mod costs;
mod decisions;
mod ends;
mod evidence;
mod labels;
#[cfg(feature = "russh")]
mod minimal;
#[path = "../simulation/naive.rs"]
mod naive;
mod ranking;
mod rates;
mod surveys;
#[path = "../testbed/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of the whole program")]
mod testbed;

use std::path::Path;
use std::process::ExitCode;

/// One claim: how its evidence is gathered, and what the evidence says.
struct Validation {
    name: &'static str,
    measure: fn(&Path),
    report: fn(&Path) -> Report,
}

/// What the evidence says.
pub struct Report {
    pub text: String,
    /// The bounds that are missed, one sentence each.
    pub missed: Vec<String>,
}

const ALL: &[Validation] = &[
    Validation { name: "rates", measure: rates::measure, report: rates::report },
    Validation { name: "costs", measure: costs::measure, report: costs::report },
    Validation { name: "ranking", measure: ranking::measure, report: ranking::report },
    Validation { name: "labels", measure: labels::measure, report: labels::report },
    Validation { name: "bottlenecks", measure: bottlenecks::measure, report: bottlenecks::report },
    Validation { name: "decisions", measure: decisions::measure, report: decisions::report },
    #[cfg(feature = "russh")]
    Validation { name: "builtin_ssh", measure: builtin_ssh::measure, report: builtin_ssh::report },
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
    for validation in ALL {
        if wanted.as_ref().is_some_and(|name| name != validation.name) {
            continue;
        }
        let evidence = root.join(validation.name);
        let kept = root.join(format!("{}.md", validation.name));
        if wanted.is_some() {
            (validation.measure)(&evidence);
        }
        let report = full(validation, &evidence);
        if accept || wanted.is_some() {
            std::fs::write(&kept, &report.text).unwrap();
            print!("{}", report.text);
            failures.extend(report.missed);
        } else if std::fs::read_to_string(&kept).unwrap_or_default() == report.text {
            // Bounds that it misses are shown in it, and explained in docs/bias.md.
            println!("validation {}: remade from its evidence, equal", validation.name);
        } else {
            failures.push(format!(
                "{} is not what its evidence says, which is:\n{}\n\
                 `cargo test --test validation -- --accept` writes it",
                kept.display(),
                report.text
            ));
        }
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
