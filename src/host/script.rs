//! Shell scripts for POSIX `sh`, for either end.
//!
//! What goes through a login shell is one word in plain single quotes, which bash, dash, zsh,
//! fish, csh and rbash all pass on unchanged. So a script in [`one_word`] has no single quote, no line
//! end, and no `!`, which csh would expand. [`assign`] writes paths, which may hold any bytes, in octal.
//! What the control shell reads from its standard input has none of these restrictions.

/// `sh -c '…'`, to be run by any login shell.
pub fn one_word(fragment: &str) -> String {
    debug_assert!(
        !fragment.contains(['\'', '\n', '!']),
        "a login shell would not pass this on unchanged: {fragment}"
    );
    format!("sh -c '{fragment}'")
}

/// `name=value;` for any bytes but NUL. Plain names stay readable for whoever looks at `ps`.
pub fn assign(name: &str, value: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+,=@".contains(byte);
    if value.iter().all(plain) {
        return format!("{name}={};", String::from_utf8_lossy(value));
    }
    let mut spelled = String::new();
    for byte in value {
        if plain(byte) {
            spelled.push(char::from(*byte));
        } else {
            spelled += &format!("\\0{byte:03o}");
        }
    }
    // The x keeps line ends at the name's end, which $(…) would strip.
    format!("{name}=$(printf %b \"{spelled}x\"); {name}=${{{name}%x}};")
}

/// Defines `quota WHEN`, which reports for how many microseconds the cgroups of process `$p` were
/// throttled, its own and those above ([`super::linux::cpu_groups`] does the same locally). It prints
/// nothing where no group has the count, and is called outside the bulk, since it reads several files.
const QUOTA: &str = "quota() { t=; { while IFS=: read -r i j k; do \
     case ,$j, in ,,) g=/sys/fs/cgroup;; *,cpu,*) g=/sys/fs/cgroup/$j;; *) continue;; esac; \
     k=${k%/}; while :; do [ -r $g$k/cpu.stat ] && while read -r x y z; do case $x in \
     throttled_usec) t=$((${t:-0} + y));; throttled_time) t=$((${t:-0} + y / 1000));; \
     esac; done <$g$k/cpu.stat; [ \"$k\" ] || break; k=${k%/*}; done; \
     done </proc/${p:-none}/cgroup; } 2>/dev/null; \
     [ \"$t\" ] && printf \"%s\\n\" \"$m $1 throttled $t\" >&2; :; };";

/// Defines `serves PROCESS`, for an ancestor within the shell's own session: a login shell is ours to
/// look at and holds no TCP connection; a server that begins no session for it (Dropbear, AsyncSSH)
/// is not ours to look at, or holds one.
const SERVES: &str = "serves() { ls /proc/$1/fd >/dev/null 2>&1 || return 0; \
     for i in $(ls -l /proc/$1/fd 2>/dev/null | \
     sed -n \"s/.*socket:.\\([0-9]*\\).*/\\1/p\"); do \
     grep -q \" $i \" /proc/net/tcp /proc/net/tcp6 2>/dev/null && return; done; return 1; };";

/// Finds this session's server process, `$p`: the nearest ancestor outside the session that the
/// server began with setsid (sshd's session.c) for the login shell; by its place, not its name,
/// which under emulation is the emulator's. A server within the session is told by what it holds.
/// `$c` is the chain from there upwards. Without `/proc`
/// both stay empty. Defines `snap WHEN`, which reports that process's counters on standard error, and in the
/// beginning those of the processes above it.
///
/// `mark` begins each line of the report, so that it is found among whatever start-up files print.
pub fn watch_server(mark: &str) -> String {
    format!(
        "{SERVES} m={mark}; p=; c=; l=; {{ read -r l </proc/$$/stat; }} 2>/dev/null; \
         if [ \"$l\" ]; then set -- ${{l##*) }}; s=$4; q=$PPID; \
         while [ \"${{q:-0}}\" -gt 1 ]; do l=; {{ read -r l </proc/$q/stat; }} 2>/dev/null; \
         [ \"$l\" ] || break; set -- ${{l##*) }}; \
         if [ \"$4\" -ne \"$s\" ] || {{ [ -z \"$p\" ] && serves $q; }}; then [ \"$p\" ] || p=$q; c=\"$c $q\"; fi; q=$2; done; fi; \
         {QUOTA} \
         above() {{ for q in $c; do [ $q = $p ] && continue; a=; b=; {{ read -r a </proc/$q/stat; \
         read -r b </proc/$q/schedstat; }} 2>/dev/null; printf \"%s\\n\" \"$m begin above ${{b%% *}} $a\" >&2; done; }}; \
         snap() {{ [ $1 = end ] || {{ quota $1; above; }}; a=; b=; d=; u=; {{ read -r a </proc/${{p:-none}}/stat; \
         read -r b </proc/${{p:-none}}/schedstat; read -r d </proc/$$/stat; \
         read -r u </proc/uptime; }} 2>/dev/null; \
         printf \"%s\\n\" \"$m $1 chain $c\" \"$m $1 server $a\" \"$m $1 schedstat $b\" \
         \"$m $1 shell $d\" \"$m $1 uptime $u\" \"$m $1 done\" >&2; \
         [ $1 = begin ] || quota $1; }};"
    )
}

