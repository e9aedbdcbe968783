//! What is said of a file that does not fit.

use insta::assert_snapshot;
use nnc_graph::Elem;

use super::program::{exported, map, messages, stored, values};
use crate::{Stored, Tensor, WeightFile};

const NET: &str = r#"
dims V: vocab, D: feat, L
layer Block<D> {
    up: param f32[4*D, D]
    norm: param f32[D]
    fn () -> f32[D] = norm
}
layer Net<V, D, L> {
    table: param f32[V, D]
    blocks: [Block<D>; L]
    fn () -> f32[V, D] = table
}
checkpoint gptj for Net {
    "wte.weight" = table
    "h.{i}.up" = blocks[i].up : [d, u] -> [u, d]
    "h.{i}.norm" = blocks[i].norm
    "h.{i}.mask" = ignore
}
model net = Net<7, 3, 12> { weights gptj entry run }
"#;

/// The messages about the model's own file after it was changed.
fn said(text: &str, change: impl FnOnce(&mut Vec<Tensor>)) -> String {
    let (map, sources) = map(text);
    let map = map.unwrap();
    let mut tensors = exported(&map, &values(&map));
    change(&mut tensors);
    messages(&sources, &map.check(&stored(&tensors)))
}

fn reshape(tensors: &mut [Tensor], name: &str, shape: &[i64]) {
    let tensor = tensors.iter_mut().find(|it| it.name == name).unwrap();
    tensor.shape = shape.to_vec();
    tensor.bytes = vec![0; shape.iter().product::<i64>() as usize * tensor.elem.bytes()];
}

fn tensor(name: &str) -> Tensor {
    Tensor { name: name.to_owned(), elem: Elem::F32, shape: vec![1], bytes: vec![0; 4] }
}

