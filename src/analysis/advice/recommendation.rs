//! Advice between two ends.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::advice::copies::Confirmation;
use crate::analysis::advice::goal::Advice;
use crate::model::{Cipher, Direction, Method};

/// Advice between two ends, by one method.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Recommendation {
    /// The target as the user gave it, and what tells this pairing from its others.
    pub scope: String,
    /// Index of the pairing in the header.
    pub pairing: usize,
    pub method: Method,
    /// Where both were measured, advice is for as many bytes each way.
    pub directions: Vec<Direction>,
    /// What to use for each goal.
    pub goals: Vec<Advice>,
    /// Ciphers that were measured and are not recommended, with the reason.
    pub below_floor: Vec<(Cipher, String)>,
    pub caveats: Vec<String>,
    /// What copies of FILE with the default and with the recommended cipher say, where some were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
}
