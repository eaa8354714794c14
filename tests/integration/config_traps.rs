//! What stands in the user's ssh_config must not change a measurement.

use std::process::Command;

use crate::testbed::{GCM, Options, Testbed, measured};

/// Surveys a cipher that is not what ssh negotiates by default, by each method and both ways.
fn survey_is_true(client: &str, before: impl FnOnce(&Testbed)) {
    let testbed = Testbed::with(Options { client, ..Options::default() });
    before(&testbed);
    let survey = testbed.survey(&[
        "--method",
        "sftp,scp,pipe",
        "--rounds",
        "1",
        "--limit",
        "1MiB",
        "--full",
        "--ciphers",
        GCM,
        &testbed.target(),
    ]);
    let samples = measured(&survey);
    assert_eq!(samples.len(), 6, "{client}");
    for sample in samples {
        assert_eq!(sample["negotiated"]["client_to_server"]["cipher"], GCM, "{client}");
        assert_eq!(sample["negotiated"]["client_to_server"]["compression"], "none", "{client}");
        assert_eq!(sample["bytes"], 1 << 20, "{client}");
    }
}

#[test]
fn an_open_master_connection_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("master");
    let client = format!("Host *\n  ControlMaster auto\n  ControlPath {}\n", socket.display());
    survey_is_true(&client, |testbed| {
        let config = testbed.path("ssh_config");
        let arguments = ["-o", "BatchMode=yes", "-o", "ControlPersist=60", "-fN", "testbed"];
        let status = Command::new("ssh").arg("-F").arg(&config).args(arguments).status().unwrap();
        assert!(status.success() && socket.exists());
        // It is open and would serve: a plain ssh goes through it.
        let plain =
            Command::new("ssh").arg("-F").arg(&config).args(["-v", "testbed", "true"]).output();
        let log = String::from_utf8(plain.unwrap().stderr).unwrap();
        assert!(!log.contains("kex: algorithm"), "{log}");
    });
    let exit = ["-O", "exit", "-o"];
    let path = format!("ControlPath={}", socket.display());
    let _ = Command::new("ssh").args(exit).args([&path, "testbed"]).output();
}

const TRAPS: [&str; 11] = [
    "ForkAfterAuthentication yes",
    "StdinNull yes",
    "SessionType none",
    "RemoteCommand echo no",
    "RequestTTY force",
    "Compression yes",
    "PermitLocalCommand yes\n  LocalCommand echo local",
    "LocalForward 127.0.0.1:1 127.0.0.1:1\n  ExitOnForwardFailure yes",
    "Ciphers aes256-ctr",
    "LogLevel QUIET",
    "EscapeChar ~\n  ForwardAgent yes",
];

#[test]
fn options_that_would_end_or_change_a_connection_are_overruled() {
    let all = TRAPS
        .iter()
        .filter(|trap| !trap.contains("SessionType"))
        .fold(String::from("Host *\n"), |text, trap| format!("{text}  {trap}\n"));
    survey_is_true(&all, |_| {});
}

/// All at once is the harder case; each by itself shows which one it is.
#[test]
fn each_option_that_would_end_or_change_a_connection_is_overruled() {
    std::thread::scope(|scope| {
        for traps in TRAPS.chunks(3) {
            scope.spawn(move || {
                for trap in traps {
                    survey_is_true(&format!("Host *\n  {trap}\n"), |_| {});
                }
            });
        }
    });
}

#[test]
fn an_unknown_host_key_is_never_accepted() {
    let client = "Host *\n  StrictHostKeyChecking no\n";
    let testbed = Testbed::with(Options { client, ..Options::default() });
    std::fs::write(testbed.path("known_hosts"), "").unwrap();
    testbed
        .run(&[&testbed.target()])
        .assert_refused(&["host key of testbed is not known", "by hand"]);
    assert_eq!(std::fs::read_to_string(testbed.path("known_hosts")).unwrap(), "");
    testbed.assert_nothing_left();
}
