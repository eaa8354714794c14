//! Remote hosts, measured by their own openssl.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::testbed::{GCM, Options, Testbed, need};

#[test]
fn a_target_is_measured_by_its_own_openssl() {
    need("openssl", "openssl");
    let testbed = Testbed::new();
    let ciphers = format!("{GCM},aes128-cbc");
    let arguments =
        ["cores", "testbed", "--cipher", &ciphers, "--seconds", "2", "--format", "json"];
    let run = testbed.run(&arguments);
    assert_eq!(run.code, Some(0), "{run:?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let hosts = report["header"]["hosts"].as_array().unwrap();
    assert_eq!((hosts.len(), &hosts[1]["target"]), (2, &Value::from("testbed")));
    assert!(hosts[1]["openssl"].as_str().unwrap().starts_with("OpenSSL "), "{hosts:?}");
    let figures = report["figures"].as_array().unwrap();
    for host in [0, 1] {
        let own =
            |figure: &&Value| figure["host"] == host && figure["implementation"] == "openssl speed";
        let own: Vec<&Value> = figures.iter().filter(own).collect();
        let aes_disabled = own.iter().filter(|figure| !figure["aes_disabled_by"].is_null()).count();
        // GCM one way, CBC both ways; the same again with AES disabled, where there are AES instructions.
        assert_eq!(own.len() - aes_disabled, 3, "{own:?}");
        assert!(aes_disabled == 0 || aes_disabled == 3, "{own:?}");
    }
    testbed.assert_nothing_left();
}

#[test]
fn a_target_without_openssl_is_reported() {
    // A login whose PATH has all programs but openssl.
    let programs = tempfile::tempdir().unwrap();
    for directory in ["/usr/bin", "/bin"] {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != "openssl" {
                // Both directories may have the same name.
                let _ = symlink(entry.path(), programs.path().join(entry.file_name()));
            }
        }
    }
    let server = format!("SetEnv PATH={}\n", programs.path().display());
    let testbed = Testbed::with(Options { server: &server, ..Options::default() });
    let run = testbed.run(&["cores", "testbed", "--cipher", GCM, "--seconds", "1"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let shown = run.stdout.replace("\n  ", " ");
    assert!(shown.contains("note: openssl speed on testbed: 'openssl version' prints "), "{shown}");
    assert!(shown.contains("not found"), "{shown}");
    testbed.assert_nothing_left();
}

#[test]
fn an_unreachable_target_is_named() {
    let testbed = Testbed::new();
    let run = testbed.run(&["cores", "nowhere.invalid", "--cipher", GCM, "--seconds", "1"]);
    run.assert_refused(&["nowhere.invalid"]);
}
