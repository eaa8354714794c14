//! A lab whose ends have a core each, for surveys and transfers by hand alike.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use cipher_survey::model::Direction;

use crate::lab::{Lab, Options, PROGRAM, ran};

pub struct Ends {
    pub lab: Lab,
}

impl Ends {
    pub fn new(options: Options) -> Ends {
        Ends { lab: Lab::with(Options { host: options.host.on_core(Ends::SERVER), ..options }) }
    }

    const CLIENT: u32 = 0;
    const SERVER: u32 = 1;

    fn on_the_clients_core(program: &str) -> Command {
        let mut command = Command::new("taskset");
        command.args(["-c", &Ends::CLIENT.to_string(), program]);
        command
    }

    /// A survey by `pipe` with these arguments: its wall seconds and its journal.
    pub fn survey(&self, arguments: &[&str]) -> (f64, Vec<u8>) {
        let journal = self.lab.path("journal");
        let mut survey = Ends::on_the_clients_core(PROGRAM);
        survey.args(["--method", "pipe", "-q", "--journal"]).arg(&journal).args(arguments);
        survey.arg("--ssh-config").arg(self.lab.path("ssh_config")).arg(self.lab.target());
        survey.env("TMPDIR", self.lab.path("tmp")).env_remove("SSH_AUTH_SOCK");
        let started = Instant::now();
        ran(&mut survey);
        let wall_s = started.elapsed().as_secs_f64();
        let text = fs::read(&journal).unwrap();
        fs::remove_file(&journal).unwrap();
        (wall_s, text)
    }

    /// Wall seconds of one transfer with plain ssh, from its start to its end.
    pub fn by_hand(&self, cipher: &str, direction: Direction, file: &Path) -> f64 {
        let mut ssh = Ends::on_the_clients_core("ssh");
        ssh.args(["-c", cipher, "-F"]).arg(self.lab.path("ssh_config")).arg("lab");
        match direction {
            Direction::Upload => ssh.arg("cat >/dev/null").stdin(File::open(file).unwrap()),
            Direction::Download => ssh.arg(format!("cat {}", file.display())).stdin(Stdio::null()),
        };
        ssh.stdout(Stdio::null());
        let started = Instant::now();
        assert!(ssh.status().unwrap().success());
        started.elapsed().as_secs_f64()
    }
}
