use proptest::prelude::*;

use super::*;

fn parse(line: &str) -> Result<Request, Error> {
    let words: Vec<OsString> = line.split('|').map(OsString::from).collect();
    Request::parse(&words)
}

fn session(line: &str) -> Invocation {
    match parse(line) {
        Ok(Request::Session(invocation)) => *invocation,
        other => panic!("{line}: {other:?}"),
    }
}

fn refusal(line: &str) -> String {
    parse(line).unwrap_err().to_string()
}

#[test]
fn the_arguments_of_scp_sftp_sshfs_and_rsync_are_read() {
    // OpenSSH 9.2, sshfs 3.7, rsync 3.2: taken with `-S` and a script that prints its arguments.
    let scp = session(
        "-x|-oPermitLocalCommand=no|-oClearAllForwardings=yes|-oRemoteCommand=none|\
         -oRequestTTY=no|-oForwardAgent=no|-l|me|-s|--|pi1|sftp",
    );
    assert_eq!((scp.host.as_str(), scp.command.as_slice()), ("pi1", &b"sftp"[..]));
    assert!(scp.subsystem);
    assert_eq!(scp.directives.first("user"), Some("me"));
    let sftp = session("-oForwardX11 no|-oPermitLocalCommand no|-A|-C|-s|--|pi1|sftp");
    assert_eq!(sftp.directives.first("forwardx11"), Some("no"));
    let sshfs = session("-x|-a|-oClearAllForwardings=yes|-ociphers=aes128-ctr|-2|pi1|-s|sftp");
    assert_eq!(sshfs.directives.first("ciphers"), Some("aes128-ctr"));
    assert!(sshfs.subsystem && sshfs.command == b"sftp");
    let rsync = session("-l|me|pi1|rsync|--server|-logDtpre.iLsfxCIvu|.|/a b");
    assert_eq!(rsync.command, b"rsync --server -logDtpre.iLsfxCIvu . /a b");
}

#[test]
fn the_arguments_of_a_survey_are_read() {
    use crate::model::{Cipher, Destination};
    use crate::ssh::openssh::{Connection, Session};
    let connection = Connection {
        program: "russh".into(),
        version: None,
        target: Destination::parse(OsStr::new("ssh://me@pi1:2222/x")).unwrap(),
        config: Some("/tmp/config".into()),
        options: vec!["AllowNone=yes".into()],
        port: None,
        identities: vec!["key".into()],
        jump: Some("hop".into()),
    };
    let cipher = Cipher::from("aes128-ctr");
    let session =
        Session { cipher: Some(&cipher), verbosity: 2, kept_alive: true, ..Session::default() };
    let Ok(Request::Session(invocation)) = Request::parse(&connection.arguments(&session)) else {
        panic!("it was refused");
    };
    assert_eq!(invocation.level, Some(Level::Debug2));
    let expected = [("port", "2222"), ("proxyjump", "hop"), ("serveraliveinterval", "5")];
    for (keyword, value) in expected {
        assert_eq!(invocation.directives.first(keyword), Some(value), "{keyword}");
    }
    assert!(invocation.directives.refuse_unsupported().is_ok());
}

#[test]
fn flags_may_be_bundled_and_follow_the_host() {
    let invocation = session("-xaTvv|-p2222|me@pi1|-n|-v|echo|-p|1");
    assert_eq!(invocation.level, Some(Level::Debug3));
    assert_eq!(invocation.directives.first("port"), Some("2222"));
    assert!(invocation.no_stdin);
    assert_eq!(invocation.command, b"echo -p 1");
    assert_eq!(session("pi1|--|-n").command, b"-n");
}

#[test]
fn a_host_may_have_a_user_and_a_port() {
    let of = |line: &str| {
        let invocation = session(line);
        let first = |keyword| invocation.directives.first(keyword).map(str::to_owned);
        (invocation.host.clone(), first("user"), first("port"))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(of("a@b@pi1"), ("pi1".into(), some("a@b"), None));
    assert_eq!(of("ssh://me@pi1:22/"), ("pi1".into(), some("me"), some("22")));
    assert_eq!(of("ssh://[::1]:22"), ("::1".into(), None, some("22")));
    assert_eq!(of("::1"), ("::1".into(), None, None));
    // A flag counts before it.
    assert_eq!(of("-l|you|me@pi1").1, some("you"));
}

#[test]
fn an_option_may_be_written_in_three_ways() {
    for option in ["-oPort=7", "-oPort 7", "-o|port = \"7\"", "-o|PORT=7"] {
        let invocation = session(&format!("{option}|pi1"));
        assert_eq!(invocation.directives.first("port"), Some("7"), "{option}");
    }
}

#[test]
fn bad_arguments_are_refused_in_one_line() {
    assert!(refusal("-oNoSuch=1|pi1").contains("Bad configuration option: NoSuch"));
    assert!(refusal("-Z|pi1").contains("unknown option -- Z"));
    assert!(refusal("-p|0|pi1").contains("Bad port '0'"));
    assert!(refusal("-p").contains("requires an argument -- p"));
    assert!(refusal("-v").contains("no host"));
    assert!(refusal("-s|pi1").contains("subsystem"));
    assert!(refusal("-W|nowhere|pi1").contains("HOST:PORT"));
    assert!(refusal("ssh://pi1:x").contains("bad port"));
    assert!(refusal("@pi1").contains("names no host"));
}

#[test]
fn queries_need_no_host() {
    assert_eq!(parse("-V").unwrap(), Request::Version);
    assert_eq!(parse("-Q|cipher").unwrap(), Request::Query("cipher".to_owned()));
    assert_eq!(parse("-Qmac").unwrap(), Request::Query("mac".to_owned()));
}

proptest! {
    #[test]
    fn any_arguments_are_read_or_refused(
        words in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 0..8),
    ) {
        let words: Vec<OsString> = words.into_iter().map(OsString::from_vec).collect();
        let _ = Request::parse(&words);
    }

    #[test]
    fn any_flags_are_read_or_refused(words in proptest::collection::vec("-[a-zA-Z0-9=]{0,6}|[a-z:@/\\[\\]-]{0,9}", 0..8)) {
        let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        if let Err(error) = Request::parse(&words) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }
}
