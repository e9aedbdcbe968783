//! What is written is read again.

use insta::assert_snapshot;
use nnc_graph::Elem;

use crate::{Tensor, WeightFile, write_npy, write_npz, write_safetensors};

fn tensor(name: &str, elem: Elem, shape: &[i64]) -> Tensor {
    let count: i64 = shape.iter().product();
    let bytes = (0..count as usize * elem.bytes()).map(|it| (it % 2) as u8).collect();
    Tensor { name: name.to_owned(), elem, shape: shape.to_vec(), bytes }
}

#[test]
fn safetensors_of_every_type_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let tensors: Vec<Tensor> = Elem::ALL
        .into_iter()
        .map(|elem| tensor(elem.name(), elem, &[3, 1, 5]))
        .chain([tensor("scalar", Elem::F32, &[]), tensor("none", Elem::F32, &[0, 2])])
        .collect();
    write_safetensors(&path, &tensors, &[("by".to_owned(), "test".to_owned())]).unwrap();
    let file = WeightFile::open(&path).unwrap();
    assert_eq!(file.entries().len(), tensors.len());
    for tensor in &tensors {
        let entry = file.entry(&tensor.name).unwrap();
        assert_eq!(entry.shape, tensor.shape);
        assert_eq!(entry.offset % tensor.elem.bytes() as u64, 0);
        assert_eq!(file.read(&tensor.name, tensor.elem).unwrap(), tensor.bytes);
    }
    assert_eq!(file.metadata().get("by").unwrap().as_str(), Some("test"));
    let bytes = std::fs::read(&path).unwrap();
    let theirs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(theirs.tensor("f16").unwrap().data(), tensors[2].bytes);
    // Nothing is left beside it.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn npy_of_every_type_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.npy");
    for elem in Elem::ALL {
        for shape in [[].as_slice(), &[7], &[2, 3, 1], &[0, 4]] {
            let tensor = tensor("w", elem, shape);
            write_npy(&path, &tensor).unwrap();
            let file = WeightFile::open(&path).unwrap();
            assert_eq!(file.entry("w").unwrap().shape, shape);
            assert_eq!(file.entry("w").unwrap().offset % 64, 0);
            assert_eq!(file.read("w", elem).unwrap(), tensor.bytes, "{elem}");
        }
    }
}

#[test]
fn npz_comes_back_with_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let tensors = [
        tensor("a", Elem::F32, &[2, 3]),
        tensor("b.c", Elem::I64, &[]),
        tensor("none", Elem::U8, &[0]),
    ];
    write_npz(&path, &tensors).unwrap();
    let file = WeightFile::open(&path).unwrap();
    assert_eq!(file.entries().len(), tensors.len());
    for tensor in &tensors {
        assert_eq!(file.entry(&tensor.name).unwrap().shape, tensor.shape);
        assert_eq!(file.read(&tensor.name, tensor.elem).unwrap(), tensor.bytes);
    }
}

#[test]
fn what_cannot_be_written_says_so_and_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let good = tensor("x", Elem::F32, &[2]);
    write_safetensors(&path, std::slice::from_ref(&good), &[]).unwrap();
    let twice = write_safetensors(&path, &[good.clone(), good.clone()], &[]).unwrap_err();
    assert_snapshot!(twice.problem, @r#"the name `x` occurs twice, as {"data_offsets":[0,8],"dtype":"F32","shape":[2]} and as {"data_offsets":[8,16],"dtype":"F32","shape":[2]}; write the file again with each name once"#);
    let short = Tensor { shape: vec![3], ..good.clone() };
    assert_snapshot!(write_safetensors(&path, &[short], &[]).unwrap_err().problem, @"tensor `x` of f32[3] takes 12 bytes, and there are 8; fetch or write the file again");
    assert_eq!(WeightFile::open(&path).unwrap().read("x", Elem::F32).unwrap(), good.bytes);
    let nowhere = folder.path().join("none/w.npy");
    assert!(write_npy(&nowhere, &good).unwrap_err().to_string().contains("none/w.npy"));
}
