//! Small files, byte by byte.

use crate::{Problem, WeightFile};
use nnc_graph::Elem;

/// A safetensors file of a header and data.
pub(super) fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// An npy file of version 1.
pub(super) fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// The floats from 0 on.
pub(super) fn ramp(count: usize) -> Vec<u8> {
    (0..count).flat_map(|value| (value as f32).to_le_bytes()).collect()
}

pub(super) fn file(bytes: Vec<u8>) -> WeightFile {
    WeightFile::from_bytes("w.bin", bytes).unwrap()
}

pub(super) fn problem(bytes: Vec<u8>) -> Problem {
    *WeightFile::from_bytes("w.bin", bytes).unwrap_err().problem
}

/// The whole message.
pub(super) fn message(bytes: Vec<u8>) -> String {
    WeightFile::from_bytes("w.bin", bytes).unwrap_err().to_string()
}

pub(super) fn floats(file: &WeightFile, name: &str) -> Vec<f32> {
    let bytes = file.read(name, Elem::F32).unwrap();
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

pub(super) fn fixture(name: &str) -> WeightFile {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    WeightFile::open(&folder.join(name)).unwrap()
}

/// Name, type and shape of every tensor.
pub(super) fn listing(file: &WeightFile) -> String {
    let lines = file.entries().iter().map(|entry| {
        format!(
            "{}: {}{:?} {} bytes at {}",
            entry.name, entry.stored, entry.shape, entry.bytes, entry.offset
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}
