//! How much of a transfer's CPU is due to the cipher: what the library code alone costs for the
//! same bytes, as a share of what the end spent.

use super::{CoreFigure, figures};
use crate::analysis::Summary;
use crate::analysis::end::End;
use crate::model::cipher_cores::{Cores, CoresHost, Library, OPENSSL_SPEED, Subject, Work};
use crate::model::names::{OPENSSH, RUSSH};
use crate::model::record::{PairedEnd, Pairing};
use crate::model::{Cipher, Direction, Mac, Survey};
use crate::ssh::catalog::{self, Mode};

/// Bytes of payload in the packets of a bulk transfer (OpenSSH `sftp-client.c`,
/// `CHAN_SES_PACKET_DEFAULT` of `channels.h`).
const BULK: u32 = 32768;

/// Writes the shares into a survey's summary, where a journal of `cores` is of the host of an end.
pub fn explain(summary: &mut Summary, survey: &Survey, journals: &[Cores]) {
    let cores: Vec<(&Cores, Vec<CoreFigure>)> =
        journals.iter().map(|cores| (cores, figures(&cores.samples))).collect();
    for table in &mut summary.tables {
        for section in &mut table.sections {
            let pairing = &survey.header.pairings[section.pairing];
            for row in &mut section.rows {
                let (cipher, mac) = (row.cipher.clone(), row.mac.clone());
                let ends = [(End::Client, &mut row.client), (End::Server, &mut row.server)];
                for (end, cost) in ends {
                    let Some(cost) = cost.as_mut().filter(|cost| cost.cpu_s_per_gb > 0.0) else {
                        continue;
                    };
                    let work = work(end, table.direction);
                    let found = cores.iter().rev().find_map(|(cores, figures)| {
                        seconds_per_gb(cores, figures, pairing, end, (&cipher, &mac), work)
                    });
                    cost.cipher_percent = found.map(|core| 100.0 * core / cost.cpu_s_per_gb);
                }
            }
        }
    }
}

/// The sending end encrypts (seals).
fn work(end: End, direction: Direction) -> Work {
    match (end, direction) {
        (End::Client, Direction::Upload) | (End::Server, Direction::Download) => Work::Seal,
        _ => Work::Open,
    }
}

/// What the library code of an end's program costs on that host; absent where it was not measured.
fn seconds_per_gb(
    cores: &Cores,
    figures: &[CoreFigure],
    pairing: &Pairing,
    end: End,
    (cipher, mac): (&Cipher, &Option<Mac>),
    work: Work,
) -> Option<f64> {
    let own = match end {
        End::Client => &pairing.client,
        End::Server => &pairing.server,
    };
    let host = cores.header.hosts.iter().position(|host| is_of(host, own))?;
    let library = library(own, cipher)?;
    // The system's ssh does not use a libcrypto from elsewhere.
    let is_the_one = |one: &Library| one.name == library && one.path.is_none();
    let is_its_own = cores.header.implementations.iter().any(is_the_one);
    let subject = |implementation: &str, work| Subject {
        host,
        aes_disabled_by: own.aes_disabled_by.clone(),
        implementation: implementation.to_owned(),
        cipher: cipher.clone(),
        mac: mac.clone(),
        work,
        payload_bytes: BULK,
    };
    let find = |subject: Subject| figures.iter().find(|figure| figure.subject == subject);
    let core = is_its_own.then(|| find(subject(library, work))).flatten();
    let figure = core.or_else(|| {
        // `openssl speed` measures the cipher alone: for an AEAD that is all, and both directions
        // cost the same.
        let openssl = is_openssh(own) && mac.is_none();
        openssl.then(|| find(subject(OPENSSL_SPEED, Work::Seal))).flatten()
    })?;
    Some(1e3 / figure.mb_per_s)
}

fn is_of(host: &CoresHost, end: &PairedEnd) -> bool {
    let (own, other) = (&host.profile, &end.host);
    (&own.name, &own.machine, &own.cpu_model) == (&other.name, &other.machine, &other.cpu_model)
}

fn is_openssh(end: &PairedEnd) -> bool {
    end.version.contains("OpenSSH") || end.program == OPENSSH
}

/// The library that a program encrypts with: OpenSSH uses the system's, the built-in SSH one that
/// depends on the cipher (`docs/builtin-ssh.md`).
fn library(end: &PairedEnd, cipher: &Cipher) -> Option<&'static str> {
    if is_openssh(end) {
        return Some("libcrypto");
    }
    let mode = catalog::cipher(cipher)?.mode;
    let built_in = end.program == RUSSH || end.version.to_lowercase().contains(RUSSH);
    built_in.then_some(match mode {
        Mode::Gcm | Mode::Stream => "aws-lc-rs",
        _ => "rustcrypto",
    })
}
