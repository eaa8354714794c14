//! Where the bytes of a sample come from and where they go.

use std::fs::File;
use std::path::Path;

use crate::local::temporary::Payload;
use crate::model::Configuration;
use crate::model::record::{Asked, Phase};
use crate::model::{Direction, Method, Sink};
use crate::transfer::flow::Until;
use crate::transfer::pipe::RemoteCommand;

/// What a transfer moves, and between what.
#[derive(Debug)]
pub enum Route<'a> {
    /// From this program into the session's standard input.
    FeedPipe { file: &'a File, length: u64, until: Until, remote: RemoteCommand<'a> },
    /// The session's standard output into `/dev/null`, by the client itself. After `stop_after` seconds
    /// the remote command is told to end; absent: it ends by itself. Through a pipe the client would
    /// use half as much system time again, and this program a twentieth of what both ends use.
    DrainNull { stop_after: Option<f64>, remote: RemoteCommand<'a> },
    /// The same through a pipe of this program, with each byte counted; for the pilot.
    DrainPipe { stop_after: Option<f64>, remote: RemoteCommand<'a> },
    /// The session's standard output into a file.
    PipeToFile { local: &'a Path, remote: RemoteCommand<'a> },
    /// scp between two files; `command` in place of the sftp subsystem.
    Scp { local: &'a Path, remote: &'a [u8], command: Option<String> },
}

/// The files of one sample.
pub struct SampleFiles<'a> {
    pub local_source: &'a Path,
    pub local_destination: &'a Path,
    pub remote_source: &'a [u8],
    pub remote_destination: &'a [u8],
}

/// The route of a sample. `counted`: each byte of a download goes through this program.
/// `scp_command`: see [`Route::Scp`].
pub fn route<'a>(
    configuration: &Configuration,
    asked: Asked,
    sink: Sink,
    counted: bool,
    payload: &'a Payload,
    files: &SampleFiles<'a>,
    scp_command: Option<String>,
) -> Route<'a> {
    let until = match asked {
        Asked::Bytes(bytes) => Until::Bytes(bytes),
        Asked::Seconds(seconds) => Until::Seconds(seconds),
    };
    let feed =
        |remote| Route::FeedPipe { file: &payload.file, length: payload.usable, until, remote };
    match (configuration.method, configuration.direction, sink) {
        (Method::Scp | Method::Sftp, Direction::Upload, _) => Route::Scp {
            local: files.local_source,
            remote: files.remote_destination,
            command: scp_command,
        },
        (Method::Scp | Method::Sftp, Direction::Download, _) => Route::Scp {
            local: files.local_destination,
            remote: files.remote_source,
            command: scp_command,
        },
        (Method::Pipe, Direction::Upload, Sink::Null) => feed(RemoteCommand::Count),
        (Method::Pipe, Direction::Upload, Sink::File) => {
            feed(RemoteCommand::Write(files.remote_destination))
        }
        (Method::Pipe, Direction::Download, Sink::Null) => {
            let (stop_after, remote) = match asked {
                Asked::Seconds(seconds) => (Some(seconds), RemoteCommand::SendUntilClosed),
                Asked::Bytes(bytes) => (None, RemoteCommand::Send(bytes)),
            };
            match counted {
                true => Route::DrainPipe { stop_after, remote },
                false => Route::DrainNull { stop_after, remote },
            }
        }
        (Method::Pipe, Direction::Download, Sink::File) => Route::PipeToFile {
            local: files.local_destination,
            remote: RemoteCommand::Read(files.remote_source),
        },
    }
}

/// In the pilot each byte of a download by `pipe` is counted, which shows that the client's own count
/// may be trusted in the rounds.
pub fn counts_each_byte(phase: Phase) -> bool {
    phase == Phase::Calibration
}
