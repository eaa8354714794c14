//! The AEADs of ring and of aws-lc-rs, which took over ring's interface. Both have OpenSSH's
//! ChaCha20-Poly1305 as a construction of its own: ChaCha20, then Poly1305, each over the whole
//! packet. It is slower than their code that does both in one pass, which only serves the AEAD of
//! RFC 8439: its tag covers other bytes.

/// A module `aeads` with the AEADs of a library that has ring's interface.
macro_rules! ring_api {
    ($library:ident) => {
        mod aeads {
            use std::ops::Range;

            use $library::aead::chacha20_poly1305_openssh::{OpeningKey, SealingKey};
            use $library::aead::{self, Aad, LessSafeKey, UnboundKey};

            use $crate::cipher_cores::gcm::{Gcm, Nonce, Tag};
            use $crate::cipher_cores::packet::{
                End, Fault, LENGTH, Layout, Open, Seal, SealOrOpen,
            };
            use $crate::cipher_cores::suite::{Aead, Keys, Suite};

            pub fn gcm(aead: Aead, keys: &Keys) -> Option<Box<dyn Gcm>> {
                let algorithm = match aead {
                    Aead::ChaCha20Poly1305 => return None,
                    Aead::Aes128Gcm => &aead::AES_128_GCM,
                    Aead::Aes256Gcm => &aead::AES_256_GCM,
                };
                let key = UnboundKey::new(algorithm, &keys.key[..aead.key_bytes()]).ok()?;
                Some(Box::new(LessSafeKey::new(key)))
            }

            pub fn chacha20_poly1305(keys: &Keys) -> Box<dyn SealOrOpen> {
                let (seal, open) = (SealingKey::new(&keys.key), OpeningKey::new(&keys.key));
                Box::new(ChaCha { seal, open })
            }

            impl Gcm for LessSafeKey {
                fn encrypt(
                    &mut self,
                    nonce: &Nonce,
                    associated: &[u8],
                    bytes: &mut [u8],
                ) -> Result<Tag, Fault> {
                    let nonce = aead::Nonce::assume_unique_for_key(*nonce);
                    let tag = self.seal_in_place_separate_tag(nonce, Aad::from(associated), bytes);
                    tag.ok().and_then(|tag| tag.as_ref().try_into().ok()).ok_or(Fault::Library)
                }

                fn decrypt(
                    &mut self,
                    nonce: &Nonce,
                    associated: &[u8],
                    bytes: &mut [u8],
                ) -> Result<(), Fault> {
                    let nonce = aead::Nonce::assume_unique_for_key(*nonce);
                    let opened = self.open_in_place(nonce, Aad::from(associated), bytes);
                    opened.map(|_| ()).map_err(|_| Fault::Tampered)
                }
            }

            struct ChaCha {
                seal: SealingKey,
                open: OpeningKey,
            }

            impl End for ChaCha {
                fn layout(&self) -> Layout {
                    Suite::Alone(Aead::ChaCha20Poly1305).layout()
                }
            }

            impl Seal for ChaCha {
                fn seal(&mut self, sequence: u32, packet: &mut [u8]) -> Result<(), Fault> {
                    let (packet, tag) = self.layout().split(packet)?;
                    let tag = tag.first_chunk_mut().ok_or(Fault::Tampered)?;
                    self.seal.seal_in_place(sequence, packet, tag);
                    Ok(())
                }
            }

            impl Open for ChaCha {
                fn open(
                    &mut self,
                    sequence: u32,
                    packet: &mut [u8],
                ) -> Result<Range<usize>, Fault> {
                    let (encrypted, tag) = self.layout().split(packet)?;
                    let length = *encrypted.first_chunk().ok_or(Fault::Tampered)?;
                    let length = self.open.decrypt_packet_length(sequence, length);
                    let tag = tag.first_chunk().ok_or(Fault::Tampered)?;
                    let opened = self.open.open_in_place(sequence, encrypted, tag);
                    opened.map_err(|_| Fault::Tampered)?;
                    encrypted[..LENGTH].copy_from_slice(&length);
                    self.layout().unframe(packet)
                }
            }
        }
    };
}
pub(super) use ring_api;
