//! Tokens of ssh_config(5) (`%h`), environment variables (`${HOME}`) and `~` in values.
//! `docs/builtin-ssh.md` says why they are ours.

use std::path::{Path, PathBuf};

use crate::builtin_ssh::client::error::Error;

#[derive(Clone, Debug)]
pub struct Tokens {
    /// `%n`: the host as it was given.
    pub original: String,
    /// `%h`.
    pub hostname: String,
    /// `%p`.
    pub port: u16,
    /// `%r`.
    pub remote_user: String,
    /// `%u`.
    pub local_user: String,
    /// `%d`.
    pub home: PathBuf,
}

impl Tokens {
    /// The remote user is the local one's name until a directive says otherwise.
    pub fn new(host: &str, port: u16) -> Tokens {
        let local_user = local_user();
        Tokens {
            original: host.to_owned(),
            hostname: host.to_ascii_lowercase(),
            port,
            remote_user: local_user.clone(),
            local_user,
            home: home(),
        }
    }

    pub fn expand(&self, text: &str) -> Result<String, Error> {
        let mut expanded = String::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                expanded.push(letter);
                continue;
            }
            match letters.next() {
                Some('%') => expanded.push('%'),
                Some('h') => expanded.push_str(&self.hostname),
                Some('n') => expanded.push_str(&self.original),
                Some('p') => expanded.push_str(&self.port.to_string()),
                Some('r') => expanded.push_str(&self.remote_user),
                Some('u') => expanded.push_str(&self.local_user),
                Some('d') => expanded.push_str(&self.home.to_string_lossy()),
                Some('i') => expanded.push_str(&rustix::process::getuid().as_raw().to_string()),
                Some('l') => expanded.push_str(&local_name()),
                Some('L') => {
                    expanded.push_str(local_name().split('.').next().unwrap_or_default());
                }
                other => {
                    let token = other.map(String::from).unwrap_or_default();
                    return Err(Error::Unsupported(format!("the token %{token} in {text}")));
                }
            }
        }
        Ok(expanded)
    }

    /// A file name.
    pub fn path(&self, text: &str) -> Result<PathBuf, Error> {
        let text = variables(text)?;
        let text = self.expand(text.trim_matches('"'))?;
        Ok(match text.strip_prefix("~/") {
            Some(rest) => self.home.join(rest),
            None => PathBuf::from(text),
        })
    }

    /// Several file names, separated by spaces; a name with spaces is in quotes. `ssh -G` prints names
    /// without their quotes, so words that name a file only together are one name.
    pub fn paths(&self, text: &str) -> Result<Vec<PathBuf>, Error> {
        if text == "none" {
            return Ok(Vec::new());
        }
        let mut paths = Vec::new();
        let words = words(text);
        let mut from = 0;
        while from < words.len() {
            let together = (from + 2..=words.len())
                .rev()
                .map(|to| (to, words[from..to].join(" ")))
                .find(|(_, name)| self.path(name).is_ok_and(|path| Path::new(&path).exists()));
            let (to, name) = together.unwrap_or_else(|| (from + 1, words[from].clone()));
            paths.push(self.path(&name)?);
            from = to;
        }
        Ok(paths)
    }
}

/// The words between spaces, without quotes; a backslash escapes a quote or a backslash.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '\\' if matches!(letters.peek(), Some('"' | '\\')) => {
                word.get_or_insert_default().extend(letters.next());
            }
            letter if letter.is_whitespace() && !quoted => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// `${NAME}`.
fn variables(text: &str) -> Result<String, Error> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| Error::BadConfiguration(format!("{text}: a ${{ without its }}")))?;
        let value = std::env::var(name)
            .map_err(|_| Error::BadConfiguration(format!("{text}: {name} is not set")))?;
        expanded.push_str(before);
        expanded.push_str(&value);
        rest = after;
    }
    Ok(expanded + rest)
}

fn home() -> PathBuf {
    std::env::home_dir().unwrap_or_else(|| PathBuf::from("/"))
}

/// The account's name by its user ID, as in ssh: the environment may say anything.
fn local_user() -> String {
    let uid = rustix::process::getuid().as_raw().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    name.or_else(|| std::env::var("USER").ok()).unwrap_or(uid)
}

fn local_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_expanded_and_unknown_ones_refused() {
        let tokens = Tokens { remote_user: "me".into(), ..Tokens::new("Pi1", 2222) };
        assert_eq!(
            tokens.expand("nc %h %p as %r (%n) 100%%").unwrap(),
            "nc pi1 2222 as me (Pi1) 100%"
        );
        assert!(tokens.expand("%Z").is_err() && tokens.expand("50%").is_err());
    }

    #[test]
    fn a_quoted_name_may_have_spaces() {
        assert_eq!(words("\"/a b/c\" /d"), ["/a b/c", "/d"]);
        assert_eq!(words(r#""/a \"b\\c""#), [r#"/a "b\c"#]);
        let tokens = Tokens { home: "/home/me".into(), ..Tokens::new("x", 22) };
        assert_eq!(tokens.paths("~/k /dev/null").unwrap()[0], Path::new("/home/me/k"));
    }

    #[test]
    fn words_that_name_a_file_only_together_are_one_name() {
        let directory = tempfile::Builder::new().prefix("a b ").tempdir().unwrap();
        let name = directory.path().display().to_string();
        let paths = Tokens::new("x", 22).paths(&format!("{name} /none")).unwrap();
        assert_eq!(paths, [directory.path(), Path::new("/none")]);
    }
}
