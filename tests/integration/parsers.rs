//! The parsers on made-up text: the corpus of the fuzzers (`fuzz/`), and property tests.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use cipher_survey::host::linux::ProcessStat;
use cipher_survey::model::units::{parse_duration, parse_size, printable, size};
use cipher_survey::model::{Destination, Survey};
use cipher_survey::ssh::Transcript;
use proptest::prelude::*;

#[path = "../../fuzz/src/lib.rs"]
#[allow(dead_code, reason = "its functions are called by their table")]
mod fuzzed;

fn own(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_corpus_of_the_fuzzers_breaks_nothing() {
    for (name, target) in fuzzed::TARGETS {
        let mut fed = 0;
        for entry in fs::read_dir(own("fuzz/corpus").join(name)).unwrap() {
            let path = entry.unwrap().path();
            let data = fs::read(&path).unwrap();
            if let Err(panic) = std::panic::catch_unwind(|| target(&data)) {
                eprintln!("{}", path.display());
                std::panic::resume_unwind(panic);
            }
            fed += 1;
        }
        assert!(fed >= 10, "{name}: {fed}");
    }
}

/// The fixtures are in no corpus: what is captured later is fed too.
#[test]
fn captured_text_breaks_nothing() {
    for (fixtures, target) in [
        ("openssh", fuzzed::log as fuzzed::Parser),
        ("openssh", fuzzed::kexinit),
        ("proc", fuzzed::proc),
        ("records", fuzzed::journal),
    ] {
        for entry in fs::read_dir(own("fixtures").join(fixtures)).unwrap() {
            target(&fs::read(entry.unwrap().path()).unwrap());
        }
    }
}

fn journal() -> Vec<u8> {
    fs::read(own("fixtures/records/pipe-1.jsonl")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_journal_that_is_cut_anywhere_keeps_all_lines_before(at in any::<prop::sample::Index>()) {
        let whole = journal();
        let cut = &whole[..at.index(whole.len())];
        let lines = cut.iter().filter(|&&byte| byte == b'\n').count();
        match Survey::read(cut) {
            Ok(survey) => {
                let read = 1 + survey.samples.len() + usize::from(survey.footer.is_some());
                prop_assert!(read == lines || read == lines + 1, "{read} of {lines}");
                prop_assert!(survey.problems.len() <= 1, "{:?}", survey.problems);
            }
            Err(_) => prop_assert_eq!(lines, 0),
        }
    }

    #[test]
    fn a_byte_that_flips_costs_its_line_at_most(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let mut text = journal();
        let header = text.iter().position(|&byte| byte == b'\n').unwrap();
        let whole = Survey::read(&text).unwrap();
        let at = header + 1 + at.index(text.len() - header - 1);
        let at_end = text[at] == b'\n';
        text[at] ^= flip;
        let survey = Survey::read(&text).unwrap();
        // A line end that is gone joins two lines.
        let lost = if at_end { 2 } else { 1 };
        prop_assert!(survey.samples.len() + lost >= whole.samples.len());
    }

    #[test]
    fn a_target_has_its_parts(
        user in "[a-z_][a-z0-9_.-]{0,8}",
        host in "[a-z0-9][a-z0-9.-]{0,12}",
        directory in "[^\0]{1,20}",
        port in 1..=u16::MAX,
    ) {
        let parse = |text: &str| Destination::parse(OsStr::new(text)).unwrap();
        let target = parse(&format!("{user}@{host}:{directory}"));
        let expected = Destination {
            user: Some(user.clone()), host: host.clone(), port: None,
            directory: Some(directory.clone().into()),
        };
        prop_assert_eq!(&target, &expected);
        let target = parse(&format!("ssh://{user}@{host}:{port}/{directory}"));
        prop_assert_eq!(target, Destination { port: Some(port), ..expected });
        let target = parse(&format!("[::1]:{directory}"));
        prop_assert_eq!((target.host.as_str(), target.directory), ("::1", Some(directory.into())));
    }

    #[test]
    fn a_size_is_read_as_it_is_written(number in 1..1_000_000u64, unit in 0..4usize) {
        let (name, factor) = [("", 1), ("KiB", 1 << 10), ("MB", 1_000_000), ("GiB", 1 << 30)][unit];
        let bytes = number * factor;
        prop_assert_eq!(parse_size(&format!("{number}{name}")), Ok(bytes));
        // Two digits and more are shown.
        let shown = parse_size(&size(bytes).replace(" bytes", "")).unwrap();
        prop_assert!((shown as f64 / bytes as f64 - 1.0).abs() < 0.06, "{bytes}: {shown}");
    }

    #[test]
    fn a_duration_is_read_as_it_is_written(seconds in 1..1_000_000u64) {
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let text = format!("{hours}h {minutes}m {rest}s");
        prop_assert_eq!(parse_duration(&text).unwrap().as_secs(), seconds);
    }

    #[test]
    fn a_process_of_any_name_has_its_own_figures(
        name in "[^\n\0]{0,15}", pid in 1..4_000_000u32, parent in 0..4_000_000u32,
        user in any::<u64>(), system in any::<u64>(), threads in 1..99u32,
    ) {
        let line = format!(
            "{pid} ({name}) S {parent} 42 40 0 -1 0 0 0 0 0 {user} {system} 1 2 20 0 {threads} 0 100"
        );
        let stat = ProcessStat::parse(&line).unwrap();
        prop_assert_eq!((stat.pid, stat.parent, stat.threads), (pid, parent, threads));
        prop_assert_eq!((stat.user, stat.system), (user, system));
        prop_assert!(stat.own(100).total_s >= 0.0);
    }

    /// Whatever start-up files and banners print in between.
    #[test]
    fn noise_in_a_log_changes_nothing(noise in prop::collection::vec("[^\n]{0,40}", 1..20)) {
        let log = fs::read_to_string(own("fixtures/openssh/vv-session.log")).unwrap();
        let mut noise = noise.iter().filter(|line| !line.starts_with("debug") && !line.starts_with("Transferred")).cycle();
        let noisy: String = log
            .lines()
            .flat_map(|line| [noise.next().map_or("", String::as_str), "\r\n", line, "\r\n"])
            .collect();
        prop_assert_eq!(Transcript::parse(&noisy), Transcript::parse(&log));
    }

    /// A KEXINIT of any names is read as it was sent.
    #[test]
    fn a_proposal_of_any_names_is_read(names in prop::collection::vec("[a-z0-9@.-]{1,20}", 1..9)) {
        let list = names.join(",");
        let log = format!(
            "debug2: peer server KEXINIT proposal\ndebug2: KEX algorithms: {list}\n\
             debug2: ciphers ctos: {list}\ndebug2: MACs ctos: {list}\n"
        );
        let proposal = Transcript::parse(&log).server_proposal.unwrap();
        let ciphers: Vec<&str> = proposal.ciphers.iter().map(|cipher| cipher.as_str()).collect();
        prop_assert_eq!(ciphers, names.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(proposal.key_exchanges, names);
    }

    #[test]
    fn printable_text_stays_and_controls_no_terminal(text in any::<String>()) {
        let shown = printable(&text);
        prop_assert!(!shown.contains(cipher_survey::model::units::is_obeyed));
        prop_assert_eq!(printable(&shown), shown.clone());
    }
}
