//! That hosts without SFTP, without a program, with another dd, and an old client are what they say.

use std::fs;
use std::process::{Command, Output};

use crate::testbed::remote::programs::{Dd, Programs, with_dd, without};
use crate::testbed::remote::{Remote, sftp};
use crate::testbed::{Options, Testbed, old_client};

fn ssh(testbed: &Testbed, remote: &str) -> Output {
    testbed.client("ssh").args(["testbed", remote]).output().unwrap()
}

/// Standard output and standard error of a remote command that succeeds.
fn said(testbed: &Testbed, remote: &str) -> (String, String) {
    let output = ssh(testbed, remote);
    assert!(output.status.success(), "{remote}: {output:?}\n{}", testbed.server_log());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

/// Fetches a file by sftp.
fn sftp_get(testbed: &Testbed) -> Output {
    fs::write(testbed.path("remote/file"), "some text").unwrap();
    let directory = testbed.target().split_once(':').unwrap().1.to_owned();
    let (from, to) = (format!("testbed:{directory}/file"), testbed.path("fetched"));
    testbed.client("sftp").arg(from).arg(to).output().unwrap()
}

fn assert_no_sftp(options: Options, words: &str) {
    let testbed = Testbed::with(options);
    let output = sftp_get(&testbed);
    assert!(!output.status.success(), "{output:?}\n{}", testbed.server_log());
    // sftp may end before what the server says has been printed.
    let output = testbed.client("ssh").args(["-s", "testbed", "sftp"]).output().unwrap();
    let told = [&*output.stdout, &output.stderr].concat();
    let told = format!("{}{}", String::from_utf8_lossy(&told), output.status);
    assert!(told.contains(words), "{words} is not in {told}");
    let (text, _) = said(&testbed, "cat; echo $((6 * 7))");
    assert!(text.ends_with("42\n"), "{text}");
    testbed.assert_nothing_left();
}

#[test]
fn hosts_without_sftp_have_a_shell_all_the_same() {
    assert_no_sftp(sftp::program_missing(), "exit status: 127");
    assert_no_sftp(sftp::no_subsystem(), "subsystem request failed");
    assert_no_sftp(sftp::dropbear_without(), "/usr/lib/sftp-server");
    assert_no_sftp(sftp::printing_account(), "welcome");
}

#[test]
fn an_account_for_sftp_alone_has_no_shell() {
    let testbed = Testbed::with(sftp::alone());
    let output = sftp_get(&testbed);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_to_string(testbed.path("fetched")).unwrap(), "some text");
    let output = ssh(&testbed, "echo here");
    assert!(!output.status.success() && output.stdout != b"here\n", "{output:?}");
}

#[test]
fn a_host_without_a_program_has_it_nowhere() {
    for tool in ["dd", "cat", "rm", "mkdir", "wc", "head", "grep", "sed", "sleep"] {
        let testbed = Remote { guest: true, change: &without(tool), ..Remote::default() }.testbed();
        for name in [tool.to_owned(), format!("/bin/{tool}"), format!("/usr/bin/{tool}")] {
            let output = ssh(&testbed, &format!("{name} < /dev/null"));
            assert_eq!(output.status.code(), Some(127), "{name}: {output:?}");
        }
        let others = "id -u; stat -c %s /dev/null; touch /tmp/. && echo fine";
        assert_eq!(said(&testbed, others).0, "4711\n0\nfine\n", "{tool}");
        // It is a matter of the host; this machine stays as it is.
        crate::testbed::need(tool, "coreutils");
    }
}

#[test]
fn a_host_whose_listener_starts_again_is_as_it_was() {
    let programs = Programs { hidden: &["wc", "sed"], dd: Dd::Bsd };
    let change = programs.change();
    let mut testbed = Remote { guest: true, change: &change, ..Remote::default() }.testbed();
    for _ in 0..2 {
        assert_eq!(ssh(&testbed, "wc /dev/null").status.code(), Some(127));
        assert_eq!(ssh(&testbed, "sed p /dev/null").status.code(), Some(127));
        assert!(said(&testbed, "dd if=/dev/null").1.contains("0 bytes transferred in "));
        testbed.stop_listening();
        testbed.listen_again();
    }
}

