//! `russh-sftp-server`: SFTP, version 3, on standard input and output, served as OpenSSH's `sftp-server`
//! does: by a process of its own, one request after the other. Clients keep many requests in flight, so
//! all that have arrived are answered with one write.

mod files;
mod handles;
mod listing;
mod wire;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use self::files::Files;
use self::wire::{MAX_PACKET, Replies, Request};
use crate::builtin_ssh::Program;

/// Room for several write requests.
const BUFFER: usize = 4 * MAX_PACKET;

/// Serves until the input ends.
pub fn run(arguments: &[OsString]) -> ExitCode {
    let name = Program::SftpServer.name();
    if !arguments.is_empty() {
        eprintln!("usage: {name}, with SFTP on its standard input and output");
        return ExitCode::from(255);
    }
    // The kernel allows 15 characters.
    let _ = rustix::thread::set_name(c"russh-sftp-serv");
    match serve(&mut io::stdin(), &mut io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        // The client has gone.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::from(255)
        }
    }
}

fn serve(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    let mut files = Files::default();
    let mut replies = Replies::default();
    let mut buffer = vec![0; BUFFER];
    // The bytes that have been read and not yet served.
    let (mut start, mut end) = (0, 0);
    loop {
        while let Some(packet) = packet(&buffer[start..end])? {
            start += 4 + packet.len();
            files.serve(&mut Request(packet), &mut replies);
            if replies.0.len() >= MAX_PACKET {
                send(&mut replies, output)?;
            }
        }
        // A client that waits for an answer sends nothing before it.
        send(&mut replies, output)?;
        buffer.copy_within(start..end, 0);
        (start, end) = (0, end - start);
        match input.read(&mut buffer[end..]) {
            Ok(0) if end > 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(0) => return Ok(()),
            Ok(count) => end += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The first packet, once all of it has arrived.
fn packet(bytes: &[u8]) -> io::Result<Option<&[u8]>> {
    let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(None) };
    let length = u32::from_be_bytes(*length) as usize;
    if length == 0 || length > MAX_PACKET {
        // There is no way to find the next packet.
        return Err(io::Error::other(format!(
            "a packet of {length} bytes; the largest is {MAX_PACKET}, so this is not SFTP"
        )));
    }
    Ok(rest.get(..length))
}

fn send(replies: &mut Replies, output: &mut impl Write) -> io::Result<()> {
    if !replies.0.is_empty() {
        output.write_all(&replies.0)?;
        output.flush()?;
        replies.0.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_input_is_served_or_refused(mut bytes in prop::collection::vec(0..4u8, 1..200)) {
            // Of the kinds below 4 none changes a file, and no flag that creates one is below 4.
            let mut framed = (bytes.len() as u32).to_be_bytes().to_vec();
            framed.append(&mut bytes);
            let _ = serve(&mut &framed[..], &mut io::sink());
        }
    }

    #[test]
    fn a_truncated_or_too_large_packet_is_reported() {
        let cut = serve(&mut &[0, 0, 0, 9, 1][..], &mut io::sink()).unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
        let large = serve(&mut &b"GET / HTTP/1.1\r\n"[..], &mut io::sink()).unwrap_err();
        assert!(large.to_string().contains("not SFTP"), "{large}");
        assert!(serve(&mut &[][..], &mut io::sink()).is_ok());
    }
}
