//! `cipher-survey loopback`: this machine against itself, with AES instructions enabled and disabled.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Result, bail};

use super::survey::{self, Request};
use super::{Status, unless_interrupted};
use crate::cli::loopback::LoopbackArgs;
use crate::local::client::{Client, ClientSetting};
use crate::local::interrupt::Interrupt;
use crate::local::profile;
use crate::local::temporary::Scratch;
use crate::loopback::aes::disable_aes;
use crate::loopback::keys::ALIAS;
use crate::loopback::server::Server;
use crate::loopback::spec::ServerProgram::{self, Openssh, Russh};
use crate::loopback::spec::ServerSpec;
use crate::loopback::{pin, sshd};
use crate::model::names::{OPENSSH, RUSSH};
use crate::model::{AesClass, AesEnds, Destination, HostProfile};
use crate::progress::tell;
use crate::remote::server::PrivateServer;
use crate::remote::target::TargetSpec;
use crate::ssh::Connection;
use crate::survey::plan::deduplicated;

/// A PC with a PC, and a PC with a small host.
const DEFAULT_ENDS: [AesEnds; 2] = [AesEnds::BOTH, AesEnds::CLIENT];

pub fn execute(args: &LoopbackArgs) -> Result<Status> {
    unless_interrupted(&Interrupt::install()?, |interrupt| loopback(args, interrupt))
}

fn loopback(args: &LoopbackArgs, interrupt: &Interrupt) -> Result<Status> {
    let (clients, servers) = programs(args);
    if args.with_none && !(clients.contains(&RUSSH.into()) && servers.contains(&Russh)) {
        bail!(
            "--with-none needs the built-in client and server, since OpenSSH has no connection \
             without a cipher; add --client {RUSSH} --server {RUSSH}"
        );
    }
    let profile = profile::profile()?;
    let aes_ends = aes_ends(args.aes.as_deref(), profile.aes.class)?;
    let aes_disabled_by = aes_disabled_by(&profile, &aes_ends)?;
    let scratch = Scratch::new()?;
    let clients: Vec<Client> =
        clients.iter().map(|asked| Client::probe(asked, scratch.path())).collect::<Result<_>>()?;
    for client in &clients {
        survey::refuse_unknown(&args.survey, client)?;
    }
    if !args.survey.journal.quiet {
        say_what_is_special(args, &profile, &clients);
    }
    let halves = if args.no_pin { None } else { pin::halves()? };
    let (client_cores, server_cores) = halves.unzip();
    let setup = Setup { args, aes_disabled_by, client_cores, server_cores };

    // The servers live as long as this list.
    let mut running = Vec::new();
    let mut specs = Vec::new();
    for client in &clients {
        for &server in &servers {
            for &aes in &aes_ends {
                let directory = scratch.join(&format!("server-{}", specs.len()));
                let (started, spec) = setup.start(client, server, aes, &directory, interrupt)?;
                specs.push(spec);
                running.push(started);
            }
        }
    }
    let request = Request {
        specs,
        file: args.file.as_deref(),
        methods: &args.method,
        args: &args.survey,
        confirm: false,
        scratch,
    };
    let status = survey::execute(request, interrupt);
    running.into_iter().for_each(Server::end);
    status
}

/// What all pairings of the survey have in common.
struct Setup<'a> {
    args: &'a LoopbackArgs,
    aes_disabled_by: Option<(String, String)>,
    client_cores: Option<Vec<u32>>,
    server_cores: Option<Vec<u32>>,
}

impl Setup<'_> {
    /// Starts a private server, and says how the client reaches it.
    fn start(
        &self,
        client: &Client,
        program: ServerProgram,
        aes: AesEnds,
        directory: &Path,
        interrupt: &Interrupt,
    ) -> Result<(Server, TargetSpec)> {
        let variable =
            |may: Option<bool>| self.aes_disabled_by.clone().filter(|_| may == Some(false));
        let aes_disabled_by = variable(aes.server);
        let with_none = self.args.with_none && client.name == RUSSH && program == Russh;
        let server = Server::start(
            &ServerSpec {
                program,
                directory,
                ciphers: &offered(self.args, client),
                with_none,
                aes_disabled_by: aes_disabled_by.as_ref(),
                cores: self.server_cores.as_deref(),
            },
            interrupt,
        )?;
        let target = Destination {
            user: None,
            host: ALIAS.into(),
            port: None,
            directory: Some(server.target_directory.clone().into_os_string()),
        };
        let allow_none = with_none.then(|| "AllowNone=yes".into());
        let spec = TargetSpec {
            label: ALIAS.into(),
            connection: Connection {
                program: client.program.clone(),
                version: client.version,
                target,
                config: Some(server.client_config.clone()),
                options: allow_none.into_iter().collect(),
                port: None,
                identities: Vec::new(),
                jump: None,
            },
            client: client.clone(),
            client_index: 0,
            setting: ClientSetting {
                aes_disabled_by: variable(aes.client),
                cores: self.client_cores.clone(),
            },
            server: PrivateServer {
                loopback: true,
                program: Some(program.name()),
                sftp_server: server.sftp_server.as_ref().map(|path| path.display().to_string()),
                with_none,
                aes_disabled_by,
                cores: self.server_cores.clone(),
            },
        };
        Ok((server, spec))
    }
}

