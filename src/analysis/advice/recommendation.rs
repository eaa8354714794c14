//! Advice between two ends.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::advice::copies::Confirmation;
use crate::analysis::advice::goal::{Advice, Goal};
use crate::model::{Cipher, Direction, Method};

/// Advice between two ends, by one method.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Recommendation {
    /// The target as the user gave it, and what tells this pairing from its others.
    pub scope: String,
    /// Index of the pairing in the header.
    pub pairing: usize,
    pub method: Method,
    /// Where both were measured, advice is for as many bytes each way.
    pub directions: Vec<Direction>,
    /// What to use for each goal.
    pub goals: Vec<Advice>,
    /// What to use for one fast transfer in each direction alone, where both were measured.
    pub by_direction: Vec<Advice>,
    /// Ciphers that were measured and are not recommended, with the reason.
    pub below_floor: Vec<(Cipher, String)>,
    /// Plain ssh connects.
    #[serde(skip)]
    pub connects_by_default: bool,
    /// How many ciphers, with their MACs, have a rate.
    #[serde(skip)]
    pub measured: usize,
    /// The fastest legacy cipher, where nothing above the security floor was measured: no recommendation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legacy: Option<Advice>,
    pub caveats: Vec<String>,
    /// What copies of FILE with the default and with the recommended cipher say, where some were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
}

impl Recommendation {
    /// What to use for one fast transfer.
    pub fn speed(&self) -> Option<&Advice> {
        self.goals.iter().find(|advice| advice.goal == Goal::Speed)
    }

    /// Whether more than one cipher was measured: else there is nothing to choose from.
    pub fn is_choice(&self) -> bool {
        self.measured > 1 || self.speed().is_none_or(|advice| advice.keep_default)
    }

    /// Advice of a direction that says otherwise than that for all: the choice is surely slower there, or makes no
    /// difference.
    pub fn differing(&self) -> impl Iterator<Item = &Advice> {
        let speed = self.speed();
        self.by_direction.iter().filter(move |own| {
            speed.is_some_and(|speed| {
                own.behind.contains(&speed.choice)
                    || (own.bottleneck.is_some() && speed.bottleneck.is_none())
            })
        })
    }
}
