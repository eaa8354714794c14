//! Which methods are possible between two ends, found out before any slice.

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::host::{Sections, script};
use crate::local::interrupt::Interrupt;
use crate::local::programs;
use crate::model::Method;
use crate::model::units::printable;
use crate::remote::control::error::ControlError;
use crate::remote::control::{Access, ControlOptions};
use crate::remote::opening::{Opened, open_with};
use crate::remote::target::TargetSpec;
use crate::ssh::ScpProtocol;
use crate::survey::events::Events;
use crate::survey::plan::Choice;
use crate::transfer;
use crate::transfer::method::{Ends, Missing};

/// Tools without which nothing can be made, counted and removed on the remote host.
const NEEDED: &[&str] = &["cat", "mkdir", "mv", "rm", "wc"];

/// What both ends have. `no_sftp`: what [`no_sftp`] has found.
pub fn ends(spec: &TargetSpec, met: &Opened, no_sftp: Option<&str>) -> Ends {
    Ends {
        host: spec.connection.target.host_label(),
        shell: met.options.access == Access::Shell,
        no_sftp: no_sftp.map(str::to_owned),
        printed_at_login: met.control.printed_at_login().map(str::to_owned),
        missing_tools: met.missing_tools.clone(),
        missing_programs: missing_programs(),
        scp_version: spec.client.scp_version,
    }
}

/// Programs of this machine that methods start and that are not installed.
fn missing_programs() -> Vec<&'static str> {
    let programs = Method::value_variants().iter();
    let programs = programs.filter_map(|method| transfer::method(*method).program());
    programs.filter(|program| programs::find(program, &[]).is_none()).collect()
}

/// Refuses methods none of which this machine has the program of, before anything connects.
pub fn refuse_missing(asked: &[Method]) -> Result<()> {
    let missing = missing_programs();
    let mut without = asked.iter().map(|method| without_program(*method, &missing));
    match without.next() {
        Some(Some(first)) if without.all(|other| other.is_some()) => {
            bail!("{}; {}", first.what, first.remedy)
        }
        _ => Ok(()),
    }
}

