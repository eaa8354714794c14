//! Above the tables: what was surveyed, which ends, with what.

use crate::analysis::Summary;
use crate::analysis::phrases::counted;
use crate::model::record::{FileInfo, Header, PairedEnd, StopReason};
use crate::model::units::size;
use crate::model::{Sink, Survey};

pub fn title(survey: &Survey) -> String {
    format!("Survey of {}, {}", targets(survey), date(&survey.header.started))
}

/// The targets, each once.
pub fn targets(survey: &Survey) -> String {
    let mut targets: Vec<&str> =
        survey.header.pairings.iter().map(|pairing| pairing.target.as_str()).collect();
    targets.dedup();
    targets.join(" and ")
}

/// Where, when and how, a line for each pair of hosts:
/// `desk (AMD Ryzen 5 3600, AES) to pi1 (Cortex-A53, no AES); sftp, 3 rounds, 2026-02-03 04:05 UTC`.
pub fn ends(survey: &Survey, summary: &Summary) -> Vec<String> {
    let header = &survey.header;
    let end = |end: &PairedEnd| {
        let host = &end.host;
        let cpu = host.cpu_model.as_deref().unwrap_or(&host.machine);
        format!("{} ({cpu}, {})", host.name, host.aes.class)
    };
    let mut lines: Vec<String> = Vec::new();
    for pairing in &header.pairings {
        let line = format!(
            "{} to {}; {}, {}, {}",
            end(&pairing.client),
            end(&pairing.server),
            method(header),
            counted(summary.rounds as usize, "round"),
            date(&header.started)
        );
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// Facts of the ends, what disables AES, the file and the rounds, each behind its label.
pub fn facts(survey: &Survey, summary: &Summary) -> Vec<(&'static str, String)> {
    let header = &survey.header;
    let mut told: Vec<(&str, String)> = Vec::new();
    for pairing in &header.pairings {
        for (label, end) in [("client", &pairing.client), ("server", &pairing.server)] {
            describe(label, end, &mut told);
        }
    }
    told.push(("file", file(&header.file)));
    told.push(("method", method(header)));
    told.push(("rounds", rounds(survey, summary)));
    told
}

/// `desk: AMD Ryzen 5 3600, 12 cores, AES (cpuinfo flags: aes); OpenSSH_9.2p1`, each end
/// once. Of one that was told before, only another program's version or AES state is told again.
fn describe(label: &'static str, end: &PairedEnd, told: &mut Vec<(&'static str, String)>) {
    let name = format!("{}: ", end.host.name);
    let aes_disabled_by = end
        .aes_disabled_by
        .as_ref()
        .map(|aes_disabled_by| ("no AES", format!("{label}: {aes_disabled_by}")));
    let known =
        || told.iter().filter(|(at, text)| *at == label && text.starts_with(&name)).map(|(_, t)| t);
    let news = if known().next().is_none() {
        Some(profile(end))
    } else if !known().any(|text| text.contains(&end.version)) {
        Some(name.clone() + &end.version)
    } else if aes_disabled_by.is_none()
        && !known().any(|text| text.contains(&end.host.aes.evidence))
    {
        Some(profile(end))
    } else {
        None
    };
    for entry in news.map(|news| (label, news)).into_iter().chain(aes_disabled_by) {
        if !told.contains(&entry) {
            told.push(entry);
        }
    }
}

fn profile(end: &PairedEnd) -> String {
    let host = &end.host;
    let mut text = format!("{}: {}", host.name, host.cpu_model.as_deref().unwrap_or(&host.machine));
    if let Some(cores) = host.cores {
        text += &format!(", {cores} core{}", if cores == 1 { "" } else { "s" });
    }
    text += &format!(", {} ({}); {}", host.aes.class, host.aes.evidence, end.version);
    if let Some(cores) = &end.pinned {
        let cores: Vec<String> = cores.iter().map(u32::to_string).collect();
        text += &format!("; pinned to core {}", cores.join(", "));
    }
    text
}

fn file(file: &FileInfo) -> String {
    let name = file.name.as_deref().unwrap_or("random data");
    let how = if file.full { ", whole in each sample" } else { "" };
    format!("{name}, {}{how}", size(file.bytes))
}

fn method(header: &Header) -> String {
    let methods: Vec<String> = header.methods.iter().map(ToString::to_string).collect();
    let sink = match header.sink {
        Sink::Null => "",
        Sink::File => ", pipe into a file",
    };
    format!("{}{sink}", methods.join(", "))
}

fn rounds(survey: &Survey, summary: &Summary) -> String {
    let header = &survey.header;
    let rounds = match header.rounds.filter(|asked| *asked != summary.rounds) {
        Some(asked) => format!("{} of {asked}", summary.rounds),
        None => summary.rounds.to_string(),
    };
    let why = match survey.footer.as_ref().map(|end| end.reason) {
        Some(StopReason::Decided) => ", then the choice was decided",
        Some(StopReason::OutOfReach) if summary.rounds > 0 => {
            ", then the budget could not decide it"
        }
        Some(StopReason::Budget) => ", then the budget was spent",
        _ => "",
    };
    format!("{rounds}{why}; shuffled by seed {}", header.seed)
}

/// `2026-02-03 04:05 UTC`, or the text itself where it is no time.
pub fn date(started: &str) -> String {
    match started.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => started.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing;
    use crate::model::{AesClass, AesEvidence};
    use crate::report::{Format, Report, Style, write};

    fn heading(survey: &Survey) -> String {
        let mut out = Vec::new();
        let report = Report::of(survey, None);
        write(&report, Format::Table, &Style { details: true, ..Style::default() }, &mut out)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        text.split_once("\n\n").unwrap().0.to_owned() + "\n"
    }

    #[test]
    fn both_ends_and_what_disables_aes_are_told_once() {
        let mut survey = testing::loopback(testing::rounds("aes128-ctr", [9.0; 3]));
        survey.header.pairings[1].server.host.aes =
            AesEvidence { class: AesClass::NoAes, evidence: "disabled by OPENSSL_ia32cap".into() };
        insta::assert_snapshot!(heading(&survey), @r"
        Survey of loopback, 2026-02-03 04:05 UTC
          client  desk: AMD Ryzen 5 3600 6-Core Processor, 4 cores, AES (cpuinfo flags:
                  aes pclmulqdq); OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17 1 Jul
                  2025; pinned to core 0
          server  desk: AMD Ryzen 5 3600 6-Core Processor, 4 cores, AES (cpuinfo flags:
                  aes pclmulqdq); SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7; pinned to core
                  1
          no AES  server: OPENSSL_ia32cap=~0x200000200000000:~0x0000060000000000
          file    debian.iso, 953.7 MiB
          method  scp
          rounds  3; shuffled by seed 7
        ");
    }

    #[test]
    fn another_program_on_the_same_machine_is_told_by_its_version() {
        let mut survey = testing::loopback(testing::rounds("aes128-ctr", [9.0; 3]));
        let other = |survey: &mut Survey, aes_disabled: bool| {
            let mut pairing = survey.header.pairings[usize::from(aes_disabled)].clone();
            pairing.client.version = "russh 0.65.1".into();
            survey.header.pairings.push(pairing);
        };
        other(&mut survey, false);
        other(&mut survey, true);
        let text = heading(&survey);
        assert_eq!(text.matches("desk: AMD").count(), 2, "{text}");
        assert_eq!(text.matches("  client  desk: russh 0.65.1\n").count(), 1, "{text}");
        assert_eq!(text.matches("  no AES ").count(), 1, "{text}");
    }

    #[test]
    fn text_from_outside_stays_text() {
        let mut survey = testing::survey(vec![]);
        survey.header.started = "\u{1b}[31m soon".into();
        survey.header.file.name = Some("a\nb".into());
        survey.header.pairings[0].server.version = "SSH-2.0-\u{7}".into();
        let text = heading(&survey);
        assert!(text.contains("\\u{1b}[31m soon") && text.contains("a\\nb"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{7}']), "{text:?}");
        assert!(text.contains("0 of 3"), "{text}");
    }
}
