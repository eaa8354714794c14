//! What AES instructions let expect before anything was measured.

use crate::model::AesClass;

/// Which cipher is usually the fastest between two CPUs. AES in software costs several times as much as ChaCha20
/// (results/emulated-arm), with AES instructions half as much (results/loopback).
pub fn expectation(local: AesClass, remote: AesClass) -> &'static str {
    match (local, remote) {
        (AesClass::Aes, AesClass::Aes) => {
            "AES instructions at both ends: AES (GCM, where both have it) is usually the fastest; a survey tells"
        }
        (AesClass::NoAes, AesClass::NoAes) => {
            "no AES instructions at either end: chacha20-poly1305 is usually the fastest by far; a survey tells"
        }
        (_, AesClass::NoAes) => {
            "the remote CPU has no AES instructions: chacha20-poly1305 is usually the fastest by far; a survey tells"
        }
        (AesClass::NoAes, _) => {
            "the local CPU has no AES instructions: chacha20-poly1305 is usually the fastest by far; a survey tells"
        }
        _ => {
            "whether both CPUs have AES instructions is not known: a survey tells which cipher is the fastest"
        }
    }
}
