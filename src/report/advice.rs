//! Recommendations in words, with the lines to paste.

use std::ffi::OsStr;
use std::io::{self, Write};

use serde::Serialize;

use super::Style;
use super::page::{Ink, Page};
use crate::analysis::advice::Goal;
use crate::analysis::recommend::{Recommendation, for_all};
use crate::analysis::standing::Choice;
use crate::client::paste::{Paste, paste};
use crate::model::{Survey, Target};

/// Recommendations of one survey, and how to put them to use.
#[derive(Serialize)]
pub struct Advised {
    #[serde(flatten)]
    pub recommendation: Recommendation,
    /// When it was surveyed, as the journal has it.
    pub surveyed: String,
    pub uses: Vec<Use>,
}

/// A choice that differs from the default, what it is good for, and the lines that choose it.
#[derive(Serialize)]
pub struct Use {
    pub choice: Choice,
    pub goals: Vec<Goal>,
    pub paste: Paste,
}

pub fn advised(survey: &Survey, recommendations: Vec<Recommendation>) -> Vec<Advised> {
    let of = |recommendation: Recommendation| Advised {
        uses: uses(survey, &recommendation),
        surveyed: survey.header.started.clone(),
        recommendation,
    };
    recommendations.into_iter().map(of).collect()
}

fn uses(survey: &Survey, recommendation: &Recommendation) -> Vec<Use> {
    let pairing = &survey.header.pairings[recommendation.pairing];
    // A private server of this machine has no name to paste.
    let name = if pairing.loopback { "HOST" } else { &pairing.target };
    let Ok(target) = Target::parse(OsStr::new(name)) else { return Vec::new() };
    let mut uses: Vec<Use> = Vec::new();
    for advice in recommendation.advice.iter().filter(|advice| !advice.keep_default) {
        let Choice { cipher, mac, .. } = &advice.choice;
        match uses.iter_mut().find(|known| known.choice == advice.choice) {
            Some(known) => known.goals.push(advice.goal),
            None => uses.push(Use {
                choice: advice.choice.clone(),
                goals: vec![advice.goal],
                paste: paste(
                    &target,
                    cipher,
                    mac.as_ref(),
                    &pairing.client.version,
                    &pairing.client_proposal,
                ),
            }),
        }
    }
    uses
}

/// The closing lines of a survey: what to use for what.
pub fn closing(advised: &[Advised], page: &mut Page) {
    for one in advised {
        page.blank();
        goals(one, page);
        caveats(one, page);
        if let Some(first) = one.uses.first() {
            let goals: Vec<&str> = first.goals.iter().map(|goal| goal.words()).collect();
            let goals = goals.join(", ");
            page.paragraph(&format!("To use {} ({goals}), in ssh_config:", first.choice));
            // A line each and not wrapped, so that they can be copied.
            page.lines(first.paste.ssh_config[1..].iter().cloned());
            page.paragraph(
                "'cipher-survey recommend' has the lines for scp, sftp, sshfs and rsync.",
            );
        }
    }
}

fn goals(one: &Advised, page: &mut Page) {
    page.title(&format!("Recommended for {}", one.recommendation.scope));
    for advice in &one.recommendation.advice {
        page.labelled(
            &format!("  {}: ", advice.goal.words()),
            Ink::Bold,
            &format!("{}.", advice.text),
            "    ",
        );
    }
}

fn caveats(one: &Advised, page: &mut Page) {
    for caveat in &one.recommendation.caveats {
        page.labelled("  caveat: ", Ink::Yellow, &format!("{caveat}."), "    ");
    }
}

/// All that `cipher-survey recommend` prints.
pub fn write(advised: &[Advised], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(style);
    for (index, one) in advised.iter().enumerate() {
        if index > 0 {
            page.blank();
        }
        goals(one, &mut page);
        for (cipher, reason) in &one.recommendation.below_floor {
            page.labelled("  not ", Ink::Red, &format!("{cipher}: {reason}."), "    ");
        }
        caveats(one, &mut page);
        if one.uses.is_empty() {
            page.blank();
            page.paragraph("Nothing is to be changed.");
        }
        for used in &one.uses {
            let goals: Vec<&str> = used.goals.iter().map(|goal| goal.words()).collect();
            page.blank();
            page.paragraph(&format!("To use {} ({}):", used.choice, goals.join(", ")));
            let Paste { ssh_config, scp, sftp, sshfs, rsync } = &used.paste;
            let commands = ["", scp, sftp, sshfs, rsync].into_iter().map(str::to_owned);
            // Not wrapped, so that it can be copied.
            page.lines(ssh_config.iter().cloned().chain(commands));
        }
    }
    if let Some(text) = for_all(advised.iter().map(|one| &one.recommendation)) {
        page.blank();
        page.paragraph(&text);
    }
    out.write_all(page.finish().as_bytes())
}
