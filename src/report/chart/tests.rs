//! Charts of surveys with known figures.

use super::panel::{ENDS, Panel, panels};
use super::*;
use crate::analysis::testing::{
    self, each, failed, loopback, rounds, sample, spent, survey, with_mac,
};
use crate::analysis::{Summary, summarise};
use crate::model::record::{PlainTcp, Sample, Stream};
use crate::model::{Direction, Source, Survey};

const CHACHA: &str = "chacha20-poly1305@openssh.com";
const GCM: &str = "aes128-gcm@openssh.com";

/// Both directions of two ciphers, GCM at half the rate and double the server's cost.
fn samples() -> Vec<Sample> {
    let mut samples = rounds(CHACHA, [40.0, 40.4, 39.6]);
    samples.extend(each(rounds(GCM, [20.0, 20.2, 19.8]), |sample| {
        sample.server = Some(spent(Source::Process, 0.4));
    }));
    let back = each(samples.clone(), |sample| sample.direction = Direction::Download);
    samples.extend(back);
    samples
}

fn with<T>(survey: &Survey, look: impl Fn(&[Panel]) -> T) -> T {
    let summary: Summary = summarise(survey);
    look(&panels(survey, &summary.tables))
}

fn svg(chart: &Chart) -> String {
    chart.drawings.iter().map(|drawing| drawing.marks.0.as_str()).collect()
}

fn values(chart: &Chart, row: usize) -> Vec<Option<f64>> {
    chart.grid.rows[row].1.iter().map(|cell| cell.value).collect()
}

fn close(found: Option<f64>, expected: f64) {
    let found = found.expect("a figure");
    assert!((found - expected).abs() < 0.02 * expected, "{found} is not {expected}");
}

#[test]
fn each_pairing_and_method_is_a_panel_with_both_directions() {
    let aes_disabled = each(samples(), |sample| sample.pairing = 1);
    let titles = |survey: &Survey| {
        with(survey, |panels| {
            let of = |panel: &Panel| (panel.title.clone(), panel.ways.len(), panel.choices.len());
            panels.iter().map(of).collect::<Vec<_>>()
        })
    };
    let both = titles(&loopback([samples(), aes_disabled].concat()));
    let expected =
        [("loopback, AES at both ends", 2, 2), ("loopback, AES at the client only", 2, 2)];
    assert_eq!(both, expected.map(|(title, ways, choices)| (title.to_owned(), ways, choices)));
    assert_eq!(titles(&survey(rounds(GCM, [1.0; 3]))), [("pi1".to_owned(), 1, 1)]);
}

#[test]
fn the_upper_bound_is_a_line_where_it_is_known() {
    let mut survey = survey(samples());
    let of = |survey: &Survey| with(survey, |panels| throughput::chart(&panels[0]));
    let bound = of(&survey);
    assert!(!svg(&bound).contains("class=\"bound"));
    assert!(bound.caption[1].ends_with("(a lower bound, so no line)."), "{:?}", bound.caption);
    close(values(&bound, 0)[0], 40.0);

    let upload = Some(Stream { bytes: 50_000_000, seconds: 1.0 });
    survey.header.pairings[0].plain_tcp = Some(PlainTcp { port: 1, upload, download: None });
    let known = of(&survey);
    assert_eq!(svg(&known).matches("class=\"bound up\"").count(), 1);
    assert!(svg(&known).contains("↑ plain TCP 50.0 MB/s"));
}

#[test]
fn an_interval_is_as_many_times_below_as_above() {
    let chart = with(&survey(samples()), |panels| throughput::chart(&panels[0]));
    let values = values(&chart, 0);
    let [Some(rate), Some(low), Some(high)] = values[..3] else { panic!("{values:?}") };
    assert!(low < rate && rate < high);
    close(Some(rate / low), high / rate);
}

#[test]
fn the_split_is_of_the_fine_total() {
    let coarse = each(samples(), |sample| {
        // The kernel's sample saw less than the fine-grained total.
        let bulk = &mut sample.client.as_mut().unwrap().bulk;
        (bulk.user_s, bulk.system_s, bulk.total_s) = (0.03, 0.01, 0.1);
    });
    let summary = summarise(&survey(coarse));
    let row = &summary.tables[0].sections[0].rows[0];
    let work = cpu::work(row, ENDS[0]).unwrap();
    close(Some(work.user + work.system), row.client.as_ref().unwrap().core_percent.unwrap());
    close(Some(work.user), 3.0 * work.system);
    close(Some(work.user), 3.0);
}

