//! `scp`: a run of the system's scp for each sample, over the client program.
//!
//! scp starts its client (`-S`) with its own argument list and asks for the `sftp` subsystem. Here that
//! client is this executable under another name ([`super::shim`]). It runs the real client with the
//! survey's options and, instead of the subsystem, a command that reads the server's counters, runs
//! the same sftp-server, and reads them again. The old protocol, which needs no SFTP, is wrapped alike.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::host::script::{one_word, watch_server};
use crate::local::interrupt::Interrupt;
use crate::local::proc::{WaitTimes, children, io_bytes};
use crate::local::standstill::Standstill;
use crate::model::{Configuration, Direction};
use crate::ssh::{ScpProtocol, Session};
use crate::transfer::error::{TransferError, failed};
use crate::transfer::flow::STALLED_AFTER;
use crate::transfer::method::{
    Closed, Connection, Ends, KeyExchange, Made, Method, Missing, Moved, Observer, Run, Setup,
    Site, Work,
};
use crate::transfer::process::{ClientContext, ClientProcess};
use crate::transfer::shim;

pub struct Scp;

impl Method for Scp {
    fn program(&self) -> Option<&'static str> {
        Some("scp")
    }

    fn needs(&self, ends: &Ends) -> Result<(), Missing> {
        let host = &ends.host;
        if ScpProtocol::between(ends.scp_version, ends.no_sftp.is_none()) == ScpProtocol::Sftp {
            return Ok(());
        }
        let why = match &ends.no_sftp {
            Some(words) => format!("{host} has no SFTP ({words})"),
            None => "this scp is older than 8.7 and speaks its old protocol alone".into(),
        };
        if !ends.shell {
            return Err(Missing {
                what: format!("{why}, and the account on {host} has no shell for the old protocol"),
                remedy: "use --method sftp".into(),
            });
        }
        if let (Some(words), Some(remedy)) = (&ends.printed_at_login, ends.quiet_login()) {
            return Err(Missing {
                what: format!(
                    "{why}, and scp's old protocol fails where a start-up file prints: {words}"
                ),
                remedy,
            });
        }
        match ends.missing_tools.iter().any(|tool| tool == "scp") {
            false => Ok(()),
            true => Err(Missing {
                what: format!("{why}, and {host} has no scp for the old protocol"),
                remedy: "use --method pipe".into(),
            }),
        }
    }

    fn open(
        &self,
        configuration: &Configuration,
        at: &Site,
    ) -> Result<Box<dyn Connection>, TransferError> {
        let session = Session::of(configuration);
        let directory = at.shim.parent().unwrap_or(Path::new("."));
        let server = at.sftp_server.and_then(|server| command(at.mark, server));
        let reports = at.scp != ScpProtocol::Sftp || server.is_some();
        let prepared = match at.scp {
            ScpProtocol::Sftp => {
                shim::prepare(directory, at.connection, &session, server.as_deref())
            }
            ScpProtocol::Old | ScpProtocol::OldOnly => {
                shim::prepare_old(directory, at.connection, &session, &old_command(at.mark))
            }
        };
        prepared.map_err(failed("scp could not be prepared"))?;
        Ok(Box::new(ScpRuns {
            context: ClientContext::of(at),
            shim: at.shim.to_owned(),
            scratch: at.scratch.to_owned(),
            remote_directory: at.remote_directory.to_vec(),
            protocol: at.scp,
            reports,
            remote_ticks_per_s: at.remote_ticks_per_s,
            setup: Setup::default(),
        }))
    }
}

struct ScpRuns {
    context: ClientContext,
    shim: PathBuf,
    scratch: PathBuf,
    remote_directory: Vec<u8>,
    protocol: ScpProtocol,
    /// The session reports; else the client's log shows when it is up.
    reports: bool,
    remote_ticks_per_s: u32,
    setup: Setup,
}

/// A client that does not end in time once the remote command has finished has failed.
const END_TIMEOUT: Duration = Duration::from_secs(120);

