//! What a report says of a survey besides its figures.

pub mod advice;
pub mod brief;
pub mod heading;
pub mod notes;
