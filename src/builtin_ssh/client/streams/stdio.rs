//! Our standard streams, read and written without ever blocking russh's task.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// One of the standard streams.
#[derive(Debug)]
pub enum Stdio {
    /// Regular files and devices such as /dev/null: always ready.
    Ready(OwnedFd),
    /// Pipes, sockets and terminals: they may have to be waited for.
    Waiting(AsyncFd<OwnedFd>),
}

impl Stdio {
    /// O_NONBLOCK is a flag of the open file, which other processes may share. So a pipe or terminal is
    /// opened again for us alone; what can't be (a socket) gets the flag, as OpenSSH does it.
    pub fn open(stream: impl AsFd, interest: Interest) -> io::Result<Stdio> {
        let stream = stream.as_fd();
        let kind = FileType::from_raw_mode(rustix::fs::fstat(stream)?.st_mode);
        let ours = stream.try_clone_to_owned()?;
        if matches!(kind, FileType::RegularFile | FileType::Directory | FileType::BlockDevice) {
            return Ok(Stdio::Ready(ours));
        }
        let access = if interest.is_readable() { OFlags::RDONLY } else { OFlags::WRONLY };
        let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let path = format!("/proc/self/fd/{}", stream.as_raw_fd());
        let ours = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(anew) => anew,
            Err(_) if kind == FileType::CharacterDevice => ours,
            Err(_) => {
                let flags = rustix::fs::fcntl_getfl(&ours)?;
                rustix::fs::fcntl_setfl(&ours, flags | OFlags::NONBLOCK)?;
                ours
            }
        };
        // SAFETY: the descriptor is owned by what is registered, and never replaced.
        match unsafe { AsyncFd::register_with_interest(ours, interest) } {
            Ok(waiting) => Ok(Stdio::Waiting(waiting)),
            // What epoll refuses is always ready (/dev/null, /dev/zero).
            Err(error) => Ok(Stdio::Ready(error.into_parts().0)),
        }
    }

    /// Writes what can be written without waiting; returns the number of bytes, zero if none.
    pub fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            return match rustix::io::write(self.fd(), bytes) {
                Ok(count) => Ok(count),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => Ok(0),
                Err(error) => Err(error.into()),
            };
        }
    }

    pub fn fd(&self) -> &OwnedFd {
        match self {
            Stdio::Ready(fd) => fd,
            Stdio::Waiting(fd) => fd.get_ref(),
        }
    }

    /// Waits until more can be read and appends it; returns the number of bytes, zero at the end.
    pub async fn read(&self, into: &mut Vec<u8>) -> io::Result<usize> {
        let read = |fd: &OwnedFd, into: &mut Vec<u8>| loop {
            match rustix::io::read(fd, rustix::buffer::spare_capacity(into)) {
                Err(Errno::INTR) => {}
                result => return result.map_err(io::Error::from),
            }
        };
        match self {
            Stdio::Ready(fd) => {
                // Other tasks have their turn between two reads.
                tokio::task::yield_now().await;
                read(fd, into)
            }
            Stdio::Waiting(fd) => loop {
                let mut ready = fd.readable().await?;
                if let Ok(result) = ready.try_io(|fd| read(fd.get_ref(), into)) {
                    return result;
                }
            },
        }
    }
}

/// Replaces a standard stream by /dev/null, so that its other end sees that we are done with it.
pub fn give_up(stream: impl AsFd) {
    let null = File::options().read(true).write(true).open("/dev/null");
    if let Ok(null) = null {
        // SAFETY: dup2 replaces an open descriptor by another open one; nothing is owned by it.
        unsafe { libc::dup2(null.as_raw_fd(), stream.as_fd().as_raw_fd()) };
    }
}
