//! Logging in with a key (RFC 4252, section 7): keys of the agent first, then those in files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use tokio::net::UnixStream;

use super::handler::Client;
use super::known_hosts::kind;
use crate::builtin_ssh::client::configuration::settings::Settings;
use crate::builtin_ssh::client::error::Error;
use crate::builtin_ssh::client::log::{Level, Log};

/// The login of one connection.
pub struct Login<'a> {
    pub handle: &'a mut Handle<Client>,
    pub settings: &'a Settings,
    pub log: &'a Log,
}

impl Login<'_> {
    /// Tries each key until one is accepted.
    pub async fn run(mut self) -> Result<(), Error> {
        let files: Vec<KeyFile> = self.settings.identities.iter().map(KeyFile::read).collect();
        let mut methods = None;
        let mut agent = self.agent().await;
        let held = match &mut agent {
            Some(agent) => self.held(agent, &files).await,
            None => Vec::new(),
        };
        for identity in &held {
            let Some(agent) = &mut agent else { break };
            match self.offer_of_agent(agent, identity).await? {
                None => return Ok(()),
                refused => methods = refused,
            }
        }
        let is_held = |key: &PublicKey| {
            held.iter().any(|identity| identity.public_key().key_data() == key.key_data())
        };
        for file in &files {
            if file.public.as_ref().is_some_and(is_held) {
                continue;
            }
            let Some(key) = self.loaded(file) else { continue };
            match self.offer(file, key).await? {
                None => return Ok(()),
                refused => methods = refused,
            }
        }
        if methods.is_none() {
            // The server names its methods only after an attempt.
            match self.handle.authenticate_none(&self.settings.user).await? {
                AuthResult::Success => return Ok(()),
                AuthResult::Failure { remaining_methods, .. } => {
                    methods = Some(names(&remaining_methods));
                }
            }
        }
        self.log.debug1(|| "No more authentication methods to try.".to_owned());
        Err(Error::Denied {
            user: self.settings.user.clone(),
            host: self.settings.hostname.clone(),
            methods: methods.unwrap_or_else(|| "publickey".to_owned()),
        })
    }

    async fn agent(&self) -> Option<AgentClient<UnixStream>> {
        let path = self.settings.agent.as_ref()?;
        match AgentClient::connect_uds(path).await {
            Ok(agent) => Some(agent),
            Err(error) => {
                let path = path.display();
                self.log.debug1(|| format!("get_agent_identities: agent at {path}: {error}"));
                None
            }
        }
    }

    /// The agent's keys that are to be offered: those that are also in the files come first.
    async fn held(
        &self,
        agent: &mut AgentClient<UnixStream>,
        files: &[KeyFile],
    ) -> Vec<AgentIdentity> {
        // Keys may be restricted to certain hosts; an old agent does not know of this.
        if let Some(binding) = self.handle.agent_session_binding() {
            let _ = agent.bind_session(binding, false).await;
        }
        let identities = agent.request_identities().await.unwrap_or_default();
        let is_named = |identity: &AgentIdentity| {
            let key = identity.public_key();
            files.iter().any(|file| {
                file.public.as_ref().is_some_and(|public| public.key_data() == key.key_data())
            })
        };
        let (named, others): (Vec<_>, Vec<_>) = identities.into_iter().partition(is_named);
        let others = others.into_iter().filter(|_| !self.settings.identities_only);
        named.into_iter().chain(others).collect()
    }

    /// `None` once it is accepted, else the methods that can continue.
    async fn offer_of_agent(
        &mut self,
        agent: &mut AgentClient<UnixStream>,
        identity: &AgentIdentity,
    ) -> Result<Option<String>, Error> {
        let public = identity.public_key().into_owned();
        self.log_offer(identity.comment(), &public, "agent");
        let hash = self.hash(&public).await?;
        let user = self.settings.user.as_str();
        let answer = match identity {
            AgentIdentity::PublicKey { key, .. } => {
                self.handle.authenticate_publickey_with(user, key.clone(), hash, agent).await
            }
            AgentIdentity::Certificate { certificate, .. } => {
                let certificate = certificate.clone();
                self.handle.authenticate_certificate_with(user, certificate, hash, agent).await
            }
        };
        match answer {
            Ok(answer) => Ok(self.continues(answer)),
            Err(error) => {
                self.log
                    .say(Level::Info, &format!("sign_and_send_pubkey: signing failed: {error}"));
                Ok(Some("publickey".to_owned()))
            }
        }
    }

    /// The same for a key in a file.
    async fn offer(&mut self, file: &KeyFile, key: PrivateKey) -> Result<Option<String>, Error> {
        let key = Arc::new(key);
        let user = self.settings.user.as_str();
        for certificate in self.certificates(file) {
            let Ok(certificate) = russh::keys::load_openssh_certificate(&certificate) else {
                continue;
            };
            if certificate.public_key() != key.public_key().key_data() {
                continue;
            }
            let answer =
                self.handle.authenticate_openssh_cert(user, Arc::clone(&key), certificate).await?;
            if self.continues(answer).is_none() {
                return Ok(None);
            }
        }
        self.log_offer(&file.path.display().to_string(), key.public_key(), "explicit");
        let hash = self.hash(key.public_key()).await?;
        let key = PrivateKeyWithHashAlg::new(key, hash);
        let answer = self.handle.authenticate_publickey(user, key).await?;
        Ok(self.continues(answer))
    }

    /// Certificates for a key: those that the user names, and `KEY-cert.pub`.
    fn certificates(&self, file: &KeyFile) -> Vec<PathBuf> {
        let named = self.settings.certificates.iter().cloned();
        named.chain([with_suffix(&file.path, "-cert.pub")]).filter(|path| path.exists()).collect()
    }

    /// The private key; where it can't be read, a message says why.
    fn loaded(&self, file: &KeyFile) -> Option<PrivateKey> {
        let path = file.path.display();
        match russh::keys::load_secret_key(&file.path, None) {
            Ok(key) => return Some(key),
            Err(russh::keys::Error::KeyIsEncrypted) => self.log.say(
                Level::Info,
                &format!(
                    "Load key \"{path}\": it is encrypted and no agent holds it: run 'ssh-add \
                     {path}' first"
                ),
            ),
            Err(russh::keys::Error::IO(error)) if !self.settings.identities_named => {
                self.log.debug1(|| format!("identity file {path} type -1 ({error})"));
            }
            Err(russh::keys::Error::IO(error)) => {
                self.log.say(Level::Info, &format!("no such identity: {path}: {error}"));
            }
            Err(error) => {
                self.log.say(Level::Info, &format!("Load key \"{path}\": {error}"));
            }
        }
        None
    }

    /// The hash that an RSA key signs with (RFC 8332): never SHA-1 where the server has another.
    async fn hash(&self, key: &PublicKey) -> Result<Option<HashAlg>, Error> {
        if !key.algorithm().is_rsa() {
            return Ok(None);
        }
        let best = self.handle.best_supported_rsa_hash().await?;
        Ok(best.unwrap_or(Some(HashAlg::Sha512)))
    }

    fn log_offer(&self, name: &str, key: &PublicKey, from: &str) {
        self.log.debug1(|| {
            let (kind, print) = (kind(&key.algorithm()), key.fingerprint(HashAlg::Sha256));
            format!("Offering public key: {name} {kind} {print} {from}")
        });
    }

    fn continues(&self, answer: AuthResult) -> Option<String> {
        match answer {
            AuthResult::Success => None,
            AuthResult::Failure { remaining_methods, .. } => {
                let names = names(&remaining_methods);
                self.log.debug1(|| format!("Authentications that can continue: {names}"));
                Some(names)
            }
        }
    }
}

fn names(methods: &russh::MethodSet) -> String {
    let names: Vec<&'static str> = methods.iter().map(<&'static str>::from).collect();
    if names.is_empty() { "publickey".to_owned() } else { names.join(",") }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A key in a file, with what can be read without a passphrase.
struct KeyFile {
    path: PathBuf,
    public: Option<PublicKey>,
}

impl KeyFile {
    fn read(path: &PathBuf) -> KeyFile {
        // OpenSSH's own format never encrypts the public part.
        let inside =
            || PrivateKey::read_openssh_file(path).ok().map(|key| key.public_key().clone());
        let public = russh::keys::load_public_key(with_suffix(path, ".pub"))
            .or_else(|_| russh::keys::load_public_key(path))
            .ok()
            .or_else(inside);
        KeyFile { path: path.clone(), public }
    }
}
