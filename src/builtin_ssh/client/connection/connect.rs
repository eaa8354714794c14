//! Connecting to the server: by TCP, by a ProxyCommand, or through jump hosts.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use crate::builtin_ssh::client::arguments::Invocation;
use crate::builtin_ssh::client::configuration::settings::{Family, Proxy, Settings};
use crate::builtin_ssh::client::error::Error;
use crate::builtin_ssh::client::log::Log;
use crate::builtin_ssh::client::streams::wire::Transport;

/// How long a program may take to end after a signal.
const ENDED_WITHIN: Duration = Duration::from_millis(500);

/// The program that carries the connection. It is ended and reaped with it, so that its CPU is in our
/// account.
#[derive(Debug)]
pub struct ProxyChild(Child);

impl Drop for ProxyChild {
    fn drop(&mut self) {
        // The signal that ssh uses; under nohup it is ignored.
        for signal in [Signal::HUP, Signal::TERM, Signal::KILL] {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            let _ = kill_process(Pid::from_child(&self.0), signal);
            let deadline = Instant::now() + ENDED_WITHIN;
            while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        let _ = self.0.wait();
    }
}

/// Connects as the settings say.
pub async fn connect(
    settings: &Settings,
    invocation: &Invocation,
    log: &Log,
) -> Result<(Transport, Option<ProxyChild>), Error> {
    if settings.proxy.is_some() {
        settings.refuse_unprotected(None)?;
    }
    let command = match &settings.proxy {
        None => return Ok((Transport::Tcp(tcp(settings, log).await?), None)),
        Some(Proxy::Command(line)) => {
            log.debug1(|| format!("Executing proxy command: exec {line}"));
            let mut command = Command::new(shell());
            command.arg("-c").arg(format!("exec {line}"));
            command
        }
        Some(Proxy::Jump(hosts)) => {
            let command = jump(hosts, settings, invocation, log)?;
            log.debug1(|| format!("Setting implicit ProxyCommand from ProxyJump: {command:?}"));
            command
        }
    };
    let (stream, child) = proxied(command)?;
    Ok((Transport::Proxy(stream), Some(child)))
}

/// A program whose standard streams are the connection.
fn proxied(mut command: Command) -> Result<(UnixStream, ProxyChild), Error> {
    let mut start = || {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let theirs = OwnedFd::from(theirs);
        command.stdin(Stdio::from(theirs.try_clone()?)).stdout(Stdio::from(theirs));
        Ok((UnixStream::from_std(ours)?, ProxyChild(command.spawn()?)))
    };
    start().map_err(Error::system("the proxy command could not be started"))
}

fn shell() -> OsString {
    std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".into())
}

/// This program again, as the connection to the last jump host through those before it.
fn jump(
    hosts: &[String],
    settings: &Settings,
    invocation: &Invocation,
    log: &Log,
) -> Result<Command, Error> {
    let executable =
        std::env::current_exe().map_err(Error::system("this program's own file was not found"))?;
    let mut command = Command::new(executable);
    command.arg0("russh").args(["-W", &format!("[{}]:{}", settings.hostname, settings.port)]);
    if let Some(config) = &invocation.config {
        command.arg("-F").arg(config);
    }
    if log.level() >= crate::builtin_ssh::client::log::Level::Debug1 {
        command.arg("-v");
    }
    let (last, before) = hosts
        .split_last()
        .ok_or_else(|| Error::BadConfiguration("ProxyJump names no host".to_owned()))?;
    if !before.is_empty() {
        command.arg("-J").arg(before.join(","));
    }
    let last = last.strip_prefix("ssh://").unwrap_or(last);
    command.arg("--").arg(format!("ssh://{last}"));
    Ok(command)
}

async fn tcp(settings: &Settings, log: &Log) -> Result<TcpStream, Error> {
    let (host, port) = (settings.hostname.as_str(), settings.port);
    let mut last = "Network is unreachable".to_owned();
    for address in addresses(settings)? {
        let ip = address.ip();
        settings.refuse_unprotected(Some(ip))?;
        log.debug1(|| format!("Connecting to {host} [{ip}] port {port}."));
        let connecting = to_address(address, settings);
        let connected = match settings.connect_timeout {
            None => connecting.await,
            Some(limit) => tokio::time::timeout(limit, connecting)
                .await
                .unwrap_or_else(|_| Err(rustix::io::Errno::TIMEDOUT.into())),
        };
        match connected {
            Ok(stream) => {
                log.debug1(|| "Connection established.".to_owned());
                return Ok(stream);
            }
            Err(error) => {
                last = in_words(&error);
                log.debug1(|| format!("connect to address {ip} port {port}: {last}"));
            }
        }
    }
    Err(Error::Unreachable { host: host.to_owned(), port, reason: last })
}

async fn to_address(address: SocketAddr, settings: &Settings) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(bound) = &settings.bind_address {
        let ip: IpAddr = bound.parse().map_err(|_| std::io::ErrorKind::InvalidInput)?;
        socket.bind(SocketAddr::new(ip, 0))?;
    }
    socket.set_keepalive(settings.tcp_keepalive)?;
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

fn addresses(settings: &Settings) -> Result<Vec<SocketAddr>, Error> {
    let (host, port) = (settings.hostname.as_str(), settings.port);
    let all: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map_err(|error| Error::Unresolved(host.to_owned(), why_unknown(&error)))?
        .collect();
    let wanted = |address: &SocketAddr| match settings.family {
        Family::Any => true,
        Family::Inet => address.is_ipv4(),
        Family::Inet6 => address.is_ipv6(),
    };
    let chosen: Vec<SocketAddr> = all.into_iter().filter(wanted).collect();
    if chosen.is_empty() {
        let why = "Address family for hostname not supported".to_owned();
        return Err(Error::Unresolved(host.to_owned(), why));
    }
    Ok(chosen)
}

/// `failed to lookup address information: Name or service not known` without its first half.
fn why_unknown(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.rsplit(": ").next().unwrap_or(&text).to_owned()
}

/// The message of strerror(3), without Rust's error number.
pub fn in_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
