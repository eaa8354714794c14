//! In what columns differ beside the ciphers, so that a difference between them may come of it.

use serde::Serialize;

use super::digest::Digest;
use super::host_column::HostColumn;
use crate::analysis::rows::unranked::Unranked;
use crate::model::record::{Header, PairedEnd, Pairing};
use crate::model::units::MB;
use crate::model::{Method, Sink};

/// One thing in which not all columns are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub what: &'static str,
    /// Each value with the columns that have it, the most frequent first.
    pub values: Vec<(String, Vec<String>)>,
    /// What that may do to the figures.
    pub effect: &'static str,
}

impl Difference {
    /// `the method differs: scp (nas), else pipe; …`
    pub fn text(&self) -> String {
        let named =
            |(value, labels): &(String, Vec<String>)| format!("{value} ({})", labels.join("; "));
        // The usual one is that of whatever is not named.
        let values: Vec<String> = match self.values.as_slice() {
            [(usual, labels), rare @ ..] if labels.len() > 1 => {
                rare.iter().map(named).chain([format!("else {usual}")]).collect()
            }
            values => values.iter().map(named).collect(),
        };
        format!("{} differs: {}; {}", self.what, values.join(", "), self.effect)
    }
}

type Tell = fn(&Digest, &Pairing, &HostColumn) -> Option<String>;

/// What is looked at, and what it may do.
const TELLS: [(&str, Tell, &str); 10] = [
    ("the client's machine", client, "its CPU is in all figures but the server's cost"),
    ("the client program", program, "programs differ in their cost for the same cipher"),
    ("the path", path, "on one machine both ends share its memory and its cores"),
    ("the method", method, "what reads and writes the bytes is in the rates"),
    ("the size of the file", file_class, "start-up weighs more in a small one"),
    ("the MAC of a cipher", mac, "it is in the cost of CTR and CBC ciphers"),
    ("the client's power profile", client_power, "it sets the clock of the cores"),
    ("the server's power profile", server_power, "it sets the clock of the cores"),
    ("RekeyLimit", rekey_limit, "each key exchange costs CPU and stops the flow"),
    ("the proxy", proxy, "its tunnel is in the client's CPU"),
];

/// What tells a server from another: of hosts side by side it is what is compared, of one host at two
/// dates it is a change.
const SERVER_TELLS: [(&str, Tell, &str); 4] = [
    ("the target", target, "it may be another host"),
    ("the server's machine", server, "its CPU is in all figures but the client's cost"),
    ("the server program", server_program, "versions differ in their cost for the same cipher"),
    ("which ends use AES instructions", aes, "they decide which ciphers are cheap"),
];

/// All in which hosts side by side differ beside the hosts.
pub fn differences(digests: &[Digest], columns: &[HostColumn]) -> Vec<Difference> {
    differing(&TELLS, digests, columns)
}

/// All in which one host differs from itself at another date.
pub fn differences_in_time(digests: &[Digest], columns: &[HostColumn]) -> Vec<Difference> {
    let mut found = differing(&SERVER_TELLS, digests, columns);
    found.extend(differing(&TELLS, digests, columns));
    found
}

fn differing(
    tells: &[(&'static str, Tell, &'static str)],
    digests: &[Digest],
    columns: &[HostColumn],
) -> Vec<Difference> {
    let found = tells.iter().filter_map(|&(what, tell, effect)| {
        let mut values: Vec<(String, Vec<String>)> = Vec::new();
        for column in columns {
            let digest = &digests[column.survey];
            let pairing = &digest.header.pairings[column.pairing];
            // What is not known differs from nothing.
            let Some(value) = tell(digest, pairing, column) else { continue };
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

/// All that its identification string says.
fn server_program(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    Some(pairing.server.version.clone())
}

/// Of a survey that masks it is what tells its columns apart.
fn aes(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    (!pairing.loopback).then(|| pairing.aes().to_string())
}

/// With its version, without the crypto library's.
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

/// Of what `pipe` sends again and again the size is of no account.
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

/// Of the ciphers that need one.
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
    Some(pairing.rekey_limit.clone().unwrap_or_else(|| "none set".into()))
}

fn proxy(_: &Digest, pairing: &Pairing, _: &HostColumn) -> Option<String> {
    Some(pairing.proxy.clone().unwrap_or_else(|| "none".into()))
}
