//! ^C into a terminal, SIGTERM and SIGKILL, in mid-survey.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::faults::wait_for_round;
use crate::lab::{GCM, Lab, PROGRAM, Run};

/// The program in a terminal of its own; what is typed goes in, what is shown comes out.
struct Terminal {
    keyboard: File,
    child: Child,
    screen: std::thread::JoinHandle<String>,
}

impl Terminal {
    fn start(lab: &Lab, arguments: &[&str]) -> Terminal {
        let master: OwnedFd =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let open = || File::options().read(true).write(true).open(&name).unwrap();
        // setsid makes the terminal the controlling one, so that ^C becomes a signal.
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", PROGRAM])
            .args(arguments)
            .env("TMPDIR", lab.path("tmp"))
            .env("XDG_DATA_HOME", lab.path("xdg"))
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .unwrap();
        let keyboard = File::from(master);
        let mut from = keyboard.try_clone().unwrap();
        let screen = std::thread::spawn(move || {
            let mut shown = Vec::new();
            let mut buffer = [0; 4096];
            // The read fails once nobody has the terminal open.
            while let Ok(read) = from.read(&mut buffer) {
                if read == 0 {
                    break;
                }
                shown.extend_from_slice(&buffer[..read]);
            }
            String::from_utf8_lossy(&shown).into_owned()
        });
        Terminal { keyboard, child, screen }
    }

    fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.screen.join().unwrap())
    }
}

fn journal_is_readable(lab: &Lab) {
    let journal = lab.journals().pop().unwrap();
    let report = Run::of(lab.program().arg("report").arg(&journal).output().unwrap());
    assert_eq!(report.code, Some(0), "{report:?}");
    assert!(report.stdout.contains(GCM) && report.stdout.contains("MB/s"), "{report:?}");
}

#[test]
fn ctrl_c_ends_a_survey_in_order() {
    let lab = Lab::new();
    let config = lab.path("ssh_config");
    let config = config.to_str().unwrap();
    let target = lab.target();
    let arguments = [
        "--method",
        "pipe,scp",
        "--ciphers",
        GCM,
        "--rounds",
        "9",
        "--ssh-config",
        config,
        &target,
    ];
    let mut terminal = Terminal::start(&lab, &arguments);
    wait_for_round(&lab);
    terminal.keyboard.write_all(b"\x03").unwrap();
    let typed = Instant::now();
    let (code, screen) = terminal.end();
    assert!(typed.elapsed() < Duration::from_secs(10), "{:?}", typed.elapsed());
    assert_eq!(code, Some(130), "{screen}");
    assert!(screen.contains("MB/s") && screen.contains("interrupted"), "{screen}");
    journal_is_readable(&lab);
    lab.assert_nothing_left();
}

#[test]
fn ctrl_c_ends_a_loopback_and_its_server() {
    let lab = Lab::new();
    let mut terminal = Terminal::start(&lab, &["loopback", "--ciphers", GCM, "--rounds", "9"]);
    wait_for_round(&lab);
    terminal.keyboard.write_all(b"\x03").unwrap();
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(130), "{screen}");
    lab.assert_nothing_left();
}

#[test]
fn an_interrupt_at_any_moment_leaves_nothing() {
    let lab = Lab::new();
    for milliseconds in [0, 30, 150, 400, 700, 1000, 1500, 2200, 3000] {
        let mut command = lab.program();
        command
            .args(["--method", "scp", "--ciphers", GCM, "--limit", "8MiB", &lab.target()])
            .arg("--ssh-config")
            .arg(lab.path("ssh_config"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let code = child.wait().unwrap().code();
        // Before the program has taken the signal over, the signal itself ends it.
        assert!(code == Some(130) || milliseconds == 0, "{code:?} after {milliseconds} ms");
        lab.assert_nothing_left();
    }
}

#[test]
fn killed_outright_the_far_end_cleans_itself_and_the_next_survey_the_rest() {
    let lab = Lab::new();
    let start = |arguments: &[&str]| {
        let mut command = lab.program();
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let config = lab.path("ssh_config");
    let target = lab.target();
    let run =
        ["--ciphers", GCM, "--rounds", "9", "--ssh-config", config.to_str().unwrap(), &target];
    for arguments in [&run[..], &["loopback", "--ciphers", GCM, "--rounds", "9"]] {
        for journal in lab.journals() {
            fs::remove_file(journal).unwrap();
        }
        let mut child = start(arguments);
        wait_for_round(&lab);
        child.kill().unwrap();
        child.wait().unwrap();
        journal_is_readable(&lab);
        // All that stays is our temporary directory on this end.
        let deadline = Instant::now() + Duration::from_secs(10);
        while lab
            .left()
            .iter()
            .any(|left| !left.contains("/tmp/cipher-survey-") || left.contains(": "))
        {
            assert!(Instant::now() < deadline, "{:?}", lab.left());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    let base = ["--method", "pipe", "--ciphers", GCM, "--rounds", "1", &target];
    lab.survey(&base);
    lab.assert_nothing_left();
}
