//! Whether AES is disabled where it should be: the costs of ciphers show it. Pure.

use crate::analysis::warnings::aes::{CHACHA, GCM};
use crate::model::record::Sample;

/// Why AES does not count as disabled where it should be, by the costs of [`GCM`] and [`CHACHA`] at client
/// and server: without AES instructions AES costs more than ChaCha20.
pub fn aes_doubt(costs: &[(f64, f64)], client: bool, server: bool) -> Option<String> {
    let [aes, chacha] = costs else {
        return Some(format!(
            "whether AES is disabled can't be checked: {GCM} and {CHACHA} could not both be measured"
        ));
    };
    [("client", client, aes.0, chacha.0), ("server", server, aes.1, chacha.1)]
        .into_iter()
        .find(|(_, disabled, aes, chacha)| *disabled && aes <= chacha)
        .map(|(end, _, aes, chacha)| {
            format!(
                "AES should be disabled at the {end} and is not: {GCM} costs it {aes:.2} CPU-s per GB, \
                 no more than {CHACHA} with {chacha:.2}"
            )
        })
}

/// CPU seconds per GB at the client and at the server.
pub fn cost(sample: &Sample) -> Option<(f64, f64)> {
    let gb = sample.bytes? as f64 / 1e9;
    Some((sample.client?.bulk.total_s / gb, sample.server?.bulk.total_s / gb))
}
