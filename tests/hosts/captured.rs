//! Logs of clients that no test can start. `fixtures/README.md` has their sources.

use std::path::Path;

use cipher_survey::ssh::failure::{Failure, FailureKind};
use cipher_survey::ssh::log::Transcript;

fn log(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/openssh").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_log_of_openssh_53_shows_both_ends_proposals() {
    let transcript = Transcript::parse(&log("vv-5.3.log"));
    let (client, server) =
        (transcript.client_proposal.unwrap(), transcript.server_proposal.unwrap());
    assert_eq!((client.ciphers.len(), server.ciphers.len()), (13, 13));
    assert_eq!(client.ciphers[4].as_str(), "arcfour128");
    assert_eq!((client.macs.len(), server.macs.len()), (7, 11));
    assert_eq!(server.macs[3].as_str(), "hmac-sha2-256");
    assert_eq!(server.key_exchanges[0], "ecdh-sha2-nistp256");
    assert!(!client.strict_kex() && !server.strict_kex());
    let way = transcript.negotiated.unwrap().server_to_client;
    assert_eq!((way.cipher.as_str(), way.mac.as_str()), ("aes128-ctr", "hmac-md5"));
    assert_eq!(way.compression, "none");
    assert_eq!(transcript.server_version.unwrap(), "OpenSSH_5.9p1 Debian-5ubuntu1");
    assert!(transcript.session_up);
}

#[test]
fn the_log_of_openssh_99_shows_what_it_proposes() {
    let client = Transcript::parse(&log("vv-9.9-client.log")).client_proposal.unwrap();
    assert_eq!(client.key_exchanges[0], "mlkem768x25519-sha256");
    assert_eq!(client.ciphers[1].as_str(), "aes128-gcm@openssh.com");
    assert_eq!((client.ciphers.len(), client.macs.len()), (6, 10));
    assert!(client.strict_kex());
}

#[test]
fn for_host_keys_that_are_too_old_the_option_is_named() {
    let failure = Failure::read(&log("no-host-key-type-8.8.log"), "pi1");
    assert_eq!(failure.kind, FailureKind::NoCommonAlgorithm);
    assert!(failure.reason.contains("Their offer: ssh-rsa"), "{}", failure.reason);
    let remedy = failure.remedy.unwrap();
    assert!(remedy.contains("-o HostKeyAlgorithms=+ssh-rsa"), "{remedy}");
}
