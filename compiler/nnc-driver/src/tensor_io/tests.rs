use super::{random_input, read_inputs, write_outputs};
use crate::Tensor;
use nnc_backend::Interface;
use nnc_graph::Elem;

fn interface() -> Interface {
    let text = "graph @g(B in 1..=8, T in 1..=64) {
  %0 = input : f32[B, T]
  %1 = input : i32[T]
  %2 = input : f32[B]
  %3 = input : bool[]
  return %2
}
entry main = @g { input x input ids below 7 input cache state 0 input flag output cache }
";
    Interface::of(&nnc_graph::parse(text).unwrap()).remove(0)
}

fn read(specs: &[&str]) -> Result<Vec<(String, Tensor)>, String> {
    let specs: Vec<String> = specs.iter().map(|it| (*it).to_owned()).collect();
    read_inputs(&interface(), &specs).map_err(|error| error.to_string())
}

#[test]
fn literals_are_tensors() {
    let inputs = read(&["x=[[1, 2.5], [3, -4]]", "ids=[6, 0]", "flag=true"]).unwrap();
    assert_eq!(inputs[0].1.describe(), "f32[2, 2]");
    assert_eq!(inputs[0].1.to_f32(), [1.0, 2.5, 3.0, -4.0]);
    assert_eq!(inputs[1].1.describe(), "i32[2]");
    assert_eq!(inputs[2].1.describe(), "bool[]");
    let message = |spec: &str| read(&[spec]).unwrap_err();
    insta::assert_snapshot!(message("x=[[1, 2], [3]]"), @"`x`: a row has 1 items and the first has 2");
    insta::assert_snapshot!(message("x=[1, [2]]"), @"`x`: a row stands where a number is expected");
    insta::assert_snapshot!(message("x=[1, \"a\"]"), @r#"`x`: `"a"` is no number"#);
    insta::assert_snapshot!(message("x=[1,"), @"`x`: `[1,` is no tensor: EOF while parsing a value at line 1 column 3");
    insta::assert_snapshot!(message("ids=[1.5]"), @"`ids`: i32 is made of integers");
    insta::assert_snapshot!(message("ids=[3000000000]"), @"`ids`: i32 cannot hold 3000000000, at position 0");
    insta::assert_snapshot!(message("y=[1]"), @"there is no input `y`");
    insta::assert_snapshot!(message("cache=[1]"), @"there is no input `cache`");
    insta::assert_snapshot!(message("x=nofile.npy"), @"cannot read nofile.npy: no such file or directory");
}

#[test]
fn what_is_written_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let x = Tensor::from_floats(Elem::F64, vec![1, 2], &[0.5, 2.0]);
    let ids = Tensor::from_ints(Elem::I64, vec![2], &[5, 6]);
    let both = [("x".to_owned(), x), ("ids".to_owned(), ids)];
    let path = folder.path().join("new/in.safetensors");
    write_outputs(&path, &both).unwrap();
    let inputs = read(&[path.to_str().unwrap()]).unwrap();
    let mut described: Vec<String> =
        inputs.iter().map(|(name, it)| format!("{name}: {}", it.describe())).collect();
    described.sort();
    // The elements became those of the inputs.
    assert_eq!(described, ["ids: i32[2]", "x: f32[1, 2]"]);
    let written = write_outputs(&folder.path().join("each"), &both).unwrap();
    assert_eq!(written.len(), 2);
    let spec = format!("ids={}", folder.path().join("each/ids.npy").display());
    assert_eq!(read(&[&spec]).unwrap()[0].1.float(1), 6.0);
    let path = folder.path().join("in.npz");
    write_outputs(&path, &both).unwrap();
    assert_eq!(read(&[path.to_str().unwrap()]).unwrap().len(), 2);
    assert!(write_outputs(&folder.path().join("both.npy"), &both).is_err());
    assert!(write_outputs(&folder.path().join("x.txt"), &both[..1]).is_err());
}

#[test]
fn random_inputs_keep_to_their_types() {
    let interface = interface();
    let make = |at, seed| random_input(&interface, at, &[3, 40], seed).unwrap();
    let x = make(0, 1);
    assert_eq!(x.describe(), "f32[3, 40]");
    assert_eq!(x, make(0, 1));
    assert_ne!(x, make(0, 2));
    let ids = make(1, 1);
    assert!((0..40).all(|at| (0.0..7.0).contains(&ids.float(at))));
    assert!((0..40).any(|at| ids.float(at) == 6.0));
}
