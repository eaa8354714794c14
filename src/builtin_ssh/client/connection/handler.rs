//! What russh calls for each message of the server.

use std::sync::Arc;

use russh::client::{DisconnectReason, Handler, Session};
use russh::keys::{HashAlg, PublicKeyOrCertificate};
use russh::{ChannelId, Names, Sig};
use tokio::sync::mpsc::UnboundedSender;

use super::kexinit;
use super::known_hosts::KnownHosts;
use crate::builtin_ssh::client::error::Error;
use crate::builtin_ssh::client::log::{Level, Log};
use crate::builtin_ssh::client::streams::outlet::Outlet;
use crate::builtin_ssh::client::streams::wire::Meter;

/// What changes or ends a session. Its data does not come this way.
#[derive(Debug)]
pub enum Event {
    /// Whether the request for a command, shell or subsystem was granted.
    Started(bool),
    /// No more data will come.
    Eof,
    ExitStatus(u32),
    ExitSignal(Sig),
    Closed,
    /// With the reason, where the server gave one.
    Disconnected(Option<String>),
}

/// The handler of one connection.
#[derive(Debug)]
pub struct Client {
    pub log: Arc<Log>,
    pub meter: Arc<Meter>,
    pub known_hosts: KnownHosts,
    pub events: UnboundedSender<Event>,
    pub stdout: Arc<Outlet>,
    pub stderr: Arc<Outlet>,
    /// The server's host and port, for messages.
    pub server: (String, u16),
    /// The KEXINIT of both ends has been logged.
    pub proposals_logged: bool,
}

impl Client {
    fn send(&self, event: Event) {
        // Nobody receives it once the session is over.
        let _ = self.events.send(event);
    }

    /// Logs the first proposals of both ends (`-vv`), whatever came of them.
    pub fn log_proposals(log: &Log, meter: &Meter) {
        if log.level() < Level::Debug2 {
            return;
        }
        let ends = [
            ("local client KEXINIT proposal", meter.first_sent()),
            ("peer server KEXINIT proposal", meter.first_received()),
        ];
        for (title, sent) in ends {
            if let Some(lines) = kexinit::lines(&sent) {
                log.debug2(|| title.to_owned());
                for line in lines {
                    log.debug2(|| line);
                }
            }
        }
    }

    fn log_negotiated(&self, names: &Names) {
        let log = &self.log;
        log.debug1(|| format!("kex: algorithm: {}", names.kex.as_ref()));
        log.debug1(|| format!("kex: host key algorithm: {}", names.key.as_str()));
        let cipher = names.cipher.as_ref();
        let is_aead = cipher.contains("gcm@") || cipher.contains("poly1305@");
        let one_way = |mac: &str, compression: &str| {
            let mac = if is_aead { "<implicit>" } else { mac };
            format!("cipher: {cipher} MAC: {mac} compression: {compression}")
        };
        // russh is built without compression.
        let (down, up) = (names.server_mac.as_ref(), names.client_mac.as_ref());
        log.debug1(|| format!("kex: server->client {}", one_way(down, "none")));
        log.debug1(|| format!("kex: client->server {}", one_way(up, "none")));
        let strict = if names.strict_kex() { "in" } else { "not in" };
        log.debug1(|| format!("kex: strict key exchange is {strict} effect"));
    }
}

impl Handler for Client {
    type Error = Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Error> {
        let verdict = match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                self.log.debug1(|| {
                    let (name, print) = (key.algorithm(), key.fingerprint(HashAlg::Sha256));
                    format!("Server host key: {name} {print}")
                });
                self.known_hosts.check(key)
            }
            PublicKeyOrCertificate::Certificate(certificate) => {
                self.log.debug1(|| format!("Server host certificate: {}", certificate.key_id()));
                self.known_hosts.check_certificate(certificate)
            }
        };
        match verdict {
            Ok(found) => {
                self.log.debug1(|| found);
                Ok(true)
            }
            Err(why) => Err(Error::HostKey(why)),
        }
    }

    async fn kex_done(
        &mut self,
        _secret: Option<&[u8]>,
        names: &Names,
        session: &mut Session,
    ) -> Result<(), Error> {
        if !self.proposals_logged {
            self.proposals_logged = true;
            let id = String::from_utf8_lossy(session.remote_sshid()).into_owned();
            let (version, software) = id
                .strip_prefix("SSH-")
                .and_then(|rest| rest.split_once('-'))
                .unwrap_or(("2.0", id.as_str()));
            self.log.debug1(|| {
                format!("Remote protocol version {version}, remote software version {software}")
            });
            Client::log_proposals(&self.log, &self.meter);
        } else {
            // russh tells of a key re-exchange at its end.
            self.log.debug1(|| "SSH2_MSG_KEXINIT sent".to_owned());
            self.log.debug1(|| "ssh_set_newkeys: rekeying in".to_owned());
        }
        self.log_negotiated(names);
        Ok(())
    }

    async fn auth_banner(&mut self, banner: &str, _: &mut Session) -> Result<(), Error> {
        // A server may send anything, and a terminal obeys control characters.
        let shown = banner.replace(|c: char| c.is_control() && c != '\n' && c != '\t', "?");
        self.log.say(Level::Info, shown.trim_end());
        Ok(())
    }

    async fn data(&mut self, _: ChannelId, data: &[u8], _: &mut Session) -> Result<(), Error> {
        self.stdout.write(data);
        Ok(())
    }

    async fn extended_data(
        &mut self,
        _: ChannelId,
        _: u32,
        data: &[u8],
        _: &mut Session,
    ) -> Result<(), Error> {
        // Without a standard error the session goes on, as with ssh.
        self.stderr.write(data);
        Ok(())
    }

    async fn channel_success(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.send(Event::Started(true));
        Ok(())
    }

    async fn channel_failure(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.send(Event::Started(false));
        Ok(())
    }

    async fn channel_eof(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.send(Event::Eof);
        Ok(())
    }

    async fn channel_close(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.send(Event::Closed);
        Ok(())
    }

    async fn exit_status(
        &mut self,
        _: ChannelId,
        status: u32,
        _: &mut Session,
    ) -> Result<(), Error> {
        self.send(Event::ExitStatus(status));
        Ok(())
    }

    async fn exit_signal(
        &mut self,
        _: ChannelId,
        signal: Sig,
        _core_dumped: bool,
        _message: &str,
        _language: &str,
        _: &mut Session,
    ) -> Result<(), Error> {
        self.send(Event::ExitSignal(signal));
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Error>) -> Result<(), Error> {
        let (host, port) = &self.server;
        self.send(Event::Disconnected(match reason {
            DisconnectReason::ReceivedDisconnect(info) => Some(format!(
                "Received disconnect from {host} port {port}:{}: {}",
                info.reason_code as u32,
                info.message.replace(char::is_control, "?")
            )),
            DisconnectReason::Error(Error::Protocol(
                russh::Error::IO(_) | russh::Error::Disconnect | russh::Error::HUP,
            )) => None,
            DisconnectReason::Error(error) => Some(error.to_string()),
        }));
        Ok(())
    }
}
