//! `cipher-survey list [TARGET]`: what is there to choose from.

use std::io::Write;

use anyhow::{Context, Result, bail};
use comfy_table::{LineStyle, Table, TableStyle};

use super::{Status, run::connection};
use crate::catalog::{self, CipherInfo, Mode};
use crate::cli::ListArgs;
use crate::model::units::printable;
use crate::model::{Cipher, HostProfile, Target};
use crate::run::interrupt::Interrupt;
use crate::run::lane::{Met, meet};
use crate::run::monitor::ClientSetting;
use crate::run::near;
use crate::run::probe::Client;

pub fn execute(args: &ListArgs) -> Result<Status> {
    let interrupt = Interrupt::install()?;
    let client = Client::probe(&args.connect.client)?;
    let met = match &args.target {
        None => None,
        Some(text) => {
            let target = Target::parse(text)?;
            let connection = connection(&args.connect, &client, target);
            Some((
                connection.target.host_label(),
                meet(&connection, &ClientSetting::default(), &interrupt)?,
            ))
        }
    };
    let here = match (&client.ciphers, &met) {
        (Some(ciphers), _) => ciphers.clone(),
        (None, Some((_, met))) => met.client_proposal.ciphers.clone(),
        (None, None) => bail!(
            "{} has no -Q and does not list its ciphers; name a target, then its own KEXINIT says \
             them",
            client.program.to_string_lossy()
        ),
    };
    let offered = met.as_ref().map(|(_, met)| met.server_proposal.ciphers.as_slice());
    let names = chosen(&here, offered, args.usable);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if args.plain {
        for name in &names {
            writeln!(out, "{}", printable(name.as_str()))?;
        }
    } else {
        let near = near::profile()?;
        writeln!(out, "{}", heading(&client, &near, met.as_ref()))?;
        writeln!(out, "{}", table(&names, &here, met.as_ref().map(|(_, met)| met), &near))?;
        write!(out, "{}", reasons(&names))?;
    }
    out.flush().context("the list can't be written")?;
    if let Some((_, met)) = met {
        met.monitor.close();
    }
    Ok(if names.is_empty() { Status::NothingMeasured } else { Status::Complete })
}

/// The client's ciphers in its order, then what only the server offers.
fn chosen(here: &[Cipher], offered: Option<&[Cipher]>, usable: bool) -> Vec<Cipher> {
    let Some(offered) = offered else { return here.to_vec() };
    let both = here.iter().filter(|name| !usable || offered.contains(name));
    let there = offered.iter().filter(|name| !usable && !here.contains(name));
    both.chain(there).cloned().collect()
}

fn heading(client: &Client, near: &HostProfile, met: Option<&(String, Met)>) -> String {
    let mut text = format!(
        "client  {}\nCPU     {} ({}; {})",
        printable(&client.says),
        printable(near.cpu_model.as_deref().unwrap_or("unknown")),
        near.aes.class,
        near.aes.evidence
    );
    if let Some((host, met)) = met {
        let strict = match (met.client_proposal.strict_kex(), met.server_proposal.strict_kex()) {
            (true, true) => "both ends do strict KEX (Terrapin has no effect)",
            (true, false) => "the server lacks strict KEX: exposed to Terrapin (CVE-2023-48795)",
            (false, true) => "this client lacks strict KEX: exposed to Terrapin (CVE-2023-48795)",
            (false, false) => "both ends lack strict KEX: exposed to Terrapin (CVE-2023-48795)",
        };
        let unasked = &met.unasked.client_to_server;
        let mac = unasked.explicit_mac().map(|mac| format!(" with {mac}")).unwrap_or_default();
        text.push_str(&format!(
            "\nserver  {} on {}; {strict}\nunasked {}{}",
            printable(&met.server_version),
            printable(host),
            printable(unasked.cipher.as_str()),
            printable(&mac)
        ));
    }
    text.push('\n');
    text
}

fn table(names: &[Cipher], here: &[Cipher], met: Option<&Met>, near: &HostProfile) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─')));
    let mut heads = vec!["cipher", "mode", "key", "integrity", "standing", "AES here"];
    if met.is_some() {
        heads.extend(["here", "there"]);
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
            or_unknown(info.map(|row| row.standing.to_string())),
            accelerated(name, info, near),
        ];
        if let Some(met) = met {
            let mark = |there: bool| if there { "yes" } else { "-" }.to_owned();
            row.push(mark(here.contains(name)));
            row.push(mark(met.server_proposal.ciphers.contains(name)));
        }
        table.add_row(row);
    }
    table
}

fn accelerated(name: &Cipher, info: Option<&CipherInfo>, near: &HostProfile) -> String {
    match (info, catalog::accelerated(name, near.aes.class)) {
        (_, Some(true)) => "yes",
        (Some(row), _) if !row.uses_aes => "not AES",
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

/// Why each standing is what it is, once.
fn reasons(names: &[Cipher]) -> String {
    let mut said: Vec<&str> = Vec::new();
    let mut text = String::new();
    for row in names.iter().filter_map(catalog::cipher) {
        if said.contains(&row.why) {
            continue;
        }
        said.push(row.why);
        let alike: Vec<&str> = names
            .iter()
            .filter_map(catalog::cipher)
            .filter(|other| other.why == row.why)
            .map(|other| other.name)
            .collect();
        text.push_str(&format!("\n{}: {}\n  {}\n", row.standing, alike.join(", "), row.why));
    }
    text
}
