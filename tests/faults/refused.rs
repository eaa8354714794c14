//! Bad input, and hosts that refuse: messages, exit codes, and what is left behind.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::case::kill;
use crate::testbed::{
    ACCOUNT, GCM, Options, PROGRAM, Run, Testbed, children, command_line, measured, need_root,
};

#[test]
fn an_unreachable_host_is_named_with_a_remedy() {
    let testbed = Testbed::new();
    testbed.run(&["no-such-host.invalid"]).assert_refused(&["no-such-host.invalid", "HostName"]);
    let run = testbed.run(&["127.0.0.1", "-p", "1"]);
    run.assert_refused(&["127.0.0.1 refused the connection", "-p PORT"]);
    testbed.assert_nothing_left();
}

#[test]
fn keys_are_checked_on_both_sides() {
    let testbed = Testbed::new();
    let known = fs::read_to_string(testbed.path("known_hosts")).unwrap();
    fs::write(testbed.path("known_hosts"), "").unwrap();
    let target = testbed.target();
    testbed.run(&[&target]).assert_refused(&["not known", "run 'ssh testbed' once by hand"]);
    // The client's key in the place of the host's is a changed key.
    let other = fs::read_to_string(testbed.path("client_key.pub")).unwrap();
    let place = known.split_whitespace().next().unwrap();
    fs::write(testbed.path("known_hosts"), format!("{place} {other}")).unwrap();
    testbed.run(&[&target]).assert_refused(&["CHANGED", "ssh-keygen -R"]);
    fs::write(testbed.path("known_hosts"), known).unwrap();
    fs::rename(testbed.path("client_key"), testbed.path("elsewhere")).unwrap();
    testbed.run(&[&target]).assert_refused(&["ssh-copy-id testbed", "BatchMode"]);
    testbed.assert_nothing_left();
}

#[test]
fn an_unusable_file_is_refused_before_connecting() {
    let testbed = Testbed::with(Options { server: "LogLevel VERBOSE\n", ..Options::default() });
    fs::write(testbed.path("empty"), "").unwrap();
    let target = testbed.target();
    let refused = |file: &Path, words: &[&str]| {
        testbed.run(&[target.as_ref(), file.as_os_str()]).assert_refused(words);
    };
    refused(&testbed.path("none"), &["none", "can't be read"]);
    refused(&testbed.path("tmp"), &["is a directory"]);
    refused(&testbed.path("empty"), &["is empty"]);
    assert_eq!(testbed.server_log().matches("Connection from").count(), 0);
    testbed.assert_nothing_left();
}

#[test]
fn an_unreadable_file_is_refused() {
    need_root();
    let testbed = Testbed::with(Options { ordinary: true, ..Options::default() });
    let file = testbed.file("secret", 1000);
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let program = testbed.path("program");
    fs::copy(PROGRAM, &program).unwrap();
    let mut command = Command::new("runuser");
    command.args(["-u", ACCOUNT, "--"]).arg(&program).args(["testbed"]).arg(&file);
    Run::of(command.output().unwrap()).assert_refused(&["secret", "Permission denied"]);
}

#[test]
fn an_unusable_directory_is_named() {
    let testbed = Testbed::new();
    let missing = format!("{}/none", testbed.target());
    testbed.run(&[&missing]).assert_refused(&["remote/none on testbed", "testbed:DIRECTORY"]);
    need_root();
    let small = testbed.path("remote/small");
    fs::create_dir(&small).unwrap();
    let mount = |arguments: &[&str]| {
        let status = Command::new(arguments[0]).args(&arguments[1..]).arg(&small).status();
        assert!(status.unwrap().success());
    };
    mount(&["mount", "-t", "tmpfs", "-o", "size=2m", "none"]);
    let target = format!("{}/small", testbed.target());
    let run = testbed.run(&["--method", "sftp", &target]);
    mount(&["mount", "-o", "remount,ro"]);
    let read_only = testbed.run(&[&target]);
    mount(&["umount"]);
    run.assert_refused(&["2 MiB free", "--limit"]);
    read_only.assert_refused(&["small on testbed", "Read-only"]);
    testbed.assert_nothing_left();
}

