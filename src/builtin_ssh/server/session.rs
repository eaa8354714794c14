//! The handler of one connection: who may log in, and what its channels ask for.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use russh::keys::PublicKey;
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, ChannelWriteHalf, Error, Pty, Sig};
use rustix::process::Pid;
use tokio::sync::oneshot;

use super::config::{WINDOW, methods};
use super::feed::Feed;
use super::gate::LoggedIn;
use super::process::{Process, Processes};
use super::relay::{Outlet, Started, relay};
use super::signals;
use crate::builtin_ssh::Program;

/// How many channels a connection may have, each with a process.
const MAX_SESSIONS: usize = 100;

/// The window of a channel whose feed is full: the smallest with which russh extends it again.
const TRICKLE: u32 = 2;

/// The same where other channels share the connection, since russh has one window size for all.
const SHARED_TRICKLE: u32 = 16 * 1024;

/// What all connections share.
pub struct Account {
    pub user: String,
    pub key: PublicKey,
    pub home: PathBuf,
    /// The SFTP server; absent: this executable.
    pub sftp_server: Option<PathBuf>,
    pub executable: PathBuf,
    pub processes: Processes,
}

/// The handler of one connection.
pub struct Connected {
    account: Arc<Account>,
    client: SocketAddr,
    server: SocketAddr,
    logged_in: LoggedIn,
    channels: HashMap<ChannelId, ChannelState>,
}

/// The state of a channel.
enum ChannelState {
    /// It may be sent an environment, and is yet to be told what to run.
    Opened { channel: ChannelWriteHalf<Msg>, environment: Vec<(String, String)> },
    /// The process runs. Dropping the sender closes its pipes.
    Running { pid: Pid, feed: Arc<Feed>, alive: oneshot::Sender<()> },
}

impl ChannelState {
    fn is_over(&self) -> bool {
        matches!(self, ChannelState::Running { alive, .. } if alive.is_closed())
    }

    fn is_full(&self) -> bool {
        matches!(self, ChannelState::Running { feed, .. } if feed.is_full())
    }
}

impl Connected {
    pub fn new(
        account: Arc<Account>,
        client: SocketAddr,
        server: SocketAddr,
        logged_in: LoggedIn,
    ) -> Connected {
        Connected { account, client, server, logged_in, channels: HashMap::new() }
    }

    /// Only the one user with the one key may log in.
    fn judge(&self, user: &str, key: &PublicKey) -> Auth {
        match user == self.account.user && key.key_data() == self.account.key.key_data() {
            true => Auth::Accept,
            false => reject(),
        }
    }

    /// The environment of a session, made from scratch as sshd does it.
    fn environment(&self, asked: Vec<(String, String)>) -> Vec<(String, OsString)> {
        let Account { user, home, .. } = &*self.account;
        let (client, server) = (self.client, self.server);
        let kept = |name: &str| std::env::var_os(name).map(|value| (name.to_owned(), value));
        let path = kept("PATH").unwrap_or_else(|| ("PATH".into(), "/usr/bin:/bin".into()));
        let ours = [
            ("USER", user.into()),
            ("LOGNAME", user.into()),
            ("HOME", home.clone().into_os_string()),
            ("SHELL", "/bin/sh".into()),
            ("SSH_CLIENT", format!("{} {} {}", client.ip(), client.port(), server.port()).into()),
            (
                "SSH_CONNECTION",
                format!("{} {} {} {}", client.ip(), client.port(), server.ip(), server.port())
                    .into(),
            ),
        ];
        let asked = asked.into_iter().map(|(name, value)| (name, value.into()));
        let ours = ours.map(|(name, value)| (name.to_owned(), value));
        asked.chain([path]).chain(kept("TZ")).chain(ours).collect()
    }

    /// The SFTP server, a process of its own like OpenSSH's, so that its CPU is accounted separately.
    fn sftp_server(&self) -> Command {
        match &self.account.sftp_server {
            Some(program) => Command::new(program),
            None => {
                let mut command = Command::new(&self.account.executable);
                command.arg0(Program::SftpServer.name());
                command
            }
        }
    }

