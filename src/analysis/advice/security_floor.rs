//! The security floor: ciphers below it are never recommended, whatever their figures; nor is what ssh_config leaves
//! out.

use crate::analysis::policy::{leaves_mac_out, leaves_out};
use crate::analysis::rows::ranking::Choice;
use crate::model::record::Pairing;
use crate::ssh::catalog::{self, Mode, Security};

/// Why a cipher is below the floor, or not to be chosen; absent where it may be.
pub fn below_floor(choice: &Choice, pairing: &Pairing, allow_legacy: bool) -> Option<String> {
    if leaves_out(pairing, &choice.cipher) {
        return Some("left out by Ciphers in ssh_config, which the lines here keep".into());
    }
    if let Some(mac) = choice.mac.as_ref().filter(|mac| leaves_mac_out(pairing, mac)) {
        return Some(format!(
            "its MAC {mac} is left out by MACs in ssh_config, which the lines here keep"
        ));
    }
    let Some(cipher) = catalog::cipher(&choice.cipher) else {
        return Some("unknown to this program, and so is its security".into());
    };
    let mac = choice.mac.as_ref().map(|mac| (mac, catalog::mac(mac)));
    let allowed = |security: Security| {
        security == Security::Recommended || (allow_legacy && security == Security::Legacy)
    };
    if !allowed(cipher.security) {
        return Some(format!("{}: {}", cipher.security, cipher.why));
    }
    match mac {
        Some((mac, None)) => return Some(format!("its MAC {mac} is unknown to this program")),
        Some((mac, Some(info))) if !allowed(info.security) => {
            return Some(format!("its MAC {mac} is {}", info.security));
        }
        _ => {}
    }
    let strict = pairing.client_proposal.strict_kex() && pairing.server_proposal.strict_kex();
    let etm = mac.is_some_and(|(_, info)| info.is_some_and(|info| info.encrypt_then_mac));
    let exposed = match cipher.mode {
        Mode::Stream => true,
        Mode::Cbc => etm,
        _ => false,
    };
    (exposed && !strict).then(|| {
        "exposed to Terrapin (CVE-2023-48795): not both ends support strict KEX; update them".into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::pairing;

    fn reason(cipher: &str, mac: Option<&str>, allow_legacy: bool, strict: bool) -> Option<String> {
        let mut pairing = pairing("pi1");
        for end in [&mut pairing.client_proposal, &mut pairing.server_proposal] {
            end.key_exchanges = vec!["curve25519-sha256".into()];
            if strict {
                end.key_exchanges.push("kex-strict-s-v00@openssh.com".into());
            }
        }
        let choice = Choice { cipher: cipher.into(), mac: mac.map(Into::into), ambiguous: false };
        below_floor(&choice, &pairing, allow_legacy)
    }

    #[test]
    fn broken_ciphers_are_never_recommended_and_legacy_ones_only_on_request() {
        for cipher in ["3des-cbc", "arcfour256", "none", "blowfish-cbc", "no-such-cipher"] {
            assert!(reason(cipher, None, true, true).is_some(), "{cipher}");
        }
        assert!(reason("aes128-cbc", Some("hmac-sha2-256"), false, true).is_some());
        assert_eq!(reason("aes128-cbc", Some("hmac-sha2-256"), true, true), None);
        assert_eq!(reason("aes128-ctr", Some("umac-64-etm@openssh.com"), false, true), None);
        assert!(reason("aes128-ctr", Some("hmac-md5"), true, true).is_some());
        assert!(reason("aes128-ctr", Some("hmac-sha1"), false, true).is_some());
    }

    #[test]
    fn terrapin_needs_strict_kex() {
        let chacha = "chacha20-poly1305@openssh.com";
        assert_eq!(reason(chacha, None, false, true), None);
        assert!(reason(chacha, None, false, false).unwrap().contains("CVE-2023-48795"));
        let etm = Some("hmac-sha2-256-etm@openssh.com");
        assert!(reason("aes128-cbc", etm, true, false).is_some());
        assert_eq!(reason("aes128-gcm@openssh.com", None, false, false), None);
        assert_eq!(reason("aes128-ctr", etm, false, false), None);
    }
}
