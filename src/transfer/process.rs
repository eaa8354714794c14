//! A client program whose connection stays open: its log with times, its setup, its end.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::host::session::{Event, Report};
use crate::local::child::{Child, Reaped, reap_orphans};
use crate::local::client::ClientSetting;
use crate::local::cpu::Processes;
use crate::local::interrupt::{Interrupt, POLL_INTERVAL};
use crate::local::lines::{LineReader, without_report};
use crate::local::socket::TcpSocket;
use crate::local::standstill::Standstill;
use crate::model::record::SetupTimes;
use crate::model::units::printable;
use crate::ssh::Transcript;
use crate::ssh::failure::last_message_of;
use crate::ssh::log::{Place, SESSION_UP};
use crate::transfer::error::{TransferError, failed};
use crate::transfer::flow::STALLED_AFTER;
use crate::transfer::method::{Closed, KeyExchange, Setup, Site};

/// What all client programs of a target are started with.
#[derive(Clone, Debug)]
pub struct ClientContext {
    pub setting: ClientSetting,
    /// Begins the lines of a remote command's report.
    pub mark: String,
    /// The remote host, as messages name it.
    pub host: String,
    pub ticks_per_s: u32,
}

impl ClientContext {
    pub fn of(at: &Site) -> ClientContext {
        ClientContext {
            setting: at.setting.clone(),
            mark: at.mark.to_owned(),
            host: at.connection.target.host_label(),
            ticks_per_s: at.ticks_per_s,
        }
    }
}

/// A login that takes longer has failed.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);

/// A proxy's program ends soon after the client.
const ORPHANS_TIME: Duration = Duration::from_secs(2);

/// How lines begin that end a key re-exchange (OpenSSH packet.c, ssh_set_newkeys); before 8.0, in both
/// directions alike.
const REKEYED: &[&str] = &["ssh_set_newkeys: rekeying in", "set_newkeys: rekeying"];

/// The client program of an open connection.
#[derive(Debug)]
pub struct ClientProcess {
    pub child: Child,
    stderr: LineReader,
    mark: String,
    host: String,
    ticks_per_s: u32,
    report: Report,
    times: SetupTimes,
    session_up: bool,
    place: Place,
    key_exchanges: Vec<KeyExchange>,
    /// What the remote command answers, in the order of arrival, as far as not yet taken.
    answers: Vec<(Instant, String)>,
    /// Messages that are neither log nor report, since they were last taken.
    messages: Vec<String>,
    /// When the remote command reported that it is ready, and that it has finished.
    reported: Option<Instant>,
    finished: Option<Instant>,
    /// Processes below the client, as seen at the end of the setup.
    below: Vec<u32>,
}

impl ClientProcess {
    pub fn start(
        command: &mut Command,
        context: &ClientContext,
    ) -> Result<ClientProcess, TransferError> {
        let cores = context.setting.cores.as_deref();
        let mut child =
            Child::spawn(command, cores).map_err(failed("the client could not be started"))?;
        let stderr =
            child.stderr.take().ok_or_else(|| TransferError::Other("no standard error".into()))?;
        Ok(ClientProcess {
            child,
            stderr: LineReader::new(stderr, &context.mark),
            mark: context.mark.clone(),
            host: context.host.clone(),
            ticks_per_s: context.ticks_per_s,
            report: Report::default(),
            times: SetupTimes::default(),
            session_up: false,
            place: Place::default(),
            key_exchanges: Vec::new(),
            answers: Vec::new(),
            messages: Vec::new(),
            reported: None,
            finished: None,
            below: Vec::new(),
        })
    }

    /// Reads one line, waiting for it at most for `time`. False: there was none.
    pub fn read(&mut self, time: Duration) -> bool {
        let Some((at, line)) = self.stderr.next(time) else { return false };
        self.take(at, &line);
        true
    }

    /// Reads what has arrived.
    pub fn read_all(&mut self) {
        while self.read(Duration::ZERO) {}
    }

