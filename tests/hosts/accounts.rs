//! Accounts and login shells.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::matrix::{ALL, Outcome, Row, Server, hosts, survey, testbed, with_remote};
use crate::testbed::remote::{Remote, sftp};
use crate::testbed::{CHACHA, Options, Testbed, measured, ran, rounds};

/// An ordinary account with a login shell.
fn shell(path: &str, package: &str) -> Testbed {
    crate::testbed::need(path, package);
    with_remote(Remote { guest: true, shell: path, ..Remote::default() })
}

/// An ordinary account whose start-up file for bash holds this.
fn start_up(text: &str) -> Testbed {
    let remote =
        Remote { guest: true, shell: "/bin/bash", home: &[(".bashrc", text)], ..Remote::default() };
    with_remote(remote)
}

/// An account that may do nothing but SFTP, in a directory that is its root.
pub fn sftp_only() -> Testbed {
    testbed(sftp::alone())
}

/// An account without a shell.
fn nologin(server: &str) -> Testbed {
    let remote = Remote { guest: true, shell: "/usr/sbin/nologin", ..Remote::default() };
    testbed(Options { server, remote: Some(remote), ..Options::default() })
}

hosts! {
    root_with_bash: Row {
        host: "root, bash",
        testbed: || with_remote(Remote { shell: "/bin/bash", ..Remote::default() }),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    an_ordinary_account_with_bash: Row {
        host: "bash",
        testbed: || shell("/bin/bash", "bash"),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    dash_as_login_shell: Row {
        host: "dash",
        testbed: || shell("/bin/dash", "dash"),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    zsh_as_login_shell: Row {
        host: "zsh",
        testbed: || shell("/usr/bin/zsh", "zsh"),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    fish_as_login_shell: Row {
        host: "fish",
        testbed: || shell("/usr/bin/fish", "fish"),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    tcsh_as_login_shell: Row {
        host: "csh and tcsh",
        testbed: || shell("/bin/tcsh", "tcsh"),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    rbash_as_login_shell: Row {
        host: "rbash",
        testbed: || shell("/bin/rbash", "bash"),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    busybox_ash_as_login_shell: Row {
        host: "BusyBox ash",
        testbed: || {
            let change = "cp /bin/busybox \"$testbed/home/ash\"";
            with_remote(Remote { guest: true, shell: "/mnt/ash", change, ..Remote::default() })
        },
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    start_up_files_that_take_two_seconds: Row {
        host: "start-up files that take long",
        testbed: || start_up("sleep 2\n"),
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "in the setup",
    },
    start_up_files_that_read: Row {
        host: "start-up files that read standard input",
        testbed: || start_up("read answer\n"),
        arguments: &[],
        outcome: Outcome::Refused(&["start-up file"]),
        says: &[],
        note: "scp and sftp themselves fail there; the remedy is named",
    },
    start_up_files_that_take_all_input: Row {
        host: "start-up files that take all of standard input, or never end",
        testbed: || start_up("cat > /dev/null\n"),
        arguments: &[],
        outcome: Outcome::Refused(&["testbed works", "does not answer", "start-up file"]),
        says: &[],
        note: "told after a minute",
    },
    an_account_for_sftp_alone: Row {
        host: "SFTP alone",
        testbed: sftp_only,
        arguments: &[],
        outcome: Outcome::Surveyed { methods: &["sftp", "scp"], server: Server::Missing("SFTP") },
        says: &["allows SFTP alone"],
        note: "in a chroot; pipe needs a shell",
    },
    no_shell_but_sftp_within_the_server: Row {
        host: "nologin, where the server has SFTP within (internal-sftp)",
        testbed: || nologin("Subsystem sftp internal-sftp\n"),
        arguments: &[],
        outcome: Outcome::Surveyed { methods: &["sftp", "scp"], server: Server::Missing("SFTP") },
        says: &["allows SFTP alone"],
        note: "as SFTP alone",
    },
    no_shell_at_all: Row {
        host: "nologin",
        testbed: || nologin(""),
        arguments: &[],
        outcome: Outcome::Refused(&["testbed works", "not available", "use an account"]),
        says: &[],
        note: "what it says is told",
    },
    a_forced_command: Row {
        host: "a forced command",
        testbed: || {
            let remote = Remote { guest: true, ..Remote::default() };
            let server = "ForceCommand echo nothing but backups here\n";
            testbed(Options { server, remote: Some(remote), ..Options::default() })
        },
        arguments: &[],
        outcome: Outcome::Refused(&["testbed works", "nothing but backups here", "use an account"]),
        says: &[],
        note: "what it says is told",
    },
}

#[test]
fn a_survey_by_sftp_alone_finds_the_lock_and_foreign_files() {
    let testbed = sftp_only();
    let ours = testbed.path("remote/.cipher-survey");
    fs::create_dir(&ours).unwrap();
    survey(&testbed, &["--method", "scp"]).assert_refused(&["was not created by cipher-survey"]);
    let owner = "cipher-survey pi1 - 7 1 token by x since noon\n";
    fs::write(ours.join("owner"), owner).unwrap();
    let words =
        ["another survey of testbed is running (by x since noon)", "remove", ".cipher-survey"];
    survey(&testbed, &["--method", "scp"]).assert_refused(&words);
    assert_eq!(fs::read_to_string(ours.join("owner")).unwrap(), owner);
}

#[test]
fn a_survey_by_sftp_alone_that_is_interrupted_leaves_nothing() {
    let testbed = sftp_only();
    let mut command = testbed.program();
    command.args(["run", "--method", "scp", "--ciphers", CHACHA, "-q", "--ssh-config"]);
    command.arg(testbed.path("ssh_config")).arg(testbed.target()).stdout(Stdio::null());
    let mut survey = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while !testbed.path("remote/.cipher-survey/owner").exists() {
        assert!(Instant::now() < deadline, "no survey has begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    ran(Command::new("kill").args(["-INT", &survey.id().to_string()]));
    assert_eq!(survey.wait().unwrap().code(), Some(130));
    testbed.assert_nothing_left();
}

#[test]
fn pipe_alone_can_not_be_surveyed_by_sftp_alone() {
    let testbed = sftp_only();
    survey(&testbed, &["--method", "pipe"]).assert_refused(&["SFTP alone", "--method sftp"]);
    testbed.assert_nothing_left();
}

#[test]
fn a_failed_sample_by_sftp_alone_is_one_failed_sample() {
    let testbed = sftp_only();
    // A client that has one of the two ciphers and then will not use it.
    let client = testbed.path("client");
    let script = "#!/bin/sh\ncase \"$*\" in *aes256-ctr*)\n\
                  echo \"Unknown cipher type 'aes256-ctr'\" >&2; exit 255;; esac\nexec ssh \"$@\"\n";
    fs::write(&client, script).unwrap();
    fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).unwrap();
    let client = client.display().to_string();
    let ciphers = ["--method", "scp", "--ciphers", "aes128-ctr,aes256-ctr", "--client", &client];
    let run = survey(&testbed, &ciphers);
    assert_eq!(run.code, Some(1), "{run:?}");
    let survey: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(survey["end"]["reason"], "rounds_done", "{}", survey["end"]);
    let failed: Vec<&Value> =
        rounds(&survey).into_iter().filter(|sample| sample["outcome"] == "failed").collect();
    assert!(!failed.is_empty() && measured(&survey).len() == 2, "{failed:?}");
    for sample in failed {
        assert_eq!(sample["cipher"], "aes256-ctr", "{sample}");
        assert!(sample["reason"].as_str().unwrap().contains("Unknown cipher type"), "{sample}");
    }
    testbed.assert_nothing_left();
}
