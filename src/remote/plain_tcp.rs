//! What the path carries beside SSH: a plain TCP stream each way, where the user allows a port for
//! it. The far host connects to us, by bash or nc, since nothing is installed there.

use std::io::{self, Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::local::interrupt::{Interrupt, POLL_INTERVAL};
use crate::model::Direction;
use crate::model::record::{PlainTcp, Stream};
use crate::remote::control::ControlConnection;

/// The far end has so long to connect.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Slow start and full buffers are over by then.
const SKIPPED: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_millis(1500);
/// Whoever connects has to say the word at once.
const TO_SAY: Duration = Duration::from_secs(1);

/// Measures the directions in which a survey transfers. `port` 0 takes any.
pub fn measure(
    control: &mut ControlConnection,
    port: u16,
    directions: &[Direction],
    interrupt: &Interrupt,
) -> Result<PlainTcp> {
    // Both families where the system has both; else what there is.
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
        .or_else(|_| TcpListener::bind(("0.0.0.0", port)));
    let listener = match listener {
        Ok(listener) => listener,
        Err(error) => bail!("port {port} can't be listened on for --ceiling-port: {error}"),
    };
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let mut plain_tcp = PlainTcp { port, upload: None, download: None };
    for &direction in directions {
        let word = format!("{:032x}", rand::random::<u128>());
        control.begin(&fragment(port, &word, direction))?;
        let stream = accept(&listener, &word, interrupt);
        let measured = stream.and_then(|stream| match direction {
            Direction::Upload => move_for(interrupt, write_to(stream)),
            Direction::Download => move_for(interrupt, read_from(stream)),
        });
        // The far end's tool ends as soon as the connection does.
        let said = control.collect(TIMEOUT + TO_SAY)?;
        let said = String::from_utf8_lossy(&said);
        match measured {
            Ok(stream) => match direction {
                Direction::Upload => plain_tcp.upload = Some(stream),
                Direction::Download => plain_tcp.download = Some(stream),
            },
            Err(_) if said.contains("no tool") => bail!(
                "the far host has neither bash nor nc: the ceiling can't be measured beside SSH; \
                 leave out --ceiling-port"
            ),
            Err(error) => bail!(
                "the far host could not reach port {port} of this machine ({error}): is the port \
                 open in the firewalls between? Leave out --ceiling-port to do without"
            ),
        }
    }
    Ok(plain_tcp)
}

/// Connects to us from over there, says the word, and sends or takes bytes until we close. `timeout`
/// is not everywhere: what can't connect is ended by hand.
fn fragment(port: u16, word: &str, direction: Direction) -> String {
    let (bash, nc) = match direction {
        Direction::Upload => ("cat <&3 >/dev/null", "sleep 9"),
        Direction::Download => ("cat /dev/zero >&3", "cat /dev/zero"),
    };
    let seconds = TIMEOUT.as_secs();
    format!(
        "a=${{SSH_CONNECTION%% *}}\n\
         if command -v bash >/dev/null; then\n\
         bash -c 'exec 3<>\"/dev/tcp/$1/{port}\" && echo {word} >&3 && {bash}' bash \"$a\" &\n\
         elif command -v nc >/dev/null; then {{ echo {word}; {nc}; }} | nc \"$a\" {port} >/dev/null &\n\
         else echo no tool; fi\n\
         t=0; while kill -0 $! && [ $t -lt {seconds} ]; do t=$((t+1)); sleep 1; done; kill $!; wait $!"
    )
}

/// The connection that says the word; others are turned away.
fn accept(listener: &TcpListener, word: &str, interrupt: &Interrupt) -> io::Result<TcpStream> {
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline && !interrupt.is_raised() {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nonblocking(false)?;
                stream.set_read_timeout(Some(TO_SAY))?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                let mut said = vec![0; word.len() + 1];
                if stream.read_exact(&mut said).is_ok() && said.starts_with(word.as_bytes()) {
                    stream.set_read_timeout(Some(TIMEOUT))?;
                    return Ok(stream);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(POLL_INTERVAL)
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "nobody connected"))
}

/// Sends random bytes: a tunnel that compresses is to find nothing.
fn write_to(mut stream: TcpStream) -> impl FnMut() -> io::Result<usize> {
    let mut block = vec![0; 256 << 10];
    rand::fill(&mut block[..]);
    move || stream.write(&block)
}

fn read_from(mut stream: TcpStream) -> impl FnMut() -> io::Result<usize> {
    let mut block = vec![0; 256 << 10];
    move || stream.read(&mut block)
}

/// Bytes and seconds of what `step` moves, its beginning left out.
fn move_for(
    interrupt: &Interrupt,
    mut step: impl FnMut() -> io::Result<usize>,
) -> io::Result<Stream> {
    let started = Instant::now();
    let (mut bytes, mut from) = (0, None);
    loop {
        let moved = step()?;
        let now = Instant::now();
        match from {
            None if now - started >= SKIPPED => from = Some(now),
            None => {}
            Some(from) => {
                bytes += moved as u64;
                let seconds = (now - from).as_secs_f64();
                if now - from >= MEASURED {
                    return Ok(Stream { bytes, seconds });
                }
            }
        }
        if moved == 0 || interrupt.is_raised() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the stream broke off"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_who_says_the_word_is_heard() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let speaking = std::thread::spawn(move || {
            TcpStream::connect(address).unwrap().write_all(b"wrong\n").unwrap();
            let mut right = TcpStream::connect(address).unwrap();
            right.write_all(b"right\nmore").unwrap();
        });
        let mut stream = accept(&listener, "right", &Interrupt::default()).unwrap();
        speaking.join().unwrap();
        let mut more = String::new();
        stream.read_to_string(&mut more).unwrap();
        assert_eq!(more, "more");
    }

    #[test]
    fn bytes_are_counted_after_the_beginning() {
        let mut calls = 0;
        let stream = move_for(&Interrupt::default(), || {
            calls += 1;
            std::thread::sleep(Duration::from_millis(10));
            Ok(1000)
        });
        let stream = stream.unwrap();
        assert!(stream.seconds >= 1.5 && stream.bytes < 1000 * calls, "{stream:?}");
        assert!(move_for(&Interrupt::default(), || Ok(0)).is_err());
    }
}
