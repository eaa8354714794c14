//! `cipher-survey recommend`: from journals, never connecting, the cipher to use, the reasons and
//! lines to paste.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{Status, output};
use crate::analysis::recommend::recommend;
use crate::cli::RecommendArgs;
use crate::model::survey::Survey;
use crate::report::Format;
use crate::report::advice::{self, Advised};
use crate::run::journal::default_directory;

pub fn execute(args: &RecommendArgs) -> Result<Status> {
    let surveys = match args.journals.as_slice() {
        [] => newest_of_each_target()?,
        named => named.iter().map(output::read).collect::<Result<_>>()?,
    };
    let advised: Vec<Advised> = surveys
        .iter()
        .flat_map(|survey| advice::advised(survey, recommend(survey, args.allow_legacy)))
        .collect();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let written = match args.format {
        Format::Table => advice::write(&advised, &output::style(false), &mut out),
        Format::Json => serde_json::to_writer_pretty(&mut out, &advised)
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(out)),
    };
    written.and_then(|()| out.flush()).context("the recommendation can't be written")?;
    if advised.is_empty() {
        bail!("nothing was measured that could be recommended; survey again, or see 'report'");
    }
    Ok(Status::Complete)
}

/// Of the journals in the default place the last one of each target.
fn newest_of_each_target() -> Result<Vec<Survey>> {
    let directory = default_directory()?;
    let shown = directory.display();
    let none = || format!("no journal in {shown}; name one, or survey a host first");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&directory)
        .with_context(none)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    // Their names begin with the time.
    paths.sort();
    let mut newest: BTreeMap<String, Survey> = BTreeMap::new();
    for path in paths {
        match output::read(&path) {
            Ok(survey) if recommend(&survey, true).is_empty() => {}
            Ok(survey) => {
                newest.insert(survey.header.pairings[0].target.clone(), survey);
            }
            Err(error) => eprintln!("warning: {error:#}"),
        }
    }
    if newest.is_empty() {
        bail!(none());
    }
    Ok(newest.into_values().collect())
}
