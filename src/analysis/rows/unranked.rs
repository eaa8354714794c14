//! What is measured beside the ciphers to choose from and is never ranked with them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Cipher;
use crate::model::names::RUSSH;
use crate::model::record::{PairedEnd, Pairing};
use crate::ssh::catalog::{self, Mode};

/// Why a row stands apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unranked {
    /// Nothing is encrypted: what is left is the cost of everything but the cipher.
    NoCipher,
    /// The mask of an end has no effect on it, so that its section's label is not true of it.
    #[serde(rename = "not_masked")]
    AesNotDisabled,
}

impl Unranked {
    /// Whether a cipher between these two ends stands apart.
    pub fn of(pairing: &Pairing, cipher: &Cipher) -> Option<Unranked> {
        let mode = catalog::cipher(cipher)?.mode;
        let aes_enabled = |end: &PairedEnd| {
            end.aes_disabled_by.is_some() && ignores_variable(&end.program, cipher)
        };
        if mode == Mode::None {
            Some(Unranked::NoCipher)
        } else if aes_enabled(&pairing.client) || aes_enabled(&pairing.server) {
            Some(Unranked::AesNotDisabled)
        } else {
            None
        }
    }
}

/// russh takes GCM and ChaCha20-Poly1305 from aws-lc, which reads the mask when it starts, and
/// CTR and CBC from RustCrypto (its `cipher/mod.rs`), which asks the CPU itself.
fn ignores_variable(program: &str, cipher: &Cipher) -> bool {
    let by_rustcrypto =
        |info: &catalog::CipherInfo| info.uses_aes && matches!(info.mode, Mode::Ctr | Mode::Cbc);
    program == RUSSH && catalog::cipher(cipher).is_some_and(by_rustcrypto)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::{loopback, pairing};

    #[test]
    fn no_cipher_stands_apart_anywhere() {
        assert_eq!(Unranked::of(&pairing("pi1"), &"none".into()), Some(Unranked::NoCipher));
        assert_eq!(Unranked::of(&pairing("pi1"), &"aes128-ctr".into()), None);
        assert_eq!(Unranked::of(&pairing("pi1"), &"a-name-of-tomorrow".into()), None);
    }

    #[test]
    fn what_a_mask_does_not_reach_stands_apart_where_there_is_one() {
        let mut pairings = loopback(vec![]).header.pairings;
        let aes_disabled = |pairing: &Pairing, cipher: &str| Unranked::of(pairing, &cipher.into());
        assert_eq!(aes_disabled(&pairings[1], "aes256-cbc"), None);
        for pairing in &mut pairings {
            pairing.server.program = RUSSH.into();
        }
        assert_eq!(aes_disabled(&pairings[0], "aes256-cbc"), None);
        assert_eq!(aes_disabled(&pairings[1], "aes256-cbc"), Some(Unranked::AesNotDisabled));
        assert_eq!(aes_disabled(&pairings[1], "aes128-gcm@openssh.com"), None);
        assert_eq!(aes_disabled(&pairings[1], "3des-cbc"), None);
    }
}
