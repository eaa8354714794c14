use std::process::Command;

use super::*;

/// Public keys of two servers.
const ONE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQTtWTVzd2t27+t0DEHBPW7iOD23TUiYLio";
const OTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

fn key(text: &str) -> PublicKey {
    PublicKey::from_openssh(text).unwrap()
}

fn known(text: &str, name: &str, bare: &str) -> KnownHosts {
    let mut known = KnownHosts { name: name.into(), principal: bare.into(), ..Default::default() };
    known.add(Path::new("/known"), text, name, bare);
    known
}

fn refusal(text: &str, name: &str) -> String {
    known(text, name, name).check(&key(ONE)).unwrap_err()
}

#[test]
fn a_key_is_known_by_name_pattern_and_port() {
    for (patterns, name) in [
        ("pi1", "pi1"),
        ("x,*.lan,10.0.0.?", "a.lan"),
        ("PI1", "pi1"),
        ("[pi1]:2222", "[pi1]:2222"),
        ("[*]:2222", "[pi1]:2222"),
    ] {
        let known = known(&format!("# x\n\n{patterns} {ONE} comment\n"), name, name);
        assert!(known.check(&key(ONE)).unwrap().contains("/known:3"), "{patterns}");
    }
}

#[test]
fn names_hashed_by_ssh_keygen_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("known");
    std::fs::write(&file, format!("pi1 {ONE}\n[pi2]:2222 {OTHER}\n")).unwrap();
    let hashed = Command::new("ssh-keygen").arg("-H").arg("-f").arg(&file).output().unwrap();
    assert!(hashed.status.success());
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("|1|") && !text.contains("pi1"));
    assert!(known(&text, "pi1", "pi1").check(&key(ONE)).is_ok());
    assert!(known(&text, "[pi2]:2222", "pi2").check(&key(OTHER)).is_ok());
    assert!(known(&text, "pi3", "pi3").check(&key(ONE)).is_err());
}

#[test]
fn an_unknown_key_is_refused() {
    let expected = "No ED25519 host key is known for pi2 and you have requested strict checking.";
    assert_eq!(refusal(&format!("pi1 {ONE}"), "pi2"), expected);
    assert_eq!(refusal(&format!("*,!pi2 {ONE}"), "pi2"), expected);
    assert_eq!(refusal("pi2 ssh-ed25519 garbage\nnonsense", "pi2"), expected);
}

#[test]
fn a_changed_key_is_refused_with_the_warning_of_openssh() {
    let said = refusal(&format!("\npi1 {OTHER}"), "pi1");
    assert!(said.contains("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!"), "{said}");
    assert!(said.contains("Offending ED25519 key in /known:2"), "{said}");
}

#[test]
fn a_revoked_key_is_refused_though_it_is_known() {
    let said = refusal(&format!("pi1 {ONE}\n@revoked * {ONE}"), "pi1");
    assert!(said.contains("REVOKED HOST KEY DETECTED"), "{said}");
}

#[test]
fn a_line_without_a_port_accepts_its_key_and_refuses_no_other() {
    let at = |text: &str| known(text, "[pi1]:2222", "pi1").check(&key(ONE));
    assert!(at(&format!("pi1 {ONE}")).is_ok());
    assert!(at(&format!("pi1 {OTHER}")).unwrap_err().starts_with("No ED25519 host key"));
}

#[test]
fn the_key_of_an_authority_is_no_host_key() {
    let known = known(&format!("@cert-authority * {ONE}"), "pi1", "pi1");
    assert!(known.has_authority());
    assert!(known.check(&key(ONE)).is_err());
}

#[test]
fn the_algorithms_of_known_keys_come_first() {
    let ed25519 = Algorithm::Ed25519;
    let rsa = Algorithm::Rsa { hash: Some(HashAlg::Sha512) };
    let known = known(&format!("pi1 {ONE}"), "pi1", "pi1");
    assert_eq!(known.known_first(vec![rsa.clone(), ed25519.clone()]), [ed25519, rsa]);
}

#[test]
fn a_certificate_must_list_the_name_and_be_signed_by_a_known_authority() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let keygen = |arguments: &[&str]| {
        assert!(Command::new("ssh-keygen").args(arguments).output().unwrap().status.success());
    };
    for name in ["ca", "host"] {
        keygen(&["-q", "-t", "ed25519", "-N", "", "-f", &at(name)]);
    }
    let signed = |flags: &[&str]| {
        let public = at("host.pub");
        keygen(&[&["-q", "-s", &at("ca"), "-I", "id"], flags, &[&public]].concat());
        Certificate::read_file(Path::new(&at("host-cert.pub"))).unwrap()
    };
    let authority = std::fs::read_to_string(at("ca.pub")).unwrap();
    let known = known(&format!("@cert-authority *.lan,pi1 {authority}"), "pi1", "pi1");
    assert!(known.check_certificate(&signed(&["-h", "-n", "pi1,pi2"])).is_ok());
    let why = |flags: &[&str]| known.check_certificate(&signed(flags)).unwrap_err();
    assert!(why(&["-h", "-n", "pi2"]).contains("not a listed principal"));
    assert!(why(&["-n", "pi1"]).contains("not a host certificate"));
    let expired = why(&["-h", "-n", "pi1", "-V", "20200101:20210101"]);
    assert!(expired.contains("expired"), "{expired}");
    let stranger = super::tests::known(&format!("@cert-authority * {ONE}"), "pi1", "pi1");
    assert!(stranger.check_certificate(&signed(&["-h", "-n", "pi1"])).is_err());
}
