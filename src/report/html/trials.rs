//! Every trial as it was measured, or where else to find them.

use maud::{Markup, html};

use super::grid::grid;
use super::page::Section;
use super::text::prose;
use crate::analysis::series::steady_rate;
use crate::analysis::startup::Startups;
use crate::analysis::summary::distinctions;
use crate::model::record::{Outcome, Phase, Spent, Trial};
use crate::model::units::MB;
use crate::report::Report;
use crate::report::chart::{Cell, Column, Grid};

/// More would make the page slow to open.
pub const MOST_TRIALS: usize = 500;

pub fn all(report: &Report) -> Option<Section> {
    let many = report.survey.trials.len();
    let body = html! {
        @if many <= MOST_TRIALS {
            details.long {
                summary { (many) " trials, the pilot's included" }
                (grid(&table(report), "trials"))
            }
        }
        p { (elsewhere(report)) }
    };
    (many > 0).then_some(Section { id: "trials", title: "Every trial", body })
}

fn elsewhere(report: &Report) -> Markup {
    let many = report.survey.trials.len();
    html! {
        @match &report.beside {
            Some(file) => { "All " (many) " trials are in " code { (prose(file)) } " beside this page." },
            None => {
                "All " (many) " trials as CSV: "
                code {
                    "cipher-survey report --format csv "
                    @match report.journal {
                        Some(journal) => (prose(&word(&journal.to_string_lossy()))),
                        None => "JOURNAL",
                    }
                }
            },
        }
    }
}

/// One word of a shell, since a command is there to be pasted.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@".contains(c);
    match text.chars().all(plain) && !text.starts_with('-') {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

fn table(report: &Report) -> Grid {
    let survey = report.survey;
    let startups = Startups::of(&survey.trials);
    let distinctions = distinctions(&survey.header.pairings);
    let several = survey.header.pairings.len() > 1;
    let mut columns = vec![Column::text("cipher"), Column::text("round"), Column::text("what")];
    for (heading, key) in [
        ("at s", "at_s"),
        ("MB", "mb"),
        ("MB/s", "rate_mb_per_s"),
        ("client CPU-s", "client_cpu_s"),
        ("server CPU-s", "server_cpu_s"),
    ] {
        columns.push(Column::figure(heading, key));
    }
    columns.push(Column::text("outcome"));
    let row = |trial: &Trial| {
        let mut what = format!("{} {}", trial.method, trial.direction);
        if several {
            what += &format!(" {}", distinctions[trial.pairing]);
        }
        let cpu_s = |spent: Option<Spent>| Cell::figure(spent.map(|spent| spent.bulk.total_s));
        let rate = steady_rate(trial, &startups).map(|rate| rate / MB);
        let name = match &trial.mac {
            Some(mac) => format!("{} with {mac}", trial.cipher),
            None => trial.cipher.to_string(),
        };
        let cells = vec![
            Cell::text(match trial.phase {
                Phase::Pilot => "pilot".to_owned(),
                Phase::Round => trial.round.to_string(),
            }),
            Cell::text(what),
            Cell::figure(Some(trial.at_s)),
            Cell::figure(trial.bytes.map(|bytes| bytes as f64 / MB)),
            Cell::figure(rate.filter(|_| trial.outcome == Outcome::Measured)),
            cpu_s(trial.client),
            cpu_s(trial.server),
            Cell::text(match &trial.outcome {
                Outcome::Measured => "measured".to_owned(),
                Outcome::Failed { reason, .. } => format!("failed: {reason}"),
            }),
        ];
        (name, cells)
    };
    Grid {
        caption: "Every trial, in the order in which they ended".into(),
        columns,
        rows: survey.trials.iter().map(row).collect(),
    }
}
