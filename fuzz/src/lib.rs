//! The parsers of text from outside, each given any bytes: none may panic, and what is shown holds
//! nothing that a terminal obeys. The fuzzers (`fuzz_targets/`) call these functions, and so
//! does an ordinary test with the corpus (`tests/integration/parsers.rs`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use cipher_survey::analysis::comparison::change::change;
use cipher_survey::analysis::comparison::digest::Digest;
use cipher_survey::analysis::comparison::measure::{By, Ends, Measure};
use cipher_survey::analysis::comparison::pivot::pivot;
use cipher_survey::host::counters::HostCounters;
use cipher_survey::host::session::Report as SessionReport;
use cipher_survey::host::{Sections, linux, profile, sampled};
use cipher_survey::model::cipher_cores::Cores;
use cipher_survey::model::units::{self, is_obeyed};
use cipher_survey::model::{Destination, Direction, Survey};
use cipher_survey::report::cipher_cores::View;
use cipher_survey::report::{Format, Report, Style, write};
use cipher_survey::ssh::{Failure, Transcript, Version};

/// The built-in client's parser, which is private to the library.
#[path = "../../src/builtin_ssh/client/connection/kexinit.rs"]
mod kexinit;

pub type Parser = fn(&[u8]);

/// The name of each target, which is that of its corpus too.
pub const TARGETS: [(&str, Parser); 6] = [
    ("kexinit", kexinit),
    ("log", log),
    ("journal", journal),
    ("proc", proc),
    ("target", target),
    ("size", size),
];

/// KEXINIT, as bytes on the wire and as the lines of `ssh -vv`.
pub fn kexinit(data: &[u8]) {
    let read = |said: String| Transcript::parse(&said).server_proposal;
    if let Some(lines) = kexinit::lines(data) {
        let said: String = lines.iter().map(|line| format!("debug2: {line}\n")).collect();
        let proposal = read(format!("debug2: peer server KEXINIT proposal\n{said}"));
        for cipher in proposal.unwrap_or_default().ciphers {
            assert!(!cipher.as_str().contains(char::is_control), "{cipher:?}");
        }
    }
    let text = String::from_utf8_lossy(data);
    if let Some(proposal) = read(format!("debug2: peer server KEXINIT proposal\n{text}")) {
        let _ = proposal.strict_kex();
        assert!(proposal.ciphers.iter().all(|cipher| !cipher.as_str().is_empty()));
    }
}

/// The log of a client, with the lines of the remote shell in it.
pub fn log(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let transcript = Transcript::parse(&text);
    // Reading a log again gives the same.
    assert_eq!(transcript, Transcript::parse(&text));
    let failure = Failure::read(&text, "host");
    assert!(!failure.reason.contains(is_obeyed), "{:?}", failure.reason);
    let _ = Version::parse(&text);
    let mut report = SessionReport::default();
    for line in text.lines() {
        report.take(line, "MARK");
    }
    for ticks_per_s in [0, 100] {
        if let Some(spent) = report.spent(ticks_per_s) {
            assert!(spent.bulk.total_s.is_finite(), "{spent:?}");
        }
    }
}

/// A journal, read, analysed and shown in each format.
pub fn journal(data: &[u8]) {
    let survey = match Survey::read(data) {
        Ok(survey) => survey,
        Err(error) => {
            let said = error.to_string();
            assert!(!said.contains(is_obeyed), "{said:?}");
            return cores(data);
        }
    };
    // Any number of rounds would take any time: as many as a survey makes in a night are enough.
    if survey.samples.iter().any(|sample| sample.round > 2000) {
        return;
    }
    let report = Report::of(&survey, None);
    let shown = |format, style: &Style| {
        let mut out = Vec::new();
        write(&report, format, style, &mut out).expect("memory takes all");
        String::from_utf8(out).expect("text")
    };
    let wide = Style { wide: true, bars: true, explain: true, ..Style::default() };
    for style in [Style::default(), wide, Style { ascii: true, ..wide }] {
        let table = shown(Format::Table, &style);
        let obeyed = table.chars().find(|&c| c != '\n' && is_obeyed(c));
        assert_eq!(obeyed, None, "{table}");
    }
    for format in [Format::Json, Format::Csv, Format::Markdown, Format::Html] {
        shown(format, &Style::default());
    }
    shown(Format::Csv, &Style { summary: true, ..Style::default() });
    let directions = [Direction::Upload, Direction::Download];
    let digests = [Digest::of("a".into(), survey.clone()), Digest::of("b".into(), survey)];
    for by in [By::Throughput, By::Cost] {
        pivot(&digests, Measure { by, ends: Ends::Both }, &directions);
    }
    change(&digests, &directions);
}

