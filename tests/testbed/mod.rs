//! A private sshd for one test, and the program run against it.

pub mod cgroup;
pub mod delay;
pub mod hosts;
pub mod kept;
pub mod limits;
pub mod old_client;
pub mod relay;
pub mod remote;
mod run;
pub mod scenarios;
pub mod schema;
mod server;
pub mod servers;
mod system;

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use cgroup::{Cgroup, Quota};
use delay::Delay;
use hosts::{Host, Link};
use remote::Remote;
#[allow(unused_imports, reason = "not every target uses all")]
pub use run::{Run, measured, rounds};
use server::{sshd, start_server, wait_for_listening};
use servers::Make;
pub use system::{children, command_line, descendants, lock, need, need_root, ran, said};
use system::{make_account, processes, started, walk};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_cipher-survey");

/// All ciphers of OpenSSH 9.2, those that servers leave out by default too.
pub const ALL_CIPHERS: &str = "Ciphers +aes128-cbc,aes192-cbc,aes256-cbc,3des-cbc\n";

pub const GCM: &str = "aes128-gcm@openssh.com";
pub const CHACHA: &str = "chacha20-poly1305@openssh.com";

/// An ordinary account of the tests' own.
pub const ACCOUNT: &str = "cssurvey";

/// What the server of a testbed is like.
#[derive(Default)]
pub struct Options<'a> {
    /// Lines for sshd_config, before ours: the first value counts. For another make of server its
    /// arguments.
    pub server: &'a str,
    /// Lines for the user's ssh_config, before ours.
    pub client: &'a str,
    /// Log in as an ordinary account, not as the caller.
    pub ordinary: bool,
    /// Account its CPU in a cgroup of its own.
    pub cgroup: bool,
    /// The share of a core that its server may have.
    pub quota: Option<f64>,
    /// Which host it runs on.
    pub host: Host,
    /// Whose server it is.
    pub make: Make,
    /// What the server sees in place of this machine.
    pub remote: Option<Remote<'a>>,
    /// The way to that host, which lasts as long as the testbed.
    pub link: Option<Link>,
    /// The same, a path that takes time ([`Delay::testbed`]).
    pub delay: Option<Delay>,
}

pub struct Testbed {
    pub directory: TempDir,
    pub cgroup: Option<Cgroup>,
    _quota: Option<Quota>,
    server: Child,
    /// Processes that a test has started for it; they end with it.
    pub helpers: Vec<Child>,
    /// Of the program, and of [`Testbed::client`].
    pub environment: Vec<(&'static str, String)>,
    host: Host,
    seen: String,
    port: u16,
    link: Option<Link>,
    _delay: Option<Delay>,
    /// One testbed at a time has the account.
    account: Option<File>,
}

impl Testbed {
    pub fn new() -> Testbed {
        Testbed::with(Options::default())
    }

    /// A testbed, and a client for it whose default cipher, aes256-ctr, is slower by far on any machine, however busy:
    /// with it the client has a tenth of a core. The quota lasts as long as what is returned last.
    pub fn slow_by_default() -> (Testbed, String, Quota) {
        // All that both ends support by default, in another order: nothing is left out.
        let client = format!(
            "Ciphers aes256-ctr,{CHACHA},aes128-ctr,aes192-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com"
        );
        let testbed = Testbed::with(Options { client: &client, ..Options::default() });
        let quota = Quota::empty(0.1);
        let wrapper = testbed.path("client");
        let join = format!("echo $$ > {}", quota.processes().display());
        let script = format!(
            "#!/bin/sh\ncase \" $* \" in *' aes256-ctr '*) {join};; esac\nexec ssh \"$@\"\n"
        );
        fs::write(&wrapper, script).unwrap();
        fs::set_permissions(&wrapper, Permissions::from_mode(0o755)).unwrap();
        (testbed, wrapper.display().to_string(), quota)
    }

