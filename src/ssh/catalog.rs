//! What is known of each cipher and MAC: a table with one row per name, each with its source.
//! A name that is not in it is surveyed like any other; less is known about it.
//!
//! Key bits and block sizes: OpenSSH `cipher.c`. Security: `docs/ciphers.md` gives the reasons
//! at length. MAC lengths: OpenSSH `mac.c`.

use serde::Serialize;

use crate::model::{AesClass, Cipher, Mac};

/// How a cipher is used on a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Galois/counter mode (RFC 5647, as OpenSSH's `PROTOCOL` amends it).
    Gcm,
    /// Counter mode (RFC 4344).
    Ctr,
    /// Cipher block chaining (RFC 4253, section 6.3).
    Cbc,
    /// ChaCha20 with Poly1305 (OpenSSH `PROTOCOL.chacha20poly1305`).
    Stream,
    /// RC4 (RFC 4345).
    Rc4,
    /// No encryption.
    None,
}

/// Its security standing: whether a careful admin would use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    Recommended,
    Legacy,
    Broken,
}

impl std::fmt::Display for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Security::Recommended => "recommended",
            Security::Legacy => "legacy",
            Security::Broken => "broken",
        })
    }
}

/// One row of the table of ciphers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CipherInfo {
    pub name: &'static str,
    pub mode: Mode,
    pub key_bits: u32,
    pub block_bytes: u32,
    /// The cipher authenticates by itself, and no MAC is negotiated.
    pub aead: bool,
    /// AES instructions accelerate it.
    pub uses_aes: bool,
    pub security: Security,
    pub why: &'static str,
    /// The document that defines the name.
    pub defined_in: &'static str,
}

const GOOD_AEAD: &str = "authenticated encryption; not affected by Terrapin";
const GOOD_CHACHA: &str = "authenticated encryption; exposed to Terrapin (CVE-2023-48795) \
                           unless both ends support strict KEX";
const GOOD_CTR: &str = "sound with an encrypt-then-MAC MAC";
const OLD_CBC: &str = "CBC leaks plaintext (CVE-2008-5161) and is exposed to Terrapin with \
                       encrypt-then-MAC; OpenSSH's server does not offer it by default since 6.7";
const SMALL_BLOCK: &str = "64-bit blocks (Sweet32, CVE-2016-2183)";
const RC4: &str = "RC4 is broken (RFC 8758 forbids it)";
const NOTHING: &str = "no encryption at all";

macro_rules! ciphers {
    ($($name:literal $mode:ident $bits:literal $block:literal $aead:literal $aes:literal
       $security:ident $why:ident $source:literal;)*) => {
        &[$(CipherInfo {
            name: $name, mode: Mode::$mode, key_bits: $bits, block_bytes: $block, aead: $aead,
            uses_aes: $aes, security: Security::$security, why: $why, defined_in: $source,
        }),*]
    };
}

