//! A testbed whose ends have a core each, for surveys and transfers by hand alike.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use cipher_survey::model::Direction;

use crate::testbed::{Options, PROGRAM, Testbed, ran};

pub struct Ends {
    pub testbed: Testbed,
}

impl Ends {
    pub fn new(options: Options) -> Ends {
        Ends {
            testbed: Testbed::with(Options { host: options.host.on_core(Ends::SERVER), ..options }),
        }
    }

    const CLIENT: u32 = 0;
    const SERVER: u32 = 1;

    pub fn on_the_clients_core(program: &str) -> Command {
        let mut command = Command::new("taskset");
        command.args(["-c", &Ends::CLIENT.to_string()]).arg(program);
        command
    }

    /// A survey by `pipe` with these arguments: its wall seconds and its journal.
    pub fn survey(&self, arguments: &[&str]) -> (f64, Vec<u8>) {
        self.survey_of(None, arguments)
    }

    /// The same with a file of its own.
    pub fn survey_of(&self, file: Option<&Path>, arguments: &[&str]) -> (f64, Vec<u8>) {
        let journal = self.testbed.path("journal");
        let started = Instant::now();
        ran(&mut self.command(file, arguments, &journal));
        let wall_s = started.elapsed().as_secs_f64();
        let text = fs::read(&journal).unwrap();
        fs::remove_file(&journal).unwrap();
        (wall_s, text)
    }

    /// The command of such a survey.
    pub fn command(&self, file: Option<&Path>, arguments: &[&str], journal: &Path) -> Command {
        let mut survey = Ends::on_the_clients_core(PROGRAM);
        survey.args(["--method", "pipe", "-q", "--journal"]).arg(journal).args(arguments);
        survey.arg("--ssh-config").arg(self.testbed.path("ssh_config")).arg(self.testbed.target());
        survey.args(file);
        survey.env("TMPDIR", self.testbed.path("tmp")).env_remove("SSH_AUTH_SOCK");
        survey
    }

    /// Wall seconds of one transfer with plain ssh, from its start to its end.
    pub fn by_hand(&self, cipher: &str, direction: Direction, file: &Path) -> f64 {
        match direction {
            Direction::Upload => {
                let file = File::open(file).unwrap();
                self.timed(cipher, "cat >/dev/null", file.into())
            }
            Direction::Download => {
                self.timed(cipher, &format!("cat {}", file.display()), Stdio::null())
            }
        }
    }

    /// A download by hand of so many zeros, made as a survey's `pipe` has them made.
    pub fn zeros_by_hand(&self, cipher: &str, bytes: u64) -> f64 {
        const BLOCK: u64 = 65_536;
        assert!(bytes.is_multiple_of(BLOCK));
        let remote = format!("dd if=/dev/zero bs={BLOCK} count={} 2>/dev/null", bytes / BLOCK);
        self.timed(cipher, &remote, Stdio::null())
    }

    fn timed(&self, cipher: &str, remote: &str, stdin: Stdio) -> f64 {
        let mut ssh = Ends::on_the_clients_core("ssh");
        ssh.args(["-c", cipher, "-F"])
            .arg(self.testbed.path("ssh_config"))
            .args(["testbed", remote]);
        ssh.stdin(stdin).stdout(Stdio::null());
        let started = Instant::now();
        assert!(ssh.status().unwrap().success());
        started.elapsed().as_secs_f64()
    }
}
