//! The map of the program: what each module is for, in the order in which a survey uses them.
//!
//! Dependencies point down this list; everything from `plan` down is pure (no process, clock,
//! runtime or terminal). See `docs/design.md`.

pub mod analysis;
pub mod model;
pub mod report;
