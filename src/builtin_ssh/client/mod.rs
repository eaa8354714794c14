//! The client program: an SSH client with the argument list, the streams and the words of
//! OpenSSH's `ssh`, so that scp, sftp, sshfs, rsync and our own runner can use it as one.

mod arguments;
mod authentication;
mod connect;
mod directives;
mod dump;
mod error;
mod kexinit;
mod known_hosts;
mod log;
mod openssh;
mod outlet;
mod pattern;
mod proposed;
mod relay;
mod session;
mod settings;
mod ssh_config;
mod stdio;
mod tokens;
mod wire;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use russh::client::{self, Config};
use russh::{AlgorithmKind, Preferred, SshId};
use tokio::sync::mpsc::unbounded_channel;

use super::algorithms;
use arguments::{Invocation, Request};
use authentication::Login;
use error::Error;
use known_hosts::KnownHosts;
use log::{Level, Log};
use outlet::Outlet;
use relay::Relay;
use session::Client;
use settings::Settings;
use wire::{Meter, Wire};

/// Whatever fails here and not on the far side ends with it.
const FAILED: u8 = 255;

/// Is the client until it ends.
pub fn run(arguments: &[OsString]) -> ExitCode {
    let told = |error: Error| {
        say(&error);
        ExitCode::from(FAILED)
    };
    match Request::parse(arguments) {
        Ok(Request::Version) => {
            say(version());
            ExitCode::SUCCESS
        }
        Ok(Request::Query(kind)) => query(&kind).unwrap_or_else(told),
        Ok(Request::Session(invocation)) => connected(&invocation).unwrap_or_else(told),
        Err(error) => told(error),
    }
}

