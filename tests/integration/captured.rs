//! The parsers on text that real programs and kernels wrote; `fixtures/README.md` has the source
//! of each piece.

use std::path::Path;

use cipher_survey::host::linux::{HostCpu, ProcessStat, disk, interfaces, schedstat_seconds};
use cipher_survey::host::profile::aes_evidence;
use cipher_survey::model::AesClass;
use cipher_survey::ssh::failure::{Failure, FailureKind};
use cipher_survey::ssh::log::Transcript;
use cipher_survey::ssh::openssh::Version;

fn captured(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn log(name: &str) -> String {
    captured(&format!("openssh/{name}.log"))
}

#[test]
fn a_log_shows_both_proposals_and_what_was_negotiated() {
    let transcript = Transcript::parse(&log("vv-session"));
    let client = transcript.client_proposal.unwrap();
    let server = transcript.server_proposal.unwrap();
    assert_eq!(client.ciphers.len(), 6);
    assert_eq!(server.ciphers.len(), 10);
    assert_eq!(server.ciphers[9].as_str(), "3des-cbc");
    assert!(client.strict_kex() && server.strict_kex());
    assert_eq!(server.macs[0].as_str(), "umac-64-etm@openssh.com");
    let way = transcript.negotiated.unwrap().server_to_client;
    assert_eq!(way.cipher.as_str(), "chacha20-poly1305@openssh.com");
    assert_eq!((way.mac.as_str(), way.compression.as_str()), ("<implicit>", "none"));
    assert_eq!(transcript.server_version.unwrap(), "OpenSSH_9.2p1 Debian-2+deb12u10");
    assert_eq!(transcript.received, Some(3408));
    assert!(transcript.session_up && !transcript.multiplexed && !transcript.proxied);
}

#[test]
fn a_cipher_that_needs_a_mac_shows_it() {
    let way = Transcript::parse(&log("v-aes128-ctr")).negotiated.unwrap().client_to_server;
    assert_eq!((way.cipher.as_str(), way.mac.as_str()), ("aes128-ctr", "umac-64-etm@openssh.com"));
    let way = Transcript::parse(&log("compressed")).negotiated.unwrap().client_to_server;
    assert_ne!(way.compression, "none");
}

#[test]
fn a_rekey_is_not_a_new_cipher_and_a_multiplexed_log_not_a_connection() {
    let rekeyed = log("rekeyed");
    assert!(rekeyed.matches("debug1: kex: client->server").count() > 1);
    let transcript = Transcript::parse(&rekeyed);
    assert!(transcript.negotiated.is_some() && !transcript.renegotiated_otherwise);
    let transcript = Transcript::parse(&log("multiplexed"));
    assert!(transcript.multiplexed && transcript.negotiated.is_none());
}

#[test]
fn each_failure_is_known() {
    use FailureKind::*;
    for (name, kind, words) in [
        ("refused", Refused, "lab refused the connection"),
        ("unknown-host", UnknownHost, "Could not resolve hostname no-such-host.invalid"),
        ("host-key-unknown", HostKeyUnknown, "never accepted unseen"),
        ("host-key-changed", HostKeyChanged, "has CHANGED"),
        ("denied", Denied, "Permission denied (publickey"),
        ("max-startups", Dropped, "before authentication"),
        ("no-common-cipher", NoCommonAlgorithm, "Their offer: aes128-ctr"),
        ("bad-option", BadUsage, "nosuchoption"),
        ("bad-cipher", BadUsage, "no-such-cipher"),
        ("killed", Broken, "broke"),
    ] {
        let failure = Failure::read(&log(name), "lab");
        assert_eq!(failure.kind, kind, "{name}: {}", failure.reason);
        assert!(failure.reason.contains(words), "{name}: {}", failure.reason);
        assert_eq!(failure.remedy.is_some(), kind != Broken, "{name}");
    }
}

#[test]
fn the_version_of_a_client_is_read() {
    assert_eq!(Version::parse(&captured("openssh/version.txt")), Some(Version(9, 2)));
}

#[test]
fn the_aes_class_of_a_cpu_is_read() {
    for (name, machine, class) in [
        ("x86_64", "x86_64", AesClass::Aes),
        ("aarch64-cortex-a55", "aarch64", AesClass::Aes),
        ("armv7-sun8i", "armv7l", AesClass::NoAes),
        ("s390x", "s390x", AesClass::Aes),
        // Its kernel does not list what it has: absence proves nothing.
        ("ppc64-power7", "ppc64", AesClass::Unknown),
    ] {
        let evidence = aes_evidence(&captured(&format!("proc/cpuinfo-{name}.txt")), machine);
        assert_eq!(evidence.class, class, "{name}: {}", evidence.evidence);
    }
}

#[test]
fn counters_of_a_host_and_of_a_server_process_are_read() {
    let cpu = HostCpu::parse(&captured("proc/stat.txt"), 100).unwrap();
    assert_eq!((cpu.user_s, cpu.system_s), (2429.21 + 197.89, 759.95));
    assert_eq!((cpu.idle_s, cpu.iowait_s), (22105.65, 47.29));
    assert_eq!((cpu.softirq_s, cpu.steal_s), (48.57, 61.95));
    let found = interfaces(&captured("proc/net-dev.txt"));
    assert_eq!(found[0], ("lo".to_owned(), 172_734_968_579, 172_734_968_579));
    assert_eq!(found[3], ("eth0".to_owned(), 129_402_075, 326_893));
    let text = captured("proc/sshd.txt");
    let (stat, schedstat) = text.split_once('\n').unwrap();
    let stat = ProcessStat::parse(stat).unwrap();
    assert_eq!((stat.pid, stat.parent, stat.session, stat.threads), (3546, 2908, 3546, 1));
    // A tick, and halves of two that are cut off.
    assert_eq!(stat.children(100).total_s, 0.02);
    assert_eq!(schedstat_seconds(schedstat), Some(0.012374316));
}

#[test]
fn counters_of_a_disk_are_read() {
    let text = captured("proc/diskstats.txt");
    let expected = (27_328_258 * 512, 25_272_128 * 512, 67.0);
    assert_eq!(disk(&text, "/dev/vda"), Some(expected));
    assert_eq!(disk(&text, "/dev/nosuch"), None);
}
