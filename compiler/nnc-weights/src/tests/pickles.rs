//! Pickles that are refused.

use insta::assert_snapshot;

use super::build::message;

/// A file as torch wrote it before 1.6 whose object is this pickle, with a storage
/// `0` of four floats.
fn legacy(object: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.".to_vec();
    bytes.extend(b"\x80\x02}.\x80\x02");
    bytes.extend(object);
    bytes.extend(b".\x80\x02]X\x01\x00\x00\x000a.");
    bytes.extend(4u64.to_le_bytes());
    bytes.extend([0; 16]);
    bytes
}

/// A tensor with the given pickles of its place, shape and strides.
fn tensor(place: &[u8], shape: &[u8], strides: &[u8]) -> Vec<u8> {
    [
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
            .as_slice(),
        b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04NtQ",
        place,
        shape,
        strides,
        b"\x89}tR",
    ]
    .concat()
}

#[test]
fn the_builder_of_these_tests_builds_what_is_read() {
    let bytes = legacy(&tensor(b"K\x01", b"K\x03\x85", b"K\x01\x85"));
    let file = crate::WeightFile::from_bytes("w.bin", bytes).unwrap();
    assert_eq!(file.entries()[0].shape, [3]);
    assert_eq!(file.entries()[0].name, "tensor");
}

