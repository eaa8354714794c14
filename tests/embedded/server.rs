//! OpenSSH's clients against the built-in server.
