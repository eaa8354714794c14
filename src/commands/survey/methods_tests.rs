use super::*;
use crate::model::Entry;
use crate::model::record::Sample;
use crate::ssh::Version;

/// Keeps what is said.
#[derive(Default)]
struct Said(Vec<String>);

impl Events for Said {
    fn say(&mut self, line: &str) {
        self.0.push(line.to_owned());
    }
    fn round_begins(&mut self, _: u32, _: usize, _: u32) {}
    fn slice_ends(&mut self, _: &Entry, _: u64, _: f64) {}
    fn progress(&mut self, _: u64) {}
    fn sample_ends(&mut self, _: &Sample) {}
    fn round_ends(&mut self, _: u32, _: &str) {}
    fn copies_begin(&mut self, _: &str, _: u32) {}
    fn finish(&mut self) {}
}

fn usual() -> Ends {
    Ends {
        host: "pi1".into(),
        shell: true,
        no_sftp: None,
        printed_at_login: None,
        missing_tools: Vec::new(),
        missing_programs: Vec::new(),
        scp_version: Version::parse("OpenSSH_9.2p1"),
    }
}

fn without_sftp() -> Ends {
    Ends { no_sftp: Some("subsystem request failed on channel 0".into()), ..usual() }
}

fn without(tool: &str, ends: Ends) -> Ends {
    Ends { missing_tools: vec![tool.into()], ..ends }
}

fn sftp_alone() -> Ends {
    Ends { shell: false, ..usual() }
}

/// The method that fits, and what is said of it.
fn fits(with_file: bool, ends: &Ends) -> (Method, Vec<String>) {
    let mut said = Said::default();
    let [method] = fitting(with_file, ends, &mut said).try_into().unwrap();
    (method, said.0)
}

/// What is measured of what was asked for and what is said, or why not.
fn chosen(asked: &[Method], ends: &Ends) -> (Result<Vec<Method>, String>, Vec<String>) {
    let mut said = Said::default();
    let chosen = choose(asked, ends, &mut said);
    (chosen.map_err(|error| error.to_string()), said.0)
}

#[test]
fn a_file_goes_by_sftp_and_random_data_by_pipe() {
    assert_eq!(fits(true, &usual()), (Method::Sftp, vec![]));
    assert_eq!(fits(false, &usual()), (Method::Pipe, vec![]));
    assert_eq!(fits(true, &sftp_alone()), (Method::Sftp, vec![]));
    assert_eq!(fits(false, &sftp_alone()), (Method::Sftp, vec![]));
}

#[test]
fn where_the_usual_method_does_not_go_the_other_one_is_used_and_said() {
    let said = "pi1 has no SFTP (subsystem request failed on channel 0): going on by pipe";
    assert_eq!(fits(true, &without_sftp()), (Method::Pipe, vec![said.to_owned()]));
    // Nothing is lost: the pipe is what is used anyway.
    assert_eq!(fits(false, &without_sftp()), (Method::Pipe, vec![]));
    let said = "pi1 has no dd, which pipe needs: going on by sftp";
    assert_eq!(fits(false, &without("dd", usual())), (Method::Sftp, vec![said.to_owned()]));
    assert_eq!(fits(true, &without("dd", usual())), (Method::Sftp, vec![]));
}

#[test]
fn a_method_that_was_asked_for_and_does_not_go_is_refused_with_a_remedy() {
    let refused = |asked: &[Method], ends: &Ends| chosen(asked, ends).0.unwrap_err();
    let words = refused(&[Method::Sftp], &without_sftp());
    assert!(
        words.starts_with("pi1 has no SFTP (subsystem request failed on channel 0); "),
        "{words}"
    );
    assert!(words.contains("--method pipe"), "{words}");
    let words = refused(&[Method::Pipe], &sftp_alone());
    assert!(
        words.contains("allows SFTP alone, and pipe needs a shell; use --method sftp"),
        "{words}"
    );
    let words = refused(&[Method::Pipe], &without("dd", usual()));
    assert_eq!(words, "pi1 has no dd, which pipe needs; install dd there, or use --method sftp");
    let words = refused(&[Method::Sftp], &without("wc", usual()));
    assert_eq!(words, "pi1 has no wc, which a survey needs on the remote host; install it there");
}

#[test]
fn of_several_methods_those_that_go_are_measured() {
    let (methods, said) = chosen(&[Method::Sftp, Method::Pipe], &without_sftp());
    assert_eq!(methods, Ok(vec![Method::Pipe]));
    let words = "pi1 has no SFTP (subsystem request failed on channel 0): sftp is left out";
    assert_eq!(said, [words]);
    let (methods, said) = chosen(&[Method::Sftp, Method::Scp, Method::Pipe], &usual());
    assert_eq!((methods.unwrap().len(), said), (3, vec![]));
}

#[test]
fn what_is_less_than_usual_is_said_once() {
    let (methods, said) = chosen(&[Method::Sftp], &sftp_alone());
    assert_eq!(methods, Ok(vec![Method::Sftp]));
    assert_eq!(said, ["the account on pi1 allows SFTP alone: server CPU can't be measured"]);
    let (_, said) = chosen(&[Method::Pipe], &without("grep", usual()));
    assert_eq!(said, ["pi1 has no grep: the counters of the whole host are not read"]);
    let old = Ends { scp_version: Version::parse("OpenSSH_8.2p1"), ..usual() };
    let (methods, said) = chosen(&[Method::Scp], &old);
    assert_eq!(methods, Ok(vec![Method::Scp]));
    assert!(said.len() == 1 && said[0].starts_with("this scp is older than 8.7"), "{said:?}");
    let (methods, said) = chosen(&[Method::Scp], &without_sftp());
    assert_eq!(methods, Ok(vec![Method::Scp]));
    assert!(said.len() == 1 && said[0].ends_with("scp speaks its old protocol"), "{said:?}");
}

#[test]
fn a_method_without_its_program_here_is_not_used() {
    let ends = Ends { missing_programs: vec!["sftp"], ..usual() };
    assert_eq!(
        fits(true, &ends),
        (Method::Pipe, vec!["this machine has no sftp: going on by pipe".into()])
    );
    let (chosen, _) = chosen(&[Method::Sftp], &ends);
    assert_eq!(
        chosen.unwrap_err(),
        "this machine has no sftp; install the OpenSSH client (Debian, Ubuntu: openssh-client; Fedora: \
         openssh-clients), or use --method pipe"
    );
}
