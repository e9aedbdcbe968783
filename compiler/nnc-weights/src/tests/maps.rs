//! Rows of checkpoint blocks, with the numbers of models.

use insta::assert_snapshot;
use nnc_base::{Name, Span};
use nnc_graph::Elem;
use nnc_hir::AxisMap;
use nnc_shape::Dim;

use super::program::{exported, map, round_trip, stored, values};
use crate::Param;
use crate::map::{Places, places};

/// A layer with an array of blocks, and a model of two of them.
fn blocks(rows: &str) -> String {
    format!(
        "dims D: feat, N: head, G: head, L, K: feat
         layer Block<D, N, G>(bias: bool = false) where D % N == 0, D % (2*N) == 0 {{
             q: param f32[D, D]
             k, v: param f32[G*(D / N), D]
             scale: if bias {{ param f32[1, D] }}
             fn () -> f32[D, D] = q
         }}
         layer Net<D, N, G, L, K>(bias: bool = false) where D % N == 0, D % (2*N) == 0 {{
             blocks: [Block<D, N, G>(bias=bias); L]
             head: param bf16[K, D]
             fn () -> bf16[K, D] = head
         }}
         checkpoint c for Net {{ {rows} }}
         model net = Net<12, 3, 1, 2, 5> {{ weights c entry run }}"
    )
}

