//! The figures against independent accounts of the same samples.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::testbed::cgroup::{Cgroup, sampled};
use crate::testbed::{CHACHA, Options, Testbed, descendants, measured, need_root};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn total(spent: &Value) -> f64 {
    number(&spent["total_s"])
}

/// What the connections' own lines say of the server, against the account of its cgroup. One configuration: its
/// connections follow one after the other. The control connection has a cgroup of its own.
fn server_against_cgroup(options: Options) {
    need_root();
    // Start-up files of the account would be accounted for there as well.
    let server = "SetEnv HOME=/nonexistent\n";
    let testbed = Testbed::with(Options { server, cgroup: true, ..options });
    let file = testbed.file("data", 256 << 20);
    let control = Cgroup::empty("control");
    let moved = AtomicBool::new(false);
    let (survey, samples) = sampled(&[testbed.cgroup.as_ref().unwrap()], || {
        std::thread::scope(|scope| {
            scope.spawn(|| move_control(&testbed, &control, &moved));
            let base = ["--rounds", "3", "--full", "--ciphers", CHACHA, &testbed.target()];
            let survey = testbed.survey(&[&base[..], &[file.to_str().unwrap()]].concat());
            moved.store(true, Ordering::Relaxed);
            survey
        })
    });
    assert!(control.cpu_s() > 0.0, "the control connection was not found");
    let connections = survey["connections"].as_array().unwrap();
    assert_eq!(connections.len(), 3);
    let seconds = |text: &Value| {
        let at: jiff::Timestamp = text.as_str().unwrap().parse().unwrap();
        at.as_nanosecond() as f64 / 1e9
    };
    let mut begins: Vec<f64> = connections.iter().map(|line| seconds(&line["started"])).collect();
    begins.push(seconds(&survey["header"]["started"]) + number(&survey["end"]["elapsed_s"]));
    let mut off: Vec<f64> = connections
        .iter()
        .zip(begins.windows(2))
        .map(|(line, between)| {
            let server = &line["server"];
            assert_eq!(server["source"], "process", "{line}");
            let truth = samples.at(0, between[1]) - samples.at(0, between[0]);
            let ours = total(server) + total(&server["helpers"]);
            eprintln!("connection {}: cgroup {truth:.3} s, ours {ours:.3} s", line["number"]);
            (ours / truth - 1.0).abs()
        })
        .collect();
    testbed.assert_nothing_left();
    off.sort_by(f64::total_cmp);
    assert!(off[1] < 0.03 && off[2] < 0.1, "{off:?}");
}

/// Moves the processes of the control connection, the first one, into a cgroup of their own.
fn move_control(testbed: &Testbed, control: &Cgroup, give_up: &AtomicBool) {
    while !give_up.load(Ordering::Relaxed) {
        // It has made the directory: its shell runs.
        if testbed.path("remote/.cipher-survey").exists()
            && let Some(&first) = testbed.sessions().first()
        {
            for pid in descendants(first).into_iter().chain([first]) {
                // It may have ended meanwhile.
                let _ = std::fs::write(control.processes(), pid.to_string());
            }
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_server_of_root_agrees_with_its_cgroup() {
    server_against_cgroup(Options::default());
}

#[test]
fn the_server_of_an_ordinary_account_agrees_with_its_cgroup() {
    server_against_cgroup(Options { ordinary: true, ..Options::default() });
}

/// Totals of the client against `times` of a shell around it.
#[test]
fn the_client_agrees_with_the_times_of_a_shell() {
    let testbed = Testbed::new();
    let wrapper = testbed.path("timed-ssh");
    let log = testbed.path("times");
    // $(times) would be those of a subshell; the second line holds the children's.
    let script = format!(
        "#!/bin/sh\ncase \"$1\" in -Q|-V|-G) exec ssh \"$@\";; esac\nssh \"$@\"; e=$?\n\
         times >> {}\nexit $e\n",
        log.display()
    );
    std::fs::write(&wrapper, script).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let target = testbed.target();
    let survey = testbed.survey(&[
        "--client",
        wrapper.to_str().unwrap(),
        "--method",
        "pipe",
        "--rounds",
        "2",
        "--limit",
        "256MiB",
        "--full",
        "--ciphers",
        CHACHA,
        &target,
    ]);
    let seconds = |word: &str| {
        let (minutes, seconds) = word.trim_end_matches('s').split_once('m').unwrap();
        minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
    };
    let text = std::fs::read_to_string(&log).unwrap();
    let shells: Vec<f64> = text
        .lines()
        .skip(1)
        .step_by(2)
        .map(|line| line.split_whitespace().map(seconds).sum())
        .collect();
    let connections = survey["connections"].as_array().unwrap();
    assert_eq!((connections.len(), shells.len()), (2, 3));
    // The control connection ends after all others.
    for (connection, shell) in connections.iter().zip(&shells) {
        let ours = total(&connection["client"]);
        eprintln!("shell {shell:.3} s, ours {ours:.3} s");
        assert!(*shell > 0.5 && (0.95..1.05).contains(&(ours / shell)), "{ours} {shell}");
    }
    // The clocks of its slices agree with that.
    for sample in measured(&survey) {
        let connection = &connections[number(&sample["round"]) as usize - 1];
        let (slice, all) = (total(&sample["client"]["bulk"]), total(&connection["client"]));
        assert!(slice > 0.2 * all && slice < 0.8 * all, "{slice} {all}");
    }
}

/// Where the server process can't be read, the next source is used, and agrees: per CPU
/// second of the client, which costs more on a busy machine just as the server does.
fn without_process(ordinary: bool, source: &str) {
    let arguments = ["--method", "scp", "--rounds", "2", "--full", "--limit", "128MiB"];
    let cost = |server: &str, expected: &[&str]| {
        let testbed = Testbed::with(Options { server, ordinary, ..Options::default() });
        let target = testbed.target();
        let ciphers = ["--ciphers", "aes128-ctr", &target];
        let survey = testbed.survey(&[&arguments[..], &ciphers].concat());
        let samples = measured(&survey);
        assert_eq!(samples.len(), 4);
        assert!(samples.iter().any(|sample| sample["server"]["source"] == expected[0]), "{survey}");
        let (mut server_s, mut client_s) = (0.0, 0.0);
        for sample in samples {
            let server = &sample["server"];
            let source = server["source"].as_str().unwrap();
            assert!(expected.contains(&source), "{sample}");
            // The listener can't tell helpers apart; what is compared with it has them too.
            assert!(server["with_helpers"] == true || source != "listener", "{server}");
            if expected[0] != source {
                continue;
            }
            server_s += total(&server["bulk"]);
            if source == "process" && !ordinary {
                server_s += total(&server["helpers"]);
            }
            client_s += total(&sample["client"]["bulk"]);
        }
        testbed.assert_nothing_left();
        server_s / client_s
    };
    let own = cost("", &["process"]);
    // A server process that is reaped late, on a busy machine, was sampled meanwhile.
    let other = cost("Subsystem sftp internal-sftp\n", &[source, "sampled"]);
    eprintln!("per CPU second of the client: process {own:.3} s, {source} {other:.3} s");
    assert!((0.7..1.4).contains(&(other / own)), "process {own}, {source} {other}");
}

#[test]
fn the_listener_serves_where_sftp_is_internal() {
    without_process(false, "listener");
}

/// Before OpenSSH 9.8 the privileged monitor never waits for the user's process.
#[test]
fn an_ordinary_account_is_sampled_where_sftp_is_internal() {
    need_root();
    without_process(true, "sampled");
}
