//! The last line of a journal: why it ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The last line of a journal. A journal without it was cut off.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Footer {
    pub reason: StopReason,
    /// Seconds from the start of the survey, waiting for refused connections included.
    pub elapsed_s: f64,
    pub backoff_s: f64,
    /// CPU-seconds of this program itself while samples ran, without its children.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_cpu_s: Option<f64>,
    /// Why the remote host was lost, or by how much the budget was too short for any round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Why the rounds ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All rounds asked for were run.
    RoundsDone,
    /// The choice is decided.
    Decided,
    /// What is still open can't be decided within the budget.
    OutOfReach,
    /// The budget was spent.
    Budget,
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// The remote host could no longer be reached.
    Lost,
}
