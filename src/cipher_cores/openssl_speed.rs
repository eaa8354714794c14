//! A host's own `openssl speed` (`openssl-speed(1ssl)`, since OpenSSL 1.1.1): what its libcrypto costs
//! on that host, with nothing installed. It does not measure packets of SSH: it seals an AEAD as TLS
//! does, and measures a cipher that needs a MAC without one.

use crate::model::Cipher;
use crate::model::cipher_cores::Work;

/// Seconds of a measurement; `openssl speed` takes whole ones.
pub const SECONDS: u32 = 1;

/// The command that measures, for a POSIX `sh`; absent where OpenSSL has no such cipher.
pub fn command(
    cipher: &Cipher,
    work: Work,
    bytes: u32,
    aes_disabled_by: Option<&str>,
) -> Option<String> {
    let (name, aead) = named(cipher)?;
    let aes_disabled_by = aes_disabled_by
        .map(|aes_disabled_by| format!("{} ", quoted(aes_disabled_by)))
        .unwrap_or_default();
    let aead = if aead { " -aead" } else { "" };
    let decrypt = if work == Work::Open { " -decrypt" } else { "" };
    Some(format!(
        "{aes_disabled_by}openssl speed -mr -seconds {SECONDS} -bytes {bytes}{aead}{decrypt} -evp {name} 2>&1"
    ))
}

/// `VARIABLE='value'`
fn quoted(aes_disabled_by: &str) -> String {
    match aes_disabled_by.split_once('=') {
        Some((variable, value)) => format!("{variable}='{value}'"),
        None => aes_disabled_by.to_owned(),
    }
}

/// OpenSSL's name, and whether it is an AEAD.
fn named(cipher: &Cipher) -> Option<(&'static str, bool)> {
    Some(match cipher.as_str() {
        "chacha20-poly1305@openssh.com" => ("chacha20-poly1305", true),
        "aes128-gcm@openssh.com" => ("aes-128-gcm", true),
        "aes256-gcm@openssh.com" => ("aes-256-gcm", true),
        "aes128-ctr" => ("aes-128-ctr", false),
        "aes192-ctr" => ("aes-192-ctr", false),
        "aes256-ctr" => ("aes-256-ctr", false),
        "aes128-cbc" => ("aes-128-cbc", false),
        "aes192-cbc" => ("aes-192-cbc", false),
        "aes256-cbc" => ("aes-256-cbc", false),
        "3des-cbc" => ("des-ede3-cbc", false),
        _ => return None,
    })
}

/// How many blocks of bytes it processed, and in how many CPU-seconds.
///
/// # Errors
/// What it said instead.
pub fn read(output: &str) -> Result<(u64, f64), String> {
    // +R:count:name:seconds; a name may contain colons.
    let figures = output.lines().find_map(|line| {
        let rest = line.trim().split_once("+R:")?.1;
        let (count, rest) = rest.split_once(':')?;
        let (_, seconds) = rest.rsplit_once(':')?;
        Some((count.parse::<u64>().ok()?, seconds.parse::<f64>().ok()?))
    });
    match figures {
        Some((count, seconds)) if count > 0 && seconds > 0.0 && seconds.is_finite() => {
            Ok((count, seconds))
        }
        _ => {
            let said = output.lines().map(str::trim).rfind(|line| !line.is_empty());
            Err(said.unwrap_or("it said nothing").chars().take(200).collect())
        }
    }
}

/// Whether this work is measured on a host: both only where they differ, since each takes a second.
pub fn worth(cipher: &Cipher, work: Work) -> bool {
    work == Work::Seal || cipher.as_str().ends_with("-cbc")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher_cores::suite;

    #[test]
    fn openssl_has_a_name_for_each_cipher() {
        for cipher in suite::ciphers() {
            assert!(command(&cipher, Work::Seal, 32, None).is_some(), "{cipher}");
        }
    }

    #[test]
    fn the_command_is_as_in_the_manual() {
        let gcm = Cipher::from("aes128-gcm@openssh.com");
        let found = command(&gcm, Work::Open, 8192, Some("OPENSSL_ia32cap=~0x1:~0x2"));
        let expected = "OPENSSL_ia32cap='~0x1:~0x2' openssl speed -mr -seconds 1 -bytes 8192 -aead \
                        -decrypt -evp aes-128-gcm 2>&1";
        assert_eq!(found.as_deref(), Some(expected));
    }

    #[test]
    fn the_output_of_openssl_speed_is_read() {
        let said = "+DT:AES-128-GCM:1:32768\n+R:83400:AES-128-GCM:0.590000\n+H:32768\n\
                    +F:25:AES-128-GCM:4631951186.44\n";
        assert_eq!(read(said), Ok((83400, 0.59)));
        // Standard error may come in the middle of a line.
        assert_eq!(read("2+R:7430:AES-128-GCM:0.760000\n"), Ok((7430, 0.76)));
        assert_eq!(read("sh: 1: openssl: not found\n"), Err("sh: 1: openssl: not found".into()));
        assert_eq!(read(""), Err("it said nothing".into()));
        assert!(read("+R:0:AES:0.0").is_err());
    }
}
