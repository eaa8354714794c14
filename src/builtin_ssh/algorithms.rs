//! The algorithms that russh has, by their SSH names, in the order in which the built-in client and
//! server propose them.

use russh::{cipher, kex, mac};

/// Every cipher of russh that encrypts, as `ssh -Q cipher` would list them, in the order of OpenSSH's
/// proposal (`myproposal.h`); those that it no longer proposes come last.
pub const CIPHERS: &[cipher::Name] = &[
    cipher::CHACHA20_POLY1305,
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::AES_128_CTR,
    cipher::AES_192_CTR,
    cipher::AES_256_CTR,
    cipher::AES_128_CBC,
    cipher::AES_192_CBC,
    cipher::AES_256_CBC,
    cipher::TRIPLE_DES_CBC,
];

/// Those of [`CIPHERS`] that are proposed by default: no CBC, as with OpenSSH.
pub const DEFAULT_CIPHERS: &[cipher::Name] = match CIPHERS.split_at_checked(6) {
    Some((default, _)) => default,
    None => CIPHERS,
};

/// Every MAC of russh, most preferred first; it has no UMAC.
pub const MACS: &[mac::Name] = &[
    mac::HMAC_SHA256_ETM,
    mac::HMAC_SHA512_ETM,
    mac::HMAC_SHA1_ETM,
    mac::HMAC_SHA256,
    mac::HMAC_SHA512,
    mac::HMAC_SHA1,
];

/// Key exchanges, most preferred first, with the markers of strict key exchange
/// (CVE-2023-48795).
pub const KEY_EXCHANGES: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_GEX_SHA256,
    kex::DH_G16_SHA512,
    kex::DH_G18_SHA512,
    kex::DH_G14_SHA256,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];

/// A cipher by its name. `none` is known too, though not one of [`CIPHERS`]: callers decide whether
/// it is allowed.
pub fn cipher(name: &str) -> Option<cipher::Name> {
    CIPHERS.iter().chain([&cipher::NONE]).find(|known| known.as_ref() == name).copied()
}

/// A MAC by its name; `none` as with [`cipher()`].
pub fn mac(name: &str) -> Option<mac::Name> {
    MACS.iter().chain([&mac::NONE]).find(|known| known.as_ref() == name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cipher_and_mac_of_russh_that_protects_is_listed() {
        let ciphers: Vec<&str> = CIPHERS.iter().map(AsRef::as_ref).collect();
        for name in cipher::ALL_CIPHERS.iter().map(|name| name.as_ref()) {
            assert!(ciphers.contains(&name) || ["clear", "none"].contains(&name), "{name}");
        }
        let macs: Vec<&str> = MACS.iter().map(AsRef::as_ref).collect();
        for name in mac::ALL_MAC_ALGORITHMS.iter().map(|name| name.as_ref()) {
            assert!(macs.contains(&name) || name == "none", "{name}");
        }
        assert!(!DEFAULT_CIPHERS.iter().any(|name| name.as_ref().contains("cbc")));
    }

    #[test]
    fn a_name_is_found_or_not_known() {
        assert_eq!(cipher("aes128-ctr"), Some(cipher::AES_128_CTR));
        assert_eq!(cipher("none"), Some(cipher::NONE));
        assert_eq!(cipher("clear"), None);
        assert_eq!(mac("umac-64@openssh.com"), None);
    }
}
