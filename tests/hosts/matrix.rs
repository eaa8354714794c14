//! A kind of host, and the expected outcome of a survey of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::testbed::hosts::OPENSSH_10;
use crate::testbed::remote::Remote;
use crate::testbed::{CHACHA, Options, Run, Testbed, rounds};

/// A kind of host.
pub struct Row {
    /// How `docs/hosts.md` names it.
    pub host: &'static str,
    pub testbed: fn() -> Testbed,
    /// Arguments of the survey besides the usual ones.
    pub arguments: &'static [&'static str],
    pub outcome: Outcome,
    /// What standard error or the report says.
    pub says: &'static [&'static str],
    /// What `docs/hosts.md` says beside it.
    pub note: &'static str,
}

pub enum Outcome {
    Surveyed {
        methods: &'static [&'static str],
        server: Server,
    },
    /// Nothing is measured; standard error holds these words.
    Refused(&'static [&'static str]),
}

/// Where the server's CPU comes from.
pub enum Server {
    /// The server's process for each connection, or the one for all.
    Process,
    /// The whole host's counters.
    Host,
    /// None; the record gives the reason, in these words.
    Missing(&'static str),
}

pub const METHODS: &[&str] = &["sftp", "pipe", "scp"];

/// All methods, the server's CPU by its own process.
pub const ALL: Outcome = Outcome::Surveyed { methods: METHODS, server: Server::Process };

/// A table of the page: rows, and a test of each.
macro_rules! hosts {
    ($($test:ident: $row:expr,)*) => {
        pub const ROWS: &[$crate::matrix::Row] = &[$($row),*];
        $(#[test]
        fn $test() {
            $row.check();
        })*
    };
}
pub(crate) use hosts;

/// Stands for the client of OpenSSH 10.0, whose path is known only once it is unpacked.
pub const SSH_10: &str = "OPENSSH_10";

/// No method is asked for.
pub const DEFAULT_METHOD: &str = "DEFAULT_METHOD";

/// A testbed with these options.
pub fn testbed(options: Options) -> Testbed {
    Testbed::with(options)
}

/// A testbed with this remote host.
pub fn with_remote(remote: Remote) -> Testbed {
    testbed(Options { remote: Some(remote), ..Options::default() })
}

/// A testbed to which the user's ssh_config shows another way: `edit` is handed that file's text.
pub fn with_way(testbed: Testbed, edit: impl FnOnce(&Testbed, String) -> String) -> Testbed {
    let path = testbed.path("ssh_config");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, edit(&testbed, config)).unwrap();
    testbed
}

/// The least survey: a file of 64 KiB, one cipher, one round.
pub fn survey(testbed: &Testbed, arguments: &[&str]) -> Run {
    let file = testbed.file("data", 1 << 16);
    let target = testbed.target();
    let mut all = vec!["run", "--sink", "file", "--format", "json"];
    if !arguments.contains(&"--rounds") {
        all.extend(["--rounds", "1"]);
    }
    if !arguments.contains(&"--ciphers") {
        all.extend(["--ciphers", CHACHA]);
    }
    if !arguments.contains(&"--method") && !arguments.contains(&DEFAULT_METHOD) {
        all.extend(["--method", "sftp,pipe,scp"]);
    }
    let openssh_10 = || OPENSSH_10.wrapped("ssh").display().to_string();
    let openssh_10 = if arguments.contains(&SSH_10) { openssh_10() } else { String::new() };
    let arguments = arguments.iter().filter(|word| **word != DEFAULT_METHOD);
    all.extend(arguments.map(|word| if *word == SSH_10 { &openssh_10 } else { *word }));
    all.extend([target.as_str(), file.to_str().unwrap()]);
    testbed.run(&all)
}

impl Row {
    pub fn check(&self) {
        let testbed = (self.testbed)();
        let run = survey(&testbed, self.arguments);
        match &self.outcome {
            Outcome::Refused(words) => run.assert_refused(words),
            Outcome::Surveyed { methods, server } => {
                assert_eq!(run.code, Some(0), "{run:?}\n{}", testbed.server_log());
                let survey: Value = serde_json::from_str(&run.stdout).unwrap();
                let told = self.arguments.iter().position(|word| *word == "--directions");
                let directions = match told {
                    Some(at) => &self.arguments[at + 1..=at + 1],
                    None => &["upload", "download"],
                };
                assert_surveyed(&survey, methods, directions, server);
            }
        }
        for words in self.says {
            let said = run.stderr.contains(words) || run.stdout.contains(words);
            assert!(said, "{words:?} is not in {run:?}");
        }
        // Shown where something is left behind.
        eprintln!("{}", run.stderr);
        assert!(!testbed.server_log().contains("penalty"), "{}", testbed.server_log());
        testbed.assert_nothing_left();
    }
}

/// Each method was measured both ways, over the cipher asked for; each sample has the server's
/// CPU from this source, or the reason why not.
pub fn assert_surveyed(survey: &Value, methods: &[&str], directions: &[&str], server: &Server) {
    let samples = rounds(survey);
    let mut ways = BTreeSet::new();
    for sample in &samples {
        assert_eq!(sample["outcome"], "measured", "{sample:#}");
        for way in ["client_to_server", "server_to_client"] {
            assert_eq!(sample["negotiated"][way]["cipher"], sample["cipher"], "{sample:#}");
        }
        // Whole blocks, or FILE as often as it takes.
        let bytes = sample["bytes"].as_u64().unwrap();
        assert!(bytes > 0 && bytes.is_multiple_of(1 << 16), "{sample:#}");
        assert!(sample["client"]["bulk"]["total_s"].as_f64().unwrap() >= 0.0, "{sample:#}");
        assert_server(sample, server);
        ways.insert((sample["method"].as_str().unwrap(), sample["direction"].as_str().unwrap()));
    }
    // A process that is not the server spends nothing while its bytes are moved.
    if matches!(server, Server::Process) {
        let all = survey["samples"].as_array().unwrap().iter();
        let spent = all.filter_map(|sample| sample["server"]["bulk"]["total_s"].as_f64());
        assert!(spent.sum::<f64>() > 0.0, "{survey:#}");
    }
    let pairs = |method| directions.iter().map(move |direction| (method, *direction));
    let expected: BTreeSet<_> = methods.iter().flat_map(|method| pairs(*method)).collect();
    assert_eq!(ways, expected);
}

fn assert_server(sample: &Value, server: &Server) {
    let source = match server {
        Server::Process => "process",
        Server::Host => "host",
        Server::Missing(words) => {
            let reason = sample["server_missing"].as_str().unwrap_or_default();
            assert!(reason.contains(words), "{words:?} is not in {sample:#}");
            assert!(sample["server"].is_null(), "{sample:#}");
            return;
        }
    };
    assert_eq!(sample["server"]["source"], source, "{sample:#}");
}
