//! `cipher-survey list [TARGET]`: the ciphers of the client, and those that a server offers.

use std::io::Write;

use anyhow::{Context, Result, bail};
use comfy_table::{LineStyle, Table, TableStyle};

use super::{Status, output, run::connection, unless_interrupted};
use crate::analysis::expectation::expectation;
use crate::cli::list::ListArgs;
use crate::cli::output::OutputFileArgs;
use crate::local::client::{Client, ClientSetting};
use crate::local::interrupt::Interrupt;
use crate::local::profile;
use crate::local::temporary::Scratch;
use crate::model::units::printable;
use crate::model::{Cipher, Destination, HostProfile};
use crate::remote::opening::{Opened, open_control};
use crate::report::terminal::page::{Ink, Page};
use crate::ssh::catalog::{self, CipherInfo, Mode};

pub fn execute(args: &ListArgs) -> Result<Status> {
    unless_interrupted(&Interrupt::install()?, |interrupt| list(args, interrupt))
}

fn list(args: &ListArgs, interrupt: &Interrupt) -> Result<Status> {
    let [program] = args.connect.client.as_slice() else {
        bail!("list shows the ciphers of one client program; name only one with --client");
    };
    let directory = Scratch::new()?;
    let client = Client::probe(program, directory.path())?;
    let asked = match &args.target {
        None => None,
        Some(text) => {
            let target = Destination::parse(text)?;
            let connection = connection(&args.connect, &client, target);
            let host = connection.target.host_label();
            let mut opened =
                open_control(&connection, &client, &ClientSetting::default(), interrupt)?;
            let (remote, _) = opened
                .control
                .remote_host()
                .describe(&opened.mark)
                .with_context(|| format!("the profile of {host} could not be read"))?;
            Some(Asked { host, opened, remote })
        }
    };
    let local = match (&client.ciphers, &asked) {
        (Some(ciphers), _) => ciphers.clone(),
        (None, Some(asked)) => asked.opened.client_proposal.ciphers.clone(),
        (None, None) => bail!(
            "{} does not list its ciphers (it has no -Q); name a target, and its ciphers are read from \
             its key exchange",
            client.name
        ),
    };
    let offered = asked.as_ref().map(|asked| asked.opened.server_proposal.ciphers.as_slice());
    let names = chosen(&local, offered, args.usable);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if args.plain {
        for name in &names {
            writeln!(out, "{}", printable(name.as_str()))?;
        }
    } else {
        let profile = profile::profile()?;
        let mut page = Page::new(&output::style(&OutputFileArgs::default()));
        heading(&mut page, &client, &profile, asked.as_ref());
        page.blank();
        page.lines(
            table(&names, &local, asked.as_ref().map(|asked| &asked.opened), &profile).lines(),
        );
        reasons(&mut page, &names);
        out.write_all(page.finish().as_bytes())?;
    }
    out.flush().context("the list can't be written")?;
    if let Some(mut asked) = asked {
        asked.opened.control.end();
    }
    Ok(if names.is_empty() { Status::NothingMeasured } else { Status::Complete })
}

/// A target that was connected to.
struct Asked {
    host: String,
    opened: Opened,
    remote: HostProfile,
}

/// The client's ciphers in its order, then those that only the server offers.
fn chosen(local: &[Cipher], offered: Option<&[Cipher]>, usable: bool) -> Vec<Cipher> {
    let Some(offered) = offered else { return local.to_vec() };
    let both = local.iter().filter(|name| !usable || offered.contains(name));
    let remote = offered.iter().filter(|name| !usable && !local.contains(name));
    both.chain(remote).cloned().collect()
}

fn heading(page: &mut Page, client: &Client, profile: &HostProfile, asked: Option<&Asked>) {
    let mut line = |label: &str, text: &str| page.labelled(label, Ink::Bold, text, INDENT);
    line("client  ", &client.version_text);
    line("CPU     ", &profile.cpu());
    let Some(Asked { host, opened, remote }) = asked else { return };
    let strict = match (opened.client_proposal.strict_kex(), opened.server_proposal.strict_kex()) {
        (true, true) => "both ends support strict KEX (safe from Terrapin)",
        (true, false) => "the server lacks strict KEX: exposed to Terrapin (CVE-2023-48795)",
        (false, true) => "the client lacks strict KEX: exposed to Terrapin (CVE-2023-48795)",
        (false, false) => "both ends lack strict KEX: exposed to Terrapin (CVE-2023-48795)",
    };
    line("server  ", &format!("{} on {host}; {strict}", opened.server_version));
    let by_default = &opened.by_default.client_to_server;
    let mac = by_default.explicit_mac().map(|mac| format!(" with {mac}")).unwrap_or_default();
    line("CPU     ", &remote.cpu());
    match opened.options.cipher {
        None => line("default ", &format!("{}{mac}", by_default.cipher)),
        Some(_) => line("default ", "none: plain ssh proposes no cipher that this server offers"),
    }
    page.paragraph(&format!("{}.", expectation(profile.aes.class, remote.aes.class)));
}

/// Lines that follow a label of the heading.
const INDENT: &str = "        ";

fn table(
    names: &[Cipher],
    local: &[Cipher],
    opened: Option<&Opened>,
    profile: &HostProfile,
) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─')));
    let mut heads = vec!["cipher", "mode", "key", "integrity", "security", "AES"];
    if opened.is_some() {
        heads.extend(["local", "remote"]);
    }
    table.set_header(heads);
    for name in names {
        let info = catalog::cipher(name);
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "?".into());
        let mut row = vec![
            printable(name.as_str()),
            or_unknown(info.map(|row| mode(row.mode).to_owned())),
            or_unknown(info.map(|row| row.key_bits.to_string())),
            if catalog::needs_mac(name) { "MAC" } else { "AEAD" }.to_owned(),
            or_unknown(info.map(|row| row.security.to_string())),
            accelerated(name, info, profile),
        ];
        if let Some(opened) = opened {
            let mark = |supported: bool| if supported { "yes" } else { "-" }.to_owned();
            row.push(mark(local.contains(name)));
            row.push(mark(opened.server_proposal.ciphers.contains(name)));
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    table
}

fn accelerated(name: &Cipher, info: Option<&CipherInfo>, profile: &HostProfile) -> String {
    match (info, catalog::accelerated(name, profile.aes.class)) {
        (_, Some(true)) => "yes",
        (Some(row), _) if !row.uses_aes => "-",
        (_, Some(false)) => "no",
        (_, None) => "?",
    }
    .to_owned()
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Gcm => "GCM",
        Mode::Ctr => "CTR",
        Mode::Cbc => "CBC",
        Mode::Stream => "stream",
        Mode::Rc4 => "RC4",
        Mode::None => "none",
    }
}

/// Why ciphers have the security they have, each reason once, and what the column AES says.
fn reasons(page: &mut Page, names: &[Cipher]) {
    let mut said: Vec<&str> = Vec::new();
    for row in names.iter().filter_map(catalog::cipher) {
        if said.contains(&row.why) {
            continue;
        }
        said.push(row.why);
        let alike = names.iter().filter_map(catalog::cipher).filter(|other| other.why == row.why);
        let alike: Vec<&str> = alike.map(|other| other.name).collect();
        page.blank();
        page.labelled(&format!("{}: ", row.security), Ink::Bold, &alike.join(", "), "  ");
        page.labelled("  ", Ink::Bold, row.why, "  ");
    }
    page.blank();
    page.paragraph(
        "AES: whether the AES instructions of this CPU accelerate it; -: it does not use AES.",
    );
}
