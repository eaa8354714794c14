//! What a connection is to be like: the command line, the user's configuration, and the settings that
//! come of them.

pub mod directives;
pub mod dump;
mod openssh;
pub mod pattern;
pub mod proposal;
pub mod settings;
mod ssh_config;
mod tokens;

use super::arguments::Invocation;
use super::error::Error;
use directives::Directives;

/// The directives of an invocation and of the user's configuration, which OpenSSH's ssh reads where
/// it is installed.
pub fn directives(invocation: &Invocation) -> Result<Directives, Error> {
    match openssh::resolve(invocation)? {
        Some(directives) => Ok(directives),
        None => ssh_config::resolve(invocation),
    }
}
