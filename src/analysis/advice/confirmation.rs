//! Advice shown end to end: copies of FILE by the user's own command, with the recommended cipher and with another
//! one in turn, setup and storage included. The other one is the default, or the fastest other one where the default
//! is kept. Only copies that surely say the contrary withdraw advice: few of them contradict a true gain of 10 % by
//! chance in one of five surveys.

use crate::analysis::advice::copies::{Confirmation, Copies, Verdict, text};
use crate::analysis::advice::goal::Goal;
use crate::analysis::advice::recommendation::Recommendation;
use crate::analysis::phrases::times_text;
use crate::analysis::rows::compare::Ratio;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::row::Row;
use crate::analysis::rows::table::{Section, Table};
use crate::analysis::samples::grouping::{by_table, groups, one_way};
use crate::analysis::samples::series::{Figure, field};
use crate::analysis::samples::startup::Startups;
use crate::analysis::summarise;
use crate::model::record::{Asked, Outcome, Phase, Sample};
use crate::model::{Configuration, Direction, Entry, Mac, RaceKey, Survey};
use crate::stats::fit::fit;
use crate::stats::intervals::of_copies;
use crate::stats::statistics::median;

/// Advice that copies may confirm.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirmable {
    pub race: RaceKey,
    /// With the cipher that it is held against, and with the recommended one.
    pub entries: [Entry; 2],
    /// Seconds that one copy with each takes together, besides its bytes, and per byte.
    pub before_s: f64,
    pub per_byte_s: f64,
}

impl Confirmable {
    /// The first advice of each pairing for one fast transfer, from the rounds so far.
    pub fn all(survey: &Survey, recommendations: &[Recommendation]) -> Vec<Confirmable> {
        let tables = summarise(survey).tables;
        let mut found: Vec<Confirmable> = Vec::new();
        for one in recommendations {
            if found.iter().all(|known| known.race.pairing != one.pairing) {
                found.extend(Confirmable::of(survey, &tables, one));
            }
        }
        found
    }

    fn of(survey: &Survey, tables: &[Table], one: &Recommendation) -> Option<Confirmable> {
        let direction = *one.speed()?.directions.first()?;
        let Subject { race, against, recommended, .. } =
            Subject::of(survey, tables, one, direction)?;
        let section = section(tables, race)?;
        let rows = [&against, &recommended].map(|choice| row(section, choice));
        let (mut before_s, mut per_byte_s) = (0.0, 0.0);
        for row in rows {
            let whole = &row?.whole_file;
            before_s += whole.before_s?;
            // Of a part storage takes no more per byte than of the whole.
            per_byte_s += (whole.real_s? - whole.before_s?) / survey.header.file.bytes as f64;
        }
        let entry = |choice: &Choice| {
            let asked = asked_mac(survey, race, choice);
            let (RaceKey { pairing, method, direction }, cipher) = (race, choice.cipher.clone());
            Configuration { pairing, method, cipher, mac: asked }.toward(direction)
        };
        let entries = [entry(&against), entry(&recommended)];
        Some(Confirmable { race, entries, before_s, per_byte_s })
    }
}

/// Adds what copies say to the advice that they are of, and withdraws it where they surely say the contrary.
pub fn confirm(
    survey: &Survey,
    tables: &[Table],
    recommendations: &mut [Recommendation],
    startups: &Startups,
) {
    if copies(survey).next().is_none() {
        return;
    }
    let mut confirmed: Vec<usize> = Vec::new();
    for one in recommendations {
        if confirmed.contains(&one.pairing) {
            continue;
        }
        let in_direction = |&direction: &Direction| {
            let subject = Subject::of(survey, tables, one, direction)?;
            let found = of(survey, tables, &subject, startups)?;
            Some((subject, found))
        };
        let Some((subject, found)) = one.directions.iter().find_map(in_direction) else { continue };
        confirmed.push(one.pairing);
        if found.verdict == Verdict::Contradicted && !subject.keeps_default {
            withdraw(one, subject.against);
        }
        one.confirmation = Some(found);
    }
}

