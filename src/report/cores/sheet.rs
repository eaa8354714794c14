//! Cipher cores laid out: a grid for each library and size of packets on one host, and one with all
//! hosts side by side.

use std::collections::BTreeSet;

use super::View;
use crate::analysis::conclusion::per_cent;
use crate::analysis::cores::{CoreFigure, figures, frequency, maskings, times_unmasked};
use crate::core::suite;
use crate::model::cores::{Cores, CoresHost, OPENSSL_SPEED, Subject, Work};
use crate::model::record::StopReason;
use crate::model::units::significant;
use crate::model::{AesClass, Cipher, Mac};
use crate::report::compare::sheet::{Cell, Grid, Heading, Sheet};
use crate::report::heading::date;

/// Figures with the host that they are of.
struct Place<'a> {
    /// Index of the journal.
    journal: usize,
    cores: &'a Cores,
    host: usize,
    label: String,
    figures: Vec<CoreFigure>,
}

impl Place<'_> {
    fn host(&self) -> &CoresHost {
        &self.cores.header.hosts[self.host]
    }

    fn find(&self, key: &Key, work: Work, masked: bool) -> Option<&CoreFigure> {
        let same = |subject: &Subject| {
            subject.mask.is_some() == masked
                && subject.work == work
                && subject.implementation == key.implementation
                && subject.payload_bytes == key.payload_bytes
        };
        self.figures.iter().find(|figure| {
            let subject = &figure.subject;
            same(subject) && subject.cipher == key.cipher && subject.mac == key.mac
        })
    }

    fn is_masked(&self) -> bool {
        self.figures.iter().any(|figure| figure.subject.mask.is_some())
    }
}

/// A row of a grid.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    implementation: String,
    payload_bytes: u32,
    /// In the order of OpenSSH's proposal.
    order: usize,
    cipher: Cipher,
    mac: Option<Mac>,
}

pub fn sheet(view: &View) -> Sheet {
    let places = places(view);
    let mut sheet = Sheet {
        kind: "SSH cipher cores",
        title: "Cipher cores, one packet of SSH after the other".into(),
        facts: places.iter().map(|place| (place.label.clone(), fact(place))).collect(),
        legend: legend(&places),
        notes: notes(view, &places),
        warnings: warnings(view, &places),
        ..Sheet::default()
    };
    for place in &places {
        sheet.grids.extend(grids(place, places.len() > 1));
    }
    if places.len() > 1 {
        sheet.grids.extend(side_by_side(&places));
    }
    sheet
}

fn places(view: &View) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    for (journal, (_, cores)) in view.journals.iter().enumerate() {
        let all = figures(&cores.samples);
        for (host, own) in cores.header.hosts.iter().enumerate() {
            let figures: Vec<CoreFigure> =
                all.iter().filter(|figure| figure.subject.host == host).cloned().collect();
            let label = own.target.clone().unwrap_or_else(|| own.profile.name.clone());
            places.push(Place { journal, cores, host, label, figures });
        }
    }
    for index in 0..places.len() {
        let alike = places.iter().filter(|place| place.label == places[index].label).count();
        if alike > 1 {
            places[index].label = format!("{} ({})", places[index].label, index + 1);
        }
    }
    places
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

fn keys(place: &Place) -> BTreeSet<Key> {
    let order: Vec<Cipher> = suite::ciphers().collect();
    let key = |figure: &CoreFigure| {
        let Subject { implementation, payload_bytes, cipher, mac, .. } = &figure.subject;
        Key {
            implementation: implementation.clone(),
            payload_bytes: *payload_bytes,
            order: order.iter().position(|name| name == cipher).unwrap_or(usize::MAX),
            cipher: cipher.clone(),
            mac: mac.clone(),
        }
    };
    place.figures.iter().map(key).collect()
}

/// A host's own grids, one a library and size.
fn grids(place: &Place, several: bool) -> Vec<Grid> {
    let keys: Vec<Key> = keys(place).into_iter().collect();
    let of_one = |a: &Key, b: &Key| {
        (&a.implementation, a.payload_bytes) == (&b.implementation, b.payload_bytes)
    };
    keys.chunk_by(of_one).map(|keys| grid(place, keys, several)).collect()
}

