//! From a process to its channel: its output, and how it ends.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;

use russh::ChannelWriteHalf;
use russh::server::{Handle, Msg};
use rustix::process::Pid;
use tokio::net::unix::pipe::Receiver;
use tokio::process::Child;
use tokio::sync::oneshot;

use super::config::PACKET;
use super::feed::Feed;
use super::process::Processes;
use super::signals;

/// Bytes per read from a process: one packet.
const BLOCK: usize = PACKET as usize;

/// `SSH_EXTENDED_DATA_STDERR` (RFC 4254, section 5.2).
const STDERR: u32 = 1;

/// Whether something was sent.
type Sent = Result<(), russh::Error>;

/// A channel, for the output of its process.
pub struct Outlet {
    pub channel: ChannelWriteHalf<Msg>,
    pub handle: Handle,
    /// Resolves when the client has closed the channel or is gone.
    pub gone: oneshot::Receiver<()>,
}

/// A process that was started, without its input.
pub struct Started {
    pub pid: Pid,
    pub child: Child,
    pub stdout: Receiver,
    pub stderr: Receiver,
}

/// Relays until the process has ended and its output is sent, or the client is gone. Then it closes the
/// pipes, and reaps the process whenever it ends.
pub async fn relay(started: Started, feed: Arc<Feed>, outlet: Outlet, processes: Processes) {
    let Started { pid, mut child, stdout, stderr } = started;
    let Outlet { channel, handle, gone } = outlet;
    let relayed = async {
        let to = &channel;
        tokio::try_join!(pump(stdout, to, None, &feed), pump(stderr, to, Some(STDERR), &feed))?;
        let eof_first = feed.end_output();
        if eof_first {
            channel.eof().await?;
        }
        let status = reap(&mut child, pid, &processes).await;
        send_status(&channel, &handle, status).await?;
        if !eof_first {
            channel.eof().await?;
        }
        channel.close().await
    };
    tokio::select! {
        // It fails only where the client has gone.
        _ = relayed => {}
        () = feed.drain() => {}
        _ = gone => {}
    }
    feed.finish();
    feed.close();
    reap(&mut child, pid, &processes).await;
}

/// Sends all that a process writes, as fast as the client's window allows.
async fn pump(
    from: Receiver,
    to: &ChannelWriteHalf<Msg>,
    extended: Option<u32>,
    feed: &Feed,
) -> Sent {
    loop {
        // No buffer is allocated while the process is silent.
        if from.readable().await.is_err() {
            return Ok(());
        }
        let mut block = Vec::with_capacity(BLOCK);
        match from.try_read_buf(&mut block) {
            Ok(0) => return Ok(()),
            Ok(_) => match extended {
                None => feed.send(to.data_bytes(block)).await?,
                Some(code) => feed.send(to.extended_data_bytes(code, block)).await?,
            },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Ok(()),
        }
    }
}

/// Waits for the end of a process; if it has ended already, returns the same status again.
async fn reap(child: &mut Child, pid: Pid, processes: &Processes) -> Option<ExitStatus> {
    let status = child.wait().await.ok();
    processes.reaped(pid);
    status
}

/// Sends how the process ended (RFC 4254, section 6.10).
async fn send_status(
    channel: &ChannelWriteHalf<Msg>,
    handle: &Handle,
    status: Option<ExitStatus>,
) -> Sent {
    if let Some(code) = status.and_then(|status| status.code()) {
        return channel.exit_status(code as u32).await;
    }
    if let Some((status, signal)) = status.and_then(|s| Some((s, s.signal()?))) {
        let (core, nothing) = (status.core_dumped(), String::new());
        let name = signals::name(signal);
        let sent = handle.exit_signal_request(channel.id(), name, core, nothing.clone(), nothing);
        sent.await.map_err(|()| russh::Error::SendError)?;
    }
    Ok(())
}
