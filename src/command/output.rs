//! Where a report goes: standard output, or a file that is written whole or not at all.

use std::fs::Permissions;
use std::io::{BufWriter, IsTerminal, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use crate::cli::{OutputArgs, PlaceArgs};
use crate::model::survey::Survey;
use crate::model::units::printable;
use crate::report::html::MOST_TRIALS;
use crate::report::{self, Format, Report, Style};

/// A line longer than this is hard to follow even where the terminal is wider.
const WIDEST: usize = 160;
const DEFAULT_WIDTH: usize = 80;

/// A survey from its journal.
pub fn read(journal: &Path) -> Result<Survey> {
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
    let mut report = Report::of(survey, journal);
    let OutputArgs { wide, ascii, bars, explain, .. } = *args;
    let style = Style { wide, ascii, bars, explain, ..style(&args.place) };
    let beside = trials_beside(survey, format, &args.place);
    if let Some(path) = &beside {
        to_file(path, args.place.force, |out| report::write(&report, Format::Csv, &style, out))?;
        report.beside = path.file_name().map(|name| name.to_string_lossy().into_owned());
    }
    let printed = to_place(&args.place, |out| report::write(&report, format, &style, out));
    if let (Err(_), Some(path)) = (&printed, &beside) {
        // Without its page it would be taken for another report.
        let _ = std::fs::remove_file(path);
    }
    printed
}

/// Where the trials go that are too many for a page: `report.trials.csv` beside `report.html`.
fn trials_beside(survey: &Survey, format: Format, place: &PlaceArgs) -> Option<PathBuf> {
    let many = format == Format::Html && survey.trials.len() > MOST_TRIALS;
    Some(place.output.as_ref().filter(|_| many)?.with_extension("trials.csv"))
}

/// Hands the place to what writes into it.
pub fn to_place(
    place: &PlaceArgs,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    match &place.output {
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            write(&mut out)
                .and_then(|()| out.flush())
                .context("the report can't be written to standard output")
        }
        Some(path) => to_file(path, place.force, write),
    }
}

/// Writes beside the path what takes its name once it is whole.
fn to_file(
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let about = || format!("the report can't be written to {}", path.display());
    refuse_existing(path, force)?;
    // Through a link its target is replaced, and the link stays.
    let path = &match path.is_symlink() {
        true => path.canonicalize().with_context(about)?,
        false => path.to_owned(),
    };
    let mut file = BufWriter::new(beside(path)?);
    write(&mut file).with_context(about)?;
    let file = file.into_inner().map_err(|error| error.into_error()).with_context(about)?;
    match force {
        true => file.persist(path).map(drop).with_context(about),
        false => file.persist_noclobber(path).map(drop).with_context(about),
    }
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
    let Some(path) = &args.place.output else { return Ok(()) };
    refuse_existing(path, args.place.force)?;
    beside(path).map(drop)
}

fn refuse_existing(path: &Path, force: bool) -> Result<()> {
    let shown = path.display();
    match path.metadata() {
        // A device or a pipe would be replaced by a file, not written to.
        Ok(found) if force && !found.is_file() => {
            bail!("{shown} is no regular file; redirect standard output to it instead of --output")
        }
        Ok(_) if force => Ok(()),
        // A link to nothing exists too.
        _ if path.symlink_metadata().is_ok() => {
            bail!("{shown} exists; name another file with --output, or replace it with --force")
        }
        _ => Ok(()),
    }
}

/// Prints the report of a survey that has just ended; where that can't be written, its table to
/// standard output, since what was measured is not to be lost from sight. Whether it went where it
/// was to go.
pub fn print_or_show(survey: &Survey, args: &OutputArgs, journal: &Path) -> Result<bool> {
    let printed = print(survey, args, Some(journal));
    match printed {
        Err(error) if args.place.output.is_some() => {
            eprintln!(
                "error: {error:#}; the table follows, and the journal is {}",
                journal.display()
            );
            let place = PlaceArgs { output: None, force: false };
            let table = OutputArgs { format: Format::Table, summary: false, place, ..args.clone() };
            print(survey, &table, Some(journal))?;
            Ok(false)
        }
        other => other.map(|()| true),
    }
}

/// A file that becomes the report once it is whole, as readable as any new file.
fn beside(path: &Path) -> Result<NamedTempFile> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(parent)
        .with_context(|| format!("the report can't be written to {}", path.display()))
}

/// What the place can show.
pub fn style(place: &PlaceArgs) -> Style {
    let terminal = place.output.is_none() && std::io::stdout().is_terminal();
    let color = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Style { color, width: width(terminal), ..Style::default() }
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
