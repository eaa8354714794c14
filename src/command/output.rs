//! Where a report goes: standard output, or a file that is written whole or not at all.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use crate::cli::OutputArgs;
use crate::model::survey::Survey;
use crate::model::units::printable;
use crate::report::{self, Format, Report, Style};

/// A line longer than this is hard to follow even where the terminal is wider.
const WIDEST: usize = 160;
const DEFAULT_WIDTH: usize = 80;

/// A survey from its journal.
pub fn read(journal: &PathBuf) -> Result<Survey> {
    let shown = journal.display();
    let text =
        std::fs::read(journal).with_context(|| format!("the journal {shown} can't be read"))?;
    Survey::read(&text).with_context(|| format!("{shown} is not a journal of a survey"))
}

pub fn print(survey: &Survey, args: &OutputArgs, journal: Option<&Path>) -> Result<()> {
    let format = form(args)?;
    if let (Format::Csv | Format::CsvSummary, [first, rest @ ..]) = (format, &survey.problems[..]) {
        // The other forms have it among their warnings.
        let more =
            if rest.is_empty() { String::new() } else { format!("; and {} more", rest.len()) };
        eprintln!("warning: the journal is damaged: {}{more}", printable(first));
    }
    let report = Report::of(survey, journal);
    match &args.output {
        None => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            report::write(&report, format, &style(args.wide), &mut out)
                .and_then(|()| out.flush())
                .context("the report can't be written to standard output")?;
        }
        Some(path) => {
            let style = Style { color: false, width: width(false), wide: args.wide };
            let about = || format!("the report can't be written to {}", path.display());
            let mut file = beside(path)?;
            report::write(&report, format, &style, &mut file).with_context(about)?;
            file.persist_noclobber(path).with_context(about)?;
        }
    }
    Ok(())
}

/// What is asked for.
pub fn form(args: &OutputArgs) -> Result<Format> {
    match (args.format, args.summary) {
        (Format::Csv, true) => Ok(Format::CsvSummary),
        (format, false) => Ok(format),
        (_, true) => bail!(
            "--summary is a form of --format csv, and the other formats have the summary anyway; \
             add --format csv, or leave --summary out"
        ),
    }
}

/// A report that could not be written at the end is refused before a survey begins.
pub fn refuse_unwritable(args: &OutputArgs) -> Result<()> {
    form(args)?;
    let Some(path) = &args.output else { return Ok(()) };
    if path.symlink_metadata().is_ok() {
        bail!("the report {} exists; name another with --output, or move it away", path.display());
    }
    beside(path).map(drop)
}

/// Prints the report of a survey that has just ended; where that can't be written, its table to
/// standard output, since what was measured is not to be lost from sight. Whether it went where it
/// was to go.
pub fn print_or_show(survey: &Survey, args: &OutputArgs, journal: &Path) -> Result<bool> {
    let printed = print(survey, args, Some(journal));
    match printed {
        Err(error) if args.output.is_some() => {
            eprintln!(
                "error: {error:#}; the table follows, and the journal is {}",
                journal.display()
            );
            let table =
                OutputArgs { format: Format::Table, summary: false, output: None, ..args.clone() };
            print(survey, &table, Some(journal))?;
            Ok(false)
        }
        other => other.map(|()| true),
    }
}

/// A file that becomes the report once it is whole.
fn beside(path: &Path) -> Result<NamedTempFile> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    NamedTempFile::new_in(parent)
        .with_context(|| format!("the report can't be written to {}", path.display()))
}

/// What standard output can show.
pub fn style(wide: bool) -> Style {
    let terminal = std::io::stdout().is_terminal();
    let color = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Style { color, width: width(terminal), wide }
}

fn width(terminal: bool) -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse::<usize>().ok());
    let size = || {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
        Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
    };
    let known = if terminal { size().or(columns) } else { columns };
    known.map_or(DEFAULT_WIDTH, |columns| columns.min(WIDEST))
}