#[test]
fn an_ordinary_account_may_not_write_everywhere() {
    need_root();
    let testbed = Testbed::with(Options { ordinary: true, ..Options::default() });
    testbed.run(&["testbed:/usr"]).assert_refused(&[
        "/usr on testbed",
        "Permission denied",
        "testbed:DIRECTORY",
    ]);
}

#[test]
fn an_unusable_cipher_is_refused_before_the_survey() {
    let server = "Ciphers aes256-ctr\n";
    let testbed = Testbed::with(Options { server, ..Options::default() });
    let target = testbed.target();
    let run = testbed.run(&["--ciphers", "aes128-ctr", &target]);
    run.assert_refused(&[
        "aes128-ctr",
        "the server does not offer it",
        "both ends support aes256-ctr",
    ]);
    let run = testbed.run(&["--ciphers", "rot13", &target]);
    run.assert_refused(&["the client openssh does not support the cipher rot13", "aes256-ctr"]);
    let run = testbed.run(&["--skip", "aes256-ctr", &target]);
    run.assert_refused(&["no cipher is left", "--skip"]);
    // ssh itself finds no common cipher where the user's configuration allows one only.
    let run = testbed.run(&["-o", "Ciphers=aes128-ctr", &target]);
    run.assert_refused(&[
        "testbed and the client have no algorithm in common",
        "cipher-survey list testbed",
    ]);
    assert!(testbed.journals().is_empty());
    testbed.assert_nothing_left();
}

#[test]
fn odd_file_names_work() {
    let odd: [&[u8]; 6] =
        [b"with space", b"it's \"quoted\"", b"-dash", b"a:b", b"[x]*?{y}", b"\xff\xfe~!$(id)"];
    std::thread::scope(|scope| {
        for name in odd {
            scope.spawn(move || is_a_name(OsStr::from_bytes(name)));
        }
    });
}

/// Of FILE and of a remote directory.
fn is_a_name(name: &OsStr) {
    let testbed = Testbed::new();
    let remote = testbed.path("remote").join(name);
    fs::create_dir(&remote).unwrap();
    fs::copy("/etc/passwd", testbed.directory.path().join(name)).unwrap();
    let target = [b"testbed:".as_slice(), remote.as_os_str().as_bytes()].concat();
    let mut command = testbed.program();
    command
        .args(["--method", "scp,sftp,pipe", "--sink", "file", "--rounds", "1", "--full"])
        .args(["--ciphers", GCM, "--format", "json", "--ssh-config"])
        .arg(testbed.path("ssh_config"))
        .args([OsStr::from_bytes(&target), OsStr::new("--")]);
    // A name that begins with a dash, from where it lies.
    command.current_dir(testbed.directory.path()).arg(name);
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{name:?}: {run:?}");
    let survey: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(measured(&survey).len(), 6, "{name:?}");
    testbed.assert_nothing_left();
}

