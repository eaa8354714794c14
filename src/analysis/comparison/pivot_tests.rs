//! Synthetic surveys side by side.

use super::*;
use crate::analysis::comparison::measure::Ends;
use crate::analysis::testing::{self, each, failed, loopback, rounds, sample, survey, with_mac};
use crate::model::Survey;
use crate::model::record::{Sample, Skip};
use crate::stats::race::Label;

const CHACHA: &str = "chacha20-poly1305@openssh.com";
const GCM: &str = "aes128-gcm@openssh.com";
const CTR: &str = "aes128-ctr";

const THROUGHPUT: Measure = Measure { by: By::Throughput, ends: Ends::Both };

fn digest(survey: Survey) -> Digest {
    Digest::of("a.jsonl".into(), survey)
}

/// A host of this class at these rates, each cipher in four rounds.
fn host(target: &str, aes: AesClass, rates: &[(&str, f64)]) -> Digest {
    let samples = rates
        .iter()
        .flat_map(|&(cipher, rate)| rounds(cipher, [rate, rate * 1.01, rate * 0.99, rate * 1.002]));
    let mut survey = survey(samples.collect());
    survey.header.pairings = vec![testing::pairing(target)];
    survey.header.pairings[0].server.host.aes.class = aes;
    digest(survey)
}

fn line<'a>(table: &'a PivotTable, cipher: &str) -> &'a CipherRow {
    table.rows.iter().find(|line| line.cipher.as_str() == cipher).unwrap()
}

fn close(found: Option<f64>, expected: f64) {
    let found = found.expect("a figure");
    assert!((found / expected - 1.0).abs() < 0.02, "{found} is not {expected}");
}

#[test]
fn hosts_are_grouped_by_class_and_each_class_has_its_best() {
    let digests = [
        host("pi1", AesClass::NoAes, &[(GCM, 20.0), (CHACHA, 40.0)]),
        host("desk2", AesClass::Aes, &[(GCM, 400.0), (CHACHA, 300.0)]),
        host("box", AesClass::Unknown, &[(GCM, 50.0), (CHACHA, 60.0)]),
        host("pi0", AesClass::NoAes, &[(GCM, 10.0), (CHACHA, 80.0)]),
    ];
    let pivot = pivot(&digests, THROUGHPUT, &[Direction::Upload, Direction::Download]);
    let targets: Vec<&str> = pivot.columns.iter().map(|column| column.target.as_str()).collect();
    assert_eq!(targets, ["desk2", "pi1", "pi0", "box"]);
    let classes: Vec<_> =
        pivot.classes.iter().map(|class| (class.aes, class.columns.len())).collect();
    assert_eq!(classes, [(AesClass::Aes, 1), (AesClass::NoAes, 2), (AesClass::Unknown, 1)]);
    // Nothing was downloaded.
    assert_eq!(pivot.tables.len(), 1);
    let table = &pivot.tables[0];
    assert_eq!(table.rows[0].cipher.as_str(), GCM, "the best of the first class comes first");
    let (gcm, chacha) = (line(table, GCM), line(table, CHACHA));
    assert_eq!((gcm.times_best[0], chacha.times_best[1]), (Some(1.0), Some(1.0)));
    close(chacha.times_best[0], 0.75);
    // The geometric mean of 1/2 and 1/8.
    close(gcm.times_best[1], 0.25);
    let cell = gcm.cells[0].measured().unwrap();
    close(Some(cell.value), 400.0);
    assert_eq!(cell.label, Some(Label::Lead));
    assert!(cell.half_percent.is_some_and(|half| half < 10.0), "{cell:?}");
}

#[test]
fn hosts_that_lack_a_cipher_are_out_of_its_ratio() {
    let digests = [
        host("pi1", AesClass::NoAes, &[(GCM, 20.0), (CHACHA, 40.0)]),
        host("pi2", AesClass::NoAes, &[(GCM, 90.0)]),
        host("pi3", AesClass::NoAes, &[(GCM, 20.0), (CTR, 100.0)]),
        host("pi4", AesClass::NoAes, &[(GCM, 20.0), (CHACHA, 40.0)]),
        host("pi5", AesClass::NoAes, &[(GCM, 20.0), (CHACHA, 40.0)]),
    ];
    let pivot = pivot(&digests, THROUGHPUT, &[Direction::Upload]);
    let table = &pivot.tables[0];
    // CTR, on one host of five, is not the class's best; against the best it was never measured.
    close(line(table, CHACHA).times_best[0], 1.0);
    close(line(table, GCM).times_best[0], 0.5);
    assert_eq!(line(table, CTR).times_best[0], None);
}

