//! What is shown together: two ends, one method, both directions.

use std::collections::BTreeMap;

use crate::analysis::end::End;
use crate::analysis::naming::programs;
use crate::analysis::rows::mark::Mark;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::row::Row;
use crate::analysis::rows::table::{Section, Table};
use crate::analysis::rows::unranked::Unranked;
use crate::analysis::rows::whole::EndTimes;
use crate::model::units::printable;
use crate::model::{Direction, Method, Survey};
use crate::report::columns::line::Line;

pub const ENDS: [End; 2] = [End::Client, End::Server];

/// The sections of one pairing by one method.
pub struct Panel<'a> {
    /// Tells it from the other panels: `loopback, AES at the client only`.
    pub title: String,
    /// Index in the header.
    pub pairing: usize,
    pub method: Method,
    pub ways: Vec<Way<'a>>,
    /// What was measured in any direction, in the order of the first one.
    pub choices: Vec<Choice>,
}

/// One direction of a panel.
pub struct Way<'a> {
    pub survey: &'a Survey,
    pub table: &'a Table,
    pub section: &'a Section,
}

impl Way<'_> {
    /// A row with all that the columns need.
    pub fn line<'a>(&'a self, row: &'a Row) -> Line<'a> {
        let Way { survey, table, section } = *self;
        Line { survey, table, section, row, names_mac: false }
    }

    pub fn row(&self, choice: &Choice) -> Option<&Row> {
        self.section.rows.iter().find(|row| choice.is(row))
    }

    pub fn direction(&self) -> Direction {
        self.table.direction
    }

    /// The class of its colour.
    pub fn class(&self) -> &'static str {
        match self.direction() {
            Direction::Upload => "up",
            Direction::Download => "down",
        }
    }

    pub fn arrow(&self) -> &'static str {
        match self.direction() {
            Direction::Upload => "↑",
            Direction::Download => "↓",
        }
    }
}

impl Panel<'_> {
    /// Unique on a page.
    pub fn id(&self) -> String {
        format!("panel-{}-{}", self.pairing, self.method)
    }

    /// The name of a choice, harmless.
    pub fn names(&self) -> impl Iterator<Item = (String, &Choice)> {
        self.choices.iter().map(|choice| (printable(&choice.to_string()), choice))
    }

    /// What is said beside a name: it is the default, or not ranked.
    pub fn note(&self, choice: &Choice) -> String {
        let mut rows = self.ways.iter().filter_map(|way| way.row(choice));
        let of = |row: &Row| match row.unranked {
            Some(Unranked::NoCipher) => Some(Mark::NoCipher.to_string()),
            Some(Unranked::AesNotDisabled) => Some(Mark::AesNotDisabled.to_string()),
            None => row.is_default.then(|| Mark::Default.to_string()),
        };
        rows.find_map(of).unwrap_or_default()
    }
}

/// What CPU the whole file takes of an end.
pub fn times(row: &Row, end: End) -> Option<EndTimes> {
    match end {
        End::Client => row.whole_file.client,
        End::Server => row.whole_file.server,
    }
}

/// The panels of a survey, in the order of its pairings.
pub fn panels<'a>(survey: &'a Survey, tables: &'a [Table]) -> Vec<Panel<'a>> {
    let mut ways: BTreeMap<(usize, Method), Vec<Way>> = BTreeMap::new();
    for table in tables {
        for section in &table.sections {
            ways.entry((section.pairing, table.method)).or_default().push(Way {
                survey,
                table,
                section,
            });
        }
    }
    let pairings = &survey.header.pairings;
    let several_methods = tables.iter().any(|table| table.method != tables[0].method);
    let of = |((pairing, method), ways): ((usize, Method), Vec<Way<'a>>)| {
        let own = &pairings[pairing];
        let mut title = own.target.clone();
        if let Some(programs) = programs(own, pairings.iter()) {
            title += &format!(" with {programs}");
        }
        if several_methods {
            title += &format!(" by {method}");
        }
        if pairings.iter().any(|other| other.aes() != own.aes()) {
            title += &format!(", {}", own.aes().phrase());
        }
        let mut choices: Vec<Choice> = Vec::new();
        for way in &ways {
            for row in &way.section.rows {
                let choice = Choice::of(row, &way.section.rows);
                match choices.iter_mut().find(|known| **known == choice) {
                    Some(known) => known.ambiguous |= choice.ambiguous,
                    None => choices.push(choice),
                }
            }
        }
        Panel { title, pairing, method, ways, choices }
    };
    ways.into_iter().map(of).collect()
}
