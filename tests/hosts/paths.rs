//! That the testbed's paths are what they say: time, rate, what is forgotten, what is refused.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::testbed::delay::{Delay, Manner, Rate};
use crate::testbed::remote::Remote;
use crate::testbed::servers::Make;
use crate::testbed::{Options, Testbed};

/// Seconds that a number of bytes takes from the remote end of a path to the local one.
fn transfer_s(path: &Delay, bytes: usize) -> f64 {
    let address = path.address(2);
    let listener = path.inside(|| TcpListener::bind((address.as_str(), 0)).unwrap());
    let at = listener.local_addr().unwrap();
    let sender = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&vec![7; bytes])
    });
    let mut stream = TcpStream::connect(at).unwrap();
    let begun = Instant::now();
    let mut block = vec![0; 1 << 18];
    let mut left = bytes;
    while left > 0 {
        let read = stream.read(&mut block).unwrap();
        assert!(read > 0 && block[..read].iter().all(|byte| *byte == 7));
        left -= read;
    }
    sender.join().unwrap().unwrap();
    begun.elapsed().as_secs_f64()
}

/// The shortest of several times to connect.
fn connect_ms(path: &Delay) -> f64 {
    let address = path.address(2);
    let listener = path.inside(|| TcpListener::bind((address.as_str(), 0)).unwrap());
    let at = listener.local_addr().unwrap();
    let once = || {
        let begun = Instant::now();
        TcpStream::connect(at).unwrap();
        begun.elapsed().as_secs_f64() * 1000.0
    };
    (0..8).map(|_| once()).fold(f64::INFINITY, f64::min)
}

#[test]
fn a_path_takes_its_time_and_another_beside_it_takes_its_own() {
    let of = |ms| Delay::new(Manner::round_trip(Duration::from_millis(ms)));
    let (one, other) = (of(50), of(10));
    let times = [connect_ms(&one), connect_ms(&other)];
    assert!((50.0..55.0).contains(&times[0]) && (10.0..15.0).contains(&times[1]), "{times:?}");
}

#[test]
fn a_path_without_delay_is_faster_than_any_cipher_needs() {
    let path = Delay::new(Manner::default());
    // The machine may be busy for a while.
    let mut rates = Vec::new();
    while rates.iter().all(|rate| *rate < 100.0) {
        assert!(rates.len() < 8, "MB/s: {rates:?}");
        rates.push(64.0 / transfer_s(&path, 64_000_000));
    }
}

#[test]
fn a_path_with_a_rate_holds_it() {
    let rate = Some(Rate::of(1e6));
    let path = Delay::new(Manner { delay: Duration::from_millis(100), rate, ..Manner::default() });
    let time_s = transfer_s(&path, 2_000_000);
    eprintln!("2 MB in {time_s:.2} s");
    assert!((1.9..8.0).contains(&time_s), "{time_s} s");
}

#[test]
fn a_path_leaves_nothing_even_after_a_panic() {
    let path = Delay::new(Manner::default());
    let name = path.name().to_owned();
    let places =
        [format!("/run/netns/{name}"), format!("/sys/class/net/{name}n")].map(PathBuf::from);
    let there = || places.each_ref().map(|place| place.exists());
    assert_eq!(there(), [true, true]);
    let mut shell = Command::new("ip");
    let mut inside = shell.args(["netns", "exec", &name, "sleep", "600"]).spawn().unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _path = path;
        panic!("as a test that fails");
    }));
    assert!(panicked.is_err());
    let deadline = Instant::now() + Duration::from_secs(10);
    while there() != [false, false] {
        assert!(Instant::now() < deadline, "{:?}", there());
        thread::sleep(Duration::from_millis(20));
    }
    assert!(!inside.wait().unwrap().success(), "it was to be killed");
}

#[test]
fn a_server_behind_a_path_is_reached_from_here() {
    let reached = |make| {
        let path = Delay::new(Manner::round_trip(Duration::from_millis(20)));
        let address = path.address(2);
        let testbed =
            path.testbed(Options { make, remote: Some(Remote::default()), ..Options::default() });
        let said = said(&testbed, "echo $SSH_CONNECTION");
        assert!(said.contains(&address), "{make:?}: {said}");
        testbed.assert_nothing_left();
    };
    reached(Make::OpenSsh);
    reached(Make::Dropbear);
}

fn said(testbed: &Testbed, remote: &str) -> String {
    let output = testbed.client("ssh").args(["testbed", remote]).output().unwrap();
    assert!(output.status.success(), "{output:?}\n{}", testbed.server_log());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_firewall_forgets_what_is_idle_and_nothing_else() {
    let forgotten_after = Some(Duration::from_secs(2));
    let path = Delay::new(Manner { forgotten_after, ..Manner::default() });
    let address = path.address(2);
    let listener = path.inside(|| TcpListener::bind((address.as_str(), 0)).unwrap());
    let at = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    let connect = || {
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        stream
    };
    let answers = |mut stream: &TcpStream| {
        stream.write_all(b"?").unwrap();
        stream.read(&mut [0]).is_ok_and(|read| read == 1)
    };
    let (idle, kept) = (connect(), connect());
    for _ in 0..6 {
        assert!(answers(&kept));
        thread::sleep(Duration::from_millis(500));
    }
    assert!(!answers(&idle), "forgotten after 3 s");
    assert!(answers(&connect()), "another connection passes");
}
