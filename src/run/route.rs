//! Which way the bytes of a trial take.

use std::fs::File;
use std::path::Path;

use super::flow::Until;
use super::scratch::Payload;
use crate::method::pipe::FarPart;
use crate::model::record::{Asked, Phase};
use crate::model::{Direction, Method, Sink};
use crate::plan::Contender;

/// What a transfer moves, and between what.
#[derive(Debug)]
pub enum Route<'a> {
    /// Our feed into the session's standard input.
    FeedPipe { file: &'a File, length: u64, until: Until, far: FarPart<'a> },
    /// The session's standard output into nothing; after `stop_after` seconds the far part is told
    /// to end; absent: it ends by itself. The client writes to `/dev/null` itself, which costs
    /// neither it nor us anything: through a pipe of ours it would spend half as much system time
    /// again, and we one part in twenty of what both ends spend.
    DrainNull { stop_after: Option<f64>, far: FarPart<'a> },
    /// The same through a pipe of ours, each byte counted; for the pilot.
    DrainPipe { stop_after: Option<f64>, far: FarPart<'a> },
    /// The session's standard output into a file.
    PipeToFile { near: &'a Path, far: FarPart<'a> },
    /// scp between two files.
    Scp { near: &'a Path, far: &'a [u8], command: Option<String> },
}

/// Files of one trial on both ends.
pub struct Places<'a> {
    pub near_prefix: &'a std::path::Path,
    pub near_file: &'a std::path::Path,
    pub far_prefix: &'a [u8],
    pub made: &'a [u8],
}

/// The route of a trial. `counted`: each byte of a download goes through our hands.
pub fn route<'a>(
    contender: &Contender,
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
    let feed = |far| Route::FeedPipe { file: &payload.file, length: payload.usable, until, far };
    match (contender.method, contender.direction, sink) {
        (Method::Scp, Direction::Upload, _) => {
            Route::Scp { near: places.near_prefix, far: places.made, command }
        }
        (Method::Scp, Direction::Download, _) => {
            Route::Scp { near: places.near_file, far: places.far_prefix, command }
        }
        (Method::Pipe, Direction::Upload, Sink::Null) => feed(FarPart::Count),
        (Method::Pipe, Direction::Upload, Sink::File) => feed(FarPart::Write(places.made)),
        (Method::Pipe, Direction::Download, Sink::Null) => {
            let (stop_after, far) = match asked {
                Asked::Seconds(seconds) => (Some(seconds), FarPart::SendUntilClosed),
                Asked::Bytes(bytes) => (None, FarPart::Send(bytes)),
            };
            match counted {
                true => Route::DrainPipe { stop_after, far },
                false => Route::DrainNull { stop_after, far },
            }
        }
        (Method::Pipe, Direction::Download, Sink::File) => {
            Route::PipeToFile { near: places.near_file, far: FarPart::Read(places.far_prefix) }
        }
    }
}

/// A pilot's download by `pipe` goes through our hands, so that the client's own count may be
/// believed in the rounds.
pub fn counts_each_byte(phase: Phase) -> bool {
    phase == Phase::Pilot
}
