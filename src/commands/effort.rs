//! How long and how finely: `--quick`, `--thorough`, `--precision`, `--rounds`, `--budget`.

use std::time::Duration;

use crate::cli::survey::SurveyArgs;
use crate::model::record::PRECISION;

/// Time for transfers by default.
const USUAL: Duration = Duration::from_secs(60);

/// The same with `--quick`.
const QUICK: Duration = Duration::from_secs(15);
const QUICK_PRECISION: f64 = 0.1;

/// The same with `--thorough`.
const THOROUGH: Duration = Duration::from_secs(5 * 60);

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
    pub fn of(args: &SurveyArgs) -> Effort {
        let budget = match args.rounds {
            Some(_) => None,
            None if args.quick => Some(QUICK),
            None if args.thorough => Some(THOROUGH),
            None => Some(USUAL),
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Verb};
    use clap::Parser;

    fn effort(words: &[&str]) -> Effort {
        let cli = Cli::parse_from(["cipher-survey", "loopback"].iter().chain(words));
        let Some(Verb::Loopback(args)) = cli.verb else { panic!("not a loopback") };
        Effort::of(&args.survey)
    }

    #[test]
    fn options_come_to_a_budget_and_a_precision() {
        let of = |words: &[&str]| {
            let effort = effort(words);
            (effort.budget.map(|budget| budget.as_secs()), effort.precision, effort.rounds)
        };
        assert_eq!(of(&[]), (Some(60), 0.03, None));
        assert_eq!(of(&["--rounds", "5"]), (None, 0.03, Some(5)));
        assert_eq!(of(&["--rounds", "5", "--budget", "1m"]), (Some(60), 0.03, Some(5)));
        assert_eq!(of(&["--quick"]), (Some(15), 0.1, None));
        assert_eq!(of(&["--quick", "--precision", "5%"]), (Some(15), 0.05, None));
        assert_eq!(of(&["--thorough", "--precision", "0.02"]), (Some(300), 0.02, None));
    }
}
