//! The answer of a survey: what to use, what that gains, and how sure it is. Short; the rest of the advice has the
//! figures.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::advice::goal::{Advice, Against};
use crate::analysis::advice::recommendation::Recommendation;
use crate::analysis::phrases::{at_most, list, times_text};
use crate::analysis::rows::compare::Ratio;
use crate::model::Direction;
use crate::model::units::significant;

/// How sure a comparison is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Its 95 % interval lies wholly on one side.
    Certain,
    /// Two thirds of such surveys would say the same.
    Likely,
    TooCloseToTell,
    /// No cipher differs from another one by more than the precision, or no other is faster and none surely slower.
    NoDifference,
}

/// Without full stops.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Answer {
    /// `use aes128-gcm@openssh.com, 1.80 times as fast as the default cipher`.
    pub headline: String,
    pub certainty: Certainty,
    /// `certain, 1.80 (1.63 to 1.99) times the default's rate`.
    pub how_sure: String,
    /// What to use in each direction, where that is not the same.
    pub by_direction: Vec<String>,
}

/// Of advice for one fast transfer; absent where there is none.
pub fn answer(one: &Recommendation) -> Option<Answer> {
    let Some(advice) = one.speed() else {
        let fastest = &one.legacy.as_ref()?.choice;
        return Some(Answer {
            headline: match one.connects_by_default {
                true => format!(
                    "no cipher is recommended, all that were measured are legacy ({fastest} is the fastest)"
                ),
                false => format!(
                    "no cipher is recommended, all that were measured are legacy; to connect at all, \
                     {fastest} is the fastest"
                ),
            },
            certainty: Certainty::TooCloseToTell,
            how_sure: "'cipher-survey recommend --allow-legacy' tells".into(),
            by_direction: Vec::new(),
        });
    };
    if !one.is_choice() {
        return Some(Answer {
            headline: format!(
                "nothing to choose from: only {} was measured, {} MB/s",
                advice.choice,
                significant(advice.figure)
            ),
            certainty: Certainty::TooCloseToTell,
            how_sure: "there is nothing to compare it with".into(),
            by_direction: Vec::new(),
        });
    }
    let (certainty, how_sure) = how_sure(advice);
    let some = advice.directions.len() < one.directions.len();
    let of = if some { format!(", for the {}", directions(advice)) } else { String::new() };
    Some(Answer {
        headline: headline(advice) + &of,
        certainty,
        how_sure,
        by_direction: one
            .differing()
            .map(|own| format!("{}: {}", directions(own), headline(own)))
            .collect(),
    })
}

fn headline(advice: &Advice) -> String {
    let choice = &advice.choice;
    if !advice.keep_default {
        let gain = match advice.times_default.filter(|times| times.ratio > 1.0) {
            Some(times) => {
                format!("{} times as fast as the default cipher", significant(times.ratio))
            }
            None => {
                let rate = significant(advice.figure);
                let why = advice.absent.map(|why| format!("; the default cipher {why}"));
                format!("{rate} MB/s{}", why.unwrap_or_default())
            }
        };
        return format!("use {choice}, {gain}");
    }
    if let Some(withdrawn) = &advice.withdrawn {
        return format!(
            "keep the default, {choice} (the rounds were faster with {withdrawn}, copies slower)"
        );
    }
    if let Some(bottleneck) = advice.bottleneck {
        return format!(
            "keep the default, {choice} (no cipher is faster, the {bottleneck} is the bottleneck)"
        );
    }
    let why = match (&advice.next, &advice.ahead) {
        _ if advice.alone => "of all that was measured it alone may be recommended".into(),
        _ if advice.decided && !advice.ties.is_empty() => {
            let verb = if advice.ties.len() == 1 { "is" } else { "are" };
            format!("{} {verb} as fast", list(advice.ties.iter()))
        }
        (Some(Against { choice: next, times: Some(times) }), None) if advice.decided => {
            format!("{} times as fast as the next, {next}", significant(times.ratio))
        }
        _ if advice.decided => "no other is faster".into(),
        (_, Some(Against { choice: ahead, .. })) => {
            format!("none is surely faster; {ahead} may be")
        }
        _ => "none is surely faster".into(),
    };
    format!("keep the default, {choice} ({why})")
}

