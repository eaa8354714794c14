//! Our directory on the far host: claimed, filled and checked through the monitor, whose shell
//! removes it when its input ends.

use std::io::Read;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::host::Sections;
use crate::host::profile::storage;
use crate::host::script::{self, assign};
use crate::model::host::Storage;
use crate::model::units::printable;
use crate::remote::control::{Access, ControlConnection};
use crate::remote::sftp;

/// The name of our directory: a lock and a mark at once.
pub const NAME: &str = ".cipher-survey";

/// A claimed directory.
#[derive(Clone, Debug)]
pub struct RemoteDirectory {
    /// Absolute, any bytes.
    pub path: Vec<u8>,
    pub storage: Storage,
}

/// An ordinary question's patience.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// How a survey signs the lock.
#[derive(Clone, Debug)]
pub struct Owner {
    /// One lane's own word: a lock that holds it was made by an earlier connection of that lane.
    pub token: String,
    /// How this survey is named to another one that finds the lock.
    pub who: String,
    /// From 0: which of the survey's lanes on this target. The first one's directory is the lock
    /// of all; the others' lie beside it.
    pub client_index: usize,
}

/// Makes the directory and has the far shell remove it at its end. One survey a target at a time:
/// the directory is the lock, stale when the shell that made it is gone (same host, same boot,
/// no process of that number and start), or of another boot. Where a link has broken, our own
/// former shell may never hear of it: it is given two seconds to end by itself and then ended, so
/// that it does not remove what is ours now. What a survey left beside its lock is removed with it.
const CLAIM: &str = r#"
umask 077
started() {
  l=
  if [ -r /proc/$$/stat ]; then
    read -r l < "/proc/$1/stat" && { set -- ${l##*) }; l=${20}; [ "$1" = Z ] && l=; }
  elif kill -0 "$1"; then
    l=$(LC_ALL=C ps -o lstart= -p "$1" | tr -d ' '); l=${l:-unknown}
  fi
}
leave() { cd /; rm -rf "$w"; }
sweep() {
  for o in "$w"-*; do
    l=; read -r l < "$o/owner"
    case $l in "cipher-survey $host "*) ;; *) continue;; esac
    set -- $l
    if [ "$3" = "$boot" ]; then started "$4"; [ "$l" = "$5" ] && continue; fi
    rm -rf "$o"
  done
}
claim() {
  if [ "$d" ]; then
    e=$(cd -- "$d" 2>&1) || { echo @@error; echo "$e"; return; }
    cd -- "$d"
  fi
  t=$(pwd; echo x); t=${t%?x}; w=${t%/}/.cipher-survey$place
  boot=none; read -r boot < /proc/sys/kernel/random/boot_id
  started $$; start=${l:-none}
  host=$(uname -n); tries=0
  while [ $tries -lt 5 ]; do
    tries=$((tries+1))
    if e=$(mkdir "$w" 2>&1); then
      trap leave EXIT; trap 'leave; exit 1' HUP INT TERM; trap '' PIPE
      e=$( { echo "cipher-survey $host $boot $$ $start $token $who" > "$w/owner"; } 2>&1) ||
        { echo @@error; echo "$e"; return; }
      [ "$place" ] || sweep
      echo @@claimed; printf '%s\n' "$w"
      return
    fi
    [ -d "$w" ] || { echo @@error; echo "$e"; return; }
    l=; read -r l < "$w/owner"
    case $l in
    "cipher-survey "*) ;;
    *) [ $tries -lt 3 ] && { sleep 1; continue; }
       rmdir "$w" && continue
       echo @@foreign; echo "$w"; return ;;
    esac
    set -- $l
    if [ "$2" = "$host" ] && [ "$3" = "$boot" ]; then
      started "$4"; [ "$l" = "$5" ] || l=
      if [ "$l" ] && [ "$6" = "$token" ]; then
        [ $tries -lt 3 ] && { sleep 1; continue; }
        kill -KILL "$4" && l=
      fi
    elif [ "$2" = "$host" ]; then
      l=
    fi
    if [ "$l" ]; then echo @@held; cat "$w/owner"; return; fi
    rm -rf "$w"
  done
  echo @@foreign; echo "$w"
}
claim
"#;