/// A survey of three samples, in the background.
fn survey_of_three(testbed: &Testbed, more: &[&str]) -> Child {
    let mut command = testbed.program();
    command
        .args(["--method", "pipe", "--directions", "upload", "--rounds", "3", "--format", "json"])
        .args(["--ciphers", GCM])
        .args(more)
        .arg(testbed.target())
        .arg("--ssh-config")
        .arg(testbed.path("ssh_config"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// It has measured all three.
fn has_measured_three(survey: Child) -> (Value, Run) {
    let run = Run::of(survey.wait_with_output().unwrap());
    assert_eq!(run.code, Some(0), "{run:?}");
    let survey: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(measured(&survey).len(), 3, "{run:?}");
    (survey, run)
}

/// The client program of a survey's control connection: the one with a verbose log.
fn control_client(survey: &Child) -> u32 {
    let is_control = |pid: &u32| command_line(*pid).contains(" -vv ");
    children(survey.id()).into_iter().find(is_control).expect("the control connection's client")
}

/// As after a broken link: the remote shell does not notice that its client is gone.
#[test]
fn a_broken_link_does_not_lock_the_survey_out() {
    let testbed = Testbed::new();
    let survey = survey_of_three(&testbed, &[]);
    testbed.wait_for_round();
    let owner = || fs::read_to_string(testbed.path("remote/.cipher-survey/owner")).unwrap();
    let (before, session) = (owner(), testbed.sessions()[0]);
    kill("-STOP", session);
    kill("-KILL", control_client(&survey));
    let deadline = Instant::now() + Duration::from_secs(20);
    while fs::read_to_string(testbed.path("remote/.cipher-survey/owner"))
        .is_ok_and(|now| now == before)
    {
        assert!(Instant::now() < deadline, "the lock was not taken over: {before}");
        std::thread::sleep(Duration::from_millis(50));
    }
    has_measured_three(survey);
    assert!(!testbed.path("remote/.cipher-survey").exists());
    // Its shell is gone; it itself can only end once it runs again.
    kill("-CONT", session);
    testbed.assert_nothing_left();
}

/// The wrapper refuses one connection of a run, the first: it puts a chunk for downloads in place.
#[test]
fn a_refusal_while_a_file_is_copied_is_retried() {
    let testbed = Testbed::new();
    let (client, refused) = (testbed.path("client"), testbed.path("refused"));
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *' -v '*) [ -e {0} ] || {{ : > {0}\n\
         echo 'ssh: connect to host testbed port 22: Connection refused' >&2; exit 255; }};; esac\n\
         exec ssh \"$@\"\n",
        refused.display()
    );
    fs::write(&client, script).unwrap();
    fs::set_permissions(&client, PermissionsExt::from_mode(0o755)).unwrap();
    let base = ["--method", "scp", "--directions", "download", "--rounds", "1", "--format", "json"];
    let how = ["--ciphers", GCM, "--limit", "4MiB", "--client", client.to_str().unwrap()];
    let run = testbed.run(&[&base[..], &how, &[&testbed.target()]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(refused.exists() && run.stderr.contains("refused the connection"), "{run:?}");
    let survey: Value = serde_json::from_str(&run.stdout).unwrap();
    let samples = survey["samples"].as_array().unwrap();
    assert!(samples.iter().all(|sample| sample["outcome"] == "measured"), "{run:?}");
    testbed.assert_nothing_left();
}

#[test]
fn a_second_survey_says_who_holds_the_lock() {
    let testbed = Testbed::new();
    let mut command = testbed.program();
    command
        .args(["--method", "pipe", "--ciphers", GCM, "-q", &testbed.target(), "--ssh-config"])
        .arg(testbed.path("ssh_config"))
        .stdout(Stdio::null());
    let mut first = command.spawn().unwrap();
    testbed.wait_for_round();
    let run = testbed.run(&[&testbed.target()]);
    run.assert_refused(&[
        "another survey of testbed is running",
        "since",
        "only one may run at a time",
    ]);
    assert!(first.wait().unwrap().success());
    testbed.assert_nothing_left();

    // A directory that nobody holds any more is taken over, a foreign one is not touched.
    let ours = testbed.path("remote/.cipher-survey");
    fs::create_dir(&ours).unwrap();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let owner = format!("cipher-survey {} {} 999999 1 token by x\n", host.trim(), boot.trim());
    fs::write(ours.join("owner"), owner).unwrap();
    let base = ["--method", "pipe", "--ciphers", GCM, "--rounds", "1"];
    testbed.survey(&[&base[..], &[&testbed.target()]].concat());
    testbed.assert_nothing_left();
    fs::create_dir(&ours).unwrap();
    fs::write(ours.join("precious"), "x").unwrap();
    testbed
        .run(&[&base[..], &[&testbed.target()]].concat())
        .assert_refused(&["was not created by cipher-survey"]);
    assert!(ours.join("precious").exists());
}

#[test]
fn a_server_that_refuses_for_a_while_is_retried() {
    let mut testbed = Testbed::new();
    let survey = survey_of_three(&testbed, &[]);
    testbed.wait_for_round();
    // The listener goes; the server processes of the control connection and of the present sample's stay.
    testbed.stop_listening();
    std::thread::sleep(Duration::from_secs(5));
    testbed.listen_again();
    let (survey, run) = has_measured_three(survey);
    assert!(
        run.stderr.contains("testbed refused the connection") && run.stderr.contains("waiting")
    );
    let waited: f64 =
        measured(&survey).iter().filter_map(|sample| sample["backoff_s"].as_f64()).sum();
    assert!(waited >= 2.0 && survey["end"]["backoff_s"] == waited, "{waited}");
    testbed.assert_nothing_left();
}
