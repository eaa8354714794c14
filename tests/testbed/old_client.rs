//! The client programs of OpenSSH 8.2 (Ubuntu 20.04), as far as they differ: an scp that has the old
//! protocol alone, and what ssh says of its version.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Testbed, need};

const VERSION: &str = "OpenSSH_8.2p1 Ubuntu-4ubuntu0.13, OpenSSL 1.1.1f  31 Mar 2020";

/// Options of scp are read as getopt(3) does, until the first file.
const SCP: &str = r#"#!/bin/sh
takes=
for word in "$@"; do
  if [ "$takes" ]; then
    takes=
    continue
  fi
  case $word in
    --) break ;;
    -?*) letters=${word#-} ;;
    *) break ;;
  esac
  while [ "$letters" ]; do
    rest=${letters#?}
    letter=${letters%"$rest"}
    letters=$rest
    case $letter in
      [cFiJloPS])
        [ "$rest" ] || takes=1
        letters=
        ;;
      [dfprtTvBCq12346]) ;;
      *)
        echo "unknown option -- $letter" >&2
        cat >&2 << 'END'
usage: scp [-346BCpqrTv] [-c cipher] [-F ssh_config] [-i identity_file]
            [-J destination] [-l limit] [-o ssh_option] [-P port]
            [-S program] source ... target
END
        exit 1
        ;;
    esac
  done
done
"#;

/// They are first in the PATH of the program and of [`Testbed::client`].
pub fn first_in_path(mut testbed: Testbed) -> Testbed {
    let (scp, ssh) = (need("scp", "openssh-client"), need("ssh", "openssh-client"));
    let directory = testbed.path("old-client");
    fs::create_dir(&directory).unwrap();
    let programs = [
        ("scp", format!("{SCP}exec {} -O \"$@\"\n", scp.display())),
        (
            "ssh",
            format!(
                "#!/bin/sh\n[ \"$1\" = -V ] && {{ echo '{VERSION}' >&2; exit 0; }}\nexec {} \"$@\"\n",
                ssh.display()
            ),
        ),
    ];
    for (name, script) in programs {
        let program = directory.join(name);
        fs::write(&program, script).unwrap();
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = std::env::var("PATH").unwrap_or_default();
    testbed.environment.push(("PATH", format!("{}:{path}", directory.display())));
    testbed
}
