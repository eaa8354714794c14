//! The report as one page that holds all it needs: it opens from a mail, without a network and
//! without scripts.

use std::io::{self, Write};

use maud::{Markup, html};

use super::chart::panel::{Panel, panels};
use super::{Report, heading};
use page::{Page, Section};
use text::prose;

mod below;
pub mod figure;
mod grid;
mod head;
pub mod page;
mod tables;
mod text;
mod trials;

/// `beside`: the name of a CSV file with every trial that was written beside the page.
pub fn write(report: &Report, beside: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let panels = panels(report.survey, &report.summary.tables);
    let sections = [
        Some(head::conclusions(report)),
        head::recommended(report),
        tables::all(report),
        charts(report, &panels),
        Some(below::method(report)),
        below::remarks(report),
        trials::all(report, beside),
    ];
    let page = Page {
        kind: "SSH cipher survey",
        title: heading::title(report.survey),
        facts: head::facts(report),
        sections: sections.into_iter().flatten().collect(),
        source: html! {
            @if let Some(journal) = report.journal {
                p { "Journal: " code { (prose(&journal.to_string_lossy())) } }
            }
        },
    };
    out.write_all(page.document().into_string().as_bytes())
}

fn charts(report: &Report, panels: &[Panel]) -> Option<Section> {
    let of = |panel: &Panel| -> Markup {
        html! {
            h3 #(panel.id()) { (prose(&panel.title)) }
            @for chart in figure::all(panel, report.survey) {
                (figure::figure(&chart, &panel.id()))
            }
        }
    };
    (!panels.is_empty()).then(|| Section {
        id: "charts",
        title: "Charts",
        body: html! { @for panel in panels { (of(panel)) } },
    })
}
