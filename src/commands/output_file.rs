//! Where output goes: standard output, or a file that is written whole or not at all.

use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use crate::cli::output::OutputFileArgs;
use crate::model::units::shown;

/// Writes to the file of `--output`, else to standard output. `journals` are never overwritten.
pub fn write_to(
    file: &OutputFileArgs,
    journals: &[&Path],
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    match &file.output {
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            write(&mut out)
                .and_then(|()| out.flush())
                .context("the report can't be written to standard output")
        }
        Some(path) => OutputFile::of(path, file.force, journals)?.prepare(write)?.keep(),
    }
}

/// Refuses, before any work is done, a file that could not be written at its end.
pub fn refuse_unwritable(file: &OutputFileArgs, journal: Option<&Path>) -> Result<()> {
    let Some(path) = &file.output else { return Ok(()) };
    OutputFile::of(path, file.force, journal.as_slice())?.refuse_unwritable()
}

/// A file that may be written.
#[derive(Debug)]
pub struct OutputFile {
    named: PathBuf,
    /// Of a symbolic link its target: that is replaced, and the link stays.
    path: PathBuf,
    force: bool,
    /// Something was there before.
    existed: bool,
}

impl OutputFile {
    /// Of a path that the user named, unless writing to it would destroy what is to be kept.
    pub fn of(named: &Path, force: bool, journals: &[&Path]) -> Result<OutputFile> {
        let name = shown(named);
        let found = named.metadata();
        if found.is_err() && named.is_symlink() {
            bail!(
                "{name} is a symbolic link to nothing; name another file with --output, or remove the \
                 link"
            );
        }
        let path = match named.is_symlink() {
            true => named.canonicalize().with_context(|| cant_be_written(named))?,
            false => named.to_owned(),
        };
        if journals.iter().any(|journal| is_same(&path, journal)) {
            bail!(
                "{name} is the journal itself, and its measurements would be lost; name another file \
                 with --output"
            );
        }
        match &found {
            // A device or a pipe would be replaced by a file, not written to.
            Ok(found) if force && !found.is_file() => bail!(
                "{name} is not a regular file; redirect standard output to it instead of --output"
            ),
            Ok(_) if !force => {
                bail!("{name} exists; name another file with --output, or replace it with --force")
            }
            _ => Ok(OutputFile { named: named.into(), path, force, existed: found.is_ok() }),
        }
    }

    /// The file next to this one with another extension.
    pub fn with_extension(&self, extension: &str, journals: &[&Path]) -> Result<OutputFile> {
        OutputFile::of(&self.path.with_extension(extension), self.force, journals)
    }

    /// The name under which the user finds it, that of a link too.
    pub fn file_name(&self) -> Option<String> {
        self.named.file_name().map(|name| name.to_string_lossy().into_owned())
    }

    /// Tells, before the work is done, if no file can be made there.
    pub fn refuse_unwritable(&self) -> Result<()> {
        self.temporary().map(drop)
    }

    /// Writes a temporary file in the same directory, which takes the name once it is kept.
    pub fn prepare(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Prepared<'_>> {
        let about = || cant_be_written(&self.path);
        let mut file = BufWriter::new(self.temporary()?);
        write(&mut file).with_context(about)?;
        let file = file.into_inner().map_err(|error| error.into_error()).with_context(about)?;
        Ok(Prepared { file, target: self })
    }

    /// Removes what was kept, unless it replaced something.
    pub fn take_back(&self) {
        if !self.existed {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    /// With the permissions of any new file.
    fn temporary(&self) -> Result<NamedTempFile> {
        tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(parent(&self.path))
            .with_context(|| cant_be_written(&self.path))
    }
}

/// A file that is whole and does not have its name yet.
pub struct Prepared<'a> {
    file: NamedTempFile,
    target: &'a OutputFile,
}

impl Prepared<'_> {
    pub fn keep(self) -> Result<()> {
        let OutputFile { path, force, .. } = self.target;
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

/// Whether two paths name one file, which need not exist yet.
fn is_same(one: &Path, other: &Path) -> bool {
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        (Err(_), Err(_)) => {
            let location = |path: &Path| {
                Some((parent(path).canonicalize().ok()?, path.file_name()?.to_owned()))
            };
            location(one).is_some_and(|one| location(other) == Some(one))
        }
        _ => false,
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
