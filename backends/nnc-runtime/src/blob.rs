use crate::pages::{Mapping, map};
use crate::{Arena, Error};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A program's packed weights: bytes that are only read, aligned to
/// [`ALIGNMENT`](crate::ALIGNMENT), shared freely between threads.
#[derive(Debug)]
pub struct Blob(Bytes);

#[derive(Debug)]
enum Bytes {
    Owned(Arena),
    Mapped(Mapping),
}

impl Blob {
    /// A file's bytes, mapped into memory where the system can, else read. The file must
    /// not be written to or shortened while the blob lives.
    pub fn open(path: &Path) -> Result<Blob, Error> {
        let failure = |error| Error::File { path: path.to_path_buf(), error };
        let mut file = File::open(path).map_err(failure)?;
        let bytes = file.metadata().map_err(failure)?.len();
        let bytes = usize::try_from(bytes).map_err(|_| Error::Memory { bytes: usize::MAX })?;
        if let Some(mapping) = map(&file, bytes) {
            return Ok(Blob(Bytes::Mapped(mapping)));
        }
        let mut arena = Arena::zeroed(bytes)?;
        file.read_exact(arena.as_bytes_mut()).map_err(failure)?;
        Ok(Blob(Bytes::Owned(arena)))
    }

    /// A copy of these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Blob, Error> {
        let mut arena = Arena::zeroed(bytes.len())?;
        arena.as_bytes_mut().copy_from_slice(bytes);
        Ok(Blob(Bytes::Owned(arena)))
    }

    /// An arena that has been filled and is to be written no more.
    pub fn from_arena(arena: Arena) -> Blob {
        Blob(Bytes::Owned(arena))
    }

    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Owned(arena) => arena.as_bytes(),
            Bytes::Mapped(mapping) => mapping.as_bytes(),
        }
    }

    /// Where the bytes begin, for a frame. Valid while the blob lives.
    pub fn as_ptr(&self) -> *const u8 {
        self.as_bytes().as_ptr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ALIGNMENT;

    #[test]
    fn a_blob_holds_the_bytes_of_its_file() {
        let path = std::env::temp_dir().join(format!("nnc-blob-{}", std::process::id()));
        for length in [0, 1, 100_000] {
            let bytes: Vec<u8> = (0..length).map(|it| it as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            for blob in [Blob::open(&path).unwrap(), Blob::from_bytes(&bytes).unwrap()] {
                assert_eq!(blob.as_bytes(), bytes);
                assert_eq!(blob.as_ptr().addr() % ALIGNMENT, 0);
            }
        }
        std::fs::remove_file(&path).unwrap();
        let error = Blob::open(&path).unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot read {}: ", path.display())));
    }
}
