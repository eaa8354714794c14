//! What is to be measured, from names that are checked against what there is.

use anyhow::{Result, bail};

use crate::cipher_cores::suite;
use crate::cipher_cores::workers::Worker;
use crate::cli::cores::CoresArgs;
use crate::model::cipher_cores::{LeftOut, Library, Subject, Work};
use crate::model::{Cipher, Mac};
use crate::ssh::catalog;

/// The libraries that the program may have.
const LIBRARIES: [&str; 4] = ["aws-lc-rs", "libcrypto", "ring", "rustcrypto"];

/// Bytes of payload: a keystroke, a few lines, an Ethernet frame, and two sizes of bulk packets.
const SIZES: [u32; 5] = [64, 256, 1024, 8192, 32768];

#[derive(Debug)]
pub struct Choice {
    implementations: Vec<String>,
    pub ciphers: Vec<Cipher>,
    macs: Vec<Mac>,
    pub sizes: Vec<u32>,
    /// Libraries were named, so one that is absent is an error.
    named: bool,
    /// The path of one that is not the system's.
    libcrypto: Option<String>,
}

impl Choice {
    /// # Errors
    /// An unknown name; the message lists the known ones.
    pub fn of(args: &CoresArgs) -> Result<Choice> {
        let libraries = LIBRARIES.map(str::to_owned);
        let implementations = chosen("library", &args.implementations, &libraries)?;
        let names: Vec<String> = suite::ciphers().map(|cipher| cipher.0).collect();
        let ciphers = match args.ciphers.as_slice() {
            [] => names,
            asked => chosen("cipher", asked, &names)?,
        };
        let names: Vec<String> = suite::macs().map(|mac| mac.0).collect();
        let macs = chosen("MAC", &args.macs, &names)?;
        let sizes = chosen("size", &args.sizes, &SIZES.map(|size| size.to_string()))?;
        Ok(Choice {
            named: args.implementations != ["aws-lc-rs", "libcrypto"],
            libcrypto: args.libcrypto.as_ref().map(|path| path.to_string_lossy().into_owned()),
            implementations,
            ciphers: ciphers.into_iter().map(Cipher).collect(),
            macs: macs.into_iter().map(Mac).collect(),
            sizes: SIZES.into_iter().filter(|size| sizes.contains(&size.to_string())).collect(),
        })
    }

    /// Everything of it that the workers can measure; what they can't goes to `skipped`.
    ///
    /// # Errors
    /// A named library is absent, or there is nothing to measure.
    pub fn subjects(&self, workers: &[Worker], skipped: &mut Vec<LeftOut>) -> Result<Vec<Subject>> {
        let mut subjects = Vec::new();
        let Some(first) = workers.first() else { bail!("there is no process to measure with") };
        for name in &self.implementations {
            let has = |worker: &Worker| {
                worker.hello.libraries.iter().any(|one| one.library.name == *name)
            };
            if !has(first) {
                let absent = first.hello.absent.iter().find(|absent| absent.what == *name);
                let why = absent.map_or_else(
                    || format!("this cipher-survey was built without the feature {name}"),
                    |absent| absent.reason.clone(),
                );
                if self.named {
                    bail!("{name} can't be measured: {why}");
                }
                skipped.push(LeftOut { what: name.clone(), reason: why });
            }
        }
        let implementations = &self.implementations;
        for worker in workers {
            for one in &worker.hello.libraries {
                if !implementations.contains(&one.library.name) {
                    continue;
                }
                for (cipher, mac) in self.suites() {
                    if !one.suites.contains(&(cipher.clone(), mac.clone())) {
                        self.note_missing(&one.library.name, &cipher, skipped);
                        continue;
                    }
                    for &payload_bytes in &self.sizes {
                        subjects.extend([Work::Seal, Work::Open].map(|work| Subject {
                            host: 0,
                            aes_disabled_by: worker.aes_disabled_by.clone(),
                            implementation: one.library.name.clone(),
                            cipher: cipher.clone(),
                            mac: mac.clone(),
                            work,
                            payload_bytes,
                        }));
                    }
                }
            }
        }
        if subjects.is_empty() {
            let why = skipped.iter().map(|one| format!("{}: {}", one.what, one.reason));
            bail!("there is nothing to measure ({})", why.collect::<Vec<_>>().join("; "));
        }
        Ok(subjects)
    }

    fn suites(&self) -> impl Iterator<Item = (Cipher, Option<Mac>)> {
        self.ciphers.iter().flat_map(|cipher| {
            let macs = match catalog::needs_mac(cipher) {
                true => self.macs.iter().cloned().map(Some).collect(),
                false => vec![None],
            };
            macs.into_iter().map(|mac| (cipher.clone(), mac))
        })
    }

    /// Records a missing cipher, in one line per library.
    fn note_missing(&self, library: &str, cipher: &Cipher, skipped: &mut Vec<LeftOut>) {
        const NONE: &str = "it has no ";
        let known = |one: &&mut LeftOut| one.what == library && one.reason.starts_with(NONE);
        match skipped.iter_mut().find(known) {
            Some(known) if known.reason.split([' ', ',']).any(|word| word == cipher.as_str()) => {}
            Some(known) => known.reason += &format!(", {cipher}"),
            None => skipped
                .push(LeftOut { what: library.to_owned(), reason: format!("{NONE}{cipher}") }),
        }
    }

    /// The libraries that are measured, with their versions.
    pub fn libraries(&self, workers: &[Worker]) -> Vec<Library> {
        let hello = workers.first().map(|worker| &worker.hello);
        let all = hello.into_iter().flat_map(|hello| &hello.libraries);
        let chosen = all.filter(|one| self.implementations.contains(&one.library.name));
        let path = |name: &str| self.libcrypto.clone().filter(|_| name == "libcrypto");
        chosen.map(|one| Library { path: path(&one.library.name), ..one.library.clone() }).collect()
    }
}

/// The names asked for, each once, in the order of `known`.
fn chosen(kind: &str, asked: &[String], known: &[String]) -> Result<Vec<String>> {
    if asked.iter().any(|name| name == "all") {
        return Ok(known.to_vec());
    }
    if let Some(unknown) = asked.iter().find(|name| !known.contains(name)) {
        bail!("unknown {kind} {unknown:?}; known are: {}", known.join(", "));
    }
    Ok(known.iter().filter(|name| asked.contains(name)).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_refused_with_the_list() {
        let known = ["a", "b"].map(str::to_owned);
        let chosen = |asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|&name| name.to_owned()).collect();
            chosen("letter", &asked, &known)
        };
        assert_eq!(chosen(&["b", "a", "b"]).unwrap(), ["a", "b"]);
        assert_eq!(chosen(&["all"]).unwrap(), ["a", "b"]);
        let error = chosen(&["c"]).unwrap_err().to_string();
        assert_eq!(error, "unknown letter \"c\"; known are: a, b");
    }
}