#[test]
fn an_end_with_aes_disabled_has_no_aes_and_the_class_is_that_of_the_end_asked_for() {
    let samples = each(rounds(GCM, [50.0; 3]), |sample| sample.pairing = 1);
    let mut both = rounds(GCM, [90.0; 3]);
    both.extend(samples);
    let digests = [digest(loopback(both))];
    let classes = |ends| {
        let pivot = pivot(&digests, Measure { by: By::Cost, ends }, &[Direction::Upload]);
        pivot.columns.iter().map(|column| column.aes).collect::<Vec<_>>()
    };
    assert_eq!(classes(Ends::Client), [AesClass::Aes, AesClass::Aes]);
    assert_eq!(classes(Ends::Server), [AesClass::Aes, AesClass::NoAes]);
    assert_eq!(classes(Ends::Both), [AesClass::Aes, AesClass::NoAes]);
    let pivot = pivot(&digests, THROUGHPUT, &[Direction::Upload]);
    assert_eq!(pivot.columns[1].details, ["AES at the client only"]);
    assert!(pivot.columns[1].evidence.contains("disabled by OPENSSL_ia32cap="), "{pivot:?}");
}

#[test]
fn the_class_is_unknown_where_the_figures_contradict_the_profile() {
    // Like an emulated server: busy, and AES-GCM by far the more expensive one.
    let busy = |cipher: &str, server_s: f64| {
        each(rounds(cipher, [50.0; 3]), |sample| {
            sample.server = Some(testing::spent(crate::model::Source::Process, server_s));
        })
    };
    let mut survey = survey([busy(GCM, 1.9), busy(CHACHA, 0.9)].concat());
    survey.header.pairings[0].server.host.aes.class = AesClass::Aes;
    let column = &pivot(&[digest(survey)], THROUGHPUT, &[Direction::Upload]).columns[0];
    assert_eq!(column.aes, AesClass::Unknown);
    assert!(column.evidence.contains("but AES-GCM costs it 19.0 CPU-s per GB"), "{column:?}");
}

#[test]
fn what_was_not_measured_has_a_reason() {
    let mut samples = rounds(GCM, [50.0; 3]);
    samples.push(failed(sample("3des-cbc", 1, 1.0), "no matching cipher", None));
    samples.extend(each(rounds(CTR, [50.0; 3]), |sample| sample.server = None));
    let mut one = survey(samples);
    one.header.pairings[0].skipped =
        vec![Skip { cipher: CHACHA.into(), mac: None, reason: "not offered by the server".into() }];
    let digests =
        [digest(one), host("pi2", AesClass::NoAes, &[(CHACHA, 40.0), ("aes256-ctr", 30.0)])];
    let measure = Measure { by: By::Cost, ends: Ends::Server };
    let table = &pivot(&digests, measure, &[Direction::Upload]).tables[0];
    let reason = |cipher: &str| line(table, cipher).cells[0].missing().unwrap().to_owned();
    assert_eq!(reason(CHACHA), "not offered by the server");
    assert_eq!(reason("3des-cbc"), "all its samples failed");
    assert_eq!(reason(CTR), "the server's CPU could not be read");
    assert_eq!(reason("aes256-ctr"), NOT_ASKED);
}

#[test]
fn columns_of_one_target_have_details_and_several_macs_have_rows() {
    let sd = host("pi1:/sd", AesClass::NoAes, &[(GCM, 20.0)]);
    let mut usb = host("pi1:/usb", AesClass::NoAes, &[(GCM, 20.0)]);
    usb.header.started = "2026-02-04T04:05:06Z".into();
    let mut again = host("pi1:/usb", AesClass::NoAes, &[(GCM, 20.0)]);
    again.header.pairings[0].client.program = "russh".into();
    let digests = [sd, usb, again];
    let one = pivot(&digests, THROUGHPUT, &[Direction::Upload]);
    let labels: Vec<String> = one.columns.iter().map(HostColumn::label).collect();
    assert_eq!(labels, ["pi1:/sd", "pi1:/usb, ssh/sshd", "pi1:/usb, russh/sshd"]);

    let mut samples: Vec<Sample> = rounds(CTR, [50.0; 3]);
    samples.extend(each(rounds(CTR, [40.0; 3]), with_mac("hmac-sha2-512")));
    let several = [digest(survey(samples))];
    assert_eq!(pivot(&several, THROUGHPUT, &[Direction::Upload]).tables[0].rows.len(), 2);
}

