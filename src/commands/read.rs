//! Reads one journal, and says what is wrong with it.

use std::path::Path;

use anyhow::{Context, Result};

use crate::model::cipher_cores::Cores;
use crate::model::journal::kind_of;
use crate::model::survey::Survey;
use crate::model::units::{printable, shown};
use crate::progress::tell;

/// The journal of a survey.
pub fn survey(journal: &Path) -> Result<Survey> {
    let text = text_of(journal)?;
    Survey::read(&text).with_context(|| format!("{} is not a journal of a survey", shown(journal)))
}

/// The journal of `cores`.
pub fn cores(journal: &Path) -> Result<Cores> {
    let text = text_of(journal)?;
    Cores::read(&text).with_context(|| format!("{} is not a journal of cores", shown(journal)))
}

/// Whether it says that it is a journal of `cores`; false where it can't be read.
pub fn is_of_cores(journal: &Path) -> bool {
    text_of(journal).is_ok_and(|text| kind_of(&text).as_deref() == Some("cores"))
}

fn text_of(journal: &Path) -> Result<Vec<u8>> {
    std::fs::read(journal).with_context(|| format!("the journal {} can't be read", shown(journal)))
}

/// What could be read; else a warning says why not.
pub fn or_warn<T>(read: Result<T>) -> Option<T> {
    read.inspect_err(|error| tell(&format!("warning: {error:#}"))).ok()
}

/// What was wrong with the lines of a journal, in one sentence however many they are.
pub fn damage(problems: &[String]) -> Option<String> {
    let (first, rest) = problems.split_first()?;
    let more = if rest.is_empty() { String::new() } else { format!("; and {} more", rest.len()) };
    Some(printable(&format!("the journal is damaged: {first}{more}")))
}
