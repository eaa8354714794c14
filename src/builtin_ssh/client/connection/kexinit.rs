//! The KEXINIT of one end (RFC 4253, section 7.1), from the first bytes that it sent.

/// The name lists, in their order, as `ssh -vv` names them.
const LISTS: [&str; 10] = [
    "KEX algorithms",
    "host key algorithms",
    "ciphers ctos",
    "ciphers stoc",
    "MACs ctos",
    "MACs stoc",
    "compression ctos",
    "compression stoc",
    "languages ctos",
    "languages stoc",
];

const SSH_MSG_KEXINIT: u8 = 20;

/// The lines of `ssh -vv` for one proposal; absent where the bytes hold no complete one.
pub fn lines(sent: &[u8]) -> Option<Vec<String>> {
    let mut rest = after_identification(sent)?;
    let length = usize::try_from(number(&mut rest)?).ok()?;
    let packet = rest.get(..length)?;
    let (padding, payload) = packet.split_first()?;
    let payload = payload.get(..payload.len().checked_sub(usize::from(*padding))?)?;
    // The message number and 16 random bytes, the cookie.
    let (message, mut rest) = payload.split_first()?;
    rest = rest.get(16..).filter(|_| *message == SSH_MSG_KEXINIT)?;
    let mut lines = Vec::new();
    for list in LISTS {
        let length = usize::try_from(number(&mut rest)?).ok()?;
        let (names, after) = rest.split_at_checked(length)?;
        rest = after;
        let names: String = String::from_utf8_lossy(names).replace(char::is_control, "?");
        lines.push(format!("{list}: {names}"));
    }
    let (follows, mut rest) = rest.split_first()?;
    lines.push(format!("first_kex_follows {follows} "));
    lines.push(format!("reserved {} ", number(&mut rest)?));
    Some(lines)
}

/// What follows the line that begins with `SSH-`; other lines may precede it.
fn after_identification(sent: &[u8]) -> Option<&[u8]> {
    let mut rest = sent;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (line, after) = rest.split_at(end + 1);
        if line.starts_with(b"SSH-") {
            return Some(after);
        }
        rest = after;
    }
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A server's first bytes.
    fn sent() -> Vec<u8> {
        let mut payload = vec![SSH_MSG_KEXINIT];
        payload.extend([7; 16]);
        for list in LISTS {
            let names = format!("{list},x").replace(' ', "-");
            payload.extend((names.len() as u32).to_be_bytes());
            payload.extend(names.as_bytes());
        }
        payload.extend([0, 0, 0, 0, 0]);
        let mut sent = b"hello\r\nSSH-2.0-x\r\n".to_vec();
        sent.extend((payload.len() as u32 + 5).to_be_bytes());
        sent.push(4);
        sent.extend(payload);
        sent.extend([0; 4]);
        sent
    }

    #[test]
    fn each_name_list_is_a_line() {
        let lines = lines(&sent()).unwrap();
        assert_eq!(lines[0], "KEX algorithms: KEX-algorithms,x");
        assert_eq!(lines[3], "ciphers stoc: ciphers-stoc,x");
        assert_eq!(lines[11], "reserved 0 ");
    }

    #[test]
    fn an_incomplete_kexinit_gives_nothing() {
        let sent = sent();
        for length in 0..sent.len() {
            assert_eq!(lines(&sent[..length]), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_not(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
            lines(&noise);
            let mut spoilt = sent();
            for (place, byte) in noise.iter().enumerate().take(40) {
                let place = (place * 7 + usize::from(*byte)) % spoilt.len();
                spoilt[place] = *byte;
            }
            lines(&spoilt);
        }
    }
}
