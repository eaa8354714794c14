//! The plain TCP rate of the path, each way, where the user allows a port for it. The remote host
//! connects to this machine, by bash or nc, since nothing is installed there.

use std::io::{self, Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::local::interrupt::{Interrupt, POLL_INTERVAL};
use crate::model::Direction;
use crate::model::record::{PlainTcp, Stream};
use crate::remote::control::ControlConnection;

/// For the remote host to connect.
const TIMEOUT: Duration = Duration::from_secs(5);
/// For slow start to end and buffers to fill.
const SKIPPED: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_millis(1500);
/// For a connection to send the token.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(1);

/// Measures the given directions. Port 0 takes any free one.
pub fn measure(
    control: &mut ControlConnection,
    port: u16,
    directions: &[Direction],
    interrupt: &Interrupt,
) -> Result<PlainTcp> {
    // IPv6 and IPv4 where the system has both.
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
        .or_else(|_| TcpListener::bind(("0.0.0.0", port)));
    let listener = match listener {
        Ok(listener) => listener,
        Err(error) => {
            bail!("this machine can't listen on port {port} for --plain-tcp-port: {error}")
        }
    };
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let mut plain_tcp = PlainTcp { port, upload: None, download: None };
    for &direction in directions {
        let token = format!("{:032x}", rand::random::<u128>());
        control.begin(&script(port, &token, direction))?;
        let stream = accept(&listener, &token, interrupt);
        let measured = stream.and_then(|stream| match direction {
            Direction::Upload => move_for(interrupt, write_to(stream)),
            Direction::Download => move_for(interrupt, read_from(stream)),
        });
        // The remote program ends when the connection does.
        let output = control.collect(TIMEOUT + TOKEN_TIMEOUT)?;
        let output = String::from_utf8_lossy(&output);
        match measured {
            Ok(stream) => match direction {
                Direction::Upload => plain_tcp.upload = Some(stream),
                Direction::Download => plain_tcp.download = Some(stream),
            },
            Err(_) if output.contains("no tool") => bail!(
                "the plain TCP rate can't be measured: {} has neither bash nor nc; leave out \
                 --plain-tcp-port",
                control.host()
            ),
            Err(error) => bail!(
                "the plain TCP rate can't be measured: {} could not connect to port {port} of this \
                 machine ({error}); open the port in the firewalls between them, or leave out \
                 --plain-tcp-port",
                control.host()
            ),
        }
    }
    Ok(plain_tcp)
}

/// The remote host's script: connects to this machine, sends the token, and sends or reads bytes until
/// the connection is closed. Not every host has `timeout`, so the script kills what can't connect.
fn script(port: u16, token: &str, direction: Direction) -> String {
    let (bash, nc) = match direction {
        Direction::Upload => ("cat <&3 >/dev/null", "sleep 9"),
        Direction::Download => ("cat /dev/zero >&3", "cat /dev/zero"),
    };
    let seconds = TIMEOUT.as_secs();
    format!(
        "a=${{SSH_CONNECTION%% *}}\n\
         if command -v bash >/dev/null; then\n\
         bash -c 'exec 3<>\"/dev/tcp/$1/{port}\" && echo {token} >&3 && {bash}' bash \"$a\" &\n\
         elif command -v nc >/dev/null; then {{ echo {token}; {nc}; }} | nc \"$a\" {port} >/dev/null &\n\
         else echo no tool; fi\n\
         t=0; while kill -0 $! && [ $t -lt {seconds} ]; do t=$((t+1)); sleep 1; done; kill $!; wait $!"
    )
}

/// The connection that sends the token; others are closed.
fn accept(listener: &TcpListener, token: &str, interrupt: &Interrupt) -> io::Result<TcpStream> {
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline && !interrupt.is_raised() {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nonblocking(false)?;
                stream.set_read_timeout(Some(TOKEN_TIMEOUT))?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                let mut sent = vec![0; token.len() + 1];
                if stream.read_exact(&mut sent).is_ok() && sent.starts_with(token.as_bytes()) {
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
    Err(io::Error::new(io::ErrorKind::TimedOut, "no connection came"))
}

/// Sends random bytes, which a tunnel can't compress.
fn write_to(mut stream: TcpStream) -> impl FnMut() -> io::Result<usize> {
    let mut block = vec![0; 256 << 10];
    rand::fill(&mut block[..]);
    move || stream.write(&block)
}

fn read_from(mut stream: TcpStream) -> impl FnMut() -> io::Result<usize> {
    let mut block = vec![0; 256 << 10];
    move || stream.read(&mut block)
}

/// Bytes and seconds of what `step` moves, without its beginning.
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
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection broke"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_connection_with_the_token_is_accepted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let connecting = std::thread::spawn(move || {
            TcpStream::connect(address).unwrap().write_all(b"wrong\n").unwrap();
            let mut right = TcpStream::connect(address).unwrap();
            right.write_all(b"right\nmore").unwrap();
        });
        let mut stream = accept(&listener, "right", &Interrupt::default()).unwrap();
        connecting.join().unwrap();
        let mut more = String::new();
        stream.read_to_string(&mut more).unwrap();
        assert_eq!(more, "more");
    }

    #[test]
    fn the_beginning_is_not_counted() {
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