/// Before there is a log; a standard error that is gone is no reason to panic.
fn say(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn version() -> String {
    format!("russh {} (cipher-survey {})", RUSSH, env!("CARGO_PKG_VERSION"))
}

const RUSSH: &str = "0.65.1";

/// `ssh -Q`.
fn query(kind: &str) -> Result<ExitCode, Error> {
    let names: Vec<&str> = match kind.to_ascii_lowercase().as_str() {
        "cipher" | "ciphers" => algorithms::CIPHERS.iter().map(AsRef::as_ref).collect(),
        "cipher-auth" => algorithms::CIPHERS
            .iter()
            .map(AsRef::as_ref)
            .filter(|name: &&str| name.contains('@'))
            .collect(),
        "mac" | "macs" => algorithms::MACS.iter().map(AsRef::as_ref).collect(),
        "kex" | "kexalgorithms" => proposed::key_exchange_names(),
        "key" | "key-plain" | "key-sig" | "hostkeyalgorithms" | "pubkeyacceptedalgorithms" => {
            proposed::HOST_KEYS.iter().map(|algorithm| algorithm.as_str()).collect()
        }
        "compression" => vec!["none"],
        "protocol-version" => vec!["2"],
        _ => return Err(Error::Usage(format!("Unsupported query \"{kind}\""))),
    };
    Ok(print(names))
}

fn print<T: std::fmt::Display>(lines: Vec<T>) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    for line in lines {
        // A reader that has seen enough is no error.
        if writeln!(stdout, "{line}").is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

fn connected(invocation: &Invocation) -> Result<ExitCode, Error> {
    let directives = match openssh::resolve(invocation)? {
        Some(directives) => directives,
        None => ssh_config::resolve(invocation)?,
    };
    let level = invocation.level.or_else(|| directives.first("loglevel").and_then(Level::named));
    let log = Arc::new(Log::new(level.unwrap_or(Level::Info), invocation.log_file.as_deref())?);
    let settings = Settings::new(&invocation.host, &directives)?;
    if invocation.print_settings {
        return Ok(print(dump::lines(&settings)));
    }
    log.debug1(version);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::system("the runtime could not be started"))?;
    let ended = runtime.block_on(session(invocation, &settings, &log));
    // A read of a terminal may still wait; nothing is lost with it.
    runtime.shutdown_background();
    Ok(ExitCode::from(ended.unwrap_or_else(|error| {
        log.say(Level::Error, &error.to_string());
        FAILED
    })))
}

async fn session(
    invocation: &Invocation,
    settings: &Settings,
    log: &Arc<Log>,
) -> Result<u8, Error> {
    let begun = Instant::now();
    let (transport, proxy) = connect::connect(settings, invocation, log).await?;
    let meter = Arc::new(Meter::default());
    let (events_to, events) = unbounded_channel();
    let stdout = outlet(std::io::stdout(), &meter)?;
    let stderr = outlet(std::io::stderr(), &meter)?;
    let name = settings.host_key_name();
    let bare = settings.host_key_alias.as_ref().unwrap_or(&settings.hostname).to_ascii_lowercase();
    let known_hosts = KnownHosts::read(&settings.known_hosts, &name, &bare);
    let config = Arc::new(config(settings, &known_hosts));
    let client = Client {
        log: Arc::clone(log),
        meter: Arc::clone(&meter),
        known_hosts,
        events: events_to,
        stdout: Arc::clone(&stdout),
        stderr: Arc::clone(&stderr),
        server: (settings.hostname.clone(), settings.port),
        proposals_told: false,
    };
    log.debug1(|| {
        let (host, port, user) = (&settings.hostname, settings.port, &settings.user);
        format!("Authenticating to {host}:{port} as '{user}'")
    });
    let wire = Wire::new(transport, Arc::clone(&meter));
    let connected = client::connect_stream(config, wire, client).await;
    let mut handle = connected.map_err(|error| in_key_exchange(error, settings, log, &meter))?;
    Login { handle: &mut handle, settings, log }.run().await?;
    log.say(
        Level::Verbose,
        &format!(
            "Authenticated to {} ([{0}]:{}) using \"publickey\".",
            settings.hostname, settings.port
        ),
    );
    let handle = Arc::new(handle);
    let relay = Relay {
        handle: Arc::clone(&handle),
        events,
        invocation,
        settings,
        log,
        meter: Arc::clone(&meter),
        stdout,
        stderr,
    };
    let ended = relay.run().await;
    let _ = handle.disconnect(russh::Disconnect::ByApplication, "disconnected by user", "").await;
    tell_totals(log, &meter, begun.elapsed().as_secs_f64());
    drop(proxy);
    ended
}

/// russh's, where it is not as OpenSSH's client has it.
fn config(settings: &Settings, known_hosts: &KnownHosts) -> Config {
    let asked = settings.host_key_algorithms.clone();
    let key = known_hosts.known_first(asked.unwrap_or_else(|| proposed::HOST_KEYS.to_vec()));
    let certificates = if known_hosts.has_authority() { key.clone() } else { Vec::new() };
    Config {
        client_id: SshId::Standard(format!("SSH-2.0-russh_{RUSSH}").into()),
        limits: settings.rekey.clone(),
        // As OpenSSH's: more would be granted than a slow reader should have waiting.
        window_size: 2 << 20,
        maximum_packet_size: 32 << 10,
        preferred: Preferred {
            kex: settings.key_exchanges.clone().into(),
            key: key.into(),
            host_key_certificates: certificates.into(),
            cipher: settings.ciphers.clone().into(),
            mac: settings.macs.clone().into(),
            compression: vec![russh::compression::NONE].into(),
        },
        // Kept alive by us: see [`relay`].
        keepalive_interval: None,
        nodelay: true,
        ..Config::default()
    }
}

fn outlet(stream: impl std::os::fd::AsFd, meter: &Arc<Meter>) -> Result<Arc<Outlet>, Error> {
    let outlet = Outlet::new(stream, Arc::clone(meter));
    outlet.map(Arc::new).map_err(Error::system("the standard streams can't be used"))
}

/// A failure before the first keys are in use, in ssh's words.
fn in_key_exchange(error: Error, settings: &Settings, log: &Log, meter: &Meter) -> Error {
    let (host, port) = (settings.hostname.clone(), settings.port);
    if !matches!(error, Error::HostKey(_)) {
        Client::tell_proposals(log, meter);
    }
    let before_key_exchange = kexinit::lines(&meter.first_received()).is_none();
    let closed = |how: &str| {
        let at_once = format!("kex_exchange_identification: {how} by remote host\n");
        let at_once = if before_key_exchange { at_once.as_str() } else { "" };
        Error::Said(format!("{at_once}{how} by {host} port {port}"))
    };
    match error {
        Error::Protocol(russh::Error::NoCommonAlgo { kind, theirs, .. }) => {
            Error::NoCommonAlgorithm {
                what: match kind {
                    AlgorithmKind::Kex => "key exchange method",
                    AlgorithmKind::Key => "host key type",
                    AlgorithmKind::Cipher => "cipher",
                    AlgorithmKind::Compression => "compression",
                    AlgorithmKind::Mac => "MAC",
                },
                offer: theirs.join(","),
                host,
                port,
            }
        }
        Error::Protocol(russh::Error::IO(error))
            if error.kind() == std::io::ErrorKind::ConnectionReset =>
        {
            closed("Connection reset")
        }
        Error::Protocol(russh::Error::IO(_) | russh::Error::Disconnect | russh::Error::HUP) => {
            closed("Connection closed")
        }
        Error::Protocol(russh::Error::Version) => Error::Said(format!(
            "kex_exchange_identification: client sent invalid protocol identifier: {host} port \
             {port} is no SSH server"
        )),
        other => other,
    }
}

fn tell_totals(log: &Log, meter: &Meter, seconds: f64) {
    let (sent, received) = (meter.sent(), meter.received());
    log.say(
        Level::Verbose,
        &format!("Transferred: sent {sent}, received {received} bytes, in {seconds:.1} seconds"),
    );
    let rate = |bytes: u64| bytes as f64 / seconds.max(1e-3);
    log.say(
        Level::Verbose,
        &format!("Bytes per second: sent {:.1}, received {:.1}", rate(sent), rate(received)),
    );
}
