//! GGUF and ggml's blocks.

use insta::assert_snapshot;
use nnc_graph::Elem;

use super::build::{fixture, floats, message};
use crate::{Array, Format, Stored, Value, WeightFile};

#[test]
fn blocks_are_what_the_gguf_package_makes_of_them() {
    let (blocks, expected) = (fixture("blocks.gguf"), fixture("blocks.npz"));
    assert_eq!(blocks.format(), Format::Gguf);
    assert_eq!(blocks.entries().len(), 14);
    for entry in blocks.entries() {
        let expected_entry = expected.entry(&entry.name).unwrap();
        assert_eq!(entry.shape, expected_entry.shape, "{}", entry.name);
        let (ours, theirs) = (floats(&blocks, &entry.name), floats(&expected, &entry.name));
        assert!(ours.iter().any(|value| *value != 0.0));
        for (index, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            // One rounding apart where numpy multiplies in another order.
            let close = (ours - theirs).abs() <= theirs.abs() * 2e-7 + 1e-9 || ours == theirs;
            assert!(close, "{} {index}: {ours} and {theirs}", entry.name);
        }
    }
}

#[test]
fn parts_of_blocks_are_parts_of_what_the_blocks_are() {
    let file = fixture("blocks.gguf");
    let whole = file.read("q4_1", Elem::F32).unwrap();
    let count = file.entry("q4_1").unwrap().len();
    assert_eq!(count, 192);
    for (start, end) in [(0, 1), (31, 33), (32, 64), (5, 190), (191, 192)] {
        let mut part = vec![0; (end - start) * 4];
        file.read_range_into("q4_1", Elem::F32, start as u64, &mut part).unwrap();
        assert_eq!(part, whole[start * 4..end * 4]);
    }
    let halves = file.read("q4_1", Elem::F16).unwrap();
    let first = f32::from_le_bytes([whole[0], whole[1], whole[2], whole[3]]);
    assert_eq!(halves[..2], half::f16::from_f32(first).to_le_bytes());
}