/// Every cipher that the program knows.
#[rustfmt::skip]
pub const CIPHERS: &[CipherInfo] = ciphers![
// name                               mode  bits block aead  aes   security    why         source
"chacha20-poly1305@openssh.com"       Stream 256   8   true  false Recommended GOOD_CHACHA "OpenSSH PROTOCOL.chacha20poly1305";
"chacha20-poly1305"                   Stream 256   8   true  false Recommended GOOD_CHACHA "draft-ietf-sshm-chacha20-poly1305";
"aes128-gcm@openssh.com"              Gcm    128  16   true  true  Recommended GOOD_AEAD   "OpenSSH PROTOCOL 1.6";
"aes256-gcm@openssh.com"              Gcm    256  16   true  true  Recommended GOOD_AEAD   "OpenSSH PROTOCOL 1.6";
"aes128-gcm"                          Gcm    128  16   true  true  Recommended GOOD_AEAD   "draft-miller-sshm-aes-gcm";
"aes256-gcm"                          Gcm    256  16   true  true  Recommended GOOD_AEAD   "draft-miller-sshm-aes-gcm";
"AEAD_AES_128_GCM"                    Gcm    128  16   true  true  Recommended GOOD_AEAD   "RFC 5647";
"AEAD_AES_256_GCM"                    Gcm    256  16   true  true  Recommended GOOD_AEAD   "RFC 5647";
"aes128-ctr"                          Ctr    128  16   false true  Recommended GOOD_CTR    "RFC 4344";
"aes192-ctr"                          Ctr    192  16   false true  Recommended GOOD_CTR    "RFC 4344";
"aes256-ctr"                          Ctr    256  16   false true  Recommended GOOD_CTR    "RFC 4344";
"aes128-cbc"                          Cbc    128  16   false true  Legacy      OLD_CBC     "RFC 4253";
"aes192-cbc"                          Cbc    192  16   false true  Legacy      OLD_CBC     "RFC 4253";
"aes256-cbc"                          Cbc    256  16   false true  Legacy      OLD_CBC     "RFC 4253";
"rijndael-cbc@lysator.liu.se"         Cbc    256  16   false true  Legacy      OLD_CBC     "OpenSSH cipher.c (aes256-cbc)";
"3des-cbc"                            Cbc    168   8   false false Broken      SMALL_BLOCK "RFC 4253";
"3des-ctr"                            Ctr    168   8   false false Broken      SMALL_BLOCK "RFC 4344";
"blowfish-cbc"                        Cbc    128   8   false false Broken      SMALL_BLOCK "RFC 4253";
"cast128-cbc"                         Cbc    128   8   false false Broken      SMALL_BLOCK "RFC 4253";
"arcfour"                             Rc4    128   8   false false Broken      RC4         "RFC 4253";
"arcfour128"                          Rc4    128   8   false false Broken      RC4         "RFC 4345";
"arcfour256"                          Rc4    256   8   false false Broken      RC4         "RFC 4345";
"none"                                None     0   8   false false Broken      NOTHING     "RFC 4253";
];

/// One row of the table of MACs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MacInfo {
    pub name: &'static str,
    /// Bytes that it adds to a packet.
    pub tag_bytes: u32,
    /// Encrypt-then-MAC (OpenSSH `PROTOCOL`, section 1.4).
    pub encrypt_then_mac: bool,
    pub security: Security,
    pub defined_in: &'static str,
}

macro_rules! macs {
    ($($name:literal $tag:literal $etm:literal $security:ident $source:literal;)*) => {
        &[$(MacInfo {
            name: $name, tag_bytes: $tag, encrypt_then_mac: $etm, security: Security::$security,
            defined_in: $source,
        }),*]
    };
}

/// Every MAC that the program knows.
#[rustfmt::skip]
pub const MACS: &[MacInfo] = macs![
"umac-64-etm@openssh.com"         8 true  Recommended "OpenSSH PROTOCOL 1.4, RFC 4418";
"umac-128-etm@openssh.com"       16 true  Recommended "OpenSSH PROTOCOL 1.4, RFC 4418";
"hmac-sha2-256-etm@openssh.com"  32 true  Recommended "OpenSSH PROTOCOL 1.4, RFC 6668";
"hmac-sha2-512-etm@openssh.com"  64 true  Recommended "OpenSSH PROTOCOL 1.4, RFC 6668";
"hmac-sha1-etm@openssh.com"      20 true  Legacy      "OpenSSH PROTOCOL 1.4, RFC 4253";
"hmac-sha1-96-etm@openssh.com"   12 true  Legacy      "OpenSSH PROTOCOL 1.4, RFC 4253";
"hmac-md5-etm@openssh.com"       16 true  Broken      "OpenSSH PROTOCOL 1.4, RFC 4253";
"hmac-md5-96-etm@openssh.com"    12 true  Broken      "OpenSSH PROTOCOL 1.4, RFC 4253";
"umac-64@openssh.com"             8 false Recommended "RFC 4418";
"umac-128@openssh.com"           16 false Recommended "RFC 4418";
"hmac-sha2-256"                  32 false Recommended "RFC 6668";
"hmac-sha2-512"                  64 false Recommended "RFC 6668";
"hmac-sha1"                      20 false Legacy      "RFC 4253";
"hmac-sha1-96"                   12 false Legacy      "RFC 4253";
"hmac-md5"                       16 false Broken      "RFC 4253";
"hmac-md5-96"                    12 false Broken      "RFC 4253";
];