/// The advice for one fast transfer, and the cipher that it is held against.
struct Subject {
    race: RaceKey,
    against: Choice,
    recommended: Choice,
    keeps_default: bool,
}

impl Subject {
    fn of(
        survey: &Survey,
        tables: &[Table],
        one: &Recommendation,
        direction: Direction,
    ) -> Option<Subject> {
        let advice = one.speed()?;
        let race = RaceKey { pairing: one.pairing, method: one.method, direction };
        let by_default = default_choice(survey, race);
        let against = match advice.keep_default {
            false => advice.times_default.map(|_| by_default)?,
            true => fastest_other(section(tables, race)?, one, &by_default)?,
        };
        let (recommended, keeps_default) = (advice.choice.clone(), advice.keep_default);
        Some(Subject { race, against, recommended, keeps_default })
    }
}

/// The fastest cipher besides one that could be recommended.
fn fastest_other(section: &Section, one: &Recommendation, besides: &Choice) -> Option<Choice> {
    let may_be = |row: &&Row| {
        row.unranked.is_none()
            && row.failed == 0
            && !besides.is(row)
            && one.below_floor.iter().all(|(cipher, _)| *cipher != row.cipher)
    };
    let rates =
        section.rows.iter().filter(may_be).filter_map(|row| Some((row, row.rate_mb_per_s?)));
    let (fastest, _) = rates.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    Some(Choice::of(fastest, &section.rows))
}

fn copies(survey: &Survey) -> impl Iterator<Item = &Sample> {
    survey.samples.iter().filter(|sample| sample.phase == Phase::Confirmation)
}

fn of(
    survey: &Survey,
    tables: &[Table],
    subject: &Subject,
    startups: &Startups,
) -> Option<Confirmation> {
    let Subject { race, keeps_default, .. } = *subject;
    let choices = [&subject.against, &subject.recommended];
    let own = |choice: &Choice| -> Vec<&Sample> {
        let mac = asked_mac(survey, race, choice);
        let is = |copy: &&Sample| {
            (copy.pairing, copy.direction) == (race.pairing, race.direction)
                && (&copy.cipher, &copy.mac) == (&choice.cipher, &mac)
        };
        copies(survey).filter(is).collect()
    };
    let [against, recommended] = choices.map(own);
    let first = against.first().or(recommended.first())?;
    let bytes = asked_bytes(first)?;
    let file = &survey.header.file;
    let of_cipher = |choice: &Choice, samples: &[&Sample]| {
        let predicted_s = section(tables, race).and_then(|section| {
            let row = row(section, choice)?;
            row.whole_file.of_part_s(row.rate_mb_per_s?, section.storage.as_ref(), bytes)
        });
        let seconds: Vec<f64> = samples.iter().filter_map(|sample| took_s(sample)).collect();
        Copies {
            cipher: choice.cipher.clone(),
            copies: seconds.len(),
            real_s: median(&seconds),
            predicted_s,
        }
    };
    let differences: Vec<f64> = against
        .iter()
        .filter_map(|slow| {
            let fast = recommended.iter().find(|fast| fast.round == slow.round)?;
            Some((took_s(slow)? / took_s(fast)?).ln())
        })
        .collect();
    let interval = of_copies(&differences, race_variance(survey, race, startups)?);
    let failure = against.iter().chain(&recommended).rev().find_map(|copy| failure(copy));
    let mut found = Confirmation {
        method: first.method,
        direction: race.direction,
        bytes,
        whole: bytes == file.bytes,
        keeps_default,
        verdict: Verdict::of(interval.as_ref(), survey.header.precision, keeps_default),
        against: of_cipher(choices[0], &against),
        recommended: of_cipher(choices[1], &recommended),
        times: interval.map(|interval| Ratio {
            ratio: interval.estimate.exp(),
            low: interval.lower().exp(),
            high: interval.upper().exp(),
        }),
        failure,
        text: String::new(),
    };
    found.text = text(&found, file.name.as_deref());
    Some(found)
}

