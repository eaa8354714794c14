//! Hosts measured by their own `openssl speed`: each target over one SSH connection, and this machine
//! for comparison.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::super::run::connection;
use super::choice::Choice;
use crate::cipher_cores::openssl_speed::{self, SECONDS, command, worth};
use crate::cli::cores::{AesState, CoresArgs};
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

/// Prints the version of OpenSSL.
const VERSION: &str = "openssl version 2>&1";

/// A host, and what is measured on it.
#[derive(Debug)]
pub struct OpensslHost {
    pub label: String,
    /// Absent: this machine.
    control: Option<ControlConnection>,
    profile: HostProfile,
    pub openssl: Option<String>,
    pub subjects: Vec<Subject>,
    pub absent: Vec<LeftOut>,
    target: Option<String>,
}

/// Connects to each target. One without openssl has nothing to measure, which is recorded.
pub fn connect_all(
    args: &CoresArgs,
    choice: &Choice,
    interrupt: &Interrupt,
) -> Result<Vec<OpensslHost>> {
    if args.targets.is_empty() {
        return Ok(Vec::new());
    }
    let [asked] = args.connect.client.as_slice() else {
        bail!("cores connects with one client program; name only one with --client");
    };
    let scratch = Scratch::new()?;
    let client = Client::probe(asked, scratch.path())?;
    let mut hosts = Vec::new();
    for (position, text) in args.targets.iter().enumerate() {
        let connection = connection(&args.connect, &client, Destination::parse(text)?);
        let label = connection.target.host_label();
        let mut control =
            open_control(&connection, &client, &ClientSetting::default(), interrupt)?.control;
        if control.access == Access::Sftp {
            bail!("the account on {label} allows SFTP alone, and cores needs a remote shell");
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
            OpensslHost::new(label, target, position + 1, profile, &version, choice, &args.aes);
        host.control = Some(control);
        hosts.push(host);
    }
    Ok(hosts)
}

impl OpensslHost {
    /// This machine, with the openssl that is installed on it.
    pub fn local(host: &CoresHost, choice: &Choice, aes: &[AesState]) -> OpensslHost {
        let said = output(Command::new("sh").args(["-c", VERSION]));
        let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let version = said.unwrap_or_default();
        let label = host.profile.name.clone();
        OpensslHost::new(label, None, 0, host.profile.clone(), &version, choice, aes)
    }

    fn new(
        label: String,
        target: Option<String>,
        index: usize,
        profile: HostProfile,
        version: &str,
        choice: &Choice,
        aes: &[AesState],
    ) -> OpensslHost {
        let version = version.lines().map(str::trim).find(|line| !line.is_empty());
        let is_one =
            |line: &&str| ["OpenSSL ", "LibreSSL "].iter().any(|name| line.starts_with(name));
        let openssl = version.filter(is_one).map(printable);
        let mut host = OpensslHost {
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
                Some(said) => format!("'openssl version' prints {:?}", printable(said)),
                None => "it has no openssl".into(),
            };
            host.leave_out(reason);
            return host;
        }
        let states = host.aes_states(aes);
        if states.is_empty() {
            host.leave_out("its CPU has no AES instructions to disable".into());
        }
        host.subjects =
            states.iter().flat_map(|state| subjects(index, state.as_deref(), choice)).collect();
        host
    }

    /// The variable of each AES state to measure; `None`: AES enabled.
    fn aes_states(&self, asked: &[AesState]) -> Vec<Option<String>> {
        let mut states = Vec::new();
        if AesState::Enabled.is_asked(asked) {
            states.push(None);
        }
        let aes = &self.profile.aes;
        if aes.class != AesClass::NoAes && AesState::Disabled.is_asked(asked) {
            let variable = disable_aes(&self.profile.machine);
            states.extend(variable.map(|(variable, value)| Some(format!("{variable}={value}"))));
        }
        states
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

    /// About how many seconds the measurements take.
    pub fn seconds(&self) -> f64 {
        self.subjects.len() as f64 * (f64::from(SECONDS) + 0.05)
    }

    /// Measures each subject once, and hands on each sample at once.
    ///
    /// # Errors
    /// The host can't be reached any more, or its openssl did not print a measurement.
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

/// What `openssl speed` can measure of the choice in one AES state.
fn subjects(host: usize, aes_disabled_by: Option<&str>, choice: &Choice) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for cipher in &choice.ciphers {
        let uses_aes = catalog::cipher(cipher).is_some_and(|row| row.uses_aes);
        if aes_disabled_by.is_some() && !uses_aes {
            continue;
        }
        for &payload_bytes in &choice.sizes {
            for work in [Work::Seal, Work::Open].into_iter().filter(|&work| worth(cipher, work)) {
                subjects.push(Subject {
                    host,
                    aes_disabled_by: aes_disabled_by.map(str::to_owned),
                    implementation: OPENSSL_SPEED.into(),
                    cipher: cipher.clone(),
                    mac: None,
                    work,
                    payload_bytes,
                });
            }
        }
    }
    subjects
}
