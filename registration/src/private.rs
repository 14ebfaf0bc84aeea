//! Files that hold secrets.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use rand::RngCore;

/// What to do with a file that exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// Leave it alone and fail with [`io::ErrorKind::AlreadyExists`].
    Refuse,
    /// Put the new one in its place.
    Replace,
}

/// Writes `text` to `path`, readable and writable by its owner only (mode 0600), all or nothing:
/// whoever opens the path sees the old text or the new one, also after a crash.
///
/// # Errors
/// Those of the file system, and [`io::ErrorKind::AlreadyExists`] if the file is there and
/// `overwrite` says to refuse.
pub fn write_private(path: &Path, text: &str, overwrite: Overwrite) -> io::Result<()> {
    let scratch = scratch_beside(path)?;
    let written = write_scratch(&scratch, text).and_then(|()| match overwrite {
        Overwrite::Refuse => link_new(&scratch, path),
        Overwrite::Replace => fs::rename(&scratch, path),
    });
    // Left over after a link or a failure; gone already after a rename.
    let _ = fs::remove_file(&scratch);
    written?;
    sync_folder(path)
}

/// Gives `scratch` the name `path` unless it is taken; a plain rename would replace what is there.
fn link_new(scratch: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(scratch, path) {
        // File systems without hard links: the check leaves a gap, but no half-written file.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !path.exists() => {
            fs::rename(scratch, path)
        }
        result => result,
    }
}

fn write_scratch(scratch: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(scratch)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A free name in the same folder, since a rename cannot cross file systems.
fn scratch_beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("{} names no file", path.display()))
    })?;
    let mut scratch = std::ffi::OsString::from(".");
    scratch.push(name);
    scratch.push(format!(".{:016x}.new", rand::rng().next_u64()));
    Ok(path.with_file_name(scratch))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registration.yaml");
        write_private(&path, "secret", Overwrite::Refuse).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&path).unwrap(), "secret");
    }

    #[test]
    fn an_existing_file_is_kept_unless_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registration.yaml");
        fs::write(&path, "old").unwrap();
        let error = write_private(&path, "new", Overwrite::Refuse).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        write_private(&path, "new", Overwrite::Replace).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "scratch files are removed");
    }
}
