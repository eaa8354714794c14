//! Why something that runs in a survey ended early, and how what was measured until then is recorded.

use crate::local::interrupt::Interrupt;
use crate::model::record::{Record, StopReason};
use crate::remote::control::error::ControlError;

/// Why something that runs in a survey ended early.
#[derive(Debug)]
pub enum Ended {
    Stopped(Stopped),
    /// The journal can't be written: nothing more is measured, since it would be lost.
    Journal(anyhow::Error),
}

impl From<Stopped> for Ended {
    fn from(stopped: Stopped) -> Ended {
        Ended::Stopped(stopped)
    }
}

/// Takes what is to be recorded, the moment that it exists.
pub type Recorder<'a> = dyn FnMut(Record) -> anyhow::Result<()> + 'a;

/// Records a line.
pub fn record(recorder: &mut Recorder, line: Record) -> Result<(), Ended> {
    recorder(line).map_err(Ended::Journal)
}

/// Why no further sample can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    Interrupted,
    /// The remote host can't be reached any more; the reason.
    Lost(String),
}

impl Stopped {
    /// An error if an interrupt was raised.
    pub fn if_raised(interrupt: &Interrupt) -> Result<(), Stopped> {
        if interrupt.is_raised() { Err(Stopped::Interrupted) } else { Ok(()) }
    }
}

impl From<ControlError> for Stopped {
    fn from(error: ControlError) -> Stopped {
        match error {
            ControlError::Interrupted => Stopped::Interrupted,
            lost => Stopped::Lost(lost.to_string()),
        }
    }
}

impl From<anyhow::Error> for Stopped {
    fn from(error: anyhow::Error) -> Stopped {
        match error.downcast::<ControlError>() {
            Ok(error) => error.into(),
            Err(error) => Stopped::Lost(format!("{error:#}")),
        }
    }
}

impl From<Stopped> for (StopReason, Option<String>) {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Interrupted => (StopReason::Interrupted, None),
            Stopped::Lost(why) => (StopReason::Lost, Some(why)),
        }
    }
}
