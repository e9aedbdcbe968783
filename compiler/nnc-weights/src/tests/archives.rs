//! npz, and the archives that torch writes.

use insta::assert_snapshot;
use nnc_graph::Elem;

use super::build::{file, fixture, floats, listing, message, npy, ramp};
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

/// An archive of one file. The numbers are said as they are given.
struct Zip {
    flags: u16,
    method: u16,
    packed: Vec<u8>,
    size: u64,
    /// Whether sizes and places are said in 64 bits.
    wide: bool,
}

impl Zip {
    fn stored(data: Vec<u8>) -> Zip {
        let size = data.len() as u64;
        Zip { flags: 0, method: 0, packed: data, size, wide: false }
    }

    fn deflated(data: &[u8], size: u64) -> Zip {
        let packed = miniz_oxide::deflate::compress_to_vec(data, 6);
        Zip { flags: 0, method: 8, packed, size, wide: false }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let numbers = |bytes: &mut Vec<u8>, numbers: &[(u64, usize)]| {
            for (number, width) in numbers {
                bytes.extend(&number.to_le_bytes()[..*width]);
            }
        };
        let (flags, method) = (u64::from(self.flags), u64::from(self.method));
        let packed = self.packed.len() as u64;
        let local = [(0x0403_4b50, 4), (20, 2), (flags, 2), (method, 2), (0, 8)];
        numbers(&mut bytes, &local);
        numbers(&mut bytes, &[(packed, 4), (self.size, 4), (5, 2), (3, 2)]);
        bytes.extend(b"a.npyxxx");
        bytes.extend(&self.packed);
        let directory = bytes.len() as u64;
        let all = u64::from(u32::MAX);
        let said = if self.wide { (all, all, all, 28) } else { (packed, self.size, 0, 0) };
        numbers(&mut bytes, &[(0x0201_4b50, 4), (20, 2), (20, 2), (flags, 2), (method, 2), (0, 8)]);
        numbers(&mut bytes, &[(said.0, 4), (said.1, 4), (5, 2), (said.3, 2), (0, 2), (0, 8)]);
        numbers(&mut bytes, &[(said.2, 4)]);
        bytes.extend(b"a.npy");
        if self.wide {
            numbers(&mut bytes, &[(1, 2), (24, 2), (self.size, 8), (packed, 8), (0, 8)]);
            let end = bytes.len() as u64;
            numbers(&mut bytes, &[(0x0606_4b50, 4), (44, 8), (45, 2), (45, 2), (0, 4), (0, 4)]);
            numbers(&mut bytes, &[(1, 8), (1, 8), (end - directory, 8), (directory, 8)]);
            numbers(&mut bytes, &[(0x0706_4b50, 4), (0, 4), (end, 8), (1, 4)]);
            numbers(&mut bytes, &[(0x0605_4b50, 4), (0, 4), (0xffff, 2), (0xffff, 2), (all, 8)]);
            numbers(&mut bytes, &[(all, 2)]);
        } else {
            let size = bytes.len() as u64 - directory;
            numbers(&mut bytes, &[(0x0605_4b50, 4), (0, 4), (1, 2), (1, 2), (size, 4)]);
            numbers(&mut bytes, &[(directory, 4), (0, 2)]);
        }
        bytes
    }
}

const HEADER: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}";

#[test]
fn sizes_of_32_and_64_bits_are_read() {
    let data = npy(HEADER, &ramp(3));
    for wide in [false, true] {
        let stored = Zip { wide, ..Zip::stored(data.clone()) };
        assert_eq!(floats(&file(stored.bytes()), "a"), [0.0, 1.0, 2.0]);
        let deflated = Zip { wide, ..Zip::deflated(&data, data.len() as u64) };
        assert_eq!(floats(&file(deflated.bytes()), "a"), [0.0, 1.0, 2.0]);
    }
}

#[test]
fn a_damaged_archive_is_refused() {
    let data = npy(HEADER, &ramp(3));
    let stored = || Zip::stored(data.clone());
    let huge = npy(&HEADER.replace("(3,)", "(1000000000,)"), &[]);
    let size = huge.len() as u64 + 4_000_000_000;
    let whole = stored().bytes();
    let torch = Zip::stored(b"x".to_vec()).bytes();
    let torch: Vec<u8> =
        torch.iter().map(|byte| if *byte == b'n' { b'm' } else { *byte }).collect();
    let cases = [
        ("cut", whole[..whole.len() - 30].to_vec()),
        ("encrypted", Zip { flags: 1, ..stored() }.bytes()),
        ("method", Zip { method: 12, ..stored() }.bytes()),
        ("size", Zip { size: 7, ..stored() }.bytes()),
        ("bomb", Zip { size, ..Zip::deflated(&huge, 0) }.bytes()),
        (
            "no data",
            Zip { packed: vec![0xff; 40], ..Zip::deflated(&data, data.len() as u64) }.bytes(),
        ),
        ("no npy", torch),
        ("another size", Zip::stored(npy(HEADER, &ramp(4))).bytes()),
    ];
    // Opening reads the header alone, so that what is missing behind it shows later.
    let less = Zip { size: data.len() as u64, ..Zip::deflated(&data[..70], 0) };
    assert_snapshot!(file(less.bytes()).read("a", Elem::F32).unwrap_err(), @"`w.bin`: compressed data: it becomes 70 bytes, and 77 are needed; the file is damaged, fetch or write it again");
    let messages = cases.into_iter().map(|(what, bytes)| format!("{what}: {}", message(bytes)));
    assert_snapshot!(messages.collect::<Vec<_>>().join("\n"), @r"
    cut: `w.bin`: the end of the zip archive: there is no directory at the end; the file was cut short, fetch it again
    encrypted: `w.bin`: `a.npy` in the zip archive: it is encrypted; write the file without a password
    method: `w.bin`: `a.npy` in the zip archive: it is compressed by method 12; write it stored or deflated
    size: `w.bin`: `a.npy` in the zip archive: 77 bytes are said to become 7; the file is damaged, fetch or write it again
    bomb: `w.bin`: `a.npy` in the zip archive: 79 bytes are said to become 4000000074; the file is damaged, fetch or write it again
    no data: `w.bin`: compressed data: it is not what deflate makes; the file is damaged, fetch or write it again
    no npy: `w.bin`: `a.mpy` in the zip archive: it is no npy file, and there is no `data.pkl` as torch writes it; write the file with `numpy.savez` or `torch.save`
    another size: `w.bin`: tensor `a` of f32[3] takes 12 bytes, and there are 16; fetch or write the file again
    ");
}