#[test]
fn another_size_names_both_sides_and_the_repair() {
    assert_snapshot!(said(NET, |tensors| reshape(tensors, "wte.weight", &[5, 3])), @r#"
    E0401 main:14 checkpoint `gptj`: "wte.weight" is [5, 3], `table` is [V, D] = [7, 3]
      main:9: declared here
      main:19: V is 7 here
      note: 1 of 25 tensors differ, 0 missing, 0 unexpected
      help: V = 5 in `net`, if the file is the right one
    "#);
}

#[test]
fn a_row_is_reported_once() {
    let found = said(NET, |tensors| {
        for i in 0..12 {
            reshape(tensors, &format!("h.{i}.up"), &[12, 3]);
            reshape(tensors, &format!("h.{i}.norm"), &[3, 1]);
        }
        tensors.extend((0..12).map(|i| tensor(&format!("h.{i}.mask"))));
    });
    assert_snapshot!(found, @r#"
    E0401 main:15 checkpoint `gptj`: "h.0.up" is [12, 3], the row wants [d, u] = [3, 12]
      main:4: `blocks.0.up` is [4*D, D] = [12, 3]
      note: so are 11 more tensors of this row
      note: 24 of 25 tensors differ, 0 missing, 0 unexpected
      help: the file has the axes as the parameter has them: leave out the axis map
    E0401 main:16 checkpoint `gptj`: "h.0.norm" is [3, 1], `blocks.0.norm` is [D] = [3]
      main:5: declared here
      note: so are 11 more tensors of this row
      help: if axes are merged or split in the file, say how: `[(a b)] -> [a, b]`
    "#);
}

#[test]
fn axes_in_another_order_are_recognised() {
    let own = NET
        .replace("weights gptj", "")
        .replace("checkpoint", "checkpoint gptj for Net {}\ncheckpoint")
        .replace("gptj for Net {\n", "other for Net {\n");
    let found = said(&own, |tensors| {
        reshape(tensors, "table", &[3, 7]);
        reshape(tensors, "blocks.3.up", &[36]);
    });
    assert_snapshot!(found, @r#"
    E0401 main:9 "table" is [3, 7], `table` is [V, D] = [7, 3]
      main:9: declared here
      note: 2 of 25 tensors differ, 0 missing, 0 unexpected
      help: if the file has them in another order: `: [a, b] -> [b, a]`
    E0401 main:4 "blocks.3.up" is [36], `blocks.3.up` is [4*D, D] = [12, 3]
      main:4: declared here
      help: if axes are merged or split in the file, say how: `[(a b)] -> [a, b]`
    "#);
}

#[test]
fn missing_and_unexpected_tensors_are_counted() {
    let found = said(NET, |tensors| {
        tensors.retain(|it| !it.name.ends_with("norm"));
        tensors.extend((0..12).map(|i| tensor(&format!("h.{i}.nrom"))));
        tensors[0].name = "model.wte.weight".to_owned();
        tensors.push(tensor("lm_head"));
        tensors.push(tensor("rope.7"));
    });
    assert_snapshot!(found, @r#"
    E0407 main:14 "wte.weight" is not in `w.safetensors`
      main:9: `table` is declared here
      note: 0 of 25 tensors differ, 13 missing, 15 unexpected
      help: did you mean "model.wte.weight"?
    E0407 main:16 "h.0.norm" is not in `w.safetensors`
      main:5: `blocks.0.norm` is declared here
      note: nor are 11 more of this row, up to "h.11.norm"
      help: did you mean "h.0.nrom"?
    E0408 main:13 nothing reads "model.wte.weight" and 14 more tensors of `w.safetensors`
      main:13: `gptj` has no row for them
      help: give them rows: `"h.{i}.nrom" = ignore`, `"lm_head" = ignore`, `"model.wte.weight" = ignore`, `"rope.7" = ignore`
    "#);
    let one = said(NET, |tensors| drop(tensors.pop()));
    assert_snapshot!(one, @r#"
    E0407 main:16 "h.11.norm" is not in `w.safetensors`
      main:5: `blocks.11.norm` is declared here
      note: 0 of 25 tensors differ, 1 missing, 0 unexpected
      help: write the name that the tensor has in the file
    "#);
}

#[test]
fn another_models_file_is_one_message() {
    let found = said(NET, |tensors| {
        *tensors = vec![tensor("a"), tensor("b.0"), tensor("b.1"), tensor("c")]
    });
    assert_snapshot!(found, @r#"
    E0407 main:13 `w.safetensors` does not hold any of the 25 tensors of this model
      note: wanted are names such as "wte.weight"; it holds 4, such as "a", "b.0", "b.1"
      help: take the file of this model, or write its names in a checkpoint block
    "#);
    assert_snapshot!(said(NET, Vec::clear), @r#"
    E0407 main:13 `w.safetensors` does not hold any of the 25 tensors of this model
      note: wanted are names such as "wte.weight"; it holds no tensors
      help: take the file of this model, or write its names in a checkpoint block
    "#);
    let own = NET.replace("weights gptj", "");
    let found = said(&own, |tensors| tensors.push(tensor("extra")));
    assert_snapshot!(found, @r#"
    E0408 main:19 warning: nothing reads "extra" of `w.safetensors`
      note: 0 of 25 tensors differ, 0 missing, 1 unexpected
      help: a checkpoint block says what is ignored: `"…" = ignore`
    "#);
}

#[test]
fn lossy_elements_say_so() {
    let wide = |tensors: &mut Vec<Tensor>| {
        for tensor in tensors.iter_mut().filter(|it| it.name != "h.3.up") {
            tensor.elem = Elem::F64;
            tensor.bytes = vec![0; tensor.bytes.len() * 2];
        }
    };
    assert_snapshot!(said(NET, wide), @r#"
    E0409 main:14 warning: "wte.weight" is f64, and is rounded to f32
      main:9: `table` is f32
      note: so are 23 more tensors
      help: say that it is meant: `"…" = … as f32`
    "#);
    let meant = NET
        .replace("blocks[i].norm\n", "blocks[i].norm as f32\n")
        .replace("= table\n", "= table as f32\n")
        .replace("].up :", "].up as f32 :");
    assert_eq!(said(&meant, wide), "");
    // Integers and narrow floats lose nothing.
    let narrow = |tensors: &mut Vec<Tensor>| {
        for tensor in tensors {
            tensor.elem = Elem::BF16;
            tensor.bytes.truncate(tensor.bytes.len() / 2);
        }
    };
    assert_eq!(said(NET, narrow), "");
    let ints = NET.replace(
        "norm: param f32[D]\n    fn () -> f32[D]",
        "norm: param i32[D]\n    fn () -> i32[D]",
    );
    let floats = said(&ints, |tensors| {
        for tensor in tensors {
            tensor.elem = Elem::F32;
        }
    });
    assert_snapshot!(floats, @r#"
    E0409 main:16 "h.0.norm" is f32, which does not become i32
      main:5: `blocks.0.norm` is i32
      note: so are 11 more tensors
      help: read it as a float, and convert in the program
    "#);
}

#[test]
fn quantised_tensors_are_compared_too() {
    let (map, sources) = map("dims D: feat
        layer Net<D> { q4_1: param f32[2, D] iq4_nl: param f32[D] fn () -> f32[D] = iq4_nl }
        model net = Net<96> { entry run }");
    let map = map.unwrap();
    let file = super::build::fixture("blocks.gguf");
    let quantised = |file: &WeightFile| file.entry("q4_1").unwrap().stored == Stored::Q4_1;
    assert!(quantised(&file));
    let said = messages(&sources, &map.check(&file));
    assert!(said.contains("\"iq4_nl\" is not in"), "{said}");
    assert!(!said.contains("\"q4_1\" is"), "{said}");
    assert_eq!(map.load(&file, "q4_1").unwrap(), file.read("q4_1", Elem::F32).unwrap());
}
