//! `-G`: the settings, in the form of `ssh -G`.

use super::settings::{Proxy, Settings};

/// One keyword and its value per line.
pub fn lines(settings: &Settings) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |keyword: &str, value: &str| lines.push(format!("{keyword} {value}"));
    line("host", &settings.host);
    line("user", &settings.user);
    line("hostname", &settings.hostname);
    line("port", &settings.port.to_string());
    line("identitiesonly", if settings.identities_only { "yes" } else { "no" });
    line("serveralivecountmax", &settings.alive_count_max.to_string());
    line("serveraliveinterval", &seconds(settings.alive_interval, "0"));
    line("connecttimeout", &seconds(settings.connect_timeout, "none"));
    line("ciphers", &joined(&settings.ciphers));
    if let Some(algorithms) = &settings.host_key_algorithms {
        let names: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
        line("hostkeyalgorithms", &names.join(","));
    }
    line("kexalgorithms", &joined(&settings.key_exchanges));
    line("macs", &joined(&settings.macs));
    for file in &settings.identities {
        line("identityfile", &file.display().to_string());
    }
    for file in &settings.certificates {
        line("certificatefile", &file.display().to_string());
    }
    let files: Vec<String> =
        settings.known_hosts.iter().map(|file| file.display().to_string()).collect();
    line("userknownhostsfile", &files.join(" "));
    if let Some(agent) = &settings.agent {
        line("identityagent", &agent.display().to_string());
    }
    if let Some(alias) = &settings.host_key_alias {
        line("hostkeyalias", alias);
    }
    match &settings.proxy {
        Some(Proxy::Command(command)) => line("proxycommand", command),
        Some(Proxy::Jump(hosts)) => line("proxyjump", &hosts.join(",")),
        None => {}
    }
    // ssh prints the default as zero.
    let bytes = settings.rekey.rekey_write_limit % (1 << 30);
    let time = settings.rekey.rekey_time_limit.as_secs() % 3_600;
    line("rekeylimit", &format!("{bytes} {time}"));
    lines
}

fn joined<T: AsRef<str>>(names: &[T]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(",")
}

fn seconds(time: Option<std::time::Duration>, none: &str) -> String {
    time.map_or(none.to_owned(), |time| time.as_secs().to_string())
}
