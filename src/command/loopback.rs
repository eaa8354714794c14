//! `cipher-survey loopback`: this machine against itself, with and without AES instructions.

use std::time::Duration;

use anyhow::{Result, bail};

use super::survey::{self, Request};
use super::{Status, unless_interrupted};
use crate::cli::{AesPair, LoopbackArgs};
use crate::client::Connection;
use crate::loopback::mask::aes_mask;
use crate::loopback::pin;
use crate::loopback::sshd::{ALIAS, PrivateSshd, Setup};
use crate::model::{AesClass, Target};
use crate::run::interrupt::Interrupt;
use crate::run::lane::{LaneSpec, PrivateServer};
use crate::run::monitor::ClientSetting;
use crate::run::near;
use crate::run::probe::Client;
use crate::run::scratch::Scratch;

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
    let client = Client::probe(&args.client)?;
    let near = near::profile()?;
    let pairs = pairs(args.aes.as_deref(), near.aes.class)?;
    let mask = match aes_mask(&near.machine) {
        Some(mask) => Some(mask),
        None if near.aes.class == AesClass::Aes
            && pairs.iter().any(|p| !(p.client && p.server)) =>
        {
            bail!(
                "no way is known to hide AES instructions from OpenSSL on {}; survey with --aes \
                 on/on",
                near.machine
            )
        }
        None => None,
    };
    // Where the CPU has none there is nothing to hide.
    let mask = mask.filter(|_| near.aes.class == AesClass::Aes);
    if !args.survey.quiet {
        let evidence = &near.aes.evidence;
        match near.aes.class {
            AesClass::Aes => {}
            AesClass::NoAes => eprintln!(
                "this CPU shows no AES instructions ({evidence}), so only off/off exists here"
            ),
            AesClass::Unknown => eprintln!(
                "whether this CPU has AES instructions is not known ({evidence}), so nothing is \
                 hidden from either end"
            ),
        }
        if args.all && client.ciphers.is_none() {
            eprintln!(
                "warning: this client does not list its ciphers (it has no -Q), so --all has no \
                 effect: the ciphers that sshd offers by default are surveyed"
            );
        }
    }
    let halves = if args.no_pin { None } else { pin::halves()? };
    let (client_cores, server_cores) = halves.unzip();
    let all_ciphers: Vec<String> =
        match (&client.ciphers, args.all || args.survey.ciphers.is_some()) {
            (Some(ciphers), true) => ciphers.iter().map(|cipher| cipher.0.clone()).collect(),
            _ => Vec::new(),
        };

    let scratch = Scratch::new()?;
    // The servers live as long as this list, and the scratch directory longer.
    let mut servers = Vec::new();
    let mut specs = Vec::new();
    for (index, pair) in pairs.iter().enumerate() {
        let directory = scratch.join(&format!("sshd-{index}"));
        let hidden = |on: bool| mask.clone().filter(|_| !on);
        let server_mask = hidden(pair.server);
        let setup = Setup {
            directory: &directory,
            ciphers: &all_ciphers,
            mask: server_mask.as_ref(),
            cores: server_cores.as_deref(),
        };
        let server = PrivateSshd::start(&setup, interrupt)?;
        let target = Target {
            user: None,
            host: ALIAS.into(),
            port: None,
            directory: Some(server.target_directory.clone().into_os_string()),
        };
        specs.push(LaneSpec {
            label: ALIAS.into(),
            connection: Connection {
                program: client.program.clone(),
                version: client.version,
                target,
                config: Some(server.client_config.clone()),
                options: Vec::new(),
                port: None,
                identities: Vec::new(),
                jump: None,
            },
            client_says: client.says.clone(),
            client_ciphers: client.ciphers.clone(),
            client_macs: client.macs.clone(),
            setting: ClientSetting { mask: hidden(pair.client), cores: client_cores.clone() },
            server: PrivateServer {
                loopback: true,
                mask: server_mask,
                cores: server_cores.clone(),
            },
        });
        servers.push(server);
    }
    let request = Request {
        specs,
        file: args.file.as_deref(),
        methods: &args.method,
        args: &args.survey,
        default_budget: BUDGET,
        scratch: Some(scratch),
    };
    survey::execute(request, interrupt)
}

/// The pairs to survey on a CPU of this class.
fn pairs(asked: Option<&[AesPair]>, class: AesClass) -> Result<Vec<AesPair>> {
    match (asked, class) {
        (None, AesClass::Aes) => Ok(DEFAULT_PAIRS.to_vec()),
        (Some(asked), AesClass::Aes) => {
            let mut unique: Vec<AesPair> = Vec::new();
            for pair in asked {
                if !unique.contains(pair) {
                    unique.push(*pair);
                }
            }
            Ok(unique)
        }
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
