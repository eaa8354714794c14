//! Where what is printed goes: standard output, or a file that is written whole or not at all.

use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use crate::cli::PlaceArgs;
use crate::model::units::shown;

/// Hands the place to what writes into it.
pub fn to_place(
    place: &PlaceArgs,
    journals: &[&Path],
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    match &place.output {
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            write(&mut out)
                .and_then(|()| out.flush())
                .context("the report can't be written to standard output")
        }
        Some(path) => Destination::of(path, place.force, journals)?.prepare(write)?.keep(),
    }
}

/// A report that could not be written at the end is refused before the work for it begins.
pub fn refuse_unwritable(place: &PlaceArgs, journal: Option<&Path>) -> Result<()> {
    let Some(path) = &place.output else { return Ok(()) };
    Destination::of(path, place.force, journal.as_slice())?.refuse_unwritable()
}

/// A file that may be written.
#[derive(Debug)]
pub struct Destination {
    named: PathBuf,
    /// Through a link its target is replaced, and the link stays.
    path: PathBuf,
    force: bool,
    /// Something was there before.
    existed: bool,
}

impl Destination {
    /// Of a path that the user named, unless writing there would destroy what is to be kept.
    pub fn of(named: &Path, force: bool, journals: &[&Path]) -> Result<Destination> {
        let name = shown(named);
        let found = named.metadata();
        if found.is_err() && named.is_symlink() {
            bail!(
                "{name} is a link that leads nowhere; name another file with --output, or remove \
                 the link"
            );
        }
        let path = match named.is_symlink() {
            true => named.canonicalize().with_context(|| cant_be_written(named))?,
            false => named.to_owned(),
        };
        if journals.iter().any(|journal| is_same(&path, journal)) {
            bail!(
                "{name} is the journal itself, and what was measured would be lost; name another \
                 file with --output"
            );
        }
        match &found {
            // A device or a pipe would be replaced by a file, not written to.
            Ok(found) if force && !found.is_file() => bail!(
                "{name} is no regular file; redirect standard output to it instead of --output"
            ),
            Ok(_) if !force => {
                bail!("{name} exists; name another file with --output, or replace it with --force")
            }
            _ => Ok(Destination { named: named.into(), path, force, existed: found.is_ok() }),
        }
    }

    /// The file that is beside this one, with another end of its name.
    pub fn plain_tcp(&self, extension: &str, journals: &[&Path]) -> Result<Destination> {
        Destination::of(&self.path.with_extension(extension), self.force, journals)
    }

    /// As it is found beside others, where it is a link too.
    pub fn file_name(&self) -> Option<String> {
        self.named.file_name().map(|name| name.to_string_lossy().into_owned())
    }

    /// Whether a file can be made there, told before the work is done that it is to hold.
    pub fn refuse_unwritable(&self) -> Result<()> {
        self.temporary().map(drop)
    }

    /// Writes beside the path what takes its name once it is whole.
    pub fn prepare(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Prepared<'_>> {
        let about = || cant_be_written(&self.path);
        let mut file = BufWriter::new(self.temporary()?);
        write(&mut file).with_context(about)?;
        let file = file.into_inner().map_err(|error| error.into_error()).with_context(about)?;
        Ok(Prepared { file, destination: self })
    }

    /// Takes back what was kept where nothing had been before.
    pub fn take_back(&self) {
        if !self.existed {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// As readable as any new file.
    fn temporary(&self) -> Result<NamedTempFile> {
        tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(parent(&self.path))
            .with_context(|| cant_be_written(&self.path))
    }
}

/// A file that is whole and has no name yet.
pub struct Prepared<'a> {
    file: NamedTempFile,
    destination: &'a Destination,
}

impl Prepared<'_> {
    pub fn keep(self) -> Result<()> {
        let Destination { path, force, .. } = self.destination;
        let kept = match force {
            true => self.file.persist(path),
            false => self.file.persist_noclobber(path),
        };
        kept.map(drop).with_context(|| cant_be_written(path))
    }
}

fn cant_be_written(path: &Path) -> String {
    format!("the report can't be written to {}", shown(path))
}

/// By whatever names, and before either exists too.
fn is_same(one: &Path, other: &Path) -> bool {
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        (Err(_), Err(_)) => {
            let place = |path: &Path| {
                Some((parent(path).canonicalize().ok()?, path.file_name()?.to_owned()))
            };
            place(one).is_some_and(|one| place(other) == Some(one))
        }
        _ => false,
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
