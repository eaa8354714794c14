//! A suite: a cipher and, where it needs one, a MAC, by their SSH names.

use std::fmt;

use crate::model::{Cipher, Mac};
use crate::ssh::catalog::{self, Mode};

use super::packet::Layout;

/// What packets are sealed and opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// A cipher that authenticates by itself.
    Alone(Aead),
    /// A cipher with a MAC.
    With(Block, Hmac),
}

/// Ciphers that authenticate by themselves. There is no SSH name for GCM with a key of 192 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aead {
    /// `chacha20-poly1305@openssh.com`
    ChaCha20Poly1305,
    /// `aes128-gcm@openssh.com`
    Aes128Gcm,
    /// `aes256-gcm@openssh.com`
    Aes256Gcm,
}

/// Ciphers that need a MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    Aes128Ctr,
    Aes192Ctr,
    Aes256Ctr,
    Aes128Cbc,
    Aes192Cbc,
    Aes256Cbc,
    TripleDesCbc,
}

/// HMAC with one of SSH's hashes (RFC 4253, RFC 6668), in one of two orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hmac {
    pub hash: Hash,
    /// `-etm@openssh.com`: the MAC covers what was encrypted, and the packet length is not encrypted
    /// (OpenSSH `PROTOCOL`, section 1.4). Else it covers the plain packet, all of which is encrypted.
    pub encrypt_then_mac: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

const AEADS: [(&str, Aead); 3] = [
    ("chacha20-poly1305@openssh.com", Aead::ChaCha20Poly1305),
    ("aes128-gcm@openssh.com", Aead::Aes128Gcm),
    ("aes256-gcm@openssh.com", Aead::Aes256Gcm),
];

const BLOCKS: [(&str, Block); 7] = [
    ("aes128-ctr", Block::Aes128Ctr),
    ("aes192-ctr", Block::Aes192Ctr),
    ("aes256-ctr", Block::Aes256Ctr),
    ("aes128-cbc", Block::Aes128Cbc),
    ("aes192-cbc", Block::Aes192Cbc),
    ("aes256-cbc", Block::Aes256Cbc),
    ("3des-cbc", Block::TripleDesCbc),
];

const MACS: [(&str, Hash, bool); 6] = [
    ("hmac-sha2-256-etm@openssh.com", Hash::Sha256, true),
    ("hmac-sha2-512-etm@openssh.com", Hash::Sha512, true),
    ("hmac-sha1-etm@openssh.com", Hash::Sha1, true),
    ("hmac-sha2-256", Hash::Sha256, false),
    ("hmac-sha2-512", Hash::Sha512, false),
    ("hmac-sha1", Hash::Sha1, false),
];

/// The names of the ciphers, in the order of OpenSSH's proposal.
pub fn ciphers() -> impl Iterator<Item = Cipher> {
    let names = AEADS.iter().map(|row| row.0).chain(BLOCKS.iter().map(|row| row.0));
    names.map(Cipher::from)
}

/// The names of the MACs, in the order of OpenSSH's proposal.
pub fn macs() -> impl Iterator<Item = Mac> {
    MACS.iter().map(|row| Mac::from(row.0))
}

impl Suite {
    /// The suite of a cipher and, where that needs one, a MAC; absent where a name is not known.
    pub fn named(cipher: &Cipher, mac: Option<&Mac>) -> Option<Suite> {
        let cipher = cipher.as_str();
        if let Some((_, aead)) = AEADS.iter().find(|(name, _)| *name == cipher) {
            return Some(Suite::Alone(*aead));
        }
        let (_, block) = BLOCKS.iter().find(|(name, _)| *name == cipher)?;
        let (_, hash, encrypt_then_mac) =
            MACS.iter().find(|row| Some(row.0) == mac.map(Mac::as_str))?;
        Some(Suite::With(*block, Hmac { hash: *hash, encrypt_then_mac: *encrypt_then_mac }))
    }

    /// Each cipher, and with each MAC where it needs one.
    pub fn all() -> impl Iterator<Item = Suite> {
        ciphers().flat_map(|cipher| {
            let macs: Vec<Option<Mac>> = match catalog::needs_mac(&cipher) {
                true => macs().map(Some).collect(),
                false => vec![None],
            };
            macs.into_iter().filter_map(move |mac| Suite::named(&cipher, mac.as_ref()))
        })
    }

    pub fn cipher(&self) -> Cipher {
        let name = match self {
            Suite::Alone(aead) => AEADS.iter().find(|row| row.1 == *aead).map(|row| row.0),
            Suite::With(block, _) => BLOCKS.iter().find(|row| row.1 == *block).map(|row| row.0),
        };
        Cipher::from(name.unwrap_or_default())
    }

