//! What stands out about a row.

use schemars::JsonSchema;
use serde::Serialize;

/// What stands out about a row within its section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Fastest,
    /// Practically equal to the fastest.
    AsFast,
    /// Ahead, with others that may be faster.
    Leads,
    /// It may be as fast as the one that leads, or faster.
    Undecided,
    /// Least CPU at both ends together.
    Cheapest,
    /// Practically equal to the cheapest.
    AsCheap,
    /// What ssh negotiates unasked.
    Default,
    /// It shows what everything but the cipher costs.
    NoCipher,
    /// AES instructions that a mask hides from others serve it all the same.
    #[serde(rename = "not_masked")]
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
            Mark::NoCipher => "no cipher",
            Mark::AesNotDisabled => "unmasked",
        })
    }
}
