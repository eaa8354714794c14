//! `pipe`: standard input or output of a remote command, as with `cat` over ssh.
//!
//! The remote command reports when it is ready and when it has finished, and the clock runs between
//! the two: neither setup nor a window filled in advance is in the figure. Standard input carries the
//! payload only: a shell that reads its script from the same stream would consume payload too.

use crate::host::script::{REPORT_BYTES, assign, one_word, watch_server};

/// What the remote command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteCommand<'a> {
    /// Reads all input, and counts it.
    Count,
    /// Writes its input to a file.
    Write(&'a [u8]),
    /// Waits for a line, then sends zeros until its standard input ends. (Without compression it makes
    /// no difference what is sent, and zeros need no file.)
    SendUntilClosed,
    /// Waits for a line, then sends so many zeros.
    Send(u64),
    /// Waits for a line, then sends a file.
    Read(&'a [u8]),
}

/// Bytes per write of the remote command.
const BLOCK: u64 = 65_536;

/// The command line of a session. `mark` begins the lines of its report.
pub fn command(mark: &str, remote: RemoteCommand) -> String {
    let watch = watch_server(mark);
    let work = match remote {
        // wc reads to the end, as cat does, and counts.
        RemoteCommand::Count => "snap begin; n=$(wc -c);".to_owned(),
        RemoteCommand::Write(path) => {
            format!("{} snap begin; cat >\"$f\"; n=$(wc -c <\"$f\");", assign("f", path))
        }
        // Each dd sends an eighth of what was sent so far: few gaps on a fast link, an early end on a
        // slow one. The signal comes from the job that waits for the end of input.
        RemoteCommand::SendUntilClosed => format!(
            "snap begin; read -r g; exec 3<&0; t=; trap \"t=1\" USR1; \
             {{ cat <&3 >/dev/null; kill -USR1 $$; }} & n=0; k=4; \
             while [ -z \"$t\" ]; do dd if=/dev/zero bs={BLOCK} count=$k 2>/dev/null || break; \
             n=$((n+k)); k=$((n/8)); [ $k -ge 4 ] || k=4; done; n=$((n*{BLOCK}));"
        ),
        RemoteCommand::Send(bytes) => {
            let (blocks, rest) = (bytes / BLOCK, bytes % BLOCK);
            format!(
                "snap begin; read -r g; n=0; \
                 dd if=/dev/zero bs={BLOCK} count={blocks} 2>/dev/null && \
                 head -c {rest} /dev/zero && n={bytes};"
            )
        }
        RemoteCommand::Read(path) => format!(
            "{} snap begin; read -r g; cat \"$f\" && n=$(wc -c <\"$f\");",
            assign("f", path)
        ),
    };
    one_word(&format!("{watch} {work} {REPORT_BYTES} snap end"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::session::{Event, Report};
    use std::io::Write;
    use std::process::{Command, Output, Stdio};

    /// Runs a remote command on this machine, as a login shell would, with `input` as its standard input.
    fn run(remote: RemoteCommand, input: &[u8]) -> (Output, Report) {
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(command("MARK", remote))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let mut report = Report::default();
        let stderr = String::from_utf8(output.stderr.clone()).unwrap();
        let events: Vec<_> = stderr.lines().filter_map(|line| report.take(line, "MARK")).collect();
        assert_eq!(events, [Event::Ready, Event::Finished], "{stderr}");
        (output, report)
    }

    #[test]
    fn every_remote_command_counts_what_it_moved() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("it's a file");
        let path_bytes = path.as_os_str().as_encoded_bytes();
        let payload = vec![7; 300_001];
        assert_eq!(run(RemoteCommand::Count, &payload).1.bytes, Some(300_001));
        assert_eq!(run(RemoteCommand::Write(path_bytes), &payload).1.bytes, Some(300_001));
        assert_eq!(std::fs::read(&path).unwrap(), payload);
        let (output, report) = run(RemoteCommand::Read(path_bytes), b"go\n");
        assert_eq!((output.stdout.len(), report.bytes), (300_001, Some(300_001)));
        let (output, report) = run(RemoteCommand::Send(200_000), b"go\n");
        assert_eq!((output.stdout.len(), report.bytes), (200_000, Some(200_000)));
        let (output, report) = run(RemoteCommand::SendUntilClosed, b"go\n");
        assert_eq!(report.bytes, Some(output.stdout.len() as u64));
    }
}