/// Asks what a host is; see [`super::profile`].
pub const PROFILE: &str = r#"
echo @@uname; uname -s; uname -r; uname -m; uname -n
echo @@os; sed -n 's/^PRETTY_NAME=//p' /etc/os-release
echo @@model; tr -d '\000' < /proc/device-tree/model; echo
echo @@cpuinfo; sed -n '1,60p' /proc/cpuinfo
echo @@cores; grep -c '^processor' /proc/cpuinfo
echo @@governor; cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor
echo @@memory; grep '^MemTotal' /proc/meminfo
echo @@ticks; getconf CLK_TCK
echo @@boot; cat /proc/sys/kernel/random/boot_id
echo @@stat; sed -n 1p /proc/stat
"#;

/// Where OpenSSH's sftp-server is installed: Debian and its kin, Fedora and its kin, Arch and SUSE,
/// Alpine and BSD, macOS, self-built.
const SFTP_SERVERS: &str = "/usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server \
     /usr/lib/ssh/sftp-server /usr/lib/sftp-server /usr/libexec/sftp-server \
     /usr/libexec/ssh/sftp-server /usr/local/libexec/sftp-server";

/// Asks for the server's processes and for the program behind its sftp subsystem. `config` is
/// what the server was started with (`-f`), read from its title; else the usual place. A
/// readable configuration decides (`internal-sftp` included); else the usual places are tried.
pub fn server(mark: &str) -> String {
    format!(
        r#"{watch}
echo @@chain; echo "$c"
echo @@sessions; for q in $c; do read -r l < /proc/$q/stat && {{ set -- ${{l##*) }}; echo $4; }}; done
echo @@connection; echo "$SSH_CONNECTION"
f=; for q in $c; do
  t=$(tr '\000' ' ' < /proc/$q/cmdline)
  case "$t" in *" -f "*) f=${{t#* -f }}; f=${{f%% *}}; break;; esac
done
[ "$f" ] || for q in /etc/ssh/sshd_config /etc/sshd_config /usr/local/etc/sshd_config; do
  [ -r "$q" ] && f=$q && break
done
echo @@sftp
if [ -r "$f" ]; then
  cat "$f" "${{f%/*}}"/sshd_config.d/*.conf | sed -n \
    's/^[[:space:]]*[Ss][Uu][Bb][Ss][Yy][Ss][Tt][Ee][Mm][[:space:]]\{{1,\}}sftp[[:space:]]\{{1,\}}//p' | sed -n 1p
else
  for q in {SFTP_SERVERS}; do [ -x "$q" ] && echo "$q" && break; done
fi
"#,
        watch = watch_server(mark),
    )
}

/// Asks whether the program behind the sftp subsystem is there, as far as the configuration tells: then the
/// section `works` has a line.
pub fn sftp_works(mark: &str) -> String {
    format!(
        "t=$({{\n{}\n}} | sed -n '/^@@sftp/{{n;p;}}' | sed -n 1p); echo @@works\n\
         case $t in internal-sftp*) echo inside;; /*) [ -x \"${{t%% *}}\" ] && echo there;; esac\n",
        server(mark)
    )
}

/// Asks for the file system of the current directory; see [`super::profile::storage`].
pub const STORAGE: &str = r#"
echo @@directory; pwd
echo @@df; df -Pk .
echo @@filesystem; stat -f -c %T .
"#;

/// Asks for the processes that another one has started.
pub fn children(pid: u32) -> String {
    format!("cat /proc/{pid}/task/*/children")
}

/// Finds `top`, the newest connection of `listener` that is not among `known`, and defines `below`, which sets
/// `run` to its processes by now. The server processes of one connection share the session that its topmost
/// process began; what they start for the user begins its own.
fn newest(listener: u32, known: &[u32]) -> String {
    let known: String = known.iter().map(|pid| format!(" {pid}")).collect();
    format!(
        r#"top=; for q in $(cat /proc/{listener}/task/*/children); do
  case "{known} " in *" $q "*) ;; *) top=$q;; esac
done
below() {{
  run=$top; next=$top
  while [ "$next" ]; do
    kids=; for q in $next; do kids="$kids $(cat /proc/$q/task/*/children)"; done
    next=; for q in $kids; do
      read -r l < /proc/$q/stat; set -- ${{l##*) }}
      [ "$4" = "$top" ] && next="$next $q"
    done
    run="$run $next"
  done
}}
run=; [ "$top" ] && below
"#
    )
}

/// Asks for the processes of a connection: those of the server (where `listener` is given), what they have
/// started, and the control groups of the server.
pub fn connection(
    server: Option<u32>,
    shell: Option<u32>,
    listener: Option<u32>,
    known: &[u32],
) -> String {
    let found = listener.map_or(String::new(), |listener| {
        format!("{}echo @@servers; echo $run\n", newest(listener, known))
    });
    let first = server.map_or("${run%% *}".to_owned(), |pid| pid.to_string());
    let helpers = shell.map_or(String::new(), |pid| {
        format!("echo @@helpers; echo {pid}; cat /proc/{pid}/task/*/children\n")
    });
    format!("run=; {found}{helpers}p={first}; echo @@groups; cat /proc/${{p:-none}}/cgroup\n")
}

/// Tools that a survey starts on the remote host, whatever it measures.
pub const TOOLS: &[&str] = &["cat", "dd", "grep", "mkdir", "mv", "rm", "sed", "sleep", "tr", "wc"];

/// Asks which tools are missing, by the shell alone.
pub fn missing_tools() -> String {
    let tools = TOOLS.iter().chain(&["scp"]).copied().collect::<Vec<_>>().join(" ");
    format!("for t in {tools}; do command -v $t >/dev/null || echo $t; done")
}

/// Asks for the host's counters, and for the listener's where one is known.
pub fn counters(listener: Option<u32>) -> String {
    let listener = listener.map_or(String::new(), |pid| {
        format!(
            "echo @@listener; cat /proc/{pid}/stat; echo @@children; cat /proc/{pid}/task/*/children\n"
        )
    });
    format!(
        "echo @@uptime; cat /proc/uptime; echo @@stat; sed -n 1p /proc/stat\n\
         echo @@net; cat /proc/net/dev; echo @@disks; cat /proc/diskstats\n\
         echo @@frequency; cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq\n\
         echo @@temperature; cat /sys/class/thermal/thermal_zone0/temp\n\
         echo @@swap; grep ^pswp /proc/vmstat\n\
         echo @@snmp; grep ^Tcp: /proc/net/snmp\n{listener}"
    )
}

/// Reads the newest connection of `listener` until it is gone: its first and last counters.
/// `known` are the listener's children from before.
pub fn sample(listener: u32, known: &[u32]) -> String {
    format!(
        r#"{newest}
echo @@top; echo "$top"
[ "$top" ] && {{
  echo @@run; echo $run
  all=
  look() {{ below; for q in $run; do
    case " $all " in *" $q "*) ;; *) all="$all $q";; esac
    a=; b=; read -r a < /proc/$q/stat; read -r b < /proc/$q/schedstat; read -r u < /proc/uptime
    [ "$a" ] && eval "a$q=\$a; b$q=\$b"; done; }}
  tell() {{ for q in $all; do eval "echo \"\$a$q\"; echo \"sched $q \$b$q\""; done; }}
  look; echo @@first; tell; echo @@since; echo "$u"
  while [ -d /proc/$top ]; do
    read -r l < /proc/$top/stat; set -- ${{l##*) }}
    [ "$1" = Z ] && break
    look; sleep 0.05 || sleep 1
  done
  echo @@last; tell; echo @@until; echo "$u"
}}
"#,
        newest = newest(listener, known),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn sh(shell: &str, script: &str) -> Vec<u8> {
        let output = Command::new(shell).arg("-c").arg(script).output().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        output.stdout
    }

    #[test]
    fn any_bytes_survive_an_assignment() {
        for name in [&b"plain/name"[..], b"it's $HOME `x` \"y\" \\ !z %s\n\n", b"\xff\xfe \t*?[a]"]
        {
            let script = format!("{} printf %s \"$f\"", assign("f", name));
            for shell in ["sh", "bash"] {
                assert_eq!(sh(shell, &one_word(&script)), name, "{shell}");
            }
        }
        assert_eq!(assign("f", b"/srv/nas"), "f=/srv/nas;");
    }

    #[test]
    fn the_report_of_a_session_is_one_word_and_runs() {
        let script = one_word(&format!("{} snap begin", watch_server("mark")));
        let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
        let report = String::from_utf8(output.stderr).unwrap();
        assert!(report.ends_with("mark begin done\n"), "{report}");
    }
}
