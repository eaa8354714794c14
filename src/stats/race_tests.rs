use super::*;

/// Rates by configuration and round.
fn field(rates: &[&[f64]]) -> Field {
    let values: Matrix =
        rates.iter().map(|row| row.iter().map(|rate| Some(rate.ln())).collect()).collect();
    let tried = rates.iter().map(|row| row.len() as u32).collect();
    let many = values.len();
    Field {
        values,
        tried,
        failed: vec![Vec::new(); many],
        bias: vec![0.0; many],
        level_bias: vec![0.0; many],
        noise: vec![0.0; many],
    }
}

fn choice() -> Rule {
    Rule::sequential(0.03, Question::Choice, interim_analyses(3))
}

const FAST: [f64; 4] = [100.0, 101.0, 99.0, 100.5];
const SAME: [f64; 4] = [100.1, 100.9, 99.2, 100.4];
const SLOW: [f64; 4] = [60.0, 60.3, 59.8, 60.2];

#[test]
fn a_clear_lead_is_decided_at_the_first_analysis() {
    let race = Race::of(&field(&[&FAST[..3], &SAME[..3], &SLOW[..3]]), &choice());
    assert_eq!((race.analysed, race.decided, race.needed), (Some(3), true, None));
    assert_eq!(race.labels[2], Label::Slower);
    assert_eq!(race.left, [None, None, Some(3)]);
    let mut best = [race.labels[0], race.labels[1]];
    best.sort_by_key(|label| *label != Label::Lead);
    assert_eq!(best, [Label::Lead, Label::Tie]);
    assert!(race.bound().unwrap() < 0.03);
}

#[test]
fn between_interim_analyses_there_is_none() {
    let many = [100.0, 104.0, 99.0, 95.0, 103.0];
    let rates = [&many[..], &[98.0, 108.0, 93.0, 101.0, 96.0]];
    assert_eq!(Race::of(&field(&rates), &choice()).analysed, Some(4));
    // Time is up: one analysis of all rounds.
    let race = Race::judged(&field(&rates), &choice());
    assert_eq!((race.analysed, race.decided), (Some(5), false));
}

#[test]
fn what_left_stays_out_and_its_row_stays() {
    // The third is slower in three rounds and is not tried again.
    let mut field = field(&[&FAST, &[103.0, 95.0, 104.0, 99.0], &SLOW[..3]]);
    field.tried = vec![4, 4, 3];
    let race = Race::of(&field, &choice());
    assert_eq!(race.analysed, Some(4));
    assert_eq!((race.labels[2], race.left[2]), (Label::Slower, Some(3)));
    assert!(race.verdicts[2].unwrap().upper() < 0.0);
}

#[test]
fn noise_is_undecided_with_a_bound_and_an_estimate() {
    let race =
        Race::of(&field(&[&[100.0, 80.0, 120.0, 95.0], &[95.0, 105.0, 92.0, 104.0]]), &choice());
    assert!(!race.decided && race.needed.unwrap() > 45);
    assert_eq!((race.bound().unwrap() > 0.03, race.answered_after()), (true, None));
}

#[test]
fn groups_ask_for_more_than_a_choice() {
    // Surely not faster, and not surely within 3 %.
    let rates = [&[100.0, 102.0, 99.0, 101.0][..], &[99.7, 98.9, 98.1, 99.2]];
    let groups =
        Race::of(&field(&rates), &Rule::sequential(0.03, Question::Groups, interim_analyses(2)));
    assert!(Race::of(&field(&rates), &choice()).decided);
    assert!(!groups.decided);
}

#[test]
fn a_clear_outlier_neither_decides_nor_disappears() {
    let field = field(&[&[100.0, 100.4, 99.8, 60.0], &[99.0, 99.5, 98.7, 99.2], &SLOW]);
    assert_eq!(crate::stats::intervals::disturbed(&field), [1, 0, 0]);
    assert_eq!(Race::judged(&field, &choice()).leader, Some(0));
}

#[test]
fn what_mostly_fails_is_not_ranked_and_one_alone_is_decided() {
    let mut field = field(&[&FAST[..3], &[900.0]]);
    field.tried = vec![3, 3];
    field.failed[1] = vec![2, 3];
    let race = Race::of(&field, &choice());
    assert_eq!((race.analysed, race.leader), (Some(3), Some(0)));
    assert_eq!(race.labels, [Label::Lead, Label::Unreliable]);
    assert!(race.decided);
}

