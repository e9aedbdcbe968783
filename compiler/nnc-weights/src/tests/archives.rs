//! npz, and the archives that torch writes.

use insta::assert_snapshot;
use nnc_graph::Elem;

use super::build::{fixture, floats, listing};
use crate::Format;

#[test]
fn a_compressed_npz_is_read() {
    let file = fixture("compressed.npz");
    assert_eq!(file.format(), Format::Npz);
    assert_eq!(floats(&file, "ramp"), (0..5000).map(|it| it as f32).collect::<Vec<_>>());
    assert_eq!(floats(&file, "fortran"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(file.entry("empty").unwrap().shape, [0, 7]);
    assert!(file.stored_bytes("ramp").is_none());
    let mut part = [0; 8];
    file.read_range_into("ramp", Elem::F32, 4998, &mut part).unwrap();
    assert_eq!(part, [4998f32.to_le_bytes(), 4999f32.to_le_bytes()].concat()[..]);
}

#[test]
fn a_torch_archive_is_listed_and_read() {
    let file = fixture("checkpoint.pt");
    assert_eq!(file.format(), Format::Torch);
    assert_snapshot!(listing(&file), @r"
    model.plain: f32[3, 4] 48 bytes at 964
    model.transposed: f32[4, 3] 48 bytes at 964
    model.row: f32[4] 16 bytes at 980
    model.column: f32[3, 1] 12 bytes at 968
    model.count: i64[] 8 bytes at 1059
    model.flags: bool[3] 3 bytes at 1114
    model.bits: bf16[2, 1] 4 bytes at 1164
    model.empty: bf16[0, 5] 0 bytes at 1164
    list.0: f32[4] 16 bytes at 980
    ");
    check(&file);
}

#[test]
fn an_old_torch_file_is_listed_and_read() {
    let file = fixture("checkpoint.pth");
    assert_eq!(file.format(), Format::LegacyTorch);
    assert_snapshot!(listing(&file), @r"
    model.plain: f32[3, 4] 48 bytes at 1044
    model.transposed: f32[4, 3] 48 bytes at 1044
    model.row: f32[4] 16 bytes at 1060
    model.column: f32[3, 1] 12 bytes at 1048
    model.count: i64[] 8 bytes at 1100
    model.flags: bool[3] 3 bytes at 1116
    model.bits: bf16[2, 1] 4 bytes at 1127
    model.empty: bf16[0, 5] 0 bytes at 1127
    model.part: f32[3] 12 bytes at 1080
    list.0: f32[4] 16 bytes at 1060
    ");
    check(&file);
    assert_eq!(floats(&file, "model.part"), [9.0, 10.0, 11.0]);
}

/// Strides and places in storages are obeyed.
fn check(file: &crate::WeightFile) {
    assert_eq!(floats(file, "model.plain"), (0..12).map(|it| it as f32).collect::<Vec<_>>());
    let transposed = [0.0, 4.0, 8.0, 1.0, 5.0, 9.0, 2.0, 6.0, 10.0, 3.0, 7.0, 11.0];
    assert_eq!(floats(file, "model.transposed"), transposed);
    assert_eq!(floats(file, "model.row"), [4.0, 5.0, 6.0, 7.0]);
    assert_eq!(floats(file, "list.0"), [4.0, 5.0, 6.0, 7.0]);
    assert_eq!(floats(file, "model.column"), [1.0, 5.0, 9.0]);
    assert_eq!(file.read("model.count", Elem::I64).unwrap(), 7i64.to_le_bytes());
    assert_eq!(file.read("model.flags", Elem::Bool).unwrap(), [1, 0, 1]);
    assert_eq!(floats(file, "model.bits"), [1.0, -2.5]);
    assert_eq!(file.entry("model.empty").unwrap().shape, [0, 5]);
    let mut part = [0; 20];
    file.read_range_into("model.transposed", Elem::F32, 2, &mut part).unwrap();
    let part: Vec<f32> = part.as_chunks().0.iter().map(|it| f32::from_le_bytes(*it)).collect();
    assert_eq!(part, transposed[2..7]);
}
