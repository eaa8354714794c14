//! `chacha20-poly1305@openssh.com` on a packet (OpenSSH `PROTOCOL.chacha20poly1305`), for libraries
//! that have ChaCha20 and Poly1305 but not OpenSSH's construction of the two: one key encrypts the
//! packet length, so that a receiver knows it before the rest has arrived; the other encrypts the
//! rest; Poly1305 authenticates what was encrypted.

use std::ops::Range;

use subtle::ConstantTimeEq;

use super::packet::{End, Fault, LENGTH, Layout, Open, Seal};
use super::suite::{Aead, Suite};

/// Which half of what the key exchange gave, by OpenSSH's names (`main_ctx` and `header_ctx` of
/// `cipher-chachapoly.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The first half: of Poly1305's key and of all but the packet length.
    Main,
    /// The second half: of the packet length.
    Header,
}

/// One library's ChaCha20 in its original form (a nonce and a block counter of 64 bits each) and its
/// Poly1305, with both keys.
pub trait ChaCha: Send {
    /// Encrypts or decrypts in place, from this block of the stream on, with the nonce of the
    /// packet ([`nonce`]).
    ///
    /// # Errors
    /// [`Fault::Library`].
    fn stream(
        &mut self,
        key: Key,
        block: u64,
        sequence: u32,
        bytes: &mut [u8],
    ) -> Result<(), Fault>;

    /// Poly1305 of these bytes.
    ///
    /// # Errors
    /// [`Fault::Library`].
    fn poly1305(&mut self, key: &[u8; 32], bytes: &[u8]) -> Result<[u8; 16], Fault>;
}

/// The nonce: the packet's sequence number as 64 bits, big-endian.
pub fn nonce(sequence: u32) -> [u8; 8] {
    u64::from(sequence).to_be_bytes()
}

/// One direction of a connection.
pub struct Packets(pub Box<dyn ChaCha>);

impl Packets {
    /// The tag of what was encrypted. Poly1305's key is the beginning of the stream's block 0.
    fn tag(&mut self, sequence: u32, encrypted: &[u8]) -> Result<[u8; 16], Fault> {
        let mut key = [0; 32];
        self.0.stream(Key::Main, 0, sequence, &mut key)?;
        self.0.poly1305(&key, encrypted)
    }
}

fn layout() -> Layout {
    Suite::Alone(Aead::ChaCha20Poly1305).layout()
}

impl End for Packets {
    fn layout(&self) -> Layout {
        layout()
    }
}

impl Seal for Packets {
    fn seal(&mut self, sequence: u32, packet: &mut [u8]) -> Result<(), Fault> {
        let (packet, tag) = layout().split(packet)?;
        let (length, rest) = packet.split_first_chunk_mut::<LENGTH>().ok_or(Fault::Tampered)?;
        self.0.stream(Key::Header, 0, sequence, length)?;
        self.0.stream(Key::Main, 1, sequence, rest)?;
        tag.copy_from_slice(&self.tag(sequence, packet)?);
        Ok(())
    }
}

impl Open for Packets {
    fn open(&mut self, sequence: u32, packet: &mut [u8]) -> Result<Range<usize>, Fault> {
        let (encrypted, tag) = layout().split(packet)?;
        let mut length: [u8; LENGTH] = *encrypted.first_chunk().ok_or(Fault::Tampered)?;
        self.0.stream(Key::Header, 0, sequence, &mut length)?;
        if !bool::from(self.tag(sequence, encrypted)?.ct_eq(tag)) {
            return Err(Fault::Tampered);
        }
        let (first, rest) = encrypted.split_first_chunk_mut().ok_or(Fault::Tampered)?;
        *first = length;
        self.0.stream(Key::Main, 1, sequence, rest)?;
        layout().unframe(packet)
    }
}
