//! The configurations of a survey, from the user's options and from what both ends support. Pure.

pub mod announcement;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use crate::model::names::NONE;
use crate::model::record::Skip;
use crate::model::units;
use crate::model::{
    Cipher, Configuration, Direction, Entry, Mac, Method, Negotiated, Proposal, Sink,
};
use crate::ssh::catalog;

/// Which MACs to measure with ciphers that need one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MacChoice {
    /// The one that ssh negotiates by default.
    #[default]
    Default,
    /// All that both ends support.
    All,
    Named(Vec<Mac>),
}

/// What the user chose.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Absent: all that both ends support.
    pub ciphers: Option<Vec<Cipher>>,
    pub skip: Vec<Cipher>,
    pub macs: MacChoice,
    /// None: the one that fits.
    pub methods: Vec<Method>,
    /// A FILE was named.
    pub file: bool,
    pub directions: Vec<Direction>,
    pub sink: Sink,
    /// Only the cipher with the shortest key of each authenticated mode (`--quick`).
    pub quick: bool,
}

/// What the two ends of a pairing support.
#[derive(Clone, Debug)]
pub struct Ends<'a> {
    /// The remote host, as messages name it.
    pub target: &'a str,
    /// What the client supports (`ssh -Q cipher`, `ssh -Q mac`).
    pub client_ciphers: &'a [Cipher],
    pub client_macs: &'a [Mac],
    pub server: &'a Proposal,
    pub by_default: &'a Negotiated,
    /// Both ends are built in, on this machine, and allow the cipher `none`.
    pub with_none: bool,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    #[error("{cipher} can't be used with {target}: {reason}; both ends support {usable}")]
    Unusable { cipher: Cipher, target: String, reason: String, usable: String },
    #[error("the MAC {mac} can't be used with {target}: {reason}; both ends support {usable}")]
    UnusableMac { mac: Mac, target: String, reason: String, usable: String },
    #[error(
        "this client and {target} have no cipher in common; the client supports {client}, \
         {target} offers {server}"
    )]
    NothingInCommon { target: String, client: String, server: String },
    #[error(
        "no cipher is left to measure with {target}: --skip leaves out all that both ends support"
    )]
    NothingLeft { target: String },
}

/// The configurations of one pairing, each in its directions, and what is left out, with the reason.
pub fn entries(
    pairing: usize,
    choice: &Choice,
    ends: &Ends,
) -> Result<(Vec<Entry>, Vec<Skip>), PlanError> {
    let (ciphers, skips) = ciphers(choice, ends)?;
    let macs = macs(choice, ends)?;
    let mut entries = Vec::new();
    for &method in &choice.methods {
        for &direction in &choice.directions {
            let entry = |cipher: &Cipher, mac: Option<Mac>| {
                let cipher = cipher.clone();
                Configuration { pairing, method, cipher, mac }.toward(direction)
            };
            for cipher in &ciphers {
                let choices: &[Option<Mac>] =
                    if catalog::needs_mac(cipher) { &macs } else { &[None] };
                entries.extend(choices.iter().map(|mac| entry(cipher, mac.clone())));
            }
            if ends.with_none {
                entries.push(entry(&NONE.into(), Some(NONE.into())));
            }
        }
    }
    Ok((entries, skips))
}

/// The ciphers to measure, and those left out.
fn ciphers(choice: &Choice, ends: &Ends) -> Result<(Vec<Cipher>, Vec<Skip>), PlanError> {
    let (chosen, mut skips) = match &choice.ciphers {
        Some(named) => (named_ciphers(named, ends)?, Vec::new()),
        None => (common_ciphers(ends)?.into_iter().cloned().collect(), unusable(ends)),
    };
    let (skipped, mut chosen): (Vec<Cipher>, Vec<Cipher>) =
        chosen.into_iter().partition(|cipher| choice.skip.contains(cipher));
    skips.extend(skipped.into_iter().map(|cipher| skip(cipher, "left out by --skip")));
    if choice.quick && choice.ciphers.is_none() {
        let (few, rest) = representatives(chosen, ends.by_default);
        skips.extend(rest.into_iter().map(|cipher| skip(cipher, "left out by --quick")));
        chosen = few;
    }
    if chosen.is_empty() {
        return Err(PlanError::NothingLeft { target: ends.target.to_owned() });
    }
    Ok((chosen, skips))
}

/// The ciphers that both ends support.
fn common_ciphers<'a>(ends: &Ends<'a>) -> Result<Vec<&'a Cipher>, PlanError> {
    let common: Vec<&Cipher> =
        ends.server.ciphers.iter().filter(|name| ends.client_ciphers.contains(name)).collect();
    if common.is_empty() {
        return Err(PlanError::NothingInCommon {
            target: ends.target.to_owned(),
            client: join(ends.client_ciphers.iter()),
            server: join(ends.server.ciphers.iter()),
        });
    }
    Ok(common)
}

