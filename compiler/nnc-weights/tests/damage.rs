//! Damaged files of every format: no panic, and no allocation that the file's size does
//! not explain.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use nnc_graph::Elem;
use nnc_weights::WeightFile;

/// Remembers the largest allocation.
struct Watched;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is unsafe to write")]
// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static WATCHED: Watched = Watched;

/// Marsaglia's xorshift, so that every run is the same.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let names = ["blocks.gguf", "blocks.npz", "compressed.npz", "checkpoint.pt", "checkpoint.pth"];
    let read = |name| std::fs::read(folder.join(name)).expect("the fixtures are in the repository");
    let mut files: Vec<_> = names.iter().map(|name| (*name, read(name))).collect();
    let header = r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[16,24]},"c":{"dtype":"BOOL","shape":[],"data_offsets":[24,25]}}"#;
    let mut safetensors = (header.len() as u64).to_le_bytes().to_vec();
    safetensors.extend(header.as_bytes());
    safetensors.extend([1; 25]);
    files.push(("safetensors", safetensors));
    let header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.as_bytes());
    npy.extend([7; 12]);
    files.push(("npy", npy));
    files
}

/// Whether it opens; every tensor is then read as several types.
fn opens(bytes: Vec<u8>) -> bool {
    let Ok(file) = WeightFile::from_bytes("damaged.bin", bytes) else { return false };
    for entry in file.entries() {
        for elem in [Elem::F32, Elem::F16, Elem::I8, Elem::Bool] {
            drop(file.read(&entry.name, elem));
        }
        let _ = file.stored_bytes(&entry.name);
        let mut part = [0; 8];
        drop(file.read_range_into(&entry.name, Elem::F64, entry.len() / 2, &mut part));
    }
    drop(file.non_finite());
    true
}

#[test]
fn damaged_files_neither_panic_nor_take_memory() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (name, whole) in files() {
        assert!(opens(whole.clone()), "{name}");
        LARGEST.store(0, Ordering::Relaxed);
        let mut refused = 0;
        for round in 0..3000 {
            let mut bytes = whole.clone();
            for _ in 0..=random.below(3) {
                // Half of the changes in the header, where they say more.
                let bound = if round % 2 == 0 { bytes.len() } else { bytes.len().min(400) };
                let at = random.below(bound);
                match random.below(4) {
                    0 => bytes[at] ^= 1 << random.below(8),
                    1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
                    2 => {
                        let end = (at + 8).min(bytes.len());
                        bytes[at..end].fill(0xff);
                    }
                    _ => bytes[at] = random.below(256) as u8,
                }
            }
            refused += usize::from(!opens(bytes));
        }
        for _ in 0..500 {
            let mut bytes = whole.clone();
            bytes.truncate(random.below(whole.len()));
            refused += usize::from(!opens(bytes));
        }
        assert!(refused > 300, "{name}: {refused} of 3500 are refused");
        let largest = LARGEST.load(Ordering::Relaxed);
        // A byte of deflated data may be a thousand bytes of small integers.
        let most = whole.len() * if name.ends_with("npz") { 4200 } else { 80 } + (1 << 16);
        assert!(largest <= most, "{name}: {largest} bytes at a time for {}", whole.len());
    }
}
