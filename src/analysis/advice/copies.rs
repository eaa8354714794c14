//! What copies of FILE with the default and with the recommended cipher have shown, and how that is said.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::phrases::times_text;
use crate::analysis::rows::compare::Ratio;
use crate::model::units::{printable, significant, size};
use crate::model::{Cipher, Direction, Method};

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
    pub verdict: Verdict,
    #[serde(rename = "default")]
    pub by_default: Copies,
    pub recommended: Copies,
    /// How many times as fast as with the default cipher, with a 95 % interval; absent without a pair of copies.
    pub times_default: Option<Ratio>,
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
    /// They don't tell.
    Undecided,
    /// They were surely slower: the default cipher is kept.
    Withdrawn,
    /// A copy failed before there was a pair.
    Failed,
}

/// `file`: the name of FILE, as it was given.
pub fn text(found: &Confirmation, file: Option<&str>) -> String {
    let file = file.and_then(|path| path.rsplit('/').next()).unwrap_or("FILE");
    let file = printable(file);
    let what = match found.whole {
        true => format!("{} {file}", found.method),
        false => format!("{} of the first {} of {file}", found.method, size(found.bytes)),
    };
    let (by_default, recommended) = (&found.by_default, &found.recommended);
    let failed = found.failure.as_ref().map(|why| format!("a copy failed: {}", printable(why)));
    let (Some(before_s), Some(now_s), Some(times)) =
        (by_default.real_s, recommended.real_s, found.times_default)
    else {
        let why = failed.unwrap_or_else(|| "there was no time for a pair of copies".into());
        return format!("{what} was not measured ({why}); the advice rests on the rounds alone");
    };
    let seconds = format!("{what}: {} s → {} s", significant(before_s), significant(now_s));
    let copies = match by_default.copies.min(recommended.copies) {
        1 => "a copy each".to_owned(),
        many => format!("medians of {many} copies each"),
    };
    let told = match found.verdict {
        Verdict::Undecided => {
            format!("the copies don't tell them apart ({} as fast)", times_text(times))
        }
        _ => format!("{} as fast", times_text(times)),
    };
    let failed = failed.map(|why| format!("; {why}")).unwrap_or_default();
    format!("{seconds}, measured, {copies}: {told}{failed}")
}
