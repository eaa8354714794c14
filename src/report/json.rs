//! One JSON document with everything.

use std::io::{self, Write};

use super::document::Printable;
use crate::model::units::is_obeyed;

pub fn write(printed: &dyn Printable, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", inert(&printed.json()?))
}

/// JSON escapes the control characters of ASCII. A terminal obeys others as well; whatever is not
/// ASCII is within a string, where an escape means the same.
fn inert(json: &str) -> String {
    let shown = |c: char| match is_obeyed(c) && c != '\n' {
        true => format!("\\u{:04x}", u32::from(c)),
        false => c.to_string(),
    };
    json.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use crate::analysis::testing::{rounds, survey};
    use crate::report::{Format, Report, Style};

    #[test]
    fn the_document_holds_samples_and_summary_with_units() {
        let survey = survey(rounds("aes128-ctr", [50.0, 51.0, 52.0]));
        let mut out = Vec::new();
        let report = Report::of(&survey, None);
        super::super::write(&report, Format::Json, &Style::default(), &mut out).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(json["header"]["schema"], "cipher-survey/2");
        assert_eq!(json["samples"].as_array().unwrap().len(), 3);
        assert_eq!(json["samples"][0]["outcome"], "measured");
        assert_eq!(json["end"]["reason"], "rounds_done");
        let row = &json["summary"]["tables"][0]["sections"][0]["rows"][0];
        assert_eq!(row["rate_mb_per_s"].as_f64().map(f64::round), Some(51.0));
        assert_eq!(row["client"]["cpu_s_per_gb"].as_f64().map(f64::round), Some(1.0));
        assert_eq!(row["helpers_cpu_s_per_gb"], serde_json::Value::Null);
    }
}
