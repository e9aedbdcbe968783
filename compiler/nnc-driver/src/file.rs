//! Files that appear whole or not at all.

use crate::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Writes a file by making it beside its place and renaming it, so that nobody ever sees
/// a part of it. Folders on the way are made.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    // A device or a pipe is written to and not replaced.
    if fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir()) {
        return fs::write(path, bytes).map_err(|error| Error::writing(path, &error));
    }
    let mut unfinished = Unfinished::beside(path)?;
    unfinished.file.write_all(bytes).map_err(|error| Error::writing(path, &error))?;
    unfinished.finish(path)
}

/// A file that is being written; it vanishes unless it is finished.
pub(crate) struct Unfinished {
    pub file: File,
    path: PathBuf,
}

impl Unfinished {
    /// A new empty file in the folder of `path`, to be read and written.
    pub(crate) fn beside(path: &Path) -> Result<Unfinished, Error> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let failure = |error: std::io::Error| Error::writing(path, &error);
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        if let Some(folder) = folder {
            fs::create_dir_all(folder).map_err(failure)?;
        }
        let name = path.file_name().ok_or_else(|| {
            Error::environment(format!("cannot write {}: it names no file", path.display()))
        })?;
        let count = COUNT.fetch_add(1, Relaxed);
        let name = format!(".{}.{}-{count}", name.to_string_lossy(), std::process::id());
        let unfinished = folder.unwrap_or(Path::new("")).join(name);
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&unfinished)
            .map_err(failure)?;
        Ok(Unfinished { file, path: unfinished })
    }

    /// Puts the file in its place.
    pub(crate) fn finish(self, path: &Path) -> Result<(), Error> {
        fs::rename(&self.path, path).map_err(|error| Error::writing(path, &error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After `finish` there is nothing to remove.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::{Unfinished, write_file};

    #[test]
    fn a_file_appears_whole_with_its_folders() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        let unfinished = Unfinished::beside(&path).unwrap();
        assert!(unfinished.path.exists());
        drop(unfinished);
        let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_file(folder.path(), b"").unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot write {}: ", folder.path().display())));
    }
}
