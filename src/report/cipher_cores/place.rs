//! Figures sorted by the host that they are of, and what of them stands in one row.

use std::collections::BTreeSet;

use crate::analysis::cipher_cores::{CoreFigure, figures};
use crate::cipher_cores::suite;
use crate::model::cipher_cores::{Cores, CoresHost, Subject, Work};
use crate::model::{Cipher, Mac};

/// Figures with the host that they are of.
pub struct Place<'a> {
    /// Index of the journal.
    pub journal: usize,
    pub cores: &'a Cores,
    pub host: usize,
    pub label: String,
    pub figures: Vec<CoreFigure>,
}

impl Place<'_> {
    pub fn host(&self) -> &CoresHost {
        &self.cores.header.hosts[self.host]
    }

    pub fn find(&self, key: &Key, work: Work, aes_disabled: bool) -> Option<&CoreFigure> {
        let same = |subject: &Subject| {
            subject.aes_disabled_by.is_some() == aes_disabled
                && subject.work == work
                && subject.implementation == key.implementation
                && subject.payload_bytes == key.payload_bytes
        };
        self.figures.iter().find(|figure| {
            let subject = &figure.subject;
            same(subject) && subject.cipher == key.cipher && subject.mac == key.mac
        })
    }

    pub fn is_aes_disabled(&self) -> bool {
        self.figures.iter().any(|figure| figure.subject.aes_disabled_by.is_some())
    }
}

/// A row of a grid.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub implementation: String,
    pub payload_bytes: u32,
    /// In the order of OpenSSH's proposal.
    order: usize,
    pub cipher: Cipher,
    pub mac: Option<Mac>,
}

/// Every host of every journal; hosts of one name are told apart by a number.
pub fn places(journals: &[(String, Cores)]) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    for (journal, (_, cores)) in journals.iter().enumerate() {
        let all = figures(&cores.samples);
        for (host, own) in cores.header.hosts.iter().enumerate() {
            let figures: Vec<CoreFigure> =
                all.iter().filter(|figure| figure.subject.host == host).cloned().collect();
            let label = own.target.clone().unwrap_or_else(|| own.profile.name.clone());
            places.push(Place { journal, cores, host, label, figures });
        }
    }
    let labels: Vec<String> = places.iter().map(|place| place.label.clone()).collect();
    for (index, place) in places.iter_mut().enumerate() {
        let alike = |some: &[String]| some.iter().filter(|one| **one == labels[index]).count();
        if alike(&labels) > 1 {
            place.label = format!("{} ({})", place.label, alike(&labels[..=index]));
        }
    }
    places
}

/// All rows of a host.
pub fn keys(place: &Place) -> BTreeSet<Key> {
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
