//! Programs of this machine that others start: where they are, and what to install where they are missing.

use std::path::PathBuf;

/// The package that has ssh, scp and sftp, in the words of a remedy.
const OPENSSH_CLIENT: &str =
    "install the OpenSSH client (Debian, Ubuntu: openssh-client; Fedora: openssh-clients)";

/// The path of a program: the first of PATH, then of these directories.
pub fn find(name: &str, directories: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(directories.iter().map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|path| path.is_absolute() && path.is_file())
}

/// What to install where a program is missing; absent: it is not a standard one.
pub fn remedy(name: &str) -> Option<&'static str> {
    matches!(name, "ssh" | "scp" | "sftp").then_some(OPENSSH_CLIENT)
}