    fn take(&mut self, at: Instant, line: &str) {
        let since_start = at.saturating_duration_since(self.child.started).as_secs_f64();
        if let Some((_, said)) = line.split_once(&self.mark) {
            match self.report.take(line, &self.mark) {
                Some(Event::Ready) => self.reported = Some(at),
                Some(Event::Finished) => self.finished = Some(at),
                None => {
                    if let Some(answer) = said.strip_prefix(" did ") {
                        self.answers.push((at, answer.to_owned()));
                    }
                }
            }
            return;
        }
        self.place.take(line);
        if line.starts_with("Authenticated to ") {
            self.times.authenticated_s = Some(since_start);
            return;
        }
        let Some(said) = line.strip_prefix("debug1: ") else {
            if !is_log(line) {
                self.messages.push(line.to_owned());
            }
            return;
        };
        if line.starts_with(SESSION_UP) {
            self.session_up = self.place.is_last();
        } else if said.contains("remote software version ") {
            // That of the target comes after those of jump hosts.
            self.times = SetupTimes { connected_s: Some(since_start), ..SetupTimes::default() };
        } else if said.starts_with("SSH2_MSG_NEWKEYS received") {
            self.times.key_exchanged_s.get_or_insert(since_start);
        } else if said.starts_with("Authentication succeeded") {
            self.times.authenticated_s = Some(since_start);
        } else if self.session_up && said.starts_with("SSH2_MSG_KEXINIT sent") {
            self.key_exchanges.push(KeyExchange { begun: at, ended: None });
        } else if REKEYED.iter().any(|begins| said.starts_with(begins))
            && let Some(last) = self.key_exchanges.last_mut()
        {
            last.ended = Some(at);
        }
    }

