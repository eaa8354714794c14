//! The survey's directory on the remote host is also its lock: one survey per target at a time.

use anyhow::{Context, Result, anyhow, bail};

use crate::host::Sections;
use crate::host::profile::storage;
use crate::host::script::{self, assign};
use crate::model::host::Storage;
use crate::model::units::printable;
use crate::remote::channel::TIMEOUT;
use crate::remote::control::{Access, ControlConnection};
use crate::remote::directory::RemoteDirectory;
use crate::remote::sftp::join;

/// The name of the directory.
const NAME: &str = ".cipher-survey";

/// The file in it that says whose it is.
pub const OWNER_FILE: &str = "owner";

/// Who owns a lock.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Random, one per target of a survey: a lock with it was made by an earlier control connection
    /// of the same target.
    pub token: String,
    /// How this survey is named to another one that finds the lock.
    pub who: String,
    /// From 0: which of the clients that are compared on one host. The directory of the first is the
    /// lock of all; those of the others are beside it.
    pub client_index: usize,
}

impl Owner {
    /// Follows [`NAME`]: each client has a directory of its own.
    fn suffix(&self) -> String {
        match self.client_index {
            0 => String::new(),
            others => format!("-{}", others + 1),
        }
    }

    /// Who it is, in one line of plain characters.
    fn plain_name(&self) -> String {
        self.who.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect()
    }
}

/// Creates the survey's directory in `parent` (absent: the login directory) on `host`, and has it
/// removed when the control connection ends.
///
/// # Errors
/// Another survey holds it, or it can't be created.
pub fn claim(
    control: &mut ControlConnection,
    host: &str,
    parent: Option<&[u8]>,
    owner: &Owner,
) -> Result<RemoteDirectory> {
    match control.access {
        Access::Shell => claim_by_shell(control, host, parent, owner),
        Access::Sftp => claim_by_sftp(control, host, parent, owner),
    }
}

/// Creates the directory and has the shell remove it when it ends. A lock is stale when the shell that
/// made it is gone (same host, same boot, no process of that number and start time), or when it is
/// of another boot. Where a link has broken, the shell of this survey's earlier control connection may
/// not notice for long: it has two seconds to end by itself and is then killed, so that it does not
/// remove the new directory. Directories that an ended survey left beside its lock are removed too.
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
  t=$(pwd; echo x); t=${t%?x}; w=${t%/}/.cipher-survey$suffix
  boot=none; read -r boot < /proc/sys/kernel/random/boot_id
  started $$; start=${l:-none}
  host=$(uname -n); tries=0
  while [ $tries -lt 5 ]; do
    tries=$((tries+1))
    if e=$(mkdir "$w" 2>&1); then
      trap leave EXIT; trap 'leave; exit 1' HUP INT TERM; trap '' PIPE
      e=$( { echo "cipher-survey $host $boot $$ $start $token $who" > "$w/owner"; } 2>&1) ||
        { echo @@error; echo "$e"; return; }
      [ "$suffix" ] || sweep
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

fn claim_by_shell(
    control: &mut ControlConnection,
    host: &str,
    parent: Option<&[u8]>,
    owner: &Owner,
) -> Result<RemoteDirectory> {
    let script = format!(
        "{}\n{}\n{}\n{}\n{CLAIM}",
        assign("suffix", owner.suffix().as_bytes()),
        assign("d", parent.unwrap_or_default()),
        assign("token", owner.token.as_bytes()),
        assign("who", owner.plain_name().as_bytes())
    );
    let answer = control.run(&script, TIMEOUT)?;
    let sections = Sections::parse(&String::from_utf8_lossy(&answer));
    if let Some(error) = sections.text("error") {
        bail!(
            "{} on {host} can't be used: {}; name another one, as {host}:DIRECTORY",
            in_words(parent),
            printable(error.trim())
        );
    }
    if let Some(owner) = sections.line("held") {
        let words: Vec<&str> = owner.split_whitespace().collect();
        bail!(
            "another survey of {host} is running ({}), and only one may run at a time; wait until it \
             has ended, or, if its connection is lost, end its shell on {host} (kill -9 {})",
            printable(&words.get(6..).unwrap_or_default().join(" ")),
            printable(words.get(3).unwrap_or(&"PID"))
        );
    }
    if let Some(path) = sections.text("foreign") {
        bail!(foreign(&printable(path), host));
    }
    let Some(path) = after(&answer, b"@@claimed\n") else {
        bail!("the shell on {host} created no directory and gave no reason");
    };
    let path = path.strip_suffix(b"\n").unwrap_or(path).to_vec();
    let answer = control.run(script::STORAGE, TIMEOUT)?;
    let storage = storage(&Sections::parse(&String::from_utf8_lossy(&answer)));
    Ok(RemoteDirectory { path, storage })
}

/// Begins the owner's line where it names no process: SFTP shows none.
const NO_PROCESS: &str = "cipher-survey - - - -";

/// The same for an account without a shell. Nobody can tell whether the owner of a lock still runs, and
/// nothing removes the directory if this program is killed.
fn claim_by_sftp(
    control: &mut ControlConnection,
    host: &str,
    parent: Option<&[u8]>,
    owner: &Owner,
) -> Result<RemoteDirectory> {
    let unusable = || {
        format!(
            "{} on {host} can't be used; name another one, as {host}:DIRECTORY",
            in_words(parent)
        )
    };
    let base = control.sftp().real_path(parent.unwrap_or(b"."))?;
    let base = base.map_err(|reason| anyhow!(reason)).with_context(unusable)?;
    let path = join(&base, format!("{NAME}{}", owner.suffix()).as_bytes());
    let owner_file = join(&path, OWNER_FILE.as_bytes());
    if let Err(reason) = control.sftp().make_directory(&path)? {
        if !control.sftp().exists(&path)? {
            return Err(anyhow!(reason)).with_context(unusable);
        }
        let line = control.sftp().first_line(&owner_file)?;
        let shown = printable(&String::from_utf8_lossy(&path));
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first() != Some(&"cipher-survey") {
            bail!(foreign(&shown, host));
        }
        if words.get(5) != Some(&owner.token.as_str()) {
            bail!(
                "another survey of {host} is running ({}), and only one may run at a time; wait until \
                 it has ended, or, if it was killed, remove {shown} with sftp (this account can't show \
                 whether it still runs)",
                printable(&words.get(6..).unwrap_or_default().join(" "))
            );
        }
    }
    control.remove_at_end(&path);
    let line = format!("{NO_PROCESS} {} {}\n", owner.token, owner.plain_name());
    control.sftp().put(&owner_file, line.as_bytes(), TIMEOUT).with_context(unusable)?;
    let storage = Storage {
        directory: String::from_utf8_lossy(&base).into_owned(),
        device: None,
        file_system: None,
        free_bytes: control.sftp().free_bytes(&path)?,
    };
    Ok(RemoteDirectory { path, storage })
}

/// The directory that the user named.
fn in_words(parent: Option<&[u8]>) -> String {
    parent.map_or_else(
        || "the login directory".to_owned(),
        |parent| format!("the directory {}", printable(&String::from_utf8_lossy(parent))),
    )
}

fn foreign(shown: &str, host: &str) -> String {
    format!(
        "{shown} on {host} was not created by cipher-survey; look at what it holds, and remove it by hand"
    )
}

fn after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    Some(&text[at + mark.len()..])
}
