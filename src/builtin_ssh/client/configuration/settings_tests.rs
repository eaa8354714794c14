use super::*;

fn settings(lines: &[&str]) -> Result<Settings, Error> {
    let mut directives = Directives::default();
    for line in lines {
        directives.push_line(line)?;
    }
    Settings::new("pi1", &directives)
}

#[test]
fn the_first_value_counts_and_files_accumulate() {
    let settings = settings(&[
        "Port 2222",
        "Port 22",
        "IdentityFile /a",
        "IdentityFile /b",
        "HostName %h.lan",
        "UserKnownHostsFile /k \"/l\"",
        "GlobalKnownHostsFile none",
    ])
    .unwrap();
    assert_eq!((settings.port, settings.hostname.as_str()), (2222, "pi1.lan"));
    assert_eq!(settings.identities, [PathBuf::from("/a"), PathBuf::from("/b")]);
    assert_eq!(settings.known_hosts, [PathBuf::from("/k"), PathBuf::from("/l")]);
    assert_eq!(settings.host_key_name(), "[pi1.lan]:2222");
}

#[test]
fn times_and_amounts_have_units() {
    let of = |line: &str| settings(&[line]).unwrap();
    assert_eq!(of("ConnectTimeout 1m30").connect_timeout, Some(Duration::from_secs(90)));
    assert_eq!(of("ServerAliveInterval 0").alive_interval, None);
    assert_eq!(of("RekeyLimit 1M 1h").rekey.rekey_write_limit, 1 << 20);
    assert_eq!(of("RekeyLimit 0 0").rekey.rekey_write_limit, 1 << 30);
    assert_eq!(of("RekeyLimit 99G").rekey.rekey_read_limit, 1 << 30);
    assert!(settings(&["RekeyLimit much"]).is_err());
    assert!(settings(&["ConnectTimeout soon"]).is_err());
}

#[test]
fn the_first_of_several_proxies_counts() {
    let of = |lines: &[&str]| settings(lines).unwrap().proxy;
    assert_eq!(
        of(&["ProxyCommand nc %h %p", "ProxyJump hop"]),
        Some(Proxy::Command("nc pi1 22".into()))
    );
    assert_eq!(of(&["ProxyJump a,b"]), Some(Proxy::Jump(vec!["a".into(), "b".into()])));
    assert_eq!(of(&["ProxyJump none", "ProxyCommand nc %h %p"]), None);
}

#[test]
fn what_is_not_supported_is_refused_where_it_counts() {
    for line in ["LocalForward 1 a:2", "RevokedHostKeys /x", "RequestTTY force", "Tunnel yes"] {
        let refusal = settings(&[line]).unwrap_err().to_string();
        assert!(refusal.contains("is not supported by the built-in client"), "{refusal}");
    }
    assert!(settings(&["ClearAllForwardings yes", "LocalForward 1 a:2"]).is_ok());
    assert!(settings(&["RequestTTY no", "RequestTTY force"]).is_ok());
    assert!(settings(&["LocalCommand beep"]).is_ok());
    assert!(settings(&["PubkeyAuthentication no"]).is_err());
    assert!(settings(&["PubkeyAuthentication yes"]).is_ok());
    assert!(settings(&["PermitLocalCommand yes", "LocalCommand beep"]).is_err());
}

#[test]
fn the_environment_is_set_as_asked() {
    let settings = settings(&["SetEnv A=b", "SetEnv \"C=d e\""]).unwrap();
    assert_eq!(settings.environment, [("A", "b"), ("C", "d e")].map(|(n, v)| (n.into(), v.into())));
}

#[test]
fn without_a_cipher_it_connects_to_this_machine_only() {
    let of = |lines: &[&str]| settings(lines).unwrap();
    let unprotected = of(&["AllowNone yes", "Ciphers none", "MACs none"]);
    let refused = |address: &str| unprotected.refuse_unprotected(address.parse().ok()).is_err();
    assert!(refused("192.0.2.1") && refused("::2") && refused("by way of a proxy"));
    assert!(!refused("127.0.0.1") && !refused("::1"));
    assert!(of(&["AllowNone yes"]).refuse_unprotected(None).is_ok());
    assert!(settings(&["Ciphers none"]).is_err());
}