impl Connection for ScpRuns {
    fn wait_until_open(&mut self, _: &Interrupt) -> Result<(), TransferError> {
        Ok(())
    }

    fn run(
        &mut self,
        work: &Work,
        interrupt: &Interrupt,
        observer: &mut dyn Observer,
    ) -> Result<Moved, TransferError> {
        let name = format!("{}-0", work.name);
        let downloaded = self.scratch.join(&name);
        let (local, remote) = match (work.direction, &work.local_chunk) {
            (Direction::Upload, Some(chunk)) => (chunk.clone(), &name),
            _ => (downloaded.clone(), &work.source),
        };
        let remote = [&self.remote_directory, b"/".as_slice(), remote.as_bytes()].concat();
        let mut scp = Command::new("scp");
        scp.args(arguments(&self.shim, work.direction, &local, &remote, self.protocol));
        scp.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        self.context.setting.apply(&mut scp);
        let mut client = ClientProcess::start(&mut scp, &self.context)?;
        let ready = match self.reports {
            true => client.wait_until_reported(interrupt)?,
            false => client.wait_until_up(interrupt)?,
        };
        let setup = client.setup(ready);
        let mut waits = WaitTimes::of(client.child.pid);
        let begun = client.child.started + Duration::from_secs_f64(setup.times.ready_s);
        observer.begins();
        let standstill = Standstill::of(client.child.pid);
        wait_until_ended(&mut client, &mut waits, &standstill, interrupt, observer)?;
        let (started, finished) = (client.child.started, client.finished());
        let (report, reaped, closed) = client.reap(END_TIMEOUT, interrupt)?;
        Ok(Moved {
            begun,
            // The remote command's report may arrive before the client has written the last data; that of a
            // tiny file before its beginning was noticed.
            ended: finished.filter(|finished| *finished > begun).unwrap_or(reaped),
            bytes: work.bytes,
            confirmed: None,
            made: match work.direction {
                Direction::Upload => Made::Remote(vec![name]),
                Direction::Download => Made::Local(vec![downloaded]),
            },
            stopped: standstill.reason(),
            run: Some(Box::new(Run {
                setup,
                closed,
                server: report.spent(self.remote_ticks_per_s),
                client_waits: waits.finish(),
                whole_s: reaped.saturating_duration_since(started).as_secs_f64(),
            })),
        })
    }

    fn setup(&self) -> &Setup {
        &self.setup
    }

    fn key_exchanges(&mut self) -> &[KeyExchange] {
        &[]
    }

    fn close(self: Box<Self>, _: Duration) -> Closed {
        Closed::default()
    }
}

