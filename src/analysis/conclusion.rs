//! What a section of a table says in a sentence or two. Nothing is claimed that is not above
//! the spread of the rounds.

use serde::Serialize;

use super::figures::Row;
use super::statistics::larger_spread;
use crate::model::units::significant;
use crate::model::{Cipher, Mac};

/// The verdict on one section.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conclusion {
    /// What it is about: `upload, AES on/off`. The text begins with it.
    pub scope: String,
    pub fastest: Standing,
    /// By CPU of both ends together; absent where it is not known or too coarse to tell.
    pub cheapest: Option<Standing>,
    /// How many times faster the fastest is than what ssh negotiates unasked; absent where
    /// that was not measured, or differs by no more than the spread.
    pub times_unasked: Option<f64>,
    pub text: String,
}

/// Who leads by one figure, who can't be told from it, and who comes next.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    pub leader: Choice,
    /// MB/s, or CPU-seconds per GB.
    pub figure: f64,
    pub equals: Vec<Choice>,
    /// The best of the others, of another cipher where there is one.
    pub next: Option<Choice>,
    /// How many times better the leader is than the next.
    pub times_next: Option<f64>,
    /// The larger spread of those compared, ± per cent; absent where one has one trial only.
    pub spread_percent: Option<f64>,
}

/// A row, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    pub cipher: Cipher,
    pub mac: Option<Mac>,
    /// The MAC is needed to tell it from other rows.
    #[serde(skip)]
    pub ambiguous: bool,
}

impl Choice {
    pub fn is(&self, row: &Row) -> bool {
        self.cipher == row.cipher && self.mac == row.mac
    }
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.mac {
            Some(mac) if self.ambiguous => write!(f, "{} with {mac}", self.cipher),
            _ => write!(f, "{}", self.cipher),
        }
    }
}

/// The verdict on rows that compete, and `unasked`, the cipher that ssh negotiates unasked.
/// Absent where nothing was measured.
pub fn conclude(scope: &str, rows: &[Row], unasked: &str) -> Option<Conclusion> {
    let speeds = entries(rows, |row| {
        let rate = row.rate_mb_per_s?;
        Some((rate, rate, row.rate_spread_percent))
    });
    let costs = entries(rows, |row| {
        let cost = row.cost_of_both().filter(|&cost| cost > 0.0)?;
        Some((cost.recip(), cost, row.cost_spread_percent))
    });
    let fastest = standing(&speeds)?;
    let least_is_coarse = costs.first().is_none_or(|entry| entry.row.coarse());
    let cheapest = if least_is_coarse || costs.len() < 2 { None } else { standing(&costs) };
    let default = rows.iter().find(|row| row.unasked && row.rate_mb_per_s.is_some());
    let times_unasked = default
        .filter(|row| !fastest.leader.is(row) && !fastest.equals.iter().any(|e| e.is(row)))
        .and_then(|row| Some(fastest.figure / row.rate_mb_per_s?));
    let default = default.map(|row| choice(row, rows));
    let mut text = format!("{scope}: {}", speed_text(&fastest, speeds.len()));
    text += &unasked_text(&fastest, default.as_ref(), times_unasked, unasked);
    if let Some(cheapest) = &cheapest {
        text += &cost_text(cheapest, &fastest.leader, costs.len(), speeds.len());
    }
    Some(Conclusion { scope: scope.to_owned(), fastest, cheapest, times_unasked, text })
}

/// A row in a ranking.
struct Entry<'a> {
    row: &'a Row,
    choice: Choice,
    /// More is better.
    merit: f64,
    figure: f64,
    spread_percent: Option<f64>,
}

/// The rows that have the figure (merit, figure, spread in per cent), best first.
fn entries(
    rows: &[Row],
    figure: impl Fn(&Row) -> Option<(f64, f64, Option<f64>)>,
) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry> = rows
        .iter()
        .filter_map(|row| {
            let (merit, figure, spread_percent) = figure(row)?;
            Some(Entry { row, choice: choice(row, rows), merit, figure, spread_percent })
        })
        .collect();
    entries.sort_by(|a, b| b.merit.total_cmp(&a.merit));
    entries
}

fn choice(row: &Row, rows: &[Row]) -> Choice {
    let ambiguous = rows.iter().filter(|other| other.cipher == row.cipher).count() > 1;
    Choice { cipher: row.cipher.clone(), mac: row.mac.clone(), ambiguous }
}

