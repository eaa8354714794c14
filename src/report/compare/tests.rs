//! Comparisons as they look.

use super::*;
use crate::analysis::comparison::change::change;
use crate::analysis::comparison::measure::Measure;
use crate::analysis::comparison::pivot::pivot;
use crate::analysis::testing::{self, each, rounds, spent, survey};
use crate::model::{AesClass, Direction, Source};
use crate::report::{Format, Style, write};

const CHACHA: &str = "chacha20-poly1305@openssh.com";
const BOTH: [Direction; 2] = [Direction::Upload, Direction::Download];
const GCM: &str = "aes128-gcm@openssh.com";

fn digest(target: &str, aes: AesClass, gcm: f64, chacha: f64) -> Digest {
    let noise = |rate: f64, k: f64| [rate, rate * (1.01 + k), rate * 0.99, rate * (1.002 - k)];
    // What has AES instructions spends less on AES-GCM, the others on ChaCha20-Poly1305.
    let (gcm_s, chacha_s) = if aes == AesClass::Aes { (0.1, 0.2) } else { (0.2, 0.1) };
    let costing = |samples, server_s| {
        each(samples, |sample| sample.server = Some(spent(Source::Process, server_s)))
    };
    let mut samples = costing(rounds(GCM, noise(gcm, 0.003)), gcm_s);
    samples.extend(costing(rounds(CHACHA, noise(chacha, 0.0)), chacha_s));
    let mut survey = survey(samples);
    survey.header.pairings = vec![testing::pairing(target)];
    let label = &mut survey.header.pairings[0].server.host.aes;
    label.class = aes;
    label.evidence = "what its kernel says".into();
    Digest::of(format!("{target}.jsonl"), survey)
}

fn hosts(digests: Vec<Digest>) -> Comparison {
    let pivot = pivot(&digests, Measure::default(), &[Direction::Upload]);
    Comparison { digests, shown: Shown::Hosts(pivot) }
}

fn three() -> Comparison {
    hosts(vec![
        digest("nas", AesClass::Aes, 400.0, 300.0),
        digest("pi1:/mnt/usb", AesClass::NoAes, 20.0, 40.0),
        digest("box", AesClass::Unknown, 50.0, 60.0),
    ])
}

fn shown(comparison: &Comparison, format: Format, style: Style) -> String {
    let mut out = Vec::new();
    write(comparison, format, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn hosts_side_by_side() {
    let style = Style { width: 100, ..Style::default() };
    let text = shown(&three(), Format::Table, style);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_narrow_terminal_has_the_columns_below_each_other() {
    let style = Style { width: 60, ascii: true, ..Style::default() };
    let text = shown(&three(), Format::Table, style);
    assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
    assert!(text.is_ascii() && text.matches("aes128-gcm@openssh.com  ").count() > 2, "{text}");
}

#[test]
fn a_change_with_its_intervals() {
    let digests =
        [digest("pi1", AesClass::NoAes, 20.0, 40.0), digest("pi1", AesClass::NoAes, 30.0, 40.0)];
    let change = change(&digests, &BOTH);
    let comparison = Comparison { digests: digests.into(), shown: Shown::Change(change) };
    let text = shown(&comparison, Format::Table, Style::default());
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_line_per_figure_for_spreadsheets() {
    let comparison = three();
    let text = shown(&comparison, Format::Csv, Style::default());
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let lines: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 6, "{text}");
    let Shown::Hosts(pivot) = &comparison.shown else { panic!() };
    let best = &pivot.tables[0].rows[0];
    assert_eq!(&lines[0][at("cipher")], best.cipher.as_str());
    let value: f64 = lines[0][at("value")].parse().unwrap();
    assert_eq!(Some(value), best.cells[0].measured().map(|cell| cell.value));
}

#[test]
fn what_comes_from_outside_is_inert_in_every_form() {
    let hostile = "=x|<script>alert(1)</script>`\u{1b}[2J\u{202e}日本";
    let mut one = digest(hostile, AesClass::Aes, 20.0, 40.0);
    one.name = hostile.into();
    one.header.pairings[0].client.version = hostile.into();
    one.header.pairings[0].server.host.name = hostile.into();
    one.header.pairings[0].server.host.aes.evidence = hostile.into();
    let other = digest("pi1", AesClass::NoAes, 30.0, 40.0);
    let comparison = hosts(vec![one, other]);
    for format in [Format::Table, Format::Markdown, Format::Csv, Format::Json, Format::Html] {
        let text = shown(&comparison, format, Style::default());
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        if matches!(format, Format::Markdown | Format::Html) {
            assert!(!text.contains("<script>alert"), "{text}");
        }
        if format == Format::Csv {
            assert!(text.contains("'=x|"), "{text}");
        }
    }
}