fn dd(kind: Dd) -> Testbed {
    Remote { guest: true, change: &with_dd(kind), ..Remote::default() }.testbed()
}

/// Standard error of a dd that moves seven bytes in blocks of three, and passes them on.
fn of_seven(testbed: &Testbed) -> String {
    let (moved, told) = said(testbed, "printf abcdefg | dd bs=3");
    assert_eq!(moved, "abcdefg");
    told
}

#[test]
fn dd_of_gnu_and_of_busybox_know_fullblock() {
    let testbeds = [dd(Dd::Gnu), dd(Dd::BusyBox)];
    for testbed in &testbeds {
        let (moved, told) =
            said(testbed, "{ echo a; sleep 0.2; echo b; } | dd bs=4 count=1 iflag=fullblock");
        assert_eq!(moved, "a\nb\n");
        assert!(told.starts_with("1+0 records in\n1+0 records out\n"), "{told}");
    }
    let [gnu, busybox] = testbeds;
    assert!(of_seven(&gnu).contains("7 bytes copied, "));
    assert!(said(&gnu, "dd --version").0.contains("coreutils"));
    assert!(said(&busybox, "dd --help 2>&1").0.contains("BusyBox"));
}

#[test]
fn dd_of_bsd_knows_no_iflag_and_has_words_of_its_own() {
    let testbed = dd(Dd::Bsd);
    let told = of_seven(&testbed);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[..2], ["2+1 records in", "2+1 records out"]);
    let words: Vec<&str> = lines[2].split(' ').collect();
    assert_eq!((lines.len(), &words[..4]), (3, &["7", "bytes", "transferred", "in"][..]));
    assert!(words[4].parse::<f64>().unwrap() > 0.0 && words[5] == "secs", "{told}");
    let refused = ssh(&testbed, "dd if=/dev/zero count=1 iflag=fullblock");
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&refused.stderr), "dd: unknown operand iflag\n");
    assert!(refused.stdout.is_empty());
    let failed = ssh(&testbed, "dd if=/no/such/file");
    assert_eq!(failed.status.code(), Some(1));
    assert!(failed.stderr.starts_with(b"dd: failed to open '/no/such/file'"), "{failed:?}");
    let (count, _) = said(&testbed, "dd if=/dev/zero bs=65536 count=100 2> /dev/null | wc -c");
    assert_eq!(count, "6553600\n");
}

#[test]
fn an_old_client_has_the_old_protocol_of_scp_alone() {
    let testbed = Remote { guest: true, ..Remote::default() }.testbed();
    let testbed = old_client::first_in_path(testbed);
    let environment = testbed.environment.clone();
    let version = Command::new("ssh").arg("-V").envs(environment).output().unwrap();
    assert!(version.stderr.starts_with(b"OpenSSH_8.2p1 "), "{version:?}");
    let from = testbed.file("some", 5000);
    let scp = |options: &[&str], to: &str| {
        let mut scp = testbed.client("scp");
        scp.args(options).arg(&from).arg(format!("{}/{to}", testbed.target()));
        scp.output().unwrap()
    };
    for options in [&["-s"][..], &["-O"], &["-qO"], &["-o", "LogLevel=ERROR", "-r", "-ps"]] {
        let output = scp(options, "refused");
        assert_eq!(output.status.code(), Some(1));
        let told = String::from_utf8_lossy(&output.stderr);
        let letter = &options[options.len() - 1][options[options.len() - 1].len() - 1..];
        let begin = format!("unknown option -- {letter}\nusage: scp [-346BCpqrTv] ");
        assert!(told.starts_with(&begin), "{told}");
    }
    assert!(!testbed.path("remote/refused").exists() && testbed.logins() == 0);
    let output = scp(&["-p", "-oLogLevel=ERROR", "-l", "80000", "-S", "ssh"], "s-O");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read(testbed.path("remote/s-O")).unwrap(), fs::read(&from).unwrap());
    assert!(!testbed.server_log().contains("subsystem request for sftp"));
}
