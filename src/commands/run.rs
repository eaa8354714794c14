//! `cipher-survey run TARGET [FILE]`: surveys a host.

use std::ffi::OsStr;

use anyhow::{Result, bail};

use super::survey::{self, Request};
use super::{Status, unless_interrupted};
use crate::cli::VERBS;
use crate::cli::connect::ConnectArgs;
use crate::cli::run::RunArgs;
use crate::local::client::{Client, ClientSetting};
use crate::local::interrupt::Interrupt;
use crate::local::temporary::Scratch;
use crate::model::Destination;
use crate::remote::server::PrivateServer;
use crate::remote::target::TargetSpec;
use crate::ssh::Connection;
use crate::survey::plan::deduplicated;

/// `named`: the word `run` was given, so a target may look like a mistyped verb.
pub fn execute(args: &RunArgs, named: bool) -> Result<Status> {
    unless_interrupted(&Interrupt::install()?, |interrupt| run(args, named, interrupt))
}

fn run(args: &RunArgs, named: bool, interrupt: &Interrupt) -> Result<Status> {
    let targets: Vec<&OsStr> =
        args.target.iter().chain(&args.also).map(|text| text.as_os_str()).collect();
    if let Some(first) = targets.first().filter(|_| !named) {
        refuse_mistyped_verb(first)?;
    }
    let scratch = Scratch::new()?;
    let mut specs = Vec::new();
    for (client_index, asked) in deduplicated(&args.connect.client).into_iter().enumerate() {
        let client = Client::probe(&asked, scratch.path())?;
        survey::refuse_unknown(&args.survey, &client)?;
        for text in &targets {
            specs.push(TargetSpec {
                label: text.to_string_lossy().into_owned(),
                connection: connection(&args.connect, &client, Destination::parse(text)?),
                client: client.clone(),
                client_index,
                setting: ClientSetting::default(),
                server: PrivateServer::default(),
            });
        }
    }
    let request = Request {
        specs,
        file: args.file.as_deref(),
        methods: &args.method,
        args: &args.survey,
        confirm: !args.no_confirm,
        scratch,
    };
    survey::execute(request, interrupt)
}

/// How the client program reaches a target.
pub fn connection(args: &ConnectArgs, client: &Client, target: Destination) -> Connection {
    Connection {
        program: client.program.clone(),
        version: client.version,
        target,
        config: args.ssh_config.clone(),
        options: args.options.clone(),
        port: args.port,
        identities: args.identity.clone(),
        jump: args.jump.clone(),
    }
}

/// Refuses a target that looks like a mistyped verb.
fn refuse_mistyped_verb(target: &OsStr) -> Result<()> {
    let Some(text) = target.to_str() else { return Ok(()) };
    let is_close = |verb: &&&str| text != **verb && strsim::damerau_levenshtein(text, verb) <= 2;
    let nearest =
        VERBS.iter().filter(is_close).min_by_key(|verb| strsim::damerau_levenshtein(text, verb));
    match nearest {
        // A word of three letters is close to many names.
        Some(verb) if text.len() >= 4 => bail!(
            "{text:?} looks like the verb '{verb}'; if it is a host, write \
             'cipher-survey run {text}'"
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::refuse_mistyped_verb;

    #[test]
    fn a_mistyped_verb_is_not_a_host() {
        for typo in ["lopback", "looback", "lits", "reprot"] {
            assert!(refuse_mistyped_verb(typo.as_ref()).is_err(), "{typo}");
        }
        for host in ["pi1", "nas", "me@list", "localhost", "server"] {
            assert!(refuse_mistyped_verb(host.as_ref()).is_ok(), "{host}");
        }
    }
}
