//! Whether what is said of an end's AES instructions shows in its figures: a mask that hides them,
//! and the label that an unmasked CPU wears.

use crate::analysis::end::End;
use crate::analysis::rows::row::{Cost, Row};
use crate::analysis::rows::table::{Section, Table, cost};
use crate::analysis::warnings::finding::Finding;
use crate::model::AesClass;
use crate::model::record::{PairedEnd, Pairing};

/// With AES instructions GCM costs less than ChaCha20-Poly1305, without them it costs more. What
/// both share (the kernel, copies) draws the ratio towards one, on either side.
const CONTRADICTS: f64 = 1.3;
/// An end that is at work for less of a core mostly pays for waiting for the other end, by the second
/// and not by the byte: of ciphers it then tells nothing.
const BUSY_PERCENT: f64 = 25.0;
/// Ciphers whose costs part where AES instructions are hidden: with them GCM is the cheaper one,
/// without them ChaCha20-Poly1305 is.
pub const GCM: &str = "aes128-gcm@openssh.com";
pub const CHACHA: &str = "chacha20-poly1305@openssh.com";

/// A mask holds for a whole process, so one AES cipher that costs the masked end far more than
/// the same end unmasked proves it. CTR may not: its code without AES instructions is not much
/// slower, and its MAC costs as much as before.
const SHOWS: f64 = 1.5;

/// Masked ends where no AES cipher shows it.
pub fn unseen(table: &Table, pairings: &[Pairing]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for section in &table.sections {
        for end in [End::Client, End::Server] {
            let Some(open) = aes_enabled_twin(section, end, table, pairings) else { continue };
            let ratios = section.rows.iter().filter_map(|row| cost_ratio(row, &open.rows, end));
            let Some(most_ratio) = ratios.max_by(f64::total_cmp).filter(|most| *most < SHOWS)
            else {
                continue;
            };
            let (table, aes) = (table.title.clone(), section.aes);
            findings.push(Finding::AesStateUnseen { table, aes, end, most_ratio });
        }
    }
    findings
}

/// Unmasked ends whose label the figures contradict: an emulated server shows the `/proc/cpuinfo` of
/// the machine that emulates it. Each end is told once, by the table that shows it best.
pub fn contradicted(tables: &[Table], pairings: &[Pairing]) -> Vec<Finding> {
    let mut worst: Vec<(&str, End, f64, Finding)> = Vec::new();
    for (table, section) in
        tables.iter().flat_map(|table| table.sections.iter().map(move |section| (table, section)))
    {
        for end in [End::Client, End::Server] {
            let own = &pairings[section.pairing];
            let Some(found) = contradiction(section, own, end) else { continue };
            let finding = Finding::LabelContradicted {
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
                Some(known) => *known = (place.0, end, off, finding),
                None => worst.push((place.0, end, off, finding)),
            }
        }
    }
    worst.into_iter().map(|(.., finding)| finding).collect()
}

/// Figures that say otherwise than the label of an end that wears no mask.
pub struct Contradiction {
    /// What the label says.
    pub accelerated: bool,
    pub gcm_s_per_gb: f64,
    pub chacha_s_per_gb: f64,
    /// How many times the one that should be cheaper costs the other.
    off: f64,
}

/// Whether the figures of one section contradict an end's label.
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

/// The section to hold a masked end against: the same end unmasked with AES, the other end
/// as it is where there is such a one.
fn aes_enabled_twin<'a>(
    section: &Section,
    end: End,
    table: &'a Table,
    pairings: &[Pairing],
) -> Option<&'a Section> {
    let other = if end == End::Client { End::Server } else { End::Client };
    let of = |section: &Section, end: End| paired(&pairings[section.pairing], end);
    of(section, end).aes_disabled_by.as_ref()?;
    let open = |twin: &&Section| {
        let twin = of(twin, end);
        twin.aes_disabled_by.is_none() && twin.host.aes.class == AesClass::Aes
    };
    let alike =
        |twin: &&Section| of(twin, other).aes_disabled_by == of(section, other).aes_disabled_by;
    let mut twins = table.sections.iter().filter(open);
    twins.clone().find(alike).or_else(|| twins.next())
}