/// Waits until the remote command has finished or the client has ended, as long as bytes move.
fn wait_until_ended(
    client: &mut ClientProcess,
    waits: &mut WaitTimes,
    standstill: &Standstill,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<(), TransferError> {
    let (mut last, mut last_moved) = (0, Instant::now());
    while client.finished().is_none() && !client.has_ended() {
        client.read(crate::local::interrupt::POLL_INTERVAL);
        standstill.poll();
        waits.poll();
        if interrupt.is_raised() {
            return Err(TransferError::Interrupted);
        }
        let now = client_bytes(client.child.pid);
        observer.moved(now);
        if now != last {
            (last, last_moved) = (now, Instant::now());
        } else if last_moved.elapsed() > STALLED_AFTER {
            return Err(client.stalled(standstill, STALLED_AFTER));
        }
    }
    Ok(())
}

/// Bytes that scp and its ssh have read and written so far: more than the payload, and good enough to
/// show whether anything moves.
fn client_bytes(pid: u32) -> u64 {
    let of = |pid: u32| io_bytes(pid).map_or(0, |(read, written)| read.max(written));
    children(pid).into_iter().map(of).max().unwrap_or_else(|| of(pid))
}

/// The host in the arguments of scp and sftp. It never reaches ssh: the shim names the real one.
pub const HOST: &str = "remote";

/// The command in place of the sftp subsystem; absent where the sftp server is not a plain program
/// (`internal-sftp`, or a line with shell syntax).
pub fn command(mark: &str, sftp_server: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+,=@ ".contains(&byte);
    let usable = sftp_server.starts_with('/') && sftp_server.bytes().all(plain);
    usable.then(|| {
        one_word(&format!(
            "{} snap begin; {sftp_server}; e=$?; snap end; exit $e",
            watch_server(mark)
        ))
    })
}

/// What comes before the command that scp asks for in its old protocol, which is one word behind it.
fn old_command(mark: &str) -> String {
    let watch = watch_server(mark);
    // watch_server uses the positional parameters, and most names of one letter.
    let wrapped = format!("asked=$1; {watch} snap begin; eval \"$asked\"; e=$?; snap end; exit $e");
    format!("{} sh", one_word(&wrapped))
}

/// The arguments of scp. `local` and `remote` are absolute paths, so that none is taken for an option or
/// a host. `-s`: SFTP also where it is not yet the default (OpenSSH 8.7 to 8.9).
fn arguments(
    shim: &Path,
    direction: Direction,
    local: &Path,
    remote: &[u8],
    protocol: ScpProtocol,
) -> Vec<OsString> {
    let mut operand = Vec::from(format!("{HOST}:").as_bytes());
    operand.extend(match (protocol, direction) {
        // scp expands patterns in a source, not in a destination.
        (ScpProtocol::Sftp, Direction::Upload) => remote.to_vec(),
        (ScpProtocol::Sftp, Direction::Download) => {
            escaped(remote, |byte| b"*?[]{}\\~".contains(&byte))
        }
        // The remote shell reads the path.
        _ => escaped(remote, |byte| !byte.is_ascii_alphanumeric() && !b"/._-+,=@".contains(&byte)),
    });
    let operand = OsString::from_vec(operand);
    let (from, to): (&OsStr, &OsStr) = match direction {
        Direction::Upload => (local.as_os_str(), &operand),
        Direction::Download => (&operand, local.as_os_str()),
    };
    let mut arguments: Vec<OsString> = vec!["-q".into()];
    match protocol {
        ScpProtocol::Sftp => arguments.push("-s".into()),
        ScpProtocol::Old => arguments.push("-O".into()),
        ScpProtocol::OldOnly => {}
    }
    arguments.extend(["-S".into(), shim.into(), "--".into(), from.into(), to.into()]);
    arguments
}

fn escaped(path: &[u8], needed: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(path.len());
    for &byte in path {
        if needed(byte) {
            escaped.push(b'\\');
        }
        escaped.push(byte);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn only_a_plain_program_is_wrapped() {
        assert!(command("m", "internal-sftp").is_none());
        assert!(command("m", "/bin/x; rm -rf /").is_none());
        assert!(
            command("m", "/usr/lib/openssh/sftp-server -l INFO").unwrap().contains("-l INFO; e=")
        );
    }

    #[test]
    fn a_remote_source_is_not_expanded_as_a_pattern() {
        let remote = b"/srv/a[1] b/up".as_slice();
        let list = |direction| {
            arguments(Path::new("/t/ssh"), direction, Path::new("/t/x"), remote, ScpProtocol::Sftp)
        };
        assert_eq!(list(Direction::Upload).last().unwrap().as_bytes(), b"remote:/srv/a[1] b/up");
        assert_eq!(list(Direction::Download)[5].as_bytes(), b"remote:/srv/a\\[1\\] b/up");
    }

    #[test]
    fn the_old_protocol_leaves_the_path_to_the_remote_shell() {
        let list = |protocol| {
            let (shim, local) = (Path::new("/t/ssh"), Path::new("/t/x"));
            arguments(shim, Direction::Upload, local, b"/srv/a b/$x", protocol)
        };
        assert_eq!(list(ScpProtocol::Old).last().unwrap().as_bytes(), b"remote:/srv/a\\ b/\\$x");
        assert!(list(ScpProtocol::Old).contains(&"-O".into()));
        let old_only = list(ScpProtocol::OldOnly);
        assert!(!old_only.contains(&"-O".into()) && !old_only.contains(&"-s".into()));
    }
}