    pub fn mac(&self) -> Option<Mac> {
        let Suite::With(_, hmac) = self else { return None };
        let row = MACS.iter().find(|row| (row.1, row.2) == (hmac.hash, hmac.encrypt_then_mac))?;
        Some(Mac::from(row.0))
    }

    /// Where the parts of a packet are.
    pub fn layout(&self) -> Layout {
        match self {
            // chacha20-poly1305 pads to 8 bytes (OpenSSH PROTOCOL.chacha20poly1305).
            Suite::Alone(Aead::ChaCha20Poly1305) => {
                Layout { block: 8, length_is_padded: false, tag: 16 }
            }
            Suite::Alone(_) => Layout { block: 16, length_is_padded: false, tag: 16 },
            Suite::With(block, hmac) => Layout {
                block: block.bytes(),
                length_is_padded: !hmac.encrypt_then_mac,
                tag: hmac.hash.bytes(),
            },
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mac() {
            None => write!(f, "{}", self.cipher()),
            Some(mac) => write!(f, "{} {mac}", self.cipher()),
        }
    }
}

impl Aead {
    /// Bytes of the key that OpenSSH derives.
    pub fn key_bytes(self) -> usize {
        match self {
            Aead::ChaCha20Poly1305 => 64,
            Aead::Aes128Gcm => 16,
            Aead::Aes256Gcm => 32,
        }
    }
}

impl Block {
    pub fn key_bytes(self) -> usize {
        match self {
            Block::Aes128Ctr | Block::Aes128Cbc => 16,
            Block::Aes192Ctr | Block::Aes192Cbc | Block::TripleDesCbc => 24,
            Block::Aes256Ctr | Block::Aes256Cbc => 32,
        }
    }

    /// Bytes of its block and of its IV.
    pub fn bytes(self) -> usize {
        if self == Block::TripleDesCbc { 8 } else { 16 }
    }

    pub fn mode(self) -> Mode {
        match self {
            Block::Aes128Ctr | Block::Aes192Ctr | Block::Aes256Ctr => Mode::Ctr,
            _ => Mode::Cbc,
        }
    }
}

impl Hash {
    /// Bytes of the MAC, and of its key (RFC 4253, section 6.4).
    pub fn bytes(self) -> usize {
        match self {
            Hash::Sha1 => 20,
            Hash::Sha256 => 32,
            Hash::Sha512 => 64,
        }
    }
}

/// What the key exchange gives one direction of a connection (RFC 4253, section 7.2). A suite uses as
/// many bytes of each as it needs.
#[derive(Clone, Debug)]
pub struct Keys {
    pub key: [u8; 64],
    pub iv: [u8; 16],
    pub mac: [u8; 64],
}

impl Keys {
    /// Any keys serve for measuring.
    pub fn for_measuring() -> Keys {
        Keys {
            key: std::array::from_fn(|index| index as u8),
            iv: std::array::from_fn(|index| 0xa0 ^ index as u8),
            mac: std::array::from_fn(|index| 0x55 ^ index as u8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_suite_is_found_by_its_names() {
        let all: Vec<Suite> = Suite::all().collect();
        assert_eq!(all.len(), 3 + 7 * 6);
        for suite in all {
            assert_eq!(Suite::named(&suite.cipher(), suite.mac().as_ref()), Some(suite));
        }
        assert_eq!(Suite::named(&Cipher::from("aes128-ctr"), None), None);
        assert_eq!(Suite::named(&Cipher::from("aes192-gcm"), None), None);
    }

    #[test]
    fn blocks_keys_and_tags_agree_with_the_catalog() {
        for suite in Suite::all() {
            let info = catalog::cipher(&suite.cipher()).unwrap();
            let layout = suite.layout();
            assert_eq!(layout.block, info.block_bytes as usize, "{suite}");
            match suite {
                Suite::Alone(Aead::ChaCha20Poly1305) => assert_eq!(info.key_bits, 256),
                Suite::Alone(aead) => assert_eq!(aead.key_bytes() * 8, info.key_bits as usize),
                // Each byte of a DES key has a parity bit.
                Suite::With(Block::TripleDesCbc, _) => assert_eq!(info.key_bits, 168),
                Suite::With(block, _) => {
                    assert_eq!(block.key_bytes() * 8, info.key_bits as usize);
                    assert_eq!(block.mode(), info.mode);
                }
            }
            if let Some(mac) = suite.mac() {
                let info = catalog::mac(&mac).unwrap();
                assert_eq!(layout.tag, info.tag_bytes as usize, "{suite}");
                assert_eq!(layout.length_is_padded, !info.encrypt_then_mac, "{suite}");
            }
        }
    }
}
