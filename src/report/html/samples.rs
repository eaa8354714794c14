//! Every sample as it was measured, or where else to find them.

use maud::{Markup, html};

use super::page::Section;
use super::text::prose;
use crate::analysis::naming::distinctions;
use crate::report::columns::grid;
use crate::report::columns::samples::{Line, of_page};
use crate::report::document::Report;
use crate::report::grid::{Cell, Grid};

/// More would make the page slow to open.
pub const MOST_SAMPLES: usize = 500;

pub fn all(report: &Report) -> Option<Section> {
    let many = report.survey.samples.len();
    let body = html! {
        @if many <= MOST_SAMPLES {
            details.long {
                summary { (many) " samples, those of the calibration included" }
                (super::grid::grid(&table(report), "samples"))
            }
        }
        p { (elsewhere(report)) }
    };
    (many > 0).then_some(Section { id: "samples", title: "Every sample", folded: true, body })
}

fn elsewhere(report: &Report) -> Markup {
    let many = report.survey.samples.len();
    html! {
        @match &report.samples_file {
            Some(file) => { "All " (many) " samples are in " code { (prose(file)) } " beside this page." },
            None => {
                "All " (many) " samples as CSV: "
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

/// Short, since there are many: what all samples share is not said of each, and figures are rounded
/// here, since the CSV has all their digits.
fn table(report: &Report) -> Grid {
    let survey = report.survey;
    let pairings = &survey.header.pairings;
    let mut title = "Every sample, in the order in which they ended".to_owned();
    if pairings.len() > 1 {
        let told = (1..).zip(distinctions(pairings));
        let told: Vec<String> = told.map(|(number, text)| format!("{number} {text}")).collect();
        title += &format!("; {}", told.join(", "));
    }
    let lines: Vec<Line> = Line::all(survey).collect();
    grid(title, &lines, &of_page(&lines), Line::name, |column, line| Cell::text(column.text(line)))
}
