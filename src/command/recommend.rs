//! `cipher-survey recommend`: from journals, never connecting, the cipher to use, the reasons and
//! lines to paste.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result, bail};

use super::{Status, output};
use crate::analysis::recommend::recommend;
use crate::cli::RecommendArgs;
use crate::model::survey::Survey;
use crate::report::Format;
use crate::report::advised::{Advised, advised};
use crate::report::terminal::advice;
use crate::run::journal::default_directory;

pub fn execute(args: &RecommendArgs) -> Result<Status> {
    let all = |survey: &Survey| recommend(survey, args.allow_legacy);
    let all_advised: Vec<Advised> = match args.journals.as_slice() {
        [] => newest_of_each_target()?
            .iter()
            .flat_map(|(target, survey)| {
                let mut own = all(survey);
                own.retain(|one| survey.header.pairings[one.pairing].target == *target);
                advised(survey, own)
            })
            .collect(),
        named => {
            let surveys: Vec<Survey> = named.iter().map(output::read).collect::<Result<_>>()?;
            surveys.iter().flat_map(|survey| advised(survey, all(survey))).collect()
        }
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let written = match args.format {
        Format::Table => advice::write(&all_advised, &output::style(false), &mut out),
        Format::Json => serde_json::to_writer_pretty(&mut out, &all_advised)
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(out)),
        Format::Html => {
            bail!("a recommendation is no page of its own: 'report --format html' has it")
        }
    };
    written.and_then(|()| out.flush()).context("the recommendation can't be written")?;
    if all_advised.is_empty() {
        bail!("nothing was measured that could be recommended; survey again, or see 'report'");
    }
    Ok(Status::Complete)
}

/// Each target with the last survey of it among the journals in the default place: one survey may
/// have had several targets.
fn newest_of_each_target() -> Result<BTreeMap<String, Rc<Survey>>> {
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
    let mut newest: BTreeMap<String, Rc<Survey>> = BTreeMap::new();
    for path in paths {
        match output::read(&path) {
            Ok(survey) => {
                let survey = Rc::new(survey);
                for one in recommend(&survey, true) {
                    let target = survey.header.pairings[one.pairing].target.clone();
                    newest.insert(target, survey.clone());
                }
            }
            Err(error) => eprintln!("warning: {error:#}"),
        }
    }
    if newest.is_empty() {
        bail!(none());
    }
    Ok(newest)
}