impl Owner {
    /// Behind the name of its directory: each client that is compared has its own.
    pub(super) fn suffix(&self) -> String {
        match self.client_index {
            0 => String::new(),
            others => format!("-{}", others + 1),
        }
    }

    /// Who it is, in one line of plain characters.
    pub(super) fn plain_name(&self) -> String {
        self.who.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect()
    }
}

/// The directory that the user named, in words.
pub(super) fn named(directory: Option<&[u8]>) -> String {
    directory.map_or_else(
        || "the login directory".to_owned(),
        |directory| format!("the directory {}", printable(&String::from_utf8_lossy(directory))),
    )
}

/// Why a directory of our name is left alone.
pub(super) fn foreign(shown: &str, target: &str) -> String {
    format!("{shown} on {target} is not of this program's making; look at it and remove it by hand")
}

impl RemoteDirectory {
    pub fn claim(
        control: &mut ControlConnection,
        target: &str,
        directory: Option<&[u8]>,
        owner: &Owner,
    ) -> Result<RemoteDirectory> {
        if control.access == Access::Sftp {
            return sftp::claim(control, target, directory, owner);
        }
        let fragment = format!(
            "{}\n{}\n{}\n{}\n{CLAIM}",
            assign("place", owner.suffix().as_bytes()),
            assign("d", directory.unwrap_or_default()),
            assign("token", owner.token.as_bytes()),
            assign("who", owner.plain_name().as_bytes())
        );
        let answer = control.ask(&fragment, TIMEOUT)?;
        let sections = Sections::parse(&String::from_utf8_lossy(&answer));
        let named = named(directory);
        if let Some(error) = sections.text("error") {
            bail!(
                "{named} on {target} can't be used: {}; name another one, as {target}:DIRECTORY",
                printable(error.trim())
            );
        }
        if let Some(owner) = sections.line("held") {
            let words: Vec<&str> = owner.split_whitespace().collect();
            bail!(
                "another survey of {target} is running ({}); one at a time: wait until it has \
                 ended, or, if its connection has broken, end its shell over there (kill -9 {})",
                printable(&words.get(6..).unwrap_or_default().join(" ")),
                printable(words.get(3).unwrap_or(&"PID"))
            );
        }
        if let Some(path) = sections.text("foreign") {
            bail!(foreign(&printable(path), target));
        }
        let Some(path) = after(&answer, b"@@claimed\n") else {
            bail!("the shell on {target} did not make a directory and did not say why");
        };
        let path = path.strip_suffix(b"\n").unwrap_or(path).to_vec();
        let asked = control.ask(script::STORAGE, TIMEOUT)?;
        let storage = storage(&Sections::parse(&String::from_utf8_lossy(&asked)));
        Ok(RemoteDirectory { path, storage })
    }

    /// A file in the directory.
    pub fn join(&self, name: &str) -> Vec<u8> {
        [&self.path, b"/".as_slice(), name.as_bytes()].concat()
    }

    /// The prefix of FILE of so many bytes, for downloads.
    pub fn chunk(&self, bytes: u64) -> Vec<u8> {
        self.join(&format!("prefix-{bytes}"))
    }

    /// Makes a smaller prefix from a larger one and has both on disk, so that no write-back of
    /// theirs runs into a trial. A bare `sync` would flush the whole host: never.
    pub fn cut(&self, control: &mut ControlConnection, from: u64, to: u64) -> Result<()> {
        let fragment = format!(
            "{} {} head -c {to} \"$a\" > \"$b\"; {}; wc -c < \"$b\"",
            assign("a", &self.chunk(from)),
            assign("b", &self.chunk(to)),
            flush("b"),
        );
        let made = self.count(control, &fragment, to)?;
        if made != Some(to) {
            bail!("a prefix of {to} bytes could not be made on the far host (is it full?)");
        }
        Ok(())
    }

    /// Writes a prefix by SFTP, where no shell can.
    pub fn put(&self, control: &mut ControlConnection, from: impl Read, bytes: u64) -> Result<()> {
        if control.put(&self.chunk(bytes), from.take(bytes), timeout_for(bytes))? != bytes {
            bail!("{bytes} bytes for downloads could not be put on the far host");
        }
        Ok(())
    }

