//! What OpenSSH's clients can't ask for, signals and no cipher, asked for with russh's own client.

use std::borrow::Cow;
use std::sync::Arc;

use russh::client::{self, Handle};
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate, load_secret_key};
use russh::{Channel, ChannelMsg, Preferred, Sig, cipher, mac};

use super::*;

struct Client;

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

/// A login with this cipher and MAC.
async fn login(server: &BuiltInServer, cipher: cipher::Name, mac: mac::Name) -> Handle<Client> {
    let preferred = Preferred {
        cipher: Cow::Owned(vec![cipher]),
        mac: Cow::Owned(vec![mac]),
        ..Preferred::default()
    };
    let config = Arc::new(client::Config { preferred, ..client::Config::default() });
    let mut handle = client::connect(config, ("127.0.0.1", server.port), Client).await.unwrap();
    let key = load_secret_key(server.path("client_key"), None).unwrap();
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    assert!(handle.authenticate_publickey(USER, key).await.unwrap().success());
    handle
}

/// What a channel sends: its output, its exit status and the signal that ended it.
async fn rest<S>(channel: &mut Channel<S>) -> (Vec<u8>, Option<u32>, Option<String>)
where
    S: From<(russh::ChannelId, ChannelMsg)> + Send + Sync + 'static,
{
    let (mut output, mut status, mut signal) = (Vec::new(), None, None);
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => output.extend_from_slice(&data),
            ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
            ChannelMsg::ExitSignal { signal_name, .. } => signal = Some(format!("{signal_name:?}")),
            _ => {}
        }
    }
    (output, status, signal)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn a_signal_reaches_the_process_and_is_reported_where_it_ends_it() {
    let server = BuiltInServer::new();
    block_on(async {
        let login = login(&server, cipher::AES_128_GCM, mac::HMAC_SHA256).await;
        for (signal, expected) in [
            (Sig::USR1, (Some(9), None)),
            (Sig::TERM, (None, Some("TERM".to_owned()))),
            (Sig::KILL, (None, Some("KILL".to_owned()))),
        ] {
            let mut channel = login.channel_open_session().await.unwrap();
            let command = "trap 'exit 9' USR1; echo ready; while :; do sleep 0.05; done";
            channel.exec(true, command).await.unwrap();
            while !matches!(channel.wait().await.unwrap(), ChannelMsg::Data { .. }) {}
            channel.signal(signal).await.unwrap();
            let (_, status, signal) = rest(&mut channel).await;
            assert_eq!((status, signal), expected);
        }
    });
}

#[test]
fn no_cipher_is_used_only_where_it_is_asked_for() {
    let server = BuiltInServer::with(&["--ciphers", "none", "--macs", "none"]);
    let file = server.file("file", 1 << 20);
    block_on(async {
        let login = login(&server, cipher::NONE, mac::NONE).await;
        let mut channel = login.channel_open_session().await.unwrap();
        channel.exec(true, format!("cat {}", file.display())).await.unwrap();
        let (output, status, _) = rest(&mut channel).await;
        assert_eq!((output.len(), status), (1 << 20, Some(0)));
        assert_eq!(output, fs::read(&file).unwrap());
    });
    let server = BuiltInServer::new();
    let refused = block_on(async {
        let preferred =
            Preferred { cipher: Cow::Owned(vec![cipher::NONE]), ..Preferred::default() };
        let config = Arc::new(client::Config { preferred, ..client::Config::default() });
        client::connect(config, ("127.0.0.1", server.port), Client).await.err()
    });
    assert!(refused.is_some());
}
