//! Scripts for the shell that answers on the control connection, one after the other.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::host::profile::{host_profile, storage};
use crate::host::script::{self, assign};
use crate::host::{Sections, script::STORAGE};
use crate::model::HostProfile;
use crate::model::units::printable;
use crate::remote::control::channel::{Channel, TIMEOUT};
use crate::remote::control::error::ControlError;
use crate::remote::control::lock::{Claimed, Owner, foreign, held, in_words};
use crate::remote::control::remote_host::RemoteHost;
use crate::remote::server::ServerProcesses;

/// What is known of the shell.
#[derive(Debug, Default)]
pub struct ShellState {
    /// Begins the lines around each answer.
    mark: String,
    /// The last line in front of an answer that was not expected.
    pub stray: Option<String>,
}

impl ShellState {
    pub fn new(mark: &str) -> ShellState {
        ShellState { mark: mark.to_owned(), stray: None }
    }
}

/// A shell over a channel.
#[derive(Debug)]
pub struct Shell<'a> {
    channel: &'a mut Channel,
    state: &'a mut ShellState,
}

impl<'a> Shell<'a> {
    pub fn over(channel: &'a mut Channel, state: &'a mut ShellState) -> Shell<'a> {
        Shell { channel, state }
    }

    /// Runs a script on the remote host; returns its standard output.
    pub fn run(&mut self, script: &str, timeout: Duration) -> Result<Vec<u8>, ControlError> {
        self.begin(script)?;
        self.collect(timeout)
    }

    /// Starts a script whose output is fetched later, by [`Shell::collect`].
    pub fn begin(&mut self, script: &str) -> Result<(), ControlError> {
        self.channel.requests += 1;
        let (mark, number) = (&self.state.mark, self.channel.requests);
        // The script's own standard input is empty: nothing in it can consume the next script.
        let text = format!(
            "printf '\\n%s\\n' '{mark} begin {number}'\n{{ :\n{script}\n}} 2>/dev/null </dev/null\n\
             printf '\\n%s\\n' '{mark} end {number}'\n"
        );
        self.channel.send(text.as_bytes())
    }

    /// The output of the script that was started last.
    pub fn collect(&mut self, timeout: Duration) -> Result<Vec<u8>, ControlError> {
        let begin = format!("{} begin {}", self.state.mark, self.channel.requests).into_bytes();
        let end = format!("{} end {}", self.state.mark, self.channel.requests).into_bytes();
        let deadline = Instant::now() + timeout;
        let mut output: Option<Vec<u8>> = None;
        loop {
            let line = self.channel.line(deadline, timeout)?;
            let plain = line.trim_ascii_end();
            match &mut output {
                _ if plain.ends_with(&begin) => output = Some(Vec::new()),
                Some(_) if plain == end => {
                    let mut output = output.unwrap_or_default();
                    // The line end in front of the end mark.
                    output.pop();
                    return Ok(output);
                }
                Some(output) => output.extend_from_slice(&line),
                // The line with `begin` never reached the shell.
                None if plain == end => {
                    let host = self.channel.host().to_owned();
                    return Err(ControlError::InputTaken { host });
                }
                // Printed by start-up files, or by what runs in place of the shell.
                None if !plain.is_empty() => {
                    self.state.stray = Some(printable(&String::from_utf8_lossy(plain)));
                }
                None => {}
            }
        }
    }

    /// What a script prints, as text.
    fn text(&mut self, script: &str) -> Result<String, ControlError> {
        Ok(String::from_utf8_lossy(&self.run(script, TIMEOUT)?).into_owned())
    }
}

