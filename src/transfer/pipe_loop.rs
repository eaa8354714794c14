//! The remote loop of `pipe`: its script, its lines, its answers.
//!
//! Commands and payload come on one stream: `read` takes a line byte by byte, and dd takes the payload in
//! whole blocks, so neither reads ahead. Where dd does not know `iflag=fullblock` (BSD) it may read less than
//! a block at a time, never more: then it is started again for what is left, by the bytes that it reports.
//! Where dd has taken less than was announced, what follows would be payload, not a line: the loop ends, and
//! with it the connection.

use crate::host::script::{assign, one_word, watch_server};

/// Bytes per block; amounts are counted in blocks.
pub const BLOCK: u64 = 65_536;

/// The report's word for a dd that is started again where it has read less.
pub const PARTIAL: &str = "partial";

/// The command line of a session. `mark` begins the lines of its report and of its answers; `directory` is
/// the survey's.
///
/// | line | does |
/// | --- | --- |
/// | `u N` | reads N blocks and drops them |
/// | `w N NAME` | reads N blocks into a file |
/// | `d N` | sends N blocks of zeros (without compression it makes no difference what is sent) |
/// | `r N NAME` | sends N blocks of a file |
pub fn command(mark: &str, directory: &[u8]) -> String {
    // What dd printed, on one line. Without globbing nothing in it is expanded.
    let answer = "set -- $x; printf \"%s\\n\" \"$m did $t $*\" >&2;";
    let all = format!("[ \"$1\" = $n+0 ] || [ $t -eq $((n*{BLOCK})) ] || exit 1;");
    let take = format!(
        "take() {{ t=0; x=; \
         if [ $way = fullblock ]; then x=$(dd bs={BLOCK} count=$n iflag=fullblock of=\"$o\" 2>&1); \
         else b=$((n*{BLOCK})); while [ $b -gt 0 ]; do \
         if [ $b -ge {BLOCK} ]; then s={BLOCK}; k=$((b/{BLOCK})); else s=$b; k=1; fi; \
         if [ \"$o\" = /dev/null ]; then x=$(dd bs=$s count=$k 2>&1 >/dev/null); \
         else x=$(dd bs=$s count=$k 2>&1 >>\"$o\"); fi; \
         set -- $x; case $8 in byte*) ;; *) break;; esac; [ $7 -gt 0 ] || break; \
         b=$((b-$7)); t=$((t+$7)); done; fi; }};"
    );
    let send = format!("x=$(dd if=\"$o\" bs={BLOCK} count=$n 2>&1 >&3 3>&-); t=0");
    one_word(&format!(
        "{watch} {directory} LC_ALL=C; export LC_ALL; set -f; exec 3>&1; way={PARTIAL}; \
         dd iflag=fullblock count=0 </dev/null >/dev/null 2>&1 && way=fullblock; {take} \
         printf \"%s\\n\" \"$m begin way $way\" >&2; snap begin; \
         while read -r op n name; do case $op in \
         u) o=/dev/null; take;; w) o=$w/$name; take;; \
         d) o=/dev/zero; {send};; r) o=$w/$name; {send};; \
         *) echo \"$m did 0 an unknown command was read\" >&2; exit 1;; esac; {answer} \
         case $op in u|w) {all} esac; done",
        watch = watch_server(mark),
        directory = assign("w", directory),
    ))
}

pub fn take(bytes: u64) -> String {
    format!("u {}\n", bytes / BLOCK)
}

pub fn write(bytes: u64, name: &str) -> String {
    format!("w {} {name}\n", bytes / BLOCK)
}

pub fn send(bytes: u64) -> String {
    format!("d {}\n", bytes / BLOCK)
}

pub fn read(bytes: u64, name: &str) -> String {
    format!("r {} {name}\n", bytes / BLOCK)
}

/// What the remote loop says that it has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub bytes: u64,
}