    /// Waits for something in the log, or fails with the client's own reason.
    pub fn wait_for<T>(
        &mut self,
        timeout: Duration,
        what: &str,
        standstill: &Standstill,
        interrupt: &Interrupt,
        mut found: impl FnMut(&mut ClientProcess) -> Option<T>,
    ) -> Result<T, TransferError> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(found) = found(self) {
                return Ok(found);
            }
            if self.read(POLL_INTERVAL) {
                continue;
            }
            standstill.poll();
            if interrupt.is_raised() {
                return Err(TransferError::Interrupted);
            }
            if self.stderr.has_ended() {
                return Err(self.failure("the connection ended"));
            }
            // A pause of this program itself is no fault of the other end.
            if Instant::now() > deadline + standstill.own_stop() {
                let seconds = timeout.as_secs_f64();
                let late = format!("{what} within {seconds:.0} s");
                return Err(TransferError::Other(standstill.reason().unwrap_or(late)));
            }
        }
    }

    /// Waits until the remote command has reported that it is ready; when that was.
    pub fn wait_until_reported(&mut self, interrupt: &Interrupt) -> Result<Instant, TransferError> {
        let late = format!("the remote command on {} was not ready", self.host);
        let standstill = Standstill::of(self.child.pid);
        self.wait_for(LOGIN_TIMEOUT, &late, &standstill, interrupt, |client| client.reported)
    }

    /// Waits until the client's log shows that its session is up; when that was seen.
    pub fn wait_until_up(&mut self, interrupt: &Interrupt) -> Result<Instant, TransferError> {
        let late = format!("the session on {} was not up", self.host);
        let standstill = Standstill::of(self.child.pid);
        self.wait_for(LOGIN_TIMEOUT, &late, &standstill, interrupt, |client| {
            client.session_up.then(Instant::now)
        })
    }

    /// Fails where nothing has moved for as long as a transfer may stand still.
    pub fn check_moves(&self, standstill: &Standstill) -> Result<(), TransferError> {
        if standstill.idle() < STALLED_AFTER {
            return Ok(());
        }
        Err(self.stalled(standstill, STALLED_AFTER))
    }

    /// The error of a transfer in which nothing has moved for so long.
    pub fn stalled(&self, standstill: &Standstill, time: Duration) -> TransferError {
        let seconds = time.as_secs();
        TransferError::Other(standstill.reason().unwrap_or_else(|| {
            format!("no byte moved for {seconds} s in a transfer with {}", self.host)
        }))
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// When the remote command reported that it has finished.
    pub fn finished(&self) -> Option<Instant> {
        self.finished
    }

    /// Whether the client has closed its standard error.
    pub fn has_ended(&self) -> bool {
        self.stderr.has_ended()
    }

    /// The next answer of the remote command, if it has arrived.
    pub fn answer(&mut self) -> Option<(Instant, String)> {
        (!self.answers.is_empty()).then(|| self.answers.remove(0))
    }

    /// The last message that is neither log nor report; earlier ones are dropped.
    pub fn last_message(&mut self) -> Option<String> {
        self.read_all();
        let last = self.messages.last().map(|message| printable(message.trim()));
        self.messages.clear();
        last
    }

    /// What the setup has shown. `ready`: since when the connection can move data; it has been idle since.
    pub fn setup(&mut self, ready: Instant) -> Setup {
        self.read_all();
        self.times.ready_s = ready.saturating_duration_since(self.child.started).as_secs_f64();
        let processes = Processes::below(self.child.pid, self.ticks_per_s);
        self.below = processes.pids()[1..].to_vec();
        Setup {
            times: self.times,
            transcript: Transcript::parse(self.stderr.log()),
            client: processes.cpu(),
            socket: TcpSocket::of(processes.pids()),
            processes: Some(processes),
            chain: self.report.chain.clone(),
            shell: self.report.begin.shell.map(|stat| stat.pid),
            way: self.report.way.clone(),
        }
    }

    pub fn key_exchanges(&mut self) -> &[KeyExchange] {
        self.read_all();
        &self.key_exchanges
    }

    /// Why the client has failed: what its log says, else `otherwise`. The client is ended.
    pub fn failure(&mut self, otherwise: &str) -> TransferError {
        let reaped = match self.child.wait(Duration::from_secs(1)) {
            Ok(Some(reaped)) => Some(reaped),
            _ => {
                self.child.end();
                None
            }
        };
        let end = Instant::now() + Duration::from_secs(1);
        while !self.stderr.has_ended() && Instant::now() < end {
            self.read(POLL_INTERVAL);
        }
        let log = without_report(self.stderr.log(), &self.mark);
        match reaped {
            Some(reaped) if !reaped.status.success() => {
                TransferError::of_client(&reaped, &log, &self.host)
            }
            _ => {
                let words = last_message_of(&log).map(printable);
                let said = words.map_or(String::new(), |words| format!(" ({words})"));
                TransferError::Other(format!("{otherwise}{said}")).explained(&log, &self.host)
            }
        }
    }

    /// Waits for a client that ends by itself: what the remote command has reported, when the client ended,
    /// and what that shows. Fails with the client's own reason where it ended with an error.
    pub fn reap(
        mut self,
        timeout: Duration,
        interrupt: &Interrupt,
    ) -> Result<(Report, Instant, Closed), TransferError> {
        let deadline = Instant::now() + timeout;
        let reaped: Reaped = loop {
            match self
                .child
                .wait(POLL_INTERVAL)
                .map_err(failed("the client can't be waited for"))?
            {
                Some(reaped) => break reaped,
                None if interrupt.is_raised() => return Err(TransferError::Interrupted),
                None if Instant::now() > deadline => {
                    return Err(TransferError::Other("the client did not end".into()));
                }
                None => {}
            }
        };
        while !self.stderr.has_ended() && self.read(Duration::from_secs(1)) {}
        if !reaped.status.success() {
            return Err(self.failure("the client failed"));
        }
        if self.reported.is_some() && self.finished.is_none() {
            return Err(TransferError::Other(
                "the connection ended before the remote command had finished".into(),
            ));
        }
        let transcript = Transcript::parse(self.stderr.log());
        let client = reaped.cpu + reap_orphans(&self.below, ORPHANS_TIME);
        let closed = Closed { client: Some(client), transcript };
        Ok((self.report, reaped.at, closed))
    }

    /// Ends the client's input, waits for it at most for `time`, and reads the rest of its log.
    pub fn close(mut self, time: Duration) -> Closed {
        self.child.stdin = None;
        let reaped = match self.child.wait(time) {
            Ok(Some(reaped)) => Some(reaped),
            _ => self.child.end(),
        };
        let log = self.stderr.drain(Duration::from_secs(1));
        let orphans = reap_orphans(&self.below, ORPHANS_TIME);
        Closed {
            client: reaped.map(|reaped| reaped.cpu + orphans),
            transcript: Transcript::parse(log),
        }
    }
}

/// Lines of the client's log, and of its totals at the end.
fn is_log(line: &str) -> bool {
    let line = line.trim();
    let starts = ["debug", "Transferred: ", "Bytes per second: ", "** "];
    line.is_empty() || starts.iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
