//! What a remote host says is shown and has no effect on the terminal: its banner, its version, its names, its errors,
//! the paths on it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cipher_survey::model::units::is_obeyed;

use crate::interrupt::Terminal;
use crate::testbed::{GCM, Options, Testbed};

/// Titles the window, clears the screen, turns the text around; as bytes of UTF-8, C1 too.
const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}evil";
const EVIL_BYTES: &str = "\\033]0;owned\\007\\033[2J\\302\\23331m\\342\\200\\256evil";

/// Everything that this host can say of itself is hostile.
fn hostile(place: &Path) -> Testbed {
    let script = |name: &str, text: &str| {
        fs::write(place.join(name), format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(place.join(name), PermissionsExt::from_mode(0o755)).unwrap();
    };
    script("uname", &format!("printf '%s {EVIL_BYTES}\\n' \"$(/bin/uname \"$@\")\""));
    script("stat", &format!("printf '{EVIL_BYTES}\\n'"));
    script("sed", &format!("/bin/sed \"$@\"; printf '\\n{EVIL_BYTES}\\n'"));
    // What a login's start-up files print, on both its standard streams: so nothing is downloaded,
    // which would be spoilt by it.
    script(
        "session",
        &format!(
            "printf '{EVIL_BYTES}\\n'; printf '{EVIL_BYTES}\\n' >&2\n\
             PATH={}:$PATH; export PATH; eval \"$SSH_ORIGINAL_COMMAND\"",
            place.display()
        ),
    );
    fs::write(place.join("banner"), format!("{EVIL}\n")).unwrap();
    let place = place.display();
    let server =
        format!("Banner {place}/banner\nVersionAddendum {EVIL}\nForceCommand {place}/session\n");
    Testbed::with(Options { server: &server, ..Options::default() })
}

fn assert_harmless(shown: &str) {
    let obeyed = shown.chars().find(|&c| c != '\n' && is_obeyed(c));
    assert_eq!(obeyed, None, "{shown}");
}

#[test]
fn a_hostile_host_does_not_control_the_terminal() {
    let place = tempfile::Builder::new().prefix("cs-evil-").tempdir().unwrap();
    fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let testbed = hostile(place.path());
    let remote = testbed.path("remote").join(EVIL);
    fs::create_dir(&remote).unwrap();
    let target = format!("testbed:{}", remote.display());
    let missing = format!("testbed:{}/none", remote.display());
    let few = ["--method", "pipe", "--directions", "upload", "--rounds", "1"];
    let survey = [&few[..], &["--ciphers", GCM, &target]].concat();
    let mut heard = String::new();
    for (arguments, code) in [
        (&["list", "testbed"][..], 0),
        (&[&survey[..], &["--dry-run"]].concat(), 0),
        (&survey, 0),
        (&[&missing], 2),
        (&["-o", "Ciphers=3des-cbc", &target], 2),
    ] {
        let run = testbed.run(arguments);
        assert_eq!(run.code, Some(code), "{arguments:?}: {run:?}");
        assert_harmless(&run.stdout);
        assert_harmless(&run.stderr);
        heard += &(run.stdout + &run.stderr);
    }
    for form in ["table", "json", "csv", "markdown", "html"] {
        let mut report = testbed.program();
        report.args(["report", "--format", form]).arg(testbed.journals().pop().unwrap());
        let output = report.output().unwrap();
        assert!(output.status.success());
        assert_harmless(&String::from_utf8(output.stdout).unwrap());
    }
    // It was said, and it is shown.
    assert!(heard.matches("\\u{1b}]0;owned").count() >= 3, "{heard}");

    let config = testbed.path("ssh_config");
    let survey = [&survey[..], &["--ssh-config", config.to_str().unwrap()]].concat();
    let (code, screen) = Terminal::start(&testbed, &survey).end();
    assert_eq!(code, Some(0), "{screen}");
    // A terminal gets escapes of our own, for colours and the bar.
    for evil in ["\u{1b}]0;", "\u{7}", "\u{9b}", "\u{202e}"] {
        assert!(!screen.contains(evil), "{screen}");
    }
    testbed.assert_nothing_left();
}
