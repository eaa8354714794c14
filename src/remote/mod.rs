//! The remote host: the control connection, the survey's directory, the plain TCP rate of the path.

pub mod accounts;
pub mod control;
pub mod directory;
pub mod opening;
pub mod plain_tcp;
pub mod server;
pub mod target;
pub mod whole_host;
