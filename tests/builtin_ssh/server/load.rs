//! Many connections, bad connections, and the CPU of the built-in server.

use std::io::Write;
use std::net::{Shutdown, TcpStream};

use super::*;
use crate::testbed::cgroup::Cgroup;

/// How many connections follow each other: CIPHER_SURVEY_TEST_CONNECTIONS, by default 200.
fn many() -> usize {
    std::env::var("CIPHER_SURVEY_TEST_CONNECTIONS").map_or(200, |text| text.parse().unwrap())
}

#[test]
fn many_connections_one_after_another_leave_nothing_behind() {
    let server = BuiltInServer::new();
    let connect = || assert!(server.ssh(&[], "true").status().unwrap().success());
    // Memory that is allocated once.
    (0..20).for_each(|_| connect());
    let before = server.status("VmRSS");
    (0..many()).for_each(|_| connect());
    let after = server.status("VmRSS");
    assert!(after <= before + 4096, "its memory grew from {before} to {after} KiB");
    assert!(eventually(|| crate::testbed::children(server.server.id()).is_empty()));
    assert_eq!(server.status("Threads"), 1);
    // Its sockets and pipes are closed.
    let open = format!("/proc/{}/fd", server.server.id());
    assert!(eventually(|| std::fs::read_dir(&open).unwrap().count() < 20));
}

#[test]
fn fifty_connections_at_once_are_served() {
    let server = BuiltInServer::new();
    let file = server.file("file", 1 << 20);
    let all: Vec<Child> = (0..50)
        .map(|number| {
            let mut ssh = server.ssh(&[], &format!("sha256sum; exit {number}"));
            ssh.stdin(File::open(&file).unwrap()).stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let hash = sha256(&file);
    for (number, child) in all.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(number as i32));
        assert!(output.stdout.starts_with(hash.as_bytes()));
    }
    assert_eq!(server.status("Threads"), 1);
}

#[test]
fn half_open_slow_and_garbage_connections_block_nobody() {
    let server = BuiltInServer::new();
    let connect = || TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let hello = b"SSH-2.0-test\r\n";
    assert_eq!(server.says("echo before"), "before\n");
    let mut before = 0;
    for round in 0..4_u8 {
        // More than may be logging in at once, which send nothing or not enough.
        let half_open: Vec<TcpStream> = (0..150).map(|_| connect()).collect();
        let mut slow = connect();
        for number in 0..50_u32 {
            let mut garbage = connect();
            let seed = number.wrapping_mul(2_654_435_761) + u32::from(round);
            let bytes: Vec<u8> =
                (0..2000_u32).map(|at| (seed.rotate_left(at) ^ at) as u8).collect();
            if number % 2 == 0 {
                // Garbage in place of the key exchange.
                let _ = garbage.write_all(hello);
            }
            // It may have been closed already, which is right.
            let _ = garbage.write_all(&bytes);
            if number % 3 == 0 {
                let _ = garbage.shutdown(Shutdown::Write);
            }
            if number % 5 == 0 {
                // A packet that claims to be huge.
                let mut huge = connect();
                let _ = huge.write_all(hello);
                let _ = huge.write_all(&[0xff; 64]);
            }
            let _ = slow.write_all(&hello[..1]);
        }
        assert_eq!(server.says("echo meanwhile"), "meanwhile\n");
        drop(half_open);
        if round == 0 {
            before = server.status("VmRSS");
        }
    }
    assert_eq!(server.says("echo after"), "after\n");
    let after = server.status("VmRSS");
    assert!(after <= before + 8192, "its memory grew from {before} to {after} KiB");
    assert_eq!(server.status("Threads"), 1);
}

#[test]
fn slow_readers_of_either_side_do_not_fill_its_memory() {
    let server = BuiltInServer::new();
    let mut deaf = server.ssh(&[], "exec sleep 1000");
    let mut deaf = deaf.stdin(File::open("/dev/zero").unwrap()).spawn().unwrap();
    // Its output goes into a pipe that nobody reads.
    let mut unheard = server.ssh(&[], "exec cat /dev/zero");
    let mut unheard = unheard.stdout(Stdio::piped()).spawn().unwrap();
    let mut both = server.ssh(&[], "exec cat");
    let both = both.stdin(File::open("/dev/zero").unwrap()).stdout(Stdio::piped());
    let mut both = both.spawn().unwrap();
    // Others are served meanwhile.
    for _ in 0..20 {
        assert_eq!(server.says("head -c 1000000 /dev/zero | wc -c"), "1000000\n");
    }
    let memory = server.status("VmRSS");
    assert!(memory < 64 * 1024, "{memory} KiB");
    for child in [&mut deaf, &mut unheard, &mut both] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn its_cpu_agrees_with_that_of_its_cgroup() {
    let server = BuiltInServer::new();
    let file = server.file("file", large().max(256 << 20));
    // The commands of its sessions move to another group, which accounts for them.
    let group = Cgroup::with(server.server.id());
    let others = Cgroup::empty("builtin-sessions");
    let apart = format!("echo $$ > {}", others.processes().display());
    let own_s = || {
        let path = format!("/proc/{}/schedstat", server.server.id());
        let text = fs::read_to_string(path).unwrap();
        text.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
    };
    let (own, accounted) = (own_s(), group.cpu_s());
    let mut up =
        server.ssh(&["-c", crate::testbed::CHACHA], &format!("{apart}; exec cat > /dev/null"));
    assert!(up.stdin(File::open(&file).unwrap()).status().unwrap().success());
    let down = format!("{apart}; exec cat {}", file.display());
    let mut down = server.ssh(&["-c", crate::testbed::CHACHA], &down);
    assert!(down.stdout(Stdio::null()).status().unwrap().success());
    let (own, accounted) = (own_s() - own, group.cpu_s() - accounted);
    assert_eq!(server.status("Threads"), 1);
    assert!((own / accounted - 1.0).abs() < 0.1, "{own} s of its own, {accounted} s of the group");
}
