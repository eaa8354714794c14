//! What follows the failure of a connection: its reason in other words where an end can't be written, what it
//! left behind, and how often it has happened.

use std::collections::HashMap;

use crate::model::Configuration;
use crate::model::units::printable;
use crate::survey::context::Context;
use crate::survey::events::Events;
use crate::survey::made::discard;
use crate::survey::retry::check_directory;
use crate::survey::staging::unwritable;

/// A configuration whose connections have failed so often in a row is not tried again.
const MOST_IN_A_ROW: u32 = 3;

/// A reason, and what to do about it.
pub type Reason = (String, Option<String>);

/// How often connections have failed since their configuration was last measured, and why the last one did.
#[derive(Clone, Debug, Default)]
pub struct Failures(HashMap<Configuration, (u32, Reason)>);

impl Failures {
    pub fn count(&mut self, configuration: &Configuration, reason: &Reason) {
        let (in_a_row, last) = self.0.entry(configuration.clone()).or_default();
        *in_a_row += 1;
        *last = reason.clone();
    }

    pub fn forget(&mut self, configuration: &Configuration) {
        self.0.remove(configuration);
    }

    /// Why a configuration is not tried again; absent where it is.
    pub fn left_out(&self, configuration: &Configuration) -> Option<Reason> {
        let (in_a_row, (reason, remedy)) = self.0.get(configuration)?;
        (*in_a_row >= MOST_IN_A_ROW).then(|| {
            (format!("left out after {in_a_row} failures, the last: {reason}"), remedy.clone())
        })
    }
}

/// A reason and its remedy; that an end can't be written any more is the better one. Where the survey's directory
/// is gone, the control connection is ended: the next one makes it anew.
pub fn explained(
    context: &mut Context,
    configuration: &Configuration,
    reason: Reason,
    events: &mut dyn Events,
) -> Reason {
    let Context { targets, files, .. } = context;
    let target = &mut targets[configuration.pairing];
    if let Err(lost) = check_directory(target) {
        events.say(&printable(&lost.to_string()));
        return reason;
    }
    match unwritable(target, files, configuration) {
        Some((why, remedy)) => (format!("{why} ({})", reason.0), Some(remedy)),
        None => reason,
    }
}

/// After a failed slice: removes what it made, and forgets the chunks, which may not be what they were.
pub fn clean_up(context: &mut Context, pairing: usize) {
    let Context { targets, files, .. } = context;
    let target = &mut targets[pairing];
    target.staged.clear();
    // Where the control connection has ended, all is removed with the directory.
    let _ = discard(target, files);
}
