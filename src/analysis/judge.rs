//! The rows of a section compared by each figure, and marked.

use super::apart::Apart;
use super::compare::compare;
use super::conclusion::{Conclusion, Costs, Setting, conclude};
use super::figures::{Cost, Mark, Row};
use super::race::Rule;
use super::series::{Figure, levels};
use super::standing::{Other, Standing};
use super::startup::Startups;
use crate::model::record::{Header, Trial};
use crate::model::units::MB;

/// Compares the rows by each figure; what follows. Rows that stand apart take no part.
pub fn judge(
    rows: &mut [Row],
    lists: &[Vec<&Trial>],
    startups: &Startups,
    header: &Header,
    setting: &Setting,
) -> Option<Conclusion> {
    let rounds = lists.iter().flatten().map(|trial| trial.round).max().unwrap_or(0);
    // Speed alone decides when rounds stop: costs are looked at once.
    let (racing, once) = (Rule::of(header, rounds), Rule::once(header.precision, rounds));
    let ranked = |row: &Row| row.apart.is_none();
    let speed = compare(lists, Figure::Rate, startups, &racing, |k| ranked(&rows[k]));
    let fine = |cost: &Option<Cost>| cost.as_ref().is_some_and(|cost| !cost.coarse);
    let by_cost = |figure: Figure, takes_part: &dyn Fn(&Row) -> bool| {
        compare(lists, figure, startups, &once, |k| ranked(&rows[k]) && takes_part(&rows[k]))
    };
    let client = by_cost(Figure::ClientCost, &|row| fine(&row.client));
    let server = by_cost(Figure::ServerCost, &|row| fine(&row.server));
    let both = by_cost(Figure::Cost, &|row| fine(&row.client) && fine(&row.server));

    let shown = levels(lists, Figure::SteadyRate, startups);
    let leading_rate = speed.race.leader.and_then(|leader| shown[leader]).map(|rate| rate / MB);
    for (k, row) in rows.iter_mut().enumerate() {
        row.speed = speed.rows[k];
        row.cost = both.rows[k];
        for (cost, comparison) in [(&mut row.client, &client), (&mut row.server, &server)] {
            if let Some(cost) = cost {
                cost.compared = comparison.rows[k];
            }
        }
        // A cipher that left early saw other weather than the rest: its ratio tells more.
        let ratio = match row.speed.and_then(|compared| compared.times_leader) {
            Some(times) => Some(times.ratio),
            None => (speed.race.leader == Some(k)).then_some(1.0),
        };
        if let (Some(ratio), Some(rate)) = (ratio, leading_rate) {
            row.rate_mb_per_s = Some(rate * ratio);
        }
    }
    let of_end = |cost: &Option<Cost>| cost.as_ref().map(|cost| cost.cpu_s_per_gb);
    let costs = Costs {
        client: Standing::of(rows, &client, |row| of_end(&row.client)),
        server: Standing::of(rows, &server, |row| of_end(&row.server)),
        both: Standing::of(rows, &both, Row::cost_of_both),
    };
    let fastest = Standing::of(rows, &speed, |row| row.rate_mb_per_s);
    mark(rows, fastest.as_ref(), costs.both.as_ref());
    Some(conclude(setting, rows, fastest?, costs))
}

fn mark(rows: &mut [Row], fastest: Option<&Standing>, cheapest: Option<&Standing>) {
    for row in rows {
        let among = |others: &[Other]| others.iter().any(|other| other.choice.is(row));
        let leads = fastest.is_some_and(|fastest| {
            fastest.leader.is(row) && fastest.inside + fastest.others().count() > 1
        });
        let decided = fastest.is_some_and(|fastest| fastest.decided);
        let cheap = cheapest.filter(|standing| standing.others().count() > 0);
        let marks = [
            (row.apart == Some(Apart::NoCipher), Mark::NoCipher),
            (row.apart == Some(Apart::NotMasked), Mark::NotMasked),
            (leads && decided, Mark::Fastest),
            (leads && !decided, Mark::Leads),
            (fastest.is_some_and(|fastest| among(&fastest.ties)), Mark::AsFast),
            (fastest.is_some_and(|fastest| among(&fastest.undecided)), Mark::Undecided),
            (cheap.is_some_and(|standing| standing.leader.is(row)), Mark::Cheapest),
            (cheap.is_some_and(|standing| among(&standing.ties)), Mark::AsCheap),
            (row.unasked, Mark::Default),
        ];
        row.marks = marks.into_iter().filter_map(|(due, mark)| due.then_some(mark)).collect();
    }
}
