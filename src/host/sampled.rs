//! The server's CPU as the control connection read it while the process lived, from the answers of
//! [`super::script::sample`].

use super::Sections;
use super::linux::{ProcessStat, schedstat_seconds};
use crate::model::record::Spent;
use crate::model::{CpuTimes, Source, Waits};

/// Seconds between readings of the control connection; what is spent after the last one is lost.
pub const INTERVAL_S: f64 = 0.05;

/// CPU of all server processes of the connection; absent where none was found.
pub fn spent(answer: &Sections, ticks_per_s: u32) -> Option<Spent> {
    let first = total(answer.text("first")?, ticks_per_s)?;
    let last = total(answer.text("last")?, ticks_per_s)?;
    let clock = |name: &str| answer.line(name)?.split_whitespace().next()?.parse::<f64>().ok();
    Some(Spent {
        source: Source::Sampled,
        resolution_s: INTERVAL_S,
        split_resolution_s: 1.0 / f64::from(ticks_per_s.max(1)),
        bulk: last - first,
        real_s: clock("since").zip(clock("until")).map(|(from, to)| to - from),
        setup: Some(first),
        helpers: None,
        with_helpers: false,
        waits: Waits::default(),
    })
}

/// A stat line and a line `sched PID NANOSECONDS …` for each process.
fn total(text: &str, ticks_per_s: u32) -> Option<CpuTimes> {
    let mut sum: Option<CpuTimes> = None;
    let mut stat: Option<ProcessStat> = None;
    for line in text.lines() {
        match line.strip_prefix("sched ") {
            None => stat = ProcessStat::parse(line),
            Some(rest) => {
                let Some(stat) = stat.take() else { continue };
                let mut own = stat.own(ticks_per_s);
                let nanoseconds = rest.split_once(' ').map_or("", |(_, value)| value);
                if let (1, Some(seconds)) = (stat.threads, schedstat_seconds(nanoseconds)) {
                    own.total_s = seconds;
                }
                sum = Some(sum.unwrap_or_default() + own);
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processes_of_a_connection_are_summed() {
        let stat = |pid: u32, ticks: u32| {
            format!("{pid} (sshd) S 1 {pid} 9 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 5")
        };
        let answer = Sections::parse(&format!(
            "@@first\n{}\nsched 10 100000000 1 1\n{}\nsched 11 \n@@last\n{}\nsched 10 100000000 1 1\n{}\nsched 11 \n\
             @@since\n5.00 1\n@@until\n7.50 1\n",
            stat(10, 10),
            stat(11, 5),
            stat(10, 10),
            stat(11, 95)
        ));
        let spent = spent(&answer, 100).unwrap();
        assert!((spent.bulk.total_s - 0.9).abs() < 1e-9, "{spent:?}");
        assert_eq!(spent.real_s, Some(2.5));
        assert_eq!(super::spent(&Sections::parse("@@top\n\n"), 100), None);
    }
}
