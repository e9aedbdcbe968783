//! The system's calls on pages, declared by hand so that a compiled program needs no
//! crate for them. On other systems than these, memory is plain and files are read. (The
//! offset of `mmap` has 64 bits on every 64-bit Linux, whatever its C library.)

use std::fs::File;
use std::ptr::NonNull;

/// Size of a huge page, the unit that [`advise_huge`] is of use for.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// A file's bytes as memory, until dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the pages are private to the mapping and only read.
#[expect(unsafe_code, reason = "a mapping is a pointer")]
unsafe impl Send for Mapping {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "a mapping is a pointer")]
unsafe impl Sync for Mapping {}

impl Mapping {
    #[expect(unsafe_code, reason = "the pages stay mapped as long as this lives")]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        // SAFETY: `map` got this many readable bytes, which are unmapped by `drop` only.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[expect(unsafe_code, reason = "the system's calls")]
mod system {
    use std::ffi::{c_int, c_void};

    pub(super) const PROTECTION_READ: c_int = 1;
    pub(super) const MAP_PRIVATE: c_int = 2;
    pub(super) const ADVICE_HUGE_PAGE: c_int = 14;

    unsafe extern "C" {
        pub(super) fn madvise(start: *mut c_void, bytes: usize, advice: c_int) -> c_int;
        pub(super) fn mmap(
            start: *mut c_void,
            bytes: usize,
            protection: c_int,
            flags: c_int,
            file: c_int,
            offset: i64,
        ) -> *mut c_void;
        pub(super) fn munmap(start: *mut c_void, bytes: usize) -> c_int;
    }
}

/// Asks for huge pages behind memory that has not been touched yet. A wish: that the
/// system does not grant it costs time and nothing else.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(crate) fn advise_huge(start: NonNull<u8>, bytes: usize) {
    // SAFETY: the advice changes no contents, whatever the range.
    #[expect(unsafe_code, reason = "the system's call")]
    let _ = unsafe { system::madvise(start.as_ptr().cast(), bytes, system::ADVICE_HUGE_PAGE) };
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
pub(crate) fn advise_huge(_start: NonNull<u8>, _bytes: usize) {}

/// Maps a whole file to be read; `None` where that cannot be done, as with an empty one.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(crate) fn map(file: &File, bytes: usize) -> Option<Mapping> {
    use std::os::fd::AsRawFd;
    use system::{MAP_PRIVATE, PROTECTION_READ};
    // SAFETY: the system picks a place that nothing else has.
    #[expect(unsafe_code, reason = "the system's call")]
    let start = unsafe {
        let anywhere = std::ptr::null_mut();
        system::mmap(anywhere, bytes, PROTECTION_READ, MAP_PRIVATE, file.as_raw_fd(), 0)
    };
    // Failure is -1.
    if start.addr() == usize::MAX {
        return None;
    }
    NonNull::new(start.cast()).map(|start| Mapping { start, bytes })
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
pub(crate) fn map(_file: &File, _bytes: usize) -> Option<Mapping> {
    None
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: `map` got these pages and no borrow of them outlives this.
        #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
        #[expect(unsafe_code, reason = "the system's call")]
        let _ = unsafe { system::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}