    pub fn with(mut options: Options) -> Testbed {
        let account = options.ordinary.then(|| lock("account"));
        let directory = laid_out();
        let at = |name: &str| directory.path().join(name);
        if rustix::process::geteuid().is_root() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let user = if let Some(remote) = &options.remote {
            let under = remote.lay_out(directory.path());
            options.host.under.splice(0..0, under);
            remote.user().to_owned()
        } else if options.ordinary {
            make_account();
            ran(Command::new("chown").arg(ACCOUNT).arg(at("remote")));
            ACCOUNT.to_owned()
        } else {
            said(Command::new("id").arg("-un")).trim().to_owned()
        };
        let seen = match options.remote {
            Some(remote) if !remote.seen.is_empty() => remote.seen.to_owned(),
            _ => at("remote").display().to_string(),
        };
        let (server, port) = start_server(directory.path(), &options);
        let address = options.host.address.clone();
        let cgroup = options.cgroup.then(|| Cgroup::with(server.id()));
        let quota = options.quota.map(|share| Quota::of(share, server.id()));
        let host = options.host.clone();
        let (link, delay) = (options.link.take(), options.delay.take());
        let testbed = Testbed {
            directory,
            cgroup,
            _quota: quota,
            server,
            helpers: Vec::new(),
            environment: Vec::new(),
            host,
            seen,
            port,
            link,
            _delay: delay,
            account,
        };
        let public = options.make.host_key(testbed.directory.path());
        fs::write(testbed.path("known_hosts"), format!("[{address}]:{port} {public}")).unwrap();
        testbed.write_client_config(options.client, &address, &user);
        testbed
    }

    fn write_client_config(&self, more: &str, address: &str, user: &str) {
        let (root, port) = (self.directory.path().display(), self.port);
        let config = format!(
            "{more}\nHost testbed\n  HostName {address}\n  Port {port}\n  User {user}\n  \
             IdentityFile {root}/client_key\n  IdentitiesOnly yes\n  IdentityAgent none\n  \
             UserKnownHostsFile {root}/known_hosts\n  GlobalKnownHostsFile /dev/null\n"
        );
        fs::write(self.path("ssh_config"), config).unwrap();
    }

    /// The server's.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The name of its host key in known_hosts, for connections through a relay.
    pub fn host_key_alias(&self) -> String {
        format!("[{}]:{}", self.host.address, self.port)
    }

    pub fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The target: the testbed's alias and its remote directory.
    pub fn target(&self) -> String {
        format!("testbed:{}", self.seen)
    }

    /// A file of random data in the testbed.
    pub fn file(&self, name: &str, bytes: u64) -> PathBuf {
        let path = self.path(name);
        let mut from = std::io::Read::take(File::open("/dev/urandom").unwrap(), bytes);
        std::io::copy(&mut from, &mut File::create(&path).unwrap()).unwrap();
        path
    }

    /// The program with the testbed's temporary and data directories.
    pub fn program(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .env("TMPDIR", self.path("tmp"))
            .env("XDG_DATA_HOME", self.path("xdg"))
            .env_remove("SSH_AUTH_SOCK")
            .envs(self.variables())
            .stdin(Stdio::null());
        command
    }

    /// ssh, scp or sftp with the testbed's ssh_config; nobody is asked for anything.
    pub fn client(&self, program: &str) -> Command {
        need(program, "openssh-client");
        let mut command = Command::new(program);
        command.arg("-F").arg(self.path("ssh_config")).args(["-o", "BatchMode=yes"]);
        command.envs(self.variables()).stdin(Stdio::null());
        command
    }

    fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The program with these arguments and the testbed's ssh_config.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Run {
        let mut command = self.program();
        command.args(arguments).arg("--ssh-config").arg(self.path("ssh_config"));
        Run::of(command.output().unwrap())
    }