#[test]
fn ordered_dicts_of_python_2_are_read() {
    // OrderedDict([["a", tensor], ["b", tensor]]), with an attribute.
    let one = tensor(b"K\x00", b"K\x02\x85", b"K\x01\x85");
    let pair = |name: &[u8]| [b"](X\x01\x00\x00\x00", name, &one, b"e"].concat();
    let start = b"ccollections\nOrderedDict\n](".as_slice();
    let pickle = [start, &pair(b"a"), &pair(b"b"), b"e\x85R}b"].concat();
    let file = crate::WeightFile::from_bytes("w.bin", legacy(&pickle)).unwrap();
    let names: Vec<&str> = file.entries().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn storages_without_a_name_take_their_room() {
    let unnamed = [b"}(N".as_slice(), &tensor(b"K\x00", b"K\x02\x85", b"K\x01\x85"), b"u"].concat();
    let file = crate::WeightFile::from_bytes("w.bin", legacy(&unnamed)).unwrap();
    assert!(file.entries().is_empty());
}

#[test]
fn only_tensors_and_containers_are_built() {
    let itself = b"]q\x00h\x00a";
    let deep = [b"]".repeat(100), b"a".repeat(99)].concat();
    // Lists that hold the one before twice: 2^40 objects.
    let mut shared = b"]q\x00".to_vec();
    for level in 0..40u8 {
        shared.extend([b'0', b']', b'q', level + 1, b'(', b'h', level, b'h', level, b'e']);
    }
    let cases = [
        ("system", legacy(b"cposix\nsystem\nX\x02\x00\x00\x00ls\x85R")),
        ("by name from the stack", legacy(b"\x8c\x08builtins\x8c\x04eval\x93")),
        ("a class of torch", legacy(b"ctorch.nn.modules.linear\nLinear\n)\x81")),
        ("a class of torch, called", legacy(b"ctorch\nFloatStorage\n)R")),
        ("a complex tensor", {
            let tensor = tensor(b"K\x00", b"K\x01\x85", b"K\x01\x85");
            let at = tensor.windows(12).position(|it| it == b"FloatStorage").unwrap();
            let (before, after) = tensor.split_at(at);
            legacy(&[before, b"Complex", after].concat())
        }),
        ("old-style instance", legacy(b"(ios\nsystem\n")),
        ("extension", legacy(b"\x82\x01")),
        ("nothing on the stack", legacy(b"0")),
        ("no mark", legacy(b"t")),
        ("memo", legacy(b"h\x07")),
        ("call of a list", legacy(b"])R")),
        ("attributes", legacy(b"]}b")),
        ("outside", legacy(&tensor(b"K\x02", b"K\x03\x85", b"K\x01\x85"))),
        ("repeated", legacy(&tensor(b"K\x00", b"M\xff\xff\x85", b"K\x00\x85"))),
        ("strides", legacy(&tensor(b"K\x00", b"K\x03\x85", b"K\x01K\x01\x86"))),
        ("negative stride", legacy(&tensor(b"K\x03", b"K\x03\x85", b"J\xff\xff\xff\xff\x85"))),
        ("negative size", legacy(&tensor(b"K\x00", b"J\xff\xff\xff\xff\x85", b"K\x01\x85"))),
        ("no shape", legacy(&tensor(b"K\x00", b"N", b"K\x01\x85"))),
        ("in itself", legacy(itself)),
        ("deep", legacy(&deep)),
        ("shared", legacy(&shared)),
    ];
    let messages: Vec<String> =
        cases.into_iter().map(|(what, bytes)| format!("{what}: {}", message(bytes))).collect();
    assert_snapshot!(messages.join("\n"), @r"
    system: `w.bin`: the pickle asks for `posix.system`, which is not part of a tensor, and nothing else is run; load the file in Python and save `model.state_dict()` as safetensors
    by name from the stack: `w.bin`: the pickle asks for `builtins.eval`, which is not part of a tensor, and nothing else is run; load the file in Python and save `model.state_dict()` as safetensors
    a class of torch: `w.bin`: the pickle asks for `torch.nn.modules.linear.Linear`, which is not part of a tensor, and nothing else is run; load the file in Python and save `model.state_dict()` as safetensors
    a class of torch, called: `w.bin`: the pickle asks for `torch.FloatStorage(…)`, which is not part of a tensor, and nothing else is run; load the file in Python and save `model.state_dict()` as safetensors
    a complex tensor: `w.bin`: tensor `tensor` has elements of type `torch.ComplexFloatStorage`, which is unknown; convert it in Python before saving: `tensor.float()`
    old-style instance: `w.bin`: the pickle: there is instruction 0x69, which tensors do not need; load the file in Python and save `model.state_dict()` as safetensors
    extension: `w.bin`: the pickle: there is instruction 0x82, which tensors do not need; load the file in Python and save `model.state_dict()` as safetensors
    nothing on the stack: `w.bin`: the pickle: at byte 27, the stack is empty; the file is damaged, fetch or write it again
    no mark: `w.bin`: the pickle: at byte 27, there is no mark on the stack; the file is damaged, fetch or write it again
    memo: `w.bin`: the pickle: at byte 27, nothing has number 7; the file is damaged, fetch or write it again
    call of a list: `w.bin`: the pickle: at byte 29, something that is no function is called; the file is damaged, fetch or write it again
    attributes: `w.bin`: the pickle: at byte 29, something that is no dict is given attributes; the file is damaged, fetch or write it again
    outside: `w.bin`: tensor `tensor` is said to lie at bytes 153..165, and there are 161; the file was cut short or is damaged, fetch it again
    repeated: `w.bin`: tensor `tensor` has the shape [65535]: its storage has 4 elements, which it repeats; save `tensor.contiguous()`
    strides: `w.bin`: tensor `tensor`: it has 1 sizes and 2 strides; the file is damaged, fetch or write it again
    negative stride: `w.bin`: tensor `tensor`: a stride is negative; the file is damaged, fetch or write it again
    negative size: `w.bin`: tensor `tensor` has the shape [-1]: -1 is no size; the file is damaged, fetch or write it again
    no shape: `w.bin`: tensor `tensor`: its shape is no tuple; the file is damaged, fetch or write it again
    in itself: `w.bin`: tensor `0`: its containers lie in each other without end; the file is damaged, fetch or write it again
    deep: `w.bin`: tensor `0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0`: its containers lie in each other without end; the file is damaged, fetch or write it again
    shared: `w.bin`: tensor `0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0`: its containers lie in each other without end; the file is damaged, fetch or write it again
    ");
}
