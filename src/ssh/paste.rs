//! Lines to paste that make OpenSSH and the programs over it use a cipher. A test runs each form
//! with the real program.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;

use super::openssh::Version;
use crate::model::{Cipher, Destination, Mac, Proposal};

/// `Ciphers ^NAME` (put first, keep the rest) since OpenSSH 8.1 (its release notes).
const CARET_SINCE: Version = Version(8, 1);

/// `Ciphers +NAME` (added to what is proposed by default) since OpenSSH 7.0 (its release notes).
const PLUS_SINCE: Version = Version(7, 0);

/// Lines for one cipher, and for the MAC that it was measured with.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Paste {
    /// A `Host` block of ssh_config.
    pub ssh_config: Vec<String>,
    pub scp: String,
    pub sftp: String,
    pub sshfs: String,
    /// A line of /etc/fstab that mounts by sshfs.
    pub fstab: String,
    pub rsync: String,
    pub git: String,
    pub rclone: String,
    pub restic: String,
    pub borg: String,
    pub syncoid: String,
    /// A line of an inventory.
    pub ansible: String,
    /// A line of sshd_config, for the server's admin: what clients put before the cipher is left out, since the
    /// client's order decides (RFC 4253, section 7.1).
    pub sshd: String,
}

/// What lines are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Program {
    Ssh,
    Scp,
    Sftp,
    Sshfs,
    Fstab,
    Rsync,
    Git,
    Rclone,
    Restic,
    Borg,
    Syncoid,
    Ansible,
    /// For the server's admin: what all clients then negotiate.
    Sshd,
}

impl Paste {
    pub fn lines(&self, program: Program) -> Vec<String> {
        let line = match program {
            Program::Ssh => return self.ssh_config.clone(),
            Program::Scp => &self.scp,
            Program::Sftp => &self.sftp,
            Program::Sshfs => &self.sshfs,
            Program::Fstab => &self.fstab,
            Program::Rsync => &self.rsync,
            Program::Git => &self.git,
            Program::Rclone => &self.rclone,
            Program::Restic => &self.restic,
            Program::Borg => &self.borg,
            Program::Syncoid => &self.syncoid,
            Program::Ansible => &self.ansible,
            Program::Sshd => &self.sshd,
        };
        // Some have no way to say it.
        Some(line.clone()).filter(|line| !line.is_empty()).into_iter().collect()
    }
}

/// How the client proposes a cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proposing {
    /// It does by default: it is put first.
    ByDefault,
    /// It does as ssh_config says, whose list is kept: `^` would start from OpenSSH's own.
    AsConfigured,
    /// It does not: it is added.
    Added,
}

/// The two ends, as far as lines depend on them.
#[derive(Clone, Copy)]
pub struct Ends<'a> {
    /// What `ssh -V` said.
    pub client_version: &'a str,
    /// What the client proposes unless told otherwise.
    pub proposal: &'a Proposal,
    pub proposing: Proposing,
    /// The server's ciphers.
    pub offered: &'a [Cipher],
}

