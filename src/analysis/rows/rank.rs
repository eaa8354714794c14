//! Compares the rows of a section by each figure, ranks and marks them.

use crate::analysis::rows::compare::compare;
use crate::analysis::rows::conclusion::{Conclusion, Costs, Setting, conclude};
use crate::analysis::rows::mark::Mark;
use crate::analysis::rows::ranking::{Other, Ranking};
use crate::analysis::rows::row::{Cost, Row};
use crate::analysis::rows::unranked::Unranked;
use crate::analysis::samples::series::{Figure, levels};
use crate::analysis::samples::startup::Startups;
use crate::model::record::{Header, Sample};
use crate::model::units::MB;
use crate::stats::race::Rule;

/// Ranks the rows, fills in what comes of comparing them, and concludes. Unranked rows take no part.
pub fn rank(
    rows: &mut [Row],
    lists: &[Vec<&Sample>],
    startups: &Startups,
    header: &Header,
    setting: &Setting,
) -> Option<Conclusion> {
    let rounds = lists.iter().flatten().map(|sample| sample.round).max().unwrap_or(0);
    // Speed alone decides when rounds stop, so costs are analysed once.
    let (racing, once) = (Rule::of(header, rounds), Rule::fixed(header.precision, rounds));
    let ranked = |row: &Row| row.unranked.is_none();
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
        // A cipher that left early was measured under other conditions: its ratio tells more.
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
        client: Ranking::of(rows, &client, |row| of_end(&row.client)),
        server: Ranking::of(rows, &server, |row| of_end(&row.server)),
        both: Ranking::of(rows, &both, Row::cost_of_both),
    };
    let fastest = Ranking::of(rows, &speed, |row| row.rate_mb_per_s);
    mark(rows, fastest.as_ref(), costs.both.as_ref());
    Some(conclude(setting, rows, fastest?, costs))
}

fn mark(rows: &mut [Row], fastest: Option<&Ranking>, cheapest: Option<&Ranking>) {
    for row in rows {
        let among = |others: &[Other]| others.iter().any(|other| other.choice.is(row));
        let leads = fastest.is_some_and(|fastest| {
            fastest.leader.is(row) && fastest.remaining + fastest.others().count() > 1
        });
        let decided = fastest.is_some_and(|fastest| fastest.decided);
        let cheap = cheapest.filter(|ranking| ranking.others().count() > 0);
        let marks = [
            (row.unranked == Some(Unranked::NoCipher), Mark::NoCipher),
            (row.unranked == Some(Unranked::AesNotDisabled), Mark::AesNotDisabled),
            (leads && decided, Mark::Fastest),
            (leads && !decided, Mark::Leads),
            (fastest.is_some_and(|fastest| among(&fastest.ties)), Mark::AsFast),
            (fastest.is_some_and(|fastest| among(&fastest.undecided)), Mark::Undecided),
            (cheap.is_some_and(|ranking| ranking.leader.is(row)), Mark::Cheapest),
            (cheap.is_some_and(|ranking| among(&ranking.ties)), Mark::AsCheap),
            (row.is_default, Mark::Default),
            (row.left_out, Mark::LeftOut),
        ];
        row.marks = marks.into_iter().filter_map(|(due, mark)| due.then_some(mark)).collect();
    }
}
