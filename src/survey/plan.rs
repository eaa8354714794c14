//! Options and what both ends can do, turned into an ordered list of trials. Pure.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use crate::model::names::NONE;
use crate::model::record::{Asked, Skip};
use crate::model::units;
use crate::model::{Cipher, Configuration, Direction, Mac, Method, Negotiated, Proposal, Sink};
use crate::ssh::catalog;

/// Which MACs to survey with ciphers that need one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MacChoice {
    /// The one that is negotiated unasked.
    #[default]
    Default,
    /// All that both ends support.
    All,
    Named(Vec<Mac>),
}

/// What the user chose.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Absent: all usable ones.
    pub ciphers: Option<Vec<Cipher>>,
    pub skip: Vec<Cipher>,
    pub macs: MacChoice,
    pub methods: Vec<Method>,
    pub directions: Vec<Direction>,
    pub sink: Sink,
    /// Of each authenticated mode only the cipher with the shortest key.
    pub quick: bool,
}

/// What the two ends of a pairing can do.
#[derive(Clone, Debug)]
pub struct Ends<'a> {
    /// How messages name the far end.
    pub target: &'a str,
    /// What the client is built with (`ssh -Q cipher`, `ssh -Q mac`).
    pub client_ciphers: &'a [Cipher],
    pub client_macs: &'a [Mac],
    pub server: &'a Proposal,
    pub by_default: &'a Negotiated,
    /// Both ends are ours, on this machine, and allow a session without a cipher.
    pub with_none: bool,
}

/// A contender with its amount: one trial of a round.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSample {
    pub round: u32,
    pub configuration: Configuration,
    pub asked: Asked,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    #[error("{cipher} can't be surveyed with {target}: {reason}; usable there: {usable}")]
    Unusable { cipher: Cipher, target: String, reason: String, usable: String },
    #[error("the MAC {mac} can't be surveyed with {target}: {reason}; usable there: {usable}")]
    UnusableMac { mac: Mac, target: String, reason: String, usable: String },
    #[error(
        "this client and {target} have no cipher in common; the client supports {client}, \
         {target} offers {server}"
    )]
    NothingInCommon { target: String, client: String, server: String },
    #[error("nothing is left to survey with {target}: --skip leaves out every usable cipher")]
    NothingLeft { target: String },
}

/// The contenders of one pairing, and what is left out with the reason.
pub fn configurations(
    pairing: usize,
    choice: &Choice,
    ends: &Ends,
) -> Result<(Vec<Configuration>, Vec<Skip>), PlanError> {
    let usable: Vec<&Cipher> =
        ends.server.ciphers.iter().filter(|name| ends.client_ciphers.contains(name)).collect();
    if usable.is_empty() {
        return Err(PlanError::NothingInCommon {
            target: ends.target.to_owned(),
            client: join(ends.client_ciphers.iter()),
            server: join(ends.server.ciphers.iter()),
        });
    }
    let mut skips = Vec::new();
    let chosen: Vec<Cipher> = match &choice.ciphers {
        Some(named) => {
            if let Some(cipher) = named.iter().find(|cipher| !usable.contains(cipher)) {
                return Err(PlanError::Unusable {
                    cipher: cipher.clone(),
                    target: ends.target.to_owned(),
                    reason: why_unusable(
                        ends.client_ciphers.contains(cipher),
                        ends.server.ciphers.contains(cipher),
                    ),
                    usable: join(usable.iter().copied()),
                });
            }
            deduplicated(named)
        }
        None => {
            skips.extend(unusable(ends));
            usable.into_iter().cloned().collect()
        }
    };
    let (skipped, mut chosen): (Vec<Cipher>, Vec<Cipher>) =
        chosen.into_iter().partition(|cipher| choice.skip.contains(cipher));
    skips.extend(skipped.into_iter().map(|cipher| skip(cipher, "left out with --skip")));
    if choice.quick && choice.ciphers.is_none() {
        let (few, rest) = representatives(chosen, ends.by_default);
        skips.extend(rest.into_iter().map(|cipher| skip(cipher, "left out by --quick")));
        chosen = few;
    }
    if chosen.is_empty() {
        return Err(PlanError::NothingLeft { target: ends.target.to_owned() });
    }
    let macs = macs(choice, ends)?;
    let mut configurations = Vec::new();
    for &method in &choice.methods {
        for &direction in &choice.directions {
            for cipher in &chosen {
                let choices: &[Option<Mac>] =
                    if catalog::needs_mac(cipher) { &macs } else { &[None] };
                configurations.extend(choices.iter().map(|mac| Configuration {
                    pairing,
                    method,
                    direction,
                    cipher: cipher.clone(),
                    mac: mac.clone(),
                }));
            }
            configurations.extend(ends.with_none.then(|| Configuration {
                pairing,
                method,
                direction,
                cipher: NONE.into(),
                mac: Some(NONE.into()),
            }));
        }
    }
    Ok((configurations, skips))
}

