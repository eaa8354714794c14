//! Disabling AES instructions in a process, so that one machine shows what both kinds of CPU do.

/// The variable, and its value, that disables AES and carry-less multiplication in OpenSSL on a machine
/// of this architecture (`uname -m`); absent where none is known.
///
/// x86 (`OPENSSL_ia32cap(3)`): bits 57 and 33 of the first word are AES-NI and PCLMULQDQ, bits 41
/// and 42 of the second VAES and VPCLMULQDQ. Arm (OpenSSL `crypto/arm_arch.h`): bit 0 alone keeps
/// NEON.
pub fn disable_aes(machine: &str) -> Option<(String, String)> {
    let (variable, value) = match machine {
        "x86_64" | "i386" | "i586" | "i686" => {
            ("OPENSSL_ia32cap", "~0x200000200000000:~0x0000060000000000")
        }
        "aarch64" | "arm64" | "armv8l" | "armv7l" => ("OPENSSL_armcap", "1"),
        _ => return None,
    };
    Some((variable.into(), value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_those_of_the_manual() {
        let (_, value) = disable_aes("x86_64").unwrap();
        let word = |text: &str| u64::from_str_radix(text.trim_start_matches("~0x"), 16).unwrap();
        let (first, second) = value.split_once(':').unwrap();
        assert_eq!(word(first), (1 << 57) | (1 << 33));
        assert_eq!(word(second), (1 << 41) | (1 << 42));
        assert_eq!(disable_aes("riscv64"), None);
    }
}