fn grid(place: &Place, keys: &[Key], several: bool) -> Grid {
    let Some(first) = keys.first() else { return empty() };
    let macs: BTreeSet<&Mac> = keys.iter().filter_map(|key| key.mac.as_ref()).collect();
    let mut title = library(place, &first.implementation);
    if several {
        title = format!("{}: {title}", place.label);
    }
    title += &format!(", packets of {} bytes", first.payload_bytes);
    let masked = keys.iter().any(|key| {
        [Work::Seal, Work::Open].iter().any(|work| place.find(key, *work, true).is_some())
    });
    let works: Vec<Work> = [Work::Seal, Work::Open]
        .into_iter()
        .filter(|work| keys.iter().any(|key| place.find(key, *work, false).is_some()))
        .collect();
    let counted = place.figures.iter().any(|figure| {
        figure.subject.implementation == first.implementation && figure.cycles_per_byte.is_some()
    });
    let mut headings = vec![Heading { lines: vec!["cipher".into()], group: 0, key: String::new() }];
    for (group, work) in works.iter().enumerate() {
        let mut add = |above: &str, unit: &str, key: &str| {
            let lines = [work.to_string(), above.to_owned(), unit.to_owned()];
            let lines = lines.into_iter().filter(|line| !line.is_empty()).collect();
            headings.push(Heading { lines, group, key: format!("{work}_{key}") });
        };
        let on = if masked { "AES on" } else { "" };
        add(on, "MB/s", "mb_per_s");
        if counted {
            add(on, "c/B", "cycles_per_byte");
        }
        if masked {
            add("AES off", "MB/s", "mb_per_s_masked");
            if counted {
                add("AES off", "c/B", "cycles_per_byte_masked");
            }
            add("on/off", "", "times_masked");
        }
    }
    let row = |key: &Key| {
        let mut cells = Vec::new();
        for work in &works {
            let (open, hidden) = (place.find(key, *work, false), place.find(key, *work, true));
            cells.push(rate(open));
            if counted {
                cells.push(cycles(open));
            }
            if masked {
                cells.push(rate(hidden));
                if counted {
                    cells.push(cycles(hidden));
                }
                cells.push(times(hidden, place));
            }
        }
        (name(key, macs.len() > 1), cells)
    };
    Grid { title, headings, rows: keys.iter().map(row).collect(), slopes: None }
}

fn empty() -> Grid {
    Grid { title: String::new(), headings: Vec::new(), rows: Vec::new(), slopes: None }
}

fn name(key: &Key, with_mac: bool) -> String {
    match &key.mac {
        Some(mac) if with_mac => format!("{} with {mac}", key.cipher),
        _ => key.cipher.to_string(),
    }
}

fn library(place: &Place, name: &str) -> String {
    let version = place.cores.header.implementations.iter().find(|one| one.name == name);
    match version.and_then(|one| one.version.as_deref()) {
        Some(version) => format!("{name} ({version})"),
        None => name.to_owned(),
    }
}

fn rate(figure: Option<&CoreFigure>) -> Cell {
    let Some(figure) = figure else { return Cell::missing() };
    let half = figure.half_percent.map(|half| match half < 0.05 {
        true => "±<0.1%".to_owned(),
        false => format!("±{}", per_cent(half).replace(' ', "")),
    });
    Cell {
        value: Some(figure.mb_per_s),
        shown: significant(figure.mb_per_s),
        interval: half.unwrap_or_default(),
        ..Cell::default()
    }
}

fn cycles(figure: Option<&CoreFigure>) -> Cell {
    match figure.and_then(|figure| figure.cycles_per_byte) {
        Some(value) => Cell { value: Some(value), shown: format!("{value:.2}"), ..Cell::default() },
        None => Cell::missing(),
    }
}

fn times(masked: Option<&CoreFigure>, place: &Place) -> Cell {
    match masked.and_then(|masked| times_unmasked(masked, &place.figures)) {
        Some(value) => Cell { value: Some(value), shown: format!("{value:.1}"), ..Cell::default() },
        None => Cell::missing(),
    }
}

