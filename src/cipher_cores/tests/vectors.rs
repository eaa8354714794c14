//! Test vectors of the standards, each with its source.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::*;
use crate::cipher_cores::chacha::Key;
use crate::cipher_cores::packet::Fault;
use crate::cipher_cores::suite::{Aead, Block, Hash, Hmac};
use crate::cipher_cores::with_mac::Code;
use crate::model::cipher_cores::Work;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).unwrap()
}

fn keys(key: &str, iv: &str, mac: &str) -> Keys {
    let mut keys = Keys { key: [0; 64], iv: [0; 16], mac: [0; 64] };
    for (place, hex) in [(&mut keys.key[..], key), (&mut keys.iv[..], iv), (&mut keys.mac[..], mac)]
    {
        let bytes = bytes(hex);
        place[..bytes.len()].copy_from_slice(&bytes);
    }
    keys
}

/// With encrypt-and-MAC the whole packet is encrypted, so any whole blocks can serve as a packet.
fn encrypts(block: Block, keys: &Keys, plain: &str, encrypted: &str) {
    let suite = Suite::With(block, Hmac { hash: Hash::Sha1, encrypt_then_mac: false });
    let sealers = sealers(suite, keys);
    assert!(sealers.len() >= 2, "{suite}");
    for (name, mut sealer) in sealers {
        let mut packet = bytes(plain);
        let end = packet.len();
        packet.extend([0; 20]);
        sealer.seal(0, &mut packet).unwrap();
        assert_eq!(packet[..end], bytes(encrypted), "{suite}: {name}");
    }
}

/// NIST SP 800-38A, appendix F: the plaintext of all its examples, and the keys.
const PLAIN: &str = "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
                     30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710";
const KEY_128: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const KEY_192: &str = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b";
const KEY_256: &str = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";

#[test]
fn counter_mode_is_that_of_nist_sp_800_38a() {
    let counter = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
    for (block, key, encrypted) in [
        // F.5.1
        (
            Block::Aes128Ctr,
            KEY_128,
            "874d6191b620e3261bef6864990db6ce 9806f66b7970fdff8617187bb9fffdff
             5ae4df3edbd5d35e5b4f09020db03eab 1e031dda2fbe03d1792170a0f3009cee",
        ),
        // F.5.3
        (
            Block::Aes192Ctr,
            KEY_192,
            "1abc932417521ca24f2b0459fe7e6e0b 090339ec0aa6faefd5ccc2c6f4ce8e94
             1e36b26bd1ebc670d1bd1d665620abf7 4f78a7f6d29809585a97daec58c6b050",
        ),
        // F.5.5
        (
            Block::Aes256Ctr,
            KEY_256,
            "601ec313775789a5b7a7f504bbf3d228 f443e3ca4d62b59aca84e990cacaf5c5
             2b0930daa23de94ce87017ba2d84988d dfc9c58db67aada613c2dd08457941a6",
        ),
    ] {
        encrypts(block, &keys(key, counter, ""), PLAIN, encrypted);
    }
}

#[test]
fn the_counter_carries_over_all_of_its_bytes() {
    // RFC 4344, section 4: the counter is one unsigned integer of a whole block. All ones are followed
    // by zero, whose keystream is the block cipher of zero.
    let zero = keys(KEY_128, "00000000000000000000000000000000", "");
    let ones = keys(KEY_128, "ffffffffffffffffffffffffffffffff", "");
    let suite = Suite::With(Block::Aes128Ctr, Hmac { hash: Hash::Sha1, encrypt_then_mac: false });
    for ((name, mut from_zero), (_, mut from_ones)) in
        sealers(suite, &zero).into_iter().zip(sealers(suite, &ones))
    {
        let (mut first, mut second) = ([0; 16 + 20], [0; 32 + 20]);
        from_zero.seal(0, &mut first).unwrap();
        from_ones.seal(0, &mut second).unwrap();
        assert_eq!(second[16..32], first[..16], "{name}");
    }
}

#[test]
fn cipher_block_chaining_is_that_of_nist_sp_800_38a() {
    let iv = "000102030405060708090a0b0c0d0e0f";
    for (block, key, encrypted) in [
        // F.2.1
        (
            Block::Aes128Cbc,
            KEY_128,
            "7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2
             73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7",
        ),
        // F.2.3
        (
            Block::Aes192Cbc,
            KEY_192,
            "4f021db243bc633d7178183a9fa071e8 b4d9ada9ad7dedf4e5e738763f69145a
             571b242012fb7ae07fa9baac3df102e0 08b0e27988598881d920a9e64f5615cd",
        ),
        // F.2.5
        (
            Block::Aes256Cbc,
            KEY_256,
            "f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d
             39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b",
        ),
    ] {
        encrypts(block, &keys(key, iv, ""), PLAIN, encrypted);
    }
}

#[test]
fn triple_des_is_that_of_nists_examples() {
    // NIST, Examples with Intermediate Values, TDES_CBC: three keys.
    let keys = keys("0123456789abcdef23456789abcdef01456789abcdef0123", "f69f2445df4f9b17", "");
    encrypts(
        Block::TripleDesCbc,
        &keys,
        "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51",
        "2079c3d53aa763e193b79e2569ab5262 516570481f25b50f73c0bda85c8e0da7",
    );
}

