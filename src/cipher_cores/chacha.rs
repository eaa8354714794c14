//! `chacha20-poly1305@openssh.com` on a packet (OpenSSH `PROTOCOL.chacha20poly1305`), for libraries
//! that have ChaCha20 and Poly1305 and not the two put together in SSH's way: one key encrypts the
//! packet length, so that a receiver knows it before the rest has come, the other the rest, and
//! Poly1305 is of what was encrypted.

use std::ops::Range;

use subtle::ConstantTimeEq;

use super::packet::{End, Fault, LENGTH, Layout, Open, Seal};
use super::suite::{Aead, Suite};

/// ChaCha20 in its first form (a nonce and a counter of 64 bits each) and Poly1305 of one library,
/// with both keys.
pub trait ChaCha: Send {
    /// Encrypts the packet length in place, or decrypts it, with the second half of the key.
    ///
    /// # Errors
    /// [`Fault::Library`].
    fn length(&mut self, sequence: u32, length: &mut [u8; LENGTH]) -> Result<(), Fault>;

    /// The key of Poly1305: the first bytes of the stream's block 0 with the first half of the key.
    ///
    /// # Errors
    /// [`Fault::Library`].
    fn poly1305_key(&mut self, sequence: u32) -> Result<[u8; 32], Fault>;

    /// Encrypts the rest in place, or decrypts it, from the stream's block 1.
    ///
    /// # Errors
    /// [`Fault::Library`].
    fn rest(&mut self, sequence: u32, bytes: &mut [u8]) -> Result<(), Fault>;

    /// Poly1305 of these bytes.
    ///
    /// # Errors
    /// [`Fault::Library`].
    fn poly1305(&mut self, key: &[u8; 32], bytes: &[u8]) -> Result<[u8; 16], Fault>;
}

/// One way of a connection.
pub struct Packets(pub Box<dyn ChaCha>);

/// The nonce: the packet's number as 64 bits, the highest first.
pub fn nonce(sequence: u32) -> [u8; 8] {
    u64::from(sequence).to_be_bytes()
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
        let key = self.0.poly1305_key(sequence)?;
        let (length, rest) = packet.split_first_chunk_mut().ok_or(Fault::Tampered)?;
        self.0.length(sequence, length)?;
        self.0.rest(sequence, rest)?;
        tag.copy_from_slice(&self.0.poly1305(&key, packet)?);
        Ok(())
    }
}

impl Open for Packets {
    fn open(&mut self, sequence: u32, packet: &mut [u8]) -> Result<Range<usize>, Fault> {
        let (encrypted, tag) = layout().split(packet)?;
        let mut length = *encrypted.first_chunk().ok_or(Fault::Tampered)?;
        self.0.length(sequence, &mut length)?;
        let key = self.0.poly1305_key(sequence)?;
        let code = self.0.poly1305(&key, encrypted)?;
        if !bool::from(code.ct_eq(tag)) {
            return Err(Fault::Tampered);
        }
        let (first, rest) = encrypted.split_first_chunk_mut().ok_or(Fault::Tampered)?;
        *first = length;
        self.0.rest(sequence, rest)?;
        layout().unframe(packet)
    }
}
