//! What earlier versions wrote stays readable for ever.

use std::path::Path;

use cipher_survey::model::survey::Survey;
use cipher_survey::report::{Format, Report, Style, write};

#[test]
fn every_old_record_is_read_and_reported() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/records");
    let mut read = 0;
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let survey = Survey::read(&std::fs::read(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(survey.problems.is_empty(), "{}: {:?}", path.display(), survey.problems);
        assert!(!survey.samples.is_empty() && survey.footer.is_some(), "{}", path.display());
        for details in [false, true] {
            let style = Style { details, ..Style::default() };
            let mut text = Vec::new();
            write(&Report::of(&survey, None), Format::Table, &style, &mut text).unwrap();
            let text = String::from_utf8(text).unwrap();
            // A line to paste is whole, however long.
            let mut laid_out = text.lines().filter(|line| !line.trim().starts_with("Ciphers "));
            assert!(laid_out.all(|line| line.chars().count() <= 80), "{text}");
        }
        read += 1;
    }
    assert!(read >= 2, "no records in {}", directory.display());
}
