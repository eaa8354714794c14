//! Whether hiding AES instructions from an end shows in its figures. Nothing else proves that
//! a mask took effect.

use super::figures::Row;
use super::finding::{End, Finding};
use super::table::{Section, Table, cost};
use crate::model::AesClass;
use crate::model::record::{PairedEnd, Pairing};

/// A mask holds for a whole process, so one AES cipher that costs the masked end far more than
/// the same end unmasked proves it. CTR may not: its code without AES instructions is not much
/// slower, and its MAC costs as much as before.
const SHOWS: f64 = 1.5;

/// Masked ends where no AES cipher shows it.
pub fn unseen(table: &Table, pairings: &[Pairing]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for section in &table.sections {
        for end in [End::Client, End::Server] {
            let Some(open) = unmasked_twin(section, end, table, pairings) else { continue };
            let ratios = section.rows.iter().filter_map(|row| cost_ratio(row, &open.rows, end));
            let Some(most_ratio) = ratios.max_by(f64::total_cmp).filter(|most| *most < SHOWS)
            else {
                continue;
            };
            let (table, aes) = (table.title.clone(), section.aes.clone());
            findings.push(Finding::MaskUnseen { table, aes, end, most_ratio });
        }
    }
    findings
}

/// The section to hold a masked end against: the same end unmasked with AES, the other end
/// as it is where there is such a one.
fn unmasked_twin<'a>(
    section: &Section,
    end: End,
    table: &'a Table,
    pairings: &[Pairing],
) -> Option<&'a Section> {
    let other = if end == End::Client { End::Server } else { End::Client };
    let of = |section: &Section, end: End| paired(&pairings[section.pairing], end);
    of(section, end).mask.as_ref()?;
    let open = |twin: &&Section| {
        let twin = of(twin, end);
        twin.mask.is_none() && twin.host.aes.class == AesClass::Aes
    };
    let alike = |twin: &&Section| of(twin, other).mask == of(section, other).mask;
    let mut twins = table.sections.iter().filter(open);
    twins.clone().find(alike).or_else(|| twins.next())
}

fn cost_ratio(masked: &Row, open: &[Row], end: End) -> Option<f64> {
    let same = |row: &&Row| row.cipher == masked.cipher && row.mac == masked.mac;
    let (masked_cost, open_cost) = (cost(masked, end)?, cost(open.iter().find(same)?, end)?);
    let aes = masked.cipher.as_str().starts_with("aes");
    let fine = !masked_cost.coarse && !open_cost.coarse && open_cost.cpu_s_per_gb > 0.0;
    (aes && fine).then(|| masked_cost.cpu_s_per_gb / open_cost.cpu_s_per_gb)
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
    use crate::analysis::testing::{each, loopback, rounds, spent};
    use crate::model::{Source, Survey};

    const GCM: &str = "aes128-gcm@openssh.com";
    const CHACHA: &str = "chacha20-poly1305@openssh.com";

    fn found(survey: &Survey) -> Vec<Finding> {
        summarise(survey).warnings.into_iter().map(|warning| warning.finding).collect()
    }

    #[test]
    fn a_mask_that_does_not_show_is_told() {
        let two = || [rounds(GCM, [20.0; 3]), rounds(CHACHA, [30.0; 3])].concat();
        let masked = |total_s: f64| {
            let masked = each(two(), |trial| {
                trial.pairing = 1;
                if trial.cipher.as_str() == GCM {
                    trial.server = Some(spent(Source::Inside, total_s));
                }
            });
            found(&loopback([two(), masked].concat()))
        };
        let [Finding::SharedMachine, Finding::MaskUnseen { end, most_ratio, aes, .. }] =
            &masked(0.28)[..]
        else {
            panic!("the mask should be in doubt: {:?}", masked(0.28));
        };
        assert_eq!((*end, aes.as_str()), (End::Server, "on/off"));
        assert!((most_ratio - 1.4).abs() < 1e-6, "{most_ratio}");
        assert_eq!(masked(0.31), [Finding::SharedMachine]);
    }
}
