//! The grids: of one host, and of several side by side.

use std::collections::BTreeSet;

use super::place::{Key, Place, keys};
use crate::analysis::cipher_cores::{CoreFigure, times_aes_enabled};
use crate::analysis::phrases::per_cent;
use crate::model::Mac;
use crate::model::cipher_cores::Work;
use crate::model::units::significant;
use crate::report::compare::sheet::{Cell, Grid, Heading};

/// A host's own grids, one a library and size.
pub fn grids(place: &Place, several: bool) -> Vec<Grid> {
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
    let columns = columns(place, keys);
    let heading = |column: &Column| Heading {
        lines: column.lines(columns.iter().any(|other| other.aes_disabled != column.aes_disabled)),
        group: column.work as usize,
        key: column.key(),
    };
    let names = Heading { lines: vec!["cipher".into()], group: 0, key: String::new() };
    let row = |key: &Key| {
        let cells = columns.iter().map(|column| column.cell(place, key));
        (name(key, macs.len() > 1), cells.collect())
    };
    Grid {
        title,
        headings: std::iter::once(names).chain(columns.iter().map(heading)).collect(),
        rows: keys.iter().map(row).collect(),
        slopes: None,
    }
}

/// A column of a host's own grid.
struct Column {
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
fn columns(place: &Place, keys: &[Key]) -> Vec<Column> {
    let all = [Work::Seal, Work::Open].into_iter().flat_map(|work| {
        let of = move |(aes_disabled, what)| Column { work, aes_disabled, what };
        let open = [(false, What::Rate), (false, What::Cycles)];
        open.into_iter()
            .chain([What::Rate, What::Cycles, What::Times].map(|what| (true, what)))
            .map(of)
    });
    all.filter(|column| keys.iter().any(|key| column.cell(place, key).value.is_some())).collect()
}

impl Column {
    /// `both`: the grid has figures with AES enabled and disabled.
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
        format!("{}_{what}{}", self.work, if self.aes_disabled { "_masked" } else { "" })
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

fn times(aes_disabled: Option<&CoreFigure>, place: &Place) -> Cell {
    match aes_disabled.and_then(|aes_disabled| times_aes_enabled(aes_disabled, &place.figures)) {
        Some(value) => Cell { value: Some(value), shown: format!("{value:.1}"), ..Cell::default() },
        None => Cell::missing(),
    }
}

/// What several hosts have in common, sealed.
pub fn side_by_side(places: &[Place]) -> Vec<Grid> {
    let all: Vec<BTreeSet<Key>> = places.iter().map(keys).collect();
    let shared = |key: &Key| all.iter().filter(|keys| keys.contains(key)).count() > 1;
    let keys: BTreeSet<&Key> = all.iter().flatten().filter(|key| shared(key)).collect();
    let keys: Vec<&Key> = keys.into_iter().collect();
    let of_one = |a: &&Key, b: &&Key| {
        (&a.implementation, a.payload_bytes) == (&b.implementation, b.payload_bytes)
    };
    keys.chunk_by(of_one).map(|keys| samples_file(places, keys)).collect()
}

fn samples_file(places: &[Place], keys: &[&Key]) -> Grid {
    let Some(first) = keys.first() else { return empty() };
    let with_mac =
        keys.iter().filter_map(|key| key.mac.as_ref()).collect::<BTreeSet<_>>().len() > 1;
    let mut headings = vec![Heading { lines: vec!["cipher".into()], group: 0, key: String::new() }];
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
        slopes: None,
    }
}
