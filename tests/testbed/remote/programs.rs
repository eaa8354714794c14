//! A remote host that has other programs than this machine. `/usr/bin` as the server sees it is changed, so
//! that neither a PATH nor an absolute path leads elsewhere.

use super::super::need;

/// What is different.
#[derive(Clone, Copy, Default)]
pub struct Programs<'a> {
    /// Not there.
    pub hidden: &'a [&'a str],
    pub dd: Dd,
}

/// Whose dd it is.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Dd {
    #[default]
    Gnu,
    BusyBox,
    /// As of BSD and macOS: a wrapper of GNU's.
    Bsd,
    /// Moves a block less than it is asked for, and succeeds.
    Short,
}

const SHORT_DD: &str = r#"#!/bin/sh
for operand in "$@"; do
  case $operand in
    count=[01]) ;;
    count=*) operand=count=$((${operand#count=} - 1)) ;;
  esac
  set -- "$@" "$operand"
  shift
done
exec /usr/bin/gnu-dd "$@"
"#;

/// Knows no iflag and no oflag, does not warn of partial reads, and tells in other words what was moved.
const BSD_DD: &str = r#"#!/bin/sh
for operand in "$@"; do
  case $operand in
    iflag=* | oflag=*)
      echo "dd: unknown operand ${operand%%=*}" >&2
      exit 1
      ;;
  esac
done
exec 3>&1
status=$(
  {
    { LC_ALL=C /usr/bin/gnu-dd "$@" 2>&1 >&3 3>&- 4>&-; echo $? >&4; } | awk '
      / copied, / {
        secs = $0
        sub(/.* copied, /, "", secs)
        sub(/ s,.*/, "", secs)
        rate = secs > 0 ? $1 / secs : 0
        printf "%s bytes transferred in %.6f secs (%.0f bytes/sec)\n", $1, secs, rate
        next
      }
      /suggest iflag=fullblock/ { next }
      { sub(/^[^ ]*gnu-dd: /, "dd: "); print }
    ' >&2 3>&- 4>&-
  } 4>&1
)
exit "$status"
"#;

/// A host without one program.
pub fn without(tool: &str) -> String {
    Programs { hidden: &[tool], ..Programs::default() }.change()
}

/// A host with such a dd.
pub fn with_dd(dd: Dd) -> String {
    Programs { dd, ..Programs::default() }.change()
}

impl Programs<'_> {
    /// For [`super::Remote::change`], after any other lines of it: these may need the programs.
    pub fn change(&self) -> String {
        let mut lines = String::from("mkdir -p \"$testbed/programs\"\n");
        for tool in self.hidden {
            need(tool, "what has it");
            // A device with the number 0/0 hides what is below it in an overlay.
            lines += &format!(
                "[ -e \"$testbed/programs/{tool}\" ] || mknod \"$testbed/programs/{tool}\" c 0 0\n"
            );
        }
        lines += &match self.dd {
            Dd::Gnu => String::new(),
            Dd::BusyBox => {
                need("/bin/busybox", "busybox-static");
                "ln -sf /bin/busybox \"$testbed/programs/dd\"\n".into()
            }
            Dd::Bsd => wrapper(BSD_DD),
            Dd::Short => wrapper(SHORT_DD),
        };
        lines + "mount -t overlay -o lowerdir=\"$testbed/programs:/usr/bin\" programs /usr/bin\n"
    }
}

/// A script in the place of GNU's dd, which it finds beside it.
fn wrapper(script: &str) -> String {
    format!(
        "cp /usr/bin/dd \"$testbed/programs/gnu-dd\"\n\
         cat > \"$testbed/programs/dd\" <<'END'\n{script}END\n\
         chmod 755 \"$testbed/programs/dd\"\n"
    )
}
