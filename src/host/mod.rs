//! What a host is and what CPU it spends, as text: the shell scripts that ask, and the parsing of their
//! answers. Both ends run the same scripts, so both are known in the same way.

pub mod counters;
pub mod linux;
pub mod profile;
pub mod reading;
pub mod sampled;
pub mod script;
pub mod sections;
pub mod session;
pub mod sftp;
pub mod storage;

pub use sections::Sections;
