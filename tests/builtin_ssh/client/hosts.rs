//! How a host is found, with and without OpenSSH.

use std::fs;
use std::os::unix::fs::symlink;

use super::Client;
use crate::testbed::{Options, Run, Testbed, need};

/// A PATH without OpenSSH's `ssh`.
fn without_openssh(client: &Client) -> String {
    let bin = client.testbed.path("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        symlink(need("sh", "dash"), bin.join("sh")).unwrap();
    }
    bin.display().to_string()
}

fn run_without(client: &Client, arguments: &[&str]) -> Run {
    let mut command = client.command();
    Run::of(command.args(arguments).env("PATH", without_openssh(client)).output().unwrap())
}

#[test]
fn a_configuration_is_read_without_openssh_too() {
    let client = Client::new();
    let run = run_without(&client, &["testbed", "echo in"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "in\n"), "{run:?}");
    // As `loopback` writes it, in a directory whose name has a space and a quote.
    let odd = client.testbed.path("a \"b");
    fs::create_dir(&odd).unwrap();
    for name in ["client_key", "known_hosts"] {
        fs::copy(client.testbed.path(name), odd.join(name)).unwrap();
    }
    let quoted = |name: &str| {
        let path = odd.join(name).display().to_string();
        format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let config = format!(
        "Host loopback\n  HostName 127.0.0.1\n  Port {}\n  User {}\n  IdentityFile {}\n  \
         IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {}\n  \
         GlobalKnownHostsFile /dev/null\n",
        client.testbed.port(),
        crate::testbed::said(std::process::Command::new("id").arg("-un")).trim(),
        quoted("client_key"),
        quoted("known_hosts"),
    );
    fs::write(client.config(), config).unwrap();
    let run = run_without(&client, &["loopback", "echo in"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "in\n"), "{run:?}");
}

#[test]
fn what_is_not_supported_without_openssh_is_refused() {
    let client = Client::new();
    let config = fs::read_to_string(client.config()).unwrap();
    for line in ["Match host testbed", "NoSuchThing yes", "RevokedHostKeys /x"] {
        fs::write(client.config(), format!("{line}\n{config}")).unwrap();
        let run = run_without(&client, &["testbed", "true"]);
        assert_eq!(run.code, Some(255), "{line}: {run:?}");
        assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    }
}

#[test]
fn settings_are_printed_as_ssh_prints_them() {
    let client = Client::new();
    for run in [client.run(&["-G", "testbed"]), run_without(&client, &["-G", "testbed"])] {
        assert_eq!(run.code, Some(0), "{run:?}");
        let port = format!("port {}", client.testbed.port());
        let key = format!("identityfile {}", client.testbed.path("client_key").display());
        for line in ["host testbed", "hostname 127.0.0.1", &port, &key, "rekeylimit 0 0"] {
            assert!(run.stdout.lines().any(|said| said == line), "{line}: {run:?}");
        }
        let ciphers = run.stdout.lines().find(|line| line.starts_with("ciphers ")).unwrap();
        assert!(ciphers.contains("chacha20-poly1305@openssh.com"));
    }
}

#[test]
fn a_server_is_reached_through_a_proxy_command_and_through_jump_hosts() {
    let client = Client::new();
    let (program, config) = (client.path(), client.config());
    let proxy =
        format!("ProxyCommand={} -F {} -W %h:%p testbed", program.display(), config.display());
    let run = client.run(&["-o", &proxy, "testbed", "echo in"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "in\n"), "{run:?}");
    for jump in ["testbed", "testbed,testbed"] {
        let run = client.run(&["-J", jump, "testbed", "echo in"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), "in\n"), "{run:?}");
        let run = run_without(&client, &["-J", jump, "testbed", "echo in"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), "in\n"), "{run:?}");
    }
    client.refused(
        &["-o", "ProxyCommand=exit 1", "testbed", "true"],
        &["kex_exchange_identification"],
    );
}

#[test]
fn the_environment_is_sent_to_a_server_that_accepts_it() {
    let options = Options { server: "AcceptEnv TEST_*\n", ..Options::default() };
    let client = Client::of(Testbed::with(options));
    let run = client.run(&["-o", "SetEnv=TEST_ONE=here", "testbed", "echo $TEST_ONE"]);
    assert_eq!(run.stdout, "here\n", "{run:?}");
}