pub fn paste(target: &Destination, (cipher, mac): (&Cipher, Option<&Mac>), ends: Ends) -> Paste {
    let ssh_config = host_block(target, (cipher, mac), ends);
    let Ends { proposal, proposing, offered, .. } = ends;

    // One name each: a list breaks the option parser of sshfs.
    let mac_option = mac.map(|mac| format!(" -o MACs={mac}")).unwrap_or_default();
    let port = target.port.map(|port| format!(" -o Port={port}")).unwrap_or_default();
    let options = format!("-c {cipher}{mac_option}{port}");
    let host = match (&target.user, target.host.contains(':')) {
        (Some(user), false) => format!("{user}@{}", target.host),
        (Some(user), true) => format!("{user}@[{}]", target.host),
        (None, false) => target.host.clone(),
        (None, true) => format!("[{}]", target.host),
    };
    let fstab_mac = mac.map(|mac| format!(",MACs={mac}")).unwrap_or_default();
    let fstab_port = target.port.map(|port| format!(",port={port}")).unwrap_or_default();
    let syncoid_mac = mac.map(|mac| format!(" --sshoption=MACs={mac}")).unwrap_or_default();
    let syncoid_port = target.port.map(|port| format!(" --sshport={port}")).unwrap_or_default();
    let ansible_host = target.host.as_str();
    let ansible_user = target.user.as_ref().map(|user| format!(" ansible_user={user}"));
    let ansible_port = target.port.map(|port| format!(" ansible_port={port}"));
    // They take what is behind the first colon for a path.
    let by_name = |line: String| if target.host.contains(':') { String::new() } else { line };
    Paste {
        ssh_config,
        scp: format!("scp {options} FILE {host}:"),
        sftp: format!("sftp {options} {host}"),
        sshfs: format!("sshfs -o Ciphers={cipher}{mac_option}{port} {host}: MOUNTPOINT"),
        fstab: format!(
            "{host}: MOUNTPOINT fuse.sshfs noauto,_netdev,Ciphers={cipher}{fstab_mac}{fstab_port} 0 0"
        ),
        rsync: format!("rsync -e 'ssh {options}' FILE {host}:"),
        git: format!("git -c core.sshCommand='ssh {options}' clone {host}:DIRECTORY"),
        rclone: by_name(rclone(target, cipher, mac)),
        restic: by_name(format!(
            "restic -o sftp.command='ssh {options} {host} -s sftp' -r sftp:{host}:DIRECTORY backup FILE"
        )),
        borg: format!("borg --rsh 'ssh {options}' create {host}:DIRECTORY::NAME FILE"),
        syncoid: by_name(format!(
            "syncoid --sshcipher={cipher}{syncoid_mac}{syncoid_port} DATASET {host}:DATASET"
        )),
        ansible: format!(
            "{ansible_host}{}{} ansible_ssh_common_args='-o Ciphers={cipher}{mac_option}'",
            ansible_user.unwrap_or_default(),
            ansible_port.unwrap_or_default()
        ),
        // A server that offers legacy ciphers alone has no better list.
        sshd: match proposing {
            Proposing::Added => String::new(),
            _ => format!("Ciphers {}", not_before(cipher, proposal, offered)),
        },
    }
}

/// A `Host` block of ssh_config.
fn host_block(
    target: &Destination,
    (cipher, mac): (&Cipher, Option<&Mac>),
    ends: Ends,
) -> Vec<String> {
    let Ends { client_version, proposal, proposing, .. } = ends;
    let caret = proposing != Proposing::AsConfigured
        && Version::parse(client_version).is_some_and(|version| version >= CARET_SINCE);
    let plus = Version::parse(client_version).is_none_or(|version| version >= PLUS_SINCE);
    // Other servers must go on working, so the rest of the list follows the name.
    let first = |name: &str, all: Vec<&str>| match caret {
        _ if proposing == Proposing::Added && !all.contains(&name) => {
            if plus {
                format!("+{name}")
            } else {
                name.to_owned()
            }
        }
        true => format!("^{name}"),
        false => {
            let rest = all.into_iter().filter(|other| *other != name);
            [name].into_iter().chain(rest).collect::<Vec<_>>().join(",")
        }
    };
    let ciphers = proposal.ciphers.iter().map(Cipher::as_str).collect();
    let macs = || proposal.macs.iter().map(Mac::as_str).collect();
    let mut ssh_config = vec![format!("Host {}", target.host)];
    ssh_config.push(format!("  Ciphers {}", first(cipher.as_str(), ciphers)));
    ssh_config.extend(mac.map(|mac| format!("  MACs {}", first(mac.as_str(), macs()))));
    ssh_config
}

/// The server's ciphers without those that the client puts before this one, or does not propose.
fn not_before(cipher: &Cipher, proposal: &Proposal, offered: &[Cipher]) -> String {
    let after = proposal.ciphers.iter().skip_while(|name| *name != cipher).skip(1);
    let kept = after.filter(|name| offered.contains(name)).map(Cipher::as_str);
    std::iter::once(cipher.as_str()).chain(kept).collect::<Vec<_>>().join(",")
}

