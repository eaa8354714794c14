//! AES-GCM on a packet (RFC 5647, as OpenSSH's `PROTOCOL`, section 1.6, names and amends it): the
//! packet length is associated data, and the nonce counts packets from what the key exchange gave.

use std::ops::Range;

use super::packet::{End, Fault, LENGTH, Layout, Open, Seal};
use super::suite::{Aead, Keys, Suite};

/// Bytes of the tag.
pub const TAG: usize = 16;

/// One library's GCM, with its key.
pub trait Gcm: Send {
    /// Encrypts in place and gives the tag, which is of the associated data too.
    ///
    /// # Errors
    /// [`Fault::Library`].
    fn encrypt(
        &mut self,
        nonce: &[u8; 12],
        associated: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; TAG], Fault>;

    /// Decrypts `bytes`, and the tag behind them, in place where the tag is right.
    ///
    /// # Errors
    /// [`Fault::Tampered`] where it is not.
    fn decrypt(
        &mut self,
        nonce: &[u8; 12],
        associated: &[u8],
        bytes: &mut [u8],
    ) -> Result<(), Fault>;
}

/// One way of a connection.
pub struct Packets {
    gcm: Box<dyn Gcm>,
    layout: Layout,
    /// 4 bytes that stay and 8 that count (RFC 5647, section 7.1).
    nonce: [u8; 12],
}

impl Packets {
    pub fn new(aead: Aead, gcm: Box<dyn Gcm>, keys: &Keys) -> Packets {
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&keys.iv[..12]);
        Packets { gcm, layout: Suite::Alone(aead).layout(), nonce }
    }

    fn next_nonce(&mut self) -> [u8; 12] {
        let now = self.nonce;
        if let Some(counter) = self.nonce.last_chunk_mut::<8>() {
            *counter = u64::from_be_bytes(*counter).wrapping_add(1).to_be_bytes();
        }
        now
    }
}

impl End for Packets {
    fn layout(&self) -> Layout {
        self.layout
    }
}

impl Seal for Packets {
    fn seal(&mut self, _sequence: u32, packet: &mut [u8]) -> Result<(), Fault> {
        let nonce = self.next_nonce();
        let (packet, tag) = self.layout.split(packet)?;
        let (length, bytes) = packet.split_first_chunk_mut::<LENGTH>().ok_or(Fault::Tampered)?;
        tag.copy_from_slice(&self.gcm.encrypt(&nonce, length, bytes)?);
        Ok(())
    }
}

impl Open for Packets {
    fn open(&mut self, _sequence: u32, packet: &mut [u8]) -> Result<Range<usize>, Fault> {
        self.layout.length(packet)?;
        let nonce = self.next_nonce();
        let (length, bytes) = packet.split_first_chunk_mut::<LENGTH>().ok_or(Fault::Tampered)?;
        self.gcm.decrypt(&nonce, length, bytes)?;
        self.layout.unframe(packet)
    }
}
