//! The chart of classes of hosts, which no page of one survey has.

use cipher_survey::report::chart::slopes::{Line, Slopes, chart};
use cipher_survey::report::html::figure::figure;
use cipher_survey::report::html::page::{Page, Section};

use crate::browser::Browser;
use crate::layout::inspect;
use crate::surveys::HOSTILE;

/// Ten names, several of them nearly equal at either side, some missing there.
fn slopes(classes: usize) -> Slopes {
    let line = |index: usize| {
        let value = |class: usize| {
            let missing = (index, class) == (8, 0) || (index, class) == (9, classes - 1);
            let (group, apart) = ((index * 3 + class * 5) % 7, index % 3);
            (!missing).then_some(60.0 + 2.0 * apart as f64 + 80.0 * group as f64)
        };
        let values: Vec<Option<f64>> = (0..classes).map(value).collect();
        let times = |by: f64| values.iter().map(|value| value.map(|v| v * by)).collect();
        let name =
            if index == 3 { HOSTILE.to_owned() } else { format!("aes{index}-gcm@openssh.com") };
        Line { name, low: times(0.9), high: times(1.1), values }
    };
    Slopes {
        classes: ["AES at both", "AES here alone", "no AES"][3 - classes..]
            .iter()
            .map(|&name| name.into())
            .collect(),
        lines: (0..10).map(line).collect(),
    }
}

#[test]
fn labels_of_ten_lines_are_legible_on_a_phone() {
    let directory = tempfile::tempdir().unwrap();
    let mut browser = Browser::start();
    for classes in [2, 3] {
        let caption = vec!["Steady rate by the class of the host.".to_owned()];
        let chart = chart(&slopes(classes), "AES hosts against the others", caption);
        let charts = maud::html! {
            h3 { "MB/s" }
            (figure(&chart, "hosts"))
        };
        let page = Page {
            kind: "Several surveys",
            title: "Comparison".into(),
            facts: maud::html! {},
            sections: vec![Section { id: "charts", title: "Charts", folded: false, body: charts }],
            source: maud::html! {},
        };
        let name = format!("slopes-{classes}");
        let path = directory.path().join(format!("{name}.html"));
        std::fs::write(&path, page.document().into_string()).unwrap();
        assert_eq!(inspect(&mut browser, &name, &path), Vec::<String>::new());
    }
}