/// How sure the headline is, and what it leaves open.
fn how_sure(advice: &Advice) -> (Certainty, String) {
    let open = match advice.bound_percent.filter(|_| !advice.decided) {
        Some(bound) => {
            format!(
                "; another cipher may be up to {} faster than {}",
                at_most(bound),
                advice.choice
            )
        }
        None => String::new(),
    };
    let unsure = |text: &str| (Certainty::TooCloseToTell, format!("{text}{open}"));
    if !advice.keep_default {
        return match advice.times_default {
            Some(times) => {
                let (certainty, word) = match () {
                    () if times.low > 1.0 => (Certainty::Certain, "certain"),
                    () if is_likely(times) => (Certainty::Likely, "likely, not certain"),
                    () => (Certainty::TooCloseToTell, "too close to tell"),
                };
                (certainty, format!("{word}, {} the default's rate{open}", times_text(times)))
            }
            None if advice.decided => {
                (Certainty::Certain, "certain, no other that may be recommended is faster".into())
            }
            None => unsure("too close to tell"),
        };
    }
    if advice.alone {
        return unsure("there is nothing to choose from");
    }
    if advice.withdrawn.is_some() {
        return unsure("rounds and copies contradict each other: survey again");
    }
    if advice.bottleneck.is_some() || (advice.decided && !advice.ties.is_empty()) {
        return match advice.behind.is_empty() {
            true => (Certainty::NoDifference, "certain, it makes no difference".into()),
            false => (Certainty::Certain, "certain, no other is faster by what matters".into()),
        };
    }
    if advice.decided {
        let by = match &advice.next {
            Some(Against { times: Some(times), .. }) => {
                format!(", {} the next one's rate", times_text(*times))
            }
            _ => String::new(),
        };
        return (Certainty::Certain, format!("certain{by}"));
    }
    if advice.bound_percent.is_none() {
        return unsure("unknown, too few rounds");
    }
    let Some(Against { choice, times: Some(times) }) = &advice.ahead else {
        return unsure("too close to tell");
    };
    let (certainty, word) = match is_likely(*times) {
        true => (Certainty::Likely, "likely, not certain"),
        false => (Certainty::TooCloseToTell, "too close to tell"),
    };
    let as_fast = format!("{choice} is {} as fast as the default", times_text(*times));
    (certainty, format!("{word}: {as_fast}{open}"))
}

/// Whether an interval of two thirds, half as wide as that of 95 %, lies above one.
fn is_likely(times: Ratio) -> bool {
    times.ratio > 1.0 && 2.0 * times.ratio.ln() > (times.high / times.ratio).ln()
}

fn directions(advice: &Advice) -> String {
    let names: Vec<String> = advice.directions.iter().map(Direction::to_string).collect();
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::advice::recommend::recommend;
    use crate::analysis::testing::{each, rounds, strict, survey};
    use crate::model::record::Sample;

    const CHACHA: &str = "chacha20-poly1305@openssh.com";
    const GCM: &str = "aes128-gcm@openssh.com";

    fn of(samples: Vec<Sample>) -> Answer {
        let mut survey = survey(samples);
        strict(&mut survey);
        answer(&recommend(&survey, false)[0]).unwrap()
    }

    fn down(samples: Vec<Sample>) -> Vec<Sample> {
        each(samples, |sample| sample.direction = Direction::Download)
    }

    #[test]
    fn a_clear_gain_is_certain_and_told_with_its_interval() {
        let found =
            of([rounds(CHACHA, [50.0, 50.2, 50.1]), rounds(GCM, [90.0, 90.2, 90.1])].concat());
        assert_eq!(
            found.headline,
            "use aes128-gcm@openssh.com, 1.80 times as fast as the default cipher"
        );
        assert_eq!(found.certainty, Certainty::Certain);
        assert!(found.how_sure.starts_with("certain, 1.80 ("), "{}", found.how_sure);
        assert!(found.by_direction.is_empty());
    }

    #[test]
    fn a_default_that_leads_by_far_is_kept_with_what_comes_next() {
        let found =
            of([rounds(CHACHA, [90.0, 90.2, 90.1]), rounds(GCM, [50.0, 50.2, 50.1])].concat());
        let expected = "keep the default, chacha20-poly1305@openssh.com (1.80 times as fast as the next, \
                        aes128-gcm@openssh.com)";
        assert_eq!((found.headline.as_str(), found.certainty), (expected, Certainty::Certain));
    }

    #[test]
    fn equal_ciphers_make_no_difference_and_noise_is_too_close_to_tell() {
        let equal = [rounds(CHACHA, [90.0, 90.1, 90.1]), rounds(GCM, [90.1, 90.0, 90.1])].concat();
        assert_eq!(of(equal).certainty, Certainty::NoDifference);
        let noise =
            [rounds(CHACHA, [90.0, 60.0, 120.0]), rounds(GCM, [80.0, 110.0, 81.0])].concat();
        let found = of(noise);
        assert_eq!(found.certainty, Certainty::TooCloseToTell, "{found:?}");
        assert!(found.how_sure.contains("another cipher may be up to"), "{found:?}");
        let likely =
            [rounds(CHACHA, [90.0, 95.0, 88.0]), rounds(GCM, [97.0, 108.0, 90.0])].concat();
        assert_eq!(of(likely).certainty, Certainty::Likely);
    }

    #[test]
    fn one_cipher_alone_is_no_choice() {
        let found = of(rounds(GCM, [90.0, 90.2, 90.1]));
        let expected =
            "nothing to choose from: only aes128-gcm@openssh.com was measured, 90.1 MB/s";
        assert_eq!(
            (found.headline.as_str(), found.certainty),
            (expected, Certainty::TooCloseToTell)
        );
    }

    #[test]
    fn a_direction_in_which_the_choice_is_surely_slower_has_its_own_line() {
        let up = [rounds(CHACHA, [90.0, 90.2, 90.1]), rounds(GCM, [80.0, 80.2, 80.1])].concat();
        let back = [rounds(CHACHA, [30.0, 30.2, 30.1]), rounds(GCM, [90.0, 90.2, 90.1])].concat();
        let found = of([up, down(back)].concat());
        assert!(found.headline.starts_with("use aes128-gcm@openssh.com, "), "{found:?}");
        let [upload] = &found.by_direction[..] else { panic!("{found:?}") };
        assert!(upload.starts_with("upload: keep the default"), "{upload}");
    }
}
