//! `docs/hosts.md` says what the matrix proves.

use std::fs;
use std::path::Path;

use crate::matrix::{METHODS, Outcome, Row, Server};
use crate::{accounts, clients, guest, networks, servers, sftp, systems, tools};

/// The tables of the page: headings and rows.
const TABLES: &[(&str, &[Row])] = &[
    ("Accounts and shells", accounts::ROWS),
    ("Servers", servers::ROWS),
    ("Hosts without SFTP", sftp::ROWS),
    ("Client programs", clients::ROWS),
    ("Systems", systems::ROWS),
    ("Programs of the remote host", tools::ROWS),
    ("Networks and ways", networks::ROWS),
    ("Hosts that take few connections", guest::ROWS),
];

fn line(row: &Row) -> String {
    let yes = |method: &str, methods: &[&str]| if methods.contains(&method) { "yes" } else { "no" };
    let (methods, server) = match &row.outcome {
        Outcome::Refused(_) => (&[][..], "refused with the reason"),
        Outcome::Surveyed { methods, server } => {
            let server = match server {
                Server::Process => "process",
                Server::Host => "host",
                Server::Missing(_) => "none, with the reason",
            };
            (*methods, server)
        }
    };
    let [sftp, pipe, scp] = ["sftp", "pipe", "scp"].map(|method| yes(method, methods));
    format!("| {} | {sftp} | {pipe} | {scp} | {server} | {} |\n", row.host, row.note)
}

fn table(rows: &[Row]) -> String {
    let head = "| host | sftp | pipe | scp | server's CPU | |\n\
                | --- | --- | --- | --- | --- | --- |\n";
    head.chars().chain(rows.iter().flat_map(|row| line(row).chars().collect::<Vec<_>>())).collect()
}

/// The page with its tables as the matrix has them; all else stays.
fn renewed(page: &str) -> String {
    let mut renewed = String::new();
    let mut skipping = false;
    for text in page.split_inclusive('\n') {
        skipping &= text.starts_with('|') || text == "\n";
        if !skipping {
            renewed += text;
        }
        let heading = text.trim_end().strip_prefix("## ");
        if let Some((_, rows)) = TABLES.iter().find(|(name, _)| Some(*name) == heading) {
            renewed += &format!("\n{}\n", table(rows));
            skipping = true;
        }
    }
    renewed
}

#[test]
fn the_page_lists_every_host_as_the_matrix_has_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hosts.md");
    let page = fs::read_to_string(&path).unwrap();
    for (name, _) in TABLES {
        assert!(page.contains(&format!("\n## {name}\n")), "docs/hosts.md has no part {name}");
    }
    let renewed = renewed(&page);
    if std::env::var_os("CIPHER_SURVEY_ACCEPT").is_some() {
        fs::write(path, renewed).unwrap();
        return;
    }
    assert!(page == renewed, "docs/hosts.md is not what the matrix says; it should be\n{renewed}");
}

#[test]
fn a_host_that_is_refused_has_its_reason_on_the_page() {
    for row in TABLES.iter().flat_map(|(_, rows)| *rows) {
        let all = matches!(&row.outcome, Outcome::Surveyed { methods, server: Server::Process }
            if methods.len() == METHODS.len() || row.arguments.contains(&"--method"));
        assert!(all || !row.note.is_empty(), "{}", row.host);
    }
}
