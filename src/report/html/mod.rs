//! The report as one page that holds all it needs: it opens from a mail, without a network and
//! without scripts.

use std::io::{self, Write};

use maud::{Markup, html};

use super::chart::panel::{Panel, panels};
use super::document::{Content, Printable, Report};
use super::survey::heading;
use page::{Page, Section};
use text::prose;

mod answer;
mod conclusion;
pub mod figure;
mod grid;
mod method;
pub mod page;
mod rows;
mod samples;
mod sheet;
mod text;

pub use samples::MOST_SAMPLES;

pub fn write(printed: &dyn Printable, out: &mut dyn Write) -> io::Result<()> {
    let page = match printed.content() {
        Content::Survey(report) => survey(report),
        Content::Sheet(sheet) => sheet::page(&sheet),
    };
    out.write_all(page.as_bytes())
}

fn survey(report: &Report) -> String {
    let panels = panels(report.survey, &report.summary.tables);
    let sections = [
        Some(answer::answer(report)),
        method::remarks(report),
        charts(report, &panels),
        Some(conclusion::conclusions(report)),
        conclusion::recommended(report),
        rows::all(report),
        Some(conclusion::facts(report)),
        Some(method::method(report)),
        samples::all(report),
    ];
    let page = Page {
        kind: "SSH cipher survey",
        title: heading::title(report.survey),
        facts: html! {
            @for line in heading::ends(report.survey, &report.summary) { p.facts { (prose(&line)) } }
        },
        sections: sections.into_iter().flatten().collect(),
        source: html! {
            @if let Some(journal) = report.journal {
                p { "Journal: " code { (prose(&journal.to_string_lossy())) } }
            }
        },
    };
    page.document().into_string()
}

/// Throughput and CPU: the others say more of the same.
const OPEN_CHARTS: usize = 2;

fn charts(report: &Report, panels: &[Panel]) -> Option<Section> {
    let of = |panel: &Panel| -> Markup {
        html! {
            h3 #(panel.id()) { (prose(&panel.title)) }
            @let all = figure::all(panel, report.survey);
            @for chart in all.iter().take(OPEN_CHARTS) { (figure::figure(chart, &panel.id())) }
            details {
                summary { "More charts" }
                @for chart in all.iter().skip(OPEN_CHARTS) { (figure::figure(chart, &panel.id())) }
            }
        }
    };
    (!panels.is_empty()).then(|| Section {
        id: "charts",
        title: "Charts",
        folded: false,
        body: html! {
            @if panels.len() > 1 {
                ul.panels {
                    @for panel in panels { li { a href={ "#" (panel.id()) } { (prose(&panel.title)) } } }
                }
            }
            @for panel in panels { (of(panel)) }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::{rounds, survey};
    use crate::model::Survey;

    fn page(survey: &Survey, samples_file: Option<&str>) -> String {
        let journal = std::path::Path::new("a b/<pi1>.jsonl");
        let mut out = Vec::new();
        let samples_file = samples_file.map(str::to_owned);
        let report = Report { samples_file, ..Report::of(survey, Some(journal)) };
        write(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_sample_is_on_the_page_unless_there_are_too_many() {
        let few = survey(rounds("aes128-ctr", [50.0, 51.0, 52.0]));
        let text = page(&few, None);
        assert!(text.contains("3 samples, those of the calibration included"));
        assert!(text.contains("--format csv 'a b/&lt;pi1&gt;.jsonl'"), "{text}");

        let many = survey(rounds("aes128-ctr", [50.0; 501]));
        let text = page(&many, Some("<pi1>.csv"));
        assert!(!text.contains("calibration included") && text.contains("All 501 samples are in"));
        assert!(text.contains("&lt;pi1&gt;.csv") && !text.contains("<pi1>"));
    }

    #[test]
    fn a_survey_of_nothing_is_still_a_page() {
        let text = page(&survey(vec![]), None);
        assert!(text.contains("Nothing was measured") && !text.contains("href=\"#charts\""));
        assert!(text.contains("nothing was measured; "), "the warning is there: {text}");
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let text = page(&survey(rounds("aes128-ctr", [50.0, 51.0, 52.0])), None);
        for outside in ["http:", "https:", " src=", "url(", "@import", "<link"] {
            assert!(!text.contains(outside), "{outside}");
        }
    }
}