/// `--sftp-ciphers` is there since rclone 1.61. It has an SSH of its own, which reads no ssh_config and knows no UMAC (golang.org/x/crypto/ssh).
fn rclone(target: &Destination, cipher: &Cipher, mac: Option<&Mac>) -> String {
    let user = target.user.as_ref().map(|user| format!(",user={user}")).unwrap_or_default();
    let port = target.port.map(|port| format!(",port={port}")).unwrap_or_default();
    let mac = mac.filter(|mac| mac.as_str().starts_with("hmac-sha2-256"));
    let mac = mac.map(|mac| format!(" --sftp-macs {mac}")).unwrap_or_default();
    let host = &target.host;
    format!("rclone --sftp-ciphers {cipher}{mac} copy FILE :sftp,host={host}{user}{port}:DIRECTORY")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    fn of(target: &str, mac: Option<&str>, version: &str) -> Paste {
        proposing(Proposing::ByDefault, target, mac, version)
    }

    fn proposing(how: Proposing, target: &str, mac: Option<&str>, version: &str) -> Paste {
        let target = Destination::parse(OsStr::new(target)).unwrap();
        let proposal = Proposal {
            ciphers: ["chacha20-poly1305@openssh.com", "aes128-ctr"].map(Cipher::from).to_vec(),
            macs: ["umac-64@openssh.com", "hmac-sha2-256"].map(Mac::from).to_vec(),
            key_exchanges: Vec::new(),
        };
        let mac = mac.map(Mac::from);
        let offered = ["chacha20-poly1305@openssh.com", "aes128-ctr"].map(Cipher::from);
        let ends = Ends {
            client_version: version,
            proposal: &proposal,
            proposing: how,
            offered: &offered,
        };
        paste(&target, (&Cipher::from("aes128-ctr"), mac.as_ref()), ends)
    }

    #[test]
    fn the_rest_of_the_list_stays_for_other_servers() {
        let new = of("pi1", Some("hmac-sha2-256"), "OpenSSH_9.2p1 Debian-2");
        assert_eq!(new.ssh_config, ["Host pi1", "  Ciphers ^aes128-ctr", "  MACs ^hmac-sha2-256"]);
        let old = of("pi1", Some("hmac-sha2-256"), "OpenSSH_7.4p1");
        assert_eq!(old.ssh_config[1], "  Ciphers aes128-ctr,chacha20-poly1305@openssh.com");
        assert_eq!(old.ssh_config[2], "  MACs hmac-sha2-256,umac-64@openssh.com");
        assert_eq!(of("pi1", None, "OpenSSH_9.2p1").ssh_config.len(), 2);
    }

    #[test]
    fn a_configured_list_is_kept_and_what_is_in_none_is_added() {
        let of = |how, mac, version| proposing(how, "pi1", Some(mac), version).ssh_config;
        let kept = of(Proposing::AsConfigured, "hmac-sha2-256", "OpenSSH_9.2p1");
        assert_eq!(kept[1], "  Ciphers aes128-ctr,chacha20-poly1305@openssh.com");
        assert_eq!(kept[2], "  MACs hmac-sha2-256,umac-64@openssh.com");
        assert_eq!(of(Proposing::Added, "hmac-sha1", "OpenSSH_9.2p1")[2], "  MACs +hmac-sha1");
        assert_eq!(of(Proposing::Added, "hmac-sha1", "OpenSSH_6.6")[2], "  MACs hmac-sha1");
    }

    #[test]
    fn an_address_with_colons_has_no_line_where_it_would_be_taken_for_a_path() {
        let paste = of("me@[2001:db8::1]", None, "OpenSSH_9.2p1");
        for program in [Program::Rclone, Program::Restic, Program::Syncoid] {
            assert!(paste.lines(program).is_empty(), "{program:?}");
        }
        assert_eq!(paste.lines(Program::Scp), ["scp -c aes128-ctr FILE me@[2001:db8::1]:"]);
    }

    #[test]
    fn commands_name_user_port_and_mac() {
        let paste = of("ssh://me@pi1:2222/srv", Some("hmac-sha2-256"), "OpenSSH_9.2p1");
        assert_eq!(paste.scp, "scp -c aes128-ctr -o MACs=hmac-sha2-256 -o Port=2222 FILE me@pi1:");
        assert_eq!(of("[::1]:/srv", None, "OpenSSH_9.2p1").sftp, "sftp -c aes128-ctr [::1]");
        assert_eq!(
            of("pi1", None, "OpenSSH_9.2p1").rsync,
            "rsync -e 'ssh -c aes128-ctr' FILE pi1:"
        );
    }
}
