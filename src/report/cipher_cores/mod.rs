//! Prints what cipher cores cost.

use std::io::{self, Write};

use serde::Serialize;

use super::compare::{Format, html, markdown, terminal};
use super::csv::{Cell, Column, column, table};
use super::{Style, json};
use crate::analysis::cipher_cores::{AesSetting, CoreFigure, aes_settings, figures, frequency};
use crate::model::cipher_cores::{Cores, CoresHeader, CoresSample};
use crate::model::record::Footer;

mod grid;
mod place;
mod sheet;
#[cfg(test)]
mod tests;

/// Journals of cipher cores, each with its name; several are put side by side.
pub struct View {
    pub journals: Vec<(String, Cores)>,
}

/// One document for each journal.
#[derive(Serialize)]
struct Document<'a> {
    header: &'a CoresHeader,
    samples: &'a [CoresSample],
    #[serde(rename = "end")]
    footer: &'a Option<Footer>,
    figures: Vec<CoreFigure>,
    #[serde(rename = "maskings")]
    aes_settings: Vec<AesSetting>,
}

/// Writes it in the form that is asked for.
pub fn write(view: &View, format: Format, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => out.write_all(terminal::page(&sheet::sheet(view), style).as_bytes()),
        Format::Markdown => out.write_all(markdown::page(&sheet::sheet(view)).as_bytes()),
        Format::Html => {
            let names: Vec<&str> = view.journals.iter().map(|(name, _)| name.as_str()).collect();
            out.write_all(html::page(&sheet::sheet(view), &names).as_bytes())
        }
        Format::Csv => csv(view, out),
        Format::Json => {
            let document = |(_, cores): &'_ (String, Cores)| -> io::Result<String> {
                let figures = figures(&cores.samples);
                let Cores { header, samples, footer, .. } = cores;
                let aes_settings = aes_settings(&figures);
                Ok(serde_json::to_string_pretty(&Document {
                    header,
                    samples,
                    footer,
                    figures,
                    aes_settings,
                })?)
            };
            let documents: io::Result<Vec<String>> = view.journals.iter().map(document).collect();
            match &documents?[..] {
                [one] => writeln!(out, "{}", json::inert(one)),
                several => writeln!(out, "[{}]", json::inert(&several.join(",\n"))),
            }
        }
    }
}

/// A figure, and the journal that it is of.
struct Line<'a> {
    name: &'a str,
    cores: &'a Cores,
    figure: CoreFigure,
}

fn csv(view: &View, out: &mut dyn Write) -> io::Result<()> {
    let lines = view.journals.iter().flat_map(|(name, cores)| {
        let of = move |figure| Line { name, cores, figure };
        figures(&cores.samples).into_iter().map(of)
    });
    table(&columns(), lines, out)
}

fn columns<'a>() -> Vec<Column<Line<'a>>> {
    fn host<'a>(at: &Line<'a>) -> &'a crate::model::cipher_cores::CoresHost {
        &at.cores.header.hosts[at.figure.subject.host]
    }
    vec![
        column("journal", |at: &Line| at.name.to_owned()),
        column("started", |at: &Line| at.cores.header.started.clone()),
        column("target", |at: &Line| host(at).target.clone()),
        column("host", |at: &Line| host(at).profile.name.clone()),
        column("cpu_model", |at: &Line| host(at).profile.cpu_model.clone()),
        column("aes_class", |at: &Line| Cell::named(host(at).profile.aes.class)),
        column("mask", |at: &Line| at.figure.subject.aes_disabled_by.clone()),
        column("implementation", |at: &Line| at.figure.subject.implementation.clone()),
        column("cipher", |at: &Line| Cell::named(&at.figure.subject.cipher)),
        column("mac", |at: &Line| at.figure.subject.mac.as_ref().map(|mac| mac.to_string())),
        column("work", |at: &Line| Cell::named(at.figure.subject.work)),
        column("payload_bytes", |at: &Line| u64::from(at.figure.subject.payload_bytes)),
        column("samples", |at: &Line| at.figure.samples),
        column("mb_per_s", |at: &Line| at.figure.mb_per_s),
        column("half_interval_percent", |at: &Line| at.figure.half_percent),
        column("cycles_per_byte", |at: &Line| at.figure.cycles_per_byte),
        column("core_hz", |at: &Line| {
            frequency(at.cores, at.figure.subject.host).map(|frequency| frequency.core_hz)
        }),
    ]
}
