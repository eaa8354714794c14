//! Signals by their names in RFC 4254, section 6.10.

use russh::Sig;
use rustix::process::Signal;

/// The name of the signal that ended a process. Signals without a name are sent by number, in the form
/// that the RFC leaves to implementations.
pub fn name(signal: i32) -> Sig {
    match Signal::from_named_raw(signal) {
        Some(Signal::ABORT) => Sig::ABRT,
        Some(Signal::ALARM) => Sig::ALRM,
        Some(Signal::FPE) => Sig::FPE,
        Some(Signal::HUP) => Sig::HUP,
        Some(Signal::ILL) => Sig::ILL,
        Some(Signal::INT) => Sig::INT,
        Some(Signal::KILL) => Sig::KILL,
        Some(Signal::PIPE) => Sig::PIPE,
        Some(Signal::QUIT) => Sig::QUIT,
        Some(Signal::SEGV) => Sig::SEGV,
        Some(Signal::TERM) => Sig::TERM,
        Some(Signal::USR1) => Sig::USR1,
        Some(Signal::USR2) => Sig::Custom("USR2".to_owned()),
        _ => Sig::Custom(format!("{signal}@cipher-survey")),
    }
}

/// The signal that a client asks for; absent where the name is unknown. OpenSSH has USR2 too.
pub fn signal(asked: &Sig) -> Option<Signal> {
    Some(match asked {
        Sig::ABRT => Signal::ABORT,
        Sig::ALRM => Signal::ALARM,
        Sig::FPE => Signal::FPE,
        Sig::HUP => Signal::HUP,
        Sig::ILL => Signal::ILL,
        Sig::INT => Signal::INT,
        Sig::KILL => Signal::KILL,
        Sig::PIPE => Signal::PIPE,
        Sig::QUIT => Signal::QUIT,
        Sig::SEGV => Signal::SEGV,
        Sig::TERM => Signal::TERM,
        Sig::USR1 => Signal::USR1,
        Sig::Custom(name) if name == "USR2" => Signal::USR2,
        Sig::Custom(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_the_same_name_when_asked_for_and_when_it_ends_a_process() {
        for number in 1..32 {
            let name = name(number);
            let asked = signal(&name).map(Signal::as_raw);
            assert!(asked == Some(number) || matches!(name, Sig::Custom(_)), "{number}: {name:?}");
        }
        assert_eq!(signal(&Sig::Custom("USR2".into())), Some(Signal::USR2));
        assert_eq!(signal(&Sig::Custom("STOP".into())), None);
    }
}
