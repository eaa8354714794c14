//! What holds of every column, whichever format shows it.

use super::*;
use crate::analysis::summarise;
use crate::analysis::testing::{each, rounds, survey};
use crate::model::Survey;
use line::Line;

fn two_ciphers() -> Survey {
    let mut samples = rounds("aes128-ctr", [50.0, 51.0, 52.0]);
    samples.extend(each(rounds("aes256-ctr", [20.0, 20.1, 20.2]), |sample| sample.server = None));
    survey(samples)
}

#[test]
fn keys_are_unique() {
    assert_unique(&rows::columns());
    assert_unique(&samples::columns());
}

#[test]
fn each_format_has_at_least_what_decides_the_choice() {
    let survey = two_ciphers();
    let summary = summarise(&survey);
    for wide in [false, true] {
        let lines = Line::all(&survey, &summary.tables[0], wide);
        let keys = |columns: Vec<Column<Line>>| -> Vec<String> {
            columns.into_iter().map(|column| column.key).collect()
        };
        let csv = keys(rows::columns().into_iter().filter(|column| column.in_csv).collect());
        for shown in [keys(rows::of_table(&lines, wide)), keys(rows::of_page(&lines)), csv] {
            for key in ["rate_mb_per_s", "speed_half_percent", "mb_per_cpu_s", "marks"] {
                assert!(shown.iter().any(|own| own == key), "{key}: {shown:?}");
            }
            for end in ["client", "server"] {
                assert!(shown.contains(&format!("{end}_cpu_s_per_gb")), "{shown:?}");
            }
        }
        let table = keys(rows::of_table(&lines, wide));
        assert_eq!((table[0].as_str(), table.last().unwrap().as_str()), ("cipher", "marks"));
    }
}

/// A column that no format shows would be a row for nothing.
fn assert_is_shown<T>(list: &[Column<T>]) {
    for Column { key, in_csv, look, .. } in list {
        let shown = look
            .as_ref()
            .is_some_and(|look| look.in_table != When::Never || look.in_page != When::Never);
        assert!(*in_csv || shown, "{key}");
    }
}

#[test]
fn each_column_is_shown_somewhere() {
    assert_is_shown(&rows::columns());
    assert_is_shown(&samples::columns());
}

#[test]
fn titles_fit_over_their_figures() {
    for column in rows::columns() {
        let Some(look) = &column.look else { continue };
        let lines: Vec<&str> = look.title.lines().collect();
        assert!(lines.len() <= 3, "{}", column.key);
        if look.in_table != When::Never {
            assert!(lines.iter().all(|line| line.chars().count() <= 7), "{}", column.key);
        }
        assert!(look.legend.is_empty() || look.legend.ends_with('.'), "{}", look.legend);
    }
}

#[test]
fn every_column_of_the_wide_table_is_in_csv_by_the_same_key_or_a_share_of_one() {
    let survey = two_ciphers();
    let summary = summarise(&survey);
    let lines = Line::all(&survey, &summary.tables[0], true);
    for column in rows::of_table(&lines, true) {
        let others = ["aes_state", "upper_bound_share", "whole_file_takes"];
        let known = column.in_csv || others.contains(&column.key.as_str());
        assert!(known, "{}", column.key);
    }
}

#[test]
fn what_is_missing_has_no_value_and_a_dash() {
    let survey = two_ciphers();
    let summary = summarise(&survey);
    let lines = Line::all(&survey, &summary.tables[0], true);
    let server = rows::find("server_cpu_s_per_gb").unwrap();
    let shown: Vec<(Value, String)> =
        lines.iter().map(|line| (server.value(line), server.text(line))).collect();
    assert!(shown[0].0.is_known(), "{shown:?}");
    assert_eq!(shown[1], (Value::Absent, "-".to_owned()));
}