/// The ciphers that the user named (`--ciphers`), each once.
fn named_ciphers(named: &[Cipher], ends: &Ends) -> Result<Vec<Cipher>, PlanError> {
    let common = common_ciphers(ends)?;
    match named.iter().find(|cipher| !common.contains(cipher)) {
        None => Ok(deduplicated(named)),
        Some(cipher) => Err(PlanError::Unusable {
            cipher: cipher.clone(),
            target: ends.target.to_owned(),
            reason: why_unusable(
                ends.client_ciphers.contains(cipher),
                ends.server.ciphers.contains(cipher),
            ),
            usable: join(common.iter().copied()),
        }),
    }
}

/// What a first answer needs (`--quick`): of each authenticated mode the cipher with the shortest key, and
/// the default cipher. All ciphers where that leaves no choice.
pub fn representatives(
    ciphers: Vec<Cipher>,
    by_default: &Negotiated,
) -> (Vec<Cipher>, Vec<Cipher>) {
    let aead = |cipher: &&Cipher| catalog::cipher(cipher).filter(|info| info.aead);
    let is_shortest = |cipher: &Cipher| {
        aead(&cipher).is_some_and(|own| {
            let alike = ciphers.iter().filter_map(|other| aead(&other));
            alike.filter(|other| other.mode == own.mode).all(|other| own.key_bits <= other.key_bits)
        })
    };
    let directions = [&by_default.client_to_server, &by_default.server_to_client];
    let stays: Vec<bool> = ciphers
        .iter()
        .map(|cipher| is_shortest(cipher) || directions.iter().any(|of| of.cipher == *cipher))
        .collect();
    if stays.iter().filter(|stays| **stays).count() < 2 {
        return (ciphers, Vec::new());
    }
    let mut stays = stays.into_iter();
    ciphers.into_iter().partition(|_| stays.next().unwrap_or(true))
}

/// The order of one round: shuffled by the seed and the number of the round, so that drift affects all
/// configurations alike and the order can be reproduced. ChaCha8 gives the same on every machine.
pub fn shuffled<T: Clone>(items: &[T], seed: u64, round: u32) -> Vec<T> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(u64::from(round));
    let mut order = items.to_vec();
    order.shuffle(&mut random);
    order
}

/// Seconds per run of a program: long enough that the start-up is small, and the same for all ciphers, so that
/// it cancels in their ratios (`docs/method.md`).
pub fn run_seconds(setup_s: f64, loopback: bool) -> f64 {
    if loopback { 1.0 } else { (3.0 * setup_s).clamp(2.0, 10.0) }
}

fn macs(choice: &Choice, ends: &Ends) -> Result<Vec<Option<Mac>>, PlanError> {
    let usable: Vec<&Mac> =
        ends.server.macs.iter().filter(|mac| ends.client_macs.contains(mac)).collect();
    match &choice.macs {
        MacChoice::Default => Ok(vec![None]),
        MacChoice::All => Ok(usable.into_iter().cloned().map(Some).collect()),
        MacChoice::Named(named) => {
            if let Some(mac) = named.iter().find(|mac| !usable.contains(mac)) {
                return Err(PlanError::UnusableMac {
                    mac: mac.clone(),
                    target: ends.target.to_owned(),
                    reason: why_unusable(
                        ends.client_macs.contains(mac),
                        ends.server.macs.contains(mac),
                    ),
                    usable: join(usable.iter().copied()),
                });
            }
            Ok(deduplicated(named).into_iter().map(Some).collect())
        }
    }
}

/// Ciphers that only one end supports.
fn unusable(ends: &Ends) -> Vec<Skip> {
    let missing = |cipher: &&Cipher, list: &[Cipher]| !list.contains(cipher);
    let client_only =
        ends.client_ciphers.iter().filter(|cipher| missing(cipher, &ends.server.ciphers));
    let offered = ends.server.ciphers.iter().filter(|cipher| cipher.as_str() != NONE);
    let server_only = offered.filter(|cipher| missing(cipher, ends.client_ciphers));
    client_only
        .map(|cipher| skip(cipher.clone(), "not offered by the server"))
        .chain(server_only.map(|cipher| skip(cipher.clone(), "not supported by this client")))
        .collect()
}

pub fn skip(cipher: Cipher, reason: &str) -> Skip {
    Skip { cipher, mac: None, reason: reason.to_owned() }
}

fn why_unusable(client_has: bool, server_has: bool) -> String {
    match (client_has, server_has) {
        (false, false) => "neither end supports it (see 'cipher-survey list')",
        (false, true) => "this client does not support it",
        _ => "the server does not offer it",
    }
    .to_owned()
}

/// Each once, in the order in which they were named.
pub fn deduplicated<T: Clone + PartialEq>(names: &[T]) -> Vec<T> {
    let mut unique: Vec<T> = Vec::new();
    for name in names {
        if !unique.contains(name) {
            unique.push(name.clone());
        }
    }
    unique
}

fn join<'a, T: std::fmt::Display + 'a>(names: impl Iterator<Item = &'a T>) -> String {
    let names: Vec<String> = names.map(|name| units::printable(&name.to_string())).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