#[test]
fn differences_name_the_columns_that_differ() {
    let mut scp = host("pi1", AesClass::NoAes, &[(CTR, 20.0)]);
    scp.header.file.bytes = 5_000_000;
    scp.header.pairings[0].rekey_limit = Some("1G".into());
    scp.header.pairings[0].server.host.governor = Some("powersave".into());
    let mut samples = rounds(CTR, [50.0; 3]);
    samples = each(samples, with_mac("hmac-sha2-512"));
    let mut other = digest(survey(samples));
    other.header.pairings[0].target = "pi2".into();
    other.header.pairings[0].server.host.governor = Some("performance".into());
    let third = host("pi3", AesClass::NoAes, &[(CTR, 20.0)]);
    let digests = [scp, other, third];
    let differences = pivot(&digests, THROUGHPUT, &[Direction::Upload]).differences;
    let told: Vec<String> = differences.iter().map(Difference::text).collect();
    let whats: Vec<&str> = differences.iter().map(|differences| differences.what).collect();
    assert_eq!(
        whats,
        ["the size of the file", "the MAC of a cipher", "the server's power profile", "RekeyLimit"]
    );
    assert_eq!(
        told[0],
        "the size of the file differs: 1 to 10 MB (pi1), else 1 GB and more; start-up weighs more \
         in a small one"
    );
    assert!(told[2].contains("powersave (pi1), performance (pi2);"), "{told:?}");
}

#[test]
fn each_figure_is_its_own() {
    let digests = [host("pi1", AesClass::NoAes, &[(GCM, 50.0), (CHACHA, 40.0)])];
    let value = |by, ends| {
        let pivot = pivot(&digests, Measure { by, ends }, &[Direction::Upload]);
        line(&pivot.tables[0], GCM).cells[0].measured().map(|cell| cell.value)
    };
    close(value(By::Throughput, Ends::Client), 50.0);
    close(value(By::Cost, Ends::Client), 1.0);
    close(value(By::Cost, Ends::Server), 2.0);
    close(value(By::Cost, Ends::Both), 3.0);
    close(value(By::MbPerCpuS, Ends::Both), 1000.0 / 3.0);
    close(value(By::MbPerCpuS, Ends::Server), 500.0);
    close(value(By::Core, Ends::Client), 5.0);
    close(value(By::Core, Ends::Both), 15.0);
    // A slower transfer uses less of a core, so nothing is the best.
    let measure = Measure { by: By::Core, ends: Ends::Both };
    let cores = pivot(&digests, measure, &[Direction::Upload]);
    assert!(cores.tables[0].rows.iter().all(|line| line.times_best == [None]), "{cores:?}");
}

#[test]
fn a_host_whose_bottleneck_is_the_path_is_in_no_ratio() {
    let mut bottleneck = host("slow-link", AesClass::NoAes, &[(GCM, 11.9), (CHACHA, 11.9)]);
    for row in &mut bottleneck.summary.tables[0].sections[0].rows {
        let bottleneck = row.bottleneck.as_mut().unwrap();
        bottleneck.kind = crate::analysis::bottleneck::kind::BottleneckKind::Network;
    }
    let digests = [host("pi1", AesClass::NoAes, &[(GCM, 20.0), (CHACHA, 40.0)]), bottleneck];
    let table = &pivot(&digests, THROUGHPUT, &[Direction::Upload]).tables[0];
    assert_eq!(table.path_limited, [1]);
    close(line(table, GCM).times_best[0], 0.5);
    let cost = Measure { by: By::Cost, ends: Ends::Both };
    assert_eq!(pivot(&digests, cost, &[Direction::Upload]).tables[0].path_limited, [0; 0]);
}