/// Text in which the names of ciphers and MACs lose the domain that tells OpenSSH's own from others (RFC 4251,
/// section 6).
pub fn without_domain(text: &str) -> String {
    const DOMAIN: &str = "@openssh.com";
    let names = CIPHERS.iter().map(|info| info.name).chain(MACS.iter().map(|info| info.name));
    let own = names.filter_map(|name| Some((name, name.strip_suffix(DOMAIN)?)));
    own.fold(text.to_owned(), |text, (name, short)| text.replace(name, short))
}

/// What is known of a cipher.
pub fn cipher(name: &Cipher) -> Option<&'static CipherInfo> {
    CIPHERS.iter().find(|row| row.name == name.as_str())
}

/// What is known of a MAC.
pub fn mac(name: &Mac) -> Option<&'static MacInfo> {
    MACS.iter().find(|row| row.name == name.as_str())
}

/// Whether a cipher negotiates a MAC. One that the catalog does not know is judged by its name:
/// AEADs carry GCM or Poly1305 in theirs.
pub fn needs_mac(name: &Cipher) -> bool {
    match cipher(name) {
        Some(row) => !row.aead,
        None => {
            let lower = name.as_str().to_ascii_lowercase();
            !(lower.contains("gcm") || lower.contains("poly1305"))
        }
    }
}

/// Whether a CPU of this class accelerates the cipher; absent where either is unknown.
pub fn accelerated(name: &Cipher, class: AesClass) -> Option<bool> {
    match (cipher(name)?.uses_aes, class) {
        (false, _) => Some(false),
        (true, AesClass::Aes) => Some(true),
        (true, AesClass::NoAes) => Some(false),
        (true, AesClass::Unknown) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_of_rfc_4251s_form() {
        let names: Vec<_> =
            CIPHERS.iter().map(|row| row.name).chain(MACS.iter().map(|row| row.name)).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
        for name in names {
            assert!(name.len() <= 64 && name.bytes().all(|b| b.is_ascii_graphic() && b != b','));
        }
    }

    #[test]
    fn nothing_weak_is_recommended() {
        for row in CIPHERS {
            let weak = matches!(row.mode, Mode::Cbc | Mode::Rc4 | Mode::None)
                || (row.block_bytes < 16 && row.mode != Mode::Stream);
            assert_eq!(row.security == Security::Recommended, !weak, "{}", row.name);
            assert_eq!(row.aead, matches!(row.mode, Mode::Gcm | Mode::Stream), "{}", row.name);
            assert_eq!(
                row.uses_aes,
                row.name.to_lowercase().contains("aes") || row.name.starts_with("rijndael")
            );
        }
    }

    #[test]
    fn every_cipher_of_openssh_9_2_is_known() {
        let listed = include_str!("../../fixtures/openssh/ssh-Q-cipher.txt");
        let names: Vec<_> = listed.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(names.len(), 10);
        for name in names {
            assert!(cipher(&Cipher::from(name)).is_some(), "{name}");
        }
    }

    #[test]
    fn an_unknown_name_is_judged_by_its_parts() {
        assert!(!needs_mac(&Cipher::from("aes512-gcm@example.com")));
        assert!(needs_mac(&Cipher::from("seed-cbc@ssh.com")));
        assert_eq!(accelerated(&Cipher::from("camellia128-ctr@openssh.org"), AesClass::Aes), None);
    }
}
