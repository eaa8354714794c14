//! A whole host's counters around a sample, from the answers of [`super::script::counters`].

use super::Sections;
use super::linux::{HostCpu, ProcessStat, disk, interfaces, resent_segments, swapped_pages};
use crate::model::record::{Disk, HostDelta, Interface};

/// One reading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostCounters {
    uptime_s: f64,
    cpu: HostCpu,
    interfaces: Vec<(String, u64, u64)>,
    disk: Option<(u64, u64, f64)>,
    frequency_khz: Option<u64>,
    temperature_millic: Option<i64>,
    swapped_pages: Option<u64>,
    resent_segments: Option<u64>,
    /// The process that reaps the server's session processes, where one is known.
    pub listener: Option<ProcessStat>,
    /// Its children.
    pub children: Vec<u32>,
}

impl HostCounters {
    /// Absent where the host has no `/proc/stat`. `device` is the disk behind the directory.
    pub fn parse(
        answer: &Sections,
        ticks_per_s: u32,
        device: Option<&str>,
    ) -> Option<HostCounters> {
        let uptime = answer.line("uptime")?.split_whitespace().next()?.parse().ok()?;
        Some(HostCounters {
            uptime_s: uptime,
            cpu: HostCpu::parse(answer.text("stat")?, ticks_per_s)?,
            interfaces: answer.text("net").map(interfaces).unwrap_or_default(),
            disk: answer.text("disks").zip(device).and_then(|(text, device)| disk(text, device)),
            frequency_khz: answer.number("frequency"),
            temperature_millic: answer.number("temperature"),
            swapped_pages: answer.text("swap").and_then(swapped_pages),
            resent_segments: answer.text("snmp").and_then(resent_segments),
            listener: answer.line("listener").and_then(ProcessStat::parse),
            children: answer
                .text("children")
                .map(|text| text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
                .unwrap_or_default(),
        })
    }

    /// Growth since an earlier reading.
    pub fn since(&self, earlier: &HostCounters, device: Option<&str>) -> HostDelta {
        let seconds = |now: f64, then: f64| (now - then).max(0.0);
        let before = |name: &str| earlier.interfaces.iter().find(|(other, ..)| other == name);
        HostDelta {
            real_s: seconds(self.uptime_s, earlier.uptime_s),
            user_s: seconds(self.cpu.user_s, earlier.cpu.user_s),
            system_s: seconds(self.cpu.system_s, earlier.cpu.system_s),
            idle_s: seconds(self.cpu.idle_s, earlier.cpu.idle_s),
            iowait_s: seconds(self.cpu.iowait_s, earlier.cpu.iowait_s),
            softirq_s: seconds(self.cpu.softirq_s, earlier.cpu.softirq_s),
            steal_s: seconds(self.cpu.steal_s, earlier.cpu.steal_s),
            interfaces: self
                .interfaces
                .iter()
                .filter_map(|(name, received, sent)| {
                    let (_, received_before, sent_before) = before(name)?;
                    let received_bytes = received.checked_sub(*received_before)?;
                    let sent_bytes = sent.checked_sub(*sent_before)?;
                    (received_bytes > 0 || sent_bytes > 0).then(|| Interface {
                        name: name.clone(),
                        received_bytes,
                        sent_bytes,
                    })
                })
                .collect(),
            disk: self.disk.zip(earlier.disk).zip(device).map(|((now, then), device)| Disk {
                device: device.to_owned(),
                read_bytes: now.0.saturating_sub(then.0),
                written_bytes: now.1.saturating_sub(then.1),
                busy_s: seconds(now.2, then.2),
            }),
            frequency_khz: self.frequency_khz,
            temperature_millic: self.temperature_millic,
            swapped_pages: grown(self.swapped_pages, earlier.swapped_pages),
            resent_segments: grown(self.resent_segments, earlier.resent_segments),
        }
    }
}

fn grown(now: Option<u64>, then: Option<u64>) -> Option<u64> {
    now.zip(then).map(|(now, then)| now.saturating_sub(then))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_taken_of_each_counter() {
        let answer = |user: u32, bytes: u32| {
            Sections::parse(&format!(
                "@@uptime\n{user}.5 1\n@@stat\ncpu  {user}00 0 0 0 0 0 0 0\n@@net\n eth0: {bytes} 0 0 0 0 0 0 0 5 0\n\
                 @@listener\n9 (sshd) S 1 9 9 0 -1 0 0 0 0 0 1 2 30 40 20 0 1 0 5\n@@children\n11 12 \n"
            ))
        };
        let before = HostCounters::parse(&answer(1, 10), 100, None).unwrap();
        let after = HostCounters::parse(&answer(3, 110), 100, None).unwrap();
        let delta = after.since(&before, None);
        assert_eq!(
            (delta.real_s, delta.user_s, delta.interfaces[0].received_bytes),
            (2.0, 2.0, 100)
        );
        assert_eq!(after.children, [11, 12]);
        assert_eq!(after.listener.unwrap().children(100).total_s, 0.7);
        assert_eq!(HostCounters::parse(&Sections::parse(""), 100, None), None);
    }
}
