//! Times the storage of an end, once before the rounds and apart from transfers: slices are removed before they reach
//! a disk, and a copy of a large FILE does reach it.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::host::Sections;
use crate::host::storage::{self, BLOCK, WAYS_TO_READ};
use crate::model::record::{EndStorage, Stream};
use crate::model::units::printable;

/// Sizes that are tried, in bytes, until one takes long enough.
const SIZES: [u64; 3] = [SMALLEST, 64 << 20, 256 << 20];
/// Of a smaller FILE nothing is timed: any memory takes it.
pub const SMALLEST: u64 = 16 << 20;
const ENOUGH_S: f64 = 0.5;
/// A writer that waits for such a part of the time until the disk has all, although memory would have taken it, has no
/// memory before it: a file system mounted with `sync` (mount(8)), or one in user space.
const WAITS: f64 = 1.0 / 3.0;
/// An SD card at its worst writes 0.5 MB/s.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// Runs scripts at an end.
pub trait Scripts {
    /// What a script prints on its standard output.
    fn run(&mut self, script: &str) -> Result<String>;
    /// Seconds that running one takes besides its work.
    fn beyond_s(&self) -> f64;
}

/// What is timed at an end.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// A file of our own, which may be written: for what arrives there.
    pub own: &'a [u8],
    /// Its directory.
    pub directory: &'a [u8],
    /// FILE with its bytes, where it is at that end: it is read; else the file of our own is.
    pub file: Option<(&'a [u8], u64)>,
    pub write: bool,
    pub read: bool,
    /// No more bytes than that are written.
    pub most_written: u64,
}

/// Times an end. The file of our own is removed.
pub fn time(end: &mut dyn Scripts, wanted: &Wanted) -> Result<EndStorage> {
    let mut timed = EndStorage::default();
    let cache = end.run(&storage::cache(wanted.directory))?;
    timed.cached_bytes = storage::cached_bytes(&Sections::parse(&cache));
    // What is read has to be there first.
    if wanted.write || (wanted.read && wanted.file.is_none()) {
        end.run(&storage::prepare(wanted.own))?;
        match write(end, wanted)? {
            Ok(Some(Written { stream, waits })) => {
                timed.write = Some(stream);
                let fits = timed.cached_bytes.is_some_and(|cached| stream.bytes <= cached);
                if fits && waits {
                    timed.cached_bytes = Some(0);
                }
            }
            Ok(None) => {}
            Err(words) => timed.missing = Some(format!("a file could not be written: {words}")),
        }
    }
    let written = timed.write.map_or(0, |written| written.bytes);
    if wanted.read && timed.missing.is_none() {
        let (file, most) = wanted.file.unwrap_or((wanted.own, written));
        timed.read = read(end, file, most)?;
        if timed.read.is_none() && most >= SMALLEST {
            let why = "dd reads nothing there without finding it in the page cache";
            timed.missing = Some(why.to_owned());
        }
    }
    end.run(&storage::remove(wanted.own))?;
    if !wanted.write {
        timed.write = None;
    }
    Ok(timed)
}

/// What was written and flushed, and whether the writer has waited for the disk before the flush.
struct Written {
    stream: Stream,
    waits: bool,
}

/// Writes more and more until it takes long enough; dd's words where it fails.
fn write(end: &mut dyn Scripts, wanted: &Wanted) -> Result<Result<Option<Written>, String>> {
    let mut last = None;
    for bytes in SIZES.into_iter().filter(|&bytes| bytes <= wanted.most_written) {
        let (answer, write_s) = timed(end, &storage::write(wanted.own, bytes / BLOCK))?;
        let mut lines = answer.lines().rev();
        let has = lines.next().and_then(|line| line.trim().parse::<u64>().ok());
        if has != Some(bytes) {
            let words = lines.next().unwrap_or("dd gave no reason");
            return Ok(Err(printable(words)));
        }
        let (answer, flush_s) = timed(end, &storage::flush(wanted.own))?;
        if answer.trim() != "flushed" {
            return Ok(Err(printable(answer.lines().next().unwrap_or("dd gave no reason"))));
        }
        let seconds = write_s + flush_s;
        let enough = seconds >= ENOUGH_S;
        // Of a disk as fast as memory nothing can be told, and nothing depends on it.
        let waits = enough && {
            let (_, besides_s) = timed(end, &storage::write_nothing(bytes / BLOCK))?;
            write_s - besides_s > WAITS * seconds
        };
        last = Some(Written { stream: Stream { bytes, seconds }, waits });
        if enough {
            break;
        }
    }
    Ok(Ok(last))
}

/// Reads more and more until it takes long enough; absent where no way finds it out of the cache.
fn read(end: &mut dyn Scripts, file: &[u8], most: u64) -> Result<Option<Stream>> {
    for way in WAYS_TO_READ {
        let mut last = None;
        for bytes in SIZES.into_iter().filter(|&bytes| bytes <= most) {
            if !end.run(&way.prepare(file))?.contains("ready") {
                break;
            }
            let (answer, seconds) = timed(end, &way.run(file, bytes / BLOCK))?;
            if !answer.contains("read") {
                break;
            }
            last = Some(Stream { bytes, seconds });
            if seconds >= ENOUGH_S {
                break;
            }
        }
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}

fn timed(end: &mut dyn Scripts, script: &str) -> Result<(String, f64)> {
    let began = Instant::now();
    let answer = end.run(script)?;
    let seconds = began.elapsed().as_secs_f64() - end.beyond_s();
    Ok((answer, seconds.max(1e-4)))
}
