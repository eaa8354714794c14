//! AES-GCM on a packet (RFC 5647, as OpenSSH's `PROTOCOL`, section 1.6, names and amends it): the
//! packet length is associated data, and the nonce starts at what the key exchange gave and counts packets.

use std::ops::Range;

use super::packet::{End, Fault, LENGTH, Layout, Open, Seal};
use super::suite::{Aead, Keys, Suite};

/// 4 bytes that stay and 8 that count (RFC 5647, section 7.1).
pub type Nonce = [u8; 12];

pub type Tag = [u8; 16];

/// One library's GCM, with its key.
pub trait Gcm: Send {
    /// Encrypts in place and gives the tag, which covers the associated data too.
    ///
    /// # Errors
    /// [`Fault::Library`].
    fn encrypt(&mut self, nonce: &Nonce, associated: &[u8], bytes: &mut [u8])
    -> Result<Tag, Fault>;

    /// Decrypts `bytes`, which end with the tag, in place where the tag is right.
    ///
    /// # Errors
    /// [`Fault::Tampered`] where it is not.
    fn decrypt(&mut self, nonce: &Nonce, associated: &[u8], bytes: &mut [u8]) -> Result<(), Fault>;
}

/// What [`Gcm::decrypt`] is given, without the tag, and the tag.
///
/// # Errors
/// [`Fault::Tampered`] where it is too short to hold one.
pub fn split(bytes: &mut [u8]) -> Result<(&mut [u8], &mut Tag), Fault> {
    bytes.split_last_chunk_mut().ok_or(Fault::Tampered)
}

/// One direction of a connection.
pub struct Packets {
    gcm: Box<dyn Gcm>,
    layout: Layout,
    nonce: Nonce,
}

impl Packets {
    pub fn new(aead: Aead, gcm: Box<dyn Gcm>, keys: &Keys) -> Packets {
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&keys.iv[..12]);
        Packets { gcm, layout: Suite::Alone(aead).layout(), nonce }
    }

    fn next_nonce(&mut self) -> Nonce {
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
