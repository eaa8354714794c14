//! The marks of rows.

use schemars::JsonSchema;
use serde::Serialize;

/// What a row is marked with in its section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Fastest,
    /// Practically equal to the fastest.
    AsFast,
    /// Ahead, though others may be faster.
    Leads,
    /// It may be as fast as the one that leads, or faster: the interval does not tell.
    Undecided,
    /// Least CPU at both ends together.
    Cheapest,
    /// Practically equal to the cheapest.
    AsCheap,
    /// The default cipher.
    Default,
    /// `Ciphers` in ssh_config leaves it out.
    LeftOut,
    /// Nothing is encrypted: it shows what everything but the cipher costs.
    NoCipher,
    /// It uses AES instructions although they are disabled for the others.
    AesNotDisabled,
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Mark::Fastest => "fastest",
            Mark::AsFast => "as fast",
            Mark::Leads => "leads",
            Mark::Undecided => "undecided",
            Mark::Cheapest => "cheapest",
            Mark::AsCheap => "as cheap",
            Mark::Default => "default",
            Mark::LeftOut => "not in Ciphers",
            Mark::NoCipher => "no cipher",
            Mark::AesNotDisabled => "AES not disabled",
        })
    }
}
