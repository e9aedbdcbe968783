//! Weight files that are not as they must be.

use super::Folder;
use insta::assert_snapshot;

/// A safetensors file: for each tensor its name, shape and numbers.
fn safetensors(tensors: &[(&str, &[usize], Vec<f32>)]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, shape, numbers) in tensors {
        let start = data.len();
        data.extend(numbers.iter().flat_map(|it| it.to_le_bytes()));
        let entry = serde_json::json!({
            "dtype": "F32", "shape": shape, "data_offsets": [start, data.len()],
        });
        header.insert((*name).to_owned(), entry);
    }
    let mut header = serde_json::Value::Object(header).to_string();
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

const NET: &str = "use std.nn.{Linear}
dims B: batch, D: feat, F: feat
pub layer Net<D, F> {
    map: Linear<D, F>
    fn (x: f32[B, D]) -> f32[B, F] = map(x)
}
model net = Net<3, 2> { entry main with { B <= 4 } }
";

fn net(weights: impl AsRef<[u8]>) -> Folder {
    let folder = Folder::new();
    folder.write("net.nn", NET);
    folder.write("w.safetensors", weights);
    folder
}

fn matrix() -> (&'static str, &'static [usize], Vec<f32>) {
    ("map.weight", &[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
}

fn offset() -> (&'static str, &'static [usize], Vec<f32>) {
    ("map.bias", &[2], vec![0.5, -0.5])
}

/// What `nnc run` says, and whether `nnc check` says the same.
fn run(folder: &Folder) -> String {
    let message =
        folder.nnc(&["run", "net.nn", "-w", "w.safetensors", "-i", "x=[[1, 0, -1]]"]).fails(1);
    let checked = folder.nnc(&["check", "net.nn", "-w", "w.safetensors"]);
    if !message.contains("NaN") {
        assert_eq!(checked.code, Some(1), "{}", checked.err);
    }
    message
}

#[test]
fn a_file_that_fits_is_used() {
    let folder = net(safetensors(&[matrix(), offset()]));
    let out = folder.nnc(&["run", "net.nn", "-w", "w.safetensors", "-i", "x=[[1, 0, -1]]"]).ok();
    assert_eq!(out, "output: f32[1, 2] = [[-1.5, -2.5]]\n");
    let checked = folder.nnc(&["check", "net.nn", "-w", "w.safetensors"]);
    assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""));
}

