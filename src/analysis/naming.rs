//! Names of pairings and tables: what tells each from the others.

use super::samples::grouping::TableKey;
use crate::model::Direction;
use crate::model::record::Pairing;

/// What tells each pairing from the others: its target, its programs, the ends with AES
/// instructions; each with its preposition.
pub fn distinctions(pairings: &[Pairing]) -> Vec<String> {
    let tell = |own: &Pairing| {
        let mut words = Vec::new();
        if pairings.iter().any(|other| other.target != own.target) {
            words.push(format!("on {}", own.target));
        }
        words.extend(programs(own, pairings.iter()).map(|programs| format!("with {programs}")));
        if pairings.iter().any(|other| other.aes() != own.aes()) {
            words.push(format!("with {}", own.aes().phrase()));
        }
        words.join(" ")
    };
    pairings.iter().map(tell).collect()
}

/// Names a table by its direction and by what else tells it from the others: `upload to pi1 by scp`.
pub fn table_title(key: TableKey, keys: &[TableKey], pairings: &[Pairing]) -> String {
    let (group, method, direction) = key;
    let own = &pairings[group];
    let others = || keys.iter().map(|&(group, ..)| &pairings[group]);
    let mut title = direction.to_string();
    if others().any(|other| other.target != own.target) {
        let preposition = if direction == Direction::Upload { "to" } else { "from" };
        title += &format!(" {preposition} {}", own.target);
    }
    if keys.iter().any(|&(_, other, _)| other != method) {
        title += &format!(" by {method}");
    }
    if let Some(programs) = programs(own, others()) {
        title += &format!(" with {programs}");
    }
    title
}

/// The client program, or `client/server` where the servers differ too; absent where all have the
/// same.
pub fn programs<'a>(own: &Pairing, others: impl Iterator<Item = &'a Pairing>) -> Option<String> {
    let (mut clients, mut servers) = (false, false);
    for other in others {
        clients |= other.client.program != own.client.program;
        servers |= other.server.program != own.server.program;
    }
    match (clients, servers) {
        (_, true) => Some(format!("{}/{}", own.client.program, own.server.program)),
        (true, false) => Some(own.client.program.clone()),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::analysis::testing::{self, sample, survey};
    use crate::model::Method;
    use crate::model::record::Sample;

    const GCM: &str = "aes128-gcm@openssh.com";

    #[test]
    fn pairings_are_named_by_the_programs_that_differ() {
        let (mut open, mut other) = (testing::pairing("loopback"), testing::pairing("loopback"));
        let told = |open: &Pairing, other: &Pairing| distinctions(&[open.clone(), other.clone()]);
        assert_eq!(told(&open, &other), ["", ""]);
        other.client.program = "russh".into();
        assert_eq!(told(&open, &other), ["with ssh", "with russh"]);
        open.server.program = "openssh".into();
        assert_eq!(told(&open, &other), ["with ssh/openssh", "with russh/sshd"]);
    }

    #[test]
    fn pairings_are_named_by_the_ends_with_aes() {
        let pairings = testing::loopback(vec![]).header.pairings;
        let named = distinctions(&pairings);
        assert_eq!(named, ["with AES at both ends", "with AES at the client only"]);
    }

    #[test]
    fn titles_name_what_differs() {
        let mut samples = vec![sample(GCM, 1, 9.0)];
        let other = |change: fn(&mut Sample)| {
            let mut other = sample(GCM, 1, 9.0);
            change(&mut other);
            other
        };
        samples.push(other(|sample| sample.direction = Direction::Download));
        samples.push(other(|sample| sample.method = Method::Pipe));
        samples.push(other(|sample| sample.pairing = 1));
        let mut survey = survey(samples);
        survey.header.pairings.push(testing::pairing("pi2"));
        let summary = summarise(&survey);
        let titles: Vec<_> = summary.tables.iter().map(|table| table.title.as_str()).collect();
        assert_eq!(
            titles,
            [
                "upload to pi1 by scp",
                "download from pi1 by scp",
                "upload to pi1 by pipe",
                "upload to pi2 by scp"
            ]
        );
    }
}
