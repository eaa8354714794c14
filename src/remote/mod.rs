//! The remote host: the control connection, our directory there, what the path carries without SSH.

pub mod control;
pub mod directory;
pub mod opening;
pub mod plain_tcp;
pub mod sftp;
pub mod target;
