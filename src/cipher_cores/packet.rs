//! The binary packet of SSH (RFC 4253, section 6): where its parts are, and what sealing and opening
//! one means.
//!
//! ```text
//! packet length (4) │ padding length (1) │ payload │ padding (4 or more) │ tag
//! ```
//! The packet length counts neither itself nor the tag.

use std::ops::Range;

use thiserror::Error;

/// Bytes of the field that holds the packet length.
pub const LENGTH: usize = 4;

/// The least padding (RFC 4253, section 6).
const LEAST_PADDING: usize = 4;

/// Why a packet was not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// Its tag, its length or its padding is wrong; its content must not be used.
    #[error("the packet was tampered with")]
    Tampered,
    /// The library reported an error.
    #[error("the library failed")]
    Library,
}

/// One end of one direction of a connection, with its keys and its state.
pub trait End: Send {
    /// How its packets are laid out.
    fn layout(&self) -> Layout;
}

/// The sender's end.
pub trait Seal: End {
    /// Encrypts and authenticates a packet in place. `packet` has its lengths ([`Layout::frame`]) and
    /// padding, and ends with room for the tag. `sequence` is the packet's sequence number (RFC 4253,
    /// section 6.4).
    ///
    /// # Errors
    /// [`Fault::Library`].
    fn seal(&mut self, sequence: u32, packet: &mut [u8]) -> Result<(), Fault>;
}

/// The receiver's end.
pub trait Open: End {
    /// Verifies and decrypts a packet in place; returns where its payload is. `packet` holds exactly
    /// one packet with its tag.
    ///
    /// # Errors
    /// [`Fault::Tampered`] where the packet is not what the sender sealed with this sequence number.
    fn open(&mut self, sequence: u32, packet: &mut [u8]) -> Result<Range<usize>, Fault>;
}

/// An end of either kind; its cipher was made for one of them.
pub trait SealOrOpen: Seal + Open {}

impl<T: Seal + Open> SealOrOpen for T {}

/// The length of a packet and where its parts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The padded part is a multiple of so many bytes.
    pub block: usize,
    /// Whether the packet length is in the padded part: where the same cipher encrypts it, so not with
    /// AEADs and encrypt-then-MAC (OpenSSH `PROTOCOL`, sections 1.4 and 1.6).
    pub length_is_padded: bool,
    /// Bytes of the tag or MAC.
    pub tag: usize,
}

impl Layout {
    /// Bytes of padding after a payload of so many bytes.
    pub fn padding(&self, payload: usize) -> usize {
        let unpadded = 1 + payload + if self.length_is_padded { LENGTH } else { 0 };
        let short = self.block - unpadded % self.block;
        if short < LEAST_PADDING { short + self.block } else { short }
    }

    /// Bytes of a whole packet, its tag included.
    pub fn packet_bytes(&self, payload: usize) -> usize {
        LENGTH + 1 + payload + self.padding(payload) + self.tag
    }

    /// Where the payload is.
    pub fn payload(&self, payload: usize) -> Range<usize> {
        LENGTH + 1..LENGTH + 1 + payload
    }

    /// Writes the two lengths of a packet before its payload of so many bytes. Payload and padding are
    /// there already: RFC 4253 wants random padding, which is no part of a cipher's cost.
    pub fn frame(&self, payload: usize, packet: &mut [u8]) {
        let padding = self.padding(payload);
        let length = (1 + payload + padding) as u32;
        packet[..LENGTH].copy_from_slice(&length.to_be_bytes());
        packet[LENGTH] = padding as u8;
    }

    /// Where the payload is in an opened packet, whose tag is included.
    ///
    /// # Errors
    /// [`Fault::Tampered`] where its lengths are not those of a packet of so many bytes.
    pub fn unframe(&self, packet: &[u8]) -> Result<Range<usize>, Fault> {
        let padded = self.length(packet)?;
        let padding = usize::from(packet[LENGTH]);
        if padding < LEAST_PADDING || padding >= padded {
            return Err(Fault::Tampered);
        }
        Ok(LENGTH + 1..LENGTH + padded - padding)
    }

    /// The packet length, which must be that of a packet of exactly these bytes.
    ///
    /// # Errors
    /// [`Fault::Tampered`] where it is not.
    pub fn length(&self, packet: &[u8]) -> Result<usize, Fault> {
        let (length, rest) = packet.split_first_chunk::<LENGTH>().ok_or(Fault::Tampered)?;
        let length = u32::from_be_bytes(*length) as usize;
        let counted = length + if self.length_is_padded { LENGTH } else { 0 };
        let whole = Some(length) == rest.len().checked_sub(self.tag);
        if whole && length > LEAST_PADDING && counted.is_multiple_of(self.block) {
            Ok(length)
        } else {
            Err(Fault::Tampered)
        }
    }

    /// The part of a packet that its tag protects, and the tag.
    ///
    /// # Errors
    /// [`Fault::Tampered`] where the packet is too short to be one.
    pub fn split<'a>(&self, packet: &'a mut [u8]) -> Result<(&'a mut [u8], &'a mut [u8]), Fault> {
        let end = packet.len().checked_sub(self.tag).filter(|&end| end > LENGTH);
        packet.split_at_mut_checked(end.ok_or(Fault::Tampered)?).ok_or(Fault::Tampered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_packet_is_padded_as_rfc_4253_requires(
            payload in 0_usize..40_000,
            block in prop::sample::select(vec![8_usize, 16]),
            length_is_padded: bool,
            tag in prop::sample::select(vec![0_usize, 16, 20, 32, 64]),
        ) {
            let layout = Layout { block, length_is_padded, tag };
            let padding = layout.padding(payload);
            prop_assert!((4..4 + block).contains(&padding));
            let counted = 1 + payload + padding + if length_is_padded { 4 } else { 0 };
            prop_assert_eq!(counted % block, 0);

            let mut packet = vec![7; layout.packet_bytes(payload)];
            layout.frame(payload, &mut packet);
            prop_assert_eq!(layout.unframe(&packet), Ok(layout.payload(payload)));
            prop_assert_eq!(layout.unframe(&packet[1..]), Err(Fault::Tampered));
        }

        #[test]
        fn any_bytes_are_opened_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let layout = Layout { block: 8, length_is_padded: false, tag: 16 };
            if let Ok(payload) = layout.unframe(&bytes) {
                prop_assert!(payload.end <= bytes.len() - 16);
            }
        }
    }
}
