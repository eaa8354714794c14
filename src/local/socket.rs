//! The TCP connection of a client program, seen from outside: what it has carried.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use crate::model::record::WireBytes;

/// Where a process has its TCP socket.
#[derive(Clone, Copy, Debug)]
pub struct TcpSocket {
    pid: u32,
    fd: i32,
}

/// What the kernel knows of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TcpInfo {
    pub wire: WireBytes,
    /// The shortest round trip that was measured.
    pub least_round_trip_s: Option<f64>,
}

impl TcpSocket {
    /// The connected TCP socket of one of these processes (the client's own, or that of its proxy). Absent
    /// where there is none, or where this program may not look (a container without ptrace).
    pub fn of(pids: &[u32]) -> Option<TcpSocket> {
        pids.iter().find_map(|&pid| {
            let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
            let sockets = descriptors.flatten().filter(|entry| {
                fs::read_link(entry.path())
                    .is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
            });
            let numbers = sockets.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
            numbers.map(|fd| TcpSocket { pid, fd }).find(|socket| socket.info().is_some())
        })
    }

    /// Reads the kernel's figures (`tcp(7)`, TCP_INFO). The descriptor is borrowed for this moment only: a
    /// copy that stayed open would keep the connection alive after its client has ended.
    pub fn info(&self) -> Option<TcpInfo> {
        let pid = Pid::from_raw(self.pid as i32)?;
        let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        tcp_info(&pidfd_getfd(process, self.fd, PidfdGetfdFlags::empty()).ok()?)
    }
}

// Offsets in `struct tcp_info` (kernel `include/uapi/linux/tcp.h`); it only ever grows.
const BYTES_ACKED: usize = 120;
const BYTES_RECEIVED: usize = 128;
const MIN_RTT: usize = 148;
/// Since Linux 4.19.
const BYTES_SENT: usize = 200;
const BYTES_RETRANS: usize = 208;

fn tcp_info(socket: &OwnedFd) -> Option<TcpInfo> {
    let mut raw = [0_u8; 256];
    let mut length = raw.len() as libc::socklen_t;
    // SAFETY: the buffer and its length are live locals, and the kernel writes no more than the length.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            raw.as_mut_ptr().cast(),
            &mut length,
        )
    };
    let known = raw.get(..length as usize).filter(|_| result == 0)?;
    let eight = |at: usize| Some(u64::from_ne_bytes(known.get(at..at + 8)?.try_into().ok()?));
    let four = |at: usize| Some(u32::from_ne_bytes(known.get(at..at + 4)?.try_into().ok()?));
    let sent = match (eight(BYTES_SENT), eight(BYTES_RETRANS)) {
        (Some(sent), Some(again)) => sent.saturating_sub(again),
        _ => eight(BYTES_ACKED)?,
    };
    let least = four(MIN_RTT).filter(|&microseconds| (1..u32::MAX).contains(&microseconds));
    Some(TcpInfo {
        wire: WireBytes { sent, received: eight(BYTES_RECEIVED)? },
        least_round_trip_s: least.map(|microseconds| f64::from(microseconds) / 1e6),
    })
}

/// A connected pair, for tests and for nothing else.
#[cfg(test)]
fn pair() -> (std::net::TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::{FromRawFd, IntoRawFd};
    use std::process::{Command, Stdio};

    #[test]
    fn bytes_of_another_process_are_counted() {
        let (mut own, given) = pair();
        // The other process holds the socket as its standard input.
        // SAFETY: the descriptor is handed over; nothing else owns it afterwards.
        let stdin = unsafe { Stdio::from_raw_fd(given.into_raw_fd()) };
        let mut child = Command::new("sleep").arg("1000").stdin(stdin).spawn().unwrap();
        let socket = TcpSocket::of(&[child.id()]).unwrap();
        let before = socket.info().unwrap().wire;
        own.write_all(&[0; 100_000]).unwrap();
        let received = || socket.info().unwrap().wire.received - before.received;
        while received() < 100_000 && child.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(received(), 100_000);
        child.kill().unwrap();
        child.wait().unwrap();
        // Nothing of ours has kept it open.
        let mut rest = Vec::new();
        let ended = own.read_to_end(&mut rest);
        assert!(rest.is_empty() && ended.is_ok() || ended.is_err());
        assert!(socket.info().is_none());
    }
}
