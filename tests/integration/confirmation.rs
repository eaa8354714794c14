//! Copies after the rounds, with the default and with the recommended cipher.

use serde_json::Value;

use crate::testbed::{CHACHA, GCM, Testbed, measured};

/// The copies of a survey: pair, cipher, sample.
fn copies(survey: &Value) -> Vec<(u64, String, &Value)> {
    let samples = survey["samples"].as_array().unwrap().iter();
    let own = samples.filter(|sample| sample["phase"] == "confirmation");
    own.map(|sample| {
        let cipher = sample["cipher"].as_str().unwrap().to_owned();
        (sample["round"].as_u64().unwrap(), cipher, sample)
    })
    .collect()
}

#[test]
fn the_users_own_command_confirms_the_advice() {
    let (testbed, client, _quota) = Testbed::slow_by_default();
    let file = testbed.file("file.iso", 24 << 20);
    let survey = testbed.survey(&[
        "--rounds",
        "3",
        "--directions",
        "upload",
        "--client",
        &client,
        &testbed.target(),
        file.to_str().unwrap(),
    ]);
    let advice = &survey["advice"][0];
    let speed = &advice["goals"][0];
    assert_eq!(
        (&speed["goal"], &speed["keep_default"]),
        (&"speed".into(), &false.into()),
        "{advice}"
    );
    let found = &advice["confirmation"];
    assert_eq!(
        (&found["method"], &found["direction"]),
        (&"scp".into(), &"upload".into()),
        "{found}"
    );
    assert_eq!((&found["bytes"], &found["whole"]), (&(24 << 20).into(), &true.into()));
    assert_eq!(found["against"]["cipher"], "aes256-ctr");
    assert_eq!(found["recommended"]["cipher"], speed["choice"]["cipher"]);
    for copies in [&found["against"], &found["recommended"]] {
        assert!(copies["copies"].as_u64().unwrap() >= 1, "{found}");
        assert!(
            copies["real_s"].as_f64().unwrap() > 0.0
                && copies["predicted_s"].as_f64().unwrap() > 0.0
        );
    }
    assert_ne!(found["verdict"], "failed", "{found}");
    assert!(found["times"]["low"].as_f64().unwrap() > 0.0);
    // Each copy is proved as any sample is, in pairs of both ciphers, and is in no table.
    let copies = copies(&survey);
    assert!((2..=8).contains(&copies.len()), "{} copies", copies.len());
    for (pair, cipher, sample) in &copies {
        assert_eq!(sample["outcome"], "measured", "{sample}");
        assert_eq!(sample["negotiated"]["client_to_server"]["cipher"], **cipher);
        assert_eq!(sample["bytes"], 24 << 20);
        let seconds = |key: &str| sample[key].as_f64().unwrap();
        assert!(seconds("whole_s") >= seconds("setup_s") + seconds("real_s") - 1e-3, "{sample}");
        let pairs = copies.iter().filter(|(other, ..)| other == pair).count();
        assert!(pairs <= 2, "{pairs} copies of pair {pair}");
    }
    assert!(measured(&survey).iter().all(|sample| sample["phase"] == "round"));
    testbed.assert_nothing_left();
}

/// Whatever is the fastest on this machine now.
#[test]
fn a_default_that_is_kept_is_copied_with_the_fastest_other_cipher() {
    let testbed = Testbed::new();
    let file = testbed.file("file.iso", 8 << 20);
    let ciphers = format!("{CHACHA},aes128-ctr,{GCM}");
    let base = ["--rounds", "3", "--directions", "download", "--ciphers", &ciphers];
    let survey =
        testbed.survey(&[&base[..], &[&testbed.target(), file.to_str().unwrap()]].concat());
    let (speed, found) = (&survey["advice"][0]["goals"][0], &survey["advice"][0]["confirmation"]);
    assert!(copies(&survey).len() >= 4, "{survey}");
    let (against, recommended) = (&found["against"]["cipher"], &found["recommended"]["cipher"]);
    assert_ne!(against, recommended, "{found}");
    if found["verdict"] != "contradicted" {
        assert_eq!(found["keeps_default"], speed["keep_default"], "{found}");
        assert_eq!(*recommended, speed["choice"]["cipher"], "{found}");
    }
    let by_default = if found["keeps_default"] == true { recommended } else { against };
    assert_eq!(*by_default, CHACHA, "{found}");
    testbed.assert_nothing_left();
}

#[test]
fn without_file_or_where_it_is_not_wanted_nothing_is_copied() {
    let testbed = Testbed::new();
    let file = testbed.file("file.iso", 4 << 20);
    let (file, target) = (file.to_str().unwrap(), testbed.target());
    let plans_copies = |arguments: &[&str]| {
        let run = testbed.run(&[&["--dry-run"], arguments].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        run.stderr.contains("copies in 25 s to confirm the advice")
    };
    assert!(plans_copies(&[&target, file]));
    assert!(!plans_copies(&[&target, file, "--no-confirm"]));
    assert!(!plans_copies(&[&target, file, "--rounds", "2"]));
    assert!(!plans_copies(&[&target, file, "--quick"]));
    assert!(!plans_copies(&[&target]));
    testbed.assert_nothing_left();
}
