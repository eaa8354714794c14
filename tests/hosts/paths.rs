//! That the testbed's paths are what they say: time, rate, what is forgotten, what is refused.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::testbed::delay::{Delay, Manner, Rate};
use crate::testbed::remote::Remote;
use crate::testbed::servers::Make;
use crate::testbed::{Options, Testbed};

/// Seconds that a number of bytes takes from the remote end of a path to the local one, once so many others
/// have come.
fn transfer_s(path: &Delay, before: usize, bytes: usize) -> f64 {
    let address = path.address(2);
    let listener = path.inside(|| TcpListener::bind((address.as_str(), 0)).unwrap());
    let at = listener.local_addr().unwrap();
    let sender = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&vec![7; before + bytes])
    });
    let mut stream = TcpStream::connect(at).unwrap();
    let mut begun = Instant::now();
    let mut block = vec![0; 1 << 18];
    let mut left = before + bytes;
    while left > 0 {
        if left >= bytes {
            begun = Instant::now();
        }
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

/// What it could pass on with a core of its own, whatever else this machine does meanwhile.
#[test]
fn a_path_without_delay_is_faster_than_any_cipher_needs() {
    let path = Delay::new(Manner::default());
    let time_s = transfer_s(&path, 0, 100_000_000);
    let rate = 100.0 / path.cpu_s();
    eprintln!("{:.0} MB/s, with a core of its own {rate:.0} MB/s", 100.0 / time_s);
    assert!(rate > 300.0, "{rate} MB/s");
}

#[test]
fn a_path_with_a_rate_holds_it() {
    let rate = Some(Rate::of(1e6));
    let path = Delay::new(Manner { delay: Duration::from_millis(100), rate, ..Manner::default() });
    let time_s = transfer_s(&path, 1_000_000, 2_000_000);
    eprintln!("2 MB in {time_s:.2} s");
    assert!((1.6..6.0).contains(&time_s), "{time_s} s");
}

#[test]
fn a_path_leaves_nothing_even_after_a_panic() {
    let path = Delay::new(Manner::default());
    let name = path.name().to_owned();
    let places =
        [format!("/run/netns/{name}"), format!("/sys/class/net/{name}n")].map(PathBuf::from);
    let there = || places.each_ref().map(|place| place.exists());
    assert_eq!(there(), [true, true]);
    // What is not in the namespace yet would not be found.
    let mut inside = Command::new("ip");
    inside.args(["netns", "exec", &name, "sh", "-c", "echo inside; exec sleep 20"]);
    let mut inside = inside.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(inside.stdout.take().unwrap()).read_line(&mut line).unwrap();
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

/// Seconds that an upload of a number of bytes takes, until the remote command has read them.
fn upload_s(testbed: &Testbed, bytes: u64) -> f64 {
    let file = testbed.file("sent", bytes);
    let mut ssh = testbed.client("ssh");
    // `begun` comes when all that is before the transfer is over.
    ssh.args(["testbed", "echo begun; exec cat > /dev/null"]).stdin(Stdio::piped());
    let mut client = ssh.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(client.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "begun\n");
    let begun = Instant::now();
    let mut input = client.stdin.take().unwrap();
    std::io::copy(&mut File::open(file).unwrap(), &mut input).unwrap();
    drop(input);
    assert!(client.wait().unwrap().success());
    begun.elapsed().as_secs_f64()
}

/// A Dropbear whose packets need 20 ms for a round trip.
fn distant_dropbear(server: &str) -> Testbed {
    let path = Delay::new(Manner::round_trip(Duration::from_millis(20)));
    let remote = Some(Remote { shell: "/bin/sh", ..Remote::default() });
    path.testbed(Options { make: Make::Dropbear, server, remote, ..Options::default() })
}

/// Dropbear's window is 24576 bytes where nothing else is said (`-W`): so much is under way at most.
#[test]
fn a_window_is_full_once_in_each_round_trip() {
    let rate = |server| 2e6 / upload_s(&distant_dropbear(server), 2_000_000);
    let (small, large) = (rate(""), rate("-W 1000000"));
    eprintln!("MB/s: {:.2} and {:.2}", small / 1e6, large / 1e6);
    assert!(small < 24576.0 / 0.020 * 1.05, "{small}");
    assert!(large > small * 1.5, "{large} and {small}");
}

/// The server's own window is the bottleneck, not the network, and with what to do about it.
#[test]
fn a_small_window_of_the_server_is_named() {
    let testbed = distant_dropbear("");
    let base = ["--method", "pipe", "--directions", "upload", "--rounds", "1"];
    let ciphers = "aes128-ctr,chacha20-poly1305@openssh.com";
    let survey = testbed.survey(&[&base[..], &["--ciphers", ciphers, &testbed.target()]].concat());
    assert_eq!(survey["header"]["pairings"][0]["server_window_bytes"], 24576);
    let rows = survey["summary"]["tables"][0]["sections"][0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{survey}");
    for row in rows {
        let bottleneck = &row["bottleneck"];
        assert_eq!(bottleneck["kind"], "window", "{bottleneck}");
        let evidence = bottleneck["evidence"].as_str().unwrap();
        assert!(evidence.contains("of the 24 KiB that the server's window allows"), "{evidence}");
    }
    let warnings = survey["summary"]["warnings"].as_array().unwrap();
    let window = warnings.iter().find(|warning| warning["kind"] == "window").unwrap();
    assert!(window["remedy"].as_str().unwrap().contains("RecvWindowSize"), "{window}");
    testbed.assert_nothing_left();
}
