//! One session (RFC 4254): the remote command, with our standard streams as its own.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{Handle, Msg};
use russh::{Channel, ChannelWriteHalf, Sig};
use tokio::io::Interest;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use super::arguments::Invocation;
use super::configuration::settings::{SessionType, Settings};
use super::connection::handler::{Client, Event};
use super::error::Error;
use super::log::{Level, Log};
use super::streams::outlet::Outlet;
use super::streams::stdio::{self, Stdio};
use super::streams::wire::Meter;

/// Bytes per read of our standard input: some packets of an upload.
const READ: usize = 128 * 1024;

/// An authenticated connection, and what its session is to be.
pub struct Relay<'a> {
    pub handle: Arc<Handle<Client>>,
    pub events: UnboundedReceiver<Event>,
    pub invocation: &'a Invocation,
    pub settings: &'a Settings,
    pub log: &'a Log,
    pub meter: Arc<Meter>,
    pub stdout: Arc<Outlet>,
    pub stderr: Arc<Outlet>,
}

/// How a session ended.
#[derive(Default)]
struct Outcome {
    status: Option<u32>,
    disconnected: Option<Option<String>>,
}

impl Relay<'_> {
    /// Runs the session to its end, or until the server has been silent for too long; returns the exit
    /// status.
    pub async fn run(mut self) -> Result<u8, Error> {
        self.log.debug1(|| "Entering interactive session.".to_owned());
        let (handle, meter) = (Arc::clone(&self.handle), Arc::clone(&self.meter));
        let (interval, most) = (self.settings.alive_interval, self.settings.alive_count_max);
        let host = &self.settings.hostname;
        tokio::select! {
            ended = self.relay() => ended,
            () = until_silent(&handle, &meter, interval, most) => {
                Err(Error::Message(format!("Timeout, server {host} not responding.")))
            }
        }
    }

    async fn relay(&mut self) -> Result<u8, Error> {
        let channel = match self.open().await? {
            Some(channel) => {
                self.start(&channel).await?;
                // Data goes to the handler: once its reader is dropped a channel queues nothing.
                Some(Arc::new(channel.split().1))
            }
            None => None,
        };
        let (stdout, stderr) = (Arc::clone(&self.stdout), Arc::clone(&self.stderr));
        let mut stdout = tokio::spawn(async move {
            let written = stdout.run().await;
            stdio::give_up(std::io::stdout());
            written
        });
        // Standard error stays open: there may be more messages.
        let stderr = tokio::spawn(async move { stderr.run().await });
        let no_stdin = self.invocation.no_stdin || self.settings.no_stdin;
        let input = channel.clone().map(|channel| {
            let handle = Arc::clone(&self.handle);
            tokio::spawn(async move { pump(&handle, &channel, no_stdin).await })
        });
        let outcome = self.wait(channel.as_deref(), &mut stdout).await?;
        if let Some(input) = input {
            input.abort();
        }
        self.stdout.end();
        self.stderr.end();
        // A reader that went away is no error.
        if !stdout.is_finished() {
            let _ = (&mut stdout).await;
        }
        let _ = stderr.await;
        self.finish(outcome)
    }

    /// Opens a channel, unless there is to be none.
    async fn open(&self) -> Result<Option<Channel<Msg>>, Error> {
        let opened = match &self.invocation.forward {
            Some((host, port)) => {
                let (host, port) = (host.as_str(), u32::from(*port));
                self.handle.channel_open_direct_tcpip(host, port, "127.0.0.1", 65535).await
            }
            None if self.invocation.no_session || self.settings.session == SessionType::None => {
                return Ok(None);
            }
            None => self.handle.channel_open_session().await,
        };
        match opened {
            Ok(channel) => Ok(Some(channel)),
            Err(russh::Error::ChannelOpenFailure(reason)) => {
                Err(Error::Message(format!("channel 0: open failed: {reason:?}")))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn start(&self, channel: &Channel<Msg>) -> Result<(), Error> {
        if self.invocation.forward.is_some() {
            return Ok(());
        }
        for (name, value) in &self.settings.environment {
            self.log.debug1(|| format!("channel 0: setting env {name} = \"{value}\""));
            channel.set_env(false, name.as_str(), value.as_str()).await?;
        }
        let mut command = self.invocation.command.clone();
        if let Some(configured) = &self.settings.command {
            if !command.is_empty() {
                let said = "Cannot execute command-line and remote command.";
                return Err(Error::Message(said.to_owned()));
            }
            command = configured.clone().into_bytes();
        }
        let subsystem =
            self.invocation.subsystem || self.settings.session == SessionType::Subsystem;
        let shown = String::from_utf8_lossy(&command).into_owned();
        if subsystem {
            self.log.debug1(|| format!("Sending subsystem: {shown}"));
            channel.request_subsystem(true, shown.as_str()).await?;
        } else if command.is_empty() {
            channel.request_shell(true).await?;
        } else {
            self.log.debug1(|| format!("Sending command: {shown}"));
            channel.exec(true, command).await?;
        }
        Ok(())
    }

    /// Waits until the channel or the connection is closed.
    async fn wait(
        &mut self,
        channel: Option<&ChannelWriteHalf<Msg>>,
        stdout: &mut JoinHandle<io::Result<()>>,
    ) -> Result<Outcome, Error> {
        let mut outcome = Outcome::default();
        let mut stdout_ended = false;
        loop {
            let event = tokio::select! {
                event = self.events.recv() => event,
                written = &mut *stdout, if !stdout_ended => {
                    stdout_ended = true;
                    if !matches!(written, Ok(Ok(()))) {
                        if let Some(channel) = channel {
                            let _ = channel.close().await;
                        }
                        return Ok(outcome);
                    }
                    continue;
                }
            };
            match event {
                Some(Event::Started(true)) => {}
                Some(Event::Started(false)) => {
                    let what = if self.invocation.subsystem { "subsystem" } else { "exec" };
                    let said = format!("{what} request failed on channel 0");
                    return Err(Error::Message(said));
                }
                Some(Event::Eof) => self.stdout.end(),
                Some(Event::ExitStatus(status)) => outcome.status = Some(status),
                Some(Event::ExitSignal(signal)) => self.log_signal(&signal),
                Some(Event::Closed) => return Ok(outcome),
                Some(Event::Disconnected(why)) => {
                    outcome.disconnected = Some(why);
                    return Ok(outcome);
                }
                None => {
                    outcome.disconnected = Some(None);
                    return Ok(outcome);
                }
            }
        }
    }

    fn log_signal(&self, signal: &Sig) {
        self.log
            .say(Level::Verbose, &format!("The remote command was ended by signal {signal:?}."));
    }

    fn finish(&self, outcome: Outcome) -> Result<u8, Error> {
        let host = &self.settings.hostname;
        match (outcome.status, outcome.disconnected) {
            (None, Some(why)) => {
                if let Some(why) = why {
                    self.log.say(Level::Error, &why);
                }
                self.log.say(Level::Info, &format!("Connection to {host} closed by remote host."));
                Ok(255)
            }
            // The low 8 bits, as exit(3) does.
            (Some(status), _) => Ok((status & 0xff) as u8),
            (None, None) => Ok(255),
        }
    }
}

/// Sends our standard input to the channel, until it ends or the channel closes.
async fn pump(handle: &Handle<Client>, channel: &ChannelWriteHalf<Msg>, no_stdin: bool) {
    if !no_stdin && let Ok(stdin) = Stdio::open(std::io::stdin(), Interest::READABLE) {
        loop {
            let mut block = Vec::with_capacity(READ);
            match stdin.read(&mut block).await {
                // An input that can't be read has ended.
                Ok(0) | Err(_) => break,
                Ok(_) => {
                    // russh cuts it into packets and waits for the window, without another copy.
                    if handle.data(channel.id(), block).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
    let _ = channel.eof().await;
}

/// Asks at every interval whether the server still answers; returns when it does not
/// (ServerAliveInterval, ServerAliveCountMax).
async fn until_silent(
    handle: &Handle<Client>,
    meter: &Meter,
    interval: Option<Duration>,
    most: u32,
) {
    let Some(interval) = interval else { return std::future::pending().await };
    let (mut received, mut unanswered) = (meter.received(), 0);
    loop {
        tokio::time::sleep(interval).await;
        let now = meter.received();
        // While our own reader is slow, an answer of the server may not have been read.
        if now != received || meter.gate.is_closed() {
            (received, unanswered) = (now, 0);
            continue;
        }
        if unanswered >= most {
            return;
        }
        unanswered += 1;
        if handle.send_keepalive(true).await.is_err() {
            // The connection is gone, which is reported elsewhere.
            return std::future::pending().await;
        }
    }
}
