//! What tells the lines of several surveys apart, so that they can be put into one table.

use super::{Column, Value, column};
use crate::model::aes::yes_or_no;
use crate::model::record::{PairedEnd, Pairing};
use crate::model::{Direction, Method, Survey};

/// Where a line belongs.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    survey: &'a Survey,
    /// Index in the header.
    index: usize,
    pairing: &'a Pairing,
    method: Method,
    direction: Direction,
}

impl<'a> Place<'a> {
    pub fn of(survey: &'a Survey, index: usize, method: Method, direction: Direction) -> Place<'a> {
        Place { survey, index, pairing: &survey.header.pairings[index], method, direction }
    }
}

/// The first columns of lines that each have a place.
pub fn columns<T>(place: impl Fn(&T) -> Place<'_> + Copy + 'static) -> Vec<Column<T>> {
    let mut columns = vec![
        column("survey_started", move |line| place(line).survey.header.started.clone()),
        column("tool_version", move |line| place(line).survey.header.tool_version.clone()),
        column("target", move |line| place(line).pairing.target.clone()),
        column("pairing", move |line| place(line).index),
        column("loopback", move |line| place(line).pairing.loopback),
        column("remote_directory", move |line| {
            place(line).pairing.remote_storage.directory.clone()
        }),
        column("file_name", move |line| place(line).survey.header.file.name.clone()),
        column("file_bytes", move |line| place(line).survey.header.file.bytes),
        column("sink", move |line| Value::named(place(line).survey.header.sink)),
        column("round_trip_s", move |line| place(line).pairing.round_trip_s),
    ];
    columns.extend(of_end("client", move |line: &T| &place(line).pairing.client));
    columns.extend(of_end("server", move |line: &T| &place(line).pairing.server));
    columns.extend([
        column("method", move |line| Value::named(place(line).method)),
        column("direction", move |line| Value::named(place(line).direction)),
    ]);
    columns
}

type Part = fn(&PairedEnd) -> Value;

/// What one end is.
fn of_end<T>(
    name: &str,
    end: impl Fn(&T) -> &PairedEnd + Copy + 'static,
) -> impl Iterator<Item = Column<T>> {
    let parts: [(&str, Part); 8] = [
        ("END_host", |end| end.host.name.clone().into()),
        ("END_machine", |end| end.host.machine.clone().into()),
        ("END_cpu_model", |end| end.host.cpu_model.clone().into()),
        ("END_cores", |end| end.host.cores.into()),
        ("END_program", |end| end.program.clone().into()),
        ("END_version", |end| end.version.clone().into()),
        ("END_aes", |end| yes_or_no(end.uses_aes()).into()),
        ("END_aes_disabled_by", |end| end.aes_disabled_by.clone().into()),
    ];
    parts.into_iter().map(move |(template, value)| {
        column(template.replace("END", name), move |line| value(end(line)))
    })
}
