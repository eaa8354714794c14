//! For spreadsheets and data frames: a line of keys, then a line per sample, or per row of the summary.
//! Figures have all their digits and their unit in the key; what is absent is an empty cell.

use std::io::{self, Write};

use super::columns::Value;
use super::columns::records::Records;
use super::document::Printable;
use super::format::Style;
use crate::model::units::printable;

pub fn write(printed: &dyn Printable, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let Records { keys, lines } = printed.records(style.summary);
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(keys).map_err(plain)?;
    for line in lines {
        writer.write_record(line.into_iter().map(cell)).map_err(plain)?;
    }
    writer.flush()
}

/// A reader that has seen enough is told from other errors by its kind.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

/// All digits of a number and no more; no exponent.
fn cell(value: Value) -> String {
    match value {
        Value::Absent => String::new(),
        Value::Number(number) => number.to_string(),
        Value::Count(count) => count.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Text(text) => inert(&text),
    }
}

/// A spreadsheet takes a text for a formula by its first character, and for text behind an
/// apostrophe (OWASP, "CSV Injection"). Some pass over spaces before it, and some take the full
/// width forms as well.
fn inert(text: &str) -> String {
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let is_formula = text.starts_with(['\t', '\r', '\n']) || text.trim().starts_with(FORMULA);
    format!("{}{}", if is_formula { "'" } else { "" }, printable(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::{self, each, failed, rounds, sample, survey};
    use crate::model::Survey;
    use crate::report::Report;

    /// The lines of a file, each as pairs of column and cell.
    fn lines(survey: &Survey, summary: bool) -> Vec<Vec<(String, String)>> {
        let mut out = Vec::new();
        let report = Report::of(survey, None);
        write(&report, &Style { summary, ..Style::default() }, &mut out).unwrap();
        let mut reader = csv::Reader::from_reader(out.as_slice());
        let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let line = |record: Result<csv::StringRecord, csv::Error>| {
            let cells: Vec<String> = record.unwrap().iter().map(str::to_owned).collect();
            names.iter().cloned().zip(cells).collect()
        };
        reader.records().map(line).collect()
    }

    fn named<'a>(line: &'a [(String, String)], name: &str) -> &'a str {
        &line.iter().find(|(column, _)| column == name).unwrap_or_else(|| panic!("{name}")).1
    }

    #[test]
    fn a_line_per_sample_with_what_is_absent_left_empty() {
        let mut samples = each(rounds("aes128-ctr", [50.0, 51.0]), |sample| sample.server = None);
        samples.push(failed(sample("aes128-ctr", 3, 1.0), "lost", Some("try again")));
        let lines = lines(&survey(samples), false);
        assert_eq!(lines.len(), 3);
        let of = |name: &str| lines.iter().map(|line| named(line, name)).collect::<Vec<_>>();
        assert_eq!(of("outcome"), ["measured", "measured", "failed"]);
        assert_eq!(of("bytes"), ["100000000", "100000000", ""]);
        assert_eq!(of("real_s")[1], (100.0 / 51.0).to_string());
        assert_eq!(of("client_cpu_s"), ["0.1", "0.1", ""]);
        assert_eq!(of("server_cpu_s"), ["", "", ""]);
        assert_eq!(of("server_with_helpers"), ["", "", ""]);
        assert_eq!(of("reason"), ["", "", "lost"]);
        // A failed sample joins the row that it belongs to.
        assert_eq!(of("mac"), [testing::MAC; 3]);
        assert_eq!(of("negotiated_mac"), [testing::MAC, testing::MAC, ""]);
        assert_eq!(of("client_aes"), ["yes"; 3]);
        assert_eq!(of("server_aes"), ["no"; 3]);
    }

    #[test]
    fn a_line_per_row_of_the_summary_with_all_digits() {
        let mut samples = rounds("aes128-ctr", [50.0, 51.0, 52.0]);
        samples.extend(rounds("aes256-ctr", [20.0, 20.1, 20.2]));
        let survey = survey(samples);
        let lines = lines(&survey, true);
        let of = |name: &str| lines.iter().map(|line| named(line, name)).collect::<Vec<_>>();
        assert_eq!(of("cipher"), ["aes128-ctr", "aes256-ctr"]);
        assert_eq!(of("speed_label"), ["lead", "slower"]);
        assert_eq!(of("marks"), ["fastest as_cheap", "cheapest"]);
        let report = Report::of(&survey, None);
        let row = &report.summary.tables[0].sections[0].rows[1];
        let times = row.speed.unwrap().times_leader.unwrap();
        assert_eq!(of("rate_mb_per_s")[1], row.rate_mb_per_s.unwrap().to_string());
        assert_eq!(of("speed_times_leader_low"), ["", &times.low.to_string()]);
        assert_eq!(of("helpers_cpu_s_per_gb"), ["", ""]);
        assert_eq!(of("client_sources"), ["wait4"; 2]);
    }

    #[test]
    fn texts_are_no_formulas_and_figures_are_left_alone() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"] {
            assert!(cell(Value::from(formula)).starts_with('\''), "{formula:?}");
        }
        assert_eq!(cell(Value::from("a=b\u{1b}\u{202e}")), "a=b\\u{1b}\\u{202e}");
        assert_eq!(cell(Value::from(-1.5)), "-1.5");
        assert_eq!(cell(Value::from(1e-9)), "0.000000001");
        assert_eq!(cell(Value::from(0.1 + 0.2)), "0.30000000000000004");
        assert_eq!(cell(Value::from(f64::INFINITY)), "");
    }

    #[test]
    fn a_closed_pipe_is_told_as_one() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let survey = survey(each(rounds("aes128-ctr", [50.0; 30]), |_| ()));
        let report = Report::of(&survey, None);
        let error = write(&report, &Style::default(), &mut Closed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
