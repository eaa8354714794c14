//! What the server's processes of a connection spend, read over the control connection.

use crate::host::linux::cpu_groups;
use crate::host::reading::{self, Reading, Wanted};
use crate::host::{Sections, script};
use crate::remote::control::TIMEOUT;
use crate::remote::control::error::ControlError;
use crate::remote::target::Target;

/// The processes of one connection on the remote host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerAccount {
    /// Those of the server for this connection alone; or the one process that serves all.
    pub servers: Vec<u32>,
    /// The process serves other connections too.
    pub shared: bool,
    /// What they have started: the remote shell, sftp-server.
    pub helpers: Vec<u32>,
    /// The `cpu.stat` files that may show a quota on the server.
    pub quotas: Vec<String>,
}

/// Reads what a connection's processes have spent, and the host's counters. Absent where the account has no
/// shell.
pub fn read(target: &mut Target, of: &ServerAccount) -> Result<Option<Reading>, ControlError> {
    if !target.has_shell() {
        return Ok(None);
    }
    let device = target.directory.storage.device.clone();
    let wanted = Wanted {
        servers: &of.servers,
        helpers: &of.helpers,
        quotas: &of.quotas,
        device: device.as_deref(),
    };
    let answer = target.control.run(&reading::script(&wanted), TIMEOUT)?;
    let text = String::from_utf8_lossy(&answer);
    Ok(Some(Reading::parse(&text, target.remote.ticks_per_s, device.as_deref())))
}

/// The processes that the listener has started for connections; empty where the listener is not known.
pub fn connections(target: &mut Target) -> Result<Vec<u32>, ControlError> {
    let Some(listener) = target.processes.listener.filter(|_| target.has_shell()) else {
        return Ok(Vec::new());
    };
    let answer = target.control.run(&script::children(listener), TIMEOUT)?;
    Ok(numbers(&String::from_utf8_lossy(&answer)))
}

/// Finds the processes of a connection that was opened just now. `chain`: the server's process and all above
/// it, as the session reported; where it did not, the newest connection of the listener is taken, one that
/// is not among `known`. `shell`: the remote shell, as the session reported.
pub fn find(
    target: &mut Target,
    chain: &[u32],
    shell: Option<u32>,
    known: &[u32],
) -> Result<ServerAccount, ControlError> {
    if !target.has_shell() {
        return Ok(ServerAccount::default());
    }
    let own = target.processes.chain.clone();
    let mut servers: Vec<u32> =
        chain.iter().copied().take_while(|pid| !own.contains(pid)).collect();
    let shared = servers.is_empty() && !chain.is_empty();
    if shared {
        servers.extend(chain.first());
    }
    if let Some(listener) = chain.iter().copied().find(|pid| own.contains(pid)) {
        target.processes.listener.get_or_insert(listener);
    }
    let listener = target.processes.listener.filter(|_| servers.is_empty());
    let script = script::connection(servers.first().copied(), shell, listener, known);
    let answer = target.control.run(&script, TIMEOUT)?;
    let sections = Sections::parse(&String::from_utf8_lossy(&answer));
    let of = |name: &str| sections.text(name).map(numbers).unwrap_or_default();
    if servers.is_empty() {
        servers = of("servers");
    }
    let groups = cpu_groups(sections.text("groups").unwrap_or_default());
    Ok(ServerAccount {
        servers,
        shared,
        helpers: of("helpers"),
        quotas: groups.into_iter().map(|group| format!("{group}/cpu.stat")).collect(),
    })
}

fn numbers(text: &str) -> Vec<u32> {
    text.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}
