//! What was skipped and what failed, with the reasons.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::samples::grouping::{Groups, rounds};
use crate::model::record::{Outcome, Phase};
use crate::model::{Cipher, Mac, Survey};

/// Ciphers that were left out of the plan for one reason.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Skipped {
    pub target: String,
    pub client_program: String,
    pub reason: String,
    /// A cipher, or a cipher with a MAC: `aes128-ctr with hmac-md5`.
    pub names: Vec<String>,
}

/// Samples of one cipher that failed for one reason, the calibration's included.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Failure {
    pub target: String,
    pub client_program: String,
    pub cipher: Cipher,
    /// As asked.
    pub mac: Option<Mac>,
    pub reason: String,
    pub remedy: Option<String>,
    pub samples: usize,
}

/// What was skipped; pairings of one table with the same reason are one entry.
pub fn skipped(survey: &Survey, groups: &Groups) -> Vec<Skipped> {
    let mut found: Vec<(usize, Skipped)> = Vec::new();
    for (pairing, &group) in survey.header.pairings.iter().zip(groups) {
        for skip in &pairing.skipped {
            let name = match &skip.mac {
                Some(mac) => format!("{} with {mac}", skip.cipher),
                None => skip.cipher.to_string(),
            };
            let same = |(at, skipped): &&mut (usize, Skipped)| {
                *at == group && skipped.reason == skip.reason
            };
            match found.iter_mut().find(same) {
                Some((_, skipped)) if skipped.names.contains(&name) => {}
                Some((_, skipped)) => skipped.names.push(name),
                None => found.push((
                    group,
                    Skipped {
                        target: pairing.target.clone(),
                        client_program: pairing.client.program.clone(),
                        reason: skip.reason.clone(),
                        names: vec![name],
                    },
                )),
            }
        }
    }
    found.into_iter().map(|(_, skipped)| skipped).collect()
}

/// Ciphers of a pairing that were planned and are in no round, since the survey ended within the
/// first. The header shows the plan where all ciphers of both ends were to be measured: what only
/// one end has is then listed as skipped. Of named ciphers (`--ciphers`) it does not.
pub fn unreached(survey: &Survey, pairing: usize) -> Vec<Cipher> {
    let own = &survey.header.pairings[pairing];
    let (client, server) = (&own.client_ciphers, &own.server_proposal.ciphers);
    let is_skipped = |cipher: &Cipher| {
        own.skipped.iter().any(|skip| skip.cipher == *cipher && skip.mac.is_none())
    };
    let is_of_both = |cipher: &Cipher| client.contains(cipher) && server.contains(cipher);
    let all_planned = client.iter().chain(server).any(|c| !is_of_both(c) && is_skipped(c));
    let has_begun = rounds(survey).next().is_some();
    let was_tried = |cipher: &Cipher| {
        rounds(survey).any(|sample| sample.pairing == pairing && sample.cipher == *cipher)
    };
    let planned = server.iter().filter(|c| is_of_both(c) && !is_skipped(c));
    planned.filter(|c| all_planned && has_begun && !was_tried(c)).cloned().collect()
}

/// Failed samples, by target, cipher and reason.
pub fn failures(survey: &Survey, groups: &Groups) -> Vec<Failure> {
    let mut counted: BTreeMap<_, usize> = BTreeMap::new();
    // Copies that confirm advice tell it beside the advice.
    let own = survey.samples.iter().filter(|sample| sample.phase != Phase::Confirmation);
    for sample in own {
        let Outcome::Failed { reason, remedy } = &sample.outcome else { continue };
        let Some(&group) = groups.get(sample.pairing) else { continue };
        *counted.entry((group, &sample.cipher, &sample.mac, reason, remedy)).or_default() += 1;
    }
    counted
        .into_iter()
        .map(|((group, cipher, mac, reason, remedy), samples)| Failure {
            target: survey.header.pairings[group].target.clone(),
            client_program: survey.header.pairings[group].client.program.clone(),
            cipher: cipher.clone(),
            mac: mac.clone(),
            reason: reason.clone(),
            remedy: remedy.clone(),
            samples,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::unreached;
    use crate::analysis::summarise;
    use crate::analysis::testing::{self, each, failed, rounds, sample};
    use crate::model::record::{Phase, Skip};

    #[test]
    fn equal_reasons_are_one_entry() {
        let mut survey = testing::loopback(vec![]);
        let skip = |cipher: &str, mac: Option<&str>, reason: &str| Skip {
            cipher: cipher.into(),
            mac: mac.map(Into::into),
            reason: reason.into(),
        };
        for pairing in &mut survey.header.pairings {
            pairing.skipped = vec![
                skip("3des-cbc", None, "not offered by the server"),
                skip("aes128-cbc", None, "not offered by the server"),
                skip("aes128-ctr", Some("hmac-md5"), "--macs leaves it out"),
            ];
        }
        let skipped = summarise(&survey).skipped;
        let told: Vec<_> =
            skipped.iter().map(|s| (s.reason.as_str(), s.names.join(", "))).collect();
        assert_eq!(
            told,
            [
                ("not offered by the server", "3des-cbc, aes128-cbc".into()),
                ("--macs leaves it out", "aes128-ctr with hmac-md5".into()),
            ]
        );
    }

    #[test]
    fn planned_ciphers_in_no_round_are_found_where_the_plan_is_known() {
        let mut survey = testing::survey(vec![sample("a", 1, 1.0)]);
        let pairing = &mut survey.header.pairings[0];
        pairing.client_ciphers = ["a", "b", "c", "d"].map(Into::into).to_vec();
        pairing.server_proposal.ciphers = ["c", "a", "b"].map(Into::into).to_vec();
        // Two of three were named, perhaps.
        assert!(unreached(&survey, 0).is_empty());
        let skip = |cipher: &str| Skip { cipher: cipher.into(), mac: None, reason: "so".into() };
        survey.header.pairings[0].skipped = vec![skip("d"), skip("b")];
        assert_eq!(unreached(&survey, 0), ["c".into()]);
        let warnings = summarise(&survey).warnings;
        let told = &warnings[0].text;
        assert_eq!(told, "the survey of pi1 ended before it measured c");
        survey.samples.extend(rounds("c", [1.0]));
        assert!(unreached(&survey, 0).is_empty());
    }

    #[test]
    fn failures_are_counted_by_reason() {
        let lost = |round| failed(sample("a", round, 1.0), "connection lost", Some("try again"));
        let mut samples = vec![lost(1), lost(2), failed(sample("a", 3, 1.0), "killed", None)];
        samples.extend(each(vec![lost(0)], |sample| sample.phase = Phase::Calibration));
        samples.extend(rounds("b", [1.0; 3]));
        let failures = summarise(&testing::survey(samples)).failures;
        let told: Vec<_> = failures
            .iter()
            .map(|f| (f.cipher.as_str(), f.reason.as_str(), f.remedy.as_deref(), f.samples))
            .collect();
        assert_eq!(
            told,
            [("a", "connection lost", Some("try again"), 3), ("a", "killed", None, 1)]
        );
    }
}