/// The programs to compare. By default OpenSSH, where both its client and its server are installed, else
/// the built-in ones.
fn programs(args: &LoopbackArgs) -> (Vec<OsString>, Vec<ServerProgram>) {
    let ssh = || std::env::split_paths(&path()).any(|directory| directory.join("ssh").is_file());
    let openssh = !cfg!(feature = "russh") || (ssh() && sshd::find().is_some());
    let (client, server) = if openssh { (OPENSSH, Openssh) } else { (RUSSH, Russh) };
    (or_default(&args.client, client.into()), or_default(&args.server, server))
}

fn path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

fn or_default<T: Clone + PartialEq>(named: &[T], default: T) -> Vec<T> {
    if named.is_empty() { vec![default] } else { deduplicated(named) }
}

/// The variable that disables AES in a process; absent where the CPU has no AES instructions.
fn aes_disabled_by(local: &HostProfile, aes_ends: &[AesEnds]) -> Result<Option<(String, String)>> {
    if local.aes.class != AesClass::Aes {
        return Ok(None);
    }
    let aes_disabled_by = disable_aes(&local.machine);
    if aes_disabled_by.is_none() && aes_ends.iter().any(|&ends| ends != AesEnds::BOTH) {
        bail!(
            "no way is known to disable AES instructions on {}; survey with --aes both",
            local.machine
        );
    }
    Ok(aes_disabled_by)
}

/// The ciphers that sshd is to offer; none: its default.
fn offered(args: &LoopbackArgs, client: &Client) -> Vec<String> {
    match &client.ciphers {
        Some(ciphers) if args.all || args.survey.ciphers.is_some() => {
            ciphers.iter().map(|cipher| cipher.0.clone()).collect()
        }
        _ => Vec::new(),
    }
}

fn say_what_is_special(args: &LoopbackArgs, local: &HostProfile, clients: &[Client]) {
    let evidence = &local.aes.evidence;
    match local.aes.class {
        AesClass::Aes => {}
        AesClass::NoAes => tell(&format!(
            "this CPU has no AES instructions ({evidence}): only --aes neither is possible"
        )),
        AesClass::Unknown => tell(&format!(
            "it is not known whether this CPU has AES instructions ({evidence}): they are disabled at \
             neither end"
        )),
    }
    for client in clients.iter().filter(|client| args.all && client.ciphers.is_none()) {
        tell(&format!(
            "warning: the client {} does not list its ciphers (it has no -Q), so --all has no \
             effect: only the ciphers that sshd offers by default are surveyed",
            client.name
        ));
    }
}

/// The AES states to survey on a CPU of this class.
fn aes_ends(asked: Option<&[AesEnds]>, class: AesClass) -> Result<Vec<AesEnds>> {
    match (asked, class) {
        (None, AesClass::Aes) => Ok(DEFAULT_ENDS.to_vec()),
        (Some(asked), AesClass::Aes) => Ok(deduplicated(asked)),
        (Some(asked), AesClass::NoAes) if asked.iter().any(|&ends| ends != AesEnds::NEITHER) => {
            bail!("this CPU has no AES instructions: only --aes neither is possible")
        }
        (Some(_), AesClass::Unknown) => bail!(
            "it is not known whether this CPU has AES instructions, so disabling them may have no \
             effect; leave out --aes"
        ),
        _ => Ok(vec![AesEnds::NEITHER]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_aes_instructions_there_is_one_state() {
        assert_eq!(aes_ends(None, AesClass::NoAes).unwrap(), [AesEnds::NEITHER]);
        assert!(aes_ends(Some(&DEFAULT_ENDS), AesClass::NoAes).is_err());
        assert_eq!(aes_ends(None, AesClass::Aes).unwrap(), DEFAULT_ENDS);
        assert_eq!(
            aes_ends(Some(&[AesEnds::NEITHER; 2]), AesClass::Aes).unwrap(),
            [AesEnds::NEITHER]
        );
        assert_eq!(aes_ends(None, AesClass::Unknown).unwrap(), [AesEnds::NEITHER]);
        assert!(aes_ends(Some(&[AesEnds::NEITHER]), AesClass::Unknown).is_err());
    }
}
