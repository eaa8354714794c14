//! `cipher-survey recommend`: the cipher to use, from journals and without connecting, with reasons and
//! the lines to paste.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result, bail};

use super::{Status, journals, output, read};
use crate::analysis::advice::goal::Goal;
use crate::analysis::advice::recommend::recommend;
use crate::cli::output::OutputFileArgs;
use crate::cli::recommend::RecommendArgs;
use crate::model::survey::Survey;
use crate::model::units::printable;
use crate::progress::tell;
use crate::report::survey::advice::{Advised, advised};
use crate::report::write_advice;
use crate::ssh::paste::Program;

pub fn execute(args: &RecommendArgs) -> Result<Status> {
    let all = |survey: &Survey| recommend(survey, args.allow_legacy);
    let all_advised: Vec<Advised> = match args.journals.as_slice() {
        [] => newest_of_each_target()?
            .iter()
            .flat_map(|(target, (_, survey))| {
                let mut own = all(survey);
                own.retain(|one| survey.header.pairings[one.pairing].target == *target);
                advised(survey, own)
            })
            .collect(),
        named => {
            let surveys: Vec<Survey> =
                named.iter().map(|path| read::survey(path)).collect::<Result<_>>()?;
            surveys.iter().flat_map(|survey| advised(survey, all(survey))).collect()
        }
    };
    if let Some(program) = args.program {
        return lines(&all_advised, program);
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let style = output::style(&OutputFileArgs::default());
    let written = write_advice(&all_advised, args.format, &style, &mut out);
    written.and_then(|()| out.flush()).context("the recommendation can't be written")?;
    if all_advised.is_empty() {
        bail!(NOTHING);
    }
    Ok(Status::Complete)
}

/// The lines for one fast transfer, each target's once.
fn lines(all: &[Advised], program: Program) -> Result<Status> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut written = Vec::new();
    for one in all {
        let scope = printable(&one.recommendation.scope);
        let for_speed = one.uses.iter().find(|used| used.goals.contains(&Goal::Speed));
        let Some(used) = for_speed.filter(|_| one.recommendation.legacy.is_none()) else {
            let headline = one.answer.as_ref().map_or("", |answer| &answer.headline);
            let why = match one.recommendation.speed().is_some_and(|advice| !advice.keep_default) {
                true => one.without_lines(),
                false => headline,
            };
            tell(&format!("{scope}: nothing to paste: {}", printable(why)));
            continue;
        };
        let lines = used.paste.lines(program);
        if lines.is_empty() {
            tell(&format!(
                "{scope}: there is no line for this program: give the host a name in ssh_config"
            ));
        }
        match program {
            Program::Ssh => tell(&format!(
                "{scope}: put them at the top of ~/.ssh/config: of a keyword ssh takes the first value"
            )),
            Program::Sshd => {
                tell(&format!("{scope}: clients that support none of these can't log in any more"))
            }
            _ => {}
        }
        if !written.contains(&lines) {
            for line in &lines {
                writeln!(out, "{}", printable(line)).context("the lines can't be written")?;
            }
            written.push(lines);
        }
    }
    out.flush().context("the lines can't be written")?;
    if all.is_empty() {
        bail!(NOTHING);
    }
    Ok(Status::Complete)
}

const NOTHING: &str =
    "nothing was measured that could be recommended; see 'cipher-survey report', or survey again";

/// The newest survey of each target that a recommendation can be made from.
fn newest_of_each_target() -> Result<BTreeMap<String, (PathBuf, Rc<Survey>)>> {
    journals::newest(|survey| {
        let recommended = recommend(survey, true).into_iter();
        recommended.map(|one| survey.header.pairings[one.pairing].target.clone()).collect()
    })
}
