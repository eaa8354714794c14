//! That servers and relays of the testbed bear as little as they say, and count.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::networks::through;
use crate::testbed::relay::Relay;
use crate::testbed::remote::Remote;
use crate::testbed::servers::Make;
use crate::testbed::{Options, Testbed, limits, ran};

fn with(server: &str) -> Testbed {
    let remote = Remote { guest: true, ..Remote::default() };
    Testbed::with(Options { server, remote: Some(remote), ..Options::default() })
}

fn within(time: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + time;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {time:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const SOON: Duration = Duration::from_secs(20);

/// A connection, and what the server greets it with; nothing where it is refused.
fn greeted(port: u16) -> (TcpStream, String) {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut line = String::new();
    let _ = BufReader::new(&stream).read_line(&mut line);
    (stream, line)
}

fn is_accepted(greeting: &str) -> bool {
    greeting.starts_with("SSH-2.0-")
}

#[test]
fn one_login_at_a_time() {
    let testbed = with(limits::ONE_LOGIN_AT_A_TIME);
    let (first, greeting) = greeted(testbed.port());
    assert!(is_accepted(&greeting), "{greeting}");
    let (_second, greeting) = greeted(testbed.port());
    assert!(!is_accepted(&greeting), "{greeting}");
    drop(first);
    let login = || testbed.client("ssh").args(["testbed", "true"]).output().unwrap();
    within(SOON, "a login once the first is gone", || login().status.success());
}

#[test]
fn a_client_that_does_not_answer_is_disconnected() {
    let testbed = with(limits::CLIENT_ALIVE);
    let open = || {
        let mut command = testbed.client("ssh");
        let client = command
            .args(["testbed", "echo here; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut client = client.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(client.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "here\n");
        client
    };
    let (mut idle, mut stopped) = (open(), open());
    ran(Command::new("kill").args(["-STOP", &stopped.id().to_string()]));
    within(SOON, "one connection is left", || testbed.sessions().len() == 1);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(testbed.sessions().len(), 1);
    assert!(idle.try_wait().unwrap().is_none());
    for client in [&mut idle, &mut stopped] {
        client.kill().unwrap();
        client.wait().unwrap();
    }
}

#[test]
fn an_idle_channel_is_ended() {
    let testbed = with(limits::IDLE_CHANNELS);
    let output = |command: &str| testbed.client("ssh").args(["testbed", command]).output().unwrap();
    let busy = output("for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.5; done");
    assert!(busy.status.success() && busy.stdout.ends_with(b"8\n"), "{busy:?}");
    let idle = output("echo begun; sleep 8; echo done");
    assert!(!idle.status.success() && idle.stdout == b"begun\n", "{idle:?}");
}

#[test]
fn so_many_connections_at_once() {
    let testbed = with("");
    let relay = Relay::at_most(2, testbed.port());
    let (first, second) = (greeted(relay.port), greeted(relay.port));
    assert!(is_accepted(&first.1) && is_accepted(&second.1), "{} {}", first.1, second.1);
    assert_eq!((greeted(relay.port).1.as_str(), relay.accepted(), relay.refused()), ("", 2, 1));
    drop(first);
    within(SOON, "another is accepted", || is_accepted(&greeted(relay.port).1));
    assert!(relay.accepted() >= 3);
}

#[test]
fn logins_are_counted_by_the_server_and_connections_by_the_relay() {
    for make in [Make::OpenSsh, Make::Dropbear] {
        let remote = Remote { guest: true, ..Remote::default() };
        let testbed = Testbed::with(Options { make, remote: Some(remote), ..Options::default() });
        let relay = Relay::new(testbed.port(), Relay::swift());
        let testbed = through(testbed, &relay);
        assert_eq!((testbed.logins(), relay.accepted()), (0, 0), "{make:?}");
        assert!(is_accepted(&greeted(relay.port).1));
        for _ in 0..3 {
            ran(testbed.client("ssh").args(["testbed", "true"]));
        }
        assert_eq!((testbed.logins(), relay.accepted()), (3, 4), "{}", testbed.server_log());
    }
}
