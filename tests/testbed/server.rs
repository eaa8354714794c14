//! The testbed's sshd: its configuration and its start.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::hosts::Host;
use super::servers::{Make, listens};
use super::{Options, need};

pub fn start_server(directory: &Path, options: &Options) -> (Child, u16) {
    let at = |name: &str| directory.join(name).display().to_string();
    for _ in 0..5 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        if options.make != Make::OpenSsh {
            let mut child = other(directory, options, port);
            if listens(&mut child, port) {
                return (child, port);
            }
            continue;
        }
        let subsystem = match options.server.contains("Subsystem") {
            true => "",
            false => "Subsystem sftp /usr/lib/openssh/sftp-server\n",
        };
        let config = format!(
            "{}\nListenAddress {}\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\n\
             StrictModes no\nUsePAM no\nPidFile none\nPrintMotd no\n{subsystem}",
            options.server,
            options.host.address,
            at("host_key"),
            at("client_key.pub"),
        );
        fs::write(directory.join("sshd_config"), config).unwrap();
        let mut child = sshd(directory, &options.host);
        if wait_for_listening(&mut child, &directory.join("sshd.log"), 1) {
            return (child, port);
        }
        let _ = child.kill();
        let _ = child.wait();
        eprintln!("{}", fs::read_to_string(directory.join("sshd.log")).unwrap_or_default());
    }
    let said = fs::read_to_string(directory.join("sshd.log")).unwrap_or_default();
    panic!("the testbed's server did not start: {said}");
}

/// A server of another make.
fn other(directory: &Path, options: &Options, port: u16) -> Child {
    let host = &options.host;
    let own = options.make.command(directory, &host.address, port, options.server);
    // As from an init system: in no session (setsid(2)) of ours.
    let mut command = Command::new(need("setsid", "util-linux"));
    command.args(&host.under).arg(own.get_program()).args(own.get_args());
    let log =
        || File::options().create(true).append(true).open(directory.join("sshd.log")).unwrap();
    command.envs(host.environment.iter().copied());
    command.stdin(Stdio::null()).stdout(log()).stderr(log());
    command.spawn().unwrap()
}

pub fn sshd(directory: &Path, host: &Host) -> Child {
    let program = host.sshd.clone().unwrap_or_else(|| need("sshd", "openssh-server"));
    let mut words = host.under.iter().map(OsStr::new).chain([program.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).envs(host.environment.iter().copied());
    if host.emulated {
        // Keeps sshd from starting itself again outside the emulator.
        command.arg("-r");
    }
    command.args(["-D", "-f"]).arg(directory.join("sshd_config"));
    command.arg("-E").arg(directory.join("sshd.log"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Waits until the log says for the so-manieth time that the server listens.
pub fn wait_for_listening(child: &mut Child, log: &Path, times: usize) -> bool {
    let deadline = Instant::now() + Duration::from_secs(120);
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        let said = fs::read_to_string(log).unwrap_or_default();
        if said.matches("Server listening").count() >= times {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}