/// A journal of cores, read, analysed and shown in each format.
fn cores(data: &[u8]) {
    let Ok(cores) = Cores::read(data) else { return };
    let view = View { journals: vec![("a".into(), cores.clone()), ("b".into(), cores)] };
    for format in [Format::Table, Format::Json, Format::Csv, Format::Markdown, Format::Html] {
        let mut out = Vec::new();
        write(&view, format, &Style::default(), &mut out).expect("memory takes all");
        let shown = String::from_utf8(out).expect("text");
        if format == Format::Table {
            let obeyed = shown.chars().find(|&c| c != '\n' && is_obeyed(c));
            assert_eq!(obeyed, None, "{shown}");
        }
    }
}

/// `/proc` and the output of our shell fragments: two readings where a line of dashes separates them.
pub fn proc(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for line in text.lines() {
        if let Some(stat) = linux::ProcessStat::parse(line) {
            for ticks_per_s in [0, 100] {
                assert!(stat.own(ticks_per_s).total_s >= 0.0);
                assert!(stat.children(ticks_per_s).total_s >= 0.0);
            }
        }
        linux::schedstat_seconds(line);
        linux::run_delay_seconds(line);
    }
    linux::cpu_groups(&text);
    linux::throttled_seconds(&text);
    linux::HostCpu::parse(&text, 100);
    linux::swapped_pages(&text);
    linux::resent_segments(&text);
    linux::interfaces(&text);
    linux::disk(&text, "/dev/vda");
    profile::aes_evidence(&text, "x86_64");
    let (first, second) = text.split_once("\n--\n").unwrap_or((&text, &text));
    let [first, second] = [first, second].map(Sections::parse);
    profile::host_profile(&first);
    profile::storage(&first);
    sampled::spent(&first, 100);
    let read = |sections| HostCounters::parse(sections, 100, Some("/dev/vda"));
    if let Some((before, after)) = read(&first).zip(read(&second)) {
        let delta = after.since(&before, Some("/dev/vda"));
        assert!(delta.real_s >= 0.0 && delta.busy_s() >= 0.0, "{delta:?}");
    }
}

/// `[user@]host[:dir]` and its kin.
pub fn target(data: &[u8]) {
    match Destination::parse(OsStr::from_bytes(data)) {
        Ok(target) => {
            assert!(!target.host.is_empty() && !target.host.starts_with('-'), "{target:?}");
            assert!(!target.host_label().starts_with('-'), "{target:?}");
            let _ = target.to_string();
        }
        Err(error) => {
            let _ = error.to_string();
        }
    }
}

/// Sizes, durations and percentages, and how they are written.
pub fn size(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(bytes) = units::parse_size(&text) {
        assert!(bytes > 0 && !units::size(bytes).is_empty());
    }
    if let Ok(duration) = units::parse_duration(&text) {
        assert!(!duration.is_zero() && !units::duration(duration.as_secs_f64()).is_empty());
    }
    if let Ok(fraction) = units::parse_fraction(&text) {
        assert!((0.001..=0.5).contains(&fraction));
    }
    if let Ok(fraction) = units::parse_per_cent(&text) {
        assert!(fraction.is_finite() && fraction >= 0.0);
        units::significant(fraction);
    }
    assert!(!units::printable(&text).contains(is_obeyed));
}
