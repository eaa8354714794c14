//! Hosts by their own `openssl speed`: a target over one SSH session, and this machine for
//! comparison.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::super::run::connection;
use super::choice::Choice;
use crate::cipher_cores::openssl_speed::{self, SECONDS, command, worth};
use crate::cli::{AesState, CoresArgs};
use crate::host::profile::host_profile;
use crate::host::{Sections, script};
use crate::local::child::output;
use crate::local::client::{Client, ClientSetting};
use crate::local::interrupt::Interrupt;
use crate::local::temporary::Scratch;
use crate::loopback::aes::disable_aes;
use crate::model::cipher_cores::{CoresHost, CoresSample, LeftOut, OPENSSL_SPEED, Subject, Work};
use crate::model::units::printable;
use crate::model::{AesClass, Destination, HostProfile};
use crate::remote::control::{Access, ControlConnection};
use crate::remote::opening::open_control;
use crate::ssh::catalog;

/// Says a host's version of OpenSSL.
const VERSION: &str = "openssl version 2>&1";

/// A host with what is measured there.
#[derive(Debug)]
pub struct RemoteHost {
    pub label: String,
    /// Absent: this machine.
    control: Option<ControlConnection>,
    profile: HostProfile,
    pub openssl: Option<String>,
    /// Without the host's index.
    pub subjects: Vec<Subject>,
    pub absent: Vec<LeftOut>,
    target: Option<String>,
}

/// Connects to each target; one that has no openssl has nothing to measure, and that is said.
pub fn meet_all(
    args: &CoresArgs,
    choice: &Choice,
    interrupt: &Interrupt,
) -> Result<Vec<RemoteHost>> {
    if args.targets.is_empty() {
        return Ok(Vec::new());
    }
    let [asked] = args.connect.client.as_slice() else {
        bail!("cores asks its targets by one client program; name one with --client");
    };
    let scratch = Scratch::new()?;
    let client = Client::probe(asked, scratch.path())?;
    let mut hosts = Vec::new();
    for (place, text) in args.targets.iter().enumerate() {
        let connection = connection(&args.connect, &client, Destination::parse(text)?);
        let label = connection.target.host_label();
        let mut control =
            open_control(&connection, &client, &ClientSetting::default(), interrupt)?.control;
        if control.access == Access::Sftp {
            bail!("the account on {label} allows SFTP alone, and cores needs a shell there");
        }
        let mut ask = |what: &str| -> Result<String> {
            let timeout = Duration::from_secs(20);
            let said = control.run(what, timeout).with_context(|| format!("asking {label}"))?;
            Ok(String::from_utf8_lossy(&said).into_owned())
        };
        let profile = host_profile(&Sections::parse(&ask(script::PROFILE)?));
        let version = ask(VERSION)?;
        let target = Some(text.to_string_lossy().into_owned());
        let mut host =
            RemoteHost::new(label, target, place + 1, profile, &version, choice, &args.aes);
        host.control = Some(control);
        hosts.push(host);
    }
    Ok(hosts)
}

impl RemoteHost {
    /// This machine, by the openssl that is installed.
    pub fn here(host: &CoresHost, choice: &Choice, aes: &[AesState]) -> RemoteHost {
        let said = output(Command::new("sh").args(["-c", VERSION]));
        let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let version = said.unwrap_or_default();
        let label = host.profile.name.clone();
        RemoteHost::new(label, None, 0, host.profile.clone(), &version, choice, aes)
    }

