//! Lines of sshd_config that make a server bear little ([`super::Options::server`]).

/// A second connection that has not logged in yet is refused.
pub const ONE_LOGIN_AT_A_TIME: &str = "MaxStartups 1\n";

/// A client that does not answer for two seconds is disconnected; one that answers stays.
pub const CLIENT_ALIVE: &str = "ClientAliveInterval 1\nClientAliveCountMax 2\n";

/// A command or subsystem that neither reads nor writes for two seconds is ended, and then the connection
/// (OpenSSH 9.2 and later).
pub const IDLE_CHANNELS: &str = "ChannelTimeout session:*=2\nUnusedConnectionTimeout 2\n";
