//! Rows that are measured in the same rounds and never ranked with the others.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Cipher;
use crate::model::names::RUSSH;
use crate::model::record::{PairedEnd, Pairing};
use crate::ssh::catalog::{self, Mode};

/// Why a row is unranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unranked {
    /// Nothing is encrypted: it shows what everything but the cipher costs.
    NoCipher,
    /// Disabling AES at an end has no effect on it, so it does not belong in its section.
    AesNotDisabled,
}

impl Unranked {
    /// Why a cipher between these two ends is unranked; absent where it is ranked.
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

/// russh takes GCM and ChaCha20-Poly1305 from aws-lc, which reads its environment variable when it
/// starts, and CTR and CBC from RustCrypto (russh `cipher/mod.rs`), which asks the CPU itself.
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
    fn no_cipher_is_unranked_everywhere() {
        assert_eq!(Unranked::of(&pairing("pi1"), &"none".into()), Some(Unranked::NoCipher));
        assert_eq!(Unranked::of(&pairing("pi1"), &"aes128-ctr".into()), None);
        assert_eq!(Unranked::of(&pairing("pi1"), &"a-name-of-tomorrow".into()), None);
    }

    #[test]
    fn what_keeps_its_aes_instructions_is_unranked_where_they_are_disabled() {
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
