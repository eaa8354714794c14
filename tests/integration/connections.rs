//! Connections that stay open, fed in slices: what they prove, what they account for, how many there are.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::testbed::relay::Relay;
use crate::testbed::{ALL_CIPHERS, CHACHA, GCM, Options, Testbed, measured};

/// A control connection, one connection per cipher and round, and a few to spare.
const MOST_LOGINS: usize = 24;

/// What CPU clocks and wait4 may differ by, in seconds.
const CLOCKS_S: f64 = 0.01;

/// Two rounds of all ten ciphers, both ways.
fn all_ten(method: &str, file: Option<&str>) {
    let testbed = Testbed::with(Options { server: ALL_CIPHERS, ..Options::default() });
    let target = testbed.target();
    let base = ["--rounds", "2", "--method", method, &target];
    let survey = testbed.survey(&[&base[..], file.as_slice()].concat());
    let seen: HashSet<(String, String)> = measured(&survey)
        .iter()
        .map(|sample| {
            assert_proved_and_accounted(sample);
            let text = |key: &str| sample[key].as_str().unwrap().to_owned();
            assert_eq!(sample["method"], method);
            (text("cipher"), text("direction"))
        })
        .collect();
    assert_eq!((seen.len(), measured(&survey).len()), (20, 40), "{seen:?}");
    let connections = survey["connections"].as_array().unwrap();
    assert_eq!(connections.len(), 20);
    for connection in connections {
        assert_connection(connection, &survey);
    }
    let logins = testbed.logins();
    assert!((21..=MOST_LOGINS).contains(&logins), "{logins} logins");
    testbed.assert_nothing_left();
}

fn assert_proved_and_accounted(sample: &Value) {
    assert_negotiated(sample);
    for (end, source) in [("client", "clock"), ("server", "process")] {
        let spent = &sample[end];
        assert_eq!(spent["source"], source, "{sample}");
        for figure in [&spent["bulk"]["total_s"], &spent["resolution_s"]] {
            assert!(figure.as_f64().unwrap() > 0.0, "{sample}");
        }
    }
    for host in ["local_host", "remote_host"] {
        assert!(sample[host]["real_s"].as_f64().unwrap() > 0.0, "{sample}");
    }
    let bytes = sample["bytes"].as_u64().unwrap();
    let slices = sample["slices"]["count"].as_u64().unwrap();
    let way = if sample["direction"] == "upload" { "sent" } else { "received" };
    let carried = sample["wire"][way].as_u64().unwrap();
    let most = bytes + bytes / 100 + slices * (64 << 10);
    assert!((bytes..=most).contains(&carried), "{sample}");
}

fn assert_negotiated(of: &Value) {
    for way in ["client_to_server", "server_to_client"] {
        assert_eq!(of["negotiated"][way]["cipher"], of["cipher"], "{of}");
        assert_eq!(of["negotiated"][way]["compression"], "none", "{of}");
    }
}

/// All CPU of a connection is no less than its setup and its slices together.
fn assert_connection(connection: &Value, survey: &Value) {
    assert_negotiated(connection);
    let seconds = |value: &Value| value.as_f64().unwrap();
    let in_slices = |end: &str| {
        let own = measured(survey);
        let own = own.iter().filter(|sample| sample["connection"] == connection["number"]);
        let samples: f64 = own.map(|sample| seconds(&sample[end]["bulk"]["total_s"])).sum();
        let apart = ["start_up", "key_exchanges"].iter().filter_map(|key| connection.get(key));
        let apart: f64 = apart
            .flat_map(|sums| sums.as_array().unwrap())
            .map(|sum| seconds(&sum[format!("{end}_s")]))
            .sum();
        samples + apart
    };
    for (end, source) in [("client", "wait4"), ("server", "process")] {
        let spent = &connection[end];
        assert_eq!(spent["source"], source, "{connection}");
        let (total, setup) = (seconds(&spent["total_s"]), seconds(&spent["setup"]["total_s"]));
        let slices = in_slices(end);
        assert!(setup > 0.0 && slices > 0.0, "{connection}");
        assert!(total + CLOCKS_S >= setup + slices, "{end} {total} {setup} {slices} {connection}");
    }
    let setup = &connection["setup"];
    let times = ["connected_s", "key_exchanged_s", "authenticated_s", "ready_s"];
    let times = times.map(|key| seconds(&setup[key]));
    assert!(times[0] > 0.0 && times.is_sorted(), "{setup}");
}

