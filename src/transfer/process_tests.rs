//! Logs of OpenSSH, printed by a shell in the place of the client.

use super::*;

fn client(script: &str) -> ClientProcess {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(script)
        .env("L", concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/openssh"));
    command.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let context = ClientContext {
        setting: ClientSetting::default(),
        mark: "MARK".into(),
        host: "pi1".into(),
        ticks_per_s: 100,
    };
    ClientProcess::start(&mut command, &context).unwrap()
}

fn read_to_the_end(client: &mut ClientProcess) {
    while !client.has_ended() {
        client.read(Duration::from_secs(10));
    }
}

#[test]
fn the_times_of_the_setup_follow_its_log() {
    let mut client = client("cat $L/v-aes128-ctr.log >&2; read x");
    let ready = client.wait_until_up(&Interrupt::default()).unwrap();
    let setup = client.setup(ready);
    let SetupTimes { connected_s, key_exchanged_s, authenticated_s, ready_s } = setup.times;
    let times = [connected_s, key_exchanged_s, authenticated_s, Some(ready_s)];
    let times = times.map(|seconds| seconds.unwrap());
    assert!(times[0] > 0.0 && times.is_sorted(), "{times:?}");
    let negotiated = setup.transcript.negotiated.unwrap();
    assert_eq!(negotiated.client_to_server.cipher.as_str(), "aes128-ctr");
    // There is no connection behind it.
    assert!(setup.socket.is_none());
    assert_eq!(setup.processes.unwrap().pids().first(), Some(&client.child.pid));
    assert!(client.key_exchanges().is_empty());
    assert!(client.close(Duration::from_secs(10)).client.is_some());
}

#[test]
fn key_exchanges_after_the_setup_are_noted_with_their_times() {
    let mut whole = client("cat $L/rekeyed.log >&2");
    read_to_the_end(&mut whole);
    // That of the setup is not among them.
    let exchanges = whole.key_exchanges().to_vec();
    assert_eq!(exchanges.len(), 3);
    assert!(exchanges.iter().all(|one| one.ended.is_some_and(|ended| ended >= one.begun)));
    assert!(exchanges.is_sorted_by_key(|one| one.begun));

    // Until the first one has begun.
    let mut cut = client("sed /rekeying.in,/q $L/rekeyed.log | grep -v 'rekeying in, input' >&2");
    read_to_the_end(&mut cut);
    let exchanges = cut.key_exchanges().to_vec();
    assert_eq!(exchanges.len(), 1);
    assert!(exchanges[0].ended.is_none());
    let (before, now) = (exchanges[0].begun - Duration::from_secs(2), Instant::now());
    assert!(exchanges[0].overlaps(now, now) && exchanges[0].overlaps(before, now));
    assert!(!exchanges[0].overlaps(before, before + Duration::from_secs(1)));
}

#[test]
fn answers_messages_and_the_log_are_told_apart() {
    let said = "echo 'MARK begin way fullblock' >&2; echo 'debug1: something' >&2; \
                echo 'Warning: first' >&2; echo 'MARK begin done' >&2; \
                echo 'noise MARK did 0 3+0 records' >&2; echo '** WARNING: post-quantum' >&2; \
                echo ' No space left on device ' >&2; \
                echo 'Transferred: sent 1, received 2 bytes, in 0.1 seconds' >&2";
    let mut client = client(&format!("{said}; read x"));
    let ready = client.wait_until_reported(&Interrupt::default()).unwrap();
    let late = "the remote command did not answer";
    let interrupt = Interrupt::default();
    let time = Duration::from_secs(10);
    let still = Standstill::of(client.child.pid);
    let (_, answer) =
        client.wait_for(time, late, &still, &interrupt, ClientProcess::answer).unwrap();
    assert_eq!(answer, "0 3+0 records");
    let last = client
        .wait_for(time, late, &still, &interrupt, |client| {
            client.last_message().filter(|message| message.starts_with("No space"))
        })
        .unwrap();
    assert_eq!(last, "No space left on device");
    assert_eq!(client.setup(ready).way.as_deref(), Some("fullblock"));
    let soon = Duration::from_millis(60);
    let error = client.wait_for(soon, late, &still, &interrupt, ClientProcess::answer);
    assert!(matches!(error, Err(TransferError::Other(said)) if said.starts_with(late)));
    interrupt.raise();
    let error = client.wait_for(time, late, &still, &interrupt, ClientProcess::answer);
    assert!(matches!(error, Err(TransferError::Interrupted)));
}

#[test]
fn a_client_that_ends_is_told_with_its_own_words() {
    let mut client = client("cat $L/denied.log >&2; exit 255");
    match client.wait_until_up(&Interrupt::default()) {
        Err(TransferError::Client(failure)) => {
            assert!(failure.reason.contains("pi1") && failure.remedy.is_some(), "{failure:?}");
        }
        other => panic!("{other:?}"),
    }
}
