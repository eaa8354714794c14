//! What each end proposes in its KEXINIT and what was negotiated from it
//! (RFC 4253, sections 7.1 and 7.2).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{Cipher, IMPLICIT_MAC, Mac};

/// The marker of strict key exchange in a server's KEXINIT (Terrapin, CVE-2023-48795).
pub const STRICT_KEX_SERVER: &str = "kex-strict-s-v00@openssh.com";
/// The same in a client's.
pub const STRICT_KEX_CLIENT: &str = "kex-strict-c-v00@openssh.com";

/// One end's KEXINIT, as far as a survey needs it. Where the lists of the two directions differ (of no
/// known server), that of client to server is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Proposal {
    pub ciphers: Vec<Cipher>,
    pub macs: Vec<Mac>,
    pub key_exchanges: Vec<String>,
}

impl Proposal {
    pub fn strict_kex(&self) -> bool {
        self.key_exchanges.iter().any(|name| name == STRICT_KEX_SERVER || name == STRICT_KEX_CLIENT)
    }
}

/// The algorithms of one direction of a connection.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct OneWay {
    pub cipher: Cipher,
    /// `<implicit>` where the cipher is an AEAD, as in OpenSSH's log.
    pub mac: String,
    pub compression: String,
}

impl OneWay {
    /// The MAC, where the cipher needs one.
    pub fn explicit_mac(&self) -> Option<Mac> {
        (self.mac != IMPLICIT_MAC).then(|| Mac(self.mac.clone()))
    }
}

/// What one connection's own log says was negotiated.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Negotiated {
    pub client_to_server: OneWay,
    pub server_to_client: OneWay,
    pub key_exchange: String,
}
