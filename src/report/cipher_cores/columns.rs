//! What lines of cipher cores have.

use crate::analysis::cipher_cores::{CoreFigure, figures, frequency};
use crate::model::cipher_cores::{Cores, CoresHost, Subject};
use crate::report::columns::records::Records;
use crate::report::columns::{Column, Value, column};

/// A figure, and the journal that it is of.
struct Line<'a> {
    journal: &'a str,
    cores: &'a Cores,
    figure: CoreFigure,
}

impl Line<'_> {
    fn subject(&self) -> &Subject {
        &self.figure.subject
    }

    fn host(&self) -> &CoresHost {
        &self.cores.header.hosts[self.subject().host]
    }
}

/// A line per figure.
pub fn records(journals: &[(String, Cores)]) -> Records<'_> {
    let lines = journals.iter().flat_map(|(journal, cores)| {
        let line = move |figure| Line { journal, cores, figure };
        figures(&cores.samples).into_iter().map(line)
    });
    Records::of(columns(), lines)
}

fn columns<'a>() -> Vec<Column<Line<'a>>> {
    vec![
        column("journal", |at: &Line| at.journal.to_owned()),
        column("started", |at: &Line| at.cores.header.started.clone()),
        column("target", |at: &Line| at.host().target.clone()),
        column("host", |at: &Line| at.host().profile.name.clone()),
        column("cpu_model", |at: &Line| at.host().profile.cpu_model.clone()),
        column("aes_class", |at: &Line| Value::named(at.host().profile.aes.class)),
        column("aes_disabled_by", |at: &Line| at.subject().aes_disabled_by.clone()),
        column("implementation", |at: &Line| at.subject().implementation.clone()),
        column("cipher", |at: &Line| Value::named(&at.subject().cipher)),
        column("mac", |at: &Line| at.subject().mac.as_ref().map(|mac| mac.to_string())),
        column("work", |at: &Line| Value::named(at.subject().work)),
        column("payload_bytes", |at: &Line| at.subject().payload_bytes),
        column("samples", |at: &Line| at.figure.samples),
        column("mb_per_s", |at: &Line| at.figure.mb_per_s),
        column("half_interval_percent", |at: &Line| at.figure.half_percent),
        column("cycles_per_byte", |at: &Line| at.figure.cycles_per_byte),
        column("core_hz", |at: &Line| {
            frequency(at.cores, at.subject().host).map(|frequency| frequency.core_hz)
        }),
    ]
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_are_unique() {
        crate::report::columns::assert_unique(&super::columns());
    }
}
