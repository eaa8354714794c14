//! The user's configuration where OpenSSH is not installed, read by the crate ssh2-config. What it
//! lacks (Match, for one) is refused with a message, never ignored.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use ssh2_config::{Algorithms, DefaultAlgorithms, HostParams, ParseRule, SshConfig};

use super::directives::{self, Directives};
use super::proposal;
use crate::builtin_ssh::algorithms;
use crate::builtin_ssh::client::arguments::Invocation;
use crate::builtin_ssh::client::error::Error;

/// The directives of an invocation and its configuration, in the order in which they count.
pub fn resolve(invocation: &Invocation) -> Result<Directives, Error> {
    let mut all = invocation.directives.clone();
    for (file, must_exist) in files(invocation) {
        match File::open(&file) {
            Ok(opened) => all.append(read(&file, opened, &invocation.host)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => {}
            Err(cause) => {
                let what = format!("Can't open user config file {}", file.display());
                return Err(Error::System { what, cause });
            }
        }
    }
    Ok(all)
}

/// `-F FILE` is read instead of both default files, `-F none` reads none. With each whether it must
/// exist.
fn files(invocation: &Invocation) -> Vec<(PathBuf, bool)> {
    match &invocation.config {
        Some(none) if none == Path::new("none") => Vec::new(),
        Some(file) => vec![(file.clone(), true)],
        None => {
            let home = std::env::home_dir().map(|home| home.join(".ssh/config"));
            let system = PathBuf::from("/etc/ssh/ssh_config");
            home.into_iter().chain([system]).map(|file| (file, false)).collect()
        }
    }
}

fn read(path: &Path, file: File, host: &str) -> Result<Directives, Error> {
    let refused = |why: String| Error::BadConfiguration(format!("{}: {why}", path.display()));
    let config = SshConfig::default()
        .default_algorithms(defaults())
        .parse(&mut BufReader::new(file), ParseRule::ALLOW_UNSUPPORTED_FIELDS)
        .map_err(|error| refused(format!("{error} (read without OpenSSH)")))?;
    let params = config.query(host);
    let mut directives = Directives::default();
    applied(&params, &mut directives);
    for (keyword, arguments) in &params.unsupported_fields {
        if !directives::is_known(keyword) {
            return Err(refused(format!("'{keyword}' is not supported without OpenSSH")));
        }
        directives.push(keyword, &value(keyword, arguments));
    }
    if !params.remote_forward.is_empty() {
        directives.push("remoteforward", &params.remote_forward[0].to_string());
    }
    Ok(directives)
}

/// The lists that `+`, `-` and `^` change.
fn defaults() -> DefaultAlgorithms {
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    DefaultAlgorithms {
        ciphers: owned(algorithms::DEFAULT_CIPHERS.iter().map(AsRef::as_ref).collect()),
        host_key_algorithms: owned(proposal::HOST_KEYS.iter().map(|key| key.as_str()).collect()),
        kex_algorithms: owned(proposal::key_exchange_names()),
        mac: owned(algorithms::MACS.iter().map(AsRef::as_ref).collect()),
        ..DefaultAlgorithms::default()
    }
}

/// The directives that the crate reads itself.
fn applied(params: &HostParams, directives: &mut Directives) {
    let mut push = |keyword: &str, value: Option<String>| {
        if let Some(value) = value {
            directives.push(keyword, &value);
        }
    };
    let list = |list: &Algorithms| (!list.is_default()).then(|| list.algorithms().join(","));
    let switch = |on: Option<bool>| on.map(|on| if on { "yes" } else { "no" }.to_owned());
    let seconds = |time: Option<std::time::Duration>| time.map(|time| time.as_secs().to_string());
    push("hostname", params.host_name.clone());
    push("port", params.port.map(|port| port.to_string()));
    push("user", params.user.clone());
    push("bindaddress", params.bind_address.clone());
    push("proxyjump", params.proxy_jump.as_ref().map(|hosts| hosts.join(",")));
    push("ciphers", list(&params.ciphers));
    push("macs", list(&params.mac));
    push("kexalgorithms", list(&params.kex_algorithms));
    push("hostkeyalgorithms", list(&params.host_key_algorithms));
    push("connecttimeout", seconds(params.connect_timeout));
    push("serveraliveinterval", seconds(params.server_alive_interval));
    push("tcpkeepalive", switch(params.tcp_keep_alive));
    push("pubkeyauthentication", switch(params.pubkey_authentication));
    push("certificatefile", params.certificate_file.as_ref().map(|f| f.display().to_string()));
    for file in params.identity_file.iter().flatten() {
        push("identityfile", Some(file.display().to_string()));
    }
}

/// The crate removes the quotes of a single argument. Where spaces separate names they are put back.
fn value(keyword: &str, arguments: &[String]) -> String {
    match (keyword, arguments) {
        ("userknownhostsfile" | "globalknownhostsfile", [alone]) => {
            format!("\"{}\"", alone.replace('\\', "\\\\").replace('"', "\\\""))
        }
        _ => arguments.join(" "),
    }
}
