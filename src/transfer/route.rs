//! Which way the bytes of a trial take.

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
    /// Our feed into the session's standard input.
    FeedPipe { file: &'a File, length: u64, until: Until, remote: RemoteCommand<'a> },
    /// The session's standard output into nothing; after `stop_after` seconds the far part is told
    /// to end; absent: it ends by itself. The client writes to `/dev/null` itself, which costs
    /// neither it nor us anything: through a pipe of ours it would spend half as much system time
    /// again, and we one part in twenty of what both ends spend.
    DrainNull { stop_after: Option<f64>, remote: RemoteCommand<'a> },
    /// The same through a pipe of ours, each byte counted; for the pilot.
    DrainPipe { stop_after: Option<f64>, remote: RemoteCommand<'a> },
    /// The session's standard output into a file.
    PipeToFile { local: &'a Path, remote: RemoteCommand<'a> },
    /// scp between two files.
    Scp { local: &'a Path, remote: &'a [u8], command: Option<String> },
}

/// Files of one trial on both ends.
pub struct Places<'a> {
    pub local_chunk: &'a std::path::Path,
    pub local_file: &'a std::path::Path,
    pub remote_chunk: &'a [u8],
    pub made: &'a [u8],
}

/// The route of a trial. `counted`: each byte of a download goes through our hands.
pub fn route<'a>(
    configuration: &Configuration,
    asked: Asked,
    sink: Sink,
    counted: bool,
    payload: &'a Payload,
    places: &Places<'a>,
    command: Option<String>,
) -> Route<'a> {
    let until = match asked {
        Asked::Bytes(bytes) => Until::Bytes(bytes),
        Asked::Seconds(seconds) => Until::Seconds(seconds),
    };
    let feed =
        |remote| Route::FeedPipe { file: &payload.file, length: payload.usable, until, remote };
    match (configuration.method, configuration.direction, sink) {
        (Method::Scp, Direction::Upload, _) => {
            Route::Scp { local: places.local_chunk, remote: places.made, command }
        }
        (Method::Scp, Direction::Download, _) => {
            Route::Scp { local: places.local_file, remote: places.remote_chunk, command }
        }
        (Method::Pipe, Direction::Upload, Sink::Null) => feed(RemoteCommand::Count),
        (Method::Pipe, Direction::Upload, Sink::File) => feed(RemoteCommand::Write(places.made)),
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
            local: places.local_file,
            remote: RemoteCommand::Read(places.remote_chunk),
        },
    }
}

/// A pilot's download by `pipe` goes through our hands, so that the client's own count may be
/// believed in the rounds.
pub fn counts_each_byte(phase: Phase) -> bool {
    phase == Phase::Pilot
}
