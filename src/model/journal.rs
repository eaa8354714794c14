//! Journals as text: what all kinds have in common.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::record::READABLE;
use super::units::printable;

/// Why a journal can't be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum JournalError {
    #[error("the journal is empty: the survey ended before it wrote the first line; run it again")]
    Empty,
    #[error(
        "line 1 is not the header of a journal but {found:?}; name a journal that cipher-survey wrote"
    )]
    NotAJournal { found: String },
    #[error(
        "the journal has the schema {found:?} and this program reads {}; \
         use the version of cipher-survey that wrote it, or a newer one", READABLE.join(" and ")
    )]
    Schema { found: String },
    #[error("this is a journal of kind {found:?}, and one of kind {wanted:?} is needed")]
    OtherKind { found: String, wanted: &'static str },
    #[error(
        "the header of the journal can't be read ({why}); it was damaged or edited: \
         restore it, or run the survey again"
    )]
    Header { why: String },
}

/// What is read of a line first.
#[derive(Deserialize)]
struct Opening {
    kind: Option<String>,
    schema: Option<String>,
}

/// A line of a journal that is not parsed yet.
pub struct JournalLine<'a> {
    /// From 1.
    pub number: usize,
    pub bytes: &'a [u8],
    /// It is the last one and has no newline: perhaps it was written in part.
    pub torn: bool,
}

impl JournalLine<'_> {
    /// Why it was left out.
    pub fn unreadable(&self, error: &serde_json::Error) -> String {
        let number = self.number;
        match self.torn {
            true => format!("the last line ({number}) is torn and was left out"),
            false => format!("line {number} can't be read and was left out: {error}"),
        }
    }
}

/// The lines that are not empty.
pub fn lines(text: &[u8]) -> impl Iterator<Item = JournalLine<'_>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.split_inclusive(|&byte| byte == b'\n')
        .enumerate()
        .map(|(index, bytes)| JournalLine {
            number: index + 1,
            bytes: bytes.trim_ascii(),
            torn: !bytes.ends_with(b"\n"),
        })
        .filter(|line| !line.bytes.is_empty())
}

/// The kind that a line says it is of.
pub fn kind(line: &[u8]) -> serde_json::Result<Option<String>> {
    Ok(serde_json::from_slice::<Opening>(line)?.kind)
}

/// The kind that the first line of a journal says it is of.
pub fn kind_of(text: &[u8]) -> Option<String> {
    kind(lines(text).next()?.bytes).ok()?
}

/// The header, where it is that of a journal of this kind.
pub fn read_header<H: DeserializeOwned>(
    line: &[u8],
    wanted: &'static str,
) -> Result<H, JournalError> {
    let not_a_journal = || JournalError::NotAJournal { found: excerpt(line) };
    let opening: Opening = serde_json::from_slice(line).map_err(|_| not_a_journal())?;
    let (Some(schema), Some(kind)) = (opening.schema, opening.kind) else {
        return Err(not_a_journal());
    };
    if !READABLE.contains(&schema.as_str()) {
        return Err(JournalError::Schema { found: schema });
    }
    if kind != wanted {
        return Err(JournalError::OtherKind { found: kind, wanted });
    }
    // The reason quotes what it could not read.
    let why = |error: serde_json::Error| printable(&error.to_string());
    serde_json::from_slice(line).map_err(|error| JournalError::Header { why: why(error) })
}

/// The first characters of a line, for an error message.
fn excerpt(line: &[u8]) -> String {
    const SHOWN: usize = 40;
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * SHOWN)]);
    let mut shown = printable(&text.chars().take(SHOWN).collect::<String>());
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}
