//! What ssh_config, the user's or the system's (a crypto policy), leaves to choose from.

use crate::model::record::Pairing;
use crate::model::{Cipher, Mac};
use crate::ssh::catalog::{Security, cipher};

/// Whether plain ssh connects: it proposes a cipher that the server offers.
pub fn connects_by_default(pairing: &Pairing) -> bool {
    // Older journals have only the proposal itself: one cipher was asked for, which no OpenSSH proposes.
    pairing.connects_by_default.unwrap_or_else(|| match &pairing.client_proposal.ciphers[..] {
        [only] => is_recommended(only),
        _ => true,
    })
}

/// Whether `Ciphers` is set. Without it OpenSSH proposes every recommended cipher that it supports (ssh_config(5)).
pub fn sets_ciphers(pairing: &Pairing) -> bool {
    let proposed = &pairing.client_proposal.ciphers;
    let mut supported = pairing.client_ciphers.iter().filter(|name| is_recommended(name));
    connects_by_default(pairing) && supported.any(|name| !proposed.contains(name))
}

/// Whether `Ciphers` or `MACs` is set: OpenSSH has proposed these MACs by default since 6.2, and the recommended ones of
/// them still.
pub fn sets_algorithms(pairing: &Pairing) -> bool {
    const MACS: [&str; 4] = [
        "umac-128-etm@openssh.com",
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com",
        "hmac-sha2-256",
    ];
    let macs = &pairing.client_proposal.macs;
    let leaves_out = |name: &&str| !macs.iter().any(|mac| mac.as_str() == *name);
    sets_ciphers(pairing) || (!macs.is_empty() && MACS.iter().any(leaves_out))
}

/// Whether `Ciphers` leaves this one out. Legacy ciphers are proposed by default by none.
pub fn leaves_out(pairing: &Pairing, name: &Cipher) -> bool {
    sets_ciphers(pairing) && is_recommended(name) && !pairing.client_proposal.ciphers.contains(name)
}

/// Whether `MACs` leaves this one out.
pub fn leaves_mac_out(pairing: &Pairing, name: &Mac) -> bool {
    sets_algorithms(pairing) && !pairing.client_proposal.macs.contains(name)
}

fn is_recommended(name: &Cipher) -> bool {
    cipher(name).is_some_and(|info| info.security == Security::Recommended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::pairing;

    const GCM: &str = "aes128-gcm@openssh.com";

    fn proposing(names: &[&str]) -> Pairing {
        let mut pairing = pairing("pi1");
        let all = ["aes128-ctr", "aes256-ctr", GCM, "chacha20-poly1305@openssh.com", "aes256-cbc"];
        pairing.client_ciphers = all.map(Cipher::from).to_vec();
        pairing.client_proposal.ciphers = names.iter().copied().map(Cipher::from).collect();
        pairing
    }

    #[test]
    fn what_a_policy_does_not_propose_is_left_out() {
        let policy = proposing(&["aes256-ctr", "aes128-ctr"]);
        assert!(sets_ciphers(&policy) && leaves_out(&policy, &GCM.into()));
        assert!(!leaves_out(&policy, &"aes256-ctr".into()));
        // Legacy ciphers are proposed by none.
        let usual = proposing(&["chacha20-poly1305@openssh.com", "aes128-ctr", "aes256-ctr", GCM]);
        assert!(!sets_ciphers(&usual) && !leaves_out(&usual, &"aes256-cbc".into()));
    }

    #[test]
    fn a_lone_legacy_cipher_was_asked_for() {
        let of = |names: &[&str], recorded| {
            connects_by_default(&Pairing { connects_by_default: recorded, ..proposing(names) })
        };
        assert!(!of(&["aes256-cbc"], None));
        assert!(of(&["aes256-cbc"], Some(true)));
        assert!(of(&[GCM], None) && of(&[GCM, "aes256-cbc"], None));
        assert!(!of(&[GCM], Some(false)));
        // Nothing is left out where ssh_config sets nothing.
        assert!(!sets_ciphers(&proposing(&["aes256-cbc"])));
    }
}
