//! What is kept of a measurement: journals and figures, compressed.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use cipher_survey::model::survey::Survey;
use cipher_survey::stats::statistics::median;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An empty directory.
pub fn begin(directory: &Path) {
    let _ = fs::remove_dir_all(directory);
    fs::create_dir_all(directory).unwrap();
}

/// Journals one after another in one file.
pub fn keep_journals(path: &Path, journals: &[Vec<u8>]) {
    let mut file = GzEncoder::new(File::create(path).unwrap(), Compression::best());
    for journal in journals {
        file.write_all(journal).unwrap();
    }
    file.finish().unwrap();
}

/// The surveys of [`keep_journals`].
pub fn surveys(path: &Path) -> Vec<Survey> {
    let text = unpacked(path);
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.contains("\"kind\":\"survey\"") {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(at);
    let each = starts.windows(2).map(|pair| Survey::read(&text.as_bytes()[pair[0]..pair[1]]));
    each.map(|survey| survey.unwrap()).collect()
}

/// The number of the last round.
pub fn rounds(survey: &Survey) -> u32 {
    survey.samples.iter().map(|sample| sample.round).max().unwrap_or(0)
}

/// Figures, one a line.
pub fn keep_figures<T: Serialize>(path: &Path, figures: &[T]) {
    let mut file = GzEncoder::new(File::create(path).unwrap(), Compression::best());
    for figure in figures {
        writeln!(file, "{}", serde_json::to_string(figure).unwrap()).unwrap();
    }
    file.finish().unwrap();
}

pub fn figures<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    unpacked(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

/// The median of values that may not be none.
pub fn middle(values: &[f64]) -> f64 {
    median(values).expect("evidence is not empty")
}

/// The median of the averages of all pairs of values, between the bounds of its 95 % interval by
/// Wilcoxon's signed-rank test (normal approximation).
pub fn pseudo_median(values: &[f64]) -> [f64; 3] {
    let mut averages: Vec<f64> = Vec::new();
    for (i, a) in values.iter().enumerate() {
        averages.extend(values[i..].iter().map(|b| 0.5 * (a + b)));
    }
    averages.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let spread = 1.96 * (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt();
    let lowest = (n * (n + 1.0) / 4.0 - spread).floor().max(0.0) as usize;
    [averages[lowest], middle(&averages), averages[averages.len() - 1 - lowest]]
}

/// How far a ratio is from 1, in per cent.
pub fn error_percent(ratio: f64) -> f64 {
    100.0 * (ratio - 1.0).abs()
}
