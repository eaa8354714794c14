//! OpenSSH's programs and rsync copy files through the built-in server.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;

#[test]
fn ssh_moves_a_large_file_both_ways() {
    let server = BuiltInServer::new();
    let file = server.file("file", large());
    let (up, down) = (server.path("up"), server.path("down"));
    let command = format!("cat > {}", up.display());
    let mut ssh = server.ssh(&[], &command);
    assert!(ssh.stdin(File::open(&file).unwrap()).status().unwrap().success());
    assert_eq!(sha256(&file), sha256(&up));
    let mut ssh = server.ssh(&[], &format!("cat {}", up.display()));
    assert!(ssh.stdout(File::create(&down).unwrap()).status().unwrap().success());
    assert_eq!(sha256(&file), sha256(&down));
    assert_eq!(server.status("Threads"), 1);
}

#[test]
fn scp_moves_a_large_file_both_ways() {
    let server = BuiltInServer::new();
    let file = server.file("file", large());
    let (up, down) = (server.path("up"), server.path("down"));
    let remote = format!("builtin:{}", up.display());
    ran(server.client("scp").args(["-q", "-p"]).arg(&file).arg(&remote));
    assert_eq!(sha256(&file), sha256(&up));
    let times = |path: &Path| fs::metadata(path).unwrap().mtime();
    assert_eq!(times(&file), times(&up));
    ran(server.client("scp").arg("-q").arg(&remote).arg(&down));
    assert_eq!(sha256(&file), sha256(&down));
}

#[test]
fn sftp_moves_a_large_file_both_ways() {
    let server = BuiltInServer::new();
    let file = server.file("file", large());
    let (up, down) = (server.path("up"), server.path("down"));
    sftp(&server, &format!("put {} {}", file.display(), up.display()));
    assert_eq!(sha256(&file), sha256(&up));
    sftp(&server, &format!("get {} {}", up.display(), down.display()));
    assert_eq!(sha256(&file), sha256(&down));
}

#[test]
fn sftp_does_all_that_its_batch_commands_ask_for() {
    let server = BuiltInServer::new();
    let at = |name: &str| server.path(name).display().to_string();
    fs::write(server.path("one"), b"1").unwrap();
    sftp(
        &server,
        &format!(
            "cd {}\nmkdir d\nput {} d/one\nrename d/one d/two\nln d/two d/hard\nln -s two d/soft\n\
             chmod 600 d/two\nls -la d\ndf\npwd\n-rm d/nowhere",
            at(""),
            at("one"),
        ),
    );
    let two = fs::metadata(server.path("d/two")).unwrap();
    assert_eq!((two.permissions().mode() & 0o7777, two.nlink()), (0o600, 2));
    assert_eq!(fs::read_link(server.path("d/soft")).unwrap(), Path::new("two"));
    sftp(&server, &format!("cd {}\nrm d/soft\nrm d/hard\nrm d/two\nrmdir d", at("")));
    assert!(!server.path("d").exists());
}

#[test]
fn rsync_moves_a_large_file_both_ways() {
    let server = BuiltInServer::new();
    let file = server.file("file", large());
    let (up, down) = (server.path("up"), server.path("down"));
    let remote = format!("builtin:{}", up.display());
    let rsync = || {
        let mut rsync = Command::new(need("rsync", "rsync"));
        rsync.arg("-e").arg(format!("ssh -F {}", server.path("ssh_config").display()));
        rsync.arg("--whole-file");
        rsync
    };
    ran(rsync().arg(&file).arg(&remote));
    assert_eq!(sha256(&file), sha256(&up));
    ran(rsync().arg(&remote).arg(&down));
    assert_eq!(sha256(&file), sha256(&down));
}

#[test]
fn sshfs_moves_a_large_file_both_ways() {
    let server = BuiltInServer::new();
    let file = server.file("file", large());
    fs::create_dir(server.path("remote")).unwrap();
    fs::create_dir(server.path("mount")).unwrap();
    let mount = Mount::new(&server);
    // Written and read by other programs, as a user would.
    ran(Command::new("cp").arg(&file).arg(mount.0.join("copy")));
    assert_eq!(sha256(&file), sha256(&server.path("remote/copy")));
    fs::rename(server.path("remote/copy"), server.path("remote/other")).unwrap();
    assert_eq!(sha256(&file), sha256(&mount.0.join("other")));
    ran(Command::new("mv").arg(mount.0.join("other")).arg(mount.0.join("third")));
    ran(Command::new("truncate").args(["-s", "5"]).arg(mount.0.join("third")));
    assert_eq!(fs::metadata(server.path("remote/third")).unwrap().len(), 5);
    let free = rustix::fs::statvfs(&mount.0).unwrap();
    assert!(free.f_blocks > 0);
}