    /// Has a file on disk.
    pub fn flush(&self, control: &mut ControlConnection, name: &[u8], bytes: u64) -> Result<()> {
        let fragment = format!("{} {}", assign("b", name), flush("b"));
        control.ask(&fragment, timeout_for(bytes))?;
        Ok(())
    }

    /// The size of a file that a trial made; the file is removed, and with it what was not yet
    /// written back.
    pub fn take_made(
        &self,
        control: &mut ControlConnection,
        name: &str,
        bytes: u64,
    ) -> Result<Option<u64>> {
        if control.access == Access::Sftp {
            return control.take_size(&self.join(name));
        }
        let fragment = format!("{} wc -c < \"$f\"; rm -f \"$f\"", assign("f", &self.join(name)));
        self.count(control, &fragment, bytes)
    }

    /// Whether the directory is there, and still ours.
    pub fn is_owned(&self, control: &mut ControlConnection, owner: &Owner) -> Result<bool> {
        if control.access == Access::Sftp {
            return Ok(control.first_line(&self.join("owner"))?.contains(&owner.token));
        }
        let fragment = format!("{} cat \"$f\"", assign("f", &self.join("owner")));
        let answer = control.ask(&fragment, TIMEOUT)?;
        Ok(String::from_utf8_lossy(&answer).contains(&owner.token))
    }

    /// Whether a prefix is there, of the size that it should be.
    pub fn holds_chunk(&self, control: &mut ControlConnection, bytes: u64) -> Result<bool> {
        if control.access == Access::Sftp {
            return Ok(control.size(&self.chunk(bytes))? == Some(bytes));
        }
        let fragment = format!("{} wc -c < \"$f\"", assign("f", &self.chunk(bytes)));
        Ok(self.count(control, &fragment, 0)? == Some(bytes))
    }

    /// What the far host says when 64 KiB more are to be written; nothing where it takes them.
    pub fn unwritable(&self, control: &mut ControlConnection) -> Result<Option<String>> {
        if control.access == Access::Sftp {
            return Ok(control.refuses_more(&self.join("probe"))?);
        }
        let fragment = format!(
            "{} e=$(dd if=/dev/zero of=\"$f\" bs=65536 count=1 2>&1) || echo \"$e\"; rm -f \"$f\"",
            assign("f", &self.join("probe"))
        );
        let answer = control.ask(&fragment, TIMEOUT)?;
        let answer = String::from_utf8_lossy(&answer);
        // `dd: error writing '…/probe': No space left on device`
        let why =
            answer.lines().next().map(|line| line.rsplit_once(": ").map_or(line, |(_, why)| why));
        Ok(why.map(printable))
    }

    /// The directory as it may be shown.
    pub fn shown(&self) -> String {
        printable(&String::from_utf8_lossy(&self.path))
    }

    /// Removes all prefixes but these.
    pub fn keep_only(&self, control: &mut ControlConnection, sizes: &[u64]) -> Result<()> {
        if control.access == Access::Sftp {
            let kept: Vec<String> = sizes.iter().map(|size| format!("prefix-{size}")).collect();
            return control.keep_only(&self.path, &kept);
        }
        let kept: String = sizes.iter().map(|size| format!(" prefix-{size}")).collect();
        let fragment = format!(
            "{} for f in \"$w\"/prefix-*; do case '{kept} ' in *\" ${{f##*/}} \"*) ;; \
             *) rm -f \"$f\";; esac; done",
            assign("w", &self.path)
        );
        control.ask(&fragment, TIMEOUT)?;
        Ok(())
    }

    fn count(
        &self,
        control: &mut ControlConnection,
        fragment: &str,
        bytes: u64,
    ) -> Result<Option<u64>> {
        let answer = control.ask(fragment, timeout_for(bytes))?;
        Ok(String::from_utf8_lossy(&answer).trim().parse().ok())
    }
}

/// coreutils' and BusyBox' sync take a file; else dd flushes one.
fn flush(variable: &str) -> String {
    format!(
        "{{ sync \"${variable}\" || dd of=\"${variable}\" conv=fsync,notrunc count=0 if=/dev/null; }}"
    )
}

/// A card may write 2 MB/s.
fn timeout_for(bytes: u64) -> Duration {
    TIMEOUT + Duration::from_secs(bytes / 2_000_000)
}

fn after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    Some(&text[at + mark.len()..])
}
