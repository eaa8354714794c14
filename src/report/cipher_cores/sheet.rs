//! Cipher cores laid out: a grid for each library and size of packets on one host, and one with all
//! hosts side by side.

use std::collections::BTreeSet;

use super::place::{Place, places};
use super::tables::{grids, side_by_side};
use crate::analysis::cipher_cores::{aes_settings, frequency};
use crate::model::Mac;
use crate::model::cipher_cores::{Cores, OPENSSL_SPEED};
use crate::model::record::StopReason;
use crate::model::units::significant;
use crate::report::compare::sheet::{Sheet, SheetTable};
use crate::report::survey::heading::date;

pub fn sheet(journals: &[(String, Cores)]) -> Sheet {
    let places = places(journals);
    let mut sheet = Sheet {
        kind: "SSH cipher cores",
        title: "Cipher cores, one SSH packet after the other".into(),
        facts: places.iter().map(|place| (place.label.clone(), fact(place))).collect(),
        legend: legend(&places),
        notes_title: "Notes",
        notes: notes(journals, &places),
        warnings: warnings(journals, &places),
        journals: journals.iter().map(|(name, _)| name.clone()).collect(),
        ..Sheet::default()
    };
    for place in &places {
        sheet.tables.extend(grids(place, places.len() > 1).into_iter().map(SheetTable::from));
    }
    if places.len() > 1 {
        sheet.tables.extend(side_by_side(&places).into_iter().map(SheetTable::from));
    }
    sheet
}

/// `AMD EPYC (AES; cpuinfo flags: aes pclmulqdq), core at 3.25 GHz; 2026-02-03 04:05 UTC`
fn fact(place: &Place) -> String {
    let profile = &place.host().profile;
    let cpu = profile.cpu_model.as_deref().unwrap_or(&profile.machine);
    let mut text = format!("{cpu} ({}; {})", profile.aes.class, profile.aes.evidence);
    if let Some(found) = frequency(place.cores, place.host) {
        text += &format!(", its core at {} GHz", significant(found.core_hz / 1e9));
    }
    if let Some(openssl) = &place.host().openssl {
        text += &format!("; {openssl}");
    }
    text + "; " + &date(&place.cores.header.started)
}

fn legend(places: &[Place]) -> String {
    let mut text =
        String::from("MB/s: of payload, on one core. ±: half the 95 % interval over the rounds.");
    let samples = || places.iter().flat_map(|place| &place.cores.samples);
    if samples().any(|sample| sample.cycles_per_byte().is_some()) {
        text += " c/B: core cycles per byte of payload,";
        text += match samples().any(|sample| sample.batch_median_cycles.is_some()) {
            true => " by the kernel's counter.",
            false => " by the core's frequency, which a chain of dependent instructions tells.",
        };
    }
    if places.iter().any(Place::is_aes_disabled) {
        text += " no AES: in a process with AES instructions disabled; speedup: how many times as fast with \
                 AES.";
    }
    text += " Seal: the sender's work on a packet; open: the receiver's.";
    let macs: BTreeSet<&Mac> = places
        .iter()
        .flat_map(|place| &place.figures)
        .filter_map(|figure| figure.subject.mac.as_ref())
        .collect();
    if let (1, Some(mac)) = (macs.len(), macs.first()) {
        text += &format!(" CTR and CBC: with {mac}.");
    }
    text
}

fn notes(journals: &[(String, Cores)], places: &[Place]) -> Vec<String> {
    let mut notes = Vec::new();
    let uses = |name: &str| {
        let mut figures = places.iter().flat_map(|place| &place.figures);
        figures.any(|figure| figure.subject.implementation == name)
    };
    if uses("libcrypto") {
        notes.push(
            "libcrypto is what the system's ssh encrypts with; of chacha20-poly1305 ssh takes only \
             ChaCha20 from it and has a Poly1305 of its own, which is slower than the one measured \
             here."
                .into(),
        );
    }
    if uses(OPENSSL_SPEED) {
        notes.push(
            "openssl speed knows no packets of SSH: of CTR and CBC it measures the cipher without \
             any MAC, and its seconds are of CPU."
                .into(),
        );
    }
    for place in places {
        for aes_setting in
            aes_settings(&place.figures).iter().filter(|aes_setting| aes_setting.is_ignored())
        {
            notes.push(format!(
                "{} on {} has the same figures with AES disabled as with AES enabled (at most {} \
                 times): it ignores the variable that disables AES.",
                aes_setting.implementation,
                place.label,
                significant(aes_setting.most_ratio)
            ));
        }
    }
    for (_, cores) in journals {
        for left_out in &cores.header.skipped {
            notes.push(format!("{}: {}.", left_out.what, left_out.reason));
        }
    }
    notes
}

fn warnings(journals: &[(String, Cores)], places: &[Place]) -> Vec<String> {
    let mut warnings = Vec::new();
    for place in places {
        let Some(found) = frequency(place.cores, place.host) else { continue };
        if let (true, Some(claimed)) = (found.is_contradicted(), found.claimed_hz) {
            warnings.push(format!(
                "{} says that its core runs at {} GHz at most, and a chain of dependent instructions ran at \
                 {} GHz: cycles are of the latter.",
                place.label,
                significant(claimed / 1e9),
                significant(found.core_hz / 1e9)
            ));
        }
    }
    for (index, (name, cores)) in journals.iter().enumerate() {
        let about = if journals.len() > 1 { format!("{name}: ") } else { String::new() };
        match cores.footer.as_ref() {
            Some(end) if end.reason == StopReason::Interrupted => {
                warnings.push(format!("{about}interrupted before all rounds were done."));
            }
            Some(end) if end.reason == StopReason::Lost => {
                let why = end.detail.as_deref().unwrap_or("it ended early");
                warnings.push(format!("{about}{why}."));
            }
            None => warnings.push(format!("{about}the journal was cut off.")),
            Some(_) => {}
        }
        warnings.extend(cores.problems.iter().map(|problem| format!("{about}{problem}.")));
        if places.iter().filter(|place| place.journal == index).all(|one| one.figures.is_empty()) {
            warnings.push(format!("{about}nothing was measured."));
        }
    }
    warnings
}
