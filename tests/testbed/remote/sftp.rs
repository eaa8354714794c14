//! Accounts without SFTP, and those with nothing else: options of a testbed, to which more may be added.

use super::super::Options;
use super::super::servers::Make;
use super::Remote;

/// Says to a testbed's server that it has no subsystem, since otherwise SFTP is added.
const NO_SUBSYSTEM: &str = "# No Subsystem.\n";

/// sshd has SFTP, and its program is not there. The login shell says so, which sshd does not pass on: all
/// that a client is told is the exit status, 127.
pub fn program_missing() -> Options<'static> {
    let server = "Subsystem sftp /no/such/program\n";
    Options { server, remote: Some(guest()), ..Options::default() }
}

/// sshd refuses the request.
pub fn no_subsystem() -> Options<'static> {
    Options { server: NO_SUBSYSTEM, remote: Some(guest()), ..Options::default() }
}

/// As on OpenWrt: Dropbear, and no sftp-server that it could start.
pub fn dropbear_without() -> Options<'static> {
    let change = "mount -t tmpfs none /usr/lib/openssh";
    let remote = Remote { shell: "/bin/sh", change, ..guest() };
    Options { make: Make::Dropbear, remote: Some(remote), ..Options::default() }
}

/// A start-up file prints, which sftp takes for the length of a message.
pub fn printing_account() -> Options<'static> {
    let remote = Remote { shell: "/bin/bash", home: &[(".bashrc", "echo welcome\n")], ..guest() };
    Options { remote: Some(remote), ..Options::default() }
}

/// Nothing but SFTP, in a directory that is its root.
pub fn alone() -> Options<'static> {
    let server = "ForceCommand internal-sftp\nSubsystem sftp internal-sftp\n\
                  ChrootDirectory /media\n";
    let change = "mkdir -p \"$testbed/jail/remote\"\nmount --bind \"$testbed/jail\" /media\n\
                  mount --bind \"$testbed/remote\" /media/remote";
    let remote = Remote { change, seen: "/remote", ..guest() };
    Options { server, remote: Some(remote), ..Options::default() }
}

fn guest() -> Remote<'static> {
    Remote { guest: true, ..Remote::default() }
}
