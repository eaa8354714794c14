//! Entries of a directory for people to read.

use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

/// A line as in `ls -l`, for people: programs read the attributes.
pub fn long_name(name: &[u8], metadata: &Metadata) -> Vec<u8> {
    let kind = metadata.file_type();
    let letter = match () {
        () if kind.is_dir() => 'd',
        () if kind.is_symlink() => 'l',
        () if kind.is_char_device() => 'c',
        () if kind.is_block_device() => 'b',
        () if kind.is_fifo() => 'p',
        () if kind.is_socket() => 's',
        () => '-',
    };
    let mode = metadata.mode();
    let permissions: String = "rwxrwxrwx"
        .chars()
        .enumerate()
        .map(|(at, letter)| if mode & (0o400 >> at) != 0 { letter } else { '-' })
        .collect();
    let time = jiff::Timestamp::from_second(metadata.mtime()).unwrap_or_default();
    let mut line = format!(
        "{letter}{permissions} {:>3} {:<8} {:<8} {:>8} {} ",
        metadata.nlink(),
        metadata.uid(),
        metadata.gid(),
        metadata.size(),
        time.strftime("%b %e %Y"),
    )
    .into_bytes();
    line.extend_from_slice(name);
    line
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_is_shown_as_by_ls() {
        let directory = tempfile::tempdir().unwrap();
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(directory.path(), private).unwrap();
        let metadata = std::fs::metadata(directory.path()).unwrap();
        let line = String::from_utf8(long_name(b"name", &metadata)).unwrap();
        assert!(line.starts_with("drwx------ "), "{line}");
        assert!(line.ends_with(" name"), "{line}");
    }
}
