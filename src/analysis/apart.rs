//! What is measured beside the ciphers to choose from and is never ranked with them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::catalog::{self, Mode};
use crate::model::Cipher;
use crate::model::names::RUSSH;
use crate::model::record::{PairedEnd, Pairing};

/// Why a row stands apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Apart {
    /// Nothing is encrypted: what is left is the cost of everything but the cipher.
    NoCipher,
    /// The mask of an end has no effect on it, so that its section's label is not true of it.
    NotMasked,
}

impl Apart {
    /// Whether a cipher between these two ends stands apart.
    pub fn of(pairing: &Pairing, cipher: &Cipher) -> Option<Apart> {
        let mode = catalog::cipher(cipher)?.mode;
        let unmasked = |end: &PairedEnd| end.mask.is_some() && ignores_masks(&end.program, cipher);
        if mode == Mode::None {
            Some(Apart::NoCipher)
        } else if unmasked(&pairing.client) || unmasked(&pairing.server) {
            Some(Apart::NotMasked)
        } else {
            None
        }
    }
}

/// russh takes GCM and ChaCha20-Poly1305 from aws-lc, which reads the mask when it starts, and
/// CTR and CBC from RustCrypto (its `cipher/mod.rs`), which asks the CPU itself.
fn ignores_masks(program: &str, cipher: &Cipher) -> bool {
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
        assert_eq!(Apart::of(&pairing("pi1"), &"none".into()), Some(Apart::NoCipher));
        assert_eq!(Apart::of(&pairing("pi1"), &"aes128-ctr".into()), None);
        assert_eq!(Apart::of(&pairing("pi1"), &"a-name-of-tomorrow".into()), None);
    }

    #[test]
    fn what_a_mask_does_not_reach_stands_apart_where_there_is_one() {
        let mut pairings = loopback(vec![]).header.pairings;
        let masked = |pairing: &Pairing, cipher: &str| Apart::of(pairing, &cipher.into());
        assert_eq!(masked(&pairings[1], "aes256-cbc"), None);
        for pairing in &mut pairings {
            pairing.server.program = RUSSH.into();
        }
        assert_eq!(masked(&pairings[0], "aes256-cbc"), None);
        assert_eq!(masked(&pairings[1], "aes256-cbc"), Some(Apart::NotMasked));
        assert_eq!(masked(&pairings[1], "aes128-gcm@openssh.com"), None);
        assert_eq!(masked(&pairings[1], "3des-cbc"), None);
    }
}
