//! The user's configuration as OpenSSH's `ssh -G` reads it, where it is installed.

use std::io;
use std::process::{Command, Stdio};

use super::directives::Directives;
use crate::builtin_ssh::client::arguments::Invocation;
use crate::builtin_ssh::client::error::Error;

/// The keywords that ssh is given. Not algorithms, since it has others; not our own keyword, which it
/// does not know; and not how to run a session, since an old ssh does not know all of those.
const GIVEN: &[&str] = &[
    "addressfamily",
    "bindaddress",
    "certificatefile",
    "connecttimeout",
    "globalknownhostsfile",
    "hostkeyalias",
    "hostname",
    "identitiesonly",
    "identityagent",
    "identityfile",
    "port",
    "proxycommand",
    "proxyjump",
    "serveralivecountmax",
    "serveraliveinterval",
    "user",
    "userknownhostsfile",
];

/// The directives of an invocation and its configuration; `None` where there is no `ssh`.
pub fn resolve(invocation: &Invocation) -> Result<Option<Directives>, Error> {
    let mut ssh = Command::new("ssh");
    ssh.arg("-G");
    if let Some(config) = &invocation.config {
        ssh.arg("-F").arg(config);
    }
    // What ssh is not given counts before its answer.
    let mut directives = Directives::default();
    for (keyword, value) in invocation.directives.iter() {
        if GIVEN.contains(&keyword) {
            ssh.arg("-o").arg(format!("{keyword}={value}"));
        } else {
            directives.push(keyword, value);
        }
    }
    let answer = ssh.arg("--").arg(&invocation.host).stdin(Stdio::null()).output();
    let answer = match answer {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        answer => answer.map_err(Error::system("ssh -G could not be started"))?,
    };
    if !answer.status.success() {
        let said = String::from_utf8_lossy(&answer.stderr);
        return Err(Error::Message(format!("ssh -G refused the configuration: {}", said.trim())));
    }
    let text = String::from_utf8_lossy(&answer.stdout);
    let theirs = text.lines().filter_map(|line| {
        let (keyword, value) = line.split_once(' ')?;
        Some((keyword.to_ascii_lowercase(), value.trim().to_owned()))
    });
    directives.append(theirs.collect());
    Ok(Some(directives))
}
