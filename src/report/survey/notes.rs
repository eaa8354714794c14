//! The sentences of a report that all formats share. Text from outside is in them as it came: each
//! format makes it harmless in its own way.

use crate::analysis::Summary;
use crate::analysis::advice::between::ON_ONE_MACHINE;
use crate::analysis::bottleneck::kind::Bottleneck;
use crate::analysis::rows::mark::Mark;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::table::{Section, Table, rows};
use crate::analysis::rows::unranked::Unranked;
use crate::analysis::samples::connections::Beyond;
use crate::analysis::samples::outcomes::{Failure, Skipped};
use crate::analysis::warnings::Warning;
use crate::model::Source;
use crate::model::units::significant;
use crate::report::document::Report;

/// A shorter start-up, in seconds, is hardly told from none.
const SHORTEST_START_UP: f64 = 0.01;

/// The times of setup, start-up and key re-exchanges, and where the server's figures come from.
pub fn footnote(table: &Table) -> String {
    let mut sources: Vec<&str> = Vec::new();
    let rows = table.sections.iter().flat_map(|section| &section.rows);
    for &source in rows.filter_map(|row| row.server.as_ref()).flat_map(|cost| &cost.sources) {
        let words = match source {
            Source::Wait4 => "by wait4",
            Source::Clock => "by the CPU clocks of its processes",
            Source::Process => "from the server process itself",
            Source::Listener => "from the listener, by the times of its ended children",
            Source::Sampled => "from the server process, sampled while it ran",
            Source::Host => "from the counters of the whole host",
        };
        if !sources.contains(&words) {
            sources.push(words);
        }
    }
    let setup = table.setup_s.map(|seconds| {
        let setup = significant(seconds);
        match table.start_up {
            None => format!("Setup {setup} s (median), not in the figures."),
            Some(Beyond { real_s, .. }) => {
                let start_up = match real_s < SHORTEST_START_UP {
                    true => format!("under {SHORTEST_START_UP}"),
                    false => significant(real_s),
                };
                format!("Setup {setup} s, start-up {start_up} s (medians), not in the figures.")
            }
        }
    });
    let keys = table.key_exchanges.iter().map(|one| {
        format!(
            "A key re-exchange of {} takes {} s ({} seen), not in the figures.",
            one.cipher,
            significant(one.beyond.real_s),
            one.slices
        )
    });
    let server = match sources.is_empty() {
        true => None,
        false => Some(format!("Server CPU {}.", sources.join(" and "))),
    };
    setup.into_iter().chain(keys).chain(server).collect::<Vec<_>>().join(" ")
}

/// Why the rows of a section were not faster, what storage allows, then what the path carries. `several`: the table has
/// other sections.
pub fn of_section(section: &Section, several: bool) -> impl Iterator<Item = String> {
    let bottlenecks = bottlenecks(section, several);
    bottlenecks.into_iter().chain(storage(section, several)).chain(upper_bound(section, several))
}

/// The bottlenecks, rows of the same one together; the evidence is that of the first of them.
fn bottlenecks(section: &Section, several: bool) -> Option<String> {
    let mut groups: Vec<(&Bottleneck, Vec<String>)> = Vec::new();
    for row in &section.rows {
        let Some(bottleneck) = &row.bottleneck else { continue };
        let name = Choice::of(row, &section.rows).to_string();
        match groups.iter_mut().find(|(other, _)| other.kind == bottleneck.kind) {
            Some((_, names)) => names.push(name),
            None => groups.push((bottleneck, vec![name])),
        }
    }
    let all = groups.len() == 1;
    let of = |(bottleneck, names): &(&Bottleneck, Vec<String>)| {
        let whom = match names.as_slice() {
            [only] => format!("{only} ({})", bottleneck.evidence),
            [first, ..] if all => format!("all ({first}: {})", bottleneck.evidence),
            [first, rest @ ..] => format!("{first} ({}), {}", bottleneck.evidence, rest.join(", ")),
            [] => String::new(),
        };
        format!("{} for {whom}", bottleneck.kind)
    };
    let said: Vec<String> = groups.iter().map(of).collect();
    (!said.is_empty())
        .then(|| format!("Bottleneck{}: {}.", scope(section, several), said.join("; ")))
}

