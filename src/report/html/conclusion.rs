//! What was surveyed, what it comes to and what to use.

use maud::{Markup, html};

use super::page::Section;
use super::text::prose;
use crate::model::units::printable;
use crate::report::document::Report;
use crate::report::survey::advice::{Advised, Use};
use crate::report::survey::{heading, notes};
use crate::ssh::paste::Paste;

pub fn facts(report: &Report) -> Section {
    let body = html! {
        dl.facts {
            @for (label, text) in heading::facts(report.survey, &report.summary) {
                dt { (label) }
                dd { (prose(&text)) }
            }
        }
    };
    Section { id: "ends", title: "Both ends", folded: true, body }
}

pub fn conclusions(report: &Report) -> Section {
    let body = html! {
        @if notes::conclusions(&report.summary).next().is_none() {
            p { "Nothing was measured; see the remarks below." }
        }
        @for (scope, said) in notes::conclusions(&report.summary) {
            p { strong { (prose(scope)) } (prose(said)) }
        }
    };
    Section { id: "conclusion", title: "Conclusion", folded: true, body }
}

pub fn recommended(report: &Report) -> Option<Section> {
    let body = html! { @for one in &report.advised { (advised(one)) } };
    (!report.advised.is_empty()).then_some(Section {
        id: "recommended",
        title: "Recommended",
        folded: true,
        body,
    })
}

fn advised(one: &Advised) -> Markup {
    html! {
        h3 { "For " (prose(&one.recommendation.scope)) }
        dl.advice {
            @for advice in &one.recommendation.goals {
                dt { (advice.goal.words()) }
                dd { (prose(&advice.text)) "." }
            }
            @if let Some(copies) = &one.recommendation.confirmation {
                dt { "copies" }
                dd { (prose(&copies.text)) "." }
            }
        }
        @for caveat in &one.recommendation.caveats {
            p.caveat { strong { "Caveat: " } (prose(caveat)) "." }
        }
        @for (cipher, reason) in &one.recommendation.below_floor {
            p.caveat { strong { "Not " (prose(cipher.as_str())) ": " } (prose(reason)) "." }
        }
        @if one.uses.is_empty() {
            p { (one.without_lines()) }
        }
        @for used in &one.uses { (lines(used)) }
    }
}

/// What to paste.
fn lines(used: &Use) -> Markup {
    let goals: Vec<&str> = used.goals.iter().map(|goal| goal.words()).collect();
    let Paste { ssh_config, scp, sftp, sshfs, rsync, .. } = &used.paste;
    html! {
        p { "To use " (prose(&used.choice.to_string())) " (" (goals.join(", ")) "), in ssh_config:" }
        pre tabindex="0" { code { (verbatim(ssh_config)) } }
        details {
            summary { "Lines for scp, sftp, sshfs and rsync" }
            @for command in [scp, sftp, sshfs, rsync] {
                pre tabindex="0" { code { (printable(command)) } }
            }
        }
    }
}

/// To be copied as they are.
fn verbatim(lines: &[String]) -> Markup {
    html! {
        @for line in lines { (printable(line)) "\n" }
    }
}