#[test]
fn what_failed_once_or_was_not_comparable_is_tried_again() {
    // The first has no figure of the first round, since it failed or was of another size.
    let mut field = field(&[&FAST, &SLOW]);
    field.values[0][0] = None;
    for failed in [vec![], vec![1]] {
        field.failed[0] = failed;
        field.tried = vec![2, 2];
        let race = Race::of(&field, &choice());
        assert_eq!((race.analysed, race.is_over()), (None, false));
        assert_eq!(race.remaining().count(), 2);
        field.tried = vec![3, 3];
        let race = Race::of(&field, &choice());
        assert_eq!((race.leader, race.labels[0]), (Some(0), Label::Lead));
    }
    // Half of four tries is not more than half.
    field.failed[0] = vec![1, 4];
    field.tried = vec![4, 4];
    assert!(!field.mostly_failed(0, 4));
}

#[test]
fn what_has_no_figure_holds_nothing_up_but_is_tried_again() {
    let mut field = field(&[&FAST[..3], &SLOW[..3], &[]]);
    field.tried[2] = 3;
    field.failed[2] = vec![1];
    let race = Race::of(&field, &choice());
    assert_eq!((race.decided, race.is_over()), (true, false));
    assert_eq!((race.left[2], race.labels[2]), (None, Label::Undecided));
    // Time is up: what was measured decides.
    assert!(Race::judged(&field, &choice()).decided);
}

#[test]
fn where_all_fail_nothing_leads_and_nothing_is_decided() {
    let mut field = field(&[&[], &[]]);
    for tried in [2, 3] {
        field.tried = vec![tried; 2];
        field.failed = vec![(1..=tried).collect(); 2];
        let race = Race::judged(&field, &choice());
        assert_eq!((race.leader, race.decided, race.is_over()), (None, false, false));
        assert_eq!(race.remaining().count(), if tried < 3 { 2 } else { 0 });
    }
}

#[test]
fn the_bound_is_that_of_any_configuration() {
    let rates = [&[100.0, 102.0, 99.0, 101.0][..], &[99.7, 98.9, 98.1, 99.2], &SLOW];
    let (field, rule) = (field(&rates), Rule::fixed(0.03, 4));
    let race = Race::judged(&field, &rule);
    let bound = |k: usize| race.bound_over(k, &field, &rule).unwrap();
    assert_eq!((race.leader, Some(bound(0))), (Some(0), race.bound()));
    // The second may be behind by what it seems to be, and more.
    assert!((0.015..0.08).contains(&bound(1)), "{}", bound(1));
    assert!((0.5..0.6).contains(&bound(2)), "{}", bound(2));
}

#[test]
fn many_configurations_that_differ_by_far_are_decided_after_two_rounds() {
    let slow: Vec<[f64; 2]> = (0..8).map(|k| [40.0 + f64::from(k), 40.5 + f64::from(k)]).collect();
    let rates: Vec<&[f64]> =
        [&[100.0, 103.0][..]].into_iter().chain(slow.iter().map(|row| &row[..])).collect();
    let of = |rates: &[&[f64]]| {
        let rule = Rule::sequential(0.03, Question::Choice, interim_analyses(rates.len()));
        Race::of(&field(rates), &rule)
    };
    let race = of(&rates);
    assert_eq!((race.analysed, race.decided, race.leader), (Some(2), true, Some(0)));
    // Fewer have to wait for a third.
    assert_eq!(of(&rates[..8]).analysed, None);
}

#[test]
fn a_survey_of_schema_1_is_analysed_as_it_was() {
    let mut header = crate::analysis::testing::survey(vec![]).header;
    header.rounds = None;
    assert_eq!(Rule::of(&header, 9).analyses[0], 3);
    header.interim_analyses = vec![2, 5];
    assert_eq!(Rule::of(&header, 9).analyses, [2, 5]);
    header.interim_analyses.clear();
    header.schema = "cipher-survey/1".into();
    assert_eq!(Rule::of(&header, 9).analyses[..2], [2, 3]);
}

#[test]
fn one_round_shows_which_was_ahead_and_no_more() {
    let race = Race::judged(&field(&[&[60.0], &[90.0]]), &choice());
    assert_eq!((race.leader, race.decided, race.bound()), (Some(1), false, None));
    assert_eq!(race.bound_over(0, &field(&[&[60.0], &[90.0]]), &choice()), None);
}