#[test]
fn seconds_are_those_of_the_whole_file() {
    let survey = survey(samples());
    let bytes = survey.header.file.bytes;
    let chart = with(&survey, |panels| seconds::chart(&panels[0], bytes));
    let scale = bytes as f64 / testing::BYTES as f64;
    let values = values(&chart, 0);
    // With the setup.
    close(values[1], 0.25 + 2.5 * scale);
    close(values[2], 0.01 + 0.075 * scale);
    close(values[3], 0.01 + 0.025 * scale);
    assert!(chart.caption[0].contains("~: put together"));
    assert_eq!(svg(&chart).matches("class=\"mark\"").count(), 8);
}

#[test]
fn costs_are_against_the_cheapest() {
    let chart = with(&survey(samples()), |panels| relative::chart(&panels[0]));
    assert_eq!(values(&chart, 0)[..3], [Some(1.0), None, None]);
    let costly = values(&chart, 1);
    close(costly[0], 5.0 / 3.0);
    assert!(costly[1].unwrap() <= costly[0].unwrap() && costly[0].unwrap() <= costly[2].unwrap());
    assert!(svg(&chart).contains("1.67×"));
}

#[test]
fn what_nothing_beats_at_both_is_the_front() {
    let chart = with(&survey(samples()), |panels| efficiency::chart(&panels[0]));
    assert_eq!(chart.grid.rows[0].1[2].shown, "yes");
    assert_eq!(chart.grid.rows[1].1[2].shown, "");
    assert_eq!(svg(&chart).matches("class=\"up behind\"").count(), 1);
    assert_eq!(chart.names, [CHACHA, GCM]);
}

#[test]
fn samples_are_in_the_strip_of_their_mac_and_failures_are_marked() {
    let ctr = rounds("aes128-ctr", [50.0, 51.0, 52.0]);
    let mut all = each(ctr.clone(), with_mac("hmac-sha2-512"));
    all.extend(each(ctr, with_mac("umac-128@openssh.com")));
    let mut lost = failed(sample("aes128-ctr", 4, 1.0), "lost", None);
    with_mac("hmac-sha2-512")(&mut lost);
    lost.negotiated = None;
    all.push(lost);
    let survey = survey(all);
    let chart = with(&survey, |panels| drift::chart(&panels[0], &survey));
    let counts: Vec<_> = (0..2).map(|row| values(&chart, row)[1..3].to_vec()).collect();
    assert!(counts.contains(&vec![Some(3.0), Some(1.0)]), "{counts:?}");
    assert!(counts.contains(&vec![Some(3.0), Some(0.0)]), "{counts:?}");
    assert_eq!(svg(&chart).matches("class=\"failed\"").count(), 1);
    assert_eq!(chart.key.last().unwrap().1, "failed");
}

#[test]
fn nothing_lies_at_what_is_no_number() {
    const EXTREMES: [(u64, f64); 7] = [
        (0, 0.0),
        (0, 1.0),
        (1, 0.0),
        (1, 1e308),
        (1 << 60, 1e-308),
        (1 << 60, 5e-324),
        (9, f64::MAX),
    ];
    // Each extreme in one sample, then one of them in all samples of a cipher.
    let mixed = |index: usize, _: &str| EXTREMES[index % EXTREMES.len()];
    let surveys = EXTREMES.iter().map(|&of_gcm| {
        survey_of(|_, cipher| if cipher == GCM { of_gcm } else { (testing::BYTES, 2.0) })
    });
    for survey in surveys.chain([survey_of(mixed)]) {
        with(&survey, |panels| {
            for chart in crate::report::html::figure::all(&panels[0], &survey) {
                let svg = svg(&chart);
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}: {svg}", chart.title);
                assert!(!svg.contains("width=\"-"), "nothing is less than nothing: {svg}");
            }
        });
    }
}

/// The samples with bytes and seconds, of the transfer and of both ends' CPU, by their index and
/// cipher.
fn survey_of(numbers: impl Fn(usize, &str) -> (u64, f64)) -> Survey {
    let mut samples = samples();
    for (index, sample) in samples.iter_mut().enumerate() {
        let (bytes, seconds) = numbers(index, sample.cipher.as_str());
        (sample.bytes, sample.real_s) = (Some(bytes), Some(seconds));
        for bulk in
            [&mut sample.client, &mut sample.server].into_iter().flatten().map(|end| &mut end.bulk)
        {
            (bulk.user_s, bulk.system_s, bulk.total_s) = (seconds, seconds, seconds);
        }
    }
    survey(samples)
}

#[test]
fn what_was_not_measured_is_said_and_not_drawn() {
    let none = each(samples(), |sample| sample.server = None);
    let survey = survey(none);
    with(&survey, |panels| {
        for chart in
            [cpu::chart(&panels[0]), seconds::chart(&panels[0], 1), relative::chart(&panels[0])]
        {
            assert!(svg(&chart).contains("not measured"), "{}", chart.title);
            assert!(!svg(&chart).contains("NaN"), "{}", chart.title);
        }
        assert!(efficiency::chart(&panels[0]).drawings[0].description.starts_with("Nothing was"));
    });
}