/// What storage allows, and whether a copy of FILE waits for it.
fn storage(section: &Section, several: bool) -> Option<String> {
    let storage = section.storage.as_ref()?;
    let ranked = || section.rows.iter().filter(|row| row.rate_mb_per_s.is_some());
    let waiting: Vec<String> = ranked()
        .filter(|row| row.whole_file.storage_s.is_some())
        .map(|row| Choice::of(row, &section.rows).to_string())
        .collect();
    let waits = match waiting.len() {
        0 => String::new(),
        many if many == ranked().count() => {
            " A copy of FILE waits for it, whatever the cipher.".to_owned()
        }
        _ => format!(" A copy of FILE with {} waits for it.", waiting.join(", ")),
    };
    Some(format!("Storage{}: {}.{waits}", scope(section, several), storage.text))
}

/// What the path carries, and how that is known.
fn upper_bound(section: &Section, several: bool) -> Option<String> {
    let text = &section.upper_bound.as_ref()?.text;
    Some(format!("Upper bound{}: {text}.", scope(section, several)))
}

/// Tells one section of a table from the others.
fn scope(section: &Section, several: bool) -> String {
    if several { format!(", {}", section.aes.phrase()) } else { String::new() }
}

/// What the signs in the tables mean; empty where there are none. `columns`: what the columns that
/// are shown say of themselves.
pub fn legend(summary: &Summary, columns: impl IntoIterator<Item = &'static str>) -> String {
    if summary.tables.is_empty() {
        return String::new();
    }
    let mut sentences: Vec<&str> = Vec::new();
    for sentence in columns {
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    let rows = || rows(&summary.tables);
    let is_unranked = |why| rows().any(|row| row.unranked == Some(why));
    let signs = [
        (
            is_unranked(Unranked::NoCipher),
            format!("{}: what everything but the cipher costs, never a choice.", Mark::NoCipher),
        ),
        (
            is_unranked(Unranked::AesNotDisabled),
            format!(
                "{}: russh's CTR and CBC use AES instructions all the same, so these rows are not \
                 compared.",
                Mark::AesNotDisabled
            ),
        ),
        (rows().any(|row| row.coarse()), "?: near the resolution of its clock.".to_owned()),
        (
            rows().any(|row| row.client.is_none() || row.server.is_none()),
            "-: not measured.".to_owned(),
        ),
    ];
    let signs = signs.into_iter().filter_map(|(is_there, text)| is_there.then_some(text));
    let sentences: Vec<String> = sentences.into_iter().map(str::to_owned).chain(signs).collect();
    sentences.join(" ")
}

/// Several targets: each thing left out names its own.
fn several_targets(summary: &Summary) -> bool {
    let tables = summary.tables.iter().map(|table| &table.target);
    let skipped = summary.skipped.iter().map(|skipped| &skipped.target);
    let failed = summary.failures.iter().map(|failure| &failure.target);
    let targets: Vec<&String> = tables.chain(skipped).chain(failed).collect();
    targets.windows(2).any(|pair| pair[0] != pair[1])
}

fn place(target: &str, several: bool) -> String {
    if several { format!("{target}: ") } else { String::new() }
}

/// A line for each reason why something was left out.
pub fn skipped(summary: &Summary) -> impl Iterator<Item = String> {
    let several = several_targets(summary);
    let of = move |skipped: &Skipped| {
        let names = skipped.names.join(", ");
        format!("{}{names}: {}", place(&skipped.target, several), skipped.reason)
    };
    summary.skipped.iter().map(of)
}

/// A line for each way in which samples failed, with the remedy.
pub fn failures(summary: &Summary) -> impl Iterator<Item = String> {
    let several = several_targets(summary);
    let of = move |failure: &Failure| {
        let mac = failure.mac.as_ref().map(|mac| format!(" with {mac}")).unwrap_or_default();
        let samples = if failure.samples == 1 { "sample" } else { "samples" };
        let mut text = format!(
            "{}{}{mac} in {} {samples}: {}",
            place(&failure.target, several),
            failure.cipher,
            failure.samples,
            failure.reason
        );
        if let Some(remedy) = &failure.remedy {
            text += &format!("; {remedy}");
        }
        text
    };
    summary.failures.iter().map(of)
}

/// What is to be known of a survey beside its figures, what matters most first; each behind its label.
pub fn all(report: &Report) -> Vec<(&'static str, String)> {
    let failures = failures(&report.summary).map(|text| ("failed", text));
    let mut caveats: Vec<String> = Vec::new();
    let several = report.advised.len() > 1;
    for one in report.advised.iter().map(|advised| &advised.recommendation) {
        for caveat in one.caveats.iter().filter(|caveat| *caveat != ON_ONE_MACHINE) {
            caveats.push(format!("{}{caveat}.", place(&one.scope, several)));
        }
    }
    let caveats = caveats.into_iter().map(|text| ("note", text));
    let warnings = warnings(&report.summary).map(|text| ("warning", text));
    let skipped = skipped(&report.summary).map(|text| ("skipped", text));
    failures.chain(caveats).chain(warnings).chain(skipped).collect()
}

pub fn warnings(summary: &Summary) -> impl Iterator<Item = String> {
    let of = |warning: &Warning| format!("{}; {}.", warning.text, warning.remedy);
    summary.warnings.iter().map(of)
}

/// What each section comes to: whose it is, and what is said of it.
pub fn conclusions(summary: &Summary) -> impl Iterator<Item = (&str, &str)> {
    let sections = summary.tables.iter().flat_map(|table| &table.sections);
    sections.filter_map(|section| section.conclusion.as_ref()).map(|conclusion| {
        let scope = conclusion.scope.as_str();
        (scope, conclusion.text.strip_prefix(scope).unwrap_or(&conclusion.text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::advice::recommend::recommend;
    use crate::analysis::summarise;
    use crate::analysis::testing::{rounds, survey};
    use crate::model::record::{EndStorage, StorageRates, Stream};

    /// The default cipher at 50 MB/s, another one at 90, and a disk that is read at so many MB/s.
    fn told(read_mb_per_s: u64) -> (Vec<String>, String) {
        let mut samples = rounds("chacha20-poly1305@openssh.com", [50.0, 50.2, 50.1]);
        samples.extend(rounds("aes128-gcm@openssh.com", [90.0, 90.2, 90.1]));
        let mut survey = survey(samples);
        let read = Some(Stream { bytes: read_mb_per_s * 1_000_000, seconds: 1.0 });
        let local = EndStorage { read, ..EndStorage::default() };
        let remote = EndStorage::default();
        survey.header.pairings[0].storage_rates = Some(StorageRates { local, remote });
        let caveats = recommend(&survey, false).remove(0).caveats;
        let summary = summarise(&survey);
        let notes: Vec<String> = of_section(&summary.tables[0].sections[0], false).collect();
        let storage = notes.into_iter().find(|note| note.starts_with("Storage")).unwrap();
        (caveats.into_iter().filter(|one| one.contains("waits for storage")).collect(), storage)
    }

    #[test]
    fn storage_that_is_slower_than_a_cipher_is_told_with_whom_it_is() {
        let (caveats, note) = told(500);
        assert_eq!((caveats.len(), note.as_str()), (0, "Storage: the local disk reads 500 MB/s."));
        let (caveats, note) = told(70);
        let waits = "the upload of FILE with aes128-gcm@openssh.com waits for storage";
        assert_eq!(caveats, [format!("{waits}: the local disk reads 70.0 MB/s")]);
        assert!(
            note.ends_with("A copy of FILE with aes128-gcm@openssh.com waits for it."),
            "{note}"
        );
        let (caveats, note) = told(20);
        let both = format!("{waits}, and so it does with the default cipher: the local disk");
        assert!(caveats[0].starts_with(&both), "{caveats:?}");
        assert!(note.ends_with("A copy of FILE waits for it, whatever the cipher."), "{note}");
    }
}
