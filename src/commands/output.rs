//! A survey read from its journal, and its report in the form that is asked for.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use super::journals;
use super::place::{Destination, to_place};
use crate::analysis::cipher_cores::share::explain;
use crate::cli::{OutputArgs, PlaceArgs, SheetArgs};
use crate::model::cipher_cores::Cores;
use crate::model::journal::kind_of;
use crate::model::survey::Survey;
use crate::model::units::shown;
use crate::progress::tell;
use crate::report::html::MOST_SAMPLES;
use crate::report::{self, Format, Report, Style, compare};

/// A line longer than this is hard to follow even where the terminal is wider.
const WIDEST: usize = 160;
const DEFAULT_WIDTH: usize = 80;

/// A survey from its journal.
pub fn read(journal: &Path) -> Result<Survey> {
    let text = text_of(journal)?;
    Survey::read(&text).with_context(|| format!("{} is not a journal of a survey", shown(journal)))
}

pub fn print(survey: &Survey, args: &OutputArgs, journal: Option<&Path>) -> Result<()> {
    let format = form(args)?;
    // The other forms have it among their warnings.
    if let (Format::Csv | Format::CsvSummary, Some(damage)) =
        (format, journals::damage(&survey.problems))
    {
        tell(&format!("warning: {damage}"));
    }
    let mut report = Report::of(survey, journal);
    explain(&mut report.summary, survey, &cores_at_hand(args)?);
    let OutputArgs { wide, ascii, bars, explain, .. } = *args;
    let style = Style { wide, ascii, bars, explain, ..style(&args.place) };
    match &args.place.output {
        Some(path) if format == Format::Html && survey.samples.len() > MOST_SAMPLES => {
            let page = Destination::of(path, args.place.force, journal.as_slice())?;
            let samples = samples_beside(&page, journal)?;
            page_and_samples(report, &style, &page, &samples)
        }
        _ => to_place(&args.place, journal.as_slice(), |out| {
            report::write(&report, format, &style, out)
        }),
    }
}

/// Journals of cores that may tell what the cipher is of an end's CPU.
fn cores_at_hand(args: &OutputArgs) -> Result<Vec<Cores>> {
    match args.cores.as_slice() {
        [] if args.wide => Ok(journals::kept_cores()),
        named => named.iter().map(|path| read_cores(path)).collect(),
    }
}

/// What a journal of cores holds.
pub fn read_cores(journal: &Path) -> Result<Cores> {
    let name = shown(journal);
    Cores::read(&text_of(journal)?).with_context(|| format!("{name} is not a journal of cores"))
}

/// Whether a journal is of cores.
pub fn is_of_cores(journal: &Path) -> Result<bool> {
    Ok(kind_of(&text_of(journal)?).as_deref() == Some("cores"))
}

fn text_of(journal: &Path) -> Result<Vec<u8>> {
    std::fs::read(journal).with_context(|| format!("the journal {} can't be read", shown(journal)))
}

/// Where the trials go that are too many for a page: `report.samples.csv` beside `report.html`.
fn samples_beside(page: &Destination, journal: Option<&Path>) -> Result<Destination> {
    page.plain_tcp("trials.csv", journal.as_slice())
        .context("the trials that are too many for a page go beside it")
}

/// Both or neither: a file of trials without its page would be taken for another report's.
fn page_and_samples(
    mut report: Report,
    style: &Style,
    page: &Destination,
    samples: &Destination,
) -> Result<()> {
    report.samples_file = samples.file_name();
    let csv = samples.prepare(|out| report::write(&report, Format::Csv, style, out))?;
    let html = page.prepare(|out| report::write(&report, Format::Html, style, out))?;
    csv.keep()?;
    html.keep().inspect_err(|_| samples.take_back())
}

/// What is asked for.
pub fn form(args: &OutputArgs) -> Result<Format> {
    for (flag, given) in
        [("--bars", args.bars), ("--explain", args.explain), ("--ascii", args.ascii)]
    {
        refuse_idle(flag, given, args.format, &[Format::Table])?;
    }
    refuse_idle("--wide", args.wide, args.format, &[Format::Table, Format::Markdown])?;
    if matches!(args.format, Format::Table | Format::Markdown) {
        ensure!(
            args.cores.is_empty() || args.wide,
            "--cores shows in the table of --wide alone; add --wide, or leave --cores out"
        );
    }
    match (args.format, args.summary) {
        (Format::Csv, true) => Ok(Format::CsvSummary),
        (format, false) => Ok(format),
        (_, true) => bail!(
            "--summary is a form of --format csv, and the other formats have the summary anyway; \
             add --format csv, or leave --summary out"
        ),
    }
}

/// Who gives a flag means to see its effect: where it can have none it is refused.
pub fn refuse_idle<F: ValueEnum + PartialEq>(
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

/// A report that could not be written at the end is refused before a survey begins.
pub fn refuse_unwritable(args: &OutputArgs, journal: Option<&Path>) -> Result<()> {
    let format = form(args)?;
    cores_at_hand(args)?;
    let Some(path) = &args.place.output else { return Ok(()) };
    let page = Destination::of(path, args.place.force, journal.as_slice())?;
    if format == Format::Html {
        // How many trials there will be nobody knows yet.
        samples_beside(&page, journal)?.refuse_unwritable()?;
    }
    page.refuse_unwritable()
}

/// Prints the report of a survey that has just ended; where that can't be written, its table to
/// standard output, since what was measured is not to be lost from sight. Whether it went where it
/// was to go.
pub fn print_or_show(survey: &Survey, args: &OutputArgs, journal: &Path) -> Result<bool> {
    let printed = print(survey, args, Some(journal));
    match printed {
        Err(error) if args.place.output.is_some() => {
            tell(&format!(
                "error: {error:#}; the table follows, and the journal is {}",
                shown(journal)
            ));
            let place = PlaceArgs { output: None, force: false };
            let (format, summary, cores) = (Format::Table, false, Vec::new());
            let table = OutputArgs { format, summary, cores, place, ..args.clone() };
            print(survey, &table, Some(journal))?;
            Ok(false)
        }
        other => other.map(|()| true),
    }
}

impl SheetArgs {
    /// A flag that can have no effect is refused.
    pub fn refuse_idle(&self) -> Result<()> {
        refuse_idle("--ascii", self.ascii, self.format, &[compare::Format::Table])
    }

    pub fn style(&self) -> Style {
        Style { ascii: self.ascii, ..style(&self.place) }
    }
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
