//! What a warning says.

/// The words of a warning.
pub struct Words {
    /// One sentence without its full stop.
    pub text: String,
    /// What to do about it, without its full stop.
    pub remedy: &'static str,
}

impl Words {
    pub fn new(text: impl Into<String>, remedy: &'static str) -> Words {
        Words { text: text.into(), remedy }
    }
}
