//! Published models, where `examples/fetch.sh` has put them.

use std::path::PathBuf;

use nnc_graph::Elem;

use super::build::floats;
use crate::{Format, Stored, WeightFile};

/// The file in the cache, if it is there.
pub(super) fn cached(name: &str) -> Option<WeightFile> {
    let set = |name: &str| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let cache = set("NNC_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|it| it.join("nnc")))
        .or_else(|| set("HOME").map(|it| it.join(".cache/nnc")))?;
    let path = cache.join("models").join(name);
    path.exists().then(|| WeightFile::open(&path).unwrap())
}

#[test]
fn smollm2() {
    let Some(file) = cached("smollm2_135m_q4_1.gguf") else { return };
    assert_eq!(file.format(), Format::Gguf);
    let embed = file.entry("token_embd.weight").unwrap();
    assert_eq!(embed.shape, [49152, 576]);
    let tokens = file.metadata().get("tokenizer.ggml.tokens").unwrap();
    assert_eq!(tokens.as_strings().unwrap().len(), 49152);
    let mut elements = 0;
    for entry in file.entries() {
        let mut values = vec![0; entry.len() as usize * 4];
        file.read_into(&entry.name, Elem::F32, &mut values).unwrap();
        elements += entry.len();
    }
    assert_eq!(elements, 134_515_008);
    assert!(file.non_finite().unwrap().is_empty());
}

#[test]
fn minilm() {
    let Some(file) = cached("minilm_l6.safetensors") else { return };
    assert_eq!(file.format(), Format::Safetensors);
    assert_eq!(file.entries().len(), 104);
    let words = file.entry("embeddings.word_embeddings.weight").unwrap();
    assert_eq!((words.stored, words.shape.as_slice()), (Stored::F32, [30522, 384].as_slice()));
    assert!(file.non_finite().unwrap().is_empty());
    assert!(floats(&file, "embeddings.LayerNorm.weight").iter().all(|it| *it > 0.0 && *it < 2.0));
}

#[test]
fn mobilenet_v2() {
    let Some(file) = cached("mobilenet_v2.pth") else { return };
    assert_eq!(file.format(), Format::LegacyTorch);
    let stem = file.entry("features.0.0.weight").unwrap();
    assert_eq!((stem.stored, stem.shape.as_slice()), (Stored::F32, [32, 3, 3, 3].as_slice()));
    assert_eq!(file.entry("classifier.1.weight").unwrap().shape, [1000, 1280]);
    let count: u64 =
        file.entries().iter().filter(|it| it.stored == Stored::F32).map(|it| it.len()).sum();
    // 3,504,872 parameters and the means and variances of 17,056 channels.
    assert_eq!(count, 3_504_872 + 2 * 17_056);
    assert!(file.non_finite().unwrap().is_empty());
    assert!(floats(&file, "features.18.1.running_var").iter().all(|it| *it > 0.0));
}

/// Prints how long it takes: `cargo test --release -p nnc-weights -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn reading_smollm2_as_floats() {
    let start = std::time::Instant::now();
    let Some(file) = cached("smollm2_135m_q4_1.gguf") else { return };
    println!("opened after {:?}", start.elapsed());
    for round in 0..3 {
        for elem in [Elem::F32, Elem::F16] {
            let start = std::time::Instant::now();
            for entry in file.entries() {
                std::hint::black_box(file.read(&entry.name, elem).unwrap());
            }
            println!("round {round}: read as {elem} in {:?}", start.elapsed());
        }
    }
    let start = std::time::Instant::now();
    assert!(file.non_finite().unwrap().is_empty());
    println!("checked in {:?}", start.elapsed());
}