#[test]
fn tensors_that_are_missing_extra_or_of_another_shape_are_named() {
    assert_snapshot!(run(&net(safetensors(&[matrix()]))), @r#"
    error[E0407]: "map.bias" is not in `w.safetensors`
         ╭─[std.nn:135:5]
     134 │     weight: param float[O, I] = kaiming
     135 │     bias:   if bias { param float[O] = zeros }
         ·     ────┬
         ·       │ ╰── `map.bias` is declared here
     136 │
         ╰────
      note: 0 of 2 tensors differ, 1 missing, 0 unexpected
      help: write the name that the tensor has in the file
    "#);
    let (_, shape, numbers) = offset();
    assert_snapshot!(run(&net(safetensors(&[matrix(), ("map.bais", shape, numbers)]))), @r#"
    error[E0407]: "map.bias" is not in `w.safetensors`
         ╭─[std.nn:135:5]
     134 │     weight: param float[O, I] = kaiming
     135 │     bias:   if bias { param float[O] = zeros }
         ·     ────┬
         ·       │ ╰── `map.bias` is declared here
     136 │
         ╰────
      note: 0 of 2 tensors differ, 1 missing, 1 unexpected
      help: did you mean "map.bais"?

    warning[E0408]: nothing reads "map.bais" of `w.safetensors`
       ╭─[net.nn:7:1]
     6 │ }
     7 │ model net = Net<3, 2> { entry main with { B <= 4 } }
       · ────────────────────────────────────────────────────
     8 │
       ╰────
      help: a checkpoint block says what is ignored: `"…" = ignore`
    "#);
    let turned = ("map.weight", &[3, 2][..], matrix().2);
    assert_snapshot!(run(&net(safetensors(&[turned, offset()]))), @r#"
    error[E0401]: "map.weight" is [3, 2], `map.weight` is [F, D] = [2, 3]
         ╭─[std.nn:134:5]
     133 │ pub layer Linear<I, O>(bias: bool = true) {
     134 │     weight: param float[O, I] = kaiming
         ·     ──────┬
         ·        │  ╰── declared here
     135 │     bias:   if bias { param float[O] = zeros }
         ╰────
      note: 1 of 2 tensors differ, 0 missing, 0 unexpected
      help: if the file has them in another order: `: [a, b] -> [b, a]`
    "#);
}

#[test]
fn numbers_that_are_none_are_found() {
    let mut numbers = matrix().2;
    numbers[4] = f32::NAN;
    let message = run(&net(safetensors(&[("map.weight", &[2, 3], numbers), offset()])));
    assert_snapshot!(message, @"
    error: w.safetensors: `map.weight` has NaN at [1, 1] of `map.weight`
      note: whatever is computed from it is NaN as well
      help: fetch the file again, or take a checkpoint from before the training diverged
    ");
}

#[test]
fn files_that_are_damaged_are_refused() {
    let whole = safetensors(&[matrix(), offset()]);
    assert_snapshot!(run(&net(&whole[..whole.len() - 5])), @"
    error: `w.safetensors`: tensor `map.bias` is said to lie at bytes 24..32, and there are 27; the file was
      cut short or is damaged, fetch it again
    ");
    assert_snapshot!(run(&net(&whole[..20])), @"
    error: `w.safetensors`: the header is said to have 128 bytes, and 12 are left; the file was cut short or
      is damaged, fetch it again
    ");
    assert_snapshot!(run(&net(b"")), @"
    error: `w.safetensors`: this is neither safetensors, GGUF, torch, npy nor npz: it is empty; fetch it
      again
    ");
    let mut long = whole.clone();
    long[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_snapshot!(run(&net(long)), @"
    error: `w.safetensors`: the header is said to have 18446744073709551615 bytes, and 160 are left; the file
      was cut short or is damaged, fetch it again
    ");
    assert_snapshot!(run(&net(b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff")), @"
    error: `w.safetensors`: the file ends in the GGUF header: from byte 16 on 8 bytes are needed, and 0 are
      left; it was cut short, fetch it again
    ");
    let broken = [&20u64.to_le_bytes()[..], b"{\"map.weight\": [1, 2]"].concat();
    assert_snapshot!(run(&net(broken)), @"
    error: `w.safetensors`: the safetensors header: invalid type: integer `1`, expected a string at line 1
      column 17; the file is damaged, fetch or write it again
    ");
}

/// A pickle that would call `os.system` if anything ran it.
#[test]
fn code_in_a_torch_file_is_refused() {
    let pickle = b"\x80\x02cos\nsystem\nU\x04true\x85R.";
    let message = run(&net(pickle));
    assert!(message.contains("w.safetensors"), "{message}");
}

#[test]
fn every_byte_of_a_header_may_be_wrong() {
    let whole = safetensors(&[matrix(), offset()]);
    let folder = net(&whole);
    for at in (0..whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x15;
        folder.write("w.safetensors", &bytes);
        let ran = folder.nnc(&["check", "net.nn", "-w", "w.safetensors"]);
        assert!(matches!(ran.code, Some(0 | 1)), "byte {at}: {:?} {}", ran.code, ran.err);
    }
}

/// The sixteenth of the twenty mistakes that people make most.
#[test]
fn a_vocabulary_of_another_size_names_the_model_and_the_file() {
    let folder = Folder::new();
    folder.write(
        "lm.nn",
        "dims B: batch, T: time, V: vocab, D: feat
pub layer Words<V, D> {
    table: param f32[V, D]
    fn (ids: Token<V>[B, T]) -> f32[B, T, D] {
        let y[b, t, d] = table[ids[b, t], d];
        y
    }
}
checkpoint gptj for Words { \"transformer.wte.weight\" = table }
model words = Words<7, 3> { weights gptj entry main with { B <= 4, T <= 8 } }
",
    );
    let table = ("transformer.wte.weight", &[5, 3][..], vec![0.5; 15]);
    folder.write("w.safetensors", safetensors(&[table]));
    assert_snapshot!(folder.nnc(&["check", "lm.nn", "-w", "w.safetensors"]).fails(1), @r#"
    error[E0401]: checkpoint `gptj`: "transformer.wte.weight" is [5, 3], `table` is [V, D] = [7, 3]
       ╭─[lm.nn:3:5]
     2 │ pub layer Words<V, D> {
     3 │     table: param f32[V, D]
       ·     ──┬──
       ·       ╰── declared here
     4 │     fn (ids: Token<V>[B, T]) -> f32[B, T, D] {
       ╰────
        ╭─[lm.nn:9:29]
      8 │ }
      9 │ checkpoint gptj for Words { "transformer.wte.weight" = table }
        ·                             ────────────────────────────────
     10 │ model words = Words<7, 3> { weights gptj entry main with { B <= 4, T <= 8 } }
        · ──────────────────────────────────────┬──────────────────────────────────────
        ·                                       ╰── V is 7 here
     11 │
        ╰────
      note: 1 of 1 tensors differ, 0 missing, 0 unexpected
      help: V = 5 in `words`, if the file is the right one

    1 error
    "#);
}

#[test]
fn numbers_that_are_rounded_are_told() {
    let folder = Folder::new();
    folder.write(
        "scale.nn",
        "dims B: batch
pub layer Scale {
    by: param f32[2]
    fn (x: f32[B, 2]) -> f32[B, 2] = x * by[_, d]
}
model scale = Scale { entry main with { B <= 4 } }
",
    );
    let header = r#"{"by": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}}"#;
    let length = (header.len() as u64).to_le_bytes();
    folder.write("w.safetensors", [&length[..], header.as_bytes(), &[0; 16]].concat());
    let ran = folder.nnc(&["check", "scale.nn", "-w", "w.safetensors"]);
    assert_eq!(ran.code, Some(0));
    assert_snapshot!(ran.err, @r#"
    warning[E0409]: "by" is f64, and is rounded to f32
       ╭─[scale.nn:3:5]
     2 │ pub layer Scale {
     3 │     by: param f32[2]
       ·     ──┬
       ·      │╰── `by` is f32
     4 │     fn (x: f32[B, 2]) -> f32[B, 2] = x * by[_, d]
       ╰────
      help: say that it is meant: `"…" = … as f32`

    1 warning
    "#);
}
