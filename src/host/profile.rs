//! A host's profile from the answers of [`super::script::PROFILE`].

use super::Sections;
use crate::model::host::Storage;
use crate::model::{AesClass, AesEvidence, HostProfile};

/// Words of `/proc/cpuinfo` that mean AES in hardware: x86 `flags`, Arm `Features`, RISC-V `isa`,
/// POWER and s390x. Sources: kernel `arch/*/include`, FACTS of each architecture's manual.
const AES_WORDS: &[&str] = &[
    "aes",
    "pclmulqdq",
    "vaes",
    "vpclmulqdq",
    "pmull",
    "zkne",
    "zknd",
    "zvkned",
    "vcrypto",
    "msa",
];

/// Words without which there is no AES (the rest only help).
const DECISIVE: &[&str] = &["aes", "zkne", "zvkned", "vcrypto", "msa"];

/// Architectures whose kernels list such a word when the CPU has it.
const LISTS_AES: &[&str] =
    &["x86_64", "i386", "i586", "i686", "aarch64", "armv8l", "armv7l", "armv6l", "arm64"];

pub fn host_profile(answer: &Sections) -> HostProfile {
    let uname: Vec<&str> = answer.text("uname").map(|t| t.lines().collect()).unwrap_or_default();
    let part = |index: usize| uname.get(index).map(|text| text.trim()).unwrap_or("?");
    let cpuinfo = answer.text("cpuinfo").unwrap_or_default();
    let model = answer.line("model").map(str::to_owned);
    HostProfile {
        name: part(3).to_owned(),
        kernel: format!("{} {}", part(0), part(1)),
        machine: part(2).to_owned(),
        os: answer.line("os").map(|text| text.trim_matches('"').to_owned()),
        cpu_model: model
            .or_else(|| cpuinfo_value(cpuinfo, &["model name", "Model", "cpu", "uarch"])),
        cores: answer.number("cores").filter(|&cores: &u32| cores > 0),
        aes: aes_evidence(cpuinfo, part(2)),
        governor: answer.line("governor").map(str::to_owned),
        memory_bytes: answer
            .line("memory")
            .and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
            .map(|kib| kib.saturating_mul(1024)),
        ticks_per_s: answer.number("ticks").unwrap_or(100),
        proc: answer.line("stat").is_some_and(|line| line.starts_with("cpu ")),
    }
}

/// AES class of a CPU from the first processor of `/proc/cpuinfo`.
pub fn aes_evidence(cpuinfo: &str, machine: &str) -> AesEvidence {
    let listed = ["flags", "Features", "isa", "features"]
        .iter()
        .find_map(|key| cpuinfo_value(cpuinfo, &[key]).map(|words| (*key, words)));
    let Some((key, words)) = listed else {
        return AesEvidence {
            class: AesClass::Unknown,
            evidence: "no CPU features in /proc/cpuinfo".into(),
        };
    };
    let has = |word: &&&str| words.split([' ', '_']).any(|listed| listed == **word);
    let found: Vec<&str> = AES_WORDS.iter().filter(has).copied().collect();
    if found.iter().any(|word| DECISIVE.contains(word)) {
        return AesEvidence {
            class: AesClass::Aes,
            evidence: format!("cpuinfo {key}: {}", found.join(" ")),
        };
    }
    let class = if LISTS_AES.contains(&machine) { AesClass::NoAes } else { AesClass::Unknown };
    AesEvidence { class, evidence: format!("cpuinfo {key}: no aes") }
}

/// The file system of a directory from the answers of [`super::script::STORAGE`].
pub fn storage(answer: &Sections) -> Storage {
    let df: Vec<&str> = answer
        .text("df")
        .and_then(|text| text.lines().last())
        .map(|line| line.split_whitespace().collect())
        .unwrap_or_default();
    Storage {
        directory: answer.text("directory").unwrap_or_default().to_owned(),
        device: df.first().map(|&device| device.to_owned()),
        file_system: answer.line("filesystem").map(str::to_owned),
        // From the end, as device names may hold blanks: available is before use % and mount.
        free_bytes: df
            .len()
            .checked_sub(3)
            .and_then(|index| df[index].parse::<u64>().ok())
            .map(|kib| kib.saturating_mul(1024)),
    }
}

fn cpuinfo_value(cpuinfo: &str, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|wanted| {
        cpuinfo.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == *wanted && !value.trim().is_empty()).then(|| value.trim().to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_told_from_the_flags() {
        let class = |text: &str, machine: &str| aes_evidence(text, machine).class;
        assert_eq!(class("flags\t\t: fpu sse2 aes avx vaes", "x86_64"), AesClass::Aes);
        assert_eq!(class("flags\t\t: fpu sse2 avx", "x86_64"), AesClass::NoAes);
        assert_eq!(class("Features\t: fp asimd evtstrm crc32 cpuid", "aarch64"), AesClass::NoAes);
        assert_eq!(class("Features\t: fp asimd aes pmull sha1", "aarch64"), AesClass::Aes);
        assert_eq!(class("isa\t: rv64imafdc_zicsr_zkne", "riscv64"), AesClass::Aes);
        assert_eq!(class("isa\t: rv64imafdc", "riscv64"), AesClass::Unknown);
        assert_eq!(class("", "x86_64"), AesClass::Unknown);
        let evidence = aes_evidence("flags : aes pclmulqdq sse", "x86_64").evidence;
        assert_eq!(evidence, "cpuinfo flags: aes pclmulqdq");
    }

    #[test]
    fn free_space_is_read_from_df() {
        let answer = Sections::parse(
            "@@df\nFilesystem 1024-blocks Used Available Capacity Mounted on\n\
             /dev/vda 100 40 60 40% /\n@@directory\n/home/me\n@@filesystem\next4\n",
        );
        let storage = storage(&answer);
        assert_eq!(storage.free_bytes, Some(60 * 1024));
        assert_eq!(storage.device.as_deref(), Some("/dev/vda"));
        assert_eq!(storage.directory, "/home/me");
    }
}
