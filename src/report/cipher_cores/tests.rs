use super::*;
use crate::analysis::testing::{cores, cores_sample};
use crate::model::cipher_cores::{CoresRecord, OPENSSL_SPEED, Work};
use crate::report::{Format, Style, write};

fn measured() -> Cores {
    let ciphers = [
        ("chacha20-poly1305@openssh.com", 2000.0, 1990.0),
        ("aes128-gcm@openssh.com", 9000.0, 300.0),
        ("aes128-ctr", 1500.0, 400.0),
    ];
    let mut samples = Vec::new();
    for (cipher, open, aes_disabled) in ciphers {
        for round in 1..=6 {
            let noise = 1.0 + f64::from(round) / 500.0;
            for (is_aes_disabled, rate) in [(false, open), (true, aes_disabled)] {
                for work in [Work::Seal, Work::Open] {
                    let mut one = cores_sample(cipher, is_aes_disabled, round, rate * noise);
                    one.subject.work = work;
                    one.subject.mac =
                        (cipher == "aes128-ctr").then(|| "hmac-sha2-256-etm@openssh.com".into());
                    samples.push(one);
                }
            }
        }
    }
    cores(samples)
}

/// The same machine, and a target that was asked for the speed of its openssl.
fn two_hosts() -> Cores {
    let mut cores = measured();
    let mut pi = cores.header.hosts[0].clone();
    pi.target = Some("me@pi1".into());
    pi.profile.name = "pi1".into();
    pi.openssl = Some("OpenSSL 3.0.17".into());
    pi.profile.cpu_model = Some("Cortex-A53\u{1b}[2J".into());
    cores.header.hosts.push(pi);
    for host in [0, 1] {
        let mut one = cores_sample("aes128-gcm@openssh.com", false, 1, [4600.0, 22.0][host]);
        one.subject.host = host;
        one.subject.implementation = OPENSSL_SPEED.into();
        (one.batch_packets, one.batch_median_s, one.core_hz) = (None, None, None);
        cores.samples.push(one);
    }
    cores
}

fn text(cores: Cores, format: Format) -> String {
    let mut out = Vec::new();
    let view = View { journals: vec![("cores.jsonl".into(), cores)] };
    write(&view, format, &Style::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_table_shows_both_ways_with_and_without_aes_side_by_side() {
    insta::assert_snapshot!(text(measured(), Format::Table));
}

#[test]
fn one_state_alone_has_its_columns_too() {
    let mut cores = measured();
    cores.samples.retain(|sample| sample.subject.aes_disabled_by.is_some());
    let aes_disabled = text(cores, Format::Table);
    let headings = aes_disabled.lines().find(|line| line.contains("no AES")).unwrap();
    assert_eq!(headings.matches("no AES").count(), headings.matches("AES").count(), "{headings}");
    assert!(aes_disabled.contains(" 302 ±0.5%"), "{aes_disabled}");
    let mut cores = measured();
    cores.samples.retain(|sample| sample.subject.aes_disabled_by.is_none());
    let open = text(cores, Format::Table);
    assert!(!open.contains("no AES") && open.contains("9063"), "{open}");
}

#[test]
fn hosts_stand_side_by_side() {
    let mut cores = two_hosts();
    cores.samples.retain(|sample| sample.subject.implementation == OPENSSL_SPEED);
    insta::assert_snapshot!(text(cores, Format::Table));
}

#[test]
fn what_was_cut_off_says_so() {
    let mut cores = measured();
    cores.footer = None;
    assert!(text(cores.clone(), Format::Markdown).contains("the journal was cut off"));
    cores.samples.clear();
    let empty = text(cores, Format::Table);
    assert!(empty.contains("nothing was measured"), "{empty}");
}

#[test]
fn a_sample_that_no_figure_can_be_made_of_is_left_out_and_told() {
    let cores = measured();
    let header = CoresRecord::Header(Box::new(cores.header.clone()));
    let mut lines = vec![serde_json::to_value(header).unwrap()];
    let good = CoresRecord::Sample(Box::new(cores.samples[0].clone()));
    let good = serde_json::to_value(good).unwrap();
    lines.push(good.clone());
    let changes = [
        ("payload_bytes", 0.0),
        ("batch_packets", 0.0),
        ("batch_median_s", 0.0),
        ("batch_median_s", -1.0),
        ("core_hz", 0.0),
        ("host", 7.0),
    ];
    for (key, value) in changes {
        let mut line = good.clone();
        let whole = matches!(key, "payload_bytes" | "batch_packets" | "host");
        line[key] = if whole { (value as u64).into() } else { value.into() };
        lines.push(line);
    }
    let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let read = Cores::read((text.join("\n") + "\n").as_bytes()).unwrap();
    assert_eq!((read.samples.len(), read.problems.len()), (1, changes.len()), "{read:?}");
    assert!(text_of(&read).contains("measured nothing and was left out"));
}

fn text_of(cores: &Cores) -> String {
    text(cores.clone(), Format::Table).replace("\n  ", " ")
}

#[test]
fn one_host_before_and_after_is_numbered() {
    let journals = ["before", "after"].map(|name| (name.to_owned(), measured())).into();
    let mut out = Vec::new();
    write(&View { journals }, Format::Table, &Style::default(), &mut out).unwrap();
    let shown = String::from_utf8(out).unwrap();
    assert!(
        shown.contains("desk (1): libcrypto") && shown.contains("desk (2): libcrypto"),
        "{shown}"
    );
}

#[test]
fn other_forms_hold_the_same_figures() {
    let json: serde_json::Value = serde_json::from_str(&text(two_hosts(), Format::Json)).unwrap();
    let figures = json["figures"].as_array().unwrap();
    let csv = text(two_hosts(), Format::Csv);
    assert_eq!(csv.lines().count(), figures.len() + 1);
    for (line, figure) in csv.lines().skip(1).zip(figures) {
        let value = figure["mb_per_s"].to_string();
        assert!(line.contains(value.trim_end_matches(".0")), "{line} {figure}");
    }
    assert!(!csv.contains('\u{1b}') && csv.contains("\\u{1b}"));
    let page = text(two_hosts(), Format::Html);
    assert!(page.contains("<table") && !page.contains('\u{1b}'));
}
