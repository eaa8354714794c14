//! The worker process: this program once more, so that a variable that disables AES is in its
//! environment before a library looks for AES instructions, and nothing else of ours runs while time
//! is taken. It reads one request per line and writes one answer per line, as JSON.

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::{Cycles, core_hz};
use super::implementation::Implementation;
use super::libraries;
use super::suite::{Keys, Suite};
use super::timed_loop::{Measured, TimedLoop};
use crate::model::cipher_cores::{LeftOut, Library, Work};
use crate::model::{Cipher, Mac};

/// The first line that the worker writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    pub libraries: Vec<Available>,
    /// Libraries that can't be used, and why.
    pub absent: Vec<LeftOut>,
    /// The kernel counts core cycles.
    pub counts_cycles: bool,
}

/// A library and what it has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Available {
    pub library: Library,
    pub suites: Vec<(Cipher, Option<Mac>)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    pub implementation: String,
    pub cipher: Cipher,
    pub mac: Option<Mac>,
    pub work: Work,
    pub payload_bytes: u32,
    pub seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Measured {
        measured: Measured,
        /// The core's frequency just before.
        core_hz: Option<f64>,
    },
    /// Why it was not measured.
    Failed(String),
}

/// Serves requests until its input ends.
///
/// # Errors
/// Its streams fail: the parent is gone.
pub fn serve(libcrypto: Option<&Path>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut cycles = Cycles::counter();
    let (libraries, loaded) = libraries::load(libcrypto);
    let left_out = |error: libraries::LoadError| LeftOut {
        what: "libcrypto".into(),
        reason: error.to_string(),
    };
    let hello = Hello {
        libraries: libraries.iter().map(|library| available(&**library)).collect(),
        absent: loaded.err().map(left_out).into_iter().collect(),
        counts_cycles: cycles.is_some(),
    };
    write_line(&mut out, &hello)?;
    for line in io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        write_line(&mut out, &answer(&libraries, &request, cycles.as_mut()))?;
    }
    Ok(())
}

fn write_line(out: &mut impl Write, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

fn available(library: &dyn Implementation) -> Available {
    let keys = Keys::for_measuring();
    let has = |suite: &Suite| {
        library.sealer(*suite, &keys).is_some() && library.opener(*suite, &keys).is_some()
    };
    let suites = Suite::all().filter(has).map(|suite| (suite.cipher(), suite.mac())).collect();
    let library = Library { name: library.name().into(), version: library.version(), path: None };
    Available { library, suites }
}

fn answer(
    libraries: &[Box<dyn Implementation>],
    request: &Request,
    cycles: Option<&mut Cycles>,
) -> Answer {
    let library = libraries.iter().find(|library| library.name() == request.implementation);
    let suite = Suite::named(&request.cipher, request.mac.as_ref());
    let timed_loop = library.zip(suite).and_then(|(library, suite)| {
        TimedLoop::new(&**library, suite, request.payload_bytes as usize)
    });
    let Some(mut timed_loop) = timed_loop else {
        return Answer::Failed("the library does not have it".into());
    };
    let core_hz = core_hz();
    let time = Duration::from_secs_f64(request.seconds.clamp(0.0, 60.0));
    match timed_loop.run(request.work, time, cycles) {
        Ok(measured) => Answer::Measured { measured, core_hz },
        Err(fault) => Answer::Failed(fault.to_string()),
    }
}
