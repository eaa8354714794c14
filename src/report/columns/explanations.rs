//! What a figure says, in a sentence with the figure itself: it goes on after the title of its column.

use super::line::Line;
use crate::analysis::end::End;
use crate::analysis::phrases::per_cent;
use crate::analysis::rows::table;
use crate::analysis::rows::upper_bound::UpperBound;
use crate::model::units::significant;

pub fn rate(at: &Line) -> Option<String> {
    let rate = significant(at.row.rate_mb_per_s?);
    Some(format!(
        "with {}, {rate} million bytes of the file arrived each second, once the transfer was going. \
         Connecting, logging in and starting up are not in it.",
        at.name()
    ))
}

pub fn interval(at: &Line) -> Option<String> {
    let half = at.row.speed?.half_percent?;
    Some(format!(
        "the true rate lies within about {} of that, in 95 of 100 surveys. Ciphers whose intervals \
         overlap may still differ for sure, since all were measured in the same rounds: the marks \
         say so.",
        per_cent(half)
    ))
}

pub fn share(at: &Line) -> Option<String> {
    let upper_bound =
        at.section.upper_bound.as_ref().filter(|bound| UpperBound::is_known(bound))?;
    let share = upper_bound.share(at.row.rate_mb_per_s?)?;
    Some(format!(
        "that is {:.0} % of what the path carries without any cipher, {} MB/s.",
        100.0 * share,
        significant(upper_bound.mb_per_s)
    ))
}

pub fn cost(at: &Line, end: End) -> Option<String> {
    let cost = table::cost(at.row, end)?;
    let program = match end {
        End::Client => "the SSH client",
        End::Server => "the SSH server",
    };
    let core = cost
        .core_percent
        .map(|percent| format!(" During the transfer it used {percent:.0} % of one core."));
    Some(format!(
        "for each GB {program} spent {} seconds of CPU.{}",
        significant(cost.cpu_s_per_gb),
        core.unwrap_or_default()
    ))
}

pub fn efficiency(at: &Line) -> Option<String> {
    Some(format!(
        "a second of CPU, of both ends together, moved {} MB: the more, the cheaper. Where the \
         network is the bottleneck, two ciphers may be as fast and differ only here.",
        significant(at.row.mb_per_cpu_s?)
    ))
}

pub fn takes(at: &Line) -> Option<String> {
    let real_s = significant(at.row.whole_file.real_s?);
    let whole = &at.row.whole_file;
    let interval = whole.real_low_s.zip(whole.real_high_s);
    let interval = interval.map(|(low, high)| {
        format!(" (95 % interval {} to {})", significant(low), significant(high))
    });
    Some(format!(
        "one command for the whole file takes {real_s} s{} with {}: connecting, starting up, and its bytes at \
         the rate beside it.",
        interval.unwrap_or_default(),
        at.name()
    ))
}

pub fn bottleneck(at: &Line) -> Option<String> {
    let found = at.row.bottleneck.as_ref()?;
    Some(format!(
        "what kept {} from being faster was {}: {}.",
        at.name(),
        found.kind,
        found.evidence
    ))
}

pub fn marks(at: &Line) -> Option<String> {
    let marks: Vec<String> = at.row.marks.iter().map(ToString::to_string).collect();
    (!marks.is_empty()).then(|| {
        format!(
            "{} is marked {}. fastest: the highest rate; leads: the highest so far, not decided; \
             as fast: equal within the precision; undecided: the interval does not tell; \
             cheapest, as cheap: least CPU of both ends; default: what ssh negotiates by default; \
             no mark: slower.",
            at.name(),
            marks.join(", ")
        )
    })
}
