//! Every trial as it was measured, or where else to find them.

use maud::{Markup, html};

use super::grid::grid;
use super::page::Section;
use super::text::prose;
use crate::analysis::naming::distinctions;
use crate::analysis::samples::series::steady_rate;
use crate::analysis::samples::startup::Startups;
use crate::model::record::{Outcome, Phase, Sample, Spent};
use crate::model::units::MB;
use crate::report::chart::{Cell, Column, Grid};
use crate::report::{Report, cells};

/// More would make the page slow to open.
pub const MOST_SAMPLES: usize = 500;

pub fn all(report: &Report) -> Option<Section> {
    let many = report.survey.samples.len();
    let body = html! {
        @if many <= MOST_SAMPLES {
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
    let many = report.survey.samples.len();
    html! {
        @match &report.samples_file {
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

/// Short, since there are many: what all trials share is not said of each, and figures are rounded
/// here, since the CSV has all their digits.
fn table(report: &Report) -> Grid {
    let survey = report.survey;
    let startups = Startups::of(&survey.samples);
    let pairings = &survey.header.pairings;
    let (several, methods) = (pairings.len() > 1, survey.header.methods.len() > 1);
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
    columns.push(Column::text("failed"));
    let row = |sample: &Sample| {
        let mut what = sample.direction.to_string();
        if methods {
            what = format!("{} {what}", sample.method);
        }
        if several {
            what += &format!(" {}", sample.pairing + 1);
        }
        let rounded = |value: Option<f64>| Cell::text(cells::figure(value));
        let cpu_s = |spent: Option<Spent>| rounded(spent.map(|spent| spent.bulk.total_s));
        let rate = steady_rate(sample, &startups).map(|rate| rate / MB);
        let name = match &sample.mac {
            Some(mac) => format!("{} with {mac}", sample.cipher),
            None => sample.cipher.to_string(),
        };
        let cells = vec![
            Cell::text(match sample.phase {
                Phase::Pilot => "pilot".to_owned(),
                Phase::Round => sample.round.to_string(),
            }),
            Cell::text(what),
            Cell::text(format!("{:.1}", sample.at_s)),
            rounded(sample.bytes.map(|bytes| bytes as f64 / MB)),
            rounded(rate.filter(|_| sample.outcome == Outcome::Measured)),
            cpu_s(sample.client),
            cpu_s(sample.server),
            Cell::text(match &sample.outcome {
                Outcome::Measured => "",
                Outcome::Failed { reason, .. } => reason,
            }),
        ];
        (name, cells)
    };
    let mut caption = "Every trial, in the order in which they ended".to_owned();
    if several {
        let told = (1..).zip(distinctions(pairings));
        let told: Vec<String> = told.map(|(number, text)| format!("{number} {text}")).collect();
        caption += &format!("; {}", told.join(", "));
    }
    Grid { caption, columns, rows: survey.samples.iter().map(row).collect() }
}
