//! Several surveys compared: hosts side by side, or one host at two dates.

pub mod change;
pub mod differences;
pub mod digest;
pub mod host_column;
pub mod measure;
pub mod pivot;