fn standing(entries: &[Entry]) -> Option<Standing> {
    let (leader, others) = entries.split_first()?;
    let equal = |entry: &&Entry| {
        let behind_percent = 100.0 * (1.0 - entry.merit / leader.merit);
        let widest = [leader.spread_percent, entry.spread_percent].into_iter().flatten();
        behind_percent <= widest.fold(0.0, f64::max)
    };
    let (equals, behind): (Vec<&Entry>, Vec<&Entry>) = others.iter().partition(equal);
    let another = behind.iter().find(|entry| entry.choice.cipher != leader.choice.cipher);
    let next = another.or(behind.first()).copied();
    let compared = if equals.is_empty() { next.as_slice() } else { &equals[..] };
    Some(Standing {
        leader: leader.choice.clone(),
        figure: leader.figure,
        spread_percent: compared.iter().fold(leader.spread_percent, |widest, entry| {
            larger_spread(widest, entry.spread_percent)
        }),
        equals: equals.into_iter().map(|entry| entry.choice.clone()).collect(),
        next: next.map(|entry| entry.choice.clone()),
        times_next: next.map(|entry| leader.merit / entry.merit),
    })
}

fn speed_text(fastest: &Standing, ranked: usize) -> String {
    let Standing { leader, equals, .. } = fastest;
    let rate = format!("{} MB/s", significant(fastest.figure));
    let spread = spread_text(fastest);
    if ranked == 1 {
        return format!("only {leader} was measured, {rate} ({spread})");
    }
    let ahead = match (&fastest.next, fastest.times_next) {
        (Some(next), Some(times)) => format!(", {} times {next}", significant(times)),
        _ => String::new(),
    };
    match equals.is_empty() {
        true => format!("{leader} is fastest, {rate}{ahead} ({spread})"),
        false => {
            let within = match fastest.spread_percent {
                Some(percent) => {
                    format!("within the spread of the rounds (±{})", per_cent(percent))
                }
                None => format!("({spread})"),
            };
            format!("{} are equally fast {within}, {rate}{ahead}", list(leader, equals))
        }
    }
}

fn unasked_text(
    fastest: &Standing,
    default: Option<&Choice>,
    times_unasked: Option<f64>,
    unasked: &str,
) -> String {
    let Some(default) = default else {
        return format!(
            "; {unasked}, which ssh negotiates unasked, was not measured: no gain is stated."
        );
    };
    match times_unasked {
        Some(_) if fastest.next.as_ref() == Some(default) => {
            "; the latter is what ssh negotiates unasked.".into()
        }
        Some(times) => {
            format!("; {} times {default}, which ssh negotiates unasked.", significant(times))
        }
        None if !fastest.equals.is_empty() => {
            format!("; {default} is what ssh negotiates unasked.")
        }
        None => "; it is what ssh negotiates unasked.".into(),
    }
}

fn cost_text(cheapest: &Standing, fastest: &Choice, priced: usize, ranked: usize) -> String {
    let cost = format!("{} CPU-s per GB at both ends together", significant(cheapest.figure));
    let among = match priced == ranked {
        true => String::new(),
        false => format!(" of the {priced} with figures of both ends"),
    };
    let leader = &cheapest.leader;
    if !cheapest.equals.is_empty() {
        let spread = spread_text(cheapest);
        return format!(
            " Cheapest{among}, alike within the spread: {}, {cost} ({spread}).",
            list(leader, &cheapest.equals)
        );
    }
    match leader == fastest {
        true => format!(" Cheapest{among} too: {leader}, {cost}."),
        false => format!(" Cheapest{among}: {leader}, {cost}."),
    }
}

fn spread_text(standing: &Standing) -> String {
    match standing.spread_percent {
        Some(percent) => format!("spread ±{}", per_cent(percent)),
        None => "one round only: no spread".into(),
    }
}

