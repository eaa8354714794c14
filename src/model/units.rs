//! Sizes, rates and durations as text. Rates are decimal (1 MB = 1,000,000 bytes); sizes
//! are read in both kinds of unit.

use std::path::Path;
use std::time::Duration;

/// Bytes in the MB and GB of every rate and cost.
pub const MB: f64 = 1e6;
pub const GB: f64 = 1e9;

/// `64MiB`, `500MB`, `1.5G`, `4096`: bytes.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let size: bytesize::ByteSize =
        text.parse().map_err(|_| format!("{text:?} is not a size; write 500MB, 64MiB or bytes"))?;
    match size.as_u64() {
        0 => Err("a size of 0 bytes moves nothing".into()),
        bytes => Ok(bytes),
    }
}

/// `3m`, `90s`, `1h 30m`: a duration.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration; write 90s, 3m or 1h");
    let span: jiff::SignedDuration = text.trim().parse().map_err(|_| wrong())?;
    match Duration::try_from(span) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(format!("{text:?} is no time; write 90s, 3m or 1h")),
    }
}

/// `3%`, `0.5 %`, `0.03`: a fraction between 0.1 % and 50 %.
pub fn parse_fraction(text: &str) -> Result<f64, String> {
    match parse_per_cent(text)? {
        fraction if (0.001..=0.5).contains(&fraction) => Ok(fraction),
        _ => Err(format!("{text:?} is not a useful precision; write one from 0.1% to 50%")),
    }
}

/// `10%`, `0.1`: a fraction that is not negative. A number of 1 or more without a `%` is refused, since
/// who writes `10` means per cent.
pub fn parse_per_cent(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let wrong = || format!("{text:?} is not a percentage; write 3% or 0.03");
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    let meant = number.is_finite() && number >= 0.0 && (unit > 1.0 || number < 1.0);
    if meant { Ok(number / unit) } else { Err(wrong()) }
}

/// `512 MiB`, `1.5 GiB`, `37 bytes`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let text = format!("{value:.1}");
    format!("{} {}", text.strip_suffix(".0").unwrap_or(&text), UNITS[unit])
}

/// `45 s`, `1 min 40 s`, `2 h 5 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..=59 => format!("{whole} s"),
        60..=3599 if whole.is_multiple_of(60) => format!("{} min", whole / 60),
        60..=3599 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Three significant digits and no more: `0.0123`, `4.56`, `78.9`, `1234`.
pub fn significant(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if !size.is_finite() => return "-".into(),
        _ if size >= 99.95 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.9995 => 2,
        _ if size >= 0.09995 => 3,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

/// Text from the remote host or from a file name, made safe for a terminal: control characters are
/// shown as escapes, never obeyed.
pub fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = is_obeyed(c);
            escaped.then(|| c.escape_default()).into_iter().flatten().chain((!escaped).then_some(c))
        })
        .collect()
}

/// The same for a text of several lines: line ends stay.
pub fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// A path for a sentence; a line end in its name is escaped too.
pub fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// Characters that a terminal or a page obeys instead of showing them: control characters, and those
/// that turn the direction of writing (Unicode, `Bidi_Control`).
pub fn is_obeyed(c: char) -> bool {
    let turns = matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_read_and_useless_ones_refused() {
        assert_eq!(parse_fraction("3%"), Ok(0.03));
        assert_eq!(parse_fraction(" 0.5 % "), Ok(0.005));
        assert_eq!(parse_fraction("0.02"), Ok(0.02));
        for useless in ["0", "-3%", "0%", "3", "80%", "much", "", "%", "nan"] {
            assert!(parse_fraction(useless).is_err(), "{useless}");
        }
    }

    #[test]
    fn without_a_sign_it_is_a_fraction_or_refused() {
        assert_eq!(parse_per_cent("10%"), Ok(0.1));
        assert_eq!(parse_per_cent("0.1"), Ok(0.1));
        assert_eq!(parse_per_cent("150%"), Ok(1.5));
        assert_eq!(parse_per_cent("0"), Ok(0.0));
        for unclear in ["10", "1", "-1%", "", "%", "inf", "nan%"] {
            assert!(parse_per_cent(unclear).is_err(), "{unclear}");
        }
    }

    #[test]
    fn sizes_are_read_in_both_kinds_of_unit() {
        assert_eq!(parse_size("5MB"), Ok(5_000_000));
        assert_eq!(parse_size("5MiB"), Ok(5 << 20));
        assert_eq!(parse_size("4096"), Ok(4096));
        assert!(parse_size("0").is_err());
        assert!(parse_size("-1").is_err());
        assert!(parse_size("many").is_err());
    }

    #[test]
    fn durations_are_read_and_written() {
        assert_eq!(parse_duration("3m"), Ok(Duration::from_secs(180)));
        assert_eq!(parse_duration("1h 30m"), Ok(Duration::from_secs(5400)));
        assert!(parse_duration("0s").is_err());
        assert!(parse_duration("-5s").is_err());
        assert!(parse_duration("soon").is_err());
        assert_eq!(duration(100.0), "1 min 40 s");
        assert_eq!(duration(59.4), "59 s");
    }

    #[test]
    fn figures_keep_three_digits() {
        let shown: Vec<_> = [1234.4, 99.96, 78.94, 4.561, 0.1234, 0.0123].map(significant).into();
        assert_eq!(shown, ["1234", "100", "78.9", "4.56", "0.123", "0.0123"]);
        assert_eq!(size(512 << 20), "512 MiB");
        assert_eq!(size(1536 << 20), "1.5 GiB");
    }

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c é"), "a\\u{1b}[31mb\\u{202e}c é");
        assert_eq!(printable_lines("a\n\u{1b}b"), "a\n\\u{1b}b");
        assert_eq!(shown(Path::new("a\nb")), "a\\nb");
    }
}
