//! Packed weights on disk, and hashes of weight files that need not be read again.

use super::hex;
use crate::{Error, Progress, write_file};
use nnc_runtime::Blob;
use sha2::{Digest, Sha256};
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What packed weights may take together, unless `NNC_CACHE_BYTES` says otherwise.
const MOST_BYTES: u64 = 8 << 30;

/// A file that changed this recently may change again without a trace in its times.
const SETTLED: Duration = Duration::from_secs(2);

/// A folder of what can be computed again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cache {
    root: PathBuf,
    most_bytes: u64,
}

impl Cache {
    pub fn at(root: impl Into<PathBuf>) -> Cache {
        Cache { root: root.into(), most_bytes: MOST_BYTES }
    }

    /// The person's cache: `NNC_CACHE`, else `nnc` in `XDG_CACHE_HOME`, else in `.cache`
    /// at home; `None` if none of them is set.
    pub fn of_environment() -> Option<Cache> {
        let variable = |name: &str| std::env::var_os(name).filter(|it| !it.is_empty());
        let root = variable("NNC_CACHE").map(PathBuf::from).or_else(|| {
            let caches = variable("XDG_CACHE_HOME").map(PathBuf::from);
            let caches = caches.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
            Some(caches?.join("nnc"))
        })?;
        let bytes = variable("NNC_CACHE_BYTES").and_then(|it| it.to_str()?.parse().ok());
        Some(Cache { most_bytes: bytes.unwrap_or(MOST_BYTES), ..Cache::at(root) })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where packed weights with a key are.
    pub(super) fn packed(&self, key: &str) -> PathBuf {
        self.root.join("packed").join(format!("{key}.weights"))
    }

    /// The packed weights at a place, if they are there and whole.
    pub(super) fn find(&self, path: &Path, bytes: u64) -> Option<Blob> {
        let file = File::open(path).ok()?;
        if file.metadata().ok()?.len() != bytes {
            return None;
        }
        // That it was of use now decides how long it is kept; it is kept anyway.
        let _ = File::options()
            .append(true)
            .open(path)
            .and_then(|it| it.set_modified(SystemTime::now()));
        Blob::open(path).ok()
    }

    /// Removes what was of use longest ago until all fits, but not `newest`. Whoever has
    /// a file mapped keeps it.
    pub(super) fn make_room(&self, newest: &Path) {
        let Ok(entries) = fs::read_dir(self.root.join("packed")) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let metadata = entry.metadata().ok()?;
                let weights = entry.path().extension().is_some_and(|it| it == "weights");
                weights.then_some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in files {
            if total <= self.most_bytes {
                return;
            }
            if path != newest && fs::remove_file(&path).is_ok() {
                total -= bytes;
            }
        }
    }

    /// The hash of a file's bytes. It is remembered under the file's path, size, times
    /// and number, so that a large file is read once.
    pub(crate) fn hash_of(&self, path: &Path, progress: &dyn Progress) -> Result<String, Error> {
        let failure = |error: std::io::Error| Error::reading(path, &error);
        let mut file = File::open(path).map_err(failure)?;
        let metadata = file.metadata().map_err(failure)?;
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let name = hex(&Sha256::digest(place.as_os_str().as_encoded_bytes()));
        let record = self.root.join("hashes").join(name);
        let stamp = stamp(&metadata);
        if let Ok(text) = fs::read_to_string(&record)
            && let Some((known, hash)) = text.trim_end().rsplit_once(' ')
            && known == stamp
        {
            return Ok(hash.to_owned());
        }
        progress.begin("reading weights", metadata.len());
        let mut hash = Sha256::new();
        let mut bytes = vec![0; 1 << 20];
        loop {
            let count = file.read(&mut bytes).map_err(failure)?;
            if count == 0 {
                break;
            }
            hash.update(&bytes[..count]);
            progress.advance(count as u64);
        }
        progress.end();
        let hash = hex(&hash.finalize());
        let age = metadata.modified().ok().and_then(|it| it.elapsed().ok());
        if age.is_some_and(|it| it > SETTLED) {
            // Without the record the file is read again, that is all.
            let _ = write_file(&record, format!("{stamp} {hash}\n").as_bytes());
        }
        Ok(hash)
    }
}

/// What changes when a file does.
fn stamp(metadata: &Metadata) -> String {
    let modified = metadata.modified().ok();
    let since = modified.and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
    format!("{} {} {}", metadata.len(), since.unwrap_or_default().as_nanos(), number(metadata))
}

#[cfg(unix)]
fn number(metadata: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!("{}:{} {}:{}", metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::Cache;
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_settled_file_is_hashed_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("cache"));
        let path = folder.path().join("w.bin");
        fs::write(&path, b"abc").unwrap();
        let old = SystemTime::now() - Duration::from_secs(60);
        File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
        let hash = cache.hash_of(&path, &()).unwrap();
        insta::assert_snapshot!(hash, @"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let record = fs::read_dir(folder.path().join("cache/hashes")).unwrap().next().unwrap();
        let record = record.unwrap().path();
        let text = fs::read_to_string(&record).unwrap();
        // What is recorded is believed while the file looks the same, and no longer.
        fs::write(&record, text.replace(&hash, "known")).unwrap();
        assert_eq!(cache.hash_of(&path, &()).unwrap(), "known");
        fs::write(&path, b"abd").unwrap();
        assert_ne!(cache.hash_of(&path, &()).unwrap(), "known");
    }

    #[test]
    fn what_was_of_use_longest_ago_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { most_bytes: 250, ..Cache::at(folder.path()) };
        fs::create_dir(folder.path().join("packed")).unwrap();
        let paths = ["a", "b", "c"].map(|it| cache.packed(it));
        for (age, path) in paths.iter().rev().enumerate() {
            fs::write(path, [0; 100]).unwrap();
            let time = SystemTime::now() - Duration::from_secs(100 * (age as u64 + 1));
            File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
        }
        // `a` is the oldest, until it is of use.
        assert!(cache.find(&paths[0], 100).is_some());
        assert!(cache.find(&paths[0], 99).is_none());
        cache.make_room(&paths[2]);
        assert_eq!(paths.map(|it| it.exists()), [true, false, true]);
    }
}
