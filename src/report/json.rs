//! The whole survey as one JSON document.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::Report;
use super::advised::Advised;
use crate::analysis::Summary;
use crate::model::record::{End, Header, Trial};

/// Header, trials and end as the journal has them; the summary has units in its key names.
#[derive(JsonSchema, Serialize)]
struct Document<'a> {
    header: &'a Header,
    trials: &'a [Trial],
    end: Option<&'a End>,
    summary: &'a Summary,
    recommendations: &'a [Advised],
}

pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        header: &report.survey.header,
        trials: &report.survey.trials,
        end: report.survey.end.as_ref(),
        summary: &report.summary,
        recommendations: &report.advised,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use crate::analysis::testing::{rounds, survey};
    use crate::report::{Format, Report, Style};

    #[test]
    fn the_document_holds_trials_and_summary_with_units() {
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
