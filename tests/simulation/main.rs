//! Surveys of hosts whose truth is known, through the real rounds, stopping rule, journal and
//! analysis.
//!
//! `cargo test --test simulation` runs a short form; the long one, whose report is kept, is
//! `cargo test --locked --test simulation -- --surveys 2000 --report results/validation/simulation.md`.
//! `--world NAME`: one world alone.
//! Exits with 1 where a bound is missed.

mod bounds;
mod conditions;
mod connection;
#[path = "../testbed/contradictions.rs"]
mod contradictions;
mod host;
mod naive;
mod programs;
mod survey;
mod tally;
mod worlds;

use std::process::ExitCode;

use tally::Tally;

/// Surveys of each world in the short form.
const SHORT: u64 = 60;

fn main() -> ExitCode {
    let option = |name: &str| std::env::args().skip_while(|word| word != name).nth(1);
    let surveys = option("--surveys").map_or(SHORT, |text| text.parse().expect("a number"));
    let only = option("--world");
    let mut report = tally::heading(surveys);
    let mut missed = Vec::new();
    for world in worlds::all() {
        if only.as_ref().is_some_and(|name| name != world.name) {
            continue;
        }
        let mut tally = Tally::default();
        for seed in 0..surveys {
            tally.add(&world, &survey::run(&world, seed));
        }
        report += &tally.line(&world);
        missed.extend(bounds::missed(&world, &tally));
    }
    report += &bounds::text(&missed);
    print!("{report}");
    if let Some(path) = option("--report") {
        std::fs::write(&path, &report).expect("the report can be written");
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
