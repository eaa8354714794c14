//! What each figure of a table says, in sentences with the figures of its first row.

use super::page::{Ink, Page};
use crate::analysis::Summary;
use crate::analysis::phrases::per_cent;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::row::Row;
use crate::analysis::rows::table::Section;
use crate::model::units::significant;

/// Below all tables: the first row that has figures, read aloud.
pub fn write(summary: &Summary, page: &mut Page) {
    let sections = summary.tables.iter().flat_map(|table| Some((table, table.sections.first()?)));
    let read = |(table, section): (&crate::analysis::rows::table::Table, &Section)| {
        let row = section.rows.iter().find(|row| row.rate_mb_per_s.is_some())?;
        Some((table.title.clone(), sentences(section, row)))
    };
    let Some((title, sentences)) = sections.into_iter().find_map(read) else { return };
    page.blank();
    page.title(&format!("How to read it: the first row of {title}"));
    for (label, text) in sentences {
        page.labelled(&format!("  {label}: "), Ink::Bold, &text, "    ");
    }
}

fn sentences(section: &Section, row: &Row) -> Vec<(&'static str, String)> {
    let name = Choice::of(row, &section.rows);
    let mut said = Vec::new();
    if let Some(rate) = row.rate_mb_per_s {
        let rate = significant(rate);
        said.push((
            "MB/s",
            format!(
                "with {name}, {rate} million bytes of the file arrived each second, once the \
                 transfer was going. Connecting, logging in and starting up are not in it."
            ),
        ));
    }
    if let Some(half) = row.speed.and_then(|speed| speed.half_percent) {
        said.push((
            "±",
            format!(
                "the true rate lies within about {} of that, in 95 of 100 surveys. Ciphers whose \
                 ranges overlap may still be told apart, since all ran in the same rounds: the \
                 marks say so.",
                per_cent(half)
            ),
        ));
    }
    if let Some(share) = share(section, row) {
        said.push(("of ceiling", share));
    }
    for (label, who, cost) in [
        ("client CPU-s per GB", "this end's ssh", &row.client),
        ("server CPU-s per GB", "the far end's sshd", &row.server),
    ] {
        if let Some(cost) = cost {
            let seconds = significant(cost.cpu_s_per_gb);
            let core = cost.core_percent.map(|percent| {
                format!(" While bytes flowed it kept one core busy for {percent:.0} % of the time.")
            });
            said.push((
                label,
                format!(
                    "for each GB {who} spent {seconds} seconds of CPU.{}",
                    core.unwrap_or_default()
                ),
            ));
        }
    }
    if let Some(bought) = row.mb_per_cpu_s {
        said.push((
            "MB per CPU-s",
            format!(
                "a second of CPU, of both ends together, moved {} MB: the more, the cheaper. Where \
                 the network is the limit two ciphers may be as fast and differ only here.",
                significant(bought)
            ),
        ));
    }
    let marks: Vec<String> = row.marks.iter().map(ToString::to_string).collect();
    if !marks.is_empty() {
        said.push((
            "marks",
            format!(
                "{name} is marked {}. fastest, leads: nothing is faster, or may be; as fast, \
                 cheapest, as cheap: likewise; undecided: it may be as fast as the one that leads; \
                 default: what ssh uses when it is told nothing; no mark: it is slower.",
                marks.join(", ")
            ),
        ));
    }
    if let Some(bottleneck) = &row.bottleneck {
        said.push((
            "limit",
            format!(
                "what kept {name} from being faster was {}: {}.",
                bottleneck.kind, bottleneck.evidence
            ),
        ));
    }
    said
}

/// Its share of what the path carries.
fn share(section: &Section, row: &Row) -> Option<String> {
    let upper_bound = section.upper_bound.as_ref()?;
    let share = upper_bound.share(row.rate_mb_per_s?)?;
    upper_bound.is_known().then(|| {
        format!(
            "that is {:.0} % of what the path carries without any cipher, {} MB/s.",
            100.0 * share,
            significant(upper_bound.mb_per_s)
        )
    })
}
