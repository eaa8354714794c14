//! What local processes have spent.

use crate::local::proc::{process_stat, tree};
use crate::model::CpuTimes;

/// What a CPU clock of the kernel may differ by from rusage at the same moment, in seconds.
pub const CLOCK_RESOLUTION_S: f64 = 0.000_1;

/// The processes of a connection on this machine: its client program and all below it.
#[derive(Clone, Debug)]
pub struct Processes {
    pids: Vec<u32>,
    ticks_per_s: u32,
}

impl Processes {
    /// A process and all its descendants by now.
    pub fn below(pid: u32, ticks_per_s: u32) -> Processes {
        Processes { pids: tree(pid), ticks_per_s }
    }

    pub fn pids(&self) -> &[u32] {
        &self.pids
    }

    /// CPU of those that live, descendants that they reaped included: the total in nanoseconds, of all
    /// threads; user and system in ticks.
    pub fn cpu(&self) -> CpuTimes {
        let mut sum = CpuTimes::default();
        for &pid in &self.pids {
            let Some(stat) = process_stat(pid) else { continue };
            let mut own = stat.own(self.ticks_per_s);
            if let Some(seconds) = clock_s(pid) {
                own.total_s = seconds;
            }
            sum = sum + own + stat.children(self.ticks_per_s);
        }
        sum
    }
}

/// Seconds of a process's CPU clock, all threads together (`clock_getcpuclockid(3)`). It is up to date, also
/// while the process runs, and any user may read it.
fn clock_s(pid: u32) -> Option<f64> {
    let mut clock: libc::clockid_t = 0;
    // SAFETY: the pointer is to a live local of the right type.
    if unsafe { libc::clock_getcpuclockid(pid as libc::pid_t, &mut clock) } != 0 {
        return None;
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: as above.
    let read = unsafe { libc::clock_gettime(clock, &mut time) };
    (read == 0).then(|| time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::child::Child;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    #[test]
    fn the_clocks_of_a_tree_agree_with_wait4() {
        let mut command = Command::new("sh");
        // A child that lives, one that was reaped, and the shell's own work. What runs in the background has no
        // standard input of its own.
        command.args([
            "-c",
            "exec 3<&0; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; \
             sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; \
             { i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done; read x <&3; } & \
             exec 0<&- 3<&-; wait",
        ]);
        let (input, writer) = std::io::pipe().unwrap();
        let (mut output, stdout) = std::io::pipe().unwrap();
        command.stdin(input).stdout(stdout).stderr(Stdio::null());
        let mut child = Child::spawn(&mut command, None).unwrap();
        drop(command);
        let mut read = [0; 5];
        std::io::Read::read_exact(&mut output, &mut read).unwrap();
        let seen = Processes::below(child.pid, 100).cpu();
        drop(writer);
        let reaped = child.wait(Duration::from_secs(20)).unwrap().unwrap();
        // Ticks of the child that was reaped; and what follows the reading, which takes longer on a busy machine. A
        // third of it all is spent by each of the three.
        let difference_s = reaped.cpu.total_s - seen.total_s;
        let most_s = 0.03 + 0.2 * reaped.cpu.total_s;
        assert!((-0.03..most_s).contains(&difference_s), "{seen:?} {reaped:?}");
        assert!(seen.total_s > 0.03, "{seen:?}");
    }

    #[test]
    fn the_clock_of_a_process_that_is_gone_is_absent() {
        assert!(clock_s(std::process::id()).is_some_and(|seconds| seconds > 0.0));
        // PID_MAX_LIMIT: no process has it.
        assert_eq!(clock_s(1 << 22), None);
    }
}
