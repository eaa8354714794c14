//! Conditions in which columns differ, so that figures may differ for another reason than the host.

use serde::Serialize;

use super::digest::Digest;
use super::host_column::HostColumn;
use crate::analysis::rows::unranked::Unranked;
use crate::model::record::{Header, PairedEnd, Pairing};
use crate::model::units::MB;
use crate::model::{Method, Sink};

/// One condition in which not all columns are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub what: &'static str,
    /// Each value with the columns that have it, the most frequent first.
    pub values: Vec<(String, Vec<String>)>,
    /// How that may affect the figures.
    pub effect: &'static str,
}

impl Difference {
    /// `the method differs: scp (nas), else pipe; …`
    pub fn text(&self) -> String {
        let named =
            |(value, labels): &(String, Vec<String>)| format!("{value} ({})", labels.join("; "));
        // The usual value is that of all columns that are not named.
        let values: Vec<String> = match self.values.as_slice() {
            [(usual, labels), rare @ ..] if labels.len() > 1 => {
                rare.iter().map(named).chain([format!("else {usual}")]).collect()
            }
            values => values.iter().map(named).collect(),
        };
        format!("{} differs: {}; {}", self.what, values.join(", "), self.effect)
    }
}

type Condition = fn(&Digest, &Pairing, &HostColumn) -> Option<String>;

/// What is compared, and how it may affect the figures.
const CONDITIONS: [(&str, Condition, &str); 10] = [
    ("the client's machine", client, "its CPU affects all figures but the server CPU"),
    ("the client program", program, "programs differ in the CPU they need for the same cipher"),
    ("the path", path, "on one machine both ends share its memory and cores"),
    ("the method", method, "the rates include reading and writing the data"),
    ("the size of the file", file_class, "start-up weighs more in a small one"),
    ("the MAC of a cipher", mac, "the CPU of CTR and CBC ciphers includes it"),
    ("the client's power profile", client_power, "it sets the frequency of the cores"),
    ("the server's power profile", server_power, "it sets the frequency of the cores"),
    ("RekeyLimit", rekey_limit, "each key exchange costs CPU and interrupts the transfer"),
    ("the proxy", proxy, "the client CPU includes its tunnel"),
];

/// What identifies a server: with hosts side by side it is what is compared, with one host at two
/// dates it is a difference.
const OF_THE_SERVER: [(&str, Condition, &str); 4] = [
    ("the target", target, "it may be another host"),
    ("the server's machine", server, "its CPU affects all figures but the client CPU"),
    (
        "the server program",
        server_program,
        "versions differ in the CPU they need for the same cipher",
    ),
    ("which ends use AES instructions", aes, "they decide which ciphers are cheap"),
];

/// The conditions in which hosts side by side differ.
pub fn differences(digests: &[Digest], columns: &[HostColumn]) -> Vec<Difference> {
    differing(&CONDITIONS, digests, columns)
}

/// The conditions in which one host differs from itself at another date.
pub fn differences_in_time(digests: &[Digest], columns: &[HostColumn]) -> Vec<Difference> {
    let mut found = differing(&OF_THE_SERVER, digests, columns);
    found.extend(differing(&CONDITIONS, digests, columns));
    found
}

fn differing(
    conditions: &[(&'static str, Condition, &'static str)],
    digests: &[Digest],
    columns: &[HostColumn],
) -> Vec<Difference> {
    let found = conditions.iter().filter_map(|&(what, value_of, effect)| {
        let mut values: Vec<(String, Vec<String>)> = Vec::new();
        for column in columns {
            let digest = &digests[column.survey];
            let pairing = &digest.header.pairings[column.pairing];
            // What is not known is no difference.
            let Some(value) = value_of(digest, pairing, column) else { continue };
            match values.iter_mut().find(|(known, _)| *known == value) {
                Some((_, labels)) => labels.push(column.label()),
                None => values.push((value, vec![column.label()])),
            }
        }
        values.sort_by_key(|(_, labels)| std::cmp::Reverse(labels.len()));
        (values.len() > 1).then_some(Difference { what, values, effect })
    });
    found.collect()
}

fn client(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    Some(machine(&pairing.client))
}

fn server(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    Some(machine(&pairing.server))
}

fn machine(end: &PairedEnd) -> String {
    let cpu = end.host.cpu_model.as_deref().unwrap_or(&end.host.machine);
    format!("{}, {cpu}", end.host.name)
}

fn target(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    Some(pairing.target.clone())
}

/// Its identification string.
fn server_program(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    Some(pairing.server.version.clone())
}

/// Not of loopback, whose columns differ in it on purpose.
fn aes(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    (!pairing.loopback).then(|| pairing.aes().to_string())
}

/// With its version, without that of the crypto library.
fn program(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    let PairedEnd { program, version, .. } = &pairing.client;
    let version = version.split([',', ' ']).next().unwrap_or_default();
    Some(if version.is_empty() { program.clone() } else { format!("{program} {version}") })
}

fn path(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    Some(if pairing.loopback { "one machine" } else { "a network" }.into())
}

fn method(digest: &Digest, _: &Pairing, column: &HostColumn) -> Option<String> {
    let into_file = column.method == Method::Pipe && digest.header.sink == Sink::File;
    Some(format!("{}{}", column.method, if into_file { " into a file" } else { "" }))
}

/// The size does not matter where `pipe` sends the file over and over.
fn file_class(digest: &Digest, _: &Pairing, column: &HostColumn) -> Option<String> {
    let Header { file, sink, .. } = &digest.header;
    if column.method == Method::Pipe && *sink == Sink::Null && !file.full {
        return None;
    }
    let class = match file.bytes as f64 / MB {
        mb if mb < 1.0 => "below 1 MB",
        mb if mb < 10.0 => "1 to 10 MB",
        mb if mb < 100.0 => "10 to 100 MB",
        mb if mb < 1000.0 => "100 MB to 1 GB",
        _ => "1 GB and more",
    };
    Some(class.into())
}

/// The MACs of the ciphers that need one.
fn mac(digest: &Digest, _: &Pairing, column: &HostColumn) -> Option<String> {
    let tables = digest.summary.tables.iter().filter(|table| table.method == column.method);
    let sections = tables.flat_map(|table| &table.sections);
    let own = sections.filter(|section| section.pairing == column.pairing);
    let mut macs: Vec<&str> = own
        .flat_map(|s| &s.rows)
        .filter(|row| row.unranked != Some(Unranked::NoCipher))
        .filter_map(|row| Some(row.mac.as_ref()?.as_str()))
        .collect();
    macs.sort_unstable();
    macs.dedup();
    (!macs.is_empty()).then(|| macs.join(" and "))
}

fn client_power(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    pairing.client.host.governor.clone()
}

fn server_power(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    pairing.server.host.governor.clone()
}

fn rekey_limit(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    Some(pairing.rekey_limit.clone().unwrap_or_else(|| "none".into()))
}

fn proxy(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    Some(pairing.proxy.clone().unwrap_or_else(|| "none".into()))
}
