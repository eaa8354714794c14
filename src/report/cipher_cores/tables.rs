//! The tables: of one host, and of several side by side.

use std::collections::BTreeSet;

use super::place::{Key, Place, keys};
use crate::analysis::cipher_cores::{CoreFigure, times_aes_enabled};
use crate::analysis::phrases::per_cent;
use crate::model::Mac;
use crate::model::cipher_cores::Work;
use crate::model::units::significant;
use crate::report::grid::{Cell, Grid, Heading};

/// A host's own tables, one per library and size of packets.
pub fn grids(place: &Place, several: bool) -> Vec<Grid> {
    let keys: Vec<Key> = keys(place).into_iter().collect();
    let of_one = |a: &Key, b: &Key| {
        (&a.implementation, a.payload_bytes) == (&b.implementation, b.payload_bytes)
    };
    keys.chunk_by(of_one).map(|keys| grid(place, keys, several)).collect()
}

fn grid(place: &Place, keys: &[Key], several: bool) -> Grid {
    let Some(first) = keys.first() else { return Grid::default() };
    let macs: BTreeSet<&Mac> = keys.iter().filter_map(|key| key.mac.as_ref()).collect();
    let mut title = library(place, &first.implementation);
    if several {
        title = format!("{}: {title}", place.label);
    }
    title += &format!(", packets of {} bytes", first.payload_bytes);
    let columns = columns(place, keys);
    let heading = |column: &Figure| Heading {
        lines: column.lines(columns.iter().any(|other| other.aes_disabled != column.aes_disabled)),
        group: column.work as usize,
        key: column.key(),
    };
    let names = Heading::text("cipher");
    let row = |key: &Key| {
        let cells = columns.iter().map(|column| column.cell(place, key));
        (name(key, macs.len() > 1), cells.collect())
    };
    Grid {
        title,
        headings: std::iter::once(names).chain(columns.iter().map(heading)).collect(),
        rows: keys.iter().map(row).collect(),
    }
}

/// A figure of a host's own table.
struct Figure {
    work: Work,
    aes_disabled: bool,
    what: What,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Rate,
    Cycles,
    /// How many times as fast with AES enabled.
    Times,
}

/// Those that have a figure in any row.
fn columns(place: &Place, keys: &[Key]) -> Vec<Figure> {
    let all = [Work::Seal, Work::Open].into_iter().flat_map(|work| {
        let of = move |(aes_disabled, what)| Figure { work, aes_disabled, what };
        let open = [(false, What::Rate), (false, What::Cycles)];
        open.into_iter()
            .chain([What::Rate, What::Cycles, What::Times].map(|what| (true, what)))
            .map(of)
    });
    all.filter(|column| keys.iter().any(|key| column.cell(place, key).value.is_some())).collect()
}

impl Figure {
    /// `both`: the table has figures with AES disabled and enabled.
    fn lines(&self, both: bool) -> Vec<String> {
        let state = match (self.what, self.aes_disabled) {
            (What::Times, _) => "speedup",
            (_, true) => "no AES",
            (_, false) if both => "AES",
            (_, false) => "",
        };
        let unit = match self.what {
            What::Rate => "MB/s",
            What::Cycles => "c/B",
            What::Times => "",
        };
        let lines = [self.work.to_string(), state.to_owned(), unit.to_owned()];
        lines.into_iter().filter(|line| !line.is_empty()).collect()
    }

    fn key(&self) -> String {
        let what = match self.what {
            What::Rate => "mb_per_s",
            What::Cycles => "cycles_per_byte",
            What::Times => "times",
        };
        format!("{}_{what}{}", self.work, if self.aes_disabled { "_aes_disabled" } else { "" })
    }

    fn cell(&self, place: &Place, key: &Key) -> Cell {
        let figure = place.find(key, self.work, self.aes_disabled);
        match self.what {
            What::Rate => rate(figure),
            What::Cycles => cycles(figure),
            What::Times => times(figure, place),
        }
    }
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
    let cycles = figure.and_then(|figure| figure.cycles_per_byte);
    Cell::number(cycles, |cycles| format!("{cycles:.2}"))
}

fn times(aes_disabled: Option<&CoreFigure>, place: &Place) -> Cell {
    let times = aes_disabled.and_then(|figure| times_aes_enabled(figure, &place.figures));
    Cell::number(times, |times| format!("{times:.1}"))
}

/// What several hosts have in common, sealed.
pub fn side_by_side(places: &[Place]) -> Vec<Grid> {
    let all: Vec<BTreeSet<Key>> = places.iter().map(keys).collect();
    let is_shared = |key: &Key| all.iter().filter(|keys| keys.contains(key)).count() > 1;
    let keys: BTreeSet<&Key> = all.iter().flatten().filter(|key| is_shared(key)).collect();
    let keys: Vec<&Key> = keys.into_iter().collect();
    let of_one = |a: &&Key, b: &&Key| {
        (&a.implementation, a.payload_bytes) == (&b.implementation, b.payload_bytes)
    };
    keys.chunk_by(of_one).map(|keys| shared(places, keys)).collect()
}

fn shared(places: &[Place], keys: &[&Key]) -> Grid {
    let Some(first) = keys.first() else { return Grid::default() };
    let with_mac =
        keys.iter().filter_map(|key| key.mac.as_ref()).collect::<BTreeSet<_>>().len() > 1;
    let mut headings = vec![Heading::text("cipher")];
    let mut columns = Vec::new();
    for (group, place) in places.iter().enumerate() {
        for aes_disabled in [false, true] {
            if !keys.iter().any(|key| place.find(key, Work::Seal, aes_disabled).is_some()) {
                continue;
            }
            let state = match (aes_disabled, place.host().profile.aes.class) {
                (true, _) => "AES disabled".into(),
                (false, class) => class.to_string(),
            };
            let lines = vec![place.label.clone(), state, "MB/s".into()];
            headings.push(Heading { lines, group, key: format!("value_{group}_{aes_disabled}") });
            columns.push((place, aes_disabled));
        }
    }
    let row = |key: &&Key| {
        let cells = columns
            .iter()
            .map(|(place, aes_disabled)| rate(place.find(key, Work::Seal, *aes_disabled)));
        (name(key, with_mac), cells.collect())
    };
    Grid {
        title: format!(
            "side by side: {}, packets of {} bytes, seal",
            first.implementation, first.payload_bytes
        ),
        headings,
        rows: keys.iter().map(row).collect(),
    }
}