#[test]
fn all_ten_ciphers_by_sftp_are_proved_and_accounted() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file.iso");
    std::fs::write(&file, vec![7; 64 << 20]).unwrap();
    all_ten("sftp", file.to_str());
}

#[test]
fn all_ten_ciphers_by_pipe_are_proved_and_accounted() {
    all_ten("pipe", None);
}

#[test]
fn a_file_goes_by_sftp_and_without_one_a_pipe_is_used() {
    let testbed = Testbed::new();
    let target = testbed.target();
    // Smaller than any slice.
    let bytes = 100_000;
    let file = testbed.file("small", bytes);
    let base = ["--rounds", "1", "--ciphers", GCM, &target];
    let survey = testbed.survey(&[&base[..], &[file.to_str().unwrap()]].concat());
    assert_eq!(survey["header"]["methods"], serde_json::json!(["sftp"]));
    for sample in measured(&survey) {
        assert_eq!(sample["method"], "sftp");
        // It is sent whole, several times in each slice.
        let (moved, slices) = (sample["bytes"].as_u64().unwrap(), &sample["slices"]["count"]);
        let slices = slices.as_u64().unwrap();
        assert!(moved.is_multiple_of(bytes) && moved > slices * bytes, "{sample}");
    }
    assert_eq!(measured(&survey).len(), 2);
    let survey = testbed.survey(&base);
    assert!(measured(&survey).iter().all(|sample| sample["method"] == "pipe"), "{survey}");
    testbed.assert_nothing_left();
}

/// Without these variables the second `get` of an sftp is a third slower than the first.
#[test]
fn sftp_keeps_its_heap_and_its_ssh_is_as_the_user_has_it() {
    let testbed = Testbed::new();
    let (client, of) = (testbed.path("client"), testbed.path("environment-of-"));
    let of = of.display();
    let keep =
        format!("tr '\\0' '\\n' </proc/$PPID/environ >{of}$(cat /proc/$PPID/comm)\nenv >{of}ssh");
    std::fs::write(&client, format!("#!/bin/sh\n{keep}\nexec ssh \"$@\"\n")).unwrap();
    std::fs::set_permissions(&client, PermissionsExt::from_mode(0o755)).unwrap();
    let file = testbed.file("small", 100_000);
    let (target, client) = (testbed.target(), client.to_str().unwrap().to_owned());
    let base = ["--rounds", "1", "--ciphers", GCM, "--client", &client, &target];
    let survey = testbed.survey(&[&base[..], &[file.to_str().unwrap()]].concat());
    assert_eq!(measured(&survey).len(), 2);
    let set = |program: &str| {
        let all = std::fs::read_to_string(format!("{of}{program}")).unwrap();
        all.lines().filter(|line| line.starts_with("MALLOC_")).count()
    };
    assert_eq!((set("sftp"), set("ssh"), set("cipher-survey")), (2, 0, 0));
}

/// Behind 10 MB/s a slice moves half a megabyte, so that a limit of 2 MB falls into one of four.
#[test]
fn slices_with_a_key_re_exchange_are_in_no_sample() {
    let testbed = Testbed::new();
    let relay = Relay::new(testbed.port(), Relay::narrow());
    let port = relay.port.to_string();
    let alias = format!("HostKeyAlias={}", testbed.host_key_alias());
    let target = testbed.target();
    let base = ["--method", "pipe", "--rounds", "2", "--ciphers", CHACHA, &target];
    let limit = ["-o", "RekeyLimit=2M", "-p", &port, "-o", &alias];
    for client in ["openssh", "russh"] {
        let survey = testbed.survey(&[&base[..], &limit, &["--client", client]].concat());
        let rekeyed = |sample: &&Value| sample["slices"]["with_key_exchange"].as_u64().unwrap_or(0);
        let samples = measured(&survey);
        assert!(samples.iter().map(rekeyed).sum::<u64>() > 0, "{survey}");
        assert!(samples.iter().all(|sample| sample["slices"]["count"].as_u64().unwrap() > 0));
        let connections = survey["connections"].as_array().unwrap();
        let sums = connections.iter().filter_map(|line| line["key_exchanges"].as_array()).flatten();
        let apart: u64 = sums.map(|sum| sum["slices"].as_u64().unwrap()).sum();
        assert_eq!(apart, samples.iter().map(rekeyed).sum::<u64>(), "{survey}");
        // russh does not log when keys were first exchanged.
        for connection in connections.iter().filter(|_| client == "openssh") {
            assert_connection(connection, &survey);
        }
        testbed.assert_nothing_left();
    }
}
