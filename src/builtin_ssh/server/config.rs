//! The configuration of russh's server.

use std::borrow::Cow;
use std::time::Duration;

use anyhow::{Context, Result};
use russh::keys::{PublicKey, load_public_key, load_secret_key};
use russh::server::Config;
use russh::{Limits, MethodKind, MethodSet, Preferred, SshId, compression};

use super::options::Options;
use crate::builtin_ssh::algorithms::KEY_EXCHANGES;
use crate::model::units::printable;

/// The window of a channel, as with OpenSSH (`CHAN_SES_WINDOW_DEFAULT`).
pub const WINDOW: u32 = 64 * PACKET;

/// The largest data packet that we accept (`CHAN_SES_PACKET_DEFAULT`).
pub const PACKET: u32 = 32 * 1024;

/// A rejection takes this long whatever its reason, so that its time reveals nothing. Keys can't be
/// guessed, so it need not slow anybody down.
const REJECTION: Duration = Duration::from_millis(10);

/// `MaxAuthTries` of OpenSSH.
const TRIES: usize = 6;

/// RFC 4253, section 9.
const REKEY_BYTES: usize = 1 << 30;
const REKEY_TIME: Duration = Duration::from_secs(3600);

/// The only method.
pub fn methods() -> MethodSet {
    MethodSet::from([MethodKind::PublicKey].as_slice())
}

/// The configuration of every connection.
pub fn config(options: &Options) -> Result<Config> {
    let host_key = load_secret_key(&options.host_key, None).with_context(|| {
        format!(
            "the host key {} can't be read; make one with ssh-keygen -t ed25519 -N ''",
            printable(&options.host_key.to_string_lossy())
        )
    })?;
    Ok(Config {
        server_id: SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-russh_cipher-survey_",
            env!("CARGO_PKG_VERSION")
        ))),
        methods: methods(),
        auth_rejection_time: REJECTION,
        auth_rejection_time_initial: Some(Duration::ZERO),
        max_auth_attempts: TRIES,
        keys: vec![host_key],
        limits: Limits {
            rekey_write_limit: REKEY_BYTES,
            rekey_read_limit: REKEY_BYTES,
            rekey_time_limit: REKEY_TIME,
        },
        window_size: WINDOW,
        maximum_packet_size: PACKET,
        // Packets from the sessions' processes that wait for the connection: each is of up to PACKET
        // bytes, and what waits is encrypted and sent as one batch.
        event_buffer_size: 16,
        preferred: Preferred {
            kex: Cow::Borrowed(KEY_EXCHANGES),
            cipher: Cow::Owned(options.ciphers.clone()),
            mac: Cow::Owned(options.macs.clone()),
            compression: Cow::Borrowed(&[compression::NONE]),
            ..Preferred::default()
        },
        // The control connection is silent for long; the gate ends a login that takes too long.
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    })
}

/// The client's key.
pub fn authorized_key(options: &Options) -> Result<PublicKey> {
    load_public_key(&options.authorized_key).with_context(|| {
        format!(
            "the authorized key {} can't be read; it must be a public key (a .pub file)",
            printable(&options.authorized_key.to_string_lossy())
        )
    })
}