#[test]
fn every_cipher_carries_a_file_unharmed() {
    let server = BuiltInServer::new();
    let file = server.file("file", 3 << 20);
    let ciphers = cipher_survey::builtin_ssh::algorithms::CIPHERS;
    let macs = cipher_survey::builtin_ssh::algorithms::MACS;
    let ciphers = ciphers.iter().map(|name| ["-c", name.as_ref()]);
    let macs = macs.iter().map(|name| ["-m", name.as_ref()]);
    for [option, name] in ciphers.chain(macs) {
        let back = server.path("back");
        // A MAC is only used with a cipher that needs one.
        let cipher = if option == "-m" { "aes128-ctr" } else { name };
        let status = server
            .ssh(&["-c", cipher, option, name], "cat")
            .stdin(File::open(&file).unwrap())
            .stdout(File::create(&back).unwrap())
            .status()
            .unwrap();
        assert!(status.success(), "{name}");
        assert_eq!(sha256(&file), sha256(&back), "{name}");
    }
}

#[test]
fn a_tree_of_small_files_with_odd_names_is_copied_unharmed() {
    let server = BuiltInServer::new();
    let tree = server.path("tree");
    for number in 0..2000_u32 {
        let directory = tree.join(format!("d{}", number % 20));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(odd_name(number)), number.to_string()).unwrap();
    }
    let rsync = server.path("by-rsync");
    let shell = format!("ssh -F {}", server.path("ssh_config").display());
    ran(Command::new(need("rsync", "rsync"))
        .args(["-r", "-e", &shell])
        .arg(format!("{}/", tree.display()))
        .arg(format!("builtin:{}", rsync.display())));
    assert_eq!(contents(&tree), contents(&rsync), "rsync");
    fs::create_dir(server.path("remote")).unwrap();
    fs::create_dir(server.path("mount")).unwrap();
    let mount = Mount::new(&server);
    ran(Command::new("cp").arg("-r").arg(&tree).arg(mount.0.join("by-sshfs")));
    assert_eq!(contents(&tree), contents(&server.path("remote/by-sshfs")), "sshfs up");
    assert_eq!(contents(&tree), contents(&mount.0.join("by-sshfs")), "sshfs down");
    drop(mount);
    let (up, down) = (server.path("by-scp"), server.path("back"));
    let remote = format!("builtin:{}", up.display());
    ran(server.client("scp").args(["-q", "-r"]).arg(&tree).arg(&remote));
    assert_eq!(contents(&tree), contents(&up), "scp up");
    ran(server.client("scp").args(["-q", "-r"]).arg(&remote).arg(&down));
    assert_eq!(contents(&tree), contents(&down), "scp down");
}

/// Blanks, quotes, stars, a leading dash, line ends, and bytes that are not UTF-8.
fn odd_name(number: u32) -> OsString {
    let odd: &[&[u8]] =
        &[b"plain", b"two words", b"q'uo\"te", b"*[a]?", b"-rf", b"\xff\xfe", b"a\nb"];
    let mut name = odd[number as usize % odd.len()].to_vec();
    name.extend_from_slice(format!("-{number}").as_bytes());
    OsString::from_vec(name)
}

/// All files below a directory, by their paths in it.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = PathBuf::from(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            let below = contents(&entry.path()).into_iter();
            found.extend(below.map(|(path, bytes)| (name.join(path), bytes)));
        } else {
            found.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    found
}

/// Runs a batch; a line that begins with a dash may fail.
fn sftp(server: &BuiltInServer, batch: &str) {
    let file = server.path("batch");
    fs::write(&file, batch).unwrap();
    ran(server.client("sftp").arg("-q").arg("-b").arg(&file).arg("builtin"));
}

/// The server's directory `remote`, mounted.
struct Mount(PathBuf);

impl Mount {
    fn new(server: &BuiltInServer) -> Mount {
        let mount = server.path("mount");
        ran(Command::new(need("sshfs", "sshfs"))
            .arg("-F")
            .arg(server.path("ssh_config"))
            .arg(format!("builtin:{}", server.path("remote").display()))
            .arg(&mount)
            .env_remove("SSH_AUTH_SOCK"));
        Mount(mount)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new(need("fusermount3", "fuse3")).arg("-u").arg(&self.0).status();
    }
}
