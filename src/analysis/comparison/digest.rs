//! A survey as it is compared with others.

use crate::analysis::{Summary, summarise};
use crate::model::Survey;
use crate::model::record::Header;

/// What is kept of a survey to compare it: all but its trials.
pub struct Digest {
    /// The journal, as it was named.
    pub name: String,
    pub header: Header,
    pub summary: Summary,
    /// What was wrong with the journal.
    pub problems: Vec<String>,
}

impl Digest {
    pub fn of(name: String, survey: Survey) -> Digest {
        let summary = summarise(&survey);
        Digest { name, header: survey.header, summary, problems: survey.problems }
    }
}
