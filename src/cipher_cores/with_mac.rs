//! A cipher with a MAC, in both orders: encrypt-then-MAC (OpenSSH `PROTOCOL`, section 1.4)
//! and encrypt-and-MAC (RFC 4253, section 6.4).

use std::ops::Range;

use subtle::ConstantTimeEq;

use super::packet::{End, Fault, LENGTH, Layout, Open, Seal};
use super::suite::{Block, Hmac, Suite};

/// Encrypts or decrypts whole blocks in place; goes on where the last call ended.
pub trait Blocks: Send {
    /// # Errors
    /// [`Fault::Library`].
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault>;
}

/// A MAC that a library computed: as many of the first bytes as it has. The longest has 64.
pub type Code = [u8; 64];

/// A MAC of as many bytes as it has.
#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
pub fn code(mac: &[u8]) -> Code {
    let mut code = [0; 64];
    code[..mac.len()].copy_from_slice(mac);
    code
}

/// Computes a MAC.
pub trait Authenticate: Send {
    /// The MAC of a packet's sequence number and of its bytes.
    ///
    /// # Errors
    /// [`Fault::Library`].
    fn code(&mut self, sequence: u32, bytes: &[u8]) -> Result<Code, Fault>;
}

/// A cipher and a MAC of one library, for sealing or for opening, whichever the cipher was made for.
pub struct WithMac {
    cipher: Box<dyn Blocks>,
    mac: Box<dyn Authenticate>,
    layout: Layout,
    block: usize,
    encrypt_then_mac: bool,
}

impl WithMac {
    pub fn new(
        (block, hmac): (Block, Hmac),
        cipher: Box<dyn Blocks>,
        mac: Box<dyn Authenticate>,
    ) -> WithMac {
        let layout = Suite::With(block, hmac).layout();
        let encrypt_then_mac = hmac.encrypt_then_mac;
        WithMac { cipher, mac, layout, block: block.bytes(), encrypt_then_mac }
    }

    fn is_right(&self, code: &Code, tag: &[u8]) -> Result<(), Fault> {
        match bool::from(code[..self.layout.tag].ct_eq(tag)) {
            true => Ok(()),
            false => Err(Fault::Tampered),
        }
    }
}

impl End for WithMac {
    fn layout(&self) -> Layout {
        self.layout
    }
}

impl Seal for WithMac {
    fn seal(&mut self, sequence: u32, packet: &mut [u8]) -> Result<(), Fault> {
        let (packet, tag) = self.layout.split(packet)?;
        let code = if self.encrypt_then_mac {
            self.cipher.apply(&mut packet[LENGTH..])?;
            self.mac.code(sequence, packet)?
        } else {
            let code = self.mac.code(sequence, packet)?;
            self.cipher.apply(packet)?;
            code
        };
        tag.copy_from_slice(&code[..tag.len()]);
        Ok(())
    }
}

impl Open for WithMac {
    fn open(&mut self, sequence: u32, packet: &mut [u8]) -> Result<Range<usize>, Fault> {
        if self.encrypt_then_mac {
            self.layout.length(packet)?;
            let (protected, tag) = self.layout.split(packet)?;
            let code = self.mac.code(sequence, protected)?;
            self.is_right(&code, tag)?;
            self.cipher.apply(&mut protected[LENGTH..])?;
        } else {
            // The length is in the first block, which is decrypted before the rest has arrived.
            let (protected, _) = self.layout.split(packet)?;
            let first = protected.split_at_mut_checked(self.block).ok_or(Fault::Tampered)?.0;
            self.cipher.apply(first)?;
            self.layout.length(packet)?;
            let (protected, tag) = self.layout.split(packet)?;
            self.cipher.apply(&mut protected[self.block..])?;
            let code = self.mac.code(sequence, protected)?;
            self.is_right(&code, tag)?;
        }
        self.layout.unframe(packet)
    }
}