#[test]
fn without_a_block_names_are_kept() {
    let text = blocks("").replace("weights c ", "");
    assert_snapshot!(round_trip(&text), @r#"
    "blocks.0.q" [12, 12] f32: blocks.0.q
    "blocks.0.k" [4, 12] f32: blocks.0.k
    "blocks.0.v" [4, 12] f32: blocks.0.v
    "blocks.1.q" [12, 12] f32: blocks.1.q
    "blocks.1.k" [4, 12] f32: blocks.1.k
    "blocks.1.v" [4, 12] f32: blocks.1.v
    "head" [5, 12] bf16: head
    "#);
}

#[test]
fn rows_rename_turn_split_and_join() {
    let text = blocks(
        r#""h.{i}.qkv" = {blocks[i].q, blocks[i].k, blocks[i].v} : [d, (z o)] -> [z, o, d]
           "head"      = head : [d, k] -> [k, d]"#,
    );
    assert_snapshot!(round_trip(&text), @r#"
    "h.0.qkv" [12, 20] f32: blocks.0.q = 0 + [12:1, 12:20]
    "h.0.qkv" [12, 20] f32: blocks.0.k = 12 + [4:1, 12:20]
    "h.0.qkv" [12, 20] f32: blocks.0.v = 16 + [4:1, 12:20]
    "h.1.qkv" [12, 20] f32: blocks.1.q = 0 + [12:1, 12:20]
    "h.1.qkv" [12, 20] f32: blocks.1.k = 12 + [4:1, 12:20]
    "h.1.qkv" [12, 20] f32: blocks.1.v = 16 + [4:1, 12:20]
    "head" [12, 5] bf16: head = 0 + [5:1, 12:5]
    "#);
}

#[test]
fn pairs_of_a_head_are_turned_as_gguf_stores_them() {
    let text = blocks(
        r#""blk.{i}.attn_q" = blocks[i].q : [(n:N u r:2), d] -> [(n r u), d]
           "blk.{i}.kv"     = {blocks[i].k, blocks[i].v} : [o, (d z)] -> [z, o, d]"#,
    );
    assert_snapshot!(round_trip(&text), @r#"
    "blk.0.attn_q" [12, 12] f32: blocks.0.q = 0 + [3:48, 2:12, 2:24, 12:1]
    "blk.1.attn_q" [12, 12] f32: blocks.1.q = 0 + [3:48, 2:12, 2:24, 12:1]
    "blk.0.kv" [4, 24] f32: blocks.0.k = 0 + [48:2]
    "blk.0.kv" [4, 24] f32: blocks.0.v = 1 + [48:2]
    "blk.1.kv" [4, 24] f32: blocks.1.k = 0 + [48:2]
    "blk.1.kv" [4, 24] f32: blocks.1.v = 1 + [48:2]
    "head" [5, 12] bf16: head
    "#);
    // Of a head's four rows 0, 1, 2, 3 the file has 0, 2, 1, 3.
    let (map, _) = map(&text);
    let map = map.unwrap();
    let values = values(&map);
    let tensors = exported(&map, &values);
    let row = |bytes: &[u8], at: usize| bytes[at * 48..(at + 1) * 48].to_vec();
    let ours = &values["blocks.0.q"];
    let theirs = &tensors.iter().find(|it| it.name == "blk.0.attn_q").unwrap().bytes;
    for (at, from) in [0, 2, 1, 3, 4, 6, 5, 7].into_iter().enumerate() {
        assert_eq!(row(theirs, at), row(ours, from));
    }
}

#[test]
fn fields_that_are_not_there_are_passed_over() {
    let row = r#""h.{i}.scale" = blocks[i].scale"#;
    assert!(!round_trip(&blocks(row)).contains("scale"));
    let with = blocks(row).replace("2, 5> {", "2, 5>(bias=true) {");
    assert!(round_trip(&with).contains(r#""h.1.scale" [1, 12] f32: blocks.1.scale"#));
    let none = blocks(row).replace("1, 2, 5>", "1, 0, 5>").replace("G, L, K>", "G, L >= 0, K>");
    assert_eq!(round_trip(&none).lines().count(), 1);
}

#[test]
fn blocks_that_are_no_bijection_are_refused() {
    let cases = [
        ("outside", r#""x" = blocks[2].q"#),
        ("twice", r#""x.{i}" = blocks[i].q "y" = blocks[1].q"#),
        ("one name", r#""x.{i}" = blocks[i].q "x.1" = head"#),
        ("own name", r#""blocks.{i}.v" = blocks[i].k"#),
        ("partly", r#""x.{i}" = {blocks[i].q, blocks[i].scale} : [(z o), d] -> [z, o, d]"#),
        ("unknown size", r#""x.{i}" = blocks[i].q : [n, u, d] -> [(n u), d]"#),
        ("wrong size", r#""x.{i}" = blocks[i].q : [(n:N u:5), d] -> [(n u), d]"#),
        ("not whole", r#""x.{i}" = blocks[i].q : [(n:7 u), d] -> [(u n), d]"#),
        ("no size", r#""x.{i}" = blocks[i].q : [(n:N-3 u), d] -> [(u n), d]"#),
        ("not side by side", r#""x.{i}" = {blocks[i].q, blocks[i].k} : [z, o, d] -> [z, o, d]"#),
        ("interleaved", r#""x.{i}" = {blocks[i].q, blocks[i].k} : [(o z), d] -> [z, o, d]"#),
        ("count", r#""x.{i}" = {blocks[i].k, blocks[i].v} : [(z:3 o), d] -> [z, o, d]"#),
        ("merged count", r#""x.{i}" = {blocks[i].k, blocks[i].v} : [z, a, o, d] -> [(z a), o, d]"#),
        ("types", r#""x" = {blocks[0].q, head} : [(z o), d] -> [z, o, d]"#),
    ];
    let mut report = String::new();
    for (what, rows) in cases {
        let rows = rows.replace(" \"", "\n\"");
        match map(&blocks(&rows)).0 {
            Ok(map) => report.push_str(&format!("{what}: is accepted\n{map}")),
            Err(messages) => report.push_str(&format!("{what}: {messages}\n")),
        }
    }
    assert_snapshot!(report, @r#"
    outside: E0405 main:13 there is no `blocks[2]`
      note: in `net`, `blocks` has 2 items, from 0 to 1
      help: leave out the row, or write `{i}` for all of them
    twice: E0403 main:14 `blocks.1.q` is filled twice
      main:13: filled here already
      help: leave out one of the rows
    one name: E0403 main:14 "x.1" is read twice
      main:13: here already
      note: a parameter that no row names is read by its own name
      help: leave out one of the rows, or fill several parameters in one
    own name: E0403 main:4 "blocks.0.v" is read twice
      main:13: here already
      note: a parameter that no row names is read by its own name
      help: leave out one of the rows, or fill several parameters in one
    partly: E0406 main:13 "x.0" holds `blocks.0.scale`, which `net` does not have
      note: the parameters of one tensor are all there, or none of them
      help: leave `blocks.0.scale` out of the row
    unknown size: E0406 main:13 the axes of "x.0" do not fit: the sizes of `n` and `u`, which make D = 12 of `blocks.0.q`, are not known; give one, as in `(n:2 u)`
      note: both sides name the same axes, and sizes that are merged multiply
      help: give sizes where they are merged: `[(n:N d), i] -> [n, d, i]`
    wrong size: E0406 main:13 the axes of "x.0" do not fit: `(n:3 u:5)` does not make D = 12 of `blocks.0.q`
      note: both sides name the same axes, and sizes that are merged multiply
      help: give sizes where they are merged: `[(n:N d), i] -> [n, d, i]`
    not whole: E0406 main:13 the axes of "x.0" do not fit: `u` would be D = 12 by 7, which is not whole
      note: both sides name the same axes, and sizes that are merged multiply
      help: give sizes where they are merged: `[(n:N d), i] -> [n, d, i]`
    no size: E0406 main:13 the axes of "x.0" do not fit: `n` is said to be 0
      note: both sides name the same axes, and sizes that are merged multiply
      help: give sizes where they are merged: `[(n:N d), i] -> [n, d, i]`
    not side by side: E0406 main:13 the axes of "x.0" do not fit: `o` is 12 and 4; parameters of several sizes lie one after the other, as in `[(z o)]`
      note: both sides name the same axes, and sizes that are merged multiply
      help: give sizes where they are merged: `[(n:N d), i] -> [n, d, i]`
    interleaved: E0406 main:13 the axes of "x.0" do not fit: `o` is 12 and 4; parameters of several sizes lie one after the other, as in `[(z o)]`
      note: both sides name the same axes, and sizes that are merged multiply
      help: give sizes where they are merged: `[(n:N d), i] -> [n, d, i]`
    count: E0406 main:13 the axes of "x.0" do not fit: `z` is said to be 3, and there are 2 parameters
      note: both sides name the same axes, and sizes that are merged multiply
      help: give sizes where they are merged: `[(n:N d), i] -> [n, d, i]`
    merged count: E0406 main:13 the axes of "x.0" do not fit: the axis that counts the parameters is merged
      note: both sides name the same axes, and sizes that are merged multiply
      help: give sizes where they are merged: `[(n:N d), i] -> [n, d, i]`
    types: E0406 main:13 `blocks.0.q` is f32, `head` is bf16
      main:3: this is f32
      main:10: this is bf16
      note: a tensor of the file has one element type
      help: declare them with one element type
    "#);
}

#[test]
fn loading_from_another_file_is_refused() {
    let (map, _) = map(&blocks(""));
    let map = map.unwrap();
    let mut tensors = exported(&map, &values(&map));
    tensors[0].shape = vec![144];
    tensors.remove(1);
    let file = stored(&tensors);
    assert_snapshot!(map.load(&file, "blocks.0.q").unwrap_err(), @"`w.safetensors`: tensor `blocks.0.q` is [144], and the model wants [12, 12]; compare file and model with `nnc check`");
    assert_snapshot!(map.load(&file, "blocks.0.k").unwrap_err(), @"`w.safetensors`: there is no tensor `blocks.0.k`; did you mean `blocks.0.q`?");
    assert_snapshot!(map.load(&file, "blocks.0.kk").unwrap_err(), @"`w.safetensors`: the model has no parameter `blocks.0.kk`; did you mean `blocks.0.k`?");
    assert_snapshot!(map.load_into(&file, "head", &mut [0; 7]).unwrap_err(), @"`w.safetensors`: tensor `head` has 60 elements, and 3 from element 0 on were asked for into 7 bytes of bf16; ask for elements that are there, with room for them");
    assert_snapshot!(map.export(&|_| None).unwrap_err(), @"there are no values for parameter `blocks.0.q`; give all parameters of the model");
    assert_snapshot!(map.export(&|_| Some(vec![0; 4].into())).unwrap_err(), @"tensor `blocks.0.q` of f32[12, 12] takes 576 bytes, and there are 4; fetch or write the file again");
    assert_eq!(map.source("head").unwrap().name, "head");
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn shuffled(&mut self, names: &[Name]) -> Vec<Name> {
        let mut left = names.to_vec();
        (0..names.len()).map(|_| left.swap_remove(self.below(left.len()))).collect()
    }

    /// The names in groups.
    fn grouped(&mut self, names: &[Name]) -> Vec<Vec<Name>> {
        let mut groups: Vec<Vec<Name>> = Vec::new();
        for name in names {
            match groups.last_mut() {
                Some(last) if self.below(3) == 0 => last.push(*name),
                _ => groups.push(vec![*name]),
            }
        }
        groups
    }
}

/// Any axis map puts every element of every parameter at one place of the tensor, and
/// the place is the one that the names say.
#[test]
fn every_element_has_one_place() {
    let names = ["a", "b", "c", "d"].map(Name::new);
    let count = Name::new("z");
    let mut random = Random(88_172_645_463_325_252);
    for round in 0..2000 {
        let names = &names[..1 + random.below(4)];
        let sizes: Vec<usize> = names.iter().map(|_| 1 + random.below(4)).collect();
        let size_of = |name: Name| names.iter().position(|it| *it == name).map(|at| sizes[at]);
        let params = 1 + random.below(3);
        let shuffled = random.shuffled(names);
        let ours = random.grouped(&shuffled);
        let mut all = names.to_vec();
        if params > 1 {
            all.push(count);
        }
        let shuffled = random.shuffled(&all);
        let file = random.grouped(&shuffled);
        let product = |group: &Vec<Name>| -> i64 {
            group.iter().map(|name| size_of(*name).unwrap_or(params) as i64).product()
        };
        let shape: Vec<i64> = ours.iter().map(product).collect();
        let param = Param {
            name: "p".to_owned(),
            elem: Elem::F32,
            formulas: shape.iter().map(|size| Dim::constant(*size)).collect(),
            shape,
            span: Span::NONE,
        };
        let with_count = [vec![vec![count]], ours.clone()].concat();
        let map = AxisMap {
            ours: if params > 1 { with_count } else { ours.clone() },
            file: file.clone(),
            sizes: Vec::new(),
        };
        let list = vec![&param; params];
        let size = |name: Name| size_of(name).map(|size| size as i64);
        let Places { shape, views } = places(&map, &list, &size).unwrap();
        assert_eq!(shape, file.iter().map(product).collect::<Vec<_>>());
        let elements: i64 = shape.iter().product();
        let mut owner = vec![None; elements as usize];
        for (number, view) in views.iter().enumerate() {
            // Each element says where it belongs.
            let places: Vec<u8> = (0..elements as u32).flat_map(u32::to_le_bytes).collect();
            let mut picked = vec![0; view.len() as usize * 4];
            view.gather(&places, 4, 0, &mut picked);
            let mut index = vec![0; names.len()];
            for place in picked.as_chunks().0 {
                let place = u32::from_le_bytes(*place) as usize;
                assert_eq!(owner[place].replace(number), None, "round {round}");
                // The place by the file's names, from the parameter's.
                let at = |name: &Name| match names.iter().position(|it| it == name) {
                    Some(at) => (index[at], sizes[at]),
                    None => (number, params),
                };
                let expected =
                    file.iter().flatten().map(at).fold(0, |sum, (at, size)| sum * size + at);
                assert_eq!(place, expected, "round {round}: {map:?}");
                for name in ours.iter().flatten().rev() {
                    let Some(at) = names.iter().position(|it| it == name) else { continue };
                    index[at] += 1;
                    if index[at] < sizes[at] {
                        break;
                    }
                    index[at] = 0;
                }
            }
        }
        assert!(owner.iter().all(Option::is_some), "round {round}: {map:?}");
    }
}

#[test]
fn indices_are_moved_and_open_ends_take_the_rest() {
    let text = blocks(
        r#""layer{i+1}.weight" = blocks[i].q : [a, b] -> [b, a]
           "layer{i+1}.*" = blocks[i].*
           "last.*" = *"#,
    );
    assert_snapshot!(round_trip(&text), @r#"
    "layer1.weight" [12, 12] f32: blocks.0.q = 0 + [12:1, 12:12]
    "layer2.weight" [12, 12] f32: blocks.1.q = 0 + [12:1, 12:12]
    "layer1.k" [4, 12] f32: blocks.0.k
    "layer1.v" [4, 12] f32: blocks.0.v
    "layer2.k" [4, 12] f32: blocks.1.k
    "layer2.v" [4, 12] f32: blocks.1.v
    "last.head" [5, 12] bf16: head
    "#);
}

#[test]
fn the_deeper_of_two_open_ends_is_asked_first() {
    let text = blocks(
        r#""all.*" = *
           "block.*" = blocks.*
           "{2*i}" = blocks[i].k"#,
    );
    assert_snapshot!(round_trip(&text), @r#"
    "0" [4, 12] f32: blocks.0.k
    "2" [4, 12] f32: blocks.1.k
    "block.0.q" [12, 12] f32: blocks.0.q
    "block.0.v" [4, 12] f32: blocks.0.v
    "block.1.q" [12, 12] f32: blocks.1.q
    "block.1.v" [4, 12] f32: blocks.1.v
    "all.head" [5, 12] bf16: head
    "#);
}

#[test]
fn rows_of_a_tensor_are_told_one_after_the_other() {
    let text = blocks(
        r#""h.{i}.qkv"[12..16] = blocks[i].k
           "h.{i}.qkv"[0..D] = blocks[i].q : [a, b] -> [b, a]
           "h.{i}.qkv"[D+4..20] = blocks[i].v
           "head"[0..K] = head
           "head"[K..K+2] = ignore"#,
    );
    assert_snapshot!(round_trip(&text), @r#"
    "h.0.qkv" [20, 12] f32: blocks.0.q = 0 + [12:1, 12:12]
    "h.0.qkv" [20, 12] f32: blocks.0.k = 144 + [48:1]
    "h.0.qkv" [20, 12] f32: blocks.0.v = 192 + [48:1]
    "h.1.qkv" [20, 12] f32: blocks.1.q = 0 + [12:1, 12:12]
    "h.1.qkv" [20, 12] f32: blocks.1.k = 144 + [48:1]
    "h.1.qkv" [20, 12] f32: blocks.1.v = 192 + [48:1]
    "head" [7, 12] bf16: head = 0 + [60:1]
    "head" [7, 12] bf16: rows 5 to 7 ignored
    "#);
}

#[test]
fn rows_that_nothing_reads_are_written_as_zeros() {
    let text = blocks(r#""head"[0..2] = ignore "head"[2..K+2] = head "b.*" = blocks.*"#);
    let (map, _) = map(&text);
    let map = map.unwrap();
    let tensors = exported(&map, &values(&map));
    let head = tensors.iter().find(|tensor| tensor.name == "head").unwrap();
    assert_eq!(head.shape, [7, 12]);
    let row = 12 * head.elem.bytes();
    assert!(head.bytes[..2 * row].iter().all(|byte| *byte == 0));
    assert!(head.bytes[2 * row..].iter().any(|byte| *byte != 0));
}

/// The code and the first line of what is said of a block's rows.
fn told(rows: &str) -> String {
    let text = map(&blocks(rows)).0.unwrap_err();
    let line = text.lines().next().unwrap_or_default();
    let mut words = line.splitn(3, ' ');
    let (code, message) = (words.next().unwrap(), words.nth(1).unwrap());
    format!("{code} {message}")
}

#[test]
fn rows_that_do_not_fit_are_told() {
    assert_snapshot!(told(r#""head"[0..K+1] = head"#), @r#"E0411 rows 0 to 6 of "head" are 6, and `head` makes 5"#);
    assert_snapshot!(told(r#""head"[1..K+1] = head"#), @r#"E0413 nothing is said of rows 0 to 1 of "head""#);
    let twice = r#""a.{i}"[0..D] = blocks[i].q "a.{i}"[D-1..D+3] = blocks[i].k"#;
    assert_snapshot!(told(twice), @r#"E0412 rows 11 to 12 of "a.0" are read twice"#);
    let tail = r#""head"[0..K] = head "tail"[0..3] = ignore"#;
    assert_snapshot!(told(tail), @r#"E0413 no other row of "tail" is read"#);
    let mixed = r#""a"[0..D] = blocks[0].q "a"[D..D+K] = head"#;
    assert_snapshot!(told(mixed), @r#"E0411 a row of "a" is f32[12] and bf16[12]"#);
}
