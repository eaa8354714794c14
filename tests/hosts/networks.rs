//! Ways to a host: networks, jumps, and all that an ssh_config may say of them.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::lab::far::Far;
use crate::lab::hosts::Host;
use crate::lab::relay::Relay;
use crate::lab::{Lab, Options, need, ran};
use crate::matrix::{ALL, Row, hosts, lab, with_far, with_way};

fn plain() -> Lab {
    with_far(Far { guest: true, ..Far::default() })
}

/// Through a relay: its port in the place of the server's.
pub fn through(lab: Lab, relay: &Relay) -> Lab {
    with_way(lab, |lab, config| {
        let (from, to) = (format!("Port {}\n", lab.port()), format!("Port {}\n", relay.port));
        config.replace(&from, &format!("{to}  HostKeyAlias {}\n", lab.host_key_alias()))
    })
}

/// By a jump host, which is the same server once more.
fn jump() -> Lab {
    with_way(plain(), |_, config| {
        format!("{}{config}  ProxyJump gate\n", config.replace("Host lab", "Host gate"))
    })
}

fn proxy_command() -> Lab {
    need("socat", "socat");
    with_way(plain(), |_, config| format!("{config}  ProxyCommand socat - TCP:127.0.0.1:%p\n"))
}

/// What the user says of the host is in a file that another includes, behind a `Match`; the names in
/// known_hosts are hashed.
fn include_and_match() -> Lab {
    with_way(plain(), |lab, config| {
        let included = lab.path("included");
        fs::write(&included, config.replace("Host lab", "Match originalhost lab exec true"))
            .unwrap();
        let known = lab.path("known_hosts");
        ran(Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&known));
        assert!(fs::read_to_string(known).unwrap().starts_with("|1|"));
        format!("Include {}\nHost other\n  Port 1\n", included.display())
    })
}

/// Both ends are known by certificates of one authority.
fn certificates() -> Lab {
    let server = "AuthorizedKeysFile none\nTrustedUserCAKeys /mnt/authority.pub\n\
                  HostCertificate /mnt/host_key-cert.pub\n";
    let far = Far { guest: true, ..Far::default() };
    let mut lab = lab(Options { server, far: Some(far), ..Options::default() });
    let keygen = |arguments: &[&str]| ran(Command::new("ssh-keygen").arg("-q").args(arguments));
    let at = |name: &str| lab.path(name).display().to_string();
    let authority = at("home/authority");
    keygen(&["-t", "ed25519", "-N", "", "-f", &authority]);
    let sign = ["-s", &authority, "-I", "tests", "-n"];
    keygen(&[&sign[..], &["guest", &at("client_key.pub")]].concat());
    keygen(&[&sign[..], &["127.0.0.1", "-h", &at("host_key.pub")]].concat());
    fs::copy(lab.path("host_key-cert.pub"), lab.path("home/host_key-cert.pub")).unwrap();
    let authority = fs::read_to_string(lab.path("home/authority.pub")).unwrap();
    fs::write(lab.path("known_hosts"), format!("@cert-authority * {authority}")).unwrap();
    lab.stop_listening();
    lab.listen_again();
    lab
}

/// The key is in an agent and nowhere else.
fn agent() -> Lab {
    let mut lab = plain();
    let socket = lab.path("agent");
    let mut command = Command::new(need("ssh-agent", "openssh-client"));
    command.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null());
    lab.helpers.push(command.spawn().unwrap());
    let deadline = Instant::now() + Duration::from_secs(10);
    while !socket.exists() {
        assert!(Instant::now() < deadline, "the agent does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    let key = lab.path("client_key");
    ran(Command::new("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket));
    fs::remove_file(key).unwrap();
    with_way(lab, |lab, config| {
        let agent = format!("IdentityAgent {}", lab.path("agent").display());
        config.replace("IdentityAgent none", &agent).replace("IdentitiesOnly yes", "")
    })
}

hosts! {
    an_address_of_ipv6: Row {
        host: "IPv6",
        lab: || {
            let host = Host { address: "::1".into(), ..Host::default() };
            let far = Far { guest: true, ..Far::default() };
            lab(Options { host, far: Some(far), ..Options::default() })
        },
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "",
    },
    a_round_trip_of_50_ms: Row {
        host: "a round trip of 50 ms",
        lab: || {
            let lab = plain();
            let relay = Relay::new(lab.port(), Relay::far_away());
            through(lab, &relay)
        },
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "the report names the window where that is the limit",
    },
    a_jump_host: Row {
        host: "a jump host (ProxyJump, -J)",
        lab: jump,
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &["the client's CPU includes that tunnel"],
        note: "the client's CPU carries the outer tunnel: the report says so",
    },
    a_proxy_command: Row {
        host: "a ProxyCommand",
        lab: proxy_command,
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &["the client's CPU includes that tunnel"],
        note: "as with a jump host",
    },
    includes_matches_and_hashed_names: Row {
        host: "ports, aliases, Include, Match, hashed known_hosts",
        lab: include_and_match,
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "as ssh has them",
    },
    certificates_of_both_ends: Row {
        host: "certificates of user and host",
        lab: certificates,
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "",
    },
    a_key_in_an_agent: Row {
        host: "an agent",
        lab: agent,
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "one that asks at each use is named at the first connection",
    },
}
