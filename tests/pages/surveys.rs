//! The surveys whose pages are tested.

use std::path::{Path, PathBuf};

use cipher_survey::model::Survey;
use cipher_survey::model::journal::kind_of;
use serde_json::{Value, json};

use crate::schema_1::in_words_of_schema_2;

/// Those of earlier versions, by their names.
pub fn records() -> Vec<(String, Survey)> {
    journals("fixtures/records")
}

/// All of the repository.
pub fn kept() -> Vec<(String, Survey)> {
    [records(), results()].concat()
}

/// Those that are compared.
pub fn results() -> Vec<(String, Survey)> {
    journals("results")
}

fn journals(directory: &str) -> Vec<(String, Survey)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut paths = below(&root);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    // A journal of cores is no survey; its page is looked at with all others.
    paths.retain(|path| kind_of(&std::fs::read(path).unwrap()).as_deref() == Some("survey"));
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&root).unwrap().with_extension("");
        let name = name.to_string_lossy().replace('/', "-");
        (name, Survey::read(&std::fs::read(path).unwrap()).unwrap())
    };
    paths.iter().map(read).collect()
}

/// All files below a directory, sorted.
pub fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

/// Lines of a kept journal in the words of schema 2, to be changed.
fn lines(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = in_words_of_schema_2(&std::fs::read_to_string(path).unwrap());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn read(lines: &[Value]) -> Survey {
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    Survey::read(text.join("\n").as_bytes()).unwrap()
}

/// What means something to HTML, to a terminal, to the eye; and is wide and long.
pub const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\
    \u{202e}desrever\u{1b}[31m日本語日本語日本語日本語日本語日本語日本語日本語averyveryverylongwordwithoutaspace";

/// As long as the name of a host may well be, with a directory.
const LONG_TARGET: &str = "backup-operator@storage-node-17.rack-4.datacentre-north.example.org:\
    /srv/backups/databases/production/incoming";

/// Every text that comes from outside is hostile.
pub fn hostile() -> Survey {
    let mut lines = lines("fixtures/records/scp-1.jsonl");
    let header = &mut lines[0];
    header["file"]["name"] = json!(HOSTILE);
    header["started"] = json!(HOSTILE);
    header["command"] = json!([HOSTILE]);
    let mut rename = std::collections::BTreeMap::new();
    for pairing in header["pairings"].as_array_mut().unwrap() {
        pairing["target"] = json!(HOSTILE);
        for end in ["client", "server"] {
            pairing[end]["host"]["name"] = json!(HOSTILE);
            pairing[end]["host"]["cpu_model"] = json!(HOSTILE);
            pairing[end]["version"] = json!(HOSTILE);
        }
        pairing["skipped"] = json!([{ "cipher": HOSTILE, "reason": HOSTILE }]);
    }
    let mut number = 0;
    for sample in lines.iter_mut().filter(|line| line["kind"] == "sample") {
        let cipher = sample["cipher"].as_str().unwrap().to_owned();
        let known = rename.len();
        let name = rename.entry(cipher).or_insert_with(|| format!("{known}{HOSTILE}"));
        sample["cipher"] = json!(name);
        number += 1;
        if sample["phase"] == "round" && number % 5 == 0 {
            sample["outcome"] = json!("failed");
            sample["reason"] = json!(HOSTILE);
            sample["remedy"] = json!(HOSTILE);
        }
    }
    read(&lines)
}

const CIPHERS: [&str; 10] = [
    "chacha20-poly1305@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
    "aes128-cbc",
    "aes192-cbc",
    "aes256-cbc",
    "3des-cbc",
];

/// Ten ciphers, both directions, 500 samples of a target with a long name, from samples of a real
/// record: figures with all their digits, some nearly equal, some far off, one failed.
pub fn large() -> Survey {
    let kept = lines("results/loopback/survey.jsonl");
    let like = |direction: &str| {
        let own = |line: &&Value| {
            line["phase"] == "round"
                && line["direction"] == direction
                && line["cipher"] == "aes128-ctr"
                && line["pairing"] == 0
        };
        kept.iter().find(own).unwrap().clone()
    };
    let mut header = kept[0].clone();
    header["started"] = json!("2026-11-25T16:09:30Z");
    for pairing in header["pairings"].as_array_mut().unwrap() {
        pairing["target"] = json!(LONG_TARGET);
    }
    let mut all = vec![header];
    for round in 1..=25_u32 {
        for (direction, lag) in [("upload", 0), ("download", 2)] {
            for place in 0..CIPHERS.len() {
                all.push(changed(like(direction), round, place, lag));
            }
        }
    }
    all.push(kept.last().unwrap().clone());
    read(&all)
}

/// A sample as that of a round, of the cipher at a place of [`CIPHERS`], begun `lag` seconds late.
fn changed(mut sample: Value, round: u32, place: usize, lag: usize) -> Value {
    let cipher = CIPHERS[place];
    sample["cipher"] = json!(cipher);
    sample["negotiated"]["client_to_server"]["cipher"] = json!(cipher);
    sample["negotiated"]["server_to_client"]["cipher"] = json!(cipher);
    sample["round"] = json!(round);
    sample["at_s"] = json!(f64::from(round) * 20.0 + place as f64 * 1.01);
    sample["started"] = json!(format!("2026-11-25T16:{:02}:{:02}.5Z", 9 + round, 5 * place + lag));
    // In the plane of rate and cost some lie upon each other.
    let wobble = 1.0 + f64::from((round * 7 + place as u32 * 3) % 11) / 173.0;
    let slow = (1.0 + (place / 3) as f64 * 0.7) * wobble;
    for (end, times) in [("client", 0.3), ("server", 0.5)] {
        for key in ["user_s", "system_s", "total_s"] {
            let spent = &mut sample[end]["bulk"][key];
            *spent = json!(spent.as_f64().unwrap() * (0.7 + times * slow));
        }
    }
    sample["real_s"] = json!(sample["real_s"].as_f64().unwrap() * slow);
    if round == 7 && place == 4 {
        sample["outcome"] = json!("failed");
        sample["reason"] = json!("the connection was closed by the server");
    }
    sample
}