/// What a first answer needs: of each authenticated mode the cipher with the shortest key, and
/// what is negotiated unasked. All of them where that leaves no choice.
fn representatives(ciphers: Vec<Cipher>, by_default: &Negotiated) -> (Vec<Cipher>, Vec<Cipher>) {
    let aead = |cipher: &&Cipher| catalog::cipher(cipher).filter(|info| info.aead);
    let is_shortest = |cipher: &Cipher| {
        aead(&cipher).is_some_and(|own| {
            let alike = ciphers.iter().filter_map(|other| aead(&other));
            alike.filter(|other| other.mode == own.mode).all(|other| own.key_bits <= other.key_bits)
        })
    };
    let ways = [&by_default.client_to_server, &by_default.server_to_client];
    let stays: Vec<bool> = ciphers
        .iter()
        .map(|cipher| is_shortest(cipher) || ways.iter().any(|way| way.cipher == *cipher))
        .collect();
    if stays.iter().filter(|stays| **stays).count() < 2 {
        return (ciphers, Vec::new());
    }
    let mut stays = stays.into_iter();
    ciphers.into_iter().partition(|_| stays.next().unwrap_or(true))
}

/// The order of one round: all contenders, shuffled by the seed and the round's number, so that
/// drift falls on all alike and the order can be had again. ChaCha8 is the same everywhere.
pub fn shuffled<T: Clone>(items: &[T], seed: u64, round: u32) -> Vec<T> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(u64::from(round));
    let mut order = items.to_vec();
    order.shuffle(&mut random);
    order
}

/// Seconds that a trial lasts: long enough that the start-up is small, the same for all ciphers,
/// so that it cancels in their ratios (`docs/method.md`, "A trial's length").
pub fn sample_seconds(setup_s: f64, loopback: bool) -> f64 {
    if loopback { 1.0 } else { (3.0 * setup_s).clamp(2.0, 10.0) }
}

/// The share of the budget that what comes before the rounds may take.
pub const PILOT_SHARE: f64 = 0.5;

/// A pilot's file is at most so large: long enough to tell a rate on a fast host.
pub const PILOT_LARGEST: u64 = 32 << 20;
/// And at least so large, unless FILE is smaller: above the 2 MiB of a session's window.
pub const PILOT_SMALL: u64 = 4 << 20;

/// Pairing, method and direction of contenders that are compared with each other.
pub fn groups(configurations: &[Configuration]) -> Vec<(usize, Method, Direction)> {
    let mut groups: Vec<_> =
        configurations.iter().map(|c| (c.pairing, c.method, c.direction)).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
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

/// Ciphers that only one end has.
fn unusable(ends: &Ends) -> Vec<Skip> {
    let lacking = |cipher: &&Cipher, list: &[Cipher]| !list.contains(cipher);
    let here = ends.client_ciphers.iter().filter(|cipher| lacking(cipher, &ends.server.ciphers));
    let offered = ends.server.ciphers.iter().filter(|cipher| cipher.as_str() != NONE);
    let there = offered.filter(|cipher| lacking(cipher, ends.client_ciphers));
    here.map(|cipher| skip(cipher.clone(), "not offered by the server"))
        .chain(there.map(|cipher| skip(cipher.clone(), "not supported by this client")))
        .collect()
}

fn skip(cipher: Cipher, reason: &str) -> Skip {
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
