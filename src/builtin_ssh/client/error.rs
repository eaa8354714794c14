//! What ends the client before or instead of the remote command, in OpenSSH's words where it has
//! any: `ssh::failure` reads reason and remedy from them.

/// Each is printed on standard error, and the client ends with 255.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{0} (see ssh(1); this is the built-in client, which has the options that scp, sftp, sshfs and rsync use)"
    )]
    Usage(String),
    #[error("command-line: line 0: Bad configuration option: {0}")]
    BadOption(String),
    #[error("Bad configuration option: {0}")]
    BadConfiguration(String),
    #[error(
        "'{0}' is not supported by the built-in client: remove it from the configuration of this host, or use --client openssh"
    )]
    Unsupported(String),
    #[error("Unknown cipher type '{0}'. The built-in client has: {1}")]
    UnknownCipher(String, String),
    #[error("Bad SSH2 {0} '{1}'. The built-in client has: {2}")]
    UnknownAlgorithm(&'static str, String, String),
    #[error("ssh: Could not resolve hostname {0}: {1}")]
    Unresolved(String, String),
    #[error("ssh: connect to host {host} port {port}: {reason}")]
    Unreachable { host: String, port: u16, reason: String },
    #[error("{0}\nHost key verification failed.")]
    HostKey(String),
    #[error(
        "Unable to negotiate with {host} port {port}: no matching {what} found. Their offer: {offer}"
    )]
    NoCommonAlgorithm { host: String, port: u16, what: &'static str, offer: String },
    #[error("{user}@{host}: Permission denied ({methods}).")]
    Denied { user: String, host: String, methods: String },
    /// A message as it is printed.
    #[error("{0}")]
    Message(String),
    #[error("{what}: {cause}")]
    System { what: String, cause: std::io::Error },
    /// Any other of russh's.
    #[error("ssh: {0}")]
    Protocol(#[from] russh::Error),
}

impl Error {
    pub fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        move |cause| Error::System { what: what.into(), cause }
    }
}
