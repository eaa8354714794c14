//! Whether the AES state of an end shows in its figures: instructions that were disabled, and what
//! the profile of a CPU says of its own.

use schemars::JsonSchema;
use serde::Serialize;

use super::words::Words;
use crate::analysis::end::End;
use crate::analysis::rows::row::{Cost, Row};
use crate::analysis::rows::table::{Section, Table, cost};
use crate::model::record::{PairedEnd, Pairing};
use crate::model::units::significant;
use crate::model::{AesClass, AesEnds};

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(inline)]
pub enum AesWarning {
    /// An end with AES disabled spends about as much as with AES enabled.
    AesStaysEnabled {
        table: String,
        #[schemars(with = "String")]
        aes: AesEnds,
        end: End,
        /// The most that an AES cipher costs with AES disabled, as a multiple of its cost with AES
        /// enabled.
        most_ratio: f64,
    },
    /// The figures of an end contradict what its profile says of its AES instructions.
    AesContradicted {
        /// The table that shows it best.
        table: String,
        end: End,
        /// The profile says that the CPU has AES instructions, or that it lacks them.
        accelerated: bool,
        evidence: String,
        gcm_s_per_gb: f64,
        chacha_s_per_gb: f64,
    },
}

impl AesWarning {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::AesStaysEnabled { table, aes, end, most_ratio } => Words::new(
                format!(
                    "{table}, {}: disabling AES does not show in the {end} CPU (no AES \
                     cipher costs more than {} times what it costs with AES enabled)",
                    aes.phrase(),
                    significant(*most_ratio)
                ),
                "take that section as AES enabled: the program may not know the variable",
            ),
            Self::AesContradicted {
                table,
                end,
                accelerated,
                evidence,
                gcm_s_per_gb,
                chacha_s_per_gb,
            } => Words::new(
                format!(
                    "{table}: the {end}'s CPU is said to have {}AES instructions ({evidence}), but \
                     AES-GCM costs it {} CPU-s per GB and ChaCha20-Poly1305 {}",
                    if *accelerated { "" } else { "no " },
                    significant(*gcm_s_per_gb),
                    significant(*chacha_s_per_gb)
                ),
                "trust the figures: the SSH program may be emulated, or built without these \
                 instructions",
            ),
        }
    }
}

/// With AES instructions GCM costs less than ChaCha20-Poly1305, without them it costs more. What
/// both share (the kernel, copies) draws the ratio towards 1.
const CONTRADICTS: f64 = 1.3;
/// An end that uses less of one core mostly pays for waiting for the other end, by the second and
/// not by the byte: its costs then say nothing of ciphers.
const BUSY_PERCENT: f64 = 25.0;
/// Ciphers whose costs show the AES state of an end: with AES instructions GCM is the cheaper one,
/// without them ChaCha20-Poly1305 is.
pub const GCM: &str = "aes128-gcm@openssh.com";
pub const CHACHA: &str = "chacha20-poly1305@openssh.com";

/// AES is disabled for a whole process, so one AES cipher that costs far more than with AES enabled
/// proves it. CTR may not: its code without AES instructions is not much slower, and its MAC costs
/// as much as before.
const SHOWS: f64 = 1.5;

/// Ends with AES disabled where no AES cipher shows it.
pub fn without_effect(table: &Table, pairings: &[Pairing]) -> Vec<AesWarning> {
    let mut found = Vec::new();
    for section in &table.sections {
        for end in [End::Client, End::Server] {
            let Some(enabled) = aes_enabled_twin(section, end, table, pairings) else { continue };
            let ratios = section.rows.iter().filter_map(|row| cost_ratio(row, &enabled.rows, end));
            let Some(most_ratio) = ratios.max_by(f64::total_cmp).filter(|most| *most < SHOWS)
            else {
                continue;
            };
            let (table, aes) = (table.title.clone(), section.aes);
            found.push(AesWarning::AesStaysEnabled { table, aes, end, most_ratio });
        }
    }
    found
}

