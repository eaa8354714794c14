//! Recommendations with the lines to paste.

use std::ffi::OsStr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::advice::answer::{Answer, answer};
use crate::analysis::advice::goal::Goal;
use crate::analysis::advice::recommendation::Recommendation;
use crate::analysis::policy::{connects_by_default, sets_algorithms};
use crate::analysis::rows::ranking::Choice;
use crate::model::{Destination, Survey};
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

impl Advised {
    /// Why there are no lines to paste.
    pub fn without_lines(&self) -> &'static str {
        let one = &self.recommendation;
        match one.is_choice() && one.goals.iter().any(|advice| !advice.keep_default) {
            false => "There is nothing to change.",
            true => {
                "There are no lines to paste: the host's name, or the user's, has signs that a shell interprets."
            }
        }
    }
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
    if !recommendation.is_choice() {
        return uses;
    }
    let connects = connects_by_default(pairing);
    // What plain ssh proposes is unknown where it does not connect: one cipher was asked for.
    let proposing = match connects {
        false => Proposing::Added,
        true if sets_algorithms(pairing) => Proposing::AsConfigured,
        true => Proposing::ByDefault,
    };
    let mut proposal = pairing.client_proposal.clone();
    proposal.ciphers.retain(|name| connects && is_plain(name.as_str()));
    proposal.macs.retain(|name| is_plain(name.as_str()));
    let ends = Ends {
        client_version: &pairing.client.version,
        proposal: &proposal,
        proposing,
        offered: &pairing.server_proposal.ciphers,
    };
    let legacy = recommendation.legacy.iter().filter(|_| !connects);
    let goals = recommendation.goals.iter().chain(legacy);
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
    // A comma or an equals sign would begin something else in an option.
    name.chars().all(|c| c.is_alphanumeric() || "@%+:./_-".contains(c))
}