/// What several hosts have in common, sealed.
fn side_by_side(places: &[Place]) -> Vec<Grid> {
    let all: Vec<BTreeSet<Key>> = places.iter().map(keys).collect();
    let shared = |key: &Key| all.iter().filter(|keys| keys.contains(key)).count() > 1;
    let keys: BTreeSet<&Key> = all.iter().flatten().filter(|key| shared(key)).collect();
    let keys: Vec<&Key> = keys.into_iter().collect();
    let of_one = |a: &&Key, b: &&Key| {
        (&a.implementation, a.payload_bytes) == (&b.implementation, b.payload_bytes)
    };
    keys.chunk_by(of_one).map(|keys| beside(places, keys)).collect()
}

fn beside(places: &[Place], keys: &[&Key]) -> Grid {
    let Some(first) = keys.first() else { return empty() };
    let with_mac =
        keys.iter().filter_map(|key| key.mac.as_ref()).collect::<BTreeSet<_>>().len() > 1;
    let mut headings = vec![Heading { lines: vec!["cipher".into()], group: 0, key: String::new() }];
    let mut columns = Vec::new();
    for (group, place) in places.iter().enumerate() {
        for masked in [false, true] {
            if !keys.iter().any(|key| place.find(key, Work::Seal, masked).is_some()) {
                continue;
            }
            let state = match (masked, place.host().profile.aes.class) {
                (true, _) => "AES off".into(),
                (false, AesClass::Aes) if place.is_masked() => "AES on".into(),
                (false, class) => class.to_string(),
            };
            let lines = vec![place.label.clone(), state, "MB/s".into()];
            headings.push(Heading { lines, group, key: format!("value_{group}_{masked}") });
            columns.push((place, masked));
        }
    }
    let row = |key: &&Key| {
        let cells =
            columns.iter().map(|(place, masked)| rate(place.find(key, Work::Seal, *masked)));
        (name(key, with_mac), cells.collect())
    };
    Grid {
        title: format!(
            "side by side: {}, packets of {} bytes, seal",
            first.implementation, first.payload_bytes
        ),
        headings,
        rows: keys.iter().map(row).collect(),
        slopes: None,
    }
}

fn legend(places: &[Place]) -> String {
    let mut text =
        String::from("MB/s: of payload, on one core. ±: half the 95 % interval over the rounds.");
    let samples = || places.iter().flat_map(|place| &place.cores.samples);
    if samples().any(|sample| sample.cycles_per_byte().is_some()) {
        text += " c/B: core cycles a byte of payload,";
        text += match samples().any(|sample| sample.batch_median_cycles.is_some()) {
            true => " by the kernel's counter.",
            false => " by the core's frequency, which a chain of dependent instructions tells.",
        };
    }
    if places.iter().any(Place::is_masked) {
        text += " AES off: the same in a process that AES instructions are hidden from.";
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

fn notes(view: &View, places: &[Place]) -> Vec<String> {
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
        for masking in maskings(&place.figures).iter().filter(|masking| masking.is_ignored()) {
            notes.push(format!(
                "{} on {} has the same figures with AES off as with AES on (at most {} times): it \
                 takes no notice of the mask.",
                masking.implementation,
                place.label,
                significant(masking.most_ratio)
            ));
        }
    }
    for (_, cores) in &view.journals {
        for left_out in &cores.header.skipped {
            notes.push(format!("{}: {}.", left_out.what, left_out.reason));
        }
    }
    notes
}

fn warnings(view: &View, places: &[Place]) -> Vec<String> {
    let mut warnings = Vec::new();
    for place in places {
        let Some(found) = frequency(place.cores, place.host) else { continue };
        if let (true, Some(claimed)) = (found.is_contradicted(), found.claimed_hz) {
            warnings.push(format!(
                "{} says that its core runs at {} GHz, and a chain of dependent instructions ran at \
                 {} GHz: cycles are of the latter.",
                place.label,
                significant(claimed / 1e9),
                significant(found.core_hz / 1e9)
            ));
        }
    }
    for (index, (name, cores)) in view.journals.iter().enumerate() {
        let about = if view.journals.len() > 1 { format!("{name}: ") } else { String::new() };
        match cores.end.as_ref() {
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