/// `2 %`, `0.4 %`.
pub fn per_cent(percent: f64) -> String {
    match percent {
        _ if (0.05..0.95).contains(&percent) => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

/// `a and b`, `a, b and c`, `a, b, c and 3 more`.
fn list(leader: &Choice, equals: &[Choice]) -> String {
    const SHOWN: usize = 4;
    let mut names: Vec<String> =
        [leader].into_iter().chain(equals).map(Choice::to_string).collect();
    let last = match names.len() {
        n if n > SHOWN => {
            names.truncate(SHOWN - 1);
            format!("{} more", n - names.len())
        }
        _ => names.pop().unwrap_or_default(),
    };
    match names.is_empty() {
        true => last,
        false => format!("{} and {last}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::summarise;
    use crate::analysis::testing::{each, rounds, spent, survey, trial, with_mac};
    use crate::model::Source;
    use crate::model::record::Trial;

    const CHACHA: &str = "chacha20-poly1305@openssh.com";
    const GCM: &str = "aes128-gcm@openssh.com";
    const CTR: &str = "aes128-ctr";

    fn text(trials: Vec<Trial>) -> String {
        let summary = summarise(&survey(trials));
        summary.tables[0].sections[0].conclusion.clone().unwrap().text
    }

    /// The client spends so many CPU-seconds per trial of 0.1 GB, the server nearly nothing.
    fn costing(trials: Vec<Trial>, total_s: f64) -> Vec<Trial> {
        each(trials, |trial| {
            trial.client = Some(spent(Source::Wait4, total_s));
            trial.server = Some(spent(Source::Inside, 0.01));
        })
    }

    #[test]
    fn a_margin_above_the_spread_is_a_claim() {
        let mut trials = costing(rounds(CHACHA, [36.0, 36.1, 36.9]), 0.3);
        trials.extend(costing(rounds(GCM, [21.8, 22.0, 22.2]), 0.2));
        insta::assert_snapshot!(text(trials), @"upload: chacha20-poly1305@openssh.com is fastest, 36.1 MB/s, 1.64 times aes128-gcm@openssh.com (spread ±1 %); it is what ssh negotiates unasked. Cheapest: aes128-gcm@openssh.com, 2.10 CPU-s per GB at both ends together.");
    }

    #[test]
    fn a_margin_within_the_spread_is_none() {
        let mut trials = rounds(GCM, [36.0, 38.0, 40.0]);
        trials.extend(rounds(CTR, [37.0, 37.5, 38.0]));
        trials.extend(rounds(CHACHA, [19.0, 19.0, 19.0]));
        insta::assert_snapshot!(text(trials), @"upload: aes128-gcm@openssh.com and aes128-ctr are equally fast within the spread of the rounds (±5 %), 38.0 MB/s, 2.00 times chacha20-poly1305@openssh.com; the latter is what ssh negotiates unasked. Cheapest, alike within the spread: aes128-gcm@openssh.com, aes128-ctr and chacha20-poly1305@openssh.com, 3.00 CPU-s per GB at both ends together (spread ±0 %).");
    }

    #[test]
    fn one_round_says_so() {
        let said = text(vec![trial(CHACHA, 1, 30.0), trial(GCM, 1, 60.0)]);
        assert!(
            said.contains("aes128-gcm@openssh.com is fastest, 60.0 MB/s, 2.00 times"),
            "{said}"
        );
        assert!(said.contains("(one round only: no spread)"), "{said}");
        assert!(said.contains("the latter is what ssh negotiates unasked."), "{said}");
    }

    #[test]
    fn no_gain_is_stated_over_what_was_not_measured() {
        let said = text([rounds(GCM, [60.0; 3]), rounds(CTR, [40.0; 3])].concat());
        assert!(said.contains("was not measured: no gain is stated."), "{said}");
        let alone = text(rounds(GCM, [60.0; 3]));
        assert!(alone.starts_with("upload: only aes128-gcm@openssh.com was measured"), "{alone}");
        assert!(!alone.contains("heapest"), "{alone}");
    }

    #[test]
    fn the_next_is_another_cipher_and_macs_tell_rows_apart() {
        let mut trials = rounds(CTR, [50.0; 3]);
        trials.extend(each(rounds(CTR, [40.0; 3]), with_mac("hmac-sha1")));
        trials.extend(rounds(CHACHA, [25.0; 3]));
        let said = text(trials);
        assert!(said.contains("aes128-ctr with umac-64-etm@openssh.com is fastest"), "{said}");
        assert!(said.contains("2.00 times chacha20-poly1305@openssh.com"), "{said}");
    }

    #[test]
    fn a_coarse_or_missing_cost_ranks_nothing() {
        let slow = || rounds(CHACHA, [25.0; 3]);
        let coarse = each(rounds(GCM, [50.0; 3]), |trial| {
            trial.server.as_mut().unwrap().resolution_s = 0.1;
            trial.server.as_mut().unwrap().bulk.total_s = 0.01;
        });
        assert!(!text([coarse, slow()].concat()).contains("heapest"));
        let missing = each(rounds(GCM, [50.0; 3]), |trial| trial.server = None);
        let said = text([missing, slow(), costing(rounds(CTR, [20.0; 3]), 0.1)].concat());
        assert!(said.contains("Cheapest of the 2 with figures of both ends: aes128-ctr"), "{said}");
    }

    #[test]
    fn many_equals_are_counted() {
        let trials = (0..7).flat_map(|n| rounds(&format!("c{n}"), [9.0, 10.0, 11.0])).collect();
        assert!(text(trials).contains("c0, c1, c2 and 4 more are equally fast within"));
    }
}
