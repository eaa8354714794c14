//! Recommendations in words.

use std::io::{self, Write};

use super::page::{Ink, Page};
use crate::analysis::advice::for_all::for_all;
use crate::analysis::advice::goal::Goal;
use crate::model::units::printable;
use crate::report::format::Style;
use crate::report::survey::advice::Advised;
use crate::ssh::paste::Paste;

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
            page.lines(first.paste.ssh_config.iter().map(|line| printable(line)));
            page.paragraph(
                "'cipher-survey recommend JOURNAL' has the lines for scp, sftp, sshfs and rsync, and \
                 those for the other goals; --for PROGRAM those for others.",
            );
        }
    }
}

fn goals(one: &Advised, page: &mut Page) {
    page.title(&format!("Recommended for {}", one.recommendation.scope));
    if let Some(answer) = one.answer.as_ref().filter(|_| one.recommendation.goals.is_empty()) {
        page.labelled(
            "  ",
            Ink::Bold,
            &format!("{}; {}.", answer.headline, answer.how_sure),
            "    ",
        );
    }
    for advice in &one.recommendation.goals {
        page.labelled(
            &format!("  {}: ", advice.goal.words()),
            Ink::Bold,
            &format!("{}.", advice.text),
            "    ",
        );
        // Copies are for speed.
        let copies = one.recommendation.confirmation.as_ref();
        if let Some(copies) = copies.filter(|_| advice.goal == Goal::Speed) {
            page.labelled("    copies: ", Ink::Bold, &format!("{}.", copies.text), "      ");
        }
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
            page.paragraph(one.without_lines());
        }
        for used in &one.uses {
            let goals: Vec<&str> = used.goals.iter().map(|goal| goal.words()).collect();
            page.blank();
            page.paragraph(&format!("To use {} ({}):", used.choice, goals.join(", ")));
            let Paste { ssh_config, scp, sftp, sshfs, rsync, .. } = &used.paste;
            let commands = ["", scp, sftp, sshfs, rsync].into_iter().map(str::to_owned);
            // Not wrapped, so that it can be copied.
            page.lines(ssh_config.iter().cloned().chain(commands).map(|line| printable(&line)));
        }
    }
    if let Some(text) = for_all(advised.iter().map(|one| &one.recommendation)) {
        page.blank();
        page.paragraph(&text);
    }
    out.write_all(page.finish().as_bytes())
}
