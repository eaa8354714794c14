//! The remote host: the control connection, the survey's directory, the plain TCP rate of the path.

pub mod accounts;
mod channel;
pub use channel::TIMEOUT;

pub mod control;
pub mod directory;
pub mod error;
pub mod lock;
pub mod opening;
pub mod plain_tcp;
pub mod server;
mod sftp;
pub mod target;
pub mod whole_host;