impl RemoteHost for Shell<'_> {
    fn start(&mut self, timeout: Duration) -> Result<(), ControlError> {
        self.run("", timeout).map(|_| ())
    }

    fn round_trip(&mut self) -> Result<(), ControlError> {
        self.run(":", TIMEOUT).map(|_| ())
    }

    /// By the shell alone where there is no dd or tr.
    fn move_some(&mut self, bytes: u64, _: &[u8]) -> Result<()> {
        let (blocks, lines) = (bytes.div_ceil(65536), bytes.div_ceil(1024));
        let script = format!(
            "if command -v dd && command -v tr; then \
             dd if=/dev/zero bs=65536 count={blocks} | tr '\\000' x; \
             else i=0; while [ $i -lt {lines} ]; do printf %1024s x; i=$((i+1)); done; fi"
        );
        self.run(&script, TIMEOUT)?;
        Ok(())
    }

    fn missing_tools(&mut self) -> Result<Vec<String>, ControlError> {
        let text = self.text(&script::missing_tools())?;
        Ok(text.split_whitespace().map(printable).collect())
    }

    fn describe(&mut self, mark: &str) -> Result<(HostProfile, ServerProcesses)> {
        let profile = host_profile(&Sections::parse(&self.text(script::PROFILE)?));
        let sections = Sections::parse(&self.text(&script::server(mark))?);
        let numbers = |name: &str| -> Vec<u32> {
            let words = sections.text(name).unwrap_or_default().split_whitespace();
            words.filter_map(|pid| pid.parse().ok()).collect()
        };
        let (chain, sessions) = (numbers("chain"), numbers("sessions"));
        // sshd begins a session of its own for each connection; the listener is outside of it.
        let listener = sessions.iter().position(|session| Some(session) != sessions.first());
        let processes = ServerProcesses {
            listener: listener.and_then(|at| chain.get(at)).copied().filter(|&pid| pid > 1),
            chain,
            sftp_server: sections.line("sftp").map(str::to_owned),
        };
        Ok((profile, processes))
    }

    /// The shell removes the directory when it ends. A lock is stale when the shell that made it is gone (same
    /// host, same boot, no process of that number and start time), or when it is of another boot. Where a link
    /// has broken, the shell of this survey's earlier control connection may not notice for long: it has two
    /// seconds to end by itself and is then killed, so that it does not remove the new directory. Directories
    /// that an ended survey left beside its lock are removed too.
    fn claim(&mut self, host: &str, parent: Option<&[u8]>, owner: &Owner) -> Result<Claimed> {
        let script = format!(
            "{}\n{}\n{}\n{}\n{CLAIM}",
            assign("suffix", owner.suffix().as_bytes()),
            assign("d", parent.unwrap_or_default()),
            assign("token", owner.token.as_bytes()),
            assign("who", owner.plain_name().as_bytes())
        );
        let answer = self.run(&script, TIMEOUT)?;
        let sections = Sections::parse(&String::from_utf8_lossy(&answer));
        if let Some(error) = sections.text("error") {
            bail!(
                "{} on {host} can't be used: {}; name another one, as {host}:DIRECTORY",
                in_words(parent),
                printable(error.trim())
            );
        }
        if let Some(owner) = sections.line("held") {
            let pid = printable(owner.split_whitespace().nth(3).unwrap_or("PID"));
            let lost =
                format!("if its connection is lost, end its shell on {host} (kill -9 {pid})");
            bail!(held(owner, host, &lost));
        }
        if let Some(path) = sections.text("foreign") {
            bail!(foreign(&printable(path), host));
        }
        let Some(path) = after(&answer, b"@@claimed\n") else {
            bail!("the shell on {host} created no directory and gave no reason");
        };
        let path = path.strip_suffix(b"\n").unwrap_or(path).to_vec();
        Ok(Claimed { path, storage: storage(&Sections::parse(&self.text(STORAGE)?)) })
    }

    fn take_sizes(&mut self, paths: &[Vec<u8>]) -> Result<u64> {
        let each = |path: &Vec<u8>| format!("{} wc -c < \"$f\"; rm -f \"$f\"\n", assign("f", path));
        let text = self.text(&paths.iter().map(each).collect::<String>())?;
        Ok(text.split_whitespace().filter_map(|size| size.parse::<u64>().ok()).sum())
    }

    fn remove_beginning(&mut self, directory: &[u8], begins: &str) -> Result<()> {
        self.run(&format!("{} rm -f \"$w/{begins}\"*", assign("w", directory)), TIMEOUT)?;
        Ok(())
    }

    fn first_line(&mut self, path: &[u8]) -> Result<String> {
        let text = self.text(&format!("{} cat \"$f\"", assign("f", path)))?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }

    fn unwritable(&mut self, probe: &[u8]) -> Result<Option<String>> {
        let text = self.text(&format!(
            "{} command -v dd >/dev/null && {{ \
             e=$(dd if=/dev/zero of=\"$f\" bs=65536 count=1 2>&1) || echo \"$e\"; rm -f \"$f\"; }}",
            assign("f", probe)
        ))?;
        // `dd: error writing '…/probe': No space left on device`
        let why = |line: &str| printable(line.rsplit_once(": ").map_or(line, |(_, why)| why));
        Ok(text.lines().next().map(why))
    }
}

/// See [`Shell::claim`].
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

fn after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    Some(&text[at + mark.len()..])
}
