//! How it was measured, and what went wrong.

use maud::html;

use super::page::Section;
use super::text::prose;
use crate::analysis::phrases::per_cent;
use crate::model::Survey;
use crate::model::record::Header;
use crate::report::document::Report;
use crate::report::survey::notes;

/// Short, for who has nothing but the page; `docs/method.md` is the whole of it.
pub fn method(report: &Report) -> Section {
    let header = &report.survey.header;
    let (sample, local_cpu) = samples(report.survey);
    let body = html! {
        p { (sample) " (seed " (header.seed) "), so that drift falls on all ciphers alike." }
        p {
            "Rates are steady ones, without setup and start-up; a cipher's figure is its level under \
             the average conditions of the rounds, by a robust fit. CPU is that of the SSH processes: \
             locally by " (local_cpu) ", remotely by the source that each table names. Intervals are \
             of 95 %."
        }
        p { (prose(&stop(header))) }
        p { "The command: " code { (prose(&header.command.join(" "))) } }
    };
    Section { id: "method", title: "Method", folded: true, body }
}

/// What a sample is, and what local CPU is read by.
fn samples(survey: &Survey) -> (&'static str, &'static str) {
    match survey.samples.iter().any(|sample| sample.slices.is_some()) {
        true => (
            "In each round a new connection per cipher, with the cipher that the client's log proves, is \
             fed in slices of a fraction of a second, in turn with all the others; a sample is their sum. \
             Turns come in shuffled order",
            "the CPU clocks of the processes",
        ),
        false => (
            "Each sample is one real transfer over a connection of its own, with the cipher that \
             the client's log proves. Each round takes one sample per cipher and direction, in \
             shuffled order",
            "wait4 and /proc",
        ),
    }
}

/// When rounds were to end.
fn stop(header: &Header) -> String {
    let precision = per_cent(100.0 * header.precision);
    let until = match (header.rounds, header.thorough) {
        (Some(rounds), _) => {
            return format!("{rounds} rounds were asked for; how many were run is at the top.");
        }
        (None, true) => format!("each cipher was known to be slower or equal (within {precision})"),
        (None, false) => format!("no cipher could be more than {precision} faster than the leader"),
    };
    format!(
        "Rounds were to go on until {until}, or until the budget could not decide it; why they \
         ended is at the top."
    )
}

/// Skipped, failed, warnings.
pub fn remarks(report: &Report) -> Option<Section> {
    let summary = &report.summary;
    let groups: [(&str, Vec<String>); 3] = [
        ("Warnings", notes::warnings(summary).collect()),
        ("Failed", notes::failures(summary).collect()),
        ("Skipped", notes::skipped(summary).collect()),
    ];
    let told = || groups.iter().filter(|(_, texts)| !texts.is_empty());
    let body = html! {
        @for (title, texts) in told() {
            h3 { (title) }
            ul { @for text in texts { li { (prose(text)) } } }
        }
    };
    told().next().map(|_| Section { id: "remarks", title: "Remarks", folded: false, body })
}