impl Answer {
    /// From the words after `did`: the bytes that the loop has counted itself, then what dd printed:
    /// `N+M records in N+M records out …` (POSIX, dd).
    ///
    /// # Errors
    /// dd has failed: its words.
    pub fn parse(said: &str) -> Result<Answer, &str> {
        let (counted, printed) = said.trim().split_once(' ').unwrap_or((said.trim(), ""));
        match counted.parse() {
            Ok(0) => {}
            Ok(bytes) => return Ok(Answer { bytes }),
            Err(_) => return Err(said),
        }
        // Whole blocks alone: with a partial one the bytes are not known by this, and the count falls short.
        let records = printed.split_once(" records ").and_then(|(first, _)| first.split_once('+'));
        let blocks = records.and_then(|(whole, _)| whole.parse::<u64>().ok());
        blocks.map(|blocks| Answer { bytes: blocks * BLOCK }).ok_or(printed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::process::{Child, ChildStdin, Command, Stdio};

    /// A session on this machine, as a login shell would start it, with these programs first in PATH.
    fn session(path: Option<&std::path::Path>, directory: &[u8]) -> Child {
        let mut command = Command::new("/bin/sh");
        if let Some(first) = path {
            let rest = std::env::var("PATH").unwrap();
            command.env("PATH", format!("{}:{rest}", first.display()));
        }
        command
            .arg("-c")
            .arg(super::command("MARK", directory))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn blocks(stdin: &mut ChildStdin, many: usize, part: usize) {
        let block = vec![7_u8; many * BLOCK as usize];
        for piece in block.chunks(part) {
            stdin.write_all(piece).unwrap();
        }
    }

    /// Feeds every kind of line, payload in pieces of `part` bytes; returns how it counts, the answers, and
    /// what was downloaded.
    fn converse(path: Option<&std::path::Path>, part: usize) -> (String, Vec<u64>, Vec<u8>) {
        let directory = tempfile::tempdir().unwrap();
        let plain = directory.path().join("it's here");
        std::fs::create_dir(&plain).unwrap();
        let mut child = session(path, plain.as_os_str().as_encoded_bytes());
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let reading = std::thread::spawn(move || {
            let mut read = Vec::new();
            stdout.read_to_end(&mut read).unwrap();
            read
        });
        stdin.write_all(take(3 * BLOCK).as_bytes()).unwrap();
        blocks(&mut stdin, 3, part);
        stdin.write_all(write(2 * BLOCK, "made").as_bytes()).unwrap();
        blocks(&mut stdin, 2, part);
        stdin.write_all(send(4 * BLOCK).as_bytes()).unwrap();
        stdin.write_all(read(2 * BLOCK, "made").as_bytes()).unwrap();
        drop(stdin);
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let downloaded = reading.join().unwrap();
        let made = std::fs::read(plain.join("made")).unwrap();
        assert!(made == vec![7; 2 * BLOCK as usize], "{} bytes", made.len());
        assert!(child.wait().unwrap().success());
        let said =
            |what: &'static str| stderr.lines().filter_map(move |line| line.strip_prefix(what));
        let way = said("MARK begin way ").next().unwrap().to_owned();
        let answers = said("MARK did ").map(|line| Answer::parse(line).unwrap().bytes).collect();
        (way, answers, downloaded)
    }

    fn moves_every_byte(path: Option<&std::path::Path>, expected_way: &str) {
        for part in [BLOCK as usize, 1000, 100_000] {
            let (way, answers, downloaded) = converse(path, part);
            assert_eq!(way, expected_way);
            assert_eq!(answers, [3, 2, 4, 2].map(|blocks| blocks * BLOCK), "{part}");
            let mut expected = vec![0; 4 * BLOCK as usize];
            expected.extend(vec![7; 2 * BLOCK as usize]);
            assert!(downloaded == expected, "{part}: {} bytes", downloaded.len());
        }
    }

    #[test]
    fn no_byte_is_lost_with_gnu_dd() {
        moves_every_byte(None, "fullblock");
    }

    /// What would follow is payload, which must not be read as a line.
    #[test]
    fn the_loop_ends_where_dd_has_not_taken_all() {
        let short = "head -c 65536 >/dev/null; echo 1+0 records in >&2; echo 1+0 records out >&2";
        let failing = "echo 'dd: error writing: No space left on device' >&2; exit 1";
        for (script, told) in [(short, "1+0 records"), (failing, "dd: error writing: No space")] {
            let directory = tempfile::tempdir().unwrap();
            let dd = directory.path().join("dd");
            let script = format!("#!/bin/sh\ncase $* in *count=0*) exit;; esac\n{script}\n");
            std::fs::write(&dd, script).unwrap();
            let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&dd, executable).unwrap();
            let mut child =
                session(Some(directory.path()), directory.path().as_os_str().as_encoded_bytes());
            let mut stdin = child.stdin.take().unwrap();
            let line = write(BLOCK, "made-by-payload").into_bytes();
            let payload = line.repeat(2 * BLOCK as usize / line.len());
            // It may end before all is written.
            let _ = stdin.write_all(&[take(4 * BLOCK).as_bytes(), &payload].concat());
            drop(stdin);
            let mut stderr = String::new();
            child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
            assert!(!child.wait().unwrap().success());
            let answers: Vec<&str> =
                stderr.lines().filter_map(|line| line.strip_prefix("MARK did 0 ")).collect();
            assert!(answers.len() == 1 && answers[0].starts_with(told), "{stderr}");
            assert!(!directory.path().join("made-by-payload").exists());
        }
    }

    #[test]
    fn no_byte_is_lost_where_dd_does_not_know_fullblock() {
        let directory = tempfile::tempdir().unwrap();
        let dd = directory.path().join("dd");
        let real =
            ["/usr/bin/dd", "/bin/dd"].into_iter().find(|p| std::path::Path::new(p).exists());
        // As FreeBSD's: it does not warn of partial reads as GNU's does, which suggests fullblock then.
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *iflag=*) echo 'dd: unknown operand iflag' >&2; exit 1;; esac\n\
             exec 3>&1; {} \"$@\" 2>&1 >&3 | sed '/suggest iflag/d; s/) copied,/) transferred/' >&2\n",
            real.unwrap()
        );
        std::fs::write(&dd, script).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&dd, executable).unwrap();
        moves_every_byte(Some(directory.path()), "partial");
    }

    #[test]
    fn what_dd_prints_is_the_proof() {
        assert_eq!(
            Answer::parse("0 320+0 records in 320+0 records out 20971520 bytes"),
            Ok(Answer { bytes: 320 * BLOCK })
        );
        // The end of the input came in the middle of a block.
        assert_eq!(
            Answer::parse("0 319+1 records in 319+1 records out"),
            Ok(Answer { bytes: 319 * BLOCK })
        );
        assert_eq!(
            Answer::parse("131072 1+0 records in 1+0 records out"),
            Ok(Answer { bytes: 131072 })
        );
        let full = "dd: error writing '/x/y': No space left 3+0 records in 2+0 records out";
        assert_eq!(Answer::parse(&format!("0 {full}")), Err(full));
        assert_eq!(Answer::parse("0 sh: dd: not found"), Err("sh: dd: not found"));
    }
}
