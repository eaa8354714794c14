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
    /// The process that reaps the server's session processes; known after the pilot.
    pub reaper: Option<u32>,
    /// The pilot found that the reaper's counters do not include the CPU of the sessions.
    pub reaper_is_blind: bool,
    /// The program of the sftp subsystem, as the server's configuration names it.
    pub sftp_server: Option<String>,
}

impl ServerProcesses {
    /// Whether the server process of a connection, the first of `chain`, serves other connections too.
    /// Then its CPU before the transfer is not the connection's setup.
    pub fn is_shared(&self, chain: &[u32]) -> bool {
        self.reaper.is_some() && self.reaper.as_ref() == chain.first()
    }

    /// Takes the nearest process above two connections of the server for their reaper, unless it is
    /// process 1, which reaps everybody's. `other_chain`: that of another connection.
    pub fn find_reaper(&mut self, other_chain: &[u32]) {
        let common = self.chain.iter().find(|pid| other_chain.contains(pid)).copied();
        self.reaper = common.filter(|&pid| pid > 1);
    }
}
