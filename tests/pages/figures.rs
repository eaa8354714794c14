//! The figures of a page are those of the analysis, unrounded.

use cipher_survey::analysis::compare::Compared;
use cipher_survey::analysis::standing::Choice;
use cipher_survey::analysis::summarise;

use crate::browser::Browser;
use crate::{page, surveys};

/// Of each table of figures its place, and of each row the name and the values by their keys.
const TABLES: &str = r#"
[...document.querySelectorAll('#figures table')].map(table => {
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

#[test]
fn every_figure_is_the_analysis_own() {
    let directory = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    for (name, survey) in surveys::kept() {
        browser.open(&page(directory.path(), &name, &survey));
        let tables = browser.evaluate(TABLES);
        let mut tables = tables.as_array().unwrap().iter();
        let mut compared = 0;
        for table in &summarise(&survey).tables {
            for section in &table.sections {
                let shown = tables.next().unwrap();
                let place = format!("{} {} {}", section.pairing, table.method, table.direction);
                assert_eq!(shown[0], place);
                assert_eq!(shown[1].as_array().unwrap().len(), section.rows.len());
                for (row, shown) in section.rows.iter().zip(shown[1].as_array().unwrap()) {
                    assert_eq!(shown[0], Choice::of(row, &section.rows).to_string());
                    let half = |compared: Option<Compared>| {
                        compared.and_then(|compared| compared.half_percent)
                    };
                    let (client, server) = (row.client.as_ref(), row.server.as_ref());
                    for (key, value) in [
                        ("rate_mb_per_s", row.rate_mb_per_s),
                        ("rate_half_percent", half(row.speed)),
                        ("client_cpu_s_per_gb", client.map(|cost| cost.cpu_s_per_gb)),
                        ("client_half_percent", half(client.and_then(|cost| cost.compared))),
                        ("server_cpu_s_per_gb", server.map(|cost| cost.cpu_s_per_gb)),
                        ("server_half_percent", half(server.and_then(|cost| cost.compared))),
                        ("mb_per_cpu_s", row.mb_per_cpu_s),
                        ("measured", Some(row.measured as f64)),
                    ] {
                        let own = shown[1].get(key).unwrap_or_else(|| panic!("no column {key}"));
                        assert_eq!(
                            own.as_str().map(|text| text.parse().unwrap()),
                            value,
                            "{place} {shown}: {key}"
                        );
                        compared += usize::from(value.is_some());
                    }
                }
            }
        }
        assert!(tables.next().is_none() && compared > 10, "{name}: {compared} figures");
    }
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