pub(super) fn default_choice(survey: &Survey, race: RaceKey) -> Choice {
    let names = one_way(&survey.header.pairings[race.pairing].by_default, race.direction);
    Choice { cipher: names.cipher.clone(), mac: names.explicit_mac(), ambiguous: false }
}

pub(super) fn section(tables: &[Table], race: RaceKey) -> Option<&Section> {
    let own = |table: &&Table| (table.method, table.direction) == (race.method, race.direction);
    let sections = tables.iter().filter(own).flat_map(|table| &table.sections);
    sections.into_iter().find(|section| section.pairing == race.pairing)
}

pub(super) fn row<'a>(section: &'a Section, choice: &Choice) -> Option<&'a Row> {
    section.rows.iter().find(|row| choice.is(row))
}

/// The MAC that was named for a choice, which is told by what it negotiated.
fn asked_mac(survey: &Survey, race: RaceKey, choice: &Choice) -> Option<Mac> {
    let own = |sample: &&Sample| {
        let negotiated = sample.negotiated.as_ref().map(|names| one_way(names, race.direction));
        RaceKey::of(sample) == race
            && sample.cipher == choice.cipher
            && negotiated.is_some_and(|names| names.explicit_mac() == choice.mac)
    };
    survey.samples.iter().find(own)?.mac.clone()
}

/// The variance of the difference of two samples of a race.
fn race_variance(survey: &Survey, race: RaceKey, startups: &Startups) -> Option<f64> {
    let groups = groups(&survey.header.pairings);
    let table = (*groups.get(race.pairing)?, race.method, race.direction);
    let rows = by_table(survey, &groups).remove(&table)?.into_iter();
    let own = rows.filter(|((pairing, ..), _)| *pairing == race.pairing);
    let lists: Vec<Vec<&Sample>> = own.map(|(_, samples)| samples).collect();
    Some(2.0 * fit(&field(&lists, Figure::Rate, startups).values)?.scale.powi(2))
}

fn asked_bytes(sample: &Sample) -> Option<u64> {
    match sample.asked {
        Asked::Bytes(bytes) => Some(bytes),
        Asked::Seconds(_) => None,
    }
}

/// Seconds of a copy that succeeded.
fn took_s(copy: &Sample) -> Option<f64> {
    copy.whole_s.filter(|&seconds| copy.outcome == Outcome::Measured && seconds > 0.0)
}

fn failure(copy: &Sample) -> Option<String> {
    match &copy.outcome {
        Outcome::Measured => None,
        Outcome::Failed { reason, .. } => Some(reason.clone()),
    }
}

/// Keeps the default cipher.
fn withdraw(one: &mut Recommendation, by_default: Choice) {
    let Some(advice) = one.goals.iter_mut().find(|advice| advice.goal == Goal::Speed) else {
        return;
    };
    let Some(times) = advice.times_default.take() else { return };
    advice.text = format!(
        "keep {by_default}: in the rounds {} was {} as fast, but copies took longer with it",
        advice.choice,
        times_text(times)
    );
    advice.figure /= times.ratio;
    advice.withdrawn = Some(std::mem::replace(&mut advice.choice, by_default));
    advice.keep_default = true;
    advice.bottleneck = None;
    advice.behind.clear();
    advice.decided = false;
    advice.bound_percent = None;
    advice.as_good.clear();
    advice.ties.clear();
    advice.times_worst = None;
    advice.next = None;
    advice.ahead = None;
    advice.cpu = None;
    one.by_direction.clear();
}

#[cfg(test)]
#[path = "confirmation_tests.rs"]
mod tests;
