//! The SSH server of a target: what is known of one that this program has started, and the processes of
//! any.

/// What is known of a server because this program has started it.
#[derive(Clone, Debug, Default)]
pub struct PrivateServer {
    /// Both ends are this machine.
    pub loopback: bool,
    /// Its name in records; absent: not started by this program.
    pub program: Option<&'static str>,
    /// The program of its sftp subsystem, where its configuration does not tell.
    pub sftp_server: Option<String>,
    /// It allows the cipher `none`, and so does the client.
    pub with_none: bool,
    /// `VARIABLE=value` that disables AES instructions.
    pub aes_disabled_by: Option<(String, String)>,
    pub cores: Option<Vec<u32>>,
}

/// The server's processes, as the control connection sees them.
#[derive(Clone, Debug, Default)]
pub struct ServerProcesses {
    /// The server process of the control connection and all above it.
    pub chain: Vec<u32>,
    /// The process that starts one for each connection and reaps it, where there is one.
    pub listener: Option<u32>,
    /// The program of the sftp subsystem, as the server's configuration names it.
    pub sftp_server: Option<String>,
}
