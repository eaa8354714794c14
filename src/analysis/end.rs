//! The two ends of a connection.

use schemars::JsonSchema;
use serde::Serialize;

/// The SSH client, on the local host, or the SSH server, on the remote one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "WhichEnd")]
pub enum End {
    Client,
    Server,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            End::Client => "client",
            End::Server => "server",
        })
    }
}
