//! What sessions do, and who may have one.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use super::*;

#[test]
fn a_session_is_like_one_of_sshd() {
    let server = BuiltInServer::new();
    let environment = server.says("env");
    let value = |name: &str| {
        let line = environment.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap_or_else(|| panic!("no {name} in {environment}")).to_owned()
    };
    assert_eq!(value("USER"), USER);
    assert_eq!(value("LOGNAME"), USER);
    assert_eq!(value("HOME"), server.says("pwd").trim_end());
    let port = server.port.to_string();
    assert!(value("SSH_CONNECTION").starts_with("127.0.0.1 "), "{environment}");
    assert!(value("SSH_CONNECTION").ends_with(&format!(" 127.0.0.1 {port}")), "{environment}");
    assert!(value("SSH_CLIENT").ends_with(&format!(" {port}")), "{environment}");
    assert!(!environment.contains("CARGO"), "the server's own environment: {environment}");
    // Its process is the server's child, in a session of its own.
    assert_eq!(server.says("echo $PPID").trim_end(), server.server.id().to_string());
    assert_eq!(
        server.says("read -r line < /proc/$$/stat; set -- $line; echo $((${6} - $1))"),
        "0\n"
    );
    assert_eq!(server.says("cat /proc/$PPID/comm"), "russh-sshd\n");
}

#[test]
fn only_the_locale_can_be_set_by_the_client() {
    let server = BuiltInServer::new();
    let options = ["-o", "SetEnv LC_ALL=C.UTF-8 LD_PRELOAD=/nowhere.so"];
    let output = server.ssh(&options, "echo \"$LC_ALL,$LD_PRELOAD\"").output().unwrap();
    assert_eq!(output.stdout, b"C.UTF-8,\n");
}

#[test]
fn the_exit_status_of_the_remote_command_arrives() {
    let server = BuiltInServer::new();
    for code in [0, 1, 7, 255] {
        let status = server.ssh(&[], &format!("exit {code}")).status().unwrap();
        assert_eq!(status.code(), Some(code));
    }
    // A signal is reported as such; ssh shows it in its log only.
    let output = server.ssh(&["-v"], "kill -TERM $$").output().unwrap();
    assert_eq!(output.status.code(), Some(255), "{output:?}");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("rtype exit-signal"), "{log}");
}

#[test]
fn both_output_streams_arrive_separately() {
    let server = BuiltInServer::new();
    let output = server.ssh(&[], "echo out; echo err >&2").output().unwrap();
    assert_eq!((&*output.stdout, &*output.stderr), (&b"out\n"[..], &b"err\n"[..]));
}

#[test]
fn a_shell_without_a_command_reads_its_input() {
    let server = BuiltInServer::new();
    let mut ssh = server.client("ssh");
    let mut child =
        ssh.arg("builtin").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"echo $((6 * 7))\nexit 3\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stdout), (Some(3), &b"42\n"[..]));
}

#[test]
fn either_side_may_end_first() {
    let server = BuiltInServer::new();
    // The client's input ends first, then the output.
    let mut child = server
        .ssh(&[], "cat; echo after; exit 5")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"before\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stdout), (Some(5), &b"before\nafter\n"[..]));
    // The command's output ends first, then the input that it still reads.
    let seen = server.path("seen");
    let command = format!("exec >&- 2>&-; cat > {}; exit 6", seen.display());
    let mut child =
        server.ssh(&[], &command).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut nothing = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut nothing).unwrap();
    assert!(nothing.is_empty());
    child.stdin.take().unwrap().write_all(b"late\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(6));
    assert_eq!(fs::read(&seen).unwrap(), b"late\n");
    // A command that reads nothing of much input.
    let file = server.file("large", 16 << 20);
    let status = server.ssh(&[], "exit 4").stdin(File::open(file).unwrap()).status().unwrap();
    assert_eq!(status.code(), Some(4));
}

#[test]
fn what_goes_both_ways_at_once_does_not_stall() {
    let server = BuiltInServer::new();
    let file = server.file("both", large() / 4);
    let back = server.path("back");
    let status = server
        .ssh(&[], "cat")
        .stdin(File::open(&file).unwrap())
        .stdout(File::create(&back).unwrap())
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(sha256(&file), sha256(&back));
}