/// Ends with AES enabled whose figures contradict their profile: an emulated server shows the
/// `/proc/cpuinfo` of the machine that emulates it. One warning per end, of the table that shows it
/// best.
pub fn contradicted(tables: &[Table], pairings: &[Pairing]) -> Vec<AesWarning> {
    let mut worst: Vec<(&str, End, f64, AesWarning)> = Vec::new();
    for (table, section) in
        tables.iter().flat_map(|table| table.sections.iter().map(move |section| (table, section)))
    {
        for end in [End::Client, End::Server] {
            let own = &pairings[section.pairing];
            let Some(found) = contradiction(section, own, end) else { continue };
            let warning = AesWarning::AesContradicted {
                table: table.title.clone(),
                end,
                accelerated: found.accelerated,
                evidence: paired(own, end).host.aes.evidence.clone(),
                gcm_s_per_gb: found.gcm_s_per_gb,
                chacha_s_per_gb: found.chacha_s_per_gb,
            };
            let off = found.off;
            let place = (table.target.as_str(), end);
            match worst.iter_mut().find(|(target, end, ..)| (*target, *end) == place) {
                Some(known) if known.2 >= off => {}
                Some(known) => *known = (place.0, end, off, warning),
                None => worst.push((place.0, end, off, warning)),
            }
        }
    }
    worst.into_iter().map(|(.., warning)| warning).collect()
}

/// Figures that contradict the profile of an end with AES enabled.
pub struct Contradiction {
    /// What the profile says.
    pub accelerated: bool,
    pub gcm_s_per_gb: f64,
    pub chacha_s_per_gb: f64,
    /// How many times the one that should be cheaper costs the other.
    off: f64,
}

/// Whether the figures of one section contradict an end's profile.
pub fn contradiction(section: &Section, pairing: &Pairing, end: End) -> Option<Contradiction> {
    let own = paired(pairing, end);
    let of = |name: &str| {
        let row = section.rows.iter().find(|row| row.cipher.as_str() == name)?;
        let busy = |cost: &&Cost| cost.core_percent.is_some_and(|own| own >= BUSY_PERCENT);
        cost(row, end).filter(|cost| !cost.coarse && cost.cpu_s_per_gb > 0.0).filter(busy)
    };
    let (Some(gcm), Some(chacha), None) = (of(GCM), of(CHACHA), &own.aes_disabled_by) else {
        return None;
    };
    let (gcm_s_per_gb, chacha_s_per_gb) = (gcm.cpu_s_per_gb, chacha.cpu_s_per_gb);
    let ratio = gcm_s_per_gb / chacha_s_per_gb;
    let (accelerated, off) = match own.host.aes.class {
        AesClass::Aes => (true, ratio),
        AesClass::NoAes => (false, ratio.recip()),
        AesClass::Unknown => return None,
    };
    let found = Contradiction { accelerated, gcm_s_per_gb, chacha_s_per_gb, off };
    (off >= CONTRADICTS).then_some(found)
}

/// The section to compare an end with AES disabled with: the same end with AES enabled, the other
/// end unchanged where there is such a section.
fn aes_enabled_twin<'a>(
    section: &Section,
    end: End,
    table: &'a Table,
    pairings: &[Pairing],
) -> Option<&'a Section> {
    let other = if end == End::Client { End::Server } else { End::Client };
    let of = |section: &Section, end: End| paired(&pairings[section.pairing], end);
    of(section, end).aes_disabled_by.as_ref()?;
    let enabled = |twin: &&Section| {
        let twin = of(twin, end);
        twin.aes_disabled_by.is_none() && twin.host.aes.class == AesClass::Aes
    };
    let alike =
        |twin: &&Section| of(twin, other).aes_disabled_by == of(section, other).aes_disabled_by;
    let mut twins = table.sections.iter().filter(enabled);
    twins.clone().find(alike).or_else(|| twins.next())
}

fn cost_ratio(disabled: &Row, enabled: &[Row], end: End) -> Option<f64> {
    let same = |row: &&Row| row.cipher == disabled.cipher && row.mac == disabled.mac;
    let is_aes = disabled.cipher.as_str().starts_with("aes");
    let (without, with) = (cost(disabled, end)?, cost(enabled.iter().find(same)?, end)?);
    let fine = !without.coarse && !with.coarse && with.cpu_s_per_gb > 0.0;
    (is_aes && fine).then(|| without.cpu_s_per_gb / with.cpu_s_per_gb)
}

