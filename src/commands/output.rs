//! Prints the report of a survey in the format that was asked for.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use super::output_file::{OutputFile, write_to};
use super::{journals, read};
use crate::analysis::cipher_cores::share::explain;
use crate::cli::output::{OutputArgs, OutputFileArgs, SheetArgs};
use crate::model::cipher_cores::Cores;
use crate::model::survey::Survey;
use crate::model::units::shown;
use crate::progress::tell;
use crate::report::html::MOST_SAMPLES;
use crate::report::{self, Format, Report, Style};

/// A longer line is hard to follow, however wide the terminal is.
const WIDEST: usize = 160;
const DEFAULT_WIDTH: usize = 80;

/// Prints it to standard output or into the file of `--output`. `journal` is never overwritten.
pub fn print(survey: &Survey, args: &OutputArgs, journal: Option<&Path>) -> Result<()> {
    let format = format(args)?;
    // The other formats have it among their warnings.
    if let (Format::Csv, Some(damage)) = (format, read::damage(&survey.problems)) {
        tell(&format!("warning: {damage}"));
    }
    let mut report = Report::of(survey, journal);
    explain(&mut report.summary, survey, &cores_journals(args)?);
    let OutputArgs { details, wide, ascii, bars, explain, summary, .. } = *args;
    let style = Style { details, wide, ascii, bars, explain, summary, ..style(&args.file) };
    match &args.file.output {
        Some(path) if format == Format::Html && survey.samples.len() > MOST_SAMPLES => {
            let page = OutputFile::of(path, args.file.force, journal.as_slice())?;
            let samples = samples_file(&page, journal)?;
            page_and_samples(report, &style, &page, &samples)
        }
        _ => write_to(&args.file, journal.as_slice(), |out| {
            report::write(&report, format, &style, out)
        }),
    }
}

/// Journals of cores that tell how much of an end's CPU the cipher takes.
fn cores_journals(args: &OutputArgs) -> Result<Vec<Cores>> {
    match args.cores.as_slice() {
        [] if args.wide => Ok(journals::saved_cores()),
        named => named.iter().map(|path| read::cores(path)).collect(),
    }
}

/// The file for samples that are too many for a page: `report.samples.csv` next to `report.html`.
fn samples_file(page: &OutputFile, journal: Option<&Path>) -> Result<OutputFile> {
    page.with_extension("samples.csv", journal.as_slice())
        .context("a page with too many samples needs a file for them")
}

/// Both or neither: samples without their page would be taken for those of another report.
fn page_and_samples(
    mut report: Report,
    style: &Style,
    page: &OutputFile,
    samples: &OutputFile,
) -> Result<()> {
    report.samples_file = samples.file_name();
    let csv = samples.prepare(|out| report::write(&report, Format::Csv, style, out))?;
    let html = page.prepare(|out| report::write(&report, Format::Html, style, out))?;
    csv.keep()?;
    html.keep().inspect_err(|_| samples.take_back())
}

/// The format that was asked for; a flag that would have no effect on it is refused.
fn format(args: &OutputArgs) -> Result<Format> {
    for (flag, given) in [
        ("--details", args.details),
        ("--bars", args.bars),
        ("--explain", args.explain),
        ("--ascii", args.ascii),
    ] {
        refuse_idle(flag, given, args.format, &[Format::Table])?;
    }
    refuse_idle("--wide", args.wide, args.format, &[Format::Table, Format::Markdown])?;
    if matches!(args.format, Format::Table | Format::Markdown) {
        ensure!(
            args.cores.is_empty() || args.wide,
            "--cores has no effect on this format without --wide; add --wide, or leave out --cores"
        );
    }
    ensure!(
        !args.summary || args.format == Format::Csv,
        "--summary works with --format csv only (the other formats show the summary anyway); add \
         --format csv, or leave out --summary"
    );
    Ok(args.format)
}

/// Refuses a flag that has no effect on the format: who gives it means to see one.
fn refuse_idle<F: ValueEnum + PartialEq>(
    flag: &str,
    given: bool,
    format: F,
    fit: &[F],
) -> Result<()> {
    let name = |format: &F| {
        format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    };
    if given && !fit.contains(&format) {
        let fit: Vec<String> = fit.iter().map(name).collect();
        bail!(
            "{flag} has no effect on --format {}, only on {}; leave it out, or choose another \
             format",
            name(&format),
            fit.join(" and ")
        );
    }
    Ok(())
}

/// Refuses, before a survey begins, a report that could not be written at its end.
pub fn refuse_unwritable(args: &OutputArgs, journal: Option<&Path>) -> Result<()> {
    let format = format(args)?;
    cores_journals(args)?;
    let Some(path) = &args.file.output else { return Ok(()) };
    let page = OutputFile::of(path, args.file.force, journal.as_slice())?;
    if format == Format::Html {
        // Nobody knows yet how many samples there will be.
        samples_file(&page, journal)?.refuse_unwritable()?;
    }
    page.refuse_unwritable()
}

/// Prints the report of a survey that has just ended. If its file can't be written, the table goes to
/// standard output, so that the figures are seen all the same. Returns whether the file was written.
pub fn print_or_show(survey: &Survey, args: &OutputArgs, journal: &Path) -> Result<bool> {
    let printed = print(survey, args, Some(journal));
    match printed {
        Err(error) if args.file.output.is_some() => {
            tell(&format!(
                "error: {error:#}; the table follows instead; the journal is {}",
                shown(journal)
            ));
            let file = OutputFileArgs { output: None, force: false };
            let (format, summary, cores) = (Format::Table, false, Vec::new());
            let table = OutputArgs { format, summary, cores, file, ..args.clone() };
            print(survey, &table, Some(journal))?;
            Ok(false)
        }
        other => other.map(|()| true),
    }
}

impl SheetArgs {
    /// Refuses a flag that has no effect on the format.
    pub fn refuse_idle(&self) -> Result<()> {
        refuse_idle("--ascii", self.ascii, self.format, &[Format::Table])
    }

    pub fn style(&self) -> Style {
        Style { ascii: self.ascii, ..style(&self.file) }
    }
}

/// What the terminal, or the file, can show.
pub fn style(file: &OutputFileArgs) -> Style {
    let terminal = file.output.is_none() && std::io::stdout().is_terminal();
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