    /// A survey of the testbed; its JSON. Fails the test where it is not complete.
    pub fn survey(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--format", "json", "-q"];
        all.extend(arguments);
        let run = self.run(&all);
        assert_eq!(run.code, Some(0), "{run:?}\n{}", self.server_log());
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// Ends the listener; open connections stay.
    pub fn stop_listening(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts it again on the same port.
    pub fn listen_again(&mut self) {
        self.server = sshd(self.directory.path(), &self.host);
        let log = self.path("sshd.log");
        wait_for_listening(&mut self.server, &log, 2);
    }

    /// Logins that OpenSSH's or Dropbear's server has accepted, by its log.
    pub fn logins(&self) -> usize {
        let accepted = ["Accepted publickey for ", "Pubkey auth succeeded for "];
        let log = self.server_log();
        accepted.iter().map(|words| log.matches(words).count()).sum()
    }

    pub fn server_log(&self) -> String {
        fs::read_to_string(self.path("sshd.log")).unwrap_or_default()
    }

    /// Nothing of the program is left on either end; waits a little for what is just ending.
    pub fn assert_nothing_left(&self) {
        self.assert_nothing_left_after(Duration::from_secs(10));
    }

    /// The same where a server has to notice first that its client has gone.
    pub fn assert_nothing_left_after(&self, time: Duration) {
        let deadline = Instant::now() + time;
        loop {
            let left = self.left();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "left behind: {left:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What is left: our remote directory, local temporary ones, server processes of connections, and
    /// processes that name the testbed or have it as working directory.
    pub fn left(&self) -> Vec<String> {
        let ours = |path: &PathBuf| path.display().to_string().contains("/.cipher-survey");
        let remote = walk(&self.path("remote")).into_iter().filter(ours);
        let local = fs::read_dir(self.path("tmp")).unwrap().map(|entry| entry.unwrap().path());
        let files = remote.chain(local).map(|path| path.display().to_string());
        let mark = self.directory.path().to_str().unwrap();
        let sessions = descendants(self.server.id());
        let known = |pid: &u32| {
            *pid == self.server.id() || self.helpers.iter().any(|helper| helper.id() == *pid)
        };
        let processes = processes().into_iter().filter(|pid| !known(pid));
        let processes = processes.filter_map(|pid| {
            let line = command_line(pid);
            // The title of a connection's server process does not have its listener's arguments.
            let named = line.contains(mark) && !line.contains("[listener]");
            let place = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            let ours = named || place.starts_with(mark) || sessions.contains(&pid);
            ours.then(|| format!("{pid}: {line}"))
        });
        files.chain(processes).collect()
    }

    /// The server's processes for its connections, the oldest first.
    pub fn sessions(&self) -> Vec<u32> {
        let mut sessions = children(self.server.id());
        sessions.sort_by_key(|&pid| started(pid));
        sessions
    }

    /// Waits until a survey of the testbed has measured its pilot.
    pub fn wait_for_round(&self) {
        self.wait_for_samples(1);
    }

    /// Waits until a survey of the testbed has recorded so many samples of its rounds.
    pub fn wait_for_samples(&self, many: usize) {
        self.wait_for_samples_of("round", many);
    }

    /// The same of any phase.
    pub fn wait_for_samples_of(&self, phase: &str, many: usize) {
        let phase = format!("\"phase\":\"{phase}\"");
        let deadline = Instant::now() + Duration::from_secs(300);
        let begun = |journal: &PathBuf| {
            let text = fs::read_to_string(journal).unwrap_or_default();
            text.matches(&phase).count() >= many
        };
        while !self.journals().iter().any(begun) {
            assert!(Instant::now() < deadline, "{many} samples of {phase} are not over");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Journals that surveys of this testbed have written to the default place.
    pub fn journals(&self) -> Vec<PathBuf> {
        let mut found = walk(&self.path("xdg"));
        found.retain(|path| path.extension() == Some(OsStr::new("jsonl")));
        found.sort();
        found
    }
}

/// A directory with keys, and the directories of a testbed.
fn laid_out() -> TempDir {
    let directory = tempfile::Builder::new().prefix("cs-testbed-").tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    let at = |name: &str| directory.path().join(name);
    for name in ["tmp", "xdg", "remote"] {
        fs::create_dir(at(name)).unwrap();
    }
    for key in ["host_key", "client_key"] {
        let file = at(key);
        let arguments = ["-q", "-t", "ed25519", "-N", "", "-f", file.to_str().unwrap()];
        ran(Command::new(need("ssh-keygen", "openssh-client")).args(arguments));
    }
    directory
}

impl Drop for Testbed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of the testbed's sshd\n{}", self.server_log());
        }
        for process in self.helpers.iter_mut().chain([&mut self.server]) {
            // It may have been ended by the test.
            let _ = process.kill();
            let _ = process.wait();
        }
        if self.account.is_some() {
            // Server processes end with their connections; the account goes with the testbed.
            let _ = Command::new("userdel").args(["-f", "-r", ACCOUNT]).output();
        }
        if !std::thread::panicking() {
            // Whatever surveys have written anywhere in the testbed.
            schema::assert_journals(&walk(self.directory.path()));
        }
    }
}
