//! A survey as read back from its journal. Lines that a crash, a full disk or an editor has damaged are
//! left out, one by one, and each is reported in `problems`.

use super::journal::{JournalError, JournalLine, kind, lines, read_header};
use super::record::{Connection, Footer, Header, SCHEMA, Sample};

/// All that a journal holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    pub header: Header,
    /// In the order in which they were closed. Journals of schema 1 have none.
    pub connections: Vec<Connection>,
    /// In the order in which they ended.
    pub samples: Vec<Sample>,
    /// Absent: the journal was cut off.
    pub footer: Option<Footer>,
    /// One sentence for each line that was left out.
    pub problems: Vec<String>,
}

impl Survey {
    /// Reads a journal: JSON lines, the header first. Unknown keys are ignored.
    pub fn read(text: &[u8]) -> Result<Survey, JournalError> {
        let mut lines = lines(text);
        let header = read_header(lines.next().ok_or(JournalError::Empty)?.bytes, "survey")?;
        // What is read is passed on in the words of this schema.
        let header = Header { schema: SCHEMA.into(), ..header };
        let mut survey = Survey {
            header,
            connections: Vec::new(),
            samples: Vec::new(),
            footer: None,
            problems: Vec::new(),
        };
        for line in lines {
            if let Err(problem) = survey.take(&line) {
                survey.problems.push(problem);
            }
        }
        Ok(survey)
    }

    /// Adds one line, or says why it is left out.
    fn take(&mut self, line: &JournalLine) -> Result<(), String> {
        let number = line.number;
        let unreadable = |error: serde_json::Error| line.unreadable(&error);
        let kind = match SAMPLE.iter().any(|start| line.bytes.starts_with(start)) {
            true => Some("sample".to_owned()),
            false => kind(line.bytes).map_err(unreadable)?,
        };
        match kind.as_deref() {
            Some("sample" | SAMPLE_1) => {
                let sample: Sample = serde_json::from_slice(line.bytes).map_err(unreadable)?;
                self.check(number, sample.pairing, sample.round)?;
                self.samples.push(sample);
            }
            Some("connection") => {
                let connection: Connection =
                    serde_json::from_slice(line.bytes).map_err(unreadable)?;
                self.check(number, connection.pairing, connection.round)?;
                self.connections.push(connection);
            }
            Some("end") => {
                self.footer = Some(serde_json::from_slice(line.bytes).map_err(unreadable)?)
            }
            Some("survey") => return Err(format!("line {number} is a second header: ignored")),
            Some(kind) => {
                return Err(format!("line {number} has the unknown kind {kind:?}: ignored"));
            }
            None => return Err(format!("line {number} has no kind and was left out")),
        }
        Ok(())
    }

    /// Whether what a line names can be: a pairing of the header, a round that a survey may come to.
    fn check(&self, number: usize, pairing: usize, round: u32) -> Result<(), String> {
        if pairing >= self.header.pairings.len() {
            return Err(format!(
                "line {number} names pairing {pairing}, which the header does not have, \
                 and was left out"
            ));
        }
        if round > MOST_ROUNDS {
            return Err(format!(
                "line {number} is of round {round}, which no survey came to, and was left out"
            ));
        }
        Ok(())
    }
}

/// A million rounds of one second each take eleven days. The analysis needs memory in proportion to the
/// last round's number, so a damaged one would take all of it.
const MOST_ROUNDS: u32 = 1_000_000;

