//! The examples' models against their published weights.

use super::models::cached;
use super::program::{map, messages};

fn fits(text: &str, file: &str, tensors: usize) {
    let (map, sources) = map(text);
    let map = map.unwrap();
    assert_eq!(map.tensors().len(), tensors);
    let Some(file) = cached(file) else { return };
    assert_eq!(messages(&sources, &map.check(&file)), "");
    for param in map.params() {
        let size = param.shape.iter().product::<i64>() as usize * param.elem.bytes();
        assert_eq!(map.load(&file, &param.name).unwrap().len(), size);
    }
}

#[test]
fn smollm2_fits_its_file() {
    let text = include_str!("../../../../examples/smollm2/model.nn");
    fits(text, "smollm2_135m_q4_1.gguf", 272);
}

#[test]
fn minilm_fits_its_file() {
    fits(include_str!("../../../../examples/minilm/model.nn"), "minilm_l6.safetensors", 101);
}

#[test]
fn mobilenet_v2_fits_its_file() {
    fits(include_str!("../../../../examples/mobilenet_v2/model.nn"), "mobilenet_v2.pth", 262);
}