#[test]
fn macs_are_those_of_rfc_2202_and_rfc_4231() {
    // Test case 2 of both: the key "Jefe" and "what do ya want for nothing?", whose first four bytes
    // serve as the packet's sequence number.
    let keys = keys(KEY_128, "", "4a656665");
    let sequence = u32::from_be_bytes(*b"what");
    let sha256 = "5bdcc146bf60754e6a042426089575c7 5a003f089d2739839dec58b964ec3843";
    let sha512 = "164b7a7bfcf819e2e395fbe73b56e0a3 87bd64222e831fd610270cd7ea250554
                  9758bf75c05a994a6d034f65f8f0e6fd caeab1a34d4a6b4b636e070a38bce737";
    for (hash, code) in [
        (Hash::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (Hash::Sha256, sha256),
        (Hash::Sha512, sha512),
    ] {
        let suite = Suite::With(Block::Aes128Ctr, Hmac { hash, encrypt_then_mac: false });
        for (name, mut sealer) in sealers(suite, &keys) {
            let mut packet = b" do ya want for nothing?".to_vec();
            packet.extend(&Code::from([0; 64])[..hash.bytes()]);
            sealer.seal(sequence, &mut packet).unwrap();
            assert_eq!(packet[24..], bytes(code), "{suite}: {name}");
        }
    }
}

#[test]
fn galois_counter_mode_is_that_of_its_specification() {
    // McGrew and Viega, The Galois/Counter Mode of Operation, appendix B: test cases 4 and 16.
    let half = "feffe9928665731c6d6a8f9467308308";
    let nonce: [u8; 12] = bytes("cafebabefacedbaddecaf888").try_into().unwrap();
    let associated = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let plain = bytes(
        "d9313225f88406e5a55909c5aff5269a 86a7a9531534f7da2e4c303d8a318a72
         1c3c0c95956809532fcf0e2449a6b525 b16aedf5aa0de657ba637b39",
    );
    let of_128 = "42831ec2217774244b7221b784d0d49c e3aa212f2c02a4e035c17e2329aca12e
                  21d514b25466931c7d8f6a5aac84aa05 1ba30b396a0aac973d58e091";
    let of_256 = "522dc1f099567d07f47f37a32a84427d 643a8cdcbfe5c0c97598a2bd2555d1aa
                  8cb08e48590dbb3da7b08b1056828838 c5f61e6393ba7a0abcc9f662";
    for (aead, key, encrypted, tag) in [
        (Aead::Aes128Gcm, half.to_owned(), of_128, "5bc94fbc3221a5db94fae95ae7121a47"),
        (Aead::Aes256Gcm, half.repeat(2), of_256, "76fc6ece0f4e1768cddf8853bb2d551b"),
    ] {
        let keys = keys(&key, "", "");
        for library in all() {
            let made = |work| library.gcm(aead, &keys, work).unwrap();
            let (mut seal, mut open) = (made(Work::Seal), made(Work::Open));
            let mut sealed = plain.clone();
            let found = seal.encrypt(&nonce, &associated, &mut sealed).unwrap();
            assert_eq!((&sealed, found.to_vec()), (&bytes(encrypted), bytes(tag)));
            sealed.extend(found);
            open.decrypt(&nonce, &associated, &mut sealed).unwrap();
            assert_eq!(sealed[..plain.len()], plain);
            let refused = open.decrypt(&nonce, &associated[1..], &mut sealed);
            assert_eq!(refused, Err(Fault::Tampered));
        }
    }
}

#[test]
fn the_parts_of_chacha20_poly1305_are_those_of_rfc_8439() {
    // Appendix A.1, vectors 1 and 2: the key, the nonce and the text are zeros.
    let block_0 = "76b8e0ada0f13d90405d6ae55386bd28 bdd219b8a08ded1aa836efcc8b770dc7";
    let block_1 = "9f07e7be5551387a98ba977c732d080d cb0f29a048e3656912c6533e32ee7aed
                   29b721769ce64e43d57133b074d839d5 31ed1f28510afb45ace10a1f4b794d6f";
    let suite = Suite::Alone(Aead::ChaCha20Poly1305);
    for (name, mut sealer) in sealers(suite, &keys("", "", "")) {
        let mut packet = vec![0; 4 + 64 + 16];
        sealer.seal(0, &mut packet).unwrap();
        assert_eq!(packet[..4], bytes(block_0)[..4], "{name}");
        assert_eq!(packet[4..68], bytes(block_1), "{name}");
    }
    // Section 2.5.2: Poly1305; appendix A.4, vector 1: its key is of block 0.
    let one_time = "85d6be7857556d337f4452fe42d506a8 0103808afb0db2fd4abff6af4149f51b";
    let one_time: [u8; 32] = bytes(one_time).try_into().unwrap();
    let text = b"Cryptographic Forum Research Group";
    let zero = keys("", "", "");
    let parts: Vec<_> = all().iter().filter_map(|library| library.chacha20(&zero)).collect();
    assert_eq!(parts.len(), 1 + usize::from(cfg!(feature = "rustcrypto")));
    for mut parts in parts {
        let tag = parts.poly1305(&one_time, text).unwrap();
        assert_eq!(tag.to_vec(), bytes("a8061dc1305136c6c22b8baf0c0127a9"));
        let mut key = [0; 32];
        parts.stream(Key::Main, 0, 0, &mut key).unwrap();
        assert_eq!(key.to_vec(), bytes(block_0));
    }
}
