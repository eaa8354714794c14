use super::share::explain;
use super::*;
use crate::analysis::summarise;
use crate::analysis::testing::{self, cores, cores_sample};

const GCM: &str = "aes128-gcm@openssh.com";

fn of_rounds(cipher: &str, aes_disabled: bool, rates: &[f64]) -> Vec<CoresSample> {
    let samples =
        (1..).zip(rates).map(|(round, rate)| cores_sample(cipher, aes_disabled, round, *rate));
    samples.collect()
}

#[test]
fn a_figure_is_the_median_of_its_rounds_and_their_order_gives_its_interval() {
    // One round was disturbed.
    let samples =
        of_rounds(GCM, false, &[100.0, 102.0, 98.0, 101.0, 99.0, 100.0, 20.0, 103.0, 97.0]);
    let found = &figures(&samples)[..];
    let [figure] = found else { panic!("{found:?}") };
    assert_eq!((figure.samples, figure.mb_per_s.round()), (9, 100.0));
    // Of nine values the second and the eighth: 97 and 102.
    assert!((figure.half_percent.unwrap() - 2.5).abs() < 0.01, "{figure:?}");
    assert!((figure.cycles_per_byte.unwrap() - 36.0).abs() < 0.01, "{figure:?}");
}

#[test]
fn intervals_are_those_of_the_sign_test() {
    // Ranks from published tables (W. J. Conover, Practical Nonparametric Statistics, A3).
    for (many, cut) in [
        (1, None),
        (5, None),
        (6, Some(0)),
        (8, Some(0)),
        (9, Some(1)),
        (12, Some(2)),
        (20, Some(5)),
    ] {
        assert_eq!(outside(many), cut, "{many}");
    }
    let few = figures(&of_rounds(GCM, false, &[100.0, 101.0]));
    assert_eq!(few[0].half_percent, None);
}

#[test]
fn disabling_that_changes_nothing_is_ignored() {
    let mut samples = of_rounds(GCM, false, &[1000.0; 6]);
    samples.extend(of_rounds(GCM, true, &[990.0; 6]));
    let ignored = aes_settings(&figures(&samples));
    assert!(ignored.len() == 1 && ignored[0].is_ignored(), "{ignored:?}");
    samples.extend(of_rounds("aes128-ctr", false, &[1000.0; 6]));
    samples.extend(of_rounds("aes128-ctr", true, &[200.0; 6]));
    let heeded = aes_settings(&figures(&samples));
    assert!(heeded.len() == 1 && !heeded[0].is_ignored(), "{heeded:?}");
    // ChaCha20 has no use for AES instructions and shows nothing.
    let chacha = "chacha20-poly1305@openssh.com";
    let both = [of_rounds(chacha, false, &[500.0]), of_rounds(chacha, true, &[500.0])].concat();
    assert_eq!(aes_settings(&figures(&both)), []);
}

#[test]
fn a_kernel_that_claims_another_frequency_is_contradicted() {
    let mut cores = cores(of_rounds(GCM, false, &[1000.0; 6]));
    assert!(!frequency(&cores, 0).unwrap().is_contradicted());
    cores.header.hosts[0].claimed_hz = Some(2.6e9);
    assert!(frequency(&cores, 0).unwrap().is_contradicted());
    cores.header.hosts[0].claimed_hz = None;
    assert!(!frequency(&cores, 0).unwrap().is_contradicted());
    cores.samples.clear();
    assert_eq!(frequency(&cores, 0), None);
}

#[test]
fn the_share_of_the_cipher_is_that_of_the_library_code_on_the_same_host() {
    // The client spends 1 CPU-s per GB; its library encrypts a GB in a quarter of a second.
    let survey =
        testing::survey(vec![testing::sample(GCM, 1, 50.0), testing::sample(GCM, 2, 50.0)]);
    let measured = cores(of_rounds(GCM, false, &[4000.0; 6]));
    let mut summary = summarise(&survey);
    explain(&mut summary, &survey, std::slice::from_ref(&measured));
    let row = &summary.tables[0].sections[0].rows[0];
    let percent = row.client.as_ref().unwrap().cipher_percent.unwrap();
    assert!((percent - 25.0).abs() < 0.1, "{percent}");
    // pi1 is another host.
    assert_eq!(row.server.as_ref().unwrap().cipher_percent, None);

    // With AES disabled, or on another CPU, nothing was measured.
    let mut aes_disabled = survey.clone();
    aes_disabled.header.pairings[0].client.aes_disabled_by = Some("OPENSSL_ia32cap=0".into());
    let mut another = survey.clone();
    another.header.pairings[0].client.host.cpu_model = Some("another CPU".into());
    for survey in [aes_disabled, another] {
        let mut summary = summarise(&survey);
        explain(&mut summary, &survey, std::slice::from_ref(&measured));
        let row = &summary.tables[0].sections[0].rows[0];
        assert_eq!(row.client.as_ref().unwrap().cipher_percent, None);
    }
}
