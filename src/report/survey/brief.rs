//! The answer of a survey, as all formats begin with it: what to use, one table with both directions side by side, and
//! the bottleneck of each direction.

use crate::analysis::Summary;
use crate::analysis::advice::goal::Goal;
use crate::analysis::bottleneck::kind::Bottleneck;
use crate::analysis::rows::mark::Mark;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::row::{Cost, Row};
use crate::analysis::rows::table::{Section, Table};
use crate::analysis::window::has_small_window;
use crate::model::record::Pairing;
use crate::model::units::significant;
use crate::model::{Direction, Method};
use crate::report::document::Report;
use crate::report::grid::{Cell, Grid, Heading, Tone};
use crate::report::survey::advice::Advised;
use crate::ssh::catalog::without_domain;

/// The most rows of a table, besides those that matter; the others are counted.
const MOST_ROWS: usize = 12;

/// Two ends and a method: what to use between them, and what that rests on.
pub struct Brief<'a> {
    /// Names the target, and what tells these ends from others of the survey.
    pub scope: String,
    pub advised: Option<&'a Advised>,
    /// Of each direction.
    ways: Vec<(Direction, &'a Section)>,
    pairing: &'a Pairing,
    method: Method,
    /// The survey has others.
    several: bool,
}

impl<'a> Brief<'a> {
    /// In the order of the tables.
    pub fn all(report: &'a Report<'a>) -> Vec<Brief<'a>> {
        let mut all: Vec<Brief> = Vec::new();
        for (table, section) in sections(&report.summary) {
            let is = |one: &&mut Brief| {
                one.method == table.method
                    && one.ways.iter().all(|(_, own)| own.pairing == section.pairing)
            };
            if let Some(known) = all.iter_mut().find(is) {
                known.ways.push((table.direction, section));
                continue;
            }
            let advised = report.advised.iter().find(|advised| {
                let one = &advised.recommendation;
                (one.pairing, one.method) == (section.pairing, table.method)
            });
            let scope = match advised {
                Some(advised) => advised.recommendation.scope.clone(),
                None => table.target.clone(),
            };
            let ways = vec![(table.direction, section)];
            let pairing = &report.survey.header.pairings[section.pairing];
            let method = table.method;
            all.push(Brief { scope, advised, ways, pairing, method, several: false });
        }
        let several = all.len() > 1;
        all.into_iter().map(|one| Brief { several, ..one }).collect()
    }

    /// What to use, in a sentence without its full stop.
    pub fn headline(&self) -> String {
        let found = self.advised.and_then(|advised| advised.answer.as_ref());
        let mut rows = self.ways.iter().flat_map(|(_, section)| &section.rows);
        let nothing = match rows.any(|row| row.measured > 0) {
            true => "nothing was measured that could be recommended",
            false => "nothing was measured, every sample failed",
        };
        format!("{}: {}", self.scope, found.map_or(nothing, |found| &found.headline))
    }

    /// How sure that is, and the proof; each behind its label, without its full stop.
    pub fn grounds(&self) -> Vec<(&'static str, String)> {
        let Some(Advised { answer: Some(found), recommendation, .. }) = self.advised else {
            return Vec::new();
        };
        let mut grounds = vec![("how sure", found.how_sure.clone())];
        grounds.extend(found.by_direction.iter().map(|text| ("by direction", text.clone())));
        grounds.extend(self.left_out().map(|text| ("left out", text)));
        let copies = recommendation.confirmation.iter();
        grounds.extend(copies.map(|copies| ("copies", copies.text.clone())));
        let of = |goal: Goal| recommendation.goals.iter().find(|advice| advice.goal == goal);
        let least = of(Goal::Many).filter(|many| {
            !many.keep_default && of(Goal::Speed).is_none_or(|speed| speed.choice != many.choice)
        });
        if let Some((many, times)) = least.and_then(|many| Some((many, many.times_default?))) {
            grounds.push((
                "least CPU",
                format!(
                    "{}, {} CPU-s per GB of both ends; the default costs {} times as much",
                    many.choice,
                    significant(many.figure),
                    significant(times.ratio)
                ),
            ));
        }
        grounds
    }

    /// The fastest of those that ssh_config leaves out, where it is surely faster than the chosen one in each direction.
    fn left_out(&self) -> Option<String> {
        let chosen = self.chosen()?;
        let faster = |choice: &Choice| {
            let of = |(_, section): &(Direction, &'a Section)| {
                let leader = &section.conclusion.as_ref()?.fastest.leader;
                let times = row(section, chosen)?.speed?.times_leader?;
                (leader == choice && times.high < 1.0).then(|| times.inverse().ratio)
            };
            let each: Option<Vec<f64>> = self.ways.iter().map(of).collect();
            each.map(|each| each.into_iter().fold(f64::INFINITY, f64::min))
        };
        let mut left_out = self.choices().into_iter().filter(|choice| {
            self.ways.iter().any(|(_, own)| row(own, choice).is_some_and(|row| row.left_out))
        });
        let (choice, times) = left_out.find_map(|one| Some((one.clone(), faster(&one)?)))?;
        let times = significant(times);
        Some(format!("{choice}, {times} times as fast, by Ciphers in ssh_config"))
    }

    /// How many times as fast as the default cipher the recommended one is; absent where the default is kept.
    pub fn gain(&self) -> Option<f64> {
        let times = self.advised?.recommendation.speed()?.times_default?.ratio;
        (times > 1.0).then_some(times)
    }

    /// What the signs of the table mean, as far as they are there.
    pub fn legend(briefs: &[Brief]) -> String {
        let rows = || briefs.iter().flat_map(|one| &one.ways).flat_map(|(_, own)| &own.rows);
        let signs = [
            (briefs.iter().any(|one| one.chosen().is_some()), "▸: recommended."),
            (
                rows().any(|row| row.speed.is_some_and(|speed| speed.half_percent.is_some())),
                "±: half the 95 % interval.",
            ),
            (rows().any(|row| row.is_default), "×: times the default cipher's rate."),
        ];
        let told = signs.into_iter().filter_map(|(is_there, text)| is_there.then_some(text));
        told.collect::<Vec<_>>().join(" ")
    }

    /// The lines of ssh_config that choose it.
    pub fn paste(&self) -> &'a [String] {
        let for_speed = |advised: &&'a Advised| {
            let uses = advised.uses.iter();
            uses.into_iter().find(|one| one.goals.contains(&Goal::Speed))
        };
        match self.advised.as_ref().and_then(for_speed) {
            Some(used) => &used.paste.ssh_config,
            None => &[],
        }
    }

    /// A row for each cipher, the fastest first.
    pub fn grid(&self) -> Grid {
        let choices = self.choices();
        // What is recommended, and what it is held against, is always there.
        let matters = |choice: &Choice| {
            let mut rows = self.ways.iter().filter_map(|(_, section)| row(section, choice));
            self.chosen() == Some(choice) || rows.any(|row| row.is_default)
        };
        let shown = choices.iter().enumerate();
        let shown = shown.filter(|(place, choice)| *place < MOST_ROWS || matters(choice));
        let mut rows: Vec<_> = shown.map(|(_, choice)| self.grid_row(choice)).collect();
        let left = choices.len() - rows.len();
        if left > 0 {
            rows.push((format!("  {left} more: --details"), Vec::new()));
        }
        let mut headings = vec![Heading { lines: vec!["  cipher".into()], ..Heading::text("") }];
        for (group, (direction, _)) in self.ways.iter().enumerate() {
            let of = |lines: [String; 2], key: &str| Heading {
                lines: lines.to_vec(),
                group,
                key: format!("{direction}_{key}"),
            };
            headings.push(of([direction.to_string(), "MB/s".into()], "rate_mb_per_s"));
            headings.push(of([String::new(), "×".into()], "times_default"));
        }
        let group = self.ways.len();
        for end in ["client", "server"] {
            let lines = vec![end.into(), "CPU-s".into(), "per GB".into()];
            headings.push(Heading { lines, group, key: format!("{end}_cpu_s_per_gb") });
        }
        headings.push(Heading { group, ..Heading::text("") });
        for (_, cells) in &mut rows {
            cells.resize(headings.len() - 1, Cell::text(""));
        }
        let title = if self.several { self.name().to_owned() } else { String::new() };
        Grid { title, headings, rows }
    }

    /// The grid with a title that says what is in it.
    pub fn titled_grid(&self) -> Grid {
        Grid { title: format!("{}: ciphers, fastest first", self.scope), ..self.grid() }
    }

    fn grid_row(&self, choice: &Choice) -> (String, Vec<Cell>) {
        let is_chosen = self.chosen().is_some_and(|chosen| chosen == choice);
        let tone = if is_chosen { Tone::Good } else { Tone::Plain };
        let mut cells = Vec::new();
        for (_, section) in &self.ways {
            let row = row(section, choice);
            let rate = row.and_then(|row| row.rate_mb_per_s);
            let half = row.and_then(|row| row.speed?.half_percent);
            let interval = half.map(|half| format!("±{half:.0}%")).unwrap_or_default();
            cells.push(Cell { interval, tone, ..Cell::figure(rate) });
            let default = section.rows.iter().find(|row| row.is_default);
            let times = rate.zip(default.and_then(|row| row.rate_mb_per_s));
            let times = times.map(|(rate, default)| rate / default);
            cells.push(Cell { tone, ..Cell::number(times, times_default) });
        }
        let cost = |of: fn(&Row) -> Option<&Cost>| {
            let own = self.ways.iter().filter_map(|(_, section)| row(section, choice));
            let own: Vec<f64> = own.filter_map(|row| Some(of(row)?.cpu_s_per_gb)).collect();
            let mean = own.iter().sum::<f64>() / own.len() as f64;
            Cell { tone, ..Cell::figure(Some(mean).filter(|_| own.len() == self.ways.len())) }
        };
        cells.push(cost(|row| row.client.as_ref()));
        cells.push(cost(|row| row.server.as_ref()));
        cells.push(Cell { tone, ..Cell::text(self.marks(choice)) });
        let sign = if is_chosen { "▸" } else { " " };
        // What is to be pasted keeps the domain.
        (format!("{sign} {}", without_domain(&choice.to_string())), cells)
    }

    /// What is told of a row beside its figures.
    fn marks(&self, choice: &Choice) -> String {
        let rows = || self.ways.iter().filter_map(|(_, section)| row(section, choice));
        let mut marks: Vec<String> = Vec::new();
        for mark in rows().flat_map(|row| &row.marks) {
            let text = match mark {
                Mark::Default | Mark::NoCipher | Mark::AesNotDisabled => mark.to_string(),
                Mark::LeftOut => "left out".to_owned(),
                _ => continue,
            };
            if !marks.contains(&text) {
                marks.push(text);
            }
        }
        let (failed, all) = rows().fold((0, 0), |(failed, all), row| {
            (failed + row.failed, all + row.failed + row.measured)
        });
        if failed > 0 {
            marks.push(format!("{failed} of {all} failed"));
        }
        marks.join(", ")
    }

    fn chosen(&self) -> Option<&'a Choice> {
        let one = &self.advised?.recommendation;
        Some(&one.speed().filter(|_| one.is_choice())?.choice)
    }

    /// All rows: those that are compared before the others, by the seconds that they take in the directions in which
    /// the cipher makes a difference.
    fn choices(&self) -> Vec<Choice> {
        let mut choices: Vec<Choice> = Vec::new();
        for (_, section) in &self.ways {
            for row in &section.rows {
                let choice = Choice::of(row, &section.rows);
                if !choices.contains(&choice) {
                    choices.push(choice);
                }
            }
        }
        let speed = self.advised.and_then(|advised| advised.recommendation.speed());
        let counts = |direction: Direction| {
            speed.is_none_or(|advice| advice.directions.contains(&direction))
        };
        let key = |choice: &Choice| {
            let of = |(direction, section): &(Direction, &'a Section)| {
                counts(*direction).then(|| row(section, choice))
            };
            let rows: Vec<Option<&Row>> = self.ways.iter().filter_map(of).collect();
            let is_unranked = rows.iter().flatten().any(|row| row.unranked.is_some());
            let per_mb = |row: &Option<&Row>| {
                row.and_then(|row| row.rate_mb_per_s).map_or(f64::INFINITY, f64::recip)
            };
            (is_unranked, rows.iter().map(per_mb).sum::<f64>())
        };
        choices.sort_by(|a, b| {
            let (a, b) = (key(a), key(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        choices
    }

    /// What kept the chosen cipher from being faster in each direction, each behind its label.
    pub fn bottlenecks(&self) -> Vec<(String, String)> {
        let of = |(direction, section): &(Direction, &'a Section)| {
            let found = self.bottleneck(section)?;
            let scope = if self.several { format!("{}, ", self.name()) } else { String::new() };
            let label = format!("bottleneck, {scope}{direction}");
            Some((label, format!("{} ({})", found.kind, found.evidence)))
        };
        self.ways.iter().filter_map(of).collect()
    }

    /// What to do about them, each once.
    pub fn remedies(&self) -> Vec<&'static str> {
        let mut remedies = Vec::new();
        for (direction, section) in &self.ways {
            let small = has_small_window(self.pairing, *direction);
            let found = self.bottleneck(section);
            let remedy = found.and_then(|found| found.kind.remedy(self.method, small));
            remedies.extend(remedy.filter(|text| !remedies.contains(text)));
        }
        remedies
    }

    fn bottleneck(&self, section: &'a Section) -> Option<&'a Bottleneck> {
        let own = self.chosen().and_then(|chosen| row(section, chosen));
        own.or(section.rows.first())?.bottleneck.as_ref()
    }

    /// What tells it from others: where they have the same target, without that.
    pub fn name(&self) -> &str {
        self.scope.strip_prefix(&format!("{}, ", self.pairing.target)).unwrap_or(&self.scope)
    }
}

/// Two digits behind the point, three of what is less than a tenth.
fn times_default(times: f64) -> String {
    if times < 0.1 { format!("{times:.3}") } else { format!("{times:.2}") }
}

fn sections(summary: &Summary) -> impl Iterator<Item = (&Table, &Section)> {
    summary.tables.iter().flat_map(|table| table.sections.iter().map(move |one| (table, one)))
}

fn row<'a>(section: &'a Section, choice: &Choice) -> Option<&'a Row> {
    section.rows.iter().find(|row| choice.is(row))
}
