//! Recommendations with the lines to paste.

use std::ffi::OsStr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::advice::answer::{Answer, answer};
use crate::analysis::advice::goal::Goal;
use crate::analysis::advice::recommendation::Recommendation;
use crate::analysis::policy::{connects_by_default, sets_algorithms};
use crate::analysis::rows::ranking::Choice;
use crate::model::{Destination, Proposal, Survey};
use crate::ssh::paste::{Ends, Paste, Proposing, paste};

/// Recommendations of one survey, and how to put them to use.
#[derive(JsonSchema, Serialize)]
pub struct Advised {
    /// What to use, what that gains, and how sure it is.
    pub answer: Option<Answer>,
    #[serde(flatten)]
    pub recommendation: Recommendation,
    /// When it was surveyed, as the journal has it.
    pub surveyed: String,
    pub uses: Vec<Use>,
}

/// A choice that differs from the default, what it is good for, and the lines that choose it.
#[derive(JsonSchema, Serialize)]
pub struct Use {
    pub choice: Choice,
    pub goals: Vec<Goal>,
    pub paste: Paste,
}

pub fn advised(survey: &Survey, recommendations: Vec<Recommendation>) -> Vec<Advised> {
    let of = |recommendation: Recommendation| Advised {
        answer: answer(&recommendation),
        uses: uses(survey, &recommendation),
        surveyed: survey.header.started.clone(),
        recommendation,
    };
    recommendations.into_iter().map(of).collect()
}

fn uses(survey: &Survey, recommendation: &Recommendation) -> Vec<Use> {
    let pairing = &survey.header.pairings[recommendation.pairing];
    // A private server of this machine has no name to paste.
    let name = if pairing.loopback { "HOST" } else { &pairing.target };
    let Ok(target) = Destination::parse(OsStr::new(name)) else { return Vec::new() };
    if !is_plain(&target.host) || !target.user.as_deref().is_none_or(is_plain) {
        return Vec::new();
    }
    let mut uses: Vec<Use> = Vec::new();
    let connects = connects_by_default(pairing);
    let proposing = match connects {
        false => Proposing::Added,
        true if sets_algorithms(pairing) => Proposing::AsConfigured,
        true => Proposing::ByDefault,
    };
    // Of what plain ssh proposes one cipher was asked for where it does not connect.
    let asked_for = Proposal { ciphers: Vec::new(), ..pairing.client_proposal.clone() };
    let proposal = if connects { &pairing.client_proposal } else { &asked_for };
    let ends = Ends {
        client_version: &pairing.client.version,
        proposal,
        proposing,
        offered: &pairing.server_proposal.ciphers,
    };
    let goals = recommendation.goals.iter().chain(&recommendation.legacy);
    for advice in goals.filter(|advice| !advice.keep_default) {
        let Choice { cipher, mac, .. } = &advice.choice;
        if !is_plain(cipher.as_str()) || !mac.as_ref().is_none_or(|mac| is_plain(mac.as_str())) {
            continue;
        }
        match uses.iter_mut().find(|known| known.choice == advice.choice) {
            Some(known) => known.goals.push(advice.goal),
            None => uses.push(Use {
                choice: advice.choice.clone(),
                goals: vec![advice.goal],
                paste: paste(&target, (cipher, mac.as_ref()), ends),
            }),
        }
    }
    uses
}

/// A line to paste holds no name that a shell would obey, wherever the journal came from.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || "@%+=:,./_-".contains(c))
}
