//! How long and how finely: `--quick`, `--thorough`, `--precision`, `--rounds`, `--budget`.

use std::time::Duration;

use crate::cli::survey::SurveyArgs;
use crate::model::record::PRECISION;
use crate::stats::race::{INTERIM_ANALYSES, Question, Rule};
use crate::survey::plan::sample_seconds;

/// The budget of `--quick`.
const QUICK: Duration = Duration::from_secs(30);
const QUICK_PRECISION: f64 = 0.1;
/// Samples of a quick survey take half as long.
const QUICK_SHARE: f64 = 0.5;

/// The budget of `--thorough`.
const THOROUGH: Duration = Duration::from_secs(15 * 60);

/// What these options amount to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Fixed; absent: rounds go on until the choice is decided.
    pub rounds: Option<u32>,
    /// The smallest difference that matters, as a fraction.
    pub precision: f64,
    pub quick: bool,
    pub thorough: bool,
    /// Absent where a number of rounds was asked for and no budget.
    pub budget: Option<Duration>,
}

impl Effort {
    pub fn of(args: &SurveyArgs, usual_budget: Duration) -> Effort {
        let budget = match args.rounds {
            Some(_) => None,
            None if args.quick => Some(QUICK),
            None if args.thorough => Some(THOROUGH),
            None => Some(usual_budget),
        };
        Effort {
            rounds: args.rounds,
            precision: args.precision.unwrap_or(if args.quick {
                QUICK_PRECISION
            } else {
                PRECISION
            }),
            quick: args.quick,
            thorough: args.thorough,
            budget: args.budget.or(budget),
        }
    }

    /// The stopping rule.
    pub fn rule(&self) -> Rule {
        let question = if self.thorough { Question::Groups } else { Question::Choice };
        Rule::sequential(self.precision, question)
    }

    /// Seconds of a sample on a host whose connections take that long to set up.
    pub fn sample_seconds(&self, setup_s: f64, loopback: bool) -> f64 {
        let usual = sample_seconds(setup_s, loopback);
        if self.quick { QUICK_SHARE * usual } else { usual }
    }

    /// The most rounds that fit, if one takes `round_s` seconds.
    pub fn most_rounds(&self, round_s: f64) -> u32 {
        let last = INTERIM_ANALYSES[INTERIM_ANALYSES.len() - 1];
        let fit =
            self.budget.map_or(f64::INFINITY, |budget| budget.as_secs_f64() / round_s.max(0.1));
        self.rounds.unwrap_or((fit.ceil() as u32).clamp(1, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Verb};
    use clap::Parser;

    fn effort(words: &[&str]) -> Effort {
        let cli = Cli::parse_from(["cipher-survey", "loopback"].iter().chain(words));
        let Some(Verb::Loopback(args)) = cli.verb else { panic!("not a loopback") };
        Effort::of(&args.survey, Duration::from_secs(120))
    }

    #[test]
    fn options_come_to_a_budget_and_a_precision() {
        let of = |words: &[&str]| {
            let effort = effort(words);
            (effort.budget.map(|budget| budget.as_secs()), effort.precision, effort.rounds)
        };
        assert_eq!(of(&[]), (Some(120), 0.03, None));
        assert_eq!(of(&["--rounds", "5"]), (None, 0.03, Some(5)));
        assert_eq!(of(&["--rounds", "5", "--budget", "1m"]), (Some(60), 0.03, Some(5)));
        assert_eq!(of(&["--quick"]), (Some(30), 0.1, None));
        assert_eq!(of(&["--quick", "--precision", "5%"]), (Some(30), 0.05, None));
        assert_eq!(of(&["--thorough", "--precision", "0.02"]), (Some(900), 0.02, None));
    }

    #[test]
    fn a_budget_bounds_the_rounds() {
        assert_eq!(effort(&[]).most_rounds(20.0), 6);
        assert_eq!(effort(&[]).most_rounds(0.01), 45);
        assert_eq!(effort(&["--rounds", "99"]).most_rounds(20.0), 99);
    }
}
