//! `cipher-survey loopback`: this machine against itself, with and without AES instructions.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Result, bail};

use super::survey::{self, Request};
use super::{Status, unless_interrupted};
use crate::cli::{AesPair, LoopbackArgs};
use crate::local::client::Client;
use crate::local::interrupt::Interrupt;
use crate::local::profile;
use crate::local::temporary::Scratch;
use crate::loopback::aes::disable_aes;
use crate::loopback::keys::ALIAS;
use crate::loopback::server::ServerProgram::{self, Openssh, Russh};
use crate::loopback::server::{Server, ServerSpec};
use crate::loopback::{pin, sshd};
use crate::model::names::{OPENSSH, RUSSH};
use crate::model::{AesClass, Destination, HostProfile};
use crate::progress::tell;
use crate::remote::control::ClientSetting;
use crate::remote::target::{PrivateServer, TargetSpec};
use crate::ssh::Connection;
use crate::survey::plan::deduplicated;

/// A survey's time unless told otherwise.
const BUDGET: Duration = Duration::from_secs(120);

/// A PC with a PC, and a PC with a small host.
const DEFAULT_PAIRS: [AesPair; 2] =
    [AesPair { client: true, server: true }, AesPair { client: true, server: false }];

const OFF: AesPair = AesPair { client: false, server: false };

pub fn execute(args: &LoopbackArgs) -> Result<Status> {
    unless_interrupted(&Interrupt::install()?, |interrupt| loopback(args, interrupt))
}

fn loopback(args: &LoopbackArgs, interrupt: &Interrupt) -> Result<Status> {
    let (clients, servers) = programs(args);
    if args.with_none && !(clients.contains(&RUSSH.into()) && servers.contains(&Russh)) {
        bail!(
            "--with-none needs the built-in programs at both ends, since OpenSSH has no session \
             without a cipher: add --client {RUSSH} --server {RUSSH}"
        );
    }
    let local = profile::profile()?;
    let pairs = pairs(args.aes.as_deref(), local.aes.class)?;
    let aes_disabled_by = aes_disabled_by(&local, &pairs)?;
    let scratch = Scratch::new()?;
    let clients: Vec<Client> =
        clients.iter().map(|asked| Client::probe(asked, scratch.path())).collect::<Result<_>>()?;
    for client in &clients {
        survey::refuse_unknown(&args.survey, client)?;
    }
    if !args.survey.quiet {
        say_what_is_special(args, &local, &clients);
    }
    let halves = if args.no_pin { None } else { pin::halves()? };
    let (client_cores, server_cores) = halves.unzip();

    // The servers live as long as this list.
    let mut running = Vec::new();
    let mut specs = Vec::new();
    let ends = clients.iter().flat_map(|client| servers.iter().map(move |server| (client, server)));
    for ((client, &server), pair) in ends.flat_map(|ends| pairs.iter().map(move |p| (ends, p))) {
        let hidden = |on: bool| aes_disabled_by.clone().filter(|_| !on);
        let server_aes_disabled_by = hidden(pair.server);
        let with_none = args.with_none && client.name == RUSSH && server == Russh;
        let started = Server::start(
            &ServerSpec {
                program: server,
                directory: &scratch.join(&format!("server-{}", specs.len())),
                ciphers: &offered(args, client),
                with_none,
                aes_disabled_by: server_aes_disabled_by.as_ref(),
                cores: server_cores.as_deref(),
            },
            interrupt,
        )?;
        let target = Destination {
            user: None,
            host: ALIAS.into(),
            port: None,
            directory: Some(started.target_directory.clone().into_os_string()),
        };
        let allow_none = with_none.then(|| "AllowNone=yes".into());
        specs.push(TargetSpec {
            label: ALIAS.into(),
            connection: Connection {
                program: client.program.clone(),
                version: client.version,
                target,
                config: Some(started.client_config.clone()),
                options: allow_none.into_iter().collect(),
                port: None,
                identities: Vec::new(),
                jump: None,
            },
            client: client.clone(),
            client_index: 0,
            setting: ClientSetting {
                aes_disabled_by: hidden(pair.client),
                cores: client_cores.clone(),
            },
            server: PrivateServer {
                loopback: true,
                program: Some(server.name()),
                sftp_server: started.sftp_server.as_ref().map(|path| path.display().to_string()),
                with_none,
                aes_disabled_by: server_aes_disabled_by,
                cores: server_cores.clone(),
            },
        });
        running.push(started);
    }
    let request = Request {
        specs,
        file: args.file.as_deref(),
        methods: &args.method,
        args: &args.survey,
        default_budget: BUDGET,
        scratch,
    };
    let status = survey::execute(request, interrupt);
    running.into_iter().for_each(Server::end);
    status
}

/// What is to be compared. Where nothing is said: OpenSSH if it can be both ends here, else what is
/// built in.
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

/// How AES instructions are hidden where a pair wants that; absent where the CPU has none.
fn aes_disabled_by(local: &HostProfile, pairs: &[AesPair]) -> Result<Option<(String, String)>> {
    if local.aes.class != AesClass::Aes {
        return Ok(None);
    }
    let aes_disabled_by = disable_aes(&local.machine);
    if aes_disabled_by.is_none() && pairs.iter().any(|pair| !(pair.client && pair.server)) {
        bail!(
            "no way is known to hide AES instructions on {}; survey with --aes on/on",
            local.machine
        );
    }
    Ok(aes_disabled_by)
}

/// What sshd is to offer; nothing: its default.
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
            "this CPU shows no AES instructions ({evidence}), so only off/off exists here"
        )),
        AesClass::Unknown => tell(&format!(
            "whether this CPU has AES instructions is not known ({evidence}), so nothing is hidden \
             from either end"
        )),
    }
    for client in clients.iter().filter(|client| args.all && client.ciphers.is_none()) {
        tell(&format!(
            "warning: the client {} does not list its ciphers (it has no -Q), so --all has no \
             effect: the ciphers that sshd offers by default are surveyed",
            client.name
        ));
    }
}

/// The pairs to survey on a CPU of this class.
fn pairs(asked: Option<&[AesPair]>, class: AesClass) -> Result<Vec<AesPair>> {
    match (asked, class) {
        (None, AesClass::Aes) => Ok(DEFAULT_PAIRS.to_vec()),
        (Some(asked), AesClass::Aes) => Ok(deduplicated(asked)),
        (Some(asked), AesClass::NoAes) if asked.iter().any(|pair| *pair != OFF) => {
            bail!("this CPU shows no AES instructions: only --aes off/off exists here")
        }
        (Some(_), AesClass::Unknown) => bail!(
            "whether this CPU has AES instructions is not known, so they can't be hidden for \
             certain; leave out --aes"
        ),
        _ => Ok(vec![OFF]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_aes_instructions_there_is_one_pair() {
        assert_eq!(pairs(None, AesClass::NoAes).unwrap(), [OFF]);
        assert!(pairs(Some(&DEFAULT_PAIRS), AesClass::NoAes).is_err());
        assert_eq!(pairs(None, AesClass::Aes).unwrap(), DEFAULT_PAIRS);
        assert_eq!(pairs(Some(&[OFF, OFF]), AesClass::Aes).unwrap(), [OFF]);
        assert_eq!(pairs(None, AesClass::Unknown).unwrap(), [OFF]);
        assert!(pairs(Some(&[OFF]), AesClass::Unknown).is_err());
    }
}
