//! Failures before and after the built-in server starts to listen.

use std::fs;
use std::net::TcpListener;

use super::*;

fn run(arguments: &[&str]) -> Output {
    let directory = directory();
    server(directory.path()).args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn it_listens_on_loopback_addresses_only() {
    for address in ["0.0.0.0", "192.0.2.1", "::"] {
        let said = refused(run(&["--address", address]));
        assert!(said.contains("is not a loopback address"), "{said}");
    }
}

#[test]
fn a_taken_port_is_reported() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refused(run(&["--port", &port]));
    assert!(said.contains(&format!("port {port} of 127.0.0.1 is taken")), "{said}");
}

#[test]
fn an_unknown_cipher_is_refused_with_the_list() {
    let said = refused(run(&["--ciphers", "aes128-ctr,rot13"]));
    assert!(said.contains("russh has no cipher rot13; it has chacha20-poly1305"), "{said}");
    let said = refused(run(&["--macs", "umac-64@openssh.com"]));
    assert!(said.contains("hmac-sha2-256-etm@openssh.com"), "{said}");
}

#[test]
fn unreadable_keys_are_reported() {
    let said = refused(run(&["--host-key", "/nowhere/key"]));
    assert!(said.contains("the host key /nowhere/key can't be read"), "{said}");
    let said = refused(run(&["--authorized-key", "/dev/null"]));
    assert!(said.contains("the authorized key /dev/null can't be read"), "{said}");
}

#[test]
fn only_named_ciphers_are_offered() {
    let server = BuiltInServer::with(&["--ciphers", "aes256-ctr", "--macs", "hmac-sha2-512"]);
    assert_eq!(server.says("echo in"), "in\n");
    let output = server.ssh(&["-o", "LogLevel=INFO", "-c", "aes128-ctr"], "true").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no matching cipher found. Their offer: aes256-ctr"), "{said}");
}

#[test]
fn it_ends_with_its_parent_however_that_ends() {
    let directory = directory();
    let root = directory.path().display();
    // Its standard input stays open: only the death of its parent ends it.
    let script = format!(
        "exec 3<&0; {root}/russh-sshd --host-key {root}/host_key \
         --authorized-key {root}/client_key.pub --user {USER} <&3 & echo $! >{root}/pid; wait"
    );
    let mut parent = Command::new("sh");
    parent.arg("-c").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut parent = parent.spawn().unwrap();
    let port = port(&mut parent);
    // The shell writes it while the server prints its line.
    let said = || fs::read_to_string(directory.path().join("pid")).unwrap_or_default();
    assert!(eventually(|| said().ends_with('\n')));
    let pid: u32 = said().trim().parse().unwrap();
    // A session that does not end by itself.
    let mut client = Command::new(need("ssh", "openssh-client"));
    client.arg("-F").arg("/dev/null").arg("-i").arg(directory.path().join("client_key"));
    client.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]);
    client.args(["-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-o", "IdentityAgent=none"]);
    client.args(["-p", &port.to_string(), &format!("{USER}@127.0.0.1"), "exec sleep 1000"]);
    let mut client = client.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut sessions = Vec::new();
    assert!(eventually(|| {
        sessions = crate::testbed::children(pid);
        !sessions.is_empty()
    }));
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(eventually(|| !lives(pid)), "the server outlived its parent");
    assert!(eventually(|| !lives(sessions[0])), "the session outlived the server");
    assert_eq!(client.wait().unwrap().code(), Some(255));
}

#[test]
fn it_ends_with_its_input_or_a_signal_and_ends_its_sessions() {
    for told in [false, true] {
        let mut server = BuiltInServer::new();
        let cleaned = server.path("cleaned");
        let mut tidy = server.ssh(&[], &format!("cat; touch {}", cleaned.display()));
        let mut tidy = tidy.stdin(Stdio::piped()).spawn().unwrap();
        let mut deaf = server.ssh(&[], "exec sleep 1000").spawn().unwrap();
        let pid = server.server.id();
        let mut sessions = Vec::new();
        assert!(eventually(|| {
            sessions = crate::testbed::children(pid);
            sessions.len() == 2
        }));
        match told {
            true => ran(Command::new("kill").arg(pid.to_string())),
            false => drop(server.stdin.take()),
        }
        assert!(ends(&mut server.server));
        assert_eq!(server.server.wait().unwrap().code(), Some(0));
        assert!(sessions.iter().all(|&session| !lives(session)));
        // Their input ended first, so that they could clean up.
        assert!(cleaned.exists());
        for client in [&mut tidy, &mut deaf] {
            assert_eq!(client.wait().unwrap().code(), Some(255));
        }
    }
}

#[test]
fn the_sessions_of_a_killed_server_end() {
    let mut server = BuiltInServer::new();
    let mut client = server.ssh(&[], "exec sleep 1000").spawn().unwrap();
    let mut sessions = Vec::new();
    assert!(eventually(|| {
        sessions = crate::testbed::children(server.server.id());
        !sessions.is_empty()
    }));
    server.server.kill().unwrap();
    assert!(eventually(|| !lives(sessions[0])));
    assert_eq!(client.wait().unwrap().code(), Some(255));
}
