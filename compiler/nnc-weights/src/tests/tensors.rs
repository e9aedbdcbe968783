//! safetensors and npy.

use insta::assert_snapshot;
use nnc_graph::Elem;

use super::build::{file, floats, listing, message, npy, problem, ramp, safetensors};
use crate::{Format, Problem, WeightFile};

#[test]
fn a_safetensors_file_is_listed_and_read() {
    let header = r#"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"none":{"dtype":"I64","shape":[3,0],"data_offsets":[8,8]},"c":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#;
    let file = file(safetensors(header, &ramp(4)));
    assert_eq!(file.format(), Format::Safetensors);
    assert_snapshot!(listing(&file), @r"
    a: f32[] 4 bytes at 256
    c: u8[4] 4 bytes at 260
    b: f32[2] 8 bytes at 264
    none: i64[3, 0] 0 bytes at 264
    ");
    assert_eq!(floats(&file, "a"), [0.0]);
    assert_eq!(floats(&file, "b"), [2.0, 3.0]);
    assert_eq!(floats(&file, "c"), [0.0, 0.0, 128.0, 63.0]);
    assert!(floats(&file, "none").is_empty());
    assert_eq!(file.metadata().get("format").unwrap().as_str(), Some("pt"));
    assert_eq!(file.stored_bytes("b").unwrap(), &ramp(4)[8..]);
}

#[test]
fn parts_of_a_tensor_are_read() {
    let header = r#"{"x":{"dtype":"F32","shape":[5,2],"data_offsets":[0,40]}}"#;
    let file = file(safetensors(header, &ramp(10)));
    let mut part = [0; 8 * 3];
    file.read_range_into("x", Elem::F64, 4, &mut part).unwrap();
    assert_eq!(part.as_chunks().0.iter().map(|it| f64::from_le_bytes(*it)).sum::<f64>(), 15.0);
    assert_snapshot!(file.read_range_into("x", Elem::F64, 8, &mut part).unwrap_err(), @"`w.bin`: tensor `x` has 10 elements, and 3 from element 8 on were asked for into 24 bytes of f64; ask for elements that are there, with room for them");
    assert_snapshot!(file.read_into("x", Elem::F64, &mut part).unwrap_err(), @"`w.bin`: tensor `x` has 10 elements, and 3 from element 0 on were asked for into 24 bytes of f64; ask for elements that are there, with room for them");
}

#[test]
fn safetensors_agrees_with_the_reference_reader() {
    let header = r#"{"x":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}"#;
    let bytes = safetensors(header, &[0, 0x3f, 0, 0xc0, 0x80, 0x3f]);
    let theirs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let ours = file(bytes.clone());
    assert_eq!(ours.stored_bytes("x").unwrap(), theirs.tensor("x").unwrap().data());
    assert_eq!(floats(&ours, "x"), [0.5, -2.0, 1.0]);
}

#[test]
fn a_damaged_safetensors_file_is_refused() {
    let one = |info: &str| safetensors(&format!(r#"{{"x":{info}}}"#), &ramp(4));
    let x = r#"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#;
    let cases = [
        ("cut in the length", vec![8, 0, 0]),
        ("header too long", safetensors(&"{".repeat(99), &[])[..60].to_vec()),
        ("no JSON", safetensors(r#"{"x": tensor}"#, &[])),
        ("too short", one(r#"{"dtype":"F32","shape":[5],"data_offsets":[0,20]}"#)),
        ("offsets swapped", one(r#"{"dtype":"F32","shape":[2],"data_offsets":[8,0]}"#)),
        ("wrong size", one(r#"{"dtype":"F32","shape":[3],"data_offsets":[0,8]}"#)),
        ("negative", one(r#"{"dtype":"F32","shape":[-3],"data_offsets":[0,8]}"#)),
        (
            "overflow",
            one(r#"{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}"#),
        ),
        ("unknown type", one(r#"{"dtype":"X9","shape":[2],"data_offsets":[0,8]}"#)),
        ("twice", safetensors(&format!(r#"{{"x":{x},"x":{x}}}"#), &ramp(4))),
        (
            "overlap",
            safetensors(&format!(r#"{{"x":{x},"y":{}}}"#, x.replace("[0,8]", "[4,12]")), &ramp(4)),
        ),
        ("nothing", Vec::new()),
        ("lfs", b"version https://git-lfs.github.com/spec/v1".to_vec()),
        ("pickle", b"\x80\x04]\x94.".to_vec()),
        ("index", br#"{"weight_map": {"a": "model-00001-of-00002.safetensors"}}"#.to_vec()),
        ("text", b"once upon a time".to_vec()),
    ];
    let messages: Vec<String> =
        cases.into_iter().map(|(what, bytes)| format!("{what}: {}", message(bytes))).collect();
    assert_snapshot!(messages.join("\n"), @r"
    cut in the length: `w.bin`: this is neither safetensors, GGUF, torch, npy nor npz: it begins with 08 00 00; convert it to safetensors
    header too long: `w.bin`: the header is said to have 99 bytes, and 52 are left; the file was cut short or is damaged, fetch it again
    no JSON: `w.bin`: the safetensors header: expected ident at line 1 column 8; the file is damaged, fetch or write it again
    too short: `w.bin`: tensor `x` is said to lie at bytes 0..20, and there are 16; the file was cut short or is damaged, fetch it again
    offsets swapped: `w.bin`: tensor `x` is said to lie at bytes 8..0, and there are 16; the file was cut short or is damaged, fetch it again
    wrong size: `w.bin`: tensor `x` of f32[3] takes 12 bytes, and there are 8; fetch or write the file again
    negative: `w.bin`: tensor `x` has the shape [-3]: -3 is no size; the file is damaged, fetch or write it again
    overflow: `w.bin`: tensor `x` has the shape [4294967296, 4294967296]: it has more elements than can be addressed; the file is damaged, fetch or write it again
    unknown type: `w.bin`: tensor `x` has elements of type `X9`, which is unknown; write it as F32, F16 or BF16
    twice: `w.bin`: the name `x` occurs twice, as f32[2] at byte 115 and as f32[2] at byte 115; write the file again with each name once
    overlap: `w.bin`: tensors `x` (up to byte 124) and `y` (from byte 120) overlap; the file is damaged, write it again
    nothing: `w.bin`: this is neither safetensors, GGUF, torch, npy nor npz: it is empty; fetch it again
    lfs: `w.bin`: this is neither safetensors, GGUF, torch, npy nor npz: it is a pointer of git-lfs; get the file itself with `git lfs pull`
    pickle: `w.bin`: this is neither safetensors, GGUF, torch, npy nor npz: it is a pickle that torch did not write; load it in Python and save the tensors as safetensors
    index: `w.bin`: this is neither safetensors, GGUF, torch, npy nor npz: it is JSON; if it lists the files of a model in parts, join them into one file
    text: `w.bin`: this is neither safetensors, GGUF, torch, npy nor npz: it begins with 6f 6e 63 65 20 75 70 6f; convert it to safetensors
    ");
}

#[test]
fn npy_of_every_version_and_order_is_read() {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  \n";
    let plain = file(npy(header, &ramp(6)));
    assert_eq!(plain.format(), Format::Npy);
    assert_eq!(listing(&plain), format!("w: f32[2, 3] 24 bytes at {}", 10 + header.len()));
    assert_eq!(floats(&plain, "w"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    for version in [2, 3] {
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        bytes.extend((header.len() as u32).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(ramp(6));
        assert_eq!(floats(&file(bytes), "w"), floats(&plain, "w"));
    }
    let fortran = file(npy(&header.replace("False", "True"), &ramp(6)));
    assert_eq!(floats(&fortran, "w"), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    assert!(fortran.stored_bytes("w").is_none());
    let big: Vec<u8> = (1..7).flat_map(|value| (value as f32).to_be_bytes()).collect();
    let big = file(npy(&header.replace('<', ">"), &big));
    assert_eq!(floats(&big, "w"), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert!(big.stored_bytes("w").is_none());
    let scalar = file(npy("{'descr': '|b1', 'fortran_order': False, 'shape': ()}", &[1]));
    assert_eq!(floats(&scalar, "w"), [1.0]);
    let one = file(npy(
        "{'descr': '<i8', 'fortran_order': True, 'shape': (1L,)}",
        &[9, 0, 0, 0, 0, 0, 0, 0],
    ));
    assert_eq!(floats(&one, "w"), [9.0]);
}

#[test]
fn a_damaged_npy_file_is_refused() {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
    let cases = [
        ("cut", npy(header, &ramp(1))),
        ("cut in the header", npy(header, &[])[..20].to_vec()),
        ("more than one", npy(header, &ramp(3))),
        ("version", [b"\x93NUMPY\x07\x00".to_vec(), vec![0; 60]].concat()),
        ("object", npy(&header.replace("<f4", "|O"), &[])),
        ("record", npy(&header.replace("'<f4'", "[('a', '<f4')]"), &[])),
        ("no shape", npy("{'descr': '<f4', 'fortran_order': False}", &[])),
        ("no literal", npy("{'descr': f4}", &[])),
        ("nested", npy(&"[".repeat(1000), &[])),
    ];
    let messages: Vec<String> =
        cases.into_iter().map(|(what, bytes)| format!("{what}: {}", message(bytes))).collect();
    assert_snapshot!(messages.join("\n"), @r"
    cut: `w.bin`: tensor `w` of f32[2] takes 8 bytes, and there are 4; fetch or write the file again
    cut in the header: `w.bin`: the header is said to have 55 bytes, and 10 are left; the file was cut short or is damaged, fetch it again
    more than one: `w.bin`: tensor `w` of f32[2] takes 8 bytes, and there are 12; fetch or write the file again
    version: `w.bin`: the npy header of `w`: it has version 7, and 1 to 3 are read; write the file with `numpy.save`
    object: `w.bin`: tensor `w` has elements of type `'|O'` in numpy's notation, which is unknown; write it as a float, int or bool: `x.astype(numpy.float32)`
    record: `w.bin`: tensor `w` has elements of type `[('a', '<f4')]` in numpy's notation, which is unknown; write it as a float, int or bool: `x.astype(numpy.float32)`
    no shape: `w.bin`: the npy header of `w`: there is no `shape`; the file is damaged, fetch or write it again
    no literal: `w.bin`: the npy header of `w`: `{'descr': f4}`: `f` begins nothing; the file is damaged, fetch or write it again
    nested: `w.bin`: the npy header of `w`: `[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[`: it nests too deep; the file is damaged, fetch or write it again
    ");
}

#[test]
fn what_cannot_be_opened_says_so() {
    let error = WeightFile::open(std::path::Path::new("/nowhere/w.safetensors")).unwrap_err();
    assert!(matches!(*error.problem, Problem::Io(_)));
    let error = WeightFile::open(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_err();
    assert!(error.to_string().ends_with("this is a folder; name one file in it"));
    assert!(matches!(problem(vec![1, 2, 3]), Problem::UnknownFormat { .. }));
}

#[test]
fn a_tensor_that_is_not_there_has_a_neighbour() {
    let header = r#"{"layer.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let file = file(safetensors(header, &ramp(1)));
    assert_snapshot!(file.read("layer.wieght", Elem::F32).unwrap_err(), @"`w.bin`: there is no tensor `layer.wieght`; did you mean `layer.weight`?");
    assert_snapshot!(file.read("other", Elem::F32).unwrap_err(), @"`w.bin`: there is no tensor `other`; list the names that there are");
}
