//! What copies of FILE with two ciphers in turn have shown, and how that is said.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::phrases::times_text;
use crate::analysis::rows::compare::Ratio;
use crate::model::units::{printable, significant, size};
use crate::model::{Cipher, Direction, Method};
use crate::stats::intervals::Interval;

/// What the copies say.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Confirmation {
    /// The program that made them.
    pub method: Method,
    pub direction: Direction,
    /// Of each copy.
    pub bytes: u64,
    /// Each was of the whole file.
    pub whole: bool,
    /// The recommended cipher is the default.
    pub keeps_default: bool,
    pub verdict: Verdict,
    /// With the default cipher or, where that is recommended, with the fastest other one.
    pub against: Copies,
    pub recommended: Copies,
    /// How many times as fast the recommended cipher was as the other one, with a 95 % interval; absent without a pair
    /// of copies.
    pub times: Option<Ratio>,
    /// Why the last copy failed.
    pub failure: Option<String>,
    pub text: String,
}

/// Copies with one cipher. Seconds of the command, connecting included.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Copies {
    pub cipher: Cipher,
    pub copies: usize,
    /// Their median.
    pub real_s: Option<f64>,
    /// What the rounds let expect of one.
    pub predicted_s: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The copies were surely faster with the recommended cipher.
    Confirmed,
    /// They were as fast with both, within the precision.
    Equal,
    /// They don't tell.
    Undecided,
    /// They were surely slower with the recommended cipher; where that is the default, by more than the precision.
    Contradicted,
    /// A copy failed before there was a pair.
    Failed,
}

impl Verdict {
    /// That of the logarithm of [`Confirmation::times`], which is absent without a pair of copies.
    pub fn of(interval: Option<&Interval>, precision: f64, keeps_default: bool) -> Verdict {
        let Some(interval) = interval else { return Verdict::Failed };
        let (lower, upper) = (interval.lower(), interval.upper());
        let slower = if keeps_default { -precision } else { 0.0 };
        match () {
            () if lower > 0.0 => Verdict::Confirmed,
            () if lower > -precision && upper < precision => Verdict::Equal,
            () if upper < slower => Verdict::Contradicted,
            () => Verdict::Undecided,
        }
    }
}

/// `file`: the name of FILE, as it was given.
pub fn text(found: &Confirmation, file: Option<&str>) -> String {
    let file = file.and_then(|path| path.rsplit('/').next()).unwrap_or("FILE");
    let file = printable(file);
    let what = match found.whole {
        true => format!("{} {file}, {}", found.method, found.direction),
        false => {
            let (method, direction) = (found.method, found.direction);
            format!("{method} of the first {} of {file}, {direction}", size(found.bytes))
        }
    };
    let (against, recommended) = (&found.against, &found.recommended);
    let failed = found.failure.as_ref().map(|why| format!("a copy failed: {}", printable(why)));
    let (Some(against_s), Some(recommended_s), Some(times)) =
        (against.real_s, recommended.real_s, found.times)
    else {
        let why = failed.unwrap_or_else(|| "there was no time for a pair of copies".into());
        return format!("{what} was not measured ({why}); the advice rests on the rounds alone");
    };
    let [against_s, recommended_s] = [against_s, recommended_s].map(significant);
    let seconds = match found.keeps_default {
        false => format!("{against_s} s → {recommended_s} s"),
        true => format!(
            "{recommended_s} s with {}, the default, and {against_s} s with {}",
            recommended.cipher, against.cipher
        ),
    };
    let copies = match against.copies.min(recommended.copies) {
        1 => "a copy each".to_owned(),
        many => format!("medians of {many} copies each"),
    };
    let whose = if found.keeps_default { "the default is " } else { "" };
    let times = format!("{whose}{} as fast", times_text(times));
    let told = match found.verdict {
        Verdict::Equal => format!("equally fast ({times})"),
        Verdict::Undecided => format!("the copies don't tell them apart ({times})"),
        Verdict::Contradicted if found.keeps_default => {
            format!("{times}, which the rounds did not show: survey again")
        }
        _ => times,
    };
    let failed = failed.map(|why| format!("; {why}")).unwrap_or_default();
    let longer = longer(recommended).unwrap_or_default();
    format!("{what}: {seconds}, connecting included, measured, {copies}: {told}{longer}{failed}")
}

/// Copies that take so many times as long as the rounds let expect show what no slice does.
const MUCH_LONGER: f64 = 1.5;

/// That copies took much longer than was to be expected.
fn longer(copies: &Copies) -> Option<String> {
    let (real_s, predicted_s) = (copies.real_s?, copies.predicted_s?);
    (real_s > MUCH_LONGER * predicted_s).then(|| {
        format!(
            "; the rounds let expect {} s with {}: what takes longer shows in long transfers alone (a disk or a quota \
             that throttles)",
            significant(predicted_s),
            copies.cipher
        )
    })
}
