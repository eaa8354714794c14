//! The whole survey as one JSON document.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::Report;
use super::advised::Advised;
use crate::analysis::Summary;
use crate::model::record::{Footer, Header, Sample};
use crate::model::units::is_obeyed;

/// What `--format json` writes (docs/report.schema.json). Header, trials and end are as the journal
/// has them; units are in the names of keys; a figure that is not known is null or absent.
#[derive(JsonSchema, Serialize)]
pub struct Document<'a> {
    header: &'a Header,
    #[serde(rename = "trials")]
    samples: &'a [Sample],
    /// Null: the journal was cut off.
    end: Option<&'a Footer>,
    summary: &'a Summary,
    recommendations: &'a [Advised],
}

pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        header: &report.survey.header,
        samples: &report.survey.samples,
        end: report.survey.footer.as_ref(),
        summary: &report.summary,
        recommendations: &report.advised,
    };
    writeln!(out, "{}", inert(&serde_json::to_string_pretty(&document)?))
}

/// JSON escapes the control characters of ASCII. A terminal obeys others as well; whatever is not
/// ASCII is within a string, where an escape means the same.
pub fn inert(json: &str) -> String {
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
        assert_eq!(json["header"]["schema"], "cipher-survey/1");
        assert_eq!(json["trials"].as_array().unwrap().len(), 3);
        assert_eq!(json["trials"][0]["outcome"], "measured");
        assert_eq!(json["end"]["reason"], "rounds_done");
        let row = &json["summary"]["tables"][0]["sections"][0]["rows"][0];
        assert_eq!(row["rate_mb_per_s"].as_f64().map(f64::round), Some(51.0));
        assert_eq!(row["client"]["cpu_s_per_gb"].as_f64().map(f64::round), Some(1.0));
        assert_eq!(row["helpers_cpu_s_per_gb"], serde_json::Value::Null);
    }
}
