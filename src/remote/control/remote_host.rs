//! What is asked of the remote host between transfers, whichever way an account allows: scripts of a shell, or SFTP
//! alone.

use std::time::Duration;

use anyhow::Result;

use crate::model::HostProfile;
use crate::remote::control::error::ControlError;
use crate::remote::control::lock::{Claimed, Owner};
use crate::remote::server::ServerProcesses;

/// The remote host, as the control connection reaches it.
pub trait RemoteHost {
    /// Waits until it answers for the first time.
    fn start(&mut self, timeout: Duration) -> Result<(), ControlError>;

    /// An exchange that changes nothing, for the time that its answer takes.
    fn round_trip(&mut self) -> Result<(), ControlError>;

    /// Moves so many bytes for a rough rate. `probe`: a file that may be written for it, and is removed.
    fn move_some(&mut self, bytes: u64, probe: &[u8]) -> Result<()>;

    /// Programs that a survey starts at the remote end and that are missing; none where it starts none.
    fn missing_tools(&mut self) -> Result<Vec<String>, ControlError>;

    /// Its profile and its server's processes. `mark` begins the lines of reports.
    fn describe(&mut self, mark: &str) -> Result<(HostProfile, ServerProcesses)>;

    /// Creates the survey's directory in `parent` (absent: the login directory) on `host`. It is also the lock.
    ///
    /// # Errors
    /// Another survey holds it, or it can't be created.
    fn claim(&mut self, host: &str, parent: Option<&[u8]>, owner: &Owner) -> Result<Claimed>;

    /// The sizes of some files, summed. They are removed.
    fn take_sizes(&mut self, paths: &[Vec<u8>]) -> Result<u64>;

    /// Removes the files of a directory whose names begin so.
    fn remove_beginning(&mut self, directory: &[u8], begins: &str) -> Result<()>;

    /// The first line of a file; empty where there is none.
    fn first_line(&mut self, path: &[u8]) -> Result<String>;

    /// Why another 64 KiB can't be written to a file, which is removed; absent where they can.
    fn unwritable(&mut self, probe: &[u8]) -> Result<Option<String>>;
}
