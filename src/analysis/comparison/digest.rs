//! What is kept of a survey to compare it with others.

use crate::analysis::{Summary, summarise};
use crate::model::Survey;
use crate::model::record::Header;

/// A survey without its samples.
pub struct Digest {
    /// The name of the journal, as it was given.
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