    /// Starts the process of a channel, once.
    fn start(
        &mut self,
        id: ChannelId,
        mut command: Command,
        session: &mut Session,
    ) -> Result<(), Error> {
        let (channel, asked) = match self.channels.remove(&id) {
            Some(ChannelState::Opened { channel, environment }) => (channel, environment),
            other => {
                self.channels.extend(other.map(|running| (id, running)));
                return session.channel_failure(id);
            }
        };
        command.env_clear().envs(self.environment(asked)).current_dir(&self.account.home);
        let started = self.account.processes.start(command);
        let Process { pid, child, stdin, stdout, stderr } = match started {
            Ok(process) => process,
            Err(error) => {
                eprintln!(
                    "{}: a session's process can't be started: {error}",
                    Program::Server.name()
                );
                return session.channel_failure(id);
            }
        };
        let feed = Arc::new(Feed::new(stdin));
        let (alive, gone) = oneshot::channel();
        let outlet = Outlet { channel, handle: session.handle(), gone };
        let started = Started { pid, child, stdout, stderr };
        tokio::spawn(relay(started, feed.clone(), outlet, self.account.processes.clone()));
        self.channels.insert(id, ChannelState::Running { pid, feed, alive });
        session.channel_success(id)
    }
}

fn reject() -> Auth {
    // The method can continue: the client may have other keys.
    Auth::Reject { proceed_with_methods: Some(methods()), partial_success: false }
}

fn shell() -> Command {
    Command::new("/bin/sh")
}

impl Handler for Connected {
    type Error = Error;

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Error> {
        Ok(self.judge(user, offer.public_key))
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Error> {
        Ok(self.judge(user, key.public_key))
    }

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, Error> {
        Ok(reject())
    }

    async fn auth_password(&mut self, _user: &str, _password: &str) -> Result<Auth, Error> {
        Ok(reject())
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), Error> {
        self.logged_in.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        self.channels.retain(|_, state| !state.is_over());
        if self.channels.len() >= MAX_SESSIONS {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        // Data goes to `data`: a channel's own queue would block the connection.
        let (_, channel) = channel.split();
        let id = channel.id();
        self.channels.insert(id, ChannelState::Opened { channel, environment: Vec::new() });
        reply.accept().await;
        Ok(())
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        // What the sshd_config of Debian and others accepts.
        let harmless = name == "LANG" || name.starts_with("LC_");
        match self.channels.get_mut(&id) {
            Some(ChannelState::Opened { environment, .. })
                if harmless && !value.contains('\0') && environment.len() < 32 =>
            {
                environment.push((name.to_owned(), value.to_owned()));
                session.channel_success(id)
            }
            _ => session.channel_failure(id),
        }
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Error> {
        self.start(id, shell(), session)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        let mut shell = shell();
        shell.arg("-c").arg(OsStr::from_bytes(command));
        self.start(id, shell, session)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        match name {
            "sftp" => self.start(id, self.sftp_server(), session),
            _ => session.channel_failure(id),
        }
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(id)
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _single: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(id)
    }

    async fn signal(
        &mut self,
        id: ChannelId,
        signal: Sig,
        _session: &mut Session,
    ) -> Result<(), Error> {
        if let (Some(ChannelState::Running { pid, .. }), Some(signal)) =
            (self.channels.get(&id), signals::signal(&signal))
        {
            self.account.processes.signal(*pid, signal);
        }
        Ok(())
    }

    async fn data(
        &mut self,
        id: ChannelId,
        bytes: &[u8],
        _session: &mut Session,
    ) -> Result<(), Error> {
        if let Some(ChannelState::Running { feed, .. }) = self.channels.get(&id) {
            feed.put(bytes);
            if bytes.len() <= SHARED_TRICKLE as usize {
                feed.pause().await;
            }
        }
        Ok(())
    }

    fn adjust_window(&mut self, id: ChannelId, _granted: u32) -> u32 {
        let full = self.channels.get(&id).is_some_and(ChannelState::is_full);
        match self.channels.len() {
            1 if full => TRICKLE,
            _ if full || self.channels.values().any(ChannelState::is_full) => SHARED_TRICKLE,
            _ => WINDOW,
        }
    }

    async fn channel_eof(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Error> {
        if let Some(ChannelState::Running { feed, .. }) = self.channels.get(&id) {
            feed.end().await;
        }
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Error> {
        self.channels.remove(&id);
        Ok(())
    }
}
