//! The client program: an SSH client with the argument list, the streams and the messages of
//! OpenSSH's `ssh`, so that scp, sftp, sshfs, rsync and a survey can use it in place of `ssh`.

mod arguments;
mod configuration;
mod connection;
mod error;
mod log;
mod relay;
mod streams;

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
use configuration::settings::Settings;
use configuration::{directives, dump, proposal};
use connection::authentication::Login;
use connection::handler::Client;
use connection::known_hosts::KnownHosts;
use connection::{connect, kexinit};
use error::Error;
use log::{Level, Log};
use relay::Relay;
use streams::outlet::Outlet;
use streams::wire::{Meter, Wire};

/// The exit status where the client itself fails, as with `ssh`.
const FAILED: u8 = 255;

/// Runs the client to its end.
pub fn run(arguments: &[OsString]) -> ExitCode {
    let failed = |error: Error| {
        say(&error);
        ExitCode::from(FAILED)
    };
    match Request::parse(arguments) {
        Ok(Request::Version) => {
            say(version());
            ExitCode::SUCCESS
        }
        Ok(Request::Query(kind)) => query(&kind).unwrap_or_else(failed),
        Ok(Request::Session(invocation)) => connected(&invocation).unwrap_or_else(failed),
        Err(error) => failed(error),
    }
}

/// A message from before there is a log. A closed standard error is no reason to panic.
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
        "kex" | "kexalgorithms" => proposal::key_exchange_names(),
        "key" | "key-plain" | "key-sig" | "hostkeyalgorithms" | "pubkeyacceptedalgorithms" => {
            proposal::HOST_KEYS.iter().map(|algorithm| algorithm.as_str()).collect()
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
        // A reader that closes early is no error.
        if writeln!(stdout, "{line}").is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

fn connected(invocation: &Invocation) -> Result<ExitCode, Error> {
    let directives = directives(invocation)?;
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
    // A read of a terminal may still be waiting; nothing is lost by not waiting for it.
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
        proposals_logged: false,
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
    log_totals(log, &meter, begun.elapsed().as_secs_f64());
    drop(proxy);
    ended
}

/// russh's configuration, where its defaults are not those of OpenSSH's client.
fn config(settings: &Settings, known_hosts: &KnownHosts) -> Config {
    let asked = settings.host_key_algorithms.clone();
    let key = known_hosts.known_first(asked.unwrap_or_else(|| proposal::HOST_KEYS.to_vec()));
    let certificates = if known_hosts.has_authority() { key.clone() } else { Vec::new() };
    Config {
        client_id: SshId::Standard(format!("SSH-2.0-russh_{RUSSH}").into()),
        limits: settings.rekey.clone(),
        // As OpenSSH's: with a larger window more would wait for a slow reader.
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
        // We keep it alive ourselves: see [`relay`].
        keepalive_interval: None,
        nodelay: true,
        ..Config::default()
    }
}

fn outlet(stream: impl std::os::fd::AsFd, meter: &Arc<Meter>) -> Result<Arc<Outlet>, Error> {
    let outlet = Outlet::new(stream, Arc::clone(meter));
    outlet.map(Arc::new).map_err(Error::system("the standard streams can't be used"))
}

/// A failure of the key exchange, in the words of `ssh`.
fn in_key_exchange(error: Error, settings: &Settings, log: &Log, meter: &Meter) -> Error {
    let (host, port) = (settings.hostname.clone(), settings.port);
    if !matches!(error, Error::HostKey(_)) {
        Client::log_proposals(log, meter);
    }
    let before_key_exchange = kexinit::lines(&meter.first_received()).is_none();
    let closed = |how: &str| {
        let at_once = format!("kex_exchange_identification: {how} by remote host\n");
        let at_once = if before_key_exchange { at_once.as_str() } else { "" };
        Error::Message(format!("{at_once}{how} by {host} port {port}"))
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
        Error::Protocol(russh::Error::Version) => Error::Message(format!(
            "kex_exchange_identification: client sent invalid protocol identifier: {host} port \
             {port} is no SSH server"
        )),
        other => other,
    }
}

fn log_totals(log: &Log, meter: &Meter, seconds: f64) {
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
