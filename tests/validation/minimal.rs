//! The least that a russh program can do with a connection: no configuration, no log, no proof. It is
//! this test's own executable, started again.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::Arc;

use cipher_survey::builtin_ssh::algorithms;
use russh::keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate, load_secret_key};
use russh::{ChannelMsg, Preferred, client};

/// The first argument; then port, cipher, MAC, command and key.
pub const WORD: &str = "minimal-russh";

struct Trusting;

impl client::Handler for Trusting {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        _key: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

pub fn run(arguments: &[String]) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let status = runtime.block_on(session(arguments)).unwrap();
    ExitCode::from(status)
}

async fn session(arguments: &[String]) -> Result<u8, russh::Error> {
    let [port, cipher, mac, command, key] = arguments else { panic!("{arguments:?}") };
    let preferred = Preferred {
        cipher: vec![algorithms::cipher(cipher).unwrap()].into(),
        mac: vec![algorithms::mac(mac).unwrap()].into(),
        ..Preferred::DEFAULT
    };
    let config = client::Config { nodelay: true, preferred, ..client::Config::default() };
    let address = ("127.0.0.1", port.parse().unwrap());
    let mut session = client::connect(Arc::new(config), address, Trusting).await?;
    let key = Arc::new(load_secret_key(key, None).unwrap());
    let key = PrivateKeyWithHashAlg::new(key, None);
    assert!(session.authenticate_publickey(crate::testbed::ACCOUNT, key).await?.success());
    let channel = session.channel_open_session().await?;
    channel.exec(true, command.as_str()).await?;
    let (mut from, to) = channel.split();
    let up = async {
        let mut buffer = vec![0; 256 << 10];
        loop {
            let read = std::io::stdin().read(&mut buffer).unwrap();
            if read == 0 {
                return to.eof().await;
            }
            to.data(&buffer[..read]).await?;
        }
    };
    let down = async {
        let mut status = 255;
        let mut stdout = std::io::stdout().lock();
        while let Some(message) = from.wait().await {
            match message {
                ChannelMsg::Data { data } => {
                    stdout.write_all(&data).unwrap();
                    stdout.flush().unwrap();
                }
                ChannelMsg::ExitStatus { exit_status } => status = exit_status as u8,
                _ => {}
            }
        }
        Ok(status)
    };
    let ((), status) = tokio::try_join!(up, down)?;
    Ok(status)
}
