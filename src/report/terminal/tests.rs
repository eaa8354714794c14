//! The table as it looks.

use crate::analysis::testing::{self, each, failed, rounds, sample, spent, survey, with_mac};
use crate::model::record::{Sample, Skip};
use crate::model::{Source, Survey};
use crate::report::{Format, Report, Style, write};

/// All that was measured.
const DETAILS: Style = Style {
    color: false,
    width: 80,
    details: true,
    wide: false,
    ascii: false,
    bars: false,
    explain: false,
    summary: false,
};

const CHACHA: &str = "chacha20-poly1305@openssh.com";
const GCM: &str = "aes128-gcm@openssh.com";

fn shown(survey: &Survey, style: Style) -> String {
    let mut out = Vec::new();
    let journal = std::path::Path::new("/home/me/.local/share/cipher-survey/pi1.jsonl");
    write(&Report::of(survey, Some(journal)), Format::Table, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn assert_fits(text: &str, width: usize) {
    assert!(text.lines().count() > 10);
    for line in text.lines().filter(|line| !line.starts_with("Journal: ")) {
        assert!(line.chars().count() <= width, "{} columns: {line}", line.chars().count());
        assert_eq!(line, line.trim_end());
    }
}

fn costing(samples: Vec<Sample>, client_s: f64, server_s: f64) -> Vec<Sample> {
    each(samples, |sample| {
        sample.client = Some(spent(Source::Wait4, client_s));
        sample.server = Some(spent(Source::Process, server_s));
    })
}

/// A slow host: what the first example of the README would be.
fn pi() -> Survey {
    let mut samples = costing(rounds(CHACHA, [35.8, 36.1, 37.0]), 0.23, 2.71);
    samples.extend(costing(rounds(GCM, [21.9, 22.0, 22.3]), 0.031, 4.45));
    samples.extend(costing(rounds("aes128-ctr", [20.0, 20.1, 20.4]), 0.055, 4.9));
    samples.push(failed(
        sample("aes256-ctr", 1, 1.0),
        "the server closed the connection",
        Some("see its log"),
    ));
    samples.extend(costing(rounds("aes256-ctr", [17.0, 17.1, 17.3]), 0.06, 5.8));
    samples.push(failed(sample("3des-cbc", 1, 1.0), "no reply", None));
    let mut survey = survey(samples);
    survey.header.pairings[0].skipped = ["aes128-cbc", "aes192-cbc", "aes256-cbc"]
        .map(|cipher| Skip {
            cipher: cipher.into(),
            mac: None,
            reason: "not offered by the server".into(),
        })
        .into();
    survey
}

/// Everything that takes room at once: two AES states, several MACs, large and tiny figures,
/// a row with all marks.
fn crowded() -> Survey {
    let at = |pairing: usize| {
        let mut samples = costing(rounds(CHACHA, [1234.0, 1834.0, 2234.0]), 0.00123, 0.00124);
        samples.extend(costing(rounds(GCM, [900.0, 901.0, 902.0]), 12.34, 123.4));
        let ctr = costing(rounds("aes128-ctr", [450.0, 460.0, 470.0]), 0.1, 0.2);
        samples.extend(each(ctr.clone(), with_mac("hmac-sha2-512-etm@openssh.com")));
        samples.extend(each(ctr, with_mac("umac-128-etm@openssh.com")));
        each(samples, |sample| {
            sample.pairing = pairing;
            sample.client.as_mut().unwrap().resolution_s = 0.001;
        })
    };
    testing::loopback([at(0), at(1)].concat())
}

#[test]
fn a_slow_host_in_eighty_columns() {
    let text = shown(&pi(), DETAILS);
    assert_fits(&text, 80);
    insta::assert_snapshot!(text);
}

#[test]
fn the_answer_is_on_one_screen() {
    let text = shown(&pi(), Style::default());
    assert_fits(&text, 80);
    assert!(text.lines().count() <= 40, "{text}");
    insta::assert_snapshot!(text);
    // Where AES is disabled too.
    let text = shown(&crowded(), Style::default());
    assert_fits(&text, 80);
    assert!(text.lines().count() <= 60, "{text}");
}

#[test]
fn a_narrow_screen_keeps_its_figures_and_whatever_the_terminal_the_answer_is_first() {
    for survey in [pi(), crowded()] {
        for width in [20, 60, 72, 100, 160] {
            let text = shown(&survey, Style { width, ..Style::default() });
            assert_fits(&text, width.max(60));
            let first = text.lines().next().unwrap();
            assert!(first.contains(": use ") || first.contains(": keep "), "{first}");
        }
        let ascii = shown(&survey, Style { ascii: true, ..Style::default() });
        assert!(ascii.is_ascii(), "{ascii}");
    }
}

#[test]
fn a_crowded_table_in_eighty_columns() {
    let text = shown(&crowded(), DETAILS);
    assert_fits(&text, 80);
    insta::assert_snapshot!(text);
    let name_lines = text.lines().filter(|line| line.starts_with(CHACHA) && line.contains('%'));
    assert_eq!(name_lines.count(), 2, "the longest name is whole:\n{text}");
}

#[test]
fn a_narrow_terminal_leaves_columns_out_in_the_order_that_is_stated() {
    let shown = |width| shown(&crowded(), Style { width, ..DETAILS });
    for (width, left_out) in [
        (80, None),
        (72, Some("Columns left out for lack of room: MB per CPU-s.")),
        (60, Some("Columns left out for lack of room: MB per CPU-s, ±.")),
    ] {
        let text = shown(width);
        assert_fits(&text, width);
        assert!(text.contains("1834") && text.contains("0.0123?"), "figures are whole: {text}");
        let told = text.lines().find(|line| line.starts_with("Columns left out"));
        assert_eq!(told, left_out, "{width}: {text}");
    }
}

#[test]
fn bars_are_as_long_as_their_figures_and_fit() {
    let style = Style { bars: true, ..DETAILS };
    let text = shown(&pi(), style);
    assert_fits(&text, 80);
    let bar = |heading: &str, cipher: &str| {
        let (_, bars) = text.split_once(heading).unwrap();
        let line = bars.lines().find(|line| line.starts_with(cipher)).unwrap();
        line.chars().filter(|&c| "█▓░".contains(c)).count() as f64
    };
    let ratio = |heading: &str, one: &str, other: &str| bar(heading, one) / bar(heading, other);
    assert!((ratio("MB/s (", GCM, CHACHA) - 22.0 / 36.2).abs() < 0.05, "{text}");
    let both_ends = (0.31 + 44.5) / (0.55 + 49.0);
    assert!((ratio("CPU-s per GB (", GCM, "aes128-ctr") - both_ends).abs() < 0.05, "{text}");
}

#[test]
fn bars_fit_whatever_the_names() {
    let mut endless = crowded();
    for sample in endless.samples.iter_mut().filter(|sample| sample.cipher.as_str() == GCM) {
        sample.cipher = "of-a-name-without-an-end".repeat(6).as_str().into();
    }
    for survey in [pi(), crowded(), endless] {
        for (width, ascii) in (60..=100).flat_map(|width| [(width, false), (width, true)]) {
            let text = shown(&survey, Style { width, ascii, bars: true, ..DETAILS });
            // The bars alone: the names of a table's rows may be wider.
            let bars = text.split("MB/s (").skip(1);
            for line in bars.flat_map(|bars| bars.split("\n\n").take(2)).flat_map(str::lines) {
                assert!(line.chars().count() <= width, "{width}: {line}\n{text}");
            }
        }
    }
    let narrow = shown(&crowded(), Style { width: 60, bars: true, ..DETAILS });
    let (_, bars) = narrow.split_once("MB/s (").unwrap();
    let own = format!("{CHACHA} client\n");
    assert!(bars.contains(&own), "a name that is long is whole, above its bar: {bars}");
}

#[test]
fn the_cost_of_one_end_alone_has_a_bar_and_is_told() {
    let with_servers = |measured: fn(&Sample) -> bool| {
        let mut survey = pi();
        for sample in survey.samples.iter_mut().filter(|sample| !measured(sample)) {
            sample.server = None;
        }
        shown(&survey, Style { bars: true, ..DETAILS })
    };
    let none = with_servers(|_| false);
    let (_, bars) =
        none.split_once("CPU-s per GB (█ client alone: the server's is unknown)").unwrap();
    let line = bars.lines().find(|line| line.starts_with(CHACHA)).unwrap();
    assert!(line.contains('█') && line.ends_with(" 2.30"), "{none}");
    let some = with_servers(|sample| sample.cipher.as_str() != CHACHA);
    assert!(some.contains("(█ client, ░ server; of some one end alone)"), "{some}");
}

#[test]
fn ascii_is_ascii_throughout() {
    let all = Style { ascii: true, bars: true, explain: true, ..DETAILS };
    for style in [all, Style { wide: true, ..all }, Style { width: 60, ..all }] {
        for survey in [pi(), crowded()] {
            let text = shown(&survey, style);
            assert!(text.is_ascii(), "{text}");
        }
    }
    assert_fits(&shown(&crowded(), all), 80);
}

#[test]
fn every_figure_of_the_first_row_is_explained() {
    let text = shown(&pi(), Style { explain: true, ..DETAILS });
    assert_fits(&text, 80);
    let (_, explained) = text.split_once("How to read it").unwrap();
    for words in ["36.2 million bytes", "2.30 seconds of CPU", "27.1 seconds of CPU", "34.0 MB:"] {
        assert!(explained.contains(words), "{words}: {explained}");
    }
}

#[test]
fn wide_shows_the_whole_file() {
    let text = shown(&pi(), Style { wide: true, ..DETAILS });
    insta::assert_snapshot!(text);
    let gcm = text.lines().find(|line| line.starts_with(GCM)).unwrap();
    assert!(gcm.contains(" 45.6 "), "1 GB at 22 MB/s, with the setup: {gcm}");
}

#[test]
fn colour_is_off_unless_asked_for() {
    assert!(!shown(&pi(), DETAILS).contains('\u{1b}'));
    let coloured = shown(&pi(), Style { color: true, ..DETAILS });
    assert!(coloured.contains("\u{1b}[33mwarning: ") || coloured.contains("\u{1b}[31mfailed: "));
    assert!(coloured.contains("\u{1b}[1m"), "{coloured:?}");
}

#[test]
fn names_from_outside_are_escaped() {
    let mut survey = pi();
    for sample in &mut survey.samples {
        sample.cipher = "evil\u{1b}[2Jcipher".into();
    }
    let text = shown(&survey, DETAILS);
    assert!(text.contains("evil\\u{1b}[2Jcipher") && !text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn a_survey_of_nothing_is_still_a_report() {
    let mut survey = survey(vec![]);
    survey.footer = None;
    let text = shown(&survey, DETAILS);
    assert!(text.contains("warning: nothing was measured"), "{text}");
    assert!(text.contains("warning: the journal has no last line"), "{text}");
}
