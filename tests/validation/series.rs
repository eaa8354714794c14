//! Surveys that are made one after the other: one that fails is told, and the rest go on.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cipher_survey::model::survey::Survey;
use serde::{Deserialize, Serialize};

use crate::evidence;

/// Set to anything: each measurement is tried in its smallest form, and nothing of it is kept. Where it is a
/// path (with a slash), what would be its evidence is left there.
pub const FEW: &str = "CIPHER_SURVEY_FEW";

/// Where the evidence of what is only tried is left.
pub fn left_in() -> Option<PathBuf> {
    let value = std::env::var(FEW).ok()?;
    value.contains('/').then(|| PathBuf::from(value))
}

pub fn is_few() -> bool {
    std::env::var_os(FEW).is_some()
}

/// How often something is repeated; twice where it is only tried.
pub fn many(times: usize) -> usize {
    if is_few() { times.min(2) } else { times }
}

/// Whether `--setting NAME` chooses one of these names; each without it.
pub fn chosen<'a>(names: impl Iterator<Item = &'a str>) -> impl Fn(&str) -> bool {
    let named = std::env::args().skip_while(|word| word != "--setting").nth(1);
    let names: Vec<&str> = names.collect();
    let is_known = named.as_deref().is_none_or(|name| names.contains(&name));
    assert!(is_known, "the settings are: {}", names.join(", "));
    move |name| named.as_deref().is_none_or(|chosen| chosen == name)
}

/// A survey takes some minutes at most; one that hangs is ended.
const TIMEOUT: Duration = Duration::from_secs(1200);

/// How one survey went.
#[derive(Serialize, Deserialize)]
pub struct Made {
    /// Seconds from the start of the program until its end.
    pub wall_s: f64,
    /// Why it has no journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Some surveys, in the order in which they were made.
#[derive(Default)]
pub struct Series {
    made: Vec<Made>,
    journals: Vec<Vec<u8>>,
}

/// A survey as it is kept, and the seconds that it took.
pub struct Kept {
    pub wall_s: f64,
    pub survey: Survey,
}

impl Series {
    /// Runs a survey, which writes that journal; its journal, or absent where it has failed.
    pub fn add(&mut self, what: &str, command: &mut Command, journal: &Path) -> Option<&[u8]> {
        let started = Instant::now();
        let ran = run(command);
        let wall_s = started.elapsed().as_secs_f64();
        let text = fs::read(journal).unwrap_or_default();
        let _ = fs::remove_file(journal);
        let failed = match (ran, Survey::read(&text)) {
            (Err(reason), _) => Some(reason),
            (Ok(()), Err(error)) => Some(error.to_string()),
            (Ok(()), Ok(_)) => None,
        };
        let said = failed.as_ref().map_or(String::new(), |reason| format!(", failed: {reason}"));
        eprintln!("{what}: {wall_s:.1} s{said}");
        let good = failed.is_none();
        self.made.push(Made { wall_s, failed });
        if good {
            self.journals.push(text);
        }
        good.then(|| self.journals.last().map(Vec::as_slice)).flatten()
    }

    pub fn keep(&self, directory: &Path, name: &str) {
        let [journals, made] = files(directory, name);
        evidence::keep_journals(&journals, &self.journals);
        evidence::keep_figures(&made, &self.made);
    }
}

/// Journals, and how each survey went.
pub fn files(directory: &Path, name: &str) -> [PathBuf; 2] {
    ["", "-walls"].map(|what| directory.join(format!("{name}{what}.jsonl.gz")))
}

/// What [`Series::keep`] has kept: the surveys, and why others failed.
pub fn kept(directory: &Path, name: &str) -> (Vec<Kept>, Vec<String>) {
    let [journals, made] = files(directory, name);
    let made: Vec<Made> = evidence::figures(&made);
    let mut surveys = evidence::surveys(&journals).into_iter();
    let (mut kept, mut failed) = (Vec::new(), Vec::new());
    for Made { wall_s, failed: reason } in made {
        match reason {
            Some(reason) => failed.push(reason),
            None => kept.push(Kept { wall_s, survey: surveys.next().unwrap() }),
        }
    }
    (kept, failed)
}

/// Runs a program until its end; what it said where it did not succeed.
fn run(command: &mut Command) -> Result<(), String> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut said = Vec::new();
        let _ = stderr.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    });
    let ended = wait(&mut child);
    let said = reader.join().unwrap();
    let last = said.lines().last().unwrap_or_default();
    match ended {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("{status}: {last}")),
        None => Err(format!("it took more than {} s: {last}", TIMEOUT.as_secs())),
    }
}

/// Absent: it did not end, and was killed.
fn wait(child: &mut Child) -> Option<std::process::ExitStatus> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
