//! What schema 1 called things, and what schema 2 calls them.

use serde_json::{Map, Value};

/// Keys of a journal.
const KEYS: [(&str, &str); 9] = [
    ("unasked", "by_default"),
    ("far_storage", "remote_storage"),
    ("near_storage", "local_storage"),
    ("beside", "plain_tcp"),
    ("mask", "aes_disabled_by"),
    ("handshake", "setup"),
    ("handshake_s", "setup_s"),
    ("near_host", "local_host"),
    ("far_host", "remote_host"),
];

/// Values of a journal, with their keys.
const VALUES: [(&str, &str, &str); 5] = [
    ("schema", "cipher-survey/1", "cipher-survey/2"),
    ("kind", "trial", "sample"),
    ("phase", "pilot", "calibration"),
    ("source", "inside", "process"),
    ("source", "reaper", "listener"),
];

/// A journal in the words of schema 2; one that is in them already stays as it is.
pub fn in_words_of_schema_2(journal: &str) -> String {
    let mut text = journal.to_owned();
    for (old, new) in KEYS {
        text = text.replace(&format!("\"{old}\":"), &format!("\"{new}\":"));
    }
    for (key, old, new) in VALUES {
        text = text.replace(&format!("\"{key}\":\"{old}\""), &format!("\"{key}\":\"{new}\""));
    }
    text
}

/// What a program that wrote schema 1 printed as JSON, in the words of today's.
pub fn printed_in_words_of_schema_2(printed: Value) -> Value {
    match printed {
        Value::Object(object) => {
            let is = |key: &str| object.contains_key(key);
            let (is_bottleneck, is_warning) = (is("evidence") && is("limit"), is("kind"));
            let renamed = |(key, value): (&String, &Value)| {
                let new = match key.as_str() {
                    "limit" if is_bottleneck => "kind",
                    "limit" if !is_warning => "bottleneck",
                    "cores" if !is_warning => "cpu",
                    other => printed_key(other),
                };
                (new.to_owned(), printed_in_words_of_schema_2(value.clone()))
            };
            Value::Object(object.iter().map(renamed).collect::<Map<_, _>>())
        }
        Value::Array(values) => values.into_iter().map(printed_in_words_of_schema_2).collect(),
        Value::String(text) => Value::String(printed_value(&text).to_owned()),
        other => other,
    }
}

fn printed_key(key: &str) -> &str {
    match key {
        "advice" => "goals",
        "apart" => "unranked",
        "ceiling" => "upper_bound",
        "handshake_s" => "setup_s",
        "inside" => "remaining",
        "mask" => "aes_disabled_by",
        "maskings" => "aes_settings",
        "recommendations" => "advice",
        "sessions" => "transfers_per_core",
        "times_unasked" => "times_default",
        "trials" => "samples",
        "unasked" => "is_default",
        other => other,
    }
}

fn printed_value(value: &str) -> &str {
    match value {
        "beside" => "plain_tcp",
        "inside" => "process",
        "label_contradicted" => "aes_contradicted",
        "least_here" => "local_cpu",
        "least_there" => "remote_cpu",
        "long_handshake" => "long_setup",
        "mask_unseen" => "aes_stays_enabled",
        "not_masked" => "aes_not_disabled",
        "reaper" => "listener",
        // What was said of the AES states of the client and the server.
        "on/on" => "both",
        "on/off" => "client",
        "off/on" => "server",
        "off/off" => "neither",
        other => other,
    }
}