fn paired(pairing: &Pairing, end: End) -> &PairedEnd {
    match end {
        End::Client => &pairing.client,
        End::Server => &pairing.server,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::analysis::testing::{each, loopback, rounds, sample, spent, survey};
    use crate::analysis::warnings::Finding;
    use crate::analysis::warnings::connection::ConnectionWarning;
    use crate::model::record::Sample;
    use crate::model::{Direction, Source, Survey};

    fn found(survey: &Survey) -> Vec<Finding> {
        summarise(survey).warnings.into_iter().map(|warning| warning.finding).collect()
    }

    #[test]
    fn a_profile_that_the_figures_contradict_is_found_once() {
        let samples = |gcm_s: f64, direction: Direction| {
            let gcm = each(rounds(GCM, [400.0; 3]), |sample| {
                sample.server = Some(spent(Source::Process, gcm_s));
            });
            each([gcm, rounds(CHACHA, [600.0; 3])].concat(), |sample| sample.direction = direction)
        };
        let of = |class: AesClass, gcm_s: f64| {
            let both = [samples(gcm_s, Direction::Upload), samples(gcm_s, Direction::Download)];
            let mut survey = survey(both.concat());
            survey.header.pairings[0].server.host.aes.class = class;
            let mut found = found(&survey);
            // That the transfers are so short does not matter here.
            found.retain(|f| matches!(f, Finding::Aes(AesWarning::AesContradicted { .. })));
            found
        };
        // ChaCha20-Poly1305 costs the server 0.2 s.
        let of_aes = of(AesClass::Aes, 0.8);
        let [
            Finding::Aes(
                warning @ AesWarning::AesContradicted {
                    end: End::Server, accelerated: true, ..
                },
            ),
        ] = &of_aes[..]
        else {
            panic!("{of_aes:?}");
        };
        assert!(warning.words().text.contains("to have AES"), "{}", warning.words().text);
        assert_eq!(of(AesClass::Aes, 0.1), []);
        assert_eq!(of(AesClass::NoAes, 0.8), []);
        assert_eq!(of(AesClass::NoAes, 0.1).len(), 1);
        assert_eq!(of(AesClass::Unknown, 0.8), []);
        // An idle end pays for waiting, whatever the cipher.
        let idle = |mut sample: Sample, spent_s: f64| {
            sample.real_s = Some(20.0);
            sample.server = Some(spent(Source::Process, spent_s));
            sample
        };
        let samples =
            |round| [idle(sample(GCM, round, 1.0), 0.8), idle(sample(CHACHA, round, 1.0), 0.2)];
        let mut survey = survey([1, 2, 3].map(samples).concat());
        survey.header.pairings[0].server.host.aes.class = AesClass::Aes;
        assert_eq!(found(&survey), []);
    }

    #[test]
    fn disabled_instructions_that_do_not_show_are_found() {
        let two = || [rounds(GCM, [20.0; 3]), rounds(CHACHA, [30.0; 3])].concat();
        let of = |total_s: f64| {
            let disabled = each(two(), |sample| {
                sample.pairing = 1;
                if sample.cipher.as_str() == GCM {
                    sample.server = Some(spent(Source::Process, total_s));
                }
            });
            found(&loopback([two(), disabled].concat()))
        };
        let shared = Finding::Connection(ConnectionWarning::SharedMachine);
        let [first, Finding::Aes(AesWarning::AesStaysEnabled { end, most_ratio, aes, .. })] =
            &of(0.28)[..]
        else {
            panic!("disabling AES should be in doubt: {:?}", of(0.28));
        };
        assert_eq!((first, *end, *aes), (&shared, End::Server, AesEnds::CLIENT));
        assert!((most_ratio - 1.4).abs() < 1e-6, "{most_ratio}");
        assert_eq!(of(0.31), [shared]);
    }
}