fn cost_ratio(aes_disabled: &Row, open: &[Row], end: End) -> Option<f64> {
    let same = |row: &&Row| row.cipher == aes_disabled.cipher && row.mac == aes_disabled.mac;
    let (aes_disabled_cost, open_cost) =
        (cost(aes_disabled, end)?, cost(open.iter().find(same)?, end)?);
    let aes = aes_disabled.cipher.as_str().starts_with("aes");
    let fine = !aes_disabled_cost.coarse && !open_cost.coarse && open_cost.cpu_s_per_gb > 0.0;
    (aes && fine).then(|| aes_disabled_cost.cpu_s_per_gb / open_cost.cpu_s_per_gb)
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
    use crate::model::record::Sample;
    use crate::model::{AesEnds, Direction, Source, Survey};

    fn found(survey: &Survey) -> Vec<Finding> {
        summarise(survey).warnings.into_iter().map(|warning| warning.finding).collect()
    }

    #[test]
    fn a_label_that_the_figures_contradict_is_told_once() {
        let samples = |gcm_s: f64, direction: Direction| {
            let gcm = each(rounds(GCM, [400.0; 3]), |sample| {
                sample.server = Some(spent(Source::Inside, gcm_s));
            });
            each([gcm, rounds(CHACHA, [600.0; 3])].concat(), |sample| sample.direction = direction)
        };
        let labelled = |class: AesClass, gcm_s: f64| {
            let both = [samples(gcm_s, Direction::Upload), samples(gcm_s, Direction::Download)];
            let mut survey = survey(both.concat());
            survey.header.pairings[0].server.host.aes.class = class;
            let mut found = found(&survey);
            // So short transfers are no matter here.
            found.retain(|finding| matches!(finding, Finding::LabelContradicted { .. }));
            found
        };
        // ChaCha20-Poly1305 costs the server 0.2 s.
        let told = labelled(AesClass::Aes, 0.8);
        let [Finding::LabelContradicted { end: End::Server, accelerated: true, .. }] = &told[..]
        else {
            panic!("{told:?}");
        };
        assert!(told[0].text().contains("with AES"), "{}", told[0].text());
        assert_eq!(labelled(AesClass::Aes, 0.1), []);
        assert_eq!(labelled(AesClass::NoAes, 0.8), []);
        assert_eq!(labelled(AesClass::NoAes, 0.1).len(), 1);
        assert_eq!(labelled(AesClass::Unknown, 0.8), []);
        // An end that idles pays for waiting, whatever the cipher.
        let idle = |mut sample: Sample, spent_s: f64| {
            sample.real_s = Some(20.0);
            sample.server = Some(spent(Source::Inside, spent_s));
            sample
        };
        let samples =
            |round| [idle(sample(GCM, round, 1.0), 0.8), idle(sample(CHACHA, round, 1.0), 0.2)];
        let mut survey = survey([1, 2, 3].map(samples).concat());
        survey.header.pairings[0].server.host.aes.class = AesClass::Aes;
        assert_eq!(found(&survey), []);
    }

    #[test]
    fn a_mask_that_does_not_show_is_told() {
        let two = || [rounds(GCM, [20.0; 3]), rounds(CHACHA, [30.0; 3])].concat();
        let aes_disabled = |total_s: f64| {
            let aes_disabled = each(two(), |sample| {
                sample.pairing = 1;
                if sample.cipher.as_str() == GCM {
                    sample.server = Some(spent(Source::Inside, total_s));
                }
            });
            found(&loopback([two(), aes_disabled].concat()))
        };
        let [Finding::SharedMachine, Finding::AesStateUnseen { end, most_ratio, aes, .. }] =
            &aes_disabled(0.28)[..]
        else {
            panic!("the mask should be in doubt: {:?}", aes_disabled(0.28));
        };
        assert_eq!((*end, *aes), (End::Server, AesEnds::CLIENT));
        assert!((most_ratio - 1.4).abs() < 1e-6, "{most_ratio}");
        assert_eq!(aes_disabled(0.31), [Finding::SharedMachine]);
    }
}
