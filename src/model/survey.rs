//! A survey as read back from its journal. What a crash, a full disk or a stray editor left
//! in the file costs the lines concerned and no more: each is told in `problems`.

use serde::Deserialize;
use thiserror::Error;

use super::record::{End, Header, SCHEMA, Trial};
use super::units::printable;

/// All that a journal holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    pub header: Header,
    /// In the order in which they ended.
    pub trials: Vec<Trial>,
    /// Absent: the journal was cut off.
    pub end: Option<End>,
    /// One sentence for each line that was left out.
    pub problems: Vec<String>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum SurveyError {
    #[error(
        "the journal is empty: the survey ended before its first line was written; run it again"
    )]
    Empty,
    #[error(
        "line 1 is not the header of a survey but {found:?}; give a journal that cipher-survey wrote"
    )]
    NotAJournal { found: String },
    #[error(
        "the journal has the schema {found:?} and this program reads {SCHEMA:?}; \
         use the version of cipher-survey that wrote it, or a newer one"
    )]
    Schema { found: String },
    #[error("the journal holds {found:?} and no survey; give the journal of a survey")]
    OtherKind { found: String },
    #[error(
        "the header of the journal can't be read ({why}); it was damaged or edited: \
         restore it, or run the survey again"
    )]
    Header { why: String },
}

impl Survey {
    /// Reads a journal: JSON lines, the header first. Unknown keys are ignored.
    pub fn read(text: &[u8]) -> Result<Survey, SurveyError> {
        let mut lines = lines(text);
        let header = read_header(lines.next().ok_or(SurveyError::Empty)?.bytes)?;
        let mut survey = Survey { header, trials: Vec::new(), end: None, problems: Vec::new() };
        for line in lines {
            if let Err(problem) = survey.take(&line) {
                survey.problems.push(problem);
            }
        }
        Ok(survey)
    }

    /// Adds one line, or says why it is left out.
    fn take(&mut self, line: &Line) -> Result<(), String> {
        let number = line.number;
        let rubbish = |error: serde_json::Error| match line.torn {
            true => format!("the last line ({number}) is torn and was left out"),
            false => format!("line {number} can't be read and was left out: {error}"),
        };
        let kind = match line.bytes.starts_with(TRIAL) {
            true => Some("trial".to_owned()),
            false => serde_json::from_slice::<Opening>(line.bytes).map_err(rubbish)?.kind,
        };
        match kind.as_deref() {
            Some("trial") => {
                let trial: Trial = serde_json::from_slice(line.bytes).map_err(rubbish)?;
                if trial.pairing >= self.header.pairings.len() {
                    return Err(format!(
                        "line {number} names pairing {}, which the header does not have, \
                         and was left out",
                        trial.pairing
                    ));
                }
                if trial.round > MOST_ROUNDS {
                    return Err(format!(
                        "line {number} is of round {}, which no survey came to, and was left out",
                        trial.round
                    ));
                }
                self.trials.push(trial);
            }
            Some("end") => self.end = Some(serde_json::from_slice(line.bytes).map_err(rubbish)?),
            Some("survey") => return Err(format!("line {number} is a second header: ignored")),
            Some(kind) => {
                return Err(format!("line {number} has the unknown kind {kind:?}: ignored"));
            }
            None => return Err(format!("line {number} has no kind and was left out")),
        }
        Ok(())
    }
}

/// A million rounds of a second each take eleven days. What is analysed grows with the last round's
/// number, so a damaged one would take all memory.
const MOST_ROUNDS: u32 = 1_000_000;

/// How this program begins a trial: known by it, most lines are parsed once and not twice.
const TRIAL: &[u8] = br#"{"kind":"trial","#;

/// What is read of a line before it is known to be worth more.
#[derive(Deserialize)]
struct Opening {
    kind: Option<String>,
    schema: Option<String>,
}

struct Line<'a> {
    /// From 1.
    number: usize,
    bytes: &'a [u8],
    /// Without its newline: the last one, perhaps written in part.
    torn: bool,
}

/// The lines that hold anything.
fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.split_inclusive(|&byte| byte == b'\n')
        .enumerate()
        .map(|(index, bytes)| Line {
            number: index + 1,
            bytes: bytes.trim_ascii(),
            torn: !bytes.ends_with(b"\n"),
        })
        .filter(|line| !line.bytes.is_empty())
}