#[test]
fn one_connection_has_many_channels() {
    let server = BuiltInServer::new();
    let control = server.path("control").display().to_string();
    let master = ["-M", "-N", "-S", &control];
    let mut master = server.client("ssh").args(master).arg("builtin").spawn().unwrap();
    assert!(eventually(|| server.path("control").exists()));
    let through = [
        ["-S", &control].as_slice(),
        &["-o", "ControlMaster=no", "-o", "ProxyCommand=false", "-o", "LogLevel=VERBOSE"],
    ]
    .concat();
    // One that reads nothing of much input, and one whose output nobody reads.
    let mut deaf = server.ssh(&through, "sleep 60");
    let mut deaf = deaf.stdin(File::open("/dev/zero").unwrap()).spawn().unwrap();
    let mut unheard = server.ssh(&through, "cat /dev/zero");
    let mut unheard = unheard.stdout(Stdio::piped()).spawn().unwrap();
    let file = server.file("file", 1 << 20);
    let many: Vec<Child> = (0..20)
        .map(|number| {
            let mut ssh = server.ssh(&through, &format!("cat; exit {number}"));
            let to = File::create(server.path(&format!("copy-{number}"))).unwrap();
            ssh.stdin(File::open(&file).unwrap()).stdout(to);
            ssh.stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for (number, child) in many.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(number as i32), "{output:?}");
        let copy = server.path(&format!("copy-{number}"));
        assert_eq!(sha256(&file), sha256(&copy));
    }
    for child in [&mut deaf, &mut unheard, &mut master] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn a_signal_from_the_client_reaches_the_process() {
    // OpenSSH's ssh sends none; a session sees the end of its connection.
    let server = BuiltInServer::new();
    let mark = server.path("ended");
    let command = format!("cat > /dev/null; touch {}", mark.display());
    let mut ssh = server.ssh(&[], &command).stdin(Stdio::piped()).spawn().unwrap();
    assert!(eventually(|| server.status("Threads") == 1 && !children(&server).is_empty()));
    ssh.kill().unwrap();
    assert_eq!(ssh.wait().unwrap().signal(), Some(9));
    assert!(eventually(|| mark.exists()), "the session's input did not end");
    assert!(eventually(|| children(&server).is_empty()), "it was not reaped");
}

#[test]
fn nobody_else_can_log_in() {
    let server = BuiltInServer::new();
    let denied = |options: &[&str]| {
        let output = server.ssh(options, "true").output().unwrap();
        assert_eq!(output.status.code(), Some(255), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        // The only method.
        assert!(said.contains("Permission denied (publickey)."), "{said}");
    };
    let other = server.path("other_key").display().to_string();
    let config = fs::read_to_string(server.path("ssh_config")).unwrap();
    denied(&["-l", "root"]);
    denied(&["-o", "PubkeyAuthentication=no"]);
    let with_other = config.replace("client_key", "other_key");
    fs::write(server.path("ssh_config"), &with_other).unwrap();
    denied(&[]);
    // After another key the right one is still accepted.
    fs::write(server.path("ssh_config"), &config).unwrap();
    assert!(server.ssh(&["-i", &other], "true").status().unwrap().success());
}

#[test]
fn nothing_is_forwarded_and_there_is_no_terminal() {
    let server = BuiltInServer::new();
    let fails = ["-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1"];
    let output = server.ssh(&fails, "true").output().unwrap();
    assert_eq!(output.status.code(), Some(255), "{output:?}");
    let mut through = server.client("ssh");
    through.args(["-o", "LogLevel=INFO", "-W", "127.0.0.1:1", "builtin"]);
    let through = through.output().unwrap();
    let said = String::from_utf8_lossy(&through.stderr).into_owned();
    assert!(said.contains("administratively prohibited"), "{said}");
    let output = server.ssh(&["-o", "LogLevel=INFO", "-tt"], "tty").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("PTY allocation request failed"), "{said}");
    assert_eq!(server.says("echo \"$SSH_AUTH_SOCK$DISPLAY\""), "\n");
}

fn children(server: &BuiltInServer) -> Vec<u32> {
    crate::testbed::children(server.server.id())
}
