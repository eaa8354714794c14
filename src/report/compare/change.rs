//! What changed from one survey to another, laid out.

use super::sheet::Sheet;
use crate::analysis::comparison::change::{Change, FigureChange, RowChange, SectionChange};
use crate::analysis::comparison::digest::Digest;
use crate::report::grid::{Cell, Grid, Heading, Tone};
use crate::report::survey::heading::date;

/// The sheet of a change from the first survey to the second.
pub fn sheet(change: &Change, digests: &[Digest]) -> Sheet {
    let fact = |(label, digest): (&str, &Digest)| {
        let Digest { name, header, .. } = digest;
        let ends = header.pairings.first().map(|pairing| {
            let (host, server) = (&pairing.server.host, &pairing.server.version);
            let cpu = host.cpu_model.as_deref().unwrap_or(&host.machine);
            let client = &pairing.client.version;
            format!("; {}: {}, {cpu}, {server}; client {client}", pairing.target, host.name)
        });
        let ends = ends.unwrap_or_default();
        (label.to_owned(), format!("{name}, {}{ends}", date(&header.started)))
    };
    Sheet {
        kind: "SSH cipher surveys compared",
        title: "Change from old to new".into(),
        facts: ["old", "new"].into_iter().zip(digests).map(fact).collect(),
        tables: change.sections.iter().map(|section| grid(section).into()).collect(),
        legend:
            "Each figure as a multiple of the old one, with its 95 % interval. MB/s: above 1 is \
                 faster; CPU-s per GB: above 1 is more expensive. !: significantly worse, +: significantly better; \
                 over all figures together, chance alone gives such a sign in one comparison \
                 of twenty (Holm). What all ciphers share is of the host or the path."
                .into(),
        notes_title: "Not compared",
        notes: [("old", &change.only_old), ("new", &change.only_new)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(which, names)| format!("only in the {which} survey: {}", names.join("; ")))
            .chain(change.gaps.iter().cloned())
            .collect(),
        warnings: change.differences.iter().map(|difference| difference.text() + ".").collect(),
        conclusions: change.sections.iter().filter_map(conclusion).collect(),
        journals: digests.iter().map(|digest| digest.name.clone()).collect(),
    }
}

fn grid(section: &SectionChange) -> Grid {
    let heading = |lines: &[&str], key: &str| Heading {
        lines: lines.iter().map(|&line| line.to_owned()).collect(),
        ..Heading::figure("", key)
    };
    let row = |row: &RowChange| {
        let name = match &row.mac {
            Some(mac) if ambiguous(section, row) => format!("{} with {mac}", row.cipher),
            _ => row.cipher.to_string(),
        };
        (name, row.figures().into_iter().map(cell).collect())
    };
    Grid {
        title: section.title.clone(),
        headings: vec![
            Heading::text("cipher"),
            heading(&["MB/s"], "throughput"),
            heading(&["client", "CPU-s per GB"], "client_cost"),
            heading(&["server", "CPU-s per GB"], "server_cost"),
        ],
        rows: section.rows.iter().map(row).collect(),
    }
}

fn ambiguous(section: &SectionChange, row: &RowChange) -> bool {
    section.rows.iter().filter(|other| other.cipher == row.cipher).count() > 1
}

fn cell(changed: Option<&FigureChange>) -> Cell {
    let Some(changed) = changed else { return Cell::missing() };
    let interval = changed.interval.map(|times| format!("{:.2}–{:.2}", times.low, times.high));
    let (sign, tone) = match (changed.real, changed.worse) {
        (true, true) => ("!", Tone::Bad),
        (true, false) => ("+", Tone::Good),
        (false, _) => ("", Tone::Plain),
    };
    Cell {
        value: Some(changed.ratio),
        shown: format!("{sign}{:.2}", changed.ratio),
        interval: interval.unwrap_or_default(),
        tone,
        ..Cell::default()
    }
}

/// How much all changed alike, and how many figures really changed.
fn conclusion(section: &SectionChange) -> Option<(String, String)> {
    let throughput = section.throughput_median?;
    let figures = || section.rows.iter().flat_map(|row| row.figures().into_iter().flatten());
    let real = figures().filter(|changed| changed.real).count();
    let said = match real {
        0 => "no change can be told from chance".to_owned(),
        _ => format!("{real} of {} figures really changed", figures().count()),
    };
    let shared = match section.rows.len() {
        1 => String::new(),
        _ => format!("; the median cipher has {throughput:.2} times the old rate"),
    };
    Some((section.title.clone(), format!(": {said}{shared}.")))
}