    fn new(
        label: String,
        target: Option<String>,
        index: usize,
        profile: HostProfile,
        version: &str,
        choice: &Choice,
        aes: &[AesState],
    ) -> RemoteHost {
        let version = version.lines().map(str::trim).find(|line| !line.is_empty());
        let is_one =
            |line: &&str| ["OpenSSL ", "LibreSSL "].iter().any(|name| line.starts_with(name));
        let openssl = version.filter(is_one).map(printable);
        let mut host = RemoteHost {
            subjects: Vec::new(),
            absent: Vec::new(),
            control: None,
            label,
            profile,
            openssl,
            target,
        };
        if host.openssl.is_none() {
            let reason = match version {
                Some(said) => format!("it says {:?} to 'openssl version'", printable(said)),
                None => "no openssl there".into(),
            };
            host.leave_out(reason);
            return host;
        }
        let wants = |state| aes.is_empty() || aes.contains(&state);
        let mut states = Vec::new();
        if wants(AesState::Enabled) {
            states.push(None);
        }
        let hides = host.profile.aes.class != AesClass::NoAes && wants(AesState::Disabled);
        let variable = disable_aes(&host.profile.machine).filter(|_| hides);
        states.extend(variable.map(|(variable, value)| Some(format!("{variable}={value}"))));
        if states.is_empty() {
            host.leave_out("its CPU has no AES instructions to disable".into());
        }
        for aes_disabled_by in states {
            for cipher in &choice.ciphers {
                let uses_aes = catalog::cipher(cipher).is_some_and(|row| row.uses_aes);
                for &payload_bytes in &choice.sizes {
                    for work in [Work::Seal, Work::Open] {
                        if !worth(cipher, work) || (aes_disabled_by.is_some() && !uses_aes) {
                            continue;
                        }
                        host.subjects.push(Subject {
                            host: index,
                            aes_disabled_by: aes_disabled_by.clone(),
                            implementation: OPENSSL_SPEED.into(),
                            cipher: cipher.clone(),
                            mac: None,
                            work,
                            payload_bytes,
                        });
                    }
                }
            }
        }
        host
    }

    fn leave_out(&mut self, reason: String) {
        self.absent.push(LeftOut { what: format!("openssl speed on {}", self.label), reason });
    }

    pub fn record(&self) -> CoresHost {
        CoresHost {
            target: self.target.clone(),
            profile: self.profile.clone(),
            claimed_hz: None,
            openssl: self.openssl.clone(),
        }
    }

    /// About how long it takes.
    pub fn seconds(&self) -> f64 {
        self.subjects.len() as f64 * (f64::from(SECONDS) + 0.05)
    }

    /// Measures each once, and hands the samples on as they come.
    ///
    /// # Errors
    /// The host can't be asked, or what its openssl said is no measurement.
    pub fn measure(
        mut self,
        begun: Instant,
        interrupt: &Interrupt,
        keep: &mut dyn FnMut(CoresSample) -> Result<()>,
    ) -> Result<()> {
        let mut failed = Vec::new();
        for subject in std::mem::take(&mut self.subjects) {
            if interrupt.is_raised() {
                bail!("interrupted");
            }
            let Subject { cipher, work, payload_bytes, aes_disabled_by, .. } = &subject;
            let Some(line) = command(cipher, *work, *payload_bytes, aes_disabled_by.as_deref())
            else {
                continue;
            };
            let said =
                self.ask(&line).with_context(|| format!("openssl speed on {}", self.label))?;
            match openssl_speed::read(&said) {
                Ok((packets, real_s)) => keep(CoresSample {
                    subject,
                    round: 1,
                    packets,
                    real_s,
                    batch_packets: None,
                    batch_median_s: None,
                    batch_median_cycles: None,
                    core_hz: None,
                    at_s: begun.elapsed().as_secs_f64(),
                })?,
                Err(said) => failed.push(format!("{cipher} ({})", printable(&said))),
            }
        }
        if let Some(control) = self.control.take() {
            control.close();
        }
        match failed.as_slice() {
            [] => Ok(()),
            failed => bail!("openssl speed on {} failed: {}", self.label, failed.join(", ")),
        }
    }

    fn ask(&mut self, line: &str) -> Result<String> {
        let timeout = Duration::from_secs(u64::from(SECONDS) + 20);
        let said = match &mut self.control {
            Some(control) => control.run(line, timeout)?,
            None => output(Command::new("sh").args(["-c", line]))?.stdout,
        };
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}