fn read_header(line: &[u8]) -> Result<Header, SurveyError> {
    let not_a_journal = || SurveyError::NotAJournal { found: excerpt(line) };
    let opening: Opening = serde_json::from_slice(line).map_err(|_| not_a_journal())?;
    let (Some(schema), Some(kind)) = (opening.schema, opening.kind) else {
        return Err(not_a_journal());
    };
    if schema != SCHEMA {
        return Err(SurveyError::Schema { found: schema });
    }
    if kind != "survey" {
        return Err(SurveyError::OtherKind { found: kind });
    }
    // The reason quotes what it could not read.
    let why = |error: serde_json::Error| printable(&error.to_string());
    serde_json::from_slice(line).map_err(|error| SurveyError::Header { why: why(error) })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing;
    use crate::model::record::{Line as Record, StopReason};

    fn journal() -> Vec<String> {
        let survey = testing::survey(vec![
            testing::trial("aes128-ctr", 1, 50.0),
            testing::trial("aes128-ctr", 2, 51.0),
        ]);
        let mut lines = vec![Record::Survey(Box::new(survey.header))];
        lines.extend(survey.trials.into_iter().map(|trial| Record::Trial(Box::new(trial))));
        lines.extend(survey.end.map(Record::End));
        lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect()
    }

    #[test]
    fn a_journal_is_read_back_as_it_was_written() {
        let text = journal().join("\n") + "\n";
        let survey = Survey::read(text.as_bytes()).unwrap();
        assert_eq!(survey.trials.len(), 2);
        assert_eq!(survey.trials[1].cipher.as_str(), "aes128-ctr");
        assert_eq!(survey.end.as_ref().unwrap().reason, StopReason::RoundsDone);
        assert_eq!(survey.problems, Vec::<String>::new());

        let dos = format!("\u{feff}{}", text.replace('\n', "\r\n\r\n"));
        assert_eq!(Survey::read(dos.as_bytes()).unwrap(), survey);
        assert_eq!(Survey::read(text.trim_end().as_bytes()).unwrap(), survey);
    }

    #[test]
    fn a_torn_last_line_costs_itself_only() {
        let text = journal().join("\n");
        let survey = Survey::read(&text.as_bytes()[..text.len() - 9]).unwrap();
        assert_eq!((survey.trials.len(), survey.end), (2, None));
        assert_eq!(survey.problems, ["the last line (4) is torn and was left out"]);
    }

    #[test]
    fn a_line_that_is_no_record_costs_itself_only() {
        let mut lines = journal();
        let astray = lines[1].replace("\"pairing\":0", "\"pairing\":7");
        assert!(lines[1].as_bytes().starts_with(TRIAL));
        let extended = lines[1].replacen('{', "{\"from_the_future\":[1],", 1);
        lines.insert(1, "\u{1b}[31m rubbish".into());
        lines.insert(2, r#"{"kind":"weather","rain":true}"#.into());
        lines.insert(3, lines[0].clone());
        lines.insert(4, astray);
        lines.insert(5, "{}".into());
        lines.insert(6, extended);
        let survey = Survey::read(lines.join("\n").as_bytes()).unwrap();
        assert_eq!(survey.trials.len(), 3);
        assert!(survey.end.is_some());
        let starts = ["line 2 can't be read", "line 3 has the unknown kind \"weather\""];
        let more = ["line 4 is a second header", "line 5 names pairing 7", "line 6 has no kind"];
        assert_eq!(survey.problems.len(), 5);
        for (problem, start) in survey.problems.iter().zip(starts.iter().chain(&more)) {
            assert!(problem.starts_with(start), "{problem}");
        }
    }

    #[test]
    fn a_round_that_no_survey_comes_to_is_left_out() {
        let text = journal().join("\n").replace("\"round\":2", "\"round\":4294967295");
        let survey = Survey::read(text.as_bytes()).unwrap();
        assert_eq!(survey.trials.len(), 1);
        assert!(survey.problems[0].starts_with("line 3 is of round 4294967295"), "{survey:?}");
    }

    #[test]
    fn what_is_no_survey_says_what_it_is() {
        let error = |text: &str| Survey::read(text.as_bytes()).unwrap_err();
        assert_eq!(error(""), SurveyError::Empty);
        assert_eq!(error("\n \r\n"), SurveyError::Empty);
        assert_eq!(error("#!/bin/sh\n"), SurveyError::NotAJournal { found: "#!/bin/sh".into() });
        assert_eq!(
            error(r#"{"schema":"cipher-survey/2","kind":"survey"}"#),
            SurveyError::Schema { found: "cipher-survey/2".into() }
        );
        assert_eq!(
            error(r#"{"schema":"cipher-survey/1","kind":"cores"}"#),
            SurveyError::OtherKind { found: "cores".into() }
        );
        let headless = error(r#"{"schema":"cipher-survey/1","kind":"survey"}"#);
        assert!(matches!(&headless, SurveyError::Header { why } if why.contains("tool_version")));
        let trial_first = journal().swap_remove(1);
        assert!(
            matches!(error(&trial_first), SurveyError::NotAJournal { found } if found.ends_with('…'))
        );
    }
}
