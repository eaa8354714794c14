//! The report as one page that holds all it needs: it opens from a mail, without a network and
//! without scripts.

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::panel::{Panel, panels};
use super::{Report, heading};
use crate::model::units::printable;
use text::prose;

mod below;
mod figure;
mod grid;
mod head;
mod tables;
mod text;
mod trials;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Of `SCRIPT`, so that a browser runs it and nothing else; the tests of pages look for it.
const SCRIPT_SHA256: &str = "cMcGNZEonZo3WeStLtUKS8pT7Uv9cWfozVInvdvNDeY=";

/// `beside`: the name of a CSV file with every trial that was written beside the page.
pub fn write(report: &Report, beside: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let panels = panels(report.survey, &report.summary.tables);
    let title = heading::title(report.survey);
    let main = html! {
        (head::conclusions(report))
        (head::recommended(report))
        (tables::all(report))
        (charts(report, &panels))
        (below::method(report))
        (below::remarks(report))
        (trials::all(report, beside))
    };
    let page = document(&title, &head::facts(report), &main, report);
    out.write_all(page.into_string().as_bytes())
}

/// Sections of the page by their ids, in their order; those without content are left out.
const SECTIONS: [(&str, &str); 7] = [
    ("conclusion", "Conclusion"),
    ("recommended", "Recommended"),
    ("figures", "Figures"),
    ("charts", "Charts"),
    ("method", "Method"),
    ("remarks", "Remarks"),
    ("trials", "Every trial"),
];

fn document(title: &str, facts: &Markup, main: &Markup, report: &Report) -> Markup {
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{SCRIPT_SHA256}'"
    );
    let has = |id: &str| main.0.contains(&format!("<section id=\"{id}\""));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "cipher-survey " (env!("CARGO_PKG_VERSION")) };
                title { (printable(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the conclusion" }
                header {
                    p.kind { "SSH cipher survey" }
                    h1 { (text::title(title)) }
                    (facts)
                }
                nav aria-label="Sections" {
                    ul {
                        @for (id, name) in SECTIONS.into_iter().filter(|(id, _)| has(id)) {
                            li { a href={ "#" (id) } { (name) } }
                        }
                    }
                }
                main #main { (main) }
                footer {
                    @if let Some(journal) = report.journal {
                        p { "Journal: " code { (prose(&journal.to_string_lossy())) } }
                    }
                    p { "Made by cipher-survey " (env!("CARGO_PKG_VERSION")) " from the journal alone." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn charts(report: &Report, panels: &[Panel]) -> Markup {
    let bytes = report.survey.header.file.bytes;
    html! {
        @if !panels.is_empty() {
            section #charts aria-labelledby="charts-title" {
                h2 #charts-title { "Charts" }
                @for panel in panels {
                    h3 #(panel.id()) { (prose(&panel.title)) }
                    @for chart in figure::all(panel, report.survey, bytes) {
                        (figure::figure(&chart, &panel.id()))
                    }
                }
            }
        }
    }
}
