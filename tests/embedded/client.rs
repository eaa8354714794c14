//! The built-in client against the sshd of OpenSSH.
