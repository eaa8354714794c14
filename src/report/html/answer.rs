//! What to use, what that gains and how sure it is, the lines that do so, and what it rests on.

use maud::{Markup, html};

use super::grid::grid;
use super::page::Section;
use super::text::prose;
use crate::model::units::{printable, significant};
use crate::report::document::Report;
use crate::report::survey::brief::Brief;
use crate::ssh::catalog::without_domain;

pub fn answer(report: &Report) -> Section {
    let briefs = Brief::all(report);
    let body = html! {
        @if briefs.is_empty() { p { "Nothing was measured; see the remarks below." } }
        @for (index, brief) in briefs.iter().enumerate() { (one(index, brief)) }
        @if !briefs.is_empty() {
            p.note { (prose(&Brief::legend(&briefs))) }
        }
    };
    Section { id: "answer", title: "Answer", folded: false, body }
}

fn one(index: usize, brief: &Brief) -> Markup {
    let lines = brief.paste();
    html! {
        h3 { (prose(&without_domain(&brief.headline()))) "." }
        @if let Some(times) = brief.gain() {
            p.gain { strong { (significant(times)) " ×" } " the default cipher's rate" }
        }
        dl.advice {
            @for (label, text) in brief.grounds() {
                dt { (label) }
                dd { (prose(&without_domain(&text))) "." }
            }
        }
        @if !lines.is_empty() {
            pre tabindex="0" { code { @for line in lines { (printable(line)) "\n" } } }
        }
        (grid(&brief.titled_grid(), &format!("answer-{index}")))
        @for (label, text) in brief.bottlenecks() {
            p.note { strong { (prose(&label)) ": " } (prose(&text)) "." }
        }
        @for text in brief.remedies() {
            p.note { strong { "what helps: " } (text) "." }
        }
    }
}