/// How this program begins a sample, and how it began one in schema 1: lines that begin so are parsed once,
/// not twice.
const SAMPLE: [&[u8]; 2] = [
    br#"{"kind":"sample","#,
    br#"{"kind":"trial","#, // schema 1
];
const SAMPLE_1: &str = "trial"; // schema 1

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing;
    use crate::model::record::{Record, StopReason};

    fn journal() -> Vec<String> {
        let survey = testing::survey(vec![
            testing::sample("aes128-ctr", 1, 50.0),
            testing::sample("aes128-ctr", 2, 51.0),
        ]);
        let mut lines = vec![Record::Header(Box::new(survey.header))];
        lines.extend(survey.samples.into_iter().map(|sample| Record::Sample(Box::new(sample))));
        lines.extend(survey.footer.map(Record::Footer));
        lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect()
    }

    #[test]
    fn a_journal_is_read_back_as_it_was_written() {
        let text = journal().join("\n") + "\n";
        let survey = Survey::read(text.as_bytes()).unwrap();
        assert_eq!(survey.samples.len(), 2);
        assert_eq!(survey.samples[1].cipher.as_str(), "aes128-ctr");
        assert_eq!(survey.footer.as_ref().unwrap().reason, StopReason::RoundsDone);
        assert_eq!(survey.problems, Vec::<String>::new());

        let dos = format!("\u{feff}{}", text.replace('\n', "\r\n\r\n"));
        assert_eq!(Survey::read(dos.as_bytes()).unwrap(), survey);
        assert_eq!(Survey::read(text.trim_end().as_bytes()).unwrap(), survey);
    }

    #[test]
    fn a_torn_last_line_is_left_out_alone() {
        let text = journal().join("\n");
        let survey = Survey::read(&text.as_bytes()[..text.len() - 9]).unwrap();
        assert_eq!((survey.samples.len(), survey.footer), (2, None));
        assert_eq!(survey.problems, ["the last line (4) is torn and was left out"]);
    }

    #[test]
    fn a_line_that_is_no_record_is_left_out_alone() {
        let mut lines = journal();
        let astray = lines[1].replace("\"pairing\":0", "\"pairing\":7");
        assert!(lines[1].as_bytes().starts_with(SAMPLE[0]));
        let extended = lines[1].replacen('{', "{\"from_the_future\":[1],", 1);
        lines.insert(1, "\u{1b}[31m rubbish".into());
        lines.insert(2, r#"{"kind":"temperature","celsius":20}"#.into());
        lines.insert(3, lines[0].clone());
        lines.insert(4, astray);
        lines.insert(5, "{}".into());
        lines.insert(6, extended);
        let survey = Survey::read(lines.join("\n").as_bytes()).unwrap();
        assert_eq!(survey.samples.len(), 3);
        assert!(survey.footer.is_some());
        let starts = ["line 2 can't be read", "line 3 has the unknown kind \"temperature\""];
        let more = ["line 4 is a second header", "line 5 names pairing 7", "line 6 has no kind"];
        assert_eq!(survey.problems.len(), 5);
        for (problem, start) in survey.problems.iter().zip(starts.iter().chain(&more)) {
            assert!(problem.starts_with(start), "{problem}");
        }
    }

    #[test]
    fn connections_are_read_as_samples_are() {
        let connection = |number: u32, pairing: usize| {
            format!(
                r#"{{"kind":"connection","number":{number},"round":1,"pairing":{pairing},"method":"sftp","#
            ) + r#""cipher":"aes128-ctr","started":"2026-01-02T03:04:05Z","outcome":"measured"}"#
        };
        let mut lines = journal();
        lines.insert(2, connection(1, 0));
        lines.insert(3, connection(2, 7));
        lines.insert(4, r#"{"kind":"connection"}"#.into());
        let survey = Survey::read(lines.join("\n").as_bytes()).unwrap();
        assert_eq!((survey.connections.len(), survey.samples.len()), (1, 2));
        assert_eq!(survey.connections[0].number, 1);
        assert!(survey.problems[0].starts_with("line 4 names pairing 7"), "{survey:?}");
        assert!(survey.problems[1].starts_with("line 5 can't be read"), "{survey:?}");
    }

    #[test]
    fn a_round_that_no_survey_comes_to_is_left_out() {
        let text = journal().join("\n").replace("\"round\":2", "\"round\":4294967295");
        let survey = Survey::read(text.as_bytes()).unwrap();
        assert_eq!(survey.samples.len(), 1);
        assert!(survey.problems[0].starts_with("line 3 is of round 4294967295"), "{survey:?}");
    }

    #[test]
    fn a_file_that_is_no_survey_is_named_for_what_it_is() {
        let error = |text: &str| Survey::read(text.as_bytes()).unwrap_err();
        assert_eq!(error(""), JournalError::Empty);
        assert_eq!(error("\n \r\n"), JournalError::Empty);
        assert_eq!(error("#!/bin/sh\n"), JournalError::NotAJournal { found: "#!/bin/sh".into() });
        assert_eq!(
            error(r#"{"schema":"cipher-survey/3","kind":"survey"}"#),
            JournalError::Schema { found: "cipher-survey/3".into() }
        );
        assert_eq!(
            error(r#"{"schema":"cipher-survey/1","kind":"cores"}"#),
            JournalError::OtherKind { found: "cores".into(), wanted: "survey" }
        );
        let headless = error(r#"{"schema":"cipher-survey/1","kind":"survey"}"#);
        assert!(matches!(&headless, JournalError::Header { why } if why.contains("tool_version")));
        let sample_first = journal().swap_remove(1);
        assert!(
            matches!(error(&sample_first), JournalError::NotAJournal { found } if found.ends_with('…'))
        );
    }
}