/// Why a method can't be used on this machine; absent: it can.
fn without_program(method: Method, missing: &[&'static str]) -> Option<Missing> {
    let program = transfer::method(method).program().filter(|name| missing.contains(name))?;
    Some(Missing {
        what: format!("this machine has no {program}"),
        remedy: match programs::remedy(program) {
            Some(install) => format!("{install}, or use --method pipe"),
            None => "use --method pipe".into(),
        },
    })
}

/// What a method needs and an end does not have.
fn needs(method: Method, ends: &Ends) -> Result<(), Missing> {
    match without_program(method, &ends.missing_programs) {
        Some(missing) => Err(missing),
        None => transfer::method(method).needs(ends),
    }
}

/// The methods of a survey: those that were asked for, or the one that fits; says what does not go. An error
/// where one that was asked for is not possible.
pub fn choose(asked: &[Method], ends: &Ends, events: &mut dyn Events) -> Result<Vec<Method>> {
    let host = &ends.host;
    if let Some(tool) = ends.missing_tools.iter().find(|tool| NEEDED.contains(&tool.as_str())) {
        bail!("{host} has no {tool}, which a survey needs on the remote host; install it there");
    }
    let (possible, missing): (Vec<_>, Vec<_>) = asked
        .iter()
        .map(|&method| (method, needs(method, ends)))
        .partition(|(_, needs)| needs.is_ok());
    // Several ways were named, or none: what goes is measured.
    let possible: Vec<Method> = possible.into_iter().map(|(method, _)| method).collect();
    for (method, needs) in &missing {
        if let Err(missing) = needs
            && !possible.is_empty()
        {
            events.say(&format!("{}: {method} is left out", missing.what));
        }
    }
    if let (Some((_, Err(missing))), true) = (missing.first(), possible.is_empty()) {
        bail!("{}; {}", missing.what, missing.remedy);
    }
    if !ends.shell {
        events
            .say(&format!("the account on {host} allows SFTP alone: server CPU can't be measured"));
    }
    if possible.contains(&Method::Scp) {
        match (ScpProtocol::between(ends.scp_version, ends.no_sftp.is_none()), &ends.no_sftp) {
            (ScpProtocol::Sftp, _) => {}
            (_, Some(words)) => events.say(&format!(
                "{host} has no SFTP ({words}): scp speaks its old protocol"
            )),
            (_, None) => events.say(
                "this scp is older than 8.7 and speaks its old protocol alone, not SFTP as since then",
            ),
        }
    }
    if ends.missing_tools.iter().any(|tool| tool == "grep") {
        events.say(&format!("{host} has no grep: the counters of the whole host are not read"));
    }
    Ok(possible)
}

/// The method that fits where none was asked for: `sftp` for a FILE, `pipe` without one and where there is no
/// SFTP.
pub fn fitting(with_file: bool, ends: &Ends, events: &mut dyn Events) -> Vec<Method> {
    let Ends { host, shell, missing_tools, .. } = ends;
    let (shell, dd) = (*shell, !missing_tools.iter().any(|tool| tool == "dd"));
    match (with_file, &ends.no_sftp) {
        (true, None) if shell && dd && ends.missing_programs.contains(&"sftp") => {
            events.say("this machine has no sftp: going on by pipe");
            vec![Method::Pipe]
        }
        (true, Some(words)) if shell => {
            events.say(&format!("{host} has no SFTP ({words}): going on by pipe"));
            vec![Method::Pipe]
        }
        (false, None) if !dd => {
            events.say(&format!("{host} has no dd, which pipe needs: going on by sftp"));
            vec![Method::Sftp]
        }
        (true, _) => vec![Method::Sftp],
        (false, _) if shell => vec![Method::Pipe],
        (false, _) => vec![Method::Sftp],
    }
}

/// The method of copies that confirm advice: what the user named, or else scp where it goes.
pub fn of_copies(named: &[Method], chosen: &[Method], ends: &Ends) -> Option<Method> {
    let usual = Some(Method::Scp).filter(|scp| needs(*scp, ends).is_ok());
    let first = chosen.first().copied();
    if named.is_empty() { usual.or(first) } else { first }
}

/// Whether it matters if the server has SFTP: to find that out may take a login.
pub fn may_need_sftp(choice: &Choice, met: &Opened) -> bool {
    let no_dd = met.missing_tools.iter().any(|tool| tool == "dd");
    match choice.methods.as_slice() {
        [] => choice.file || no_dd,
        named => named.iter().any(|method| *method != Method::Pipe),
    }
}

/// Why the server has no SFTP, in its own words; absent: it has. What its configuration says decides where that
/// can be read; else, and where a start-up file prints, SFTP is tried.
pub fn no_sftp(
    spec: &TargetSpec,
    met: &mut Opened,
    interrupt: &Interrupt,
) -> Result<Option<String>, ControlError> {
    if met.options.access == Access::Sftp || spec.server.sftp_server.is_some() {
        return Ok(None);
    }
    let answer =
        met.control.run(&script::sftp_works(&met.mark), crate::remote::control::TIMEOUT)?;
    let sections = Sections::parse(&String::from_utf8_lossy(&answer));
    let printed = met.control.printed_at_login().map(str::to_owned);
    if sections.line("works").is_some() && printed.is_none() {
        return Ok(None);
    }
    let options = ControlOptions { access: Access::Sftp, ..met.options.clone() };
    let words = match open_with(&spec.connection, &spec.setting, &options, interrupt) {
        Ok(opened) => {
            opened.control.close();
            return Ok(None);
        }
        Err(ControlError::Interrupted) => return Err(ControlError::Interrupted),
        Err(ControlError::NoShell { output, status, .. }) => match (printed, status.unwrap_or(0)) {
            (Some(printed), 0) => format!("a start-up file prints: {printed}"),
            _ if !output.is_empty() => output,
            (_, 0) => "the server closed the session".into(),
            // sshd passes on no words of a program that it can't start.
            (_, 127) => "its program is not there: exit status 127".into(),
            (_, status) => format!("its program ended at once: exit status {status}"),
        },
        Err(ControlError::Ended { reason, .. }) => reason,
        // A refused login says nothing of SFTP.
        Err(error @ ControlError::Connect(..)) => return Err(error),
        Err(other) => other.to_string(),
    };
    Ok(Some(printable(&words)))
}

#[cfg(test)]
#[path = "methods_tests.rs"]
mod tests;
