//! The figures of a page are those of the CSV, unrounded.

use std::collections::HashMap;

use cipher_survey::analysis::comparison::digest::Digest;
use cipher_survey::analysis::comparison::measure::Measure;
use cipher_survey::analysis::comparison::pivot::pivot;
use cipher_survey::model::Direction;
use cipher_survey::report::compare::{Comparison, Shown};
use cipher_survey::report::{Format, Report, Style, write};

use crate::browser::Browser;
use crate::{page, surveys};

/// Of each table of figures its place, and of each row the name and the values by their keys.
const TABLES: &str = r#"
[...document.querySelectorAll('#figures table, #tables table')].map(table => {
  const heads = [...table.tHead.rows[0].cells];
  const row = row => {
    const values = heads.map((head, index) => [head.dataset.key, row.cells[index]])
      .filter(([key]) => key)
      .map(([key, cell]) => [key, cell.querySelector("data")])
      .map(([key, data]) => [key, data && data.value]);
    return [row.cells[0].textContent, Object.fromEntries(values)];
  };
  return [table.dataset.place, [...table.tBodies[0].rows].map(row)];
})"#;

/// Columns of the page by their keys, and of the CSV.
const COLUMNS: [(&str, &str); 8] = [
    ("rate_mb_per_s", "rate_mb_per_s"),
    ("rate_half_percent", "speed_half_percent"),
    ("client_cpu_s_per_gb", "client_cpu_s_per_gb"),
    ("client_half_percent", "client_half_percent"),
    ("server_cpu_s_per_gb", "server_cpu_s_per_gb"),
    ("server_half_percent", "server_half_percent"),
    ("mb_per_cpu_s", "mb_per_cpu_s"),
    ("measured", "measured"),
];

#[test]
fn every_figure_is_that_of_the_csv() {
    let directory = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    for (name, survey) in surveys::kept() {
        browser.open(&page(directory.path(), &name, &survey));
        let mut csv = Vec::new();
        let report = Report::of(&survey, None);
        let style = Style { summary: true, ..Style::default() };
        write(&report, Format::Csv, &style, &mut csv).unwrap();
        let mut csv = csv::Reader::from_reader(csv.as_slice());
        let mut lines = csv.deserialize::<HashMap<String, String>>().map(Result::unwrap);
        let mut compared = 0;
        for table in browser.evaluate(TABLES).as_array().unwrap() {
            for row in table[1].as_array().unwrap() {
                let line = lines.next().unwrap();
                let place = ["pairing", "method", "direction"].map(|key| line[key].as_str());
                assert_eq!(table[0], place.join(" "), "{name}");
                let shown = row[0].as_str().unwrap();
                assert!(shown.starts_with(&line["cipher"]), "{name}: {shown}");
                for (key, column) in COLUMNS {
                    let own = row[1].get(key).unwrap_or_else(|| panic!("no column {key}"));
                    let value: Option<f64> = own.as_str().map(|text| text.parse().unwrap());
                    let expected = Some(&line[column]).filter(|text| !text.is_empty());
                    let expected = expected.map(|text| text.parse().unwrap());
                    assert_eq!(value, expected, "{name} {place:?} {shown}: {key}");
                    compared += usize::from(value.is_some());
                }
            }
        }
        assert!(lines.next().is_none() && compared > 10, "{name}: {compared} figures");
    }
}

/// One line per cipher and column; the multiple of the best is that of the column's class.
#[test]
fn every_figure_of_a_comparison_is_that_of_the_csv() {
    let digests = surveys::results().into_iter();
    let digests: Vec<Digest> = digests.map(|(name, survey)| Digest::of(name, survey)).collect();
    let directions = [Direction::Upload, Direction::Download];
    let pivot = pivot(&digests, Measure::default(), &directions);
    let comparison = Comparison { digests, shown: Shown::Hosts(pivot) };
    let written = |format: Format| {
        let mut out = Vec::new();
        write(&comparison, format, &Style::default(), &mut out).unwrap();
        out
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("compare.html");
    std::fs::write(&path, written(Format::Html)).unwrap();
    let mut browser = Browser::start();
    browser.open(&path);
    let csv = written(Format::Csv);
    let mut csv = csv::Reader::from_reader(csv.as_slice());
    let mut lines = csv.deserialize::<HashMap<String, String>>().map(Result::unwrap).peekable();
    let mut known = 0;
    for table in browser.evaluate(TABLES).as_array().unwrap() {
        for row in table[1].as_array().unwrap() {
            let values = row[1].as_object().unwrap();
            let columns = values.keys().filter(|key| key.starts_with("value_")).count();
            let mut classes: Vec<String> = Vec::new();
            for column in 0..columns {
                let line = lines.next().unwrap();
                assert!(row[0].as_str().unwrap().starts_with(&line["cipher"]), "{row}");
                if classes.last() != Some(&line["aes_class"]) {
                    classes.push(line["aes_class"].clone());
                }
                let class = classes.len() - 1;
                for (key, expected) in [
                    (format!("value_{column}"), &line["value"]),
                    (format!("times_best_{class}"), &line["times_class_best"]),
                ] {
                    let own = values.get(&key).unwrap_or_else(|| panic!("no column {key}"));
                    let number = |text: &str| text.parse::<f64>().unwrap();
                    let expected = Some(expected.as_str()).filter(|text| !text.is_empty());
                    assert_eq!(own.as_str().map(number), expected.map(number), "{row}: {key}");
                    known += usize::from(expected.is_some());
                }
            }
            assert_eq!(values.len(), columns + classes.len(), "each column has its own key");
        }
    }
    assert!(lines.peek().is_none() && known > 50, "{known} figures");
}

#[test]
fn a_click_sorts_a_table_by_its_figures() {
    let (_, survey) = surveys::kept().pop().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = page(directory.path(), "page", &survey);
    let mut browser = Browser::start();
    browser.open(&path);
    let click = |key: &str| {
        format!(
            r#"(() => {{
              const table = document.querySelector('#figures table');
              const head = [...table.tHead.rows[0].cells].find(head => head.dataset.key === "{key}");
              head.querySelector("button").click();
              const own = [...table.tBodies[0].rows]
                .map(row => +row.cells[head.cellIndex].querySelector("data").value);
              return [head.ariaSort ?? head.getAttribute('aria-sort'), own];
            }})()"#
        )
    };
    for order in ["descending", "ascending"] {
        let answer = browser.evaluate(&click("server_cpu_s_per_gb"));
        let figures: Vec<f64> = serde_json::from_value(answer[1].clone()).unwrap();
        let mut sorted = figures.clone();
        sorted.sort_by(f64::total_cmp);
        if order == "descending" {
            sorted.reverse();
        }
        assert_eq!((answer[0].as_str(), figures.len() > 3), (Some(order), true));
        assert_eq!(figures, sorted);
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