#[test]
fn metadata_are_read() {
    let file = fixture("blocks.gguf");
    let shown: Vec<String> =
        file.metadata().iter().map(|(key, value)| format!("{key} = {value:?}")).collect();
    assert_snapshot!(shown.join("\n"), @r#"
    general.architecture = String("test")
    test.answer = U32(42)
    test.half = F32(0.5)
    test.yes = Bool(true)
    tokenizer.ggml.tokens = Array(String(["<s>", "ä", ""]))
    tokenizer.ggml.scores = Array(F32([0.0, -1.5, 3.25]))
    tokenizer.ggml.token_type = Array(I32([3, 1, -1]))
    "#);
    let get = |key| file.metadata().get(key).unwrap();
    assert_eq!(get("tokenizer.ggml.tokens").as_strings().unwrap(), ["<s>", "ä", ""]);
    assert_eq!(get("tokenizer.ggml.scores").as_f32s().unwrap(), [0.0, -1.5, 3.25]);
    assert_eq!(get("test.answer").as_i64(), Some(42));
    assert_eq!(get("test.half").as_f64(), Some(0.5));
    assert_eq!(get("test.yes").as_bool(), Some(true));
    assert_eq!(file.metadata().get("test.no"), None);
}

/// A GGUF file as it stands in `gguf.md`.
struct Builder(Vec<u8>);

impl Builder {
    fn new(version: u32, tensors: u64, keys: u64) -> Builder {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(version.to_le_bytes());
        bytes.extend(tensors.to_le_bytes());
        bytes.extend(keys.to_le_bytes());
        Builder(bytes)
    }

    fn text(mut self, text: &str) -> Builder {
        self.0.extend((text.len() as u64).to_le_bytes());
        self.0.extend(text.as_bytes());
        self
    }

    fn u32(mut self, value: u32) -> Builder {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn u64(mut self, value: u64) -> Builder {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn tensor(self, name: &str, sizes: &[u64], kind: u32, offset: u64) -> Builder {
        let mut builder = self.text(name).u32(sizes.len() as u32);
        for size in sizes {
            builder = builder.u64(*size);
        }
        builder.u32(kind).u64(offset)
    }

    fn data(mut self, alignment: usize, count: usize) -> Vec<u8> {
        self.0.resize(self.0.len().next_multiple_of(alignment) + count, 0);
        self.0
    }
}

#[test]
fn axes_are_turned_round_and_alignment_is_obeyed() {
    let bytes = Builder::new(2, 2, 2)
        .text("general.alignment")
        .u32(4)
        .u32(64)
        .text("nested")
        .u32(9)
        .u32(9)
        .u64(2)
        .u32(0)
        .u64(0)
        .u32(7)
        .u64(0)
        .tensor("x", &[4, 2], 0, 0)
        .tensor("y", &[32], 2, 64)
        .data(64, 64 + 18);
    let file = WeightFile::from_bytes("w.bin", bytes).unwrap();
    let (x, y) = (file.entry("x").unwrap(), file.entry("y").unwrap());
    assert_eq!((x.shape.as_slice(), x.offset % 64), ([2, 4].as_slice(), 0));
    assert_eq!((y.stored, y.offset), (Stored::Q4_0, x.offset + 64));
    let nested = Value::Array(Array::Array(vec![Array::U8(vec![]), Array::Bool(vec![])]));
    assert_eq!(file.metadata().get("nested"), Some(&nested));
}

#[test]
fn a_damaged_gguf_file_is_refused() {
    let one = |sizes: &[u64], kind, offset| {
        Builder::new(3, 1, 0).tensor("x", sizes, kind, offset).data(32, 64)
    };
    let deep = |mut builder: Builder| {
        for _ in 0..100 {
            builder = builder.u32(9).u64(1);
        }
        builder.data(1, 0)
    };
    let cases = [
        ("version", Builder::new(1, 0, 0).data(1, 0)),
        ("big-endian", Builder::new(3u32.swap_bytes(), 0, 0).data(1, 0)),
        ("cut", Builder::new(3, 1, 0).data(1, 0)),
        ("many keys", Builder::new(3, 0, u64::MAX).data(1, 0)),
        ("long key", Builder::new(3, 0, 1).u64(u64::MAX).data(1, 0)),
        ("long array", Builder::new(3, 0, 1).text("k").u32(9).u32(4).u64(u64::MAX / 2).data(1, 0)),
        ("deep", deep(Builder::new(3, 0, 1).text("k").u32(9))),
        ("value type", Builder::new(3, 0, 1).text("k").u32(77).data(1, 0)),
        (
            "key twice",
            Builder::new(3, 0, 2).text("k").u32(4).u32(1).text("k").u32(4).u32(2).data(1, 0),
        ),
        ("alignment", Builder::new(3, 0, 1).text("general.alignment").u32(4).u32(0).data(1, 0)),
        ("axes", one(&[1; 9], 0, 0)),
        ("type", one(&[4], 99, 0)),
        ("blocks", one(&[33], 2, 0)),
        ("offset", one(&[4], 0, 7)),
        ("bounds", one(&[17], 0, 0)),
        ("far away", one(&[4], 0, u64::MAX - 31)),
        ("size", one(&[u64::MAX, 2], 0, 0)),
        (
            "twice",
            Builder::new(3, 2, 0).tensor("x", &[1], 0, 0).tensor("x", &[1], 0, 32).data(32, 64),
        ),
        (
            "overlap",
            Builder::new(3, 2, 0).tensor("x", &[16], 0, 0).tensor("y", &[1], 0, 32).data(32, 64),
        ),
    ];
    let messages: Vec<String> =
        cases.into_iter().map(|(what, bytes)| format!("{what}: {}", message(bytes))).collect();
    assert_snapshot!(messages.join("\n"), @r"
    version: `w.bin`: the GGUF header: it has version 1, and 2 and 3 are read; convert the model anew
    big-endian: `w.bin`: the GGUF header: it is big-endian; convert it with gguf's `gguf-convert-endian little`
    cut: `w.bin`: the file ends in the name of a tensor: from byte 24 on 8 bytes are needed, and 0 are left; it was cut short, fetch it again
    many keys: `w.bin`: the file ends in a key of the GGUF header: from byte 24 on 8 bytes are needed, and 0 are left; it was cut short, fetch it again
    long key: `w.bin`: the file ends in a key of the GGUF header: from byte 32 on 18446744073709551615 bytes are needed, and 0 are left; it was cut short, fetch it again
    long array: `w.bin`: the file ends in the value of `k`: from byte 49 on 18446744073709551615 bytes are needed, and 0 are left; it was cut short, fetch it again
    deep: `w.bin`: the value of `k`: arrays lie in each other more than 8 deep; the file is damaged, fetch or write it again
    value type: `w.bin`: the value of `k`: it has the type 77, and there are 0 to 12; the file is damaged, fetch or write it again
    key twice: `w.bin`: the GGUF header: the key `k` occurs twice; the file is damaged, fetch or write it again
    alignment: `w.bin`: the GGUF header: `general.alignment` is U32(0), and not a power of two; the file is damaged, fetch or write it again
    axes: `w.bin`: the description of tensor `x`: it has 9 axes, and 4 are the most; the file is damaged, fetch or write it again
    type: `w.bin`: tensor `x` has elements of type 99 in ggml's numbering, which is unknown; convert the model to q8_0 or f16
    blocks: `w.bin`: tensor `x` has the shape [33]: blocks of q4_0 have 32 elements, rows have 33; the file is damaged, fetch or write it again
    offset: `w.bin`: tensor `x`: it lies at 7, which is not a multiple of 32; the file is damaged, fetch or write it again
    bounds: `w.bin`: tensor `x` is said to lie at bytes 64..132, and there are 128; the file was cut short or is damaged, fetch it again
    far away: `w.bin`: tensor `x` is said to lie at bytes 18446744073709551615..18446744073709551615, and there are 128; the file was cut short or is damaged, fetch it again
    size: `w.bin`: tensor `x` has the shape [2, -1]: -1 is no size; the file is damaged, fetch or write it again
    twice: `w.bin`: the name `x` occurs twice, as f32[1] at byte 96 and as f32[1] at byte 128; write the file again with each name once
    overlap: `w.bin`: tensors `x` (up to byte 160) and `y` (from byte 128) overlap; the file is damaged, write it again
    ");
    let opaque = WeightFile::from_bytes("w.bin", one(&[32], 20, 0)).unwrap();
    assert_snapshot!(opaque.read("x", Elem::F32).unwrap_err(), @"`w.bin`: tensor `x` is stored as iq4_nl, which cannot be read as f32; nnc does not read this type; convert the file, for instance to f16");
}
