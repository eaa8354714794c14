//! The columns of a comparison: each one target, pair of programs, method and AES state of one
//! survey.

use serde::Serialize;

use super::digest::Digest;
use super::measure::Ends;
use crate::analysis::end::End;
use crate::analysis::rows::table::Section;
use crate::analysis::warnings::aes::contradiction;
use crate::model::record::Pairing;
use crate::model::units::significant;
use crate::model::{AesClass, AesEnds, AesEvidence, Direction, Method};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostColumn {
    /// Index of the survey among those compared, and of the pairing in its header.
    pub survey: usize,
    pub pairing: usize,
    pub method: Method,
    pub target: String,
    /// What differs from other columns of the same target: `AES at the client only`, `scp`,
    /// `2026-02-03`.
    pub details: Vec<String>,
    /// The same for a narrow heading: `AES: client`.
    #[serde(skip)]
    pub short_details: Vec<String>,
    /// The AES class of the ends that are compared: no AES where one of them has none.
    pub aes: AesClass,
    /// How the class of each of these ends is known.
    pub evidence: String,
}

impl HostColumn {
    /// `loopback, AES at the client only`
    pub fn label(&self) -> String {
        let parts = std::iter::once(&self.target).chain(&self.details);
        parts.map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// Its rows in one direction.
    pub fn section<'a>(&self, digests: &'a [Digest], direction: Direction) -> Option<&'a Section> {
        let tables = digests[self.survey].summary.tables.iter();
        let own = tables.filter(|t| t.method == self.method && t.direction == direction);
        own.flat_map(|table| &table.sections).find(|section| section.pairing == self.pairing)
    }
}

/// All columns of the surveys, by AES class, else in their order.
pub fn columns(digests: &[Digest], ends: Ends) -> Vec<HostColumn> {
    let mut columns: Vec<HostColumn> = Vec::new();
    for (survey, digest) in digests.iter().enumerate() {
        for table in &digest.summary.tables {
            for section in &table.sections {
                let pairing = &digest.header.pairings[section.pairing];
                let own = sections(digest, section.pairing, table.method);
                let (aes, evidence) = class(pairing, &own, ends);
                let column = HostColumn {
                    survey,
                    pairing: section.pairing,
                    method: table.method,
                    target: pairing.target.clone(),
                    details: Vec::new(),
                    short_details: Vec::new(),
                    aes,
                    evidence,
                };
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
    }
    let details = |own: &HostColumn| {
        let alike: Vec<&HostColumn> = columns.iter().filter(|c| c.target == own.target).collect();
        let short = details(digests, own, &alike, |aes| format!("AES: {aes}"));
        (details(digests, own, &alike, AesEnds::phrase), short)
    };
    let details: Vec<(Vec<String>, Vec<String>)> = columns.iter().map(details).collect();
    for (column, (details, short)) in columns.iter_mut().zip(details) {
        column.details = details;
        column.short_details = short;
    }
    columns.sort_by_key(|column| match column.aes {
        AesClass::Aes => 0,
        AesClass::NoAes => 1,
        AesClass::Unknown => 2,
    });
    columns
}

/// What a survey has of a pairing by one method, in all directions.
fn sections(digest: &Digest, pairing: usize, method: Method) -> Vec<&Section> {
    let tables = digest.summary.tables.iter().filter(|table| table.method == method);
    tables.flat_map(|table| &table.sections).filter(|own| own.pairing == pairing).collect()
}

/// The AES class of these ends, and how it is known. It is unknown where the figures contradict
/// what a CPU says of itself.
fn class(pairing: &Pairing, sections: &[&Section], ends: Ends) -> (AesClass, String) {
    let of_end = |end: End| {
        let paired = if end == End::Client { &pairing.client } else { &pairing.server };
        let AesEvidence { class, evidence } = &paired.host.aes;
        if let Some(aes_disabled_by) = &paired.aes_disabled_by {
            return (AesClass::NoAes, format!("disabled by {aes_disabled_by}"));
        }
        match sections.iter().find_map(|section| contradiction(section, pairing, end)) {
            Some(found) => {
                let gcm = significant(found.gcm_s_per_gb);
                let chacha = significant(found.chacha_s_per_gb);
                let why = format!(
                    "{evidence}, but AES-GCM costs it {gcm} CPU-s per GB, ChaCha20-Poly1305 {chacha}"
                );
                (AesClass::Unknown, why)
            }
            None => (*class, evidence.clone()),
        }
    };
    let (client, server) = (of_end(End::Client), of_end(End::Server));
    match ends {
        Ends::Client => client,
        Ends::Server => server,
        Ends::Both => {
            let classes = [client.0, server.0];
            let class = if classes.contains(&AesClass::NoAes) {
                AesClass::NoAes
            } else if classes.contains(&AesClass::Unknown) {
                AesClass::Unknown
            } else {
                AesClass::Aes
            };
            let told = [("client", &client), ("server", &server)].map(|(label, end)| {
                // The class is named only where it differs from that of the column.
                let other = if end.0 == class { String::new() } else { format!("{}, ", end.0) };
                format!("{label}: {other}{}", end.1)
            });
            let evidence = match client == server {
                true => client.1,
                false => told.join("; "),
            };
            (class, evidence)
        }
    }
}

/// What differs among columns of one target.
fn details(
    digests: &[Digest],
    own: &HostColumn,
    alike: &[&HostColumn],
    aes: fn(AesEnds) -> String,
) -> Vec<String> {
    let pairing = |column: &HostColumn| &digests[column.survey].header.pairings[column.pairing];
    let programs = |column: &HostColumn| {
        let pairing = pairing(column);
        format!("{}/{}", pairing.client.program, pairing.server.program)
    };
    let aes = |column: &HostColumn| aes(pairing(column).aes());
    let method = |column: &HostColumn| column.method.to_string();
    let day = |column: &HostColumn| {
        let started = &digests[column.survey].header.started;
        started.chars().take("2026-02-03".len()).collect::<String>()
    };
    let journal = |column: &HostColumn| digests[column.survey].name.clone();
    let all: [&dyn Fn(&HostColumn) -> String; 5] = [&programs, &method, &aes, &day, &journal];
    let mut told = Vec::new();
    // Only what is needed: two surveys of one day are named by their journals, of two days by the
    // days.
    let mut rest: Vec<&HostColumn> = alike.to_vec();
    for tell in all {
        let mine = tell(own);
        if rest.iter().any(|other| tell(other) != mine) {
            rest.retain(|other| tell(other) == mine);
            told.push(mine);
        }
    }
    told
}
