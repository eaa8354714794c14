//! The connection to the server: how it is reached, its host key, what it says, and logging in.

pub mod authentication;
pub mod connect;
pub mod handler;
pub mod kexinit;
pub mod known_hosts;
