//! Copies of FILE after the rounds, which confirm the advice or withdraw it.

use std::time::Duration;

use anyhow::Result;

use crate::analysis::advice::confirmation::Confirmable;
use crate::analysis::advice::recommend::recommend;
use crate::commands::read;
use crate::model::Method;
use crate::model::record::{Record, StopReason};
use crate::model::units::{printable, size};
use crate::survey::ended::Ended;
use crate::survey::events::Events;
use crate::survey::executor::SshExecutor;
use crate::survey::journal::{FileJournal, Journal};
use crate::survey::rounds::Executor;
use crate::survey::runs::confirmation::{self, Bounds, MOST_LOGINS, MOST_SECONDS, Plan};

/// Advice from fewer rounds is nothing to confirm yet, unless they decided it.
pub const LEAST_ROUNDS: u32 = 3;

/// Two pairs of copies are the fewest.
const LEAST_LOGINS: usize = 4;

/// Why the rounds ended.
type Reason = (StopReason, Option<String>);

/// Whether and how advice is confirmed.
pub struct Confirming {
    /// The method of copies, for each target; none at all where nothing is confirmed.
    copies: Vec<Option<Method>>,
    /// `--max-bytes`, which holds for rounds and copies together. What rounds move by default does not bound copies:
    /// on a fast path they would never be made.
    most_bytes: Option<u64>,
}

impl Confirming {
    pub fn new(on: bool, copies: Vec<Option<Method>>, most_bytes: Option<u64>) -> Confirming {
        Confirming { copies: if on { copies } else { Vec::new() }, most_bytes }
    }

    pub fn is_on(&self) -> bool {
        !self.copies.is_empty()
    }

    /// Makes the copies for the advice that the journal gives so far. Returns why the survey ended.
    pub fn run(
        &self,
        executor: &mut SshExecutor,
        reason: Reason,
        journal: &mut FileJournal,
        events: &mut dyn Events,
    ) -> Result<Reason> {
        if !self.is_on() || matches!(reason.0, StopReason::Interrupted | StopReason::Lost) {
            return Ok(reason);
        }
        let survey = read::survey(journal.path())?;
        let few = survey.samples.iter().all(|sample| sample.round < LEAST_ROUNDS);
        if few && reason.0 != StopReason::Decided {
            return Ok(reason);
        }
        let all = Confirmable::all(&survey, &recommend(&survey, false));
        let many = all.len().min(MOST_LOGINS as usize / LEAST_LOGINS);
        for one in all.into_iter().take(many) {
            let share =
                Share { seconds: MOST_SECONDS / many as f64, logins: MOST_LOGINS / many as u32 };
            let Some(plan) = self.plan(executor, one, share, events) else { continue };
            let most = Duration::from_secs_f64(share.seconds);
            let mut recorder = |line: Record| journal.append(&line);
            match executor.confirm(&plan, most, &mut recorder, events) {
                Ok(()) => {}
                Err(Ended::Stopped(stopped)) => return Ok(stopped.into()),
                Err(Ended::Journal(error)) => return Err(error),
            }
        }
        Ok(reason)
    }

    /// What is copied, which is said; absent where no copies fit, which is said too.
    fn plan(
        &self,
        executor: &SshExecutor,
        one: Confirmable,
        share: Share,
        events: &mut dyn Events,
    ) -> Option<Plan> {
        let pairing = one.race.pairing;
        let method = (*self.copies.get(pairing)?)?;
        let target = executor.context.targets.get(pairing)?;
        // The chunks of the rounds are there too, and a second one of this size may be.
        let free = [&target.directory.storage, &target.local_storage].map(|one| one.free_bytes);
        let file = executor.context.files.payload.usable;
        let bounds = Bounds {
            file,
            space: free.into_iter().flatten().map(|free| free / 2).min().unwrap_or(u64::MAX),
            left: self.most_bytes.map_or(u64::MAX, |most| most.saturating_sub(executor.moved())),
            seconds: share.seconds,
            logins: share.logins,
        };
        let pair_s = |bytes: u64| one.before_s + bytes as f64 * one.per_byte_s;
        let entries = confirmation::by(method, one.entries);
        let names = entries.each_ref().map(|entry| entry.configuration.cipher.as_str());
        let names = printable(&names.join(" and "));
        let Some((bytes, pairs)) = confirmation::sized(&bounds, pair_s) else {
            events.say(&format!(
                "the advice for {} is not confirmed: copies with {names} do not fit {:.0} s, the free space, or \
                 --max-bytes; use a smaller FILE or --limit, or time copies by hand, with -c CIPHER",
                target.host(),
                share.seconds
            ));
            return None;
        };
        let what = match bytes == file {
            true => format!("all {}", size(bytes)),
            false => format!("the first {}", size(bytes)),
        };
        let line = format!(
            "confirming the advice for {}: {method} copies {what} of FILE with {names} in turn, {pairs} times each, \
             in about {:.0} s",
            target.host(),
            f64::from(pairs) * pair_s(bytes)
        );
        events.copies_begin(&line, 2 * pairs);
        Some(Plan { entries, bytes, pairs })
    }
}

/// What the copies of one target may take.
#[derive(Clone, Copy)]
struct Share {
    seconds: f64,
    logins: u32,
}
