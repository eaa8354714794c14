//! What a host is and what it spends, as pure text: the shell fragments that ask, and the parsing
//! of their answers. The same fragments are run on both ends, so both are known in one way.

pub mod counters;
pub mod linux;
pub mod profile;
pub mod sampled;
pub mod script;
pub mod sections;
pub mod session;
pub mod sftp;

pub use sections::Sections;
