//! AES instructions: whether a CPU has them, and which ends of a pairing may use them.

use std::fmt;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// Whether a host's CPU accelerates AES.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AesClass {
    Aes,
    NoAes,
    Unknown,
}

impl fmt::Display for AesClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            AesClass::Aes => "AES",
            AesClass::NoAes => "no AES",
            AesClass::Unknown => "AES unknown",
        })
    }
}

/// An AES class with what it rests on, e.g. the flags of `/proc/cpuinfo`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct AesEvidence {
    pub class: AesClass,
    /// One phrase: `cpuinfo flags: aes pclmulqdq vaes`, `disabled by OPENSSL_ia32cap=…`.
    pub evidence: String,
}

/// Which ends of a pairing use AES instructions: the CPU has them, and they are not disabled in the
/// SSH program. `None`: not known.
///
/// Its one word (`both`, `client`, `server`, `neither`) is that of `--aes`, of a table's cell and of
/// JSON; [`AesEnds::phrase`] is what sentences say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AesEnds {
    pub client: Option<bool>,
    pub server: Option<bool>,
}

impl AesEnds {
    pub const BOTH: AesEnds = AesEnds { client: Some(true), server: Some(true) };
    pub const CLIENT: AesEnds = AesEnds { client: Some(true), server: Some(false) };
    pub const SERVER: AesEnds = AesEnds { client: Some(false), server: Some(true) };
    pub const NEITHER: AesEnds = AesEnds { client: Some(false), server: Some(false) };

    /// As in `upload, AES at the client only`.
    pub fn phrase(self) -> String {
        match self {
            AesEnds::BOTH => "AES at both ends".into(),
            AesEnds::CLIENT => "AES at the client only".into(),
            AesEnds::SERVER => "AES at the server only".into(),
            AesEnds::NEITHER => "AES at neither end".into(),
            unknown => format!("AES: {unknown}"),
        }
    }

    fn word(self) -> Option<&'static str> {
        match self {
            AesEnds::BOTH => Some("both"),
            AesEnds::CLIENT => Some("client"),
            AesEnds::SERVER => Some("server"),
            AesEnds::NEITHER => Some("neither"),
            _ => None,
        }
    }
}

/// One word, or `client yes, server ?`.
impl fmt::Display for AesEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word() {
            Some(word) => f.pad(word),
            None => f.pad(&format!(
                "client {}, server {}",
                yes_or_no(self.client),
                yes_or_no(self.server)
            )),
        }
    }
}

impl Serialize for AesEnds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl ValueEnum for AesEnds {
    fn value_variants<'a>() -> &'a [AesEnds] {
        &[AesEnds::BOTH, AesEnds::CLIENT, AesEnds::SERVER, AesEnds::NEITHER]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        self.word().map(PossibleValue::new)
    }
}

/// Whether an end uses AES instructions.
pub fn yes_or_no(known: Option<bool>) -> &'static str {
    match known {
        Some(true) => "yes",
        Some(false) => "no",
        None => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_not_known_is_named() {
        let unknown = AesEnds { client: Some(true), server: None };
        assert_eq!(unknown.phrase(), "AES: client yes, server ?");
        assert_eq!(serde_json::to_value(unknown).unwrap(), "client yes, server ?");
        assert_eq!(AesEnds::SERVER.phrase(), "AES at the server only");
        assert_eq!(AesEnds::from_str("neither", false), Ok(AesEnds::NEITHER));
    }
}
