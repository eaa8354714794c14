//! Ways to a host: networks, jumps, and all that an ssh_config may say of them.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::distance::far;
use crate::matrix::{ALL, Outcome, Row, Server, hosts, testbed, with_remote, with_way};
use crate::testbed::hosts::Host;
use crate::testbed::relay::Relay;
use crate::testbed::remote::Remote;
use crate::testbed::{Options, Testbed, need, ran};

fn plain() -> Testbed {
    with_remote(Remote { guest: true, ..Remote::default() })
}

/// Through a relay: its port in the place of the server's.
pub fn through(testbed: Testbed, relay: &Relay) -> Testbed {
    with_way(testbed, |testbed, config| {
        let (from, to) = (format!("Port {}\n", testbed.port()), format!("Port {}\n", relay.port));
        config.replace(&from, &format!("{to}  HostKeyAlias {}\n", testbed.host_key_alias()))
    })
}

/// By a jump host, which is the same server once more.
fn jump() -> Testbed {
    with_way(plain(), |_, config| {
        format!("{}{config}  ProxyJump gate\n", config.replace("Host testbed", "Host gate"))
    })
}

fn proxy_command() -> Testbed {
    need("socat", "socat");
    with_way(plain(), |_, config| format!("{config}  ProxyCommand socat - TCP:127.0.0.1:%p\n"))
}

/// What the user says of the host is in a file that another includes, behind a `Match`; the names in
/// known_hosts are hashed.
fn include_and_match() -> Testbed {
    with_way(plain(), |testbed, config| {
        let included = testbed.path("included");
        fs::write(
            &included,
            config.replace("Host testbed", "Match originalhost testbed exec true"),
        )
        .unwrap();
        let known = testbed.path("known_hosts");
        ran(Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&known));
        assert!(fs::read_to_string(known).unwrap().starts_with("|1|"));
        format!("Include {}\nHost other\n  Port 1\n", included.display())
    })
}

/// Both ends are known by certificates of one authority.
fn certificates() -> Testbed {
    let server = "AuthorizedKeysFile none\nTrustedUserCAKeys /mnt/authority.pub\n\
                  HostCertificate /mnt/host_key-cert.pub\n";
    let remote = Remote { guest: true, ..Remote::default() };
    let mut testbed = testbed(Options { server, remote: Some(remote), ..Options::default() });
    let keygen = |arguments: &[&str]| ran(Command::new("ssh-keygen").arg("-q").args(arguments));
    let at = |name: &str| testbed.path(name).display().to_string();
    let authority = at("home/authority");
    keygen(&["-t", "ed25519", "-N", "", "-f", &authority]);
    let sign = ["-s", &authority, "-I", "tests", "-n"];
    keygen(&[&sign[..], &["guest", &at("client_key.pub")]].concat());
    keygen(&[&sign[..], &["127.0.0.1", "-h", &at("host_key.pub")]].concat());
    fs::copy(testbed.path("host_key-cert.pub"), testbed.path("home/host_key-cert.pub")).unwrap();
    let authority = fs::read_to_string(testbed.path("home/authority.pub")).unwrap();
    fs::write(testbed.path("known_hosts"), format!("@cert-authority * {authority}")).unwrap();
    testbed.stop_listening();
    testbed.listen_again();
    testbed
}

/// The key is in an agent and nowhere else.
fn agent() -> Testbed {
    let mut testbed = plain();
    let socket = testbed.path("agent");
    let mut command = Command::new(need("ssh-agent", "openssh-client"));
    command.arg("-D").arg("-a").arg(&socket).stdout(Stdio::null());
    testbed.helpers.push(command.spawn().unwrap());
    let deadline = Instant::now() + Duration::from_secs(10);
    while !socket.exists() {
        assert!(Instant::now() < deadline, "the agent does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    let key = testbed.path("client_key");
    ran(Command::new("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket));
    fs::remove_file(key).unwrap();
    with_way(testbed, |testbed, config| {
        let agent = format!("IdentityAgent {}", testbed.path("agent").display());
        config.replace("IdentityAgent none", &agent).replace("IdentitiesOnly yes", "")
    })
}

hosts! {
    an_address_of_ipv6: Row {
        host: "IPv6",
        testbed: || {
            let host = Host { address: "::1".into(), ..Host::default() };
            let remote = Remote { guest: true, ..Remote::default() };
            testbed(Options { host, remote: Some(remote), ..Options::default() })
        },
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "",
    },
    a_round_trip_of_50_ms: Row {
        host: "a round trip of 50 ms",
        testbed: || far(50, None),
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "slices of 20 round trips, each behind a lead-in; the report names the window where that is the bottleneck",
    },
    a_round_trip_of_200_ms_and_1_mb_per_s: Row {
        host: "a round trip of 200 ms, 1 MB/s",
        testbed: || far(200, Some(1e6)),
        arguments: &["--method", "sftp,pipe", "--directions", "upload"],
        outcome: Outcome::Surveyed { methods: &["sftp", "pipe"], server: Server::Process },
        says: &[],
        note: "where three rounds do not fit the budget fewer ciphers are compared, and that is said before",
    },
    a_link_of_100_mbit_per_s: Row {
        host: "100 Mbit/s",
        testbed: || far(2, Some(12.5e6)),
        arguments: &["--directions", "download"],
        outcome: ALL,
        says: &[],
        note: "",
    },
    a_jump_host: Row {
        host: "a jump host (ProxyJump, -J)",
        testbed: jump,
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &["the client CPU includes that tunnel"],
        note: "the client's CPU includes the outer tunnel: the report says so",
    },
    a_proxy_command: Row {
        host: "a ProxyCommand",
        testbed: proxy_command,
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &["the client CPU includes that tunnel"],
        note: "as with a jump host",
    },
    includes_matches_and_hashed_names: Row {
        host: "ports, aliases, Include, Match, hashed known_hosts",
        testbed: include_and_match,
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "as ssh has them",
    },
    certificates_of_both_ends: Row {
        host: "certificates of user and host",
        testbed: certificates,
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "",
    },
    a_key_in_an_agent: Row {
        host: "an agent",
        testbed: agent,
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "one that asks at each use is named at the first connection",
    },
}
